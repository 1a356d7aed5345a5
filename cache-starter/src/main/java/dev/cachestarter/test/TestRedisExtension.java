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

import java.util.Arrays;

import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;

import org.springframework.context.ApplicationContext;
import org.springframework.test.context.TestContextAnnotationUtils;
import org.springframework.test.context.junit.jupiter.SpringExtension;

import dev.cachestarter.CacheControl;
import dev.cachestarter.cache.ResilientRedisCache;
import dev.cachestarter.cache.ResilientRedisCacheManager;

/**
 * What {@link WithTestRedis} does around each test.
 */
final class TestRedisExtension implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, ParameterResolver {

	private static final Namespace NAMESPACE = Namespace.create(TestRedisExtension.class);

	/** Spring's own, asked which parameters it gives. */
	private final SpringExtension spring = new SpringExtension();

	/** Fail before a context is started, where there is no Redis to be had. */
	@Override
	public void beforeAll(ExtensionContext context) {
		if (!TestRedisSettings.of(annotation(context)).ownServer()) {
			RedisServers.shared();
		}
	}

	@Override
	public void beforeEach(ExtensionContext context) {
		TestRedis redis = redis(context);
		// Kept, since the context may be gone after the test.
		context.getStore(NAMESPACE).put(Fixture.class, new Fixture(redis));
		redis.repair();
		if (isSpringTest(context)) {
			ApplicationContext application = SpringExtension.getApplicationContext(context);
			application.getBeansOfType(ResilientRedisCacheManager.class, false, false).values().forEach((manager) -> {
				Connections.awaitConnected(manager);
				asConfigured(manager);
			});
		}
		if (annotation(context).emptyBeforeEach()) {
			redis.empty();
		}
	}

	/** What a test has changed at run time is no business of the next. */
	private static void asConfigured(ResilientRedisCacheManager manager) {
		manager.getCacheNames().forEach((name) -> {
			if (manager.getCache(name) instanceof ResilientRedisCache cache) {
				cache.setControl(CacheControl.asConfigured(), "the test kit");
			}
		});
	}

	@Override
	public void afterEach(ExtensionContext context) {
		Fixture fixture = context.getStore(NAMESPACE).get(Fixture.class, Fixture.class);
		if (fixture != null) {
			fixture.redis.repair();
		}
	}

	@Override
	public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
		return parameter.getParameter().getType() == TestRedis.class
				&& !(isSpringTest(context) && this.spring.supportsParameter(parameter, context));
	}

	@Override
	public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
		return redis(context);
	}

	private static TestRedis redis(ExtensionContext context) {
		if (isSpringTest(context)) {
			return SpringExtension.getApplicationContext(context).getBean(TestRedis.class);
		}
		// One for each annotated class; nested classes have their own context below it.
		ExtensionContext owner = context;
		while (owner.getParent().filter((parent) -> parent.getTestClass().isPresent()).isPresent()) {
			owner = owner.getParent().orElseThrow();
		}
		TestRedisSettings settings = TestRedisSettings.of(annotation(context));
		return owner.getStore(NAMESPACE).computeIfAbsent(settings, TestRedis::of, TestRedis.class);
	}

	private static boolean isSpringTest(ExtensionContext context) {
		for (Class<?> type = context.getRequiredTestClass(); type != null; type = type.getEnclosingClass()) {
			if (AnnotationSupport.findRepeatableAnnotations(type, ExtendWith.class)
				.stream()
				.flatMap((extended) -> Arrays.stream(extended.value()))
				.anyMatch((extension) -> SpringExtension.class.isAssignableFrom(extension))) {
				return true;
			}
		}
		return false;
	}

	private static WithTestRedis annotation(ExtensionContext context) {
		for (Class<?> type = context.getRequiredTestClass(); type != null; type = type.getEnclosingClass()) {
			WithTestRedis annotation = TestContextAnnotationUtils.findMergedAnnotation(type, WithTestRedis.class);
			if (annotation != null) {
				return annotation;
			}
		}
		throw new IllegalStateException(context.getRequiredTestClass() + " is not annotated with @WithTestRedis");
	}

	/**
	 * What a test began with.
	 *
	 * @param redis its Redis; not closed with the test
	 */
	private record Fixture(TestRedis redis) {

	}

}
