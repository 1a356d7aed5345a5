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
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.output.CommandOutput;
import io.lettuce.core.output.KeyValueListOutput;
import io.lettuce.core.output.ValueOutput;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.protocol.Command;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import org.jspecify.annotations.Nullable;

/**
 * The commands in the driver's words.
 */
final class LettuceCommands implements RedisCommands {

	private final RedisClusterAsyncCommands<byte[], byte[]> commands;

	/**
	 * Takes several commands at once, {@code null} if they may be for several servers.
	 */
	private final @Nullable StatefulConnection<byte[], byte[]> server;

	LettuceCommands(RedisClusterAsyncCommands<byte[], byte[]> commands,
			@Nullable StatefulConnection<byte[], byte[]> server) {
		this.commands = commands;
		this.server = server;
	}

	@Override
	public CompletionStage<List<byte @Nullable []>> mget(byte[]... keys) {
		return this.commands.mget(keys).thenApply(LettuceCommands::values);
	}

	private static List<byte @Nullable []> values(List<KeyValue<byte[], byte[]>> found) {
		// There is room for one more.
		List<byte @Nullable []> values = new ArrayList<>(found.size() + 1);
		for (KeyValue<byte[], byte[]> value : found) {
			values.add(value.getValueOrElse(null));
		}
		return values;
	}

	/**
	 * {@inheritDoc}
	 * <p>
	 * Both in one write, where one server has all keys: each write of the driver is a
	 * system call, and so may be the server's answer to it.
	 */
	@Override
	public CompletionStage<List<byte @Nullable []>> mgetAndStart(byte[][] keys, byte[] key, int length) {
		StatefulConnection<byte[], byte[]> server = this.server;
		if (server == null) {
			return RedisCommands.super.mgetAndStart(keys, key, length);
		}
		AsyncCommand<byte[], byte[], List<KeyValue<byte[], byte[]>>> mget = command(CommandType.MGET,
				new KeyValueListOutput<>(ByteArrayCodec.INSTANCE, List.of(keys)), arguments().addKeys(keys));
		AsyncCommand<byte[], byte[], byte[]> getrange = command(CommandType.GETRANGE,
				new ValueOutput<>(ByteArrayCodec.INSTANCE), arguments().addKey(key).add(0).add(length - 1));
		server.dispatch(List.of(mget, getrange));
		return mget.thenCombine(getrange, (found, start) -> {
			List<byte @Nullable []> values = values(found);
			values.add(start);
			return values;
		});
	}

	private static <T> AsyncCommand<byte[], byte[], T> command(CommandType type,
			CommandOutput<byte[], byte[], T> output, CommandArgs<byte[], byte[]> arguments) {
		return new AsyncCommand<>(new Command<>(type, output, arguments));
	}

	private static CommandArgs<byte[], byte[]> arguments() {
		return new CommandArgs<>(ByteArrayCodec.INSTANCE);
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
	public CompletionStage<byte[]> evalsha(Script script, byte[] key, byte[]... arguments) {
		return this.commands.evalsha(script.sha(), ScriptOutputType.VALUE, new byte[][] { key }, arguments);
	}

	@Override
	public CompletionStage<byte[]> eval(Script script, byte[] key, byte[]... arguments) {
		return this.commands.eval(script.text(), ScriptOutputType.VALUE, new byte[][] { key }, arguments);
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

	}

}
