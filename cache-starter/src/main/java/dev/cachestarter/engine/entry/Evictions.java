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
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.entry.PendingEvictions.Late;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.engine.key.KeyText;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.redis.RedisErrors;
import dev.cachestarter.engine.redis.RedisLink;

/**
 * Evictions, from the call until Redis has acknowledged them.
 *
 * <p>
 * An eviction is <em>pending</em> from before Redis is asked until Redis has acknowledged
 * that very asking. While it is, this application neither reads nor fills what it names:
 * so a reader of this application cannot get what was evicted, whether Redis is slow,
 * refuses, or is away, and whatever the state of the link. Reads ask this set, not the
 * link.
 * <p>
 * Each asking has a sequence of its own. The same target evicted again while it is
 * pending is one entry with a newer sequence, and only the acknowledgement of the newest
 * removes it: the older one says nothing of what was stored between the two.
 *
 * <h2>Asking again</h2>
 *
 * <p>
 * What Redis did not take is <em>late</em>. It is asked for again before the link is up
 * again, and then every second. Evicting is idempotent and a late {@code UNLINK} makes no
 * more than a miss, so asking once too often is always safe.
 * <p>
 * Many are asked for at once: so many keys, or bytes of keys, in one command, so many
 * commands under way. A command that Redis refuses for the sake of one key is halved
 * until that key is found; such a key (no permission) is asked for every ten seconds and
 * holds up nothing else. Any other failure ends the round, since the next command would
 * fail alike. Patterns, which take a walk through all keys each, are asked for apart from
 * the rest, a few at a time.
 *
 * <h2>Restarts</h2>
 *
 * <p>
 * A server that restarts from a dump, or a replica that takes over, may have the entries
 * again that were evicted after the dump or the last replicated command, generation and
 * all. So what was acknowledged lately is remembered, and becomes pending again when the
 * server is found to be another than before, before it is read from. Lately means in the
 * minute before the old server was lost, however long ago that is. An acknowledgement of
 * the one before that is heard of only then does not count any more:
 * {@link #acknowledged} and {@link #replayRecent} each write what the other reads first,
 * so that one of them sees the other.
 */
public final class Evictions {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	static final Target ALL = new All();

	/** A minute, and what it may take to notice that a server is lost. */
	private static final long RECENT_NANOS = TimeUnit.SECONDS.toNanos(65);

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

	private final RedisLink link;

	private final EntryStore store;

	private final KeyLayout layout;

	private final Sweeper sweeper;

	private final ScheduledExecutorService timer;

	private final int maxEntries;

	/** As {@link System#nanoTime()}. */
	private final LongSupplier clock;

	private final PendingEvictions pending;

	private final AtomicLong sequences = new AtomicLong();

	/** How often the server was found to be another. */
	private final AtomicLong restarts = new AtomicLong();

	private final ConcurrentMap<String, AtomicLong> epochs = new ConcurrentHashMap<>();

	private final AtomicLong globEpoch = new AtomicLong();

	/** When a target was last acknowledged, for those of the last minute. */
	private final ConcurrentMap<Target, Long> recent = new ConcurrentHashMap<>();

	private final AtomicLong lastPruned = new AtomicLong();

	/** How often one server was found to be in the place of another. */
	private final AtomicLong servers = new AtomicLong();

	/** Those that Redis refuses for their own sake. */
	private final Set<Target> refused = ConcurrentHashMap.newKeySet();

	private final AtomicLong refusedAskedAt = new AtomicLong();

	/** Whether it was said that Redis refuses evictions. */
	private final AtomicBoolean warned = new AtomicBoolean();

	private final AtomicInteger takenSinceWarned = new AtomicInteger();

	/** What was taken in attempts to come back, and has not been told. */
	private final AtomicInteger takenUntold = new AtomicInteger();

	private final Drain exact = new Drain(false);

	private final Drain patterns = new Drain(true);

	public Evictions(RedisLink link, EntryStore store, KeyLayout layout, Sweeper sweeper,
			ScheduledExecutorService timer, int maxEntries, LongSupplier clock) {
		this.link = link;
		this.clock = clock;
		this.store = store;
		this.layout = layout;
		this.sweeper = sweeper;
		this.timer = timer;
		this.maxEntries = maxEntries;
		this.pending = new PendingEvictions(maxEntries);
		this.lastPruned.set(clock.getAsLong());
	}

	/**
	 * Evict. The target is bypassed here from this moment on, and for every reader of
	 * every instance once the result is there.
	 * @param target what to evict
	 * @return how many entries or generations there were; fails if Redis has not taken
	 * it, in which case it stays pending
	 */
	public CompletableFuture<Long> evict(Target target) {
		Target fitting = this.pending.fit(target);
		long sequence = this.sequences.incrementAndGet();
		this.pending.add(fitting, sequence, false);
		// Only now: whoever sees the new epoch sees the pending eviction too.
		epochOf(fitting).incrementAndGet();
		boolean up = this.link.isUp();
		CompletableFuture<Long> asked = ask(fitting, sequence).whenComplete((removed, ex) -> {
			if (ex != null) {
				this.pending.failed(fitting, sequence);
				warn(ex);
				((fitting instanceof Glob) ? this.patterns : this.exact).later();
			}
		});
		// While the link recovers Redis is asked, but nobody waits for it: it is pending
		// until it is answered, and a server that hangs would have each caller wait.
		return (up || asked.isDone()) ? asked : CompletableFuture.failedFuture(RedisErrors.AWAY);
	}

	private CompletableFuture<Long> ask(Target target, long sequence) {
		long server = this.servers.get();
		return perform(target).thenApply((removed) -> {
			if (!acknowledged(target, sequence, server)) {
				throw RedisErrors.AWAY;
			}
			return removed;
		}).whenComplete((removed, ex) -> {
			if (ex == null) {
				if (logger.isDebugEnabled() && !(target instanceof Group) && !(target instanceof Whole)) {
					logger.debug("Cache INVALIDATE (pattern: " + KeyText.printable(target.describe()) + ", count: "
							+ removed + ")");
				}
			}
		});
	}

	/**
	 * Take note of an acknowledgement.
	 * @param server how many servers had been seen when it was asked for
	 * @return whether it counts
	 */
	private boolean acknowledged(Target target, long sequence, long server) {
		remember(target);
		if (server != this.servers.get()) {
			this.pending.failed(target, sequence);
			return false;
		}
		this.pending.acknowledged(target, sequence);
		this.refused.remove(target);
		this.sweeper.sweepLater(target);
		return true;
	}

	/**
	 * Remember that what a server holds depends on this target having been evicted from
	 * it, or replaced on it, lately.
	 */
	public void remember(Target target) {
		long now = this.clock.getAsLong();
		long pruned = this.lastPruned.get();
		if (now - pruned > TimeUnit.SECONDS.toNanos(5) && this.lastPruned.compareAndSet(pruned, now)) {
			long lastWhole = this.link.lastWhole();
			this.recent.values().removeIf((when) -> lastWhole - when > RECENT_NANOS);
		}
		Target kept = target;
		while (this.recent.size() >= this.maxEntries && !this.recent.containsKey(kept) && !kept.equals(kept.widen())) {
			kept = kept.widen();
		}
		this.recent.merge(kept, now, Math::max);
	}

	/**
	 * Make pending again what was acknowledged, by a server that is not there any more,
	 * in the minute before it was lost.
	 * @param lost when that was, in {@link System#nanoTime()}
	 */
	public void replayRecent(long lost) {
		this.servers.incrementAndGet();
		this.recent.forEach((target, when) -> {
			if (lost - when <= RECENT_NANOS) {
				// Newer than an acknowledgement that is just being taken note of.
				this.pending.add(this.pending.fit(target), this.sequences.incrementAndGet(), true);
			}
		});
	}

	private CompletableFuture<Long> perform(Target target) {
		return (target instanceof Glob glob) ? this.sweeper.delete(glob)
				: this.store.unlink(keysOf(target).toArray(byte[][]::new));
	}

	private List<byte[]> keysOf(Target target) {
		if (target instanceof Key key) {
			return List.of(key.key().redisKey());
		}
		if (target instanceof Group group) {
			return List.of(this.layout.groupGenerationKey(group.cacheName(), group.group()));
		}
		if (target instanceof Whole whole) {
			return List.of(this.layout.cacheGenerationKey(whole.cacheName()));
		}
		List<byte[]> generations = new ArrayList<>();
		this.layout.cacheNames().forEach((name) -> generations.add(this.layout.cacheGenerationKey(name)));
		generations.add(this.layout.cacheGenerationKey(""));
		return generations;
	}

	/**
	 * Return whether a key is named by an eviction that Redis has not taken yet.
	 */
	public boolean covers(StoredKey key) {
		return this.pending.covers(key);
	}

	/**
	 * Return a number that changes whenever something is evicted here that may concern a
	 * key.
	 */
	public long epoch(StoredKey key) {
		AtomicLong epoch = this.epochs.get(key.cacheName());
		return this.globEpoch.get() + ((epoch != null) ? epoch.get() : 0);
	}

	private AtomicLong epochOf(Target target) {
		String cacheName = target.cacheName();
		return (cacheName != null) ? this.epochs.computeIfAbsent(cacheName, (name) -> new AtomicLong())
				: this.globEpoch;
	}

	public int pendingCount() {
		return this.pending.size();
	}

	/** Redis away is said by the link; this is about one that is there and refuses. */
	private void warn(Throwable ex) {
		if (RedisErrors.isRefusal(ex) && this.link.isUp() && this.warned.compareAndSet(false, true)) {
			this.takenSinceWarned.set(0);
			logger.warn("Cache evictions are pending: Redis refuses them (" + RedisErrors.prefix(RedisLink.unwrap(ex))
					+ "). What they name is bypassed here until it has taken "
					+ "them; other instances may still read it");
		}
	}

	private void reportIfAllTaken() {
		if (this.warned.get() && !this.pending.isAnyLate(false) && !this.pending.isAnyLate(true)
				&& this.warned.compareAndSet(true, false)) {
			logger.info("Cache evictions replayed: " + this.takenSinceWarned.get() + " that were pending are applied");
		}
	}

	/**
	 * Ask a Redis that is back, before it is read from, for all that is pending, and for
	 * nothing once: one that answers {@code PING} need not take writes.
	 * @return how many it has taken, in attempts to come back that came to nothing too,
	 * since that was last {@link #told(int) told}
	 */
	public CompletableFuture<Integer> recover() {
		this.refused.clear();
		CompletableFuture<Integer> probe = this.store.unlink(this.layout.probeKey()).handle((none, ex) -> 0);
		return probe.thenCombine(drainAll(), Integer::sum).thenApply(this.takenUntold::addAndGet);
	}

	/**
	 * Take note that it was told how many were taken.
	 */
	public void told(int taken) {
		this.takenUntold.addAndGet(-taken);
	}

	/**
	 * Ask for all that is pending, under way or not.
	 * @return how many Redis has taken, when every one was answered
	 */
	public CompletableFuture<Integer> drainAll() {
		return this.exact.run(true).thenCombine(this.patterns.run(true), Integer::sum);
	}

	/**
	 * Asks Redis again, in rounds of which one runs at a time.
	 */
	private final class Drain {

		private final boolean ofPatterns;

		private final AtomicReference<CompletableFuture<Integer>> last = new AtomicReference<>(
				CompletableFuture.completedFuture(0));

		/** Whether the timer is to start a round; else each failure would add one. */
		private final AtomicBoolean scheduled = new AtomicBoolean();

		Drain(boolean ofPatterns) {
			this.ofPatterns = ofPatterns;
		}

		/** Have another round in a second. */
		void later() {
			if (!this.scheduled.compareAndSet(false, true)) {
				return;
			}
			try {
				Evictions.this.timer.schedule(() -> {
					this.scheduled.set(false);
					run(false);
				}, 1, TimeUnit.SECONDS);
			}
			catch (RejectedExecutionException ex) {
				// Closing: the last round was made by close().
			}
		}

		/**
		 * Start a round when the one before is over.
		 * @param all whether to ask for what is under way, too
		 * @return how many Redis has taken
		 */
		CompletableFuture<Integer> run(boolean all) {
			CompletableFuture<Integer> round = new CompletableFuture<>();
			this.last.getAndSet(round).whenComplete((before, ignored) -> round(all).whenComplete((taken, ex) -> {
				Evictions.this.takenSinceWarned.addAndGet((taken != null) ? taken : 0);
				if (Evictions.this.pending.isAnyLate(this.ofPatterns)) {
					later();
				}
				reportIfAllTaken();
				round.complete((taken != null) ? taken : 0);
			}));
			return round;
		}

		private CompletableFuture<Integer> round(boolean all) {
			long now = System.nanoTime();
			long askedAt = Evictions.this.refusedAskedAt.get();
			if (now - askedAt > REFUSED_PAUSE_NANOS && Evictions.this.refusedAskedAt.compareAndSet(askedAt, now)) {
				Evictions.this.refused.clear();
			}
			Map<Object, Queue<List<Late>>> batches = new HashMap<>();
			Map<Object, List<Late>> open = new HashMap<>();
			Map<Object, Integer> lengths = new HashMap<>();
			for (Late late : Evictions.this.pending.list(this.ofPatterns, all)) {
				if (Evictions.this.refused.contains(late.target())) {
					continue;
				}
				// One server that hangs or refuses does not hold up the others.
				Object server = this.ofPatterns ? "" : serverOf(late.target());
				List<Late> batch = open.computeIfAbsent(server, (same) -> new ArrayList<>());
				batch.add(late);
				int length = lengths.merge(server, this.ofPatterns ? 0 : lengthOf(late.target()), Integer::sum);
				if (this.ofPatterns || batch.size() == BATCH || length >= BATCH_BYTES) {
					batches.computeIfAbsent(server, (same) -> new ConcurrentLinkedQueue<>()).add(batch);
					open.remove(server);
					lengths.remove(server);
				}
			}
			open.forEach((server, batch) -> batches.computeIfAbsent(server, (same) -> new ConcurrentLinkedQueue<>())
				.add(batch));
			List<CompletableFuture<Integer>> lanes = new ArrayList<>();
			for (Queue<List<Late>> queue : batches.values()) {
				for (int lane = 0; lane < (this.ofPatterns ? WALKS : BATCHES); lane++) {
					lanes.add(oneAfterAnother(queue));
				}
			}
			return RedisLink.all(lanes).thenApply((taken) -> taken.stream().mapToInt(Integer::intValue).sum());
		}

		private CompletableFuture<Integer> oneAfterAnother(Queue<List<Late>> batches) {
			List<Late> batch = batches.poll();
			if (batch == null) {
				return CompletableFuture.completedFuture(0);
			}
			return ask(batch, batches)
				.thenCompose((taken) -> oneAfterAnother(batches).thenApply((more) -> taken + more));
		}

		private CompletableFuture<Integer> ask(List<Late> batch, Queue<List<Late>> rest) {
			long server = Evictions.this.servers.get();
			return perform(batch).handle((removed, ex) -> {
				if (ex == null) {
					batch.forEach((late) -> acknowledged(late.target(), late.sequence(), server));
					return CompletableFuture.completedFuture(batch.size());
				}
				warn(ex);
				batch.forEach((late) -> Evictions.this.pending.failed(late.target(), late.sequence()));
				if (!RedisErrors.isForbidden(ex)) {
					rest.clear();
					return CompletableFuture.completedFuture(0);
				}
				if (batch.size() == 1) {
					Evictions.this.refused.add(batch.get(0).target());
					return CompletableFuture.completedFuture(0);
				}
				int half = batch.size() / 2;
				return ask(batch.subList(0, half), rest).thenCombine(ask(batch.subList(half, batch.size()), rest),
						Integer::sum);
			}).thenCompose((next) -> next);
		}

		private CompletableFuture<Long> perform(List<Late> batch) {
			if (this.ofPatterns) {
				return Evictions.this.perform(batch.get(0).target());
			}
			List<byte[]> keys = new ArrayList<>();
			batch.forEach((late) -> keys.addAll(keysOf(late.target())));
			return Evictions.this.store.unlink(keys.toArray(byte[][]::new));
		}

		private int lengthOf(Target target) {
			return keysOf(target).stream().mapToInt((key) -> key.length).sum();
		}

		private Object serverOf(Target target) {
			// All has keys on every server, and so a round of its own.
			return (target instanceof All) ? ALL : Evictions.this.link.serverOf(keysOf(target).get(0));
		}

	}

	/**
	 * What an eviction names.
	 */
	public sealed interface Target {

		/**
		 * The cache it is within, {@code null} if it may be several.
		 */
		@Nullable String cacheName();

		/**
		 * Whether it names a key.
		 */
		boolean names(StoredKey key);

		/**
		 * The next wider target, for when there are too many.
		 */
		Target widen();

		/**
		 * The pattern as a reader of the log knows it.
		 */
		String describe();

	}

	/**
	 * One key.
	 */
	public record Key(StoredKey key) implements Target {

		@Override
		public boolean names(StoredKey other) {
			return this.key.equals(other);
		}

		@Override
		public String cacheName() {
			return this.key.cacheName();
		}

		@Override
		public Target widen() {
			String group = this.key.group();
			return (group != null) ? new Group(this.key.cacheName(), group) : new Whole(this.key.cacheName());
		}

		@Override
		public String describe() {
			return this.key.displayName();
		}

	}

	/**
	 * All keys of a cache with one first segment.
	 */
	public record Group(String cacheName, String group) implements Target {

		@Override
		public boolean names(StoredKey key) {
			return this.cacheName.equals(key.cacheName()) && this.group.equals(key.group());
		}

		@Override
		public Target widen() {
			return new Whole(this.cacheName);
		}

		@Override
		public String describe() {
			return (this.cacheName.isEmpty() ? "" : this.cacheName + ":") + this.group + ":*";
		}

	}

	/**
	 * All keys of a cache.
	 */
	public record Whole(String cacheName) implements Target {

		@Override
		public boolean names(StoredKey key) {
			return this.cacheName.equals(key.cacheName());
		}

		@Override
		public Target widen() {
			return this;
		}

		@Override
		public String describe() {
			return (this.cacheName.isEmpty() ? "" : this.cacheName + ":") + "*";
		}

	}

	/**
	 * The keys that match a pattern: of one cache, or, where that is {@code null}, of all
	 * that this application keeps under its prefix.
	 */
	public record Glob(@Nullable String cacheName, KeyPattern pattern) implements Target {

		@Override
		public boolean names(StoredKey key) {
			return (this.cacheName != null) ? this.cacheName.equals(key.cacheName()) && this.pattern.matches(key.key())
					: this.pattern.matches(key.displayName());
		}

		@Override
		public Target widen() {
			return (this.cacheName != null) ? new Whole(this.cacheName) : ALL;
		}

		@Override
		public String describe() {
			String cache = this.cacheName;
			return (cache == null || cache.isEmpty()) ? this.pattern.glob() : cache + ":" + this.pattern.glob();
		}

	}

	/**
	 * All that this application keeps, by the generations of its caches. Not the pattern
	 * {@code *}: with an empty key prefix that would take others' keys.
	 */
	record All() implements Target {

		@Override
		public @Nullable String cacheName() {
			return null;
		}

		@Override
		public boolean names(StoredKey key) {
			return true;
		}

		@Override
		public Target widen() {
			return this;
		}

		@Override
		public String describe() {
			return "*";
		}

	}

}
