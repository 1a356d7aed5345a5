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

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.Timer;
import org.jspecify.annotations.Nullable;

import dev.cachestarter.CacheSnapshot;
import dev.cachestarter.cache.entries.Engine;
import dev.cachestarter.engine.entry.EvictionCounts;
import dev.cachestarter.engine.monitor.CacheMonitor;
import dev.cachestarter.engine.monitor.Monitor;
import dev.cachestarter.engine.monitor.NearSize;
import dev.cachestarter.engine.monitor.RedisOperation;
import dev.cachestarter.engine.monitor.RedisOutcome;
import dev.cachestarter.engine.redis.LinkCondition;
import dev.cachestarter.engine.redis.TrackingCondition;
import dev.cachestarter.engine.redis.TrackingLink;

/**
 * The meters of one manager in one registry. All that can be needed are registered when
 * they are bound, or when a cache is made: registering runs filters of the application's,
 * which must not happen on an event loop.
 */
final class ManagerMeters implements Monitor {

	/** How many caches have meters of their own. */
	private static final int MOST_CACHES = 500;

	private static final int MOST_MANAGERS = 1000;

	private final MeterRegistry registry;

	private final Tags tags;

	private final Engine engine;

	private final Consumer<String> perCache;

	private final Queue<Meter> meters = new ConcurrentLinkedQueue<>();

	private final Map<RedisOperation, Map<RedisOutcome, Timer>> redis = new EnumMap<>(RedisOperation.class);

	private final AtomicInteger caches = new AtomicInteger();

	/** The caches that have meters of their own. */
	private final Set<String> measured = ConcurrentHashMap.newKeySet();

	/** What those share that are too many. */
	private volatile CacheMeters.@Nullable Sum others;

	/** What those keep in memory. */
	private final Queue<Supplier<NearSize>> othersNear = new ConcurrentLinkedQueue<>();

	/** Whether there are meters of what Redis tells. */
	private final AtomicBoolean tracked = new AtomicBoolean();

	private volatile boolean removed;

	ManagerMeters(MeterRegistry registry, String name, Engine engine, Consumer<String> perCache) {
		this.registry = registry;
		this.tags = Tags.of("cache.manager", freeName(registry, name));
		this.engine = engine;
		this.perCache = perCache;
		registerTimers();
		registerLink();
		registerEvictions();
	}

	private static String freeName(MeterRegistry registry, String name) {
		for (int number = 1; number < MOST_MANAGERS; number++) {
			String free = (number == 1) ? name : name + "-" + number;
			if (registry.find(MeterNames.PREFIX + "link").tag("cache.manager", free).meter() == null) {
				return free;
			}
		}
		return name;
	}

	boolean isOf(MeterRegistry other) {
		return this.registry == other;
	}

	private void registerTimers() {
		for (RedisOperation operation : RedisOperation.values()) {
			Map<RedisOutcome, Timer> timers = new EnumMap<>(RedisOutcome.class);
			for (RedisOutcome outcome : RedisOutcome.values()) {
				timers.put(outcome,
						add(Timer.builder(MeterNames.PREFIX + "redis")
							.description("Time taken by Redis operations, including the wait for their turn")
							.tags(this.tags.and("kind", MeterNames.tag(operation), "outcome", MeterNames.tag(outcome)))
							.register(this.registry)));
			}
			this.redis.put(operation, timers);
		}
	}

	private void registerLink() {
		for (LinkCondition.Kind kind : LinkCondition.Kind.values()) {
			add(Gauge
				.builder(MeterNames.PREFIX + "link", this.engine,
						(engine) -> (engine.link().condition().kind() == kind) ? 1 : 0)
				.description("State of the link to Redis: 1 for the current state, 0 for the others")
				.tags(this.tags.and("kind", MeterNames.tag(kind)))
				.register(this.registry));
		}
	}

	private void registerEvictions() {
		EvictionCounts counts = this.engine.evictions().counts();
		for (EvictionCounts.Kind kind : EvictionCounts.Kind.values()) {
			for (EvictionCounts.Outcome outcome : EvictionCounts.Outcome.values()) {
				add(FunctionCounter.builder(MeterNames.PREFIX + "evictions", counts, (now) -> now.count(kind, outcome))
					.description("Evictions, by what they name and whether Redis acknowledged them at once")
					.tags(this.tags.and("kind", MeterNames.tag(kind), "outcome", MeterNames.tag(outcome)))
					.register(this.registry));
			}
		}
		add(FunctionCounter.builder(MeterNames.PREFIX + "evictions.replayed", counts, EvictionCounts::replayedCount)
			.description("Evictions that were applied later, or once more after a restart of Redis")
			.tags(this.tags)
			.register(this.registry));
		add(Gauge
			.builder(MeterNames.PREFIX + "evictions.pending", this.engine,
					(engine) -> engine.evictions().pendingCount())
			.description("Evictions that Redis has not acknowledged yet")
			.tags(this.tags)
			.register(this.registry));
		add(TimeGauge
			.builder(MeterNames.PREFIX + "evictions.pending.age", this.engine, TimeUnit.NANOSECONDS,
					(engine) -> engine.evictions().oldestPending().orElse(Duration.ZERO).toNanos())
			.description("Age of the oldest eviction that Redis did not acknowledge when it was asked")
			.tags(this.tags)
			.register(this.registry));
		add(FunctionCounter.builder(MeterNames.PREFIX + "sweeps", this.engine, (engine) -> engine.sweeper().walks())
			.description("Walks over all keys that remove evicted entries")
			.tags(this.tags)
			.register(this.registry));
		add(FunctionCounter
			.builder(MeterNames.PREFIX + "sweeps.removed", this.engine, (engine) -> engine.sweeper().swept())
			.description("Entries removed by sweeps")
			.tags(this.tags)
			.register(this.registry));
		add(FunctionCounter
			.builder(MeterNames.PREFIX + "refreshes.rejected", this.engine, (engine) -> engine.background().rejected())
			.description("Loads in the background that found no free thread")
			.tags(this.tags)
			.register(this.registry));
	}

	@Override
	public CacheMonitor ofCache(String name, Supplier<CacheSnapshot.Counters> counters) {
		if (this.caches.getAndIncrement() < MOST_CACHES) {
			CacheMeters meters = new CacheMeters(this.registry, this.tags.and("cache", name), counters, this::add);
			this.perCache.accept(name);
			this.measured.add(name);
			return meters;
		}
		// Told of by one thread at a time.
		CacheMeters.Sum sum = this.others;
		if (sum == null) {
			sum = new CacheMeters.Sum();
			sum.meters = new CacheMeters(this.registry, this.tags.and("cache", CacheStarterMetrics.OTHER_CACHES), sum,
					this::add);
			this.others = sum;
		}
		return sum.with(counters);
	}

	@Override
	public void ofNear(String name, Supplier<NearSize> near) {
		TrackingLink tracking = this.engine.tracking();
		if (tracking != null && this.tracked.compareAndSet(false, true)) {
			registerTracking(tracking);
		}
		if (this.measured.contains(name)) {
			registerNear(name, near);
			return;
		}
		this.othersNear.add(near);
		if (this.othersNear.size() == 1) {
			registerNear(CacheStarterMetrics.OTHER_CACHES, () -> this.othersNear.stream()
				.map(Supplier::get)
				.reduce(new NearSize(0, 0),
						(one, other) -> new NearSize(one.entries() + other.entries(), one.bytes() + other.bytes())));
		}
	}

	private void registerTracking(TrackingLink tracking) {
		add(Gauge
			.builder(MeterNames.PREFIX + "near.session", tracking,
					(now) -> (now.condition().state() == TrackingCondition.State.GOOD) ? 1 : 0)
			.description("Whether Redis tells what changes: 1 if it does, 0 if near caches in mode track ask it")
			.tags(this.tags)
			.register(this.registry));
		add(TimeGauge
			.builder(MeterNames.PREFIX + "near.heartbeat.age", tracking, TimeUnit.NANOSECONDS,
					ManagerMeters::ageOfHeartbeat)
			.description("Time since the last good heartbeat on which near caches in mode track rely was sent")
			.tags(this.tags)
			.register(this.registry));
		add(FunctionCounter.builder(MeterNames.PREFIX + "near.pushes", tracking, (now) -> now.condition().pushes())
			.description("Changes that Redis has told of")
			.tags(this.tags)
			.register(this.registry));
		add(FunctionCounter
			.builder(MeterNames.PREFIX + "near.sessions.ended", tracking,
					(now) -> now.condition().ended().values().stream().mapToLong(Long::longValue).sum())
			.description("How often Redis ceased to tell what changes")
			.tags(this.tags)
			.register(this.registry));
	}

	private static double ageOfHeartbeat(TrackingLink tracking) {
		Duration age = tracking.condition().sinceHeartbeat();
		return (age != null) ? age.toNanos() : Double.NaN;
	}

	private void registerNear(String cache, Supplier<NearSize> near) {
		Tags tagged = this.tags.and("cache", cache);
		add(Gauge.builder(MeterNames.PREFIX + "near.entries", () -> near.get().entries())
			.description("Copies of values in the memory of this instance")
			.tags(tagged)
			.register(this.registry));
		add(Gauge.builder(MeterNames.PREFIX + "near.size", () -> near.get().bytes())
			.baseUnit("bytes")
			.description("Size of the copies in the memory of this instance, as JSON")
			.tags(tagged)
			.register(this.registry));
	}

	@Override
	@SuppressWarnings("NullAway") // There is one for each.
	public void answered(RedisOperation operation, RedisOutcome outcome, long nanos) {
		this.redis.get(operation).get(outcome).record(nanos, TimeUnit.NANOSECONDS);
	}

	private <M extends Meter> M add(M meter) {
		this.meters.add(meter);
		if (this.removed) {
			remove();
		}
		return meter;
	}

	/**
	 * Remove all meters. Those that are still to come are removed, too.
	 */
	void remove() {
		this.removed = true;
		for (Meter meter = this.meters.poll(); meter != null; meter = this.meters.poll()) {
			this.registry.remove(meter);
		}
	}

}
