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

package dev.cachestarter.autoconfigure.actuate;

import java.security.Principal;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;
import org.springframework.boot.actuate.endpoint.SecurityContext;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration;
import org.springframework.boot.cache.autoconfigure.RedisCacheManagerBuilderCustomizer;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.data.redis.cache.RedisCacheConfiguration;

import dev.cachestarter.CacheTtl;
import dev.cachestarter.TtlPolicy;
import dev.cachestarter.actuate.CacheStarterEndpoint.CacheDescriptor;
import dev.cachestarter.actuate.CacheStarterEndpoint.CacheStarterDescriptor;
import dev.cachestarter.actuate.CacheStarterEndpoint.TrackingDescriptor;
import dev.cachestarter.actuate.CacheStarterEndpoint;
import dev.cachestarter.actuate.CacheStarterEndpointWebExtension;
import dev.cachestarter.autoconfigure.CacheStarterAutoConfiguration;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.diagnosis.Setting;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * What the endpoint shows and evicts, on a real server.
 */
@WithRedis(local = true)
@ExtendWith(OutputCaptureExtension.class)
class CacheStarterEndpointRedisTests {

	private final RedisServer redis;

	private final ApplicationContextRunner contextRunner;

	CacheStarterEndpointRedisTests(RedisServer redis) {
		this.redis = redis;
		redis.flushAll();
		this.contextRunner = new ApplicationContextRunner()
			.withConfiguration(AutoConfigurations.of(CacheAutoConfiguration.class, CacheStarterAutoConfiguration.class,
					DataRedisAutoConfiguration.class, CacheEndpointAutoConfiguration.class))
			.withPropertyValues(redis.springProperties())
			.withPropertyValues("management.endpoints.web.exposure.include=cachestarter",
					"cache-starter.connection.connect-timeout=20s", "cache-starter.connection.command-timeout=5s",
					"cache-starter.circuit-breaker.slow-call=5s")
			.withBean(Items.class);
	}

	@Test
	void eachCacheIsShownWithItsCountersAndTheMethodsThatUseIt() {
		this.contextRunner.run((context) -> {
			Items items = context.getBean(Items.class);
			items.find("org-1", "1");
			items.find("org-1", "1");
			CacheStarterDescriptor shown = context.getBean(CacheStarterEndpoint.class).cacheStarter();

			assertThat(shown.enabled()).isTrue();
			assertThat(shown.redis().connected()).isTrue();
			assertThat(shown.redis().degraded()).isFalse();
			assertThat(shown.redis().state()).isEqualTo("well");
			assertThat(shown.caches()).containsOnlyKeys("items:list", "others");
			CacheDescriptor cache = shown.caches().get("items:list");
			assertThat(cache.counters().hits()).isEqualTo(1);
			assertThat(cache.counters().misses()).isEqualTo(1);
			assertThat(cache.loads().count()).isEqualTo(1);
			assertThat(cache.loads().p99Millis()).isPositive();
			assertThat(cache.methods()).containsExactly("Items.changed(String, String)", "Items.find(String, String)");
			assertThat(cache.methodTtls()).containsExactly(Map.entry("Items.find(String, String)", "#{30 + 30}m"));
			assertThat(cache.keys()).isNull();
			assertThat(JsonMapper.shared().writeValueAsString(shown)).contains("\"hitRatio\":0.5");
		});
	}

	@Test
	void itShowsWhetherRedisTellsWhatChangesWhereACacheHasAUseForThat() {
		this.contextRunner
			.run((context) -> assertThat(context.getBean(CacheStarterEndpoint.class).cacheStarter().redis().tracking())
				.isNull());

		this.contextRunner.withPropertyValues("cache-starter.caches.others.near.mode=track").run((context) -> {
			CacheStarterEndpoint endpoint = context.getBean(CacheStarterEndpoint.class);
			await().atMost(Duration.ofMinutes(1))
				.until(() -> endpoint.cacheStarter().redis().tracking().state().equals("good"));

			TrackingDescriptor tracking = endpoint.cacheStarter().redis().tracking();
			assertThat(tracking.session()).isPositive();
			assertThat(tracking.sinceHeartbeat()).isPositive();
			assertThat(tracking.error()).isNull();
		});
	}

	@Test
	void eachSettingTellsWhereItComesFrom() {
		this.contextRunner.withUserConfiguration(Beans.class)
			.withPropertyValues("cache-starter.defaults.lease=3s", "cache-starter.defaults.null-ttl=20s",
					"cache-starter.caches.others.coalesce=local", "spring.cache.redis.time-to-live=7m")
			.withInitializer((context) -> TestPropertyValues
				.of(Map.of("cache-starter.caches.[items:list].ttl-preset", "realtime"))
				.applyTo(context))
			.run((context) -> {
				CacheStarterEndpoint endpoint = context.getBean(CacheStarterEndpoint.class);

				assertThat(settings(endpoint, "items:list"))
					.containsEntry("ttl", new Setting("30s", "cache-starter.caches.[items:list].ttl-preset"))
					.containsEntry("null-ttl", new Setting("20s", "cache-starter.defaults.null-ttl"))
					.containsEntry("lease", new Setting("3s", "cache-starter.defaults.lease"))
					.containsEntry("coalesce", new Setting("cluster", "built-in"))
					.containsEntry("max-value-size", new Setting("1MB", "built-in"));
				assertThat(settings(endpoint, "others"))
					.containsEntry("ttl", new Setting("5m", "RedisCacheConfiguration bean"))
					.containsEntry("coalesce", new Setting("local", "cache-starter.caches.others.coalesce"));
				assertThat(settings(endpoint, "customized"))
					.containsEntry("ttl", new Setting("10s", "RedisCacheManagerBuilderCustomizer bean"))
					.containsEntry("null-ttl", new Setting("0s", "RedisCacheManagerBuilderCustomizer bean"));
			});
	}

	@Test
	void aCacheMadeAtRunTimeHasTheSettingsOfItsPatternsAndTellsSo() {
		this.contextRunner.withInitializer((context) -> TestPropertyValues
			.of(Map.of("cache-starter.caches.[tenant-*:list].ttl", "7m", "cache-starter.caches.[tenant-*].ttl-jitter",
					"0", "cache-starter.caches.[tenant-*].ttl", "8m", "cache-starter.caches.[*].lease", "3s"))
			.applyTo(context)).run((context) -> {
				ResilientRedisCacheManager manager = context.getBean(ResilientRedisCacheManager.class);
				assertThat(manager.getCacheNames()).as("a pattern is no cache")
					.containsExactlyInAnyOrder("items:list", "others");

				Objects.requireNonNull(manager.getCache("tenant-7:list")).put("key", "value");

				assertThat(Long.parseLong(String.valueOf(this.redis.cli("PTTL", "tenant-7:list:key"))))
					.isBetween(Duration.ofMinutes(6).toMillis(), Duration.ofMinutes(7).toMillis());
				assertThat(settings(context.getBean(CacheStarterEndpoint.class), "tenant-7:list"))
					.containsEntry("ttl", new Setting("7m", "cache-starter.caches.[tenant-*:list].ttl"))
					.containsEntry("ttl-jitter", new Setting(0.0, "cache-starter.caches.[tenant-*].ttl-jitter"))
					.containsEntry("lease", new Setting("3s", "cache-starter.caches.[*].lease"))
					.containsEntry("verify", new Setting(0.0, "built-in"));
				assertThat(settings(context.getBean(CacheStarterEndpoint.class), "others"))
					.containsEntry("ttl", new Setting("10m", "built-in"))
					.containsEntry("lease", new Setting("3s", "cache-starter.caches.[*].lease"));
			});
	}

	@Test
	void whatIsChangedAtRunTimeIsShownAsSuchAndLoggedWithWhoDidIt(CapturedOutput output) {
		this.contextRunner.withPropertyValues("cache-starter.defaults.null-ttl=50s").run((context) -> {
			CacheStarterEndpoint endpoint = context.getBean(CacheStarterEndpoint.class);
			assertThat(settings(endpoint, "others")).containsEntry("enabled", new Setting(true, "built-in"))
				.containsEntry("bypass", new Setting(0.0, "built-in"));

			CacheDescriptor answer = endpoint.control("others", "false", "0.25", "30s", null, by("alice\nWARN forged"));

			assertThat(answer).isEqualTo(endpoint.cache("others", null, null, null, null));
			assertThat(settings(endpoint, "others")).containsEntry("enabled", new Setting(false, "run time"))
				.containsEntry("bypass", new Setting(0.25, "run time"))
				.containsEntry("ttl", new Setting("30s", "run time"))
				.containsEntry("null-ttl", new Setting("30s", "run time"))
				.containsEntry("lease", new Setting("2s", "built-in"));
			assertThat(settings(endpoint, "items:list")).containsEntry("enabled", new Setting(true, "built-in"));
			assertThat(output)
				.contains(
						"Cache CONTROL - others (now: switched off, ttl 30s, bypassed for 0.25 of the calls, by: alice")
				.contains("through the endpoint)")
				.doesNotContain("\nWARN forged");
			endpoint.control("others", "true", null, null, null, SecurityContext.NONE);
			assertThat(settings(endpoint, "others")).containsEntry("enabled", new Setting(true, "built-in"))
				.containsEntry("ttl", new Setting("30s", "run time"));
			endpoint.control("others", null, "0.5", null, "true", SecurityContext.NONE);
			assertThat(settings(endpoint, "others")).containsEntry("ttl", new Setting("10m", "built-in"))
				.containsEntry("null-ttl", new Setting("50s", "cache-starter.defaults.null-ttl"))
				.containsEntry("bypass", new Setting(0.5, "run time"));
			assertThat(output).contains("by: nobody who is known through the endpoint");
		});
	}

	@Test
	void aCacheThatTheEndpointSwitchesOffIsOffUntilTheNextStart() {
		this.contextRunner.run((context) -> {
			Items items = context.getBean(Items.class);
			context.getBean(CacheStarterEndpointWebExtension.class)
				.control("items:list", "false", null, null, null, SecurityContext.NONE);

			items.find("org-1", "1");

			assertThat(items.find("org-1", "1")).isEqualTo(2);
			assertThat(this.redis.keys("items:list:*")).isEmpty();
		});
		this.contextRunner.run((context) -> {
			Items items = context.getBean(Items.class);
			items.find("org-1", "1");
			assertThat(items.find("org-1", "1")).isEqualTo(1);
		});
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '~', nullValues = "-", value = {
			"yes | - | - | - | 'enabled' cannot be 'yes': set it to true or false",
			"- | 10% | - | - | 'bypass' cannot be '10%': set it to a share of the calls from 0 to 1, such as 0.1",
			"- | 7 | - | - | 'bypass' cannot be 7.0: set it to a share of the calls from 0 to 1, such as 0.1",
			"- | NaN | - | - | 'bypass' cannot be NaN: set it to a share of the calls from 0 to 1, such as 0.1",
			"- | - | 30 | - | 'ttl' cannot be '30': it has no unit. Write one, such as '5m' or '30s'",
			"- | - | soon | - | 'ttl' cannot be 'soon': it is no duration. Write a number and its unit, such as '5m', '30s' or '1d'",
			"- | - | -5m | - | 'ttl' cannot be '-5m': it is negative. Write 0 for no expiry",
			"- | - | - | 1 | 'reset' cannot be '1': set it to true or false",
			"- | - | - | - | Name 'enabled' (true or false), 'bypass' (a share of the calls from 0 to 1), 'ttl' (such as 30s), or 'reset' (true), as in {\"enabled\": false}" })
	void aChangeThatCannotBeMeantIsRefusedWithTheCure(@Nullable String enabled, @Nullable String bypass,
			@Nullable String ttl, @Nullable String reset, String message) {
		this.contextRunner.withPropertyValues("spring.data.redis.port=1").run((context) -> {
			CacheStarterEndpoint endpoint = context.getBean(CacheStarterEndpoint.class);

			assertThatExceptionOfType(InvalidEndpointRequestException.class)
				.isThrownBy(() -> endpoint.control("others", enabled, bypass, ttl, reset, SecurityContext.NONE))
				.withMessage(message);

			assertThat(settings(endpoint, "others")).containsEntry("ttl", new Setting("10m", "built-in"))
				.containsEntry("enabled", new Setting(true, "built-in"));
		});
	}

	@Test
	void aTtlPolicyGoesBeforeAllOther() {
		this.contextRunner.withBean(TtlPolicy.class, () -> (cache, key, value) -> Duration.ofMinutes(1))
			.withPropertyValues("spring.cache.redis.time-to-live=7m", "spring.cache.redis.cache-null-values=false")
			.run((context) -> assertThat(settings(context.getBean(CacheStarterEndpoint.class), "others"))
				.containsEntry("ttl", new Setting("7m", "TtlPolicy bean, else spring.cache.redis.time-to-live"))
				.containsEntry("null-ttl", new Setting("0s", "spring.cache.redis.cache-null-values")));
	}

	@Test
	void keysOfAGroupAreShownAndNothingElse() {
		this.contextRunner.run((context) -> {
			Items items = context.getBean(Items.class);
			for (int i = 0; i < 5; i++) {
				items.find("org-1", "page-" + i);
			}
			items.find("org-10", "1");
			items.find("*", "1");
			this.redis.cli("SET", "items:listing:org-1:1", "a stranger's");
			await().until(() -> this.redis.keys("items:list:*").size() == 7);
			CacheStarterEndpoint endpoint = context.getBean(CacheStarterEndpoint.class);

			assertThat(endpoint.cache("items:list", "org-1", null, null, null).keys().keys()).containsExactlyInAnyOrder(
					"org-1:page-0", "org-1:page-1", "org-1:page-2", "org-1:page-3", "org-1:page-4");
			assertThat(endpoint.cache("items:list", "%2A", null, null, null).keys().keys()).containsExactly("%2A:1");
			assertThat(endpoint.cache("items:list", null, "*:1", null, null).keys().keys())
				.containsExactlyInAnyOrder("org-10:1", "%2A:1");
			assertThat(endpoint.cache("items:list", "org", null, null, null).keys().keys()).isEmpty();
		});
	}

	@Test
	void keysInItsLogAreWrittenAsInAnyOtherLine(CapturedOutput output) {
		this.contextRunner.withPropertyValues("cache-starter.log-keys=hash").run((context) -> {
			CacheStarterEndpoint endpoint = context.getBean(CacheStarterEndpoint.class);

			endpoint.evict("items:list", "org-77:1", null, null, by("alice"));
			endpoint.evict("items:list", null, "org-77", null, by("alice"));

			assertThat(output).containsPattern("endpoint - items:list \\(key #[0-9a-f]{16}, by: alice\\)")
				.containsPattern("endpoint - items:list \\(group #[0-9a-f]{16}, by: alice\\)")
				.doesNotContain("org-77");
		});
	}

	@Test
	void aTagIsEvictedFromEveryCache(CapturedOutput output) {
		this.contextRunner.run((context) -> {
			dev.cachestarter.CacheService service = context.getBean(dev.cachestarter.CacheService.class);
			service.set("items:list:org-1:1", 1, java.time.Duration.ofHours(1), java.util.List.of("tool:search"));
			CacheStarterEndpoint endpoint = context.getBean(CacheStarterEndpoint.class);

			assertThat(endpoint.evictTag("tool:search", by("alice")).pendingEvictions()).isZero();

			assertThat(service.get("items:list:org-1:1", Integer.class)).isEmpty();
			assertThat(output).contains("INVALIDATE through the endpoint - * (tag tool:search, by: alice)");
			assertThatExceptionOfType(InvalidEndpointRequestException.class)
				.isThrownBy(() -> endpoint.evictTag(" ", SecurityContext.NONE));
		});
	}

	@Test
	void anEvictionNamesWhoMadeItAndWhatItTook(CapturedOutput output) {
		this.contextRunner.run((context) -> {
			Items items = context.getBean(Items.class);
			items.find("org-1", "1");
			items.find("org-1", "2");
			items.find("org-2", "1");
			await().until(() -> this.redis.keys("items:list:*").size() == 3);
			CacheStarterEndpoint endpoint = context.getBean(CacheStarterEndpoint.class);

			assertThat(endpoint.evict("items:list", "org-1:1", null, null, by("alice\nWARN forged")).pendingEvictions())
				.isZero();

			assertThat(this.redis.keys("items:list:*")).containsExactlyInAnyOrder("items:list:org-1:2",
					"items:list:org-2:1");
			assertThat(output).contains("INVALIDATE through the endpoint - items:list (key org-1:1, by: alice")
				.doesNotContain("\nWARN forged");
			assertThat(items.find("org-1", "1")).isEqualTo(4);
			endpoint.evict("items:list", null, "org-1", null, SecurityContext.NONE);
			assertThat(items.find("org-1", "2")).isEqualTo(5);
			assertThat(items.find("org-2", "1")).as("of another group").isEqualTo(3);
			endpoint.evict("items:list", null, null, "*", SecurityContext.NONE);
			assertThat(items.find("org-2", "1")).isEqualTo(6);
			assertThat(output).contains("(group org-1, by: nobody who is known)").contains("(pattern *, by:");
		});
	}

	@Test
	void whatCannotBeMeantIsRefusedWithTheCure() {
		this.contextRunner.run((context) -> {
			CacheStarterEndpoint endpoint = context.getBean(CacheStarterEndpoint.class);

			assertThatExceptionOfType(InvalidEndpointRequestException.class)
				.isThrownBy(() -> endpoint.evict("others", null, null, null, SecurityContext.NONE))
				.withMessageContaining("'*' stands for every key");
			assertThatExceptionOfType(InvalidEndpointRequestException.class)
				.isThrownBy(() -> endpoint.evict("others", "1", null, "*", SecurityContext.NONE));
			assertThatExceptionOfType(InvalidEndpointRequestException.class)
				.isThrownBy(() -> endpoint.cache("others", "a", "b", null, null));
			assertThatExceptionOfType(InvalidEndpointRequestException.class)
				.isThrownBy(() -> endpoint.cache("others", "a", null, "junk", null))
				.withMessageContaining("cursor");
			assertThatExceptionOfType(InvalidEndpointRequestException.class)
				.isThrownBy(() -> endpoint.cache("others", "a", null, null, 1001))
				.withMessageContaining("1 to 1000");
			assertThatExceptionOfType(InvalidEndpointRequestException.class)
				.isThrownBy(() -> endpoint.cache("others", "a", null, null, 0))
				.withMessageContaining("1 to 1000");
			assertThat(endpoint.cache("others", "a", null, null, 1000).keys().problem()).isNull();
		});
	}

	@Test
	void aCacheThatNobodyKnowsIsNotFoundAndNotMade() {
		this.contextRunner.run((context) -> {
			CacheStarterEndpointWebExtension web = context.getBean(CacheStarterEndpointWebExtension.class);

			assertThat(web.cache("nobody's", null, null, null, null).getStatus()).isEqualTo(404);
			assertThat(web.cache("nobody's", null, null, null, null).getBody()).asString()
				.contains("No cache has the name 'nobody's'", "items:list");
			assertThat(web.evict("nobody's", null, null, "*", SecurityContext.NONE).getStatus()).isEqualTo(404);
			assertThat(web.control("nobody's", "false", null, null, null, SecurityContext.NONE).getStatus())
				.isEqualTo(404);
			assertThat(web.cache("others", null, null, null, null).getStatus()).isEqualTo(200);
			assertThat(context.getBean(ResilientRedisCacheManager.class).getCacheNames()).doesNotContain("nobody's");
		});
	}

	@Test
	void withoutRedisItAnswersWithWhatItKnows() {
		this.contextRunner.withPropertyValues("spring.data.redis.port=1").run((context) -> {
			CacheStarterEndpoint endpoint = context.getBean(CacheStarterEndpoint.class);

			assertThat(endpoint.cacheStarter().redis().state()).isEqualTo("unreachable");
			assertThat(endpoint.cacheStarter().redis().degraded()).isTrue();
			CacheDescriptor cache = endpoint.cache("others", "org-1", null, null, null);
			assertThat(cache.settings()).containsKey("ttl");
			assertThat(cache.keys().keys()).isEmpty();
			assertThat(cache.keys().problem()).startsWith("unreachable");
			assertThat(endpoint.evict("others", "1", null, null, SecurityContext.NONE).pendingEvictions()).isEqualTo(1);
		});
	}

	@Test
	void itIsThereOnlyWhereItIsExposed() {
		this.contextRunner.withPropertyValues("management.endpoints.web.exposure.include=health")
			.run((context) -> assertThat(context).doesNotHaveBean(CacheStarterEndpoint.class));
		this.contextRunner.withPropertyValues("management.endpoint.cachestarter.access=NONE")
			.run((context) -> assertThat(context).doesNotHaveBean(CacheStarterEndpoint.class));
		this.contextRunner.withPropertyValues("spring.cache.type=simple")
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(CacheStarterEndpoint.class));
	}

	@Test
	void withoutActuatorTheApplicationStarts() {
		new ApplicationContextRunner().withUserConfiguration(CacheHealthRedisTests.Everything.class)
			.withPropertyValues("spring.data.redis.port=1")
			.withClassLoader(new FilteredClassLoader("org.springframework.boot.actuate"))
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean("cacheStarterEndpoint"));
	}

	private static Map<String, Setting> settings(CacheStarterEndpoint endpoint, String cache) {
		return endpoint.cache(cache, null, null, null, null).settings();
	}

	private static SecurityContext by(String name) {
		return new SecurityContext() {

			@Override
			public Principal getPrincipal() {
				return () -> name;
			}

			@Override
			public boolean isUserInRole(@Nullable String role) {
				return false;
			}

		};
	}

	@Configuration(proxyBeanMethods = false)
	static class Beans {

		@Bean
		RedisCacheConfiguration redisCacheConfiguration() {
			return RedisCacheConfiguration.defaultCacheConfig().entryTtl(Duration.ofMinutes(5));
		}

		@Bean
		RedisCacheManagerBuilderCustomizer customizer() {
			return (builder) -> builder.withCacheConfiguration("customized",
					RedisCacheConfiguration.defaultCacheConfig()
						.entryTtl(Duration.ofSeconds(10))
						.disableCachingNullValues());
		}

	}

	static class Items {

		private int loads;

		@Cacheable("items:list")
		@CacheTtl("#{30 + 30}m")
		public int find(String organization, String page) {
			return ++this.loads;
		}

		@CacheEvict("items:list")
		public void changed(String organization, String page) {
		}

		@Cacheable("others")
		public String other(String id) {
			return id;
		}

	}

}
