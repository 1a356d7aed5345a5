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

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.LongSupplier;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.Futures;
import dev.cachestarter.engine.connection.RedisConnector;
import dev.cachestarter.engine.connection.RedisErrors;
import dev.cachestarter.engine.connection.TrackedConnection;
import dev.cachestarter.engine.connection.TrackedConnection.Topology;
import dev.cachestarter.engine.redis.TrackingCondition.End;

/**
 * One session of {@link TrackingLink}, from connecting on: heartbeats, canaries and
 * questions for the cluster, master by master. It finds out whether the session is good
 * or over, and decides nothing about the next one.
 */
final class TrackingSession implements TrackedConnection.Listener {

	/** What was read is good for so long after the last good heartbeat was sent. */
	static final long GOOD_FOR = TimeUnit.SECONDS.toNanos(1);

	/** Longer ago than anybody asks for, and can still be added to. */
	static final long EVER = Long.MAX_VALUE / 2;

	/** A heartbeat that is not answered for so long will not be. */
	private static final long SILENCE = TimeUnit.SECONDS.toNanos(3);

	private static final long CANARY = TimeUnit.SECONDS.toNanos(30);

	/** After one that could not be changed, before any was heard. */
	private static final long CANARY_AGAIN = TimeUnit.SECONDS.toNanos(1);

	/** Twice in the time for which an answer counts. */
	private static final long TOPOLOGY = GOOD_FOR / 2;

	private static final long JUMP_MILLIS = 1000;

	/** As many as there may be of other commands on a connection. */
	static final int MOST_READS = 512;

	private final Owner owner;

	private final Canaries canaries;

	private final LongSupplier clock;

	private final LongSupplier wallClock;

	private final List<Watch> watches = new CopyOnWriteArrayList<>();

	private final AtomicBoolean over = new AtomicBoolean();

	/** The slots of all masters when it began, {@code null} if there is no cluster. */
	private volatile @Nullable Map<String, BitSet> slots;

	private final AtomicBoolean askingForSlots = new AtomicBoolean();

	private volatile long nextSlotsAt;

	/** How often it was asked for them: each time of the next master. */
	private int turn;

	/** When it was last asked for the slots, and they were those of the session. */
	private volatile @Nullable Moment slotsAt;

	/** How many reads are under way. */
	private final AtomicInteger reading = new AtomicInteger();

	private volatile @Nullable TrackedConnection connection;

	/** Wall clock minus clock when it began, in milliseconds. */
	private volatile long parted;

	/**
	 * Create a session that has not connected.
	 * @param owner is told what becomes of it
	 * @param canaries changes keys
	 * @param clock the time in nanoseconds
	 * @param wallClock the time of day in milliseconds
	 */
	TrackingSession(Owner owner, Canaries canaries, LongSupplier clock, LongSupplier wallClock) {
		this.owner = owner;
		this.canaries = canaries;
		this.clock = clock;
		this.wallClock = wallClock;
	}

	/**
	 * Connect, and have each master tell what changes. Blocks.
	 * @param connector connects
	 * @param report says what is worth knowing of the servers
	 * @param timeout the longest that an answer may take, in nanoseconds
	 * @throws TrackingReport.Refusal if a master will not do it, however often it is
	 * asked
	 * @throws Exception if it is not to be had at the moment
	 */
	void open(RedisConnector connector, TrackingReport report, long timeout) throws Exception {
		TrackedConnection connection = connector.track(this);
		this.connection = connection;
		for (TrackedConnection.Master master : connection.masters()) {
			TrackedConnection.Hello hello = answer(master.hello(), timeout);
			report.met(hello);
			if (!hello.isMaster()) {
				throw new IllegalStateException("the server is a replica");
			}
			Topology topology = connection.isCluster() ? answer(master.topology(), timeout) : null;
			if (topology != null && !topology.isWell()) {
				throw new IllegalStateException("the cluster cannot be used");
			}
			Map<String, BitSet> slots = connection.isCluster() ? answer(master.slots(), timeout) : null;
			if (!this.watches.isEmpty() && !Objects.equals(slots, this.slots)) {
				throw new IllegalStateException("the masters do not agree on their slots");
			}
			this.slots = slots;
			// It may tell something at once: that it was flushed.
			this.watches.add(new Watch(master, hello.id(), topology));
			if (!answer(master.track(), timeout)) {
				throw new TrackingReport.Refusal(TrackingReport.NOT_ON);
			}
		}
		this.parted = parted();
		this.nextSlotsAt = this.clock.getAsLong();
	}

	private static <T> T answer(CompletionStage<T> answer, long timeout) throws Exception {
		return answer.toCompletableFuture().get(timeout, TimeUnit.NANOSECONDS);
	}

	private long parted() {
		return this.wallClock.getAsLong() - this.clock.getAsLong() / 1_000_000;
	}

	/**
	 * Let it be over.
	 * @return whether it was not before
	 */
	boolean finish() {
		return this.over.compareAndSet(false, true);
	}

	boolean isOver() {
		return this.over.get();
	}

	void close() {
		TrackedConnection connection = this.connection;
		if (connection != null) {
			connection.close();
		}
	}

	/**
	 * Do what is due. On the timer.
	 */
	void tick() {
		if (Math.abs(parted() - this.parted) > JUMP_MILLIS) {
			end(End.CLOCK, "the clocks have parted: this machine was suspended, or its time was set");
			return;
		}
		long now = this.clock.getAsLong();
		this.watches.forEach((watch) -> watch.tick(now));
		if (this.slots != null && now - this.nextSlotsAt >= 0 && this.askingForSlots.compareAndSet(false, true)) {
			this.nextSlotsAt = now + TOPOLOGY;
			askForSlots();
		}
	}

	/** Of one master, which tells those of all: the answer is long. */
	private void askForSlots() {
		Moment sent = now();
		this.turn = (this.turn + 1) % this.watches.size();
		this.watches.get(this.turn).master.slots().whenComplete((now, ex) -> {
			this.askingForSlots.set(false);
			if (ex != null) {
				end(End.TOPOLOGY, "cluster: " + RedisErrors.describe(ex));
			}
			else if (!now.equals(this.slots)) {
				end(End.TOPOLOGY, "the cluster has changed");
			}
			else {
				this.slotsAt = sent;
				beaten();
			}
		});
	}

	/**
	 * Read keys over its connections. Fails at once if too much is under way: who reads
	 * has another way, and nothing else bounds the memory that is held for what a stalled
	 * socket does not take.
	 */
	CompletableFuture<List<byte @Nullable []>> read(List<byte[]> keys) {
		return read((connection) -> connection.read(keys));
	}

	/**
	 * Read the beginning of what stands under a key. Fails at once as {@link #read} does.
	 */
	CompletableFuture<byte[]> readStart(byte[] key, int length) {
		return read((connection) -> connection.readStart(key, length));
	}

	private <T> CompletableFuture<T> read(Function<TrackedConnection, CompletableFuture<T>> how) {
		TrackedConnection connection = this.connection;
		if (connection == null) {
			return CompletableFuture.failedFuture(RedisErrors.AWAY);
		}
		if (this.reading.incrementAndGet() > MOST_READS) {
			this.reading.decrementAndGet();
			return CompletableFuture.failedFuture(RedisErrors.AWAY);
		}
		CompletableFuture<T> read;
		try {
			read = how.apply(connection);
		}
		catch (RuntimeException ex) {
			read = CompletableFuture.failedFuture(ex);
		}
		return read.whenComplete((values, ex) -> {
			this.reading.decrementAndGet();
			String prefix = (ex != null) ? RedisErrors.prefix(Futures.unwrap(ex)) : "";
			if (prefix.equals("MOVED") || prefix.equals("CLUSTERDOWN")) {
				end(End.TOPOLOGY, "the cluster has changed: " + prefix);
			}
		});
	}

	/** A master has answered well: on the event loop, after what was told. */
	private void beaten() {
		Moment oldest = this.slotsAt;
		if (this.slots != null && oldest == null) {
			return;
		}
		for (Watch watch : this.watches) {
			Moment good = watch.goodAt;
			Moment settled = (watch.topology != null) ? watch.settledAt : good;
			if (!watch.everHeard || good == null || settled == null) {
				return;
			}
			oldest = older(older(good, settled), (oldest != null) ? oldest : good);
		}
		if (oldest != null) {
			this.owner.good(this, oldest);
		}
	}

	private static Moment older(Moment one, Moment other) {
		return (one.nanos() - other.nanos() < 0) ? one : other;
	}

	/** If it is held up in between, it is the older by one of the clocks. */
	private Moment now() {
		long millis = this.wallClock.getAsLong();
		return new Moment(this.clock.getAsLong(), millis);
	}

	private void end(End why, String text) {
		this.owner.end(this, why, text);
	}

	private @Nullable Watch watchOf(TrackedConnection.Master master) {
		return this.watches.stream().filter((watch) -> watch.master == master).findFirst().orElse(null);
	}

	@Override
	public void changed(TrackedConnection.Master master, List<byte[]> keys) {
		Watch watch = watchOf(master);
		for (byte[] key : keys) {
			if (watch == null || !watch.hears(key)) {
				this.owner.changed(key);
			}
		}
	}

	@Override
	public void allChanged(TrackedConnection.Master master) {
		Watch watch = watchOf(master);
		if (watch != null) {
			// With all else it has forgotten that the canary was read.
			watch.heard = true;
		}
		this.owner.allChanged();
	}

	@Override
	public void failed(TrackedConnection.Master master, String why) {
		end(End.PUSH, why);
	}

	@Override
	public void lost(TrackedConnection.Master master) {
		end(End.CONNECTION, "the connection was lost");
	}

	/**
	 * Is told what becomes of a session. Called on any thread, without a lock.
	 */
	interface Owner {

		/**
		 * Every master has answered well, and its canary was heard.
		 * @param sent when the oldest of these heartbeats was sent
		 */
		void good(TrackingSession session, Moment sent);

		/**
		 * It cannot prove itself, for a reason that may pass.
		 */
		void unproven(TrackingSession session, Throwable ex);

		/**
		 * It must end. May be called again and again.
		 */
		void end(TrackingSession session, End why, String text);

		void changed(byte[] key);

		void allChanged();

	}

	/**
	 * A moment by two clocks. One of them may stand still while the machine is suspended,
	 * and the other one may be set.
	 *
	 * @param nanos as {@link System#nanoTime()}
	 * @param millis as {@link System#currentTimeMillis()}
	 */
	record Moment(long nanos, long millis) {

		/**
		 * Return how long ago it was, in nanoseconds, by the clock that says more.
		 * @param nanosNow the time by the one clock
		 * @param millisNow the time by the other one, to be asked for after that
		 * @return very long, if the clock was set back
		 */
		long age(long nanosNow, long millisNow) {
			long passed = millisNow - this.millis;
			return (passed < 0) ? EVER : Math.max(nanosNow - this.nanos, TimeUnit.MILLISECONDS.toNanos(passed));
		}

	}

	/**
	 * Changes keys, over other connections.
	 */
	interface Canaries {

		/**
		 * Return a key of our own that was never used before.
		 */
		byte[] newKey();

		/**
		 * Change a key.
		 * @return completed when that is acknowledged
		 */
		CompletableFuture<?> change(byte[] key);

	}

	/**
	 * Looks after one master.
	 */
	private final class Watch {

		private final TrackedConnection.Master master;

		private final long id;

		/** {@code null} if there is no cluster. */
		private final @Nullable Topology topology;

		private final AtomicBoolean beating = new AtomicBoolean();

		private volatile long beatAt;

		/** When the last heartbeat was sent that was answered well. */
		private volatile @Nullable Moment goodAt;

		/** The canary that is under way, {@code null} if none is. */
		private volatile byte @Nullable [] canary;

		/** Whether its change was acknowledged, and whether Redis has told of it. */
		private volatile boolean changed;

		private volatile boolean heard;

		/** Whether one was heard in this session. */
		private volatile boolean everHeard;

		private volatile long nextCanaryAt;

		private final AtomicBoolean asking = new AtomicBoolean();

		private volatile long nextTopologyAt;

		/** When it was last asked for its cluster, and that was as in the beginning. */
		private volatile @Nullable Moment settledAt;

		Watch(TrackedConnection.Master master, long id, @Nullable Topology topology) {
			this.master = master;
			this.id = id;
			this.topology = topology;
			this.nextCanaryAt = TrackingSession.this.clock.getAsLong();
			this.nextTopologyAt = this.nextCanaryAt;
		}

		void tick(long now) {
			if (this.beating.get() && now - this.beatAt > SILENCE) {
				end(End.HEARTBEAT, "a heartbeat was not answered");
				return;
			}
			beat();
			if (this.canary == null && now - this.nextCanaryAt >= 0) {
				sing();
			}
			if (this.topology != null && now - this.nextTopologyAt >= 0 && this.asking.compareAndSet(false, true)) {
				this.nextTopologyAt = now + TOPOLOGY;
				askTopology();
			}
		}

		private void beat() {
			if (!this.beating.compareAndSet(false, true)) {
				return;
			}
			// Before it is sent: what was acknowledged by then must have been told of.
			boolean proves = this.changed;
			Moment sent = now();
			this.beatAt = sent.nanos();
			this.master.hello().whenComplete((hello, ex) -> {
				this.beating.set(false);
				if (ex != null) {
					end(End.HEARTBEAT, "heartbeat: " + RedisErrors.describe(ex));
				}
				else if (!hello.isMaster() || hello.id() != this.id) {
					end(End.HEARTBEAT, "heartbeat: another server answers, or it is no master any more");
				}
				else if (proves && !this.heard) {
					end(End.CANARY, "Redis did not tell of a change");
				}
				else {
					this.goodAt = sent;
					if (proves) {
						this.everHeard = true;
						rest(CANARY);
					}
					beaten();
				}
			});
		}

		private void rest(long pause) {
			this.nextCanaryAt = TrackingSession.this.clock.getAsLong() + pause;
			this.changed = false;
			this.canary = null;
		}

		/** Read a key of our own here, and have it changed over the link. */
		private void sing() {
			byte[] key = newKey();
			this.canary = key;
			this.master.read(key).thenCompose((values) -> {
				// What was told before says nothing of this one.
				this.heard = false;
				return TrackingSession.this.canaries.change(key);
			}).whenComplete((done, ex) -> {
				if (ex != null) {
					// Not for this connection to answer for, or it is noticed anyway.
					if (!this.everHeard) {
						TrackingSession.this.owner.unproven(TrackingSession.this, ex);
					}
					rest(this.everHeard ? CANARY : CANARY_AGAIN);
					return;
				}
				this.changed = true;
				beat();
			});
		}

		private byte[] newKey() {
			while (true) {
				byte[] key = TrackingSession.this.canaries.newKey();
				if (this.master.owns(key)) {
					return key;
				}
			}
		}

		/** Returns whether it is the canary. */
		boolean hears(byte[] key) {
			if (!Arrays.equals(key, this.canary)) {
				return false;
			}
			this.heard = true;
			return true;
		}

		private void askTopology() {
			Moment sent = now();
			this.master.topology().whenComplete((now, ex) -> {
				this.asking.set(false);
				if (ex != null) {
					end(End.TOPOLOGY, "cluster: " + RedisErrors.describe(ex));
				}
				else if (!now.equals(this.topology)) {
					end(End.TOPOLOGY, "the cluster has changed");
				}
				else {
					this.settledAt = sent;
					beaten();
				}
			});
		}

	}

}
