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

package dev.cachestarter.cache;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.springframework.cache.Cache;
import org.springframework.cache.support.NoOpCache;

import dev.cachestarter.cache.call.Call;
import dev.cachestarter.engine.key.StoredKey;

/**
 * A call of a method for many keys: each element of its collection is the key of an
 * entry, and what is missing of them is loaded by the method, in the way of
 * {@link BatchLoad}.
 * <p>
 * Keys are compared as entries are, by their text: what the method returns for {@code 1}
 * is for the key {@code 1L}, too.
 */
final class ManyKeysCall {

	private final ManyKeys many;

	private final Operation operation;

	private final Method method;

	private final @Nullable Object[] args;

	/**
	 * Create a call.
	 * @param operation Spring's part of it
	 * @param method calls the method
	 */
	ManyKeysCall(ManyKeys many, Operation operation, Method method, @Nullable Object[] args) {
		this.many = many;
		this.operation = operation;
		this.method = method;
		this.args = args;
	}

	/**
	 * Make it.
	 * @param stated has what else is stated on the method
	 */
	@Nullable Object make(Call stated) throws Throwable {
		Collection<?> keys = this.many.keys(this.args);
		ResilientRedisCache cache = cache();
		if (keys == null || cache == null || !this.operation.passes()) {
			return this.method.call(this.args);
		}
		Map<String, Object> elements = new LinkedHashMap<>();
		Map<String, BatchLoad.Asked> asked = new LinkedHashMap<>();
		BatchLoad.Asked any = null;
		for (Object key : keys) {
			StoredKey stored = stored(cache, key);
			String name = stored.key();
			if (elements.putIfAbsent(name, key) == null) {
				any = new BatchLoad.Asked(stored, (any != null) ? any.reader() : cache.readers().get(stated),
						cache.writer());
				asked.put(name, any);
			}
		}
		Map<String, Object> values = new BatchLoad<>(cache.batchEngine(), asked,
				(Set<String> missing) -> load(cache, missing, elements), stated, this.operation::stores)
			.run();
		if (!this.many.returnsMap()) {
			return new ArrayList<>(values.values());
		}
		Map<Object, Object> result = new LinkedHashMap<>();
		values.forEach((name, value) -> result.put(elements.get(name), value));
		return result;
	}

	/** Return the cache, {@code null} if it is one that keeps nothing. */
	private @Nullable ResilientRedisCache cache() {
		Collection<? extends Cache> caches = this.operation.caches();
		Cache cache = (caches.size() == 1) ? caches.iterator().next() : null;
		if (cache instanceof ResilientRedisCache || cache instanceof NoOpCache) {
			return (cache instanceof ResilientRedisCache ours) ? ours : null;
		}
		throw new IllegalStateException(
				"@CacheableAll on '%s' needs a cache of cache-starter, and has %s. Name the cache manager of cache-starter"
					.formatted(this.many.method(), caches));
	}

	private StoredKey stored(ResilientRedisCache cache, @Nullable Object key) {
		return cache.storedKey(this.operation.key(this.many.with(this.args, key)));
	}

	private Map<String, Object> load(ResilientRedisCache cache, Set<String> missing, Map<String, Object> elements) {
		List<Object> keys = new ArrayList<>();
		missing.forEach((name) -> keys.add(elements.get(name)));
		Object result = call(this.many.withAll(this.args, keys));
		Loaded loaded = new Loaded(missing);
		if (result instanceof Map<?, ?> map) {
			for (Map.Entry<?, ?> entry : map.entrySet()) {
				loaded.add(stored(cache, entry.getKey()), entry.getValue());
			}
		}
		else if (result instanceof Collection<?> list) {
			for (Object element : list) {
				loaded.add(stored(cache, this.many.keyOf(element)), element);
			}
		}
		else {
			throw new IllegalStateException(
					"'%s' has returned null. With @CacheableAll it must return what there is, which may be empty"
						.formatted(this.many.method()));
		}
		if (loaded.others > 0 && loaded.others == loaded.all) {
			throw new IllegalStateException(
					"Of the %d values that '%s' has returned, none has a key that it was given. Correct its 'key', or what it returns"
						.formatted(loaded.all, this.many.method()));
		}
		return loaded.values;
	}

	private @Nullable Object call(@Nullable Object[] arguments) {
		try {
			return this.method.call(arguments);
		}
		catch (Throwable ex) {
			throw ManyKeysCall.<RuntimeException>unchanged(ex);
		}
	}

	@SuppressWarnings("unchecked")
	private static <X extends Throwable> RuntimeException unchanged(Throwable failure) throws X {
		throw (X) failure;
	}

	/**
	 * What the method has returned.
	 */
	private static final class Loaded {

		private final Set<String> wanted;

		private final Map<String, Object> values = new HashMap<>();

		private int all;

		private int others;

		Loaded(Set<String> wanted) {
			this.wanted = wanted;
		}

		void add(StoredKey key, @Nullable Object value) {
			this.all++;
			if (!this.wanted.contains(key.key())) {
				this.others++;
			}
			else if (value != null) {
				this.values.putIfAbsent(key.key(), value);
			}
		}

	}

	/**
	 * Spring's part of a call.
	 */
	interface Operation {

		Collection<? extends Cache> caches();

		/** Return whether the cache is used for the call. */
		boolean passes();

		/** Return whether a value that was loaded is to be stored. */
		boolean stores(@Nullable Object value);

		/** Return the key that arguments have. */
		Object key(@Nullable Object[] arguments);

	}

	/**
	 * Calls the method.
	 */
	interface Method {

		@Nullable Object call(@Nullable Object[] arguments) throws Throwable;

	}

}
