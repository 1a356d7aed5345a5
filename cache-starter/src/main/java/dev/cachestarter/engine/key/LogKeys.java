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

/**
 * How keys, patterns and what stands in them appear in the log and in exceptions. Names
 * of caches always do.
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
		return (this == FULL) ? KeyText.printable(key.displayName()) : nameOf(key.cacheName(), key.key());
	}

	/**
	 * Return what stands for a key or a pattern.
	 * @param cacheName the cache that it is within, {@code null} or empty for none
	 * @param text the key or the pattern within that cache
	 */
	public String nameOf(@Nullable String cacheName, String text) {
		String start = (cacheName == null || cacheName.isEmpty()) ? "" : cacheName + ":";
		return switch (this) {
			case FULL -> KeyText.printable(start + text);
			case HASH -> KeyText.printable(start) + "#" + hash(text);
			case NONE -> KeyText.printable(start) + "...";
		};
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
