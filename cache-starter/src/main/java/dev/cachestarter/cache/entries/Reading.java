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

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.load.Ask;
import dev.cachestarter.engine.load.BackgroundLoads.Captured;
import dev.cachestarter.engine.load.Stale;

/**
 * What came of reading an entry.
 *
 * @param kind whether there is a value, and what else it is good for
 * @param value the value of a hit
 * @param observed what was found, {@code null} if nothing could be read
 * @param epoch what had been evicted here before the read
 */
public record Reading(Kind kind, @Nullable Object value, @Nullable Observed observed, long epoch) {

	enum Kind {

		/** A value. */
		HIT,

		/** A value that is to be loaded again in the background. */
		DUE,

		/**
		 * A value that is to be loaded again in the background, to compare the two.
		 */
		DOUBTED,

		/** A value past its time, that serves since its load has failed a moment ago. */
		SERVED,

		/** No value, but one past its time, that may serve for its load. */
		STALE,

		/** No value. */
		MISS,

		/** No value, since the caller does not use the cache. */
		BYPASSED

	}

	public boolean isHit() {
		return this.kind == Kind.HIT || this.kind == Kind.SERVED || isDue();
	}

	/**
	 * Return whether there is a value, and it is to be loaded again in the background.
	 */
	public boolean isDue() {
		return this.kind == Kind.DUE || this.kind == Kind.DOUBTED;
	}

	/**
	 * Return how one asks for the key who has read this.
	 * @param ask how it asked before
	 * @param stale what may serve for the load
	 */
	public Ask asking(Ask ask, @Nullable Stale stale) {
		return (this.kind != Kind.BYPASSED) ? ask.seeing(this.observed, stale) : ask.forItself();
	}

	/**
	 * Return what was found, if it may serve for its load or is to be loaded again.
	 * @param captured what a load in the background is to see of the calling thread
	 */
	public @Nullable Stale stale(@Nullable Captured captured) {
		Observed found = this.observed;
		return (found != null && (this.kind == Kind.STALE || isDue()))
				? new Stale(found, this.epoch, captured, this.kind == Kind.DOUBTED) : null;
	}

}
