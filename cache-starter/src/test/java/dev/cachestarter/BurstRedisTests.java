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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import reactor.core.publisher.Mono;

import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.testing.Footprint;
import dev.cachestarter.testing.OnlyThorough;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Thorough;
import dev.cachestarter.testing.VirtualThreads;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Many calls at once, with the default settings. Redis is well; what is late is late for
 * want of a processor in this JVM.
 */
@WithRedis(local = true)
class BurstRedisTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private final RedisServer redis;

	private TestInstance<Items> instance;

	/** What the threads of a burst wait for. */
	private volatile CountDownLatch go = new CountDownLatch(1);

	BurstRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	/** Not where this class is made, which it is for a test that is skipped, too. */
	@BeforeEach
	void start() {
		this.instance = TestInstance
			.of(Items.class, this.redis.host(), this.redis.port(), (builder) -> builder.caches(List.of("items")))
			.awaitUp();
	}

	@AfterEach
	void close() {
		this.instance.close();
	}

	@Test
	void twoThousandColdFuturesAtOnceAreNoOutage() throws Exception {
		noOutage("2,000 futures", 2000, this.instance.service()::later);
	}

	@OnlyThorough
	@Test
	void twoThousandColdFuturesThatAreCompleteAtOnceAreNoOutage() throws Exception {
		noOutage("2,000 complete futures", 2000, this.instance.service()::complete);
	}

	@Test
	void aThousandThreadsAtOnceAreNoOutage() throws Exception {
		ExecutorService threads = Executors.newFixedThreadPool(1000);
		try {
			noOutage("1,000 threads", 1000, (id) -> threads.submit(() -> findTogether(id)));
		}
		finally {
			threads.shutdown();
		}
	}

	@Test
	@EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "There are no virtual threads")
	void fiveThousandVirtualThreadsAtOnceAreNoOutage() throws Exception {
		try (VirtualThreads threads = new VirtualThreads()) {
			noOutage("5,000 virtual threads", 5000, (id) -> threads.submit(() -> findTogether(id)));
		}
	}

	private String findTogether(String id) throws InterruptedException {
		this.go.await();
		return this.instance.service().find(id);
	}

	/**
	 * A burst that is its own outage is one each time. On a machine where Redis gets no
	 * processor for a while any burst may meet an outage, so one of three is enough.
	 */
	private void noOutage(String what, int calls, Function<String, Future<String>> call) throws Exception {
		int left = 0;
		while (left < 3 && !isTaken(what + " " + left, calls, call)) {
			left++;
		}
		assertThat(left).as("how many bursts made the link leave").isLessThan(3);
	}

	/** Return whether the link has stayed. */
	private boolean isTaken(String what, int calls, Function<String, Future<String>> call) throws Exception {
		this.instance.awaitUp();
		long session = this.instance.engine().link().session();
		int before = this.instance.service().loads();
		long begun = System.nanoTime();
		this.go = new CountDownLatch(1);
		Map<String, Future<String>> all = new LinkedHashMap<>();
		for (int i = 0; i < calls; i++) {
			String id = what + " " + i;
			all.put(id, call.apply(id));
		}
		this.go.countDown();
		for (Map.Entry<String, Future<String>> one : all.entrySet()) {
			assertThat(one.getValue().get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo("item " + one.getKey());
		}
		assertThat(this.instance.service().loads() - before).isEqualTo(calls);
		// To be read, not asserted: the machine may be busy.
		System.out.printf("%s at once, all cold: all were done after %d ms, %d are stored%n", what,
				TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun), this.redis.keys("items:*").size());
		return this.instance.engine().link().session() == session && this.instance.engine().link().isUp();
	}

	@Test
	void sourcesThatBlockTakeABoundedNumberOfThreads() throws Exception {
		List<CompletableFuture<String>> calls = new ArrayList<>();
		for (int i = 0; i < 600; i++) {
			calls.add(this.instance.service().blocking("blocking-" + i).toFuture());
		}
		AtomicInteger most = new AtomicInteger();

		await().atMost(PATIENCE).until(() -> {
			int now = (int) Footprint.threadsOfCaches()
				.stream()
				.filter((name) -> name.matches("cache-starter-\\d.*"))
				.count();
			most.accumulateAndGet(now, Math::max);
			return calls.stream().allMatch(CompletableFuture::isDone);
		});

		for (CompletableFuture<String> call : calls) {
			assertThat(call.get()).startsWith("item");
		}
		System.out.println("600 sources that block for 0.2 s took " + most + " threads");
		assertThat(most).hasValueLessThanOrEqualTo(260);
	}

	@Test
	void aHiccupOfRedisLeavesNoLeaseThatOneWaitsFor() throws Exception {
		CacheSettings patient = CacheSettings.defaults()
			.withLease(Duration.ofSeconds(30))
			.withLoadWait(Duration.ofSeconds(30));
		try (TestInstance<Items> instance = TestInstance.of(Items.class, this.redis.host(), this.redis.port(),
				(builder) -> builder.defaults(patient).caches(List.of("items")))) {
			instance.awaitUp();
			hiccups(instance);
		}
	}

	private void hiccups(TestInstance<Items> instance) throws Exception {
		for (int round = 0; round < Thorough.choose(3, 20); round++) {
			AtomicBoolean enough = new AtomicBoolean();
			AtomicInteger next = new AtomicInteger();
			int first = round * 1_000_000;
			next.set(first);
			List<CompletableFuture<Void>> callers = new ArrayList<>();
			for (int i = 0; i < 8; i++) {
				callers.add(CompletableFuture.runAsync(() -> {
					while (!enough.get()) {
						instance.service().find("hiccup-" + next.getAndIncrement());
					}
				}, dev.cachestarter.testing.Threads.OWN));
			}
			await().atMost(PATIENCE).until(() -> next.get() > first + 100);

			this.redis.pause();
			int paused = next.get();
			try {
				await().atMost(PATIENCE).pollDelay(Duration.ofMillis(600)).until(() -> true);
			}
			finally {
				this.redis.resume();
			}
			enough.set(true);
			for (CompletableFuture<Void> caller : callers) {
				caller.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
			}
			instance.awaitUp();

			// Those that were under way when it began.
			long worst = 0;
			for (int i = paused - 16; i < paused + 16; i++) {
				long begun = System.nanoTime();
				instance.service().find("hiccup-" + i);
				worst = Math.max(worst, System.nanoTime() - begun);
			}
			System.out.println("After Redis stood still for 0.6 s the slowest of 32 calls took "
					+ TimeUnit.NANOSECONDS.toMillis(worst) + " ms");
			assertThat(Duration.ofNanos(worst)).isLessThan(Duration.ofSeconds(10));
		}
	}

	static class Items {

		private final AtomicInteger loads = new AtomicInteger();

		public int loads() {
			return this.loads.get();
		}

		private String load(String id) {
			this.loads.incrementAndGet();
			return "item " + id;
		}

		@Cacheable("items")
		public String find(String id) {
			return load(id);
		}

		@Cacheable("items")
		public CompletableFuture<String> later(String id) {
			return CompletableFuture.supplyAsync(() -> load(id));
		}

		@Cacheable("items")
		public CompletableFuture<String> complete(String id) {
			return CompletableFuture.completedFuture(load(id));
		}

		@Cacheable("items")
		public Mono<String> blocking(String id) {
			Callable<String> source = () -> {
				TimeUnit.MILLISECONDS.sleep(200);
				return load(id);
			};
			return Mono.fromCallable(source);
		}

	}

}
