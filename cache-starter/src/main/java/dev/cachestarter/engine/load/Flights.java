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

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.RedisErrors;
import dev.cachestarter.engine.entry.EntryStore;
import dev.cachestarter.engine.entry.Lease;
import dev.cachestarter.engine.entry.Target;
import dev.cachestarter.engine.key.StoredKey;

/**
 * The loads that run in this JVM, by the nonce of their lease, and what their leases
 * need: they are renewed, those that never end are forgotten, and those that nobody has
 * are given back.
 *
 * <h2>Leases that nobody has</h2>
 *
 * <p>
 * A lease is asked for, and no answer comes in time: the caller goes on without it. But
 * the server may place it at any later moment, and everybody would wait for a load that
 * nobody makes until it has run out. So its nonce is kept for as long as such a lease can
 * live: who finds it here takes it over at once, and meanwhile it is asked to be removed
 * again and again, by compare.
 */
final class Flights implements Ticks.Task {

	private static final long DISOWN_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

	/** How many are asked for in one tick. */
	private static final int DISOWNED_AT_ONCE = 50;

	/** More than this, or what takes more memory, are left to their life. */
	private static final int MAX_ORPHANS = 10_000;

	private final EntryStore store;

	private final Ticks ticks;

	private final ConcurrentMap<String, Flight> flights = new ConcurrentHashMap<>();

	private final ConcurrentMap<String, Orphan> orphans = new ConcurrentHashMap<>();

	/** What they take in memory. */
	private final AtomicLong orphanBytes = new AtomicLong();

	Flights(EntryStore store, Ticks ticks) {
		this.store = store;
		this.ticks = ticks;
		ticks.add(this);
	}

	/**
	 * Return a flight that has no lease yet. It is known by its nonce before the lease
	 * can be seen by anyone, so that nobody takes it for another's.
	 */
	Flight open(Ask ask) {
		Flight flight = new Flight(this.store, this::landed, this.store.newNonce(), ask.subject());
		this.flights.put(flight.nonce(), flight);
		this.ticks.wake();
		return flight;
	}

	/**
	 * Return a flight that stores nothing and is shared with nobody.
	 */
	Flight alone(Ask ask) {
		return Flight.alone(this.store, this::landed, ask.subject());
	}

	/**
	 * Return the flight of a lease that was found under a key, if it may still be joined.
	 */
	@Nullable Flight of(String nonce, StoredKey key) {
		Flight flight = this.flights.get(nonce);
		return (flight != null && flight.isOf(key) && !flight.isJudged()) ? flight : null;
	}

	private void remove(Flight flight) {
		this.flights.remove(flight.nonce(), flight);
	}

	/** A lease that was to be given back, or filled, may stand there still. */
	private void landed(Flight flight, @Nullable Throwable ex) {
		if (ex != null && flight.replaces() && !RedisErrors.isRefusal(ex)) {
			disownLater(flight.key(), flight.nonce(), flight.leaseLife());
		}
		remove(flight);
	}

	/**
	 * End a flight that has got no lease.
	 */
	void close(Flight flight) {
		remove(flight);
		flight.forget();
	}

	/**
	 * Wait for the answer to an attempt to lease, as long as the caller may. A lease that
	 * comes later is given back.
	 * @param sent the attempt
	 * @param leaseOf what of the answer is a lease, if anything is
	 */
	<T> CompletableFuture<T> awaitLease(Ask ask, Flight flight, CompletableFuture<T> sent,
			Function<T, @Nullable Lease> leaseOf) {
		boolean failedAtOnce = sent.isCompletedExceptionally();
		return ask.deadline().limit(sent).whenComplete((answer, ex) -> {
			if (ex == null || failedAtOnce || RedisErrors.isRefusal(ex)) {
				// Nothing was sent, or Redis has said that it places nothing.
				return;
			}
			disownLater(flight.key(), flight.nonce(), ask.settings().lease());
			sent.thenAccept((late) -> {
				Lease lease = leaseOf.apply(late);
				if (lease != null) {
					giveBack(lease).thenRun(() -> forgetOrphan(flight.nonce()));
				}
			});
		});
	}

	private CompletableFuture<Boolean> giveBack(Lease lease) {
		return lease.isOnValue() ? this.store.unclaim(lease, Duration.ZERO) : this.store.release(lease);
	}

	private void disownLater(StoredKey key, String nonce, Duration life) {
		if (this.orphans.size() < MAX_ORPHANS && this.orphanBytes.get() < Target.maxBytes(MAX_ORPHANS)) {
			long now = System.nanoTime();
			// The server may take it as late as the driver gives up on it, and some.
			long until = now + life.toNanos() + TimeUnit.SECONDS.toNanos(2);
			Orphan orphan = new Orphan(key, until, now);
			if (this.orphans.put(nonce, orphan) == null) {
				this.orphanBytes.addAndGet(orphan.bytes());
			}
			this.ticks.wake();
		}
	}

	private void forgetOrphan(String nonce) {
		Orphan orphan = this.orphans.remove(nonce);
		if (orphan != null) {
			this.orphanBytes.addAndGet(-orphan.bytes());
		}
	}

	/**
	 * Return whether a lease is one of ours that nobody has.
	 */
	boolean isOrphan(String nonce) {
		return !this.orphans.isEmpty() && this.orphans.containsKey(nonce);
	}

	@Override
	public boolean isIdle() {
		return this.flights.isEmpty() && this.orphans.isEmpty();
	}

	@Override
	public void tick(long now) {
		for (Flight flight : this.flights.values()) {
			if (flight.isForgotten(now)) {
				close(flight);
			}
			else {
				flight.tick(now);
			}
		}
		disown(now);
	}

	private void disown(long now) {
		int asked = 0;
		for (Map.Entry<String, Orphan> each : this.orphans.entrySet()) {
			Orphan orphan = each.getValue();
			if (now - orphan.until > 0) {
				forgetOrphan(each.getKey());
			}
			else if (asked < DISOWNED_AT_ONCE && now - orphan.nextTry > 0) {
				orphan.askedAgainAt(now);
				this.store.disown(orphan.key, each.getKey());
				asked++;
			}
		}
	}

	/** A lease of ours that may be placed, and that nobody loads under. */
	private static final class Orphan {

		private final StoredKey key;

		private final long until;

		private long nextTry;

		private long pause = DISOWN_PAUSE_NANOS;

		Orphan(StoredKey key, long until, long nextTry) {
			this.key = key;
			this.until = until;
			this.nextTry = nextTry + this.pause;
		}

		long bytes() {
			return new Target.Key(this.key).bytes();
		}

		/** Less and less often: a Redis that does not answer has enough to do. */
		private void askedAgainAt(long now) {
			this.pause *= 2;
			this.nextTry = now + this.pause;
		}

	}

}
