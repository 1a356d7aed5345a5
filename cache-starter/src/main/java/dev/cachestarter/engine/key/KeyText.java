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

import org.jspecify.annotations.Nullable;

import org.springframework.cache.interceptor.SimpleKey;
import org.springframework.core.ResolvableType;
import org.springframework.core.convert.ConversionService;

/**
 * Renders values as keys. What Spring takes for one key becomes one {@link EntryKey},
 * whoever names it; two values that differ by {@code equals} never do, but for simple
 * values of different types with the same text. No segment can be taken for two, or for a
 * part of one:
 *
 * <ul>
 * <li>A simple value is its text, escaped as {@link KeyEscapes} says.</li>
 * <li>A composed value is canonical JSON, see {@link KeyJson}.</li>
 * <li>Several values are their segments, joined by {@code :}.</li>
 * <li>A text that is the whole key may have been joined by whoever made it: its colons
 * part segments.</li>
 * </ul>
 *
 * The rendering is part of the format: instances on different Java versions must agree,
 * so nothing here asks the Java version's tables of Unicode. It depends on the value
 * alone, not on what a parameter is declared as: {@code cache.get(value)} does not know
 * that.
 */
public final class KeyText {

	private final KeyConversions conversions;

	private final KeyClasses known = new KeyClasses();

	/**
	 * Make a renderer.
	 * @param converters renders types of the application that it has a converter to
	 * {@code String} for; best without Spring's default converters, which render much
	 * that nobody asked them to
	 */
	KeyText(@Nullable ConversionService converters) {
		this.conversions = new KeyConversions(converters);
	}

	/**
	 * Return the key that an object stands for to Spring.
	 * @param key the object: a text is a whole key, a {@link SimpleKey} the key of
	 * several values, anything else that of one
	 * @return the key
	 * @throws UnkeyableException if there is no safe rendering
	 */
	public EntryKey ofKey(Object key) {
		if (key instanceof EntryKey rendered) {
			return rendered;
		}
		if (key instanceof String text) {
			return EntryKey.ofOne(KeyEscapes.key(text), 0);
		}
		if (key instanceof GeneratedKey generated) {
			return generated.entryKey();
		}
		return (key instanceof SimpleKey simple) ? ofArguments(SimpleKeys.valuesOf(simple)) : ofOne(key);
	}

	/**
	 * Return the key of a text that was joined by colons from values that have none, and
	 * so stands for the segments that the values are.
	 */
	public EntryKey ofJoined(String text) {
		return EntryKey.ofSegments(KeyEscapes.key(text));
	}

	/**
	 * Return the key of a method without a {@code key} expression.
	 * @param arguments its arguments
	 * @throws UnkeyableException if there is no safe rendering
	 */
	EntryKey ofArguments(@Nullable Object[] arguments) {
		if (arguments.length == 0) {
			return EntryKey.ofOne(KeyEscapes.NO_ARGUMENTS, 0);
		}
		// Spring wraps these two into a SimpleKey where others are their own key.
		if (arguments.length == 1 && (arguments[0] == null || arguments[0].getClass().isArray())) {
			return ofOne(arguments[0]);
		}
		KeyJson json = new KeyJson(this.conversions, this.known);
		StringBuilder text = new StringBuilder(64);
		for (int i = 0; i < arguments.length; i++) {
			if (i > 0) {
				text.append(':');
			}
			text.append(segment(arguments, i, json));
		}
		return EntryKey.ofSeveral(text.toString(), json.classes());
	}

	private EntryKey ofOne(@Nullable Object value) {
		if (value instanceof String text) {
			return EntryKey.ofOne(KeyEscapes.key(text), 0);
		}
		KeyJson json = new KeyJson(this.conversions, this.known);
		return EntryKey.ofOne(segment(value, json), json.classes());
	}

	private String segment(@Nullable Object[] values, int index, KeyJson json) {
		try {
			return segment(values[index], json);
		}
		catch (UnkeyableException ex) {
			throw ex.at(index);
		}
	}

	/**
	 * Return the segment of a value.
	 * @param value the value
	 * @return its segment
	 * @throws UnkeyableException if there is no safe rendering
	 */
	String segment(@Nullable Object value) {
		return segment(value, new KeyJson(this.conversions, this.known));
	}

	/**
	 * Return what a value is as a part of a tag: a text and other simple values as they
	 * are, since the tag is escaped as a whole.
	 * @param value the value
	 * @throws UnkeyableException if there is no safe rendering
	 */
	String tagPart(Object value) {
		String text = SimpleTexts.of(value);
		return (text != null) ? text : segment(value);
	}

	private String segment(@Nullable Object value, KeyJson json) {
		if (value == null) {
			return KeyEscapes.NULL;
		}
		String text = SimpleTexts.of(value);
		return (text != null) ? KeyEscapes.segment(text) : json.segment(value);
	}

	/**
	 * Return why the values of a type can have no key.
	 * @param type the type that a parameter is declared as
	 * @return what is wrong with it, and the cure; {@code null} if they have a key, or if
	 * only a value can tell, as for an interface
	 */
	public @Nullable UnkeyableException problem(ResolvableType type) {
		return new KeyTypes(this.conversions, this.known).problem(type);
	}

}
