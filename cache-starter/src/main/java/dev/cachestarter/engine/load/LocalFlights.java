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
import java.util.function.BooleanSupplier;

import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.load.Flight.Turn;

/**
 * Loads without a lease: while there is none to be had, or when another's load takes
 * longer than {@code load-wait}. One caller per key in this JVM loads for those that come
 * while it does, and nothing is stored.
 * <p>
 * Such a flight is joined only if nothing was evicted here since it began; and, while
 * Redis answers, so that evictions of other instances count, only by callers who came
 * before it began. Later ones wait for its end, and the next flight is theirs.
 */
final class LocalFlights implements Ticks.Task {

	private final Flights flights;

	private final BooleanSupplier reachable;

	private final Ticks ticks;

	private final ConcurrentMap<Subject, LocalFlight> running = new ConcurrentHashMap<>();

	/**
	 * Create them.
	 * @param flights makes them
	 * @param reachable whether Redis answers at present
	 * @param ticks have those forgotten that never end
	 */
	LocalFlights(Flights flights, BooleanSupplier reachable, Ticks ticks) {
		this.flights = flights;
		this.reachable = reachable;
		this.ticks = ticks;
		ticks.add(this);
	}

	/**
	 * Lead, or wait for the one who does.
	 */
	CompletableFuture<Turn> leadOrJoin(Ask ask) {
		return leadOrJoin(ask, System.nanoTime() + ask.settings().loadWait().toNanos());
	}

	private CompletableFuture<Turn> leadOrJoin(Ask ask, long until) {
		Flight mine = this.flights.alone(ask);
		LocalFlight current = currentOr(ask, mine);
		if (current.flight() == mine) {
			return CompletableFuture.completedFuture(new Turn.Lead(mine));
		}
		boolean tooEarly = isTooEarly(current, ask);
		return current.flight().join(until - System.nanoTime()).thenCompose((turn) -> {
			if (turn instanceof Turn.TimedOut || turn instanceof Turn.Refused) {
				return CompletableFuture.completedFuture(new Turn.Lead(mine));
			}
			return (tooEarly || turn instanceof Turn.LookAgain) ? leadOrJoin(ask, until)
					: CompletableFuture.completedFuture(turn);
		});
	}

	/**
	 * Lead, or join a load whose value is good for this caller in any case; wait for no
	 * other. For keys whose values are not stored: nobody is to be slower than without a
	 * cache.
	 */
	CompletableFuture<Turn> leadOrJoinAtOnce(Ask ask) {
		Flight mine = this.flights.alone(ask);
		LocalFlight current = currentOr(ask, mine);
		if (current.flight() == mine || isTooEarly(current, ask)) {
			return CompletableFuture.completedFuture(new Turn.Lead(mine));
		}
		return current.flight()
			.join(ask.waitUntil() - System.nanoTime())
			.thenApply((turn) -> (turn instanceof Turn.Shared || turn instanceof Turn.Failed) ? turn
					: new Turn.Lead(mine));
	}

	private LocalFlight currentOr(Ask ask, Flight mine) {
		if (ask.transactional()) {
			return new LocalFlight(mine, 0, 0);
		}
		Subject subject = new Subject(ask.key(), ask.key().mark(), ask.entries().mark());
		long now = System.nanoTime();
		LocalFlight own = new LocalFlight(mine, ask.entries().epoch(ask.key()), now);
		LocalFlight current = this.running.compute(subject,
				(same, old) -> (old != null && old.epoch() == own.epoch() && !old.flight().isOver()
						&& !old.flight().isForgotten(now) && !ask.isLeading(old.flight())) ? old : own);
		if (current == own) {
			mine.whenOver(() -> this.running.remove(subject, own));
			this.ticks.wake();
		}
		return current;
	}

	/**
	 * Return whether another instance may have evicted the key between the beginning of
	 * that load and this call, and no lease tells. So its result is not for this caller.
	 * Who could not read knows of no evictions but those made here in any case.
	 */
	private boolean isTooEarly(LocalFlight current, Ask ask) {
		return ask.observed() != null && this.reachable.getAsBoolean() && current.since() - ask.since() < 0;
	}

	/** One that never ends, such as of a future that nobody completes, is forgotten. */
	@Override
	public void tick(long now) {
		for (LocalFlight each : this.running.values()) {
			if (each.flight().isForgotten(now)) {
				each.flight().forget();
			}
		}
	}

	@Override
	public boolean isIdle() {
		return this.running.isEmpty();
	}

	/**
	 * What is loaded: a key, as one type.
	 */
	private record Subject(StoredKey place, String keyMark, String mark) {

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

}
