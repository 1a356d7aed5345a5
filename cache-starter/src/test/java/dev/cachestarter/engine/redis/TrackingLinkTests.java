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

package dev.cachestarter.engine.redis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisConnectionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import dev.cachestarter.engine.redis.TrackingCondition.End;
import dev.cachestarter.engine.redis.TrackingCondition.State;
import dev.cachestarter.testing.Thorough;
import dev.cachestarter.testing.Threads;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The life of a session, on a clock that the test moves and masters that it scripts.
 */
@ExtendWith(OutputCaptureExtension.class)
class TrackingLinkTests {

	private static final Duration BEAT = Duration.ofMillis(250);

	/** Longer than any pause before it connects again. */
	private static final Duration LONG = Duration.ofMinutes(2);

	private final ScriptedMasters redis = new ScriptedMasters();

	private final ManualWorker worker = this.redis.worker;

	private long wallClockAhead;

	private final TrackingLink link = new TrackingLink(this.redis, this.redis, 1_000_000_000, this.worker, this.worker,
			this.worker::now, () -> this.worker.now() / 1_000_000 + this.wallClockAhead);

	/** What listeners were told. */
	private final List<String> told = new ArrayList<>();

	/** What a listener does before it takes note. */
	private Runnable listening = () -> {
	};

	TrackingLinkTests() {
		this.link.addListener(new Tracking.Listener() {

			@Override
			public void changed(byte[] key) {
				TrackingLinkTests.this.listening.run();
				TrackingLinkTests.this.told.add(new String(key));
			}

			@Override
			public void allChanged() {
				TrackingLinkTests.this.listening.run();
				TrackingLinkTests.this.told.add("all");
			}

		});
	}

	private void good() {
		this.link.start();
		this.worker.advance(Duration.ofMillis(500));
		assertThat(isGood()).isTrue();
	}

	private boolean isGood() {
		return this.link.isGood(this.link.session());
	}

	private State state() {
		return this.link.condition().state();
	}

	private CompletableFuture<List<byte @Nullable []>> read(String key) {
		return this.link.read(List.of(key.getBytes()));
	}

	private void tell(String... keys) {
		this.redis.connection().listener.changed(this.redis.master(),
				List.of(keys).stream().map(String::getBytes).toList());
	}

	private void assertEnded(long session, End why) {
		assertThat(this.link.isGood(session)).isFalse();
		assertThat(this.link.session()).isEqualTo(session + 1);
		assertThat(isGood()).isFalse();
		assertThat(this.link.condition().ended()).containsOnlyKeys(why);
		assertThat(this.redis.connection().closed).isTrue();
		assertThat(this.told).endsWith("all");
		assertThat(read("k")).isCompletedExceptionally();
	}

	private void assertGoodAgain() {
		this.worker.advance(LONG);
		assertThat(state()).isEqualTo(State.GOOD);
		assertThat(isGood()).isTrue();
		assertThat(read("k")).isCompleted();
	}

	// A session begins

	@Test
	void beforeItIsStartedNothingIsGood() {
		assertThat(isGood()).isFalse();
		assertThat(state()).isEqualTo(State.STOPPED);
		assertThat(read("k")).isCompletedExceptionally();
		assertThat(this.redis.connections).isEmpty();

		good();

		assertThat(state()).isEqualTo(State.GOOD);
		assertThat(read("k")).isCompletedWithValueMatching((values) -> values.size() == 1);
	}

	@Test
	void itWaitsForTheLink() {
		this.redis.up = false;
		this.link.start();
		this.worker.advance(Duration.ofSeconds(10));
		assertThat(this.redis.connections).isEmpty();

		this.redis.up = true;
		this.worker.advance(Duration.ofSeconds(1));

		assertThat(isGood()).isTrue();
	}

	@Test
	void itIsNotGoodBeforeItsCanaryIsHeard() {
		this.redis.unchanged = new RedisCommandExecutionException("OOM command not allowed");
		this.link.start();
		this.worker.advance(Duration.ofSeconds(10));
		assertThat(state()).isEqualTo(State.PROVING);
		assertThat(isGood()).isFalse();
		assertThat(read("k")).isCompletedExceptionally();
		assertThat(this.link.condition().error()).contains("OOM");

		this.redis.unchanged = null;
		this.worker.advance(Duration.ofSeconds(2));

		assertThat(isGood()).isTrue();
		assertThat(this.redis.connections).hasSize(1);
	}

	@Test
	void nobodyIsToldOfACanary() {
		good();
		this.worker.advance(LONG);

		assertThat(this.told).isEmpty();
		assertThat(this.link.condition().pushes()).isZero();
	}

	@Test
	void nothingIsGoodBeforeEachMasterHasAnswered() {
		this.redis.count = 3;
		this.link.start();
		this.worker.run();
		this.redis.connection().masters.get(2).answers = false;
		assertThat(this.redis.connections).hasSize(1);

		this.worker.advance(Duration.ofSeconds(2));

		assertThat(isGood()).isFalse();
	}

	// Heartbeats

	@Test
	void nothingIsGoodASecondAfterTheLastGoodHeartbeatWasSent() {
		good();
		long session = this.link.session();
		this.redis.master().answers = false;
		this.worker.advance(BEAT.multipliedBy(3));
		assertThat(this.link.isGood(session)).isTrue();

		this.worker.advance(BEAT);

		assertThat(this.link.isGood(session)).isFalse();
		assertThat(state()).isEqualTo(State.SILENT);
		assertThat(this.link.session()).isEqualTo(session);
	}

	@Test
	void aLateAnswerCountsFromWhenItsHeartbeatWasSent() {
		good();
		long session = this.link.session();
		this.redis.master().answers = false;
		this.worker.advance(Duration.ofSeconds(2));
		assertThat(this.redis.master().beats).hasSize(1);

		this.redis.master().beats.get(0).complete(this.redis.master().now());

		assertThat(this.link.isGood(session)).isFalse();
		this.redis.master().answers = true;
		this.worker.advance(BEAT);
		assertThat(this.link.isGood(session)).isTrue();
	}

	@Test
	void aHeartbeatThatIsNeverAnsweredEndsTheSession() {
		good();
		long session = this.link.session();
		this.redis.master().answers = false;

		this.worker.advance(Duration.ofSeconds(4));

		assertThat(this.redis.connections.get(0).closed).isTrue();
		assertThat(this.link.session()).isEqualTo(session + 1);
		assertThat(this.link.condition().ended()).containsOnlyKeys(End.HEARTBEAT);
		assertGoodAgain();
	}

	@Test
	void anAnswerOfASessionThatHasEndedSaysNothing() {
		good();
		this.redis.master().answers = false;
		this.worker.advance(BEAT);
		ScriptedMasters.Node before = this.redis.master();
		this.redis.connection().listener.lost(before);
		this.redis.refusal = new RedisConnectionException("refused");

		before.beats.get(0).complete(before.now());

		assertThat(isGood()).isFalse();
	}

	@Test
	void whoIsNoMasterAnyMoreTellsNothing() {
		good();
		long session = this.link.session();
		this.redis.master().role = "replica";

		this.worker.advance(BEAT);

		assertEnded(session, End.HEARTBEAT);
		assertGoodAgain();
	}

	@Test
	void anotherConnectionThanThatOfTheSessionTellsNothing() {
		good();
		long session = this.link.session();
		this.redis.master().id = 4711;

		this.worker.advance(BEAT);

		assertEnded(session, End.HEARTBEAT);
	}

	@Test
	void theMasterWhoseHeartbeatIsTheOldestCounts() {
		this.redis.count = 2;
		good();
		this.redis.connection().masters.get(1).answers = false;

		this.worker.advance(Duration.ofMillis(1250));

		assertThat(isGood()).isFalse();
	}

	// Canaries

	@Test
	void aCanaryThatIsNotHeardEndsTheSession() {
		good();
		long session = this.link.session();
		this.redis.tells = false;
		this.worker.advance(Duration.ofSeconds(25));
		assertThat(this.link.isGood(session)).isTrue();

		for (int i = 0; i < 100 && this.link.session() == session; i++) {
			this.worker.advance(BEAT);
		}

		assertEnded(session, End.CANARY);
		this.redis.tells = true;
		assertGoodAgain();
	}

	@Test
	void aFlushCountsAsHeard() {
		good();
		long session = this.link.session();
		this.redis.tells = false;
		this.redis.master().reading = false;
		this.worker.advance(Duration.ofSeconds(31));
		assertThat(this.redis.master().reads).hasSize(1);

		this.redis.master().answers = false;
		this.worker.advance(Duration.ofMillis(500));
		this.redis.master().reads.get(0).complete(new ArrayList<>());
		// It has forgotten that the canary was read.
		this.redis.connection().listener.allChanged(this.redis.master());
		this.redis.master().beats.get(0).complete(this.redis.master().now());
		this.redis.master().answers = true;
		this.worker.advance(Duration.ofSeconds(2));

		assertThat(this.link.isGood(session)).isTrue();
		assertThat(this.told).containsExactly("all");
	}

	@Test
	void aFlushBeforeTheCanaryWasReadIsNothingHeard() {
		good();
		long session = this.link.session();
		this.redis.tells = false;
		this.redis.master().reading = false;
		this.worker.advance(Duration.ofSeconds(31));

		this.redis.connection().listener.allChanged(this.redis.master());
		this.redis.master().reads.get(0).complete(new ArrayList<>());
		this.worker.advance(Duration.ofMillis(500));

		assertThat(this.link.isGood(session)).isFalse();
		assertThat(this.link.condition().ended()).containsOnlyKeys(End.CANARY);
	}

	@Test
	void whereNoCanaryIsEverHeardThatIsSaidOnceAndTriedAgain(CapturedOutput output) {
		this.redis.tells = false;
		this.link.start();
		this.worker.advance(Duration.ofMinutes(5));

		assertThat(isGood()).isFalse();
		assertThat(state()).isEqualTo(State.REFUSED);
		assertThat(output.getAll().lines().filter((line) -> line.contains("connect to Redis itself"))).hasSize(1);
		assertThat(this.redis.connections).hasSizeBetween(6, 9);

		this.redis.tells = true;
		assertGoodAgain();
		assertThat(output).contains("Redis tells what changes again");
	}

	@Test
	void aCanaryThatCannotBeChangedIsNotHeldAgainstTheConnection() {
		good();
		long session = this.link.session();
		this.redis.unchanged = outOfMemory();

		this.worker.advance(LONG);

		assertThat(this.link.isGood(session)).isTrue();
	}

	private static RuntimeException outOfMemory() {
		return new RedisCommandExecutionException("OOM command not allowed");
	}

	// What is told

	@Test
	void whatChangesIsTold() {
		good();

		tell("a", "b");
		this.redis.connection().listener.allChanged(this.redis.master());

		assertThat(this.told).containsExactly("a", "b", "all");
		assertThat(isGood()).isTrue();
	}

	@Test
	void whatCannotBeUnderstoodEndsTheSession() {
		good();
		long session = this.link.session();

		this.redis.connection().listener.failed(this.redis.master(), "Redis sent a message of type message");

		assertEnded(session, End.PUSH);
		assertGoodAgain();
	}

	@Test
	void aLostConnectionEndsTheSessionOfAllMasters() {
		this.redis.count = 3;
		good();
		long session = this.link.session();

		this.redis.connection().listener.lost(this.redis.connection().masters.get(1));
		this.redis.connection().listener.lost(this.redis.connection().masters.get(2));

		assertEnded(session, End.CONNECTION);
		assertThat(this.told).containsExactly("all");
		assertGoodAgain();
	}

	/** Else what is read now in the old session, or found in it, passes for good. */
	@Test
	void whoIsToldThatASessionIsOverFindsItOverAndNoOtherGood() {
		good();
		long session = this.link.session();
		List<Long> told = new ArrayList<>();
		this.listening = () -> {
			assertThat(this.link.isGood(session)).isFalse();
			assertThat(isGood()).isFalse();
			assertThat(read("k")).isCompletedExceptionally();
			assertThat(this.redis.connection().closed).isFalse();
			told.add(this.link.session());
		};

		this.redis.connection().listener.lost(this.redis.master());

		assertThat(told).containsExactly(session + 1);
		assertThat(this.told).containsExactly("all");
	}

	/** Readers take no lock: it is the order of two writes that they rely on. */
	@Test
	void noReaderEverFindsASessionGoodBeforeItIsProvenOrAfterItsEnd() throws Exception {
		AtomicLong proven = new AtomicLong();
		AtomicLong over = new AtomicLong();
		AtomicLong reads = new AtomicLong();
		AtomicBoolean done = new AtomicBoolean();
		CompletableFuture<@Nullable String> reader = CompletableFuture.supplyAsync(() -> {
			while (!done.get()) {
				long ended = over.get();
				if (this.link.isGood(ended)) {
					return "a session that had ended";
				}
				long present = this.link.session();
				if (this.link.isGood(present) && proven.get() < present) {
					return "a session that had not begun";
				}
				reads.incrementAndGet();
			}
			return null;
		}, Threads.OWN);

		proven.set(this.link.session());
		good();
		for (int i = 0; i < Thorough.choose(3_000, 300_000) && !reader.isDone(); i++) {
			// So that it is connected again soon.
			this.worker.advance(Duration.ofSeconds(31));
			this.redis.connection().listener.lost(this.redis.master());
			over.set(proven.get());
			proven.set(this.link.session());
			this.redis.connections.clear();
			this.worker.advance(Duration.ofSeconds(1));
			assertThat(isGood()).isTrue();
		}
		done.set(true);

		assertThat(reader.get(1, TimeUnit.MINUTES)).isNull();
		assertThat(reads).hasPositiveValue();
	}

	@Test
	void aReadFailsIfItsSessionEndsMeanwhile() {
		good();
		this.redis.master().reading = false;
		CompletableFuture<?> read = read("k");
		this.redis.connection().listener.lost(this.redis.master());

		this.redis.connections.get(0).masters.get(0).reads.get(0).complete(new ArrayList<>());

		assertThat(read).isCompletedExceptionally();
	}

	@Test
	void beyondAsManyReadsAsMayBeUnderWayTheyFailAtOnce() {
		good();
		this.redis.master().reading = false;
		for (int i = 0; i < 512; i++) {
			assertThat(read("k")).isNotDone();
		}

		assertThat(read("k")).isCompletedExceptionally();

		assertThat(this.redis.master().reads).hasSize(512);
		this.redis.master().reads.get(0).complete(new ArrayList<>());
		assertThat(read("k")).isNotDone();
	}

	// Clusters

	@ParameterizedTest
	@ValueSource(strings = { "cluster_state:ok\r\ncluster_current_epoch:4\r\n",
			"cluster_state:fail\r\ncluster_current_epoch:3\r\n" })
	void aClusterThatHasChangedEndsTheSession(String info) {
		this.redis.cluster = true;
		this.redis.count = 3;
		good();
		long session = this.link.session();
		this.redis.connection().masters.get(2).clusterInfo = info;

		this.worker.advance(Duration.ofMillis(1250));

		assertThat(this.link.isGood(session)).isFalse();
		assertThat(this.link.condition().ended()).containsOnlyKeys(End.TOPOLOGY);
		assertGoodAgain();
	}

	@Test
	void otherSlotsEndTheSessionThoughTheEpochIsTheSame() {
		this.redis.cluster = true;
		good();
		long session = this.link.session();
		BitSet slots = new BitSet();
		slots.set(7);
		this.redis.master().slots = slots;

		this.worker.advance(Duration.ofMillis(750));

		assertThat(this.link.session()).isEqualTo(session + 1);
		assertThat(this.link.condition().ended()).containsOnlyKeys(End.TOPOLOGY);
	}

	@Test
	void oneMasterIsAskedForTheSlotsOfAllAndEachInItsTurn() {
		this.redis.cluster = true;
		this.redis.count = 3;
		good();
		long session = this.link.session();
		int before = this.redis.slotsAsked;
		this.worker.advance(Duration.ofSeconds(30));
		assertThat(this.redis.slotsAsked - before).isBetween(50, 61);
		BitSet slots = new BitSet();
		slots.set(7);
		this.redis.connection().masters.get(1).slots = slots;

		this.worker.advance(Duration.ofSeconds(2));

		assertThat(this.link.session()).isEqualTo(session + 1);
		assertThat(this.link.condition().ended()).containsOnlyKeys(End.TOPOLOGY);
	}

	@Test
	void mastersThatDoNotAgreeOnTheirSlotsAreWaitedFor() {
		this.redis.cluster = true;
		this.redis.count = 2;
		this.redis.connecting = () -> this.redis.master().slots.set(7);
		this.link.start();
		this.worker.advance(Duration.ofSeconds(10));
		assertThat(isGood()).isFalse();
		assertThat(this.redis.connections).allMatch((connection) -> connection.closed);

		this.redis.connecting = () -> {
		};

		assertGoodAgain();
	}

	@Test
	void nothingIsGoodASecondAfterTheClusterWasLastAskedFor() {
		this.redis.cluster = true;
		this.redis.count = 3;
		good();
		long session = this.link.session();
		this.redis.connection().masters.get(1).describes = false;

		this.worker.advance(Duration.ofMillis(1250));

		assertThat(this.link.isGood(session)).isFalse();
		assertThat(this.link.session()).isEqualTo(session);
	}

	@Test
	void aClusterThatCannotBeUsedIsWaitedFor() {
		this.redis.cluster = true;
		this.redis.clusterInfo = "cluster_state:fail\r\ncluster_current_epoch:3\r\n";
		this.link.start();
		this.worker.advance(Duration.ofSeconds(10));
		assertThat(isGood()).isFalse();
		assertThat(this.redis.connections).allMatch((connection) -> connection.closed);

		this.redis.clusterInfo = "cluster_state:ok\r\ncluster_current_epoch:4\r\n";

		assertGoodAgain();
	}

	@Test
	void aSlotThatHasMovedEndsTheSession() {
		this.redis.cluster = true;
		good();
		long session = this.link.session();
		this.redis.master().reading = false;
		CompletableFuture<?> read = read("k");

		this.redis.master().reads.get(0)
			.completeExceptionally(new RedisCommandExecutionException("MOVED 3999 127.0.0.1:6381"));

		assertThat(read).isCompletedExceptionally();
		assertEnded(session, End.TOPOLOGY);
	}

	@Test
	void anAskIsNoAnswer() {
		this.redis.cluster = true;
		good();
		this.redis.master().reading = false;
		CompletableFuture<?> read = read("k");

		this.redis.master().reads.get(0)
			.completeExceptionally(new RedisCommandExecutionException("ASK 3999 127.0.0.1:6381"));

		assertThat(read).isCompletedExceptionally();
		assertThat(isGood()).isTrue();
	}

	// Clocks, and the end

	@ParameterizedTest
	@ValueSource(longs = { 1500, -1500 })
	void clocksThatPartEndTheSession(long millis) {
		good();
		long session = this.link.session();
		this.wallClockAhead += millis / 2;
		this.worker.advance(Duration.ofSeconds(1));
		assertThat(this.link.isGood(session)).isTrue();

		this.wallClockAhead += millis / 2;
		this.worker.advance(BEAT);

		assertEnded(session, End.CLOCK);
		assertGoodAgain();
	}

	/** The clock that nobody sets has stood still, and nothing has run yet. */
	@ParameterizedTest
	@ValueSource(longs = { 3_600_000, 900, -500 })
	void afterASuspensionNothingIsGoodBeforeAHeartbeatFromAfterIt(long millis) {
		good();
		long session = this.link.session();
		this.worker.advance(Duration.ofMillis(200));
		assertThat(this.link.isGood(session)).isTrue();

		this.wallClockAhead += millis;

		assertThat(this.link.isGood(session)).isFalse();
		this.worker.advance(BEAT);
		assertThat(this.link.isGood(session)).isEqualTo(Math.abs(millis) < 1000);
		assertThat(this.link.session()).isEqualTo((Math.abs(millis) < 1000) ? session : session + 1);
	}

	@Test
	void afterASuspensionTheClusterIsAskedForAsWell() {
		this.redis.cluster = true;
		good();
		this.redis.master().describes = false;
		this.worker.advance(Duration.ofMillis(500));
		assertThat(isGood()).isTrue();

		this.wallClockAhead += 900;
		this.worker.advance(BEAT);

		assertThat(isGood()).isFalse();
		assertThat(state()).isEqualTo(State.SILENT);
	}

	@Test
	void howLongAgoItWasGoodCountsTheTimeOfASuspension() {
		good();
		assertThat(sinceGood()).isLessThan(Duration.ofSeconds(1));
		this.redis.refusal = new RedisConnectionException("refused");
		this.redis.connection().listener.lost(this.redis.master());
		this.worker.advance(Duration.ofSeconds(10));
		assertThat(sinceGood()).isBetween(Duration.ofSeconds(10), Duration.ofSeconds(11));

		this.wallClockAhead += Duration.ofHours(1).toMillis();

		assertThat(sinceGood()).isBetween(Duration.ofHours(1), Duration.ofHours(2));
	}

	@ParameterizedTest
	@EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "FAILURE")
	void onlyIfRedisWasLostIsItOfInterestWhenItWasGood(End why) {
		this.redis.cluster = true;
		good();
		switch (why) {
			case CONNECTION -> this.redis.connection().listener.lost(this.redis.master());
			case HEARTBEAT -> this.redis.master().answers = false;
			case PUSH -> this.redis.connection().listener.failed(this.redis.master(), "what is that");
			case CANARY -> this.redis.tells = false;
			case TOPOLOGY -> this.redis.master().clusterInfo = "cluster_state:ok\r\ncluster_current_epoch:4\r\n";
			case REPLACED -> this.link.replaced();
			case CLOCK -> this.wallClockAhead += 3_600_000;
			case STOPPED -> this.link.stop();
			default -> throw new IllegalStateException();
		}
		this.redis.refusal = new RedisConnectionException("refused");
		this.worker.advance(Duration.ofSeconds(40));

		assertThat(this.link.condition().ended()).containsOnlyKeys(why);
		boolean lost = why == End.CONNECTION || why == End.HEARTBEAT;
		assertThat(sinceGood()).isBetween(Duration.ofSeconds(lost ? 1 : 1_000_000_000), Duration.ofDays(365 * 200));
		assertThat(sinceGood().compareTo(Duration.ofMinutes(1)) < 0).isEqualTo(lost);
	}

	@Test
	void anotherServerIsNoMoreThatWhichWasLost() {
		for (Runnable news : List.<Runnable>of(this.link::replaced, this.link::stop)) {
			good();
			this.redis.connection().listener.lost(this.redis.master());
			assertThat(sinceGood()).isLessThan(Duration.ofSeconds(1));

			news.run();

			assertThat(sinceGood()).isGreaterThan(Duration.ofDays(365));
		}
	}

	private Duration sinceGood() {
		return Duration.ofNanos(this.worker.now() - this.link.lastGood());
	}

	@Test
	void anotherServerEndsTheSession() {
		good();
		long session = this.link.session();

		this.link.replaced();

		assertEnded(session, End.REPLACED);
		assertGoodAgain();
	}

	@Test
	void whatIsStoppedIsStillUntilItIsStarted(CapturedOutput output) {
		good();
		long session = this.link.session();

		this.link.stop();
		this.link.stop();

		assertEnded(session, End.STOPPED);
		this.worker.advance(LONG);
		assertThat(this.redis.connections).hasSize(1);
		assertThat(state()).isEqualTo(State.STOPPED);
		assertThat(output.getAll().lines()).noneMatch((line) -> line.contains("Cache service"));

		this.link.start();
		assertGoodAgain();
	}

	@Test
	void aStopWhileItConnectsLeavesNothingOpen() {
		this.redis.connecting = this.link::stop;
		this.link.start();

		this.worker.advance(LONG);

		assertThat(this.redis.connections).hasSize(1).allMatch((connection) -> connection.closed);
		assertThat(state()).isEqualTo(State.STOPPED);
	}

	// Refusals

	@Test
	void aRightThatLacksIsSaidOnceAndTriedAgain(CapturedOutput output) {
		this.redis.trackingRefusal = new RedisCommandExecutionException(
				"NOPERM User shop-cache has no permissions to run the 'client|tracking' command");
		this.link.start();
		this.worker.advance(Duration.ofMinutes(5));

		assertThat(state()).isEqualTo(State.REFUSED);
		assertThat(output.getAll().lines().filter((line) -> line.contains("lacks the right '+client|tracking'")))
			.hasSize(1);
		assertThat(this.redis.connections).hasSizeBetween(5, 7).allMatch((connection) -> connection.closed);

		this.redis.trackingRefusal = null;
		assertGoodAgain();
		assertThat(output).contains("Redis tells what changes again");
	}

	@ParameterizedTest
	@ValueSource(strings = { "6.2.5", "6.0.20", "5.0.14" })
	void aServerThatIsTooOldIsNotAsked(String version, CapturedOutput output) {
		this.redis.version = version;
		this.link.start();
		this.worker.advance(Duration.ofMinutes(5));

		assertThat(state()).isEqualTo(State.REFUSED);
		assertThat(output.getAll().lines().filter((line) -> line.contains("is too old"))).hasSize(1);
	}

	@ParameterizedTest
	@ValueSource(strings = { "6.2.6", "6.2.11", "7.0.9", "7.0.15", "8.4.0", "255.255.255", "unstable" })
	void aServerThatIsNotTooOldIs(String version, CapturedOutput output) {
		this.redis.version = version;
		good();

		assertThat(output.getAll().lines()).noneMatch((line) -> line.contains("Cache service"));
	}

	@ParameterizedTest
	@ValueSource(strings = { "6.2.7", "6.2.10", "7.0.0", "7.0.8" })
	void aServerThatMayCrashIsNamedOnce(String version, CapturedOutput output) {
		this.redis.version = version;
		good();
		this.link.replaced();
		assertGoodAgain();

		assertThat(output.getAll().lines().filter((line) -> line.contains("crash"))).hasSize(1);
	}

	@Test
	void withoutTheNewProtocolNothingIsTold(CapturedOutput output) {
		this.redis.protocol = 2;
		this.link.start();
		this.worker.advance(Duration.ofMinutes(5));

		assertThat(state()).isEqualTo(State.REFUSED);
		assertThat(output.getAll().lines().filter((line) -> line.contains("speaks RESP2"))).hasSize(1);
	}

	@Test
	void whoDoesNotSayThatTrackingIsOnIsNotBelieved() {
		this.redis.tracks = false;
		this.link.start();
		this.worker.advance(Duration.ofSeconds(10));

		assertThat(state()).isEqualTo(State.REFUSED);
		assertThat(this.redis.connection().closed).isTrue();
	}

	// Pauses

	@Test
	void pausesBetweenAttemptsGrow() {
		good();
		this.redis.refusal = new RedisConnectionException("refused");
		this.redis.connection().listener.lost(this.redis.master());
		this.worker.advance(Duration.ofMinutes(10));
		this.redis.refusal = null;

		for (int i = 0; i < 5; i++) {
			int before = this.redis.connections.size();
			long lost = this.worker.now();
			for (int beats = 0; beats < 1000 && this.redis.connections.size() == before; beats++) {
				this.worker.advance(BEAT);
			}
			if (i > 0) {
				assertThat(Duration.ofNanos(this.worker.now() - lost)).isBetween(Duration.ofSeconds(15),
						Duration.ofSeconds(46));
			}
			this.worker.advance(BEAT);
			this.redis.connection().listener.lost(this.redis.master());
		}
	}

	@Test
	void aSessionThatLastedIsFollowedSoon() {
		good();
		for (int i = 0; i < 10; i++) {
			this.redis.connection().listener.lost(this.redis.master());
			this.worker.advance(Duration.ofSeconds(46));
		}
		assertGoodAgain();

		this.redis.connection().listener.lost(this.redis.master());
		this.worker.advance(Duration.ofSeconds(1));

		assertThat(isGood()).isTrue();
	}

	@Test
	void aLossIsSaidOnceAMinuteAtMost(CapturedOutput output) {
		good();
		for (int i = 0; i < 5; i++) {
			this.redis.connection().listener.lost(this.redis.master());
			this.worker.advance(Duration.ofSeconds(10));
		}

		assertThat(output.getAll().lines().filter((line) -> line.contains("does not tell what changes at the moment")))
			.hasSize(1);
		assertThat(output.getAll().lines().filter((line) -> line.contains("tells what changes again"))).hasSize(1);
	}

}
