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
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.cache.metrics.CacheMetricsRegistrar;
import org.springframework.cache.Cache;

import dev.cachestarter.cache.ResilientRedisCacheManager;

/**
 * Binds the meters of all managers that are beans, and Spring Boot's own
 * ({@code cache.gets}, {@code cache.puts}, {@code cache.removals}) of caches that are
 * made when Spring Boot has bound those that there were.
 * <p>
 * It does so when all singletons are made: what shapes the registry may need the caches.
 */
public final class CacheStarterMetricsBinder implements SmartInitializingSingleton, DisposableBean {

	private static final String SUFFIX = "cacheManager";

	private final Map<String, ResilientRedisCacheManager> managers;

	private final Supplier<List<MeterRegistry>> registries;

	private final Supplier<@Nullable CacheMetricsRegistrar> registrar;

	private final Queue<CacheStarterMetrics> bound = new ConcurrentLinkedQueue<>();

	private final Queue<Bound> ofSpringBoot = new ConcurrentLinkedQueue<>();

	/**
	 * Create a binder.
	 * @param managers the managers, by the names of their beans
	 * @param registries what to bind them to
	 * @param registrar binds Spring Boot's meters, {@code null} if they are not wanted
	 */
	public CacheStarterMetricsBinder(Map<String, ResilientRedisCacheManager> managers,
			Supplier<List<MeterRegistry>> registries, Supplier<@Nullable CacheMetricsRegistrar> registrar) {
		this.managers = managers;
		this.registries = registries;
		this.registrar = registrar;
	}

	@Override
	public void afterSingletonsInstantiated() {
		List<MeterRegistry> all = this.registries.get();
		// Made now if it was not yet, it binds all caches that there are.
		CacheMetricsRegistrar springBoots = all.isEmpty() ? null : this.registrar.get();
		this.managers.forEach((bean, manager) -> {
			String name = name(bean);
			CacheStarterMetrics metrics = new CacheStarterMetrics(manager, name, (cache) -> {
				if (springBoots != null) {
					all.forEach((registry) -> bindSpringBoots(springBoots, registry, manager, cache, name));
				}
			});
			this.bound.add(metrics);
			all.forEach(metrics::bindTo);
		});
	}

	/** As Spring Boot names managers. */
	private static String name(String bean) {
		boolean suffixed = bean.length() > SUFFIX.length()
				&& bean.regionMatches(true, bean.length() - SUFFIX.length(), SUFFIX, 0, SUFFIX.length());
		return suffixed ? bean.substring(0, bean.length() - SUFFIX.length()) : bean;
	}

	private void bindSpringBoots(CacheMetricsRegistrar registrar, MeterRegistry registry,
			ResilientRedisCacheManager manager, String cacheName, String managerName) {
		if (registry.find("cache.gets").tag("cache", cacheName).tag("cache.manager", managerName).meter() != null) {
			return;
		}
		Cache cache = manager.getCacheNames().contains(cacheName) ? manager.getCache(cacheName) : null;
		if (cache != null) {
			registrar.bindCacheToRegistry(cache, Tag.of("cache.manager", managerName));
			registry.getMeters()
				.stream()
				.map(Meter::getId)
				.filter((id) -> id.getName().startsWith("cache.") && !id.getName().startsWith(MeterNames.PREFIX)
						&& cacheName.equals(id.getTag("cache")) && managerName.equals(id.getTag("cache.manager")))
				.forEach((id) -> this.ofSpringBoot.add(new Bound(registry, id)));
		}
	}

	@Override
	public void destroy() {
		this.bound.forEach(CacheStarterMetrics::close);
		this.ofSpringBoot.forEach((each) -> each.registry().remove(each.id()));
		this.ofSpringBoot.clear();
	}

	/**
	 * A meter of Spring Boot's that was bound here.
	 */
	private record Bound(MeterRegistry registry, Meter.Id id) {

	}

}
