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
package dev.cachestarter.engine.entry;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

import io.lettuce.core.resource.ClientResources;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.cache.annotation.Cacheable;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.TestInstance;
import dev.cachestarter.testing.RedisCluster;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Threads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Patterns that are evicted by a walk through a cluster while a slot moves.
 */
class PatternsInClusterRedisTests {

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	private static RedisCluster cluster;

	private final HeldScans hold = new HeldScans();

	private ClientResources resources;

	private TestInstance<Pages> instance;

	private TestInstance<Pages> other;

	@BeforeAll
	static void startCluster() {
		cluster = RedisCluster.start();
	}

	@AfterAll
	static void stopCluster() {
		cluster.close();
	}

	@BeforeEach
	void open() {
		this.resources = ClientResources.builder().nettyCustomizer(this.hold).build();
		this.instance = instance(LettuceClientConfiguration.builder().clientResources(this.resources).build());
		this.other = instance(LettuceClientConfiguration.defaultConfiguration());
	}

	private static TestInstance<Pages> instance(LettuceClientConfiguration how) {
		RedisClusterConfiguration where = new RedisClusterConfiguration();
		cluster.nodes().forEach((node) -> where.clusterNode(node.host(), node.port()));
		return TestInstance.of(Pages.class, () -> new LettuceConnectionFactory(where, how), TestInstance::patient)
			.awaitUp();
	}

	@AfterEach
	void close() {
		this.hold.release();
		this.instance.close();
		this.other.close();
		this.resources.shutdown();
		cluster.flushAll();
	}

	@ParameterizedTest
	@ValueSource(strings = { "is being moved", "has moved" })
	void aPatternMissesNoKeyWhoseSlot(String slotState) throws Exception {
		RedisServer source = cluster.nodes().get(0);
		String tenant = tenantWalkedLate(source);
		int slot = slotOf(tenant);
		RedisServer target = cluster.strangerTo(slot);
		this.instance.service().change();
		this.other.service().change();
		if (slotState.equals("is being moved")) {
			cluster.beginMigration(slot, target);
		}
		long walked = scans(target);

		this.hold.arm(source.port());
		CompletableFuture<Void> evicted = CompletableFuture
			.runAsync(() -> this.instance.cache("pages").clear("*:page-1"), Threads.OWN);
		this.hold.awaitHeld();
		await().atMost(PATIENCE).until(() -> scans(target) > walked);
		if (slotState.equals("is being moved")) {
			cluster.moveKeys(slot, target);
		}
		else {
			cluster.migrate(slot, target);
		}
		assertThat(target.keys("{}pages:*")).contains(redisKey(tenant));
		this.hold.release();
		evicted.get(30, TimeUnit.SECONDS);

		int found = this.other.service().find(tenant);
		if (slotState.equals("is being moved")) {
			cluster.moveKeys(slot, target);
			cluster.endMigration(slot, target);
		}
		cluster.migrate(slot, source);
		cluster.awaitOk();

		assertThat(found).isEqualTo(1);
	}

	@Test
	void aPatternTouchesNothingElseWhereNoSlotMoves() {
		for (int i = 0; i < 20; i++) {
			this.instance.service().find("t" + i);
		}
		await().atMost(PATIENCE).until(() -> entries() == 20);
		this.instance.service().change();

		this.instance.cache("pages").clear("t1*:page-1");

		assertThat(entries()).isEqualTo(9);
		assertThat(this.instance.service().find("t2")).isZero();
		assertThat(this.instance.service().find("t12")).isEqualTo(1);
	}

	/** A cached page that is not in the first page of keys of its node. */
	private String tenantWalkedLate(RedisServer source) {
		List<String> tenants = IntStream.range(0, 100)
			.mapToObj((number) -> "t" + number)
			.filter((tenant) -> cluster.ownerOf(slotOf(tenant)) == source)
			.toList();
		tenants.forEach(this.instance.service()::find);
		String filler = IntStream.range(0, 1000)
			.mapToObj((number) -> "{filler" + number + "}")
			.filter((tag) -> cluster.ownerOf(cluster.slotOf(tag)) == source)
			.findFirst()
			.orElseThrow();
		source.cli("EVAL", "for i = 1, 5000 do redis.call('SET', KEYS[1] .. i, 'x') end return 1", "1", filler);
		await().atMost(PATIENCE).until(() -> source.keys("{}pages:*").size() == tenants.size());
		Object page = ((List<?>) Objects.requireNonNull(source.cli("SCAN", "0", "COUNT", "1000"))).get(1);
		return tenants.stream()
			.filter((tenant) -> !((List<?>) page).contains(redisKey(tenant)))
			.findFirst()
			.orElseThrow();
	}

	private static String redisKey(String tenant) {
		return "{}pages:" + tenant + ":page-1";
	}

	private static int slotOf(String tenant) {
		return cluster.slotOf(redisKey(tenant));
	}

	private static int entries() {
		return cluster.nodes().stream().mapToInt((node) -> node.keys("{}pages:*").size()).sum();
	}

	private static long scans(RedisServer node) {
		String stats = String.valueOf(node.cli("INFO", "commandstats"));
		return stats.lines()
			.filter((line) -> line.startsWith("cmdstat_scan:calls="))
			.mapToLong((line) -> Long.parseLong(line.substring(line.indexOf('=') + 1, line.indexOf(','))))
			.sum();
	}

	static class Pages {

		private final AtomicInteger version = new AtomicInteger();

		public void change() {
			this.version.set(1);
		}

		@Cacheable(cacheNames = "pages", key = "#tenant + ':page-1'")
		public int find(String tenant) {
			return this.version.get();
		}

	}

}
