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

package dev.cachestarter.engine.monitor;

import java.util.function.BiConsumer;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

/**
 * A step of a call that is measured and, if anybody listens, traced. It ends once; what
 * comes later does nothing.
 *
 * @param <O> what may come of it
 */
public final class Step<O extends Enum<O>> {

	private static final Runnable NOTHING = () -> {
	};

	private static final Step<?> NONE = new Step<>(Tracer.NONE, Tracer.Span.NONE, (outcome, nanos) -> {
	});

	private final Tracer tracer;

	private final Tracer.Span span;

	private final BiConsumer<O, Long> measured;

	private final long since = System.nanoTime();

	private volatile boolean ended;

	/**
	 * Begin a step.
	 * @param tracer made the span
	 * @param span what is traced of it
	 * @param measured is told how it ended, and after how many nanoseconds
	 */
	public Step(Tracer tracer, Tracer.Span span, BiConsumer<O, Long> measured) {
		this.tracer = tracer;
		this.span = span;
		this.measured = measured;
	}

	/**
	 * Return a step that nobody wants to know of.
	 */
	@SuppressWarnings("unchecked")
	public static <O extends Enum<O>> Step<O> none() {
		return (Step<O>) NONE;
	}

	/**
	 * Do something as part of the step.
	 */
	public <T> T within(Supplier<T> action) {
		return (this.span == Tracer.Span.NONE) ? action.get() : this.tracer.within(this.span.origin(), action);
	}

	/**
	 * Let the application's code, on this thread, find itself in the step.
	 * @return ends that
	 */
	public Runnable enter() {
		return (this.span == Tracer.Span.NONE) ? NOTHING : this.span.enter();
	}

	/**
	 * Return the step as an origin of others, {@code null} if it is not traced.
	 */
	public @Nullable Object origin() {
		return this.span.origin();
	}

	/**
	 * Return by what key the context of a reactive pipeline has its origin.
	 */
	public Object contextKey() {
		return this.tracer.contextKey();
	}

	/**
	 * End it.
	 * @param failure what it failed with, {@code null} if it did not
	 */
	public void end(O outcome, @Nullable Throwable failure) {
		if (this.ended || this == NONE) {
			return;
		}
		this.ended = true;
		this.measured.accept(outcome, System.nanoTime() - this.since);
		this.span.end(outcome, failure);
	}

}
