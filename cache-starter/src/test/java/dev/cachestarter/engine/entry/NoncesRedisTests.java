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

package dev.cachestarter.engine.entry;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;

import dev.cachestarter.TestInstance;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.RespClient;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The randoms of leases and generations: none comes twice, also in JVMs that go on from
 * one snapshot.
 */
@WithRedis
class NoncesRedisTests {

	private final RedisServer redis;

	NoncesRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@Test
	void noneComesTwice() {
		Nonces nonces = new Nonces();

		Set<String> made = ConcurrentHashMap.newKeySet();
		IntStream.range(0, 200_000).parallel().forEach((number) -> made.add(nonces.get()));

		assertThat(made).hasSize(200_000).allMatch((nonce) -> nonce.matches("[0-9a-f]{16}"));
	}

	@Test
	void twoOfOneStatePartWhereTheyConnectAnew() {
		LongSupplier kernel = new Nonces.Kernel();
		LongSupplier[] seeds = { () -> 42, () -> 42 };
		Nonces[] restored = { new Nonces(() -> seeds[0].getAsLong()), new Nonces(() -> seeds[1].getAsLong()) };
		assertThat(restored[0].get()).isEqualTo(restored[1].get());
		seeds[0] = kernel;
		seeds[1] = kernel;

		restored[0].reseed();
		restored[1].reseed();

		Set<String> made = new HashSet<>();
		for (int i = 0; i < 1000; i++) {
			made.add(restored[0].get());
			made.add(restored[1].get());
		}
		assertThat(made).hasSize(2000);
	}

	@Test
	void everyConnectionBeginsANewSequence() {
		try (TestInstance<Object> instance = TestInstance.of(Object.class, this.redis)) {
			instance.awaitUp();
			Object before = instance.engine().nonces().sequence();

			try (RespClient client = this.redis.connect()) {
				client.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
			}

			await().until(() -> instance.engine().nonces().sequence() != before && instance.engine().link().isUp());
		}
	}

}
