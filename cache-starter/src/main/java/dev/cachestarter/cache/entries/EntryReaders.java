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

import java.lang.reflect.Type;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.core.ResolvableType;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.cache.call.Call;
import dev.cachestarter.engine.value.ValueCodec;

/**
 * Chooses what the entries of one cache are read, and its values written, as: the type
 * that settings state, the one that the application's methods tell, or the one that a
 * caller names.
 */
public final class EntryReaders {

	private final CacheParts parts;

	private final CacheSettings settings;

	private volatile @Nullable ReaderOfType current;

	public EntryReaders(CacheParts parts) {
		this.parts = parts;
		this.settings = parts.settings();
	}

	/**
	 * Return the reader for who names no type.
	 */
	public EntryReader get() {
		Type type = (this.settings.valueSerializer() == null) ? knownType() : Object.class;
		if (type == null) {
			type = typeOfCall();
		}
		ReaderOfType known = this.current;
		if (known == null || !known.type().equals(type)) {
			known = new ReaderOfType(type, new EntryReader(this.parts, codecFor(type)));
			this.current = known;
		}
		return known.reader();
	}

	/**
	 * Return the reader for a type that a caller names.
	 */
	public EntryReader forType(Type type) {
		return (this.settings.valueSerializer() != null) ? get() : new EntryReader(this.parts, codecFor(type));
	}

	/**
	 * Return the reader for a value whose type nobody names: the cache's, if the value is
	 * of it, else one whose entries any reader who names a type can try.
	 */
	public EntryReader forValue(@Nullable Object value) {
		Type type = knownType();
		if (value == null || this.settings.valueSerializer() != null
				|| ((type != null) ? ResolvableType.forType(type).toClass().isInstance(value) : isPlain(value))) {
			return get();
		}
		return new EntryReader(this.parts, this.parts.engine().codecs().untyped(this.settings));
	}

	/**
	 * Return whether anything but a caller tells what the values of this cache are.
	 */
	public boolean isTyped() {
		return this.settings.valueSerializer() != null || knownType() != null;
	}

	private @Nullable Type knownType() {
		Type type = this.settings.type();
		return (type != null) ? type : this.parts.engine().types().typeOf(this.parts.name());
	}

	/**
	 * Where methods disagree nothing is stored, but loads are shared: with callers of the
	 * same type.
	 */
	private Type typeOfCall() {
		Call call = this.parts.engine().types().areSeveral(this.parts.name()) ? Call.current() : null;
		Type type = (call != null) ? call.intercepted().valueType() : null;
		return (type != null) ? type : Object.class;
	}

	/** A codec tries the application's serializer, or looks at its types. */
	private ValueCodec codecFor(Type type) {
		return Call.outside(() -> (this.settings.valueSerializer() != null)
				? this.parts.engine().codecs().forSerializer(this.settings.valueSerializer(), this.settings)
				: this.parts.engine().codecs().forType(type, this.settings));
	}

	/**
	 * Return whether a value comes back from JSON as itself although nothing tells its
	 * type.
	 */
	private static boolean isPlain(@Nullable Object value) {
		if (value instanceof List<?> list) {
			return list.stream().allMatch(EntryReaders::isPlain);
		}
		if (value instanceof Map<?, ?> map) {
			return map.entrySet()
				.stream()
				.allMatch((entry) -> entry.getKey() instanceof String && isPlain(entry.getValue()));
		}
		return value == null || value instanceof String || value instanceof Boolean || value instanceof Integer
				|| value instanceof Double;
	}

	private record ReaderOfType(Type type, EntryReader reader) {

	}

}
