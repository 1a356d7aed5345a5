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
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.CacheSettings.Coalesce;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.EntryScripts;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.load.Callers.Caller;
import dev.cachestarter.engine.load.Callers.Instance;
import dev.cachestarter.engine.redis.Deadline;
import dev.cachestarter.engine.redis.MemoryRedis.Answers;

import static dev.cachestarter.engine.load.Callers.MARK;
import static dev.cachestarter.engine.load.Callers.PLAIN;
import static dev.cachestarter.engine.load.Callers.STALE;
import static dev.cachestarter.engine.load.Callers.TTL;
import static dev.cachestarter.engine.load.Callers.alone;
import static dev.cachestarter.engine.load.Callers.failure;
import static dev.cachestarter.engine.load.Callers.flight;
import static dev.cachestarter.engine.load.Callers.get;
import static dev.cachestarter.engine.load.Callers.led;
import static dev.cachestarter.engine.load.Callers.load;
import static dev.cachestarter.engine.load.Callers.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Goes through the tables of {@link Turns}, with a Redis in memory: each row of what is
 * found, for each kind of caller, and each thing that comes of a turn.
 */
class TurnsTests {

	private static final Duration SHORT = Duration.ofMillis(50);

	/** Between two looks at another's lease, at most. */
	private static final Duration LOOK = Duration.ofMillis(100);

	private static final IOException FAILURE = new IOException("of the source");

	private final Callers callers = new Callers();

	private final Instance here = this.callers.instance();

	private final Instance there = this.callers.instance();

	private Caller caller() {
		return this.here.caller(PLAIN);
	}

	private Caller caller(CacheSettings settings) {
		return this.here.caller(settings);
	}

	private Caller other() {
		return this.there.caller(PLAIN);
	}

	private EntryHeader header() {
		return Objects.requireNonNull(this.callers.header());
	}

	private @Nullable String stored() {
		return this.callers.stored();
	}

	private void look() {
		this.callers.timer.advance(LOOK);
	}

	// Nothing could be read

	@Test
	void whoCouldNotReadLeadsWithoutALease() {
		Caller caller = caller();

		Flight flight = alone(this.here.turns.decide(caller.askUnread()));

		assertThat(this.callers.header()).isNull();
		load(caller.entries, flight, "loaded");
		assertThat(stored()).isNull();
	}

	/** End a load that is not stored. */
	private static void load(TextEntries entries, Flight flight, String value) {
		flight.loaded(value);
		flight.release();
	}

	@Test
	void whoCouldNotReadEitherJoinsTheFirst() {
		Flight first = alone(this.here.turns.decide(caller().askUnread()));
		Caller second = caller();

		CompletableFuture<Decision> decision = this.here.turns.decide(second.askUnread());

		assertThat(decision).isNotDone();
		load(second.entries, first, "loaded");
		assertThat(value(decision)).isEqualTo("loaded");
		assertThat(second.entries.told).containsExactly("shared");
	}

	@Test
	void ofSeveralKeysOneThatCouldNotBeReadIsLoadedAlone() {
		Flight first = alone(this.here.turns.decideAtOnce(caller().askUnread()));

		assertThat(alone(this.here.turns.decideAtOnce(caller().askUnread()))).isNotSameAs(first);
		assertThat(this.here.turns.tryLead(caller().askUnread())).isCompletedWithValue(null);
		assertThat(alone(this.here.turns.follow(caller().askUnread()))).isNotSameAs(first);
		assertThat(this.here.turns.useStored(caller().askUnread())).isNull();
	}

	// Nothing, or nothing that counts

	@Test
	void whoFindsNothingLeases() {
		Flight flight = led(caller().decide());

		assertThat(header().isLease()).isTrue();
		assertThat(header().isTransactional()).isFalse();
		Callers.load(flight, "loaded");
		assertThat(stored()).isEqualTo("loaded");
	}

	@Test
	void ofSeveralKeysOneThatIsNotThereIsLeased() {
		assertThat(get(caller().follow())).isInstanceOf(Decision.LookAgain.class);
		assertThat(led(caller().decideAtOnce()).nonce()).isEqualTo(header().nonce());
	}

	@Test
	void anotherKeyOfTheSameCallIsLeasedIfItIsFree() {
		Flight flight = Objects.requireNonNull(caller().tryLead());

		assertThat(flight.nonce()).isEqualTo(header().nonce());
		assertThat(other().tryLead()).isNull();
	}

	@Test
	void whatIsNotOfThisCacheIsReplacedByALease() {
		this.callers.redis.set(this.callers.key.redisKey(), "foreign".getBytes(StandardCharsets.UTF_8), 0);

		Caller caller = caller();
		led(caller.decide());

		assertThat(header().isLease()).isTrue();
		assertThat(caller.entries.told).isEmpty();
	}

	@Test
	void whatIsOfAnotherDataTypeIsCounted() {
		this.callers.redis.hides(this.callers.key.redisKey());
		this.callers.redis.script(EntryScripts.ACQUIRE, (redis, key, arguments) -> "!");
		Caller caller = caller();

		led(caller.decide());

		assertThat(caller.entries.told).containsExactly("foreign");
	}

	@Test
	void whatIsUnderAnotherGenerationIsReplacedByALease() {
		this.callers.store("old", STALE, MARK);
		this.callers.redis.remove(this.callers.key.cacheGenerationKey());

		led(caller(STALE).decide());

		assertThat(header().isLease()).isTrue();
	}

	@Test
	void whatIsOfAServerThatIsNotTrustedIsReplacedByALease() {
		other().leads();
		Caller caller = caller();
		caller.entries.trusted = false;

		Flight flight = caller.leads();

		assertThat(header().nonce()).isEqualTo(flight.nonce());
		assertThat(get(caller.follow())).isInstanceOf(Decision.LookAgain.class);
	}

	@Test
	void whatDoesNotStayAfterItsTimeIsReplacedByALease() {
		this.callers.store("old", STALE, MARK);
		this.callers.redis.pass(TTL);

		led(caller().decide());

		assertThat(header().isLease()).isTrue();
	}

	// A lease that nobody has

	@Test
	void theTraceOfALoadWithoutAValueIsReplaced() {
		Flight before = other().leads();
		load(other().entries, before, "too large");
		assertThat(header().isNobodys()).isTrue();
		assertThat(header().isUnstored()).isTrue();

		assertThat(get(caller().follow())).isInstanceOf(Decision.LookAgain.class);
		Flight flight = caller().leads();

		assertThat(header().nonce()).isEqualTo(flight.nonce());
		assertThat(header().isUnstored()).isTrue();
		assertThat(header().isRefused()).isFalse();
	}

	@Test
	void theLeaseOfATransactionIsTakenOver() {
		Flight inTransaction = other().inTransaction().leads();
		assertThat(header().isTransactional()).isTrue();
		assertThat(inTransaction.isTransactional()).isTrue();
		assertThat(get(caller().follow())).isInstanceOf(Decision.LookAgain.class);

		Flight flight = caller().leads();

		assertThat(header().nonce()).isEqualTo(flight.nonce());
		assertThat(header().isTransactional()).isFalse();
	}

	@Test
	void anotherTransactionLeavesItAlone() {
		Flight inTransaction = other().inTransaction().leads();

		alone(caller().inTransaction().decide());
		alone(caller().inTransaction().follow());
		assertThat(caller().inTransaction().tryLead()).isNull();

		assertThat(header().nonce()).isEqualTo(inTransaction.nonce());
	}

	@Test
	void theLoaderOfATransactionLeavesItsLeaseToIt() {
		Flight inTransaction = caller().inTransaction().leads();

		alone(caller().within(inTransaction).decide());

		assertThat(header().nonce()).isEqualTo(inTransaction.nonce());
	}

	@Test
	void aLeaseThatWasGivenUpIsTakenOverAtOnce() {
		other().leads().release();
		Instance hurried = this.callers.instance(SHORT);
		Ask ask = hurried.caller(PLAIN).ask();
		this.callers.redis.answers(Answers.HELD);
		Flight without = alone(hurried.turns.decide(ask));
		this.callers.redis.answers(Answers.AT_ONCE);
		assertThat(header().isLease()).isTrue();
		without.release();
		assertThat(this.callers.stored()).isNull();

		Flight flight = hurried.caller(PLAIN).leads();

		assertThat(header().nonce()).isEqualTo(flight.nonce());
	}

	@Test
	void aLeaseThatWasGivenUpIsRemovedSoon() {
		other().leads().release();
		Instance hurried = this.callers.instance(SHORT);
		Ask ask = hurried.caller(PLAIN).ask();
		this.callers.redis.answers(Answers.HELD);
		alone(hurried.turns.decide(ask));
		this.callers.redis.answers(Answers.AT_ONCE);
		assertThat(header().isLease()).isTrue();

		await().until(() -> {
			this.callers.timer.advance(LOOK);
			return this.callers.header() == null;
		});
	}

	@Test
	void aLeaseThatComesTooLateIsGivenBack() {
		other().leads().release();
		Instance hurried = this.callers.instance(SHORT);
		Ask ask = hurried.caller(PLAIN).ask();
		this.callers.redis.answers(Answers.UNDONE);
		alone(hurried.turns.decide(ask));
		assertThat(this.callers.header()).isNull();

		this.callers.redis.answer();

		assertThat(this.callers.header()).isNull();
		assertThat(this.callers.redis.sent()).endsWith("SET", "EVAL");
	}

	@Test
	void aClaimThatComesTooLateIsGivenBackWithoutTheValue() {
		this.callers.storeStale("old");
		Instance hurried = this.callers.instance(SHORT);
		Ask ask = hurried.caller(STALE).ask();
		this.callers.redis.answers(Answers.UNDONE);
		alone(hurried.turns.decide(ask));

		this.callers.redis.answer();

		assertThat(stored()).isEqualTo("old");
		assertThat(header().isPaused()).isTrue();
	}

	@Test
	void whereRedisRefusesNothingIsToBeTakenBack() {
		Ask ask = caller().ask();
		this.callers.redis.fails(new io.lettuce.core.RedisCommandExecutionException("OOM command not allowed"));
		alone(this.here.turns.decide(ask));
		this.callers.redis.fails(null);
		this.callers.redis.sent();

		this.callers.timer.advance(Duration.ofSeconds(1));

		assertThat(this.callers.redis.sent()).isEmpty();
	}

	// A value past its time that stays

	@Test
	void aValueThatStaysIsClaimedAndReplacedByTheFill() {
		this.callers.storeStale("old");

		Flight flight = led(caller(STALE).decide());

		assertThat(stored()).isEqualTo("old");
		assertThat(header().claim()).isEqualTo(flight.nonce());
		Callers.load(flight, "new");
		assertThat(stored()).isEqualTo("new");
	}

	@Test
	void ofSeveralKeysOneThatStaysIsClaimed() {
		this.callers.storeStale("old");
		assertThat(get(caller(STALE).follow())).isInstanceOf(Decision.LookAgain.class);
		assertThat(this.here.turns.useStored(caller(STALE).ask())).isNull();

		Flight flight = led(caller(STALE).decideAtOnce());

		assertThat(header().claim()).isEqualTo(flight.nonce());
		assertThat(this.there.caller(STALE).tryLead()).isNull();
		assertThat(get(this.there.caller(STALE).decideAtOnce())).isInstanceOf(Decision.Follow.class);
	}

	@Test
	void aFreshValueIsClaimedByOneOfSeveral() {
		this.callers.store("fresh", PLAIN, MARK);

		Flight flight = Objects.requireNonNull(caller().tryLead());

		assertThat(header().claim()).isEqualTo(flight.nonce());
		assertThat(stored()).isEqualTo("fresh");
	}

	@Test
	void aTransactionBorrowsAValueThatStays() {
		this.callers.storeStale("old");
		EntryHeader before = header();

		Flight flight = led(caller(STALE).inTransaction().decide());

		assertThat(header()).isEqualTo(before);
		Callers.load(flight, "new");
		assertThat(stored()).isEqualTo("new");
	}

	@Test
	void aTransactionBorrowsOneOfSeveralToo() {
		this.callers.storeStale("old");
		EntryHeader before = header();

		Flight flight = led(caller(STALE).inTransaction().decideAtOnce());

		assertThat(header()).isEqualTo(before);
		flight.release();
		assertThat(stored()).isEqualTo("old");
	}

	@Test
	void whatWasEvictedMeanwhileIsNotFilledByOneWhoHasBorrowed() {
		this.callers.storeStale("old");
		Flight flight = led(caller(STALE).inTransaction().decide());
		this.callers.redis.remove(this.callers.key.redisKey());
		flight.loaded("new");

		assertThat(flight.fill(TextEntries.encoded("new"), TTL, List.of(), () -> false)).isCompletedWithValue(false);

		assertThat(stored()).isNull();
	}

	// After a load that failed

	@Test
	void whileNobodyIsToLoadAValueItServes() {
		this.callers.storeStale("old");
		fail(caller(STALE), caller(STALE).leads());

		Caller caller = this.there.caller(STALE);

		assertThat(value(caller.decide())).isEqualTo("old");
		assertThat(caller.entries.told).containsExactly("used");
		assertThat(get(this.there.caller(STALE).follow())).isInstanceOf(Decision.LookAgain.class);
		assertThat(this.there.caller(STALE).tryLead()).isNull();
		assertThat(Objects.requireNonNull(this.there.turns.useStored(caller.ask())).value()).isEqualTo("old");
	}

	@Test
	void afterAWhileItIsClaimedAgain() {
		this.callers.storeStale("old");
		fail(caller(STALE), caller(STALE).leads());
		this.callers.redis.pass(STALE.staleRetry());

		led(this.there.caller(STALE).decide());
	}

	@Test
	void aValueThatDoesNotStayForThisCallerIsLeasedInThatWhile() {
		this.callers.storeStale("old");
		fail(caller(STALE), caller(STALE).leads());

		led(other().decide());

		assertThat(header().isLease()).isTrue();
	}

	@Test
	void aValueThatCannotBeDecodedIsLoadedAlone() {
		this.callers.storeStale("old");
		fail(caller(STALE), caller(STALE).leads());
		Caller caller = this.there.caller(STALE);
		caller.entries.decodes = false;

		alone(caller.decide());
	}

	@Test
	void theClockOfTheServerCounts() {
		this.callers.storeStale("old");
		this.callers.redis.script(EntryScripts.CLAIM,
				(redis, key, arguments) -> "=" + new String(arguments[0], StandardCharsets.ISO_8859_1));

		assertThat(value(caller(STALE).decide())).isEqualTo("old");
	}

	private void fail(Caller caller, Flight flight) {
		caller.at.turns.failed(caller.ask(), flight, FAILURE);
	}

	// Another version

	@Test
	void whatAnotherVersionHasJustWrittenIsLeftAlone() {
		this.callers.store("of another", PLAIN, "87654321");

		Flight flight = alone(caller().decide());

		assertThat(stored()).isEqualTo("of another");
		CompletableFuture<Decision> second = this.here.turns.decide(caller().since(Duration.ofSeconds(1)).ask());
		load(caller().entries, flight, "loaded");
		assertThat(value(second)).isEqualTo("loaded");
	}

	@Test
	void whatAnotherVersionHasWrittenBeforeIsReplaced() {
		this.callers.store("of another", PLAIN, "87654321");
		assertThat(get(caller().follow())).isInstanceOf(Decision.LookAgain.class);
		this.callers.redis.pass(Duration.ofSeconds(10));

		led(caller().decide());
	}

	@Test
	void ofSeveralKeysOneThatAnotherVersionHasJustWrittenIsLeftAlone() {
		this.callers.store("of another", PLAIN, "87654321");

		alone(caller().decideAtOnce());
		alone(caller().inTransaction().decideAtOnce());
		assertThat(Objects.requireNonNull(caller().tryLead()).canFill()).isFalse();

		assertThat(stored()).isEqualTo("of another");
		this.callers.redis.pass(Duration.ofSeconds(10));
		led(caller().decideAtOnce());
	}

	@Test
	void whatIsOfNoTypeIsReplacedAtOnce() {
		this.callers.store("of none", PLAIN, EntryHeader.NO_MARK);

		led(caller().decide());
	}

	@Test
	void whatAnotherVersionHasWrittenIsReplacedWhenItsTimeIsUp() {
		Flight flight = this.there.caller(STALE, "87654321").leads();
		flight.loaded("of another");
		assertThat(flight.fill(TextEntries.encoded("of another", "87654321"), Duration.ofSeconds(2), List.of(),
				() -> false))
			.isCompletedWithValue(true);
		this.callers.redis.pass(Duration.ofSeconds(3));

		led(caller(STALE).decide());
	}

	// A load in this JVM

	@Test
	void whoFindsTheLeaseOfALoadHereJoinsIt() {
		Flight flight = caller().leads();
		Caller second = caller();
		CompletableFuture<Decision> decision = second.decide();
		assertThat(get(caller().decideAtOnce())).isInstanceOf(Decision.Follow.class);
		CompletableFuture<Decision> following = caller().follow();
		assertThat(decision).isNotDone();
		assertThat(following).isNotDone();

		Callers.load(flight, "loaded");

		assertThat(value(decision)).isEqualTo("loaded");
		assertThat(value(following)).isEqualTo("loaded");
		assertThat(second.entries.told).containsExactly("shared");
	}

	@Test
	void whoFindsTheClaimOfALoadHereJoinsIt() {
		this.callers.storeStale("old");
		Flight flight = caller(STALE).leads();
		CompletableFuture<Decision> decision = caller(STALE).decide();
		CompletableFuture<Decision> following = caller(STALE).follow();

		Callers.load(flight, "new");

		assertThat(value(decision)).isEqualTo("new");
		assertThat(value(following)).isEqualTo("new");
	}

	@Test
	void whoAsksForAnotherTypeLoadsAlone() {
		Flight flight = caller().leads();

		alone(this.here.caller(PLAIN, "87654321").decide());
		alone(this.here.caller(PLAIN, "87654321").follow());

		assertThat(header().nonce()).isEqualTo(flight.nonce());
	}

	@Test
	void theLoaderItselfDoesNotWaitForItsLoad() {
		Flight flight = caller().leads();
		Flight outer = this.here.turns.alone(caller().ask());

		alone(caller().within(flight, outer).decide());
		alone(caller().within(outer, flight).follow());

		assertThat(caller().within(outer).decide()).isNotDone();
	}

	@Test
	void inATransactionNobodyWaits() {
		caller().leads();

		alone(caller().inTransaction().decide());
		alone(caller().inTransaction().follow());
	}

	@Test
	void whoSharesWithNobodyDoesNotWait() {
		CacheSettings none = PLAIN.withCoalesce(Coalesce.NONE);
		caller(none).leads();

		alone(caller(none).decide());
		alone(caller(none).follow());
	}

	@Test
	void aFailureReachesThoseWhoJoined() {
		Flight flight = caller().leads();
		CompletableFuture<Decision> decision = caller().decide();
		CompletableFuture<Decision> following = caller().follow();

		assertThat(failure(this.here.turns.failed(caller().askUnread(), flight, FAILURE))).isSameAs(FAILURE);

		assertThat(failure(decision)).isSameAs(FAILURE);
		assertThat(get(following)).isInstanceOf(Decision.LookAgain.class);
		assertThat(this.callers.header()).isNull();
	}

	@Test
	void whoCannotFailWithItLoads() {
		Flight flight = caller().leads();
		CompletableFuture<Decision> decision = caller().declares((failure) -> failure instanceof Error).decide();

		flight.fail(FAILURE);

		alone(decision);
	}

	@Test
	void aStaleValueServesThoseWhoJoinedALoadThatFailed() {
		this.callers.storeStale("old");
		Flight flight = caller(STALE).leads();
		Caller second = caller(STALE);
		CompletableFuture<Decision> decision = second.decide();

		flight.fail(FAILURE);

		assertThat(value(decision)).isEqualTo("old");
		assertThat(second.entries.told).containsExactly("served");
	}

	@Test
	void anErrorIsNotCoveredUp() {
		this.callers.storeStale("old");
		Flight flight = caller(STALE).leads();
		CompletableFuture<Decision> decision = caller(STALE).decide();
		Error error = new Error("out of something");

		flight.fail(error);

		assertThat(failure(decision)).isSameAs(error);
	}

	@Test
	void afterALoadThatWasGivenUpOneOfThoseWhoJoinedLeads() {
		Flight flight = caller().leads();
		CompletableFuture<Decision> second = caller().decide();
		CompletableFuture<Decision> third = caller().decide();
		CompletableFuture<Decision> following = caller().follow();

		flight.release();

		CompletableFuture<Decision> leading = second.isDone() ? second : third;
		CompletableFuture<Decision> joining = second.isDone() ? third : second;
		Flight next = led(leading);
		assertThat(header().nonce()).isEqualTo(next.nonce());
		assertThat(joining).isNotDone();
		assertThat(get(following)).isInstanceOf(Decision.LookAgain.class);
		Callers.load(next, "loaded");
		assertThat(value(joining)).isEqualTo("loaded");
	}

	@Test
	void afterAnInterruptionOneOfThoseWhoJoinedLeads() {
		Flight flight = caller().leads();
		CompletableFuture<Decision> decision = caller().decide();

		flight.fail(new IllegalStateException(new InterruptedException()));

		led(decision);
	}

	@Test
	void whatTheCodecRefusesIsSharedWithNobody() {
		Flight flight = caller().leads();
		CompletableFuture<Decision> decision = caller().decide();
		CompletableFuture<Decision> following = caller().follow();
		flight.loaded("an entity");

		flight.refuse();

		alone(decision);
		alone(following);
		assertThat(header().isRefused()).isTrue();
	}

	@Test
	void whatIsNotStoredIsSharedIfTheCodecTakesIt() {
		Flight flight = caller().leads();
		CompletableFuture<Decision> decision = caller().decide();

		load(caller().entries, flight, "too large");

		assertThat(value(decision)).isEqualTo("too large");
	}

	@Test
	void whatIsNotStoredIsNotSharedIfTheCodecDoesNot() {
		Caller first = caller();
		first.entries.shareable = false;
		Flight flight = first.leads();
		CompletableFuture<Decision> decision = caller().decide();

		load(first.entries, flight, "an entity");

		alone(decision);
	}

	@Test
	void whoHasWaitedForLongLoadsWithoutALease() {
		CacheSettings settings = PLAIN.withLoadWait(SHORT);
		Flight flight = caller(settings).leads();

		alone(caller(settings).decide());
		alone(caller(settings).follow());
		alone(caller(settings).since(SHORT).decide());
		alone(caller(settings).since(SHORT).follow());

		assertThat(header().nonce()).isEqualTo(flight.nonce());
	}

	@Test
	void whoHasWaitedForLongTakesAStaleValue() {
		CacheSettings settings = STALE.withLoadTimeout(SHORT);
		this.callers.storeStale("old");
		Flight flight = caller(settings).leads();

		assertThat(value(caller(settings).decide())).isEqualTo("old");
		assertThat(value(caller(settings).follow())).isEqualTo("old");
		assertThat(value(caller(settings).since(SHORT).decide())).isEqualTo("old");

		assertThat(header().claim()).isEqualTo(flight.nonce());
	}

	@Test
	void whoHasWaitedForAStaleValueThatWasEvictedTakesASecondTurn() {
		CacheSettings settings = STALE.withLoadTimeout(SHORT);
		this.callers.storeStale("old");
		caller(settings).leads();
		CompletableFuture<Decision> decision = caller(settings).decide();

		this.callers.redis.remove(this.callers.key.redisKey());

		led(decision);
	}

	@Test
	void aSecondTurnIsTheLastThatWaits() {
		CacheSettings settings = STALE.withLoadTimeout(SHORT);
		this.callers.storeStale("old");
		caller(settings).leads();
		Caller caller = caller(settings);
		caller.entries.decodes = false;

		alone(caller.decide());
	}

	@Test
	void whoHasWaitedInASecondTurnTakesAStaleValueToo() {
		CacheSettings settings = STALE.withLoadTimeout(SHORT);
		this.callers.storeStale("old");
		caller(settings).leads();
		Callers there = this.callers;
		byte[] old = Objects.requireNonNull(there.redis.get(there.key.redisKey()));
		TextEntries entries = new TextEntries(this.here.store, settings, MARK) {

			@Override
			public CompletableFuture<Decision.@Nullable Value> serve(Stale stale, Deadline deadline,
					Executor executor) {
				if (!this.told.contains("served")) {
					there.redis.remove(there.key.redisKey());
					CompletableFuture<Decision.@Nullable Value> nothing = super.serve(stale, deadline, executor);
					there.redis.set(there.key.redisKey(), old, 0);
					return nothing;
				}
				return super.serve(stale, deadline, executor);
			}

		};

		CompletableFuture<Decision> decision = there.new Caller(this.here, entries).decide();

		assertThat(value(decision)).isEqualTo("old");
		assertThat(entries.told).containsExactly("served", "served");
	}

	@Test
	void aLoadThatIsOverHandsOverItsValue() {
		Flight flight = caller().leads();
		Ask second = caller().ask();
		Ask following = caller().ask();
		this.callers.redis.answers(Answers.HELD);
		flight.loaded("loaded");
		flight.fill(TextEntries.encoded("loaded"), TTL, List.of(), () -> false);

		CompletableFuture<Decision> decision = this.here.turns.decide(second);
		CompletableFuture<Decision> follow = this.here.turns.follow(following);

		assertThat(value(decision)).isEqualTo("loaded");
		assertThat(value(follow)).isEqualTo("loaded");
		this.callers.redis.answer();
	}

	@Test
	void theFailureOfALoadThatIsOverIsNoNews() {
		Flight flight = caller().leads();
		Ask second = caller().ask();
		this.callers.redis.answers(Answers.HELD);
		flight.fail(FAILURE);

		CompletableFuture<Decision> decision = this.here.turns.decide(second);
		this.callers.redis.answer();

		led(decision);
	}

	@Test
	void afterAPutItsValueIsFoundInRedis() {
		Flight put = this.here.turns.seize(caller().ask()).join();
		Caller second = caller();
		CompletableFuture<Decision> decision = second.decide();

		assertThat(put.fill(TextEntries.encoded("put"), TTL, List.of(), () -> false)).isCompletedWithValue(true);

		assertThat(value(decision)).isEqualTo("put");
		assertThat(second.entries.told).containsExactly("used");
	}

	// A load of another instance

	@Test
	void whoFindsTheLeaseOfAnotherInstanceWaitsForItsValue() {
		Flight flight = other().leads();
		Caller caller = caller();
		CompletableFuture<Decision> decision = caller.decide();
		CompletableFuture<Decision> following = caller().follow();
		look();
		assertThat(decision).isNotDone();
		assertThat(following).isNotDone();
		assertThat(get(caller().decideAtOnce())).isInstanceOf(Decision.Follow.class);

		Callers.load(flight, "loaded");
		look();

		assertThat(value(decision)).isEqualTo("loaded");
		assertThat(caller.entries.told).containsExactly("used");
		assertThat(get(following)).isInstanceOf(Decision.LookAgain.class);
		assertThat(Objects.requireNonNull(this.here.turns.useStored(caller.ask())).value()).isEqualTo("loaded");
	}

	@Test
	void whoFindsTheClaimOfAnotherInstanceWaitsForItsValue() {
		this.callers.storeStale("old");
		Flight flight = this.there.caller(STALE).leads();
		CompletableFuture<Decision> decision = caller(STALE).decide();
		CompletableFuture<Decision> following = caller(STALE).follow();
		look();
		assertThat(decision).isNotDone();
		assertThat(following).isNotDone();

		Callers.load(flight, "new");
		look();

		assertThat(value(decision)).isEqualTo("new");
		assertThat(get(following)).isInstanceOf(Decision.LookAgain.class);
	}

	@Test
	void whoWaitsForTheClaimOfAnotherInstanceReadsTheValueWhenItIsGone() {
		String large = "large".repeat(10_000);
		this.callers.storeStale(large);
		Flight flight = this.there.caller(STALE).leads();
		CompletableFuture<Decision> decision = caller(STALE).decide();
		this.callers.redis.sent();
		this.callers.redis.bytesRead();
		for (int i = 0; i < 10; i++) {
			look();
		}
		assertThat(decision).isNotDone();
		assertThat(this.callers.redis.sent()).contains("GETRANGE");
		assertThat(this.callers.redis.bytesRead()).isLessThan(large.length());

		Callers.load(flight, large + "new");
		look();

		assertThat(value(decision)).isEqualTo(large + "new");
		assertThat(this.callers.redis.bytesRead()).isBetween((long) large.length(), 2L * large.length());
	}

	@Test
	void whoWaitsForAClaimGoesOnWhenTheValueWasEvicted() {
		this.callers.storeStale("old");
		this.there.caller(STALE).leads();
		CompletableFuture<Decision> decision = caller(STALE).decide();
		look();
		assertThat(decision).isNotDone();

		this.callers.redis.remove(this.callers.key.redisKey());
		look();

		led(decision);
	}

	@Test
	void whenAnotherInstanceHasFailedOneOfThoseWhoWaitLeads() {
		Flight flight = other().leads();
		CompletableFuture<Decision> second = caller().decide();
		CompletableFuture<Decision> third = caller().decide();

		flight.fail(FAILURE);
		look();

		CompletableFuture<Decision> joining = second.isDone() ? third : second;
		Flight next = led(second.isDone() ? second : third);
		Callers.load(next, "loaded");
		assertThat(value(joining)).isEqualTo("loaded");
	}

	@Test
	void whoLosesTheLeaseToAnotherInstanceWaitsForIt() {
		Ask ask = caller().ask();
		Flight flight = other().leads();

		CompletableFuture<Decision> decision = this.here.turns.decide(ask);

		assertThat(decision).isNotDone();
		Callers.load(flight, "loaded");
		look();
		assertThat(value(decision)).isEqualTo("loaded");
	}

	@Test
	void whoLosesTheClaimToAnotherInstanceWaitsForIt() {
		this.callers.storeStale("old");
		Ask ask = caller(STALE).ask();
		Flight flight = this.there.caller(STALE).leads();

		CompletableFuture<Decision> decision = this.here.turns.decide(ask);

		assertThat(decision).isNotDone();
		Callers.load(flight, "new");
		look();
		assertThat(value(decision)).isEqualTo("new");
	}

	@Test
	void whoLosesTheLeaseToAValueTakesIt() {
		Ask ask = caller().ask();
		Callers.load(other().leads(), "loaded");

		assertThat(value(this.here.turns.decide(ask))).isEqualTo("loaded");
	}

	@Test
	void whatWasEvictedHereMeanwhileIsNotTaken() {
		Caller caller = caller();
		Ask ask = caller.ask();
		Callers.load(other().leads(), "loaded");
		caller.entries.evicted = true;

		alone(this.here.turns.decide(ask));
	}

	@Test
	void aHeaderThatChangesAgainAndAgainIsLeftToOthers() {
		this.callers.redis.hides(this.callers.key.redisKey());
		this.callers.redis.script(EntryScripts.ACQUIRE, (redis, key, arguments) -> "=");

		alone(caller().decide());

		assertThat(this.callers.redis.sent().stream().filter("MGET"::equals)).hasSize(1 + 8);
	}

	@Test
	void whoSharesWithThisJvmAloneDoesNotWaitForAnotherInstance() {
		CacheSettings local = PLAIN.withCoalesce(Coalesce.LOCAL);
		other().leads();

		Flight flight = alone(caller(local).decide());

		assertThat(alone(caller(local).follow())).isNotSameAs(flight);
		CompletableFuture<Decision> second = this.here.turns.decide(caller(local).since(Duration.ofSeconds(1)).ask());
		assertThat(second).isNotDone();
		load(caller().entries, flight, "loaded");
		assertThat(value(second)).isEqualTo("loaded");
	}

	@Test
	void whoSharesWithThisJvmJoinsALoadInIt() {
		CacheSettings local = PLAIN.withCoalesce(Coalesce.LOCAL);
		Flight flight = caller(local).leads();
		CompletableFuture<Decision> decision = caller(local).decide();
		CompletableFuture<Decision> following = caller(local).follow();

		Callers.load(flight, "loaded");

		assertThat(value(decision)).isEqualTo("loaded");
		assertThat(value(following)).isEqualTo("loaded");
	}

	@Test
	void whoHasWaitedForAnotherInstanceForLongLoadsWithoutALease() {
		CacheSettings settings = PLAIN.withLoadWait(SHORT);
		Flight flight = other().leads();

		alone(caller(settings).decide());
		alone(caller(settings).follow());
		alone(caller(settings).since(SHORT).decide());
		alone(caller(settings).since(SHORT).follow());

		assertThat(header().nonce()).isEqualTo(flight.nonce());
	}

	@Test
	void whoHasWaitedForAnotherInstanceForLongTakesAStaleValue() {
		CacheSettings settings = STALE.withLoadTimeout(SHORT);
		this.callers.storeStale("old");
		this.there.caller(settings).leads();

		assertThat(value(caller(settings).decide())).isEqualTo("old");
		assertThat(value(caller(settings).follow())).isEqualTo("old");
	}

	@Test
	void aLeaseThatNeverEndsIsBroken() {
		CacheSettings settings = PLAIN.withLoadWait(SHORT);
		other().leads();
		byte[] lease = Objects.requireNonNull(this.callers.redis.get(this.callers.key.redisKey()));
		this.callers.redis.set(this.callers.key.redisKey(), lease, 0);

		alone(caller(settings).decide());

		assertThat(this.callers.header()).isNull();
	}

	@Test
	void aLeaseIsNotBrokenForOneWhoWouldWaitLonger() {
		CacheSettings settings = STALE.withLoadTimeout(SHORT);
		this.callers.storeStale("old");
		this.there.caller(settings).leads();
		byte[] claimed = Objects.requireNonNull(this.callers.redis.get(this.callers.key.redisKey()));
		this.callers.redis.sent();

		value(caller(settings).decide());

		assertThat(this.callers.redis.get(this.callers.key.redisKey())).isEqualTo(claimed);
		assertThat(this.callers.redis.sent()).doesNotContain("EVAL");
	}

	@Test
	void whileRedisDoesNotAnswerThoseWhoWaitLoad() {
		other().leads();
		CompletableFuture<Decision> decision = caller().decide();
		CompletableFuture<Decision> following = caller().follow();

		this.callers.redis.fails(new IllegalStateException("gone"));
		look();

		alone(decision);
		alone(following);
	}

	@Test
	void whoWaitsGoesOnWhenTheCacheEnds() {
		other().leads();
		CompletableFuture<Decision> decision = caller().decide();

		this.here.turns.close();

		alone(decision);
	}

	// After a load that stored nothing

	@Test
	void forWhatIsNotStoredNobodyWaitsInTurn() {
		load(other().entries, other().leads(), "too large");
		Flight again = other().leads();
		assertThat(header().isUnstored()).isTrue();

		Flight first = alone(caller().decide());
		Flight second = alone(caller().decide());

		assertThat(second).isNotSameAs(first);
		alone(caller().follow());
		assertThat(caller().tryLead()).isNull();
		assertThat(header().nonce()).isEqualTo(again.nonce());
	}

	@Test
	void forWhatIsNotStoredOneJoinsALoadThatIsGoodForHimInAnyCase() {
		load(other().entries, other().leads(), "too large");
		other().leads();
		Flight first = alone(caller().decide());

		CompletableFuture<Decision> second = this.here.turns.decide(caller().since(Duration.ofSeconds(1)).ask());
		CompletableFuture<Decision> third = this.here.turns.decide(caller().since(Duration.ofSeconds(1)).ask());

		assertThat(second).isNotDone();
		load(caller().entries, first, "too large");
		assertThat(value(second)).isEqualTo("too large");
		assertThat(value(third)).isEqualTo("too large");
	}

	@Test
	void forWhatIsNotStoredOneLoadsWhenTheOtherHasNothing() {
		load(other().entries, other().leads(), "too large");
		other().leads();
		Flight first = alone(caller().decide());
		CompletableFuture<Decision> second = this.here.turns.decide(caller().since(Duration.ofSeconds(1)).ask());

		first.release();

		alone(second);
	}

	@Test
	void forWhatTheCodecRefusesNobodyWaits() {
		Flight refused = other().leads();
		refused.loaded("an entity");
		refused.refuse();
		Flight again = other().leads();
		assertThat(header().isRefused()).isTrue();

		Flight first = alone(caller().decide());

		assertThat(alone(this.here.turns.decide(caller().since(Duration.ofSeconds(1)).ask()))).isNotSameAs(first);
		alone(caller().follow());
		assertThat(header().nonce()).isEqualTo(again.nonce());
	}

	@Test
	void whatIsNotStoredIsStillSharedInTheJvmThatLoadsIt() {
		load(caller().entries, caller().leads(), "too large");
		Flight flight = caller().leads();
		CompletableFuture<Decision> decision = caller().decide();

		load(caller().entries, flight, "too large");

		assertThat(value(decision)).isEqualTo("too large");
	}

	@Test
	void aTransactionLeavesNoTrace() {
		Flight flight = caller().inTransaction().leads();

		load(caller().entries, flight, "uncommitted");

		assertThat(this.callers.header()).isNull();
	}

	// Loads without a lease

	@Test
	void whoReadBeforeALoadWithoutALeaseBeganMayJoinItAndLaterOnesMayNot() {
		CacheSettings local = PLAIN.withCoalesce(Coalesce.LOCAL);
		other().leads();
		Flight first = alone(caller(local).decide());
		CompletableFuture<Decision> later = this.here.turns.decide(caller(local).ask());
		CompletableFuture<Decision> latest = this.here.turns.decide(caller(local).ask());
		assertThat(later).isNotDone();

		load(caller().entries, first, "before");

		CompletableFuture<Decision> leads = later.isDone() ? later : latest;
		CompletableFuture<Decision> follows = later.isDone() ? latest : later;
		Flight second = alone(leads);
		assertThat(second).isNotSameAs(first);
		load(caller().entries, second, "after");
		assertThat(get(follows)).isInstanceOfAny(Decision.Value.class, Decision.Load.class);
	}

	@Test
	void whatWasEvictedHereIsNotSharedWithLaterCallers() {
		Caller first = caller();
		alone(this.here.turns.decide(first.askUnread()));
		Caller second = caller();
		second.entries.epoch = 1;

		alone(this.here.turns.decide(second.askUnread()));
	}

	@Test
	void aTransactionWithoutALeaseIsSharedWithNobody() {
		alone(this.here.turns.decide(caller().inTransaction().askUnread()));

		Flight second = alone(this.here.turns.decide(caller().askUnread()));
		alone(this.here.turns.decide(caller().inTransaction().askUnread()));
		assertThat(this.here.turns.decide(caller().askUnread())).isNotDone();

		second.release();
	}

	@Test
	void theLoaderOfALoadWithoutALeaseDoesNotWaitForItself() {
		Flight flight = alone(this.here.turns.decide(caller().askUnread()));

		alone(this.here.turns.decide(caller().within(flight).askUnread()));
	}

	@Test
	void whoJoinedALoadWithoutALeaseThatWasGivenUpLeads() {
		Flight first = alone(this.here.turns.decide(caller().askUnread()));
		CompletableFuture<Decision> second = this.here.turns.decide(caller().askUnread());
		CompletableFuture<Decision> third = this.here.turns.decide(caller().askUnread());

		first.release();

		Flight next = alone(second.isDone() ? second : third);
		CompletableFuture<Decision> last = second.isDone() ? third : second;
		load(caller().entries, next, "loaded");
		assertThat(value(last)).isEqualTo("loaded");
	}

	@Test
	void whoJoinedALoadWithoutALeaseThatTakesTooLongLoads() {
		CacheSettings settings = PLAIN.withLoadWait(SHORT);
		Flight first = alone(this.here.turns.decide(caller(settings).askUnread()));

		assertThat(alone(this.here.turns.decide(caller(settings).askUnread()))).isNotSameAs(first);
	}

	@Test
	void aLoadWithoutALeaseThatNeverEndsIsForgotten() {
		CacheSettings settings = PLAIN.withLoadLeaseLimit(SHORT);
		Flight first = alone(this.here.turns.decide(caller(settings).askUnread()));
		CompletableFuture<Decision> second = this.here.turns.decide(caller(settings).askUnread());

		await().until(() -> {
			look();
			return second.isDone();
		});

		assertThat(alone(second)).isNotSameAs(first);
	}

	// What goes wrong on the way

	@Test
	void whenTheReadForASecondLookFailsOneLoadsWithoutALease() {
		Flight flight = caller().leads();
		CompletableFuture<Decision> decision = caller().decide();
		this.callers.redis.fails(new IllegalStateException("gone"));

		flight.release();

		alone(decision);
	}

	@Test
	void whateverGoesWrongTheMethodWillDo() {
		CompletableFuture<Decision> decision = this.here.turns
			.decide(new Caller2(this.here).ask(new IllegalStateException("of the entries")));

		alone(decision);
	}

	/** Its entries throw. */
	private final class Caller2 {

		private final Instance at;

		Caller2(Instance at) {
			this.at = at;
		}

		Ask ask(RuntimeException ex) {
			TextEntries entries = new TextEntries(this.at.store, PLAIN, MARK) {

				@Override
				public boolean isTrusted(EntryHeader header) {
					throw ex;
				}

			};
			other().leads();
			return TurnsTests.this.callers.new Caller(this.at, entries)
				.asking(entries.observe(TurnsTests.this.callers.key).join());
		}

	}

	// A failure of one's own

	@Test
	void onesOwnFailureIsTheCallers() {
		Caller caller = caller();
		Ask ask = caller.ask();
		Flight flight = led(this.here.turns.decide(ask));

		assertThat(failure(this.here.turns.failed(ask, flight, FAILURE))).isSameAs(FAILURE);

		assertThat(this.callers.header()).isNull();
		assertThat(failure(this.here.turns.failed(ask, null, FAILURE))).isSameAs(FAILURE);
	}

	@Test
	void aStaleValueServesForOnesOwnLoad() {
		this.callers.storeStale("old");
		Ask ask = caller(STALE).ask();
		Flight flight = led(this.here.turns.decide(ask));

		assertThat(value(this.here.turns.failed(ask, flight, FAILURE))).isEqualTo("old");

		assertThat(header().isPaused()).isTrue();
		assertThat(value(this.here.turns.failed(ask, null, FAILURE))).isEqualTo("old");
	}

	@Test
	void nothingServesForALeaseInThePlaceOfTheValue() {
		this.callers.storeStale("old");
		Ask ask = caller(STALE).ask();
		this.callers.redis.remove(this.callers.key.redisKey());
		Caller caller = caller(STALE);
		Flight flight = caller.leads();

		assertThat(failure(this.here.turns.failed(ask, flight, FAILURE))).isSameAs(FAILURE);

		assertThat(caller.entries.told).isEmpty();
	}

	@Test
	void ofATransactionNothingServes() {
		this.callers.storeStale("old");
		Ask ask = caller(STALE).inTransaction().ask();
		Flight flight = led(this.here.turns.decide(ask));

		assertThat(failure(this.here.turns.failed(ask, flight, FAILURE))).isSameAs(FAILURE);
	}

	@Test
	void whateverGoesWrongWhenAStaleValueIsLookedForTheFailureIsTheCallers() {
		this.callers.storeStale("old");
		Ask ask = caller(STALE).ask();
		Flight flight = led(this.here.turns.decide(ask));
		this.callers.redis.fails(new IllegalStateException("gone"));

		assertThat(failure(this.here.turns.failed(ask, flight, FAILURE))).isSameAs(FAILURE);
	}

	// Puts

	@Test
	void aPutLeasesWhateverIsThere() {
		this.callers.store("old", PLAIN, MARK);

		Flight flight = this.here.turns.seize(caller().askUnread()).join();

		assertThat(flight.canFill()).isTrue();
		assertThat(header().nonce()).isEqualTo(flight.nonce());
		assertThat(header().isTransactional()).isFalse();
	}

	@Test
	void aPutInATransactionIsTakenOverByOthers() {
		this.here.turns.seize(caller().inTransaction().askUnread()).join();

		assertThat(header().isTransactional()).isTrue();
		led(other().decide());
	}

	@Test
	void aPutThatRedisDoesNotTakeHasNoLease() {
		this.callers.redis.fails(new IllegalStateException("gone"));

		Flight flight = this.here.turns.seize(caller().askUnread()).join();

		assertThat(flight.canFill()).isFalse();
	}

	// Loads in the background

	private static final CacheSettings HURRIED = STALE.withLoadTimeout(Duration.ofSeconds(5));

	private Ask.Reload filling(String value) {
		return (ask, flight) -> {
			Callers.load(flight, value);
			return CompletableFuture.completedFuture(value);
		};
	}

	@Test
	void aLoadThatMayBeSlowGoesToTheBackground() {
		this.callers.storeStale("old");
		Caller caller = caller(HURRIED).reloadsBy(filling("new"));

		CompletableFuture<Decision> decision = caller.decide();

		assertThat(decision).isNotDone();
		this.here.runTasks();
		assertThat(value(decision)).isEqualTo("new");
		assertThat(stored()).isEqualTo("new");
		assertThat(caller.entries.told).containsExactlyInAnyOrder("reloaded", "shared");
	}

	@Test
	void whoHasWaitedForTheBackgroundForLongTakesAStaleValue() {
		this.callers.storeStale("old");
		AtomicReference<Flight> loading = new AtomicReference<>();
		Caller caller = caller(STALE.withLoadTimeout(SHORT)).reloadsBy((ask, flight) -> {
			loading.set(flight);
			return new CompletableFuture<>();
		});
		CompletableFuture<Decision> decision = caller.decide();

		this.here.runTasks();

		assertThat(value(decision)).isEqualTo("old");
		Callers.load(loading.get(), "new");
		assertThat(stored()).isEqualTo("new");
	}

	@Test
	void aLoadInTheBackgroundThatFailsIsCountedAndAStaleValueServes() {
		this.callers.storeStale("old");
		Caller caller = caller(HURRIED)
			.reloadsBy((ask, flight) -> CompletableFuture.failedFuture(new IOException("of the source")));
		CompletableFuture<Decision> decision = caller.decide();

		this.here.runTasks();

		assertThat(value(decision)).isEqualTo("old");
		assertThat(caller.entries.told).containsExactly("served", "reload failed: of the source");
		assertThat(header().isPaused()).isTrue();
	}

	@Test
	void aLoadInTheBackgroundThatThrowsIsCountedToo() {
		this.callers.storeStale("old");
		Caller caller = caller(HURRIED).reloadsBy((ask, flight) -> {
			throw new IllegalStateException("no way");
		});
		CompletableFuture<Decision> decision = caller.decide();

		this.here.runTasks();

		assertThat(value(decision)).isEqualTo("old");
		assertThat(caller.entries.told).contains("reload failed: no way");
	}

	@Test
	void whereThereIsNoRoomInTheBackgroundTheCallerLoads() {
		this.callers.storeStale("old");
		this.here.room = false;

		led(caller(HURRIED).reloadsBy(filling("new")).decide());
	}

	@Test
	void whatWaitedForTheBackgroundForTooLongIsNotLoadedUnderAClaimThatIsGone() {
		this.callers.storeStale("old");
		CompletableFuture<Decision> decision = caller(HURRIED).reloadsBy(filling("new")).decide();
		this.callers.redis.remove(this.callers.key.redisKey());

		this.here.runTasks();

		led(decision);
		assertThat(stored()).isNull();
	}

	@Test
	void aTransactionLoadsForItself() {
		this.callers.storeStale("old");

		led(caller(HURRIED).inTransaction().reloadsBy(filling("new")).decide());

		assertThat(this.here.tasks).isEmpty();
	}

	@Test
	void whatMayTakeItsTimeIsLoadedByTheCaller() {
		this.callers.storeStale("old");

		led(caller(STALE).reloadsBy(filling("new")).decide());

		assertThat(this.here.tasks).isEmpty();
	}

	@Test
	void whoIsInterruptedLoadsForItself() {
		this.callers.storeStale("old");
		Caller caller = caller(HURRIED).reloadsBy(filling("new"));
		Ask ask = caller.ask();
		Thread.currentThread().interrupt();
		try {
			led(this.here.turns.decide(ask));
		}
		finally {
			assertThat(Thread.interrupted()).isTrue();
		}
	}

	@Test
	void anEntryNearItsEndIsLoadedInTheBackground() {
		this.callers.store("old", STALE, MARK);
		Caller caller = caller(STALE).reloadsBy(filling("new"));

		this.here.turns.refresh(caller.ask());

		assertThat(stored()).isEqualTo("old");
		this.here.runTasks();
		assertThat(stored()).isEqualTo("new");
		assertThat(caller.entries.told).containsExactly("reloaded");
	}

	@Test
	void anEntryThatAnotherInstanceLoadsAheadIsLeftToIt() {
		this.callers.store("old", STALE, MARK);
		Caller caller = caller(STALE).reloadsBy(filling("new"));
		Ask ask = caller.ask();
		Flight flight = Objects.requireNonNull(this.there.caller(STALE).tryLead());

		this.here.turns.refresh(ask);
		this.here.runTasks();

		assertThat(stored()).isEqualTo("old");
		assertThat(caller.entries.told).isEmpty();
		assertThat(header().claim()).isEqualTo(flight.nonce());
	}

	@Test
	void withoutAWayToLoadItInTheBackgroundNothingIsRefreshed() {
		this.callers.store("old", STALE, MARK);

		this.here.turns.refresh(caller(STALE).ask());

		assertThat(this.here.tasks).isEmpty();
	}

	@Test
	void aLoadAheadThatStoresNothingIsNotTriedAgainAtOnce() {
		this.callers.store("old", STALE, MARK);
		Caller caller = caller(STALE).reloadsBy((ask, flight) -> {
			flight.release();
			return CompletableFuture.completedFuture(null);
		});

		this.here.turns.refresh(caller.ask());
		this.here.runTasks();

		assertThat(stored()).isEqualTo("old");
		assertThat(this.there.caller(STALE).tryLead()).isNull();
	}

	// The life of a flight

	/** Let as much time pass here and there, in which the timer ticks. */
	private void pass(Duration time) throws InterruptedException {
		for (long left = time.toMillis(); left > 0; left -= 10) {
			Thread.sleep(10);
			this.callers.timer.advance(Duration.ofMillis(25));
			this.callers.redis.pass(Duration.ofMillis(10));
		}
	}

	@Test
	void aLeaseIsRenewedWhileItsLoadRuns() throws Exception {
		Flight flight = caller(PLAIN.withLease(Duration.ofMillis(500))).leads();
		this.callers.redis.sent();
		long start = System.nanoTime();

		pass(Duration.ofMillis(800));

		assertThat(header().nonce()).isEqualTo(flight.nonce());
		// Three times in its life, however long a slow machine took.
		int most = (int) (Duration.ofNanos(System.nanoTime() - start).toMillis() * 3 / 500) + 1;
		assertThat(this.callers.redis.sent()).hasSizeBetween(2, most);
		Callers.load(flight, "loaded");
		this.callers.redis.sent();
		pass(Duration.ofMillis(300));
		assertThat(this.callers.redis.sent()).isEmpty();
	}

	@Test
	void whatIsBorrowedIsNotRenewed() throws Exception {
		this.callers.storeStale("old");
		Flight flight = caller(STALE.withLease(Duration.ofMillis(100))).inTransaction().leads();
		caller(PLAIN).inTransaction().leads();
		this.callers.redis.sent();

		pass(Duration.ofMillis(100));

		assertThat(this.callers.redis.sent()).isEmpty();
		flight.release();
	}

	@Test
	void aLeaseThatIsGoneIsNotRenewedAgain() throws Exception {
		caller(PLAIN.withLease(Duration.ofMillis(100))).leads();
		this.callers.redis.remove(this.callers.key.redisKey());
		this.callers.redis.sent();

		pass(Duration.ofMillis(300));

		assertThat(this.callers.redis.sent()).containsExactly("EVAL");
	}

	@Test
	void aRenewalThatFailedIsTriedAgain() throws Exception {
		caller(PLAIN.withLease(Duration.ofMillis(100))).leads();
		this.callers.redis.sent();
		this.callers.redis.fails(new IllegalStateException("gone"));

		pass(Duration.ofMillis(300));

		assertThat(this.callers.redis.sent()).hasSizeGreaterThan(2);
	}

	@Test
	void theTimerRestsWhenNobodyLoads() throws Exception {
		Callers.load(caller().leads(), "loaded");
		this.callers.redis.remove(this.callers.key.redisKey());
		caller().leads().release();
		this.callers.redis.remove(this.callers.key.redisKey());
		alone(this.here.turns.decide(caller().askUnread())).release();
		this.callers.redis.hides(this.callers.key.redisKey());
		this.callers.redis.script(EntryScripts.ACQUIRE, (redis, key, arguments) -> "=");
		alone(caller().decide()).release();
		assertThat(caller().tryLead()).isNull();
		this.callers.redis.fails(new io.lettuce.core.RedisCommandExecutionException("OOM command not allowed"));
		alone(this.here.turns.decide(caller().asking(null))).release();
		this.here.turns.seize(caller().askUnread()).join();

		look();

		assertThat(this.callers.timer.waiting()).isZero();
	}

	@Test
	void theTimerRestsWhenALeaseThatWasGivenUpCannotBeThereAnyMore() throws Exception {
		Instance hurried = this.callers.instance(SHORT);
		other().leads().release();
		Ask ask = hurried.caller(PLAIN.withLease(Duration.ofMillis(100))).ask();
		this.callers.redis.answers(Answers.UNDONE);
		Flight flight = alone(hurried.turns.decide(ask));
		flight.release();
		this.callers.redis.sent();

		await().until(() -> {
			look();
			return this.callers.timer.waiting() == 0;
		});

		assertThat(this.callers.redis.sent()).hasSizeBetween(1, 4);
	}

	@Test
	void aNonceUnderAnotherKeyIsAnothers() {
		Flight flight = caller().leads();
		KeyLayout layout = new KeyLayout("", false);
		layout.register("lists");
		StoredKey another = layout.key("lists", "another");

		assertThat(flight.isOf(this.callers.key)).isTrue();
		assertThat(flight.isOf(another)).isFalse();
		assertThat(flight.hasEnded()).isFalse();
		assertThat(flight.isTransactional()).isFalse();
	}

	@Test
	void whoIsInterruptedItselfTellsNothingOfTheSource() {
		Flight flight = caller().leads();
		CompletableFuture<Decision> decision = caller().decide();

		Thread.currentThread().interrupt();
		try {
			flight.fail(FAILURE);
		}
		finally {
			assertThat(Thread.interrupted()).isTrue();
		}

		led(decision);
	}

	@Test
	void aDecisionWithoutAFlightIsLoadedAlone() {
		Flight alone = this.here.turns.alone(caller().ask());
		Flight given = this.here.turns.alone(caller().ask());

		assertThat(new Decision.Load(null).flightOr(() -> alone)).isSameAs(alone);
		assertThat(new Decision.LookAgain().flightOr(() -> alone)).isSameAs(alone);
		assertThat(new Decision.Load(given).flightOr(() -> alone)).isSameAs(given);
	}

	@Test
	void aFlightEndsOnce() {
		Flight flight = caller().leads();
		Callers.load(flight, "loaded");

		flight.fail(FAILURE);
		flight.refuse();
		flight.release();

		assertThat(flight.fill(TextEntries.encoded("again"), TTL, List.of(), () -> false)).isCompletedWithValue(false);
		assertThat(stored()).isEqualTo("loaded");
		assertThat(flight.canFill()).isFalse();
		assertThat(flight.hasEnded()).isTrue();
	}

	@Test
	void whoGoesOnWithoutALoadEndsItUnlessOthersWait() {
		Flight first = caller().leads();
		CompletableFuture<Decision> second = caller().decide();

		assertThat(first.cancel()).isFalse();
		assertThat(second).isNotDone();
		Callers.load(first, "loaded");
		assertThat(value(second)).isEqualTo("loaded");

		this.callers.redis.remove(this.callers.key.redisKey());
		assertThat(caller().leads().cancel()).isTrue();
		assertThat(this.callers.header()).isNull();
	}

	@Test
	void aLoadThatNeverEndsIsForgotten() {
		CacheSettings settings = PLAIN.withLoadLeaseLimit(SHORT).withLease(Duration.ofMillis(100));
		Flight first = caller(settings).leads();
		CompletableFuture<Decision> second = caller(settings).decide();

		await().until(() -> {
			look();
			this.callers.redis.pass(Duration.ofMillis(20));
			return second.isDone();
		});

		assertThat(led(second)).isNotSameAs(first);
	}

	@Test
	void aLeaseThatMayNotHaveBeenGivenBackIsRemovedLater() {
		Flight flight = caller().leads();
		this.callers.redis.fails(new IllegalStateException("gone"));
		flight.release();
		this.callers.redis.fails(null);
		assertThat(header().isLease()).isTrue();

		led(caller().decide()).release();

		assertThat(this.callers.header()).isNull();
	}

	@Test
	void aClaimIsGivenBackWithTheValueThatAnotherIsNotToTakeThePlaceOf() {
		this.callers.storeStale("old");
		Flight flight = caller(STALE).leads();

		load(caller().entries, flight, "too large");

		assertThat(this.callers.header()).isNull();
	}

	@Test
	void whoIsCancelledInsteadOfFailingIsAFailureLikeAnother() {
		Flight flight = caller().leads();
		CompletableFuture<Decision> decision = caller().decide();

		flight.fail(new CancellationException());

		assertThat(failure(decision)).isInstanceOf(CancellationException.class);
	}

	@Test
	void aFlightKnowsWhatItIsFor() {
		Caller caller = caller().inTransaction();
		caller.entries.epoch = 7;

		Flight flight = caller.leads();

		assertThat(flight.key()).isEqualTo(this.callers.key);
		assertThat(flight.epoch()).isEqualTo(7);
		assertThat(flight.isTransactional()).isTrue();
		assertThat(caller().ask().waitUntil() - System.nanoTime()).isBetween(TimeUnit.SECONDS.toNanos(1),
				PLAIN.loadWait().toNanos());
	}

}
