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

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;

import org.jspecify.annotations.Nullable;

/**
 * Ends waits in time, with one alarm for all of them.
 * <p>
 * Nearly every wait ends long before its time, and the next one ends later still. So the
 * alarm that is set for one will do for those that come after it: when it rings it is set
 * for whichever is then the first. A timer of its own for each wait would wake the
 * timer's thread each time.
 */
final class Timeouts {

	private final Set<Wait> waits = ConcurrentHashMap.newKeySet();

	private final AtomicReference<@Nullable Alarm> next = new AtomicReference<>();

	/**
	 * Have a future fail with a {@link TimeoutException}, unless the wait is removed or
	 * the future is completed before.
	 * @param nanos when, from now on
	 * @return the wait, to be removed when it is over
	 */
	Wait add(CompletableFuture<?> future, long nanos) {
		Wait wait = new Wait(future, System.nanoTime() + nanos);
		// In this order: an alarm that rings meanwhile sees it.
		this.waits.add(wait);
		ringAt(wait.until);
		return wait;
	}

	void remove(Wait wait) {
		this.waits.remove(wait);
	}

	/** Return how many waits are going on. */
	int count() {
		return this.waits.size();
	}

	/** Return whether an alarm is set. */
	boolean isSet() {
		return this.next.get() != null;
	}

	private void ringAt(long time) {
		Alarm alarm = null;
		for (Alarm set = this.next.get(); set == null || time - set.time < 0; set = this.next.get()) {
			alarm = (alarm != null) ? alarm : new Alarm(time);
			if (this.next.compareAndSet(set, alarm)) {
				start(alarm);
				return;
			}
		}
	}

	private void start(Alarm alarm) {
		try {
			CompletableFuture
				.delayedExecutor(Math.max(0, alarm.time - System.nanoTime()), TimeUnit.NANOSECONDS, Runnable::run)
				.execute(() -> ring(alarm));
		}
		catch (RuntimeException | Error ex) {
			this.next.compareAndSet(alarm, null);
			throw ex;
		}
	}

	private void ring(Alarm alarm) {
		if (!this.next.compareAndSet(alarm, null)) {
			// Another one rings earlier, and sees to all.
			return;
		}
		long now = System.nanoTime();
		List<Wait> over = new ArrayList<>();
		Wait first = null;
		for (Wait wait : this.waits) {
			if (wait.until - now <= 0) {
				over.add(wait);
			}
			else if (first == null || wait.until - first.until < 0) {
				first = wait;
			}
		}
		if (first != null) {
			ringAt(first.until);
		}
		for (Wait wait : over) {
			this.waits.remove(wait);
			wait.future.completeExceptionally(new TimeoutException());
		}
	}

	/**
	 * One wait.
	 */
	static final class Wait {

		private final CompletableFuture<?> future;

		private final long until;

		Wait(CompletableFuture<?> future, long until) {
			this.future = future;
			this.until = until;
		}

	}

	/**
	 * An alarm that is set.
	 */
	private static final class Alarm {

		private final long time;

		Alarm(long time) {
			this.time = time;
		}

	}

}
