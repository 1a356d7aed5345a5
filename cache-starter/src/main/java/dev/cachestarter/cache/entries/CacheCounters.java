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

package dev.cachestarter.cache.entries;

import java.time.Instant;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import org.springframework.data.redis.cache.CacheStatistics;

import dev.cachestarter.CacheSnapshot;
import dev.cachestarter.engine.monitor.CacheMonitor.ReadOutcome;
import dev.cachestarter.engine.monitor.CacheMonitor;
import dev.cachestarter.engine.monitor.NearSize;

/**
 * Counts what happens in one cache, and tells those who want to know how long it took.
 */
public final class CacheCounters {

	private final LongAdder hits = new LongAdder();

	private final LongAdder nearHitsAsked = new LongAdder();

	private final LongAdder nearHitsUnasked = new LongAdder();

	private final LongAdder misses = new LongAdder();

	private final LongAdder puts = new LongAdder();

	private final LongAdder removals = new LongAdder();

	private final LongAdder refusedFills = new LongAdder();

	private final LongAdder loadsShared = new LongAdder();

	private final LongAdder unreadable = new LongAdder();

	private final LongAdder otherVersion = new LongAdder();

	private final LongAdder tooLarge = new LongAdder();

	private final LongAdder notCacheable = new LongAdder();

	private final LongAdder failures = new LongAdder();

	private final LongAdder staleServed = new LongAdder();

	private final LongAdder refreshes = new LongAdder();

	private final LongAdder refreshFailures = new LongAdder();

	private final LongAdder verified = new LongAdder();

	private final LongAdder foundStale = new LongAdder();

	private final Instant since = Instant.now();

	private volatile Instant lastReset = this.since;

	private volatile @Nullable Supplier<NearSize> near;

	private volatile CacheMonitor monitor = CacheMonitor.NONE;

	/** Tell of what takes time or has a size, from now on. */
	void tell(CacheMonitor monitor) {
		this.monitor = monitor;
	}

	/** Count what is kept in memory, too. */
	void near(Supplier<NearSize> size) {
		this.near = size;
	}

	/** What is kept in memory at the moment, {@code null} if nothing ever is. */
	@Nullable Supplier<NearSize> near() {
		return this.near;
	}

	/** Begin something that takes time: the time now, if anybody wants to know. */
	long begin() {
		return (this.monitor != CacheMonitor.NONE) ? System.nanoTime() : 0;
	}

	/**
	 * Tell that a key was read.
	 * @param since when that was begun, 0 if nobody wanted to know
	 */
	void read(ReadOutcome outcome, long since) {
		if (since != 0) {
			try {
				this.monitor.read(outcome, System.nanoTime() - since);
			}
			catch (Throwable ex) {
				// As below.
			}
		}
	}

	void stored(long plain, long stored) {
		tell((monitor) -> monitor.stored(plain, stored));
	}

	/** Whatever becomes of the news, the call goes on. */
	void tell(Consumer<CacheMonitor> event) {
		try {
			event.accept(this.monitor);
		}
		catch (Throwable ex) {
			// Of a registry of the application's own, say.
		}
	}

	void hit() {
		this.hits.increment();
	}

	/**
	 * Count a hit whose value was in memory.
	 * @param unasked whether Redis was not asked about it
	 */
	void nearHit(boolean unasked) {
		(unasked ? this.nearHitsUnasked : this.nearHitsAsked).increment();
	}

	void miss() {
		this.misses.increment();
	}

	void put() {
		this.puts.increment();
	}

	void removed() {
		this.removals.increment();
	}

	void refusedFill() {
		this.refusedFills.increment();
	}

	void loadShared() {
		this.loadsShared.increment();
	}

	void unreadable() {
		this.unreadable.increment();
	}

	void otherVersion() {
		this.otherVersion.increment();
	}

	void tooLarge() {
		this.tooLarge.increment();
	}

	void notCacheable() {
		this.notCacheable.increment();
	}

	void failed() {
		this.failures.increment();
	}

	void staleServed() {
		this.staleServed.increment();
	}

	void refreshed() {
		this.refreshes.increment();
	}

	void refreshFailed() {
		this.refreshFailures.increment();
	}

	void verified() {
		this.verified.increment();
	}

	void foundStale() {
		this.foundStale.increment();
	}

	public void reset() {
		for (LongAdder adder : new LongAdder[] { this.hits, this.misses, this.puts, this.removals, this.refusedFills,
				this.loadsShared, this.unreadable, this.otherVersion, this.tooLarge, this.notCacheable, this.failures,
				this.staleServed, this.refreshes, this.refreshFailures, this.verified, this.foundStale,
				this.nearHitsAsked, this.nearHitsUnasked }) {
			adder.reset();
		}
		this.lastReset = Instant.now();
	}

	public CacheSnapshot.Counters snapshot() {
		long unasked = this.nearHitsUnasked.sum();
		return CacheSnapshot.Counters.of(Map.ofEntries(Map.entry("hits", this.hits.sum()),
				Map.entry("misses", this.misses.sum()), Map.entry("puts", this.puts.sum()),
				Map.entry("removals", this.removals.sum()), Map.entry("refusedFills", this.refusedFills.sum()),
				Map.entry("loadsShared", this.loadsShared.sum()), Map.entry("unreadable", this.unreadable.sum()),
				Map.entry("otherVersion", this.otherVersion.sum()), Map.entry("tooLarge", this.tooLarge.sum()),
				Map.entry("notCacheable", this.notCacheable.sum()), Map.entry("failures", this.failures.sum()),
				Map.entry("staleServed", this.staleServed.sum()), Map.entry("refreshes", this.refreshes.sum()),
				Map.entry("refreshFailures", this.refreshFailures.sum()), Map.entry("verified", this.verified.sum()),
				Map.entry("foundStale", this.foundStale.sum()),
				Map.entry("nearHits", this.nearHitsAsked.sum() + unasked), Map.entry("nearHitsUnasked", unasked)));
	}

	/**
	 * Return the same in the form that Spring Data's users and Boot's meters know.
	 */
	public CacheStatistics statistics(String cacheName) {
		CacheSnapshot.Counters counters = snapshot();
		Instant reset = this.lastReset;
		return new CacheStatistics() {

			@Override
			public String getCacheName() {
				return cacheName;
			}

			@Override
			public long getPuts() {
				return counters.puts();
			}

			@Override
			public long getGets() {
				return counters.hits() + counters.misses();
			}

			@Override
			public long getHits() {
				return counters.hits();
			}

			@Override
			public long getMisses() {
				return counters.misses();
			}

			@Override
			public long getDeletes() {
				return counters.removals();
			}

			@Override
			public long getLockWaitDuration(TimeUnit unit) {
				return 0;
			}

			@Override
			public Instant getSince() {
				return CacheCounters.this.since;
			}

			@Override
			public Instant getLastReset() {
				return reset;
			}

		};
	}

}
