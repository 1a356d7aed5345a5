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

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.Identity;
import dev.cachestarter.engine.connection.Pulse;
import dev.cachestarter.engine.connection.RedisCommands;
import dev.cachestarter.engine.connection.RedisConnection;
import dev.cachestarter.engine.connection.RedisConnector;
import dev.cachestarter.engine.connection.Script;

/**
 * A Redis that does what a test tells it to, without a socket: whether it can be
 * connected to, who it is, and which commands it answers when.
 */
final class ScriptedRedis implements RedisConnector {

	final ManualWorker worker = new ManualWorker();

	/** The connections that were made, newest last. */
	final List<Connection> connections = new ArrayList<>();

	/** What connecting, and greeting, fails with. */
	@Nullable RuntimeException refusal;

	@Nullable Exception silence;

	/** Who it is. */
	String mark = "aaaaaaaa";

	/** Its time minus the link's, in milliseconds. */
	@Nullable Long clockOffset = 0L;

	/** How long the answer to a ping takes. */
	Duration ping = Duration.ZERO;

	/** Whether commands are answered at once. */
	boolean answers = true;

	/** Whether it is a cluster, and what of it cannot be reached. */
	boolean cluster;

	final Set<String> unreachable = new HashSet<>();

	/** How late this JVM was, altogether. */
	long lag;

	/** Whether it may be connected to. */
	boolean open = true;

	/** What happens to a caller before the connection has its command. */
	Runnable handingOver = () -> {
	};

	/** How often it was tried to connect. */
	int attempts;

	Connection connection() {
		return this.connections.get(this.connections.size() - 1);
	}

	@Override
	public RedisConnection connect() {
		this.attempts++;
		if (this.refusal != null) {
			throw this.refusal;
		}
		Connection connection = new Connection();
		this.connections.add(connection);
		return connection;
	}

	@Override
	public String display() {
		return "scripted";
	}

	@Override
	public void open() {
		this.open = true;
	}

	@Override
	public CompletionStage<?> close() {
		this.open = false;
		return CompletableFuture.completedFuture(null);
	}

	/**
	 * A command that was sent.
	 *
	 * @param name its name
	 * @param key its first key
	 * @param keys how many keys it has
	 * @param answer to be completed
	 */
	record Command(String name, String key, int keys, CompletableFuture<Object> answer) {

	}

	/**
	 * A connection.
	 */
	final class Connection implements RedisConnection, RedisCommands {

		/** What was sent, oldest first. */
		final List<Command> sent = new ArrayList<>();

		int greetings;

		boolean closed;

		boolean open = true;

		private final Pulse pulse = new Pulse();

		private Consumer<String> told = (why) -> {
		};

		void lose() {
			this.open = false;
			this.told.accept("connection lost");
		}

		Command last() {
			return this.sent.get(this.sent.size() - 1);
		}

		@SuppressWarnings("unchecked")
		private <T> CompletableFuture<T> command(String name, T answer, byte[]... keys) {
			ScriptedRedis.this.handingOver.run();
			Command command = new Command(name, new String(keys[0]), keys.length, new CompletableFuture<>());
			this.sent.add(command);
			if (ScriptedRedis.this.answers) {
				command.answer().complete(answer);
			}
			return (CompletableFuture<T>) command.answer();
		}

		@Override
		public Greeting greet() throws Exception {
			this.greetings++;
			if (ScriptedRedis.this.silence != null) {
				throw ScriptedRedis.this.silence;
			}
			return new Greeting(new Identity(ScriptedRedis.this.mark, ScriptedRedis.this.worker.now()),
					ScriptedRedis.this.clockOffset, ScriptedRedis.this.ping.toNanos(), List.of());
		}

		@Override
		public void onLost(Consumer<String> told) {
			this.told = told;
		}

		@Override
		public boolean isOpen() {
			return this.open;
		}

		@Override
		public void close() {
			this.closed = true;
			this.open = false;
		}

		@Override
		public RedisCommands commands() {
			return this;
		}

		@Override
		public CompletableFuture<List<RedisCommands.Server>> masters() {
			return CompletableFuture.completedFuture(List.of());
		}

		@Override
		public int servers() {
			return 1;
		}

		@Override
		public boolean isOneServer() {
			return !ScriptedRedis.this.cluster;
		}

		@Override
		public Object serverOf(byte[] key) {
			return "";
		}

		@Override
		public boolean reaches(byte[]... keys) {
			for (byte[] key : keys) {
				if (ScriptedRedis.this.unreachable.contains(new String(key))) {
					return false;
				}
			}
			return true;
		}

		@Override
		public boolean isWhole() {
			return ScriptedRedis.this.unreachable.isEmpty();
		}

		@Override
		public Pulse pulse(byte[]... keys) {
			return this.pulse;
		}

		@Override
		public long lag() {
			return ScriptedRedis.this.lag;
		}

		@Override
		public CompletableFuture<List<byte @Nullable []>> mget(byte[]... keys) {
			return command("MGET", List.of(keys), keys);
		}

		@Override
		public CompletableFuture<byte[]> getrange(byte[] key, long from, long to) {
			return command("GETRANGE", key, key);
		}

		@Override
		public CompletableFuture<Boolean> set(byte[] key, byte[] value, Duration life) {
			return command("SET", true, key);
		}

		@Override
		public CompletableFuture<Boolean> setIfAbsent(byte[] key, byte[] value, Duration life) {
			return command("SET", true, key);
		}

		@Override
		public CompletableFuture<Long> unlink(byte[]... keys) {
			return command("UNLINK", (long) keys.length, keys);
		}

		@Override
		public CompletableFuture<Long> touch(byte[]... keys) {
			return command("TOUCH", (long) keys.length, keys);
		}

		@Override
		public CompletableFuture<byte[]> evalsha(Script script, byte[][] keys, byte[]... arguments) {
			return command("EVALSHA", keys[0], keys);
		}

		@Override
		public CompletableFuture<byte[]> eval(Script script, byte[][] keys, byte[]... arguments) {
			return command("EVAL", keys[0], keys);
		}

	}

}
