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

package dev.cachestarter.test;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.cache.ResilientRedisCache;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.diagnosis.KeyBrowser;
import dev.cachestarter.engine.key.KeyPattern;

/**
 * Looks at a cache through what it shows to operators: without counting as a read, and
 * without changing anything.
 */
final class CacheView {

	private static final int PAGE = 1000;

	private final ResilientRedisCacheManager manager;

	private final ResilientRedisCache cache;

	private final KeyBrowser browser;

	CacheView(ResilientRedisCacheManager manager, ResilientRedisCache cache) {
		this.manager = manager;
		this.cache = cache;
		this.browser = new KeyBrowser(manager);
	}

	ResilientRedisCacheManager manager() {
		return this.manager;
	}

	ResilientRedisCache cache() {
		return this.cache;
	}

	String name() {
		return this.cache.getName();
	}

	/**
	 * Return the keys that a read would find.
	 * @throws IllegalStateException if Redis does not answer
	 */
	Set<String> keys() {
		Collection<String> walked = new LinkedHashSet<>();
		String cursor = null;
		do {
			KeyBrowser.Page page = this.browser.page(name(), KeyPattern.of("*"), cursor, PAGE);
			if (page.problem() != null) {
				throw new IllegalStateException(page.problem());
			}
			walked.addAll(page.keys());
			cursor = page.cursor();
		}
		while (cursor != null);
		Set<String> keys = new TreeSet<>();
		entries(walked).forEach((entry) -> keys.add(entry.key()));
		return keys;
	}

	/**
	 * Return those of some keys that a read would find.
	 * @throws IllegalStateException if Redis does not answer
	 */
	List<KeyBrowser.Entry> entries(Collection<String> keys) {
		return this.browser.entries(name(), keys);
	}

	KeyBrowser.@Nullable Entry entry(String key) {
		List<KeyBrowser.Entry> entries = entries(List.of(key));
		return entries.isEmpty() ? null : entries.get(0);
	}

	/** Return those of some keys that no read would find. */
	List<String> missing(Collection<String> keys) {
		List<String> missing = new ArrayList<>(keys);
		entries(keys).forEach((entry) -> missing.remove(entry.key()));
		return missing;
	}

	@Override
	public String toString() {
		return "cache '" + name() + "'";
	}

}
