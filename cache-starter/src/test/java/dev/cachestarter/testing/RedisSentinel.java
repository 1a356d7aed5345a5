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

import org.awaitility.core.ConditionFactory;

import static org.awaitility.Awaitility.await;

/**
 * A master, a replica, and the sentinels that watch over them, each a process of its own
 * on loopback.
 */
public final class RedisSentinel implements AutoCloseable {

	private static final String MASTER_NAME = "main";

	private static final Duration PATIENCE = Duration.ofSeconds(90);

	private final List<RedisServer> servers = new ArrayList<>();

	private final List<RedisServer> sentinels = new ArrayList<>();

	private RedisSentinel() {
	}

	/**
	 * Start a master, a replica and sentinels, and wait until all know each other. A
	 * master that does not answer is held for dead after a second.
	 * @param sentinels how many sentinels; more than half of them must agree
	 * @param arguments arguments of {@code redis-server} for master and replica
	 * @return what is running
	 */
	public static RedisSentinel start(int sentinels, String... arguments) {
		RedisSentinel all = new RedisSentinel();
		try {
			all.startServers(arguments);
			for (int i = 0; i < sentinels; i++) {
				all.startSentinel(sentinels / 2 + 1);
			}
			all.awaitAcquaintance();
			return all;
		}
		catch (RuntimeException ex) {
			all.close();
			throw ex;
		}
	}

	private void startServers(String... arguments) {
		RedisServer master = RedisServer.local(arguments);
		this.servers.add(master);
		master.start();
		RedisServer replica = RedisServer.local(arguments);
		this.servers.add(replica);
		replica.start();
		// Not by an argument: a replica that was promoted restarts as what it was.
		replica.cli("REPLICAOF", master.host(), Integer.toString(master.port()));
		awaitReplication(replica);
	}

	private void startSentinel(int quorum) {
		RedisServer master = this.servers.get(0);
		RedisProcess sentinel = new RedisProcess(List.of("--sentinel"), """
				sentinel monitor %1$s %2$s %3$d %4$d
				sentinel down-after-milliseconds %1$s 1000
				sentinel failover-timeout %1$s 3000
				""".formatted(MASTER_NAME, master.host(), master.port(), quorum));
		this.sentinels.add(sentinel);
		// There is no LOADING to wait for: a sentinel has no data.
		sentinel.startLoading();
		if (sentinel.majorVersion() >= 7) {
			// Sentinels look every 10 s by default, and a fail-over waits for that look.
			sentinel.cli("SENTINEL", "DEBUG", "INFO-PERIOD", "200", "PUBLISH-PERIOD", "200");
		}
	}

	private void awaitAcquaintance() {
		patiently("sentinels that know all").until(() -> this.sentinels.stream()
			.allMatch((sentinel) -> sentinel.info("master0")
				.endsWith("status=ok,address=127.0.0.1:" + this.servers.get(0).port() + ",slaves=1,sentinels="
						+ this.sentinels.size())));
	}

	// A server whose role changes closes the connections of its clients, ours too.
	private static ConditionFactory patiently(String condition) {
		return await(condition).atMost(PATIENCE)
			.pollInterval(Duration.ofMillis(20))
			.ignoreException(UncheckedIOException.class);
	}

	private static void awaitReplication(RedisServer replica) {
		patiently("replication")
			.until(() -> replica.info("role").equals("slave") && replica.info("master_link_status").equals("up"));
	}

	/**
	 * Return the name by which sentinels know the master.
	 * @return the name
	 */
	public String masterName() {
		return MASTER_NAME;
	}

	/**
	 * Return the settings with which a Spring Boot application finds the master.
	 * @return {@code name=value} pairs
	 */
	public String[] springProperties() {
		return new String[] { "spring.data.redis.sentinel.master=" + MASTER_NAME,
				"spring.data.redis.sentinel.nodes=" + this.sentinels.stream()
					.map((sentinel) -> sentinel.host() + ":" + sentinel.port())
					.collect(Collectors.joining(",")) };
	}

	/**
	 * Return the port of the master, as the first sentinel tells it to clients.
	 * @return the port
	 */
	public int masterPort() {
		List<?> address = (List<?>) Objects
			.requireNonNull(this.sentinels.get(0).cli("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER_NAME));
		return Integer.parseInt(Objects.requireNonNull((String) address.get(1)));
	}

	/**
	 * Return the master, as the first sentinel tells it to clients.
	 * @return the master
	 */
	public RedisServer master() {
		int port = masterPort();
		return this.servers.stream().filter((server) -> server.port() == port).findFirst().orElseThrow();
	}

	/**
	 * Return the server that is not the master.
	 * @return the replica
	 */
	public RedisServer replica() {
		RedisServer master = master();
		return this.servers.stream().filter((server) -> server != master).findFirst().orElseThrow();
	}

	/**
	 * Return the sentinels.
	 * @return the sentinels
	 */
	public List<RedisServer> sentinels() {
		return List.copyOf(this.sentinels);
	}

	/**
	 * Have the sentinels swap master and replica, and wait until that is done: the former
	 * master is a replica, in touch with the new one.
	 */
	public void failover() {
		RedisServer former = master();
		AtomicLong nextAt = new AtomicLong(System.nanoTime());
		// On a busy machine sentinels see no good replica at times, and give an attempt
		// up.
		patiently("a fail-over that was asked for").until(() -> {
			if (isAnotherMasterThan(former)) {
				return true;
			}
			if (System.nanoTime() - nextAt.get() >= 0) {
				nextAt.set(System.nanoTime() + Duration.ofSeconds(10).toNanos());
				askForFailover();
			}
			return false;
		});
		awaitMasterOtherThan(former);
		awaitReplication(former);
	}

	/**
	 * Wait until every sentinel names another master, and that is one.
	 * @param former the server that is no longer to be the master
	 */
	public void awaitMasterOtherThan(RedisServer former) {
		patiently("another master").until(() -> isAnotherMasterThan(former));
		RedisServer master = master();
		patiently("promotion").until(() -> master.info("role").equals("master"));
	}

	private boolean isAnotherMasterThan(RedisServer former) {
		return this.sentinels.stream()
			.noneMatch((sentinel) -> sentinel.info("master0").contains(":" + former.port() + ","));
	}

	private void askForFailover() {
		try {
			this.sentinels.get(0).cli("SENTINEL", "FAILOVER", MASTER_NAME);
		}
		catch (RespClient.ErrorReply ex) {
			// One is under way, or no replica is good enough yet.
		}
	}

	@Override
	public void close() {
		this.sentinels.forEach(RedisServer::close);
		this.servers.forEach(RedisServer::close);
	}

}
