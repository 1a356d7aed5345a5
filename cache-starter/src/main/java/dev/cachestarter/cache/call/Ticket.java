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

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.load.Ask;
import dev.cachestarter.engine.load.Flight;
import dev.cachestarter.engine.load.Turns;

/**
 * A key that a call has missed, or is about to replace.
 */
public final class Ticket {

	private final Object cache;

	private final Turns turns;

	private final Ask ask;

	private final Kind kind;

	private volatile @Nullable Flight flight;

	private volatile boolean storedByOther;

	private volatile boolean claimed;

	/**
	 * Create a ticket.
	 * @param cache the cache that it is for
	 * @param turns decides on it
	 * @param ask how the call asks for the key
	 */
	Ticket(Object cache, Turns turns, Ask ask, Kind kind) {
		this.cache = cache;
		this.turns = turns;
		this.ask = ask;
		this.kind = kind;
	}

	/**
	 * Return the ticket of a call that loads an entry again, in a flight that is there.
	 */
	static Ticket reloading(Object cache, Turns turns, Ask ask, Flight flight) {
		Ticket ticket = new Ticket(cache, turns, ask, Kind.MISS);
		ticket.flight = flight;
		return ticket;
	}

	boolean isFor(Object other, StoredKey key) {
		return this.cache == other && this.ask.key().isSameAs(key);
	}

	Turns turns() {
		return this.turns;
	}

	public Ask ask() {
		return this.ask;
	}

	/** Whether the value is put in the place of another, and not just filled in. */
	public boolean isPut() {
		return this.kind == Kind.PUT;
	}

	/** The flight under which the value may be stored, if it may. */
	public @Nullable Flight flight() {
		return this.flight;
	}

	void leads(@Nullable Flight led) {
		this.flight = led;
	}

	/** Whether the value is another's, who stores it. */
	public boolean isStoredByOther() {
		return this.storedByOther;
	}

	void storedByOther() {
		this.storedByOther = true;
	}

	boolean isClaimed() {
		return this.claimed;
	}

	/** Note that a put has come for it. */
	void claim() {
		this.claimed = true;
	}

	enum Kind {

		/** The key was missed. */
		MISS,

		/** The key will be put, whatever is there. */
		PUT

	}

}
