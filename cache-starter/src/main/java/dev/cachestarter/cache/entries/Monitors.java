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

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.key.LogKeys;
import dev.cachestarter.engine.monitor.CacheMonitor;
import dev.cachestarter.engine.monitor.Monitor;
import dev.cachestarter.engine.monitor.NearSize;
import dev.cachestarter.engine.monitor.RedisOperation;
import dev.cachestarter.engine.monitor.RedisOutcome;
import dev.cachestarter.engine.redis.RedisLink;

/**
 * The monitors that are attached to one manager, and the caches that they are told of.
 * <p>
 * A monitor may be attached long after the first caches were made, since it belongs to
 * beans that may need the manager; and a cache may be made at any time, by any call. Each
 * is introduced to each once. That may run code of the application's (a filter of
 * meters), so no lock is held for it: one thread at a time does it, and who comes
 * meanwhile leaves it to that thread.
 */
public final class Monitors {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	private final RedisLink link;

	private final List<Attached> attached = new CopyOnWriteArrayList<>();

	private final ConcurrentMap<String, CacheCounters> caches = new ConcurrentHashMap<>();

	/** How often it was asked to introduce since the last time that was done. */
	private final AtomicInteger requests = new AtomicInteger();

	/** Whether a cache was made that nobody was told of. */
	private volatile boolean news;

	Monitors(RedisLink link) {
		this.link = link;
	}

	/**
	 * Tell a monitor of all that happens from now on.
	 */
	public void attach(Monitor monitor) {
		this.attached.add(new Attached(monitor, new ConcurrentHashMap<>()));
		this.link.tell(combined());
		introduce();
	}

	/**
	 * Tell a monitor nothing more.
	 */
	public void detach(Monitor monitor) {
		this.attached.removeIf((each) -> each.monitor() == monitor);
		this.link.tell(combined());
		introduce();
	}

	/**
	 * Take note of a cache that was made. Those who want to know are told by
	 * {@link #tellNews()}.
	 */
	public void made(String name, CacheCounters counters) {
		this.caches.put(name, counters);
		this.news = true;
	}

	/**
	 * Return what is kept of a cache in memory.
	 * @return what is kept, {@code null} if nothing ever is
	 */
	public @Nullable NearSize near(String name) {
		CacheCounters counters = this.caches.get(name);
		Supplier<NearSize> near = (counters != null) ? counters.near() : null;
		return (near != null) ? near.get() : null;
	}

	/**
	 * Tell of the caches that were made.
	 */
	public void tellNews() {
		if (this.news) {
			this.news = false;
			introduce();
		}
	}

	private void introduce() {
		if (this.requests.getAndIncrement() > 0) {
			return;
		}
		int asked = 1;
		do {
			this.caches.forEach(this::introduce);
			asked = this.requests.addAndGet(-asked);
		}
		while (asked > 0);
	}

	private void introduce(String name, CacheCounters counters) {
		for (Attached each : this.attached) {
			if (!each.caches().containsKey(name)) {
				each.caches().put(name, monitorOf(each.monitor(), name, counters));
			}
		}
		List<CacheMonitor> all = this.attached.stream()
			.map((each) -> each.caches().getOrDefault(name, CacheMonitor.NONE))
			.filter((monitor) -> monitor != CacheMonitor.NONE)
			.toList();
		counters.tell(all.isEmpty() ? CacheMonitor.NONE : (all.size() == 1) ? all.get(0) : new AllOfCache(all));
	}

	private static CacheMonitor monitorOf(Monitor monitor, String name, CacheCounters counters) {
		try {
			CacheMonitor ofCache = monitor.ofCache(name, counters::snapshot);
			Supplier<NearSize> near = counters.near();
			if (near != null) {
				monitor.ofNear(name, near);
			}
			return ofCache;
		}
		catch (Throwable ex) {
			logger.warn("Cache '" + LogKeys.name(name) + "' is not measured: its meters could not be registered", ex);
			return CacheMonitor.NONE;
		}
	}

	private Monitor combined() {
		List<Monitor> all = this.attached.stream().map(Attached::monitor).toList();
		return all.isEmpty() ? Monitor.NONE : (all.size() == 1) ? all.get(0) : new All(all);
	}

	/**
	 * A monitor, and what it is told of caches by.
	 */
	private record Attached(Monitor monitor, Map<String, CacheMonitor> caches) {

	}

	private record All(List<Monitor> all) implements Monitor {

		@Override
		public void answered(RedisOperation operation, RedisOutcome outcome, long nanos) {
			this.all.forEach((each) -> each.answered(operation, outcome, nanos));
		}

	}

	private record AllOfCache(List<CacheMonitor> all) implements CacheMonitor {

		@Override
		public void read(ReadOutcome outcome, long nanos) {
			this.all.forEach((each) -> each.read(outcome, nanos));
		}

		@Override
		public void waited(WaitOutcome outcome, long nanos) {
			this.all.forEach((each) -> each.waited(outcome, nanos));
		}

		@Override
		public void loaded(LoadKind kind, LoadOutcome outcome, long nanos) {
			this.all.forEach((each) -> each.loaded(kind, outcome, nanos));
		}

		@Override
		public void stored(long plain, long stored) {
			this.all.forEach((each) -> each.stored(plain, stored));
		}

	}

}
