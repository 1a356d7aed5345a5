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
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.TransactionSystemException;
import org.springframework.transaction.reactive.AbstractReactiveTransactionManager;
import org.springframework.transaction.reactive.GenericReactiveTransaction;
import org.springframework.transaction.reactive.TransactionSynchronizationManager;
import org.springframework.transaction.reactive.TransactionalOperator;
import org.springframework.transaction.support.DefaultTransactionDefinition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * What is seen of a reactive transaction, and done after it.
 */
class ReactiveTransactionsTests {

	private final Transactions manager = new Transactions();

	private final List<String> log = this.manager.log;

	@Test
	void withoutATransactionThereIsNone() {
		assertThat(ReactiveTransactions.isActive(Context.empty())).isFalse();
		assertThat(ReactiveTransactions.isActive(Context.of("tenant", "t1"))).isFalse();
		ReactiveTransactions.afterCommit(Context.of("tenant", "t1"), () -> done("never"));
		assertThat(this.log).isEmpty();
	}

	@Test
	void aTransactionIsSeenWhileItLasts() {
		Boolean active = in(TransactionDefinition.PROPAGATION_REQUIRED, false,
				(subscriber) -> Mono.just(ReactiveTransactions.isActive(subscriber)))
			.block();

		assertThat(active).isTrue();
	}

	@Test
	void oneThatOnlyReadsIsNone() {
		Boolean active = in(TransactionDefinition.PROPAGATION_REQUIRED, true, (subscriber) -> {
			ReactiveTransactions.afterCommit(subscriber, () -> done("never"));
			return Mono.just(ReactiveTransactions.isActive(subscriber));
		}).block();

		assertThat(active).isFalse();
		assertThat(this.log).doesNotContain("never");
	}

	@Test
	void oneThatIsNoActualTransactionIsNone() {
		Boolean active = in(TransactionDefinition.PROPAGATION_SUPPORTS, false,
				(subscriber) -> Mono.just(ReactiveTransactions.isActive(subscriber)))
			.block();

		assertThat(active).isFalse();
	}

	@Test
	void whatIsDoneAfterTheCommitIsWaitedFor() {
		CompletableFuture<@Nullable Void> slow = new CompletableFuture<>();

		CompletableFuture<String> result = in(TransactionDefinition.PROPAGATION_REQUIRED, false, (subscriber) -> {
			ReactiveTransactions.afterCommit(subscriber, () -> {
				this.log.add("evicts");
				return slow;
			});
			ReactiveTransactions.afterCommit(subscriber, () -> done("evicts another"));
			this.log.add("method");
			return Mono.just("result");
		}).toFuture();

		assertThat(this.log).containsExactly("begin", "method", "commit", "evicts", "evicts another");
		assertThat(result).isNotDone();
		slow.complete(null);
		assertThat(result).isCompletedWithValue("result");
	}

	@Test
	void afterARollbackNothingIsDone() {
		assertThatIllegalStateException()
			.isThrownBy(() -> in(TransactionDefinition.PROPAGATION_REQUIRED, false, (subscriber) -> {
				ReactiveTransactions.afterCommit(subscriber, () -> done("never"));
				return Mono.error(new IllegalStateException("of the method"));
			}).block());

		assertThat(this.log).containsExactly("begin", "rollback");
	}

	@Test
	void ifNobodyKnowsHowItEndedItIsDone() {
		this.manager.failure = new TransactionSystemException("of the commit");

		assertThatExceptionOfType(TransactionSystemException.class)
			.isThrownBy(() -> in(TransactionDefinition.PROPAGATION_REQUIRED, false, (subscriber) -> {
				ReactiveTransactions.afterCommit(subscriber, () -> done("evicts"));
				return Mono.just("result");
			}).block());

		assertThat(this.log).containsExactly("begin", "commit", "evicts");
	}

	@Test
	void whatFailsConcernsNobody() {
		String result = in(TransactionDefinition.PROPAGATION_REQUIRED, false, (subscriber) -> {
			ReactiveTransactions.afterCommit(subscriber, () -> {
				throw new NoClassDefFoundError("x");
			});
			ReactiveTransactions.afterCommit(subscriber,
					() -> CompletableFuture.failedFuture(new IllegalStateException("no Redis")));
			ReactiveTransactions.afterCommit(subscriber, () -> done("evicts"));
			return Mono.just("result");
		}).block();

		assertThat(result).isEqualTo("result");
		assertThat(this.log).containsExactly("begin", "commit", "evicts");
	}

	@Test
	void aTransactionWithinASuspendedOneIsItsOwn() {
		AtomicReference<@Nullable List<String>> afterTheInner = new AtomicReference<>();

		in(TransactionDefinition.PROPAGATION_REQUIRED, false, (outer) -> {
			ReactiveTransactions.afterCommit(outer, () -> done("of the outer"));
			return in(TransactionDefinition.PROPAGATION_REQUIRES_NEW, false, (inner) -> {
				ReactiveTransactions.afterCommit(inner, () -> done("of the inner"));
				return Mono.just("result");
			}).doOnNext((result) -> {
				afterTheInner.set(List.copyOf(this.log));
				ReactiveTransactions.afterCommit(outer, () -> done("of the outer, too"));
			});
		}).block();

		assertThat(afterTheInner.get()).endsWith("commit", "of the inner");
		assertThat(this.log).endsWith("commit", "of the outer", "of the outer, too");
	}

	@Test
	void aParticipantIsInTheTransactionThatThereIs() {
		in(TransactionDefinition.PROPAGATION_REQUIRED, false,
				(outer) -> in(TransactionDefinition.PROPAGATION_REQUIRED, false, (inner) -> {
					ReactiveTransactions.afterCommit(inner, () -> done("evicts"));
					return Mono.just("result");
				}).doOnNext((result) -> this.log.add("inner is over")))
			.block();

		assertThat(this.log).containsExactly("begin", "inner is over", "commit", "evicts");
	}

	private CompletableFuture<?> done(String what) {
		this.log.add(what);
		return CompletableFuture.completedFuture(null);
	}

	private <T> Mono<T> in(int propagation, boolean readOnly,
			java.util.function.Function<ContextView, Mono<? extends T>> body) {
		DefaultTransactionDefinition definition = new DefaultTransactionDefinition(propagation);
		definition.setReadOnly(readOnly);
		return TransactionalOperator.create(this.manager, definition)
			.transactional(Mono.deferContextual((subscriber) -> body.apply(subscriber).map((value) -> (T) value)));
	}

	/**
	 * Transactions on nothing.
	 */
	@SuppressWarnings("serial")
	private static final class Transactions extends AbstractReactiveTransactionManager {

		private final transient List<String> log = new ArrayList<>();

		private transient @Nullable RuntimeException failure;

		@Override
		protected Object doGetTransaction(TransactionSynchronizationManager synchronizations) {
			Object active = synchronizations.getResource(this);
			return (active != null) ? active : new AtomicBoolean();
		}

		@Override
		protected boolean isExistingTransaction(Object transaction) {
			return ((AtomicBoolean) transaction).get();
		}

		@Override
		protected Mono<Void> doBegin(TransactionSynchronizationManager synchronizations, Object transaction,
				TransactionDefinition definition) {
			return Mono.fromRunnable(() -> {
				this.log.add("begin");
				((AtomicBoolean) transaction).set(true);
				synchronizations.bindResource(this, transaction);
			});
		}

		@Override
		protected Mono<Object> doSuspend(TransactionSynchronizationManager synchronizations, Object transaction) {
			return Mono.fromSupplier(() -> {
				Object suspended = synchronizations.unbindResource(this);
				return (suspended != null) ? suspended : transaction;
			});
		}

		@Override
		protected Mono<Void> doResume(TransactionSynchronizationManager synchronizations, @Nullable Object transaction,
				Object suspended) {
			return Mono.fromRunnable(() -> synchronizations.bindResource(this, suspended));
		}

		@Override
		protected Mono<Void> doCommit(TransactionSynchronizationManager synchronizations,
				GenericReactiveTransaction status) {
			return Mono.defer(() -> {
				this.log.add("commit");
				return (this.failure != null) ? Mono.error(this.failure) : Mono.empty();
			});
		}

		@Override
		protected Mono<Void> doRollback(TransactionSynchronizationManager synchronizations,
				GenericReactiveTransaction status) {
			return Mono.fromRunnable(() -> this.log.add("rollback"));
		}

		@Override
		protected Mono<Void> doCleanupAfterCompletion(TransactionSynchronizationManager synchronizations,
				Object transaction) {
			return Mono.fromRunnable(() -> synchronizations.unbindResource(this));
		}

	}

}
