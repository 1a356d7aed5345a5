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

package dev.cachestarter.autoconfigure.metrics;

import java.util.List;
import java.util.Map;
import java.util.Objects;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration;
import org.springframework.boot.cache.autoconfigure.metrics.CacheMetricsAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.MetricsAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.export.simple.SimpleMetricsExportAutoConfiguration;
import org.springframework.boot.LazyInitializationBeanFactoryPostProcessor;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.autoconfigure.CacheStarterAutoConfiguration;
import dev.cachestarter.autoconfigure.RedisVariablesAutoConfiguration;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Meters of an application, by Spring Boot's auto-configuration and the starter's.
 */
@WithRedis
@ExtendWith(OutputCaptureExtension.class)
class CacheStarterMetricsAutoConfigurationRedisTests {

	private final ApplicationContextRunner application;

	private final ApplicationContextRunner bare;

	CacheStarterMetricsAutoConfigurationRedisTests(RedisServer redis) {
		this.bare = new ApplicationContextRunner()
			.withConfiguration(AutoConfigurations.of(CacheAutoConfiguration.class, CacheStarterAutoConfiguration.class,
					RedisVariablesAutoConfiguration.class, DataRedisAutoConfiguration.class,
					CacheStarterMetricsAutoConfiguration.class))
			.withPropertyValues(redis.springProperties())
			.withPropertyValues("cache-starter.connection.command-timeout=10s")
			.withInitializer((context) -> TestPropertyValues.of(Map.of("cache-starter.caches.[by:settings].ttl", "5m"))
				.applyTo(context))
			.withBean(Agents.class);
		this.application = this.bare.withConfiguration(
				AutoConfigurations.of(CacheMetricsAutoConfiguration.class, MetricsAutoConfiguration.class,
						CompositeMeterRegistryAutoConfiguration.class, SimpleMetricsExportAutoConfiguration.class));
	}

	@Test
	void eachCacheHasSpringBootsMetersAndOursWhoeverMadeIt() {
		this.application.run((context) -> {
			cache(context, "made:later").get("1");

			for (String cache : List.of("by:annotation", "by:settings", "made:later")) {
				assertThat(springBoots(context, cache, "cache.gets", "miss")).as(cache).isNotNull();
				assertThat(springBoots(context, cache, "cache.gets", "hit")).as(cache).isNotNull();
				assertThat(springBoots(context, cache, "cache.puts", null)).as(cache).isNotNull();
				assertThat(springBoots(context, cache, "cache.removals", null)).as(cache).isNotNull();
				assertThat(registry(context).find("cache.starter.read").tag("cache", cache).timers()).as(cache)
					.isNotEmpty();
			}
			assertThat(count(context, "made:later", "cache.gets", "miss")).isEqualTo(1);
		});
	}

	@Test
	void springBootsMetersStayTrueAndAreRegisteredOnce(CapturedOutput output) {
		this.application.run((context) -> {
			Agents agents = context.getBean(Agents.class);

			agents.find("1");
			await().until(() -> count(context, "by:annotation", "cache.puts", null) == 1);
			agents.find("1");
			agents.find("1");
			agents.change("1");
			agents.find("1");

			assertThat(count(context, "by:annotation", "cache.gets", "hit")).isEqualTo(2);
			assertThat(count(context, "by:annotation", "cache.gets", "miss")).isEqualTo(2);
			assertThat(count(context, "by:annotation", "cache.removals", null)).isEqualTo(1);
			await().until(() -> count(context, "by:annotation", "cache.puts", null) == 2);
			assertThat(registry(context).getMeters().stream().map(Meter::getId).toList()).doesNotHaveDuplicates();
			assertThat(output).doesNotContain("already registered").doesNotContain("already been registered");
		});
	}

	@Test
	void whereAllBeansAreLazyTheMetersAreThere() {
		this.application
			.withInitializer(
					(context) -> context.addBeanFactoryPostProcessor(new LazyInitializationBeanFactoryPostProcessor()))
			.run((context) -> {
				context.getBean(Agents.class).find("1");
				cache(context, "made:later").get("1");

				assertThat(count(context, "by:annotation", "cache.gets", "miss")).isEqualTo(1);
				assertThat(count(context, "made:later", "cache.gets", "miss")).isEqualTo(1);
				assertThat(registry(context).get("cache.starter.read")
					.tags("cache", "by:annotation", "outcome", "miss")
					.timer()
					.count()).isEqualTo(1);
			});
	}

	@Test
	void metersAreNamedAfterTheBeansOfTheirManagers() {
		this.application
			.withBean("ordersCacheManager", ResilientRedisCacheManager.class,
					() -> ResilientRedisCacheManager.builder(new LettuceConnectionFactory("localhost", 1)).build(),
					(definition) -> definition.setAutowireCandidate(false))
			.withPropertyValues("spring.cache.type=redis")
			.run((context) -> assertThat(registry(context).find("cache.starter.link").meters())
				.extracting((meter) -> meter.getId().getTag("cache.manager"))
				.contains("orders"));
	}

	@Test
	void aPercentileThatIsAskedForIsThere() {
		this.application
			.withPropertyValues("management.metrics.distribution.percentiles.cache.starter.read=0.99",
					"management.metrics.distribution.percentiles-histogram.cache.starter.load=true")
			.run((context) -> {
				context.getBean(Agents.class).find("1");

				assertThat(registry(context).get("cache.starter.read")
					.tags("cache", "by:annotation", "outcome", "miss")
					.timer()
					.takeSnapshot()
					.percentileValues()).hasSize(1);
				assertThat(registry(context).get("cache.starter.wait")
					.tags("cache", "by:annotation", "outcome", "load")
					.timer()
					.takeSnapshot()
					.percentileValues()).isEmpty();
			});
	}

	@Test
	void metersGoWithTheContext() {
		MeterRegistry shared = new SimpleMeterRegistry();
		this.application
			.withBean(MeterRegistry.class, () -> shared, (definition) -> definition.setDestroyMethodName(""))
			.run((context) -> {
				cache(context, "made:later").get("1");
				assertThat(shared.find("cache.starter.read").meters()).isNotEmpty();
				assertThat(shared.find("cache.gets").tag("cache", "made:later").meters()).isNotEmpty();
			});

		assertThat(shared.getMeters()).extracting((meter) -> meter.getId().getName())
			.noneMatch((name) -> name.startsWith("cache.starter"));
		assertThat(shared.find("cache.gets").tag("cache", "made:later").meters()).isEmpty();
	}

	@Test
	void withoutMicrometerTheApplicationStarts() {
		this.application.withClassLoader(new FilteredClassLoader("io.micrometer")).run((context) -> {
			assertThat(context).hasNotFailed().doesNotHaveBean(CacheStarterMetricsAutoConfiguration.class);
			assertThat(context.getBean(Agents.class).find("1")).isEqualTo("1");
		});
	}

	@Test
	void withoutARegistryTheApplicationStarts() {
		this.bare.run((context) -> {
			assertThat(context).hasNotFailed().doesNotHaveBean(MeterRegistry.class);
			assertThat(context.getBean(Agents.class).find("1")).isEqualTo("1");
		});
	}

	@Test
	void withoutTheStartersManagerThereIsNothingToMeasure() {
		this.application.withPropertyValues("spring.cache.type=none")
			.run((context) -> assertThat(context).hasNotFailed()
				.doesNotHaveBean(CacheStarterMetricsAutoConfiguration.class));
	}

	@Test
	void aRegistryWhoseShapeNeedsTheCacheIsNoCircle() {
		this.application.withBean(NeedsTheCache.class)
			.run((context) -> assertThat(context).hasNotFailed().hasSingleBean(NeedsTheCache.class));
	}

	private static MeterRegistry registry(AssertableApplicationContext context) {
		return context.getBean(MeterRegistry.class);
	}

	private static org.springframework.cache.Cache cache(AssertableApplicationContext context, String name) {
		return Objects.requireNonNull(context.getBean("cacheManager", CacheManager.class).getCache(name));
	}

	private static double count(AssertableApplicationContext context, String cache, String name,
			@Nullable String result) {
		return Objects.requireNonNull(springBoots(context, cache, name, result)).count();
	}

	private static @Nullable FunctionCounter springBoots(AssertableApplicationContext context, String cache,
			String name, @Nullable String result) {
		return registry(context).find(name)
			.tags("cache", cache, "cache.manager", "cacheManager", "name", cache)
			.tags((result != null) ? new String[] { "result", result } : new String[0])
			.functionCounter();
	}

	/** Its proxy may be defined by another class loader. */
	public static class Agents {

		@Cacheable("by:annotation")
		public String find(String id) {
			return id;
		}

		@CacheEvict("by:annotation")
		public void change(String id) {
		}

	}

	static class NeedsTheCache implements io.micrometer.core.instrument.config.MeterFilter {

		NeedsTheCache(CacheManager cacheManager) {
			assertThat(cacheManager).isNotNull();
		}

	}

}
