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
import java.lang.reflect.Field;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.time.ZoneId;
import java.time.temporal.TemporalAccessor;
import java.time.temporal.TemporalAmount;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Currency;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;

import org.jspecify.annotations.Nullable;

import org.springframework.cache.interceptor.SimpleKey;
import org.springframework.core.ResolvableType;
import org.springframework.core.convert.ConversionService;
import org.springframework.core.convert.support.DefaultConversionService;
import org.springframework.util.ClassUtils;

/**
 * Renders one value as one segment of a key. Two values that differ by {@code equals}
 * never give one segment, but for simple values of different types with the same text,
 * and no segment can be taken for two, or for a part of one:
 *
 * <ul>
 * <li>A simple value is its text, in which {@code :}, {@code %}, glob characters, blanks,
 * control and invisible characters, and a leading {@code {}, <code>[</code> or {@code "}
 * are percent-escaped. What follows a {@code %} is then always two upper-case hexadecimal
 * digits; {@code %null}, {@code %empty} and {@code %noargs} are no text's.</li>
 * <li>A composed value is canonical JSON: members sorted by name, no blanks. Annotations
 * and accessors have no say in it: what a record's {@code equals} compares is in its key.
 * A member name that begins with {@code @} is ours ({@code @set}, {@code @optional},
 * {@code @type}); a map's own has its {@code @} doubled.</li>
 * <li>A list, an array and a collection that is not a set are an array. A set is {@code
 * {"@set":[...]}} with its elements' texts sorted.</li>
 * <li>A record has no name unless another type could stand in its place: it has one if it
 * implements an interface that is not Java's, or if it is declared as something else.
 * Components that are null are left out, since the class tells which there are.</li>
 * </ul>
 *
 * The rendering is part of the format: instances on different Java versions must agree,
 * so nothing here asks the Java version's tables of Unicode.
 */
public final class KeyText {

	static final String NULL = "%null";

	static final String EMPTY = "%empty";

	static final String NO_ARGUMENTS = "%noargs";

	private static final Set<Class<?>> INTEGERS = Set.of(Byte.class, Short.class, Integer.class, Long.class,
			BigInteger.class);

	private static final Set<Class<?>> SIMPLE_TYPES = Set.of(Float.class, Double.class, BigDecimal.class,
			Character.class, Boolean.class, UUID.class, URI.class, Currency.class);

	private static final char[] HEX = "0123456789ABCDEF".toCharArray();

	private static final ClassValue<RecordShape> RECORD_SHAPES = new ClassValue<>() {

		@Override
		protected RecordShape computeValue(Class<?> type) {
			return RecordShape.of(type);
		}

	};

	private final @Nullable ConversionService converters;

	private final boolean convertersHaveDefaults;

	/**
	 * Make a renderer.
	 * @param converters renders types of the application that it has a converter to
	 * {@code String} for; best without Spring's default converters, which render much
	 * that nobody asked them to
	 */
	KeyText(@Nullable ConversionService converters) {
		this.converters = converters;
		this.convertersHaveDefaults = converters != null && converters.canConvert(Guessed.class, String.class);
	}

	/**
	 * Return the key that an object which a {@code key} expression gave stands for.
	 * @param key the object: a {@code String} is the key itself, as its author composed
	 * it; a {@link SimpleKey} its text; anything else one segment
	 * @return the key
	 * @throws UnkeyableException if there is no safe rendering
	 */
	public String ofKey(Object key) {
		if (key instanceof String text) {
			return text;
		}
		return (key instanceof SimpleKey) ? key.toString() : segment(key);
	}

	/**
	 * Return the segment of a value of which no declared type is known.
	 * @param value the value
	 * @return its segment
	 * @throws UnkeyableException if there is no safe rendering
	 */
	String segment(@Nullable Object value) {
		return segment(value, null);
	}

	/**
	 * Return the segment of a value.
	 * @param value the value
	 * @param declared the type it was declared as, {@code null} if unknown
	 * @return its segment
	 * @throws UnkeyableException if there is no safe rendering
	 */
	String segment(@Nullable Object value, @Nullable ResolvableType declared) {
		String simple = simpleSegment(value);
		if (simple != null) {
			return simple;
		}
		Object present = Objects.requireNonNull(value);
		String converted = convert(present);
		if (converted != null) {
			return escape(converted);
		}
		JsonWriter json = new JsonWriter();
		json.value(present, declared);
		return json.toString();
	}

	/**
	 * Return the segment of a simple value, which needs no declared type.
	 * @param value the value
	 * @return its segment, or {@code null} if it is not a simple value
	 */
	@Nullable String simpleSegment(@Nullable Object value) {
		if (value == null) {
			return NULL;
		}
		if (value instanceof String text) {
			return escape(text);
		}
		if (INTEGERS.contains(value.getClass())) {
			return value.toString();
		}
		String text = simpleText(value);
		return (text != null) ? escape(text) : null;
	}

	private static @Nullable String simpleText(Object value) {
		if (value instanceof String text) {
			return text;
		}
		if (value instanceof Enum<?> constant) {
			return constant.name();
		}
		Class<?> type = value.getClass();
		if (INTEGERS.contains(type) || SIMPLE_TYPES.contains(type)) {
			return value.toString();
		}
		if (value instanceof TemporalAccessor || value instanceof TemporalAmount || value instanceof ZoneId) {
			String packageName = type.getPackageName();
			return (packageName.equals("java.time") || packageName.equals("java.time.chrono")) ? value.toString()
					: null;
		}
		if (value instanceof Locale locale) {
			String tag = locale.toLanguageTag();
			// Some locales have no tag of their own, and no text that tells them apart.
			return Locale.forLanguageTag(tag).equals(locale) ? tag : null;
		}
		return null;
	}

	private @Nullable String convert(Object value) {
		ConversionService service = this.converters;
		if (service == null || isContainer(value)) {
			return null;
		}
		Class<?> type = value.getClass();
		if (!service.canConvert(type, String.class)) {
			return null;
		}
		if (this.convertersHaveDefaults) {
			ConversionService defaults = DefaultConversionService.getSharedInstance();
			if (defaults.canConvert(type, String.class)
					&& (type.getName().startsWith("java.") || isDefault(service, defaults, value))) {
				return null;
			}
		}
		String converted = service.convert(value, String.class);
		if (converted == null) {
			throw new UnkeyableException("",
					"is a %s, whose Converter to String answers null. Let it answer a text for every value"
						.formatted(type.getName()));
		}
		return converted;
	}

	/**
	 * Return whether a conversion is but Spring's fallback: {@code toString()} of a type
	 * that can be made from a text, which need not tell two values apart.
	 */
	private static boolean isDefault(ConversionService service, ConversionService defaults, Object value) {
		String converted = service.convert(value, String.class);
		return converted == null || converted.equals(defaults.convert(value, String.class));
	}

	private static boolean isContainer(Object value) {
		return value instanceof Collection || value instanceof Map || value.getClass().isArray() || isOptional(value);
	}

	private static boolean isOptional(Object value) {
		return value instanceof Optional || value instanceof OptionalInt || value instanceof OptionalLong
				|| value instanceof OptionalDouble;
	}

	/**
	 * Return a text as a segment.
	 * @param text the text
	 * @return the text itself if nothing in it needs to be escaped
	 */
	static String escape(String text) {
		if (text.isEmpty()) {
			return EMPTY;
		}
		int length = text.length();
		for (int i = 0; i < length; i++) {
			if (needsEscape(text, i)) {
				return escape(text, i);
			}
		}
		return text;
	}

	private static String escape(String text, int firstEscaped) {
		StringBuilder out = new StringBuilder(text.length() + 16).append(text, 0, firstEscaped);
		for (int i = firstEscaped; i < text.length(); i++) {
			append(text, i, needsEscape(text, i), out);
		}
		return out.toString();
	}

	/**
	 * Return a key or a pattern for the log. Where an application composes its keys of
	 * what it is sent, a line end in one would let a stranger write lines of their own.
	 * @param text the key or the pattern
	 * @return the text itself if all of it can be read
	 */
	public static String printable(String text) {
		StringBuilder out = new StringBuilder(text.length());
		for (int i = 0; i < text.length(); i++) {
			append(text, i, isUnreadable(text, i), out);
		}
		return out.toString();
	}

	private static void append(String text, int index, boolean escaped, StringBuilder out) {
		if (!escaped) {
			out.append(text.charAt(index));
			return;
		}
		for (byte octet : KeyBytes.of(text.substring(index, index + 1))) {
			out.append('%').append(HEX[octet >> 4 & 0xF]).append(HEX[octet & 0xF]);
		}
	}

	private static boolean needsEscape(String text, int index) {
		char current = text.charAt(index);
		if (current >= 'a' && current <= 'z' || current >= '0' && current <= '9') {
			return false;
		}
		return switch (current) {
			case ' ', '%', ':', '*', '?', '[', ']', '\\', '^' -> true;
			case '{', '"' -> index == 0;
			default -> isUnreadable(text, index);
		};
	}

	private static boolean isUnreadable(String text, int index) {
		char current = text.charAt(index);
		if (current < 0x7F) {
			return current < ' ';
		}
		if (Character.isSurrogate(current)) {
			return KeyBytes.isLoneSurrogate(text, index);
		}
		return current <= 0xA0 || current == 0xAD || current == 0x1680 || current >= 0x2000 && current <= 0x200F
				|| current >= 0x2028 && current <= 0x202F || current >= 0x205F && current <= 0x206F || current == 0x3000
				|| current == 0xFEFF;
	}

	/**
	 * Writes a composed value. One writer writes one value.
	 */
	private final class JsonWriter {

		private final StringBuilder out = new StringBuilder(64);

		/** The way to the value being written, for who has to find it. */
		private final Deque<String> path = new ArrayDeque<>();

		private int depth;

		void value(@Nullable Object value, @Nullable ResolvableType declared) {
			if (value == null) {
				this.out.append("null");
				return;
			}
			String text = simpleText(value);
			if (text != null) {
				simple(value, text);
			}
			else if (value instanceof Set<?> set) {
				set(set, generic(declared, Collection.class, 0));
			}
			else if (value instanceof Collection<?> collection) {
				elements(collection, generic(declared, Collection.class, 0));
			}
			else if (value instanceof Map<?, ?> map) {
				map(map, generic(declared, Map.class, 1));
			}
			else if (value.getClass().isArray()) {
				array(value, (declared != null) ? declared.getComponentType() : null);
			}
			else if (isOptional(value)) {
				open("{\"@optional\":");
				value(contentOf(value), generic(declared, Optional.class, 0));
				close('}');
			}
			else {
				other(value, declared);
			}
		}

		private void simple(Object value, String text) {
			boolean bare = INTEGERS.contains(value.getClass()) || value instanceof Boolean
					|| value instanceof BigDecimal || value instanceof Double number && Double.isFinite(number)
					|| value instanceof Float number && Float.isFinite(number);
			if (bare) {
				this.out.append(text);
			}
			else {
				string(text);
			}
		}

		private void other(Object value, @Nullable ResolvableType declared) {
			String converted;
			try {
				converted = convert(value);
			}
			catch (UnkeyableException ex) {
				throw failure(ex.problem());
			}
			if (converted != null) {
				string(converted);
			}
			else if (value instanceof Record) {
				record(value, declared);
			}
			else {
				String name = value.getClass().getName();
				throw failure(("is a %s, and which of its fields tell two of them apart cannot be known. "
						+ "Give the annotation a key expression, make it a record, or register a Converter<%s, String>")
					.formatted(name, ClassUtils.getShortName(value.getClass())));
			}
		}

		private void record(Object value, @Nullable ResolvableType declared) {
			RecordShape shape = RECORD_SHAPES.get(value.getClass());
			boolean named = shape.substitutable() || declared != null && declared.resolve() != value.getClass();
			open("{");
			if (named) {
				this.out.append("\"@type\":");
				string(value.getClass().getName());
			}
			boolean first = !named;
			for (RecordShape.Component component : shape.components()) {
				this.path.addLast("." + component.name());
				Object present = read(value, component.field());
				if (present != null) {
					member(component.name(), first);
					first = false;
					value(present, component.type());
				}
				this.path.removeLast();
			}
			close('}');
		}

		private @Nullable Object read(Object value, Field field) {
			try {
				return field.get(value);
			}
			catch (IllegalAccessException ex) {
				throw failure(("cannot be read: its module does not open package %s to this one. "
						+ "Open it, or give the annotation a key expression")
					.formatted(field.getDeclaringClass().getPackageName()));
			}
		}

		private void map(Map<?, ?> map, @Nullable ResolvableType valueType) {
			Map<String, @Nullable Object> sorted = new TreeMap<>();
			map.forEach((key, value) -> {
				if (!(key instanceof String name)) {
					throw failure("is a map with a key that is not a String. "
							+ "Give the annotation a key expression, or make the keys Strings");
				}
				sorted.put(name, value);
			});
			open("{");
			boolean first = true;
			for (Map.Entry<String, @Nullable Object> entry : sorted.entrySet()) {
				String name = entry.getKey();
				member(name.startsWith("@") ? "@" + name : name, first);
				first = false;
				this.path.addLast("[\"" + name + "\"]");
				value(entry.getValue(), valueType);
				this.path.removeLast();
			}
			close('}');
		}

		private void set(Set<?> set, @Nullable ResolvableType elementType) {
			open("{\"@set\":");
			open("[");
			int start = this.out.length();
			List<String> elements = new ArrayList<>(set.size());
			for (Object element : set) {
				value(element, elementType);
				elements.add(this.out.substring(start));
				this.out.setLength(start);
			}
			elements.sort(Comparator.naturalOrder());
			this.out.append(String.join(",", elements));
			close(']');
			close('}');
		}

		private void elements(Collection<?> elements, @Nullable ResolvableType elementType) {
			open("[");
			int index = 0;
			for (Object element : elements) {
				element(element, elementType, index++);
			}
			close(']');
		}

		private void array(Object array, @Nullable ResolvableType elementType) {
			open("[");
			int length = Array.getLength(array);
			for (int i = 0; i < length; i++) {
				element(Array.get(array, i), elementType, i);
			}
			close(']');
		}

		private void element(@Nullable Object element, @Nullable ResolvableType elementType, int index) {
			if (index > 0) {
				this.out.append(',');
			}
			this.path.addLast("[" + index + "]");
			value(element, elementType);
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
				else if (isUnreadable(text, i)) {
					this.out.append("\\u");
					for (int shift = 12; shift >= 0; shift -= 4) {
						this.out.append(HEX[current >> shift & 0xF]);
					}
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

		private UnkeyableException failure(String problem) {
			return new UnkeyableException(String.join("", this.path), problem);
		}

		private @Nullable Object contentOf(Object optional) {
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

		private @Nullable ResolvableType generic(@Nullable ResolvableType declared, Class<?> container, int index) {
			return (declared != null) ? declared.as(container).getGeneric(index) : null;
		}

		@Override
		public String toString() {
			return this.out.toString();
		}

	}

	/**
	 * What there is to know of a class of records.
	 *
	 * @param components its components, sorted by name
	 * @param substitutable whether it implements an interface of the application, so that
	 * a record of another class may be used in its place
	 */
	private record RecordShape(List<Component> components, boolean substitutable) {

		static RecordShape of(Class<?> type) {
			List<Component> components = Arrays.stream(type.getRecordComponents())
				.sorted(Comparator.comparing(RecordComponent::getName))
				.map((component) -> Component.of(type, component))
				.toList();
			boolean substitutable = Arrays.stream(ClassUtils.getAllInterfacesForClass(type))
				.anyMatch((implemented) -> !implemented.getName().startsWith("java."));
			return new RecordShape(components, substitutable);
		}

		/**
		 * A component of a record.
		 *
		 * @param name its name
		 * @param field the field itself, since an accessor may show another value
		 * @param type the type it is declared as
		 */
		private record Component(String name, Field field, ResolvableType type) {

			static Component of(Class<?> owner, RecordComponent component) {
				try {
					Field field = owner.getDeclaredField(component.getName());
					// Where this fails, reading the field fails and says so.
					field.trySetAccessible();
					return new Component(component.getName(), field,
							ResolvableType.forType(component.getGenericType()));
				}
				catch (NoSuchFieldException ex) {
					throw new IllegalStateException(ex);
				}
			}

		}

	}

	/**
	 * Signals a value that no segment can be made of without guessing.
	 */
	public static final class UnkeyableException extends IllegalArgumentException {

		private static final long serialVersionUID = 1L;

		private final String path;

		private final String problem;

		UnkeyableException(String path, String problem) {
			super(message("A value for a cache key", path, problem));
			this.path = path;
			this.problem = problem;
		}

		/**
		 * Return the message for who knows where the value came from.
		 * @param subject names the value
		 * @return what is wrong with it and the cure
		 */
		String messageFor(String subject) {
			return message(subject, this.path, this.problem);
		}

		private String problem() {
			return this.problem;
		}

		private static String message(String subject, String path, String problem) {
			return subject + (path.isEmpty() ? " " : ", at " + path + ", ") + problem;
		}

	}

	/**
	 * Has no converter, but is what Spring's defaults convert for want of a better one.
	 */
	private static final class Guessed {

		@SuppressWarnings("unused")
		public static Guessed valueOf(String text) {
			return new Guessed();
		}

	}

}
