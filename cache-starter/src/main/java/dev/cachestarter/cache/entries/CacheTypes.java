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

package dev.cachestarter.cache.entries;

import java.lang.reflect.Type;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * The types of the values of each cache, learnt from the return types of the methods that
 * name it. A method itself reads its own type, whatever is known here; this is for code
 * that puts and gets without one.
 */
public final class CacheTypes {

	private final ConcurrentMap<String, Set<Type>> types = new ConcurrentHashMap<>();

	private final Set<String> used = ConcurrentHashMap.newKeySet();

	/**
	 * Learn that a method keeps its results in a cache.
	 * @param cacheName the cache
	 * @param type the type of what it keeps
	 */
	public void learn(String cacheName, Type type) {
		this.types.compute(cacheName, (name, known) -> {
			if (known == null) {
				return Set.of(type);
			}
			if (known.contains(type)) {
				return known;
			}
			Set<Type> more = new LinkedHashSet<>(known);
			more.add(type);
			return Collections.unmodifiableSet(more);
		});
	}

	/**
	 * Learn that some method uses a cache.
	 */
	public void use(Collection<String> cacheNames) {
		this.used.addAll(cacheNames);
	}

	/**
	 * Return how many caches methods name. It only grows.
	 */
	int usedCount() {
		return this.used.size();
	}

	/**
	 * Return the caches that methods name.
	 */
	public Set<String> used() {
		return Set.copyOf(this.used);
	}

	/**
	 * Return the types of the values of a cache, as far as methods tell.
	 * @return the types, the same object until a further one is learnt
	 */
	Set<Type> typesOf(String cacheName) {
		return this.types.getOrDefault(cacheName, Set.of());
	}

}
