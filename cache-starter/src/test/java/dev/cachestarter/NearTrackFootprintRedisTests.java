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
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;

import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.cache.Internals;
import dev.cachestarter.testing.Footprint;
import dev.cachestarter.testing.OnlyThorough;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.RespClient;
import dev.cachestarter.testing.Thorough;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What near caches in mode {@code track} cost the server.
 */
@WithRedis(local = true)
class NearTrackFootprintRedisTests {

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	private static final int BATCH = 1000;

	private final RedisServer redis;

	NearTrackFootprintRedisTests(RedisServer redis) {
		this.redis = redis;
		// There may be a million keys of another test.
		redis.cli("FLUSHALL", "ASYNC");
		Notes.LOADS.set(0);
	}

	@Test
	void aGenerationThatLivesLongerCostsOneReadHoweverManyCopiesAreUnderIt() {
		int entries = 10_000;
		try (TestInstance<Notes> instance = instance(2 * entries)) {
			store(instance, entries);
			await().atMost(PATIENCE).until(() -> {
				read(instance, 0, entries);
				return copies(instance) == entries;
			});
			awaitUnasked(instance);
			long messages = instance.engine().track().condition().pushes();
			this.redis.cli("CONFIG", "RESETSTAT");

			this.redis.cli("PEXPIRE", "~g:notes", "7200000");

			await().atMost(PATIENCE).until(() -> instance.engine().track().condition().pushes() > messages);
			awaitUnasked(instance);
			// A hit that is confirmed meanwhile takes one of each; a canary may come by.
			assertThat(calls("mget") - calls("getrange")).isBetween(1L, 2L);
			this.redis.cli("CONFIG", "RESETSTAT");
			long before = unasked(instance);
			read(instance, 0, entries);
			// A machine may stand still for a second.
			assertThat(unasked(instance) - before).isGreaterThan(entries - 2L * BATCH);
			assertThat(calls("mget") - calls("getrange")).as("whole reads").isLessThan(3);
			assertThat(copies(instance)).isEqualTo(entries);
			assertThat(Notes.LOADS).as("beyond the first").hasValue(0);
		}
	}

	@Test
	void keysThatAreReadOnceGrowNeitherTheHeapNorTheTableOfTheServer() {
		int keys = Thorough.choose(20_000, 1_000_000);
		int entries = Thorough.choose(100, 10_000);
		int often = entries / 2;
		try (TestInstance<Notes> instance = instance(entries); TestInstance<Notes> other = instance(entries)) {
			store(other, keys);
			await().atMost(PATIENCE).until(() -> {
				read(instance, 0, often);
				return copies(instance) >= often;
			});
			read(instance, often, keys / 10);
			long heap = Footprint.now().heap();

			for (int from = keys / 10; from < keys; from += BATCH) {
				read(instance, from, Math.min(keys, from + BATCH));
			}

			long grown = Footprint.now().heap() - heap;
			assertThat(Notes.LOADS).as("what was not in Redis").hasValueLessThan(10);
			System.out.printf(
					"%,d keys read once, max-entries %,d, %,d keys read often: tracking_total_keys %s, "
							+ "tracking_total_items %s, %,d copies, %,d KB more of heap%n",
					keys - often, entries, often, this.redis.info("tracking_total_keys"),
					this.redis.info("tracking_total_items"), copies(instance), grown / 1024);
			assertThat(Long.parseLong(this.redis.info("tracking_total_keys"))).isBetween((long) often, 2L * entries);
			assertThat(Long.parseLong(this.redis.info("tracking_total_items"))).isBetween((long) often, 2L * entries);
			assertThat(copies(instance)).as("those that are read often stay").isBetween((long) often, 2L * entries);
			// A hundred bytes of each key would be 90 MB with thorough.
			assertThat(grown).isLessThan(16 << 20);
		}
	}

	/**
	 * Redis tells of a key once, and not again until it is read again: which a client
	 * that is stopped does not do.
	 */
	@OnlyThorough
	@Test
	void whatRedisKeepsForAClientThatReadsNothingIsBoundedByWhatTheClientHadRead() {
		int count = 20_000;
		String name = "notes:" + "n".repeat(1000) + ":";
		try (RespClient stopped = this.redis.connect(); RespClient writer = this.redis.connect()) {
			set(writer, name, count);
			stopped.call("HELLO", "3");
			stopped.call("CLIENT", "TRACKING", "ON");
			for (int i = 0; i < count; i++) {
				stopped.call("GET", name + i);
			}
			assertThat(Long.parseLong(this.redis.info("tracking_total_keys"))).isGreaterThanOrEqualTo(count);

			set(writer, name, count);

			long kept = kept();
			assertThat(kept).as("more than the sockets hold").isPositive().isLessThan(count * 1200L);
			for (int i = 0; i < 3; i++) {
				set(writer, name, count);
			}
			assertThat(kept()).isEqualTo(kept);

			this.redis.cli("CONFIG", "SET", "client-output-buffer-limit", "normal 1mb 0 0");
			try {
				await().atMost(PATIENCE).until(() -> {
					set(writer, name, 1);
					return kept() == 0;
				});
			}
			finally {
				this.redis.cli("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0");
			}
		}
	}

	// Fixture

	private static void set(RespClient writer, String name, int count) {
		for (int i = 0; i < count; i++) {
			writer.call("SET", name + i, "value");
		}
	}

	/** What Redis keeps for the tracked clients, in bytes. */
	private long kept() {
		return String.valueOf(this.redis.cli("CLIENT", "LIST"))
			.lines()
			.filter((line) -> line.matches(".* flags=\\w*t.*"))
			.mapToLong((line) -> Long.parseLong(line.replaceAll(".* omem=(\\d+).*", "$1")))
			.sum();
	}

	private TestInstance<Notes> instance(int maxEntries) {
		return instance(this.redis.host(), this.redis.port(), maxEntries);
	}

	static TestInstance<Notes> instance(String host, int port, int maxEntries) {
		CacheSettings settings = CacheSettings.defaults().withTtl(Duration.ofHours(1));
		TestInstance<Notes> made = TestInstance.of(Notes.class, host, port, (builder) -> Internals.link(builder
			.defaults(settings.withNear(settings.near().withMode(NearSettings.Mode.TRACK).withMaxEntries(maxEntries)))
			.caches(List.of("notes")), Interleavings.PATIENT));
		made.awaitUp();
		await().atMost(PATIENCE).until(() -> {
			dev.cachestarter.engine.redis.Tracking tracking = made.engine().nearTracking().tracking();
			return tracking.isGood(tracking.session());
		});
		return made;
	}

	/** Many at once: what is measured is not how they are written. */
	static void store(TestInstance<Notes> instance, int keys) {
		for (int from = 0; from < keys; from += BATCH) {
			List<String> batch = IntStream.range(from, Math.min(keys, from + BATCH))
				.mapToObj((i) -> "notes:t1:" + i)
				.toList();
			Map<String, String> stored = instance.cacheService()
				.getAll(batch, String.class, (missing) -> missing.stream()
					.collect(Collectors.toMap(Function.identity(), (key) -> "a note")));
			assertThat(stored).hasSize(batch.size());
		}
	}

	static void read(TestInstance<Notes> instance, int from, int to) {
		for (int start = from; start < to; start += BATCH) {
			List<CompletableFuture<String>> batch = new ArrayList<>();
			for (int i = start; i < Math.min(to, start + BATCH); i++) {
				batch.add(instance.service().find("t1", String.valueOf(i)));
			}
			batch.forEach(CompletableFuture::join);
		}
	}

	private static void awaitUnasked(TestInstance<Notes> instance) {
		await().atMost(PATIENCE).pollInterval(Duration.ofMillis(20)).until(() -> {
			long before = unasked(instance);
			read(instance, 0, 1);
			return unasked(instance) > before;
		});
	}

	private static long unasked(TestInstance<Notes> instance) {
		return instance.counters("notes").nearHitsUnasked();
	}

	static long copies(TestInstance<Notes> instance) {
		return Objects.requireNonNull(instance.engine().near("notes")).entries();
	}

	private long calls(String command) {
		Matcher matcher = Pattern.compile("cmdstat_" + command + ":calls=(\\d+)")
			.matcher(String.valueOf(this.redis.cli("INFO", "commandstats")));
		return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
	}

	static class Notes {

		static final AtomicInteger LOADS = new AtomicInteger();

		@Cacheable("notes")
		public CompletableFuture<String> find(String tenant, String id) {
			LOADS.incrementAndGet();
			return CompletableFuture.completedFuture("a note");
		}

	}

}
