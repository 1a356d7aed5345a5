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

/**
 * Decides whose turn it is to load a key, so that one caller in all instances does and
 * the others get its value; and what comes of it. Every kind of caller comes here with an
 * {@link Ask} and goes on with a {@link Decision}: they differ in how they wait and in
 * how they call the method, and in nothing else.
 *
 * <h2>In the cluster</h2>
 *
 * <p>
 * Whoever places the lease of {@link EntryStore} leads; who finds another's looks at the
 * key now and then until the lease is gone, and then takes the value or tries for the
 * lease itself.
 *
 * <h2>In one JVM</h2>
 *
 * <p>
 * The load that holds a lease is a {@link Flight}, found by the lease's nonce under its
 * key and by nothing else. A caller joins it only if its own read of Redis answered with
 * that very lease under current generations. Joining by the key alone would be wrong: an
 * eviction from another instance does not know of our flights, and a caller who comes
 * after it would be handed a value whose load began before it. The eviction has removed
 * the lease (or its generation), so the caller's own read cannot have found it; a nonce
 * never comes back. And only who asks for the same type joins: another would get a value
 * that is none of its own.
 *
 * <h2>Stale values</h2>
 *
 * <p>
 * A value whose time is up, but that may serve while it is loaded
 * ({@code stale-if-error}), is not replaced by a lease but claimed (see
 * {@link EntryStore}), and so is one that is loaded ahead of its end. All that is said of
 * leases here holds for claims: who finds one waits for its load, and joins it in its JVM
 * by the claim's nonce. Who has waited for {@code load-timeout}, or learns that the load
 * failed, looks whether the value is still there, and takes it. A claim of nobody's means
 * that a load has failed a moment ago: the value serves at once.
 *
 * <h2>Without a lease</h2>
 *
 * <p>
 * While there is no lease to be had, or when another's load takes longer than
 * {@code load-wait}, {@link LocalFlights} decides.
 *
 * <h2>Transactions</h2>
 *
 * <p>
 * A load in a read-write transaction may see what nobody else may: it is shared with
 * nobody, waits for nobody, and is stored when the transaction has committed. Its lease
 * is marked, so that others take it over instead of waiting; another transaction leaves
 * it alone, or a key that is read by transactions alone would never be filled. A stale
 * value is not claimed for so long: the transaction fills in its place if it is still the
 * very value that it found, which says that nothing was evicted since.
 *
 * <h2>What nobody stores</h2>
 *
 * <p>
 * Where a load ended with a value that is not to be stored ({@code unless}, a null that
 * is not cached, too large) its lease leaves a trace behind for half a second. Who finds
 * it, or a lease that another instance has placed over it, does not wait: instances that
 * took turns for a value that never comes would be slower than without a cache. What the
 * codec refuses (an entity with a part that is loaded when it is needed) is its caller's
 * alone: nobody waits for such a load, in its own JVM either. After a load that failed
 * they do take turns, one at a time, as long as {@code load-wait} allows: a source in
 * trouble is not asked by all of them at once.
 * <p>
 * Nothing in here blocks, and no loader runs in here.
 */
public final class Turns {

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

	private final Watches watches;

	private final Reloads reloads;

	/**
	 * Create the turns of one manager.
	 * @param store where leases are
	 * @param timer runs what is due later; must not be used for anything that blocks
	 * @param reloads loads in the background
	 */
	public Turns(EntryStore store, ScheduledExecutorService timer, Reloads reloads) {
		this.store = store;
		Ticks ticks = new Ticks(timer);
		this.flights = new Flights(store, ticks);
		this.local = new LocalFlights(this.flights, store::isReachable, ticks);
		this.watches = new Watches(store, timer);
		this.reloads = reloads;
	}

	/**
	 * Decide about a key that was missed.
	 * @return the decision: a value, a failure or a load; never fails
	 */
	public CompletableFuture<Decision> decide(Ask ask) {
		CompletableFuture<Turn> turn = guarded(ask, () -> attempt(ask, ask.observed(), 0));
		return thenDecide(ask, turn, (came) -> (came instanceof Turn.Lead lead && this.reloads.mayHandOver(ask))
				? handOver(ask, lead) : decideFirst(ask, came));
	}

	/**
	 * Decide for one whose load has failed: a stale value may serve.
	 * @param flight what it led, which ends here, {@code null} if it led nothing
	 * @param failure what the loader threw
	 * @return the decision; never fails, and a value or the failure
	 */
	public CompletableFuture<Decision> failed(Ask ask, @Nullable Flight flight, Throwable failure) {
		boolean replaced = flight != null && flight.replaces();
		if (flight != null) {
			flight.fail(failure);
		}
		Ask after = replaced ? ask.withoutStale() : ask;
		return serveOr(after, failure, () -> CompletableFuture.completedFuture(new Decision.Failure(failure)))
			.exceptionally((ex) -> new Decision.Failure(failure));
	}

	/**
	 * Decide about one of several keys, at once and waiting for nobody.
	 * @return to load, or to follow; never fails
	 */
	public CompletableFuture<Decision> decideAtOnce(Ask ask) {
		if (ask.observed() == null) {
			return loadAlone(ask);
		}
		return tryLead(ask).thenApply((flight) -> (flight != null) ? new Decision.Load(flight) : new Decision.Follow());
	}

	/**
	 * Wait for another's load, and for nothing else: no lease comes of it. So whoever has
	 * leases of its own can wait for those of others when it has ended them, and two who
	 * do never wait for each other.
	 * @param ask who waits, with what it has found; if that is nobody's, there is nothing
	 * to wait for
	 * @return a value, to load alone, or to look again; never fails
	 */
	public CompletableFuture<Decision> follow(Ask ask) {
		return thenDecide(ask, guarded(ask, () -> followOnly(ask)), (turn) -> {
			if (turn instanceof Turn.LookAgain || turn instanceof Turn.Failed) {
				return CompletableFuture.completedFuture(new Decision.LookAgain());
			}
			return (turn instanceof Turn.TimedOut) ? serveOr(ask, null, () -> loadAlone(ask)) : decisionOf(ask, turn);
		});
	}

	/**
	 * Take what another has stored meanwhile, or what serves while nobody may load it.
	 * @param ask who asks, with what it has found
	 * @return the value, {@code null} if there is none
	 */
	public Decision.@Nullable Value useStored(Ask ask) {
		Observed observed = ask.observed();
		EntryHeader header = (observed != null) ? observed.current() : null;
		if (observed == null || header == null || !ask.accepts(header)
				|| !(header.isFresh(this.store.serverMillis()) || (header.isPaused() && isClaimed(ask, header)))) {
			return null;
		}
		return ask.entries().useStored(observed);
	}

	/**
	 * Lease a key if that is possible at once, waiting for nobody.
	 * @return the flight, or {@code null} if there is none to be had; never fails
	 */
	public CompletableFuture<@Nullable Flight> tryLead(Ask ask) {
		Observed observed = ask.observed();
		EntryHeader header = (observed != null) ? trusted(ask, observed) : null;
		if (observed == null || isHeldByAnother(ask, header)) {
			return CompletableFuture.completedFuture(null);
		}
		boolean leaves = header != null && ask.accepts(header)
				&& (ask.keeps(header) || header.isFresh(this.store.serverMillis()));
		return tryHold(ask, observed, leaves ? onValue(ask) : Hold.LEASE);
	}

	/** Whoever leases several keys at once leaves those that another loads. */
	private boolean isHeldByAnother(Ask ask, @Nullable EntryHeader header) {
		return header != null && header.isLease() && !isFree(ask, header);
	}

	/**
	 * Lease a key for one who is about to replace its value.
	 * @return the flight, without a lease if none could be had; never fails
	 */
	public CompletableFuture<Flight> seize(Ask ask) {
		Flight flight = this.flights.open(ask);
		return this.flights
			.awaitLease(ask, flight, this.store.seize(ask.key(), flight.nonce(), ask.settings().lease(), ask.holder()),
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

	/**
	 * Return a flight that stores nothing and is shared with nobody.
	 */
	public Flight alone(Ask ask) {
		return this.flights.alone(ask);
	}

	/**
	 * Load an entry that is near its end in the background, unless somebody does.
	 * @param ask who has found it, with what it has found
	 */
	public void refresh(Ask ask) {
		this.reloads.refresh(ask,
				(background) -> tryHold(background, Objects.requireNonNull(background.observed()), Hold.CLAIM));
	}

	/**
	 * End: whoever waits for another instance's load goes on.
	 */
	public void close() {
		this.watches.close();
	}

	// From a turn to a decision

	/**
	 * Say what the first turn means for the caller: one who got nothing takes another.
	 */
	private CompletableFuture<Decision> decideFirst(Ask ask, Turn turn) {
		if (turn instanceof Turn.LookAgain) {
			return secondTurn(ask);
		}
		return (turn instanceof Turn.TimedOut) ? serveOr(ask, null, () -> secondTurn(ask)) : decisionOf(ask, turn);
	}

	/** Say what the last turn means for the caller: one who got nothing loads. */
	private CompletableFuture<Decision> decisionOf(Ask ask, Turn turn) {
		if (turn instanceof Turn.Lead lead) {
			return CompletableFuture.completedFuture(new Decision.Load(lead.flight()));
		}
		if (turn instanceof Turn.Shared shared) {
			ask.entries().shared();
			return CompletableFuture.completedFuture(new Decision.Value(shared.value()));
		}
		if (turn instanceof Turn.Found found) {
			Decision.Value value = ask.entries().useStored(found.observed());
			return (value != null) ? CompletableFuture.completedFuture(value) : loadAlone(ask);
		}
		if (turn instanceof Turn.Failed failed) {
			Throwable failure = failed.failure();
			return serveOr(ask, failure, () -> ask.declared().test(failure)
					? CompletableFuture.completedFuture(new Decision.Failure(failure)) : loadAlone(ask));
		}
		return loadAlone(ask);
	}

	private CompletableFuture<Decision> loadAlone(Ask ask) {
		return CompletableFuture.completedFuture(new Decision.Load(alone(ask)));
	}

	/** Take another turn, for one who has waited and has nothing that serves. */
	private CompletableFuture<Decision> secondTurn(Ask ask) {
		return thenDecide(ask, guarded(ask, () -> lookAgain(ask, 0)), (turn) -> decisionOf(ask, turn));
	}

	private CompletableFuture<Decision> handOver(Ask ask, Turn.Lead lead) {
		CompletableFuture<Turn> handedOver = this.reloads.handOver(ask, lead.flight());
		return (handedOver == null) ? decideFirst(ask, lead)
				: thenDecide(ask, handedOver, (turn) -> decideFirst(ask, turn));
	}

	/** Have a stale value serve, if there is one; an {@link Error} is not covered up. */
	private CompletableFuture<Decision> serveOr(Ask ask, @Nullable Throwable failure,
			Supplier<CompletableFuture<Decision>> otherwise) {
		Stale stale = ask.stale();
		if (stale == null || failure instanceof Error) {
			return otherwise.get();
		}
		CompletableFuture<Decision.@Nullable Value> served = ask.entries()
			.serve(stale, ask.deadline(), ask.executor())
			.exceptionally((ex) -> null);
		return thenDecide(ask, served,
				(value) -> (value != null) ? CompletableFuture.completedFuture(value) : otherwise.get());
	}

	/**
	 * Go on where code of the application's may run; whatever goes wrong there, the
	 * method will do.
	 */
	private <T extends @Nullable Object> CompletableFuture<Decision> thenDecide(Ask ask, CompletableFuture<T> before,
			Function<T, CompletableFuture<Decision>> next) {
		CompletableFuture<CompletableFuture<Decision>> decided;
		if (before.isDone()) {
			decided = guardedNow(() -> next.apply(before.join()));
		}
		else {
			decided = before.thenApplyAsync(next, ask.executor());
		}
		return decided.thenCompose(Function.identity()).exceptionally((ex) -> new Decision.Load(alone(ask)));
	}

	private static <T> CompletableFuture<T> guardedNow(Supplier<T> action) {
		try {
			return CompletableFuture.completedFuture(action.get());
		}
		catch (RuntimeException | Error ex) {
			return CompletableFuture.failedFuture(ex);
		}
	}

	/** A turn never fails: who cannot have one leads, and stores nothing. */
	private CompletableFuture<Turn> guarded(Ask ask, Supplier<CompletableFuture<Turn>> taking) {
		return guardedNow(taking).thenCompose(Function.identity()).exceptionally((ex) -> new Turn.Lead(alone(ask)));
	}

	// Taking a turn

	private CompletableFuture<Turn> attempt(Ask ask, @Nullable Observed observed, int attempts) {
		if (observed == null || attempts >= MAX_ATTEMPTS) {
			return this.local.leadOrJoin(ask);
		}
		EntryHeader header = trusted(ask, observed);
		if (header != null && header.isLease() && !isFree(ask, header)) {
			return followHolder(ask, observed, header.nonce(), attempts);
		}
		Hold hold = ask.keeps(header) ? onValue(ask) : Hold.LEASE;
		if (hold == Hold.VALUE) {
			return CompletableFuture.completedFuture(new Turn.Lead(borrowed(ask, observed)));
		}
		if (header != null && ask.accepts(header) && isClaimed(ask, header)
				&& (hold == Hold.CLAIM || !header.isPaused())) {
			return followClaim(ask, observed, header, attempts);
		}
		if (header != null && isYoungOther(ask, header)) {
			return this.local.leadOrJoin(ask);
		}
		return lead(ask, observed, hold, attempts);
	}

	/** A lease that nobody has, or that this caller takes over. */
	private boolean isFree(Ask ask, EntryHeader header) {
		if (header.isNobodys() || this.flights.isOrphan(header.nonce())) {
			return true;
		}
		return header.isTransactional() && !ask.transactional() && !ask.isLeading(header.nonce());
	}

	/**
	 * Return whether another version of the class wrote a value a moment ago. Both
	 * versions would else replace each other's value in a loop, as long as both run, and
	 * wait for each other's load.
	 */
	private boolean isYoungOther(Ask ask, EntryHeader header) {
		if (header.isLease() || ask.entries().isReadable(header) || header.schemaMark().equals(EntryHeader.NO_MARK)) {
			return false;
		}
		// What is known of the server's clock may lag behind what it has just written.
		long age = Math.abs(this.store.serverMillis() - header.writtenAt());
		return age < YOUNG_MILLIS && header.isFresh(this.store.serverMillis());
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
			if (there != null && there.isLease() && !isFree(ask, there)) {
				return followHolder(ask, answer.observed(), there.nonce(), attempts + 1);
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
		if (header != null && ask.accepts(header) && header.isFresh(this.store.serverMillis())) {
			return CompletableFuture.completedFuture(new Turn.Found(observed));
		}
		return attempt(ask, observed, attempts);
	}

	/**
	 * Return the header of what was found, if it counts. A lease too is of the server
	 * that it was placed on: it may have come back with an old dump, and its load be from
	 * before an eviction that did not.
	 */
	private static @Nullable EntryHeader trusted(Ask ask, Observed observed) {
		EntryHeader header = observed.current();
		return (header != null && ask.entries().isTrusted(header)) ? header : null;
	}

	private boolean isClaimed(Ask ask, EntryHeader header) {
		return header.isClaimed(this.store.serverMillis(), ask.longestClaim());
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
		Coalesce coalesce = ask.settings().coalesce();
		if (ask.transactional() || ask.isLeading(nonce) || coalesce == Coalesce.NONE || isRefused(observed)) {
			return CompletableFuture.completedFuture(new Turn.Lead(alone(ask)));
		}
		if (this.flights.isOrphan(nonce)) {
			return this.local.leadOrJoin(ask);
		}
		Flight flight = this.flights.of(nonce, ask.key());
		if (flight != null && !flight.isAs(ask.entries().mark())) {
			return CompletableFuture.completedFuture(new Turn.Lead(alone(ask)));
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
		return this.watches.await(ask, nonce, wait)
			.handle((now, ex) -> (ex != null) ? giveUpFollowing(ask, observed, null) : attemptOn(ask, now, attempts))
			.thenCompose(Function.identity());
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

	private CompletableFuture<Turn> join(Ask ask, Observed observed, Flight flight, long wait, int attempts) {
		return flight.join(wait).thenCompose((turn) -> {
			if (turn instanceof Turn.TimedOut) {
				return giveUpFollowing(ask, observed, flight);
			}
			return (turn instanceof Turn.LookAgain) ? lookAgain(ask, attempts)
					: CompletableFuture.completedFuture(turn);
		});
	}

	/** The other's load has taken too long. */
	private CompletableFuture<Turn> giveUpFollowing(Ask ask, Observed observed, @Nullable Flight flight) {
		if (flight == null && ask.waitUntil() - System.nanoTime() <= 0) {
			// One that can never end would hold up every caller for ever.
			this.store.breakLease(observed, ask.longestClaim());
		}
		return ask.keeps(observed.current()) ? CompletableFuture.completedFuture(new Turn.TimedOut())
				: this.local.leadOrJoin(ask);
	}

	/** Wait for the load of another that was found, as {@link #follow} does. */
	private CompletableFuture<Turn> followOnly(Ask ask) {
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
		if (ask.transactional() || ask.isLeading(nonce) || ask.settings().coalesce() == Coalesce.NONE
				|| isRefused(observed) || (flight != null && !flight.isAs(ask.entries().mark()))
				|| (flight == null && isUnstored(observed))) {
			return CompletableFuture.completedFuture(new Turn.Lead(alone(ask)));
		}
		long wait = ask.waitUntil(observed) - System.nanoTime();
		if (wait <= 0) {
			return CompletableFuture.completedFuture(new Turn.TimedOut());
		}
		if (flight != null) {
			return flight.join(wait);
		}
		if (ask.settings().coalesce() == Coalesce.LOCAL) {
			return CompletableFuture.completedFuture(new Turn.Lead(alone(ask)));
		}
		return this.watches.await(ask, nonce, wait)
			.handle((now, ex) -> (ex != null) ? new Turn.TimedOut() : new Turn.LookAgain());
	}

	private CompletableFuture<@Nullable Flight> tryHold(Ask ask, Observed observed, Hold hold) {
		if (hold == Hold.VALUE) {
			return CompletableFuture.completedFuture(borrowed(ask, observed));
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
				(hold == Hold.CLAIM) ? this.store.claim(observed, flight.nonce(), life, ask.longestClaim())
						: this.store.acquire(observed, flight.nonce(), life, ask.holder()),
				Acquired::lease);
	}

	/** Fill in the place of the very value that was found, and of no other. */
	private Flight borrowed(Ask ask, Observed observed) {
		Flight flight = alone(ask);
		flight.leased(this.store.borrow(observed));
		return flight;
	}

}
