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

package dev.cachestarter.diagnosis;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

import dev.cachestarter.CacheSnapshot;
import dev.cachestarter.engine.monitor.CacheMonitor;
import dev.cachestarter.engine.monitor.Monitor;

/**
 * How long the loads of each cache take. A load is counted in one of 64 classes, each a
 * quarter wider than the one before, from a tenth of a millisecond to over a minute. So a
 * percentile is right to a quarter, and takes half a kilobyte for a cache.
 */
public final class LoadTimes implements Monitor {

	private static final double SHORTEST_NANOS = 100_000;

	private static final double STEP = Math.log(1.25);

	private static final int CLASSES = 64;

	private final Map<String, Times> caches = new ConcurrentHashMap<>();

	@Override
	public CacheMonitor ofCache(String name, Supplier<CacheSnapshot.Counters> counters) {
		return this.caches.computeIfAbsent(name, (same) -> new Times());
	}

	/**
	 * Return how long the loads of a cache took since this was attached.
	 */
	public Summary of(String cacheName) {
		Times times = this.caches.get(cacheName);
		return (times != null) ? times.summary() : new Times().summary();
	}

	/**
	 * What is known of the loads of one cache.
	 *
	 * @param count how many there were, those in the background and those that failed
	 * included
	 * @param failures how many of them failed
	 * @param p50Millis what half of them took at most
	 * @param p95Millis what 95 of a hundred took at most
	 * @param p99Millis what 99 of a hundred took at most
	 */
	public record Summary(long count, long failures, double p50Millis, double p95Millis, double p99Millis) {

	}

	private static final class Times implements CacheMonitor {

		private final AtomicLongArray classes = new AtomicLongArray(CLASSES);

		private final LongAdder failures = new LongAdder();

		@Override
		public void loaded(LoadKind kind, LoadOutcome outcome, long nanos) {
			this.classes.incrementAndGet(classOf(nanos));
			if (outcome == LoadOutcome.FAILURE) {
				this.failures.increment();
			}
		}

		private static int classOf(long nanos) {
			double steps = (nanos <= SHORTEST_NANOS) ? 0 : Math.ceil(Math.log(nanos / SHORTEST_NANOS) / STEP);
			return (int) Math.min(steps, CLASSES - 1);
		}

		Summary summary() {
			long[] counts = new long[CLASSES];
			long count = 0;
			for (int i = 0; i < CLASSES; i++) {
				counts[i] = this.classes.get(i);
				count += counts[i];
			}
			return new Summary(count, this.failures.sum(), percentile(counts, count, 0.5),
					percentile(counts, count, 0.95), percentile(counts, count, 0.99));
		}

		/** The upper end of the class that it is in, in milliseconds. */
		private static double percentile(long[] counts, long count, double share) {
			long wanted = (long) Math.ceil(count * share);
			long seen = 0;
			for (int i = 0; i < CLASSES; i++) {
				seen += counts[i];
				if (seen >= wanted && seen > 0) {
					return Math.round(SHORTEST_NANOS * Math.exp(i * STEP) / 10_000) / 100.0;
				}
			}
			return 0;
		}

	}

}
