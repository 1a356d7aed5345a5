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

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

import org.jspecify.annotations.Nullable;

import static org.awaitility.Awaitility.await;

/**
 * A TCP proxy on loopback in front of a server, whose network it makes fail. One fault
 * holds at a time, for open connections and new ones, until the next is chosen or
 * {@link #pass()} ends it. {@link #holdBack()} stands apart from these: it singles out
 * the connections that are open at that moment.
 * <p>
 * Bytes on their way are kept by the proxy, not by the system, so that nothing is lost
 * when an end of a connection closes: one thread reads them into a queue, another takes
 * them from it as the fault allows.
 */
public final class FaultProxy implements AutoCloseable {

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	private static final int QUEUE_LIMIT = 1 << 20;

	private final InetSocketAddress server;

	private final int port;

	private final Set<Connection> connections = ConcurrentHashMap.newKeySet();

	private final AtomicLong accepted = new AtomicLong();

	private final ReentrantLock lock = new ReentrantLock();

	private @Nullable ServerSocket listener;

	private @Nullable Thread acceptor;

	private volatile Fault fault = Fault.NONE;

	private FaultProxy(String host, int port) {
		this.server = new InetSocketAddress(host, port);
		this.port = listen();
	}

	/**
	 * Start a proxy that passes everything.
	 * @param server the server, which must have been started once
	 * @return the proxy
	 */
	public static FaultProxy inFrontOf(RedisServer server) {
		return new FaultProxy(server.host(), server.port());
	}

	/**
	 * Start a proxy that passes everything.
	 * @param host the host of the server
	 * @param port the port of the server
	 * @return the proxy
	 */
	public static FaultProxy inFrontOf(String host, int port) {
		return new FaultProxy(host, port);
	}

	/**
	 * Return the host that the proxy listens on.
	 * @return the host
	 */
	public String host() {
		return "127.0.0.1";
	}

	/**
	 * Return the port that the proxy listens on; it stays the same.
	 * @return the port
	 */
	public int port() {
		return this.port;
	}

	/**
	 * Return the settings with which a Spring Boot application connects through this
	 * proxy.
	 * @return {@code name=value} pairs
	 */
	public String[] springProperties() {
		return new String[] { "spring.data.redis.host=" + host(), "spring.data.redis.port=" + this.port };
	}

	/**
	 * End the fault: everything passes. What {@link #blackhole()} has swallowed is lost,
	 * and its connections stay dead; what {@link #holdBack()} holds stays held.
	 */
	public void pass() {
		become(Fault.NONE);
	}

	/**
	 * Refuse new connections; open ones go on, see {@link #closeAll()}.
	 */
	public void refuse() {
		become(Fault.REFUSE);
	}

	/**
	 * Reset open connections, and new ones as soon as they are accepted.
	 */
	public void reset() {
		become(Fault.RESET);
	}

	/**
	 * Accept, and swallow all bytes in both directions: nothing arrives, no end either.
	 * Connections that were open meanwhile never carry a byte again.
	 */
	public void blackhole() {
		become(new Fault(Kind.NONE, true, true, 0, 0, -1));
	}

	/**
	 * Swallow all bytes in one direction, and the end of the stream with them.
	 * @param direction what is swallowed
	 */
	public void blackhole(Direction direction) {
		become(new Fault(Kind.NONE, direction == Direction.REQUESTS, direction == Direction.REPLIES, 0, 0, -1));
	}

	/**
	 * Let every reply arrive later.
	 * @param delay how much later
	 */
	public void delay(Duration delay) {
		become(new Fault(Kind.NONE, false, false, delay.toNanos(), 0, -1));
	}

	/**
	 * Pass few bytes a second, on each connection and in each direction.
	 * @param bytesPerSecond how many
	 */
	public void throttle(int bytesPerSecond) {
		if (bytesPerSecond <= 0) {
			throw new IllegalArgumentException("bytesPerSecond must be positive, not " + bytesPerSecond);
		}
		become(new Fault(Kind.NONE, false, false, 0, bytesPerSecond, -1));
	}

	/**
	 * Close each connection in the middle of a reply: when so many bytes of replies have
	 * passed since now, or since it was opened, and one more comes.
	 * @param bytes how many bytes pass
	 */
	public void cutMidReply(int bytes) {
		if (bytes < 0) {
			throw new IllegalArgumentException("bytes must not be negative, as " + bytes + " is");
		}
		become(new Fault(Kind.NONE, false, false, 0, 0, bytes));
	}

	/**
	 * Tell the clients of open connections that the server has nothing more to say, while
	 * what they send still arrives. New connections are not concerned.
	 */
	public void halfClose() {
		this.connections.forEach(Connection::halfClose);
	}

	/**
	 * Hold back what clients send on the connections that are open now, until
	 * {@link #releaseHeld()}: also what they send later, and also when they close. New
	 * connections are not concerned.
	 */
	public void holdBack() {
		this.connections.forEach((connection) -> connection.requests.hold(true));
	}

	/**
	 * Deliver what has been held back, even if its client has gone. When this returns, it
	 * has been handed to the server; and where the client has gone, the server has read
	 * all of it and closed its end.
	 */
	public void releaseHeld() {
		List<Connection> held = this.connections.stream().filter((connection) -> connection.requests.isHeld()).toList();
		held.forEach((connection) -> connection.requests.hold(false));
		await("delivery of what was held back").atMost(PATIENCE)
			.pollDelay(Duration.ZERO)
			.pollInterval(Duration.ofMillis(2))
			.until(() -> held.stream().allMatch(Connection::isDelivered));
	}

	/**
	 * Return how many bytes are held back at this moment.
	 * @return the number of bytes that clients have sent and the server has not got
	 */
	public long heldBytes() {
		return this.connections.stream()
			.filter((connection) -> connection.requests.isHeld())
			.mapToLong((connection) -> connection.requests.queuedBytes())
			.sum();
	}

	/**
	 * Close all connections. What is held back stays so: only its client sees the end.
	 */
	public void closeAll() {
		for (Connection connection : this.connections) {
			if (connection.requests.isHeld()) {
				connection.closeClient();
			}
			else {
				connection.close();
			}
		}
	}

	/**
	 * Wait, 10 seconds at most, until so many connections are open at the clients' end.
	 * @param count how many, exactly
	 */
	public void awaitConnections(int count) {
		await(count + " open connections").atMost(PATIENCE)
			.pollDelay(Duration.ZERO)
			.pollInterval(Duration.ofMillis(2))
			.until(() -> connections().size() == count);
	}

	/**
	 * Return the connections that are open at the clients' end.
	 * @return the connections, oldest first
	 */
	public List<Connection> connections() {
		return this.connections.stream()
			.filter(Connection::isOpen)
			.sorted((left, right) -> Long.compare(left.number, right.number))
			.toList();
	}

	/**
	 * Return how many connections were accepted so far.
	 * @return the number, of closed ones too
	 */
	public long accepted() {
		return this.accepted.get();
	}

	/**
	 * Close the proxy and all its connections; what is held back is lost.
	 */
	@Override
	public void close() {
		become(Fault.REFUSE);
		this.connections.forEach(Connection::close);
	}

	private void become(Fault fault) {
		Thread acceptor = this.acceptor;
		this.lock.lock();
		try {
			this.fault = fault;
			if (fault.kind == Kind.REFUSE) {
				stopListening();
			}
			else if (this.listener == null) {
				listen();
			}
			this.connections.forEach((connection) -> connection.apply(fault));
		}
		finally {
			this.lock.unlock();
		}
		// The system listens as long as a thread still waits in accept.
		if (fault.kind == Kind.REFUSE && acceptor != null) {
			join(acceptor);
		}
	}

	private static void join(Thread thread) {
		try {
			thread.join();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private int listen() {
		for (int attempt = 1;; attempt++) {
			ServerSocket socket = null;
			try {
				socket = new ServerSocket();
				socket.setReuseAddress(true);
				socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(),
						(this.port == 0) ? Ports.free() : this.port), 1024);
				this.listener = socket;
				ServerSocket accepting = socket;
				this.acceptor = daemon("proxy-accept", () -> accept(accepting));
				return socket.getLocalPort();
			}
			catch (IOException ex) {
				closeQuietly(socket);
				if (this.port != 0 || attempt == 20) {
					throw new UncheckedIOException(ex);
				}
			}
		}
	}

	private void stopListening() {
		closeQuietly(this.listener);
		this.listener = null;
	}

	private void accept(ServerSocket listener) {
		while (!listener.isClosed()) {
			Socket client;
			try {
				client = listener.accept();
			}
			catch (IOException ex) {
				if (listener.isClosed()) {
					return;
				}
				throw new UncheckedIOException(ex);
			}
			Connection connection = new Connection(client, this.accepted.incrementAndGet());
			// Under the lock, so that a connection misses no change of fault.
			this.lock.lock();
			try {
				if (listener.isClosed()) {
					connection.close();
				}
				else {
					this.connections.add(connection);
					connection.apply(this.fault);
				}
			}
			finally {
				this.lock.unlock();
			}
			daemon("proxy-connect", connection::start);
		}
	}

	private static Thread daemon(String name, Runnable task) {
		Thread thread = new Thread(task, name);
		thread.setDaemon(true);
		thread.start();
		return thread;
	}

	private static void closeQuietly(@Nullable AutoCloseable closeable) {
		if (closeable != null) {
			try {
				closeable.close();
			}
			catch (Exception ex) {
				// It is gone, which is what was asked for.
			}
		}
	}

	/**
	 * What a one-way fault concerns.
	 */
	public enum Direction {

		/** From the client to the server. */
		REQUESTS,

		/** From the server to the client. */
		REPLIES

	}

	private enum Kind {

		NONE, REFUSE, RESET

	}

	private record Fault(Kind kind, boolean swallowRequests, boolean swallowReplies, long replyDelayNanos,
			int bytesPerSecond, long replyAllowance) {

		static final Fault NONE = new Fault(Kind.NONE, false, false, 0, 0, -1);

		static final Fault REFUSE = new Fault(Kind.REFUSE, false, false, 0, 0, -1);

		static final Fault RESET = new Fault(Kind.RESET, false, false, 0, 0, -1);

	}

	/**
	 * A connection of a client, and the proxy's own to the server for it.
	 */
	public final class Connection {

		private final long number;

		private final Socket client;

		private final Socket upstream = new Socket();

		private final Pipe requests;

		private final Pipe replies;

		private Connection(Socket client, long number) {
			this.client = client;
			this.number = number;
			this.requests = new Pipe(this, client, this.upstream);
			this.replies = new Pipe(this, this.upstream, client);
		}

		/**
		 * Return how many bytes of requests have been delivered to the server.
		 * @return the number of bytes
		 */
		public long bytesToServer() {
			return this.requests.delivered.get();
		}

		/**
		 * Return how many bytes of replies have been delivered to the client.
		 * @return the number of bytes
		 */
		public long bytesToClient() {
			return this.replies.delivered.get();
		}

		/**
		 * Return the port that the server knows the connection by, as {@code CLIENT LIST}
		 * tells.
		 * @return the port
		 */
		public int portAtServer() {
			return this.upstream.getLocalPort();
		}

		/**
		 * Hold back what comes in one direction of this connection alone, until
		 * {@link #release()}.
		 * @param direction the direction
		 */
		public void holdBack(Direction direction) {
			((direction == Direction.REQUESTS) ? this.requests : this.replies).hold(true);
		}

		/**
		 * Deliver what has been held back on this connection, and what is still to come.
		 */
		public void release() {
			this.requests.hold(false);
			this.replies.hold(false);
		}

		/**
		 * Tell whether the client's end is open.
		 * @return {@code false} once the client or the proxy has closed it
		 */
		public boolean isOpen() {
			return !this.client.isClosed() && !this.requests.hasEnded();
		}

		private void start() {
			try {
				this.client.setTcpNoDelay(true);
				this.upstream.setTcpNoDelay(true);
				this.upstream.connect(FaultProxy.this.server, (int) PATIENCE.toMillis());
			}
			catch (IOException ex) {
				reset();
				return;
			}
			daemon("proxy-read-requests", this.requests::read);
			daemon("proxy-write-requests", this.requests::write);
			daemon("proxy-read-replies", this.replies::read);
			daemon("proxy-write-replies", this.replies::write);
		}

		private void apply(Fault fault) {
			if (fault.kind == Kind.RESET) {
				reset();
				return;
			}
			if (this.requests.isSwallowed() && !fault.swallowRequests && !isOpen()) {
				close();
				return;
			}
			this.requests.apply(fault.swallowRequests, 0, fault.bytesPerSecond, -1);
			this.replies.apply(fault.swallowReplies, fault.replyDelayNanos, fault.bytesPerSecond, fault.replyAllowance);
		}

		private boolean isDelivered() {
			return this.upstream.isClosed() || (isOpen() && this.requests.queuedBytes() == 0);
		}

		private void halfClose() {
			try {
				this.client.shutdownOutput();
			}
			catch (IOException ex) {
				// The client was faster.
			}
		}

		private void reset() {
			try {
				this.client.setSoLinger(true, 0);
			}
			catch (IOException ex) {
				// It is closed already.
			}
			close();
		}

		private void closeClient() {
			closeQuietly(this.client);
		}

		private void close() {
			closeQuietly(this.client);
			closeQuietly(this.upstream);
			this.requests.stop();
			this.replies.stop();
			FaultProxy.this.connections.remove(this);
		}

		private void finishIfBothDone() {
			if (this.requests.isDone() && this.replies.isDone()) {
				close();
			}
		}

	}

	/**
	 * One direction of a connection.
	 */
	private static final class Pipe {

		private final Connection connection;

		private final Socket from;

		private final Socket to;

		private final AtomicLong delivered = new AtomicLong();

		private final ReentrantLock lock = new ReentrantLock();

		private final Condition changed = this.lock.newCondition();

		private final Deque<Chunk> queue = new ArrayDeque<>();

		/** Of what is queued and what is being written. */
		private volatile long queuedBytes;

		private volatile boolean ended;

		private volatile boolean done;

		private volatile boolean held;

		private volatile boolean swallowed;

		private boolean stopped;

		private boolean cut;

		private long delayNanos;

		private int bytesPerSecond;

		private long allowance = -1;

		private long notBefore = System.nanoTime();

		Pipe(Connection connection, Socket from, Socket to) {
			this.connection = connection;
			this.from = from;
			this.to = to;
		}

		void read() {
			byte[] buffer = new byte[16 * 1024];
			try {
				for (int n = this.from.getInputStream().read(buffer); n >= 0; n = this.from.getInputStream()
					.read(buffer)) {
					put(buffer, n);
				}
			}
			catch (IOException ex) {
				// A reset ends a stream as well.
			}
			change(() -> this.ended = true);
		}

		private void put(byte[] buffer, int length) throws IOException {
			byte[] bytes = new byte[length];
			System.arraycopy(buffer, 0, bytes, 0, length);
			this.lock.lock();
			try {
				while (this.queuedBytes >= QUEUE_LIMIT && !this.held && !this.swallowed && !this.stopped) {
					this.changed.await();
				}
				if (!this.swallowed && !this.stopped) {
					this.queue.add(new Chunk(ByteBuffer.wrap(bytes), System.nanoTime()));
					this.queuedBytes += length;
					this.changed.signalAll();
				}
			}
			catch (InterruptedException ex) {
				throw new IOException(ex);
			}
			finally {
				this.lock.unlock();
			}
		}

		void write() {
			try {
				for (byte[] slice = take(); slice != null; slice = take()) {
					deliver(slice);
				}
				// Outside the lock, since both directions may come here at once.
				if (this.cut) {
					this.connection.close();
				}
				else {
					end();
				}
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
		}

		private void deliver(byte[] slice) {
			// Before the receiver can have it, so that it finds it counted.
			this.delivered.addAndGet(slice.length);
			try {
				this.to.getOutputStream().write(slice);
			}
			catch (IOException ex) {
				this.delivered.addAndGet(-slice.length);
				if (this == this.connection.requests) {
					this.connection.reset();
				}
				// A client that has gone may have left requests which have to arrive, so
				// the rest of its replies is read and dropped.
			}
			change(() -> this.queuedBytes -= slice.length);
		}

		/**
		 * Wait for what may be delivered next.
		 * @return the bytes, {@code null} when there is no more to come
		 */
		private byte @Nullable [] take() throws InterruptedException {
			this.lock.lock();
			try {
				while (!this.stopped) {
					Chunk chunk = this.queue.peek();
					if (this.swallowed || this.held || (chunk == null && !this.ended)) {
						this.changed.await();
					}
					else if (chunk == null) {
						return null;
					}
					else if (this.allowance == 0) {
						this.cut = true;
						return null;
					}
					else {
						long due = Math.max(chunk.arrived + this.delayNanos, this.notBefore) - System.nanoTime();
						if (due <= 0) {
							return slice(chunk);
						}
						this.changed.awaitNanos(due);
					}
				}
				return null;
			}
			finally {
				this.lock.unlock();
			}
		}

		private byte[] slice(Chunk chunk) {
			int length = chunk.bytes.remaining();
			if (this.bytesPerSecond > 0) {
				length = Math.min(length, Math.max(1, this.bytesPerSecond / 50));
				this.notBefore = System.nanoTime() + TimeUnit.SECONDS.toNanos(length) / this.bytesPerSecond;
			}
			if (this.allowance > 0) {
				length = (int) Math.min(length, this.allowance);
				this.allowance -= length;
			}
			byte[] slice = new byte[length];
			chunk.bytes.get(slice);
			if (!chunk.bytes.hasRemaining()) {
				this.queue.remove();
			}
			return slice;
		}

		private void end() {
			try {
				this.to.shutdownOutput();
			}
			catch (IOException ex) {
				// The other end was faster.
			}
			this.done = true;
			this.connection.finishIfBothDone();
		}

		void apply(boolean swallow, long delayNanos, int bytesPerSecond, long allowance) {
			change(() -> {
				if (swallow) {
					this.swallowed = true;
					this.queue.forEach((chunk) -> this.queuedBytes -= chunk.bytes.remaining());
					this.queue.clear();
				}
				this.delayNanos = delayNanos;
				this.bytesPerSecond = bytesPerSecond;
				this.notBefore = System.nanoTime();
				this.allowance = allowance;
			});
		}

		void hold(boolean hold) {
			change(() -> this.held = hold);
		}

		void stop() {
			change(() -> this.stopped = true);
		}

		private void change(Runnable change) {
			this.lock.lock();
			try {
				change.run();
				this.changed.signalAll();
			}
			finally {
				this.lock.unlock();
			}
		}

		boolean isHeld() {
			return this.held;
		}

		boolean isSwallowed() {
			return this.swallowed;
		}

		boolean hasEnded() {
			return this.ended;
		}

		boolean isDone() {
			return this.done;
		}

		long queuedBytes() {
			return this.queuedBytes;
		}

		private record Chunk(ByteBuffer bytes, long arrived) {

		}

	}

}
