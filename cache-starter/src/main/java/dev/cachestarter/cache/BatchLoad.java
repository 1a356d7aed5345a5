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
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.CacheService.BatchLoader;
import dev.cachestarter.cache.call.Call;
import dev.cachestarter.cache.call.Steps;
import dev.cachestarter.cache.entries.Engine;
import dev.cachestarter.cache.entries.EntryReader;
import dev.cachestarter.cache.entries.EntryWriter;
import dev.cachestarter.cache.entries.Reading;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.load.Ask;
import dev.cachestarter.engine.load.CallerThread;
import dev.cachestarter.engine.load.Decision;
import dev.cachestarter.engine.load.Flight;
import dev.cachestarter.engine.load.Leading;
import dev.cachestarter.engine.load.Turns;
import dev.cachestarter.engine.monitor.CacheMonitor.LoadKind;
import dev.cachestarter.engine.monitor.CacheMonitor.LoadOutcome;
import dev.cachestarter.engine.monitor.CacheMonitor.WaitOutcome;
import dev.cachestarter.engine.monitor.Step;
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

	private final Map<String, Asked> asked;

	private final BatchLoader<T, X> loader;

	private final @Nullable Call stated;

	private final Predicate<@Nullable Object> stores;

	private final Deadline deadline;

	private final CallerThread thread;

	private final Map<String, Optional<Object>> found = new HashMap<>();

	/** What is to be loaded, by name, as it was seen last. */
	private final Map<String, Ask> missing = new LinkedHashMap<>();

	BatchLoad(Engine engine, Map<String, Asked> asked, BatchLoader<T, X> loader) {
		this(engine, asked, loader, null, (value) -> true);
	}

	/**
	 * Create one for a method.
	 * @param stated has what is stated on the method, {@code null} if there is none
	 * @param stores whether a value that was loaded is to be stored
	 */
	BatchLoad(Engine engine, Map<String, Asked> asked, BatchLoader<T, X> loader, @Nullable Call stated,
			Predicate<@Nullable Object> stores) {
		this.stated = stated;
		this.stores = stores;
		this.engine = engine;
		this.asked = asked;
		this.loader = loader;
		this.deadline = engine.newDeadline();
		this.thread = new CallerThread(engine.executor());
	}

	Map<String, Object> run() throws X {
		try {
			read();
			for (int round = 1; !this.missing.isEmpty(); round++) {
				load(leaseAll());
				if (!this.missing.isEmpty()) {
					load(follow(round));
				}
			}
		}
		finally {
			this.thread.close();
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

	private void read() {
		List<String> names = List.copyOf(this.asked.keySet());
		List<EntryReader> readers = names.stream().map((name) -> asked(name).reader()).toList();
		List<Reading> readings = EntryReader.readAll(readers, keysOf(names), this.deadline);
		for (int i = 0; i < names.size(); i++) {
			Reading reading = readings.get(i);
			if (reading.isHit()) {
				found(names.get(i), reading.value());
			}
			else {
				this.missing.put(names.get(i),
						reading.asking(
								readers.get(i).ask(asked(names.get(i)).key(), this.deadline, this.thread, null, null),
								reading.stale(null)));
			}
		}
	}

	/** Lease what can be leased at once. */
	private Map<String, Flight> leaseAll() {
		Map<String, CompletableFuture<Decision>> decisions = new LinkedHashMap<>();
		this.missing.forEach((name, ask) -> decisions.put(name, turns().decideAtOnce(ask)));
		Map<String, Flight> led = new LinkedHashMap<>();
		decisions.forEach((name, pending) -> {
			if (this.thread.await(pending) instanceof Decision.Load load) {
				led.put(name, flightOf(name, load));
			}
		});
		return led;
	}

	/**
	 * Wait for the loads of others, and take what they bring.
	 * @param round how many rounds there were, this one included
	 * @return what is to be loaded alone; the rest of what is missing is for another
	 * round
	 */
	private Map<String, Flight> follow(int round) {
		lookAgain(List.copyOf(this.missing.keySet()));
		Map<String, CompletableFuture<Decision>> decisions = new LinkedHashMap<>();
		Map<String, Step<WaitOutcome>> steps = new HashMap<>();
		this.missing.forEach((name, ask) -> {
			Step<WaitOutcome> waiting = ask.entries().waiting(ask.origin());
			steps.put(name, waiting);
			decisions.put(name, waiting.within(() -> turns().follow(ask)));
		});
		Map<String, Flight> alone = new LinkedHashMap<>();
		List<String> again = new ArrayList<>();
		decisions.forEach((name, pending) -> {
			Decision decision = this.thread.await(pending);
			Steps.end(Objects.requireNonNull(steps.get(name)), decision);
			Ask ask = missing(name);
			if (decision instanceof Decision.Value value) {
				found(name, value.value());
			}
			else if (decision instanceof Decision.LookAgain && round < MAX_ROUNDS
					&& ask.waitUntil() - System.nanoTime() > 0) {
				again.add(name);
			}
			else {
				alone.put(name, flightOf(name, decision));
			}
		});
		if (alone.isEmpty()) {
			takeWhatCame(again);
		}
		return alone;
	}

	private void lookAgain(List<String> names) {
		List<EntryReader> readers = names.stream().map((name) -> asked(name).reader()).toList();
		List<Ask> again = EntryReader.lookAgain(readers, names.stream().map(this::missing).toList(), this.deadline);
		for (int i = 0; i < names.size(); i++) {
			this.missing.put(names.get(i), again.get(i));
		}
	}

	/** What another has stored meanwhile is no hit of ours. */
	private void takeWhatCame(List<String> names) {
		if (names.isEmpty()) {
			return;
		}
		lookAgain(names);
		names.forEach((name) -> {
			Decision.Value value = turns().useStored(missing(name));
			if (value != null) {
				found(name, value.value());
			}
		});
	}

	private void load(Map<String, Flight> flights) throws X {
		if (flights.isEmpty()) {
			return;
		}
		Runnable leave = Leading.enter(Leading.of(flights.values(), Leading.current()));
		List<Step<LoadOutcome>> steps = steps(flights.keySet());
		Runnable exit = steps.get(0).enter();
		Map<String, T> values;
		try {
			values = this.loader.load(new LinkedHashSet<>(flights.keySet()));
			if (values == null) {
				throw new IllegalStateException("The loader answered null instead of a map");
			}
		}
		catch (Throwable ex) {
			exit.run();
			steps.forEach((step) -> Steps.end(step, ex));
			if (allServed(flights, ex)) {
				return;
			}
			throw ex;
		}
		finally {
			leave.run();
		}
		exit.run();
		steps.forEach((step) -> Steps.end(step, null));
		try {
			flights.forEach((name, flight) -> {
				Object value = values.get(name);
				flight.loaded(value);
				Asked one = asked(name);
				if (this.stores.test(value)) {
					one.writer().fill(flight, value, one.reader().codec(), null, this.stated);
				}
				else {
					flight.release();
				}
				found(name, value);
			});
		}
		finally {
			// All have ended, unless the map that was answered is a strange one.
			flights.forEach((name, flight) -> {
				if (this.missing.containsKey(name)) {
					flight.release();
				}
			});
		}
	}

	/** Begin the one load of several keys, which is one of each of their caches. */
	private List<Step<LoadOutcome>> steps(Set<String> names) {
		Map<String, Ask> asks = new LinkedHashMap<>();
		names.forEach((name) -> asks.putIfAbsent(missing(name).key().cacheName(), missing(name)));
		return asks.values().stream().map((ask) -> ask.entries().loading(ask.origin(), LoadKind.CALL)).toList();
	}

	/** Return whether stale values serve for all that could not be loaded. */
	private boolean allServed(Map<String, Flight> flights, Throwable failure) {
		Map<String, CompletableFuture<Decision>> decisions = new LinkedHashMap<>();
		flights.forEach((name, flight) -> decisions.put(name, turns().failed(missing(name), flight, failure)));
		boolean all = true;
		for (Map.Entry<String, CompletableFuture<Decision>> entry : decisions.entrySet()) {
			if (this.thread.await(entry.getValue()) instanceof Decision.Value value) {
				found(entry.getKey(), value.value());
			}
			else {
				all = false;
			}
		}
		return all;
	}

	private Turns turns() {
		return this.engine.turns();
	}

	private Flight flightOf(String name, Decision decision) {
		return decision.flightOr(() -> turns().alone(missing(name)));
	}

	private void found(String name, @Nullable Object value) {
		this.missing.remove(name);
		this.found.put(name, Optional.ofNullable(value));
	}

	private List<StoredKey> keysOf(List<String> names) {
		return names.stream().map((name) -> asked(name).key()).toList();
	}

	private Asked asked(String name) {
		return Objects.requireNonNull(this.asked.get(name));
	}

	private Ask missing(String name) {
		return Objects.requireNonNull(this.missing.get(name));
	}

	/**
	 * One of the keys.
	 *
	 * @param key the key
	 * @param reader reads it as the type that is asked for
	 * @param writer stores what is loaded
	 */
	record Asked(StoredKey key, EntryReader reader, EntryWriter writer) {

	}

}
