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

import java.lang.reflect.Field;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCredentialsProvider;
import io.lettuce.core.resource.ClientResources;
import org.jspecify.annotations.Nullable;

import org.springframework.data.redis.connection.RedisConfiguration;
import org.springframework.data.redis.connection.RedisSentinelConfiguration;
import org.springframework.data.redis.connection.RedisSocketConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.connection.lettuce.RedisCredentialsProviderFactory;
import org.springframework.util.ReflectionUtils;

/**
 * Reads out of the application's connection factory where Redis is and how to log in, and
 * makes a client of its own from that. Spring Data turns its configurations into
 * addresses in private methods; a subclass that never starts is the one way to use them.
 */
final class ClonedFactory extends LettuceConnectionFactory {

	private static final @Nullable Field CONFIGURATION = AsynchronousClient.readable(LettuceConnectionFactory.class,
			"configuration");

	private ClonedFactory(RedisConfiguration where, LettuceClientConfiguration how) {
		super(where, how);
	}

	static ClonedFactory of(LettuceConnectionFactory source, ClientResources resources, ClientOptions options,
			Duration connectTimeout) {
		LettuceClientConfiguration from = source.getClientConfiguration();
		LettuceClientConfiguration.LettuceClientConfigurationBuilder how = LettuceClientConfiguration.builder()
			.clientResources(resources)
			.clientOptions(options)
			.commandTimeout(connectTimeout);
		from.getClientName().ifPresent(how::clientName);
		how.redisCredentialsProviderFactory(
				from.getRedisCredentialsProviderFactory().orElseGet(() -> new PresentCredentials(source)));
		if (from.isUseSsl()) {
			LettuceClientConfiguration.LettuceSslClientConfigurationBuilder ssl = how.useSsl()
				.verifyPeer(from.getVerifyMode());
			if (from.isStartTls()) {
				ssl.startTls();
			}
		}
		return new ClonedFactory(where(source), how.build());
	}

	private static RedisConfiguration where(LettuceConnectionFactory source) {
		if (source.isClusterAware()) {
			return Objects.requireNonNull(source.getClusterConfiguration());
		}
		if (source.isRedisSentinelAware()) {
			return Objects.requireNonNull(source.getSentinelConfiguration());
		}
		RedisSocketConfiguration socket = source.getSocketConfiguration();
		return (socket != null) ? socket : standalone(source);
	}

	/**
	 * A factory that was made from a {@code RedisConfiguration}, such as
	 * {@code createRedisConfiguration(uri)} returns, goes by that, and its standalone
	 * settings say localhost nevertheless.
	 */
	private static RedisConfiguration standalone(LettuceConnectionFactory source) {
		return (CONFIGURATION != null
				&& ReflectionUtils.getField(CONFIGURATION, source) instanceof RedisConfiguration made
				&& made instanceof RedisConfiguration.WithHostAndPort) ? made : source.getStandaloneConfiguration();
	}

	/**
	 * Return whether a password is sent to another host without encryption.
	 */
	static boolean isPasswordInClear(LettuceConnectionFactory source) {
		if (source.getClientConfiguration().isUseSsl()) {
			return false;
		}
		RedisConfiguration where = where(source);
		boolean password = source.getClientConfiguration().getRedisCredentialsProviderFactory().isPresent()
				|| (where instanceof RedisConfiguration.WithPassword secured && secured.getPassword().isPresent())
				|| (where instanceof RedisConfiguration.SentinelConfiguration sentinels
						&& sentinels.getSentinelPassword().isPresent());
		return password && hosts(where).stream().anyMatch((host) -> !isLocal(host));
	}

	private static List<String> hosts(RedisConfiguration where) {
		if (where instanceof RedisConfiguration.ClusterConfiguration cluster) {
			return cluster.getClusterNodes().stream().map((node) -> String.valueOf(node.getHost())).toList();
		}
		if (where instanceof RedisConfiguration.SentinelConfiguration sentinels) {
			return sentinels.getSentinels().stream().map((node) -> String.valueOf(node.getHost())).toList();
		}
		return (where instanceof RedisConfiguration.WithHostAndPort host) ? List.of(host.getHostName()) : List.of();
	}

	/** As it is written: nothing is looked up. */
	private static boolean isLocal(String host) {
		return host.equalsIgnoreCase("localhost") || host.startsWith("127.") || host.equals("::1")
				|| host.equals("[::1]") || host.equals("0:0:0:0:0:0:0:1");
	}

	AbstractRedisClient newClient() {
		AbstractRedisClient client = createClient();
		return (client instanceof RedisClient single) ? AsynchronousClient.of(single) : client;
	}

	String display() {
		if (isClusterAware()) {
			return "cluster " + Objects.requireNonNull(getClusterConfiguration()).getClusterNodes();
		}
		if (isRedisSentinelAware()) {
			return "sentinels " + Objects.requireNonNull(getSentinelConfiguration()).getSentinels();
		}
		RedisSocketConfiguration socket = getSocketConfiguration();
		return (socket != null) ? socket.getSocket() : getHostName() + ":" + getPort();
	}

	/**
	 * Looks into the application's configuration whenever it logs in: it may have changed
	 * the password since.
	 */
	private static final class PresentCredentials implements RedisCredentialsProviderFactory {

		private final LettuceConnectionFactory source;

		PresentCredentials(LettuceConnectionFactory source) {
			this.source = source;
		}

		@Override
		public RedisCredentialsProvider createCredentialsProvider(RedisConfiguration configuration) {
			return now(() -> Objects
				.requireNonNull(RedisCredentialsProviderFactory.super.createCredentialsProvider(where(this.source))));
		}

		@Override
		public RedisCredentialsProvider createSentinelCredentialsProvider(RedisSentinelConfiguration configuration) {
			return now(() -> RedisCredentialsProviderFactory.super.createSentinelCredentialsProvider(
					Objects.requireNonNull(this.source.getSentinelConfiguration())));
		}

		/**
		 * What is configured is there at once. If the driver is not told so, it logs in
		 * on the common pool, and waits for a thread of it that the application may need.
		 */
		private static RedisCredentialsProvider.ImmediateRedisCredentialsProvider now(
				Supplier<RedisCredentialsProvider> provider) {
			return () -> Objects.requireNonNull(provider.get().resolveCredentials().toFuture().getNow(null));
		}

	}

}
