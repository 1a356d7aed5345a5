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
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.core.task.TaskDecorator;

import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.StoredKey;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.is;

/**
 * What becomes of loads that nobody waits for, on executors of every kind.
 */
class BackgroundLoadsTests {

	private static final Duration LONG = Duration.ofHours(1);

	private static final int SHARE = 2;

	private static final int TOTAL = 6;

	private static final int ROOM = 20;

	private final KeyLayout layout = new KeyLayout("", false);

	private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);

	private final CountDownLatch end = new CountDownLatch(1);

	private final AtomicInteger lost = new AtomicInteger();

	private @Nullable BackgroundLoads loads;

	BackgroundLoadsTests() {
		this.timer.setRemoveOnCancelPolicy(true);
	}

	@AfterEach
	void close() {
		this.end.countDown();
		if (this.loads != null) {
			this.loads.close();
		}
		this.timer.shutdownNow();
	}

	@Test
	void anExecutorThatThrowsAnErrorHasRefused() {
		AtomicBoolean failing = new AtomicBoolean(true);
		BackgroundLoads loads = on((task) -> {
			if (failing.get()) {
				throw new Error("unable to create native thread");
			}
			new Thread(task).start();
		});

		assertThat(loads.runOnce(key("a", "1"), LONG, loads.capture(), this::hang)).isFalse();
		assertThat(run(loads, "a", "2", LONG, this::hang)).isFalse();

		assertThat(loads.rejected()).isEqualTo(2);
		assertThat(this.lost).hasValue(0);
		failing.set(false);
		CompletableFuture<@Nullable Void> ran = new CompletableFuture<>();
		assertThat(loads.runOnce(key("a", "1"), LONG, loads.capture(), () -> ran.complete(null))).isTrue();
		assertThat(ran).succeedsWithin(Duration.ofSeconds(30));
	}

	@Test
	void whatAnExecutorHasRefusedIsNotRunAfterAll() {
		Queue<Runnable> kept = new ArrayDeque<>();
		BackgroundLoads loads = on((task) -> {
			kept.add(task);
			throw new Error("unable to create native thread");
		});
		AtomicBoolean ran = new AtomicBoolean();

		assertThat(run(loads, "a", "1", LONG, () -> ran.set(true))).isFalse();
		kept.remove().run();

		assertThat(ran).isFalse();
		assertThat(this.lost).hasValue(0);
	}

	@Test
	void whatHasBegunWasNotRefused() {
		BackgroundLoads loads = on((task) -> {
			Thread thread = new Thread(task);
			thread.start();
			join(thread);
			throw new IllegalStateException("too late");
		});
		AtomicInteger ran = new AtomicInteger();

		assertThat(run(loads, "a", "1", LONG, ran::incrementAndGet)).isTrue();

		assertThat(ran).hasValue(1);
	}

	@Test
	void aDecoratorThatThrowsAnErrorFailsNobody() {
		BackgroundLoads loads = with((task) -> {
			throw new NoClassDefFoundError("x");
		});

		BackgroundLoads.Captured captured = loads.capture();

		assertThat(loads.runOnce(key("a", "1"), LONG, captured, this::hang)).isFalse();
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void aTaskThatItsDecoratorDoesNotRunIsLost(boolean throwing) {
		BackgroundLoads loads = with((task) -> () -> {
			if (throwing) {
				throw new NoClassDefFoundError("x");
			}
		});

		assertThat(run(loads, "a", "1", LONG, this::hang)).isTrue();

		await().untilAtomic(this.lost, is(1));
		CompletableFuture<@Nullable Void> next = new CompletableFuture<>();
		assertThat(run(loads, "a", "1", LONG, () -> next.complete(null))).isTrue();
		await().untilAtomic(this.lost, is(2));
		assertThat(next).isNotDone();
	}

	@Test
	void theDecoratorAndTheExecutorRunOutside() {
		ThreadLocal<Boolean> outside = ThreadLocal.withInitial(() -> false);
		AtomicInteger seen = new AtomicInteger();
		this.loads = new BackgroundLoads((task) -> seen.addAndGet(outside.get() ? 1 : 0), (task) -> {
			seen.addAndGet(outside.get() ? 1 : 0);
			return task;
		}, (code) -> {
			outside.set(true);
			code.run();
			outside.set(false);
		}, this.timer);

		run(this.loads, "a", "1", LONG, this::hang);

		assertThat(seen).hasValue(2);
	}

	@Test
	void whatAnExecutorDropsIsLostAfterItsTime() {
		Queue<Runnable> dropped = new ArrayDeque<>();
		BackgroundLoads loads = on(dropped::add);
		AtomicBoolean ran = new AtomicBoolean();

		assertThat(run(loads, "a", "1", Duration.ofMillis(1), () -> ran.set(true))).isTrue();

		await().untilAtomic(this.lost, is(1));
		dropped.remove().run();
		assertThat(ran).isFalse();
		assertThat(this.lost).hasValue(1);
	}

	@Test
	void aRefreshThatAnExecutorDropsDoesNotHoldItsKeyForEver() {
		AtomicInteger tasks = new AtomicInteger();
		BackgroundLoads loads = on((task) -> tasks.incrementAndGet());
		Duration limit = Duration.ofMillis(1);
		StoredKey key = key("a", "1");

		assertThat(loads.runOnce(key, limit, loads.capture(), this::hang)).isTrue();
		await().until(() -> this.timer.getQueue().isEmpty());

		// Another limit: the key itself is free.
		assertThat(loads.runOnce(key, LONG, loads.capture(), this::hang)).isTrue();
		assertThat(tasks).hasValue(2);
	}

	@Test
	void ofAKeyOneLoadRunsAtATime() throws Exception {
		BackgroundLoads loads = ofOurOwn();
		CountDownLatch begun = new CountDownLatch(1);

		assertThat(loads.runOnce(key("a", "1"), LONG, loads.capture(), () -> {
			begun.countDown();
			hang();
		})).isTrue();
		begun.await();

		assertThat(loads.runOnce(key("a", "1"), LONG, loads.capture(), this::hang)).isFalse();
		this.end.countDown();
		await().until(() -> loads.runOnce(key("a", "1"), LONG, loads.capture(), this::hang));
	}

	@Test
	void whatWaitsWhenAllEndsIsLost() {
		BackgroundLoads loads = on((task) -> {
		});
		run(loads, "a", "1", LONG, this::hang);
		run(loads, "a", "2", LONG, this::hang);

		loads.close();

		assertThat(this.lost).hasValue(2);
		assertThat(run(loads, "a", "3", LONG, this::hang)).isFalse();
	}

	@Test
	void whatWaitsForAThreadOfOurOwnWhenAllEndsIsLost() {
		BackgroundLoads loads = ofOurOwn();
		hangIn(loads, "a", SHARE);
		run(loads, "a", "next", LONG, this::hang);

		loads.close();

		assertThat(this.lost).hasValue(1);
	}

	@Test
	void theTimeOfWhatHasBegunIsNotKept() {
		BackgroundLoads loads = ofOurOwn();

		run(loads, "a", "1", LONG, () -> {
		});

		await().until(() -> this.timer.getQueue().isEmpty());
		assertThat(this.lost).hasValue(0);
	}

	@Test
	void loadsThatHangHoldUpNoOtherCache() {
		BackgroundLoads loads = ofOurOwn();
		hangIn(loads, "a", 3 * SHARE);

		CompletableFuture<@Nullable Void> other = new CompletableFuture<>();
		assertThat(run(loads, "b", "1", LONG, () -> other.complete(null))).isTrue();

		assertThat(other).succeedsWithin(Duration.ofSeconds(30));
	}

	@Test
	void whatHasWaitedRunsWhenItsCacheHasAThread() {
		BackgroundLoads loads = ofOurOwn();
		hangIn(loads, "a", SHARE);
		AtomicInteger ran = new AtomicInteger();
		for (int i = 0; i < 10; i++) {
			run(loads, "a", "waits-" + i, LONG, () -> {
				if (!Thread.currentThread().isInterrupted()) {
					ran.incrementAndGet();
				}
				Thread.currentThread().interrupt();
				throw new StackOverflowError();
			});
		}
		assertThat(ran).hasValue(0);

		this.end.countDown();

		await().untilAtomic(ran, is(10));
	}

	@Test
	void whatWaitsTooLongInTheLineIsTakenBackAndMakesRoom() {
		BackgroundLoads loads = ofOurOwn();
		hangIn(loads, "a", SHARE);
		AtomicBoolean ran = new AtomicBoolean();
		for (int i = 0; i < ROOM; i++) {
			assertThat(run(loads, "a", "waits-" + i, Duration.ofMillis(1), () -> ran.set(true))).isTrue();
		}

		await().untilAtomic(this.lost, is(ROOM));

		assertThat(run(loads, "a", "next", LONG, this::hang)).isTrue();
		this.end.countDown();
		assertThat(ran).isFalse();
	}

	@Test
	void aFullLineRefuses() {
		BackgroundLoads loads = ofOurOwn();
		hangIn(loads, "a", SHARE);
		for (int i = 0; i < ROOM; i++) {
			run(loads, "a", "waits-" + i, LONG, this::hang);
		}

		assertThat(run(loads, "a", "next", LONG, this::hang)).isFalse();
		assertThat(loads.rejected()).isEqualTo(1);
	}

	@Test
	void aCacheHangsWhenAllOfItsShareHasLoadedForTooLong() {
		BackgroundLoads loads = ofOurOwn();
		hangIn(loads, "a", SHARE - 1);
		assertThat(loads.isHanging("a", Duration.ZERO)).isFalse();

		hangIn(loads, "a", 1);

		await().until(() -> loads.isHanging("a", Duration.ofMillis(1)));
		assertThat(loads.isHanging("a", LONG)).isFalse();
		assertThat(loads.isHanging("b", Duration.ZERO)).isFalse();
		this.end.countDown();
		await().until(() -> !loads.isHanging("a", Duration.ofMillis(1)));
	}

	@Test
	void withoutAThreadLeftALoadIsRefused() {
		BackgroundLoads loads = ofOurOwn();
		for (int cache = 0; cache < TOTAL / SHARE; cache++) {
			hangIn(loads, "cache-" + cache, SHARE);
		}

		assertThat(run(loads, "one-too-many", "1", LONG, this::hang)).isFalse();

		this.end.countDown();
		await().until(() -> run(loads, "one-too-many", "1", LONG, this::hang));
	}

	@Test
	void nothingRunsOnTheThreadThatHandsOver() {
		BackgroundLoads loads = on(new ThreadPoolExecutor(1, 1, 1, TimeUnit.SECONDS, new ArrayBlockingQueue<>(1),
				new ThreadPoolExecutor.CallerRunsPolicy()));
		run(loads, "a", "1", LONG, this::hang);
		run(loads, "a", "2", LONG, this::hang);

		assertThat(run(loads, "a", "3", LONG, this::hang)).isFalse();
		assertThat(this.lost).hasValue(0);
	}

	private void hangIn(BackgroundLoads loads, String cache, int count) {
		for (int i = 0; i < count; i++) {
			assertThat(run(loads, cache, "hangs-" + i, LONG, this::hang)).isTrue();
		}
	}

	private void hang() {
		try {
			this.end.await();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private static void join(Thread thread) {
		try {
			thread.join();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private boolean run(BackgroundLoads loads, String cache, String key, Duration begin, Runnable task) {
		return loads.run(key(cache, key), begin, loads.capture(), task, this.lost::incrementAndGet);
	}

	private StoredKey key(String cache, String key) {
		this.layout.register(cache);
		return this.layout.key(cache, key);
	}

	private BackgroundLoads on(Executor executor) {
		this.loads = new BackgroundLoads(executor, null, Runnable::run, this.timer);
		return this.loads;
	}

	private BackgroundLoads ofOurOwn() {
		this.loads = new BackgroundLoads(null, null, Runnable::run, this.timer, new Bulkhead(SHARE, TOTAL, ROOM));
		return this.loads;
	}

	private BackgroundLoads with(TaskDecorator decorator) {
		this.loads = new BackgroundLoads(null, decorator, Runnable::run, this.timer);
		return this.loads;
	}

}
