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

import java.util.Objects;
import java.util.SplittableRandom;

import org.jspecify.annotations.Nullable;

import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

import dev.cachestarter.CacheService;
import dev.cachestarter.sample.live.Workload;

/**
 * What the users of the platform do all day. Tools are asked for as often as they are
 * downloaded, which is a popularity curve from life: few tools are asked for all the
 * time, and most hardly ever. Agents and servers are given the same curve.
 */
@Component
class PlatformWorkload implements Workload {

	private final AgentReads agents;

	private final ToolReads tools;

	private final ServerReads servers;

	private final AgentService changes;

	private final JdbcClient jdbc;

	private final CacheService cache;

	private final PlatformCacheKeys keys;

	private volatile @Nullable Population population;

	PlatformWorkload(AgentReads agents, ToolReads tools, ServerReads servers, AgentService changes, JdbcClient jdbc,
			CacheService cache, PlatformCacheKeys keys) {
		this.agents = agents;
		this.tools = tools;
		this.servers = servers;
		this.changes = changes;
		this.jdbc = jdbc;
		this.cache = cache;
		this.keys = keys;
	}

	@Override
	public Read nextRead(SplittableRandom random) {
		Population people = population();
		int rank = people.draw(random);
		Population.Known agent = people.agent(rank);
		long server = people.server(rank);
		return switch (Population.kind(random)) {
			case TOOLS -> {
				ToolQuery query = new ToolQuery(1, 20, people.tool(rank));
				yield read(this.tools, (reads) -> reads.definitions(query));
			}
			case AGENT -> read(this.agents, (reads) -> reads.details(agent.id()));
			case AGENT_STATS -> read(this.agents, (reads) -> reads.stats(agent.id()));
			case AGENT_LIST -> read(this.agents, (reads) -> reads.list(agent.orgId(), AgentQuery.FIRST_PAGE));
			case SERVER_TOOLS -> read(this.servers, (reads) -> reads.tools(server));
			case SERVER_HEALTH -> read(this.servers, (reads) -> reads.health(server));
		};
	}

	@Override
	public void change(SplittableRandom random) {
		Population people = population();
		Population.Known known = people.agent(people.draw(random));
		Agent agent = AopProxyless.of(this.agents).details(known.id());
		if (agent != null) {
			AgentStatus status = (agent.status() == AgentStatus.ACTIVE) ? AgentStatus.PAUSED : AgentStatus.ACTIVE;
			this.changes.update(agent.orgId(), agent.id(),
					new AgentDraft(agent.name(), agent.model(), status, agent.description()));
		}
	}

	@Override
	public Read popularRead() {
		return read(this.tools, (reads) -> reads.definitions(ToolQuery.ALL));
	}

	@Override
	public void evictPopular() {
		this.cache.delete(this.keys.toolDefinitions(ToolQuery.ALL));
	}

	private static <T> Read read(T reads, java.util.function.Function<T, @Nullable Object> query) {
		return new Read(() -> query.apply(reads), () -> query.apply(AopProxyless.of(reads)));
	}

	private Population population() {
		Population known = this.population;
		if (known == null) {
			known = Population.read(this.jdbc);
			this.population = known;
		}
		return known;
	}

	/**
	 * Finds the bean behind its proxies.
	 */
	private static final class AopProxyless {

		@SuppressWarnings("unchecked")
		static <T> T of(T bean) {
			return (T) Objects.requireNonNullElse(AopProxyUtils.getSingletonTarget(bean), bean);
		}

	}

}
