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

package dev.cachestarter.test;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

import org.jspecify.annotations.Nullable;

/**
 * A real Redis for tests, which can be made to fail: by a proxy in front of it, so that
 * only those who connect to this one see the fault. {@link WithTestRedis} makes one;
 * without JUnit, use {@link #start()}.
 * <p>
 * One fault holds at a time: the next ends the one before. A fault holds when the method
 * that makes it returns, until its {@link Fault#close()}, {@link #repair()} or the end of
 * the test. A cache notices by itself, with its next call or heartbeat, and connects
 * again by itself once the fault is over: {@link CacheAssert#isConnected()} waits for
 * that. Safe for use by several threads.
 *
 * @since 0.1.0
 */
public final class TestRedis implements AutoCloseable {

	/** The databases of the shared server that were given out so far. */
	private static final AtomicInteger DATABASES = new AtomicInteger();

	private final RedisServer server;

	private final FaultyProxy proxy;

	private final int database;

	private final boolean isOwn;

	private final ReentrantLock lock = new ReentrantLock();

	private @Nullable Fault current;

	private TestRedis(RedisServer server, int database, boolean isOwn) {
		this.server = server;
		this.database = database;
		this.isOwn = isOwn;
		this.proxy = new FaultyProxy(server.host(), server.port());
	}

	/**
	 * Open a database of the server that all tests of this JVM share, started if it is
	 * not running yet. It is empty. Close it after use.
	 * @return the Redis
	 * @throws IllegalStateException if there is no Redis on this machine; the message
	 * says what to add
	 */
	public static TestRedis start() {
		RedisServer server = RedisServers.shared();
		TestRedis redis = new TestRedis(server, DATABASES.getAndIncrement() % RedisServers.DATABASES, false);
		redis.empty();
		return redis;
	}

	/**
	 * Start a server of its own. Close it after use.
	 * @param arguments arguments of {@code redis-server}, such as
	 * {@code "--maxmemory", "2mb"}
	 * @return the Redis
	 * @throws IllegalStateException if there is no Redis on this machine, or it does not
	 * start with these arguments
	 */
	public static TestRedis startOwn(String... arguments) {
		return new TestRedis(RedisServers.start(List.of(arguments)), 0, true);
	}

	static TestRedis of(TestRedisSettings settings) {
		return settings.ownServer() ? startOwn(settings.arguments().toArray(String[]::new)) : start();
	}

	/**
	 * Return the host to connect to.
	 * @return the host
	 */
	public String host() {
		return "127.0.0.1";
	}

	/**
	 * Return the port to connect to. It stays the same for as long as this is open.
	 * @return the port
	 */
	public int port() {
		return this.proxy.port();
	}

	/**
	 * Return the number of the database to use.
	 * @return the number; no other {@code TestRedis} of this JVM has it
	 */
	public int database() {
		return this.database;
	}

	/**
	 * Return where to connect to, as {@code spring.data.redis.url} takes it.
	 * @return the URL, with the database
	 */
	public String url() {
		return "redis://" + host() + ":" + port() + "/" + this.database;
	}

	/**
	 * Remove everything from this database, also while a fault holds. Done when this
	 * returns.
	 */
	public void empty() {
		try (RedisClient client = client()) {
			client.call("FLUSHDB");
		}
	}

	/**
	 * Let Redis stand still: connections stay open, and nothing is answered. What is sent
	 * meanwhile arrives when the fault ends, as with a server that was stopped by
	 * {@code SIGSTOP}, or a network that lost its way for a while.
	 * @return the fault
	 */
	public Fault freeze() {
		return begin(this.proxy::freeze, this.proxy::pass);
	}

	/**
	 * Let Redis be gone: its connections are closed, new ones refused. It is the same
	 * server, with the same data, when the fault ends.
	 * @return the fault
	 */
	public Fault stop() {
		return begin(this.proxy::refuse, this.proxy::pass);
	}

	/**
	 * Let Redis be slow: each of its answers arrives later.
	 * @param delay how much later at least; twice as much at most for answers that come
	 * in quick succession
	 * @return the fault
	 */
	public Fault slowDown(Duration delay) {
		if (delay.isNegative() || delay.isZero()) {
			throw new IllegalArgumentException(
					"'delay' must be positive, such as Duration.ofMillis(500), and not " + delay);
		}
		return begin(() -> this.proxy.delay(delay), this.proxy::pass);
	}

	/**
	 * Let the memory of Redis be full: it answers reads, evicts nothing, and refuses what
	 * would store more.
	 * @return the fault
	 * @throws IllegalStateException if the server is shared, since it would be full for
	 * all
	 */
	public Fault fillMemory() {
		if (!this.isOwn) {
			throw new IllegalStateException("The memory of a shared server is not yours to fill: "
					+ "use @WithTestRedis(ownServer = true), or TestRedis.startOwn()");
		}
		String limit = setting("maxmemory");
		String policy = setting("maxmemory-policy");
		return begin(() -> configure("1", "noeviction"), () -> configure(limit, policy));
	}

	/**
	 * End the fault that holds, if any does. Redis works when this returns.
	 */
	public void repair() {
		this.lock.lock();
		try {
			Fault fault = this.current;
			if (fault != null) {
				this.current = null;
				fault.undo.run();
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	private Fault begin(Runnable make, Runnable undo) {
		this.lock.lock();
		try {
			repair();
			make.run();
			Fault fault = new Fault(undo);
			this.current = fault;
			return fault;
		}
		finally {
			this.lock.unlock();
		}
	}

	private void end(Fault fault) {
		this.lock.lock();
		try {
			if (this.current == fault) {
				repair();
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	private String setting(String name) {
		try (RedisClient client = client()) {
			return client.call("CONFIG", "GET", name).get(1);
		}
	}

	private void configure(String limit, String policy) {
		try (RedisClient client = client()) {
			client.call("CONFIG", "SET", "maxmemory-policy", policy);
			client.call("CONFIG", "SET", "maxmemory", limit);
		}
	}

	/** Past the proxy, and so past its faults. */
	private RedisClient client() {
		RedisClient client = RedisClient.connect(this.server.host(), this.server.port());
		client.call("SELECT", Integer.toString(this.database));
		return client;
	}

	/**
	 * Close the way to the server, with all connections, and end the server if it is not
	 * shared.
	 */
	@Override
	public void close() {
		this.proxy.close();
		if (this.isOwn) {
			this.server.close();
		}
	}

	@Override
	public String toString() {
		return url() + " (" + this.server.origin() + ")";
	}

	/**
	 * A fault that holds until it is closed.
	 */
	public final class Fault implements AutoCloseable {

		private final Runnable undo;

		private Fault(Runnable undo) {
			this.undo = undo;
		}

		/**
		 * End the fault, unless it has ended already. Redis works when this returns.
		 */
		@Override
		public void close() {
			end(this);
		}

	}

}
