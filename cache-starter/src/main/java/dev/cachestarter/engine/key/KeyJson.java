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

import java.lang.reflect.Array;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;

import org.jspecify.annotations.Nullable;

import org.springframework.cache.interceptor.SimpleKey;

/**
 * Renders the composed values of one key as canonical JSON: members sorted by name, no
 * blanks. Annotations and accessors have no say in it: what {@code equals} compares is in
 * it.
 *
 * <ul>
 * <li>A member name that begins with {@code @} is ours ({@code @set}, {@code @optional},
 * {@code @type}); a map's own has its {@code @} doubled.</li>
 * <li>A list, an array and a collection that is not a set are an array. A set is
 * {@code {"@set":[...]}} with its elements' texts sorted.</li>
 * <li>Of a record and a Kotlin data class, members that are null are left out, since the
 * class tells which there are. It is named where another may stand in its place because
 * it implements an interface of the application.</li>
 * </ul>
 *
 * What the text does not say (that it is an array and no list, or which class it is of)
 * goes into a number, {@link #classes()}, for the key's mark.
 */
final class KeyJson {

	private final KeyConversions conversions;

	private final KeyClasses known;

	private final StringBuilder out = new StringBuilder(64);

	/** The way to the value being written, for who has to find it. */
	private final Deque<String> path = new ArrayDeque<>();

	private int depth;

	private int classes;

	/** How many segments there have been. */
	private int segments;

	KeyJson(KeyConversions conversions, KeyClasses known) {
		this.conversions = conversions;
		this.known = known;
	}

	/**
	 * Return the next segment.
	 */
	String segment(Object value) {
		this.out.setLength(0);
		int before = this.classes;
		this.classes = 0;
		try {
			String plain = plain(value);
			if (plain == null) {
				value(value);
			}
			return (plain != null) ? KeyEscapes.segment(plain) : KeyEscapes.jsonSegment(this.out.toString());
		}
		finally {
			this.segments++;
			this.classes = (this.classes == 0) ? before : mix(before, this.classes + this.segments);
		}
	}

	/**
	 * Return a number that tells apart what has the same text.
	 * @return 0 if the text says it all
	 */
	int classes() {
		return this.classes;
	}

	private static int mix(int before, int next) {
		int mixed = (before * 31 + next) * 0x9E3779B1;
		return mixed ^ (mixed >>> 15);
	}

	/** Take note of what the text does not say, and of what part of the text. */
	private void note(String what) {
		this.classes = mix(mix(this.classes, this.out.length()), what.hashCode());
	}

	/** Return the text of what is no JSON as a segment, {@code null} if it is. */
	private @Nullable String plain(Object value) {
		String converted = convert(value);
		if (converted != null) {
			return converted;
		}
		KeyMembers members = this.known.membersOf(value.getClass());
		if (members == null || members.kind() != KeyMembers.Kind.VALUE) {
			return null;
		}
		Object content = members.members().get(0).of(value);
		String text = (content != null) ? SimpleTexts.of(content) : null;
		if (text != null) {
			note(value.getClass().getName());
		}
		return text;
	}

	private @Nullable String convert(Object value) {
		try {
			String converted = this.conversions.convert(value);
			if (converted != null) {
				note(value.getClass().getName());
			}
			return converted;
		}
		catch (UnkeyableException ex) {
			throw failure(ex.problem());
		}
	}

	private void value(@Nullable Object value) {
		if (value == null) {
			this.out.append("null");
			return;
		}
		String text = SimpleTexts.of(value);
		if (text != null) {
			if (SimpleTexts.isBareInJson(value)) {
				this.out.append(text);
			}
			else {
				string(text);
			}
		}
		else if (value instanceof Set<?> set) {
			checkContainer(set);
			set(set);
		}
		else if (value instanceof Collection<?> collection) {
			checkContainer(collection);
			if (!(value instanceof List)) {
				note("collection");
			}
			elements(collection);
		}
		else if (value instanceof Map<?, ?> map) {
			checkContainer(map);
			map(map);
		}
		else if (value.getClass().isArray()) {
			note("array");
			array(value);
		}
		else if (KeyConversions.isOptional(value.getClass())) {
			if (!(value instanceof Optional)) {
				note(value.getClass().getSimpleName());
			}
			open("{\"@optional\":");
			value(contentOf(value));
			close('}');
		}
		else {
			other(value);
		}
	}

	private void other(Object value) {
		String converted = convert(value);
		if (converted != null) {
			string(converted);
			return;
		}
		KeyMembers members = this.known.membersOf(value.getClass());
		if (members != null) {
			note(value.getClass().getName());
			members(value, members);
			return;
		}
		if (value instanceof SimpleKey key) {
			note("key");
			array(SimpleKeys.valuesOf(key));
			return;
		}
		Object page = PageArguments.of(value);
		if (page == null) {
			throw failure(UnkeyableException.unknown(value.getClass()));
		}
		note((page instanceof List) ? "sort" : value.getClass().getName());
		value(page);
	}

	private void members(Object value, KeyMembers members) {
		if (members.kind() == KeyMembers.Kind.VALUE) {
			KeyMembers.Member only = members.members().get(0);
			value(read(only, value));
			return;
		}
		open("{");
		boolean first = true;
		if (members.substitutable()) {
			member("@type", true);
			string(value.getClass().getName());
			first = false;
		}
		for (KeyMembers.Member member : members.members()) {
			this.path.addLast("." + member.name());
			Object present = read(member, value);
			if (present != null) {
				member(member.name(), first);
				first = false;
				value(present);
			}
			this.path.removeLast();
		}
		close('}');
	}

	private @Nullable Object read(KeyMembers.Member member, Object value) {
		try {
			return member.of(value);
		}
		catch (UnkeyableException ex) {
			throw failure(ex.problem());
		}
	}

	private void map(Map<?, ?> map) {
		Map<String, @Nullable Object> sorted = new TreeMap<>();
		map.forEach((key, value) -> {
			String name = nameOf(key);
			if (sorted.containsKey(name)) {
				throw failure("is a map with two keys of one text. Give the annotation a key expression");
			}
			sorted.put(name, value);
		});
		open("{");
		boolean first = true;
		for (Map.Entry<String, @Nullable Object> entry : sorted.entrySet()) {
			member(entry.getKey(), first);
			first = false;
			this.path.addLast("[\"" + entry.getKey() + "\"]");
			value(entry.getValue());
			this.path.removeLast();
		}
		close('}');
	}

	private String nameOf(@Nullable Object key) {
		if (key == null) {
			return "@null";
		}
		String text = SimpleTexts.of(key);
		if (text == null) {
			text = convert(key);
		}
		if (text == null) {
			throw failure(
					"is a map with a key that is a %s, which is no simple value. ".formatted(key.getClass().getName())
							+ "Give the annotation a key expression, or make the keys Strings");
		}
		return text.startsWith("@") ? "@" + text : text;
	}

	private void set(Set<?> set) {
		open("{\"@set\":");
		open("[");
		int start = this.out.length();
		int before = this.classes;
		List<Element> elements = new ArrayList<>(set.size());
		for (Object element : set) {
			this.classes = 0;
			value(element);
			elements.add(new Element(this.out.substring(start), this.classes));
			this.out.setLength(start);
		}
		elements.sort(Comparator.comparing(Element::text).thenComparing(Element::classes));
		this.classes = before;
		for (int i = 0; i < elements.size(); i++) {
			Element element = elements.get(i);
			this.out.append((i > 0) ? "," : "").append(element.text());
			if (element.classes() != 0) {
				this.classes = mix(this.classes, element.classes() + i);
			}
		}
		close(']');
		close('}');
	}

	private void elements(Collection<?> elements) {
		open("[");
		int index = 0;
		for (Object element : elements) {
			element(element, index++);
		}
		close(']');
	}

	private void array(Object array) {
		open("[");
		int length = Array.getLength(array);
		for (int i = 0; i < length; i++) {
			element(Array.get(array, i), i);
		}
		close(']');
	}

	private void element(@Nullable Object element, int index) {
		if (index > 0) {
			this.out.append(',');
		}
		this.path.addLast("[" + index + "]");
		value(element);
		this.path.removeLast();
	}

	private void member(String name, boolean first) {
		if (!first) {
			this.out.append(',');
		}
		string(name);
		this.out.append(':');
	}

	private void string(String text) {
		this.out.append('"');
		for (int i = 0; i < text.length(); i++) {
			char current = text.charAt(i);
			if (current == '"' || current == '\\') {
				this.out.append('\\').append(current);
			}
			else if (KeyEscapes.isUnreadable(text, i)) {
				KeyEscapes.appendUnicode(current, this.out);
			}
			else {
				this.out.append(current);
			}
		}
		this.out.append('"');
	}

	private void open(String start) {
		if (++this.depth > KeySegments.MAX_DEPTH) {
			this.path.clear();
			throw failure("holds itself, or is nested deeper than %d levels. Give the annotation a key expression"
				.formatted(KeySegments.MAX_DEPTH));
		}
		this.out.append(start);
	}

	private void close(char end) {
		this.depth--;
		this.out.append(end);
	}

	private void checkContainer(Object container) {
		if (this.known.isMoreThanContent(container.getClass())) {
			throw failure(UnkeyableException.moreThanContent(container.getClass()));
		}
	}

	private UnkeyableException failure(String problem) {
		return new UnkeyableException(String.join("", this.path), problem);
	}

	private static @Nullable Object contentOf(Object optional) {
		if (optional instanceof OptionalInt number) {
			return number.isPresent() ? number.getAsInt() : null;
		}
		if (optional instanceof OptionalLong number) {
			return number.isPresent() ? number.getAsLong() : null;
		}
		if (optional instanceof OptionalDouble number) {
			return number.isPresent() ? number.getAsDouble() : null;
		}
		return ((Optional<?>) optional).orElse(null);
	}

	/**
	 * An element of a set.
	 *
	 * @param text its text
	 * @param classes what the text does not say
	 */
	private record Element(String text, int classes) {

	}

}
