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

import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.data.redis.cache.RedisCacheConfiguration;
import org.springframework.data.redis.cache.RedisCacheManager;
import org.springframework.mock.env.MockEnvironment;

import dev.cachestarter.CacheEvictPattern;
import dev.cachestarter.CacheReport;
import dev.cachestarter.CacheTtl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

/**
 * Settings that are allowed and cannot be meant.
 */
@ExtendWith(OutputCaptureExtension.class)
class SettingTrapsTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(CacheAutoConfiguration.class, CacheStarterAutoConfiguration.class,
				DataRedisAutoConfiguration.class))
		.withPropertyValues("spring.data.redis.port=1");

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '"',
			textBlock = """
					cache-starter.defaults.ttl=600            | 'cache-starter.defaults.ttl' is 600 without a unit, which is milliseconds. Write the unit, such as 600s or 600ms.
					cache-starter.caches.agents.null-ttl=30   | 'cache-starter.caches.agents.null-ttl' is 30 without a unit
					cache-starter.defaults.load-timeout=1s    | 'load-timeout' of the defaults has no effect without 'stale-if-error'
					cache-starter.caches.agents.load-timeout=1s    | 'load-timeout' of cache 'agents' has no effect
					cache-starter.caches[age*].load-timeout=1s    | 'load-timeout' of the caches 'age*' has no effect without 'stale-if-error': there is nothing to serve. Set 'cache-starter.caches.[age*].stale-if-error'
					cache-starter.defaults.refresh-ahead=10m  | 'refresh-ahead' of the defaults is 600s, which is not less than its ttl of 600s
					cache-starter.connection.command-timeout=100ms | 'command-timeout' is 100ms, which is below 'slow-call', 200ms
					cache-starter.key-prefix=shop             | The key prefix 'shop' ends without a separator: keys of cache 'agents' begin with 'shopagents:'
					""")
	void whatCannotBeMeantIsSaidOnce(String property, String warning, CapturedOutput output) {
		this.contextRunner.withBean(Agents.class)
			.withPropertyValues(property)
			.run((context) -> assertThat(context).hasNotFailed());

		assertThat(warnings(output)).singleElement().asString().contains(warning);
	}

	@ParameterizedTest
	@ValueSource(strings = { "cache-starter.defaults.ttl=0", "cache-starter.defaults.ttl=10m",
			"cache-starter.key-prefix=shop:", "cache-starter.connection.command-timeout=250",
			"spring.cache.redis.time-to-live=600000" })
	void whatMayBeMeantIsNotSaid(String property, CapturedOutput output) {
		this.contextRunner.withBean(Agents.class)
			.withPropertyValues(property)
			.run((context) -> assertThat(context).hasNotFailed());

		assertThat(warnings(output)).isEmpty();
	}

	@Test
	void bracketsWithoutQuotesAreExplained(CapturedOutput output) {
		this.contextRunner.withBean(Agents.class)
			.withInitializer((context) -> TestPropertyValues.of(Map.of("cache-starter.caches[[agents]].ttl", "5m"))
				.applyTo(context))
			.run((context) -> assertThat(context).hasNotFailed());

		assertThat(output).contains("in YAML, put the brackets in quotes: \"[agents]\"");
	}

	@Test
	void cachesShowWhatIsInForce() {
		this.contextRunner
			.withPropertyValues("cache-starter.caches.agents.ttl=5m", "cache-starter.caches.agents.null-ttl=0",
					"cache-starter.key-prefix=shop:", "cache-starter.caches.tools.ttl=0",
					"cache-starter.defaults.ttl=7m")
			.run((context) -> {
				Map<String, RedisCacheConfiguration> shown = context.getBean(RedisCacheManager.class)
					.getCacheConfigurations();
				RedisCacheConfiguration agents = shown.get("agents");
				assertThat(agents.getTtlFunction().getTimeToLive("a", "b")).hasMinutes(5);
				assertThat(agents.getKeyPrefixFor("agents")).isEqualTo("shop:agents:");
				assertThat(agents.getAllowCacheNullValues()).isFalse();
				assertThat(shown.get("tools").getTtlFunction().getTimeToLive("a", "b")).isZero();
				// Spring Boot's own tests look at the private fields.
				assertThat(context.getBean(RedisCacheManager.class)).extracting("defaultCacheConfiguration")
					.isInstanceOfSatisfying(RedisCacheConfiguration.class, (configuration) -> {
						assertThat(configuration.getTtlFunction().getTimeToLive("a", "b")).hasMinutes(7);
						assertThat(configuration.getKeyPrefixFor("new")).isEqualTo("shop:new:");
					});
				assertThat(context.getBean(RedisCacheManager.class).getCache("agents")).extracting("cacheConfiguration")
					.isInstanceOfSatisfying(RedisCacheConfiguration.class, (configuration) -> {
						assertThat(configuration.getTtlFunction().getTimeToLive("a", "b")).hasMinutes(5);
						assertThat(configuration.getKeyPrefixFor("agents")).isEqualTo("shop:agents:");
					});
				assertThat(context.getBean(RedisCacheManager.class).getCache("agents").getNativeCache().getClass())
					.hasToString("class dev.cachestarter.cache.ResilientRedisCache$Writer");
			});
	}

	@ParameterizedTest
	@ValueSource(classes = { MalformedPattern.class, NoCache.class })
	void aMalformedPatternIsAnalyzed(Class<?> type) {
		this.contextRunner.withBean(type).run((context) -> {
			FailureAnalysis analysis = new CacheConfigurationFailureAnalyzer(new MockEnvironment())
				.analyze(context.getStartupFailure());
			assertThat(analysis).isNotNull();
			assertThat(analysis.getDescription()).startsWith("@CacheEvictPattern on '").contains(type.getSimpleName());
			assertThat(analysis.getAction()).contains("Correct the annotation");
		});
	}

	@ParameterizedTest
	@ValueSource(classes = { NoUnit.class, NoProperty.class, NoParameter.class })
	void aMalformedTtlStopsTheStartAndIsAnalyzed(Class<?> type) {
		this.contextRunner.withBean(type).run((context) -> {
			FailureAnalysis analysis = new CacheConfigurationFailureAnalyzer(new MockEnvironment())
				.analyze(context.getStartupFailure());
			assertThat(analysis).isNotNull();
			assertThat(analysis.getDescription()).startsWith("@CacheTtl on '").contains(type.getSimpleName());
			assertThat(analysis.getAction()).contains("Write a duration with its unit, as in \"5m\"");
		});
	}

	@Test
	void whatIsWrongWithTheTtlOfALazyBeanOrHasNoEffectIsReported(CapturedOutput output) {
		this.contextRunner.withBean(NoUnit.class, NoUnit::new, (definition) -> definition.setLazyInit(true))
			.withBean(NoEffect.class)
			.run((context) -> {
				CacheReport report = context.getBean(CacheReport.class);

				assertThat(report.problems()).extracting(CacheReport.CachedMethod::method)
					.containsExactly("NoEffect.evict(String)", "NoUnit.find(String)");
				assertThat(report.problems()).flatExtracting(CacheReport.CachedMethod::problems)
					.satisfiesExactly(
							(problem) -> assertThat(problem)
								.startsWith("@CacheTtl has no effect, since what the method"),
							(problem) -> assertThat(problem).contains("'600' has no unit. Write one"));
				assertThat(report.methods()).extracting(CacheReport.CachedMethod::method, CacheReport.CachedMethod::ttl)
					.contains(tuple("NoEffect.find(String)", "2m"));
			});
	}

	private static List<String> warnings(CapturedOutput output) {
		return output.getAll()
			.lines()
			.filter((line) -> line.matches(".*WARN.*dev\\.cachestarter +(--|:).*") && !line.contains("Redis error"))
			.toList();
	}

	static class NoUnit {

		@Cacheable("agents")
		@CacheTtl("600")
		public String find(String id) {
			return id;
		}

	}

	static class NoProperty {

		@Cacheable("agents")
		@CacheTtl("${agents.ttl}")
		public String find(String id) {
			return id;
		}

	}

	static class NoParameter {

		@Cacheable("agents")
		@CacheTtl("#{#reslt.length()}m")
		public String find(String id) {
			return id;
		}

	}

	@CacheTtl("2m")
	static class NoEffect {

		@Cacheable("agents")
		public String find(String id) {
			return id;
		}

		@CacheEvict("agents")
		@CacheTtl("1m")
		public void evict(String id) {
		}

		@CacheEvict("agents")
		public void evictByClass(String id) {
		}

	}

	static class Agents {

		@Cacheable("agents")
		public List<String> list(String organization) {
			return List.of();
		}

	}

	static class MalformedPattern {

		@CacheEvictPattern(cacheNames = "agents", pattern = "#{#organization:*")
		public void evict(String organization) {
		}

	}

	static class NoCache {

		@CacheEvictPattern(pattern = "#{#organization}:*")
		public void evict(String organization) {
		}

	}

}
