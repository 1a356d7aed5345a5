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

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

import org.jspecify.annotations.Nullable;

/**
 * A TCP proxy on loopback in front of a server, whose network it makes fail. What holds,
 * holds for open connections and new ones.
 */
final class FaultyProxy implements AutoCloseable {

	private static final int CONNECT_TIMEOUT = 10_000;

	private final InetSocketAddress server;

	private final int port;

	private final Set<Link> links = ConcurrentHashMap.newKeySet();

	private final ReentrantLock lock = new ReentrantLock();

	private final Condition changed = this.lock.newCondition();

	/** While it is open, new connections are accepted. */
	private @Nullable ServerSocket listener;

	private @Nullable Thread acceptor;

	private boolean frozen;

	private volatile long delayNanos;

	FaultyProxy(String host, int port) {
		this.server = new InetSocketAddress(host, port);
		this.port = listenSomewhere();
	}

	int port() {
		return this.port;
	}

	/** Pass everything; what was held up by {@link #freeze()} goes on. */
	void pass() {
		become(false, 0, true);
	}

	/** Pass nothing, and keep connections open. */
	void freeze() {
		become(true, 0, true);
	}

	/** Let answers arrive later. */
	void delay(Duration delay) {
		become(false, delay.toNanos(), true);
	}

	/** Close connections, and refuse new ones. */
	void refuse() {
		become(false, 0, false);
		this.links.forEach(Link::close);
	}

	private void become(boolean nowFrozen, long nowDelayNanos, boolean listening) {
		Thread stopped = null;
		this.lock.lock();
		try {
			this.frozen = nowFrozen;
			this.delayNanos = nowDelayNanos;
			this.changed.signalAll();
			ServerSocket before = this.listener;
			if (listening && before == null) {
				listen(this.port);
			}
			else if (!listening && before != null) {
				closeQuietly(before);
				this.listener = null;
				stopped = this.acceptor;
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException("The port of the tests' Redis was taken while it was gone", ex);
		}
		finally {
			this.lock.unlock();
		}
		// The system listens for as long as a thread waits in accept.
		if (stopped != null) {
			join(stopped);
		}
	}

	private int listenSomewhere() {
		for (int attempt = 1;; attempt++) {
			try {
				int free = FreePort.find();
				listen(free);
				return free;
			}
			catch (IOException ex) {
				if (attempt == 20) {
					throw new UncheckedIOException(ex);
				}
			}
		}
	}

	private void listen(int at) throws IOException {
		ServerSocket socket = FreePort.listen(at);
		this.listener = socket;
		this.acceptor = daemon("redis-of-tests-accept", () -> accept(socket));
	}

	private void accept(ServerSocket socket) {
		while (!socket.isClosed()) {
			try {
				Link link = new Link(socket.accept());
				this.links.add(link);
				daemon("redis-of-tests-connect", link::start);
				if (socket.isClosed()) {
					link.close();
				}
			}
			catch (IOException ex) {
				if (socket.isClosed()) {
					return;
				}
			}
		}
	}

	/** Wait while nothing passes. */
	private void awaitPassage() throws InterruptedException {
		this.lock.lock();
		try {
			while (this.frozen) {
				this.changed.await();
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	@Override
	public void close() {
		refuse();
	}

	private static Thread daemon(String name, Runnable task) {
		Thread thread = new Thread(task, name);
		thread.setDaemon(true);
		thread.start();
		return thread;
	}

	private static void join(Thread thread) {
		try {
			thread.join();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	static void closeQuietly(AutoCloseable closeable) {
		try {
			closeable.close();
		}
		catch (Exception ex) {
			// It is gone, which is what was asked for.
		}
	}

	/**
	 * A connection of a client, and the proxy's own to the server for it.
	 */
	private final class Link {

		private final Socket client;

		private final Socket upstream = new Socket();

		Link(Socket client) {
			this.client = client;
		}

		void start() {
			try {
				this.client.setTcpNoDelay(true);
				this.upstream.setTcpNoDelay(true);
				this.upstream.connect(FaultyProxy.this.server, CONNECT_TIMEOUT);
			}
			catch (IOException ex) {
				close();
				return;
			}
			daemon("redis-of-tests-requests", () -> pump(this.client, this.upstream, false));
			daemon("redis-of-tests-replies", () -> pump(this.upstream, this.client, true));
		}

		private void pump(Socket from, Socket to, boolean delayed) {
			byte[] buffer = new byte[16 * 1024];
			try {
				InputStream in = from.getInputStream();
				OutputStream out = to.getOutputStream();
				for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
					if (delayed) {
						TimeUnit.NANOSECONDS.sleep(FaultyProxy.this.delayNanos);
					}
					awaitPassage();
					out.write(buffer, 0, length);
				}
				awaitPassage();
			}
			catch (IOException ex) {
				// An end is gone: so is the other.
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			close();
		}

		void close() {
			closeQuietly(this.client);
			closeQuietly(this.upstream);
			FaultyProxy.this.links.remove(this);
		}

	}

}
