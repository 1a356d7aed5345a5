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
import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link FaultProxy}: each fault does what it says, and no more.
 */
@WithRedis
class FaultProxyTests {

	private static final Duration PATIENT = Duration.ofMinutes(1);

	private static final Duration IMPATIENT = Duration.ofMillis(150);

	private final RedisServer redis;

	private final FaultProxy proxy;

	FaultProxyTests(RedisServer redis) {
		this.redis = redis;
		this.proxy = FaultProxy.inFrontOf(redis);
	}

	@AfterEach
	void closeProxy() {
		this.proxy.close();
	}

	@Test
	void everythingPassesAtFirst() {
		String large = "x".repeat(3_000_000);

		try (RespClient client = connect()) {
			assertThat(client.call("SET", "key", large)).isEqualTo("OK");
			assertThat(client.call("GET", "key")).isEqualTo(large);

			FaultProxy.Connection connection = this.proxy.connections().get(0);
			assertThat(connection.bytesToServer()).isGreaterThan(3_000_000);
			await().untilAsserted(() -> assertThat(connection.bytesToClient()).isGreaterThan(3_000_000));
		}
	}

	@Test
	void connectionsAreCounted() {
		RespClient first = connect();
		RespClient second = connect();
		this.proxy.awaitConnections(2);

		first.close();

		this.proxy.awaitConnections(1);
		second.close();
		this.proxy.awaitConnections(0);
		assertThat(this.proxy.accepted()).isEqualTo(2);
	}

	@Test
	void endOfTheServerReachesTheClient() {
		try (RespClient client = connect()) {
			client.call("QUIT");

			assertThatExceptionOfType(UncheckedIOException.class).isThrownBy(client::receive)
				.withMessageContaining("closed the connection");
		}
	}

	@Test
	void endOfTheClientReachesTheServer() {
		RespClient client = connect();
		String id = String.valueOf(client.call("CLIENT", "ID"));

		client.close();

		await().untilAsserted(() -> assertThat(this.redis.cli("CLIENT", "LIST", "ID", id)).isEqualTo(""));
	}

	@Test
	void refuseConcernsNewConnectionsUntilItPasses() {
		try (RespClient open = connect()) {
			this.proxy.awaitConnections(1);

			this.proxy.refuse();

			assertThatExceptionOfType(UncheckedIOException.class).isThrownBy(() -> connect())
				.withCauseInstanceOf(ConnectException.class);
			assertThat(open.call("PING")).isEqualTo("PONG");
			this.proxy.pass();
			assertThatRedisAnswers();
		}
	}

	@Test
	void resetConcernsOpenAndNewConnections() {
		try (RespClient open = connect()) {
			open.call("PING");

			this.proxy.reset();

			assertThatExceptionOfType(UncheckedIOException.class).isThrownBy(open::receive)
				.withCauseInstanceOf(SocketException.class)
				.withMessageContaining("reset");
		}
		assertThatExceptionOfType(UncheckedIOException.class).isThrownBy(this::ping)
			.withCauseInstanceOf(SocketException.class);
		this.proxy.pass();
		assertThatRedisAnswers();
	}

	@Test
	void blackholeSwallowsForGood() {
		try (RespClient open = connect()) {
			open.call("PING");

			this.proxy.blackhole();

			assertThatNoAnswerComes(open, () -> open.call("SET", "swallowed", "1"));
			try (RespClient late = connect()) {
				assertThatNoAnswerComes(late, () -> late.call("PING"));
			}
			this.proxy.pass();
			assertThatRedisAnswers();
			assertThatNoAnswerComes(open, () -> open.call("PING"));
			assertThat(this.redis.keys("*")).isEmpty();
		}
	}

	@Test
	void blackholeSwallowsTheEndsOfConnections() {
		RespClient client = connect();
		String id = String.valueOf(client.call("CLIENT", "ID"));
		try (RespClient other = connect()) {
			String otherId = String.valueOf(other.call("CLIENT", "ID"));

			this.proxy.blackhole();

			client.close();
			this.proxy.awaitConnections(1);
			assertThat((String) this.redis.cli("CLIENT", "LIST", "ID", id)).contains("id=" + id);
			this.redis.cli("CLIENT", "KILL", "ID", otherId);
			assertThatNoAnswerComes(other, other::receive);
		}
		this.proxy.pass();
		await().untilAsserted(() -> assertThat(this.redis.cli("CLIENT", "LIST", "ID", id)).isEqualTo(""));
	}

	@Test
	void blackholeOfRepliesLetsRequestsThrough() {
		try (RespClient client = connect()) {
			client.call("PING");

			this.proxy.blackhole(FaultProxy.Direction.REPLIES);

			assertThatNoAnswerComes(client, () -> client.call("SET", "taken", "1"));
			await().untilAsserted(() -> assertThat(this.redis.keys("*")).containsExactly("taken"));
		}
	}

	@Test
	void blackholeOfRequestsLetsPushesThrough() {
		try (RespClient client = connect()) {
			client.call("HELLO", "3");
			client.call("CLIENT", "TRACKING", "ON");
			client.call("GET", "tracked");

			this.proxy.blackhole(FaultProxy.Direction.REQUESTS);
			client.send("SET", "swallowed", "1");
			this.redis.cli("SET", "tracked", "1");

			assertThat(String.valueOf(client.receive())).isEqualTo("[invalidate, [tracked]]");
			assertThat(this.redis.keys("*")).containsExactly("tracked");
		}
	}

	@Test
	void delayedRepliesArriveLater() {
		try (RespClient client = connect()) {
			client.call("PING");
			this.proxy.delay(Duration.ofMillis(200));

			long start = System.nanoTime();
			client.call("PING");

			assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofMillis(200));
			this.proxy.delay(Duration.ofHours(1));
			client.send("PING");
			this.proxy.pass();
			assertThat(client.receive()).isEqualTo("PONG");
		}
	}

	@Test
	void throttledBytesTakeTheirTime() {
		this.redis.cli("SET", "key", "x".repeat(10_000));
		try (RespClient client = connect()) {
			client.call("PING");
			this.proxy.throttle(50_000);

			long start = System.nanoTime();
			client.call("GET", "key");

			assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofMillis(150));
		}
	}

	@Test
	void replyIsCutAfterSoManyBytes() {
		this.redis.cli("SET", "key", "x".repeat(100));
		try (RespClient client = connect()) {
			client.call("PING");
			FaultProxy.Connection connection = this.proxy.connections().get(0);
			long before = connection.bytesToClient();

			this.proxy.cutMidReply(10);

			assertThatExceptionOfType(UncheckedIOException.class).isThrownBy(() -> client.call("GET", "key"));
			assertThat(connection.bytesToClient() - before).isEqualTo(10);
		}
		this.proxy.pass();
		assertThatRedisAnswers();
	}

	@Test
	void halfClosedConnectionStillTakesRequests() {
		try (RespClient client = connect()) {
			client.call("PING");

			this.proxy.halfClose();

			assertThatExceptionOfType(UncheckedIOException.class).isThrownBy(client::receive)
				.withMessageContaining("closed the connection");
			client.send("SET", "late", "1");
			await().untilAsserted(() -> assertThat(this.redis.keys("*")).containsExactly("late"));
		}
		assertThatRedisAnswers();
	}

	@Test
	void heldBytesArriveAfterTheClientHasGone() {
		RespClient old = connect();
		old.call("PING");

		this.proxy.holdBack();
		old.send("SET", "key", "old");
		await().until(() -> this.proxy.heldBytes() > 0);
		old.close();
		this.proxy.awaitConnections(0);
		try (RespClient young = connect()) {
			young.call("SET", "key", "young");
		}

		assertThat(this.redis.cli("GET", "key")).isEqualTo("young");
		this.proxy.releaseHeld();
		assertThat(this.redis.cli("GET", "key")).isEqualTo("old");
	}

	@Test
	void heldBytesSurviveTheClosingOfAllConnections() {
		RespClient old = connect();
		old.call("PING");
		this.proxy.holdBack();
		old.send("SET", "key", "old");
		await().until(() -> this.proxy.heldBytes() > 0);

		this.proxy.closeAll();

		assertThatExceptionOfType(UncheckedIOException.class).isThrownBy(old::receive);
		old.close();
		assertThat(this.redis.keys("*")).isEmpty();
		this.proxy.releaseHeld();
		assertThat(this.redis.cli("GET", "key")).isEqualTo("old");
	}

	@Test
	void heldConnectionGoesOnAfterItsRelease() {
		try (RespClient client = connect()) {
			client.call("PING");
			this.proxy.holdBack();
			client.send("PING");
			await().until(() -> this.proxy.heldBytes() > 0);

			this.proxy.releaseHeld();

			assertThat(client.receive()).isEqualTo("PONG");
			assertThat(client.call("PING")).isEqualTo("PONG");
			assertThat(this.proxy.heldBytes()).isZero();
		}
	}

	@Test
	void closedConnectionsCanBeOpenedAgain() {
		try (RespClient client = connect()) {
			client.call("PING");

			this.proxy.closeAll();

			assertThatExceptionOfType(UncheckedIOException.class).isThrownBy(client::receive);
		}
		assertThatRedisAnswers();
	}

	@Test
	void connectionThroughTheProxyOfADeadServerIsReset() {
		try (FaultProxy orphan = FaultProxy.inFrontOf("127.0.0.1", Ports.free())) {
			assertThatExceptionOfType(UncheckedIOException.class).isThrownBy(() -> {
				try (RespClient client = RespClient.connect(orphan.host(), orphan.port(), PATIENT)) {
					client.call("PING");
				}
			}).withCauseInstanceOf(SocketException.class);
		}
	}

	private void assertThatRedisAnswers() {
		assertThatCode(this::ping).doesNotThrowAnyException();
	}

	private void ping() {
		try (RespClient client = connect()) {
			client.call("PING");
		}
	}

	private static void assertThatNoAnswerComes(RespClient client, Runnable call) {
		client.replyTimeout(IMPATIENT);
		assertThatExceptionOfType(UncheckedIOException.class).isThrownBy(call::run)
			.withCauseInstanceOf(SocketTimeoutException.class);
	}

	private RespClient connect() {
		return RespClient.connect(this.proxy.host(), this.proxy.port(), PATIENT);
	}

}
