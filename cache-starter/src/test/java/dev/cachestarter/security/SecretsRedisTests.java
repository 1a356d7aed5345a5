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

package dev.cachestarter.security;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.actuate.endpoint.SecurityContext;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.health.autoconfigure.contributor.HealthContributorAutoConfiguration;
import org.springframework.boot.health.autoconfigure.registry.HealthContributorRegistryAutoConfiguration;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.registry.HealthContributorRegistry;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

import dev.cachestarter.CacheReport;
import dev.cachestarter.actuate.CacheStarterEndpoint;
import dev.cachestarter.autoconfigure.actuate.CacheEndpointAutoConfiguration;
import dev.cachestarter.autoconfigure.actuate.CacheHealthContributorAutoConfiguration;
import dev.cachestarter.autoconfigure.metrics.CacheStarterMetricsAutoConfiguration;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.diagnosis.CacheCondition;
import dev.cachestarter.diagnosis.Doctor;
import dev.cachestarter.testing.FaultProxy;
import dev.cachestarter.testing.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

/**
 * Whatever is wrong with a password or an address, what is secret in it stands in no
 * line, no exception, and nothing that an operator is shown.
 */
@ExtendWith(OutputCaptureExtension.class)
class SecretsRedisTests {

	/** With what an address has to escape. */
	private static final String SECRET = "s3cr3t-x7q";

	private final Logger logger = (Logger) LoggerFactory.getLogger("dev.cachestarter");

	@BeforeEach
	void logAll() {
		this.logger.setLevel(Level.TRACE);
	}

	@AfterEach
	void logAsBefore() {
		this.logger.setLevel(null);
	}

	@ParameterizedTest
	@ValueSource(strings = { "spring.data.redis.host=localhost spring.data.redis.port=%d spring.data.redis.password=%s",
			"spring.data.redis.host=localhost spring.data.redis.port=%d spring.data.redis.username=app spring.data.redis.password=%s",
			"spring.data.redis.port=%d spring.data.redis.url=redis://:%2$s@localhost:%1$d",
			"spring.data.redis.port=%d spring.data.redis.url=redis://app:%2$s@localhost:%1$d/3",
			"spring.data.redis.port=%d REDIS_URL=redis://app:%2$s@localhost:%1$d",
			"spring.data.redis.port=%d REDIS_URL=redis://:%2$s%%40@localhost:%1$d/7",
			"REDIS_HOST=localhost REDIS_PORT=%d REDIS_PASSWORD=%s",
			"spring.data.redis.cluster.nodes=localhost:%d spring.data.redis.password=%s",
			"spring.data.redis.sentinel.nodes=localhost:%d spring.data.redis.sentinel.master=main spring.data.redis.sentinel.password=%2$s spring.data.redis.password=%2$s",
			"spring.data.redis.port=%d spring.data.redis.url=rediss://:%2$s@localhost:%1$d" })
	void aWrongPasswordIsNotShown(String properties, CapturedOutput output) {
		try (RedisServer redis = RedisServer.local("--requirepass", "another").start()) {
			assertNotShown(properties.formatted(redis.port(), SECRET).split(" "), output);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "spring.data.redis.url=redis://app:%s@localhost:1", "REDIS_URL=redis://app:%s@localhost:1",
			"REDIS_URL=redis://app:%s@no-such-host.invalid",
			"spring.data.redis.cluster.nodes=localhost:1 spring.data.redis.username=app spring.data.redis.password=%s",
			"spring.data.redis.sentinel.nodes=localhost:1 spring.data.redis.sentinel.master=main spring.data.redis.sentinel.password=%s" })
	void anAddressWhereNobodyIsIsShownWithoutItsPassword(String properties, CapturedOutput output) {
		assertNotShown(properties.formatted(SECRET).split(" "), output);
	}

	private void assertNotShown(String[] properties, CapturedOutput output) {
		List<String> all = new ArrayList<>(List.of(properties));
		all.addAll(List.of("management.endpoints.web.exposure.include=cachestarter,health",
				"management.endpoint.cachestarter.access=unrestricted",
				"management.endpoint.health.show-details=always"));
		try (AllFeatures features = AllFeatures.start(Operated.class, all.toArray(String[]::new))) {
			features.use();
			await().atMost(AllFeatures.LONG).until(() -> output.getAll().contains("Cache service Redis error"));
			assertThat(shownToOperators(features)).allSatisfy((text) -> assertThat(text).doesNotContain(SECRET));
			ResilientRedisCacheManager manager = features.bean(ResilientRedisCacheManager.class);
			assertThat(manager.getRedisAddress()).doesNotContain(SECRET);
			assertThat(CacheCondition.of(manager).toString()).doesNotContain(SECRET);
			assertThat(features.bean(CacheReport.class).toString()).doesNotContain(SECRET);
			assertThat(features.bean(dev.cachestarter.CacheService.class).getStats().toString()).doesNotContain(SECRET);
		}
		assertThat(output.getAll()).doesNotContain(SECRET);
	}

	/**
	 * What the endpoint, health and meters show, as JSON or as they are scraped, and what
	 * is thrown at who asks for something that cannot be.
	 */
	private static List<String> shownToOperators(AllFeatures features) {
		List<String> shown = new ArrayList<>();
		CacheStarterEndpoint endpoint = features.bean(CacheStarterEndpoint.class);
		await().atMost(AllFeatures.LONG).until(() -> features.bean(Doctor.class).last() != null);
		Object all = endpoint.cacheStarter();
		shown.add(json(all));
		shown.add(all.toString());
		for (String cache : endpoint.cacheStarter().caches().keySet()) {
			shown.add(json(endpoint.cache(cache, null, "*", null, 10)));
			shown.add(json(endpoint.evict(cache, "1", null, null, SecurityContext.NONE)));
			Throwable refused = catchThrowable(() -> endpoint.cache(cache, null, "*", "no cursor", 10));
			shown.add(String.valueOf(refused));
		}
		HealthContributor health = features.bean(HealthContributorRegistry.class).getContributor("cacheStarter");
		Health seen = ((HealthIndicator) Objects.requireNonNull(health)).health(true);
		shown.add(json(Objects.requireNonNull(seen)));
		shown.add(seen.toString());
		features.bean(MeterRegistry.class)
			.getMeters()
			.forEach(
					(meter) -> shown.add(meter.getId() + " " + meter.getId().getDescription() + " " + meter.measure()));
		shown.add(features.bean(ResilientRedisCacheManager.class).toString());
		assertThat(shown).hasSizeGreaterThan(50).anyMatch((text) -> text.contains("\"degraded\":true"));
		return shown;
	}

	private static String json(@Nullable Object value) {
		return JsonMapper.builder().build().writeValueAsString(value);
	}

	/** A misplaced setting, a malformed address: the message names the setting only. */
	@ParameterizedTest
	@ValueSource(strings = { "cache-starter.password=%s", "cache-starter.connection.password=%s",
			"cache-starter.connection.url=redis://app:%s@localhost", "REDIS_URL=redis://:%s@localhost/x7",
			"REDIS_URL=redis://app:%s@local host", "REDIS_URL=%s", "REDIS_URL=http://app:%s@localhost",
			"REDIS_URL=redis://app:%s@localhost:port", "REDIS_URL=redis://app:%s@" })
	void aSettingThatIsWrongIsNotShownWithItsSecret(String property, CapturedOutput output) {
		List<String> thrown = new ArrayList<>();
		Throwable failure = catchThrowable(() -> AllFeatures.start(property.formatted(SECRET)).close());
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			if (cause.getClass().getName().startsWith("dev.cachestarter")) {
				thrown.add(String.valueOf(cause.getMessage()));
			}
		}

		assertThat(thrown).noneMatch((message) -> message.contains(SECRET));
		assertThat(output.getAll().lines().filter((line) -> line.contains(SECRET))).isEmpty();
	}

	@Test
	void aServerThatDoesNotSpeakTheProtocolIsNotShownRepeatingIt(CapturedOutput output) {
		try (RedisServer redis = RedisServer.local("--rename-command", "HELLO", "", "--rename-command", "AUTH", "")
			.start(); FaultProxy proxy = FaultProxy.inFrontOf(redis)) {
			assertNotShown(new String[] { "spring.data.redis.host=localhost", "spring.data.redis.port=" + proxy.port(),
					"spring.data.redis.password=" + SECRET }, output);
		}
	}

	/** The same application with all that an operator looks at. */
	@Configuration(proxyBeanMethods = false)
	@Import(AllFeatures.Application.class)
	@ImportAutoConfiguration({ HealthContributorAutoConfiguration.class,
			HealthContributorRegistryAutoConfiguration.class, CacheHealthContributorAutoConfiguration.class,
			CacheEndpointAutoConfiguration.class, CacheStarterMetricsAutoConfiguration.class })
	static class Operated {

		@Bean
		MeterRegistry meterRegistry() {
			return new SimpleMeterRegistry();
		}

	}

}
