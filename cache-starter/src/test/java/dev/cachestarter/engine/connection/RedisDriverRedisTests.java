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

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisCredentials;
import io.lettuce.core.RedisCredentialsProvider;
import io.lettuce.core.RedisException;
import io.lettuce.core.SslVerifyMode;
import io.lettuce.core.protocol.RedisCommand;
import io.lettuce.core.protocol.RedisHandshakeHandler;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.NettyCustomizer;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.util.concurrent.ImmediateEventExecutor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.RedisConfiguration;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.connection.lettuce.RedisCredentialsProviderFactory;

import dev.cachestarter.testing.RedisCluster;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * How the driver connects, and how it closes what it has.
 */
@WithRedis
@SuppressWarnings("deprecation") // Of Netty: an executor of a handler's own.
class RedisDriverRedisTests {

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	private final RedisServer redis;

	RedisDriverRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	private RedisStandaloneConfiguration server() {
		return new RedisStandaloneConfiguration(this.redis.host(), this.redis.port());
	}

	private static RedisClusterConfiguration cluster(RedisCluster cluster) {
		return new RedisClusterConfiguration(
				cluster.nodes().stream().map((node) -> node.host() + ":" + node.port()).toList());
	}

	private static LettuceConnectionFactory factory(RedisConfiguration where, LettuceClientConfiguration how) {
		return (where instanceof RedisClusterConfiguration cluster) ? new LettuceConnectionFactory(cluster, how)
				: new LettuceConnectionFactory((RedisStandaloneConfiguration) where, how);
	}

	private static RedisDriver driver(LettuceConnectionFactory factory) {
		return new RedisDriver(factory, new RedisConnector.Patience(PATIENCE, PATIENCE), 1000, null);
	}

	/** Its standalone settings say localhost:6379 all the same. */
	@Test
	void aFactoryThatWasMadeFromAUrlIsReadAsThatUrlSays() throws Exception {
		try (RedisServer secured = RedisServer.local("--user", "app").start()) {
			secured.cli("ACL", "SETUSER", "app", "reset", "on", ">s3cret", "~*", "+@all");
			RedisDriver driver = driver(new LettuceConnectionFactory(LettuceConnectionFactory
				.createRedisConfiguration("redis://app:s3cret@%s:%d/3".formatted(secured.host(), secured.port()))));

			try {
				assertThat(driver.display()).isEqualTo(secured.host() + ":" + secured.port());
				RedisConnection connection = driver.connect();
				connection.commands()
					.set("key".getBytes(), "value".getBytes(), PATIENCE)
					.toCompletableFuture()
					.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
				assertThat(secured.info("db3")).startsWith("keys=1,");
				assertThat(String.valueOf(secured.cli("CLIENT", "LIST"))).contains("user=app");
			}
			finally {
				driver.close().toCompletableFuture().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
			}
		}
	}

	@Test
	void aServerCanBeGreetedAsSoonAsItIsConnectedWhereverTheLoginRan() throws Exception {
		greetWhereTheLoginLeftTheEventLoop(server());
	}

	@Test
	void aClusterCanBeGreetedAsSoonAsItIsConnectedWhereverTheLoginRan() throws Exception {
		try (RedisCluster cluster = RedisCluster.start()) {
			greetWhereTheLoginLeftTheEventLoop(cluster(cluster));
		}
	}

	private static void greetWhereTheLoginLeftTheEventLoop(RedisConfiguration where) throws Exception {
		ClientResources resources = ClientResources.builder().nettyCustomizer(new LateActivation()).build();
		RedisDriver driver = driver(factory(where,
				LettuceClientConfiguration.builder()
					.clientResources(resources)
					.redisCredentialsProviderFactory(new LateCredentials())
					.build()));
		try {
			// The driver's own look at a cluster runs into the same, and then fails.
			RedisConnection connection = await().atMost(PATIENCE)
				.ignoreExceptionsInstanceOf(RedisException.class)
				.until(driver::connect, Objects::nonNull);

			RedisConnection.Greeting greeting = connection.greet();

			assertThat(greeting.identity().isKnown()).isTrue();
		}
		finally {
			driver.close().toCompletableFuture().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
			resources.shutdown(0, 1, TimeUnit.SECONDS);
		}
	}

	@Test
	void aLoginWithWhatIsConfiguredNeedsNoOtherThreadThanTheEventLoop() throws Exception {
		List<String> elsewhere = new CopyOnWriteArrayList<>();
		ClientResources resources = ClientResources.builder().nettyCustomizer(new NettyCustomizer() {

			@Override
			public void afterChannelInitialized(Channel channel) {
				channel.pipeline().addLast(ImmediateEventExecutor.INSTANCE, new ChannelDuplexHandler() {

					@Override
					public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
						if (!channel.eventLoop().inEventLoop()) {
							elsewhere.add(Thread.currentThread().getName() + ": " + message);
						}
						context.write(message, promise);
					}

				});
			}

		}).build();
		RedisDriver driver = driver(
				factory(server(), LettuceClientConfiguration.builder().clientResources(resources).build()));
		try {
			driver.connect();

			assertThat(elsewhere).isEmpty();
		}
		finally {
			driver.close().toCompletableFuture().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
			resources.shutdown(0, 1, TimeUnit.SECONDS);
		}
	}

	@ParameterizedTest
	@EnumSource
	void serversAreVerifiedAsTheApplicationDoes(SslVerifyMode mode) {
		LettuceConnectionFactory source = factory(server(),
				LettuceClientConfiguration.builder().useSsl().verifyPeer(mode).startTls().build());
		ClientResources resources = ClientResources.create();
		try {
			ClonedFactory clone = ClonedFactory.of(source, resources, ClientOptions.create(), PATIENCE);

			LettuceClientConfiguration how = clone.getClientConfiguration();
			assertThat(how.isUseSsl()).isTrue();
			assertThat(how.getVerifyMode()).isEqualTo(mode);
			assertThat(how.isStartTls()).isTrue();
		}
		finally {
			resources.shutdown(0, 1, TimeUnit.SECONDS);
		}
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	@ExtendWith(OutputCaptureExtension.class)
	void nothingIsClosedTwice(boolean closedBefore, CapturedOutput output) throws Exception {
		try (RedisCluster cluster = RedisCluster.start()) {
			for (RedisConfiguration where : List.of(server(), cluster(cluster))) {
				RedisDriver driver = driver(factory(where, LettuceClientConfiguration.defaultConfiguration()));
				RedisConnection connection = driver.connect();
				connection.greet();

				if (closedBefore) {
					connection.close();
					connection.close();
				}
				driver.close().toCompletableFuture().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
				connection.close();
			}
		}

		assertThat(output.toString().lines()).noneMatch((line) -> line.contains("already closed"));
	}

	/** Credentials that the driver takes for slow ones. */
	private static final class LateCredentials implements RedisCredentialsProviderFactory {

		@Override
		public RedisCredentialsProvider createCredentialsProvider(RedisConfiguration configuration) {
			return () -> Mono.fromFuture(() -> CompletableFuture.completedFuture(RedisCredentials.just(null, "")));
		}

	}

	/**
	 * Has a login that runs outside the event loop stay there until its end, and the loop
	 * take its time to make the connection active.
	 */
	private static final class LateActivation implements NettyCustomizer {

		@Override
		public void afterChannelInitialized(Channel channel) {
			channel.pipeline().addLast(ImmediateEventExecutor.INSTANCE, new StayingLogin());
			String login = channel.pipeline().context(RedisHandshakeHandler.class).name();
			channel.pipeline().addAfter(login, null, new ChannelInboundHandlerAdapter() {

				@Override
				public void channelActive(ChannelHandlerContext context) {
					long until = System.nanoTime() + Duration.ofMillis(200).toNanos();
					while (System.nanoTime() - until < 0) {
						LockSupport.parkNanos(until - System.nanoTime());
					}
					context.fireChannelActive();
				}

			});
		}

	}

	/** Sends nothing but the login, and returns when that was answered. */
	private static final class StayingLogin extends ChannelDuplexHandler {

		private volatile List<RedisCommand<?, ?, ?>> sent = List.of();

		private volatile boolean active;

		@Override
		public void channelActive(ChannelHandlerContext context) {
			this.active = true;
			context.fireChannelActive();
		}

		@Override
		public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
			this.sent = ((message instanceof Collection<?> all) ? all : List.of(message)).stream()
				.<RedisCommand<?, ?, ?>>map((each) -> (RedisCommand<?, ?, ?>) each)
				.toList();
			context.write(message, promise);
		}

		@Override
		public void flush(ChannelHandlerContext context) {
			context.flush();
			while (!this.active && !context.channel().eventLoop().inEventLoop()
					&& !this.sent.stream().allMatch(RedisCommand::isDone)) {
				Thread.onSpinWait();
			}
		}

	}

}
