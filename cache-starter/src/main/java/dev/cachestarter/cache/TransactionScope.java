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

import java.util.ArrayList;
import java.util.List;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.core.Ordered;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

import dev.cachestarter.engine.entry.Target;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.redis.Deadline;

/**
 * What one read-write transaction has evicted and put, until it commits.
 * <p>
 * Nobody else may see what is not committed: so evictions and puts are made when the
 * transaction has committed, and forgotten when it rolls back. The transaction itself
 * must see what it has done: so it bypasses what it has evicted. What it loads may be its
 * own uncommitted work: so that is shared with nobody, and stored after the commit only.
 * <p>
 * Bound to the thread, as Spring's transactions are; a transaction that is suspended
 * takes its scope with it.
 */
final class TransactionScope implements TransactionSynchronization, Ordered {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	private final Engine engine;

	private final List<Target> evicted = new ArrayList<>();

	private final List<Afterwards> actions = new ArrayList<>();

	/** How many of the first actions were registered before a rollback to a savepoint. */
	private int doubtful;

	private boolean ended;

	private TransactionScope(Engine engine) {
		this.engine = engine;
	}

	/**
	 * Return the scope of the transaction that this thread is in.
	 * @return the scope, or {@code null} if it is in none, or in one that only reads
	 */
	static @Nullable TransactionScope current(Engine engine) {
		if (!TransactionSynchronizationManager.isSynchronizationActive()
				|| !TransactionSynchronizationManager.isActualTransactionActive()
				|| TransactionSynchronizationManager.isCurrentTransactionReadOnly()) {
			return null;
		}
		TransactionScope scope = (TransactionScope) TransactionSynchronizationManager.getResource(engine);
		if (scope == null) {
			scope = new TransactionScope(engine);
			TransactionSynchronizationManager.bindResource(engine, scope);
			TransactionSynchronizationManager.registerSynchronization(scope);
		}
		// Spring calls it active until the last listener to the commit has run.
		return scope.ended ? null : scope;
	}

	/**
	 * Bypass a target from now on in this transaction.
	 */
	void bypass(Target target) {
		this.evicted.add(target);
	}

	boolean bypasses(StoredKey key) {
		return this.evicted.stream().anyMatch((target) -> target.names(key));
	}

	/**
	 * Do something when the transaction is over.
	 */
	void afterwards(Afterwards action) {
		this.actions.add(action);
	}

	@Override
	public void suspend() {
		TransactionSynchronizationManager.unbindResource(this.engine);
	}

	@Override
	public void resume() {
		TransactionSynchronizationManager.bindResource(this.engine, this);
	}

	@Override
	public void savepointRollback(Object savepoint) {
		// What of the values was taken back, nobody tells: they are not to be stored.
		this.doubtful = this.actions.size();
	}

	@Override
	public int getOrder() {
		// First of all: whoever is told of the commit must not read what it has made
		// stale.
		return Ordered.HIGHEST_PRECEDENCE + 100;
	}

	@Override
	public void afterCommit() {
		end(STATUS_COMMITTED);
	}

	@Override
	public void afterCompletion(int status) {
		TransactionSynchronizationManager.unbindResourceIfPossible(this.engine);
		if (!this.ended) {
			end(status);
		}
	}

	private void end(int status) {
		this.ended = true;
		Deadline deadline = this.engine.newDeadline();
		List<Runnable> waits = new ArrayList<>();
		for (int i = 0; i < this.actions.size(); i++) {
			int known = (status == STATUS_COMMITTED && i < this.doubtful) ? STATUS_UNKNOWN : status;
			try {
				waits.add(this.actions.get(i).run(known, deadline));
			}
			catch (RuntimeException ex) {
				failed(ex);
			}
		}
		for (Runnable wait : waits) {
			try {
				wait.run();
			}
			catch (RuntimeException ex) {
				failed(ex);
			}
		}
	}

	/** The transaction is over: whatever this is, it is not the caller's. */
	private static void failed(RuntimeException ex) {
		logger.warn("Cache operation after a transaction failed", ex);
	}

	/**
	 * What is done when the transaction is over.
	 */
	@FunctionalInterface
	interface Afterwards {

		/**
		 * Start it. All are started before any is waited for.
		 * @param status how the transaction ended, a constant of
		 * {@link TransactionSynchronization}
		 * @param deadline what all of them together may wait
		 * @return waits for it; must not throw
		 */
		Runnable run(int status, Deadline deadline);

	}

}
