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

package dev.cachestarter.sample;

import dev.cachestarter.autoconfigure.RedisVariablesAutoConfiguration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link EmbeddedRedisAutoConfiguration}.
 */
class EmbeddedRedisAutoConfigurationTests {

	private final ApplicationContextRunner runner = new ApplicationContextRunner().withConfiguration(
			AutoConfigurations.of(EmbeddedRedisAutoConfiguration.class, RedisVariablesAutoConfiguration.class));

	@Test
	void startsARedisBeforeBootTakesLocalhostForGranted() {
		this.runner.withConfiguration(AutoConfigurations.of(DataRedisAutoConfiguration.class))
			.run((context) -> assertThat(context).getBean(DataRedisConnectionDetails.class)
				.isInstanceOf(EmbeddedRedis.class));
	}

	@ParameterizedTest
	@ValueSource(strings = { "spring.data.redis.url=redis://elsewhere", "spring.data.redis.host=elsewhere",
			"spring.data.redis.port=6380", "spring.data.redis.sentinel.master=mymaster",
			"spring.data.redis.cluster.nodes=elsewhere:6379", "spring.data.redis.cluster.nodes[0]=elsewhere:6379",
			"spring.data.redis.masterreplica.nodes=elsewhere:6379", "REDIS_URL=redis://elsewhere",
			"REDIS_HOST=elsewhere", "REDIS_PORT=6380", "spring.cache.type=none", "spring.cache.type=simple" })
	void backsOffWhereItIsNotNeeded(String property) {
		this.runner.withPropertyValues(property)
			.run((context) -> assertThat(context).doesNotHaveBean(EmbeddedRedis.class));
	}

	@ParameterizedTest
	@ValueSource(strings = { "REDIS_URL=", "REDIS_HOST=", "REDIS_PORT=tcp://10.0.0.1:6379",
			"spring.data.redis.timeout=1s", "spring.cache.type=redis" })
	void staysWhereNoAddressIsNamed(String property) {
		this.runner.withPropertyValues(property)
			.run((context) -> assertThat(context).hasSingleBean(EmbeddedRedis.class));
	}

	@Test
	void backsOffForAServiceConnection() {
		this.runner.withUserConfiguration(ServiceConnection.class)
			.run((context) -> assertThat(context).doesNotHaveBean(EmbeddedRedis.class));
	}

	@Configuration(proxyBeanMethods = false)
	static class ServiceConnection {

		@Bean
		DataRedisConnectionDetails connectionDetails() {
			return new DataRedisConnectionDetails() {

				@Override
				public Standalone getStandalone() {
					return Standalone.of("elsewhere", 6379);
				}

			};
		}

	}

}
