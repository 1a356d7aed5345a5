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

package dev.cachestarter.cache;

import org.jspecify.annotations.Nullable;

import org.springframework.cache.Cache;

import dev.cachestarter.CacheSnapshot;
import dev.cachestarter.cache.entries.Engine;
import dev.cachestarter.engine.entry.EntryStore;
import dev.cachestarter.engine.entry.Evictions;
import dev.cachestarter.engine.entry.Nonces;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.load.BackgroundLoads;
import dev.cachestarter.engine.load.Turns;
import dev.cachestarter.engine.monitor.NearSize;
import dev.cachestarter.engine.near.NearTracking;
import dev.cachestarter.engine.redis.RedisLink;
import dev.cachestarter.engine.redis.TrackingLink;

/**
 * Shows tests in other packages what a cache manager is made of, so that none of it has
 * to be public.
 */
public final class Internals {

	private final Engine engine;

	private Internals(Engine engine) {
		this.engine = engine;
	}

	public static Internals of(ResilientRedisCacheManager manager) {
		return new Internals(manager.engine());
	}

	/**
	 * Return what a cache has counted so far.
	 * @param cache a cache of a {@link ResilientRedisCacheManager}
	 * @return the counters
	 */
	public static CacheSnapshot.Counters counters(Cache cache) {
		return ((ResilientRedisCache) cache).counters().snapshot();
	}

	/**
	 * Return where a cache keeps an entry.
	 * @param cache a cache of a {@link ResilientRedisCacheManager}
	 * @param key the key, as {@link Cache#get(Object)} takes it
	 * @return where it is in Redis
	 */
	public static StoredKey storedKey(Cache cache, Object key) {
		return ((ResilientRedisCache) cache).storedKey(key);
	}

	/**
	 * Set all that the link is told, timeouts and breaker included.
	 * @param builder the builder of the manager
	 * @param settings the settings of the link
	 * @return the builder
	 */
	public static ResilientRedisCacheManager.Builder link(ResilientRedisCacheManager.Builder builder,
			RedisLink.Settings settings) {
		return builder.link(settings);
	}

	/** What is kept of a cache in memory. */
	public @Nullable NearSize near(String cache) {
		return this.engine.monitors().near(cache);
	}

	public NearTracking nearTracking() {
		return this.engine.nearTracking();
	}

	public RedisLink link() {
		return this.engine.link();
	}

	/** Have Redis tell what changes, as a cache whose hits do not ask it does. */
	public TrackingLink track() {
		return this.engine.track();
	}

	public @Nullable TrackingLink tracking() {
		return this.engine.tracking();
	}

	public KeyLayout layout() {
		return this.engine.layout();
	}

	public Nonces nonces() {
		return this.engine.nonces();
	}

	public EntryStore store() {
		return this.engine.store();
	}

	public Evictions evictions() {
		return this.engine.evictions();
	}

	public Turns turns() {
		return this.engine.turns();
	}

	public BackgroundLoads background() {
		return this.engine.background();
	}

}
