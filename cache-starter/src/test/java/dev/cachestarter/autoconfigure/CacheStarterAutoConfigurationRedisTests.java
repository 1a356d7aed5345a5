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

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import dev.cachestarter.CacheEventListener;
import dev.cachestarter.CacheEvictPattern;
import dev.cachestarter.CacheService;
import dev.cachestarter.TtlPolicy;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Threads;
import dev.cachestarter.testing.WithRedis;
import org.awaitility.core.ThrowingRunnable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.beans.factory.BeanFactory;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.task.TaskDecorator;
import org.springframework.data.redis.cache.RedisCacheConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.serializer.RedisSerializationContext.SerializationPair;
import org.springframework.data.redis.serializer.RedisSerializer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What is configured, as it shows on a real Redis.
 */
@WithRedis
class CacheStarterAutoConfigurationRedisTests {

	private final RedisServer redis;

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(CacheAutoConfiguration.class, CacheStarterAutoConfiguration.class,
				RedisVariablesAutoConfiguration.class, DataRedisAutoConfiguration.class))
		.withUserConfiguration(AgentsConfiguration.class);

	CacheStarterAutoConfigurationRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@Test
	void annotatedMethodsAreCachedWithTheDependencyAlone() {
		atRedis().run((context) -> {
			Agents agents = connected(context);

			assertThat(agents.list("org-1", 1)).isEqualTo(agents.list("org-1", 1))
				.isNotEqualTo(agents.list("org-2", 1));

			assertThat(this.redis.keys("agents:*")).containsExactlyInAnyOrder("agents:list:org-1:1",
					"agents:list:org-2:1");
			agents.change("org-1");
			assertThat(this.redis.keys("agents:list:*")).contains("agents:list:org-2:1");
			assertThat(agents.list("org-1", 1)).isEqualTo(3);
		});
	}

	@Test
	void anEvictionReachesWhatTheServiceStoredBeforeAnyMethodUsedTheCache() {
		atRedis().run((first) -> atRedis().run((second) -> {
			connected(first);
			Agents agents = connected(second);
			CacheService service = first.getBean(CacheService.class);

			service.set("agents:list:org-1:1", 7, Duration.ofMinutes(1));
			assertThat(agents.list("org-1", 1)).isEqualTo(7);
			second.getBean(CacheService.class).invalidate("agents:list:org-1:*");

			assertThat(service.get("agents:list:org-1:1", Integer.class)).isEmpty();
		}));
	}

	@Test
	void settingsShowOnKeysAndTheirTtl() {
		atRedis().withPropertyValues("cache-starter.key-prefix=shop:", "cache-starter.defaults.ttl-jitter=0")
			.withInitializer((context) -> TestPropertyValues.of(Map.of("cache-starter.caches.[agents:list].ttl", "5m"))
				.applyTo(context))
			.run((context) -> {
				connected(context).list("org-1", 1);

				awaitFill(() -> assertThat(this.redis.number("PTTL", "shop:agents:list:org-1:1")).isBetween(240_000L,
						300_000L));
			});
	}

	@Test
	void aTtlPolicyGoesBeforeAllOtherTtls() {
		atRedis().withBean(TtlPolicy.class, () -> (cacheName, key, value) -> Duration.ofHours(7))
			.withInitializer((context) -> TestPropertyValues.of(Map.of("cache-starter.caches.[agents:list].ttl", "5m"))
				.applyTo(context))
			.run((context) -> {
				connected(context).list("org-1", 1);

				awaitFill(() -> assertThat(this.redis.number("PTTL", "agents:list:org-1:1"))
					.isGreaterThan(6 * 3_600_000L));
			});
	}

	@Test
	void aTtlPolicyThatAnswersANegativeTimeLeavesItToTheSettings() {
		atRedis().withBean(TtlPolicy.class, () -> (cacheName, key, value) -> Duration.ofSeconds(-1))
			.withInitializer((context) -> TestPropertyValues.of(Map.of("cache-starter.caches.[agents:list].ttl", "5m"))
				.applyTo(context))
			.run((context) -> {
				connected(context).list("org-1", 1);

				awaitFill(() -> assertThat(this.redis.number("PTTL", "agents:list:org-1:1")).isBetween(240_000L,
						300_000L));
			});
	}

	@Test
	void anExplicitValueSerializerWritesTheValues() {
		atRedis()
			.withBean(RedisCacheConfiguration.class,
					() -> RedisCacheConfiguration.defaultCacheConfig()
						.serializeValuesWith(SerializationPair.fromSerializer(new Spelling())))
			.run((context) -> {
				Agents agents = connected(context);

				assertThat(agents.list("org-1", 1)).isEqualTo(agents.list("org-1", 1));

				awaitFill(() -> assertThat(
						new String(Objects.requireNonNull(this.redis.bytes("agents:list:org-1:1")), UTF_8))
					.endsWith("number 1"));
			});
	}

	@Test
	void aNamedConnectionFactorySaysWhereTheCacheIs() {
		this.contextRunner.withUserConfiguration(TwoConnectionFactories.class)
			.withBean(RedisServer.class, () -> this.redis, (definition) -> definition.setDestroyMethodName(""))
			.withPropertyValues("cache-starter.connection.factory=second")
			.run((context) -> {
				connected(context).list("org-1", 1);

				assertThat(this.redis.keys("agents:*")).hasSize(1);
			});
	}

	@Test
	void aUrlVariableSaysWhereTheCacheIs() {
		this.contextRunner
			.withInitializer((context) -> TestPropertyValues.of(Map.of("REDIS_URL", this.redis.url())).applyTo(context))
			.run((context) -> {
				connected(context).list("org-1", 1);

				assertThat(this.redis.keys("agents:*")).hasSize(1);
			});
	}

	@Test
	void theConnectionGoesByTheNameThatIsConfigured() {
		atRedis().withPropertyValues("spring.data.redis.client-name=shop-7").run((context) -> {
			connected(context);

			assertThat(String.valueOf(this.redis.cli("CLIENT", "LIST"))).contains("name=shop-7");
		});
	}

	@Test
	void listenersHearOfRedis() {
		CountDownLatch back = new CountDownLatch(2);
		atRedis().withBean("one", CacheEventListener.class, () -> listener(back))
			.withBean("two", CacheEventListener.class, () -> listener(back))
			.run((context) -> {
				connected(context);

				assertThat(back.await(20, TimeUnit.SECONDS)).isTrue();
			});
	}

	private static CacheEventListener listener(CountDownLatch back) {
		return new CacheEventListener() {

			@Override
			public void onBack(Duration away, int evictions) {
				back.countDown();
			}

		};
	}

	@ParameterizedTest
	@CsvSource({ "distrust, 2", "replay, 1", ", 1" })
	void whatIsOfAnotherServerCountsAsIsConfigured(@Nullable String afterRestart, int found) {
		ApplicationContextRunner runner = (afterRestart != null)
				? atRedis().withPropertyValues("cache-starter.connection.after-restart=" + afterRestart) : atRedis();
		runner.run((context) -> {
			Agents agents = connected(context);
			agents.list("org-1", 1);
			awaitFill(() -> assertThat(this.redis.cli("GETRANGE", "agents:list:org-1:1", "4", "4")).isEqualTo("v"));

			this.redis.cli("SETRANGE", "agents:list:org-1:1", "97", "0ther5un");

			assertThat(agents.list("org-1", 1)).isEqualTo(found);
		});
	}

	@Test
	void whatIsLoadedAheadRunsOnTheApplicationsExecutorWithinItsDecorators() {
		List<String> passed = Collections.synchronizedList(new ArrayList<>());
		atRedis()
			.withInitializer((context) -> TestPropertyValues.of(Map.of("cache-starter.caches.[agents:list].ttl", "1h",
					"cache-starter.caches.[agents:list].refresh-ahead", "20m"))
				.applyTo(context))
			.withBean("cacheRefreshExecutor", Executor.class, () -> (task) -> {
				passed.add("executor");
				Threads.OWN.execute(task);
			})
			.withBean("another", Executor.class, () -> (task) -> passed.add("another executor"))
			.withBean("one", TaskDecorator.class, () -> decorator("one", passed))
			.withBean("two", TaskDecorator.class, () -> decorator("two", passed))
			.run((context) -> {
				Agents agents = connected(context);
				agents.list("org-1", 1);
				awaitFill(() -> assertThat(this.redis.cli("GETRANGE", "agents:list:org-1:1", "4", "4")).isEqualTo("v"));
				long now = System.currentTimeMillis();
				this.redis.cli("SETRANGE", "agents:list:org-1:1", "106",
						"%013d %013d".formatted(now - 3_000_000, now + 600_000));

				assertThat(agents.list("org-1", 1)).isEqualTo(1);

				await().until(() -> agents.list("org-1", 1) == 2);
				assertThat(passed).startsWith("executor").containsExactlyInAnyOrder("executor", "one", "two");
			});
	}

	private static TaskDecorator decorator(String name, List<String> passed) {
		return (task) -> () -> {
			passed.add(name);
			task.run();
		};
	}

	private ApplicationContextRunner atRedis() {
		return this.contextRunner.withPropertyValues(this.redis.springProperties());
	}

	private static Agents connected(BeanFactory context) {
		CacheService cacheService = context.getBean(CacheService.class);
		await().until(cacheService::isEnabled);
		return context.getBean(Agents.class);
	}

	/**
	 * A value is written without waiting for Redis: its lease may still stand there.
	 */
	private static void awaitFill(ThrowingRunnable assertion) {
		await().untilAsserted(assertion);
	}

	static class Agents {

		private final AtomicInteger loads = new AtomicInteger();

		@Cacheable("agents:list")
		public int list(String organization, int page) {
			return this.loads.incrementAndGet();
		}

		@CacheEvictPattern(cacheNames = "agents:list", pattern = "#{#organization}:*")
		public void change(String organization) {
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class AgentsConfiguration {

		@Bean
		Agents agents() {
			return new Agents();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class TwoConnectionFactories {

		@Bean
		LettuceConnectionFactory first() {
			return new LettuceConnectionFactory("localhost", 1);
		}

		@Bean
		LettuceConnectionFactory second(RedisServer redis) {
			return new LettuceConnectionFactory(redis.host(), redis.port());
		}

	}

	private static final class Spelling implements RedisSerializer<Integer> {

		@Override
		public byte[] serialize(@Nullable Integer value) {
			return ("number " + value).getBytes(UTF_8);
		}

		@Override
		public Integer deserialize(byte @Nullable [] bytes) {
			return Integer.valueOf(new String(Objects.requireNonNull(bytes), UTF_8).substring(7));
		}

	}

}
