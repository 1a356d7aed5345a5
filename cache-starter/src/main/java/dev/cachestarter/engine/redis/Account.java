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

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.RedisErrors;
import dev.cachestarter.engine.monitor.Monitor;
import dev.cachestarter.engine.monitor.RedisOperation;
import dev.cachestarter.engine.monitor.RedisOutcome;
import dev.cachestarter.engine.monitor.Tracer;

/**
 * Tells how one operation of Redis has ended, once.
 */
final class Account {

	private final Monitor monitor;

	private final Tracer tracer;

	/** What it belongs to, and so what follows from its answer. */
	private final @Nullable Object origin;

	private final Tracer.Span span;

	private final RedisOperation operation;

	private final long since = System.nanoTime();

	private volatile boolean closed;

	private Account(Monitor monitor, Tracer tracer, Tracer.Span span, RedisOperation operation) {
		this.monitor = monitor;
		this.tracer = tracer;
		this.origin = tracer.current();
		this.span = span;
		this.operation = operation;
	}

	/**
	 * Open the account of an operation that is about to be handed in.
	 * @return the account, {@code null} if nobody wants to know
	 */
	static @Nullable Account of(Monitor monitor, Tracer tracer, RedisOperation operation, String command) {
		if (!tracer.isActive()) {
			return (monitor == Monitor.NONE) ? null : new Account(monitor, tracer, Tracer.Span.NONE, operation);
		}
		return new Account(monitor, tracer, tracer.redis(operation, command), operation);
	}

	/**
	 * Do what follows from the answer.
	 */
	void resume(Runnable next) {
		if (!this.tracer.isActive()) {
			next.run();
			return;
		}
		this.tracer.resume(this.origin, () -> {
			next.run();
			return true;
		});
	}

	/**
	 * Tell that the operation is over, whatever becomes of the news.
	 * @param ex what it failed with, {@code null} if it did not
	 */
	void close(@Nullable Throwable ex) {
		if (this.closed) {
			return;
		}
		this.closed = true;
		try {
			RedisOutcome outcome = outcome(ex);
			this.monitor.answered(this.operation, outcome, System.nanoTime() - this.since);
			this.span.end(outcome, (outcome == RedisOutcome.SUCCESS) ? null : ex);
		}
		catch (Throwable failure) {
			// Who waits for the answer gets it all the same.
		}
	}

	/**
	 * A server that does not know a script has answered as it should: it is sent then.
	 */
	private static RedisOutcome outcome(@Nullable Throwable ex) {
		if (ex == null || RedisErrors.isNoScript(ex)) {
			return RedisOutcome.SUCCESS;
		}
		return RedisErrors.isRefusal(ex) ? RedisOutcome.REFUSED
				: RedisErrors.isTimeout(ex) ? RedisOutcome.TIMEOUT : RedisOutcome.LOST;
	}

}
