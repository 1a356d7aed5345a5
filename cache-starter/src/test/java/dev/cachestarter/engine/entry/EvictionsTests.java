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
package dev.cachestarter.engine.entry;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.Interleavings;
import dev.cachestarter.engine.entry.Target.Glob;
import dev.cachestarter.engine.entry.Target.Key;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.redis.LinkObserver;
import dev.cachestarter.engine.redis.MemoryRedis;
import dev.cachestarter.engine.redis.RedisLink;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What is kept of evictions while there is no Redis.
 */
class EvictionsTests {

	/** Never started. */
	private final RedisLink link = new RedisLink(new LettuceConnectionFactory("localhost", 1), Interleavings.PATIENT);

	private final KeyLayout layout = new KeyLayout("", false);

	private final EntryStore store = new EntryStore(this.link, () -> "0123456789abcdef", this.layout);

	private final Sweeper sweeper = new Sweeper(this.link, this.store, this.layout);

	private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

	EvictionsTests() {
		this.layout.register("items");
		this.layout.register("others");
	}

	@AfterEach
	void close() {
		this.link.close();
		this.sweeper.close();
		this.timer.shutdownNow();
	}

	private Evictions evictions(int maxEntries) {
		return new Evictions(this.link, this.layout, this.store.tags(), this.sweeper, this.timer, maxEntries,
				System::nanoTime);
	}

	@Test
	void aReplayMakesFewPatternsPendingHoweverManyThereWere() {
		Evictions evictions = evictions(10_000);
		for (int i = 0; i < 5000; i++) {
			evictions.remember(new Glob("items", KeyPattern.of("*:" + i)));
		}

		evictions.replayRecent(System.nanoTime());

		// Each read is matched against every one of them.
		assertThat(evictions.pendingCount()).isLessThanOrEqualTo(101);
		for (int i = 0; i < 5000; i++) {
			assertThat(evictions.covers(this.layout.key("items", "org:" + i))).isTrue();
		}
		assertThat(evictions.covers(this.layout.key("others", "org:1"))).isFalse();
	}

	@Test
	void ofAHundredThousandEvictionsNoneIsForgottenAndFewAreKept() {
		Evictions evictions = evictions(1000);

		for (int i = 0; i < 100_000; i++) {
			assertThat(evictions.evict(new Key(this.layout.key("items", "org-" + i + ":" + i))))
				.isCompletedExceptionally();
		}

		assertThat(evictions.pendingCount()).isLessThanOrEqualTo(2001);
		for (int i = 0; i < 100_000; i++) {
			assertThat(evictions.covers(this.layout.key("items", "org-" + i + ":" + i))).isTrue();
		}
		assertThat(evictions.covers(this.layout.key("others", "org-1:1"))).isFalse();
	}

	@Test
	void whatIsRememberedOfLongKeysTakesLittleMemoryAndNoneIsForgotten() {
		Evictions evictions = evictions(1000);
		String longText = "x".repeat(60_000);

		for (int i = 0; i < 1000; i++) {
			Key target = new Key(this.layout.locate("items:org-" + i + ":" + longText));
			evictions.evict(target);
			evictions.remember(target);
		}

		// Twice what so many keys of a kilobyte take, for each of pending and recent.
		assertThat(evictions.bytes()).isLessThan(4_500_000);
		evictions.replayRecent(System.nanoTime());
		for (int i = 0; i < 1000; i++) {
			assertThat(evictions.covers(this.layout.locate("items:org-" + i + ":" + longText))).isTrue();
		}
		assertThat(evictions.covers(this.layout.key("others", "org-1:1"))).isFalse();
		assertThat(evictions.bytes()).isLessThan(4_500_000);
	}

	@Test
	void patternsAreWeighedToo() {
		Evictions evictions = evictions(1000);

		for (int i = 0; i < 1000; i++) {
			evictions.remember(new Glob("items", KeyPattern.of(i + "*" + "x".repeat(60_000))));
		}

		assertThat(evictions.bytes()).isLessThan(2_000_000);
	}

	@Test
	void whatIsEndedTakesNoMemory() {
		PendingEvictions pending = new PendingEvictions(100, System::nanoTime);
		Key target = new Key(this.layout.key("items", "org-1:1"));
		pending.add(target, 1);
		pending.add(target, 2);
		pending.failed(target, 2);
		long bytes = pending.bytes();

		pending.acknowledged(target, 1);
		assertThat(pending.bytes()).isEqualTo(bytes).isEqualTo(target.bytes());
		pending.acknowledged(target, 2);
		pending.acknowledged(target, 2);

		assertThat(pending.bytes()).isZero();
	}

	@Test
	void aGroupWithALongNameIsSweptWithItsCache() {
		for (int i = 0; i < 10; i++) {
			this.sweeper.sweepLater(new Target.Group("items", i + "x".repeat(60_000)));
		}

		assertThat(this.sweeper.dueCount()).isEqualTo(1);
	}

	@Test
	void littleIsKeptOfWhatCannotBeAnnouncedToBeSwept() {
		for (int i = 0; i < 20_000; i++) {
			this.sweeper.sweepLater(new Target.Group("items", "org-" + i));
		}

		assertThat(this.sweeper.dueCount()).isLessThanOrEqualTo(DueTargets.MOST + 1);
	}

	@Test
	void whoeverLoadsIsToldOfPatternsOverAllCachesAndOfOthersOfItsOwn() {
		Evictions evictions = evictions(1000);
		StoredKey key = this.layout.key("items", "1");
		long first = evictions.epoch(key);

		evictions.evict(new Glob(null, KeyPattern.of("*:1")));
		long second = evictions.epoch(key);
		evictions.evict(new Target.Whole("items"));
		long third = evictions.epoch(key);
		evictions.evict(new Target.Whole("others"));

		assertThat(second).isNotEqualTo(first);
		assertThat(third).isNotEqualTo(second);
		assertThat(evictions.epoch(key)).isEqualTo(third);
	}

	@Test
	void aPutOnAServerThatIsNoLongerThereIsEvicted() {
		Evictions evictions = evictions(1000);
		Key target = new Key(this.layout.key("items", "1"));
		long before = evictions.server();

		evictions.replayRecent(System.nanoTime());
		assertThat(evictions.replaced(target, evictions.server())).isCompleted();
		assertThat(evictions.pendingCount()).isZero();
		evictions.replaced(target, before);

		assertThat(evictions.covers(target.key())).isTrue();
	}

	@Test
	void whatARoundOfTheTimersTakesWhileTheLinkComesBackIsToldToo() {
		MemoryRedis redis = new MemoryRedis();
		RedisLink link = redis.unstarted(Duration.ofSeconds(1));
		Evictions evictions = new Evictions(link, this.layout, this.store.tags(), this.sweeper, this.timer, 1000,
				System::nanoTime);
		List<CompletableFuture<Integer>> told = new ArrayList<>();
		link.observe(new LinkObserver() {

			@Override
			public CompletableFuture<Integer> returning() {
				evictions.drainAll();
				CompletableFuture<Integer> taken = evictions.recover();
				told.add(taken);
				return taken;
			}

		});
		for (int i = 0; i < 3; i++) {
			evictions.evict(new Key(this.layout.key("items", "org:" + i)));
		}
		assertThat(evictions.pendingCount()).isEqualTo(3);

		redis.start(link);

		assertThat(link.isUp()).isTrue();
		assertThat(evictions.pendingCount()).isZero();
		assertThat(told).singleElement().satisfies((taken) -> assertThat(taken).isCompletedWithValue(3));
		link.close();
	}

	@Test
	void aRoundThatFailsDoesNotEndAllLaterOnes() {
		PendingEvictions pending = new PendingEvictions(100, System::nanoTime);
		pending.addLate(new Key(this.layout.key("items", "1")), 1);
		AtomicInteger asked = new AtomicInteger();
		Drain drain = new Drain(Target.Kind.EXACT, pending, new EvictionCommands(this.link, this.layout,
				this.store.tags(), new PatternWalks(this.link, this.layout, this.sweeper)), new Drain.Outcome() {

					@Override
					public long server() {
						asked.incrementAndGet();
						throw new StackOverflowError("of a test");
					}

					@Override
					public void acknowledged(Target target, long sequence, long server) {
					}

					@Override
					public void failed(Throwable ex) {
					}

					@Override
					public void over(int taken) {
					}

				}, this.timer);

		assertThat(drain.all()).isCompletedWithValue(0);
		assertThat(drain.all()).isCompletedWithValue(0);
		assertThat(asked).hasValue(2);
	}

}
