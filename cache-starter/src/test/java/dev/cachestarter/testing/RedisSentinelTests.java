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

package dev.cachestarter.testing;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link RedisSentinel}.
 */
class RedisSentinelTests {

	private static RedisSentinel redis;

	@BeforeAll
	static void start() {
		redis = RedisSentinel.start(1);
	}

	@AfterAll
	static void stop() {
		redis.close();
	}

	@Test
	void masterReplicatesToAReadOnlyReplica() {
		redis.master().cli("SET", "key", "1");

		await().untilAsserted(() -> assertThat(redis.replica().cli("GET", "key")).isEqualTo("1"));
		assertThatExceptionOfType(RespClient.ErrorReply.class).isThrownBy(() -> redis.replica().cli("SET", "key", "2"))
			.withMessageStartingWith("READONLY");
	}

	@Test
	void failoverSwapsMasterAndReplica() {
		RedisServer master = redis.master();
		RedisServer replica = redis.replica();

		redis.failover();

		assertThat(redis.master()).isSameAs(replica);
		assertThat(redis.masterPort()).isEqualTo(replica.port());
		assertThat(replica.info("role")).isEqualTo("master");
		assertThat(master.info("role")).isEqualTo("slave");
	}

	@Test
	void replicaStandsInForAKilledMaster() {
		try (RedisSentinel three = RedisSentinel.start(3)) {
			RedisServer master = three.master();
			RedisServer replica = three.replica();

			master.kill();

			three.awaitMasterOtherThan(master);
			assertThat(three.master()).isSameAs(replica);
			assertThat(replica.cli("SET", "key", "1")).isEqualTo("OK");
		}
	}

}
