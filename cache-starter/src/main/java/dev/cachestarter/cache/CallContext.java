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

package dev.cachestarter.cache;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.load.Loads.Flight;
import dev.cachestarter.engine.load.Loads.Leading;
import dev.cachestarter.engine.load.Loads.Turn;
import dev.cachestarter.engine.load.Loads;
import dev.cachestarter.engine.redis.Deadline;

/**
 * What one intercepted call knows of itself: which keys it missed, which leases it holds
 * for them, and which writes it must not return before.
 * <p>
 * Spring's interceptor asks a cache for a key, runs the method and puts the result, and
 * these three know nothing of each other. The context is how they meet: the miss notes
 * what it observed, the wrapped invocation turns it into a lease (or into another's
 * value), and the put finds the lease. It is bound to the thread while Spring's
 * interceptor works, and to the signals of what an asynchronous method returned; never
 * while code of the user's runs, so that what that does with caches is its own affair.
 * <p>
 * Leases are taken in the wrapped invocation and not by the miss, so that a mere look at
 * a cache leaves none.
 *
 * <h2>Calls in the background</h2>
 *
 * <p>
 * To load an entry anew that a call has found near its end, or has found stale, the
 * intercepted call is made again on another thread, with a context that <em>reloads</em>:
 * it holds the claim on that entry from the beginning, and all its caches answer that
 * they have nothing. So {@code unless}, {@code condition} and several caches mean what
 * they mean to Spring. The keys are evaluated anew too, and what they are made of may
 * have stayed on the caller's thread (a tenant, say). So the method runs only when the
 * cache was asked for the very key that is to be loaded.
 */
public final class CallContext {

	private static final ThreadLocal<@Nullable CallContext> CURRENT = new ThreadLocal<>();

	private final boolean asynchronous;

	/** A subscriber may cancel the call from any thread while leases arrive on others. */
	private final List<Ticket> tickets = new CopyOnWriteArrayList<>();

	private volatile @Nullable CompletableFuture<Void> writes;

	private volatile @Nullable Deadline deadline;

	private volatile @Nullable Engine engine;

	private volatile boolean closed;

	/** Makes the call again, {@code null} if that would be more than loading. */
	private @Nullable Again again;

	private @Nullable Ticket reloaded;

	private volatile boolean confirmed;

	CallContext(boolean asynchronous) {
		this.asynchronous = asynchronous;
	}

	/**
	 * Have a call that can be made again, in the background.
	 * @param again makes it
	 */
	void repeatBy(Again again) {
		this.again = again;
	}

	@Nullable Again again() {
		return this.again;
	}

	/**
	 * Return the context of a call in the background that loads an entry anew.
	 */
	static CallContext reloading(boolean asynchronous, ResilientRedisCache cache, StoredKey key, Observed observed,
			Loads.Request request, Flight flight) {
		CallContext context = new CallContext(asynchronous);
		Ticket ticket = new Ticket(cache, key, observed, request, false, null);
		ticket.flight = flight;
		context.tickets.add(ticket);
		context.reloaded = ticket;
		context.deadline(cache.engine());
		return context;
	}

	/**
	 * Return whether all caches are to answer that they have nothing.
	 */
	boolean isReloading() {
		return this.reloaded != null;
	}

	/**
	 * Return the flight of the entry that is loaded anew, if a cache was asked for it.
	 */
	@Nullable Flight confirm(ResilientRedisCache cache, StoredKey key) {
		Ticket ticket = this.reloaded;
		if (ticket == null || !ticket.isFor(cache, key)) {
			return null;
		}
		this.confirmed = true;
		return ticket.flight;
	}

	/**
	 * Give up if this call reloads, but not what it was asked for.
	 */
	void checkConfirmed() {
		Ticket ticket = this.reloaded;
		if (ticket != null && !this.confirmed) {
			throw new IllegalStateException("In the background, the call asks for another key than '"
					+ ticket.key.logName() + "', or for none: what the key or the condition is made of"
					+ " is not carried over from the thread of the call");
		}
	}

	static @Nullable CallContext current() {
		return CURRENT.get();
	}

	/**
	 * Bind a context, or none, to this thread.
	 * @return what was bound before, to be given to this method again
	 */
	static @Nullable CallContext bind(@Nullable CallContext context) {
		CallContext before = CURRENT.get();
		if (context != null) {
			CURRENT.set(context);
		}
		else {
			CURRENT.remove();
		}
		return before;
	}

	public static void run(@Nullable CallContext context, Runnable action) {
		CallContext before = bind(context);
		try {
			action.run();
		}
		finally {
			bind(before);
		}
	}

	public static <T extends @Nullable Object> T call(@Nullable CallContext context, Supplier<T> action) {
		CallContext before = bind(context);
		try {
			return action.get();
		}
		finally {
			bind(before);
		}
	}

	/**
	 * Return whether the call returns before its work is done, so that nothing may block.
	 */
	boolean isAsynchronous() {
		return this.asynchronous;
	}

	Deadline deadline(Engine engine) {
		Deadline current = this.deadline;
		if (current == null) {
			current = engine.newDeadline();
			this.deadline = current;
			this.engine = engine;
		}
		return current.on(engine.link());
	}

	/**
	 * Return where an asynchronous call goes on that must not do so on an event loop.
	 */
	Executor executor() {
		Engine current = this.engine;
		return (current != null) ? current.executor() : ForkJoinPool.commonPool();
	}

	/**
	 * Note a miss.
	 * @param observed what was observed, {@code null} if the key is bypassed or Redis
	 * away
	 * @param request how the call wants its turn, made on the thread that asks, since its
	 * transaction is bound to that
	 */
	void missed(ResilientRedisCache cache, StoredKey key, @Nullable Observed observed, Loads.Request request) {
		missed(cache, key, observed, request, null);
	}

	/**
	 * Note a miss.
	 * @param stale what may stand in for the load
	 */
	void missed(ResilientRedisCache cache, StoredKey key, @Nullable Observed observed, Loads.Request request,
			ResilientRedisCache.@Nullable Stale stale) {
		this.tickets.removeIf((ticket) -> ticket.isFor(cache, key));
		this.tickets.add(new Ticket(cache, key, observed, request, false, stale));
	}

	boolean knows(ResilientRedisCache cache, StoredKey key) {
		return this.tickets.stream().anyMatch((ticket) -> ticket.isFor(cache, key));
	}

	/**
	 * Lease a key for a value that will be put whatever is there.
	 * @return completed when it is leased, or is known not to be
	 */
	CompletableFuture<?> seize(ResilientRedisCache cache, StoredKey key, Loads.Request request) {
		for (Ticket ticket : this.tickets) {
			if (ticket.put && ticket.isFor(cache, key)) {
				return CompletableFuture.completedFuture(null);
			}
		}
		this.tickets.removeIf((ticket) -> ticket.isFor(cache, key));
		Ticket ticket = new Ticket(cache, key, null, request, true, null);
		this.tickets.add(ticket);
		return cache.engine().loads().seize(key, request).thenAccept((flight) -> lead(ticket, flight));
	}

	/** A lease that comes when the call is over already is given back at once. */
	private void lead(Ticket ticket, @Nullable Flight flight) {
		ticket.flight = flight;
		if (this.closed && flight != null) {
			flight.end();
		}
	}

	/**
	 * Take the ticket for a put, if the call has one.
	 */
	@Nullable Ticket take(ResilientRedisCache cache, StoredKey key) {
		for (Ticket ticket : this.tickets) {
			if (!ticket.taken && ticket.isFor(cache, key)) {
				ticket.taken = true;
				return ticket;
			}
		}
		return null;
	}

	/**
	 * Return the cache that decides whose turn it is: the first that was missed.
	 */
	@Nullable ResilientRedisCache leader() {
		Ticket leader = leading();
		return (leader != null) ? leader.cache : null;
	}

	/**
	 * Find out whose turn it is to load what was missed: the first of the caches decides,
	 * the others are leased if that is possible at once.
	 * @param mustInvoke whether the method runs in any case
	 * @return the turn; {@link Turn.Lead} without a flight of its own is {@code null}
	 */
	CompletableFuture<@Nullable Turn> turn(boolean mustInvoke) {
		Ticket leader = leading();
		if (leader == null) {
			return CompletableFuture.completedFuture(null);
		}
		if (mustInvoke) {
			return lease(List.copyOf(this.tickets)).thenApply((done) -> null);
		}
		Flight given = leader.flight;
		if (given != null) {
			return leadWithOthers(leader, new Turn.Lead(given));
		}
		return leader.loads().turn(leader.key, leader.observed, leader.request).thenCompose((turn) -> {
			Again again = this.again;
			ResilientRedisCache.Stale stale = leader.stale;
			if (!(turn instanceof Turn.Lead lead) || stale == null || again == null
					|| !leader.cache.handsOver(stale, leader.request)) {
				return take(leader, turn);
			}
			// Off the event loop that the turn may have come on: the executor is the
			// application's.
			return CompletableFuture
				.supplyAsync(
						() -> leader.cache.handOver(leader.key, lead, stale, leader.request, again.of(leader.cache)),
						executor())
				.thenCompose((handedOver) -> handedOver)
				.thenCompose((came) -> take(leader, came));
		});
	}

	private CompletableFuture<@Nullable Turn> turnAnew(Ticket leader) {
		return leader.loads().turnAnew(leader.key, leader.request).thenCompose((turn) -> take(leader, turn));
	}

	private CompletableFuture<@Nullable Turn> take(Ticket leader, Turn turn) {
		if (!(turn instanceof Turn.Lead lead)) {
			if (!(turn instanceof Turn.GaveUp)) {
				serve();
			}
			return CompletableFuture.completedFuture(turn);
		}
		lead(leader, lead.flight());
		return leadWithOthers(leader, lead);
	}

	/**
	 * Find out whose turn it is once more, for one who has waited for another's load and
	 * has nothing that stands in.
	 */
	CompletableFuture<@Nullable Turn> turnAfterWaiting() {
		Ticket leader = leading();
		return (leader != null) ? turnAnew(leader) : CompletableFuture.completedFuture(null);
	}

	private @Nullable Ticket leading() {
		for (Ticket ticket : this.tickets) {
			if (!ticket.put) {
				return ticket;
			}
		}
		return null;
	}

	private CompletableFuture<@Nullable Turn> leadWithOthers(Ticket leader, Turn.Lead turn) {
		List<Ticket> others = this.tickets.stream().filter((ticket) -> ticket != leader).toList();
		return lease(others).thenApply((done) -> turn);
	}

	/** What is put from now on is stored already, by another. */
	private void serve() {
		this.tickets.forEach((ticket) -> ticket.served = true);
	}

	/**
	 * Look for an entry that may stand in for a load that has failed or takes too long.
	 * @param failure what was thrown, {@code null} if it takes too long
	 * @return what stands in, {@code null} if nothing does
	 */
	CompletableFuture<ResilientRedisCache.@Nullable StandIn> standIn(@Nullable Throwable failure) {
		Ticket leader = leading();
		Flight flight = (leader != null) ? leader.flight : null;
		if (leader == null || leader.stale == null || this.again == null || failure instanceof Error
				|| (flight != null && flight.replaces())) {
			return CompletableFuture.completedFuture(null);
		}
		return leader.cache.standIn(leader.stale, deadline(leader.cache.engine())).thenApply((found) -> {
			if (found != null) {
				serve();
			}
			return found;
		});
	}

	private CompletableFuture<Void> lease(List<Ticket> wanted) {
		List<CompletableFuture<?>> leases = new ArrayList<>();
		for (Ticket ticket : wanted) {
			if (!ticket.put && ticket.flight == null) {
				leases.add(ticket.loads()
					.tryLead(ticket.observed, ticket.request)
					.thenAccept((flight) -> lead(ticket, flight)));
			}
		}
		return CompletableFuture.allOf(leases.toArray(CompletableFuture[]::new));
	}

	/**
	 * Return what the method is run for: the flights of this call, and those whose
	 * loaders have made it. So a method that asks for its own keys does not wait for
	 * itself.
	 */
	@Nullable Leading loadsFor() {
		Leading leading = Loads.leading();
		for (Ticket ticket : this.tickets) {
			Flight flight = ticket.flight;
			if (flight != null) {
				// An asynchronous call may have gone on on a thread that knows of
				// nothing.
				leading = Leading.of(flight, (leading != null) ? leading : ticket.request.leading());
			}
		}
		return leading;
	}

	/**
	 * Hand the method's result to those who share the loads of this call.
	 */
	void loaded(@Nullable Object value) {
		for (Ticket ticket : this.tickets) {
			Flight flight = ticket.flight;
			if (flight != null && !ticket.put) {
				flight.loaded(value);
			}
		}
	}

	/**
	 * Hand the method's failure to those who share the loads of this call. Those who wait
	 * for a put of it do not share it: they load.
	 */
	void failed(Throwable failure) {
		for (Ticket ticket : this.tickets) {
			Flight flight = ticket.flight;
			if (flight != null && ticket.put) {
				flight.end();
			}
			else if (flight != null) {
				flight.failed(failure);
			}
		}
	}

	/**
	 * Have the call not return before a write is acknowledged.
	 */
	void returnsAfter(CompletableFuture<?> write) {
		CompletableFuture<Void> settled = write.handle((result, ex) -> null);
		CompletableFuture<Void> before = this.writes;
		this.writes = (before == null) ? settled : CompletableFuture.allOf(before, settled);
	}

	/**
	 * Return what completes when all writes so far are acknowledged, or have failed.
	 */
	CompletableFuture<Void> settled() {
		CompletableFuture<Void> current = this.writes;
		return (current != null) ? current : CompletableFuture.completedFuture(null);
	}

	/**
	 * End the call: give back the leases that no fill came of, those that are still to
	 * come included.
	 */
	void close() {
		this.closed = true;
		for (Ticket ticket : this.tickets) {
			Flight flight = ticket.flight;
			if (flight != null && !ticket.taken) {
				flight.end();
			}
		}
	}

	/**
	 * Makes an intercepted call again.
	 */
	interface Again {

		/**
		 * Make the call.
		 * @param context the context that it is made in, which is closed at its end
		 * @return completed at its end
		 */
		CompletableFuture<?> call(CallContext context);

		/**
		 * Return whether the call returns before its work is done.
		 */
		boolean isAsynchronous();

		/**
		 * Return how an entry of a cache is loaded anew by making the call again.
		 */
		default ResilientRedisCache.Reload of(ResilientRedisCache cache) {
			return (key, observed, request,
					flight) -> call(reloading(isAsynchronous(), cache, key, observed, request, flight));
		}

	}

	/**
	 * A key that this call has missed or is about to replace.
	 */
	static final class Ticket {

		private final ResilientRedisCache cache;

		private final StoredKey key;

		private final @Nullable Observed observed;

		private final Loads.Request request;

		private final boolean put;

		private final ResilientRedisCache.@Nullable Stale stale;

		private volatile @Nullable Flight flight;

		private volatile boolean served;

		private volatile boolean taken;

		Ticket(ResilientRedisCache cache, StoredKey key, @Nullable Observed observed, Loads.Request request,
				boolean put, ResilientRedisCache.@Nullable Stale stale) {
			this.cache = cache;
			this.key = key;
			this.observed = observed;
			this.request = request;
			this.put = put;
			this.stale = stale;
		}

		private Loads loads() {
			return this.cache.engine().loads();
		}

		private boolean isFor(ResilientRedisCache cache, StoredKey key) {
			return this.cache == cache && this.key.equals(key);
		}

		/** The flight under which the value may be stored, if it may. */
		@Nullable Flight flight() {
			return this.flight;
		}

		/** Whether the value is put in the place of another, and not just filled in. */
		boolean isPut() {
			return this.put;
		}

		/** Whether the value is another's, who stores it. */
		boolean isServed() {
			return this.served;
		}

	}

}
