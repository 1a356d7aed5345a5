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

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;

import dev.cachestarter.NearTrackFootprintRedisTests.Notes;
import dev.cachestarter.cache.Internals;
import dev.cachestarter.testing.ChildJvm;
import dev.cachestarter.testing.OnlyThorough;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Thorough;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * An instance in a JVM of its own that keeps copies in mode {@code track}, and stands
 * still while another one changes what they are copies of.
 */
@WithRedis(local = true)
@OnlyThorough
class StoppedNearInstanceRedisTests {

	private static final Duration PATIENCE = Duration.ofMinutes(2);

	private static final int BATCH = 400;

	private static final int ROUNDS = Thorough.choose(2, 10);

	/**
	 * Redis tells of each change by the key, and that is to be more than sockets hold.
	 */
	private static final String LONG = "n".repeat(900);

	private final RedisServer redis;

	StoppedNearInstanceRedisTests(RedisServer redis) {
		this.redis = redis;
		redis.flushAll();
	}

	/** With {@code thorough} there are a hundred thousand changes. */
	@Test
	void anInstanceThatStandsStillCostsRedisLittleAndServesNothingOldAfterwards() {
		int keys = Thorough.choose(500, 10_000);
		try (TestInstance<Notes> other = TestInstance.of(Notes.class, this.redis.host(), this.redis.port(),
				(builder) -> Internals.link(builder.caches(List.of("notes")), Interleavings.PATIENT));
				ChildJvm child = ChildJvm.start(Instance.class, this.redis.host(), String.valueOf(this.redis.port()),
						String.valueOf(2 * keys))) {
			other.awaitUp();
			change(other, keys, "before");
			child.await("ready", PATIENCE);

			standStill(child, other, keys, () -> {
				List<Long> kept = new ArrayList<>();
				for (int i = 0; i < ROUNDS; i++) {
					change(other, keys, "round " + i);
					kept.add(kept());
				}
				System.out.printf("%,d changes while an instance stood still: Redis kept %s bytes for it%n",
						ROUNDS * keys, kept);
				assertThat(kept).as("each key is told of once").containsOnly(kept.get(0));
				// But for what the sockets hold: 4 MB here.
				assertThat(kept.get(0)).isBetween(Thorough.choose(0L, 1L), keys * (2L * LONG.length() + 200));
			});

			standStill(child, other, keys, () -> {
				Thorough.<Runnable>choose(this::endConnection, this::limitOutput).run();
				change(other, keys, "limited");
				await().atMost(PATIENCE).until(() -> trackers().isEmpty());
			});
		}
		finally {
			this.redis.cli("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0");
		}
	}

	/** More than any answer: a page of keys that are looked through has 1.8 MB. */
	private void limitOutput() {
		this.redis.cli("CONFIG", "SET", "client-output-buffer-limit", "normal 2mb 0 0");
	}

	/** As Redis does beyond the limit. */
	private void endConnection() {
		trackers().forEach((line) -> this.redis.cli("CLIENT", "KILL", "ID", line.replaceAll("^id=(\\d+) .*", "$1")));
	}

	private void standStill(ChildJvm child, TestInstance<Notes> other, int keys, Runnable meanwhile) {
		child.ask("copy " + keys, "copied", PATIENCE);
		long remembered = remembered();
		assertThat(remembered).isGreaterThanOrEqualTo(keys);

		child.pause();
		long since = System.nanoTime();
		meanwhile.run();
		change(other, keys, "after");
		await().atMost(PATIENCE).until(() -> System.nanoTime() - since > Duration.ofSeconds(1).toNanos());
		assertThat(remembered()).as("what was told is not remembered").isLessThan(remembered / 10);

		// It reads as soon as it goes on.
		child.send("read " + keys);
		child.resume();
		assertThat(child.await("read ", PATIENCE)).isEqualTo("{after=" + keys + "}");
		child.ask("copy " + keys, "copied", PATIENCE);
	}

	private static void change(TestInstance<Notes> other, int keys, String text) {
		other.cacheService().invalidate("notes:" + LONG + ":*");
		for (int from = 0; from < keys; from += BATCH) {
			List<String> batch = IntStream.range(from, Math.min(keys, from + BATCH))
				.mapToObj((i) -> "notes:" + LONG + ":" + LONG + i)
				.toList();
			Map<String, String> stored = other.cacheService()
				.getAll(batch, String.class,
						(missing) -> missing.stream().collect(Collectors.toMap(Function.identity(), (key) -> text)));
			assertThat(stored.values()).hasSize(batch.size()).containsOnly(text);
		}
	}

	private long remembered() {
		return Long.parseLong(this.redis.info("tracking_total_keys"));
	}

	/** What Redis keeps for the tracked clients, in bytes. */
	private long kept() {
		return trackers().stream().mapToLong((line) -> Long.parseLong(line.replaceAll(".* omem=(\\d+).*", "$1"))).sum();
	}

	private List<String> trackers() {
		return String.valueOf(this.redis.cli("CLIENT", "LIST"))
			.lines()
			.filter((line) -> line.matches(".* flags=\\w*t.*"))
			.toList();
	}

	/**
	 * The instance that stands still.
	 */
	static final class Instance {

		private Instance() {
		}

		public static void main(String[] args) throws IOException {
			try (TestInstance<Notes> instance = NearTrackFootprintRedisTests.instance(args[0],
					Integer.parseInt(args[1]), Integer.parseInt(args[2]))) {
				ChildJvm.say("ready");
				BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
				for (String line = input.readLine(); line != null; line = input.readLine()) {
					String[] words = line.split(" ");
					int keys = Integer.parseInt(words[1]);
					if (words[0].equals("copy")) {
						await().atMost(PATIENCE).until(() -> {
							long before = unasked(instance);
							read(instance, keys);
							return unasked(instance) - before == keys;
						});
						ChildJvm.say("copied");
					}
					else {
						ChildJvm.say("read " + read(instance, keys));
					}
				}
			}
		}

		private static long unasked(TestInstance<Notes> instance) {
			return instance.counters("notes").nearHitsUnasked();
		}

		/** Return what was read, and how often; what it loads itself is a miss. */
		private static Map<String, Integer> read(TestInstance<Notes> instance, int keys) {
			Map<String, Integer> read = new TreeMap<>();
			for (int from = 0; from < keys; from += BATCH) {
				List<CompletableFuture<String>> batch = new ArrayList<>();
				for (int i = from; i < Math.min(keys, from + BATCH); i++) {
					batch.add(instance.service().find(LONG, LONG + i));
				}
				for (CompletableFuture<String> each : batch) {
					read.merge(each.join(), 1, Integer::sum);
				}
			}
			return read;
		}

	}

}
