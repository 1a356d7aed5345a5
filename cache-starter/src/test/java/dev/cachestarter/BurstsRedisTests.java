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

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.Test;

import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.engine.redis.RedisLink;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Very many calls at once, on a Redis that is well.
 */
@WithRedis
class BurstsRedisTests {

	private final RedisServer redis;

	BurstsRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	private TestInstance<Rows> instance() {
		this.redis.flushAll();
		// All defaults: it is these that a burst must not be an outage for.
		return TestInstance
			.of(Rows.class, this.redis.host(), this.redis.port(), (builder) -> builder.caches(List.of("rows")))
			.awaitUp();
	}

	@Test
	void aBurstOfColdFuturesIsNoOutage() throws Exception {
		try (TestInstance<Rows> instance = instance()) {
			Rows rows = instance.service();
			RedisLink link = instance.engine().link();
			long session = link.session();
			List<CompletableFuture<String>> calls = new ArrayList<>();
			for (int i = 0; i < 2000; i++) {
				calls.add(rows.future(i));
			}

			for (int i = 0; i < 2000; i++) {
				assertThat(calls.get(i).get(60, TimeUnit.SECONDS)).isEqualTo("row " + i);
			}

			assertThat(link.session()).as("how often the link left").isEqualTo(session);
			assertThat(rows.loads()).isEqualTo(2000);
		}
	}

	@Test
	void aBurstOfThreadsIsNoOutage() throws Exception {
		try (TestInstance<Rows> instance = instance()) {
			Rows rows = instance.service();
			RedisLink link = instance.engine().link();
			long session = link.session();
			CountDownLatch begin = new CountDownLatch(1);
			List<Thread> threads = new ArrayList<>();
			List<String> wrong = new ArrayList<>();
			for (int i = 0; i < 1000; i++) {
				int id = i;
				Thread thread = new Thread(() -> {
					try {
						begin.await();
					}
					catch (InterruptedException ex) {
						return;
					}
					if (!rows.find(id).equals("row " + id)) {
						wrong.add("row " + id);
					}
				});
				thread.start();
				threads.add(thread);
			}

			begin.countDown();
			for (Thread thread : threads) {
				thread.join(60_000);
			}

			assertThat(wrong).isEmpty();
			assertThat(link.session()).as("how often the link left").isEqualTo(session);
			assertThat(rows.loads()).isEqualTo(1000);
		}
	}

	/**
	 * Rows of which none is cached yet.
	 */
	public static class Rows {

		private final AtomicInteger loads = new AtomicInteger();

		public int loads() {
			return this.loads.get();
		}

		@Cacheable(cacheNames = "rows", key = "#id")
		public CompletableFuture<String> future(int id) {
			this.loads.incrementAndGet();
			return CompletableFuture.completedFuture("row " + id);
		}

		@Cacheable(cacheNames = "rows", key = "#id")
		public String find(int id) {
			this.loads.incrementAndGet();
			return "row " + id;
		}

	}

}
