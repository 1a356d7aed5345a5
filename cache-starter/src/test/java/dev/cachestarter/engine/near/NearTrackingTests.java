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

package dev.cachestarter.engine.near;

import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.NearSettings;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.entry.Target;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.engine.key.LogKeys;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.near.NearCache.Worth;
import dev.cachestarter.engine.near.NearTracking.Ticket;
import dev.cachestarter.engine.value.ValueCodec;
import dev.cachestarter.engine.value.ValueCodecs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The rules by which a copy counts without Redis being asked, each as the shortest
 * history that breaks it where it is switched off.
 */
class NearTrackingTests {

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	private static final long NOW = 1_000_000;

	private static final String A = "aaaaaaaaaaaaaaaa";

	private static final String B = "bbbbbbbbbbbbbbbb";

	private static final String C = "cccccccccccccccc";

	private static final ValueCodec CODEC = new ValueCodecs(ValueCodecs.mapperBuilder().build()).forType(String.class,
			CacheSettings.defaults());

	private final KeyLayout layout = new KeyLayout("app:", false, LogKeys.FULL);

	private final TrackingByHand tracking = new TrackingByHand();

	private final NearTracking keeper = new NearTracking(() -> this.tracking, this.layout);

	private final NearCache near;

	private final StoredKey key;

	NearTrackingTests() {
		this.layout.register("pages");
		this.near = near("pages", (settings) -> settings);
		this.key = this.layout.key("pages", "t1:1");
	}

	// Hits

	@Test
	void aCopyOfWhatWasReadOverATrackedConnectionIsVouchedFor() {
		copied(this.key);

		assertThat(worth(this.key)).isEqualTo(Worth.VOUCHED_FOR);
		assertThat(this.tracking.questions).isEmpty();
	}

	@Test
	void aCopyOfWhatWasReadOverAnotherConnectionIsNot() {
		this.tracking.good = false;
		this.near.keep(observed(this.key, "x".repeat(2000), A, B), header(A, B), CODEC, "value", () -> null, NOW, null);
		assertThat(worth(this.key)).isEqualTo(Worth.TO_BE_CONFIRMED);

		this.tracking.good = true;

		assertThat(worth(this.key)).isEqualTo(Worth.TO_BE_READ);
	}

	@Test
	void whileTheSessionIsGoodNothingElseIsKept() {
		this.near.keep(observed(this.key, A, B), header(A, B), CODEC, "value", () -> null, NOW, null);

		assertThat(this.near.get(this.key)).isNull();
	}

	@Test
	void anotherValueThatWasReadElsewhereDropsTheCopy() {
		copied(this.key);

		this.near.keep(observed(this.key, A, B), header(A, B), CODEC, "value", () -> null, NOW, null);
		assertThat(worth(this.key)).isEqualTo(Worth.VOUCHED_FOR);
		this.near.keep(observed(this.key, A, C), header(A, C), CODEC, "value", () -> null, NOW, null);

		assertThat(this.near.get(this.key)).isNull();
	}

	@Test
	void whileNoHeartbeatIsAnsweredRedisIsAsked() {
		copied(this.key);

		this.tracking.good = false;

		assertThat(worth(this.key)).isEqualTo(Worth.TO_BE_CONFIRMED);
	}

	/** A reader stands still between the two, and all arrives that was late. */
	@Test
	void aHeartbeatAfterTheCopyWasTakenProvesNothing() {
		copied(this.key);
		this.tracking.good = false;
		long session = this.near.goodSession();
		NearCopy copy = Objects.requireNonNull(this.near.get(this.key));

		this.tracking.changed(this.key.redisKey());
		this.tracking.good = true;

		assertThat(this.near.worthOf(copy, session)).isEqualTo(Worth.TO_BE_CONFIRMED);
	}

	@Test
	void aCopyOfAnEarlierSessionIsReadAgain() {
		copied(this.key);
		NearCopy copy = Objects.requireNonNull(this.near.get(this.key));

		this.tracking.session++;

		assertThat(this.near.worthOf(copy, this.near.goodSession())).isEqualTo(Worth.TO_BE_READ);
	}

	@Test
	void aCopyOfAnEarlierRoundIsReadAgainThoughItIsStillThere() {
		copied(this.key);
		NearCopy copy = Objects.requireNonNull(this.near.get(this.key));

		this.keeper.evicted(new Target.Glob("pages", KeyPattern.of("*:1")));

		assertThat(this.near.worthOf(copy, this.near.goodSession())).isEqualTo(Worth.TO_BE_READ);
	}

	// Epochs

	@Test
	void aMessageDropsTheCopyOfItsKeyAlone() {
		StoredKey other = this.layout.key("pages", "t1:2");
		copied(this.key);
		copied(other);

		this.tracking.changed(this.key.redisKey());

		assertThat(this.near.get(this.key)).isNull();
		assertThat(worth(other)).isEqualTo(Worth.VOUCHED_FOR);
	}

	@Test
	void whatWasReadBeforeAMessageIsNotKept() {
		Ticket ticket = begin(this.key);

		this.tracking.changed(this.key.redisKey());
		keep(ticket, A, B);

		assertThat(this.near.get(this.key)).isNull();
	}

	/**
	 * The message comes when all has been looked at, and the copy is not there yet: it
	 * must wait until it is, and then drop it.
	 */
	@Test
	void aMessageBetweenTheLastLookAndTheCopyDropsIt() throws Exception {
		Ticket ticket = begin(this.key);
		AtomicReference<Thread> messenger = new AtomicReference<>();
		this.tracking.whenAsked = () -> {
			this.tracking.whenAsked = () -> {
			};
			Thread thread = new Thread(() -> this.tracking.changed(this.key.redisKey()));
			messenger.set(thread);
			thread.start();
			await().atMost(PATIENCE)
				.until(() -> List.of(Thread.State.BLOCKED, Thread.State.WAITING, Thread.State.TERMINATED)
					.contains(thread.getState()));
		};

		keep(ticket, A, B);
		messenger.get().join();

		assertThat(this.near.get(this.key)).isNull();
	}

	@Test
	void whatWasReadBeforeAMessageAboutItsGenerationIsNotKept() {
		for (byte[] generation : generations()) {
			Ticket ticket = begin(this.key);

			this.tracking.changed(generation);
			keep(ticket, A, B);

			assertThat(this.near.get(this.key)).isNull();
		}
	}

	@Test
	void whatWasReadInAnEarlierSessionIsNotKept() {
		Ticket ticket = begin(this.key);

		this.tracking.endSession();
		keep(ticket, A, B);

		assertThat(this.near.get(this.key)).isNull();
	}

	@Test
	void whatWasReadBeforeAllKeysChangedIsNotKept() {
		Ticket ticket = begin(this.key);

		this.tracking.allChanged();
		keep(ticket, A, B);

		assertThat(this.near.get(this.key)).isNull();
	}

	// Generations

	@Test
	void aGenerationThatLivesLongerCostsOneReadAndNoCopy() {
		for (int i = 0; i < 1000; i++) {
			copied(this.layout.key("pages", "t1:" + i));
		}

		this.tracking.changed(this.key.cacheGenerationKey());

		assertThat(worth(this.layout.key("pages", "t1:0"))).isEqualTo(Worth.TO_BE_CONFIRMED);
		assertThat(worth(this.layout.key("pages", "t1:1"))).isEqualTo(Worth.TO_BE_CONFIRMED);
		assertThat(this.tracking.questions).hasSize(1);
		assertThat(this.tracking.questions.element().keys()).containsExactly(this.key.cacheGenerationKey());
		this.tracking.answer(bytes(A));
		for (int i = 0; i < 1000; i++) {
			assertThat(worth(this.layout.key("pages", "t1:" + i))).isEqualTo(Worth.VOUCHED_FOR);
		}
		assertThat(this.tracking.questions).isEmpty();
	}

	@Test
	void underAnotherGenerationOrNoneAllCopiesAreDead() {
		StoredKey other = this.layout.key("pages", "t2:1");
		for (byte @Nullable [] now : new byte[][] { bytes(C), null }) {
			copied(this.key);
			copied(other);

			this.tracking.changed(Objects.requireNonNull(this.key.groupGenerationKey()));
			worth(this.key);
			this.tracking.answer(now);

			assertThat(worth(this.key)).isEqualTo(Worth.TO_BE_READ);
			assertThat(worth(other)).as("of another group").isEqualTo(Worth.VOUCHED_FOR);
			this.tracking.endSession();
		}
	}

	@Test
	void anAnswerFromBeforeAMessageAboutAGenerationDoesNotCount() {
		copied(this.key);
		this.tracking.changed(this.key.cacheGenerationKey());
		worth(this.key);

		this.tracking.changed(this.key.cacheGenerationKey());
		this.tracking.answer(bytes(A));

		assertThat(worth(this.key)).isEqualTo(Worth.TO_BE_CONFIRMED);
		assertThat(this.tracking.questions).as("it is asked for again").hasSize(1);
	}

	@Test
	void anAnswerAboutAGenerationFromAnEarlierSessionDoesNotCount() {
		copied(this.key);
		this.tracking.changed(this.key.cacheGenerationKey());
		worth(this.key);

		this.tracking.endSession();
		this.tracking.answer(bytes(A));
		Ticket ticket = begin(this.key);
		keep(ticket, C, B);

		assertThat(worth(this.key)).isEqualTo(Worth.VOUCHED_FOR);
	}

	@Test
	void aFailedQuestionAboutAGenerationIsAskedAgain() {
		copied(this.key);
		this.tracking.changed(this.key.cacheGenerationKey());
		worth(this.key);
		this.tracking.questions.remove().answer().completeExceptionally(new IllegalStateException("lost"));

		assertThat(worth(this.key)).isEqualTo(Worth.TO_BE_CONFIRMED);
		this.tracking.answer(bytes(A));

		assertThat(worth(this.key)).isEqualTo(Worth.VOUCHED_FOR);
	}

	@Test
	void aValueOfAnotherGenerationMakesThoseOfTheFormerOneDead() {
		StoredKey other = this.layout.key("pages", "t1:2");
		copied(this.key);
		this.tracking.changed(this.key.cacheGenerationKey());

		keep(begin(other), C, B);

		assertThat(worth(other)).isEqualTo(Worth.VOUCHED_FOR);
		assertThat(worth(this.key)).isEqualTo(Worth.TO_BE_READ);
		assertThat(this.tracking.questions).isEmpty();
	}

	/** Redis tells of what has changed between them: it cannot be. */
	@Test
	void ofTwoAnswersThatContradictNoneCounts() {
		StoredKey other = this.layout.key("pages", "t1:2");
		copied(this.key);

		keep(begin(other), C, B);

		assertThat(this.near.get(other)).isNull();
		assertThat(worth(this.key)).isEqualTo(Worth.TO_BE_CONFIRMED);
	}

	@Test
	void cellsGoWithTheirCopies() {
		for (int i = 0; i < 100; i++) {
			copied(this.layout.key("pages", "t" + i + ":1"));
		}
		assertThat(this.keeper.generations()).isEqualTo(101);

		this.near.clear();
		this.near.cleanUp();

		await().atMost(PATIENCE).until(() -> {
			System.gc();
			return this.keeper.generations() == 0;
		});
	}

	// Own writes

	@Test
	void whatWasWrittenHereIsDropped() {
		copied(this.key);
		this.keeper.written(this.key.redisKey());
		assertThat(this.near.get(this.key)).isNull();

		Ticket ticket = begin(this.key);
		this.keeper.written(this.key.redisKey());
		keep(ticket, A, B);
		assertThat(this.near.get(this.key)).isNull();
	}

	/** Nobody has been told of anything before. */
	@Test
	void whatIsWrittenOrEvictedHereDuringTheVeryFirstReadIsNotKept() {
		for (Consumer<NearTracking> change : List.<Consumer<NearTracking>>of(
				(keeper) -> keeper.written(this.key.redisKey()), (keeper) -> keeper.evicted(new Target.Key(this.key)),
				(keeper) -> keeper.evicted(new Target.Group("pages", "t1")),
				(keeper) -> keeper.evicted(new Target.Glob("pages", KeyPattern.of("*:1"))))) {
			NearTracking keeper = new NearTracking(() -> this.tracking, this.layout);
			NearCache first = Objects.requireNonNull(
					NearCache.of("pages", NearSettings.defaults().withMode(NearSettings.Mode.TRACK), keeper));
			Ticket ticket = Objects.requireNonNull(first.begin(this.key, first.goodSession(), true));

			change.accept(keeper);
			keep(first, ticket, A, B);

			assertThat(first.get(this.key)).isNull();
		}
	}

	@Test
	void whatWasEvictedHereDoesNotCount() {
		List<Target> targets = List.of(new Target.Key(this.key), new Target.Group("pages", "t1"),
				new Target.Whole("pages"), new Target.Glob("pages", KeyPattern.of("*:1")),
				new Target.Glob(null, KeyPattern.of("pages:t1*")), Target.ALL, new Target.Segment("pages"));
		for (Target target : targets) {
			copied(this.key);
			this.keeper.evicted(target);
			assertThat(this.near.get(this.key) == null || worth(this.key) != Worth.VOUCHED_FOR).as(target.toString())
				.isTrue();
			this.tracking.questions.clear();

			Ticket ticket = begin(this.key);
			this.keeper.evicted(target);
			keep(ticket, A, B);
			assertThat(this.near.get(this.key) == null || worth(this.key) != Worth.VOUCHED_FOR)
				.as("read before " + target)
				.isTrue();
			this.tracking.questions.forEach((question) -> question.answer().cancel(false));
			this.tracking.questions.clear();
			this.tracking.endSession();
		}
	}

	@Test
	void anEvictionOfAPatternLeavesOtherCachesAlone() {
		this.layout.register("others");
		NearCache others = near("others", (settings) -> settings);
		StoredKey other = this.layout.key("others", "t1:1");
		copied(this.key);
		copied(others, other);

		this.keeper.evicted(new Target.Glob("pages", KeyPattern.of("*:1")));
		this.keeper.evicted(new Target.Tag("tag"));

		assertThat(this.near.get(this.key)).isNull();
		assertThat(worth(others, other)).isEqualTo(Worth.VOUCHED_FOR);
	}

	/**
	 * It is an event loop that tells: it must neither wait for those who make copies nor
	 * look at each of them.
	 */
	@Test
	void whoeverClearsWaitsForNobody() throws Exception {
		copied(this.key);
		for (Runnable clear : List.<Runnable>of(() -> this.tracking.allChanged(), () -> this.tracking.endSession(),
				() -> this.keeper.evicted(new Target.Glob("pages", KeyPattern.of("*:1"))), this.near::clear)) {
			AtomicReference<Thread> cleared = new AtomicReference<>();
			Ticket ticket = begin(this.key);
			this.tracking.whenAsked = () -> {
				this.tracking.whenAsked = () -> {
				};
				Thread thread = new Thread(clear);
				cleared.set(thread);
				thread.start();
				await().atMost(PATIENCE)
					.until(() -> List.of(Thread.State.BLOCKED, Thread.State.WAITING, Thread.State.TERMINATED)
						.contains(thread.getState()));
				assertThat(thread.getState()).isEqualTo(Thread.State.TERMINATED);
			};

			keep(ticket, A, B);

			assertThat(cleared.get()).isNotNull();
			assertThat(this.near.get(this.key) == null || worth(this.key) != Worth.VOUCHED_FOR).isTrue();
			this.near.clear();
			copied(this.key);
		}
	}

	/** Its name became known when a copy was there already. */
	@Test
	void aMessageFindsACopyThatWasMadeUnderAnotherName() {
		NearCache unnamed = near("", (settings) -> settings);
		StoredKey before = this.layout.locate("late:t1:1");
		copied(unnamed, before);

		this.layout.register("late");
		this.tracking.changed(before.redisKey());

		assertThat(unnamed.get(before)).isNull();
	}

	// While Redis is gone

	@Test
	void copiesAreKeptForAnOutageOnlyWhereTheyMayBeServedInOne() {
		NearCache lasting = near("lasting", (settings) -> settings.withServeWhileDisconnected(Duration.ofMinutes(1)));
		this.layout.register("lasting");
		StoredKey kept = this.layout.key("lasting", "t1:1");
		copied(this.key);
		copied(lasting, kept);

		this.tracking.good = false;
		assertThat(lasting.wasVouchedFor(Objects.requireNonNull(lasting.get(kept)), 0)).isTrue();
		this.tracking.endSession();

		assertThat(this.near.get(this.key)).isNull();
		NearCopy copy = Objects.requireNonNull(lasting.get(kept));
		assertThat(lasting.wasVouchedFor(copy, this.tracking.lastGood)).isTrue();
		assertThat(lasting.wasVouchedFor(copy, this.tracking.lastGood + Duration.ofSeconds(61).toNanos())).isFalse();
		long lost = this.tracking.lastGood;
		this.tracking.lastGood += Duration.ofMinutes(10).toNanos();
		this.tracking.endSession();
		assertThat(lasting.wasVouchedFor(copy, lost)).as("after a session without a read").isTrue();
		assertThat(lasting.wasVouchedFor(copy, this.tracking.lastGood)).as("it was lost before that one").isFalse();
		this.tracking.good = true;
		copied(lasting, this.layout.key("lasting", "t1:2"));
		this.tracking.endSession();
		assertThat(lasting.wasVouchedFor(copy, lost)).as("a session ago").isFalse();
	}

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void whatHadChangedWhenTheSessionWasLostIsNotServed(boolean ended) {
		NearCache lasting = near("lasting", (settings) -> settings.withServeWhileDisconnected(Duration.ofMinutes(1)));
		this.layout.register("lasting");
		StoredKey changed = this.layout.key("lasting", "t1:1");
		StoredKey flushed = this.layout.key("lasting", "t2:1");
		copied(lasting, changed);
		NearCopy one = Objects.requireNonNull(lasting.get(changed));

		this.tracking.changed(Objects.requireNonNull(changed.groupGenerationKey()));
		if (ended) {
			this.tracking.endSession();
		}
		assertThat(lasting.wasVouchedFor(one, 0)).isFalse();

		copied(lasting, flushed);
		NearCopy other = Objects.requireNonNull(lasting.get(flushed));
		this.tracking.allChanged();
		assertThat(lasting.wasVouchedFor(other, 0)).isFalse();
		this.tracking.endSession();
		assertThat(lasting.wasVouchedFor(other, 0)).isFalse();
	}

	// What is told, and what is kept

	/** Several threads that ask for a new cache at once make it several times. */
	@Test
	void aNearCacheThatWasMadeInVainIsKeptByNobody() {
		WeakReference<NearCache> made = new WeakReference<>(near("pages", (settings) -> settings));

		await().atMost(PATIENCE).until(() -> {
			System.gc();
			return made.get() == null;
		});
	}

	@Test
	void aCopyThatStaysIsKeptNoLongerForIt() {
		AtomicLong nanos = new AtomicLong();
		NearCache brief = new NearCache("pages",
				NearSettings.defaults().withMode(NearSettings.Mode.TRACK).withTtl(Duration.ofSeconds(5)), nanos::get,
				this.keeper);
		copied(brief, this.key);
		nanos.addAndGet(Duration.ofSeconds(4).toNanos());

		Ticket ticket = Objects.requireNonNull(brief.begin(this.key, brief.goodSession(), true));
		this.tracking.session++;
		keep(brief, ticket, A, B);
		assertThat(brief.get(this.key)).isNotNull();
		nanos.addAndGet(Duration.ofSeconds(2).toNanos());

		assertThat(brief.get(this.key)).isNull();
	}

	@Test
	void whatIsKnownInASessionIsNotSetBackByAnEarlierOne() {
		GenerationCell cell = new GenerationCell(this.key.cacheGenerationKey());
		byte[] known = Objects.requireNonNull(cell.take(0, 2, bytes(A)));

		assertThat(cell.take(0, 1, bytes(C))).isNull();

		assertThat(cell.standing(known, 2)).isEqualTo(GenerationCell.Standing.CURRENT);
	}

	@Test
	void aCopyThatIsComparedWithWhatItWasIsNotAtHand() {
		assertThat(NearCopy.ofValue(header(A, B), CODEC, "value", 1L, 10, 0).isAtHand()).isFalse();
		assertThat(NearCopy.ofValue(header(A, B), CODEC, "value", null, 10, 0).isAtHand()).isTrue();
		assertThat(NearCopy.ofEntry(header(A, B), CODEC, new byte[10], 0).isAtHand()).isFalse();
	}

	@Test
	void keysOfOneHashHaveAnOrder() {
		StoredKey one = this.layout.key("pages", "Aa");
		StoredKey other = this.layout.key("pages", "BB");

		assertThat(one).hasSameHashCodeAs(other).isNotEqualTo(other);
		assertThat(one.compareTo(other)).isNegative();
		assertThat(other.compareTo(one)).isPositive();
		assertThat(one.compareTo(this.layout.key("pages", "Aa"))).isZero();
	}

	// Tracked reads

	@Test
	void aKeyIsAdmittedWhenItComesForTheSecondTime() {
		long session = this.near.goodSession();

		assertThat(this.near.begin(this.key, session, false)).isNull();
		assertThat(this.near.begin(this.key, session, false)).isNotNull();
		assertThat(this.near.begin(this.layout.key("pages", "t1:2"), session, true)).as("there is a copy").isNotNull();
		assertThat(this.near.begin(this.key, NearTracking.NONE, false)).as("no session").isNull();
	}

	@Test
	void whileAReadIsLateNoOtherOneIsMade() {
		Ticket late = begin(this.key);
		CompletableFuture<Void> answer = new CompletableFuture<>();

		this.keeper.late(late, answer);
		assertThat(this.near.begin(this.key, this.near.goodSession(), true)).isNull();

		answer.complete(null);
		assertThat(this.near.begin(this.key, this.near.goodSession(), true)).isNotNull();
		this.keeper.late(late, new CompletableFuture<>());
		this.tracking.endSession();
		assertThat(this.near.begin(this.key, this.near.goodSession(), true)).as("in the next session").isNotNull();
	}

	@Test
	void smallEntriesAreWorthACopy() {
		copied(this.key);

		assertThat(observed(this.key, A, B).entry()).hasSizeLessThan(NearCache.SMALLEST);
		assertThat(this.near.get(this.key)).isNotNull();
	}

	// Fixture

	private NearCache near(String name, UnaryOperator<NearSettings> change) {
		return Objects.requireNonNull(NearCache.of(name,
				change.apply(NearSettings.defaults().withMode(NearSettings.Mode.TRACK)), this.keeper));
	}

	private Worth worth(StoredKey of) {
		return worth(this.near, of);
	}

	private static Worth worth(NearCache near, StoredKey of) {
		long session = near.goodSession();
		return near.worthOf(Objects.requireNonNull(near.get(of)), session);
	}

	private void copied(StoredKey of) {
		copied(this.near, of);
	}

	private void copied(NearCache near, StoredKey of) {
		Ticket ticket = Objects.requireNonNull(near.begin(of, near.goodSession(), true));
		keep(near, ticket, A, (of.group() != null) ? B : "----------------");
		assertThat(worth(near, of)).isEqualTo(Worth.VOUCHED_FOR);
	}

	private Ticket begin(StoredKey of) {
		return Objects.requireNonNull(this.near.begin(of, this.near.goodSession(), true));
	}

	private void keep(Ticket ticket, String cache, String group) {
		keep(this.near, ticket, cache, group);
	}

	private static void keep(NearCache near, Ticket ticket, String cache, String group) {
		near.keep(observed(ticket.key(), cache, group), header(cache, group), CODEC, "value", () -> null, NOW, ticket);
	}

	private byte[][] generations() {
		return new byte[][] { this.key.cacheGenerationKey(), Objects.requireNonNull(this.key.groupGenerationKey()) };
	}

	private static Observed observed(StoredKey of, String cache, String group) {
		return observed(of, "value", cache, group);
	}

	private static Observed observed(StoredKey of, String value, String cache, String group) {
		byte[] entry;
		try {
			entry = CODEC.encode(value).entry();
		}
		catch (ValueCodec.NotCacheableException ex) {
			throw new IllegalStateException(ex);
		}
		header(cache, group).writeTo(entry);
		return new Observed(of, bytes(cache), bytes(group), entry);
	}

	private static EntryHeader header(String cache, String group) {
		return new EntryHeader(EntryHeader.VALUE, "0123456789abcdef", EntryHeader.NO_NONCE, 0, cache, group, "cccccccc",
				"dddddddd", NOW, NOW + 60_000, EntryHeader.NO_FLAGS, "eeeeeeee");
	}

	private static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.US_ASCII);
	}

}
