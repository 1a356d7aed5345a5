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

import java.util.Set;
import java.util.TreeSet;

import org.assertj.core.api.AssertProvider;

import org.springframework.cache.Cache;
import org.springframework.cache.CacheManager;
import org.springframework.cache.support.NoOpCacheManager;

import dev.cachestarter.CacheSnapshot;
import dev.cachestarter.cache.ResilientRedisCache;
import dev.cachestarter.cache.ResilientRedisCacheManager;

/**
 * A cache of the application, for AssertJ's {@code assertThat}: see {@link CacheAssert}.
 * It looks at what the cache itself counts and holds, and changes nothing.
 *
 * @since 0.1.0
 */
public final class TestCache implements AssertProvider<CacheAssert> {

	private final CacheView view;

	private TestCache(CacheView view) {
		this.view = view;
	}

	/**
	 * Return a cache for assertions.
	 * @param cacheManager the bean of the application's cache manager
	 * @param cacheName the name of a cache that a method or the configuration names
	 * @return the cache
	 * @throws IllegalArgumentException if nothing names such a cache, or the manager is
	 * not the starter's; the message says why
	 */
	public static TestCache of(CacheManager cacheManager, String cacheName) {
		if (!(cacheManager instanceof ResilientRedisCacheManager manager) || manager.isSwitchedOff()) {
			throw new IllegalArgumentException(whyNot(cacheManager));
		}
		Set<String> known = new TreeSet<>(manager.getCacheNames());
		known.addAll(manager.getAnnotatedCacheNames());
		if (!known.contains(cacheName)) {
			throw new IllegalArgumentException(
					"There is no cache '%s': the application has %s".formatted(cacheName, known));
		}
		Cache cache = manager.getCache(cacheName);
		if (cache instanceof ResilientRedisCache ours) {
			return new TestCache(new CacheView(manager, ours));
		}
		throw new IllegalArgumentException("Cache '" + cacheName + "' is not the starter's but " + cache);
	}

	private static String whyNot(CacheManager manager) {
		boolean isOff = manager instanceof ResilientRedisCacheManager || manager instanceof NoOpCacheManager;
		return isOff
				? "The cache is switched off in this test, by 'spring.cache.type' or 'cache-starter.enabled'; in a slice: "
						+ "add @AutoConfigureCache(cacheProvider = CacheType.REDIS)"
				: "The cache manager is not the starter's but " + manager.getClass().getName();
	}

	/**
	 * Return assertions on this cache. Called by {@code assertThat(..)}.
	 */
	@Override
	public CacheAssert assertThat() {
		return new CacheAssert(this.view);
	}

	/**
	 * Return what happened in this cache since the application started.
	 * @return the numbers at this moment
	 */
	public CacheSnapshot.Counters counters() {
		return this.view.cache().getCounters();
	}

	/**
	 * Return the keys of the entries that a read would find now: neither those that are
	 * evicted, nor those that have expired.
	 * @return the keys without the name of the cache, sorted
	 * @throws IllegalStateException if Redis does not answer
	 */
	public Set<String> keys() {
		return this.view.keys();
	}

	@Override
	public String toString() {
		return this.view.toString();
	}

}
