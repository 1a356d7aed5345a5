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

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.xml.sax.helpers.AttributesImpl;

import dev.cachestarter.engine.value.ShapeCheck.Cause;
import dev.cachestarter.engine.value.ShapeCheck.Difference;

import static org.assertj.core.api.Assertions.assertThat;

class ShapeCheckTests {

	@Test
	void otherImplementationsOfTheSameContentAreTheSame() {
		assertSame(List.of(1, 2), new ArrayList<>(List.of(1, 2)));
		assertSame(Arrays.asList("a", null), new ArrayList<>(Arrays.asList("a", null)));
		assertSame(Collections.unmodifiableList(List.of(1)), List.of(1));
		assertSame(Map.of("a", List.of(1)), new LinkedHashMap<>(Map.of("a", List.of(1))));
		assertSame(new TreeMap<>(Map.of("a", 1, "b", 2)), new HashMap<>(Map.of("a", 1, "b", 2)));
		assertSame(Set.of(1, 2, 3), new HashSet<>(Set.of(3, 2, 1)));
		assertSame(Map.of("a", 1).values(), List.of(1));
		assertSame(Map.entry("a", 1), Map.entry("a", 1));
	}

	@Test
	void setsOfElementsWithoutEqualsAreMatchedByShape() {
		Set<Object> original = Set.of(new Plain("a"), new Plain("b"), new Plain("c"));

		assertSame(original, Set.of(new Plain("c"), new Plain("a"), new Plain("b")));
		assertThat(compare(original, Set.of(new Plain("a"), new Plain("b"), new Plain("d")))).isNotNull()
			.extracting(Difference::path)
			.isEqualTo("$[].name");
	}

	@Test
	void pathLeadsToTheDifferenceAndShowsNoKey() {
		Difference difference = compare(Map.of("secret", List.of(new Plain("a"), new Plain("b"))),
				Map.of("secret", List.of(new Plain("a"), new Plain(null))));

		assertThat(Objects.requireNonNull(difference).path()).isEqualTo("${}[1].name");
		assertThat(difference.what()).isEqualTo("java.lang.String came back as null");
		assertThat(difference.cause()).isEqualTo(Cause.LOST);
	}

	@Test
	void cyclesEnd() {
		Ring one = new Ring();
		one.next = new Ring();
		one.next.next = one;
		Ring other = new Ring();
		other.next = other;

		assertSame(one, other);
		one.next.name = "changed";
		assertThat(compare(one, other)).isNotNull().extracting(Difference::path).isEqualTo("$.next.name");
	}

	@Test
	void hugeValuesAreComparedInPart() {
		List<Integer> original = IntStream.range(0, 1_000_000).boxed().toList();
		List<Integer> copy = new ArrayList<>(IntStream.range(0, 1_000_000).boxed().toList());
		copy.set(999_999, -1);

		assertSame(original, copy);
		copy.set(1000, -1);
		assertThat(compare(original, copy)).isNotNull().extracting(Difference::path).isEqualTo("$[1000]");
	}

	@Test
	void deepValuesDoNotOverflow() {
		Ring one = new Ring();
		Ring other = new Ring();
		for (int i = 0; i < 1_000_000; i++) {
			one = new Ring(one);
			other = new Ring(other);
		}

		assertThat(compare(one, other)).isNotNull().extracting(Difference::what).asString().contains("StackOverflow");
	}

	@Test
	void classesThatCannotBeLookedIntoAreComparedAsJson() {
		AttributesImpl original = new AttributesImpl();
		original.addAttribute("", "a", "a", "CDATA", "1");
		AttributesImpl copy = new AttributesImpl(original);

		assertSame(original, copy);
		copy.clear();
		assertThat(compare(original, copy)).isNotNull();
	}

	@Test
	void failingEqualsIsADifference() {
		assertThat(compare(Set.of(new Unequal()), Set.of(new Unequal()))).isNotNull()
			.extracting(Difference::what)
			.asString()
			.contains("IllegalStateException");
	}

	private static void assertSame(Object original, Object copy) {
		assertThat(compare(original, copy)).isNull();
	}

	private static @Nullable Difference compare(Object original, @Nullable Object copy) {
		return new ShapeCheck(new LazyParts(),
				(part) -> ValueCodecs.mapperBuilder()
					.disable(tools.jackson.databind.MapperFeature.REQUIRE_SETTERS_FOR_GETTERS)
					.build()
					.writeValueAsBytes(part))
			.compare(original, copy);
	}

	static final class Plain {

		private final @Nullable String name;

		Plain(@Nullable String name) {
			this.name = name;
		}

		@Nullable String name() {
			return this.name;
		}

	}

	static final class Ring {

		private @Nullable String name;

		private @Nullable Ring next;

		Ring() {
		}

		Ring(Ring next) {
			this.next = next;
		}

	}

	static final class Unequal {

		@Override
		public boolean equals(@Nullable Object other) {
			throw new IllegalStateException();
		}

		@Override
		public int hashCode() {
			return 1;
		}

	}

}
