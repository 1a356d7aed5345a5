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

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.NearSettings.Mode;
import dev.cachestarter.engine.connection.RedisErrors;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.EntryStore;
import dev.cachestarter.engine.entry.Lease;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.load.Wakeups.Wakeup;

/**
 * Looks, now and then, at the leases of other instances that callers of this one wait
 * for, until they are gone. All callers that found the same lease share one watch. That
 * is right even if its last look was earlier than the call of one of them: what that
 * caller's own read found was still the lease, and a nonce never comes back.
 * <p>
 * A lease is no longer than a header, so it is looked at together with what comes in its
 * place. A claim stands in the header of a value that stays there: only that header is
 * looked at, and the value is read once, when the claim is gone.
 *
 * <h2>Woken by what Redis tells</h2>
 *
 * <p>
 * In a cache in mode {@code track} nobody has to wait for the next look: Redis tells when
 * the lease is filled, given back or evicted, and that makes the next look one at once
 * ({@link Wakeups} says why none is missed). The looks at intervals go on as without it,
 * since Redis tells late of what expires, and tells nothing where it is not asked to.
 * <ol>
 * <li><b>One look at a time.</b> What is told during one makes another follow it: a look
 * goes over another connection, and what it brings may be from before the change.
 * <li><b>What is told is forgotten before a look is sent,</b> not after its answer: so
 * the look is behind all that was forgotten.
 * <li><b>A look that still finds the lease arms the wake-up again.</b> A lease that is
 * renewed is told of as well, so a message costs one look and one more read of the
 * header.
 * </ol>
 */
final class Watches {

	/** Between two looks. */
	private static final long SHORTEST_PAUSE = TimeUnit.MILLISECONDS.toNanos(4);

	private static final long LONGEST_PAUSE = TimeUnit.MILLISECONDS.toNanos(40);

	private final EntryStore store;

	private final ScheduledExecutorService timer;

	private final ConcurrentMap<Watched, Watch> watches = new ConcurrentHashMap<>();

	private final Wakeups wakeups;

	private volatile boolean closed;

	/**
	 * Create one for a manager.
	 * @param timer where looks are sent
	 * @param wakeups make a look one at once
	 */
	Watches(EntryStore store, ScheduledExecutorService timer, Wakeups wakeups) {
		this.store = store;
		this.timer = timer;
		this.wakeups = wakeups;
	}

	/**
	 * Wait until a lease or a claim is gone.
	 * @param ask who waits
	 * @param found what it has found
	 * @param nonce of the lease
	 * @param wait the longest wait, in nanoseconds
	 * @return what stands there then; fails if that takes longer, or if Redis does not
	 * answer
	 */
	CompletableFuture<Observed> await(Ask ask, Observed found, String nonce, long wait) {
		EntryHeader header = found.current();
		boolean isClaim = header != null && !header.isLease();
		return this.watches
			.compute(new Watched(ask.key(), ask.key().mark(), nonce),
					(lease, old) -> ((old != null && !old.changed.isDone()) ? old : new Watch(ask, lease, isClaim))
						.atLeast(wait))
			.join(wait);
	}

	/**
	 * Wait no more: those who do go on.
	 */
	void close() {
		this.closed = true;
		this.watches.values().forEach((watch) -> watch.end(null, new RejectedExecutionException("closed")));
	}

	private final class Watch {

		private final Ask ask;

		private final Watched lease;

		private final boolean isClaim;

		private final CompletableFuture<Observed> changed = new CompletableFuture<>();

		private final AtomicLong until = new AtomicLong(System.nanoTime());

		private final AtomicBoolean looking = new AtomicBoolean();

		private final long since = System.nanoTime();

		/** Grows when a look begins, to odd, and when it is over, to even. */
		private final AtomicLong turn = new AtomicLong(1);

		/** Whether Redis has told of the key since a look began. */
		private volatile boolean told;

		/** {@code null} if only time leads to looks. */
		private final @Nullable Wakeup wakeup;

		Watch(Ask ask, Watched lease, boolean isClaim) {
			this.ask = ask;
			this.lease = lease;
			this.isClaim = isClaim;
			this.wakeup = (ask.settings().near().mode() == Mode.TRACK)
					? Watches.this.wakeups.of(ask.key().redisKey(), this::isHeld, this::wake) : null;
		}

		/**
		 * Look for so long at least. To be called in the map, where it is decided that
		 * nobody waits any more: else one that has come just then would be given up.
		 */
		Watch atLeast(long wait) {
			this.until.accumulateAndGet(System.nanoTime() + wait, Math::max);
			return this;
		}

		CompletableFuture<Observed> join(long wait) {
			if (this.looking.compareAndSet(false, true)) {
				// It is for all who wait, and a step of none of them.
				Watches.this.store.tracer().within(null, () -> {
					stillHeld();
					return true;
				});
			}
			return this.changed.copy().orTimeout(wait, TimeUnit.NANOSECONDS);
		}

		private void stillHeld() {
			lookLater();
			if (this.wakeup != null) {
				this.wakeup.arm();
			}
		}

		private void lookLater() {
			// In proportion to what was waited already: so nobody waits much longer than
			// the load takes, and a long load is not asked for often.
			long waited = System.nanoTime() - this.since;
			long pause = Math.max(SHORTEST_PAUSE, Math.min(waited / 8, LONGEST_PAUSE));
			long jittered = pause / 2 + ThreadLocalRandom.current().nextLong(pause);
			long waiting = this.turn.incrementAndGet();
			try {
				Watches.this.timer.schedule(() -> {
					if (this.turn.compareAndSet(waiting, waiting + 1)) {
						look();
					}
				}, jittered, TimeUnit.NANOSECONDS);
			}
			catch (RejectedExecutionException ex) {
				end(null, ex);
				return;
			}
			if (Watches.this.closed) {
				end(null, new RejectedExecutionException("closed"));
			}
			else if (this.told) {
				lookAtOnce();
			}
		}

		/** On an event loop, or where a look is over. */
		private void wake() {
			this.told = true;
			lookAtOnce();
		}

		private void lookAtOnce() {
			long waiting = this.turn.get();
			if (waiting % 2 == 0 && this.turn.compareAndSet(waiting, waiting + 1)) {
				try {
					Watches.this.timer.execute(this::look);
				}
				catch (RejectedExecutionException ex) {
					end(null, ex);
				}
			}
		}

		private void look() {
			this.told = false;
			Watch watched = Watches.this.watches.computeIfPresent(this.lease,
					(same, watch) -> (watch == this && System.nanoTime() - this.until.get() > 0) ? null : watch);
			if (watched != this) {
				end(null, new TimeoutException());
				return;
			}
			if (this.isClaim) {
				lookAtHeader();
			}
			else {
				lookAtAll();
			}
		}

		private void lookAtHeader() {
			Watches.this.store.observeHeader(this.ask.key()).whenComplete((observed, ex) -> {
				if (ex == null && isHeld(observed)) {
					stillHeld();
				}
				else if (ex == null || RedisErrors.isRefusal(ex)) {
					// Refused where another data type stands there now.
					lookAtAll();
				}
				else {
					end(null, ex);
				}
			});
		}

		private void lookAtAll() {
			this.ask.entries().observe(this.ask.key()).whenComplete((observed, ex) -> {
				if (ex == null && isHeld(observed)) {
					stillHeld();
				}
				else {
					end(observed, ex);
				}
			});
		}

		private boolean isHeld(Observed observed) {
			EntryHeader header = observed.current();
			return header != null && isHeld(header);
		}

		private boolean isHeld(byte[] start) {
			EntryHeader header = EntryHeader.parse(start);
			return header != null && isHeld(header);
		}

		private boolean isHeld(EntryHeader header) {
			return header.isLease() ? header.nonce().equals(this.lease.nonce())
					: header.claim().equals(this.lease.nonce()) && header.isClaimed(Watches.this.store.serverMillis(),
							Lease.longestClaim(this.ask.settings()));
		}

		private void end(@Nullable Observed observed, @Nullable Throwable ex) {
			Watches.this.watches.remove(this.lease, this);
			if (this.wakeup != null) {
				this.wakeup.close();
			}
			Throwable failure = (ex != null) ? ex : new IllegalStateException();
			// Whoever goes on here, on this thread, goes on for itself.
			Watches.this.store.tracer()
				.within(null, () -> (observed != null) ? this.changed.complete(observed)
						: this.changed.completeExceptionally(failure));
		}

	}

	/**
	 * A lease or a claim of another instance. Its nonce alone does not tell it: bytes can
	 * be copied from one key to another. Nor does the place: what is found is given to
	 * all who wait, and they lease it as the key that it was looked at for.
	 *
	 * @param place where the key stands
	 * @param keyMark tells it from other keys there
	 * @param nonce the nonce
	 */
	private record Watched(StoredKey place, String keyMark, String nonce) {

	}

}
