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

import java.util.List;

import io.micrometer.core.instrument.MeterRegistry;

import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.SearchStrategy;
import org.springframework.boot.cache.metrics.CacheMetricsRegistrar;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Lazy;

import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.metrics.CacheStarterMetricsBinder;

/**
 * {@link EnableAutoConfiguration Auto-configuration} of the meters of every
 * {@link ResilientRedisCacheManager} that is a bean, where Micrometer is on the class
 * path. Without a registry there is nothing to be measured.
 *
 * @since 0.1.0
 */
@AutoConfiguration(afterName = { "dev.cachestarter.autoconfigure.CacheStarterAutoConfiguration",
		"org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration" })
@ConditionalOnClass(MeterRegistry.class)
@ConditionalOnBean(value = ResilientRedisCacheManager.class, search = SearchStrategy.CURRENT)
public final class CacheStarterMetricsAutoConfiguration {

	@Bean
	@Lazy(false)
	CacheStarterMetricsBinder cacheStarterMetricsBinder(ListableBeanFactory beanFactory,
			ObjectProvider<MeterRegistry> registries, ObjectProvider<CacheMetricsRegistrar> registrar) {
		return new CacheStarterMetricsBinder(beanFactory.getBeansOfType(ResilientRedisCacheManager.class), () -> {
			// Of several, Spring Boot makes a primary one that stands for all.
			MeterRegistry unique = registries.getIfUnique();
			return (unique != null) ? List.of(unique) : registries.orderedStream().toList();
		}, registrar::getIfAvailable);
	}

}
