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

package dev.cachestarter.sample;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import org.springframework.util.FileSystemUtils;

import static org.awaitility.Awaitility.await;

/**
 * A PostgreSQL of this test run's own, from binaries that are installed here. As it
 * refuses to run as root, it runs as nobody where the tests are root's.
 */
final class PostgresServer implements AutoCloseable {

	private static final boolean ROOT = "root".equals(System.getProperty("user.name"));

	private final Path directory;

	private final Process process;

	private final int port;

	private PostgresServer(Path directory, Process process, int port) {
		this.directory = directory;
		this.process = process;
		this.port = port;
	}

	/**
	 * Return whether a server can be started here.
	 * @return whether the programs that it takes are installed
	 */
	static boolean available() {
		return find("initdb") != null && find("postgres") != null && (!ROOT || find("setpriv") != null);
	}

	static PostgresServer start() {
		try {
			Path directory = Files.createTempDirectory("postgres");
			if (ROOT) {
				Files.setOwner(directory,
						directory.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody"));
			}
			String data = directory.resolve("data").toString();
			int port = freePort();
			Process initdb = start(directory, "initdb", "-D", data, "-U", "platform", "-A", "trust", "-E", "UTF8",
					"--locale=C", "--no-sync");
			if (!initdb.waitFor(2, TimeUnit.MINUTES) || initdb.exitValue() != 0) {
				throw new IllegalStateException("initdb failed: " + Files.readString(directory.resolve("initdb.log")));
			}
			Process postgres = start(directory, "postgres", "-D", data, "-p", Integer.toString(port), "-h", "127.0.0.1",
					"-k", "", "-F");
			PostgresServer server = new PostgresServer(directory, postgres, port);
			await().atMost(Duration.ofMinutes(1)).ignoreExceptions().until(server::answers);
			return server;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static Process start(Path directory, String program, String... args) throws IOException {
		List<String> command = new ArrayList<>();
		if (ROOT) {
			command.addAll(List.of("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"));
		}
		command.add(String.valueOf(find(program)));
		command.addAll(List.of(args));
		return new ProcessBuilder(command).directory(directory.toFile())
			.redirectErrorStream(true)
			.redirectOutput(directory.resolve(program + ".log").toFile())
			.start();
	}

	private boolean answers() throws Exception {
		try (Connection connection = DriverManager.getConnection(url(), "platform", "")) {
			return connection.isValid(1);
		}
	}

	String url() {
		return "jdbc:postgresql://127.0.0.1:" + this.port + "/postgres";
	}

	@Override
	public void close() {
		this.process.destroy();
		try {
			if (!this.process.waitFor(30, TimeUnit.SECONDS)) {
				this.process.destroyForcibly();
			}
			FileSystemUtils.deleteRecursively(this.directory);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static @Nullable Path find(String program) {
		return Stream.of(System.getenv("PATH").split(":"))
			.map((directory) -> Path.of(directory, program))
			.filter(Files::isExecutable)
			.findFirst()
			.orElse(null);
	}

	private static int freePort() throws IOException {
		try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
			return socket.getLocalPort();
		}
	}

}
