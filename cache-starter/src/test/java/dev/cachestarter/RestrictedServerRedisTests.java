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

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.OutageLab.Shop;
import dev.cachestarter.testing.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A Redis that others manage, which does not know every command, or not for everyone.
 */
@ExtendWith(OutputCaptureExtension.class)
class RestrictedServerRedisTests {

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	@ParameterizedTest
	@ValueSource(strings = { "config", "info", "client", "script", "dbsize", "hello", "cluster", "role", "@pubsub",
			"@dangerous" })
	void whatIsMerelyGoodToKnowIsNotNeeded(String command, CapturedOutput output) {
		try (RedisServer redis = serverWithout(command); TestInstance<Shop> instance = instance(redis)) {
			Shop shop = instance.awaitUp().service();

			OutageLab.awaitCached(instance, "pattern");
			shop.changed("pattern", "1");
			shop.tenantChanged("pattern", "1");
			shop.patternChanged("pattern", "1");

			assertThat(instance.engine().evictions().pendingCount()).isZero();
			assertThat(shop.find("pattern", "1").version()).isEqualTo(3);
			assertThat(instance.cacheService().getStats().enabled()).isTrue();
			assertThat(errors(output)).isZero();
		}
	}

	@Test
	void whereKeysCannotBeWalkedAPatternTakesItsWholeCache() {
		try (RedisServer redis = serverWithout("scan");
				TestInstance<Shop> instance = instance(redis).awaitUp();
				TestInstance<Shop> other = instance(redis).awaitUp()) {
			OutageLab.awaitCached(instance, "pattern");
			OutageLab.awaitCached(instance, "key");

			instance.service().patternChanged("pattern", "1");

			assertThat(instance.engine().evictions().pendingCount()).isZero();
			assertThat(other.service().find("pattern", "1").version()).isEqualTo(1);
			OutageLab.awaitCached(other, "pattern");
			int loads = other.service().loads();
			other.service().find("key", "1");
			assertThat(other.service().loads()).isEqualTo(loads + 1);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "time", "getrange", "evalsha" })
	void whereAFillIsNotAllowedItIsSaidAndNobodyWaitsForIt(String command, CapturedOutput output) {
		try (RedisServer redis = serverWithout(command); TestInstance<Shop> instance = instance(redis).awaitUp()) {
			// As another instance has made them, whose user may do so.
			redis.cli("SET", "~g:items", "0123456789abcdef");
			redis.cli("SET", "~g:items~:key", "fedcba9876543210");
			instance.service().find("key", "1");

			// Its lease would last for a minute.
			await().atMost(PATIENCE).until(() -> errors(output) == 1);
			for (int i = 2; i <= 4; i++) {
				await().atMost(PATIENCE).until(() -> redis.bytes("items:key:1") == null);
				instance.service().find("key", "1");
				assertThat(instance.service().loads()).isEqualTo(i);
			}
			assertThat(errors(output)).isEqualTo(1);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "MGET", "EVALSHA", "EVAL" })
	void aCommandThatTheServerDoesNotKnowIsSaid(String command, CapturedOutput output) {
		try (RedisServer redis = RedisServer
			.local("--user", "app", "on", ">secret", "~*", "+@all", "--rename-command", command, "")
			.start(); TestInstance<Shop> instance = instance(redis).awaitUp()) {
			for (int i = 1; i <= 3; i++) {
				// Until then the load before is joined.
				await().atMost(PATIENCE).until(() -> redis.bytes("items:key:1") == null);
				instance.service().find("key", "1");
				assertThat(instance.service().loads()).isEqualTo(i);
			}

			assertThat(output.getAll()).containsIgnoringCase("unknown command '" + command + "'");
			assertThat(errors(output)).isEqualTo(1);
		}
	}

	private static long errors(CapturedOutput output) {
		return output.getAll()
			.lines()
			.filter((line) -> line.contains("ERROR ") && line.contains("Cache service Redis error"))
			.count();
	}

	private static RedisServer serverWithout(String command) {
		Shop.TABLE.clear();
		return RedisServer.local("--user", "app", "on", ">secret", "~*", "+@all", "-" + command, "+ping").start();
	}

	private static TestInstance<Shop> instance(RedisServer redis) {
		RedisStandaloneConfiguration where = new RedisStandaloneConfiguration(redis.host(), redis.port());
		where.setUsername("app");
		where.setPassword("secret");
		return TestInstance.of(Shop.class, () -> new LettuceConnectionFactory(where), (builder) -> {
			TestInstance.patient(builder);
			builder.defaults(CacheSettings.defaults().withLease(Duration.ofMinutes(1)))
				.caches(List.of("items", "others", "motd"));
		});
	}

}
