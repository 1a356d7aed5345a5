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

import java.io.File;
import java.io.IOException;
import java.util.List;
import java.util.UUID;

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
 * It ends with the application, see {@link WatchedProcess}.
 */
final class EmbeddedRedis implements DataRedisConnectionDetails, OwnRedis, AutoCloseable {

	private static final Log log = LogFactory.getLog(EmbeddedRedis.class);

	private static final String HOST = "127.0.0.1";

	private final int port;

	private final String password;

	private WatchedProcess server;

	private Condition condition = Condition.RUNNING;

	private @Nullable SlowDown slowDown;

	private boolean closed;

	private EmbeddedRedis(WatchedProcess server, int port, String password) {
		this.server = server;
		this.port = port;
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
			EmbeddedRedis redis = WatchedProcess.onFreePort(HOST,
					(port) -> new EmbeddedRedis(start(port, password), port, password));
			log.info("Started a redis-server of its own, see: redis-cli -p " + redis.port + " -a " + password);
			return redis;
		}
		catch (IOException | RuntimeException ex) {
			throw new IllegalStateException(
					"No redis-server can be started here. Start one yourself and say where it is, such as "
							+ "REDIS_URL=redis://localhost:6379 in the environment or in a file .env, or go "
							+ "without a cache: spring.cache.type=none",
					ex);
		}
	}

	private static WatchedProcess start(int port, String password) throws IOException {
		File executable = RedisExecProvider.defaultProvider().get();
		try {
			// Having nothing to save it may be killed, which works even when it is
			// frozen.
			return WatchedProcess.start(
					List.of(executable.getPath(), "--bind", HOST, "--port", Integer.toString(port), "--save", "",
							"--appendonly", "no", "-"),
					"requirepass " + password, "Ready to accept connections", "KILL", null);
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
			this.server = start(this.port, this.password);
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
