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

package dev.cachestarter.cache;

import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;

/**
 * When the cache stops using Redis, and for how long. Immutable; later versions may have
 * more to set.
 *
 * @since 0.1.0
 * @see ResilientRedisCacheManager.Builder#breaker
 */
public final class Breaker {

	private static final Breaker DEFAULTS = new Breaker();

	private int failureRate = 50;

	private Duration slowCall = Duration.ofMillis(200);

	private int slowCallRate = 80;

	private int window = 20;

	private Duration openFor = Duration.ofSeconds(1);

	private Duration openForMax = Duration.ofSeconds(10);

	private Breaker() {
	}

	private Breaker(Breaker other, Consumer<Breaker> change) {
		this.failureRate = other.failureRate;
		this.slowCall = other.slowCall;
		this.slowCallRate = other.slowCallRate;
		this.window = other.window;
		this.openFor = other.openFor;
		this.openForMax = other.openForMax;
		change.accept(this);
	}

	/**
	 * Return the built-in defaults.
	 * @return half of 20 commands failing, or four fifths slower than 200 ms; 1 s to 10 s
	 */
	public static Breaker defaults() {
		return DEFAULTS;
	}

	/**
	 * Return the share of failing commands that stops it.
	 * @return the share in percent
	 */
	public int failureRate() {
		return this.failureRate;
	}

	/**
	 * Return a copy with another share of failing commands that stops it.
	 * @param failureRate the share in percent, 1 to 100
	 * @return the changed copy
	 * @throws IllegalArgumentException if it is no such share
	 */
	public Breaker withFailureRate(int failureRate) {
		percent("failure-rate", failureRate);
		return new Breaker(this, (copy) -> copy.failureRate = failureRate);
	}

	/**
	 * Return how long a command may take before it counts as slow.
	 * @return the duration
	 */
	public Duration slowCall() {
		return this.slowCall;
	}

	/**
	 * Return a copy with another duration from which a command is slow.
	 * @param slowCall the duration, at least 1 ms
	 * @return the changed copy
	 * @throws IllegalArgumentException if it is shorter
	 */
	public Breaker withSlowCall(Duration slowCall) {
		check(slowCall.toMillis() > 0, "slow-call", slowCall, "a duration of at least 1ms such as 200ms");
		return new Breaker(this, (copy) -> copy.slowCall = slowCall);
	}

	/**
	 * Return the share of slow commands that stops it.
	 * @return the share in percent
	 */
	public int slowCallRate() {
		return this.slowCallRate;
	}

	/**
	 * Return a copy with another share of slow commands that stops it.
	 * @param slowCallRate the share in percent, 1 to 100
	 * @return the changed copy
	 * @throws IllegalArgumentException if it is no such share
	 */
	public Breaker withSlowCallRate(int slowCallRate) {
		percent("slow-call-rate", slowCallRate);
		return new Breaker(this, (copy) -> copy.slowCallRate = slowCallRate);
	}

	/**
	 * Return over how many commands the shares are counted.
	 * @return the number of commands
	 */
	public int window() {
		return this.window;
	}

	/**
	 * Return a copy that counts the shares over another number of commands.
	 * @param window the number of commands, at least 1
	 * @return the changed copy
	 * @throws IllegalArgumentException if it is smaller
	 */
	public Breaker withWindow(int window) {
		check(window > 0, "window", window, "1 or more, such as 20");
		return new Breaker(this, (copy) -> copy.window = window);
	}

	/**
	 * Return for how long it asks nothing if Redis failed soon after it was back.
	 * @return the duration
	 */
	public Duration openFor() {
		return this.openFor;
	}

	/**
	 * Return the longest that it asks nothing. It is less if the end of the outage is
	 * noticed.
	 * @return the duration
	 */
	public Duration openForMax() {
		return this.openForMax;
	}

	/**
	 * Return a copy that asks nothing for another time. The two are set together, since
	 * each bounds the other.
	 * @param openFor for how long it asks nothing if Redis failed soon after it was back,
	 * at least 1 ms
	 * @param openForMax the longest that this grows to
	 * @return the changed copy
	 * @throws IllegalArgumentException if the first is too short, or the second shorter
	 * than the first
	 */
	public Breaker withOpenFor(Duration openFor, Duration openForMax) {
		check(openFor.toMillis() > 0, "open-for", openFor, "a duration of at least 1ms such as 1s");
		check(openForMax.compareTo(openFor) >= 0, "open-for-max", openForMax,
				"a duration that is not below 'open-for'");
		return new Breaker(this, (copy) -> {
			copy.openFor = openFor;
			copy.openForMax = openForMax;
		});
	}

	private static void percent(String name, int value) {
		check(value >= 1 && value <= 100, name, value, "a share in percent from 1 to 100");
	}

	private static void check(boolean valid, String name, Object value, String cure) {
		if (!valid) {
			throw new IllegalArgumentException("'%s' cannot be %s: set it to %s".formatted(name, value, cure));
		}
	}

	@Override
	public boolean equals(@Nullable Object other) {
		return other instanceof Breaker breaker && values().equals(breaker.values());
	}

	@Override
	public int hashCode() {
		return values().hashCode();
	}

	@Override
	public String toString() {
		return "Breaker[failureRate=%s, slowCall=%s, slowCallRate=%s, window=%s, openFor=%s, openForMax=%s]"
			.formatted(values().toArray());
	}

	private List<Object> values() {
		return List.of(this.failureRate, this.slowCall, this.slowCallRate, this.window, this.openFor, this.openForMax);
	}

}
