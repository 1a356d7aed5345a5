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
import java.util.Arrays;
import java.util.EnumSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
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

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.Caching;
import org.springframework.transaction.support.TransactionSynchronizationManager;

import dev.cachestarter.RuleBreaker.Rule;
import dev.cachestarter.cache.Internals;
import dev.cachestarter.cache.ResilientRedisCache;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.EntryStore;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Entries past their time to live that stand in for a load that fails or is slow. Time is
 * not waited for: it is written into the headers of entries.
 */
@WithRedis(local = true)
class StaleIfErrorRedisTests extends Interleavings {

	private static final CacheSettings STALE = TIMELESS.withTtl(Duration.ofHours(1))
		.withStaleIfError(Duration.ofHours(1))
		.withStaleRetry(Duration.ofMinutes(10));

	StaleIfErrorRedisTests(RedisServer redis) {
		super(redis);
	}

	@BeforeEach
	void emptyRedis() {
		this.redis.flushAll();
		Source.reset();
	}

	@ParameterizedTest
	@EnumSource
	void aStaleEntryStandsInForALoadThatFails(Way way) {
		Desk desk = desk(STALE);
		desk.hold(way);
		Source.failure = new IllegalStateException("the database is away");

		int found = way.call(desk);

		assertThat(found).isEqualTo(0);
		assertThat(Source.LOADS).hasValue(2);
		assertThat(desk.counters(way).staleServed()).isEqualTo(1);
	}

	@ParameterizedTest
	@EnumSource
	void withoutAnEntryTheFailureArrivesUnchanged(Way way) {
		Desk desk = desk(STALE);
		Source.failure = new IllegalStateException("the database is away");

		assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> way.call(desk))
			.isSameAs(Source.failure);
		await().untilAsserted(() -> assertThat(this.redis.keys(way.key())).isEmpty());
	}

	@ParameterizedTest
	@EnumSource
	void whenTheSourceIsBackTheEntryIsReplaced(Way way) {
		Desk desk = desk(STALE);
		desk.hold(way);
		Source.failure = new IllegalStateException("the database is away");
		way.call(desk);

		Source.failure = null;
		Source.version = 5;
		endPause(way);
		int found = way.call(desk);

		assertThat(found).isEqualTo(5);
		await().untilAsserted(() -> assertThat(desk.counters(way).puts()).isEqualTo(2));
		assertThat(way.call(desk)).isEqualTo(5);
		assertThat(Source.LOADS).hasValue(3);
	}

	@ParameterizedTest
	@EnumSource
	void theSourceIsNotAskedAgainForAWhileByAnyInstance(Way way) {
		Desk desk = desk(STALE);
		Desk other = desk(STALE);
		desk.hold(way);
		Source.failure = new IllegalStateException("the database is away");
		way.call(desk);
		await().until(() -> isPaused(way));

		int here = way.call(desk);
		int there = way.call(other);

		assertThat(here).isEqualTo(0);
		assertThat(there).isEqualTo(0);
		assertThat(Source.LOADS).hasValue(2);
		assertThat(other.counters(way).staleServed()).isEqualTo(1);
	}

	static Stream<Arguments> evictionsDuringALoad() {
		return Stream.concat(Arrays.stream(Way.values()).map((way) -> Arguments.of(way, "key")),
				Stream.of("group", "cache").map((eviction) -> Arguments.of(Way.PLAIN, eviction)));
	}

	@ParameterizedTest
	@MethodSource("evictionsDuringALoad")
	void nothingStandsInAfterAnEviction(Way way, String eviction) throws Exception {
		Desk desk = desk(STALE);
		Desk other = desk(STALE);
		desk.hold(way);
		Source.failure = new IllegalStateException("the database is away");
		Pause load = Source.pause();
		Call<Integer> call = call(() -> way.call(desk));
		load.awaitReached();

		other.evict(way, eviction);
		load.release();

		assertThatExceptionOfType(IllegalStateException.class).isThrownBy(call::result).isSameAs(Source.failure);
		assertThat(desk.counters(way).staleServed()).isZero();
	}

	@Test
	void whoDoesNotLookAgainServesWhatWasEvicted() throws Exception {
		Desk desk = desk(STALE, Set.of());
		desk.hold(Way.PLAIN);
		Desk careless = desk(STALE, EnumSet.of(Rule.LOOK_AGAIN));
		Source.failure = new IllegalStateException("the database is away");
		Pause load = Source.pause();
		Call<Integer> call = call(() -> Way.PLAIN.call(careless));
		load.awaitReached();

		desk.evict(Way.PLAIN, "key");
		load.release();

		assertThat(call.result()).as("what was evicted").isEqualTo(0);
	}

	static List<Set<Rule>> filling() {
		return List.of(Set.of(), EnumSet.of(Rule.COMPARE_ON_FILL));
	}

	@ParameterizedTest
	@MethodSource("filling")
	void aLoadInThePlaceOfAStaleEntryIsNotStoredAfterAnEviction(Set<Rule> broken) throws Exception {
		Desk desk = desk(STALE, broken);
		Desk other = desk(STALE);
		desk.hold(Way.PLAIN);
		Pause load = Source.pauseAfterReading();
		Call<Integer> call = call(() -> Way.PLAIN.call(desk));
		load.awaitReached();

		Source.version = 1;
		other.evict(Way.PLAIN, "key");
		load.release();

		assertThat(call.result()).isEqualTo(0);
		await().until(() -> desk.counters(Way.PLAIN).refusedFills() + desk.counters(Way.PLAIN).puts() == 2);
		assertThat(Way.PLAIN.call(other)).isEqualTo(broken.isEmpty() ? 1 : 0);
	}

	static List<Set<Rule>> claiming() {
		return List.of(Set.of(), EnumSet.of(Rule.COMPARE_ON_CLAIM));
	}

	@ParameterizedTest
	@MethodSource("claiming")
	void ofAllWhoFindAStaleEntryOneLoads(Set<Rule> broken) throws Exception {
		Desk desk = desk(STALE, broken);
		Desk other = desk(STALE, broken);
		desk.hold(Way.PLAIN);
		Gates gates = new Gates(desk, other);
		Pause load = Source.pause();
		Call<Integer> one = call(() -> Way.PLAIN.call(desk));
		Call<Integer> two = call(() -> Way.PLAIN.call(other));
		gates.bothHaveRead();

		gates.open();
		load.awaitReached();
		if (!broken.isEmpty()) {
			await().until(() -> Source.LOADS.get() == 3);
		}
		load.release();

		assertThat(one.result()).isEqualTo(0);
		assertThat(two.result()).isEqualTo(0);
		assertThat(Source.LOADS).hasValue(broken.isEmpty() ? 2 : 3);
	}

	@Test
	void whoWaitsForAnothersLoadThatFailsHasTheEntryToo() throws Exception {
		Desk desk = desk(STALE);
		Desk other = desk(STALE);
		desk.hold(Way.PLAIN);
		Source.failure = new IllegalStateException("the database is away");
		Pause load = Source.pause();
		Call<Integer> leader = call(() -> Way.PLAIN.call(desk));
		load.awaitReached();
		Call<Integer> here = call(() -> Way.PLAIN.call(desk)).awaitWaiting();
		Call<Integer> there = call(() -> Way.PLAIN.call(other)).awaitWaiting();

		load.release();

		assertThat(leader.result()).isEqualTo(0);
		assertThat(here.result()).isEqualTo(0);
		assertThat(there.result()).isEqualTo(0);
		assertThat(Source.LOADS).hasValue(2);
	}

	@Test
	void whoWaitsForAnothersLoadLongerThanTheTimeoutHasTheEntry() throws Exception {
		Desk desk = desk(STALE);
		Desk other = desk(STALE.withLoadTimeout(Duration.ofMillis(100)));
		desk.hold(Way.PLAIN);
		Pause load = Source.pause();
		Call<Integer> leader = call(() -> Way.PLAIN.call(desk));
		load.awaitReached();

		assertThat(Way.PLAIN.call(other)).as("while the load runs").isEqualTo(0);

		Source.version = 3;
		load.release();
		assertThat(leader.result()).isEqualTo(3);
		assertThat(Source.LOADS).hasValue(2);
	}

	@ParameterizedTest
	@EnumSource
	void aStaleEntryStandsInForALoadThatIsSlow(Way way) throws Exception {
		Desk desk = desk(STALE.withLoadTimeout(Duration.ofMillis(100)));
		desk.hold(way);
		Pause load = Source.pause();

		int whileItLoads = way.call(desk);
		load.awaitReached();
		int second = way.call(desk);
		Source.version = 7;
		load.release();

		assertThat(whileItLoads).isEqualTo(0);
		assertThat(second).isEqualTo(0);
		await().atMost(Duration.ofSeconds(10))
			.untilAsserted(() -> assertThat(desk.counters(way).puts()).as("the load went on").isEqualTo(2));
		assertThat(way.call(desk)).isEqualTo(7);
		assertThat(Source.LOADS).hasValue(2);
	}

	@ParameterizedTest
	@EnumSource
	void aLoadThatIsNotSlowIsWaitedFor(Way way) {
		Desk desk = desk(STALE.withLoadTimeout(Duration.ofSeconds(20)));
		desk.hold(way);
		Source.version = 7;

		int found = way.call(desk);

		assertThat(found).isEqualTo(7);
		await().untilAsserted(() -> assertThat(desk.counters(way).puts()).isEqualTo(2));
		assertThat(Source.LOADS).hasValue(2);
		assertThat(desk.counters(way).staleServed()).isZero();
	}

	@Test
	void loadsThatHangDoNotHoldUpAnotherCache() throws Exception {
		Desk desk = desk(STALE.withLoadTimeout(Duration.ofMinutes(1)));
		int more = 2 * Math.max(4, Runtime.getRuntime().availableProcessors());
		for (int id = 0; id < more; id++) {
			desk.service().find("t1", "hangs-" + id);
		}
		desk.hold(Way.FLUX);
		await().until(() -> this.redis.keys("rows:*").size() == more);
		Pause load = Source.pause();
		for (int id = 0; id < more; id++) {
			String hanging = "hangs-" + id;
			age(this.redis, "rows:t1:" + hanging);
			call(() -> desk.service().find("t1", hanging)).awaitWaiting();
		}
		load.awaitReached();
		Source.resume();
		Source.version = 7;

		Call<Integer> other = call(() -> Way.FLUX.call(desk));

		assertThat(other.result()).isEqualTo(7);
		load.release();
	}

	@Test
	void whileAllLoadsOfACacheHangItsStaleEntriesAreServedAtOnce() throws Exception {
		Duration timeout = Duration.ofSeconds(3);
		Desk desk = desk(STALE.withLoadTimeout(timeout));
		int share = Math.max(4, Runtime.getRuntime().availableProcessors());
		desk.hold(Way.PLAIN);
		for (int id = 0; id < share; id++) {
			desk.service().find("t1", "hangs-" + id);
		}
		await().until(() -> this.redis.keys("rows:*").size() == share + 1);
		Pause load = Source.pause();
		List<Call<Row>> hanging = new ArrayList<>();
		for (int id = 0; id < share; id++) {
			String hangs = "hangs-" + id;
			age(this.redis, "rows:t1:" + hangs);
			hanging.add(call(() -> desk.service().find("t1", hangs)));
		}
		for (Call<Row> call : hanging) {
			assertThat(call.result().version()).isZero();
		}

		long before = System.nanoTime();
		int found = Way.PLAIN.call(desk);

		assertThat(found).isZero();
		assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(timeout);
		load.release();
		Source.resume();
		Source.version = 7;
		await().until(() -> Way.PLAIN.call(desk) == 7);
	}

	@ParameterizedTest
	@EnumSource
	void whatAnExecutorDropsKeepsNobodyWaitingLongerThanTheTimeout(Way way) {
		Desk desk = desk(STALE.withLoadTimeout(Duration.ofMillis(100)), Set.of(),
				(builder) -> builder.refreshExecutor((task) -> {
				}));
		desk.hold(way);

		assertThat(way.call(desk)).isZero();

		await().untilAsserted(() -> assertThat(this.redis.cli("GETRANGE", way.key(), "23", "38")).as("no claim is left")
			.isEqualTo("-".repeat(16)));
		assertThat(Source.LOADS).hasValue(1);
	}

	@ParameterizedTest
	@EnumSource
	void whatAnExecutorFailsToTakeIsLoadedByTheCaller(Way way) {
		Desk desk = desk(STALE.withLoadTimeout(Duration.ofMillis(100)), Set.of(),
				(builder) -> builder.refreshExecutor((task) -> {
					throw new NoClassDefFoundError("x");
				}));
		desk.hold(way);
		Source.version = 7;

		assertThat(way.call(desk)).isEqualTo(7);
	}

	@Test
	void whatIsInTheBackgroundLoadsThereItself() throws Exception {
		ExecutorService one = Executors.newSingleThreadExecutor();
		closing(one::shutdownNow);
		Desk desk = desk(STALE.withLoadTimeout(Duration.ofMinutes(1)), Set.of(),
				(builder) -> builder.refreshExecutor(one));
		desk.service().findThroughAnother("t1", "1");
		await().until(() -> desk.counters(Way.PLAIN).puts() == 1 && this.redis.keys("copies:t1:1").size() == 1);
		age(this.redis, Way.PLAIN);
		age(this.redis, "copies:t1:1");
		Source.version = 5;
		Pause load = Source.pause();

		Call<Row> outer = call(() -> desk.service().findThroughAnother("t1", "1"));
		load.awaitReached();
		Call<Integer> waiting = call(() -> Way.PLAIN.call(desk)).awaitWaiting();
		load.release();

		assertThat(outer.result().version()).isEqualTo(5);
		assertThat(waiting.result()).isEqualTo(5);
		assertThat(Source.LOADS).hasValue(2);
		await().untilAsserted(() -> assertThat(desk.counters(Way.PLAIN).puts()).isEqualTo(2));
	}

	@Test
	void afterAnEvictionThoseWhoWaitedLoadOnceTogether() throws Exception {
		Desk desk = desk(STALE.withLoadTimeout(Duration.ofSeconds(2)));
		Desk other = desk(STALE);
		desk.hold(Way.PLAIN);
		Pause old = Source.pause();
		List<Call<Integer>> calls = new java.util.ArrayList<>();
		for (int i = 0; i < 12; i++) {
			calls.add(call(() -> Way.PLAIN.call(desk)));
		}
		old.awaitReached();
		calls.forEach(Call::awaitWaiting);

		Source.slowly = true;
		other.evict(Way.PLAIN, "key");
		Source.version = 2;
		Source.resume();

		for (Call<Integer> call : calls) {
			assertThat(call.result()).isEqualTo(2);
		}
		assertThat(Source.LOADS).as("the first, the old one, and one for all").hasValue(3);
		old.release();
	}

	@Test
	void whatCannotBeRepeatedIsLoadedByTheCallerAndStored() {
		Desk desk = desk(STALE.withLoadTimeout(Duration.ofSeconds(5)));
		Source.TENANT.set("t1");
		desk.service().findMine("1");
		await().until(() -> desk.counters(Way.PLAIN).puts() == 1);
		age(this.redis, Way.PLAIN);
		Source.version = 3;

		assertThat(desk.service().findMine("1").version()).isEqualTo(3);

		await().untilAsserted(() -> assertThat(desk.counters(Way.PLAIN).puts()).isEqualTo(2));
		assertThat(desk.service().findMine("1").version()).isEqualTo(3);
		assertThat(Source.LOADS).hasValue(2);
	}

	@Test
	void inATransactionWhatIsStaleIsLoadedInIt() {
		Desk desk = desk(STALE.withLoadTimeout(Duration.ofSeconds(5)));
		desk.hold(Way.PLAIN);
		pause(Way.PLAIN);
		Source.version = 3;
		TransactionSynchronizationManager.initSynchronization();
		TransactionSynchronizationManager.setActualTransactionActive(true);
		try {
			assertThat(Way.PLAIN.call(desk)).isEqualTo(3);
			assertThat(Source.thread).isSameAs(Thread.currentThread());
		}
		finally {
			TransactionSynchronizationManager.clear();
			TransactionSynchronizationManager.unbindResourceIfPossible(desk.instance().engine());
		}
	}

	@Test
	void aMethodOfFuturesThatThrowsAtOnceFailsLikeAnyOther() {
		Desk desk = desk(STALE);
		desk.hold(Way.PLAIN);
		Source.failure = new IllegalStateException("the database is away");

		assertThat(desk.service().findLaterOrThrow("t1", "1").join().version()).isEqualTo(0);

		await().until(() -> isPaused(Way.PLAIN));
	}

	@Test
	void aLeaderThatDiesDelaysOthersByItsLeaseAtMost() throws Exception {
		Desk desk = desk(STALE);
		desk.hold(Way.PLAIN);
		EntryStore store = desk.instance().engine().store();
		Observed observed = store.observe(desk.instance().storedKey("rows", "t1:1")).get(10, TimeUnit.SECONDS);
		assertThat(store.claim(observed, "00000000deadbeef", Duration.ofMillis(300), 600)
			.get(10, TimeUnit.SECONDS)
			.lease()).isNotNull();
		Source.version = 4;

		int found = Way.PLAIN.call(desk);

		assertThat(found).isEqualTo(4);
	}

	static Stream<Arguments> claimsFromBeforeTheClockWasSetBack() {
		return Stream.of("----------------", "00000000deadbeef")
			.flatMap((claim) -> Stream.of(Way.PLAIN, Way.RETRIEVE).map((way) -> Arguments.of(way, claim)));
	}

	@ParameterizedTest
	@MethodSource("claimsFromBeforeTheClockWasSetBack")
	void aClaimOfTheFutureHoldsNobodyUp(Way way, String claim) {
		Desk desk = desk(STALE);
		desk.hold(way);
		Source.version = 5;

		this.redis.cli("SETRANGE", way.key(), "23",
				claim + " %013d".formatted(System.currentTimeMillis() + TimeUnit.HOURS.toMillis(1)));

		assertThat(way.call(desk)).isEqualTo(5);
		await().untilAsserted(() -> assertThat(desk.counters(way).puts()).isEqualTo(2));
	}

	@Test
	void whatIsLoadedAndNotToBeStoredTakesTheStaleEntryAway() {
		Desk desk = desk(STALE.withNullTtl(Duration.ZERO));
		desk.hold(Way.PLAIN);
		Source.version = -1;

		assertThat(desk.service().find("t1", "1")).isNull();

		await().untilAsserted(() -> assertThat(this.redis.keys("rows:t1:1")).isEmpty());
	}

	@Test
	void onlyWhoLoadsMayHaveAStaleEntry() {
		Desk desk = desk(STALE);
		desk.hold(Way.PLAIN);
		pause(Way.PLAIN);
		ResilientRedisCache cache = desk.instance().cache("rows");

		assertThat(cache.get("t1:1")).isNull();
		assertThat(desk.instance().cacheService().get("rows:t1:1", Row.class)).isEmpty();
		assertThat(cache.putIfAbsent("t1:1", new Row("t1", "1", 9))).isNull();
		assertThat(Way.PLAIN.call(desk)).isEqualTo(9);
	}

	@Test
	void redisKeepsAnEntryForItsTimeAndTheStaleOne() {
		Desk desk = desk(STALE);

		desk.service().find("t1", "1");

		await().until(() -> desk.counters(Way.PLAIN).puts() == 1);
		assertThat(this.redis.number("TTL", "rows:t1:1")).isBetween(7100L, 7200L);
	}

	@Test
	void anErrorIsNoReasonToServeWhatIsStale() {
		Desk desk = desk(STALE);
		desk.hold(Way.PLAIN);
		Source.failure = new LinkageError("not the source's fault");

		assertThatExceptionOfType(LinkageError.class).isThrownBy(() -> Way.PLAIN.call(desk));
		endPause(Way.PLAIN);
		assertThatExceptionOfType(LinkageError.class).isThrownBy(() -> Way.SYNC.call(desk));
		endPause(Way.PLAIN);
		assertThatExceptionOfType(LinkageError.class).isThrownBy(() -> Way.SERVICE.call(desk));
	}

	@Test
	void aMethodThatDoesMoreThanLoadFailsAsEver() {
		Desk desk = desk(STALE);
		desk.hold(Way.PLAIN);
		Source.failure = new IllegalStateException("the database is away");

		assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> desk.service().findAndEvict("t1", "1"));
		assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> desk.service().findAndPut("t1", "1"));
	}

	@Test
	void anEntryOfBeforeTheSettingIsLeftToItsTime() {
		Desk before = desk(STALE.withStaleIfError(Duration.ZERO));
		Desk desk = desk(STALE);

		before.service().find("t1", "1");

		await().until(() -> before.counters(Way.PLAIN).puts() == 1);
		assertThat(Way.PLAIN.call(desk)).isEqualTo(0);
		assertThat(Source.LOADS).hasValue(1);
	}

	@Test
	void withoutTheSettingAStaleEntryOfOthersIsReplaced() {
		Desk desk = desk(STALE);
		Desk without = desk(STALE.withStaleIfError(Duration.ZERO));
		desk.hold(Way.PLAIN);
		pause(Way.PLAIN);
		Source.version = 2;

		assertThat(Way.PLAIN.call(without)).isEqualTo(2);

		await().until(() -> without.counters(Way.PLAIN).puts() == 1);
		assertThat(Way.PLAIN.call(desk)).isEqualTo(2);
	}

	private Desk desk(CacheSettings settings) {
		return desk(settings, Set.of());
	}

	private Desk desk(CacheSettings settings, Set<Rule> broken) {
		return desk(settings, broken, (builder) -> builder);
	}

	private Desk desk(CacheSettings settings, Set<Rule> broken,
			UnaryOperator<ResilientRedisCacheManager.Builder> more) {
		RuleBreaker breaker = closing(RuleBreaker.inFrontOf(this.redis.host(), this.redis.port(), broken));
		TestInstance<Service> instance = closing(TestInstance
			.of(Service.class, breaker.host(), breaker.port(), (builder) -> more.apply(
					Internals.link(builder.defaults(settings), PATIENT).caches(List.of("rows", "lists", "copies")))));
		instance.awaitUp();
		return new Desk(instance, breaker, this.redis);
	}

	/** Let the time of an entry be up. */
	private static void age(RedisServer redis, Way way) {
		age(redis, way.key());
	}

	private static void age(RedisServer redis, String key) {
		long now = System.currentTimeMillis();
		redis.cli("SETRANGE", key, "120", "%013d".formatted(now - 60_000));
	}

	private void pause(Way way) {
		this.redis.cli("SETRANGE", way.key(), "23",
				"----------------" + " %013d".formatted(System.currentTimeMillis() + 600_000));
	}

	private void endPause(Way way) {
		await().until(() -> isPaused(way));
		this.redis.cli("SETRANGE", way.key(), "40", "0".repeat(13));
	}

	private boolean isPaused(Way way) {
		EntryHeader header = EntryHeader.parse(java.util.Objects.requireNonNull(this.redis.bytes(way.key())));
		return header != null && header.isPaused() && header.isClaimed(System.currentTimeMillis(), Long.MAX_VALUE);
	}

	/**
	 * A way to ask for row 1 of tenant t1.
	 */
	enum Way {

		PLAIN("rows") {
			@Override
			int call(Desk desk) {
				return desk.service().find("t1", "1").version();
			}
		},

		SYNC("rows") {
			@Override
			int call(Desk desk) {
				return desk.service().findSync("t1", "1").version();
			}
		},

		FUTURE("rows") {
			@Override
			int call(Desk desk) {
				return joined(desk.service().findLater("t1", "1")).version();
			}
		},

		FUTURE_SYNC("rows") {
			@Override
			int call(Desk desk) {
				return joined(desk.service().findLaterSync("t1", "1")).version();
			}
		},

		MONO("rows") {
			@Override
			int call(Desk desk) {
				return java.util.Objects.requireNonNull(desk.service().findReactive("t1", "1").block()).version();
			}
		},

		FLUX("lists") {
			@Override
			int call(Desk desk) {
				return java.util.Objects.requireNonNull(desk.service().listReactive("t1", "1").blockLast()).version();
			}
		},

		CACHE("rows") {
			@Override
			int call(Desk desk) {
				try {
					return java.util.Objects
						.requireNonNull(desk.instance().cache("rows").get("t1:1", () -> Source.load("t1", "1")))
						.version();
				}
				catch (org.springframework.cache.Cache.ValueRetrievalException ex) {
					throw unchecked(ex.getCause());
				}
			}
		},

		RETRIEVE("rows") {
			@Override
			int call(Desk desk) {
				return joined(desk.instance().cache("rows").retrieve("t1:1", () -> Source.loadLater("t1", "1")))
					.version();
			}
		},

		SERVICE("rows") {
			@Override
			int call(Desk desk) {
				return java.util.Objects
					.requireNonNull(desk.instance()
						.cacheService()
						.getOrLoad("rows:t1:1", Row.class, Duration.ofHours(1), () -> Source.load("t1", "1")))
					.version();
			}
		};

		private final String cache;

		Way(String cache) {
			this.cache = cache;
		}

		abstract int call(Desk desk);

		String key() {
			return this.cache + ":t1:1";
		}

		static <T> T joined(CompletableFuture<T> future) {
			try {
				return future.get(20, TimeUnit.SECONDS);
			}
			catch (java.util.concurrent.ExecutionException ex) {
				throw unchecked(ex.getCause());
			}
			catch (Exception ex) {
				throw new IllegalStateException(ex);
			}
		}

		static RuntimeException unchecked(Throwable ex) {
			if (ex instanceof Error error) {
				throw error;
			}
			return (RuntimeException) ex;
		}

	}

	/** Two instances that have both read before either goes on. */
	private static final class Gates {

		private final RuleBreaker.Gate first;

		private final RuleBreaker.Gate second;

		Gates(Desk first, Desk second) {
			this.first = first.breaker.hold(RuleBreaker.Step.CLAIM);
			this.second = second.breaker.hold(RuleBreaker.Step.CLAIM);
		}

		void bothHaveRead() throws InterruptedException {
			this.first.awaitReached();
			this.second.awaitReached();
		}

		void open() {
			this.first.open();
			this.second.open();
		}

	}

	/**
	 * Where rows come from, for all instances.
	 */
	static final class Source {

		static final AtomicInteger LOADS = new AtomicInteger();

		static volatile int version;

		static volatile @Nullable Throwable failure;

		/** Whether loads take a moment, so that others find them running. */
		static volatile boolean slowly;

		static volatile @Nullable Thread thread;

		static final ThreadLocal<@Nullable String> TENANT = new ThreadLocal<>();

		private static final AtomicReference<@Nullable Pause> BEFORE = new AtomicReference<>();

		private static final AtomicReference<@Nullable Pause> AFTER = new AtomicReference<>();

		static void reset() {
			LOADS.set(0);
			version = 0;
			failure = null;
			slowly = false;
			BEFORE.set(null);
			AFTER.set(null);
		}

		/** Have all loads stop before they read. */
		static Pause pause() {
			Pause pause = new Pause();
			BEFORE.set(pause);
			return pause;
		}

		/** Let those pass that come from now on. */
		static void resume() {
			BEFORE.set(null);
		}

		static Pause pauseAfterReading() {
			Pause pause = new Pause();
			AFTER.set(pause);
			return pause;
		}

		static @Nullable Row load(String tenant, String id) {
			LOADS.incrementAndGet();
			thread = Thread.currentThread();
			if (slowly) {
				java.util.concurrent.locks.LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(500));
			}
			stop(BEFORE);
			int read = version;
			stop(AFTER);
			Throwable failing = failure;
			if (failing != null) {
				throw Way.unchecked(failing);
			}
			return (read < 0) ? null : new Row(tenant, id, read);
		}

		static CompletableFuture<Row> loadLater(String tenant, String id) {
			return CompletableFuture.supplyAsync(() -> load(tenant, id));
		}

		private static void stop(AtomicReference<@Nullable Pause> at) {
			Pause pause = at.get();
			if (pause != null) {
				pause.stop();
			}
		}

	}

	/**
	 * An instance of the application.
	 */
	private record Desk(TestInstance<Service> instance, RuleBreaker breaker, RedisServer redis) {

		Service service() {
			return this.instance.service();
		}

		CacheSnapshot.Counters counters(Way way) {
			return this.instance.counters(way.cache);
		}

		/** Have an entry whose time is up. */
		void hold(Way way) {
			way.call(this);
			await().until(() -> counters(way).puts() == 1);
			age(this.redis, way);
		}

		void evict(Way way, String what) {
			ResilientRedisCache cache = this.instance.cache(way.cache);
			switch (what) {
				case "key" -> cache.evict("t1:1");
				case "group" -> cache.clear("t1:*");
				default -> cache.clear();
			}
		}

	}

	/**
	 * The application.
	 */
	static class Service {

		private final ObjectProvider<Service> self;

		Service(ObjectProvider<Service> self) {
			this.self = self;
		}

		@Cacheable("copies")
		public Row findThroughAnother(String tenant, String id) {
			return this.self.getObject().find(tenant, id);
		}

		@Cacheable("rows")
		public Row find(String tenant, String id) {
			return Source.load(tenant, id);
		}

		@Cacheable(cacheNames = "rows", key = "T(dev.cachestarter.StaleIfErrorRedisTests).tenant() + ':' + #id")
		public Row findMine(String id) {
			return Source.load("t1", id);
		}

		@Cacheable("rows")
		public CompletableFuture<Row> findLaterOrThrow(String tenant, String id) {
			return CompletableFuture.completedFuture(Source.load(tenant, id));
		}

		@Cacheable(cacheNames = "rows", sync = true)
		public Row findSync(String tenant, String id) {
			return Source.load(tenant, id);
		}

		@Cacheable("rows")
		public CompletableFuture<Row> findLater(String tenant, String id) {
			return Source.loadLater(tenant, id);
		}

		@Cacheable(cacheNames = "rows", sync = true)
		public CompletableFuture<Row> findLaterSync(String tenant, String id) {
			return Source.loadLater(tenant, id);
		}

		@Cacheable("rows")
		public Mono<Row> findReactive(String tenant, String id) {
			return Mono.fromFuture(() -> Source.loadLater(tenant, id));
		}

		@Cacheable("lists")
		public Flux<Row> listReactive(String tenant, String id) {
			return Mono.fromFuture(() -> Source.loadLater(tenant, id)).flux();
		}

		@Caching(cacheable = @Cacheable("rows"), evict = @CacheEvict("lists"))
		public Row findAndEvict(String tenant, String id) {
			return Source.load(tenant, id);
		}

		@Caching(cacheable = @Cacheable("rows"), put = @CachePut("copies"))
		public Row findAndPut(String tenant, String id) {
			return Source.load(tenant, id);
		}

	}

	/** The tenant of the thread; for expressions. */
	public static @Nullable String tenant() {
		return Source.TENANT.get();
	}

}
