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

package dev.cachestarter.cache;

import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Method;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.CacheEvictPattern;

/**
 * Tells which classes have cache annotations at all: on themselves or a method, on what
 * they extend or implement, or on another annotation that stands there.
 * <p>
 * Spring merges the annotations of every method of every bean to find out, once for each
 * kind of cache annotation. Nearly all beans have none, which a look at each class tells
 * for all its methods. In doubt a class has some: then Spring finds out.
 */
final class AnnotatedClasses {

	private static final Set<String> PACKAGES = Set.of(Cacheable.class.getPackageName(),
			CacheEvictPattern.class.getPackageName());

	private final Map<Class<?>, Boolean> classes = new ConcurrentHashMap<>();

	private final Map<Class<?>, Boolean> annotations = new ConcurrentHashMap<>();

	/**
	 * Return whether a class may have cache annotations.
	 */
	boolean mayContain(Class<?> type) {
		if (type.getName().startsWith("java.")) {
			return false;
		}
		Boolean known = this.classes.get(type);
		if (known == null) {
			known = look(type);
			this.classes.put(type, known);
		}
		return known;
	}

	private boolean look(Class<?> type) {
		try {
			return declares(type) || inherits(type);
		}
		catch (RuntimeException | LinkageError ex) {
			// A class that is not there, say.
			return true;
		}
	}

	private boolean inherits(Class<?> type) {
		Class<?> parent = type.getSuperclass();
		if (parent != null && mayContain(parent)) {
			return true;
		}
		for (Class<?> each : type.getInterfaces()) {
			if (mayContain(each)) {
				return true;
			}
		}
		return false;
	}

	private boolean declares(Class<?> type) {
		if (isMarked(type)) {
			return true;
		}
		for (Method method : type.getDeclaredMethods()) {
			if (isMarked(method)) {
				return true;
			}
		}
		return false;
	}

	private boolean isMarked(AnnotatedElement element) {
		for (Annotation annotation : element.getDeclaredAnnotations()) {
			Class<?> type = annotation.annotationType();
			Boolean known = this.annotations.get(type);
			if (known == null) {
				known = leadsToCaches(type, new HashSet<>());
				this.annotations.put(type, known);
			}
			if (known) {
				return true;
			}
		}
		return false;
	}

	/**
	 * Whether it is a cache annotation, stands for one, or may hold several.
	 * @param seen those that were looked at on the way: annotations may stand on each
	 * other in a circle
	 */
	private static boolean leadsToCaches(Class<?> type, Set<Class<?>> seen) {
		if (type.getName().startsWith("java.") || !seen.add(type)) {
			return false;
		}
		if (PACKAGES.contains(type.getPackageName())) {
			return true;
		}
		for (Annotation annotation : type.getDeclaredAnnotations()) {
			if (leadsToCaches(annotation.annotationType(), seen)) {
				return true;
			}
		}
		for (Method attribute : type.getDeclaredMethods()) {
			Class<?> held = attribute.getReturnType().getComponentType();
			if (held != null && held.isAnnotation() && leadsToCaches(held, seen)) {
				return true;
			}
		}
		return false;
	}

}
