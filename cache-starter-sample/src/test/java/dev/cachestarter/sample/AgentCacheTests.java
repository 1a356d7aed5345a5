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

import dev.cachestarter.test.TestCache;
import dev.cachestarter.test.TestRedis;
import dev.cachestarter.test.WithTestRedis;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.cache.CacheManager;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests what of agents is cached, by the starter's test kit. The examples of
 * {@code docs/testing.md}.
 */
@SpringBootTest(properties = "cache-starter.connection.command-timeout=5s")
@WithTestRedis
class AgentCacheTests {

	private static final String ORG = "org-140";

	@Autowired
	private AgentService agents;

	@Autowired
	private TestRedis redis;

	private final TestCache details;

	private final TestCache lists;

	AgentCacheTests(@Autowired CacheManager cacheManager) {
		this.details = TestCache.of(cacheManager, "agents:details");
		this.lists = TestCache.of(cacheManager, "agents:list");
	}

	@Test
	void theSecondReadComesFromRedis() {
		long id = firstAgent();

		assertThat(this.details).isMissedBy(() -> this.agents.get(ORG, id));
		assertThat(this.details).isHitBy(() -> this.agents.get(ORG, id));
	}

	@Test
	void entriesHaveTheKeysAndTimesOfTheConfiguration() {
		long id = firstAgent();
		this.agents.get(ORG, id);

		assertThat(this.lists).hasOnlyKeys("org-140:{\"limit\":20,\"page\":1}");
		assertThat(this.details).hasTtlBetween(String.valueOf(id), Duration.ofMinutes(8), Duration.ofMinutes(10));
	}

	@Test
	void aChangeEvictsTheAgentAndTheListsOfItsTenantAlone() {
		Agent agent = this.agents.create(ORG, new AgentDraft("Ticket", "small-8b", null, null));
		this.agents.get(ORG, agent.id());
		this.agents.list(ORG, AgentQuery.FIRST_PAGE);
		this.agents.list("org-141", AgentQuery.FIRST_PAGE);
		AgentDraft draft = new AgentDraft("Renamed", "small-8b", null, null);

		assertThat(this.details).isEvictedBy(() -> this.agents.update(ORG, agent.id(), draft),
				String.valueOf(agent.id()));

		assertThat(this.lists).hasOnlyKeys("org-141:{\"limit\":20,\"page\":1}");
	}

	@Test
	void manyCallersAtOnceRunTheQueryOnce() {
		assertThat(this.lists).isLoadedOnceBy(50, () -> this.agents.list(ORG, AgentQuery.FIRST_PAGE));
	}

	@Test
	void theServiceAnswersWhileRedisIsGone() {
		long id = firstAgent();
		this.agents.get(ORG, id);
		assertThat(this.details).hasKeys(String.valueOf(id));

		this.redis.stop();

		assertThat(this.details).isDisconnected();
		assertThat(this.agents.get(ORG, id).id()).isEqualTo(id);

		this.redis.repair();

		assertThat(this.details).isConnected().isHitBy(() -> this.agents.get(ORG, id));
	}

	@Test
	@SuppressWarnings("try")
	void aChangeInAnOutageIsSeenAfterwards() {
		Agent agent = this.agents.create(ORG, new AgentDraft("Ticket", "small-8b", null, null));
		this.agents.get(ORG, agent.id());

		try (TestRedis.Fault frozen = this.redis.freeze()) {
			assertThat(this.details).isDisconnected();
			this.agents.update(ORG, agent.id(), new AgentDraft("Renamed", "small-8b", null, null));
		}

		assertThat(this.details).isConnected();
		assertThat(this.agents.get(ORG, agent.id()).name()).isEqualTo("Renamed");
	}

	private long firstAgent() {
		return this.agents.list(ORG, AgentQuery.FIRST_PAGE).items().get(0).id();
	}

}
