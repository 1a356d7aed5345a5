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

import java.util.Map;
import java.util.Objects;

import tools.jackson.core.JacksonException;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.core.exc.StreamWriteException;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.exc.InvalidDefinitionException;
import tools.jackson.databind.exc.MismatchedInputException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;

/**
 * Words for what went wrong in Jackson: classes and properties, never values.
 */
final class JsonFailures {

	/** How many steps of a path are told: the one through a cycle has no end. */
	private static final int MOST_STEPS = 8;

	private JsonFailures() {
	}

	static String written(Throwable failure) {
		String where = where(failure);
		if (failure instanceof StackOverflowError || isCausedBy(failure, StreamConstraintsException.class)
				|| isCausedBy(failure, StreamWriteException.class)) {
			return "it cannot be written as JSON%s: it is nested too deeply, leads back to itself, ".formatted(where)
					+ "or holds text that is not valid Unicode. Cache a record of what is needed.";
		}
		if (failure instanceof InvalidDefinitionException ex && ex.getCause() == null) {
			return "it cannot be written as JSON%s: Jackson has no serializer for %s, or it leads back to itself. %s"
				.formatted(where, ex.getType(), "Cache a record of what is needed.");
		}
		return "it cannot be written as JSON%s: %s. Load what is lazy before the method returns, %s".formatted(where,
				root(failure).getClass().getName(), "or cache a record of what is needed.");
	}

	static String read(Throwable failure) {
		if (failure instanceof UnrecognizedPropertyException) {
			return "it has a property that the class does not know" + where(failure);
		}
		if (failure instanceof InvalidDefinitionException ex && ex.getType() != null) {
			JavaType type = ex.getType();
			return type.isAbstract()
					? ("%s is abstract and says nothing of its subtypes%s. Annotate it with @JsonTypeInfo(use = Id.NAME) "
							+ "and @JsonSubTypes, or return a concrete type such as a record.")
						.formatted(type.toCanonical(), where(failure))
					: ("Jackson finds no constructor that it can use in %s%s. Give it a public one for all properties, or cache "
							+ "a record.")
						.formatted(type.toCanonical(), where(failure));
		}
		if (failure instanceof MismatchedInputException ex && ex.getTargetType() != null) {
			return "it does not fit %s%s".formatted(ex.getTargetType().getTypeName(), where(failure));
		}
		if (isCausedBy(failure, StreamConstraintsException.class)) {
			return "it exceeds the limits to nesting or to the length of a number or name";
		}
		if (isCausedBy(failure, StreamReadException.class)) {
			return "it is not valid JSON";
		}
		return root(failure).getClass().getName() + where(failure);
	}

	/**
	 * Return where in a value Jackson failed. The keys of maps are left out: they are
	 * data.
	 */
	private static String where(Throwable failure) {
		StringBuilder path = new StringBuilder();
		if (failure instanceof JacksonException ex) {
			ex.getPath().stream().limit(MOST_STEPS).forEach((step) -> path.append(step(step)));
			path.append((ex.getPath().size() > MOST_STEPS) ? ".." : "");
		}
		return path.isEmpty() ? "" : " at $" + path;
	}

	private static String step(JacksonException.Reference step) {
		Object from = step.from();
		if (from instanceof Map || from instanceof Class<?> type && Map.class.isAssignableFrom(type)) {
			return "{}";
		}
		String property = step.getPropertyName();
		if (property == null) {
			return "[" + step.getIndex() + "]";
		}
		// What foreign bytes call a property is not for the log.
		return property.matches("[\\w$-]{1,60}") ? "." + property : ".?";
	}

	static boolean isCausedBy(Throwable failure, Class<? extends Throwable> type) {
		Throwable current = failure;
		for (int depth = 0; current != null && depth < 20; depth++) {
			if (type.isInstance(current)) {
				return true;
			}
			current = current.getCause();
		}
		return false;
	}

	private static Throwable root(Throwable failure) {
		Throwable current = failure;
		for (int depth = 0; current.getCause() != null && depth < 20; depth++) {
			current = Objects.requireNonNull(current.getCause());
		}
		return current;
	}

}
