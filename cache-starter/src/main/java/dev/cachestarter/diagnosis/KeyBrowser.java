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

package dev.cachestarter.diagnosis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.cache.entries.Engine;
import dev.cachestarter.cache.entries.ManyEntries;
import dev.cachestarter.engine.connection.Futures;
import dev.cachestarter.engine.connection.RedisCommands.KeyPage;
import dev.cachestarter.engine.connection.RedisErrors;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.redis.RedisLink;

/**
 * Shows people which keys a cache has in Redis, a page at a time. Values are not read.
 * <p>
 * Redis is walked with {@code SCAN}, so a key that is there all the time is shown once at
 * least, and one that comes or goes may or may not be. One page asks Redis a bounded
 * number of times, so it may have few keys, or none, and a cursor nevertheless. On a
 * cluster the masters are walked one after another.
 */
public final class KeyBrowser {

	/** How often Redis is asked for one page. */
	private static final int QUESTIONS = 20;

	/** How many keys Redis looks at in one go. */
	private static final int LARGEST = 1000;

	/** How long all that may take. */
	private static final long PATIENCE = TimeUnit.SECONDS.toNanos(2);

	private final ResilientRedisCacheManager manager;

	private final Engine engine;

	public KeyBrowser(ResilientRedisCacheManager manager) {
		this.manager = manager;
		this.engine = manager.engine();
	}

	/**
	 * Return a page of the keys of a cache.
	 * @param cacheName the name of a cache that is known
	 * @param pattern which keys, within the cache
	 * @param cursor the cursor of the page before, {@code null} for the first
	 * @param limit after how many keys to end; the last answer of Redis may bring more
	 * @return the page
	 * @throws IllegalArgumentException if the cursor is none
	 */
	public Page page(String cacheName, KeyPattern pattern, @Nullable String cursor, int limit) {
		Cursor at = Cursor.parse(cursor);
		long until = System.nanoTime() + PATIENCE;
		List<String> keys = new ArrayList<>();
		try {
			byte[] match = this.engine.layout().scanPattern(cacheName, pattern);
			List<RedisLink.Master> masters = answer(this.engine.link().masters(), until);
			int count = Math.min(Math.max(limit, 10), LARGEST);
			for (int asked = 0; asked < QUESTIONS && keys.size() < limit; asked++) {
				RedisLink.Master master = at.next(masters);
				if (master == null) {
					return new Page(keys, null, null);
				}
				String scanned = at.scanned(master);
				int size = count;
				KeyPage page = answer(master.askAside((server) -> server.scan(scanned, match, size)), until);
				page.keys().forEach((key) -> add(key, cacheName, keys));
				at = at.after(master, page);
				if (page.keys().size() < count / 4) {
					count = Math.min(count * 2, LARGEST);
				}
			}
			return new Page(keys, (at.next(masters) != null) ? at.toString() : null, null);
		}
		catch (ExecutionException ex) {
			return new Page(keys, at.isStart() ? null : at.toString(), problem(Futures.unwrap(ex)));
		}
		catch (TimeoutException ex) {
			return new Page(keys, at.isStart() ? null : at.toString(), "Redis did not answer in time");
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return new Page(keys, null, "interrupted");
		}
	}

	/**
	 * Return those of some keys whose entries count: what has been evicted, has expired
	 * or is still being loaded may stand in Redis, and is a miss nevertheless.
	 * @param cacheName the name of a cache that is known
	 * @param keys keys within the cache
	 * @return the entries in the order of the keys
	 * @throws IllegalStateException if Redis does not answer
	 */
	public List<Entry> entries(String cacheName, Collection<String> keys) {
		List<String> asked = List.copyOf(new LinkedHashSet<>(keys));
		if (asked.isEmpty()) {
			return List.of();
		}
		try {
			List<StoredKey> stored = asked.stream().map((key) -> this.engine.layout().key(cacheName, key)).toList();
			List<@Nullable Observed> found = answer(ManyEntries.standing(this.engine, stored),
					System.nanoTime() + PATIENCE);
			long now = this.engine.store().serverMillis();
			List<Entry> entries = new ArrayList<>();
			for (int i = 0; i < asked.size(); i++) {
				Observed observed = found.get(i);
				EntryHeader header = (observed != null) ? observed.current() : null;
				if (observed != null && header != null) {
					long until = header.freshUntil();
					entries.add(new Entry(asked.get(i), (until != 0) ? Duration.ofMillis(until - now) : null,
							header.isNull(), observed.tags()));
				}
			}
			return entries;
		}
		catch (ExecutionException ex) {
			throw new IllegalStateException(problem(Futures.unwrap(ex)), ex);
		}
		catch (TimeoutException ex) {
			throw new IllegalStateException("Redis did not answer in time", ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException("interrupted", ex);
		}
	}

	private void add(byte[] redisKey, String cacheName, List<String> keys) {
		StoredKey key = this.engine.layout().parse(redisKey);
		if (key != null && key.cacheName().equals(cacheName)) {
			keys.add(key.key());
		}
	}

	private String problem(Throwable ex) {
		if (ex == RedisErrors.AWAY) {
			List<String> reasons = CacheCondition.of(this.manager).reasons();
			return reasons.isEmpty() ? "Redis is not used at this moment" : reasons.get(0);
		}
		return RedisErrors.describe(ex);
	}

	private static <T> T answer(CompletableFuture<T> future, long until)
			throws InterruptedException, ExecutionException, TimeoutException {
		return future.get(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS);
	}

	/**
	 * A page of keys.
	 *
	 * @param keys the keys within the cache
	 * @param cursor to be given for the next page, {@code null} if this is the last
	 * @param problem why there are not more, {@code null} if there is no problem
	 */
	public record Page(List<String> keys, @Nullable String cursor, @Nullable String problem) {

	}

	/**
	 * An entry that counts, without its value.
	 *
	 * @param key its key within the cache
	 * @param left how much is left of its time to live, {@code null} if it does not
	 * expire
	 * @param isNull whether its value is a cached null
	 * @param tags the tags that it carries, as they stand in Redis
	 */
	public record Entry(String key, @Nullable Duration left, boolean isNull, List<String> tags) {

	}

	/**
	 * How far a walk has come: masters are walked in the order of their names.
	 *
	 * @param master the master that is walked
	 * @param scan its own cursor
	 * @param isOver whether it has been walked to its end
	 */
	private record Cursor(String master, String scan, boolean isOver) {

		private static final String START = "0";

		private static final String OVER = "end";

		static Cursor parse(@Nullable String text) {
			if (text == null || text.isEmpty()) {
				return new Cursor("", START, false);
			}
			int at = text.indexOf('@');
			String scan = (at < 0) ? text : text.substring(0, at);
			if (!scan.matches("\\d{1,20}|" + OVER)) {
				throw new IllegalArgumentException(
						"The cursor is none: leave it out for the first page, and take that of the page before for others");
			}
			boolean over = scan.equals(OVER);
			return new Cursor((at < 0) ? "" : text.substring(at + 1), over ? START : scan, over);
		}

		boolean isStart() {
			return !this.isOver && this.scan.equals(START) && this.master.isEmpty();
		}

		/** The master to ask next; {@code null} if there is none left. */
		RedisLink.@Nullable Master next(List<RedisLink.Master> masters) {
			return masters.stream()
				.filter((each) -> this.isOver ? each.name().compareTo(this.master) > 0
						: each.name().compareTo(this.master) >= 0)
				.min(Comparator.comparing(RedisLink.Master::name))
				.orElse(null);
		}

		/** Where to go on on a master, {@code null} at its beginning. */
		@Nullable String scanned(RedisLink.Master next) {
			return (!this.isOver && next.name().equals(this.master) && !this.scan.equals(START)) ? this.scan : null;
		}

		Cursor after(RedisLink.Master asked, KeyPage page) {
			return new Cursor(asked.name(), page.cursor(), page.isLast());
		}

		@Override
		public String toString() {
			String scan = this.isOver ? OVER : this.scan;
			return this.master.isEmpty() ? scan : scan + "@" + this.master;
		}

	}

}
