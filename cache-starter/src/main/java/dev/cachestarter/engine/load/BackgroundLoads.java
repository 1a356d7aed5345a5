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

package dev.cachestarter.engine.load;

import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.core.task.TaskDecorator;

import dev.cachestarter.cache.CallContext;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.redis.RedisLink;

/**
 * Runs loads that nobody waits for: of entries that are near their end, and of those
 * whose load takes longer than {@code load-timeout}.
 * <p>
 * They run on a bounded executor, the application's or one of our own, and one at a time
 * for a key in this JVM. When it is full, or the application's executor would run them on
 * the caller's own thread (and in its transaction), they are not run; the next read of
 * the entry asks again. They see of the caller's thread what the application's
 * {@link TaskDecorator} carries over: that is called on the thread of the read. Of a
 * transaction, or of a web request, they see nothing.
 */
public final class BackgroundLoads {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	private static final int QUEUE = 1000;

	private static final long END_MILLIS = 500;

	private final Executor executor;

	private final @Nullable ThreadPoolExecutor own;

	private final @Nullable TaskDecorator decorator;

	/** The keys that are loaded, and since when, in {@link System#nanoTime()}. */
	private final ConcurrentMap<StoredKey, Long> running = new ConcurrentHashMap<>();

	private final ThreadLocal<Boolean> here = new ThreadLocal<>();

	private final LongAdder rejected = new LongAdder();

	private volatile boolean closed;

	public BackgroundLoads(@Nullable Executor executor, @Nullable TaskDecorator decorator) {
		this.decorator = decorator;
		if (executor != null) {
			this.own = null;
			this.executor = executor;
		}
		else {
			AtomicInteger number = new AtomicInteger();
			int threads = Math.max(4, Runtime.getRuntime().availableProcessors());
			this.own = new ThreadPoolExecutor(threads, threads, 30, TimeUnit.SECONDS, new ArrayBlockingQueue<>(QUEUE),
					(task) -> RedisLink.daemon(task, "cache-starter-refresh-" + number.incrementAndGet()));
			this.own.allowCoreThreadTimeOut(true);
			this.executor = this.own;
		}
	}

	/**
	 * Take what the application wants carried over from the calling thread.
	 */
	public Captured capture() {
		// The decorator is the application's: what it does with caches is no part of a
		// call.
		return CallContext.call(null, () -> new Captured(this.decorator));
	}

	/**
	 * Return whether the calling thread runs such a load. One that waited for another
	 * would take two threads of the few that there are.
	 */
	public boolean isHere() {
		return Boolean.TRUE.equals(this.here.get());
	}

	/**
	 * Run a task in the background, unless there is one for the key already.
	 * @param limit after what time one that has not ended is taken for lost
	 * @return whether it is run
	 */
	public boolean runOnce(StoredKey key, Duration limit, Captured captured, Runnable task) {
		long now = System.nanoTime();
		AtomicBoolean first = new AtomicBoolean();
		this.running.compute(key, (same, since) -> {
			first.set(since == null || now - since > limit.toNanos());
			return first.get() ? Long.valueOf(now) : since;
		});
		if (!first.get()) {
			return false;
		}
		Runnable ended = () -> this.running.remove(key, now);
		boolean accepted = run(captured, () -> {
			try {
				task.run();
			}
			finally {
				ended.run();
			}
		}, ended);
		if (!accepted) {
			ended.run();
		}
		return accepted;
	}

	/**
	 * Run a task in the background.
	 * @param lost run instead if the task, though taken, is not
	 * @return whether it is run
	 */
	public boolean run(Captured captured, Runnable task, Runnable lost) {
		if (this.closed || !captured.isUsable()) {
			return false;
		}
		captured.lost = lost;
		captured.task = () -> {
			this.here.set(true);
			try {
				task.run();
			}
			finally {
				this.here.remove();
			}
		};
		captured.submitter = Thread.currentThread();
		try {
			CallContext.run(null, () -> this.executor.execute(captured));
		}
		catch (RejectedExecutionException ex) {
			captured.refused = true;
		}
		catch (RuntimeException ex) {
			logger.warn("The executor of the cache's background loads failed", ex);
			captured.refused = true;
		}
		finally {
			captured.submitter = null;
		}
		if (captured.refused) {
			this.rejected.increment();
		}
		return !captured.refused;
	}

	/**
	 * Return how many loads found no room.
	 */
	public long rejected() {
		return this.rejected.sum();
	}

	/**
	 * End: those under way are interrupted if they run on threads of our own, and waited
	 * for a moment.
	 */
	public void close() {
		this.closed = true;
		if (this.own != null) {
			this.own.shutdownNow();
			try {
				this.own.awaitTermination(END_MILLIS, TimeUnit.MILLISECONDS);
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
		}
	}

	/**
	 * What was taken of a thread, for one task.
	 */
	public static final class Captured implements Runnable {

		private final @Nullable ClassLoader classLoader = Thread.currentThread().getContextClassLoader();

		private final @Nullable Runnable decorated;

		private @Nullable Runnable task;

		private @Nullable Runnable lost;

		private boolean ran;

		/** While it is handed over; who then finds itself here is asked to run it. */
		private volatile @Nullable Thread submitter;

		private volatile boolean refused;

		private Captured(@Nullable TaskDecorator decorator) {
			Runnable decorated = this::runTask;
			if (decorator != null) {
				try {
					decorated = decorator.decorate(decorated);
				}
				catch (RuntimeException ex) {
					logger.warn("A TaskDecorator failed; nothing is loaded in the background for this call", ex);
					decorated = null;
				}
			}
			this.decorated = decorated;
		}

		private boolean isUsable() {
			return this.decorated != null && this.task == null;
		}

		@Override
		public void run() {
			Thread thread = Thread.currentThread();
			if (thread == this.submitter) {
				this.refused = true;
				return;
			}
			ClassLoader before = thread.getContextClassLoader();
			thread.setContextClassLoader(this.classLoader);
			try {
				java.util.Objects.requireNonNull(this.decorated).run();
			}
			catch (RuntimeException ex) {
				logger.warn("A load in the background failed to run", ex);
			}
			finally {
				thread.setContextClassLoader(before);
				Runnable instead = this.lost;
				if (!this.ran && instead != null) {
					instead.run();
				}
			}
		}

		private void runTask() {
			Runnable task = this.task;
			if (task != null && !this.ran) {
				this.ran = true;
				task.run();
			}
		}

	}

}
