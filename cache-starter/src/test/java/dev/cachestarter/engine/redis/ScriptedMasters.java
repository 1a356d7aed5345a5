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

package dev.cachestarter.engine.redis;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.RedisConnection;
import dev.cachestarter.engine.connection.RedisConnector;
import dev.cachestarter.engine.connection.TrackedConnection;
import dev.cachestarter.engine.connection.TrackedConnection.Hello;

/**
 * Masters that tell what changes when a test says so, without a socket.
 */
final class ScriptedMasters implements RedisConnector, TrackingLink.Commands {

	final ManualWorker worker = new ManualWorker();

	/** The connections that were made, newest last. */
	final List<Connection> connections = new ArrayList<>();

	/** How many masters there are, and whether they are those of a cluster. */
	int count = 1;

	boolean cluster;

	/** What connecting and tracking fail with. */
	@Nullable RuntimeException refusal;

	@Nullable RuntimeException trackingRefusal;

	/** What happens while it connects. */
	Runnable connecting = () -> {
	};

	/** What it says of itself. */
	String version = "7.0.15";

	long protocol = 3;

	String role = "master";

	boolean tracks = true;

	String clusterInfo = "cluster_state:ok\r\ncluster_current_epoch:3\r\n";

	/** Whether the link is up, and takes changes. */
	boolean up = true;

	@Nullable RuntimeException unchanged;

	/** Whether changes are told. */
	boolean tells = true;

	/** How often any master was asked for the slots of all. */
	int slotsAsked;

	private long keys;

	private long ids;

	Connection connection() {
		return this.connections.get(this.connections.size() - 1);
	}

	Node master() {
		return connection().masters.get(0);
	}

	@Override
	public TrackedConnection track(TrackedConnection.Listener listener) {
		if (this.refusal != null) {
			throw this.refusal;
		}
		Connection connection = new Connection(listener);
		this.connections.add(connection);
		this.connecting.run();
		return connection;
	}

	@Override
	public RedisConnection connect() {
		throw new UnsupportedOperationException();
	}

	@Override
	public String display() {
		return "scripted";
	}

	@Override
	public void open() {
	}

	@Override
	public CompletionStage<?> close() {
		return CompletableFuture.completedFuture(null);
	}

	@Override
	public boolean isUp() {
		return this.up;
	}

	@Override
	public @Nullable Account account(String command) {
		return null;
	}

	@Override
	public byte[] newKey() {
		return ("canary" + this.keys++).getBytes(StandardCharsets.US_ASCII);
	}

	@Override
	public CompletableFuture<?> change(byte[] key) {
		if (this.unchanged != null) {
			return CompletableFuture.failedFuture(this.unchanged);
		}
		if (this.tells) {
			Connection connection = connection();
			connection.masters.stream()
				.filter((master) -> master.owns(key))
				.forEach((master) -> connection.listener.changed(master, List.of(key)));
		}
		return CompletableFuture.completedFuture(true);
	}

	/**
	 * Connections to all masters.
	 */
	final class Connection implements TrackedConnection {

		final Listener listener;

		final List<Node> masters = new ArrayList<>();

		boolean closed;

		Connection(Listener listener) {
			this.listener = listener;
			for (int i = 0; i < ScriptedMasters.this.count; i++) {
				this.masters.add(new Node(i));
			}
		}

		@Override
		public List<TrackedConnection.Master> masters() {
			return List.copyOf(this.masters);
		}

		@Override
		public boolean isCluster() {
			return ScriptedMasters.this.cluster;
		}

		@Override
		public CompletableFuture<List<byte @Nullable []>> read(List<byte[]> keys) {
			return this.masters.get(0).read(keys.toArray(byte[][]::new));
		}

		@Override
		public CompletableFuture<byte[]> readStart(byte[] key, int length) {
			return this.masters.get(0)
				.read(key)
				.thenApply((values) -> Arrays.copyOf(Objects.requireNonNull(values.get(0)), length));
		}

		@Override
		public void close() {
			this.closed = true;
		}

	}

	/**
	 * One master.
	 */
	final class Node implements TrackedConnection.Master {

		/** Heartbeats that are not answered at once, oldest first. */
		final List<CompletableFuture<Hello>> beats = new ArrayList<>();

		/** Whether heartbeats are answered at once. */
		boolean answers = true;

		/** Reads that are not answered at once. */
		final List<CompletableFuture<List<byte @Nullable []>>> reads = new ArrayList<>();

		boolean reading = true;

		long id = ++ScriptedMasters.this.ids;

		String role = ScriptedMasters.this.role;

		String clusterInfo = ScriptedMasters.this.clusterInfo;

		/** Those of all masters, as it knows. */
		BitSet slots = new BitSet();

		/** Whether it says how its cluster is. */
		boolean describes = true;

		private final int number;

		Node(int number) {
			this.number = number;
		}

		Hello now() {
			return new Hello(ScriptedMasters.this.version, ScriptedMasters.this.protocol, this.id, this.role);
		}

		@Override
		public String name() {
			return "master" + this.number;
		}

		@Override
		public boolean owns(byte[] key) {
			return key[key.length - 1] % ScriptedMasters.this.count == this.number;
		}

		@Override
		public CompletionStage<Hello> hello() {
			if (this.answers) {
				return CompletableFuture.completedFuture(now());
			}
			CompletableFuture<Hello> beat = new CompletableFuture<>();
			this.beats.add(beat);
			return beat;
		}

		@Override
		public CompletionStage<Boolean> track() {
			return (ScriptedMasters.this.trackingRefusal != null)
					? CompletableFuture.failedFuture(ScriptedMasters.this.trackingRefusal)
					: CompletableFuture.completedFuture(ScriptedMasters.this.tracks);
		}

		@Override
		public CompletableFuture<List<byte @Nullable []>> read(byte[]... keys) {
			if (this.reading) {
				return CompletableFuture.completedFuture(List.of(keys));
			}
			CompletableFuture<List<byte @Nullable []>> read = new CompletableFuture<>();
			this.reads.add(read);
			return read;
		}

		@Override
		public CompletionStage<TrackedConnection.Topology> topology() {
			return this.describes
					? CompletableFuture.completedFuture(new TrackedConnection.Topology(
							this.clusterInfo.contains("cluster_state:ok"), this.clusterInfo))
					: new CompletableFuture<>();
		}

		@Override
		public CompletionStage<Map<String, BitSet>> slots() {
			ScriptedMasters.this.slotsAsked++;
			return this.describes ? CompletableFuture.completedFuture(Map.of("all", this.slots))
					: new CompletableFuture<>();
		}

	}

}
