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
 * Is told when the cache loses Redis and when it has it again. Beans of this type are
 * found by the auto-configuration.
 * <p>
 * Called on a thread of the cache's own, after the change has taken effect; what a
 * listener throws is logged. Nothing waits for it.
 *
 * @since 0.1.0
 */
public interface CacheEventListener {

	/**
	 * Redis cannot be used any more: from now on the cache answers misses and keeps
	 * evictions pending. Also {@link CacheService#isEnabled()} is {@code false} then.
	 * @param reason what happened, in words for a log
	 */
	default void onAway(String reason) {
	}

	/**
	 * Redis can be used: for the first time, or again, in which case the evictions that
	 * were pending have been asked for once.
	 * @param away for how long it could not be used, zero the first time
	 * @param evictionsApplied how many pending evictions Redis has taken
	 */
	default void onBack(Duration away, int evictionsApplied) {
	}

}
