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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests that a tenant sees and touches nothing of another's, cached or not.
 */
@SampleTest
class TenantIsolationTests {

	private static final String DRAFT = "{\"name\":\"mine\",\"model\":\"small-8b\"}";

	private final Api api;

	private final JdbcClient jdbc;

	TenantIsolationTests(@LocalServerPort int port, JdbcClient jdbc) {
		this.api = new Api(port);
		this.jdbc = jdbc;
	}

	@Test
	void agentOfAnotherTenantIsNotFoundEvenIfItIsCached() {
		long id = this.api.post("org-120", "/api/agents", DRAFT).number("/id");
		String path = "/api/agents/" + id;
		Answer own = this.api.get("org-120", path);
		this.api.get("org-120", path + "/stats");

		assertThat(this.api.get("org-121", path).status()).isEqualTo(404);
		assertThat(this.api.get("org-121", path + "/stats").status()).isEqualTo(404);
		assertThat(this.api.put("org-121", path, "{\"name\":\"theirs\",\"model\":\"x\"}").status()).isEqualTo(404);
		assertThat(this.api.delete("org-121", path).status()).isEqualTo(404);

		assertThat(this.api.get("org-120", path).body()).isEqualTo(own.body());
	}

	@Test
	void answerDoesNotTellAForeignAgentFromNone() {
		long id = this.api.post("org-120", "/api/agents", DRAFT).number("/id");

		Answer foreign = this.api.get("org-121", "/api/agents/" + id);
		Answer none = this.api.get("org-121", "/api/agents/99999999");

		assertThat(foreign.status()).isEqualTo(none.status());
		assertThat(foreign.text("/detail").replace(Long.toString(id), "99999999")).isEqualTo(none.text("/detail"));
	}

	@Test
	void serverOfAnotherTenantIsNotFound() {
		long id = this.api.get("org-101", "/api/servers").number("/0/id");
		assertThat(this.api.get("org-101", "/api/servers/" + id + "/tools").status()).isEqualTo(200);
		assertThat(this.api.get("org-101", "/api/servers/" + id + "/health").status()).isEqualTo(200);

		assertThat(this.api.get("org-102", "/api/servers/" + id + "/tools").status()).isEqualTo(404);
		assertThat(this.api.get("org-102", "/api/servers/" + id + "/health").status()).isEqualTo(404);
	}

	@ParameterizedTest
	@ValueSource(strings = { "*", "org-1?2", "org-[0-9]*", "org-122:*", "a:b", "%2A", "{org-122}", "\"quoted\"", "\\" })
	void tenantOfAnyNameEvictsOnlyItsOwn(String orgId) {
		addTenant(orgId);
		this.api.get(orgId, "/api/agents");
		Answer neighbours = this.api.get("org-122", "/api/agents");
		changeBehindTheCache("org-122");

		Answer created = this.api.post(orgId, "/api/agents", DRAFT);

		assertThat(created.status()).isEqualTo(201);
		assertThat(this.api.get(orgId, "/api/agents").number("/total")).isOne();
		assertThat(this.api.get("org-122", "/api/agents").body()).as("still cached").isEqualTo(neighbours.body());
	}

	@Test
	void tenantWhoseNameBeginsAnothersEvictsOnlyItsOwn() {
		addTenant("org-12");
		this.api.get("org-12", "/api/agents");
		Answer neighbours = this.api.get("org-123", "/api/agents");
		changeBehindTheCache("org-123");

		this.api.post("org-12", "/api/agents", DRAFT);

		assertThat(this.api.get("org-12", "/api/agents").number("/total")).isOne();
		assertThat(this.api.get("org-123", "/api/agents").body()).as("still cached").isEqualTo(neighbours.body());
	}

	private void addTenant(String orgId) {
		this.jdbc.sql("insert into tenant (id, name, created_at) values (?, ?, now())").params(orgId, orgId).update();
	}

	private void changeBehindTheCache(String orgId) {
		this.jdbc.sql("""
				insert into agent (org_id, name, model, status, description, created_at, updated_at)
				values (?, 'A', 'x', 'ACTIVE', '', now(), now())
				""").param(orgId).update();
	}

}
