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

package dev.cachestarter.cache.entries;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.core.Ordered;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

import dev.cachestarter.engine.entry.Target;
import dev.cachestarter.engine.entry.TargetSet;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.redis.Deadline;

/**
 * What one read-write transaction has evicted, put and loaded, until it commits.
 * <p>
 * Nobody else may see what is not committed: so evictions and puts are made when the
 * transaction has committed, and forgotten when it rolls back. The transaction itself
 * must see what it has done: so it bypasses what it has evicted. What it loads may be its
 * own uncommitted work: so that is shared with nobody, and stored after the commit only.
 * Until then the scope remembers it, so that one transaction loads a key once.
 * <p>
 * Of several puts and evictions of one key the last one counts. Those of groups, caches
 * and patterns keep their place among them.
 * <p>
 * Bound to the thread, as Spring's transactions are; a transaction that is suspended
 * takes its scope with it. Used by that thread only, except that JTA may tell of the end
 * on another one.
 */
public final class TransactionScope implements TransactionSynchronization, Ordered {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	/** How many values are remembered, at most. */
	private static final int MOST_LOADED = 10_000;

	private final Engine engine;

	private final TargetSet evicted = new TargetSet();

	/** What was evicted, apart from single keys. */
	private final TargetSet wide = new TargetSet();

	private final Set<Action> actions = new LinkedHashSet<>();

	private final Map<StoredKey, List<Action>> actionsOfKeys = new HashMap<>();

	private final Map<StoredKey, Map<Object, Loaded>> loaded = new HashMap<>();

	private volatile boolean ended;

	private TransactionScope(Engine engine) {
		this.engine = engine;
	}

	/**
	 * Return the scope of the transaction that this thread is in.
	 * @return the scope, or {@code null} if it is in none, or in one that only reads
	 */
	public static @Nullable TransactionScope current(Engine engine) {
		if (!TransactionSynchronizationManager.isSynchronizationActive()
				|| !TransactionSynchronizationManager.isActualTransactionActive()
				|| TransactionSynchronizationManager.isCurrentTransactionReadOnly()) {
			return null;
		}
		TransactionScope scope = (TransactionScope) TransactionSynchronizationManager.getResource(engine);
		// One that is bound, but not of this transaction, belongs to an earlier one whose
		// end JTA tells another thread.
		if (scope == null || !TransactionSynchronizationManager.getSynchronizations().contains(scope)) {
			scope = new TransactionScope(engine);
			scope.bind();
			TransactionSynchronizationManager.registerSynchronization(scope);
		}
		// Spring calls it active until the last listener to the commit has run.
		return scope.ended ? null : scope;
	}

	private void bind() {
		TransactionSynchronizationManager.unbindResourceIfPossible(this.engine);
		TransactionSynchronizationManager.bindResource(this.engine, this);
	}

	private void unbind() {
		if (TransactionSynchronizationManager.getResource(this.engine) == this) {
			TransactionSynchronizationManager.unbindResource(this.engine);
		}
	}

	/**
	 * Bypass a target from now on in this transaction.
	 */
	void bypass(Target target) {
		this.evicted.add(target);
		if (target instanceof Target.Key single) {
			this.loaded.remove(single.key());
			return;
		}
		this.wide.add(target);
		// Of what was loaded the tags are not known.
		this.loaded.keySet().removeIf((key) -> target instanceof Target.Tag || target.names(key));
	}

	boolean bypasses(StoredKey key) {
		return this.evicted.covers(key);
	}

	/**
	 * Return whether this transaction has evicted one of some tags.
	 */
	boolean bypassesAny(List<String> tags) {
		return this.evicted.coversAny(tags);
	}

	/**
	 * Keep a value that this transaction has loaded until it evicts or puts the key, or
	 * is over. One of a key that it bypasses is not kept.
	 * @param mark tells values of the same key apart that callers want of different types
	 * @param epoch what had been evicted here before the load
	 */
	void remember(StoredKey key, Object mark, @Nullable Object value, long epoch) {
		if (this.loaded.size() < MOST_LOADED && !bypasses(key)) {
			this.loaded.computeIfAbsent(key, (first) -> new HashMap<>(2))
				.put(List.of(key.mark(), mark), new Loaded(value, epoch));
		}
	}

	/**
	 * Return what this transaction has loaded for a key: the same object each time.
	 * @return the value, {@code null} if it is to be read or loaded
	 */
	@Nullable Loaded loaded(StoredKey key, Object mark) {
		Map<Object, Loaded> values = this.loaded.get(key);
		return (values != null) ? values.get(List.of(key.mark(), mark)) : null;
	}

	/**
	 * Do something when the transaction is over.
	 * @param key the key that it concerns, if it concerns one alone: a later put or
	 * eviction of that takes its place
	 */
	void afterwards(@Nullable StoredKey key, Afterwards action) {
		add(new Action(key, action, Start.AT_ONCE));
	}

	/**
	 * Put or evict when the transaction is over, and bypass the target until then. If the
	 * target is a key, all else that was to be done for that key is forgotten, as if it
	 * had been rolled back.
	 */
	void instead(Target target, Afterwards action) {
		bypass(target);
		StoredKey key = (target instanceof Target.Key single) ? single.key() : null;
		List<Action> before = (key != null) ? this.actionsOfKeys.remove(key) : null;
		if (before != null) {
			Deadline deadline = this.engine.newDeadline();
			before.forEach((forgotten) -> {
				this.actions.remove(forgotten);
				start(forgotten, STATUS_ROLLED_BACK, deadline);
			});
		}
		add(new Action(key, action, (key != null && this.wide.covers(key)) ? Start.AFTER_EARLIER : Start.AT_ONCE));
	}

	private void add(Action action) {
		this.actions.add(action);
		StoredKey key = action.key;
		if (key != null) {
			this.actionsOfKeys.computeIfAbsent(key, (first) -> new ArrayList<>(2)).add(action);
		}
	}

	@Override
	public void suspend() {
		unbind();
	}

	@Override
	public void resume() {
		bind();
	}

	@Override
	public void savepointRollback(Object savepoint) {
		// What of the values was taken back, nobody tells: they are not to be stored.
		this.actions.forEach((action) -> action.doubtful = true);
		this.loaded.clear();
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
		unbind();
		if (!this.ended) {
			end(status);
		}
	}

	private void end(int status) {
		this.ended = true;
		this.loaded.clear();
		Deadline deadline = this.engine.newDeadline();
		List<Runnable> waits = new ArrayList<>();
		for (Action action : this.actions) {
			if (action.start == Start.AFTER_EARLIER) {
				// A put is not stored while an eviction that names it is under way.
				await(waits);
			}
			int known = (status == STATUS_COMMITTED && action.doubtful) ? STATUS_UNKNOWN : status;
			Runnable wait = start(action, known, deadline);
			if (wait != null) {
				waits.add(wait);
			}
		}
		await(waits);
	}

	/** Whatever it throws must not keep the others from being done. */
	private static @Nullable Runnable start(Action action, int status, Deadline deadline) {
		try {
			return action.afterwards.run(status, deadline);
		}
		catch (Throwable ex) {
			failed(ex);
			return null;
		}
	}

	private static void await(List<Runnable> waits) {
		for (Iterator<Runnable> all = waits.iterator(); all.hasNext();) {
			try {
				all.next().run();
			}
			catch (Throwable ex) {
				failed(ex);
			}
			all.remove();
		}
	}

	/** The transaction is over: whatever this is, it is not the caller's. */
	private static void failed(Throwable ex) {
		logger.warn("Cache operation after a transaction failed", ex);
	}

	/**
	 * What is done when the transaction is over.
	 */
	@FunctionalInterface
	interface Afterwards {

		/**
		 * Start it. All are started before any is waited for, except that a put waits for
		 * evictions of more than a key that name it.
		 * @param status how the transaction ended, a constant of
		 * {@link TransactionSynchronization}; rolled back also if something else is done
		 * instead
		 * @param deadline what all of them together may wait
		 * @return waits for it; must not throw
		 */
		Runnable run(int status, Deadline deadline);

	}

	/**
	 * What a transaction has loaded.
	 *
	 * @param value the value
	 * @param epoch what had been evicted here before the load: it is not to be used any
	 * more when that has changed
	 */
	record Loaded(@Nullable Object value, long epoch) {

	}

	/** When an action is started. */
	private enum Start {

		/** While those before it are under way. */
		AT_ONCE,

		/** When those before it are done: one evicts more than its key, and names it. */
		AFTER_EARLIER

	}

	private static final class Action {

		private final @Nullable StoredKey key;

		private final Afterwards afterwards;

		private final Start start;

		/** Whether there was a rollback to a savepoint since. */
		private boolean doubtful;

		Action(@Nullable StoredKey key, Afterwards afterwards, Start start) {
			this.key = key;
			this.afterwards = afterwards;
			this.start = start;
		}

	}

}
