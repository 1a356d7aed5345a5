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

package dev.cachestarter.engine.entry;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

import org.jspecify.annotations.Nullable;

/**
 * Counts evictions by what they name and by what became of them.
 */
public final class EvictionCounts {

	private final Map<Kind, LongAdder> taken = new EnumMap<>(Kind.class);

	private final Map<Kind, LongAdder> deferred = new EnumMap<>(Kind.class);

	private final LongAdder replayed = new LongAdder();

	EvictionCounts() {
		for (Kind kind : Kind.values()) {
			this.taken.put(kind, new LongAdder());
			this.deferred.put(kind, new LongAdder());
		}
	}

	/**
	 * Count an eviction whose first asking is over.
	 * @param ex why Redis has not taken it, {@code null} if it has
	 */
	void evicted(Target target, @Nullable Throwable ex) {
		counter(Kind.of(target), (ex == null) ? Outcome.TAKEN : Outcome.DEFERRED).increment();
	}

	/**
	 * Count one that Redis has taken later.
	 */
	void replayed() {
		this.replayed.increment();
	}

	public long count(Kind kind, Outcome outcome) {
		return counter(kind, outcome).sum();
	}

	/**
	 * Return how many of those that were deferred, or applied again since Redis was
	 * restarted, it has taken.
	 */
	public long replayedCount() {
		return this.replayed.sum();
	}

	@SuppressWarnings("NullAway") // It has all kinds.
	private LongAdder counter(Kind kind, Outcome outcome) {
		return (outcome == Outcome.TAKEN) ? this.taken.get(kind) : this.deferred.get(kind);
	}

	/**
	 * What an eviction names.
	 */
	public enum Kind {

		/** One key. */
		KEY,

		/** All keys with one first segment. */
		GROUP,

		/** A whole cache, or all of them. */
		CACHE,

		/** What matches a pattern. */
		PATTERN,

		/** What carries a tag. */
		TAG;

		static Kind of(Target target) {
			if (target instanceof Target.Key) {
				return KEY;
			}
			if (target instanceof Target.Group || target instanceof Target.Segment) {
				return GROUP;
			}
			if (target instanceof Target.Tag) {
				return TAG;
			}
			return (target instanceof Target.Glob) ? PATTERN : CACHE;
		}

	}

	/**
	 * What became of it when it was made.
	 */
	public enum Outcome {

		/** Redis has taken it. */
		TAKEN,

		/** Redis has not taken it: it is pending. */
		DEFERRED

	}

}
