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
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.micrometer.context.ContextSnapshot;
import io.micrometer.context.ContextSnapshotFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.LoaderJvm.Burst;
import dev.cachestarter.RuleBreaker.Rule;
import dev.cachestarter.cache.Internals;
import dev.cachestarter.testing.OnlyThorough;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.SomeOf;
import dev.cachestarter.testing.Thorough;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * One load per key: how many load, who shares what, and who waits how long. What becomes
 * of a lease is told by {@link LeaseRedisTests}.
 */
@WithRedis(local = true)
class LoadsRedisTests extends Interleavings {

	private static final Duration LOAD = Duration.ofMillis(100);

	private static final Duration LEASE = Duration.ofMillis(500);

	LoadsRedisTests(RedisServer redis) {
		super(redis);
	}

	static List<Set<Rule>> sharing() {
		return List.of(Set.of(), EnumSet.of(Rule.COMPARE_ON_ACQUIRE), EnumSet.of(Rule.LEASE_BEFORE_LOAD));
	}

	@ParameterizedTest
	@MethodSource("sharing")
	void aColdKeyIsLoadedOnceByManyCallersOfSeveralInstances(Set<Rule> broken) throws Exception {
		List<Instance> instances = IntStream.range(0, 4).mapToObj((i) -> instance(broken)).toList();
		for (Instance instance : instances) {
			instance.find("warm", "up");
		}
		List<Double> ratios = new ArrayList<>();
		int loads = 0;
		// Without the rule two must meet, which is chance.
		for (int round = 0; broken.isEmpty() ? round < 5 : (round < 50 && loads <= 1); round++) {
			String id = "cold-" + round;
			int before = instances.stream().mapToInt((instance) -> instance.rows().loads()).sum();
			instances.forEach((instance) -> instance.rows().loadTakes(LOAD));
			CountDownLatch go = new CountDownLatch(1);
			List<Call<Long>> calls = IntStream.range(0, 128).mapToObj((i) -> call(() -> {
				go.await();
				long begun = System.nanoTime();
				instances.get(i % 4).find("t1", id);
				return System.nanoTime() - begun;
			})).toList();

			go.countDown();

			long longest = 0;
			for (Call<Long> call : calls) {
				longest = Math.max(longest, call.result());
			}
			ratios.add((double) longest / LOAD.toNanos());
			loads = instances.stream().mapToInt((instance) -> instance.rows().loads()).sum() - before;
			if (broken.isEmpty()) {
				assertThat(loads).isEqualTo(1);
			}
		}
		report("4 contexts, broken " + broken, loads, ratios);
		if (!broken.isEmpty()) {
			assertThat(loads).isGreaterThan(1);
		}
	}

	@OnlyThorough
	@Test
	void aColdKeyIsLoadedOnceByManyCallersOfSeveralProcesses() {
		List<LoaderJvm> instances = IntStream.range(0, 4)
			.mapToObj((i) -> closing(LoaderJvm.start(this.redis.host(), this.redis.port(), Duration.ofMinutes(1))))
			.toList();
		instances.forEach(LoaderJvm::awaitReady);
		List<Double> ratios = new ArrayList<>();
		for (int round = 0; round < Thorough.choose(5, 20); round++) {
			long at = System.currentTimeMillis() + 500;
			for (LoaderJvm instance : instances) {
				instance.burst(32, "cold-" + round, LOAD, at);
			}

			List<Burst> bursts = instances.stream().map(LoaderJvm::awaitBurst).toList();

			assertThat(bursts.stream().mapToInt(Burst::loads).sum()).as("%s in round %s", bursts, round).isEqualTo(1);
			// The first two get the code compiled.
			if (round >= 2) {
				ratios.add(bursts.stream().mapToLong((burst) -> burst.longest().toNanos()).max().orElseThrow()
						/ (double) LOAD.toNanos());
			}
		}
		report("4 processes", 1, ratios);
	}

	/** To be read, not asserted: the machine may be busy. */
	private static void report(String what, int loads, List<Double> ratios) {
		System.out.println("LoadsRedisTests: 128 callers, a load of 100 ms, " + what + ": " + loads
				+ " load(s); the slowest waited, in loads: "
				+ ratios.stream()
					.sorted()
					.map((ratio) -> String.format(java.util.Locale.ROOT, "%.2f", ratio))
					.toList());
	}

	static List<Set<Rule>> joining() {
		return List.of(Set.of(), EnumSet.of(Rule.LEASE_BEFORE_LOAD));
	}

	@ParameterizedTest
	@MethodSource("joining")
	void whoWaitsInTheLeadersJvmGetsTheVerySameObject(Set<Rule> broken) throws Exception {
		Instance leader = instance(broken);
		Instance other = instance(broken);
		Pause load = leader.rows().pauseAfterReading();
		Call<Row> first = call(() -> leader.rows().find("t1", "1"));
		load.awaitReached();
		Call<Row> joined = call(() -> leader.rows().find("t1", "1"));
		Call<Row> elsewhere = call(() -> other.rows().find("t1", "1"));
		if (broken.isEmpty()) {
			joined.awaitWaiting();
			elsewhere.awaitWaiting();
		}
		else {
			joined.result();
		}

		load.release();

		if (broken.isEmpty()) {
			assertThat(joined.result()).isSameAs(first.result());
			assertThat(leader.counters().loadsShared()).isEqualTo(1);
		}
		else {
			assertThat(joined.result()).isNotSameAs(first.result());
		}
		assertThat(elsewhere.result()).isEqualTo(first.result()).isNotSameAs(first.result());
	}

	static List<Set<Rule>> takingOver() {
		return List.of(Set.of(), EnumSet.of(Rule.LEASE_BEFORE_LOAD));
	}

	@ParameterizedTest
	@MethodSource("takingOver")
	void whenALoadFailsOthersTakeOverOneAtATime(Set<Rule> broken) throws Exception {
		Failing.reset();
		TestInstance<Failing> leader = failing(Set.of());
		List<TestInstance<Failing>> others = List.of(failing(broken), failing(broken), failing(broken));
		Pause load = Failing.pause();
		Call<String> first = call(() -> leader.service().find("1"));
		load.awaitReached();
		List<Call<String>> waiting = new ArrayList<>();
		for (TestInstance<Failing> other : others) {
			waiting.add(call(() -> other.service().find("1")));
			waiting.add(call(() -> other.service().find("1")));
		}
		waiting.forEach((call) -> {
			if (broken.isEmpty()) {
				call.awaitWaiting();
			}
		});

		load.release();

		assertThatExceptionOfType(IllegalStateException.class).isThrownBy(first::result).withMessage("load 1");
		List<String> failures = new ArrayList<>();
		for (Call<String> call : waiting) {
			assertThatExceptionOfType(IllegalStateException.class).isThrownBy(call::result)
				.satisfies((ex) -> failures.add(String.valueOf(ex.getMessage())));
		}
		if (broken.isEmpty()) {
			assertThat(failures).containsOnly("load 2", "load 3", "load 4");
			assertThat(Failing.MOST_AT_ONCE).hasValue(1);
		}
		else {
			assertThat(Failing.MOST_AT_ONCE).hasValueGreaterThan(1);
		}
	}

	static Stream<Arguments> deaths() {
		// Each starts a JVM.
		return Arrays.stream(Death.values())
			.flatMap((death) -> Stream.of(Set.<Rule>of(), EnumSet.of(Rule.EXPIRE))
				.map((broken) -> Arguments.of(death, broken)));
	}

	@OnlyThorough
	@ParameterizedTest
	@MethodSource("deaths")
	void aProcessThatDiesWhileItLoadsDelaysOthersByItsLeaseAtMost(Death death, Set<Rule> broken) throws Exception {
		RuleBreaker breaker = closing(RuleBreaker.inFrontOf(this.redis.host(), this.redis.port(), broken));
		LoaderJvm leader = closing(LoaderJvm.start(breaker.host(), breaker.port(), LEASE)).awaitReady();
		Instance other = instance(Set.of());
		leader.beginLoading("t1", "1", 7);
		Call<Integer> waiting = call(() -> other.find("t1", "1")).awaitWaiting();

		death.of(leader);
		long begun = System.nanoTime();

		if (broken.isEmpty()) {
			assertThat(waiting.result()).isEqualTo(0);
			System.out.println("LoadsRedisTests: a lease of 500 ms, " + death + ": others waited "
					+ TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun) + " ms");
		}
		else {
			await().during(LEASE.multipliedBy(3)).atMost(Duration.ofMinutes(1)).until(() -> !waiting.isDone());
			this.redis.flushAll();
			waiting.result();
		}
	}

	static Stream<Set<Rule>> awakening() {
		// Each starts a JVM.
		return Stream.of(Set.<Rule>of(), EnumSet.of(Rule.COMPARE_ON_FILL)).limit(Thorough.choose(1, 2));
	}

	@ParameterizedTest
	@MethodSource("awakening")
	void aProcessThatWasStoppedWhileItLoadedCannotStoreWhatItLoaded(Set<Rule> broken) throws Exception {
		RuleBreaker breaker = closing(RuleBreaker.inFrontOf(this.redis.host(), this.redis.port(), broken));
		LoaderJvm leader = closing(LoaderJvm.start(breaker.host(), breaker.port(), LEASE)).awaitReady();
		Instance other = instance(Set.of());
		leader.beginLoading("t1", "1", -7);
		leader.stop();
		Rows.change("t1", "1");
		assertThat(other.find("t1", "1")).as("loaded when the lease was over").isEqualTo(1);
		other.awaitFills(1);

		leader.goOn();
		leader.finishLoading();

		assertThat(leader.refusedFills()).isEqualTo(broken.isEmpty() ? 1 : 0);
		assertThat(other.find("t1", "1")).isEqualTo(broken.isEmpty() ? 1 : -7);
		assertThat(other.rows().loads()).isEqualTo(1);
	}

	@ParameterizedTest
	@SomeOf({ "PLAIN", "FUTURE" })
	void nobodyWaitsLongerThanLoadWaitAndThenOneOfEachInstanceLoads(Way way) throws Exception {
		// Long enough for all to have come, on a busy machine too, before the second wait
		// ends.
		CacheSettings impatient = TIMELESS.withLoadWait(Duration.ofSeconds(2));
		TestInstance<Ways> leader = instanceOf(Ways.class, impatient, "ways");
		TestInstance<Ways> other = instanceOf(Ways.class, impatient, "ways");
		Pause slow = leader.service().pause();
		Call<String> first = call(() -> way.in(leader.service(), "1"));
		slow.awaitReached();
		Pause own = leader.service().pause();
		Pause others = other.service().pause();

		List<Call<String>> here = IntStream.range(0, 4)
			.mapToObj((i) -> call(() -> way.in(leader.service(), "1")))
			.toList();
		List<Call<String>> there = IntStream.range(0, 4)
			.mapToObj((i) -> call(() -> way.in(other.service(), "1")))
			.toList();
		// Each of the two who load does so while the other three still come.
		own.awaitReached();
		others.awaitReached();
		await().atMost(Duration.ofMinutes(1))
			.until(() -> leader.counters("ways").misses() == 5 && other.counters("ways").misses() == 4);
		awaitLateWaiters();
		own.release();
		others.release();

		for (Call<String> call : here) {
			assertThat(call.result()).isEqualTo("loaded");
		}
		for (Call<String> call : there) {
			assertThat(call.result()).isEqualTo("loaded");
		}
		assertThat(first.isDone()).isFalse();
		slow.release();
		first.result();
		assertThat(leader.service().loads()).isEqualTo(2);
		assertThat(other.service().loads()).isEqualTo(1);
	}

	@Test
	void differentKeysDoNotWaitForEachOther() throws Exception {
		Instance leader = instance(Set.of());
		Instance other = instance(Set.of());
		Pause load = leader.rows().pauseAfterReading();
		Call<Integer> held = call(() -> leader.find("t1", "held"));
		load.awaitReached();
		List<Call<Integer>> waiting = List.of(call(() -> leader.find("t1", "held")).awaitWaiting(),
				call(() -> other.find("t1", "held")).awaitWaiting());

		for (int i = 0; i < Thorough.choose(50, 200); i++) {
			String id = String.valueOf(i);
			assertThat(call(() -> leader.find("t1", id)).result()).isZero();
			assertThat(call(() -> other.find("t2", id)).result()).isZero();
		}

		assertThat(held.isDone()).isFalse();
		assertThat(waiting).noneMatch(Call::isDone);
		load.release();
		for (Call<Integer> one : waiting) {
			assertThat(one.result()).isZero();
		}
	}

	@ParameterizedTest
	@EnumSource
	void aLoaderThatAsksForItsOwnKeyWaitsForNothing(Recursion recursion) throws Exception {
		this.redis.flushAll();
		TestInstance<Recursive> instance = instanceOf(Recursive.class, TIMELESS, "recursive", "lists");

		Call<String> call = call(() -> recursion.in(instance.service()));

		assertThat(call.result()).startsWith("outer").endsWith("inner");
	}

	@ParameterizedTest
	@EnumSource
	void aLoaderThatAsksForItsOwnKeyWhereNothingTellsWaitsNoLongerThanLoadWait(Unknown recursion) throws Exception {
		this.redis.flushAll();
		TestInstance<Recursive> instance = instanceOf(Recursive.class, TIMELESS.withLoadWait(Duration.ofMillis(300)),
				"recursive", "lists");

		Call<String> call = call(() -> recursion.in(instance.service()));

		assertThat(call.result()).startsWith("outer").endsWith("inner");
	}

	@Test
	void loadersThatAskForEachOthersKeysWaitNoLongerThanLoadWait() throws Exception {
		TestInstance<Crossing> instance = instanceOf(Crossing.class, TIMELESS.withLoadWait(Duration.ofMillis(300)),
				"crossing");
		instance.service().meet();

		Call<String> one = call(() -> instance.service().find("a", "b"));
		Call<String> two = call(() -> instance.service().find("b", "a"));

		assertThat(one.result()).startsWith("a");
		assertThat(two.result()).startsWith("b");
	}

	@Test
	void aTtlPolicyThatFailsInWhateverWayCostsNobodyTheValue() {
		TestInstance<Ways> instance = closing(
				TestInstance.of(Ways.class, this.redis.host(), this.redis.port(), (builder) -> {
					TestInstance.patient(builder);
					builder.caches(List.of("ways")).ttlPolicy((cacheName, entryKey, value) -> {
						throw new NoClassDefFoundError("policy");
					});
				}))
			.awaitUp();

		assertThat(instance.cache("ways").retrieve("later", () -> CompletableFuture.completedFuture("value")))
			.succeedsWithin(Duration.ofSeconds(10))
			.isEqualTo("value");
		assertThat(instance.cache("ways").get("now", () -> "value")).isEqualTo("value");
		await().atMost(Duration.ofMinutes(1)).until(() -> this.redis.bytes("ways:now") != null);
	}

	private TestInstance<Failing> failing(Set<Rule> broken) {
		RuleBreaker breaker = closing(RuleBreaker.inFrontOf(this.redis.host(), this.redis.port(), broken));
		return closing(TestInstance.of(Failing.class, breaker.host(), breaker.port(),
				(builder) -> Internals.link(builder.defaults(TIMELESS).caches(List.of("failing")), PATIENT)))
			.awaitUp();
	}

	private <S> TestInstance<S> instanceOf(Class<S> service, CacheSettings settings, String... caches) {
		return closing(TestInstance.of(service, this.redis.host(), this.redis.port(),
				(builder) -> Internals.link(builder.defaults(settings).caches(List.of(caches)), PATIENT)))
			.awaitUp();
	}

	/**
	 * How a process ends, or seems to.
	 */
	enum Death {

		KILLED {
			@Override
			void of(LoaderJvm jvm) {
				jvm.kill();
			}
		},
		STOPPED {
			@Override
			void of(LoaderJvm jvm) {
				jvm.stop();
			}
		};

		abstract void of(LoaderJvm jvm);

	}

	/**
	 * A way to call a cached method.
	 */
	enum Way {

		PLAIN {
			@Override
			String in(Ways service, String id) {
				return service.plain(id);
			}
		},
		SYNC {
			@Override
			String in(Ways service, String id) {
				return service.synced(id);
			}
		},
		FUTURE {
			@Override
			String in(Ways service, String id) {
				return service.later(id).join();
			}
		},
		MONO {
			@Override
			String in(Ways service, String id) {
				return java.util.Objects.requireNonNull(service.mono(id).block());
			}
		};

		abstract String in(Ways service, String id);

	}

	static class Ways {

		private final AtomicInteger loads = new AtomicInteger();

		private final AtomicReference<@Nullable Pause> pause = new AtomicReference<>();

		public Pause pause() {
			Pause pause = new Pause();
			this.pause.set(pause);
			return pause;
		}

		public int loads() {
			return this.loads.get();
		}

		private String load() {
			this.loads.incrementAndGet();
			Pause pause = this.pause.getAndSet(null);
			if (pause != null) {
				pause.stop();
			}
			return "loaded";
		}

		@Cacheable("ways")
		public String plain(String id) {
			return load();
		}

		@Cacheable(cacheNames = "ways", sync = true)
		public String synced(String id) {
			return load();
		}

		@Cacheable("ways")
		public CompletableFuture<String> later(String id) {
			return CompletableFuture.supplyAsync(this::load, (task) -> new Thread(task).start());
		}

		@Cacheable("ways")
		public Mono<String> mono(String id) {
			return Mono.fromSupplier(this::load).subscribeOn(Schedulers.boundedElastic());
		}

	}

	static class Failing {

		static final AtomicInteger MOST_AT_ONCE = new AtomicInteger();

		private static final AtomicInteger AT_ONCE = new AtomicInteger();

		private static final AtomicInteger LOADS = new AtomicInteger();

		private static final AtomicReference<@Nullable Pause> PAUSE = new AtomicReference<>();

		static void reset() {
			MOST_AT_ONCE.set(0);
			LOADS.set(0);
		}

		static Pause pause() {
			Pause pause = new Pause();
			PAUSE.set(pause);
			return pause;
		}

		@Cacheable("failing")
		public String find(String id) throws InterruptedException {
			int load = LOADS.incrementAndGet();
			MOST_AT_ONCE.accumulateAndGet(AT_ONCE.incrementAndGet(), Math::max);
			try {
				Pause pause = PAUSE.getAndSet(null);
				if (pause != null) {
					pause.stop();
				}
				else {
					// Long enough for whoever loads at the same time to be seen.
					TimeUnit.MILLISECONDS.sleep(200);
				}
				throw new IllegalStateException("load " + load);
			}
			finally {
				AT_ONCE.decrementAndGet();
			}
		}

	}

	/**
	 * Who asks for its own key, and how.
	 */
	enum Recursion {

		PLAIN {
			@Override
			String in(Recursive service) {
				return service.plain("1", () -> service.plain("1", null));
			}
		},
		PLAIN_CARRIED_TO_ANOTHER_THREAD {
			@Override
			String in(Recursive service) {
				return service.plain("1", () -> carried(() -> service.plain("1", null)).join());
			}
		},
		FUTURE {
			@Override
			String in(Recursive service) {
				return service.later("1", () -> service.later("1", null)).join();
			}
		},
		FUTURE_BY_WAY_OF_ANOTHER_KEY {
			@Override
			String in(Recursive service) {
				return service.later("1", () -> service.later("2", () -> service.later("1", null))).join();
			}
		},
		FUTURE_SYNCHRONIZED_BY_WAY_OF_ANOTHER_KEY {
			@Override
			String in(Recursive service) {
				return service
					.laterSynchronized("1",
							() -> service.laterSynchronized("2", () -> service.laterSynchronized("1", null)))
					.join();
			}
		},
		FUTURE_CARRIED_TO_ANOTHER_THREAD {
			@Override
			String in(Recursive service) {
				return service.later("1", () -> carried(() -> service.later("1", null).join())).join();
			}
		},
		MONO {
			@Override
			String in(Recursive service) {
				return String.valueOf(service.mono("1", () -> service.mono("1", null)).block());
			}
		},
		MONO_ON_ANOTHER_THREAD {
			@Override
			String in(Recursive service) {
				return String.valueOf(service.mono("1", () -> elsewhere(() -> service.mono("1", null))).block());
			}
		},
		MONO_BY_WAY_OF_ANOTHER_KEY {
			@Override
			String in(Recursive service) {
				return String
					.valueOf(service
						.mono("1",
								() -> elsewhere(
										() -> service.mono("2", () -> elsewhere(() -> service.mono("1", null)))))
						.block());
			}
		},
		MONO_SYNCHRONIZED_ON_ANOTHER_THREAD {
			@Override
			String in(Recursive service) {
				return String
					.valueOf(service.monoSynchronized("1", () -> elsewhere(() -> service.monoSynchronized("1", null)))
						.block());
			}
		},
		MONO_THAT_CALLS_A_PLAIN_METHOD {
			@Override
			String in(Recursive service) {
				return String
					.valueOf(service.mono("1", () -> Mono.fromSupplier(() -> service.plain("1", null))).block());
			}
		},
		PLAIN_THAT_WAITS_FOR_A_MONO {
			@Override
			String in(Recursive service) {
				return service.plain("1", () -> String.valueOf(service.mono("1", null).block()));
			}
		},
		FLUX_ON_ANOTHER_THREAD {
			@Override
			String in(Recursive service) {
				return String.valueOf(
						service
							.flux("1",
									() -> Flux.defer(() -> service.flux("1", null))
										.subscribeOn(Schedulers.boundedElastic()))
							.blockLast());
			}
		};

		abstract String in(Recursive service);

		private static <T> Mono<T> elsewhere(Supplier<Mono<T>> call) {
			return Mono.defer(call).subscribeOn(Schedulers.boundedElastic());
		}

		/** On another thread, with what context propagation takes there. */
		private static <T> CompletableFuture<T> carried(Supplier<T> call) {
			ContextSnapshot snapshot = ContextSnapshotFactory.builder().build().captureAll();
			return CompletableFuture.supplyAsync(call, (task) -> new Thread(snapshot.wrap(task)).start());
		}

	}

	/**
	 * Who asks for its own key where nothing tells that it is the one who loads it.
	 */
	enum Unknown {

		FUTURE_ON_ANOTHER_THREAD {
			@Override
			String in(Recursive service) {
				return service
					.later("1",
							() -> CompletableFuture.supplyAsync(() -> service.later("1", null).join(),
									(task) -> new Thread(task).start()))
					.join();
			}
		},
		PLAIN_ON_ANOTHER_THREAD {
			@Override
			String in(Recursive service) {
				return service.plain("1",
						() -> CompletableFuture
							.supplyAsync(() -> service.plain("1", null), (task) -> new Thread(task).start())
							.join());
			}
		};

		abstract String in(Recursive service);

	}

	/** Methods that load what they are told to ask for, or else by themselves. */
	static class Recursive {

		@Cacheable(cacheNames = "recursive", key = "#id")
		public String plain(String id, @Nullable Supplier<String> asked) {
			return (asked != null) ? "outer " + asked.get() : "inner";
		}

		@Cacheable(cacheNames = "recursive", key = "#id")
		public CompletableFuture<String> later(String id, @Nullable Supplier<CompletableFuture<String>> asked) {
			return (asked != null) ? asked.get().thenApply("outer "::concat)
					: CompletableFuture.completedFuture("inner");
		}

		@Cacheable(cacheNames = "recursive", key = "#id", sync = true)
		public CompletableFuture<String> laterSynchronized(String id,
				@Nullable Supplier<CompletableFuture<String>> asked) {
			return later(id, asked);
		}

		@Cacheable(cacheNames = "recursive", key = "#id")
		public Mono<String> mono(String id, @Nullable Supplier<Mono<String>> asked) {
			return (asked != null) ? asked.get().map("outer "::concat) : Mono.just("inner");
		}

		@Cacheable(cacheNames = "recursive", key = "#id", sync = true)
		public Mono<String> monoSynchronized(String id, @Nullable Supplier<Mono<String>> asked) {
			return mono(id, asked);
		}

		@Cacheable(cacheNames = "lists", key = "#id")
		public Flux<String> flux(String id, @Nullable Supplier<Flux<String>> asked) {
			return (asked != null) ? asked.get().map("outer "::concat) : Flux.just("inner");
		}

	}

	static class Crossing {

		private final ObjectProvider<Crossing> self;

		private CountDownLatch both = new CountDownLatch(0);

		Crossing(ObjectProvider<Crossing> self) {
			this.self = self;
		}

		/** Have two loaders begin before either asks for the other's key. */
		public void meet() {
			this.both = new CountDownLatch(2);
		}

		@Cacheable(cacheNames = "crossing", key = "#id")
		public String find(String id, @Nullable String other) throws InterruptedException {
			this.both.countDown();
			this.both.await(20, TimeUnit.SECONDS);
			return (other != null) ? id + this.self.getObject().find(other, null) : id;
		}

	}

}
