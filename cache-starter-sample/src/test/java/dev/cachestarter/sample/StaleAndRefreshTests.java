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

import java.time.Duration;

import dev.cachestarter.sample.Api.Answer;
import dev.cachestarter.test.TestCache;
import org.junit.jupiter.api.Test;

import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.cache.CacheManager;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests what the sample serves when its database fails, and when an entry is near its
 * end. Time is not waited for: it is written into the entries' headers.
 */
@SampleTest
class StaleAndRefreshTests {

	private static final int WRITTEN_AT = 106;

	private static final int FRESH_UNTIL = 120;

	private final Api api;

	private final TestCache stats;

	private final TestCache tools;

	private final StringRedisTemplate redis;

	private final JdbcClient jdbc;

	StaleAndRefreshTests(@LocalServerPort int port, CacheManager manager, StringRedisTemplate redis, JdbcClient jdbc) {
		this.api = new Api(port);
		this.stats = TestCache.of(manager, "agents:stats");
		this.tools = TestCache.of(manager, "tools:definitions");
		this.redis = redis;
		this.jdbc = jdbc;
	}

	@Test
	void oldStatisticsStandInWhenTheDatabaseFails() {
		Answer agents = this.api.get("org-150", "/api/agents?limit=1");
		String id = agents.text("/items/0/id");
		String path = "/api/agents/" + id + "/stats";
		Answer before = this.api.get("org-150", path);
		assertThat(this.stats).hasKeys(id);
		age("agents:stats:" + id, 1_000_000, -1000);

		this.jdbc.sql("alter table agent_run rename to agent_run_away").update();
		Answer meanwhile;
		try {
			meanwhile = this.api.get("org-150", path);
		}
		finally {
			this.jdbc.sql("alter table agent_run_away rename to agent_run").update();
		}

		assertThat(before.status()).isEqualTo(200);
		assertThat(meanwhile.status()).isEqualTo(200);
		assertThat(meanwhile.body()).isEqualTo(before.body());
		assertThat(this.stats.counters().staleServed()).isPositive();
	}

	@Test
	void theToolCatalogueIsLoadedAnewBeforeItExpires() {
		Answer before = this.api.get("/api/tools/definitions?limit=7");
		String key = "{\"limit\":7,\"page\":1}";
		assertThat(this.tools).hasKeys(key);
		long refreshes = this.tools.counters().refreshes();
		age("tools:definitions:" + key, 3_300_000, 300_000);

		Answer read = this.api.get("/api/tools/definitions?limit=7");

		assertThat(read.body()).isEqualTo(before.body());
		await().until(() -> this.tools.counters().refreshes() == refreshes + 1);
		await().untilAsserted(
				() -> assertThat(this.tools).hasTtlBetween(key, Duration.ofSeconds(2000), Duration.ofHours(1)));
	}

	private void age(String key, long age, long left) {
		long now = System.currentTimeMillis();
		this.redis.opsForValue().set(key, "%013d".formatted(now - age), WRITTEN_AT);
		this.redis.opsForValue().set(key, "%013d".formatted(now + left), FRESH_UNTIL);
	}

}
