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

package dev.cachestarter.cache.call;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.load.Ask;
import dev.cachestarter.engine.load.Decision;
import dev.cachestarter.engine.load.Flight;
import dev.cachestarter.engine.load.Leading;
import dev.cachestarter.engine.load.Turns;

/**
 * The keys that one call has missed or is about to replace, and what it leads for them.
 * Safe for use by several threads: a subscriber may cancel the call from any thread while
 * leases arrive on others.
 */
final class Tickets {

	private final List<Ticket> all = new CopyOnWriteArrayList<>();

	private volatile boolean closed;

	/** Add one whose flight is there. */
	void hold(Ticket ticket) {
		this.all.add(ticket);
	}

	/**
	 * Note a miss.
	 */
	void missed(Object cache, Turns turns, Ask ask) {
		replace(cache, new Ticket(cache, turns, ask, Ticket.Kind.MISS));
	}

	/**
	 * Lease a key for a value that will be put whatever is there.
	 * @return completed when it is leased, or is known not to be
	 */
	CompletableFuture<?> seize(Object cache, Turns turns, Ask ask) {
		for (Ticket ticket : this.all) {
			if (ticket.isPut() && ticket.isFor(cache, ask.key())) {
				return CompletableFuture.completedFuture(null);
			}
		}
		Ticket ticket = new Ticket(cache, turns, ask, Ticket.Kind.PUT);
		replace(cache, ticket);
		return turns.seize(ask).thenAccept((flight) -> assign(ticket, flight));
	}

	private void replace(Object cache, Ticket ticket) {
		this.all.removeIf((other) -> other.isFor(cache, ticket.ask().key()));
		this.all.add(ticket);
	}

	boolean knows(Object cache, StoredKey key) {
		return this.all.stream().anyMatch((ticket) -> ticket.isFor(cache, key));
	}

	/**
	 * Return the ticket for a put, if there is one, and mark it as used.
	 */
	@Nullable Ticket claim(Object cache, StoredKey key) {
		for (Ticket ticket : this.all) {
			if (!ticket.isClaimed() && ticket.isFor(cache, key)) {
				ticket.claim();
				return ticket;
			}
		}
		return null;
	}

	/** The first key that was missed: the one whose load another may be waited for. */
	@Nullable Ticket firstMissed() {
		for (Ticket ticket : this.all) {
			if (!ticket.isPut()) {
				return ticket;
			}
		}
		return null;
	}

	// Deciding

	/**
	 * Decide about what was missed. The first decides; the others are leased if that is
	 * possible at once, since waiting for more than one could make two calls wait for
	 * each other.
	 */
	CompletableFuture<Decision> decide() {
		Ticket first = firstMissed();
		if (first == null) {
			return CompletableFuture.completedFuture(new Decision.Load(null));
		}
		Flight given = first.flight();
		if (given != null) {
			return leaseOthers(first).thenApply((done) -> new Decision.Load(given));
		}
		return first.turns().decide(first.ask()).thenCompose((decision) -> {
			if (decision instanceof Decision.Load load) {
				assign(first, load.flight());
				return leaseOthers(first).thenApply((done) -> load);
			}
			storedByOther();
			return CompletableFuture.completedFuture(decision);
		});
	}

	/**
	 * Lease what was missed, as far as that is possible at once, for a method that runs
	 * whatever is there.
	 */
	CompletableFuture<Decision> leaseAll() {
		return leaseOthers(null).thenApply((done) -> new Decision.Load(null));
	}

	private CompletableFuture<Void> leaseOthers(@Nullable Ticket first) {
		List<CompletableFuture<?>> leases = new ArrayList<>();
		for (Ticket ticket : this.all) {
			if (ticket != first && !ticket.isPut() && ticket.flight() == null) {
				leases.add(ticket.turns().tryLead(ticket.ask()).thenAccept((flight) -> assign(ticket, flight)));
			}
		}
		return CompletableFuture.allOf(leases.toArray(CompletableFuture[]::new));
	}

	/**
	 * Give a ticket its flight. One that comes when the call is over already is released
	 * at once.
	 */
	private void assign(Ticket ticket, @Nullable Flight flight) {
		ticket.leads(flight);
		if (this.closed && flight != null) {
			flight.release();
		}
	}

	/** What is put from now on is stored already, by another. */
	private void storedByOther() {
		this.all.forEach(Ticket::storedByOther);
	}

	// The load

	/**
	 * Return whether a flight can store its value, or others wait for it.
	 */
	boolean isLoadOfUse() {
		for (Ticket ticket : this.all) {
			Flight flight = ticket.flight();
			if (flight != null && flight.isOfUse()) {
				return true;
			}
		}
		return false;
	}

	/**
	 * Return what the method is run for: the flights in here, and those whose loaders
	 * have made the call.
	 */
	@Nullable Leading loadsFor() {
		Leading leading = Leading.current();
		for (Ticket ticket : this.all) {
			Flight flight = ticket.flight();
			if (flight != null) {
				// An asynchronous call may have gone on on a thread that knows of
				// nothing.
				leading = Leading.of(flight, (leading != null) ? leading : ticket.ask().leading());
			}
		}
		return leading;
	}

	/**
	 * Keep the method's result for those who share the loads.
	 */
	void loaded(@Nullable Object value) {
		for (Ticket ticket : this.all) {
			Flight flight = ticket.flight();
			if (flight != null && !ticket.isPut()) {
				flight.loaded(value);
			}
		}
	}

	/**
	 * Decide what comes of the method's failure.
	 * @return a value that serves, or the failure; never fails
	 */
	CompletableFuture<Decision> failed(Throwable failure) {
		Ticket first = firstMissed();
		for (Ticket ticket : this.all) {
			Flight flight = ticket.flight();
			if (flight != null && ticket.isPut()) {
				flight.release();
			}
			else if (flight != null && ticket != first) {
				flight.fail(failure);
			}
		}
		if (first == null) {
			return CompletableFuture.completedFuture(new Decision.Failure(failure));
		}
		return first.turns().failed(first.ask(), first.flight(), failure).thenApply((decision) -> {
			if (decision instanceof Decision.Value) {
				storedByOther();
			}
			return decision;
		});
	}

	// The end

	/** End all flights, but for those that others wait for. */
	void cancel() {
		for (Ticket ticket : this.all) {
			Flight flight = ticket.flight();
			if (flight != null) {
				flight.cancel();
			}
		}
	}

	/**
	 * Give back the leases that no fill came of, those that are still to come included.
	 */
	void close() {
		this.closed = true;
		for (Ticket ticket : this.all) {
			Flight flight = ticket.flight();
			if (flight != null && !ticket.isClaimed()) {
				flight.release();
			}
		}
	}

}
