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
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

import io.lettuce.core.SslVerifyMode;
import org.assertj.core.util.Throwables;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.data.redis.connection.RedisPassword;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

@ExtendWith(OutputCaptureExtension.class)
class RedisVariablesAutoConfigurationTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(DataRedisAutoConfiguration.class,
				RedisVariablesAutoConfiguration.class, SslAutoConfiguration.class));

	@Test
	void connectionDetailsAreSpringBootsWithoutVariables() {
		this.contextRunner.run((context) -> {
			assertThat(context).doesNotHaveBean(RedisVariablesConnectionDetails.class);
			assertThat(context.getBean(LettuceConnectionFactory.class).getHostName()).isEqualTo("localhost");
		});
	}

	@Test
	void theEnvironmentSaysWhereRedisIs() {
		withEnvironment(Map.of("REDIS_HOST", "example.com", "REDIS_PORT", "6380", "REDIS_PASSWORD", "secret"))
			.run((context) -> {
				LettuceConnectionFactory factory = context.getBean(LettuceConnectionFactory.class);
				assertThat(factory.getHostName()).isEqualTo("example.com");
				assertThat(factory.getPort()).isEqualTo(6380);
				assertThat(factory.getStandaloneConfiguration().getPassword()).isEqualTo(RedisPassword.of("secret"));
				assertThat(factory.isUseSsl()).isFalse();
			});
	}

	@Test
	void aUrlOfTheEnvironmentSaysAll() {
		withEnvironment(Map.of("REDIS_URL", "rediss://user:secret@example.com:6380/3")).run((context) -> {
			LettuceConnectionFactory factory = context.getBean(LettuceConnectionFactory.class);
			assertThat(factory.getHostName()).isEqualTo("example.com");
			assertThat(factory.getPort()).isEqualTo(6380);
			assertThat(factory.getDatabase()).isEqualTo(3);
			assertThat(factory.getStandaloneConfiguration().getUsername()).isEqualTo("user");
			assertThat(factory.getStandaloneConfiguration().getPassword()).isEqualTo(RedisPassword.of("secret"));
			assertThat(factory.isUseSsl()).isTrue();
			assertThat(factory.getClientConfiguration().getVerifyMode()).isEqualTo(SslVerifyMode.FULL);
		});
	}

	@Test
	void anImportedEnvFileCountsAsTheEnvironment(@TempDir Path directory) throws IOException {
		Path file = Files.writeString(directory.resolve(".env"), "REDIS_URL=redis://example.com:6380\n");
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(WebApplicationType.NONE);

		try (ConfigurableApplicationContext context = application
			.run("--spring.config.import=optional:file:" + file + "[.properties]")) {
			LettuceConnectionFactory factory = context.getBean(LettuceConnectionFactory.class);
			assertThat(factory.getHostName()).isEqualTo("example.com");
			assertThat(factory.getPort()).isEqualTo(6380);
		}
	}

	@Test
	void aPortOfKubernetesIsIgnored() {
		withEnvironment(Map.of("REDIS_PORT", "tcp://10.0.0.1:6379")).run((context) -> {
			assertThat(context).doesNotHaveBean(RedisVariablesConnectionDetails.class);
			assertThat(context.getBean(LettuceConnectionFactory.class).getPort()).isEqualTo(6379);
		});
	}

	@Test
	void propertiesComplementTheVariables() {
		withEnvironment(Map.of("REDIS_HOST", "example.com"))
			.withPropertyValues("spring.data.redis.port=6381", "spring.data.redis.username=user",
					"spring.data.redis.password=secret", "spring.data.redis.database=4", "spring.data.redis.timeout=3s",
					"spring.data.redis.client-name=me", "spring.data.redis.ssl.enabled=true")
			.run((context) -> {
				LettuceConnectionFactory factory = context.getBean(LettuceConnectionFactory.class);
				assertThat(factory.getHostName()).isEqualTo("example.com");
				assertThat(factory.getPort()).isEqualTo(6381);
				assertThat(factory.getStandaloneConfiguration().getUsername()).isEqualTo("user");
				assertThat(factory.getStandaloneConfiguration().getPassword()).isEqualTo(RedisPassword.of("secret"));
				assertThat(factory.getDatabase()).isEqualTo(4);
				assertThat(factory.getClientConfiguration().getCommandTimeout()).isEqualTo(Duration.ofSeconds(3));
				assertThat(factory.getClientName()).isEqualTo("me");
				assertThat(factory.isUseSsl()).isTrue();
			});
	}

	@Test
	void aMissingSslBundleIsReported() {
		withEnvironment(Map.of("REDIS_HOST", "example.com")).withPropertyValues("spring.data.redis.ssl.bundle=missing")
			.run((context) -> assertThat(context).hasFailed()
				.getFailure()
				.rootCause()
				.hasMessageContaining("'missing' cannot be found"));
	}

	@ParameterizedTest
	@ValueSource(strings = { "spring.data.redis.host=b", "spring.data.redis.url=redis://b:6379" })
	void variablesBackOffForProperties(String property) {
		withEnvironment(Map.of("REDIS_URL", "rediss://:secret@a")).withPropertyValues(property).run((context) -> {
			LettuceConnectionFactory factory = context.getBean(LettuceConnectionFactory.class);
			assertThat(factory.getHostName()).isEqualTo("b");
			assertThat(factory.getStandaloneConfiguration().getPassword()).isEqualTo(RedisPassword.none());
			assertThat(factory.isUseSsl()).isFalse();
		});
	}

	@Test
	void variablesBackOffForPropertiesOfTheEnvironment() {
		withEnvironment(Map.of("REDIS_URL", "rediss://:secret@a", "SPRING_DATA_REDIS_HOST", "b"))
			.run((context) -> assertThat(context.getBean(LettuceConnectionFactory.class).getHostName()).isEqualTo("b"));
	}

	@Test
	void variablesBackOffForAServiceConnection() {
		withEnvironment(Map.of("REDIS_URL", "rediss://:secret@a"))
			.withUserConfiguration(ServiceConnectionConfiguration.class)
			.run((context) -> {
				assertThat(context).doesNotHaveBean(RedisVariablesConnectionDetails.class);
				LettuceConnectionFactory factory = context.getBean(LettuceConnectionFactory.class);
				assertThat(factory.getHostName()).isEqualTo("container");
				assertThat(factory.getStandaloneConfiguration().getPassword()).isEqualTo(RedisPassword.none());
				assertThat(factory.isUseSsl()).isFalse();
			});
	}

	@Test
	void variablesBackOffForSentinel() {
		withEnvironment(Map.of("REDIS_HOST", "a"))
			.withPropertyValues("spring.data.redis.sentinel.master=primary", "spring.data.redis.sentinel.nodes=s:26379")
			.run((context) -> assertThat(context.getBean(LettuceConnectionFactory.class).getSentinelConfiguration())
				.isNotNull());
	}

	@Test
	void variablesHoldWhenTheCacheIsHandedOverToSpringBoot() {
		withEnvironment(Map.of("REDIS_HOST", "example.com")).withPropertyValues("cache-starter.enabled=false")
			.run((context) -> assertThat(context.getBean(LettuceConnectionFactory.class).getHostName())
				.isEqualTo("example.com"));
	}

	@Test
	void aPasswordIsNotLogged(CapturedOutput output) {
		withEnvironment(Map.of("REDIS_URL", "redis://:secret@example.com:0"))
			.run((context) -> assertThat(context).hasFailed()
				.getFailure()
				.hasStackTraceContaining("'REDIS_URL' has the port 0")
				.extracting(Throwables::getStackTrace, STRING)
				.doesNotContain("secret"));

		assertThat(output).doesNotContain("secret");
	}

	private ApplicationContextRunner withEnvironment(Map<String, Object> variables) {
		return this.contextRunner.withInitializer((context) -> context.getEnvironment()
			.getPropertySources()
			.replace(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME, new SystemEnvironmentPropertySource(
					StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME, variables)));
	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration({ DataRedisAutoConfiguration.class, RedisVariablesAutoConfiguration.class })
	static class Application {

	}

	@Configuration(proxyBeanMethods = false)
	static class ServiceConnectionConfiguration {

		@Bean
		DataRedisConnectionDetails containerConnectionDetails() {
			return new DataRedisConnectionDetails() {

				@Override
				public Standalone getStandalone() {
					return Standalone.of("container", 6390);
				}

			};
		}

	}

}
