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
import java.util.Collection;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.Futures;
import dev.cachestarter.engine.connection.RedisCommands.KeyPage;
import dev.cachestarter.engine.connection.RedisErrors;
import dev.cachestarter.engine.connection.SlotView;
import dev.cachestarter.engine.entry.Target.Glob;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.redis.RedisLink.Master;
import dev.cachestarter.engine.redis.RedisLink;

/**
 * Deletes the entries whose keys match a pattern, by walks through all keys with
 * {@code SCAN}. What others have written under such a key stays.
 * <p>
 * {@code SCAN} returns every key that is there from its beginning to its end. So every
 * value and every lease that was there when the walk began is deleted, and a lease placed
 * later belongs to a load that began later.
 *
 * <h2>Clusters</h2>
 *
 * <p>
 * All masters are walked. A key that moves between two of them meanwhile may be missed on
 * both: so each master is asked before and after the walk which slots it has and which
 * are on the move. If any is, or has moved, the generations of the caches that the
 * pattern can touch are dropped as well. So they are instead of the walk where Redis, or
 * a proxy before it, does not allow or know {@code SCAN}.
 *
 * <h2>Many at once</h2>
 *
 * <p>
 * A few walks run at a time, the others wait. Equal ones that wait share one walk, since
 * it begins after each of them was asked for. Nobody shares a walk that has begun: it may
 * have passed what was stored since.
 */
final class PatternWalks {

	/** How many walks run at a time. */
	private static final int AT_ONCE = 4;

	/** How many keys are looked at in one go. */
	private static final int PAGE = 1000;

	private final RedisLink link;

	private final KeyLayout layout;

	private final Sweeper sweeper;

	private final ReentrantLock lock = new ReentrantLock();

	/** Those that have not begun, in order. Under the lock. */
	private final Map<Glob, CompletableFuture<Long>> waiting = new LinkedHashMap<>();

	/** Those that run. Under the lock. */
	private final Set<Glob> running = new HashSet<>();

	PatternWalks(RedisLink link, KeyLayout layout, Sweeper sweeper) {
		this.link = link;
		this.layout = layout;
		this.sweeper = sweeper;
	}

	/**
	 * Delete all keys that match a pattern.
	 * @return how many there were; fails if not all masters could be walked
	 */
	CompletableFuture<Long> delete(Glob glob) {
		CompletableFuture<Long> deleted;
		this.lock.lock();
		try {
			deleted = this.waiting.computeIfAbsent(glob, (same) -> new CompletableFuture<>());
		}
		finally {
			this.lock.unlock();
		}
		startNext();
		return deleted.copy();
	}

	private void startNext() {
		Map.Entry<Glob, CompletableFuture<Long>> next = takeNext();
		while (next != null) {
			Glob glob = next.getKey();
			CompletableFuture<Long> deleted = next.getValue();
			walkOrDrop(glob).whenComplete((count, ex) -> {
				end(glob);
				if (ex != null) {
					deleted.completeExceptionally(Futures.unwrap(ex));
				}
				else {
					deleted.complete(count);
				}
			});
			next = takeNext();
		}
	}

	/** The first that waits for nothing but its turn. */
	private Map.@Nullable Entry<Glob, CompletableFuture<Long>> takeNext() {
		this.lock.lock();
		try {
			Iterator<Map.Entry<Glob, CompletableFuture<Long>>> entries = this.waiting.entrySet().iterator();
			while (this.running.size() < AT_ONCE && entries.hasNext()) {
				Map.Entry<Glob, CompletableFuture<Long>> next = entries.next();
				// Of equal ones the next begins when the one before is over, and serves
				// all who have come by then.
				if (this.running.add(next.getKey())) {
					entries.remove();
					return next;
				}
			}
			return null;
		}
		finally {
			this.lock.unlock();
		}
	}

	private void end(Glob glob) {
		this.lock.lock();
		try {
			this.running.remove(glob);
		}
		finally {
			this.lock.unlock();
		}
		startNext();
	}

	private CompletableFuture<Long> walkOrDrop(Glob glob) {
		CompletableFuture<Long> walked;
		try {
			walked = walk(glob);
		}
		// Anything, or its place would never be free again.
		catch (Throwable ex) {
			walked = CompletableFuture.failedFuture(ex);
		}
		// Without a name, caches that only others know may be concerned. Of all that
		// there is, what is known here has to do: it would be bypassed for ever.
		return walked.exceptionallyCompose((ex) -> (RedisErrors.isUnavailable(ex)
				&& (glob.cacheName() != null || glob.pattern().glob().equals("*"))) ? dropGenerations(glob)
						: CompletableFuture.failedFuture(Futures.unwrap(ex)));
	}

	private CompletableFuture<Long> walk(Glob glob) {
		byte[] match = this.layout.scanPattern(glob.cacheName(), glob.pattern());
		return this.link.masters()
			.thenCompose((masters) -> slots(masters).thenCompose(
					(before) -> delete(masters, match, glob).thenCompose((removed) -> slots(masters).thenCompose(
							(after) -> SlotView.isSettled(before, after) ? CompletableFuture.completedFuture(removed)
									: dropGenerations(glob).thenApply((dropped) -> removed)))));
	}

	private static CompletableFuture<List<SlotView>> slots(List<Master> masters) {
		return Futures.all(masters.stream().map(Master::slots).toList());
	}

	private CompletableFuture<Long> delete(List<Master> masters, byte[] match, Glob glob) {
		List<CompletableFuture<Long>> walks = new ArrayList<>();
		for (Master master : masters) {
			walks.add(delete(master, null, match, glob));
		}
		return Futures.all(walks).thenApply((counts) -> counts.stream().mapToLong(Long::longValue).sum());
	}

	private CompletableFuture<Long> delete(Master master, @Nullable KeyPage after, byte[] match, Glob glob) {
		return master.scan(after, match, PAGE).thenCompose((page) -> {
			CompletableFuture<Long> deleted = delete(page.keys().stream().filter((key) -> isNamed(key, glob)).toList());
			// The next page is asked for while this one is deleted.
			return page.isLast() ? deleted : deleted.thenCombine(delete(master, page, match, glob), Long::sum);
		});
	}

	/**
	 * Delete those of some keys that hold an entry. What does not begin as one is a
	 * stranger's, whatever it is called. One that becomes an entry after it was looked at
	 * is of a load that began after this walk.
	 */
	private CompletableFuture<Long> delete(List<byte[]> keys) {
		List<CompletableFuture<Boolean>> entries = new ArrayList<>();
		for (byte[] key : keys) {
			entries.add(this.link.readStart(key, EntryHeader.TAG_LENGTH)
				.thenApply(EntryHeader::isTag)
				.exceptionallyCompose((ex) -> RedisErrors.isWrongType(ex) ? CompletableFuture.completedFuture(false)
						: CompletableFuture.failedFuture(ex)));
		}
		return Futures.all(entries).thenCompose((own) -> {
			List<byte[]> found = new ArrayList<>();
			for (int i = 0; i < keys.size(); i++) {
				if (own.get(i)) {
					found.add(keys.get(i));
				}
			}
			return found.isEmpty() ? CompletableFuture.completedFuture(0L)
					: this.link.unlink(found.toArray(byte[][]::new));
		});
	}

	private boolean isNamed(byte[] redisKey, Glob glob) {
		StoredKey key = this.layout.parse(redisKey);
		return key != null && (glob.cacheName() != null || glob.names(key));
	}

	/** Evict more than the pattern names: the caches that it can touch. */
	private CompletableFuture<Long> dropGenerations(Glob glob) {
		Collection<String> touched = this.layout.cachesTouchedBy(glob.cacheName(), glob.pattern());
		List<byte[]> generations = new ArrayList<>();
		for (String name : touched) {
			generations.add(this.layout.cacheGenerationKey(name));
			if (this.layout.isUnnamedToOthers(name)) {
				generations.add(this.layout.unnamedGenerationKey(name));
			}
		}
		CompletableFuture<List<byte[]>> others = (glob.cacheName() != null)
				? CompletableFuture.completedFuture(List.of()) : cacheGenerations();
		return others.thenCompose((unknown) -> {
			generations.addAll(unknown);
			return this.link.unlink(generations.toArray(byte[][]::new));
		}).thenApply((dropped) -> {
			touched.forEach((name) -> this.sweeper.sweepLater(new Target.Whole(name)));
			return 0L;
		});
	}

	/**
	 * Find the generations of all caches, those that only other instances know among
	 * them. Where Redis does not allow it, none.
	 */
	CompletableFuture<List<byte[]>> cacheGenerations() {
		CompletableFuture<List<byte[]>> found = this.link.masters()
			.thenCompose((masters) -> slots(masters).thenCompose((before) -> cacheGenerations(masters)
				.thenCompose((generations) -> slots(masters).thenCompose((after) -> {
					if (SlotView.isSettled(before, after)) {
						return CompletableFuture.completedFuture(generations);
					}
					// One that has moved while the first walk missed it is where it moved
					// to in the second.
					return cacheGenerations(masters).thenApply((again) -> {
						List<byte[]> all = new ArrayList<>(generations);
						all.addAll(again);
						return all;
					});
				}))));
		return found.exceptionallyCompose((ex) -> RedisErrors.isUnavailable(ex)
				? CompletableFuture.completedFuture(List.of()) : CompletableFuture.failedFuture(Futures.unwrap(ex)));
	}

	private CompletableFuture<List<byte[]>> cacheGenerations(List<Master> masters) {
		return Futures.all(masters.stream().map((master) -> cacheGenerations(master, null)).toList())
			.thenApply((found) -> found.stream().flatMap(List::stream).toList());
	}

	private CompletableFuture<List<byte[]>> cacheGenerations(Master master, @Nullable KeyPage after) {
		return master.scan(after, this.layout.generationPattern(), PAGE).thenCompose((page) -> {
			List<byte[]> found = new ArrayList<>(
					page.keys().stream().filter((key) -> this.layout.cacheOfGeneration(key) != null).toList());
			return page.isLast() ? CompletableFuture.completedFuture(found)
					: cacheGenerations(master, page).thenApply((more) -> {
						found.addAll(more);
						return found;
					});
		});
	}

}
