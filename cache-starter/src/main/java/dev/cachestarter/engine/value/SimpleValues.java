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

package dev.cachestarter.engine.value;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.Month;
import java.time.MonthDay;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.Period;
import java.time.Year;
import java.time.YearMonth;
import java.time.ZonedDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.json.BoundedJsonModule;

/**
 * Values that code puts without a type and that say by themselves what they are: their
 * mark is a word for their class. Text, booleans, most numbers, and lists and maps of
 * these need none, since JSON tells them apart; all of them have the mark of
 * {@code Object}.
 */
final class SimpleValues {

	/** The mark of what JSON itself tells apart: the one of {@code Object}. */
	static final String PLAIN_MARK = TypeShape.mark(Object.class.getName() + Map.of());

	private static final Map<Class<?>, String> MARKS = Map.ofEntries(Map.entry(Long.class, "~long---"),
			Map.entry(Short.class, "~short--"), Map.entry(Byte.class, "~byte---"), Map.entry(Float.class, "~float--"),
			Map.entry(Double.class, "~double-"), Map.entry(Character.class, "~char---"),
			Map.entry(BigInteger.class, "~integer"), Map.entry(BigDecimal.class, "~decimal"),
			Map.entry(UUID.class, "~uuid---"), Map.entry(Instant.class, "~instant"),
			Map.entry(LocalDate.class, "~date---"), Map.entry(LocalTime.class, "~time---"),
			Map.entry(LocalDateTime.class, "~dattime"), Map.entry(OffsetDateTime.class, "~offset-"),
			Map.entry(OffsetTime.class, "~offtime"), Map.entry(ZonedDateTime.class, "~zoned--"),
			Map.entry(Duration.class, "~durat--"), Map.entry(Period.class, "~period-"),
			Map.entry(Year.class, "~year---"), Map.entry(YearMonth.class, "~month--"),
			Map.entry(MonthDay.class, "~day----"), Map.entry(DayOfWeek.class, "~weekday"),
			Map.entry(Month.class, "~mname--"));

	private static final Map<Class<?>, Function<String, Object>> PARSERS = Map.ofEntries(
			Map.entry(String.class, (text) -> text), Map.entry(Boolean.class, Boolean::valueOf),
			Map.entry(Integer.class, Integer::valueOf), Map.entry(Long.class, Long::valueOf),
			Map.entry(Short.class, Short::valueOf), Map.entry(Byte.class, Byte::valueOf),
			Map.entry(Double.class, Double::valueOf), Map.entry(Float.class, Float::valueOf),
			Map.entry(BigInteger.class, BoundedJsonModule::integer),
			Map.entry(BigDecimal.class, BoundedJsonModule::decimal), Map.entry(UUID.class, UUID::fromString),
			Map.entry(Instant.class, Instant::parse), Map.entry(LocalDate.class, LocalDate::parse),
			Map.entry(LocalTime.class, LocalTime::parse), Map.entry(LocalDateTime.class, LocalDateTime::parse),
			Map.entry(OffsetDateTime.class, OffsetDateTime::parse),
			Map.entry(ZonedDateTime.class, ZonedDateTime::parse), Map.entry(Year.class, Year::parse));

	private static final Map<String, Class<?>> CLASSES = new HashMap<>();

	static {
		MARKS.forEach((type, mark) -> CLASSES.put(mark, type));
	}

	private SimpleValues() {
	}

	/**
	 * Return whether a mark is the word for a class.
	 */
	static boolean isMark(String mark) {
		return CLASSES.containsKey(mark);
	}

	/**
	 * Return the class that a mark is the word for, {@code null} if it is none.
	 */
	static @Nullable Class<?> type(String mark) {
		return CLASSES.get(mark);
	}

	/**
	 * Return the word for what a value is.
	 * @return the mark, {@code null} if there is no word for it or it needs none
	 */
	static @Nullable String mark(Object value) {
		return isPlain(value) ? null : MARKS.get(value.getClass());
	}

	// As text, where a value stands among others

	/** Return the word for a simple value in text. */
	static String name(Object value) {
		return PARSERS.entrySet()
			.stream()
			.filter((parser) -> parser.getKey() == value.getClass())
			.map((parser) -> parser.getKey().getSimpleName())
			.findFirst()
			.orElseThrow(() -> new IllegalArgumentException("Not a simple value: " + value.getClass()));
	}

	static String text(Object value) {
		return value.toString();
	}

	/** Read what was written as text. */
	static Object parse(String name, String text) {
		return PARSERS.entrySet()
			.stream()
			.filter((parser) -> parser.getKey().getSimpleName().equals(name))
			.findFirst()
			.orElseThrow(() -> new IllegalArgumentException("Not a simple value"))
			.getValue()
			.apply(text);
	}

	/**
	 * Return whether a value comes back from JSON as itself although nothing tells its
	 * type.
	 */
	static boolean isPlain(@Nullable Object value) {
		if (value instanceof List<?> list) {
			return list.stream().allMatch(SimpleValues::isPlain);
		}
		if (value instanceof Map<?, ?> map) {
			return map.entrySet()
				.stream()
				.allMatch((entry) -> entry.getKey() instanceof String && isPlain(entry.getValue()));
		}
		return value == null || value instanceof String || value instanceof Boolean || value instanceof Integer
				|| (value instanceof Double number && Double.isFinite(number));
	}

}
