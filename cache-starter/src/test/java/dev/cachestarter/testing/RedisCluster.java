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

package dev.cachestarter.testing;

import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;

import static org.awaitility.Awaitility.await;

/**
 * A real Redis cluster of three masters on loopback, each a process of its own; and, if
 * wanted, a replica of the first.
 */
public final class RedisCluster implements AutoCloseable {

	/** How many slots a Redis cluster has. */
	public static final int SLOTS = 16384;

	private static final int SIZE = 3;

	private static final Duration PATIENCE = Duration.ofSeconds(90);

	private final List<RedisServer> nodes = new ArrayList<>();

	private final int masters;

	private RedisCluster(int replicas, String... arguments) {
		this.masters = SIZE;
		List<String> all = new ArrayList<>(List.of("--cluster-enabled", "yes", "--cluster-node-timeout", "1000"));
		all.addAll(List.of(arguments));
		for (int i = 0; i < this.masters + replicas; i++) {
			this.nodes.add(RedisServer.local(all.toArray(String[]::new)));
		}
	}

	/**
	 * Start a cluster and wait until every node says that it is well. A node that does
	 * not answer is held for dead after a second.
	 * @param arguments arguments of {@code redis-server} for every node
	 * @return the running cluster
	 */
	public static RedisCluster start(String... arguments) {
		return start(0, arguments);
	}

	/**
	 * Start a cluster whose first node has a replica, which takes over when that node is
	 * held for dead.
	 * @param arguments arguments of {@code redis-server} for every node
	 * @return the running cluster
	 */
	public static RedisCluster startWithReplica(String... arguments) {
		return start(1, arguments);
	}

	private static RedisCluster start(int replicas, String... arguments) {
		RedisCluster cluster = new RedisCluster(replicas, arguments);
		try {
			cluster.form();
			return cluster;
		}
		catch (RuntimeException ex) {
			cluster.close();
			throw ex;
		}
	}

	private void form() {
		for (int i = 0; i < this.nodes.size(); i++) {
			RedisServer node = this.nodes.get(i).start();
			if (i >= this.masters) {
				continue;
			}
			List<String> command = new ArrayList<>(List.of("CLUSTER", "ADDSLOTS"));
			for (int slot = SLOTS * i / SIZE; slot < SLOTS * (i + 1) / SIZE; slot++) {
				command.add(Integer.toString(slot));
			}
			node.cli(command.toArray(String[]::new));
			// Else two nodes may meet with the same epoch, and settle that later.
			node.cli("CLUSTER", "SET-CONFIG-EPOCH", Integer.toString(i + 1));
		}
		RedisServer first = this.nodes.get(0);
		for (RedisServer other : this.nodes.subList(1, this.nodes.size())) {
			first.cli("CLUSTER", "MEET", other.host(), Integer.toString(other.port()));
		}
		awaitOk();
		String master = idOf(first);
		for (RedisServer replica : this.nodes.subList(this.masters, this.nodes.size())) {
			replica.cli("CLUSTER", "REPLICATE", master);
			awaitReplication(replica);
		}
	}

	/**
	 * Wait until a node is a replica that is in touch with its master, as its master
	 * knows.
	 * @param replica the node
	 */
	public void awaitReplication(RedisServer replica) {
		await("replication").atMost(PATIENCE)
			.pollInterval(Duration.ofMillis(20))
			.ignoreException(UncheckedIOException.class)
			.until(() -> replica.info("role").equals("slave") && replica.info("master_link_status").equals("up")
					&& this.nodes.stream()
						.filter((node) -> node.port() == Integer.parseInt(replica.info("master_port")))
						.allMatch((master) -> master.info("slave0").contains("state=online")));
	}

	/**
	 * Wait until every node knows all the others and says that the cluster is well.
	 */
	public void awaitOk() {
		await("cluster_state:ok").atMost(PATIENCE)
			.pollInterval(Duration.ofMillis(20))
			.ignoreException(UncheckedIOException.class)
			.until(() -> this.nodes.stream().allMatch(this::isWell));
	}

	/**
	 * Wait until a node has become the master of a slot, and all nodes that are alive say
	 * that the cluster is well.
	 * @param slot the slot
	 * @param owner who is to own it
	 */
	public void awaitOwner(int slot, RedisServer owner) {
		await("another owner").atMost(PATIENCE)
			.pollInterval(Duration.ofMillis(20))
			.ignoreException(UncheckedIOException.class)
			.until(() -> owns(owner, slot) && owner.info("role").equals("master")
					&& this.nodes.stream()
						.filter(RedisServer::isAlive)
						.allMatch((node) -> text(node, "CLUSTER", "INFO").contains("cluster_state:ok")));
	}

	/**
	 * Have a replica take over the slots of its master. It is asked again and again: a
	 * request that does not get its votes is given up by Redis after five seconds.
	 * @param slot one of the slots
	 * @param replica who is to own it
	 */
	public void failOver(int slot, RedisServer replica) {
		AtomicLong nextAt = new AtomicLong(System.nanoTime());
		await("a fail-over that was asked for").atMost(PATIENCE.multipliedBy(2))
			.pollInterval(Duration.ofMillis(20))
			.ignoreException(UncheckedIOException.class)
			.until(() -> {
				if (!replica.info("role").equals("slave")) {
					return true;
				}
				if (System.nanoTime() - nextAt.get() >= 0) {
					nextAt.set(System.nanoTime() + Duration.ofSeconds(6).toNanos());
					replica.cli("CLUSTER", "FAILOVER");
				}
				return false;
			});
		awaitOwner(slot, replica);
	}

	private boolean isWell(RedisServer node) {
		String info = text(node, "CLUSTER", "INFO");
		return info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:" + this.nodes.size())
				&& info.contains("cluster_slots_ok:" + SLOTS);
	}

	/**
	 * Return the nodes.
	 * @return the masters, in the order of the slots that they own at first; then the
	 * replica of the first, if there is one
	 */
	public List<RedisServer> nodes() {
		return List.copyOf(this.nodes);
	}

	/**
	 * Return the settings with which a Spring Boot application connects to this cluster.
	 * @return {@code name=value} pairs
	 */
	public String[] springProperties() {
		return new String[] { "spring.data.redis.cluster.nodes="
				+ this.nodes.stream().map((node) -> node.host() + ":" + node.port()).collect(Collectors.joining(",")) };
	}

	/**
	 * Return the slot of a key.
	 * @param key the key
	 * @return the slot
	 */
	public int slotOf(String key) {
		return (int) this.nodes.get(0).number("CLUSTER", "KEYSLOT", key);
	}

	/**
	 * Return the node that owns a slot, by its own view.
	 * @param slot the slot
	 * @return the node
	 */
	public RedisServer ownerOf(int slot) {
		return this.nodes.stream()
			.filter(RedisServer::isAlive)
			.filter((node) -> owns(node, slot))
			.findFirst()
			.orElseThrow(() -> new IllegalStateException("No node owns slot " + slot));
	}

	private static boolean owns(RedisServer node, int slot) {
		return knows(node, slot, node);
	}

	private static boolean knows(RedisServer node, int slot, RedisServer owner) {
		List<?> ranges = (List<?>) Objects.requireNonNull(node.cli("CLUSTER", "SLOTS"));
		for (Object each : ranges) {
			List<?> range = (List<?>) each;
			List<?> master = (List<?>) range.get(2);
			if ((Long) range.get(0) <= slot && slot <= (Long) range.get(1) && (Long) master.get(1) == owner.port()) {
				return true;
			}
		}
		return false;
	}

	/**
	 * Return the node that owns the slot of a key.
	 * @param key the key
	 * @return the node
	 */
	public RedisServer ownerOf(String key) {
		return ownerOf(slotOf(key));
	}

	/**
	 * Return a master that does not own a slot.
	 * @param slot the slot
	 * @return the node
	 */
	public RedisServer strangerTo(int slot) {
		RedisServer owner = ownerOf(slot);
		return this.nodes.stream()
			.filter((node) -> node != owner && node.isAlive() && isMaster(node))
			.findFirst()
			.orElseThrow();
	}

	/**
	 * Begin to move a slot: its owner is migrating it and answers ASK for keys that it
	 * does not have; the other is importing it. No key moves yet.
	 * @param slot the slot
	 * @param target who is to own it
	 */
	public void beginMigration(int slot, RedisServer target) {
		RedisServer source = ownerOf(slot);
		target.cli("CLUSTER", "SETSLOT", Integer.toString(slot), "IMPORTING", idOf(source));
		source.cli("CLUSTER", "SETSLOT", Integer.toString(slot), "MIGRATING", idOf(target));
	}

	/**
	 * Move the keys of a slot to another node, which does not become its owner by this.
	 * @param slot the slot, whose migration has begun
	 * @param target who is to own it
	 */
	public void moveKeys(int slot, RedisServer target) {
		RedisServer source = ownerOf(slot);
		while (true) {
			List<?> keys = (List<?>) Objects
				.requireNonNull(source.cli("CLUSTER", "GETKEYSINSLOT", Integer.toString(slot), "100"));
			if (keys.isEmpty()) {
				return;
			}
			List<String> command = new ArrayList<>(
					List.of("MIGRATE", target.host(), Integer.toString(target.port()), "", "0", "5000", "KEYS"));
			keys.forEach((key) -> command.add((String) key));
			source.cli(command.toArray(String[]::new));
		}
	}

	/**
	 * End a migration: the target owns the slot, every node knows it, and the former
	 * owner answers MOVED.
	 * @param slot the slot, whose keys have moved
	 * @param target who is to own it
	 */
	public void endMigration(int slot, RedisServer target) {
		String id = idOf(target);
		target.cli("CLUSTER", "SETSLOT", Integer.toString(slot), "NODE", id);
		for (RedisServer node : this.nodes) {
			if (isMaster(node)) {
				node.cli("CLUSTER", "SETSLOT", Integer.toString(slot), "NODE", id);
			}
		}
	}

	/**
	 * Move a slot with its keys to another node, all at once.
	 * @param slot the slot
	 * @param target who is to own it
	 */
	public void migrate(int slot, RedisServer target) {
		beginMigration(slot, target);
		moveKeys(slot, target);
		endMigration(slot, target);
	}

	/**
	 * Have a node take a slot and none of its keys, and wait until every node has learnt
	 * of it. The former owner drops the keys at that moment, and before Redis 7.2 it
	 * tells no client of that.
	 * @param slot the slot
	 * @param target who is to own it
	 */
	public void take(int slot, RedisServer target) {
		target.cli("CLUSTER", "SETSLOT", Integer.toString(slot), "IMPORTING", idOf(ownerOf(slot)));
		target.cli("CLUSTER", "SETSLOT", Integer.toString(slot), "NODE", idOf(target));
		await("another owner").atMost(PATIENCE)
			.pollInterval(Duration.ofMillis(20))
			.until(() -> this.nodes.stream()
				.filter(RedisServer::isAlive)
				.allMatch((node) -> knows(node, slot, target)));
	}

	/** After a fail-over it is another node than before. */
	private static boolean isMaster(RedisServer node) {
		return node.info("role").equals("master");
	}

	private static String idOf(RedisServer node) {
		return text(node, "CLUSTER", "MYID");
	}

	private static String text(RedisServer node, String... command) {
		return (String) Objects.requireNonNull(node.cli(command));
	}

	/**
	 * Remove every key of every node.
	 */
	public void flushAll() {
		this.nodes.stream().filter((node) -> node.info("role").equals("master")).forEach(RedisServer::flushAll);
	}

	@Override
	public void close() {
		this.nodes.forEach(RedisServer::close);
	}

}
