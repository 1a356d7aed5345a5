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

import java.time.Duration;

import dev.cachestarter.cache.Internals;

/**
 * Sweeps for an instance, over its own link, at once and again and again: an instance by
 * itself looks for entries of evicted tags once a minute.
 */
public final class EagerSweeper implements AutoCloseable {

	/** Fast, and often at it. */
	static final Sweeper.Pace PACE = new Sweeper.Pace(Duration.ofMillis(1), Duration.ofMillis(50),
			Duration.ofMillis(100), Duration.ofSeconds(30), 1000, 0, Duration.ZERO);

	private final Sweeper sweeper;

	private EagerSweeper(Sweeper sweeper) {
		this.sweeper = sweeper;
	}

	public static EagerSweeper of(Internals engine) {
		return new EagerSweeper(new Sweeper(engine.link(), engine.store(), engine.layout(), PACE));
	}

	@Override
	public void close() {
		this.sweeper.close();
	}

}
