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

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import io.netty.util.concurrent.FastThreadLocalThread;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.scheduler.Schedulers;

import dev.cachestarter.engine.connection.DaemonThreads;
import dev.cachestarter.engine.load.Continuations.Bounds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.is;

/**
 * Where asynchronous calls go on: with code that blocks, without threads, after the end.
 */
class ContinuationsTests {

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1,
			(task) -> DaemonThreads.daemon(task, "cache-starter-timer"));

	private final CountDownLatch end = new CountDownLatch(1);

	private final AtomicBoolean withoutThreads = new AtomicBoolean();

	private final Continuations continuations = new Continuations(this.timer, new Bounds(4, 12, 16), this::start);

	@AfterEach
	void close() {
		this.withoutThreads.set(false);
		this.end.countDown();
		this.continuations.close();
		this.timer.shutdownNow();
	}

	@Test
	void aBurstIsNoBurstOfThreads() {
		CountDownLatch ran = new CountDownLatch(2000);
		for (int i = 0; i < 2000; i++) {
			this.continuations.execute(ran::countDown);
		}

		await().until(() -> ran.getCount() == 0);

		assertThat(this.continuations.threads()).isLessThanOrEqualTo(16);
	}

	@Test
	void theThreadsThatThereAreAreUsedFirst() {
		Set<Thread> threads = ConcurrentHashMap.newKeySet();
		for (int i = 0; i < 100; i++) {
			CompletableFuture.runAsync(() -> threads.add(Thread.currentThread()), this.continuations).join();
		}

		assertThat(threads).hasSizeLessThanOrEqualTo(4);
	}

	@Test
	void threadsThatBlockAreMadeUpForWithinABound() {
		AtomicInteger blocked = new AtomicInteger();
		for (int i = 0; i < 100; i++) {
			this.continuations.execute(() -> {
				blocked.incrementAndGet();
				hang();
			});
		}

		await().untilAsserted(() -> assertThat(blocked).as("all but those kept for what is nested").hasValue(12));
		await().during(Duration.ofMillis(300))
			.untilAsserted(() -> assertThat(this.continuations.threads()).isEqualTo(12));
		this.end.countDown();
		await().untilAsserted(() -> assertThat(blocked).hasValue(100));
	}

	@Test
	void callsThatWaitForWhatGoesOnHereTooComeToAnEnd() {
		List<CompletableFuture<String>> outer = new ArrayList<>();
		for (int i = 0; i < 100; i++) {
			outer.add(this.continuations.then(elsewhere("reply"), (value, failure, result) -> {
				// As a nested cached call whose reply comes from an event loop, twice.
				CompletableFuture<String> first = this.continuations.then(elsewhere("first"),
						(nested, none, done) -> done.complete(nested));
				CompletableFuture<String> second = this.continuations.then(first,
						(nested, none, done) -> done.complete(nested));
				result.complete(second.join());
			}));
		}

		assertThat(CompletableFuture.allOf(outer.toArray(CompletableFuture[]::new))).succeedsWithin(PATIENCE);
	}

	@Test
	void whatIsKeptForNestedCallsIsNotTakenByOthersOnceItIsThere() throws Exception {
		CompletableFuture<Executor> nested = new CompletableFuture<>();
		CountDownLatch endOfNested = new CountDownLatch(1);
		AtomicInteger blocked = new AtomicInteger();
		for (int i = 0; i < 100; i++) {
			this.continuations.execute(() -> {
				nested.complete(this.continuations.here());
				blocked.incrementAndGet();
				hang();
			});
		}
		await().untilAtomic(blocked, is(12));
		CountDownLatch begun = new CountDownLatch(4);
		for (int i = 0; i < 4; i++) {
			nested.join().execute(() -> {
				begun.countDown();
				join(endOfNested);
			});
		}
		begun.await();
		endOfNested.countDown();

		CompletableFuture<@Nullable Void> next = CompletableFuture.runAsync(() -> {
		}, nested.join());

		assertThat(next).succeedsWithin(PATIENCE);
		assertThat(blocked).hasValue(12);
	}

	@Test
	void withoutMoreThreadsATaskWaitsForThoseThereAre() throws Exception {
		CountDownLatch busy = new CountDownLatch(1);
		this.continuations.execute(() -> {
			busy.countDown();
			hang();
		});
		busy.await();
		this.withoutThreads.set(true);

		CompletableFuture<Thread> ran = new CompletableFuture<>();
		this.continuations.execute(() -> ran.complete(Thread.currentThread()));

		assertThat(ran).isNotDone();
		this.end.countDown();
		assertThat(ran).succeedsWithin(PATIENCE);
		assertThat(ran.join().getName()).isEqualTo("cache-starter-1");
	}

	@Test
	void withoutAnyThreadATaskRunsOnTheCallersIfThatMayBlock() {
		this.withoutThreads.set(true);
		AtomicReference<@Nullable Thread> ran = new AtomicReference<>();

		this.continuations.execute(() -> ran.set(Thread.currentThread()));

		assertThat(ran.get()).isSameAs(Thread.currentThread());
	}

	@Test
	void withoutAnyThreadATaskOfAnEventLoopWaitsForOne() throws Exception {
		this.withoutThreads.set(true);
		CompletableFuture<Thread> ofNetty = new CompletableFuture<>();
		CompletableFuture<Thread> ofReactor = new CompletableFuture<>();
		CompletableFuture<Thread> ofTheTimer = new CompletableFuture<>();

		Thread loop = new FastThreadLocalThread(
				() -> this.continuations.execute(() -> ofNetty.complete(Thread.currentThread())));
		loop.start();
		loop.join();
		CompletableFuture
			.runAsync(() -> this.continuations.execute(() -> ofReactor.complete(Thread.currentThread())),
					(task) -> Schedulers.parallel().schedule(task))
			.join();
		CompletableFuture
			.runAsync(() -> this.continuations.execute(() -> ofTheTimer.complete(Thread.currentThread())), this.timer)
			.join();

		assertThat(ofNetty).isNotDone();
		assertThat(ofReactor).isNotDone();
		assertThat(ofTheTimer).isNotDone();
		this.withoutThreads.set(false);
		assertThat(CompletableFuture.allOf(ofNetty, ofReactor, ofTheTimer)).succeedsWithin(PATIENCE);
		assertThat(ofNetty.join().getName()).startsWith("cache-starter-").isNotEqualTo("cache-starter-timer");
		assertThat(ofReactor.join().getName()).isNotEqualTo("cache-starter-timer");
	}

	@Test
	void afterTheEndTasksAreRunAndNoThreadStays() {
		CountDownLatch ran = new CountDownLatch(101);
		this.continuations.execute(() -> {
			hang();
			ran.countDown();
		});
		this.timer.shutdownNow();
		this.continuations.close();

		for (int i = 0; i < 100; i++) {
			this.continuations.execute(ran::countDown);
		}
		this.end.countDown();

		await().until(() -> ran.getCount() == 0);
		await().until(() -> this.continuations.threads() == 0);
	}

	@Test
	void whatIsQueuedAtTheEndIsRun() {
		CountDownLatch ran = new CountDownLatch(20);
		for (int i = 0; i < 20; i++) {
			this.continuations.execute(() -> {
				ran.countDown();
				hang();
			});
		}

		this.timer.shutdownNow();
		this.continuations.close();
		await().until(() -> ran.getCount() <= 8);
		this.end.countDown();

		await().until(() -> ran.getCount() == 0);
		await().until(() -> this.continuations.threads() == 0);
	}

	@Test
	void afterTheEndATaskOfAnEventLoopWaitsForAThreadToo() throws Exception {
		this.timer.shutdownNow();
		this.continuations.close();
		this.withoutThreads.set(true);
		CompletableFuture<Thread> ran = new CompletableFuture<>();

		Thread loop = new FastThreadLocalThread(
				() -> this.continuations.execute(() -> ran.complete(Thread.currentThread())));
		loop.start();
		loop.join();

		assertThat(ran).isNotDone();
		this.withoutThreads.set(false);
		assertThat(ran).succeedsWithin(PATIENCE);
		assertThat(ran.join().getName()).startsWith("cache-starter-");
	}

	@Test
	void aTaskThatFailsOrIsInterruptedConcernsNoOther() {
		CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
		for (int i = 0; i < 20; i++) {
			this.continuations.execute(() -> {
				Thread.currentThread().interrupt();
				throw new StackOverflowError();
			});
		}

		this.continuations.execute(() -> interrupted.complete(Thread.currentThread().isInterrupted()));

		assertThat(interrupted).succeedsWithin(PATIENCE).isEqualTo(false);
		assertThat(this.continuations.threads()).isLessThanOrEqualTo(4);
	}

	@Test
	void aBodyThatThrowsCompletesWhatWaitsForIt() {
		Error error = new NoClassDefFoundError("x");

		CompletableFuture<String> result = this.continuations.then(elsewhere("reply"), (value, failure, dependent) -> {
			throw error;
		});

		assertThat(result).failsWithin(PATIENCE)
			.withThrowableOfType(java.util.concurrent.ExecutionException.class)
			.havingCause()
			.isSameAs(error);
	}

	@Test
	void anExecutorThatRefusesOrFailsCompletesWhatWaitsForIt() {
		List<Executor> executors = List.of((task) -> {
			throw new RejectedExecutionException();
		}, (task) -> {
			throw new Error("unable to create native thread");
		});

		for (Executor executor : executors) {
			for (CompletableFuture<String> source : List.of(elsewhere("later"),
					CompletableFuture.completedFuture("now"))) {
				CompletableFuture<String> result = Continuations.then(source, executor, new CompletableFuture<>(),
						(value, failure, dependent) -> dependent.complete(value));

				assertThat(result).failsWithin(PATIENCE);
			}
		}
	}

	@Test
	void aBodyIsToldOfAFailureAndMayTakeItsTime() {
		CompletableFuture<String> source = CompletableFuture.failedFuture(new IllegalStateException("no reply"));
		CompletableFuture<String> later = new CompletableFuture<>();

		CompletableFuture<String> result = this.continuations.then(source, (value, failure, dependent) -> later
			.thenAccept((text) -> dependent.complete(text + java.util.Objects.requireNonNull(failure).getMessage())));
		await().until(() -> later.getNumberOfDependents() == 1);

		assertThat(result).isNotDone();
		later.complete("told of ");
		assertThat(result).succeedsWithin(PATIENCE).isEqualTo("told of no reply");
	}

	@Test
	void nothingIsInheritedFromTheThreadThatHappensToNeedAThread() {
		InheritableThreadLocal<String> inherited = new InheritableThreadLocal<>();
		inherited.set("mine");

		CompletableFuture<@Nullable String> seen = CompletableFuture.supplyAsync(inherited::get, this.continuations);

		assertThat(seen).succeedsWithin(PATIENCE).isNull();
	}

	private static CompletableFuture<String> elsewhere(String reply) {
		return CompletableFuture.supplyAsync(() -> reply);
	}

	private void start(Thread thread) {
		if (this.withoutThreads.get()) {
			throw new Error("unable to create native thread");
		}
		thread.start();
	}

	private void hang() {
		join(this.end);
	}

	private static void join(CountDownLatch latch) {
		try {
			latch.await();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

}
