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
import java.util.function.Function;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.load.Ask.Reload;
import dev.cachestarter.engine.load.BackgroundLoads.Captured;
import dev.cachestarter.engine.load.Flight.Turn;
import dev.cachestarter.engine.redis.Deadline.RedisWaitException;
import dev.cachestarter.engine.redis.Deadline;

/**
 * Loads that go to the background: of entries near their end ({@code refresh-ahead}), of
 * some others to compare the two ({@code verify}), and of stale ones whose load takes
 * longer than {@code load-timeout}. All hold a claim on the entry that they replace.
 */
public final class Reloads {

	private final BackgroundLoads background;

	private final Supplier<Deadline> deadlines;

	/**
	 * Create them.
	 * @param background where they run
	 * @param deadlines makes what each of them may wait for Redis
	 */
	public Reloads(BackgroundLoads background, Supplier<Deadline> deadlines) {
		this.background = background;
		this.deadlines = deadlines;
	}

	/**
	 * Load an entry that is near its end, or doubted, unless somebody does.
	 * @param ask who has found it: with what it has found, and how it is loaded
	 * @param claiming claims it
	 */
	void refresh(Ask ask, Function<Ask, CompletableFuture<@Nullable Flight>> claiming) {
		Stale due = ask.stale();
		Reload reload = ask.reload();
		Captured captured = (due != null) ? due.captured() : null;
		if (due == null || captured == null || reload == null) {
			return;
		}
		this.background.runOnce(ask.key(), ask.settings().loadLeaseLimit(), captured, () -> {
			Ask background = ask.inBackground(due.observed(), this.deadlines.get());
			// Waits on a thread of its own, and no longer than its deadline.
			Flight flight = claiming.apply(background).join();
			if (flight != null && flight.canFill()) {
				flight.loadsAhead();
				if (due.doubted()) {
					flight.compares((loaded) -> ask.entries().compare(due.observed(), loaded, flight.nonce()));
				}
				load(background, flight, reload);
			}
		});
	}

	/**
	 * Return whether a load may go to the background. What is loaded for a transaction
	 * stays in it; and one that is in the background already (nothing was captured for
	 * it), or was told to hurry, goes nowhere.
	 */
	boolean mayHandOver(Ask ask) {
		Stale stale = ask.stale();
		return stale != null && stale.captured() != null && ask.reload() != null
				&& !ask.settings().loadTimeout().isZero() && !ask.transactional()
				&& !Thread.currentThread().isInterrupted();
	}

	/**
	 * Have a load go on in the background, and wait for it no longer than
	 * {@code load-timeout}.
	 * @return completed with what came of it; {@code null} if there is no room
	 */
	@Nullable CompletableFuture<Turn> handOver(Ask ask, Flight flight) {
		Stale stale = Objects.requireNonNull(ask.stale());
		Reload reload = Objects.requireNonNull(ask.reload());
		Observed observed = stale.observed();
		Duration timeout = ask.settings().loadTimeout();
		if (this.background.isHanging(ask.key().cacheName(), timeout)) {
			// As long as its other loads hang, it is given what they are given in the
			// end.
			flight.release();
			return CompletableFuture.completedFuture(new Turn.TimedOut());
		}
		// Before it begins: who joins later may find it over.
		CompletableFuture<Turn> joined = flight.join(timeout.toNanos());
		boolean runs = this.background.run(ask.key(), timeout, Objects.requireNonNull(stale.captured()), () -> {
			Ask background = ask.inBackground(observed, this.deadlines.get());
			if (stillHolds(background, flight)) {
				load(background, flight, reload);
			}
			else {
				// It has waited here for too long: its caller has gone on.
				flight.release();
			}
		}, flight::release);
		return runs ? joined : null;
	}

	/** On a thread that may wait. */
	private static boolean stillHolds(Ask ask, Flight flight) {
		try {
			return ask.deadline().await(flight.stillHolds());
		}
		catch (RedisWaitException ex) {
			return false;
		}
	}

	private static void load(Ask ask, Flight flight, Reload reload) {
		CompletableFuture<?> loading;
		try {
			loading = reload.load(ask, flight);
		}
		catch (Throwable ex) {
			loading = CompletableFuture.failedFuture(ex);
		}
		loading.whenComplete((value, ex) -> {
			Throwable failure = (ex != null) ? Failures.original(ex) : null;
			if (failure != null) {
				flight.fail(failure);
			}
			ask.entries().reloaded(ask.key(), failure);
		});
	}

}
