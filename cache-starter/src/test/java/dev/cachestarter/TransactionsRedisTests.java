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
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import java.util.function.Supplier;

import javax.sql.DataSource;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Mono;

import org.springframework.cache.Cache;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.embedded.EmbeddedDatabaseBuilder;
import org.springframework.jdbc.datasource.embedded.EmbeddedDatabaseType;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.event.TransactionalEventListener;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Threads;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

/**
 * Caches in transactions of a real database: nobody sees what is not committed, and
 * nobody misses what is.
 */
@WithRedis(local = true)
class TransactionsRedisTests {

	private final RedisServer redis;

	private final TestInstance<Prices> instance;

	private final Prices prices;

	private final TransactionTemplate transaction;

	TransactionsRedisTests(RedisServer redis) {
		this.redis = redis;
		this.instance = TestInstance.of(Prices.class, redis.host(), redis.port(), TestInstance::patient,
				Database.class);
		this.prices = this.instance.service();
		this.transaction = new TransactionTemplate(this.instance.context().getBean(PlatformTransactionManager.class));
	}

	@BeforeEach
	void connected() {
		this.instance.awaitUp();
		this.prices.insert("a", 1);
		this.prices.insert("b", 1);
	}

	@AfterEach
	void close() {
		this.instance.close();
	}

	// Evictions

	@Test
	void anEvictionTakesEffectAfterTheCommit() {
		this.prices.price("a");

		this.transaction.executeWithoutResult((status) -> {
			this.prices.change("a", 2);
			assertThat(elsewhere("a")).isEqualTo(1);
			assertThat(this.prices.price("a")).isEqualTo(2);
			assertThat(elsewhere("a")).isEqualTo(1);
		});

		assertThat(elsewhere("a")).isEqualTo(2);
		assertThat(this.prices.price("a")).isEqualTo(2);
	}

	@Test
	void anEvictionIsForgottenWithARollback() {
		this.prices.price("a");

		this.transaction.executeWithoutResult((status) -> {
			this.prices.change("a", 2);
			assertThat(this.prices.price("a")).isEqualTo(2);
			status.setRollbackOnly();
		});

		int loads = this.prices.loads();
		assertThat(elsewhere("a")).isEqualTo(1);
		assertThat(this.prices.price("a")).isEqualTo(1);
		assertThat(this.prices.loads()).isEqualTo(loads);
	}

	@Test
	void patternsAndWholeCachesAreEvictedAfterTheCommit() {
		this.prices.page("org-1", 1);
		this.prices.page("org-2", 1);
		this.prices.price("a");

		this.transaction.executeWithoutResult((status) -> {
			this.prices.changePages("org-1");
			this.prices.changeAll();
			int loads = this.prices.loads();
			this.prices.page("org-1", 1);
			this.prices.price("a");
			assertThat(this.prices.loads()).isEqualTo(loads + 2);
			this.prices.page("org-2", 1);
			inAnotherThread(() -> this.prices.page("org-1", 1));
			assertThat(elsewhere("a")).isEqualTo(1);
			assertThat(this.prices.loads()).isEqualTo(loads + 2);
		});

		int loads = this.prices.loads();
		this.prices.page("org-2", 1);
		assertThat(this.prices.loads()).isEqualTo(loads);
		this.prices.page("org-1", 1);
		this.prices.price("a");
		assertThat(this.prices.loads()).isEqualTo(loads + 2);
	}

	@Test
	void patternsAndWholeCachesSurviveARollback() {
		this.prices.page("org-1", 1);
		this.prices.price("a");
		int loads = this.prices.loads();

		this.transaction.executeWithoutResult((status) -> {
			this.prices.changePages("org-1");
			this.prices.changeAll();
			status.setRollbackOnly();
		});

		this.prices.page("org-1", 1);
		this.prices.price("a");
		assertThat(this.prices.loads()).isEqualTo(loads);
	}

	@Test
	void anEvictionBeforeTheMethodIsDoneAtOnceAndAgainAfterTheCommit() {
		this.prices.price("a");

		this.transaction.executeWithoutResult((status) -> {
			this.prices.changeAfterEviction("a", 2);
			// Another loads what is not committed yet, after the first eviction.
			int loads = this.prices.loads();
			assertThat(elsewhere("a")).isEqualTo(1);
			assertThat(this.prices.loads()).isEqualTo(loads + 1);
			await().until(() -> valueOf("a") != null);
		});

		assertThat(this.prices.price("a")).isEqualTo(2);
	}

	@Test
	void failingMethodsOfTheirOwnTransactionEvictNothing() {
		this.prices.price("a");
		int loads = this.prices.loads();

		assertThatIllegalStateException().isThrownBy(() -> this.prices.changeAndFail("a", 2));

		assertThat(this.prices.price("a")).isEqualTo(1);
		assertThat(this.prices.loads()).isEqualTo(loads);
	}

	@Test
	void aMethodOfItsOwnTransactionEvictsAfterIt() {
		this.prices.price("a");

		this.prices.changeInOwnTransaction("a", 2);

		assertThat(elsewhere("a")).isEqualTo(2);
	}

	// Loads

	@Test
	void whatATransactionLoadsIsStoredAfterTheCommit() {
		this.transaction.executeWithoutResult((status) -> {
			assertThat(this.prices.price("a")).isEqualTo(1);
			assertThat(this.instance.cache("prices").getStatistics().getPuts()).isZero();
		});

		await().until(() -> valueOf("a") != null);
		assertThat(valueOf("a")).isEqualTo(1);
	}

	@Test
	void whatATransactionLoadsIsNotStoredWhenItRollsBack() {
		this.transaction.executeWithoutResult((status) -> {
			this.prices.set("a", 2);
			assertThat(this.prices.price("a")).isEqualTo(2);
			assertThat(this.prices.synced("b")).isEqualTo(1);
			status.setRollbackOnly();
		});

		await().untilAsserted(() -> assertThat(this.redis.keys("prices:*")).isEmpty());
		assertThat(this.prices.price("a")).isEqualTo(1);
	}

	@Test
	void anotherCallerWaitsForNoTransaction() {
		this.transaction.executeWithoutResult((status) -> {
			this.prices.set("a", 2);
			assertThat(this.prices.price("a")).isEqualTo(2);
			assertThat(this.prices.synced("b")).isEqualTo(1);
			long start = System.nanoTime();

			assertThat(elsewhere("a")).isEqualTo(1);
			assertThat(inAnotherThread(() -> this.prices.synced("b"))).isEqualTo(1);

			assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(CacheSettings.defaults().loadWait());
		});
	}

	@Test
	void aTransactionSharesTheLoadOfNobody() throws Exception {
		CountDownLatch loading = new CountDownLatch(1);
		CountDownLatch go = new CountDownLatch(1);
		CompletableFuture<Integer> other = CompletableFuture.supplyAsync(() -> this.prices.slow("a", loading, go),
				Threads.OWN);
		assertThat(loading.await(10, TimeUnit.SECONDS)).isTrue();

		this.transaction.executeWithoutResult((status) -> {
			this.prices.set("a", 2);
			assertThat(this.prices.price("a")).isEqualTo(2);
		});
		go.countDown();

		assertThat(other.get(10, TimeUnit.SECONDS)).isNotNull();
	}

	@Test
	void whatATransactionLoadedIsNotStoredIfAnEvictionCameBetween() {
		this.transaction.executeWithoutResult((status) -> {
			assertThat(this.prices.price("a")).isEqualTo(1);
			inAnotherThread(() -> this.prices.changeInOwnTransaction("a", 2));
		});

		assertThat(this.prices.price("a")).isEqualTo(2);
	}

	@Test
	void whatATransactionLoadsAndThenChangesIsNotStored() {
		this.transaction.executeWithoutResult((status) -> {
			assertThat(this.prices.price("a")).isEqualTo(1);
			this.prices.change("a", 2);
		});

		assertThat(elsewhere("a")).isEqualTo(2);
	}

	@Test
	void aTransactionThatOnlyReadsCachesAsIfThereWereNone() {
		TransactionTemplate reading = template(TransactionDefinition.PROPAGATION_REQUIRED);
		reading.setReadOnly(true);

		reading.executeWithoutResult((status) -> {
			this.prices.price("a");
			await().until(() -> inAnotherThread(() -> valueOf("a")) != null);
			int loads = this.prices.loads();
			this.prices.price("a");
			this.prices.drop("a");
			assertThat(elsewhere("a")).isEqualTo(1);
			assertThat(this.prices.loads()).isEqualTo(loads + 1);
		});
	}

	// Puts

	@Test
	void aPutIsSeenAfterTheCommit() {
		this.prices.price("a");
		this.prices.price("b");
		int loads = this.prices.loads();

		this.transaction.executeWithoutResult((status) -> {
			this.prices.replace("a", 2);
			this.prices.replace("b", 2);
			assertThat(elsewhere("a")).isEqualTo(1);
			assertThat(this.prices.price("a")).isEqualTo(2);
			assertThat(this.prices.loads()).isEqualTo(loads + 2);
		});

		assertThat(this.prices.price("b")).isEqualTo(2);
		assertThat(this.prices.loads()).isEqualTo(loads + 2);
		assertThat(elsewhere("a")).isEqualTo(2);
	}

	@Test
	void nobodyReadsTheOldValueOnceACommitHasReturnedWhosePutWasNotAnswered() throws InterruptedException {
		this.prices.price("a");
		CountDownLatch paused = new CountDownLatch(1);
		Thread committer = new Thread(() -> this.transaction.executeWithoutResult((status) -> {
			this.prices.replace("a", 2);
			this.redis.pause();
			paused.countDown();
		}));
		int pending;
		try {
			committer.start();
			assertThat(paused.await(30, TimeUnit.SECONDS)).isTrue();
			await().atMost(Duration.ofMinutes(1)).until(() -> committer.getState() == Thread.State.TIMED_WAITING);

			// Its time to wait is over, for one reason or another.
			committer.interrupt();
			await().atMost(Duration.ofMinutes(1)).until(() -> !committer.isAlive());
			pending = this.instance.engine().evictions().pendingCount();
		}
		finally {
			this.redis.resume();
		}

		assertThat(pending).isEqualTo(1);
		await().atMost(Duration.ofMinutes(1)).until(() -> this.instance.engine().evictions().pendingCount() == 0);
	}

	@Test
	void aPutIsForgottenWithARollback() {
		this.prices.price("a");

		this.transaction.executeWithoutResult((status) -> {
			this.prices.replace("a", 2);
			status.setRollbackOnly();
		});

		assertThat(elsewhere("a")).isEqualTo(1);
		assertThat(this.prices.price("a")).isEqualTo(1);
	}

	@Test
	void theLastOfSeveralPutsAndEvictionsCounts() {
		this.transaction.executeWithoutResult((status) -> {
			this.prices.replace("a", 2);
			this.prices.replace("a", 3);
			this.prices.replace("b", 2);
			this.prices.change("b", 3);
		});

		assertThat(valueOf("a")).as("the second put is stored").isEqualTo(3);
		assertThat(valueOf("b")).isNull();
		assertThat(this.prices.price("b")).isEqualTo(3);
	}

	@Test
	void aPutAfterAnEvictionIsStored() {
		this.prices.price("a");
		this.prices.price("b");

		this.transaction.executeWithoutResult((status) -> {
			this.prices.change("a", 2);
			this.prices.replace("a", 3);
			this.instance.cache("prices").clear();
			this.instance.cache("prices").put("b", 4);
		});

		assertThat(valueOf("a")).isNull();
		assertThat(valueOf("b")).isEqualTo(4);
		this.transaction.executeWithoutResult((status) -> {
			this.prices.change("a", 2);
			this.prices.replace("a", 3);
		});
		assertThat(valueOf("a")).isEqualTo(3);
	}

	// Several transactions

	@Test
	void aTransactionWithinASuspendedOneIsItsOwn() {
		this.prices.price("a");
		this.prices.price("b");
		TransactionTemplate inner = template(TransactionDefinition.PROPAGATION_REQUIRES_NEW);

		this.transaction.executeWithoutResult((outer) -> {
			this.prices.change("a", 2);
			inner.executeWithoutResult((status) -> {
				assertThat(this.prices.price("a")).isEqualTo(1);
				this.prices.change("b", 2);
			});
			assertThat(elsewhere("b")).isEqualTo(2);
			assertThat(elsewhere("a")).isEqualTo(1);
			assertThat(this.prices.price("a")).isEqualTo(2);
			outer.setRollbackOnly();
		});

		assertThat(elsewhere("a")).isEqualTo(1);
		assertThat(elsewhere("b")).isEqualTo(2);
	}

	@Test
	void theRollbackOfAnInnerTransactionLeavesTheOuterOnesEvictions() {
		this.prices.price("a");
		this.prices.price("b");
		TransactionTemplate inner = template(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
		int loads = this.prices.loads();

		this.transaction.executeWithoutResult((outer) -> {
			this.prices.change("a", 2);
			inner.executeWithoutResult((status) -> {
				this.prices.change("b", 2);
				status.setRollbackOnly();
			});
		});

		assertThat(elsewhere("a")).isEqualTo(2);
		assertThat(elsewhere("b")).isEqualTo(1);
		assertThat(this.prices.loads()).isEqualTo(loads + 1);
	}

	@Test
	void whileATransactionIsSuspendedItsScopeIsToo() {
		this.prices.price("a");
		TransactionTemplate without = template(TransactionDefinition.PROPAGATION_NOT_SUPPORTED);

		this.transaction.executeWithoutResult((outer) -> {
			this.prices.change("a", 2);
			without.executeWithoutResult((status) -> {
				assertThat(this.prices.price("a")).isEqualTo(1);
				this.prices.drop("b");
			});
			assertThat(this.prices.price("a")).isEqualTo(2);
		});

		assertThat(elsewhere("a")).isEqualTo(2);
	}

	@Test
	void whatWasDoneSinceASavepointIsForgottenWithIt() {
		this.prices.price("b");
		TransactionTemplate nested = template(TransactionDefinition.PROPAGATION_NESTED);

		this.transaction.executeWithoutResult((outer) -> {
			this.prices.replace("a", 2);
			nested.executeWithoutResult((status) -> {
				this.prices.replace("c", 3);
				this.prices.set("d", 3);
				assertThat(this.prices.synced("d")).isEqualTo(3);
				this.prices.change("b", 3);
				status.setRollbackOnly();
			});
		});

		assertThat(elsewhere("a")).isEqualTo(2);
		assertThat(elsewhere("b")).isEqualTo(1);
		assertThat(elsewhere("c")).isNull();
		assertThat(elsewhere("d")).isNull();
	}

	@Test
	void whatWasDoneInANestedTransactionThatEndsWellIsDoneAfterTheCommit() {
		this.prices.price("a");
		TransactionTemplate nested = template(TransactionDefinition.PROPAGATION_NESTED);

		this.transaction.executeWithoutResult((outer) -> {
			nested.executeWithoutResult((status) -> this.prices.change("a", 2));
			assertThat(elsewhere("a")).isEqualTo(1);
		});

		assertThat(elsewhere("a")).isEqualTo(2);
	}

	// Listeners

	@Test
	void whoeverIsToldOfTheCommitReadsWhatWasCommitted() {
		this.prices.price("a");
		AtomicReference<@Nullable Integer> seen = new AtomicReference<>();

		this.transaction.executeWithoutResult((status) -> {
			TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {

				@Override
				public void afterCommit() {
					seen.set(TransactionsRedisTests.this.prices.price("a"));
				}

			});
			this.prices.change("a", 2);
			this.prices.publish("a");
		});

		assertThat(seen.get()).isEqualTo(2);
		assertThat(this.prices.heard()).isEqualTo(2);
	}

	@Test
	void aListenerThatEvictsIsHeeded() {
		this.prices.price("a");

		this.transaction.executeWithoutResult((status) -> {
			this.prices.set("a", 2);
			TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {

				@Override
				public void afterCommit() {
					TransactionsRedisTests.this.prices.drop("a");
				}

			});
		});

		assertThat(elsewhere("a")).isEqualTo(2);
	}

	// Redis away

	@Test
	void aFailureOfRedisAfterTheCommitReachesNobody() {
		this.prices.price("a");
		this.prices.price("b");

		this.transaction.executeWithoutResult((status) -> {
			this.prices.change("a", 2);
			this.prices.replace("b", 2);
			this.redis.kill();
		});

		assertThat(this.prices.price("a")).isEqualTo(2);
		assertThat(this.prices.price("b")).isEqualTo(2);
		assertThat(this.prices.inDatabase("a")).isEqualTo(2);
	}

	// Caches without annotations

	@Test
	void cachesInTheHandWaitForTheCommitToo() {
		Cache cache = this.instance.cache("by-hand");
		cache.put("evicted", "old");
		cache.put("put", "old");
		cache.put("cleared:1", "old");

		this.transaction.executeWithoutResult((status) -> {
			cache.evict("evicted");
			cache.put("put", "new");
			cache.putIfAbsent("absent", "new");
			cache.evict(KeyPattern.of("cleared:*"));
			assertThat(cache.get("evicted")).isNull();
			assertThat(cache.get("cleared:1")).isNull();
			assertThat(textInAnotherThread(cache, "evicted")).isEqualTo("old");
			assertThat(textInAnotherThread(cache, "put")).isEqualTo("old");
			assertThat(textInAnotherThread(cache, "cleared:1")).isEqualTo("old");
			assertThat(textInAnotherThread(cache, "absent")).isNull();
		});

		assertThat(text(cache, "evicted")).isNull();
		assertThat(text(cache, "cleared:1")).isNull();
		assertThat(text(cache, "put")).isEqualTo("new");
		assertThat(text(cache, "absent")).isEqualTo("new");
	}

	@Test
	void cachesInTheHandForgetWithARollback() {
		Cache cache = this.instance.cache("by-hand");
		cache.put("evicted", "old");
		cache.put("put", "old");

		this.transaction.executeWithoutResult((status) -> {
			cache.evict("evicted");
			cache.put("put", "new");
			cache.putIfAbsent("absent", "new");
			cache.get("loaded", () -> "new");
			cache.clear();
			status.setRollbackOnly();
		});

		assertThat(text(cache, "evicted")).isEqualTo("old");
		assertThat(text(cache, "put")).isEqualTo("old");
		assertThat(text(cache, "absent")).isNull();
		assertThat(text(cache, "loaded")).isNull();
	}

	@Test
	void evictingIfPresentAndInvalidatingAreDoneAtOnceAndAgainAfterTheCommit() {
		Cache cache = this.instance.cache("by-hand");
		cache.put("k", "old");

		this.transaction.executeWithoutResult((status) -> {
			assertThat(cache.evictIfPresent("k")).isTrue();
			assertThat(textInAnotherThread(cache, "k")).isNull();
			inAnotherThread(() -> {
				cache.put("k", "old");
				return "";
			});
			assertThat(text(cache, "k")).isNull();
		});

		assertThat(text(cache, "k")).isNull();
	}

	private TransactionTemplate template(int propagation) {
		TransactionTemplate template = new TransactionTemplate(
				Objects.requireNonNull(this.transaction.getTransactionManager()));
		template.setPropagationBehavior(propagation);
		return template;
	}

	// Asynchronous methods

	static List<BiFunction<Prices, String, @Nullable Integer>> asynchronous() {
		return List.of((prices, id) -> prices.later(id).join(), (prices, id) -> prices.syncedLater(id).join(),
				(prices, id) -> prices.reactively(id).block(), (prices, id) -> prices.laterElsewhere(id).join());
	}

	@ParameterizedTest
	@MethodSource("asynchronous")
	void anAsynchronousMethodIsInTheTransactionOfItsCaller(BiFunction<Prices, String, @Nullable Integer> method) {
		this.transaction.executeWithoutResult((status) -> {
			this.prices.set("a", 2);
			assertThat(method.apply(this.prices, "a")).isEqualTo(2);
			assertThat(elsewhere("a")).as("not committed").isEqualTo(1);
			this.prices.drop("a");
			assertThat(method.apply(this.prices, "a")).isEqualTo(2);
			status.setRollbackOnly();
		});

		assertThat(elsewhere("a")).isEqualTo(1);
		assertThat(method.apply(this.prices, "a")).isEqualTo(1);
	}

	@Test
	void anAsynchronousPutIsNotSeenBeforeTheCommit() {
		this.prices.price("a");

		this.transaction.executeWithoutResult((status) -> {
			this.prices.replaceLater("a", 2).join();
			assertThat(elsewhere("a")).isEqualTo(1);
			assertThat(this.prices.price("a")).isEqualTo(2);
		});

		assertThat(elsewhere("a")).isEqualTo(2);
		assertThat(this.prices.price("a")).isEqualTo(2);
	}

	@Test
	void anAsynchronousPutIsForgottenWithARollback() {
		this.transaction.executeWithoutResult((status) -> {
			this.prices.replaceLater("a", 2).join();
			status.setRollbackOnly();
		});

		assertThat(elsewhere("a")).isEqualTo(1);
		assertThat(this.prices.price("a")).isEqualTo(1);
	}

	private @Nullable Integer elsewhere(String id) {
		return inAnotherThread(() -> this.prices.price(id));
	}

	private static <T> @Nullable T inAnotherThread(Supplier<@Nullable T> action) {
		return CompletableFuture.<@Nullable T>supplyAsync(action, Threads.OWN).orTimeout(20, TimeUnit.SECONDS).join();
	}

	private @Nullable Object valueOf(String id) {
		Cache.ValueWrapper wrapper = this.instance.cache("prices").get(id);
		return (wrapper != null) ? wrapper.get() : null;
	}

	private static @Nullable String textInAnotherThread(Cache cache, String key) {
		return inAnotherThread(() -> text(cache, key));
	}

	private static @Nullable String text(Cache cache, String key) {
		return cache.get(key, String.class);
	}

	static class Prices {

		private final JdbcTemplate jdbc;

		private final ApplicationEventPublisher events;

		private final AtomicInteger loads = new AtomicInteger();

		private final AtomicReference<@Nullable Integer> heard = new AtomicReference<>();

		Prices(JdbcTemplate jdbc, ApplicationEventPublisher events) {
			this.jdbc = jdbc;
			this.events = events;
		}

		public int loads() {
			return this.loads.get();
		}

		public @Nullable Integer heard() {
			return this.heard.get();
		}

		public void hear(@Nullable Integer price) {
			this.heard.set(price);
		}

		public void insert(String id, int price) {
			this.jdbc.update("insert into price values (?, ?)", id, price);
		}

		public void set(String id, int price) {
			this.jdbc.update("merge into price key (id) values (?, ?)", id, price);
		}

		public @Nullable Integer inDatabase(String id) {
			List<Integer> found = this.jdbc.queryForList("select price from price where id = ?", Integer.class, id);
			return found.isEmpty() ? null : found.get(0);
		}

		private @Nullable Integer load(String id) {
			this.loads.incrementAndGet();
			return inDatabase(id);
		}

		@Cacheable("prices")
		public @Nullable Integer price(String id) {
			return load(id);
		}

		@Cacheable(cacheNames = "prices", sync = true)
		public @Nullable Integer synced(String id) {
			return load(id);
		}

		@Cacheable(cacheNames = "prices", key = "#id")
		public Integer slow(String id, CountDownLatch loading, CountDownLatch go) {
			Integer loaded = Objects.requireNonNull(load(id));
			loading.countDown();
			try {
				assertThat(go.await(10, TimeUnit.SECONDS)).isTrue();
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			return loaded;
		}

		@Cacheable("pages")
		public List<Integer> page(String orgId, int page) {
			this.loads.incrementAndGet();
			return this.jdbc.queryForList("select price from price order by id", Integer.class);
		}

		@CacheEvict(cacheNames = "prices", key = "#id")
		public void change(String id, int price) {
			set(id, price);
		}

		@CacheEvict(cacheNames = "prices", key = "#id", beforeInvocation = true)
		public void changeAfterEviction(String id, int price) {
			set(id, price);
		}

		@Transactional(propagation = Propagation.REQUIRES_NEW)
		@CacheEvict(cacheNames = "prices", key = "#id")
		public String changeInOwnTransaction(String id, int price) {
			set(id, price);
			return id;
		}

		@Transactional
		@CacheEvict(cacheNames = "prices", key = "#id")
		public void changeAndFail(String id, int price) {
			set(id, price);
			throw new IllegalStateException("no");
		}

		@CacheEvictPattern(cacheNames = "pages", pattern = "#{#orgId}:*")
		public void changePages(String orgId) {
		}

		@CacheEvict(cacheNames = "prices", allEntries = true)
		public void changeAll() {
		}

		@CacheEvict("prices")
		public void drop(String id) {
		}

		@Cacheable("prices")
		public CompletableFuture<Integer> later(String id) {
			return CompletableFuture.completedFuture(load(id));
		}

		@Cacheable(cacheNames = "prices", sync = true)
		public CompletableFuture<Integer> syncedLater(String id) {
			return CompletableFuture.completedFuture(load(id));
		}

		@Cacheable("prices")
		public Mono<Integer> reactively(String id) {
			return Mono.fromSupplier(() -> load(id));
		}

		@Cacheable(cacheNames = "prices", key = "#id")
		public CompletableFuture<Integer> laterElsewhere(String id) {
			Integer loaded = load(id);
			return CompletableFuture.supplyAsync(() -> loaded, Threads.OWN);
		}

		@CachePut(cacheNames = "prices", key = "#id")
		public CompletableFuture<Integer> replaceLater(String id, int price) {
			set(id, price);
			return CompletableFuture.supplyAsync(() -> price, Threads.OWN);
		}

		@CachePut(cacheNames = "prices", key = "#id")
		public Integer replace(String id, int price) {
			set(id, price);
			return price;
		}

		public void publish(String id) {
			this.events.publishEvent(new Changed(id));
		}

	}

	record Changed(String id) {

	}

	static class Listener {

		private final Prices prices;

		Listener(Prices prices) {
			this.prices = prices;
		}

		@TransactionalEventListener
		void on(Changed event) {
			this.prices.hear(this.prices.price(event.id()));
		}

	}

	@Configuration(proxyBeanMethods = false)
	@EnableTransactionManagement(proxyTargetClass = true)
	static class Database {

		@Bean
		DataSource dataSource() {
			return new EmbeddedDatabaseBuilder().generateUniqueName(true).setType(EmbeddedDatabaseType.H2).build();
		}

		@Bean
		JdbcTemplate jdbc(DataSource dataSource) {
			JdbcTemplate jdbc = new JdbcTemplate(dataSource);
			jdbc.execute("create table price (id varchar primary key, price int)");
			return jdbc;
		}

		@Bean
		DataSourceTransactionManager transactionManager(DataSource dataSource) {
			return new DataSourceTransactionManager(dataSource);
		}

		@Bean
		Listener listener(Prices prices) {
			return new Listener(prices);
		}

	}

}
