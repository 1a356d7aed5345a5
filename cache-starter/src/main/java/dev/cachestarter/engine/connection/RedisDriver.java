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
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Stream;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.ClientOptions.DisconnectedBehavior;
import io.lettuce.core.MaintNotificationsConfig;
import io.lettuce.core.RedisAsyncCommandsImpl;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisReactiveCommandsImpl;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.SslOptions;
import io.lettuce.core.SocketOptions.KeepAliveOptions;
import io.lettuce.core.SocketOptions.TcpUserTimeoutOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.ClusterTopologyRefreshOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.event.DefaultEventPublisherOptions;
import io.lettuce.core.metrics.CommandLatencyRecorder;
import io.lettuce.core.protocol.CommandHandler;
import io.lettuce.core.protocol.CommandType;
import io.lettuce.core.protocol.ConnectionWatchdog;
import io.lettuce.core.protocol.RedisCommand;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnectionImpl;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import io.lettuce.core.resource.EpollProvider;
import io.netty.buffer.AdaptiveByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.DefaultChannelPipeline;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.util.ClassUtils;

/**
 * The driver: makes connections by way of a client of the cache's own. Where Redis is and
 * how to log in comes from the application's connection factory.
 */
public final class RedisDriver implements RedisConnector {

	private final Supplier<Client> clients;

	/** {@code null} while it is closed. */
	private final AtomicReference<@Nullable Client> client;

	private final String display;

	private final boolean passwordInClear;

	/**
	 * Create a driver.
	 * @param source says where Redis is
	 * @param patience how long answers are waited for
	 * @param queue how many commands may be under way at most
	 * @param certificates are asked for the certificates of each connection; {@code null}
	 * where those of the factory hold
	 */
	public RedisDriver(LettuceConnectionFactory source, Patience patience, int queue,
			@Nullable Supplier<Certificates> certificates) {
		this.clients = () -> new Client(source, options(source, patience, queue), patience, certificates);
		Client first = this.clients.get();
		this.client = new AtomicReference<>(first);
		this.display = first.display;
		this.passwordInClear = ClonedFactory.isPasswordInClear(source);
	}

	/**
	 * Load classes that the first connection needs, without initializing them.
	 * @return how many constructors they have: to tell that, the JVM links a class, and
	 * so verifies it and loads what that takes
	 */
	public static int loadClasses() {
		// Those whose verification brings the most of the others.
		return Stream.of(RedisClient.class, DefaultClientResources.class, RedisAsyncCommandsImpl.class,
				RedisReactiveCommandsImpl.class, StatefulRedisPubSubConnectionImpl.class, CommandHandler.class,
				ConnectionWatchdog.class, NioSocketChannel.class, NioIoHandler.class, MultiThreadIoEventLoopGroup.class,
				SingleThreadIoEventLoop.class, DefaultChannelPipeline.class, AdaptiveByteBufAllocator.class,
				UnpooledByteBufAllocator.class, ByteBufUtil.class, Flux.class, Mono.class)
			.mapToInt((type) -> type.getDeclaredConstructors().length)
			.sum();
	}

	/**
	 * Threads of its own, and none of what the application observes its commands with;
	 * but the application's ways to find an address and to set up a channel, without
	 * which there may be no way to its Redis.
	 */
	private static ClientResources resources(LettuceClientConfiguration from, EventLoopLag lag) {
		DefaultClientResources.Builder resources = DefaultClientResources.builder()
			.commandLatencyRecorder(CommandLatencyRecorder.disabled())
			.commandLatencyPublisherOptions(DefaultEventPublisherOptions.disabled())
			.ioThreadPoolSize(2)
			.computationThreadPoolSize(2)
			.nettyCustomizer(lag);
		from.getClientResources()
			.ifPresent((theirs) -> resources.addressResolverGroup(theirs.addressResolverGroup())
				.socketAddressResolver(theirs.socketAddressResolver()));
		return resources.build();
	}

	private static ClientOptions options(LettuceConnectionFactory source, Patience patience, int queue) {
		ClientOptions options = source.getClientConfiguration().getClientOptions().orElseGet(ClientOptions::create);
		SocketOptions socket = options.getSocketOptions()
			.mutate()
			.connectTimeout(patience.connect())
			.tcpNoDelay(true)
			.keepAlive(KeepAliveOptions.builder()
				.enable()
				.idle(Duration.ofSeconds(5))
				.interval(Duration.ofSeconds(1))
				.count(3)
				.build())
			// Java's own sockets do not have it; there the heartbeat has to do.
			.tcpUserTimeout(TcpUserTimeoutOptions.builder()
				.enable(EpollProvider.isAvailable())
				.tcpUserTimeout(Duration.ofSeconds(3))
				.build())
			.build();
		ClientOptions.Builder builder = source.isClusterAware() ? ClusterClientOptions.builder(options)
				: options.mutate();
		builder.autoReconnect(false)
			.disconnectedBehavior(DisconnectedBehavior.REJECT_COMMANDS)
			.pingBeforeActivateConnection(true)
			.requestQueueSize(queue)
			.publishOnScheduler(false)
			.timeoutOptions(TimeoutOptions.builder()
				.timeoutCommands(true)
				.timeoutSource(new Timeouts(patience.command()))
				.build())
			.socketOptions(socket);
		if (ClassUtils.isPresent("io.lettuce.core.MaintNotificationsConfig", RedisDriver.class.getClassLoader())) {
			MaintNotifications.disable(builder);
		}
		if (builder instanceof ClusterClientOptions.Builder clusterBuilder) {
			clusterBuilder.topologyRefreshOptions(ClusterTopologyRefreshOptions.builder()
				.adaptiveRefreshTriggersTimeout(Duration.ofMillis(500))
				.enablePeriodicRefresh(Duration.ofSeconds(10))
				.build());
		}
		return builder.build();
	}

	@Override
	public String display() {
		return this.display;
	}

	@Override
	public boolean isPasswordInClear() {
		return this.passwordInClear;
	}

	@Override
	public RedisConnection connect() {
		Client current = this.client.get();
		if (current == null) {
			throw new IllegalStateException("closed");
		}
		return current.connect();
	}

	@Override
	public TrackedConnection track(TrackedConnection.Listener listener) throws Exception {
		Client current = this.client.get();
		if (current == null) {
			throw new IllegalStateException("closed");
		}
		return current.track(listener);
	}

	@Override
	public void open() {
		if (this.client.get() == null) {
			this.client.set(this.clients.get());
		}
	}

	@Override
	public CompletionStage<?> close() {
		Client current = this.client.getAndSet(null);
		return (current != null) ? current.close() : CompletableFuture.completedFuture(null);
	}

	/**
	 * A client of the driver's, and all that it needs: threads and sockets.
	 */
	private static final class Client {

		private final Patience patience;

		private final ClientOptions options;

		private final @Nullable Supplier<Certificates> certificates;

		private final EventLoopLag lag;

		private final ClientResources resources;

		private final AbstractRedisClient client;

		private final Supplier<LettuceConnection> connecting;

		private final Set<LettuceConnection> open = ConcurrentHashMap.newKeySet();

		private final Set<LettuceTracking> tracked = ConcurrentHashMap.newKeySet();

		private final String display;

		/** Whether it has connected to a cluster before. Of the thread that connects. */
		private boolean connected;

		Client(LettuceConnectionFactory source, ClientOptions options, Patience patience,
				@Nullable Supplier<Certificates> certificates) {
			this.patience = patience;
			this.options = options;
			this.certificates = source.getClientConfiguration().isUseSsl() ? certificates : null;
			LettuceClientConfiguration from = source.getClientConfiguration();
			this.lag = new EventLoopLag(from.getClientResources().map(ClientResources::nettyCustomizer).orElse(null));
			this.resources = resources(from, this.lag);
			ClonedFactory clone = ClonedFactory.of(source, this.resources, options, patience.connect());
			this.display = clone.display();
			AbstractRedisClient client = clone.newClient();
			this.client = client;
			this.connecting = source.isClusterAware() ? () -> connect((RedisClusterClient) client)
					: () -> connect((RedisClient) client);
		}

		RedisConnection connect() {
			if (this.certificates != null) {
				identifyBy(this.certificates.get());
			}
			LettuceConnection connection = this.connecting.get();
			this.open.add(connection);
			connection.closed().thenRun(() -> this.open.remove(connection));
			return connection;
		}

		TrackedConnection track(TrackedConnection.Listener listener) throws Exception {
			if (this.certificates != null) {
				identifyBy(this.certificates.get());
			}
			LettuceTracking tracking = (this.client instanceof RedisClusterClient cluster)
					? LettuceTracking.open(cluster, this.patience.connect(), listener)
					: LettuceTracking.open((RedisClient) this.client, listener);
			this.tracked.add(tracking);
			tracking.closed().thenRun(() -> this.tracked.remove(tracking));
			try {
				// Handed out, perhaps, before the event loop has made it active.
				this.lag.awaitQueued(this.patience.connect());
				if (!tracking.isOpen()) {
					throw new IllegalStateException("connection lost");
				}
				return tracking;
			}
			catch (Throwable ex) {
				tracking.close();
				throw ex;
			}
		}

		/** What is open already goes on with what it was opened with. */
		private void identifyBy(Certificates certificates) {
			SslOptions.Builder tls = this.options.getSslOptions().mutate();
			if (certificates.own() != null) {
				tls.keyManager(certificates.own());
			}
			if (certificates.trusted() != null) {
				tls.trustManager(certificates.trusted());
			}
			if (this.client instanceof RedisClusterClient cluster) {
				cluster.setOptions(((ClusterClientOptions) this.options).mutate().sslOptions(tls.build()).build());
			}
			else {
				((RedisClient) this.client).setOptions(this.options.mutate().sslOptions(tls.build()).build());
			}
		}

		private LettuceConnection connect(RedisClient server) {
			return new SingleConnection(server.connect(ByteArrayCodec.INSTANCE), this.patience, this.lag);
		}

		private LettuceConnection connect(RedisClusterClient cluster) {
			if (this.connected) {
				// Who is master may have changed; the first connection reads it anyway.
				cluster.refreshPartitions();
			}
			StatefulRedisClusterConnection<byte[], byte[]> connection = cluster.connect(ByteArrayCodec.INSTANCE);
			this.connected = true;
			return new ClusterConnection(cluster, connection, this.patience, this.lag);
		}

		CompletionStage<?> close() {
			CompletableFuture<@Nullable Void> closed = new CompletableFuture<>();
			// The driver closes those to the nodes of a cluster twice, and warns of it,
			// unless
			// nothing is open any more.
			CompletableFuture
				.allOf(Stream.concat(this.open.stream().map(LettuceConnection::closeOnce),
						this.tracked.stream().map(LettuceTracking::closeOnce))
					.toArray(CompletableFuture[]::new))
				.completeOnTimeout(null, 1, TimeUnit.SECONDS)
				.thenCompose((same) -> this.client.shutdownAsync(0, 1, TimeUnit.SECONDS))
				.whenComplete((done, ex) -> this.resources.shutdown(0, 1, TimeUnit.SECONDS)
					.addListener((same) -> closed.complete(null)));
			return closed;
		}

	}

	/**
	 * How long the driver waits for an answer: as long as callers do. What a greeting
	 * asks for the link waits itself, since it knows how late this JVM is.
	 */
	private static final class Timeouts extends TimeoutOptions.TimeoutSource {

		private static final Set<CommandType> GREETING = EnumSet.of(CommandType.PING, CommandType.INFO,
				CommandType.ROLE, CommandType.TIME, CommandType.CLUSTER, CommandType.HELLO);

		private final long command;

		private final long greeting;

		Timeouts(Duration command) {
			this.command = command.toNanos();
			this.greeting = LettuceConnection.longest(command);
		}

		@Override
		public long getTimeout(RedisCommand<?, ?, ?> command) {
			return (command.getType() instanceof CommandType type && GREETING.contains(type)) ? this.greeting
					: this.command;
		}

		@Override
		public TimeUnit getTimeUnit() {
			return TimeUnit.NANOSECONDS;
		}

	}

	/** Lettuce 6, which Spring Boot 4.0 brings, has no such thing. */
	private static final class MaintNotifications {

		static void disable(ClientOptions.Builder builder) {
			builder.maintNotificationsConfig(MaintNotificationsConfig.disabled());
		}

	}

}
