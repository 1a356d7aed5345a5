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
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;

import dev.cachestarter.sample.Api.Answer;
import org.junit.jupiter.api.Test;

import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests that a Redis that was never there does not show.
 */
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
class RedisAwayTests {

	private final Api api;

	private final int port;

	RedisAwayTests(@LocalServerPort int port) {
		this.port = port;
		this.api = new Api(port);
	}

	@DynamicPropertySource
	static void nobodyListens(DynamicPropertyRegistry registry) {
		registry.add("spring.data.redis.host", () -> "127.0.0.1");
		registry.add("spring.data.redis.port", RedisAwayTests::unusedPort);
	}

	@Test
	void readsComeFromTheDatabase() {
		long agent = this.api.get("org-155", "/api/agents").number("/items/0/id");
		long server = this.api.get("org-155", "/api/servers").number("/0/id");

		for (String path : new String[] { "/api/agents/" + agent, "/api/agents/" + agent + "/stats",
				"/api/tools/definitions", "/api/servers/" + server + "/tools", "/api/servers/" + server + "/health" }) {
			assertThat(this.api.get("org-155", path).status()).as(path).isEqualTo(200);
		}
	}

	@Test
	void changesAreSeenAtOnce() {
		Answer created = this.api.post("org-155", "/api/agents", "{\"name\":\"before\",\"model\":\"small-8b\"}");
		String path = "/api/agents/" + created.number("/id");

		this.api.put("org-155", path, "{\"name\":\"after\",\"model\":\"small-8b\"}");

		assertThat(this.api.get("org-155", path).text("/name")).isEqualTo("after");
		assertThat(this.api.delete("org-155", path).status()).isEqualTo(204);
		assertThat(this.api.get("org-155", path).status()).isEqualTo(404);
	}

	@Test
	void healthIsUpAndTheStatsSayThatTheCacheIsNot() {
		this.api.get("org-155", "/api/agents");

		assertThat(this.api.get("/actuator/health").text("/status")).isEqualTo("UP");
		assertThat(this.api.get("/api/cache/stats").status()).isEqualTo(200);
		assertThat(this.api.get("/api/cache/stats").body().at("/enabled").asBoolean()).isFalse();
		assertThat(this.api.get("/api/cache/stats").body().has("keyCount")).isFalse();
	}

	@Test
	void aRedisThatIsNotTheSamplesOwnIsNotBroken() throws Exception {
		HttpRequest request = HttpRequest
			.newBuilder(URI.create("http://localhost:" + this.port + "/api/live/redis/stopped"))
			.header("X-Sample-Page", "1")
			.POST(BodyPublishers.noBody())
			.build();

		HttpResponse<String> answer = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());

		assertThat(answer.statusCode()).isEqualTo(409);
		assertThat(answer.headers().firstValue("Content-Type").orElse("")).isEqualTo("application/problem+json");
		assertThat(answer.body()).contains("The sample uses a Redis that is not its own, so it does not break it.");
	}

	private static int unusedPort() {
		try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
			return socket.getLocalPort();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
