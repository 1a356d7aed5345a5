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
package dev.cachestarter.engine.entry;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import io.lettuce.core.resource.ClientResources;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.TestInstance;
import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Many patterns that are evicted at once.
 */
@WithRedis
class PatternWalksRedisTests {

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	private final RedisServer redis;

	private final HeldScans hold = new HeldScans();

	private final ClientResources resources = ClientResources.builder().nettyCustomizer(this.hold).build();

	private TestInstance<Object> instance;

	PatternWalksRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@BeforeEach
	void open() {
		this.instance = TestInstance
			.of(Object.class,
					() -> new LettuceConnectionFactory(
							new RedisStandaloneConfiguration(this.redis.host(), this.redis.port()),
							LettuceClientConfiguration.builder().clientResources(this.resources).build()),
					TestInstance::patient)
			.awaitUp();
		this.instance.cache("pages");
	}

	@AfterEach
	void close() {
		this.hold.release();
		this.instance.close();
		this.resources.shutdown();
	}

	@Test
	void fewWalksRunAtATimeHoweverManyAreAskedFor() throws Exception {
		this.redis.cli("SET", "pages:t:7", "cs2 v");
		this.hold.arm(this.redis.port());

		List<CompletableFuture<Long>> evicted = IntStream.range(0, 90)
			.mapToObj((number) -> evict("*:" + number))
			.toList();

		this.hold.awaitHeld();
		assertThat(this.hold.sent()).isBetween(1, 4);
		this.hold.release();
		for (CompletableFuture<Long> each : evicted) {
			each.get(30, TimeUnit.SECONDS);
		}
		assertThat(this.redis.keys("pages:*")).isEmpty();
		assertThat(this.instance.engine().evictions().pendingCount()).isZero();
	}

	@Test
	void equalOnesShareAWalkThatBeginsAfterAllOfThem() throws Exception {
		this.redis.cli("CONFIG", "RESETSTAT");
		this.hold.arm(this.redis.port());
		CompletableFuture<Long> first = evict("*:7");
		this.hold.awaitHeld();
		await().atMost(PATIENCE).until(() -> this.redis.info("cmdstat_scan").contains("calls="));

		this.redis.cli("SET", "pages:t:7", "cs2 v stored behind the first walk");
		List<CompletableFuture<Long>> later = IntStream.range(0, 50).mapToObj((number) -> evict("*:7")).toList();

		assertThat(this.hold.sent()).isOne();
		this.hold.release();
		assertThat(first.get(30, TimeUnit.SECONDS)).isZero();
		for (CompletableFuture<Long> each : later) {
			assertThat(each.get(30, TimeUnit.SECONDS)).isOne();
		}
		assertThat(this.redis.keys("pages:*")).isEmpty();
	}

	private CompletableFuture<Long> evict(String glob) {
		return this.instance.engine().evictions().evict(new Target.Glob("pages", KeyPattern.of(glob)));
	}

}
