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
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import io.lettuce.core.KeyValue;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.ScanCursor;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.SetArgs;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import org.jspecify.annotations.Nullable;

/**
 * The commands in the driver's words, which finds the server that has a key.
 */
class LettuceCommands implements RedisCommands {

	private final RedisClusterAsyncCommands<byte[], byte[]> commands;

	LettuceCommands(RedisClusterAsyncCommands<byte[], byte[]> commands) {
		this.commands = commands;
	}

	@Override
	public CompletionStage<List<byte @Nullable []>> mget(byte[]... keys) {
		return this.commands.mget(keys).thenApply((found) -> {
			List<byte @Nullable []> values = new ArrayList<>(found.size());
			for (KeyValue<byte[], byte[]> value : found) {
				values.add(value.getValueOrElse(null));
			}
			return values;
		});
	}

	@Override
	public CompletionStage<byte[]> getrange(byte[] key, long from, long to) {
		return this.commands.getrange(key, from, to);
	}

	@Override
	public CompletionStage<Boolean> set(byte[] key, byte[] value, Duration life) {
		return this.commands.set(key, value, SetArgs.Builder.px(life.toMillis())).thenApply((ok) -> true);
	}

	@Override
	public CompletionStage<Boolean> setIfAbsent(byte[] key, byte[] value, Duration life) {
		return this.commands.set(key, value, SetArgs.Builder.nx().px(life.toMillis())).thenApply(Objects::nonNull);
	}

	@Override
	public CompletionStage<Long> unlink(byte[]... keys) {
		return this.commands.unlink(keys);
	}

	@Override
	public CompletionStage<Long> touch(byte[]... keys) {
		return this.commands.touch(keys);
	}

	@Override
	public CompletionStage<byte[]> evalsha(Script script, byte[][] keys, byte[]... arguments) {
		return this.commands.evalsha(script.sha(), ScriptOutputType.VALUE, keys, arguments);
	}

	@Override
	public CompletionStage<byte[]> eval(Script script, byte[][] keys, byte[]... arguments) {
		return this.commands.eval(script.text(), ScriptOutputType.VALUE, keys, arguments);
	}

	/**
	 * One master.
	 */
	static class Server implements RedisCommands.Server {

		private final RedisAsyncCommands<byte[], byte[]> commands;

		private final Pulse pulse;

		Server(RedisAsyncCommands<byte[], byte[]> commands, Pulse pulse) {
			this.commands = commands;
			this.pulse = pulse;
		}

		@Override
		public Pulse pulse() {
			return this.pulse;
		}

		@Override
		public CompletionStage<KeyPage> scan(@Nullable String cursor, byte[] match, int count) {
			ScanCursor after = (cursor != null) ? ScanCursor.of(cursor) : ScanCursor.INITIAL;
			return this.commands.scan(after, ScanArgs.Builder.limit(count).match(match))
				.thenApply((found) -> new KeyPage(found.getKeys(), found.getCursor()));
		}

		@Override
		public CompletionStage<SlotView> slots() {
			return CompletableFuture.completedFuture(SlotView.NONE);
		}

		@Override
		public CompletionStage<Long> dbsize() {
			return this.commands.dbsize();
		}

		@Override
		public CompletionStage<String> info(String section) {
			return this.commands.info(section);
		}

		@Override
		public CompletionStage<String> parameter(String name) {
			return this.commands.configGet(name).thenApply((found) -> found.getOrDefault(name, ""));
		}

	}

}
