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
import java.util.Objects;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import org.junit.jupiter.api.Test;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.test.util.ReflectionTestUtils;

import dev.cachestarter.cache.Internals;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.engine.redis.RedisLink;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Every setting of the circuit breaker arrives where it counts.
 */
class CircuitBreakerSettingsTests {

	@Test
	void eachSettingReachesTheBreakerOrTheBackOff() {
		new ApplicationContextRunner()
			.withConfiguration(
					AutoConfigurations.of(CacheStarterAutoConfiguration.class, DataRedisAutoConfiguration.class))
			.withPropertyValues("spring.data.redis.url=redis://localhost:1",
					"cache-starter.circuit-breaker.failure-rate=31", "cache-starter.circuit-breaker.slow-call=32ms",
					"cache-starter.circuit-breaker.slow-call-rate=33", "cache-starter.circuit-breaker.window=34",
					"cache-starter.circuit-breaker.open-for=35s", "cache-starter.circuit-breaker.open-for-max=36s")
			.run((context) -> {
				RedisLink link = Internals.of(context.getBean(ResilientRedisCacheManager.class)).link();

				CircuitBreakerConfig breaker = ((CircuitBreaker) field(field(link, "judge"), "breaker"))
					.getCircuitBreakerConfig();
				assertThat(breaker.getFailureRateThreshold()).isEqualTo(31);
				assertThat(breaker.getSlowCallDurationThreshold()).isEqualTo(Duration.ofMillis(32));
				assertThat(breaker.getSlowCallRateThreshold()).isEqualTo(33);
				assertThat(breaker.getSlidingWindowSize()).isEqualTo(34);
				assertThat(breaker.getMinimumNumberOfCalls()).isEqualTo(34);
				Object state = field(link, "state");
				assertThat(field(state, "openFor")).isEqualTo(Duration.ofSeconds(35).toNanos());
				assertThat(field(state, "openForMax")).isEqualTo(Duration.ofSeconds(36).toNanos());
				RedisLink.Settings settings = (RedisLink.Settings) field(link, "settings");
				assertThat(settings.openFor()).isEqualTo(Duration.ofSeconds(35));
			});
	}

	private static Object field(Object target, String name) {
		return Objects.requireNonNull(ReflectionTestUtils.getField(target, name));
	}

}
