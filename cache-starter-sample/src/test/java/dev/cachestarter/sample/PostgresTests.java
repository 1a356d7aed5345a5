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
import java.util.List;
import java.util.Map;
import java.util.Set;

import dev.cachestarter.sample.Api.Answer;
import dev.cachestarter.sample.measure.Measured;
import dev.cachestarter.sample.measure.Measurement;
import dev.cachestarter.sample.measure.Plan;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * Tests the sample on PostgreSQL, with the rows of the seed alone. Skipped where none can
 * be started; {@code mvn -Ppostgres verify} brings one.
 */
class PostgresTests {

	private static final List<String> PATHS = List.of("/api/agents", "/api/agents?page=3&limit=7",
			"/api/agents?limit=5&filter=order", "/api/agents?status=PAUSED&limit=100", "/api/agents?filter=100%25",
			"/api/agents?page=9999", "/api/tools/definitions", "/api/tools/definitions?filter=PLAYWRIGHT&limit=5",
			"/api/tools/definitions?page=2&limit=100", "/api/servers", "/api/tenants");

	private static ConfigurableApplicationContext application;

	private static Api api;

	@BeforeAll
	static void start() {
		String obstacle = EmbeddedPostgres.obstacle();
		Assumptions.assumeTrue(obstacle == null, obstacle);
		application = startApplication("postgres");
		api = api(application);
	}

	@AfterAll
	static void stop() {
		if (application != null) {
			application.close();
		}
	}

	@Test
	void answersAsTheEmbeddedDatabaseDoes() {
		try (ConfigurableApplicationContext other = startApplication("default",
				"--spring.datasource.url=jdbc:h2:mem:compared;MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE;DEFAULT_NULL_ORDERING=HIGH")) {
			Api embedded = api(other);
			assertThat(embedded.get("org-123", "/api/agents").number("/total")).isPositive();

			for (String path : PATHS) {
				assertSame(embedded, path);
			}
			for (int item = 0; item < 20; item++) {
				String agent = "/api/agents/" + embedded.get("org-123", "/api/agents").number("/items/" + item + "/id");
				assertSame(embedded, agent);
				assertSame(embedded, agent + "/stats");
			}
			for (int item = 0; item < embedded.get("org-123", "/api/servers").body().size(); item++) {
				String server = "/api/servers/" + embedded.get("org-123", "/api/servers").number("/" + item + "/id");
				assertSame(embedded, server + "/tools");
				assertSame(embedded, server + "/health");
			}
		}
	}

	private static void assertSame(Api embedded, String path) {
		Answer expected = embedded.get("org-123", path);
		Answer actual = api.get("org-123", path);

		assertThat(expected.status()).as(path).isEqualTo(200);
		assertThat(actual.status()).as(path).isEqualTo(200);
		assertThat(actual.body()).as(path).isEqualTo(expected.body());
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
		long runs = count(application, "agent_run");
		JdbcConnectionDetails database = application.getBean(JdbcConnectionDetails.class);

		try (ConfigurableApplicationContext second = startApplication("postgres",
				"--POSTGRES_URL=" + database.getJdbcUrl(), "--POSTGRES_USER=" + database.getUsername(),
				"--POSTGRES_PASSWORD=" + database.getPassword())) {
			assertThat(second.getBeansOfType(EmbeddedPostgres.class)).isEmpty();
			assertThat(count(second, "agent")).isGreaterThanOrEqualTo(20_000);
			assertThat(count(second, "agent_run")).isEqualTo(runs);
		}
	}

	@Test
	void aShortRunMeasuresEveryLineOfTheTable() {
		Measured measured = application.getBean(Measurement.class)
			.run(new Plan(20, Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ofSeconds(4), 1));

		assertThat(measured.table()).extracting(Measured.Line::what)
			.containsExactly("P50 of all reads", "P95 of all reads", "P50 of hits", "P95 of hits",
					"Database queries a second", "Time in the database, a second", "Hit ratio, frequent reads: tools",
					"Hit ratio, medium reads: agents", "Hit ratio, rare reads: single servers");
		assertThat(measured.markdown().lines().filter((line) -> line.startsWith("|"))).hasSize(11)
			.allMatch((line) -> line.chars().filter((character) -> character == '|').count() == 8);
		assertThat(measured.without().hitShare()).isZero();
		assertThat(measured.without().hitP50()).isPositive();
		assertThat(measured.with().hitShare()).isBetween(0.1, 0.99);
		assertThat(measured.without().reads()).isEqualTo(measured.with().reads()).isBetween(40, 120);
		assertThat(measured.without().failed() + measured.with().failed()).isZero();
		assertThat(measured.with().queriesPerSecond()).isPositive().isLessThan(measured.without().queriesPerSecond());
		assertThat(measured.hitRatios().keySet()).containsAll(Set.of("tools:definitions", "agents:details"));
	}

	@Test
	void queriesAreThoseThatTheDatabaseCounts() {
		// What a request executes is known: the tenant, the number of agents, the agents.
		Map<String, Object> before = statements();

		for (int page = 50; page < 60; page++) {
			api.get("org-124", "/api/agents?limit=2&page=" + page);
		}

		Map<String, Object> after = statements();
		assertThat(((Number) after.get("calls")).longValue() - ((Number) before.get("calls")).longValue())
			.isEqualTo(30);
	}

	private static Map<String, Object> statements() {
		return application.getBean(JdbcClient.class).sql("""
				select coalesce(sum(calls), 0) as calls from pg_stat_statements
				where dbid = (select oid from pg_database where datname = current_database())
					and query not like '%pg_stat_statements%'
				""").query().singleRow();
	}

	@Test
	void aPlanThatMeasuresNothingIsRefused() {
		assertThatIllegalArgumentException()
			.isThrownBy(() -> new Plan(0, Duration.ZERO, Duration.ZERO, Duration.ofSeconds(1), 1))
			.withMessage("'measure.rate' must be between 1 and 500, and is 0");
		assertThatIllegalArgumentException()
			.isThrownBy(() -> new Plan(1, Duration.ZERO, Duration.ZERO, Duration.ZERO, 1))
			.withMessageContaining("'measure.time' must be longer than 0s");
	}

	private static ConfigurableApplicationContext startApplication(String profile, String... args) {
		return new SpringApplicationBuilder(SampleApplication.class).profiles(profile)
			.properties(Map.of("server.port", "0", "sample.fill", "false", "cache-starter.connection.command-timeout",
					"10s", "cache-starter.connection.connect-timeout", "10s"))
			.run(args);
	}

	private static Api api(ConfigurableApplicationContext context) {
		return new Api(context.getEnvironment().getRequiredProperty("local.server.port", Integer.class));
	}

	private static long count(ConfigurableApplicationContext context, String table) {
		return context.getBean(JdbcClient.class).sql("select count(*) from " + table).query(Long.class).single();
	}

}
