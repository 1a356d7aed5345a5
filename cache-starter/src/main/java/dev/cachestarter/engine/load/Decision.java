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

import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

/**
 * What a caller is to do about a key that it has missed. Who asks for one key gets one of
 * three, whatever has happened on the way: take a value, fail, or load. Who decides
 * several keys at once must not wait in between, and so also learns what is to be done
 * later: {@link Follow} and {@link LookAgain}.
 */
public sealed interface Decision {

	/**
	 * Take this value: another has loaded it, or it is a stale one that serves for a load
	 * that failed or is slow.
	 *
	 * @param value the value
	 */
	record Value(@Nullable Object value) implements Decision {

	}

	/**
	 * Fail with this: another's load has failed, or one's own, and no stale value serves.
	 *
	 * @param failure what the loader threw
	 */
	record Failure(Throwable failure) implements Decision {

	}

	/**
	 * Load. Whoever gets a flight must end it: by {@link Flight#fill}, or by
	 * {@link Flight#release()}, or by handing its failure to {@link Turns#failed}.
	 * {@link Turns} always gives a flight, one {@link Turns#alone alone} if there is no
	 * lease to be had.
	 *
	 * @param flight the flight that the load is in; {@code null} if nobody has decided: a
	 * call has missed nothing, or was interrupted, or the decision itself failed
	 */
	record Load(@Nullable Flight flight) implements Decision {

	}

	/**
	 * Another loads the key: follow it with {@link Turns#follow} when no lease is held
	 * any more. Comes of {@link Turns#decideAtOnce} only.
	 */
	record Follow() implements Decision {

	}

	/**
	 * The load that was followed is over: look at the key again, and decide again. Comes
	 * of {@link Turns#follow} only.
	 */
	record LookAgain() implements Decision {

	}

	/**
	 * Return the flight to load in.
	 * @param alone makes one for a decision that has none
	 */
	default Flight flightOr(Supplier<Flight> alone) {
		Flight flight = (this instanceof Load load) ? load.flight() : null;
		return (flight != null) ? flight : alone.get();
	}

}
