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

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

import org.jspecify.annotations.Nullable;

import org.springframework.cache.Cache;

/**
 * How keys, patterns and what stands in them appear in the log and in exceptions. Names
 * of caches always do.
 * <p>
 * All text of others passes here before it is logged, names of caches too: a
 * {@code CacheResolver} may make them of what it is sent, and a line end in one would let
 * a stranger write lines of their own.
 */
public enum LogKeys {

	/** As they are, shortened, and escaped as far as they cannot be read. */
	FULL,

	/**
	 * As a part of their SHA-256, the same in all instances and after a restart. Who can
	 * guess a key can tell whether it is that one.
	 */
	HASH,

	/** Not at all. */
	NONE;

	private static final int HASH_BYTES = 8;

	/**
	 * Return what stands for a key.
	 */
	public String nameOf(StoredKey key) {
		return (this == FULL) ? KeyEscapes.printable(key.displayName()) : nameOf(key.cacheName(), key.key());
	}

	/**
	 * Return what stands for a key or a pattern.
	 * @param cacheName the cache that it is within, {@code null} or empty for none
	 * @param text the key or the pattern within that cache
	 */
	public String nameOf(@Nullable String cacheName, String text) {
		String start = (cacheName == null || cacheName.isEmpty()) ? "" : cacheName + ":";
		return switch (this) {
			case FULL -> KeyEscapes.printable(start + text);
			case HASH -> KeyEscapes.printable(start) + "#" + hash(text);
			case NONE -> KeyEscapes.printable(start) + "...";
		};
	}

	/**
	 * Return the name of a cache, or another short text of others, for the log.
	 * @return the beginning of it, in which everything can be read
	 */
	public static String name(String text) {
		return KeyEscapes.printable(text);
	}

	/**
	 * Return the name of a cache for the log.
	 */
	public static String nameOf(Cache cache) {
		return name(cache.getName());
	}

	/**
	 * Return the name of the cache of a key for the log.
	 */
	public static String cacheOf(StoredKey key) {
		return name(key.cacheName());
	}

	/**
	 * Return a message that holds text of others (an exception, an error of the server)
	 * as one line of the log.
	 */
	public static String line(String message) {
		return KeyEscapes.oneLine(message);
	}

	private static String hash(String text) {
		try {
			byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
			return HexFormat.of().formatHex(digest, 0, HASH_BYTES);
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
