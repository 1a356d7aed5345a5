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

import dev.cachestarter.CacheService;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.data.redis.core.StringRedisTemplate;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link PlatformCacheKeys}.
 */
@SampleTest
class PlatformCacheKeysTests {

	private final PlatformCacheKeys keys;

	private final CacheService cache;

	private final StringRedisTemplate redis;

	private final Api api;

	PlatformCacheKeysTests(PlatformCacheKeys keys, CacheService cache, StringRedisTemplate redis,
			@LocalServerPort int port) {
		this.keys = keys;
		this.cache = cache;
		this.redis = redis;
		this.api = new Api(port);
	}

	@Test
	void theyAreTheKeysOfTheAnnotatedMethods() {
		long agent = this.api.get("org-145", "/api/agents").number("/items/0/id");
		this.api.get("org-145", "/api/agents?page=2&limit=5&status=ACTIVE&filter=order");
		this.api.get("org-145", "/api/agents/" + agent);
		this.api.get("org-145", "/api/agents/" + agent + "/stats");
		this.api.get("/api/tools/definitions");
		this.api.get("/api/tools/definitions?filter=redis&limit=5");
		long server = this.api.get("org-145", "/api/servers").number("/0/id");
		this.api.get("org-145", "/api/servers/" + server + "/tools");
		this.api.get("org-145", "/api/servers/" + server + "/health");

		assertThat(new String[] { this.keys.agentList("org-145", null),
				this.keys.agentList("org-145", new AgentQuery(2, 5, AgentStatus.ACTIVE, "order")),
				this.keys.agentDetails(agent), this.keys.agentStats(agent), this.keys.toolDefinitions(null),
				this.keys.toolDefinitions(new ToolQuery(1, 5, "redis")), this.keys.serverList("org-145"),
				this.keys.serverTools(server), this.keys.serverHealth(server) })
			.allMatch((key) -> Boolean.TRUE.equals(this.redis.hasKey(key)));
	}

	@Test
	void theyReadAsTheyAreWritten() {
		assertThat(this.keys.agentList("org-145", null)).isEqualTo("agents:list:org-145:{\"limit\":20,\"page\":1}");
		assertThat(this.keys.agentList("org-145", new AgentQuery(2, 5, AgentStatus.ACTIVE, "Order")))
			.isEqualTo("agents:list:org-145:{\"filter\":\"order\",\"limit\":5,\"page\":2,\"status\":\"ACTIVE\"}");
		assertThat(this.keys.toolDefinitions(null)).isEqualTo("tools:definitions:{\"limit\":1000,\"page\":1}");
		assertThat(this.keys.agentListPattern("org-145")).isEqualTo("agents:list:org-145:*");
		assertThat(this.keys.agentDetails(42)).isEqualTo("agents:details:42");
		assertThat(this.keys.agentStats(42)).isEqualTo("agents:stats:42");
		assertThat(this.keys.toolDefinitionsPattern()).isEqualTo("tools:definitions:*");
		assertThat(this.keys.serverList("org-145")).isEqualTo("servers:list:org-145");
		assertThat(this.keys.serverTools(7)).isEqualTo("servers:tools:7");
		assertThat(this.keys.serverHealth(7)).isEqualTo("servers:health:7");
	}

	@ParameterizedTest
	@ValueSource(strings = { "*", "org-?46", "org-146:*", "org-1[0-9]6", "", "\\", "a:b", "{\"page\":1}" })
	void patternOfATenantTakesThatTenantsListsAlone(String orgId) {
		String own = this.keys.agentList(orgId, null);
		String neighbours = this.keys.agentList("org-146", null);
		this.cache.set(own, "own");
		this.cache.set(neighbours, "neighbour's");

		this.cache.invalidate(this.keys.agentListPattern(orgId));

		assertThat(this.cache.get(own, String.class)).isEmpty();
		assertThat(this.cache.get(neighbours, String.class)).contains("neighbour's");
		this.cache.delete(neighbours);
	}

}
