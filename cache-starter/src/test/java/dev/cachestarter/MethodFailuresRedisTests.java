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
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cache.Cache;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.CachingConfigurer;
import org.springframework.cache.interceptor.CacheErrorHandler;
import org.springframework.cache.interceptor.CacheInterceptor;
import org.springframework.cache.interceptor.SimpleCacheErrorHandler;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.cachestarter.cache.PatternEvictingCacheErrorHandler;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What a method throws is its caller's affair, and no error of the cache: whatever the
 * method returns.
 */
@WithRedis
@ExtendWith(OutputCaptureExtension.class)
class MethodFailuresRedisTests {

	private static final Duration SOON = Duration.ofMinutes(1);

	private final RedisServer redis;

	private @Nullable TestInstance<Quotes> opened;

	MethodFailuresRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@BeforeEach
	void reset() {
		this.redis.flushAll();
		Handling.told.clear();
	}

	@AfterEach
	void close() {
		if (this.opened != null) {
			this.opened.close();
		}
	}

	@ParameterizedTest
	@EnumSource
	void theErrorHandlerIsNotTold(Way way) {
		Quotes quotes = open(Handling.class).service();
		IllegalStateException failure = quotes.failNext();

		assertThat(failureOf(way, quotes)).isSameAs(failure);

		assertThat(Handling.told).isEmpty();
		assertThat(quotes.loads()).isEqualTo(1);
	}

	@ParameterizedTest
	@EnumSource
	void nothingIsLoggedAndNothingIsToBeEvicted(Way way, CapturedOutput output) {
		TestInstance<Quotes> instance = open();
		Quotes quotes = instance.service();
		quotes.failNext();
		failureOf(way, quotes);

		assertThat(way.call(quotes)).succeedsWithin(SOON).isEqualTo("quote");

		await().until(() -> instance.counters(way.cache).puts() == 1);
		assertThat(way.call(quotes)).succeedsWithin(SOON).isEqualTo("quote");
		assertThat(quotes.loads()).isEqualTo(2);
		assertThat(pendingOf(instance)).isZero();
		assertThat(output).doesNotContain("WARN");
	}

	private static int pendingOf(TestInstance<Quotes> instance) {
		return ((PatternEvictingCacheErrorHandler) instance.context().getBean(CacheInterceptor.class).getErrorHandler())
			.getPendingCount();
	}

	@ParameterizedTest
	@EnumSource
	void whoShareTheLoadGetTheFailureAndTheHandlerIsNotTold(Way way) throws Exception {
		TestInstance<Quotes> instance = open(Handling.class);
		Quotes quotes = instance.service();
		CompletableFuture<Void> released = quotes.hold();
		IllegalStateException failure = quotes.failNext();
		CompletableFuture<@Nullable Throwable> one = later(way, quotes);
		await().until(() -> quotes.loads() == 1);
		CompletableFuture<@Nullable Throwable> other = later(way, quotes);
		await().until(() -> instance.counters(way.cache).misses() >= 2);

		released.complete(null);

		assertThat(one).succeedsWithin(SOON).isSameAs(failure);
		assertThat(other).succeedsWithin(SOON).isIn(failure, null);
		assertThat(Handling.told).isEmpty();
	}

	@ParameterizedTest
	@EnumSource
	void whatIsThrownBeforeThereIsAResultIsNoErrorOfTheCacheEither(Way way) {
		Quotes quotes = open(Handling.class).service();
		IllegalStateException failure = quotes.throwNext();

		assertThat(failureOf(way, quotes)).isSameAs(failure);

		assertThat(Handling.told).isEmpty();
		assertThat(quotes.loads()).isEqualTo(1);
	}

	@Test
	void aFailingPutIsNoErrorOfTheCache() {
		Quotes quotes = open(Handling.class).service();
		IllegalStateException failure = quotes.failNext();

		assertThat(failureOf(quotes.put("a").toFuture())).isSameAs(failure);

		assertThat(Handling.told).isEmpty();
		assertThat(quotes.loads()).isEqualTo(1);
	}

	private TestInstance<Quotes> open(Class<?>... configurations) {
		this.opened = TestInstance
			.of(Quotes.class, this.redis.host(), this.redis.port(), TestInstance::patient, configurations)
			.awaitUp();
		return this.opened;
	}

	private static CompletableFuture<@Nullable Throwable> later(Way way, Quotes quotes) {
		return CompletableFuture.supplyAsync(() -> failureOf(way, quotes), (task) -> new Thread(task).start());
	}

	private static @Nullable Throwable failureOf(Way way, Quotes quotes) {
		CompletableFuture<String> called;
		try {
			called = way.call(quotes);
		}
		catch (RuntimeException ex) {
			return ex;
		}
		return failureOf(called);
	}

	private static @Nullable Throwable failureOf(CompletableFuture<String> called) {
		CompletableFuture<@Nullable Throwable> failure = called
			.handle((value, ex) -> (ex instanceof CompletionException) ? ex.getCause() : ex);
		assertThat(failure).succeedsWithin(SOON);
		return failure.join();
	}

	/**
	 * A way to ask for a quote.
	 */
	enum Way {

		BLOCKING("texts") {
			@Override
			CompletableFuture<String> call(Quotes quotes) {
				return CompletableFuture.completedFuture(quotes.blocking("a"));
			}
		},

		BLOCKING_SYNC("texts") {
			@Override
			CompletableFuture<String> call(Quotes quotes) {
				return CompletableFuture.completedFuture(quotes.blockingSync("a"));
			}
		},

		OPTIONAL("texts") {
			@Override
			CompletableFuture<String> call(Quotes quotes) {
				return CompletableFuture.completedFuture(quotes.optional("a").orElseThrow());
			}
		},

		FUTURE("texts") {
			@Override
			CompletableFuture<String> call(Quotes quotes) {
				return quotes.future("a");
			}
		},

		FUTURE_SYNC("texts") {
			@Override
			CompletableFuture<String> call(Quotes quotes) {
				return quotes.futureSync("a");
			}
		},

		STAGE("texts") {
			@Override
			CompletableFuture<String> call(Quotes quotes) {
				return quotes.stage("a").toCompletableFuture();
			}
		},

		STAGE_SYNC("texts") {
			@Override
			CompletableFuture<String> call(Quotes quotes) {
				return quotes.stageSync("a").toCompletableFuture();
			}
		},

		MONO("texts") {
			@Override
			CompletableFuture<String> call(Quotes quotes) {
				return quotes.mono("a").toFuture();
			}
		},

		MONO_SYNC("texts") {
			@Override
			CompletableFuture<String> call(Quotes quotes) {
				return quotes.monoSync("a").toFuture();
			}
		},

		FLUX("lists") {
			@Override
			CompletableFuture<String> call(Quotes quotes) {
				return quotes.flux("a").last().toFuture();
			}
		},

		FLUX_SYNC("lists") {
			@Override
			CompletableFuture<String> call(Quotes quotes) {
				return quotes.fluxSync("a").last().toFuture();
			}
		},

		PUBLISHER("lists") {
			@Override
			CompletableFuture<String> call(Quotes quotes) {
				return Flux.from(quotes.publisher("a")).last().toFuture();
			}
		},

		PUBLISHER_SYNC("lists") {
			@Override
			CompletableFuture<String> call(Quotes quotes) {
				return Flux.from(quotes.publisherSync("a")).last().toFuture();
			}
		};

		private final String cache;

		Way(String cache) {
			this.cache = cache;
		}

		abstract CompletableFuture<String> call(Quotes quotes);

	}

	static class Quotes {

		private final AtomicInteger loads = new AtomicInteger();

		private final AtomicReference<@Nullable RuntimeException> failure = new AtomicReference<>();

		private final AtomicReference<@Nullable RuntimeException> thrown = new AtomicReference<>();

		private volatile CompletableFuture<Void> released = CompletableFuture.completedFuture(null);

		public int loads() {
			return this.loads.get();
		}

		public IllegalStateException failNext() {
			IllegalStateException next = new IllegalStateException("of the method");
			this.failure.set(next);
			return next;
		}

		public IllegalStateException throwNext() {
			IllegalStateException next = new IllegalStateException("of the method");
			this.thrown.set(next);
			return next;
		}

		public CompletableFuture<Void> hold() {
			this.released = new CompletableFuture<>();
			return this.released;
		}

		private String load() {
			this.loads.incrementAndGet();
			RuntimeException next = this.thrown.getAndSet(null);
			next = (next != null) ? next : this.failure.getAndSet(null);
			this.released.join();
			if (next != null) {
				throw next;
			}
			return "quote";
		}

		private CompletableFuture<String> loadLater() {
			RuntimeException next = this.thrown.getAndSet(null);
			if (next != null) {
				this.loads.incrementAndGet();
				throw next;
			}
			CompletableFuture<String> later = new CompletableFuture<>();
			new Thread(() -> {
				try {
					later.complete(load());
				}
				catch (RuntimeException ex) {
					later.completeExceptionally(ex);
				}
			}).start();
			return later;
		}

		@Cacheable("texts")
		public String blocking(String key) {
			return load();
		}

		@Cacheable(cacheNames = "texts", sync = true)
		public String blockingSync(String key) {
			return load();
		}

		@Cacheable("texts")
		public Optional<String> optional(String key) {
			return Optional.of(load());
		}

		@Cacheable("texts")
		public CompletableFuture<String> future(String key) {
			return loadLater();
		}

		@Cacheable(cacheNames = "texts", sync = true)
		public CompletableFuture<String> futureSync(String key) {
			return loadLater();
		}

		@Cacheable("texts")
		public CompletionStage<String> stage(String key) {
			return loadLater();
		}

		@Cacheable(cacheNames = "texts", sync = true)
		public CompletionStage<String> stageSync(String key) {
			return loadLater();
		}

		@Cacheable("texts")
		public Mono<String> mono(String key) {
			return Mono.fromFuture(loadLater());
		}

		@Cacheable(cacheNames = "texts", sync = true)
		public Mono<String> monoSync(String key) {
			return Mono.fromFuture(loadLater());
		}

		@CachePut("texts")
		public Mono<String> put(String key) {
			return Mono.fromFuture(loadLater());
		}

		@Cacheable("lists")
		public Flux<String> flux(String key) {
			return Flux.from(Mono.fromFuture(loadLater()));
		}

		@Cacheable(cacheNames = "lists", sync = true)
		public Flux<String> fluxSync(String key) {
			return Flux.from(Mono.fromFuture(loadLater()));
		}

		@Cacheable("lists")
		public Publisher<String> publisher(String key) {
			return Mono.fromFuture(loadLater());
		}

		@Cacheable(cacheNames = "lists", sync = true)
		public Publisher<String> publisherSync(String key) {
			return Mono.fromFuture(loadLater());
		}

	}

	/**
	 * An application's own handler.
	 */
	@Configuration(proxyBeanMethods = false)
	static class Handling implements CachingConfigurer {

		static final List<RuntimeException> told = new CopyOnWriteArrayList<>();

		@Bean
		@Override
		public CacheErrorHandler errorHandler() {
			return new SimpleCacheErrorHandler() {

				@Override
				public void handleCacheGetError(RuntimeException exception, Cache cache, Object key) {
					told.add(exception);
				}

				@Override
				public void handleCachePutError(RuntimeException exception, Cache cache, Object key,
						@Nullable Object value) {
					told.add(exception);
				}

				@Override
				public void handleCacheEvictError(RuntimeException exception, Cache cache, Object key) {
					told.add(exception);
				}

			};
		}

	}

}
