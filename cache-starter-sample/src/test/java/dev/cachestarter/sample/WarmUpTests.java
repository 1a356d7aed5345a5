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

import dev.cachestarter.test.TestCache;
import org.junit.jupiter.api.Test;

import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.cache.CacheManager;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.TestConstructor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests that the tool catalogue is warm when the application is ready, if it is told to
 * wait for that.
 */
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
		properties = { "cache-starter.connection.command-timeout=10s", "cache-starter.connection.connect-timeout=10s",
				"cache-starter.warm-up.before-ready=true", "cache-starter.warm-up.wait-for-redis=1m" })
@TestConstructor(autowireMode = TestConstructor.AutowireMode.ALL)
@DirtiesContext
class WarmUpTests {

	private final TestCache tools;

	private final PlatformCacheKeys keys;

	private final StringRedisTemplate redis;

	private final Api api;

	WarmUpTests(CacheManager manager, PlatformCacheKeys keys, StringRedisTemplate redis, @LocalServerPort int port) {
		this.tools = TestCache.of(manager, "tools:definitions");
		this.keys = keys;
		this.redis = redis;
		this.api = new Api(port);
	}

	@Test
	void firstRequestForTheToolCatalogueIsAHit() {
		assertThat(this.redis.hasKey(this.keys.toolDefinitions(null))).isTrue();
		await().until(() -> this.tools.counters().puts() == 1);

		assertThat(this.tools)
			.isHitBy(() -> assertThat(this.api.get("/api/tools/definitions").number("/total")).isEqualTo(924));

		assertThat(this.tools.counters().misses()).isEqualTo(1);
	}

}
