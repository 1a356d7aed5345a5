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

import java.net.URI;
import java.sql.Timestamp;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Date;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.IntFunction;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.xml.sax.helpers.AttributesImpl;
import tools.jackson.databind.node.JsonNodeFactory;

import org.springframework.data.domain.ScrollPosition;
import org.springframework.data.domain.Window;
import org.springframework.util.LinkedCaseInsensitiveMap;

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

	@Test
	void anotherKindOfContainerIsADifference() {
		assertDifferent(List.of(1), Set.of(1), "$", Cause.TYPE);
		assertDifferent(Set.of(1), List.of(1), "$", Cause.TYPE);
		assertDifferent(new PriorityQueue<>(List.of(1)), List.of(1), "$", Cause.TYPE);
		assertDifferent(new ArrayDeque<>(List.of(1)), Set.of(1), "$", Cause.TYPE);
		assertDifferent(new ArrayDeque<>(List.of(1)), "a", "$", Cause.TYPE);
		assertDifferent(Map.of("a", 1), List.of(1), "$", Cause.TYPE);
		assertDifferent(Optional.of(1), 1, "$", Cause.TYPE);
		assertDifferent(new String[] { "a" }, new Object[] { "a" }, "$", Cause.TYPE);
		assertSame(new PriorityQueue<>(List.of(1)), new PriorityQueue<>(List.of(1)));
		assertSame(new ArrayDeque<>(List.of(1)), List.of(1));
	}

	@Test
	void anotherNumberOfElementsIsADifference() {
		assertDifferent(List.of(1, 2), List.of(1), "$", Cause.OTHER);
		assertDifferent(Set.of(1, 2), Set.of(1), "$", Cause.OTHER);
		assertDifferent(Map.of("a", 1), Map.of("a", 1, "b", 2), "$", Cause.OTHER);
		assertDifferent(new int[] { 1, 2 }, new int[] { 1 }, "$", Cause.OTHER);
	}

	@Test
	void elementsOfContainersAreCompared() {
		assertDifferent(new Plain[] { new Plain("a"), new Plain("b") }, new Plain[] { new Plain("a"), new Plain("c") },
				"$[1].name", Cause.OTHER);
		assertDifferent(new int[] { 1, 2 }, new int[] { 1, 3 }, "$", Cause.OTHER);
		assertDifferent(Optional.of(new Plain("a")), Optional.of(new Plain("b")), "$.get().name", Cause.OTHER);
		assertDifferent(Optional.of(1), Optional.empty(), "$.get()", Cause.LOST);
		assertDifferent(Map.entry(1, "a"), Map.entry(2, "a"), "$.key", Cause.OTHER);
		assertDifferent(Map.entry(1, new Plain("a")), Map.entry(1, new Plain("b")), "$.value.name", Cause.OTHER);
		assertDifferent(Arrays.asList(1, null), List.of(1, 2), "$[1]", Cause.OTHER);
		assertSame(new Plain[] { new Plain("a"), null }, new Plain[] { new Plain("a"), null });
		assertSame(new int[] { 1, 2 }, new int[] { 1, 2 });
		assertSame(Map.entry(1, new Plain("a")), Map.entry(1, new Plain("a")));
	}

	@Test
	void whatAnElementsEqualsLeavesOutIsComparedInSetsToo() {
		assertSame(Set.of(new Versioned(1, "a")), Set.of(new Versioned(1, "a")));
		assertDifferent(Set.of(new Versioned(1, "a")), Set.of(new Versioned(1, "b")), "$[].version", Cause.OTHER);
	}

	@Test
	void anElementOfASetIsMatchedOnceWhateverTheirOrder() {
		// Their hashes decide which is tried first, and are others each time.
		for (int i = 0; i < 50; i++) {
			assertDifferent(Set.of(new Plain("a"), new Plain("a")), Set.of(new Plain("a"), new Plain("b")), "$[].name",
					Cause.OTHER);
		}
		assertSame(Set.of(new Plain("a"), new Plain("a")), Set.of(new Plain("a"), new Plain("a")));
	}

	@Test
	void setsOfManyElementsWithoutEqualsAreNotMatched() {
		assertDifferent(plains(100, 0), plains(100, 1), "$[].name", Cause.OTHER);
		assertSame(plains(101, 0), plains(101, 1));
	}

	@Test
	void elementsAreComparedUpToANumber() {
		List<Object> original = new ArrayList<>();
		List<Object> copy = new ArrayList<>();
		for (int i = 0; i < 50_000; i++) {
			original.add(new int[0]);
			copy.add(new int[0]);
		}

		copy.set(49_998, new int[1]);
		assertDifferent(original, copy, "$[49998]", Cause.OTHER);
		copy.set(49_998, new int[0]);
		copy.set(49_999, new int[1]);
		assertSame(original, copy);
	}

	@Test
	void whatIsNotLoadedIsADifference() {
		List<String> lazy = new WhatComesBackTests.FakePersistentBag<>(false, List.of("a"));
		List<String> loaded = new WhatComesBackTests.FakePersistentBag<>(true, List.of("a"));

		assertDifferent(Optional.of(lazy), Optional.of(List.of("a")), "$.get()", Cause.LAZY);
		assertSame(Optional.of(loaded), Optional.of(List.of("a")));
	}

	@Test
	void aMapThatIgnoresCaseIsADifferenceFromOneThatDoesNot() {
		LinkedCaseInsensitiveMap<Integer> original = new LinkedCaseInsensitiveMap<>();
		original.put("a", 1);
		LinkedCaseInsensitiveMap<Integer> copy = new LinkedCaseInsensitiveMap<>();
		copy.put("a", 1);

		assertDifferent(original, Map.of("a", 1), "$", Cause.CONTAINER);
		assertSame(original, copy);
	}

	@Test
	void aCollectionThatOnlyAddsConstantsIsAsGoodAsTheOneItExtends() {
		assertSame(new Constant(List.of(1)), new ArrayList<>(List.of(1)));
		assertDifferent(new Counting(List.of(1)), new ArrayList<>(List.of(1)), "$", Cause.TYPE);
	}

	@Test
	void windowsAreComparedWithTheirPositions() {
		List<Plain> elements = List.of(new Plain("a"), new Plain("b"));
		List<Plain> equal = List.of(new Plain("a"), new Plain("b"));
		IntFunction<ScrollPosition> second = (index) -> {
			if (index == 0) {
				throw new IllegalStateException("no position");
			}
			return ScrollPosition.offset(index);
		};

		assertSame(Window.from(elements, ScrollPosition::offset, true),
				Window.from(equal, ScrollPosition::offset, true));
		assertSame(Window.from(elements, second, true), Window.from(equal, second, true));
		assertDifferent(Window.from(elements, ScrollPosition::offset, true),
				Window.from(List.of(new Plain("a"), new Plain("c")), ScrollPosition::offset, true), "$.content[1].name",
				Cause.OTHER);
		assertDifferent(Window.from(elements, ScrollPosition::offset, true),
				Window.from(equal, (index) -> ScrollPosition.offset(index + 1), true), "$", Cause.OTHER);
		assertDifferent(Window.from(elements, ScrollPosition::offset, true), Window.from(equal, second, true), "$",
				Cause.OTHER);
		assertDifferent(Window.from(elements, ScrollPosition::offset, true),
				Window.from(equal, ScrollPosition::offset, false), "$", Cause.LOST);
	}

	@Test
	void datesAreComparedByTheirTime() {
		assertSame(new Timestamp(5), new Date(5));
		assertDifferent(new Timestamp(5), new Date(6), "$", Cause.TYPE);
		assertDifferent(new Date(5), new Date(6), "$", Cause.OTHER);
		assertDifferent(new java.sql.Time(5), new Date(5), "$", Cause.TYPE);
		assertDifferent(new Date(5), new Timestamp(5), "$", Cause.TYPE);
	}

	@Test
	void jsonIsComparedAsText() {
		JsonNodeFactory nodes = JsonNodeFactory.instance;

		assertSame(nodes.numberNode(5L), nodes.numberNode(5));
		assertDifferent(nodes.numberNode(5), nodes.numberNode(6), "$", Cause.OTHER);
		assertDifferent(nodes.numberNode(5), "5", "$", Cause.TYPE);
	}

	@Test
	void addressesAndPatternsAreComparedByWhatTheySay() throws Exception {
		assertSame(new URI("http://host.invalid/a").toURL(), new URI("http://host.invalid/a").toURL());
		assertDifferent(new URI("http://host.invalid/a").toURL(), new URI("http://host.invalid/b").toURL(), "$",
				Cause.OTHER);
		assertSame(Pattern.compile("a", Pattern.DOTALL), Pattern.compile("a", Pattern.DOTALL));
		assertDifferent(Pattern.compile("a"), Pattern.compile("a", Pattern.DOTALL), "$", Cause.OTHER);
		assertDifferent(Pattern.compile("a"), Pattern.compile("b"), "$", Cause.OTHER);
	}

	@Test
	void classesOfTheJdkWithoutEqualsAreComparedByTheirText() {
		assertSame(new AtomicInteger(1), new AtomicInteger(1));
		assertDifferent(new AtomicInteger(1), new AtomicInteger(2), "$", Cause.OTHER);
		assertDifferent(new AtomicInteger(1), new AtomicLong(1), "$", Cause.TYPE);
		assertDifferent(1, 2, "$", Cause.OTHER);
		assertDifferent(1L, 1, "$", Cause.TYPE);
	}

	@Test
	void locksAndTheLikeAreTheSame() {
		assertSame(new Object(), new Object());
		assertSame(new ReentrantLock(), new ReentrantLock());
		assertSame(new ReentrantReadWriteLock(), new ReentrantReadWriteLock());
		assertSame(new Random(1), new Random(2));
		assertSame(new ThreadLocal<>(), new ThreadLocal<>());
		assertDifferent(new Semaphore(1), new CountDownLatch(1), "$", Cause.TYPE);
		assertDifferent(new Thread(), new Thread(), "$", Cause.OTHER);
	}

	@Test
	void anotherConstantIsADifference() {
		assertDifferent(Cause.LOST, Cause.LAZY, "$", Cause.OTHER);
		assertDifferent(Cause.LOST, "LOST", "$", Cause.TYPE);
		assertDifferent(new Plain("a"), new Ring(), "$", Cause.TYPE);
	}

	private static Set<Object> plains(int number, int from) {
		Set<Object> plains = new HashSet<>();
		for (int i = 0; i < number; i++) {
			plains.add(new Plain("plain " + (from + i)));
		}
		return plains;
	}

	private static void assertDifferent(Object original, @Nullable Object copy, String path, Cause cause) {
		Difference difference = compare(original, copy);
		assertThat(difference).isNotNull();
		assertThat(difference.path()).isEqualTo(path);
		assertThat(difference.cause()).isEqualTo(cause);
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

	/** An entity, which is the same by its number. */
	static final class Versioned {

		private final int id;

		private final String version;

		Versioned(int id, String version) {
			this.id = id;
			this.version = version;
		}

		String version() {
			return this.version;
		}

		@Override
		public boolean equals(@Nullable Object other) {
			return other instanceof Versioned that && that.id == this.id;
		}

		@Override
		public int hashCode() {
			return this.id;
		}

	}

	static final class Constant extends ArrayList<Integer> {

		private static final long serialVersionUID = 1L;

		Constant(List<Integer> elements) {
			super(elements);
		}

	}

	static final class Counting extends ArrayList<Integer> {

		private static final long serialVersionUID = 1L;

		private final int total = 7;

		Counting(List<Integer> elements) {
			super(elements);
		}

		int total() {
			return this.total;
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
