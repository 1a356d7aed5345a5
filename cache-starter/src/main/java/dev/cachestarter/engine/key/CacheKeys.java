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

import org.springframework.cache.interceptor.KeyGenerator;
import org.springframework.core.convert.ConversionService;

/**
 * Composes keys and patterns in which no value can be taken for more than a segment. It
 * is the bean {@code cacheKeys}, for use in {@code key} expressions and in code:
 *
 * <pre class="code">
 * &#64;Cacheable(cacheNames = "agents:list", key = "@cacheKeys.of(#orgId, #query)")
 * List&lt;Agent&gt; list(String orgId, Query query, Locale locale) { ... }
 *
 * &#64;CacheEvict(cacheNames = "agents:list", key = "@cacheKeys.under(#orgId)")
 * Agent create(String orgId, NewAgent agent) { ... }
 * </pre>
 *
 * The values may be what an argument of a cached method without a {@code key} may be, and
 * are rendered as there.
 *
 * @since 0.1.0
 */
public final class CacheKeys {

	private final KeyText keyText;

	/**
	 * Make keys of simple and composed values, and of types that have a converter.
	 * @param converters has the application's converters to {@code String}, best without
	 * Spring's defaults; {@code null} for none
	 */
	public CacheKeys(@Nullable ConversionService converters) {
		this.keyText = new KeyText(converters);
	}

	/**
	 * Return the key of one value: the key that a method without a {@code key} expression
	 * and with this argument has.
	 * @param segment the value; a list or an array is one value
	 * @return the key
	 * @throws IllegalArgumentException if the value is of a type that no key can be made
	 * of
	 */
	// Without this method SpEL would take a lone list for the list of the values.
	public String of(@Nullable Object segment) {
		return segment(new @Nullable Object[] { segment }, 0);
	}

	/**
	 * Return the key of some values: the key that a method without a {@code key}
	 * expression and with these arguments has.
	 * <p>
	 * Unlike the generator this method cannot see what a value was declared as: it tells
	 * records of different classes apart only where they implement an interface of yours.
	 * @param segments the values; an {@code Object[]} such as {@code #root.args} is all
	 * of them
	 * @return the key
	 * @throws IllegalArgumentException if a value is of a type that no key can be made of
	 */
	public String of(@Nullable Object @Nullable ... segments) {
		@Nullable Object[] values = unspread(segments);
		return (values.length > 0) ? join(values) : KeyText.NO_ARGUMENTS;
	}

	/**
	 * Return the pattern of all keys that begin with a segment and go on after it. What
	 * characters it holds does not matter: {@code under("*")} is the keys of {@code *}
	 * alone.
	 * @param segment the leading value; a list or an array is one value
	 * @return the pattern, such as {@code org-123:*}
	 * @throws IllegalArgumentException if the value is of a type that no key can be made
	 * of
	 */
	public KeyPattern under(@Nullable Object segment) {
		return KeyPattern.ofGroup(of(segment));
	}

	/**
	 * Return the pattern of all keys that begin with some segments and go on after them.
	 * @param segments the leading values, at least one; an {@code Object[]} is all of
	 * them
	 * @return the pattern, such as {@code org-123:2026:*}
	 * @throws IllegalArgumentException if there is no value, or one is of a type that no
	 * key can be made of
	 */
	public KeyPattern under(@Nullable Object @Nullable ... segments) {
		@Nullable Object[] values = unspread(segments);
		if (values.length == 0) {
			throw new IllegalArgumentException(
					"under() needs at least one segment. To evict all of a cache, say allEntries = true");
		}
		return KeyPattern.ofGroup(join(values));
	}

	/**
	 * Return the pattern of a template taken apart. Used by the expressions that stand
	 * for {@link dev.cachestarter.CacheEvictPattern#pattern()}; code has {@link #under}
	 * and {@link KeyPattern#of}.
	 * @param parts the parts: a glob, a value, a glob, and so on
	 * @return the pattern, in which each value matches its own segment alone
	 * @throws IllegalArgumentException if a value is of a type that no key can be made of
	 */
	public KeyPattern pattern(@Nullable Object... parts) {
		StringBuilder glob = new StringBuilder();
		for (int i = 0; i < parts.length; i++) {
			boolean value = i % 2 == 1;
			glob.append(value ? KeyPattern.escapeGlob(segment(parts, i)) : parts[i]);
		}
		return KeyPattern.of(glob.toString());
	}

	/**
	 * Return the generator of keys for methods that have no {@code key} expression.
	 * @return a generator that renders arguments as {@link #of} does
	 */
	public KeyGenerator keyGenerator() {
		return new ArgumentKeyGenerator(this.keyText);
	}

	public KeyText text() {
		return this.keyText;
	}

	private String join(@Nullable Object[] values) {
		if (values.length == 1) {
			return segment(values, 0);
		}
		StringBuilder key = new StringBuilder(64);
		for (int i = 0; i < values.length; i++) {
			if (i > 0) {
				key.append(':');
			}
			key.append(segment(values, i));
		}
		return key.toString();
	}

	private String segment(@Nullable Object[] values, int index) {
		try {
			return this.keyText.segment(values[index]);
		}
		catch (KeyText.UnkeyableException ex) {
			throw new IllegalArgumentException(ex.messageFor("Segment " + index + " of a cache key"), ex);
		}
	}

	/**
	 * Undo what a call with a single argument does to it: a lone {@code null}, or an
	 * array of anything but {@code Object}, is one value and not the list of them.
	 */
	private static @Nullable Object[] unspread(@Nullable Object @Nullable [] segments) {
		if (segments == null || segments.getClass() != Object[].class) {
			return new @Nullable Object[] { segments };
		}
		return segments;
	}

}
