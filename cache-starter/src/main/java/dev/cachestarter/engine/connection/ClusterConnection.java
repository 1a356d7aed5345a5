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

import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.StatefulRedisConnectionImpl;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import io.lettuce.core.codec.ByteArrayCodec;
import org.jspecify.annotations.Nullable;

/**
 * A connection to all masters of a cluster.
 * <p>
 * The driver's connection to a cluster is a bundle of connections to its nodes, which it
 * opens as commands need them. A node behind a newly opened one may be another than
 * before: it may have restarted from an old dump, or be a replica that took over, and
 * have again what was evicted. So the bundle is one connection as far as the link goes:
 * <ul>
 * <li>Every master is connected to and asked who it is, and only then are commands sent.
 * (Connections by host and port, as those for slots are: the driver keeps others by node
 * id.)
 * <li>If one of these connections is lost, or one to any other node is opened (a
 * redirection to a replica that took over, a node that is back), the whole bundle is
 * lost. The driver tells of a connection before anything is sent on it, and from that
 * moment on answers are not heard. So nothing is read from a master before it was asked
 * who it is, and what must be evicted again is pending.
 * <li>A master that cannot be reached keeps only its own slots from being used, as long
 * as the cluster itself says that it is well. Commands for them fail at once, and each
 * greeting tries to connect to it.
 * <li>A slot that moves between two masters that were greeted changes nothing.
 * </ul>
 */
final class ClusterConnection extends LettuceConnection {

	private final RedisClusterClient client;

	private final StatefulRedisClusterConnection<byte[], byte[]> connection;

	private final NodeListener listener = new NodeListener();

	/** The masters that were greeted, by host and port. */
	private final Map<String, Node> nodes = new ConcurrentHashMap<>();

	/** Whether all that are to be greeted were: another connection means another node. */
	private volatile boolean met;

	private volatile boolean whole = true;

	ClusterConnection(RedisClusterClient client, StatefulRedisClusterConnection<byte[], byte[]> connection,
			RedisConnector.Patience patience, EventLoopLag lags) {
		super(connection, connection.async(), new LettuceCommands(connection.async()), patience, lags);
		this.client = client;
		this.connection = connection;
		client.addListener(this.listener);
		connection.addListener(new RedisConnectionStateListener() {

			@Override
			public void onRedisDisconnected(RedisChannelHandler<?, ?> handler) {
				lost("connection lost");
			}

		});
	}

	/**
	 * Connect to every master and ask who it is, once; and ask those that answered who
	 * they are and whether the cluster is well, every time.
	 */
	@Override
	Identity meet(long since) throws Exception {
		if (!this.met) {
			meetNodes();
			this.met = true;
		}
		else if (!this.whole) {
			// Whoever answers now ends this connection.
			open();
		}
		List<Node> nodes = List.copyOf(this.nodes.values());
		List<RedisFuture<String>> states = nodes.stream()
			.map((node) -> node.connection().async().clusterInfo())
			.toList();
		for (RedisFuture<String> state : states) {
			String text = ifAllowed(state);
			if (text != null && !text.contains("cluster_state:ok")) {
				throw new IllegalStateException("CLUSTERDOWN");
			}
		}
		List<@Nullable String> who = new ArrayList<>();
		for (Node node : nodes) {
			who.add(replication(node.connection().async()).of(node.runId()));
		}
		return Identity.of(who, since);
	}

	private void meetNodes() throws Exception {
		Exception failure = new IllegalStateException("the cluster has no masters");
		long until = System.nanoTime() + patience().connect().toNanos();
		boolean all = true;
		for (Map.Entry<String, CompletableFuture<StatefulRedisConnection<byte[], byte[]>>> each : open().entrySet()) {
			CompletableFuture<StatefulRedisConnection<byte[], byte[]>> opening = each.getValue();
			try {
				StatefulRedisConnection<byte[], byte[]> node = opening.get(Math.max(0, until - System.nanoTime()),
						TimeUnit.NANOSECONDS);
				awaitActive();
				this.nodes.put(each.getKey(), new Node(node, runId(node.async()), new Pulse()));
			}
			catch (ExecutionException | TimeoutException ex) {
				all = false;
				failure = ex;
				// Should it answer after all, it has not been asked who it is.
				opening.thenRun(() -> lost("another node answers"));
			}
		}
		if (this.nodes.isEmpty()) {
			throw failure;
		}
		this.whole = all;
	}

	/** The connections to all masters, those that commands for their slots use. */
	private Map<String, CompletableFuture<StatefulRedisConnection<byte[], byte[]>>> open() {
		Map<String, CompletableFuture<StatefulRedisConnection<byte[], byte[]>>> opened = new HashMap<>();
		for (RedisClusterNode node : this.connection.getPartitions()) {
			if (node.is(RedisClusterNode.NodeFlag.UPSTREAM) && !node.getSlots().isEmpty()) {
				CompletableFuture<StatefulRedisConnection<byte[], byte[]>> opening;
				try {
					opening = this.connection.getConnectionAsync(node.getUri().getHost(), node.getUri().getPort());
				}
				catch (RuntimeException ex) {
					opening = CompletableFuture.failedFuture(ex);
				}
				opened.put(place(node), opening);
			}
		}
		return opened;
	}

	private static String place(RedisClusterNode node) {
		return node.getUri().getHost() + ":" + node.getUri().getPort();
	}

	@Override
	public CompletableFuture<List<RedisCommands.Server>> masters() {
		List<CompletableFuture<RedisCommands.Server>> masters = new ArrayList<>();
		open().forEach((place, opening) -> masters
			.add(opening.thenApply((opened) -> new Master(place, opened.async(), pulseOf(place)))));
		return Futures.all(masters);
	}

	private Pulse pulseOf(@Nullable String place) {
		Node node = (place != null) ? this.nodes.get(place) : null;
		return (node != null) ? node.pulse() : new Pulse();
	}

	@Override
	public int servers() {
		return Math.max(1, this.nodes.size());
	}

	@Override
	public boolean isOneServer() {
		return false;
	}

	@Override
	public Object serverOf(byte[] key) {
		RedisClusterNode node = this.connection.getPartitions().getPartitionBySlot(SlotHash.getSlot(key));
		return (node != null) ? node.getNodeId() : "";
	}

	@Override
	public boolean reaches(byte[]... keys) {
		if (this.whole) {
			return true;
		}
		for (byte[] key : keys) {
			String place = placeOf(key);
			if (place == null || !this.nodes.containsKey(place)) {
				return false;
			}
		}
		return true;
	}

	private @Nullable String placeOf(byte[] key) {
		RedisClusterNode master = this.connection.getPartitions().getMasterBySlot(SlotHash.getSlot(key));
		return (master != null) ? place(master) : null;
	}

	@Override
	public boolean isWhole() {
		return this.whole;
	}

	@Override
	public boolean isOpen() {
		return !isLost() && this.connection.isOpen()
				&& this.nodes.values().stream().map(Node::connection).allMatch(StatefulConnection::isOpen);
	}

	@Override
	public Pulse pulse(byte[]... keys) {
		if (keys.length != 1) {
			return new Pulse();
		}
		return pulseOf(placeOf(keys[0]));
	}

	@Override
	void closing() {
		this.client.removeListener(this.listener);
	}

	private boolean isOfNodes(RedisChannelHandler<?, ?> handler) {
		return this.nodes.values().stream().anyMatch((node) -> node.connection() == handler);
	}

	/**
	 * A master that was greeted.
	 *
	 * @param connection the connection to it
	 * @param runId names its process, {@code null} if it does not say
	 * @param pulse its signs of life
	 */
	private record Node(StatefulRedisConnection<byte[], byte[]> connection, @Nullable String runId, Pulse pulse) {

	}

	/** A master: it knows which slots it has. */
	private static final class Master extends LettuceCommands.Server {

		private final RedisAsyncCommands<byte[], byte[]> commands;

		private final String name;

		Master(String name, RedisAsyncCommands<byte[], byte[]> commands, Pulse pulse) {
			super(commands, pulse);
			this.name = name;
			this.commands = commands;
		}

		@Override
		public String name() {
			return this.name;
		}

		@Override
		public CompletionStage<SlotView> slots() {
			return this.commands.clusterNodes().thenApply(SlotView::parse);
		}

	}

	/**
	 * Is told of every connection to a node, before anything is sent on it.
	 */
	private final class NodeListener implements RedisConnectionStateListener {

		@Override
		public void onRedisConnected(RedisChannelHandler<?, ?> handler, SocketAddress address) {
			// The driver opens others, with a codec of its own, to look at the topology.
			if (ClusterConnection.this.met && handler instanceof StatefulRedisConnectionImpl<?, ?> node
					&& node.getCodec() == ByteArrayCodec.INSTANCE && !isOfNodes(node)) {
				lost("another node answers");
			}
		}

		@Override
		public void onRedisDisconnected(RedisChannelHandler<?, ?> handler) {
			if (isOfNodes(handler)) {
				lost("the connection to a node was lost");
			}
		}

	}

}
