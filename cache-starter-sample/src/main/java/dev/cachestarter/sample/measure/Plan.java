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

package dev.cachestarter.sample.measure;

import java.time.Duration;

import org.springframework.core.env.Environment;

/**
 * How it is measured.
 *
 * @param rate the requests a second, changes included
 * @param warmUp how long each application is sent requests as fast as it answers, before
 * anything is measured: until Java has compiled what runs all day
 * @param settle how long requests come at the rate before the phase with the cache
 * counts, which begins with an empty cache
 * @param measured how long it counts, in each phase
 * @param seed what the requests and their times are drawn from
 */
public record Plan(int rate, Duration warmUp, Duration settle, Duration measured, long seed) {

	/** What the button of the page does. */
	static final Plan SHORT = new Plan(10, Duration.ofSeconds(5), Duration.ofSeconds(10), Duration.ofSeconds(15), 2026);

	public Plan {
		if (rate < 1 || rate > 500) {
			throw new IllegalArgumentException("'measure.rate' must be between 1 and 500, and is " + rate);
		}
		if (measured.isNegative() || measured.isZero() || warmUp.isNegative() || settle.isNegative()) {
			throw new IllegalArgumentException(
					"'measure.time' must be longer than 0s, 'measure.warm-up' and 'measure.settle' at least 0s; they are "
							+ measured + ", " + warmUp + " and " + settle);
		}
	}

	/**
	 * Return the plan that the properties {@code measure.*} ask for.
	 * @param environment has the properties
	 * @return the plan
	 */
	public static Plan of(Environment environment) {
		return new Plan(environment.getProperty("measure.rate", Integer.class, 20),
				environment.getProperty("measure.warm-up", Duration.class, Duration.ofSeconds(30)),
				environment.getProperty("measure.settle", Duration.class, Duration.ofSeconds(60)),
				environment.getProperty("measure.time", Duration.class, Duration.ofSeconds(60)),
				environment.getProperty("measure.seed", Long.class, 2026L));
	}

	/**
	 * Return how long it takes, without starting and filling anything.
	 * @return the sum of all times
	 */
	public Duration total() {
		return this.warmUp.plus(this.measured).multipliedBy(2).plus(this.settle);
	}

}
