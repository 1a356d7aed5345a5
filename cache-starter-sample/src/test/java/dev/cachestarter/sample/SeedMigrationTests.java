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

import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link SeedMigration}.
 */
class SeedMigrationTests {

	private final SingleConnectionDataSource database = new SingleConnectionDataSource(
			"jdbc:h2:mem:seed;MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE", true);

	private final JdbcClient jdbc = JdbcClient.create(this.database);

	@BeforeEach
	void migrate() {
		Flyway.configure().dataSource(this.database).javaMigrations(new SeedMigration()).load().migrate();
	}

	@AfterEach
	void close() {
		this.database.destroy();
	}

	@Test
	void seedsTheSameRowsEveryTime() {
		assertThat(Stream.of("tenant", "agent", "agent_run", "tool", "server", "server_tool", "server_heartbeat")
			.map(this::count)).containsExactly(60L, 20_720L, 61_722L, 924L, 357L, 3_865L, 10_710L);
		assertThat(this.jdbc.sql("select sum(tokens) from agent_run").query(Long.class).single())
			.isEqualTo(624_377_856L);
		assertThat(this.jdbc.sql("select name from agent where id = 12345").query(String.class).single())
			.isEqualTo("Contract triage 253");
	}

	@Test
	void newAgentsGetNumbersOfTheirOwn() {
		long last = this.jdbc.sql("select max(id) from agent").query(Long.class).single();

		this.jdbc.sql("""
				insert into agent (org_id, name, model, status, description, created_at, updated_at)
				values ('org-101', '', '', '', '', now(), now())
				""").update();

		assertThat(this.jdbc.sql("select max(id) from agent").query(Long.class).single()).isEqualTo(last + 1);
	}

	private long count(String table) {
		return this.jdbc.sql("select count(*) from " + table).query(Long.class).single();
	}

}
