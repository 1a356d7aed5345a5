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

package dev.cachestarter.cache.entries;

import java.lang.reflect.Type;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

import org.jspecify.annotations.Nullable;

/**
 * The types of the values of each cache, learnt from the return types of the methods that
 * use it.
 */
public final class CacheTypes {

	private final ConcurrentMap<String, Map<Type, String>> types = new ConcurrentHashMap<>();

	private final Set<String> used = ConcurrentHashMap.newKeySet();

	/**
	 * Learn that a method keeps its results in a cache.
	 * @param cacheName the cache
	 * @param type the type of what it keeps
	 * @param method the method, for messages
	 */
	public void learn(String cacheName, Type type, String method) {
		this.types.computeIfAbsent(cacheName, (name) -> new ConcurrentHashMap<>()).putIfAbsent(type, method);
	}

	/**
	 * Learn that some method uses a cache.
	 */
	public void use(Collection<String> cacheNames) {
		this.used.addAll(cacheNames);
	}

	/**
	 * Return how many caches methods name. It only grows.
	 */
	int usedCount() {
		return this.used.size();
	}

	/**
	 * Return the caches that methods name.
	 */
	public Set<String> used() {
		return Set.copyOf(this.used);
	}

	/**
	 * Return the type of a cache's values.
	 * @return the type, or {@code null} if no method tells, or if methods disagree
	 */
	@Nullable Type typeOf(String cacheName) {
		Map<Type, String> known = this.types.get(cacheName);
		return (known == null || known.size() != 1) ? null : known.keySet().iterator().next();
	}

	/**
	 * Return whether methods disagree on the type of a cache's values.
	 */
	boolean areSeveral(String cacheName) {
		Map<Type, String> known = this.types.get(cacheName);
		return known != null && known.size() > 1;
	}

	/**
	 * Return how methods disagree on the type of a cache's values.
	 * @return a sentence without its end, or {@code null} if they do not
	 */
	@Nullable String disagreement(String cacheName) {
		Map<Type, String> known = this.types.get(cacheName);
		if (known == null || known.size() < 2) {
			return null;
		}
		Set<String> words = new TreeSet<>();
		known.forEach((type, method) -> words.add(type.getTypeName() + " (" + method + ")"));
		return String.join(", ", words);
	}

}
