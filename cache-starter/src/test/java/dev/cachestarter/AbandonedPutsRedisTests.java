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

import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.cache.Internals;
import dev.cachestarter.engine.entry.Evictions;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Puts whose caller returns before Redis has answered them.
 */
@WithRedis(local = true)
class AbandonedPutsRedisTests {

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	private final RedisServer redis;

	private final TestInstance<Names> instance;

	private final Evictions evictions;

	AbandonedPutsRedisTests(RedisServer redis) {
		this.redis = redis;
		this.instance = TestInstance
			.of(Names.class, redis.host(), redis.port(),
					(builder) -> Internals.link(builder.caches(List.of("names")), Interleavings.PATIENT))
			.awaitUp();
		this.evictions = this.instance.engine().evictions();
	}

	@AfterEach
	void close() {
		this.instance.close();
	}

	@Test
	void nobodyReadsTheOldValueOnceAPutHasReturned() throws Exception {
		this.instance.service().put("1", "old");
		assertThat(this.instance.service().find("1")).isEqualTo("old");
		this.redis.pause();
		int pending;
		try {
			Thread caller = new Thread(() -> this.instance.cache("names").put("1", "new"));
			caller.start();
			await().atMost(PATIENCE).until(() -> caller.getState() == Thread.State.TIMED_WAITING);

			// Its time to wait is over, for one reason or another.
			caller.interrupt();
			await().atMost(PATIENCE).until(() -> !caller.isAlive());
			pending = this.evictions.pendingCount();
		}
		finally {
			this.redis.resume();
		}

		assertThat(pending).isEqualTo(1);
		await().atMost(PATIENCE).until(() -> this.evictions.pendingCount() == 0);
		assertThat(this.instance.service().find("1")).isNotEqualTo("old");
	}

	/**
	 * Names of something.
	 */
	public static class Names {

		@Cacheable("names")
		public String find(String id) {
			return "loaded";
		}

		@CachePut(cacheNames = "names", key = "#id")
		public String put(String id, String name) {
			return name;
		}

	}

}
