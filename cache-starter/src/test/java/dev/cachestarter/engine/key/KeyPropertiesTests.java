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

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

import com.fasterxml.jackson.annotation.JsonIgnore;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import org.springframework.cache.interceptor.SimpleKey;
import org.springframework.cache.interceptor.SimpleKeyGenerator;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What must hold of the keys of all arguments, tried with random ones. The values are
 * made of few and nasty pieces, so that they are often nearly equal: any two of a run are
 * compared by way of a map from keys to what they were made of.
 */
class KeyPropertiesTests {

	private static final int RUNS = 60_000;

	private final HostileText texts = new HostileText();

	private final KeyText keyText = new KeyText(null);

	private final ArgumentKeyGenerator generator = new ArgumentKeyGenerator(this.keyText);

	@Test
	void argumentListsThatDifferHaveDifferentKeys() throws NoSuchMethodException {
		Method method = getClass().getDeclaredMethod("open", Object.class, Object.class);
		Map<EntryKey, Object> seen = new HashMap<>();

		for (int i = 0; i < RUNS; i++) {
			@Nullable Object[] arguments = { value(2), value(2) };
			EntryKey key = key(method, arguments);
			Object identity = identity(Arrays.asList(arguments));
			Object other = seen.put(key, identity);
			assertThat(other).as("%s: key %s", this.texts, key).isIn(null, identity);
		}
		assertThat(seen).hasSizeGreaterThan(RUNS / 20).hasSizeLessThan(RUNS);
	}

	@Test
	void equalArgumentListsHaveEqualKeys() throws NoSuchMethodException {
		Method method = getClass().getDeclaredMethod("open", Object.class, Object.class);

		for (int i = 0; i < RUNS; i++) {
			Object value = value(3);
			assertThat(key(method, copy(value), value)).as(this.texts.toString())
				.isEqualTo(key(method, value, copy(value)));
		}
	}

	@Test
	void noSegmentEscapesItself() throws NoSuchMethodException {
		Method method = getClass().getDeclaredMethod("open", Object.class, Object.class);
		int composed = 0;

		for (int i = 0; i < RUNS; i++) {
			Object first = value(2);
			Object second = value(2);
			String key = key(method, first, second).text();
			int end = KeySegments.endOfFirst(key);
			String rest = key.substring(end + 1);

			assertThat(key.substring(0, end)).as(this.texts.toString()).isEqualTo(this.keyText.segment(first));
			assertThat(KeySegments.endOfFirst(rest)).as("%s: key %s", this.texts, key).isEqualTo(-1);
			assertThat(KeySegments.isFirstOfAllItBegins(key.substring(0, end))).as(this.texts.toString()).isTrue();
			composed += (first != null && SimpleTexts.of(first) == null) ? 1 : 0;
		}
		assertThat(composed).isGreaterThan(RUNS / 10);
	}

	@Test
	void whatIsMadeForATenantNeverReachesAnother() {
		CacheKeys keys = new CacheKeys(null);
		KeyLayout layout = new KeyLayout("", false);
		layout.register("c");

		for (int i = 0; i < RUNS; i++) {
			String tenant = this.texts.next(3);
			String other = this.texts.oneOf(this.texts.next(3), tenant + this.texts.next(1), tenant.strip());
			KeyPattern own = keys.under(tenant);
			String ownKey = keys.text(tenant, value(1), value(1));
			String othersKey = keys.text(other, value(1), value(1));

			assertThat(own.matches(ownKey)).as("%s: %s, %s", this.texts, own, ownKey).isTrue();
			assertThat(own.group()).as(this.texts.toString()).isEqualTo(layout.key("c", ownKey).group());
			if (!tenant.equals(other)) {
				assertThat(own.matches(othersKey)).as("%s: %s, %s", this.texts, own, othersKey).isFalse();
				assertThat(othersKey).as(this.texts.toString()).doesNotStartWith(this.keyText.segment(tenant) + ":");
				assertThat(layout.key("c", othersKey).group()).as(this.texts.toString())
					.isNotEqualTo(layout.key("c", ownKey).group());
			}
		}
	}

	@Test
	void keysThatEqualInSpringAreOneAndThoseThatDifferAreTwo() {
		Map<EntryKey, Object> seen = new HashMap<>();
		Map<Object, EntryKey> keys = new HashMap<>();

		for (int i = 0; i < RUNS; i++) {
			@Nullable Object[] arguments = new @Nullable Object[this.texts.oneOf(0, 1, 1, 2, 3)];
			Arrays.setAll(arguments, (index) -> value(1));
			Object key = SimpleKeyGenerator.generateKey(arguments);
			EntryKey ours = this.keyText.ofKey(key);
			Object identity = (key instanceof SimpleKey) ? List.of("several", identity(Arrays.asList(arguments)))
					: identity(key);
			assertThat(seen.put(ours, identity)).as("%s: key %s", this.texts, key).isIn(null, identity);
			EntryKey before = keys.put(identity, ours);
			// Of simple values the text alone counts, in JSON their kind does too.
			if (before != null && SimpleTexts.of(key) != null) {
				assertThat(ours).as("%s: key %s", this.texts, key).isEqualTo(before);
			}
		}
		assertThat(seen).hasSizeGreaterThan(RUNS / 20).hasSizeLessThan(RUNS);
	}

	@SuppressWarnings("unused")
	private void open(@Nullable Object first, @Nullable Object second) {
	}

	private EntryKey key(Method method, @Nullable Object... arguments) {
		return this.keyText.ofKey(this.generator.generate(this, method, arguments));
	}

	private @Nullable Object value(int depth) {
		int kind = this.texts.random().nextInt((depth == 0) ? 5 : 12);
		return switch (kind) {
			case 0, 1 -> this.texts.next(2);
			case 2 -> this.texts.random().nextInt(3);
			case 3 -> this.texts.oneOf(true, 'a', 1L, -0.0, 0.0, Double.NaN, Color.a);
			case 4 -> null;
			case 5 -> values(depth);
			case 6 -> new LinkedHashSet<>(values(depth));
			case 7 -> Optional.ofNullable(value(depth - 1));
			case 8 -> map(depth);
			case 9 -> new Pair(value(depth - 1), value(depth - 1));
			case 10 -> new Other(value(depth - 1), value(depth - 1));
			default -> new Named(this.texts.next(1));
		};
	}

	private List<@Nullable Object> values(int depth) {
		List<@Nullable Object> values = new ArrayList<>();
		for (int i = this.texts.random().nextInt(3); i > 0; i--) {
			values.add(value(depth - 1));
		}
		return values;
	}

	private Map<String, @Nullable Object> map(int depth) {
		Map<String, @Nullable Object> map = new HashMap<>();
		for (int i = this.texts.random().nextInt(3); i > 0; i--) {
			map.put(this.texts.oneOf("a", "b", "@a", "@@a", "@set", "@type", "@optional", this.texts.next(1)),
					value(depth - 1));
		}
		return map;
	}

	/**
	 * Return an equal value of other objects, in other orders and classes where these do
	 * not matter.
	 */
	private static @Nullable Object copy(@Nullable Object value) {
		if (value instanceof List<?> list) {
			return list.stream().map(KeyPropertiesTests::copy).collect(Collectors.toCollection(ArrayList::new));
		}
		if (value instanceof Set<?> set) {
			List<@Nullable Object> backwards = new ArrayList<>(set);
			Collections.reverse(backwards);
			return new LinkedHashSet<>(backwards);
		}
		if (value instanceof Map<?, ?> map) {
			return new TreeMap<>(map);
		}
		if (value instanceof String text) {
			return new String(text.toCharArray());
		}
		return value;
	}

	/**
	 * Return what two values share exactly if they may have one segment: they are equal
	 * but for simple values of different types with the same text.
	 */
	private static Object identity(@Nullable Object value) {
		if (value == null) {
			return "null";
		}
		if (value instanceof Set<?> set) {
			Map<Object, Long> counted = set.stream()
				.collect(Collectors.groupingBy(KeyPropertiesTests::identity, Collectors.counting()));
			return List.of("set", counted);
		}
		if (value instanceof Collection<?> list) {
			return List.of("list", list.stream().map(KeyPropertiesTests::identity).toList());
		}
		if (value instanceof Map<?, ?> map) {
			Map<Object, Object> identities = new HashMap<>();
			map.forEach((key, content) -> identities.put(key, identity(content)));
			return List.of("map", identities);
		}
		if (value instanceof Optional<?> optional) {
			return List.of("optional", optional.isPresent() ? List.of(identity(optional.get())) : List.of());
		}
		if (value instanceof Pair pair) {
			return List.of("pair", identity(pair.a()), identity(pair.b()));
		}
		if (value instanceof Other other) {
			return List.of("other", identity(other.a()), identity(other.b()));
		}
		if (value instanceof Named named) {
			return List.of("named", named.a());
		}
		return List.of("simple", value.toString());
	}

	record Pair(@JsonIgnore @Nullable Object a, @Nullable Object b) {
	}

	record Other(@Nullable Object a, @JsonIgnore @Nullable Object b) {
	}

	record Named(@JsonIgnore String a) implements Comparable<Named> {

		@Override
		public int compareTo(Named other) {
			return this.a.compareTo(other.a);
		}

	}

	enum Color {

		// The text of other values on purpose.
		a

	}

}
