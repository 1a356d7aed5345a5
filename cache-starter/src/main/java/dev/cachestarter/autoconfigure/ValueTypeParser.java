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

package dev.cachestarter.autoconfigure;

import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.core.ResolvableType;
import org.springframework.util.ClassUtils;

/**
 * Reads the name of a type as one writes it in Java, generics included:
 * {@code java.util.Map<java.lang.String, com.acme.Agent[]>}.
 */
final class ValueTypeParser {

	private final String text;

	private final @Nullable ClassLoader classLoader;

	private int position;

	private ValueTypeParser(String text, @Nullable ClassLoader classLoader) {
		this.text = text;
		this.classLoader = classLoader;
	}

	/**
	 * Parse the name of a type.
	 * @param text the name
	 * @param classLoader finds the classes
	 * @return the type
	 * @throws IllegalArgumentException if the text is no type, or names a class that is
	 * not there; the message says which and why
	 */
	static Type parse(String text, @Nullable ClassLoader classLoader) {
		ValueTypeParser parser = new ValueTypeParser(text, classLoader);
		ResolvableType type = parser.type();
		if (parser.position < text.length()) {
			throw parser.unexpected();
		}
		return type.getType();
	}

	private ResolvableType type() {
		Class<?> raw = load(name());
		ResolvableType type = take('<') ? generic(raw) : ResolvableType.forClass(raw);
		while (take('[')) {
			expect(']');
			type = ResolvableType.forArrayComponent(type);
		}
		return type;
	}

	private ResolvableType generic(Class<?> raw) {
		List<ResolvableType> arguments = new ArrayList<>();
		do {
			arguments.add(type());
		}
		while (take(','));
		expect('>');
		int expected = raw.getTypeParameters().length;
		if (arguments.size() != expected) {
			throw new IllegalArgumentException(
					"'%s' takes %d type arguments, not %d".formatted(raw.getName(), expected, arguments.size()));
		}
		return ResolvableType.forClassWithGenerics(raw, arguments.toArray(ResolvableType[]::new));
	}

	private String name() {
		skipSpaces();
		int start = this.position;
		while (this.position < this.text.length() && isPartOfName(this.text.charAt(this.position))) {
			this.position++;
		}
		if (start == this.position) {
			throw unexpected();
		}
		return this.text.substring(start, this.position);
	}

	private static boolean isPartOfName(char character) {
		return Character.isJavaIdentifierPart(character) || character == '.';
	}

	private Class<?> load(String name) {
		try {
			return ClassUtils.forName(name, this.classLoader);
		}
		catch (ClassNotFoundException | LinkageError ex) {
			throw new IllegalArgumentException("there is no class '" + name + "'", ex);
		}
	}

	private boolean take(char character) {
		skipSpaces();
		if (this.position < this.text.length() && this.text.charAt(this.position) == character) {
			this.position++;
			skipSpaces();
			return true;
		}
		return false;
	}

	private void expect(char character) {
		if (!take(character)) {
			throw new IllegalArgumentException("'" + character + "' is missing at position " + (this.position + 1));
		}
	}

	private void skipSpaces() {
		while (this.position < this.text.length() && this.text.charAt(this.position) == ' ') {
			this.position++;
		}
	}

	private IllegalArgumentException unexpected() {
		if (this.position >= this.text.length()) {
			return new IllegalArgumentException("it ends where a class name should stand");
		}
		return new IllegalArgumentException(
				"'" + this.text.charAt(this.position) + "' is unexpected at position " + (this.position + 1));
	}

}
