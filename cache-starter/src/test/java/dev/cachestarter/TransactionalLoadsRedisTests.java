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
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Mono;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.reactive.AbstractReactiveTransactionManager;
import org.springframework.transaction.reactive.GenericReactiveTransaction;
import org.springframework.transaction.reactive.TransactionSynchronizationManager;
import org.springframework.transaction.reactive.TransactionalOperator;
import org.springframework.transaction.support.TransactionTemplate;

import dev.cachestarter.cache.Internals;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Threads;
import dev.cachestarter.testing.Transactions;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Loads in read-write transactions: what they load is stored when they commit, also where
 * nobody but transactions reads a key.
 */
@WithRedis
class TransactionalLoadsRedisTests extends Interleavings {

	private static final CacheSettings STALE = TIMELESS.withStaleIfError(Duration.ofHours(1));

	private final TransactionTemplate transaction = new TransactionTemplate(new Transactions());

	private final TransactionalOperator reactive = TransactionalOperator.create(new ReactiveTransactions());

	TransactionalLoadsRedisTests(RedisServer redis) {
		super(redis);
	}

	@BeforeEach
	void emptyRedis() {
		this.redis.flushAll();
		Shop.PRICES.clear();
	}

	@Test
	void aKeyThatManyTransactionsReadIsFilled() throws Exception {
		TestInstance<Shop> shop = shop(TIMELESS);
		shop.service().loadsTake(Duration.ofMillis(30));
		AtomicBoolean over = new AtomicBoolean();
		List<Call<Integer>> readers = new java.util.ArrayList<>();
		for (int i = 0; i < 8; i++) {
			readers.add(call(() -> {
				int reads = 0;
				for (; !over.get(); reads++) {
					in(() -> shop.service().price("tea"));
				}
				return reads;
			}));
		}

		try {
			await().atMost(Duration.ofMinutes(1)).until(() -> shop.counters("prices").hits() >= 20);
		}
		finally {
			over.set(true);
		}

		for (Call<Integer> reader : readers) {
			assertThat(reader.result()).isPositive();
		}
	}

	@ParameterizedTest
	@EnumSource
	void ofSeveralTransactionsThatLoadAKeyTheFirstStoresIt(Way way) throws Exception {
		TestInstance<Shop> shop = shop(TIMELESS);
		TestInstance<Shop> other = shop(TIMELESS);
		Pause slow = shop.service().pause();
		Call<Integer> first = call(() -> in(() -> way.price(shop)));
		slow.awaitReached();

		assertThat(call(() -> in(() -> way.price(shop))).result()).isEqualTo(1);
		assertThat(call(() -> in(() -> way.price(other))).result()).isEqualTo(1);
		slow.release();

		assertThat(first.result()).isEqualTo(1);
		await().untilAsserted(() -> assertThat(shop.counters("prices").puts()).isEqualTo(1));
		assertThat(way.price(other)).isEqualTo(1);
		assertThat(shop.service().loads() + other.service().loads()).isEqualTo(3);
	}

	@ParameterizedTest
	@EnumSource
	void aTransactionLoadsAKeyOnce(Way way) {
		TestInstance<Shop> shop = shop(TIMELESS);

		in(() -> {
			for (int i = 0; i < 10; i++) {
				assertThat(way.price(shop)).isEqualTo(1);
			}
			return null;
		});

		assertThat(shop.service().loads()).isEqualTo(1);
		await().untilAsserted(() -> assertThat(shop.counters("prices").puts()).isEqualTo(1));
		assertThat(shop.counters("prices").refusedFills()).isZero();
	}

	@ParameterizedTest
	@EnumSource
	void aTransactionLoadsAgainWhatItHasEvicted(Way way) {
		TestInstance<Shop> shop = shop(TIMELESS);

		in(() -> {
			assertThat(way.price(shop)).isEqualTo(1);
			shop.service().change("tea", 2);
			assertThat(way.price(shop)).isEqualTo(2);
			return null;
		});

		assertThat(shop.service().loads()).isEqualTo(2);
		assertThat(way.price(shop)).isEqualTo(2);
	}

	@ParameterizedTest
	@EnumSource
	void aStaleValueIsReplacedWhenATransactionThatReadItCommits(Way way) {
		TestInstance<Shop> shop = shop(STALE);
		hold(shop, way);
		Shop.PRICES.put("tea", 2);

		assertThat(in(() -> way.price(shop))).isEqualTo(2);

		await().untilAsserted(() -> assertThat(shop.counters("prices").puts()).isEqualTo(2));
		assertThat(way.price(shop)).isEqualTo(2);
		assertThat(shop.service().loads()).isEqualTo(2);
	}

	@ParameterizedTest
	@EnumSource
	void aStaleValueIsNotReplacedByWhatWasLoadedBeforeItWasEvicted(Way way) {
		TestInstance<Shop> shop = shop(STALE);
		TestInstance<Shop> other = shop(STALE);
		hold(shop, way);
		Shop.PRICES.put("tea", 2);

		in(() -> {
			assertThat(way.price(shop)).isEqualTo(2);
			Shop.PRICES.put("tea", 3);
			elsewhere(() -> other.cache("prices").evict("tea"));
			return null;
		});

		await().untilAsserted(() -> assertThat(shop.counters("prices").refusedFills()).isEqualTo(1));
		assertThat(way.price(shop)).isEqualTo(3);
	}

	@Test
	void aStaleValueIsNotReplacedByWhatWasLoadedBeforeItsCacheWasEvicted() {
		TestInstance<Shop> shop = shop(STALE);
		TestInstance<Shop> other = shop(STALE);
		hold(shop, Way.METHOD);
		Shop.PRICES.put("tea", 2);

		in(() -> {
			assertThat(Way.METHOD.price(shop)).isEqualTo(2);
			Shop.PRICES.put("tea", 3);
			elsewhere(() -> other.cache("prices").clear());
			return null;
		});

		await().untilAsserted(
				() -> assertThat(shop.counters("prices").puts() + shop.counters("prices").refusedFills()).isEqualTo(2));
		assertThat(Way.METHOD.price(shop)).isEqualTo(3);
		assertThat(Way.METHOD.price(other)).isEqualTo(3);
	}

	@ParameterizedTest
	@EnumSource
	void aStaleValueIsNotReplacedByATransactionThatIsRolledBack(Way way) {
		TestInstance<Shop> shop = shop(STALE);
		hold(shop, way);

		this.transaction.executeWithoutResult((status) -> {
			Shop.PRICES.put("tea", 2);
			assertThat(way.price(shop)).isEqualTo(2);
			Shop.PRICES.put("tea", 1);
			status.setRollbackOnly();
		});

		assertThat(way.price(shop)).isEqualTo(1);
	}

	// Reactive transactions

	@ParameterizedTest
	@EnumSource
	void whatAReactiveTransactionLoadsIsNotStored(Reactive way) {
		TestInstance<Shop> shop = shop(TIMELESS);

		Integer inside = Mono.defer(() -> {
			Shop.PRICES.put("tea", 2);
			return way.price(shop).doOnTerminate(() -> Shop.PRICES.put("tea", 1));
		}).as(this.reactive::transactional).block(Duration.ofSeconds(20));

		assertThat(inside).isEqualTo(2);
		assertThat(way.price(shop).block(Duration.ofSeconds(20))).isEqualTo(1);
		assertThat(shop.service().loads()).isEqualTo(2);
	}

	@ParameterizedTest
	@EnumSource
	void whatAReactiveTransactionLoadsIsSharedWithNobody(Reactive way) throws Exception {
		TestInstance<Shop> shop = shop(TIMELESS);
		TestInstance<Shop> other = shop(TIMELESS);
		Pause slow = shop.service().pause();
		Shop.PRICES.put("tea", 2);
		Call<Integer> inside = call(
				() -> way.price(shop).as(this.reactive::transactional).block(Duration.ofSeconds(20)));
		slow.awaitReached();
		Shop.PRICES.put("tea", 1);

		assertThat(call(() -> way.price(shop).block(Duration.ofSeconds(20))).result()).isEqualTo(1);
		assertThat(call(() -> way.price(other).block(Duration.ofSeconds(20))).result()).isEqualTo(1);
		slow.release();

		assertThat(inside.result()).isEqualTo(2);
		assertThat(way.price(shop).block(Duration.ofSeconds(20))).isEqualTo(1);
	}

	@Test
	void whatIsEvictedInAReactiveTransactionIsEvictedAgainAfterTheCommit() {
		TestInstance<Shop> shop = shop(TIMELESS);
		TestInstance<Shop> other = shop(TIMELESS);

		shop.service()
			.changeReactive("tea")
			// Nobody else sees the change yet, and one of them stores what it sees.
			.doOnNext((changed) -> {
				assertThat(other.service().price("tea")).isEqualTo(1);
				await().until(() -> other.counters("prices").puts() == 1);
				Shop.PRICES.put("tea", 2);
			})
			.as(this.reactive::transactional)
			.block(Duration.ofSeconds(20));

		assertThat(other.service().price("tea")).isEqualTo(2);
		assertThat(shop.service().price("tea")).isEqualTo(2);
	}

	@Test
	void whatIsPutInAReactiveTransactionIsEvictedAfterTheCommit() {
		TestInstance<Shop> shop = shop(TIMELESS);

		shop.service()
			.putReactive("tea", 2)
			.doOnNext((changed) -> Shop.PRICES.put("tea", 3))
			.as(this.reactive::transactional)
			.block(Duration.ofSeconds(20));

		assertThat(shop.service().price("tea")).isEqualTo(3);
	}

	private <T extends @Nullable Object> T in(Supplier<T> work) {
		return this.transaction.execute((status) -> work.get());
	}

	/** Out of the transaction of this thread. */
	private static void elsewhere(Runnable action) {
		java.util.concurrent.CompletableFuture.runAsync(action, Threads.OWN).orTimeout(20, TimeUnit.SECONDS).join();
	}

	/** Have a value in Redis whose time is up. */
	private void hold(TestInstance<Shop> shop, Way way) {
		way.price(shop);
		await().until(() -> shop.counters("prices").puts() == 1);
		this.redis.cli("SETRANGE", "prices:tea", "120", "%013d".formatted(System.currentTimeMillis() - 60_000));
	}

	private TestInstance<Shop> shop(CacheSettings settings) {
		return closing(TestInstance.of(Shop.class, this.redis.host(), this.redis.port(),
				(builder) -> Internals.link(builder.defaults(settings).caches(List.of("prices")), PATIENT)))
			.awaitUp();
	}

	/**
	 * A way to ask for the price of tea.
	 */
	enum Way {

		METHOD {
			@Override
			int price(TestInstance<Shop> shop) {
				return shop.service().price("tea");
			}
		},

		SYNC {
			@Override
			int price(TestInstance<Shop> shop) {
				return shop.service().priceSync("tea");
			}
		},

		SERVICE {
			@Override
			int price(TestInstance<Shop> shop) {
				return java.util.Objects.requireNonNull(shop.cacheService()
					.getOrLoad("prices:tea", Integer.class, Duration.ofHours(1), () -> shop.service().load("tea")));
			}
		},

		BATCH {
			@Override
			int price(TestInstance<Shop> shop) {
				return java.util.Objects.requireNonNull(shop.cacheService()
					.getAll(List.of("prices:tea"), Integer.class,
							(keys) -> java.util.Map.of("prices:tea", shop.service().load("tea")))
					.get("prices:tea"));
			}
		};

		abstract int price(TestInstance<Shop> shop);

	}

	/**
	 * A way to ask for the price of tea, within a reactive transaction or not.
	 */
	enum Reactive {

		MONO {
			@Override
			Mono<Integer> price(TestInstance<Shop> shop) {
				return shop.service().priceReactive("tea");
			}
		},

		SYNC {
			@Override
			Mono<Integer> price(TestInstance<Shop> shop) {
				return shop.service().priceReactiveSync("tea");
			}
		};

		abstract Mono<Integer> price(TestInstance<Shop> shop);

	}

	/**
	 * Prices, 1 unless something else is said.
	 */
	static class Shop {

		static final ConcurrentMap<String, Integer> PRICES = new ConcurrentHashMap<>();

		private final AtomicInteger loads = new AtomicInteger();

		private final AtomicReference<@Nullable Pause> pause = new AtomicReference<>();

		private volatile Duration time = Duration.ZERO;

		public int loads() {
			return this.loads.get();
		}

		public void loadsTake(Duration taken) {
			this.time = taken;
		}

		/** Have the next load stop. */
		public Pause pause() {
			Pause next = new Pause();
			this.pause.set(next);
			return next;
		}

		public int load(String id) {
			this.loads.incrementAndGet();
			int price = PRICES.getOrDefault(id, 1);
			Pause here = this.pause.getAndSet(null);
			if (here != null) {
				here.stop();
			}
			try {
				TimeUnit.NANOSECONDS.sleep(this.time.toNanos());
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			return price;
		}

		@Cacheable(cacheNames = "prices", key = "#id")
		public Integer price(String id) {
			return load(id);
		}

		@Cacheable(cacheNames = "prices", key = "#id", sync = true)
		public Integer priceSync(String id) {
			return load(id);
		}

		@Cacheable(cacheNames = "prices", key = "#id")
		public Mono<Integer> priceReactive(String id) {
			return Mono.fromCallable(() -> load(id));
		}

		@Cacheable(cacheNames = "prices", key = "#id", sync = true)
		public Mono<Integer> priceReactiveSync(String id) {
			return Mono.fromCallable(() -> load(id));
		}

		@CacheEvict(cacheNames = "prices", key = "#id")
		public void change(String id, int price) {
			PRICES.put(id, price);
		}

		@CacheEvict(cacheNames = "prices", key = "#id")
		public Mono<String> changeReactive(String id) {
			return Mono.just(id);
		}

		@CachePut(cacheNames = "prices", key = "#id")
		public Mono<Integer> putReactive(String id, int price) {
			return Mono.just(price);
		}

	}

	/**
	 * The same for subscribers.
	 */
	@SuppressWarnings("serial")
	private static final class ReactiveTransactions extends AbstractReactiveTransactionManager {

		@Override
		protected Object doGetTransaction(TransactionSynchronizationManager synchronizations) {
			return new Object();
		}

		@Override
		protected Mono<Void> doBegin(TransactionSynchronizationManager synchronizations, Object begun,
				TransactionDefinition definition) {
			return Mono.empty();
		}

		@Override
		protected Mono<Void> doCommit(TransactionSynchronizationManager synchronizations,
				GenericReactiveTransaction status) {
			return Mono.empty();
		}

		@Override
		protected Mono<Void> doRollback(TransactionSynchronizationManager synchronizations,
				GenericReactiveTransaction status) {
			return Mono.empty();
		}

	}

}
