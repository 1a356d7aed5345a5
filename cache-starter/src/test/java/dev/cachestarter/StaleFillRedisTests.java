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
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

import org.springframework.cache.interceptor.SimpleKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import dev.cachestarter.RuleBreaker.Rule;
import dev.cachestarter.cache.Breaker;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.testing.FaultProxy;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * No stale fill: the interleavings of a load with what makes its value old. Each test
 * runs with all rules of the protocols, and holds; and again with those rules broken that
 * it is about, and then the old value is seen.
 */
@WithRedis
class StaleFillRedisTests extends Interleavings {

	StaleFillRedisTests(RedisServer redis) {
		super(redis);
	}

	static Stream<Arguments> evictions() {
		return Arrays.stream(Eviction.values())
			.flatMap((eviction) -> Stream.concat(Stream.of(Set.<Rule>of()), eviction.rules().stream())
				.map((broken) -> Arguments.of(eviction, broken)));
	}

	@ParameterizedTest
	@MethodSource("evictions")
	void whatWasLoadedBeforeAnEvictionIsNotStoredAfterIt(Eviction eviction, Set<Rule> broken) throws Exception {
		Instance leader = instance(broken);
		Instance other = instance(broken);
		other.find("t1", "other");
		Pause load = leader.rows().pauseAfterReading();
		Call<Integer> early = call(() -> leader.find("t1", "1"));
		load.awaitReached();

		Rows.change("t1", "1");
		eviction.by(other, this.redis);
		load.release();

		assertThat(early.result()).as("the call that began before").isEqualTo(0);
		leader.awaitFills(1);
		assertThat(other.find("t1", "1")).isEqualTo(broken.isEmpty() ? 1 : 0);
		assertThat(leader.find("t1", "1")).isEqualTo(broken.isEmpty() ? 1 : 0);
	}

	static Stream<Arguments> evictionsAndJoining() {
		return Arrays.stream(Eviction.values())
			.flatMap((eviction) -> Stream.of(Set.<Rule>of(), EnumSet.of(Rule.JOIN_BY_NONCE))
				.map((broken) -> Arguments.of(eviction, broken)));
	}

	@ParameterizedTest
	@MethodSource("evictionsAndJoining")
	void aLoadFromBeforeAnEvictionIsNotJoinedAfterIt(Eviction eviction, Set<Rule> broken) throws Exception {
		Instance leader = instance(broken);
		Instance other = instance(broken);
		Pause load = leader.rows().pauseAfterReading();
		Call<Integer> early = call(() -> leader.find("t1", "1"));
		load.awaitReached();

		Rows.change("t1", "1");
		eviction.by(other, this.redis);
		Call<Integer> late = call(() -> leader.find("t1", "1"));

		if (broken.isEmpty()) {
			assertThat(late.result()).as("while the old load still runs").isEqualTo(1);
			load.release();
		}
		else {
			late.awaitWaiting();
			load.release();
			assertThat(late.result()).isEqualTo(0);
		}
		assertThat(early.result()).isEqualTo(0);
	}

	@Test
	void aLoadFromBeforeAnEvictionIsNotJoinedWhereItWasEvictedEither() throws Exception {
		Instance leader = instance(Set.of());
		Pause load = leader.rows().pauseAfterReading();
		Call<Integer> early = call(() -> leader.find("t1", "1"));
		load.awaitReached();

		Rows.change("t1", "1");
		leader.rows().evict("t1", "1");

		assertThat(leader.find("t1", "1")).isEqualTo(1);
		load.release();
		assertThat(early.result()).isEqualTo(0);
		leader.awaitFills(2);
		assertThat(leader.find("t1", "1")).isEqualTo(1);
		assertThat(leader.counters().refusedFills()).isEqualTo(1);
	}

	@Test
	void aLoadIsJoinedByThoseWhoFindItsLease() throws Exception {
		Instance leader = instance(Set.of());
		Pause load = leader.rows().pauseAfterReading();
		Call<Integer> early = call(() -> leader.find("t1", "1"));
		load.awaitReached();

		Call<Row> late = call(() -> leader.rows().find("t1", "1")).awaitWaiting();
		Call<Row> synced = call(() -> leader.rows().findSync("t1", "1")).awaitWaiting();
		load.release();

		assertThat(early.result()).isEqualTo(0);
		assertThat(late.result()).isEqualTo(synced.result());
		assertThat(leader.rows().loads()).isEqualTo(1);
		assertThat(leader.counters().loadsShared()).isEqualTo(2);
	}

	@Test
	void whoWaitsOnAnotherInstanceDoesNotGetWhatWasEvictedMeanwhile() throws Exception {
		Instance leader = instance(Set.of());
		Instance other = instance(Set.of());
		Instance third = instance(Set.of());
		Pause load = leader.rows().pauseAfterReading();
		Call<Integer> early = call(() -> leader.find("t1", "1"));
		load.awaitReached();
		Call<Integer> waiting = call(() -> other.find("t1", "1")).awaitWaiting();

		Rows.change("t1", "1");
		third.rows().evict("t1", "1");

		assertThat(waiting.result()).as("while the old load still runs").isEqualTo(1);
		load.release();
		assertThat(early.result()).isEqualTo(0);
		leader.awaitFills(1);
		assertThat(third.find("t1", "1")).isEqualTo(1);
	}

	static List<Set<Rule>> puts() {
		return List.of(Set.of(), EnumSet.of(Rule.COMPARE_ON_FILL), EnumSet.of(Rule.LEASE_BEFORE_LOAD));
	}

	@ParameterizedTest
	@MethodSource("puts")
	void ofTwoPutsTheOlderDoesNotStay(Set<Rule> broken) throws Exception {
		Instance slow = instance(broken);
		Instance quick = instance(broken);
		Pause method = slow.rows().pauseAfterReading();
		Call<Row> older = call(() -> slow.rows().update("t1", "1"));
		method.awaitReached();

		Row newer = quick.rows().update("t1", "1");
		method.release();

		assertThat(older.result().version()).isEqualTo(1);
		assertThat(newer.version()).isEqualTo(2);
		assertThat(quick.find("t1", "1")).isEqualTo(broken.isEmpty() ? 2 : 1);
		assertThat(slow.find("t1", "1")).isEqualTo(broken.isEmpty() ? 2 : 1);
	}

	@ParameterizedTest
	@MethodSource("puts")
	void aPutIsNotUndoneByALoadFromBefore(Set<Rule> broken) throws Exception {
		Instance leader = instance(broken);
		Instance other = instance(broken);
		Pause load = leader.rows().pauseAfterReading();
		Call<Integer> early = call(() -> leader.find("t1", "1"));
		load.awaitReached();

		other.rows().update("t1", "1");
		load.release();

		assertThat(early.result()).isEqualTo(0);
		leader.awaitFills(1);
		assertThat(other.find("t1", "1")).isEqualTo(broken.isEmpty() ? 1 : 0);
		assertThat(other.rows().loads()).as("what was put is still there").isZero();
	}

	static Stream<Arguments> programmaticPuts() {
		return Arrays.stream(Put.values())
			.flatMap((put) -> fills().stream().map((broken) -> Arguments.of(put, broken)));
	}

	@ParameterizedTest
	@MethodSource("programmaticPuts")
	void aProgrammaticPutIsNotUndoneByALoadFromBefore(Put put, Set<Rule> broken) throws Exception {
		Instance leader = instance(broken);
		Instance other = instance(broken);
		Pause load = leader.rows().pauseAfterReading();
		Call<Integer> early = call(() -> leader.find("t1", "1"));
		load.awaitReached();

		put.by(other, new Row("t1", "1", 7));
		load.release();

		assertThat(early.result()).isEqualTo(0);
		leader.awaitFills(1);
		assertThat(other.find("t1", "1")).isEqualTo(broken.isEmpty() ? 7 : 0);
	}

	static List<Set<Rule>> refusedPuts() {
		return List.of(Set.of(), EnumSet.of(Rule.EVICT_AFTER_REFUSED_PUT));
	}

	@ParameterizedTest
	@MethodSource("refusedPuts")
	void aPutThatLostItsLeaseLeavesNothingOld(Set<Rule> broken) throws Exception {
		Instance writer = instance(broken,
				TIMELESS.withLease(Duration.ofMillis(100)).withLoadLeaseLimit(Duration.ofMillis(1)));
		Instance reader = instance(Set.of());
		Pause method = writer.rows().pauseBeforeReading();
		Call<Row> put = call(() -> writer.rows().update("t1", "1"));
		method.awaitReached();
		await().atMost(Duration.ofMinutes(1)).until(() -> this.redis.keys("rows:*").isEmpty());
		assertThat(reader.find("t1", "1")).isEqualTo(0);

		method.release();

		assertThat(put.result().version()).isEqualTo(1);
		assertThat(reader.find("t1", "1")).isEqualTo(broken.isEmpty() ? 1 : 0);
	}

	@ParameterizedTest
	@MethodSource("fills")
	void aLoadThatLostItsLeaseStoresNothing(Set<Rule> broken) throws Exception {
		Instance leader = instance(broken,
				TIMELESS.withLease(Duration.ofMillis(100)).withLoadLeaseLimit(Duration.ofMillis(1)));
		Pause load = leader.rows().pauseAfterReading();
		Call<Integer> early = call(() -> leader.find("t1", "1"));
		load.awaitReached();

		await().atMost(Duration.ofMinutes(1)).until(() -> this.redis.keys("rows:*").isEmpty());
		load.release();

		assertThat(early.result()).isEqualTo(0);
		leader.awaitFills(1);
		assertThat(leader.counters().refusedFills()).isEqualTo(broken.isEmpty() ? 1 : 0);
		assertThat(this.redis.keys("rows:*")).hasSize(broken.isEmpty() ? 0 : 1);
	}

	static List<Set<Rule>> fills() {
		return List.of(Set.of(), EnumSet.of(Rule.COMPARE_ON_FILL));
	}

	@ParameterizedTest
	@MethodSource("fills")
	void aFillThatTheNetworkHeldBackDoesNotUndoAnEviction(Set<Rule> broken) throws Exception {
		RuleBreaker breaker = closing(RuleBreaker.inFrontOf(this.redis.host(), this.redis.port(), broken));
		FaultProxy network = closing(FaultProxy.inFrontOf(breaker.host(), breaker.port()));
		// Patient enough for a busy machine, but not for a network that holds back.
		Duration patience = Duration.ofSeconds(3);
		Instance leader = instance(breaker, network.host(), network.port(),
				(builder) -> builder.defaults(TIMELESS)
					.commandTimeout(patience)
					.connectTimeout(patience)
					.breaker(Breaker.defaults()
						.withFailureRate(100)
						.withSlowCall(patience)
						.withSlowCallRate(100)
						.withWindow(1000)
						.withOpenFor(patience, patience)));
		Instance other = instance(Set.of());
		// So that the server has all scripts.
		leader.find("t2", "2");
		leader.awaitFills(1);
		Pause load = leader.rows().pauseAfterReading();
		Call<Integer> early = call(() -> leader.find("t1", "1"));
		load.awaitReached();

		network.holdBack();
		load.release();
		assertThat(early.result()).isEqualTo(0);
		await().atMost(Duration.ofMinutes(1))
			.until(() -> !leader.context().engine().link().isUp() && network.heldBytes() > 0);
		network.closeAll();
		Rows.change("t1", "1");
		other.rows().evict("t1", "1");
		assertThat(other.find("t1", "1")).isEqualTo(1);
		other.awaitFills(1);
		network.releaseHeld();

		assertThat(other.find("t1", "1")).isEqualTo(broken.isEmpty() ? 1 : 0);
	}

	@Test
	void generationsComeBeforeTheLeaseAndTheLeaseBeforeTheLoad() {
		Instance instance = instance(Set.of());

		instance.find("t1", "1");
		instance.awaitFills(1);

		List<String> steps = instance.breaker().journal();
		assertThat(steps.stream().filter("GENERATION!"::equals)).hasSize(2);
		assertThat(steps.indexOf("GENERATION?")).isGreaterThan(steps.indexOf("READ!"));
		// Sent one behind the other, and both awaited.
		assertThat(steps.lastIndexOf("GENERATION?")).isLessThan(steps.indexOf("ACQUIRE?"));
		assertThat(steps.indexOf("LOAD")).isGreaterThan(steps.lastIndexOf("GENERATION!"))
			.isGreaterThan(steps.lastIndexOf("ACQUIRE!"))
			.isLessThan(steps.indexOf("FILL?"));
	}

	@Test
	void aHitIsOneRoundTripAMissTwoBeforeItsLoadAndAnEvictionOne() {
		Instance instance = instance(Set.of());
		instance.find("t1", "first");
		instance.awaitFills(1);
		int before = instance.breaker().journal().size();

		instance.find("t1", "1");
		instance.awaitFills(2);
		instance.find("t1", "1");
		instance.rows().evict("t1", "1");
		instance.rows().evictTenant("t1");

		List<String> steps = instance.breaker().journal();
		assertThat(steps.subList(before, steps.size())).containsExactly("READ?", "READ!", "ACQUIRE?", "ACQUIRE!",
				"LOAD", "FILL?", "FILL!", "READ?", "READ!", "UNLINK?", "UNLINK!", "UNLINK?", "UNLINK!");
	}

	/**
	 * What makes the row t1:1 old in all caches.
	 */
	enum Eviction {

		BY_KEY(List.of(EnumSet.of(Rule.COMPARE_ON_FILL), EnumSet.of(Rule.LEASE_BEFORE_LOAD))) {
			@Override
			void by(Instance instance, RedisServer redis) {
				instance.rows().evict("t1", "1");
			}
		},
		BY_SERVICE(List.of(EnumSet.of(Rule.COMPARE_ON_FILL), EnumSet.of(Rule.LEASE_BEFORE_LOAD))) {
			@Override
			void by(Instance instance, RedisServer redis) {
				instance.context().cacheService().delete("rows:t1:1");
			}
		},
		OF_TENANT(List.of(EnumSet.of(Rule.COMPARE_GENERATIONS), EnumSet.of(Rule.CAPTURE_GENERATIONS))) {
			@Override
			void by(Instance instance, RedisServer redis) {
				instance.rows().evictTenant("t1");
			}
		},
		OF_TENANT_BY_SERVICE(List.of(EnumSet.of(Rule.COMPARE_GENERATIONS), EnumSet.of(Rule.CAPTURE_GENERATIONS))) {
			@Override
			void by(Instance instance, RedisServer redis) {
				instance.context().cacheService().invalidate("rows:t1:*");
			}
		},
		OF_ALL_ENTRIES(List.of(EnumSet.of(Rule.COMPARE_GENERATIONS), EnumSet.of(Rule.CAPTURE_GENERATIONS))) {
			@Override
			void by(Instance instance, RedisServer redis) {
				instance.rows().evictAll();
			}
		},
		BY_CLEAR(List.of(EnumSet.of(Rule.COMPARE_GENERATIONS), EnumSet.of(Rule.CAPTURE_GENERATIONS))) {
			@Override
			void by(Instance instance, RedisServer redis) {
				instance.context().cache("rows").clear();
			}
		},
		BY_GLOB(List.of(EnumSet.of(Rule.COMPARE_ON_FILL), EnumSet.of(Rule.LEASE_BEFORE_LOAD))) {
			@Override
			void by(Instance instance, RedisServer redis) {
				instance.rows().evictOfAllTenants("1");
			}
		},
		BY_HAND(List.of(EnumSet.of(Rule.COMPARE_ON_FILL), EnumSet.of(Rule.LEASE_BEFORE_LOAD))) {
			@Override
			void by(Instance instance, RedisServer redis) {
				redis.cli("DEL", "rows:t1:1");
			}
		},
		// Takes the generations with it, so that each of two rules would do.
		BY_FLUSHALL(List.of(EnumSet.of(Rule.COMPARE_ON_FILL, Rule.CAPTURE_GENERATIONS),
				EnumSet.of(Rule.COMPARE_ON_FILL, Rule.COMPARE_GENERATIONS))) {
			@Override
			void by(Instance instance, RedisServer redis) {
				redis.flushAll();
			}
		};

		private final List<Set<Rule>> rules;

		Eviction(List<Set<Rule>> rules) {
			this.rules = rules;
		}

		/**
		 * Return each set of rules without which it would not be enough.
		 */
		List<Set<Rule>> rules() {
			return this.rules;
		}

		abstract void by(Instance instance, RedisServer redis);

	}

	/**
	 * How code without annotations puts.
	 */
	enum Put {

		BY_CACHE {
			@Override
			void by(Instance instance, Row row) {
				instance.context().cache("rows").put(new SimpleKey(row.tenant(), row.id()), row);
			}
		},
		BY_SERVICE {
			@Override
			void by(Instance instance, Row row) {
				instance.context()
					.cacheService()
					.set("rows:" + row.tenant() + ":" + row.id(), row, Duration.ofMinutes(1));
			}
		};

		abstract void by(Instance instance, Row row);

	}

}
