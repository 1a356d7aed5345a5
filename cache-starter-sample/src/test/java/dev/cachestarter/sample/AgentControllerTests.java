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

import dev.cachestarter.sample.Api.Answer;
import org.junit.jupiter.api.Test;

import org.springframework.boot.test.web.server.LocalServerPort;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link AgentController}.
 */
@SampleTest
class AgentControllerTests {

	private final Api api;

	AgentControllerTests(@LocalServerPort int port) {
		this.api = new Api(port);
	}

	@Test
	void listsTheFirstTwentyUnlessAskedForOthers() {
		Answer list = this.api.get("org-110", "/api/agents");

		assertThat(list.status()).isEqualTo(200);
		assertThat(list.number("/page")).isOne();
		assertThat(list.number("/limit")).isEqualTo(20);
		assertThat(list.number("/total")).isGreaterThan(100);
		assertThat(list.body().at("/items")).hasSize(20)
			.allMatch((agent) -> agent.at("/orgId").asString().equals("org-110"));
	}

	@Test
	void pagesFollowOneAnother() {
		Answer both = this.api.get("org-110", "/api/agents?limit=4");
		Answer first = this.api.get("org-110", "/api/agents?limit=2");
		Answer second = this.api.get("org-110", "/api/agents?limit=2&page=2");

		assertThat(both.body().at("/items")).containsExactly(first.body().at("/items/0"), first.body().at("/items/1"),
				second.body().at("/items/0"), second.body().at("/items/1"));
	}

	@Test
	void pageAfterTheLastIsEmpty() {
		Answer list = this.api.get("org-110", "/api/agents?page=10000");

		assertThat(list.status()).isEqualTo(200);
		assertThat(list.body().at("/items")).isEmpty();
	}

	@Test
	void listsOnlyWhatTheFilterAndTheStatusLeave() {
		Answer list = this.api.get("org-110", "/api/agents?status=PAUSED&filter=TICKET");

		assertThat(list.body().at("/items")).isNotEmpty()
			.allMatch((agent) -> agent.at("/status").asString().equals("PAUSED"))
			.allMatch((agent) -> agent.at("/name").asString().startsWith("Ticket"));
	}

	@Test
	void filterIsTakenLiterally() {
		Answer list = this.api.get("org-110", "/api/agents?filter=%25");

		assertThat(list.number("/total")).isZero();
	}

	@Test
	void tenantMayBeNamedByParameter() {
		Answer byHeader = this.api.get("org-110", "/api/agents");
		Answer byParameter = this.api.get("/api/agents?orgId=org-110");

		assertThat(byParameter.body()).isEqualTo(byHeader.body());
	}

	@Test
	void createdAgentIsFound() {
		Answer created = this.api.post("org-111", "/api/agents",
				"{\"name\":\"Ünïcode ✓\",\"model\":\"small-8b\",\"description\":\"as said\"}");

		assertThat(created.status()).isEqualTo(201);
		assertThat(created.text("/name")).isEqualTo("Ünïcode ✓");
		assertThat(created.text("/status")).isEqualTo("ACTIVE");
		assertThat(created.text("/description")).isEqualTo("as said");
		assertThat(this.api.get("org-111", "/api/agents/" + created.number("/id")).body()).isEqualTo(created.body());
	}

	@Test
	void updatedAgentIsFoundAsUpdated() {
		Answer created = this.api.post("org-111", "/api/agents", "{\"name\":\"before\",\"model\":\"small-8b\"}");
		String path = "/api/agents/" + created.number("/id");
		this.api.get("org-111", path);

		Answer updated = this.api.put("org-111", path,
				"{\"name\":\"after\",\"model\":\"large-70b\",\"status\":\"PAUSED\"}");

		assertThat(updated.status()).isEqualTo(200);
		assertThat(updated.text("/name")).isEqualTo("after");
		assertThat(updated.text("/createdAt")).isEqualTo(created.text("/createdAt"));
		assertThat(this.api.get("org-111", path).body()).isEqualTo(updated.body());
	}

	@Test
	void deletedAgentIsGone() {
		Answer created = this.api.post("org-111", "/api/agents", "{\"name\":\"short-lived\",\"model\":\"small-8b\"}");
		String path = "/api/agents/" + created.number("/id");
		this.api.get("org-111", path);
		this.api.get("org-111", path + "/stats");

		Answer deleted = this.api.delete("org-111", path);

		assertThat(deleted.status()).isEqualTo(204);
		assertThat(this.api.get("org-111", path).status()).isEqualTo(404);
		assertThat(this.api.get("org-111", path + "/stats").status()).isEqualTo(404);
		assertThat(this.api.delete("org-111", path).status()).isEqualTo(404);
	}

	@Test
	void agentThatWasMissedIsFoundOnceItIsCreated() {
		long previous = this.api.post("org-111", "/api/agents", "{\"name\":\"one\",\"model\":\"small-8b\"}")
			.number("/id");
		String path = "/api/agents/" + (previous + 1);
		assertThat(this.api.get("org-111", path).status()).isEqualTo(404);

		Answer next = this.api.post("org-111", "/api/agents", "{\"name\":\"two\",\"model\":\"small-8b\"}");

		assertThat(next.number("/id")).isEqualTo(previous + 1);
		assertThat(this.api.get("org-111", path).status()).isEqualTo(200);
	}

	@Test
	void statsSayWhatTheRunsWere() {
		AgentStats stats = this.api.get("org-101", "/api/agents/1/stats").as(AgentStats.class);

		assertThat(stats.agentId()).isOne();
		assertThat(stats.runs()).isPositive();
		assertThat(stats.failed()).isBetween(0L, stats.runs());
		assertThat(stats.p95Millis()).isGreaterThanOrEqualTo(stats.medianMillis());
		assertThat(stats.shareOfTenant()).isGreaterThan(0).isLessThan(1);
		assertThat(stats.lastRunAt()).isNotNull();
	}

	@Test
	void statsOfAnAgentThatNeverRanAreZero() {
		long id = this.api.post("org-111", "/api/agents", "{\"name\":\"idle\",\"model\":\"small-8b\"}").number("/id");

		AgentStats stats = this.api.get("org-111", "/api/agents/" + id + "/stats").as(AgentStats.class);

		assertThat(stats).isEqualTo(new AgentStats(id, 0, 0, 0, 0, 0, 0, 0, null));
	}

}
