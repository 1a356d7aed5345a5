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

package dev.cachestarter.autoconfigure.metrics;

import java.util.Arrays;

import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.SearchStrategy;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Lazy;
import org.springframework.util.ClassUtils;

import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.metrics.CacheStarterObservations;
import dev.cachestarter.metrics.CacheStarterObservationsBinder;
import dev.cachestarter.metrics.CacheStepConvention;
import dev.cachestarter.metrics.RedisOperationConvention;

/**
 * {@link EnableAutoConfiguration Auto-configuration} of the observations of every
 * {@link ResilientRedisCacheManager} that is a bean, where somebody listens to them.
 *
 * @since 0.1.0
 */
@AutoConfiguration(afterName = { "dev.cachestarter.autoconfigure.CacheStarterAutoConfiguration",
		"org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration" })
@ConditionalOnClass(ObservationRegistry.class)
@ConditionalOnBean(value = ResilientRedisCacheManager.class, search = SearchStrategy.CURRENT)
public final class CacheStarterObservationAutoConfiguration {

	private static final String METERS = "io.micrometer.core.instrument.observation.MeterObservationHandler";

	private static final String CUSTOMIZER = "org.springframework.boot.micrometer.observation.autoconfigure.ObservationRegistryCustomizer";

	@Bean
	@Lazy(false)
	CacheStarterObservationsBinder cacheStarterObservationsBinder(ListableBeanFactory beanFactory,
			ObjectProvider<ObservationRegistry> registry, ObjectProvider<CacheStepConvention> steps,
			ObjectProvider<RedisOperationConvention> operations) {
		return new CacheStarterObservationsBinder(beanFactory.getBeansOfType(ResilientRedisCacheManager.class).values(),
				() -> areForMetersAlone(beanFactory) ? null : registry.getIfUnique(),
				(manager) -> new CacheStarterObservations(manager, registry.getObject(), steps.getIfAvailable(),
						operations.getIfAvailable()));
	}

	/**
	 * Where there is no tracing, Spring Boot makes meters of observations all the same.
	 * The starter has its own, which cost less.
	 */
	private static boolean areForMetersAlone(ListableBeanFactory beanFactory) {
		String[] handlers = beanFactory.getBeanNamesForType(ObservationHandler.class);
		Class<?> meters = find(METERS, beanFactory);
		Class<?> customizer = find(CUSTOMIZER, beanFactory);
		return handlers.length > 0 && meters != null
				&& Arrays.stream(handlers).allMatch((name) -> beanFactory.isTypeMatch(name, meters))
				&& (customizer == null || beanFactory.getBeanNamesForType(customizer).length == 0);
	}

	private static @Nullable Class<?> find(String name, ListableBeanFactory beanFactory) {
		try {
			return ClassUtils.forName(name, beanFactory.getClass().getClassLoader());
		}
		catch (ClassNotFoundException | LinkageError ex) {
			return null;
		}
	}

}
