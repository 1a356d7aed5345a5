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
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.LongSupplier;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.Futures;
import dev.cachestarter.engine.connection.RedisConnector;
import dev.cachestarter.engine.connection.RedisErrors;
import dev.cachestarter.engine.redis.TrackingCondition.End;
import dev.cachestarter.engine.redis.TrackingCondition.State;
import dev.cachestarter.engine.redis.TrackingSession.Moment;

/**
 * The link on which Redis tells what changes: one connection to each master, with
 * {@code CLIENT TRACKING ON}, and the session in which what was told is known to be all.
 *
 * <h2>States</h2>
 *
 * <pre>
 *   start                connected, tracking is on            canary heard
 *  --------> CONNECTING ---------------------------> PROVING --------------> GOOD
 *             ^   ^   |                                 |                     |
 *             |   |   | refused, too old, proxied       | session ended       | session ended
 *             |   |   v                                 |                     |
 *             | REFUSED (asks again each minute)        |                     |
 *             |                                         |                     |
 *             +-----------------------------------------+---------------------+
 *                   after a pause that grows, with jitter
 * </pre>
 *
 * <p>
 * A session ends, for all masters at once, when a connection is lost; when a heartbeat is
 * answered badly, or not within three seconds; when what Redis tells cannot be understood
 * or a listener fails; when a canary is not heard; when the cluster has changed; when the
 * link says that a server was replaced; when the clocks part; and when it is stopped.
 * Then, in this order: nothing is good any more, the number of the session grows,
 * listeners are told that anything may have changed, and the connections are closed. What
 * was read in that session is told of no more.
 *
 * <h2>Why what is good is at most a second old</h2>
 *
 * <ol>
 * <li><em>Order.</em> Redis tells of a change on the connection on which the key was
 * read, before it answers what that connection sends after the change. The driver hands
 * both over in that order on one event loop, where a change is told to the listeners and
 * an answer to a heartbeat is recorded. So when an answer is recorded, every change from
 * before its heartbeat was sent has been told.
 * <li><em>Heartbeat.</em> Every 250 ms a bare {@code HELLO} is sent to each master. What
 * was read is good while the last good answer, of every master, was <em>sent for</em>
 * less than a second ago: that is asked at each use. A connection that is dead without
 * anybody noticing, a server that stands still and one that is cut off are all alike: no
 * answer.
 * <li><em>Canary.</em> That Redis says {@code OK} to tracking proves nothing behind a
 * proxy. So a key of our own is read over the tracked connection and changed over the
 * link; when that is acknowledged a heartbeat is sent, and Redis must have told of the
 * change before it is answered. A session is not good before that, and it is done again
 * every 30 seconds.
 * <li><em>Who answers.</em> A good answer comes from a master, and names the same
 * connection as when the session began: a replica that took its place, or a proxy that
 * connects to another server, tells of nothing.
 * <li><em>Slots.</em> A master before Redis 7.2 that loses a slot tells nobody. So each
 * master of a cluster is asked twice a second for the epoch of its configuration, and one
 * of them, in turn, for the slots of all: a slot can move without another epoch. What was
 * read is good while the last such answers were sent for less than a second ago, too, and
 * the same as when the session began.
 * <li><em>Clocks.</em> While a machine is suspended {@link System#nanoTime()} may stand
 * still. So each use asks the wall clock as well, and by neither of them may the second
 * have passed; one that is set costs the time until the next heartbeat. When they part by
 * more than a second, the session ends.
 * </ol>
 *
 * <h2>Threads</h2>
 *
 * <p>
 * Connecting blocks, and has a thread that exists only as long as there is something to
 * connect: the link's own must be free to bring the link back. Heartbeats are sent on the
 * timer and never waited for. {@link #isGood} reads two fields, and takes no lock.
 */
public final class TrackingLink implements Tracking {

	private static final long HEARTBEAT_MILLIS = 250;

	/** Pauses between two attempts to connect: each leaves an item in Redis' table. */
	private static final long SHORTEST_PAUSE_MILLIS = 250;

	private static final long LONGEST_PAUSE_MILLIS = 30_000;

	/** A session that was good for so long is no reason for longer pauses. */
	private static final long LASTING = TimeUnit.SECONDS.toNanos(30);

	private static final long REFUSED_PAUSE_MILLIS = 60_000;

	/** How long the link is waited for at a time. */
	private static final long LINK_PAUSE_MILLIS = 250;

	/** So many canaries in a row that are not heard are no coincidence. */
	private static final int UNHEARD = 3;

	private final RedisConnector connector;

	private final Commands commands;

	private final ScheduledExecutorService timer;

	private final ExecutorService connecting;

	private final TrackingReport report;

	private final long connectNanos;

	private final LongSupplier clock;

	private final LongSupplier wallClock;

	private final TrackingSession.Owner owner = new SessionOwner();

	private final List<Listener> listeners = new CopyOnWriteArrayList<>();

	private final LongAdder pushes = new LongAdder();

	/** Guards every change of what follows. Nothing is called under it. */
	private final ReentrantLock lock = new ReentrantLock();

	private final Map<End, Long> ended = new EnumMap<>(End.class);

	/** The number of the present session, or of the next one. Only grows. */
	private volatile long number = 1;

	/**
	 * When the last good heartbeat was sent, of the master whose is the oldest. Set back
	 * before the number grows, and set only after it has grown: who reads this first, and
	 * then finds the number that it knows, has read it of that session. {@code null} if
	 * no session is good.
	 */
	private volatile @Nullable Moment goodAt;

	/**
	 * The same, and when a session has ended because Redis was lost, that of this
	 * session.
	 */
	private volatile @Nullable Moment lastGoodAt;

	/** The session that has begun, good or not; {@code null} if there is none. */
	private volatile @Nullable TrackingSession session;

	/** Odd while it is started. */
	private volatile int era;

	/** Whether it was good, and since when. */
	private volatile boolean proven;

	private long provenAt;

	private @Nullable Future<?> ticking;

	private int attempts;

	private int unheard;

	private volatile boolean refused;

	/**
	 * Create a link.
	 * @param connector makes connections
	 * @param commands the link on which commands are sent
	 * @param connectNanos the longest that connecting may take, in nanoseconds
	 * @param timer a thread for what does not block
	 * @param connecting a thread for what does; ended with this link
	 * @param clock the time in nanoseconds
	 * @param wallClock the time of day in milliseconds
	 */
	TrackingLink(RedisConnector connector, Commands commands, long connectNanos, ScheduledExecutorService timer,
			ExecutorService connecting, LongSupplier clock, LongSupplier wallClock) {
		this.connector = connector;
		this.commands = commands;
		this.connectNanos = connectNanos;
		this.timer = timer;
		this.connecting = connecting;
		this.clock = clock;
		this.wallClock = wallClock;
		this.report = new TrackingReport(connector.display(), clock);
	}

	@Override
	public long session() {
		return this.number;
	}

	@Override
	public boolean isGood(long session) {
		Moment good = this.goodAt;
		return good != null && this.number == session && age(good) < TrackingSession.GOOD_FOR;
	}

	private long age(Moment moment) {
		long nanos = this.clock.getAsLong();
		return moment.age(nanos, this.wallClock.getAsLong());
	}

	@Override
	public long lastGood() {
		Moment last = this.lastGoodAt;
		long nanos = this.clock.getAsLong();
		return nanos - ((last != null) ? last.age(nanos, this.wallClock.getAsLong()) : TrackingSession.EVER);
	}

	@Override
	public CompletableFuture<List<byte @Nullable []>> read(List<byte[]> keys) {
		return read("MGET", (session) -> session.read(keys));
	}

	@Override
	public CompletableFuture<byte[]> readStart(byte[] key, int length) {
		return read("GETRANGE", (session) -> session.readStart(key, length));
	}

	private <T> CompletableFuture<T> read(String command, Function<TrackingSession, CompletableFuture<T>> how) {
		// Before it is known that there is a session.
		long number = this.number;
		TrackingSession current = this.session;
		if (current == null || !this.proven) {
			return CompletableFuture.failedFuture(RedisErrors.AWAY);
		}
		Account account = this.commands.account(command);
		CompletableFuture<T> result = new CompletableFuture<>();
		how.apply(current).whenComplete((found, ex) -> {
			Throwable failure = (ex != null) ? Futures.unwrap(ex) : (this.number != number) ? RedisErrors.AWAY : null;
			Runnable end = () -> {
				if (failure != null) {
					result.completeExceptionally(failure);
				}
				else {
					result.complete(found);
				}
			};
			if (account != null) {
				account.close(failure);
				account.resume(end);
			}
			else {
				end.run();
			}
		});
		return result;
	}

	@Override
	public void addListener(Listener listener) {
		this.listeners.add(listener);
	}

	/**
	 * Return how it is at present, for people.
	 */
	public TrackingCondition condition() {
		this.lock.lock();
		try {
			Moment good = this.goodAt;
			Duration since = (good != null) ? Duration.ofNanos(this.clock.getAsLong() - good.nanos()) : null;
			return new TrackingCondition(state(good), this.number, since, this.pushes.sum(), Map.copyOf(this.ended),
					this.report.problem());
		}
		finally {
			this.lock.unlock();
		}
	}

	private State state(@Nullable Moment good) {
		if (this.era % 2 == 0) {
			return State.STOPPED;
		}
		if (good != null) {
			return (age(good) < TrackingSession.GOOD_FOR) ? State.GOOD : State.SILENT;
		}
		return (this.session != null) ? State.PROVING : this.refused ? State.REFUSED : State.CONNECTING;
	}

	/**
	 * Begin to connect, as soon as the link is up; also after {@link #stop()}.
	 */
	public void start() {
		int now;
		this.lock.lock();
		try {
			if (this.era % 2 == 1) {
				return;
			}
			now = this.era + 1;
			this.era = now;
			this.attempts = 0;
			this.refused = false;
			this.ticking = this.timer.scheduleWithFixedDelay(this::tick, HEARTBEAT_MILLIS, HEARTBEAT_MILLIS,
					TimeUnit.MILLISECONDS);
		}
		catch (RejectedExecutionException ex) {
			// Closed.
			return;
		}
		finally {
			this.lock.unlock();
		}
		connectAfter(0, now);
	}

	/**
	 * End the session and close the connections, until {@link #start()}.
	 */
	public void stop() {
		this.lock.lock();
		try {
			if (this.era % 2 == 0) {
				return;
			}
			int now = this.era + 1;
			this.era = now;
			Future<?> ticking = this.ticking;
			if (ticking != null) {
				ticking.cancel(false);
			}
			this.lastGoodAt = null;
		}
		finally {
			this.lock.unlock();
		}
		end(this.session, End.STOPPED, "stopped");
	}

	/**
	 * The link says that a server is another one than before.
	 */
	public void replaced() {
		this.lock.lock();
		try {
			// Also if the session ended before that was known.
			this.lastGoodAt = null;
		}
		finally {
			this.lock.unlock();
		}
		end(this.session, End.REPLACED, "Redis was replaced");
	}

	/**
	 * End for good: nothing of it is left.
	 */
	public void close() {
		stop();
		this.connecting.shutdownNow();
		try {
			this.connecting.awaitTermination(this.connectNanos, TimeUnit.NANOSECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private void connectAfter(long millis, int era) {
		try {
			this.timer.schedule(() -> connectIfUp(era), millis, TimeUnit.MILLISECONDS);
		}
		catch (RejectedExecutionException ex) {
			// Closed.
		}
	}

	private void connectIfUp(int era) {
		if (this.era != era) {
			return;
		}
		if (this.commands.isUp()) {
			this.connecting.execute(() -> connect(era));
		}
		else {
			connectAfter(LINK_PAUSE_MILLIS, era);
		}
	}

	/** On the thread that connects. */
	private void connect(int era) {
		TrackingSession next = new TrackingSession(this.owner, this.commands, this.clock, this.wallClock);
		try {
			next.open(this.connector, this.report, this.connectNanos);
			if (!begin(next, era)) {
				throw new IllegalStateException("the connection was lost");
			}
		}
		catch (Throwable ex) {
			next.close();
			if (this.era == era) {
				failed(ex, era);
			}
			return;
		}
		tick();
	}

	private void failed(Throwable ex, int era) {
		boolean refused = ex instanceof TrackingReport.Refusal || RedisErrors.isUnavailable(ex);
		if (refused) {
			this.report.refused(ex);
			this.refused = true;
			connectAfter(REFUSED_PAUSE_MILLIS, era);
		}
		else {
			this.refused = false;
			this.report.lost(ex);
			connectAfter(pause(), era);
		}
	}

	private long pause() {
		this.lock.lock();
		try {
			long pause = Math.min(LONGEST_PAUSE_MILLIS, SHORTEST_PAUSE_MILLIS << Math.min(this.attempts++, 10));
			return pause / 2 + ThreadLocalRandom.current().nextLong(pause);
		}
		finally {
			this.lock.unlock();
		}
	}

	/** Returns {@code false} if it is over before it has begun. */
	private boolean begin(TrackingSession next, int era) {
		this.lock.lock();
		try {
			if (next.isOver() || this.era != era || this.session != null) {
				return false;
			}
			this.session = next;
			this.refused = false;
			return true;
		}
		finally {
			this.lock.unlock();
		}
	}

	private void good(TrackingSession which, Moment sent) {
		this.lock.lock();
		try {
			if (this.session != which) {
				return;
			}
			this.goodAt = sent;
			this.lastGoodAt = sent;
			if (this.proven) {
				return;
			}
			this.provenAt = sent.nanos();
			this.proven = true;
			this.unheard = 0;
		}
		finally {
			this.lock.unlock();
		}
		this.report.good();
	}

	private void end(@Nullable TrackingSession which, End why, String text) {
		if (which == null) {
			return;
		}
		boolean proxied;
		int now;
		this.lock.lock();
		try {
			if (!which.finish() || this.session != which) {
				// Who opens it finds out.
				return;
			}
			Moment good = this.goodAt;
			if (good != null && good.nanos() - this.provenAt > LASTING) {
				this.attempts = 0;
			}
			if (why != End.CONNECTION && why != End.HEARTBEAT) {
				this.lastGoodAt = null;
			}
			this.goodAt = null;
			long next = this.number + 1;
			this.number = next;
			this.session = null;
			this.proven = false;
			this.ended.merge(why, 1L, Long::sum);
			this.unheard = (why == End.CANARY) ? this.unheard + 1 : 0;
			proxied = this.unheard >= UNHEARD;
			now = this.era;
		}
		finally {
			this.lock.unlock();
		}
		this.listeners.forEach(this::tellOfEnd);
		which.close();
		if (now % 2 == 0) {
			return;
		}
		if (proxied) {
			failed(new TrackingReport.Refusal(TrackingReport.PROXIED), now);
		}
		else {
			this.report.lost(text);
			connectAfter(pause(), now);
		}
	}

	/** Whatever becomes of the news, the way back must go on. */
	private void tellOfEnd(Listener listener) {
		try {
			listener.allChanged();
		}
		catch (Throwable ex) {
			this.report.failed(ex);
		}
	}

	private void tick() {
		TrackingSession current = this.session;
		if (current != null) {
			try {
				current.tick();
			}
			catch (Throwable ex) {
				end(current, End.FAILURE, "failed with " + ex.getClass().getName());
			}
		}
	}

	/**
	 * The link on which commands are sent.
	 */
	interface Commands extends TrackingSession.Canaries {

		boolean isUp();

		/**
		 * Open the account of a read.
		 * @param command the name of the command
		 * @return {@code null} if nobody wants to know
		 */
		@Nullable Account account(String command);

	}

	/** What a session says of itself. */
	private final class SessionOwner implements TrackingSession.Owner {

		@Override
		public void good(TrackingSession session, Moment sent) {
			TrackingLink.this.good(session, sent);
		}

		@Override
		public void unproven(TrackingSession session, Throwable ex) {
			if (TrackingLink.this.session == session && Futures.unwrap(ex) != RedisErrors.AWAY) {
				TrackingLink.this.report.lost("a key of our own could not be read or set: " + RedisErrors.describe(ex));
			}
		}

		@Override
		public void end(TrackingSession session, End why, String text) {
			TrackingLink.this.end(session, why, text);
		}

		@Override
		public void changed(byte[] key) {
			TrackingLink.this.pushes.increment();
			TrackingLink.this.listeners.forEach((listener) -> listener.changed(key));
		}

		@Override
		public void allChanged() {
			TrackingLink.this.pushes.increment();
			TrackingLink.this.listeners.forEach(Listener::allChanged);
		}

	}

}
