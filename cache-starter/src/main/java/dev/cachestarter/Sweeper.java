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

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.cachestarter.EntryStore.Observed;
import dev.cachestarter.Evictions.Glob;
import dev.cachestarter.Evictions.Group;
import dev.cachestarter.Evictions.Target;
import dev.cachestarter.Evictions.Whole;
import dev.cachestarter.RedisLink.Master;
import dev.cachestarter.RedisLink.Page;

/**
 * Walks through the keys with {@code SCAN}: to delete what matches a pattern, and to take
 * away what a generation has made unreadable before its TTL does.
 *
 * <h2>Deleting by pattern</h2>
 *
 * <p>
 * {@code SCAN} returns every key that is there from its beginning to its end, so every
 * value and every lease that was there when the eviction was sent is deleted; a lease
 * placed later belongs to a load that began later. On a cluster all masters are walked;
 * should slots move meanwhile, {@code SCAN} may miss the keys that moved, and the
 * generations of the caches that the pattern can touch are dropped instead.
 *
 * <h2>Sweeping</h2>
 *
 * <p>
 * Nothing depends on it: the entries are unreadable already. So it takes its time. One
 * instance sweeps at a time, under a lease of its own; after each batch it pauses for
 * nineteen times as long as Redis worked on it; and an entry is deleted by a script that
 * compares the header that was read. That header's generations are compared with those
 * read <em>after</em> it: a generation never comes back, so one that differs then is
 * dead, and a new value or a live lease is never touched.
 */
final class Sweeper {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	private static final int BATCH = 500;

	private static final Duration SWEEP_LEASE = Duration.ofSeconds(30);

	/** Of the server's time at most one part in twenty. */
	private static final int PAUSE_FACTOR = 19;

	private static final long MAX_PAUSE_MILLIS = 500;

	private final RedisLink link;

	private final EntryStore store;

	private final KeyLayout layout;

	private final ScheduledExecutorService worker = Executors
		.newSingleThreadScheduledExecutor((task) -> RedisLink.daemon(task, "cache-starter-sweeper"));

	private final Set<Target> due = ConcurrentHashMap.newKeySet();

	private volatile boolean closed;

	Sweeper(RedisLink link, EntryStore store, KeyLayout layout) {
		this.link = link;
		this.store = store;
		this.layout = layout;
	}

	/**
	 * Delete all keys that match a pattern.
	 * @return how many there were; fails if not all masters could be walked
	 */
	CompletableFuture<Long> delete(Glob glob) {
		byte[] match = this.layout.scanPattern(glob.cacheName(), glob.pattern());
		Object before = this.link.topology();
		return this.link.masters().thenCompose((masters) -> {
			List<CompletableFuture<Long>> walks = new ArrayList<>();
			for (Master master : masters) {
				walks.add(walk(master, null, match, glob));
			}
			return RedisLink.all(walks);
		}).thenCompose((counts) -> {
			long removed = counts.stream().mapToLong(Long::longValue).sum();
			if (before.equals(this.link.topology())) {
				return CompletableFuture.completedFuture(removed);
			}
			byte[][] generations = this.layout.cachesTouchedBy(glob.cacheName(), glob.pattern())
				.stream()
				.map(this.layout::cacheGenerationKey)
				.toArray(byte[][]::new);
			return this.store.unlink(generations).thenApply((dropped) -> removed + dropped);
		});
	}

	private CompletableFuture<Long> walk(Master master, @Nullable Page after, byte[] match, Glob glob) {
		return master.scan(after, match, BATCH).thenCompose((page) -> {
			byte[][] keys = page.keys().stream().filter((key) -> isEntry(key, glob)).toArray(byte[][]::new);
			CompletableFuture<Long> deleted = (keys.length > 0) ? this.store.unlink(keys)
					: CompletableFuture.completedFuture(0L);
			// The next page is asked for while this one is deleted.
			return page.isLast() ? deleted : deleted.thenCombine(walk(master, page, match, glob), Long::sum);
		});
	}

	private boolean isEntry(byte[] redisKey, Glob glob) {
		StoredKey key = this.layout.parse(redisKey);
		return key != null && (glob.cacheName() != null || glob.names(key));
	}

	/**
	 * Take away what an acknowledged eviction has left in memory, later.
	 */
	void sweepLater(Target target) {
		if (!(target instanceof Group || target instanceof Whole) || this.closed) {
			return;
		}
		this.due.add(target);
		try {
			this.worker.schedule((Runnable) this::sweep, 200, TimeUnit.MILLISECONDS);
		}
		catch (RejectedExecutionException ex) {
			// Closed: TTLs take them away.
		}
	}

	private void sweep() {
		Target target = null;
		try {
			target = next();
			if (target == null) {
				return;
			}
			byte[] lease = this.store.newNonce().getBytes(StandardCharsets.US_ASCII);
			if (!get(this.link.setIfAbsent(this.layout.sweepLeaseKey(), lease, SWEEP_LEASE))) {
				later(target, 1000);
				return;
			}
			try {
				long removed = 0;
				for (Master master : get(this.link.masters())) {
					removed += sweep(master, target);
				}
				logger.debug("Cache INVALIDATE (pattern: " + target.describe() + ", count: " + removed + ")");
			}
			finally {
				get(this.store.discard(this.layout.sweepLeaseKey(), lease));
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		catch (ExecutionException | TimeoutException ex) {
			if (target != null) {
				later(target, 5000);
			}
		}
	}

	private @Nullable Target next() {
		Iterator<Target> targets = this.due.iterator();
		if (!targets.hasNext()) {
			return null;
		}
		Target first = targets.next();
		this.due.remove(first);
		return first;
	}

	private void later(Target target, long millis) {
		if (!this.closed) {
			this.due.add(target);
			this.worker.schedule((Runnable) this::sweep, millis, TimeUnit.MILLISECONDS);
		}
	}

	private long sweep(Master master, Target target) throws InterruptedException, ExecutionException, TimeoutException {
		KeyPattern pattern = (target instanceof Group group) ? KeyPattern.ofGroup(group.group()) : KeyPattern.of("*");
		byte[] match = this.layout.scanPattern(target.cacheName(), pattern);
		long removed = 0;
		Page page = null;
		do {
			long start = System.nanoTime();
			page = get(master.scan(page, match, BATCH));
			removed += sweep(page.keys());
			long worked = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
			if (!page.isLast()) {
				Thread.sleep(Math.min(MAX_PAUSE_MILLIS, worked * PAUSE_FACTOR));
			}
		}
		while (!page.isLast() && !this.closed);
		return removed;
	}

	private long sweep(List<byte[]> redisKeys) throws InterruptedException, ExecutionException, TimeoutException {
		List<StoredKey> keys = new ArrayList<>();
		List<CompletableFuture<byte[]>> headers = new ArrayList<>();
		for (byte[] redisKey : redisKeys) {
			StoredKey key = this.layout.parse(redisKey);
			if (key != null) {
				keys.add(key);
				headers.add(this.link.readStart(redisKey, EntryHeader.LENGTH).exceptionally((ex) -> new byte[0]));
			}
		}
		List<byte[]> found = get(RedisLink.all(headers));
		// Generations after headers: see above.
		Map<String, CompletableFuture<Observed>> generations = new HashMap<>();
		List<CompletableFuture<Boolean>> removed = new ArrayList<>();
		for (int i = 0; i < keys.size(); i++) {
			byte[] header = found.get(i);
			StoredKey key = keys.get(i);
			if (EntryHeader.parse(header) != null) {
				removed.add(generations
					.computeIfAbsent(key.cacheName() + '\n' + key.group(), (same) -> this.store.observeGenerations(key))
					.thenCompose((now) -> (now.withEntry(header).current() != null)
							? CompletableFuture.completedFuture(false) : this.store.discard(key.redisKey(), header)));
			}
		}
		return get(RedisLink.all(removed)).stream().filter(Boolean::booleanValue).count();
	}

	private <T> T get(CompletableFuture<T> future) throws InterruptedException, ExecutionException, TimeoutException {
		return future.get(10, TimeUnit.SECONDS);
	}

	void close() {
		this.closed = true;
		this.worker.shutdownNow();
	}

}
