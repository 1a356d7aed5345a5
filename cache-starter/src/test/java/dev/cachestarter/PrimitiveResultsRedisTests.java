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

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Threads;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What a method that returns a primitive finds where a null is cached: by a method that
 * may return one, by the release before this one, or by whoever can write to Redis.
 */
@WithRedis
class PrimitiveResultsRedisTests {

	private final TestInstance<Counts> instance;

	PrimitiveResultsRedisTests(RedisServer redis) {
		redis.flushAll();
		this.instance = TestInstance
			.of(Counts.class, redis.host(), redis.port(),
					(builder) -> TestInstance
						.patient(builder.cache("stated", CacheSettings.defaults().withType(Long.class))))
			.awaitUp();
	}

	@AfterEach
	void close() {
		this.instance.close();
	}

	private Counts counts() {
		return this.instance.service();
	}

	@Test
	void aCachedNullIsAMissAndForOthersAHit() {
		assertThat(counts().perhaps("a")).isNull();

		assertThat(counts().sure("a")).isEqualTo(5);
		assertThat(counts().sureOnce("a")).isEqualTo(5);

		assertThat(this.instance.counters("counts").unreadable()).isZero();
		assertThat(counts().perhaps("a")).isNull();
		assertThat(counts().loads()).isEqualTo(3);
	}

	@Test
	void aCachedNullIsAMissWhereSettingsTellTheType() {
		assertThat(counts().statedPerhaps("a")).isNull();

		assertThat(counts().statedSure("a")).isEqualTo(5);

		assertThat(counts().statedPerhaps("a")).isNull();
		assertThat(counts().loads()).isEqualTo(2);
	}

	@Test
	void theNullOfALoadIsNotSharedWithIt() throws Exception {
		counts().hold();
		CompletableFuture<@Nullable Long> perhaps = CompletableFuture.supplyAsync(() -> counts().perhaps("b"),
				Threads.OWN);
		assertThat(counts().awaitLoad()).isTrue();
		CompletableFuture<Long> sure = CompletableFuture.supplyAsync(() -> counts().sure("b"), Threads.OWN);
		await().until(() -> this.instance.counters("counts").misses() == 2);

		counts().goOn();

		assertThat(perhaps.get()).isNull();
		assertThat(sure.get()).isEqualTo(5);
	}

	@Test
	void whatIsNoNullIsSharedByAllMethodsOfTheType() {
		assertThat(counts().sure("c")).isEqualTo(5);

		assertThat(counts().perhaps("c")).isEqualTo(5L);
		assertThat(counts().sure("c")).isEqualTo(5);
		assertThat(counts().loads()).isEqualTo(1);
	}

	static class Counts {

		private final AtomicInteger loads = new AtomicInteger();

		private final CountDownLatch entered = new CountDownLatch(1);

		private volatile CountDownLatch gate = new CountDownLatch(0);

		public int loads() {
			return this.loads.get();
		}

		public void hold() {
			this.gate = new CountDownLatch(1);
		}

		public boolean awaitLoad() throws InterruptedException {
			return this.entered.await(10, TimeUnit.SECONDS);
		}

		public void goOn() {
			this.gate.countDown();
		}

		@Cacheable("counts")
		public @Nullable Long perhaps(String id) {
			this.loads.incrementAndGet();
			this.entered.countDown();
			try {
				this.gate.await();
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			return null;
		}

		@Cacheable("counts")
		public long sure(String id) {
			this.loads.incrementAndGet();
			return 5;
		}

		@Cacheable(cacheNames = "counts", sync = true)
		public long sureOnce(String id) {
			this.loads.incrementAndGet();
			return 5;
		}

		@Cacheable("stated")
		public @Nullable Long statedPerhaps(String id) {
			this.loads.incrementAndGet();
			return null;
		}

		@Cacheable("stated")
		public long statedSure(String id) {
			this.loads.incrementAndGet();
			return 5;
		}

	}

}
