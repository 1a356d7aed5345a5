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

package dev.cachestarter.benchmark;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import org.jspecify.annotations.Nullable;

/**
 * A server of the benchmark's own: the {@code redis-server} on the {@code PATH}, else the
 * one inside {@code org.signal:embedded-redis}. It saves nothing, and ends with this JVM.
 */
final class RedisProcess implements AutoCloseable {

	static final String HOST = "127.0.0.1";

	private static final String EMBEDDED_VERSION = "7.0.15";

	private static final int START_SECONDS = 30;

	private final ChildProcess process;

	private final int port;

	private final RedisClient client;

	private final StatefulRedisConnection<String, String> connection;

	private RedisProcess(ChildProcess process, int port, RedisClient client,
			StatefulRedisConnection<String, String> connection) {
		this.process = process;
		this.port = port;
		this.client = client;
		this.connection = connection;
	}

	static RedisProcess start(Path directory) throws IOException, InterruptedException {
		Path executable = find(directory);
		int port = freePort();
		ChildProcess process = ChildProcess.start(List.of(executable.toString(), "--bind", HOST, "--port",
				Integer.toString(port), "--save", "", "--appendonly", "no", "--dir", directory.toString(), "--logfile",
				directory.resolve("redis.log").toString()), directory.resolve("redis.err"));
		RedisClient client = RedisClient.create(RedisURI.create(HOST, port));
		StatefulRedisConnection<String, String> connection = connect(client, process);
		if (connection == null) {
			client.shutdown();
			process.close();
			throw new IllegalStateException("redis-server did not start, see " + directory.resolve("redis.log"));
		}
		return new RedisProcess(process, port, client, connection);
	}

	private static @Nullable StatefulRedisConnection<String, String> connect(RedisClient client, ChildProcess process)
			throws InterruptedException {
		long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
		while (process.isAlive() && System.nanoTime() - deadline < 0) {
			try {
				return client.connect();
			}
			catch (RedisException ex) {
				TimeUnit.MILLISECONDS.sleep(20);
			}
		}
		return null;
	}

	private static Path find(Path directory) throws IOException {
		for (String place : Optional.ofNullable(System.getenv("PATH")).orElse("").split(File.pathSeparator)) {
			Path file = Path.of(place, "redis-server");
			if (!place.isEmpty() && Files.isExecutable(file) && Files.isRegularFile(file)) {
				return file;
			}
		}
		String name = "redis-server-" + EMBEDDED_VERSION + "-" + platform();
		try (InputStream binary = RedisProcess.class.getResourceAsStream("/" + name)) {
			if (binary == null) {
				throw new IllegalStateException(
						"No redis-server on the PATH, and none for this system (" + platform() + ") in embedded-redis");
			}
			Path file = directory.resolve(name);
			Files.copy(binary, file, StandardCopyOption.REPLACE_EXISTING);
			if (!file.toFile().setExecutable(true)) {
				throw new IOException("Cannot make " + file + " executable");
			}
			return file;
		}
	}

	private static String platform() {
		String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
		String architecture = System.getProperty("os.arch");
		return (system.startsWith("mac") ? "darwin" : system.split(" ")[0]) + "-" + switch (architecture) {
			case "amd64", "x86_64" -> "amd64";
			case "aarch64" -> "arm64";
			default -> architecture;
		};
	}

	private static int freePort() throws IOException {
		try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName(HOST))) {
			return socket.getLocalPort();
		}
	}

	int port() {
		return this.port;
	}

	RedisClient client() {
		return this.client;
	}

	/** Open a connection to a database. */
	StatefulRedisConnection<String, String> connect(int database) {
		return this.client
			.connect(RedisURI.builder().withHost(HOST).withPort(this.port).withDatabase(database).build());
	}

	String version() {
		return this.connection.sync()
			.info("server")
			.lines()
			.filter((line) -> line.startsWith("redis_version:"))
			.map((line) -> line.substring("redis_version:".length()))
			.findFirst()
			.orElse("?");
	}

	/** Remove everything, of all databases. */
	void flush() {
		this.connection.sync().flushall();
	}

	@Override
	public void close() {
		this.client.shutdown(0, 1, TimeUnit.SECONDS);
		this.process.close();
	}

}
