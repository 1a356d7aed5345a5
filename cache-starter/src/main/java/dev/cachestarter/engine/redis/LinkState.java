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
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

import org.jspecify.annotations.Nullable;

/**
 * Whether the link is up, and what it sends on: the one place where that changes.
 * <p>
 * It also counts how often the link leaves soon after it was back, and so for how long it
 * is better not up again.
 */
final class LinkState {

	private final LongSupplier clock;

	private final long openFor;

	private final long openForMax;

	private final Consumer<String> away;

	/** Guards every change. Nothing is called while it is held. */
	private final ReentrantLock lock = new ReentrantLock();

	private volatile State current = new State(Phase.AWAY, 0, null);

	private volatile boolean closed;

	/** When the link left, and when it arrived. */
	private long awaySince;

	private long arrivedAt;

	/** How often in a row it left soon after it was back, for want of good answers. */
	private int flaps;

	/** Until when a link that left soon after it was back is not up again. */
	private volatile long pausedUntil;

	/**
	 * Create the state of a link that is down.
	 * @param clock the time in nanoseconds
	 * @param openFor back-off of a link that goes down again soon after it was up
	 * @param openForMax upper limit of the back-off
	 * @param away is given the reason whenever the link leaves
	 */
	LinkState(LongSupplier clock, Duration openFor, Duration openForMax, Consumer<String> away) {
		this.clock = clock;
		this.openFor = openFor.toNanos();
		this.openForMax = openForMax.toNanos();
		this.away = away;
		long now = clock.getAsLong();
		this.awaySince = now;
		this.arrivedAt = now - this.openForMax;
		this.pausedUntil = now;
	}

	State current() {
		return this.current;
	}

	boolean isUp() {
		return this.current.phase() == Phase.UP;
	}

	/**
	 * Return for how long the link has been up, or not up.
	 */
	Duration lasting() {
		this.lock.lock();
		try {
			long since = isUp() ? this.arrivedAt : this.awaySince;
			return Duration.ofNanos(Math.max(0, this.clock.getAsLong() - since));
		}
		finally {
			this.lock.unlock();
		}
	}

	boolean isClosed() {
		return this.closed;
	}

	/**
	 * Return until when the link is not to be up again.
	 */
	long pausedUntil() {
		return this.pausedUntil;
	}

	/**
	 * Drop a connection: its answers are ignored from now on.
	 */
	void lose(Outbox lost, String why) {
		boolean left;
		this.lock.lock();
		try {
			if (this.current.outbox() != lost) {
				return;
			}
			left = goAway(null, Cause.CONNECTION);
		}
		finally {
			this.lock.unlock();
		}
		try {
			if (left) {
				this.away.accept(why);
			}
		}
		finally {
			lost.connection().close();
			lost.clear();
		}
	}

	/**
	 * Stop sending, but keep the connection: it may turn out to be well.
	 * @param session the session that is to end; another one goes on
	 */
	void leave(long session, String why, Cause cause) {
		Outbox outbox;
		this.lock.lock();
		try {
			outbox = this.current.outbox();
			if (this.current.session() != session || !goAway(outbox, cause)) {
				return;
			}
		}
		finally {
			this.lock.unlock();
		}
		try {
			this.away.accept(why);
		}
		finally {
			if (outbox != null) {
				outbox.clear();
			}
		}
	}

	/**
	 * Change the state, under the lock.
	 * @param kept what is kept of what it sent on
	 * @return whether it was up
	 */
	private boolean goAway(@Nullable Outbox kept, Cause cause) {
		State before = this.current;
		boolean left = before.phase() == Phase.UP;
		if (left) {
			long now = this.clock.getAsLong();
			this.awaySince = now;
			this.pausedUntil = now + pause(now, cause);
		}
		this.current = new State(left ? Phase.AWAY : before.phase(), before.session() + (left ? 1 : 0), kept);
		return left;
	}

	private long pause(long now, Cause cause) {
		if (now - this.arrivedAt >= this.openForMax) {
			this.flaps = 0;
			return 0;
		}
		if (cause == Cause.CONNECTION) {
			// It costs nobody a wait, and need not be put off for long.
			return Math.min(this.openFor, this.openForMax);
		}
		long pause = this.openFor;
		for (int i = 0; i < this.flaps && pause < this.openForMax; i++) {
			pause *= 2;
		}
		this.flaps++;
		return Math.min(pause, this.openForMax);
	}

	/**
	 * Replace what is sent on while the link is not up.
	 * @param before what is closed, {@code null} if there is nothing
	 * @param next what is to be used, {@code null} if there is nothing yet
	 */
	void replace(@Nullable Outbox before, @Nullable Outbox next) {
		Outbox unused = before;
		this.lock.lock();
		try {
			if (this.closed) {
				unused = next;
			}
			else {
				this.current = new State(Phase.AWAY, this.current.session(), next);
			}
		}
		finally {
			this.lock.unlock();
		}
		if (unused != null) {
			unused.connection().close();
			unused.clear();
		}
	}

	/**
	 * Begin to send evictions.
	 */
	void beginRecovery(Outbox outbox) {
		change(outbox, Phase.AWAY, Phase.RECOVERING);
	}

	/**
	 * End that, unless the link has arrived or left.
	 */
	void endRecovery(Outbox outbox) {
		change(outbox, Phase.RECOVERING, Phase.AWAY);
	}

	private void change(Outbox outbox, Phase from, Phase to) {
		this.lock.lock();
		try {
			if (this.current.outbox() == outbox && this.current.phase() == from) {
				this.current = new State(to, this.current.session(), outbox);
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Be up.
	 * @return how long it was down
	 * @throws IllegalStateException if the connection has been lost
	 */
	Duration arrive(Outbox outbox) {
		this.lock.lock();
		try {
			if (this.current.outbox() != outbox || !outbox.connection().isOpen()) {
				throw new IllegalStateException("connection lost");
			}
			long now = this.clock.getAsLong();
			this.arrivedAt = now;
			this.current = new State(Phase.UP, this.current.session(), outbox);
			return Duration.ofNanos(now - this.awaySince);
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * End. The connection is left to the driver, which closes all that it has and
	 * complains of those that are being closed already.
	 * @return whether the link was up
	 */
	boolean close() {
		Outbox outbox;
		boolean left;
		this.lock.lock();
		try {
			this.closed = true;
			State before = this.current;
			outbox = before.outbox();
			left = before.phase() == Phase.UP;
			if (left) {
				this.awaySince = this.clock.getAsLong();
			}
			this.current = new State(Phase.AWAY, before.session() + (left ? 1 : 0), null);
		}
		finally {
			this.lock.unlock();
		}
		if (outbox != null) {
			outbox.clear();
		}
		return left;
	}

	/**
	 * Begin again, with the link down.
	 */
	void open() {
		this.closed = false;
	}

	/**
	 * What is sent.
	 */
	enum Phase {

		/** Nothing. */
		AWAY,

		/** Evictions. */
		RECOVERING,

		/** Everything. */
		UP

	}

	/**
	 * Why the link leaves: what counts is whether callers had to wait for it.
	 */
	enum Cause {

		/** The connection broke: known at once. */
		CONNECTION,

		/** Answers that were late, missing or bad. */
		ANSWERS

	}

	/**
	 * The state at one moment.
	 *
	 * @param phase what is sent
	 * @param session how often the link has left
	 * @param outbox what it is sent on, {@code null} without a connection; never so while
	 * the link is up
	 */
	record State(Phase phase, long session, @Nullable Outbox outbox) {

		boolean sends(Parcel.Kind kind) {
			return this.phase == Phase.UP || (kind == Parcel.Kind.EVICTION && this.phase == Phase.RECOVERING);
		}

	}

}
