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

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.Objects;

import com.fasterxml.jackson.annotation.JsonValue;
import org.jspecify.annotations.Nullable;

/**
 * The state of the cache at one moment.
 *
 * @param enabled whether reads and writes go to Redis at present
 * @param keyCount the number of keys on the server (on a cluster: on all masters). It
 * counts entries, the generations and leases that the cache needs, and keys of other
 * applications. Absent if Redis does not answer or does not allow the command
 * @param memoryUsed the memory that the server uses, as it reports it, such as
 * {@code 2.5M}; absent in the same cases
 * @param caches the counters of each cache in the order of their names, since the start
 * of this application; those of keys of no cache, if there are any, under
 * {@link #NO_CACHE}
 * @since 0.1.0
 */
public record CacheSnapshot(boolean enabled, @Nullable Long keyCount, @Nullable String memoryUsed,
		Map<String, Counters> caches) {

	/** The name under which keys of no named cache are counted. */
	public static final String NO_CACHE = "(no cache)";

	public CacheSnapshot {
		caches = Collections.unmodifiableMap(new TreeMap<>(caches));
	}

	/**
	 * What happened in one cache since the start of this application. Every number only
	 * grows. Later versions may count more.
	 */
	public static final class Counters {

		private static final List<String> NAMES = List.of("hits", "misses", "puts", "removals", "refusedFills",
				"loadsShared", "unreadable", "otherVersion", "tooLarge", "notCacheable", "failures", "staleServed",
				"refreshes", "refreshFailures", "verified", "foundStale", "nearHits", "nearHitsUnasked");

		private final Map<String, Long> counts;

		private Counters(Map<String, Long> counts) {
			this.counts = counts;
		}

		/**
		 * Return counters, for an implementation of {@link CacheService} or a test.
		 * @param counts numbers by the names of the methods here; what is absent is 0
		 * @return the counters
		 * @throws IllegalArgumentException if there is no counter of a name
		 */
		public static Counters of(Map<String, Long> counts) {
			Map<String, Long> all = new LinkedHashMap<>();
			NAMES.forEach((name) -> all.put(name, counts.getOrDefault(name, 0L)));
			for (String name : counts.keySet()) {
				if (!all.containsKey(name)) {
					throw new IllegalArgumentException(
							"There is no counter '%s': there are %s".formatted(name, String.join(", ", NAMES)));
				}
			}
			return new Counters(Collections.unmodifiableMap(all));
		}

		/**
		 * Return all counters by name, as they are written to JSON, where the hit ratio
		 * joins them.
		 * @return the numbers
		 */
		public Map<String, Long> asMap() {
			return this.counts;
		}

		@JsonValue
		Map<String, Object> json() {
			Map<String, Object> json = new LinkedHashMap<>(this.counts);
			json.put("hitRatio", Math.round(hitRatio() * 1000) / 1000.0);
			return json;
		}

		/**
		 * Return the number of reads that found a value.
		 * @return the number
		 */
		public long hits() {
			return count("hits");
		}

		/**
		 * Return the number of reads that found none.
		 * @return the number
		 */
		public long misses() {
			return count("misses");
		}

		/**
		 * Return the number of values that Redis took.
		 * @return the number
		 */
		public long puts() {
			return count("puts");
		}

		/**
		 * Return the number of removals by key, by pattern or of the whole cache that
		 * Redis took.
		 * @return the number
		 */
		public long removals() {
			return count("removals");
		}

		/**
		 * Return the number of loaded values that were not stored because an eviction, or
		 * another writer, came between.
		 * @return the number
		 */
		public long refusedFills() {
			return count("refusedFills");
		}

		/**
		 * Return the number of calls that got the value of another caller's load.
		 * @return the number
		 */
		public long loadsShared() {
			return count("loadsShared");
		}

		/**
		 * Return the number of entries found corrupt, foreign or of the wrong type, and
		 * removed.
		 * @return the number
		 */
		public long unreadable() {
			return count("unreadable");
		}

		/**
		 * Return the number of entries that were ignored because another version of the
		 * value's class, or another type, was stored.
		 * @return the number
		 */
		public long otherVersion() {
			return count("otherVersion");
		}

		/**
		 * Return the number of values not stored because of their size.
		 * @return the number
		 */
		public long tooLarge() {
			return count("tooLarge");
		}

		/**
		 * Return the number of values not stored because they would not have come back
		 * from JSON as they were.
		 * @return the number
		 */
		public long notCacheable() {
			return count("notCacheable");
		}

		/**
		 * Return the number of operations that Redis refused, or did not answer in time.
		 * @return the number
		 */
		public long failures() {
			return count("failures");
		}

		/**
		 * Return the number of calls that got an entry past its time to live, since its
		 * load failed or was slow.
		 * @return the number
		 */
		public long staleServed() {
			return count("staleServed");
		}

		/**
		 * Return the number of loads in the background that succeeded, those for
		 * {@code verify} included.
		 * @return the number
		 */
		public long refreshes() {
			return count("refreshes");
		}

		/**
		 * Return the number of loads in the background that failed.
		 * @return the number
		 */
		public long refreshFailures() {
			return count("refreshFailures");
		}

		/**
		 * Return the number of hits that were compared with a fresh load, as
		 * {@code verify} says. {@code 1 - foundStale / verified} tells how right the
		 * cache is, in nines.
		 * @return the number
		 */
		public long verified() {
			return count("verified");
		}

		/**
		 * Return the number of these hits whose value was another than that of the load,
		 * with no eviction on its way that would explain it.
		 * @return the number
		 */
		public long foundStale() {
			return count("foundStale");
		}

		/**
		 * Return the number of {@link #hits()} whose value was in the memory of this
		 * instance: Redis confirmed that it was still the value, or had not said that it
		 * was not.
		 * @return the number
		 */
		public long nearHits() {
			return count("nearHits");
		}

		/**
		 * Return the number of {@link #nearHits()} for which Redis was not asked.
		 * @return the number
		 */
		public long nearHitsUnasked() {
			return count("nearHitsUnasked");
		}

		private long count(String name) {
			return Objects.requireNonNull(this.counts.get(name));
		}

		/**
		 * Return the share of reads that found a value.
		 * @return a share from 0 to 1; 0 if nothing was read
		 */
		public double hitRatio() {
			long reads = hits() + misses();
			return (reads == 0) ? 0 : (double) hits() / reads;
		}

		@Override
		public boolean equals(@Nullable Object other) {
			return other instanceof Counters counters && this.counts.equals(counters.counts);
		}

		@Override
		public int hashCode() {
			return this.counts.hashCode();
		}

		@Override
		public String toString() {
			return "Counters" + this.counts;
		}

	}

}
