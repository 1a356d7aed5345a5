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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.key.StoredKey;

/**
 * Remembers some of the keys whose copies were hits, so that Redis can be told of them:
 * it would take what it is not asked about for idle, and evict just what is read most.
 * <p>
 * Redis is told in rounds, one a second. A hit writes only if its copy was not noted in
 * this round: that is once in a round for a copy, not once for a hit. Of those that come
 * to the same place the last one stays. The others have been noted as well and must wait
 * for the next round: if they did not, each hit would write as soon as there are more
 * keys than places.
 */
final class Touches {

	/** The most that are told of at a time. */
	static final int MOST = 100;

	private final AtomicReferenceArray<@Nullable StoredKey> hits = new AtomicReferenceArray<>(128);

	/** Begins above what copies have that were never noted. */
	private final AtomicInteger round = new AtomicInteger(1);

	private int next;

	/**
	 * Take note of a hit.
	 * @return whether that was not done in this round yet
	 */
	boolean hit(StoredKey key, NearCopy copy) {
		int now = this.round.get();
		if (copy.noted() == now) {
			return false;
		}
		copy.note(now);
		int hash = key.hashCode();
		this.hits.set((hash ^ (hash >>> 16)) & (this.hits.length() - 1), key);
		return true;
	}

	/**
	 * Return the keys that were noted, forget them, and begin another round. Called by
	 * one thread at a time.
	 */
	List<byte[]> take() {
		this.round.incrementAndGet();
		List<byte[]> keys = new ArrayList<>();
		for (int i = 0; i < this.hits.length() && keys.size() < MOST; i++) {
			// Not always the same ones are left for the next time.
			this.next = (this.next + 1) % this.hits.length();
			StoredKey key = this.hits.getAndSet(this.next, null);
			if (key != null) {
				keys.add(key.redisKey());
			}
		}
		return keys;
	}

}
