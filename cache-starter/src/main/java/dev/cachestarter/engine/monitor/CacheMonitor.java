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

package dev.cachestarter.engine.monitor;

/**
 * Is told what happens in one cache, as {@link Monitor} says.
 */
public interface CacheMonitor {

	CacheMonitor NONE = new CacheMonitor() {
	};

	/**
	 * Called when a key was read. Of several keys that are read in one round trip each is
	 * told, with the time of all.
	 */
	default void read(ReadOutcome outcome, long nanos) {
	}

	/**
	 * Called when a caller that has missed knows what to do.
	 */
	default void waited(WaitOutcome outcome, long nanos) {
	}

	/**
	 * Called when a load is over.
	 */
	default void loaded(LoadKind kind, LoadOutcome outcome, long nanos) {
	}

	/**
	 * Called when a value was stored.
	 * @param plain its size before compression, in bytes
	 * @param stored its size as stored, without the header
	 */
	default void stored(long plain, long stored) {
	}

	/**
	 * What came of reading a key.
	 */
	enum ReadOutcome {

		/** A value that is fresh. */
		HIT,

		/** A value past its time, served since its load has failed a moment ago. */
		STALE,

		/** No value, or none that the caller can use. */
		MISS,

		/** Redis was not asked: what was evicted here is not read. */
		BYPASSED,

		/** Redis did not answer, or the link is down. */
		UNANSWERED

	}

	/**
	 * What a caller does that has missed.
	 */
	enum WaitOutcome {

		/** It loads: it has the lease, or there is none to be had. */
		LOAD,

		/** It takes the value of another's load, or a stale one. */
		VALUE,

		/** It fails with what another's load has failed with. */
		FAILURE

	}

	/**
	 * What came of a load.
	 */
	enum LoadOutcome {

		/** A value. */
		SUCCESS,

		/** It threw, or its caller has gone on without it. */
		FAILURE

	}

	/**
	 * For whom a load is.
	 */
	enum LoadKind {

		/** For a caller that waits for it. */
		CALL,

		/** For nobody: of an entry near its end, or past {@code load-timeout}. */
		BACKGROUND

	}

}
