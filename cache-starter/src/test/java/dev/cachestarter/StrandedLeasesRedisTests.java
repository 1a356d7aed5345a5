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
import java.util.Set;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.cachestarter.RuleBreaker.Gate;
import dev.cachestarter.RuleBreaker.Step;
import dev.cachestarter.cache.Internals;
import dev.cachestarter.cache.call.Call;
import dev.cachestarter.engine.connection.Script;
import dev.cachestarter.engine.entry.EntryScripts;
import dev.cachestarter.testing.FaultProxy;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Leases and claims under which nobody loads: they are waited for by nobody, or not for
 * long.
 */
@WithRedis(local = true)
class StrandedLeasesRedisTests extends Interleavings {

	private static final String KEY = "rows:t1:1";

	StrandedLeasesRedisTests(RedisServer redis) {
		super(redis);
	}

	@BeforeEach
	void emptyRedis() {
		this.redis.flushAll();
		for (Script script : List.of(EntryScripts.ACQUIRE, EntryScripts.CLAIM)) {
			this.redis.cli("SCRIPT", "LOAD", script.text());
		}
	}

	// Leases whose answer never came

	@ParameterizedTest
	@EnumSource
	void aLeaseWhoseAnswerWasLostIsTakenOverByItsInstance(Group group) throws Exception {
		Stranded stranded = strand(group);

		assertThat(call(() -> stranded.instance().find("t1", "1")).result()).isZero();

		stranded.instance().awaitFills(1);
		assertThat(stranded.instance().counters().puts()).isEqualTo(1);
		assertThat(stranded.loads()).isEqualTo(2);
	}

	@ParameterizedTest
	@EnumSource
	void aLeaseWhoseAnswerWasLostHoldsUpOtherInstancesForAMomentOnly(Group group) throws Exception {
		Instance other = instance(Set.of());
		Stranded stranded = strand(group);

		assertThat(call(() -> other.find("t1", "1")).result()).isZero();

		other.awaitFills(1);
		assertThat(other.counters().puts()).isEqualTo(1);
		assertThat(stranded.loads()).isEqualTo(1);
	}

	@ParameterizedTest
	@EnumSource
	void aLeaseWhoseAnswerWasLostIsRemovedThoughNobodyAsks(Group group) throws Exception {
		strand(group);

		await().atMost(Duration.ofMinutes(1)).until(() -> this.redis.keys(KEY).isEmpty());
	}

	/**
	 * Have an instance ask for a lease, lose its connection, and the server place the
	 * lease when the instance has a new one.
	 */
	private Stranded strand(Group group) throws Exception {
		FaultProxy network = closing(FaultProxy.inFrontOf(this.redis));
		RuleBreaker breaker = closing(RuleBreaker.inFrontOf(network.host(), network.port(), Set.of()));
		Instance instance = instance(breaker, breaker.host(), breaker.port(),
				(builder) -> Internals.link(builder.defaults(TIMELESS), PATIENT));
		instance.find((group == Group.KNOWN) ? "t1" : "t0", "0");
		instance.awaitFills(1);
		instance.context().cache("rows").clearStatistics();
		int before = instance.rows().loads();
		Gate lease = breaker.hold((group == Group.KNOWN) ? Step.ACQUIRE : Step.GENERATION);
		Call<Integer> call = call(() -> instance.find("t1", "1"));
		lease.awaitReached();
		network.holdBack();
		lease.open();
		await().atMost(Duration.ofMinutes(1)).until(() -> network.heldBytes() > 0);

		network.closeAll();
		assertThat(call.result()).isZero();
		assertThat(instance.rows().loads()).isEqualTo(before + 1);
		instance.context().awaitUp();
		network.releaseHeld();
		return new Stranded(instance, before);
	}

	private enum Group {

		/** It has its generation. */
		KNOWN,

		/** Its first lease is sent behind its generation, and both answers are lost. */
		NEW

	}

	// Leases that never end

	@ParameterizedTest
	@ValueSource(strings = { "-1", "315360000000" })
	void aLeaseThatWouldHoldForEverHoldsUpOneWait(String life) throws Exception {
		Instance instance = instance(Set.of(), TIMELESS.withLoadWait(Duration.ofSeconds(1)));
		Pause slow = instance.rows().pauseAfterReading();
		Call<Integer> load = call(() -> instance.find("t1", "2"));
		slow.awaitReached();
		this.redis.cli("COPY", "rows:t1:2", KEY);
		if (life.equals("-1")) {
			this.redis.cli("PERSIST", KEY);
		}
		else {
			this.redis.cli("PEXPIRE", KEY, life);
		}

		assertThat(call(() -> instance.find("t1", "1")).result()).isZero();

		await().atMost(Duration.ofMinutes(1)).until(() -> this.redis.keys(KEY).isEmpty());
		instance.find("t1", "1");
		instance.awaitFills(1);
		assertThat(instance.counters().puts()).isEqualTo(1);
		slow.release();
		assertThat(load.result()).isZero();
	}

	@Test
	void aLeaseThatIsRenewedIsNotRemovedThoughItHasBeenWaitedFor() throws Exception {
		Instance leader = instance(Set.of());
		Instance other = instance(Set.of(), TIMELESS.withLoadWait(Duration.ofSeconds(1)));
		Pause slow = leader.rows().pauseAfterReading();
		Call<Integer> load = call(() -> leader.find("t1", "1"));
		slow.awaitReached();

		assertThat(call(() -> other.find("t1", "1")).result()).isZero();

		await().during(Duration.ofSeconds(1)).until(() -> !this.redis.keys(KEY).isEmpty());
		slow.release();
		assertThat(load.result()).isZero();
		leader.awaitFills(1);
		assertThat(leader.counters().puts()).isEqualTo(1);
	}

	// Claims

	@ParameterizedTest
	@EnumSource
	void aClaimThatComesToLieInTheFarFutureIsNoLongerWaitedFor(Watcher watcher) throws Exception {
		Instance instance = instance(Set.of(), TIMELESS.withStaleIfError(Duration.ofHours(1)));
		instance.find("t1", "1");
		instance.awaitFills(1);
		Rows.change("t1", "1");
		long now = System.currentTimeMillis();
		this.redis.cli("SETRANGE", KEY, "120", "%013d".formatted(now - 60_000));
		this.redis.cli("SETRANGE", KEY, "23", "0123456789abcdef %013d".formatted(now + 50_000));
		Call<Integer> waiting = call(() -> watcher.find(instance)).awaitWaiting();
		await().during(Duration.ofMillis(200)).until(() -> !waiting.isDone());

		// As if the server's clock had been set back by a year.
		this.redis.cli("SETRANGE", KEY, "40", "%013d".formatted(now + Duration.ofDays(365).toMillis()));

		assertThat(waiting.result()).isEqualTo(1);
		instance.awaitFills(2);
		assertThat(instance.counters().puts()).isEqualTo(2);
	}

	/**
	 * A way to ask for row 1.
	 */
	enum Watcher {

		METHOD {
			@Override
			int find(Instance instance) {
				return instance.find("t1", "1");
			}
		},

		SYNC {
			@Override
			int find(Instance instance) {
				return instance.rows().findSync("t1", "1").version();
			}
		};

		abstract int find(Instance instance);

	}

	/**
	 * An instance with a lease that it knows nothing of.
	 *
	 * @param instance the instance
	 * @param before how many loads of others it had made before
	 */
	record Stranded(Instance instance, int before) {

		/** Return how many loads it has made of the key. */
		int loads() {
			return this.instance.rows().loads() - this.before;
		}

	}

}
