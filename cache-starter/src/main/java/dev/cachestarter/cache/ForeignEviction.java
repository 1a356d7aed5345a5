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

import java.util.function.Supplier;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import org.springframework.cache.Cache;
import org.springframework.cache.concurrent.ConcurrentMapCache;
import org.springframework.cache.interceptor.CacheErrorHandler;
import org.springframework.cache.support.NoOpCache;
import org.springframework.cache.transaction.TransactionAwareCacheDecorator;
import org.springframework.data.redis.cache.RedisCache;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

import dev.cachestarter.engine.key.CacheKeys;
import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.engine.key.KeyText;
import dev.cachestarter.engine.key.LogKeys;
import dev.cachestarter.engine.key.UnkeyableException;

/**
 * The eviction of a pattern from a cache that is not ours. To such a cache a
 * {@link KeyPattern} would be a key like any other, which it has not: it would evict
 * nothing and say nothing. So it is done here for the caches that can, and fails for
 * those that cannot.
 */
final class ForeignEviction {

	private final Cache cache;

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	private final KeyPattern pattern;

	private final Runnable action;

	private final CacheErrorHandler errorHandler;

	private ForeignEviction(Cache cache, KeyPattern pattern, Runnable action, CacheErrorHandler errorHandler) {
		this.cache = cache;
		this.pattern = pattern;
		this.action = action;
		this.errorHandler = errorHandler;
	}

	/**
	 * Prepare an eviction.
	 * @param cache a cache that is not ours
	 * @param pattern what to evict
	 * @param keys tells what text a key is
	 * @param errorHandler is given what the cache throws
	 * @return the eviction
	 * @throws UnsupportedOperationException if the cache cannot evict by pattern
	 */
	static ForeignEviction of(Cache cache, KeyPattern pattern, Supplier<CacheKeys> keys,
			CacheErrorHandler errorHandler) {
		return new ForeignEviction(cache, pattern, action(target(cache), pattern, keys), errorHandler);
	}

	/**
	 * Evict at once, with whatever the cache throws.
	 */
	static void evict(Cache cache, KeyPattern pattern) {
		action(target(cache), pattern, () -> new CacheKeys(null)).run();
	}

	private static Cache target(Cache cache) {
		return (cache instanceof TransactionAwareCacheDecorator decorator) ? decorator.getTargetCache() : cache;
	}

	private static Runnable action(Cache cache, KeyPattern pattern, Supplier<CacheKeys> keys) {
		if (cache instanceof ResilientRedisCache || cache instanceof NoOpCache) {
			return () -> cache.evict(pattern);
		}
		if (pattern.matchesAll()) {
			return cache::clear;
		}
		if (cache instanceof RedisCache redisCache) {
			return () -> redisCache.clear(pattern.glob());
		}
		if (cache instanceof ConcurrentMapCache mapCache) {
			return () -> {
				KeyText text = keys.get().renderer();
				mapCache.getNativeCache().keySet().removeIf((key) -> matches(mapCache, pattern, text, key));
			};
		}
		throw unsupported(cache, pattern, "it is a " + cache.getClass().getName() + ", which cannot evict by pattern");
	}

	private static boolean matches(Cache cache, KeyPattern pattern, KeyText text, Object key) {
		try {
			return pattern.matches(text.ofKey(key).text());
		}
		catch (UnkeyableException ex) {
			throw unsupported(cache, pattern,
					"it holds a key of " + key.getClass().getName() + ", of which there is no text to match");
		}
	}

	private static UnsupportedOperationException unsupported(Cache cache, KeyPattern pattern, String why) {
		return new UnsupportedOperationException(
				"The pattern '%s' cannot be evicted from the cache '%s': %s. Let the cache be one of ResilientRedisCacheManager, or evict all of it with @CacheEvict(allEntries = true)"
					.formatted(pattern.glob(), cache.getName(), why));
	}

	/**
	 * Evict, or have it done when the transaction commits if the cache is one that waits
	 * for that.
	 */
	void evict() {
		if (this.cache instanceof TransactionAwareCacheDecorator
				&& TransactionSynchronizationManager.isSynchronizationActive()) {
			TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {

				@Override
				public void afterCommit() {
					try {
						evictNow();
					}
					catch (RuntimeException ex) {
						// It is committed: whatever this is, it is not the caller's.
						logger.warn("Cache '" + LogKeys.nameOf(ForeignEviction.this.cache)
								+ "' could not evict after a transaction", ex);
					}
				}

			});
			return;
		}
		evictNow();
	}

	/**
	 * Evict at once, also in a transaction.
	 */
	void evictNow() {
		try {
			this.action.run();
		}
		catch (UnsupportedOperationException ex) {
			throw ex;
		}
		catch (RuntimeException ex) {
			this.errorHandler.handleCacheEvictError(ex, this.cache, this.pattern);
		}
	}

}
