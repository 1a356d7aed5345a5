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

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.OptionalLong;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.core.log.LogMessage;

import dev.cachestarter.engine.connection.Futures;
import dev.cachestarter.engine.connection.RedisErrors;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.LogKeys;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.redis.RedisLink;
import dev.cachestarter.engine.tag.TagGenerations;

/**
 * Evictions, from the call until Redis has acknowledged them.
 *
 * <p>
 * An eviction is <em>pending</em> from before Redis is asked until Redis has acknowledged
 * that very asking. While it is, this application neither reads nor fills what it names:
 * so a reader of this application cannot get what was evicted, whether Redis is slow,
 * refuses, or cannot be reached, and whatever the state of the link. Reads ask this set,
 * not the link.
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
 * Patterns, which take a walk through all keys each, are asked for apart from the rest
 * (see {@link Drain}).
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

	/** A minute, and what it may take to notice that a server is lost. */
	private static final long RECENT_NANOS = TimeUnit.SECONDS.toNanos(65);

	private final RedisLink link;

	private final KeyLayout layout;

	private final EvictionCommands commands;

	private final Sweeper sweeper;

	private final int maxEntries;

	/** As {@link System#nanoTime()}. */
	private final LongSupplier clock;

	private final PendingEvictions pending;

	private final AtomicLong sequences = new AtomicLong();

	private final ConcurrentMap<String, AtomicLong> epochs = new ConcurrentHashMap<>();

	private final AtomicLong globEpoch = new AtomicLong();

	/** When a target was last acknowledged, for those of the last minute. */
	private final TargetMap<Long> recent = new TargetMap<>();

	private final AtomicLong lastPruned = new AtomicLong();

	/** How often one server was found to be in the place of another. */
	private final AtomicLong servers = new AtomicLong();

	/** Whether it was said that Redis refuses evictions. */
	private final AtomicBoolean warned = new AtomicBoolean();

	/** What Redis refused them with last. */
	private volatile @Nullable String refusedWith;

	private final AtomicInteger takenSinceWarned = new AtomicInteger();

	/** What was taken before the link was up again, and has not been told. */
	private final AtomicInteger takenUntold = new AtomicInteger();

	/** Attempts to come back whose rounds are not over. */
	private final AtomicInteger recovering = new AtomicInteger();

	private final EvictionCounts counts = new EvictionCounts();

	private volatile Consumer<Target> applied = (target) -> {
	};

	private final Drain exact;

	private final Drain patterns;

	public Evictions(RedisLink link, KeyLayout layout, TagGenerations tags, Sweeper sweeper,
			ScheduledExecutorService timer, int maxEntries, LongSupplier clock) {
		this.link = link;
		this.layout = layout;
		this.clock = clock;
		this.commands = new EvictionCommands(link, layout, tags, new PatternWalks(link, layout, sweeper));
		this.sweeper = sweeper;
		this.maxEntries = maxEntries;
		this.pending = new PendingEvictions(maxEntries, clock);
		this.lastPruned.set(clock.getAsLong());
		Drain.Outcome outcome = new DrainOutcome();
		this.exact = new Drain(Target.Kind.EXACT, this.pending, this.commands, outcome, timer);
		this.patterns = new Drain(Target.Kind.PATTERN, this.pending, this.commands, outcome, timer);
	}

	/**
	 * Have somebody told, from now on, of what Redis has acknowledged: on an event loop,
	 * before who waits for it goes on, and while an eviction is pending still.
	 */
	public void tell(Consumer<Target> applied) {
		this.applied = applied;
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
		this.pending.add(fitting, sequence);
		// Only now: whoever sees the new epoch sees the pending eviction too.
		changeEpoch(fitting);
		boolean up = this.link.isUp();
		CompletableFuture<Long> asked = ask(fitting, sequence).whenComplete((removed, ex) -> {
			this.counts.evicted(target, ex);
			if (ex != null) {
				this.pending.failed(fitting, sequence);
				warn(ex);
				drainOf(fitting).later();
			}
		});
		// While the link recovers Redis is asked, but nobody waits for it: it is pending
		// until it is answered, and a server that hangs would have each caller wait.
		return (up || asked.isDone()) ? asked : CompletableFuture.failedFuture(RedisErrors.AWAY);
	}

	/**
	 * Evict several targets as one does, none of them a pattern, with as few commands as
	 * the servers take. All are bypassed here before Redis is asked for the first.
	 * @param targets what to evict
	 * @return how many entries or generations there were; fails if Redis has not taken
	 * all of them, in which case all stay pending
	 */
	public CompletableFuture<Long> evict(List<Target> targets) {
		if (targets.size() == 1) {
			return evict(targets.get(0));
		}
		Map<Target, Long> sequences = new LinkedHashMap<>();
		for (Target target : targets) {
			Target fitting = this.pending.fit(target);
			long sequence = this.sequences.incrementAndGet();
			this.pending.add(fitting, sequence);
			changeEpoch(fitting);
			sequences.put(fitting, sequence);
		}
		boolean up = this.link.isUp();
		long server = this.servers.get();
		CompletableFuture<Long> asked = this.commands.evict(List.copyOf(sequences.keySet())).thenApply((removed) -> {
			boolean counts = true;
			for (Map.Entry<Target, Long> each : sequences.entrySet()) {
				counts &= acknowledged(each.getKey(), each.getValue(), server);
			}
			if (!counts) {
				throw RedisErrors.AWAY;
			}
			logger.debug(LogMessage.format("Cache INVALIDATE (%s: %d, count: %d)",
					(targets.get(0) instanceof Target.Tag) ? "tags" : "keys", sequences.size(), removed));
			return removed;
		}).whenComplete((removed, ex) -> {
			sequences.forEach((target, sequence) -> {
				this.counts.evicted(target, ex);
				if (ex != null) {
					this.pending.failed(target, sequence);
				}
			});
			if (ex != null) {
				warn(ex);
				this.exact.later();
			}
		});
		return (up || asked.isDone()) ? asked : CompletableFuture.failedFuture(RedisErrors.AWAY);
	}

	private Drain drainOf(Target target) {
		return switch (Target.Kind.of(target)) {
			case EXACT -> this.exact;
			case PATTERN -> this.patterns;
		};
	}

	private CompletableFuture<Long> ask(Target target, long sequence) {
		long server = this.servers.get();
		return this.commands.evict(target).thenApply((removed) -> {
			if (!acknowledged(target, sequence, server)) {
				throw RedisErrors.AWAY;
			}
			return removed;
		}).whenComplete((removed, ex) -> {
			if (ex == null) {
				if (logger.isDebugEnabled() && !(target instanceof Target.Group) && !(target instanceof Target.Whole)) {
					logger.debug("Cache INVALIDATE (" + ((target instanceof Target.Tag) ? "tag: " : "pattern: ")
							+ target.logName(this.layout.logKeys()) + ", count: " + removed + ")");
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
		// While it is pending still: nobody reads a copy in between.
		this.applied.accept(target);
		if (server != this.servers.get()) {
			this.pending.failed(target, sequence);
			return false;
		}
		if (this.recovering.get() > 0 || !this.link.isUp()) {
			// Whoever has asked for it: an attempt to come back, or a round in between.
			this.takenUntold.incrementAndGet();
		}
		this.pending.acknowledged(target, sequence);
		drainOf(target).forgetRefused(target);
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
			eachRecent((same, when) -> this.recent.change(same,
					(known) -> (known == null || lastWhole - known > RECENT_NANOS) ? null : known));
		}
		Target kept = target;
		while (isFull() && !this.recent.contains(kept) && !kept.equals(kept.widen())) {
			kept = kept.widen();
		}
		this.recent.change(kept, (known) -> (known == null) ? now : Math.max(known, now));
	}

	private boolean isFull() {
		return this.recent.size() >= this.maxEntries || this.recent.bytes() >= Target.maxBytes(this.maxEntries);
	}

	private void eachRecent(BiConsumer<Target, Long> action) {
		for (Target.Kind kind : Target.Kind.values()) {
			this.recent.all(kind).forEach(action);
		}
	}

	/**
	 * Return what changes when the server is found to be another: to be asked for before
	 * a put is sent.
	 */
	public long server() {
		return this.servers.get();
	}

	/**
	 * Take note that a put has replaced what was there, as if that were evicted: a server
	 * that forgets the put has the old value again.
	 * @param target the key
	 * @param server what {@link #server()} said before the put was sent
	 * @return completed if the put counts; else the key is evicted, since the server that
	 * has taken the put is not there any more
	 */
	public CompletableFuture<Long> replaced(Target.Key target, long server) {
		remember(target);
		this.applied.accept(target);
		// Whoever has read, or loads, what was there before must not stay with it.
		changeEpoch(target);
		return (server == this.servers.get()) ? CompletableFuture.completedFuture(1L) : evict(target);
	}

	/**
	 * Make pending again what was acknowledged, by a server that is not there any more,
	 * in the minute before it was lost.
	 * @param lost when that was, in {@link System#nanoTime()}
	 */
	public void replayRecent(long lost) {
		this.servers.incrementAndGet();
		eachRecent((target, when) -> {
			if (lost - when <= RECENT_NANOS) {
				// Newer than an acknowledgement that is just being taken note of.
				this.pending.addLate(this.pending.fit(target), this.sequences.incrementAndGet());
			}
		});
	}

	/**
	 * Return whether a key is named by an eviction that Redis has not taken yet.
	 */
	public boolean covers(StoredKey key) {
		return this.pending.covers(key);
	}

	/**
	 * Return whether one of some tags is named by an eviction that Redis has not taken
	 * yet.
	 * @param tags the tags, escaped
	 */
	public boolean coversAny(List<String> tags) {
		return this.pending.coversAny(tags);
	}

	/**
	 * Return whether any tag is named by an eviction that Redis has not taken yet.
	 */
	public boolean coversAnyTag() {
		return this.pending.coversAnyTag();
	}

	/**
	 * Return a number that changes whenever something is evicted here that may concern a
	 * key.
	 */
	public long epoch(StoredKey key) {
		AtomicLong epoch = this.epochs.get(key.cacheName());
		return this.globEpoch.get() + ((epoch != null) ? epoch.get() : 0);
	}

	private void changeEpoch(Target target) {
		String cacheName = target.cacheName();
		if (cacheName == null) {
			this.globEpoch.incrementAndGet();
			return;
		}
		epochOf(cacheName).incrementAndGet();
		if (!(target instanceof Target.Key) && !cacheName.isEmpty()) {
			// Keys that were made before the cache was known by name.
			epochOf("").incrementAndGet();
		}
	}

	private AtomicLong epochOf(String cacheName) {
		return this.epochs.computeIfAbsent(cacheName, (name) -> new AtomicLong());
	}

	/**
	 * Return how many were made, and what became of them.
	 */
	public EvictionCounts counts() {
		return this.counts;
	}

	/**
	 * Return how many evictions Redis has not acknowledged, those that are under way at
	 * this moment included.
	 */
	public int pendingCount() {
		return this.pending.size();
	}

	/**
	 * Return for how long the oldest of those is pending that Redis has not taken when it
	 * was asked last.
	 * @return empty if there are none
	 */
	public Optional<Duration> oldestPending() {
		OptionalLong since = this.pending.oldestLate();
		return since.isPresent()
				? Optional.of(Duration.ofNanos(Math.max(0, this.clock.getAsLong() - since.getAsLong())))
				: Optional.empty();
	}

	/**
	 * Return why Redis refuses evictions.
	 * @return the prefix of its error, such as {@code NOPERM}, {@code null} if it does
	 * not refuse them
	 */
	public @Nullable String refusedWith() {
		return this.warned.get() ? this.refusedWith : null;
	}

	/**
	 * Return about how much memory all takes that is remembered of evictions.
	 */
	long bytes() {
		return this.pending.bytes() + this.recent.bytes();
	}

	/**
	 * That Redis cannot be reached is said by the link; this is about one that is there
	 * and refuses.
	 */
	private void warn(Throwable ex) {
		if (!RedisErrors.isRefusal(ex) || !this.link.isUp()) {
			return;
		}
		this.refusedWith = RedisErrors.prefix(Futures.unwrap(ex));
		if (this.warned.compareAndSet(false, true)) {
			this.takenSinceWarned.set(0);
			logger.warn("Cache evictions are pending: Redis refuses them ("
					+ LogKeys.line(RedisErrors.prefix(Futures.unwrap(ex)))
					+ "). What they name is bypassed here until it has taken "
					+ "them; other instances may still read it");
		}
	}

	private void reportIfAllTaken() {
		if (this.warned.get() && !this.pending.isAnyLate() && this.warned.compareAndSet(true, false)) {
			logger.info("Cache evictions replayed: " + this.takenSinceWarned.get() + " that were pending are applied");
		}
	}

	/**
	 * Ask a Redis that is back, before it is read from, for all that is pending, and for
	 * nothing once: one that answers {@code PING} need not take writes.
	 * @return how many it has taken since that was last {@link #told(int) told}: in this
	 * attempt to come back, in those before that came to nothing, and in rounds of the
	 * timer's that came between
	 */
	public CompletableFuture<Integer> recover() {
		this.exact.forgetRefused();
		this.patterns.forgetRefused();
		this.recovering.incrementAndGet();
		CompletableFuture<Integer> probe = this.commands.probe().handle((none, ex) -> 0);
		// Counted when the round ends: the probe of an attempt that came to nothing may
		// be answered long after the attempt that follows it.
		CompletableFuture<Integer> drained = drainAll().handle((taken, ex) -> {
			this.recovering.decrementAndGet();
			return this.takenUntold.get();
		});
		return probe.thenCombine(drained, (none, taken) -> taken);
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
		return this.exact.all().thenCombine(this.patterns.all(), Integer::sum);
	}

	private final class DrainOutcome implements Drain.Outcome {

		@Override
		public long server() {
			return Evictions.this.servers.get();
		}

		@Override
		public void acknowledged(Target target, long sequence, long server) {
			if (Evictions.this.acknowledged(target, sequence, server)) {
				Evictions.this.counts.replayed();
			}
		}

		@Override
		public void failed(Throwable ex) {
			warn(ex);
		}

		@Override
		public void over(int taken) {
			Evictions.this.takenSinceWarned.addAndGet(taken);
			reportIfAllTaken();
		}

	}

}
