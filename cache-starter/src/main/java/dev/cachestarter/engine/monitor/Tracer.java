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

import java.util.function.Function;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

/**
 * Makes a trace of what a call does: a {@link Span} for each step of it.
 *
 * <h2>Whose step it is</h2>
 *
 * <p>
 * An <em>origin</em> is what a step belongs to: to the engine an object like any other. A
 * call has the one that is current on the thread that makes it, or in the context of its
 * subscriber, and keeps it, since it may go on on any thread. A step is an origin, too:
 * for the operations of Redis that it makes.
 * <p>
 * An operation of Redis is a step only if it has an origin: what is made for nobody, such
 * as the renewal of a lease, is none. What follows from its answer has the origin that it
 * had itself, whoever brings the answer ({@link #resume}). Where one call wakes others,
 * none of their steps may take the origin of the thread that wakes them: that is
 * {@linkplain #within hidden} there, and who waits {@linkplain #carried carries} its own
 * over the wait.
 * <p>
 * Whoever listens to the steps is code of the application's, and must not run on an event
 * loop. So there nobody is told of an operation at once.
 * <p>
 * Nothing here throws, whatever those do who listen.
 */
public interface Tracer {

	Tracer NONE = new Tracer() {
	};

	/**
	 * Return whether anybody listens. If not, nothing of the rest is called.
	 */
	default boolean isActive() {
		return false;
	}

	/**
	 * Return the origin of what this thread does.
	 */
	default @Nullable Object current() {
		return null;
	}

	/**
	 * Return by what key the context of a reactive pipeline has its origin.
	 */
	default Object contextKey() {
		return Tracer.class;
	}

	/**
	 * Do something for an origin.
	 * @param origin the origin, {@code null} for none, whatever is current on this thread
	 */
	default <T> T within(@Nullable Object origin, Supplier<T> action) {
		return action.get();
	}

	/**
	 * Go on for an origin, on a thread that may be an event loop: nobody who listens runs
	 * on it.
	 * @param origin the origin, {@code null} for none, whatever is current on this thread
	 */
	default <T> T resume(@Nullable Object origin, Supplier<T> action) {
		return action.get();
	}

	/**
	 * Let what follows, on whatever thread it is, have the origin that is current here.
	 */
	default <A extends @Nullable Object, B> Function<A, B> carried(Function<A, B> next) {
		if (!isActive()) {
			return next;
		}
		Object origin = current();
		return (argument) -> resume(origin, () -> next.apply(argument));
	}

	/**
	 * Begin to read a key.
	 */
	default Span read(String cache, @Nullable Object origin) {
		return Span.NONE;
	}

	/**
	 * Begin to wait until it is known what a caller does that has missed.
	 */
	default Span wait(String cache, @Nullable Object origin) {
		return Span.NONE;
	}

	/**
	 * Begin to load.
	 */
	default Span load(String cache, CacheMonitor.LoadKind kind, @Nullable Object origin) {
		return Span.NONE;
	}

	/**
	 * Begin an operation of Redis for the origin of this thread.
	 * @param command the name of the command
	 * @return the step, {@link Span#NONE} without an origin
	 */
	default Span redis(RedisOperation operation, String command) {
		return Span.NONE;
	}

	/**
	 * A step of a call.
	 */
	interface Span {

		Span NONE = new Span() {
		};

		/**
		 * Return the step as an origin of others.
		 */
		default @Nullable Object origin() {
			return null;
		}

		/**
		 * Let the application's code, on this thread, find itself in the step.
		 * @return ends that; what it is asked again for does nothing
		 */
		default Runnable enter() {
			return () -> {
			};
		}

		/**
		 * End the step.
		 * @param outcome what came of it
		 * @param failure what it failed with, {@code null} if it did not
		 */
		default void end(Enum<?> outcome, @Nullable Throwable failure) {
		}

	}

}
