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

package dev.cachestarter.autoconfigure.actuate;

import java.util.List;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.CompositeHealthContributorConfiguration;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.autoconfigure.registry.HealthContributorRegistryAutoConfiguration;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.boot.health.registry.HealthContributorRegistry;
import org.springframework.context.annotation.Bean;

import dev.cachestarter.actuate.CacheStarterHealthIndicator;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.diagnosis.Finding;
import dev.cachestarter.diagnosis.FindingSource;

/**
 * {@link EnableAutoConfiguration Auto-configuration} of the cache's health,
 * {@code cacheStarter}. Switched off with
 * {@code management.health.cachestarter.enabled=false}.
 *
 * @since 0.1.0
 */
@AutoConfiguration(after = HealthContributorRegistryAutoConfiguration.class,
		afterName = "dev.cachestarter.autoconfigure.CacheStarterAutoConfiguration")
@ConditionalOnClass({ HealthContributor.class, ConditionalOnEnabledHealthIndicator.class })
@ConditionalOnBean(ResilientRedisCacheManager.class)
@ConditionalOnEnabledHealthIndicator("cachestarter")
public final class CacheHealthContributorAutoConfiguration
		extends CompositeHealthContributorConfiguration<CacheStarterHealthIndicator, ResilientRedisCacheManager> {

	CacheHealthContributorAutoConfiguration() {
		super(CacheStarterHealthIndicator::new);
	}

	@Bean
	@ConditionalOnMissingBean(name = { "cacheStarterHealthIndicator", "cacheStarterHealthContributor" })
	HealthContributor cacheStarterHealthContributor(ConfigurableListableBeanFactory beanFactory) {
		return createContributor(beanFactory, ResilientRedisCacheManager.class);
	}

	/** Boot's health reports the application as down while Redis cannot be reached. */
	@Bean
	@ConditionalOnBean(HealthContributorRegistry.class)
	FindingSource cacheStarterRedisHealthFinding(ObjectProvider<HealthContributorRegistry> registry) {
		return () -> (registry.getObject().getContributor("redis") != null) ? List.of(new Finding("redis-health",
				Finding.Severity.INFO,
				"Spring Boot's health reports the application as DOWN while Redis cannot be reached, although it works without its cache.",
				"Set 'management.health.redis.enabled' to false if nothing but the cache uses Redis.")) : List.of();
	}

}
