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

import java.util.Map;
import java.util.Objects;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.cache.actuate.endpoint.CachesEndpoint;
import org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.health.autoconfigure.contributor.HealthContributorAutoConfiguration;
import org.springframework.boot.health.autoconfigure.registry.HealthContributorRegistryAutoConfiguration;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.health.registry.HealthContributorRegistry;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.DeferredImportSelector;
import org.springframework.context.annotation.Import;
import org.springframework.core.type.AnnotationMetadata;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.actuate.CacheStarterEndpoint;
import dev.cachestarter.autoconfigure.CacheStarterAutoConfiguration;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.diagnosis.Finding;
import dev.cachestarter.testing.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The health of the cache, on a server that is stopped and takes rights away.
 */
@ExtendWith(OutputCaptureExtension.class)
class CacheHealthRedisTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(CacheAutoConfiguration.class, CacheStarterAutoConfiguration.class,
				DataRedisAutoConfiguration.class, HealthContributorAutoConfiguration.class,
				HealthContributorRegistryAutoConfiguration.class, CacheHealthContributorAutoConfiguration.class))
		.withPropertyValues("cache-starter.connection.connect-timeout=20s",
				"cache-starter.connection.command-timeout=5s", "cache-starter.circuit-breaker.slow-call=5s")
		.withBean(Items.class);

	@Test
	void itIsUpAndSaysWhyItIsDegradedWithoutAPassword() {
		try (RedisServer redis = RedisServer.local("--requirepass", "s3cret").start()) {
			this.contextRunner.withPropertyValues("spring.data.redis.url=redis://:s3cret@localhost:" + redis.port(),
					"cache-starter.connection.command-timeout=300ms", "cache-starter.circuit-breaker.slow-call=200ms")
				.run((context) -> {
					await().until(() -> Boolean.FALSE.equals(health(context).getDetails().get("degraded")));
					assertThat(health(context).getDetails()).containsEntry("connected", true)
						.containsEntry("redis", "localhost:" + redis.port())
						.doesNotContainKey("reason");

					redis.stop();
					context.getBean(Items.class).changed("1");

					await().until(() -> Boolean.FALSE.equals(health(context).getDetails().get("connected")));
					Health health = health(context);
					assertThat(health.getStatus()).isEqualTo(Status.UP);
					assertThat(health.getDetails()).containsEntry("degraded", true)
						.containsEntry("pendingEvictions", 1)
						.containsKey("oldestPendingEviction");
					assertThat((String) health.getDetails().get("reason")).contains("evictions pending: 1")
						.containsAnyOf("unreachable:", "breaker open:");
					assertThat(health.toString()).doesNotContain("s3cret");
				});
		}
	}

	@Test
	void aRightThatIsTakenAwayIsNamed() {
		try (RedisServer redis = RedisServer.local().start()) {
			this.contextRunner.withPropertyValues(redis.springProperties()).run((context) -> {
				await().until(() -> Boolean.FALSE.equals(health(context).getDetails().get("degraded")));

				redis.cli("ACL", "SETUSER", "default", "-unlink");
				context.getBean(Items.class).changed("1");

				assertThat(health(context).getStatus()).isEqualTo(Status.UP);
				assertThat((String) health(context).getDetails().get("reason")).contains("refused: NOPERM", "unlink")
					.contains("evictions pending: 1", "Redis refuses them (NOPERM)");

				redis.cli("ACL", "SETUSER", "default", "+unlink");
				await().until(() -> Integer.valueOf(0).equals(health(context).getDetails().get("pendingEvictions")));
				assertThat(health(context).getDetails()).containsEntry("degraded", false).doesNotContainKey("reason");
			});
		}
	}

	@Test
	void aRightThatIsGivenBackIsNoLongerRefusedOnceItIsUsed() {
		try (RedisServer redis = RedisServer.local().start()) {
			this.contextRunner.withPropertyValues(redis.springProperties()).run((context) -> {
				Items items = context.getBean(Items.class);
				awaitWell(context);
				redis.cli("ACL", "SETUSER", "default", "-mget", "-unlink");
				items.find("1");
				items.changed("1");
				assertThat(reason(context)).contains("'+mget'", "'+unlink'");

				redis.cli("ACL", "SETUSER", "default", "+mget");
				items.find("2");
				assertThat(reason(context)).contains("'+unlink'").doesNotContain("mget");

				redis.cli("ACL", "SETUSER", "default", "+unlink");
				items.changed("2");
				awaitWell(context);
			});
		}
	}

	@Test
	void aRightThatOnlySomeCachesNeedIsRefusedUntilTheyHaveIt(CapturedOutput output) {
		try (RedisServer redis = RedisServer.local().start()) {
			this.contextRunner.withPropertyValues(redis.springProperties())
				.withPropertyValues("cache-starter.caches.forever.ttl=0")
				.run((context) -> {
					Items items = context.getBean(Items.class);
					awaitWell(context);
					redis.cli("ACL", "SETUSER", "default", "-persist");
					items.forever("1");
					await().until(() -> reason(context).contains("'+persist'"));

					items.find("1");
					await().until(() -> Integer.parseInt(String.valueOf(redis.cli("PTTL", "~g:items"))) > 60_000);

					assertThat(reason(context)).contains("'+persist'");
					redis.cli("ACL", "SETUSER", "default", "+persist");
					items.forever("2");
					awaitWell(context);
					assertThat(output).containsOnlyOnce("lacks the right '+persist'")
						.containsOnlyOnce("permits again what it had refused (+persist)");
				});
		}
	}

	@Test
	void aRedisWhoseMemoryIsFullIsToldUntilItStoresAgain() {
		try (RedisServer redis = RedisServer.local("--maxmemory-policy", "noeviction").start()) {
			this.contextRunner.withPropertyValues(redis.springProperties())
				.withPropertyValues("management.endpoints.web.exposure.include=cachestarter")
				.withConfiguration(AutoConfigurations.of(CacheEndpointAutoConfiguration.class))
				.run((context) -> {
					Items items = context.getBean(Items.class);
					awaitWell(context);
					items.find("1");
					awaitStored(redis, "items:1");
					redis.cli("CONFIG", "SET", "maxmemory", "1");

					items.find("2");

					assertThat(reason(context)).startsWith("memory full: fills are refused (OOM ")
						.contains("'maxmemory-policy'")
						.doesNotContain("refused:");
					assertThat(health(context).getStatus()).isEqualTo(Status.UP);
					CacheStarterEndpoint.CacheStarterDescriptor shown = endpoint(context).cacheStarter();
					assertThat(shown.redis().state()).isEqualTo("memory-full");
					assertThat(shown.redis().degraded()).isTrue();
					assertThat(shown.doctor().findings()).extracting(Finding::id).contains("memory-full");

					redis.cli("CONFIG", "SET", "maxmemory", "0");
					items.find("1");
					assertThat(reason(context)).as("a hit says nothing of it").startsWith("memory full");
					items.find("3");
					awaitWell(context);
					assertThat(endpoint(context).cacheStarter().redis().state()).isEqualTo("well");
				});
		}
	}

	@Test
	void aRedisThatHasTooFewReplicasToWriteIsTold() {
		try (RedisServer redis = RedisServer.local().start()) {
			this.contextRunner.withPropertyValues(redis.springProperties()).run((context) -> {
				Items items = context.getBean(Items.class);
				awaitWell(context);
				redis.cli("CONFIG", "SET", "min-replicas-to-write", "1");

				items.find("1");
				assertThat(reason(context)).startsWith("refused: NOREPLICAS");

				redis.cli("CONFIG", "SET", "min-replicas-to-write", "0");
				items.find("1");
				awaitWell(context);
			});
		}
	}

	private static void awaitWell(AssertableApplicationContext context) {
		await().until(() -> Boolean.FALSE.equals(health(context).getDetails().get("degraded")));
	}

	/** A call does not wait for its fill. */
	private static void awaitStored(RedisServer redis, String key) {
		await().until(() -> {
			byte[] entry = redis.bytes(key);
			return entry != null && entry[4] == 'v';
		});
	}

	private static String reason(AssertableApplicationContext context) {
		return String.valueOf(health(context).getDetails().get("reason"));
	}

	private static CacheStarterEndpoint endpoint(AssertableApplicationContext context) {
		return context.getBean(CacheStarterEndpoint.class);
	}

	@Test
	void severalManagersAreToldApart() {
		this.contextRunner.withPropertyValues("spring.data.redis.port=1")
			.withUserConfiguration(SecondManager.class)
			.run((context) -> assertThat(((CompositeHealthContributor) Objects
				.requireNonNull(context.getBean(HealthContributorRegistry.class).getContributor("cacheStarter")))
				.stream()
				.map((entry) -> entry.name())).containsExactlyInAnyOrder("cacheManager", "second"));
	}

	@Test
	void itCanBeSwitchedOff() {
		this.contextRunner
			.withPropertyValues("spring.data.redis.port=1", "management.health.cachestarter.enabled=false")
			.run((context) -> assertThat(
					context.getBean(HealthContributorRegistry.class).getContributor("cacheStarter"))
				.isNull());
	}

	@Test
	void withoutTheStartersCacheThereIsNone() {
		this.contextRunner.withPropertyValues("spring.cache.type=simple")
			.run((context) -> assertThat(
					context.getBean(HealthContributorRegistry.class).getContributor("cacheStarter"))
				.isNull());
	}

	@Test
	void withoutActuatorTheApplicationStarts() {
		new ApplicationContextRunner().withUserConfiguration(Everything.class)
			.withPropertyValues("spring.data.redis.port=1")
			.withClassLoader(
					new FilteredClassLoader("org.springframework.boot.actuate", "org.springframework.boot.health"))
			.run((context) -> assertThat(context).hasNotFailed()
				.hasSingleBean(ResilientRedisCacheManager.class)
				.doesNotHaveBean("cacheStarterHealthContributor"));
	}

	@Test
	void theEndpointOfCachesShowsTheirType() {
		this.contextRunner.withPropertyValues("spring.data.redis.port=1").run((context) -> {
			context.getBean(Items.class).find("1");
			CachesEndpoint.CachesDescriptor caches = new CachesEndpoint(
					Map.of("cacheManager", context.getBean(ResilientRedisCacheManager.class)))
				.caches();

			assertThat(caches.getCacheManagers().get("cacheManager").getCaches().get("items").getTarget())
				.isEqualTo("dev.cachestarter.cache.ResilientRedisCache$Writer");
		});
	}

	private static Health health(AssertableApplicationContext context) {
		HealthIndicator indicator = (HealthIndicator) context.getBean(HealthContributorRegistry.class)
			.getContributor("cacheStarter");
		return Objects.requireNonNull(Objects.requireNonNull(indicator).health(true));
	}

	@Configuration(proxyBeanMethods = false)
	@Import(ByName.class)
	static class Everything {

	}

	/** As Spring Boot does: by their names, since their classes may not load. */
	static class ByName implements DeferredImportSelector {

		@Override
		public String[] selectImports(AnnotationMetadata importing) {
			return new String[] { DataRedisAutoConfiguration.class.getName(),
					CacheStarterAutoConfiguration.class.getName(),
					"dev.cachestarter.autoconfigure.actuate.CacheHealthContributorAutoConfiguration",
					"dev.cachestarter.autoconfigure.actuate.CacheEndpointAutoConfiguration" };
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class SecondManager {

		@Bean(defaultCandidate = false)
		ResilientRedisCacheManager second(LettuceConnectionFactory factory) {
			return ResilientRedisCacheManager.builder(factory).keyPrefix("second:").build();
		}

	}

	static class Items {

		@Cacheable("items")
		public String find(String id) {
			return id;
		}

		@Cacheable("forever")
		public String forever(String id) {
			return id;
		}

		@CacheEvict("items")
		public void changed(String id) {
		}

	}

}
