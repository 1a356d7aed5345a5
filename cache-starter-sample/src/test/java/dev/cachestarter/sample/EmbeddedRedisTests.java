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

package dev.cachestarter.sample;

import java.net.ConnectException;
import java.net.Socket;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import org.junit.jupiter.api.Test;

import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails.Standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link EmbeddedRedis}.
 */
class EmbeddedRedisTests {

	@Test
	void takesConnectionsOnceStartedAndNoneOnceClosed() {
		Standalone address;
		try (EmbeddedRedis redis = EmbeddedRedis.start()) {
			address = redis.getStandalone();
			try (RedisClient client = RedisClient.create(RedisURI.create(address.getHost(), address.getPort()))) {
				assertThat(client.connect().sync().ping()).isEqualTo("PONG");
			}
		}

		assertThatExceptionOfType(ConnectException.class)
			.isThrownBy(() -> new Socket(address.getHost(), address.getPort()).close());
	}

	@Test
	void keepsNothingOnDisk() {
		try (EmbeddedRedis redis = EmbeddedRedis.start();
				RedisClient client = RedisClient
					.create(RedisURI.create(redis.getStandalone().getHost(), redis.getStandalone().getPort()))) {
			var commands = client.connect().sync();

			assertThat(commands.configGet("save")).containsEntry("save", "");
			assertThat(commands.configGet("appendonly")).containsEntry("appendonly", "no");
		}
	}

	@Test
	void severalLiveBesideOneAnother() {
		try (EmbeddedRedis one = EmbeddedRedis.start(); EmbeddedRedis other = EmbeddedRedis.start()) {
			assertThat(one.getStandalone().getPort()).isNotEqualTo(other.getStandalone().getPort());
		}
	}

}
