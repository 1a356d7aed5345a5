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
import java.time.Duration;

import dev.cachestarter.engine.connection.Script;
import dev.cachestarter.engine.monitor.RedisOperation;

/**
 * The scripts of the protocols, each on one key. What they compare stands at the fixed
 * offsets of {@link EntryHeader}.
 */
public final class EntryScripts {

	/** Within the digits that the header has for a time. */
	static final Duration LONGEST = Duration.ofDays(100 * 365);

	/**
	 * KEYS[1] entry; ARGV: observed header, lease, life of the lease in ms. Answers '+'
	 * if the lease was placed, '!' if so in the place of another data type, else '=' and
	 * what is there.
	 */
	public static final Script ACQUIRE = Script.of(RedisOperation.LEASE, """
			local there = redis.pcall('GETRANGE', KEYS[1], 0, 147)
			local answer = '+'
			if type(there) == 'table' then
			  if not string.find(there.err, 'WRONGTYPE', 1, true) then
			    return there
			  end
			  redis.call('UNLINK', KEYS[1])
			  there = ARGV[1]
			  answer = '!'
			end
			if there ~= ARGV[1] then
			  return '=' .. there
			end
			redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
			return answer
			""", "UNLINK");

	/**
	 * KEYS[1] entry; ARGV: identity of the lease, value, life in ms or 0, freshness in ms
	 * or 0. Times in the header are the server's; a value that cannot be dated, since the
	 * user lacks that right, would never be stale, and does not stay.
	 */
	public static final Script FILL = Script.of(RedisOperation.FILL, """
			if redis.call('GETRANGE', KEYS[1], 0, 38) ~= ARGV[1] then
			  return '0'
			end
			local time = redis.call('TIME')
			local now = time[1] * 1000 + math.floor(time[2] / 1000)
			if ARGV[3] == '0' then
			  redis.call('SET', KEYS[1], ARGV[2])
			else
			  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
			end
			local fresh = 0
			if ARGV[4] ~= '0' then
			  fresh = now + ARGV[4]
			end
			local dated = redis.pcall('SETRANGE', KEYS[1], 106, string.format('%013d %013d', now, fresh))
			if type(dated) == 'table' then
			  redis.call('UNLINK', KEYS[1])
			  return dated
			end
			return '1'
			""", "UNLINK");

	/** KEYS[1] entry; ARGV: identity of the lease, its life in ms. */
	public static final Script RENEW = Script.of(RedisOperation.RENEW, """
			if redis.call('GETRANGE', KEYS[1], 0, 38) ~= ARGV[1] then
			  return '0'
			end
			return tostring(redis.call('PEXPIRE', KEYS[1], ARGV[2]))
			""");

	/**
	 * KEYS[1] entry; ARGV: observed header, nonce of the claim, its life in ms, the most
	 * that another claim can have left in ms. Answers '+' if the claim was placed on the
	 * value, else '=' and the header that is there: of another entry, or of this one
	 * under a claim that still holds.
	 */
	public static final Script CLAIM = Script.of(RedisOperation.LEASE, """
			local there = redis.pcall('GETRANGE', KEYS[1], 0, 147)
			if type(there) == 'table' then
			  return '='
			end
			if there ~= ARGV[1] then
			  return '=' .. there
			end
			local time = redis.call('TIME')
			local now = time[1] * 1000 + math.floor(time[2] / 1000)
			local held = tonumber(string.sub(there, 41, 53)) - now
			if held > 0 and held <= tonumber(ARGV[4]) then
			  return '=' .. there
			end
			redis.call('SETRANGE', KEYS[1], 23, ARGV[2] .. ' ' .. string.format('%013d', now + ARGV[3]))
			local left = redis.call('PTTL', KEYS[1])
			if left >= 0 and left < tonumber(ARGV[3]) then
			  redis.call('PEXPIRE', KEYS[1], ARGV[3])
			end
			return '+'
			""", "PEXPIRE");

	/**
	 * KEYS[1] entry; ARGV: identity of the claim, the claim in its place, its life in ms,
	 * 0 for none at all: our clock may be behind the server's.
	 */
	public static final Script RECLAIM = Script.of(RedisOperation.RENEW, """
			if redis.call('GETRANGE', KEYS[1], 0, 38) ~= ARGV[1] then
			  return '0'
			end
			local time = redis.call('TIME')
			local till = 0
			if ARGV[3] ~= '0' then
			  till = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3]
			end
			redis.call('SETRANGE', KEYS[1], 23, ARGV[2] .. ' ' .. string.format('%013d', till))
			local left = redis.call('PTTL', KEYS[1])
			if string.sub(ARGV[2], 1, 1) ~= '-' and left >= 0 and left < tonumber(ARGV[3]) then
			  redis.call('PEXPIRE', KEYS[1], ARGV[3])
			end
			return '1'
			""", "PEXPIRE");

	/**
	 * KEYS[1] entry; ARGV: identity of the lease, what to leave in its place, its life in
	 * ms.
	 */
	public static final Script LEAVE_TRACE = Script.of(RedisOperation.RELEASE, """
			if redis.call('GETRANGE', KEYS[1], 0, 38) ~= ARGV[1] then
			  return '0'
			end
			redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
			return '1'
			""");

	/** KEYS[1] entry; ARGV: what it must begin with. */
	public static final Script DELETE_IF = Script.of(RedisOperation.RELEASE, """
			local there = redis.pcall('GETRANGE', KEYS[1], 0, string.len(ARGV[1]) - 1)
			if type(there) == 'table' and not string.find(there.err, 'WRONGTYPE', 1, true) then
			  return there
			end
			if there ~= ARGV[1] then
			  return '0'
			end
			return tostring(redis.call('UNLINK', KEYS[1]))
			""");

	/**
	 * KEYS[1] entry; ARGV: what it must begin with, the longest life that it can have in
	 * ms.
	 */
	static final Script BREAK = Script.of(RedisOperation.RELEASE, """
			local there = redis.pcall('GETRANGE', KEYS[1], 0, string.len(ARGV[1]) - 1)
			if type(there) == 'table' or there ~= ARGV[1] then
			  return '0'
			end
			local left = redis.call('PTTL', KEYS[1])
			if left >= 0 and left <= tonumber(ARGV[2]) then
			  return '0'
			end
			return tostring(redis.call('UNLINK', KEYS[1]))
			""");

	/**
	 * KEYS[1] the lease of the instance that sweeps; ARGV: a lease, its life in ms.
	 * Answers '1' if it was placed. What is there holds for an hour at most: nobody
	 * sweeps under what lasts longer, or is no text.
	 */
	static final Script ELECT = Script.of(RedisOperation.SWEEP, """
			local there = redis.pcall('GET', KEYS[1])
			if type(there) == 'string' then
			  local left = redis.call('PTTL', KEYS[1])
			  if left >= 0 and left <= 3600000 then
			    return '0'
			  end
			end
			redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
			return '1'
			""", "GET", "PTTL");

	/**
	 * KEYS[1] generation; ARGV: a fresh random, the shortest life that it needs in ms.
	 */
	public static final Script GENERATION = Script.of(RedisOperation.GENERATION, """
			local there = redis.pcall('GET', KEYS[1])
			if type(there) == 'string' and string.len(there) == 16 then
			  local left = redis.call('PTTL', KEYS[1])
			  if left >= 0 and left < tonumber(ARGV[2]) then
			    redis.call('PEXPIRE', KEYS[1], ARGV[2])
			  end
			  return there
			end
			if type(there) == 'table' and not string.find(there.err, 'WRONGTYPE', 1, true) then
			  return there
			end
			redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
			return ARGV[1]
			""", "PTTL", "PEXPIRE", "SET");

	/**
	 * KEYS[1] generation; ARGV: the shortest life that it needs in ms, the life that it
	 * is given if it has less. Answers with the life that it has, as PTTL does, behind
	 * '=' if it was long enough.
	 */
	static final Script KEEP = Script.of(RedisOperation.RENEW, """
			local left = redis.call('PTTL', KEYS[1])
			if left < 0 or left >= tonumber(ARGV[1]) then
			  return '=' .. tostring(left)
			end
			redis.call('PEXPIRE', KEYS[1], ARGV[2])
			return ARGV[2]
			""");

	/**
	 * KEYS[1] generation that must not end. Answers with the life that it has, as PTTL
	 * does, behind '=' if it was long enough.
	 */
	static final Script KEEP_FOR_EVER = Script.of(RedisOperation.RENEW, """
			local left = redis.call('PTTL', KEYS[1])
			if left < 0 then
			  return '=' .. tostring(left)
			end
			redis.call('PERSIST', KEYS[1])
			return '-1'
			""");

	private EntryScripts() {
	}

	/** Zero stands for ever, and only zero; no server could count to what is above. */
	static byte[] millis(Duration duration) {
		long millis = (duration.compareTo(LONGEST) > 0) ? LONGEST.toMillis()
				: duration.isZero() ? 0 : Math.max(1, duration.toMillis());
		return Long.toString(millis).getBytes(StandardCharsets.US_ASCII);
	}

}
