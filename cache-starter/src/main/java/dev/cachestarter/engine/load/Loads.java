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
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.CacheSettings.Coalesce;
import dev.cachestarter.CacheSettings;
import dev.cachestarter.engine.entry.Acquired;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.EntryStore;
import dev.cachestarter.engine.entry.Lease;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.redis.Deadline;
import dev.cachestarter.engine.value.ValueCodec;

/**
 * Decides whose turn it is to load a key, so that one caller in all instances does and
 * the others get its value.
 *
 * <h2>In the cluster</h2>
 *
 * <p>
 * Whoever places the lease of {@link EntryStore} loads; who finds another's looks at the
 * key now and then until the lease is gone, and then takes the value or tries for the
 * lease itself. All callers of this JVM that found the same lease share one such
 * <em>watch</em>.
 *
 * <h2>In one JVM</h2>
 *
 * <p>
 * The load that holds a lease is a {@link Flight}, found by the lease's nonce and by
 * nothing else. A caller joins it only if its own read of Redis answered with that very
 * lease under current generations. Joining by the key alone would be wrong: an eviction
 * from another instance does not know of our flights, and a caller who comes after it
 * would be handed a value whose load began before it. The eviction has removed the lease
 * (or its generation), so the caller's own read cannot have found it; a nonce never comes
 * back. For the same reason a watch may be shared by those who found the same lease, even
 * if its last look was earlier than the call of one of them: what that caller's own read
 * found was still the lease.
 *
 * <h2>In the place of a value</h2>
 *
 * <p>
 * A value whose time is up, but that may stand in for its load ({@code stale-if-error}),
 * is not replaced by a lease but claimed (see {@link EntryStore}), and so is one that is
 * loaded anew ahead of its end. All that is said of leases here holds for claims: who
 * finds one waits for its load, and joins it in its JVM by the claim's nonce. Who has
 * waited for long enough, or learns that the load failed, is told so, to look whether the
 * value is still there to stand in. A claim of nobody's means that a load has failed a
 * moment ago: the value stands in at once.
 *
 * <h2>Without Redis</h2>
 *
 * <p>
 * While there is no lease to be had, or when another's load takes longer than
 * {@code load-wait}, one caller per key in this JVM loads for those that come while it
 * does, and nothing is stored. Such a flight is joined only if nothing was evicted here
 * since it began; and, while Redis answers, so that evictions of other instances count,
 * only by callers who came before it began. Later ones wait for its end, and the next
 * flight is theirs.
 * <p>
 * Nothing in here blocks, and no loader runs in here.
 */
public final class Loads {

	/**
	 * A header that changes under our hands this often is left to those who change it.
	 */
	private static final int MAX_ATTEMPTS = 8;

	/** Between two looks at another's lease. */
	private static final long SHORTEST_PAUSE = TimeUnit.MILLISECONDS.toNanos(4);

	private static final long LONGEST_PAUSE = TimeUnit.MILLISECONDS.toNanos(40);

	/** What the loaders on a thread's stack load for, of whichever manager. */
	private static final ThreadLocal<@Nullable Leading> LEADING = new ThreadLocal<>();

	private static final Runnable NOTHING = () -> {
	};

	private final EntryStore store;

	private final ScheduledExecutorService timer;

	private final ToLongFunction<StoredKey> evictionEpoch;

	private final Predicate<StoredKey> evicted;

	private final Predicate<EntryHeader> trusted;

	private final ConcurrentMap<String, Flight> flights = new ConcurrentHashMap<>();

	private final ConcurrentMap<String, Watch> watches = new ConcurrentHashMap<>();

	private final ConcurrentMap<StoredKey, LocalFlight> localFlights = new ConcurrentHashMap<>();

	/**
	 * Create the loads of one manager.
	 * @param store where leases are
	 * @param timer runs what is due later; must not be used for anything that blocks
	 * @param evictionEpoch a number that changes when something is evicted here that may
	 * concern a key
	 * @param evicted whether a key was evicted here, and Redis has not taken it yet
	 * @param trusted whether an entry counts, as far as the server goes that it was
	 * written on
	 */
	public Loads(EntryStore store, ScheduledExecutorService timer, ToLongFunction<StoredKey> evictionEpoch,
			Predicate<StoredKey> evicted, Predicate<EntryHeader> trusted) {
		this.store = store;
		this.evicted = evicted;
		this.trusted = trusted;
		this.timer = timer;
		this.evictionEpoch = evictionEpoch;
	}

	/**
	 * Find out whose turn it is.
	 * @param key the key
	 * @param observed what the caller's own read found, {@code null} if it could not read
	 * @param request how the caller wants it
	 * @return the turn; never fails. Whoever gets {@link Turn.Lead} must end its flight
	 */
	public CompletableFuture<Turn> turn(StoredKey key, @Nullable Observed observed, Request request) {
		return attempt(key, observed, request, 0).exceptionally((ex) -> new Turn.Lead(alone(key)));
	}

	private CompletableFuture<Turn> attempt(StoredKey key, @Nullable Observed observed, Request request, int attempts) {
		if (observed == null || attempts == MAX_ATTEMPTS) {
			return local(key, request, observed == null);
		}
		EntryHeader header = trusted(observed);
		if (header != null && header.isLease() && (!header.isTransactional() || request.isLeading(header.nonce()))) {
			return behind(header.nonce(), observed, request, attempts);
		}
		boolean claims = request.keeps(header);
		if (claims && request.transactional()) {
			// What it loads may be its own uncommitted work, and the value is others'.
			return CompletableFuture.completedFuture(new Turn.Lead(alone(key)));
		}
		if (header != null && request.accepts(header) && isClaimed(header, request) && (claims || !header.isPaused())) {
			return behindClaim(observed, header, request, attempts);
		}
		Flight flight = new Flight(key, this.store.newNonce(), this);
		// Known before the lease can be seen by anyone, so that nobody takes it for
		// another's.
		this.flights.put(flight.nonce, flight);
		return acquire(observed, claims, flight, request).handle((answer, ex) -> {
			if (ex != null) {
				this.flights.remove(flight.nonce);
				flight.abandon();
				return local(key, request, false);
			}
			if (answer.foreign()) {
				request.unreadable().run();
			}
			Lease lease = answer.lease();
			if (lease != null) {
				flight.leased(lease, request);
				return CompletableFuture.<Turn>completedFuture(new Turn.Lead(flight));
			}
			this.flights.remove(flight.nonce);
			flight.abandon();
			EntryHeader there = answer.observed().current();
			if (there != null && there.isLease() && !there.isTransactional()) {
				return behind(there.nonce(), answer.observed(), request, attempts + 1);
			}
			if (claims && there != null && there.equals(header)) {
				// By the server's clock, which counts, the claim that was seen holds.
				return behindClaim(observed, there, request, attempts + 1);
			}
			return again(key, request, attempts + 1);
		}).thenCompose((next) -> next);
	}

	/**
	 * Find out whose turn it is, for one who has waited for another's load and has
	 * nothing that stands in.
	 * @return the turn; never fails. Whoever gets {@link Turn.Lead} must end its flight
	 */
	public CompletableFuture<Turn> turnAnew(StoredKey key, Request request) {
		return again(key, request, 0).exceptionally((ex) -> new Turn.Lead(alone(key)));
	}

	/** Look once more: something other than a lease has come there meanwhile. */
	private CompletableFuture<Turn> again(StoredKey key, Request request, int attempts) {
		return request.deadline()
			.limit(this.store.observe(key))
			.handle((observed, ex) -> (ex != null) ? local(key, request, false) : found(observed, request, attempts))
			.thenCompose((next) -> next);
	}

	private CompletableFuture<Turn> found(Observed observed, Request request, int attempts) {
		if (this.evicted.test(observed.key())) {
			// What is there, or comes there, is not for this application.
			return local(observed.key(), request, false);
		}
		EntryHeader header = observed.current();
		if (header != null && this.trusted.test(header) && request.accepts(header)
				&& header.isFresh(this.store.serverMillis())) {
			return CompletableFuture.completedFuture(new Turn.Found(observed, header));
		}
		return attempt(observed.key(), observed, request, attempts);
	}

	/**
	 * Return the header of what was found, if it counts. A lease too is of the server
	 * that it was placed on: it may have come back with an old dump, and its load be from
	 * before an eviction that did not.
	 */
	private @Nullable EntryHeader trusted(Observed observed) {
		EntryHeader header = observed.current();
		return (header != null && this.trusted.test(header)) ? header : null;
	}

	private boolean isClaimed(EntryHeader header, Request request) {
		return header.isClaimed(this.store.serverMillis(), request.settings().longestClaim());
	}

	/** Another holds the claim on a value whose time is up, or nobody is to. */
	private CompletableFuture<Turn> behindClaim(Observed observed, EntryHeader header, Request request, int attempts) {
		if (header.isPaused()) {
			return CompletableFuture.completedFuture(new Turn.Found(observed, header));
		}
		return behind(header.claim(), observed, request, attempts);
	}

	/** Another holds the lease. */
	private CompletableFuture<Turn> behind(String nonce, Observed observed, Request request, int attempts) {
		StoredKey key = observed.key();
		Coalesce coalesce = request.settings().coalesce();
		if (request.transactional() || request.isLeading(nonce) || coalesce == Coalesce.NONE) {
			return CompletableFuture.completedFuture(new Turn.Lead(alone(key)));
		}
		Flight flight = this.flights.get(nonce);
		long wait = request.waitUntil(observed) - System.nanoTime();
		if (wait <= 0) {
			return waited(observed, request);
		}
		if (flight != null && flight.hasFailed()) {
			return again(key, request, attempts + 1);
		}
		if (flight != null) {
			return flight.join(wait).thenCompose((turn) -> {
				if (turn instanceof Turn.GaveUp) {
					return waited(observed, request);
				}
				return (turn instanceof Turn.Abandoned) ? again(key, request, attempts + 1)
						: CompletableFuture.completedFuture(turn);
			});
		}
		if (coalesce == Coalesce.LOCAL) {
			return local(key, request, false);
		}
		return watch(key, nonce, request.settings().longestClaim(), wait).join(wait)
			.handle((now, ex) -> (ex != null) ? waited(observed, request) : found(now, request, attempts + 1))
			.thenCompose((next) -> next);
	}

	/** The other's load has taken too long. */
	private CompletableFuture<Turn> waited(Observed observed, Request request) {
		return request.keeps(observed.current()) ? CompletableFuture.completedFuture(new Turn.GaveUp())
				: local(observed.key(), request, false);
	}

	/**
	 * Wait for another's load, and for nothing else: no lease comes of it. So whoever has
	 * leases of its own can wait for those of others when it has ended them, and two who
	 * do never wait for each other.
	 * @param observed what was found; if it is nobody's, there is nothing to wait for
	 * @return what came of the load; {@link Turn.GaveUp} if it takes too long,
	 * {@link Turn.Abandoned} if it is worth another look, {@link Turn.Lead} if there is
	 * nobody that it waits for
	 */
	public CompletableFuture<Turn> follow(Observed observed, Request request) {
		EntryHeader header = trusted(observed);
		String nonce = (header == null) ? null
				: header.isLease() ? header.nonce() : isClaimed(header, request) ? header.claim() : null;
		long wait = request.waitUntil(observed) - System.nanoTime();
		if (header == null || nonce == null || header.isTransactional() || (!header.isLease() && header.isPaused())) {
			return CompletableFuture.completedFuture(new Turn.Abandoned());
		}
		if (request.transactional() || request.isLeading(nonce) || request.settings().coalesce() == Coalesce.NONE) {
			return CompletableFuture.completedFuture(new Turn.Lead(alone(observed.key())));
		}
		if (wait <= 0) {
			return CompletableFuture.completedFuture(new Turn.GaveUp());
		}
		Flight flight = this.flights.get(nonce);
		if (flight != null) {
			return flight.join(wait);
		}
		if (request.settings().coalesce() == Coalesce.LOCAL) {
			return CompletableFuture.completedFuture(new Turn.Lead(alone(observed.key())));
		}
		return watch(observed.key(), nonce, request.settings().longestClaim(), wait).join(wait)
			.handle((now, ex) -> (ex != null) ? new Turn.GaveUp() : new Turn.Abandoned());
	}

	private Watch watch(StoredKey key, String nonce, long longestClaim, long wait) {
		return this.watches.compute(nonce,
				(n, old) -> ((old != null && !old.changed.isDone()) ? old : new Watch(key, nonce, longestClaim))
					.atLeast(wait));
	}

	/**
	 * Claim a value that is to be loaded anew ahead of its end.
	 * @return the flight, or {@code null} if it is another's, or not there any more
	 */
	public CompletableFuture<@Nullable Flight> claim(Observed observed, Request request) {
		return tryAcquire(observed, true, request).handle((flight, ex) -> {
			if (flight == null || !flight.canFill()) {
				return null;
			}
			flight.isAhead = true;
			return flight;
		});
	}

	private CompletableFuture<Turn> local(StoredKey key, Request request, boolean blind) {
		return local(key, request, blind, System.nanoTime() + request.settings().loadWait().toNanos());
	}

	/**
	 * Load without a lease, one caller at a time.
	 * @param blind whether the caller could not read, so that it knows of no evictions
	 * but those made here
	 */
	private CompletableFuture<Turn> local(StoredKey key, Request request, boolean blind, long until) {
		if (request.transactional()) {
			return CompletableFuture.completedFuture(new Turn.Lead(alone(key)));
		}
		long epoch = this.evictionEpoch.applyAsLong(key);
		Flight mine = alone(key);
		LocalFlight own = new LocalFlight(mine, epoch, System.nanoTime());
		LocalFlight current = this.localFlights.compute(key, (k, old) -> (old != null && old.epoch() == epoch
				&& !old.flight().result.isDone() && !request.isLeading(old.flight())) ? old : own);
		if (current == own) {
			mine.result.whenComplete((value, ex) -> this.localFlights.remove(key, own));
			return CompletableFuture.completedFuture(new Turn.Lead(mine));
		}
		CompletableFuture<Turn> joined = current.flight().join(until - System.nanoTime());
		// Between the beginning of that load and this call another instance may have
		// evicted the key, and no lease tells. So its result is not for us, but the next
		// one's is.
		boolean tooEarly = !blind && this.store.isReachable() && current.since() - request.since() < 0;
		return joined.thenCompose((turn) -> {
			if (turn instanceof Turn.GaveUp) {
				return CompletableFuture.completedFuture(new Turn.Lead(mine));
			}
			return (tooEarly || turn instanceof Turn.Abandoned) ? local(key, request, blind, until)
					: CompletableFuture.completedFuture(turn);
		});
	}

	private CompletableFuture<Acquired> acquire(Observed observed, boolean claim, Flight flight, Request request) {
		Duration life = request.settings().lease();
		return limit(request, claim ? this.store.claim(observed, flight.nonce, life, request.settings().longestClaim())
				: this.store.acquire(observed, flight.nonce, life, request.transactional()), Acquired::lease);
	}

	/**
	 * Wait for a lease as long as the caller may. One that comes later is given back,
	 * lest others wait for a load that nobody makes.
	 */
	private <T> CompletableFuture<T> limit(Request request, CompletableFuture<T> sent,
			Function<T, @Nullable Lease> leaseOf) {
		return request.deadline().limit(sent.copy()).whenComplete((answer, ex) -> {
			if (ex != null) {
				sent.thenAccept((late) -> {
					Lease lease = leaseOf.apply(late);
					if (lease != null) {
						giveBack(lease);
					}
				});
			}
		});
	}

	private CompletableFuture<Boolean> giveBack(Lease lease) {
		return lease.isClaim() ? this.store.unclaim(lease, Duration.ZERO) : this.store.release(lease);
	}

	/**
	 * Lease a key if that is possible at once, waiting for nobody.
	 * @return the flight, or {@code null} if there is none to be had
	 */
	public CompletableFuture<@Nullable Flight> tryLead(@Nullable Observed observed, Request request) {
		EntryHeader header = (observed != null) ? trusted(observed) : null;
		if (observed == null || (header != null && header.isLease() && !header.isTransactional())) {
			return CompletableFuture.completedFuture(null);
		}
		boolean claims = header != null && request.accepts(header)
				&& (request.keeps(header) || header.isFresh(this.store.serverMillis()));
		if (claims && request.transactional()) {
			return CompletableFuture.completedFuture(alone(observed.key()));
		}
		return tryAcquire(observed, claims, request);
	}

	private CompletableFuture<@Nullable Flight> tryAcquire(Observed observed, boolean claims, Request request) {
		Flight flight = new Flight(observed.key(), this.store.newNonce(), this);
		this.flights.put(flight.nonce, flight);
		return acquire(observed, claims, flight, request).handle((answer, ex) -> {
			Lease lease = (answer != null) ? answer.lease() : null;
			if (lease != null) {
				flight.leased(lease, request);
				return flight;
			}
			this.flights.remove(flight.nonce);
			flight.abandon();
			// Another's, or nobody's: Redis did not take it.
			return (ex == null) ? null : alone(observed.key());
		});
	}

	/**
	 * Return a flight that stores nothing and is shared with nobody.
	 */
	public Flight alone(StoredKey key) {
		return new Flight(key, "", this);
	}

	/**
	 * Lease a key for one who is about to replace its value.
	 * @return the flight, without a lease if none could be had
	 */
	public CompletableFuture<Flight> seize(StoredKey key, Request request) {
		Flight flight = new Flight(key, this.store.newNonce(), this);
		this.flights.put(flight.nonce, flight);
		return limit(request, this.store.seize(key, flight.nonce, request.settings().lease(), request.transactional()),
				(lease) -> lease)
			.handle((lease, ex) -> {
				if (ex != null) {
					this.flights.remove(flight.nonce);
					flight.abandon();
				}
				else {
					flight.leased(lease, request);
				}
				return flight;
			});
	}

	/**
	 * Remember that this thread loads for flights, so that a loader that asks for its own
	 * key does not wait for itself.
	 * @param leading the flights, {@code null} to leave the thread as it is
	 * @return what ends it
	 */
	public static Runnable enter(@Nullable Leading leading) {
		if (leading == null) {
			return NOTHING;
		}
		Leading before = LEADING.get();
		LEADING.set(leading);
		return () -> lead(before);
	}

	/**
	 * Make this thread one that loads for certain flights, or for none.
	 */
	public static void lead(@Nullable Leading leading) {
		if (leading != null) {
			LEADING.set(leading);
		}
		else {
			LEADING.remove();
		}
	}

	/**
	 * Return the flights that this thread loads for.
	 */
	public static @Nullable Leading leading() {
		return LEADING.get();
	}

	private @Nullable ScheduledFuture<?> after(long nanos, Runnable task) {
		try {
			return this.timer.schedule(task, nanos, TimeUnit.NANOSECONDS);
		}
		catch (RejectedExecutionException ex) {
			return null;
		}
	}

	/**
	 * Whose turn it is.
	 */
	public sealed interface Turn {

		/**
		 * The caller's: it loads, and must then end the flight.
		 *
		 * @param flight the flight
		 */
		record Lead(Flight flight) implements Turn {

		}

		/**
		 * Nobody's: the value has come meanwhile.
		 *
		 * @param observed what was found
		 * @param header its header
		 */
		record Found(Observed observed, EntryHeader header) implements Turn {

		}

		/**
		 * Another caller's of this JVM, who has loaded it.
		 *
		 * @param value the value
		 */
		record Shared(@Nullable Object value) implements Turn {

		}

		/**
		 * Another caller's of this JVM, whose load failed.
		 *
		 * @param failure what its loader threw
		 */
		record Failed(Throwable failure) implements Turn {

		}

		/**
		 * Another caller's, who takes too long for one that has a stale value.
		 */
		record GaveUp() implements Turn {

		}

		/** The flight that was joined has brought nothing. */
		record Abandoned() implements Turn {

		}

	}

	/**
	 * How a caller wants its turn.
	 *
	 * @param settings the settings of the cache
	 * @param deadline what it may wait for Redis
	 * @param since a time after the beginning of the call, and before that of its load,
	 * in {@link System#nanoTime()}
	 * @param transactional whether it is in a read-write transaction: its load is not
	 * shared
	 * @param leading the flights that the caller itself loads for, and must not wait for
	 * @param usable whether it could use the value that a header stands for
	 * @param unreadable counts something that had to be removed
	 */
	public record Request(CacheSettings settings, Deadline deadline, long since, boolean transactional,
			@Nullable Leading leading, Predicate<EntryHeader> usable, Runnable unreadable) {

		/** Until when it waits for another's load. */
		public long waitUntil() {
			return this.since + this.settings.loadWait().toNanos();
		}

		/** The same for one that may have a stale value instead. */
		private long waitUntil(Observed observed) {
			Duration timeout = this.settings.loadTimeout();
			return (timeout.isZero() || timeout.compareTo(this.settings.loadWait()) > 0 || !keeps(observed.current()))
					? waitUntil() : this.since + timeout.toNanos();
		}

		/**
		 * Return whether what was found is a value that may stand in for its load when
		 * its time is up, and so is left where it is.
		 */
		private boolean keeps(@Nullable EntryHeader header) {
			return header != null && !this.settings.staleIfError().isZero() && accepts(header);
		}

		boolean isLeading(String nonce) {
			for (Leading at = this.leading; at != null; at = at.outer()) {
				if (at.flight().nonce.equals(nonce)) {
					return true;
				}
			}
			return false;
		}

		boolean isLeading(Flight flight) {
			for (Leading at = this.leading; at != null; at = at.outer()) {
				if (at.flight() == flight) {
					return true;
				}
			}
			return false;
		}

		public boolean accepts(EntryHeader header) {
			return !header.isLease() && this.usable.test(header);
		}

	}

	/**
	 * One load: from the lease until the value is stored. Without a lease nothing is
	 * stored.
	 */
	public static final class Flight {

		private final StoredKey key;

		private final String nonce;

		private final Loads loads;

		/** Completed with a turn for those who joined. */
		private final CompletableFuture<Turn> result = new CompletableFuture<>();

		private final AtomicBoolean ended = new AtomicBoolean();

		private volatile @Nullable Lease lease;

		private volatile Duration pause = Duration.ZERO;

		private volatile @Nullable ScheduledFuture<?> renewal;

		private volatile boolean hasLoaded;

		private volatile boolean transactional;

		/** Whether it loads ahead of the end of what is there. */
		private volatile boolean isAhead;

		Flight(StoredKey key, String nonce, Loads loads) {
			this.key = key;
			this.nonce = nonce;
			this.loads = loads;
		}

		public StoredKey key() {
			return this.key;
		}

		public boolean canFill() {
			return this.lease != null && !this.ended.get();
		}

		/**
		 * Return whether it loads for a read-write transaction.
		 */
		public boolean isTransactional() {
			return this.transactional;
		}

		private void leased(Lease lease, Request request) {
			CacheSettings settings = request.settings();
			this.transactional = request.transactional();
			this.pause = settings.staleRetry();
			this.lease = lease;
			long limit = System.nanoTime() + settings.loadLeaseLimit().toNanos();
			renewLater(lease, settings.lease(), limit);
		}

		private void renewLater(Lease lease, Duration life, long limit) {
			this.renewal = this.loads.after(life.toNanos() / 3, () -> {
				if (this.ended.get() || System.nanoTime() - limit > 0) {
					return;
				}
				this.loads.store.renew(lease, life).whenComplete((renewed, ex) -> {
					if (ex != null || renewed) {
						renewLater(lease, life, limit);
					}
				});
			});
		}

		/**
		 * Return whether the load has failed already: that is no news for one who comes
		 * after it.
		 */
		private boolean hasFailed() {
			return this.result.isDone() && this.result.join() instanceof Turn.Failed;
		}

		public CompletableFuture<Turn> join(long nanos) {
			return this.result.copy().completeOnTimeout(new Turn.GaveUp(), nanos, TimeUnit.NANOSECONDS);
		}

		private void abandon() {
			this.result.complete(new Turn.Abandoned());
		}

		/**
		 * Hand a loaded value to those who wait for it.
		 */
		public void loaded(@Nullable Object value) {
			this.hasLoaded = true;
			this.result.complete(new Turn.Shared(value));
		}

		/**
		 * Hand a failure to those who wait for the value, and give the lease back. A
		 * value that was claimed stays, and nobody tries again for a while. That the
		 * caller was interrupted concerns it alone, and tells nothing of the source:
		 * those who wait take over.
		 */
		public void failed(Throwable failure) {
			if (isInterruption(failure)) {
				end();
				return;
			}
			// Whoever learns of the failure and tries again must not find the lease.
			release(this.pause);
			this.result.complete(new Turn.Failed(failure));
		}

		private static boolean isInterruption(Throwable failure) {
			Throwable cause = failure;
			for (int depth = 0; cause != null && depth < 20; depth++) {
				if (cause instanceof InterruptedException) {
					return true;
				}
				cause = cause.getCause();
			}
			return Thread.currentThread().isInterrupted();
		}

		/**
		 * Store the value, if the lease is still there, and end the flight.
		 * @return whether it was stored
		 */
		public CompletableFuture<Boolean> fill(ValueCodec.Encoded encoded, String schemaMark, Duration ttl,
				Duration extra) {
			Lease lease = this.lease;
			if (lease == null || !this.ended.compareAndSet(false, true)) {
				return CompletableFuture.completedFuture(false);
			}
			stopRenewal();
			return this.loads.store.fill(lease, encoded, schemaMark, ttl, extra).whenComplete((filled, ex) -> {
				this.loads.flights.remove(this.nonce);
				// Whoever waits for a put, which hands nothing over, finds it in Redis
				// now.
				abandon();
			});
		}

		/**
		 * End a flight that has not stored anything: give the lease back, so that nobody
		 * waits for it. A value that was claimed, and in the place of which another was
		 * loaded that is not to be stored, goes with it.
		 */
		public void end() {
			// In this order: whoever is told and looks again must not find the lease.
			release(this.isAhead ? this.pause : Duration.ZERO);
			abandon();
		}

		/**
		 * Return whether what is there is not the value that was found stale: a lease was
		 * taken in its place.
		 */
		public boolean replaces() {
			Lease lease = this.lease;
			return lease != null && !lease.isClaim();
		}

		/**
		 * Ask whether the lease is still there, after a time in which it may have been
		 * lost.
		 */
		public CompletableFuture<Boolean> isHeld(Duration life) {
			Lease lease = this.lease;
			return (lease != null) ? this.loads.store.renew(lease, life) : CompletableFuture.completedFuture(true);
		}

		private void release(Duration pause) {
			if (!this.ended.compareAndSet(false, true)) {
				return;
			}
			stopRenewal();
			Lease lease = this.lease;
			if (lease == null) {
				this.loads.flights.remove(this.nonce);
				return;
			}
			CompletableFuture<Boolean> released = (lease.isClaim() && !this.hasLoaded)
					? this.loads.store.unclaim(lease, pause) : this.loads.store.release(lease);
			released.whenComplete((done, ex) -> this.loads.flights.remove(this.nonce));
		}

		private void stopRenewal() {
			ScheduledFuture<?> renewal = this.renewal;
			if (renewal != null) {
				renewal.cancel(false);
			}
		}

	}

	/**
	 * Looks at a key until another instance's lease is gone.
	 */
	private final class Watch {

		private final StoredKey key;

		private final String nonce;

		private final long longestClaim;

		private final CompletableFuture<Observed> changed = new CompletableFuture<>();

		private final AtomicLong until = new AtomicLong(System.nanoTime());

		private final AtomicBoolean looking = new AtomicBoolean();

		private final long since = System.nanoTime();

		Watch(StoredKey key, String nonce, long longestClaim) {
			this.key = key;
			this.nonce = nonce;
			this.longestClaim = longestClaim;
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
				lookLater();
			}
			return this.changed.copy().orTimeout(wait, TimeUnit.NANOSECONDS);
		}

		private void lookLater() {
			// In proportion to what was waited already: so nobody waits much longer than
			// the load takes, and a long load is not asked for often.
			long waited = System.nanoTime() - this.since;
			long pause = Math.max(SHORTEST_PAUSE, Math.min(waited / 8, LONGEST_PAUSE));
			long jittered = pause / 2 + ThreadLocalRandom.current().nextLong(pause);
			if (after(jittered, this::look) == null) {
				end(null, new RejectedExecutionException("closed"));
			}
		}

		private void look() {
			Watch watched = Loads.this.watches.computeIfPresent(this.nonce,
					(n, watch) -> (watch == this && System.nanoTime() - this.until.get() > 0) ? null : watch);
			if (watched != this) {
				end(null, new java.util.concurrent.TimeoutException());
				return;
			}
			Loads.this.store.observe(this.key).whenComplete((observed, ex) -> {
				EntryHeader header = (observed != null) ? observed.current() : null;
				if (header != null && isHeld(header)) {
					lookLater();
				}
				else {
					end(observed, ex);
				}
			});
		}

		private boolean isHeld(EntryHeader header) {
			return header.isLease() ? header.nonce().equals(this.nonce) : header.claim().equals(this.nonce)
					&& header.isClaimed(Loads.this.store.serverMillis(), this.longestClaim);
		}

		private void end(@Nullable Observed observed, @Nullable Throwable ex) {
			Loads.this.watches.remove(this.nonce, this);
			if (observed != null) {
				this.changed.complete(observed);
			}
			else {
				this.changed.completeExceptionally((ex != null) ? ex : new IllegalStateException());
			}
		}

	}

	/**
	 * A load without a lease.
	 *
	 * @param flight the flight
	 * @param epoch what had been evicted here when it began
	 * @param since a time before it began, in {@link System#nanoTime()}
	 */
	private record LocalFlight(Flight flight, long epoch, long since) {

	}

	/**
	 * A flight that is loaded for: on a thread, in the context of a reactive pipeline, or
	 * wherever context propagation carries it from there. It may be carried into a load
	 * in the background that outlives it, and from there into the next: so flights that
	 * have ended are left out.
	 *
	 * @param flight the flight
	 * @param outer the flight whose loader has asked for it, if there is one
	 */
	public record Leading(Flight flight, @Nullable Leading outer) {

		/** What it goes by in the context of a reactive pipeline. */
		public static final String KEY = "dev.cachestarter.leading";

		public static Leading of(Flight flight, @Nullable Leading outer) {
			return new Leading(flight, running(outer));
		}

		public static @Nullable Leading of(Collection<Flight> flights, @Nullable Leading outer) {
			Leading leading = running(outer);
			for (Flight flight : flights) {
				leading = new Leading(flight, leading);
			}
			return leading;
		}

		private static @Nullable Leading running(@Nullable Leading leading) {
			Deque<Flight> running = new ArrayDeque<>();
			boolean all = true;
			for (Leading at = leading; at != null; at = at.outer) {
				if (at.flight.ended.get()) {
					all = false;
				}
				else {
					running.push(at.flight);
				}
			}
			return all ? leading : of(running, null);
		}

	}

}
