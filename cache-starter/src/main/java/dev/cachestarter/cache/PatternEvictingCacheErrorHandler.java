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
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.DisposableBean;
import org.springframework.cache.Cache;
import org.springframework.cache.interceptor.CacheErrorHandler;
import org.springframework.cache.interceptor.SimpleKey;
import org.springframework.dao.DataAccessException;

import dev.cachestarter.engine.connection.DaemonThreads;
import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.engine.key.LogKeys;

/**
 * A {@link CacheErrorHandler} that keeps failures of a cache from the caller, and
 * evictions from being lost: one that failed, by key, by {@link KeyPattern} or of the
 * whole cache, is tried again every second until it succeeds; an entry that is there and
 * cannot be read is evicted. A cache that takes its time to fail is tried once in a round
 * and does not hold up the others.
 * <p>
 * The caches of {@link ResilientRedisCacheManager} do not need it: they never throw
 * because of Redis, and bypass what they could not evict. It is the net under caches of
 * other kinds in the same application, and under decorators. It is installed where the
 * application has no handler of its own. What it keeps is lost when the application ends.
 *
 * @since 0.1.0
 */
public final class PatternEvictingCacheErrorHandler implements CacheErrorHandler, DisposableBean {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	/** Beyond that, single keys are given up for the whole cache. */
	private static final int MAX_PENDING = 10_000;

	/** So they are if their texts take more. */
	private static final long MAX_CHARACTERS = 10_000_000;

	/** A failure that takes longer is one of the cache, and not of the key. */
	private static final long SLOW_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

	private final Duration pause;

	/** What failed, with the newest time of asking. */
	private final ConcurrentMap<Pending, Long> pending = new ConcurrentHashMap<>();

	/** Of all keys that are kept. */
	private final AtomicLong characters = new AtomicLong();

	private final AtomicLong sequences = new AtomicLong();

	private final AtomicBoolean scheduled = new AtomicBoolean();

	private final ScheduledExecutorService retries = Executors
		.newSingleThreadScheduledExecutor((task) -> DaemonThreads.daemon(task, "cache-starter-evictions"));

	private final ConcurrentMap<String, Boolean> reported = new ConcurrentHashMap<>();

	/**
	 * Create a handler that tries evictions again every second.
	 */
	public PatternEvictingCacheErrorHandler() {
		this(Duration.ofSeconds(1));
	}

	PatternEvictingCacheErrorHandler(Duration pause) {
		this.pause = pause;
	}

	@Override
	public void handleCacheGetError(RuntimeException exception, Cache cache, Object key) {
		report("read", exception, cache);
		if (!(exception instanceof DataAccessException)) {
			// Not the way to it, but the entry: the next call should not stumble over it.
			keep(cache, key);
		}
	}

	@Override
	public void handleCachePutError(RuntimeException exception, Cache cache, Object key, @Nullable Object value) {
		report("put", exception, cache);
		// What is there is older than what could not be put.
		keep(cache, key);
	}

	@Override
	public void handleCacheEvictError(RuntimeException exception, Cache cache, Object key) {
		if (exception instanceof UnsupportedOperationException) {
			// A pattern on a cache that knows none: trying again will not teach it.
			throw exception;
		}
		report("evict", exception, cache);
		keep(cache, key);
	}

	@Override
	public void handleCacheClearError(RuntimeException exception, Cache cache) {
		report("clear", exception, cache);
		keep(cache, null);
	}

	private void report(String operation, RuntimeException exception, Cache cache) {
		if (this.reported.putIfAbsent(LogKeys.nameOf(cache), true) == null) {
			logger.warn("Cache '" + LogKeys.nameOf(cache) + "' failed to " + operation
					+ "; the application goes on without it, and evictions are tried again", exception);
		}
	}

	private void keep(Cache cache, @Nullable Object key) {
		boolean fits = this.pending.size() < MAX_PENDING && this.characters.get() < MAX_CHARACTERS;
		Pending target = new Pending(cache, fits ? key : null);
		if (this.pending.put(target, this.sequences.incrementAndGet()) == null) {
			this.characters.addAndGet(target.characters());
		}
		retryLater();
	}

	/** What failed again meanwhile is another eviction, and stays. */
	private void forget(Pending target, Long sequence) {
		if (this.pending.remove(target, sequence)) {
			this.characters.addAndGet(-target.characters());
		}
	}

	private void retryLater() {
		if (this.scheduled.compareAndSet(false, true)) {
			try {
				this.retries.schedule(this::retry, this.pause.toMillis(), TimeUnit.MILLISECONDS);
			}
			catch (RejectedExecutionException ex) {
				// The application ends.
			}
		}
	}

	private void retry() {
		this.scheduled.set(false);
		Set<Cache> slow = new HashSet<>();
		this.pending.forEach((target, sequence) -> {
			if (slow.contains(target.cache())) {
				return;
			}
			long start = System.nanoTime();
			try {
				target.evict();
				forget(target, sequence);
			}
			catch (UnsupportedOperationException ex) {
				forget(target, sequence);
			}
			catch (Throwable ex) {
				// Errors included: the others are to have their turn.
				if (System.nanoTime() - start > SLOW_NANOS) {
					slow.add(target.cache());
				}
			}
		});
		if (!this.pending.isEmpty()) {
			retryLater();
		}
		else {
			this.reported.clear();
		}
	}

	/**
	 * Return how many evictions wait to be tried again.
	 * @return a number, zero if there are none
	 */
	public int getPendingCount() {
		return this.pending.size();
	}

	@Override
	public void destroy() {
		this.retries.shutdownNow();
	}

	private record Pending(Cache cache, @Nullable Object key) {

		/** As far as a key is text that a caller may have chosen. */
		long characters() {
			if (this.key instanceof CharSequence text) {
				return text.length();
			}
			return (this.key instanceof SimpleKey || this.key instanceof KeyPattern) ? this.key.toString().length() : 0;
		}

		void evict() {
			if (this.key == null) {
				this.cache.clear();
			}
			else if (this.key instanceof KeyPattern pattern) {
				ForeignEviction.evict(this.cache, pattern);
			}
			else {
				this.cache.evict(this.key);
			}
		}

	}

}
