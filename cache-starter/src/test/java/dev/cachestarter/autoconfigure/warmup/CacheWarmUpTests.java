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

package dev.cachestarter.autoconfigure.warmup;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

import dev.cachestarter.CacheWarmer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import reactor.core.publisher.Mono;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link CacheWarmUp}.
 */
@ExtendWith(OutputCaptureExtension.class)
class CacheWarmUpTests {

	private static final Duration LONG = Duration.ofMinutes(1);

	private final Map<String, CacheWarmer> warmers = new LinkedHashMap<>();

	private final AtomicBoolean redis = new AtomicBoolean(true);

	private final List<Integer> seen = Collections.synchronizedList(new ArrayList<>());

	private final CountDownLatch gate = new CountDownLatch(1);

	@AfterEach
	void openGate() {
		this.gate.countDown();
	}

	@Test
	void eachStepRunsOnceInARandomOrder() throws Exception {
		this.warmers.put("numbers", (warmUp) -> warmUp.each(numbers(100), this.seen::add));

		run(warmUp(1, LONG, 42));
		List<Integer> first = List.copyOf(this.seen);
		this.seen.clear();
		run(warmUp(1, LONG, 43));

		assertThat(first).containsExactlyInAnyOrderElementsOf(numbers(100)).isNotEqualTo(numbers(100));
		assertThat(this.seen).containsExactlyInAnyOrderElementsOf(numbers(100)).isNotEqualTo(first);
	}

	@Test
	void asManyStepsRunAtATimeAsAreAllowed() throws Exception {
		AtomicInteger running = new AtomicInteger();
		AtomicInteger most = new AtomicInteger();
		CountDownLatch three = new CountDownLatch(3);
		this.warmers.put("slow", (warmUp) -> warmUp.each(numbers(30), (number) -> {
			most.accumulateAndGet(running.incrementAndGet(), Math::max);
			three.countDown();
			three.await(20, TimeUnit.SECONDS);
			return running.decrementAndGet();
		}));

		run(warmUp(3, LONG, 1));

		assertThat(most).hasValue(3);
	}

	@Test
	void warmersRunOneAfterAnother() throws Exception {
		this.warmers.put("first", (warmUp) -> warmUp.each(numbers(20), this.seen::add));
		this.warmers.put("second", (warmUp) -> warmUp.once(() -> this.seen.add(1000)));

		run(warmUp(4, LONG, 1));

		assertThat(this.seen).hasSize(21).endsWith(1000);
	}

	@Test
	void failuresOfStepsAreCountedAndTheFirstIsLogged(CapturedOutput output) throws Exception {
		this.warmers.put("numbers", (warmUp) -> warmUp.each(numbers(10), (number) -> {
			if (number % 2 == 0) {
				throw new IllegalStateException("even");
			}
			return this.seen.add(number);
		}));

		run(warmUp(2, LONG, 1));

		assertThat(this.seen).hasSize(5);
		assertThat(output).containsOnlyOnce("A step of cache warm-up 'numbers' failed")
			.containsOnlyOnce("IllegalStateException: even")
			.contains("Cache warm-up 'numbers' starts: 10 steps, 2 at a time")
			.containsPattern("Cache warm-up 'numbers' has ended: 10 of 10 steps, .* per second, 5 failed, in .* s");
	}

	@Test
	void whatAStepThrowsOrLeavesOnItsThreadIsNoAffairOfTheOthers(CapturedOutput output) throws Exception {
		this.warmers.put("rude", (warmUp) -> warmUp.each(numbers(10), (number) -> {
			if (Thread.currentThread().isInterrupted()) {
				return null;
			}
			this.seen.add(number);
			Thread.currentThread().interrupt();
			throw new NoClassDefFoundError("gone");
		}));

		run(warmUp(1, LONG, 1));

		assertThat(this.seen).hasSize(10);
		assertThat(output).contains("10 of 10 steps").contains("10 failed");
	}

	@Test
	void aWarmerThatFailsIsLoggedAndDoesNotKeepOthersFromRunning(CapturedOutput output) throws Exception {
		this.warmers.put("broken", (warmUp) -> {
			warmUp.once(() -> this.seen.add(1));
			throw new IllegalStateException("no database");
		});
		this.warmers.put("sound", (warmUp) -> warmUp.once(() -> this.seen.add(2)));

		run(warmUp(4, LONG, 1));

		assertThat(this.seen).containsExactly(1, 2);
		assertThat(output).containsOnlyOnce("Cache warm-up 'broken' could not tell all of its steps")
			.contains("no database");
	}

	@Test
	void progressIsLogged(CapturedOutput output) throws Exception {
		this.warmers.put("slow", (warmUp) -> warmUp.once(() -> this.gate.await(20, TimeUnit.SECONDS)));
		CacheWarmUp warmUp = warmUp(4, LONG, 1);
		warmUp.start();

		await().atMost(LONG)
			.untilAsserted(
					() -> assertThat(output).contains("Cache warm-up 'slow': 0 of 1 steps, 0.0 per second, 0 failed"));

		this.gate.countDown();
		assertThat(warmUp.await(LONG)).isTrue();
	}

	@Test
	void aStepLastsUntilItsFutureOrPublisherHasCompleted(CapturedOutput output) throws Exception {
		CompletableFuture<Integer> future = new CompletableFuture<>();
		this.warmers.put("future", (warmUp) -> warmUp.once(() -> future));
		this.warmers.put("mono", (warmUp) -> warmUp.once(() -> Mono.fromSupplier(() -> this.seen.add(1))));
		this.warmers.put("failing", (warmUp) -> warmUp.once(() -> Mono.error(new IllegalStateException("mono"))));
		CacheWarmUp warmUp = warmUp(4, LONG, 1);
		warmUp.start();

		await().atMost(LONG).untilAsserted(() -> assertThat(output).contains("'future': 0 of 1 steps"));
		assertThat(this.seen).isEmpty();
		future.complete(1);

		assertThat(warmUp.await(LONG)).isTrue();
		assertThat(this.seen).containsExactly(1);
		assertThat(output).contains("IllegalStateException: mono");
	}

	@Test
	void withoutRedisNothingRunsAndOneWarningSaysSo(CapturedOutput output) throws Exception {
		this.redis.set(false);
		this.warmers.put("first", (warmUp) -> warmUp.once(() -> this.seen.add(1)));
		this.warmers.put("second", (warmUp) -> warmUp.once(() -> this.seen.add(2)));

		run(warmUp(4, Duration.ofMillis(200), 1));

		assertThat(this.seen).isEmpty();
		assertThat(output).containsOnlyOnce("WARN")
			.contains("Cache warm-up is left out: Redis has not been reachable for 0.2 s.");
	}

	@Test
	void aRedisThatIsLateIsWaitedFor() throws Exception {
		this.redis.set(false);
		this.warmers.put("numbers", (warmUp) -> warmUp.once(() -> this.seen.add(1)));
		CacheWarmUp warmUp = warmUp(4, LONG, 1);
		warmUp.start();

		assertThat(warmUp.await(Duration.ofMillis(200))).isFalse();
		assertThat(this.seen).isEmpty();
		this.redis.set(true);

		assertThat(warmUp.await(LONG)).isTrue();
		assertThat(this.seen).containsExactly(1);
	}

	@Test
	void whenRedisGoesAwayTheRestIsLeftOut(CapturedOutput output) throws Exception {
		this.warmers.put("numbers", (warmUp) -> warmUp.each(numbers(10), (number) -> {
			this.redis.set(this.seen.size() < 2);
			return this.seen.add(number);
		}));
		this.warmers.put("second", (warmUp) -> warmUp.once(() -> this.seen.add(1000)));

		run(warmUp(1, Duration.ofMillis(200), 1));

		assertThat(this.seen).hasSize(3).doesNotContain(1000);
		assertThat(output).containsOnlyOnce("WARN")
			.containsPattern(
					"Cache warm-up stops: Redis has not been reachable for 0.2 s. 'numbers' got as far as 3 of 10");
	}

	@Test
	void stoppingBeginsNoMoreStepsAndIsQuiet(CapturedOutput output) throws Exception {
		CountDownLatch reached = new CountDownLatch(1);
		this.warmers.put("slow", (warmUp) -> warmUp.each(numbers(10), (number) -> {
			this.seen.add(number);
			reached.countDown();
			this.gate.await(20, TimeUnit.SECONDS);
			throw new IllegalStateException("the database has closed");
		}));
		CacheWarmUp warmUp = warmUp(1, LONG, 1);
		warmUp.start();
		assertThat(reached.await(20, TimeUnit.SECONDS)).isTrue();

		warmUp.stop(Duration.ofMillis(10));
		assertThat(warmUp.isRunning()).isTrue();
		this.gate.countDown();

		assertThat(warmUp.await(LONG)).isTrue();
		assertThat(this.seen).hasSize(1);
		assertThat(output).doesNotContain("WARN").doesNotContain("has ended");
	}

	@Test
	void whatIsStoppedBeforeItStartsNeverDoes() {
		this.warmers.put("numbers", (warmUp) -> warmUp.once(() -> this.seen.add(1)));
		CacheWarmUp warmUp = warmUp(1, LONG, 1);

		warmUp.stop(LONG);
		warmUp.start();

		assertThat(warmUp.isRunning()).isFalse();
		assertThat(this.seen).isEmpty();
	}

	private CacheWarmUp warmUp(int concurrency, Duration waitForRedis, long seed) {
		return new CacheWarmUp(() -> this.warmers, this.redis::get,
				new CacheWarmUp.Settings(concurrency, waitForRedis, Duration.ofMillis(100)), new Random(seed));
	}

	private static void run(CacheWarmUp warmUp) throws InterruptedException {
		warmUp.start();
		assertThat(warmUp.await(LONG)).isTrue();
	}

	private static List<Integer> numbers(int count) {
		return IntStream.range(0, count).boxed().toList();
	}

}
