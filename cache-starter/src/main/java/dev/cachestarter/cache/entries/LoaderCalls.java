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

package dev.cachestarter.cache.entries;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import org.springframework.cache.interceptor.CacheOperationInvoker.ThrowableWrapper;

import dev.cachestarter.cache.call.Call;
import dev.cachestarter.cache.call.Steps;
import dev.cachestarter.cache.entries.EntryReader.Purpose;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.load.Ask.Reload;
import dev.cachestarter.engine.load.Ask;
import dev.cachestarter.engine.load.BackgroundLoads.Captured;
import dev.cachestarter.engine.load.CallerThread;
import dev.cachestarter.engine.load.Decision;
import dev.cachestarter.engine.load.Failures;
import dev.cachestarter.engine.load.Flight;
import dev.cachestarter.engine.load.Leading;
import dev.cachestarter.engine.load.Turns;
import dev.cachestarter.engine.monitor.CacheMonitor.LoadKind;
import dev.cachestarter.engine.monitor.CacheMonitor.LoadOutcome;
import dev.cachestarter.engine.monitor.CacheMonitor.WaitOutcome;
import dev.cachestarter.engine.monitor.Step;
import dev.cachestarter.engine.redis.Deadline;

/**
 * Calls that bring their loader: of {@code CacheService}, of code that uses a cache, and
 * of methods with {@code sync = true}. Blocking or not, they read, decide and load, and
 * what was loaded is stored at once.
 *
 * <h2>Methods with {@code sync = true}</h2>
 *
 * <p>
 * For these, Spring's interceptor does not look at the cache, run the method and put what
 * it returned: it hands the cache one loader, which is Spring's own way to run the
 * method. So an intercepted {@link Call} is bound when they come here, and it is this
 * class that decides and leads. The loader ends in {@link Call#decideAndLoad()}, which
 * decides once more; but as nothing was missed by that call it has no tickets, and just
 * runs the method. It needs the call to do so: where the loader runs later or on another
 * thread, the call is bound around it.
 */
public final class LoaderCalls {

	/** What tickets and flights in the background are for. */
	private final Object cache;

	private final CacheParts parts;

	private final EntryWriter writer;

	private final Engine engine;

	public LoaderCalls(Object cache, CacheParts parts, EntryWriter writer) {
		this.cache = cache;
		this.parts = parts;
		this.writer = writer;
		this.engine = parts.engine();
	}

	private Turns turns() {
		return this.engine.turns();
	}

	/**
	 * Take what a load in the background would need of the calling thread, for a reading
	 * whose entry may need one.
	 */
	public @Nullable Captured capture(Reading reading, @Nullable Reload reload) {
		boolean wanted = reload != null && (reading.isDue() || (reading.kind() == Reading.Kind.STALE
				&& !this.parts.settings().loadTimeout().isZero() && !this.engine.background().isHere()));
		return wanted ? this.engine.background().capture() : null;
	}

	/** The same before anything is read, for one who goes on on another thread. */
	public @Nullable Captured capture(@Nullable Reload reload) {
		boolean wanted = reload != null && !this.engine.background().isHere()
				&& (this.parts.settings().refreshAheadAuto() || !this.parts.settings().refreshAhead().isZero()
						|| !this.parts.settings().loadTimeout().isZero() || this.parts.settings().verify() > 0);
		return wanted ? this.engine.background().capture() : null;
	}

	/**
	 * Read a value, or load it in turn.
	 * @param reader of the type of the value
	 * @param stated what the caller says of how a loaded value is kept
	 * @param failure turns what a loader threw, ours or another's, into what the caller
	 * gets
	 */
	public <X extends Exception> @Nullable Object load(StoredKey key, EntryReader reader, Stated stated, Loader loader,
			Function<Throwable, X> failure) throws X {
		Call call = Call.current();
		Deadline deadline = this.engine.newDeadline();
		CallerThread thread = new CallerThread(this.engine.executor());
		try {
			if (call != null && call.isReloading()) {
				Flight given = call.confirm(this.cache, key);
				call.checkConfirmed();
				Ask ask = reader.ask(key, deadline, thread, null, call);
				return loadInFlight(ask, Objects.requireNonNull(given), stated, call, loader, failure, thread);
			}
			Reload reload = (call != null) ? call.reload(this.cache, turns())
					: (ask, flight) -> reload(ask, flight, stated, loader);
			Reading reading = reader.read(key, deadline, Purpose.LOAD);
			if (reading.isHit() && !reading.isDue()) {
				return reading.value();
			}
			Ask ask = reading.asking(stated.asking(reader.ask(key, deadline, thread, reload, call)),
					reading.stale(capture(reading, reload)));
			if (reading.isHit()) {
				turns().refresh(ask);
				return reading.value();
			}
			Step<WaitOutcome> waiting = reader.waiting(ask.origin());
			Decision decision = thread.await(waiting.within(() -> turns().decide(ask)));
			Steps.end(waiting, decision);
			if (decision instanceof Decision.Value value) {
				return value.value();
			}
			if (decision instanceof Decision.Failure failed) {
				throw failure.apply(failed.failure());
			}
			return loadInFlight(ask, decision.flightOr(() -> turns().alone(ask)), stated, call, loader, failure,
					thread);
		}
		finally {
			thread.close();
		}
	}

	/** Load in a flight of one's own. */
	private <X extends Exception> @Nullable Object loadInFlight(Ask ask, Flight flight, Stated stated,
			@Nullable Call call, Loader loader, Function<Throwable, X> failure, CallerThread thread) throws X {
		Object value;
		Runnable leave = Leading.enter(Leading.of(flight, Leading.current()));
		Step<LoadOutcome> loading = loading(ask);
		Runnable exit = loading.enter();
		try {
			value = loader.load();
		}
		catch (Throwable ex) {
			exit.run();
			leave.run();
			Steps.end(loading, thrown(ex));
			if (thread.await(turns().failed(ask, flight, thrown(ex))) instanceof Decision.Value served) {
				return served.value();
			}
			throw failure.apply(ex);
		}
		exit.run();
		leave.run();
		Steps.end(loading, null);
		flight.loaded(value);
		try {
			this.writer.fill(flight, value, ((EntryReader) ask.entries()).codec(), stated, call);
		}
		finally {
			if (flight.canFill() && !flight.isTransactional()) {
				// Whatever went wrong with the value, nobody is to wait for it.
				flight.release();
			}
		}
		return value;
	}

	/** Load in the background. */
	private CompletableFuture<?> reload(Ask ask, Flight flight, Stated stated, Loader loader) {
		CallerThread thread = new CallerThread(this.engine.executor());
		try {
			return CompletableFuture
				.completedFuture(loadInFlight(ask, flight, stated, null, loader, ReloadException::new, thread));
		}
		catch (ReloadException ex) {
			return CompletableFuture.failedFuture(thrown(Objects.requireNonNull(ex.getCause())));
		}
		finally {
			thread.close();
		}
	}

	/**
	 * Read a value, or load it in turn, without blocking.
	 * @return completes with the value; when it was loaded here, not before it is stored
	 * or known not to be
	 */
	public CompletableFuture<@Nullable Object> loadAsync(StoredKey key, EntryReader reader, AsyncLoader loader) {
		Call call = Call.current();
		Executor executor = this.engine.executor();
		Deadline deadline = this.engine.newDeadline();
		CompletableFuture<Cancelled> cancelled = new CompletableFuture<>();
		if (call != null) {
			call.cancelled().thenRun(() -> cancelled.complete(Cancelled.CALL));
		}
		// With sync = true the loader is Spring's invocation, which must find its call.
		AsyncLoader bound = () -> {
			Call before = Call.bind(call);
			try {
				return loader.load();
			}
			finally {
				Call.bind(before);
			}
		};
		if (call != null && call.isReloading()) {
			Flight given = call.confirm(this.cache, key);
			call.checkConfirmed();
			return loadInFlightAsync(reader.ask(key, deadline, executor, null, call), Objects.requireNonNull(given),
					call, bound, cancelled);
		}
		Reload reload = (call != null) ? call.reload(this.cache, turns())
				: (ask, flight) -> loadInFlightAsync(ask, flight, null, bound, new CompletableFuture<>());
		// On the thread that asks: its transaction and the loads it is in are bound to
		// it.
		Ask asking = reader.ask(key, deadline, executor, reload, call);
		if (TransactionScope.current(this.engine) != null) {
			Reading reading = reader.read(key, deadline, Purpose.LOAD);
			return reading.isHit() ? CompletableFuture.completedFuture(reading.value())
					: loadInFlightAsync(asking, turns().alone(asking), call, bound, cancelled);
		}
		Captured captured = capture(reload);
		CompletableFuture<@Nullable Object> result = reader.read(key, deadline, Purpose.LOAD, executor)
			.thenCompose((reading) -> {
				Ask ask = reading.asking(asking, reading.stale(captured));
				if (reading.isHit()) {
					if (reading.isDue()) {
						turns().refresh(ask);
					}
					return CompletableFuture.completedFuture(reading.value());
				}
				Step<WaitOutcome> waiting = reader.waiting(ask.origin());
				return waiting.within(() -> turns().decide(ask)).thenCompose((decision) -> {
					Steps.end(waiting, decision);
					return actOn(decision, ask, call, bound, cancelled);
				});
			});
		result.whenComplete((value, ex) -> {
			if (result.isCancelled()) {
				cancelled.complete(Cancelled.RESULT);
			}
		});
		return result;
	}

	private CompletableFuture<@Nullable Object> actOn(Decision decision, Ask ask, @Nullable Call call,
			AsyncLoader loader, CompletableFuture<Cancelled> cancelled) {
		if (decision instanceof Decision.Value value) {
			return CompletableFuture.completedFuture(value.value());
		}
		if (decision instanceof Decision.Failure failure) {
			return CompletableFuture.failedFuture(failure.failure());
		}
		return loadInFlightAsync(ask, decision.flightOr(() -> turns().alone(ask)), call, loader, cancelled);
	}

	/** Load in a flight of one's own. */
	private CompletableFuture<@Nullable Object> loadInFlightAsync(Ask ask, Flight flight, @Nullable Call call,
			AsyncLoader loader, CompletableFuture<Cancelled> cancelled) {
		CompletableFuture<?> loading;
		Runnable leave = Leading.enter(Leading.of(flight, ask.leading()));
		Step<LoadOutcome> step = loading(ask);
		Runnable exit = step.enter();
		try {
			loading = Objects.requireNonNull(loader.load(), "The loader returned no future");
		}
		catch (Throwable ex) {
			loading = CompletableFuture.failedFuture(ex);
		}
		finally {
			exit.run();
			leave.run();
		}
		CompletableFuture<?> running = loading;
		cancelled.thenAccept((what) -> {
			if (flight.cancel() && what == Cancelled.RESULT) {
				// Nobody wants it any more.
				running.cancel(true);
			}
		});
		CompletableFuture<@Nullable Object> result = new CompletableFuture<>();
		loading.whenComplete((value, ex) -> {
			Steps.end(step, (ex != null) ? thrown(Failures.original(ex)) : null);
			if (ex == null) {
				loadedAsync(ask, flight, value, call, result);
				return;
			}
			turns().failed(ask, flight, thrown(Failures.original(ex))).whenComplete((decision, lost) -> {
				if (decision instanceof Decision.Value served) {
					result.complete(served.value());
				}
				else {
					result.completeExceptionally(ex);
				}
			});
		});
		return result;
	}

	private Step<LoadOutcome> loading(Ask ask) {
		return ask.entries()
			.loading(ask.origin(), this.engine.background().isHere() ? LoadKind.BACKGROUND : LoadKind.CALL);
	}

	/** As Spring Data's own: returned when it is stored, or is known not to be. */
	private void loadedAsync(Ask ask, Flight flight, @Nullable Object value, @Nullable Call call,
			CompletableFuture<@Nullable Object> result) {
		flight.loaded(value);
		CompletableFuture<Boolean> filled;
		try {
			filled = this.writer.fill(flight, value, ((EntryReader) ask.entries()).codec(), Stated.NOTHING, call);
		}
		catch (RuntimeException | Error ex) {
			flight.release();
			filled = CompletableFuture.completedFuture(false);
		}
		if (filled.isDone()) {
			result.complete(value);
			return;
		}
		ask.deadline()
			.limit(filled)
			.handleAsync((stored, ex) -> result.complete(value), this.engine.executor())
			.exceptionally((ex) -> result.complete(value));
	}

	/** What the application threw, out of what Spring has wrapped it into. */
	private static Throwable thrown(Throwable ex) {
		return (ex instanceof ThrowableWrapper wrapper) ? wrapper.getOriginal() : ex;
	}

	/**
	 * Loads a value.
	 */
	@FunctionalInterface
	public interface Loader {

		@Nullable Object load() throws Throwable;

	}

	/**
	 * Begins to load a value.
	 */
	@FunctionalInterface
	public interface AsyncLoader {

		CompletableFuture<?> load();

	}

	/** What an asynchronous caller has cancelled. */
	private enum Cancelled {

		/** The future that was returned here. */
		RESULT,

		/**
		 * The future of the intercepted call. Between the two stands Spring, which would
		 * take the end of a load for a failure of the cache and call the method again.
		 */
		CALL

	}

	private static final class ReloadException extends RuntimeException {

		ReloadException(Throwable cause) {
			super(null, cause, false, false);
		}

	}

}
