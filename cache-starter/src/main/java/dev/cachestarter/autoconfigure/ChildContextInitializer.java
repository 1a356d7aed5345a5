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

import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.cache.interceptor.CacheInterceptor;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;

import dev.cachestarter.cache.CachingPostProcessor;

/**
 * Lets a child context with {@code @EnableCaching} and without auto-configuration use the
 * cache of its parent: an interceptor is replaced only by a post-processor of its own
 * context.
 */
final class ChildContextInitializer implements ApplicationContextInitializer<ConfigurableApplicationContext> {

	@Override
	public void initialize(ConfigurableApplicationContext context) {
		context.addBeanFactoryPostProcessor(ChildContextInitializer::postProcess);
	}

	private static void postProcess(ConfigurableListableBeanFactory beanFactory) {
		BeanFactory parent = beanFactory.getParentBeanFactory();
		if (parent != null && has(beanFactory, CacheInterceptor.class) && !has(beanFactory, CachingPostProcessor.class)
				&& parent.getBeanProvider(CachingPostProcessor.class).stream().findAny().isPresent()
				&& beanFactory instanceof BeanDefinitionRegistry registry) {
			registry.registerBeanDefinition("cacheStarterCachingPostProcessor",
					new RootBeanDefinition(CachingPostProcessor.class));
		}
	}

	private static boolean has(ConfigurableListableBeanFactory beanFactory, Class<?> type) {
		return beanFactory.getBeanNamesForType(type, true, false).length > 0;
	}

}
