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

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

/**
 * A place where values of one declared type stand: the value of a method, the elements of
 * its list, a property of those. It knows what the type proves of them, and what has been
 * learnt of the classes that were met here.
 * <p>
 * Each value that is to be stored is looked at along its places (see
 * {@code PlaceFinder}), before anything of it is written or loaded. Where a type proves
 * all, nothing is looked at, not even the elements of a list. Else it costs a comparison
 * of classes for an object, which is little beside writing it. What is found is noted in
 * a {@link Look}.
 */
final class Place {

	/**
	 * What tells whether what stands in a place comes back.
	 */
	enum Proof {

		/** Its declared type. */
		TYPE,

		/** Its class: once one has come back as it was, all of them do. */
		CLASS,

		/** Nothing but reading it back. */
		VALUE

	}

	private static final int DEEPEST = 100;

	private static final int MOST_OBJECTS = 100_000;

	private final LazyParts lazyParts;

	/** Finds the properties of a class that stands here though another is declared. */
	private final Function<Class<?>, List<Member>> finder;

	private Proof proof = Proof.VALUE;

	/** Where elements stand, values of a map, what is in an {@code Optional}. */
	private @Nullable Place content;

	/** The properties of each class. */
	private final Map<Class<?>, List<Member>> members = new ConcurrentHashMap<>();

	/** The classes that came back here as they were. */
	private final Set<Class<?>> survived = ConcurrentHashMap.newKeySet();

	/** The classes that did not, each with the reason and the cure. */
	private final Map<Class<?>, String> refused = new ConcurrentHashMap<>();

	Place(LazyParts lazyParts, Function<Class<?>, List<Member>> finder) {
		this.lazyParts = lazyParts;
		this.finder = finder;
	}

	void define(Proof found, @Nullable Place contained) {
		this.proof = found;
		this.content = contained;
	}

	void define(Class<?> type, List<Member> properties) {
		this.members.put(type, properties);
	}

	boolean isProven() {
		return this.proof == Proof.TYPE;
	}

	/** Look at a value, and at what is in it. */
	void look(@Nullable Object value, Look look) {
		if (value == null || this.proof == Proof.TYPE || look.isOver()) {
			return;
		}
		Class<?> type = value.getClass();
		if (this.lazyParts.isUnloaded(value)) {
			look.findsLazy(type);
			return;
		}
		String refusal = this.refused.isEmpty() ? null : this.refused.get(type);
		if (refusal == null && !this.survived.contains(type)) {
			refusal = TypeShape.refusal(type);
			look.first(this, type);
		}
		if (refusal != null) {
			look.refuses(refusal);
			return;
		}
		if (this.proof == Proof.VALUE || hasOrder(value)) {
			look.checks();
		}
		if (look.enter()) {
			parts(value, type, look);
			look.leave();
		}
	}

	private void parts(Object value, Class<?> type, Look look) {
		Place inside = this.content;
		if (inside == null) {
			for (Member member : members(type)) {
				member.place().look(member.of(value), look);
				if (look.isOver()) {
					look.at("." + member.name());
					return;
				}
			}
		}
		else if (!inside.isProven()) {
			int index = 0;
			for (Object element : elements(value)) {
				inside.look(element, look);
				if (look.isOver()) {
					look.at((value instanceof Map) ? "{}" : (value instanceof Optional) ? ".get()" : "[" + index + "]");
					return;
				}
				index++;
			}
		}
	}

	private List<Member> members(Class<?> type) {
		List<Member> known = this.members.get(type);
		if (known == null) {
			known = this.finder.apply(type);
			this.members.put(type, known);
		}
		return known;
	}

	private static Iterable<?> elements(Object value) {
		if (value instanceof Map<?, ?> map) {
			return map.values();
		}
		if (value instanceof Optional<?> optional) {
			return optional.isPresent() ? List.of(optional.get()) : List.of();
		}
		if (value instanceof Object[] array) {
			return Arrays.asList(array);
		}
		return (value instanceof Collection<?> collection) ? collection : List.of();
	}

	/** Whether a container has an order of its own, which its class does not tell. */
	private static boolean hasOrder(Object value) {
		Comparator<?> order = (value instanceof SortedSet<?> set) ? set.comparator()
				: (value instanceof SortedMap<?, ?> map) ? map.comparator()
						: (value instanceof PriorityQueue<?> queue) ? queue.comparator() : null;
		return order != null;
	}

	/**
	 * Refuse a class from now on, if a difference was for its sake: at the place where it
	 * was found, or as near to that as places are known.
	 * @param type the class of the value that was compared
	 * @return whether a class is refused
	 */
	boolean refuse(Class<?> type, ShapeCheck.Difference difference, String why) {
		List<ShapeCheck.Step> steps = difference.steps();
		boolean lost = difference.cause() == ShapeCheck.Cause.LOST;
		if (difference.cause() != ShapeCheck.Cause.TYPE && difference.cause() != ShapeCheck.Cause.CONTAINER && !lost) {
			return false;
		}
		Place at = this;
		Class<?> found = type;
		for (ShapeCheck.Step step : steps.subList(0, Math.max(0, steps.size() - (lost ? 1 : 0)))) {
			Place next = at.next(found, step.text());
			if (next == null || step.type() == null) {
				return false;
			}
			at = next;
			found = step.type();
		}
		if (isPlainContainer(found) || at.survived.contains(found) || at.proof == Proof.VALUE) {
			return false;
		}
		at.refused.put(found, why);
		return true;
	}

	private @Nullable Place next(Class<?> type, String step) {
		if (this.content != null) {
			return this.content;
		}
		for (Member member : members(type)) {
			if (step.equals("." + member.name())) {
				return member.place();
			}
		}
		return null;
	}

	/** A container of the JDK is around what is to blame. */
	private static boolean isPlainContainer(Class<?> type) {
		return type.isArray() || (JdkTypes.isJdk(type) && (Collection.class.isAssignableFrom(type)
				|| Map.class.isAssignableFrom(type) || type == Optional.class));
	}

	/**
	 * A property whose values are to be looked at.
	 *
	 * @param name its name
	 * @param getter gives its value, and may fail as it likes
	 * @param place where its values stand
	 */
	record Member(String name, Getter getter, Place place) {

		@Nullable Object of(Object bean) {
			try {
				return this.getter.get(bean);
			}
			catch (RuntimeException | LinkageError ex) {
				// Jackson will have the same trouble, and say where.
				return null;
			}
		}

	}

	/**
	 * Gives the value of a property.
	 */
	@FunctionalInterface
	interface Getter {

		@Nullable Object get(Object bean);

	}

	/**
	 * One look at a value, and what came of it. Not thread-safe.
	 */
	static final class Look {

		private final List<String> path = new ArrayList<>(0);

		private final List<Runnable> firsts = new ArrayList<>(0);

		private int left = MOST_OBJECTS;

		private int depth;

		private boolean checks;

		private @Nullable String lazy;

		private @Nullable String refusal;

		private void first(Place place, Class<?> type) {
			this.checks = true;
			if (place.proof == Proof.CLASS) {
				this.firsts.add(() -> place.survived.add(type));
			}
		}

		private void checks() {
			this.checks = true;
		}

		private void findsLazy(Class<?> type) {
			this.lazy = type.getTypeName();
		}

		private void refuses(String why) {
			this.refusal = why;
		}

		private boolean isOver() {
			return this.lazy != null || this.refusal != null;
		}

		private boolean enter() {
			if (--this.left < 0 || this.depth > DEEPEST) {
				this.checks = true;
				return false;
			}
			this.depth++;
			return true;
		}

		private void leave() {
			this.depth--;
		}

		/** On the way back from what was found. */
		private void at(String step) {
			this.path.add(0, step);
		}

		/** Return whether the value is to be read back. */
		boolean isCheckDue() {
			return this.checks;
		}

		/**
		 * Return the class of what is not loaded, {@code null} if there is no such part.
		 */
		@Nullable String lazy() {
			return this.lazy;
		}

		/** Return why the value is refused, {@code null} if it is not. */
		@Nullable String refusal() {
			return this.refusal;
		}

		/** Return where the lazy or refused part is. */
		String path() {
			return "$" + String.join("", this.path);
		}

		/** Note that the value has come back as it was. */
		void survived() {
			this.firsts.forEach(Runnable::run);
		}

	}

}
