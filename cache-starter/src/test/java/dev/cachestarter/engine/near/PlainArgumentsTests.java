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

package dev.cachestarter.engine.near;

import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import org.springframework.cache.interceptor.KeyGenerator;

import dev.cachestarter.engine.key.CacheKeys;
import dev.cachestarter.engine.key.EntryKey;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

/**
 * Which arguments a copy is found by, and that those which are equal have one key.
 */
class PlainArgumentsTests {

	private static final CacheKeys KEYS = new CacheKeys(null);

	private static final KeyGenerator GENERATOR = KEYS.keyGenerator();

	private static final Method METHOD = PlainArgumentsTests.class.getDeclaredMethods()[0];

	/** Values of which some are alike, or have texts that are. */
	private static final List<@Nullable Object> VALUES = valuesOf(null, "", "1", "a", "a:b", "null", "true", "A", "é",
			"e\u0301", 1, 1L, (short) 1, (byte) 1, -1, Integer.MAX_VALUE, 'a', '1', true, false, TimeUnit.DAYS, "DAYS",
			Mine.DAYS, Mine.WITH_A_BODY, new UUID(1, 2), new UUID(1, 2).toString(), LocalDate.of(2026, 1, 2),
			"2026-01-02", LocalDateTime.of(2026, 1, 2, 3, 4), Instant.EPOCH, Instant.EPOCH.toString(), "x".repeat(256));

	static List<Object> othersThanPlain() {
		return List.of(new ArrayList<>(List.of("a")), new int[] { 1 }, Optional.of("a"), new Date(0),
				new StringBuilder("a"), new One("a"), new BigDecimal("1.0") {
				}, new Object(), "x".repeat(257), Duration.ZERO);
	}

	@ParameterizedTest
	@MethodSource
	void othersThanPlain(Object value) {
		assertThat(PlainArguments.of(new Object[] { value })).isNull();
		assertThat(PlainArguments.of(new Object[] { "a", value })).isNull();
	}

	@Test
	void thoseThatAreEqualHaveOneKey() {
		List<@Nullable Object[]> all = new ArrayList<>();
		VALUES.forEach((value) -> all.add(new @Nullable Object[] { value }));
		all.add(new Object[0]);
		List<@Nullable Object> some = VALUES.subList(0, 24);
		some.forEach((one) -> some.forEach((other) -> all.add(new @Nullable Object[] { one, other })));
		int equal = 0;
		for (@Nullable
		Object[] one : all) {
			for (@Nullable
			Object[] other : all) {
				PlainArguments first = PlainArguments.of(one);
				PlainArguments second = PlainArguments.of(copies(other));
				boolean same = first.equals(second);
				if ((first.compareTo(second) == 0) != same
						|| Integer.signum(first.compareTo(second)) != -Integer.signum(second.compareTo(first))) {
					fail("The order of %s and %s".formatted(Arrays.asList(one), Arrays.asList(other)));
				}
				if (same) {
					equal++;
					assertThat(first).hasSameHashCodeAs(second);
					assertThat(keyOf(one)).isEqualTo(keyOf(other));
				}
			}
		}
		assertThat(equal).isEqualTo(all.size());
	}

	@Test
	void whatIsKeptDoesNotChangeWithTheArrayThatTheCallHas() {
		Object[] values = { "a", 1 };
		PlainArguments kept = PlainArguments.of(values).toBeKept();

		values[0] = "b";

		assertThat(kept).isEqualTo(PlainArguments.of(new Object[] { "a", 1 })).isNotEqualTo(PlainArguments.of(values));
	}

	@Test
	void manyArgumentsAreNotLookedAt() {
		assertThat(PlainArguments.of(new Object[9])).isNull();
	}

	/** In a list that is not ordered each look-up would compare half of them. */
	@Test
	void thoseOfOneHashAreFoundSoon() {
		ConcurrentHashMap<PlainArguments, Integer> map = new ConcurrentHashMap<>();
		List<String> texts = List.of("");
		for (int i = 0; i < 15; i++) {
			List<String> longer = new ArrayList<>();
			texts.forEach((text) -> longer.addAll(List.of(text + "Aa", text + "BB")));
			texts = longer;
		}
		long begun = System.nanoTime();
		for (String text : texts) {
			map.put(PlainArguments.of(new Object[] { text, 1 }), 1);
		}

		assertThat(map).hasSize(1 << 15);
		assertThat(map.keySet().stream().mapToInt(Object::hashCode).distinct().count()).isEqualTo(1);
		assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofMinutes(1));
	}

	private static EntryKey keyOf(@Nullable Object[] arguments) {
		return KEYS.renderer().ofKey(GENERATOR.generate("", METHOD, arguments));
	}

	/** Equal values that are other objects, where there can be some. */
	@SuppressWarnings({ "deprecation", "removal" })
	private static @Nullable Object[] copies(@Nullable Object[] values) {
		@Nullable Object[] copies = values.clone();
		for (int i = 0; i < copies.length; i++) {
			if (copies[i] instanceof String text) {
				copies[i] = new String(text);
			}
			else if (copies[i] instanceof Integer number) {
				copies[i] = new Integer(number);
			}
		}
		return copies;
	}

	private static List<@Nullable Object> valuesOf(@Nullable Object... values) {
		List<@Nullable Object> all = new ArrayList<>(Arrays.asList(values));
		Random random = new Random(7);
		for (int i = 0; i < 20; i++) {
			all.add(random.nextLong());
			all.add(new UUID(random.nextLong(), random.nextLong()));
		}
		return all;
	}

	private enum Mine {

		DAYS,

		WITH_A_BODY {
			@Override
			public String toString() {
				return "anything";
			}
		}

	}

	private record One(String text) {

	}

}
