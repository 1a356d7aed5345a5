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

package dev.cachestarter.sample;

import java.io.IOException;
import java.net.ConnectException;
import java.net.Socket;
import java.net.SocketTimeoutException;

import dev.cachestarter.sample.live.OwnRedis.Condition;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import org.junit.jupiter.api.Test;

import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails.Standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link EmbeddedRedis}.
 */
class EmbeddedRedisTests {

	@Test
	void takesConnectionsOnceStartedAndNoneOnceClosed() {
		Standalone address;
		try (EmbeddedRedis redis = EmbeddedRedis.start()) {
			address = redis.getStandalone();
			try (RedisClient client = RedisClient.create(uri(redis))) {
				assertThat(client.connect().sync().ping()).isEqualTo("PONG");
			}
		}

		assertThatExceptionOfType(ConnectException.class)
			.isThrownBy(() -> new Socket(address.getHost(), address.getPort()).close());
	}

	@Test
	void keepsNothingOnDisk() {
		try (EmbeddedRedis redis = EmbeddedRedis.start(); RedisClient client = RedisClient.create(uri(redis))) {
			var commands = client.connect().sync();

			assertThat(commands.configGet("save")).containsEntry("save", "");
			assertThat(commands.configGet("appendonly")).containsEntry("appendonly", "no");
		}
	}

	@Test
	void severalLiveBesideOneAnother() {
		try (EmbeddedRedis one = EmbeddedRedis.start(); EmbeddedRedis other = EmbeddedRedis.start()) {
			assertThat(one.getStandalone().getPort()).isNotEqualTo(other.getStandalone().getPort());
		}
	}

	@Test
	void stoppedItIsGoneAndBroughtBackItIsEmptyAndAtTheSameAddress() throws IOException {
		try (EmbeddedRedis redis = EmbeddedRedis.start()) {
			Standalone address = redis.getStandalone();
			call(redis, "SET", "key", "value");

			redis.become(Condition.STOPPED);
			assertThatExceptionOfType(ConnectException.class).isThrownBy(() -> call(redis, "PING"));

			redis.become(Condition.RUNNING);
			assertThat(redis.getStandalone().getPort()).isEqualTo(address.getPort());
			assertThat(call(redis, "DBSIZE")).isEqualTo("0");
		}
	}

	@Test
	void frozenItAnswersNothingAndBroughtBackItHasAll() throws IOException {
		try (EmbeddedRedis redis = EmbeddedRedis.start()) {
			call(redis, "SET", "key", "value");

			redis.become(Condition.FROZEN);
			assertThatExceptionOfType(SocketTimeoutException.class).isThrownBy(() -> call(redis, "PING"));

			redis.become(Condition.RUNNING);
			assertThat(call(redis, "DBSIZE")).isEqualTo("1");
		}
	}

	@Test
	void slowItAnswersLateAndBroughtBackItDoesNot() throws IOException {
		try (EmbeddedRedis redis = EmbeddedRedis.start()) {
			redis.become(Condition.SLOW);
			await().until(() -> longestOfTen(redis) > 50);

			redis.become(Condition.RUNNING);
			await().until(() -> longestOfTen(redis) < 50);
		}
	}

	@Test
	void fullItRefusesToWriteAndBroughtBackItTakesAll() throws IOException {
		try (EmbeddedRedis redis = EmbeddedRedis.start()) {
			call(redis, "SET", "key", "value");

			redis.become(Condition.FULL);
			assertThatExceptionOfType(IOException.class).isThrownBy(() -> call(redis, "SET", "other", "value"))
				.withMessageContaining("OOM");
			assertThat(call(redis, "STRLEN", "key")).isEqualTo("5");

			redis.become(Condition.RUNNING);
			assertThat(call(redis, "SET", "other", "value")).isEqualTo("OK");
		}
	}

	@Test
	void anyConditionLeadsToAnyOther() throws IOException {
		try (EmbeddedRedis redis = EmbeddedRedis.start()) {
			for (Condition first : Condition.values()) {
				for (Condition second : Condition.values()) {
					redis.become(first);
					redis.become(second);
					assertThat(redis.condition()).isEqualTo(second);
				}
			}
			redis.become(Condition.RUNNING);
			assertThat(call(redis, "PING")).isEqualTo("PONG");
		}
	}

	@Test
	void broughtBackThoughSomebodyElseStoppedIt() throws IOException {
		try (EmbeddedRedis redis = EmbeddedRedis.start()) {
			assertThatExceptionOfType(IOException.class).isThrownBy(() -> call(redis, "SHUTDOWN", "NOSAVE"));

			redis.become(Condition.RUNNING);

			assertThat(call(redis, "PING")).isEqualTo("PONG");
		}
	}

	@Test
	void frozenItEndsAllTheSame() throws IOException {
		EmbeddedRedis redis = EmbeddedRedis.start();
		redis.become(Condition.FROZEN);

		redis.close();

		assertThatExceptionOfType(ConnectException.class).isThrownBy(() -> call(redis, "PING"));
	}

	@Test
	void nobodyElseOnThisMachineIsLetIn() throws IOException {
		try (EmbeddedRedis redis = EmbeddedRedis.start(); EmbeddedRedis other = EmbeddedRedis.start()) {
			assertThat(redis.getPassword()).hasSizeGreaterThan(20).isNotEqualTo(other.getPassword());

			for (boolean restarted : new boolean[] { false, true }) {
				Standalone address = redis.getStandalone();
				try (RedisClient client = RedisClient.create(RedisURI.create(address.getHost(), address.getPort()))) {
					assertThatExceptionOfType(RedisException.class).as("restarted: " + restarted)
						.isThrownBy(() -> client.connect().sync().get("key"))
						.withStackTraceContaining("NOAUTH");
				}
				redis.become(Condition.STOPPED);
				redis.become(Condition.RUNNING);
			}
			assertThat(ProcessHandle.allProcesses()
				.map((process) -> process.info().commandLine().orElse(""))
				.filter((line) -> line.contains(redis.getPassword()))).as("what ps shows").isEmpty();
		}
	}

	private static RedisURI uri(EmbeddedRedis redis) {
		return RedisURI.builder()
			.withHost(redis.getStandalone().getHost())
			.withPort(redis.getStandalone().getPort())
			.withPassword(redis.getPassword())
			.build();
	}

	private static long longestOfTen(EmbeddedRedis redis) throws IOException {
		long longest = 0;
		for (int i = 0; i < 10; i++) {
			long begin = System.nanoTime();
			call(redis, "PING");
			longest = Math.max(longest, (System.nanoTime() - begin) / 1_000_000);
		}
		return longest;
	}

	private static String call(EmbeddedRedis redis, String... command) throws IOException {
		try (RedisWire wire = new RedisWire(redis.getStandalone().getHost(), redis.getStandalone().getPort(),
				redis.getPassword())) {
			return wire.call(command);
		}
	}

}
