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

import java.nio.charset.StandardCharsets;

import dev.cachestarter.engine.redis.MemoryRedis;

/**
 * What the scripts of the cache do, for a {@link MemoryRedis}: the same, line by line.
 */
public final class MemoryScripts {

	private MemoryScripts() {
	}

	/**
	 * Return a Redis in memory that knows the scripts.
	 */
	public static MemoryRedis redis() {
		return new MemoryRedis().script(EntryScripts.ACQUIRE, MemoryScripts::acquire)
			.script(EntryScripts.FILL, MemoryScripts::fill)
			.script(EntryScripts.RENEW, MemoryScripts::renew)
			.script(EntryScripts.CLAIM, MemoryScripts::claim)
			.script(EntryScripts.RECLAIM, MemoryScripts::reclaim)
			.script(EntryScripts.LEAVE_TRACE, MemoryScripts::leaveTrace)
			.script(EntryScripts.DELETE_IF, MemoryScripts::deleteIf)
			.script(EntryScripts.BREAK, MemoryScripts::breakLease)
			.script(EntryScripts.GENERATION, MemoryScripts::generation)
			.script(EntryScripts.KEEP, MemoryScripts::keep)
			.script(EntryScripts.KEEP_FOR_EVER, MemoryScripts::keep);
	}

	private static String acquire(MemoryRedis redis, byte[] key, byte[]... arguments) {
		byte[] there = redis.start(key, EntryHeader.LENGTH);
		if (!text(there).equals(text(arguments[0]))) {
			return "=" + text(there);
		}
		redis.set(key, arguments[1], number(arguments[2]));
		return "+";
	}

	private static String fill(MemoryRedis redis, byte[] key, byte[]... arguments) {
		if (!isThere(redis, key, arguments[0])) {
			return "0";
		}
		redis.set(key, arguments[1], number(arguments[2]));
		redis.setRange(key, EntryHeader.WRITTEN_OFFSET, "%013d".formatted(redis.now()));
		if (number(arguments[3]) != 0) {
			redis.setRange(key, EntryHeader.FRESH_OFFSET, "%013d".formatted(redis.now() + number(arguments[3])));
		}
		return "1";
	}

	private static String renew(MemoryRedis redis, byte[] key, byte[]... arguments) {
		if (!isThere(redis, key, arguments[0])) {
			return "0";
		}
		redis.expire(key, number(arguments[1]));
		return "1";
	}

	private static String claim(MemoryRedis redis, byte[] key, byte[]... arguments) {
		byte[] there = redis.start(key, EntryHeader.LENGTH);
		if (!text(there).equals(text(arguments[0]))) {
			return "=" + text(there);
		}
		long held = Long.parseLong(text(there).substring(40, 53)) - redis.now();
		if (held > 0 && held <= number(arguments[3])) {
			return "=" + text(there);
		}
		redis.setRange(key, EntryHeader.CLAIM_OFFSET,
				text(arguments[1]) + " " + "%013d".formatted(redis.now() + number(arguments[2])));
		liveOn(redis, key, number(arguments[2]));
		return "+";
	}

	private static String reclaim(MemoryRedis redis, byte[] key, byte[]... arguments) {
		if (!isThere(redis, key, arguments[0])) {
			return "0";
		}
		long life = number(arguments[2]);
		redis.setRange(key, EntryHeader.CLAIM_OFFSET,
				text(arguments[1]) + " " + "%013d".formatted((life != 0) ? redis.now() + life : 0));
		if (arguments[1][0] != '-') {
			liveOn(redis, key, life);
		}
		return "1";
	}

	private static void liveOn(MemoryRedis redis, byte[] key, long life) {
		long left = redis.left(key);
		if (left >= 0 && left < life) {
			redis.expire(key, life);
		}
	}

	private static String leaveTrace(MemoryRedis redis, byte[] key, byte[]... arguments) {
		if (!isThere(redis, key, arguments[0])) {
			return "0";
		}
		redis.set(key, arguments[1], number(arguments[2]));
		return "1";
	}

	private static String deleteIf(MemoryRedis redis, byte[] key, byte[]... arguments) {
		return isThere(redis, key, arguments[0]) ? Long.toString(redis.remove(key)) : "0";
	}

	private static String breakLease(MemoryRedis redis, byte[] key, byte[]... arguments) {
		long left = redis.left(key);
		if (!isThere(redis, key, arguments[0]) || (left >= 0 && left <= number(arguments[1]))) {
			return "0";
		}
		return Long.toString(redis.remove(key));
	}

	private static String generation(MemoryRedis redis, byte[] key, byte[]... arguments) {
		byte[] there = redis.get(key);
		if (there == null) {
			redis.set(key, arguments[0], number(arguments[1]));
			return text(arguments[0]);
		}
		liveOn(redis, key, number(arguments[1]));
		return text(there);
	}

	/** It lives for ever, as the answer says. */
	private static String keep(MemoryRedis redis, byte[] key, byte[]... arguments) {
		redis.expire(key, 0);
		return "-1";
	}

	private static boolean isThere(MemoryRedis redis, byte[] key, byte[] beginning) {
		return text(redis.start(key, beginning.length)).equals(text(beginning));
	}

	private static long number(byte[] text) {
		return Long.parseLong(text(text));
	}

	private static String text(byte[] bytes) {
		return new String(bytes, StandardCharsets.ISO_8859_1);
	}

}
