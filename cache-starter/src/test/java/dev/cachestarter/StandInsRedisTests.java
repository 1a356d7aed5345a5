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
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.cache.Internals;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Threads;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * What may not stand in for a load that fails: what was evicted meanwhile, though Redis
 * has gone and cannot be asked; and what was written on a server that is distrusted.
 */
@WithRedis(local = true)
class StandInsRedisTests extends Interleavings {

	private static final CacheSettings STALE = TIMELESS.withTtl(Duration.ofHours(1))
		.withStaleIfError(Duration.ofHours(1))
		.withStaleRetry(Duration.ofMinutes(10));

	StandInsRedisTests(RedisServer redis) {
		super(redis);
	}

	@BeforeEach
	void emptyRedis() {
		this.redis.flushAll();
	}

	// Redis gone

	static Stream<Arguments> evictions() {
		Stream<Arguments> ofAllWays = Stream.of(Way.values())
			.map((way) -> eviction(way, "by key", (shop) -> shop.cache(way.cache()).evict("t1:1")));
		return Stream.concat(ofAllWays,
				Stream.of(eviction("if present", (shop) -> shop.cache("rows").evictIfPresent("t1:1")),
						eviction("by tenant", (shop) -> shop.cache("rows").clear("t1:*")),
						eviction("the whole cache", (shop) -> shop.cache("rows").clear()),
						eviction("the whole cache at once", (shop) -> shop.cache("rows").invalidate()),
						eviction("by a pattern", (shop) -> shop.cache("rows").clear("*:1")),
						eviction("by a whole key", (shop) -> shop.cacheService().delete("rows:t1:1")),
						eviction("by a pattern of whole keys", (shop) -> shop.cacheService().invalidate("rows:t1:*")),
						eviction("by a pattern of all caches", (shop) -> shop.cacheService().invalidate("*:1")),
						eviction("by a put", (shop) -> shop.cache("rows").put("t1:1", null)),
						eviction("everything", (shop) -> shop.cacheService().clear())));
	}

	private static Arguments eviction(String name, Consumer<TestInstance<Shop>> eviction) {
		return eviction(Way.PLAIN, name, eviction);
	}

	private static Arguments eviction(Way way, String name, Consumer<TestInstance<Shop>> eviction) {
		return Arguments.argumentSet(way + " " + name, way, eviction);
	}

	@ParameterizedTest
	@MethodSource("evictions")
	void whatWasEvictedHereDoesNotStandInOnceRedisIsGone(Way way, Consumer<TestInstance<Shop>> eviction)
			throws Exception {
		TestInstance<Shop> shop = shop(STALE, false);
		hold(shop, way);
		Pause load = shop.service().failLater();
		Call<Integer> call = call(() -> way.find(shop));
		load.awaitReached();

		eviction.accept(shop);
		assertThat(shop.engine().evictions().pendingCount()).isZero();
		this.redis.kill();
		load.release();

		assertThatExceptionOfType(IllegalStateException.class).isThrownBy(call::result)
			.withMessage("the database is away");
		assertThat(shop.service().loads()).isEqualTo(2);
	}

	@ParameterizedTest
	@EnumSource
	void whatWasNotEvictedStandsInThoughRedisIsGone(Way way) throws Exception {
		TestInstance<Shop> shop = shop(STALE, false);
		hold(shop, way);
		Pause load = shop.service().failLater();
		Call<Integer> call = call(() -> way.find(shop));
		load.awaitReached();

		shop.cache("others").evict("t1:1");
		this.redis.kill();
		load.release();

		assertThat(call.result()).isEqualTo(1);
		assertThat(shop.service().loads()).isEqualTo(2);
	}

	@Test
	void whatWasEvictedElsewhereDoesNotStandInWhileRedisAnswers() throws Exception {
		TestInstance<Shop> shop = shop(STALE, false);
		TestInstance<Shop> other = shop(STALE, false);
		hold(shop, Way.PLAIN);
		Pause load = shop.service().failLater();
		Call<Integer> call = call(() -> Way.PLAIN.find(shop));
		load.awaitReached();

		other.cacheService().invalidate("*:1");
		load.release();

		assertThatExceptionOfType(IllegalStateException.class).isThrownBy(call::result);
	}

	// Distrust

	@ParameterizedTest
	@EnumSource(names = { "PLAIN", "BATCH" })
	void whatIsOfAnotherServerDoesNotStandIn(Way way) {
		TestInstance<Shop> shop = shop(STALE, true);
		hold(shop, way);
		ofAnotherServer(way.key());
		shop.service().fail();

		assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> way.find(shop))
			.withMessage("the database is away");
	}

	@ParameterizedTest
	@EnumSource
	void whatIsOfAnotherServerByTheEndOfTheLoadDoesNotStandIn(Way way) throws Exception {
		TestInstance<Shop> shop = shop(STALE, true);
		hold(shop, way);
		Pause load = shop.service().failLater();
		Call<Integer> call = call(() -> way.find(shop));
		load.awaitReached();

		ofAnotherServer(way.key());
		load.release();

		assertThatExceptionOfType(IllegalStateException.class).isThrownBy(call::result)
			.withMessage("the database is away");
	}

	@ParameterizedTest
	@EnumSource(names = { "PLAIN", "BATCH" })
	void whatIsOfThisServerStandsInThoughOthersAreDistrusted(Way way) {
		TestInstance<Shop> shop = shop(STALE, true);
		hold(shop, way);
		shop.service().fail();

		assertThat(way.find(shop)).isEqualTo(1);
	}

	@ParameterizedTest
	@EnumSource
	void whatIsOfAnotherServerIsNotForWhoHasWaitedForAnothersLoad(Way way) throws Exception {
		TestInstance<Shop> leader = shop(TIMELESS, false);
		TestInstance<Shop> waiter = shop(TIMELESS, true);
		way.find(leader);
		await().until(() -> !this.redis.keys(way.key()).isEmpty() && leader.counters(way.cache()).puts() == 1);
		this.redis.cli("COPY", way.key(), "kept");
		ofAnotherServer("kept");
		leader.cache(way.cache()).evict("t1:1");
		leader.service().version(2);
		waiter.service().version(3);
		Pause load = leader.service().pause();
		Call<Integer> leading = call(() -> way.find(leader));
		load.awaitReached();
		Call<Integer> waiting = call(() -> way.find(waiter));
		await().until(() -> waiter.counters(way.cache()).misses() == 1);

		this.redis.cli("COPY", "kept", way.key(), "REPLACE");

		assertThat(waiting.result()).isEqualTo(3);
		load.release();
		assertThat(leading.result()).isEqualTo(2);
	}

	private void ofAnotherServer(String key) {
		this.redis.cli("SETRANGE", key, "97", "0ther5un");
	}

	/** Have an entry whose time is up. */
	private void hold(TestInstance<Shop> shop, Way way) {
		shop.service().version(1);
		assertThat(way.find(shop)).isEqualTo(1);
		await().until(() -> shop.counters(way.cache()).puts() == 1);
		this.redis.cli("SETRANGE", way.key(), "120", "%013d".formatted(System.currentTimeMillis() - 60_000));
	}

	private TestInstance<Shop> shop(CacheSettings settings, boolean distrust) {
		TestInstance<Shop> shop = TestInstance.of(Shop.class, this.redis.host(), this.redis.port(),
				(builder) -> Internals.link(builder.defaults(settings), PATIENT)
					.caches(List.of("rows", "lists"))
					.distrustRestarts(distrust));
		return closing(shop).awaitUp();
	}

	/**
	 * A way to ask for row 1 of tenant t1.
	 */
	enum Way {

		PLAIN {
			@Override
			int find(TestInstance<Shop> shop) {
				return shop.service().find("t1", "1").version();
			}
		},

		SYNC {
			@Override
			int find(TestInstance<Shop> shop) {
				return shop.service().findSync("t1", "1").version();
			}
		},

		FUTURE {
			@Override
			int find(TestInstance<Shop> shop) {
				return joined(shop.service().findLater("t1", "1"));
			}
		},

		FUTURE_SYNC {
			@Override
			int find(TestInstance<Shop> shop) {
				return joined(shop.service().findLaterSync("t1", "1"));
			}
		},

		MONO {
			@Override
			int find(TestInstance<Shop> shop) {
				return joined(shop.service().findReactive("t1", "1").toFuture());
			}
		},

		FLUX {
			@Override
			int find(TestInstance<Shop> shop) {
				return joined(shop.service().list("t1", "1").last().toFuture());
			}
		},

		SERVICE {
			@Override
			int find(TestInstance<Shop> shop) {
				return shop.cacheService()
					.getOrLoad("rows:t1:1", Row.class, Duration.ofHours(1), () -> shop.service().load("t1", "1"))
					.version();
			}
		},

		BATCH {
			@Override
			int find(TestInstance<Shop> shop) {
				return Objects
					.requireNonNull(shop.cacheService()
						.getAll(List.of("rows:t1:1"), Row.class,
								(keys) -> Map.of("rows:t1:1", shop.service().load("t1", "1")))
						.get("rows:t1:1"))
					.version();
			}
		};

		abstract int find(TestInstance<Shop> shop);

		String cache() {
			return (this == FLUX) ? "lists" : "rows";
		}

		String key() {
			return cache() + ":t1:1";
		}

		private static int joined(CompletableFuture<Row> row) {
			try {
				return row.get(20, TimeUnit.SECONDS).version();
			}
			catch (java.util.concurrent.ExecutionException ex) {
				throw (RuntimeException) ex.getCause();
			}
			catch (Exception ex) {
				throw new IllegalStateException(ex);
			}
		}

	}

	/**
	 * The application.
	 */
	static class Shop {

		private final AtomicInteger loads = new AtomicInteger();

		private volatile int version;

		private volatile boolean failing;

		private volatile @Nullable Pause pause;

		public int loads() {
			return this.loads.get();
		}

		public void version(int version) {
			this.version = version;
		}

		public void fail() {
			this.failing = true;
		}

		/** Have the next load stop, and fail when it is released. */
		public Pause failLater() {
			fail();
			return pause();
		}

		/** Have the next load stop when it has read. */
		public Pause pause() {
			Pause pause = new Pause();
			this.pause = pause;
			return pause;
		}

		public Row load(String tenant, String id) {
			this.loads.incrementAndGet();
			Row row = new Row(tenant, id, this.version);
			Pause pause = this.pause;
			this.pause = null;
			if (pause != null) {
				pause.stop();
			}
			if (this.failing) {
				throw new IllegalStateException("the database is away");
			}
			return row;
		}

		@Cacheable("rows")
		public Row find(String tenant, String id) {
			return load(tenant, id);
		}

		@Cacheable(cacheNames = "rows", sync = true)
		public Row findSync(String tenant, String id) {
			return load(tenant, id);
		}

		@Cacheable("rows")
		public CompletableFuture<Row> findLater(String tenant, String id) {
			return CompletableFuture.supplyAsync(() -> load(tenant, id), Threads.OWN);
		}

		@Cacheable(cacheNames = "rows", sync = true)
		public CompletableFuture<Row> findLaterSync(String tenant, String id) {
			return CompletableFuture.supplyAsync(() -> load(tenant, id), Threads.OWN);
		}

		@Cacheable("rows")
		public Mono<Row> findReactive(String tenant, String id) {
			return loadReactive(tenant, id);
		}

		@Cacheable("lists")
		public Flux<Row> list(String tenant, String id) {
			return loadReactive(tenant, id).flux();
		}

		private Mono<Row> loadReactive(String tenant, String id) {
			return Mono.fromFuture(() -> CompletableFuture.supplyAsync(() -> load(tenant, id), Threads.OWN));
		}

	}

}
