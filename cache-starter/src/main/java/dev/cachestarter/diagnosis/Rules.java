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

package dev.cachestarter.diagnosis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.redis.LinkCondition;

/**
 * What is found in what the servers say of themselves.
 */
final class Rules {

	private static final Pattern VERSION = Pattern.compile("(\\d{1,9})\\.(\\d{1,9}).*");

	private final List<Finding> found = new ArrayList<>();

	private Rules() {
	}

	/**
	 * Apply all rules.
	 * @param facts what the servers say
	 * @param here what is so on our side
	 * @return what is found; each problem once, however many servers have it
	 */
	static List<Finding> apply(ServerFacts facts, Circumstances here) {
		Rules rules = new Rules();
		facts.servers().forEach((server) -> {
			rules.version(server);
			rules.memory(server, here);
			rules.persistence(server, here);
			rules.tracking(server, here);
		});
		rules.sharing(facts);
		rules.network(facts, here);
		if (facts.uncoveredSlots() > 0) {
			rules.warn("cluster-slots",
					"%d of the cluster's slots have no master: keys in them are not cached, and evictions of them wait"
						.formatted(facts.uncoveredSlots()),
					"Let 'redis-cli --cluster check' and '--cluster fix' assign them");
		}
		return List.copyOf(rules.found);
	}

	/**
	 * Return what Redis refuses at present: nothing that it has to be asked for.
	 */
	static List<Finding> ofRefused(LinkCondition.Refused refused) {
		Rules rules = new Rules();
		if (refused.rights() != null) {
			rules.warn("missing-rights", "Redis refuses a command to this user: " + refused.rights(),
					"Give the user of 'spring.data.redis.username' the rights in docs/security.md");
		}
		if (refused.state() != null) {
			rules.warn("unable", "Redis is in no state to do what it is asked for: " + refused.state(),
					"Repair what it names; nothing has to be restarted here");
		}
		if (refused.memory() != null) {
			rules.warn("memory-full",
					"The memory of Redis is full, and it refuses to store values: " + refused.memory(),
					CacheCondition.MORE_MEMORY.replaceFirst("r", "R"));
		}
		return List.copyOf(rules.found);
	}

	private void version(Map<String, String> server) {
		String version = server.get("redis_version");
		Matcher matcher = VERSION.matcher((version != null) ? version : "");
		if (matcher.matches()) {
			int major = Integer.parseInt(matcher.group(1));
			int minor = Integer.parseInt(matcher.group(2));
			if (major < 6 || (major == 6 && minor < 2)) {
				warn("server-version", "The server is Redis " + version + ", which this cache is not tested with",
						"Use Redis 6.2 or newer, or Valkey");
			}
		}
	}

	private void memory(Map<String, String> server, Circumstances here) {
		String policy = server.getOrDefault("maxmemory_policy", "");
		Long max = number(server.get("maxmemory"));
		Long used = number(server.get("used_memory"));
		if (max == null) {
			return;
		}
		if (max == 0) {
			note("no-maxmemory", "The server has no 'maxmemory', so it grows until its host has no memory left",
					"Set 'maxmemory', and 'maxmemory-policy' to allkeys-lru or allkeys-lfu");
			return;
		}
		if (policy.endsWith("-random")) {
			warn("maxmemory-random", "'maxmemory-policy' is " + policy
					+ ": a server that is full drops any key, much used or not, and with a generation all entries of its cache",
					"Set 'maxmemory-policy' to allkeys-lru or allkeys-lfu");
		}
		if (policy.equals("noeviction")) {
			boolean nearlyFull = used != null && used > max - max / 5;
			String problem = "'maxmemory-policy' is noeviction: once the server is full it refuses all that is to be cached";
			String cure = "Set 'maxmemory-policy' to allkeys-lru or allkeys-lfu, or, if the server also keeps what must not be lost, volatile-lru";
			if (nearlyFull) {
				warn("maxmemory-noeviction", problem + ", and it is nearly full", cure);
			}
			else {
				note("maxmemory-noeviction", problem, cure);
			}
		}
		if (policy.startsWith("volatile-") && !here.endless().isEmpty()) {
			warn("maxmemory-volatile",
					"'maxmemory-policy' is %s, which only drops keys that expire, and entries of %s never do (ttl 0)"
						.formatted(policy, here.endless()),
					"Set a 'ttl' for these caches, or 'maxmemory-policy' to allkeys-lru");
		}
	}

	private void persistence(Map<String, String> server, Circumstances here) {
		// -1 before the first of them.
		boolean snapshots = server.getOrDefault("rdb_last_bgsave_time_sec", "-").matches("\\d+")
				|| "1".equals(server.get("rdb_bgsave_in_progress"));
		if (snapshots && "0".equals(server.get("aof_enabled")) && !here.distrustsRestarts()) {
			note("snapshots",
					"The server saves snapshots and no append-only file: after a crash it has again what was evicted since "
							+ "the last snapshot, of which the cache only evicts again what belongs to the last minute",
					"Set 'cache-starter.connection.after-restart' to distrust, or 'appendonly' to yes, or 'save' to \"\" "
							+ "for a server that only caches");
		}
	}

	private void tracking(Map<String, String> server, Circumstances here) {
		if (here.trackedCopies() == 0) {
			return;
		}
		Long max = number(server.get(ServerFacts.TRACKING_TABLE));
		if (max != null && max == 0) {
			note("tracking-table",
					"'tracking-table-max-keys' is 0: what the server remembers for near caches has no bound",
					"Set it to 1000000, or to more than the copies of all instances");
		}
		else if (max != null && max < here.trackedCopies()) {
			warn("tracking-table",
					"'tracking-table-max-keys' is %d, and near caches in mode 'track' have up to %d copies in this instance alone: beyond it the server has copies dropped that are still good"
						.formatted(max, here.trackedCopies()),
					"Raise 'tracking-table-max-keys', or lower 'near.max-entries'");
		}
		if (server.getOrDefault(ServerFacts.OUTPUT_BUFFER, "").matches("(.* )?normal 0 0 \\d+( .*)?")) {
			note("output-buffer",
					"'client-output-buffer-limit' is unlimited for normal clients: the server keeps what it tells an instance that stands still, up to one message for each key that it had read for a near cache",
					"Set 'client-output-buffer-limit' to \"normal 256mb 64mb 60\", or above the largest answer that any client asks for");
		}
	}

	private void sharing(ServerFacts facts) {
		if (!facts.strangers().isEmpty()) {
			warn("no-key-prefix",
					"No 'cache-starter.key-prefix' is set, and this Redis has keys of others, such as '%s'"
						.formatted(facts.strangers().get(0)),
					"Set 'cache-starter.key-prefix', to \"shop:\" for example, or use a database of its own");
		}
	}

	private void network(ServerFacts facts, Circumstances here) {
		if (here.passwordInClear()) {
			warn("password-in-clear", "The password goes to a Redis on another host without encryption",
					"Set 'spring.data.redis.ssl.enabled' to true, or use a rediss:// URL");
		}
		Duration roundTrip = facts.roundTrip();
		if (roundTrip != null && roundTrip.compareTo(here.commandTimeout().dividedBy(4)) > 0) {
			warn("latency",
					"A round trip to Redis takes %d ms at best, and 'cache-starter.connection.command-timeout' is %d ms"
						.formatted(roundTrip.toMillis(), here.commandTimeout().toMillis()),
					"Bring Redis nearer, or raise 'command-timeout' and 'circuit-breaker.slow-call'");
		}
		Duration clock = here.clockDifference().abs();
		if (clock.toSeconds() > 60) {
			note("clock",
					"The clocks of Redis and of this JVM differ by %d s. The cache goes by that of Redis alone, but times in logs do not match"
						.formatted(clock.toSeconds()),
					"Let both hosts synchronize their clocks");
		}
	}

	private static @Nullable Long number(@Nullable String text) {
		try {
			return (text != null) ? Long.valueOf(text) : null;
		}
		catch (NumberFormatException ex) {
			return null;
		}
	}

	private void warn(String id, String problem, String cure) {
		add(Finding.warning(id, sentence(problem), sentence(cure)));
	}

	private void note(String id, String problem, String cure) {
		add(Finding.note(id, sentence(problem), sentence(cure)));
	}

	/** What Redis says ends with a full stop, or not. */
	private static String sentence(String text) {
		return text.endsWith(".") ? text : text + ".";
	}

	private void add(Finding finding) {
		if (this.found.stream().noneMatch((other) -> other.id().equals(finding.id()))) {
			this.found.add(finding);
		}
	}

	/**
	 * What is so on our side.
	 *
	 * @param endless the names of caches whose entries never expire
	 * @param distrustsRestarts whether entries from before a restart are misses
	 * @param commandTimeout the longest that a call waits for Redis
	 * @param passwordInClear whether a password goes to another host without encryption
	 * @param clockDifference the time of the server minus ours
	 * @param trackedCopies how many copies all near caches may have that the server tells
	 * of changes
	 */
	record Circumstances(Set<String> endless, boolean distrustsRestarts, Duration commandTimeout,
			boolean passwordInClear, Duration clockDifference, long trackedCopies) {

		Circumstances {
			endless = new TreeSet<>(endless);
		}

	}

}
