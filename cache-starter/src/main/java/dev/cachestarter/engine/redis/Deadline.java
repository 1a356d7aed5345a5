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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import org.jspecify.annotations.Nullable;

/**
 * What one call may still wait for Redis. All of a call's waits draw on one budget, so
 * that a call of many operations waits no longer than one of a single operation. Time in
 * which the caller does something else, such as loading, does not count.
 * <p>
 * Used by one thread at a time; hand-overs between threads go through futures.
 */
public final class Deadline {

	private final RedisLink link;

	/** All that is waited for is sent in this session of the link or a later one. */
	private final long session;

	private volatile long left;

	public Deadline(RedisLink link, Duration budget) {
		this.link = link;
		this.session = link.session();
		this.left = budget.toNanos();
	}

	/**
	 * Wait on the calling thread, which must not be an event loop.
	 * @param future what to wait for
	 * @return its result
	 * @throws RedisWaitException if it failed or the budget is spent; if the thread is
	 * interrupted, with the interrupt flag kept
	 */
	public <T> T await(CompletableFuture<T> future) throws RedisWaitException {
		long start = System.nanoTime();
		try {
			return future.get(Math.max(0, this.left), TimeUnit.NANOSECONDS);
		}
		catch (TimeoutException ex) {
			this.link.gaveUp(this.session, System.nanoTime() - start);
			throw new RedisWaitException("no answer in time", ex);
		}
		catch (ExecutionException ex) {
			throw new RedisWaitException("failed", RedisLink.unwrap(ex));
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new RedisWaitException("interrupted", ex);
		}
		finally {
			spend(start);
		}
	}

	/**
	 * Return a future that fails when the budget is spent before the given one completes.
	 * @param future what is waited for; must not be shared with others
	 * @return the same, limited
	 */
	public <T> CompletableFuture<T> limit(CompletableFuture<T> future) {
		if (future.isDone()) {
			return future;
		}
		long limit = this.left;
		if (limit <= 0) {
			return CompletableFuture.failedFuture(new TimeoutException("no time left to wait for Redis"));
		}
		long start = System.nanoTime();
		return future.orTimeout(limit, TimeUnit.NANOSECONDS).whenComplete((value, ex) -> {
			spend(start);
			if (ex instanceof TimeoutException) {
				this.link.gaveUp(this.session, System.nanoTime() - start);
			}
		});
	}

	/**
	 * Return a deadline with what is left of this one, for one of several waits at a
	 * time. All of them together cost this one what {@link #spend} is told.
	 */
	public Deadline fork() {
		return new Deadline(this.link, Duration.ofNanos(Math.max(0, this.left)));
	}

	/**
	 * Take off the time that was waited.
	 * @param start the beginning of the wait, in {@link System#nanoTime()}
	 */
	public void spend(long start) {
		this.left = this.left - (System.nanoTime() - start);
	}

	/**
	 * Says that a wait for Redis ended without an answer; never reaches a caller of the
	 * cache.
	 */
	public static final class RedisWaitException extends Exception {

		RedisWaitException(String message, @Nullable Throwable cause) {
			super(message, cause, false, false);
		}

		boolean isInterrupt() {
			return getCause() instanceof InterruptedException;
		}

	}

}
