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

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

/**
 * What is known of the classes of values that keys are made of. Each is looked at once.
 */
final class KeyClasses {

	private final ClassValue<Optional<KeyMembers>> members = new ClassValue<>() {

		@Override
		protected Optional<KeyMembers> computeValue(Class<?> type) {
			return Optional.ofNullable(KeyMembers.of(type));
		}

	};

	private final ClassValue<Boolean> haveState = new ClassValue<>() {

		@Override
		protected Boolean computeValue(Class<?> type) {
			return hasState(type);
		}

	};

	/**
	 * Return the members of a class.
	 * @return {@code null} if it does not say what tells two of its values apart
	 */
	@Nullable KeyMembers membersOf(Class<?> type) {
		return this.members.get(type).orElse(null);
	}

	/**
	 * Return whether a collection or map of a class may be more than what is in it. A
	 * subclass of {@link java.util.ArrayList} with fields of its own may be, and what
	 * else tells two of them apart cannot be known.
	 */
	boolean isMoreThanContent(Class<?> type) {
		return this.haveState.get(type);
	}

	private static boolean hasState(Class<?> type) {
		boolean added = false;
		for (Class<?> each = type; each != null && each != Object.class; each = each.getSuperclass()) {
			if (isLibrary(each)) {
				// What an abstract one is extended by is where it keeps its content.
				return added && !Modifier.isAbstract(each.getModifiers())
						&& (Collection.class.isAssignableFrom(each) || Map.class.isAssignableFrom(each));
			}
			added |= addsFields(each) || overridesEquals(each);
		}
		return false;
	}

	private static boolean isLibrary(Class<?> type) {
		String name = type.getName();
		return name.startsWith("java.") || name.startsWith("kotlin.") || name.startsWith("org.springframework.")
				|| name.startsWith("com.google.common.");
	}

	private static boolean addsFields(Class<?> type) {
		for (Field field : type.getDeclaredFields()) {
			if (!Modifier.isStatic(field.getModifiers()) && !field.isSynthetic()) {
				return true;
			}
		}
		return false;
	}

	private static boolean overridesEquals(Class<?> type) {
		for (Method method : type.getDeclaredMethods()) {
			if (method.getName().equals("equals") && method.getParameterCount() == 1
					&& method.getParameterTypes()[0] == Object.class) {
				return true;
			}
		}
		return false;
	}

}
