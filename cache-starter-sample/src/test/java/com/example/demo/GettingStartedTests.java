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

package com.example.demo;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

import dev.cachestarter.CacheService;
import dev.cachestarter.CacheSnapshot.Counters;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.data.redis.core.StringRedisTemplate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Runs the application of {@code docs/getting-started.md}, on the redis-server that the
 * sample brings.
 */
@SpringBootTest(classes = DemoApplication.class, webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
		properties = { "cache-starter.key-prefix=demo:", "cache-starter.caches.books.ttl=5m",
				"cache-starter.connection.command-timeout=10s", "spring.datasource.url=jdbc:h2:mem:demo",
				"spring.flyway.enabled=false" })
class GettingStartedTests {

	@Autowired
	private CacheService cache;

	@Autowired
	private StringRedisTemplate redis;

	@LocalServerPort
	private int port;

	@BeforeEach
	void connected() {
		await().atMost(Duration.ofMinutes(1)).until(this.cache::isEnabled);
	}

	@Test
	void secondRequestIsAHitUntilTheBookIsRenamed() throws IOException, InterruptedException {
		String miss = find("978-1");
		await().atMost(Duration.ofMinutes(1)).until(() -> books().puts() == 1);
		String hit = find("978-1");

		assertThat(hit).isEqualTo(miss).isEqualTo("{\"isbn\":\"978-1\",\"title\":\"Dune\"}");
		assertThat(books().hits()).isEqualTo(1);
		assertThat(this.redis.opsForValue().get("demo:books:978-1")).startsWith("cs2 v ").endsWith("\n" + hit);
		assertThat(this.redis.getExpire("demo:books:978-1")).isBetween(1L, 300L);

		rename("978-1", "Dune Messiah");

		assertThat(this.redis.hasKey("demo:books:978-1")).isFalse();
		assertThat(find("978-1")).contains("Dune Messiah");
	}

	private Counters books() {
		return this.cache.getStats().caches().get("books");
	}

	private String find(String isbn) throws IOException, InterruptedException {
		return send(request(isbn).GET());
	}

	private void rename(String isbn, String title) throws IOException, InterruptedException {
		send(request(isbn).header("Content-Type", "text/plain").PUT(BodyPublishers.ofString(title)));
	}

	private HttpRequest.Builder request(String isbn) {
		return HttpRequest.newBuilder(URI.create("http://localhost:" + this.port + "/books/" + isbn));
	}

	private static String send(HttpRequest.Builder request) throws IOException, InterruptedException {
		return HttpClient.newHttpClient().send(request.build(), BodyHandlers.ofString()).body();
	}

}
