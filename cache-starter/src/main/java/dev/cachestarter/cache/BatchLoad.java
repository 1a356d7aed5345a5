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
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.CacheService.BatchLoader;
import dev.cachestarter.cache.ResilientRedisCache.Asked;
import dev.cachestarter.cache.ResilientRedisCache.Reading;
import dev.cachestarter.cache.ResilientRedisCache.Stale;
import dev.cachestarter.cache.ResilientRedisCache.StandIn;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.load.Loads.Flight;
import dev.cachestarter.engine.load.Loads.Leading;
import dev.cachestarter.engine.load.Loads.Request;
import dev.cachestarter.engine.load.Loads.Turn;
import dev.cachestarter.engine.load.Loads;
import dev.cachestarter.engine.redis.Deadline.RedisWaitException;
import dev.cachestarter.engine.redis.Deadline;

/**
 * One call that asks for several keys.
 *
 * <h2>The order</h2>
 *
 * <p>
 * All keys are read at once. What is missing is leased, all at once and waiting for
 * nobody, and what could be leased is loaded together and filled. Only then, with no
 * lease of its own in hand, does the call wait for the loads of others; what they bring
 * is taken, and what they leave is read again, leased and loaded in a further round. So
 * two calls that want each other's keys never wait for each other: a call that waits
 * holds nothing. All rounds together are bounded by {@code load-wait}; what is still
 * missing then is loaded without a lease, and not stored.
 *
 * @param <T> the type of the values
 * @param <X> what the loader throws
 */
final class BatchLoad<T, X extends Exception> {

	/** Entries that change hands this often are left to those who change them. */
	private static final int MAX_ROUNDS = 8;

	private final Engine engine;

	private final BatchLoader<T, X> loader;

	private final Map<String, Asked> asked;

	private final Deadline deadline;

	private final Map<Asked, Request> requests = new HashMap<>();

	private final Map<String, Optional<Object>> found = new HashMap<>();

	/** What is to be loaded, by name, and what was found in its place. */
	private final Map<String, Missing> missing = new LinkedHashMap<>();

	BatchLoad(Engine engine, Map<String, Asked> asked, BatchLoader<T, X> loader) {
		this.engine = engine;
		this.asked = asked;
		this.loader = loader;
		this.deadline = engine.newDeadline();
	}

	Map<String, Object> run() throws X {
		this.asked.forEach((name, one) -> this.requests.put(one, one.cache().request(one.codec(), this.deadline)));
		read(this.asked.keySet(), true);
		int rounds = 0;
		while (!this.missing.isEmpty()) {
			Map<String, Flight> led = lead();
			if (!led.isEmpty()) {
				load(led);
			}
			if (!this.missing.isEmpty()) {
				Set<String> again = follow(++rounds < MAX_ROUNDS);
				Map<String, Flight> alone = new LinkedHashMap<>();
				this.missing.forEach((name, one) -> {
					if (!again.contains(name)) {
						alone.put(name, this.engine.loads().alone(one.asked().key()));
					}
				});
				if (!alone.isEmpty()) {
					load(alone);
				}
				read(again, false);
			}
		}
		Map<String, Object> values = new LinkedHashMap<>();
		this.asked.keySet().forEach((name) -> {
			Optional<Object> value = this.found.get(name);
			if (value != null && value.isPresent()) {
				values.put(name, value.get());
			}
		});
		return values;
	}

	/** Read keys, all at once. */
	private void read(Set<String> names, boolean first) {
		List<String> readable = new ArrayList<>();
		List<StoredKey> keys = new ArrayList<>();
		for (String name : names) {
			Asked one = asked(name);
			if (one.cache().isBypassed(one.key())) {
				missed(name, one, null, first);
			}
			else {
				readable.add(name);
				keys.add(one.key());
			}
		}
		if (keys.isEmpty()) {
			return;
		}
		List<Observed> observed = lookAt(keys);
		if (observed == null) {
			readable.forEach((name) -> asked(name).cache().counters().failed());
		}
		for (int i = 0; i < readable.size(); i++) {
			String name = readable.get(i);
			Asked one = asked(name);
			if (observed == null) {
				missed(name, one, null, first);
			}
			else if (first) {
				take(name, one, one.cache().interpret(one.key(), observed.get(i), one.codec(), true));
			}
			else {
				look(name, one, observed.get(i));
			}
		}
	}

	private void take(String name, Asked one, Reading reading) {
		if (reading.hit()) {
			found(name, reading.value());
		}
		else {
			this.missing.put(name, new Missing(one, reading.observed(), one.cache().stale(reading, one.codec(), null)));
		}
	}

	/** Look at what another's load has left: its value is no hit of ours. */
	private void look(String name, Asked one, Observed observed) {
		Missing before = this.missing.get(name);
		EntryHeader header = observed.current();
		long now = this.engine.store().serverMillis();
		if (header != null && request(one).accepts(header)
				&& (header.isFresh(now) || one.cache().isPaused(header, now))) {
			StandIn taken = one.cache().take(new Turn.Found(observed, header), one.codec());
			if (taken != null) {
				found(name, taken.value());
				return;
			}
		}
		this.missing.put(name, new Missing(one, observed, (before != null) ? before.stale() : null));
	}

	private void missed(String name, Asked one, @Nullable Observed observed, boolean count) {
		if (count) {
			one.cache().missed(one.key(), observed);
		}
		this.missing.put(name, new Missing(one, observed, null));
	}

	private void found(String name, @Nullable Object value) {
		this.missing.remove(name);
		this.found.put(name, Optional.ofNullable(value));
	}

	/** Lease what can be leased at once. */
	private Map<String, Flight> lead() {
		Map<String, CompletableFuture<@Nullable Flight>> leases = new LinkedHashMap<>();
		this.missing.forEach((name, one) -> leases.put(name,
				(one.observed() == null)
						? CompletableFuture.completedFuture(this.engine.loads().alone(one.asked().key()))
						: this.engine.loads().tryLead(one.observed(), request(one.asked()))));
		Map<String, Flight> led = new LinkedHashMap<>();
		leases.forEach((name, lease) -> {
			Flight flight = await(lease);
			if (flight != null) {
				led.put(name, flight);
			}
			else {
				// It may come yet, if this thread was interrupted.
				lease.thenAccept((late) -> {
					if (late != null) {
						late.end();
					}
				});
			}
		});
		return led;
	}

	/**
	 * Wait for the loads of others.
	 * @param mayLookAgain whether there may be another round
	 * @return what is to be looked at again; the rest of what is missing takes too long
	 */
	private Set<String> follow(boolean mayLookAgain) {
		Map<String, CompletableFuture<Turn>> turns = new LinkedHashMap<>();
		List<String> names = List.copyOf(this.missing.keySet());
		List<Observed> now = lookAt(names.stream().map((name) -> asked(name).key()).toList());
		for (int i = 0; i < names.size(); i++) {
			Missing one = missing(names.get(i));
			turns.put(names.get(i),
					(now == null || one.observed() == null) ? CompletableFuture.completedFuture(new Turn.GaveUp())
							: this.engine.loads().follow(now.get(i), request(one.asked())));
		}
		Set<String> again = new LinkedHashSet<>();
		turns.forEach((name, pending) -> {
			Turn turn = await(pending);
			Missing one = this.missing.get(name);
			if (one == null) {
				return;
			}
			if (turn instanceof Turn.Shared shared) {
				one.asked().cache().countShared();
				found(name, shared.value());
			}
			else if (turn instanceof Turn.GaveUp) {
				standIn(name, one);
			}
			else if (turn != null && !(turn instanceof Turn.Lead) && mayLookAgain
					&& request(one.asked()).waitUntil() - System.nanoTime() > 0) {
				again.add(name);
			}
		});
		return again;
	}

	private @Nullable List<Observed> lookAt(List<StoredKey> keys) {
		try {
			return this.deadline.await(this.engine.store().observe(keys));
		}
		catch (RedisWaitException ex) {
			return null;
		}
	}

	private boolean standIn(String name, Missing one) {
		Stale stale = one.stale();
		StandIn standIn = (stale != null) ? await(one.asked().cache().standIn(stale, this.deadline)) : null;
		if (standIn == null) {
			return false;
		}
		found(name, standIn.value());
		return true;
	}

	private void load(Map<String, Flight> flights) throws X {
		Runnable leave = Loads.enter(Leading.of(flights.values(), Loads.leading()));
		Map<String, T> values;
		try {
			values = this.loader.load(new LinkedHashSet<>(flights.keySet()));
			if (values == null) {
				throw new IllegalStateException("The loader answered null instead of a map");
			}
		}
		catch (Throwable ex) {
			flights.values().forEach((flight) -> flight.failed(ex));
			boolean all = !(ex instanceof Error);
			for (String name : flights.keySet()) {
				all &= standIn(name, missing(name));
			}
			if (all) {
				return;
			}
			throw ex;
		}
		finally {
			leave.run();
		}
		try {
			flights.forEach((name, flight) -> {
				Asked one = asked(name);
				Object value = values.get(name);
				flight.loaded(value);
				one.cache().fill(flight, value, one.codec(), null);
				found(name, value);
			});
		}
		finally {
			// All have, unless the map that was answered is a strange one.
			flights.forEach((name, flight) -> {
				if (this.missing.containsKey(name)) {
					flight.end();
				}
			});
		}
	}

	private <V> @Nullable V await(CompletableFuture<V> future) {
		try {
			return future.get();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return null;
		}
		catch (ExecutionException ex) {
			return null;
		}
	}

	private Asked asked(String name) {
		return java.util.Objects.requireNonNull(this.asked.get(name));
	}

	private Missing missing(String name) {
		return java.util.Objects.requireNonNull(this.missing.get(name));
	}

	private Request request(Asked one) {
		return java.util.Objects.requireNonNull(this.requests.get(one));
	}

	/**
	 * A key without a value.
	 *
	 * @param asked the key
	 * @param observed what was found, {@code null} if nothing could be read
	 * @param stale what may stand in for its load
	 */
	private record Missing(Asked asked, @Nullable Observed observed, @Nullable Stale stale) {

	}

}
