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

package dev.cachestarter.engine.monitor;

import java.util.function.Supplier;

import dev.cachestarter.CacheSnapshot;

/**
 * Is told what happens in the caches of one manager.
 * <p>
 * The engine counts by itself what can be counted without knowing who wants it
 * ({@link CacheSnapshot.Counters}), so what is told here is only what takes time or has a
 * size. Methods are called on the thread on which it happened, an event loop of the
 * driver included: they must not block, and must run no code of the application's. Only
 * {@link #ofCache} may, since it is called by whoever has first asked for the cache.
 */
public interface Monitor {

	Monitor NONE = new Monitor() {
	};

	/**
	 * Called once for each cache: when the monitor is attached, or when the cache is made
	 * after that.
	 * @param name the cache's name
	 * @param counters what was counted in it so far
	 * @return is told what happens in it
	 */
	default CacheMonitor ofCache(String name, Supplier<CacheSnapshot.Counters> counters) {
		return CacheMonitor.NONE;
	}

	/**
	 * Called once for each cache of which copies are kept in memory, after
	 * {@link #ofCache}.
	 * @param name the cache's name
	 * @param near what is kept at the moment
	 */
	default void ofNear(String name, Supplier<NearSize> near) {
	}

	/**
	 * Called when an operation of Redis is over, before who waits for it goes on. One
	 * that fails at once while the link is down is none.
	 * @param nanos since it was handed in, the wait for its turn included
	 */
	default void answered(RedisOperation operation, RedisOutcome outcome, long nanos) {
	}

}
