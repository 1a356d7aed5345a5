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
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.stream.IntStream;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisConnectionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import dev.cachestarter.engine.connection.Identity;
import dev.cachestarter.engine.connection.Script;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.monitor.RedisOperation;
import dev.cachestarter.engine.redis.ScriptedRedis.Command;
import dev.cachestarter.engine.redis.ScriptedRedis.Connection;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The state of the link, on a clock that the test moves and a Redis that it scripts.
 */
@ExtendWith(OutputCaptureExtension.class)
class RedisLinkTests {

	private static final Duration TIMEOUT = Duration.ofMillis(250);

	private static final Duration SLOW = Duration.ofMillis(200);

	private static final Duration OPEN_FOR = Duration.ofSeconds(1);

	private static final Duration OPEN_FOR_MAX = Duration.ofSeconds(10);

	private static final Duration RETRY = Duration.ofMillis(500);

	private static final Duration HEARTBEAT = Duration.ofSeconds(1);

	private final ScriptedRedis redis = new ScriptedRedis();

	private final ManualWorker worker = this.redis.worker;

	private final Watching watching = new Watching();

	private final RedisLink link = link(50_000);

	private RedisLink link(int queue) {
		RedisLink link = new RedisLink(this.redis, new RedisLink.Settings(TIMEOUT, Duration.ofMillis(500), 50, SLOW, 80,
				20, OPEN_FOR, OPEN_FOR_MAX, RETRY, Duration.ofSeconds(10), HEARTBEAT, queue), this.worker::now,
				this.worker);
		link.observe(this.watching);
		return link;
	}

	private void up() {
		this.link.start();
		this.worker.run();
		assertThat(this.link.isUp()).isTrue();
	}

	/** Long enough for what was to count as well. */
	private void settle() {
		this.worker.advance(OPEN_FOR_MAX.plusSeconds(1));
		assertThat(this.link.isUp()).isTrue();
	}

	private CompletableFuture<?> read(String key) {
		return this.link.read(key.getBytes());
	}

	/** Send a command that is not answered, and wait for it in vain. */
	private void hang() {
		boolean answers = this.redis.answers;
		this.redis.answers = false;
		long session = this.link.session();
		Command command = hold("hangs");
		this.worker.skip(TIMEOUT);
		this.link.gaveUp(session, TIMEOUT.toNanos());
		this.redis.answers = answers;
		command.answer().completeExceptionally(new RedisCommandTimeoutException("in time"));
	}

	/** Send a command that is not answered before the test says so. */
	private Command hold(String key) {
		boolean answers = this.redis.answers;
		this.redis.answers = false;
		read(key);
		this.redis.answers = answers;
		return this.redis.connection().last();
	}

	// Up and away

	@Test
	void beforeRedisIsConnectedToEveryCommandFailsAtOnce() {
		assertThat(this.link.isUp()).isFalse();
		assertThat(read("k")).isCompletedExceptionally();
		assertThat(this.link.unlink("k".getBytes())).isCompletedExceptionally();

		up();

		assertThat(read("k")).isCompleted();
		assertThat(this.link.unlink("k".getBytes())).isCompletedWithValue(1L);
		assertThat(this.watching.events).containsExactly("returning: another", "back: first");
	}

	@Test
	@Timeout(30)
	void theFirstAttemptIsAwaitedForTheConnectTimeoutAtMost() {
		this.link.start();

		// The worker does nothing.
		this.link.awaitFirstAttempt();

		assertThat(this.link.isUp()).isFalse();
	}

	@Test
	@Timeout(30)
	void aLinkThatIsStoppedIsOpenedAgainAndForgetsWhatItWasAbout() {
		this.redis.refusal = new IllegalStateException("down");
		this.link.start();
		this.worker.run();
		stop();
		assertThat(this.redis.open).isFalse();
		this.worker.advance(Duration.ofMinutes(1));
		assertThat(this.redis.attempts).isEqualTo(1);

		this.link.start();
		this.worker.run();
		stop();
		this.link.start();
		this.worker.run();
		int attempts = this.redis.attempts;
		this.worker.advance(RETRY);

		assertThat(this.redis.attempts).as("one after the other").isEqualTo(attempts + 1);
		this.redis.refusal = null;
		this.worker.advance(RETRY);
		assertThat(this.link.isUp()).isTrue();
	}

	@Test
	@Timeout(30)
	void aLinkThatIsStoppedIsAwayInAnotherSessionAndTellsWhoObservesIt() {
		up();
		long session = this.link.session();

		stop();

		assertThat(read("k")).isCompletedExceptionally();
		assertThat(this.link.session()).isNotEqualTo(session);
		this.link.start();
		this.worker.run();
		assertThat(read("k")).isCompleted();
		assertThat(this.watching.events).containsExactly("returning: another", "back: first", "away: stopped",
				"returning: same", "back: again");
	}

	private void stop() {
		// The worker is this thread, so there is nothing to wait for.
		Thread.currentThread().interrupt();
		this.link.stop();
		assertThat(Thread.interrupted()).isTrue();
		this.worker.run();
	}

	@Test
	void itsConditionSaysWhatIsTheMatterAndForHowLong() {
		assertThat(this.link.condition().kind()).isEqualTo(LinkCondition.Kind.UNREACHABLE);
		assertThat(this.link.condition().error()).as("not known yet").isNull();
		this.redis.refusal = new RedisConnectionException("nobody listens");
		this.link.start();
		this.worker.advance(Duration.ofSeconds(3));
		assertThat(this.link.condition()).isEqualTo(new LinkCondition(LinkCondition.Kind.UNREACHABLE, false,
				Duration.ofSeconds(3), "nobody listens", LinkCondition.Refused.NOTHING));

		this.redis.refusal = null;
		this.worker.advance(RETRY);
		settle();
		assertThat(this.link.condition().kind()).isEqualTo(LinkCondition.Kind.WELL);
		assertThat(this.link.condition().error()).isNull();
		assertThat(this.link.condition().lasting()).isGreaterThanOrEqualTo(OPEN_FOR_MAX);

		stop();
		assertThat(this.link.condition().kind()).isEqualTo(LinkCondition.Kind.STOPPED);
	}

	@Test
	void itsConditionTellsARedisThatIsGivenTimeFromOneThatCannotBeReached() {
		up();
		hang();
		this.worker.run();

		assertThat(this.link.condition().kind()).isEqualTo(LinkCondition.Kind.BREAKER_OPEN);
		assertThat(this.link.condition().isUp()).isFalse();

		this.redis.refusal = new RedisConnectionException("nobody listens");
		this.redis.connection().lose();
		this.worker.advance(RETRY);
		assertThat(this.link.condition().kind()).isEqualTo(LinkCondition.Kind.UNREACHABLE);
	}

	@Test
	void itsConditionNamesACommandThatWasRefusedLately() {
		up();
		Command refused = hold("k");
		refused.answer().completeExceptionally(new RedisCommandExecutionException("NOPERM no right to run 'mget'"));

		assertThat(this.link.condition().kind()).isEqualTo(LinkCondition.Kind.REFUSED);
		assertThat(this.link.condition().isUp()).isTrue();
		assertThat(this.link.condition().error()).contains("mget");

		this.worker.advance(Duration.ofMinutes(2));
		assertThat(this.link.condition().kind()).isEqualTo(LinkCondition.Kind.WELL);
	}

	@Test
	void aRefusalIsOverWhenTheVeryCommandIsDone(CapturedOutput output) {
		up();
		refuse(hold("k"), "NOPERM no permissions to run the 'mget' command");
		refuse(held(() -> this.link.unlink("k".getBytes())), "NOPERM no permissions to run the 'unlink' command");
		assertThat(this.link.condition().error()).contains("'+mget'", "'+unlink'");

		read("k");

		assertThat(this.link.condition().kind()).isEqualTo(LinkCondition.Kind.REFUSED);
		assertThat(this.link.condition().error()).contains("'+unlink'").doesNotContain("mget");

		this.link.unlink("k".getBytes());
		assertThat(this.link.condition().kind()).isEqualTo(LinkCondition.Kind.WELL);
		assertThat(output).containsOnlyOnce("permits again what it had refused (+mget)")
			.containsOnlyOnce("permits again what it had refused (+unlink)");
	}

	@Test
	void aRefusalOfKeysIsOverWhenKeysOfThesePatternsAreRead() {
		this.link.namePatternsBy((key) -> new String(key).startsWith("a") ? "~a:*" : "~b:*");
		up();
		refuse(hold("a:1"), "NOPERM this user has no permissions to access one of the keys used as arguments");

		read("b:1");
		assertThat(this.link.condition().error()).contains("'~a:*'");

		read("a:2");
		assertThat(this.link.condition().kind()).isEqualTo(LinkCondition.Kind.WELL);
	}

	@Test
	void aScriptThatFoundNothingToDoSaysNothingOfWhatItMayDo() {
		up();
		Script script = Script.of(RedisOperation.FILL, "return redis.call('SET', KEYS[1], ARGV[1])");
		refuse(held(() -> this.link.run(script, "k".getBytes())), "NOPERM no permissions to run the 'set' command");

		for (String nothing : List.of("0", "=what is there")) {
			held(() -> this.link.run(script, "k".getBytes())).answer().complete(nothing.getBytes());
			assertThat(this.link.condition().kind()).isEqualTo(LinkCondition.Kind.REFUSED);
		}

		held(() -> this.link.run(script, "k".getBytes())).answer().complete("1".getBytes());
		assertThat(this.link.condition().kind()).isEqualTo(LinkCondition.Kind.WELL);
	}

	@Test
	void aScriptThatDidWithoutTheCommandSaysNothingOfTheRightToIt(CapturedOutput output) {
		up();
		Script sometimes = Script.of(RedisOperation.GENERATION, """
				if redis.call('GET', KEYS[1]) then
				  redis.call('PEXPIRE', KEYS[1], ARGV[1])
				end
				return '+'
				""", "PEXPIRE");
		Script always = Script.of(RedisOperation.RENEW, "return redis.call('PEXPIRE', KEYS[1], ARGV[1])");
		String error = "NOPERM no permissions to run the 'pexpire' command";
		for (int i = 0; i < 3; i++) {
			refuse(held(() -> this.link.run(sometimes, "k".getBytes())), error);
			held(() -> this.link.run(sometimes, "k".getBytes())).answer().complete("+".getBytes());
			read("k");
			assertThat(this.link.condition().error()).contains("'+pexpire'");
			this.worker.advance(Duration.ofMinutes(1));
		}

		refuse(held(() -> this.link.run(sometimes, "k".getBytes())), error);
		held(() -> this.link.run(always, "k".getBytes())).answer().complete("1".getBytes());

		assertThat(this.link.condition().kind()).isEqualTo(LinkCondition.Kind.WELL);
		assertThat(output).containsOnlyOnce("ERROR").containsOnlyOnce("permits again what it had refused (+pexpire)");
	}

	@Test
	void aRedisWithoutMemoryIsToldUntilItHasStoredAValue() {
		up();
		Script lease = Script.of(RedisOperation.LEASE, "return redis.call('SET', KEYS[1], 'lease')");
		Script fill = Script.of(RedisOperation.FILL, "return redis.call('SET', KEYS[1], ARGV[1])");
		String full = "OOM command not allowed when used memory > 'maxmemory'.";
		refuse(held(() -> this.link.run(lease, "k".getBytes())), full);

		assertThat(this.link.condition().kind()).isEqualTo(LinkCondition.Kind.MEMORY_FULL);
		assertThat(this.link.condition().isUp()).isTrue();
		assertThat(this.link.condition().refused()).isEqualTo(new LinkCondition.Refused(null, null, full));

		read("k");
		refuse(held(() -> this.link.unlink("k".getBytes())), "NOPERM no permissions to run the 'unlink' command");
		assertThat(this.link.condition().kind()).isEqualTo(LinkCondition.Kind.REFUSED);
		assertThat(this.link.condition().refused().memory()).isEqualTo(full);

		held(() -> this.link.run(fill, "k".getBytes())).answer().complete("1".getBytes());
		assertThat(this.link.condition().refused().memory()).isNull();
		assertThat(this.link.condition().kind()).isEqualTo(LinkCondition.Kind.REFUSED);
	}

	@Test
	void aRedisThatIsInNoStateToWriteIsTold() {
		up();
		refuse(held(() -> this.link.set("k".getBytes(), new byte[1], TIMEOUT)),
				"NOREPLICAS Not enough good replicas to write.");

		assertThat(this.link.condition().kind()).isEqualTo(LinkCondition.Kind.REFUSED);
		assertThat(this.link.condition().refused().state()).startsWith("NOREPLICAS");
		assertThat(this.link.condition().refused().rights()).isNull();

		this.link.set("k".getBytes(), new byte[1], TIMEOUT);
		assertThat(this.link.condition().kind()).isEqualTo(LinkCondition.Kind.WELL);
	}

	@Test
	void whatWasRefusedIsNoReasonForALaterOutage() {
		up();
		settle();
		refuse(hold("k"), "NOPERM no permissions to run the 'mget' command");

		this.redis.refusal = new RedisConnectionException("nobody listens");
		this.redis.connection().lose();
		this.worker.advance(RETRY);

		assertThat(this.link.condition().kind()).isEqualTo(LinkCondition.Kind.UNREACHABLE);
		this.redis.refusal = null;
		this.worker.advance(OPEN_FOR_MAX);
		assertThat(this.link.condition().kind()).as("a new connection").isEqualTo(LinkCondition.Kind.WELL);
	}

	@Test
	void aRightThatIsTakenAwayAgainIsSaidAgainOnceAMinuteAtMost(CapturedOutput output) {
		up();
		for (int i = 0; i < 10; i++) {
			refuse(hold("k"), "NOPERM no permissions to run the 'mget' command");
			read("k");
		}
		assertThat(output).containsOnlyOnce("ERROR").containsOnlyOnce("permits again");

		this.worker.advance(Duration.ofMinutes(1));
		refuse(hold("k"), "NOPERM no permissions to run the 'mget' command");

		assertThat(output.getAll().split("lacks the right '.mget'", -1)).hasSize(3);
	}

	private static void refuse(Command command, String error) {
		command.answer().completeExceptionally(new RedisCommandExecutionException(error));
	}

	/** Send something that is not answered before the test says so. */
	private Command held(Runnable sending) {
		boolean answers = this.redis.answers;
		this.redis.answers = false;
		sending.run();
		this.redis.answers = answers;
		return this.redis.connection().last();
	}

	@Test
	void aRedisThatCannotBeConnectedToIsTriedAgain() {
		this.redis.refusal = new RedisConnectionException("refused");
		this.link.start();
		this.worker.run();
		assertThat(this.redis.attempts).isEqualTo(1);

		this.worker.advance(RETRY.multipliedBy(4));
		assertThat(this.redis.attempts).isEqualTo(5);
		assertThat(this.link.isUp()).isFalse();

		this.redis.refusal = null;
		this.worker.advance(RETRY);
		assertThat(this.link.isUp()).isTrue();
	}

	@Test
	void whileTheLinkRecoversEvictionsAreSentAndNothingElse() {
		List<Boolean> sent = new ArrayList<>();
		this.watching.returning = () -> {
			assertThat(this.link.isUp()).isFalse();
			sent.add(this.link.unlink("k".getBytes()).isCompletedExceptionally());
			sent.add(read("k").isCompletedExceptionally());
			return CompletableFuture.completedFuture(1);
		};

		up();

		assertThat(sent).containsExactly(false, true);
	}

	@Test
	void aRedisThatDoesNotAnswerEvictionsIsNotUp() {
		this.watching.returning = () -> {
			Command unlink = held(() -> this.link.unlink("probe".getBytes()));
			this.worker.skip(TIMEOUT);
			unlink.answer().completeExceptionally(new RedisCommandTimeoutException("in time"));
			return CompletableFuture.completedFuture(0);
		};
		this.link.start();

		this.worker.advance(RETRY.multipliedBy(3));

		assertThat(this.link.isUp()).isFalse();

		this.watching.returning = () -> CompletableFuture.completedFuture(0);
		this.worker.advance(RETRY.multipliedBy(2));

		assertThat(this.link.isUp()).isTrue();
	}

	@Test
	void aConnectionThatBreaksIsReplacedAtOnce() {
		up();
		settle();
		Connection first = this.redis.connection();

		first.lose();

		assertThat(this.link.isUp()).isFalse();
		assertThat(read("k")).isCompletedExceptionally();
		assertThat(first.closed).isTrue();

		this.worker.run();

		assertThat(this.link.isUp()).isTrue();
		assertThat(this.redis.connections).hasSize(2);
		assertThat(this.watching.events).containsExactly("returning: another", "back: first", "away: connection lost",
				"returning: same", "back: again");
	}

	@Test
	void aConnectionThatIsLostWhileEvictionsAreAppliedIsNotTakenForALink() {
		this.watching.returning = () -> {
			this.redis.connection().lose();
			this.watching.returning = () -> CompletableFuture.completedFuture(0);
			return CompletableFuture.completedFuture(0);
		};
		this.link.start();
		this.worker.run();

		assertThat(this.link.isUp()).isFalse();
		assertThat(read("k")).isCompletedExceptionally();

		this.worker.advance(RETRY);

		assertThat(this.link.isUp()).isTrue();
		assertThat(this.redis.connections).hasSize(2);
	}

	@Test
	void aConnectionThatIsLostBeforeAnybodyIsToldIsNotTakenForALink() {
		this.watching.returning = () -> {
			this.redis.connection().open = false;
			this.watching.returning = () -> CompletableFuture.completedFuture(0);
			return CompletableFuture.completedFuture(0);
		};
		this.link.start();
		this.worker.run();

		assertThat(this.link.isUp()).isFalse();
	}

	@Test
	void aConnectionThatIsLostAtTheMomentOfItsArrivalIsLeft() {
		this.watching.back = () -> {
			this.watching.back = () -> {
			};
			this.redis.connection().lose();
		};
		this.link.start();
		this.worker.run();

		assertThat(this.link.isUp()).isFalse();

		// The heartbeat, which would notice too, is as far off.
		this.worker.advance(OPEN_FOR);

		assertThat(this.link.isUp()).isTrue();
		assertThat(this.redis.connections).hasSize(2);
	}

	@Test
	void whatAnAbandonedConnectionAnswersIsNotHeard() {
		up();
		settle();
		Connection first = this.redis.connection();
		this.redis.answers = false;
		CompletableFuture<Long> acknowledged = this.link.unlink("k".getBytes());
		Command unlink = first.last();
		first.lose();
		this.redis.answers = true;
		this.worker.run();
		assertThat(this.link.isUp()).isTrue();

		unlink.answer().complete(1L);

		assertThat(acknowledged).isCompletedExceptionally();
	}

	@Test
	void aHeartbeatThatIsNotAnsweredMakesTheLinkLeave() {
		up();
		settle();
		Connection first = this.redis.connection();

		this.redis.silence = new TimeoutException();
		this.worker.advance(HEARTBEAT);

		assertThat(this.link.isUp()).isFalse();
		assertThat(first.closed).isTrue();

		this.redis.silence = null;
		this.worker.advance(RETRY);

		assertThat(this.link.isUp()).isTrue();
	}

	@Test
	void oneSlowHeartbeatIsNoReasonToLeaveAndTwoAre() {
		up();
		settle();
		this.redis.ping = SLOW.plusMillis(1);

		this.worker.advance(HEARTBEAT);
		assertThat(this.link.isUp()).isTrue();

		this.worker.advance(HEARTBEAT);
		assertThat(this.link.isUp()).isFalse();

		this.worker.advance(OPEN_FOR_MAX);
		assertThat(this.link.isUp()).as("it is as slow as before").isFalse();

		this.redis.ping = Duration.ZERO;
		this.worker.advance(RETRY);
		assertThat(this.link.isUp()).isTrue();
	}

	@Test
	void afterItIsClosedNothingIsSentOrConnected() {
		up();
		Connection connection = this.redis.connection();

		this.link.close();
		connection.lose();
		this.worker.advance(OPEN_FOR_MAX);

		assertThat(read("k")).isCompletedExceptionally();
		assertThat(this.redis.attempts).isEqualTo(1);
		assertThat(this.watching.events).doesNotContain("away: connection lost");
	}

	// Whose fault it is

	@Test
	void aRedisThatHangsIsLeftByTheFirstWhoWaitsInVain() {
		up();
		settle();

		hang();

		assertThat(this.link.isUp()).isFalse();
		assertThat(this.watching.events).contains("away: a command was not answered within 250 ms");
		this.worker.run();
		assertThat(this.link.isUp()).isTrue();
		assertThat(this.redis.connections).as("it answers again").hasSize(1);
	}

	@Test
	void aLateAnswerIsNoReasonToLeaveWhileOthersArrive() {
		up();
		settle();
		long session = this.link.session();
		Command late = hold("late");
		for (int i = 0; i < 5; i++) {
			this.worker.skip(Duration.ofMillis(50));
			read("other");
		}

		this.link.gaveUp(session, TIMEOUT.toNanos());
		late.answer().completeExceptionally(new RedisCommandTimeoutException("in time"));

		assertThat(this.link.isUp()).isTrue();
		assertThat(this.link.session()).isEqualTo(session);
	}

	@Test
	void timeInWhichThisJvmStoodStillIsNotTheServersFault() {
		up();
		settle();
		long session = this.link.session();
		Command unread = hold("unread");
		this.worker.skip(TIMEOUT);
		this.redis.lag += TIMEOUT.toNanos();

		this.link.gaveUp(session, TIMEOUT.toNanos());
		unread.answer().completeExceptionally(new RedisCommandTimeoutException("in time"));

		assertThat(this.link.isUp()).isTrue();
		assertThat(this.link.session()).isEqualTo(session);
	}

	@Test
	void timeThatACallerTakesToHandItsCommandOverIsNotTheServersFault() {
		up();
		settle();
		long session = this.link.session();
		this.redis.handingOver = () -> {
			// A virtual thread that waits behind thousands of others, say.
			this.worker.skip(TIMEOUT);
			this.link.gaveUp(session, TIMEOUT.toNanos());
		};

		for (int i = 0; i < 40; i++) {
			assertThat(read("k")).isCompleted();
		}

		assertThat(this.link.isUp()).isTrue();
		assertThat(this.link.session()).isEqualTo(session);
	}

	@Test
	void aCommandThatIsNotHandedOverYetHidesNoneThatIsNotAnswered() {
		up();
		settle();
		this.redis.handingOver = () -> {
			this.redis.handingOver = () -> {
			};
			hang();
		};

		read("k");

		assertThat(this.link.isUp()).isFalse();
	}

	@Test
	void slowAnswersOfThisJvmsOwnMakingDoNotTripTheBreaker() {
		up();
		settle();
		for (int i = 0; i < 40; i++) {
			Command slow = hold("slow");
			this.worker.skip(SLOW.plusMillis(10));
			this.redis.lag += SLOW.toNanos();
			slow.answer().complete(List.of());
		}

		assertThat(this.link.isUp()).isTrue();
	}

	@Test
	void aRedisThatIsSlowThroughoutIsLeft() {
		up();
		settle();
		for (int i = 0; i < 20; i++) {
			assertThat(this.link.isUp()).isTrue();
			Command slow = hold("slow");
			this.worker.skip(SLOW.plusMillis(10));
			slow.answer().complete(List.of());
		}

		assertThat(this.link.isUp()).isFalse();
		assertThat(this.watching.events).contains("away: too many failing or slow commands");
	}

	@Test
	void whoWaitsForWhatWasNotSentYetSaysNothingOfRedis() {
		up();
		settle();
		long session = this.link.session();
		this.worker.skip(TIMEOUT);

		this.link.gaveUp(session, TIMEOUT.toNanos());

		assertThat(this.link.session()).isEqualTo(session);
	}

	@Test
	void whoHadLittleTimeLeftSaysNothingOfRedis() {
		up();
		settle();
		hold("young");
		this.worker.skip(Duration.ofMillis(50));

		this.link.gaveUp(this.link.session(), Duration.ofMillis(50).toNanos());

		assertThat(this.link.isUp()).isTrue();
	}

	@Test
	void whoGaveUpInAnOldSessionDoesNotEndTheNew() {
		up();
		settle();
		long old = this.link.session();
		this.redis.connection().lose();
		this.worker.advance(OPEN_FOR);
		hold("hangs");
		this.worker.skip(TIMEOUT);

		this.link.gaveUp(old, TIMEOUT.toNanos());

		assertThat(this.link.isUp()).isTrue();

		this.link.gaveUp(this.link.session(), TIMEOUT.toNanos());

		assertThat(this.link.isUp()).isFalse();
	}

	@Test
	void aCommandOfAnOldSessionThatIsNotAnsweredDoesNotEndTheNew() {
		up();
		settle();
		Command old = hold("old");
		hang();
		this.worker.run();
		assertThat(this.link.isUp()).isTrue();
		assertThat(this.redis.connections).hasSize(1);

		this.worker.skip(TIMEOUT);
		old.answer().completeExceptionally(new RedisCommandTimeoutException("in time"));

		assertThat(this.link.isUp()).isTrue();
	}

	@Test
	void whatWaitsItsTurnFailsWhenTheLinkLeaves() {
		up();
		settle();
		this.redis.answers = false;
		List<CompletableFuture<?>> reads = new ArrayList<>();
		IntStream.range(0, 1000).forEach((i) -> reads.add(read("k" + i)));
		int sent = this.redis.connection().sent.size();
		assertThat(sent).isLessThan(1000);
		this.worker.skip(TIMEOUT);

		this.link.gaveUp(this.link.session(), TIMEOUT.toNanos());

		assertThat(this.link.isUp()).isFalse();
		assertThat(reads.stream().filter(CompletableFuture::isCompletedExceptionally)).hasSize(1000 - sent);
	}

	@Test
	void aRefusalOfOneCommandIsNoReasonToLeaveAndSaidOnce(CapturedOutput output) {
		up();
		settle();
		for (int i = 0; i < 50; i++) {
			hold("k").answer()
				.completeExceptionally(
						new RedisCommandExecutionException("NOPERM this user has no permissions to run the 'mget'"));
		}

		assertThat(this.link.isUp()).isTrue();
		assertThat(output.getAll().split("Cache service Redis error: NOPERM", -1)).hasSize(2);
	}

	@Test
	void whatAServerRepeatsOfACommandIsNotLogged(CapturedOutput output) {
		up();
		settle();

		hold("k").answer()
			.completeExceptionally(new RedisCommandExecutionException(
					"ERR unknown command 'MGET', with args beginning with: 'secret-key' 'hunter2'"));
		this.redis.refusal = new RedisConnectionException("Unable to connect to localhost/<unresolved>:6379",
				new RedisCommandExecutionException("ERR unknown command `HELLO`, with args beginning with: `hunter2`"));
		this.redis.connection().lose();
		this.worker.advance(RETRY);

		assertThat(output.getAll()).contains("unknown command 'MGET'").doesNotContain("hunter2", "secret-key");
	}

	@Test
	void aServerThatIsAReplicaNowIsLostAndOneThatLoadsIsLeft() {
		up();
		settle();
		Connection first = this.redis.connection();
		hold("k").answer().completeExceptionally(new RedisCommandExecutionException("READONLY You can't write"));
		assertThat(first.closed).isTrue();
		this.worker.advance(OPEN_FOR);
		settle();
		Connection second = this.redis.connection();

		hold("k").answer().completeExceptionally(new RedisCommandExecutionException("LOADING Redis is loading"));

		assertThat(this.link.isUp()).isFalse();
		assertThat(second.closed).isFalse();
	}

	@Test
	void aLoginThatIsRefusedIsTriedSeldomAndSaidAsAnError(CapturedOutput output) {
		this.redis.refusal = new RedisConnectionException("Unable to connect to localhost/<unresolved>:6379",
				new RedisCommandExecutionException("WRONGPASS invalid username-password pair"));
		this.link.start();

		this.worker.advance(Duration.ofSeconds(35));

		assertThat(this.redis.attempts).isEqualTo(4);
		assertThat(output.getAll()).contains("ERROR")
			.contains("Unable to connect to localhost:6379: WRONGPASS")
			.doesNotContain("unresolved");
	}

	@Test
	void whateverANewsBringerThrowsAnswersArriveAndTheLinkComesBack() {
		this.watching.throwing = true;
		up();
		settle();

		Command hangs = hold("hangs");
		CompletableFuture<Long> unlink = this.link.unlink("k".getBytes());
		hangs.answer().completeExceptionally(new RedisCommandExecutionException("LOADING Redis is loading"));

		assertThat(unlink).isCompleted();
		assertThat(this.link.isUp()).isFalse();
		this.worker.run();
		assertThat(this.link.isUp()).isTrue();
	}

	// Back-off

	@Test
	void thePauseGrowsWithEachTimeThatCallsWereNotAnswered() {
		up();
		for (long seconds : new long[] { 1, 2, 4, 8, 10, 10 }) {
			hang();
			assertThat(this.link.isUp()).isFalse();

			this.worker.advance(Duration.ofSeconds(seconds).minusMillis(10));
			assertThat(this.link.isUp()).as("before %d s", seconds).isFalse();

			this.worker.advance(Duration.ofMillis(20));
			assertThat(this.link.isUp()).as("after %d s", seconds).isTrue();
		}
		settle();

		hang();
		this.worker.run();

		assertThat(this.link.isUp()).as("it was well for long").isTrue();
	}

	@Test
	void duringThePauseRedisIsHadTakeEvictions() {
		up();
		hang();
		this.worker.advance(Duration.ofSeconds(1));
		hang();
		this.watching.events.clear();

		this.worker.advance(Duration.ofMillis(1900));

		assertThat(this.link.isUp()).isFalse();
		assertThat(this.watching.events).hasSizeGreaterThan(2).containsOnly("returning: same");
	}

	@Test
	void thePauseOfAConnectionThatBreaksDoesNotGrow() {
		up();
		for (int i = 0; i < 8; i++) {
			this.redis.connection().lose();
			assertThat(this.link.isUp()).isFalse();

			this.worker.advance(OPEN_FOR.plusMillis(10));

			assertThat(this.link.isUp()).isTrue();
		}
	}

	@Test
	void anOutageThatWasSeenToEndEndsThePause() {
		up();
		for (int i = 0; i < 8; i++) {
			hang();
			this.redis.silence = new TimeoutException();
			this.worker.advance(Duration.ofSeconds(3));
			assertThat(this.link.isUp()).isFalse();
			this.redis.silence = null;

			this.worker.advance(OPEN_FOR.plus(RETRY).plusMillis(20));

			assertThat(this.link.isUp()).as("after %d outages", i + 1).isTrue();
		}
	}

	// Who the server is, and when it was lost

	@Test
	void anotherServerMustBeToldOfEvictionsAgain() {
		up();
		this.redis.mark = "bbbbbbbb";
		this.redis.connection().lose();
		this.worker.advance(OPEN_FOR);

		assertThat(this.watching.returns()).startsWith("returning: another", "returning: another");
		assertThat(this.watching.returns().subList(2, this.watching.returns().size())).containsOnly("returning: same");
		assertThat(this.link.runMark()).isEqualTo("bbbbbbbb");
	}

	@Test
	void anotherServerMustBeToldOfEvictionsAgainAlsoIfThatFailsAtFirst() {
		up();
		settle();
		this.watching.events.clear();
		this.watching.forgetful = true;
		this.redis.mark = "bbbbbbbb";
		this.redis.connection().lose();
		this.worker.run();
		assertThat(this.link.isUp()).isFalse();
		assertThat(this.watching.returns()).isEmpty();

		this.watching.forgetful = false;
		this.worker.advance(OPEN_FOR);

		assertThat(this.link.isUp()).isTrue();
		assertThat(this.watching.returns()).startsWith("returning: another");
	}

	@Test
	void aServerThatDoesNotSayWhoItIsMustBeToldOncePerConnection() {
		this.redis.mark = Identity.NO_MARK;
		up();
		this.redis.connection().lose();
		this.worker.advance(OPEN_FOR);
		settle();
		hang();
		this.worker.run();

		assertThat(this.link.isUp()).isTrue();
		assertThat(this.watching.returns()).startsWith("returning: another", "returning: another");
		assertThat(this.watching.returns().subList(2, this.watching.returns().size())).containsOnly("returning: same");
		assertThat(Identity.NO_MARK).isEqualTo(EntryHeader.NO_MARK);
	}

	@Test
	void aServerWhoseHistoryChangesUnderAConnectionMustBeToldOfEvictionsAgain() {
		up();
		settle();
		this.watching.events.clear();
		// Demoted and promoted again between two heartbeats.
		this.redis.mark = "cccccccc";

		this.worker.advance(HEARTBEAT);

		assertThat(this.watching.events).containsExactly("away: the server has another identity than before",
				"returning: another", "back: again");
	}

	@Test
	void aServerWasLostWhenItsLastGoodHeartbeatWasSent() {
		up();
		this.worker.advance(HEARTBEAT.multipliedBy(3));
		long lastHeartbeat = this.worker.now();
		assertThat(this.link.lastWhole()).isEqualTo(lastHeartbeat);

		// A JVM that is frozen goes on 70 seconds later, and finds the connection broken.
		this.worker.skip(Duration.ofSeconds(70));
		this.redis.mark = "bbbbbbbb";
		List<Long> lost = new ArrayList<>();
		this.watching.returning = () -> {
			lost.add(this.link.lastWhole());
			return CompletableFuture.completedFuture(0);
		};
		this.redis.connection().lose();
		this.worker.run();

		assertThat(lost).containsExactly(lastHeartbeat);
		assertThat(this.link.lastWhole()).isEqualTo(this.worker.now());
	}

	@Test
	void aClusterIsLostWhenItLosesOneMasterHoweverOftenItLeavesAfterThat() {
		this.redis.cluster = true;
		up();
		this.worker.advance(HEARTBEAT.multipliedBy(2));
		long whole = this.worker.now();
		this.redis.unreachable.add("gone");
		this.redis.mark = "bbbbbbbb";
		this.redis.connection().lose();
		this.worker.advance(Duration.ofSeconds(40));
		assertThat(this.link.isUp()).isTrue();
		assertThat(this.link.lastWhole()).isEqualTo(whole);
		this.redis.connection().lose();
		this.worker.advance(Duration.ofSeconds(40));
		assertThat(this.link.isUp()).isTrue();

		// It is back, from an old dump.
		List<Long> lost = new ArrayList<>();
		this.watching.returning = () -> {
			lost.add(this.link.lastWhole());
			return CompletableFuture.completedFuture(0);
		};
		this.redis.unreachable.clear();
		this.redis.mark = "cccccccc";
		this.redis.connection().lose();
		this.worker.run();

		assertThat(lost).containsExactly(whole);
		assertThat(this.link.lastWhole()).isEqualTo(this.worker.now());
	}

	@Test
	void commandsForAMasterThatIsGoneAreNotSent() {
		this.redis.cluster = true;
		this.redis.unreachable.add("gone");
		up();
		Connection connection = this.redis.connection();

		assertThat(read("gone")).isCompletedExceptionally();
		assertThat(this.link.read("there".getBytes(), "gone".getBytes())).isCompletedExceptionally();
		assertThat(read("there")).isCompleted();

		assertThat(connection.sent).extracting(Command::key).containsExactly("there");
	}

	@Test
	void commandsThatFailForWantOfAMasterDoNotTripTheBreaker() {
		this.redis.cluster = true;
		this.redis.unreachable.add("gone");
		up();
		for (int i = 0; i < 50; i++) {
			hold("moved").answer().completeExceptionally(new RedisConnectionException("Unable to connect"));
		}

		assertThat(this.link.isUp()).isTrue();
	}

	@Test
	void timeIsTheServers() {
		this.redis.clockOffset = Duration.ofHours(1).toMillis();
		up();

		assertThat(this.link.serverMillis()).isEqualTo(this.worker.now() / 1_000_000 + Duration.ofHours(1).toMillis());

		this.redis.clockOffset = Duration.ofHours(-1).toMillis();
		this.worker.advance(HEARTBEAT);

		assertThat(this.link.serverMillis()).isEqualTo(this.worker.now() / 1_000_000 - Duration.ofHours(1).toMillis());
	}

	// Portions

	@Test
	void veryManyKeysAreReadAndDeletedInPortions() {
		up();
		byte[][] keys = IntStream.range(0, 1201).mapToObj((i) -> ("k" + i).getBytes()).toArray(byte[][]::new);

		CompletableFuture<List<byte @Nullable []>> values = this.link.read(keys);
		CompletableFuture<Long> deleted = this.link.unlink(keys);

		assertThat(values).isCompleted();
		assertThat(values.join()).containsExactly(keys);
		assertThat(deleted).isCompletedWithValue(1201L);
		assertThat(this.redis.connection().sent).extracting(Command::keys)
			.containsExactly(500, 500, 201, 500, 500, 201);
	}

	@Test
	void durationsBeyondThreeCenturiesAreAsGoodAsAHundredYears() {
		Duration ever = Duration.ofDays(200_000);
		RedisLink patient = new RedisLink(this.redis,
				new RedisLink.Settings(ever, ever, 50, ever, 80, 20, ever, ever, ever, ever, ever, 50_000),
				this.worker::now, this.worker);
		patient.start();
		this.worker.run();
		assertThat(patient.isUp()).isTrue();

		this.redis.connection().lose();
		this.worker.run();
		this.redis.connection().lose();
		assertThat(patient.isUp()).isFalse();
		this.worker.advance(Duration.ofDays(36_501));

		assertThat(patient.isUp()).isTrue();
		patient.close();
	}

	/**
	 * Notes what it is told.
	 */
	private static final class Watching implements LinkObserver {

		final List<String> events = new ArrayList<>();

		boolean throwing;

		/** Whether it fails when another server is found. */
		boolean forgetful;

		private boolean replaced;

		Supplier<CompletableFuture<Integer>> returning = () -> CompletableFuture.completedFuture(0);

		Runnable back = () -> {
		};

		List<String> returns() {
			return this.events.stream().filter((event) -> event.startsWith("returning")).toList();
		}

		private void told(String event) {
			this.events.add(event);
			if (this.throwing) {
				throw new NoClassDefFoundError(event);
			}
		}

		@Override
		public void away(String why) {
			told("away: " + why);
		}

		@Override
		public void replaced() {
			if (this.forgetful) {
				throw new IllegalStateException("of the test");
			}
			this.replaced = true;
		}

		@Override
		public CompletableFuture<Integer> returning() {
			this.events.add("returning: " + (this.replaced ? "another" : "same"));
			this.replaced = false;
			return this.returning.get();
		}

		@Override
		public void connected(CompletableFuture<Integer> applied) {
			this.back.run();
			told("back: first");
		}

		@Override
		public void back(Duration away, CompletableFuture<Integer> applied) {
			this.back.run();
			told("back: again");
		}

	}

}
