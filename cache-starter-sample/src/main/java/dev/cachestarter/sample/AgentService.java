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

import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Objects;

import dev.cachestarter.CacheEvictPattern;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.GeneratedKeyHolder;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/**
 * The agents of a tenant. Whoever asks for another tenant's agent is told that there is
 * none.
 * <p>
 * A change takes with it all that it made wrong: the agent's details and statistics, and
 * every page of its tenant's lists. Evictions take effect after the commit and not at all
 * after a rollback.
 */
@Service
class AgentService {

	private final AgentReads reads;

	private final Tenants tenants;

	private final JdbcClient jdbc;

	AgentService(AgentReads reads, Tenants tenants, JdbcClient jdbc) {
		this.reads = reads;
		this.tenants = tenants;
		this.jdbc = jdbc;
	}

	Page<Agent> list(String orgId, AgentQuery query) {
		return this.reads.list(orgId, query);
	}

	Agent get(String orgId, long agentId) {
		Agent agent = this.reads.details(agentId);
		if (agent == null || !agent.orgId().equals(orgId)) {
			throw noSuchAgent(orgId, agentId);
		}
		return agent;
	}

	AgentStats stats(String orgId, long agentId) {
		return this.reads.stats(get(orgId, agentId).id());
	}

	/**
	 * Create an agent. Its id may have been asked for before it existed, and the answer
	 * that there is none may be cached: so that goes too.
	 * @param orgId the tenant
	 * @param draft what is known of the agent
	 * @return the agent
	 */
	@Transactional
	@CacheEvict(cacheNames = { "agents:details", "agents:stats" }, key = "#result.id")
	@CacheEvictPattern(cacheNames = "agents:list", pattern = "#{#orgId}:*")
	public Agent create(String orgId, AgentDraft draft) {
		this.tenants.require(orgId);
		OffsetDateTime now = now();
		GeneratedKeyHolder id = new GeneratedKeyHolder();
		this.jdbc.sql("""
				insert into agent (org_id, name, model, status, description, created_at, updated_at)
				values (?, ?, ?, ?, ?, ?, ?)
				""")
			.params(orgId, draft.name(), draft.model(), draft.status().name(), draft.description(), now, now)
			.update(id, "id");
		return read(Objects.requireNonNull(id.getKey()).longValue());
	}

	@Transactional
	@CacheEvict(cacheNames = { "agents:details", "agents:stats" }, key = "#agentId")
	@CacheEvictPattern(cacheNames = "agents:list", pattern = "#{#orgId}:*")
	public Agent update(String orgId, long agentId, AgentDraft draft) {
		int changed = this.jdbc.sql("""
				update agent set name = ?, model = ?, status = ?, description = ?, updated_at = ?
				where id = ? and org_id = ?
				""")
			.params(draft.name(), draft.model(), draft.status().name(), draft.description(), now(), agentId, orgId)
			.update();
		if (changed == 0) {
			throw noSuchAgent(orgId, agentId);
		}
		return read(agentId);
	}

	@Transactional
	@CacheEvict(cacheNames = { "agents:details", "agents:stats" }, key = "#agentId")
	@CacheEvictPattern(cacheNames = "agents:list", pattern = "#{#orgId}:*")
	public void delete(String orgId, long agentId) {
		int deleted = this.jdbc.sql("delete from agent where id = ? and org_id = ?").params(agentId, orgId).update();
		if (deleted == 0) {
			throw noSuchAgent(orgId, agentId);
		}
	}

	/**
	 * Read what this transaction wrote: from the database, as the cache is for what has
	 * been committed.
	 */
	private Agent read(long agentId) {
		return this.jdbc.sql(AgentReads.SELECT + "where id = ?").param(agentId).query(AgentReads::agent).single();
	}

	private static OffsetDateTime now() {
		return OffsetDateTime.now(ZoneOffset.UTC).truncatedTo(ChronoUnit.MICROS);
	}

	private static NotFoundException noSuchAgent(String orgId, long agentId) {
		return new NotFoundException("The tenant '" + orgId + "' has no agent " + agentId + ".");
	}

}
