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

import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.exc.InvalidDefinitionException;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

/**
 * What is said of a failure of Jackson's: where it was and what to do, and nothing of the
 * data.
 */
class JsonFailuresTests {

	private final JsonMapper mapper = ValueCodecs.mapperBuilder().build();

	private String read(String json, Class<?> type) {
		return JsonFailures.read(catchThrowable(() -> this.mapper.readValue(json, type)));
	}

	private String written(Object value) {
		return JsonFailures.written(catchThrowable(() -> this.mapper.writeValueAsString(value)));
	}

	@Test
	void whatCannotBeReadIsToldByWhatIsWrongWithIt() {
		assertThat(read("{\"secret\":1}", Tree.class))
			.isEqualTo("it has a property that the class does not know at $.secret");
		assertThat(read("{\"name\":\"a\",\"size\":\"secret\"}", Line.class)).isEqualTo("it does not fit int at $.size");
		assertThat(read("{\"name\":", Line.class)).isEqualTo("it is not valid JSON");
		assertThat(read("[".repeat(5_000), Object.class))
			.isEqualTo("it exceeds the limits to nesting or to the length of a number or name");
		assertThat(read("{\"name\":\"secret\"}", Fussy.class))
			.isEqualTo("java.lang.IllegalArgumentException at $.name");
		assertThat(JsonFailures.read(new StackOverflowError())).isEqualTo("java.lang.StackOverflowError");
	}

	@Test
	void aTypeThatCannotBeMadeIsToldWithTheCure() {
		assertThat(read("{}", Named.class)).startsWith(Named.class.getName() + " is abstract and says nothing")
			.contains("@JsonSubTypes");
		assertThat(read("{\"named\":{}}", Holder.class)).contains("of its subtypes at $.named.");
		assertThat(read("{\"closed\":{}}", HolderOfClosed.class))
			.startsWith("Jackson finds no constructor that it can use in " + Closed.class.getName() + " at $.closed.");
	}

	@Test
	void whereItIsShowsNoKeysAndNoStrangeNames() {
		assertThat(JsonFailures.read(catchThrowable(() -> this.mapper
			.readValue("{\"secret\":[{\"name\":1,\"size\":{}}]}", new TypeReference<Map<String, List<Line>>>() {
			})))).endsWith(" at ${}[0].name");
		assertThat(read("{\"the secret\":1}", Tree.class)).endsWith(" at $.?");
		assertThat(read("{\"" + "x".repeat(61) + "\":1}", Tree.class)).endsWith(" at $.?");
		assertThat(read("{\"" + "x".repeat(60) + "\":1}", Tree.class)).endsWith(" at $." + "x".repeat(60));
	}

	@Test
	void eightStepsAreToldAndNoMore() {
		assertThat(read("{\"below\":".repeat(7) + "{\"secret\":1}" + "}".repeat(7), Tree.class))
			.endsWith(" at $" + ".below".repeat(7) + ".secret");
		assertThat(read("{\"below\":".repeat(8) + "{\"secret\":1}" + "}".repeat(8), Tree.class))
			.endsWith(" at $" + ".below".repeat(8) + "..");
	}

	@Test
	void whatCannotBeWrittenIsToldByWhatIsWrongWithIt() {
		JavaType type = this.mapper.constructType(Line.class);
		assertThat(written(new Failing())).isEqualTo("it cannot be written as JSON at $.name: "
				+ "java.lang.IllegalStateException. Load what is lazy before the method returns, "
				+ "or cache a record of what is needed.");
		assertThat(written(Tree.cycle())).startsWith("it cannot be written as JSON at $" + ".below".repeat(8) + "..: ")
			.contains("nested too deeply");
		assertThat(JsonFailures.written(new StackOverflowError()))
			.startsWith("it cannot be written as JSON: it is nested");
		InvalidDefinitionException unknown = InvalidDefinitionException.from((JsonGenerator) null, "secret", type);
		assertThat(JsonFailures.written(unknown)).contains("has no serializer for").contains("Line");
		unknown.initCause(new IllegalStateException("secret"));
		assertThat(JsonFailures.written(unknown)).contains("java.lang.IllegalStateException").doesNotContain("secret");
	}

	@Test
	void aFailureThatIsItsOwnCauseIsTold() {
		IllegalStateException one = new IllegalStateException("one");
		IllegalArgumentException other = new IllegalArgumentException("other", one);
		one.initCause(other);

		assertThat(JsonFailures.read(other)).startsWith("java.lang.Illegal");
		assertThat(JsonFailures.isCausedBy(other, IllegalStateException.class)).isTrue();
		assertThat(JsonFailures.isCausedBy(other, StackOverflowError.class)).isFalse();
	}

	@Test
	void anAbstractTypeWithoutAPathIsTold() {
		InvalidDefinitionException failure = InvalidDefinitionException.from((JsonParser) null, "secret",
				this.mapper.constructType(Named.class));

		assertThat(JsonFailures.read(failure)).startsWith(Named.class.getName() + " is abstract")
			.contains("of its subtypes. ");
	}

	interface Named {

		String name();

	}

	record Line(String name, int size) {

	}

	record Holder(Named named) {

	}

	record HolderOfClosed(Closed closed) {

	}

	static final class Closed {

		private final int size;

		private Closed(List<Integer> sizes, int more) {
			this.size = sizes.size() + more;
		}

		public int getSize() {
			return this.size;
		}

	}

	static final class Fussy {

		public void setName(String name) {
			throw new IllegalArgumentException(name);
		}

	}

	static final class Failing {

		private String name = "a";

		public String getName() {
			throw new IllegalStateException("secret");
		}

		public void setName(String name) {
			this.name = name + this.name;
		}

	}

	static final class Tree {

		private Tree below = this;

		static Tree cycle() {
			Tree tree = new Tree();
			Tree below = new Tree();
			tree.below = below;
			below.below = tree;
			return tree;
		}

		public Tree getBelow() {
			return this.below;
		}

		public void setBelow(Tree below) {
			this.below = below;
		}

	}

}
