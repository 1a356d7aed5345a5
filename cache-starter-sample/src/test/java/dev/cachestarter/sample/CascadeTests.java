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

import java.util.stream.Stream;

import dev.cachestarter.sample.Api.Answer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests that a change of an agent takes with it what it made wrong, and nothing else.
 */
@SampleTest
class CascadeTests {

	private static final String[] LISTS = { "/api/agents", "/api/agents?limit=5", "/api/agents?limit=5&page=2",
			"/api/agents?status=ACTIVE", "/api/agents?filter=ticket" };

	private final Api api;

	private final JdbcClient jdbc;

	private long agent;

	private long bystander;

	CascadeTests(@LocalServerPort int port, JdbcClient jdbc) {
		this.api = new Api(port);
		this.jdbc = jdbc;
	}

	@BeforeEach
	void readAll() {
		this.agent = create("org-130", "Ticket A");
		this.bystander = create("org-130", "Ticket B");
		for (String list : LISTS) {
			this.api.get("org-130", list);
			this.api.get("org-131", list);
		}
		for (long id : new long[] { this.agent, this.bystander }) {
			this.api.get("org-130", "/api/agents/" + id);
			this.api.get("org-130", "/api/agents/" + id + "/stats");
		}
	}

	@Test
	void creationTakesAllListsOfItsTenant() {
		long[] before = totals("org-130");

		create("org-130", "Ticket C");

		long[] after = totals("org-130");
		for (int list = 0; list < LISTS.length; list++) {
			assertThat(after[list]).as(LISTS[list]).isEqualTo(before[list] + 1);
		}
	}

	@Test
	void updateTakesListsDetailsAndStats() {
		addRunBehindTheCache(this.agent);

		this.api.put("org-130", "/api/agents/" + this.agent, "{\"name\":\"Renamed\",\"model\":\"small-8b\"}");

		assertThat(this.api.get("org-130", "/api/agents/" + this.agent).text("/name")).isEqualTo("Renamed");
		assertThat(this.api.get("org-130", "/api/agents/" + this.agent + "/stats").number("/runs")).isOne();
		assertThat(this.api.get("org-130", "/api/agents?filter=ticket").body().at("/items"))
			.noneMatch((item) -> item.at("/id").asLong() == this.agent);
	}

	@Test
	void deletionTakesListsDetailsAndStats() {
		long[] before = totals("org-130");

		this.api.delete("org-130", "/api/agents/" + this.agent);

		assertThat(totals("org-130")[0]).isEqualTo(before[0] - 1);
		assertThat(this.api.get("org-130", "/api/agents/" + this.agent).status()).isEqualTo(404);
		assertThat(this.api.get("org-130", "/api/agents/" + this.agent + "/stats").status()).isEqualTo(404);
	}

	@Test
	void changeLeavesOtherAgentsAndOtherTenantsCached() {
		addRunBehindTheCache(this.bystander);
		renameBehindTheCache(this.bystander);
		Answer[] others = Stream.of(LISTS).map((list) -> this.api.get("org-131", list)).toArray(Answer[]::new);
		this.jdbc.sql("update agent set name = concat(name, ' behind') where org_id = 'org-131'").update();

		this.api.put("org-130", "/api/agents/" + this.agent, "{\"name\":\"Renamed\",\"model\":\"small-8b\"}");

		assertThat(this.api.get("org-130", "/api/agents/" + this.bystander).text("/name")).isEqualTo("Ticket B");
		assertThat(this.api.get("org-130", "/api/agents/" + this.bystander + "/stats").number("/runs")).isZero();
		for (int list = 0; list < LISTS.length; list++) {
			assertThat(this.api.get("org-131", LISTS[list]).body()).isEqualTo(others[list].body());
		}
	}

	@Test
	void refusedChangeTakesNothing() {
		renameBehindTheCache(this.agent);

		this.api.put("org-131", "/api/agents/" + this.agent, "{\"name\":\"Renamed\",\"model\":\"small-8b\"}");
		this.api.delete("org-131", "/api/agents/" + this.agent);

		assertThat(this.api.get("org-130", "/api/agents/" + this.agent).text("/name")).isEqualTo("Ticket A");
	}

	private long create(String orgId, String name) {
		return this.api.post(orgId, "/api/agents", "{\"name\":\"" + name + "\",\"model\":\"small-8b\"}").number("/id");
	}

	private long[] totals(String orgId) {
		return Stream.of(LISTS).mapToLong((list) -> this.api.get(orgId, list).number("/total")).toArray();
	}

	private void addRunBehindTheCache(long agentId) {
		this.jdbc.sql("insert into agent_run values (?, 1, now(), 100, true, 10, 1)").param(agentId).update();
	}

	private void renameBehindTheCache(long agentId) {
		this.jdbc.sql("update agent set name = 'behind' where id = ?").param(agentId).update();
	}

}
