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

package dev.cachestarter.diagnosis;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.NearSettings;
import dev.cachestarter.TestInstance;
import dev.cachestarter.testing.RedisCluster;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Threads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The doctor, on real servers that have something.
 */
@ExtendWith(OutputCaptureExtension.class)
class DoctorRedisTests {

	@Test
	void whatHurtsIsSaidOnceWithItsCureAndWhenItIsOver(CapturedOutput output) throws Exception {
		try (RedisServer redis = RedisServer.local("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-random")
			.start(); TestInstance<Items> instance = TestInstance.of(Items.class, redis).awaitUp()) {
			Doctor doctor = new Doctor(instance.manager(), List.of());

			assertThat(doctor.examine()).isTrue();
			doctor.examine();

			assertThat(doctor.last().findings()).extracting(Finding::id).contains("maxmemory-random");
			assertThat(doctor.last().server()).matches("(Redis|Valkey) \\d+\\..*");
			assertThat(output).containsOnlyOnce("(maxmemory-random)")
				.contains("Set 'maxmemory-policy' to allkeys-lru or allkeys-lfu.");
			redis.cli("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
			doctor.examine();
			doctor.examine();
			assertThat(doctor.last().findings()).extracting(Finding::id).doesNotContain("maxmemory-random");
			assertThat(output).containsOnlyOnce("no longer so (maxmemory-random)")
				.containsOnlyOnce("lfu. (maxmemory-random)");
			redis.cli("CONFIG", "SET", "maxmemory-policy", "allkeys-random");
			doctor.examine();
			assertThat(output.getAll().split("lfu. \\(maxmemory-random\\)", -1)).as("when it comes back").hasSize(3);
		}
	}

	@Test
	void whatIsMerelyGoodToKnowIsShownAndNotLogged(CapturedOutput output) throws Exception {
		try (RedisServer redis = RedisServer.local().start();
				TestInstance<Items> instance = TestInstance.of(Items.class, redis).awaitUp()) {
			Doctor doctor = new Doctor(instance.manager(), List.of());

			doctor.examine();

			assertThat(doctor.last().findings()).extracting(Finding::id).contains("no-maxmemory");
			assertThat(output).doesNotContain("Cache doctor");
		}
	}

	@Test
	void keysOfOthersAreFoundAndOursAreNotTakenForThem() throws Exception {
		try (RedisServer redis = RedisServer.local().start();
				TestInstance<Items> instance = TestInstance.of(Items.class, redis).awaitUp()) {
			Doctor doctor = new Doctor(instance.manager(), List.of());
			instance.service().find("1");
			instance.manager().getCacheService().set("motd", "ours");
			await().until(() -> redis.keys("*").size() > 2);

			doctor.examine();
			assertThat(doctor.last().findings()).extracting(Finding::id).doesNotContain("no-key-prefix");

			redis.cli("HSET", "sessions:1", "user", "alice");
			doctor.examine();
			assertThat(doctor.last().findings()).filteredOn((finding) -> finding.id().equals("no-key-prefix"))
				.singleElement()
				.satisfies((finding) -> assertThat(finding.problem()).contains("sessions:1"));

			redis.cli("DEL", "sessions:1");
			redis.cli("SET", "greeting", "hello");
			doctor.examine();
			assertThat(doctor.last().findings()).filteredOn((finding) -> finding.id().equals("no-key-prefix"))
				.singleElement()
				.satisfies((finding) -> assertThat(finding.problem()).contains("greeting"));
		}
	}

	@Test
	void cachesThatNeverExpireAndSnapshotsAreLookedAtWithOurSettings() throws Exception {
		try (RedisServer redis = RedisServer
			.local("--maxmemory", "100mb", "--maxmemory-policy", "volatile-lru", "--appendonly", "no")
			.start(); TestInstance<Items> instance = TestInstance.of(Items.class, redis).awaitUp()) {
			redis.cli("BGSAVE");
			await().until(() -> redis.info("rdb_last_bgsave_time_sec").matches("\\d+"));
			instance.service().find("1");

			assertThat(found(instance)).contains("snapshots").doesNotContain("maxmemory-volatile");
			try (TestInstance<Items> other = TestInstance.of(Items.class, redis.host(), redis.port(), (builder) -> {
				TestInstance.patient(builder);
				builder.distrustRestarts(true).defaults(CacheSettings.defaults().withTtl(Duration.ZERO));
			}).awaitUp()) {
				other.service().find("1");
				assertThat(found(other)).contains("maxmemory-volatile").doesNotContain("snapshots");
			}
		}
	}

	@Test
	void whatNearCachesNeedIsAskedOnlyWhereRedisTellsThemOfChanges() throws Exception {
		try (RedisServer redis = RedisServer.local("--tracking-table-max-keys", "99").start();
				TestInstance<Items> plain = TestInstance.of(Items.class, redis).awaitUp();
				TestInstance<Items> tracked = TestInstance.of(Items.class, redis.host(), redis.port(), (builder) -> {
					TestInstance.patient(builder);
					CacheSettings settings = CacheSettings.defaults();
					builder
						.defaults(settings
							.withNear(settings.near().withMode(NearSettings.Mode.TRACK).withMaxEntries(100)))
						.caches(List.of("items"));
				}).awaitUp()) {
			plain.service().find("1");

			assertThat(found(plain)).doesNotContain("tracking-table", "output-buffer");
			assertThat(found(tracked)).contains("tracking-table", "output-buffer");

			redis.cli("CONFIG", "SET", "tracking-table-max-keys", "100");
			redis.cli("CONFIG", "SET", "client-output-buffer-limit", "normal 256mb 64mb 60");
			assertThat(found(tracked)).doesNotContain("tracking-table", "output-buffer");

			redis.cli("CONFIG", "SET", "tracking-table-max-keys", "99");
			redis.cli("ACL", "SETUSER", "default", "-config|get");
			Doctor doctor = new Doctor(tracked.manager(), List.of());
			doctor.examine();
			assertThat(doctor.last().findings()).extracting(Finding::id).doesNotContain("tracking-table");
			assertThat(doctor.last().notKnown())
				.anyMatch((text) -> text.startsWith("CONFIG GET tracking-table-max-keys: NOPERM"));
			assertThat(tracked.engine().link().isUp()).isTrue();
		}
	}

	private static List<String> found(TestInstance<Items> instance) throws Exception {
		Doctor doctor = new Doctor(instance.manager(), List.of());
		Instant before = Instant.now();
		assertThat(doctor.last().examined()).isNull();
		assertThat(doctor.examine()).isTrue();
		assertThat(doctor.last().examined()).isBetween(before, Instant.now());
		return doctor.last().findings().stream().map(Finding::id).toList();
	}

	@Test
	void whatMayNotBeAskedIsNotKnownAndNothingElse(CapturedOutput output) throws Exception {
		try (RedisServer redis = RedisServer.local("--maxmemory-policy", "allkeys-random").start();
				TestInstance<Items> instance = TestInstance.of(Items.class, redis).awaitUp()) {
			long before = instance.engine().link().session();
			for (String command : List.of("info", "dbsize", "scan")) {
				redis.cli("ACL", "SETUSER", "default", "-" + command);
			}
			Doctor doctor = new Doctor(instance.manager(), List.of());
			// A server that no longer says who it is counts as another, once: the next
			// heartbeat finds out.
			await().atMost(Duration.ofMinutes(1))
				.until(() -> instance.engine().link().session() != before && instance.engine().link().isUp()
						&& doctor.examine());
			long session = instance.engine().link().session();

			for (int i = 0; i < 20; i++) {
				doctor.examine();
			}

			assertThat(doctor.last().findings()).isEmpty();
			assertThat(doctor.last().notKnown()).anyMatch((text) -> text.startsWith("INFO memory: NOPERM"))
				.anyMatch((text) -> text.startsWith("SCAN: NOPERM"));
			assertThat(instance.engine().link().session()).as("never left").isEqualTo(session);
			assertThat(output).doesNotContain("Cache doctor");
		}
	}

	@Test
	void aRightThatCallersLackIsNamed() throws Exception {
		try (RedisServer redis = RedisServer.local().start();
				TestInstance<Items> instance = TestInstance.of(Items.class, redis).awaitUp()) {
			redis.cli("ACL", "SETUSER", "default", "-mget");
			instance.service().find("1");
			Doctor doctor = new Doctor(instance.manager(), List.of());

			doctor.examine();

			assertThat(doctor.last().findings()).filteredOn((finding) -> finding.id().equals("missing-rights"))
				.singleElement()
				.satisfies((finding) -> assertThat(finding.problem()).contains("mget"));
		}
	}

	@Test
	void slotsThatNobodyHasAreFound() throws Exception {
		RedisClusterConfiguration where = new RedisClusterConfiguration();
		try (RedisCluster cluster = RedisCluster.start("--cluster-require-full-coverage", "no")) {
			cluster.nodes().forEach((node) -> where.clusterNode(node.host(), node.port()));
			try (TestInstance<Items> instance = TestInstance.of(Items.class, () -> new LettuceConnectionFactory(where),
					TestInstance::patient)) {
				instance.awaitUp();
				Doctor doctor = new Doctor(instance.manager(), List.of());
				doctor.examine();
				assertThat(doctor.last().findings()).extracting(Finding::id).doesNotContain("cluster-slots");
				cluster.nodes().forEach((node) -> node.cli("ACL", "SETUSER", "default", "-cluster|nodes"));
				await().atMost(Duration.ofSeconds(60))
					.until(() -> doctor.examine()
							&& doctor.last().notKnown().stream().anyMatch((text) -> text.startsWith("CLUSTER NODES")));
				assertThat(doctor.last().findings()).as("not known")
					.extracting(Finding::id)
					.doesNotContain("cluster-slots");
				cluster.nodes().forEach((node) -> node.cli("ACL", "SETUSER", "default", "+cluster|nodes"));

				cluster.nodes().forEach((node) -> node.cli("CLUSTER", "DELSLOTS", "0"));

				await().atMost(Duration.ofSeconds(60)).ignoreExceptions().until(() -> {
					instance.awaitUp();
					doctor.examine();
					return doctor.last().findings().stream().anyMatch((each) -> each.id().equals("cluster-slots"));
				});
			}
		}
	}

	@Test
	void withoutRedisItWaitsAndAfterAnOutageItLooksAgain(CapturedOutput output) {
		AtomicLong now = new AtomicLong();
		AtomicLong looks = new AtomicLong();
		try (RedisServer redis = RedisServer.local().start();
				TestInstance<Items> instance = TestInstance.of(Items.class, redis).awaitUp()) {
			Doctor doctor = new Doctor(instance.manager(), List.of(() -> {
				looks.incrementAndGet();
				throw new IllegalStateException("of a test");
			}));
			CacheWatch watch = new CacheWatch(instance.manager(), doctor, now::get);
			watch.look();
			watch.look();
			assertThat(looks).hasValue(1);
			now.addAndGet(Duration.ofMinutes(11).toNanos());
			watch.look();
			assertThat(looks).hasValue(2);

			redis.stop();
			await().until(() -> !instance.engine().link().isUp());
			watch.look();
			now.addAndGet(Duration.ofMinutes(10).toNanos());
			watch.look();
			watch.look();

			assertThat(looks).hasValue(2);
			assertThat(output).containsOnlyOnce("Cache service still degraded, for 10 min");
			redis.restart();
			instance.awaitUp();
			watch.look();
			assertThat(looks).hasValue(3);

			// However soon it comes again.
			watch.look();
			assertThat(looks).hasValue(3);
			redis.stop();
			await().until(() -> !instance.engine().link().isUp());
			redis.start();
			instance.awaitUp();
			watch.look();
			assertThat(looks).hasValue(4);
		}
	}

	@Test
	void itLooksByItselfUntilItIsClosed() {
		AtomicLong looks = new AtomicLong();
		try (RedisServer redis = RedisServer.local().start();
				TestInstance<Items> instance = TestInstance.of(Items.class, redis).awaitUp()) {
			Set<Thread> others = doctors();
			CacheWatch watch = new CacheWatch(instance.manager(),
					new Doctor(instance.manager(), List.of(() -> List.of())), () -> looks.getAndIncrement() << 40);

			watch.afterSingletonsInstantiated();

			await().until(() -> looks.get() > 2);
			assertThat(doctors()).hasSize(others.size() + 1);
			watch.destroy();
			await().until(() -> others.containsAll(doctors()));
		}
	}

	private static Set<Thread> doctors() {
		return Threads.alive("cache-starter-doctor");
	}

	@Test
	void whatRedisBeginsOrCeasesToRefuseIsLookedAtAndSaid(CapturedOutput output) {
		AtomicLong now = new AtomicLong();
		try (RedisServer redis = RedisServer.local().start();
				TestInstance<Items> instance = TestInstance.of(Items.class, redis).awaitUp()) {
			Doctor doctor = new Doctor(instance.manager(), List.of());
			CacheWatch watch = new CacheWatch(instance.manager(), doctor, now::get);
			watch.look();
			redis.cli("CONFIG", "SET", "maxmemory", "1");
			instance.service().find("1");

			assertThat(doctor.last().findings()).extracting(Finding::id).as("at once").contains("memory-full");
			watch.look();
			assertThat(output).as("within the minute").doesNotContain("(memory-full)");
			now.addAndGet(Duration.ofSeconds(61).toNanos());
			watch.look();
			watch.look();
			assertThat(output).containsOnlyOnce("(memory-full)");

			redis.cli("CONFIG", "SET", "maxmemory", "0");
			instance.service().find("2");
			assertThat(doctor.last().findings()).extracting(Finding::id).doesNotContain("memory-full");
			now.addAndGet(Duration.ofSeconds(61).toNanos());
			watch.look();
			assertThat(output).containsOnlyOnce("no longer so (memory-full)");
		}
	}

	static class Items {

		@Cacheable("items")
		public String find(String id) {
			return id;
		}

	}

}
