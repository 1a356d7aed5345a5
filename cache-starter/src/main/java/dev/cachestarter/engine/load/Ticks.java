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

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One short timer for all that has to be looked after while loads run. It rests while
 * there are none.
 */
final class Ticks {

	private static final long MILLIS = 25;

	private final ScheduledExecutorService timer;

	private final List<Task> tasks = new CopyOnWriteArrayList<>();

	private final AtomicBoolean awake = new AtomicBoolean();

	Ticks(ScheduledExecutorService timer) {
		this.timer = timer;
	}

	void add(Task task) {
		this.tasks.add(task);
	}

	/**
	 * Tick from now on, as long as any task has something to do. To be called when it
	 * has.
	 */
	void wake() {
		if (!this.awake.get() && this.awake.compareAndSet(false, true)) {
			later();
		}
	}

	private void later() {
		try {
			this.timer.schedule(this::tick, MILLIS, TimeUnit.MILLISECONDS);
		}
		catch (RejectedExecutionException ex) {
			// Closed: leases run out by themselves.
		}
	}

	private void tick() {
		try {
			long now = System.nanoTime();
			this.tasks.forEach((task) -> task.tick(now));
		}
		finally {
			if (!isIdle()) {
				later();
			}
			else {
				this.awake.set(false);
				if (!isIdle()) {
					wake();
				}
			}
		}
	}

	private boolean isIdle() {
		return this.tasks.stream().allMatch(Task::isIdle);
	}

	/**
	 * Looks after something.
	 */
	interface Task {

		/**
		 * Return whether there is nothing to look after.
		 */
		boolean isIdle();

		/**
		 * Look after it. Must be short, and must not wait.
		 * @param now the time, in {@link System#nanoTime()}
		 */
		void tick(long now);

	}

}
