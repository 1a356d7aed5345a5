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

package dev.cachestarter.autoconfigure;

import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;

import dev.cachestarter.CacheService;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.engine.key.CacheKeys;

/**
 * {@link EnableAutoConfiguration Auto-configuration} of the cache: enables caching, and
 * provides the cache manager unless the application has one, names another
 * {@code spring.cache.type}, or hands over to Spring Boot by
 * {@code cache-starter.enabled=false}.
 * <p>
 * Where the manager is the starter's, {@link CacheAutoConfiguration} backs off as a
 * whole, so what it would have honoured is honoured here; where it is not, Spring Boot
 * does all as ever.
 *
 * @since 0.1.0
 */
@AutoConfiguration(after = DataRedisAutoConfiguration.class, before = CacheAutoConfiguration.class)
@EnableConfigurationProperties(CacheStarterProperties.class)
@Import(CacheConfigurations.Enabled.class)
public final class CacheStarterAutoConfiguration {

	private static final String KEYS = "cacheStarterKeys";

	// There whatever the cache is, so that code and expressions which use them always
	// work. Their names are the starter's, since an application may have beans of its own
	// that are called "cacheService" or "cacheKeys".

	@Bean(KEYS)
	@ConditionalOnMissingBean
	CacheKeys cacheStarterKeys(ListableBeanFactory beanFactory, ObjectProvider<EffectiveCacheSettings> settings) {
		EffectiveCacheSettings ours = settings.getIfAvailable();
		return new CacheKeys(KeyConverters.of(beanFactory, (ours != null) ? ours.keyConverters() : null));
	}

	/** Lets expressions say {@code @cacheKeys} where that name is free. */
	@Bean
	static BeanFactoryPostProcessor cacheStarterKeysAlias() {
		return (beanFactory) -> {
			String alias = "cacheKeys";
			if (beanFactory.containsBeanDefinition(KEYS) && !beanFactory.containsBean(alias)) {
				beanFactory.registerAlias(KEYS, alias);
			}
		};
	}

	@Bean
	@ConditionalOnMissingBean
	CacheService cacheStarterService(ObjectProvider<ResilientRedisCacheManager> cacheManager) {
		ResilientRedisCacheManager unique = cacheManager.getIfUnique();
		return (unique != null) ? unique.getCacheService() : CacheService.disabled();
	}

}
