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

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.reflect.Method;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import org.springframework.cache.annotation.AnnotationCacheOperationSource;
import org.springframework.cache.annotation.CacheConfig;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.interceptor.CacheOperation;
import org.springframework.cache.interceptor.CacheableOperation;
import org.springframework.cache.support.NoOpCacheManager;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.stereotype.Component;
import org.springframework.util.ReflectionUtils;

import dev.cachestarter.CacheEvictPattern;
import dev.cachestarter.CacheableAll;
import dev.cachestarter.cache.call.MethodTtls;
import dev.cachestarter.cache.call.TaggedMethods;
import dev.cachestarter.cache.entries.CacheTypes;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What {@link CacheEvictPattern} takes from elsewhere.
 */
class PatternAwareOperationSourceTests {

	private final PatternAwareOperationSource source = new PatternAwareOperationSource(new CacheTypes(),
			new MethodTtls(null), new TaggedMethods(null), new ManyKeys.Methods());

	@Test
	void whatTheAnnotationDoesNotSayTheClassSays() {
		CacheOperation operation = operations(Managed.class, "change").get(0);

		assertThat(operation.getCacheNames()).containsExactly("configured");
		assertThat(operation.getCacheManager()).isEqualTo("other");
	}

	/** It would look at one key, and take the collection of all for that. */
	@Test
	void springDoesNothingAboutManyKeys() {
		CacheableOperation operation = (CacheableOperation) operations(Managed.class, "findAll", Collection.class)
			.get(0);

		assertThat(operation.getCacheNames()).containsExactly("configured");
		assertThat(operation.getCondition()).isEqualTo("false");
	}

	@Test
	void whatTheAnnotationSaysGoesBeforeTheClass() {
		CacheOperation operation = operations(Managed.class, "changeElsewhere").get(0);

		assertThat(operation.getCacheNames()).containsExactly("own");
		assertThat(operation.getCacheResolver()).isEqualTo("resolver");
		assertThat(operation.getCacheManager()).isEmpty();
	}

	@Test
	void whatAMethodSaysGoesBeforeItsInterface() {
		assertThat(operations(Overriding.class, "change")).singleElement()
			.satisfies((operation) -> assertThat(operation.getCacheNames()).containsExactly("class"));
		assertThat(operations(Inheriting.class, "change")).singleElement()
			.satisfies((operation) -> assertThat(operation.getCacheNames()).containsExactly("interface"));
	}

	@Test
	void aClassWithoutCacheAnnotationsIsNoCandidate() {
		assertThat(List.of(Plain.class, String.class, PlainChild.class)).noneMatch(this.source::isCandidateClass);
	}

	@Test
	void whereverAnAnnotationStandsTheClassIsACandidate() {
		assertThat(List.of(Managed.class, Changing.class, Overriding.class, Inheriting.class, InheritingTwice.class,
				Reading.class, Composed.class, OnTheClass.class, Several.class, InACircle.class))
			.allMatch(this.source::isCandidateClass)
			.allMatch((type) -> new PatternAwareOperationSource(new CacheTypes(), new MethodTtls(null),
					new TaggedMethods(null), new ManyKeys.Methods())
				.isCandidateClass(type));
	}

	@Test
	void whatSpringFindsIsFound() {
		AnnotationCacheOperationSource springs = new AnnotationCacheOperationSource(false);
		for (Class<?> type : List.of(Plain.class, PlainChild.class, Reading.class, Composed.class, OnTheClass.class,
				InACircle.class)) {
			for (Method method : ReflectionUtils.getAllDeclaredMethods(type)) {
				Collection<CacheOperation> found = springs.getCacheOperations(method, type);
				Collection<CacheOperation> here = this.source.getCacheOperations(method, type);
				assertThat((here != null) ? here.toString() : null).as(method.toString())
					.isEqualTo((found != null) ? found.toString() : null);
			}
		}
		assertThat(operations(Composed.class, "read")).hasSize(1);
		assertThat(operations(InACircle.class, "read")).hasSize(1);
	}

	@Test
	void contextsShareTheProxyClassOfAService() {
		assertThat(proxyClass()).isSameAs(proxyClass());
	}

	private static Class<?> proxyClass() {
		try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext(Caching.class,
				Managed.class)) {
			return context.getBean(Managed.class).getClass();
		}
	}

	private List<CacheOperation> operations(Class<?> type, String method, Class<?>... parameters) {
		Collection<CacheOperation> operations = this.source
			.getCacheOperations(Objects.requireNonNull(ReflectionUtils.findMethod(type, method, parameters)), type);
		return List.copyOf(Objects.requireNonNull(operations));
	}

	@Configuration(proxyBeanMethods = false)
	@EnableCaching
	static class Caching {

		@Bean
		static CachingPostProcessor cachingPostProcessor() {
			return new CachingPostProcessor();
		}

		@Bean
		NoOpCacheManager cacheManager() {
			return new NoOpCacheManager();
		}

	}

	@CacheConfig(cacheNames = "configured", cacheManager = "other")
	static class Managed {

		@CacheEvictPattern(pattern = "*")
		public void change() {
		}

		@CacheableAll(condition = "#ids.size() > 1")
		public Map<Long, String> findAll(Collection<Long> ids) {
			return Map.of();
		}

		@CacheEvictPattern(cacheNames = "own", cacheResolver = "resolver", pattern = "*")
		public void changeElsewhere() {
		}

	}

	interface Changing {

		@CacheEvictPattern(cacheNames = "interface", pattern = "*")
		void change();

	}

	static class Overriding implements Changing {

		@Override
		@CacheEvictPattern(cacheNames = "class", pattern = "*")
		public void change() {
		}

	}

	static class Inheriting implements Changing {

		@Override
		public void change() {
		}

	}

	static class InheritingTwice extends Inheriting {

	}

	static class Plain {

		@Deprecated
		public void change() {
		}

		@Nullable String text() {
			return null;
		}

	}

	@Component
	static class PlainChild extends Plain implements Runnable {

		@Bean
		@Override
		public void run() {
		}

	}

	static class Reading {

		@Cacheable("read")
		public int read() {
			return 1;
		}

	}

	@Cacheable("composed")
	@Retention(RetentionPolicy.RUNTIME)
	@interface Read {

	}

	static class Composed {

		@Read
		public int read() {
			return 1;
		}

	}

	@CachePut("class")
	static class OnTheClass {

		public int read() {
			return 1;
		}

	}

	/** Two annotations, each on the other; the cache's stands behind the second. */
	@Second
	@Retention(RetentionPolicy.RUNTIME)
	@interface First {

	}

	@First
	@Read
	@Retention(RetentionPolicy.RUNTIME)
	@interface Second {

	}

	static class InACircle {

		@Second
		public int other() {
			return 1;
		}

		@First
		public int read() {
			return 1;
		}

	}

	static class Several {

		@CacheEvictPattern(cacheNames = "a", pattern = "*")
		@CacheEvictPattern(cacheNames = "b", pattern = "*")
		public void change() {
		}

	}

}
