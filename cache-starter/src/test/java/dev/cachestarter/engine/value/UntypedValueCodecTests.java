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
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import org.springframework.core.ParameterizedTypeReference;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.engine.value.ValueCodec.NotCacheableException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * What is put without a type, and asked for by a class: under which mark it is stored,
 * and who reads it as what.
 */
class UntypedValueCodecTests {

	private static final Type ITEMS = type(new ParameterizedTypeReference<List<Item>>() {
	});

	private static final Type ITEM_SET = type(new ParameterizedTypeReference<Set<Item>>() {
	});

	private static final Type ITEM_BAG = type(new ParameterizedTypeReference<Collection<Item>>() {
	});

	private static final Type ITEMS_BY_NAME = type(new ParameterizedTypeReference<Map<String, Item>>() {
	});

	private static final Type PERHAPS = type(new ParameterizedTypeReference<Optional<Item>>() {
	});

	private static final Type NESTED = type(new ParameterizedTypeReference<List<List<Item>>>() {
	});

	private static final Collection<Type> KNOWN = List.of(Item.class, ITEMS, ITEM_SET, ITEM_BAG, ITEMS_BY_NAME, PERHAPS,
			NESTED, Size.class);

	private final ValueCodecs codecs = Codecs.fresh();

	static List<Arguments> valuesOfKnownTypes() {
		Item item = new Item("tea");
		return List.of(Arguments.of(item, Item.class), Arguments.of(List.of(item), ITEMS),
				Arguments.of(Arrays.asList(item, null), ITEMS), Arguments.of(Set.of(item), ITEM_SET),
				Arguments.of(new ArrayDeque<>(List.of(item)), ITEM_BAG), Arguments.of(Map.of("a", item), ITEMS_BY_NAME),
				Arguments.of(Optional.of(item), PERHAPS), Arguments.of(List.of(List.of(item)), NESTED),
				Arguments.of(Size.LARGE, Size.class));
	}

	@ParameterizedTest
	@MethodSource("valuesOfKnownTypes")
	void aValueThatIsOfAKnownTypeIsWrittenAsThat(Object value, Type type) throws Exception {
		ValueCodec.Encoded encoded = untyped(KNOWN).encode(value);

		assertThat(encoded.mark()).isEqualTo(of(type).schemaMark());
		assertThat(untyped(KNOWN).reading(encoded.mark())).isSameAs(of(type));
	}

	@Test
	void aValueOfOneKnownTypeMerelyByInheritanceIsWrittenAsThat() throws Exception {
		assertThat(untyped(List.of(Animal.class)).encode(new Dog("rex")).mark())
			.isEqualTo(of(Animal.class).schemaMark());
	}

	@Test
	void ofTwoKnownTypesThatAValueIsAnInstanceOfNeitherIsTaken() throws Exception {
		assertThat(untyped(List.of(Animal.class, Named.class)).encode(new Dog("rex")).mark())
			.isEqualTo(ValueCodec.NO_MARK);
	}

	@Test
	void anExactTypeGoesBeforeThoseThatAValueIsAnInstanceOf() throws Exception {
		assertThat(untyped(List.of(Animal.class, Named.class, Dog.class)).encode(new Dog("rex")).mark())
			.isEqualTo(of(Dog.class).schemaMark());
	}

	@Test
	void objectAmongTheKnownTypesTakesNothing() throws Exception {
		assertThat(untyped(List.of(Object.class)).encode(new Item("tea")).mark()).isEqualTo(ValueCodec.NO_MARK);
	}

	@Test
	void elementsThatHaveNothingInCommonMakeNoKnownType() throws Exception {
		assertThat(untyped(KNOWN).encode(List.of("a", 1)).mark()).isEqualTo(SimpleValues.PLAIN_MARK);
		assertThat(untyped(List.of(ITEMS, NESTED)).encode(List.of()).mark())
			.as("an empty list is of two known types, and so of none")
			.isEqualTo(SimpleValues.PLAIN_MARK);
	}

	static List<Arguments> simpleValues() {
		return List.of(Arguments.of(1L, "~long---"), Arguments.of(1.5f, "~float--"),
				Arguments.of(BigInteger.TEN, "~integer"), Arguments.of(new BigDecimal("1.50"), "~decimal"),
				Arguments.of(UUID.fromString("00000000-0000-0001-0000-000000000002"), "~uuid---"),
				Arguments.of(Instant.EPOCH, "~instant"), Arguments.of(LocalDate.EPOCH, "~date---"),
				Arguments.of(Duration.ofDays(1), "~durat--"), Arguments.of(DayOfWeek.MONDAY, "~weekday"),
				Arguments.of('x', "~char---"));
	}

	@ParameterizedTest
	@MethodSource("simpleValues")
	void aSimpleValueSaysWhatItIs(Object value, String mark) throws Exception {
		ValueCodec untyped = untyped(List.of());
		ValueCodec named = named(Object.class, List.of());

		for (ValueCodec writer : List.of(untyped, named)) {
			ValueCodec.Encoded encoded = writer.encode(value);
			assertThat(encoded.mark()).isEqualTo(mark);
			for (ValueCodec reader : List.of(untyped, named, named(value.getClass(), List.of()))) {
				assertThat(read(reader, encoded)).isEqualTo(value);
			}
		}
	}

	@Test
	void whatJsonTellsApartIsReadWithoutAType() throws Exception {
		for (Object value : List.of("text", 1, 1.5, true, List.of("a", 1), Map.of("a", List.of(1)))) {
			ValueCodec.Encoded encoded = untyped(List.of()).encode(value);

			assertThat(encoded.mark()).isEqualTo(SimpleValues.PLAIN_MARK);
			assertThat(read(untyped(List.of()), encoded)).isEqualTo(value);
		}
	}

	@Test
	void aNullIsOfEveryType() throws Exception {
		assertThat(untyped(KNOWN).encode(null).form()).isEqualTo(PayloadForm.NULL);
		assertThat(untyped(KNOWN).encode(null).mark()).isEqualTo(ValueCodec.NO_MARK);
		assertThat(named(Item.class, KNOWN).encode(null).mark()).isEqualTo(of(Item.class).schemaMark());
	}

	@Test
	void anEntryWithoutAMarkIsReadAsTheOneKnownType() throws Exception {
		assertThat(untyped(List.of(Item.class)).reading(ValueCodec.NO_MARK)).isSameAs(of(Item.class));
		assertThat(untyped(List.of(Item.class, Dog.class)).reading(ValueCodec.NO_MARK)).isNull();
		assertThat(untyped(List.of()).reading(ValueCodec.NO_MARK)).isNull();
		assertThat(untyped(List.of()).reading("01234567")).isNull();
	}

	@Test
	void whoNamesATypeReadsEntriesOfItAndOfKnownTypesBelowIt() {
		String dog = of(Dog.class).schemaMark();

		assertThat(named(Dog.class, List.of()).reading(dog)).isSameAs(of(Dog.class));
		assertThat(named(Named.class, List.of(Dog.class)).reading(dog)).isSameAs(of(Dog.class));
		assertThat(named(Named.class, List.of()).reading(dog)).isNull();
		assertThat(named(Item.class, List.of(Dog.class)).reading(dog)).isNull();
		assertThat(named(Object.class, List.of(Dog.class)).reading(dog)).isSameAs(of(Dog.class));
	}

	@Test
	void aTypeWithArgumentsIsThatTypeAndNoOther() {
		Type bag = type(new ParameterizedTypeReference<Collection<Item>>() {
		});

		assertThat(named(bag, List.of(ITEMS)).reading(of(ITEMS).schemaMark())).isNull();
		assertThat(named(Collection.class, List.of(ITEMS)).reading(of(ITEMS).schemaMark())).isSameAs(of(ITEMS));
	}

	@Test
	void whoIsToldIfItIsNoneReadsWhatSaysWhatItIsAsThat() {
		ValueCodec asked = this.codecs.asked(Item.class, List.of(Dog.class), CacheSettings.defaults());

		assertThat(asked.schemaMark()).isEqualTo(of(Item.class).schemaMark());
		assertThat(asked.reading(of(Dog.class).schemaMark())).isSameAs(of(Dog.class));
		assertThat(asked.reading(of(Item.class).schemaMark())).isSameAs(of(Item.class));
		assertThat(asked.reading("01234567")).isNull();
		assertThat(asked).hasToString(of(Item.class).toString());
	}

	@Test
	void whatIsNestedDeepIsOfNoType() {
		Object deep = new Item("tea");
		for (int i = 0; i < 20; i++) {
			deep = List.of(deep);
		}
		Object nested = deep;

		assertThatExceptionOfType(NotCacheableException.class).isThrownBy(() -> untyped(KNOWN).encode(nested))
			.withMessageContaining("it would not come back as it went in");
	}

	@Test
	void whoNamesATypeReadsWhatWasPutWithoutOneIfItTellsWhatIsInIt() {
		for (Type type : List.of(Item.class, ITEMS, PERHAPS, ITEMS_BY_NAME)) {
			assertThat(named(type, List.of()).reading(ValueCodec.NO_MARK)).isSameAs(of(type));
			assertThat(of(type).reading(ValueCodec.NO_MARK)).isSameAs(of(type));
			assertThat(of(type).reading(SimpleValues.PLAIN_MARK)).isSameAs(of(type));
			assertThat(of(type).reading("01234567")).isNull();
		}
		for (Type type : List.of(List.class, Map.class, Optional.class, Iterable.class, Object[].class)) {
			assertThat(of(type).reading(ValueCodec.NO_MARK)).as("%s", type).isNull();
			assertThat(of(type).reading(SimpleValues.PLAIN_MARK)).isSameAs(of(type));
		}
		assertThat(of(Number.class).reading("~long---")).isSameAs(of(Number.class));
		assertThat(of(Object.class).reading("~long---")).isNull();
		assertThat(of(Object.class).reading(ValueCodec.NO_MARK)).isNull();
		assertThat(of(Object.class).reading(of(Object.class).schemaMark())).isSameAs(of(Object.class));
	}

	@Test
	void twoValuesAreTheSameIfAllOfThemIs() {
		ValueCodec asked = this.codecs.asked(Item.class, List.of(), CacheSettings.defaults());
		for (ValueCodec codec : List.of(of(Item.class), untyped(KNOWN), named(Item.class, KNOWN), asked)) {
			assertThat(codec.isSame(new Item("tea"), new Item("tea"))).isTrue();
			assertThat(codec.isSame(new Item("tea"), new Item("milk"))).isFalse();
			assertThat(codec.isSame(null, null)).isTrue();
			assertThat(codec.isSame(null, new Item("tea"))).isFalse();
			assertThat(codec.isSame(new Item("tea"), null)).isFalse();
		}
	}

	@Test
	void aValueIsForThoseWhoAskForItsTypeOrForAny() throws Exception {
		ValueCodec.Encoded item = of(Item.class).encode(new Item("tea"));
		ValueCodec.Encoded none = of(Item.class).encode(null);

		assertThat(item.isFor(item.mark())).isTrue();
		assertThat(item.isFor(ValueCodec.NO_MARK)).isTrue();
		assertThat(item.isFor("01234567")).isFalse();
		assertThat(none.isFor("01234567")).isTrue();
	}

	@Test
	void itSaysWhatItIs() {
		assertThat(of(ITEMS)).hasToString("JSON of java.util.List<" + Item.class.getName() + ">");
		assertThat(untyped(KNOWN)).hasToString("JSON of what a value is");
		assertThat(named(Item.class, KNOWN)).hasToString(of(Item.class).toString());
	}

	private ValueCodec of(Type type) {
		return this.codecs.forType(type, CacheSettings.defaults());
	}

	private ValueCodec untyped(Collection<Type> known) {
		return this.codecs.untyped(known, CacheSettings.defaults());
	}

	private ValueCodec named(Type type, Collection<Type> known) {
		return this.codecs.named(type, known, CacheSettings.defaults());
	}

	private static @Nullable Object read(ValueCodec reader, ValueCodec.Encoded encoded) throws Exception {
		ValueCodec codec = reader.reading(encoded.mark());
		assertThat(codec).isNotNull();
		return codec.decode(encoded.entry(), encoded.form());
	}

	private static Type type(ParameterizedTypeReference<?> reference) {
		return reference.getType();
	}

	record Item(String name) {

	}

	interface Named {

		String name();

	}

	@JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
	@JsonSubTypes(@JsonSubTypes.Type(value = Dog.class, name = "dog"))
	interface Animal {

		String name();

	}

	record Dog(String name) implements Animal, Named {

	}

	enum Size {

		SMALL, LARGE {
		}

	}

}
