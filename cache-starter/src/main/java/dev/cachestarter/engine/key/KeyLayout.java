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

package dev.cachestarter.engine.key;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.ReentrantLock;

import org.jspecify.annotations.Nullable;

/**
 * Where everything stands in Redis. Between the key prefix and the end of a key, a first
 * character {@code ~} tells what is ours alone from what users name:
 *
 * <pre>
 * agents:list:org-123:{"page":1}   the entry of key org-123:{"page":1} in cache agents:list
 * motd                             the entry of key motd, which belongs to no named cache
 * ~~motd                           the entry of key ~motd, which belongs to no named cache
 * ~g:agents:list                   the generation of cache agents:list
 * ~g:agents:list~:org-123          the generation of group org-123 in cache agents:list
 * ~t:tool:search                   the generation of tag tool:search
 * ~t:                              the counter of evictions of tags
 * ~sweep                           the lease of the instance that sweeps
 * ~due                             what is to be swept
 * ~probe                           nothing, ever: what is deleted to see a write taken
 * ~canary:5b1c70d29a3e8f46         what is set to see a change told
 * </pre>
 *
 * In generation keys a {@code ~} of the cache's name is doubled, so that {@code ~:} ends
 * the name and no two of them meet. Names cannot begin with {@code ~}, so no pattern
 * under a cache reaches what is ours, and {@link #parse} leaves it out of what a pattern
 * against whole keys finds.
 * <p>
 * A name that with its colon begins another name is refused. Hence at most one name fits
 * a key, and it is the nearest in order at or before that key. On a cluster every key
 * begins with {@code {}}, an empty hash tag, so that braces further on are none.
 */
public final class KeyLayout {

	private static final String CLUSTER_PREFIX = "{}";

	private static final char RESERVED = '~';

	private static final String UNNAMED = "";

	private final LogKeys logKeys;

	private final String prefix;

	private final byte[] prefixBytes;

	private final byte[] sweepLeaseKey;

	private final byte[] sweepDueKey;

	private final byte[] probeKey;

	private final byte[] tagCounterKey;

	private final Place unnamed;

	/** The names that settings state: every instance knows them from the start. */
	private volatile Set<String> declared = Set.of();

	/** Two names are never checked at once, lest neither see the other. */
	private final ReentrantLock registration = new ReentrantLock();

	private final Map<String, Place> places = new ConcurrentHashMap<>();

	/** The registered names, each with its colon. */
	private final ConcurrentSkipListMap<String, String> names = new ConcurrentSkipListMap<>();

	/**
	 * Lay out the keys of one application.
	 * @param keyPrefix what each of its keys begins with
	 * @param cluster whether Redis is a cluster
	 * @throws IllegalArgumentException if the prefix has control characters or begins
	 * with {@code ~}
	 */
	public KeyLayout(String keyPrefix, boolean cluster) {
		this(keyPrefix, cluster, LogKeys.FULL);
	}

	/**
	 * Lay out the keys of one application.
	 * @param keyPrefix what each of its keys begins with
	 * @param cluster whether Redis is a cluster
	 * @param logKeys how keys appear in the log
	 * @throws IllegalArgumentException if the prefix has control characters or begins
	 * with {@code ~}
	 */
	public KeyLayout(String keyPrefix, boolean cluster, LogKeys logKeys) {
		this.logKeys = logKeys;
		if (!keyPrefix.isEmpty() && keyPrefix.charAt(0) == RESERVED || hasControlCharacter(keyPrefix)) {
			throw new IllegalArgumentException(
					"The key prefix '%s' (cache-starter.key-prefix) begins with '~' or has a control character. Choose another, such as 'shop:'"
						.formatted(LogKeys.name(keyPrefix)));
		}
		this.prefix = cluster ? CLUSTER_PREFIX + keyPrefix : keyPrefix;
		this.prefixBytes = KeyBytes.of(this.prefix);
		this.sweepLeaseKey = KeyBytes.of(this.prefix + "~sweep");
		this.sweepDueKey = KeyBytes.of(this.prefix + "~due");
		this.probeKey = KeyBytes.of(this.prefix + "~probe");
		this.tagCounterKey = KeyBytes.of(this.prefix + "~t:");
		this.unnamed = placeOf(UNNAMED, this.prefix);
	}

	/**
	 * Return how keys appear in the log.
	 */
	public LogKeys logKeys() {
		return this.logKeys;
	}

	/**
	 * Take note of the caches that settings state, which every instance knows from the
	 * start.
	 */
	public void declare(Collection<String> names) {
		this.declared = Set.copyOf(names);
	}

	/**
	 * Return whether an instance may take entries of a cache for the unnamed one's, since
	 * it has not used the cache yet.
	 */
	public boolean isUnnamedToOthers(String cacheName) {
		return !cacheName.isEmpty() && !this.declared.contains(cacheName);
	}

	/**
	 * Make a cache known by name. Registering it again has no effect.
	 * @param cacheName its name
	 * @throws IllegalArgumentException if the name cannot be told from what is ours or
	 * from another cache's keys
	 */
	public void register(String cacheName) {
		this.registration.lock();
		try {
			if (this.places.containsKey(cacheName)) {
				return;
			}
			checkName(cacheName);
			String withColon = cacheName + ":";
			String before = this.names.floorKey(cacheName);
			if (before != null && cacheName.startsWith(before)) {
				throw swallowed(before.substring(0, before.length() - 1), cacheName);
			}
			String after = this.names.higherKey(withColon);
			if (after != null && after.startsWith(withColon)) {
				throw swallowed(cacheName, after.substring(0, after.length() - 1));
			}
			this.places.put(cacheName, placeOf(cacheName, this.prefix + withColon));
			this.names.put(withColon, cacheName);
		}
		finally {
			this.registration.unlock();
		}
	}

	/**
	 * Return the caches known by name.
	 * @return their names, as they are now
	 */
	public Set<String> cacheNames() {
		return Collections.unmodifiableSet(new TreeSet<>(this.names.values()));
	}

	/**
	 * Return where the entry of a key of a cache stands.
	 * @param cacheName the name of a registered cache, empty for the unnamed one
	 * @param key the key within that cache
	 * @return where it stands
	 */
	public StoredKey key(String cacheName, String key) {
		return storedKey(placeOf(cacheName), key, null, cacheName.isEmpty() ? EntryKey.UNNAMED : EntryKey.SEGMENTS);
	}

	/**
	 * Return where the entry of a key of a cache stands.
	 * @param cacheName the name of a registered cache
	 * @param key the key
	 * @return where it stands
	 */
	public StoredKey key(String cacheName, EntryKey key) {
		return storedKey(placeOf(cacheName), key.text(), null, key.mark());
	}

	/**
	 * Return where an entry stands whose whole key is given.
	 * @param fullKey the key as in Redis, without the key prefix
	 * @return where it stands, in the cache whose name it begins with
	 */
	public StoredKey locate(String fullKey) {
		return locate(fullKey, null);
	}

	/**
	 * Return what a key in Redis is to us.
	 * @param redisKey the whole key
	 * @return the entry that stands there, or {@code null} if it is none of ours
	 */
	public @Nullable StoredKey parse(byte[] redisKey) {
		int length = this.prefixBytes.length;
		if (redisKey.length < length || !Arrays.equals(redisKey, 0, length, this.prefixBytes, 0, length)) {
			return null;
		}
		String fullKey = KeyBytes.textOf(redisKey, length);
		if (fullKey == null) {
			return null;
		}
		if (fullKey.isEmpty() || fullKey.charAt(0) != RESERVED) {
			return locate(fullKey, redisKey);
		}
		if (fullKey.length() > 1 && fullKey.charAt(1) == RESERVED) {
			return storedKey(this.unnamed, fullKey.substring(1), redisKey, EntryKey.UNNAMED);
		}
		return null;
	}

	public byte[] cacheGenerationKey(String cacheName) {
		return placeOf(cacheName).generationKey();
	}

	/**
	 * Return the generation under which an instance that does not know a cache by name
	 * keeps the entries of that cache: to it they are of the unnamed cache, in the group
	 * that is the first segment of the name.
	 * @param cacheName the name of a cache
	 * @return the key of that generation
	 */
	public byte[] unnamedGenerationKey(String cacheName) {
		int colon = cacheName.indexOf(':');
		String group = (colon < 0) ? cacheName : cacheName.substring(0, colon);
		// A name that begins as JSON does: the group depends on the key.
		return KeySegments.isFirstOfAllItBegins(group) ? groupGenerationKey(UNNAMED, group)
				: cacheGenerationKey(UNNAMED);
	}

	/**
	 * Return the glob to scan for to find the generations of all caches and groups.
	 */
	public byte[] generationPattern() {
		return KeyBytes.of(KeyPattern.escapeGlob(this.prefix) + "~g:*");
	}

	/**
	 * Return the cache of whose generation a key in Redis is.
	 * @param redisKey the whole key
	 * @return the name of the cache, empty for the unnamed one; {@code null} if it is not
	 * the generation of a cache
	 */
	public @Nullable String cacheOfGeneration(byte[] redisKey) {
		byte[] start = this.unnamed.generationKey();
		if (redisKey.length < start.length || !Arrays.equals(redisKey, 0, start.length, start, 0, start.length)) {
			return null;
		}
		String name = KeyBytes.textOf(redisKey, start.length);
		if (name == null) {
			return null;
		}
		// The generation of a group has a tilde that is not doubled.
		return (name.replace("~~", "").indexOf(RESERVED) >= 0) ? null : name.replace("~~", "~");
	}

	public byte[] groupGenerationKey(String cacheName, String group) {
		byte[] bytes = KeyBytes.of(group);
		return concat(placeOf(cacheName).groupPrefix(), bytes, bytes.length);
	}

	/**
	 * Return a key that is set once, to see whether Redis tells of it.
	 * @param name a name that was never used before
	 */
	public byte[] canaryKey(String name) {
		return KeyBytes.of(this.prefix + "~canary:" + name);
	}

	/**
	 * Return where the generation of a tag stands.
	 * @param tag the tag, escaped
	 */
	public byte[] tagGenerationKey(String tag) {
		byte[] bytes = KeyBytes.of(tag);
		return concat(this.tagCounterKey, bytes, bytes.length);
	}

	/**
	 * Return where the counter of evictions of tags stands. No tag is empty, so this is
	 * the key of none.
	 */
	public byte[] tagCounterKey() {
		return this.tagCounterKey;
	}

	public byte[] sweepLeaseKey() {
		return this.sweepLeaseKey;
	}

	public byte[] sweepDueKey() {
		return this.sweepDueKey;
	}

	public byte[] probeKey() {
		return this.probeKey;
	}

	/**
	 * Return the glob to scan for.
	 * @param cacheName the cache that the pattern is under, {@code null} if it is against
	 * whole keys without the key prefix
	 * @param pattern the pattern
	 * @return the glob against keys in Redis. Without a cache it may find what
	 * {@link #parse} then says is no entry
	 */
	public byte[] scanPattern(@Nullable String cacheName, KeyPattern pattern) {
		String start = KeyPattern.escapeGlob(this.prefix);
		if (cacheName != null && !cacheName.isEmpty()) {
			return KeyBytes.of(start + KeyPattern.escapeGlob(cacheName) + ":" + pattern.glob());
		}
		boolean reserved = pattern.literalPrefix().startsWith(String.valueOf(RESERVED));
		return KeyBytes.of(start + (reserved ? RESERVED : "") + pattern.glob());
	}

	/**
	 * Return the caches that may have keys that a pattern matches.
	 * @param cacheName the cache that the pattern is under, {@code null} if it is against
	 * whole keys without the key prefix
	 * @param pattern the pattern
	 * @return the names of these caches, the empty one for the unnamed
	 */
	public Collection<String> cachesTouchedBy(@Nullable String cacheName, KeyPattern pattern) {
		if (cacheName != null) {
			return List.of(cacheName);
		}
		List<String> touched = new ArrayList<>();
		this.names.forEach((withColon, name) -> {
			if (pattern.mayMatchUnder(withColon)) {
				touched.add(name);
			}
		});
		if (nameAtStartOf(pattern.literalPrefix()) == null) {
			touched.add(UNNAMED);
		}
		return touched;
	}

	/**
	 * Return what a pattern against whole keys is about.
	 * @param fullPattern a glob against whole keys without the key prefix
	 * @return the pattern within a cache, if all that it can match is in that cache, else
	 * the pattern as it is
	 */
	public Scope scope(String fullPattern) {
		KeyPattern pattern = KeyPattern.of(fullPattern);
		String withColon = nameAtStartOf(pattern.literalPrefix());
		if (withColon == null) {
			return new Scope(null, pattern);
		}
		return new Scope(withColon.substring(0, withColon.length() - 1), pattern.after(withColon));
	}

	/**
	 * Return the pattern by which a user of Redis is permitted to use a key, as narrow as
	 * it can be written down before there are any keys.
	 * @param redisKey the whole key
	 * @return the pattern as {@code ACL SETUSER} has it
	 */
	public String accessPattern(byte[] redisKey) {
		String start = "~" + KeyPattern.escapeGlob(this.prefix);
		if (!this.prefix.isEmpty() && !this.prefix.equals(CLUSTER_PREFIX)) {
			return start + "*";
		}
		StoredKey key = parse(redisKey);
		if (key == null || redisKey.length > this.prefixBytes.length && redisKey[this.prefixBytes.length] == RESERVED) {
			return start + RESERVED + "*";
		}
		return start + (key.cacheName().isEmpty() ? "*" : KeyPattern.escapeGlob(key.cacheName()) + ":*");
	}

	private StoredKey locate(String fullKey, byte @Nullable [] redisKey) {
		String withColon = nameAtStartOf(fullKey);
		if (withColon == null) {
			return storedKey(this.unnamed, (redisKey != null) ? fullKey : KeyEscapes.bounded(fullKey), redisKey,
					EntryKey.UNNAMED);
		}
		String key = fullKey.substring(withColon.length());
		return storedKey(placeOf(withColon.substring(0, withColon.length() - 1)),
				(redisKey != null) ? key : KeyEscapes.bounded(key), redisKey, EntryKey.SEGMENTS);
	}

	private @Nullable String nameAtStartOf(String fullKey) {
		String nearest = this.names.floorKey(fullKey);
		return (nearest != null && fullKey.startsWith(nearest)) ? nearest : null;
	}

	private StoredKey storedKey(Place place, String key, byte @Nullable [] redisKey, String mark) {
		byte[] bytes = KeyBytes.of(key);
		byte[] whole = redisKey;
		if (whole == null) {
			boolean reserved = place == this.unnamed && !key.isEmpty() && key.charAt(0) == RESERVED;
			whole = concat(reserved ? place.reservedPrefix() : place.prefix(), bytes, bytes.length);
		}
		int end = KeySegments.endOfFirst(key);
		if (end < 0) {
			return new StoredKey(place.cacheName(), key, null, whole, place.generationKey(), null, mark);
		}
		String group = key.substring(0, end);
		int groupLength = (bytes.length == key.length()) ? end : KeyBytes.of(group).length;
		return new StoredKey(place.cacheName(), key, group, whole, place.generationKey(),
				concat(place.groupPrefix(), bytes, groupLength), mark);
	}

	private Place placeOf(String cacheName) {
		Place place = cacheName.isEmpty() ? this.unnamed : this.places.get(cacheName);
		if (place == null) {
			throw new IllegalStateException("Cache '" + cacheName + "' has not been registered");
		}
		return place;
	}

	private Place placeOf(String cacheName, String entryPrefix) {
		String generationKey = this.prefix + "~g:" + cacheName.replace("~", "~~");
		return new Place(cacheName, KeyBytes.of(entryPrefix), KeyBytes.of(entryPrefix + RESERVED),
				KeyBytes.of(generationKey), KeyBytes.of(generationKey + "~:"));
	}

	private static void checkName(String cacheName) {
		if (cacheName.isEmpty()) {
			throw new IllegalArgumentException("A cache has an empty name. Give it one, such as 'agents:list'");
		}
		if (cacheName.charAt(0) == RESERVED || hasControlCharacter(cacheName)) {
			throw new IllegalArgumentException(
					"The cache name '%s' begins with '~', which is reserved, or has a control character. Rename the cache"
						.formatted(LogKeys.name(cacheName)));
		}
	}

	private static boolean hasControlCharacter(String text) {
		return text.chars().anyMatch(Character::isISOControl);
	}

	private static IllegalArgumentException swallowed(String outer, String inner) {
		return new IllegalArgumentException(
				"The caches '%1$s' and '%2$s' cannot be told apart: a key of '%2$s' is a key of '%1$s' as well, since both begin with '%1$s:'. Rename one of them, for example '%1$s' to '%1$s:all'"
					.formatted(outer, inner));
	}

	private static byte[] concat(byte[] start, byte[] rest, int restLength) {
		byte[] bytes = Arrays.copyOf(start, start.length + restLength);
		System.arraycopy(rest, 0, bytes, start.length, restLength);
		return bytes;
	}

	/**
	 * What a pattern against whole keys is about.
	 *
	 * @param cacheName the one cache, or {@code null} if the pattern is against whole
	 * keys without the key prefix
	 * @param pattern the pattern
	 */
	public record Scope(@Nullable String cacheName, KeyPattern pattern) {

	}

	/**
	 * The bytes of a cache, made once.
	 */
	private record Place(String cacheName, byte[] prefix, byte[] reservedPrefix, byte[] generationKey,
			byte[] groupPrefix) {

	}

}
