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

package dev.cachestarter;

import java.util.Map;

import org.jspecify.annotations.Nullable;

/**
 * The state of the cache at one moment.
 *
 * @param enabled whether reads and writes go to Redis at present
 * @param keyCount the number of keys on the server (all masters of a cluster together),
 * absent when Redis does not answer or forbids the question
 * @param memoryUsed the memory that the server uses, in its own words such as
 * {@code 2.5M}, absent likewise
 * @param caches the counters of each cache by name, since the start of this application
 * @since 0.1.0
 */
public record CacheSnapshot(boolean enabled, @Nullable Long keyCount, @Nullable String memoryUsed,
		Map<String, Counters> caches) {

	public CacheSnapshot {
		caches = Map.copyOf(caches);
	}

	/**
	 * What happened in one cache since the start of this application. Every number only
	 * grows.
	 *
	 * @param hits reads that found a value
	 * @param misses reads that found none
	 * @param puts values that Redis took
	 * @param removals removals by key, by pattern or of the whole cache that Redis took
	 * @param refusedFills loaded values that were not stored because an eviction, or
	 * another writer, came between
	 * @param loadsShared calls that took the value of another's load
	 * @param unreadable entries found corrupt, foreign or of the wrong type, and removed
	 * @param otherVersion entries written by another version of the value's class, passed
	 * over
	 * @param tooLarge values not stored because of their size
	 * @param notCacheable values not stored because a hit would not equal the miss
	 * @param failures operations that Redis failed or did not answer in time
	 * @param staleServed calls that got an entry past its time to live, since its load
	 * failed or was slow
	 * @param refreshes loads in the background that ended well
	 * @param refreshFailures loads in the background that failed
	 */
	public record Counters(long hits, long misses, long puts, long removals, long refusedFills, long loadsShared,
			long unreadable, long otherVersion, long tooLarge, long notCacheable, long failures, long staleServed,
			long refreshes, long refreshFailures) {

		/**
		 * Return the share of reads that found a value.
		 * @return a share from 0 to 1; 0 if nothing was read
		 */
		public double hitRatio() {
			long reads = this.hits + this.misses;
			return (reads == 0) ? 0 : (double) this.hits / reads;
		}

	}

}
