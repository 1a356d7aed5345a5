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
package dev.cachestarter.engine.tag;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.value.RecentlyUsed;

/**
 * Which tags an entry had when it was read or stored last, so that the next read asks for
 * their generations in the same command. A guess: one that is wrong costs a second read,
 * and is never believed.
 * <p>
 * Of each cache the keys in use are kept: up to {@value #MOST_KEYS} of them always, and
 * at most twice as many. Others are forgotten, which costs each of them one more read
 * when it is read again. An entry with very long tags is not kept.
 */
public final class KnownTags {

	private static final int MOST_KEYS = 8192;

	/** The most characters of all tags of an entry; their keys take as much again. */
	private static final int LONGEST = 2048;

	private final KeyLayout layout;

	private final Map<String, RecentlyUsed<StoredKey, TagSet>> caches = new ConcurrentHashMap<>();

	public KnownTags(KeyLayout layout) {
		this.layout = layout;
	}

	/**
	 * Return the tags that an entry had.
	 * @return the tags; none if it had none, or that is not known
	 */
	public TagSet of(StoredKey key) {
		if (this.caches.isEmpty()) {
			return TagSet.NONE;
		}
		RecentlyUsed<StoredKey, TagSet> cache = this.caches.get(key.cacheName());
		TagSet known = (cache != null) ? cache.find(key) : null;
		return (known != null) ? known : TagSet.NONE;
	}

	/**
	 * Take note of the tags that an entry has.
	 * @param tags the tags, escaped, as {@code List.of} makes a list
	 */
	public void learn(StoredKey key, List<String> tags) {
		RecentlyUsed<StoredKey, TagSet> cache = tags.isEmpty() ? this.caches.get(key.cacheName())
				: this.caches.computeIfAbsent(key.cacheName(), (name) -> new RecentlyUsed<>(MOST_KEYS));
		if (cache == null) {
			return;
		}
		if (tags.isEmpty() || tags.stream().mapToInt(String::length).sum() > LONGEST) {
			cache.remove(key);
		}
		else if (!tags.equals(of(key).names())) {
			cache.put(key, TagSet.of(tags, this.layout));
		}
	}

}
