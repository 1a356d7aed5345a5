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

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;

import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;

import org.springframework.cache.annotation.Cacheable;
import org.springframework.core.annotation.AnnotatedElementUtils;

import dev.cachestarter.CacheSnapshot;

/**
 * Watches the cached methods from both sides of the cache, and the queries at the
 * database.
 * <p>
 * Where an answer came from is never guessed from how long it took. A call whose method
 * ran got its answer from the database; if the method failed and there is an answer all
 * the same, that is a stale entry. A call whose method did not run was answered by Redis
 * or by the load of another caller, which the cache counts: of these counters only those
 * that moved during the call can have counted it. Where several moved, since other calls
 * were under way, the answer is said to come from the cache and no more.
 */
final class Recorder {

	/** Calls whose method ran, by cache, in the background too. */
	private final Map<String, LongAdder> loads = new ConcurrentHashMap<>();

	/** Calls that are under way and that have been, by cache. */
	private final Map<String, Traffic> traffic = new ConcurrentHashMap<>();

	private final LongAdder queries = new LongAdder();

	private final LongAdder comparisonQueries = new LongAdder();

	private final Map<Method, String> caches = new ConcurrentHashMap<>();

	private final Durations cachedReads = new Durations();

	private final Durations directReads = new Durations();

	private final ThreadLocal<@Nullable Frame> frame = new ThreadLocal<>();

	private final ThreadLocal<@Nullable Trace> trace = new ThreadLocal<>();

	private final ThreadLocal<long @Nullable []> ownLoads = new ThreadLocal<>();

	private final ThreadLocal<Boolean> comparing = ThreadLocal.withInitial(() -> false);

	/**
	 * Return the interceptor of what stands before the cache.
	 */
	MethodInterceptor beforeCache() {
		return (invocation) -> {
			String cache = cacheOf(invocation);
			Traffic calls = this.traffic.computeIfAbsent(cache, (name) -> new Traffic());
			Trace current = this.trace.get();
			CacheSnapshot.@Nullable Counters before = (current != null) ? current.counters(cache) : null;
			Frame outer = this.frame.get();
			Frame own = new Frame();
			this.frame.set(own);
			long entered = calls.enter();
			long begin = System.nanoTime();
			try {
				Object value = invocation.proceed();
				long took = System.nanoTime() - begin;
				this.cachedReads.add(took);
				if (current != null) {
					CacheSnapshot.@Nullable Counters after = current.counters(cache);
					boolean alone = calls.wasAlone(entered);
					Source source = (before != null && after != null) ? own.source(before, after, alone) : own.source();
					current.add(new Step(cache, source, took / 1e6));
				}
				return value;
			}
			finally {
				calls.leave();
				this.frame.set(outer);
			}
		};
	}

	/**
	 * Return the interceptor of what stands behind the cache.
	 */
	MethodInterceptor behindCache() {
		return (invocation) -> {
			this.loads.computeIfAbsent(cacheOf(invocation), (name) -> new LongAdder()).increment();
			Frame current = this.frame.get();
			if (current != null) {
				current.ran = true;
			}
			long[] own = this.ownLoads.get();
			if (own != null) {
				own[0]++;
			}
			Object value = invocation.proceed();
			if (current != null) {
				current.returned = true;
			}
			return value;
		};
	}

	private String cacheOf(MethodInvocation invocation) {
		return this.caches.computeIfAbsent(invocation.getMethod(), Recorder::cacheOf);
	}

	private static String cacheOf(Method method) {
		Cacheable cacheable = AnnotatedElementUtils.findMergedAnnotation(method, Cacheable.class);
		return (cacheable != null && cacheable.cacheNames().length > 0) ? cacheable.cacheNames()[0] : method.getName();
	}

	/**
	 * Count a query of this thread.
	 */
	void query() {
		(this.comparing.get() ? this.comparisonQueries : this.queries).increment();
	}

	/**
	 * Make a read past the cache, for comparison.
	 */
	void compare(Workload.Action direct) {
		this.comparing.set(true);
		try {
			long begin = System.nanoTime();
			direct.run();
			this.directReads.add(System.nanoTime() - begin);
		}
		finally {
			this.comparing.remove();
		}
	}

	/**
	 * Make a read and count how often this thread had to load for it.
	 */
	@Nullable Object countingLoads(long[] loads, Workload.Action read) {
		this.ownLoads.set(loads);
		try {
			return read.run();
		}
		finally {
			this.ownLoads.remove();
		}
	}

	/**
	 * Note, until {@link #endTrace()}, where the answers of this thread come from.
	 * @param counters tell the counters of a cache
	 */
	void beginTrace(Function<String, CacheSnapshot.Counters> counters) {
		this.trace.set(new Trace(counters));
	}

	/**
	 * Note, until {@link #endTrace()}, which answers of this thread come from the cache.
	 */
	void beginTrace() {
		this.trace.set(new Trace(null));
	}

	List<Step> steps() {
		Trace current = this.trace.get();
		return (current != null) ? current.steps : List.of();
	}

	void endTrace() {
		this.trace.remove();
	}

	long loads() {
		return this.loads.values().stream().mapToLong(LongAdder::sum).sum();
	}

	long loads(String cache) {
		LongAdder count = this.loads.get(cache);
		return (count != null) ? count.sum() : 0;
	}

	long queries() {
		return this.queries.sum();
	}

	long comparisonQueries() {
		return this.comparisonQueries.sum();
	}

	Durations cachedReads() {
		return this.cachedReads;
	}

	Durations directReads() {
		return this.directReads;
	}

	/**
	 * Where an answer came from.
	 */
	enum Source {

		/** From a fresh entry. */
		REDIS("redis"),

		/** From a copy in memory: Redis confirmed it, or tells what changes. */
		NEAR("near"),

		/** The method ran. */
		DATABASE(Source.DATABASE_LABEL),

		/** From the load of another caller. */
		SHARED("another caller's load"),

		/** From an entry past its time, as its load failed or is slow. */
		STALE("stale entry"),

		/** From one of the above but the database; which one the counters do not tell. */
		CACHE("cache");

		static final String DATABASE_LABEL = "database";

		private final String label;

		Source(String label) {
			this.label = label;
		}

		String label() {
			return this.label;
		}

	}

	/**
	 * One cached read of a request.
	 *
	 * @param cache the cache
	 * @param source where the answer came from
	 * @param millis how long it took
	 */
	record Step(String cache, Source source, double millis) {

	}

	/**
	 * What is known of the call that this thread makes.
	 */
	private static final class Frame {

		private boolean ran;

		private boolean returned;

		Source source() {
			return this.ran ? (this.returned ? Source.DATABASE : Source.STALE) : Source.CACHE;
		}

		Source source(CacheSnapshot.Counters before, CacheSnapshot.Counters after, boolean alone) {
			if (this.ran) {
				return source();
			}
			boolean shared = after.loadsShared() > before.loadsShared();
			boolean stale = after.staleServed() > before.staleServed();
			if (!shared && !stale) {
				return hitFrom(after.hits() - before.hits(), after.nearHits() - before.nearHits());
			}
			boolean hit = after.hits() > before.hits();
			if (shared && !stale && !hit) {
				return Source.SHARED;
			}
			// A stale entry that is read while nobody may load it counts as a hit too.
			if (stale && !shared && (!hit || alone)) {
				return Source.STALE;
			}
			return Source.CACHE;
		}

		private static Source hitFrom(long hits, long near) {
			return (near == 0) ? Source.REDIS : (near == hits) ? Source.NEAR : Source.CACHE;
		}

	}

	private static final class Trace {

		private final @Nullable Function<String, CacheSnapshot.Counters> counters;

		private final List<Step> steps = new ArrayList<>();

		Trace(@Nullable Function<String, CacheSnapshot.Counters> counters) {
			this.counters = counters;
		}

		CacheSnapshot.@Nullable Counters counters(String cache) {
			return (this.counters != null) ? this.counters.apply(cache) : null;
		}

		void add(Step step) {
			this.steps.add(step);
		}

	}

	/**
	 * The calls of one cache.
	 */
	private static final class Traffic {

		private long entered;

		private int underWay;

		/** The last call that was not alone when it came. */
		private long crowded;

		synchronized long enter() {
			this.entered++;
			if (this.underWay++ > 0) {
				this.crowded = this.entered;
			}
			return this.entered;
		}

		synchronized void leave() {
			this.underWay--;
		}

		synchronized boolean wasAlone(long call) {
			return this.entered == call && this.crowded != call;
		}

	}

	/**
	 * How long something took, lately.
	 */
	static final class Durations {

		private static final int MOST = 4096;

		private long[] nanos = new long[64];

		private int size;

		private long count;

		synchronized void add(long took) {
			this.count++;
			if (this.size == MOST) {
				return;
			}
			if (this.size == this.nanos.length) {
				this.nanos = Arrays.copyOf(this.nanos, this.size * 2);
			}
			this.nanos[this.size++] = took;
		}

		/**
		 * Return what was added since this was last asked.
		 */
		synchronized long[] drain() {
			long[] drained = Arrays.copyOf(this.nanos, this.size);
			this.size = 0;
			return drained;
		}

		synchronized long count() {
			return this.count;
		}

	}

}
