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
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.transaction.support.TransactionTemplate;

import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Transactions;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Hits that are compared with a fresh load in the background.
 */
@WithRedis
@ExtendWith(OutputCaptureExtension.class)
class VerifyRedisTests {

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	private final RedisServer redis;

	VerifyRedisTests(RedisServer redis) {
		this.redis = redis;
		redis.flushAll();
	}

	@Test
	void aHitThatIsAsItShouldBeIsCountedAndNothingIsSaid(CapturedOutput output) {
		try (TestInstance<Source> instance = instance(1)) {
			Source source = instance.service();
			source.set("1", "first");
			source.find("1");
			awaitStored("items:1");

			assertThat(source.find("1")).isEqualTo("first");

			await().atMost(PATIENCE).until(() -> instance.counters("items").verified() == 1);
			assertThat(instance.counters("items").foundStale()).isZero();
			assertThat(source.loads("1")).isEqualTo(2);
			assertThat(output).doesNotContain("another value under key");
		}
	}

	@Test
	void aChangeThatNothingEvictedIsFoundSaidWithoutValuesAndMended(CapturedOutput output) {
		try (TestInstance<Source> instance = instance(1)) {
			Source source = instance.service();
			source.set("1", "old-secret");
			source.find("1");
			awaitStored("items:1");
			source.set("1", "new-secret");

			assertThat(source.find("1")).as("the caller gets its hit").isEqualTo("old-secret");

			await().atMost(PATIENCE).until(() -> instance.counters("items").foundStale() == 1);
			assertThat(instance.counters("items").verified()).isEqualTo(1);
			assertThat(source.find("1")).isEqualTo("new-secret");
			assertThat(output).containsOnlyOnce("Cache 'items' had another value under key 'items:1'")
				.doesNotContain("-secret");
		}
	}

	@Test
	void anEvictionThatComesDuringTheLoadOrShortlyAfterItExplainsADifference() {
		try (TestInstance<Source> instance = instance(1); TestInstance<Source> other = instance(0)) {
			Source source = instance.service();
			for (String id : new String[] { "1", "2", "3" }) {
				source.set(id, "old");
				source.find(id);
				awaitStored("items:" + id);
				source.set(id, "new");
			}

			// While it is loaded.
			source.hold("1");
			source.find("1");
			await().atMost(PATIENCE).until(() -> source.loads("1") == 2);
			source.changed("1");
			source.release("1");
			// When it has been stored, by another instance.
			source.find("2");
			await().atMost(PATIENCE).until(() -> "new".equals(value(instance, "2")));
			other.service().changed("2");
			// Never.
			source.find("3");

			await().atMost(PATIENCE).until(() -> instance.counters("items").foundStale() > 0);
			assertThat(instance.counters("items").foundStale()).isEqualTo(1);
			assertThat(instance.counters("items").verified()).isEqualTo(1);
		}
	}

	@Test
	void oneKeyIsLoadedOnceAtATimeHoweverManyAsk() {
		try (TestInstance<Source> instance = instance(1); TestInstance<Source> other = instance(1)) {
			Source source = instance.service();
			source.set("1", "first");
			other.service().set("1", "first");
			source.find("1");
			awaitStored("items:1");
			source.hold("1");
			other.service().hold("1");
			source.find("1");
			await().atMost(PATIENCE).until(() -> source.loads("1") == 2);

			for (int i = 0; i < 50; i++) {
				assertThat(source.find("1")).isEqualTo("first");
				assertThat(other.service().find("1")).isEqualTo("first");
			}

			assertThat(source.loads("1")).isEqualTo(2);
			assertThat(other.service().loads("1")).isZero();
			source.release("1");
			other.service().release("1");
		}
	}

	@Test
	void whatIsWrittenInAnotherOrderOrHasNoEqualsIsTheSame() {
		try (TestInstance<Source> instance = instance(1)) {
			Source source = instance.service();
			source.tags("a");
			awaitStored("tags:a");

			source.tags("a");

			await().atMost(PATIENCE).until(() -> instance.counters("tags").verified() == 1);
			assertThat(instance.counters("tags").foundStale()).isZero();
		}
	}

	@Test
	void whileLoadsWaitForAThreadNothingIsVerified() {
		try (TestInstance<Source> instance = instance(1)) {
			Source source = instance.service();
			source.set("last", "first");
			source.find("last");
			awaitStored("items:last");
			int keys = 0;
			while (!instance.engine().background().isBusy("items")) {
				String id = "busy-" + keys++;
				source.set(id, "first");
				source.find(id);
				awaitStored("items:" + id);
				source.hold(id);
				source.find(id);
				await().atMost(PATIENCE)
					.until(() -> source.loads(id) == 2 || instance.engine().background().isBusy("items"));
			}

			for (int i = 0; i < 20; i++) {
				source.find("last");
			}

			assertThat(source.loads("last")).isEqualTo(1);
			for (int i = 0; i < keys; i++) {
				source.release("busy-" + i);
			}
		}
	}

	@Test
	void whatIsNotToBeStoredIsNotCompared() {
		try (TestInstance<Source> instance = instance(1)) {
			Source source = instance.service();
			source.set("1", "first");
			source.unlessEmpty("1");
			awaitStored("items:1");
			source.set("1", "");

			source.unlessEmpty("1");

			await().atMost(PATIENCE).until(() -> source.loads("1") == 2);
			source.set("2", "first");
			source.find("2");
			awaitStored("items:2");
			source.find("2");
			await().atMost(PATIENCE).until(() -> instance.counters("items").verified() > 0);
			assertThat(instance.counters("items").verified()).isEqualTo(1);
			assertThat(instance.counters("items").foundStale()).isZero();
		}
	}

	@Test
	void inATransactionNothingIsVerified() {
		try (TestInstance<Source> instance = instance(1)) {
			Source source = instance.service();
			source.set("1", "first");
			source.find("1");
			awaitStored("items:1");

			new TransactionTemplate(new Transactions()).executeWithoutResult((status) -> source.find("1"));

			assertThat(source.loads("1")).isEqualTo(1);
		}
	}

	@Test
	void itIsOffUnlessItIsSwitchedOn() {
		try (TestInstance<Source> instance = instance(0)) {
			Source source = instance.service();
			source.set("1", "first");
			source.find("1");
			awaitStored("items:1");

			for (int i = 0; i < 100; i++) {
				source.find("1");
			}

			assertThat(source.loads("1")).isEqualTo(1);
			assertThat(CacheSettings.defaults().verify()).isZero();
		}
	}

	private TestInstance<Source> instance(double share) {
		return TestInstance.of(Source.class, this.redis.host(), this.redis.port(), (builder) -> {
			TestInstance.patient(builder);
			builder.defaults(CacheSettings.defaults().withVerify(share).withLease(Duration.ofMinutes(1)));
		}).awaitUp();
	}

	private void awaitStored(String key) {
		await().atMost(PATIENCE).until(() -> {
			byte[] entry = this.redis.bytes(key);
			return entry != null && entry.length > 5 && entry[4] == 'v';
		});
	}

	private static @Nullable String value(TestInstance<Source> instance, String id) {
		return instance.cacheService().get("items:" + id, String.class).orElse(null);
	}

	static class Source {

		private final Map<String, String> values = new ConcurrentHashMap<>();

		private final Map<String, AtomicInteger> loads = new ConcurrentHashMap<>();

		private final Map<String, Semaphore> held = new ConcurrentHashMap<>();

		private boolean reversed;

		public void set(String id, String value) {
			this.values.put(id, value);
		}

		@Cacheable("items")
		public String find(String id) {
			return load(id);
		}

		@Cacheable(cacheNames = "items", unless = "#result.empty")
		public String unlessEmpty(String id) {
			return load(id);
		}

		@CacheEvict("items")
		public void changed(String id) {
		}

		@Cacheable("tags")
		public Tags tags(String id) {
			this.reversed = !this.reversed;
			Tags tags = new Tags();
			// Of equal hash codes the one that was there first comes first.
			tags.names.add(this.reversed ? "Aa" : "BB");
			tags.names.add(this.reversed ? "BB" : "Aa");
			return tags;
		}

		private String load(String id) {
			this.loads.computeIfAbsent(id, (same) -> new AtomicInteger()).incrementAndGet();
			String value = this.values.get(id);
			Semaphore gate = this.held.get(id);
			if (gate != null) {
				CompletableFuture.runAsync(gate::acquireUninterruptibly, Runnable::run).join();
			}
			return (value != null) ? value : "";
		}

		public int loads(String id) {
			AtomicInteger count = this.loads.get(id);
			return (count != null) ? count.get() : 0;
		}

		public void hold(String id) {
			this.held.put(id, new Semaphore(0));
		}

		public void release(String id) {
			Semaphore gate = this.held.remove(id);
			if (gate != null) {
				gate.release(1000);
			}
		}

	}

	static class Tags {

		public Set<String> names = new HashSet<>();

	}

}
