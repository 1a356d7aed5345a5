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

package dev.cachestarter.engine.entry;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import dev.cachestarter.engine.connection.Futures;
import dev.cachestarter.engine.connection.RedisErrors;
import dev.cachestarter.engine.entry.PendingEvictions.Pending;

/**
 * Asks Redis again for the pending evictions of one kind, in rounds of which one runs at
 * a time.
 * <p>
 * Many are asked for at once: so many keys, or bytes of keys, in one command, so many
 * commands under way. A command that Redis refuses for the sake of one key is halved
 * until that key is found; such a key (no permission) is asked for every ten seconds and
 * holds up nothing else. Any other failure ends the round for that server, since the next
 * command would fail alike. Patterns, which take a walk through all keys each, are asked
 * for one by one, a few at a time.
 */
final class Drain {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	/** How many keys are in one command. */
	private static final int BATCH = 100;

	/**
	 * With how many bytes another key makes it too long: what is under way must arrive in
	 * the time of one command, also where the way is narrow.
	 */
	private static final int BATCH_BYTES = 16 * 1024;

	/** How many of these commands are under way. */
	private static final int BATCHES = 16;

	/** How many patterns are walked for at once. */
	private static final int WALKS = 4;

	private static final long REFUSED_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(10);

	private final Target.Kind kind;

	private final PendingEvictions pending;

	private final EvictionCommands commands;

	private final Outcome outcome;

	private final ScheduledExecutorService timer;

	private final AtomicReference<CompletableFuture<Integer>> last = new AtomicReference<>(
			CompletableFuture.completedFuture(0));

	/** Whether the timer is to start a round; else each failure would add one. */
	private final AtomicBoolean scheduled = new AtomicBoolean();

	/** Those that Redis refuses for their own sake. */
	private final Set<Target> refused = ConcurrentHashMap.newKeySet();

	private final AtomicLong refusedAskedAt = new AtomicLong(System.nanoTime());

	Drain(Target.Kind kind, PendingEvictions pending, EvictionCommands commands, Outcome outcome,
			ScheduledExecutorService timer) {
		this.kind = kind;
		this.pending = pending;
		this.commands = commands;
		this.outcome = outcome;
		this.timer = timer;
	}

	/**
	 * Have another round in a second, for those that Redis has not taken.
	 */
	void later() {
		if (!this.scheduled.compareAndSet(false, true)) {
			return;
		}
		try {
			this.timer.schedule(() -> {
				this.scheduled.set(false);
				start(() -> this.pending.late(this.kind));
			}, 1, TimeUnit.SECONDS);
		}
		catch (RejectedExecutionException ex) {
			// Closing: the last round was made by close().
		}
	}

	/**
	 * Ask for all, those that Redis is being asked for too, when the round before is
	 * over.
	 * @return how many Redis has taken, when every one was answered
	 */
	CompletableFuture<Integer> all() {
		return start(() -> this.pending.all(this.kind));
	}

	/**
	 * Ask in the next round also for those that Redis has refused lately.
	 */
	void forgetRefused() {
		this.refused.clear();
	}

	/**
	 * Redis has taken a target that it may have refused lately.
	 */
	void forgetRefused(Target target) {
		this.refused.remove(target);
	}

	private CompletableFuture<Integer> start(Supplier<List<Pending>> wanted) {
		CompletableFuture<Integer> round = new CompletableFuture<>();
		this.last.getAndSet(round).whenComplete((before, ignored) -> {
			CompletableFuture<Integer> asked;
			try {
				asked = ask(wanted.get());
			}
			// Anything, or no later round would ever run.
			catch (Throwable ex) {
				logger.warn("A round of pending cache evictions failed", ex);
				asked = CompletableFuture.completedFuture(0);
			}
			asked.whenComplete((taken, ex) -> {
				if (this.pending.isAnyLate(this.kind)) {
					later();
				}
				this.outcome.over((taken != null) ? taken : 0);
				round.complete((taken != null) ? taken : 0);
			});
		});
		return round;
	}

	private CompletableFuture<Integer> ask(List<Pending> wanted) {
		long now = System.nanoTime();
		long askedAt = this.refusedAskedAt.get();
		if (now - askedAt > REFUSED_PAUSE_NANOS && this.refusedAskedAt.compareAndSet(askedAt, now)) {
			this.refused.clear();
		}
		List<CompletableFuture<Integer>> lanes = new ArrayList<>();
		for (Queue<List<Pending>> batches : batches(wanted)) {
			for (int lane = 0; lane < lanes(); lane++) {
				lanes.add(oneAfterAnother(batches));
			}
		}
		return Futures.all(lanes).thenApply((taken) -> taken.stream().mapToInt(Integer::intValue).sum());
	}

	private int lanes() {
		return switch (this.kind) {
			case EXACT -> BATCHES;
			case PATTERN -> WALKS;
		};
	}

	/** What each server is to do, command by command. */
	private Iterable<Queue<List<Pending>>> batches(List<Pending> wanted) {
		Map<Object, Queue<List<Pending>>> batches = new HashMap<>();
		Map<Object, List<Pending>> open = new HashMap<>();
		Map<Object, Integer> lengths = new HashMap<>();
		for (Pending late : wanted) {
			Target target = late.target();
			if (this.refused.contains(target)) {
				continue;
			}
			if (this.kind == Target.Kind.PATTERN) {
				batches.computeIfAbsent("", (same) -> new ConcurrentLinkedQueue<>()).add(List.of(late));
				continue;
			}
			// One server that hangs or refuses does not hold up the others.
			Object server = this.commands.serversOf(target);
			List<Pending> batch = open.computeIfAbsent(server, (same) -> new ArrayList<>());
			batch.add(late);
			int length = lengths.merge(server, this.commands.lengthOf(target), Integer::sum);
			if (!this.commands.isOfUnknownCaches(target) && (batch.size() == BATCH || length >= BATCH_BYTES)) {
				batches.computeIfAbsent(server, (same) -> new ConcurrentLinkedQueue<>()).add(batch);
				open.remove(server);
				lengths.remove(server);
			}
		}
		open.forEach(
				(server, batch) -> batches.computeIfAbsent(server, (same) -> new ConcurrentLinkedQueue<>()).add(batch));
		return batches.values();
	}

	private CompletableFuture<Integer> oneAfterAnother(Queue<List<Pending>> batches) {
		List<Pending> batch = batches.poll();
		if (batch == null) {
			return CompletableFuture.completedFuture(0);
		}
		return ask(batch, batches).thenCompose((taken) -> oneAfterAnother(batches).thenApply((more) -> taken + more));
	}

	private CompletableFuture<Integer> ask(List<Pending> batch, Queue<List<Pending>> rest) {
		long server = this.outcome.server();
		return perform(batch).handle((removed, ex) -> {
			if (ex == null) {
				batch.forEach((late) -> this.outcome.acknowledged(late.target(), late.sequence(), server));
				return CompletableFuture.completedFuture(batch.size());
			}
			this.outcome.failed(ex);
			batch.forEach((late) -> this.pending.failed(late.target(), late.sequence()));
			if (!RedisErrors.isForbidden(ex)) {
				rest.clear();
				return CompletableFuture.completedFuture(0);
			}
			if (batch.size() == 1) {
				this.refused.add(batch.get(0).target());
				return CompletableFuture.completedFuture(0);
			}
			int half = batch.size() / 2;
			return ask(batch.subList(0, half), rest).thenCombine(ask(batch.subList(half, batch.size()), rest),
					Integer::sum);
		}).thenCompose((next) -> next);
	}

	private CompletableFuture<Long> perform(List<Pending> batch) {
		return (this.kind == Target.Kind.PATTERN) ? this.commands.evict(batch.get(0).target())
				: this.commands.evict(batch.stream().map(Pending::target).toList());
	}

	/**
	 * Is told what comes of the asking.
	 */
	interface Outcome {

		/**
		 * Return what changes when the server is another than before.
		 */
		long server();

		/**
		 * Redis has acknowledged one asking.
		 * @param server what {@link #server()} said when it was asked
		 */
		void acknowledged(Target target, long sequence, long server);

		/**
		 * Redis has not taken a command.
		 */
		void failed(Throwable ex);

		/**
		 * A round is over.
		 * @param taken how many Redis has taken in it
		 */
		void over(int taken);

	}

}
