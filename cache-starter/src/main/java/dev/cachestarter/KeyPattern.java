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

import org.jspecify.annotations.Nullable;

/**
 * A glob over the keys of a cache, within that cache: what stands after the cache's name
 * and the colon. Given to a cache as the key of an eviction, it evicts all that it
 * matches.
 *
 * @since 0.1.0
 */
public final class KeyPattern {

	private final String glob;

	private KeyPattern(String glob) {
		this.glob = glob;
	}

	/**
	 * Return the pattern of a glob.
	 * @param glob {@code *} any characters, {@code ?} one, {@code [a-c]} one of these,
	 * {@code [^a]} any but these, {@code \} escapes the next
	 * @return the pattern
	 */
	public static KeyPattern of(String glob) {
		return new KeyPattern(glob);
	}

	/**
	 * Return the glob, as Redis' {@code SCAN MATCH} understands it.
	 * @return the glob
	 */
	public String glob() {
		return this.glob;
	}

	/**
	 * Return whether this pattern matches every key.
	 * @return whether it is a bare {@code *}
	 */
	public boolean matchesAll() {
		return this.glob.equals("*");
	}

	/**
	 * Return the group that this pattern is: all keys with that first segment.
	 * @return the unescaped first segment, or {@code null} if it is not of the form
	 * {@code segment:*}
	 */
	@Nullable String group() {
		throw new UnsupportedOperationException("not written yet");
	}

	/**
	 * Return whether a key matches.
	 * @param key the key within the cache
	 * @return whether Redis would say that it matches
	 */
	public boolean matches(String key) {
		throw new UnsupportedOperationException("not written yet");
	}

	@Override
	public String toString() {
		return this.glob;
	}

}
