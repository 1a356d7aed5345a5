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
package dev.cachestarter.engine.tag;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.cachestarter.engine.key.KeyLayout;

import static org.assertj.core.api.Assertions.assertThat;

class CarriedTagsTests {

	private static final int START = 5;

	private final KeyLayout layout = new KeyLayout("", false);

	@Test
	void whatIsPutIntoAnEntryIsReadFromIt() {
		byte[] plain = bytes("head.payload");

		byte[] entry = tags("tool:search", "ä€").insertInto(plain, START);
		CarriedTags read = parse(entry, TagSet.NONE);

		assertThat(read.names()).containsExactly("tool:search", "ä€");
		assertThat(read.generation(0)).isEqualTo(generation(0));
		assertThat(read.generation(1)).isEqualTo(generation(1));
		assertThat(read.takeOutOf(entry, START)).isEqualTo(plain);
		assertThat(text(entry).substring(START + read.length())).isEqualTo("payload");
	}

	@Test
	void theyAreWrittenTheSameWhateverTheLanguageOfTheJvm() {
		String[] names = IntStream.range(0, 12).mapToObj((number) -> "tag" + number).toArray(String[]::new);
		Locale before = Locale.getDefault(Locale.Category.FORMAT);
		Locale.setDefault(Locale.Category.FORMAT, Locale.forLanguageTag("ar-EG"));
		try {
			assertThat("%d".formatted(1)).isNotEqualTo("1");

			assertThat(text(tags("a").insertInto(bytes("head.payload"), START)))
				.isEqualTo("head.1  000024\n" + generation(0) + " 0001 a\npayload");
			assertThat(parse(tags(names).insertInto(bytes("head.payload"), START), TagSet.NONE).names())
				.containsExactly(names);
		}
		finally {
			Locale.setDefault(Locale.Category.FORMAT, before);
		}
	}

	@Test
	void tagsThatWereExpectedAreNotMadeAnew() {
		TagSet guess = guess("a", "ä€");

		assertThat(parse(tags("a", "ä€").insertInto(bytes("head.payload"), START), guess).names())
			.isSameAs(guess.names());
	}

	@ParameterizedTest
	@ValueSource(strings = { "b a", "a c", "a", "a b c", "a b1", "c d" })
	void otherTagsThanWereExpectedAreReadAsTheyAre(String tags) {
		String[] names = tags.split(" ");
		TagSet guess = guess("a", "b");
		byte[] entry = tags(names).insertInto(bytes("head.payload"), START);

		CarriedTags read = parse(entry, guess);

		assertThat(read.names()).containsExactly(names);
		// What was read of the expected ones says nothing of others.
		ReadGenerations generations = ReadGenerations.of(guess, List.of(stored(0), stored(1)), 0);
		boolean known = List.of("a", "b").containsAll(List.of(names));
		assertThat(generations.tellsOf(read)).isEqualTo(known);
		assertThat(generations.areCurrent(read)).isEqualTo(tags.equals("a"));
	}

	@Test
	void eachGenerationIsComparedWithThatOfItsTag() {
		TagSet guess = guess("a", "b");
		CarriedTags read = parse(tags("a", "b").insertInto(bytes("head.payload"), START), guess);

		assertThat(current(read, guess, stored(0), stored(1))).isTrue();
		assertThat(current(read, guess, stored(1), stored(0))).isFalse();
		assertThat(current(read, guess, stored(0), stored(2))).isFalse();
		assertThat(current(read, guess, stored(0), null)).isFalse();
		assertThat(current(read, guess, stored(0), bytes(generation(1)))).isFalse();
		assertThat(ReadGenerations.of(List.of("x", "b", "a"), Arrays.asList(null, null, stored(1), stored(0)), 1)
			.areCurrent(read)).isTrue();
		assertThat(ReadGenerations.NONE.areCurrent(read)).isFalse();
	}

	@Test
	void whatWasReadWithThemIsNotKept() {
		CarriedTags read = parse(tags("a").insertInto(bytes("head.payload"), START), TagSet.NONE);
		List<byte @Nullable []> found = new ArrayList<>(Arrays.asList(bytes("one entry"), stored(0), bytes("another")));

		ReadGenerations generations = ReadGenerations.of(List.of("a"), found, 1);
		found.clear();

		assertThat(generations.areCurrent(read)).isTrue();
		assertThat(ReadGenerations.of(List.of(), List.of(bytes("one entry")), 0)).isSameAs(ReadGenerations.NONE);
	}

	@Test
	void whatIsCutOffIsNoTagsWhateverWasExpected() {
		byte[] entry = tags("a", "b").insertInto(bytes("head."), START);

		for (int length = START; length < entry.length; length++) {
			assertThat(CarriedTags.parse(Arrays.copyOf(entry, length), START, guess("a", "b"))).as("%d bytes", length)
				.isNull();
		}
	}

	private static boolean current(CarriedTags carried, TagSet guess, byte @Nullable []... read) {
		return ReadGenerations.of(guess, Arrays.asList(read), 0).areCurrent(carried);
	}

	private static CarriedTags tags(String... names) {
		return CarriedTags.of(List.of(names),
				IntStream.range(0, names.length).mapToObj((number) -> bytes(generation(number))).toList());
	}

	private TagSet guess(String... names) {
		return TagSet.of(List.of(names), this.layout);
	}

	private static CarriedTags parse(byte[] entry, TagSet guess) {
		return Objects.requireNonNull(CarriedTags.parse(entry, START, guess));
	}

	private static String generation(int number) {
		return "%016x".formatted(number + 1);
	}

	/** As it stands in Redis. */
	private static byte[] stored(int number) {
		return bytes(generation(number) + " 41b7c06ed2a98f35 000000000000012");
	}

	private static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

	private static String text(byte[] bytes) {
		return new String(bytes, StandardCharsets.ISO_8859_1);
	}

}
