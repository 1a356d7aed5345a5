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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.DaemonThreads;
import dev.cachestarter.engine.connection.Futures;
import dev.cachestarter.engine.connection.RedisCommands.KeyPage;
import dev.cachestarter.engine.connection.RedisErrors;
import dev.cachestarter.engine.entry.DueTargets.Announced;
import dev.cachestarter.engine.entry.Target.Group;
import dev.cachestarter.engine.entry.Target.Whole;
import dev.cachestarter.engine.key.KeyBytes;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.redis.RedisLink.Master;
import dev.cachestarter.engine.redis.RedisLink;
import dev.cachestarter.engine.tag.CarriedTags;
import dev.cachestarter.engine.tag.ReadGenerations;

/**
 * Removes, before their TTL does, the entries that a generation has made unreadable.
 * <p>
 * Nothing depends on it: the entries are unreadable already. So it takes its time, and
 * one walk through the keys serves all that is due.
 * <ol>
 * <li><b>Announce</b>: what was evicted here is made known in Redis ({@link DueTargets}),
 * so that it is swept also if this instance ends, and so that whoever sweeps does it for
 * all.
 * <li><b>Elect</b>: one instance at a time sweeps, under a lease in Redis, which it
 * renews as it walks and gives back at its end. (If Redis cannot be reached then, it goes
 * on under that lease as soon as it can.) Who does not get it asks again while something
 * is due, so that a sweeper that died is replaced when its lease has run out. What nobody
 * is left to ask for is found by the look that every instance takes now and then.
 * <li><b>Walk</b>, once for all that was due at its beginning, and again while more has
 * come. After each page it pauses for nineteen times as long as the page took. An entry
 * that a target names is deleted by a script that compares the header that was read. That
 * header's generations are compared with those read <em>after</em> it: a generation never
 * comes back, so one that differs then is dead, and a new value or a live lease is never
 * touched.
 * <li><b>Forget</b> what was due at its beginning, and log what was removed. A walk that
 * did not come to its end forgets nothing.
 * </ol>
 * <p>
 * <b>Tags.</b> An entry is dead, too, when a tag that it carries has another generation
 * than it had then, or none. Which entries those are no key tells, so the tags of all
 * entries are read that carry any. That costs more than looking for a group, and evicting
 * a tag is no reason to do it at once: the entries are gone for every reader. So only the
 * looks that are taken now and then look for them, and one walk a minute serves all tags.
 * The order is the same: an entry's tags, then their generations, and what is deleted has
 * the header that was read with these tags. It must also be of the current generations of
 * its cache and group. What is not is another target's, or of another application, whose
 * tags we do not know.
 * <p>
 * When Redis is out of memory nothing can be announced and no lease be placed, and memory
 * is just what a sweep would free. Each instance then sweeps what it has evicted itself:
 * that two do so at once is more work and no harm.
 * <p>
 * Of what belongs to no named cache here, only what its writer has marked so is swept,
 * and only if all of it was evicted: another key could be of a cache that only another
 * instance knows, under generations of its own.
 */
public final class Sweeper {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	/** What is longer is announced, and kept here, as its cache. */
	private static final int LONGEST_NAME = 2048;

	/** What elects when Redis is out of memory. */
	private static final byte[] NO_LEASE = new byte[0];

	private static final byte[] ONE = KeyBytes.of("1");

	/** How many bytes of entries are read for their tags in one go. */
	private static final int TAGGED_BYTES = 65_536;

	private final RedisLink link;

	private final EntryStore store;

	private final KeyLayout layout;

	private final Pace pace;

	private final ScheduledExecutorService worker = Executors
		.newSingleThreadScheduledExecutor((task) -> DaemonThreads.daemon(task, "cache-starter-sweeper"));

	private final DueTargets announced;

	/** What was evicted here and is not announced yet. */
	private final Set<Target> due = ConcurrentHashMap.newKeySet();

	/** Whether the worker is to look; else each eviction would add a task. */
	private final AtomicBoolean scheduled = new AtomicBoolean();

	/** What walks that did not come to their end have removed. Of the worker alone. */
	private final Map<Target, Long> removed = new HashMap<>();

	/** How often in a row it could not be swept. Of the worker alone. */
	private int failures;

	/** The lease that this instance has, or may have. */
	private volatile byte @Nullable [] held;

	/** The end of the last lease. Of the worker alone, until it has ended. */
	private CompletableFuture<Boolean> resigned = CompletableFuture.completedFuture(true);

	private volatile boolean closed;

	private final LongAdder walks = new LongAdder();

	private final LongAdder swept = new LongAdder();

	public Sweeper(RedisLink link, EntryStore store, KeyLayout layout) {
		this(link, store, layout, Pace.DEFAULT);
	}

	public Sweeper(RedisLink link, EntryStore store, KeyLayout layout, Pace pace) {
		this.link = link;
		this.store = store;
		this.layout = layout;
		this.announced = new DueTargets(link, layout, store::newNonce);
		this.pace = pace;
		long look = pace.look().toMillis();
		this.worker.scheduleWithFixedDelay(() -> look(true), look, look, TimeUnit.MILLISECONDS);
	}

	/**
	 * Remove what an acknowledged eviction has left in memory, later.
	 */
	void sweepLater(Target target) {
		String cacheName = target.cacheName();
		if (target instanceof Target.Tag) {
			this.due.add(Target.ANY_TAG);
			// To announce it: whoever looks now and then sweeps it.
			lookAfter(this.pace.gather());
		}
		if (target instanceof Whole || (target instanceof Group group && !group.cacheName().isEmpty())) {
			boolean fits = this.due.size() < DueTargets.MOST && target.describe().length() <= LONGEST_NAME;
			this.due.add(fits ? target : new Whole(String.valueOf(cacheName)));
			lookAfter(this.pace.gather());
		}
	}

	/**
	 * Return how many walks through all keys have come to their end here.
	 */
	public long walks() {
		return this.walks.sum();
	}

	/**
	 * Return how many values were removed here.
	 */
	public long swept() {
		return this.swept.sum();
	}

	/** How much is kept here of what is not announced yet. */
	int dueCount() {
		return this.due.size();
	}

	private void lookAfter(Duration pause) {
		if (this.closed || !this.scheduled.compareAndSet(false, true)) {
			return;
		}
		try {
			this.worker.schedule(() -> {
				this.scheduled.set(false);
				look(false);
			}, pause.toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (RejectedExecutionException ex) {
			// Closed: others sweep what was announced.
		}
	}

	/**
	 * Look whether something is due, and sweep it if nobody else does.
	 * @param tagsToo whether to look for entries of evicted tags as well
	 */
	private void look(boolean tagsToo) {
		try {
			announce();
			Announced found = get(this.announced.look());
			if (!found.outdated().isEmpty()) {
				get(this.announced.forget(found.outdated()));
			}
			if (wanted(found.targets(), tagsToo).isEmpty() && wanted(this.due, tagsToo).isEmpty()) {
				this.removed.clear();
				return;
			}
			byte[] lease = elect();
			if (lease == null) {
				lookAfter(this.pace.retry());
				return;
			}
			try {
				boolean more = sweep(lease, tagsToo);
				while (more) {
					more = sweep(lease, false);
				}
			}
			finally {
				resign(lease);
			}
			this.failures = 0;
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		catch (ExecutionException | TimeoutException | RuntimeException ex) {
			logger.debug("Sweeping is put off: " + RedisErrors.describe(ex));
			// While Redis cannot be reached nothing is sent.
			this.failures = this.link.isUp() ? Math.min(this.failures + 1, 10) : 0;
			Duration pause = this.pace.retry().multipliedBy(1L << this.failures);
			lookAfter((pause.compareTo(this.pace.look()) < 0) ? pause : this.pace.look());
		}
	}

	/**
	 * Sweep once for all that is due.
	 * @param tagsToo whether to look for entries of evicted tags as well
	 * @return whether there may be more by now
	 */
	private boolean sweep(byte[] lease, boolean tagsToo)
			throws InterruptedException, ExecutionException, TimeoutException {
		announce();
		Announced found = get(this.announced.look());
		Set<Target> own = wanted(this.due, tagsToo);
		Set<Target> targets = wanted(found.targets(), tagsToo);
		Map<String, String> lines = new HashMap<>(found.lines());
		if (!tagsToo) {
			lines.remove(DueTargets.TAGS_LINE);
		}
		targets.addAll(own);
		this.removed.keySet().retainAll(targets);
		if (targets.isEmpty()) {
			return false;
		}
		this.due.removeAll(own);
		try {
			if (!walk(targets, lease)) {
				throw new ExecutionException("The lease of the sweep is lost", null);
			}
		}
		catch (InterruptedException | ExecutionException | TimeoutException ex) {
			this.due.addAll(own);
			throw ex;
		}
		this.walks.increment();
		get(this.announced.forget(lines));
		for (Target target : targets) {
			Long count = this.removed.remove(target);
			logger.debug("Cache INVALIDATE ("
					+ (target.equals(Target.ANY_TAG) ? "entries of evicted tags"
							: "pattern: " + target.logName(this.layout.logKeys()))
					+ ", count: " + ((count != null) ? count : 0) + ")");
		}
		return true;
	}

	private static Set<Target> wanted(Set<Target> targets, boolean tagsToo) {
		Set<Target> wanted = new HashSet<>(targets);
		if (!tagsToo) {
			wanted.remove(Target.ANY_TAG);
		}
		return wanted;
	}

	/** Make known to all what is due here, or keep it here if Redis is out of memory. */
	private void announce() throws InterruptedException, ExecutionException, TimeoutException {
		for (List<Target> some : DueTargets.portions(this.due)) {
			// Before it is sent: what is evicted again meanwhile is due again.
			some.forEach(this.due::remove);
			try {
				get(this.announced.announce(some));
			}
			catch (InterruptedException | ExecutionException | TimeoutException ex) {
				this.due.addAll(some);
				if (!(ex instanceof ExecutionException) || !RedisErrors.isOutOfMemory(ex)) {
					throw ex;
				}
			}
		}
	}

	/** Become the one who sweeps: the lease, or {@code null} if another is. */
	private byte @Nullable [] elect() throws InterruptedException, ExecutionException, TimeoutException {
		byte[] before = this.held;
		if (before != null && remains(before)) {
			// It could not be given back when Redis went.
			return before;
		}
		byte[] lease = KeyBytes.of(this.store.newNonce());
		this.held = lease;
		try {
			if (Arrays.equals(get(this.link.run(EntryScripts.ELECT, this.layout.sweepLeaseKey(), lease,
					EntryScripts.millis(this.pace.lease()))), ONE)) {
				return lease;
			}
			this.held = null;
			return null;
		}
		catch (ExecutionException ex) {
			if (RedisErrors.isOutOfMemory(ex) && !this.due.isEmpty()) {
				this.held = null;
				return NO_LEASE;
			}
			throw ex;
		}
	}

	private boolean remains(byte[] lease) throws InterruptedException, ExecutionException, TimeoutException {
		return lease == NO_LEASE || Arrays.equals(get(this.link.run(EntryScripts.RENEW, this.layout.sweepLeaseKey(),
				lease, KeyBytes.of(Long.toString(this.pace.lease().toMillis())))), ONE);
	}

	/** Not waited for, but by the connection's end. */
	private void resign(byte[] lease) {
		if (lease != NO_LEASE) {
			this.resigned = this.store.discard(this.layout.sweepLeaseKey(), lease);
			this.resigned.thenAccept((gone) -> {
				if (this.held == lease) {
					this.held = null;
				}
			});
		}
	}

	/**
	 * Walk through all keys that a target may name, once.
	 * @return whether it came to its end as the one who sweeps
	 */
	private boolean walk(Set<Target> targets, byte[] lease)
			throws InterruptedException, ExecutionException, TimeoutException {
		byte[] match = match(targets);
		long renewed = System.nanoTime();
		for (Master master : get(this.link.masters())) {
			KeyPage page = null;
			do {
				long start = System.nanoTime();
				page = get(master.scan(page, match, this.pace.page()));
				sweep(page.keys(), targets);
				long end = System.nanoTime();
				if (end - renewed > this.pace.lease().toNanos() / 3) {
					if (!remains(lease)) {
						return false;
					}
					renewed = end;
				}
				TimeUnit.NANOSECONDS.sleep(this.pace.nanosAfter(end - start));
			}
			while (!page.isLast());
		}
		return true;
	}

	/** The narrowest pattern that finds what all of them name. */
	private byte[] match(Set<Target> targets) {
		Target first = targets.iterator().next();
		String cacheName = first.cacheName();
		if (targets.size() == 1 && first instanceof Group group) {
			return this.layout.scanPattern(cacheName, KeyPattern.ofGroup(group.group()));
		}
		boolean one = targets.stream().allMatch((target) -> Objects.equals(target.cacheName(), cacheName));
		return this.layout.scanPattern(one ? cacheName : null, KeyPattern.of("*"));
	}

	private void sweep(List<byte[]> redisKeys, Set<Target> targets)
			throws InterruptedException, ExecutionException, TimeoutException {
		boolean tagsToo = targets.contains(Target.ANY_TAG);
		int length = EntryHeader.LENGTH + (tagsToo ? CarriedTags.HEAD_LENGTH : 0);
		List<StoredKey> keys = new ArrayList<>();
		List<CompletableFuture<byte[]>> beginnings = new ArrayList<>();
		for (byte[] redisKey : redisKeys) {
			StoredKey key = this.layout.parse(redisKey);
			if (key != null && (tagsToo || isNamed(key, targets))) {
				keys.add(key);
				beginnings.add(beginning(key, length));
			}
		}
		List<byte[]> found = get(Futures.all(beginnings));
		// Generations after headers: see above.
		Map<Target, CompletableFuture<Observed>> generations = new HashMap<>();
		List<CompletableFuture<@Nullable Target>> swept = new ArrayList<>();
		List<Tagged> tagged = new ArrayList<>();
		for (int i = 0; i < keys.size(); i++) {
			byte[] bytes = found.get(i);
			StoredKey key = keys.get(i);
			EntryHeader header = EntryHeader.parse(bytes);
			boolean named = header != null && isNamed(key, targets)
					&& (!key.cacheName().isEmpty() || header.isUnnamed());
			int tagBytes = (tagsToo && header != null && header.isTagged())
					? CarriedTags.lengthIn(bytes, EntryHeader.LENGTH) : -1;
			if (header != null && (named || tagBytes > 0)) {
				CompletableFuture<Observed> now = generations.computeIfAbsent(groupOf(key),
						(same) -> this.store.observeGenerations(key));
				if (named) {
					byte[] line = Arrays.copyOf(bytes, EntryHeader.LENGTH);
					swept.add(now.thenCompose((read) -> sweep(key, header, read.withEntry(line), targets)));
				}
				if (tagBytes > 0) {
					tagged.add(new Tagged(key, now, EntryHeader.LENGTH + tagBytes));
				}
			}
		}
		for (Target target : get(Futures.all(swept))) {
			if (target != null) {
				this.removed.merge(target, 1L, Long::sum);
				this.swept.increment();
			}
		}
		for (int from = 0; from < tagged.size();) {
			int to = from;
			int bytes = 0;
			while (to < tagged.size() && (to == from || bytes + tagged.get(to).length() <= TAGGED_BYTES)) {
				bytes += tagged.get(to++).length();
			}
			sweepTagged(tagged.subList(from, to));
			from = to;
		}
	}

	/** As much of an entry; nothing of what is no string. */
	private CompletableFuture<byte[]> beginning(StoredKey key, int length) {
		return this.link.readStart(key.redisKey(), length)
			.exceptionallyCompose((ex) -> RedisErrors.isWrongType(ex) ? CompletableFuture.completedFuture(new byte[0])
					: CompletableFuture.failedFuture(ex));
	}

	private static boolean isNamed(StoredKey key, Set<Target> targets) {
		return targets.contains(new Whole(key.cacheName())) || targets.contains(groupOf(key));
	}

	/**
	 * Remove an entry if it is dead.
	 * @return the target that it is counted under, if it was a value and is removed
	 */
	private CompletableFuture<@Nullable Target> sweep(StoredKey key, EntryHeader header, Observed observed,
			Set<Target> targets) {
		if (observed.isUnderGenerations()) {
			return CompletableFuture.completedFuture(null);
		}
		Target whole = new Whole(key.cacheName());
		Target group = groupOf(key);
		boolean ofWhole = targets.contains(whole) && (!targets.contains(group)
				|| !Arrays.equals(observed.cacheGeneration(), KeyBytes.of(header.cacheGeneration())));
		return this.store.discard(key.redisKey(), observed.header())
			.thenApply((gone) -> (!gone || header.isLease()) ? null : ofWhole ? whole : group);
	}

	/**
	 * Remove those of some entries that carry a tag which is not the current one.
	 */
	private void sweepTagged(List<Tagged> entries) throws InterruptedException, ExecutionException, TimeoutException {
		List<Observed> observed = get(Futures.all(entries.stream()
			.map((entry) -> beginning(entry.key(), entry.length()).thenCombine(entry.generations(),
					(bytes, now) -> new Observed(entry.key(), now.cacheGeneration(), now.groupGeneration(), bytes)))
			.toList()));
		Set<String> tags = new LinkedHashSet<>();
		observed.forEach((one) -> tags.addAll(one.isUnderGenerations() ? one.tags() : List.of()));
		if (tags.isEmpty()) {
			return;
		}
		// After the entries: see above.
		List<byte @Nullable []> found = get(
				this.link.read(tags.stream().map(this.store.tags()::keyOf).toArray(byte[][]::new)));
		ReadGenerations generations = ReadGenerations.of(tags, found, 0);
		List<CompletableFuture<Boolean>> discarded = new ArrayList<>();
		for (Observed one : observed) {
			if (one.isUnderGenerations() && !one.tags().isEmpty()
					&& one.withTagGenerations(generations).current() == null) {
				discarded.add(this.store.discard(one.key().redisKey(), one.header()));
			}
		}
		for (boolean gone : get(Futures.all(discarded))) {
			if (gone) {
				this.removed.merge(Target.ANY_TAG, 1L, Long::sum);
				this.swept.increment();
			}
		}
	}

	/** What a key shares its generations with. */
	private static Target groupOf(StoredKey key) {
		String group = key.group();
		return (group != null) ? new Group(key.cacheName(), group) : new Whole(key.cacheName());
	}

	private <T> T get(CompletableFuture<T> future) throws InterruptedException, ExecutionException, TimeoutException {
		return future.get(10, TimeUnit.SECONDS);
	}

	/**
	 * End: a walk stops where it is, and what is due is left to others.
	 */
	public void close() {
		this.closed = true;
		this.worker.shutdownNow();
		long patience = this.link.commandTimeout().toNanos();
		try {
			if (this.worker.awaitTermination(patience, TimeUnit.NANOSECONDS)) {
				announce();
				this.resigned.get(patience, TimeUnit.NANOSECONDS);
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		catch (ExecutionException | TimeoutException | RuntimeException ex) {
			// Redis cannot be reached: the lease runs out, and TTLs remove what is left.
		}
	}

	/**
	 * An entry that carries tags.
	 *
	 * @param generations those of its cache and group, read after its header
	 * @param length how many bytes its header and its tags have
	 */
	private record Tagged(StoredKey key, CompletableFuture<Observed> generations, int length) {

	}

	/**
	 * How it takes its time.
	 *
	 * @param gather from an eviction to the walk, so that one walk serves many
	 * @param retry pause before it asks again for the lease that another has
	 * @param look pause between two looks for what nobody sweeps
	 * @param lease life of the lease
	 * @param page how many keys are looked at in one go
	 * @param pauses how many times as long as a page took the pause after it is
	 * @param longestPause the longest pause: a page that takes very long did not take it
	 * of the server, but of the way to it
	 */
	record Pace(Duration gather, Duration retry, Duration look, Duration lease, int page, int pauses,
			Duration longestPause) {

		/** Of the server's time at most one part in twenty. */
		static final Pace DEFAULT = new Pace(Duration.ofMillis(200), Duration.ofSeconds(2), Duration.ofMinutes(1),
				Duration.ofSeconds(30), 1000, 19, Duration.ofSeconds(2));

		long nanosAfter(long worked) {
			return Math.min(worked * this.pauses, this.longestPause.toNanos());
		}

	}

}
