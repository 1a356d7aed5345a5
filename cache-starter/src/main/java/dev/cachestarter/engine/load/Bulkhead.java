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
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.DaemonThreads;

/**
 * The threads of our own for loads in the background, with a share for each cache.
 * <p>
 * A load begins at once while its cache has a thread of its share left. Otherwise it
 * waits in the line of its cache, behind loads of that cache only. So loads that hang
 * hold up their own cache, and no other. The total is bounded, too: with so many caches
 * hanging that no thread is left, a load is refused.
 */
final class Bulkhead {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	private static final long END_MILLIS = 500;

	private final int share;

	private final int room;

	private final ThreadPoolExecutor threads;

	private final Lock lock = new ReentrantLock();

	/** The caches with a load under way. Guarded by the lock. */
	private final Map<String, Lane> lanes = new HashMap<>();

	/**
	 * Create a bulkhead.
	 * @param share how many loads of one cache run at a time
	 * @param total how many run at a time
	 * @param room how many loads of one cache may wait
	 */
	Bulkhead(int share, int total, int room) {
		this.share = share;
		this.room = room;
		AtomicInteger number = new AtomicInteger();
		this.threads = new ThreadPoolExecutor(0, total, 30, TimeUnit.SECONDS, new SynchronousQueue<>(),
				(task) -> DaemonThreads.daemon(task, "cache-starter-refresh-" + number.incrementAndGet()));
	}

	/**
	 * Run a task on one of the threads, now or when its cache has one.
	 * @param task the task, which must not throw
	 * @return whether it is taken; {@code false} if there is no room or no thread
	 */
	boolean submit(String cache, Runnable task) {
		this.lock.lock();
		try {
			Lane lane = this.lanes.computeIfAbsent(cache, (name) -> new Lane());
			if (lane.running.size() >= this.share) {
				return lane.waiting.size() < this.room && lane.waiting.add(task);
			}
			lane.running.put(task, System.nanoTime());
		}
		finally {
			this.lock.unlock();
		}
		try {
			this.threads.execute(() -> work(cache, task));
			return true;
		}
		// Also where the system has no thread left.
		catch (Throwable ex) {
			notBegun(cache, task);
			return false;
		}
	}

	/**
	 * Whoever has queued up behind a thread that could not be had must not stay there.
	 */
	private void notBegun(String cache, Runnable task) {
		Runnable next = next(cache, task);
		while (next != null) {
			Runnable behind = next;
			try {
				this.threads.execute(() -> work(cache, behind));
				return;
			}
			catch (Throwable ex) {
				// It is not run: its time to begin runs out.
				next = next(cache, behind);
			}
		}
	}

	private void work(String cache, Runnable first) {
		Runnable task = first;
		while (task != null) {
			try {
				task.run();
			}
			catch (Throwable ex) {
				logger.warn("A load in the background failed to run", ex);
			}
			// What interrupted it is not meant for the next.
			Thread.interrupted();
			task = next(cache, task);
		}
	}

	/** End a task, and return the one that takes its place. */
	private @Nullable Runnable next(String cache, Runnable ended) {
		this.lock.lock();
		try {
			Lane lane = this.lanes.get(cache);
			if (lane == null) {
				return null;
			}
			lane.running.remove(ended);
			Runnable next = lane.waiting.poll();
			if (next != null) {
				lane.running.put(next, System.nanoTime());
			}
			else if (lane.running.isEmpty()) {
				this.lanes.remove(cache);
			}
			return next;
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Take a task back that waits.
	 */
	void withdraw(String cache, Runnable task) {
		this.lock.lock();
		try {
			Lane lane = this.lanes.get(cache);
			if (lane != null) {
				lane.waiting.remove(task);
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Return whether all threads of a cache's share have been loading for longer than a
	 * given time.
	 */
	boolean isHanging(String cache, Duration than) {
		long now = System.nanoTime();
		long nanos = TimeUnit.NANOSECONDS.convert(than);
		this.lock.lock();
		try {
			Lane lane = this.lanes.get(cache);
			return lane != null && lane.running.size() >= this.share
					&& lane.running.values().stream().allMatch((since) -> now - since > nanos);
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Interrupt what runs, and wait for it a moment. What waits is not run.
	 */
	void close() {
		this.lock.lock();
		try {
			this.lanes.values().forEach((lane) -> lane.waiting.clear());
		}
		finally {
			this.lock.unlock();
		}
		this.threads.shutdownNow();
		try {
			this.threads.awaitTermination(END_MILLIS, TimeUnit.MILLISECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	/**
	 * The loads of one cache.
	 */
	private static final class Lane {

		/** Those that have a thread, and since when. */
		private final Map<Runnable, Long> running = new IdentityHashMap<>();

		private final Deque<Runnable> waiting = new ArrayDeque<>();

	}

}
