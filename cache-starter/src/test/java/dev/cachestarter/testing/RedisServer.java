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

package dev.cachestarter.testing;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;

import org.jspecify.annotations.Nullable;

/**
 * A real Redis server on loopback. {@link #shared()} is one for the whole JVM: in a
 * container where there is a Docker engine, else a process. {@link #local(String...)} is
 * a process of the caller's own, which alone can be stopped, killed, paused and
 * restarted.
 */
public class RedisServer implements AutoCloseable {

	private static final Duration REPLY_TIMEOUT = Duration.ofSeconds(20);

	private final String host;

	private final @Nullable String password;

	RedisServer(String host, @Nullable String password) {
		this.host = host;
		this.password = password;
	}

	/**
	 * Return the server that all tests of this JVM share, started. It ends with the JVM.
	 * The first call prints which way it was found.
	 * @return the shared server
	 */
	public static RedisServer shared() {
		return SharedRedisServer.instance();
	}

	/**
	 * Return a new server in a process of its own, not yet started. Close it after use.
	 * @param arguments arguments of {@code redis-server}, such as
	 * {@code "--maxmemory", "2mb"}; they win over the fixture's own. With
	 * {@code "--requirepass"} the methods of this class give the password
	 * @return the server
	 */
	public static RedisServer local(String... arguments) {
		return RedisProcess.withDefaults(arguments);
	}

	/**
	 * Tell whether this machine can run a server in a process of its own.
	 * @return the reason why not, empty if it can
	 */
	static Optional<String> whyNotLocal() {
		return RedisExecutable.find().isPresent() ? Optional.empty()
				: Optional.of("there is no redis-server on the PATH, and embedded-redis has none for "
						+ System.getProperty("os.name") + " on " + System.getProperty("os.arch"));
	}

	/**
	 * Return the arguments of a server that takes its time to load what it has saved, and
	 * answers meanwhile. (Before 7.0 it answers only where there is much to load.)
	 * @param delayPerKey how long it takes for a key, in microseconds
	 * @return the arguments
	 */
	public static List<String> slowToLoad(int delayPerKey) {
		List<String> arguments = new ArrayList<>(List.of("--key-load-delay", String.valueOf(delayPerKey)));
		if (RedisExecutable.find().map(RedisExecutable::majorVersion).orElse(0) >= 7) {
			arguments.addAll(List.of("--loading-process-events-interval-bytes", "1024"));
		}
		return arguments;
	}

	/**
	 * Return the host that the server listens on.
	 * @return the host
	 */
	public final String host() {
		return this.host;
	}

	/**
	 * Return the port that the server listens on; it stays the same over restarts.
	 * @return the port
	 */
	public int port() {
		throw notYours();
	}

	/**
	 * Return the URL of the server.
	 * @return the URL, without credentials
	 */
	public final String url() {
		return "redis://" + this.host + ":" + port();
	}

	/**
	 * Return the settings with which a Spring Boot application connects to this server.
	 * @return {@code name=value} pairs
	 */
	public final String[] springProperties() {
		List<String> properties = new ArrayList<>();
		properties.add("spring.data.redis.host=" + this.host);
		properties.add("spring.data.redis.port=" + port());
		if (this.password != null) {
			properties.add("spring.data.redis.password=" + this.password);
		}
		return properties.toArray(String[]::new);
	}

	/**
	 * Run a command on a connection of its own.
	 * @param command the command and its arguments
	 * @return the reply, see {@link RespClient}
	 * @throws RespClient.ErrorReply if Redis answers with an error
	 */
	public final @Nullable Object cli(String... command) {
		try (RespClient client = connect()) {
			return client.call(command);
		}
	}

	/**
	 * Run a command whose reply is a number.
	 * @param command the command and its arguments
	 * @return the number
	 */
	public final long number(String... command) {
		return (Long) Objects.requireNonNull(cli(command));
	}

	/**
	 * Return what {@code GET} answers, as it is.
	 * @param key the key
	 * @return the bytes, {@code null} if there is no such key
	 */
	public final byte @Nullable [] bytes(String key) {
		try (RespClient client = connect()) {
			return client.callForBytes("GET".getBytes(StandardCharsets.US_ASCII), key.getBytes(StandardCharsets.UTF_8));
		}
	}

	/**
	 * Return the keys that match a glob, sorted.
	 * @param glob the glob
	 * @return the keys
	 */
	public final List<String> keys(String glob) {
		TreeSet<String> keys = new TreeSet<>();
		for (Object key : (List<?>) Objects.requireNonNull(cli("KEYS", glob))) {
			keys.add((String) key);
		}
		return List.copyOf(keys);
	}

	/**
	 * Return a field of {@code INFO}.
	 * @param field the name of the field
	 * @return its value
	 */
	public final String info(String field) {
		String info = (String) Objects.requireNonNull(cli("INFO", "all"));
		return Arrays.stream(info.split("\r\n"))
			.filter((line) -> line.startsWith(field + ":"))
			.map((line) -> line.substring(field.length() + 1))
			.findFirst()
			.orElseThrow(() -> new IllegalArgumentException("INFO has no field '" + field + "'"));
	}

	/**
	 * Remove every key of every database.
	 */
	public final void flushAll() {
		cli("FLUSHALL");
	}

	/**
	 * Open a connection that the caller closes, for what must outlive one command. A
	 * reply that takes more than 20 seconds is an error.
	 * @return the connection
	 */
	public final RespClient connect() {
		return connect(port(), REPLY_TIMEOUT);
	}

	final RespClient connect(int port, Duration replyTimeout) {
		RespClient client = RespClient.connect(this.host, port, replyTimeout);
		if (this.password == null) {
			return client;
		}
		try {
			client.call("AUTH", this.password);
			return client;
		}
		catch (RuntimeException ex) {
			client.close();
			throw ex;
		}
	}

	/**
	 * Tell whether the server answers {@code PING} within a second.
	 * @return {@code true} if it answers, with an error even
	 */
	public final boolean answers() {
		try (RespClient client = connect(port(), Duration.ofSeconds(1))) {
			client.call("PING");
			return true;
		}
		catch (RespClient.ErrorReply ex) {
			return true;
		}
		catch (RuntimeException ex) {
			return false;
		}
	}

	/**
	 * Tell whether the process of the server exists, paused or not.
	 * @return {@code true} while it exists
	 */
	public boolean isAlive() {
		return answers();
	}

	/**
	 * Start the server and wait until it serves commands, its data loaded.
	 * @return this server
	 */
	public RedisServer start() {
		throw notYours();
	}

	/**
	 * Start the server and wait only until it answers, with {@code LOADING} perhaps.
	 * @return this server
	 */
	public RedisServer startLoading() {
		throw notYours();
	}

	/**
	 * End the server by SIGTERM and wait until it has ended.
	 */
	public void stop() {
		throw notYours();
	}

	/**
	 * End the server by SIGKILL and wait until it has ended.
	 */
	public void kill() {
		throw notYours();
	}

	/**
	 * Halt the server by SIGSTOP: connections stay open, and nothing answers.
	 */
	public void pause() {
		throw notYours();
	}

	/**
	 * Let a halted server go on, by SIGCONT.
	 */
	public void resume() {
		throw notYours();
	}

	/**
	 * Stop the server if it is running, then start it on the same port with the directory
	 * that it had, so that it loads what was last saved there.
	 * @return this server
	 */
	public RedisServer restart() {
		throw notYours();
	}

	/**
	 * End the server and remove its directory.
	 */
	@Override
	public void close() {
		throw notYours();
	}

	private static IllegalStateException notYours() {
		return new IllegalStateException(
				"The shared server is not yours to start, stop or pause: use RedisServer.local() instead");
	}

}
