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

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

import org.springframework.core.Ordered;
import org.springframework.transaction.reactive.TransactionSynchronization;
import org.springframework.transaction.reactive.TransactionSynchronizationManager;

/**
 * Finds the reactive transaction that a subscriber is in, and does things after it.
 * <p>
 * Such a transaction is in the subscriber's context and not on a thread, so a
 * {@link TransactionScope} does not see it. What is loaded in it may be uncommitted, as
 * there: it is not to be shared, nor stored. What is evicted in it has to be evicted
 * again after the commit, since a reader may have stored the old state in between.
 */
final class ReactiveTransactions {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	private ReactiveTransactions() {
	}

	/**
	 * Return whether a subscriber is in a read-write transaction.
	 */
	static boolean isActive(ContextView subscriber) {
		return current(subscriber) != null;
	}

	/**
	 * Do something when the transaction of a subscriber has committed, or may have. It is
	 * started before the transaction is told to be over, which waits for it; that it
	 * fails concerns nobody. After a rollback, and without a transaction, it is never
	 * done.
	 * @param action starts it, and returns what completes when it is done
	 */
	static void afterCommit(ContextView subscriber, Supplier<? extends CompletableFuture<?>> action) {
		TransactionSynchronizationManager transaction = current(subscriber);
		if (transaction == null) {
			return;
		}
		Scope scope = (Scope) transaction.getResource(ReactiveTransactions.class);
		// One that is bound, but not of this transaction, is over.
		if (scope == null || scope.ended || !transaction.getSynchronizations().contains(scope)) {
			scope = new Scope(transaction);
			transaction.registerSynchronization(scope);
			scope.bind();
		}
		scope.actions.add(action);
	}

	private static @Nullable TransactionSynchronizationManager current(ContextView subscriber) {
		if (subscriber.isEmpty()) {
			return null;
		}
		// Looks into the context only: it is there at once, or never.
		TransactionSynchronizationManager transaction = TransactionSynchronizationManager.forCurrentTransaction()
			.onErrorComplete()
			.contextWrite(Context.of(subscriber))
			.toFuture()
			.getNow(null);
		return (transaction != null && transaction.isSynchronizationActive() && transaction.isActualTransactionActive()
				&& !transaction.isCurrentTransactionReadOnly()) ? transaction : null;
	}

	/**
	 * What is to be done after one transaction.
	 */
	private static final class Scope implements TransactionSynchronization, Ordered {

		private final TransactionSynchronizationManager transaction;

		private final List<Supplier<? extends CompletableFuture<?>>> actions = new ArrayList<>();

		private volatile boolean ended;

		Scope(TransactionSynchronizationManager transaction) {
			this.transaction = transaction;
		}

		private void bind() {
			this.transaction.unbindResourceIfPossible(ReactiveTransactions.class);
			this.transaction.bindResource(ReactiveTransactions.class, this);
		}

		private void unbind() {
			if (this.transaction.getResource(ReactiveTransactions.class) == this) {
				this.transaction.unbindResource(ReactiveTransactions.class);
			}
		}

		@Override
		public Mono<Void> suspend() {
			return Mono.fromRunnable(this::unbind);
		}

		@Override
		public Mono<Void> resume() {
			return Mono.fromRunnable(this::bind);
		}

		@Override
		public Mono<Void> afterCommit() {
			return Mono.defer(this::end);
		}

		@Override
		public Mono<Void> afterCompletion(int status) {
			return Mono.defer(() -> {
				unbind();
				return (this.ended || status == STATUS_ROLLED_BACK) ? Mono.empty() : end();
			});
		}

		private Mono<Void> end() {
			this.ended = true;
			List<Mono<?>> done = new ArrayList<>();
			for (Supplier<? extends CompletableFuture<?>> action : this.actions) {
				try {
					// Whoever cancels waits no longer, but does not take it back.
					done.add(Mono.fromFuture(action.get(), true).onErrorComplete());
				}
				catch (Throwable ex) {
					logger.warn("Cache operation after a transaction failed", ex);
				}
			}
			return Mono.whenDelayError(done);
		}

		@Override
		public int getOrder() {
			// As TransactionScope: before whoever else is told of the commit.
			return Ordered.HIGHEST_PRECEDENCE + 100;
		}

	}

}
