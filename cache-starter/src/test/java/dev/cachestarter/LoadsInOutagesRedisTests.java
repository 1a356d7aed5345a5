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

import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Loads while there is no Redis: callers of one application share one, unless something
 * was evicted there meanwhile.
 */
@WithRedis(local = true)
class LoadsInOutagesRedisTests extends Interleavings {

	LoadsInOutagesRedisTests(RedisServer redis) {
		super(redis);
	}

	static Stream<Arguments> evictions() {
		return Stream.of(eviction("by key", (shop) -> shop.rows().evict("t1", "1")),
				eviction("by tenant", (shop) -> shop.rows().evictTenant("t1")),
				eviction("all", (shop) -> shop.rows().evictAll()),
				eviction("by a pattern", (shop) -> shop.rows().evictOfAllTenants("1")),
				eviction("by a whole key", (shop) -> shop.context().cacheService().delete("rows:t1:1")),
				eviction("by a pattern of all caches", (shop) -> shop.context().cacheService().invalidate("*:1")),
				eviction("everything", (shop) -> shop.context().cacheService().clear()),
				eviction("by a put", (shop) -> shop.context().cache("rows").put("t1:1", new Row("t1", "1", 1))));
	}

	private static Arguments eviction(String name, Consumer<Instance> eviction) {
		return Arguments.argumentSet(name, eviction);
	}

	@ParameterizedTest
	@MethodSource("evictions")
	void aLoadFromBeforeAnEvictionIsNotShared(Consumer<Instance> eviction) throws Exception {
		Instance shop = instance(Set.of());
		this.redis.kill();
		await().until(() -> !shop.context().engine().link().isUp());
		Pause load = shop.rows().pauseAfterReading();
		Call<Integer> early = call(() -> shop.find("t1", "1"));
		load.awaitReached();

		Rows.change("t1", "1");
		eviction.accept(shop);

		assertThat(call(() -> shop.find("t1", "1")).result()).isEqualTo(1);
		assertThat(call(() -> shop.rows().findSync("t1", "1").version()).result()).isEqualTo(1);
		load.release();
		assertThat(early.result()).isEqualTo(0);
	}

	@Test
	void aLoadIsSharedIfNothingOfItsCacheWasEvicted() throws Exception {
		Instance shop = instance(Set.of());
		this.redis.kill();
		await().until(() -> !shop.context().engine().link().isUp());
		Pause load = shop.rows().pauseAfterReading();
		Call<Integer> first = call(() -> shop.find("t1", "1"));
		load.awaitReached();

		shop.context().cache("others").evict("t1:1");
		Call<Integer> second = call(() -> shop.find("t1", "1")).awaitWaiting();
		Call<Integer> third = call(() -> shop.rows().findSync("t1", "1").version()).awaitWaiting();
		Rows.change("t1", "1");
		load.release();

		assertThat(first.result()).isEqualTo(0);
		assertThat(second.result()).isEqualTo(0);
		assertThat(third.result()).isEqualTo(0);
		assertThat(shop.rows().loads()).isEqualTo(1);
	}

}
