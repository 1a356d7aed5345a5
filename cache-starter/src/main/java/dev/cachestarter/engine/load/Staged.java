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

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

import org.jspecify.annotations.Nullable;

/**
 * Work that is done in stages, between which it waits for Redis, for others, or for the
 * application's code. It is the same work for all callers, who differ in how they wait: a
 * blocking caller does each stage on its own thread, an asynchronous one goes on where
 * code of the application's may run.
 *
 * @param <R> what comes of it
 */
public interface Staged<R> {

	/**
	 * Begin, on the thread of the caller.
	 * @param executor where code of the application's runs on the way to the next stage
	 * @return what is next, {@code null} if it is done
	 */
	@Nullable Stage begin(Executor executor) throws Throwable;

	/** Return what has come of it, when it is done. */
	R result();

	/**
	 * Say that the caller has gone on without it. What others wait for still comes; the
	 * stages go on until they notice. May be called on any thread.
	 */
	void cancel();

	/**
	 * Do all of it, on the calling thread. If that is interrupted, each later stage finds
	 * undone what it waits for.
	 * @param thread the calling thread
	 */
	static <R> R await(Staged<R> work, CallerThread thread) throws Throwable {
		Stage stage = work.begin(thread);
		while (stage != null) {
			thread.awaitDone(stage.before());
			stage = stage.next().go();
		}
		return work.result();
	}

	/**
	 * Do it up to where it waits for the application's code, on the calling thread, which
	 * is in a transaction.
	 * @param executor where it goes on from there
	 * @return what is next, {@code null} if it is done
	 */
	static @Nullable Stage awaitOwn(Staged<?> work, Executor executor) throws Throwable {
		CallerThread thread = new CallerThread(executor);
		try {
			Stage stage = work.begin(thread);
			while (stage != null && stage.isBounded()) {
				thread.awaitDone(stage.before());
				stage = stage.next().go();
			}
			return stage;
		}
		finally {
			thread.close();
		}
	}

	/**
	 * Go on with it without blocking: on this thread as long as there is nothing to wait
	 * for.
	 * @param first the next stage, {@code null} if it is done
	 * @param executor where it goes on when it has waited
	 * @return what comes of it; if that is cancelled, so is the work
	 */
	static <R> CompletableFuture<R> goOn(Staged<R> work, @Nullable Stage first, Executor executor) {
		CompletableFuture<R> result = new CompletableFuture<>();
		result.whenComplete((value, ex) -> {
			if (result.isCancelled()) {
				work.cancel();
			}
		});
		goOn(work, first, executor, result);
		return result;
	}

	private static <R> void goOn(Staged<R> work, @Nullable Stage first, Executor executor,
			CompletableFuture<R> result) {
		try {
			Stage stage = first;
			while (stage != null && stage.before().isDone()) {
				stage = stage.next().go();
			}
			if (stage == null) {
				result.complete(work.result());
				return;
			}
			Stage next = stage;
			next.before().whenCompleteAsync((done, ex) -> goOn(work, next, executor, result), executor);
		}
		catch (Throwable ex) {
			result.completeExceptionally(ex);
		}
	}

	/**
	 * One of the stages.
	 *
	 * @param before what is waited for before it
	 * @param isBounded whether that ends by itself; code of the application's may not
	 * @param next what is done then
	 */
	record Stage(CompletableFuture<?> before, boolean isBounded, Next next) {

		/** After what ends by itself. */
		public static Stage after(CompletableFuture<?> before, Next next) {
			return new Stage(before, true, next);
		}

	}

	/**
	 * What is done in a stage.
	 */
	@FunctionalInterface
	interface Next {

		/**
		 * Do it.
		 * @return the next stage, {@code null} if there is none
		 */
		@Nullable Stage go() throws Throwable;

	}

}
