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

package dev.cachestarter.cache;

import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.BeanFactoryAware;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.HierarchicalBeanFactory;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.cache.annotation.AnnotationCacheOperationSource;
import org.springframework.cache.annotation.CachingConfigurer;
import org.springframework.cache.interceptor.CacheErrorHandler;
import org.springframework.cache.interceptor.CacheInterceptor;
import org.springframework.cache.interceptor.CacheOperationSource;
import org.springframework.cache.interceptor.KeyGenerator;
import org.springframework.cache.interceptor.SimpleCacheErrorHandler;
import org.springframework.cache.interceptor.SimpleKeyGenerator;
import org.springframework.core.Ordered;
import org.springframework.core.PriorityOrdered;

import dev.cachestarter.cache.call.MethodTtls;
import dev.cachestarter.cache.call.TaggedMethods;
import dev.cachestarter.cache.entries.CacheTypes;
import dev.cachestarter.engine.key.CacheKeys;

/**
 * Makes annotations work with leases: puts an interceptor and an operation source of the
 * cache's own in the place of Spring's, with all that the application has configured on
 * them. Subclasses that someone else put there stay.
 * <p>
 * The auto-configuration registers it. Who builds a {@link ResilientRedisCacheManager} by
 * hand registers it by a {@code static} bean method that declares this very type, once
 * per application context.
 *
 * @since 0.1.0
 */
public final class CachingPostProcessor
		implements BeanPostProcessor, BeanFactoryAware, PriorityOrdered, DisposableBean {

	private final PatternEvictingCacheErrorHandler errorHandler = new PatternEvictingCacheErrorHandler();

	private MethodTtls ttls = new MethodTtls(null);

	private TaggedMethods tags = new TaggedMethods(null);

	private final ManyKeys.Methods manyKeys = new ManyKeys.Methods();

	private @Nullable BeanFactory beanFactory;

	@Override
	public void setBeanFactory(BeanFactory beanFactory) {
		this.beanFactory = beanFactory;
		this.ttls = new MethodTtls(beanFactory);
		this.tags = new TaggedMethods(beanFactory);
	}

	@Override
	public int getOrder() {
		return Ordered.LOWEST_PRECEDENCE;
	}

	@Override
	public Object postProcessAfterInitialization(Object bean, String beanName) {
		if (bean.getClass() == AnnotationCacheOperationSource.class) {
			return new PatternAwareOperationSource(types(), this.ttls, this.tags, this.manyKeys);
		}
		if (bean.getClass() == CacheInterceptor.class) {
			return replacement((CacheInterceptor) bean, beanName);
		}
		return bean;
	}

	/** The methods of a child context may use the caches of its parent. */
	private CacheTypes types() {
		BeanFactory parent = (this.beanFactory instanceof HierarchicalBeanFactory child) ? child.getParentBeanFactory()
				: null;
		if (parent == null) {
			return new CacheTypes();
		}
		return parent.getBeanProvider(CacheOperationSource.class)
			.stream()
			.filter(PatternAwareOperationSource.class::isInstance)
			.findFirst()
			.map((source) -> ((PatternAwareOperationSource) source).types())
			.orElseGet(CacheTypes::new);
	}

	/*
	 * What was configured is asked for when it is first needed and not before: asking
	 * makes the application's CachingConfigurer, and what that needs, too early.
	 */
	private CacheInterceptor replacement(CacheInterceptor original, String beanName) {
		ContextualCacheInterceptor replacement = new ContextualCacheInterceptor(this::cacheKeys, this.ttls, this.tags,
				this.manyKeys);
		if (this.beanFactory != null) {
			replacement.setBeanFactory(this.beanFactory);
		}
		replacement.setCacheOperationSource(original.getCacheOperationSource());
		replacement.configure(() -> errorHandler(original, beanName), () -> keyGenerator(original, beanName),
				original::getCacheResolver, () -> null);
		replacement.afterPropertiesSet();
		return replacement;
	}

	private CacheErrorHandler errorHandler(CacheInterceptor original, String beanName) {
		CacheErrorHandler configured = original.getErrorHandler();
		boolean replaceable = configured.getClass() == SimpleCacheErrorHandler.class && isOurs()
				&& !isStated(beanName, "errorHandler", CachingConfigurer::errorHandler);
		return replaceable ? this.errorHandler : configured;
	}

	/** Whether this application's cache is the starter's; others stay as they are. */
	private boolean isOurs() {
		return this.beanFactory == null || this.beanFactory.getBeanProvider(ResilientRedisCacheManager.class)
			.stream()
			.anyMatch((manager) -> !manager.isSwitchedOff());
	}

	/**
	 * Whether the application says so: what it states may well be what Spring takes if
	 * nothing is stated.
	 */
	private boolean isStated(String beanName, String property,
			Function<CachingConfigurer, @Nullable Object> configuration) {
		BeanFactory beans = this.beanFactory;
		if (beans == null) {
			return false;
		}
		boolean inXml = beans instanceof ConfigurableListableBeanFactory listable
				&& listable.containsBeanDefinition(beanName)
				&& listable.getMergedBeanDefinition(beanName).getPropertyValues().contains(property);
		return inXml || beans.getBeanProvider(CachingConfigurer.class)
			.stream()
			.anyMatch((configurer) -> configuration.apply(configurer) != null);
	}

	@Override
	public void destroy() {
		this.errorHandler.destroy();
	}

	private KeyGenerator keyGenerator(CacheInterceptor original, String beanName) {
		KeyGenerator configured = original.getKeyGenerator();
		boolean replaceable = configured.getClass() == SimpleKeyGenerator.class && isOurs()
				&& !isStated(beanName, "keyGenerator", CachingConfigurer::keyGenerator);
		return replaceable ? cacheKeys().keyGenerator() : configured;
	}

	private CacheKeys cacheKeys() {
		CacheKeys keys = (this.beanFactory != null) ? this.beanFactory.getBeanProvider(CacheKeys.class).getIfAvailable()
				: null;
		return (keys != null) ? keys : new CacheKeys(null);
	}

}
