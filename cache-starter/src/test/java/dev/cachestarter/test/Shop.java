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

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.cachestarter.CacheEvictPattern;
import dev.cachestarter.CacheEvictTag;
import dev.cachestarter.CacheTag;
import dev.cachestarter.autoconfigure.CacheStarterAutoConfiguration;
import dev.cachestarter.autoconfigure.RedisVariablesAutoConfiguration;

/**
 * A small application that the test kit is tried on.
 */
@Configuration(proxyBeanMethods = false)
@ImportAutoConfiguration({ CacheAutoConfiguration.class, CacheStarterAutoConfiguration.class,
		DataRedisAutoConfiguration.class, RedisVariablesAutoConfiguration.class, SslAutoConfiguration.class })
class Shop {

	/** What keeps a busy machine from making misses. */
	static final String PATIENT = "cache-starter.connection.command-timeout=10s";

	@Bean
	Articles articles() {
		return new Articles();
	}

	static class Articles {

		private final AtomicInteger loads = new AtomicInteger();

		@Cacheable("articles")
		public List<String> list(String shop) {
			this.loads.incrementAndGet();
			return List.of(shop, "book");
		}

		@Cacheable("articles")
		public List<String> page(String shop, int page) {
			this.loads.incrementAndGet();
			return List.of(shop, "page " + page);
		}

		@Cacheable(cacheNames = "articles", key = "'tagged-' + #shop")
		@CacheTag("shop:#{#shop}")
		@CacheTag("#{#result}")
		public List<String> tagged(String shop) {
			this.loads.incrementAndGet();
			return List.of("book", "a:b c");
		}

		@CacheEvictTag("#{#tag}")
		public void changeTagged(String tag) {
		}

		/** A method that forgets that it is in the same class. */
		public List<String> listFromWithin(String shop) {
			return list(shop);
		}

		/** A method whose callers do not share a key. */
		@Cacheable(cacheNames = "numbers", key = "T(java.util.UUID).randomUUID().toString()")
		public int number() {
			return this.loads.incrementAndGet();
		}

		@CacheEvict("articles")
		public void change(String shop) {
		}

		@CacheEvictPattern(cacheNames = "articles", pattern = "#{#shop}:*")
		public void changePages(String shop) {
		}

		int loads() {
			return this.loads.get();
		}

	}

}
