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

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import dev.cachestarter.CacheTag;
import dev.cachestarter.CacheTtl;
import dev.cachestarter.CacheableAll;

import org.springframework.cache.annotation.Cacheable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/**
 * The cached reads of servers. As with {@link AgentReads}, who may see what a server's
 * number leads to is for {@link ServerService} to check.
 */
@Repository
class ServerReads {

	private static final String HEALTH = """
			count(*) as heartbeats,
			count(*) filter (where answered) as answered,
			avg(latency_ms) filter (where answered) as latency,
			max(sent_at) as last_sent,
			max(sent_at) filter (where answered) as last_answered
			from server_heartbeat
			""";

	private final JdbcClient jdbc;

	private final Tenants tenants;

	ServerReads(JdbcClient jdbc, Tenants tenants) {
		this.jdbc = jdbc;
		this.tenants = tenants;
	}

	@Cacheable("servers:list")
	public List<Server> list(String orgId) {
		this.tenants.require(orgId);
		return this.jdbc.sql("select id, name, region, created_at from server where org_id = ? order by name, id")
			.param(orgId)
			.query((row, number) -> new Server(row.getLong("id"), row.getString("name"), row.getString("region"),
					row.getObject("created_at", OffsetDateTime.class).toInstant()))
			.list();
	}

	@Cacheable("servers:tools")
	@CacheTtl("#{#result.isEmpty() ? '30s' : '5m'}")
	@CacheTag("tool:#{#result.![name]}")
	public List<InstalledTool> tools(long serverId) {
		return this.jdbc.sql("""
				select tool.name, server_tool.version, tool.version as newest_version, installed_at
				from server_tool join tool on tool.name = server_tool.tool_name
				where server_id = ? order by tool.name
				""")
			.param(serverId)
			.query((row, number) -> new InstalledTool(row.getString("name"), row.getString("version"),
					row.getString("newest_version"), row.getObject("installed_at", OffsetDateTime.class).toInstant()))
			.list();
	}

	@Cacheable("servers:health")
	public ServerHealth health(long serverId) {
		return this.jdbc.sql("select " + HEALTH + "where server_id = ?")
			.param(serverId)
			.query((row, number) -> health(serverId, row))
			.single();
	}

	/** The same of several servers, with one read of the cache and at most one query. */
	@CacheableAll("servers:health")
	public Map<Long, ServerHealth> health(Collection<Long> serverIds) {
		Map<Long, ServerHealth> health = new HashMap<>();
		serverIds.forEach((id) -> health.put(id, new ServerHealth(id, ServerHealth.Status.DOWN, 0, 0, null)));
		this.jdbc.sql("select server_id, " + HEALTH + "where server_id in (:ids) group by server_id")
			.param("ids", serverIds)
			.query((row, number) -> health(row.getLong("server_id"), row))
			.list()
			.forEach((each) -> health.put(each.serverId(), each));
		return health;
	}

	private static ServerHealth health(long serverId, ResultSet row) throws SQLException {
		long heartbeats = row.getLong("heartbeats");
		if (heartbeats == 0) {
			return new ServerHealth(serverId, ServerHealth.Status.DOWN, 0, 0, null);
		}
		OffsetDateTime lastSent = row.getObject("last_sent", OffsetDateTime.class);
		boolean up = lastSent.equals(row.getObject("last_answered", OffsetDateTime.class));
		return new ServerHealth(serverId, up ? ServerHealth.Status.UP : ServerHealth.Status.DOWN,
				(double) row.getLong("answered") / heartbeats, Math.round(row.getDouble("latency")),
				lastSent.toInstant());
	}

}
