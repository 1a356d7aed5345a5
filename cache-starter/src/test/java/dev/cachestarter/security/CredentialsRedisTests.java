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

import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisCredentials;
import io.lettuce.core.RedisCredentialsProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

import org.springframework.boot.data.redis.autoconfigure.LettuceClientConfigurationBuilderCustomizer;
import org.springframework.boot.data.redis.autoconfigure.LettuceClientOptionsBuilderCustomizer;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.data.redis.connection.RedisConfiguration;
import org.springframework.data.redis.connection.RedisPassword;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.connection.lettuce.RedisCredentialsProviderFactory;

import dev.cachestarter.testing.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Passwords and tokens that change while the application runs. No caller notices.
 */
@ExtendWith(OutputCaptureExtension.class)
class CredentialsRedisTests {

	@Test
	void aPasswordThatTheApplicationChangesIsUsedForTheNextConnection() {
		try (RedisServer redis = server();
				AllFeatures features = AllFeatures.start(with(redis, "spring.data.redis.password=token-1"))) {
			features.awaitUp();
			features.bean(LettuceConnectionFactory.class)
				.getStandaloneConfiguration()
				.setPassword(RedisPassword.of("token-2"));
			rotate(redis, "token-2");

			loseConnection(redis, features);

			assertThat(features.awaitUp().use()).doesNotContainValue(false);
		}
	}

	@Test
	void aProviderIsAskedForATokenAtEachConnection(CapturedOutput output) {
		try (RedisServer redis = server(); AllFeatures features = AllFeatures.start(WithProvider.class, with(redis))) {
			Tokens tokens = features.bean(Tokens.class);
			assertThat(features.awaitUp().use()).doesNotContainValue(false);
			int asked = tokens.asked.get();
			tokens.now = "token-2";
			rotate(redis, "token-2");

			loseConnection(redis, features);

			assertThat(features.awaitUp().use()).doesNotContainValue(false);
			assertThat(tokens.asked.get()).isGreaterThan(asked);
			assertThat(output).doesNotContain("WRONGPASS");
		}
	}

	@Test
	void aTokenThatHasExpiredBeforeItsSuccessorIsThereIsNoHarm() {
		try (RedisServer redis = server(); AllFeatures features = AllFeatures.start(WithProvider.class, with(redis))) {
			features.awaitUp();
			rotate(redis, "token-2");
			loseConnection(redis, features);
			await().atMost(AllFeatures.LONG).until(() -> !features.isUp());
			assertThat(features.use()).containsEntry("hit", false);

			features.bean(Tokens.class).now = "token-2";

			assertThat(features.awaitUp().use()).doesNotContainValue(false);
		}
	}

	@Test
	void aProviderThatFailsIsNoHarm() {
		try (RedisServer redis = server(); AllFeatures features = AllFeatures.start(WithProvider.class, with(redis))) {
			features.awaitUp();
			Tokens tokens = features.bean(Tokens.class);
			tokens.failure = new IllegalStateException("the identity service is down");
			loseConnection(redis, features);
			await().atMost(AllFeatures.LONG).until(() -> !features.isUp());
			assertThat(features.use()).containsEntry("hit", false);

			tokens.failure = null;

			assertThat(features.awaitUp().use()).doesNotContainValue(false);
		}
	}

	@Test
	void whatAProviderStreamsIsUsedOnTheConnectionThatIsOpen(CapturedOutput output) {
		try (RedisServer redis = server();
				AllFeatures features = AllFeatures.start(WithStream.class,
						with(redis, "spring.main.allow-bean-definition-overriding=true"))) {
			assertThat(features.awaitUp().use()).doesNotContainValue(false);
			long logins = logins(redis);
			redis.cli("ACL", "SETUSER", "app", ">token-2");

			features.bean(Tokens.class).stream.tryEmitNext(credentials("token-2")).orThrow();

			await().atMost(AllFeatures.LONG).until(() -> logins(redis) > logins);
			assertThat(features.isUp()).isTrue();
			assertThat(features.use()).doesNotContainValue(false);
			assertThat(output.getAll().lines()).noneMatch((line) -> line.contains(" WARN "));
		}
	}

	private static RedisServer server() {
		return RedisServer.local("--user", "app", "on", ">token-1", "~*", "+@all").start();
	}

	private static void rotate(RedisServer redis, String token) {
		redis.cli("ACL", "SETUSER", "app", "resetpass", ">" + token);
	}

	private static void loseConnection(RedisServer redis, AllFeatures features) {
		redis.cli("CLIENT", "KILL", "USER", "app");
		assertThat(features.use()).isNotEmpty();
	}

	private static long logins(RedisServer redis) {
		return Objects.requireNonNull(redis.cli("INFO", "commandstats"))
			.toString()
			.lines()
			.filter((line) -> line.startsWith("cmdstat_auth:"))
			.mapToLong((line) -> Long.parseLong(line.replaceAll("^[^=]*=(\\d+),.*", "$1")))
			.sum();
	}

	private static String[] with(RedisServer redis, String... more) {
		List<String> properties = new java.util.ArrayList<>(List.of(redis.springProperties()));
		properties.add("spring.data.redis.username=app");
		properties.addAll(List.of(more));
		return properties.toArray(String[]::new);
	}

	private static RedisCredentials credentials(String token) {
		return RedisCredentials.just("app", token);
	}

	/** An identity service. */
	static class Tokens implements RedisCredentialsProvider {

		final AtomicInteger asked = new AtomicInteger();

		final Sinks.Many<RedisCredentials> stream = Sinks.many().replay().latest();

		volatile String now = "token-1";

		volatile RuntimeException failure;

		private final boolean streams;

		Tokens(boolean streams) {
			this.streams = streams;
			this.stream.tryEmitNext(CredentialsRedisTests.credentials("token-1"));
		}

		@Override
		public Mono<RedisCredentials> resolveCredentials() {
			this.asked.incrementAndGet();
			return (this.failure != null) ? Mono.error(this.failure) : this.streams ? this.stream.asFlux().next()
					: Mono.just(CredentialsRedisTests.credentials(this.now));
		}

		@Override
		public boolean supportsStreaming() {
			return this.streams;
		}

		@Override
		public Flux<RedisCredentials> credentials() {
			return this.stream.asFlux();
		}

	}

	@Configuration(proxyBeanMethods = false)
	@Import(AllFeatures.Application.class)
	static class WithProvider {

		@Bean
		Tokens tokens() {
			return new Tokens(false);
		}

		@Bean
		LettuceClientConfigurationBuilderCustomizer provider(Tokens tokens) {
			return (builder) -> builder.redisCredentialsProviderFactory(new RedisCredentialsProviderFactory() {

				@Override
				public RedisCredentialsProvider createCredentialsProvider(RedisConfiguration configuration) {
					return tokens;
				}

			});
		}

	}

	@Configuration(proxyBeanMethods = false)
	@Import(WithProvider.class)
	static class WithStream {

		@Bean
		Tokens tokens() {
			return new Tokens(true);
		}

		@Bean
		LettuceClientOptionsBuilderCustomizer loginAgain() {
			return (builder) -> builder.reauthenticateBehavior(ClientOptions.ReauthenticateBehavior.ON_NEW_CREDENTIALS);
		}

	}

}
