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

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

class TimeoutsTests {

	private static final long LONG = TimeUnit.HOURS.toNanos(1);

	private static final long SHORT = TimeUnit.MILLISECONDS.toNanos(20);

	private final Timeouts timeouts = new Timeouts();

	@Test
	void aWaitThatIsNotRemovedFailsWhenItsTimeIsOver() {
		CompletableFuture<String> future = new CompletableFuture<>();
		long begun = System.nanoTime();

		this.timeouts.add(future, SHORT);

		assertThatExceptionOfType(java.util.concurrent.ExecutionException.class)
			.isThrownBy(() -> future.get(1, TimeUnit.MINUTES))
			.withCauseInstanceOf(TimeoutException.class);
		assertThat(System.nanoTime() - begun).isGreaterThanOrEqualTo(SHORT);
		assertThat(this.timeouts.count()).isZero();
	}

	@Test
	void aWaitThatEndsBeforeThoseThatWereThereBeforeEndsInTime() {
		CompletableFuture<String> patient = new CompletableFuture<>();
		CompletableFuture<String> hasty = new CompletableFuture<>();
		this.timeouts.add(patient, LONG);

		this.timeouts.add(hasty, SHORT);

		await().untilAsserted(() -> assertThat(hasty).isCompletedExceptionally());
		assertThat(patient).isNotDone();
		assertThat(this.timeouts.count()).isOne();
	}

	@Test
	void theAlarmOfAWaitThatIsRemovedIsThereForTheNext() {
		CompletableFuture<String> removed = new CompletableFuture<>();
		CompletableFuture<String> next = new CompletableFuture<>();
		Timeouts.Wait wait = this.timeouts.add(removed, SHORT);
		this.timeouts.add(next, 5 * SHORT);

		this.timeouts.remove(wait);

		await().untilAsserted(() -> assertThat(next).isCompletedExceptionally());
		assertThat(removed).isNotDone();
		assertThat(this.timeouts.count()).isZero();
	}

	@Test
	void afterAnAlarmThatFoundNothingTheNextWaitStillEnds() {
		Timeouts.Wait wait = this.timeouts.add(new CompletableFuture<>(), SHORT);
		this.timeouts.remove(wait);
		await().until(() -> !this.timeouts.isSet());
		CompletableFuture<String> next = new CompletableFuture<>();

		this.timeouts.add(next, SHORT);

		await().untilAsserted(() -> assertThat(next).isCompletedExceptionally());
	}

	@Test
	void ofManyWaitsOnManyThreadsEachEndsAndNoneTooEarly() throws Exception {
		List<CompletableFuture<Long>> ends = java.util.Collections.synchronizedList(new ArrayList<>());
		List<Thread> threads = new ArrayList<>();
		for (int i = 0; i < 4; i++) {
			Thread thread = new Thread(() -> {
				for (int j = 0; j < 2000; j++) {
					long limit = TimeUnit.MICROSECONDS.toNanos(ThreadLocalRandom.current().nextInt(1, 20_000));
					long until = System.nanoTime() + limit;
					CompletableFuture<Long> future = new CompletableFuture<>();
					ends.add(future.handle((value, ex) -> System.nanoTime() - until));
					this.timeouts.add(future, limit);
				}
			});
			threads.add(thread);
			thread.start();
		}

		for (Thread thread : threads) {
			thread.join();
		}

		await().until(() -> ends.stream().allMatch(CompletableFuture::isDone));
		assertThat(ends).hasSize(8000).allSatisfy((late) -> assertThat(late.join()).isNotNegative());
		assertThat(this.timeouts.count()).isZero();
	}

}
