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

package dev.cachestarter.cache.call;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;

import org.springframework.transaction.support.TransactionSynchronizationManager;

import dev.cachestarter.engine.load.Decision;
import dev.cachestarter.engine.load.Staged;

/**
 * A call that returns before its work is done, and goes on when what it waits for is
 * there: on a thread that is no event loop.
 */
abstract class AsynchronousCall extends Call {

	AsynchronousCall(Intercepted intercepted, @Nullable Ticket reloaded) {
		super(intercepted, reloaded);
	}

	@Override
	public boolean isAsynchronous() {
		return true;
	}

	@Override
	public Executor userCode(Executor executor) {
		return executor;
	}

	/**
	 * Decide, on this thread if it is in a transaction: the method must be, too.
	 */
	CompletableFuture<Decision> decideHere() {
		boolean transactional = TransactionSynchronizationManager.isActualTransactionActive();
		if (transactional && !settled().isDone()) {
			// What is decided next must see the transaction of this thread.
			settled().join();
		}
		CompletableFuture<Decision> decided = decide();
		if (decided.isDone() || !transactional) {
			return decided;
		}
		try {
			return CompletableFuture.completedFuture(decided.get());
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		catch (ExecutionException ex) {
			// Whatever it is, the method will do.
		}
		close();
		return CompletableFuture.completedFuture(new Decision.Load(null));
	}

	/**
	 * Begin work in stages: on this thread as far as that can be, and if that is in a
	 * transaction up to the method, which must be, too.
	 */
	<R> CompletableFuture<R> beginStages(Staged<R> work) {
		Executor executor = continuations();
		try {
			return Staged.goOn(work, TransactionSynchronizationManager.isActualTransactionActive()
					? Staged.awaitOwn(work, executor) : work.begin(executor), executor);
		}
		catch (Throwable ex) {
			return CompletableFuture.failedFuture(ex);
		}
	}

	/**
	 * Go on when a future is done: at once if it is, else on another thread. One of both
	 * is called in any case, so that no caller waits for ever.
	 */
	<T extends @Nullable Object> void goOn(CompletableFuture<T> future, Consumer<T> next, Consumer<Throwable> failed) {
		if (future.isDone()) {
			step(future, next, failed);
			return;
		}
		future.handleAsync((value, ex) -> {
			step(future, next, failed);
			return true;
		}, continuations()).exceptionally((ex) -> {
			failed.accept(ex);
			return true;
		});
	}

	private static <T extends @Nullable Object> void step(CompletableFuture<T> future, Consumer<T> next,
			Consumer<Throwable> failed) {
		try {
			next.accept(future.join());
		}
		catch (Throwable ex) {
			failed.accept(ex);
		}
	}

}
