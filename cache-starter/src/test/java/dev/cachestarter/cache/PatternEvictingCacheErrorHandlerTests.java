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
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.CachingConfigurer;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.concurrent.ConcurrentMapCache;
import org.springframework.cache.interceptor.CacheErrorHandler;
import org.springframework.cache.interceptor.SimpleKey;
import org.springframework.cache.support.SimpleCacheManager;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.dao.QueryTimeoutException;

import dev.cachestarter.engine.key.KeyPattern;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

/**
 * The net under caches that are not ours.
 */
class PatternEvictingCacheErrorHandlerTests {

	private final PatternEvictingCacheErrorHandler handler = new PatternEvictingCacheErrorHandler(
			Duration.ofMillis(100));

	private final BrokenCache cache = new BrokenCache("prices");

	@AfterEach
	void close() {
		this.handler.destroy();
	}

	@Test
	void callersOfAMethodSeeNoFailureAndEvictionsAreMadeWhenTheCacheIsWell() {
		BrokenCache broken = this.cache;
		try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext()) {
			context.registerBean("cacheManager", SimpleCacheManager.class, () -> {
				SimpleCacheManager manager = new SimpleCacheManager();
				manager.setCaches(List.of(broken));
				return manager;
			});
			context.registerBean(CacheErrorHandler.class, () -> this.handler);
			context.register(Caching.class, Prices.class);
			context.refresh();
			Prices prices = context.getBean(Prices.class);
			prices.price("tea");
			broken.failure = new QueryTimeoutException("hangs");

			assertThat(prices.price("tea")).isEqualTo("price of tea");
			prices.change("tea");
			prices.changeAll();

			assertThat(this.handler.getPendingCount()).isPositive();
			assertThat(broken.getNativeCache()).isNotEmpty();
			broken.failure = null;
			await().atMost(Duration.ofMinutes(1)).until(() -> this.handler.getPendingCount() == 0);
			assertThat(broken.getNativeCache()).isEmpty();
		}
	}

	@Test
	void anEntryThatCannotBeReadIsEvictedAndOneThatCannotBeReachedIsNot() {
		this.cache.put("corrupt", "?");
		this.cache.put("well", "value");

		this.handler.handleCacheGetError(new IllegalStateException("cannot be read"), this.cache, "corrupt");
		this.handler.handleCacheGetError(new QueryTimeoutException("hangs"), this.cache, "well");

		await().atMost(Duration.ofMinutes(1)).until(() -> this.handler.getPendingCount() == 0);
		assertThat(this.cache.getNativeCache()).containsOnlyKeys("well");
	}

	@Test
	void whatCouldNotBePutDoesNotLeaveWhatWasThere() {
		this.cache.put("replaced", "old");
		this.cache.put("well", "value");

		this.handler.handleCachePutError(new QueryTimeoutException("hangs"), this.cache, "replaced", "new");

		await().atMost(Duration.ofMinutes(1)).until(() -> this.handler.getPendingCount() == 0);
		assertThat(this.cache.getNativeCache()).containsOnlyKeys("well");
	}

	@Test
	void ofKeysThatAreTooLongTheWholeCacheIsEvicted() {
		this.cache.failure = new QueryTimeoutException("hangs");
		String longText = "x".repeat(1_000_000);
		for (int i = 0; i < 50; i++) {
			Object key = (i % 2 == 0) ? i + longText : new SimpleKey(i, longText);
			this.cache.getNativeCache().put(key, "old");
			this.handler.handleCacheEvictError(new QueryTimeoutException("hangs"), this.cache, key);
		}
		assertThat(this.handler.getPendingCount()).isEqualTo(11);

		this.cache.failure = null;

		await().atMost(Duration.ofMinutes(1)).until(() -> this.handler.getPendingCount() == 0);
		assertThat(this.cache.getNativeCache()).isEmpty();
		this.cache.failure = new QueryTimeoutException("hangs");
		for (String key : List.of("1", "2")) {
			this.handler.handleCacheEvictError(new QueryTimeoutException("hangs"), this.cache, key);
		}
		assertThat(this.handler.getPendingCount()).as("there is room again").isEqualTo(2);
	}

	@Test
	void ofTooManyKeysTheWholeCacheIsEvictedAndNoneIsForgotten() {
		this.cache.failure = new QueryTimeoutException("hangs");
		for (int i = 0; i < 10_001; i++) {
			this.cache.getNativeCache().put("key " + i, "old");
			this.handler.handleCacheEvictError(new QueryTimeoutException("hangs"), this.cache, "key " + i);
		}
		assertThat(this.handler.getPendingCount()).isEqualTo(10_001);

		this.cache.failure = null;

		await().atMost(Duration.ofMinutes(1)).until(() -> this.handler.getPendingCount() == 0);
		assertThat(this.cache.getNativeCache()).isEmpty();
	}

	@Test
	void aPatternIsEvictedByPattern() {
		this.cache.put("org-1:a", "1");
		this.cache.put("org-2:a", "2");

		this.handler.handleCacheEvictError(new QueryTimeoutException("hangs"), this.cache, KeyPattern.of("org-1:*"));

		await().atMost(Duration.ofMinutes(1)).until(() -> this.handler.getPendingCount() == 0);
		assertThat(this.cache.getNativeCache()).containsOnlyKeys("org-2:a");
	}

	@Test
	void whatACacheCannotDoIsSaidAndNotTriedAgain() {
		assertThatThrownBy(() -> this.handler.handleCacheEvictError(new UnsupportedOperationException("no patterns"),
				this.cache, KeyPattern.of("a*")))
			.isInstanceOf(UnsupportedOperationException.class);

		assertThat(this.handler.getPendingCount()).isZero();
	}

	@Test
	void oneThatFailsForGoodHoldsUpNoOther() {
		this.cache.put("other", "value");
		this.cache.forbidden = "forbidden";

		this.handler.handleCacheEvictError(new QueryTimeoutException("hangs"), this.cache, "forbidden");
		this.handler.handleCacheEvictError(new QueryTimeoutException("hangs"), this.cache, "other");

		await().atMost(Duration.ofMinutes(1)).until(() -> this.handler.getPendingCount() == 1);
		assertThat(this.cache.getNativeCache()).isEmpty();
	}

	@Test
	void oneThatFailsWithAnErrorHoldsUpNoOtherAndIsTriedAgain() {
		BrokenCache first = new BrokenCache("first");
		BrokenCache second = new BrokenCache("second");
		for (BrokenCache each : List.of(first, second)) {
			each.error = new NoClassDefFoundError("of a version that is not there");
			this.handler.handleCacheEvictError(new QueryTimeoutException("hangs"), each, "key");
		}
		await().atMost(Duration.ofMinutes(1)).until(() -> !first.tried.isEmpty() && !second.tried.isEmpty());

		first.error = null;
		second.error = null;

		await().atMost(Duration.ofMinutes(1)).until(() -> this.handler.getPendingCount() == 0);
	}

	@Test
	void aCacheThatTakesItsTimeToFailHoldsUpNoOther() {
		BrokenCache hanging = new BrokenCache("hanging");
		hanging.delay = Duration.ofMillis(300);
		hanging.failure = new QueryTimeoutException("hangs");
		for (int i = 0; i < 100; i++) {
			this.handler.handleCacheEvictError(hanging.failure, hanging, i);
		}
		this.cache.put("other", "value");
		this.handler.handleCacheEvictError(hanging.failure, this.cache, "other");

		await().atMost(Duration.ofMinutes(1)).until(() -> this.cache.getNativeCache().isEmpty());
		assertThat(this.handler.getPendingCount()).isEqualTo(100);
		assertThat(hanging.tried.size()).isLessThan(20);
	}

	@Test
	void whatFailsAgainWhileItIsEvictedIsEvictedOnceMore() {
		this.cache.put("key", "old");
		this.cache.evicted = () -> {
			this.cache.evicted = () -> {
			};
			this.cache.put("key", "old as well");
			this.handler.handleCacheEvictError(new QueryTimeoutException("hangs"), this.cache, "key");
		};

		this.handler.handleCacheEvictError(new QueryTimeoutException("hangs"), this.cache, "key");

		await().atMost(Duration.ofMinutes(1)).until(() -> this.handler.getPendingCount() == 0);
		assertThat(this.cache.getNativeCache()).isEmpty();
		assertThat(this.cache.tried).hasSize(2);
	}

	@Configuration(proxyBeanMethods = false)
	@EnableCaching(proxyTargetClass = true)
	static class Caching {

		@Bean
		CachingConfigurer cachingConfigurer(CacheErrorHandler handler) {
			return new CachingConfigurer() {

				@Override
				public CacheErrorHandler errorHandler() {
					return handler;
				}

			};
		}

	}

	static class Prices {

		@Cacheable("prices")
		public String price(String id) {
			return "price of " + id;
		}

		@CacheEvict("prices")
		public void change(String id) {
		}

		@CacheEvict(cacheNames = "prices", allEntries = true)
		public void changeAll() {
		}

	}

	private static final class BrokenCache extends ConcurrentMapCache {

		volatile @Nullable RuntimeException failure;

		volatile @Nullable Error error;

		volatile @Nullable Object forbidden;

		volatile Duration delay = Duration.ZERO;

		/** What happens when a key was evicted, before it is known. */
		volatile Runnable evicted = () -> {
		};

		final List<Object> tried = new CopyOnWriteArrayList<>();

		BrokenCache(String name) {
			super(name);
		}

		private void fail(@Nullable Object key) {
			RuntimeException current = this.failure;
			if (!this.delay.isZero()) {
				java.util.concurrent.locks.LockSupport.parkNanos(this.delay.toNanos());
			}
			Error broken = this.error;
			if (broken != null) {
				throw broken;
			}
			if (current != null || (key != null && key.equals(this.forbidden))) {
				throw (current != null) ? current : new QueryTimeoutException("forbidden");
			}
		}

		@Override
		public @Nullable ValueWrapper get(Object key) {
			fail(key);
			return super.get(key);
		}

		@Override
		public void put(Object key, @Nullable Object value) {
			fail(key);
			super.put(key, value);
		}

		@Override
		public void evict(Object key) {
			this.tried.add(key);
			fail(key);
			super.evict(key);
			this.evicted.run();
		}

		@Override
		public void clear() {
			fail(null);
			super.clear();
		}

	}

}
