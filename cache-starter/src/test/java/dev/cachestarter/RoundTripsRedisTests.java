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

package dev.cachestarter;

import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What a call asks of Redis, as the server counts it.
 */
@WithRedis(local = true)
class RoundTripsRedisTests {

	private static final Pattern CALLS = Pattern.compile("cmdstat_([a-z]+):calls=(\\d+)");

	private final RedisServer redis;

	private final TestInstance<Rates> instance;

	RoundTripsRedisTests(RedisServer redis) {
		this.redis = redis;
		this.instance = TestInstance.of(Rates.class, redis);
	}

	@BeforeEach
	void warm() {
		this.instance.awaitUp();
		// Scripts are known and the generations are there.
		this.instance.service().find("org-1", "a");
		await().atMost(Duration.ofMinutes(1)).until(() -> this.redis.number("EXISTS", "rates:org-1:a") == 1);
		this.instance.service().replace("org-1", "b");
	}

	@AfterEach
	void close() {
		this.instance.close();
	}

	@Test
	void aHitIsOneCommand() {
		this.redis.cli("CONFIG", "RESETSTAT");

		this.instance.service().find("org-1", "a");

		assertThat(asked()).isEqualTo(Map.of("mget", 1));
	}

	@Test
	void aMissIsTwoAwaitedCommandsAndTheFill() {
		this.redis.cli("CONFIG", "RESETSTAT");

		this.instance.service().find("org-1", "cold");

		await().atMost(Duration.ofMinutes(1))
			.untilAsserted(() -> assertThat(asked()).isEqualTo(Map.of("mget", 1, "set", 2, "evalsha", 1)));
	}

	@Test
	void anEvictionIsOneCommandHoweverManyEntriesItTakes() {
		this.redis.cli("CONFIG", "RESETSTAT");

		this.instance.service().changed("org-1", "a");

		assertThat(asked()).isEqualTo(Map.of("unlink", 1));
	}

	private Map<String, Integer> asked() {
		Map<String, Integer> calls = new TreeMap<>();
		// Scripts count what they do as well: the one that fills calls SET.
		Matcher matcher = CALLS.matcher(String.valueOf(this.redis.cli("INFO", "commandstats")));
		while (matcher.find()) {
			if (matcher.group(1).matches("mget|set|evalsha|eval|unlink|get|scan")) {
				calls.put(matcher.group(1), Integer.valueOf(matcher.group(2)));
			}
		}
		return calls;
	}

	record Rate(String value) {

	}

	static class Rates {

		@Cacheable("rates")
		public Rate find(String orgId, String id) {
			return new Rate(orgId + id);
		}

		@CachePut("rates")
		public Rate replace(String orgId, String id) {
			return new Rate(orgId + id);
		}

		@CacheEvict("rates")
		public void changed(String orgId, String id) {
		}

	}

}
