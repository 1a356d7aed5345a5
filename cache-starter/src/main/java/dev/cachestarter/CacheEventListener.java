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

import java.time.Duration;

/**
 * Callback for when the cache stops using Redis and when it uses it again. Every bean of
 * this type is called.
 * <p>
 * Methods are called on a thread of the cache, after the change has taken effect, and
 * nothing waits for them. An exception is logged, and the other listeners are called.
 *
 * @since 0.1.0
 */
public interface CacheEventListener {

	/**
	 * Redis can no longer be used. From now on reads are misses, evictions are kept until
	 * Redis is back, and {@link CacheService#isEnabled()} is {@code false}.
	 * @param reason what happened, in words for a log
	 */
	default void onAway(String reason) {
	}

	/**
	 * Redis can be used, for the first time or again. Evictions that were pending have
	 * been sent once.
	 * @param outage how long Redis could not be used, zero the first time
	 * @param evictionsApplied how many pending evictions Redis has taken
	 */
	default void onBack(Duration outage, int evictionsApplied) {
	}

}
