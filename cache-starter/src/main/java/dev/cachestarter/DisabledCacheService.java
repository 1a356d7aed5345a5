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

import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.springframework.core.ParameterizedTypeReference;

/**
 * The {@link CacheService} of an application whose cache is off.
 */
final class DisabledCacheService implements CacheService {

	static final CacheService INSTANCE = new DisabledCacheService();

	private DisabledCacheService() {
	}

	@Override
	public <T> Optional<T> get(String key, Class<T> type) {
		return Optional.empty();
	}

	@Override
	public <T> Optional<T> get(String key, ParameterizedTypeReference<T> type) {
		return Optional.empty();
	}

	@Override
	public void set(String key, @Nullable Object value) {
	}

	@Override
	public void set(String key, @Nullable Object value, Duration ttl) {
	}

	@Override
	public void set(String key, @Nullable Object value, Duration ttl, Collection<String> tags) {
	}

	@Override
	public <T, X extends Exception> @Nullable T getOrLoad(String key, Class<T> type, Duration ttl,
			TagsOf<? super T> tags, Loader<T, X> loader) throws X {
		return loader.load();
	}

	@Override
	public <T, X extends Exception> @Nullable T getOrLoad(String key, ParameterizedTypeReference<T> type, Duration ttl,
			TagsOf<? super T> tags, Loader<T, X> loader) throws X {
		return loader.load();
	}

	@Override
	public <T, X extends Exception> @Nullable T getOrLoad(String key, Class<T> type, Duration ttl, Loader<T, X> loader)
			throws X {
		return loader.load();
	}

	@Override
	public <T, X extends Exception> @Nullable T getOrLoad(String key, ParameterizedTypeReference<T> type, Duration ttl,
			Loader<T, X> loader) throws X {
		return loader.load();
	}

	@Override
	public <T, X extends Exception> Map<String, T> getAll(Collection<String> keys, Class<T> type,
			BatchLoader<T, X> loader) throws X {
		return load(keys, loader);
	}

	@Override
	public <T, X extends Exception> Map<String, T> getAll(Collection<String> keys, ParameterizedTypeReference<T> type,
			BatchLoader<T, X> loader) throws X {
		return load(keys, loader);
	}

	private static <T, X extends Exception> Map<String, T> load(Collection<String> keys, BatchLoader<T, X> loader)
			throws X {
		Map<String, T> found = new LinkedHashMap<>();
		Set<String> asked = new LinkedHashSet<>(keys);
		Map<String, T> loaded = asked.isEmpty() ? Map.of() : loader.load(new LinkedHashSet<>(asked));
		asked.forEach((key) -> {
			T value = loaded.get(key);
			if (value != null) {
				found.put(key, value);
			}
		});
		return found;
	}

	@Override
	public void invalidate(String pattern) {
	}

	@Override
	public void delete(String key) {
	}

	@Override
	public void delete(Collection<String> keys) {
	}

	@Override
	public void evictTags(Collection<String> tags) {
	}

	@Override
	public void clear() {
	}

	@Override
	public CacheSnapshot getStats() {
		return new CacheSnapshot(false, null, null, Map.of());
	}

	@Override
	public CacheControl getControl(String cacheName) {
		return CacheControl.asConfigured();
	}

	@Override
	public void setControl(String cacheName, CacheControl control) {
	}

	@Override
	public boolean isEnabled() {
		return false;
	}

}
