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

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.Futures;
import dev.cachestarter.engine.connection.RedisConnection;
import dev.cachestarter.engine.connection.RedisErrors;

/**
 * Decides from the answers to commands, and from those that are missing, whether the link
 * has to leave.
 * <p>
 * A command that is not answered in time makes it leave only if the server is silent: if
 * it has answered nothing else for a while, too. If other answers arrive, the server is
 * busy, and the breaker decides by how many commands are slow ({@link Outbox} keeps a
 * burst from being its own cause). Time in which this JVM was late does not count, since
 * answers may have been there unread ({@link EventLoopLag}).
 */
final class AnswerJudge implements Outbox.Listener {

	private final LinkState state;

	private final CircuitBreaker breaker;

	private final LinkReport report;

	private final LongSupplier clock;

	/** How long somebody must have waited for it to say anything. */
	private final long patience;

	/** How much of that must be the server's. A little lateness here is usual. */
	private final long late;

	/** For how long it must have answered nothing else. */
	private final long silent;

	private final String timeoutText;

	/** Whether an answer was missing since {@link #expectAnswers()}. */
	private volatile boolean unanswered;

	AnswerJudge(LinkState state, CircuitBreaker breaker, LinkReport report, LongSupplier clock, long patience,
			String timeoutText) {
		this.state = state;
		this.breaker = breaker;
		this.report = report;
		this.clock = clock;
		this.patience = patience;
		this.late = patience - patience / 4;
		this.silent = patience / 2;
		this.timeoutText = timeoutText;
	}

	/** Of an abandoned connection nothing is heard: its server may have been replaced. */
	@Override
	public boolean answered(Outbox outbox, Parcel<?> parcel, @Nullable Object value, @Nullable Throwable ex) {
		try {
			record(outbox, parcel, value, (ex != null) ? Futures.unwrap(ex) : null);
		}
		catch (Throwable failure) {
			// An appender of the log, say: who waits for the answer gets it all the same.
		}
		return this.state.current().outbox() == outbox;
	}

	private void record(Outbox outbox, Parcel<?> parcel, @Nullable Object value, @Nullable Throwable ex) {
		long now = this.clock.getAsLong();
		if (ex == null || RedisErrors.isRefusal(ex)) {
			parcel.pulse().beat(now);
		}
		if (parcel.isAside() || outbox != this.state.current().outbox()) {
			// It was asked for by people, or on a connection that another has replaced.
			return;
		}
		RedisConnection connection = outbox.connection();
		long lag = connection.lag();
		long duration = parcel.age(now, lag);
		if (ex == null) {
			this.breaker.onSuccess(duration, TimeUnit.NANOSECONDS);
			leaveIfTripped(LinkState.Cause.ANSWERS);
			if (this.report.isAnythingRefused()) {
				this.report.done(parcel, serverOf(connection, parcel), value);
			}
		}
		else if (RedisErrors.isTimeout(ex)) {
			// Whoever was late: a server that has not taken a write yet is not up.
			this.unanswered = true;
			if (duration < this.late) {
				// It was this JVM.
				return;
			}
			this.breaker.onError(duration, TimeUnit.NANOSECONDS, ex);
			leaveIfSilent(parcel, now, lag);
			leaveIfTripped(LinkState.Cause.ANSWERS);
		}
		else if (connection.isWhole() || !RedisErrors.isOfSending(ex)) {
			// Else it failed because of a node that is known to be down.
			this.breaker.onError(duration, TimeUnit.NANOSECONDS, ex);
			// What was under way on a connection that breaks fails before the break is
			// told.
			leaveIfTripped(RedisErrors.isRefusal(ex) ? LinkState.Cause.ANSWERS : LinkState.Cause.CONNECTION);
			refused(outbox, parcel, ex);
		}
	}

	private void refused(Outbox outbox, Parcel<?> parcel, Throwable ex) {
		if (RedisErrors.isUnavailable(ex)) {
			this.report.refused(ex, parcel, serverOf(outbox.connection(), parcel));
		}
		else if (RedisErrors.isOfWriting(ex) || (RedisErrors.isUnusable(ex) && !outbox.connection().isOneServer())) {
			this.report.unable(ex, parcel, serverOf(outbox.connection(), parcel));
		}
		else if (RedisErrors.isOfConnection(ex) && outbox.connection().isOneServer()) {
			// A fail-over left us on a replica, say: only a new connection finds the
			// master.
			this.state.lose(outbox, RedisErrors.describe(ex));
		}
		else if (RedisErrors.isUnusable(ex) && outbox.connection().isOneServer()) {
			this.state.leave(parcel.session(), RedisErrors.describe(ex), LinkState.Cause.ANSWERS);
		}
	}

	private static Object serverOf(RedisConnection connection, Parcel<?> parcel) {
		return (parcel.keys().length > 0) ? connection.serverOf(parcel.keys()[0]) : "";
	}

	/**
	 * Asked for, and not told: for whoever listens the breaker makes an event per
	 * command.
	 */
	private void leaveIfTripped(LinkState.Cause cause) {
		if (this.breaker.getState() == CircuitBreaker.State.OPEN) {
			String why = (cause == LinkState.Cause.ANSWERS) ? "too many failing or slow commands" : "connection lost";
			this.state.leave(this.state.current().session(), why, cause);
		}
	}

	private void leaveIfSilent(Parcel<?> parcel, long now, long lag) {
		if (parcel.age(now, lag) >= this.late && parcel.quiet(now, lag) >= this.silent) {
			this.state.leave(parcel.session(), this.timeoutText, LinkState.Cause.ANSWERS);
		}
	}

	/**
	 * Tell the link that a caller stopped waiting for Redis: the driver's own timer is
	 * too coarse to notice at once.
	 * @param session the session in which all that it waited for was sent
	 * @param waited how long it waited: what is left of a call's time may be too short to
	 * tell anything, in nanoseconds
	 */
	void gaveUp(long session, long waited) {
		LinkState.State current = this.state.current();
		Outbox outbox = current.outbox();
		Parcel<?> oldest = (outbox != null && current.session() == session && waited >= this.patience) ? outbox.oldest()
				: null;
		if (outbox != null && oldest != null) {
			leaveIfSilent(oldest, this.clock.getAsLong(), outbox.connection().lag());
		}
	}

	/**
	 * Begin to look for missing answers.
	 */
	void expectAnswers() {
		this.unanswered = false;
	}

	/**
	 * Return whether one was missing since then.
	 */
	boolean missedAnswers() {
		return this.unanswered;
	}

	/**
	 * Forget the answers by which the breaker judges.
	 */
	void resetBreaker() {
		this.breaker.reset();
	}

}
