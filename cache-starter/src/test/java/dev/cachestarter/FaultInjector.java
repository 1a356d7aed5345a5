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

package dev.cachestarter;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

import org.awaitility.core.ConditionTimeoutException;
import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.RedisIdentities;
import dev.cachestarter.testing.ChildJvm;
import dev.cachestarter.testing.FaultProxy.Direction;
import dev.cachestarter.testing.FaultProxy;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.RespClient;

/**
 * Makes one fault after the other while a history runs: of the network of one instance or
 * of all, of the server, of an instance in a JVM of its own. Each fault is healed, and
 * the next comes when all instances have come back, or have had their time to. All kinds
 * come once before one comes again.
 */
final class FaultInjector implements AutoCloseable {

	/** Evictions that Redis has refused for good are asked for every ten seconds. */
	private static final Duration PATIENCE = Duration.ofMinutes(1);

	/**
	 * Without one of the rules some may never come back: it is the next fault that
	 * counts.
	 */
	private static final Duration IMPATIENCE = Duration.ofSeconds(1);

	private final RedisServer redis;

	/** The network of each instance. */
	private final List<FaultProxy> proxies;

	private final List<ChildJvm> children;

	private final Instances instances;

	private final List<Fault> kinds;

	private final Random random;

	private final Map<Fault, Integer> made = new EnumMap<>(Fault.class);

	/** Whether what it is all for may be there in the middle of a fault. */
	private final boolean stopsEarly;

	private BooleanSupplier enough = () -> false;

	private RespClient control;

	private long longestReturn;

	private int missedReturns;

	FaultInjector(RedisServer redis, List<FaultProxy> proxies, List<ChildJvm> children, Instances instances,
			Set<Fault> kinds, long seed, boolean stopsEarly) {
		this.stopsEarly = stopsEarly;
		this.redis = redis;
		this.proxies = proxies;
		this.children = children;
		this.instances = instances;
		this.kinds = kinds.stream().filter((kind) -> !kind.needsChild() || !children.isEmpty()).toList();
		this.random = new Random(seed);
		this.control = redis.connect();
	}

	/**
	 * Make faults until there have been enough. All is healed when this returns.
	 */
	void run(BooleanSupplier enough) {
		this.enough = enough;
		List<Fault> deck = new ArrayList<>();
		while (!enough.getAsBoolean()) {
			if (deck.isEmpty()) {
				deck.addAll(this.kinds);
				Collections.shuffle(deck, this.random);
			}
			Fault fault = deck.remove(deck.size() - 1);
			try {
				make(fault);
			}
			catch (RuntimeException ex) {
				throw new IllegalStateException("The fault " + fault + " could not be made, or healed", ex);
			}
			this.made.merge(fault, 1, Integer::sum);
			awaitReturn();
			sleep(100, 300);
		}
	}

	/** How often each fault was made. */
	Map<Fault, Integer> made() {
		return this.made;
	}

	/** The longest that it took until all had come back from one that was healed. */
	long longestReturnMillis() {
		return TimeUnit.NANOSECONDS.toMillis(this.longestReturn);
	}

	/** How often not all had come back in time. */
	int missedReturns() {
		return this.missedReturns;
	}

	@Override
	public void close() {
		this.control.close();
	}

	private void awaitReturn() {
		long healed = System.nanoTime();
		await(() -> this.instances.haveAllSettledSince(healed));
		this.longestReturn = Math.max(this.longestReturn, System.nanoTime() - healed);
	}

	private void await(BooleanSupplier condition) {
		long limit = System.nanoTime() + (this.stopsEarly ? IMPATIENCE : PATIENCE).toNanos();
		while (!condition.getAsBoolean() && !(this.stopsEarly && this.enough.getAsBoolean())) {
			if (System.nanoTime() - limit > 0) {
				this.missedReturns++;
				return;
			}
			sleep(2, 5);
		}
	}

	private void make(Fault fault) {
		switch (fault) {
			case CONNECTIONS_REFUSED -> network((proxy) -> {
				proxy.refuse();
				proxy.closeAll();
			});
			case CONNECTIONS_RESET -> network(FaultProxy::reset);
			case BLACK_HOLE -> network(FaultProxy::blackhole);
			case REPLIES_LOST -> network((proxy) -> proxy.blackhole(Direction.REPLIES));
			case DELAY_300_MS -> network((proxy) -> proxy.delay(Duration.ofMillis(300)));
			case DELAY_1_S -> network((proxy) -> proxy.delay(Duration.ofSeconds(1)));
			case THROTTLED -> network((proxy) -> proxy.throttle(2000));
			case CUT_MID_REPLY -> network((proxy) -> proxy.cutMidReply(this.random.nextInt(2000)));
			case HALF_CLOSED -> network(FaultProxy::halfClose);
			case HELD_BACK -> {
				FaultProxy victim = this.proxies.get(this.random.nextInt(this.proxies.size()));
				victim.holdBack();
				sleep(100, 400);
				victim.closeAll();
				// Meanwhile the victim has come back on another connection.
				sleep(500, 900);
				release(victim);
			}
			case SERVER_HALTED -> {
				this.redis.pause();
				sleep(100, 1200);
				this.redis.resume();
			}
			case RESTARTED_FROM_OLD_DUMP -> {
				call("SAVE");
				sleep(100, 700);
				killAndStart();
				awaitReplay();
			}
			case RESTARTED_EMPTY -> {
				delete(dump());
				killAndStart();
				awaitReplay();
			}
			case LOADING -> {
				call("CONFIG SET key-load-delay 5000");
				call("CONFIG SET loading-process-events-interval-bytes 1024");
				call("DEBUG RELOAD");
				call("CONFIG SET key-load-delay 0");
				delete(dump());
			}
			case CLIENTS_PAUSED -> {
				call("CLIENT PAUSE " + (200 + this.random.nextInt(800)) + " ALL");
				call("PING");
			}
			case WRITES_PAUSED -> {
				call("CLIENT PAUSE " + (200 + this.random.nextInt(800)) + " WRITE");
				sleep(200, 1000);
				call("CLIENT UNPAUSE");
			}
			case CLIENTS_KILLED -> {
				for (int i = this.random.nextInt(5); i >= 0; i--) {
					killClients();
					sleep(5, 100);
				}
			}
			case SERVER_SLEEPS -> call("DEBUG SLEEP 0." + (2 + this.random.nextInt(8)));
			case BUSY_SCRIPT -> {
				call("CONFIG SET lua-time-limit 20");
				try (RespClient script = this.redis.connect()) {
					Thread thread = new Thread(() -> {
						try {
							script.call("EVAL", "while true do end", "0");
						}
						catch (RuntimeException ex) {
							// It is killed.
						}
					});
					thread.start();
					sleep(200, 900);
					until(() -> "OK".equals(call("SCRIPT KILL")));
					join(thread);
				}
			}
			case OUT_OF_MEMORY -> set("maxmemory", "1", "0");
			case ENTRIES_EVICTED -> {
				call("CONFIG SET maxmemory-policy allkeys-random");
				set("maxmemory", "1", "0");
				call("CONFIG SET maxmemory-policy noeviction");
			}
			case NO_REPLICAS -> set("min-replicas-to-write", "1", "0");
			case DUMP_FAILED -> dumpFails();
			case SCRIPTS_FLUSHED -> repeatedly(() -> call("SCRIPT FLUSH"));
			case FLUSHED -> repeatedly(() -> call("FLUSHALL"));
			case TOO_MANY_CLIENTS -> {
				call("CONFIG SET maxclients 1");
				killClients();
				sleep(100, 800);
				call("CONFIG SET maxclients 10000");
			}
			case PASSWORD_CHANGED -> {
				call("CONFIG SET requirepass secret");
				killClients();
				sleep(100, 800);
				this.control.call("CONFIG", "SET", "requirepass", "");
			}
			case RIGHTS_REVOKED -> {
				call("ACL SETUSER default -unlink");
				sleep(100, 1200);
				call("ACL SETUSER default +@all");
			}
			case READ_ONLY -> {
				call("REPLICAOF 127.0.0.1 1");
				sleep(100, 1000);
				call("REPLICAOF NO ONE");
			}
			case MASTER_DOWN -> {
				call("CONFIG SET replica-serve-stale-data no");
				call("REPLICAOF 127.0.0.1 1");
				sleep(100, 1000);
				call("REPLICAOF NO ONE");
				call("CONFIG SET replica-serve-stale-data yes");
			}
			case DELETED_BY_HAND -> repeatedly(() -> keys().forEach((key) -> {
				if (this.random.nextInt(3) == 0) {
					this.control.call("DEL", key);
				}
			}));
			case GARBAGE -> repeatedly(() -> keys().forEach((key) -> {
				if (this.random.nextInt(4) == 0) {
					garble(key);
				}
			}));
			case INSTANCE_HALTED -> {
				ChildJvm child = this.children.get(this.random.nextInt(this.children.size()));
				child.pause();
				sleep(50, 1500);
				child.resume();
			}
			case INSTANCE_HALTED_OVER_RESTART -> {
				ChildJvm child = this.children.get(this.random.nextInt(this.children.size()));
				call("SAVE");
				sleep(100, 500);
				child.pause();
				try {
					killAndStart();
				}
				finally {
					child.resume();
				}
				awaitReplay();
			}
		}
	}

	/** What it held is on its way when this returns; it may be on one that is dead. */
	private static void release(FaultProxy victim) {
		try {
			victim.releaseHeld();
		}
		catch (ConditionTimeoutException ex) {
			// A connection that an earlier fault has left dead delivers nothing.
		}
	}

	private void network(java.util.function.Consumer<FaultProxy> fault) {
		boolean all = this.random.nextInt(4) == 0;
		List<FaultProxy> victims = all ? this.proxies
				: List.of(this.proxies.get(this.random.nextInt(this.proxies.size())));
		victims.forEach(fault);
		sleep(50, 1200);
		victims.forEach(FaultProxy::pass);
	}

	/**
	 * Have the server start again, from its dump if there is one. What is older than a
	 * minute would not be replayed, so that no dump may stay for the next time.
	 */
	private void killAndStart() {
		this.instances.beginDoubt();
		Path dump = dump();
		this.redis.kill();
		sleep(0, 500);
		this.redis.start();
		this.control.close();
		this.control = this.redis.connect();
		this.instances.expect(RedisIdentities.markOf(this.redis));
		delete(dump);
	}

	private void awaitReplay() {
		await(this.instances::haveAllReplayed);
		this.instances.endDoubt();
	}

	/** Where the dump would be is a folder, and none can be written over it. */
	private void dumpFails() {
		Path dump = dump();
		delete(dump);
		try {
			Files.createDirectory(dump);
			Files.createFile(dump.resolve("occupied"));
			call("CONFIG SET save", "3600 1000000");
			call("BGSAVE");
			until(() -> "err".equals(this.redis.info("rdb_last_bgsave_status")));
			sleep(100, 900);
			call("CONFIG SET save", "");
			Files.delete(dump.resolve("occupied"));
			Files.delete(dump);
			until(() -> String.valueOf(call("BGSAVE")).startsWith("Background")
					&& "ok".equals(this.redis.info("rdb_last_bgsave_status")));
			until(() -> "0".equals(this.redis.info("rdb_bgsave_in_progress")));
			delete(dump);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private Path dump() {
		List<?> found = (List<?>) Objects.requireNonNull(this.control.call("CONFIG", "GET", "dir"));
		return Path.of((String) found.get(1)).resolve("dump.rdb");
	}

	private static void delete(Path file) {
		try {
			Files.deleteIfExists(file);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private void set(String setting, String fault, String healed) {
		call("CONFIG SET " + setting + " " + fault);
		sleep(100, 1000);
		call("CONFIG SET " + setting + " " + healed);
	}

	private void repeatedly(Runnable action) {
		for (int i = this.random.nextInt(5); i >= 0; i--) {
			action.run();
			sleep(10, 150);
		}
	}

	private void garble(String key) {
		switch (this.random.nextInt(3)) {
			case 0 -> this.control.call("SET", key, "garbage", "PX", "60000");
			case 1 -> {
				this.control.call("DEL", key);
				// Meanwhile it may be there again.
				call("LPUSH " + key + " garbage");
			}
			default -> this.control.call("SET", key, "", "PX", "60000");
		}
	}

	private List<String> keys() {
		List<String> keys = new ArrayList<>();
		for (Object key : (List<?>) Objects.requireNonNull(this.control.call("KEYS", "*"))) {
			keys.add((String) key);
		}
		return keys;
	}

	private void killClients() {
		call("CLIENT KILL TYPE normal SKIPME yes");
	}

	/** Have the server run a command; an error is an answer too. */
	private @Nullable Object call(String command, String... last) {
		List<String> words = new ArrayList<>(List.of(command.split(" ")));
		words.addAll(List.of(last));
		try {
			return this.control.call(words.toArray(String[]::new));
		}
		catch (RespClient.ErrorReply ex) {
			return ex.getMessage();
		}
	}

	private void until(BooleanSupplier condition) {
		long limit = System.nanoTime() + PATIENCE.toNanos();
		while (!condition.getAsBoolean()) {
			if (System.nanoTime() - limit > 0) {
				throw new IllegalStateException("It does not come to pass");
			}
			sleep(5, 10);
		}
	}

	private void sleep(int minMillis, int maxMillis) {
		LockSupport
			.parkNanos(TimeUnit.MILLISECONDS.toNanos(minMillis + this.random.nextInt(maxMillis - minMillis + 1)));
	}

	private static void join(Thread thread) {
		try {
			thread.join();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	/**
	 * A kind of fault.
	 */
	enum Fault {

		CONNECTIONS_REFUSED,

		CONNECTIONS_RESET,

		BLACK_HOLE,

		REPLIES_LOST,

		DELAY_300_MS,

		DELAY_1_S,

		THROTTLED,

		CUT_MID_REPLY,

		HALF_CLOSED,

		/** What was sent on a lost connection arrives after the replay on the next. */
		HELD_BACK,

		SERVER_HALTED,

		/** Killed, and started with a dump from before the latest evictions. */
		RESTARTED_FROM_OLD_DUMP,

		RESTARTED_EMPTY,

		LOADING,

		CLIENTS_PAUSED,

		WRITES_PAUSED,

		CLIENTS_KILLED,

		SERVER_SLEEPS,

		/** A script of another does not end. */
		BUSY_SCRIPT,

		OUT_OF_MEMORY,

		/** The server has no memory, and makes room. */
		ENTRIES_EVICTED,

		NO_REPLICAS,

		/** The server answers MISCONF to writes. */
		DUMP_FAILED,

		SCRIPTS_FLUSHED,

		FLUSHED,

		TOO_MANY_CLIENTS,

		PASSWORD_CHANGED,

		RIGHTS_REVOKED,

		/** The server becomes a replica. */
		READ_ONLY,

		/** The server becomes a replica that does not even answer reads. */
		MASTER_DOWN,

		DELETED_BY_HAND,

		/** Entries and generations are overwritten with what is none. */
		GARBAGE,

		INSTANCE_HALTED,

		/** It sleeps while the server restarts from an old dump. */
		INSTANCE_HALTED_OVER_RESTART;

		boolean needsChild() {
			return this == INSTANCE_HALTED || this == INSTANCE_HALTED_OVER_RESTART;
		}

	}

	/**
	 * What the injector must know of the instances, and they of it.
	 */
	interface Instances {

		/**
		 * From now on what was acknowledged may have come back, for those who did not
		 * evict it.
		 */
		void beginDoubt();

		/**
		 * Name the server that runs now.
		 */
		void expect(String mark);

		/**
		 * Return whether every instance has evicted again from the server that runs now.
		 */
		boolean haveAllReplayed();

		void endDoubt();

		/**
		 * Return whether every instance had Redis, and nothing pending, at some time
		 * since.
		 */
		boolean haveAllSettledSince(long nanoTime);

	}

}
