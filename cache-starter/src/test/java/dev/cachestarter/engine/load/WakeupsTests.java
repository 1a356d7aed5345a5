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

package dev.cachestarter.engine.load;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.NearSettings;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.load.Callers.Caller;
import dev.cachestarter.engine.load.Callers.Instance;
import dev.cachestarter.engine.near.TrackingByHand;
import dev.cachestarter.engine.near.TrackingByHand.Question;
import dev.cachestarter.engine.redis.MemoryRedis.Answers;

import static dev.cachestarter.engine.load.Callers.PLAIN;
import static dev.cachestarter.engine.load.Callers.STALE;
import static dev.cachestarter.engine.load.Callers.led;
import static dev.cachestarter.engine.load.Callers.value;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Who waits for another instance's load is woken by what Redis tells. The clock stands
 * still: time alone leads to no look, unless a test lets it pass.
 */
class WakeupsTests {

	/** Between two looks at another's lease, at most. */
	private static final Duration LOOK = Duration.ofMillis(100);

	private final Callers callers = new Callers();

	private final Instance here = this.callers.instance();

	private final Instance there = this.callers.instance();

	private final TrackingByHand tracking = new TrackingByHand();

	WakeupsTests() {
		this.here.turns.wakeBy(this.tracking);
	}

	@Test
	void whoWaitsIsWokenWhenTheLeaseIsFilled() {
		Flight flight = other().leads();
		CompletableFuture<Decision> first = caller().decide();
		CompletableFuture<Decision> second = caller().decide();
		answer();
		assertThat(this.tracking.questions).as("one for all who wait").isEmpty();

		Callers.load(flight, "loaded");
		assertThat(first).isNotDone();
		tell();

		assertThat(value(first)).isEqualTo("loaded");
		assertThat(value(second)).isEqualTo("loaded");
	}

	@Test
	void whoWaitsIsWokenWhenTheLeaseIsGivenBack() {
		Flight flight = other().leads();
		CompletableFuture<Decision> decision = caller().decide();
		answer();

		flight.fail(new IllegalStateException("of the source"));
		tell();

		led(decision);
	}

	/** They look at once: all but one of them come too late for the lease. */
	@Test
	void howeverOftenTheLoadFailsOneAloneOfThoseWhoWaitLoads() {
		Flight flight = other().leads();
		List<CompletableFuture<Decision>> waiting = new ArrayList<>();
		for (int i = 0; i < 12; i++) {
			Instance instance = this.callers.instance();
			instance.turns.wakeBy(this.tracking);
			waiting.add(instance.caller(track(PLAIN)).decide());
		}

		while (!waiting.isEmpty()) {
			while (!this.tracking.questions.isEmpty()) {
				answer();
			}
			flight.fail(new IllegalStateException("of the source"));
			this.callers.redis.answers(Answers.HELD);
			tell();
			this.callers.redis.answer();
			this.callers.timer.run();
			List<CompletableFuture<Decision>> done = waiting.stream().filter(CompletableFuture::isDone).toList();
			assertThat(done).hasSize(1);
			flight = led(done.get(0));
			waiting.removeAll(done);
		}
	}

	@Test
	void whoWaitsForAClaimIsWokenAndItsValueIsNotReadForThat() {
		String large = "large".repeat(10_000);
		this.callers.storeStale(large);
		Flight flight = this.there.caller(track(STALE)).leads();
		this.callers.redis.bytesRead();
		CompletableFuture<Decision> decision = this.here.caller(track(STALE)).decide();
		Question question = this.tracking.questions.element();
		assertThat(this.callers.redis.bytesRead()).as("what the caller has found").isLessThan(2L * large.length());
		answer();

		Callers.load(flight, "new");
		tell();

		assertThat(question.keys()).hasSize(1);
		assertThat(value(decision)).isEqualTo("new");
	}

	/** The message was for a read before this one, and nothing is told of the lease. */
	@Test
	void whatChangedBeforeTheReadShowsInItsAnswer() {
		Flight flight = other().leads();
		CompletableFuture<Decision> decision = caller().decide();

		Callers.load(flight, "loaded");
		answer();

		assertThat(value(decision)).isEqualTo("loaded");
	}

	@Test
	void aMessageBeforeTheAnswerToTheReadWakesAsWell() {
		Flight flight = other().leads();
		CompletableFuture<Decision> decision = caller().decide();
		Question read = this.tracking.questions.remove();

		Callers.load(flight, "loaded");
		tell();
		read.answer().complete(List.of(stored()));
		this.callers.timer.run();

		assertThat(value(decision)).isEqualTo("loaded");
	}

	/** The look goes over another connection, and was answered before the change. */
	@Test
	void whatIsToldDuringALookMakesAnotherFollow() {
		Flight flight = other().leads();
		CompletableFuture<Decision> decision = caller().decide();
		answer();
		this.callers.redis.answers(Answers.HELD);
		tell();
		this.callers.redis.answers(Answers.AT_ONCE);

		Callers.load(flight, "loaded");
		tell();
		assertThat(decision).isNotDone();
		this.callers.redis.answer();
		this.callers.timer.run();

		assertThat(value(decision)).isEqualTo("loaded");
	}

	@Test
	void aLeaseThatIsRenewedCostsOneLookAndIsToldOfAgain() {
		Flight flight = other().leads();
		CompletableFuture<Decision> decision = caller().decide();
		answer();
		this.callers.redis.sent();

		for (int i = 0; i < 10; i++) {
			tell();
			assertThat(this.callers.redis.sent()).containsExactly("MGET");
			assertThat(this.tracking.questions).hasSize(1);
			answer();
		}
		Callers.load(flight, "loaded");
		tell();

		assertThat(value(decision)).isEqualTo("loaded");
	}

	@Test
	void howeverManyMessagesThereAreOneLookIsUnderWay() {
		Flight flight = other().leads();
		CompletableFuture<Decision> decision = caller().decide();
		answer();
		this.callers.redis.sent();

		for (int i = 0; i < 100; i++) {
			this.tracking.changed(this.callers.key.redisKey());
		}
		this.callers.timer.run();

		assertThat(this.callers.redis.sent().size()).isLessThanOrEqualTo(2);
		Callers.load(flight, "loaded");
		answer();
		assertThat(value(decision)).isEqualTo("loaded");
	}

	@Test
	void whenTheSessionEndsTimeLeadsToTheNextLookAndThatArmsInTheNextSession() {
		Flight flight = other().leads();
		CompletableFuture<Decision> decision = caller().decide();
		answer();
		this.callers.redis.sent();

		this.tracking.endSession();
		this.callers.timer.run();
		assertThat(this.callers.redis.sent()).as("nothing is known to have changed").isEmpty();
		this.callers.timer.advance(LOOK);
		answer();
		Callers.load(flight, "loaded");
		tell();

		assertThat(value(decision)).isEqualTo("loaded");
	}

	@Test
	void whenTheSessionEndsAndThereIsNoOtherTimeWillDo() {
		Flight flight = other().leads();
		CompletableFuture<Decision> decision = caller().decide();
		answer();

		this.tracking.good = false;
		this.tracking.endSession();
		Callers.load(flight, "loaded");
		this.callers.timer.run();
		assertThat(decision).isNotDone();
		this.callers.timer.advance(LOOK);

		assertThat(value(decision)).isEqualTo("loaded");
	}

	@Test
	void aReadThatFailsIsMadeAgainWithTheNextLook() {
		Flight flight = other().leads();
		CompletableFuture<Decision> decision = caller().decide();
		this.tracking.questions.remove().answer().completeExceptionally(new IllegalStateException("lost"));

		this.callers.timer.advance(LOOK);
		answer();
		Callers.load(flight, "loaded");
		tell();

		assertThat(value(decision)).isEqualTo("loaded");
	}

	@Test
	void whenRedisWasFlushedAllWhoWaitAreWoken() {
		other().leads();
		CompletableFuture<Decision> decision = caller().decide();
		answer();

		this.callers.redis.remove(this.callers.key.redisKey());
		this.tracking.allChanged();
		this.callers.timer.run();

		led(decision);
	}

	/** Else what it throws would end the session. */
	@Test
	void oneWhoCannotBeWokenKeepsNobodyElseFromIt() {
		Wakeups wakeups = new Wakeups();
		wakeups.by(this.tracking);
		byte[] key = this.callers.key.redisKey();
		CompletableFuture<Boolean> woken = new CompletableFuture<>();
		wakeups.of(key, (start) -> true, () -> {
			throw new IllegalStateException("cannot be woken");
		}).arm();
		wakeups.of(key, (start) -> true, () -> woken.complete(true)).arm();

		this.tracking.changed(key);

		assertThat(woken).isCompletedWithValue(true);
	}

	@Test
	void whoWaitsAtTheEndOfTheCacheIsNotWokenAnyMore() {
		other().leads();
		CompletableFuture<Decision> decision = caller().decide();
		answer();

		this.here.turns.close();
		tell();

		Callers.alone(decision);
	}

	@Test
	void anotherKeyWakesNobody() {
		other().leads();
		CompletableFuture<Decision> decision = caller().decide();
		answer();
		this.callers.redis.sent();

		this.tracking.changed(new byte[] { 'x' });
		this.callers.timer.run();

		assertThat(this.callers.redis.sent()).isEmpty();
		assertThat(decision).isNotDone();
	}

	/** The look that ends a wait may be over before the wake-up is armed for it. */
	@Test
	void whoseWaitIsOverIsNotArmed() {
		Wakeups wakeups = new Wakeups();
		wakeups.by(this.tracking);
		Wakeups.Wakeup wakeup = wakeups.of(this.callers.key.redisKey(), (start) -> true, () -> {
		});

		wakeup.close();
		wakeup.arm();

		assertThat(wakeups.count()).isZero();
		assertThat(this.tracking.questions).isEmpty();
	}

	@Test
	void whenTheLeaseIsGoneNothingIsLeft() {
		Wakeups wakeups = new Wakeups();
		wakeups.by(this.tracking);
		Watches watches = new Watches(this.here.store, this.callers.timer, wakeups);
		Flight flight = other().leads();
		Ask ask = caller().ask();
		CompletableFuture<Observed> gone = watches.await(ask, Objects.requireNonNull(ask.observed()), flight.nonce(),
				Duration.ofMinutes(1).toNanos());
		assertThat(wakeups.count()).isOne();
		answer();

		Callers.load(flight, "loaded");
		tell();

		assertThat(gone).isCompleted();
		assertThat(wakeups.count()).isZero();
	}

	/** Who gave up waiting leaves nothing behind once it is time for the next look. */
	@Test
	void whenNobodyWaitsAnyMoreNothingIsLeft() {
		Wakeups wakeups = new Wakeups();
		wakeups.by(this.tracking);
		Watches watches = new Watches(this.here.store, this.callers.timer, wakeups);
		Flight flight = other().leads();
		Ask ask = caller().ask();
		watches.await(ask, Objects.requireNonNull(ask.observed()), flight.nonce(), 1);
		assertThat(wakeups.count()).isOne();

		this.callers.timer.advance(LOOK);
		this.tracking.questions.remove().answer().complete(List.of(new byte[0]));

		assertThat(wakeups.count()).isZero();
	}

	@Test
	void inOtherModesNothingIsReadForThat() {
		other().leads();

		for (CacheSettings settings : List.of(PLAIN,
				PLAIN.withNear(PLAIN.near().withMode(NearSettings.Mode.VALIDATE)))) {
			assertThat(this.here.caller(settings).decide()).isNotDone();
		}

		assertThat(this.tracking.questions).isEmpty();
	}

	// Fixture

	private Caller caller() {
		return this.here.caller(track(PLAIN));
	}

	private Caller other() {
		return this.there.caller(track(PLAIN));
	}

	private static CacheSettings track(CacheSettings settings) {
		return settings.withNear(settings.near().withMode(NearSettings.Mode.TRACK));
	}

	private byte[] stored() {
		return Objects.requireNonNull(this.callers.redis.get(this.callers.key.redisKey()));
	}

	/** Redis answers the read of the header. */
	private void answer() {
		byte @Nullable [] there = this.callers.redis.start(this.callers.key.redisKey(), EntryHeader.LENGTH);
		this.tracking.answer(there);
		this.callers.timer.run();
	}

	/** Redis tells of the key. */
	private void tell() {
		this.tracking.changed(this.callers.key.redisKey());
		this.callers.timer.run();
	}

}
