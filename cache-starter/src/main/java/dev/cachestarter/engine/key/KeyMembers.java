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

import java.lang.annotation.Annotation;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import org.springframework.core.ResolvableType;
import org.springframework.util.ClassUtils;

/**
 * What the values of a class are told apart by, where the class says so: the components
 * of a record, those of a Kotlin data class, the value in a Kotlin value class. A Kotlin
 * {@code object} has none, since there is but one of it.
 * <p>
 * Kotlin is known by its marks in the bytecode and need not be there.
 *
 * @param members the members, sorted by name
 * @param kind what the class is
 * @param substitutable whether it implements an interface of the application, so that a
 * value of another class may be used in its place
 */
record KeyMembers(List<Member> members, Kind kind, boolean substitutable) {

	private static final String KOTLIN = "kotlin.Metadata";

	private static final Pattern COMPONENT = Pattern.compile("component(\\d+)(?:[-$].*)?");

	/**
	 * Look for the members of a class.
	 * @return {@code null} if it does not say what tells two of its values apart
	 */
	static @Nullable KeyMembers of(Class<?> type) {
		if (type.isRecord()) {
			return new KeyMembers(componentsOf(type), Kind.COMPONENTS, isSubstitutable(type));
		}
		if (!isKotlin(type)) {
			return null;
		}
		if (hasMethod(type, "unbox-impl"::equals)) {
			return valueOf(type);
		}
		if (isObject(type)) {
			return new KeyMembers(List.of(), Kind.OBJECT, true);
		}
		List<Member> members = hasMethod(type, (name) -> name.startsWith("copy") && name.endsWith("$default"))
				? dataOf(type) : List.of();
		return members.isEmpty() ? null : new KeyMembers(members, Kind.COMPONENTS, isSubstitutable(type));
	}

	private static boolean isSubstitutable(Class<?> type) {
		return Arrays.stream(ClassUtils.getAllInterfacesForClass(type))
			.anyMatch((implemented) -> !implemented.getName().startsWith("java."));
	}

	private static List<Member> componentsOf(Class<?> type) {
		return Arrays.stream(type.getRecordComponents())
			.sorted(Comparator.comparing(RecordComponent::getName))
			.map((component) -> {
				// An accessor may show another value than equals compares.
				Field field = field(type, component.getName());
				return new Member(component.getName(), ResolvableType.forType(component.getGenericType()), field::get,
						type);
			})
			.toList();
	}

	private static Field field(Class<?> type, String name) {
		try {
			Field field = type.getDeclaredField(name);
			// Where this fails, reading it fails and says so.
			field.trySetAccessible();
			return field;
		}
		catch (NoSuchFieldException ex) {
			throw new IllegalStateException(ex);
		}
	}

	// Kotlin

	private static boolean isKotlin(Class<?> type) {
		for (Annotation annotation : type.getDeclaredAnnotations()) {
			if (annotation.annotationType().getName().equals(KOTLIN)) {
				return true;
			}
		}
		return false;
	}

	private static boolean hasMethod(Class<?> type, Predicate<String> name) {
		return Arrays.stream(type.getDeclaredMethods()).map(Method::getName).anyMatch(name);
	}

	private static boolean isObject(Class<?> type) {
		return Arrays.stream(type.getDeclaredFields())
			.anyMatch((field) -> field.getName().equals("INSTANCE") && field.getType() == type
					&& Modifier.isStatic(field.getModifiers()));
	}

	private static @Nullable KeyMembers valueOf(Class<?> type) {
		List<Field> fields = fieldsOf(type);
		if (fields.size() != 1) {
			return null;
		}
		Field field = fields.get(0);
		field.trySetAccessible();
		return new KeyMembers(List.of(new Member(field.getName(), ResolvableType.forField(field), field::get, type)),
				Kind.VALUE, isSubstitutable(type));
	}

	/**
	 * The components of a data class are what its primary constructor declares, and their
	 * fields come first, in that order.
	 */
	private static List<Member> dataOf(Class<?> type) {
		List<Method> components = new ArrayList<>();
		Method next = component(type, 1);
		while (next != null) {
			components.add(next);
			next = component(type, components.size() + 1);
		}
		List<Field> fields = fieldsOf(type);
		List<Member> members = new ArrayList<>();
		for (int i = 0; i < components.size(); i++) {
			Method component = components.get(i);
			if (i >= fields.size() || fields.get(i).getType() != component.getReturnType()) {
				return List.of();
			}
			component.trySetAccessible();
			members.add(new Member(fields.get(i).getName(), ResolvableType.forMethodReturnType(component),
					component::invoke, type));
		}
		members.sort(Comparator.comparing(Member::name));
		return members;
	}

	private static @Nullable Method component(Class<?> type, int number) {
		for (Method method : type.getDeclaredMethods()) {
			Matcher name = COMPONENT.matcher(method.getName());
			if (method.getParameterCount() == 0 && name.matches() && name.group(1).equals(String.valueOf(number))) {
				return method;
			}
		}
		return null;
	}

	private static List<Field> fieldsOf(Class<?> type) {
		return Arrays.stream(type.getDeclaredFields())
			.filter((field) -> !Modifier.isStatic(field.getModifiers()))
			.toList();
	}

	/**
	 * What a class is.
	 */
	enum Kind {

		/** A record or a data class. */
		COMPONENTS,

		/** Nothing but the value in it. */
		VALUE,

		/** The only one of its class. */
		OBJECT

	}

	/**
	 * One member.
	 *
	 * @param name its name
	 * @param type the type it is declared as
	 * @param reader reads it
	 * @param owner the class that it is in
	 */
	record Member(String name, ResolvableType type, Reader reader, Class<?> owner) {

		/**
		 * Return the member of a value.
		 * @throws UnkeyableException if it cannot be read
		 */
		@Nullable Object of(Object value) {
			try {
				return this.reader.read(value);
			}
			catch (IllegalAccessException ex) {
				throw new UnkeyableException("",
						("cannot be read: its module does not open package %s to this one. "
								+ "Open it, or give the annotation a key expression")
							.formatted(this.owner.getPackageName()));
			}
			catch (InvocationTargetException ex) {
				throw new UnkeyableException("", "cannot be read (" + ex.getTargetException() + ")");
			}
		}

	}

	/**
	 * Reads a member of a value.
	 */
	@FunctionalInterface
	interface Reader {

		@Nullable Object read(Object value) throws IllegalAccessException, InvocationTargetException;

	}

}
