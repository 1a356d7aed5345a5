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

import java.util.Collection;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Function;
import java.util.function.Supplier;

import io.micrometer.observation.ObservationRegistry;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.SmartInitializingSingleton;

import dev.cachestarter.cache.ResilientRedisCacheManager;

/**
 * Makes the observations of all managers that are beans, from when all singletons are
 * made: what shapes the registry may need the caches.
 */
public final class CacheStarterObservationsBinder implements SmartInitializingSingleton, DisposableBean {

	private final Collection<ResilientRedisCacheManager> managers;

	private final Supplier<@Nullable ObservationRegistry> registry;

	private final Function<ResilientRedisCacheManager, CacheStarterObservations> observations;

	private final Queue<CacheStarterObservations> made = new ConcurrentLinkedQueue<>();

	/**
	 * Create a binder.
	 * @param managers the managers
	 * @param registry the registry, {@code null} if nobody listens to it
	 * @param observations makes the observations of a manager
	 */
	public CacheStarterObservationsBinder(Collection<ResilientRedisCacheManager> managers,
			Supplier<@Nullable ObservationRegistry> registry,
			Function<ResilientRedisCacheManager, CacheStarterObservations> observations) {
		this.managers = managers;
		this.registry = registry;
		this.observations = observations;
	}

	@Override
	public void afterSingletonsInstantiated() {
		ObservationRegistry known = this.registry.get();
		if (known != null && !known.isNoop()) {
			this.managers.forEach((manager) -> this.made.add(this.observations.apply(manager)));
		}
	}

	@Override
	public void destroy() {
		this.made.forEach(CacheStarterObservations::close);
		this.made.clear();
	}

}
