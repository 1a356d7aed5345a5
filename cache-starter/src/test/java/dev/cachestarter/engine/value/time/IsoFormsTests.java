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

package dev.cachestarter.engine.value.time;

import java.io.StringWriter;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The forms of time themselves, without Jackson behind them: they read and write no text
 * as anything but what Jackson makes of it, and all texts that the cache writes without
 * Jackson's help. Each position, each field and each edge of a text is tried.
 */
class IsoFormsTests {

	private static final JsonMapper JACKSON = IsoTimeFuzzTests.Settings.CACHE.jackson;

	/** In the place of each character, and before it: what is next to the digits, too. */
	private static final String LETTERS = "/:09-+.,TtZzHMS[] ";

	/** In the place of each pair of digits: the edges of all fields. */
	private static final List<String> PAIRS = List.of("00", "01", "12", "13", "17", "18", "19", "23", "24", "28", "29",
			"30", "31", "32", "59", "60", "99");

	/**
	 * What stands around a text in the parser's buffer, which is none of its business.
	 */
	private static final List<String> AROUND = List.of("", "9", "Z]", ".5");

	private static final List<String> FRACTIONS = List.of("", ".5", ".05", ".123", ".1234", ".000005", ".1234567",
			".12345678", ".999999999", ".000000000", ".1234567890", ".");

	private static final List<String> DATES = List.of("0000-01-01", "0000-02-29", "0999-12-31", "1900-02-28",
			"1900-02-29", "2000-02-29", "2023-02-28", "2023-02-29", "2024-02-29", "2024-02-30", "2024-01-31",
			"2024-01-32", "2024-03-31", "2024-04-30", "2024-04-31", "2024-05-31", "2024-06-30", "2024-06-31",
			"2024-07-31", "2024-08-31", "2024-09-30", "2024-09-31", "2024-10-31", "2024-11-30", "2024-11-31",
			"2024-12-31", "9999-12-31", "10000-01-01", "+10000-01-01", "-0001-12-31", "-2024-01-01", "+2024-01-01",
			"12345-01-01", "+12345-01-01", "-999999999-01-01", "+1000000000-01-01", "123-01-01", "2024-1-1", "20240101",
			"2024-001");

	private static final List<String> TIMES = List.of("00:00:00", "23:59:59", "24:00:00", "12:34:60", "12:60:00",
			"09:08:07", "12:34", "1:02:03", "12:34:5", "120304");

	private static final List<String> OFFSETS = List.of("Z", "z", "+00:00", "-00:00", "+01:00", "-01:30", "+18:00",
			"-18:00", "+18:00:00", "-18:00:00", "+18:00:01", "-18:00:01", "+18:01", "+17:59:59", "-17:59:59",
			"+01:02:03", "-01:02:03", "+01:60", "+01:00:60", "+00:59", "+00:00:59", "+01", "+0100", "+1:00", "+010000",
			"");

	private static final List<String> ZONES = List.of("", "[UTC]", "[Europe/Berlin]", "[America/New_York]", "[Z]",
			"[GMT]", "[GMT+1]", "[UTC+01:00]", "[+01:00]", "[europe/berlin]", "[Europe/Nowhere]", "[/]", "[]", "[",
			"[UTC", "UTC]", "[/UTC]", "[UTC/]", "[UTC]]", "[Europe/Berlin", "Europe/Berlin]");

	@ParameterizedTest
	@EnumSource
	void whatIsReadIsWhatJacksonReads(Type type) {
		type.texts().forEach((text) -> assertReadAsByJackson(type, text));
	}

	@ParameterizedTest
	@EnumSource
	void aTextWithAnErrorIsNotReadOrAsJacksonReadsIt(Type type) {
		for (String text : type.samples) {
			edits(text).forEach((edit) -> assertReadAsByJackson(type, edit));
		}
	}

	@ParameterizedTest
	@EnumSource
	void whatIsWrittenIsWhatJacksonWrites(Type type) {
		type.times().forEach((value) -> {
			String expected = JACKSON.writeValueAsString(value);
			StringWriter json = new StringWriter();

			boolean written;
			try (JsonGenerator generator = JACKSON.createGenerator(json)) {
				written = type.write(value, generator);
			}

			assertThat(json).as(expected).hasToString(written ? expected : "");
			assertThat(written).as(expected).isEqualTo(type.isWritten && expected.matches("\"(\\d{4}-.*|\\d\\d:.*)"));
			assertReadAsByJackson(type, expected.substring(1, expected.length() - 1));
		});
	}

	/** Other years, negative or long durations, and zones that may be offsets. */
	private static final String LEFT_TO_JACKSON = "[-+]?\\d{5,}-.*|-\\d{4}.*|P.*-.*|PT\\d{10,}.*|.*\\[(?!UTC])[^/]+]";

	/**
	 * A text that Jackson reads is read as that or left to Jackson; one that Jackson
	 * itself would write is not left to it, but for a few kinds.
	 */
	private static void assertReadAsByJackson(Type type, String text) {
		Object expected = type.byJackson(text);
		boolean isOwn = expected != null && JACKSON.writeValueAsString(expected).equals('"' + text + '"')
				&& !text.matches(LEFT_TO_JACKSON);
		for (String around : AROUND) {
			char[] buffer = (around + text + around).toCharArray();

			Object read = type.form.parse(buffer, around.length(), around.length() + text.length());

			if (isOwn || read != null) {
				assertThat(read).as("%s %s", type, text).isEqualTo(expected);
			}
		}
	}

	private static Set<String> edits(String text) {
		Set<String> edits = new LinkedHashSet<>();
		for (int at = 0; at <= text.length(); at++) {
			String head = text.substring(0, at);
			String tail = text.substring(at);
			String rest = tail.substring(Math.min(1, tail.length()));
			edits.add(head);
			edits.add(tail);
			edits.add(head + rest);
			for (String letter : LETTERS.split("")) {
				edits.add(head + letter + tail);
				edits.add(head + letter + rest);
			}
			if (tail.matches("\\d\\d.*")) {
				PAIRS.forEach((pair) -> edits.add(head + pair + tail.substring(2)));
			}
		}
		return edits;
	}

	/**
	 * The types, each with its form and what Jackson has for it.
	 */
	enum Type {

		INSTANT(Instant.class, IsoParsing::instant, true, "2024-02-29T12:34:56.789Z") {

			@Override
			Stream<String> texts() {
				return Stream.concat(combined(DATES, List.of("T12:34:56.789Z", "T12:34:56Z", "T00:00:00+00:00", "Z")),
						combined(List.of("2024-02-29T", "2024-02-29 ", "2024-02-29"), TIMES, FRACTIONS,
								List.of("Z", "", "z", "+00:00")));
			}

			@Override
			Stream<?> times() {
				return DATE_TIME.times().map((value) -> ((LocalDateTime) value).toInstant(ZoneOffset.UTC));
			}

			@Override
			boolean write(Object value, JsonGenerator generator) {
				return IsoPrinting.instant((Instant) value, generator);
			}

		},

		DATE(LocalDate.class, IsoParsing::localDate, true, "2024-02-29") {

			@Override
			Stream<String> texts() {
				return DATES.stream();
			}

			@Override
			Stream<?> times() {
				return Stream.of(LocalDate.of(0, 1, 1), LocalDate.of(0, 1, 1).minusDays(1), LocalDate.of(9, 10, 11),
						LocalDate.of(1969, 12, 31), LocalDate.EPOCH, LocalDate.of(2024, 2, 29),
						LocalDate.of(9999, 12, 31), LocalDate.of(10_000, 1, 1), LocalDate.of(-10_000, 1, 1));
			}

			@Override
			boolean write(Object value, JsonGenerator generator) {
				return IsoPrinting.localDate((LocalDate) value, generator);
			}

		},

		TIME(LocalTime.class, IsoParsing::localTime, true, "12:34:56.789") {

			@Override
			Stream<String> texts() {
				return combined(TIMES, FRACTIONS);
			}

			@Override
			Stream<?> times() {
				List<LocalTime> values = new ArrayList<>();
				for (int nano : List.of(0, 1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000,
						123_456_789, 999_999_999, 500_000, 100_200_000, 120_000_300, 999_999_000)) {
					values.add(LocalTime.of(23, 59, 58, nano));
				}
				return Stream.concat(values.stream(),
						Stream.of(LocalTime.MIDNIGHT, LocalTime.of(0, 0, 9), LocalTime.of(9, 10, 0), LocalTime.MAX));
			}

			@Override
			boolean write(Object value, JsonGenerator generator) {
				return IsoPrinting.localTime((LocalTime) value, generator);
			}

		},

		DATE_TIME(LocalDateTime.class, IsoParsing::localDateTime, true, "2024-02-29T12:34:56.789") {

			@Override
			Stream<String> texts() {
				return Stream.concat(combined(DATES, List.of("T12:34:56.789", "T", "")),
						combined(List.of("2024-02-29"), List.of("T", "t", " "), TIMES, FRACTIONS));
			}

			@Override
			Stream<?> times() {
				List<LocalDateTime> values = new ArrayList<>();
				DATE.times()
					.forEach((date) -> TIME.times()
						.forEach((time) -> values.add(LocalDateTime.of((LocalDate) date, (LocalTime) time))));
				return values.stream();
			}

			@Override
			boolean write(Object value, JsonGenerator generator) {
				return IsoPrinting.localDateTime((LocalDateTime) value, generator);
			}

		},

		OFFSET_DATE_TIME(OffsetDateTime.class, IsoParsing::offsetDateTime, true, "2024-02-29T12:34:56.789+01:00",
				"2024-02-29T12:34:56-01:02:03", "2024-02-29T12:34:56.7Z") {

			@Override
			Stream<String> texts() {
				return Stream
					.of(combined(List.of("2024-02-29T"), TIMES, FRACTIONS, List.of("Z", "+01:00")),
							combined(List.of("2024-02-29T12:34:56", "2024-02-29T12:34:56.5"), OFFSETS),
							combined(DATES, List.of("T12:34:56+01:00", "T12:34:56", "Z", "+01:00")))
					.flatMap((texts) -> texts);
			}

			@Override
			Stream<?> times() {
				return offsets().map((value) -> ((LocalDateTime) value[0]).atOffset((ZoneOffset) value[1]));
			}

			@Override
			boolean write(Object value, JsonGenerator generator) {
				return IsoPrinting.offsetDateTime((OffsetDateTime) value, generator);
			}

		},

		ZONED_DATE_TIME(ZonedDateTime.class, IsoParsing::zonedDateTime, true,
				"2024-02-29T12:34:56.7+01:00[Europe/Berlin]", "2024-02-29T12:34:56Z[UTC]",
				"2024-02-29T12:34:56-01:02:03") {

			@Override
			Stream<String> texts() {
				return Stream
					.of(combined(List.of("2024-02-29T12:34:56", "2024-10-27T02:30:00", "2024-03-31T02:30:00.5"),
							OFFSETS, ZONES),
							combined(List.of("2024-02-29T"), TIMES, FRACTIONS, List.of("Z", "+01:00[Europe/Berlin]")),
							combined(DATES, List.of("T12:34:56+01:00[Europe/Berlin]", "T12:34:56Z", "[Europe/Berlin]")))
					.flatMap((texts) -> texts);
			}

			@Override
			Stream<?> times() {
				return Stream.concat(offsets().map((value) -> ((LocalDateTime) value[0]).atZone((ZoneOffset) value[1])),
						DATE_TIME.times()
							.map((value) -> ((LocalDateTime) value).atZone(ZoneId.of("America/New_York"))));
			}

			@Override
			boolean write(Object value, JsonGenerator generator) {
				return IsoPrinting.zonedDateTime((ZonedDateTime) value, generator);
			}

		},

		DURATION(Duration.class, IsoParsing::duration, false, "PT1H2M3.456S", "PT1M", "PT0.5S") {

			@Override
			Stream<String> texts() {
				List<String> seconds = List.of("", "0S", "7S", "999999999S", "1000000000S", "1234567890S", "60S",
						"-1S");
				return Stream.of(
						combined(List.of("PT", "P", "pt", "PT1H", "PT1M", "PT1H1M", "PT1M1H", "PT1H1H", "PT1S", "P1D",
								"P1DT", "-PT", "PT-1H", "PT999999999H", "PT1000000000H", "PT999999999M",
								"PT1000000000M", "PTH", "PT1", "1H"), seconds),
						combined(List.of("PT0", "PT9", "PT1H59", "PT", "PT1H", "P"), FRACTIONS,
								List.of("S", "", "H", "M", "S1S", "SS")))
					.flatMap((texts) -> texts);
			}

			@Override
			Stream<?> times() {
				return Stream.of(Duration.ZERO, Duration.ofHours(1), Duration.ofMinutes(59), Duration.ofSeconds(59),
						Duration.ofSeconds(3661), Duration.ofSeconds(3_723, 456_000_000), Duration.ofNanos(1),
						Duration.ofNanos(-1), Duration.ofSeconds(-61), Duration.ofHours(999_999_999),
						Duration.ofHours(1_000_000_000), Duration.ofDays(3));
			}

		},

		YEAR_MONTH(YearMonth.class, IsoParsing::yearMonth, false, "2024-02") {

			@Override
			Stream<String> texts() {
				return combined(List.of("0000", "2024", "9999", "10000", "+10000", "-0001", "123"),
						List.of("-00", "-01", "-02", "-12", "-13", "-1", "-", "", "/01", "01"));
			}

			@Override
			Stream<?> times() {
				return Stream.of(YearMonth.of(0, 1), YearMonth.of(2024, 12), YearMonth.of(9999, 12),
						YearMonth.of(10_000, 1), YearMonth.of(-1, 1));
			}

		};

		private final Class<?> type;

		private final IsoReader.Form form;

		/** Whether the cache has a form of its own to write it in. */
		private final boolean isWritten;

		private final List<String> samples;

		Type(Class<?> type, IsoReader.Form form, boolean isWritten, String... samples) {
			this.type = type;
			this.form = form;
			this.isWritten = isWritten;
			this.samples = List.of(samples);
		}

		abstract Stream<String> texts();

		abstract Stream<?> times();

		boolean write(Object value, JsonGenerator generator) {
			return false;
		}

		@Nullable Object byJackson(String text) {
			try {
				return JACKSON.readValue('"' + text + '"', this.type);
			}
			catch (RuntimeException ex) {
				return null;
			}
		}

		private static Stream<Object[]> offsets() {
			LocalDateTime some = LocalDateTime.of(2024, 2, 29, 12, 34, 56, 789_000_000);
			return Stream.concat(
					Stream.of(0, 3600, -3600, 18 * 3600, -18 * 3600, 3723, -3723)
						.map((seconds) -> new Object[] { some, ZoneOffset.ofTotalSeconds(seconds) }),
					DATE_TIME.times().map((value) -> new Object[] { value, ZoneOffset.ofHours(1) }));
		}

		@SafeVarargs
		private static Stream<String> combined(List<String>... parts) {
			Stream<String> texts = Stream.of("");
			for (List<String> part : parts) {
				texts = texts.flatMap((text) -> part.stream().map((each) -> text + each));
			}
			return texts;
		}

	}

}
