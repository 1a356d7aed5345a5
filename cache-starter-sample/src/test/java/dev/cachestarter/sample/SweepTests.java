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
import java.util.Objects;
import java.util.Set;

import dev.cachestarter.CacheService;
import org.junit.jupiter.api.Test;

import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.data.redis.core.StringRedisTemplate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests what becomes of a tenant's entries in Redis once they are evicted.
 */
@SampleTest
class SweepTests {

	private static final ParameterizedTypeReference<Page<Agent>> PAGE_OF_AGENTS = new ParameterizedTypeReference<>() {
	};

	private final Api api;

	private final CacheService cache;

	private final StringRedisTemplate redis;

	SweepTests(@LocalServerPort int port, CacheService cache, StringRedisTemplate redis) {
		this.api = new Api(port);
		this.cache = cache;
		this.redis = redis;
	}

	@Test
	void anEvictedTenantsListsAreUnreadableAtOnceAndAbsentSoonAfter() {
		for (int page = 1; page <= 20; page++) {
			this.api.get("org-140", "/api/agents?limit=5&page=" + page);
			this.api.get("org-141", "/api/agents?limit=5&page=" + page);
		}
		await().until(() -> keys("org-140").size() >= 20 && keys("org-141").size() >= 20);
		Set<String> evicted = keys("org-140");
		assertThat(evicted).allMatch(this::isReadable);

		this.api.post("org-140", "/api/agents", "{\"name\":\"new\",\"model\":\"small-8b\"}");

		assertThat(evicted).noneMatch(this::isReadable);
		await().atMost(Duration.ofSeconds(10)).until(() -> keys("org-140").isEmpty());
		assertThat(keys("org-141")).hasSize(20).allMatch(this::isReadable);
	}

	private boolean isReadable(String key) {
		return this.cache.get(key, PAGE_OF_AGENTS).isPresent();
	}

	private Set<String> keys(String orgId) {
		return Objects.requireNonNull(this.redis.keys("agents:list:" + orgId + ":*"));
	}

}
