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

package dev.cachestarter.cache.entries;

import java.util.concurrent.ThreadLocalRandom;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.CacheControl;
import dev.cachestarter.CacheSettings;
import dev.cachestarter.engine.key.LogKeys;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.monitor.NearSize;
import dev.cachestarter.engine.near.NearCache;

/**
 * What the reader, the writer and the adapter of one cache have in common.
 *
 * <h2>Control at run time</h2>
 *
 * <p>
 * A cache that is switched off is one that nobody reads and nobody fills, and that is
 * evicted from as ever. What makes it right to switch it on again at any moment:
 * <ol>
 * <li>Evictions do not ask whether it is off. So neither an entry of ours from before,
 * nor one that another instance has stored meanwhile, outlives a change that this
 * instance has made.
 * <li>A put evicts. It is decided when the value would be sent, not before the method or
 * the transaction: whatever happens in between, the old value is gone.
 * <li>A fill is dropped when it is about to be sent, and its lease given back: others may
 * wait for it.
 * <li>Who bypasses the cache takes no lease and joins no load
 * ({@link dev.cachestarter.engine.load.Turns}).
 * </ol>
 * What was sent before the cache was switched off may still arrive. It was right when it
 * was sent, under its lease, and is evicted as all else.
 * <p>
 * Whether a call is one of the share that bypasses the cache is decided once, when it
 * reads. Its result meets no lease, so it is not stored.
 */
public final class CacheParts {

	private final String name;

	private final CacheSettings configured;

	private final CacheCounters counters;

	private final Engine engine;

	private final AutomaticRefresh automaticRefresh = new AutomaticRefresh(
			() -> ThreadLocalRandom.current().nextDouble());

	private final @Nullable NearCache near;

	private volatile InForce inForce;

	/**
	 * Create the parts of a cache.
	 * @param name the cache's name
	 * @param settings its settings
	 * @param counters what happens in it
	 * @param engine what it shares with the other caches of its manager
	 */
	public CacheParts(String name, CacheSettings settings, CacheCounters counters, Engine engine) {
		this.name = name;
		this.configured = settings;
		this.counters = counters;
		this.engine = engine;
		this.near = NearCache.of(name, settings.near(), engine.nearTracking());
		if (this.near != null) {
			NearCache kept = this.near;
			counters.near(() -> new NearSize(kept.count(), kept.bytes()));
		}
		this.inForce = new InForce(CacheControl.asConfigured(), settings);
	}

	public String name() {
		return this.name;
	}

	/** The settings that are in force at present. */
	public CacheSettings settings() {
		return this.inForce.settings();
	}

	public CacheCounters counters() {
		return this.counters;
	}

	public Engine engine() {
		return this.engine;
	}

	/**
	 * Return the copies that are kept of the values, {@code null} if none are.
	 */
	public @Nullable NearCache near() {
		return this.near;
	}

	/**
	 * Keep no copy of what a key has had: it is about to be evicted or written. That
	 * spares the next read a look in vain, and the memory. What makes it right is what is
	 * done when Redis has acknowledged it.
	 */
	void dropNear(StoredKey key) {
		if (this.near != null) {
			this.near.drop(key);
		}
	}

	AutomaticRefresh automaticRefresh() {
		return this.automaticRefresh;
	}

	/** Return the name as it appears in the log. */
	public String logName() {
		return LogKeys.name(this.name);
	}

	public CacheControl control() {
		return this.inForce.control();
	}

	/**
	 * Change how the cache is used.
	 * @return whether that is a change
	 */
	public boolean control(CacheControl control) {
		InForce before = this.inForce;
		this.inForce = new InForce(control, control.applyTo(this.configured));
		if (this.near != null && !control.isEnabled()) {
			this.near.clear();
		}
		return !before.control().equals(control);
	}

	/** Return whether nothing is to be read or stored. */
	boolean isOff() {
		return !control().isEnabled();
	}

	/** Return whether all calls use the cache. */
	boolean isUsedByAll() {
		return isUsedByAll(control());
	}

	private static boolean isUsedByAll(CacheControl control) {
		return control.isEnabled() && control.bypass() == 0;
	}

	/** Decide whether one call does not use the cache. */
	boolean isBypassed() {
		CacheControl control = control();
		if (isUsedByAll(control)) {
			return false;
		}
		return !control.isEnabled() || ThreadLocalRandom.current().nextDouble() < control.bypass();
	}

	/**
	 * What holds at present.
	 *
	 * @param control what was said at run time
	 * @param settings the settings with that
	 */
	private record InForce(CacheControl control, CacheSettings settings) {

	}

}
