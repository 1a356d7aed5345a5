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

import java.lang.reflect.Method;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.aop.framework.ProxyFactory;
import org.springframework.cache.Cache;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.Caching;
import org.springframework.cache.interceptor.CacheOperation;
import org.springframework.cache.interceptor.CacheOperationSource;
import org.springframework.cache.interceptor.SimpleCacheErrorHandler;
import org.springframework.util.ReflectionUtils;

import dev.cachestarter.CacheEvictPattern;
import dev.cachestarter.TestInstance;
import dev.cachestarter.cache.call.MethodTtls;
import dev.cachestarter.cache.call.TaggedMethods;
import dev.cachestarter.cache.entries.CacheTypes;
import dev.cachestarter.engine.key.CacheKeys;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Each expression of each annotation, on methods that return whatever they may: what it
 * fails with reaches the caller, and nobody waits for ever.
 */
@WithRedis
@org.junit.jupiter.api.TestInstance(Lifecycle.PER_CLASS)
class FailingExpressionsRedisTests {

	/** Long enough that only who waits for ever takes longer. */
	private static final Duration SOON = Duration.ofMinutes(1);

	private final RedisServer redis;

	private TestInstance<Object> instance;

	private final List<RuntimeException> told = new CopyOnWriteArrayList<>();

	FailingExpressionsRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@BeforeAll
	void open() {
		this.instance = TestInstance.of(Object.class, this.redis.host(), this.redis.port(), TestInstance::patient)
			.awaitUp();
	}

	@AfterAll
	void close() {
		this.instance.close();
	}

	@BeforeEach
	void reset() {
		this.redis.flushAll();
		this.told.clear();
	}

	static Stream<Arguments> table() {
		return table("");
	}

	static Stream<Arguments> tableOfHits() {
		return table("hit");
	}

	private static Stream<Arguments> table(String prefix) {
		return Arrays.stream(Annotations.class.getDeclaredMethods())
			.map(Method::getName)
			.filter((name) -> name.startsWith(prefix))
			.sorted()
			.flatMap(
					(annotations) -> Arrays.stream(Result.values()).map((result) -> Arguments.of(annotations, result)));
	}

	@ParameterizedTest
	@MethodSource("table")
	void whatAnExpressionThrowsReachesTheCaller(String annotations, Result result) {
		Returning returning = annotated(annotations);

		Throwable failure = failureOf(() -> result.call(returning));

		assertThat(failure).isNotNull().isInstanceOfAny(NumberFormatException.class, IllegalArgumentException.class);
		assertThat(failure).hasMessageContaining("no number");
		assertThat(this.told).isEmpty();
		assertThat(Objects.requireNonNull(this.target).calls()).isLessThanOrEqualTo(1);
		assertThat(this.instance.cache("texts").get("a")).isNull();
	}

	@ParameterizedTest
	@MethodSource("tableOfHits")
	void andOnAHitToo(String annotations, Result result) {
		this.instance.cache("texts").put("a", result.stored);
		Returning returning = annotated(annotations);

		Throwable failure = failureOf(() -> result.call(returning));

		assertThat(failure).isNotNull().hasMessageContaining("no number");
		assertThat(this.told).isEmpty();
	}

	private @Nullable Methods target;

	/** Return a proxy all of whose methods have the annotations of one. */
	private Returning annotated(String name) {
		Method template = Objects.requireNonNull(ReflectionUtils.findMethod(Annotations.class, name));
		Collection<CacheOperation> operations = Objects
			.requireNonNull(new PatternAwareOperationSource(new CacheTypes(), new MethodTtls(null),
					new TaggedMethods(null), new ManyKeys.Methods())
				.getCacheOperations(template, Annotations.class));
		ContextualCacheInterceptor interceptor = new ContextualCacheInterceptor(() -> new CacheKeys(null),
				new MethodTtls(null), new TaggedMethods(null), new ManyKeys.Methods());
		interceptor.setBeanFactory(this.instance.context());
		interceptor.setCacheManager(this.instance.manager());
		interceptor.setKeyGenerator(new CacheKeys(null).keyGenerator());
		interceptor.setErrorHandler(new Telling());
		interceptor.setCacheOperationSource(new CacheOperationSource() {

			@Override
			public Collection<CacheOperation> getCacheOperations(Method method, @Nullable Class<?> targetClass) {
				return operations;
			}

		});
		interceptor.afterPropertiesSet();
		interceptor.afterSingletonsInstantiated();
		this.target = new Methods();
		ProxyFactory factory = new ProxyFactory(Returning.class, interceptor);
		factory.setTarget(this.target);
		return (Returning) factory.getProxy();
	}

	private static @Nullable Throwable failureOf(Supplier<CompletableFuture<?>> call) {
		CompletableFuture<@Nullable Throwable> failure = CompletableFuture.supplyAsync(() -> {
			try {
				return call.get();
			}
			catch (RuntimeException ex) {
				return CompletableFuture.<Object>failedFuture(ex);
			}
		}, (task) -> new Thread(task).start())
			.thenCompose((called) -> called)
			.handle((value, ex) -> (ex instanceof CompletionException) ? ex.getCause() : ex);
		assertThat(failure).succeedsWithin(SOON);
		return failure.join();
	}

	/** Fails. */
	public static boolean fail() {
		throw new NumberFormatException("no number");
	}

	private final class Telling extends SimpleCacheErrorHandler {

		@Override
		public void handleCacheGetError(RuntimeException exception, Cache cache, Object key) {
			FailingExpressionsRedisTests.this.told.add(exception);
		}

		@Override
		public void handleCachePutError(RuntimeException exception, Cache cache, Object key, @Nullable Object value) {
			FailingExpressionsRedisTests.this.told.add(exception);
		}

		@Override
		public void handleCacheEvictError(RuntimeException exception, Cache cache, Object key) {
			FailingExpressionsRedisTests.this.told.add(exception);
		}

	}

	private static final String FAIL = "T(dev.cachestarter.cache.FailingExpressionsRedisTests).fail()";

	/** After the method only. */
	private static final String FAIL_AFTER = "#result != null ? " + FAIL + " : true";

	interface Annotations {

		@Cacheable(cacheNames = "texts", key = FAIL)
		void cacheableKey();

		@Cacheable(cacheNames = "texts", key = "#p0", condition = FAIL)
		void cacheableCondition();

		@Cacheable(cacheNames = "texts", key = "#p0", unless = FAIL)
		void cacheableUnless();

		@Cacheable(cacheNames = "texts", key = FAIL, sync = true)
		void syncKey();

		@Cacheable(cacheNames = "texts", key = "#p0", condition = FAIL, sync = true)
		void syncCondition();

		@CachePut(cacheNames = "texts", key = FAIL)
		void putKey();

		@CachePut(cacheNames = "texts", key = FAIL_AFTER)
		void putKeyOfResult();

		@CachePut(cacheNames = "texts", key = "#p0", condition = FAIL)
		void putCondition();

		@CachePut(cacheNames = "texts", key = "#p0", condition = FAIL_AFTER)
		void putConditionOnResult();

		@CachePut(cacheNames = "texts", key = "#p0", unless = FAIL)
		void putUnless();

		@CacheEvict(cacheNames = "texts", key = FAIL)
		void evictKey();

		@CacheEvict(cacheNames = "texts", key = FAIL_AFTER)
		void evictKeyOfResult();

		@CacheEvict(cacheNames = "texts", key = "#p0", condition = FAIL)
		void evictCondition();

		@CacheEvict(cacheNames = "texts", key = "#p0", condition = FAIL_AFTER)
		void evictConditionOnResult();

		@CacheEvict(cacheNames = "texts", allEntries = true, condition = FAIL_AFTER)
		void evictAllCondition();

		@CacheEvict(cacheNames = "texts", key = FAIL, beforeInvocation = true)
		void evictBeforeKey();

		@CacheEvict(cacheNames = "texts", key = "#p0", condition = FAIL, beforeInvocation = true)
		void evictBeforeCondition();

		@CacheEvict(cacheNames = "texts", allEntries = true, condition = FAIL, beforeInvocation = true)
		void evictAllBeforeCondition();

		@CacheEvictPattern(cacheNames = "texts", pattern = "#{" + FAIL + "}:*")
		void evictPattern();

		@CacheEvictPattern(cacheNames = "texts", pattern = "#{#p0}:*", condition = FAIL)
		void evictPatternCondition();

		@CacheEvictPattern(cacheNames = "texts", pattern = "#{" + FAIL_AFTER + "}:*")
		void evictPatternOfResult();

		@CacheEvictPattern(cacheNames = "texts", pattern = "#{" + FAIL + "}:*", beforeInvocation = true)
		void evictPatternBefore();

		@Caching(cacheable = @Cacheable(cacheNames = "texts", key = "#p0", unless = FAIL),
				evict = @CacheEvict(cacheNames = "others", key = "#p0"))
		void cachingUnless();

		@Caching(cacheable = @Cacheable(cacheNames = "texts", key = "#p0", unless = "true"),
				evict = @CacheEvict(cacheNames = "others", condition = FAIL_AFTER))
		void cachingEvictCondition();

		@Caching(evict = { @CacheEvict(cacheNames = "others", key = "#p0"),
				@CacheEvict(cacheNames = "others", condition = FAIL_AFTER) })
		void cachingSecondEvictCondition();

		@Caching(put = @CachePut(cacheNames = "texts", key = FAIL_AFTER),
				evict = @CacheEvict(cacheNames = "others", key = "#p0"))
		void cachingPutKey();

		@Caching(put = { @CachePut(cacheNames = "others", key = "#p0", unless = "true"),
				@CachePut(cacheNames = "texts", key = "#p0", unless = FAIL) })
		void cachingSecondPutUnless();

		@Caching(cacheable = @Cacheable(cacheNames = "texts", key = "#p0", unless = "true"),
				put = @CachePut(cacheNames = "texts", key = "#p0", condition = FAIL))
		void cachingPutCondition();

		@CacheEvict(cacheNames = "others", condition = FAIL_AFTER)
		@Cacheable(cacheNames = "texts", key = "#p0", unless = "true")
		void hitThenEvictCondition();

		@CacheEvict(cacheNames = "others", key = FAIL_AFTER)
		@Cacheable(cacheNames = "texts", key = "#p0", unless = "true")
		void hitThenEvictKey();

		@CachePut(cacheNames = "others", key = "#p0", condition = FAIL_AFTER)
		@Cacheable(cacheNames = "texts", key = "#p0", unless = "true")
		void hitThenPutCondition();

		@CachePut(cacheNames = "others", key = FAIL_AFTER)
		@Cacheable(cacheNames = "texts", key = "#p0", unless = "true")
		void hitThenPutKey();

	}

	/** What a method returns, and how its caller waits for that. */
	enum Result {

		BLOCKING("text") {
			@Override
			CompletableFuture<?> call(Returning methods) {
				return CompletableFuture.completedFuture(methods.text("a"));
			}
		},

		OPTIONAL("text") {
			@Override
			CompletableFuture<?> call(Returning methods) {
				return CompletableFuture.completedFuture(methods.optional("a"));
			}
		},

		FUTURE("text") {
			@Override
			CompletableFuture<?> call(Returning methods) {
				return methods.future("a");
			}
		},

		LATER("text") {
			@Override
			CompletableFuture<?> call(Returning methods) {
				return methods.later("a");
			}
		},

		STAGE("text") {
			@Override
			CompletableFuture<?> call(Returning methods) {
				return methods.stage("a").toCompletableFuture();
			}
		},

		MONO("text") {
			@Override
			CompletableFuture<?> call(Returning methods) {
				return methods.mono("a").toFuture();
			}
		},

		FLUX(List.of("text", "other")) {
			@Override
			CompletableFuture<?> call(Returning methods) {
				return methods.flux("a").collectList().toFuture();
			}
		},

		SLOWLY_READ_FLUX(List.of("text", "other")) {
			@Override
			CompletableFuture<?> call(Returning methods) {
				return methods.flux("a").limitRate(1).delayElements(Duration.ofMillis(1)).collectList().toFuture();
			}
		},

		PUBLISHER(List.of("text", "other")) {
			@Override
			CompletableFuture<?> call(Returning methods) {
				return Flux.from(methods.publisher("a")).collectList().toFuture();
			}
		};

		private final Object stored;

		Result(Object stored) {
			this.stored = stored;
		}

		abstract CompletableFuture<?> call(Returning methods);

	}

	interface Returning {

		String text(String id);

		Optional<String> optional(String id);

		CompletableFuture<String> future(String id);

		CompletableFuture<String> later(String id);

		CompletionStage<String> stage(String id);

		Mono<String> mono(String id);

		Flux<String> flux(String id);

		Publisher<String> publisher(String id);

	}

	static class Methods implements Returning {

		private final AtomicInteger calls = new AtomicInteger();

		int calls() {
			return this.calls.get();
		}

		@Override
		public String text(String id) {
			this.calls.incrementAndGet();
			return "text";
		}

		@Override
		public Optional<String> optional(String id) {
			return Optional.of(text(id));
		}

		@Override
		public CompletableFuture<String> future(String id) {
			return CompletableFuture.completedFuture(text(id));
		}

		@Override
		public CompletableFuture<String> later(String id) {
			String text = text(id);
			return CompletableFuture.supplyAsync(() -> text);
		}

		@Override
		public CompletionStage<String> stage(String id) {
			return future(id);
		}

		@Override
		public Mono<String> mono(String id) {
			return Mono.just(text(id));
		}

		@Override
		public Flux<String> flux(String id) {
			return Flux.just(text(id), "other");
		}

		@Override
		public Publisher<String> publisher(String id) {
			return flux(id);
		}

	}

}
