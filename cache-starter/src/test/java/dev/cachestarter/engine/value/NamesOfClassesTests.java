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
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

import com.fasterxml.jackson.annotation.JsonAnySetter;
import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.DatabindContext;
import tools.jackson.databind.DefaultTyping;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.KeyDeserializer;
import tools.jackson.databind.annotation.JsonDeserialize;
import tools.jackson.databind.annotation.JsonPOJOBuilder;
import tools.jackson.databind.annotation.JsonTypeIdResolver;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.jsontype.BasicPolymorphicTypeValidator;
import tools.jackson.databind.jsontype.PolymorphicTypeValidator;
import tools.jackson.databind.jsontype.impl.TypeIdResolverBase;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.type.TypeFactory;
import tools.jackson.databind.util.StdConverter;

import org.springframework.core.ParameterizedTypeReference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

/**
 * Entries that name classes, and types that would have Jackson look for them, on every
 * way on which such a type can be reached. No class is made, or looked up.
 */
class NamesOfClassesTests {

	private static final String NAME = Gadget.class.getName();

	private static final String GADGET = "{\"@class\":\"" + NAME + "\",\"command\":\"rm\"}";

	private static final PolymorphicTypeValidator ANYTHING = BasicPolymorphicTypeValidator.builder()
		.allowIfBaseType(Object.class)
		.allowIfSubType(Object.class)
		.build();

	@ParameterizedTest(name = "{0}")
	@MethodSource("waysToAName")
	void noEntryMakesAClassThatItNames(String way, Type type, String json,
			UnaryOperator<JsonMapper.Builder> customizer) {
		Gadget.made.set(null);
		ValueCodec codec = Codecs.with(customizer.apply(ValueCodecs.mapperBuilder()).build())
			.forType(type, dev.cachestarter.CacheSettings.defaults());

		Throwable failure = catchThrowable(
				() -> Codecs.decode(codec, Codecs.entry("----", json.getBytes(StandardCharsets.UTF_8))));

		assertThat(Gadget.made.get()).as(way).isNull();
		assertThat(failure).as(way).isInstanceOf(ValueCodec.CorruptEntryException.class);
	}

	static Stream<Arguments> waysToAName() {
		return Stream.of( //
				way("root", Base.class, GADGET), //
				way("short name", Minimal.class, "{\"@c\":\".NamesOfClassesTests$Gadget\",\"command\":\"rm\"}"),
				way("element", new ParameterizedTypeReference<List<Base>>() {
				}.getType(), "[" + GADGET + "]"), //
				way("subclass of a list", Bases.class, "[" + GADGET + "]"), //
				way("subclass of a map", BasesByName.class, "{\"a\":" + GADGET + "}"), //
				way("array", Base[].class, "[" + GADGET + "]"), //
				way("optional", new ParameterizedTypeReference<Optional<Base>>() {
				}.getType(), GADGET), //
				way("member", Holder.class, "{\"base\":" + GADGET + "}"), //
				way("member that says it", AnnotatedMember.class, "{\"any\":" + GADGET + "}"), //
				way("read as another class", ReadAs.class, "{\"any\":" + GADGET + "}"), //
				way("content read as another class", ContentAs.class, "{\"all\":[" + GADGET + "]}"), //
				way("key read by a deserializer", KeyUsing.class, "{\"all\":{\"" + NAME + "\":1}}"), //
				way("converter", Converted.class, "{\"base\":" + GADGET + "}"), //
				way("builder", Built.class, "{\"base\":" + GADGET + "}"), //
				way("delegating creator", Delegating.class, GADGET), //
				way("any setter", AnySetter.class, "{\"x\":" + GADGET + "}"), //
				way("a resolver of its own", Resolved.class, "{\"t\":\"" + NAME + "\",\"command\":\"rm\"}"), //
				way("a class", Class.class, "\"" + NAME + "\""), //
				way("a class as a member", OfClass.class, "{\"type\":\"" + NAME + "\"}"), //
				way("a class as a key", new ParameterizedTypeReference<Map<Class<?>, Integer>>() {
				}.getType(), "{\"" + NAME + "\":1}"), //
				way("a class behind a creator", ByClass.class, "\"" + NAME + "\""), //
				way("a type of Jackson's", JavaType.class, "\"" + NAME + "\""), //
				way("a generic name", Base.class, "{\"@class\":\"java.util.ArrayList<" + NAME + ">\"}"), //
				way("a mix-in", Open.class, GADGET, (builder) -> builder.addMixIn(Open.class, Base.class)), //
				way("a mix-in of a module", Open.class, GADGET,
						(builder) -> builder
							.addModule(new SimpleModule("own").setMixInAnnotation(Open.class, Base.class))), //
				way("a validator that allows all", Base.class, GADGET,
						(builder) -> builder.polymorphicTypeValidator(ANYTHING)), //
				way("a type factory of its own", Bases.class, "[" + GADGET + "]",
						(builder) -> builder.typeFactory(TypeFactory.createDefaultInstance())
							.polymorphicTypeValidator(ANYTHING)), //
				way("a modifier of types", Bases.class, "[" + GADGET + "]",
						(builder) -> builder.addModule(new SimpleModule("modifying") {

							@Override
							public void setupModule(SetupContext context) {
								context.addTypeModifier(new tools.jackson.databind.type.TypeModifier() {

									@Override
									public JavaType modifyType(JavaType type, Type from,
											tools.jackson.databind.type.TypeBindings bindings, TypeFactory types) {
										return type;
									}

								});
							}

						}).polymorphicTypeValidator(ANYTHING)));
	}

	@Test
	void namesOfSubtypesAreReadAsEver() throws Exception {
		ValueCodec codec = Codecs.of(new ParameterizedTypeReference<List<Shape>>() {
		}.getType());
		List<Shape> shapes = List.of(new Circle(1), new Square(2));

		assertThat(Codecs.roundTrip(codec, shapes)).isEqualTo(shapes);
	}

	@Test
	void theElementsOfASubclassOfAListAreInItsMark() {
		assertThat(Codecs.of(Bases.class).schemaMark()).isNotEqualTo(Codecs.of(Shapes.class).schemaMark());
		assertThat(catchThrowable(() -> Codecs.of(Bases.class).encode(new Bases())))
			.hasMessageContaining("names of classes have no place in a cache");
	}

	@Test
	void defaultTypingIsRefusedWhateverItAppliesTo() {
		for (DefaultTyping typing : DefaultTyping.values()) {
			JsonMapper mapper = ValueCodecs.mapperBuilder().activateDefaultTyping(ANYTHING, typing).build();

			assertThat(catchThrowable(() -> Codecs.with(mapper))).hasMessageContaining("default typing");
		}
	}

	private static Arguments way(String way, Type type, String json) {
		return way(way, type, json, (builder) -> builder);
	}

	private static Arguments way(String way, Type type, String json, UnaryOperator<JsonMapper.Builder> customizer) {
		return Arguments.of(way, type, json, customizer);
	}

	@JsonTypeInfo(use = JsonTypeInfo.Id.CLASS)
	interface Base extends Open {

	}

	@JsonTypeInfo(use = JsonTypeInfo.Id.MINIMAL_CLASS)
	interface Minimal {

	}

	interface Open {

	}

	static final class Gadget implements Base, Minimal, Open {

		static final AtomicReference<String> made = new AtomicReference<>();

		static {
			made.set("initialized");
		}

		Gadget() {
			made.set("made");
		}

		public void setCommand(String command) {
			made.set(command);
		}

	}

	static final class Bases extends ArrayList<Base> {

		private static final long serialVersionUID = 1L;

	}

	static final class Shapes extends ArrayList<Shape> {

		private static final long serialVersionUID = 1L;

	}

	static final class BasesByName extends HashMap<String, Base> {

		private static final long serialVersionUID = 1L;

	}

	record Holder(Base base) {

	}

	record AnnotatedMember(@JsonTypeInfo(use = JsonTypeInfo.Id.CLASS) Object any) {

	}

	record ReadAs(@JsonDeserialize(as = Base.class) Object any) {

	}

	record ContentAs(@JsonDeserialize(contentAs = Base.class) List<Object> all) {

	}

	record KeyUsing(@JsonDeserialize(keyUsing = ByName.class) Map<Object, Integer> all) {

	}

	static final class ByName extends KeyDeserializer {

		@Override
		public Object deserializeKey(String key, DeserializationContext context) {
			try {
				return context.findClass(key).getDeclaredConstructor().newInstance();
			}
			catch (ReflectiveOperationException ex) {
				throw new IllegalArgumentException(ex);
			}
		}

	}

	record Converted(@JsonDeserialize(converter = Unwrap.class) Object base) {

	}

	static final class Unwrap extends StdConverter<Base, Object> {

		@Override
		public Object convert(Base value) {
			return value;
		}

	}

	@JsonDeserialize(builder = Built.Builder.class)
	record Built(Object base) {

		@JsonPOJOBuilder(withPrefix = "")
		static final class Builder {

			private Base base = new Base() {
			};

			public Builder base(Base value) {
				this.base = value;
				return this;
			}

			public Built build() {
				return new Built(this.base);
			}

		}

	}

	static final class Delegating {

		private final Base base;

		@JsonCreator(mode = JsonCreator.Mode.DELEGATING)
		Delegating(Base base) {
			this.base = base;
		}

		Base base() {
			return this.base;
		}

	}

	static final class AnySetter {

		private final Map<String, Object> all = new HashMap<>();

		@JsonAnySetter
		public void set(String name, Base value) {
			this.all.put(name, value);
		}

	}

	@JsonTypeInfo(use = JsonTypeInfo.Id.CUSTOM, property = "t")
	@JsonTypeIdResolver(ById.class)
	interface Resolved {

	}

	static final class ById extends TypeIdResolverBase {

		@Override
		public String idFromValue(DatabindContext context, Object value) {
			return value.getClass().getName();
		}

		@Override
		public String idFromValueAndType(DatabindContext context, Object value, Class<?> type) {
			return type.getName();
		}

		@Override
		public JavaType typeFromId(DatabindContext context, String id) {
			return context.resolveSubType(context.constructType(Object.class), id);
		}

		@Override
		public JsonTypeInfo.Id getMechanism() {
			return JsonTypeInfo.Id.CUSTOM;
		}

	}

	record OfClass(Class<?> type) {

	}

	static final class ByClass {

		@JsonCreator(mode = JsonCreator.Mode.DELEGATING)
		ByClass(Class<?> type) throws ReflectiveOperationException {
			type.getDeclaredConstructor().newInstance();
		}

	}

	@JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
	sealed interface Shape permits Circle, Square {

	}

	record Circle(int radius) implements Shape {

	}

	record Square(int side) implements Shape {

	}

}
