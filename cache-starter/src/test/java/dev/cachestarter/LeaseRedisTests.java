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
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import org.springframework.cache.interceptor.SimpleKey;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.util.unit.DataSize;

import dev.cachestarter.RuleBreaker.Gate;
import dev.cachestarter.RuleBreaker.Rule;
import dev.cachestarter.RuleBreaker.Step;
import dev.cachestarter.cache.Internals;
import dev.cachestarter.engine.entry.Acquired;
import dev.cachestarter.engine.entry.EntryStore;
import dev.cachestarter.engine.entry.Lease;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.testing.FaultProxy;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * The life of a lease: who gets it, how long it lives, who waits for it, and that nobody
 * waits in vain.
 */
@WithRedis(local = true)
class LeaseRedisTests extends Interleavings {

	LeaseRedisTests(RedisServer redis) {
		super(redis);
	}

	static List<Set<Rule>> acquiring() {
		return List.of(Set.of(), EnumSet.of(Rule.COMPARE_ON_ACQUIRE));
	}

	@ParameterizedTest
	@MethodSource("acquiring")
	void ofTwoWhoMissedOneLoads(Set<Rule> broken) throws Exception {
		Instance first = instance(broken);
		Instance second = instance(broken);
		Gate beforeLease = first.breaker().hold(Step.ACQUIRE);
		Pause load = second.rows().pauseAfterReading();
		Call<Integer> one = call(() -> first.find("t1", "1"));
		beforeLease.awaitReached();
		Call<Integer> two = call(() -> second.find("t1", "1"));
		load.awaitReached();

		beforeLease.open();
		if (broken.isEmpty()) {
			one.awaitWaiting();
		}
		else {
			one.result();
		}
		load.release();

		assertThat(one.result()).isEqualTo(two.result());
		assertThat(first.rows().loads() + second.rows().loads()).isEqualTo(broken.isEmpty() ? 1 : 2);
	}

	static List<Set<Rule>> renewing() {
		return List.of(Set.of(), EnumSet.of(Rule.RENEW));
	}

	@ParameterizedTest
	@MethodSource("renewing")
	void theLeaseOfASlowLoadIsRenewed(Set<Rule> broken) throws Exception {
		CacheSettings settings = TIMELESS.withLease(Duration.ofMillis(600));
		Instance leader = instance(broken, settings);
		Instance other = instance(broken, settings);
		Pause load = leader.rows().pauseAfterReading();
		Call<Integer> slow = call(() -> leader.find("t1", "1"));
		load.awaitReached();
		long begun = System.nanoTime();
		Call<Integer> waiting = call(() -> other.find("t1", "1"));

		await().atMost(Duration.ofMinutes(1))
			.until(() -> System.nanoTime() - begun > TimeUnit.MILLISECONDS.toNanos(1500) || waiting.isDone());
		load.release();

		assertThat(waiting.result()).isEqualTo(slow.result());
		assertThat(leader.rows().loads() + other.rows().loads()).isEqualTo(broken.isEmpty() ? 1 : 2);
	}

	@Test
	void aLoadThatTakesForEverLosesItsLease() throws Exception {
		Instance leader = instance(Set.of(),
				TIMELESS.withLease(Duration.ofMillis(100)).withLoadLeaseLimit(Duration.ofMillis(300)));
		Instance other = instance(Set.of());
		Pause load = leader.rows().pauseAfterReading();
		Call<Integer> slow = call(() -> leader.find("t1", "1"));
		load.awaitReached();

		assertThat(other.find("t1", "1")).as("while the other still loads").isEqualTo(0);

		load.release();
		slow.result();
		assertThat(other.rows().loads()).isEqualTo(1);
	}

	static List<Set<Rule>> expiring() {
		return List.of(Set.of(), EnumSet.of(Rule.EXPIRE));
	}

	@ParameterizedTest
	@MethodSource("expiring")
	void aDeadLeaderDelaysOthersByItsLeaseAtMost(Set<Rule> broken) throws Exception {
		Instance dead = instance(broken);
		Instance other = instance(Set.of());
		StoredKey key = dead.context().storedKey("rows", new SimpleKey("t1", "1"));
		EntryStore store = dead.context().engine().store();
		Observed observed = store.observe(key).get(10, TimeUnit.SECONDS);
		assertThat(store.acquire(observed, store.newNonce(), Duration.ofMillis(300), Lease.Holder.CALL)
			.get(10, TimeUnit.SECONDS)
			.lease()).isNotNull();

		Call<Integer> waiting = call(() -> other.find("t1", "1"));

		if (broken.isEmpty()) {
			assertThat(waiting.result()).isEqualTo(0);
		}
		else {
			await().during(Duration.ofMillis(600)).atMost(Duration.ofMinutes(1)).until(() -> !waiting.isDone());
			this.redis.flushAll();
		}
	}

	@Test
	void aLeaseThatCameBackWithAnOldDumpIsTakenOverByThoseWhoDistrustIt() throws Exception {
		Instance dead = instance(Set.of());
		RuleBreaker none = closing(RuleBreaker.inFrontOf(this.redis.host(), this.redis.port(), Set.of()));
		Instance distrusting = instance(none, none.host(), none.port(),
				(builder) -> Internals.link(builder.defaults(TIMELESS), PATIENT).distrustRestarts(true));
		EntryStore store = dead.context().engine().store();
		Observed observed = store.observe(dead.context().storedKey("rows", new SimpleKey("t1", "1")))
			.get(10, TimeUnit.SECONDS);
		Acquired acquired = store.acquire(observed, store.newNonce(), Duration.ofMinutes(1), Lease.Holder.CALL)
			.get(10, TimeUnit.SECONDS);
		assertThat(acquired.lease()).isNotNull();
		this.redis.cli("SETRANGE", "rows:t1:1", "97", "0ther5un");

		assertThat(distrusting.find("t1", "1")).isEqualTo(0);

		assertThat(distrusting.rows().loads()).isEqualTo(1);
		distrusting.awaitFills(1);
		assertThat(store.renew(acquired.lease(), Duration.ofMinutes(1)).get(10, TimeUnit.SECONDS)).isFalse();
	}

	@Test
	void aLeaseThatArrivesLateDelaysOthersByTheLeaseAtMost() throws Exception {
		FaultProxy network = closing(FaultProxy.inFrontOf(this.redis));
		RuleBreaker none = closing(RuleBreaker.inFrontOf(network.host(), network.port(), Set.of()));
		Instance leader = instance(none, network.host(), network.port(),
				(builder) -> builder.defaults(TIMELESS.withLease(Duration.ofMillis(300))));
		Instance other = instance(Set.of());
		leader.find("t1", "first");
		leader.awaitFills(1);
		Observed observed = leader.context()
			.engine()
			.store()
			.observe(leader.context().storedKey("rows", new SimpleKey("t1", "1")))
			.get(10, TimeUnit.SECONDS);
		network.holdBack();
		CompletableFuture<?> late = leader.context()
			.engine()
			.store()
			.acquire(observed, "00000000deadbeef", Duration.ofMillis(300), Lease.Holder.CALL);
		await().atMost(Duration.ofMinutes(1)).until(() -> network.heldBytes() > 0);
		network.closeAll();

		network.releaseHeld();

		assertThat(late).failsWithin(Duration.ofSeconds(10));
		assertThat(this.redis.keys("rows:t1:1")).hasSize(1);
		assertThat(other.find("t1", "1")).isEqualTo(0);
	}

	static java.util.stream.Stream<Arguments> outcomes() {
		return java.util.Arrays.stream(Outcome.values())
			.flatMap((outcome) -> java.util.stream.Stream.of(Set.<Rule>of(), EnumSet.of(Rule.RELEASE))
				.map((broken) -> Arguments.of(outcome, broken)));
	}

	@ParameterizedTest
	@MethodSource("outcomes")
	void aLeaseThatNoFillComesOfIsGivenBack(Outcome outcome, Set<Rule> broken) {
		RuleBreaker breaker = closing(RuleBreaker.inFrontOf(this.redis.host(), this.redis.port(), broken));
		TestInstance<Outcomes> instance = closing(TestInstance.of(Outcomes.class, breaker.host(), breaker.port(),
				(builder) -> Internals.link(
						builder.defaults(TIMELESS.withNullTtl(Duration.ZERO).withMaxValueSize(DataSize.ofKilobytes(1))),
						PATIENT)))
			.awaitUp();

		outcome.of(instance.service());

		if (broken.isEmpty()) {
			await().atMost(Duration.ofMinutes(1)).until(() -> this.redis.keys("outcomes:*").isEmpty());
			assertThat(breaker.journal()).contains("RELEASE?");
		}
		else {
			await().atMost(Duration.ofMinutes(1)).until(() -> breaker.journal().contains("RELEASE!"));
			assertThat(this.redis.number("PTTL", "outcomes:1")).as("all would wait this long").isGreaterThan(30_000);
		}
	}

	@Test
	void aLookAtTheCacheLeavesNoLease() {
		Instance instance = instance(Set.of());

		assertThat(instance.context().cache("rows").get(new SimpleKey("t1", "1"))).isNull();
		assertThat(instance.context().cacheService().get("rows:t1:1", Row.class)).isEmpty();

		assertThat(this.redis.keys("*")).isEmpty();
	}

	@ParameterizedTest
	@EnumSource
	void whoSharesALoadWhoseCallerIsInterruptedLoadsByItself(Interrupted way) throws Exception {
		this.redis.flushAll();
		TestInstance<Interruptible> instance = closing(TestInstance.of(Interruptible.class, this.redis.host(),
				this.redis.port(),
				(builder) -> Internals.link(builder.defaults(TIMELESS).caches(List.of("interruptible")), PATIENT)))
			.awaitUp();
		Call<String> leader = call(() -> way.in(instance));
		instance.service().awaitLoading();
		Call<String> joined = call(() -> way.in(instance)).awaitWaiting();

		leader.interrupt();

		assertThatExceptionOfType(InterruptedException.class).isThrownBy(leader::result);
		assertThat(joined.result()).isEqualTo("loaded");
	}

	@Test
	void anExceptionReachesThoseWhoShareTheLoadAndNobodyElse() throws Exception {
		TestInstance<Outcomes> leader = closing(TestInstance.of(Outcomes.class, this.redis.host(), this.redis.port(),
				(builder) -> Internals.link(builder.defaults(TIMELESS).caches(List.of("outcomes")), PATIENT)))
			.awaitUp();
		TestInstance<Outcomes> elsewhere = closing(TestInstance.of(Outcomes.class, this.redis.host(), this.redis.port(),
				(builder) -> Internals.link(builder.defaults(TIMELESS).caches(List.of("outcomes")), PATIENT)))
			.awaitUp();
		Pause load = leader.service().pause();
		Call<@Nullable String> first = call(() -> leader.service().paused("1"));
		load.awaitReached();
		Call<@Nullable String> joined = call(() -> leader.service().paused("1")).awaitWaiting();
		Call<@Nullable String> waiting = call(() -> elsewhere.cacheService()
			.getOrLoad("outcomes:1", String.class, Duration.ofMinutes(1), () -> "loaded")).awaitWaiting();

		load.release();

		assertThatExceptionOfType(java.io.IOException.class).isThrownBy(first::result).withMessage("load 1");
		assertThatExceptionOfType(java.io.IOException.class).isThrownBy(joined::result).withMessage("load 1");
		assertThat(waiting.result()).isEqualTo("loaded");
	}

	@ParameterizedTest
	@EnumSource
	void aMethodThatAsksForItsOwnKeyDoesNotWaitForItself(Recursion recursion) throws Exception {
		TestInstance<Recursive> instance = closing(
				TestInstance.of(Recursive.class, this.redis.host(), this.redis.port(),
						(builder) -> Internals.link(builder.defaults(TIMELESS).caches(List.of("outcomes")), PATIENT)))
			.awaitUp();

		Call<String> call = call(() -> recursion.in(instance.service()));

		assertThat(call.result()).isEqualTo("outer inner");
	}

	@Test
	void whoWaitsForAPutGetsWhatItPut() throws Exception {
		Instance writer = instance(Set.of());
		Instance other = instance(Set.of());
		Pause method = writer.rows().pauseAfterReading();
		Call<Row> put = call(() -> writer.rows().update("t1", "1"));
		method.awaitReached();
		Call<Integer> here = call(() -> writer.find("t1", "1")).awaitWaiting();
		Call<Integer> elsewhere = call(() -> other.find("t1", "1")).awaitWaiting();

		method.release();

		assertThat(put.result().version()).isEqualTo(1);
		assertThat(here.result()).isEqualTo(1);
		assertThat(elsewhere.result()).isEqualTo(1);
		assertThat(writer.rows().loads() + other.rows().loads()).isZero();
	}

	@ParameterizedTest
	@EnumSource
	void whoHasWaitedDoesNotGetWhatWasEvictedHereAndRedisHasNotTaken(Waiter waiter) throws Exception {
		Instance leader = instance(Set.of());
		Instance other = instance(Set.of());
		Pause load = leader.rows().pauseAfterReading();
		Call<Integer> early = call(() -> leader.find("t1", "1"));
		load.awaitReached();
		Call<Integer> one = call(() -> waiter.in(other)).awaitWaiting();
		Call<Integer> two = call(() -> waiter.in(other)).awaitWaiting();

		Rows.change("t1", "1");
		this.redis.cli("ACL", "SETUSER", "default", "-unlink");
		try {
			other.rows().evict("t1", "1");
			load.release();

			assertThat(early.result()).isEqualTo(0);
			assertThat(one.result()).isEqualTo(1);
			assertThat(two.result()).isEqualTo(1);
		}
		finally {
			this.redis.cli("ACL", "SETUSER", "default", "+@all");
		}
	}

	@Test
	void whoHasWaitedLongEnoughLoadsForAllWhoHave() throws Exception {
		Instance leader = instance(Set.of());
		Instance other = instance(Set.of(), TIMELESS.withLoadWait(Duration.ofSeconds(1)));
		Pause slow = leader.rows().pauseAfterReading();
		Call<Integer> early = call(() -> leader.find("t1", "1"));
		slow.awaitReached();
		Pause own = other.rows().pauseAfterReading();

		List<Call<Row>> waiting = new ArrayList<>();
		for (int i = 0; i < 4; i++) {
			waiting.add(call(() -> other.rows().find("t1", "1")));
		}
		own.awaitReached();
		await().atMost(Duration.ofMinutes(1)).until(() -> other.counters().misses() == 4);
		awaitLateWaiters();
		own.release();

		for (Call<Row> one : waiting) {
			assertThat(one.result().version()).isEqualTo(0);
		}
		assertThat(other.rows().loads()).isEqualTo(1);
		assertThat(early.isDone()).isFalse();
		slow.release();
		early.result();
	}

	@Test
	void aLoadWithoutALeaseIsNotJoinedAfterAnEvictionElsewhere() throws Exception {
		Instance leader = instance(Set.of());
		Instance impatient = instance(Set.of(), TIMELESS.withLoadWait(Duration.ofMillis(200)));
		Pause slow = leader.rows().pauseAfterReading();
		Call<Integer> early = call(() -> leader.find("t1", "1"));
		slow.awaitReached();
		Pause own = impatient.rows().pauseAfterReading();
		Call<Integer> gaveUp = call(() -> impatient.find("t1", "1"));
		own.awaitReached();

		Rows.change("t1", "1");
		leader.rows().evict("t1", "1");
		Pause slowAgain = leader.rows().pauseAfterReading();
		Call<Integer> afterwards = call(() -> leader.find("t1", "1"));
		slowAgain.awaitReached();
		Call<Integer> late = call(() -> impatient.find("t1", "1"));
		await().atMost(Duration.ofMinutes(1)).until(() -> impatient.counters().misses() == 2);
		late.awaitWaiting();
		own.release();

		assertThat(gaveUp.result()).isEqualTo(0);
		assertThat(late.result()).isEqualTo(1);
		slow.release();
		slowAgain.release();
		assertThat(early.result()).isEqualTo(0);
		assertThat(afterwards.result()).isEqualTo(1);
	}

	@Test
	void outOfMemoryLoadsGoOnAndAreNotJoinedAfterAnEvictionElsewhere() throws Exception {
		Instance loader = instance(Set.of());
		Instance other = instance(Set.of());
		loader.find("t1", "warm");
		loader.awaitFills(1);
		this.redis.cli("CONFIG", "SET", "maxmemory", "1");
		try {
			Pause load = loader.rows().pauseAfterReading();
			Call<Integer> early = call(() -> loader.find("t1", "1"));
			load.awaitReached();

			Rows.change("t1", "1");
			other.rows().evict("t1", "1");
			Call<Integer> late = call(() -> loader.find("t1", "1"));
			await().atMost(Duration.ofMinutes(1)).until(() -> loader.counters().misses() == 3);
			load.release();

			assertThat(early.result()).isEqualTo(0);
			assertThat(late.result()).isEqualTo(1);
		}
		finally {
			this.redis.cli("CONFIG", "SET", "maxmemory", "0");
		}
	}

	static List<Set<Rule>> evicting() {
		return List.of(Set.of(), EnumSet.of(Rule.EVICT_BY_UNLINK));
	}

	@ParameterizedTest
	@MethodSource("evicting")
	void outOfMemoryEvictionsStillWork(Set<Rule> broken) {
		Instance writer = instance(broken);
		Instance reader = instance(broken);
		reader.find("t1", "1");
		reader.find("t2", "1");
		reader.awaitFills(2);
		this.redis.cli("CONFIG", "SET", "maxmemory", "1");
		try {
			Rows.change("t1", "1");
			writer.rows().evictTenant("t1");

			assertThat(reader.find("t1", "1")).isEqualTo(broken.isEmpty() ? 1 : 0);
			assertThat(reader.find("t2", "1")).as("hits are served").isEqualTo(0);
			assertThat(reader.rows().loads()).isEqualTo(broken.isEmpty() ? 3 : 2);
		}
		finally {
			this.redis.cli("CONFIG", "SET", "maxmemory", "0");
		}
	}

	static List<Set<Rule>> awaiting() {
		return List.of(Set.of(), EnumSet.of(Rule.AWAIT_EVICTION));
	}

	@ParameterizedTest
	@MethodSource("awaiting")
	void anEvictionHasTakenEffectWhenItsMethodReturns(Set<Rule> broken) {
		Instance writer = instance(broken);
		Instance reader = instance(Set.of());
		int stale = 0;
		for (int i = 1; i <= 20; i++) {
			reader.find("t1", "1");
			Rows.change("t1", "1");
			writer.rows().evict("t1", "1");
			stale += (reader.find("t1", "1") < i) ? 1 : 0;
		}

		if (broken.isEmpty()) {
			assertThat(stale).isZero();
		}
		else {
			assertThat(stale).isPositive();
		}
	}

	/**
	 * Who waits for another instance's load of row 1 of tenant t1.
	 */
	enum Waiter {

		PLAIN {
			@Override
			int in(Instance instance) {
				return instance.find("t1", "1");
			}
		},
		SYNC {
			@Override
			int in(Instance instance) {
				return instance.rows().findSync("t1", "1").version();
			}
		},
		RETRIEVE {
			@Override
			int in(Instance instance) {
				return java.util.Objects
					.requireNonNull(instance.context()
						.cache("rows")
						.retrieve(new SimpleKey("t1", "1"),
								() -> CompletableFuture.completedFuture(new Row("t1", "1", Rows.VERSIONS.get("t1:1"))))
						.join())
					.version();
			}
		},
		BATCH {
			@Override
			int in(Instance instance) {
				return java.util.Objects
					.requireNonNull(instance.context()
						.cacheService()
						.getAll(List.of("rows:t1:1"), Row.class,
								(keys) -> Map.of("rows:t1:1", new Row("t1", "1", Rows.VERSIONS.get("t1:1"))))
						.get("rows:t1:1"))
					.version();
			}
		};

		abstract int in(Instance instance);

	}

	/**
	 * How a load can end without anything to store.
	 */
	enum Outcome {

		NULL {
			@Override
			void of(Outcomes service) {
				assertThat(service.nothing("1")).isNull();
			}
		},
		UNLESS {
			@Override
			void of(Outcomes service) {
				assertThat(service.vetoed("1")).isEqualTo("vetoed");
			}
		},
		EXCEPTION {
			@Override
			void of(Outcomes service) {
				assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> service.failing("1"));
			}
		},
		EXCEPTION_OF_SYNC {
			@Override
			void of(Outcomes service) {
				assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> service.failingSync("1"));
			}
		},
		EXCEPTION_OF_FUTURE {
			@Override
			void of(Outcomes service) {
				assertThat(service.failingLater("1")).failsWithin(Duration.ofSeconds(10));
			}
		},
		TOO_LARGE {
			@Override
			void of(Outcomes service) {
				assertThat(service.large("1")).hasSizeGreaterThan(1000);
			}
		};

		abstract void of(Outcomes service);

	}

	static class Outcomes {

		private final AtomicInteger loads = new AtomicInteger();

		private volatile @Nullable Pause pause;

		public Pause pause() {
			Pause pause = new Pause();
			this.pause = pause;
			return pause;
		}

		@Cacheable("outcomes")
		public @Nullable String nothing(String id) {
			return null;
		}

		@Cacheable(cacheNames = "outcomes", unless = "#result == 'vetoed'")
		public @Nullable String vetoed(String id) {
			return "vetoed";
		}

		@Cacheable("outcomes")
		public @Nullable String failing(String id) {
			throw new IllegalStateException("boom");
		}

		@Cacheable(cacheNames = "outcomes", sync = true)
		public @Nullable String failingSync(String id) {
			throw new IllegalStateException("boom");
		}

		@Cacheable("outcomes")
		public CompletableFuture<String> failingLater(String id) {
			return CompletableFuture.failedFuture(new IllegalStateException("boom"));
		}

		@Cacheable("outcomes")
		public @Nullable String large(String id) {
			return "x".repeat(2000);
		}

		@Cacheable("outcomes")
		public @Nullable String paused(String id) throws java.io.IOException {
			Pause pause = this.pause;
			int load = this.loads.incrementAndGet();
			if (pause != null) {
				pause.stop();
			}
			throw new java.io.IOException("load " + load);
		}

	}

	/**
	 * Who loads what can be interrupted.
	 */
	enum Interrupted {

		PLAIN {
			@Override
			String in(TestInstance<Interruptible> instance) throws Exception {
				return instance.service().find("1");
			}
		},
		SYNC {
			@Override
			String in(TestInstance<Interruptible> instance) throws Exception {
				return instance.service().findSync("1");
			}
		},
		SERVICE {
			@Override
			String in(TestInstance<Interruptible> instance) throws Exception {
				return String.valueOf(instance.cacheService()
					.getOrLoad("interruptible:1", String.class, Duration.ofMinutes(1), instance.service()::load));
			}
		},
		BATCH {
			@Override
			String in(TestInstance<Interruptible> instance) throws Exception {
				return String.valueOf(instance.cacheService()
					.getAll(List.of("interruptible:1"), String.class,
							(keys) -> Map.of("interruptible:1", instance.service().load()))
					.get("interruptible:1"));
			}
		};

		abstract String in(TestInstance<Interruptible> instance) throws Exception;

	}

	/** The first load takes until it is interrupted. */
	static class Interruptible {

		private final CountDownLatch loading = new CountDownLatch(1);

		public void awaitLoading() throws InterruptedException {
			assertThat(this.loading.await(20, TimeUnit.SECONDS)).isTrue();
		}

		public String load() throws InterruptedException {
			if (this.loading.getCount() == 1) {
				this.loading.countDown();
				new CountDownLatch(1).await();
			}
			return "loaded";
		}

		@Cacheable("interruptible")
		public String find(String id) throws InterruptedException {
			return load();
		}

		@Cacheable(cacheNames = "interruptible", sync = true)
		public String findSync(String id) throws InterruptedException {
			return load();
		}

	}

	/**
	 * Who asks for its own key.
	 */
	enum Recursion {

		PLAIN {
			@Override
			String in(Recursive service) {
				return service.plain("1");
			}
		},
		SYNC {
			@Override
			String in(Recursive service) {
				return service.synced("1");
			}
		},
		PUT {
			@Override
			String in(Recursive service) {
				return service.put("1");
			}
		},
		FUTURE {
			@Override
			String in(Recursive service) {
				return service.later("1").join();
			}
		};

		abstract String in(Recursive service);

	}

	static class Recursive {

		private final ObjectProvider<Recursive> self;

		private boolean inner;

		Recursive(ObjectProvider<Recursive> self) {
			this.self = self;
		}

		private String body() {
			if (this.inner) {
				return "inner";
			}
			this.inner = true;
			return "outer " + this.self.getObject().plain("1");
		}

		@Cacheable("recursive")
		public String plain(String id) {
			return body();
		}

		@Cacheable(cacheNames = "recursive", sync = true)
		public String synced(String id) {
			return body();
		}

		@CachePut("recursive")
		public String put(String id) {
			return body();
		}

		@Cacheable("recursive")
		public CompletableFuture<String> later(String id) {
			return CompletableFuture.completedFuture(body());
		}

	}

}
