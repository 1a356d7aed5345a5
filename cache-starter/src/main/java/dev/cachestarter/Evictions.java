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

package dev.cachestarter;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

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
 * <p>
 * What Redis did not take is asked for again when the link is back, and then every
 * second, so that one target which Redis refuses for good (no permission) does not hold
 * up the others. Evicting is idempotent and a late {@code UNLINK} makes no more than a
 * miss, so asking once too often is always safe.
 *
 * <h2>Restarts</h2>
 *
 * <p>
 * A server that restarts from a dump, or a replica that takes over, may have the entries
 * again that were evicted after the dump or the last replicated command, generation and
 * all. So what was acknowledged in the last minute before it was lost is remembered, and
 * becomes pending again when the server is found to be another than before, before it is
 * read from. An acknowledgement of the one before that is heard of only then does not
 * count any more: {@link #acknowledged} and {@link #replayRecent()} each write what the
 * other reads first, so that one of them sees the other.
 */
final class Evictions {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	/** How many patterns are kept apart; matching a read against them is linear. */
	private static final int MAX_GLOBS = 100;

	private static final long RECENT_NANOS = TimeUnit.MINUTES.toNanos(1);

	private static final Target ALL = new All();

	private final RedisLink link;

	private final EntryStore store;

	private final KeyLayout layout;

	private final Sweeper sweeper;

	private final ScheduledExecutorService timer;

	private final int maxEntries;

	/** The pending targets that are looked up, each with its newest sequence. */
	private final ConcurrentMap<Target, Long> pending = new ConcurrentHashMap<>();

	/** Those that are matched. */
	private final ConcurrentMap<Target, Long> globs = new ConcurrentHashMap<>();

	private final AtomicLong sequences = new AtomicLong();

	/** How often the server was found to be another. */
	private final AtomicLong restarts = new AtomicLong();

	private final ConcurrentMap<String, AtomicLong> epochs = new ConcurrentHashMap<>();

	private final AtomicLong globEpoch = new AtomicLong();

	/** When a target was last acknowledged, for those of the last minute. */
	private final ConcurrentMap<Target, Long> recent = new ConcurrentHashMap<>();

	private final AtomicLong lastPruned = new AtomicLong(System.nanoTime());

	private final AtomicBoolean draining = new AtomicBoolean();

	/** Whether the timer is to drain; else each return of the link would add a timer. */
	private final AtomicBoolean scheduled = new AtomicBoolean();

	private final AtomicBoolean behind = new AtomicBoolean();

	Evictions(RedisLink link, EntryStore store, KeyLayout layout, Sweeper sweeper, ScheduledExecutorService timer,
			int maxEntries) {
		this.link = link;
		this.store = store;
		this.layout = layout;
		this.sweeper = sweeper;
		this.timer = timer;
		this.maxEntries = maxEntries;
	}

	/**
	 * Evict. The target is bypassed here from this moment on, and for every reader of
	 * every instance once the result is there.
	 * @param target what to evict
	 * @return how many entries or generations there were; fails if Redis has not taken
	 * it, in which case it stays pending
	 */
	CompletableFuture<Long> evict(Target target) {
		Target registered = register(target);
		long sequence = this.sequences.incrementAndGet();
		pendingOf(registered).put(registered, sequence);
		// Only now: whoever sees the new epoch sees the pending eviction too.
		epochOf(registered).incrementAndGet();
		return ask(registered, sequence).whenComplete((removed, ex) -> {
			if (ex != null) {
				fellBehind();
			}
		});
	}

	private Target register(Target target) {
		Target wider = target;
		if (this.pending.size() >= this.maxEntries && !this.pending.containsKey(target)) {
			wider = target.widen();
			if (this.pending.size() >= 2 * this.maxEntries && !this.pending.containsKey(wider)) {
				wider = wider.widen();
			}
		}
		if (wider instanceof Glob && this.globs.size() >= MAX_GLOBS && !this.globs.containsKey(wider)) {
			wider = wider.widen();
		}
		return wider;
	}

	private ConcurrentMap<Target, Long> pendingOf(Target target) {
		return (target instanceof Glob) ? this.globs : this.pending;
	}

	private boolean isNonePending() {
		return this.pending.isEmpty() && this.globs.isEmpty();
	}

	private CompletableFuture<Long> ask(Target target, long sequence) {
		long restarts = this.restarts.get();
		return perform(target).thenApply((removed) -> {
			if (!acknowledged(target, sequence, restarts)) {
				throw RedisErrors.AWAY;
			}
			return removed;
		}).whenComplete((removed, ex) -> {
			if (ex == null) {
				if (logger.isDebugEnabled() && !(target instanceof Group) && !(target instanceof Whole)) {
					logger.debug("Cache INVALIDATE (pattern: " + target.describe() + ", count: " + removed + ")");
				}
				this.sweeper.sweepLater(target);
			}
		});
	}

	/**
	 * Take note of an acknowledgement.
	 * @param restarts how many restarts had been seen when it was asked for
	 * @return whether it counts
	 */
	private boolean acknowledged(Target target, long sequence, long restarts) {
		remember(target);
		if (this.restarts.get() != restarts) {
			return false;
		}
		pendingOf(target).computeIfPresent(target, (key, newest) -> (newest == sequence) ? null : newest);
		return true;
	}

	private void remember(Target target) {
		long now = System.nanoTime();
		long pruned = this.lastPruned.get();
		if (now - pruned > TimeUnit.SECONDS.toNanos(5) && this.lastPruned.compareAndSet(pruned, now)) {
			long lastWhole = this.link.lastWhole();
			this.recent.values().removeIf((when) -> lastWhole - when > RECENT_NANOS);
		}
		Target kept = target;
		while (this.recent.size() >= this.maxEntries && !this.recent.containsKey(kept) && !kept.equals(kept.widen())) {
			kept = kept.widen();
		}
		this.recent.put(kept, now);
	}

	/**
	 * Make pending again what was acknowledged lately, by a server that is not there any
	 * more.
	 */
	void replayRecent() {
		long lastWhole = this.link.lastWhole();
		this.restarts.incrementAndGet();
		this.recent.forEach((target, when) -> {
			if (lastWhole - when <= RECENT_NANOS) {
				// Newer than an acknowledgement that is just being taken note of.
				pendingOf(target).put(target, this.sequences.incrementAndGet());
			}
		});
		if (!isNonePending()) {
			this.behind.set(true);
		}
	}

	private CompletableFuture<Long> perform(Target target) {
		if (target instanceof Key key) {
			return this.store.unlink(key.key().redisKey());
		}
		if (target instanceof Group group) {
			return this.store.unlink(this.layout.groupGenerationKey(group.cacheName(), group.group()));
		}
		if (target instanceof Whole whole) {
			return this.store.unlink(this.layout.cacheGenerationKey(whole.cacheName()));
		}
		if (target instanceof All) {
			List<byte[]> generations = new ArrayList<>();
			this.layout.cacheNames().forEach((name) -> generations.add(this.layout.cacheGenerationKey(name)));
			generations.add(this.layout.cacheGenerationKey(""));
			return this.store.unlink(generations.toArray(byte[][]::new));
		}
		return this.sweeper.delete((Glob) target);
	}

	/**
	 * Return whether a key is named by an eviction that Redis has not taken yet.
	 */
	boolean covers(StoredKey key) {
		if (isNonePending()) {
			return false;
		}
		String group = key.group();
		if (this.pending.containsKey(ALL) || this.pending.containsKey(new Key(key))
				|| this.pending.containsKey(new Whole(key.cacheName()))
				|| (group != null && this.pending.containsKey(new Group(key.cacheName(), group)))) {
			return true;
		}
		for (Target glob : this.globs.keySet()) {
			if (glob.names(key)) {
				return true;
			}
		}
		return false;
	}

	/**
	 * Return a number that changes whenever something is evicted here that may concern a
	 * key.
	 */
	long epoch(StoredKey key) {
		AtomicLong epoch = this.epochs.get(key.cacheName());
		return this.globEpoch.get() + ((epoch != null) ? epoch.get() : 0);
	}

	private AtomicLong epochOf(Target target) {
		String cacheName = target.cacheName();
		return (cacheName != null) ? this.epochs.computeIfAbsent(cacheName, (name) -> new AtomicLong())
				: this.globEpoch;
	}

	int pendingCount() {
		return this.pending.size() + this.globs.size();
	}

	private void fellBehind() {
		if (this.behind.compareAndSet(false, true)) {
			logger.warn("Cache evictions are pending: Redis has not taken them. What they name is bypassed here until "
					+ "it has; other instances may still read it");
			drainLater();
		}
	}

	private void drainLater() {
		if (!this.scheduled.compareAndSet(false, true)) {
			return;
		}
		try {
			this.timer.schedule(() -> {
				this.scheduled.set(false);
				drain();
			}, 1, TimeUnit.SECONDS);
		}
		catch (RejectedExecutionException ex) {
			// Closing: the last drain was made by close().
		}
	}

	/**
	 * Ask Redis again for all that is pending.
	 * @return completed when every one was answered
	 */
	CompletableFuture<Integer> drain() {
		if (!this.behind.get() || !this.draining.compareAndSet(false, true)) {
			return CompletableFuture.completedFuture(0);
		}
		List<CompletableFuture<Long>> asked = new ArrayList<>();
		if (this.link.isUp()) {
			this.pending.forEach((target, sequence) -> asked.add(ask(target, sequence)));
			this.globs.forEach((target, sequence) -> asked.add(ask(target, sequence)));
		}
		return CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new)).handle((done, ex) -> {
			int taken = (int) asked.stream().filter((future) -> !future.isCompletedExceptionally()).count();
			this.draining.set(false);
			if (!isNonePending()) {
				drainLater();
			}
			else if (this.behind.compareAndSet(true, false)) {
				logger.info("Cache evictions replayed: " + taken + " that were pending are applied");
				if (!isNonePending()) {
					fellBehind();
				}
			}
			return taken;
		});
	}

	/**
	 * What an eviction names.
	 */
	sealed interface Target {

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
	record Key(StoredKey key) implements Target {

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
	record Group(String cacheName, String group) implements Target {

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
	record Whole(String cacheName) implements Target {

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
	record Glob(@Nullable String cacheName, KeyPattern pattern) implements Target {

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
