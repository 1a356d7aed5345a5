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

import java.lang.reflect.Modifier;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.springframework.cache.interceptor.SimpleKey;
import org.springframework.core.ResolvableType;

/**
 * Tells from a type whether its values can be keys, before there is one. It finds what
 * {@link KeyJson} would refuse for every value that is of the type itself.
 */
final class KeyTypes {

	private final KeyConversions conversions;

	private final KeyClasses known;

	/** What is being looked at already: records may hold themselves. */
	private final Set<Class<?>> seen = new HashSet<>();

	KeyTypes(KeyConversions conversions, KeyClasses known) {
		this.conversions = conversions;
		this.known = known;
	}

	/**
	 * Return what is wrong with a type, {@code null} if nothing is known to be.
	 */
	@Nullable UnkeyableException problem(ResolvableType type) {
		return problem(type, "");
	}

	private @Nullable UnkeyableException problem(ResolvableType declared, String path) {
		Class<?> type = declared.resolve();
		if (type == null || SimpleTexts.isSimple(type) || (type != Optional.class && KeyConversions.isOptional(type))
				|| PageArguments.isOne(type) || type == SimpleKey.class) {
			return null;
		}
		if (type.isArray()) {
			return problem(declared.getComponentType(), path + "[]");
		}
		if (Collection.class.isAssignableFrom(type)) {
			return this.known.isMoreThanContent(type)
					? new UnkeyableException(path, UnkeyableException.moreThanContent(type))
					: problem(declared.as(Collection.class).getGeneric(0), path + "[]");
		}
		if (Map.class.isAssignableFrom(type)) {
			return this.known.isMoreThanContent(type)
					? new UnkeyableException(path, UnkeyableException.moreThanContent(type))
					: problemOfMap(declared.as(Map.class), path);
		}
		if (type == Optional.class) {
			return problem(declared.getGeneric(0), path);
		}
		return this.conversions.mayConvert(type) ? null : problemOfOther(type, path);
	}

	private @Nullable UnkeyableException problemOfMap(ResolvableType map, String path) {
		Class<?> key = map.getGeneric(0).resolve();
		if (key != null && isOfOneClass(key) && !SimpleTexts.isSimple(key) && !this.conversions.mayConvert(key)) {
			return new UnkeyableException(path,
					"is a map with a key that is a %s, which is no simple value. ".formatted(key.getName())
							+ "Give the annotation a key expression, or make the keys Strings");
		}
		return problem(map.getGeneric(1), path + "[]");
	}

	private @Nullable UnkeyableException problemOfOther(Class<?> type, String path) {
		KeyMembers members = this.known.membersOf(type);
		if (members == null) {
			return isOfOneClass(type) ? new UnkeyableException(path, UnkeyableException.unknown(type)) : null;
		}
		if (!this.seen.add(type)) {
			return null;
		}
		for (KeyMembers.Member member : members.members()) {
			UnkeyableException problem = problem(member.type(), path + "." + member.name());
			if (problem != null) {
				return problem;
			}
		}
		return null;
	}

	/** Of an interface, an abstract class and Object only a value can tell. */
	private static boolean isOfOneClass(Class<?> type) {
		return type != Object.class && !type.isInterface() && !Modifier.isAbstract(type.getModifiers());
	}

}
