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

import org.jspecify.annotations.Nullable;

/**
 * A key as the store addresses it: where its entry stands and which generations its entry
 * must carry.
 *
 * @param cacheName the cache that the key belongs to, empty for the unnamed one
 * @param key the key within that cache
 * @param group the first segment of a key that has two or more, else {@code null}
 * @param redisKey the whole key in Redis, prefix included
 * @param cacheGenerationKey where the generation of the cache stands
 * @param groupGenerationKey where the generation of the group stands, if there is one
 * @param mark what it is the key of, see {@link EntryKey}. Two keys that differ in this
 * alone are equal, since they have one place: what is to tell them apart asks
 * {@link #isSameAs}
 */
public record StoredKey(String cacheName, String key, @Nullable String group, byte[] redisKey,
		byte[] cacheGenerationKey, byte @Nullable [] groupGenerationKey, String mark) implements Comparable<StoredKey> {

	/**
	 * Return whether another key is this one to Spring too, and not only to Redis.
	 */
	public boolean isSameAs(StoredKey other) {
		return equals(other) && this.mark.equals(other.mark);
	}

	/**
	 * Return whether the entry of another key may be read by this one.
	 */
	public boolean accepts(StoredKey other) {
		return equals(other) && EntryKey.accepts(this.mark, other.mark);
	}

	/**
	 * Return the key without the key prefix, as a human knows it.
	 * @return cache name, colon, key; or the bare key in the unnamed cache
	 */
	public String displayName() {
		return this.cacheName.isEmpty() ? this.key : this.cacheName + ":" + this.key;
	}

	@Override
	public boolean equals(@Nullable Object other) {
		return other instanceof StoredKey that && this.cacheName.equals(that.cacheName) && this.key.equals(that.key);
	}

	@Override
	public int hashCode() {
		return 31 * this.cacheName.hashCode() + this.key.hashCode();
	}

	/**
	 * Order keys, so that a map with keys of one hash finds each of them soon: whoever
	 * chooses keys can have thousands of those.
	 */
	@Override
	public int compareTo(StoredKey other) {
		int order = this.key.compareTo(other.key);
		return (order != 0) ? order : this.cacheName.compareTo(other.cacheName);
	}

	@Override
	public String toString() {
		return displayName();
	}

}
