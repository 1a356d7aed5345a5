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
import java.util.concurrent.CompletableFuture;

import org.jspecify.annotations.Nullable;

import org.springframework.cache.Cache;
import org.springframework.cache.interceptor.CacheEvictOperation;
import org.springframework.cache.interceptor.CachePutOperation;
import org.springframework.cache.interceptor.CacheableOperation;
import org.springframework.cache.support.NoOpCache;

import dev.cachestarter.cache.call.Call;
import dev.cachestarter.cache.call.MethodTags;
import dev.cachestarter.cache.call.MethodTtl;
import dev.cachestarter.cache.entries.Engine;
import dev.cachestarter.cache.entries.EntryReader;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.load.Leading;
import dev.cachestarter.engine.monitor.CacheMonitor.LoadOutcome;
import dev.cachestarter.engine.monitor.Step;

/**
 * Makes the calls of a method for many keys: each element of its collection is the key of
 * an entry, and what is missing of them is loaded by the method, in the way of
 * {@link BatchLoad}. It stands where Spring's part of other calls does, since Spring
 * knows nothing of many keys; so how such a call waits, is cancelled and is part of a
 * reactive pipeline is the affair of {@link Call}, as for all.
 * <p>
 * Keys are compared as entries are, by their text: what the method returns for {@code 1}
 * is for the key {@code 1L}, too.
 */
final class ManyKeysCall implements Call.SpringSide {

	private final ManyKeys many;

	private final Operation operation;

	private final Method method;

	private final @Nullable Object[] args;

	/**
	 * Create it, for all subscriptions to what the method returns.
	 * @param operation Spring's part of it
	 * @param method calls the method
	 */
	ManyKeysCall(ManyKeys many, Operation operation, Method method, @Nullable Object[] args) {
		this.many = many;
		this.operation = operation;
		this.method = method;
		this.args = args;
	}

	@Override
	public @Nullable Object proceed(Call call) {
		Collection<?> keys = this.many.keys(this.args);
		ResilientRedisCache cache = cache();
		if (keys == null || cache == null || !this.operation.passes()) {
			try {
				return call.passing(() -> this.method.call(this.args));
			}
			catch (Throwable ex) {
				throw ManyKeysCall.<RuntimeException>unchanged(ex);
			}
		}
		Map<String, Object> elements = new LinkedHashMap<>();
		Map<String, BatchLoad.Asked> asked = new LinkedHashMap<>();
		EntryReader reader = cache.readers().get(call);
		for (Object key : keys) {
			StoredKey stored = stored(cache, key);
			if (elements.putIfAbsent(stored.key(), key) == null) {
				asked.put(stored.key(), new BatchLoad.Asked(stored, reader, cache.writer()));
			}
		}
		Engine engine = cache.batchEngine();
		call.goesOnBy(engine.executor());
		return call.inStages(new BatchLoad<>(engine, asked, new Loader(cache, call, elements), call,
				(values) -> this.many.returnsMap() ? byKey(values, elements) : new ArrayList<>(values.values())));
	}

	private static Map<Object, Object> byKey(Map<String, Object> values, Map<String, Object> elements) {
		Map<Object, Object> result = new LinkedHashMap<>();
		values.forEach((name, value) -> result.put(elements.get(name), value));
		return result;
	}

	@Override
	public void seize(Call call, CachePutOperation put, List<CompletableFuture<?>> seized) {
	}

	@Override
	public void checkKey(Call call, CacheEvictOperation eviction) {
	}

	@Override
	public void missOthers(Call call, CacheableOperation cacheable, List<CompletableFuture<?>> missed) {
	}

	@Override
	public @Nullable MethodTtl ttl(Call call) {
		return this.operation.ttl(call);
	}

	@Override
	public @Nullable MethodTags tags(Call call) {
		return this.operation.tags(call);
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

	@SuppressWarnings("unchecked")
	private static <X extends Throwable> RuntimeException unchanged(Throwable failure) throws X {
		throw (X) failure;
	}

	/**
	 * Loads by calling the method with the keys that are missing.
	 */
	private final class Loader implements BatchLoad.Loader {

		private final ResilientRedisCache cache;

		private final Call call;

		private final Map<String, Object> elements;

		Loader(ResilientRedisCache cache, Call call, Map<String, Object> elements) {
			this.cache = cache;
			this.call = call;
			this.elements = elements;
		}

		@Override
		public CompletableFuture<?> begin(Set<String> names, @Nullable Leading leading, Step<LoadOutcome> step) {
			ManyKeysCall of = ManyKeysCall.this;
			List<Object> keys = new ArrayList<>();
			names.forEach((name) -> keys.add(this.elements.get(name)));
			return this.call.load(() -> of.method.call(of.many.withAll(of.args, keys)), leading, step);
		}

		@Override
		public Map<String, ?> values(Set<String> names, @Nullable Object loaded) {
			// What is in it, and what tells its keys, is code of the application's.
			return Call.outside(() -> {
				Loaded values = new Loaded(names);
				if (loaded instanceof Map<?, ?> map) {
					map.forEach((key, value) -> values.add(stored(this.cache, key), value));
				}
				else if (loaded instanceof Collection<?> list) {
					list.forEach((element) -> values.add(stored(this.cache, ManyKeysCall.this.many.keyOf(element)),
							element));
				}
				else {
					throw new IllegalStateException(
							"'%s' has returned null. With @CacheableAll it must return what there is, which may be empty"
								.formatted(ManyKeysCall.this.many.method()));
				}
				if (values.others > 0 && values.others == values.all) {
					throw new IllegalStateException(
							"Of the %d values that '%s' has returned, none has a key that it was given. Correct its 'key', or what it returns"
								.formatted(values.all, ManyKeysCall.this.many.method()));
				}
				return values.values;
			});
		}

		@Override
		public boolean stores(@Nullable Object value) {
			return ManyKeysCall.this.operation.stores(value);
		}

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

		/** Return the time to live that is stated on the method. */
		@Nullable MethodTtl ttl(Call call);

		/** Return the tags that are stated on the method. */
		@Nullable MethodTags tags(Call call);

	}

	/**
	 * Calls the method.
	 */
	interface Method {

		@Nullable Object call(@Nullable Object[] arguments) throws Throwable;

	}

}
