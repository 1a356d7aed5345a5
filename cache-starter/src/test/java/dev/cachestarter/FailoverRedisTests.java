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

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance.Lifecycle;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.RedisNode;
import org.springframework.data.redis.connection.RedisSentinelConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.cache.Internals;
import dev.cachestarter.engine.redis.RedisLink;
import dev.cachestarter.testing.OnlyThorough;
import dev.cachestarter.testing.RedisCluster;
import dev.cachestarter.testing.RedisSentinel;
import dev.cachestarter.testing.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Fails over, for Sentinel and for clusters, under the hands of two instances that never
 * stop reading and evicting. What each finds is what it may: nothing is thrown, nothing
 * takes long, nothing that an instance has evicted is read there again, whatever server
 * answers; and when all is over both read what is true, out of Redis.
 */
class FailoverRedisTests {

	/** Longer than a call may wait, and then some, for a machine that is busy. */
	private static final long LONG = Duration.ofMillis(250).plusSeconds(2).toNanos();

	private static final Duration PATIENCE = Duration.ofSeconds(40);

	@Nested
	@org.junit.jupiter.api.TestInstance(Lifecycle.PER_CLASS)
	class OfSentinel {

		private final RedisSentinel redis = RedisSentinel.start(1);

		private final Traffic traffic = new Traffic(this::connection);

		private LettuceConnectionFactory connection() {
			RedisSentinelConfiguration where = new RedisSentinelConfiguration().master(this.redis.masterName());
			this.redis.sentinels().forEach((sentinel) -> where.sentinel(sentinel.host(), sentinel.port()));
			return new LettuceConnectionFactory(where);
		}

		@AfterAll
		void close() {
			this.traffic.close();
			this.redis.close();
		}

		@Test
		void masterThatDiesTakesNoEvictionWithIt() {
			RedisServer master = this.redis.master();
			RedisServer replica = this.redis.replica();
			this.traffic.goOn();

			cutOff(replica, master);
			this.traffic.stopEvicting(50);
			master.kill();
			replica.resume();
			this.redis.awaitMasterOtherThan(master);

			this.traffic.awaitRecovery();
			this.traffic.assertAllIsWell("Sentinel: master killed");
			master.start();
		}

		@OnlyThorough
		@Test
		void mastersThatSwapAreFollowed() {
			this.traffic.goOn();

			this.redis.failover();

			this.traffic.awaitRecovery();
			this.traffic.assertAllIsWell("Sentinel: fail-over asked for");
			assertThat(this.redis.master().keys("*rows:*")).isNotEmpty();
		}

	}

	@Nested
	@org.junit.jupiter.api.TestInstance(Lifecycle.PER_CLASS)
	class OfClusters {

		private final RedisCluster redis = RedisCluster.startWithReplica("--cluster-replica-validity-factor", "0");

		private final Traffic traffic = new Traffic(this::connection);

		private LettuceConnectionFactory connection() {
			RedisClusterConfiguration where = new RedisClusterConfiguration();
			this.redis.nodes().forEach((node) -> where.addClusterNode(new RedisNode(node.host(), node.port())));
			return new LettuceConnectionFactory(where);
		}

		@AfterEach
		void restore() {
			this.redis.nodes().stream().filter((node) -> !node.isAlive()).forEach(RedisServer::start);
			this.redis.nodes().forEach((node) -> node.cli("CONFIG", "SET", "cluster-require-full-coverage", "yes"));
			this.redis.awaitOk();
		}

		@AfterAll
		void close() {
			this.traffic.close();
			this.redis.close();
		}

		@OnlyThorough
		@Test
		void nodeThatRestartsFromAnOldDumpIsNotReadFromBeforeItsEvictionsAreReplayed() {
			RedisServer node = this.redis.nodes().get(1);
			this.traffic.goOn();
			this.traffic.awaitEvictions(20);

			node.cli("SAVE");
			this.traffic.stopEvicting(50);
			node.kill();
			node.start();
			this.redis.awaitOk();

			this.traffic.awaitRecovery();
			this.traffic.assertAllIsWell("Cluster: node restarted from an old dump");
		}

		@OnlyThorough
		@Test
		void clusterThatIsDownForLackOfANodeComesBackWithIt() {
			RedisServer node = this.redis.nodes().get(2);
			this.traffic.goOn();
			node.cli("SAVE");
			this.traffic.awaitEvictions(50);

			node.kill();
			await().atMost(PATIENCE).until(() -> info(this.redis.nodes().get(1)).contains("cluster_state:fail"));
			await().atMost(PATIENCE).until(() -> !this.traffic.isUp());
			this.traffic.awaitEvictions(50);
			assertThat(this.traffic.isUp()).isFalse();
			node.start();
			this.redis.awaitOk();

			this.traffic.awaitRecovery();
			this.traffic.assertAllIsWell("Cluster: CLUSTERDOWN");
		}

		@OnlyThorough
		@Test
		void clusterThatNeedsNotAllItsNodesKeepsItsOtherSlotsCached() {
			RedisServer node = this.redis.nodes()
				.stream()
				.skip(1)
				.limit(2)
				.filter((each) -> each != this.redis.ownerOf(this.traffic.cacheGenerationKey()))
				.findFirst()
				.orElseThrow();
			this.redis.nodes().forEach((each) -> each.cli("CONFIG", "SET", "cluster-require-full-coverage", "no"));
			this.traffic.goOn();
			node.cli("SAVE");
			this.traffic.awaitEvictions(50);

			node.kill();
			RedisServer other = this.redis.nodes().get((this.redis.nodes().indexOf(node) == 1) ? 2 : 1);
			await().atMost(PATIENCE).until(() -> info(other).contains("cluster_slots_fail:5"));
			await().atMost(PATIENCE).until(() -> info(other).contains("cluster_state:ok"));
			await().atMost(PATIENCE).until(this.traffic::isUp);
			this.traffic.awaitHits(50);
			CacheSnapshot withoutIt = this.traffic.instances.get(0).cacheService().getStats();
			assertThat(withoutIt.enabled()).isTrue();
			assertThat(withoutIt.keyCount()).as("a master that is dead has no known number of keys").isNull();
			assertThat(withoutIt.caches().get("rows").hits()).isPositive();
			node.start();
			this.redis.awaitOk();

			this.traffic.awaitRecovery();
			this.traffic.assertAllIsWell("Cluster: a node down, the others cached");
		}

		@OnlyThorough
		@Test
		void nodeThatHangsCostsOneTimeout() {
			RedisServer node = this.redis.nodes().get(2);
			this.redis.nodes().forEach((each) -> each.cli("CONFIG", "SET", "cluster-require-full-coverage", "no"));
			this.traffic.goOn();
			this.traffic.awaitEvictions(20);

			node.pause();
			await().atMost(PATIENCE).until(() -> info(this.redis.nodes().get(1)).contains("cluster_slots_fail:5"));
			this.traffic.awaitEvictions(400);
			node.resume();
			this.redis.awaitOk();

			this.traffic.awaitRecovery();
			this.traffic.assertAllIsWell("Cluster: a node hangs");
		}

		@Test
		void slotThatMovesTakesItsEvictionsAlong() {
			String key = this.traffic.instances.get(0).storedKey("rows", "t0:0").displayName();
			this.traffic.goOn();
			int slot = this.redis.slotOf("{}" + key);
			RedisServer source = this.redis.ownerOf(slot);
			RedisServer target = this.redis.strangerTo(slot);

			this.redis.beginMigration(slot, target);
			this.traffic.awaitEvictions(100);
			this.redis.moveKeys(slot, target);
			this.traffic.awaitEvictions(100);
			this.redis.moveKeys(slot, target);
			this.redis.endMigration(slot, target);
			this.traffic.awaitEvictions(100);

			this.traffic.awaitRecovery();
			this.traffic.assertAllIsWell("Cluster: slot migrated");
			this.redis.migrate(slot, source);
		}

		@Test
		void replicaThatTakesOverIsNotReadFromBeforeEvictionsAreReplayed() {
			int slot = 0;
			RedisServer master = this.redis.ownerOf(slot);
			RedisServer replica = this.redis.nodes().get((this.redis.nodes().indexOf(master) == 0) ? 3 : 0);
			this.traffic.goOn();

			cutOff(replica, master);
			this.traffic.stopEvicting(50);
			master.kill();
			replica.resume();
			this.redis.awaitOwner(slot, replica);

			this.traffic.awaitRecovery();
			this.traffic.assertAllIsWell("Cluster: master killed");
			master.start();
			this.redis.awaitReplication(master);
		}

		@OnlyThorough
		@Test
		void mastersThatSwapAreFollowed() {
			int slot = 0;
			RedisServer master = this.redis.ownerOf(slot);
			RedisServer replica = this.redis.nodes().get((this.redis.nodes().indexOf(master) == 0) ? 3 : 0);
			this.traffic.goOn();

			this.redis.failOver(slot, replica);

			this.traffic.awaitRecovery();
			this.traffic.assertAllIsWell("Cluster: fail-over asked for");
			this.redis.awaitReplication(master);
		}

		private static String info(RedisServer node) {
			return String.valueOf(node.cli("CLUSTER", "INFO"));
		}

	}

	/**
	 * Halt a replica in such a way that it does not even find in its buffers what its
	 * master is told from now on.
	 */
	private static void cutOff(RedisServer replica, RedisServer master) {
		replica.pause();
		master.cli("CLIENT", "KILL", "TYPE", "replica");
	}

	record Row(String tenant, int number, long version) {

	}

	/**
	 * The application, on a database that never fails.
	 */
	static class Rows {

		static final int TENANTS = 5;

		static final int ROWS_OF_TENANT = 12;

		static final int ROWS = TENANTS * ROWS_OF_TENANT;

		private AtomicLongArray versions = new AtomicLongArray(ROWS);

		@Cacheable("rows")
		public Row find(String tenant, int number) {
			return new Row(tenant, number, this.versions.get(index(tenant, number)));
		}

		@CacheEvict("rows")
		public long change(String tenant, int number) {
			return this.versions.incrementAndGet(index(tenant, number));
		}

		@CacheEvictPattern(cacheNames = "rows", pattern = "#{#tenant}:*")
		public long[] changeTenant(String tenant) {
			long[] versions = new long[ROWS_OF_TENANT];
			Arrays.setAll(versions, (number) -> this.versions.incrementAndGet(index(tenant, number)));
			return versions;
		}

		static int index(String tenant, int number) {
			return Integer.parseInt(tenant.substring(1)) * ROWS_OF_TENANT + number;
		}

	}

	/**
	 * Two instances that read and evict without end.
	 */
	private static final class Traffic implements AutoCloseable {

		private final List<TestInstance<Rows>> instances = new ArrayList<>();

		private final AtomicLongArray versions = new AtomicLongArray(Rows.ROWS);

		/** What both must read at least, once nothing is pending. */
		private final AtomicLongArray commonFloors = new AtomicLongArray(Rows.ROWS);

		private final List<Thread> threads = new ArrayList<>();

		private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();

		private final Queue<String> staleReads = new ConcurrentLinkedQueue<>();

		private final AtomicLong evictions = new AtomicLong();

		private final AtomicLong longest = new AtomicLong();

		/** How long calls took that began without Redis. */
		private final Queue<Long> away = new ConcurrentLinkedQueue<>();

		private volatile boolean closed;

		private volatile boolean evicting = true;

		private volatile long back;

		Traffic(Supplier<LettuceConnectionFactory> where) {
			for (int i = 0; i < 2; i++) {
				TestInstance<Rows> instance = TestInstance.of(Rows.class, where, (builder) -> Internals.link(
						builder.caches(Set.of("rows"))
							.defaults(CacheSettings.defaults()
								.withLoadWait(Duration.ofMillis(50))
								.withLease(Duration.ofMillis(200))),
						new RedisLink.Settings(Duration.ofMillis(250), Duration.ofMillis(500), 50,
								Duration.ofMillis(200), 80, 20, Duration.ofMillis(200), Duration.ofSeconds(1),
								Duration.ofMillis(200), Duration.ofSeconds(1), Duration.ofMillis(500), 50_000)));
				instance.awaitUp();
				Rows target = (Rows) java.util.Objects.requireNonNull(
						org.springframework.aop.framework.AopProxyUtils.getSingletonTarget(instance.service()));
				target.versions = this.versions;
				this.instances.add(instance);
				AtomicLongArray floors = new AtomicLongArray(Rows.ROWS);
				for (int j = 0; j < 3; j++) {
					Random random = new Random(10 * i + j);
					Thread thread = new Thread(() -> work(instance, floors, random), "traffic-" + i + "-" + j);
					thread.setDaemon(true);
					this.threads.add(thread);
				}
			}
			this.threads.forEach(Thread::start);
		}

		private void work(TestInstance<Rows> instance, AtomicLongArray floors, Random random) {
			Rows rows = instance.service();
			while (!this.closed) {
				String tenant = "t" + random.nextInt(Rows.TENANTS);
				int number = random.nextInt(Rows.ROWS_OF_TENANT);
				int index = Rows.index(tenant, number);
				int chance = random.nextInt(1000);
				boolean up = instance.engine().link().isUp();
				long begin = System.nanoTime();
				try {
					if (chance < 900 || !this.evicting) {
						long floor = floors.get(index);
						Row row = rows.find(tenant, number);
						if (row.version() < floor) {
							this.staleReads.add(row + " below " + floor);
						}
					}
					else if (chance < 999) {
						changed(floors, index, rows.change(tenant, number));
						this.evictions.incrementAndGet();
					}
					else {
						long[] changed = rows.changeTenant(tenant);
						for (int i = 0; i < changed.length; i++) {
							changed(floors, Rows.index(tenant, i), changed[i]);
						}
						this.evictions.incrementAndGet();
					}
				}
				catch (Throwable ex) {
					this.failures.add(ex);
				}
				long duration = System.nanoTime() - begin;
				this.longest.accumulateAndGet(duration, Math::max);
				if (!up) {
					this.away.add(duration);
				}
				LockSupport.parkNanos(random.nextInt(2_000_000));
			}
		}

		private void changed(AtomicLongArray floors, int index, long version) {
			floors.accumulateAndGet(index, version, Math::max);
			this.commonFloors.accumulateAndGet(index, version, Math::max);
		}

		boolean isUp() {
			return this.instances.stream().allMatch((instance) -> instance.engine().link().isUp());
		}

		String cacheGenerationKey() {
			return new String(this.instances.get(0).storedKey("rows", "t0:0").cacheGenerationKey(),
					java.nio.charset.StandardCharsets.UTF_8);
		}

		/** Forget what was before. */
		void goOn() {
			awaitRecovery();
			this.longest.set(0);
			this.away.clear();
			this.evicting = true;
		}

		void awaitEvictions(int count) {
			long until = this.evictions.get() + count;
			await().atMost(PATIENCE).pollInterval(Duration.ofMillis(5)).until(() -> this.evictions.get() >= until);
		}

		/**
		 * Have nothing evicted any more: what is evicted in an outage is pending, and so
		 * would not be found to have come back.
		 */
		void stopEvicting(int count) {
			awaitEvictions(count);
			this.evicting = false;
			awaitNonePending();
		}

		void awaitHits(int count) {
			for (TestInstance<Rows> instance : this.instances) {
				long until = hits(instance) + count;
				await().atMost(PATIENCE).pollInterval(Duration.ofMillis(5)).until(() -> hits(instance) >= until);
			}
		}

		private static long hits(TestInstance<Rows> instance) {
			return instance.counters("rows").hits();
		}

		/** Wait until both cache again, in all slots, and nothing is pending. */
		void awaitRecovery() {
			long begin = System.nanoTime();
			for (TestInstance<Rows> instance : this.instances) {
				await().atMost(PATIENCE)
					.pollInterval(Duration.ofMillis(5))
					.until(() -> instance.engine().link().isUp()
							&& System.nanoTime() - instance.engine().link().lastWhole() < TimeUnit.SECONDS.toNanos(1));
			}
			awaitNonePending();
			this.back = System.nanoTime() - begin;
			awaitHits(100);
		}

		private void awaitNonePending() {
			for (TestInstance<Rows> instance : this.instances) {
				await().atMost(PATIENCE)
					.pollInterval(Duration.ofMillis(1))
					.until(() -> instance.engine().evictions().pendingCount() == 0);
			}
		}

		void assertAllIsWell(String what) {
			// A row of the table in docs/outages.md.
			System.out.printf("| %s | %d ms | %.2f ms | %d ms |%n", what,
					TimeUnit.NANOSECONDS.toMillis(this.longest.get()), percentile(this.away, 99) / 1e6,
					TimeUnit.NANOSECONDS.toMillis(this.back));
			assertThat(this.failures).isEmpty();
			assertThat(this.staleReads).isEmpty();
			assertThat(this.longest.get()).isLessThan(LONG);
			long[] floors = new long[Rows.ROWS];
			Arrays.setAll(floors, this.commonFloors::get);
			awaitNonePending();
			for (TestInstance<Rows> instance : this.instances) {
				for (int i = 0; i < Rows.ROWS; i++) {
					Row row = instance.service().find("t" + i / Rows.ROWS_OF_TENANT, i % Rows.ROWS_OF_TENANT);
					assertThat(row.version()).isGreaterThanOrEqualTo(floors[i]);
				}
			}
		}

		private static long percentile(Queue<Long> durations, int percent) {
			long[] sorted = durations.stream().mapToLong(Long::longValue).sorted().toArray();
			return (sorted.length > 0) ? sorted[(sorted.length - 1) * percent / 100] : 0;
		}

		@Override
		public void close() {
			this.closed = true;
			for (Thread thread : this.threads) {
				try {
					thread.join();
				}
				catch (InterruptedException ex) {
					Thread.currentThread().interrupt();
				}
			}
			this.instances.forEach(TestInstance::close);
		}

	}

}
