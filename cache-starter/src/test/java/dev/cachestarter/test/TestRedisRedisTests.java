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

package dev.cachestarter.test;

import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

import org.junit.jupiter.api.Test;

import dev.cachestarter.testing.ChildJvm;
import dev.cachestarter.testing.RespClient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests a Redis for tests, and its faults, as a client sees them that knows nothing of
 * either.
 */
class TestRedisRedisTests {

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	@Test
	void eachHasADatabaseAndAWayToItOfItsOwn() {
		try (TestRedis one = TestRedis.start(); TestRedis other = TestRedis.start()) {
			call(one, "SET", "key", "one");
			call(other, "SET", "key", "other");

			other.empty();
			other.stop();

			assertThat(call(one, "GET", "key")).isEqualTo("one");
			assertThat(one.url()).isEqualTo("redis://127.0.0.1:" + one.port() + "/" + one.database());
			assertThat(one.database()).isNotEqualTo(other.database());
		}
	}

	@Test
	void aFrozenOneAnswersNothingAndThenEverything() {
		try (TestRedis redis = TestRedis.start(); RespClient client = connect(redis)) {
			TestRedis.Fault fault = redis.freeze();
			client.send("SET", "key", "sent meanwhile");
			CompletableFuture<Object> answer = CompletableFuture.supplyAsync(client::receive);
			assertThatExceptionOfType(UncheckedIOException.class)
				.isThrownBy(() -> RespClient.connect(redis.host(), redis.port(), Duration.ofMillis(100)).call("PING"));
			assertThat(answer).isNotDone();

			fault.close();

			assertThat(answer.orTimeout(30, java.util.concurrent.TimeUnit.SECONDS).join()).isEqualTo("OK");
			assertThat(call(redis, "GET", "key")).isEqualTo("sent meanwhile");
		}
	}

	@Test
	void aStoppedOneRefusesAndComesBackWithItsData() {
		try (TestRedis redis = TestRedis.start(); RespClient client = connect(redis)) {
			client.call("SET", "key", "value");

			TestRedis.Fault fault = redis.stop();

			assertThatExceptionOfType(UncheckedIOException.class).isThrownBy(() -> client.call("PING"));
			assertThatExceptionOfType(UncheckedIOException.class).isThrownBy(() -> call(redis, "PING"))
				.withMessageContaining("No connection");

			fault.close();

			assertThat(call(redis, "GET", "key")).isEqualTo("value");
		}
	}

	@Test
	void aSlowOneAnswersLater() {
		try (TestRedis redis = TestRedis.start(); RespClient client = connect(redis)) {
			redis.slowDown(Duration.ofMillis(300));
			long since = System.nanoTime();

			client.call("PING");

			assertThat(Duration.ofNanos(System.nanoTime() - since)).isGreaterThanOrEqualTo(Duration.ofMillis(300));
			assertThatIllegalArgumentException().isThrownBy(() -> redis.slowDown(Duration.ZERO));
		}
	}

	@Test
	void aFullOneReadsAndRefusesToStore() {
		try (TestRedis redis = TestRedis.startOwn("--maxmemory", "100mb"); RespClient client = connect(redis)) {
			client.call("SET", "key", "value");

			redis.fillMemory();

			assertThat(client.call("GET", "key")).isEqualTo("value");
			assertThatExceptionOfType(RespClient.ErrorReply.class)
				.isThrownBy(() -> client.call("SET", "other", "value"))
				.withMessageStartingWith("OOM");

			redis.repair();

			assertThat(client.call("SET", "other", "value")).isEqualTo("OK");
			assertThat((List<?>) client.call("CONFIG", "GET", "maxmemory")).last().isEqualTo("104857600");
		}
	}

	@Test
	void theMemoryOfTheSharedServerIsNotFilled() {
		try (TestRedis redis = TestRedis.start()) {
			assertThatIllegalStateException().isThrownBy(redis::fillMemory)
				.withMessageContaining("@WithTestRedis(ownServer = true)");
		}
	}

	@Test
	void aFaultEndsTheOneBeforeAndNoneButItself() {
		try (TestRedis redis = TestRedis.start()) {
			TestRedis.Fault first = redis.stop();

			TestRedis.Fault second = redis.slowDown(Duration.ofMillis(1));
			assertThat(call(redis, "PING")).isEqualTo("PONG");

			redis.stop();
			first.close();
			second.close();
			assertThatExceptionOfType(UncheckedIOException.class).isThrownBy(() -> call(redis, "PING"));

			redis.repair();
			redis.repair();
			assertThat(call(redis, "PING")).isEqualTo("PONG");
		}
	}

	@Test
	void itIsEmptiedWhateverFaultHolds() {
		try (TestRedis redis = TestRedis.start()) {
			call(redis, "SET", "key", "value");
			redis.freeze();

			redis.empty();
			redis.repair();

			assertThat(call(redis, "GET", "key")).isNull();
		}
	}

	@Test
	void argumentsThatRedisRefusesAreNamedWithWhatItSays() {
		assertThatIllegalStateException().isThrownBy(() -> TestRedis.startOwn("--maxmemory", "much"))
			.withMessageContaining("--maxmemory")
			.withMessageContaining("much");
	}

	@Test
	void aServerOfItsOwnEndsWithIt() {
		TestRedis redis = TestRedis.startOwn();
		assertThat(call(redis, "PING")).isEqualTo("PONG");
		Optional<ProcessHandle> process = process(redis);

		redis.close();

		assertThatExceptionOfType(UncheckedIOException.class).isThrownBy(() -> call(redis, "PING"));
		process.ifPresent((server) -> await().atMost(PATIENCE).until(() -> !server.isAlive()));
	}

	@Test
	void aServerEndsWithTheJvmHoweverThatEnds() {
		try (ChildJvm child = ChildJvm.start(Owner.class)) {
			String pid = child.await("pid ", Duration.ofMinutes(2));
			assumeThat(pid).describedAs("A container ends by Testcontainers, and its process is hidden")
				.isNotEqualTo("0");
			ProcessHandle process = ProcessHandle.of(Long.parseLong(pid)).orElseThrow();

			child.kill();

			await().atMost(PATIENCE).until(() -> !process.isAlive());
		}
	}

	/**
	 * Return the server's process, which is not seen if it runs in a container.
	 */
	private static Optional<ProcessHandle> process(TestRedis redis) {
		String pid = ((String) call(redis, "INFO", "server")).lines()
			.filter((line) -> line.startsWith("process_id:"))
			.findFirst()
			.orElseThrow()
			.substring("process_id:".length());
		boolean hidden = pid.equals("1");
		return hidden ? Optional.empty() : Optional.of(ProcessHandle.of(Long.parseLong(pid)).orElseThrow());
	}

	private static RespClient connect(TestRedis redis) {
		RespClient client = RespClient.connect(redis.host(), redis.port(), PATIENCE);
		client.call("SELECT", Integer.toString(redis.database()));
		return client;
	}

	private static Object call(TestRedis redis, String... command) {
		try (RespClient client = connect(redis)) {
			return client.call(command);
		}
	}

	/**
	 * Starts a server, and waits to be killed.
	 */
	static class Owner {

		public static void main(String... arguments) throws Exception {
			ChildJvm.say("pid " + process(TestRedis.start()).map(ProcessHandle::pid).orElse(0L));
			Thread.sleep(Long.MAX_VALUE);
		}

	}

}
