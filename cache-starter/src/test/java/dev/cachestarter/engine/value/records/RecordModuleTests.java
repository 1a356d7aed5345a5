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

package dev.cachestarter.engine.value.records;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.util.ClassUtil;

import dev.cachestarter.engine.value.ValueCodecs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

/**
 * Tests for {@link RecordModule}: what is read and what fails are the same without it.
 */
class RecordModuleTests {

	private static final JsonMapper OWN = JsonMapper.builder().addModule(new RecordModule()).build();

	private static final JsonMapper JACKSON = JsonMapper.builder().build();

	private static final Pattern ANY_HASH = Pattern.compile("@[0-9a-f]+");

	/** How differently a mapper may be set up. */
	private static final List<UnaryOperator<JsonMapper.Builder>> SETTINGS = List.of(UnaryOperator.identity(),
			(mapper) -> mapper.disable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
				.disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES),
			(mapper) -> mapper.enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
				.enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES),
			(mapper) -> mapper.enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES),
			(mapper) -> mapper.enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES),
			(mapper) -> mapper.disable(DeserializationFeature.WRAP_EXCEPTIONS),
			(mapper) -> mapper.disable(MapperFeature.CAN_OVERRIDE_ACCESS_MODIFIERS));

	static Stream<JavaType> types() {
		return Stream
			.of(Plain.class, Numbers.class, Empty.class, One.class, Many.class, Checked.class, Failing.class,
					Thrown.class, Made.class, Second.class, Renamed.class, Annotated.class, Unwrapped.class, Wide.class,
					Delegating.class)
			.map(JACKSON::constructType);
	}

	@ParameterizedTest
	@MethodSource("types")
	void recordsAreReadAsJacksonDoes(JavaType type) {
		for (String json : List.of("{}", "null", "[]", "\"text\"", "1", "{\"name\":\"a\",\"parts\":[\"b\"]}",
				"{\"name\":null}", "{\"name\":1,\"parts\":\"b\"}", "{\"name\":{}}", "{\"unknown\":1}",
				"{\"small\":1,\"large\":2,\"half\":0.5,\"is\":true}", "{\"small\":null,\"large\":null}",
				"{\"small\":\"x\"}", "{\"small\":300,\"large\":99999999999999999999}", "{\"parts\":[\"a\",\"b\"]}",
				"{\"parts\":null}", "{\"number\":1}", "{\"number\":-1}",
				"{\"plain\":{\"name\":\"a\"},\"by\":{\"b\":{\"name\":\"c\",\"parts\":[]}}}", "{\"label\":\"a\"}",
				"{\"other\":\"a\",\"hidden\":1}", "{\"name\":\"a\",\"id\":1,\"plain\":{\"name\":\"b\"}}", "{\"a0\":1}",
				"{\"number\":-2}", "[1,2]")) {
			for (UnaryOperator<JsonMapper.Builder> setting : SETTINGS) {
				String jacksons = outcome(setting.apply(JACKSON.rebuild()).build(), type, json);
				String own = outcome(setting.apply(OWN.rebuild()).build(), type, json);

				assertThat(own).as(json).isEqualTo(jacksons);
			}
		}
	}

	@Test
	void typedRecordHoldsWhatItsTypeSays() {
		JavaType type = JACKSON.getTypeFactory().constructParametricType(Pair.class, Plain.class, Integer.class);
		String json = "{\"first\":{\"name\":\"a\",\"parts\":[]},\"second\":2}";

		Object read = OWN.readValue(json, type);

		assertThat(read).isEqualTo(new Pair<>(new Plain("a", List.of()), 2));
		assertThat(outcome(OWN, type, "{\"second\":\"x\"}")).isEqualTo(outcome(JACKSON, type, "{\"second\":\"x\"}"));
	}

	@ParameterizedTest
	@ValueSource(classes = { Checked.class, Hidden.class })
	void mapperOfTheCacheCallsTheConstructorWithoutJackson(Class<?> type) {
		Throwable failure = catchThrowable(
				() -> ValueCodecs.mapperBuilder().build().readValue("{\"number\":-1}", type));

		assertThat(failure).hasRootCauseInstanceOf(IllegalArgumentException.class);
		assertThat(Stream.iterate(failure, (cause) -> cause != null, Throwable::getCause)
			.flatMap((cause) -> Arrays.stream(cause.getStackTrace()))
			.map(StackTraceElement::getClassName)).anyMatch((name) -> name.startsWith(RecordModule.class.getName()))
			.noneMatch((name) -> name.endsWith(".AnnotatedConstructor"));
	}

	@Test
	void whatOnlyLooksLikeARecordIsJacksonsMatter() {
		JavaType type = JACKSON.constructType(Bean.class);

		assertThat(outcome(OWN, type, "{\"name\":\"a\"}")).isEqualTo(outcome(JACKSON, type, "{\"name\":\"a\"}"));
	}

	private static String outcome(JsonMapper mapper, JavaType type, String json) {
		try {
			Object value = mapper.readValue(json, type);
			return String.valueOf(value);
		}
		catch (Throwable ex) {
			return ANY_HASH.matcher(ex.getClass() + ": " + ex.getMessage() + ", caused by " + ex.getCause())
				.replaceAll("@");
		}
	}

	private record Plain(@Nullable String name, @Nullable List<String> parts) {

	}

	record Numbers(byte small, long large, double half, boolean is) {

	}

	record Empty() {

	}

	record One(@Nullable Plain plain, @Nullable Map<String, Plain> by) {

	}

	record Many(String... parts) {

		@Override
		public String toString() {
			return Arrays.toString(this.parts);
		}

	}

	record Checked(int number) {

		Checked {
			if (number < 0) {
				throw new IllegalArgumentException("below zero");
			}
		}

	}

	record Failing(int number) {

		Failing {
			if (number < 0) {
				throw new AssertionError("below zero");
			}
		}

	}

	record Thrown(int number) {

		Thrown {
			if (number < 0) {
				throw ClassUtil
					.sneakyThrow((number < -1) ? new Throwable("far below zero") : new IOException("below zero"));
			}
		}

	}

	private record Hidden(int number) {

		private Hidden {
			if (number < 0) {
				throw new IllegalArgumentException("below zero");
			}
		}

	}

	record Annotated(@JsonAlias("other") @Nullable String name, @JsonIgnore int hidden,
			@JsonProperty(defaultValue = "2") int number) {

	}

	record Unwrapped(int id, @JsonUnwrapped @Nullable Plain plain) {

	}

	record Delegating(List<Integer> parts) {

		@JsonCreator(mode = JsonCreator.Mode.DELEGATING)
		Delegating {
		}

	}

	/** More than a method handle takes. */
	record Wide(long a0, long a1, long a2, long a3, long a4, long a5, long a6, long a7, long a8, long a9, long a10,
			long a11, long a12, long a13, long a14, long a15, long a16, long a17, long a18, long a19, long a20,
			long a21, long a22, long a23, long a24, long a25, long a26, long a27, long a28, long a29, long a30,
			long a31, long a32, long a33, long a34, long a35, long a36, long a37, long a38, long a39, long a40,
			long a41, long a42, long a43, long a44, long a45, long a46, long a47, long a48, long a49, long a50,
			long a51, long a52, long a53, long a54, long a55, long a56, long a57, long a58, long a59, long a60,
			long a61, long a62, long a63, long a64, long a65, long a66, long a67, long a68, long a69, long a70,
			long a71, long a72, long a73, long a74, long a75, long a76, long a77, long a78, long a79, long a80,
			long a81, long a82, long a83, long a84, long a85, long a86, long a87, long a88, long a89, long a90,
			long a91, long a92, long a93, long a94, long a95, long a96, long a97, long a98, long a99, long a100,
			long a101, long a102, long a103, long a104, long a105, long a106, long a107, long a108, long a109,
			long a110, long a111, long a112, long a113, long a114, long a115, long a116, long a117, long a118,
			long a119, long a120, long a121, long a122, long a123, long a124, long a125, long a126) {

	}

	record Made(String name) {

		@JsonCreator
		static Made of(@JsonProperty("name") String name) {
			return new Made("made of " + name);
		}

	}

	record Second(String name, int length) {

		@JsonCreator
		Second(@JsonProperty("name") @Nullable String name) {
			this(String.valueOf(name), String.valueOf(name).length());
		}

	}

	record Renamed(@JsonProperty("label") @Nullable String name) {

	}

	record Pair<A, B>(A first, B second) {

	}

	static final class Bean {

		private final String name;

		@JsonCreator
		Bean(@JsonProperty("name") String name) {
			this.name = name;
		}

		@Override
		public String toString() {
			return "Bean " + this.name;
		}

	}

}
