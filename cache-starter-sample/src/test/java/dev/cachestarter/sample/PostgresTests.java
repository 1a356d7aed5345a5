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
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests the sample on PostgreSQL.
 */
@EnabledIf(value = "dev.cachestarter.sample.PostgresServer#available",
		disabledReason = "initdb and postgres are not on the PATH")
class PostgresTests {

	private static PostgresServer postgres;

	private static ConfigurableApplicationContext application;

	private static Api api;

	@BeforeAll
	static void start() {
		postgres = PostgresServer.start();
		application = startApplication();
		api = new Api(application.getEnvironment().getRequiredProperty("local.server.port", Integer.class));
	}

	@AfterAll
	static void stop() {
		application.close();
		postgres.close();
	}

	@Test
	void servesWhatTheEmbeddedDatabaseDoes() {
		Answer list = api.get("org-123", "/api/agents?limit=5&filter=order");
		String agent = "/api/agents/" + list.number("/items/0/id");
		String server = "/api/servers/" + api.get("org-123", "/api/servers").number("/0/id");

		assertThat(list.body().at("/items")).hasSize(5);
		assertThat(api.get("org-123", agent).body()).isEqualTo(list.body().at("/items/0"));
		assertThat(api.get("org-123", agent + "/stats").number("/runs")).isPositive();
		assertThat(api.get("org-123", "/api/agents?status=PAUSED").number("/total")).isPositive();
		assertThat(api.get("/api/tools/definitions").number("/total")).isEqualTo(924);
		assertThat(api.get("org-123", server + "/tools").body()).isNotEmpty();
		assertThat(api.get("org-123", server + "/health").text("/status")).isEqualTo("UP");
	}

	@Test
	void takesChanges() {
		Answer created = api.post("org-150", "/api/agents", "{\"name\":\"Ünïcode ✓\",\"model\":\"small-8b\"}");
		String path = "/api/agents/" + created.number("/id");

		assertThat(created.status()).isEqualTo(201);
		assertThat(api.get("org-150", path).body()).isEqualTo(created.body());
		assertThat(api.get("org-150", path + "/stats").number("/runs")).isZero();
		assertThat(api.put("org-150", path, "{\"name\":\"after\",\"model\":\"small-8b\"}").status()).isEqualTo(200);
		assertThat(api.get("org-150", path).text("/name")).isEqualTo("after");
		assertThat(api.delete("org-150", path).status()).isEqualTo(204);
		assertThat(api.get("org-150", path).status()).isEqualTo(404);
	}

	@Test
	void secondApplicationFindsWhatTheFirstSeeded() {
		long agents = count(application, "agent");
		long runs = count(application, "agent_run");

		try (ConfigurableApplicationContext second = startApplication()) {
			assertThat(count(second, "agent")).isEqualTo(agents).isGreaterThanOrEqualTo(20_000);
			assertThat(count(second, "agent_run")).isEqualTo(runs);
		}
	}

	private static ConfigurableApplicationContext startApplication() {
		return new SpringApplicationBuilder(SampleApplication.class).profiles("postgres")
			.run("--server.port=0", "--POSTGRES_URL=" + postgres.url());
	}

	private static long count(ConfigurableApplicationContext context, String table) {
		return context.getBean(JdbcClient.class).sql("select count(*) from " + table).query(Long.class).single();
	}

}
