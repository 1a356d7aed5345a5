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
import java.net.URI;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Date;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.OptBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;

import org.springframework.core.ParameterizedTypeReference;
import org.springframework.data.domain.PageRequest;
import org.springframework.data.domain.Pageable;
import org.springframework.data.domain.Sort;

import dev.cachestarter.engine.value.ShapeCheck.Cause;
import dev.cachestarter.engine.value.ShapeCheck.Difference;
import dev.cachestarter.engine.value.ShapeCheck.Step;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Whether a value is read back before it is stored: never, where its declared type proves
 * that it comes back; once, where its class has to show it; each time else.
 */
class PlaceFinderTests {

	private final JsonMapper mapper = ValueCodecs.mapperBuilder().build();

	private final PlaceFinder places = finder(this.mapper);

	static List<Arguments> values() {
		return List.of(
				// Proven by their type
				of(String.class, "a", Read.NEVER), of(int.class, 1, Read.NEVER), of(Long.class, 1L, Read.NEVER),
				of(BigDecimal.class, BigDecimal.ONE, Read.NEVER), of(UUID.class, new UUID(1, 2), Read.NEVER),
				of(URI.class, URI.create("a:b"), Read.NEVER), of(OptionalInt.class, OptionalInt.of(1), Read.NEVER),
				of(Instant.class, Instant.EPOCH, Read.NEVER), of(Duration.class, Duration.ZERO, Read.NEVER),
				of(DayOfWeek.class, DayOfWeek.MONDAY, Read.NEVER), of(Size.class, Size.SMALL, Read.NEVER),
				of(int[].class, new int[] { 1 }, Read.NEVER), of(Line.class, new Line("a", 1), Read.NEVER),
				of(Nested.class, new Nested(new Line("a", 1), Size.SMALL), Read.NEVER),
				of(Text.class, new Text(1, 2), Read.NEVER), of(Lenient.class, new Lenient(Instant.EPOCH), Read.NEVER),
				of(Renamed.class, new Renamed("a"), Read.NEVER),
				// Shown by their class
				of(Date.class, new Date(0), Read.ONCE), of(Sort.class, Sort.by("a"), Read.ONCE),
				of(Pageable.class, PageRequest.of(0, 1), Read.ONCE), of(Bean.class, new Bean(), Read.ONCE),
				of(String[].class, new String[] { "a" }, Read.ONCE), of(new ParameterizedTypeReference<List<String>>() {
				}, List.of("a"), Read.ONCE), of(new ParameterizedTypeReference<Set<Line>>() {
				}, Set.of(new Line("a", 1)), Read.ONCE), of(new ParameterizedTypeReference<Map<String, Bean>>() {
				}, Map.of("a", new Bean()), Read.ONCE), of(new ParameterizedTypeReference<Map<UUID, Line>>() {
				}, Map.of(new UUID(1, 2), new Line("a", 1)), Read.ONCE),
				of(new ParameterizedTypeReference<Map<Size, String>>() {
				}, new EnumMap<>(Map.of(Size.SMALL, "a")), Read.ONCE),
				of(Holder.class, new Holder(new Bean()), Read.ONCE),
				of(RenamedBean.class, new RenamedBean(), Read.ONCE), of(new ParameterizedTypeReference<Box<Bean>>() {
				}, new Box<>(new Bean()), Read.ONCE), of(new ParameterizedTypeReference<Optional<Bean>>() {
				}, Optional.of(new Bean()), Read.ONCE), of(WithTransient.class, new WithTransient(), Read.ONCE),
				of(new ParameterizedTypeReference<Set<String>>() {
				}, new TreeSet<>(Set.of("a")), Read.ONCE),
				// Told by nothing but the value
				of(Object.class, "a", Read.ALWAYS), of(Number.class, 1, Read.ALWAYS),
				of(Iterable.class, new ArrayList<>(List.of(1)), Read.ALWAYS), of(Locale.class, Locale.UK, Read.ALWAYS),
				of(new ParameterizedTypeReference<List<Object>>() {
				}, List.of("a"), Read.ALWAYS), of(new ParameterizedTypeReference<Map<Locale, String>>() {
				}, Map.of(Locale.UK, "a"), Read.ALWAYS), of(new ParameterizedTypeReference<Optional<Number>>() {
				}, Optional.of(1), Read.ALWAYS), of(Open.class, new Open(), Read.ALWAYS),
				of(Formatted.class, new Formatted(Instant.EPOCH), Read.ALWAYS),
				of(Numbered.class, new Numbered(Instant.EPOCH), Read.ALWAYS),
				of(Zoned.class, new Zoned(Instant.EPOCH), Read.ALWAYS),
				of(Hiding.class, new Hiding("a", "b"), Read.ALWAYS), of(Named.class, new Line("a", 1), Read.ALWAYS),
				of(HolderOfAny.class, new HolderOfAny("a"), Read.ALWAYS),
				// With an order that nothing tells
				of(new ParameterizedTypeReference<Set<String>>() {
				}, reversed(new TreeSet<>(Comparator.reverseOrder())), Read.ALWAYS),
				of(new ParameterizedTypeReference<Map<String, String>>() {
				}, new TreeMap<>(Comparator.reverseOrder()), Read.ALWAYS),
				of(new ParameterizedTypeReference<PriorityQueue<String>>() {
				}, new PriorityQueue<>(Comparator.reverseOrder()), Read.ALWAYS));
	}

	private static Arguments of(ParameterizedTypeReference<?> type, Object value, Read read) {
		return Arguments.of(type.getType(), value, read);
	}

	private static Arguments of(Type type, Object value, Read read) {
		return Arguments.of(type, value, read);
	}

	private static TreeSet<String> reversed(TreeSet<String> set) {
		set.add("a");
		return set;
	}

	@ParameterizedTest
	@MethodSource("values")
	void aValueIsReadBackAsOftenAsItsTypeLeavesOpen(Type type, Object value, Read read) {
		Place place = this.places.place(this.mapper.constructType(type));

		assertThat(read(place, value)).isEqualTo(read);
		assertThat(place.isProven()).isEqualTo(read == Read.NEVER);
	}

	@Test
	void whereModulesOfTheApplicationsWriteNothingIsProven() {
		JsonMapper foreign = ValueCodecs.mapperBuilder().addModule(new SimpleModule("the application's")).build();
		PlaceFinder places = finder(foreign);

		for (Object value : List.of("a", 1L, Instant.EPOCH, Size.SMALL, new Line("a", 1), new Bean())) {
			assertThat(read(places.place(foreign.constructType(value.getClass())), value)).isEqualTo(Read.ALWAYS);
		}
	}

	@Test
	void theSamePlaceIsFoundForOneType() {
		assertThat(this.places.place(this.mapper.constructType(Bean.class)))
			.isSameAs(this.places.place(this.mapper.constructType(Bean.class)));
	}

	@Test
	void aClassThatCameBackIsReadOnceForAllElementsAndAnotherOnceMore() {
		Place place = this.places.place(this.mapper.constructType(new ParameterizedTypeReference<List<Bean>>() {
		}.getType()));

		assertThat(read(place, new ArrayList<>(List.of(new Bean(), new Bean())))).isEqualTo(Read.ONCE);
		assertThat(read(place, new ArrayList<>(List.of(new Bean() {
		})))).isEqualTo(Read.ONCE);
		assertThat(read(place, List.of(new Bean()))).as("another list").isEqualTo(Read.ONCE);
		assertThat(read(place, new ArrayList<>(List.of(new Bean())))).isEqualTo(Read.NEVER);
	}

	@Test
	void aValueThatDidNotComeBackIsReadAgain() {
		Place place = this.places.place(this.mapper.constructType(Bean.class));
		Place.Look first = new Place.Look();
		place.look(new Bean(), first);

		assertThat(read(place, new Bean())).isEqualTo(Read.ONCE);
		assertThat(first.isCheckDue()).isTrue();
	}

	@Test
	void whatIsNestedTooDeepIsReadBack() {
		Tree deep = new Tree();
		Place place = this.places.place(this.mapper.constructType(Tree.class));
		assertThat(read(place, deep)).isEqualTo(Read.ONCE);
		for (int i = 0; i < 99; i++) {
			deep = new Tree(deep);
		}

		assertThat(read(place, deep)).isEqualTo(Read.NEVER);
		assertThat(read(place, new Tree(new Tree(deep)))).isEqualTo(Read.ALWAYS);
	}

	@Test
	void soManyObjectsAreLookedAtAndNoMore() {
		Place place = this.places.place(this.mapper.constructType(new ParameterizedTypeReference<List<Bean>>() {
		}.getType()));
		List<Bean> beans = new ArrayList<>(Collections.nCopies(99_999, new Bean()));
		read(place, beans);

		assertThat(read(place, beans)).isEqualTo(Read.NEVER);
		beans.add(new Bean());
		assertThat(read(place, beans)).isEqualTo(Read.ALWAYS);
	}

	@Test
	void aGetterThatFailsIsLeftToWhoWrites() {
		Place place = this.places.place(this.mapper.constructType(Failing.class));

		assertThat(read(place, new Failing())).isEqualTo(Read.ONCE);
	}

	@Test
	void whatStandsInAContainerOfAnythingIsLookedAt() {
		List<String> lazy = new WhatComesBackTests.FakePersistentBag<>(false, List.of("a"));

		assertThat(lazyIn(Object.class, List.of("a", lazy))).isEqualTo("$[1]");
		assertThat(lazyIn(Object.class, new Object[] { lazy })).isEqualTo("$[0]");
		assertThat(lazyIn(Object.class, Map.of("a", Optional.of(lazy)))).isEqualTo("${}.get()");
		assertThat(lazyIn(Iterable.class, List.of(lazy))).isEqualTo("$[0]");
		assertThat(lazyIn(Object[].class, new Object[] { "a", "b", lazy })).isEqualTo("$[2]");
		assertThat(lazyIn(Object.class, Optional.empty())).isEqualTo("nowhere");
		assertThat(lazyIn(Object.class, "text")).isEqualTo("nowhere");
		assertThat(lazyIn(HolderOfAny.class, new HolderOfAny(List.of(lazy)))).isEqualTo("$.any[0]");
	}

	@Test
	void thePropertiesOfASubclassAreLookedAt() {
		assertThat(lazyIn(Bean.class, new Below(new WhatComesBackTests.FakePersistentBag<>(false, List.of()))))
			.isEqualTo("$.lines");
		assertThat(lazyIn(Bean.class, new Below(new ArrayList<>()))).isEqualTo("nowhere");
	}

	@Test
	void anOrderOfAnotherClassInAPageRequestIsReadBack() {
		Place place = this.places.place(this.mapper.constructType(Pageable.class));
		read(place, PageRequest.of(0, 1, Sort.by("a")));

		assertThat(read(place, PageRequest.of(1, 2, Sort.by("b")))).isEqualTo(Read.NEVER);
		assertThat(read(place, PageRequest.of(0, 1, new OwnSort()))).isEqualTo(Read.ONCE);
	}

	@Test
	void ofATypeThatGrowsForEverSoManyPlacesAreKnownAndNoMore() {
		JavaType growing = this.mapper.constructType(String.class);
		for (int i = 0; i < 498; i++) {
			growing = this.mapper.getTypeFactory().constructCollectionType(List.class, growing);
		}
		this.places.place(growing);

		assertThat(read(this.places.place(this.mapper.constructType(Animal.class)), new Animal())).isEqualTo(Read.ONCE);
		assertThat(read(this.places.place(this.mapper.constructType(Cat.class)), new Cat())).isEqualTo(Read.ALWAYS);
		assertThat(this.places.place(this.mapper.constructType(Long.class)).isProven()).isFalse();
	}

	@Test
	void placesAreFoundByOneThreadAfterAnother() throws Exception {
		Place place = this.places.place(this.mapper.constructType(Bean.class));
		read(place, new Below(new ArrayList<>()));

		CompletableFuture<Read> elsewhere = CompletableFuture.supplyAsync(() -> {
			Place other = this.places.place(this.mapper.constructType(Animal.class));
			return read(other, new Cat());
		});

		assertThat(elsewhere.get(20, TimeUnit.SECONDS)).isEqualTo(Read.ONCE);
	}

	// Classes that are refused

	@Test
	void aClassIsRefusedWhereItDidNotComeBackAndNowhereElse() {
		Place place = this.places.place(this.mapper.constructType(Two.class));

		assertThat(place.refuse(Two.class, changed(step(".first", Cat.class)), "a cat")).isTrue();

		assertThat(refusalIn(place, new Two(new Cat(), new Animal()))).isEqualTo("a cat at $.first");
		assertThat(refusalIn(place, new Two(new Animal(), new Cat()))).isEqualTo("none");
	}

	@Test
	void aClassIsRefusedAmongElementsAndAtTheTop() {
		Place list = this.places.place(this.mapper.constructType(new ParameterizedTypeReference<List<Animal>>() {
		}.getType()));
		Place animal = this.places.place(this.mapper.constructType(Animal.class));

		assertThat(list.refuse(ArrayList.class, changed(step("[1]", Cat.class)), "a cat")).isTrue();

		assertThat(refusalIn(list, new ArrayList<>(List.of(new Animal(), new Cat())))).isEqualTo("a cat at $[1]");
		assertThat(refusalIn(animal, new Cat())).isEqualTo("a cat at $");
		assertThat(refusalIn(animal, new Animal())).isEqualTo("none");
	}

	@Test
	void aClassThatLosesAPropertyIsRefusedAndNotWhatIsLost() {
		Place place = this.places.place(this.mapper.constructType(Two.class));

		assertThat(place.refuse(Two.class,
				difference(Cause.LOST, step(".first", Cat.class), step(".name", String.class)), "loses"))
			.isTrue();
		assertThat(refusalIn(place, new Two(new Cat(), new Animal()))).isEqualTo("loses at $.first");
		assertThat(place.refuse(Two.class, difference(Cause.LOST), "loses all")).isTrue();
		assertThat(refusalIn(place, new Two(new Animal(), new Animal()))).isEqualTo("loses all at $");
	}

	@Test
	void aContainerOfTheJdksIsNeverRefused() {
		Place map = this.places.place(this.mapper.constructType(new ParameterizedTypeReference<Map<String, Animal>>() {
		}.getType()));
		Place holder = this.places.place(this.mapper.constructType(Boxes.class));

		assertThat(map.refuse(TreeMap.class, difference(Cause.CONTAINER), "why")).isFalse();
		assertThat(holder.refuse(Boxes.class, changed(step(".list", ArrayList.class)), "why")).isFalse();
		assertThat(holder.refuse(Boxes.class, changed(step(".perhaps", Optional.class)), "why")).isFalse();
		assertThat(holder.refuse(Boxes.class, changed(step(".array", String[].class)), "why")).isFalse();
		assertThat(holder.refuse(Boxes.class, changed(step(".list", Shelf.class)), "own")).isTrue();
		assertThat(holder.refuse(Boxes.class, changed(step(".date", Date.class)), "date")).isTrue();
	}

	@Test
	void nothingIsRefusedForADifferenceOfItsValueOrAtAPlaceThatNobodyKnows() {
		Place place = this.places.place(this.mapper.constructType(Two.class));
		Place any = this.places.place(this.mapper.constructType(HolderOfAny.class));

		assertThat(place.refuse(Two.class, difference(Cause.OTHER, step(".first", Cat.class)), "why")).isFalse();
		assertThat(place.refuse(Two.class, difference(Cause.LAZY, step(".first", Cat.class)), "why")).isFalse();
		assertThat(place.refuse(Two.class, changed(step(".third", Cat.class)), "why")).isFalse();
		assertThat(place.refuse(Two.class, changed(new Step(".first", null)), "why")).isFalse();
		assertThat(any.refuse(HolderOfAny.class, changed(step(".any", Cat.class)), "why")).isFalse();
		assertThat(refusalIn(place, new Two(new Cat(), new Cat()))).isEqualTo("none");
	}

	@Test
	void aClassThatHasComeBackIsNotRefused() {
		Place place = this.places.place(this.mapper.constructType(Two.class));
		read(place, new Two(new Cat(), new Animal()));

		assertThat(place.refuse(Two.class, changed(step(".first", Cat.class)), "why")).isFalse();
	}

	private String lazyIn(Type type, Object value) {
		Place.Look look = new Place.Look();
		this.places.place(this.mapper.constructType(type)).look(value, look);
		return (look.lazy() != null) ? look.path() : "nowhere";
	}

	private static String refusalIn(Place place, Object value) {
		Place.Look look = new Place.Look();
		place.look(value, look);
		return (look.refusal() != null) ? look.refusal() + " at " + look.path() : "none";
	}

	private static Step step(String text, Class<?> type) {
		return new Step(text, type);
	}

	private static Difference changed(Step... steps) {
		return difference(Cause.TYPE, steps);
	}

	private static Difference difference(Cause cause, Step... steps) {
		return new Difference(List.of(steps), "what", cause);
	}

	/** Look twice, and have the value come back in between. */
	private static Read read(Place place, Object value) {
		Place.Look first = new Place.Look();
		place.look(value, first);
		first.survived();
		Place.Look second = new Place.Look();
		place.look(value, second);
		return second.isCheckDue() ? Read.ALWAYS : first.isCheckDue() ? Read.ONCE : Read.NEVER;
	}

	private static PlaceFinder finder(JsonMapper mapper) {
		return new PlaceFinder(mapper, ValueCodecs.OWN_MODULES, new LazyParts());
	}

	enum Read {

		NEVER, ONCE, ALWAYS

	}

	enum Size {

		SMALL

	}

	interface Named {

		String name();

	}

	record Line(String name, int amount) implements Named {

	}

	record Nested(Line line, Size size) {

	}

	record Holder(Bean bean) {

	}

	record HolderOfAny(@Nullable Object any) {

	}

	record Formatted(@JsonFormat(pattern = "yyyy-MM-dd'T'HH:mm:ssX", timezone = "UTC") Instant at) {

	}

	record Numbered(@JsonFormat(shape = JsonFormat.Shape.NUMBER_INT) Instant at) {

	}

	record Zoned(@JsonFormat(timezone = "UTC") Instant at) {

	}

	record Lenient(@JsonFormat(lenient = OptBoolean.TRUE) Instant at) {

	}

	record Text(@JsonFormat(shape = JsonFormat.Shape.STRING) long id, int size) {

	}

	record Renamed(@JsonProperty("other") String name) {

	}

	record Box<T>(T content) {

	}

	record Two(Animal first, Object second) {

	}

	record Boxes(List<Animal> list, Optional<Animal> perhaps, String[] array, Date date) {

	}

	static class OwnSort extends Sort {

		private static final long serialVersionUID = 1L;

		OwnSort() {
			super(List.of(Sort.Order.asc("a")));
		}

	}

	static class Shelf extends ArrayList<Animal> {

		private static final long serialVersionUID = 1L;

	}

	static class Animal {

		private String name = "a";

		public String getName() {
			return this.name;
		}

		public void setName(String name) {
			this.name = name;
		}

	}

	static class Cat extends Animal {

	}

	static class RenamedBean {

		@JsonProperty("other")
		private String name = "a";

		String name() {
			return this.name;
		}

	}

	record Hiding(String name, @JsonIgnore String hidden) {

	}

	static class Bean {

		private String name = "a";

		public String getName() {
			return this.name;
		}

		public void setName(String name) {
			this.name = name;
		}

	}

	static class Below extends Bean {

		private final List<String> lines;

		Below(List<String> lines) {
			this.lines = lines;
		}

		public List<String> getLines() {
			return this.lines;
		}

	}

	static class WithTransient {

		private String name = "a";

		private transient int cached;

		public String getName() {
			this.cached++;
			return this.name;
		}

		public void setName(String name) {
			this.name = name;
		}

	}

	static class Open {

		private final List<String> hidden = List.of();

		private String name = "a";

		public String getName() {
			return this.name + this.hidden.size();
		}

		public void setName(String name) {
			this.name = name;
		}

	}

	static final class Failing {

		private @Nullable Bean bean;

		public @Nullable Bean getBean() {
			throw new IllegalStateException();
		}

		public void setBean(Bean bean) {
			this.bean = bean;
		}

	}

	static class Tree {

		private @Nullable Tree below;

		Tree() {
		}

		Tree(Tree below) {
			this.below = below;
		}

		public @Nullable Tree getBelow() {
			return this.below;
		}

		public void setBelow(@Nullable Tree below) {
			this.below = below;
		}

	}

}
