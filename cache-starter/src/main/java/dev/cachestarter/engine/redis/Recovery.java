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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.Identity;
import dev.cachestarter.engine.connection.RedisConnection;
import dev.cachestarter.engine.connection.RedisConnector;
import dev.cachestarter.engine.connection.RedisErrors;

/**
 * What the link does in the background, on one thread: it connects, greets, has evictions
 * applied, lets the link arrive, and looks after it with a heartbeat.
 */
final class Recovery {

	/**
	 * How much longer than for one answer all reads wait for pending evictions that Redis
	 * takes its time for.
	 */
	private static final Duration LONGER = Duration.ofMillis(750);

	private static final String SLOW = "Redis answers slowly";

	private final RedisConnector connector;

	private final LinkState state;

	private final AnswerJudge judge;

	private final LinkReport report;

	private final Outbox.Limits limits;

	private final Pauses pauses;

	private final LongSupplier clock;

	private final ScheduledExecutorService worker;

	private final String timeoutText;

	private volatile LinkObserver observer = LinkObserver.NONE;

	/** Completed when it has been tried once to connect. */
	private volatile CompletableFuture<@Nullable Void> tried = new CompletableFuture<>();

	/** How often it was opened. */
	private final AtomicInteger era = new AtomicInteger();

	private boolean everUp;

	/**
	 * Whether Redis was checked since the link went down, and when a check last failed.
	 */
	private boolean looked;

	private @Nullable Long lookedInVainAt;

	/** Whether Redis is well, and only waited with. */
	private volatile boolean resting;

	/** Whether the last heartbeat was slow. One alone may meet a burst. */
	private boolean slowBefore;

	/** Who was greeted last. */
	private volatile Identity identity;

	/** Who that was when evictions were last applied again. */
	private Identity before;

	/** On which connection that was done for a server that does not say. */
	private @Nullable Outbox replayedOn;

	private volatile long lastWhole;

	/** Server milliseconds minus milliseconds of the clock. */
	private volatile long clockOffset;

	Recovery(RedisConnector connector, LinkState state, AnswerJudge judge, LinkReport report, Outbox.Limits limits,
			Pauses pauses, String timeoutText, LongSupplier clock, ScheduledExecutorService worker) {
		this.connector = connector;
		this.state = state;
		this.judge = judge;
		this.report = report;
		this.limits = limits;
		this.pauses = pauses;
		this.timeoutText = timeoutText;
		this.clock = clock;
		this.worker = worker;
		long now = clock.getAsLong();
		this.lastWhole = now;
		this.identity = new Identity(Identity.NO_MARK, now);
		this.before = this.identity;
		this.clockOffset = System.currentTimeMillis() - now / 1_000_000;
	}

	void observe(LinkObserver observer) {
		this.observer = observer;
	}

	Identity identity() {
		return this.identity;
	}

	/**
	 * Return when the last good heartbeat of all masters was sent.
	 */
	long lastWhole() {
		return this.lastWhole;
	}

	/**
	 * Return whether Redis was well when it was last looked at, and is not used yet only
	 * because it has failed so lately.
	 */
	boolean isResting() {
		return this.resting;
	}

	long serverMillis() {
		return this.clockOffset + this.clock.getAsLong() / 1_000_000;
	}

	/**
	 * Begin to look after the link.
	 * @param heartbeat pause between two heartbeats
	 */
	void start(Duration heartbeat) {
		long beat = heartbeat.toMillis();
		this.worker.scheduleWithFixedDelay(this::beat, beat, beat, TimeUnit.MILLISECONDS);
	}

	/**
	 * Begin to connect.
	 */
	void open() {
		CompletableFuture<@Nullable Void> trying = new CompletableFuture<>();
		this.tried = trying;
		schedule(() -> {
			try {
				this.era.incrementAndGet();
				this.state.open();
				this.connector.open();
				work();
			}
			finally {
				trying.complete(null);
			}
		}, 0);
	}

	/**
	 * Return what completes when the first attempt to connect has succeeded or failed.
	 */
	CompletableFuture<@Nullable Void> tried() {
		return this.tried;
	}

	/**
	 * Close the connection, until it is opened again.
	 * @return completed when nothing is open any more
	 */
	CompletableFuture<@Nullable Void> close() {
		if (this.state.close()) {
			quietly(() -> this.observer.away("stopped"));
		}
		CompletableFuture<@Nullable Void> closed = new CompletableFuture<>();
		// After a connection that is just being made.
		schedule(() -> this.connector.close().whenComplete((same, ex) -> closed.complete(null)), 0);
		return closed;
	}

	/**
	 * Greet the servers of a link that is up.
	 */
	void beat() {
		LinkState.State current = this.state.current();
		Outbox outbox = current.outbox();
		if (current.phase() != LinkState.Phase.UP || outbox == null) {
			return;
		}
		try {
			String mark = this.identity.mark();
			boolean slow = isSlow(greet(outbox.connection()));
			if (!this.identity.mark().equals(mark)) {
				// Demoted and promoted again, say, and with other data than before.
				this.state.leave(current.session(), "the server has another identity than before",
						LinkState.Cause.CONNECTION);
			}
			else if (slow && this.slowBefore) {
				this.state.leave(current.session(), "heartbeat: " + SLOW, LinkState.Cause.ANSWERS);
			}
			else if (outbox.connection().isWhole()) {
				this.lastWhole = this.identity.answered();
			}
			this.slowBefore = slow;
		}
		catch (Throwable ex) {
			this.state.leave(current.session(),
					(ex instanceof TimeoutException) ? this.timeoutText : "heartbeat: " + RedisErrors.describe(ex),
					LinkState.Cause.ANSWERS);
		}
	}

	private boolean isSlow(RedisConnection.Greeting greeting) {
		return greeting.took() > this.pauses.slow().toNanos();
	}

	/** Ask a connection whether it can be used to come back; throws if it cannot. */
	private void greetToReturn(RedisConnection connection) throws Exception {
		if (isSlow(greet(connection))) {
			throw new IllegalStateException(SLOW);
		}
		this.slowBefore = false;
	}

	private RedisConnection.Greeting greet(RedisConnection connection) throws Exception {
		RedisConnection.Greeting greeting = connection.greet();
		this.identity = greeting.identity();
		this.report.greeted(greeting.refused());
		Long offset = greeting.clockOffset();
		if (offset != null) {
			this.clockOffset = offset;
		}
		return greeting;
	}

	/**
	 * Bring the link up again: the one method of recovery, on the one background thread.
	 */
	void work() {
		if (this.state.isClosed() || this.state.isUp()) {
			return;
		}
		try {
			Outbox outbox = this.state.current().outbox();
			if (outbox == null || !isUsable(outbox.connection())) {
				if (this.looked) {
					this.lookedInVainAt = this.clock.getAsLong();
				}
				this.state.replace(outbox, null);
				outbox = connect();
			}
			this.looked = true;
			CompletableFuture<Integer> taken = recover(outbox);
			long pause = pauseLeft();
			this.resting = pause > 0;
			if (pause > 0) {
				workAfter(Math.min(this.pauses.retry().toMillis(), pause));
				return;
			}
			arrive(outbox, taken);
		}
		catch (Throwable ex) {
			// Errors included: nobody else brings the link up.
			if (!this.state.isClosed()) {
				failed(ex);
			}
		}
	}

	private void failed(Throwable ex) {
		this.resting = false;
		boolean refused = RedisErrors.isRefusedLogin(ex);
		String error = (ex instanceof TimeoutException) ? this.timeoutText : RedisErrors.describe(ex);
		if (refused) {
			quietly(() -> this.report.refusedLogin(ex));
		}
		quietly(() -> this.report.failed(error));
		this.looked = true;
		this.lookedInVainAt = this.clock.getAsLong();
		workAfter((refused ? this.pauses.loginRetry() : this.pauses.retry()).toMillis());
	}

	private boolean isUsable(RedisConnection connection) {
		try {
			greetToReturn(connection);
			return true;
		}
		catch (Exception ex) {
			return false;
		}
	}

	private Outbox connect() throws Exception {
		RedisConnection connection = this.connector.connect();
		Outbox outbox = new Outbox(connection, this.limits, this.clock, this.judge);
		connection.onLost((why) -> this.state.lose(outbox, why));
		try {
			greetToReturn(connection);
		}
		catch (Exception ex) {
			connection.close();
			throw ex;
		}
		this.state.replace(null, outbox);
		return outbox;
	}

	/** How long it is not to be up yet, in milliseconds. */
	private long pauseLeft() {
		long now = this.clock.getAsLong();
		long left = this.state.pausedUntil() - now;
		Long vain = this.lookedInVainAt;
		if (vain != null) {
			left = Math.min(left, vain + this.pauses.openFor().toNanos() - now);
		}
		return (left > 0) ? TimeUnit.NANOSECONDS.toMillis(left) + 1 : 0;
	}

	/**
	 * Have Redis take what is pending before it is read from.
	 * @return how many evictions it has taken; not complete if that takes long although
	 * Redis answers
	 * @throws TimeoutException if Redis does not answer them
	 */
	private CompletableFuture<Integer> recover(Outbox outbox) throws Exception {
		Identity now = this.identity;
		// A server that does not say who it is may be another. What is evicted from now
		// on is acknowledged by this one, also if it is lost before it is used.
		boolean restarted = !now.isSame(this.before) && (now.isKnown() || this.replayedOn != outbox);
		this.judge.expectAnswers();
		this.state.beginRecovery(outbox);
		try {
			if (restarted) {
				this.observer.replaced();
			}
			// Not before: if that failed, the next attempt must do it.
			this.before = now;
			this.replayedOn = outbox;
			CompletableFuture<Integer> applied = this.observer.returning();
			applied.copy()
				.completeOnTimeout(0, this.pauses.answer().plus(LONGER).toNanos(), TimeUnit.NANOSECONDS)
				.exceptionally((ex) -> 0)
				.get();
			// One node of a cluster that hangs must not keep the others from being used.
			if (this.judge.missedAnswers() && outbox.connection().isOneServer()) {
				throw new TimeoutException();
			}
			return applied;
		}
		finally {
			this.state.endRecovery(outbox);
		}
	}

	private void arrive(Outbox outbox, CompletableFuture<Integer> applied) {
		this.judge.resetBreaker();
		// Before it is up: from then on there may be something to say again.
		quietly(this.report::recovered);
		Duration away = this.state.arrive(outbox);
		boolean first = !this.everUp;
		this.everUp = true;
		this.looked = false;
		this.lookedInVainAt = null;
		if (outbox.connection().isWhole()) {
			this.lastWhole = this.identity.answered();
		}
		if (first) {
			quietly(this.report::connected);
			quietly(() -> this.observer.connected(applied));
		}
		else {
			quietly(() -> this.observer.back(away, applied));
		}
	}

	/**
	 * The link has left: tell of it, and begin to look what is the matter.
	 */
	void left(String why) {
		quietly(() -> this.report.failed(why));
		quietly(() -> this.observer.away(why));
		workAfter(0);
	}

	/** Whatever becomes of the news, the way back must go on. */
	private static void quietly(Runnable news) {
		try {
			news.run();
		}
		catch (Throwable ex) {
			// Of an appender of the log, say.
		}
	}

	private void workAfter(long millis) {
		int before = this.era.get();
		schedule(() -> {
			// Who was closed and opened again has begun to work already.
			if (this.era.get() == before) {
				work();
			}
		}, millis);
	}

	private void schedule(Runnable task, long millis) {
		try {
			this.worker.schedule(task, millis, TimeUnit.MILLISECONDS);
		}
		catch (RejectedExecutionException ex) {
			// Closed meanwhile: there is nothing left to do.
		}
	}

	/**
	 * How long it pauses, and waits.
	 *
	 * @param answer the longest that an answer may take
	 * @param slow response time above which an answer is slow
	 * @param retry pause between two attempts to connect
	 * @param loginRetry the same when the login was refused
	 * @param openFor for how long Redis must have been well to be past an outage
	 */
	record Pauses(Duration answer, Duration slow, Duration retry, Duration loginRetry, Duration openFor) {

	}

}
