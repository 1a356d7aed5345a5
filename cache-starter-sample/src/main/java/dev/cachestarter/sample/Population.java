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

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * What is asked for, and how often: the kinds of reads, and the tools, agents and servers
 * by popularity, which is the curve of the downloads of the tools.
 */
final class Population {

	private final List<String> tools;

	private final long[] downloads;

	private final List<Known> agents;

	private final List<Place> servers;

	private Population(List<String> tools, long[] downloads, List<Known> agents, List<Place> servers) {
		this.tools = tools;
		this.downloads = downloads;
		this.agents = agents;
		this.servers = servers;
	}

	static Population read(JdbcClient jdbc) {
		// What nobody has ever downloaded, nobody asks for.
		List<ToolDefinition> tools = jdbc.sql("""
				select name, version, downloads_per_month from tool where downloads_per_month > 0
				order by downloads_per_month desc, name
				""")
			.query((row, number) -> ToolDefinition.of(row.getString(1), row.getString(2), row.getLong(3)))
			.list();
		long[] sums = tools.stream().mapToLong(ToolDefinition::downloadsPerMonth).toArray();
		Arrays.parallelPrefix(sums, Long::sum);
		// One agent of each tenant after the other, not all of the first tenant.
		List<Known> agents = jdbc.sql("""
				select id, org_id, name, model, description from agent
				order by row_number() over (partition by org_id order by id), org_id fetch first 5000 rows only
				""")
			.query((row, number) -> new Known(row.getLong(1), row.getString(2), row.getString(3), row.getString(4),
					row.getString(5)))
			.list();
		List<Place> servers = jdbc.sql("select id, org_id from server order by id")
			.query((row, number) -> new Place(row.getLong(1), row.getString(2)))
			.list();
		return new Population(tools.stream().map(ToolDefinition::name).toList(), sums, agents, servers);
	}

	/**
	 * Draw what kind of read comes next.
	 */
	static Kind kind(SplittableRandom random) {
		int drawn = random.nextInt(Kind.ALL);
		for (Kind kind : Kind.values()) {
			drawn -= kind.share;
			if (drawn < 0) {
				return kind;
			}
		}
		throw new IllegalStateException("The shares do not add up");
	}

	/**
	 * Draw a rank, 0 being the most popular.
	 */
	int draw(SplittableRandom random) {
		long drawn = random.nextLong(this.downloads[this.downloads.length - 1]);
		int index = Arrays.binarySearch(this.downloads, drawn);
		// What is found exactly is the end of a range that does not include it.
		return (index >= 0) ? index + 1 : -index - 1;
	}

	String tool(int rank) {
		return this.tools.get(rank);
	}

	Known agent(int rank) {
		return this.agents.get(rank % this.agents.size());
	}

	long server(int rank) {
		return this.servers.get(rank % this.servers.size()).id();
	}

	/**
	 * Draw a server, each as likely as any other.
	 */
	Place anyServer(SplittableRandom random) {
		return this.servers.get(random.nextInt(this.servers.size()));
	}

	/**
	 * A kind of read, with how many of 100 reads are of it.
	 */
	enum Kind {

		/** A search in the tool catalogue. */
		TOOLS(40),

		/** One agent. */
		AGENT(20),

		/** Its statistics. */
		AGENT_STATS(15),

		/** The first page of a tenant's agents. */
		AGENT_LIST(10),

		/** What is installed on a server. */
		SERVER_TOOLS(10),

		/** How a server is. */
		SERVER_HEALTH(5);

		private static final int ALL = 100;

		private final int share;

		Kind(int share) {
			this.share = share;
		}

	}

	/**
	 * An agent, with what does not change of it.
	 *
	 * @param id its number
	 * @param orgId its tenant
	 * @param name its name
	 * @param model what it runs on
	 * @param description what it does
	 */
	record Known(long id, String orgId, String name, String model, String description) {

	}

	/**
	 * A server.
	 *
	 * @param id its number
	 * @param orgId its tenant
	 */
	record Place(long id, String orgId) {

	}

}
