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

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.Collectors;

import reactor.core.publisher.Flux;

import org.springframework.cache.annotation.Cacheable;

/**
 * The example of {@code docs/batch.md}.
 */
class BatchExample {

	private final CacheService cache;

	private final Agents agents;

	private final RemoteAgents remote;

	BatchExample(CacheService cache, Agents agents, RemoteAgents remote) {
		this.cache = cache;
		this.agents = agents;
		this.remote = remote;
	}

	// @formatter:off
	@Cacheable("agents:details")
	public Agent find(String agentId) {
		return this.agents.findById(agentId);
	}

	@CacheableAll(cacheNames = "agents:details", key = "#{#element.id}")
	public List<Agent> findAll(Collection<String> agentIds) {
		return this.agents.findAllById(agentIds);
	}

	@CacheableAll("agents:details")
	public Map<String, Agent> byId(Collection<String> agentIds) {
		return this.agents.findAllById(agentIds)
			.stream()
			.collect(Collectors.toMap(Agent::id, Function.identity()));
	}

	@CacheableAll(cacheNames = "agents:details", key = "#{#element.id}")
	public Flux<Agent> stream(Collection<String> agentIds) {
		return this.remote.findAllById(agentIds);
	}

	@CacheableAll("agents:details")
	public CompletableFuture<Map<String, Agent>> byIdLater(Collection<String> agentIds) {
		return this.remote.findAllById(agentIds).collectMap(Agent::id).toFuture();
	}
	// @formatter:on

	Map<String, Agent> findByHand(Collection<String> agentIds) {
		List<String> keys = agentIds.stream().map((id) -> "agents:details:" + id).toList();
		return this.cache.getAll(keys, Agent.class, this::load);
	}

	private Map<String, Agent> load(Set<String> missing) {
		// One query for all of them.
		List<String> ids = missing.stream().map((key) -> key.substring("agents:details:".length())).toList();
		return this.agents.findAllById(ids)
			.stream()
			.collect(Collectors.toMap((agent) -> "agents:details:" + agent.id(), Function.identity()));
	}

	record Agent(String id, String name) {

	}

	interface Agents {

		List<Agent> findAllById(Collection<String> ids);

		Agent findById(String id);

	}

	interface RemoteAgents {

		Flux<Agent> findAllById(Collection<String> ids);

	}

}
