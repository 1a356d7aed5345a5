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

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SslOptions;
import io.lettuce.core.protocol.ProtocolVersion;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.SocketAddressResolver;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.RedisConfiguration;
import org.springframework.data.redis.connection.RedisNode;
import org.springframework.data.redis.connection.RedisSentinelConfiguration;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.OutageLab;
import dev.cachestarter.TestInstance;
import dev.cachestarter.engine.connection.DaemonThreads;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.redis.TrackingCondition.End;
import dev.cachestarter.engine.redis.TrackingCondition.State;
import dev.cachestarter.testing.FaultProxy;
import dev.cachestarter.testing.RedisCluster;
import dev.cachestarter.testing.RedisSentinel;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.TestAuthority;
import dev.cachestarter.testing.Threads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

/**
 * A real server tells what changes, and a session ends when it may not have.
 */
@ExtendWith(OutputCaptureExtension.class)
class TrackingLinkRedisTests {

	private static final Duration LONG = Duration.ofMinutes(1);

	private static final Duration PATIENCE = Duration.ofSeconds(5);

	private final RedisServer redis = RedisServer.local().start();

	private final List<Lab> labs = new ArrayList<>();

	/** Those of tests before this one. */
	private final Set<Thread> others = threads();

	@AfterEach
	void close() {
		this.labs.forEach(Lab::close);
		this.redis.close();
	}

	private Lab lab(RedisConfiguration where, LettuceClientConfiguration how) {
		Lab lab = new Lab(new LettuceConnectionFactory(where, how));
		this.labs.add(lab);
		return lab;
	}

	private Lab lab(String host, int port) {
		return lab(new RedisStandaloneConfiguration(host, port), LettuceClientConfiguration.defaultConfiguration());
	}

	private Lab lab() {
		return lab(this.redis.host(), this.redis.port());
	}

	// What is told

	@Test
	void whatChangesOfWhatWasReadIsTold() {
		Lab lab = lab().good();
		this.redis.cli("SET", "a", "1");
		assertThat(lab.read("a", "nothing")).containsExactly("1", null);

		this.redis.cli("SET", "other", "1");
		this.redis.cli("SET", "a", "2");
		this.redis.cli("SET", "nothing", "2");

		lab.awaitTold("a", "nothing");
		assertThat(lab.read("a", "nothing")).containsExactly("2", "2");
		assertThat(lab.tracking.condition().pushes()).isEqualTo(2);
	}

	@Test
	void ownChangesAreToldToo() {
		Lab lab = lab().good();
		lab.read("a");

		lab.link.unlink("b".getBytes()).join();
		lab.link.set("a".getBytes(), "1".getBytes(), LONG).join();

		lab.awaitTold("a");
	}

	@Test
	void whatExpiresIsTold() {
		Lab lab = lab().good();
		this.redis.cli("SET", "a", "1", "PX", "100");
		lab.read("a");

		lab.awaitTold("a");
	}

	@Test
	void manyKeysAreReadInOrder() {
		Lab lab = lab().good();
		String[] keys = new String[1201];
		for (int i = 0; i < keys.length; i++) {
			keys[i] = "k" + i;
		}
		this.redis.cli("MSET", "k0", "0", "k500", "500", "k1200", "1200");
		this.redis.cli("HSET", "k7", "not", "a string");

		List<@Nullable String> values = lab.read(keys);

		assertThat(values).hasSize(1201);
		assertThat(values.get(0)).isEqualTo("0");
		assertThat(values.get(500)).isEqualTo("500");
		assertThat(values.get(1200)).isEqualTo("1200");
		assertThat(values).filteredOn(Objects::nonNull).hasSize(3);
	}

	@Test
	void aFlushIsToldAndTheSessionGoesOn() {
		Lab lab = lab().good();
		long session = lab.tracking.session();
		lab.read("a");

		this.redis.cli("FLUSHALL");

		lab.awaitTold("all");
		this.redis.cli("SET", "b", "1");
		lab.read("b");
		this.redis.cli("DEL", "b");
		lab.awaitTold("all", "b");
		assertThat(lab.tracking.session()).isEqualTo(session);
		assertThat(lab.tracking.isGood(session)).isTrue();
	}

	/**
	 * What is told is taken in before a later heartbeat counts: while a listener has not
	 * taken it in, none does.
	 */
	@Test
	void noHeartbeatCountsBeforeWhatWasToldBeforeItIsTakenIn() {
		Lab lab = lab().good();
		long session = lab.tracking.session();
		lab.read("a");
		CountDownLatch taken = new CountDownLatch(1);
		CountDownLatch arrived = new CountDownLatch(1);
		lab.listening = () -> {
			arrived.countDown();
			awaitQuietly(taken);
		};

		this.redis.cli("SET", "a", "2");
		awaitQuietly(arrived);

		try {
			await().atMost(LONG).until(() -> !lab.tracking.isGood(session));
		}
		finally {
			taken.countDown();
		}
		lab.awaitTold("a");
		await().atMost(LONG).until(lab::isGood);
	}

	private static void awaitQuietly(CountDownLatch latch) {
		try {
			assertThat(latch.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	@Test
	void aListenerThatFailsEndsTheSession() {
		Lab lab = lab().good();
		long session = lab.tracking.session();
		lab.read("a");
		lab.listening = () -> {
			throw new StackOverflowError();
		};

		this.redis.cli("SET", "a", "2");

		lab.awaitEnded(session, End.PUSH);
		lab.listening = () -> {
		};
		lab.good();
	}

	@ParameterizedTest
	@ValueSource(
			strings = { ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n", ">2\r\n$21\r\ntracking-redir-broken\r\n:1\r\n",
					">2\r\n$10\r\ninvalidate\r\n:1\r\n", ">2\r\n$10\r\ninvalidate\r\n*2\r\n$1\r\na\r\n:1\r\n",
					">1\r\n$10\r\ninvalidate\r\n", ">3\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n$1\r\na\r\n" })
	void whatCannotBeUnderstoodEndsTheSession(String message) throws IOException {
		try (PushingProxy proxy = new PushingProxy(this.redis)) {
			Lab lab = lab("127.0.0.1", proxy.port()).good();
			long session = lab.tracking.session();

			proxy.push(message);

			lab.awaitEnded(session, End.PUSH);
			assertThat(lab.link.isUp()).isTrue();
			lab.good();
		}
	}

	@Test
	void whatIsPushedInTheMiddleIsUnderstood() throws IOException {
		try (PushingProxy proxy = new PushingProxy(this.redis)) {
			Lab lab = lab("127.0.0.1", proxy.port()).good();
			long session = lab.tracking.session();

			proxy.push(">2\r\n$10\r\ninvalidate\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n");
			proxy.push(">2\r\n$10\r\ninvalidate\r\n_\r\n");

			lab.awaitTold("a", "b", "all");
			assertThat(lab.tracking.session()).isEqualTo(session);
		}
	}

	/** It answers all as Redis does, and keeps to itself what is told. */
	@Test
	void aProxyThatSwallowsWhatIsToldIsFoundByTheCanary(CapturedOutput output) throws IOException {
		try (PushingProxy proxy = new PushingProxy(this.redis)) {
			proxy.swallowing = true;
			Lab lab = lab("127.0.0.1", proxy.port());
			lab.start();

			await().atMost(LONG).until(() -> {
				assertThat(lab.isGood()).isFalse();
				return lab.tracking.condition().state() == State.REFUSED;
			});

			assertThat(lab.tracking.condition().ended()).containsEntry(End.CANARY, 3L);
			assertThat(output).contains("There may be a proxy in between: connect to Redis itself");
			assertThat(lab.link.isUp()).isTrue();
		}
	}

	// What ends a session

	@Test
	void aKilledConnectionEndsTheSession(CapturedOutput output) {
		Lab lab = lab().good();
		long session = lab.tracking.session();
		long link = lab.link.session();
		lab.read("a");

		this.redis.cli("CLIENT", "KILL", "ID", lab.trackedId(this.redis));

		lab.awaitEnded(session, End.CONNECTION);
		lab.awaitTold("all");
		lab.good();
		assertThat(lab.link.session()).isEqualTo(link);
		await().atMost(LONG).untilAsserted(() -> assertThat(output).contains("Redis tells what changes again"));
		assertThat(trackers(this.redis)).hasSize(1);
	}

	@Test
	void aServerThatStandsStillIsNotTrusted() {
		Lab lab = lab().good();
		long session = lab.tracking.session();

		this.redis.pause();
		try {
			await().atMost(LONG).until(() -> !lab.tracking.isGood(session));
		}
		finally {
			this.redis.resume();
		}

		lab.good();
	}

	@Test
	void aConnectionThatIsDeadWithoutAnEndIsNotTrusted() {
		try (FaultProxy proxy = FaultProxy.inFrontOf(this.redis)) {
			Lab lab = lab(proxy.host(), proxy.port()).good();
			long session = lab.tracking.session();
			lab.read("a");

			proxy.blackhole();
			this.redis.cli("SET", "a", "2");

			await().atMost(LONG).until(() -> !lab.tracking.isGood(session));
			proxy.pass();
			lab.awaitEnded(session, End.HEARTBEAT);
			lab.good();
		}
	}

	@Test
	void aRestartedServerBeginsAnotherSession() {
		Lab lab = lab().good();
		long session = lab.tracking.session();

		this.redis.restart();

		await().atMost(LONG).until(() -> lab.tracking.session() > session);
		lab.good();
	}

	@Test
	void aMasterThatBecomesAReplicaEndsTheSession() {
		try (RedisServer master = RedisServer.local().start()) {
			Lab lab = lab().good();
			long session = lab.tracking.session();

			this.redis.cli("REPLICAOF", master.host(), Integer.toString(master.port()));

			await().atMost(LONG).until(() -> lab.tracking.session() > session && !lab.isGood());
			this.redis.cli("REPLICAOF", "NO", "ONE");
			lab.good();
		}
	}

	/** As behind a balancer: the connection goes to another server than the link's. */
	@Test
	void aServerThatIsNotTheLinksIsFoundByTheCanary(CapturedOutput output) {
		try (RedisServer other = RedisServer.local().start()) {
			AtomicLong connections = new AtomicLong();
			ClientResources resources = ClientResources.builder().socketAddressResolver(new SocketAddressResolver() {

				@Override
				public SocketAddress resolve(RedisURI uri) {
					return new InetSocketAddress(other.host(), (connections.getAndIncrement() == 0)
							? TrackingLinkRedisTests.this.redis.port() : other.port());
				}

			}).build();
			try {
				Lab lab = lab(new RedisStandaloneConfiguration(this.redis.host(), this.redis.port()),
						LettuceClientConfiguration.builder().clientResources(resources).build());
				lab.start();

				await().atMost(LONG).until(() -> {
					assertThat(lab.isGood()).isFalse();
					return lab.tracking.condition().state() == State.REFUSED;
				});

				assertThat(lab.tracking.condition().ended()).containsEntry(End.CANARY, 3L);
				assertThat(output).contains("There may be a proxy in between: connect to Redis itself");
				assertThat(lab.link.isUp()).isTrue();
				lab.close();
			}
			finally {
				resources.shutdown(0, 1, TimeUnit.SECONDS);
			}
		}
	}

	// Refusals

	@ParameterizedTest
	@ValueSource(strings = { "client|tracking", "client|trackinginfo" })
	void withoutARightTheLinkWorksAndThatIsSaidOnce(String right, CapturedOutput output) {
		this.redis.cli("ACL", "SETUSER", "shop", "on", ">secret", "~*", "+@all", "-" + right);
		Lab lab = lab(where(), LettuceClientConfiguration.defaultConfiguration());
		lab.start();

		await().atMost(LONG).until(() -> lab.tracking.condition().state() == State.REFUSED);

		assertThat(output.getAll().lines().filter((line) -> line.contains("lacks the right '+" + right + "'")))
			.hasSize(1);
		assertThat(lab.link.isUp()).isTrue();
		assertThat(lab.link.read("a".getBytes()).join()).hasSize(1);
		await().atMost(LONG).until(() -> trackers(this.redis).isEmpty());
	}

	@Test
	void theseRightsAreEnough() {
		this.redis.cli("ACL", "SETUSER", "shop", "on", ">secret", "~shop:*", "+ping", "+info", "+time", "+mget", "+set",
				"+client|tracking", "+client|trackinginfo");
		Lab lab = lab(where(), LettuceClientConfiguration.defaultConfiguration()).good();

		assertThat(lab.tracking.condition().error()).isNull();
	}

	private RedisStandaloneConfiguration where() {
		RedisStandaloneConfiguration where = new RedisStandaloneConfiguration(this.redis.host(), this.redis.port());
		where.setUsername("shop");
		where.setPassword("secret");
		return where;
	}

	@Test
	void whereTheOldProtocolIsSetThatIsSaid(CapturedOutput output) {
		Lab lab = lab(new RedisStandaloneConfiguration(this.redis.host(), this.redis.port()),
				LettuceClientConfiguration.builder()
					.clientOptions(ClientOptions.builder().protocolVersion(ProtocolVersion.RESP2).build())
					.build());
		lab.start();

		await().atMost(LONG).until(() -> lab.tracking.condition().state() == State.REFUSED);

		assertThat(output).contains("The connection speaks RESP2");
		assertThat(lab.link.isUp()).isTrue();
	}

	// How it connects, and ends

	@Test
	void itLogsInAndIsNamedAsTheLinkIs() {
		this.redis.cli("ACL", "SETUSER", "shop", "on", ">secret", "~*", "+@all");
		Lab lab = lab(where(), LettuceClientConfiguration.builder().clientName("the-shop").build()).good();

		assertThat(trackers(this.redis)).hasSize(1)
			.allSatisfy((client) -> assertThat(client).contains("name=the-shop", "user=shop", "resp=3"));
		assertThat(lab.isGood()).isTrue();
	}

	@Test
	void whenItIsClosedNothingIsLeft() {
		Lab lab = lab().good();
		assertThat(trackers(this.redis)).hasSize(1);

		lab.close();

		await().atMost(LONG).until(() -> clients(this.redis).size() == 1);
		await().atMost(LONG).until(() -> this.others.containsAll(threads()));
		assertThatThrownBy(() -> lab.read("a")).isNotNull();
	}

	@Test
	void anInstanceIsToldOnceACacheHasAUseForIt() {
		try (TestInstance<OutageLab.Shop> instance = TestInstance.of(OutageLab.Shop.class, this.redis).awaitUp()) {
			assertThat(instance.engine().tracking()).isNull();
			assertThat(trackers(this.redis)).isEmpty();

			TrackingLink tracking = instance.engine().track();
			assertThat(instance.engine().track()).isSameAs(tracking).isSameAs(instance.engine().tracking());
			await().atMost(LONG).until(() -> tracking.isGood(tracking.session()));
			long session = tracking.session();

			instance.manager().stop();
			assertThat(tracking.isGood(session)).isFalse();
			assertThat(tracking.condition().state()).isEqualTo(State.STOPPED);
			await().atMost(LONG).until(() -> clients(this.redis).size() == 1);

			instance.manager().start();
			await().atMost(LONG).until(() -> tracking.isGood(tracking.session()));
			assertThat(tracking.session()).isGreaterThan(session);
		}
		await().atMost(LONG).until(() -> clients(this.redis).size() == 1);
		await().atMost(LONG).until(() -> this.others.containsAll(threads()));
	}

	@Test
	void itIsEncryptedAsTheLinkIs(@TempDir Path directory) throws IOException {
		TestAuthority authority = new TestAuthority(directory, "authority");
		TestAuthority.Issued issued = authority.issue("redis", "dns:localhost");
		int port;
		try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
			port = socket.getLocalPort();
		}
		try (RedisServer encrypted = RedisServer
			.local("--tls-port", Integer.toString(port), "--tls-cert-file", issued.certificate().toString(),
					"--tls-key-file", issued.key().toString(), "--tls-ca-cert-file", authority.certificate().toString(),
					"--tls-auth-clients", "no")
			.start()) {
			Lab lab = lab(new RedisStandaloneConfiguration("localhost", port),
					LettuceClientConfiguration.builder()
						.clientOptions(ClientOptions.builder()
							.sslOptions(SslOptions.builder().trustManager(authority.certificate().toFile()).build())
							.build())
						.useSsl()
						.build())
				.good();

			assertThat(trackers(encrypted)).hasSize(1)
				.allSatisfy((client) -> assertThat(client).contains("laddr=127.0.0.1:" + port + " "));
			lab.close();
		}
	}

	private static Set<Thread> threads() {
		return Threads.alive("cache-starter-tracking", "cache-starter-link");
	}

	@Test
	void itCanBeStoppedAndStarted() {
		Lab lab = lab().good();
		long session = lab.tracking.session();

		lab.tracking.stop();
		lab.link.stop();
		assertThat(lab.tracking.isGood(session)).isFalse();
		await().atMost(LONG).until(() -> clients(this.redis).size() == 1);

		lab.start();
		lab.good();
		assertThat(lab.tracking.session()).isGreaterThan(session);
	}

	// Clusters

	@Test
	void eachMasterOfAClusterTells() {
		try (RedisCluster cluster = RedisCluster.start()) {
			Lab lab = lab(where(cluster), LettuceClientConfiguration.defaultConfiguration());
			lab.link.start();
			await().atMost(LONG).until(lab.link::isUp);
			long link = lab.link.session();
			lab.good();
			// Connections that it has not made mean another node to the link.
			assertThat(lab.link.session()).isEqualTo(link);
			String[] keys = { "a", "b", "c", "d", "e", "f" };
			assertThat(Arrays.stream(keys).map(cluster::ownerOf).distinct()).hasSize(3);
			for (String key : keys) {
				cluster.ownerOf(key).cli("SET", key, key);
			}
			assertThat(lab.read(keys)).containsExactly(keys);

			for (String key : keys) {
				cluster.ownerOf(key).cli("DEL", key);
			}

			await().atMost(LONG).untilAsserted(() -> assertThat(lab.told).containsExactlyInAnyOrder(keys));
			assertThat(cluster.nodes()).allSatisfy((node) -> assertThat(trackers(node)).hasSize(1));

			lab.close();
			assertThat(cluster.nodes())
				.allSatisfy((node) -> await().atMost(LONG).until(() -> trackers(node).isEmpty()));
		}
	}

	@Test
	void aSlotThatMovesEndsTheSession() {
		try (RedisCluster cluster = RedisCluster.start()) {
			Lab lab = lab(where(cluster), LettuceClientConfiguration.defaultConfiguration()).good();
			long session = lab.tracking.session();
			lab.read("a");
			int slot = cluster.slotOf("a");

			cluster.migrate(slot, cluster.strangerTo(slot));

			lab.awaitEnded(session, End.TOPOLOGY);
			lab.good();
			assertThat(lab.read("a")).hasSize(1);
		}
	}

	/** It need not take another epoch for that: it has the greatest. */
	@Test
	void aSlotThatMovesToTheMasterOfTheGreatestEpochEndsTheSession() {
		try (RedisCluster cluster = RedisCluster.start()) {
			RedisServer last = cluster.nodes().get(2);
			int slot = cluster.slotOf("b");
			assertThat(cluster.ownerOf(slot)).isNotSameAs(last);
			Lab lab = lab(where(cluster), LettuceClientConfiguration.defaultConfiguration()).good();
			long session = lab.tracking.session();
			Object before = epochOf(last);

			cluster.migrate(slot, last);

			assertThat(epochOf(last)).isEqualTo(before);
			lab.awaitEnded(session, End.TOPOLOGY);
			lab.good();
		}
	}

	private static String epochOf(RedisServer node) {
		return String.valueOf(node.cli("CLUSTER", "INFO"))
			.lines()
			.filter((line) -> line.startsWith("cluster_current_epoch:"))
			.findFirst()
			.orElseThrow();
	}

	@Test
	void anAskIsNoAnswerAndTheSessionGoesOn() {
		try (RedisCluster cluster = RedisCluster.start()) {
			Lab lab = lab(where(cluster), LettuceClientConfiguration.defaultConfiguration()).good();
			int slot = cluster.slotOf("a");
			cluster.beginMigration(slot, cluster.strangerTo(slot));

			assertThatThrownBy(() -> lab.read("a")).hasStackTraceContaining("ASK");

			assertThat(lab.isGood()).isTrue();
		}
	}

	@Test
	void aMasterOfAClusterThatIsLostEndsTheSessionOfAll() {
		try (RedisCluster cluster = RedisCluster.startWithReplica("--cluster-replica-validity-factor", "0")) {
			Lab lab = lab(where(cluster), LettuceClientConfiguration.defaultConfiguration()).good();
			long session = lab.tracking.session();

			cluster.nodes().get(0).kill();

			await().atMost(LONG).until(() -> lab.tracking.session() > session);
			await().atMost(LONG.multipliedBy(2)).until(lab::isGood);
		}
	}

	@Test
	void aFailOverBySentinelsIsFollowed() {
		try (RedisSentinel all = RedisSentinel.start(1)) {
			RedisSentinelConfiguration where = new RedisSentinelConfiguration().master(all.masterName());
			all.sentinels().forEach((sentinel) -> where.sentinel(sentinel.host(), sentinel.port()));
			Lab lab = lab(where, LettuceClientConfiguration.defaultConfiguration()).good();
			long session = lab.tracking.session();
			RedisServer former = all.master();

			all.failover();

			await().atMost(LONG).until(() -> lab.tracking.session() > session);
			all.awaitMasterOtherThan(former);
			await().atMost(LONG.multipliedBy(2)).until(() -> lab.isGood() && trackers(all.master()).size() == 1);
			lab.read("a");
			all.master().cli("SET", "a", "1");
			await().atMost(LONG).untilAsserted(() -> assertThat(lab.told).contains("a"));
		}
	}

	/** Prints what a fail-over adds to the second. */
	@Test
	void whenAMasterDiesNothingIsGoodUntilAnotherOneTellsOfChanges() {
		try (RedisSentinel all = RedisSentinel.start(1)) {
			RedisSentinelConfiguration where = new RedisSentinelConfiguration().master(all.masterName());
			all.sentinels().forEach((sentinel) -> where.sentinel(sentinel.host(), sentinel.port()));
			Lab lab = lab(where, LettuceClientConfiguration.defaultConfiguration()).good();
			long session = lab.tracking.session();
			RedisServer former = all.master();

			long killed = System.nanoTime();
			former.kill();

			await().atMost(LONG).pollInterval(Duration.ofMillis(2)).until(() -> !lab.isGood());
			long ended = System.nanoTime();
			await().atMost(LONG.multipliedBy(2)).pollInterval(Duration.ofMillis(10)).until(lab::isGood);
			long again = System.nanoTime();
			assertThat(lab.tracking.session()).isGreaterThan(session);
			all.awaitMasterOtherThan(former);
			assertThat(trackers(all.master())).as("good on the new master").hasSize(1);
			System.out.printf(
					"fail-over by a sentinel: no copy was served from %,d ms to %,d ms after the master had died%n",
					Duration.ofNanos(ended - killed).toMillis(), Duration.ofNanos(again - killed).toMillis());
		}
	}

	private static RedisClusterConfiguration where(RedisCluster cluster) {
		RedisClusterConfiguration where = new RedisClusterConfiguration();
		cluster.nodes().forEach((node) -> where.addClusterNode(new RedisNode(node.host(), node.port())));
		return where;
	}

	private static List<String> clients(RedisServer redis) {
		return String.valueOf(redis.cli("CLIENT", "LIST")).lines().filter((line) -> !line.isBlank()).toList();
	}

	/** The clients that have tracking on. */
	private static List<String> trackers(RedisServer redis) {
		return clients(redis).stream().filter((line) -> line.matches(".* flags=\\w*t\\w* .*")).toList();
	}

	/**
	 * Hands on what is sent in both directions, and says on behalf of Redis what it is
	 * told to, or swallows what Redis tells. What Redis sends at once arrives at once.
	 */
	private static final class PushingProxy implements AutoCloseable {

		/** With the answer that follows it may be one packet. */
		private static final Pattern PUSH = Pattern
			.compile(">2\r\n\\$10\r\ninvalidate\r\n(?:_\r\n|\\*\\d+\r\n(?:\\$\\d+\r\n[^\r]*\r\n)+)");

		private final RedisServer redis;

		private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());

		private final List<Socket> clients = new CopyOnWriteArrayList<>();

		private final List<Socket> sockets = new CopyOnWriteArrayList<>();

		private final ReentrantLock lock = new ReentrantLock();

		private volatile boolean swallowing;

		PushingProxy(RedisServer redis) throws IOException {
			this.redis = redis;
			Threads.OWN.execute(this::accept);
		}

		int port() {
			return this.server.getLocalPort();
		}

		void push(String message) {
			for (Socket client : this.clients) {
				write(client, message.getBytes(StandardCharsets.UTF_8), message.length());
			}
		}

		private void accept() {
			while (!this.server.isClosed()) {
				try {
					Socket client = this.server.accept();
					Socket target = new Socket(this.redis.host(), this.redis.port());
					this.sockets.addAll(List.of(client, target));
					this.clients.add(client);
					Threads.OWN.execute(() -> hand(client, target));
					Threads.OWN.execute(() -> hand(target, client));
				}
				catch (IOException ex) {
					// Closed.
				}
			}
		}

		private void hand(Socket from, Socket to) {
			byte[] buffer = new byte[65536];
			try {
				for (int n = from.getInputStream().read(buffer); n >= 0; n = from.getInputStream().read(buffer)) {
					String said = new String(buffer, 0, n, StandardCharsets.ISO_8859_1);
					String passed = this.swallowing ? PUSH.matcher(said).replaceAll("") : said;
					write(to, passed.getBytes(StandardCharsets.ISO_8859_1), passed.length());
				}
			}
			catch (IOException ex) {
				// One of them has closed.
			}
			finally {
				close(from);
				close(to);
			}
		}

		private void write(Socket to, byte[] bytes, int length) {
			this.lock.lock();
			try {
				to.getOutputStream().write(bytes, 0, length);
			}
			catch (IOException ex) {
				close(to);
			}
			finally {
				this.lock.unlock();
			}
		}

		private static void close(Socket socket) {
			try {
				socket.close();
			}
			catch (IOException ex) {
				// It is gone.
			}
		}

		@Override
		public void close() throws IOException {
			this.server.close();
			this.sockets.forEach(PushingProxy::close);
		}

	}

	/** A link, and one on which Redis tells what changes. */
	private static final class Lab implements AutoCloseable {

		private static final AtomicInteger KEYS = new AtomicInteger();

		private final ScheduledExecutorService timer = new ScheduledThreadPoolExecutor(1,
				(task) -> DaemonThreads.daemon(task, "test-timer"));

		private final RedisLink link;

		private final TrackingLink tracking;

		private final List<String> told = new CopyOnWriteArrayList<>();

		private volatile Runnable listening = () -> {
		};

		Lab(LettuceConnectionFactory factory) {
			this.link = new RedisLink(factory, RedisLink.Settings.of(PATIENCE, PATIENCE));
			KeyLayout layout = new KeyLayout("shop:", factory.isClusterAware());
			this.tracking = this.link.tracking(() -> layout.canaryKey("test" + KEYS.incrementAndGet()), this.timer);
			this.link.observe(new LinkObserver() {

				@Override
				public void replaced() {
					Lab.this.tracking.replaced();
				}

			});
			this.tracking.addListener(new Tracking.Listener() {

				@Override
				public void changed(byte[] key) {
					Lab.this.listening.run();
					Lab.this.told.add(new String(key));
				}

				@Override
				public void allChanged() {
					Lab.this.told.add("all");
				}

			});
		}

		void start() {
			this.link.start();
			this.tracking.start();
			await().atMost(LONG).until(this.link::isUp);
		}

		Lab good() {
			start();
			await().atMost(LONG).until(this::isGood);
			return this;
		}

		boolean isGood() {
			return this.tracking.isGood(this.tracking.session());
		}

		List<@Nullable String> read(String... keys) {
			List<@Nullable String> texts = new ArrayList<>();
			for (byte[] value : this.tracking.read(Arrays.stream(keys).map(String::getBytes).toList()).join()) {
				texts.add((value != null) ? new String(value) : null);
			}
			return texts;
		}

		void awaitTold(String... what) {
			await().atMost(LONG).untilAsserted(() -> assertThat(this.told).containsExactly(what));
		}

		void awaitEnded(long session, End why) {
			await().atMost(LONG).until(() -> this.tracking.session() > session);
			assertThat(this.tracking.isGood(session)).isFalse();
			assertThat(this.tracking.condition().ended()).containsKey(why);
		}

		String trackedId(RedisServer redis) {
			return trackers(redis).get(0).replaceAll("^id=(\\d+) .*", "$1");
		}

		@Override
		public void close() {
			this.tracking.close();
			this.link.close();
			this.timer.shutdownNow();
		}

	}

}
