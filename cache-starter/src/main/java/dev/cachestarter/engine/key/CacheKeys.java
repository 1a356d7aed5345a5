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

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.springframework.cache.interceptor.KeyGenerator;
import org.springframework.cache.interceptor.SimpleKey;
import org.springframework.core.convert.ConversionService;
import org.springframework.util.ClassUtils;
import org.springframework.util.ObjectUtils;

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
	 * @param value the value; a list or an array is one value
	 * @return the key, for caches: what Spring's own generator makes of the argument
	 * @throws IllegalArgumentException if the value is of a type that no key can be made
	 * of
	 */
	// Without this method SpEL would take a lone list for the list of the values.
	public Object of(@Nullable Object value) {
		return isContinuation(value) ? SimpleKey.EMPTY : checked(new @Nullable Object[] { value });
	}

	/**
	 * Return the key of some values: the key that a method without a {@code key}
	 * expression and with these arguments has.
	 * @param values the values; an {@code Object[]} such as {@code #root.args} is all of
	 * them
	 * @return the key, for caches: equal to what Spring's own generator makes of the
	 * arguments
	 * @throws IllegalArgumentException if a value is of a type that no key can be made of
	 */
	public Object of(@Nullable Object @Nullable ... values) {
		return checked(unspread(values));
	}

	/**
	 * Return the key of some values as it stands in Redis after the name of the cache and
	 * a colon: what {@link dev.cachestarter.CacheService} is given for a full key.
	 * @param values the values; an {@code Object[]} is all of them
	 * @return the text, such as <code>org-123:{"limit":20,"page":1}</code>
	 * @throws IllegalArgumentException if a value is of a type that no key can be made of
	 */
	public String text(@Nullable Object @Nullable ... values) {
		return this.keyText.ofKey(checked(unspread(values))).text();
	}

	private Object checked(@Nullable Object[] values) {
		if (values.length == 0) {
			return SimpleKey.EMPTY;
		}
		Object only = (values.length == 1) ? values[0] : null;
		Object key = (only != null && !only.getClass().isArray()) ? only
				: new GeneratedKey(this.keyText::ofArguments, values);
		this.keyText.ofKey(key);
		return key;
	}

	/**
	 * Return the keys of several entries, for evictions:
	 * <code>@CacheEvict(key = "@cacheKeys.each(#ids)")</code>. Each is the key that a
	 * method with this one argument has, as of {@link #of(Object)}; for methods of
	 * several arguments let the elements be what {@link #of(Object...)} returns.
	 * @param values the values, a collection or an array; none evicts nothing
	 * @return the keys
	 * @throws IllegalArgumentException if it is neither, or an element is of a type that
	 * no key can be made of
	 */
	public Object each(@Nullable Object values) {
		Iterable<?> elements = (values instanceof Iterable<?> iterable) ? iterable
				: (values != null && values.getClass().isArray()) ? Arrays.asList(ObjectUtils.toObjectArray(values))
						: null;
		if (elements == null) {
			throw new IllegalArgumentException("each() needs a collection or an array, and was given "
					+ ((values != null) ? "a " + values.getClass().getName() : "null")
					+ ". For a single value leave it out: key = \"#id\"");
		}
		List<Object> keys = new ArrayList<>();
		for (Object element : elements) {
			keys.add(of(element));
		}
		return new EachKey(keys);
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
		return KeyPattern.ofGroup(this.keyText.segment(segment));
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
		if (parts.length == 3 && "".equals(parts[0]) && "".equals(parts[2])) {
			// Nothing but a value: the key of that value.
			return KeyPattern.of(KeyPattern.escapeGlob(text(new @Nullable Object[] { parts[1] })));
		}
		StringBuilder glob = new StringBuilder();
		for (int i = 0; i < parts.length; i++) {
			boolean value = i % 2 == 1;
			glob.append(value ? KeyPattern.escapeGlob(segment(parts, i)) : parts[i]);
		}
		return KeyPattern.of(glob.toString());
	}

	/**
	 * Return the tags of a template taken apart. Used by the expressions that stand for
	 * {@link dev.cachestarter.CacheTag} and {@link dev.cachestarter.CacheEvictTag}; code
	 * has {@link Tags#of}.
	 * @param parts the parts: a text, a value, a text, and so on. Of a collection, an
	 * array or an {@code Optional} each element makes a tag, and {@code null} makes none
	 * @return the tags
	 * @throws IllegalArgumentException if a value is of a type that no key can be made
	 * of, or a tag is blank
	 */
	public Tags tags(@Nullable Object... parts) {
		List<String> texts = List.of("");
		for (int i = 0; i < parts.length; i++) {
			List<String> more = (i % 2 == 1) ? values(parts[i], i) : List.of(String.valueOf(parts[i]));
			List<String> longer = new ArrayList<>(texts.size() * more.size());
			texts.forEach((text) -> more.forEach((part) -> longer.add(text + part)));
			texts = longer;
		}
		return Tags.of(texts);
	}

	private List<String> values(@Nullable Object value, int index) {
		Object only = (value instanceof Optional<?> optional) ? optional.orElse(null) : value;
		Iterable<?> elements = (only instanceof Collection<?> collection) ? collection
				: (only != null && only.getClass().isArray()) ? Arrays.asList(ObjectUtils.toObjectArray(only))
						: Collections.singletonList(only);
		List<String> texts = new ArrayList<>();
		for (Object element : elements) {
			if (element != null) {
				try {
					texts.add(this.keyText.tagPart(element));
				}
				catch (UnkeyableException ex) {
					throw ex.at(index);
				}
			}
		}
		return texts;
	}

	/**
	 * Return the generator of keys for methods that have no {@code key} expression.
	 * @return a generator that renders arguments as {@link #of} does
	 */
	public KeyGenerator keyGenerator() {
		return new ArgumentKeyGenerator(this.keyText);
	}

	/**
	 * Return what renders the keys. Not for applications.
	 */
	public KeyText renderer() {
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
		catch (UnkeyableException ex) {
			throw ex.at(index);
		}
	}

	/**
	 * Undo what a call with a single argument does to it: a lone {@code null}, or an
	 * array of anything but {@code Object}, is one value and not the list of them.
	 */
	private static @Nullable Object[] unspread(@Nullable Object @Nullable [] values) {
		if (values == null || values.getClass() != Object[].class) {
			return new @Nullable Object[] { values };
		}
		// #root.args of a Kotlin suspend function ends with one.
		return (values.length > 0 && isContinuation(values[values.length - 1]))
				? Arrays.copyOf(values, values.length - 1) : values;
	}

	private static boolean isContinuation(@Nullable Object value) {
		if (value == null) {
			return false;
		}
		for (Class<?> implemented : ClassUtils.getAllInterfacesForClass(value.getClass())) {
			if (implemented.getName().equals("kotlin.coroutines.Continuation")) {
				return true;
			}
		}
		return false;
	}

	/**
	 * Some tags, as they stand in Redis. Only what evicts and what stores takes them.
	 *
	 * @param names the tags, escaped, each once
	 */
	public record Tags(List<String> names) {

		/** How many tags an entry may carry. */
		public static final int MOST = 64;

		/** No tags. */
		public static final Tags NONE = new Tags(List.of());

		public Tags {
			names = List.copyOf(names);
		}

		/**
		 * Return the tags of some texts.
		 * @param texts the texts; equal ones are one tag
		 * @return the tags
		 * @throws IllegalArgumentException if one of them is blank
		 */
		public static Tags of(Collection<String> texts) {
			if (texts.isEmpty()) {
				return NONE;
			}
			Set<String> names = new LinkedHashSet<>();
			for (String text : texts) {
				if (text == null || text.isBlank()) {
					throw new IllegalArgumentException(
							"A tag is blank. Give it a text that names what it stands for, such as 'tool:search'");
				}
				names.add(KeyEscapes.tag(text));
			}
			return new Tags(List.copyOf(names));
		}

		public boolean isEmpty() {
			return this.names.isEmpty();
		}

	}

}
