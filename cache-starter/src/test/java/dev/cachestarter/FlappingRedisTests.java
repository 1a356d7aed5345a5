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
import java.util.List;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import dev.cachestarter.OutageLab.Shop;
import dev.cachestarter.cache.Internals;
import dev.cachestarter.engine.redis.RedisLink;
import dev.cachestarter.testing.FaultProxy;
import dev.cachestarter.testing.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A link that leaves again and again soon after it was back.
 */
class FlappingRedisTests {

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	private static final Duration ANSWER = Duration.ofSeconds(2);

	private final RedisServer redis = RedisServer.local().start();

	private final FaultProxy proxy = FaultProxy.inFrontOf(this.redis);

	private final TestInstance<Shop> instance = TestInstance.of(Shop.class, this.proxy.host(), this.proxy.port(),
			(builder) -> Internals.link(builder.caches(List.of("items", "others")),
					new RedisLink.Settings(ANSWER, ANSWER, 100, ANSWER, 100, 1000, Duration.ofMillis(500),
							Duration.ofMinutes(10), Duration.ofMillis(50), Duration.ofSeconds(10),
							Duration.ofSeconds(1), 50_000)));

	private final RedisLink link = this.instance.engine().link();

	FlappingRedisTests() {
		awaitUp();
	}

	@AfterEach
	void close() {
		this.instance.close();
		this.proxy.close();
		this.redis.close();
	}

	private void awaitUp() {
		await().atMost(PATIENCE).until(this.link::isUp);
	}

	@Test
	void aConnectionThatBreaksOftenIsMadeAnewSoonEachTime() {
		for (int i = 0; i < 8; i++) {
			long session = this.link.session();
			this.proxy.closeAll();
			await().atMost(PATIENCE).until(() -> this.link.session() > session);

			awaitUp();
		}
	}

}
