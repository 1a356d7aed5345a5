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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.core.ParameterizedTypeReference;

import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Several keys asked for at once.
 */
@WithRedis(local = true)
class BatchLoadRedisTests extends Interleavings {

	BatchLoadRedisTests(RedisServer redis) {
		super(redis);
	}

	@BeforeEach
	void emptyRedis() {
		this.redis.flushAll();
	}

	@Test
	void whatIsMissingIsLoadedInOneCallAndTheRestIsRead() {
		Instance instance = instance(Set.of());
		Table table = new Table();
		get(instance, table, "rows:t1:1", "rows:t2:3");
		instance.awaitFills(2);
		table.version = 1;

		Map<String, Row> found = get(instance, table, "rows:t2:2", "rows:t1:1", "rows:t1:4", "rows:t2:3");

		assertThat(found.keySet()).containsExactly("rows:t2:2", "rows:t1:1", "rows:t1:4", "rows:t2:3");
		assertThat(found.values()).extracting(Row::version).containsExactly(1, 0, 1, 0);
		assertThat(table.asked).containsExactly(Set.of("rows:t1:1", "rows:t2:3"), Set.of("rows:t2:2", "rows:t1:4"));
	}

	@Test
	void allIsReadInOneRoundTrip() {
		Instance instance = instance(Set.of());
		Table table = new Table();
		String[] keys = IntStream.range(0, 100).mapToObj((i) -> "rows:t" + i % 7 + ":" + i).toArray(String[]::new);
		get(instance, table, keys);
		instance.awaitFills(100);
		long before = reads(instance);

		Map<String, Row> found = get(instance, table, keys);

		assertThat(found).hasSize(100);
		assertThat(reads(instance) - before).isEqualTo(1);
		assertThat(table.asked).hasSize(1);
		assertThat(instance.counters().hits()).isEqualTo(100);
	}

	private static long reads(Instance instance) {
		return instance.breaker().journal().stream().filter("READ?"::equals).count();
	}

	@Test
	void annotatedMethodsAndBatchesShareTheirEntries() {
		Instance instance = instance(Set.of());
		Table table = new Table();
		get(instance, table, "rows:t1:1");
		instance.awaitFills(1);

		assertThat(instance.find("t1", "1")).isEqualTo(0);
		assertThat(instance.rows().loads()).isZero();
	}

	@Test
	void whatOthersLoadIsWaitedForAndNotLoaded() throws Exception {
		Instance instance = instance(Set.of());
		Instance other = instance(Set.of());
		Table table = new Table();
		Pause here = instance.rows().pauseAfterReading();
		Call<Integer> one = call(() -> instance.find("t1", "1"));
		here.awaitReached();
		Pause there = other.rows().pauseAfterReading();
		Call<Integer> two = call(() -> other.find("t1", "2"));
		there.awaitReached();

		Call<Map<String, Row>> batch = call(() -> get(instance, table, "rows:t1:1", "rows:t1:2", "rows:t1:3"));
		await().until(() -> !table.asked.isEmpty());
		instance.awaitFills(1);
		here.release();
		there.release();

		assertThat(batch.result()).hasSize(3);
		assertThat(one.result()).isEqualTo(two.result());
		assertThat(table.asked).containsExactly(Set.of("rows:t1:3"));
	}

	@Test
	void twoBatchesThatWantEachOthersKeysDoNotWaitForEachOther() throws Exception {
		Instance instance = instance(Set.of());
		Instance other = instance(Set.of());
		Table slow = new Table();
		Table quick = new Table();
		slow.pause = new Pause();
		Call<Map<String, Row>> first = call(() -> get(instance, slow, "rows:t1:1", "rows:t1:2"));
		slow.pause.awaitReached();

		Call<Map<String, Row>> second = call(
				() -> get(other, quick, "rows:t1:3", "rows:t1:2", "rows:t1:1", "rows:t1:4"));
		await().until(() -> !quick.asked.isEmpty());
		Call<Map<String, Row>> third = call(() -> get(instance, quick, "rows:t1:4", "rows:t1:3"));

		assertThat(third.result()).as("though others still load").hasSize(2);
		slow.pause.release();
		assertThat(first.result()).hasSize(2);
		assertThat(second.result()).hasSize(4);
		assertThat(quick.asked.get(0)).isEqualTo(Set.of("rows:t1:3", "rows:t1:4"));
		assertThat(slow.asked).containsExactly(Set.of("rows:t1:1", "rows:t1:2"));
	}

	@Test
	void anEvictionDuringTheLoadVoidsItsFill() throws Exception {
		Instance instance = instance(Set.of());
		Instance other = instance(Set.of());
		Table table = new Table();
		table.pause = new Pause();
		Call<Map<String, Row>> batch = call(() -> get(instance, table, "rows:t1:1", "rows:t2:1"));
		table.pause.awaitReached();

		other.rows().evict("t1", "1");
		table.pause.release();

		assertThat(batch.result()).hasSize(2);
		instance.awaitFills(2);
		assertThat(instance.counters().refusedFills()).isEqualTo(1);
		assertThat(other.find("t1", "1")).isEqualTo(0);
		assertThat(other.rows().loads()).isEqualTo(1);
	}

	@Test
	void aFailureArrivesUnchangedAndLeavesNoLease() {
		Instance instance = instance(Set.of());
		Table table = new Table();
		table.failure = new IllegalStateException("the database is away");

		assertThatExceptionOfType(IllegalStateException.class)
			.isThrownBy(() -> get(instance, table, "rows:t1:1", "rows:t1:2"))
			.isSameAs(table.failure);

		await().untilAsserted(() -> assertThat(this.redis.keys("rows:*")).isEmpty());
	}

	@Test
	void staleEntriesStandInIfTheyDoForAll() {
		CacheSettings settings = TIMELESS.withStaleIfError(Duration.ofHours(1)).withStaleRetry(Duration.ofMinutes(5));
		Instance instance = instance(Set.of(), settings);
		Table table = new Table();
		get(instance, table, "rows:t1:1", "rows:t1:2");
		instance.awaitFills(2);
		for (String key : List.of("rows:t1:1", "rows:t1:2")) {
			this.redis.cli("SETRANGE", key, "120", "%013d".formatted(System.currentTimeMillis() - 60_000));
		}
		table.failure = new IllegalStateException("the database is away");

		assertThat(get(instance, table, "rows:t1:1", "rows:t1:2")).hasSize(2);
		assertThat(instance.counters().staleServed()).isEqualTo(2);

		await().untilAsserted(() -> assertThat(get(instance, table, "rows:t1:2")).hasSize(1));
		await().until(() -> "----".equals(this.redis.cli("GETRANGE", "rows:t1:2", "23", "26")));
		int asked = table.asked.size();
		assertThat(get(instance, table, "rows:t1:2")).hasSize(1);
		assertThat(table.asked).as("in the pause").hasSize(asked);
		assertThatExceptionOfType(IllegalStateException.class)
			.isThrownBy(() -> get(instance, table, "rows:t1:2", "rows:t1:9"));
	}

	@ParameterizedTest
	@ValueSource(strings = { "----------------", "00000000deadbeef" })
	void aClaimOfTheFutureHoldsNobodyUp(String claim) {
		long now = System.currentTimeMillis();
		Instance instance = instance(Set.of(), TIMELESS.withStaleIfError(Duration.ofHours(1)));
		Table table = new Table();
		get(instance, table, "rows:t1:1");
		instance.awaitFills(1);
		this.redis.cli("SETRANGE", "rows:t1:1", "120", "%013d".formatted(now - 60_000));
		this.redis.cli("SETRANGE", "rows:t1:1", "23", claim + " %013d".formatted(now + 3_600_000));
		table.version = 5;

		Map<String, Row> found = get(instance, table, "rows:t1:1");

		assertThat(found.values()).extracting(Row::version).containsExactly(5);
	}

	@Test
	void aKeyWithoutAValueIsAbsentAndRememberedAsSuch() {
		Instance instance = instance(Set.of());
		Table table = new Table();
		table.version = -1;

		assertThat(get(instance, table, "rows:t1:1")).isEmpty();
		await().until(() -> instance.counters().puts() == 1);
		assertThat(get(instance, table, "rows:t1:1")).isEmpty();

		assertThat(table.asked).hasSize(1);
		assertThat(this.redis.number("TTL", "rows:t1:1")).isBetween(1L, 30L);
	}

	@Test
	void nothingAsksForNothing() {
		Instance instance = instance(Set.of());
		Table table = new Table();

		assertThat(get(instance, table)).isEmpty();

		assertThat(table.asked).isEmpty();
	}

	@Test
	void valuesMayBeOfGenericTypes() {
		Instance instance = instance(Set.of());
		ParameterizedTypeReference<List<Row>> type = new ParameterizedTypeReference<>() {
		};

		for (int i = 0; i < 2; i++) {
			Map<String, List<Row>> found = instance.context()
				.cacheService()
				.getAll(List.of("pages:1"), type, (keys) -> Map.of("pages:1", List.of(new Row("t1", "1", 5))));
			assertThat(found).containsEntry("pages:1", List.of(new Row("t1", "1", 5)));
		}
	}

	@Test
	void withoutACacheTheLoaderIsAskedForAll() {
		Map<String, Row> found = CacheService.disabled()
			.getAll(List.of("a", "b", "a"), Row.class, (keys) -> Map.of("b", new Row("t", "b", keys.size())));

		assertThat(found).containsExactly(Map.entry("b", new Row("t", "b", 2)));
	}

	private static Map<String, Row> get(Instance instance, Table table, String... keys) {
		return instance.context().cacheService().getAll(List.of(keys), Row.class, table::load);
	}

	private static final class Table {

		final List<Set<String>> asked = java.util.Collections.synchronizedList(new ArrayList<>());

		volatile int version;

		volatile @Nullable RuntimeException failure;

		volatile @Nullable Pause pause;

		Map<String, Row> load(Set<String> keys) {
			this.asked.add(Set.copyOf(keys));
			int read = this.version;
			Pause pausing = this.pause;
			if (pausing != null) {
				pausing.stop();
			}
			if (this.failure != null) {
				throw this.failure;
			}
			Map<String, Row> rows = new LinkedHashMap<>();
			for (String key : keys) {
				if (read >= 0) {
					rows.put(key, new Row("t", key, read));
				}
			}
			return rows;
		}

	}

}
