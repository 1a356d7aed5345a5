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
package dev.cachestarter.cache;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cache.concurrent.ConcurrentMapCache;
import org.springframework.cache.interceptor.SimpleCacheErrorHandler;
import org.springframework.cache.transaction.TransactionAwareCacheDecorator;
import org.springframework.dao.QueryTimeoutException;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

import dev.cachestarter.engine.key.CacheKeys;
import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.testing.Transactions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/**
 * Evictions by pattern from caches of other kinds.
 */
@ExtendWith(OutputCaptureExtension.class)
class ForeignEvictionTests {

	private final TransactionTemplate transaction = new TransactionTemplate(new Transactions());

	private final FailingStore store = new FailingStore();

	@ParameterizedTest
	@ValueSource(strings = { "*", "org-1:*" })
	void whatFailsAfterACommitIsSaidAndIsNotTheCallers(String pattern, CapturedOutput output) {
		AtomicInteger told = new AtomicInteger();

		this.transaction.executeWithoutResult((status) -> {
			eviction(pattern).evict();
			TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {

				@Override
				public void afterCommit() {
					told.incrementAndGet();
				}

			});
			assertThat(this.store.attempts).hasValue(0);
		});

		assertThat(this.store.attempts).hasValue(1);
		assertThat(output.getAll()).containsOnlyOnce("Cache 'prices' could not evict after a transaction");
		// Whoever else waits for the commit is told of it.
		assertThat(told).hasValue(1);
	}

	@Test
	void whatFailsAtOnceIsForTheErrorHandler() {
		assertThatThrownBy(() -> this.transaction.executeWithoutResult((status) -> eviction("*").evictNow()))
			.isInstanceOf(QueryTimeoutException.class);
		assertThatThrownBy(() -> eviction("*").evict()).isInstanceOf(QueryTimeoutException.class);
	}

	/** With the handler that throws all that it is given. */
	private ForeignEviction eviction(String pattern) {
		return ForeignEviction.of(
				new TransactionAwareCacheDecorator(new ConcurrentMapCache("prices", this.store, false)),
				KeyPattern.of(pattern), () -> new CacheKeys(null), new SimpleCacheErrorHandler());
	}

	private static final class FailingStore extends ConcurrentHashMap<Object, Object> {

		private static final long serialVersionUID = 1;

		final AtomicInteger attempts = new AtomicInteger();

		@Override
		public void clear() {
			throw fail();
		}

		@Override
		public KeySetView<Object, Object> keySet() {
			throw fail();
		}

		private RuntimeException fail() {
			this.attempts.incrementAndGet();
			return new QueryTimeoutException("hangs");
		}

	}

}
