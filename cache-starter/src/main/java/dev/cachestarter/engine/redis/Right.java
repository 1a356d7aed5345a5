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

package dev.cachestarter.engine.redis;

import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * The rights that the cache needs of its user in Redis, and what is not to be had without
 * each of them. The page on security has the same list.
 *
 * @param names the rights, as {@code ACL SETUSER} spells them; {@code ~} stands for key
 * patterns
 * @param isNeeded whether a human should put right that one is missing
 * @param without what does not work without one of them
 */
record Right(List<String> names, boolean isNeeded, String without) {

	static final List<Right> ALL = List.of( //
			needed("Redis is not used", "+ping", "+select", "+cluster|nodes"),
			needed("nothing is cached", "+mget", "+evalsha", "+eval", "+getrange", "+set", "+setrange", "+time"),
			needed("an entry is not cached if another instance makes the first entry of its group at the same moment, and what is evicted by patterns stays in memory until its TTL ends",
					"+get"),
			needed("most entries end after a few seconds", "+pttl", "+pexpire"),
			needed("entries that never expire end within hours", "+persist"),
			needed("evictions stay pending: this application bypasses what they name, others may still read it",
					"+unlink"),
			needed("a pattern evicts its whole cache, and what is evicted by patterns stays in memory until its TTL ends",
					"+scan"),
			needed("what is evicted by patterns stays in memory until its TTL ends", "+type", "+hlen", "+hset",
					"+hgetall", "+hget", "+hdel"),
			wished("each new connection counts as one to a restarted Redis, the memory used is not known, and the eviction of a tag takes two round trips",
					"+info"),
			wished("the number of keys is not known", "+dbsize"),
			wished("near caches in mode `track` ask Redis at each hit", "+client|tracking", "+client|trackinginfo"),
			wished("a cluster that is down is noticed by its answers only", "+cluster|info"),
			needed("what belongs to such keys is not cached", "~"));

	private static final Right UNKNOWN = needed("not everything works", List.of().toArray(String[]::new));

	private static Right needed(String without, String... names) {
		return new Right(List.of(names), true, without);
	}

	private static Right wished(String without, String... names) {
		return new Right(List.of(names), false, without);
	}

	boolean isKnown() {
		return this != UNKNOWN;
	}

	/**
	 * Return what is known of a right.
	 * @param name its name; of a command with subcommands, that of the command may do
	 */
	static Right of(@Nullable String name) {
		return ALL.stream()
			.filter((right) -> right.names.stream()
				.anyMatch((known) -> known.equals(name) || known.startsWith(name + "|")))
			.findFirst()
			.orElse(UNKNOWN);
	}

}
