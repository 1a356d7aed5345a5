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

package dev.cachestarter.metrics;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Mono;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.CacheEvictPattern;
import dev.cachestarter.CacheService;
import dev.cachestarter.CacheSettings;
import dev.cachestarter.TestInstance;
import dev.cachestarter.engine.monitor.Monitor;
import dev.cachestarter.engine.monitor.RedisOperation;
import dev.cachestarter.engine.monitor.RedisOutcome;
import dev.cachestarter.metrics.CacheStarterObservationsRedisTests.Recorded;
import dev.cachestarter.metrics.CacheStarterObservationsRedisTests.Recorder;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Threads;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Each operation that a call makes is in its trace, on whatever thread it is made: what
 * the meters count is compared with what is observed.
 */
@WithRedis
class TracedOperationsRedisTests {

	private static final Duration LONG = Duration.ofMinutes(1);

	/** What only calls ask for. */
	private static final Set<RedisOperation> OF_CALLS = Set.of(RedisOperation.READ, RedisOperation.LEASE,
			RedisOperation.GENERATION, RedisOperation.FILL, RedisOperation.RELEASE, RedisOperation.EVICT);

	private final RedisServer redis;

	private final ObservationRegistry registry = ObservationRegistry.create();

	private final Recorder recorder = new Recorder();

	private final Counting counting = new Counting();

	private final TestInstance<Shop> instance;

	private final CacheStarterObservations observations;

	TracedOperationsRedisTests(RedisServer redis) {
		this.redis = redis;
		this.registry.observationConfig().observationHandler(this.recorder);
		this.instance = start();
		this.observations = new CacheStarterObservations(this.instance.manager(), this.registry, null, null);
		this.instance.manager().engine().monitors().attach(this.counting);
	}

	private TestInstance<Shop> start() {
		return TestInstance.of(Shop.class, this.redis.host(), this.redis.port(), (builder) -> {
			TestInstance.patient(builder);
			// No renewals, which belong to no call.
			builder.defaults(CacheSettings.defaults().withLease(Duration.ofMinutes(10)).withLoadWait(LONG));
		}).awaitUp();
	}

	@BeforeEach
	void begin() {
		this.counting.told.clear();
	}

	@AfterEach
	void close() {
		this.observations.close();
		this.instance.close();
	}

	@ParameterizedTest
	@EnumSource
	void whatACallAsksForIsInItsTrace(Way way) {
		way.prepare.accept(this);
		this.counting.told.clear();

		call("call", () -> way.call.accept(this));

		assertAllIsTraced(way.least, "call");
	}

	@ParameterizedTest
	@EnumSource(names = { "MISS", "MONO", "FUTURE", "LOADER", "ASYNCHRONOUS_LOADER" })
	void whatIsAskedForOnceMoreSinceTheServerForgotItsScriptsIsInItsTrace(Way way) {
		this.redis.cli("SCRIPT", "FLUSH");

		call("call", () -> way.call.accept(this));

		assertAllIsTraced(way.least, "call");
		assertThat(this.recorder.of("call")).extracting(Recorded::label).contains("EVAL");
	}

	@Test
	void whoHasWaitedForAnotherInstanceGoesOnInItsOwnTrace() throws Exception {
		try (TestInstance<Shop> other = start()) {
			CountDownLatch release = other.service().hold();
			CompletableFuture<?> theirs = CompletableFuture
				.runAsync(() -> other.service().failing("acme", "1"), Threads.OWN)
				.exceptionally((ex) -> null);
			await().atMost(LONG).until(() -> this.redis.bytes("shop:acme:1") != null);
			List<CompletableFuture<?>> ours = new ArrayList<>();
			for (String name : List.of("first", "second")) {
				ours.add(CompletableFuture.runAsync(() -> call(name, () -> this.instance.service().find("acme", "1")),
						Threads.OWN));
			}
			await().atMost(LONG).until(() -> this.instance.counters("shop").misses() == 2);

			release.countDown();
			theirs.get();
			for (CompletableFuture<?> each : ours) {
				each.get();
			}

			// One of them leads now, and the other joins it.
			await().atMost(LONG)
				.untilAsserted(() -> assertThat(
						this.recorder.all().stream().filter((one) -> one.what().equals("fill success")).toList())
					.singleElement()
					.satisfies((fill) -> assertThat(this.recorder.of(fill.root())).extracting(Recorded::what)
						.contains("lease success", "load success")));
			assertThat(this.recorder.all()).filteredOn((one) -> one.name().equals("cache.starter.operation"))
				.extracting(Recorded::root)
				.isSubsetOf("first", "second");
		}
	}

	@Test
	void whoHasWaitedForALoadThatWasGivenUpGoesOnInItsOwnTrace() throws Exception {
		Shop shop = this.instance.service();
		CountDownLatch release = shop.hold();
		CompletableFuture<?> first = CompletableFuture
			.runAsync(() -> call("first", () -> shop.interrupted("acme", "1")), Threads.OWN)
			.exceptionally((ex) -> null);
		await().atMost(LONG).until(() -> this.redis.bytes("shop:acme:1") != null);
		CompletableFuture<?> second = CompletableFuture.runAsync(() -> call("second", () -> shop.find("acme", "1")),
				Threads.OWN);
		await().atMost(LONG).until(() -> this.instance.counters("shop").misses() == 2);
		await().pollDelay(Duration.ofMillis(200)).until(() -> true);

		release.countDown();
		first.get();
		second.get();

		assertAllIsTraced(Set.of("read", "lease", "fill", "release"), "first", "second");
		assertThat(this.recorder.of("second")).extracting(Recorded::what)
			.contains("lease success", "fill success")
			.filteredOn("read success"::equals)
			.as("once more, after the wait")
			.hasSizeGreaterThanOrEqualTo(2);
	}

	@Test
	void nobodyWhoListensRunsOnAnEventLoop() {
		for (Way way : Way.values()) {
			call("call", () -> way.call.accept(this));
		}

		assertThat(this.recorder.threads).isNotEmpty().noneMatch((name) -> name.startsWith("lettuce"));
	}

	private void call(String name, Runnable call) {
		Observation.createNotStarted(name, this.registry).observe(call);
	}

	private void assertAllIsTraced(Set<String> least, String... traces) {
		await().atMost(LONG).untilAsserted(() -> {
			List<String> traced = new ArrayList<>();
			for (String trace : traces) {
				this.recorder.of(trace)
					.stream()
					.filter((one) -> one.name().equals("cache.starter.operation"))
					.map(Recorded::what)
					.filter(this::isOfCalls)
					.forEach(traced::add);
			}
			assertThat(counts(traced)).isEqualTo(counts(List.copyOf(this.counting.told)));
			assertThat(traced).extracting((what) -> what.substring(0, what.indexOf(' '))).containsAll(least);
		});
	}

	private boolean isOfCalls(String what) {
		return OF_CALLS.stream().anyMatch((operation) -> what.startsWith(MeterNames.tag(operation) + " "));
	}

	private static Map<String, Integer> counts(List<String> all) {
		Map<String, Integer> counts = new TreeMap<>();
		all.forEach((what) -> counts.merge(what, 1, Integer::sum));
		return counts;
	}

	/** What is done in a call, and what it asks Redis for at least. */
	enum Way {

		MISS((shop) -> shop.find("acme", "1"), "read", "generation", "lease", "fill"),

		HIT((tests) -> {
			tests.instance.service().find("acme", "1");
			await().atMost(LONG).until(() -> tests.counting.told.contains("fill success"));
		}, (tests) -> tests.instance.service().find("acme", "1"), "read"),

		FUTURE((shop) -> shop.future("acme", "1").join(), "read", "generation", "lease", "fill"),

		MONO((shop) -> shop.mono("acme", "1").block(), "read", "generation", "lease", "fill"),

		NOT_STORED((shop) -> shop.nothing("acme", "1"), "read", "generation", "lease", "release"),

		MONO_NOT_STORED((shop) -> shop.noMono("acme", "1").block(), "read", "generation", "lease", "release"),

		FUTURE_NOT_STORED((shop) -> shop.noFuture("acme", "1").join(), "read", "generation", "lease", "release"),

		FAILURE((shop) -> quietly(() -> shop.failing("acme", "1")), "read", "generation", "lease", "release"),

		FAILING_FUTURE((shop) -> quietly(() -> shop.failingFuture("acme", "1").join()), "read", "generation", "lease",
				"release"),

		FAILING_MONO((shop) -> quietly(() -> shop.failingMono("acme", "1").block()), "read", "generation", "lease",
				"release"),

		PUT((shop) -> shop.put("acme", "1"), "generation", "lease", "fill"),

		FUTURE_PUT((shop) -> shop.putFuture("acme", "1").join(), "generation", "lease", "fill"),

		EVICTION((shop) -> shop.evict("acme", "1"), "evict"),

		EVICTION_BEFORE((shop) -> shop.evictBefore("acme", "1"), "evict"),

		EVICTION_OF_ALL(Shop::evictAll, "evict"),

		EVICTION_OF_GROUP((shop) -> shop.evictGroup("acme"), "evict"),

		FUTURE_EVICTION((shop) -> shop.evictFuture("acme", "1").join(), "evict"),

		EVICTED_AND_LOADED((shop) -> shop.replaced("acme", "1").join(), "evict", "generation", "lease", "fill"),

		LOADER((tests) -> {
		}, (tests) -> tests.instance.cache("shop").get("acme:1", () -> "value"), "read", "generation", "lease", "fill"),

		ASYNCHRONOUS_LOADER((tests) -> {
		}, (tests) -> tests.instance.cache("shop")
			.retrieve("acme:1", () -> CompletableFuture.supplyAsync(() -> "value"))
			.join(), "read", "generation", "lease", "fill"),

		PROGRAMMATIC_PUT((tests) -> {
		}, (tests) -> tests.instance.cache("shop").put("acme:1", "value"), "generation", "lease", "fill"),

		PUT_IF_ABSENT((tests) -> {
		}, (tests) -> tests.instance.cache("shop").putIfAbsent("acme:1", "value"), "read", "generation", "lease",
				"fill"),

		SERVICE((tests) -> {
		}, (tests) -> {
			CacheService service = tests.instance.manager().getCacheService();
			service.set("shop:acme:1", "value", Duration.ofMinutes(1));
			Optional<String> found = service.get("shop:acme:1", String.class);
			service.getOrLoad("shop:acme:2", String.class, Duration.ofMinutes(1), () -> "value");
			service.getAll(List.of("shop:acme:3", "shop:acme:4", "shop:other:5"), String.class,
					(keys) -> Map.of("shop:acme:3", "value"));
			service.delete("shop:acme:1");
		}, "read", "generation", "lease", "fill", "evict");

		private final Consumer<TracedOperationsRedisTests> prepare;

		private final Consumer<TracedOperationsRedisTests> call;

		private final Set<String> least;

		Way(Consumer<Shop> call, String... least) {
			this((tests) -> {
			}, (tests) -> call.accept(tests.instance.service()), least);
		}

		Way(Consumer<TracedOperationsRedisTests> prepare, Consumer<TracedOperationsRedisTests> call, String... least) {
			this.prepare = prepare;
			this.call = call;
			this.least = Set.of(least);
		}

		private static void quietly(Runnable action) {
			try {
				action.run();
			}
			catch (RuntimeException ex) {
				// Of the method.
			}
		}

	}

	/** What the meters are told. */
	private static final class Counting implements Monitor {

		private final Queue<String> told = new ConcurrentLinkedQueue<>();

		@Override
		public void answered(RedisOperation operation, RedisOutcome outcome, long nanos) {
			if (OF_CALLS.contains(operation)) {
				this.told.add(MeterNames.tag(operation) + " " + MeterNames.tag(outcome));
			}
		}

	}

	static class Shop {

		private volatile CountDownLatch held = new CountDownLatch(0);

		public CountDownLatch hold() {
			this.held = new CountDownLatch(1);
			return this.held;
		}

		private void dawdle() {
			try {
				this.held.await();
			}
			catch (InterruptedException ex) {
				throw new IllegalStateException(ex);
			}
		}

		@Cacheable(cacheNames = "shop", key = "#org + ':' + #id")
		public String find(String org, String id) {
			return id;
		}

		@Cacheable(cacheNames = "shop", key = "#org + ':' + #id")
		public CompletableFuture<String> future(String org, String id) {
			return CompletableFuture.supplyAsync(() -> id);
		}

		@Cacheable(cacheNames = "shop", key = "#org + ':' + #id")
		public Mono<String> mono(String org, String id) {
			return Mono.fromCallable(() -> id);
		}

		@Cacheable(cacheNames = "shop", key = "#org + ':' + #id", unless = "true")
		public String nothing(String org, String id) {
			return id;
		}

		@Cacheable(cacheNames = "shop", key = "#org + ':' + #id", unless = "true")
		public Mono<String> noMono(String org, String id) {
			return Mono.fromCallable(() -> id);
		}

		@Cacheable(cacheNames = "shop", key = "#org + ':' + #id", unless = "true")
		public CompletableFuture<String> noFuture(String org, String id) {
			return CompletableFuture.supplyAsync(() -> id);
		}

		@Cacheable(cacheNames = "shop", key = "#org + ':' + #id")
		public String failing(String org, String id) {
			dawdle();
			throw new IllegalStateException("of the method");
		}

		@Cacheable(cacheNames = "shop", key = "#org + ':' + #id")
		public String interrupted(String org, String id) {
			dawdle();
			throw new IllegalStateException(new InterruptedException());
		}

		@Cacheable(cacheNames = "shop", key = "#org + ':' + #id")
		public CompletableFuture<String> failingFuture(String org, String id) {
			return CompletableFuture.failedFuture(new IllegalStateException("of the method"));
		}

		@Cacheable(cacheNames = "shop", key = "#org + ':' + #id")
		public Mono<String> failingMono(String org, String id) {
			return Mono.error(new IllegalStateException("of the method"));
		}

		@CachePut(cacheNames = "shop", key = "#org + ':' + #id")
		public String put(String org, String id) {
			return id;
		}

		@CachePut(cacheNames = "shop", key = "#org + ':' + #id")
		public CompletableFuture<String> putFuture(String org, String id) {
			return CompletableFuture.supplyAsync(() -> id);
		}

		@CacheEvict(cacheNames = "shop", key = "#org + ':' + #id")
		public void evict(String org, String id) {
		}

		@CacheEvict(cacheNames = "shop", key = "#org + ':' + #id", beforeInvocation = true)
		public void evictBefore(String org, String id) {
		}

		@CacheEvict(cacheNames = "shop", allEntries = true)
		public void evictAll() {
		}

		@CacheEvictPattern(cacheNames = "shop", pattern = "#{#org}:*")
		public void evictGroup(String org) {
		}

		@CacheEvict(cacheNames = "shop", key = "#org + ':' + #id")
		public CompletableFuture<@Nullable Void> evictFuture(String org, String id) {
			return CompletableFuture.runAsync(() -> Objects.hash(org, id));
		}

		@CacheEvict(cacheNames = "others", key = "#id", beforeInvocation = true)
		@CachePut(cacheNames = "shop", key = "#org + ':' + #id")
		public CompletableFuture<String> replaced(String org, String id) {
			return CompletableFuture.supplyAsync(() -> id);
		}

	}

}
