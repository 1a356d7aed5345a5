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

package dev.cachestarter;

import java.util.List;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;

/**
 * The code that the README and several pages of {@code docs} show. It is compiled and not
 * run.
 */
@SuppressWarnings("unused")
final class AgentsExample {

	private AgentsExample() {
	}

	record Agent(String id, String name) {

	}

	record NewAgent(String name) {

	}

	record AgentQuery(int page, int limit) {

	}

	interface Database {

		List<Agent> list(String orgId, AgentQuery query);

		Agent insert(String orgId, NewAgent agent);

		Agent find(String agentId);

		void rename(String agentId, String name);

	}

	// @formatter:off
	static class Agents {

		private final Database database;

		Agents(Database database) {
			this.database = database;
		}

		@Cacheable("agents:list")
		public List<Agent> list(String orgId, AgentQuery query) {
			return this.database.list(orgId, query);
		}

		@CacheEvictPattern(cacheNames = "agents:list", pattern = "#{#orgId}:*")
		public Agent create(String orgId, NewAgent agent) {
			return this.database.insert(orgId, agent);
		}

		@Cacheable("agents:details")
		public Agent find(String agentId) {
			return this.database.find(agentId);
		}

		@CacheEvict(cacheNames = "agents:details", key = "#agentId")
		public void rename(String agentId, String name) {
			this.database.rename(agentId, name);
		}

	}

	static class Evictions {

		// One key
		@CacheEvict(cacheNames = "agents:details", key = "#agentId")
		public void rename(String agentId, String name) {
		}

		// All pages of one tenant
		@CacheEvictPattern(cacheNames = "agents:list", pattern = "#{#orgId}:*")
		public void create(String orgId, NewAgent agent) {
		}

		// The same, with Spring's own annotation
		@CacheEvict(cacheNames = "agents:list", key = "@cacheKeys.under(#orgId)")
		public void copy(String orgId, String agentId) {
		}

		// The whole cache
		@CacheEvict(cacheNames = "tools:definitions", allEntries = true)
		public void reloadCatalogue() {
		}

	}
	// @formatter:on

	static void outage(Agents agents) {
		agents.rename("42", "Ada"); // Redis is down: the method runs and returns
		agents.find("42"); // bypasses the cache, and finds the new name
	}

}
