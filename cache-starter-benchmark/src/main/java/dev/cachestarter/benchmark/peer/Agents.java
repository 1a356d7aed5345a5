/*
 * Copyright 2026 the cache-starter authors.
 *
 * Licensed under the Apache License, Version 2.0 (the "License");
 * you may not use this file except in compliance with the License.
 * You may obtain a copy of the License at
 *
 *      https://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS,
 * WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
 * See the License for the specific language governing permissions and
 * limitations under the License.
 */

package dev.cachestarter.benchmark.peer;

import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * The cached service of the benchmark. Each peer caches all of it but
 * {@link #evictTenant}, which not every peer has a way for.
 */
public interface Agents {

	/** About 250 bytes. */
	Agent find(String orgId, int number);

	/** Twenty agents, about 5 KB. */
	List<Agent> list(String orgId, int page);

	/** As {@link #list}, with what the peer has against loads of one key at a time. */
	List<Agent> listInTurn(String orgId, int page);

	/** Eight hundred agents, about 200 KB. */
	List<Agent> export(String orgId, int number);

	/**
	 * Find several of {@link #find} at once.
	 * @throws UnsupportedOperationException if the peer has no way to do that
	 */
	default Map<Integer, Agent> findAll(String orgId, Collection<Integer> numbers) {
		throw new UnsupportedOperationException();
	}

	/**
	 * As {@link #list}, in an entry that carries three tags, of which one is that of all
	 * these entries.
	 * @throws UnsupportedOperationException if the peer has no tags
	 */
	default List<Agent> tagged(String orgId, int page) {
		throw new UnsupportedOperationException();
	}

	/**
	 * Evict all entries that carry a tag.
	 * @throws UnsupportedOperationException if the peer has no tags
	 */
	default void evictTag(String tag) {
		throw new UnsupportedOperationException();
	}

	/**
	 * Evict all pages of a tenant.
	 * @throws UnsupportedOperationException if the peer has no way to do that
	 */
	default void evictTenant(String orgId) {
		throw new UnsupportedOperationException();
	}

}
