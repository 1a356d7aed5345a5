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
import java.util.UUID;
import java.util.concurrent.TimeUnit;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import redis.embedded.RedisExecProvider;

import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails;

import dev.cachestarter.sample.live.OwnRedis;

/**
 * A redis-server of the application's own, on a free port of the loopback interface,
 * keeping nothing on disk. It can be broken on purpose, and repaired: see
 * {@link OwnRedis}.
 * <p>
 * It has a password, made anew at each start: whoever else works on this machine could
 * read the entries otherwise, and put others in their place. The server is told on its
 * standard input, since everybody can see the arguments of a process.
 * <p>
 * It ends with the application, whichever way that ends. When the context closes,
 * {@link #close()} sees to it. When the JVM is killed nobody in it can, so a shell stands
 * between the two and waits for its standard input to end: the operating system closes
 * that pipe when the JVM is gone. Where there is a {@code setsid}, shell and server are
 * also out of reach of what the terminal sends, so that on Ctrl-C the application closes
 * first and its server after it.
 */
final class EmbeddedRedis implements DataRedisConnectionDetails, OwnRedis, AutoCloseable {

	private static final Log log = LogFactory.getLog(EmbeddedRedis.class);

	private static final String HOST = "127.0.0.1";

	private static final int ATTEMPTS = 5;

	private final int port;

	private final String password;

	private Server server;

	private Condition condition = Condition.RUNNING;

	private @Nullable SlowDown slowDown;

	private boolean closed;

	private EmbeddedRedis(Server server, String password) {
		this.server = server;
		this.port = server.port();
		this.password = password;
	}

	/**
	 * Start a server, and return when it takes connections.
	 * @return the server
	 * @throws IllegalStateException if none can be started here
	 */
	static EmbeddedRedis start() {
		try {
			String password = UUID.randomUUID().toString();
			Server server = start((executable) -> Server.startOnFreePort(executable, password));
			log.info("Started a redis-server of its own, see: redis-cli -p " + server.port() + " -a " + password);
			return new EmbeddedRedis(server, password);
		}
		catch (IOException | RuntimeException ex) {
			throw new IllegalStateException(
					"No redis-server can be started here. Start one yourself and say where it is, such as "
							+ "REDIS_URL=redis://localhost:6379 in the environment or in a file .env, or go "
							+ "without a cache: spring.cache.type=none",
					ex);
		}
	}

	private static Server start(Launch launch) throws IOException {
		File executable = RedisExecProvider.defaultProvider().get();
		try {
			return launch.start(executable);
		}
		finally {
			if (executable.isAbsolute()) {
				// Extracted, and loaded by now: not even a kill leaves it behind.
				executable.delete();
				executable.getParentFile().delete();
			}
		}
	}

	@Override
	public Standalone getStandalone() {
		return Standalone.of(HOST, this.port);
	}

	@Override
	public String getPassword() {
		return this.password;
	}

	@Override
	public synchronized Condition condition() {
		return this.condition;
	}

	@Override
	public synchronized void become(Condition wanted) throws IOException {
		if (this.closed) {
			throw new IOException("The application ends");
		}
		repair();
		switch (wanted) {
			case RUNNING -> {
			}
			case STOPPED -> this.server.end();
			case FROZEN -> this.server.signal("STOP");
			case SLOW -> {
				SlowDown slow = new SlowDown(new RedisWire(HOST, this.port, this.password));
				this.slowDown = slow;
				slow.start();
			}
			case FULL -> command("CONFIG", "SET", "maxmemory", "1", "maxmemory-policy", "noeviction");
		}
		this.condition = wanted;
	}

	private void repair() throws IOException {
		SlowDown slow = this.slowDown;
		if (slow != null) {
			this.slowDown = null;
			slow.end();
		}
		if (this.condition == Condition.FROZEN) {
			this.server.signal("CONT");
		}
		if (this.condition == Condition.STOPPED || !answers()) {
			this.server.end();
			this.server = start((executable) -> Server.start(executable, this.port, this.password));
		}
		else {
			command("CONFIG", "SET", "maxmemory", "0");
		}
		this.condition = Condition.RUNNING;
	}

	private boolean answers() {
		try {
			command("PING");
			return true;
		}
		catch (IOException ex) {
			return false;
		}
	}

	private void command(String... command) throws IOException {
		try (RedisWire wire = new RedisWire(HOST, this.port, this.password)) {
			wire.call(command);
		}
	}

	/**
	 * End the server, and return when it is gone.
	 */
	@Override
	public synchronized void close() {
		this.closed = true;
		if (this.slowDown != null) {
			this.slowDown.end();
		}
		this.server.end();
	}

	/**
	 * Starts a server of an executable.
	 */
	@FunctionalInterface
	private interface Launch {

		Server start(File executable) throws IOException;

	}

	/**
	 * A redis-server that runs, under its shell.
	 *
	 * @param watchdog the shell
	 * @param pid the server's process
	 * @param port where it listens
	 */
	private record Server(Process watchdog, long pid, int port) {

		private static final String LAUNCH = "exec $(command -v setsid) sh -c \"$0\" watchdog \"$@\"";

		private static final String PID = "watchdog of process ";

		/** Others cannot look into the environment of a process. */
		private static final String PASSWORD = "SAMPLE_REDIS_PASSWORD";

		// Having nothing to save the server may be killed, which works even on a stopped
		// one. Only the server holds on to the output: its end is the server's.
		private static final String WATCHDOG = """
				trap '' INT HUP TERM
				echo "requirepass $%s" | "$@" - &
				echo "%s$!"
				exec >/dev/null 2>&1
				cat
				kill -9 $!
				wait
				""".formatted(PASSWORD, PID);

		static Server startOnFreePort(File executable, String password) throws IOException {
			for (int attempt = 1;; attempt++) {
				try {
					return start(executable, freePort(), password);
				}
				catch (IOException ex) {
					if (attempt == ATTEMPTS) {
						throw ex;
					}
				}
			}
		}

		static Server start(File executable, int port, String password) throws IOException {
			ProcessBuilder builder = new ProcessBuilder("sh", "-c", LAUNCH, WATCHDOG, executable.getPath(), "--bind",
					HOST, "--port", Integer.toString(port), "--save", "", "--appendonly", "no")
				.redirectErrorStream(true);
			builder.environment().put(PASSWORD, password);
			Process watchdog = builder.start();
			StringBuilder said = new StringBuilder();
			long pid = awaitReady(watchdog.inputReader(), said);
			Server server = new Server(watchdog, pid, port);
			if (pid == 0) {
				server.end();
				throw new IOException("redis-server ended at once: " + said);
			}
			return server;
		}

		/**
		 * Read the server's output, to the end of its life: an unread pipe would stop it.
		 * @return the server's process, 0 if it has ended
		 */
		private static long awaitReady(BufferedReader output, StringBuilder said) throws IOException {
			long pid = 0;
			boolean ready = false;
			for (String line = output.readLine(); line != null; line = output.readLine()) {
				said.append(line).append(System.lineSeparator());
				if (line.startsWith(PID)) {
					pid = Long.parseLong(line.substring(PID.length()));
				}
				ready |= line.contains("Ready to accept connections");
				if (ready && pid != 0) {
					Thread reader = new Thread(() -> output.lines().forEach(log::debug), "redis-server");
					reader.setDaemon(true);
					reader.start();
					return pid;
				}
			}
			return 0;
		}

		private static int freePort() throws IOException {
			try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName(HOST))) {
				return socket.getLocalPort();
			}
		}

		void signal(String name) throws IOException {
			Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(this.pid)).redirectErrorStream(true)
				.start();
			try {
				if (!kill.waitFor(5, TimeUnit.SECONDS) || kill.exitValue() != 0) {
					throw new IOException("The signal " + name + " could not be sent to redis-server");
				}
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
				throw new IOException("Interrupted", ex);
			}
		}

		/**
		 * End the server, and return when it is gone.
		 */
		void end() {
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

	/**
	 * Holds up everything that a server is asked, most of the time. Redis itself does it,
	 * for as long as it is told, so that it recovers even if nobody tells it any more.
	 */
	private static final class SlowDown extends Thread {

		private static final int PAUSE_MILLIS = 150;

		private static final int BREATHE_MILLIS = 30;

		private final RedisWire wire;

		private volatile boolean ended;

		SlowDown(RedisWire wire) {
			super("redis-server-slow-down");
			setDaemon(true);
			this.wire = wire;
		}

		@Override
		public void run() {
			try (RedisWire server = this.wire) {
				while (!this.ended) {
					server.call("CLIENT", "PAUSE", Integer.toString(PAUSE_MILLIS), "ALL");
					sleep(PAUSE_MILLIS + BREATHE_MILLIS);
				}
			}
			catch (IOException | InterruptedException ex) {
				log.debug("redis-server is not slow any more", ex);
			}
		}

		void end() {
			this.ended = true;
			interrupt();
		}

	}

}
