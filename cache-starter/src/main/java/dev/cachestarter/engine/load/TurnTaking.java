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
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.CacheSettings.Coalesce;
import dev.cachestarter.engine.entry.Acquired;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.EntryStore;
import dev.cachestarter.engine.entry.Lease.Hold;
import dev.cachestarter.engine.entry.Lease;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.load.Flight.Turn;
import dev.cachestarter.engine.monitor.Tracer;
import dev.cachestarter.engine.redis.Tracking;
import dev.cachestarter.engine.tag.TagMoment;

/**
 * Takes a turn for a caller: what it has found says whether it leads, joins the load of
 * another, follows it, or finds a value. {@link Turns} says what is to be found, and what
 * comes of each turn.
 */
final class TurnTaking {

	/**
	 * A header that changes under our hands this often is left to those who change it.
	 * Waiting for another's load does not count: that is bounded by time.
	 */
	private static final int MAX_ATTEMPTS = 8;

	/** A value of another version of the class is left alone while it is so young. */
	private static final long YOUNG_MILLIS = TimeUnit.SECONDS.toMillis(10);

	private final EntryStore store;

	private final Flights flights;

	private final LocalFlights local;

	private final Wakeups wakeups = new Wakeups();

	private final Watches watches;

	/**
	 * Create one for a manager.
	 * @param store where leases are
	 * @param timer runs what is due later
	 */
	TurnTaking(EntryStore store, ScheduledExecutorService timer) {
		this.store = store;
		Ticks ticks = new Ticks(timer);
		this.flights = new Flights(store, ticks);
		this.local = new LocalFlights(this.flights, store::isReachable, ticks);
		this.watches = new Watches(store, timer, this.wakeups);
	}

	Tracer tracer() {
		return this.store.tracer();
	}

	/**
	 * Return a flight that stores nothing and is shared with nobody.
	 */
	Flight alone(Ask ask) {
		return this.flights.alone(ask);
	}

	/**
	 * Have those who wait for another instance's load woken by what Redis tells there.
	 */
	void wakeBy(Tracking tracking) {
		this.wakeups.by(tracking);
	}

	/**
	 * End: whoever waits for another instance's load goes on.
	 */
	void close() {
		this.watches.close();
	}

	// Of one key, waiting for others

	/**
	 * Take a turn, with what the caller has found.
	 */
	CompletableFuture<Turn> take(Ask ask) {
		return attempt(ask, ask.observed(), 0);
	}

	/**
	 * Take another turn: look at the key again first.
	 */
	CompletableFuture<Turn> takeAgain(Ask ask) {
		return lookAgain(ask, 0);
	}

	/** Load for oneself, and store nothing. */
	private CompletableFuture<Turn> leadAlone(Ask ask) {
		return CompletableFuture.completedFuture(new Turn.Lead(alone(ask)));
	}

	private CompletableFuture<Turn> attempt(Ask ask, @Nullable Observed observed, int attempts) {
		if (observed == null || attempts >= MAX_ATTEMPTS) {
			return this.local.leadOrJoin(ask);
		}
		EntryHeader header = trusted(ask, observed);
		if (header != null && isLeasedByAnother(ask, header)) {
			return followHolder(ask, observed, header.nonce(), attempts);
		}
		Hold hold = ask.keeps(header) ? onValue(ask) : Hold.LEASE;
		if (hold == Hold.VALUE) {
			return borrowed(ask, observed).thenApply(Turn.Lead::new);
		}
		if (header != null && ask.isUsable(header) && isClaimed(ask, header)
				&& (hold == Hold.CLAIM || !header.isPaused())) {
			return followClaim(ask, observed, header, attempts);
		}
		if (header != null && isLeftAlone(ask, header)) {
			return this.local.leadOrJoin(ask);
		}
		return lead(ask, observed, hold, attempts);
	}

	/** What is taken to fill by where a value is left while it is loaded again. */
	private static Hold onValue(Ask ask) {
		return ask.transactional() ? Hold.VALUE : Hold.CLAIM;
	}

	private CompletableFuture<Turn> lead(Ask ask, Observed observed, Hold hold, int attempts) {
		Flight flight = this.flights.open(ask);
		return acquire(ask, observed, hold, flight).handle((answer, ex) -> {
			if (ex != null) {
				this.flights.close(flight);
				return this.local.leadOrJoin(ask);
			}
			if (answer.foreign()) {
				ask.entries().removedForeign();
			}
			Lease lease = answer.lease();
			if (lease != null) {
				flight.leased(lease);
				return CompletableFuture.<Turn>completedFuture(new Turn.Lead(flight));
			}
			this.flights.close(flight);
			EntryHeader there = answer.observed().current();
			if (there != null && isLeasedByAnother(ask, there)) {
				// It was quicker, which does not count either: those who are woken come
				// all at once, and all but one too late.
				return followHolder(ask, answer.observed(), there.nonce(), attempts);
			}
			if (hold == Hold.CLAIM && there != null && there.equals(trusted(ask, observed))) {
				// By the server's clock, which counts, the claim that was seen holds.
				return followClaim(ask, observed, there, attempts + 1);
			}
			return lookAgain(ask, attempts + 1);
		}).thenCompose(Function.identity());
	}

	/** Look once more: something other than a lease has come there meanwhile. */
	private CompletableFuture<Turn> lookAgain(Ask ask, int attempts) {
		return ask.deadline()
			.limit(ask.entries().observe(ask.key()))
			.handle((observed, ex) -> (ex != null) ? this.local.leadOrJoin(ask) : attemptOn(ask, observed, attempts))
			.thenCompose(Function.identity());
	}

	private CompletableFuture<Turn> attemptOn(Ask ask, Observed observed, int attempts) {
		if (ask.entries().isEvicted(ask.key())) {
			// What is there, or comes there, is not for this application.
			return this.local.leadOrJoin(ask);
		}
		EntryHeader header = observed.current();
		if (header != null && ask.isUsable(header) && header.isFresh(this.store.serverMillis())) {
			return CompletableFuture.completedFuture(new Turn.Found(observed));
		}
		return attempt(ask, observed, attempts);
	}

	/** Another holds the claim on a value whose time is up, or nobody is to. */
	private CompletableFuture<Turn> followClaim(Ask ask, Observed observed, EntryHeader header, int attempts) {
		if (header.isPaused()) {
			return CompletableFuture.completedFuture(new Turn.Found(observed));
		}
		return followHolder(ask, observed, header.claim(), attempts);
	}

	/** Another holds the lease. */
	private CompletableFuture<Turn> followHolder(Ask ask, Observed observed, String nonce, int attempts) {
		EntryHeader there = observed.current();
		if (there != null && !there.isFor(ask.key())) {
			// What is loaded there is another key's.
			return this.local.leadOrJoin(ask);
		}
		Coalesce coalesce = ask.settings().coalesce();
		Flight flight = this.flights.of(nonce, ask.key());
		if (isToItself(ask, observed, nonce, flight)) {
			return leadAlone(ask);
		}
		if (this.flights.isOrphan(nonce)) {
			return this.local.leadOrJoin(ask);
		}
		if (flight == null && isUnstored(observed)) {
			return this.local.leadOrJoinAtOnce(ask);
		}
		long wait = ask.waitUntil(observed) - System.nanoTime();
		if (wait <= 0) {
			return giveUpFollowing(ask, observed, flight);
		}
		if (flight != null && flight.isOver()) {
			// Its lease is about to go; its failure is no news for one who comes now.
			return flight.hasFailed() ? lookAgain(ask, attempts + 1) : join(ask, observed, flight, wait, attempts + 1);
		}
		if (flight != null) {
			return join(ask, observed, flight, wait, attempts);
		}
		if (coalesce == Coalesce.LOCAL) {
			return this.local.leadOrJoin(ask);
		}
		return this.watches.await(ask, observed, nonce, wait)
			.<@Nullable Observed>handle((now, ex) -> now)
			.thenCompose(tracer()
				.carried((now) -> (now != null) ? follow(ask, now, attempts) : giveUpFollowing(ask, observed, null)));
	}

	/**
	 * Go on with what has come in the place of another's lease. The lease, which this
	 * caller has found, had no tags: on a cluster their generations may have been looked
	 * at before this caller came. So what carries tags is looked at once more.
	 */
	private CompletableFuture<Turn> follow(Ask ask, Observed now, int attempts) {
		return now.tags().isEmpty() ? attemptOn(ask, now, attempts) : lookAgain(ask, attempts);
	}

	private CompletableFuture<Turn> join(Ask ask, Observed observed, Flight flight, long wait, int attempts) {
		return flight.join(wait).thenCompose(tracer().carried((turn) -> {
			if (turn instanceof Turn.TimedOut) {
				return giveUpFollowing(ask, observed, flight);
			}
			return (turn instanceof Turn.LookAgain) ? lookAgain(ask, attempts)
					: CompletableFuture.completedFuture(turn);
		}));
	}

	/** The other's load has taken too long. */
	private CompletableFuture<Turn> giveUpFollowing(Ask ask, Observed observed, @Nullable Flight flight) {
		if (flight == null && ask.waitUntil() - System.nanoTime() <= 0) {
			// One that can never end would hold up every caller for ever.
			this.store.breakLease(observed, Lease.longestClaim(ask.settings()));
		}
		return ask.keeps(observed.current()) ? CompletableFuture.completedFuture(new Turn.TimedOut())
				: this.local.leadOrJoin(ask);
	}

	// Waiting alone, or leading alone

	/**
	 * Wait for the load of another that was found, and for nothing else.
	 */
	CompletableFuture<Turn> followOnly(Ask ask) {
		Observed observed = ask.observed();
		EntryHeader header = (observed != null) ? trusted(ask, observed) : null;
		if (observed == null) {
			return CompletableFuture.completedFuture(new Turn.TimedOut());
		}
		String nonce = (header == null) ? null
				: header.isLease() ? header.nonce() : isClaimed(ask, header) ? header.claim() : null;
		if (header == null || nonce == null || (header.isLease() ? isFree(ask, header) : header.isPaused())) {
			return CompletableFuture.completedFuture(new Turn.LookAgain());
		}
		Flight flight = this.flights.of(nonce, ask.key());
		if (isToItself(ask, observed, nonce, flight) || (flight == null && isUnstored(observed))) {
			return leadAlone(ask);
		}
		long wait = ask.waitUntil(observed) - System.nanoTime();
		if (wait <= 0) {
			return CompletableFuture.completedFuture(new Turn.TimedOut());
		}
		if (flight != null) {
			return flight.join(wait);
		}
		if (ask.settings().coalesce() == Coalesce.LOCAL) {
			return leadAlone(ask);
		}
		return this.watches.await(ask, observed, nonce, wait)
			.handle((now, ex) -> (ex != null) ? new Turn.TimedOut() : new Turn.LookAgain());
	}

	/**
	 * Return what was found if it is a value that another has stored meanwhile, or one
	 * that serves while nobody may load it.
	 */
	@Nullable Observed usable(Ask ask) {
		Observed observed = ask.observed();
		EntryHeader header = (observed != null) ? observed.current() : null;
		return (header != null && ask.isUsable(header)
				&& (header.isFresh(this.store.serverMillis()) || (header.isPaused() && isClaimed(ask, header))))
						? observed : null;
	}

	/**
	 * Lease a key if that is possible at once, waiting for nobody. Whoever leases several
	 * keys at once leaves those that another loads.
	 * @return the flight, which stores nothing if Redis did not take the lease or nobody
	 * is to replace what is there, or {@code null} if another has it; never fails
	 */
	CompletableFuture<@Nullable Flight> tryLead(Ask ask) {
		Observed observed = ask.observed();
		EntryHeader header = (observed != null) ? trusted(ask, observed) : null;
		if (observed == null || isLeasedByAnother(ask, header)) {
			return CompletableFuture.completedFuture(null);
		}
		if (header != null && isLeftAlone(ask, header)) {
			return CompletableFuture.completedFuture(alone(ask));
		}
		boolean leaves = header != null && ask.isUsable(header)
				&& (ask.keeps(header) || header.isFresh(this.store.serverMillis()));
		return tryHold(ask, observed, leaves ? onValue(ask) : Hold.LEASE);
	}

	/**
	 * Claim a value that is near its end.
	 * @return the flight, or {@code null} if there is none to be had; never fails
	 */
	CompletableFuture<@Nullable Flight> tryClaim(Ask ask) {
		return tryHold(ask, Objects.requireNonNull(ask.observed()), Hold.CLAIM);
	}

	/**
	 * Lease a key for one who is about to replace its value.
	 * @return the flight, without a lease if none could be had; never fails
	 */
	CompletableFuture<Flight> seize(Ask ask) {
		Flight flight = this.flights.open(ask);
		return this.flights.awaitLease(ask, flight, tracer().within(ask.origin(), () -> since(ask,
				() -> this.store.seize(ask.key(), flight.nonce(), ask.settings().lease(), ask.holder()), Lease::since)),
				(lease) -> lease)
			.handle((lease, ex) -> {
				if (ex != null) {
					this.flights.close(flight);
				}
				else {
					flight.leased(lease);
				}
				return flight;
			});
	}

	private CompletableFuture<@Nullable Flight> tryHold(Ask ask, Observed observed, Hold hold) {
		if (hold == Hold.VALUE) {
			return borrowed(ask, observed).thenApply((flight) -> flight);
		}
		Flight flight = this.flights.open(ask);
		return acquire(ask, observed, hold, flight).handle((answer, ex) -> {
			Lease lease = (answer != null) ? answer.lease() : null;
			if (lease != null) {
				flight.leased(lease);
				return flight;
			}
			this.flights.close(flight);
			// Another's, or nobody's: Redis did not take it.
			return (ex == null) ? null : alone(ask);
		});
	}

	private CompletableFuture<Acquired> acquire(Ask ask, Observed observed, Hold hold, Flight flight) {
		Duration life = ask.settings().lease();
		return this.flights.awaitLease(ask, flight,
				since(ask,
						() -> (hold == Hold.CLAIM)
								? this.store.claim(observed, flight.nonce(), life, Lease.longestClaim(ask.settings()))
								: this.store.acquire(observed, flight.nonce(), life, ask.holder()),
						Acquired::since),
				Acquired::lease);
	}

	/** Fill in the place of the very value that was found, and of no other. */
	private CompletableFuture<Flight> borrowed(Ask ask, Observed observed) {
		Flight flight = alone(ask);
		Lease borrowed = this.store.borrow(observed);
		CompletableFuture<Lease> since = since(ask, () -> CompletableFuture.completedFuture(borrowed), Lease::since);
		return (since.isDone() ? since : ask.deadline().limit(since)).handle((lease, ex) -> {
			flight.leased((lease != null) ? lease : borrowed);
			return flight;
		});
	}

	/**
	 * Capture, for one whose value may carry tags, the moment before the load together
	 * with what gives the right to fill.
	 */
	private <T> CompletableFuture<T> since(Ask ask, Supplier<CompletableFuture<T>> leasing,
			BiFunction<T, @Nullable TagMoment, T> since) {
		if (!ask.tagged()) {
			return leasing.get();
		}
		CompletableFuture<@Nullable TagMoment> moment = this.store.tags().capture();
		return leasing.get().thenCombine(moment, since);
	}

	// What was found

	/**
	 * Return the header of what was found, if it counts. A lease too is of the server
	 * that it was placed on: it may have come back with an old dump, and its load be from
	 * before an eviction that did not.
	 */
	private static @Nullable EntryHeader trusted(Ask ask, Observed observed) {
		EntryHeader header = observed.current();
		return (header != null && ask.entries().isTrusted(header)) ? header : null;
	}

	private boolean isLeasedByAnother(Ask ask, @Nullable EntryHeader header) {
		return header != null && header.isLease() && !isFree(ask, header);
	}

	/** A lease that nobody has, or that this caller takes over. */
	private boolean isFree(Ask ask, EntryHeader header) {
		if (header.isNobodys() || header.givesWayTo(ask.key()) || this.flights.isOrphan(header.nonce())) {
			return true;
		}
		return header.isTransactional() && !ask.transactional() && !ask.isLeading(header.nonce());
	}

	/**
	 * Return whether a value is left alone that this caller cannot use: it was written a
	 * moment ago, and another version of the class reads it, or another key of the same
	 * text. Both would else replace each other's value in a loop, and wait for each
	 * other's load. Where one of two keys goes before the other, they never do.
	 */
	private boolean isLeftAlone(Ask ask, EntryHeader header) {
		boolean ours = header.isFor(ask.key())
				&& (ask.entries().isReadable(header) || header.schemaMark().equals(EntryHeader.NO_MARK));
		if (header.isLease() || ours || header.givesWayTo(ask.key())) {
			return false;
		}
		if (header.goesBefore(ask.key())) {
			return true;
		}
		// What is known of the server's clock may lag behind what it has just written.
		long age = Math.abs(this.store.serverMillis() - header.writtenAt());
		return age < YOUNG_MILLIS && header.isFresh(this.store.serverMillis());
	}

	private boolean isClaimed(Ask ask, EntryHeader header) {
		return header.isClaimed(this.store.serverMillis(), Lease.longestClaim(ask.settings()));
	}

	/** Return whether the load of another, with a given nonce, is nothing to wait for. */
	private static boolean isToItself(Ask ask, Observed observed, String nonce, @Nullable Flight flight) {
		return ask.transactional() || ask.isLeading(nonce) || ask.settings().coalesce() == Coalesce.NONE
				|| isRefused(observed) || (flight != null && !flight.isAs(ask.entries().mark()));
	}

	/** Return whether the last load brought what its caller alone may have. */
	private static boolean isRefused(Observed observed) {
		EntryHeader header = observed.current();
		return header != null && header.isLease() && header.isRefused();
	}

	private static boolean isUnstored(Observed observed) {
		EntryHeader header = observed.current();
		return header != null && header.isLease() && header.isUnstored();
	}

}
