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

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URL;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Date;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.function.Function;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

import org.springframework.data.domain.Window;
import org.springframework.util.LinkedCaseInsensitiveMap;
import org.springframework.util.ReflectionUtils;
import org.springframework.util.StringUtils;

/**
 * Compares a value with what was read back of it, and finds the first difference that the
 * caller of a cached method could notice.
 * <p>
 * It looks at objects and not at JSON: what was never written is missing on both sides of
 * a comparison of JSON. The classes of the application are compared field by field,
 * whatever their {@code equals} says, since what {@code equals} leaves out may be lost as
 * well. The JDK's are never reflected into: they are compared by {@code equals}, or by
 * {@code toString} where they have none.
 * <p>
 * Tolerated: another implementation of {@code List}, {@code Set}, {@code Map} with the
 * same elements, those of persistence providers that are loaded included; the order of a
 * set; a {@code java.util.Date} for one of its subclasses of the same time, such as the
 * {@code Timestamp} that a provider puts there; a {@code transient} field that no
 * accessor shows; locks and the like. Not tolerated: anything else, for example another
 * number type, a lost field, a comparator, a subclass, a lazy proxy.
 * <p>
 * An instance serves one comparison. It looks at a bounded number of objects: a
 * difference beyond them is not found, which is the price of never taking long.
 */
final class ShapeCheck {

	private static final int MOST_OBJECTS = 50_000;

	/** Sets of elements without {@code equals} are matched each with each, up to this. */
	private static final int MOST_UNORDERED = 100;

	private final LazyParts lazyParts;

	private final Function<Object, byte[]> json;

	private final Set<Pair> visited = new HashSet<>();

	/** The same, in the order in which they were met. */
	private final Deque<Pair> met = new ArrayDeque<>();

	private final Deque<Step> path = new ArrayDeque<>();

	private int budget = MOST_OBJECTS;

	/**
	 * Create a comparison.
	 * @param lazyParts knows what is not loaded
	 * @param json writes a part of a value as JSON, for classes that can be compared in
	 * no other way
	 */
	ShapeCheck(LazyParts lazyParts, Function<Object, byte[]> json) {
		this.lazyParts = lazyParts;
		this.json = json;
	}

	/**
	 * Compare.
	 * @param original the value that a caller gets on a miss
	 * @param copy the value that a caller would get on a hit
	 * @return the first difference, or {@code null} if there is none to notice
	 */
	@Nullable Difference compare(Object original, @Nullable Object copy) {
		try {
			return parts(original, copy);
		}
		catch (RuntimeException | LinkageError | StackOverflowError ex) {
			return difference("comparing it failed with " + ex.getClass().getName(), Cause.OTHER);
		}
	}

	private @Nullable Difference parts(@Nullable Object original, @Nullable Object copy) {
		if (original == copy || --this.budget < 0) {
			return null;
		}
		if (original == null) {
			return difference("null came back as " + name(copy), Cause.OTHER);
		}
		Class<?> type = original.getClass();
		if (this.lazyParts.isUnloaded(original)) {
			return difference(type.getTypeName() + " is a lazy proxy or not loaded", Cause.LAZY);
		}
		if (copy == null) {
			return difference("%s came back as null".formatted(name(original)), Cause.LOST);
		}
		Pair pair = new Pair(original, copy);
		if (!this.visited.add(pair)) {
			return null;
		}
		this.met.addLast(pair);
		if (type.isArray()) {
			return arrays(original, copy);
		}
		if (original instanceof Map<?, ?> map) {
			return maps(map, copy);
		}
		if (original instanceof Collection<?> collection) {
			return collections(collection, copy);
		}
		if (original instanceof Optional<?> optional) {
			return (copy instanceof Optional<?> other) ? child(".get()", optional.orElse(null), other.orElse(null))
					: changed(original, copy);
		}
		if (original instanceof Map.Entry<?, ?> entry && copy instanceof Map.Entry<?, ?> other && isJdk(original)) {
			Difference difference = child(".key", entry.getKey(), other.getKey());
			return (difference != null) ? difference : child(".value", entry.getValue(), other.getValue());
		}
		if (original instanceof Window<?> window && copy instanceof Window<?> other) {
			return windows(window, other);
		}
		if (original instanceof Date date && copy.getClass() == Date.class && isDateOrTimestamp(date)) {
			return (date.getTime() == ((Date) copy).getTime()) ? null : changed(original, copy);
		}
		if (original instanceof JsonNode && copy instanceof JsonNode) {
			return original.toString().equals(copy.toString()) ? null : changed(original, copy);
		}
		if (isJdk(original)) {
			return isSame(original, copy) ? null : changed(original, copy);
		}
		if (type != copy.getClass()) {
			return changed(original, copy);
		}
		return (original instanceof Enum) ? difference(name(original) + " came back as another constant", Cause.OTHER)
				: fields(original, copy, type);
	}

	private @Nullable Difference child(String step, @Nullable Object original, @Nullable Object copy) {
		this.path.addLast(new Step(step, (original != null) ? original.getClass() : null));
		Difference difference = parts(original, copy);
		this.path.removeLast();
		return difference;
	}

	private @Nullable Difference arrays(Object original, Object copy) {
		if (original.getClass() != copy.getClass()) {
			return changed(original, copy);
		}
		if (original instanceof Object[] elements) {
			return elements(Arrays.asList(elements), Arrays.asList((Object[]) copy));
		}
		// Only arrays of primitives are left, for which the deep form is the plain one.
		return Arrays.deepEquals(new Object[] { original }, new Object[] { copy }) ? null
				: difference(name(original) + " came back with other elements", Cause.OTHER);
	}

	private static boolean isDateOrTimestamp(Date date) {
		return date.getClass() == Date.class || date.getClass().getName().equals("java.sql.Timestamp");
	}

	/** A window holds its positions as a function, which is asked here. */
	private @Nullable Difference windows(Window<?> original, Window<?> copy) {
		Difference difference = child(".content", original.getContent(), copy.getContent());
		if (difference != null) {
			return difference;
		}
		for (int i = 0; i < original.size(); i++) {
			boolean there = original.hasPosition(i);
			if (there != copy.hasPosition(i) || (there && !original.positionAt(i).equals(copy.positionAt(i)))) {
				return difference("the position at an element came back as another", Cause.OTHER);
			}
		}
		return (original.hasNext() == copy.hasNext()) ? null
				: difference("whether it has a next one is lost", Cause.LOST);
	}

	private @Nullable Difference maps(Map<?, ?> original, Object copy) {
		if (!(copy instanceof Map<?, ?> other)) {
			return changed(original, copy);
		}
		Difference difference = container(original, copy, comparator(original), comparator(other));
		if (difference != null) {
			return difference;
		}
		if (original.size() != other.size()) {
			return difference("%d entries came back as %d".formatted(original.size(), other.size()), Cause.OTHER);
		}
		for (Map.Entry<?, ?> entry : original.entrySet()) {
			if (this.budget < 0) {
				return null;
			}
			if (!other.containsKey(entry.getKey())) {
				return difference("a key of type %s came back as %s".formatted(name(entry.getKey()),
						other.isEmpty() ? "nothing" : name(other.keySet().iterator().next())), Cause.OTHER);
			}
			difference = child("{}", entry.getValue(), other.get(entry.getKey()));
			if (difference != null) {
				return difference;
			}
		}
		return null;
	}

	private @Nullable Difference collections(Collection<?> original, Object copy) {
		if (!isSameKind(original, copy)) {
			return changed(original, copy);
		}
		Collection<?> other = (Collection<?>) copy;
		Difference difference = container(original, copy, comparator(original), comparator(copy));
		if (difference != null) {
			return difference;
		}
		return (original instanceof Set<?> set && !(original instanceof SortedSet)) ? sets(set, other)
				: elements(original, other);
	}

	private static boolean isSameKind(Collection<?> original, Object copy) {
		if (original instanceof List) {
			return copy instanceof List;
		}
		if (original instanceof Set) {
			return copy instanceof Set;
		}
		if (original instanceof PriorityQueue) {
			return copy instanceof PriorityQueue;
		}
		// What is merely a collection, such as the values of a map, may become a list.
		return copy instanceof Collection && !(copy instanceof Set);
	}

	private @Nullable Difference elements(Collection<?> original, Collection<?> copy) {
		if (original.size() != copy.size()) {
			return difference("%d elements came back as %d".formatted(original.size(), copy.size()), Cause.OTHER);
		}
		Iterator<?> others = copy.iterator();
		int index = 0;
		for (Object element : original) {
			if (this.budget < 0) {
				return null;
			}
			Difference difference = child("[" + index++ + "]", element, others.next());
			if (difference != null) {
				return difference;
			}
		}
		return null;
	}

	private @Nullable Difference sets(Set<?> original, Collection<?> copy) {
		if (original.size() != copy.size()) {
			return difference("%d elements came back as %d".formatted(original.size(), copy.size()), Cause.OTHER);
		}
		Map<@Nullable Object, @Nullable Object> others = new HashMap<>();
		copy.forEach((element) -> others.put(element, element));
		List<@Nullable Object> unmatched = new ArrayList<>();
		for (Object element : original) {
			if (others.containsKey(element)) {
				Difference difference = child("[]", element, others.remove(element));
				if (difference != null) {
					return difference;
				}
			}
			else {
				unmatched.add(element);
			}
		}
		if (unmatched.size() > MOST_UNORDERED) {
			return null;
		}
		List<@Nullable Object> candidates = new ArrayList<>(others.values());
		for (Object element : unmatched) {
			Difference closest = null;
			boolean matched = false;
			for (Iterator<@Nullable Object> i = candidates.iterator(); i.hasNext() && !matched;) {
				int before = this.met.size();
				closest = child("[]", element, i.next());
				matched = closest == null;
				if (matched) {
					i.remove();
				}
				else {
					forgetSince(before);
				}
			}
			if (!matched) {
				return closest;
			}
		}
		return null;
	}

	/** What has been met on the way to a difference is not known to be the same. */
	private void forgetSince(int before) {
		while (this.met.size() > before) {
			this.visited.remove(this.met.removeLast());
		}
	}

	/**
	 * Compare what two containers have beside their elements.
	 */
	private @Nullable Difference container(Object original, Object copy, @Nullable Comparator<?> order,
			@Nullable Comparator<?> orderOfCopy) {
		Class<?> type = original.getClass();
		boolean sameClass = type == copy.getClass();
		if (order != null && !order.equals(orderOfCopy)) {
			return difference("the comparator of a %s is lost".formatted(type.getTypeName()), Cause.CONTAINER);
		}
		if (original instanceof LinkedCaseInsensitiveMap && !sameClass) {
			return difference("a map that ignores case came back as %s".formatted(name(copy)), Cause.CONTAINER);
		}
		if (isJdk(original)) {
			return null;
		}
		if (sameClass) {
			return fields(original, copy, type);
		}
		// A class that adds fields to a collection of the JDK's keeps more than elements;
		// one that implements the interface itself keeps its elements in its fields.
		Class<?> base = type;
		boolean hasFields = false;
		while (base != null && !JdkTypes.isJdk(base)) {
			hasFields |= Arrays.stream(base.getDeclaredFields()).anyMatch(ShapeCheck::isInstanceField);
			base = base.getSuperclass();
		}
		boolean extendsJdk = base != null && base != Object.class && !Modifier.isAbstract(base.getModifiers());
		return (hasFields && extendsJdk) ? changed(original, copy) : null;
	}

	private @Nullable Difference fields(Object original, Object copy, Class<?> type) {
		for (Class<?> declaring = type; declaring != null
				&& !JdkTypes.isJdk(declaring); declaring = declaring.getSuperclass()) {
			for (Field field : declaring.getDeclaredFields()) {
				if (!isInstanceField(field)) {
					continue;
				}
				if (!field.trySetAccessible()) {
					return opaque(original, copy);
				}
				Difference difference = child("." + field.getName(), ReflectionUtils.getField(field, original),
						ReflectionUtils.getField(field, copy));
				if (difference != null && !(Modifier.isTransient(field.getModifiers()) && !isShown(field))) {
					return difference;
				}
			}
		}
		return null;
	}

	private @Nullable Difference opaque(Object original, Object copy) {
		boolean same = hasEquals(original.getClass()) ? original.equals(copy)
				: Arrays.equals(this.json.apply(original), this.json.apply(copy));
		return same ? null : difference(name(original) + " came back changed", Cause.OTHER);
	}

	private static boolean isInstanceField(Field field) {
		return !Modifier.isStatic(field.getModifiers()) && !field.isSynthetic();
	}

	/**
	 * Return whether a field can be seen through an accessor. A transient one that cannot
	 * is a cache of the object's own.
	 */
	private static boolean isShown(Field field) {
		String name = field.getName();
		Set<String> accessors = Set.of(name, "get" + StringUtils.capitalize(name), "is" + StringUtils.capitalize(name));
		for (Method method : field.getDeclaringClass().getDeclaredMethods()) {
			if (method.getParameterCount() == 0 && !Modifier.isPrivate(method.getModifiers())
					&& accessors.contains(method.getName())) {
				return true;
			}
		}
		return !Modifier.isPrivate(field.getModifiers());
	}

	private static boolean isSame(Object original, Object copy) {
		if (original instanceof URL url && copy instanceof URL other) {
			// Its equals asks the name service.
			return url.toExternalForm().equals(other.toExternalForm());
		}
		if (original instanceof Pattern pattern && copy instanceof Pattern other) {
			return pattern.pattern().equals(other.pattern()) && pattern.flags() == other.flags();
		}
		Class<?> type = original.getClass();
		if (Modifier.isPublic(type.getModifiers()) && type != copy.getClass()) {
			return false;
		}
		if (hasEquals(type)) {
			return original.equals(copy) && copy.equals(original);
		}
		return original.toString().equals(copy.toString()) || type == Object.class || original instanceof Lock
				|| original instanceof ReadWriteLock || original instanceof Random || original instanceof ThreadLocal;
	}

	private static boolean hasEquals(Class<?> type) {
		Method equals = ReflectionUtils.findMethod(type, "equals", Object.class);
		return equals != null && equals.getDeclaringClass() != Object.class;
	}

	private static boolean isJdk(Object object) {
		return JdkTypes.isJdk(object.getClass());
	}

	private static @Nullable Comparator<?> comparator(Object container) {
		Comparator<?> comparator = (container instanceof SortedMap<?, ?> map) ? map.comparator()
				: (container instanceof SortedSet<?> set) ? set.comparator()
						: (container instanceof PriorityQueue<?> queue) ? queue.comparator() : null;
		return Comparator.naturalOrder().equals(comparator) ? null : comparator;
	}

	private @Nullable Difference changed(Object original, Object copy) {
		boolean sameClass = original.getClass() == copy.getClass();
		return difference(
				sameClass ? name(original) + " came back with another value"
						: "%s came back as %s".formatted(name(original), name(copy)),
				sameClass ? Cause.OTHER : Cause.TYPE);
	}

	private Difference difference(String what, Cause cause) {
		return new Difference(List.copyOf(this.path), what, cause);
	}

	private static String name(@Nullable Object object) {
		return (object != null) ? object.getClass().getTypeName() : "null";
	}

	/**
	 * A step into a value.
	 *
	 * @param text the name of a field, {@code [index]}, {@code {}} for a value of a map;
	 * never a key, which is data
	 * @param type the class of what is there in the original
	 */
	record Step(String text, @Nullable Class<?> type) {

	}

	/**
	 * The first difference between a value and what was read back of it.
	 *
	 * @param steps the way to where it is
	 * @param what what is different, in terms of classes and not of values
	 * @param cause what kind of difference it is
	 */
	record Difference(List<Step> steps, String what, Cause cause) {

		String path() {
			StringBuilder path = new StringBuilder("$");
			this.steps.forEach((step) -> path.append(step.text()));
			return path.toString();
		}

	}

	/**
	 * Kinds of differences, which have different cures.
	 */
	enum Cause {

		LOST("Make the property readable and writable for Jackson (a mix-in added by a "
				+ "CacheJsonMapperBuilderCustomizer leaves your other JSON as it is), "
				+ "or cache a record of what is needed."),

		TYPE("Declare the type that is returned, or annotate what is declared "
				+ "with @JsonTypeInfo(use = Id.NAME) and @JsonSubTypes."),

		CONTAINER("Return a plain List, Set or Map, or a record."),

		LAZY("Map entities to records before they are cached."),

		OTHER("Cache a record of what is needed.");

		private final String cure;

		Cause(String cure) {
			this.cure = cure;
		}

		String cure() {
			return this.cure;
		}

	}

	/**
	 * Two objects by identity.
	 */
	private static final class Pair {

		private final Object original;

		private final Object copy;

		Pair(Object original, Object copy) {
			this.original = original;
			this.copy = copy;
		}

		@Override
		public boolean equals(@Nullable Object other) {
			return other instanceof Pair that && this.original == that.original && this.copy == that.copy;
		}

		@Override
		public int hashCode() {
			return 31 * System.identityHashCode(this.original) + System.identityHashCode(this.copy);
		}

	}

}
