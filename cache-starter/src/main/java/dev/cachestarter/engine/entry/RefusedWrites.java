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

package dev.cachestarter.engine.entry;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.RedisErrors;

/**
 * Says once that Redis refuses to store what it is given, and once that it stores again:
 * it is out of memory, say, or has too few replicas. Near its limit it refuses some
 * values and takes others: it counts as well when it has refused none for a while.
 */
final class RefusedWrites {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	private static final long CALM_NANOS = TimeUnit.SECONDS.toNanos(10);

	private final AtomicBoolean refused = new AtomicBoolean();

	/** As {@link System#nanoTime()}. */
	private final LongSupplier clock;

	private volatile long lastRefused;

	RefusedWrites(LongSupplier clock) {
		this.clock = clock;
	}

	/**
	 * Take note of what came of a write.
	 * @param failure why it failed, {@code null} if Redis has taken it
	 */
	void wrote(@Nullable Throwable failure) {
		if (failure != null) {
			if (RedisErrors.isOfWriting(failure)) {
				this.lastRefused = this.clock.getAsLong();
				if (this.refused.compareAndSet(false, true)) {
					logger.warn("Values are not cached at present: " + (RedisErrors.isOutOfMemory(failure)
							? "Redis is out of memory and refuses to store them "
									+ "(OOM). Raise its 'maxmemory', or set a 'maxmemory-policy' that makes room, such as "
									+ "'allkeys-lru'. Evictions are still applied"
							: "Redis refuses all writes (" + RedisErrors.describe(failure)
									+ "). Repair what it names; evictions stay pending until then"));
				}
			}
		}
		else if (this.refused.get() && this.clock.getAsLong() - this.lastRefused > CALM_NANOS
				&& this.refused.compareAndSet(true, false)) {
			logger.info("Values are cached again: Redis has stored what it was asked to for a while");
		}
	}

}
