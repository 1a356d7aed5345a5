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
package dev.cachestarter.engine.tag;

import dev.cachestarter.engine.connection.Script;
import dev.cachestarter.engine.monitor.RedisOperation;

/**
 * The scripts of {@link TagGenerations}, each on one key but for {@link #EVICT}. They
 * call no command that the scripts of entries do not call as well, so they need no right
 * of their own.
 */
final class TagScripts {

	private static final String COUNT_TEXT = """
			local there = redis.pcall('GETRANGE', KEYS[1], 0, 32)
			if type(there) == 'table' then
			  if not string.find(there.err, 'WRONGTYPE', 1, true) then
			    return there
			  end
			  there = ''
			end
			local epoch, number = string.match(there, '^(%x+) (%d+)$')
			if string.len(there) ~= 32 or not epoch or string.len(epoch) ~= 16 then
			  there = ARGV[1] .. ' 000000000000000'
			  redis.call('SET', KEYS[1], there)
			elseif ARGV[2] == '1' then
			  there = epoch .. ' ' .. string.format('%015.0f', tonumber(number) + 1)
			  redis.call('SET', KEYS[1], there)
			end
			return there
			""";

	/**
	 * KEYS[1] counter; ARGV: a fresh random, '0'. Makes the counter if it is not there,
	 * under an epoch that was never there before, and answers with what it says.
	 */
	static final Script COUNTER = Script.of(RedisOperation.GENERATION, COUNT_TEXT, "SET");

	/**
	 * KEYS[1] counter; ARGV: a fresh random, '1'. Counts an eviction, and answers with
	 * what the counter says then. One that is made by it has a new epoch, which no load
	 * before it has seen.
	 */
	static final Script COUNT = Script.of(RedisOperation.EVICT, COUNT_TEXT);

	/**
	 * KEYS[1] generation of a tag; ARGV: a fresh random, its life in ms, what may be
	 * replaced. Makes a generation without a number where there is none, or that one, and
	 * answers with what is there.
	 */
	static final Script MAKE = Script.of(RedisOperation.GENERATION, """
			local there = redis.pcall('GETRANGE', KEYS[1], 0, 49)
			if type(there) == 'table' then
			  if not string.find(there.err, 'WRONGTYPE', 1, true) then
			    return there
			  end
			  there = ''
			end
			if string.len(there) == 49 and there ~= ARGV[3] then
			  return there
			end
			there = ARGV[1] .. ' ---------------- 000000000000000'
			redis.call('SET', KEYS[1], there, 'PX', ARGV[2])
			return there
			""", "SET");

	/**
	 * KEYS[1] generation of a tag; ARGV: a random, what the counter said after it was
	 * made. Gives the generation of that random its number if it has none, and answers
	 * with what is there.
	 */
	static final Script CONFIRM = Script.of(RedisOperation.GENERATION, """
			local there = redis.pcall('GETRANGE', KEYS[1], 0, 49)
			if type(there) == 'table' then
			  return there
			end
			if there == ARGV[1] .. ' ---------------- 000000000000000' then
			  redis.call('SETRANGE', KEYS[1], 17, ARGV[2])
			  there = ARGV[1] .. ' ' .. ARGV[2]
			end
			return there
			""", "SETRANGE");

	/** From {@code renewal}: a fresh random and what the counter said. */
	private static final String RENEW_TEXT = """
			local there = redis.pcall('GETRANGE', KEYS[1], 0, 49)
			if type(there) == 'table' then
			  if not string.find(there.err, 'WRONGTYPE', 1, true) then
			    return there
			  end
			  return tostring(redis.call('UNLINK', KEYS[1]))
			end
			local epoch = string.sub(there, 18, 33)
			local number = tonumber(string.sub(there, 35))
			local random = string.sub(renewal, 1, 16)
			if string.len(there) == 49 and number then
			  if epoch == string.sub(renewal, 18, 33) and number <= tonumber(string.sub(renewal, 35)) then
			    redis.call('SETRANGE', KEYS[1], 0, renewal)
			    return '1'
			  end
			  if epoch == string.sub(renewal, 18, 33) or epoch == '----------------' then
			    redis.call('SETRANGE', KEYS[1], 0, random)
			    return '1'
			  end
			end
			return tostring(redis.call('UNLINK', KEYS[1]))
			""";

	/**
	 * KEYS[1] generation of a tag; ARGV: a fresh random and what the counter said when
	 * the eviction was counted. Replaces the generation if there is one, which lives as
	 * long as before, and answers how many there were. A later eviction may have come
	 * first: a number is never lowered, one that has none gets none, and what is of
	 * another counter is deleted, since which of the two is the later nothing tells.
	 */
	static final Script RENEW = Script.of(RedisOperation.EVICT, "local renewal = ARGV[1]\n" + RENEW_TEXT, "SETRANGE",
			"UNLINK");

	/**
	 * KEYS[1] generation of a tag, KEYS[2] counter; ARGV: a fresh random. Counts an
	 * eviction and replaces the generation, as {@link #COUNT} and then {@link #RENEW} do,
	 * and answers how many generations there were. Where no counter is found it does
	 * nothing, and answers {@code =}: there may be one elsewhere.
	 */
	static final Script EVICT = Script.of(RedisOperation.EVICT, """
			local counter = redis.pcall('GETRANGE', KEYS[2], 0, 32)
			if type(counter) == 'table' then
			  if not string.find(counter.err, 'WRONGTYPE', 1, true) then
			    return counter
			  end
			  return '='
			end
			local life, count = string.match(counter, '^(%x+) (%d+)$')
			if string.len(counter) ~= 32 or not life or string.len(life) ~= 16 then
			  return '='
			end
			counter = life .. ' ' .. string.format('%015.0f', tonumber(count) + 1)
			redis.call('SET', KEYS[2], counter)
			local renewal = ARGV[1] .. ' ' .. counter
			""" + RENEW_TEXT, "SETRANGE", "UNLINK");

	private TagScripts() {
	}

}
