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

package dev.cachestarter.engine.redis;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RunnableScheduledFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * A clock that stands still, and a worker that does what is due when the clock is moved.
 */
public final class ManualWorker extends AbstractExecutorService implements ScheduledExecutorService {

	private final PriorityQueue<Task> tasks = new PriorityQueue<>(
			Comparator.<Task>comparingLong((task) -> task.due).thenComparingLong((task) -> task.number));

	private long now = Duration.ofDays(1).toNanos();

	private long number;

	private boolean shutdown;

	public long now() {
		return this.now;
	}

	/**
	 * Do what is due.
	 */
	public void run() {
		advance(Duration.ZERO);
	}

	/**
	 * Let time pass, and do what becomes due meanwhile, each at its time.
	 */
	public void advance(Duration time) {
		long until = this.now + time.toNanos();
		for (Task next = this.tasks.peek(); next != null && next.due - until <= 0; next = this.tasks.peek()) {
			this.tasks.remove(next);
			this.now = Math.max(this.now, next.due);
			next.run();
			if (next.period > 0) {
				add(next.task, next.period, next.period);
			}
		}
		this.now = until;
	}

	/**
	 * Let time pass in which this JVM stands still.
	 */
	public void skip(Duration time) {
		this.now += time.toNanos();
	}

	/**
	 * Return how many tasks wait for their time.
	 */
	public int waiting() {
		return this.tasks.size();
	}

	private Task add(Runnable task, long delay, long period) {
		Task added = new Task(task, this.now + delay, this.number++, period);
		this.tasks.add(added);
		return added;
	}

	@Override
	public void execute(Runnable task) {
		add(task, 0, 0);
	}

	@Override
	public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
		return add(task, unit.toNanos(delay), 0);
	}

	@Override
	public <V> ScheduledFuture<V> schedule(Callable<V> task, long delay, TimeUnit unit) {
		throw new UnsupportedOperationException();
	}

	@Override
	public ScheduledFuture<?> scheduleAtFixedRate(Runnable task, long delay, long period, TimeUnit unit) {
		throw new UnsupportedOperationException();
	}

	@Override
	public ScheduledFuture<?> scheduleWithFixedDelay(Runnable task, long delay, long pause, TimeUnit unit) {
		return add(task, unit.toNanos(delay), unit.toNanos(pause));
	}

	@Override
	public void shutdown() {
		this.shutdown = true;
	}

	@Override
	public List<Runnable> shutdownNow() {
		this.shutdown = true;
		this.tasks.clear();
		return List.of();
	}

	@Override
	public boolean isShutdown() {
		return this.shutdown;
	}

	@Override
	public boolean isTerminated() {
		return this.shutdown;
	}

	@Override
	public boolean awaitTermination(long timeout, TimeUnit unit) {
		return true;
	}

	private final class Task extends FutureTask<Object> implements RunnableScheduledFuture<Object> {

		private final Runnable task;

		private final long due;

		private final long number;

		private final long period;

		private Task(Runnable task, long due, long number, long period) {
			super(task, "");
			this.task = task;
			this.due = due;
			this.number = number;
			this.period = period;
		}

		@Override
		public boolean isPeriodic() {
			return this.period > 0;
		}

		@Override
		public long getDelay(TimeUnit unit) {
			return unit.convert(this.due - ManualWorker.this.now, TimeUnit.NANOSECONDS);
		}

		@Override
		public int compareTo(Delayed other) {
			return Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
		}

	}

}
