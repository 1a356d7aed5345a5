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

package dev.cachestarter.sample.live;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.stream.LongStream;

import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.stereotype.Component;

import dev.cachestarter.CacheService;
import dev.cachestarter.CacheSnapshot;

/**
 * Makes a {@link Tick} of what has happened since the last one. To be used by one thread.
 */
@Component
final class Ticker {

	/** The seconds that ratios and percentiles are of: one alone says little. */
	private static final int WINDOW = 5;

	private final CacheService cache;

	private final Link link;

	private final Load load;

	private final Recorder recorder;

	private final ObjectProvider<OwnRedis> redis;

	private final Deque<long[]> cachedReads = new ArrayDeque<>();

	private final Deque<long[]> directReads = new ArrayDeque<>();

	private final Deque<Totals> totals = new ArrayDeque<>();

	Ticker(CacheService cache, Link link, Load load, Recorder recorder, ObjectProvider<OwnRedis> redis) {
		this.cache = cache;
		this.link = link;
		this.load = load;
		this.recorder = recorder;
		this.redis = redis;
		this.totals.add(totals(cache.getStats()));
	}

	Tick next() {
		CacheSnapshot snapshot = this.cache.getStats();
		Totals now = totals(snapshot);
		Totals last = this.totals.getLast();
		Totals first = this.totals.getFirst();
		keep(this.totals, now);
		long[] cached = recent(this.cachedReads, this.recorder.cachedReads());
		long[] direct = recent(this.directReads, this.recorder.directReads());
		long reads = now.hits() + now.misses() - first.hits() - first.misses();
		Double ratio = (reads > 0) ? (double) (now.hits() - first.hits()) / reads : null;
		Double without = (now.directReads() > 0) ? (double) (now.cachedReads() - last.cachedReads())
				* this.recorder.comparisonQueries() / now.directReads() : null;
		Link.State state = this.link.state();
		OwnRedis own = this.redis.getIfAvailable();
		return new Tick(System.currentTimeMillis(), state.up(), state.reason(), state.pending(), state.applied(),
				snapshot.keyCount(), snapshot.memoryUsed(), (own != null) ? own.condition() : null,
				switchedOff(snapshot), this.load.rate(), this.load.calls(), this.load.errors(), this.load.leftOut(),
				ratio, percentile(cached, 50), percentile(cached, 95), percentile(direct, 50), percentile(direct, 95),
				now.queries() - last.queries(), without, now.loads() - last.loads(), now.shared() - last.shared(),
				now.stale() - last.stale());
	}

	/** Return the names of the caches that are switched off in this instance, sorted. */
	List<String> switchedOff() {
		return switchedOff(this.cache.getStats());
	}

	private List<String> switchedOff(CacheSnapshot snapshot) {
		return snapshot.caches().keySet().stream().filter(this::isOff).sorted().toList();
	}

	private boolean isOff(String cacheName) {
		try {
			return !this.cache.getControl(cacheName).isEnabled();
		}
		catch (IllegalArgumentException ex) {
			// What is counted of keys without a cache is no cache.
			return false;
		}
	}

	private Totals totals(CacheSnapshot snapshot) {
		long hits = 0;
		long misses = 0;
		long shared = 0;
		long stale = 0;
		for (CacheSnapshot.Counters counters : snapshot.caches().values()) {
			hits += counters.hits();
			misses += counters.misses();
			shared += counters.loadsShared();
			stale += counters.staleServed();
		}
		return new Totals(hits, misses, shared, stale, this.recorder.loads(), this.recorder.queries(),
				this.recorder.cachedReads().count(), this.recorder.directReads().count());
	}

	private static long[] recent(Deque<long[]> seconds, Recorder.Durations durations) {
		keep(seconds, durations.drain());
		return seconds.stream().flatMapToLong(LongStream::of).sorted().toArray();
	}

	private static <T> void keep(Deque<T> seconds, T newest) {
		seconds.addLast(newest);
		if (seconds.size() > WINDOW) {
			seconds.removeFirst();
		}
	}

	/**
	 * Return a percentile in milliseconds.
	 */
	static @Nullable Double percentile(long[] sorted, int percent) {
		if (sorted.length == 0) {
			return null;
		}
		int index = (int) Math.ceil(sorted.length * percent / 100.0) - 1;
		return Math.round(sorted[Math.max(0, index)] / 1e3) / 1e3;
	}

	/**
	 * What was counted since the start.
	 */
	private record Totals(long hits, long misses, long shared, long stale, long loads, long queries, long cachedReads,
			long directReads) {

	}

}
