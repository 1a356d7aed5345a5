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

package dev.cachestarter.benchmark.peer;

import java.util.List;

import org.springframework.cache.annotation.Cacheable;

/**
 * The service as an application writes it: with Spring's annotations.
 */
class CachedAgents implements Agents {

	static final String AGENT = "agents:details";

	static final String LIST = "agents:list";

	static final String TAGGED = "agents:tagged";

	static final String EXPORT = "agents:export";

	@Override
	@Cacheable(AGENT)
	public Agent find(String orgId, int number) {
		return AgentSource.agent();
	}

	@Override
	@Cacheable(LIST)
	public List<Agent> list(String orgId, int page) {
		return AgentSource.twenty();
	}

	@Override
	@Cacheable(cacheNames = LIST, sync = true)
	public List<Agent> listInTurn(String orgId, int page) {
		return AgentSource.twenty();
	}

	@Override
	@Cacheable(EXPORT)
	public List<Agent> export(String orgId, int number) {
		return AgentSource.eightHundred();
	}

}
