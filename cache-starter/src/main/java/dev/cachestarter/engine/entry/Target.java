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

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.engine.key.LogKeys;
import dev.cachestarter.engine.key.StoredKey;

/**
 * What an eviction names.
 */
public sealed interface Target {

	Target ALL = new All();

	/**
	 * What a sweep looks for after a tag was evicted: the entries of all tags that are
	 * not the current ones. No tag is a text of nothing.
	 */
	Target ANY_TAG = new Tag("");

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
	 * The pattern as a human knows it.
	 */
	String describe();

	/**
	 * The pattern as it appears in the log.
	 */
	default String logName(LogKeys how) {
		String text = describe();
		if (this instanceof Whole || this instanceof All) {
			return LogKeys.FULL.nameOf(null, text);
		}
		String cache = cacheName();
		return how.nameOf(cache, (cache == null || cache.isEmpty()) ? text : text.substring(cache.length() + 1));
	}

	/**
	 * About how many bytes of memory it takes to remember it.
	 */
	default long bytes() {
		return 200 + 2L * describe().length();
	}

	/**
	 * Return how many bytes so many targets may take, all together: few keys are longer
	 * than that on average, and whoever brings longer ones must not fill the memory.
	 */
	static long maxBytes(int entries) {
		return 1024L * Math.max(entries, 1024);
	}

	/**
	 * Whether a key is in the unnamed cache and begins with a text and a colon. What is
	 * the unnamed cache's to one instance may be a named one's to another, which learns
	 * of names as it uses caches.
	 */
	private static boolean isUnnamedUnder(StoredKey key, String beginning) {
		return key.cacheName().isEmpty() && key.key().length() > beginning.length()
				&& key.key().charAt(beginning.length()) == ':' && key.key().startsWith(beginning);
	}

	/**
	 * How a target is evicted.
	 */
	enum Kind {

		/** By deleting keys that are known: entries or generations. */
		EXACT,

		/** By walking through all keys. */
		PATTERN;

		static Kind of(Target target) {
			return (target instanceof Glob) ? PATTERN : EXACT;
		}

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
			if (group == null) {
				return new Whole(this.key.cacheName());
			}
			// Others may know a cache whose name it begins with.
			return this.key.cacheName().isEmpty() ? new Segment(group) : new Group(this.key.cacheName(), group);
		}

		@Override
		public String describe() {
			return this.key.displayName();
		}

		@Override
		public long bytes() {
			String group = this.key.group();
			byte[] groupKey = this.key.groupGenerationKey();
			return 300 + 2L * this.key.key().length() + this.key.redisKey().length
					+ ((group != null) ? 2L * group.length() : 0) + ((groupKey != null) ? groupKey.length : 0);
		}

	}

	/**
	 * All keys of a cache with one first segment.
	 */
	record Group(String cacheName, String group) implements Target {

		@Override
		public boolean names(StoredKey key) {
			return this.cacheName.equals(key.cacheName()) ? this.group.equals(key.group())
					: isUnnamedUnder(key, this.cacheName + ":" + this.group);
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
			return this.cacheName.equals(key.cacheName()) || isUnnamedUnder(key, this.cacheName);
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
			String cache = this.cacheName;
			if (cache == null) {
				return this.pattern.matches(key.displayName());
			}
			return cache.equals(key.cacheName()) ? this.pattern.matches(key.key())
					: isUnnamedUnder(key, cache) && this.pattern.matches(key.key().substring(cache.length() + 1));
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

		@Override
		public long bytes() {
			// It is kept as a text and as the steps of a match.
			return 300 + 6L * this.pattern.glob().length();
		}

	}

	/**
	 * All keys that begin with a segment, whatever cache they are in: for a key that is
	 * in no cache that is known here, and may be in one that others know.
	 */
	record Segment(String segment) implements Target {

		@Override
		public @Nullable String cacheName() {
			return null;
		}

		@Override
		public boolean names(StoredKey key) {
			return key.displayName().startsWith(this.segment + ":");
		}

		/**
		 * Whether keys of a cache begin with it.
		 */
		boolean begins(String cacheName) {
			return cacheName.equals(this.segment) || cacheName.startsWith(this.segment + ":");
		}

		@Override
		public Target widen() {
			return ALL;
		}

		@Override
		public String describe() {
			return this.segment + ":*";
		}

	}

	/**
	 * All entries that carry a tag, of whatever cache. No key tells that it is named.
	 *
	 * @param tag the tag, escaped
	 */
	record Tag(String tag) implements Target {

		@Override
		public @Nullable String cacheName() {
			return null;
		}

		@Override
		public boolean names(StoredKey key) {
			return false;
		}

		/** What is wider than a tag and narrower than all has no generation. */
		@Override
		public Target widen() {
			return ALL;
		}

		@Override
		public String describe() {
			return this.tag;
		}

	}

	/**
	 * All that this application keeps, by the generations of its caches, those that only
	 * other instances know among them. Not the pattern {@code *}: with an empty key
	 * prefix that would take others' keys.
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
