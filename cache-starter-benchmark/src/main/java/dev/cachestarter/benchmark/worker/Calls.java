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

package dev.cachestarter.benchmark.worker;

/**
 * What some calls have cost.
 *
 * @param count how many there were
 * @param nanos how long they took together, by the clock
 * @param median half of them took no longer, in nanoseconds
 * @param p99 of a hundred of them 99 took no longer, in nanoseconds
 * @param loads how often the source was asked
 * @param callerBytes bytes that the calling threads allocated
 * @param allBytes bytes that all threads allocated
 * @param processorNanos time that processors spent on this JVM
 */
public record Calls(long count, long nanos, long median, long p99, long loads, long callerBytes, long allBytes,
		long processorNanos) {

	/** Calls a second, of all threads together. */
	public double perSecond() {
		return this.count * 1e9 / this.nanos;
	}

	/** How long one call took on average, in microseconds. */
	public double micros(int threads) {
		return this.nanos / 1e3 * threads / this.count;
	}

	/** Kilobytes that the calling thread allocated for one call. */
	public double callerKilobytes() {
		return this.callerBytes / 1e3 / this.count;
	}

	/** Kilobytes that all threads allocated for one call. */
	public double allKilobytes() {
		return this.allBytes / 1e3 / this.count;
	}

	/** Processor time of one call, in microseconds. */
	public double processorMicros() {
		return this.processorNanos / 1e3 / this.count;
	}

}
