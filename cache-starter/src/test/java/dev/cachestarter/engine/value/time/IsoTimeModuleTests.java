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

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.type.TypeReference;
import tools.jackson.core.util.JsonGeneratorDelegate;
import tools.jackson.core.util.JsonParserDelegate;
import tools.jackson.databind.BeanDescription;
import tools.jackson.databind.DeserializationConfig;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.annotation.JsonDeserialize;
import tools.jackson.databind.annotation.JsonSerialize;
import tools.jackson.databind.cfg.DateTimeFeature;
import tools.jackson.databind.deser.ValueDeserializerModifier;
import tools.jackson.databind.deser.std.StdDeserializer;
import tools.jackson.databind.ext.javatime.deser.InstantDeserializer;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.ser.std.StdSerializer;
import tools.jackson.databind.util.TokenBuffer;

import dev.cachestarter.engine.value.ValueCodecs;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link IsoTimeModule} inside other values, and beside what an application
 * says of these types.
 */
class IsoTimeModuleTests {

	private static final Instant NOON = Instant.parse("2024-02-29T12:00:00.5Z");

	private static final JsonMapper CACHE = ValueCodecs.mapperBuilder().build();

	static Stream<Object> values() {
		LocalDateTime local = LocalDateTime.of(2024, 2, 29, 12, 34, 56, 789_000_000);
		return Stream.of(NOON, local.toLocalDate(), local.toLocalTime(), local,
				local.atOffset(java.time.ZoneOffset.ofHours(1)), local.atZone(ZoneId.of("Europe/Berlin")),
				local.atZone(ZoneId.of("UTC")), Duration.ofMillis(3_723_456), YearMonth.of(2024, 2));
	}

	@ParameterizedTest
	@MethodSource("values")
	void mapperOfTheCacheReadsItsOwnTextsWithoutMakingStrings(Object value) throws Exception {
		byte[] json = CACHE.writeValueAsBytes(value);
		AtomicInteger strings = new AtomicInteger();
		JsonParser parser = new JsonParserDelegate(CACHE.createParser(json)) {

			@Override
			public String getString() {
				strings.incrementAndGet();
				return super.getString();
			}

		};

		Object read = CACHE.readerFor(value.getClass()).readValue(parser);

		assertThat(read).isEqualTo(value);
		assertThat(strings).hasValue(0);
	}

	@Test
	void mapperOfTheCacheWritesTimesWithoutMakingStrings() {
		List<Object> values = values().filter((value) -> !(value instanceof Duration) && !(value instanceof YearMonth))
			.toList();
		AtomicInteger strings = new AtomicInteger();
		ByteArrayOutputStream json = new ByteArrayOutputStream();
		JsonGenerator generator = new JsonGeneratorDelegate(CACHE.createGenerator(json)) {

			@Override
			public JsonGenerator writeString(String text) {
				strings.incrementAndGet();
				return super.writeString(text);
			}

		};

		CACHE.writer().writeValues(generator).writeAll(values).close();

		assertThat(json.toString(StandardCharsets.UTF_8)).contains("2024-02-29T12:00:00.500Z", "[Europe/Berlin]");
		assertThat(strings).hasValue(0);
	}

	@ParameterizedTest
	@MethodSource("values")
	void valueIsReadFromTokensThatWereKept(Object value) {
		TokenBuffer tokens = TokenBuffer.forGeneration();
		CACHE.writeValue(tokens, value);

		Object read = CACHE.readValue(tokens.asParser(), value.getClass());

		assertThat(read).isEqualTo(value);
	}

	@ParameterizedTest
	@EnumSource
	void mapperWithOtherSettingsWritesAndReadsAsJacksonDoes(IsoTimeFuzzTests.Settings settings) {
		for (IsoTimeFuzzTests.Kind kind : IsoTimeFuzzTests.Kind.values()) {
			values().filter(kind.type::isInstance).forEach((value) -> {
				String json = settings.write(value);
				settings.read(kind, json.getBytes(StandardCharsets.UTF_8), settings.name());
			});
			kind.texts.forEach((text) -> settings.read(kind, ('"' + text + '"').getBytes(StandardCharsets.UTF_8),
					settings.name()));
		}
	}

	@Test
	void aFeatureThatThisJacksonDoesNotHaveIsNone() {
		assertThat(IsoWriter.feature("TRUNCATE_TO_MSECS_ON_WRITE"))
			.isEqualTo(DateTimeFeature.TRUNCATE_TO_MSECS_ON_WRITE);
		assertThat(IsoWriter.feature("OF_ANOTHER_VERSION")).isNull();
	}

	@Test
	void formatOfAPropertyCounts() {
		LocalDateTime local = LocalDateTime.of(2024, 2, 29, 12, 34, 56, 789_000_000);
		Formatted value = new Formatted(NOON, NOON, NOON, local.toLocalDate(), local.toLocalDate(), local.toLocalTime(),
				local.atZone(ZoneId.of("Europe/Berlin")), local.atZone(ZoneId.of("Europe/Berlin")),
				local.atOffset(java.time.ZoneOffset.ofHours(1)), YearMonth.of(2024, 2));

		assertSame((builder) -> builder, value, Formatted.class);
		assertSame((builder) -> builder.disable(DateTimeFeature.WRITE_DATES_WITH_ZONE_ID), value, Formatted.class);
	}

	@Test
	void formatOfATypeCounts() {
		Plain value = new Plain(NOON, LocalDate.of(2024, 2, 29), LocalTime.NOON, Map.of(NOON, List.of(NOON)));

		assertSame((builder) -> builder, value, Plain.class);
		assertSame(
				(builder) -> builder.withConfigOverride(Instant.class,
						(override) -> override.setFormat(JsonFormat.Value.forShape(JsonFormat.Shape.NUMBER_INT))),
				value, Plain.class);
		assertSame(
				(builder) -> builder.withConfigOverride(LocalDate.class,
						(override) -> override.setFormat(JsonFormat.Value.forPattern("dd.MM.yyyy"))),
				value, Plain.class);
		assertSame(
				(builder) -> builder.withConfigOverride(LocalTime.class,
						(override) -> override.setFormat(JsonFormat.Value.forShape(JsonFormat.Shape.ARRAY))),
				value, Plain.class);
	}

	@Test
	void strictPropertyRefusesWhatJacksonRefusesThere() {
		for (String json : List.of("{\"day\":\"2024-02-29T00:00:00Z\"}", "{\"day\":\"\"}", "{\"day\":19782}",
				"{\"day\":\"2024-02-29\"}")) {
			assertThat(outcome(with((builder) -> builder), json, Strict.class))
				.isEqualTo(outcome(without((builder) -> builder), json, Strict.class));
		}
	}

	@Test
	void polymorphicValueKeepsItsTimes() {
		Event value = new Started(NOON, Map.of("at", ZonedDateTime.parse("2024-02-29T12:00:00Z[UTC]")));

		assertSame((builder) -> builder, value, Event.class);
	}

	@Test
	void timeThatNamesItsTypeComesBack() {
		Tagged value = new Tagged(NOON, LocalTime.NOON);

		assertSame((builder) -> builder, value, Tagged.class);
	}

	@Test
	void serializerOfTheApplicationIsUsed() {
		SimpleModule module = new SimpleModule("application").addSerializer(Instant.class, new Upside())
			.addDeserializer(Instant.class, new Down());

		String json = CACHE.rebuild().addModule(module).build().writeValueAsString(List.of(NOON));
		List<Instant> read = CACHE.rebuild().addModule(module).build().readValue(json, new TypeReference<>() {
		});

		assertThat(json).isEqualTo("[\"Z5.00:00:21T92-20-4202\"]");
		assertThat(read).containsExactly(NOON);
	}

	@Test
	void serializerOfAPropertyIsUsed() {
		String json = CACHE.writeValueAsString(new Own(NOON, NOON));

		assertThat(json).contains("\"own\":\"Z5.00:00:21T92-20-4202\"", "\"plain\":\"2024-02-29T12:00:00.500Z\"");
		assertThat(CACHE.readValue(json, Own.class)).isEqualTo(new Own(NOON, NOON));
	}

	@Test
	void modifierOfTheApplicationSeesJacksonsReader() {
		SimpleModule module = new SimpleModule("application").setDeserializerModifier(new ValueDeserializerModifier() {

			@Override
			public ValueDeserializer<?> modifyDeserializer(DeserializationConfig config, BeanDescription.Supplier bean,
					ValueDeserializer<?> deserializer) {
				return (deserializer == InstantDeserializer.INSTANT) ? new Down() : deserializer;
			}

		});

		Instant read = CACHE.rebuild().addModule(module).build().readValue("\"Z5.00:00:21T92-20-4202\"", Instant.class);

		assertThat(read).isEqualTo(NOON);
	}

	private static void assertSame(UnaryOperator<JsonMapper.Builder> change, Object value, Class<?> type) {
		String expected = without(change).writerFor(type).writeValueAsString(value);
		String json = with(change).writerFor(type).writeValueAsString(value);

		assertThat(json).isEqualTo(expected);
		assertThat(outcome(with(change), json, type)).isEqualTo(outcome(without(change), json, type));
	}

	private static String outcome(JsonMapper mapper, String json, Class<?> type) {
		try {
			return String.valueOf(mapper.readValue(json.getBytes(StandardCharsets.UTF_8), type));
		}
		catch (RuntimeException ex) {
			return ex.getClass() + ": " + ex.getMessage();
		}
	}

	private static JsonMapper with(UnaryOperator<JsonMapper.Builder> change) {
		return change.apply(IsoTimeFuzzTests.Settings.CACHE.own.rebuild()).build();
	}

	private static JsonMapper without(UnaryOperator<JsonMapper.Builder> change) {
		return change.apply(IsoTimeFuzzTests.Settings.CACHE.jackson.rebuild()).build();
	}

	record Plain(Instant instant, LocalDate day, LocalTime time, Map<Instant, List<Instant>> byTime) {

	}

	record Formatted(@JsonFormat(pattern = "yyyy-MM-dd HH:mm:ss.SSS", timezone = "Asia/Tokyo") Instant pattern,
			@JsonFormat(shape = JsonFormat.Shape.NUMBER_INT) Instant number,
			@JsonFormat(shape = JsonFormat.Shape.STRING) Instant text,
			@JsonFormat(pattern = "dd.MM.yyyy") LocalDate day,
			@JsonFormat(shape = JsonFormat.Shape.ARRAY) LocalDate parts, @JsonFormat(pattern = "HH:mm") LocalTime time,
			@JsonFormat(without = JsonFormat.Feature.WRITE_DATES_WITH_ZONE_ID) ZonedDateTime zoned,
			@JsonFormat(with = JsonFormat.Feature.ADJUST_DATES_TO_CONTEXT_TIME_ZONE) ZonedDateTime adjusted,
			@JsonFormat(with = JsonFormat.Feature.ADJUST_DATES_TO_CONTEXT_TIME_ZONE,
					timezone = "Asia/Tokyo") OffsetDateTime offset,
			@JsonFormat(pattern = "MM/yyyy") YearMonth month) {

	}

	record Strict(@JsonFormat(lenient = com.fasterxml.jackson.annotation.OptBoolean.FALSE) LocalDate day) {

	}

	record Own(@JsonSerialize(using = Upside.class) @JsonDeserialize(using = Down.class) Instant own, Instant plain) {

	}

	record Tagged(
			@JsonTypeInfo(use = JsonTypeInfo.Id.NAME) @JsonSubTypes(@JsonSubTypes.Type(value = Instant.class,
					name = "instant")) Object instant,
			@JsonTypeInfo(use = JsonTypeInfo.Id.NAME) @JsonSubTypes(@JsonSubTypes.Type(value = LocalTime.class,
					name = "time")) Object time) {

	}

	@JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
	@JsonSubTypes(@JsonSubTypes.Type(value = Started.class, name = "started"))
	sealed interface Event {

	}

	record Started(Instant at, Map<String, ZonedDateTime> more) implements Event {

	}

	static final class Upside extends StdSerializer<Instant> {

		Upside() {
			super(Instant.class);
		}

		@Override
		public void serialize(Instant value, JsonGenerator generator, SerializationContext context) {
			generator.writeString(new StringBuilder(value.toString().replace("500Z", "5Z")).reverse().toString());
		}

	}

	static final class Down extends StdDeserializer<Instant> {

		Down() {
			super(Instant.class);
		}

		@Override
		public Instant deserialize(JsonParser parser, DeserializationContext context) {
			return Instant.parse(new StringBuilder(parser.getString()).reverse().toString());
		}

	}

}
