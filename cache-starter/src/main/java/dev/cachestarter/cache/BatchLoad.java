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
import java.util.concurrent.Executor;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.cache.call.Call;
import dev.cachestarter.cache.call.Steps;
import dev.cachestarter.cache.entries.Engine;
import dev.cachestarter.cache.entries.EntryReader;
import dev.cachestarter.cache.entries.EntryWriter;
import dev.cachestarter.cache.entries.ManyEntries;
import dev.cachestarter.cache.entries.Reading;
import dev.cachestarter.cache.entries.Stated;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.load.Ask;
import dev.cachestarter.engine.load.CallerThread;
import dev.cachestarter.engine.load.Decision;
import dev.cachestarter.engine.load.Failures;
import dev.cachestarter.engine.load.Flight;
import dev.cachestarter.engine.load.Leading;
import dev.cachestarter.engine.load.Staged;
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
 * missing then is loaded without a lease, and not stored. In a transaction, whose loads
 * are shared with nobody and wait for nobody, all that is missing is loaded at once.
 *
 * <h2>The stages</h2>
 *
 * <p>
 * Between these steps the call waits, and how is the caller's affair ({@link Staged}): a
 * blocking caller on its own thread, which the loader then runs on; an asynchronous one
 * without a thread. No stage is on an event loop, and none holds a lock. What must be
 * known of the caller's thread, its transaction and the loads that it is part of, is
 * taken when the call begins.
 * <p>
 * <table>
 * <caption>What a stage waits for, and what it does then</caption>
 * <tr>
 * <th>Stage</th>
 * <th>waits for</th>
 * <th>then</th>
 * <th>if the caller's thread is interrupted</th>
 * </tr>
 * <tr>
 * <td>begin</td>
 * <td></td>
 * <td>reads all keys</td>
 * <td></td>
 * </tr>
 * <tr>
 * <td>read</td>
 * <td>the answer</td>
 * <td>takes the hits, leases the rest</td>
 * <td>all is missing, and is loaded without leases</td>
 * </tr>
 * <tr>
 * <td>leased</td>
 * <td>the leases</td>
 * <td>calls the loader for what it leads</td>
 * <td>a lease that comes late is given back</td>
 * </tr>
 * <tr>
 * <td>loaded</td>
 * <td>the loader</td>
 * <td>fills; or, if the loader has failed, sees what stale values serve</td>
 * <td>a blocking loader knows by itself</td>
 * </tr>
 * <tr>
 * <td>failed</td>
 * <td>the stale values</td>
 * <td>goes on if they serve for all, else fails</td>
 * <td>fails</td>
 * </tr>
 * <tr>
 * <td>follow</td>
 * <td>another look, then the loads of others</td>
 * <td>takes what they bring, loads alone what took too long, and begins another round for
 * the rest</td>
 * <td>loads alone</td>
 * </tr>
 * </table>
 *
 * <h2>Cancelling</h2>
 *
 * <p>
 * An asynchronous caller may go on without the call. Then the leases are given back, but
 * for those that others wait for already in this JVM: for them the load goes on and is
 * filled. If there are none, the load is cancelled too. Leases that come after that are
 * given back at once, with nothing loaded, also if others have joined them meanwhile, who
 * then look again and load. And the call waits for nobody any more.
 *
 * @param <R> what is made of the values
 */
final class BatchLoad<R> implements Staged<R> {

	/** Entries that change hands this often are left to those who change them. */
	private static final int MAX_ROUNDS = 8;

	private final Engine engine;

	private final Map<String, Asked> asked;

	private final Loader loader;

	private final @Nullable Call call;

	private final Function<Map<String, Object>, R> result;

	private final Deadline deadline;

	private final Map<String, Optional<Object>> found = new HashMap<>();

	/** What is to be loaded, by name, as it was seen last. */
	private final Map<String, Ask> missing = new LinkedHashMap<>();

	/** What is being loaded. */
	private volatile Map<String, Flight> flights = Map.of();

	private volatile @Nullable CompletableFuture<?> loading;

	private volatile boolean cancelled;

	/**
	 * Create a call.
	 * @param asked the keys, by name
	 * @param call the intercepted call that this is, {@code null} if it is none
	 * @param result makes what is returned of the values, which are in the order of the
	 * keys
	 */
	BatchLoad(Engine engine, Map<String, Asked> asked, Loader loader, @Nullable Call call,
			Function<Map<String, Object>, R> result) {
		this.engine = engine;
		this.asked = asked;
		this.loader = loader;
		this.call = call;
		this.result = result;
		this.deadline = (call != null) ? call.deadline(engine.link()) : engine.newDeadline();
	}

	@Override
	public R result() {
		Map<String, Object> values = new LinkedHashMap<>();
		this.asked.keySet().forEach((name) -> {
			Optional<Object> value = this.found.get(name);
			if (value != null && value.isPresent()) {
				values.put(name, value.get());
			}
		});
		return this.result.apply(values);
	}

	@Override
	public void cancel() {
		this.cancelled = true;
		boolean all = true;
		for (Flight flight : this.flights.values()) {
			all &= flight.cancel();
		}
		CompletableFuture<?> load = this.loading;
		if (all && load != null) {
			load.cancel(true);
		}
	}

	// Reading

	@Override
	public @Nullable Stage begin(Executor executor) {
		if (this.asked.isEmpty()) {
			return null;
		}
		List<Asked> all = List.copyOf(this.asked.values());
		List<EntryReader> readers = all.stream().map(Asked::reader).toList();
		Ask asking = readers.get(0).ask(all.get(0).key(), this.deadline, executor, null, this.call);
		CompletableFuture<List<Reading>> readings = ManyEntries.readAll(readers, all.stream().map(Asked::key).toList(),
				this.deadline, executor);
		return Stage.after(readings, () -> read(asking, readings));
	}

	private @Nullable Stage read(Ask asking, CompletableFuture<List<Reading>> read) {
		List<Reading> readings = (read.isDone() && !read.isCompletedExceptionally()) ? read.join() : null;
		int i = 0;
		for (Map.Entry<String, Asked> entry : this.asked.entrySet()) {
			Reading reading = (readings != null) ? readings.get(i++) : null;
			if (reading != null && reading.isHit()) {
				found(entry.getKey(), reading.value());
				continue;
			}
			Ask ask = asking.about(entry.getValue().key(), entry.getValue().reader());
			this.missing.put(entry.getKey(), (reading != null) ? reading.asking(ask, reading.stale(null)) : ask);
		}
		return lease(1);
	}

	// Leasing

	/**
	 * Lease what can be leased at once.
	 * @param round how many rounds there are, this one included
	 */
	private @Nullable Stage lease(int round) {
		if (this.missing.isEmpty() || this.cancelled) {
			return null;
		}
		Map<String, CompletableFuture<Decision>> decisions = new LinkedHashMap<>();
		this.missing.forEach((name, ask) -> decisions.put(name, turns().decideAtOnce(ask)));
		return Stage.after(all(decisions), () -> leased(round, decisions));
	}

	private @Nullable Stage leased(int round, Map<String, CompletableFuture<Decision>> decisions) throws Throwable {
		Map<String, Flight> led = new LinkedHashMap<>();
		decisions.forEach((name, pending) -> {
			Decision decision = CallerThread.decided(pending);
			if (decision instanceof Decision.Load || missing(name).transactional()) {
				led.put(name, flightOf(name, decision));
			}
		});
		return load(led, () -> follow(round));
	}

	// Following

	/** Wait for the loads of others. */
	private @Nullable Stage follow(int round) {
		if (this.missing.isEmpty() || this.cancelled) {
			return null;
		}
		List<String> names = List.copyOf(this.missing.keySet());
		CompletableFuture<List<Ask>> looked = lookAgain(names);
		return Stage.after(looked, () -> {
			seen(names, looked);
			Map<String, CompletableFuture<Decision>> decisions = new LinkedHashMap<>();
			Map<String, Step<WaitOutcome>> steps = new HashMap<>();
			this.missing.forEach((name, ask) -> {
				Step<WaitOutcome> waiting = ask.entries().waiting(ask.origin());
				steps.put(name, waiting);
				decisions.put(name, waiting.within(() -> turns().follow(ask)));
			});
			return Stage.after(all(decisions), () -> followed(round, decisions, steps));
		});
	}

	/** Take what they bring, and load alone what others take too long for. */
	private @Nullable Stage followed(int round, Map<String, CompletableFuture<Decision>> decisions,
			Map<String, Step<WaitOutcome>> steps) throws Throwable {
		Map<String, Flight> alone = new LinkedHashMap<>();
		List<String> again = new ArrayList<>();
		decisions.forEach((name, pending) -> {
			Decision decision = CallerThread.decided(pending);
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
		if (!alone.isEmpty() || again.isEmpty()) {
			return load(alone, () -> lease(round + 1));
		}
		CompletableFuture<List<Ask>> looked = lookAgain(again);
		return Stage.after(looked, () -> {
			seen(again, looked);
			takeWhatCame(again);
			return lease(round + 1);
		});
	}

	/** What another has stored meanwhile is no hit of ours. */
	private void takeWhatCame(List<String> names) {
		names.forEach((name) -> {
			Decision.Value value = turns().useStored(missing(name));
			if (value != null) {
				found(name, value.value());
			}
		});
	}

	private CompletableFuture<List<Ask>> lookAgain(List<String> names) {
		List<EntryReader> readers = names.stream().map((name) -> asked(name).reader()).toList();
		return ManyEntries.lookAgain(readers, names.stream().map(this::missing).toList(), this.deadline);
	}

	private void seen(List<String> names, CompletableFuture<List<Ask>> looked) {
		if (looked.isDone() && !looked.isCompletedExceptionally()) {
			List<Ask> again = looked.join();
			for (int i = 0; i < names.size(); i++) {
				this.missing.put(names.get(i), again.get(i));
			}
		}
	}

	// Loading

	/**
	 * Load, unless the caller has gone on.
	 * @param next goes on when it is loaded
	 */
	private @Nullable Stage load(Map<String, Flight> led, Next next) throws Throwable {
		if (led.isEmpty()) {
			return next.go();
		}
		this.flights = led;
		if (this.cancelled) {
			// Also what others have joined: there is no load that could go on for them.
			led.values().forEach(Flight::release);
			return null;
		}
		// An asynchronous call may have gone on on a thread that knows of nothing.
		Leading leading = Leading.of(led.values(), missing(led.keySet().iterator().next()).leading());
		List<Step<LoadOutcome>> steps = steps(led.keySet());
		CompletableFuture<?> load = begin(led.keySet(), leading, steps.get(0));
		this.loading = load;
		if (this.cancelled) {
			cancel();
		}
		return new Stage(load, false, () -> loaded(led, load, steps, next));
	}

	private CompletableFuture<?> begin(Set<String> names, @Nullable Leading leading, Step<LoadOutcome> step) {
		Runnable leave = Leading.enter(leading);
		Runnable exit = step.enter();
		try {
			return this.loader.begin(new LinkedHashSet<>(names), leading, step);
		}
		catch (Throwable ex) {
			return CompletableFuture.failedFuture(ex);
		}
		finally {
			exit.run();
			leave.run();
		}
	}

	/** Begin the one load of several keys, which is one of each of their caches. */
	private List<Step<LoadOutcome>> steps(Set<String> names) {
		Map<String, Ask> asks = new LinkedHashMap<>();
		names.forEach((name) -> asks.putIfAbsent(missing(name).key().cacheName(), missing(name)));
		return asks.values().stream().map((ask) -> ask.entries().loading(ask.origin(), LoadKind.CALL)).toList();
	}

	private @Nullable Stage loaded(Map<String, Flight> led, CompletableFuture<?> load, List<Step<LoadOutcome>> steps,
			Next next) throws Throwable {
		Map<String, ?> values;
		try {
			values = this.loader.values(led.keySet(), valueOf(load));
		}
		catch (Throwable ex) {
			Throwable failure = isAsynchronous() ? Failures.original(ex) : ex;
			steps.forEach((step) -> Steps.end(step, failure));
			return failed(led, failure, ex, next);
		}
		steps.forEach((step) -> Steps.end(step, null));
		fill(led, values);
		this.loading = null;
		this.flights = Map.of();
		return next.go();
	}

	private static @Nullable Object valueOf(CompletableFuture<?> load) throws Throwable {
		// Neither get() nor join() tells what it failed with, as it was.
		Throwable failure = load.handle((value, ex) -> ex).join();
		if (failure != null) {
			throw failure;
		}
		return load.join();
	}

	private void fill(Map<String, Flight> led, Map<String, ?> values) {
		List<CompletableFuture<?>> fills = new ArrayList<>();
		try {
			led.forEach((name, flight) -> {
				Object value = values.get(name);
				flight.loaded(value);
				Asked one = asked(name);
				if (this.loader.stores(value)) {
					fills.add(one.writer().fill(flight, value, one.reader().codec(), Stated.NOTHING, this.call));
				}
				else {
					flight.release();
				}
				found(name, value);
			});
		}
		finally {
			// All have ended, unless the map that was answered is a strange one.
			led.forEach((name, flight) -> {
				if (this.missing.containsKey(name)) {
					flight.release();
				}
			});
		}
		if (isAsynchronous()) {
			// As Spring has it, the result is there when it is stored.
			Call.settle(this.call, CompletableFuture.allOf(fills.toArray(CompletableFuture[]::new)), this.deadline);
		}
	}

	/** Go on if stale values serve for all that could not be loaded. */
	private @Nullable Stage failed(Map<String, Flight> led, Throwable failure, Throwable thrown, Next next)
			throws Throwable {
		if (this.cancelled) {
			led.values().forEach((flight) -> flight.fail(failure));
			return null;
		}
		Map<String, CompletableFuture<Decision>> decisions = new LinkedHashMap<>();
		led.forEach((name, flight) -> decisions.put(name, turns().failed(missing(name), flight, failure)));
		return Stage.after(all(decisions), () -> {
			decisions.forEach((name, pending) -> {
				if (CallerThread.decided(pending) instanceof Decision.Value value) {
					found(name, value.value());
				}
			});
			if (decisions.keySet().stream().anyMatch(this.missing::containsKey)) {
				throw thrown;
			}
			return next.go();
		});
	}

	// What is known

	private boolean isAsynchronous() {
		return this.call != null && this.call.isAsynchronous();
	}

	private Turns turns() {
		return this.engine.turns();
	}

	private static CompletableFuture<Void> all(Map<String, ? extends CompletableFuture<?>> futures) {
		return CompletableFuture.allOf(futures.values().toArray(CompletableFuture[]::new));
	}

	private Flight flightOf(String name, Decision decision) {
		return decision.flightOr(() -> turns().alone(missing(name)));
	}

	private void found(String name, @Nullable Object value) {
		this.missing.remove(name);
		this.found.put(name, Optional.ofNullable(value));
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

	/**
	 * Loads what is missing.
	 */
	interface Loader {

		/**
		 * Begin to load.
		 * @param names what is missing
		 * @param leading what is loaded for
		 * @param step the step that it is
		 * @return what comes of it; done, if the loader blocks
		 */
		CompletableFuture<?> begin(Set<String> names, @Nullable Leading leading, Step<LoadOutcome> step)
				throws Throwable;

		/**
		 * Return the values in what has been loaded, by name.
		 */
		Map<String, ?> values(Set<String> names, @Nullable Object loaded) throws Throwable;

		/** Return whether a value that was loaded is to be stored. */
		default boolean stores(@Nullable Object value) {
			return true;
		}

	}

}
