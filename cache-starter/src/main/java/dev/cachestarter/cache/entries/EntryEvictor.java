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

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

import org.jspecify.annotations.Nullable;

import org.springframework.transaction.support.TransactionSynchronization;

import dev.cachestarter.cache.call.Call;
import dev.cachestarter.engine.entry.Target;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.engine.near.NearCache;
import dev.cachestarter.engine.redis.Deadline;

/**
 * Evicts from one cache: at once, or, in a read-write transaction, when that has
 * committed. The transaction itself bypasses from now on what it evicts.
 */
public final class EntryEvictor {

	private final CacheParts parts;

	private final Engine engine;

	public EntryEvictor(CacheParts parts) {
		this.parts = parts;
		this.engine = parts.engine();
	}

	/**
	 * Evict. When this has returned, no later reader of any instance gets what the target
	 * names; in a transaction, when that has committed.
	 * @param call the intercepted call that this is part of; an asynchronous one does not
	 * complete before Redis has acknowledged the eviction
	 */
	public void evict(Target target, @Nullable Call call, Deadline deadline) {
		TransactionScope transaction = TransactionScope.current(this.engine);
		if (transaction != null) {
			deferToCommit(transaction, target);
			return;
		}
		evictNow(target, call, deadline);
	}

	/**
	 * Evict at once in a transaction too, and again after it.
	 * @return whether there was something; {@code false} if that is not known yet
	 */
	public boolean evictAtOnce(Target target, @Nullable Call call, Deadline deadline) {
		TransactionScope transaction = TransactionScope.current(this.engine);
		if (transaction != null) {
			deferToCommit(transaction, target);
		}
		return evictNow(target, call, deadline);
	}

	/**
	 * Evict several keys, with as few commands as the servers take; in a transaction, one
	 * by one when that has committed.
	 * @param immediate whether it is done at once in a transaction too, and again after
	 * it
	 * @return whether there was something; {@code false} if that is not known yet
	 */
	public boolean evictAll(List<Target> targets, boolean immediate, @Nullable Call call, Deadline deadline) {
		TransactionScope transaction = TransactionScope.current(this.engine);
		if (transaction != null) {
			targets.forEach((target) -> deferToCommit(transaction, target));
		}
		if (targets.isEmpty() || (transaction != null && !immediate)) {
			return false;
		}
		targets.forEach((target) -> {
			repeatAfterReactiveCommit(target, call);
			dropNear(target);
		});
		Long count = Call.settle(call,
				counted(this.engine.traced(() -> this.engine.evictions().evict(targets)), targets.size()), deadline);
		return count != null && count > 0;
	}

	private void deferToCommit(TransactionScope transaction, Target target) {
		transaction.instead(target, (status, deadline) -> {
			if (status == TransactionSynchronization.STATUS_ROLLED_BACK) {
				return () -> {
				};
			}
			CompletableFuture<Long> done = send(target);
			return (target instanceof Target.Glob) ? () -> awaitWalk(done, null)
					: () -> Call.settle(null, done, deadline);
		});
	}

	/**
	 * Evict once more after the commit of a reactive transaction, which is bound to no
	 * thread, if the call is in one: what was evicted, or put, in it is read by others in
	 * the state of before, and stored.
	 */
	public void repeatAfterReactiveCommit(Target target, @Nullable Call call) {
		if (call != null) {
			call.afterCommit(() -> send(target));
		}
	}

	private boolean evictNow(Target target, @Nullable Call call, Deadline deadline) {
		repeatAfterReactiveCommit(target, call);
		CompletableFuture<Long> removed = send(target);
		if (target instanceof Target.Glob) {
			return awaitWalk(removed, call);
		}
		Long count = Call.settle(call, removed, deadline);
		return count != null && count > 0;
	}

	/** What is evicted with its group or by a pattern is found out when it is read. */
	private void dropNear(Target target) {
		NearCache near = this.parts.near();
		if (near != null && target instanceof Target.Key key) {
			near.drop(key.key());
		}
		else if (near != null && target instanceof Target.Whole) {
			near.clear();
		}
	}

	private CompletableFuture<Long> send(Target target) {
		dropNear(target);
		return counted(this.engine.traced(() -> this.engine.evictions().evict(target)), 1);
	}

	private CompletableFuture<Long> counted(CompletableFuture<Long> removed, int targets) {
		removed.whenComplete((count, ex) -> {
			if (ex != null) {
				this.parts.counters().failed();
				return;
			}
			for (int i = 0; i < targets; i++) {
				this.parts.counters().removed();
			}
		});
		return removed;
	}

	/**
	 * Wait for a walk through all keys: as long as it takes while Redis answers, since
	 * every single step of it is bounded and the first that fails ends it.
	 */
	private static boolean awaitWalk(CompletableFuture<Long> walk, @Nullable Call call) {
		if (call != null && call.isAsynchronous()) {
			call.returnsAfter(walk);
			return false;
		}
		try {
			return walk.get() > 0;
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return false;
		}
		catch (ExecutionException ex) {
			return false;
		}
	}

	/**
	 * Return the narrowest target that is all a pattern matches.
	 * @param cacheName the cache, {@code null} if the pattern is against whole keys
	 */
	public static Target target(KeyLayout layout, @Nullable String cacheName, KeyPattern pattern) {
		String only = pattern.onlyKey();
		if (only != null) {
			return new Target.Key((cacheName != null) ? layout.key(cacheName, only) : layout.locate(only));
		}
		if (cacheName == null) {
			return new Target.Glob(null, pattern);
		}
		if (pattern.matchesAll()) {
			return new Target.Whole(cacheName);
		}
		String group = pattern.group();
		return (group != null) ? new Target.Group(cacheName, group) : new Target.Glob(cacheName, pattern);
	}

}
