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

package dev.cachestarter.benchmark.worker;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

import tools.jackson.databind.json.JsonMapper;

import dev.cachestarter.benchmark.peer.AgentSource;
import dev.cachestarter.benchmark.peer.Agents;
import dev.cachestarter.benchmark.peer.Peer;
import dev.cachestarter.benchmark.peer.RedisPlace;

/**
 * A JVM with instances of one peer, so that no other peer's use of a library decides how
 * its code is compiled. Reads commands from its standard input, one a line, answers each
 * with a line of JSON, and ends when that input ends.
 */
public final class Worker {

	/** What it says when it is ready for commands. */
	public static final String READY = "READY";

	private static final int PATIENCE_SECONDS = 60;

	private final List<Agents> instances;

	private final CallLoop loop;

	private final JsonMapper mapper = JsonMapper.builder().build();

	private Worker(List<Agents> instances) {
		this.instances = instances;
		this.loop = new CallLoop(instances.get(0));
	}

	/**
	 * Run.
	 * @param arguments the peer, host, port and database of Redis, and the number of
	 * instances
	 */
	public static void main(String[] arguments) throws Exception {
		PrintStream answers = System.out;
		// What libraries print is for the log.
		System.setOut(System.err);
		Peer peer = Peer.valueOf(arguments[0].toUpperCase(Locale.ROOT));
		RedisPlace place = new RedisPlace(arguments[1], Integer.parseInt(arguments[2]), Integer.parseInt(arguments[3]));
		List<Agents> instances = new ArrayList<>();
		for (int number = Integer.parseInt(arguments[4]); number > 0; number--) {
			Agents agents = peer.open(place).agents();
			awaitCaching(agents);
			instances.add(agents);
		}
		answers.println(READY);
		new Worker(instances).serve(answers);
		// Contexts, clients and their threads end with the JVM.
		Runtime.getRuntime().halt(0);
	}

	/** On a busy machine a connection may take its time. */
	private static void awaitCaching(Agents agents) throws InterruptedException {
		long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
		agents.list("first", 0);
		long loads = AgentSource.loads();
		agents.list("first", 0);
		while (AgentSource.loads() > loads) {
			if (System.nanoTime() - deadline > 0) {
				throw new IllegalStateException("Nothing is cached");
			}
			TimeUnit.MILLISECONDS.sleep(100);
			agents.list("first", 0);
			loads = AgentSource.loads();
			agents.list("first", 0);
		}
	}

	private void serve(PrintStream answers) throws IOException, InterruptedException, ExecutionException {
		try (BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
			String command = commands.readLine();
			while (command != null) {
				answers.println(this.mapper.writeValueAsString(run(command.split(" "))));
				command = commands.readLine();
			}
		}
	}

	private Object run(String[] words) throws IOException, InterruptedException, ExecutionException {
		return switch (words[0]) {
			case "calls" -> this.loop.run(CallLoop.Kind.valueOf(words[1]), Payload.valueOf(words[2]),
					Integer.parseInt(words[3]), Long.parseLong(words[4]));
			case "shares" -> Shares.of(this.loop, CallLoop.Kind.valueOf(words[1]), Payload.valueOf(words[2]),
					Integer.parseInt(words[3]), Long.parseLong(words[4]));
			case "many" -> ManyKeys.run(this.loop, Boolean.parseBoolean(words[1]), CallLoop.Kind.valueOf(words[2]),
					Long.parseLong(words[3]));
			case "tagged" ->
				tagged(Boolean.parseBoolean(words[1]), Integer.parseInt(words[2]), Long.parseLong(words[3]));
			case "load-tagged" -> loadTagged(words[1], Integer.parseInt(words[2]));
			case "evict-tag" -> evictTag(words[1]);
			case "evict-tag-for" -> evictTagFor(words[1], Long.parseLong(words[2]));
			case "cold" -> ColdKey.run(this.instances, Boolean.parseBoolean(words[1]), Integer.parseInt(words[2]),
					Integer.parseInt(words[3]), Long.parseLong(words[4]), Long.parseLong(words[5]));
			case "fill" -> fill(words[1], Integer.parseInt(words[2]));
			case "evict" -> evict(words[1]);
			case "evict-for" -> evictFor(words[1], Long.parseLong(words[2]));
			default -> throw new IllegalArgumentException(words[0]);
		};
	}

	private long fill(String orgId, int pages) {
		long begun = System.nanoTime();
		for (int page = 0; page < pages; page++) {
			this.instances.get(0).list(orgId, page);
		}
		return System.nanoTime() - begun;
	}

	/** Hits on entries that carry tags, or on those that carry none. */
	private Calls tagged(boolean tagged, int threads, long millis) throws InterruptedException, ExecutionException {
		Payload.Call call = tagged ? Agents::tagged : Agents::list;
		return this.loop.run(CallLoop.Kind.HIT, call, threads, millis);
	}

	/** Call once for a tagged entry, and say how many loads that took. */
	private long loadTagged(String orgId, int page) {
		long loads = AgentSource.loads();
		this.instances.get(0).tagged(orgId, page);
		return AgentSource.loads() - loads;
	}

	private long evictTag(String tag) {
		long begun = System.nanoTime();
		this.instances.get(0).evictTag(tag);
		return System.nanoTime() - begun;
	}

	/** Evict the tag of one tenant over and over, until the JVM has compiled that. */
	private long evictTagFor(String orgId, long millis) {
		long begun = System.nanoTime();
		long count = 0;
		while (System.nanoTime() - begun < millis * 1_000_000) {
			loadTagged(orgId, 0);
			evictTag("org:" + orgId);
			count++;
		}
		return count;
	}

	private long evict(String orgId) {
		long begun = System.nanoTime();
		this.instances.get(0).evictTenant(orgId);
		return System.nanoTime() - begun;
	}

	/** Evict one tenant, which has a page each time, until the JVM has compiled that. */
	private long evictFor(String orgId, long millis) {
		long begun = System.nanoTime();
		long count = 0;
		while (System.nanoTime() - begun < millis * 1_000_000) {
			fill(orgId, 1);
			evict(orgId);
			count++;
		}
		return count;
	}

}
