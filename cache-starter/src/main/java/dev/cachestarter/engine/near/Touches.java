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

package dev.cachestarter.engine.near;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.key.StoredKey;

/**
 * Remembers some of the keys whose copies were hits, so that Redis can be told of them:
 * it would take what it is not asked about for idle, and evict just what is read most.
 * <p>
 * A hit writes only if its copy was not noted since the last time: that is once a second
 * for a copy, not once for a hit. Of those that come to the same place the last one
 * stays, and the others are noted again with their next hits.
 */
final class Touches {

	/** The most that are told of at a time. */
	static final int MOST = 100;

	private final AtomicReferenceArray<@Nullable Hit> hits = new AtomicReferenceArray<>(128);

	private int next;

	/**
	 * Take note of a hit.
	 */
	void hit(StoredKey key, NearCopy copy) {
		if (copy.isNoted()) {
			return;
		}
		copy.note(true);
		int hash = key.hashCode();
		Hit before = this.hits.getAndSet((hash ^ (hash >>> 16)) & (this.hits.length() - 1), new Hit(key, copy));
		if (before != null && before.copy() != copy) {
			before.copy().note(false);
		}
	}

	/**
	 * Return the keys that were noted, and forget them. Called by one thread at a time.
	 */
	List<byte[]> take() {
		List<byte[]> keys = new ArrayList<>();
		for (int i = 0; i < this.hits.length() && keys.size() < MOST; i++) {
			// Not always the same ones are left for the next time.
			this.next = (this.next + 1) % this.hits.length();
			Hit hit = this.hits.getAndSet(this.next, null);
			if (hit != null) {
				keys.add(hit.key().redisKey());
				hit.copy().note(false);
			}
		}
		return keys;
	}

	private record Hit(StoredKey key, NearCopy copy) {

	}

}
