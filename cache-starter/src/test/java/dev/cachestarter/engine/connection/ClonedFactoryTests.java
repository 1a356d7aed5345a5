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

package dev.cachestarter.engine.connection;

import java.util.List;
import java.util.Set;

import io.lettuce.core.RedisCredentials;
import io.lettuce.core.RedisCredentialsProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.RedisConfiguration;
import org.springframework.data.redis.connection.RedisPassword;
import org.springframework.data.redis.connection.RedisSentinelConfiguration;
import org.springframework.data.redis.connection.RedisSocketConfiguration;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.connection.lettuce.RedisCredentialsProviderFactory;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Whether a password goes over the network as it is.
 */
class ClonedFactoryTests {

	private static final LettuceClientConfiguration PLAIN = LettuceClientConfiguration.defaultConfiguration();

	@Test
	void aPasswordForAnotherHostIsInClearUnlessItIsEncrypted() {
		RedisStandaloneConfiguration where = standalone("redis.internal");

		assertThat(isInClear(where, PLAIN)).isTrue();
		assertThat(isInClear(where, LettuceClientConfiguration.builder().useSsl().build())).isFalse();
	}

	@Test
	void aPrivateFieldThatIsGoneOrClosedIsNotReadable() {
		assertThat(AsynchronousClient.readable(LettuceConnectionFactory.class, "configuration")).isNotNull();
		assertThat(AsynchronousClient.readable(LettuceConnectionFactory.class, "none")).isNull();
		// The module java.base does not open it.
		assertThat(AsynchronousClient.readable(String.class, "value")).isNull();
	}

	@Test
	void withoutAPasswordNothingIs() {
		assertThat(isInClear(new RedisStandaloneConfiguration("redis.internal"), PLAIN)).isFalse();
		assertThat(isInClear(new RedisSentinelConfiguration("main", Set.of("one:26379")), PLAIN)).isFalse();
	}

	@ParameterizedTest
	@ValueSource(strings = { "localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "0:0:0:0:0:0:0:1" })
	void onThisHostNobodyReadsIt(String host) {
		assertThat(isInClear(standalone(host), PLAIN)).isFalse();
	}

	@Test
	void aSocketOfThisHostIsNoNetwork() {
		RedisSocketConfiguration where = new RedisSocketConfiguration("/run/redis.sock");
		where.setPassword("secret");

		assertThat(isInClear(where, PLAIN)).isFalse();
	}

	@Test
	void oneNodeElsewhereIsEnough() {
		RedisClusterConfiguration where = new RedisClusterConfiguration(List.of("127.0.0.1:7000", "10.0.0.2:7000"));
		where.setPassword(RedisPassword.of("secret"));

		assertThat(isInClear(where, PLAIN)).isTrue();
	}

	@Test
	void thePasswordOfSentinelsIsOneToo() {
		RedisSentinelConfiguration where = new RedisSentinelConfiguration("main", Set.of("one:26379"));
		where.setSentinelPassword(RedisPassword.of("secret"));

		assertThat(isInClear(where, PLAIN)).isTrue();
	}

	@Test
	void whatAProviderSendsIsAPassword() {
		LettuceClientConfiguration how = LettuceClientConfiguration.builder()
			.redisCredentialsProviderFactory(new RedisCredentialsProviderFactory() {

				@Override
				public RedisCredentialsProvider createCredentialsProvider(RedisConfiguration configuration) {
					return RedisCredentialsProvider.from(() -> RedisCredentials.just("app", "token"));
				}

			})
			.build();

		assertThat(isInClear(new RedisStandaloneConfiguration("redis.internal"), how)).isTrue();
	}

	private static RedisStandaloneConfiguration standalone(String host) {
		RedisStandaloneConfiguration where = new RedisStandaloneConfiguration(host);
		where.setPassword("secret");
		return where;
	}

	private static boolean isInClear(RedisConfiguration where, LettuceClientConfiguration how) {
		LettuceConnectionFactory factory = (where instanceof RedisClusterConfiguration cluster)
				? new LettuceConnectionFactory(cluster, how) : (where instanceof RedisSentinelConfiguration sentinels)
						? new LettuceConnectionFactory(sentinels, how) : new LettuceConnectionFactory(where, how);
		return ClonedFactory.isPasswordInClear(factory);
	}

}
