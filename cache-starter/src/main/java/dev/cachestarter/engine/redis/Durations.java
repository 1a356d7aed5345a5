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

package dev.cachestarter.engine.redis;

import java.time.Duration;

/**
 * Turns durations into numbers. A {@code long} of nanoseconds ends after 292 years, and
 * {@link Duration#toNanos()} throws beyond that.
 */
public final class Durations {

	/** Nobody waits longer; twice this is still far from the end of a {@code long}. */
	private static final Duration LONGEST = Duration.ofDays(36_500);

	private Durations() {
	}

	/**
	 * Return a duration in nanoseconds, or the longest there is.
	 */
	public static long nanos(Duration duration) {
		return capped(duration).toNanos();
	}

	/**
	 * Return a duration, or the longest there is.
	 */
	public static Duration capped(Duration duration) {
		return (duration.compareTo(LONGEST) > 0) ? LONGEST : duration;
	}

}
