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

package dev.cachestarter;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.interceptor.CacheInterceptor;

import dev.cachestarter.cache.PatternEvictingCacheErrorHandler;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Arguments that no key can be made of: the method has not run when its caller is told.
 */
@WithRedis
@org.junit.jupiter.api.TestInstance(Lifecycle.PER_CLASS)
class UnusableKeysRedisTests {

	private static final Duration SOON = Duration.ofMinutes(1);

	private final RedisServer redis;

	private TestInstance<Orders> instance;

	UnusableKeysRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@BeforeAll
	void open() {
		this.instance = TestInstance.of(Orders.class, this.redis).awaitUp();
	}

	@AfterAll
	void close() {
		this.instance.close();
	}

	@BeforeEach
	void reset() {
		this.redis.flushAll();
		this.instance.service().forget();
	}

	static Stream<Named<Function<Orders, Object>>> calls() {
		Order order = new Order();
		List<Named<Function<Orders, Object>>> calls = new ArrayList<>();
		calls.add(Named.of("@CachePut", (orders) -> orders.put(order)));
		calls.add(Named.of("@CachePut, future", (orders) -> orders.putLater(order)));
		calls.add(Named.of("@CachePut, mono", (orders) -> orders.putMono(order)));
		calls.add(Named.of("@CachePut, flux", (orders) -> orders.putFlux(order)));
		calls.add(Named.of("@CachePut with a key", (orders) -> orders.putUnder(order)));
		calls.add(Named.of("@CacheEvict", (orders) -> orders.evict(order)));
		calls.add(Named.of("@CacheEvict, future", (orders) -> orders.evictLater(order)));
		calls.add(Named.of("@CacheEvict, mono", (orders) -> orders.evictMono(order)));
		calls.add(Named.of("@CacheEvict, flux", (orders) -> orders.evictFlux(order)));
		calls.add(Named.of("@CacheEvict with a key", (orders) -> orders.evictUnder(order)));
		calls.add(Named.of("@CacheEvict before the method", (orders) -> orders.evictBefore(order)));
		calls.add(Named.of("@CacheEvictPattern", (orders) -> orders.evictPattern(order)));
		calls.add(Named.of("@Cacheable", (orders) -> orders.cache(order)));
		calls.add(Named.of("@Cacheable with a key", (orders) -> orders.cacheUnder(order)));
		calls.add(Named.of("@Cacheable with a key, sync", (orders) -> orders.cacheSync(order)));
		calls.add(Named.of("@Cacheable with a key, future", (orders) -> orders.cacheLater(order)));
		calls.add(Named.of("@Cacheable with a key, mono", (orders) -> orders.cacheMono(order)));
		calls.add(Named.of("@Cacheable with a key, flux", (orders) -> orders.cacheFlux(order)));
		return calls.stream();
	}

	@ParameterizedTest
	@MethodSource("calls")
	void theMethodHasNotRunWhenItsCallerIsTold(Function<Orders, Object> call) {
		Orders orders = this.instance.service();

		Throwable failure = failureOf(orders, call);

		assertThat(failure).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("Order");
		assertThat(orders.runs()).isZero();
		assertThat(pending()).isZero();
	}

	@Test
	void whatTheMethodHasYetToFillInIsNoReasonNotToRunIt() {
		Orders orders = this.instance.service();
		this.instance.cache("orders").put("17", "old");

		orders.evictWithId(new Order());

		assertThat(orders.runs()).isEqualTo(1);
		assertThat(this.instance.cache("orders").get("17")).isNull();
	}

	private int pending() {
		return ((PatternEvictingCacheErrorHandler) this.instance.context()
			.getBean(CacheInterceptor.class)
			.getErrorHandler()).getPendingCount();
	}

	private static @Nullable Throwable failureOf(Orders orders, Function<Orders, Object> call) {
		try {
			Object result = call.apply(orders);
			CompletableFuture<?> future = (result instanceof Mono<?> mono) ? mono.toFuture()
					: (result instanceof Flux<?> flux) ? flux.collectList().toFuture()
							: (result instanceof CompletableFuture<?> later) ? later
									: CompletableFuture.completedFuture(result);
			CompletableFuture<@Nullable Throwable> failure = future
				.handle((value, ex) -> (ex instanceof CompletionException) ? ex.getCause() : ex);
			assertThat(failure).succeedsWithin(SOON);
			return failure.join();
		}
		catch (IllegalArgumentException ex) {
			return ex;
		}
	}

	/** Of a type that no key can be made of. */
	static class Order {

		private @Nullable Nested nested;

		private int quantity = 1;

		public @Nullable Nested getNested() {
			return this.nested;
		}

		public int getQuantity() {
			return this.quantity;
		}

	}

	static class Nested {

		public String getId() {
			return "17";
		}

	}

	static class Orders {

		private final AtomicInteger runs = new AtomicInteger();

		public int runs() {
			return this.runs.get();
		}

		public void forget() {
			this.runs.set(0);
		}

		private String run() {
			this.runs.incrementAndGet();
			return "order";
		}

		@CachePut("orders")
		public String put(Order order) {
			return run();
		}

		@CachePut("orders")
		public CompletableFuture<String> putLater(Order order) {
			return CompletableFuture.completedFuture(run());
		}

		@CachePut("orders")
		public Mono<String> putMono(Order order) {
			return Mono.fromCallable(this::run);
		}

		@CachePut("orders")
		public Flux<String> putFlux(Order order) {
			return Flux.from(putMono(order));
		}

		@CachePut(cacheNames = "orders", key = "#order")
		public String putUnder(Order order) {
			return run();
		}

		@CacheEvict("orders")
		public String evict(Order order) {
			return run();
		}

		@CacheEvict("orders")
		public CompletableFuture<String> evictLater(Order order) {
			return CompletableFuture.completedFuture(run());
		}

		@CacheEvict("orders")
		public Mono<String> evictMono(Order order) {
			return Mono.fromCallable(this::run);
		}

		@CacheEvict("orders")
		public Flux<String> evictFlux(Order order) {
			return Flux.from(evictMono(order));
		}

		@CacheEvict(cacheNames = "orders", key = "#order")
		public String evictUnder(Order order) {
			return run();
		}

		@CacheEvict(cacheNames = "orders", key = "#order", beforeInvocation = true)
		public String evictBefore(Order order) {
			return run();
		}

		@CacheEvict(cacheNames = "orders", key = "#order.nested.id")
		public String evictWithId(Order order) {
			order.nested = new Nested();
			return run();
		}

		@CacheEvictPattern(cacheNames = "orders", pattern = "#{#order}:*")
		public String evictPattern(Order order) {
			return run();
		}

		@Cacheable("orders")
		public String cache(Order order) {
			return run();
		}

		@Cacheable(cacheNames = "orders", key = "#order")
		public String cacheUnder(Order order) {
			return run();
		}

		@Cacheable(cacheNames = "orders", key = "#order", sync = true)
		public String cacheSync(Order order) {
			return run();
		}

		@Cacheable(cacheNames = "orders", key = "#order")
		public CompletableFuture<String> cacheLater(Order order) {
			return CompletableFuture.completedFuture(run());
		}

		@Cacheable(cacheNames = "orders", key = "#order")
		public Mono<String> cacheMono(Order order) {
			return Mono.fromCallable(this::run);
		}

		@Cacheable(cacheNames = "orders", key = "#order")
		public Flux<String> cacheFlux(Order order) {
			return Flux.from(cacheMono(order));
		}

	}

}
