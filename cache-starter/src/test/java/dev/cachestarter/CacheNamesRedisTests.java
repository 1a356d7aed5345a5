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
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.cachestarter.engine.entry.Target;
import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Two instances of which one knows a cache by name and the other does not, since it has
 * not used it yet.
 */
@WithRedis
class CacheNamesRedisTests {

	private static final String KEY = "prices:org-1:7";

	private final RedisServer redis;

	private TestInstance<Object> knowing;

	private TestInstance<Object> other;

	CacheNamesRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@BeforeEach
	void open() {
		this.knowing = TestInstance.of(Object.class, this.redis).awaitUp();
		this.other = TestInstance.of(Object.class, this.redis).awaitUp();
	}

	@AfterEach
	void close() {
		this.knowing.close();
		this.other.close();
	}

	@ParameterizedTest
	@ValueSource(strings = { "cache", "group", "service" })
	void whatOneEvictsByNameTheOtherDoesNotGetThoughItDoesNotKnowTheName(String what) {
		load(this.other);
		assertThat(this.redis.bytes("~g:~:prices")).isNotNull();

		switch (what) {
			case "cache" -> this.knowing.cache("prices").clear();
			case "group" -> this.knowing.cache("prices").evict(KeyPattern.of("org-1:*"));
			default -> {
				this.knowing.cache("prices");
				this.knowing.cacheService().invalidate("prices:*");
			}
		}

		assertThat(this.other.cacheService().get(KEY, Integer.class)).isEmpty();
	}

	@Test
	void whatIsEvictedByNameLeavesOtherKeysWithoutAName() {
		this.other.cacheService().set("motd", 1, Duration.ofMinutes(1));
		this.other.cacheService().set("pricelist:1", 1, Duration.ofMinutes(1));

		this.knowing.cache("prices").clear();

		assertThat(this.other.cacheService().get("motd", Integer.class)).contains(1);
		assertThat(this.other.cacheService().get("pricelist:1", Integer.class)).contains(1);
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void aWidenedEvictionReachesCachesThatOnlyOthersKnow(boolean all) throws Exception {
		this.knowing.cache("prices");
		load(this.knowing);
		this.other.cacheService().set("motd", 1, Duration.ofMinutes(1));
		assertThat(this.redis.bytes("~g:prices")).isNotNull();

		Target widened = all ? Target.ALL : new Target.Key(this.other.engine().layout().locate(KEY)).widen();
		this.other.engine().evictions().evict(widened).get(10, TimeUnit.SECONDS);

		assertThat(this.knowing.cacheService().get(KEY, Integer.class)).isEmpty();
		assertThat(this.other.cacheService().get("motd", Integer.class).isPresent()).isEqualTo(!all);
	}

	private void load(TestInstance<Object> instance) {
		instance.cacheService().getOrLoad(KEY, Integer.class, Duration.ofMinutes(1), () -> 1);
		await().until(() -> instance.cacheService().get(KEY, Integer.class).isPresent());
	}

}
