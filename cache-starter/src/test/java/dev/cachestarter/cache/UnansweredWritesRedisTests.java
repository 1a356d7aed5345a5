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

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.Interleavings;
import dev.cachestarter.TestInstance;
import dev.cachestarter.cache.call.FutureCall;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.redis.Budget;
import dev.cachestarter.engine.redis.Deadline;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Threads;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What is in Redis where a write was not answered, or an eviction refused.
 */
@WithRedis(local = true)
class UnansweredWritesRedisTests {

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	private final RedisServer redis;

	private final TestInstance<Names> instance;

	private final ResilientRedisCache cache;

	private final StoredKey key;

	UnansweredWritesRedisTests(RedisServer redis) {
		this.redis = redis;
		this.instance = TestInstance
			.of(Names.class, redis.host(), redis.port(),
					(builder) -> Internals.link(builder.caches(List.of("names")), Interleavings.PATIENT))
			.awaitUp();
		this.cache = this.instance.cache("names");
		this.key = Internals.storedKey(this.cache, "1");
	}

	@AfterEach
	void close() {
		this.redis.cli("ACL", "SETUSER", "default", "+unlink");
		this.instance.close();
	}

	private String stored() {
		return String
			.valueOf(this.redis.cli("GETRANGE", new String(this.key.redisKey(), StandardCharsets.UTF_8), "0", "-1"));
	}

	@Test
	void anAsynchronousPutThatIsWaitedForNoLongerLeavesNoOldValue() {
		this.cache.put("1", "old");
		await().atMost(PATIENCE).until(() -> stored().contains("old"));
		CompletableFuture<Void> unanswered = new CompletableFuture<>();

		this.cache.writer()
			.settle(new FutureCall(null, null), this.key, unanswered,
					new Deadline(this.instance.engine().link(), new Budget(Duration.ofMillis(50))));

		await().atMost(PATIENCE).until(() -> !stored().contains("old"));
	}

	@Test
	void whatWasLoadedBeforeAnEvictionThatRedisRefusesIsNotStored() throws Exception {
		Names names = this.instance.service();
		CompletableFuture<String> loading = CompletableFuture.supplyAsync(() -> names.find("1"), Threads.OWN);
		assertThat(names.awaitReached()).isTrue();
		this.redis.cli("ACL", "SETUSER", "default", "-unlink");
		this.cache.evict("1");
		assertThat(this.instance.engine().evictions().pendingCount()).isEqualTo(1);

		names.goOn();

		assertThat(loading.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo("loaded");
		assertThat(stored()).doesNotContain("loaded");
	}

	/**
	 * Names of something.
	 */
	public static class Names {

		private final CountDownLatch reached = new CountDownLatch(1);

		private final CountDownLatch go = new CountDownLatch(1);

		public boolean awaitReached() throws InterruptedException {
			return this.reached.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
		}

		public void goOn() {
			this.go.countDown();
		}

		@Cacheable("names")
		public String find(String id) {
			this.reached.countDown();
			try {
				this.go.await();
			}
			catch (InterruptedException ex) {
				throw new IllegalStateException(ex);
			}
			return "loaded";
		}

	}

}
