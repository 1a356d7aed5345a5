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
 * Counts times in buckets whose bounds are three per cent apart. Of one thread; what
 * several have counted can be put together.
 */
final class Latencies {

	private static final int BITS = 5;

	private static final int STEPS = 1 << BITS;

	private final long[] counts = new long[64 * STEPS];

	private long count;

	void add(long nanos) {
		this.counts[bucket(Math.max(nanos, 1))]++;
		this.count++;
	}

	void add(Latencies others) {
		for (int bucket = 0; bucket < this.counts.length; bucket++) {
			this.counts[bucket] += others.counts[bucket];
		}
		this.count += others.count;
	}

	long count() {
		return this.count;
	}

	/** Return what a share of all times does not exceed. */
	long quantile(double share) {
		long left = (long) Math.ceil(this.count * share);
		for (int bucket = 0; bucket < this.counts.length; bucket++) {
			left -= this.counts[bucket];
			if (left <= 0) {
				return middle(bucket);
			}
		}
		return 0;
	}

	private static int bucket(long nanos) {
		int octave = 63 - Long.numberOfLeadingZeros(nanos);
		int step = (int) ((octave >= BITS) ? (nanos >>> (octave - BITS)) : (nanos << (BITS - octave))) & (STEPS - 1);
		return octave * STEPS + step;
	}

	private static long middle(int bucket) {
		return Math.round(Math.pow(2, bucket / STEPS) * (1 + (bucket % STEPS + 0.5) / STEPS));
	}

}
