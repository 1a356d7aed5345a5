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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.springframework.core.ParameterizedTypeReference;

/**
 * The cache for code without annotations. Keys are full keys as they stand in Redis,
 * without the application's key prefix: {@code agents:details:42} is the entry that
 * {@code @Cacheable(cacheNames = "agents:details")} stores for {@code 42}. The settings
 * of that cache apply, except for the time to live, which you pass.
 * <p>
 * No method throws because of Redis. While Redis cannot be reached, a read is empty, a
 * write does nothing, and a removal is kept and applied as soon as Redis is back. A
 * {@code null} key, type, pattern or loader is an {@link IllegalArgumentException}.
 *
 * @since 0.1.0
 */
public interface CacheService {

	/**
	 * Read a value.
	 * @param <T> the type of the value
	 * @param key the key
	 * @param type the type of the value
	 * @return the value; empty if there is none, if it is a cached null, or if what is
	 * there was written as another type
	 */
	<T> Optional<T> get(String key, Class<T> type);

	/**
	 * Read a value of a generic type.
	 * @param <T> the type of the value
	 * @param key the key
	 * @param type the type of the value
	 * @return the value; empty if there is none, if it is a cached null, or if what is
	 * there was written as another type
	 */
	<T> Optional<T> get(String key, ParameterizedTypeReference<T> type);

	/**
	 * Store a value that never expires. Every instance sees it when this method returns,
	 * unless Redis did not answer in time: then the old value is evicted as soon as it
	 * answers.
	 * @param key the key
	 * @param value the value; {@code null} removes the entry
	 */
	void set(String key, @Nullable Object value);

	/**
	 * Store a value. Every instance sees it when this method returns, unless Redis did
	 * not answer in time: then the old value is evicted as soon as it answers.
	 * @param key the key
	 * @param value the value; {@code null} removes the entry
	 * @param ttl how long to keep it, zero for ever; no jitter is applied
	 * @throws IllegalArgumentException if the time to live is negative
	 */
	void set(String key, @Nullable Object value, Duration ttl);

	/**
	 * Store a value for as long as its kind of data is kept.
	 * @param key the key
	 * @param value the value; {@code null} removes the entry
	 * @param preset the kind of data
	 */
	default void set(String key, @Nullable Object value, TtlPreset preset) {
		set(key, value, preset.ttl());
	}

	/**
	 * Store a value with tags, by which {@link #evictTag} evicts it. Every instance sees
	 * it when this method returns, unless Redis did not answer in time, or one of the
	 * tags was evicted meanwhile: then the old value is evicted, and nothing is stored.
	 * @param key the key
	 * @param value the value; {@code null} removes the entry
	 * @param ttl how long to keep it, zero for ever; no jitter is applied
	 * @param tags the tags, at most 64
	 * @throws IllegalArgumentException if the time to live is negative, a tag is blank,
	 * or there are too many
	 */
	void set(String key, @Nullable Object value, Duration ttl, Collection<String> tags);

	/**
	 * Read a value, or load and store it. One caller per key loads at a time, in all
	 * instances together; the others wait for its value.
	 * @param <T> the type of the value
	 * @param <X> what the loader throws
	 * @param key the key
	 * @param type the type of the value
	 * @param ttl how long to keep a loaded value, zero for ever
	 * @param loader loads the value; runs on the calling thread, outside every lock
	 * @return the value; {@code null} if the loader answers {@code null}, which is kept
	 * as the cache's {@code null-ttl} says
	 * @throws X what the loader throws, unchanged; nothing is stored then
	 */
	<T, X extends Exception> @Nullable T getOrLoad(String key, Class<T> type, Duration ttl, Loader<T, X> loader)
			throws X;

	/**
	 * Read a value of a generic type, or load and store it, as
	 * {@link #getOrLoad(String, Class, Duration, Loader)} does.
	 * @param <T> the type of the value
	 * @param <X> what the loader throws
	 * @param key the key
	 * @param type the type of the value
	 * @param ttl how long to keep a loaded value, zero for ever
	 * @param loader loads the value; runs on the calling thread, outside every lock
	 * @return the value, {@code null} if the loader answers {@code null}
	 * @throws X what the loader throws, unchanged; nothing is stored then
	 */
	<T, X extends Exception> @Nullable T getOrLoad(String key, ParameterizedTypeReference<T> type, Duration ttl,
			Loader<T, X> loader) throws X;

	/**
	 * Read a value, or load it and store it with tags, by which {@link #evictTag} evicts
	 * it: also while it is loaded, when its tags are not known yet.
	 * @param <T> the type of the value
	 * @param <X> what the loader throws
	 * @param key the key
	 * @param type the type of the value
	 * @param ttl how long to keep a loaded value, zero for ever
	 * @param tags returns the tags of a loaded value, {@code null} included; a value for
	 * which it throws, or returns a blank tag or more than 64, is returned and not
	 * stored, which is logged once
	 * @param loader loads the value; runs on the calling thread, outside every lock
	 * @return the value, {@code null} if the loader answers {@code null}
	 * @throws X what the loader throws, unchanged; nothing is stored then
	 */
	<T, X extends Exception> @Nullable T getOrLoad(String key, Class<T> type, Duration ttl, TagsOf<? super T> tags,
			Loader<T, X> loader) throws X;

	/**
	 * Read a value of a generic type, or load it and store it with tags, as
	 * {@link #getOrLoad(String, Class, Duration, TagsOf, Loader)} does.
	 * @param <T> the type of the value
	 * @param <X> what the loader throws
	 * @param key the key
	 * @param type the type of the value
	 * @param ttl how long to keep a loaded value, zero for ever
	 * @param tags returns the tags of a loaded value
	 * @param loader loads the value; runs on the calling thread, outside every lock
	 * @return the value, {@code null} if the loader answers {@code null}
	 * @throws X what the loader throws, unchanged; nothing is stored then
	 */
	<T, X extends Exception> @Nullable T getOrLoad(String key, ParameterizedTypeReference<T> type, Duration ttl,
			TagsOf<? super T> tags, Loader<T, X> loader) throws X;

	/**
	 * Read several values in one round trip, and load those that are missing all
	 * together. Of each key one caller loads at a time, in all instances together: what
	 * others are loading already is waited for, and the rest is loaded in one call.
	 * Loaded values are kept as the settings of their caches say.
	 * @param <T> the type of the values
	 * @param <X> what the loader throws
	 * @param keys the keys; of one cache or of several
	 * @param type the type of the values
	 * @param loader loads what is missing; runs on the calling thread, outside every lock
	 * @return the values by key, in the order of the keys; a key without a value is
	 * absent
	 * @throws X what the loader throws, unchanged, unless stale entries serve for all
	 * that it was to load; nothing is stored then
	 */
	<T, X extends Exception> Map<String, T> getAll(Collection<String> keys, Class<T> type, BatchLoader<T, X> loader)
			throws X;

	/**
	 * Read several values of a generic type, and load those that are missing, as
	 * {@link #getAll(Collection, Class, BatchLoader)} does.
	 * @param <T> the type of the values
	 * @param <X> what the loader throws
	 * @param keys the keys; of one cache or of several
	 * @param type the type of the values
	 * @param loader loads what is missing; runs on the calling thread, outside every lock
	 * @return the values by key, in the order of the keys; a key without a value is
	 * absent
	 * @throws X what the loader throws, unchanged
	 */
	<T, X extends Exception> Map<String, T> getAll(Collection<String> keys, ParameterizedTypeReference<T> type,
			BatchLoader<T, X> loader) throws X;

	/**
	 * Remove every entry whose key matches a glob pattern: {@code *} any characters,
	 * {@code ?} one, {@code [abc]} one of these, {@code \} escapes. When this method
	 * returns no reader of any instance gets an entry that was there before, unless Redis
	 * did not answer in time: then the eviction is pending, and this instance alone knows
	 * of it until Redis answers. Note that {@code agents:list:org-123*}, which does not
	 * close the segment, also takes {@code org-1234}; {@code agents:list:org-123:*} does
	 * not. Only entries of this cache are removed: what other applications store under
	 * names that match stays.
	 * @param pattern the pattern, against whole keys without the key prefix
	 */
	void invalidate(String pattern);

	/**
	 * Remove one entry. No reader of any instance gets it once this method returns,
	 * unless Redis did not answer in time: then the eviction is pending, and this
	 * instance alone knows of it until Redis answers.
	 * @param key the key
	 */
	void delete(String key);

	/**
	 * Remove several entries as {@link #delete(String)} does, those of one cache with one
	 * command for each server and 200 keys.
	 * @param keys the keys, of whatever caches
	 */
	void delete(Collection<String> keys);

	/**
	 * Remove every entry that carries a tag, in every cache. Once this method returns no
	 * later call of any instance gets one whose load began before, unless Redis did not
	 * answer in time: then the eviction is pending, and this instance alone knows of it
	 * until Redis answers.
	 * @param tag the tag
	 * @throws IllegalArgumentException if it is blank
	 */
	default void evictTag(String tag) {
		evictTags(List.of(tag));
	}

	/**
	 * Remove every entry that carries one of some tags, as {@link #evictTag} does, in two
	 * round trips.
	 * @param tags the tags, however many
	 * @throws IllegalArgumentException if one is blank
	 */
	void evictTags(Collection<String> tags);

	/**
	 * Remove this application's entries and no others: all under its key prefix, or,
	 * where that is empty, those of the caches known by name and what this service has
	 * stored under other names. Instances of other applications that have no key prefix
	 * either share these other names.
	 */
	void clear();

	/**
	 * Return the state and the counters of the cache. Asks Redis for the number of keys
	 * and the memory; what it does not tell in time, or is forbidden to, is absent.
	 * @return a snapshot
	 */
	CacheSnapshot getStats();

	/**
	 * Return whether reads and writes go to Redis at present.
	 * @return {@code false} while Redis is unreachable or recovering, or the cache is off
	 */
	boolean isEnabled();

	/**
	 * Return how this instance uses a cache, if other than its settings say.
	 * @param cacheName the name of the cache
	 * @return what was set last, {@link CacheControl#asConfigured()} if nothing was
	 * @throws IllegalArgumentException if the application has no cache of that name
	 */
	CacheControl getControl(String cacheName);

	/**
	 * Switch a cache off, have a share of the calls bypass it, or change its time to
	 * live, in this instance until it ends. Calls that begin later see it; what is being
	 * loaded meanwhile is not stored in a cache that is off by then. Other instances are
	 * not told. The log says what was changed.
	 * @param cacheName the name of the cache
	 * @param control what to do; {@link CacheControl#asConfigured()} to follow the
	 * settings again
	 * @throws IllegalArgumentException if the application has no cache of that name
	 */
	void setControl(String cacheName, CacheControl control);

	/**
	 * Return the service of an application whose cache is off: every read is empty, every
	 * write does nothing, {@link #getOrLoad} loads.
	 * @return a service without a cache
	 */
	static CacheService disabled() {
		return DisabledCacheService.INSTANCE;
	}

	/**
	 * Loads values that are not cached.
	 *
	 * @param <T> the type of the values
	 * @param <X> what loading may throw
	 */
	@FunctionalInterface
	interface BatchLoader<T, X extends Exception> {

		/**
		 * Load the values.
		 * @param keys the keys that are missing, in the order in which they were asked
		 * for; never empty
		 * @return the values by key; a key that is absent has none, which is kept as the
		 * cache's {@code null-ttl} says; others than those asked for are ignored
		 * @throws X if loading fails
		 */
		Map<String, T> load(Set<String> keys) throws X;

	}

	/**
	 * Tells the tags of a value.
	 *
	 * @param <T> the type of the value
	 */
	@FunctionalInterface
	interface TagsOf<T> {

		/**
		 * Return the tags of a value that was loaded.
		 * @param value the value
		 * @return its tags, at most 64; empty for none
		 */
		Collection<String> of(@Nullable T value);

		/**
		 * Return what gives every value the same tags.
		 * @param tags the tags
		 * @return the same for whatever value
		 */
		static TagsOf<Object> all(String... tags) {
			List<String> same = List.of(tags);
			return (value) -> same;
		}

	}

	/**
	 * Loads a value that is not cached.
	 *
	 * @param <T> the type of the value
	 * @param <X> what loading may throw
	 */
	@FunctionalInterface
	public interface Loader<T, X extends Exception> {

		/**
		 * Load the value.
		 * @return the value, or {@code null} if there is none
		 * @throws X if loading fails
		 */
		@Nullable T load() throws X;

	}

}
