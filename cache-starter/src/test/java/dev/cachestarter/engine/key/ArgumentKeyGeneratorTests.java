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

package dev.cachestarter.engine.key;

import java.io.Serializable;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class ArgumentKeyGeneratorTests {

	private final ArgumentKeyGenerator generator = new ArgumentKeyGenerator(new KeyText(null));

	@Test
	void argumentsAreSegmentsJoinedByColons() {
		assertThat(key("list", "org-123", new Page(1, 20))).isEqualTo("org-123:{\"limit\":20,\"page\":1}");
		assertThat(key("list", "org:123", null)).isEqualTo("org%3A123:%null");
		assertThat(key("find", "42")).isEqualTo("42");
		assertThat(key("find", "")).isEqualTo("%empty");
	}

	@Test
	void methodWithoutArgumentsHasAKeyThatNoArgumentHas() {
		assertThat(key("all")).isEqualTo("%noargs");
		assertThat(key("find", "%noargs")).isNotEqualTo(key("all"));
	}

	@Test
	void keyIsThatOfTheBeanCacheKeys() {
		CacheKeys keys = new CacheKeys(null);
		Object[][] lists = { { "org-1", new Page(1, 2) }, { "org-1", null }, { "a:b", new Page(0, 0) } };

		for (@Nullable
		Object[] arguments : lists) {
			assertThat(key("list", arguments)).isEqualTo(keys.of(arguments));
		}
		assertThat(key("all")).isEqualTo(keys.of());
		assertThat(key("tagged", Set.of("a"), List.of(new Page(1, 2)), Optional.of(new Page(1, 2))))
			.isEqualTo(keys.of(Set.of("a"), List.of(new Page(1, 2)), Optional.of(new Page(1, 2))));
	}

	@Test
	void recordsOfDifferentClassesDifferWhereEitherMayStand() {
		assertThat(key("anything", new Page(1, 2))).isNotEqualTo(key("anything", new Range(1, 2)))
			.isNotEqualTo(key("anything", Map.of("page", 1, "limit", 2)));
		assertThat(key("someRecord", new Page(1, 2))).isNotEqualTo(key("someRecord", new Range(1, 2)));
		assertThat(key("serializable", new Page(1, 2))).isNotEqualTo(key("serializable", new Range(1, 2)));
		assertThat(key("generic", new Page(1, 2))).isNotEqualTo(key("generic", new Range(1, 2)));
		assertThat(key("collection", List.of(new Page(1, 2)))).isNotEqualTo(key("collection", List.of(new Range(1, 2))))
			.isNotEqualTo(key("collection", Set.of(new Page(1, 2))));
		assertThat(key("map", Map.of("x", new Page(1, 2)))).isNotEqualTo(key("map", Map.of("x", new Range(1, 2))));
		assertThat(key("anything", Optional.of(new Page(1, 2))))
			.isNotEqualTo(key("anything", Optional.of(new Range(1, 2))));
		assertThat(key("anything", (Object) new Page[] { new Page(1, 2) }))
			.isNotEqualTo(key("anything", (Object) new Range[] { new Range(1, 2) }));
		assertThat(key("boxed", new Box(new Page(1, 2)))).isNotEqualTo(key("boxed", new Box(new Range(1, 2))));
	}

	@Test
	void recordDeclaredAsItselfHasNoName() {
		assertThat(key("pages", List.of(new Page(1, 2)), new Page[] { new Page(3, 4) },
				Map.of("x", Optional.of(new Page(5, 6)))))
			.isEqualTo("[{\"limit\":2,\"page\":1}]:[{\"limit\":4,\"page\":3}]:"
					+ "{\"x\":{\"@optional\":{\"limit\":6,\"page\":5}}}");
	}

	@Test
	void typeVariableIsWhatTheTargetMakesOfIt() {
		Method inherited = method(Finder.class, "find");

		assertThat(this.generator.generate(new PageFinder(), inherited, new Page(1, 2)))
			.isEqualTo("{\"limit\":2,\"page\":1}");
	}

	@Test
	void argumentThatCannotBeRenderedFailsTheCallNamingItAndTheCure() {
		assertThatIllegalArgumentException().isThrownBy(() -> key("search", "org-1", new Criteria()))
			.withMessageContaining("Argument 1 ('criteria') of " + Service.class.getName() + ".search(..)")
			.withMessageContaining(Criteria.class.getName())
			.withMessageContaining("key expression")
			.withMessageContaining("record")
			.withMessageContaining("Converter<");
		assertThatIllegalArgumentException()
			.isThrownBy(() -> key("map", Map.of("a", List.of(Optional.of(new Criteria())))))
			.withMessageContaining("Argument 0 ('map')")
			.withMessageContaining("at [\"a\"][0],");
	}

	private String key(String method, @Nullable Object... arguments) {
		return this.generator.generate(new Service(), method(Service.class, method), arguments);
	}

	private static Method method(Class<?> type, String name) {
		return Arrays.stream(type.getDeclaredMethods())
			.filter((method) -> method.getName().equals(name))
			.findFirst()
			.orElseThrow();
	}

	record Page(int page, int limit) {
	}

	record Range(int page, int limit) {
	}

	record Box(Object content) {
	}

	static final class Criteria {

	}

	interface Finder<T> {

		void find(T criteria);

	}

	static class PageFinder implements Finder<Page> {

		@Override
		public void find(Page criteria) {
		}

	}

	@SuppressWarnings("unused")
	static class Service {

		void all() {
		}

		void find(String id) {
		}

		void list(String orgId, Page page) {
		}

		void search(String orgId, Criteria criteria) {
		}

		void anything(Object value) {
		}

		void someRecord(Record value) {
		}

		void serializable(Serializable value) {
		}

		<T> void generic(T value) {
		}

		void collection(Collection<?> collection) {
		}

		void map(Map<String, Object> map) {
		}

		void boxed(Box box) {
		}

		void tagged(Set<String> tags, List<Page> pages, Optional<Page> page) {
		}

		void pages(List<Page> list, Page[] array, Map<String, Optional<Page>> map) {
		}

	}

}
