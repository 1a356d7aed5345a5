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

import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import org.jspecify.annotations.Nullable;

import dev.cachestarter.CacheSnapshot.Counters;
import dev.cachestarter.engine.monitor.CacheMonitor;

/**
 * The meters of one cache in one registry, or of those that share one tag.
 */
final class CacheMeters implements CacheMonitor {

	private final MeterRegistry registry;

	private final Tags tags;

	/** The registry keeps what it counts by weak references. */
	private final List<Supplier<Counters>> counters;

	private final Consumer<Meter> added;

	private final Map<ReadOutcome, Timer> reads = new EnumMap<>(ReadOutcome.class);

	private final Map<WaitOutcome, Timer> waits = new EnumMap<>(WaitOutcome.class);

	private final Map<LoadKind, Map<LoadOutcome, Timer>> loads = new EnumMap<>(LoadKind.class);

	private final DistributionSummary plain;

	private final DistributionSummary stored;

	CacheMeters(MeterRegistry registry, Tags tags, Supplier<Counters> counters, Consumer<Meter> added) {
		this.registry = registry;
		this.tags = tags;
		this.counters = List.of(counters);
		this.added = added;
		for (ReadOutcome outcome : ReadOutcome.values()) {
			this.reads.put(outcome,
					timer("read", "Time taken by reads, by outcome", "outcome", MeterNames.tag(outcome)));
		}
		for (WaitOutcome outcome : WaitOutcome.values()) {
			this.waits.put(outcome,
					timer("wait",
							"Time from a miss until the caller knows whether to load or to use another call's value",
							"outcome", MeterNames.tag(outcome)));
		}
		for (LoadKind kind : LoadKind.values()) {
			Map<LoadOutcome, Timer> timers = new EnumMap<>(LoadOutcome.class);
			for (LoadOutcome outcome : LoadOutcome.values()) {
				timers.put(outcome, timer("load", "Time taken by the method or the loader", "kind",
						MeterNames.tag(kind), "outcome", MeterNames.tag(outcome)));
			}
			this.loads.put(kind, timers);
		}
		this.plain = size("plain");
		this.stored = size("stored");
		counter("loads.shared", "Calls that used the value of another call's load", Counters::loadsShared);
		counter("near.hits", "Hits whose value was in the memory of this instance, by mode",
				(counts) -> counts.nearHits() - counts.nearHitsUnasked(), "mode", "validate");
		counter("near.hits", "Hits whose value was in the memory of this instance, by mode", Counters::nearHitsUnasked,
				"mode", "track");
		counter("stale.served", "Calls that got an expired value because its load failed or was slow",
				Counters::staleServed);
		counter("refreshes", "Loads in the background", Counters::refreshes, "outcome", "success");
		counter("refreshes", "Loads in the background", Counters::refreshFailures, "outcome", "failure");
		counter("fills.refused", "Loaded values that were not stored because an eviction or another write came first",
				Counters::refusedFills);
		counter("values.refused", "Values that were not stored, by reason", Counters::notCacheable, "kind",
				"not_cacheable");
		counter("values.refused", "Values that were not stored, by reason", Counters::tooLarge, "kind", "too_large");
		counter("entries.unusable", "Entries that were found but could not be used, by reason", Counters::unreadable,
				"kind", "unreadable");
		counter("entries.unusable", "Entries that were found but could not be used, by reason", Counters::otherVersion,
				"kind", "other_version");
		counter("failures", "Operations that failed in Redis or were not answered in time", Counters::failures);
		counter("verified", "Hits that were compared with a fresh load",
				(counts) -> counts.verified() - counts.foundStale(), "outcome", "same");
		counter("verified", "Hits that were compared with a fresh load", Counters::foundStale, "outcome", "stale");
		add(Gauge.builder(MeterNames.PREFIX + "verified.nines", counters, (now) -> nines(now.get()))
			.description("Share of compared hits that were right, in nines: 3 is 99.9 %")
			.tags(tags)
			.register(registry));
	}

	/**
	 * Return how right a cache is, in nines. As long as no difference was found, it is
	 * what so many comparisons can tell: a thousand tell three nines.
	 * @return {@code NaN} if nothing was compared
	 */
	static double nines(Counters counts) {
		if (counts.verified() == 0) {
			return Double.NaN;
		}
		return Math.log10((double) counts.verified() / Math.max(1, counts.foundStale()));
	}

	private Timer timer(String name, String description, String... more) {
		return add(Timer.builder(MeterNames.PREFIX + name)
			.description(description)
			.tags(this.tags.and(more))
			.register(this.registry));
	}

	private DistributionSummary size(String kind) {
		return add(DistributionSummary.builder(MeterNames.PREFIX + "value.size")
			.baseUnit("bytes")
			.description("Size of stored values, before and after compression")
			.tags(this.tags.and("kind", kind))
			.register(this.registry));
	}

	private void counter(String name, String description, ToLongFunction<Counters> count, String... more) {
		add(FunctionCounter
			.builder(MeterNames.PREFIX + name, this.counters.get(0), (now) -> count.applyAsLong(now.get()))
			.description(description)
			.tags(this.tags.and(more))
			.register(this.registry));
	}

	private <M extends Meter> M add(M meter) {
		this.added.accept(meter);
		return meter;
	}

	@Override
	@SuppressWarnings("NullAway") // There is one for each.
	public void read(ReadOutcome outcome, long nanos) {
		this.reads.get(outcome).record(nanos, TimeUnit.NANOSECONDS);
	}

	@Override
	@SuppressWarnings("NullAway")
	public void waited(WaitOutcome outcome, long nanos) {
		this.waits.get(outcome).record(nanos, TimeUnit.NANOSECONDS);
	}

	@Override
	@SuppressWarnings("NullAway")
	public void loaded(LoadKind kind, LoadOutcome outcome, long nanos) {
		this.loads.get(kind).get(outcome).record(nanos, TimeUnit.NANOSECONDS);
	}

	@Override
	public void stored(long plainSize, long storedSize) {
		this.plain.record(plainSize);
		this.stored.record(storedSize);
	}

	/**
	 * The counters of several caches that have their meters in common.
	 */
	static final class Sum implements Supplier<Counters> {

		private final Collection<Supplier<Counters>> parts = new ConcurrentLinkedQueue<>();

		@Nullable CacheMeters meters;

		CacheMonitor with(Supplier<Counters> counters) {
			this.parts.add(counters);
			CacheMeters shared = this.meters;
			return (shared != null) ? shared : CacheMonitor.NONE;
		}

		@Override
		public Counters get() {
			Map<String, Long> sums = new HashMap<>();
			this.parts
				.forEach((part) -> part.get().asMap().forEach((name, count) -> sums.merge(name, count, Long::sum)));
			return Counters.of(sums);
		}

	}

}
