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
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.Caching;
import org.springframework.cache.interceptor.KeyGenerator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.test.util.ReflectionTestUtils;
import org.springframework.transaction.support.TransactionTemplate;

import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Threads;
import dev.cachestarter.testing.Transactions;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Loads whose value belongs to one caller alone, or does so until it is stored: what is
 * shared, what is stored, and which commands Redis receives for them.
 */
@WithRedis
class UnsharedLoadsRedisTests {

	private final RedisServer redis;

	private final TestInstance<Shop> instance;

	UnsharedLoadsRedisTests(RedisServer redis) {
		this.redis = redis;
		redis.flushAll();
		Shop.together = new CountDownLatch(1);
		this.instance = TestInstance.of(Shop.class, redis.host(), redis.port(), TestInstance::patient, Keys.class)
			.awaitUp();
	}

	@AfterEach
	void close() {
		this.instance.close();
	}

	@Test
	void whatTheCodecRefusesIsLoadedByAllAtOnce() throws Exception {
		this.instance.service().lazy("1");
		int callers = 10;
		Shop.together = new CountDownLatch(callers);

		List<CompletableFuture<Boolean>> calls = new ArrayList<>();
		for (int i = 0; i < callers; i++) {
			calls.add(CompletableFuture.supplyAsync(() -> this.instance.service().lazy("1").alone, Threads.OWN));
		}

		assertThat(calls)
			.allSatisfy((call) -> assertThat(call.get(60, TimeUnit.SECONDS)).as("loads at a time").isTrue());
	}

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void whatTheCodecRefusesIsHandedToNobodyWhoWaitsForIt(boolean sync) throws Exception {
		Shop.entered = new CountDownLatch(1);
		Shop.go = new CountDownLatch(1);
		Shop shop = this.instance.service();
		Supplier<Entity> find = () -> sync ? shop.entitySync("1") : shop.entity("1");
		CompletableFuture<Entity> first = CompletableFuture.supplyAsync(find, Threads.OWN);
		assertThat(Shop.entered.await(20, TimeUnit.SECONDS)).isTrue();

		List<Thread> threads = new CopyOnWriteArrayList<>();
		CompletableFuture<Entity> second = CompletableFuture.supplyAsync(find, (task) -> {
			Thread thread = new Thread(task);
			threads.add(thread);
			thread.start();
		});
		await().until(() -> threads.get(0).getState() == Thread.State.WAITING
				|| threads.get(0).getState() == Thread.State.TIMED_WAITING);
		Shop.go.countDown();

		assertThat(second.get(60, TimeUnit.SECONDS)).isNotSameAs(first.get(60, TimeUnit.SECONDS));
		assertThat(this.instance.counters("entities").notCacheable()).isPositive();
	}

	@Test
	void whatATransactionPutsInItsFutureIsNobodyElsesBeforeTheCommit() {
		this.instance.service().number("1");
		new TransactionTemplate(new Transactions()).executeWithoutResult((status) -> {
			this.redis.cli("CLIENT", "PAUSE", "100", "WRITE");

			this.instance.service().replace("1", 666).join();

			assertThat(String.valueOf(this.redis.cli("GET", "numbers:1"))).doesNotContain("666");
			status.setRollbackOnly();
		});

		assertThat(this.instance.service().number("1")).isEqualTo(1);
		assertThat(Keys.THREAD.get()).doesNotContain("EventLoop");
	}

	@Test
	void aLeaseThatRedisRefusesIsAskedForOnce() {
		ScheduledThreadPoolExecutor timer = (ScheduledThreadPoolExecutor) Objects
			.requireNonNull(ReflectionTestUtils.getField(this.instance.manager().engine(), "timer"));
		this.redis.cli("CONFIG", "SET", "maxmemory", "1");
		try {
			long before = scripts();
			for (int i = 0; i < 30; i++) {
				this.instance.service().number("refused-" + i);
			}

			// Whatever is to be asked again keeps it at work.
			await().atMost(Duration.ofMinutes(1))
				.during(Duration.ofMillis(200))
				.until(() -> timer.getQueue().isEmpty());

			assertThat(scripts() - before).isLessThan(80);
		}
		finally {
			this.redis.cli("CONFIG", "SET", "maxmemory", "0");
		}
	}

	@Test
	void aTransactionDoesNotKeepWhatAnotherOfThisApplicationHasEvicted() {
		new TransactionTemplate(new Transactions()).executeWithoutResult((status) -> {
			assertThat(this.instance.cache("numbers").get("k", () -> 1)).isEqualTo(1);
			assertThat(this.instance.cache("numbers").get("k", () -> 2)).isEqualTo(1);

			CompletableFuture.runAsync(() -> this.instance.cache("numbers").evict("k")).join();

			assertThat(this.instance.cache("numbers").get("k", () -> 3)).isEqualTo(3);
		});
	}

	private long scripts() {
		return this.redis.cli("INFO", "commandstats")
			.toString()
			.lines()
			.filter((line) -> line.startsWith("cmdstat_evalsha:"))
			.map((line) -> line.replaceAll(".*calls=(\\d+).*", "$1"))
			.mapToLong(Long::parseLong)
			.sum();
	}

	static class Lazy {

		private final boolean alone;

		Lazy(boolean alone) {
			this.alone = alone;
		}

		public List<String> getLines() {
			return new AbstractList<>() {

				@Override
				public String get(int index) {
					throw new IllegalStateException("the session is closed");
				}

				@Override
				public int size() {
					throw new IllegalStateException("the session is closed");
				}

			};
		}

	}

	/** As a persistence provider's, with a part that is not loaded. */
	static class Entity {

		private final List<String> lines = new NotLoaded();

		public List<String> getLines() {
			return this.lines;
		}

	}

	static class NotLoaded extends AbstractList<String> implements org.hibernate.collection.spi.PersistentCollection {

		@Override
		public boolean wasInitialized() {
			return false;
		}

		@Override
		public String get(int index) {
			throw new IllegalStateException("the session is closed");
		}

		@Override
		public int size() {
			throw new IllegalStateException("the session is closed");
		}

	}

	static class Shop {

		private static volatile CountDownLatch entered = new CountDownLatch(1);

		private static volatile CountDownLatch go = new CountDownLatch(0);

		private static volatile CountDownLatch together;

		@Cacheable("lazies")
		public Lazy lazy(String id) {
			together.countDown();
			try {
				return new Lazy(together.await(20, TimeUnit.SECONDS));
			}
			catch (InterruptedException ex) {
				throw new IllegalStateException(ex);
			}
		}

		@Cacheable("entities")
		public Entity entity(String id) {
			entered.countDown();
			try {
				go.await(20, TimeUnit.SECONDS);
			}
			catch (InterruptedException ex) {
				throw new IllegalStateException(ex);
			}
			return new Entity();
		}

		@Cacheable(cacheNames = "entities", sync = true)
		public Entity entitySync(String id) {
			return entity(id);
		}

		@Cacheable("numbers")
		public Integer number(String id) {
			return 1;
		}

		@Caching(evict = @CacheEvict(cacheNames = "others", key = "#id", beforeInvocation = true),
				put = @CachePut(cacheNames = "numbers", keyGenerator = "firstArgument"))
		public CompletableFuture<Integer> replace(String id, int value) {
			return CompletableFuture.supplyAsync(() -> value,
					CompletableFuture.delayedExecutor(20, TimeUnit.MILLISECONDS));
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Keys {

		private static final AtomicReference<String> THREAD = new AtomicReference<>("");

		@Bean
		KeyGenerator firstArgument() {
			return (target, method, arguments) -> {
				THREAD.accumulateAndGet(Thread.currentThread().getName(), (one, other) -> one + " " + other);
				return arguments[0];
			};
		}

	}

}
