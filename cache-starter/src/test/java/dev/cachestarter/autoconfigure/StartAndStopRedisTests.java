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

package dev.cachestarter.autoconfigure;

import java.io.IOException;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import org.springframework.beans.factory.DisposableBean;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.context.ConfigurableApplicationContext;

import dev.cachestarter.CacheEventListener;
import dev.cachestarter.CacheService;
import dev.cachestarter.cache.Internals;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * When the connection opens and closes in the life of an application context.
 */
@WithRedis(local = true)
class StartAndStopRedisTests {

	private final RedisServer redis;

	private final ApplicationContextRunner contextRunner;

	StartAndStopRedisTests(RedisServer redis) {
		this.redis = redis;
		this.contextRunner = new ApplicationContextRunner()
			.withConfiguration(AutoConfigurations.of(CacheAutoConfiguration.class, CacheStarterAutoConfiguration.class,
					RedisVariablesAutoConfiguration.class, DataRedisAutoConfiguration.class))
			.withPropertyValues(redis.springProperties())
			.withPropertyValues("cache-starter.connection.connect-timeout=20s",
					"cache-starter.connection.command-timeout=5s", "cache-starter.circuit-breaker.slow-call=5s")
			.withBean(Counted.class);
	}

	@Test
	void theFirstCallAfterTheStartIsCached() {
		for (int i = 0; i < 10; i++) {
			String key = "key-" + i;
			this.contextRunner.run((context) -> {
				Counted counted = context.getBean(Counted.class);
				assertThat(counted.count(key)).isEqualTo(counted.count(key));
			});
		}
	}

	@Test
	@Timeout(60)
	void aRedisThatDoesNotAnswerDoesNotStopTheStart() throws IOException {
		try (ServerSocket deaf = new ServerSocket(0)) {
			this.contextRunner
				.withPropertyValues("spring.data.redis.url=redis://localhost:" + deaf.getLocalPort(),
						"cache-starter.connection.connect-timeout=300ms")
				.run((context) -> {
					assertThat(context.getBean(CacheService.class).isEnabled()).isFalse();
					assertThat(context.getBean(Counted.class).count("key")).isEqualTo(1);
				});
		}
	}

	@Test
	void theConnectionClosesWhenTheContextStopsAndOpensWhenItStarts() {
		List<String> heard = new ArrayList<>();
		this.contextRunner.withBean(CacheEventListener.class, () -> listener(heard)).run((context) -> {
			Counted counted = context.getBean(Counted.class);
			int before = counted.count("key");
			assertThat(clients()).isPositive();

			context.getSourceApplicationContext(ConfigurableApplicationContext.class).stop();

			assertThat(clients()).isZero();
			assertThat(context.getBean(CacheService.class).isEnabled()).isFalse();
			assertThat(counted.count("key")).as("without a cache").isEqualTo(before + 1);
			counted.evict("key");
			await().untilAsserted(() -> assertThat(heard).endsWith("away"));

			context.getSourceApplicationContext(ConfigurableApplicationContext.class).start();

			assertThat(counted.count("key")).as("evicted while it was stopped")
				.isEqualTo(before + 2)
				.isEqualTo(counted.count("key"));
			await().untilAsserted(() -> assertThat(heard).endsWith("back"));
		});
	}

	@Test
	void aContextMayStopAndStartManyTimes() {
		this.contextRunner.run((context) -> {
			ConfigurableApplicationContext source = context
				.getSourceApplicationContext(ConfigurableApplicationContext.class);
			Counted counted = context.getBean(Counted.class);
			int value = counted.count("key");

			for (int i = 0; i < 5; i++) {
				source.stop();
				source.stop();
				assertThat(clients()).isZero();
				source.start();
				source.start();
				assertThat(counted.count("key")).isEqualTo(value);
			}
		});
	}

	@Test
	void anEvictionThatIsPendingWhenTheContextStopsIsAppliedWhenItStarts() {
		this.contextRunner.run((context) -> {
			ConfigurableApplicationContext source = context
				.getSourceApplicationContext(ConfigurableApplicationContext.class);
			Counted counted = context.getBean(Counted.class);
			int value = counted.count("key");
			await().until(() -> this.redis.keys("counted:*").contains("counted:key"));
			source.stop();

			counted.evict("key");

			assertThat(Internals.of(context.getBean(ResilientRedisCacheManager.class)).evictions().pendingCount())
				.isEqualTo(1);
			source.start();
			assertThat(counted.count("key")).isEqualTo(value + 1);
		});
	}

	@Test
	void whatABeanEvictsWhenItIsDestroyedReachesRedis() {
		this.contextRunner.withBean(LastWords.class).run((context) -> {
			context.getBean(Counted.class).count("words");
			await().until(() -> !this.redis.keys("counted:*").isEmpty());

			context.getSourceApplicationContext(ConfigurableApplicationContext.class).close();

			assertThat(this.redis.keys("counted:*")).isEmpty();
		});
		assertThat(clients()).isZero();
	}

	@Test
	void aStoppedContextCloses() {
		this.contextRunner.run((context) -> {
			context.getBean(Counted.class).count("key");
			context.getSourceApplicationContext(ConfigurableApplicationContext.class).stop();
		});

		assertThat(clients()).isZero();
	}

	private long clients() {
		String own = String.valueOf(this.redis.cli("CLIENT", "ID"));
		return String.valueOf(this.redis.cli("CLIENT", "LIST"))
			.lines()
			.filter((line) -> line.contains("lib-name=") || !line.contains("cmd=client"))
			.filter((line) -> !line.contains("id=" + own + " "))
			.count();
	}

	private static CacheEventListener listener(List<String> heard) {
		return new CacheEventListener() {

			@Override
			public void onAway(String why) {
				heard.add("away");
			}

			@Override
			public void onBack(Duration away, int evictions) {
				heard.add("back");
			}

		};
	}

	static class Counted {

		private final AtomicInteger calls = new AtomicInteger();

		@Cacheable("counted")
		public int count(String key) {
			return this.calls.incrementAndGet();
		}

		@CacheEvict("counted")
		public void evict(String key) {
		}

	}

	static class LastWords implements DisposableBean {

		private final CacheService cacheService;

		LastWords(CacheService cacheService) {
			this.cacheService = cacheService;
		}

		@Override
		public void destroy() {
			this.cacheService.delete("counted:words");
		}

	}

}
