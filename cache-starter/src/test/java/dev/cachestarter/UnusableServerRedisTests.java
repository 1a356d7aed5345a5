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

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import dev.cachestarter.testing.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A server that lets everyone connect, but cannot be used: a replica.
 */
class UnusableServerRedisTests {

	private final RedisServer redis = RedisServer.local().start();

	@AfterEach
	void close() {
		this.redis.close();
	}

	@Test
	void attemptsToUseItLeaveNoConnectionsBehind() {
		this.redis.cli("REPLICAOF", "127.0.0.1", "1");
		try (TestInstance<Object> instance = TestInstance.of(Object.class, this.redis)) {
			await().atMost(Duration.ofMinutes(1)).until(() -> attempts() >= 6);

			await().atMost(Duration.ofMinutes(1)).until(() -> connected() <= 2);
			assertThat(instance.engine().link().isUp()).isFalse();
		}
	}

	/** The driver says hello once on each connection. */
	private long attempts() {
		return this.redis.number("EVAL", """
				local stats = redis.call('INFO', 'commandstats')
				return tonumber(string.match(stats, 'cmdstat_hello:calls=(%d+)') or '0')
				""", "0");
	}

	private long connected() {
		return Long.parseLong(this.redis.info("connected_clients"));
	}

}
