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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.RespClient;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Other applications use the same Redis, and this one has no key prefix: their keys stay,
 * and what they write under our names does no harm that lasts.
 */
@WithRedis
class StrangersRedisTests {

	private static final Duration LONG = Duration.ofMinutes(1);

	private final RedisServer redis;

	private final TestInstance<Pages> instance;

	StrangersRedisTests(RedisServer redis) {
		this.redis = redis;
		this.instance = TestInstance.of(Pages.class, redis);
	}

	@BeforeEach
	void connected() {
		this.instance.awaitUp();
	}

	@AfterEach
	void close() {
		this.instance.close();
	}

	@ParameterizedTest
	@ValueSource(strings = { "*:42", "session:*:42", "*", "s*", "pages:*:42", "pages:*2" })
	void aPatternRemovesNothingThatThisCacheHasNotWritten(String pattern) {
		strangers(":42");
		this.redis.cli("SET", "pages:x:42", "not an entry");
		this.redis.cli("RPUSH", "pages:y:42", "not an entry");
		this.instance.service().page("t", "42");
		await().atMost(LONG).until(() -> this.redis.number("EXISTS", "pages:t:42") == 1);

		this.instance.cacheService().invalidate(pattern);

		assertThat(this.redis.keys("session:*")).hasSize(6);
		assertThat(this.redis.number("EXISTS", "pages:x:42", "pages:y:42")).isEqualTo(2);
		assertThat(this.redis.number("EXISTS", "pages:t:42")).isEqualTo(pattern.startsWith("s") ? 1 : 0);
	}

	@Test
	void aLookAtAKeyOfNoCacheLeavesWhatStandsThere() {
		strangers("");

		for (String key : this.redis.keys("session:*")) {
			assertThat(this.instance.cacheService().get(key, String.class)).isEmpty();
		}

		assertThat(this.redis.keys("session:*")).hasSize(6);
		assertThat(this.redis.cli("GET", "session:text")).isEqualTo("theirs");
	}

	@ParameterizedTest
	@ValueSource(strings = { "text", "list", "far" })
	void whatStandsInThePlaceOfTheSweepersLeaseKeepsNobodyFromSweeping(String kind) {
		switch (kind) {
			case "text" -> this.redis.cli("SET", "~sweep", "0123456789abcdef");
			case "list" -> this.redis.cli("RPUSH", "~sweep", "0123456789abcdef");
			default -> this.redis.cli("SET", "~sweep", "0123456789abcdef", "EX", "864000");
		}
		this.instance.service().page("t", "42");
		await().atMost(LONG).until(() -> this.redis.number("EXISTS", "pages:t:42") == 1);

		this.instance.service().changed();

		await().atMost(LONG).until(() -> this.redis.number("EXISTS", "pages:t:42") == 0);
	}

	@ParameterizedTest
	@ValueSource(strings = { "~g:pages", "~g:pages~:t", "pages:t:42", "~due", "~sweep", "~probe" })
	void aKeyOfAnotherTypeUnderANameOfOursIsReplaced(String key) {
		for (List<String> command : List.of(List.of("RPUSH", key, "a"), List.of("SADD", key, "a"),
				List.of("HSET", key, "a", "b"), List.of("ZADD", key, "1", "a"), List.of("XADD", key, "*", "a", "b"),
				List.of("SETBIT", key, "100000", "1"), List.of("SET", key, ""), List.of("SET", key, "a"))) {
			// Between the two, the cache may put its own there.
			await().atMost(LONG).ignoreExceptionsInstanceOf(RespClient.ErrorReply.class).until(() -> {
				this.redis.cli("DEL", key);
				this.redis.cli(command.toArray(String[]::new));
				return true;
			});

			assertThat(this.instance.service().page("t", "42")).isEqualTo("t 42");
			await().atMost(LONG).untilAsserted(() -> {
				long calls = this.instance.service().calls;
				assertThat(this.instance.service().page("t", "42")).isEqualTo("t 42");
				assertThat(this.instance.service().calls).as(command.toString()).isEqualTo(calls);
			});
			this.instance.cacheService().invalidate("pages:t:*");
			this.instance.cacheService().invalidate("pages:*2");
			this.instance.service().changed();
			assertThat(this.instance.cacheService().get("pages:t:42", String.class)).isEmpty();
			await().atMost(LONG).until(() -> this.redis.number("EXISTS", "~due") == 0);
		}
	}

	/** A key of each type. */
	private void strangers(String end) {
		this.redis.cli("SET", "session:text" + end, "theirs");
		this.redis.cli("RPUSH", "session:list" + end, "theirs");
		this.redis.cli("SADD", "session:set" + end, "theirs");
		this.redis.cli("HSET", "session:hash" + end, "theirs", "theirs");
		this.redis.cli("ZADD", "session:sorted" + end, "1", "theirs");
		this.redis.cli("XADD", "session:stream" + end, "*", "theirs", "theirs");
	}

	static class Pages {

		volatile long calls;

		@Cacheable("pages")
		public String page(String tenant, String page) {
			this.calls++;
			return tenant + " " + page;
		}

		@CacheEvict(cacheNames = "pages", allEntries = true)
		public void changed() {
		}

	}

}
