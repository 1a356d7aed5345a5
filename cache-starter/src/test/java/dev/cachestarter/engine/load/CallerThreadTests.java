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

package dev.cachestarter.engine.load;

import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import dev.cachestarter.testing.Thorough;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class CallerThreadTests {

	private static final Decision DECIDED = new Decision.Value("value");

	private final ExecutorService other = Executors.newCachedThreadPool();

	@AfterEach
	void end() {
		this.other.shutdownNow();
	}

	@Test
	void whatTheWayToADecisionNeedsRunsOnTheThreadThatWaits() {
		CallerThread thread = new CallerThread((task) -> {
			throw new AssertionError("elsewhere");
		});
		AtomicReference<Thread> ran = new AtomicReference<>();
		CompletableFuture<Decision> decision = CompletableFuture.runAsync(() -> {
		}, this.other).thenApplyAsync((done) -> {
			ran.set(Thread.currentThread());
			return DECIDED;
		}, thread);

		Decision decided = thread.await(decision);

		assertThat(decided).isSameAs(DECIDED);
		assertThat(ran.get()).isSameAs(Thread.currentThread());
	}

	@Test
	void noTaskThatComesWhileItClosesIsLostOrRunTwice() {
		for (int round = 0; round < Thorough.choose(200, 2000); round++) {
			AtomicInteger runs = new AtomicInteger();
			CallerThread thread = new CallerThread(Runnable::run);
			CompletableFuture<Decision> decision = new CompletableFuture<>();
			CompletableFuture<?> brought = CompletableFuture.runAsync(() -> {
				thread.execute(runs::incrementAndGet);
				decision.complete(DECIDED);
				thread.execute(runs::incrementAndGet);
				thread.execute(runs::incrementAndGet);
			}, this.other);

			thread.await(decision);
			thread.close();

			brought.join();
			await().until(() -> runs.get() >= 3);
			assertThat(runs).hasValue(3);
		}
	}

	@Test
	void aDecisionThatComesAtAnyMomentWakesTheThreadThatWaits() {
		CallerThread thread = new CallerThread(Runnable::run);
		Set<Integer> ran = ConcurrentHashMap.newKeySet();
		for (int round = 0; round < 5000; round++) {
			int number = round;
			CompletableFuture<Decision> decision = new CompletableFuture<>();
			this.other.execute(() -> {
				thread.execute(() -> ran.add(number));
				decision.complete(DECIDED);
			});

			assertThat(thread.await(decision)).isSameAs(DECIDED);
		}
		thread.close();

		assertThat(ran).hasSize(5000);
	}

	@Test
	void anInterruptedThreadWaitsNoLongerAndRunsNothingMore() throws Exception {
		AtomicReference<Thread> ran = new AtomicReference<>();
		CallerThread thread = new CallerThread(this.other);
		CompletableFuture<Decision> decision = new CompletableFuture<>();
		AtomicReference<Decision> decided = new AtomicReference<>();
		AtomicReference<Boolean> flag = new AtomicReference<>();
		Thread caller = new Thread(() -> {
			decided.set(thread.await(decision));
			flag.set(Thread.currentThread().isInterrupted());
		});
		caller.start();
		await().until(() -> caller.getState() == Thread.State.WAITING);

		caller.interrupt();
		caller.join();
		thread.execute(() -> ran.set(Thread.currentThread()));

		assertThat(decided.get()).isSameAs(CallerThread.INTERRUPTED);
		assertThat(flag.get()).isTrue();
		await().until(() -> ran.get() != null);
		assertThat(ran.get()).isNotSameAs(caller);
	}

	@Test
	void aPoolWhoseOnlyThreadWaitsHasAnotherMeanwhile() throws Exception {
		ForkJoinPool pool = new ForkJoinPool(1);
		try {
			CallerThread thread = new CallerThread(Runnable::run);
			CompletableFuture<Decision> decision = new CompletableFuture<>();
			CompletableFuture<Decision> decided = CompletableFuture.supplyAsync(() -> {
				pool.execute(() -> decision.complete(DECIDED));
				return thread.await(decision);
			}, pool);

			assertThat(decided.get(1, TimeUnit.MINUTES)).isSameAs(DECIDED);
		}
		finally {
			pool.shutdownNow();
		}
	}

}
