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
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;

import dev.cachestarter.sample.Api.Answer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.sync.RedisCommands;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Starts the packaged sample as its user does, and looks at it from outside: over HTTP
 * and in its Redis.
 */
class SampleSmokeTests {

	@TempDir
	private Path directory;

	@Test
	void servesThroughRedisAndEvictsWhatAChangeMadeWrong() {
		try (SampleProcess sample = SampleProcess.start(this.directory, "--server.port=0",
				"--cache-starter.connection.command-timeout=10s", "--logging.level.dev.cachestarter=debug");
				RedisClient client = RedisClient.create(sample.redis())) {
			Api api = new Api(sample.webPort());
			RedisCommands<String, String> redis = client.connect().sync();

			await().atMost(Duration.ofMinutes(1))
				.until(() -> api.get("/api/cache/stats").body().at("/enabled").asBoolean());

			// what is read is kept, under legible keys, for as long as it may be
			Answer list = api.get("org-123", "/api/agents?limit=20&page=1");
			long agent = list.number("/items/0/id");
			String agentPath = "/api/agents/" + agent;
			api.get("org-123", agentPath);
			api.get("org-123", agentPath + "/stats");
			api.get("/api/tools/definitions?filter=playwright");
			long server = api.get("org-123", "/api/servers").number("/0/id");
			api.get("org-123", "/api/servers/" + server + "/tools");
			Answer health = api.get("org-123", "/api/servers/" + server + "/health");
			api.get("org-123", "/api/agents?status=ACTIVE");
			Answer neighbours = api.get("org-124", "/api/agents");

			assertTtl(redis, "agents:list:org-123:{\"limit\":20,\"page\":1}", Duration.ofMinutes(5));
			assertTtl(redis, "agents:list:org-123:{\"limit\":20,\"page\":1,\"status\":\"ACTIVE\"}",
					Duration.ofMinutes(5));
			assertTtl(redis, "agents:list:org-124:{\"limit\":20,\"page\":1}", Duration.ofMinutes(5));
			assertTtl(redis, "agents:details:" + agent, Duration.ofMinutes(10));
			// an hour longer than it is fresh
			assertTtl(redis, "agents:stats:" + agent, Duration.ofMinutes(15 + 60));
			assertTtl(redis, "tools:definitions:{\"filter\":\"playwright\",\"limit\":1000,\"page\":1}",
					Duration.ofHours(1));
			assertTtl(redis, "servers:list:org-123", Duration.ofMinutes(5));
			assertTtl(redis, "servers:tools:" + server, Duration.ofMinutes(5));
			assertThat(health.text("/status")).isEqualTo("UP");
			assertTtl(redis, "servers:health:" + server, Duration.ofSeconds(30));

			// what is read again comes from there
			assertThat(api.get("org-123", "/api/agents?page=1&limit=20").body()).isEqualTo(list.body());
			assertThat(sample.logged("Cache HIT - agents:list (cacheKey: agents:list:org-123:")).isOne();
			Answer stats = api.get("/api/cache/stats");
			assertThat(stats.body().at("/enabled").asBoolean()).isTrue();
			assertThat(stats.number("/keyCount")).isGreaterThanOrEqualTo(10);
			assertThat(stats.text("/memoryUsed")).matches("[\\d.]+[BKMG]");
			assertThat(stats.number("/caches/agents:list/hits")).isOne();

			// a change takes what it made wrong
			Answer updated = api.put("org-123", agentPath, "{\"name\":\"0 renamed\",\"model\":\"small-8b\"}");

			assertThat(updated.status()).isEqualTo(200);
			assertThat(api.get("org-123", agentPath).text("/name")).isEqualTo("0 renamed");
			assertThat(api.get("org-123", "/api/agents?limit=20&page=1").text("/items/0/name")).isEqualTo("0 renamed");
			assertThat(api.get("org-123", "/api/agents?status=ACTIVE").text("/items/0/name")).isEqualTo("0 renamed");
			long statsMisses = sample.logged("Cache MISS - agents:stats");
			api.get("org-123", agentPath + "/stats");
			await()
				.untilAsserted(() -> assertThat(sample.logged("Cache MISS - agents:stats")).isEqualTo(statsMisses + 1));
			// which is said when its entries are swept away
			await().atMost(Duration.ofSeconds(20))
				.untilAsserted(
						() -> assertThat(sample.logged("Cache INVALIDATE (pattern: agents:list:org-123:*")).isOne());

			// and nothing else
			long hits = api.get("/api/cache/stats").number("/caches/agents:list/hits");
			assertThat(api.get("org-124", "/api/agents").body()).isEqualTo(neighbours.body());
			assertThat(api.get("/api/cache/stats").number("/caches/agents:list/hits")).isEqualTo(hits + 1);
			assertThat(redis.exists("servers:list:org-123", "servers:tools:" + server)).isEqualTo(2);

			// and Redis away never shows
			redis.shutdown(false);
			assertThat(api.get("org-123", agentPath).text("/name")).isEqualTo("0 renamed");
			assertThat(api.delete("org-123", agentPath).status()).isEqualTo(204);
			assertThat(api.get("org-123", agentPath).status()).isEqualTo(404);
			assertThat(api.get("/actuator/health").text("/status")).isEqualTo("UP");
			assertThat(sample.logged(" ERROR ")).isZero();
		}
	}

	@EnabledIfSystemProperty(named = "thorough", matches = "true",
			disabledReason = "Only with -Pthorough: one end of an application is tried each time")
	@Test
	void redisEndsWithAnApplicationThatIsTerminated() {
		try (SampleProcess sample = SampleProcess.start(this.directory, "--server.port=0")) {
			sample.webPort();

			int exitCode = sample.terminate();

			assertThat(exitCode).isEqualTo(143);
			awaitGone(sample.redis().getPort());
		}
	}

	@Test
	void redisEndsWithAnApplicationThatIsKilled() {
		try (SampleProcess sample = SampleProcess.start(this.directory, "--server.port=0")) {
			sample.webPort();

			sample.kill();

			awaitGone(sample.redis().getPort());
		}
	}

	@EnabledIfSystemProperty(named = "thorough", matches = "true",
			disabledReason = "Only with -Pthorough: one end of an application is tried each time")
	@Test
	void redisEndsWithAnApplicationThatFailsToStart() throws IOException {
		try (ServerSocket taken = new ServerSocket(0);
				SampleProcess sample = SampleProcess.start(this.directory, "--server.port=" + taken.getLocalPort())) {
			int exitCode = sample.awaitExit();

			assertThat(exitCode).isOne();
			assertThat(sample.logged("already in use")).isPositive();
			awaitGone(sample.redis().getPort());
		}
	}

	private static void assertTtl(RedisCommands<String, String> redis, String key, Duration ttl) {
		// a tenth may be taken off, and some seconds have passed
		assertThat(redis.pttl(key)).as(key).isBetween(ttl.toMillis() * 9 / 10 - 20_000, ttl.toMillis());
	}

	private static void awaitGone(int port) {
		await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
			try (Socket socket = new Socket("127.0.0.1", port)) {
				throw new AssertionError("redis-server is still there on port " + socket.getPort());
			}
			catch (ConnectException ex) {
				// gone
			}
		});
	}

}
