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
import java.util.function.Supplier;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

import org.springframework.data.redis.connection.RedisPassword;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.OutageLab.Shop;
import dev.cachestarter.testing.FaultProxy;
import dev.cachestarter.testing.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Which server it is that answers, and as whom it is logged in to.
 */
class ServerIdentityRedisTests {

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	private static TestInstance<Shop> instance(Supplier<LettuceConnectionFactory> where) {
		return TestInstance.of(Shop.class, where, (builder) -> {
			TestInstance.patient(builder);
			builder.caches(List.of("items", "others"));
		}).awaitUp();
	}

	private static void await(Supplier<Boolean> condition) {
		Awaitility.await().atMost(PATIENCE).until(condition::get);
	}

	@Test
	void aMasterThatWasDemotedAndIsPromotedAgainMayHaveWhatWasEvicted() {
		Shop.TABLE.clear();
		try (RedisServer redis = RedisServer.local("--repl-diskless-sync-delay", "0").start();
				RedisServer other = RedisServer.local("--repl-diskless-sync-delay", "0").start();
				FaultProxy proxy = FaultProxy.inFrontOf(redis);
				TestInstance<Shop> instance = instance(
						() -> new LettuceConnectionFactory(proxy.host(), proxy.port()))) {
			Shop shop = instance.service();
			shop.find("t", "1");
			await(() -> redis.bytes("items:t:1") != null);
			// The other server gets all there is, and not the eviction.
			other.cli("REPLICAOF", redis.host(), Integer.toString(redis.port()));
			await(() -> other.bytes("items:t:1") != null);
			other.cli("REPLICAOF", "NO", "ONE");
			shop.changed("t", "1");
			assertThat(redis.bytes("items:t:1")).isNull();

			proxy.refuse();
			proxy.closeAll();
			await(() -> !instance.engine().link().isUp());
			redis.cli("REPLICAOF", other.host(), Integer.toString(other.port()));
			await(() -> redis.bytes("items:t:1") != null);
			redis.cli("REPLICAOF", "NO", "ONE");
			proxy.pass();
			await(() -> instance.engine().link().isUp());

			assertThat(shop.find("t", "1").version()).isEqualTo(1);
		}
	}

	@Test
	void aServerThatDoesNotSayWhoItIsMayHaveStartedFromAnOldDump() {
		Shop.TABLE.clear();
		try (RedisServer redis = RedisServer.local("--user", "app", "on", ">secret", "~*", "+@all", "-info").start()) {
			RedisStandaloneConfiguration where = new RedisStandaloneConfiguration(redis.host(), redis.port());
			where.setUsername("app");
			where.setPassword("secret");
			try (TestInstance<Shop> instance = instance(() -> new LettuceConnectionFactory(where))) {
				Shop shop = instance.service();
				shop.find("t", "1");
				await(() -> redis.bytes("items:t:1") != null);
				redis.cli("SAVE");
				shop.changed("t", "1");
				assertThat(redis.bytes("items:t:1")).isNull();

				redis.kill();
				await(() -> !instance.engine().link().isUp());
				redis.start();
				await(() -> instance.engine().link().isUp());

				assertThat(shop.find("t", "1").version()).isEqualTo(1);
			}
		}
	}

	@Test
	void aPasswordThatWasRotatedIsReadAgain() {
		Shop.TABLE.clear();
		try (RedisServer redis = RedisServer.local("--user", "app", "on", ">secret", "~*", "+@all").start();
				FaultProxy proxy = FaultProxy.inFrontOf(redis)) {
			RedisStandaloneConfiguration where = new RedisStandaloneConfiguration(proxy.host(), proxy.port());
			where.setUsername("app");
			where.setPassword("secret");
			try (TestInstance<Shop> instance = instance(() -> new LettuceConnectionFactory(where))) {
				redis.cli("ACL", "SETUSER", "app", "resetpass", ">rotated");
				where.setPassword(RedisPassword.of("rotated"));
				long session = instance.engine().link().session();

				proxy.closeAll();
				await(() -> instance.engine().link().session() > session);

				await(() -> instance.engine().link().isUp());
				OutageLab.awaitCached(instance, "t");
			}
		}
	}

}
