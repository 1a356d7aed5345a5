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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.core.task.TaskDecorator;

import dev.cachestarter.engine.key.StoredKey;

/**
 * Runs loads that nobody waits for: of entries that are near their end, and of those
 * whose load takes longer than {@code load-timeout}.
 * <p>
 * They run on the application's executor, or on threads of our own of which each cache
 * has a share ({@link Bulkhead}), and one at a time for a key in this JVM. When there is
 * no room, or the application's executor would run them on the caller's own thread (and
 * in its transaction), they are not run; the next read of the entry asks again. They see
 * of the caller's thread what the application's {@link TaskDecorator} carries over: that
 * is called on the thread of the read. Of a transaction, or of a web request, they see
 * nothing.
 * <p>
 * Of each task that is taken exactly one thing is told: it begins, or it is lost. An
 * executor may drop what it was given without a word, and so may one that is shut down.
 * So a task that has not begun after its time is withdrawn, and does nothing should it
 * come later.
 */
public final class BackgroundLoads {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	/** How many loads of one cache may wait for a thread of its share. */
	private static final int ROOM = 1000;

	/** Bounds our own threads if very many caches hang. */
	private static final int MOST_THREADS = 64;

	/** Whoever waits as long as its task may wait to begin gives up first. */
	private static final long MARGIN = TimeUnit.MILLISECONDS.toNanos(250);

	private final @Nullable Executor executor;

	private final @Nullable Bulkhead own;

	private final @Nullable TaskDecorator decorator;

	private final Outside outside;

	private final ScheduledExecutorService timer;

	/** The keys that are loaded, and since when, in {@link System#nanoTime()}. */
	private final ConcurrentMap<StoredKey, Long> running = new ConcurrentHashMap<>();

	/** What was handed over and has not begun. */
	private final Set<Captured> waiting = ConcurrentHashMap.newKeySet();

	private final ThreadLocal<Boolean> here = new ThreadLocal<>();

	private final LongAdder rejected = new LongAdder();

	/** Whether the application's executor has thrown what is no rejection. */
	private final AtomicBoolean failing = new AtomicBoolean();

	private volatile boolean closed;

	/**
	 * Create background loads.
	 * @param executor the application's executor, {@code null} for threads of our own
	 * @param decorator carries the context of a read over, {@code null} for none
	 * @param outside runs what is the application's code
	 * @param timer withdraws what does not begin
	 */
	public BackgroundLoads(@Nullable Executor executor, @Nullable TaskDecorator decorator, Outside outside,
			ScheduledExecutorService timer) {
		this(executor, decorator, outside, timer,
				new Bulkhead(Math.max(4, Runtime.getRuntime().availableProcessors()), MOST_THREADS, ROOM));
	}

	BackgroundLoads(@Nullable Executor executor, @Nullable TaskDecorator decorator, Outside outside,
			ScheduledExecutorService timer, Bulkhead own) {
		this.executor = executor;
		this.own = (executor != null) ? null : own;
		this.decorator = decorator;
		this.outside = outside;
		this.timer = timer;
	}

	/**
	 * Take what the application wants carried over from the calling thread.
	 */
	public Captured capture() {
		Captured captured = new Captured(this);
		TaskDecorator decorator = this.decorator;
		if (decorator != null) {
			captured.decorated = null;
			try {
				this.outside.run(() -> captured.decorated = decorator.decorate(captured::begin));
			}
			catch (Throwable ex) {
				captured.decorated = null;
				logger.warn("A TaskDecorator failed; nothing is loaded in the background for this call", ex);
			}
		}
		return captured;
	}

	/**
	 * Return whether the calling thread runs such a load. One that waited for another
	 * would take two threads of the few that there are.
	 */
	public boolean isHere() {
		return Boolean.TRUE.equals(this.here.get());
	}

	/**
	 * Return whether a cache has used up its threads for loads that have all been running
	 * for longer than a given time. A load that is handed over now would most likely wait
	 * for nothing, and one that its caller makes itself would most likely hang as well.
	 * Never so with an executor of the application's, which we do not know.
	 */
	public boolean isHanging(String cache, Duration than) {
		return this.own != null && this.own.isHanging(cache, than);
	}

	/**
	 * Return whether there is more to do than threads do at this moment, for a cache or
	 * at all: no time for what nobody needs. Of an executor of the application's only
	 * what waits for it is known.
	 */
	public boolean isBusy(String cache) {
		return !this.waiting.isEmpty() || isHanging(cache, Duration.ZERO);
	}

	/**
	 * Run a task in the background, unless there is one for the key already.
	 * @param limit after what time one that has not begun is withdrawn, and one that has
	 * not ended is taken for lost
	 * @return whether it is taken
	 */
	public boolean runOnce(StoredKey key, Duration limit, Captured captured, Runnable task) {
		long now = System.nanoTime();
		long nanos = TimeUnit.NANOSECONDS.convert(limit);
		AtomicBoolean first = new AtomicBoolean();
		this.running.compute(key, (same, since) -> {
			first.set(since == null || now - since > nanos);
			return first.get() ? Long.valueOf(now) : since;
		});
		if (!first.get()) {
			return false;
		}
		Runnable ended = () -> this.running.remove(key, now);
		boolean accepted = false;
		try {
			accepted = run(key, limit, captured, () -> {
				try {
					task.run();
				}
				finally {
					ended.run();
				}
			}, ended);
		}
		finally {
			if (!accepted) {
				ended.run();
			}
		}
		return accepted;
	}

	/**
	 * Run a task in the background.
	 * @param key what it loads
	 * @param begin after what time, and a little more, it is withdrawn if it has not
	 * begun
	 * @param lost run instead if the task, though taken, is not; on whatever thread, so
	 * it must be short and must not wait
	 * @return whether it is taken; if not, neither of the two is run
	 */
	public boolean run(StoredKey key, Duration begin, Captured captured, Runnable task, Runnable lost) {
		if (this.closed || !captured.isUsable()) {
			return false;
		}
		captured.handOver(key.cacheName(), () -> {
			this.here.set(true);
			try {
				task.run();
			}
			finally {
				this.here.remove();
			}
		}, lost);
		this.waiting.add(captured);
		Throwable failure = null;
		try {
			captured.expiry = withdrawLater(captured, begin);
			captured.submitter = Thread.currentThread();
			if (!execute(captured)) {
				captured.refused = true;
			}
		}
		catch (RejectedExecutionException ex) {
			captured.refused = true;
		}
		// The application's, or the system's that has no thread left: no reason to fail.
		catch (Throwable ex) {
			failure = ex;
			captured.refused = true;
		}
		finally {
			captured.submitter = null;
		}
		if ((captured.refused || this.closed) && captured.withdraw()) {
			this.rejected.increment();
			if (failure != null) {
				failed(failure);
			}
			return false;
		}
		if (failure == null) {
			this.failing.set(false);
		}
		return true;
	}

	private void failed(Throwable failure) {
		if (this.failing.compareAndSet(false, true)) {
			logger.warn("The executor of the cache's background loads failed", failure);
		}
	}

	private boolean execute(Captured captured) {
		Executor executor = this.executor;
		if (this.own != null) {
			return this.own.submit(captured.cache, captured);
		}
		if (executor != null) {
			this.outside.run(() -> executor.execute(captured));
		}
		return executor != null;
	}

	private @Nullable Future<?> withdrawLater(Captured captured, Duration begin) {
		long nanos = TimeUnit.NANOSECONDS.convert(begin);
		try {
			return this.timer.schedule(captured::lose, Math.max(nanos, nanos + MARGIN), TimeUnit.NANOSECONDS);
		}
		catch (RejectedExecutionException ex) {
			// Closed: what has not begun is withdrawn by that.
			return null;
		}
	}

	/**
	 * Return how many loads found no room.
	 */
	public long rejected() {
		return this.rejected.sum();
	}

	/**
	 * End: those under way are interrupted if they run on threads of our own, and waited
	 * for a moment. Those that have not begun are lost.
	 */
	public void close() {
		this.closed = true;
		if (this.own != null) {
			this.own.close();
		}
		this.waiting.forEach(Captured::lose);
	}

	/**
	 * Runs code of the application's, so that what it does with caches is no part of the
	 * call that the calling thread is in.
	 */
	@FunctionalInterface
	public interface Outside {

		/**
		 * Run it, on this thread; what it throws is thrown.
		 */
		void run(Runnable code);

	}

	/**
	 * What was taken of a thread, for one task.
	 */
	public static final class Captured implements Runnable {

		private static final Runnable NOTHING = () -> {
		};

		private final BackgroundLoads loads;

		private final @Nullable ClassLoader classLoader = Thread.currentThread().getContextClassLoader();

		private final AtomicReference<State> state = new AtomicReference<>(State.NEW);

		/**
		 * Begins it as the application wants it; {@code null} if its decorator failed.
		 */
		private @Nullable Runnable decorated = this::begin;

		private String cache = "";

		private Runnable task = NOTHING;

		private Runnable lost = NOTHING;

		private volatile @Nullable Future<?> expiry;

		/** While it is handed over; who then finds itself here is asked to run it. */
		private volatile @Nullable Thread submitter;

		private volatile boolean refused;

		private Captured(BackgroundLoads loads) {
			this.loads = loads;
		}

		private boolean isUsable() {
			return this.decorated != null && this.state.get() == State.NEW;
		}

		private void handOver(String cache, Runnable task, Runnable lost) {
			this.cache = cache;
			this.task = task;
			this.lost = lost;
			this.state.set(State.WAITS);
		}

		@Override
		public void run() {
			Runnable decorated = this.decorated;
			if (Thread.currentThread() == this.submitter) {
				this.refused = true;
				return;
			}
			if (decorated == null || this.state.get() != State.WAITS) {
				return;
			}
			Thread thread = Thread.currentThread();
			ClassLoader before = thread.getContextClassLoader();
			try {
				thread.setContextClassLoader(this.classLoader);
				decorated.run();
			}
			catch (Throwable ex) {
				logger.warn("A load in the background failed to run", ex);
			}
			finally {
				lose();
				thread.setContextClassLoader(before);
			}
		}

		private void begin() {
			if (end(State.BEGUN)) {
				this.task.run();
			}
		}

		/** Tell that it is lost, unless it has begun. */
		private void lose() {
			if (withdraw()) {
				this.lost.run();
			}
		}

		private boolean withdraw() {
			if (!end(State.WITHDRAWN)) {
				return false;
			}
			if (this.loads.own != null) {
				this.loads.own.withdraw(this.cache, this);
			}
			return true;
		}

		private boolean end(State how) {
			if (!this.state.compareAndSet(State.WAITS, how)) {
				return false;
			}
			this.loads.waiting.remove(this);
			Future<?> expiry = this.expiry;
			if (expiry != null) {
				expiry.cancel(false);
			}
			return true;
		}

		/** How far it is. */
		private enum State {

			NEW, WAITS, BEGUN, WITHDRAWN

		}

	}

}
