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

package dev.cachestarter.metrics;

import io.micrometer.observation.Observation;
import org.jspecify.annotations.Nullable;

/**
 * The context of an observation of what a cached call does: it reads, waits to learn
 * whether it or another loads, and loads.
 *
 * @since 0.1.0
 */
public final class CacheStepContext extends Observation.Context {

	private final Step step;

	private final String cacheName;

	private final @Nullable String kind;

	private volatile @Nullable String outcome;

	/**
	 * Create a context.
	 * @param step what is done
	 * @param cacheName the name of the cache
	 * @param kind {@code call} or {@code background} for a load, else {@code null}
	 */
	public CacheStepContext(Step step, String cacheName, @Nullable String kind) {
		this.step = step;
		this.cacheName = cacheName;
		this.kind = kind;
	}

	/**
	 * Return what is done.
	 * @return the step
	 */
	public Step getStep() {
		return this.step;
	}

	/**
	 * Return the name of the cache.
	 * @return the name
	 */
	public String getCacheName() {
		return this.cacheName;
	}

	/**
	 * Return for whom a load is.
	 * @return {@code call} or {@code background}, {@code null} if it is no load
	 */
	public @Nullable String getKind() {
		return this.kind;
	}

	/**
	 * Return what came of it, in the words of the tag {@code outcome} of the meter of the
	 * same kind.
	 * @return the outcome, {@code null} before the end
	 */
	public @Nullable String getOutcome() {
		return this.outcome;
	}

	void setOutcome(String outcome) {
		this.outcome = outcome;
	}

	/**
	 * What a call does.
	 */
	public enum Step {

		/** It reads a key. */
		READ,

		/**
		 * It has missed, and waits to learn what to do: for a lease, or for the load of
		 * another.
		 */
		WAIT,

		/** It calls the method, or the loader. */
		LOAD

	}

}
