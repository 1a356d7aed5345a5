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
import java.net.URL;
import java.nio.file.Path;
import java.time.DayOfWeek;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Date;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TimeZone;
import java.util.UUID;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import org.springframework.cache.interceptor.SimpleKey;
import org.springframework.cache.interceptor.SimpleKeyGenerator;
import org.springframework.core.ResolvableType;
import org.springframework.data.domain.Limit;
import org.springframework.data.domain.Pageable;
import org.springframework.data.domain.Sort;

import static org.assertj.core.api.Assertions.assertThat;

class ArgumentKeyGeneratorTests {

	private final KeyText texts = new KeyText(null);

	private final ArgumentKeyGenerator generator = new ArgumentKeyGenerator(this.texts);

	@Test
	void argumentsAreSegmentsJoinedByColons() {
		assertThat(key("list", "org-123", new Page(1, 20))).hasToString("org-123:{\"limit\":20,\"page\":1}");
		assertThat(key("list", "org:123", null)).hasToString("org%3A123:%null");
		assertThat(key("find", "42")).hasToString("42");
		assertThat(key("find", "")).hasToString("%empty");
	}

	@Test
	void keyIsWhatSpringsGeneratorMakes() {
		SimpleKeyGenerator springs = new SimpleKeyGenerator();
		Object[][] lists = { {}, { "a:b" }, { null }, { new Page(1, 2) }, { "a", null }, { new String[] { "a" } },
				{ List.of("a"), 1 } };

		for (@Nullable
		Object[] arguments : lists) {
			Object ours = this.generator.generate(new Service(), method(Service.class, "list"), arguments);
			Object other = springs.generate(new Service(), method(Service.class, "list"), arguments);
			assertThat(ours).isEqualTo(other).hasSameHashCodeAs(other);
			assertThat(other).isEqualTo(ours);
			assertThat(this.texts.ofKey(ours)).isEqualTo(this.texts.ofKey(other));
		}
	}

	@Test
	void keyForAnotherCacheMayBeOfArgumentsThatHaveNoText() {
		Criteria criteria = new Criteria();
		Object key = this.generator.generate(new Service(), method(Service.class, "search"), "org-1", criteria);

		assertThat(key).isEqualTo(new SimpleKey("org-1", criteria)).asString().contains("org-1");
	}

	@Test
	void methodWithoutArgumentsHasAKeyThatNoArgumentHas() {
		assertThat(key("all")).hasToString("%noargs");
		assertThat(key("find", "%noargs")).isNotEqualTo(key("all"));
	}

	@Test
	void keyIsThatOfTheBeanCacheKeys() {
		CacheKeys keys = new CacheKeys(null);
		Object[][] lists = { { "org-1", new Page(1, 2) }, { "org-1", null }, { "a:b", new Page(0, 0) } };

		for (@Nullable
		Object[] arguments : lists) {
			assertThat(key("list", arguments)).isEqualTo(this.texts.ofKey(keys.of(arguments)));
		}
		assertThat(key("all")).isEqualTo(this.texts.ofKey(keys.of()));
		assertThat(key("tagged", Set.of("a"), List.of(new Page(1, 2)), Optional.of(new Page(1, 2))))
			.isEqualTo(this.texts.ofKey(keys.of(Set.of("a"), List.of(new Page(1, 2)), Optional.of(new Page(1, 2)))));
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
			.hasToString("[{\"limit\":2,\"page\":1}]:[{\"limit\":4,\"page\":3}]:"
					+ "{\"x\":{\"@optional\":{\"limit\":6,\"page\":5}}}");
	}

	@Test
	void typeVariableIsWhatTheTargetMakesOfIt() {
		Method inherited = method(Finder.class, "find");

		assertThat(problems(inherited, PageFinder.class)).isEmpty();
		assertThat(problems(inherited, CriteriaFinder.class)).singleElement()
			.asString()
			.startsWith("Argument 0 ('criteria') of " + Finder.class.getName() + ".find(..) is a "
					+ Criteria.class.getName());
	}

	@Test
	void parameterWhoseTypeHasNoKeyIsToldWithTheCure() {
		assertThat(problems(method(Service.class, "search"), Service.class)).singleElement()
			.asString()
			.startsWith("Argument 1 ('criteria') of " + Service.class.getName() + ".search(..) is a "
					+ Criteria.class.getName())
			.contains("key expression", "record", "Converter<");
		assertThat(problems(method(Service.class, "nested"), Service.class)).hasSize(3)
			.satisfiesExactly((first) -> assertThat(first).contains("('list') of", "at [],"),
					(second) -> assertThat(second).contains("('map') of", "at [].criteria,"),
					(third) -> assertThat(third).contains("('byCriteria') of", "no simple value"));
	}

	@Test
	void typesOfWhichOnlyAValueCanTellAreNoProblem() {
		for (Method method : Service.class.getDeclaredMethods()) {
			if (!method.getName().equals("search") && !method.getName().equals("nested")) {
				assertThat(problems(method, Service.class)).as(method.getName()).isEmpty();
			}
		}
	}

	@Test
	void whatAVariableNumberOfArgumentsBringsIsNamedByTheLastParameter() {
		Method method = method(Service.class, "search");

		assertThat(ArgumentKeyGenerator.describe(method, 0)).startsWith("Argument 0 ('orgId') of ");
		assertThat(ArgumentKeyGenerator.describe(method, 5)).startsWith("Argument 5 ('criteria') of ")
			.endsWith("Service.search(..)");
		assertThat(ArgumentKeyGenerator.describe(method(Service.class, "all"), 0)).startsWith("Argument 0 of ");
	}

	private List<String> problems(Method method, Class<?> type) {
		List<String> problems = new ArrayList<>();
		for (int i = 0; i < method.getParameterCount(); i++) {
			UnkeyableException problem = this.texts.problem(ResolvableType.forMethodParameter(method, i, type));
			if (problem != null) {
				problems.add(String.valueOf(problem.about(ArgumentKeyGenerator.describe(method, i)).getMessage()));
			}
		}
		return problems;
	}

	private EntryKey key(String method, @Nullable Object... arguments) {
		return this.texts.ofKey(this.generator.generate(new Service(), method(Service.class, method), arguments));
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

	static class CriteriaFinder implements Finder<Criteria> {

		@Override
		public void find(Criteria criteria) {
		}

	}

	record Wrapped(String name, Criteria criteria) {
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

		void nested(List<Criteria> list, Map<String, Wrapped> map, Map<Criteria, String> byCriteria) {
		}

		void known(Pageable page, Sort sort, Limit limit, Date date, Class<?> type, URL url, Path path, TimeZone zone,
				EnumMap<DayOfWeek, Integer> days, Map<Long, List<UUID>> ids, int[] numbers, OptionalInt optional) {
		}

		void unknown(Object any, Comparable<?> comparable, Number number, CharSequence text, List<?> list) {
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
