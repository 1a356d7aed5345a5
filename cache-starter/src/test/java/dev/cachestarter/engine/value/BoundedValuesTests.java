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

import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonValue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.core.ParameterizedTypeReference;

import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.value.ValueCodec.CorruptEntryException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.InstanceOfAssertFactories.ITERABLE;
import static org.assertj.core.api.InstanceOfAssertFactories.LIST;

/**
 * Payloads that would take time or memory out of proportion to their size.
 */
class BoundedValuesTests {

	@Test
	void elementsOfOneHashTakeNoTimeWithTheSquareOfTheirNumber() throws Exception {
		ValueCodec sets = Codecs.of(new ParameterizedTypeReference<List<Set<Pair>>>() {
		}.getType());
		ValueCodec maps = Codecs.of(new ParameterizedTypeReference<Map<Named, Integer>>() {
		}.getType());
		StringBuilder pairs = new StringBuilder("[[");
		StringBuilder names = new StringBuilder("{");
		for (int i = 0; i < 20_000; i++) {
			pairs.append((i > 0) ? "," : "").append("{\"a\":").append(i).append(",\"b\":").append(-31 * i).append('}');
			names.append((i > 0) ? "," : "").append('"').append(collidingText(i)).append("\":1");
		}

		assertThat(catchThrowable(() -> decode(sets, pairs + "]]"))).hasMessageContaining("cannot be read");
		assertThat(catchThrowable(() -> decode(maps, names + "}"))).hasMessageContaining("cannot be read");
		assertThat(decode(sets, pairs.substring(0, 10_000).replaceAll(",\\{[^}]*$", "") + "]]")).asInstanceOf(LIST)
			.singleElement()
			.asInstanceOf(ITERABLE)
			.hasSizeGreaterThan(300);
	}

	@Test
	void setsAndMapsComeBackAsWhatTheyWere() throws Exception {
		Set<Pair> pairs = new LinkedHashSet<>();
		Map<Named, Pair> map = new LinkedHashMap<>();
		for (int i = 0; i < 5000; i++) {
			pairs.add(new Pair(i, i % 7));
			map.put(new Named("n" + i), new Pair(i, i));
		}

		Object set = Codecs.roundTrip(Codecs.of(new ParameterizedTypeReference<Set<Pair>>() {
		}.getType()), pairs);
		Object back = Codecs.roundTrip(Codecs.of(new ParameterizedTypeReference<Map<Named, Pair>>() {
		}.getType()), map);
		Object hash = Codecs.roundTrip(Codecs.of(new ParameterizedTypeReference<HashMap<Named, Pair>>() {
		}.getType()), new HashMap<>(map));

		assertThat(set).isEqualTo(pairs).isExactlyInstanceOf(LinkedHashSet.class);
		assertThat(back).isEqualTo(map).isExactlyInstanceOf(LinkedHashMap.class);
		assertThat(hash).isEqualTo(map).isExactlyInstanceOf(HashMap.class);
	}

	@Test
	void manyElementsOfOneHashComeBackWhereTheirClassHasButOne() throws Exception {
		Set<Entity> entities = new LinkedHashSet<>();
		for (int i = 0; i < 2000; i++) {
			entities.add(new Entity(i));
		}

		assertThat(Codecs.roundTrip(Codecs.of(new ParameterizedTypeReference<Set<Entity>>() {
		}.getType()), entities)).isEqualTo(entities);
	}

	@ParameterizedTest
	@ValueSource(strings = { "1e999999999", "-1e-999999999", "1E100001", "0e2147483647" })
	void numbersThatNoArithmeticCanBeDoneWithAreNotRead(String number) {
		assertThat(catchThrowable(() -> decode(Codecs.of(BigDecimal.class), number)))
			.isInstanceOf(CorruptEntryException.class);
		assertThat(catchThrowable(() -> decode(Codecs.of(Price.class), "{\"amount\":1,\"text\":\"" + number + "\"}")))
			.isInstanceOf(CorruptEntryException.class);
		assertThat(catchThrowable(() -> decode(Codecs.of(new ParameterizedTypeReference<Map<BigDecimal, Integer>>() {
		}.getType()), "{\"" + number + "\":1}"))).isInstanceOf(CorruptEntryException.class);
	}

	@Test
	void longNumbersAreNotReadWhereverTheyStand() {
		String digits = "9".repeat(40_000);

		for (Type type : List.of(BigInteger.class, BigDecimal.class, Double.class, Long.class, Object.class)) {
			assertThat(catchThrowable(() -> decode(Codecs.of(type), digits))).as(type.toString())
				.isInstanceOf(CorruptEntryException.class);
		}
		assertThat(catchThrowable(() -> decode(Codecs.of(new ParameterizedTypeReference<Map<BigInteger, Integer>>() {
		}.getType()), "{\"" + digits + "\":1}"))).isInstanceOf(CorruptEntryException.class);
		assertThat(catchThrowable(() -> decode(Codecs.of(Price.class), "{\"amount\":1,\"text\":\"" + digits + "\"}")))
			.isInstanceOf(CorruptEntryException.class);
	}

	@Test
	void whatUnpacksIntoMillionsOfPartsIsNeitherWrittenNorRead() throws Exception {
		ValueCodec codec = Codecs.of(Object.class);
		List<Object> many = new ArrayList<>();
		for (int i = 0; i < 600_000; i++) {
			many.add(Map.of());
		}
		byte[] plain = new byte[EntryHeader.LENGTH + 1_800_001];
		byte[] json = ("[" + "{},".repeat(599_999) + "{}]").getBytes(StandardCharsets.UTF_8);
		System.arraycopy(json, 0, plain, EntryHeader.LENGTH, json.length);
		byte[] frame = Objects.requireNonNull(PayloadCompression.compress(plain));
		byte[] payload = Arrays.copyOfRange(frame, EntryHeader.LENGTH, frame.length);

		assertThat(catchThrowable(() -> codec.encode(many))).hasMessageContaining("more than 1048576 parts");
		assertThat(catchThrowable(() -> Codecs.decode(codec, Codecs.entry("-z--", payload))))
			.isInstanceOf(CorruptEntryException.class)
			.hasMessageContaining("too many parts");
		assertThat(catchThrowable(() -> Codecs.decode(codec, Codecs.entry("----", json))))
			.hasMessageContaining("too many parts");
	}

	@Test
	void textOfAnyPunctuationIsOnePart() throws Exception {
		ValueCodec codec = Codecs.of(String.class);
		String text = ",:[{\\\"".repeat(400_000);

		assertThat(Codecs.roundTrip(codec, text)).isEqualTo(text);
	}

	private static Object decode(ValueCodec codec, String json) throws CorruptEntryException {
		return Objects
			.requireNonNull(Codecs.decode(codec, Codecs.entry("----", json.getBytes(StandardCharsets.UTF_8))));
	}

	/** Each text is another, and their hashes are one. */
	private static String collidingText(int number) {
		StringBuilder text = new StringBuilder();
		for (int bit = 0; bit < 16; bit++) {
			text.append(((number >> bit & 1) == 0) ? "Aa" : "BB");
		}
		return text.toString();
	}

	record Pair(int a, int b) {
	}

	record Named(String name) {

		@JsonCreator(mode = JsonCreator.Mode.DELEGATING)
		Named {
		}

		@Override
		@JsonValue
		public String name() {
			return this.name;
		}

	}

	record Entity(int id) {

		@Override
		public int hashCode() {
			return 7;
		}

		@Override
		public boolean equals(Object other) {
			return other instanceof Entity that && that.id == this.id;
		}

	}

	record Price(BigInteger amount, @JsonFormat(shape = JsonFormat.Shape.STRING) BigDecimal text) {
	}

}
