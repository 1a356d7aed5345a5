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
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.TestInstance;
import dev.cachestarter.cache.entries.EntryReader;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.load.Leading;
import dev.cachestarter.engine.load.Staged.Stage;
import dev.cachestarter.engine.monitor.CacheMonitor.LoadOutcome;
import dev.cachestarter.engine.monitor.Step;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Calls for many keys that are cancelled between two of their stages, each of which the
 * tests take by hand.
 */
@WithRedis(local = true)
class CancelledBatchRedisTests {

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	private final RedisServer redis;

	private final TestInstance<Names> instance;

	CancelledBatchRedisTests(RedisServer redis) {
		this.redis = redis;
		redis.flushAll();
		this.instance = TestInstance.of(Names.class, redis.host(), redis.port(), (builder) -> {
			TestInstance.patient(builder);
			builder.defaults(CacheSettings.defaults().withTtl(Duration.ofHours(1)).withLoadWait(Duration.ofMinutes(5)));
		}).awaitUp();
	}

	@AfterEach
	void close() {
		this.instance.close();
	}

	/**
	 * Else the caller would wait for the five minutes of load-wait, and nobody would
	 * load.
	 */
	@Test
	void whoHasJoinedALeaseWhoseCallIsCancelledBeforeItLoadsLoads() throws Throwable {
		Loads loads = new Loads();
		BatchLoad<Map<String, Object>> batch = batch(loads, "1", "2");
		Stage leased = next(Objects.requireNonNull(batch.begin(executor())));
		leased.before().get(40, TimeUnit.SECONDS);
		CompletableFuture<String> joined = new CompletableFuture<>();
		Thread thread = new Thread(() -> joined.complete(this.instance.service().find("1")));
		thread.start();
		// For Redis it would wait with a limit.
		await().atMost(PATIENCE)
			.until(() -> this.instance.counters("names").misses() == 3 && thread.getState() == Thread.State.WAITING);

		batch.cancel();

		assertThat(leased.next().go()).as("it is over").isNull();
		assertThat(joined.get(60, TimeUnit.SECONDS)).isEqualTo("name 1");
		assertThat(loads.all).as("for nobody").isEmpty();
		await().atMost(PATIENCE).until(() -> Set.copyOf(this.redis.keys("names:*")).equals(Set.of("names:1")));
	}

	/** Take the stage after the given one, when what that waits for is there. */
	private static Stage next(Stage stage) throws Throwable {
		stage.before().get(40, TimeUnit.SECONDS);
		return Objects.requireNonNull(stage.next().go());
	}

	private Executor executor() {
		return this.instance.manager().engine().executor();
	}

	private BatchLoad<Map<String, Object>> batch(Loads loads, String... keys) {
		ResilientRedisCache cache = this.instance.cache("names");
		EntryReader reader = cache.readers().forType(String.class);
		Map<String, BatchLoad.Asked> asked = new java.util.LinkedHashMap<>();
		for (String key : keys) {
			StoredKey stored = cache.storedKey(key);
			asked.put(stored.key(), new BatchLoad.Asked(stored, reader, cache.writer()));
		}
		return new BatchLoad<>(this.instance.manager().engine(), asked, loads, null, (values) -> values);
	}

	/** What was loaded. */
	private static final class Loads implements BatchLoad.Loader {

		private final List<Set<String>> all = new CopyOnWriteArrayList<>();

		@Override
		public CompletableFuture<?> begin(Set<String> names, @Nullable Leading leading, Step<LoadOutcome> step) {
			this.all.add(names);
			return new CompletableFuture<>();
		}

		@Override
		public Map<String, ?> values(Set<String> names, @Nullable Object loaded) {
			return Map.of();
		}

	}

	/** The application. */
	static class Names {

		@Cacheable("names")
		public String find(String id) {
			return "name " + id;
		}

	}

}
