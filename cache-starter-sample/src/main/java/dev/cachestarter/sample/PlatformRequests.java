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

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

import dev.cachestarter.sample.measure.Requests;

/**
 * What {@link PlatformWorkload} does, over HTTP. Tools and agents are asked for as often
 * as the tools are downloaded, and one request of 50 changes an agent. Pages of single
 * servers are the rare reads: each server is as likely as any other.
 */
@Component
class PlatformRequests implements Requests {

	private static final int ONE_CHANGE_IN = 50;

	private final JdbcClient jdbc;

	private final JsonMapper json;

	private volatile @Nullable Population population;

	PlatformRequests(JdbcClient jdbc, JsonMapper json) {
		this.jdbc = jdbc;
		this.json = json;
	}

	@Override
	public Request next(SplittableRandom random) {
		Population people = population();
		int rank = people.draw(random);
		Population.Known agent = people.agent(rank);
		if (random.nextInt(ONE_CHANGE_IN) == 0) {
			AgentStatus status = random.nextBoolean() ? AgentStatus.ACTIVE : AgentStatus.PAUSED;
			return new Request("PUT", agentPath(agent, ""), this.json
				.writeValueAsString(new AgentDraft(agent.name(), agent.model(), status, agent.description())));
		}
		return switch (Population.kind(random)) {
			case TOOLS -> get("/api/tools/definitions?limit=20&filter="
					+ URLEncoder.encode(people.tool(rank), StandardCharsets.UTF_8));
			case AGENT -> get(agentPath(agent, ""));
			case AGENT_STATS -> get(agentPath(agent, "/stats"));
			case AGENT_LIST -> get("/api/agents?orgId=" + agent.orgId());
			case SERVER_TOOLS -> get(serverPath(people.anyServer(random), "/tools"));
			case SERVER_HEALTH -> get(serverPath(people.anyServer(random), "/health"));
		};
	}

	private static Request get(String path) {
		return new Request("GET", path, null);
	}

	private static String agentPath(Population.Known agent, String part) {
		return "/api/agents/" + agent.id() + part + "?orgId=" + agent.orgId();
	}

	private static String serverPath(Population.Place server, String part) {
		return "/api/servers/" + server.id() + part + "?orgId=" + server.orgId();
	}

	@Override
	public List<Kind> kinds() {
		return List.of(new Kind("frequent reads: tools", "90-95 %", List.of("tools:definitions")),
				new Kind("medium reads: agents", "60-80 %", List.of("agents:list", "agents:details", "agents:stats")),
				new Kind("rare reads: single servers", "20-40 %", List.of("servers:tools", "servers:health")));
	}

	@Override
	public String rows() {
		return String.format(Locale.ROOT,
				"%,d agents with %,d runs, of %d tenants, the largest with %,d agents; %,d tools; %d servers",
				count("agent"), count("agent_run"), count("tenant"),
				this.jdbc.sql("select max(agents) from (select count(*) as agents from agent group by org_id) sizes")
					.query(Long.class)
					.single(),
				count("tool"), count("server"));
	}

	private long count(String table) {
		return this.jdbc.sql("select count(*) from " + table).query(Long.class).single();
	}

	private Population population() {
		Population known = this.population;
		if (known == null) {
			known = Population.read(this.jdbc);
			this.population = known;
		}
		return known;
	}

}
