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

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.Identity;
import dev.cachestarter.engine.connection.Pulse;
import dev.cachestarter.engine.connection.RedisCommands;
import dev.cachestarter.engine.connection.RedisConnection;
import dev.cachestarter.engine.connection.RedisConnector;
import dev.cachestarter.engine.connection.Script;

/**
 * A Redis in the memory of a test, without a socket: it does at once what the scripts of
 * the cache say, and its clock stands still until the test moves it. It can be told to
 * fail, or to do what it is told and answer later or never.
 */
public final class MemoryRedis implements RedisConnector {

	private static final String SHA = "a1b2";

	private final ManualWorker worker = new ManualWorker();

	private final Map<String, Entry> entries = new HashMap<>();

	private final List<Runnable> held = new ArrayList<>();

	private final List<String> sent = new ArrayList<>();

	private final Map<Script, Behaviour> behaviours = new HashMap<>();

	private long bytesRead;

	private boolean cluster;

	private final Set<String> untold = new HashSet<>();

	private @Nullable RuntimeException failure;

	private Answers answers = Answers.AT_ONCE;

	/** Whether commands are answered. */
	public enum Answers {

		/** When they have been done. */
		AT_ONCE,

		/** Not before {@link MemoryRedis#answer()}, though they are done. */
		HELD,

		/** Not before {@link MemoryRedis#answer()}, and they are not done before. */
		UNDONE

	}

	/**
	 * Return a link that is up, as one instance has it.
	 */
	public RedisLink link(Duration timeout) {
		RedisLink link = unstarted(timeout);
		start(link);
		return link;
	}

	/**
	 * Return a link that has not looked for this Redis yet.
	 */
	public RedisLink unstarted(Duration timeout) {
		return new RedisLink(this, RedisLink.Settings.of(timeout, timeout), this.worker::now, this.worker);
	}

	public void start(RedisLink link) {
		link.start();
		this.worker.run();
	}

	/**
	 * Say what scripts do.
	 */
	public MemoryRedis script(Script script, Behaviour behaviour) {
		this.behaviours.put(script, behaviour);
		return this;
	}

	/**
	 * Have something stand under a key that {@code GET} does not tell of, such as a list.
	 */
	public void hides(byte[] key) {
		this.untold.add(text(key));
	}

	/**
	 * Let time pass on the server.
	 */
	public void pass(Duration time) {
		this.worker.advance(time);
	}

	/**
	 * Have what follows fail, or with {@code null} no longer.
	 */
	public void fails(@Nullable RuntimeException ex) {
		this.failure = ex;
	}

	public void answers(Answers how) {
		this.answers = how;
	}

	/**
	 * Answer what was not answered, and what follows.
	 */
	public void answer() {
		this.answers = Answers.AT_ONCE;
		List<Runnable> waiting = List.copyOf(this.held);
		this.held.clear();
		waiting.forEach(Runnable::run);
	}

	/**
	 * Answer one of those that were not answered, and none that follows.
	 * @param index which, in the order in which they were sent
	 */
	public void answer(int index) {
		this.held.remove(index).run();
	}

	/**
	 * Pass for a cluster, whose keys may be anywhere.
	 */
	public void isCluster() {
		this.cluster = true;
	}

	/**
	 * Return what was sent since this was last asked.
	 */
	public List<String> sent() {
		List<String> all = List.copyOf(this.sent);
		this.sent.clear();
		return all;
	}

	/**
	 * Return how many bytes of values were read since this was last asked.
	 */
	public long bytesRead() {
		long bytes = this.bytesRead;
		this.bytesRead = 0;
		return bytes;
	}

	/** The server's time, in milliseconds. */
	public long now() {
		return TimeUnit.NANOSECONDS.toMillis(this.worker.now());
	}

	public byte @Nullable [] get(byte[] key) {
		Entry entry = this.entries.get(text(key));
		return (entry != null && (entry.until() < 0 || entry.until() > now())) ? entry.value() : null;
	}

	/**
	 * Return the first bytes of what is there, none if there is nothing.
	 */
	public byte[] start(byte[] key, int length) {
		byte[] value = get(key);
		return (value == null) ? new byte[0] : Arrays.copyOf(value, Math.min(length, value.length));
	}

	/**
	 * Set a key.
	 * @param life how long it lives, in milliseconds, zero for ever
	 */
	public void set(byte[] key, byte[] value, long life) {
		this.entries.put(text(key), new Entry(value.clone(), (life > 0) ? now() + life : -1));
	}

	public void setRange(byte[] key, int offset, String part) {
		byte[] value = get(key);
		if (value != null) {
			System.arraycopy(bytes(part), 0, value, offset, part.length());
		}
	}

	/** What is left of its life in milliseconds, -1 for ever, -2 if there is nothing. */
	public long left(byte[] key) {
		Entry entry = this.entries.get(text(key));
		return (entry == null || get(key) == null) ? -2 : (entry.until() < 0) ? -1 : entry.until() - now();
	}

	public void expire(byte[] key, long life) {
		byte[] value = get(key);
		if (value != null) {
			set(key, value, life);
		}
	}

	public long remove(byte[] key) {
		boolean there = get(key) != null;
		this.entries.remove(text(key));
		return there ? 1 : 0;
	}

	private static String text(byte[] bytes) {
		return new String(bytes, StandardCharsets.ISO_8859_1);
	}

	private static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.ISO_8859_1);
	}

	private <T> CompletableFuture<T> command(String name, Supplier<T> action) {
		this.sent.add(name);
		if (this.failure != null) {
			return CompletableFuture.failedFuture(this.failure);
		}
		CompletableFuture<T> answer = new CompletableFuture<>();
		if (this.answers == Answers.UNDONE) {
			this.held.add(() -> answer.complete(action.get()));
			return answer;
		}
		T done = action.get();
		if (this.answers == Answers.HELD) {
			this.held.add(() -> answer.complete(done));
		}
		else {
			answer.complete(done);
		}
		return answer;
	}

	@Override
	public RedisConnection connect() {
		return new Connection();
	}

	@Override
	public String display() {
		return "in memory";
	}

	@Override
	public void open() {
	}

	@Override
	public CompletableFuture<?> close() {
		return CompletableFuture.completedFuture("");
	}

	/**
	 * What a script does.
	 */
	@FunctionalInterface
	public interface Behaviour {

		/**
		 * Do it.
		 * @return what it answers
		 */
		String run(MemoryRedis redis, byte[] key, byte[]... arguments);

	}

	private record Entry(byte[] value, long until) {

	}

	private final class Connection implements RedisConnection, RedisCommands {

		private final Pulse pulse = new Pulse();

		@Override
		public Greeting greet() {
			return new Greeting(new Identity(SHA + SHA, MemoryRedis.this.worker.now()), 0L, 0, List.of());
		}

		@Override
		public void onLost(Consumer<String> told) {
		}

		@Override
		public boolean isOpen() {
			return true;
		}

		@Override
		public void close() {
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
			return !MemoryRedis.this.cluster;
		}

		@Override
		public Object serverOf(byte[] key) {
			return "";
		}

		@Override
		public boolean reaches(byte[]... keys) {
			return true;
		}

		@Override
		public boolean isWhole() {
			return true;
		}

		@Override
		public Pulse pulse(byte[]... keys) {
			return this.pulse;
		}

		@Override
		public long lag() {
			return 0;
		}

		@Override
		public CompletableFuture<List<byte @Nullable []>> mget(byte[]... keys) {
			return command("MGET", () -> {
				List<byte @Nullable []> values = new ArrayList<>();
				for (byte[] key : keys) {
					byte[] value = get(key);
					values.add((value != null) ? value.clone() : null);
					MemoryRedis.this.bytesRead += (value != null) ? value.length : 0;
				}
				return values;
			});
		}

		@Override
		public CompletableFuture<byte[]> getrange(byte[] key, long from, long to) {
			return command("GETRANGE", () -> {
				byte[] start = start(key, (int) to + 1);
				byte[] part = (start.length > from) ? Arrays.copyOfRange(start, (int) from, start.length) : new byte[0];
				MemoryRedis.this.bytesRead += part.length;
				return part;
			});
		}

		@Override
		public CompletableFuture<Boolean> set(byte[] key, byte[] value, Duration life) {
			return command("SET", () -> {
				MemoryRedis.this.set(key, value, life.toMillis());
				return true;
			});
		}

		@Override
		public CompletableFuture<Boolean> setIfAbsent(byte[] key, byte[] value, Duration life) {
			return command("SET", () -> {
				if (get(key) != null || MemoryRedis.this.untold.contains(text(key))) {
					return false;
				}
				MemoryRedis.this.set(key, value, life.toMillis());
				return true;
			});
		}

		@Override
		public CompletableFuture<Long> unlink(byte[]... keys) {
			return command("UNLINK", () -> Arrays.stream(keys).mapToLong(MemoryRedis.this::remove).sum());
		}

		@Override
		public CompletableFuture<Long> touch(byte[]... keys) {
			return command("TOUCH", () -> (long) keys.length);
		}

		@Override
		public CompletableFuture<byte[]> evalsha(Script script, byte[][] keys, byte[]... arguments) {
			return eval(script, keys, arguments);
		}

		@Override
		public CompletableFuture<byte[]> eval(Script script, byte[][] keys, byte[]... arguments) {
			Behaviour behaviour = MemoryRedis.this.behaviours.get(script);
			if (behaviour == null) {
				throw new IllegalStateException("No such script: " + script.text());
			}
			return command("EVAL", () -> bytes(behaviour.run(MemoryRedis.this, keys[0], arguments)));
		}

	}

}
