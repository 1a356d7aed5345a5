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

package dev.cachestarter.test;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.diagnosis.CacheCondition;

/**
 * Waits until caches have, or have not, a connection.
 */
final class Connections {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private Connections() {
	}

	/**
	 * Wait until a manager uses Redis, 30 seconds at most.
	 * @throws AssertionError if it does not
	 */
	static void awaitConnected(ResilientRedisCacheManager manager) {
		if (!manager.isSwitchedOff()
				&& !await(PATIENCE, () -> isUp(manager) && CacheCondition.of(manager).pendingEvictions() == 0)) {
			throw new AssertionError("Expecting the cache to be connected to Redis at " + manager.getRedisAddress()
					+ " within " + PATIENCE.toSeconds() + " s, but it is not: " + CacheCondition.of(manager).reasons());
		}
	}

	/**
	 * Wait until a manager has noticed that it cannot use Redis, 30 seconds at most.
	 * @throws AssertionError if it does not
	 */
	static void awaitDisconnected(ResilientRedisCacheManager manager) {
		if (!await(PATIENCE, () -> !isUp(manager))) {
			throw new AssertionError("Expecting the cache to be without Redis within " + PATIENCE.toSeconds()
					+ " s, but it uses the one at " + manager.getRedisAddress());
		}
	}

	static boolean isUp(ResilientRedisCacheManager manager) {
		return manager.getCacheService().isEnabled();
	}

	/**
	 * Wait for a condition.
	 * @return whether it holds
	 */
	static boolean await(Duration patience, BooleanSupplier condition) {
		long until = System.nanoTime() + patience.toNanos();
		while (!condition.getAsBoolean()) {
			if (System.nanoTime() - until > 0) {
				return false;
			}
			try {
				TimeUnit.MILLISECONDS.sleep(5);
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
				return false;
			}
		}
		return true;
	}

}
