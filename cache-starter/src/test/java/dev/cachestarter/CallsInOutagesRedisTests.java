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

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import reactor.core.publisher.Mono;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.Caching;
import org.springframework.transaction.support.TransactionTemplate;

import dev.cachestarter.OutageLab.Fault;
import dev.cachestarter.OutageLab.Item;
import dev.cachestarter.OutageLab.Shop;
import dev.cachestarter.cache.Breaker;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.testing.FaultProxy;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.SomeOf;
import dev.cachestarter.testing.Transactions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

/**
 * What a single call meets while Redis is slow, silent or away.
 */
@ExtendWith(OutputCaptureExtension.class)
class CallsInOutagesRedisTests {

	private static final List<String> CACHES = List.of("a", "b", "c", "d", "e", "f", "g", "h", "i", "j");

	@Test
	void allWaitsOfOneCallTogetherTakeOneCommandTimeout() throws Exception {
		inFrontOfAServer((redis, proxy, instance) -> {
			long session = instance.engine().link().session();
			proxy.delay(Duration.ofMillis(600));

			assertThat(time(() -> {
				instance.service().evictFromAll("1");
				return null;
			})).isLessThan(Duration.ofMillis(5500));
			assertThat(time(() -> {
				instance.cacheService().clear();
				return null;
			})).isLessThan(Duration.ofMillis(5500));

			// Redis has answered each in time: what is left of a call's time tells
			// nothing.
			assertThat(instance.engine().link().session()).isEqualTo(session);
			await().atMost(OutageLab.PATIENCE).until(() -> instance.engine().evictions().pendingCount() == 0);
		});
	}

	@Test
	void onAHangingRedisOneCallWaitsAndTheNextDoNot() throws Exception {
		inFrontOfAServer((redis, proxy, instance) -> {
			redis.pause();

			Duration first = time(() -> instance.service().sync("1"));
			Duration next = time(() -> {
				for (int i = 0; i < 50; i++) {
					instance.service().sync("1");
					instance.service().evictFromAll("1");
				}
				return null;
			});

			assertThat(first).isGreaterThan(Duration.ofMillis(1500));
			// A hundred waits of 2 s would take longer by far.
			assertThat(next).isLessThan(Duration.ofSeconds(30));
			redis.resume();
		});
	}

	@ParameterizedTest
	@SomeOf(value = { "BLACKHOLE", "WRONG_PASSWORD" }, and = { "REFUSED", "HALTED" })
	void onceTheLinkIsAwayNoCallWaitsAtAll(Fault fault) throws Exception {
		ThreadMXBean threads = ManagementFactory.getThreadMXBean();
		try (OutageLab lab = new OutageLab()) {
			Shop shop = lab.shop.service();
			lab.begin(fault);
			await().atMost(OutageLab.PATIENCE).until(() -> {
				shop.find("key", "1");
				return !lab.shop.cacheService().isEnabled();
			});
			List<Callable<?>> calls = List.of(() -> shop.find("key", "1"), () -> shop.findSync("key", "1"),
					() -> shop.changed("key", "1"), () -> shop.tenantChanged("key", "1"),
					() -> shop.patternChanged("pattern", "1"), () -> shop.allChanged("key", "1"),
					() -> shop.update("key", "1"), () -> lab.shop.cacheService().get("items:key:1", Item.class));
			int waited = 0;
			List<Long> worked = new ArrayList<>();
			for (int i = 0; i < 4000 && waited < 40; i++) {
				Callable<?> call = calls.get(i % calls.size());
				// What a busy machine does to a call is neither waiting nor work.
				long waits = waits(threads);
				long work = threads.getCurrentThreadCpuTime();
				call.call();
				work = threads.getCurrentThreadCpuTime() - work;
				waited += (waits(threads) > waits) ? 1 : 0;
				if (i >= 2000) {
					worked.add(work);
				}
			}

			assertThat(lab.shop.cacheService().isEnabled()).isFalse();
			// A lock of the scheduler's, if two meet at it.
			assertThat(waited).isLessThan(40);
			Collections.sort(worked);
			assertThat(worked.get(worked.size() / 2)).isLessThan(TimeUnit.MILLISECONDS.toNanos(1));
			System.out.println("Once the link is away (" + fault.kind + "), of 4,000 calls " + waited
					+ " have waited; half of them took the processor no longer than "
					+ worked.get(worked.size() / 2) / 1000 + " us, 99 of 100 no longer than "
					+ worked.get(worked.size() * 99 / 100) / 1000 + " us");
			lab.end(fault);
		}
	}

	private static long waits(ThreadMXBean threads) {
		return threads.getThreadInfo(Thread.currentThread().getId()).getWaitedCount();
	}

	@ParameterizedTest
	@SomeOf(value = { "HALTED", "CUT" }, and = { "REFUSED", "FULL" })
	void theLoaderOfASynchronizedCallRunsOnceAndItsExceptionArrivesUnchanged(Fault fault) throws Exception {
		try (OutageLab lab = new OutageLab();
				TestInstance<Methods> instance = TestInstance.of(Methods.class, lab.proxy.host(), lab.proxy.port(),
						(builder) -> builder.caches(CACHES))) {
			instance.awaitUp();
			lab.begin(fault);

			for (int i = 1; i <= 3; i++) {
				assertThatThrownBy(() -> instance.service().failing("1")).isSameAs(Methods.FAILURE);
				assertThat(instance.service().failures()).isEqualTo(i);
			}
			lab.end(fault);
		}
	}

	@ParameterizedTest
	@SomeOf(value = "HALTED", and = { "REFUSED", "SLOW" })
	void anInterruptedCallerKeepsItsFlagAndGetsItsValue(Fault fault) throws Exception {
		try (OutageLab lab = new OutageLab()) {
			OutageLab.awaitCached(lab.shop, "key");
			lab.begin(fault);

			Thread.currentThread().interrupt();
			int version = lab.shop.service().find("key", "1").version();
			boolean afterRead = Thread.interrupted();
			Thread.currentThread().interrupt();
			lab.shop.service().changed("key", "1");
			boolean afterEviction = Thread.interrupted();

			assertThat(version).isZero();
			assertThat(afterRead).isTrue();
			assertThat(afterEviction).isTrue();
			assertThat(lab.shop.service().find("key", "1").version()).isEqualTo(1);
			lab.end(fault);
			lab.awaitBack();
			assertThat(lab.other.service().find("key", "1").version()).isEqualTo(1);
		}
	}

	@ParameterizedTest
	@SomeOf(value = { "HALTED", "NO_REPLICAS" }, and = "REFUSED")
	void anEvictionAfterACommitFailsForNobodyAndIsNotLost(Fault fault) throws Exception {
		try (OutageLab lab = new OutageLab()) {
			OutageLab.awaitCached(lab.shop, "key");
			OutageLab.awaitCached(lab.other, "key");
			TransactionTemplate transaction = new TransactionTemplate(new Transactions());
			lab.begin(fault);

			transaction.executeWithoutResult((status) -> lab.shop.service().changed("key", "1"));

			assertThat(lab.shop.engine().evictions().pendingCount()).isEqualTo(1);
			assertThat(lab.shop.service().find("key", "1").version()).isEqualTo(1);
			lab.end(fault);
			lab.awaitBack();
			assertThat(lab.other.service().find("key", "1").version()).isEqualTo(1);
		}
	}

	@Test
	void aMonoThatUsesTheCacheInItsBodyBlocksNoEventLoop() throws Exception {
		inFrontOfAServer((redis, proxy, instance) -> {
			Methods methods = instance.service();
			long session = instance.engine().link().session();

			for (int i = 0; i < 20; i++) {
				assertThat(methods.blockingInside("r" + i).block(Duration.ofSeconds(10))).isEqualTo("r" + i);
			}

			assertThat(instance.counters("a").failures()).isZero();
			assertThat(instance.counters("b").failures()).isZero();
			assertThat(instance.engine().link().session()).isEqualTo(session);
		});
	}

	@Test
	void anOutageIsOneWarningAndOneLineWhenItIsOver(CapturedOutput output) throws Exception {
		List<String> events = new CopyOnWriteArrayList<>();
		try (OutageLab lab = new OutageLab((builder) -> builder.listener(new CacheEventListener() {

			@Override
			public void onAway(String reason) {
				events.add("away");
			}

			@Override
			public void onBack(Duration away, int evictionsApplied) {
				events.add((away.isZero() ? "first, " : "back, ") + evictionsApplied);
			}

		}))) {
			await().until(() -> events.equals(List.of("first, 0")));
			String address = "[" + lab.proxy.host() + ":" + lab.proxy.port() + "]";
			assertThat(lab.shop.cacheService().isEnabled()).isTrue();
			lab.cutOff();
			assertThat(lab.shop.cacheService().isEnabled()).isFalse();
			for (String row : new String[] { "1", "2", "3" }) {
				lab.shop.service().changed("key", row);
				lab.shop.service().find("key", row);
			}
			lab.proxy.pass();
			lab.awaitBack();

			await().until(() -> events.equals(List.of("first, 0", "away", "back, 3")));
			assertThat(lab.shop.cacheService().isEnabled()).isTrue();
			List<String> lines = output.getAll()
				.lines()
				.filter((line) -> line.contains(" dev.cachestarter ") && !line.contains("DEBUG"))
				.toList();
			assertThat(lines.stream().filter((line) -> line.contains("WARN"))).singleElement()
				.asString()
				.contains("Cache service Redis error: ", address);
			assertThat(lines.stream().filter((line) -> line.contains(" ms without it; evictions applied: 3")))
				.hasSize(1);
			assertThat(lines).hasSize(4);
		}
	}

	@Test
	void aRefusedLoginIsSaidOnceThoughTheLossWasSaidBefore(CapturedOutput output) throws Exception {
		try (OutageLab lab = new OutageLab()) {
			lab.begin(Fault.WRONG_PASSWORD);
			await().atMost(OutageLab.PATIENCE)
				.until(() -> count(output, "ERROR", "WRONGPASS") == 2 && count(output, "WARN", "Redis error") == 2);

			assertThat(count(output, "ERROR", "check spring.data.redis.username and password")).isEqualTo(2);
			assertThat(output.getAll()).doesNotContain("secret").doesNotContain("another");
			// No attempt in each half second: an account might be locked.
			await().during(Duration.ofSeconds(2)).until(() -> lab.refusedLogins() == 2);
		}
	}

	@Test
	void whileRedisCannotSaveWhatIsNotEvictedIsStillRead() throws Exception {
		try (OutageLab lab = new OutageLab()) {
			OutageLab.awaitCached(lab.shop, "key");
			OutageLab.awaitCached(lab.shop, "put");
			long session = lab.shop.engine().link().session();
			lab.begin(Fault.MISCONFIGURED);
			lab.shop.service().changed("key", "1");
			int pings = lab.pings();
			await().atMost(OutageLab.PATIENCE).until(() -> lab.pings() > pings + 2);

			int loads = lab.shop.service().loads();
			lab.shop.service().find("put", "1");

			assertThat(lab.shop.service().loads()).isEqualTo(loads);
			assertThat(lab.shop.service().find("key", "1").version()).isEqualTo(1);
			assertThat(lab.shop.engine().link().session()).isEqualTo(session);
			lab.end(Fault.MISCONFIGURED);
			lab.awaitBack();
		}
	}

	private static long count(CapturedOutput output, String level, String text) {
		return output.getAll().lines().filter((line) -> line.contains(level + " ") && line.contains(text)).count();
	}

	private static Duration time(Callable<?> call) throws Exception {
		long start = System.nanoTime();
		call.call();
		return Duration.ofNanos(System.nanoTime() - start);
	}

	private static void inFrontOfAServer(Story story) throws Exception {
		try (RedisServer redis = RedisServer.local().start();
				FaultProxy proxy = FaultProxy.inFrontOf(redis);
				TestInstance<Methods> instance = TestInstance.of(Methods.class, proxy.host(), proxy.port(),
						(builder) -> builder.commandTimeout(Duration.ofSeconds(2))
							.connectTimeout(Duration.ofSeconds(2))
							.caches(CACHES)
							.breaker(Breaker.defaults()
								.withFailureRate(100)
								.withSlowCall(Duration.ofMillis(1900))
								.withSlowCallRate(100)
								.withWindow(1000)
								.withOpenFor(Duration.ofSeconds(1), Duration.ofSeconds(1))))) {
			story.tell(redis, proxy, instance.awaitUp());
		}
	}

	@FunctionalInterface
	private interface Story {

		void tell(RedisServer redis, FaultProxy proxy, TestInstance<Methods> instance) throws Exception;

	}

	static class Methods {

		static final IOException FAILURE = new IOException("The source has failed");

		private final AtomicInteger failures = new AtomicInteger();

		private final ResilientRedisCacheManager cacheManager;

		Methods(ResilientRedisCacheManager cacheManager) {
			this.cacheManager = cacheManager;
		}

		public int failures() {
			return this.failures.get();
		}

		@Caching(evict = { @CacheEvict("a"), @CacheEvict("b"), @CacheEvict("c"), @CacheEvict("d"), @CacheEvict("e"),
				@CacheEvict("f"), @CacheEvict("g"), @CacheEvict("h"), @CacheEvict("i"), @CacheEvict("j") })
		public void evictFromAll(String id) {
		}

		@Cacheable(cacheNames = "a", sync = true)
		public String sync(String id) {
			return id;
		}

		@Cacheable(cacheNames = "a", sync = true)
		public String failing(String id) throws IOException {
			this.failures.incrementAndGet();
			throw FAILURE;
		}

		@Cacheable("a")
		public Mono<String> blockingInside(String id) {
			return Mono.fromSupplier(() -> {
				List<String> values = new ArrayList<>();
				this.cacheManager.getCache("b").put(id, id);
				values.add(this.cacheManager.getCache("b").get(id, String.class));
				this.cacheManager.getCache("b").evict(id);
				return values.get(0);
			});
		}

	}

}
