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

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.cache.CacheManager;
import org.springframework.jdbc.core.simple.JdbcClient;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests that the cache can be switched off in a test: each read runs its query. An
 * example of {@code docs/testing.md}.
 */
@SpringBootTest(properties = "spring.cache.type=none")
class AgentsWithoutCacheTests {

	@Test
	void eachReadSeesTheDatabase(@Autowired AgentService agents, @Autowired JdbcClient jdbc) {
		Agent agent = agents.create("org-142", new AgentDraft("Ticket", "small-8b", null, null));
		agents.get("org-142", agent.id());

		jdbc.sql("update agent set name = 'Renamed behind it' where id = ?").param(agent.id()).update();

		assertThat(agents.get("org-142", agent.id()).name()).isEqualTo("Renamed behind it");
	}

	@Test
	void nothingNeedsRedis(@Autowired CacheService service, @Autowired CacheManager manager) {
		assertThat(service).isSameAs(CacheService.disabled());
		assertThat(manager.getClass().getSimpleName()).isEqualTo("NoOpCacheManager");
	}

}
