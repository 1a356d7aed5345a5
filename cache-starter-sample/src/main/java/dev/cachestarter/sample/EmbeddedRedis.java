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

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import redis.embedded.RedisExecProvider;

import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails;

/**
 * A redis-server of the application's own, on a free port of the loopback interface,
 * keeping nothing on disk.
 * <p>
 * It ends with the application, whichever way that ends. When the context closes,
 * {@link #close()} sees to it. When the JVM is killed nobody in it can, so a shell stands
 * between the two and waits for its standard input to end: the operating system closes
 * that pipe when the JVM is gone. Where there is a {@code setsid}, shell and server are
 * also out of reach of what the terminal sends, so that on Ctrl-C the application closes
 * first and its server after it.
 */
final class EmbeddedRedis implements DataRedisConnectionDetails, AutoCloseable {

	private static final Log log = LogFactory.getLog(EmbeddedRedis.class);

	private static final String HOST = "127.0.0.1";

	private static final String LAUNCH = "exec $(command -v setsid) sh -c \"$0\" watchdog \"$@\"";

	// Having nothing to save the server may be killed, which works even on a stopped one.
	// Only the server holds on to the output: its end is the server's.
	private static final String WATCHDOG = """
			trap '' INT HUP TERM
			"$@" </dev/null &
			exec >/dev/null 2>&1
			cat
			kill -9 $!
			wait
			""";

	private static final int ATTEMPTS = 5;

	private final Process watchdog;

	private final int port;

	private EmbeddedRedis(Process watchdog, int port) {
		this.watchdog = watchdog;
		this.port = port;
	}

	/**
	 * Start a server, and return when it takes connections.
	 * @return the server
	 * @throws IllegalStateException if none can be started here
	 */
	static EmbeddedRedis start() {
		try {
			File executable = RedisExecProvider.defaultProvider().get();
			try {
				return start(executable);
			}
			finally {
				if (executable.isAbsolute()) {
					// Extracted, and loaded by now: not even a kill leaves it behind.
					executable.delete();
					executable.getParentFile().delete();
				}
			}
		}
		catch (IOException | RuntimeException ex) {
			throw new IllegalStateException(
					"No redis-server can be started here. Start one yourself and say where it is, such as "
							+ "REDIS_URL=redis://localhost:6379 in the environment or in a file .env, or go "
							+ "without a cache: spring.cache.type=none",
					ex);
		}
	}

	private static EmbeddedRedis start(File executable) throws IOException {
		for (int attempt = 1;; attempt++) {
			int port = freePort();
			Process watchdog = new ProcessBuilder("sh", "-c", LAUNCH, WATCHDOG, executable.getPath(), "--bind", HOST,
					"--port", Integer.toString(port), "--save", "", "--appendonly", "no")
				.redirectErrorStream(true)
				.start();
			EmbeddedRedis redis = new EmbeddedRedis(watchdog, port);
			StringBuilder said = new StringBuilder();
			if (awaitReady(watchdog.inputReader(), said)) {
				log.info("Started a redis-server of its own, see: redis-cli -p " + port);
				return redis;
			}
			redis.close();
			if (attempt == ATTEMPTS) {
				throw new IOException("redis-server ended at once: " + said);
			}
		}
	}

	/**
	 * Read the server's output, to the end of its life: an unread pipe would stop it.
	 */
	private static boolean awaitReady(BufferedReader output, StringBuilder said) throws IOException {
		for (String line = output.readLine(); line != null; line = output.readLine()) {
			said.append(line).append(System.lineSeparator());
			if (line.contains("Ready to accept connections")) {
				Thread reader = new Thread(() -> output.lines().forEach(log::debug), "redis-server");
				reader.setDaemon(true);
				reader.start();
				return true;
			}
		}
		return false;
	}

	private static int freePort() throws IOException {
		try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName(HOST))) {
			return socket.getLocalPort();
		}
	}

	@Override
	public Standalone getStandalone() {
		return Standalone.of(HOST, this.port);
	}

	/**
	 * End the server, and return when it is gone.
	 */
	@Override
	public void close() {
		try {
			this.watchdog.getOutputStream().close();
			this.watchdog.waitFor();
		}
		catch (IOException ex) {
			this.watchdog.descendants().forEach(ProcessHandle::destroyForcibly);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

}
