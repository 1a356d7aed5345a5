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

import java.time.Duration;

import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.stereotype.Component;

import dev.cachestarter.CacheEventListener;
import dev.cachestarter.CacheService;
import dev.cachestarter.cache.ResilientRedisCacheManager;

/**
 * How the cache and Redis get on.
 */
@Component
final class Link implements CacheEventListener {

	private final ObjectProvider<CacheService> cache;

	private final ObjectProvider<ResilientRedisCacheManager> manager;

	private volatile @Nullable String reason;

	private volatile int evictionsApplied;

	Link(ObjectProvider<CacheService> cache, ObjectProvider<ResilientRedisCacheManager> manager) {
		this.cache = cache;
		this.manager = manager;
	}

	@Override
	public void onAway(String reason) {
		this.reason = reason;
	}

	@Override
	public void onBack(Duration outage, int evictionsApplied) {
		this.reason = null;
		this.evictionsApplied = evictionsApplied;
	}

	State state() {
		ResilientRedisCacheManager ours = this.manager.getIfUnique();
		boolean up = this.cache.getObject().isEnabled();
		return new State(up, up ? null : this.reason, (ours != null) ? ours.engine().evictions().pendingCount() : 0,
				this.evictionsApplied);
	}

	/**
	 * The state at one moment.
	 *
	 * @param up whether reads and writes go to Redis
	 * @param reason why not, as far as that is known
	 * @param pending evictions that Redis has not taken
	 * @param applied how many of them it took when it was last back
	 */
	record State(boolean up, @Nullable String reason, int pending, int applied) {

	}

}
