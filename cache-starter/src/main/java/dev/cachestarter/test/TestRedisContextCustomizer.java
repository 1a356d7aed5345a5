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

package dev.cachestarter.test;

import java.util.Map;

import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.DefaultSingletonBeanRegistry;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.MapPropertySource;
import org.springframework.test.context.ContextCustomizer;
import org.springframework.test.context.MergedContextConfiguration;

/**
 * Connects an application context to a {@link TestRedis}, which is a bean of it.
 *
 * @param settings what the tests say of the server; contexts are shared by tests that say
 * the same
 */
record TestRedisContextCustomizer(TestRedisSettings settings) implements ContextCustomizer {

	private static final String REDIS = "cacheStarterTestRedis";

	@Override
	public void customizeContext(ConfigurableApplicationContext context, MergedContextConfiguration mergedConfig) {
		TestRedis redis = TestRedis.of(this.settings);
		ConfigurableListableBeanFactory beanFactory = context.getBeanFactory();
		beanFactory.registerSingleton(REDIS, redis);
		// The first to be registered is destroyed last, after the cache and its
		// connection.
		((DefaultSingletonBeanRegistry) beanFactory).registerDisposableBean(REDIS, redis::close);
		RootBeanDefinition details = new RootBeanDefinition(DataRedisConnectionDetails.class, () -> new Details(redis));
		details.setPrimary(true);
		((BeanDefinitionRegistry) beanFactory).registerBeanDefinition(REDIS + "ConnectionDetails", details);
		// For what reads the properties itself.
		context.getEnvironment()
			.getPropertySources()
			.addFirst(new MapPropertySource("Redis of @WithTestRedis",
					Map.of("spring.data.redis.url", redis.url(), "spring.data.redis.host", redis.host(),
							"spring.data.redis.port", redis.port(), "spring.data.redis.database", redis.database())));
	}

	/**
	 * Says where it is, whatever the properties say.
	 *
	 * @param redis the Redis
	 */
	private record Details(TestRedis redis) implements DataRedisConnectionDetails {

		@Override
		public Standalone getStandalone() {
			return Standalone.of(this.redis.host(), this.redis.port(), this.redis.database());
		}

	}

}
