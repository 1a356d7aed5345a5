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

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.RedisNode;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.NearCacheRedisTests.Page;
import dev.cachestarter.NearCacheRedisTests.Pages;
import dev.cachestarter.cache.Internals;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.redis.Tracking;
import dev.cachestarter.testing.OnlyThorough;
import dev.cachestarter.testing.RedisCluster;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Threads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Copies in the memory of one instance, of keys of several masters, while another
 * instance changes them and the cluster changes its masters.
 */
@org.junit.jupiter.api.TestInstance(Lifecycle.PER_CLASS)
class NearClusterRedisTests {

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	private static final long BOUND = Duration.ofSeconds(1).toNanos();

	private final RedisCluster redis = RedisCluster.startWithReplica("--cluster-replica-validity-factor", "0");

	private final List<TestInstance<Pages>> instances = new ArrayList<>();

	@BeforeEach
	void forget() {
		this.redis.flushAll();
		Pages.VERSIONS.clear();
		Pages.LOADS.set(0);
	}

	@AfterEach
	void restore() {
		this.instances.forEach(TestInstance::close);
		this.instances.clear();
		this.redis.nodes().stream().filter((node) -> !node.isAlive()).forEach(RedisServer::start);
		this.redis.awaitOk();
		this.redis.nodes()
			.stream()
			.filter((node) -> !node.info("role").equals("master"))
			.forEach(this.redis::awaitReplication);
	}

	@AfterAll
	void close() {
		this.redis.close();
	}

	// What another instance changes

	@ParameterizedTest
	@EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
	void whatAnotherInstanceChangesIsSeenWhicheverMasterHasIt(NearSettings.Mode mode) {
		TestInstance<Pages> instance = patient(mode);
		TestInstance<Pages> other = patient(mode);
		List<String> ids = List.copyOf(idByMaster(instance).values());
		assertThat(ids).hasSize(3);
		ids.forEach((id) -> copied(instance, mode, id));

		for (int version = 1; version <= 3; version++) {
			for (String id : ids) {
				Pages.VERSIONS.put("t1:" + id, version);
				switch (version) {
					case 1 -> other.service().changed("t1", id);
					case 2 -> other.service().put("t1", id);
					default -> other.cache("pages").clear("t1:*");
				}
				long changed = System.nanoTime();

				assertSeen(instance, id, version, (mode == NearSettings.Mode.VALIDATE) ? 0 : BOUND, changed);
				assertThat(copied(instance, mode, id).version()).isEqualTo(version);
			}
		}
	}

	// A slot that moves

	@Test
	void ofASlotThatMovesNoCopyIsMadeBeforeItHasMoved() {
		TestInstance<Pages> instance = patient(NearSettings.Mode.TRACK);
		TestInstance<Pages> other = patient(NearSettings.Mode.TRACK);
		Map.Entry<RedisServer, String> some = idByMaster(instance).entrySet().iterator().next();
		String id = some.getValue();
		int slot = slotOf(instance, id);
		RedisServer target = anotherMasterThan(some.getKey());
		tracked(instance, id);

		this.redis.beginMigration(slot, target);
		assertThat(tracked(instance, id).version()).as("its key has not moved").isZero();
		this.redis.moveKeys(slot, target);
		awaitAsked(instance, id);
		// Its former master says ASK.
		for (int version = 1; version <= 10; version++) {
			long before = unasked(instance);
			Pages.VERSIONS.put("t1:" + id, version);
			other.service().changed("t1", id);
			for (int i = 0; i < 3; i++) {
				assertThat(instance.service().find("t1", id).version()).isEqualTo(version);
			}
			assertThat(unasked(instance)).as("nobody would tell of it").isEqualTo(before);
		}
		long session = tracking(instance).session();
		this.redis.moveKeys(slot, target);
		this.redis.endMigration(slot, target);
		await().atMost(PATIENCE).until(() -> tracking(instance).session() > session);

		assertThat(tracked(instance, id).version()).isEqualTo(10);
		Pages.VERSIONS.put("t1:" + id, 11);
		other.service().changed("t1", id);
		assertSeen(instance, id, 11, BOUND, System.nanoTime());
		assertThat(tracked(instance, id).version()).isEqualTo(11);
	}

	/**
	 * The master that loses the slot tells nobody: that of the entry, or that of its
	 * group's generation.
	 */
	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void ofASlotThatIsTakenNoCopyIsOlderThanASecond(boolean ofGeneration) {
		TestInstance<Pages> instance = patient(NearSettings.Mode.TRACK);
		TestInstance<Pages> other = patient(NearSettings.Mode.TRACK);
		String id = "1";
		StoredKey key = instance.storedKey("pages", "t1:" + id);
		int slot = this.redis
			.slotOf(text(ofGeneration ? Objects.requireNonNull(key.groupGenerationKey()) : key.redisKey()));
		RedisServer source = this.redis.ownerOf(slot);
		tracked(instance, id);
		tracked(instance, "2");
		Pages.VERSIONS.put("t1:" + id, 1);

		this.redis.take(slot, anotherMasterThan(source));
		if (ofGeneration) {
			other.cache("pages").clear("t1:*");
		}
		else {
			other.service().put("t1", id);
		}
		long changed = System.nanoTime();

		assertSeen(instance, id, 1, BOUND, changed);
		assertThat(tracked(instance, id).version()).isEqualTo(1);
		tracked(instance, "2");
	}

	@OnlyThorough
	@Test
	void whileASlotMovesAndAMasterIsReplacedACopyThatIsConfirmedIsNeverStale() {
		TestInstance<Pages> instance = patient(NearSettings.Mode.VALIDATE);
		TestInstance<Pages> other = patient(NearSettings.Mode.VALIDATE);
		RedisServer master = masterWithReplica();
		String id = Objects.requireNonNull(idByMaster(instance).get(master));
		int slot = slotOf(instance, id);
		RedisServer target = anotherMasterThan(master);
		int[] version = new int[1];
		Runnable changeAndSee = () -> {
			for (int i = 0; i < 5; i++) {
				copied(instance, NearSettings.Mode.VALIDATE, id);
				Pages.VERSIONS.put("t1:" + id, ++version[0]);
				other.service().changed("t1", id);
				awaitNonePending(other);
				assertThat(instance.service().find("t1", id).version()).isEqualTo(version[0]);
			}
		};

		changeAndSee.run();
		this.redis.beginMigration(slot, target);
		changeAndSee.run();
		this.redis.moveKeys(slot, target);
		changeAndSee.run();
		this.redis.moveKeys(slot, target);
		this.redis.endMigration(slot, target);
		changeAndSee.run();
		this.redis.migrate(slot, master);
		changeAndSee.run();
		this.redis.failOver(slot, replicaOf(master));
		changeAndSee.run();
	}

	// A master that is replaced

	@OnlyThorough
	@Test
	void whenAMasterIsReplacedThatStillAnswersNoCopyIsOlderThanASecond() {
		TestInstance<Pages> instance = instance(NearSettings.Mode.TRACK);
		TestInstance<Pages> other = patient(NearSettings.Mode.TRACK);
		RedisServer master = masterWithReplica();
		String id = Objects.requireNonNull(idByMaster(instance).get(master));
		RedisServer replica = replicaOf(master);
		tracked(instance, id);
		long session = tracking(instance).session();

		this.redis.failOver(slotOf(instance, id), replica);
		Pages.VERSIONS.put("t1:" + id, 1);
		other.service().changed("t1", id);
		awaitNonePending(other);
		await().atMost(PATIENCE).until(() -> master.info("role").equals("slave"));
		long changed = System.nanoTime();

		assertSeen(instance, id, 1, BOUND, changed);
		await().atMost(PATIENCE).until(() -> tracking(instance).session() > session);
		assertThat(tracked(instance, id).version()).isEqualTo(1);
	}

	/** Prints what a fail-over adds to the second. */
	@OnlyThorough
	@Test
	void whenAMasterDiesNoCopyIsServedUntilAnotherOneTellsOfChanges() throws Exception {
		TestInstance<Pages> instance = instance(NearSettings.Mode.TRACK);
		TestInstance<Pages> other = patient(NearSettings.Mode.TRACK);
		RedisServer master = masterWithReplica();
		Map<RedisServer, String> ids = idByMaster(instance);
		String id = Objects.requireNonNull(ids.get(master));
		String elsewhere = Objects.requireNonNull(ids.get(anotherMasterThan(master)));
		RedisServer replica = replicaOf(master);
		int slot = slotOf(instance, id);
		tracked(instance, id);
		tracked(instance, elsewhere);
		long session = tracking(instance).session();
		// What was not replicated is lost with the master.
		await().atMost(PATIENCE)
			.until(() -> master.info("master_repl_offset").equals(replica.info("slave_repl_offset")));

		Gap gap = new Gap(instance, session, List.of(id, elsewhere));
		long died = System.nanoTime();
		master.kill();
		this.redis.awaitOwner(slot, replica);
		other.awaitUp();
		Pages.VERSIONS.put("t1:" + id, 1);
		Pages.VERSIONS.put("t1:" + elsewhere, 1);
		other.service().changed("t1", id);
		other.service().changed("t1", elsewhere);
		awaitNonePending(other);
		gap.changed = System.nanoTime();

		gap.await();
		assertThat(tracking(instance).session()).isGreaterThan(session);
		System.out.printf("fail-over of a cluster: no copy was served from %s after the master had died%n",
				gap.describe(died));
	}

	/**
	 * A caller who reads some keys in turn, until he has found copies of all of them in
	 * another session: when he found the last one of each before, and the first one
	 * afterwards.
	 */
	private static final class Gap {

		private final Map<String, Long> last = new TreeMap<>();

		private final Map<String, Long> first = new TreeMap<>();

		private final CompletableFuture<Void> reading;

		/** When version 1 of all of them was in Redis. */
		volatile long changed;

		Gap(TestInstance<Pages> instance, long session, List<String> ids) {
			this.reading = CompletableFuture.runAsync(() -> {
				while (this.first.size() < ids.size()) {
					ids.forEach((id) -> read(instance, session, id));
				}
			}, Threads.OWN);
		}

		private void read(TestInstance<Pages> instance, long session, String id) {
			boolean before = tracking(instance).session() == session;
			long count = unasked(instance);
			long changed = this.changed;
			long begun = System.nanoTime();
			int version = instance.service().find("t1", id).version();
			if (changed != 0 && begun - changed > BOUND) {
				assertThat(version).as("a second after it has changed").isEqualTo(1);
			}
			if (unasked(instance) > count) {
				if (before) {
					this.last.put(id, System.nanoTime());
				}
				else if (tracking(instance).session() > session && version == 1) {
					this.first.putIfAbsent(id, System.nanoTime());
				}
			}
		}

		void await() throws Exception {
			this.reading.get(PATIENCE.multipliedBy(3).toSeconds(), TimeUnit.SECONDS);
		}

		String describe(long since) {
			return this.first.keySet()
				.stream()
				.map((id) -> "%,d ms to %,d ms".formatted(
						Duration.ofNanos(this.last.getOrDefault(id, since) - since).toMillis(),
						Duration.ofNanos(this.first.get(id) - since).toMillis()))
				.collect(Collectors.joining(" and "));
		}

	}

	// Fixture

	/**
	 * Read until a version is found, which must be before what may be older is too old.
	 */
	private static void assertSeen(TestInstance<Pages> instance, String id, int version, long bound, long changed) {
		await().atMost(PATIENCE).pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(2)).until(() -> {
			long begun = System.nanoTime();
			int found = instance.service().find("t1", id).version();
			if (begun - changed > bound) {
				assertThat(found).isEqualTo(version);
			}
			return found == version;
		});
	}

	/** Have a page in Redis, and a copy of it that is served without asking. */
	private static Page tracked(TestInstance<Pages> instance, String id) {
		Page[] found = new Page[1];
		await().atMost(PATIENCE).pollInterval(Duration.ofMillis(5)).until(() -> {
			long before = unasked(instance);
			found[0] = instance.service().find("t1", id);
			return unasked(instance) > before;
		});
		return found[0];
	}

	/** Have a page in Redis, and a copy of it that is served in the way of its mode. */
	private static Page copied(TestInstance<Pages> instance, NearSettings.Mode mode, String id) {
		if (mode == NearSettings.Mode.TRACK) {
			return tracked(instance, id);
		}
		Page[] found = new Page[1];
		await().atMost(PATIENCE).pollInterval(Duration.ofMillis(5)).until(() -> {
			long before = instance.counters("pages").nearHits();
			found[0] = instance.service().find("t1", id);
			return instance.counters("pages").nearHits() > before;
		});
		return found[0];
	}

	private static void awaitAsked(TestInstance<Pages> instance, String id) {
		await().atMost(PATIENCE).until(() -> {
			long before = unasked(instance);
			instance.service().find("t1", id);
			return unasked(instance) == before;
		});
	}

	private static void awaitNonePending(TestInstance<Pages> instance) {
		await().atMost(PATIENCE).until(() -> instance.engine().evictions().pendingCount() == 0);
	}

	private static long unasked(TestInstance<Pages> instance) {
		return instance.counters("pages").nearHitsUnasked();
	}

	private static Tracking tracking(TestInstance<Pages> instance) {
		return instance.engine().nearTracking().tracking();
	}

	/** A page of each master. */
	private Map<RedisServer, String> idByMaster(TestInstance<Pages> instance) {
		Map<RedisServer, String> ids = new LinkedHashMap<>();
		for (int i = 0; i < 1000 && ids.size() < 3; i++) {
			ids.putIfAbsent(this.redis.ownerOf(slotOf(instance, String.valueOf(i))), String.valueOf(i));
		}
		return ids;
	}

	private int slotOf(TestInstance<Pages> instance, String id) {
		return this.redis.slotOf(text(instance.storedKey("pages", "t1:" + id).redisKey()));
	}

	private static String text(byte[] key) {
		return new String(key, StandardCharsets.UTF_8);
	}

	private RedisServer anotherMasterThan(RedisServer master) {
		return this.redis.nodes()
			.stream()
			.filter((node) -> node != master && node.info("role").equals("master"))
			.findFirst()
			.orElseThrow();
	}

	private RedisServer masterWithReplica() {
		return this.redis.nodes()
			.stream()
			.filter((node) -> node.info("role").equals("master") && !node.info("connected_slaves").equals("0"))
			.findFirst()
			.orElseThrow();
	}

	private RedisServer replicaOf(RedisServer master) {
		return this.redis.nodes()
			.stream()
			.filter((node) -> node.info("role").equals("slave")
					&& node.info("master_port").equals(String.valueOf(master.port())))
			.findFirst()
			.orElseThrow();
	}

	/** With the timeouts of an application. */
	private TestInstance<Pages> instance(NearSettings.Mode mode) {
		return instance(mode, (builder) -> builder);
	}

	private TestInstance<Pages> patient(NearSettings.Mode mode) {
		return instance(mode, (builder) -> Internals.link(builder, Interleavings.PATIENT));
	}

	private TestInstance<Pages> instance(NearSettings.Mode mode,
			UnaryOperator<ResilientRedisCacheManager.Builder> change) {
		CacheSettings settings = CacheSettings.defaults().withTtl(Duration.ofHours(1));
		TestInstance<Pages> made = TestInstance.of(Pages.class, this::connection,
				(builder) -> change.apply(builder)
					.defaults(settings.withNear(settings.near().withMode(mode)))
					.caches(List.of("pages")));
		this.instances.add(made);
		return made.awaitUp();
	}

	private LettuceConnectionFactory connection() {
		RedisClusterConfiguration where = new RedisClusterConfiguration();
		this.redis.nodes().forEach((node) -> where.addClusterNode(new RedisNode(node.host(), node.port())));
		return new LettuceConnectionFactory(where);
	}

}
