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
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import org.springframework.cache.interceptor.SimpleKey;
import org.springframework.transaction.support.TransactionSynchronizationManager;

import dev.cachestarter.RuleBreaker.Rule;
import dev.cachestarter.cache.ResilientRedisCache;
import dev.cachestarter.engine.entry.EntryStore;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.SomeOf;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Entries past their time to live that stand in for a load that fails or is slow. Time is
 * not waited for: it is written into the headers of entries.
 */
@WithRedis(local = true)
class StaleIfErrorRedisTests extends AgedEntries {

	private static final CacheSettings STALE = TIMELESS.withTtl(Duration.ofHours(1))
		.withStaleIfError(Duration.ofHours(1))
		.withStaleRetry(Duration.ofMinutes(10));

	StaleIfErrorRedisTests(RedisServer redis) {
		super(redis);
	}

	@ParameterizedTest
	@SomeOf({ "PLAIN", "FUTURE", "SERVICE" })
	void aStaleEntryStandsInForALoadThatFails(Way way) {
		Shop shop = shop(STALE);
		shop.hold(way);
		Source.failure = new IllegalStateException("the database is away");

		int found = way.call(shop);

		assertThat(found).isEqualTo(0);
		assertThat(Source.LOADS).hasValue(2);
		assertThat(shop.counters(way).staleServed()).isEqualTo(1);
	}

	@ParameterizedTest
	@SomeOf({ "PLAIN", "FUTURE", "SERVICE" })
	void withoutAnEntryTheFailureArrivesUnchanged(Way way) {
		Shop shop = shop(STALE);
		Source.failure = new IllegalStateException("the database is away");

		assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> way.call(shop))
			.isSameAs(Source.failure);
		await().untilAsserted(() -> assertThat(this.redis.keys(way.key())).isEmpty());
	}

	@ParameterizedTest
	@SomeOf({ "PLAIN", "FUTURE", "SERVICE" })
	void whenTheSourceIsBackTheEntryIsReplaced(Way way) {
		Shop shop = shop(STALE);
		shop.hold(way);
		Source.failure = new IllegalStateException("the database is away");
		way.call(shop);

		Source.failure = null;
		Source.version = 5;
		endPause(way);
		int found = way.call(shop);

		assertThat(found).isEqualTo(5);
		await().untilAsserted(() -> assertThat(shop.counters(way).puts()).isEqualTo(2));
		assertThat(way.call(shop)).isEqualTo(5);
		assertThat(Source.LOADS).hasValue(3);
	}

	@ParameterizedTest
	@SomeOf({ "PLAIN", "FUTURE", "SERVICE" })
	void theSourceIsNotAskedAgainForAWhileByAnyInstance(Way way) {
		Shop shop = shop(STALE);
		Shop other = shop(STALE);
		shop.hold(way);
		Source.failure = new IllegalStateException("the database is away");
		way.call(shop);
		await().until(() -> isPaused(way));

		int here = way.call(shop);
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
		Shop shop = shop(STALE);
		Shop other = shop(STALE);
		shop.hold(way);
		Source.failure = new IllegalStateException("the database is away");
		Pause load = Source.pause();
		Call<Integer> call = call(() -> way.call(shop));
		load.awaitReached();

		other.evict(way, eviction);
		load.release();

		assertThatExceptionOfType(IllegalStateException.class).isThrownBy(call::result).isSameAs(Source.failure);
		assertThat(shop.counters(way).staleServed()).isZero();
	}

	@Test
	void whoDoesNotLookAgainServesWhatWasEvicted() throws Exception {
		Shop shop = shop(STALE, Set.of());
		shop.hold(Way.PLAIN);
		Shop careless = shop(STALE, EnumSet.of(Rule.LOOK_AGAIN));
		Source.failure = new IllegalStateException("the database is away");
		Pause load = Source.pause();
		Call<Integer> call = call(() -> Way.PLAIN.call(careless));
		load.awaitReached();

		shop.evict(Way.PLAIN, "key");
		load.release();

		assertThat(call.result()).as("what was evicted").isEqualTo(0);
	}

	static List<Set<Rule>> filling() {
		return List.of(Set.of(), EnumSet.of(Rule.COMPARE_ON_FILL));
	}

	@ParameterizedTest
	@MethodSource("filling")
	void aLoadInThePlaceOfAStaleEntryIsNotStoredAfterAnEviction(Set<Rule> broken) throws Exception {
		Shop shop = shop(STALE, broken);
		Shop other = shop(STALE);
		shop.hold(Way.PLAIN);
		Pause load = Source.pauseAfterReading();
		Call<Integer> call = call(() -> Way.PLAIN.call(shop));
		load.awaitReached();

		Source.version = 1;
		other.evict(Way.PLAIN, "key");
		load.release();

		assertThat(call.result()).isEqualTo(0);
		await().until(() -> shop.counters(Way.PLAIN).refusedFills() + shop.counters(Way.PLAIN).puts() == 2);
		assertThat(Way.PLAIN.call(other)).isEqualTo(broken.isEmpty() ? 1 : 0);
	}

	static List<Set<Rule>> claiming() {
		return List.of(Set.of(), EnumSet.of(Rule.COMPARE_ON_CLAIM));
	}

	@ParameterizedTest
	@MethodSource("claiming")
	void ofAllWhoFindAStaleEntryOneLoads(Set<Rule> broken) throws Exception {
		Shop shop = shop(STALE, broken);
		Shop other = shop(STALE, broken);
		shop.hold(Way.PLAIN);
		Gates gates = new Gates(shop, other);
		Pause load = Source.pause();
		Call<Integer> one = call(() -> Way.PLAIN.call(shop));
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
		Shop shop = shop(STALE);
		Shop other = shop(STALE);
		shop.hold(Way.PLAIN);
		Source.failure = new IllegalStateException("the database is away");
		Pause load = Source.pause();
		Call<Integer> leader = call(() -> Way.PLAIN.call(shop));
		load.awaitReached();
		Call<Integer> here = call(() -> Way.PLAIN.call(shop)).awaitWaiting();
		Call<Integer> there = call(() -> Way.PLAIN.call(other)).awaitWaiting();

		load.release();

		assertThat(leader.result()).isEqualTo(0);
		assertThat(here.result()).isEqualTo(0);
		assertThat(there.result()).isEqualTo(0);
		assertThat(Source.LOADS).hasValue(2);
	}

	@Test
	void whoWaitsForAnothersLoadLongerThanTheTimeoutHasTheEntry() throws Exception {
		Shop shop = shop(STALE);
		Shop other = shop(STALE.withLoadTimeout(Duration.ofMillis(100)));
		shop.hold(Way.PLAIN);
		Pause load = Source.pause();
		Call<Integer> leader = call(() -> Way.PLAIN.call(shop));
		load.awaitReached();

		assertThat(Way.PLAIN.call(other)).as("while the load runs").isEqualTo(0);

		Source.version = 3;
		load.release();
		assertThat(leader.result()).isEqualTo(3);
		assertThat(Source.LOADS).hasValue(2);
	}

	@ParameterizedTest
	@SomeOf({ "PLAIN", "FUTURE", "SERVICE" })
	void aStaleEntryStandsInForALoadThatIsSlow(Way way) throws Exception {
		Shop shop = shop(STALE.withLoadTimeout(Duration.ofMillis(100)));
		shop.hold(way);
		Pause load = Source.pause();

		int whileItLoads = way.call(shop);
		load.awaitReached();
		int second = way.call(shop);
		Source.version = 7;
		load.release();

		assertThat(whileItLoads).isEqualTo(0);
		assertThat(second).isEqualTo(0);
		await().atMost(Duration.ofMinutes(1))
			.untilAsserted(() -> assertThat(shop.counters(way).puts()).as("the load went on").isEqualTo(2));
		assertThat(way.call(shop)).isEqualTo(7);
		assertThat(Source.LOADS).hasValue(2);
	}

	@ParameterizedTest
	@SomeOf({ "PLAIN", "FUTURE", "SERVICE" })
	void aLoadThatIsNotSlowIsWaitedFor(Way way) {
		Shop shop = shop(STALE.withLoadTimeout(Duration.ofSeconds(20)));
		shop.hold(way);
		Source.version = 7;

		int found = way.call(shop);

		assertThat(found).isEqualTo(7);
		await().untilAsserted(() -> assertThat(shop.counters(way).puts()).isEqualTo(2));
		assertThat(Source.LOADS).hasValue(2);
		assertThat(shop.counters(way).staleServed()).isZero();
	}

	@Test
	void loadsThatHangDoNotHoldUpAnotherCache() throws Exception {
		Shop shop = shop(STALE.withLoadTimeout(Duration.ofMinutes(1)));
		int more = 2 * Math.max(4, Runtime.getRuntime().availableProcessors());
		for (int id = 0; id < more; id++) {
			shop.service().find("t1", "hangs-" + id);
		}
		shop.hold(Way.FLUX);
		await().until(() -> this.redis.keys("rows:*").size() == more);
		Pause load = Source.pause();
		for (int id = 0; id < more; id++) {
			String hanging = "hangs-" + id;
			expire("rows:t1:" + hanging);
			call(() -> shop.service().find("t1", hanging)).awaitWaiting();
		}
		load.awaitReached();
		Source.resume();
		Source.version = 7;

		Call<Integer> other = call(() -> Way.FLUX.call(shop));

		assertThat(other.result()).isEqualTo(7);
		load.release();
	}

	@Test
	void whileAllLoadsOfACacheHangItsStaleEntriesAreServedAtOnce() throws Exception {
		Duration timeout = Duration.ofSeconds(3);
		Shop shop = shop(STALE.withLoadTimeout(timeout));
		int share = Math.max(4, Runtime.getRuntime().availableProcessors());
		shop.hold(Way.PLAIN);
		for (int id = 0; id < share; id++) {
			shop.service().find("t1", "hangs-" + id);
		}
		await().until(() -> this.redis.keys("rows:*").size() == share + 1);
		Pause load = Source.pause();
		List<Call<Row>> hanging = new ArrayList<>();
		for (int id = 0; id < share; id++) {
			String hangs = "hangs-" + id;
			expire("rows:t1:" + hangs);
			hanging.add(call(() -> shop.service().find("t1", hangs)));
		}
		for (Call<Row> call : hanging) {
			assertThat(call.result().version()).isZero();
		}

		long before = System.nanoTime();
		int found = Way.PLAIN.call(shop);

		assertThat(found).isZero();
		assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(timeout);
		load.release();
		Source.resume();
		Source.version = 7;
		await().until(() -> Way.PLAIN.call(shop) == 7);
	}

	@ParameterizedTest
	@SomeOf({ "PLAIN", "FUTURE", "SERVICE" })
	void whatAnExecutorDropsKeepsNobodyWaitingLongerThanTheTimeout(Way way) {
		Shop shop = shop(STALE.withLoadTimeout(Duration.ofMillis(100)), Set.of(),
				(builder) -> builder.refreshExecutor((task) -> {
				}));
		shop.hold(way);

		assertThat(way.call(shop)).isZero();

		await().untilAsserted(() -> assertThat(this.redis.cli("GETRANGE", way.key(), "23", "38")).as("no claim is left")
			.isEqualTo("-".repeat(16)));
		assertThat(Source.LOADS).hasValue(1);
	}

	@ParameterizedTest
	@SomeOf({ "PLAIN", "FUTURE", "SERVICE" })
	void whatAnExecutorFailsToTakeIsLoadedByTheCaller(Way way) {
		Shop shop = shop(STALE.withLoadTimeout(Duration.ofMillis(100)), Set.of(),
				(builder) -> builder.refreshExecutor((task) -> {
					throw new NoClassDefFoundError("x");
				}));
		shop.hold(way);
		Source.version = 7;

		assertThat(way.call(shop)).isEqualTo(7);
	}

	@Test
	void whatIsInTheBackgroundLoadsThereItself() throws Exception {
		ExecutorService one = Executors.newSingleThreadExecutor();
		closing(one::shutdownNow);
		Shop shop = shop(STALE.withLoadTimeout(Duration.ofMinutes(1)), Set.of(),
				(builder) -> builder.refreshExecutor(one));
		shop.service().findThroughAnother("t1", "1");
		await().until(() -> shop.counters(Way.PLAIN).puts() == 1 && this.redis.keys("copies:t1:1").size() == 1);
		expire(Way.PLAIN.key());
		expire("copies:t1:1");
		Source.version = 5;
		Pause load = Source.pause();

		Call<Row> outer = call(() -> shop.service().findThroughAnother("t1", "1"));
		load.awaitReached();
		Call<Integer> waiting = call(() -> Way.PLAIN.call(shop)).awaitWaiting();
		load.release();

		assertThat(outer.result().version()).isEqualTo(5);
		assertThat(waiting.result()).isEqualTo(5);
		assertThat(Source.LOADS).hasValue(2);
		await().untilAsserted(() -> assertThat(shop.counters(Way.PLAIN).puts()).isEqualTo(2));
	}

	@Test
	void afterAnEvictionThoseWhoWaitedLoadOnceTogether() throws Exception {
		Shop shop = shop(STALE.withLoadTimeout(Duration.ofSeconds(2)));
		Shop other = shop(STALE);
		shop.hold(Way.PLAIN);
		Pause old = Source.pause();
		List<Call<Integer>> calls = new java.util.ArrayList<>();
		for (int i = 0; i < 12; i++) {
			calls.add(call(() -> Way.PLAIN.call(shop)));
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
		Shop shop = shop(STALE.withLoadTimeout(Duration.ofSeconds(5)));
		TENANT.set("t1");
		shop.service().findMine("1");
		await().until(() -> shop.counters(Way.PLAIN).puts() == 1);
		expire(Way.PLAIN.key());
		Source.version = 3;

		assertThat(shop.service().findMine("1").version()).isEqualTo(3);

		await().untilAsserted(() -> assertThat(shop.counters(Way.PLAIN).puts()).isEqualTo(2));
		assertThat(shop.service().findMine("1").version()).isEqualTo(3);
		assertThat(Source.LOADS).hasValue(2);
	}

	@Test
	void inATransactionWhatIsStaleIsLoadedInIt() {
		Shop shop = shop(STALE.withLoadTimeout(Duration.ofSeconds(5)));
		shop.hold(Way.PLAIN);
		pause(Way.PLAIN);
		Source.version = 3;
		TransactionSynchronizationManager.initSynchronization();
		TransactionSynchronizationManager.setActualTransactionActive(true);
		try {
			assertThat(Way.PLAIN.call(shop)).isEqualTo(3);
			assertThat(Source.thread).isSameAs(Thread.currentThread());
		}
		finally {
			TransactionSynchronizationManager.clear();
			TransactionSynchronizationManager.unbindResourceIfPossible(shop.instance().engine());
		}
	}

	@Test
	void aMethodOfFuturesThatThrowsAtOnceFailsLikeAnyOther() {
		Shop shop = shop(STALE);
		shop.hold(Way.PLAIN);
		Source.failure = new IllegalStateException("the database is away");

		assertThat(shop.service().findLaterOrThrow("t1", "1").join().version()).isEqualTo(0);

		await().until(() -> isPaused(Way.PLAIN));
	}

	@Test
	void aLeaderThatDiesDelaysOthersByItsLeaseAtMost() throws Exception {
		Shop shop = shop(STALE);
		shop.hold(Way.PLAIN);
		EntryStore store = shop.instance().engine().store();
		Observed observed = store.observe(shop.instance().storedKey("rows", new SimpleKey("t1", "1")))
			.get(10, TimeUnit.SECONDS);
		assertThat(store.claim(observed, "00000000deadbeef", Duration.ofMillis(300), Duration.ofMillis(600))
			.get(10, TimeUnit.SECONDS)
			.lease()).isNotNull();
		Source.version = 4;

		int found = Way.PLAIN.call(shop);

		assertThat(found).isEqualTo(4);
	}

	static Stream<Arguments> claimsFromBeforeTheClockWasSetBack() {
		return Stream.of("----------------", "00000000deadbeef")
			.flatMap((claim) -> Stream.of(Way.PLAIN, Way.RETRIEVE).map((way) -> Arguments.of(way, claim)));
	}

	@ParameterizedTest
	@MethodSource("claimsFromBeforeTheClockWasSetBack")
	void aClaimOfTheFutureHoldsNobodyUp(Way way, String claim) {
		Shop shop = shop(STALE);
		shop.hold(way);
		Source.version = 5;

		this.redis.cli("SETRANGE", way.key(), "23",
				claim + " %013d".formatted(System.currentTimeMillis() + TimeUnit.HOURS.toMillis(1)));

		assertThat(way.call(shop)).isEqualTo(5);
		await().untilAsserted(() -> assertThat(shop.counters(way).puts()).isEqualTo(2));
	}

	@Test
	void whatIsLoadedAndNotToBeStoredTakesTheStaleEntryAway() {
		Shop shop = shop(STALE.withNullTtl(Duration.ZERO));
		shop.hold(Way.PLAIN);
		Source.version = -1;

		assertThat(shop.service().find("t1", "1")).isNull();

		await().untilAsserted(() -> assertThat(this.redis.keys("rows:t1:1")).isEmpty());
	}

	@Test
	void onlyWhoLoadsMayHaveAStaleEntry() {
		Shop shop = shop(STALE);
		shop.hold(Way.PLAIN);
		pause(Way.PLAIN);
		ResilientRedisCache cache = shop.instance().cache("rows");

		assertThat(cache.get(new SimpleKey("t1", "1"))).isNull();
		assertThat(shop.instance().cacheService().get("rows:t1:1", Row.class)).isEmpty();
		assertThat(cache.putIfAbsent(new SimpleKey("t1", "1"), new Row("t1", "1", 9))).isNull();
		assertThat(Way.PLAIN.call(shop)).isEqualTo(9);
	}

	@Test
	void redisKeepsAnEntryForItsTimeAndTheStaleOne() {
		Shop shop = shop(STALE);

		shop.service().find("t1", "1");

		await().until(() -> shop.counters(Way.PLAIN).puts() == 1);
		assertThat(this.redis.number("TTL", "rows:t1:1")).isBetween(7100L, 7200L);
	}

	@Test
	void anErrorIsNoReasonToServeWhatIsStale() {
		Shop shop = shop(STALE);
		shop.hold(Way.PLAIN);
		Source.failure = new LinkageError("not the source's fault");

		assertThatExceptionOfType(LinkageError.class).isThrownBy(() -> Way.PLAIN.call(shop));
		endPause(Way.PLAIN);
		assertThatExceptionOfType(LinkageError.class).isThrownBy(() -> Way.SYNC.call(shop));
		endPause(Way.PLAIN);
		assertThatExceptionOfType(LinkageError.class).isThrownBy(() -> Way.SERVICE.call(shop));
	}

	@Test
	void aMethodThatDoesMoreThanLoadFailsAsEver() {
		Shop shop = shop(STALE);
		shop.hold(Way.PLAIN);
		Source.failure = new IllegalStateException("the database is away");

		assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> shop.service().findAndEvict("t1", "1"));
		assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> shop.service().findAndPut("t1", "1"));
	}

	@Test
	void anEntryOfBeforeTheSettingIsLeftToItsTime() {
		Shop before = shop(STALE.withStaleIfError(Duration.ZERO));
		Shop shop = shop(STALE);

		before.service().find("t1", "1");

		await().until(() -> before.counters(Way.PLAIN).puts() == 1);
		assertThat(Way.PLAIN.call(shop)).isEqualTo(0);
		assertThat(Source.LOADS).hasValue(1);
	}

	@Test
	void withoutTheSettingAStaleEntryOfOthersIsReplaced() {
		Shop shop = shop(STALE);
		Shop without = shop(STALE.withStaleIfError(Duration.ZERO));
		shop.hold(Way.PLAIN);
		pause(Way.PLAIN);
		Source.version = 2;

		assertThat(Way.PLAIN.call(without)).isEqualTo(2);

		await().until(() -> without.counters(Way.PLAIN).puts() == 1);
		assertThat(Way.PLAIN.call(shop)).isEqualTo(2);
	}

	private void pause(Way way) {
		this.redis.cli("SETRANGE", way.key(), "23",
				"----------------" + " %013d".formatted(System.currentTimeMillis() + 600_000));
	}

	private void endPause(Way way) {
		await().until(() -> isPaused(way));
		this.redis.cli("SETRANGE", way.key(), "40", "0".repeat(13));
	}

	/** Two instances that have both read before either goes on. */
	private static final class Gates {

		private final RuleBreaker.Gate first;

		private final RuleBreaker.Gate second;

		Gates(Shop first, Shop second) {
			this.first = first.breaker().hold(RuleBreaker.Step.CLAIM);
			this.second = second.breaker().hold(RuleBreaker.Step.CLAIM);
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

}
