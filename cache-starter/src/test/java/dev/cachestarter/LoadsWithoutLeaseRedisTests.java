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

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Threads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Loads under a Redis that answers, but has no memory for leases.
 */
class LoadsWithoutLeaseRedisTests {

	private final RedisServer redis = RedisServer.local().start();

	private final TestInstance<Prices> reader = TestInstance.of(Prices.class, this.redis).awaitUp();

	private final TestInstance<Prices> writer = TestInstance.of(Prices.class, this.redis).awaitUp();

	@AfterEach
	void close() {
		this.reader.close();
		this.writer.close();
		this.redis.close();
	}

	@Test
	void aLoadThatBeganBeforeAnotherInstancesEvictionIsNotSharedAfterIt() throws Exception {
		this.redis.cli("CONFIG", "SET", "maxmemory", "1");
		Prices.price = 1;
		CompletableFuture<Integer> early = CompletableFuture.supplyAsync(() -> this.reader.service().slow("tea"),
				Threads.OWN);
		Prices.loading.await(5, TimeUnit.SECONDS);
		Prices.price = 2;
		this.writer.service().changed("tea");
		assertThat(this.writer.engine().evictions().pendingCount()).isZero();

		CompletableFuture<Integer> late = CompletableFuture.supplyAsync(() -> this.reader.service().slow("tea"),
				Threads.OWN);
		await().until(() -> this.reader.cache("prices").getStatistics().getMisses() == 2);
		Prices.gate.countDown();

		assertThat(early.get(5, TimeUnit.SECONDS)).isEqualTo(1);
		assertThat(late.get(5, TimeUnit.SECONDS)).isEqualTo(2);
	}

	@Test
	void aLoaderThatAsksForItsOwnKeyDoesNotWaitForItself() {
		this.redis.cli("CONFIG", "SET", "maxmemory", "1");

		CompletableFuture<Integer> nested = CompletableFuture.supplyAsync(
				() -> this.reader.cache("prices").get("rum", () -> this.reader.cache("prices").get("rum", () -> 7)),
				Threads.OWN);

		assertThat(nested).succeedsWithin(java.time.Duration.ofSeconds(2)).isEqualTo(7);
	}

	static class Prices {

		static volatile int price;

		static final CountDownLatch loading = new CountDownLatch(1);

		static final CountDownLatch gate = new CountDownLatch(1);

		@Cacheable("prices")
		public Integer slow(String id) {
			int loaded = price;
			loading.countDown();
			try {
				gate.await(10, TimeUnit.SECONDS);
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			return loaded;
		}

		@CacheEvict("prices")
		public void changed(String id) {
		}

	}

}
