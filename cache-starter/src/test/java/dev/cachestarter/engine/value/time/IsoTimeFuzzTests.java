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

import java.nio.charset.StandardCharsets;
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
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TimeZone;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.cfg.CoercionAction;
import tools.jackson.databind.cfg.CoercionInputShape;
import tools.jackson.databind.cfg.DateTimeFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.type.LogicalType;

import dev.cachestarter.testing.Thorough;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Has times written and read with the module and without it, by mappers of all kinds of
 * settings: what is written, what is read and what fails must be the same.
 */
class IsoTimeFuzzTests {

	private static final int ROUNDS = Thorough.choose(100, 5_000);

	/** What may stand in a text, or nearly. */
	private static final String LETTERS = "0123456789-+:.,TtZz[]/ PpDHhMSsWE_a\u0661\uff11\u00a0\\\"";

	/** Parts that are edges of some field. */
	private static final List<String> PARTS = List.of("24:00:00", "23:59:60", "60", "24", "31", "30", "29", "00", "13",
			"T24:00:00Z", "+00:00", "-00:00", "+0000", "+00", "+18:00", "+18:01", "-18:00:01", "+01:00:30", "+1:00",
			"[UTC]", "[Europe/Berlin]", "[Z]", "[GMT+1]", "[+01:00]", "[europe/berlin]", "[]", "[Europe/Nowhere]",
			"[UTC/x]", "Z[UTC", "0000-", "-0001-", "+10000-", "-999999999-", "+1000000000-", "12345-", "123-", ".",
			".0", ".000000000", ".0000000000", ".999999999", "PT", "P1D", "PT-1S", "-PT1S", "PT1.5H", "PT1M1H", "PT,5S",
			"PT1.S", "PT.5S", "1234567890", "-1.5", "\u0660\u0661", "2000-02-30", "1900-02-29", "  ", "");

	private static final List<String> ZONES = List.copyOf(ZoneId.getAvailableZoneIds());

	private static final List<String> OTHER_JSON = List.of("null", "0", "1", "-1", "1.5", "1700000000000", "1e400",
			"9223372036854775807", "9223372036854775808", "true", "[]", "[2024]", "[2024,2]", "[2024,2,29]",
			"[2024,2,30]", "[12,34]", "[12,34,56,789]", "[2024,2,29,12,34,56,789]", "[\"2024-02-29T12:34:56Z\"]",
			"[\"2024-02-29\"]", "[\"12:34:56\"]", "[\"PT1S\"]", "[[]]", "{}", "{\"a\":1}", "\"\"", "\" \"", "\"null\"",
			"\"2024", "\"2024-02-29T12:34:56Z\" ", "\" 2024-02-29T12:34:56Z\"", "\"2024-02-29T12:34:56Z \"",
			"\"2024-02-29T12:34:56Z\"x", "\"\\u0032024-02-29T12:34:56Z\"", "\"\\u00322024-02-29\"", "\"2024\\n\"");

	private final long seed = Long.getLong("cachestarter.test.seed", System.nanoTime());

	private final Random random = new Random(this.seed);

	@ParameterizedTest
	@EnumSource
	void valuesAreWrittenAndReadAsJacksonDoes(Settings settings) {
		for (Kind kind : Kind.values()) {
			for (int i = 0; i < ROUNDS; i++) {
				Object value = kind.value(this.random);

				String text = settings.write(value);
				settings.read(kind, text.getBytes(StandardCharsets.UTF_8), describe(settings));
			}
		}
	}

	@ParameterizedTest
	@EnumSource
	void brokenTextsFailAsTheyDoWithJackson(Settings settings) {
		for (Kind kind : Kind.values()) {
			for (int i = 0; i < ROUNDS; i++) {
				String text = broken(Kind.values()[this.random.nextInt(Kind.values().length)], kind);

				settings.read(kind, json(text), describe(settings));
			}
		}
	}

	@ParameterizedTest
	@EnumSource
	void everyEditOfATextIsReadAsJacksonDoes(Kind kind) {
		for (String text : kind.texts) {
			for (int at = 0; at <= text.length(); at++) {
				String head = text.substring(0, at);
				String tail = text.substring(at);
				String rest = tail.substring(Math.min(1, tail.length()));
				List<String> edited = new ArrayList<>(List.of(head + rest));
				for (String letter : LETTERS.split("")) {
					edited.add(head + letter + tail);
					edited.add(head + letter + rest);
				}
				for (String part : PARTS) {
					edited.add(head + part + tail);
				}
				edited.forEach((edit) -> Settings.CACHE.readBytes(kind, json(edit), "an edit of " + text));
			}
		}
	}

	@ParameterizedTest
	@EnumSource
	void otherTokensAreReadAsJacksonDoes(Settings settings) {
		for (Kind kind : Kind.values()) {
			for (String json : OTHER_JSON) {
				settings.read(kind, json.getBytes(StandardCharsets.UTF_8), describe(settings));
			}
			for (String part : PARTS) {
				settings.read(kind, json(part), describe(settings));
			}
		}
	}

	@Test
	void everyZoneComesBack() {
		for (String id : ZONES) {
			ZonedDateTime summer = ZonedDateTime.of(2024, 7, 1, 12, 0, 0, 0, ZoneId.of(id));
			for (ZonedDateTime value : List.of(summer, summer.minusMonths(6), summer.withFixedOffsetZone())) {
				String text = Settings.CACHE.write(value);
				Settings.CACHE.read(Kind.ZONED_DATE_TIME, text.getBytes(StandardCharsets.UTF_8), id);

				assertThat(Settings.CACHE.own.readValue(text, ZonedDateTime.class)).isEqualTo(value);
			}
		}
	}

	@Test
	void everySecondOfAnOverlapComesBackAsItWas() {
		ZonedDateTime before = ZonedDateTime.parse("2024-10-27T01:30:00+02:00[Europe/Berlin]");
		for (int second = 0; second < 3 * 3600; second += 17) {
			ZonedDateTime value = before.plusSeconds(second);
			String text = Settings.CACHE.write(value);
			Settings.CACHE.read(Kind.ZONED_DATE_TIME, text.getBytes(StandardCharsets.UTF_8), text);

			assertThat(Settings.CACHE.own.readValue(text, ZonedDateTime.class)).isEqualTo(value);
		}
	}

	private String describe(Settings settings) {
		return "seed " + this.seed + ", " + settings;
	}

	/** A text that was valid, of this type or of another. */
	private String broken(Kind other, Kind kind) {
		Kind from = (this.random.nextInt(4) == 0) ? other : kind;
		Object value = from.value(this.random);
		StringBuilder text = new StringBuilder(Settings.CACHE.jackson.writeValueAsString(value));
		text.deleteCharAt(text.length() - 1).deleteCharAt(0);
		for (int edits = 1 + this.random.nextInt(3); edits > 0; edits--) {
			edit(text);
		}
		return text.toString();
	}

	private void edit(StringBuilder text) {
		int at = this.random.nextInt(text.length() + 1);
		int end = Math.min(text.length(), at + this.random.nextInt(4));
		String letter = String.valueOf(LETTERS.charAt(this.random.nextInt(LETTERS.length())));
		switch (this.random.nextInt(9)) {
			case 0 -> text.insert(at, letter);
			case 1 -> text.replace(at, Math.min(text.length(), at + 1), letter);
			case 2 -> text.delete(at, end);
			case 3 -> text.setLength(at);
			case 4 -> text.insert(at, text.substring(at, end));
			case 5 -> text.replace(at, end, PARTS.get(this.random.nextInt(PARTS.size())));
			case 6 -> field(text);
			case 7 -> {
				String other = text.toString();
				text.setLength(0);
				text.append(this.random.nextBoolean() ? other.toLowerCase(java.util.Locale.ROOT) : ' ' + other + ' ');
			}
			default -> text.append(PARTS.get(this.random.nextInt(PARTS.size())));
		}
	}

	/** Change a whole number of two digits, to be at the edge of what it may be. */
	private void field(StringBuilder text) {
		List<Integer> places = new ArrayList<>();
		for (int i = 0; i + 2 <= text.length(); i++) {
			if (Character.isDigit(text.charAt(i)) && Character.isDigit(text.charAt(i + 1))) {
				places.add(i);
			}
		}
		if (!places.isEmpty()) {
			int at = places.get(this.random.nextInt(places.size()));
			text.replace(at, at + 2, String.format("%02d", this.random.nextInt(62)));
		}
	}

	private byte[] json(String text) {
		StringBuilder json = new StringBuilder("\"");
		boolean escaped = this.random.nextInt(10) == 0;
		for (char letter : text.toCharArray()) {
			if (letter == '"' || letter == '\\' || (escaped && this.random.nextBoolean())) {
				json.append(String.format("\\u%04x", (int) letter));
			}
			else {
				json.append(letter);
			}
		}
		return json.append('"').toString().getBytes(StandardCharsets.UTF_8);
	}

	/**
	 * Settings of mappers.
	 */
	enum Settings {

		/** Those of the cache. */
		CACHE((builder) -> builder.enable(DateTimeFeature.WRITE_DATES_WITH_ZONE_ID)
			.disable(DateTimeFeature.WRITE_DATES_AS_TIMESTAMPS, DateTimeFeature.WRITE_DURATIONS_AS_TIMESTAMPS,
					DateTimeFeature.ADJUST_DATES_TO_CONTEXT_TIME_ZONE,
					DateTimeFeature.WRITE_DATES_WITH_CONTEXT_TIME_ZONE,
					DateTimeFeature.NORMALIZE_DESERIALIZED_ZONE_ID)),

		JACKSON((builder) -> builder),

		TIME_ZONE((builder) -> CACHE.apply(builder)
			.defaultTimeZone(TimeZone.getTimeZone("America/New_York"))
			.enable(DateTimeFeature.USE_TIME_ZONE_FOR_LENIENT_DATE_PARSING)),

		WITH_CONTEXT_TIME_ZONE(
				(builder) -> TIME_ZONE.apply(builder).enable(DateTimeFeature.WRITE_DATES_WITH_CONTEXT_TIME_ZONE)),

		ADJUSTED((builder) -> TIME_ZONE.apply(builder)
			.enable(DateTimeFeature.ADJUST_DATES_TO_CONTEXT_TIME_ZONE, DateTimeFeature.NORMALIZE_DESERIALIZED_ZONE_ID)),

		NUMBERS((builder) -> CACHE.apply(builder)
			.enable(DateTimeFeature.WRITE_DATES_AS_TIMESTAMPS, DateTimeFeature.WRITE_DURATIONS_AS_TIMESTAMPS)),

		WITHOUT_ZONE((builder) -> CACHE.apply(builder).disable(DateTimeFeature.WRITE_DATES_WITH_ZONE_ID)),

		TRUNCATED((builder) -> CACHE.apply(builder)
			.enable(DateTimeFeature.TRUNCATE_TO_MSECS_ON_READ, DateTimeFeature.TRUNCATE_TO_MSECS_ON_WRITE)),

		NUMBERS_IN_TEXT((builder) -> CACHE.apply(builder)
			.enable(DateTimeFeature.ALWAYS_ALLOW_STRINGIFIED_DATE_TIMESTAMPS)
			.enable(DeserializationFeature.UNWRAP_SINGLE_VALUE_ARRAYS)),

		STRICT((builder) -> CACHE.apply(builder)
			.withAllConfigOverrides((overrides) -> overrides.setDefaultLeniency(false))
			.withCoercionConfig(LogicalType.DateTime,
					(config) -> config.setCoercion(CoercionInputShape.EmptyString, CoercionAction.Fail)));

		private final UnaryOperator<JsonMapper.Builder> change;

		final JsonMapper own;

		final JsonMapper jackson;

		Settings(UnaryOperator<JsonMapper.Builder> change) {
			this.change = change;
			this.own = apply(JsonMapper.builder().addModule(new IsoTimeModule())).build();
			this.jackson = apply(JsonMapper.builder()).build();
		}

		JsonMapper.Builder apply(JsonMapper.Builder builder) {
			return this.change.apply(builder);
		}

		String write(Object value) {
			String expected = outcome(() -> this.jackson.writeValueAsString(value));

			assertThat(outcome(() -> this.own.writeValueAsString(value))).as(name()).isEqualTo(expected);
			return expected;
		}

		/** From bytes, and from a string, which another parser reads. */
		void read(Kind kind, byte[] json, String description) {
			String text = new String(json, StandardCharsets.UTF_8);
			readBytes(kind, json, description);

			assertThat(outcome(() -> this.own.readValue(text, kind.type))).as("%s, %s of %s", description, kind, text)
				.isEqualTo(outcome(() -> this.jackson.readValue(text, kind.type)));
		}

		void readBytes(Kind kind, byte[] json, String description) {
			assertThat(outcome(() -> this.own.readValue(json, kind.type)))
				.as("%s, %s of %s", description, kind, new String(json, StandardCharsets.UTF_8))
				.isEqualTo(outcome(() -> this.jackson.readValue(json, kind.type)));
		}

		private static String outcome(Supplier<Object> action) {
			try {
				Object value = action.get();
				return (value instanceof String) ? (String) value
						: (value != null) ? value.getClass().getSimpleName() + " " + value : "null";
			}
			catch (RuntimeException ex) {
				return ex.getClass() + ": " + ex.getMessage() + ", caused by " + ex.getCause();
			}
		}

	}

	/**
	 * The types, and values all over the range of each.
	 */
	enum Kind {

		INSTANT(Instant.class, "2024-02-29T12:34:56.789Z"),

		LOCAL_DATE(LocalDate.class, "2024-02-29"),

		LOCAL_TIME(LocalTime.class, "12:34:56.789"),

		LOCAL_DATE_TIME(LocalDateTime.class, "2024-02-29T12:34:56.789"),

		OFFSET_DATE_TIME(OffsetDateTime.class, "2024-02-29T12:34:56.789+01:00", "2024-02-29T12:34:56-01:02:03"),

		ZONED_DATE_TIME(ZonedDateTime.class, "2024-02-29T12:34:56Z", "2024-02-29T12:34:56.7+01:00[Europe/Berlin]"),

		DURATION(Duration.class, "PT1H2M3.456S"),

		YEAR_MONTH(YearMonth.class, "2024-02");

		final Class<?> type;

		final List<String> texts;

		Kind(Class<?> type, String... texts) {
			this.type = type;
			this.texts = List.of(texts);
		}

		Object value(Random random) {
			return switch (this) {
				case INSTANT -> instant(random);
				case LOCAL_DATE -> date(random);
				case LOCAL_TIME -> time(random);
				case LOCAL_DATE_TIME -> LocalDateTime.of(date(random), time(random));
				case OFFSET_DATE_TIME -> OffsetDateTime.of(date(random), time(random), offset(random));
				case ZONED_DATE_TIME -> zoned(random);
				case DURATION -> duration(random);
				case YEAR_MONTH -> YearMonth.from(date(random));
			};
		}

		private static Instant instant(Random random) {
			return switch (random.nextInt(4)) {
				case 0 -> random(List.of(Instant.MIN, Instant.MAX, Instant.EPOCH, Instant.EPOCH.minusNanos(1)), random);
				case 1 -> Instant.ofEpochSecond(
						bounded(Instant.MIN.getEpochSecond(), Instant.MAX.getEpochSecond(), random), nano(random));
				default -> LocalDateTime.of(date(random), time(random)).toInstant(ZoneOffset.UTC);
			};
		}

		private static LocalDate date(Random random) {
			LocalDate edge = random(List.of(LocalDate.MIN, LocalDate.MAX, LocalDate.EPOCH, LocalDate.of(0, 1, 1),
					LocalDate.of(9999, 12, 31), LocalDate.of(999, 12, 31), LocalDate.of(2000, 2, 29),
					LocalDate.of(1900, 2, 28), LocalDate.of(2024, 2, 29), LocalDate.of(99_999, 1, 1)), random);
			return switch (random.nextInt(6)) {
				case 0 -> edge;
				case 1 -> edge.equals(LocalDate.MIN) ? edge : edge.minusDays(1);
				case 2 -> edge.equals(LocalDate.MAX) ? edge : edge.plusDays(1);
				case 3 -> LocalDate.ofEpochDay(bounded(LocalDate.MIN.toEpochDay(), LocalDate.MAX.toEpochDay(), random));
				default -> LocalDate.ofEpochDay(
						bounded(LocalDate.of(0, 1, 1).toEpochDay(), LocalDate.of(9999, 12, 31).toEpochDay(), random));
			};
		}

		private static LocalTime time(Random random) {
			LocalTime time = switch (random.nextInt(4)) {
				case 0 -> random(List.of(LocalTime.MIDNIGHT, LocalTime.MAX, LocalTime.NOON), random);
				case 1 -> LocalTime.of(random.nextInt(24), random.nextInt(60));
				default -> LocalTime.ofSecondOfDay(random.nextInt(86_400));
			};
			return time.withNano(nano(random));
		}

		private static int nano(Random random) {
			int any = random.nextInt(1_000_000_000);
			int unit = random(
					List.of(1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1000, 100, 10, 1),
					random);
			return random.nextInt(8) == 0 ? random(List.of(1, 999_999_999, 100, 99_000_000), random)
					: any / unit * unit;
		}

		private static ZoneOffset offset(Random random) {
			return switch (random.nextInt(4)) {
				case 0 -> random(List.of(ZoneOffset.UTC, ZoneOffset.MIN, ZoneOffset.MAX), random);
				case 1 -> ZoneOffset.ofTotalSeconds(random.nextInt(2 * 18 * 3600 + 1) - 18 * 3600);
				default -> ZoneOffset.ofTotalSeconds((random.nextInt(2 * 18 * 4 + 1) - 18 * 4) * 900);
			};
		}

		private static ZonedDateTime zoned(Random random) {
			ZoneId zone = switch (random.nextInt(8)) {
				case 0 -> offset(random);
				case 1 -> ZoneId.ofOffset(random(List.of("UTC", "GMT", "UT"), random), offset(random));
				case 2 -> ZoneId.of(random(List.of("UTC", "GMT", "UT", "Z", "GMT0", "EST5EDT"), random));
				default -> ZoneId.of(random(ZONES, random));
			};
			LocalDateTime local = LocalDateTime.of(date(random), time(random));
			if (random.nextBoolean()) {
				local = local.withYear(1880 + random.nextInt(200));
			}
			ZonedDateTime value = ZonedDateTime.ofLocal(local, zone, offset(random));
			return random.nextBoolean() ? value : value.withLaterOffsetAtOverlap();
		}

		private static Duration duration(Random random) {
			Duration some = Duration.ofSeconds(random.nextInt(100_000), nano(random));
			return switch (random.nextInt(6)) {
				case 0 -> Duration.ofSeconds(random.nextLong(), nano(random));
				case 1 -> random(List.of(Duration.ZERO, Duration.ofSeconds(Long.MAX_VALUE, 999_999_999),
						Duration.ofSeconds(Long.MIN_VALUE), ChronoUnit.FOREVER.getDuration(), Duration.ofNanos(-1)),
						random);
				case 2 -> some.negated();
				case 3 -> Duration.ofMinutes(random.nextInt(1_000_000));
				case 4 -> Duration.ofHours(random.nextInt(2_000_000_000));
				default -> some;
			};
		}

		private static long bounded(long from, long to, Random random) {
			return from + Math.floorMod(random.nextLong(), to - from + 1);
		}

		private static <T> T random(List<T> values, Random random) {
			return values.get(random.nextInt(values.size()));
		}

	}

}
