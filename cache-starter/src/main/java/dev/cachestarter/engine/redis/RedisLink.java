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

import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.ClientOptions.DisconnectedBehavior;

import io.lettuce.core.KeyValue;
import io.lettuce.core.MaintNotificationsConfig;
import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.ScanCursor;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.SetArgs;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.SocketOptions.KeepAliveOptions;
import io.lettuce.core.SocketOptions.TcpUserTimeoutOptions;
import io.lettuce.core.StatefulRedisConnectionImpl;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.ClusterTopologyRefreshOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.event.DefaultEventPublisherOptions;
import io.lettuce.core.metrics.CommandLatencyRecorder;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import io.lettuce.core.resource.EpollProvider;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.data.redis.connection.RedisConfiguration;
import org.springframework.data.redis.connection.RedisSocketConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.util.ClassUtils;

import dev.cachestarter.engine.entry.EntryHeader;

/**
 * The link to Redis: one connection of the cache's own, the breaker that guards it, and
 * the thread in the background that connects, probes and recovers.
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
 * Away, every command fails at once without touching a socket; callers never probe. The
 * background thread does: it asks the connection that is there for {@code PING} and
 * {@code ROLE}, and if that is not answered well in time it throws the connection away
 * and makes a new one. So one call at most waits for a Redis that hangs, and a command
 * that was merely slow costs the time of one ping.
 * <p>
 * Recovering, only evictions are sent: those that are pending, and one of nothing, since
 * a server may answer {@code PING} and not take a write. If they are not answered in time
 * the link is away as before. If they are, or are refused, it is up: what was refused is
 * still pending, and bypassed.
 * <p>
 * A link that leaves soon after it was back waits before it is up again, longer each time
 * that calls were not answered well, so that a Redis which answers everything but them is
 * not asked for ever. It goes on looking meanwhile, and has it take evictions. Where it
 * finds Redis away, and then well for as long as the shortest of these pauses, what was
 * the matter is over, and it waits no longer.
 * <p>
 * Whoever gives up waiting says so, and names the session in which it began to: a wait on
 * an old connection says nothing of the one in its place.
 * <p>
 * A connection is never repaired: without automatic reconnect the driver cannot send a
 * command twice, and one that was under way when the connection broke has failed for
 * good. What a broken connection has already handed to the network may still reach the
 * server later: that is why every write of this cache but {@code UNLINK} is conditional
 * on a lease. And what an abandoned connection still answers is not heard: an
 * acknowledgement by a server that has been replaced since says nothing of its successor.
 *
 * <h2>Clusters</h2>
 *
 * <p>
 * The driver's connection to a cluster is a bundle of connections to its nodes, which it
 * opens as commands need them. A node behind a newly opened one may be another than
 * before: it may have restarted from an old dump, or be a replica that took over, and
 * have again what was evicted. So the bundle is one connection as far as this class goes:
 * <ul>
 * <li>The topology is read anew, every master in it is connected to and asked who it is,
 * and only then are commands sent. (Connections by host and port, as those for slots are:
 * the driver keeps others by node id.)
 * <li>If one of these connections is lost, or one to any other node is opened (a
 * redirection to a replica that took over, a node that is back), the whole bundle is
 * thrown away. The driver tells of a connection before anything is sent on it, and from
 * that moment on answers are not heard. So nothing is read from a master before it was
 * asked who it is, and what must be evicted again is pending.
 * <li>A master that cannot be reached keeps only its own slots away, as long as the
 * cluster itself says that it is well. Commands for them fail at once, and the heartbeat
 * tries to connect to it. It counts as lost until it was greeted.
 * <li>A slot that moves between two masters that were greeted changes nothing.
 * </ul>
 *
 * <p>
 * Only what Redis itself does counts: neither a loader nor a listener runs in here.
 */
public final class RedisLink {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	private static final HexFormat HEX = HexFormat.of();

	/**
	 * How much longer than for one answer all reads wait for pending evictions that Redis
	 * takes its time for.
	 */
	private static final Duration RECOVERY = Duration.ofMillis(750);

	private final Settings settings;

	private final boolean cluster;

	private final String display;

	private final ClientResources resources;

	private final AbstractRedisClient client;

	private final ScheduledExecutorService worker;

	private final CircuitBreaker breaker;

	private final AtomicReference<@Nullable Connection> connection = new AtomicReference<>();

	private final AtomicBoolean up = new AtomicBoolean();

	/** How often the link has left. */
	private final AtomicLong session = new AtomicLong();

	/** Whether evictions are sent although the link is not up. */
	private volatile boolean recovering;

	/** Whether one of them was not answered in time. */
	private volatile boolean unanswered;

	private volatile boolean closed;

	private volatile boolean everUp;

	private volatile long awaySince = System.nanoTime();

	private volatile long arrivedAt = System.nanoTime() - TimeUnit.DAYS.toNanos(1);

	/** How often in a row it left soon after it was back, for want of good answers. */
	private volatile int flaps;

	/** Until when it waits that left soon after it was back. */
	private volatile long pausedUntil = System.nanoTime();

	/** Whether, since it left, Redis was looked at, and when in vain. Of the worker. */
	private boolean looked;

	private @Nullable Long lookedInVainAt;

	private volatile String runMark = EntryHeader.NO_MARK;

	private String markBefore = EntryHeader.NO_MARK;

	/** Whether every master is greeted, and none has been lost since. */
	private volatile boolean whole;

	/** When that was last so. */
	private volatile long lastWhole = System.nanoTime();

	/** Server milliseconds minus this machine's monotonic milliseconds. */
	private volatile long clockOffset = System.currentTimeMillis() - System.nanoTime() / 1_000_000;

	/** What was last reported; null while there is nothing to report. */
	private volatile @Nullable String reported;

	/** Whether it was said already that the login, or a command, is not permitted. */
	private final AtomicBoolean refusalReported = new AtomicBoolean();

	private Observer observer = Observer.NONE;

	public RedisLink(LettuceConnectionFactory source, Settings settings) {
		this.settings = settings;
		this.cluster = source.isClusterAware();
		this.resources = resources(source);
		ClonedFactory clone = ClonedFactory.of(source, this.resources, clientOptions(source),
				settings.connectTimeout());
		this.display = clone.display();
		this.client = clone.newClient();
		if (this.cluster) {
			this.client.addListener(new NodeListener());
		}
		this.worker = Executors.newSingleThreadScheduledExecutor((task) -> daemon(task, "cache-starter-link"));
		this.breaker = CircuitBreaker.of("cache-starter",
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

	/**
	 * Threads of its own, and none of what the application observes its commands with;
	 * but the application's ways to find an address and to set up a channel, without
	 * which there may be no way to its Redis.
	 */
	private static ClientResources resources(LettuceConnectionFactory source) {
		DefaultClientResources.Builder resources = DefaultClientResources.builder()
			.commandLatencyRecorder(CommandLatencyRecorder.disabled())
			.commandLatencyPublisherOptions(DefaultEventPublisherOptions.disabled())
			.ioThreadPoolSize(2)
			.computationThreadPoolSize(2);
		source.getClientConfiguration()
			.getClientResources()
			.ifPresent((theirs) -> resources.addressResolverGroup(theirs.addressResolverGroup())
				.socketAddressResolver(theirs.socketAddressResolver())
				.nettyCustomizer(theirs.nettyCustomizer()));
		return resources.build();
	}

	public static Thread daemon(Runnable task, String name) {
		// What is bound to the thread that happens to need it first is nobody else's.
		Thread thread = new Thread(null, task, name, 0, false);
		thread.setDaemon(true);
		return thread;
	}

	public void observe(Observer observer) {
		this.observer = observer;
	}

	/**
	 * Start to connect, in the background.
	 */
	public void start() {
		this.worker.execute(this::work);
		long beat = this.settings.heartbeat().toMillis();
		this.worker.scheduleWithFixedDelay(this::beat, beat, beat, TimeUnit.MILLISECONDS);
	}

	boolean isCluster() {
		return this.cluster;
	}

	/**
	 * Return whether commands are sent at present.
	 */
	public boolean isUp() {
		return this.up.get();
	}

	/**
	 * Return what changes when the link leaves.
	 */
	public long session() {
		return this.session.get();
	}

	public String runMark() {
		return this.runMark;
	}

	/**
	 * Return the last time, in {@link System#nanoTime()}, at which no master had been
	 * lost that has not been greeted again since.
	 */
	public long lastWhole() {
		return (this.whole && this.up.get()) ? System.nanoTime() : this.lastWhole;
	}

	public Duration commandTimeout() {
		return this.settings.commandTimeout();
	}

	/**
	 * Return the server's clock as far as it is known, in milliseconds.
	 */
	public long serverMillis() {
		return this.clockOffset + System.nanoTime() / 1_000_000;
	}

	/*
	 * Send a command, or fail at once while the link is away. Never blocks and never
	 * throws.
	 *
	 * @param command sends it
	 *
	 * @param keys the keys that it is about
	 *
	 * @return its result, completed on an event loop
	 */
	private <T extends @Nullable Object> CompletableFuture<T> send(
			Function<RedisClusterAsyncCommands<byte[], byte[]>, ? extends CompletionStage<T>> command, byte[]... keys) {
		return send(false, command, keys);
	}

	private <T extends @Nullable Object> CompletableFuture<T> send(boolean eviction,
			Function<RedisClusterAsyncCommands<byte[], byte[]>, ? extends CompletionStage<T>> command, byte[]... keys) {
		Connection connection = this.connection.get();
		if (connection == null || !isSent(eviction) || !connection.reaches(keys)) {
			return CompletableFuture.failedFuture(RedisErrors.AWAY);
		}
		return watch(connection, () -> command.apply(connection.commands()));
	}

	private boolean isSent(boolean eviction) {
		return this.up.get() || (eviction && this.recovering);
	}

	private <T extends @Nullable Object> CompletableFuture<T> watch(Connection used,
			Supplier<? extends CompletionStage<T>> command) {
		long session = this.session.get();
		long start = System.nanoTime();
		CompletionStage<T> stage;
		try {
			stage = command.get();
		}
		catch (RuntimeException ex) {
			stage = CompletableFuture.failedFuture(ex);
		}
		CompletableFuture<T> result = new CompletableFuture<>();
		stage.whenComplete((value, ex) -> {
			record(used, session, System.nanoTime() - start, ex);
			if (used != this.connection.get()) {
				// The server that answers may have been replaced meanwhile.
				result.completeExceptionally(RedisErrors.AWAY);
			}
			else if (ex != null) {
				result.completeExceptionally(ex);
			}
			else {
				result.complete(value);
			}
		});
		return result;
	}

	/**
	 * Read keys, in one round trip where one node has them all.
	 * @return a value or {@code null} for each, in order; what is not a string is absent
	 */
	public CompletableFuture<List<byte @Nullable []>> read(byte[]... keys) {
		return this.<List<KeyValue<byte[], byte[]>>>send((commands) -> commands.mget(keys), keys).thenApply((found) -> {
			List<byte @Nullable []> values = new ArrayList<>(found.size());
			for (KeyValue<byte[], byte[]> value : found) {
				values.add(value.getValueOrElse(null));
			}
			return values;
		});
	}

	/**
	 * Read the beginning of one key.
	 */
	public CompletableFuture<byte[]> readStart(byte[] key, int length) {
		return send((commands) -> commands.getrange(key, 0, length - 1), key);
	}

	/**
	 * Set a key, whatever is there.
	 */
	public CompletableFuture<Boolean> set(byte[] key, byte[] value, Duration life) {
		return this.<String>send((commands) -> commands.set(key, value, SetArgs.Builder.px(life.toMillis())), key)
			.thenApply((ok) -> true);
	}

	/**
	 * Set a key if it is not there.
	 * @return whether it was not
	 */
	public CompletableFuture<Boolean> setIfAbsent(byte[] key, byte[] value, Duration life) {
		return this
			.<@Nullable String>send((commands) -> commands.set(key, value, SetArgs.Builder.nx().px(life.toMillis())),
					key)
			.thenApply((ok) -> ok != null);
	}

	/**
	 * Delete keys. Sent while the link recovers, too.
	 * @return how many there were
	 */
	public CompletableFuture<Long> unlink(byte[]... keys) {
		return send(true, (commands) -> commands.unlink(keys), keys);
	}

	/**
	 * Return what is equal for two keys that one server has.
	 */
	public Object serverOf(byte[] key) {
		Connection connection = this.connection.get();
		if (connection != null
				&& connection.stateful() instanceof StatefulRedisClusterConnection<byte[], byte[]> clusterConnection) {
			RedisClusterNode node = clusterConnection.getPartitions().getPartitionBySlot(SlotHash.getSlot(key));
			return (node != null) ? node.getNodeId() : "";
		}
		return "";
	}

	/**
	 * Run a script on one key, sending its text only to a server that does not have it.
	 * @param script the script
	 * @param key the key
	 * @param arguments the arguments
	 * @return what it answers
	 */
	public CompletableFuture<byte[]> run(Script script, byte[] key, byte[]... arguments) {
		byte[][] keys = { key };
		return this
			.<byte[]>send((commands) -> commands.evalsha(script.sha(), ScriptOutputType.VALUE, keys, arguments), keys)
			.exceptionallyCompose((ex) -> RedisErrors.isNoScript(ex)
					? send((commands) -> commands.eval(script.text(), ScriptOutputType.VALUE, keys, arguments), keys)
					: CompletableFuture.failedFuture(unwrap(ex)));
	}

	/**
	 * Return each master, for what must be asked of all of them. Also while the link
	 * recovers.
	 */
	public CompletableFuture<List<Master>> masters() {
		Connection connection = this.connection.get();
		if (connection == null || !isSent(true)) {
			return CompletableFuture.failedFuture(RedisErrors.AWAY);
		}
		return all(mastersOf(connection));
	}

	private List<CompletableFuture<Master>> mastersOf(Connection connection) {
		if (connection.stateful() instanceof StatefulRedisClusterConnection<byte[], byte[]> clusterConnection) {
			return nodesOf(clusterConnection).values()
				.stream()
				.map((opening) -> opening.thenApply((opened) -> new Master(connection, opened.async())))
				.toList();
		}
		return List.of(CompletableFuture.completedFuture(
				new Master(connection, ((StatefulRedisConnection<byte[], byte[]>) connection.stateful()).async())));
	}

	/** The connections to all masters, those that commands for their slots use. */
	private static Map<String, CompletableFuture<StatefulRedisConnection<byte[], byte[]>>> nodesOf(
			StatefulRedisClusterConnection<byte[], byte[]> clusterConnection) {
		Map<String, CompletableFuture<StatefulRedisConnection<byte[], byte[]>>> nodes = new HashMap<>();
		for (RedisClusterNode node : clusterConnection.getPartitions()) {
			if (node.is(RedisClusterNode.NodeFlag.UPSTREAM) && !node.getSlots().isEmpty()) {
				CompletableFuture<StatefulRedisConnection<byte[], byte[]>> opening;
				try {
					opening = clusterConnection.getConnectionAsync(node.getUri().getHost(), node.getUri().getPort());
				}
				catch (RuntimeException ex) {
					opening = CompletableFuture.failedFuture(ex);
				}
				nodes.put(Connection.place(node), opening);
			}
		}
		return nodes;
	}

	public static <T> CompletableFuture<List<T>> all(List<CompletableFuture<T>> futures) {
		return CompletableFuture.allOf(futures.toArray(CompletableFuture[]::new))
			.thenApply((done) -> futures.stream().map(CompletableFuture::join).toList());
	}

	public static Throwable unwrap(Throwable ex) {
		Throwable cause = ex;
		while ((cause instanceof CompletionException || cause instanceof ExecutionException)
				&& cause.getCause() != null) {
			cause = cause.getCause();
		}
		return cause;
	}

	private void record(Connection used, long session, long duration, @Nullable Throwable ex) {
		Throwable cause = (ex != null) ? unwrap(ex) : null;
		if (cause != null && RedisErrors.isOfLink(cause)) {
			this.observer.failure();
		}
		if (used != this.connection.get()) {
			// It says nothing of the connection that has taken its place.
			return;
		}
		if (cause == null) {
			this.breaker.onSuccess(duration, TimeUnit.NANOSECONDS);
			leaveIfTripped(true);
			return;
		}
		if (!used.whole().get() && cause instanceof RedisException && !(cause instanceof RedisCommandTimeoutException)
				&& !(cause instanceof RedisCommandExecutionException)) {
			// For want of a node that is known to be away: the others are well.
			return;
		}
		this.breaker.onError(duration, TimeUnit.NANOSECONDS, cause);
		// What was under way on a connection that breaks fails before the break is told.
		leaveIfTripped(RedisErrors.isTimeout(cause) || cause instanceof RedisCommandExecutionException);
		if (RedisErrors.isTimeout(cause)) {
			this.unanswered = true;
			leave(session, timeoutText());
		}
		else if (RedisErrors.isUnavailable(cause)) {
			reportRefusal(describe(cause));
		}
		else if (RedisErrors.isOfConnection(cause) && !this.cluster) {
			// A fail-over left us on a replica, say: only a new connection finds the
			// master.
			lose(used, describe(cause));
		}
		else if (RedisErrors.isUnusable(cause) && !this.cluster) {
			leave(session, describe(cause));
		}
	}

	/**
	 * Asked for, and not told: for whoever listens the breaker makes an event per
	 * command.
	 */
	private void leaveIfTripped(boolean unwell) {
		if (this.breaker.getState() == CircuitBreaker.State.OPEN) {
			leave(this.session.get(), unwell ? "too many failing or slow commands" : "connection lost", unwell);
		}
	}

	/**
	 * Tell the link of a wait for Redis that a caller gave up: the driver's own timer is
	 * too coarse to notice at once.
	 * @param session the session in which all that it waited for was sent
	 * @param waited how long it waited: what is left of a call's time may be too short to
	 * tell anything, in nanoseconds
	 */
	public void gaveUp(long session, long waited) {
		if (waited >= Math.min(this.settings.slowCall().toNanos(), this.settings.commandTimeout().toNanos())) {
			leave(session, timeoutText());
		}
	}

	private String timeoutText() {
		return "a command was not answered within " + this.settings.commandTimeout().toMillis() + " ms";
	}

	/** Throw a connection away: none of its answers is heard from now on. */
	private void lose(Connection lost, String why) {
		lost.broken().set(true);
		long session = this.session.get();
		if (this.connection.compareAndSet(lost, null)) {
			leave(session, why, false);
			close(lost);
		}
	}

	/** Stop sending, and have the background thread look what is the matter. */
	private void leave(String why) {
		leave(this.session.get(), why);
	}

	private void leave(long session, String why) {
		leave(session, why, true);
	}

	private void leave(long session, String why, boolean unwell) {
		if (this.closed || !this.up.get() || !this.session.compareAndSet(session, session + 1)
				|| !this.up.compareAndSet(true, false)) {
			return;
		}
		long now = System.nanoTime();
		this.awaySince = now;
		if (this.whole) {
			this.lastWhole = now;
			this.whole = false;
		}
		boolean flapping = now - this.arrivedAt < this.settings.openForMax().toNanos();
		this.flaps = !flapping ? 0 : unwell ? this.flaps + 1 : this.flaps;
		long pause = 0;
		if (flapping) {
			// A connection that breaks costs nobody a wait: it need not be put off for
			// long.
			long factor = unwell ? 1L << Math.min(this.flaps - 1, 10) : 1;
			pause = Math.min(this.settings.openFor().toMillis() * factor, this.settings.openForMax().toMillis());
		}
		this.pausedUntil = now + TimeUnit.MILLISECONDS.toNanos(pause);
		try {
			report(why);
			this.observer.away(why);
		}
		finally {
			// Whatever becomes of the report, the way back must begin.
			schedule(this::work, 0);
		}
	}

	private void schedule(Runnable task, long millis) {
		try {
			this.worker.schedule(task, millis, TimeUnit.MILLISECONDS);
		}
		catch (java.util.concurrent.RejectedExecutionException ex) {
			// Closed meanwhile: there is nothing left to do.
		}
	}

	private void beat() {
		if (!this.up.get()) {
			return;
		}
		Connection current = this.connection.get();
		if (current == null) {
			// Lost at the very moment at which it arrived.
			leave(this.session.get(), "connection lost", false);
			return;
		}
		try {
			greet(current);
		}
		catch (Throwable ex) {
			leave((ex instanceof TimeoutException) ? timeoutText() : "heartbeat: " + describe(ex));
		}
	}

	/**
	 * Bring the link up again: the one method of recovery, on the one background thread.
	 */
	private void work() {
		if (this.closed || this.up.get()) {
			return;
		}
		try {
			Connection current = this.connection.get();
			if (current == null || !isUsable(current)) {
				if (this.looked) {
					this.lookedInVainAt = System.nanoTime();
				}
				close(this.connection.getAndSet(null));
				current = connect();
				try {
					greet(current);
				}
				catch (Exception ex) {
					close(current);
					throw ex;
				}
				this.connection.set(current);
			}
			if (this.closed) {
				// While it was being made.
				close(this.connection.getAndSet(null));
				return;
			}
			this.looked = true;
			CompletableFuture<Integer> taken = recover(current);
			long pause = pauseLeft();
			if (pause > 0) {
				schedule(this::work, Math.min(this.settings.retry().toMillis(), pause));
				return;
			}
			arrive(current, taken);
		}
		catch (Throwable ex) {
			// Errors included: nobody else brings the link up.
			if (this.closed) {
				return;
			}
			String error = (ex instanceof TimeoutException) ? timeoutText() : describe(ex);
			Duration pause = this.settings.retry();
			if (RedisErrors.isRefusedLogin(ex)) {
				pause = this.settings.loginRetry();
				reportRefusal(error);
			}
			report(error);
			this.looked = true;
			this.lookedInVainAt = System.nanoTime();
			schedule(this::work, pause.toMillis());
		}
	}

	/** How long it is not to be up yet, in milliseconds. */
	private long pauseLeft() {
		long now = System.nanoTime();
		long left = this.pausedUntil - now;
		Long vain = this.lookedInVainAt;
		if (vain != null) {
			left = Math.min(left, vain + this.settings.openFor().toNanos() - now);
		}
		return (left > 0) ? TimeUnit.NANOSECONDS.toMillis(left) + 1 : 0;
	}

	/**
	 * Have Redis take what is pending before it is read from.
	 * @return how many evictions it has taken; not complete if that takes long although
	 * Redis answers
	 * @throws TimeoutException if Redis does not answer them
	 */
	private CompletableFuture<Integer> recover(Connection candidate) throws Exception {
		String mark = this.runMark;
		this.unanswered = false;
		this.recovering = true;
		try {
			// A server that does not say who it is may be another. What is evicted from
			// now on is acknowledged by this one, also if it is lost before it is used.
			boolean restarted = !mark.equals(this.markBefore)
					|| (mark.equals(EntryHeader.NO_MARK) && candidate.replayed().compareAndSet(false, true));
			this.markBefore = mark;
			CompletableFuture<Integer> applied = this.observer.returning(restarted);
			applied.copy()
				.completeOnTimeout(0, this.settings.commandTimeout().plus(RECOVERY).toNanos(), TimeUnit.NANOSECONDS)
				.exceptionally((ex) -> 0)
				.get();
			// One node of a cluster that hangs must not keep the others away.
			if (this.unanswered && !this.cluster) {
				throw new TimeoutException();
			}
			if (this.connection.get() != candidate) {
				throw new IllegalStateException("the connection was lost or refused");
			}
			return applied;
		}
		finally {
			this.recovering = false;
		}
	}

	private boolean isUsable(Connection candidate) {
		try {
			greet(candidate);
			return true;
		}
		catch (Exception ex) {
			return false;
		}
	}

	private void report(String error) {
		boolean news = this.reported == null;
		this.reported = error;
		if (news) {
			logger.warn("Cache service Redis error: " + error + " [" + this.display
					+ "]; the application goes on without its cache");
		}
	}

	/**
	 * Say, once until the link is back, what only a human can put right.
	 */
	private void reportRefusal(String error) {
		if (this.refusalReported.compareAndSet(false, true)) {
			logger.error("Cache service Redis error: " + error + " [" + this.display
					+ "]; check spring.data.redis.username and password, and the rights of that user");
		}
	}

	private void arrive(Connection arrived, CompletableFuture<Integer> applied) {
		long now = System.nanoTime();
		Duration away = Duration.ofNanos(now - this.awaySince);
		boolean first = !this.everUp;
		this.everUp = true;
		this.reported = null;
		this.looked = false;
		this.lookedInVainAt = null;
		this.refusalReported.set(false);
		this.breaker.reset();
		this.arrivedAt = now;
		this.whole = arrived.whole().get();
		this.up.set(true);
		if (first) {
			logger.info("Cache service connected to Redis [" + this.display + "]");
		}
		this.observer.back(first, away, applied);
		if (arrived.broken().get() || !arrived.isOpen()) {
			// Lost before anyone could be told of it. If it was before the link was up,
			// nobody has left yet.
			lose(arrived, "connection lost");
			leave(this.session.get(), "connection lost", false);
		}
	}

	private Connection connect() {
		StatefulConnection<byte[], byte[]> opened;
		RedisClusterAsyncCommands<byte[], byte[]> commands;
		if (this.client instanceof RedisClusterClient clusterClient) {
			if (this.everUp) {
				// Who is master may have changed; the first connection reads it anyway.
				clusterClient.refreshPartitions();
			}
			StatefulRedisClusterConnection<byte[], byte[]> cluster = clusterClient.connect(ByteArrayCodec.INSTANCE);
			opened = cluster;
			commands = cluster.async();
		}
		else {
			StatefulRedisConnection<byte[], byte[]> single = ((RedisClient) this.client)
				.connect(ByteArrayCodec.INSTANCE);
			opened = single;
			commands = single.async();
		}
		Connection connection = new Connection(opened, commands);
		opened.addListener(new RedisConnectionStateListener() {

			@Override
			public void onRedisDisconnected(RedisChannelHandler<?, ?> handler) {
				lose(connection, "connection lost");
			}

		});
		return connection;
	}

	/** Ask a connection whether it can be used; throws if it cannot. */
	private void greet(Connection candidate) throws Exception {
		RedisClusterAsyncCommands<byte[], byte[]> commands = candidate.commands();
		long sent = System.nanoTime();
		try {
			answer(commands.ping());
		}
		catch (ExecutionException ex) {
			if (!RedisErrors.isMisconfigured(ex)) {
				throw ex;
			}
			// It cannot save to its disk, and so refuses writes and PING alike; it reads.
		}
		if (System.nanoTime() - sent > this.settings.slowCall().toNanos()) {
			throw new IllegalStateException("Redis answers slowly");
		}
		if (candidate.stateful() instanceof StatefulRedisClusterConnection<byte[], byte[]> clusterConnection) {
			greetNodes(candidate, clusterConnection);
		}
		else {
			List<Object> role = ifAllowed(((RedisAsyncCommands<byte[], byte[]>) commands).role());
			if (role != null && !"master".equals(new String((byte[]) role.get(0), StandardCharsets.US_ASCII))) {
				throw new IllegalStateException("the server is a replica");
			}
			if (candidate.greeted().compareAndSet(false, true)) {
				String id = runId(commands.info("server"));
				this.runMark = (id != null) ? id.substring(0, Math.min(8, id.length())) : EntryHeader.NO_MARK;
			}
		}
		sent = System.nanoTime();
		List<byte[]> time = ifAllowed(commands.time());
		if (time != null) {
			long received = System.nanoTime();
			long server = Long.parseLong(new String(time.get(0), StandardCharsets.US_ASCII)) * 1000
					+ Long.parseLong(new String(time.get(1), StandardCharsets.US_ASCII)) / 1000;
			this.clockOffset = server - (sent + (received - sent) / 2) / 1_000_000;
		}
	}

	/**
	 * Connect to every master and ask who it is, once; and ask those that answered
	 * whether the cluster is well, every time.
	 */
	private void greetNodes(Connection candidate, StatefulRedisClusterConnection<byte[], byte[]> clusterConnection)
			throws Exception {
		if (candidate.greeted().compareAndSet(false, true)) {
			this.runMark = meetNodes(candidate, clusterConnection);
		}
		else if (!candidate.whole().get()) {
			// Whoever answers now ends this connection.
			nodesOf(clusterConnection);
		}
		List<RedisFuture<String>> infos = candidate.nodes().stream().map((node) -> node.async().clusterInfo()).toList();
		for (RedisFuture<String> info : infos) {
			String text = ifAllowed(info);
			if (text != null && !text.contains("cluster_state:ok")) {
				throw new IllegalStateException("CLUSTERDOWN");
			}
		}
	}

	/**
	 * Connect to every master and ask who it is.
	 * @return the mark of all: it changes when one was restarted or replaced
	 */
	private String meetNodes(Connection candidate, StatefulRedisClusterConnection<byte[], byte[]> clusterConnection)
			throws Exception {
		List<String> ids = new ArrayList<>();
		boolean allSay = true;
		Exception failure = new IllegalStateException("the cluster has no masters");
		long until = System.nanoTime() + this.settings.connectTimeout().toNanos();
		boolean whole = true;
		for (Map.Entry<String, CompletableFuture<StatefulRedisConnection<byte[], byte[]>>> each : nodesOf(
				clusterConnection)
			.entrySet()) {
			CompletableFuture<StatefulRedisConnection<byte[], byte[]>> opening = each.getValue();
			try {
				StatefulRedisConnection<byte[], byte[]> node = opening.get(Math.max(0, until - System.nanoTime()),
						TimeUnit.NANOSECONDS);
				String id = runId(node.async().info("server"));
				allSay &= id != null;
				ids.add(String.valueOf(id));
				candidate.nodes().add(node);
				candidate.places().add(each.getKey());
			}
			catch (ExecutionException | TimeoutException ex) {
				whole = false;
				failure = ex;
				// Should it answer after all, it has not been asked who it is.
				opening.thenRun(() -> lose(candidate, "another node answers"));
			}
		}
		if (ids.isEmpty()) {
			throw failure;
		}
		candidate.whole().set(whole);
		Collections.sort(ids);
		return allSay ? "%08x".formatted(ids.hashCode()) : EntryHeader.NO_MARK;
	}

	private @Nullable String runId(RedisFuture<String> asked) throws Exception {
		String info = ifAllowed(asked);
		return (info != null) ? info.lines()
			.filter((line) -> line.startsWith("run_id:"))
			.map((line) -> line.substring(7).strip())
			.findFirst()
			.orElse(null) : null;
	}

	private <T> T answer(Future<T> future) throws Exception {
		return future.get(this.settings.commandTimeout().toNanos(), TimeUnit.NANOSECONDS);
	}

	/** Some servers forbid, or do not know, what we would merely like to ask. */
	private <T> @Nullable T ifAllowed(RedisFuture<T> future) throws Exception {
		try {
			return answer(future);
		}
		catch (ExecutionException ex) {
			if (ex.getCause() instanceof RedisCommandExecutionException && !RedisErrors.isOfLink(ex)) {
				return null;
			}
			throw ex;
		}
	}

	private static void close(@Nullable Connection connection) {
		if (connection != null) {
			connection.stateful().closeAsync();
		}
	}

	private static String describe(Throwable ex) {
		Throwable cause = unwrap(ex);
		StringBuilder text = new StringBuilder();
		for (int depth = 0; cause != null && depth < 4; depth++, cause = cause.getCause()) {
			String message = withoutArguments(cause.getMessage());
			if (message != null && text.indexOf(message) < 0) {
				text.append(text.isEmpty() ? "" : ": ").append(message);
			}
		}
		return text.isEmpty() ? ex.getClass().getSimpleName() : text.toString();
	}

	/**
	 * A server that does not know a command repeats what it was given: a password, say.
	 */
	private static @Nullable String withoutArguments(@Nullable String message) {
		int arguments = (message != null) ? message.indexOf(", with args beginning with") : -1;
		return (message != null && arguments >= 0) ? message.substring(0, arguments) : message;
	}

	/**
	 * Close the connection and end the threads. What is under way fails.
	 */
	public void close() {
		this.closed = true;
		this.up.set(false);
		this.worker.shutdownNow();
		try {
			// It may be connecting, and the driver complains of event loops that are
			// gone.
			this.worker.awaitTermination(this.settings.connectTimeout().toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		this.connection.set(null);
		this.client.shutdownAsync(0, 1, TimeUnit.SECONDS)
			.whenComplete((done, ex) -> this.resources.shutdown(0, 1, TimeUnit.SECONDS));
	}

	private ClientOptions clientOptions(LettuceConnectionFactory source) {
		Duration timeout = this.settings.commandTimeout();
		ClientOptions options = source.getClientConfiguration().getClientOptions().orElseGet(ClientOptions::create);
		SocketOptions socket = options.getSocketOptions()
			.mutate()
			.connectTimeout(this.settings.connectTimeout())
			.tcpNoDelay(true)
			.keepAlive(KeepAliveOptions.builder()
				.enable()
				.idle(Duration.ofSeconds(5))
				.interval(Duration.ofSeconds(1))
				.count(3)
				.build())
			// Java's own sockets do not have it; there the heartbeat has to do.
			.tcpUserTimeout(TcpUserTimeoutOptions.builder()
				.enable(EpollProvider.isAvailable())
				.tcpUserTimeout(Duration.ofSeconds(3))
				.build())
			.build();
		ClientOptions.Builder builder = this.cluster ? ClusterClientOptions.builder(options) : options.mutate();
		builder.autoReconnect(false)
			.disconnectedBehavior(DisconnectedBehavior.REJECT_COMMANDS)
			.pingBeforeActivateConnection(true)
			.requestQueueSize(this.settings.queue())
			.publishOnScheduler(false)
			.timeoutOptions(TimeoutOptions.builder().timeoutCommands(true).fixedTimeout(timeout).build())
			.socketOptions(socket);
		if (ClassUtils.isPresent("io.lettuce.core.MaintNotificationsConfig", getClass().getClassLoader())) {
			MaintNotifications.disable(builder);
		}
		if (builder instanceof ClusterClientOptions.Builder clusterBuilder) {
			clusterBuilder.topologyRefreshOptions(ClusterTopologyRefreshOptions.builder()
				.adaptiveRefreshTriggersTimeout(Duration.ofMillis(500))
				.enablePeriodicRefresh(Duration.ofSeconds(10))
				.build());
		}
		return builder.build();
	}

	/** Lettuce 6, which Spring Boot 4.0 brings, has no such thing. */
	private static final class MaintNotifications {

		static void disable(ClientOptions.Builder builder) {
			builder.maintNotificationsConfig(MaintNotificationsConfig.disabled());
		}

	}

	/**
	 * What the link is told about Redis and about time.
	 *
	 * @param commandTimeout the longest that a command may take
	 * @param connectTimeout the longest that connecting may take
	 * @param failureRate share of failing commands that opens the breaker, in percent
	 * @param slowCall from when on a command is slow
	 * @param slowCallRate share of slow commands that opens the breaker, in percent
	 * @param window over how many commands these shares are counted
	 * @param openFor how long a link stays away that left soon after it was back
	 * @param openForMax the longest that this grows to
	 * @param retry pause between two attempts to connect
	 * @param loginRetry the same when the login was refused
	 * @param heartbeat pause between two heartbeats of a link that is up
	 * @param queue how many commands may be under way at most
	 */
	public record Settings(Duration commandTimeout, Duration connectTimeout, float failureRate, Duration slowCall,
			float slowCallRate, int window, Duration openFor, Duration openForMax, Duration retry, Duration loginRetry,
			Duration heartbeat, int queue) {

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

		private final Connection connection;

		private final RedisAsyncCommands<byte[], byte[]> commands;

		private Master(Connection connection, RedisAsyncCommands<byte[], byte[]> commands) {
			this.connection = connection;
			this.commands = commands;
		}

		/**
		 * Ask for a page of the keys that match a glob.
		 * @param after the page before, {@code null} for the first
		 */
		public CompletableFuture<Page> scan(@Nullable Page after, byte[] match, int count) {
			ScanCursor cursor = (after != null) ? after.cursor() : ScanCursor.INITIAL;
			long session = session();
			long timeout = commandTimeout().toNanos();
			// Whoever walks waits for each step, not for all of them.
			return ask(() -> this.commands.scan(cursor, ScanArgs.Builder.limit(count).match(match)))
				.orTimeout(timeout, TimeUnit.NANOSECONDS)
				.whenComplete((found, ex) -> {
					if (ex instanceof TimeoutException) {
						gaveUp(session, timeout);
					}
				})
				.thenApply((found) -> new Page(found.getKeys(), found));
		}

		/**
		 * Ask how it sees the slots of its cluster.
		 */
		public CompletableFuture<SlotView> slots() {
			return isCluster() ? ask(this.commands::clusterNodes).thenApply(SlotView::parse)
					: CompletableFuture.completedFuture(SlotView.NONE);
		}

		public CompletableFuture<Long> keyCount() {
			return askIfAllowed(this.commands::dbsize);
		}

		public CompletableFuture<String> memory() {
			return askIfAllowed(() -> this.commands.info("memory"));
		}

		/** What would merely be good to know is nothing that a human must put right. */
		private <T> CompletableFuture<T> askIfAllowed(Supplier<? extends CompletionStage<T>> command) {
			return ask(() -> command.get()
				.exceptionallyCompose(
						(ex) -> CompletableFuture.failedStage(RedisErrors.isUnavailable(ex) ? RedisErrors.AWAY : ex)));
		}

		private <T> CompletableFuture<T> ask(Supplier<? extends CompletionStage<T>> command) {
			return isSent(true) ? watch(this.connection, command) : CompletableFuture.failedFuture(RedisErrors.AWAY);
		}

	}

	/**
	 * A page of keys.
	 *
	 * @param keys the keys
	 * @param cursor where the next page begins
	 */
	public record Page(List<byte[]> keys, ScanCursor cursor) {

		public boolean isLast() {
			return this.cursor.isFinished();
		}

	}

	/**
	 * A script that works on one key.
	 *
	 * @param text its text
	 * @param sha its SHA-1
	 */
	public record Script(String text, String sha) {

		public static Script of(String text) {
			try {
				byte[] digest = java.security.MessageDigest.getInstance("SHA-1")
					.digest(text.getBytes(StandardCharsets.UTF_8));
				return new Script(text, HEX.formatHex(digest));
			}
			catch (java.security.NoSuchAlgorithmException ex) {
				throw new IllegalStateException(ex);
			}
		}

	}

	/**
	 * Is told of changes of the link. Called on its background thread or on an event
	 * loop: must neither block nor throw.
	 */
	public interface Observer {

		Observer NONE = new Observer() {
		};

		default void away(String why) {
		}

		/**
		 * Called before anything but evictions is sent again.
		 * @param restarted whether it is another server, or the same started anew
		 * @return how many pending evictions Redis has taken then
		 */
		default CompletableFuture<Integer> returning(boolean restarted) {
			return CompletableFuture.completedFuture(0);
		}

		default void back(boolean first, Duration away, CompletableFuture<Integer> applied) {
		}

		default void failure() {
		}

	}

	/**
	 * A connection, to one server or to all masters of a cluster.
	 *
	 * @param stateful the driver's
	 * @param commands sends commands
	 * @param greeted whether it was asked who it is
	 * @param nodes the connections to the masters of a cluster that were greeted
	 * @param places where these are
	 * @param whole whether these are all masters
	 * @param broken whether it must be thrown away
	 */
	private record Connection(StatefulConnection<byte[], byte[]> stateful,
			RedisClusterAsyncCommands<byte[], byte[]> commands, AtomicBoolean greeted,
			Set<StatefulRedisConnection<byte[], byte[]>> nodes, Set<String> places, AtomicBoolean whole,
			AtomicBoolean broken, AtomicBoolean replayed) {

		Connection(StatefulConnection<byte[], byte[]> stateful, RedisClusterAsyncCommands<byte[], byte[]> commands) {
			this(stateful, commands, new AtomicBoolean(), ConcurrentHashMap.newKeySet(), ConcurrentHashMap.newKeySet(),
					new AtomicBoolean(true), new AtomicBoolean(), new AtomicBoolean());
		}

		/**
		 * Return whether every key is with a server that was greeted, as far as is known.
		 */
		boolean reaches(byte[]... keys) {
			if (this.whole.get()
					|| !(this.stateful instanceof StatefulRedisClusterConnection<byte[], byte[]> clusterConnection)) {
				return true;
			}
			for (byte[] key : keys) {
				RedisClusterNode master = clusterConnection.getPartitions().getMasterBySlot(SlotHash.getSlot(key));
				if (master == null || !this.places.contains(place(master))) {
					return false;
				}
			}
			return true;
		}

		static String place(RedisClusterNode node) {
			return node.getUri().getHost() + ":" + node.getUri().getPort();
		}

		boolean isOpen() {
			return this.stateful.isOpen() && this.nodes.stream().allMatch(StatefulConnection::isOpen);
		}

	}

	/**
	 * Is told of every connection to a node of a cluster, before anything is sent on it.
	 */
	private final class NodeListener implements RedisConnectionStateListener {

		@Override
		public void onRedisConnected(RedisChannelHandler<?, ?> handler, SocketAddress address) {
			Connection current = RedisLink.this.connection.get();
			// The driver opens others, with a codec of its own, to look at the topology.
			if (current != null && handler instanceof StatefulRedisConnectionImpl<?, ?> node
					&& node.getCodec() == ByteArrayCodec.INSTANCE && !current.nodes().contains(node)) {
				lose(current, "another node answers");
			}
		}

		@Override
		public void onRedisDisconnected(RedisChannelHandler<?, ?> handler) {
			Connection current = RedisLink.this.connection.get();
			if (current != null && handler instanceof StatefulRedisConnectionImpl<?, ?> node
					&& current.nodes().contains(node)) {
				lose(current, "the connection to a node was lost");
			}
		}

	}

	/**
	 * Reads out of the application's connection factory where Redis is and how to log in,
	 * and makes a client of its own from that. Spring Data turns its configurations into
	 * addresses in private methods; a subclass that never starts is the one way to use
	 * them.
	 */
	private static final class ClonedFactory extends LettuceConnectionFactory {

		private ClonedFactory(RedisConfiguration where, LettuceClientConfiguration how) {
			super(where, how);
		}

		static ClonedFactory of(LettuceConnectionFactory source, ClientResources resources, ClientOptions options,
				Duration connectTimeout) {
			LettuceClientConfiguration from = source.getClientConfiguration();
			LettuceClientConfiguration.LettuceClientConfigurationBuilder how = LettuceClientConfiguration.builder()
				.clientResources(resources)
				.clientOptions(options)
				.commandTimeout(connectTimeout);
			from.getClientName().ifPresent(how::clientName);
			from.getRedisCredentialsProviderFactory().ifPresent(how::redisCredentialsProviderFactory);
			if (from.isUseSsl()) {
				LettuceClientConfiguration.LettuceSslClientConfigurationBuilder ssl = how.useSsl()
					.verifyPeer(from.getVerifyMode());
				if (from.isStartTls()) {
					ssl.startTls();
				}
			}
			return new ClonedFactory(where(source), how.build());
		}

		private static RedisConfiguration where(LettuceConnectionFactory source) {
			if (source.isClusterAware()) {
				return java.util.Objects.requireNonNull(source.getClusterConfiguration());
			}
			if (source.isRedisSentinelAware()) {
				return java.util.Objects.requireNonNull(source.getSentinelConfiguration());
			}
			RedisSocketConfiguration socket = source.getSocketConfiguration();
			return (socket != null) ? socket : source.getStandaloneConfiguration();
		}

		AbstractRedisClient newClient() {
			return createClient();
		}

		String display() {
			if (isClusterAware()) {
				return "cluster " + java.util.Objects.requireNonNull(getClusterConfiguration()).getClusterNodes();
			}
			if (isRedisSentinelAware()) {
				return "sentinels " + java.util.Objects.requireNonNull(getSentinelConfiguration()).getSentinels();
			}
			RedisSocketConfiguration socket = getSocketConfiguration();
			return (socket != null) ? socket.getSocket() : getHostName() + ":" + getPort();
		}

	}

}
