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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.OutageLab.Shop;
import dev.cachestarter.cache.Breaker;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.engine.entry.EntryStore;
import dev.cachestarter.engine.entry.Evictions;
import dev.cachestarter.engine.entry.Sweeper;
import dev.cachestarter.engine.entry.Target.Key;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.redis.RedisLink;
import dev.cachestarter.testing.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Evictions that Redis did not take, or has forgotten: none is lost.
 */
class EvictionsAfterOutagesRedisTests {

	@ParameterizedTest
	@CsvSource({ "replay, key", "replay, tenant", "replay, pattern", "replay, all", "replay, put", "distrust, key",
			"distrust, tenant" })
	void whatAnOldDumpBringsBackIsNotServed(String afterRestart, String eviction) throws Exception {
		try (OutageLab lab = new OutageLab((builder) -> builder.distrustRestarts(afterRestart.equals("distrust")))) {
			lab.other.close();
			OutageLab.awaitCached(lab.shop, "pattern");
			lab.shop.service().findInOther("pattern", "1");
			await().until(() -> lab.redis.bytes("others:pattern:1") != null);
			lab.admin("SAVE");
			switch (eviction) {
				case "key" -> lab.shop.service().changed("pattern", "1");
				case "tenant" -> lab.shop.service().tenantChanged("pattern", "1");
				case "pattern" -> lab.shop.service().patternChanged("pattern", "1");
				case "put" -> lab.shop.service().update("pattern", "1");
				default -> lab.shop.service().allChanged("pattern", "1");
			}
			assertThat(lab.shop.engine().evictions().pendingCount()).isZero();

			lab.proxy.refuse();
			lab.redis.kill();
			lab.redis.start();
			assertThat(lab.redis.bytes("items:pattern:1")).asString().contains("\"version\":0");
			assertThat(lab.redis.bytes("others:pattern:1")).asString().contains("\"version\":0");
			lab.proxy.pass();
			lab.shop.awaitUp();

			if (eviction.equals("all")) {
				assertThat(lab.shop.service().findInOther("pattern", "1").version()).isEqualTo(1);
			}
			else {
				assertThat(lab.shop.service().find("pattern", "1").version()).isEqualTo(1);
			}
		}
	}

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void onlyDistrustMakesAMissOfWhatNobodyEvictedBeforeARestart(boolean distrust) {
		try (OutageLab lab = new OutageLab((builder) -> builder.distrustRestarts(distrust))) {
			OutageLab.awaitCached(lab.shop, "key");
			lab.admin("SAVE");
			lab.proxy.refuse();
			lab.redis.kill();
			lab.redis.start();
			lab.proxy.pass();
			lab.shop.awaitUp();
			int loads = lab.shop.service().loads();

			lab.shop.service().find("key", "1");

			assertThat(lab.shop.service().loads()).isEqualTo(distrust ? loads + 1 : loads);
		}
	}

	@Test
	void theMinuteOfReplayCountsFromTheLossOfTheServerHoweverLongItIsAway() throws Exception {
		try (RedisServer redis = RedisServer.local().start(); Bare bare = new Bare(redis)) {
			StoredKey early = bare.layout.key("items", "early");
			StoredKey late = bare.layout.key("items", "late");

			bare.evictions.evict(new Key(early)).get(10, TimeUnit.SECONDS);
			bare.clock.addAndGet(TimeUnit.SECONDS.toNanos(40));
			bare.evictions.evict(new Key(late)).get(10, TimeUnit.SECONDS);
			bare.clock.addAndGet(TimeUnit.SECONDS.toNanos(30));
			long lost = bare.clock.get();
			redis.kill();
			await().atMost(Duration.ofMinutes(1)).until(() -> !bare.link.isUp());
			bare.clock.addAndGet(TimeUnit.MINUTES.toNanos(10));
			// An acknowledgement that was still on its way.
			bare.evictions.remember(new Key(bare.layout.key("items", "other")));
			bare.evictions.replayRecent(lost);

			assertThat(bare.evictions.covers(late)).isTrue();
			assertThat(bare.evictions.covers(early)).isFalse();
		}
	}

	@Test
	void whatAServerHasTakenThatIsFoundToBeReplacedMeanwhileStaysPending() throws Exception {
		try (RedisServer redis = RedisServer.local().start(); Bare bare = new Bare(redis)) {
			StoredKey key = bare.layout.key("items", "1");
			redis.pause();
			CompletableFuture<Long> evicted = bare.evictions.evict(new Key(key));
			bare.evictions.replayRecent(bare.clock.get());

			redis.resume();
			await().atMost(Duration.ofMinutes(1)).until(evicted::isDone);

			assertThat(evicted).isCompletedExceptionally();
			assertThat(bare.evictions.covers(key)).isTrue();
		}
	}

	@Test
	void whatAnAttemptToComeBackHasAppliedIsToldThoughTheAttemptCameToNothing() throws Exception {
		try (RedisServer redis = RedisServer.local().start(); Bare bare = new Bare(redis)) {
			redis.cli("CONFIG", "SET", "min-replicas-to-write", "1");
			CompletableFuture<Long> refused = bare.evictions.evict(new Key(bare.layout.key("items", "refused")));
			await().atMost(Duration.ofMinutes(1)).until(refused::isCompletedExceptionally);
			redis.cli("CONFIG", "SET", "min-replicas-to-write", "0");

			int first = bare.evictions.recover().get(10, TimeUnit.SECONDS);
			int second = bare.evictions.recover().get(10, TimeUnit.SECONDS);
			bare.evictions.told(second);
			int third = bare.evictions.recover().get(10, TimeUnit.SECONDS);

			assertThat(List.of(first, second, third)).containsExactly(1, 1, 0);
		}
	}

	@Test
	void tenThousandAreAppliedAtOnceInFewCommands() {
		AtomicInteger applied = new AtomicInteger();
		try (OutageLab lab = new OutageLab((builder) -> builder.listener(new CacheEventListener() {

			@Override
			public void onBack(Duration away, int evictionsApplied) {
				applied.addAndGet(evictionsApplied);
			}

		}))) {
			lab.admin("EVAL", "for i = 1, 10000 do redis.call('SET', 'items:t:' .. i, 'old') end return 1", "0");
			lab.cutOff();
			for (int i = 1; i <= 10_000; i++) {
				lab.shop.cache("items").evict("t:" + i);
			}
			assertThat(lab.shop.engine().evictions().pendingCount()).isEqualTo(10_000);
			lab.admin("CONFIG", "RESETSTAT");

			long start = System.nanoTime();
			lab.proxy.pass();
			await().atMost(OutageLab.PATIENCE)
				.pollInterval(Duration.ofMillis(5))
				.until(() -> lab.shop.engine().evictions().pendingCount() == 0);
			long taken = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);

			System.out.println("10,000 pending evictions: applied " + taken + " ms after Redis could be reached again");
			assertThat(lab.redis.keys("items:t:*")).isEmpty();
			assertThat(lab.redis.info("cmdstat_unlink")).contains("calls=101,");
			await().atMost(OutageLab.PATIENCE).until(() -> applied.get() == 10_000);
		}
	}

	@Test
	void evictionsOfLongKeysGoThroughANarrowLineWithoutTakingTheLinkDown() {
		Duration patience = Duration.ofSeconds(2);
		try (OutageLab lab = new OutageLab((builder) -> builder.commandTimeout(patience)
			.breaker(Breaker.defaults()
				.withFailureRate(100)
				.withSlowCall(patience)
				.withSlowCallRate(100)
				.withWindow(1000)
				.withOpenFor(Duration.ofMillis(100), Duration.ofSeconds(1))))) {
			lab.cutOff();
			for (int i = 0; i < 500; i++) {
				lab.shop.cache("items").evict("t:" + i + "x".repeat(20_000));
			}
			assertThat(lab.shop.engine().evictions().pendingCount()).isEqualTo(500);
			long connections = lab.proxy.accepted();

			// Ten megabytes in five seconds.
			lab.proxy.throttle(2_000_000);
			await().atMost(Duration.ofSeconds(40)).until(() -> lab.shop.engine().evictions().pendingCount() == 0);

			assertThat(lab.proxy.accepted()).isLessThanOrEqualTo(connections + 2);
		}
	}

	@Test
	void evictionsBeyondTheirMostAreWidenedAndNoneIsLost() {
		try (OutageLab lab = new OutageLab((builder) -> builder.maxPendingEvictions(50))) {
			for (int i = 0; i < 200; i++) {
				lab.shop.service().find("org-" + i, "1");
			}
			await().atMost(OutageLab.PATIENCE).until(() -> lab.redis.keys("items:org-*").size() == 200);
			lab.cutOff();

			for (int i = 0; i < 200; i++) {
				lab.shop.service().changed("org-" + i, "1");
			}
			assertThat(lab.shop.engine().evictions().pendingCount()).isLessThanOrEqualTo(101);
			lab.proxy.pass();
			lab.awaitBack();

			for (int i = 0; i < 200; i++) {
				assertThat(lab.shop.service().find("org-" + i, "1").version()).isEqualTo(1);
				assertThat(lab.other.service().find("org-" + i, "1").version()).isEqualTo(1);
			}
		}
	}

	@Test
	void oneThatRedisRefusesForGoodHoldsUpNoOther() {
		try (OutageLab lab = new OutageLab()) {
			OutageLab.awaitCached(lab.shop, "forbidden");
			OutageLab.awaitCached(lab.shop, "allowed");
			lab.cutOff();
			lab.shop.service().changed("forbidden", "1");
			for (int i = 1; i <= 300; i++) {
				lab.shop.service().changed("allowed", String.valueOf(i));
			}
			lab.admin("ACL", "SETUSER", "app", "resetkeys", "~items:allowed:*", "~items:back:*", "~~*");

			lab.proxy.pass();
			await().atMost(OutageLab.PATIENCE).until(() -> lab.shop.engine().evictions().pendingCount() == 1);

			OutageLab.awaitCached(lab.shop, "allowed");
			assertThat(lab.shop.service().find("allowed", "1").version()).isEqualTo(1);
			assertThat(lab.shop.service().find("forbidden", "1").version()).isEqualTo(1);
			lab.admin("ACL", "SETUSER", "app", "~*");
			// What was refused is asked for again after ten seconds, and not sooner.
			lab.awaitBack();
			assertThat(lab.other.service().find("forbidden", "1").version()).isEqualTo(1);
		}
	}

	@Test
	void anotherInstanceReadsTheOldUntilTheOneThatWasCutOffIsBack() {
		try (OutageLab lab = new OutageLab()) {
			for (String row : new String[] { "here", "there" }) {
				OutageLab.awaitCached(lab.shop, row);
				OutageLab.awaitCached(lab.other, row);
			}
			lab.cutOff();

			lab.shop.service().changed("here", "1");
			lab.other.service().changed("there", "1");

			assertThat(lab.shop.service().find("here", "1").version()).isEqualTo(1);
			// The limit of what one can promise who is cut off.
			assertThat(lab.other.service().find("here", "1").version()).isZero();
			lab.proxy.pass();
			lab.awaitBack();
			assertThat(lab.other.service().find("here", "1").version()).isEqualTo(1);
			assertThat(lab.shop.service().find("there", "1").version()).isEqualTo(1);
		}
	}

	@Test
	void whatTheNetworkHeldBackUntilAfterTheReplayUndoesNothing() {
		try (OutageLab lab = new OutageLab()) {
			OutageLab.awaitCached(lab.shop, "key");
			OutageLab.awaitCached(lab.shop, "filled");
			lab.proxy.holdBack();
			// A fill, a put and an eviction that the server does not get.
			Shop.change("filled", "1");
			lab.shop.cache("items").put("filled:1", Shop.load("filled", "1"));
			lab.shop.service().changed("key", "1");
			lab.shop.service().update("put", "1");
			lab.proxy.closeAll();
			lab.awaitBack();
			lab.shop.service().changed("key", "1");
			lab.shop.service().changed("filled", "1");
			lab.shop.service().update("put", "1");
			assertThat(lab.shop.service().find("key", "1").version()).isEqualTo(2);
			OutageLab.awaitCached(lab.shop, "filled");
			assertThat(lab.proxy.heldBytes()).isPositive();

			lab.proxy.releaseHeld();

			assertThat(lab.shop.service().find("key", "1").version()).isEqualTo(2);
			assertThat(lab.shop.service().find("filled", "1").version()).isEqualTo(2);
			assertThat(lab.other.service().find("filled", "1").version()).isEqualTo(2);
			assertThat(lab.other.service().find("put", "1").version()).isEqualTo(2);
		}
	}

	@Test
	void whatIsPendingIsAppliedBeforeTheApplicationEnds() {
		try (OutageLab lab = new OutageLab()) {
			OutageLab.awaitCached(lab.shop, "key");
			lab.admin("CONFIG", "SET", "min-replicas-to-write", "1");
			lab.shop.service().changed("key", "1");
			await().until(() -> lab.shop.engine().evictions().pendingCount() == 1);
			assertThat(lab.redis.bytes("items:key:1")).isNotNull();
			lab.admin("CONFIG", "SET", "min-replicas-to-write", "0");

			lab.shop.close();

			assertThat(lab.redis.bytes("items:key:1")).isNull();
		}
	}

	/**
	 * Evictions and what they need, with a clock of the test's and no rounds of their
	 * own.
	 */
	private static final class Bare implements AutoCloseable {

		final RedisLink link;

		final KeyLayout layout = new KeyLayout("", false);

		final AtomicLong clock = new AtomicLong(System.nanoTime());

		final Evictions evictions;

		private final Sweeper sweeper;

		Bare(RedisServer redis) {
			this.link = new RedisLink(new LettuceConnectionFactory(redis.host(), redis.port()), Interleavings.PATIENT);
			this.layout.register("items");
			EntryStore store = new EntryStore(this.link, () -> "0123456789abcdef", this.layout);
			this.sweeper = new Sweeper(this.link, store, this.layout);
			ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
			timer.shutdown();
			this.evictions = new Evictions(this.link, this.layout, store.tags(), this.sweeper, timer, 100,
					this.clock::get);
			this.link.start();
			await().atMost(Duration.ofMinutes(1)).until(this.link::isUp);
		}

		@Override
		public void close() {
			this.link.close();
			this.sweeper.close();
		}

	}

}
