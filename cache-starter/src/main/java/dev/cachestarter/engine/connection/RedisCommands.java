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

package dev.cachestarter.engine.connection;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;

import org.jspecify.annotations.Nullable;

/**
 * The commands that the cache sends, each to the server that has its keys. None of them
 * blocks, or throws for the server's sake.
 */
public interface RedisCommands {

	/**
	 * Read keys.
	 * @return a value or {@code null} for each, in order; what is not a string is absent
	 */
	CompletionStage<List<byte @Nullable []>> mget(byte[]... keys);

	/**
	 * Read the beginning of one key.
	 */
	CompletionStage<byte[]> getrange(byte[] key, long from, long to);

	/**
	 * Read keys, and then the beginning of one.
	 * @param length how much of it
	 * @return a value or {@code null} for each key, in order, and the beginning last
	 */
	default CompletionStage<List<byte @Nullable []>> mgetAndStart(byte[][] keys, byte[] key, int length) {
		return mget(keys).thenCombine(getrange(key, 0, length - 1), (found, start) -> {
			List<byte @Nullable []> values = new ArrayList<>(found);
			values.add(start);
			return values;
		});
	}

	/**
	 * Set a key, whatever is there.
	 * @return true
	 */
	CompletionStage<Boolean> set(byte[] key, byte[] value, Duration life);

	/**
	 * Set a key if nothing is there.
	 * @return whether nothing was
	 */
	CompletionStage<Boolean> setIfAbsent(byte[] key, byte[] value, Duration life);

	/**
	 * Delete keys.
	 * @return how many there were
	 */
	CompletionStage<Long> unlink(byte[]... keys);

	/**
	 * Take keys for used, without reading them.
	 * @return how many there are
	 */
	CompletionStage<Long> touch(byte[]... keys);

	/**
	 * Run a script that the server has.
	 * @param keys the keys that it works on, all of them with one server
	 */
	CompletionStage<byte[]> evalsha(Script script, byte[][] keys, byte[]... arguments);

	/**
	 * Run a script.
	 * @param keys the keys that it works on, all of them with one server
	 */
	CompletionStage<byte[]> eval(Script script, byte[][] keys, byte[]... arguments);

	/**
	 * One master, for commands that every master must answer.
	 */
	interface Server {

		/**
		 * What it is called: its host and port in a cluster, nothing if it is the only
		 * one.
		 */
		default String name() {
			return "";
		}

		/**
		 * Its signs of life.
		 */
		Pulse pulse();

		/**
		 * Ask for a page of the keys that match a glob.
		 * @param cursor the cursor of the page before, {@code null} for the first
		 */
		CompletionStage<KeyPage> scan(@Nullable String cursor, byte[] match, int count);

		/**
		 * Ask how it sees the slots of its cluster.
		 */
		CompletionStage<SlotView> slots();

		CompletionStage<Long> dbsize();

		CompletionStage<String> info(String section);

		/**
		 * Ask for a parameter of its configuration, which few users may.
		 */
		CompletionStage<String> parameter(String name);

	}

	/**
	 * One page of the keys that a server was asked for.
	 *
	 * @param keys the keys
	 * @param cursor where the next page begins
	 */
	record KeyPage(List<byte[]> keys, String cursor) {

		/**
		 * Return whether no page follows.
		 */
		public boolean isLast() {
			return this.cursor.equals("0");
		}

	}

}
