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

package dev.cachestarter.engine.entry;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.Futures;
import dev.cachestarter.engine.connection.Script;
import dev.cachestarter.engine.entry.Target.Group;
import dev.cachestarter.engine.entry.Target.Whole;
import dev.cachestarter.engine.key.KeyBytes;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.monitor.RedisOperation;
import dev.cachestarter.engine.redis.RedisLink;

/**
 * What is to be swept, as all instances know it: a hash in Redis with a line for each
 * target.
 * <p>
 * A line is known by its target, so a target that is evicted often is one line. Its value
 * is a random of its last announcement and the time of that. Whoever has swept forgets
 * the lines with the values that it saw before its walk: a target that was evicted again
 * meanwhile has another, and stays due.
 * <p>
 * Beyond {@value #MOST} lines the groups of a cache are announced as the cache: a sweep
 * removes nothing but dead entries anyway. So there are never more than that many lines
 * and one for each cache. A line that nobody sweeps, since no instance knows its cache
 * any more, is forgotten after a day. All tags are one line.
 */
final class DueTargets {

	/** How many lines there may be before groups are announced as their cache. */
	static final int MOST = 4000;

	private static final Target UNNAMED = new Whole("");

	/** The encoding of no name. */
	private static final String UNNAMED_LINE = "%";

	/** No encoding of a name. */
	static final String TAGS_LINE = "%t";

	private static final Duration LIFE = Duration.ofDays(1);

	/** Few enough arguments for one script to take. */
	private static final int AT_ONCE = 1000;

	/**
	 * KEYS[1] the hash of what is due; ARGV: its life in ms, how many lines it may have,
	 * then for each target its line, the line of its cache, and a random. What is no hash
	 * is not ours.
	 */
	private static final Script ANNOUNCE = Script.of(RedisOperation.SWEEP, """
			local there = redis.call('TYPE', KEYS[1]).ok
			if there ~= 'hash' and there ~= 'none' then
			  redis.call('UNLINK', KEYS[1])
			end
			local time = redis.call('TIME')
			local now = string.format('%013d', time[1] * 1000 + math.floor(time[2] / 1000))
			for i = 3, #ARGV, 3 do
			  local line = ARGV[i]
			  if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[2])
			      and not redis.call('HGET', KEYS[1], line) then
			    line = ARGV[i + 1]
			  end
			  redis.call('HSET', KEYS[1], line, ARGV[i + 2] .. ' ' .. now)
			end
			redis.call('PEXPIRE', KEYS[1], ARGV[1])
			return '1'
			""", "UNLINK", "HGET");

	/**
	 * KEYS[1] the hash of what is due. Answers with the time and all lines, each followed
	 * by its value. What cannot be a line of ours is removed.
	 */
	private static final Script LOOK = Script.of(RedisOperation.SWEEP, """
			local time = redis.call('TIME')
			local found = { tostring(time[1] * 1000 + math.floor(time[2] / 1000)) }
			if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then
			  return found[1]
			end
			local lines = redis.call('HGETALL', KEYS[1])
			for i = 1, #lines, 2 do
			  if string.find(lines[i], '^[%w%%+._*-]+ ?[%w%%+._*-]*$')
			      and string.find(lines[i + 1], '^%x+ %d+$') and string.len(lines[i + 1]) == 30 then
			    found[#found + 1] = lines[i]
			    found[#found + 1] = lines[i + 1]
			  else
			    redis.call('HDEL', KEYS[1], lines[i])
			  end
			end
			return table.concat(found, '\\n')
			""", "HGETALL", "HDEL");

	/** KEYS[1] the hash of what is due; ARGV: lines, each followed by its value. */
	private static final Script FORGET = Script.of(RedisOperation.SWEEP, """
			if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then
			  return '0'
			end
			for i = 1, #ARGV, 2 do
			  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then
			    redis.call('HDEL', KEYS[1], ARGV[i])
			  end
			end
			return '1'
			""", "HGET", "HDEL");

	private final RedisLink link;

	private final KeyLayout layout;

	private final Supplier<String> nonces;

	DueTargets(RedisLink link, KeyLayout layout, Supplier<String> nonces) {
		this.link = link;
		this.layout = layout;
		this.nonces = nonces;
	}

	/**
	 * Split targets into what is announced at once.
	 */
	static List<List<Target>> portions(Collection<Target> targets) {
		List<Target> all = List.copyOf(targets);
		List<List<Target>> portions = new ArrayList<>();
		for (int from = 0; from < all.size(); from += AT_ONCE) {
			portions.add(all.subList(from, Math.min(all.size(), from + AT_ONCE)));
		}
		return portions;
	}

	/**
	 * Make known to all that targets, groups and whole caches, are to be swept.
	 */
	CompletableFuture<?> announce(List<Target> targets) {
		List<byte[]> arguments = new ArrayList<>();
		arguments.add(KeyBytes.of(Long.toString(LIFE.toMillis())));
		arguments.add(KeyBytes.of(Integer.toString(MOST)));
		for (Target target : targets) {
			arguments.add(KeyBytes.of(lineOf(target)));
			arguments.add(KeyBytes.of(lineOf((target instanceof Group group) ? new Whole(group.cacheName()) : target)));
			arguments.add(KeyBytes.of(this.nonces.get()));
		}
		return this.link.run(ANNOUNCE, this.layout.sweepDueKey(), arguments.toArray(byte[][]::new));
	}

	/**
	 * Look at what is due, as far as this instance knows its cache.
	 */
	CompletableFuture<Announced> look() {
		return this.link.run(LOOK, this.layout.sweepDueKey()).thenApply((found) -> {
			String[] lines = new String(found, StandardCharsets.US_ASCII).split("\n");
			long now = Long.parseLong(lines[0]);
			Set<String> known = this.layout.cacheNames();
			Map<String, String> values = new HashMap<>();
			Map<String, String> outdated = new HashMap<>();
			Set<Target> targets = new HashSet<>();
			for (int i = 1; i < lines.length; i += 2) {
				Target target = read(lines[i]);
				if (target != null && (UNNAMED.equals(target) || Target.ANY_TAG.equals(target)
						|| known.contains(String.valueOf(target.cacheName())))) {
					targets.add(target);
					values.put(lines[i], lines[i + 1]);
				}
				else if (target == null || now - announcedAt(lines[i + 1]) > LIFE.toMillis()) {
					outdated.put(lines[i], lines[i + 1]);
				}
			}
			return new Announced(targets, values, outdated);
		});
	}

	private static long announcedAt(String value) {
		return Long.parseLong(value.substring(value.indexOf(' ') + 1));
	}

	/**
	 * Forget what was swept, unless it has been announced again since.
	 * @param lines lines with the values that they had
	 */
	CompletableFuture<?> forget(Map<String, String> lines) {
		List<CompletableFuture<byte[]>> forgotten = new ArrayList<>();
		List<byte[]> arguments = new ArrayList<>();
		lines.forEach((line, value) -> {
			arguments.add(KeyBytes.of(line));
			arguments.add(KeyBytes.of(value));
			if (arguments.size() >= AT_ONCE) {
				forgotten.add(this.link.run(FORGET, this.layout.sweepDueKey(), arguments.toArray(byte[][]::new)));
				arguments.clear();
			}
		});
		if (!arguments.isEmpty()) {
			forgotten.add(this.link.run(FORGET, this.layout.sweepDueKey(), arguments.toArray(byte[][]::new)));
		}
		return Futures.all(forgotten);
	}

	/** A target as a line: the cache and, if it is one, the group. */
	private static String lineOf(Target target) {
		if (UNNAMED.equals(target)) {
			return UNNAMED_LINE;
		}
		if (Target.ANY_TAG.equals(target)) {
			return TAGS_LINE;
		}
		String line = encoded(String.valueOf(target.cacheName()));
		return (target instanceof Group group) ? line + ' ' + encoded(group.group()) : line;
	}

	private static String encoded(String text) {
		return URLEncoder.encode(text, StandardCharsets.UTF_8);
	}

	private static @Nullable Target read(String line) {
		if (line.equals(UNNAMED_LINE)) {
			return UNNAMED;
		}
		if (line.equals(TAGS_LINE)) {
			return Target.ANY_TAG;
		}
		String[] parts = line.split(" ", -1);
		try {
			String cacheName = URLDecoder.decode(parts[0], StandardCharsets.UTF_8);
			return (parts.length == 1) ? new Whole(cacheName)
					: new Group(cacheName, URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
		}
		catch (IllegalArgumentException ex) {
			// Not ours.
			return null;
		}
	}

	/**
	 * What was due at one moment.
	 *
	 * @param targets the targets whose caches this instance knows
	 * @param lines their lines, with the values that these had
	 * @param outdated lines that nobody sweeps, with the values that these had
	 */
	record Announced(Set<Target> targets, Map<String, String> lines, Map<String, String> outdated) {

	}

}
