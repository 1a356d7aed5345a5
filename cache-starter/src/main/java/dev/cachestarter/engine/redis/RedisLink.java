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

package dev.cachestarter.engine.redis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import org.jspecify.annotations.Nullable;

import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.engine.connection.Certificates;
import dev.cachestarter.engine.connection.DaemonThreads;
import dev.cachestarter.engine.connection.Futures;
import dev.cachestarter.engine.connection.RedisCommands;
import dev.cachestarter.engine.connection.RedisCommands.KeyPage;
import dev.cachestarter.engine.connection.RedisConnector;
import dev.cachestarter.engine.connection.RedisDriver;
import dev.cachestarter.engine.connection.RedisErrors;
import dev.cachestarter.engine.connection.Script;
import dev.cachestarter.engine.connection.SlotView;
import dev.cachestarter.engine.monitor.Monitor;
import dev.cachestarter.engine.monitor.RedisOperation;
import dev.cachestarter.engine.monitor.Tracer;

/**
 * The link to Redis: sends commands while Redis is well, and finds out in the background
 * when it is not and when it is again.
 *
 * <h2>States</h2>
 *
 * <pre>
 *          connected, greeted              evictions taken
 *   AWAY --------------------> RECOVERING -----------------> UP (commands are sent)
 *    ^                             |                          |
 *    |   no answer in time         |   connection lost, no    |
 *    +-----------------------------+   answer in time,        |
 *    |                                 breaker tripped        |
 *    +--------------------------------------------------------+
 * </pre>
 *
 * <p>
 * While the link is <em>down</em> ({@code AWAY}), every command fails at once without
 * touching a socket. Callers never probe; a background thread does. It greets the
 * connection that is there, which means that it asks for {@code PING}, the server's
 * identity and its clock. If that is not answered well in time, the thread closes the
 * connection and makes another one. So one call at most waits for a Redis that hangs.
 * <p>
 * While the link is <em>recovering</em>, only evictions are sent: those that are pending,
 * and one of nothing, since a server may answer {@code PING} and not take a write. If
 * they are not answered in time, the link is still down. If they are answered, even with
 * a refusal, the link is up: what was refused is still pending, and bypassed.
 * <p>
 * <em>Which server it is</em> decides what must be evicted again. If the identity is
 * another than at the last recovery, or is not known, what was acknowledged shortly
 * before the server was lost is made pending again. The server counts as lost from the
 * moment at which its last good heartbeat was <em>sent</em>, not when this was noticed: a
 * JVM that stood still notices late.
 * <p>
 * <em>Back-off.</em> A link that leaves soon after it was back waits before it is up
 * again, and longer each time that calls were not answered well. So a Redis that answers
 * everything but calls does not cost a caller's wait again and again. The background
 * thread goes on looking during the pause, and lets Redis take evictions. If it finds
 * Redis unreachable, and then well for as long as the shortest of these pauses, the
 * outage is over and so is the pause.
 *
 * <h2>Whose fault it is</h2>
 *
 * <p>
 * A command that is not answered in time makes the link leave only if the server is
 * silent; {@link AnswerJudge} tells that from a server that is busy and from a JVM that
 * is late itself. A caller that stops waiting says so, and names the session in which its
 * wait began. The link then looks at what is under way: a wait on an old connection says
 * nothing about its successor, and neither does a wait for what was not sent yet.
 *
 * <h2>Connections</h2>
 *
 * <p>
 * A connection is never repaired: without automatic reconnect the driver cannot send a
 * command twice, and one that was under way when the connection broke has failed for
 * good. What a broken connection has already handed to the network may still reach the
 * server later: that is why every write of this cache but {@code UNLINK} is conditional
 * on a lease. And what an abandoned connection still answers is not heard: an
 * acknowledgement by a server that has been replaced since says nothing about its
 * successor.
 * <p>
 * No loader runs in here, and no listener can harm it.
 */
public final class RedisLink {

	/** How many commands are under way at a time, for each server. */
	private static final int UNDER_WAY = 512;

	private static final long BYTES_UNDER_WAY = 8 << 20;

	private static final long BYTES_WAITING = 32 << 20;

	/** More keys than these go in several commands: no server is held up by one. */
	private static final int PORTION = 500;

	private static final Duration CANARY_LIFE = Duration.ofSeconds(10);

	private final Settings settings;

	private final RedisConnector connector;

	private final ScheduledExecutorService worker;

	private final LinkState state;

	private final LinkReport report;

	private final LongSupplier clock;

	private final AnswerJudge judge;

	private final Recovery recovery;

	private final AtomicBoolean started = new AtomicBoolean();

	private volatile Monitor monitor = Monitor.NONE;

	private volatile Tracer tracer = Tracer.NONE;

	public RedisLink(LettuceConnectionFactory source, Settings settings) {
		this(source, settings, null);
	}

	/**
	 * Create a link.
	 * @param source says where Redis is, and how to log in
	 * @param settings its settings
	 * @param certificates are asked for the certificates of each connection; {@code null}
	 * where those of the factory hold
	 */
	public RedisLink(LettuceConnectionFactory source, Settings settings,
			@Nullable Supplier<Certificates> certificates) {
		this(new RedisDriver(source, new RedisConnector.Patience(settings.commandTimeout(), settings.connectTimeout()),
				settings.queue(), certificates), settings, System::nanoTime,
				Executors.newSingleThreadScheduledExecutor((task) -> DaemonThreads.daemon(task, "cache-starter-link")));
	}

	/**
	 * Create a link.
	 * @param connector makes connections
	 * @param settings its settings
	 * @param clock the time in nanoseconds
	 * @param worker one thread, on which it connects, greets and recovers
	 */
	RedisLink(RedisConnector connector, Settings settings, LongSupplier clock, ScheduledExecutorService worker) {
		this.settings = settings;
		this.connector = connector;
		this.worker = worker;
		this.clock = clock;
		this.report = new LinkReport(connector.display(), clock);
		LinkReport report = this.report;
		String timeoutText = "a command was not answered within " + settings.commandTimeout().toMillis() + " ms";
		this.state = new LinkState(clock, settings.openFor(), settings.openForMax(), this::left);
		this.judge = new AnswerJudge(this.state, breaker(settings), report, clock,
				Math.min(settings.slowCall().toNanos(), settings.commandTimeout().toNanos()), timeoutText);
		this.recovery = new Recovery(connector, this.state, this.judge, report,
				new Outbox.Limits(Math.min(UNDER_WAY, settings.queue()), BYTES_UNDER_WAY, settings.queue(),
						BYTES_WAITING, settings.commandTimeout().toNanos()),
				new Recovery.Pauses(settings.commandTimeout(), settings.slowCall(), settings.retry(),
						settings.loginRetry(), settings.openFor()),
				timeoutText, clock, worker);
	}

	private static CircuitBreaker breaker(Settings settings) {
		return CircuitBreaker.of("cache-starter",
				CircuitBreakerConfig.custom()
					.failureRateThreshold(settings.failureRate())
					.slowCallDurationThreshold(settings.slowCall())
					.slowCallRateThreshold(settings.slowCallRate())
					.slidingWindowSize(settings.window())
					.minimumNumberOfCalls(settings.window())
					.writableStackTraceEnabled(false)
					.waitDurationInOpenState(Duration.ofDays(365))
					.recordException((ex) -> RedisErrors.isOfLink(ex))
					.ignoreException((ex) -> !RedisErrors.isOfLink(ex))
					.build());
	}

	private void left(String why) {
		this.recovery.left(why);
	}

	public void observe(LinkObserver observer) {
		this.recovery.observe(observer);
	}

	/**
	 * Tell of each operation from now on.
	 */
	public void tell(Monitor monitor) {
		this.monitor = monitor;
	}

	/**
	 * Have operations traced from now on.
	 */
	public void trace(Tracer tracer) {
		this.tracer = tracer;
	}

	public Tracer tracer() {
		return this.tracer;
	}

	/**
	 * Have what is said of a key that may not be used name the pattern that permits it.
	 * @param patterns the pattern for a key
	 */
	public void namePatternsBy(Function<byte[], String> patterns) {
		this.report.namePatternsBy(patterns);
	}

	/**
	 * Return a link on which Redis tells what changes. It does not connect before it is
	 * started, and not while this link is down.
	 * @param newKey makes a key of our own that was never used before
	 * @param timer a thread for what does not block
	 */
	public TrackingLink tracking(Supplier<byte[]> newKey, ScheduledExecutorService timer) {
		return new TrackingLink(this.connector, new TrackingLink.Commands() {

			@Override
			public boolean isUp() {
				return RedisLink.this.isUp();
			}

			@Override
			public @Nullable Account account(String command) {
				return Account.of(RedisLink.this.monitor, RedisLink.this.tracer, RedisOperation.READ, command);
			}

			@Override
			public byte[] newKey() {
				return newKey.get();
			}

			@Override
			public CompletableFuture<?> change(byte[] key) {
				return setIfAbsent(RedisOperation.INFO, key, key, CANARY_LIFE);
			}

		}, this.settings.connectTimeout().toNanos(), timer,
				new ThreadPoolExecutor(0, 1, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(),
						(task) -> DaemonThreads.daemon(task, "cache-starter-tracking")),
				this.clock, System::currentTimeMillis);
	}

	/**
	 * Start to connect, in the background; also after {@link #stop()}.
	 */
	public void start() {
		if (this.started.compareAndSet(false, true)) {
			this.recovery.start(this.settings.heartbeat());
		}
		this.recovery.open();
	}

	/**
	 * Wait until it has been tried once to connect, but no longer than that may take.
	 */
	public void awaitFirstAttempt() {
		await(this.recovery.tried(), this.settings.connectTimeout());
	}

	/**
	 * Close the connection, and with it all sockets and the driver's threads, until
	 * {@link #start()}. What is under way fails, and evictions stay pending.
	 */
	public void stop() {
		// The driver takes a second at most, and may be connecting.
		await(this.recovery.close(), this.settings.connectTimeout().plusSeconds(2));
	}

	private static void await(CompletableFuture<?> future, Duration timeout) {
		try {
			future.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		catch (ExecutionException | TimeoutException ex) {
			// It goes on in the background.
		}
	}

	/**
	 * Return where Redis is, in words.
	 */
	public String address() {
		return this.connector.display();
	}

	/**
	 * Return whether passwords are sent to another host without encryption.
	 */
	public boolean isPasswordInClear() {
		return this.connector.isPasswordInClear();
	}

	/**
	 * Return whether commands are sent at present.
	 */
	public boolean isUp() {
		return this.state.isUp();
	}

	/**
	 * Return how the link is, for people.
	 */
	public LinkCondition condition() {
		Refusals refusals = this.report.refusals();
		Duration lasting = this.state.lasting();
		if (this.state.isUp()) {
			LinkCondition.Refused refused = refusals.isEmpty() ? LinkCondition.Refused.NOTHING
					: new LinkCondition.Refused(refusals.text(Refusals.Reason.RIGHT),
							refusals.text(Refusals.Reason.STATE), refusals.text(Refusals.Reason.MEMORY));
			String commands = refused.commands();
			LinkCondition.Kind kind = (commands != null) ? LinkCondition.Kind.REFUSED
					: (refused.memory() != null) ? LinkCondition.Kind.MEMORY_FULL : LinkCondition.Kind.WELL;
			return new LinkCondition(kind, true, lasting, (commands != null) ? commands : refused.memory(), refused);
		}
		LinkCondition.Kind kind = this.state.isClosed() ? LinkCondition.Kind.STOPPED
				: (refusals.text(Refusals.Reason.LOGIN) != null) ? LinkCondition.Kind.REFUSED
						: this.recovery.isResting() ? LinkCondition.Kind.BREAKER_OPEN : LinkCondition.Kind.UNREACHABLE;
		return new LinkCondition(kind, false, lasting, this.report.problem(), LinkCondition.Refused.NOTHING);
	}

	/**
	 * Return what changes when the link leaves.
	 */
	public long session() {
		return this.state.current().session();
	}

	/**
	 * Return what changes with the server, or with one of a cluster: its process or its
	 * history.
	 */
	public String runMark() {
		return this.recovery.identity().mark();
	}

	/**
	 * Return when the last good heartbeat of all masters was sent, in
	 * {@link System#nanoTime()}: the last time at which none of them can have lost what
	 * it had acknowledged.
	 */
	public long lastWhole() {
		return this.recovery.lastWhole();
	}

	public Duration commandTimeout() {
		return this.settings.commandTimeout();
	}

	/**
	 * Return what it was told about Redis and about time.
	 */
	public Settings settings() {
		return this.settings;
	}

	/**
	 * Return the server's clock as far as it is known, in milliseconds.
	 */
	public long serverMillis() {
		return this.recovery.serverMillis();
	}

	private <T extends @Nullable Object> CompletableFuture<T> send(RedisOperation operation, String name,
			Function<RedisCommands, ? extends CompletionStage<T>> command, long bytes, byte[]... keys) {
		return send(Parcel.Kind.OTHER, operation, name, null, command, bytes, keys);
	}

	/**
	 * Send a command, or fail at once while the link is down. Never blocks and never
	 * throws.
	 * @param kind whether it goes before others
	 * @param operation what it is for
	 * @param name what it is to Redis
	 * @param script the script that it runs, if it runs one
	 * @param command sends it
	 * @param bytes how large it is
	 * @param keys the keys that it is about
	 * @return its result, completed on an event loop
	 */
	private <T extends @Nullable Object> CompletableFuture<T> send(Parcel.Kind kind, RedisOperation operation,
			String name, @Nullable Script script, Function<RedisCommands, ? extends CompletionStage<T>> command,
			long bytes, byte[]... keys) {
		LinkState.State current = this.state.current();
		Outbox outbox = current.outbox();
		if (outbox == null || !current.sends(kind) || !outbox.connection().reaches(keys)) {
			return CompletableFuture.failedFuture(RedisErrors.AWAY);
		}
		Parcel<T> parcel = new Parcel<>(kind, current.session(), (connection) -> command.apply(connection.commands()),
				bytes, outbox.connection().pulse(keys), Account.of(this.monitor, this.tracer, operation, name));
		return outbox.send(parcel.about((script != null) ? script : name, keys));
	}

	/**
	 * Read keys, in one round trip where one node has them all and they are not many.
	 * @return a value or {@code null} for each, in order; what is not a string is absent
	 */
	public CompletableFuture<List<byte @Nullable []>> read(byte[]... keys) {
		if (keys.length <= PORTION) {
			return send(RedisOperation.READ, "MGET", (commands) -> commands.mget(keys), length(keys), keys);
		}
		return Futures.all(portions(keys).stream().map(this::read).toList()).thenApply((portions) -> {
			List<byte @Nullable []> values = new ArrayList<>(keys.length);
			portions.forEach(values::addAll);
			return values;
		});
	}

	private static List<byte[][]> portions(byte[]... keys) {
		List<byte[][]> portions = new ArrayList<>();
		for (int from = 0; from < keys.length; from += PORTION) {
			portions.add(Arrays.copyOfRange(keys, from, Math.min(keys.length, from + PORTION)));
		}
		return portions;
	}

	private static long length(byte[]... texts) {
		long length = 0;
		for (byte[] text : texts) {
			length += text.length;
		}
		return length;
	}

	/**
	 * Read keys, and then the beginning of another one, in one round trip where one node
	 * has them all.
	 * @param keys the keys, not many
	 * @param key the other one
	 * @param length how much of it
	 * @return a value or {@code null} for each key, in order, and the beginning last,
	 * empty if nothing is there; fails if the other one is not a string
	 */
	public CompletableFuture<List<byte @Nullable []>> readAndStart(byte[][] keys, byte[] key, int length) {
		byte[][] all = Arrays.copyOf(keys, keys.length + 1);
		all[keys.length] = key;
		// Named after the one that may be refused, of whatever type the key is.
		return send(RedisOperation.READ, "GETRANGE", (commands) -> commands.mgetAndStart(keys, key, length),
				length(all), all);
	}

	/**
	 * Read the beginning of one key, to see whether it is to be removed.
	 */
	public CompletableFuture<byte[]> readStart(byte[] key, int length) {
		return send(RedisOperation.SWEEP, "GETRANGE", (commands) -> commands.getrange(key, 0, length - 1), key.length,
				key);
	}

	/**
	 * Return whether what stands under a key is longer than it may be, without reading
	 * it.
	 */
	public CompletableFuture<Boolean> isLonger(byte[] key, long longest) {
		return send(RedisOperation.READ, "GETRANGE", (commands) -> commands.getrange(key, longest, longest), key.length,
				key)
			.thenApply((rest) -> rest.length > 0);
	}

	/**
	 * The same as {@link #readStart} for people: whatever comes of it, the link stays as
	 * it is.
	 */
	public CompletableFuture<byte[]> readStartAside(byte[] key, int length) {
		return send(Parcel.Kind.ASIDE, RedisOperation.INFO, "GETRANGE", null,
				(commands) -> commands.getrange(key, 0, length - 1), key.length, key);
	}

	/**
	 * Set a key to a lease, whatever is there.
	 */
	public CompletableFuture<Boolean> set(byte[] key, byte[] value, Duration life) {
		return send(RedisOperation.LEASE, "SET", (commands) -> commands.set(key, value, life), length(key, value), key);
	}

	/**
	 * Set a key to a lease or a generation if nothing is there, of whatever type.
	 * @param operation what it is for
	 * @return whether nothing was
	 */
	public CompletableFuture<Boolean> setIfAbsent(RedisOperation operation, byte[] key, byte[] value, Duration life) {
		return send(operation, "SET", (commands) -> commands.setIfAbsent(key, value, life), length(key, value), key);
	}

	/**
	 * Delete keys. Sent while the link recovers, too.
	 * @return how many there were
	 */
	public CompletableFuture<Long> unlink(byte[]... keys) {
		if (keys.length <= PORTION) {
			return send(Parcel.Kind.EVICTION, RedisOperation.EVICT, "UNLINK", null, (commands) -> commands.unlink(keys),
					length(keys), keys);
		}
		return Futures.all(portions(keys).stream().map(this::unlink).toList())
			.thenApply((counts) -> counts.stream().mapToLong(Long::longValue).sum());
	}

	/**
	 * Have Redis take keys for used, which it is not asked about. Whatever comes of it,
	 * the link stays as it is.
	 */
	public CompletableFuture<Long> touch(byte[]... keys) {
		return send(Parcel.Kind.ASIDE, RedisOperation.INFO, "TOUCH", null, (commands) -> commands.touch(keys),
				length(keys), keys);
	}

	/**
	 * Run a script on one key, sending its text only to a server that does not have it.
	 * One that evicts is sent while the link recovers, too.
	 * @param script the script
	 * @param key the key
	 * @param arguments the arguments
	 * @return what it answers
	 */
	public CompletableFuture<byte[]> run(Script script, byte[] key, byte[]... arguments) {
		return run(script, new byte[][] { key }, arguments);
	}

	/**
	 * The same on several keys, which one server has: see {@link #isOneServer()}.
	 */
	public CompletableFuture<byte[]> run(Script script, byte[][] keys, byte[]... arguments) {
		long bytes = length(keys) + length(arguments);
		Parcel.Kind kind = (script.operation() == RedisOperation.EVICT) ? Parcel.Kind.EVICTION : Parcel.Kind.OTHER;
		return this
			.<byte[]>send(kind, script.operation(), "EVALSHA", script,
					(commands) -> commands.evalsha(script, keys, arguments), bytes, keys)
			.exceptionallyCompose((ex) -> RedisErrors.isNoScript(ex)
					? send(kind, script.operation(), "EVAL", script,
							(commands) -> commands.eval(script, keys, arguments), bytes, keys)
					: CompletableFuture.failedFuture(Futures.unwrap(ex)));
	}

	/**
	 * Return what is equal for two keys that one server has.
	 */
	public Object serverOf(byte[] key) {
		Outbox outbox = this.state.current().outbox();
		return (outbox != null) ? outbox.connection().serverOf(key) : "";
	}

	/**
	 * Return whether all keys are with one server, which then does what it is sent in
	 * that order. Of a cluster with one master too this is not said.
	 */
	public boolean isOneServer() {
		Outbox outbox = this.state.current().outbox();
		return outbox != null && outbox.connection().isOneServer();
	}

	/**
	 * Return each master, for commands that every master must answer. Also while the link
	 * recovers.
	 */
	public CompletableFuture<List<Master>> masters() {
		LinkState.State current = this.state.current();
		Outbox outbox = current.outbox();
		if (outbox == null || !current.sends(Parcel.Kind.EVICTION)) {
			return CompletableFuture.failedFuture(RedisErrors.AWAY);
		}
		return outbox.connection()
			.masters()
			.thenApply((servers) -> servers.stream().map((server) -> new Master(outbox, server)).toList());
	}

	/**
	 * Tell the link that a caller stopped waiting for Redis: the driver's own timer is
	 * too coarse to notice at once.
	 * @param session the session in which all that it waited for was sent
	 * @param waited how long it waited: what is left of a call's time may be too short to
	 * tell anything, in nanoseconds
	 */
	void gaveUp(long session, long waited) {
		this.judge.gaveUp(session, waited);
	}

	/**
	 * Close the connection and end the threads. What is under way fails.
	 */
	public void close() {
		this.state.close();
		this.worker.shutdownNow();
		try {
			// It may be connecting, and the driver complains of event loops that are
			// gone.
			this.worker.awaitTermination(this.settings.connectTimeout().toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		this.connector.close();
	}

	/**
	 * What the link is told about Redis and about time.
	 *
	 * @param commandTimeout the longest that a command may take
	 * @param connectTimeout the longest that connecting may take
	 * @param failureRate share of failing commands that opens the breaker, in percent
	 * @param slowCall response time above which a command is slow
	 * @param slowCallRate share of slow commands that opens the breaker, in percent
	 * @param window over how many commands these shares are counted
	 * @param openFor back-off of a link that goes down again soon after it was up
	 * @param openForMax upper limit of the back-off
	 * @param retry pause between two attempts to connect
	 * @param loginRetry the same when the login was refused
	 * @param heartbeat pause between two heartbeats of a link that is up
	 * @param queue how many commands may be under way, or wait to be sent, at most
	 */
	public record Settings(Duration commandTimeout, Duration connectTimeout, float failureRate, Duration slowCall,
			float slowCallRate, int window, Duration openFor, Duration openForMax, Duration retry, Duration loginRetry,
			Duration heartbeat, int queue) {

		public Settings {
			commandTimeout = Durations.capped(commandTimeout);
			connectTimeout = Durations.capped(connectTimeout);
			slowCall = Durations.capped(slowCall);
			openFor = Durations.capped(openFor);
			openForMax = Durations.capped(openForMax);
			retry = Durations.capped(retry);
			loginRetry = Durations.capped(loginRetry);
			heartbeat = Durations.capped(heartbeat);
		}

		public static Settings of(Duration commandTimeout, Duration connectTimeout) {
			return new Settings(commandTimeout, connectTimeout, 50, Duration.ofMillis(200), 80, 20,
					Duration.ofSeconds(1), Duration.ofSeconds(10), Duration.ofMillis(500), Duration.ofSeconds(10),
					Duration.ofSeconds(1), 50_000);
		}

	}

	/**
	 * One master.
	 */
	public final class Master {

		private final Outbox outbox;

		private final RedisCommands.Server server;

		private Master(Outbox outbox, RedisCommands.Server server) {
			this.outbox = outbox;
			this.server = server;
		}

		/**
		 * Ask for a page of the keys that match a glob.
		 * @param after the page before, {@code null} for the first
		 */
		public CompletableFuture<KeyPage> scan(@Nullable KeyPage after, byte[] match, int count) {
			String cursor = (after != null) ? after.cursor() : null;
			long session = session();
			long timeout = commandTimeout().toNanos();
			// Whoever walks waits for each step, not for all of them.
			return ask(RedisOperation.SWEEP, "SCAN", () -> this.server.scan(cursor, match, count))
				.orTimeout(timeout, TimeUnit.NANOSECONDS)
				.whenComplete((found, ex) -> {
					if (ex instanceof TimeoutException) {
						gaveUp(session, timeout);
					}
				});
		}

		/**
		 * Ask how it sees the slots of its cluster.
		 */
		public CompletableFuture<SlotView> slots() {
			return ask(RedisOperation.INFO, "CLUSTER SLOTS", this.server::slots);
		}

		/**
		 * Return what it is called: its host and port in a cluster, nothing if it is the
		 * only one.
		 */
		public String name() {
			return this.server.name();
		}

		public CompletableFuture<Long> keyCount() {
			return askIfAllowed("DBSIZE", this.server::dbsize);
		}

		/**
		 * Ask for what people want to know. Whatever comes of it, the link stays as it
		 * is.
		 */
		public <T> CompletableFuture<T> askAside(
				Function<RedisCommands.Server, ? extends CompletionStage<T>> question) {
			LinkState.State current = RedisLink.this.state.current();
			return current.sends(Parcel.Kind.OTHER)
					? this.outbox.send(new Parcel<>(Parcel.Kind.ASIDE, current.session(),
							(same) -> question.apply(this.server), 0, this.server.pulse(), null))
					: CompletableFuture.failedFuture(RedisErrors.AWAY);
		}

		public CompletableFuture<String> memory() {
			return askIfAllowed("INFO", () -> this.server.info("memory"));
		}

		/** What would merely be good to know is nothing that a human must put right. */
		private <T> CompletableFuture<T> askIfAllowed(String name, Supplier<? extends CompletionStage<T>> command) {
			return ask(RedisOperation.INFO, name, () -> command.get().exceptionallyCompose((ex) -> {
				if (!RedisErrors.isUnavailable(ex)) {
					return CompletableFuture.failedStage(ex);
				}
				RedisLink.this.report.missed(ex);
				return CompletableFuture.failedStage(RedisErrors.AWAY);
			}));
		}

		private <T> CompletableFuture<T> ask(RedisOperation operation, String name,
				Supplier<? extends CompletionStage<T>> command) {
			RedisLink link = RedisLink.this;
			LinkState.State current = link.state.current();
			return current.sends(Parcel.Kind.EVICTION) ? this.outbox.send(
					new Parcel<T>(Parcel.Kind.OTHER, current.session(), (same) -> command.get(), 0, this.server.pulse(),
							Account.of(link.monitor, link.tracer, operation, name))
						.about(name + " " + name()))
					: CompletableFuture.failedFuture(RedisErrors.AWAY);
		}

	}

}
