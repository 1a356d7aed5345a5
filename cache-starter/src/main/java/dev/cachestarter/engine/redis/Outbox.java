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

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.RedisConnection;
import dev.cachestarter.engine.connection.RedisErrors;

/**
 * What is sent on one connection: so much at a time, and the rest waits its turn.
 * <p>
 * A burst that is given to the driver at once is all under way at once, and its end is
 * late because of its beginning. Here nothing is sent before there is room for it. So the
 * time that a command is under way says how fast the server is, and not how much it was
 * asked for; and the memory held for what a stalled socket does not take is bounded, in
 * commands and in bytes. What has waited as long as anyone waits is not sent any more.
 * Evictions go before everything else; of the rest, what one thread hands in reaches the
 * driver in that order.
 */
final class Outbox {

	private final RedisConnection connection;

	private final Limits limits;

	private final LongSupplier clock;

	private final Listener listener;

	private final ReentrantLock lock = new ReentrantLock();

	private final Queue<Parcel<?>> evictions = new ArrayDeque<>();

	private final Queue<Parcel<?>> others = new ArrayDeque<>();

	private long bytesWaiting;

	private int underWay;

	private long bytesUnderWay;

	/** What is under way, in the order in which it was sent. */
	private @Nullable Parcel<?> oldest;

	private @Nullable Parcel<?> newest;

	/** How often it was asked to send what waits since the last time it had done so. */
	private final AtomicInteger sendings = new AtomicInteger();

	Outbox(RedisConnection connection, Limits limits, LongSupplier clock, Listener listener) {
		this.connection = connection;
		this.limits = limits;
		this.clock = clock;
		this.listener = listener;
	}

	RedisConnection connection() {
		return this.connection;
	}

	/**
	 * Send a command now, or as soon as there is room.
	 * @return its result; fails at once if too much is waiting already
	 */
	<T extends @Nullable Object> CompletableFuture<T> send(Parcel<T> parcel) {
		long now = this.clock.getAsLong();
		parcel.handedIn(now);
		Fate fate;
		this.lock.lock();
		try {
			fate = fateOf(parcel);
			if (fate == Fate.SENT) {
				add(parcel);
			}
			else if (fate == Fate.WAITS) {
				(parcel.isEviction() ? this.evictions : this.others).add(parcel);
				this.bytesWaiting += parcel.bytes();
			}
		}
		finally {
			this.lock.unlock();
		}
		if (fate == Fate.SENT) {
			dispatch(parcel);
		}
		else if (fate == Fate.REFUSED) {
			parcel.fail(RedisErrors.AWAY);
		}
		else {
			sendWaiting();
		}
		return parcel.result();
	}

	/**
	 * It waits as well while another thread hands over what has waited: that may not have
	 * reached the driver yet, and a lease must not overtake its generation.
	 */
	private Fate fateOf(Parcel<?> parcel) {
		int waiting = this.evictions.size() + this.others.size();
		if (waiting == 0 && this.sendings.get() == 0 && hasRoomFor(parcel)) {
			return Fate.SENT;
		}
		return (waiting >= this.limits.waiting()
				|| waiting > 0 && this.bytesWaiting + parcel.bytes() > this.limits.bytesWaiting()) ? Fate.REFUSED
						: Fate.WAITS;
	}

	/** There always is for one, however large. */
	private boolean hasRoomFor(Parcel<?> parcel) {
		return this.underWay == 0 || this.underWay < this.limits.underWay() * this.connection.servers()
				&& this.bytesUnderWay + parcel.bytes() <= this.limits.bytesUnderWay();
	}

	private void add(Parcel<?> parcel) {
		this.underWay++;
		this.bytesUnderWay += parcel.bytes();
		parcel.before = this.newest;
		if (this.newest != null) {
			this.newest.after = parcel;
		}
		else {
			this.oldest = parcel;
		}
		this.newest = parcel;
	}

	private void remove(Parcel<?> parcel) {
		this.underWay--;
		this.bytesUnderWay -= parcel.bytes();
		if (parcel.before != null) {
			parcel.before.after = parcel.after;
		}
		else {
			this.oldest = parcel.after;
		}
		if (parcel.after != null) {
			parcel.after.before = parcel.before;
		}
		else {
			this.newest = parcel.before;
		}
		parcel.before = null;
		parcel.after = null;
	}

	private <T extends @Nullable Object> void dispatch(Parcel<T> parcel) {
		CompletionStage<T> answer = parcel.send(this.connection);
		// In this order: a sender that is held up in between must not look like a server.
		long lag = this.connection.lag();
		parcel.sent(this.clock.getAsLong(), lag);
		answer.whenComplete((value, ex) -> {
			boolean waiting;
			this.lock.lock();
			try {
				remove(parcel);
				waiting = !this.evictions.isEmpty() || !this.others.isEmpty();
			}
			finally {
				this.lock.unlock();
			}
			try {
				answered(parcel, value, ex);
			}
			finally {
				if (waiting) {
					sendWaiting();
				}
			}
		});
	}

	private <T extends @Nullable Object> void answered(Parcel<T> parcel, T value, @Nullable Throwable ex) {
		boolean heard = false;
		try {
			heard = this.listener.answered(this, parcel, value, ex);
		}
		finally {
			// Whatever becomes of what is noted: somebody waits for it.
			if (!heard) {
				parcel.fail(RedisErrors.AWAY);
			}
			else if (ex != null) {
				parcel.fail(ex);
			}
			else {
				parcel.complete(value);
			}
		}
	}

	/** A command that fails at once asks for this in turn: hence one at a time. */
	private void sendWaiting() {
		if (this.sendings.getAndIncrement() > 0) {
			return;
		}
		int asked = 1;
		do {
			for (Parcel<?> next = next(); next != null; next = next()) {
				dispatch(next);
			}
			asked = this.sendings.addAndGet(-asked);
		}
		while (asked > 0);
	}

	/**
	 * Take the next that can be sent, and let go of those that nobody waits for.
	 */
	private @Nullable Parcel<?> next() {
		while (true) {
			Parcel<?> next;
			boolean expired;
			this.lock.lock();
			try {
				Queue<Parcel<?>> queue = this.evictions.isEmpty() ? this.others : this.evictions;
				next = queue.peek();
				if (next == null) {
					return null;
				}
				long now = this.clock.getAsLong();
				expired = next.isExpired(now, this.limits.patience());
				if (!expired && !hasRoomFor(next)) {
					return null;
				}
				queue.remove();
				this.bytesWaiting -= next.bytes();
				if (!expired) {
					add(next);
				}
			}
			finally {
				this.lock.unlock();
			}
			if (!expired) {
				return next;
			}
			next.fail(RedisErrors.AWAY);
		}
	}

	/**
	 * Let go of all that waits: it fails.
	 */
	void clear() {
		while (true) {
			Parcel<?> next;
			this.lock.lock();
			try {
				next = this.evictions.isEmpty() ? this.others.poll() : this.evictions.poll();
				if (next == null) {
					return;
				}
				this.bytesWaiting -= next.bytes();
			}
			finally {
				this.lock.unlock();
			}
			next.fail(RedisErrors.AWAY);
		}
	}

	/**
	 * Return what the driver has had for longest, {@code null} if it has nothing.
	 */
	@Nullable Parcel<?> oldest() {
		this.lock.lock();
		try {
			Parcel<?> oldest = this.oldest;
			while (oldest != null && !oldest.isSent()) {
				oldest = oldest.after;
			}
			return oldest;
		}
		finally {
			this.lock.unlock();
		}
	}

	private enum Fate {

		SENT, WAITS, REFUSED

	}

	/**
	 * How much at a time.
	 *
	 * @param underWay how many commands may be under way, for each server
	 * @param bytesUnderWay how large they may be together
	 * @param waiting how many may wait
	 * @param bytesWaiting how large these may be together
	 * @param patience how long one may wait, in nanoseconds
	 */
	record Limits(int underWay, long bytesUnderWay, int waiting, long bytesWaiting, long patience) {

	}

	/**
	 * Is told of every answer, before who waits for it.
	 */
	interface Listener {

		/**
		 * Take note of an answer.
		 * @param value the answer, if it is a good one
		 * @param ex the failure, {@code null} if it is a good one
		 * @return whether it is to be believed
		 */
		boolean answered(Outbox outbox, Parcel<?> parcel, @Nullable Object value, @Nullable Throwable ex);

	}

}
