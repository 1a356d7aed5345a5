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
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * The time that one call may wait for Redis, whichever Redis that is.
 * <p>
 * Only waiting counts: time that the caller spends on something else, such as loading,
 * costs nothing. Several waits at the same time cost what the longest of them does, since
 * the caller waits for all of them at once.
 * <p>
 * May be used by several threads at a time.
 *
 * @see Deadline
 */
public final class Budget {

	private final long total;

	private final LongSupplier clock;

	private final ReentrantLock lock = new ReentrantLock();

	/** What the waits have cost that are over, in nanoseconds. */
	private long spent;

	/** How many waits are going on. */
	private int waits;

	/** When the first of these began. */
	private long since;

	public Budget(Duration total) {
		this(total, System::nanoTime);
	}

	/**
	 * Create a budget.
	 * @param total how long the call may wait altogether
	 * @param clock the time in nanoseconds
	 */
	Budget(Duration total, LongSupplier clock) {
		this.total = Durations.nanos(total);
		this.clock = clock;
	}

	/**
	 * Return what is left, in nanoseconds.
	 * @return never less than zero
	 */
	long left() {
		this.lock.lock();
		try {
			long going = (this.waits > 0) ? this.clock.getAsLong() - this.since : 0;
			return Math.max(0, this.total - this.spent - going);
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Begin to wait.
	 * @return when that is, for {@link #end}
	 */
	long begin() {
		this.lock.lock();
		try {
			long now = this.clock.getAsLong();
			if (this.waits++ == 0) {
				this.since = now;
			}
			return now;
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * End a wait.
	 * @param begun what {@link #begin} answered
	 * @return how long this wait took, in nanoseconds
	 */
	long end(long begun) {
		this.lock.lock();
		try {
			long now = this.clock.getAsLong();
			if (--this.waits == 0) {
				this.spent += now - this.since;
			}
			return now - begun;
		}
		finally {
			this.lock.unlock();
		}
	}

}
