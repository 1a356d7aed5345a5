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

import java.util.List;

import dev.cachestarter.test.TestCache;
import dev.cachestarter.test.WithTestRedis;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.cache.CacheManager;
import org.springframework.jdbc.core.simple.JdbcClient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests that a change of a tool takes what shows it, of all tenants. An example of
 * {@code docs/testing.md}.
 */
@SpringBootTest(properties = { "cache-starter.connection.command-timeout=5s",
		"spring.datasource.url="
				+ "jdbc:h2:mem:tool-tags;MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE;DEFAULT_NULL_ORDERING=HIGH" })
@WithTestRedis
class ToolTagTests {

	private static final String TOOL = "@playwright/mcp";

	@Autowired
	private ServerReads servers;

	@Autowired
	private ToolReads tools;

	@Autowired
	private ToolService service;

	@Autowired
	private JdbcClient jdbc;

	private final TestCache lists;

	private final TestCache catalogue;

	ToolTagTests(@Autowired CacheManager cacheManager) {
		this.lists = TestCache.of(cacheManager, "servers:tools");
		this.catalogue = TestCache.of(cacheManager, "tools:definitions");
	}

	@Test
	void aNewVersionOfAToolEvictsTheListsOfAllTenantsThatShowIt() {
		long here = serverWithTheTool("min");
		long there = serverWithTheTool("max");
		long without = serverWithoutTheTool();
		List.of(here, there, without).forEach(this.servers::tools);

		assertThat(this.lists).hasTags(String.valueOf(here), "tool:" + TOOL);
		assertThat(this.lists).isEvictedBy(() -> this.service.release(TOOL, "1.2.3"), String.valueOf(here),
				String.valueOf(there));

		assertThat(this.lists).hasOnlyKeys(String.valueOf(without));
		assertThat(this.servers.tools(there)).filteredOn((tool) -> tool.name().equals(TOOL))
			.extracting(InstalledTool::newestVersion)
			.containsExactly("1.2.3");
	}

	@Test
	void theCatalogueIsEvictedWithIt() {
		this.tools.definitions(ToolQuery.ALL);
		assertThat(this.catalogue).hasKeys("{\"limit\":1000,\"page\":1}");

		this.service.release(TOOL, "1.2.4");

		assertThat(this.catalogue).isEmpty();
		assertThat(this.tools.definitions(ToolQuery.ALL).items()).contains(this.service.release(TOOL, "1.2.4"));
	}

	@Test
	void aToolThatDoesNotExistEvictsNothing() {
		long server = serverWithTheTool("min");
		this.servers.tools(server);

		assertThat(this.lists).isKeptBy(() -> assertThatExceptionOfType(NotFoundException.class)
			.isThrownBy(() -> this.service.release("no-such-tool", "1")), String.valueOf(server));
	}

	/** The first or the last server that has it, of two tenants. */
	private long serverWithTheTool(String which) {
		return this.jdbc.sql("select " + which + "(server_id) from server_tool where tool_name = ?")
			.param(TOOL)
			.query(Long.class)
			.single();
	}

	private long serverWithoutTheTool() {
		return this.jdbc.sql("""
				select min(id) from server
				where not exists (select 1 from server_tool where server_id = id and tool_name = ?)
				""").param(TOOL).query(Long.class).single();
	}

}
