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

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

import org.jspecify.annotations.Nullable;

import org.springframework.data.redis.cache.CacheStatistics;
import org.springframework.data.redis.cache.CacheStatisticsCollector;
import org.springframework.data.redis.cache.RedisCacheWriter;

/**
 * Stands where {@code RedisCache} wants a writer. Spring Data's writer swallows failures,
 * and has its commands queued while Redis cannot be reached: nothing of ours goes that
 * way, and what did would go past the leases.
 */
final class ResilientCacheWriter implements RedisCacheWriter {

	static final ResilientCacheWriter INSTANCE = new ResilientCacheWriter();

	private ResilientCacheWriter() {
	}

	@Override
	public byte @Nullable [] get(String name, byte[] key) {
		throw unsupported();
	}

	@Override
	public CompletableFuture<byte[]> retrieve(String name, byte[] key, @Nullable Duration ttl) {
		throw unsupported();
	}

	@Override
	public void put(String name, byte[] key, byte[] value, @Nullable Duration ttl) {
		throw unsupported();
	}

	@Override
	public CompletableFuture<Void> store(String name, byte[] key, byte[] value, @Nullable Duration ttl) {
		throw unsupported();
	}

	@Override
	public byte @Nullable [] putIfAbsent(String name, byte[] key, byte[] value, @Nullable Duration ttl) {
		throw unsupported();
	}

	@Override
	public void evict(String name, byte[] key) {
		throw unsupported();
	}

	@Override
	public void clear(String name, byte[] pattern) {
		throw unsupported();
	}

	@Override
	public void clearStatistics(String name) {
		throw unsupported();
	}

	@Override
	public RedisCacheWriter withStatisticsCollector(CacheStatisticsCollector cacheStatisticsCollector) {
		return this;
	}

	@Override
	public CacheStatistics getCacheStatistics(String cacheName) {
		throw unsupported();
	}

	private static UnsupportedOperationException unsupported() {
		return new UnsupportedOperationException(
				"This cache writes through leases, not through a RedisCacheWriter: use the Cache itself");
	}

}
