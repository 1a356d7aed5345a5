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

package dev.cachestarter.engine.connection;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import org.jspecify.annotations.Nullable;

/**
 * What the driver's connections to one server and to a cluster have in common: how they
 * are greeted, and that they are lost once.
 */
abstract class LettuceConnection implements RedisConnection {

	/**
	 * Nobody waits longer, however late this JVM is: then it is an event loop that hangs.
	 */
	private static final long LONGEST = TimeUnit.SECONDS.toNanos(10);

	private final RedisCommands commands;

	private final StatefulConnection<byte[], byte[]> connection;

	private final RedisClusterAsyncCommands<byte[], byte[]> driver;

	private final RedisConnector.Patience patience;

	private final EventLoopLag lags;

	private volatile LongSupplier lag;

	private boolean pinged;

	/** What the server refused since the greeting began. Of the thread that greets. */
	private final List<Throwable> refused = new ArrayList<>();

	private final AtomicBoolean lost = new AtomicBoolean();

	private volatile @Nullable Consumer<String> told;

	private final AtomicBoolean closing = new AtomicBoolean();

	private final CompletableFuture<@Nullable Void> closed = new CompletableFuture<>();

	LettuceConnection(StatefulConnection<byte[], byte[]> connection, RedisClusterAsyncCommands<byte[], byte[]> driver,
			RedisCommands commands, RedisConnector.Patience patience, EventLoopLag lags) {
		this.connection = connection;
		this.driver = driver;
		this.commands = commands;
		this.patience = patience;
		this.lags = lags;
		this.lag = lags::nanos;
	}

	/**
	 * Return the longest that an answer to a greeting is waited for, in nanoseconds. As
	 * long as answers may have lain unread, it says nothing of the server.
	 */
	static long longest(Duration command) {
		return Math.max(2 * command.toNanos(), LONGEST);
	}

	@Override
	public final RedisCommands commands() {
		return this.commands;
	}

	final RedisConnector.Patience patience() {
		return this.patience;
	}

	@Override
	public final long lag() {
		return this.lag.getAsLong();
	}

	/** The lateness of one loop is all that counts, where one serves the connection. */
	final void measureBy(@Nullable LongSupplier lag) {
		if (lag != null) {
			this.lag = lag;
		}
	}

	final EventLoopLag lags() {
		return this.lags;
	}

	@Override
	public final Greeting greet() throws Exception {
		if (!this.pinged) {
			awaitActive();
		}
		this.refused.clear();
		long sent = System.nanoTime();
		long took = ping();
		Identity identity = meet(sent);
		Long clockOffset = clockOffset();
		return new Greeting(identity, clockOffset, took, List.copyOf(this.refused));
	}

	/**
	 * Wait until commands can be sent on what was connected. If the driver has logged in
	 * on another thread than the event loop, it hands out a connection while the loop
	 * still has to make it active, and until then rejects every command.
	 */
	final void awaitActive() throws Exception {
		this.lags.awaitQueued(this.patience.connect());
	}

	/**
	 * Timed from where the driver has it to where the answer arrives: the thread that
	 * waits may have to wait for the driver, and wake up late.
	 */
	private long ping() throws Exception {
		RedisFuture<String> pong = this.driver.ping();
		LongSupplier lag = this.lag;
		// Before the time: what it grows by in between is nothing of the server's.
		long before = lag.getAsLong();
		long sent = System.nanoTime();
		// Once, while nothing else is under way: two ways to measure cannot be compared.
		boolean first = !this.pinged;
		this.pinged = true;
		CompletionStage<Long> took = pong.handle((answer, ex) -> {
			if (first) {
				pinged();
			}
			return Math.max(0, System.nanoTime() - sent - (lag.getAsLong() - before));
		});
		try {
			answer(pong);
		}
		catch (ExecutionException ex) {
			if (!RedisErrors.isMisconfigured(ex)) {
				throw ex;
			}
			// It cannot save to its disk, and so refuses writes and PING alike; it reads.
		}
		return took.toCompletableFuture().get();
	}

	/**
	 * Called where the answer to the first ping is handled.
	 */
	void pinged() {
	}

	/**
	 * Ask who it is, or all are.
	 * @param since when it was known to be well
	 */
	abstract Identity meet(long since) throws Exception;

	private @Nullable Long clockOffset() throws Exception {
		long sent = System.nanoTime();
		List<byte[]> time = ifAllowed(this.driver.time());
		if (time == null) {
			return null;
		}
		long received = System.nanoTime();
		long server = Long.parseLong(new String(time.get(0), StandardCharsets.US_ASCII)) * 1000
				+ Long.parseLong(new String(time.get(1), StandardCharsets.US_ASCII)) / 1000;
		return server - (sent + (received - sent) / 2) / 1_000_000;
	}

	/**
	 * Ask a server for its part in replication.
	 */
	final Replication replication(RedisAsyncCommands<byte[], byte[]> server) throws Exception {
		String info = ifAllowed(server.info("replication"));
		return new Replication(line(info, "role:"), line(info, "master_replid:"));
	}

	/**
	 * Ask for what names a server's process: the same for as long as a connection lasts.
	 */
	final @Nullable String runId(RedisAsyncCommands<byte[], byte[]> server) throws Exception {
		return line(ifAllowed(server.info("server")), "run_id:");
	}

	private static @Nullable String line(@Nullable String info, String name) {
		return (info != null) ? info.lines()
			.filter((line) -> line.startsWith(name))
			.map((line) -> line.substring(name.length()).strip())
			.findFirst()
			.orElse(null) : null;
	}

	private <T> T answer(Future<T> future) throws Exception {
		long lag = lag();
		long start = System.nanoTime();
		long limit = this.patience.command().toNanos();
		long left = limit;
		while (true) {
			try {
				return future.get(left, TimeUnit.NANOSECONDS);
			}
			catch (TimeoutException ex) {
				long waited = System.nanoTime() - start;
				left = Math.min(longest(this.patience.command()) - waited, limit - waited + (lag() - lag));
				if (left <= 0) {
					throw ex;
				}
			}
		}
	}

	/** Some servers forbid, or do not know, what we would merely like to ask. */
	final <T> @Nullable T ifAllowed(RedisFuture<T> future) throws Exception {
		try {
			return answer(future);
		}
		catch (ExecutionException ex) {
			if (ex.getCause() instanceof RedisCommandExecutionException refusal && !RedisErrors.isOfLink(ex)) {
				this.refused.add(refusal);
				return null;
			}
			throw ex;
		}
	}

	@Override
	public final void onLost(Consumer<String> told) {
		this.told = told;
	}

	/** Called on an event loop, or on the thread that greets. */
	final void lost(String why) {
		if (this.lost.compareAndSet(false, true)) {
			Consumer<String> told = this.told;
			if (told != null) {
				told.accept(why);
			}
		}
	}

	@Override
	public final void close() {
		closeOnce();
	}

	/**
	 * Close it, unless that was done before: the driver warns of a second time.
	 * @return completed when it is closed
	 */
	final CompletableFuture<@Nullable Void> closeOnce() {
		if (this.closing.compareAndSet(false, true)) {
			closing();
			this.connection.closeAsync().whenComplete((same, ex) -> this.closed.complete(null));
		}
		return this.closed;
	}

	/** Called before it is closed. */
	void closing() {
	}

	/** Return what completes when it is closed. */
	final CompletableFuture<@Nullable Void> closed() {
		return this.closed;
	}

	final boolean isLost() {
		return this.lost.get();
	}

	/**
	 * A server's part in replication, as far as it may be asked for.
	 *
	 * @param role whether it is a master
	 * @param history names what it has replicated or written: another one after each
	 * promotion
	 */
	record Replication(@Nullable String role, @Nullable String history) {

		/**
		 * Return what the server says of itself, {@code null} if it says nothing.
		 * @param runId names its process
		 */
		@Nullable String of(@Nullable String runId) {
			return (runId != null || this.history != null) ? runId + ":" + this.history : null;
		}

	}

}
