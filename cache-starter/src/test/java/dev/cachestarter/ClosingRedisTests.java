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
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import dev.cachestarter.OutageLab.Fault;
import dev.cachestarter.cache.Internals;
import dev.cachestarter.testing.Footprint;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Thorough;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Contexts that are closed: when all is well, in each kind of outage, and while calls
 * wait for loads.
 */
@WithRedis
class ClosingRedisTests extends Interleavings {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	/** Pending evictions are given two seconds; the rest is for a busy machine. */
	private static final Duration BOUND = Duration.ofSeconds(10);

	ClosingRedisTests(RedisServer redis) {
		super(redis);
	}

	@Test
	@ExtendWith(OutputCaptureExtension.class)
	void contextsLeaveNoThreadNoSocketAndNoWarningBehind(CapturedOutput output) throws Exception {
		useAndClose(0);
		Set<String> threads = Footprint.threadsOfCaches();
		Footprint before = Footprint.now();

		for (int i = 1; i <= Thorough.choose(20, 300); i++) {
			useAndClose(i);
		}

		await().atMost(PATIENCE).untilAsserted(() -> {
			assertThat(threads).containsAll(Footprint.threadsOfCaches());
			assertThat(Footprint.now().sockets()).isLessThanOrEqualTo(before.sockets());
		});
		assertThat(output.toString().lines()).noneMatch((line) -> line.contains("Connection is already closed"));
		System.out.println("Before contexts were opened and closed: " + before + "; after: " + Footprint.now());
	}

	private void useAndClose(int i) throws Exception {
		TestInstance<OutageLab.Shop> instance = TestInstance
			.of(OutageLab.Shop.class, this.redis.host(), this.redis.port(),
					(builder) -> builder.caches(List.of("items", "others")))
			.awaitUp();
		try (instance) {
			instance.service().find("t", String.valueOf(i));
			instance.service().findFuture("t", String.valueOf(i)).get(20, TimeUnit.SECONDS);
			instance.service().findMono("t", String.valueOf(i)).block(PATIENCE);
			instance.service().tenantChanged("t", String.valueOf(i));
		}
	}

	static Set<Fault> faults() {
		return Thorough.choose(EnumSet.of(Fault.BLACKHOLE, Fault.HALTED, Fault.NO_UNLINK), EnumSet.allOf(Fault.class));
	}

	@ParameterizedTest
	@MethodSource("faults")
	void aContextThatIsClosedInAnOutageEndsSoonAndLeavesNothing(Fault fault) throws Exception {
		Set<String> threads = Footprint.threadsOfCaches();
		try (OutageLab lab = new OutageLab()) {
			OutageLab.awaitCached(lab.shop, "key");
			OutageLab.awaitCached(lab.shop, "tenant");
			OutageLab.Shop shop = lab.shop.service();
			lab.begin(fault);
			shop.changed("key", "1");
			shop.tenantChanged("tenant", "1");
			List<CompletableFuture<OutageLab.Item>> calls = new ArrayList<>();
			for (int i = 0; i < 20; i++) {
				calls.add(shop.findFuture("key", String.valueOf(i)));
			}

			long begun = System.nanoTime();
			lab.shop.close();
			Duration taken = Duration.ofNanos(System.nanoTime() - begun);

			assertThat(taken).isLessThan(BOUND);
			for (CompletableFuture<OutageLab.Item> call : calls) {
				assertThat(call.get(BOUND.toSeconds(), TimeUnit.SECONDS).tenant()).isEqualTo("key");
			}
			// It can still be called, as beans that are closed later do.
			assertThat(shop.find("key", "1").version()).isEqualTo(1);
			System.out.println("Closed, " + fault.kind + ": " + taken.toMillis() + " ms");
			lab.end(fault);
		}
		await().atMost(PATIENCE).untilAsserted(() -> assertThat(threads).containsAll(Footprint.threadsOfCaches()));
	}

	@ParameterizedTest
	@EnumSource
	void whoWaitsForTheLoadOfAnotherInstanceLoadsWhenItsOwnCloses(LoadsRedisTests.Way way) throws Exception {
		TestInstance<LoadsRedisTests.Ways> leader = ways();
		TestInstance<LoadsRedisTests.Ways> closed = ways();
		Pause slow = leader.service().pause();
		Call<String> first = call(() -> way.in(leader.service(), "1"));
		slow.awaitReached();
		List<Call<String>> waiting = new ArrayList<>();
		for (int i = 0; i < 4; i++) {
			waiting.add(call(() -> way.in(closed.service(), "1")));
		}
		await().atMost(PATIENCE).until(() -> closed.counters("ways").misses() == 4);
		waiting.forEach(Call::awaitWaiting);

		closed.close();

		// They would wait for a minute.
		for (Call<String> call : waiting) {
			assertThat(call.result()).isEqualTo("loaded");
		}
		assertThat(first.isDone()).isFalse();
		slow.release();
		assertThat(first.result()).isEqualTo("loaded");
	}

	@ParameterizedTest
	@EnumSource
	void whoLoadsWhileItsInstanceClosesGetsTheValueAndSoDoWhoJoined(LoadsRedisTests.Way way) throws Exception {
		TestInstance<LoadsRedisTests.Ways> closed = ways();
		LoadsRedisTests.Ways service = closed.service();
		Pause slow = service.pause();
		List<Call<String>> calls = new ArrayList<>();
		calls.add(call(() -> way.in(service, "1")));
		slow.awaitReached();
		for (int i = 0; i < 4; i++) {
			calls.add(call(() -> way.in(service, "1")));
		}
		await().atMost(PATIENCE).until(() -> closed.counters("ways").misses() == 5);

		closed.close();
		slow.release();

		for (Call<String> call : calls) {
			assertThat(call.result()).isEqualTo("loaded");
		}
	}

	private TestInstance<LoadsRedisTests.Ways> ways() {
		return closing(TestInstance.of(LoadsRedisTests.Ways.class, this.redis.host(), this.redis.port(),
				(builder) -> Internals.link(builder.defaults(TIMELESS).caches(List.of("ways")), PATIENT)))
			.awaitUp();
	}

}
