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

package dev.cachestarter.cache.call;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

import org.junit.jupiter.api.Test;

import dev.cachestarter.OutageLab;
import dev.cachestarter.TestInstance;
import dev.cachestarter.cache.Breaker;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.engine.redis.Deadline.RedisWaitException;
import dev.cachestarter.engine.redis.Deadline;
import dev.cachestarter.testing.FaultProxy;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/**
 * What one call may wait for Redis.
 */
@WithRedis
class CallRedisTests {

	/** Counts as slow, so that giving up on it says something of the link. */
	private static final Duration PATIENCE = Duration.ofSeconds(1);

	private final RedisServer redis;

	CallRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	private TestInstance<OutageLab.Shop> instance(String host, int port, Duration patience) {
		Consumer<ResilientRedisCacheManager.Builder> settings = (builder) -> builder.commandTimeout(patience)
			.connectTimeout(Duration.ofSeconds(10))
			.breaker(Breaker.defaults()
				.withFailureRate(100)
				.withSlowCall(patience)
				.withSlowCallRate(100)
				.withWindow(1000)
				.withOpenFor(Duration.ofMillis(50), Duration.ofMillis(50)));
		return TestInstance.of(OutageLab.Shop.class, host, port, settings).awaitUp();
	}

	@Test
	void theRedisOfOneManagerIsNotBlamedForThatOfAnother() {
		try (FaultProxy proxy = FaultProxy.inFrontOf(this.redis);
				TestInstance<OutageLab.Shop> well = instance(this.redis.host(), this.redis.port(), PATIENCE);
				TestInstance<OutageLab.Shop> hanging = instance(proxy.host(), proxy.port(), PATIENCE)) {
			Call call = call();
			deadline(call, well);
			long ofTheWell = well.manager().engine().link().session();
			long ofTheHanging = hanging.manager().engine().link().session();

			proxy.holdBack();
			CompletableFuture<?> unanswered = hanging.engine().link().read("k".getBytes(StandardCharsets.UTF_8));
			assertThatThrownBy(() -> deadline(call, hanging).await(unanswered)).isInstanceOf(RedisWaitException.class);

			assertThat(well.manager().engine().link().session()).isEqualTo(ofTheWell);
			assertThat(hanging.manager().engine().link().session()).isGreaterThan(ofTheHanging);
		}
	}

	@Test
	void aCallThatLeasesManyKeysAtOnceHasTimeLeftToFillThem() throws Exception {
		try (TestInstance<OutageLab.Shop> instance = instance(this.redis.host(), this.redis.port(),
				Duration.ofSeconds(10))) {
			Deadline deadline = deadline(call(), instance);
			List<CompletableFuture<String>> leases = new ArrayList<>();
			for (int i = 0; i < 2000; i++) {
				leases.add(new CompletableFuture<>());
				deadline.limit(leases.get(i));
			}
			Thread.sleep(10);

			leases.forEach((lease) -> lease.complete("leased"));

			// Two thousand times ten milliseconds is more than it has.
			CompletableFuture<String> fill = new CompletableFuture<>();
			assertThat(deadline.limit(fill)).isNotDone();
			fill.complete("filled");
		}
	}

	private static Call call() {
		return new BlockingCall(null, null);
	}

	private static Deadline deadline(Call call, TestInstance<?> instance) {
		return call.deadline(instance.manager().engine().link());
	}

}
