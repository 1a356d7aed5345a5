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

package dev.cachestarter.security;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.read.ListAppender;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

import org.springframework.cache.Cache;

import dev.cachestarter.CacheService;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

/**
 * What of keys is in the log, whatever is done, and in the messages of exceptions.
 */
@WithRedis
class KeysInLogsRedisTests {

	/** A part of every key of a tenant. */
	private static final String TENANT = "x7q";

	private final Logger logger = (Logger) LoggerFactory.getLogger("dev.cachestarter");

	private final ListAppender<ILoggingEvent> log = new ListAppender<>();

	private final RedisServer redis;

	KeysInLogsRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@AfterEach
	void close() {
		this.logger.detachAppender(this.log);
		this.logger.setLevel(null);
	}

	@Test
	void keysAreInTheLog() {
		List<String> lines = linesOfEverything("full");

		assertThat(lines).anyMatch((line) -> line.matches("Cache HIT - items \\(cacheKey: items:tenant-x7q-\\d+:1\\)"))
			.anyMatch((line) -> line.matches("Cache MISS - items \\(cacheKey: items:tenant-x7q-\\d+:1\\)"))
			.anyMatch((line) -> line.startsWith("Cache INVALIDATE (pattern: items:tenant-x7q-"))
			.anyMatch((line) -> line.contains("does not cache the value of key") && line.contains(TENANT))
			.anyMatch((line) -> line.contains("holds an entry that cannot be read") && line.contains(TENANT));
	}

	@Test
	void asHashesTheyTellNothingAndCanBeCompared() {
		List<String> lines = linesOfEverything("hash");

		assertThat(lines).noneMatch((line) -> line.contains(TENANT))
			.anyMatch((line) -> line.matches("Cache HIT - items \\(cacheKey: items:#[0-9a-f]{16}\\)"))
			.anyMatch((line) -> line.matches("Cache INVALIDATE \\(pattern: items:#[0-9a-f]{16}, count: \\d+\\)"))
			.anyMatch((line) -> line.matches("Cache INVALIDATE \\(pattern: items:\\*, count: \\d+\\)"))
			// Of the key probe:1, everywhere.
			.contains("Cache HIT - items (cacheKey: items:#" + "a8b733447704b16a" + ")");
	}

	@Test
	void orTheyAreLeftOut() {
		List<String> lines = linesOfEverything("none");

		assertThat(lines).noneMatch((line) -> line.contains(TENANT))
			.contains("Cache HIT - items (cacheKey: items:...)")
			.noneMatch((line) -> line.matches(".*#[0-9a-f]{16}.*"));
	}

	@ParameterizedTest
	@ValueSource(strings = { "full", "hash", "none" })
	void whatCannotBeAKeyIsNotShown(String logKeys) {
		try (AllFeatures features = start(logKeys)) {
			Cache cache = Objects.requireNonNull(features.bean(ResilientRedisCacheManager.class).getCache("plain"));

			assertThatIllegalArgumentException().isThrownBy(() -> cache.get(new Unkeyable()))
				.satisfies((ex) -> assertThat(textOf(ex)).doesNotContain(TENANT));
		}
	}

	private static String textOf(Throwable ex) {
		return ex + ((ex.getCause() != null) ? "\n" + textOf(ex.getCause()) : "");
	}

	private AllFeatures start(String logKeys) {
		AllFeatures features = AllFeatures.start(concat(this.redis.springProperties(),
				"cache-starter.log-keys=" + logKeys, "cache-starter.defaults.max-value-size=1KB"));
		// An application that starts sets up logging, and forgets who listens.
		this.log.start();
		this.logger.addAppender(this.log);
		this.logger.setLevel(Level.DEBUG);
		return features.awaitUp();
	}

	private static String[] concat(String[] some, String... more) {
		List<String> all = new java.util.ArrayList<>(List.of(some));
		all.addAll(List.of(more));
		return all.toArray(String[]::new);
	}

	/** What is logged when everything is done, and goes wrong that can. */
	private List<String> linesOfEverything(String logKeys) {
		try (AllFeatures features = start(logKeys)) {
			AllFeatures.Shop shop = features.bean(AllFeatures.Shop.class);
			features.use();
			features.caches();
			// What is too large, and what is broken.
			CacheService service = features.bean(CacheService.class);
			service.set("items:" + TENANT + ":large", "large".repeat(1000), Duration.ofMinutes(1));
			shop.hits(() -> shop.find(TENANT, "broken"));
			await().atMost(AllFeatures.LONG).until(() -> this.redis.bytes("items:" + TENANT + ":broken") != null);
			this.redis.cli("SETRANGE", "items:" + TENANT + ":broken", "148", "}}}");
			shop.find(TENANT, "broken");
			// The sweep, in which groups are named.
			await().atMost(AllFeatures.LONG)
				.until(() -> lines().stream()
					.anyMatch((line) -> line.startsWith("Cache INVALIDATE (pattern: items:*")));
			await().atMost(AllFeatures.LONG).until(this::isSwept);
			this.redis.cli("CLIENT", "KILL", "TYPE", "normal");
			features.use();
			features.awaitUp();
		}
		return lines();
	}

	/** But for tags, which an instance looks at once a minute. */
	private boolean isSwept() {
		return this.redis.keys("~s*").isEmpty()
				&& (this.redis.keys("~due").isEmpty() || List.of("%t").equals(this.redis.cli("HKEYS", "~due")));
	}

	private List<String> lines() {
		return List.copyOf(this.log.list).stream().map(KeysInLogsRedisTests::text).toList();
	}

	private static String text(ILoggingEvent event) {
		StringBuilder text = new StringBuilder(event.getFormattedMessage());
		for (IThrowableProxy thrown = event.getThrowableProxy(); thrown != null; thrown = thrown.getCause()) {
			text.append('\n').append(thrown.getMessage());
		}
		return text.toString().lines().collect(Collectors.joining(" | "));
	}

	/** An argument that tells who it is about. */
	static final class Unkeyable {

		private final String tenant = TENANT;

		@Override
		public String toString() {
			return "tenant " + this.tenant;
		}

	}

}
