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
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.cache.annotation.Cacheable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/**
 * The cached reads of agents. Keys are made of the arguments, so a method takes all that
 * its answer depends on and nothing else.
 * <p>
 * Details and statistics are keyed by the agent alone and so cannot know who asks:
 * {@link AgentService} checks that on every call. It is a bean of its own because a call
 * within one bean does not pass the cache.
 */
@Repository
class AgentReads {

	static final String SELECT = """
			select id, org_id, name, model, status, description, created_at, updated_at from agent
			""";

	private static final String MATCHING = """
			where org_id = :orgId
				and (cast(:status as varchar) is null or status = :status)
				and (cast(:filter as varchar) is null or lower(name) like :filter escape '!')
			""";

	private static final String STATS = """
			select count(*) as runs,
				count(*) filter (where not succeeded) as failed,
				percentile_cont(0.5) within group (order by duration_ms) as median,
				percentile_cont(0.95) within group (order by duration_ms) as p95,
				sum(tokens) as tokens,
				sum(cost_cents) as cost,
				(select sum(run.cost_cents) from agent
					join agent colleague on colleague.org_id = agent.org_id
					join agent_run run on run.agent_id = colleague.id
					where agent.id = :agentId) as tenant_cost,
				max(started_at) as last_run
			from agent_run where agent_id = :agentId
			""";

	private final JdbcClient jdbc;

	private final Tenants tenants;

	AgentReads(JdbcClient jdbc, Tenants tenants) {
		this.jdbc = jdbc;
		this.tenants = tenants;
	}

	@Cacheable("agents:list")
	public Page<Agent> list(String orgId, AgentQuery query) {
		this.tenants.require(orgId);
		Map<String, @Nullable Object> params = new HashMap<>();
		params.put("orgId", orgId);
		params.put("status", (query.status() != null) ? query.status().name() : null);
		params.put("filter", (query.filter() != null) ? Text.anywhere(query.filter()) : null);
		params.put("limit", query.limit());
		params.put("offset", Page.offset(query.page(), query.limit()));
		long total = this.jdbc.sql("select count(*) from agent " + MATCHING).params(params).query(Long.class).single();
		List<Agent> agents = this.jdbc.sql(SELECT + MATCHING + "order by name, id limit :limit offset :offset")
			.params(params)
			.query(AgentReads::agent)
			.list();
		return new Page<>(agents, query.page(), query.limit(), total);
	}

	@Cacheable("agents:details")
	public @Nullable Agent details(long agentId) {
		return this.jdbc.sql(SELECT + "where id = ?").param(agentId).query(AgentReads::agent).optional().orElse(null);
	}

	@Cacheable("agents:stats")
	public AgentStats stats(long agentId) {
		return this.jdbc.sql(STATS).param("agentId", agentId).query((row, number) -> stats(agentId, row)).single();
	}

	static Agent agent(ResultSet row, int number) throws SQLException {
		return new Agent(row.getLong("id"), row.getString("org_id"), row.getString("name"), row.getString("model"),
				AgentStatus.valueOf(row.getString("status")), row.getString("description"),
				row.getObject("created_at", OffsetDateTime.class).toInstant(),
				row.getObject("updated_at", OffsetDateTime.class).toInstant());
	}

	private static AgentStats stats(long agentId, ResultSet row) throws SQLException {
		long cost = row.getLong("cost");
		long tenantCost = row.getLong("tenant_cost");
		OffsetDateTime lastRun = row.getObject("last_run", OffsetDateTime.class);
		Instant lastRunAt = (lastRun != null) ? lastRun.toInstant() : null;
		return new AgentStats(agentId, row.getLong("runs"), row.getLong("failed"), Math.round(row.getDouble("median")),
				Math.round(row.getDouble("p95")), row.getLong("tokens"), cost,
				(tenantCost != 0) ? (double) cost / tenantCost : 0, lastRunAt);
	}

}
