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

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.engine.entry.Lease;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.load.Callers.Caller;
import dev.cachestarter.engine.load.Callers.Instance;
import dev.cachestarter.engine.load.Flight.Turn;

import static dev.cachestarter.engine.load.Callers.MARK;
import static dev.cachestarter.engine.load.Callers.PLAIN;
import static dev.cachestarter.engine.load.Callers.STALE;
import static dev.cachestarter.engine.load.Callers.TTL;
import static dev.cachestarter.engine.load.Callers.led;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Flights by themselves: what their ends do, and what becomes of leases that nobody has,
 * at times that the test names.
 */
class FlightsTests {

	private static final Duration SHORT = Duration.ofMillis(50);

	private static final Duration PAUSE = Duration.ofMillis(250);

	private static final IOException FAILURE = new IOException("of the source");

	private final Callers callers = new Callers();

	private final Instance here = this.callers.instance();

	private final Ticks ticks = new Ticks(this.callers.timer);

	private final Flights flights = new Flights(this.here.store, this.ticks);

	private final long start = System.nanoTime();

	private Caller caller() {
		return this.here.caller(PLAIN);
	}

	private static StoredKey key(String text) {
		KeyLayout layout = new KeyLayout("", false);
		layout.register("lists");
		return layout.key("lists", text);
	}

	private Ask ask(StoredKey key) {
		Ask ask = caller().askUnread();
		return new Ask(key, null, ask.entries(), ask.deadline(), ask.since(), false, null, Runnable::run, null, null,
				(failure) -> true, null, false, false);
	}

	private void tick(Duration after) {
		this.flights.tick(System.nanoTime() + after.toNanos());
	}

	/** A flight with a lease. */
	private Flight leased(Ask ask) {
		Flight flight = this.flights.open(ask);
		flight.leased(this.here.store.seize(ask.key(), flight.nonce(), ask.settings().lease(), ask.holder()).join());
		return flight;
	}

	/** Have a lease that could not be given back. */
	private String orphan(StoredKey key) {
		Flight flight = leased(ask(key));
		release(flight);
		return flight.nonce();
	}

	private void release(Flight flight) {
		this.callers.redis.fails(new IllegalStateException("gone"));
		flight.release();
		this.callers.redis.fails(null);
	}

	// Leases that nobody has

	@Test
	void aLeaseThatNobodyHasIsAskedToBeRemovedAgainAndAgainButLessAndLess() {
		String nonce = orphan(this.callers.key);
		assertThat(this.flights.isOrphan(nonce)).isTrue();
		this.callers.redis.sent();

		tick(Duration.ZERO);
		assertThat(this.callers.redis.sent()).isEmpty();
		tick(PAUSE.multipliedBy(2));
		assertThat(this.callers.redis.sent()).hasSize(1);
		tick(PAUSE.multipliedBy(3));
		assertThat(this.callers.redis.sent()).isEmpty();
		tick(PAUSE.multipliedBy(5));
		assertThat(this.callers.redis.sent()).hasSize(1);
		tick(PLAIN.lease().plusSeconds(1));
		assertThat(this.flights.isOrphan(nonce)).isTrue();
		tick(PLAIN.lease().plusSeconds(3));
		assertThat(this.flights.isOrphan(nonce)).isFalse();
		assertThat(this.flights.isIdle()).isTrue();
	}

	@Test
	void ofManyLeasesThatNobodyHasSomeAreAskedForAtATime() {
		for (int i = 0; i < 60; i++) {
			orphan(key("key " + i));
		}
		this.callers.redis.sent();

		tick(Duration.ofSeconds(1));
		assertThat(this.callers.redis.sent()).hasSize(50);
		tick(Duration.ofSeconds(1));
		assertThat(this.callers.redis.sent()).hasSize(10);
	}

	@Test
	void leasesThatNobodyHasFillNoMemoryHoweverLongTheirKeysAre() {
		List<String> nonces = new ArrayList<>();
		for (int i = 0; i < 8; i++) {
			nonces.add(orphan(key(i + "x".repeat(1_000_000))));
		}
		assertThat(nonces.stream().filter(this.flights::isOrphan)).hasSizeBetween(3, 5);

		tick(Duration.ofHours(1));

		assertThat(nonces).noneMatch(this.flights::isOrphan);
		assertThat(this.flights.isOrphan(orphan(this.callers.key))).isTrue();
	}

	@Test
	void aLeaseThatComesTooLateAndIsGivenBackIsNobodysNoLonger() {
		Ask ask = this.callers.instance(SHORT).caller(PLAIN).askUnread();
		Flight flight = this.flights.open(ask);
		CompletableFuture<Lease> sent = new CompletableFuture<>();
		CompletableFuture<Lease> awaited = this.flights.awaitLease(ask, flight, sent, (lease) -> lease);
		assertThatExceptionOfType(Exception.class).isThrownBy(() -> awaited.get(20, TimeUnit.SECONDS))
			.isNotInstanceOf(TimeoutException.class);
		this.flights.close(flight);
		assertThat(this.flights.isOrphan(flight.nonce())).isTrue();

		sent.complete(this.here.store.seize(ask.key(), flight.nonce(), PLAIN.lease(), ask.holder()).join());

		assertThat(this.callers.header()).isNull();
		assertThat(this.flights.isOrphan(flight.nonce())).isFalse();
		assertThat(this.flights.isIdle()).isTrue();
	}

	@Test
	void theTimerWakesForALeaseOfALoadThatWasForgotten() {
		Flight flight = leased(ask(this.callers.key));
		tick(PLAIN.loadLeaseLimit().plusSeconds(1));
		this.callers.timer.advance(Duration.ofSeconds(1));
		assertThat(this.callers.timer.waiting()).isZero();

		release(flight);

		assertThat(this.callers.timer.waiting()).isOne();
	}

	// What others wait for

	@Test
	void aLoadIsOfUseWhileItCanBeStoredOrOthersWait() {
		Flight inTransaction = led(caller().inTransaction().decide());
		Flight leased = leased(ask(key("another")));
		Flight alone = this.flights.alone(ask(this.callers.key));

		assertThat(leased.isOfUse()).isTrue();
		assertThat(alone.isOfUse()).isFalse();
		assertThat(inTransaction.isOfUse()).isFalse();
		alone.join(TimeUnit.HOURS.toNanos(1));
		inTransaction.join(TimeUnit.HOURS.toNanos(1));
		assertThat(alone.isOfUse()).isTrue();
		assertThat(inTransaction.isOfUse()).isTrue();
		leased.release();
		alone.release();
		assertThat(leased.isOfUse()).isFalse();
		assertThat(alone.isOfUse()).isFalse();
	}

	@Test
	void whatNobodyWaitsForIsNotEncodedToBeShared() {
		AtomicInteger asked = new AtomicInteger();
		TextEntries entries = new TextEntries(this.here.store, PLAIN, MARK) {

			@Override
			public boolean isShareable(@Nullable Object value) {
				asked.incrementAndGet();
				return true;
			}

		};
		Flight first = led(this.callers.new Caller(this.here, entries).decide());
		first.loaded("too large");
		first.release();
		assertThat(asked).hasValue(0);

		Flight second = led(this.callers.new Caller(this.here, entries).decide());
		CompletableFuture<Turn> joined = second.join(TimeUnit.HOURS.toNanos(1));
		second.loaded("too large");
		second.release();

		assertThat(asked).hasValue(1);
		assertThat(joined).isCompletedWithValue(new Turn.Shared("too large"));
	}

	@Test
	void aNullIsSharedWithThoseWhoTakeIt() {
		Flight flight = caller().leads();
		CompletableFuture<Decision> takes = caller().decide();
		CompletableFuture<Decision> takesNone = this.callers.new Caller(this.here,
				new TextEntries(this.here.store, PLAIN, MARK) {

					@Override
					public boolean takesNull() {
						return false;
					}

				})
			.decide();

		flight.loaded(null);
		flight.release();

		assertThat(Callers.value(takes)).isNull();
		Callers.alone(takesNone);
	}

	@Test
	void theLoadedValueIsComparedOnceItIsStored() {
		List<String> told = new ArrayList<>();
		Flight stored = compared(told);
		Callers.load(stored, "loaded");
		assertThat(told).containsExactly("given", "stored");

		told.clear();
		this.callers.redis.remove(this.callers.key.redisKey());
		Flight evicted = compared(told);
		this.callers.redis.remove(this.callers.key.redisKey());
		evicted.loaded("loaded");
		assertThat(evicted.fill(TextEntries.encoded("loaded"), TTL, List.of(), () -> false))
			.isCompletedWithValue(false);
		assertThat(told).containsExactly("given");

		told.clear();
		Flight failed = compared(told);
		this.callers.redis.fails(new IllegalStateException("gone"));
		assertThat(failed.fill(TextEntries.encoded("loaded"), TTL, List.of(), () -> false)).isCompletedExceptionally();
		assertThat(told).containsExactly("given");
	}

	private Flight compared(List<String> told) {
		Flight flight = caller().leads();
		flight.compares((encoded) -> {
			told.add("given");
			return () -> told.add("stored");
		});
		return flight;
	}

	@Test
	void aFailureThatIsItsOwnCauseIsAFailureLikeAnother() {
		Flight flight = caller().leads();
		CompletableFuture<Decision> decision = caller().decide();
		IllegalStateException one = new IllegalStateException("one");
		IllegalStateException other = new IllegalStateException("other", one);
		one.initCause(other);

		flight.fail(other);

		assertThat(Callers.failure(decision)).isSameAs(other);
	}

	// Loads without a lease

	private LocalFlights local() {
		return new LocalFlights(this.flights, () -> true, this.ticks);
	}

	private static Flight leads(CompletableFuture<Turn> turn) {
		assertThat(turn).isCompleted();
		return ((Turn.Lead) turn.join()).flight();
	}

	private static void assertWaits(CompletableFuture<Turn> turn) {
		assertThatExceptionOfType(TimeoutException.class).isThrownBy(() -> turn.copy().get(100, TimeUnit.MILLISECONDS));
	}

	@Test
	void whoJoinsALoadWithoutALeaseWaitsForIt() {
		LocalFlights local = local();
		Flight first = leads(local.leadOrJoin(caller().askUnread()));
		CompletableFuture<Turn> second = local.leadOrJoin(caller().askUnread());
		local.tick(System.nanoTime());
		assertWaits(second);

		first.loaded("loaded");
		first.release();

		assertThat(second).isCompletedWithValue(new Turn.Shared("loaded"));
		assertThat(local.isIdle()).isTrue();
	}

	@Test
	void whoJoinsALoadThatIsNotStoredWaitsForItNoLongerThanItMay() throws Exception {
		LocalFlights local = local();
		CacheSettings hurried = PLAIN.withLoadWait(Duration.ofMillis(300));
		leads(local.leadOrJoinAtOnce(this.here.caller(hurried).askUnread()));

		CompletableFuture<Turn> second = local.leadOrJoinAtOnce(this.here.caller(hurried).askUnread());

		assertThat(second.get(20, TimeUnit.SECONDS)).isInstanceOf(Turn.Lead.class);
	}

	@Test
	void theFailureOfALoadThatIsNotStoredReachesThoseWhoJoined() {
		LocalFlights local = local();
		Flight first = leads(local.leadOrJoinAtOnce(caller().askUnread()));
		CompletableFuture<Turn> second = local.leadOrJoinAtOnce(caller().askUnread());
		assertWaits(second);

		first.fail(FAILURE);

		assertThat(second).isCompletedWithValue(new Turn.Failed(FAILURE));
	}

	@Test
	void whoLosesTheLeaseDoesNotLookForItAgain() {
		Ask ask = caller().ask();
		this.callers.instance().caller(PLAIN).leads();
		this.callers.redis.sent();

		assertThat(this.here.turns.decide(ask)).isNotDone();

		assertThat(this.callers.redis.sent()).contains("EVAL").doesNotContain("MGET");
	}

	@Test
	void aLoadInTheBackgroundIsForNobody() {
		this.callers.storeStale("old");
		Ask ask = this.here.caller(STALE).inTransaction().ask();

		Ask background = ask.inBackground(Objects.requireNonNull(ask.observed()), ask.deadline());

		assertThat(background.transactional()).isFalse();
		assertThat(background.stale()).isNull();
		assertThat(background.declared().test(FAILURE)).isTrue();
		assertThat(background.since()).isGreaterThanOrEqualTo(this.start);
	}

}
