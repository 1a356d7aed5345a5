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
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.transaction.support.TransactionTemplate;
import org.springframework.util.unit.DataSize;

import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Transactions;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Values that cannot be stored, put in the place of values that were: nobody reads the
 * old one any more.
 */
@WithRedis
class UnstorablePutsRedisTests {

	private static final String LARGE = Stream.iterate(1, (i) -> i * 31 + 7)
		.limit(2000)
		.map(String::valueOf)
		.reduce("", String::concat);

	private final RedisServer redis;

	private final TestInstance<Texts> writer;

	private final TestInstance<Texts> reader;

	UnstorablePutsRedisTests(RedisServer redis) {
		this.redis = redis;
		this.writer = TestInstance.of(Texts.class, redis.host(), redis.port(), UnstorablePutsRedisTests::small);
		this.reader = TestInstance.of(Texts.class, redis.host(), redis.port(), UnstorablePutsRedisTests::small);
	}

	private static void small(ResilientRedisCacheManager.Builder builder) {
		TestInstance.patient(builder);
		builder.defaults(CacheSettings.defaults()
			.withMaxValueSize(DataSize.ofKilobytes(1))
			.withCompressAbove(DataSize.ofBytes(0))
			.withNullTtl(Duration.ZERO));
	}

	@BeforeEach
	void connected() {
		this.writer.awaitUp();
		this.reader.awaitUp();
	}

	@AfterEach
	void close() {
		this.writer.close();
		this.reader.close();
	}

	static Stream<Arguments> putsOfWhatCannotBeStored() {
		return Stream.of(Way.values())
			.flatMap((way) -> Stream.of(Arguments.argumentSet(way + " too large", way, LARGE),
					Arguments.argumentSet(way + " null", way, null)));
	}

	@ParameterizedTest
	@MethodSource("putsOfWhatCannotBeStored")
	void neitherInstanceReadsTheOldValueAfterwards(Way way, @Nullable String value) {
		hold("old");

		way.put(this.writer, value);

		assertThat(this.reader.service().find("k", "loaded")).isEqualTo("loaded");
		assertThat(this.writer.service().find("k", "loaded")).isEqualTo("loaded");
	}

	@ParameterizedTest
	@MethodSource("putsOfWhatCannotBeStored")
	void norAfterATransactionThatHasPutIt(Way way, @Nullable String value) {
		hold("old");
		TransactionTemplate transaction = new TransactionTemplate(new Transactions());

		transaction.executeWithoutResult((status) -> way.put(this.writer, value));

		assertThat(this.reader.service().find("k", "loaded")).isEqualTo("loaded");
		assertThat(this.writer.service().find("k", "loaded")).isEqualTo("loaded");
	}

	@ParameterizedTest
	@EnumSource
	void whatCanBeStoredIsReadByBoth(Way way) {
		hold("old");

		way.put(this.writer, "new");

		assertThat(this.reader.service().find("k", "loaded")).isEqualTo("new");
		assertThat(this.writer.service().find("k", "loaded")).isEqualTo("new");
	}

	@Test
	void whatIsToBePutIfThereIsNothingLeavesNothingBehind() {
		assertThat(this.writer.cache("texts").putIfAbsent("k", LARGE)).isNull();

		assertThat(this.redis.keys("texts:*")).isEmpty();
		assertThat(this.reader.service().find("k", "loaded")).isEqualTo("loaded");
	}

	private void hold(String value) {
		this.writer.cache("texts").put("k", value);
		assertThat(this.reader.service().find("k", "loaded")).isEqualTo(value);
	}

	/**
	 * A way to put a value under a key.
	 */
	enum Way {

		CACHE {
			@Override
			void put(TestInstance<Texts> instance, @Nullable String value) {
				instance.cache("texts").put("k", value);
			}
		},

		ANNOTATION {
			@Override
			void put(TestInstance<Texts> instance, @Nullable String value) {
				instance.service().replace("k", value);
			}
		},

		ANNOTATION_BY_ITS_RESULT {
			@Override
			void put(TestInstance<Texts> instance, @Nullable String value) {
				instance.service().replaceByResult(List.of("k"), value);
			}
		},

		SERVICE {
			@Override
			void put(TestInstance<Texts> instance, @Nullable String value) {
				instance.cacheService().set("texts:k", value);
			}
		},

		SERVICE_WITH_A_TIME {
			@Override
			void put(TestInstance<Texts> instance, @Nullable String value) {
				instance.cacheService().set("texts:k", value, Duration.ofMinutes(5));
			}
		};

		abstract void put(TestInstance<Texts> instance, @Nullable String value);

	}

	static class Texts {

		@Cacheable(cacheNames = "texts", key = "#key")
		public String find(String key, String loaded) {
			return loaded;
		}

		@CachePut(cacheNames = "texts", key = "#key")
		public @Nullable String replace(String key, @Nullable String value) {
			return value;
		}

		@CachePut(cacheNames = "texts", key = "#result == null or true ? #keys[0] : ''")
		public @Nullable String replaceByResult(List<String> keys, @Nullable String value) {
			return value;
		}

	}

}
