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

import org.jspecify.annotations.Nullable;

/**
 * What a caller is to do about a key that it has missed. There are three things, whatever
 * has happened on the way: take a value, fail, or load.
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
	 *
	 * @param flight the flight that the load is in, {@code null} if there is none
	 */
	record Load(@Nullable Flight flight) implements Decision {

	}

	/**
	 * Follow another's load, and look again when it is over. Only for who decides several
	 * keys at once, and must not wait while it holds the lease of one.
	 */
	record Follow() implements Decision {

	}

}
