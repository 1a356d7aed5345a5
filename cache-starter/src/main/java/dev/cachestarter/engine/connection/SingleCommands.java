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

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;

import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.output.CommandOutput;
import io.lettuce.core.output.IntegerOutput;
import io.lettuce.core.output.ValueOutput;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.protocol.Command;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import org.jspecify.annotations.Nullable;

/**
 * The commands for one server, which needs to be told no keys. They are put together
 * here: the driver's own methods copy each argument once more on its way to the socket,
 * pair each value with its key, and need one more future where the answer is not what the
 * cache wants to know. What is returned is the driver's own future.
 */
final class SingleCommands extends LettuceCommands {

	private final RedisAsyncCommands<byte[], byte[]> server;

	private final StatefulRedisConnection<byte[], byte[]> connection;

	SingleCommands(StatefulRedisConnection<byte[], byte[]> connection) {
		super(connection.async());
		this.server = connection.async();
		this.connection = connection;
	}

	private static CommandArgs<byte[], byte[]> args() {
		return new CommandArgs<>(ByteArrayCodec.INSTANCE);
	}

	static CommandArgs<byte[], byte[]> args(byte[]... all) {
		CommandArgs<byte[], byte[]> args = args();
		for (byte[] each : all) {
			args.add(each);
		}
		return args;
	}

	@Override
	public CompletionStage<List<byte @Nullable []>> mget(byte[]... keys) {
		return this.server.dispatch(CommandType.MGET, new Values(keys.length), args(keys));
	}

	/**
	 * {@inheritDoc}
	 * <p>
	 * Both in one write: each write of the driver is a system call, and so may be the
	 * server's answer to it.
	 */
	@Override
	public CompletionStage<List<byte @Nullable []>> mgetAndStart(byte[][] keys, byte[] key, int length) {
		// There is room for the beginning.
		AsyncCommand<byte[], byte[], List<byte @Nullable []>> mget = command(CommandType.MGET,
				new Values(keys.length + 1), args(keys));
		AsyncCommand<byte[], byte[], byte[]> getrange = command(CommandType.GETRANGE,
				new ValueOutput<>(ByteArrayCodec.INSTANCE), args(key).add(0).add(length - 1));
		this.connection.dispatch(List.of(mget, getrange));
		return mget.thenCombine(getrange, (values, start) -> {
			values.add(start);
			return values;
		});
	}

	private static <T> AsyncCommand<byte[], byte[], T> command(CommandType type,
			CommandOutput<byte[], byte[], T> output, CommandArgs<byte[], byte[]> arguments) {
		return new AsyncCommand<>(new Command<>(type, output, arguments));
	}

	@Override
	public CompletionStage<Boolean> set(byte[] key, byte[] value, Duration life) {
		return this.server.dispatch(CommandType.SET, new Done(), args(key, value).add("PX").add(life.toMillis()));
	}

	@Override
	public CompletionStage<Boolean> setIfAbsent(byte[] key, byte[] value, Duration life) {
		return this.server.dispatch(CommandType.SET, new Done(),
				args(key, value).add("PX").add(life.toMillis()).add("NX"));
	}

	@Override
	public CompletionStage<Long> unlink(byte[]... keys) {
		return this.server.dispatch(CommandType.UNLINK, new IntegerOutput<>(ByteArrayCodec.INSTANCE), args(keys));
	}

	@Override
	public CompletionStage<Long> touch(byte[]... keys) {
		return this.server.dispatch(CommandType.TOUCH, new IntegerOutput<>(ByteArrayCodec.INSTANCE), args(keys));
	}

	@Override
	public CompletionStage<byte[]> evalsha(Script script, byte[][] keys, byte[]... arguments) {
		CommandArgs<byte[], byte[]> args = args().add(script.sha()).add(keys.length);
		for (byte[] key : keys) {
			args.add(key);
		}
		for (byte[] argument : arguments) {
			args.add(argument);
		}
		return this.server.dispatch(CommandType.EVALSHA, new ValueOutput<>(ByteArrayCodec.INSTANCE), args);
	}

	/** Values in the order of their keys, {@code null} where there is none. */
	static final class Values extends CommandOutput<byte[], byte[], List<byte @Nullable []>> {

		Values(int count) {
			super(ByteArrayCodec.INSTANCE, new ArrayList<>(count));
		}

		@Override
		public void set(@Nullable ByteBuffer bytes) {
			this.output.add((bytes != null) ? this.codec.decodeValue(bytes) : null);
		}

	}

	/** Whether the answer is OK, and not that nothing was done. */
	private static final class Done extends CommandOutput<byte[], byte[], Boolean> {

		Done() {
			super(ByteArrayCodec.INSTANCE, false);
		}

		@Override
		public void set(@Nullable ByteBuffer bytes) {
			this.output = bytes != null;
		}

	}

}
