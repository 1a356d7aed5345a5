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
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Function;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.entry.EntryStore;
import dev.cachestarter.engine.entry.Lease;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.load.Flight.Turn;
import dev.cachestarter.engine.redis.Tracking;

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
 * <h2>Callers that do not use the cache</h2>
 *
 * <p>
 * Who bypasses the cache, since that is switched off or for a share of the calls, loads
 * for itself. It does not join the local load of another either: Redis is not asked, so
 * nothing would tell whether another instance has evicted the key since that load began.
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
 *
 * <h2>The steps</h2>
 *
 * <p>
 * What a caller has found and how it asks say which turn it takes ({@link TurnTaking}):
 *
 * <table>
 * <caption>What a caller does with what it has found</caption>
 * <tr>
 * <th>Found</th>
 * <th>{@link #decide}</th>
 * <th>{@link #decideAtOnce}, {@link #tryLead}</th>
 * <th>{@link #follow}</th>
 * </tr>
 * <tr>
 * <td>nothing could be read</td>
 * <td>leads or joins without a lease</td>
 * <td>loads alone</td>
 * <td>times out</td>
 * </tr>
 * <tr>
 * <td>nothing; or what does not count, or cannot be used</td>
 * <td>leases</td>
 * <td>leases</td>
 * <td>looks again</td>
 * </tr>
 * <tr>
 * <td>a lease that nobody has: a trace, one of ours that was given up, one of a
 * transaction</td>
 * <td>leases</td>
 * <td>leases</td>
 * <td>looks again</td>
 * </tr>
 * <tr>
 * <td>a value past its time that stays there</td>
 * <td>claims; a transaction borrows</td>
 * <td>the same</td>
 * <td>looks again</td>
 * </tr>
 * <tr>
 * <td>the same, after a load that failed</td>
 * <td>takes the value</td>
 * <td>leaves it</td>
 * <td>looks again</td>
 * </tr>
 * <tr>
 * <td>a fresh value, when it looks again</td>
 * <td>takes the value</td>
 * <td>claims</td>
 * <td>looks again</td>
 * </tr>
 * <tr>
 * <td>the value of another version of the class, just written</td>
 * <td>leads or joins without a lease</td>
 * <td>loads alone</td>
 * <td>looks again</td>
 * </tr>
 * <tr>
 * <td>the lease or claim of a load in this JVM</td>
 * <td>joins</td>
 * <td>leaves it</td>
 * <td>joins</td>
 * </tr>
 * <tr>
 * <td>the same, of another type</td>
 * <td>loads alone</td>
 * <td>leaves it</td>
 * <td>loads alone</td>
 * </tr>
 * <tr>
 * <td>the lease or claim of another instance</td>
 * <td>follows; with {@code LOCAL}, leads or joins without a lease</td>
 * <td>leaves it</td>
 * <td>follows; with {@code LOCAL}, loads alone</td>
 * </tr>
 * <tr>
 * <td>the same, where the last load stored nothing</td>
 * <td>leads, or joins what is good for it in any case</td>
 * <td>leaves it</td>
 * <td>loads alone</td>
 * </tr>
 * <tr>
 * <td>the lease of a load after one that the codec refused</td>
 * <td>loads alone</td>
 * <td>leaves it</td>
 * <td>loads alone</td>
 * </tr>
 * <tr>
 * <td>any other's lease or claim: in a transaction, by the loader that holds it, with
 * {@code NONE}</td>
 * <td>loads alone</td>
 * <td>leaves it</td>
 * <td>loads alone</td>
 * </tr>
 * </table>
 * <p>
 * A {@code @CachePut} {@linkplain #seize leases} whatever is there. What the turn brings
 * says what is to be done; one who has waited and got nothing takes a second turn, which
 * begins with another look at the key:
 *
 * <table>
 * <caption>What comes of a turn</caption>
 * <tr>
 * <th>Turn</th>
 * <th>the first</th>
 * <th>the second</th>
 * <th>{@link #follow}</th>
 * </tr>
 * <tr>
 * <td>it leads</td>
 * <td>load</td>
 * <td>load</td>
 * <td>load</td>
 * </tr>
 * <tr>
 * <td>it found a value</td>
 * <td>the value; load alone if it cannot be decoded</td>
 * <td>the same</td>
 * <td></td>
 * </tr>
 * <tr>
 * <td>it was handed a value</td>
 * <td>the value</td>
 * <td>the value</td>
 * <td>the value</td>
 * </tr>
 * <tr>
 * <td>the load failed</td>
 * <td>what is stale serves; else the failure, or load alone if it is none of the
 * caller's</td>
 * <td>the same</td>
 * <td>look again</td>
 * </tr>
 * <tr>
 * <td>it timed out</td>
 * <td>what is stale serves; else a second turn</td>
 * <td>what is stale serves; else load alone</td>
 * <td>what is stale serves; else load alone</td>
 * </tr>
 * <tr>
 * <td>the codec refuses the value</td>
 * <td>load alone</td>
 * <td>load alone</td>
 * <td>load alone</td>
 * </tr>
 * <tr>
 * <td>nothing was handed over</td>
 * <td>a second turn</td>
 * <td>load alone</td>
 * <td>look again</td>
 * </tr>
 * </table>
 * <p>
 * Nothing in here blocks, and no loader runs in here.
 */
public final class Turns {

	private final TurnTaking taking;

	private final Reloads reloads;

	/**
	 * Create the turns of one manager.
	 * @param store where leases are
	 * @param timer runs what is due later; must not be used for anything that blocks
	 * @param reloads loads in the background
	 */
	public Turns(EntryStore store, ScheduledExecutorService timer, Reloads reloads) {
		this.taking = new TurnTaking(store, timer);
		this.reloads = reloads;
	}

	/**
	 * Decide about a key that was missed.
	 * @return the decision: a value, a failure or a load; never fails
	 */
	public CompletableFuture<Decision> decide(Ask ask) {
		if (ask.alone()) {
			return loadAlone(ask);
		}
		CompletableFuture<Turn> turn = guarded(ask, () -> this.taking.take(ask));
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
		return thenDecide(ask, guarded(ask, () -> this.taking.followOnly(ask)), (turn) -> {
			if (turn instanceof Turn.LookAgain || turn instanceof Turn.Failed) {
				return CompletableFuture.completedFuture(new Decision.LookAgain());
			}
			return decisionOf(ask, turn, () -> loadAlone(ask));
		});
	}

	/**
	 * Take what another has stored meanwhile, or what serves while nobody may load it.
	 * @param ask who asks, with what it has found
	 * @return the value, {@code null} if there is none
	 */
	public Decision.@Nullable Value useStored(Ask ask) {
		Observed observed = this.taking.usable(ask);
		return (observed != null) ? ask.entries().useStored(observed) : null;
	}

	/**
	 * Lease a key if that is possible at once, waiting for nobody.
	 * @return the flight, or {@code null} if there is none to be had; never fails
	 */
	public CompletableFuture<@Nullable Flight> tryLead(Ask ask) {
		return this.taking.tryLead(ask);
	}

	/**
	 * Lease a key for one who is about to replace its value.
	 * @return the flight, without a lease if none could be had; never fails
	 */
	public CompletableFuture<Flight> seize(Ask ask) {
		return this.taking.seize(ask);
	}

	/**
	 * Return a flight that stores nothing and is shared with nobody.
	 */
	public Flight alone(Ask ask) {
		return this.taking.alone(ask);
	}

	/**
	 * Load an entry that is near its end in the background, unless somebody does.
	 * @param ask who has found it, with what it has found
	 */
	public void refresh(Ask ask) {
		this.reloads.refresh(ask, this.taking::tryClaim);
	}

	/**
	 * Have those who wait for another instance's load woken by what Redis tells there, in
	 * caches in mode {@code track}.
	 */
	public void wakeBy(Tracking tracking) {
		this.taking.wakeBy(tracking);
	}

	/**
	 * End: whoever waits for another instance's load goes on.
	 */
	public void close() {
		this.taking.close();
	}

	// From a turn to a decision

	/**
	 * Say what the first turn means for the caller: one who got nothing takes another.
	 */
	private CompletableFuture<Decision> decideFirst(Ask ask, Turn turn) {
		if (turn instanceof Turn.LookAgain) {
			return secondTurn(ask);
		}
		return decisionOf(ask, turn, () -> secondTurn(ask));
	}

	/**
	 * Say what a turn means for the caller.
	 * @param timedOut what one does who has waited and has nothing that serves
	 */
	private CompletableFuture<Decision> decisionOf(Ask ask, Turn turn, Supplier<CompletableFuture<Decision>> timedOut) {
		if (turn instanceof Turn.Lead lead) {
			return CompletableFuture.completedFuture(new Decision.Load(lead.flight()));
		}
		if (turn instanceof Turn.Shared shared && (shared.value() != null || ask.entries().takesNull())) {
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
		if (turn instanceof Turn.TimedOut) {
			return serveOr(ask, null, timedOut);
		}
		return loadAlone(ask);
	}

	private CompletableFuture<Decision> loadAlone(Ask ask) {
		return CompletableFuture.completedFuture(new Decision.Load(alone(ask)));
	}

	/** Take another turn, for one who has waited and has nothing that serves. */
	private CompletableFuture<Decision> secondTurn(Ask ask) {
		return thenDecide(ask, guarded(ask, () -> this.taking.takeAgain(ask)),
				(turn) -> decisionOf(ask, turn, () -> loadAlone(ask)));
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
			decided = before.thenApplyAsync(this.taking.tracer().carried(next), ask.executor());
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

}
