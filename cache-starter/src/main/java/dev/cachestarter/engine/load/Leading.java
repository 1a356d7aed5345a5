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

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;

import org.jspecify.annotations.Nullable;

/**
 * A flight that is loaded for: on a thread, in the context of a reactive pipeline, or
 * wherever context propagation carries it from there. So a loader that asks for its own
 * key does not wait for itself. It may be carried into a load in the background that
 * outlives it, and from there into the next: so flights that have ended are left out.
 *
 * @param flight the flight
 * @param outer the flight whose loader has asked for it, if there is one
 */
public record Leading(Flight flight, @Nullable Leading outer) {

	/** What it goes by in the context of a reactive pipeline. */
	public static final String KEY = "dev.cachestarter.leading";

	/** What the loaders on a thread's stack load for, of whichever manager. */
	private static final ThreadLocal<@Nullable Leading> CURRENT = new ThreadLocal<>();

	private static final Runnable NOTHING = () -> {
	};

	/**
	 * Return the flights that this thread loads for.
	 */
	public static @Nullable Leading current() {
		return CURRENT.get();
	}

	/**
	 * Make this thread one that loads for certain flights, or for none.
	 */
	public static void bind(@Nullable Leading leading) {
		if (leading != null) {
			CURRENT.set(leading);
		}
		else {
			CURRENT.remove();
		}
	}

	/**
	 * Remember that this thread loads for flights.
	 * @param leading the flights, {@code null} to leave the thread as it is
	 * @return what ends it
	 */
	public static Runnable enter(@Nullable Leading leading) {
		if (leading == null) {
			return NOTHING;
		}
		Leading before = CURRENT.get();
		CURRENT.set(leading);
		return () -> bind(before);
	}

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
			if (at.flight.hasEnded()) {
				all = false;
			}
			else {
				running.push(at.flight);
			}
		}
		return all ? leading : of(running, null);
	}

}
