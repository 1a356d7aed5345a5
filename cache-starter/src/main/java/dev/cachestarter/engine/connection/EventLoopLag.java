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

package dev.cachestarter.engine.connection;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

import io.lettuce.core.resource.NettyCustomizer;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.util.concurrent.EventExecutor;
import org.jspecify.annotations.Nullable;

/**
 * Measures how late the driver's event loops are. An answer that has arrived is not seen
 * while the loop is busy, waits for a processor, or the JVM stands still for a garbage
 * collection: that is not the server's fault.
 * <p>
 * A task on each loop notes how much later than it should it runs, as long as the loop is
 * in use.
 */
final class EventLoopLag implements NettyCustomizer {

	/** Pause between two looks at a loop that is punctual. */
	private static final long STEP = TimeUnit.MILLISECONDS.toNanos(25);

	/**
	 * The same for a loop that was late a short while ago. A loop that shares its
	 * processor with many threads runs for a few milliseconds and pauses for twenty, over
	 * and over: a look every 25 ms sees next to nothing of these pauses.
	 */
	private static final long CLOSE_STEP = TimeUnit.MILLISECONDS.toNanos(2);

	/** How long a loop that was late is looked at closely. */
	private static final long CLOSELY = TimeUnit.SECONDS.toNanos(1);

	/** So late is every timer. */
	private static final long USUAL = TimeUnit.MILLISECONDS.toNanos(2);

	/**
	 * So near, a look is put off where the loop is seen to run anyway. For half a
	 * millisecond before a task is due Netty's loop does not sleep if it has just been
	 * woken: with a look every 2 ms it would spend a quarter of its time on that.
	 */
	private static final long NEAR = TimeUnit.MICROSECONDS.toNanos(1500);

	/** How long a loop is measured after it was last used. */
	private static final long IN_USE = TimeUnit.SECONDS.toNanos(5);

	private final @Nullable NettyCustomizer theirs;

	private final Map<EventExecutor, Meter> meters = new ConcurrentHashMap<>();

	/**
	 * Create one.
	 * @param theirs what the application sets up its channels with
	 */
	EventLoopLag(@Nullable NettyCustomizer theirs) {
		this.theirs = theirs;
	}

	@Override
	public void afterBootstrapInitialized(Bootstrap bootstrap) {
		if (this.theirs != null) {
			this.theirs.afterBootstrapInitialized(bootstrap);
		}
	}

	@Override
	public void afterChannelInitialized(Channel channel) {
		this.meters.computeIfAbsent(channel.eventLoop(),
				(loop) -> new Meter(loop, loop::inEventLoop, System::nanoTime));
		if (this.theirs != null) {
			this.theirs.afterChannelInitialized(channel);
		}
	}

	/**
	 * Return the loop that runs the calling code.
	 * @return answers its lateness; {@code null} if this is no event loop
	 */
	@Nullable LongSupplier ofThisThread() {
		for (Map.Entry<EventExecutor, Meter> each : this.meters.entrySet()) {
			if (each.getKey().inEventLoop()) {
				return each.getValue()::nanos;
			}
		}
		return null;
	}

	/**
	 * Wait until every loop has run what it had to run when this was called.
	 * @param timeout the longest wait for all of them
	 * @throws TimeoutException if a loop is busy for longer than that
	 */
	void awaitQueued(Duration timeout) throws InterruptedException, ExecutionException, TimeoutException {
		long until = System.nanoTime() + timeout.toNanos();
		List<Future<?>> reached = new ArrayList<>();
		for (EventExecutor loop : this.meters.keySet()) {
			reached.add(loop.submit(() -> {
			}));
		}
		for (Future<?> each : reached) {
			each.get(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS);
		}
	}

	/**
	 * Return the lateness of all loops, altogether, and measure it from now on.
	 */
	long nanos() {
		long sum = 0;
		for (Meter meter : this.meters.values()) {
			sum += meter.nanos();
		}
		return sum;
	}

	/**
	 * The lateness of one loop.
	 */
	static final class Meter implements Runnable {

		private final ScheduledExecutorService loop;

		private final BooleanSupplier isHere;

		private final LongSupplier clock;

		private final AtomicBoolean running = new AtomicBoolean();

		private final AtomicLong lastUse;

		/** What was noted so far. */
		private volatile long total;

		/** When the loop should next be seen to run. */
		private volatile long due;

		private volatile @Nullable Future<?> next;

		/** Until when it is looked at closely. Of the loop itself. */
		private long closelyUntil;

		/**
		 * Create a meter.
		 * @param isHere whether the loop runs the calling code
		 */
		Meter(ScheduledExecutorService loop, BooleanSupplier isHere, LongSupplier clock) {
			this.loop = loop;
			this.isHere = isHere;
			this.clock = clock;
			long now = clock.getAsLong();
			this.lastUse = new AtomicLong(now);
			this.closelyUntil = now;
		}

		long nanos() {
			long now = this.clock.getAsLong();
			this.lastUse.lazySet(now);
			if (!this.running.get()) {
				if (this.running.compareAndSet(false, true)) {
					this.due = now + STEP;
					schedule(STEP);
				}
				return this.total;
			}
			if (this.due - now < NEAR && this.isHere.getAsBoolean()) {
				lookNow();
			}
			return this.total + late(now);
		}

		/** The loop runs, as is seen without a task. */
		private void lookNow() {
			Future<?> later = this.next;
			if (later != null && later.cancel(false)) {
				run();
			}
		}

		/** Return when the loop should next be seen to run. */
		long due() {
			return this.due;
		}

		private long late(long now) {
			return Math.max(0, now - this.due - USUAL);
		}

		@Override
		public void run() {
			long now = this.clock.getAsLong();
			long late = late(now);
			if (late > 0) {
				this.closelyUntil = now + CLOSELY;
			}
			long step = (now - this.closelyUntil < 0) ? CLOSE_STEP : STEP;
			// In this order: who asks meanwhile may find too much, but not too little.
			this.total = this.total + late;
			this.due = now + step;
			if (now - this.lastUse.get() > IN_USE) {
				this.running.set(false);
			}
			else {
				schedule(step);
			}
		}

		private void schedule(long step) {
			try {
				this.next = this.loop.schedule(this, step, TimeUnit.NANOSECONDS);
			}
			catch (RejectedExecutionException ex) {
				// Closed. Nothing more is sent.
			}
		}

	}

}
