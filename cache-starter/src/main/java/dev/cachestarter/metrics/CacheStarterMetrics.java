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

package dev.cachestarter.metrics;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;

import dev.cachestarter.cache.ResilientRedisCacheManager;

/**
 * The meters of one {@link ResilientRedisCacheManager}: {@code cache.starter.*}. The
 * starter binds those of every manager that is a bean. Bind those of a manager that you
 * have built and keep to yourself: <pre class="code">
 * CacheStarterMetrics metrics = new CacheStarterMetrics(manager, "orders");
 * metrics.bindTo(registry);
 * </pre>
 * <p>
 * Each cache has its meters from the moment at which it is made, whoever makes it, and
 * what was counted before they were bound is in the counters. Up to 500 caches have a tag
 * of their own; those made beyond that share one, {@value #OTHER_CACHES}, so that names
 * of caches that depend on what users send do not fill the memory.
 * <p>
 * The tag {@code cache.manager} tells managers apart. If the name is taken in a registry,
 * by a manager of another application context for instance, a number is appended to it.
 *
 * @since 0.1.0
 */
public final class CacheStarterMetrics implements MeterBinder, AutoCloseable {

	/** The tag {@code cache} of caches beyond the 500th. */
	public static final String OTHER_CACHES = "(other caches)";

	private final ResilientRedisCacheManager manager;

	private final String name;

	private final Consumer<String> perCache;

	private final List<ManagerMeters> bound = new CopyOnWriteArrayList<>();

	/**
	 * Create the meters of a manager. They are registered by {@link #bindTo}.
	 * @param manager the manager
	 * @param name the value of the tag {@code cache.manager}
	 */
	public CacheStarterMetrics(ResilientRedisCacheManager manager, String name) {
		this(manager, name, (cache) -> {
		});
	}

	/**
	 * Create the meters of a manager.
	 * @param perCache is told of each cache that has meters of its own
	 */
	CacheStarterMetrics(ResilientRedisCacheManager manager, String name, Consumer<String> perCache) {
		this.manager = manager;
		this.name = name;
		this.perCache = perCache;
	}

	/**
	 * Register the meters. They are removed by {@link #close()}.
	 * @param registry the registry; if the meters are bound to it already, nothing is
	 * done
	 */
	@Override
	public void bindTo(MeterRegistry registry) {
		if (this.manager.isSwitchedOff() || this.bound.stream().anyMatch((meters) -> meters.isOf(registry))) {
			return;
		}
		ManagerMeters meters = new ManagerMeters(registry, this.name, this.manager.engine(), this.perCache);
		this.bound.add(meters);
		this.manager.engine().monitors().attach(meters);
	}

	/**
	 * Remove the meters from all registries that they were bound to.
	 */
	@Override
	public void close() {
		this.bound.forEach((meters) -> {
			this.manager.engine().monitors().detach(meters);
			meters.remove();
		});
		this.bound.clear();
	}

}
