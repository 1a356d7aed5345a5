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
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Date;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.annotation.JsonDeserialize;
import tools.jackson.databind.annotation.JsonSerialize;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.ser.std.ToStringSerializer;

import org.springframework.core.ParameterizedTypeReference;
import org.springframework.core.ResolvableType;
import org.springframework.data.domain.Page;
import org.springframework.data.domain.PageImpl;
import org.springframework.data.domain.PageRequest;
import org.springframework.data.domain.Pageable;
import org.springframework.data.domain.ScrollPosition;
import org.springframework.data.domain.Slice;
import org.springframework.data.domain.SliceImpl;
import org.springframework.data.domain.Sort;
import org.springframework.data.domain.Window;
import org.springframework.data.geo.Distance;
import org.springframework.data.geo.GeoResult;
import org.springframework.data.geo.GeoResults;
import org.springframework.data.geo.Metrics;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.engine.value.ValueCodec.NotCacheableException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * What comes back from JSON as it was, and what is refused: by its type, by its class at
 * a place, or by itself.
 */
class WhatComesBackTests {

	private static final Type LIST_OF_ANIMALS = type(new ParameterizedTypeReference<List<Animal>>() {
	});

	// What the type alone tells

	@Test
	void aPropertyThatIsWrittenButNeverReadIsTold() {
		assertThat(whyNot(WriteOnly.class)).contains("'total'", "WriteOnly", "written but never read back", "mix-in");
	}

	@Test
	void aFieldThatIsIgnoredIsTold() {
		assertThat(whyNot(Secretive.class)).contains("'secret'", "Secretive", "ignored", "mix-in");
		assertThat(whyNot(type(new ParameterizedTypeReference<Map<String, List<Secretive>>>() {
		}))).contains("'secret'");
		assertThat(whyNot(Account.class)).contains("'password'", "ignored");
		assertThat(whyNot(Order.class)).isNull();
	}

	@Test
	void aMixinLetsTheCacheHaveWhatIsIgnoredElsewhere() throws Exception {
		ValueCodec codec = Codecs
			.with(ValueCodecs.mapperBuilder().addMixIn(Secretive.class, SecretiveInTheCache.class).build())
			.forType(Secretive.class, CacheSettings.defaults());
		Secretive value = new Secretive();
		value.setSecret("s");

		Secretive copy = (Secretive) Objects.requireNonNull(Codecs.roundTrip(codec, value));

		assertThat(copy.getSecret()).isEqualTo("s");
	}

	@Test
	void anIgnoredGetterWithoutAFieldLosesNothing() throws Exception {
		assertThat(comesBack(Named.class, new Named("a"))).isTrue();
	}

	@Test
	void anAbstractTypeWithoutSubtypesIsTold() {
		assertThat(whyNot(View.class)).contains("View is abstract", "@JsonTypeInfo", "projection", "record");
		assertThat(whyNot(type(new ParameterizedTypeReference<List<View>>() {
		}))).contains("View is abstract");
		assertThat(whyNot(WithView.class)).contains("View is abstract");
	}

	@Test
	void aConstructorThatAsksForWhatIsNotWrittenIsNamed() {
		assertThat(whyNot(Asking.class)).contains("(String, int)", "Asking", "'size'", "getter");
	}

	@Test
	void aTypeThatDependsOnItsValueIsNotRefusedForIt() {
		for (Type type : List.of(Attr.class, Object.class, Number.class, LIST_OF_ANIMALS, Order.class, String.class)) {
			assertThat(whyNot(type)).as(type.getTypeName()).isNull();
		}
	}

	@Test
	void anAbstractTypeThatJacksonIsToldAClassForIsNotTold() {
		assertThat(whyNot(Implemented.class)).isNull();
		assertThat(new ValueCodecs(ValueCodecs.mapperBuilder()
			.addModule(new SimpleModule("views").addAbstractTypeMapping(View.class, Shown.class))
			.build()).whyNotCacheable(ResolvableType.forType(View.class))).isNull();
	}

	@Test
	void aCollectionThatIsComputedIsNotWritten() throws Exception {
		assertThat(Codecs.payload(Codecs.entry(codec(Words.class), Words.of("a b")))).isEqualTo("{\"text\":\"a b\"}");
		assertThat(Codecs.payload(Codecs.entry(codec(Sorting.class), new Sorting(List.of("b", "a")))))
			.isEqualTo("{\"names\":[\"b\",\"a\"]}");
		assertThat(comesBack(Words.class, Words.of("a b"))).isTrue();
	}

	// How often a value is read back

	@Test
	void valuesOfAClassThatHasComeBackAreReadBackNowAndThen() throws Exception {
		ValueCodec codec = codec(Watched.class);
		Watched value = Watched.of("good");
		Watched.read.set(0);

		for (int i = 0; i < 8; i++) {
			codec.encode(value);
		}

		// The first of its class, and then the first, second and fourth that is trusted.
		assertThat(Watched.read).hasValue(4);
	}

	@Test
	void afterAValueThatNothingTellsFromOthersEachIsReadBack() throws Exception {
		ValueCodec codec = codec(Watched.class);
		for (int i = 0; i < 3; i++) {
			codec.encode(Watched.of("good"));
		}
		assertThat(refusal(codec, Watched.of("bad"))).contains("$.name", "came back with another value");
		Watched.read.set(0);

		codec.encode(Watched.of("good"));
		codec.encode(Watched.of("good"));

		assertThat(Watched.read).hasValue(2);
		assertThat(refusal(codec, Watched.of("bad"))).contains("$.name");
	}

	@Test
	void afterAClassThatIsRefusedOthersAreTrustedAsBefore() throws Exception {
		ValueCodec codec = codec(WatchedHolder.class);
		for (int i = 0; i < 4; i++) {
			codec.encode(new WatchedHolder(new Animal("a"), Watched.of("good")));
		}
		assertThat(refusal(codec, new WatchedHolder(new Cat("c"), Watched.of("good")))).contains("Cat came back as");
		Watched.read.set(0);

		codec.encode(new WatchedHolder(new Animal("a"), Watched.of("good")));
		codec.encode(new WatchedHolder(new Animal("a"), Watched.of("good")));

		// The one that is due after some that were not read back.
		assertThat(Watched.read).hasValue(1);
	}

	@Test
	void whatCannotBeReadBackIsToldWithOneCure() throws Exception {
		ValueCodec codec = codec(type(new ParameterizedTypeReference<List<Fussy>>() {
		}));

		assertThat(refusal(codec, new ArrayList<>(List.of(Fussy.of("bad"))))).contains("$[0].name. Make the property")
			.doesNotContain("..");
	}

	// What each value tells

	@Test
	void anObjectMemberIsCheckedInEachValue() throws Exception {
		ValueCodec codec = codec(Attr.class);
		codec.encode(new Attr("a", "text"));
		codec.encode(new Attr("a", 5));

		for (int i = 0; i < 3; i++) {
			assertThat(refusal(codec, new Attr("a", 5L))).contains("$.value",
					"java.lang.Long came back as java.lang.Integer");
			assertThat(refusal(codec, new Attr("a", Map.of("k", 5L)))).contains("$.value");
			codec.encode(new Attr("a", "text"));
		}
	}

	@Test
	void aNumberMemberIsCheckedInEachValue() throws Exception {
		ValueCodec codec = codec(Measured.class);
		codec.encode(new Measured(5));
		codec.encode(new Measured(1.5));
		codec.encode(new Measured(5));

		assertThat(refusal(codec, new Measured(5L))).contains("$.number");
	}

	@Test
	void aMapOfAnythingIsCheckedInEachValue() throws Exception {
		ValueCodec codec = codec(type(new ParameterizedTypeReference<Map<String, Object>>() {
		}));
		for (int i = 0; i < 6; i++) {
			codec.encode(Map.of("a", "text", "b", i));
		}

		assertThat(refusal(codec, Map.of("a", 5L))).contains("${}");
		codec.encode(Map.of("a", "text"));
	}

	@Test
	void aSubclassIsFoundInEachValueAndRefusedAtItsPlaceAlone() throws Exception {
		ValueCodec codec = codec(Pair.class);
		for (int i = 0; i < 6; i++) {
			codec.encode(new Pair(new Animal("a"), new Cat("c")));
		}

		assertThat(refusal(codec, new Pair(new Cat("a"), new Cat("c")))).contains("$.animal", "Cat came back as");
		codec.encode(new Pair(new Animal("a"), new Cat("c")));
		assertThat(refusal(codec, new Pair(new Cat("a"), new Cat("c")))).contains("Cat came back as");
	}

	@Test
	void oneBadElementRefusesItsTypeAndNoContainer() throws Exception {
		ValueCodec codec = codec(LIST_OF_ANIMALS);
		List<Animal> good = new ArrayList<>(List.of(new Animal("a")));
		codec.encode(good);

		assertThat(refusal(codec, new ArrayList<>(List.of(new Animal("a"), new Cat("c"))))).contains("$[1]");
		assertThat(refusal(codec, new ArrayList<>(List.of(new Unreadable(1))))).contains("Unreadable");

		codec.encode(good);
		codec.encode(new ArrayList<>(good));
	}

	@Test
	void aValueThatCannotBeReadBackIsRefusedAndOthersOfItsTypeAreNot() throws Exception {
		ValueCodec codec = codec(type(new ParameterizedTypeReference<List<Fussy>>() {
		}));
		codec.encode(new ArrayList<>(List.of(Fussy.of("a"))));

		assertThat(refusal(codec, new ArrayList<>(List.of(Fussy.of("bad"))))).contains("cannot be read back");
		codec.encode(new ArrayList<>(List.of(Fussy.of("b"))));
		assertThat(refusal(codec, new ArrayList<>(List.of(Fussy.of("b"), Fussy.of("bad")))))
			.contains("cannot be read back");
	}

	@Test
	void aComparatorIsFoundInEachValue() throws Exception {
		ValueCodec codec = codec(type(new ParameterizedTypeReference<Map<String, Integer>>() {
		}));
		for (int i = 0; i < 6; i++) {
			codec.encode(new TreeMap<>(Map.of("a", 1)));
		}
		TreeMap<String, Integer> reversed = new TreeMap<>(Comparator.reverseOrder());
		reversed.put("a", 1);

		assertThat(refusal(codec, reversed)).contains("comparator");
		codec.encode(new TreeMap<>(Map.of("a", 1)));
	}

	@Test
	void whatATypeProvesIsNotLookedAt() {
		JsonMapper mapper = ValueCodecs.mapperBuilder().build();
		PlaceFinder places = new PlaceFinder(mapper, ValueCodecs.OWN_MODULES, new LazyParts());

		assertThat(places.place(mapper.constructType(Line.class)).isProven()).isTrue();
		assertThat(places.place(mapper.constructType(String.class)).isProven()).isTrue();
		assertThat(places.place(mapper.constructType(Attr.class)).isProven()).isFalse();
		assertThat(places.place(mapper.constructType(Animal.class)).isProven()).isFalse();
	}

	// Beans as they come

	@Test
	void collectionsWithAGetterAloneComeBack() throws Exception {
		ValueCodec codec = codec(Order.class);
		codec.encode(new Order(1L, "a"));
		codec.encode(new Order(2L, "b"));
		Order third = new Order(3L, "c");
		third.getLines().add("tea");
		third.getPrices().put("tea", new BigDecimal("1.50"));

		Order copy = (Order) Objects.requireNonNull(Codecs.roundTrip(codec, third));

		assertThat(copy.getLines()).containsExactly("tea");
		assertThat(copy.getPrices()).containsEntry("tea", new BigDecimal("1.50"));
		assertThat(copy.getTitle()).isEqualTo("3 c");
	}

	@Test
	void aCollectionWhoseFieldHasAnotherNameComesBack() throws Exception {
		Vets vets = new Vets();
		vets.getVetList().add(new Line("a", 1));

		Vets copy = (Vets) Objects.requireNonNull(Codecs.roundTrip(codec(Vets.class), vets));

		assertThat(copy.getVetList()).containsExactly(new Line("a", 1));
	}

	@Test
	void aCollectionThatIsShownReadOnlyIsRefusedWhenItHasElements() throws Exception {
		ValueCodec codec = codec(Guarded.class);
		codec.encode(new Guarded());
		codec.encode(new Guarded());
		codec.encode(new Guarded());
		Guarded guarded = new Guarded();
		guarded.add("a");

		assertThat(refusal(codec, guarded)).contains("Guarded");
	}

	@Test
	void beansWithoutSettersComeBack() throws Exception {
		assertThat(comesBack(Quiet.class, Quiet.of("a", 1))).isTrue();
	}

	@Test
	void theConstructorWithoutParametersIsPreferred() throws Exception {
		Both both = new Both("a", new Line("b", 1));

		Both copy = (Both) Objects.requireNonNull(Codecs.roundTrip(codec(Both.class), both));

		assertThat(copy.getName()).isEqualTo("a");
		assertThat(whyNot(Both.class)).isNull();
	}

	@Test
	void numbersThatAreWrittenAsTextComeBack() throws Exception {
		Texts texts = new Texts(5L, 6L, new BigDecimal("1.50"), true, 7, Level.HIGH);

		assertThat(Codecs.roundTrip(codec(Texts.class), texts)).isEqualTo(texts);
		assertThat(Codecs.payload(Codecs.entry(codec(Texts.class), texts))).contains("\"id\":\"5\"", "\"level\":1");
	}

	@Test
	void numbersThatABeanWritesAsTextComeBackBySetters() throws Exception {
		TextBean bean = new TextBean();
		bean.setNumber(5);
		bean.setTotal(new BigDecimal("1.50"));
		bean.setOpen(true);

		TextBean copy = (TextBean) Codecs.roundTrip(codec(TextBean.class), bean);

		assertThat(copy).usingRecursiveComparison().isEqualTo(bean);
		assertThat(Codecs.payload(Codecs.entry(codec(TextBean.class), bean))).contains("\"number\":\"5\"",
				"\"total\":\"1.50\"", "\"open\":\"true\"");
	}

	@Test
	void textInThePlaceOfAnotherNumberStaysAnError() {
		byte[] entry = Codecs.entry("----", "{\"name\":\"a\",\"size\":\"1\"}".getBytes());

		assertThat(catchThrowableOfType(ValueCodec.CorruptEntryException.class,
				() -> Codecs.decode(codec(Line.class), entry)))
			.isNotNull();
	}

	@Test
	void numbersThatAModuleWritesAsTextComeBack() throws Exception {
		ValueCodecs codecs = new ValueCodecs(ValueCodecs.mapperBuilder()
			.addModule(new SimpleModule("longs").addSerializer(Long.class, ToStringSerializer.instance)
				.addSerializer(long.class, ToStringSerializer.instance))
			.build());

		ValueCodec codec = codecs.forType(Counted.class, CacheSettings.defaults());

		assertThat(Codecs.roundTrip(codec, new Counted(5, 6L))).isEqualTo(new Counted(5, 6L));
	}

	@Test
	void theOrderOfConstantsThatAreWrittenAsNumbersIsPartOfTheMark() {
		assertThat(codec(Level.class).schemaMark()).isNotEqualTo(codec(LevelOfOld.class).schemaMark());
		assertThat(whyNot(Level.class)).isNull();
	}

	@Test
	void datesWithATimestampBehindThemComeBack() throws Exception {
		ValueCodec codec = codec(Dated.class);
		Timestamp timestamp = Timestamp.valueOf("2026-01-02 03:04:05.678901");

		Dated copy = (Dated) Objects.requireNonNull(Codecs.roundTrip(codec, new Dated(timestamp)));

		assertThat(copy.at()).hasSameClassAs(new Date()).hasTime(timestamp.getTime());
		assertThat(Codecs.roundTrip(codec, new Dated(new Date(5)))).isEqualTo(new Dated(new Date(5)));
		assertThat(refusal(codec, new Dated(new java.sql.Time(5)))).contains("$.at");
	}

	@Test
	void arraysWithNullsComeBack() throws Exception {
		String[] array = { "a", null };

		assertThat((String[]) Codecs.roundTrip(codec(String[].class), array)).containsExactly("a", null);
		assertThat(Codecs.roundTrip(codec(type(new ParameterizedTypeReference<List<String[]>>() {
		})), new ArrayList<>(java.util.Collections.singletonList(array))))
			.asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.LIST)
			.hasSize(1);
	}

	// Spring Data

	@Test
	void pagesComeBack() throws Exception {
		Type pageOfLines = type(new ParameterizedTypeReference<Page<Line>>() {
		});
		List<Line> lines = List.of(new Line("a", 1), new Line("b", 2));
		Sort sort = Sort.by(Sort.Order.desc("name").ignoreCase().nullsLast(), Sort.Order.asc("size"));
		for (Page<Line> page : List.of(new PageImpl<>(lines, PageRequest.of(1, 2, sort), 7), new PageImpl<>(lines),
				new PageImpl<Line>(List.of()), new PageImpl<>(lines, Pageable.unpaged(sort), 2),
				new PageImpl<>(lines, PageRequest.of(0, 10), 2))) {
			Object copy = Codecs.roundTrip(codec(pageOfLines), page);

			assertThat(copy).isEqualTo(page).isInstanceOf(PageImpl.class);
			assertThat(((Page<?>) Objects.requireNonNull(copy)).getContent()).isEqualTo(page.getContent());
		}
		assertThat(whyNot(pageOfLines)).isNull();
	}

	@Test
	void slicesWindowsAndGeoResultsComeBack() throws Exception {
		List<Line> lines = List.of(new Line("a", 1), new Line("b", 2));
		Slice<Line> slice = new SliceImpl<>(lines, PageRequest.of(1, 2), true);
		GeoResults<Line> near = new GeoResults<>(
				List.of(new GeoResult<>(new Line("a", 1), new Distance(1.5, Metrics.KILOMETERS))));

		assertThat(Codecs.roundTrip(codec(type(new ParameterizedTypeReference<Slice<Line>>() {
		})), slice)).isEqualTo(slice);
		assertThat(Codecs.roundTrip(codec(type(new ParameterizedTypeReference<GeoResults<Line>>() {
		})), near)).isEqualTo(near);
		for (Window<Line> window : List.of(
				Window.from(lines, (index) -> ScrollPosition.forward(Map.of("id", (long) index, "name", "x")), true),
				Window.from(lines, org.springframework.data.domain.OffsetScrollPosition.positionFunction(4), false))) {
			Window<?> copy = (Window<?>) Objects
				.requireNonNull(Codecs.roundTrip(codec(type(new ParameterizedTypeReference<Window<Line>>() {
				})), window));

			assertThat(copy.getContent()).isEqualTo(lines);
			assertThat(copy.hasNext()).isEqualTo(window.hasNext());
			assertThat(copy.positionAt(0)).isEqualTo(window.positionAt(0));
			assertThat(copy.positionAt(1)).isEqualTo(window.positionAt(1));
		}
	}

	@Test
	void aPageOfWhatDoesNotComeBackIsRefused() {
		assertThat(refusal(codec(type(new ParameterizedTypeReference<Page<Animal>>() {
		})), new PageImpl<>(List.of(new Animal("a"), new Cat("b"))))).contains("Cat came back as");
		assertThat(whyNot(type(new ParameterizedTypeReference<Page<View>>() {
		}))).contains("View is abstract");
	}

	@Test
	void aPageAmongOtherPropertiesComesBack() throws Exception {
		Listing listing = new Listing("a", new PageImpl<>(List.of(new Line("a", 1)), PageRequest.of(0, 1), 3));

		assertThat(Codecs.roundTrip(codec(Listing.class), listing)).isEqualTo(listing);
	}

	// What persistence providers put into entities

	@Test
	void aLoadedCollectionIsAsGoodAsAPlainOne() throws Exception {
		ValueCodec codec = codec(Entity.class);
		FakePersistentBag<Line> lines = new FakePersistentBag<>(true, List.of(new Line("a", 1)));

		Entity copy = (Entity) Objects.requireNonNull(Codecs.roundTrip(codec, new Entity(1L, lines)));

		assertThat(copy.getLines()).isEqualTo(List.of(new Line("a", 1)));
	}

	@Test
	void whatIsNotLoadedIsRefusedUntouched() throws Exception {
		ValueCodec codec = codec(type(new ParameterizedTypeReference<List<Entity>>() {
		}));
		codec.encode(new ArrayList<>(List.of(new Entity(1L, new ArrayList<>()))));
		FakePersistentBag<Line> lazy = new FakePersistentBag<>(false, List.of(new Line("a", 1)));

		assertThat(refusal(codec, new ArrayList<>(List.of(new Entity(1L, lazy))))).contains("$[0].lines", "not loaded",
				"Map entities to records");
		assertThat(refusal(codec(type(new ParameterizedTypeReference<List<Line>>() {
		})), lazy)).contains("not loaded");
		assertThat(lazy.touched).isFalse();
		codec.encode(new ArrayList<>(List.of(new Entity(1L, new FakePersistentBag<>(true, List.of())))));
	}

	private static boolean comesBack(Type type, Object value) throws Exception {
		Object copy = Codecs.roundTrip(codec(type), value);
		assertThat(copy).usingRecursiveComparison().isEqualTo(value);
		return true;
	}

	private static @Nullable String whyNot(Type type) {
		return Codecs.fresh().whyNotCacheable(ResolvableType.forType(type));
	}

	private static ValueCodec codec(Type type) {
		return Codecs.fresh().forType(type, CacheSettings.defaults());
	}

	private static String refusal(ValueCodec codec, Object value) {
		NotCacheableException refusal = catchThrowableOfType(NotCacheableException.class, () -> codec.encode(value));
		assertThat(refusal).isNotNull();
		return String.valueOf(refusal.getMessage());
	}

	private static Type type(ParameterizedTypeReference<?> reference) {
		return reference.getType();
	}

	@JsonDeserialize(as = Shown.class)
	interface Implemented {

		String getName();

	}

	record Shown(String name) implements View, Implemented {

		@Override
		public String getName() {
			return this.name;
		}

	}

	static class Words {

		private String text = "";

		private transient @Nullable List<String> parts;

		static Words of(String text) {
			Words words = new Words();
			words.text = text;
			return words;
		}

		public String getText() {
			return this.text;
		}

		public void setText(String text) {
			this.text = text;
		}

		public List<String> getWords() {
			return List.of(this.text.split(" "));
		}

		public List<String> getParts() {
			return Objects.requireNonNullElseGet(this.parts, () -> new ArrayList<>());
		}

	}

	record Sorting(List<String> names) {

		public List<String> getSorted() {
			return this.names.stream().sorted().toList();
		}

	}

	record WatchedHolder(Animal animal, Watched watched) {

	}

	/** Counts how often it is read, and reads one value as another. */
	static final class Watched {

		private static final AtomicInteger read = new AtomicInteger();

		private @Nullable String name;

		static Watched of(String name) {
			Watched watched = new Watched();
			watched.name = name;
			return watched;
		}

		public @Nullable String getName() {
			return this.name;
		}

		public void setName(String name) {
			read.incrementAndGet();
			this.name = name.equals("bad") ? "worse" : name;
		}

	}

	record Line(String name, int size) {

	}

	record Attr(String name, Object value) {

	}

	record Measured(Number number) {

	}

	record Pair(Animal animal, Cat cat) {

	}

	record Dated(Date at) {

	}

	record Counted(long count, Long other) {

	}

	record Listing(String name, Page<Line> lines) {

	}

	record WithView(String name, View view) {

	}

	interface View {

		String getName();

	}

	/** Annotated at the field, at the getter, and at the setter. */
	static class TextBean {

		@JsonFormat(shape = JsonFormat.Shape.STRING)
		private long number;

		private BigDecimal total = BigDecimal.ZERO;

		private boolean open;

		public long getNumber() {
			return this.number;
		}

		public void setNumber(long number) {
			this.number = number;
		}

		@JsonSerialize(using = ToStringSerializer.class)
		public BigDecimal getTotal() {
			return this.total;
		}

		public void setTotal(BigDecimal total) {
			this.total = total;
		}

		public boolean isOpen() {
			return this.open;
		}

		@JsonSerialize(using = ToStringSerializer.class)
		public void setOpen(boolean open) {
			this.open = open;
		}

	}

	record Texts(@JsonFormat(shape = JsonFormat.Shape.STRING) Long id,
			@JsonSerialize(using = ToStringSerializer.class) long other,
			@JsonSerialize(using = ToStringSerializer.class) BigDecimal price,
			@JsonSerialize(using = ToStringSerializer.class) boolean active,
			@JsonFormat(shape = JsonFormat.Shape.STRING) int size, Level level) {

	}

	@JsonFormat(shape = JsonFormat.Shape.NUMBER)
	enum Level {

		LOW, HIGH

	}

	@JsonFormat(shape = JsonFormat.Shape.NUMBER)
	enum LevelOfOld {

		HIGH, LOW

	}

	static class Animal {

		private final String name;

		Animal(@JsonProperty("name") String name) {
			this.name = name;
		}

		public String getName() {
			return this.name;
		}

	}

	static class Cat extends Animal {

		Cat(@JsonProperty("name") String name) {
			super(name);
		}

	}

	static class Unreadable extends Animal {

		Unreadable(int number) {
			super("unreadable" + number);
		}

		@JsonProperty
		public int getNumber() {
			return 1;
		}

	}

	static final class Fussy {

		private @Nullable String name;

		static Fussy of(String name) {
			Fussy fussy = new Fussy();
			fussy.name = name;
			return fussy;
		}

		public @Nullable String getName() {
			return this.name;
		}

		public void setName(String name) {
			if (name.equals("bad")) {
				throw new IllegalArgumentException(name);
			}
			this.name = name;
		}

	}

	static class WriteOnly {

		@JsonProperty
		public int getTotal() {
			return 1;
		}

	}

	static class Secretive {

		private @Nullable String name;

		@JsonIgnore
		private @Nullable String secret;

		public @Nullable String getName() {
			return this.name;
		}

		public void setName(@Nullable String name) {
			this.name = name;
		}

		public @Nullable String getSecret() {
			return this.secret;
		}

		public void setSecret(@Nullable String secret) {
			this.secret = secret;
		}

	}

	static class Account {

		@JsonProperty(access = JsonProperty.Access.WRITE_ONLY)
		private @Nullable String password;

		public @Nullable String getPassword() {
			return this.password;
		}

		public void setPassword(String password) {
			this.password = password;
		}

	}

	abstract static class SecretiveInTheCache {

		@JsonIgnore(false)
		private @Nullable String secret;

	}

	static class Named {

		private @Nullable String name;

		Named() {
		}

		Named(String name) {
			this.name = name;
		}

		public @Nullable String getName() {
			return this.name;
		}

		public void setName(@Nullable String name) {
			this.name = name;
		}

		@JsonIgnore
		public boolean isNew() {
			return this.name == null;
		}

	}

	static class Asking {

		private final String name;

		public Asking(String name, int size) {
			this.name = name + size;
		}

		public String getName() {
			return this.name;
		}

	}

	static class Order {

		private @Nullable Long id;

		private @Nullable String name;

		private final List<String> lines = new ArrayList<>();

		private final Map<String, BigDecimal> prices = new TreeMap<>();

		protected Order() {
		}

		Order(Long id, String name) {
			this.id = id;
			this.name = name;
		}

		public @Nullable Long getId() {
			return this.id;
		}

		public void setId(Long id) {
			this.id = id;
		}

		public @Nullable String getName() {
			return this.name;
		}

		public void setName(String name) {
			this.name = name;
		}

		public List<String> getLines() {
			return this.lines;
		}

		public Map<String, BigDecimal> getPrices() {
			return this.prices;
		}

		public String getTitle() {
			return this.id + " " + this.name;
		}

	}

	static class Vets {

		private @Nullable List<Line> vets;

		public List<Line> getVetList() {
			if (this.vets == null) {
				this.vets = new ArrayList<>();
			}
			return this.vets;
		}

	}

	static class Guarded {

		private final List<String> lines = new ArrayList<>();

		public List<String> getLines() {
			return java.util.Collections.unmodifiableList(this.lines);
		}

		void add(String line) {
			this.lines.add(line);
		}

	}

	static class Quiet {

		private @Nullable String name;

		private int size;

		private Set<String> tags = new LinkedHashSet<>();

		protected Quiet() {
		}

		static Quiet of(String name, int size) {
			Quiet quiet = new Quiet();
			quiet.name = name;
			quiet.size = size;
			quiet.tags = new LinkedHashSet<>(Arrays.asList("a", "b"));
			return quiet;
		}

		public @Nullable String getName() {
			return this.name;
		}

		public int getSize() {
			return this.size;
		}

		public Set<String> getTags() {
			return this.tags;
		}

	}

	static class Both {

		private @Nullable String name;

		public Both() {
		}

		public Both(String name, Line unused) {
			this.name = name;
		}

		public @Nullable String getName() {
			return this.name;
		}

		public void setName(String name) {
			this.name = name;
		}

	}

	static class Entity {

		private @Nullable Long id;

		private List<Line> lines = new ArrayList<>();

		protected Entity() {
		}

		Entity(Long id, List<Line> lines) {
			this.id = id;
			this.lines = lines;
		}

		public @Nullable Long getId() {
			return this.id;
		}

		public List<Line> getLines() {
			return this.lines;
		}

	}

	/** As a provider's: a list that knows whether it is loaded. */
	static class FakePersistentBag<T> extends java.util.AbstractList<T>
			implements org.hibernate.collection.spi.PersistentCollection {

		private final boolean loaded;

		private final List<T> elements;

		private boolean touched;

		FakePersistentBag(boolean loaded, List<T> elements) {
			this.loaded = loaded;
			this.elements = elements;
		}

		@Override
		public boolean wasInitialized() {
			return this.loaded;
		}

		@Override
		public T get(int index) {
			this.touched |= !this.loaded;
			return this.elements.get(index);
		}

		@Override
		public int size() {
			this.touched |= !this.loaded;
			return this.elements.size();
		}

	}

}
