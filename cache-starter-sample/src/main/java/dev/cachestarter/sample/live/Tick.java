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

package dev.cachestarter.sample.live;

import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * What is shown of one second. What there is no number of is absent.
 *
 * @param at when, in milliseconds since 1970
 * @param up whether the cache uses Redis
 * @param reason why not
 * @param pending evictions that Redis has not taken
 * @param applied how many of them it took when it was last back
 * @param keys the keys in Redis
 * @param memory the memory that Redis uses
 * @param redis what the sample's own Redis is like, absent if it is another's
 * @param off the caches that are switched off
 * @param rate how many calls a second the load makes
 * @param calls the calls of load and stampedes so far
 * @param errors how many of them failed
 * @param leftOut how many were not made, since the earlier ones took too long
 * @param hitRatio the share of cached reads that found a value, of the last seconds
 * @param p50 the median time of a cached read in milliseconds, of the last seconds
 * @param p95 its 95th percentile
 * @param directP50 the median time of a read past the cache
 * @param directP95 its 95th percentile
 * @param queries the queries at the database in this second, without those of comparison
 * @param queriesWithout how many there would have been without the cache: the reads of
 * this second, times the queries of a read past the cache
 * @param loads how often a cached method ran
 * @param shared how many calls took the value of another's load
 * @param stale how many calls got an entry past its time
 */
record Tick(long at, boolean up, @Nullable String reason, int pending, int applied, @Nullable Long keys,
		@Nullable String memory, OwnRedis.@Nullable Condition redis, List<String> off, int rate, long calls,
		long errors, long leftOut, @Nullable Double hitRatio, @Nullable Double p50, @Nullable Double p95,
		@Nullable Double directP50, @Nullable Double directP95, long queries, @Nullable Double queriesWithout,
		long loads, long shared, long stale) {
}
