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

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.Futures;

/**
 * How a call waits for one Redis: no longer than its {@link Budget}, which it may share
 * with waits for another Redis. A wait that times out is told to the link that it was
 * for, and to no other.
 */
public final class Deadline {

	private static final Timeouts TIMEOUTS = new Timeouts();

	private final RedisLink link;

	/** All that is waited for is sent in this session of the link or a later one. */
	private final long session;

	private final Budget budget;

	public Deadline(RedisLink link, Budget budget) {
		this.link = link;
		this.session = link.session();
		this.budget = budget;
	}

	/**
	 * Return the deadline of the same call for another Redis.
	 * @param other the link to wait for
	 * @return waits as long as the budget of this one lasts
	 */
	public Deadline on(RedisLink other) {
		return (other == this.link) ? this : new Deadline(other, this.budget);
	}

	/**
	 * Wait on the calling thread, which must not be an event loop.
	 * @param future what to wait for
	 * @return its result
	 * @throws RedisWaitException if it failed or the budget is spent; if the thread is
	 * interrupted, with the interrupt flag kept
	 */
	public <T> T await(CompletableFuture<T> future) throws RedisWaitException {
		long limit = this.budget.left();
		long begun = this.budget.begin();
		boolean timedOut = false;
		try {
			return future.get(limit, TimeUnit.NANOSECONDS);
		}
		catch (TimeoutException ex) {
			timedOut = true;
			throw new RedisWaitException("no answer in time", ex);
		}
		catch (ExecutionException ex) {
			throw new RedisWaitException("failed", Futures.unwrap(ex));
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new RedisWaitException("interrupted", ex);
		}
		finally {
			long waited = this.budget.end(begun);
			if (timedOut) {
				this.link.gaveUp(this.session, waited);
			}
		}
	}

	/**
	 * Return a future that fails when the budget is spent before the given one completes.
	 * @param future what to wait for; it is not changed
	 * @return its result, or a {@link TimeoutException}
	 */
	public <T> CompletableFuture<T> limit(CompletableFuture<T> future) {
		if (future.isDone()) {
			return future;
		}
		long limit = this.budget.left();
		if (limit == 0) {
			return CompletableFuture.failedFuture(new TimeoutException("no time left to wait for Redis"));
		}
		long begun = this.budget.begin();
		CompletableFuture<T> limited = future.copy();
		Timeouts.Wait wait = TIMEOUTS.add(limited, limit);
		return limited.whenComplete((value, ex) -> {
			TIMEOUTS.remove(wait);
			long waited = this.budget.end(begun);
			if (ex instanceof TimeoutException) {
				this.link.gaveUp(this.session, waited);
			}
		});
	}

	/**
	 * Says that a wait for Redis ended without an answer; never reaches a caller of the
	 * cache.
	 */
	public static final class RedisWaitException extends Exception {

		RedisWaitException(String message, @Nullable Throwable cause) {
			super(message, cause, false, false);
		}

	}

}
