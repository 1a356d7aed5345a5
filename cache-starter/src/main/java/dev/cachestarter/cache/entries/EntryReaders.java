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

package dev.cachestarter.cache.entries;

import java.lang.reflect.Method;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

import org.jspecify.annotations.Nullable;

import org.springframework.core.MethodClassKey;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.cache.call.Call;
import dev.cachestarter.engine.value.ValueCodecs;
import dev.cachestarter.engine.value.ValueTypes;

/**
 * Chooses what the entries of one cache are read, and its values written, as. In this
 * order: the application's own serializer, the type that settings state, the type of the
 * method that is called, the type that a caller names; and for who names none, what is
 * known of the cache and what an entry says by itself.
 */
public final class EntryReaders {

	private final CacheParts parts;

	private final CacheSettings settings;

	/** The reader of all, where settings tell what the values are. */
	private volatile @Nullable EntryReader stated;

	/** Readers of the methods that use this cache. */
	private final ConcurrentMap<MethodClassKey, EntryReader> ofMethods = new ConcurrentHashMap<>();

	/** The one that was asked for last: most caches have one method that reads them. */
	private volatile @Nullable OfMethod last;

	private volatile @Nullable Untyped untyped;

	public EntryReaders(CacheParts parts) {
		this.parts = parts;
		this.settings = parts.settings();
	}

	/**
	 * Return the reader for who names no type: of the method that is called, or of
	 * nobody's.
	 */
	public EntryReader get() {
		return get(Call.current());
	}

	/**
	 * Return the reader for an intercepted call, bound to the thread or not.
	 */
	public EntryReader get(@Nullable Call call) {
		EntryReader reader = (call != null) ? of(call.intercepted().method(), call.intercepted().targetClass())
				: isTyped() ? stated() : null;
		return (reader != null) ? reader : untyped();
	}

	/**
	 * Return the reader for all calls of a method.
	 * @return {@code null} if settings and the method do not tell
	 */
	public @Nullable EntryReader of(Method method, Class<?> target) {
		if (isTyped()) {
			return takesNull(method) ? stated() : stated().withoutNulls();
		}
		return ofMethod(method, target);
	}

	/**
	 * Return whether who calls a method can be given {@code null}. Where it returns a
	 * primitive, Spring's proxy fails with it.
	 */
	private static boolean takesNull(Method method) {
		Class<?> returned = method.getReturnType();
		return !returned.isPrimitive() || returned == void.class;
	}

	/**
	 * Return the reader for a type that a caller names.
	 */
	public EntryReader forType(Type type) {
		if (this.settings.valueSerializer() != null) {
			return stated();
		}
		return new EntryReader(this.parts,
				Call.outside(() -> this.parts.engine().codecs().named(type, knownTypes(), this.settings)));
	}

	/**
	 * Return the reader for who asks for a key by a class: of the value as what it says
	 * it is, instance of that class or not, and where it says nothing, as the class.
	 */
	public EntryReader forClass(Class<?> type) {
		return new EntryReader(this.parts,
				Call.outside(() -> this.parts.engine().codecs().asked(type, knownTypes(), this.settings)));
	}

	/**
	 * Return whether settings tell what the values of this cache are.
	 */
	public boolean isTyped() {
		return this.settings.valueSerializer() != null || this.settings.type() != null;
	}

	/**
	 * Return whether anything but callers and values tells what the values of this cache
	 * are.
	 */
	public boolean isKnown() {
		return isTyped() || !knownTypes().isEmpty();
	}

	/** A codec tries the application's serializer, or looks at its types. */
	private EntryReader stated() {
		EntryReader reader = this.stated;
		if (reader == null) {
			ValueCodecs codecs = this.parts.engine().codecs();
			Type type = this.settings.type();
			reader = new EntryReader(this.parts,
					Call.outside(() -> (this.settings.valueSerializer() != null || type == null) ? codecs
						.forSerializer(Objects.requireNonNull(this.settings.valueSerializer()), this.settings)
							: codecs.forType(type, this.settings)));
			this.stated = reader;
		}
		return reader;
	}

	/** Return the reader of a method's own type, {@code null} if it returns nothing. */
	private @Nullable EntryReader ofMethod(Method method, Class<?> target) {
		OfMethod before = this.last;
		if (before != null && before.method() == method && before.target() == target) {
			return before.reader();
		}
		MethodClassKey key = new MethodClassKey(method, target);
		EntryReader reader = this.ofMethods.get(key);
		if (reader == null) {
			Type type = ValueTypes.valueType(method, target);
			if (type == null) {
				return null;
			}
			ValueCodecs codecs = this.parts.engine().codecs();
			reader = new EntryReader(this.parts, Call.outside(() -> (type == Object.class)
					? codecs.named(type, List.of(), this.settings) : codecs.forType(type, this.settings)));
			reader = takesNull(method) ? reader : reader.withoutNulls();
			this.ofMethods.put(key, reader);
		}
		this.last = new OfMethod(method, target, reader);
		return reader;
	}

	private EntryReader untyped() {
		Set<Type> known = knownTypes();
		Untyped before = this.untyped;
		if (before == null || before.known() != known) {
			before = new Untyped(known, new EntryReader(this.parts,
					Call.outside(() -> this.parts.engine().codecs().untyped(known, this.settings))));
			this.untyped = before;
		}
		return before.reader();
	}

	private Set<Type> knownTypes() {
		return this.parts.engine().types().typesOf(this.parts.name());
	}

	private record OfMethod(Method method, Class<?> target, EntryReader reader) {

	}

	private record Untyped(Set<Type> known, EntryReader reader) {

	}

}
