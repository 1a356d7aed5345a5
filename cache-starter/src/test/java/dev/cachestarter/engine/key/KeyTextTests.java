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

package dev.cachestarter.engine.key;

import java.io.File;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Timestamp;
import java.time.DateTimeException;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.Period;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.chrono.JapaneseDate;
import java.time.temporal.TemporalAccessor;
import java.time.temporal.TemporalField;
import java.util.AbstractMap.SimpleEntry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Date;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SimpleTimeZone;
import java.util.TimeZone;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonValue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import org.springframework.cache.interceptor.SimpleKey;
import org.springframework.core.ResolvableType;
import org.springframework.core.convert.converter.Converter;
import org.springframework.core.convert.support.DefaultConversionService;
import org.springframework.core.convert.support.GenericConversionService;
import org.springframework.data.domain.Limit;
import org.springframework.data.domain.PageRequest;
import org.springframework.data.domain.Pageable;
import org.springframework.data.domain.Sort;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

class KeyTextTests {

	private final KeyText keyText = new KeyText(null);

	@ParameterizedTest
	@MethodSource
	void simpleValueIsItsTextEscaped(@Nullable Object value, String segment) {
		assertThat(this.keyText.segment(value)).isEqualTo(segment);
	}

	static Stream<Arguments> simpleValueIsItsTextEscaped() {
		return Stream.of(arguments("org-123", "org-123"),
				arguments("caf\u00e9 \u6771\u4eac", "caf\u00e9%20\u6771\u4eac"),
				arguments("\ud83d\ude00", "\ud83d\ude00"), arguments(null, "%null"), arguments("", "%empty"),
				arguments("%null", "%25null"), arguments("null", "null"), arguments("a:b", "a%3Ab"),
				arguments("100%", "100%25"), arguments("*?[]\\^", "%2A%3F%5B%5D%5C%5E"), arguments("{}{", "%7B}{"),
				arguments("\"a\"", "%22a\""), arguments("[a]", "%5Ba%5D"),
				arguments("a\tb\n\u0000\u007f", "a%09b%0A%00%7F"),
				arguments("\u00a0\u200b\u2028\u202e\ufeff", "%C2%A0%E2%80%8B%E2%80%A8%E2%80%AE%EF%BB%BF"),
				arguments("\ud83d", "%ED%A0%BD"), arguments('x', "x"), arguments(':', "%3A"),
				arguments('\ude00', "%ED%B8%80"), arguments(true, "true"), arguments((byte) -1, "-1"),
				arguments((short) 7, "7"), arguments(42, "42"), arguments(Long.MIN_VALUE, "-9223372036854775808"),
				arguments(1.5f, "1.5"), arguments(-0.0, "-0.0"), arguments(Double.NaN, "NaN"),
				arguments(Double.POSITIVE_INFINITY, "Infinity"),
				arguments(new BigInteger("99999999999999999999"), "99999999999999999999"),
				arguments(new BigDecimal("1.00"), "1.00"), arguments(new BigDecimal("1E+3"), "1E+3"),
				arguments(UUID.fromString("6f1c9a52-0a53-4f6b-9f52-3f3c1d0b7a11"),
						"6f1c9a52-0a53-4f6b-9f52-3f3c1d0b7a11"),
				arguments(new Date(1), "1970-01-01T00%3A00%3A00.001Z"),
				arguments(new Timestamp(1), "1970-01-01T00%3A00%3A00.001Z"),
				arguments(new java.sql.Date(0), "1970-01-01T00%3A00%3A00Z"),
				arguments(String.class, "java.lang.String"), arguments(url("https://a.b/c"), "https%3A//a.b/c"),
				arguments(Path.of("a", "b"), "a/b"), arguments(new File("a/b"), "a/b"),
				arguments(StandardCharsets.UTF_8, "UTF-8"),
				arguments(TimeZone.getTimeZone("Europe/Paris"), "Europe/Paris"), arguments(DayOfWeek.MONDAY, "MONDAY"),
				arguments(Mode.SLOW, "SLOW"), arguments(Locale.CANADA_FRENCH, "fr-CA"),
				arguments(URI.create("https://a.b/c?d=*"), "https%3A//a.b/c%3Fd=%2A"),
				arguments(Instant.parse("2026-11-23T10:15:30Z"), "2026-11-23T10%3A15%3A30Z"),
				arguments(Duration.ofMinutes(5), "PT5M"),
				arguments(LocalDateTime.of(2026, 1, 2, 3, 4), "2026-01-02T03%3A04"),
				arguments(ZonedDateTime.parse("2026-01-02T03:04:05+01:00[Europe/Paris]"),
						"2026-01-02T03%3A04%3A05+01%3A00%5BEurope/Paris%5D"));
	}

	@ParameterizedTest
	@MethodSource
	void composedValueIsCanonicalJson(Object value, String segment) {
		assertThat(this.keyText.segment(value)).isEqualTo(segment);
		assertThat(KeySegments.endOfFirst(segment + ":x")).isEqualTo(segment.length());
	}

	static Stream<Arguments> composedValueIsCanonicalJson() {
		Map<String, @Nullable Object> map = new HashMap<>();
		map.put("b", null);
		map.put("a", List.of(1, "1", 'c', true));
		map.put("@set", "mine");
		map.put("A", Map.of());
		return Stream.of(arguments(new Page(1, 20), "{\"limit\":20,\"page\":1}"), arguments(
				new Everything(null, Optional.empty(), Optional.of("x"), OptionalInt.of(3), Mode.FAST, -0.0, Double.NaN,
						new BigDecimal("1.00")),
				"{\"empty\":{\"@optional\":null},\"full\":{\"@optional\":\"x\"},\"mode\":\"FAST\",\"nan\":\"NaN\",\"number\":{\"@optional\":3},\"price\":1.00,\"zero\":-0.0}"),
				arguments(map, "{\"@@set\":\"mine\",\"A\":{},\"a\":[1,\"1\",\"c\",true],\"b\":null}"),
				arguments(PageRequest.of(2, 20), "{\"page\":2,\"size\":20}"),
				arguments(PageRequest.of(0, 5, Sort.by(Sort.Order.desc("name").ignoreCase(), Sort.Order.asc("id"))),
						"{\"page\":0,\"size\":5,\"sort\":[{\"direction\":\"DESC\",\"ignoreCase\":true,\"property\":\"name\"},"
								+ "{\"direction\":\"ASC\",\"property\":\"id\"}]}"),
				arguments(Pageable.unpaged(), "{}"), arguments(Sort.unsorted(), "[]"),
				arguments(Sort.by("name"), "[{\"direction\":\"ASC\",\"property\":\"name\"}]"),
				arguments(Limit.of(3), "{\"limit\":3}"), arguments(new EnumMap<>(Map.of(Unit.HOUR, 1)), "{\"HOUR\":1}"),
				arguments(Map.of(2L, "b", 1L, "a"), "{\"1\":\"a\",\"2\":\"b\"}"),
				arguments(Collections.singletonMap(null, 1), "{\"@null\":1}"),
				arguments(List.of("b", "a"), "[\"b\",\"a\"]"), arguments(List.of(), "[]"),
				arguments(new String[] { "a" }, "[\"a\"]"), arguments(new int[] { 3, 1 }, "[3,1]"),
				arguments(new byte[] { -1 }, "[-1]"), arguments(new char[] { 'a', '"' }, "[\"a\",\"\\\"\"]"),
				arguments(new double[] { 1, Double.NEGATIVE_INFINITY }, "[1.0,\"-Infinity\"]"),
				arguments(new int[][] { { 1 }, {} }, "[[1],[]]"),
				arguments(Set.of("b", "a"), "{\"@set\":[\"a\",\"b\"]}"),
				arguments(Optional.of(Optional.empty()), "{\"@optional\":{\"@optional\":null}}"),
				arguments(List.of("a:*\\\"\n\u2028\ud83d\ude00\ud83d é"),
						"[\"a:*\\\\\\\"\\u000A\\u2028\ud83d\ude00\\uD83D é\"]"),
				arguments(List.of(UUID.fromString("6f1c9a52-0a53-4f6b-9f52-3f3c1d0b7a11"), Duration.ZERO),
						"[\"6f1c9a52-0a53-4f6b-9f52-3f3c1d0b7a11\",\"PT0S\"]"));
	}

	@Test
	void orderMattersInListsAloneAndTheirClassDoesNot() {
		assertThat(segment(List.of("a", "b"))).isNotEqualTo(segment(List.of("b", "a")));
		assertThat(segment(new LinkedList<>(List.of("a", "b")))).isEqualTo(segment(List.of("a", "b")));
		assertThat(segment(new LinkedHashSet<>(List.of("b", "a", "c"))))
			.isEqualTo(segment(new TreeSet<>(List.of("c", "a", "b"))));
		assertThat(segment(new ArrayDeque<>(List.of("a")))).isEqualTo("[\"a\"]");
	}

	@Test
	void setIsNoListAndARecordOfAnotherClassNoOther() {
		assertThat(segment(Set.of("a"))).isNotEqualTo(segment(List.of("a")));
		assertThat(segment(Optional.of("a"))).isNotEqualTo(segment("a"));
		assertThat(segment(Optional.empty())).isNotEqualTo(segment(null));
		assertThat(segment(new ByName("x"))).isNotEqualTo(segment(new ByTag("x")));
		assertThat(segment(new ByName("x")))
			.isEqualTo("{\"@type\":\"dev.cachestarter.engine.key.KeyTextTests$ByName\",\"value\":\"x\"}");
	}

	@Test
	void annotationsAndAccessorsHideNothing() {
		assertThat(segment(new Secretive("org-1", "x", "s")))
			.isEqualTo("{\"org\":\"org-1\",\"token\":\"s\",\"user\":\"x\"}");
	}

	@Test
	void enumConstantsWithBodiesAndTextsOfTheirOwnAreTheirNames() {
		assertThat(segment(Mode.FAST)).isEqualTo("FAST");
		assertThat(segment(List.of(Mode.FAST, Mode.SLOW))).isEqualTo("[\"FAST\",\"SLOW\"]");
	}

	@ParameterizedTest
	@MethodSource
	void whatCannotBeRenderedWholeIsRefusedWithItsPlaceAndTheCure(Object value, String[] messages) {
		assertThatExceptionOfType(UnkeyableException.class).isThrownBy(() -> this.keyText.segment(value))
			.satisfies((ex) -> assertThat(ex).message().contains(messages));
	}

	static Stream<Arguments> whatCannotBeRenderedWholeIsRefusedWithItsPlaceAndTheCure() {
		List<Object> itself = new ArrayList<>();
		itself.add(itself);
		Object cure = new String[] { Criteria.class.getName(), "key expression", "record", "Converter<" };
		return Stream.of(arguments(new Criteria("x"), cure),
				arguments(new Object(), new String[] { "java.lang.Object" }),
				arguments(new Holder(List.of("a", new Criteria("x"))), new String[] { "at .content[1],", "Criteria" }),
				arguments(Map.of("k", Map.of("m", new StringBuilder())), new String[] { "at [\"k\"][\"m\"]," }),
				arguments(Map.of(new Criteria("x"), "x"), new String[] { "no simple value", "key expression" }),
				arguments(Map.of(1, "x", "1", "x"), new String[] { "two keys of one text" }),
				arguments(new Tagged(), new String[] { "Tagged", "more than its elements", "List.copyOf" }),
				arguments(new SimpleTimeZone(1, "Mine"), new String[] { "SimpleTimeZone" }),
				arguments(new OwnPage(), new String[] { "OwnPage", "key expression" }),
				arguments(itself, new String[] { "holds itself", "key expression" }),
				arguments(Set.of(new Criteria("x")), new String[] { "Criteria" }),
				arguments(new SimpleEntry<>("a", "b"), new String[] { "SimpleEntry" }));
	}

	@Test
	void deepestThatIsAllowedIsStillOneSegment() {
		Object value = "x";
		for (int i = 0; i < KeySegments.MAX_DEPTH; i++) {
			value = List.of(value);
		}
		Object deeper = List.of(value);

		assertThat(KeySegments.endOfFirst(segment(value) + ":x")).isEqualTo(segment(value).length());
		assertThatExceptionOfType(UnkeyableException.class).isThrownBy(() -> segment(deeper));
	}

	@Test
	void converterRendersItsType() {
		GenericConversionService converters = new GenericConversionService();
		converters.addConverter(Criteria.class, String.class, (criteria) -> "c:" + criteria.text);
		converters.addConverter(Page.class, String.class, (page) -> page.page() + "/" + page.limit());
		KeyText converting = new KeyText(converters);

		assertThat(converting.segment(new Criteria("x"))).isEqualTo("c%3Ax");
		assertThat(converting.segment(List.of(new Criteria("x")))).isEqualTo("[\"c:x\"]");
		assertThat(converting.segment(new Page(1, 20))).isEqualTo("1/20");
	}

	@Test
	void converterThatAnswersNullIsRefused() {
		GenericConversionService converters = new GenericConversionService();
		converters.addConverter(Criteria.class, String.class, nothing());

		assertThatExceptionOfType(UnkeyableException.class)
			.isThrownBy(() -> new KeyText(converters).segment(List.of(new Criteria("x"))))
			.withMessageContaining("answers null")
			.withMessageContaining("at [0],");
	}

	@Test
	void springsFallbackToToStringIsNoConverter() {
		DefaultConversionService defaults = new DefaultConversionService();
		KeyText converting = new KeyText(defaults);

		assertThat(defaults.canConvert(Forgetful.class, String.class)).isTrue();
		assertThatExceptionOfType(UnkeyableException.class)
			.isThrownBy(() -> converting.segment(Forgetful.valueOf("x")));
		assertThatExceptionOfType(UnkeyableException.class)
			.isThrownBy(() -> converting.segment(new StringBuilder("x")));
		assertThatExceptionOfType(UnkeyableException.class).isThrownBy(() -> converting.segment(Stream.of("x")));
	}

	@Test
	void converterOfTheApplicationCountsBesideSpringsDefaults() {
		DefaultConversionService defaults = new DefaultConversionService();
		defaults.addConverter(Forgetful.class, String.class, (value) -> value.text);
		defaults.addConverter(Criteria.class, String.class, (value) -> value.text);
		KeyText converting = new KeyText(defaults);

		assertThat(converting.segment(Forgetful.valueOf("x"))).isEqualTo("x");
		assertThat(converting.segment(new Criteria("y"))).isEqualTo("y");
	}

	@Test
	void colonsOfAWholeKeyPartSegments() {
		assertThat(this.keyText.ofKey("org-1:*:{x")).hasToString("org-1:%2A:%7Bx");
		assertThat(this.keyText.ofKey("")).hasToString("%empty");
		assertThat(this.keyText.ofKey(":")).hasToString("%empty:%empty");
		assertThat(this.keyText.ofKey(42L)).hasToString("42");
		assertThat(this.keyText.ofKey(new Page(1, 20))).hasToString("{\"limit\":20,\"page\":1}");
		assertThat(this.keyText.ofKey(Arrays.asList("a", null))).hasToString("[\"a\",null]");
	}

	@Test
	void simpleKeyIsTheKeyOfItsValues() {
		assertThat(this.keyText.ofKey(new SimpleKey("a", 1))).hasToString("a:1");
		assertThat(this.keyText.ofKey(new SimpleKey("a:b", "c"))).hasToString("a%3Ab:c");
		assertThat(this.keyText.ofKey(SimpleKey.EMPTY)).hasToString("%noargs");
		assertThat(this.keyText.ofKey(new SimpleKey((Object) null))).hasToString("%null");
		assertThat(this.keyText.ofKey(new SimpleKey("a", "b, c")))
			.isNotEqualTo(this.keyText.ofKey(new SimpleKey("a, b", "c")));
	}

	@Test
	void markTellsApartWhatHasOneText() {
		EntryKey one = this.keyText.ofKey("acme:7");
		EntryKey several = this.keyText.ofKey(new SimpleKey("acme", 7));
		EntryKey joined = this.keyText.ofJoined("acme:7");

		assertThat(List.of(one.text(), several.text(), joined.text())).containsOnly("acme:7");
		assertThat(EntryKey.accepts(one.mark(), several.mark())).isFalse();
		assertThat(EntryKey.accepts(several.mark(), one.mark())).isFalse();
		assertThat(EntryKey.accepts(joined.mark(), several.mark())).isTrue();
		assertThat(EntryKey.accepts(several.mark(), joined.mark())).isTrue();
		assertThat(EntryKey.accepts(one.mark(), joined.mark())).isTrue();
		assertThat(List.of(one.mark(), several.mark(), joined.mark())).containsExactly("1-------", "n-------",
				"*-------");
	}

	@Test
	void markTellsClassesApartThatTheTextDoesNot() {
		List<Object> alike = List.of(new Page(1, 20), new Range(1, 20), Map.of("page", 1, "limit", 20));

		assertThat(alike.stream().map((value) -> this.keyText.ofKey(value).text()))
			.containsOnly("{\"limit\":20,\"page\":1}");
		assertThat(alike.stream().map((value) -> this.keyText.ofKey(value).mark())).doesNotHaveDuplicates();
		assertThat(alike.stream().map((value) -> this.keyText.ofKey(List.of("x", Set.of(value))).mark()))
			.doesNotHaveDuplicates();
		assertThat(this.keyText.ofKey(List.of(1))).isNotEqualTo(this.keyText.ofKey(new int[] { 1 }))
			.isNotEqualTo(this.keyText.ofKey(new ArrayDeque<>(List.of(1))));
		assertThat(this.keyText.ofKey(List.of(1)).mark()).isEqualTo("1-------");
	}

	@Test
	void setsOfRecordsHaveOneMarkInAnyOrder() {
		Set<Object> set = new LinkedHashSet<>(List.of(new Page(1, 2), new Range(1, 2), new Page(3, 4)));
		Set<Object> other = new LinkedHashSet<>(List.of(new Page(3, 4), new Range(1, 2), new Page(1, 2)));

		assertThat(this.keyText.ofKey(set)).isEqualTo(this.keyText.ofKey(other));
	}

	@Test
	void whatIsLongStandsAsItsHash() {
		String big = "x".repeat(1025);
		String umlauts = "\u00e4".repeat(600);

		assertThat(segment("x".repeat(1024))).hasSize(1024);
		assertThat(segment(big)).matches("%text-[0-9a-f]{64}").isNotEqualTo(segment(big + "x"));
		assertThat(segment(umlauts)).startsWith("%text-");
		assertThat(segment(List.of(big))).matches("%json-[0-9a-f]{64}");
		assertThat(segment("[\"" + big + "\"]")).isNotEqualTo(segment(List.of(big)));
		assertThat(this.keyText.ofKey("a:" + big)).hasToString("a:" + segment(big));
		assertThat(this.keyText.ofKey(new SimpleKey("a", big))).hasToString("a:" + segment(big));
		assertThat(segment(segment(big))).isNotEqualTo(segment(big));
	}

	@Test
	void longTextsThatDifferAnywhereHaveTwoHashes() {
		String text = "x".repeat(20_000);
		Set<String> hashes = new HashSet<>(List.of(segment(text), segment(text + "x")));

		for (int at = 0; at < text.length(); at += 97) {
			hashes.add(segment(text.substring(0, at) + "y" + text.substring(at + 1)));
			// The same in its low byte.
			hashes.add(segment(text.substring(0, at) + "\u0178" + text.substring(at + 1)));
		}

		assertThat(hashes).hasSize(2 + 2 * 207);
	}

	@Test
	void textThatWasJoinedOfLongValuesMeetsTheKeyOfThem() {
		@Nullable Object[] values = new Object[16];
		Arrays.fill(values, "x".repeat(1000) + " y");
		String joined = Arrays.stream(values).map(String::valueOf).collect(Collectors.joining(":"));

		EntryKey several = this.keyText.ofKey(new SimpleKey(values));

		assertThat(this.keyText.ofJoined(joined).text()).isEqualTo(several.text());
		assertThat(this.keyText.ofKey(joined).text()).isEqualTo(several.text());
		assertThat(this.keyText.ofKey(joined + ":x").text()).matches("x+%20y:%rest-[0-9a-f]{64}");
	}

	@Test
	void textOfManySegmentsKeepsItsFirst() {
		String text = "org-1:" + "a:".repeat(3000);

		assertThat(this.keyText.ofKey(text).text()).matches("org-1:%rest-[0-9a-f]{64}")
			.isNotEqualTo(this.keyText.ofKey(text + "a").text());
		assertThat(this.keyText.ofKey(":".repeat(2_000_000)).text()).hasSizeLessThan(100);
		assertThat(this.keyText.ofKey(":".repeat(1000)).text()).hasSizeLessThan(100);
	}

	@Test
	void logsShowTheBeginningOfALongKey() {
		assertThat(LogKeys.name("x\n" + "y".repeat(5000))).startsWith("x%0Ayyy")
			.hasSizeLessThan(300)
			.endsWith("(5002 characters)");
	}

	@Test
	void noTextMeetsTheEndOfJson() {
		assertThat(segment("1}")).isEqualTo("1%7D");
		assertThat(KeyPattern.of("*:" + KeyPattern.escapeGlob(segment("1}"))).matches("acme:{\"id\":1}")).isFalse();
	}

	@Test
	void textThatNeedsNoEscapeIsNotCopied() {
		String text = new StringBuilder("org-").append(123).toString();

		assertThat(this.keyText.segment(text)).isSameAs(text);
	}

	@Test
	void escapingIsReversible() {
		HostileText texts = new HostileText();
		Map<String, String> seen = new HashMap<>();

		for (int i = 0; i < 50_000; i++) {
			String text = texts.next(3);
			String segment = segment(text);
			assertThat(segment).as(texts.toString()).doesNotContainPattern("[:*?\\[\\]\\\\^\\s\\p{Cntrl}]|^[{\"]");
			assertThat(seen.put(segment, text)).as(texts.toString()).isIn(null, text);
		}
		assertThat(new HashSet<>(seen.values())).hasSameSizeAs(seen.keySet());
	}

	@Test
	void marksArePinnedSinceInstancesOfTwoVersionsMustAgree() {
		List<Object> keys = List.of(new Page(1, 20), new SimpleKey(new Page(1, 20), "x"),
				new SimpleKey("x", new Page(1, 20)), new SimpleKey(new Page(1, 20), new Range(1, 20)),
				List.of(new Page(1, 20), new int[] { 1 }),
				new LinkedHashSet<>(List.of(1, new Page(1, 20), new Range(1, 20))));

		assertThat(keys.stream().map((key) -> this.keyText.ofKey(key).mark())).containsExactly("1d6698df", "nd6698df",
				"nd6698df", "nf114de9", "10eda9f6", "1712ff4c");
	}

	@Test
	void keyOfOneNullOrArrayIsTheKeyOfOneValue() {
		EntryKey ofNull = this.keyText.ofKey(new SimpleKey((Object) null));
		EntryKey ofArray = this.keyText.ofKey(new SimpleKey((Object) new int[] { 1 }));

		assertThat(ofNull.mark()).isEqualTo("1-------");
		assertThat(ofArray).isEqualTo(this.keyText.ofKey(new int[] { 1 }));
		assertThat(this.keyText.ofKey(new SimpleKey("a")).mark()).isEqualTo("n-------");
	}

	@Test
	void classesThatConvertersMakeOneTextOfAreToldApartByTheMark() {
		GenericConversionService converters = new GenericConversionService();
		converters.addConverter(Criteria.class, String.class, (criteria) -> criteria.text);
		converters.addConverter(Page.class, String.class, (page) -> "x");
		KeyText converting = new KeyText(converters);
		List<Object> alike = List.of("x", new Criteria("x"), new Page(1, 2));

		assertThat(alike.stream().map((value) -> converting.ofKey(value).text())).containsOnly("x");
		assertThat(alike.stream().map((value) -> converting.ofKey(value).mark())).doesNotHaveDuplicates();
		assertThat(alike.stream().map((value) -> converting.ofKey(List.of(value)).text())).containsOnly("[\"x\"]");
		assertThat(alike.stream().map((value) -> converting.ofKey(List.of(value)).mark())).doesNotHaveDuplicates();
	}

	@Test
	void optionalNumbersAreNotThoseOfTheirBoxes() {
		List<Object> alike = List.of(OptionalInt.of(3), OptionalLong.of(3), Optional.of(3));

		assertThat(alike.stream().map(this::segment)).containsOnly("{\"@optional\":3}");
		assertThat(alike.stream().map((value) -> this.keyText.ofKey(value).mark())).doesNotHaveDuplicates()
			.contains("1-------");
		assertThat(segment(OptionalDouble.of(1.5))).isEqualTo("{\"@optional\":1.5}");
		assertThat(
				List.of(OptionalInt.empty(), OptionalLong.empty(), OptionalDouble.empty()).stream().map(this::segment))
			.containsOnly("{\"@optional\":null}");
	}

	@Test
	void springsArgumentsOfQueriesAreToldFromWhatHasTheirText() {
		Sort sort = Sort.by("name");
		Object orders = List.of(Map.of("direction", "ASC", "property", "name"));
		Object page = Map.of("page", 2, "size", 20);

		assertThat(segment(sort)).isEqualTo(segment(orders));
		assertThat(this.keyText.ofKey(sort)).isNotEqualTo(this.keyText.ofKey(orders))
			.isEqualTo(this.keyText.ofKey(Sort.by(Sort.Order.asc("name"))))
			.isEqualTo(this.keyText.ofKey(new NameSort()));
		assertThat(new NameSort()).isEqualTo(sort);
		assertThat(segment(PageRequest.of(2, 20))).isEqualTo(segment(page));
		assertThat(this.keyText.ofKey(PageRequest.of(2, 20))).isNotEqualTo(this.keyText.ofKey(page));
		assertThat(segment(Sort.by(Sort.Order.asc("name").nullsLast())))
			.isEqualTo("[{\"direction\":\"ASC\",\"nulls\":\"NULLS_LAST\",\"property\":\"name\"}]");
		assertThat(segment(Limit.unlimited())).isEqualTo("{}");
	}

	@Test
	void keyWithinAValueIsTheListOfItsValues() {
		Object key = List.of(new SimpleKey("a", 1));

		assertThat(segment(key)).isEqualTo("[[\"a\",1]]");
		assertThat(this.keyText.ofKey(key)).isNotEqualTo(this.keyText.ofKey(List.of(List.of("a", 1))));
	}

	@Test
	void asManyValuesMayStandBesideEachOtherAsThereAre() {
		assertThat(segment(Collections.nCopies(KeySegments.MAX_DEPTH + 1, List.of())))
			.isEqualTo("[" + "[],".repeat(KeySegments.MAX_DEPTH) + "[]]");
		assertThat(segment(Collections.nCopies(40, Map.of("a", Set.of(1))))).startsWith("[{\"a\"");
	}

	@Test
	void whatHoldsItselfIsRefusedInAMessageOfOneLine() {
		List<Object> itself = new ArrayList<>();
		itself.add(itself);

		assertThatExceptionOfType(UnkeyableException.class).isThrownBy(() -> segment(itself))
			.satisfies((ex) -> assertThat(ex.getMessage()).hasSizeLessThan(200).doesNotContain("[0]"));
	}

	@Test
	void numbersThatJsonHasNoTextForAreStringsInIt() {
		assertThat(segment(List.of(1.5f, Float.NaN, Float.NEGATIVE_INFINITY, 2.5, Double.NaN)))
			.isEqualTo("[1.5,\"NaN\",\"-Infinity\",2.5,\"NaN\"]");
	}

	@Test
	void numberOfManyDigitsStandsAsItsHashToo() {
		BigInteger large = BigInteger.TEN.pow(2000);

		assertThat(segment(large)).matches("%text-[0-9a-f]{64}").isEqualTo(segment(large.toString()));
		assertThat(segment(BigInteger.TEN.pow(1023))).hasSize(1024);
	}

	@Test
	void timesOfOtherCalendarsAreTextsAndThoseOfOthersAreRefused() {
		assertThat(segment(JapaneseDate.of(2026, 1, 2))).isEqualTo(KeyEscapes.segment("Japanese Reiwa 8-01-02"));
		assertThat(segment(ZoneId.of("Europe/Paris"))).isEqualTo("Europe/Paris");
		assertThat(this.keyText.problem(ResolvableType.forClass(JapaneseDate.class))).isNull();
		assertThat(this.keyText.problem(ResolvableType.forClass(Period.class))).isNull();
		assertThat(this.keyText.problem(ResolvableType.forClass(ZoneId.class))).isNull();
		assertThat(this.keyText.problem(ResolvableType.forClass(OwnTime.class))).isNotNull();
		assertThat(this.keyText.problem(ResolvableType.forClass(DateTimeException.class))).isNotNull();
		assertThatExceptionOfType(UnkeyableException.class).isThrownBy(() -> segment(new OwnTime()));
	}

	static final class OwnTime implements TemporalAccessor {

		@Override
		public boolean isSupported(TemporalField field) {
			return false;
		}

		@Override
		public long getLong(TemporalField field) {
			return 0;
		}

	}

	@Test
	void typesThatAConverterRendersAreNoProblem() {
		GenericConversionService converters = new GenericConversionService();
		converters.addConverter(Criteria.class, String.class, (criteria) -> criteria.text);
		DefaultConversionService defaults = new DefaultConversionService();
		ResolvableType criteria = ResolvableType.forClass(Criteria.class);
		ResolvableType byCriteria = ResolvableType.forClassWithGenerics(Map.class, Criteria.class, String.class);

		assertThat(new KeyText(converters).problem(criteria)).isNull();
		assertThat(new KeyText(converters).problem(byCriteria)).isNull();
		assertThat(new KeyText(defaults).problem(criteria)).isNotNull();
		assertThat(new KeyText(null).problem(criteria)).isNotNull();
		assertThat(new KeyText(null).problem(byCriteria)).isNotNull();
		assertThat(new KeyText(defaults).problem(ResolvableType.forClass(StringBuilder.class)))
			.as("Spring's defaults would convert it")
			.isNotNull();
		assertThat(new KeyText(defaults).problem(ResolvableType.forClass(Forgetful.class)))
			.as("only a value tells whether there is a converter")
			.isNull();
	}

	@Test
	void typesOfContainersAndArraysAreJudgedByWhatTheyHold() {
		ResolvableType criteria = ResolvableType.forClass(Criteria.class);

		assertThat(problem(ResolvableType.forArrayComponent(criteria))).contains("at [],", "Criteria");
		assertThat(problem(ResolvableType.forClassWithGenerics(Optional.class, criteria))).contains("Criteria");
		assertThat(problem(ResolvableType.forClass(Tagged.class))).contains("more than its elements");
		assertThat(problem(ResolvableType.forClass(TaggedMap.class))).contains("more than its elements");
		assertThat(problem(ResolvableType.forClass(Nested.class))).isEqualTo("none");
		assertThat(problem(ResolvableType.forClass(SimpleKey.class))).isEqualTo("none");
	}

	private String problem(ResolvableType type) {
		UnkeyableException problem = this.keyText.problem(type);
		return (problem != null) ? String.valueOf(problem.getMessage()) : "none";
	}

	@Test
	void setsAndMapsWithMoreThanTheirContentAreRefusedToo() {
		for (Object value : new Object[] { new TaggedSet(), new TaggedMap(), List.of(new TaggedSet()),
				Set.of(new Tagged()) }) {
			assertThatExceptionOfType(UnkeyableException.class).isThrownBy(() -> segment(value))
				.withMessageContaining("more than its elements");
		}
	}

	@Test
	void valueIsToldWhichOfSeveralItIs() {
		assertThatExceptionOfType(UnkeyableException.class)
			.isThrownBy(() -> this.keyText.ofKey(new SimpleKey("a", "b", new Criteria("x"))))
			.satisfies((ex) -> assertThat(ex.index()).isEqualTo(2))
			.satisfies((ex) -> assertThat(ex.about("Argument 2 of find(..)").index()).isEqualTo(2))
			.withMessageContaining("Value 2 of a cache key");
		assertThatExceptionOfType(UnkeyableException.class).isThrownBy(() -> segment(new Criteria("x")))
			.satisfies((ex) -> assertThat(ex.index()).isEqualTo(-1));
	}

	@Test
	void ordersThatCompareMoreThanSpringsAreRefused() {
		Sort sort = Sort.by(new OwnOrder("name"));

		assertThatExceptionOfType(UnkeyableException.class).isThrownBy(() -> segment(sort));
		assertThatExceptionOfType(UnkeyableException.class).isThrownBy(() -> segment(PageRequest.of(0, 1, sort)));
	}

	@Test
	void charactersThatCannotBeSeenAreEscapedAndTheirNeighboursAreNot() {
		int[] first = { 0, 0x7F, 0xAD, 0x1680, 0x2000, 0x2028, 0x205F, 0x3000, 0xFEFF };
		int[] last = { 0x1F, 0xA0, 0xAD, 0x1680, 0x200F, 0x202F, 0x206F, 0x3000, 0xFEFF };

		for (int i = 0; i < first.length; i++) {
			for (int unseen : new int[] { first[i], last[i] }) {
				assertThat(LogKeys.name(Character.toString(unseen))).as(Integer.toHexString(unseen)).startsWith("%");
				assertThat(segment(Character.toString(unseen))).as(Integer.toHexString(unseen)).startsWith("%");
				assertThat(segment(List.of(Character.toString(unseen)))).as(Integer.toHexString(unseen))
					.isEqualTo("[\"\\u%04X\"]".formatted(unseen));
			}
			for (int seen : new int[] { Math.max(first[i] - 1, '!'), last[i] + ((last[i] == 0x1F) ? 2 : 1) }) {
				assertThat(LogKeys.name(Character.toString(seen))).as(Integer.toHexString(seen))
					.isEqualTo(Character.toString(seen));
			}
		}
		assertThat(LogKeys.name("a b")).isEqualTo("a b");
	}

	@Test
	void messagesForTheLogAreOneLine() {
		assertThat(LogKeys.line("one\ntwo: 100%")).isEqualTo("one%0Atwo: 100%");
		assertThat(LogKeys.line("x".repeat(4000))).isEqualTo("x".repeat(4000));
		assertThat(LogKeys.line("x".repeat(4001))).isEqualTo("x".repeat(4000) + "...");
		assertThat(LogKeys.name("x".repeat(256))).isEqualTo("x".repeat(256));
		assertThat(LogKeys.name("x".repeat(257))).isEqualTo("x".repeat(256) + "... (257 characters)");
	}

	@Test
	void segmentOfAsManyBytesAsThereMayBeStands() {
		assertThat(segment("\u00e9".repeat(512))).isEqualTo("\u00e9".repeat(512));
		assertThat(segment("\u00e9".repeat(513))).startsWith("%text-");
		assertThat(segment("\u6771".repeat(341))).isEqualTo("\u6771".repeat(341));
		assertThat(segment("\u6771".repeat(342))).startsWith("%text-");
		assertThat(segment(List.of("x".repeat(1020)))).hasSize(1024);
		assertThat(segment(List.of("x".repeat(1021)))).startsWith("%json-");
	}

	@Test
	void textIsLongIfItHasMoreThanSixteenSegmentsAndMoreThanFourThousandCharacters() {
		String sixteen = "x".repeat(1000) + (":" + "x".repeat(300)).repeat(15);
		String exactly = "ab:" + "x".repeat(240) + (":" + "x".repeat(240)).repeat(15) + ":" + "x".repeat(237);

		assertThat(this.keyText.ofKey(sixteen)).hasToString(sixteen);
		assertThat(this.keyText.ofKey(sixteen + ":x").text()).matches("x{1000}:%rest-[0-9a-f]{64}");
		assertThat(exactly).hasSize(4096);
		assertThat(this.keyText.ofKey(exactly)).hasToString(exactly);
		assertThat(this.keyText.ofKey(exactly + "x").text()).matches("ab:%rest-[0-9a-f]{64}");
		assertThat(this.keyText.ofKey(":a")).hasToString("%empty:a");
		assertThat(this.keyText.ofKey("a:".repeat(100))).hasToString("a:".repeat(100) + "%empty");
	}

	private String segment(@Nullable Object value) {
		return this.keyText.segment(value);
	}

	private static URL url(String text) {
		try {
			return URI.create(text).toURL();
		}
		catch (MalformedURLException ex) {
			throw new IllegalArgumentException(ex);
		}
	}

	@SuppressWarnings("NullAway")
	private static Converter<Criteria, String> nothing() {
		return (criteria) -> null;
	}

	record Page(int page, int limit) {
	}

	record Range(int page, int limit) {
	}

	enum Unit {

		HOUR

	}

	static class Tagged extends ArrayList<String> {

		private static final long serialVersionUID = 1L;

		@Nullable String tag;

	}

	static class TaggedSet extends HashSet<String> {

		private static final long serialVersionUID = 1L;

		@Nullable String tag;

	}

	static class TaggedMap extends HashMap<String, String> {

		private static final long serialVersionUID = 1L;

		@Nullable String tag;

	}

	record Nested(String name, @Nullable Nested more) {
	}

	static class OwnOrder extends Sort.Order {

		private static final long serialVersionUID = 1L;

		OwnOrder(String property) {
			super(null, property);
		}

		@Override
		public boolean equals(@Nullable Object other) {
			return this == other;
		}

		@Override
		public int hashCode() {
			return 1;
		}

	}

	static class NameSort extends Sort {

		private static final long serialVersionUID = 1L;

		NameSort() {
			super(List.of(Sort.Order.asc("name")));
		}

	}

	static class OwnPage extends PageRequest {

		private static final long serialVersionUID = 1L;

		OwnPage() {
			super(0, 1, Sort.unsorted());
		}

		@Override
		public boolean equals(@Nullable Object other) {
			return this == other;
		}

		@Override
		public int hashCode() {
			return 1;
		}

	}

	record Everything(@Nullable String nothing, Optional<String> empty, Optional<String> full, OptionalInt number,
			Mode mode, double zero, double nan, BigDecimal price) {
	}

	record Holder(List<Object> content) {
	}

	record Secretive(@JsonIgnore String org, @JsonProperty("u") String user, String token) {

		@Override
		public String token() {
			return "***";
		}

		@JsonValue
		String onlyThis() {
			return "value";
		}

		@Override
		public String toString() {
			return "Secretive";
		}

	}

	sealed interface Filter {

	}

	record ByName(String value) implements Filter {
	}

	record ByTag(String value) implements Filter {
	}

	enum Mode {

		FAST {

			@Override
			public String toString() {
				return "as fast as can be";
			}

		},

		SLOW

	}

	static final class Criteria {

		private final String text;

		Criteria(String text) {
			this.text = text;
		}

	}

	static final class Forgetful {

		private final String text;

		private Forgetful(String text) {
			this.text = text;
		}

		public static Forgetful valueOf(String text) {
			return new Forgetful(text);
		}

		@Override
		public String toString() {
			return "Forgetful";
		}

	}

}
