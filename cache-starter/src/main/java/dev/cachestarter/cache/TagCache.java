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

import java.util.List;
import java.util.concurrent.Callable;

import org.jspecify.annotations.Nullable;

import org.springframework.cache.Cache;

import dev.cachestarter.cache.call.Call;
import dev.cachestarter.engine.entry.Target;
import dev.cachestarter.engine.key.CacheKeys.Tags;
import dev.cachestarter.engine.redis.Deadline;

/**
 * What a {@link dev.cachestarter.CacheEvictTag} evicts from: a tag is of no cache, and
 * Spring evicts from one. It keeps nothing, and its keys are {@link Tags}.
 */
final class TagCache implements Cache {

	/** No cache of the application's can have this name. */
	static final String NAME = "~tags";

	/** Knows how to evict, and counts. */
	private final ResilientRedisCache unnamed;

	TagCache(ResilientRedisCache unnamed) {
		this.unnamed = unnamed;
	}

	@Override
	public String getName() {
		return NAME;
	}

	@Override
	public Object getNativeCache() {
		return this;
	}

	@Override
	public @Nullable ValueWrapper get(Object key) {
		return null;
	}

	@Override
	public <T> @Nullable T get(Object key, @Nullable Class<T> type) {
		return null;
	}

	@Override
	public <T> @Nullable T get(Object key, Callable<T> valueLoader) {
		throw new UnsupportedOperationException("Nothing is kept under a tag");
	}

	@Override
	public void put(Object key, @Nullable Object value) {
		throw new UnsupportedOperationException("Nothing is kept under a tag");
	}

	@Override
	public void evict(Object key) {
		evict((Tags) key, false);
	}

	@Override
	public boolean evictIfPresent(Object key) {
		return evict((Tags) key, true);
	}

	private boolean evict(Tags tags, boolean immediate) {
		Call call = Call.current();
		Deadline deadline = this.unnamed.deadline(call);
		return this.unnamed.evictor().evictAll(targets(tags), immediate, call, deadline);
	}

	/** What an eviction of tags names. */
	static List<Target> targets(Tags tags) {
		return tags.names().stream().<Target>map(Target.Tag::new).toList();
	}

	@Override
	public void clear() {
		throw new UnsupportedOperationException("Nothing is kept under a tag");
	}

}
