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

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

import jakarta.validation.constraints.Size;
import org.jspecify.annotations.Nullable;

import org.springframework.core.ParameterizedTypeReference;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

import dev.cachestarter.CacheService;

/**
 * Some servers that have a tool and some that do not, over HTTP, and whether their lists
 * are cached, so that one can see which of them a new version of the tool takes.
 */
@RestController
class ToolEntryController {

	private static final ParameterizedTypeReference<List<InstalledTool>> TOOLS = new ParameterizedTypeReference<>() {
	};

	private final CacheService cache;

	private final PlatformCacheKeys keys;

	private final JdbcClient jdbc;

	ToolEntryController(CacheService cache, PlatformCacheKeys keys, JdbcClient jdbc) {
		this.cache = cache;
		this.keys = keys;
		this.jdbc = jdbc;
	}

	/**
	 * Tell of a tool.
	 * @param name the tool, that of most tenants if absent
	 * @return what is known of it, and of some servers
	 */
	@GetMapping("/api/entries/tool")
	ToolEntries entries(@RequestParam(required = false) @Size(max = 214) @Nullable String name) {
		String tool = Optional.ofNullable(name).orElseGet(this::mostInstalled);
		String version = this.jdbc.sql("select version from tool where name = ?")
			.param(tool)
			.query(String.class)
			.optional()
			.orElseThrow(() -> new NotFoundException("There is no tool '" + tool + "'."));
		List<Entry> entries = new ArrayList<>();
		this.jdbc.sql("""
				select min(server.id) as id, org_id from server join server_tool on server_id = server.id
				where tool_name = ? group by org_id order by org_id limit 4
				""")
			.param(tool)
			.query((row, number) -> entry(row.getString("org_id"), row.getLong("id"), true))
			.list()
			.forEach(entries::add);
		this.jdbc.sql("""
				select min(server.id) as id, org_id from server
				where not exists (select 1 from server_tool where server_id = server.id and tool_name = ?)
				group by org_id order by org_id limit 2
				""")
			.param(tool)
			.query((row, number) -> entry(row.getString("org_id"), row.getLong("id"), false))
			.list()
			.forEach(entries::add);
		return new ToolEntries(this.cache.isEnabled(), tool, version, entries);
	}

	private String mostInstalled() {
		return this.jdbc.sql("""
				select tool_name from server_tool join server on server.id = server_id
				group by tool_name order by count(distinct org_id) desc, tool_name limit 1
				""").query(String.class).single();
	}

	private Entry entry(String orgId, long server, boolean carries) {
		String key = this.keys.serverTools(server);
		return new Entry(orgId, server, key, carries, this.cache.get(key, TOOLS).isPresent());
	}

	/**
	 * What was found.
	 *
	 * @param known whether Redis is used
	 * @param tool the name of the tool
	 * @param version its newest version
	 * @param entries lists of servers
	 */
	record ToolEntries(boolean known, String tool, String version, List<Entry> entries) {

	}

	/**
	 * The list of the tools of a server.
	 *
	 * @param orgId the tenant of the server
	 * @param server the server
	 * @param key the key in Redis
	 * @param carries whether the tool is on the list
	 * @param cached whether readers get it from the cache
	 */
	record Entry(String orgId, long server, String key, boolean carries, boolean cached) {

	}

}
