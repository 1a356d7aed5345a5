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

import io.micrometer.observation.ObservationRegistry;
import org.jspecify.annotations.Nullable;

import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.engine.monitor.Tracer;

/**
 * The observations of one {@link ResilientRedisCacheManager}: of what its cached calls
 * do, and of the operations of Redis that they make. The starter makes those of every
 * manager that is a bean. For a manager that you have built and keep to yourself, create
 * one of these and close it with the manager.
 *
 * @since 0.1.0
 */
public final class CacheStarterObservations implements AutoCloseable {

	private final ResilientRedisCacheManager manager;

	private final ObservationTracer tracer;

	/**
	 * Make observations from now on.
	 * @param manager the manager
	 * @param registry knows who wants them
	 * @param steps names what calls do, {@code null} for
	 * {@link DefaultCacheStepConvention}
	 * @param operations names operations of Redis, {@code null} for
	 * {@link DefaultRedisOperationConvention}
	 */
	public CacheStarterObservations(ResilientRedisCacheManager manager, ObservationRegistry registry,
			@Nullable CacheStepConvention steps, @Nullable RedisOperationConvention operations) {
		this.manager = manager;
		this.tracer = new ObservationTracer(registry, steps, operations, manager.getRedisAddress());
		manager.engine().link().trace(this.tracer);
	}

	/**
	 * Make no more.
	 */
	@Override
	public void close() {
		this.manager.engine().link().trace(Tracer.NONE);
		this.tracer.close();
	}

}
