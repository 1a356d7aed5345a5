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

package dev.cachestarter.autoconfigure.warmup;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

import org.springframework.core.ReactiveAdapter;
import org.springframework.core.ReactiveAdapterRegistry;

import dev.cachestarter.CacheWarmer;
import dev.cachestarter.engine.redis.Durations;

/**
 * Runs the warmers of an application, once and in the background.
 * <p>
 * Warmers run one after another, each with several steps at a time. The steps of a warmer
 * are shuffled, so that instances which start together seldom come to the same key at
 * once; that each key is loaded once is the leases' doing, not ours.
 * <p>
 * Without Redis a step would load and keep nothing, so none begins unless the link is up.
 * If it stays away, what is left is left out: the application fills its caches as it
 * goes.
 * <p>
 * Nothing is interrupted at the end. A step that waits notices soon enough that the cache
 * has closed, and a driver that is interrupted may drop more than one query.
 */
public final class CacheWarmUp {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

	private final Supplier<Map<String, CacheWarmer>> warmers;

	private final BooleanSupplier redis;

	private final Settings settings;

	private final Random random;

	private final AtomicBoolean begun = new AtomicBoolean();

	private final CountDownLatch stopping = new CountDownLatch(1);

	private final CountDownLatch ended = new CountDownLatch(1);

	/**
	 * Create a warm-up.
	 * @param warmers the warmers by name, in their order; asked for in the background
	 * @param redis whether Redis is there
	 * @param settings the settings
	 * @param random shuffles the steps
	 */
	public CacheWarmUp(Supplier<Map<String, CacheWarmer>> warmers, BooleanSupplier redis, Settings settings,
			Random random) {
		this.warmers = warmers;
		this.redis = redis;
		this.settings = settings;
		this.random = random;
	}

	/**
	 * Start, unless it has been started or stopped before. Returns at once.
	 */
	void start() {
		if (!this.begun.compareAndSet(false, true)) {
			return;
		}
		thread("", () -> {
			try {
				run(this.warmers.get());
			}
			catch (RuntimeException ex) {
				if (!isStopping()) {
					logger.warn("Cache warm-up is left out: its warmers could not be made", ex);
				}
			}
			finally {
				this.ended.countDown();
			}
		});
	}

	/**
	 * Wait for the end.
	 * @param timeout how long to wait
	 * @return whether it has ended
	 * @throws InterruptedException if the thread is interrupted meanwhile
	 */
	boolean await(Duration timeout) throws InterruptedException {
		return this.ended.await(Durations.nanos(timeout), TimeUnit.NANOSECONDS);
	}

	boolean isRunning() {
		return this.begun.get() && this.ended.getCount() > 0;
	}

	/**
	 * Begin no more steps, and give those under way a moment to end.
	 * @param grace how long to wait for them
	 */
	void stop(Duration grace) {
		this.stopping.countDown();
		if (this.begun.compareAndSet(false, true)) {
			this.ended.countDown();
			return;
		}
		try {
			await(grace);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private void run(Map<String, CacheWarmer> warmers) {
		for (Map.Entry<String, CacheWarmer> warmer : warmers.entrySet()) {
			if (!awaitRedis()) {
				if (!isStopping()) {
					logger.warn("Cache warm-up is left out: Redis has not been reachable for "
							+ seconds(this.settings.waitForRedis().toNanos()) + ". Not warmed: '" + warmer.getKey()
							+ "' and what follows it");
				}
				return;
			}
			Round round = new Round(warmer.getKey());
			round.collect(warmer.getValue());
			if (!round.run()) {
				return;
			}
		}
	}

	private boolean isStopping() {
		return this.stopping.getCount() == 0;
	}

	/**
	 * Wait until Redis is there.
	 * @return {@code false} if it stays away, or if it is time to stop
	 */
	private boolean awaitRedis() {
		long until = System.nanoTime() + this.settings.waitForRedis().toNanos();
		try {
			while (!isStopping()) {
				if (this.redis.getAsBoolean()) {
					return true;
				}
				if (System.nanoTime() - until >= 0) {
					return false;
				}
				this.stopping.await(LOOK_NANOS, TimeUnit.NANOSECONDS);
			}
		}
		catch (InterruptedException ex) {
			// By code of the application's: nobody else does.
			Thread.currentThread().interrupt();
		}
		return false;
	}

	private static void thread(String suffix, Runnable task) {
		Thread thread = new Thread(task, "cache-starter-warm-up" + suffix);
		thread.setDaemon(true);
		thread.start();
	}

	private static String seconds(long nanos) {
		return String.format(Locale.ROOT, "%.1f s", nanos / 1e9);
	}

	/**
	 * How to warm up.
	 *
	 * @param concurrency how many steps run at a time
	 * @param waitForRedis the longest wait for Redis
	 * @param progress how often the log tells how far it is
	 */
	public record Settings(int concurrency, Duration waitForRedis, Duration progress) {

		public Settings {
			waitForRedis = Durations.capped(waitForRedis);
		}

	}

	/**
	 * One warmer.
	 */
	private final class Round implements CacheWarmer.WarmUp {

		private final String name;

		private final List<Todo<?>> todos = new ArrayList<>();

		private final AtomicInteger next = new AtomicInteger();

		private final AtomicInteger succeeded = new AtomicInteger();

		private final AtomicInteger failed = new AtomicInteger();

		private final AtomicBoolean redisAway = new AtomicBoolean();

		Round(String name) {
			this.name = name;
		}

		@Override
		public <T> CacheWarmer.WarmUp each(Iterable<? extends T> items, CacheWarmer.Step<T> step) {
			items.forEach((item) -> this.todos.add(new Todo<>(step, item)));
			return this;
		}

		void collect(CacheWarmer warmer) {
			try {
				warmer.warm(this);
			}
			catch (Throwable ex) {
				failed("Cache warm-up '" + this.name + "' could not tell all of its steps", ex);
			}
			Collections.shuffle(this.todos, CacheWarmUp.this.random);
		}

		/**
		 * Run the steps.
		 * @return whether another warmer may follow
		 */
		boolean run() {
			long begun = System.nanoTime();
			int total = this.todos.size();
			int threads = Math.min(total, CacheWarmUp.this.settings.concurrency());
			logger.info("Cache warm-up '" + this.name + "' starts: " + total + " steps, " + threads + " at a time");
			CountDownLatch running = new CountDownLatch(threads);
			for (int i = 1; i <= threads; i++) {
				thread("-" + i, () -> {
					try {
						work();
					}
					finally {
						running.countDown();
					}
				});
			}
			awaitEnd(running, begun);
			if (isStopping()) {
				logger.debug("Cache warm-up '" + this.name + "' stops with the application: " + sum(begun));
				return false;
			}
			if (this.redisAway.get()) {
				logger.warn("Cache warm-up stops: Redis has not been reachable for "
						+ seconds(CacheWarmUp.this.settings.waitForRedis().toNanos()) + ". '" + this.name
						+ "' got as far as " + sum(begun));
				return false;
			}
			logger.info("Cache warm-up '" + this.name + "' has ended: " + sum(begun) + ", in "
					+ seconds(System.nanoTime() - begun));
			return true;
		}

		private void awaitEnd(CountDownLatch running, long begun) {
			long report = begun;
			try {
				while (!running.await(LOOK_NANOS, TimeUnit.NANOSECONDS) && !isStopping()) {
					if (System.nanoTime() - report >= CacheWarmUp.this.settings.progress().toNanos()) {
						report = System.nanoTime();
						logger.info("Cache warm-up '" + this.name + "': " + sum(begun));
					}
				}
				// What is under way is awaited by whoever stops us, as long as it likes.
				running.await();
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
		}

		private String sum(long begun) {
			int failed = this.failed.get();
			int done = this.succeeded.get() + failed;
			double elapsed = Math.max(System.nanoTime() - begun, 1) / 1e9;
			return String.format(Locale.ROOT, "%d of %d steps, %.1f per second, %d failed", done, this.todos.size(),
					done / elapsed, failed);
		}

		private void work() {
			while (!this.redisAway.get()) {
				int index = this.next.getAndIncrement();
				if (index >= this.todos.size()) {
					return;
				}
				if (!awaitRedis()) {
					this.redisAway.set(true);
					return;
				}
				try {
					this.todos.get(index).run();
					this.succeeded.incrementAndGet();
				}
				catch (Throwable ex) {
					if (this.failed.getAndIncrement() == 0) {
						failed("A step of cache warm-up '" + this.name + "' failed; others that fail are only counted",
								ex);
					}
				}
				finally {
					// An interrupt is no affair of the next step's.
					Thread.interrupted();
				}
			}
		}

		private void failed(String message, Throwable ex) {
			if (!isStopping()) {
				logger.warn(message, ex);
			}
		}

	}

	/**
	 * One step.
	 *
	 * @param <T> the type of the item
	 * @param step what to do
	 * @param item for what
	 */
	private record Todo<T>(CacheWarmer.Step<T> step, T item) {

		void run() throws Exception {
			settle(this.step.warm(this.item));
		}

		private static void settle(@Nullable Object result) throws Exception {
			if (result == null) {
				return;
			}
			ReactiveAdapter adapter = ReactiveAdapterRegistry.getSharedInstance().getAdapter(null, result);
			if (adapter != null) {
				Flux.from(adapter.toPublisher(result)).then().block();
			}
			else if (result instanceof Future<?> future) {
				future.get();
			}
		}

	}

}
