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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Bytes under a key of the cache that no cache can use.
 */
@WithRedis
class UnreadableEntriesRedisTests {

	private final RedisServer redis;

	private final TestInstance<Notes> instance;

	UnreadableEntriesRedisTests(RedisServer redis) {
		this.redis = redis;
		this.instance = TestInstance.of(Notes.class, redis);
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
	@ValueSource(
			strings = { "", "hello", "{\"text\":\"of another application\"}", "cs2 v cut off", "cs9 v of the future" })
	void foreignBytesAreAMissAndReplaced(String foreign) {
		this.redis.cli("SET", "notes:1", foreign);

		assertThat(this.instance.service().find("1").text()).isEqualTo("loaded 1");

		assertReplaced();
	}

	@Test
	void anEntryOfAnotherFormatIsAMissAndReplacedAndNotTakenForForeign() {
		this.redis.cli("SET", "notes:1", "cs1 v" + " and what else that format may have".repeat(10));

		assertThat(this.instance.service().find("1").text()).isEqualTo("loaded 1");

		assertReplaced();
		assertThat(unreadable()).isZero();
	}

	@Test
	void anotherDataTypeIsAMissAndReplaced() {
		this.redis.cli("RPUSH", "notes:1", "a", "b");

		assertThat(this.instance.service().find("1").text()).isEqualTo("loaded 1");

		assertReplaced();
		assertThat(unreadable()).isEqualTo(1);
	}

	@ParameterizedTest
	@ValueSource(strings = { "{\"text\":", "[]", "{\"text\":\"a\"} and more", "{\"text\":\"a\",\"unknown\":1}" })
	void aCorruptPayloadIsAMissAndReplaced(String payload) {
		this.instance.service().find("1");
		assertReplaced();
		this.redis.cli("SETRANGE", "notes:1", String.valueOf(EntryHeader.LENGTH), payload + " ".repeat(40) + "x");

		assertThat(this.instance.service().find("1").text()).isEqualTo("loaded 1");

		assertThat(unreadable()).isEqualTo(1);
		assertReplaced();
	}

	private void assertReplaced() {
		await().atMost(Duration.ofMinutes(1))
			.untilAsserted(() -> assertThat(String.valueOf(this.redis.cli("GET", "notes:1"))).startsWith("cs2 v ")
				.endsWith("{\"text\":\"loaded 1\"}"));
	}

	private long unreadable() {
		return this.instance.counters("notes").unreadable();
	}

	record Note(String text) {

	}

	static class Notes {

		@Cacheable("notes")
		public Note find(String id) {
			return new Note("loaded " + id);
		}

	}

}
