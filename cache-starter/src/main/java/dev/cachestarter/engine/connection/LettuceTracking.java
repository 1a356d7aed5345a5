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

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.push.PushMessage;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.output.CommandOutput;
import io.lettuce.core.output.NestedMultiOutput;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import org.jspecify.annotations.Nullable;

/**
 * Tracked connections of the driver. Its own client-side caching is not used: it does not
 * notice that a connection is lost, and fails to read what a server says when it is
 * flushed. What a listener of pushes throws the driver logs, and goes on: so whatever
 * goes wrong here is told.
 */
final class LettuceTracking implements TrackedConnection {

	/**
	 * Another one than that of the link's connections: a connection to a node with theirs
	 * that the link has not made means to it that there is another node.
	 */
	private static final ByteArrayCodec CODEC = new ByteArrayCodec();

	/** More keys than these go in several commands: no server is held up by one. */
	private static final int PORTION = 500;

	private static final String INVALIDATE = "invalidate";

	private final StatefulConnection<byte[], byte[]> connection;

	private final Listener listener;

	private final boolean cluster;

	private final List<Node> nodes = new ArrayList<>();

	private final AtomicBoolean closing = new AtomicBoolean();

	private final CompletableFuture<@Nullable Void> closed = new CompletableFuture<>();

	private LettuceTracking(StatefulConnection<byte[], byte[]> connection, boolean cluster, Listener listener) {
		this.connection = connection;
		this.cluster = cluster;
		this.listener = listener;
	}

	/**
	 * Connect to a server. Blocks.
	 */
	static LettuceTracking open(RedisClient server, Listener listener) {
		StatefulRedisConnection<byte[], byte[]> connection = server.connect(CODEC);
		LettuceTracking tracking = new LettuceTracking(connection, false, listener);
		tracking.listenTo(tracking.new Node("", connection, null));
		return tracking;
	}

	/**
	 * Connect to each master of a cluster. Blocks.
	 * @param timeout how long connecting may take
	 */
	static LettuceTracking open(RedisClusterClient cluster, Duration timeout, Listener listener) throws Exception {
		cluster.refreshPartitions();
		StatefulRedisClusterConnection<byte[], byte[]> connection = cluster.connect(CODEC);
		LettuceTracking tracking = new LettuceTracking(connection, true, listener);
		try {
			tracking.openNodes(connection, timeout);
			return tracking;
		}
		catch (Throwable ex) {
			tracking.close();
			throw ex;
		}
	}

	private void openNodes(StatefulRedisClusterConnection<byte[], byte[]> bundle, Duration timeout) throws Exception {
		Map<RedisClusterNode, CompletableFuture<StatefulRedisConnection<byte[], byte[]>>> opening = new LinkedHashMap<>();
		for (RedisClusterNode node : bundle.getPartitions()) {
			if (node.is(RedisClusterNode.NodeFlag.UPSTREAM) && !node.getSlots().isEmpty()) {
				opening.put(node, bundle.getConnectionAsync(node.getUri().getHost(), node.getUri().getPort()));
			}
		}
		if (opening.isEmpty()) {
			throw new IllegalStateException("the cluster has no masters");
		}
		long until = System.nanoTime() + timeout.toNanos();
		for (Map.Entry<RedisClusterNode, CompletableFuture<StatefulRedisConnection<byte[], byte[]>>> each : opening
			.entrySet()) {
			StatefulRedisConnection<byte[], byte[]> opened = each.getValue()
				.get(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS);
			RedisClusterNode node = each.getKey();
			BitSet slots = new BitSet();
			node.getSlots().forEach(slots::set);
			listenTo(new Node(node.getUri().getHost() + ":" + node.getUri().getPort(), opened, slots));
		}
	}

	private void listenTo(Node node) {
		this.nodes.add(node);
		node.connection.addListener(node::told);
		node.connection.addListener(new RedisConnectionStateListener() {

			@Override
			public void onRedisDisconnected(RedisChannelHandler<?, ?> handler) {
				LettuceTracking.this.listener.lost(node);
			}

		});
	}

	@Override
	public List<Master> masters() {
		return List.copyOf(this.nodes);
	}

	@Override
	public boolean isCluster() {
		return this.cluster;
	}

	/** Whether none of its connections is lost. */
	boolean isOpen() {
		return this.nodes.stream().allMatch((node) -> node.connection.isOpen());
	}

	@Override
	public CompletableFuture<List<byte @Nullable []>> read(List<byte[]> keys) {
		if (!this.cluster && keys.size() <= PORTION) {
			return this.nodes.get(0).read(keys.toArray(byte[][]::new)).toCompletableFuture();
		}
		Map<Object, List<Integer>> portions = new LinkedHashMap<>();
		for (int i = 0; i < keys.size(); i++) {
			// A command may have keys of one slot only.
			Object portion = this.cluster ? SlotHash.getSlot(keys.get(i)) : i / PORTION;
			portions.computeIfAbsent(portion, (same) -> new ArrayList<>()).add(i);
		}
		byte[] @Nullable [] found = new byte[keys.size()][];
		List<CompletableFuture<?>> all = new ArrayList<>();
		portions.forEach((same, places) -> {
			byte[][] portion = places.stream().map(keys::get).toArray(byte[][]::new);
			all.add(nodeOf(portion[0]).thenCompose((node) -> node.read(portion)).thenAccept((values) -> {
				for (int i = 0; i < values.size(); i++) {
					found[places.get(i)] = values.get(i);
				}
			}));
		});
		return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).thenApply((done) -> Arrays.asList(found));
	}

	@Override
	public CompletableFuture<byte[]> readStart(byte[] key, int length) {
		return nodeOf(key).thenCompose((node) -> node.connection.async().getrange(key, 0, length - 1));
	}

	private CompletableFuture<Node> nodeOf(byte[] key) {
		for (Node node : this.nodes) {
			if (node.owns(key)) {
				return CompletableFuture.completedFuture(node);
			}
		}
		return CompletableFuture.failedFuture(new IllegalStateException("no master has the slot of a key"));
	}

	@Override
	public void close() {
		closeOnce();
	}

	/**
	 * Close them, unless that was done before: the driver warns of a second time.
	 * @return completed when they are closed
	 */
	CompletableFuture<@Nullable Void> closeOnce() {
		if (this.closing.compareAndSet(false, true)) {
			this.connection.closeAsync().whenComplete((same, ex) -> this.closed.complete(null));
		}
		return this.closed;
	}

	/** Return what completes when they are closed. */
	CompletableFuture<@Nullable Void> closed() {
		return this.closed;
	}

	/**
	 * One master.
	 */
	private final class Node implements Master {

		private final String name;

		private final StatefulRedisConnection<byte[], byte[]> connection;

		/** {@code null} if it has all keys. */
		private final @Nullable BitSet slots;

		Node(String name, StatefulRedisConnection<byte[], byte[]> connection, @Nullable BitSet slots) {
			this.name = name;
			this.connection = connection;
			this.slots = slots;
		}

		@Override
		public String name() {
			return this.name;
		}

		@Override
		public boolean owns(byte[] key) {
			return this.slots == null || this.slots.get(SlotHash.getSlot(key));
		}

		@Override
		public CompletionStage<Hello> hello() {
			return dispatch(CommandType.HELLO, new NestedMultiOutput<>(CODEC)).thenApply((answer) -> {
				Map<String, Object> fields = fields(answer);
				return new Hello(text(fields.get("version")), number(fields.get("proto")), number(fields.get("id")),
						text(fields.get("role")));
			});
		}

		@Override
		public CompletionStage<Boolean> track() {
			CompletionStage<String> on = dispatch(CommandType.CLIENT, new StatusOutput<>(CODEC), "TRACKING", "ON");
			return on.thenCompose((ok) -> dispatch(CommandType.CLIENT, new NestedMultiOutput<>(CODEC), "TRACKINGINFO"))
				.thenApply((answer) -> fields(answer).get("flags") instanceof List<?> flags
						&& flags.stream().map(LettuceTracking::text).toList().equals(List.of("on")));
		}

		@Override
		public CompletionStage<List<byte @Nullable []>> read(byte[]... keys) {
			return this.connection.async()
				.dispatch(CommandType.MGET, new SingleCommands.Values(keys.length), SingleCommands.args(keys));
		}

		@Override
		public CompletionStage<Topology> topology() {
			return this.connection.async()
				.clusterInfo()
				.thenApply((info) -> new Topology(info.contains("cluster_state:ok"), epoch(info)));
		}

		@Override
		public CompletionStage<Map<String, BitSet>> slots() {
			return this.connection.async().clusterNodes().thenApply(SlotView::owners);
		}

		private static String epoch(String info) {
			return info.lines().filter((line) -> line.startsWith("cluster_current_epoch:")).findFirst().orElse("");
		}

		private <T> CompletionStage<T> dispatch(CommandType type, CommandOutput<byte[], byte[], T> output,
				String... arguments) {
			CommandArgs<byte[], byte[]> args = new CommandArgs<>(CODEC);
			for (String argument : arguments) {
				args.add(argument);
			}
			return this.connection.async().dispatch(type, output, args);
		}

		/** Whatever it is that fails here, the driver would log it and go on. */
		private void told(PushMessage push) {
			try {
				List<Object> content = push.getContent();
				if (!INVALIDATE.equals(push.getType()) || content.size() != 2) {
					LettuceTracking.this.listener.failed(this, "Redis sent a message of type " + push.getType());
				}
				else if (content.get(1) == null) {
					LettuceTracking.this.listener.allChanged(this);
				}
				else {
					LettuceTracking.this.listener.changed(this, keys((List<?>) content.get(1)));
				}
			}
			catch (Throwable ex) {
				LettuceTracking.this.listener.failed(this, "a message of Redis failed: " + ex.getClass().getName());
			}
		}

		private static List<byte[]> keys(List<?> content) {
			List<byte[]> keys = new ArrayList<>(content.size());
			for (Object each : content) {
				ByteBuffer buffer = ((ByteBuffer) each).duplicate();
				byte[] key = new byte[buffer.remaining()];
				buffer.get(key);
				keys.add(key);
			}
			return keys;
		}

	}

	/** Names and values take turns. */
	private static Map<String, Object> fields(List<Object> answer) {
		Map<String, Object> fields = new HashMap<>();
		for (int i = 0; i + 1 < answer.size(); i += 2) {
			fields.put(text(answer.get(i)), answer.get(i + 1));
		}
		return fields;
	}

	private static String text(@Nullable Object value) {
		return (value instanceof byte[] bytes) ? new String(bytes, StandardCharsets.UTF_8) : String.valueOf(value);
	}

	private static long number(@Nullable Object value) {
		return (value instanceof Long number) ? number : -1;
	}

}
