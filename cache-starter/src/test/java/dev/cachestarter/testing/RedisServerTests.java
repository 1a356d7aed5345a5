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
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * Tests for {@link RedisServer} in a process of its own.
 */
@WithRedis(local = true)
class RedisServerTests {

	private final RedisServer redis;

	RedisServerTests(RedisServer redis) {
		this.redis = redis;
	}

	@Test
	void commandsAreAnswered() {
		assertThat(this.redis.cli("SET", "schlüssel", "välue")).isEqualTo("OK");

		assertThat(this.redis.cli("GET", "schlüssel")).isEqualTo("välue");
		assertThat(this.redis.bytes("schlüssel")).isEqualTo("välue".getBytes(StandardCharsets.UTF_8));
		assertThat(this.redis.cli("GET", "absent")).isNull();
		assertThat(this.redis.bytes("absent")).isNull();
		assertThat(this.redis.number("EXISTS", "schlüssel")).isOne();
		assertThat(this.redis.cli("MGET", "absent", "schlüssel")).asInstanceOf(InstanceOfAssertFactories.LIST)
			.containsExactly(null, "välue");
	}

	@Test
	void errorsOfRedisAreThrown() {
		assertThatExceptionOfType(RespClient.ErrorReply.class).isThrownBy(() -> this.redis.cli("GET"))
			.withMessageStartingWith("ERR wrong number of arguments");
	}

	@Test
	void keysAreEmptyBeforeEachTest() {
		assertThat(this.redis.keys("*")).isEmpty();

		this.redis.cli("MSET", "b", "1", "a", "2");

		assertThat(this.redis.keys("*")).containsExactly("a", "b");
	}

	@Test
	void pushesArriveOnAConnectionThatTracks() {
		try (RespClient client = this.redis.connect()) {
			assertThat(client.call("HELLO", "3")).isInstanceOf(Map.class);
			client.call("CLIENT", "TRACKING", "ON");
			client.call("GET", "tracked");

			this.redis.cli("SET", "tracked", "1");

			assertThat(client.receive()).isEqualTo(List.of("invalidate", List.of("tracked")));
		}
	}

	@Test
	void killedServerComesBackOnItsPortWithWhatWasSaved() {
		int port = this.redis.port();
		this.redis.cli("SET", "saved", "1");
		this.redis.cli("SAVE");
		this.redis.cli("SET", "unsaved", "1");

		this.redis.kill();

		assertThat(this.redis.isAlive()).isFalse();
		assertThat(this.redis.answers()).isFalse();
		this.redis.start();
		assertThat(this.redis.port()).isEqualTo(port);
		assertThat(this.redis.keys("*")).containsExactly("saved");
	}

	@Test
	void restartedServerHasAnotherRunId() {
		String before = this.redis.info("run_id");

		this.redis.restart();

		assertThat(this.redis.info("run_id")).isNotEqualTo(before);
	}

	@Test
	void pausedServerAcceptsButDoesNotAnswer() {
		this.redis.pause();

		assertThat(this.redis.isAlive()).isTrue();
		assertThatExceptionOfType(UncheckedIOException.class).isThrownBy(() -> {
			try (RespClient client = this.redis.connect(this.redis.port(), Duration.ofMillis(100))) {
				client.call("PING");
			}
		}).withMessageContaining("timed out");
		this.redis.resume();
		assertThat(this.redis.cli("PING")).isEqualTo("PONG");
	}

	@Test
	void pausedServerCanBeStopped() {
		this.redis.pause();

		this.redis.stop();

		assertThat(this.redis.isAlive()).isFalse();
	}

	@Test
	void loadingServerAnswersThatItIsLoading() {
		List<String> arguments = RedisServer.slowToLoad(3000);
		arguments.addAll(List.of("--rdbcompression", "no"));
		try (RedisServer slow = RedisServer.local(arguments.toArray(String[]::new))) {
			slow.start();
			slow.cli("DEBUG", "POPULATE", "1000", "key", "5000");
			slow.cli("SAVE");
			slow.stop();

			slow.startLoading();

			assertThatExceptionOfType(RespClient.ErrorReply.class).isThrownBy(() -> slow.cli("PING"))
				.withMessageStartingWith("LOADING");
		}
	}

	@Test
	void passwordIsGiven() {
		try (RedisServer server = RedisServer.local("--requirepass", "secret").start()) {
			assertThat(server.cli("PING")).isEqualTo("PONG");
			assertThat(server.springProperties()).contains("spring.data.redis.password=secret");
		}
	}

	@Test
	void badArgumentsAreToldWithTheLog() {
		RedisServer server = RedisServer.local("--no-such-setting", "1");

		assertThatIllegalStateException().isThrownBy(server::start).withMessageContaining("no-such-setting");

		server.close();
	}

	@Test
	void closedServerLeavesNothing() {
		RedisProcess server = (RedisProcess) RedisServer.local().start();
		server.cli("SAVE");
		Path directory = server.directory();
		assertThat(directory.resolve("dump.rdb")).exists();

		server.close();

		assertThat(server.isAlive()).isFalse();
		assertThat(directory).doesNotExist();
	}

	@Test
	void sharedServerIsOneAndNotForTheTaking() {
		RedisServer shared = RedisServer.shared();

		assertThat(shared.cli("PING")).isEqualTo("PONG");
		assertThat(RedisServer.shared()).isSameAs(shared);
		assertThatIllegalStateException().isThrownBy(shared::kill).withMessageContaining("RedisServer.local()");
	}

}
