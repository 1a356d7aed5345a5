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

import dev.cachestarter.engine.key.CacheKeys;
import org.jspecify.annotations.Nullable;

import org.springframework.stereotype.Component;

/**
 * The keys of the platform's caches, for code that uses the
 * {@link dev.cachestarter.CacheService} directly. They are those that the annotated
 * methods use, so both see the same entries, and no name of a tenant, {@code *} among
 * them, makes a key or a pattern reach into another's.
 */
@Component
class PlatformCacheKeys {

	private final CacheKeys keys;

	PlatformCacheKeys(CacheKeys keys) {
		this.keys = keys;
	}

	/**
	 * Return the key of a page of a tenant's agents.
	 * @param orgId the tenant
	 * @param params what is listed, the first page if absent
	 * @return the key
	 */
	String agentList(String orgId, @Nullable AgentQuery params) {
		return "agents:list:" + this.keys.text(orgId, (params != null) ? params : AgentQuery.FIRST_PAGE);
	}

	/**
	 * Return the pattern of all pages of a tenant's agents.
	 * @param orgId the tenant
	 * @return the pattern
	 */
	String agentListPattern(String orgId) {
		return "agents:list:" + this.keys.under(orgId).glob();
	}

	/**
	 * Return the key of an agent's details.
	 * @param agentId the agent
	 * @return the key
	 */
	String agentDetails(long agentId) {
		return "agents:details:" + this.keys.text(agentId);
	}

	/**
	 * Return the key of an agent's statistics.
	 * @param agentId the agent
	 * @return the key
	 */
	String agentStats(long agentId) {
		return "agents:stats:" + this.keys.text(agentId);
	}

	/**
	 * Return the key of a part of the tool catalogue.
	 * @param params what is listed, the whole of it if absent
	 * @return the key
	 */
	String toolDefinitions(@Nullable ToolQuery params) {
		return "tools:definitions:" + this.keys.text((params != null) ? params : ToolQuery.ALL);
	}

	/**
	 * Return the pattern of all parts of the tool catalogue.
	 * @return the pattern
	 */
	String toolDefinitionsPattern() {
		return "tools:definitions:*";
	}

	/**
	 * Return the key of the tools installed on a server.
	 * @param serverId the server
	 * @return the key
	 */
	String serverTools(long serverId) {
		return "servers:tools:" + this.keys.text(serverId);
	}

	/**
	 * Return the key of a tenant's servers.
	 * @param orgId the tenant
	 * @return the key
	 */
	String serverList(String orgId) {
		return "servers:list:" + this.keys.text(orgId);
	}

	/**
	 * Return the key of a server's health.
	 * @param serverId the server
	 * @return the key
	 */
	String serverHealth(long serverId) {
		return "servers:health:" + this.keys.text(serverId);
	}

}
