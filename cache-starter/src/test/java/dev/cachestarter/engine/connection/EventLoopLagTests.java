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

package dev.cachestarter.engine.connection;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.netty.channel.DefaultEventLoop;
import io.netty.channel.local.LocalChannel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import dev.cachestarter.engine.redis.ManualWorker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * How late event loops are.
 */
class EventLoopLagTests {

	private final DefaultEventLoop loop = new DefaultEventLoop();

	private final EventLoopLag lag = new EventLoopLag(null);

	EventLoopLagTests() {
		LocalChannel channel = new LocalChannel();
		this.loop.register(channel).syncUninterruptibly();
		this.lag.afterChannelInitialized(channel);
	}

	@AfterEach
	void close() {
		this.loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
	}

	@Test
	void aLoopThatIsHeldUpIsLateWhileItLastsAndAfterIt() {
		long before = this.lag.nanos();
		CountDownLatch held = new CountDownLatch(1);
		this.loop.execute(() -> hold(held));

		// It is due every 25 ms.
		await().atMost(Duration.ofMinutes(1)).until(() -> late(before) > 300);
		held.countDown();

		await().atMost(Duration.ofMinutes(1)).until(this.loop.submit(() -> {
		})::isDone);
		assertThat(late(before)).isGreaterThan(300);
	}

	@Test
	void theLoopThatRunsTheCallIsToldFromOthers() throws Exception {
		assertThat(this.lag.ofThisThread()).isNull();
		assertThat(this.loop.submit(this.lag::ofThisThread).get(20, TimeUnit.SECONDS)).isNotNull();
	}

	@Test
	void aLoopThatGetsItsProcessorInShortSlicesIsLateForMostOfTheTime() {
		ManualWorker worker = new ManualWorker();
		EventLoopLag.Meter meter = new EventLoopLag.Meter(worker, () -> false, worker::now);
		meter.nanos();

		// As with twenty others for two processors: each pause is just too short to be
		// seen by who looks every 25 ms.
		for (int i = 0; i < 100; i++) {
			worker.skip(Duration.ofMillis(27));
			worker.advance(Duration.ofMillis(3));
		}

		assertThat(TimeUnit.NANOSECONDS.toMillis(meter.nanos())).isBetween(2000L, 3000L);
	}

	@Test
	void aLoopThatIsPunctualIsNotLateHoweverOftenItIsLookedAt() {
		ManualWorker worker = new ManualWorker();
		EventLoopLag.Meter meter = new EventLoopLag.Meter(worker, () -> false, worker::now);
		meter.nanos();
		worker.skip(Duration.ofMillis(100));
		worker.run();
		long before = meter.nanos();

		// So late is every timer.
		for (int i = 0; i < 1000; i++) {
			worker.skip(Duration.ofMillis(1));
			worker.run();
		}

		assertThat(meter.nanos() - before).isZero();
	}

	@Test
	void aLookIsPutOffAsLongAsTheLoopIsSeenToRunWithoutIt() {
		ManualWorker worker = new ManualWorker();
		EventLoopLag.Meter meter = new EventLoopLag.Meter(worker, () -> true, worker::now);
		meter.nanos();
		worker.skip(Duration.ofMillis(100));
		worker.run();
		long before = meter.nanos();

		for (int i = 0; i < 300; i++) {
			worker.advance(Duration.ofNanos(300_000));
			meter.nanos();
			assertThat(meter.due() - worker.now()).isGreaterThan(Duration.ofMillis(1).toNanos());
		}

		assertThat(meter.nanos() - before).isZero();
	}

	@Test
	void aPauseThatEndsWithAnAnswerIsNoLessLate() {
		ManualWorker worker = new ManualWorker();
		EventLoopLag.Meter meter = new EventLoopLag.Meter(worker, () -> true, worker::now);
		meter.nanos();
		worker.advance(Duration.ofMillis(25));
		long before = meter.nanos();

		worker.skip(Duration.ofMillis(100));

		assertThat(TimeUnit.NANOSECONDS.toMillis(meter.nanos() - before)).isBetween(70L, 100L);
		worker.run();
		assertThat(TimeUnit.NANOSECONDS.toMillis(meter.nanos() - before)).isBetween(70L, 100L);
	}

	private long late(long before) {
		return TimeUnit.NANOSECONDS.toMillis(this.lag.nanos() - before);
	}

	private static void hold(CountDownLatch latch) {
		try {
			latch.await(30, TimeUnit.SECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

}
