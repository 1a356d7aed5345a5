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

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

import org.flywaydb.core.api.MigrationVersion;
import org.flywaydb.core.api.migration.Context;
import org.flywaydb.core.api.migration.JavaMigration;
import org.jspecify.annotations.Nullable;

import org.springframework.core.io.ClassPathResource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;
import org.springframework.stereotype.Component;

/**
 * Fills a new database with the tenants, agents, runs and servers of a made-up platform,
 * the same ones every time, and with a catalogue of real tools. As a migration it runs
 * once per database, however many instances start on it.
 */
@Component
class SeedMigration implements JavaMigration {

	static final int TENANTS = 60;

	private static final int FIRST_TENANT = 101;

	private static final int BATCH = 1000;

	private static final Instant NOW = Instant.parse("2026-11-01T00:00:00Z");

	private static final List<String> TASKS = List.of("Invoice", "Ticket", "Contract", "Order", "Release", "Incident",
			"Payroll", "Newsletter", "Inventory", "Claims", "Audit", "Onboarding", "Travel", "Forecast", "Backup",
			"Translation");

	private static final List<String> ROLES = List.of("triage", "review", "summary", "routing", "drafting", "matching",
			"check", "archive", "alerting", "planning");

	private static final List<String> MODELS = List.of("small-8b", "medium-32b", "large-70b", "vision-12b", "code-34b");

	private static final List<String> REGIONS = List.of("eu-central", "eu-west", "us-east", "us-west", "ap-south");

	@Override
	public MigrationVersion getVersion() {
		return MigrationVersion.fromVersion("2");
	}

	@Override
	public String getDescription() {
		return "seed";
	}

	@Override
	public @Nullable Integer getChecksum() {
		return null;
	}

	@Override
	public boolean canExecuteInTransaction() {
		return true;
	}

	@Override
	public void migrate(Context context) {
		JdbcTemplate jdbc = new JdbcTemplate(new SingleConnectionDataSource(context.getConnection(), true));
		SplittableRandom random = new SplittableRandom(2026);
		List<ToolDefinition> catalogue = readCatalogue();
		seedTools(jdbc, catalogue);
		seedTenants(jdbc);
		seedAgents(jdbc, random);
		seedServers(jdbc, random, catalogue);
	}

	private void seedTools(JdbcTemplate jdbc, List<ToolDefinition> catalogue) {
		Rows tools = new Rows(jdbc, "insert into tool (name, version, downloads_per_month) values (?, ?, ?)");
		for (ToolDefinition tool : catalogue) {
			tools.add(tool.name(), tool.version(), tool.downloadsPerMonth());
		}
		tools.flush();
	}

	private void seedTenants(JdbcTemplate jdbc) {
		Rows tenants = new Rows(jdbc, "insert into tenant (id, name, created_at) values (?, ?, ?)");
		for (int tenant = 0; tenant < TENANTS; tenant++) {
			tenants.add(orgId(tenant), "Organisation " + (FIRST_TENANT + tenant),
					before(Duration.ofDays(900 - tenant)));
		}
		tenants.flush();
	}

	private void seedAgents(JdbcTemplate jdbc, SplittableRandom random) {
		Rows agents = new Rows(jdbc, """
				insert into agent (id, org_id, name, model, status, description, created_at, updated_at)
				values (?, ?, ?, ?, ?, ?, ?, ?)
				""");
		Rows runs = new Rows(jdbc, """
				insert into agent_run (agent_id, number, started_at, duration_ms, succeeded, tokens, cost_cents)
				values (?, ?, ?, ?, ?, ?, ?)
				""");
		long id = 0;
		for (int tenant = 0; tenant < TENANTS; tenant++) {
			int count = random.nextInt(150, 600);
			for (int number = 1; number <= count; number++) {
				id++;
				String task = any(TASKS, random);
				String role = any(ROLES, random);
				OffsetDateTime created = before(Duration.ofMinutes(random.nextInt(43_200, 600_000)));
				agents.add(id, orgId(tenant), task + " " + role + " " + number, any(MODELS, random),
						status(random).name(), task + " " + role + ", on its own.", created,
						created.plusMinutes(random.nextInt(43_200)));
				int runCount = random.nextInt(7);
				for (int run = 1; run <= runCount; run++) {
					int millis = 200 + (int) (1000 * -Math.log(1 - random.nextDouble()));
					int tokens = random.nextInt(200, 20_000);
					runs.add(id, run, before(Duration.ofSeconds(random.nextInt(2_592_000))), millis,
							random.nextInt(20) != 0, tokens, 1 + tokens / 500);
				}
			}
			agents.flush();
			runs.flush();
		}
		jdbc.execute("alter table agent alter column id restart with " + (id + 1));
	}

	private void seedServers(JdbcTemplate jdbc, SplittableRandom random, List<ToolDefinition> catalogue) {
		Rows servers = new Rows(jdbc,
				"insert into server (id, org_id, name, region, created_at) values (?, ?, ?, ?, ?)");
		Rows tools = new Rows(jdbc,
				"insert into server_tool (server_id, tool_name, version, installed_at) values (?, ?, ?, ?)");
		Rows heartbeats = new Rows(jdbc,
				"insert into server_heartbeat (server_id, sent_at, answered, latency_ms) values (?, ?, ?, ?)");
		Popularity popularity = new Popularity(catalogue);
		long id = 0;
		for (int tenant = 0; tenant < TENANTS; tenant++) {
			int count = random.nextInt(3, 10);
			for (int number = 1; number <= count; number++) {
				id++;
				String region = any(REGIONS, random);
				servers.add(id, orgId(tenant), region + "-" + number, region,
						before(Duration.ofDays(random.nextInt(100, 600))));
				for (ToolDefinition tool : popularity.draw(random, random.nextInt(3, 20))) {
					String version = (random.nextInt(4) != 0) ? tool.version() : "0.0.1";
					tools.add(id, tool.name(), version, before(Duration.ofHours(random.nextInt(2_400))));
				}
				boolean down = random.nextInt(25) == 0;
				for (int minute = 0; minute < 30; minute++) {
					boolean answered = (minute > 0 || !down) && random.nextInt(60) != 0;
					heartbeats.add(id, before(Duration.ofMinutes(minute)), answered, random.nextInt(2, 90));
				}
			}
		}
		servers.flush();
		tools.flush();
		heartbeats.flush();
		jdbc.execute("alter table server alter column id restart with " + (id + 1));
	}

	private static String orgId(int tenant) {
		return "org-" + (FIRST_TENANT + tenant);
	}

	private static AgentStatus status(SplittableRandom random) {
		return switch (random.nextInt(10)) {
			case 0 -> AgentStatus.ARCHIVED;
			case 1, 2 -> AgentStatus.PAUSED;
			default -> AgentStatus.ACTIVE;
		};
	}

	private static OffsetDateTime before(Duration age) {
		return NOW.minus(age).atOffset(ZoneOffset.UTC);
	}

	private static <T> T any(List<T> choices, SplittableRandom random) {
		return choices.get(random.nextInt(choices.size()));
	}

	private static List<ToolDefinition> readCatalogue() {
		ClassPathResource csv = new ClassPathResource("data/mcp-packages.csv");
		try (BufferedReader reader = new BufferedReader(
				new InputStreamReader(csv.getInputStream(), StandardCharsets.UTF_8))) {
			return reader.lines()
				.skip(1)
				.map((line) -> line.split(","))
				.map((fields) -> ToolDefinition.of(fields[0], fields[1], Long.parseLong(fields[2])))
				.toList();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Draws tools as often as they are downloaded.
	 */
	private static final class Popularity {

		private final List<ToolDefinition> tools;

		private final long total;

		Popularity(List<ToolDefinition> tools) {
			this.tools = tools;
			this.total = tools.stream().mapToLong(ToolDefinition::downloadsPerMonth).sum();
		}

		Set<ToolDefinition> draw(SplittableRandom random, int count) {
			Set<ToolDefinition> drawn = new LinkedHashSet<>();
			while (drawn.size() < count) {
				drawn.add(draw(random));
			}
			return drawn;
		}

		private ToolDefinition draw(SplittableRandom random) {
			long left = random.nextLong(this.total);
			for (ToolDefinition tool : this.tools) {
				left -= tool.downloadsPerMonth();
				if (left < 0) {
					return tool;
				}
			}
			throw new IllegalStateException("The downloads do not add up");
		}

	}

	/**
	 * Rows of a table, inserted many at a time.
	 */
	private static final class Rows {

		private final JdbcTemplate jdbc;

		private final String insert;

		private final List<Object[]> rows = new ArrayList<>();

		Rows(JdbcTemplate jdbc, String insert) {
			this.jdbc = jdbc;
			this.insert = insert;
		}

		void add(Object... row) {
			this.rows.add(row);
		}

		void flush() {
			for (int from = 0; from < this.rows.size(); from += BATCH) {
				this.jdbc.batchUpdate(this.insert, this.rows.subList(from, Math.min(from + BATCH, this.rows.size())));
			}
			this.rows.clear();
		}

	}

}
