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

import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.type.TypeFactory;

/**
 * The codec of values whose type no method declares: of code that puts a value, or asks
 * for one. What was put without a type has a mark that tells what it is, as far as one
 * can; what is asked for by a class is read as what it says it is, if that is an instance
 * of the class, else as the class.
 */
final class UntypedValueCodec implements ValueCodec {

	private static final int MOST_ELEMENTS = 10_000;

	/** What is nested deeper is no type that anybody would name. */
	private static final int DEEPEST = 16;

	private final Codecs codecs;

	private final Collection<Type> known;

	/** The type that is asked for, {@code null} if none is. */
	private final @Nullable Type named;

	UntypedValueCodec(Codecs codecs, Collection<Type> known, @Nullable Type named) {
		this.codecs = codecs;
		this.known = known;
		this.named = named;
	}

	@Override
	public String schemaMark() {
		return (this.named != null) ? codec(this.named).schemaMark() : NO_MARK;
	}

	@Override
	public Encoded encode(@Nullable Object value) throws NotCacheableException {
		if (value == null) {
			return PayloadLimits.sealNull().as(schemaMark());
		}
		String simple = SimpleValues.mark(value);
		if (this.named != null && this.codecs.boxed(this.named).isJavaLangObject() && simple != null) {
			return codec(value.getClass()).encode(value).as(simple);
		}
		if (this.named != null) {
			return codec(this.named).encode(value);
		}
		JavaType type;
		try {
			type = natural(value, this.codecs.types(), 0);
		}
		catch (RuntimeException ex) {
			throw new NotCacheableException(NotCacheableException.Reason.UNSERIALIZABLE,
					"A value of type %s is not cached: its elements cannot be read (%s)"
						.formatted(value.getClass().getTypeName(), ex.getClass().getName()));
		}
		ValueCodec told = knownFor(value, type);
		if (told != null) {
			return told.encode(value);
		}
		if (simple != null) {
			return codec(value.getClass()).encode(value).as(simple);
		}
		return SimpleValues.isPlain(value) ? codec(Object.class).encode(value) : codec(type).encode(value).as(NO_MARK);
	}

	/** Return the codec of the known type that a value is of, if there is but one. */
	private @Nullable ValueCodec knownFor(Object value, JavaType natural) {
		Type found = null;
		int instances = 0;
		for (Type type : this.known) {
			JavaType candidate = this.codecs.boxed(type);
			if (candidate.equals(natural)) {
				return codec(type);
			}
			if (candidate.getRawClass().isInstance(value) && !candidate.isJavaLangObject()) {
				found = type;
				instances++;
			}
		}
		return (found != null && instances == 1) ? codec(found) : null;
	}

	@Override
	public @Nullable ValueCodec reading(String mark) {
		ValueCodec asked = (this.named != null) ? codec(this.named) : null;
		Class<?> wanted = (this.named != null) ? this.codecs.boxed(this.named).getRawClass() : Object.class;
		if (asked != null && mark.equals(asked.schemaMark())) {
			return asked;
		}
		for (Type type : this.known) {
			if (wanted.isAssignableFrom(this.codecs.boxed(type).getRawClass()) && isUnbound()
					&& codec(type).schemaMark().equals(mark)) {
				return codec(type);
			}
		}
		Class<?> simple = SimpleValues.type(mark);
		if (simple != null && wanted.isAssignableFrom(simple)) {
			return codec(simple);
		}
		if (asked != null) {
			return asked.reading(mark);
		}
		if (mark.equals(NO_MARK)) {
			return (this.known.size() == 1) ? codec(this.known.iterator().next()).reading(mark) : null;
		}
		return mark.equals(SimpleValues.PLAIN_MARK) ? codec(Object.class) : null;
	}

	/** A type with arguments is that type and no other. */
	private boolean isUnbound() {
		return this.named == null || this.named instanceof Class;
	}

	@Override
	public ValueCodec decoder() {
		return codec((this.named != null) ? this.named : Object.class);
	}

	@Override
	public @Nullable Object decode(byte[] entry, int start, PayloadForm form) throws CorruptEntryException {
		return decoder().decode(entry, start, form);
	}

	@Override
	public boolean isSame(@Nullable Object one, @Nullable Object other) {
		return decoder().isSame(one, other);
	}

	@Override
	public String toString() {
		return (this.named != null) ? codec(this.named).toString() : "JSON of what a value is";
	}

	private ValueCodec codec(Type type) {
		return this.codecs.of(type);
	}

	/**
	 * Return the type as which a reader would most naturally ask for a value: its class,
	 * or a container of what its elements have in common.
	 */
	private static JavaType natural(@Nullable Object value, TypeFactory types, int depth) {
		if (depth == DEEPEST) {
			return TypeFactory.unknownType();
		}
		if (value instanceof Map<?, ?> map) {
			return types.constructMapType(Map.class, common(map.keySet(), types, depth),
					common(map.values(), types, depth));
		}
		if (value instanceof List<?> list) {
			return types.constructCollectionType(List.class, common(list, types, depth));
		}
		if (value instanceof Set<?> set) {
			return types.constructCollectionType(Set.class, common(set, types, depth));
		}
		if (value instanceof Collection<?> collection) {
			return types.constructCollectionType(Collection.class, common(collection, types, depth));
		}
		if (value instanceof Optional<?> optional) {
			return types.constructReferenceType(Optional.class, natural(optional.orElse(null), types, depth + 1));
		}
		if (value instanceof Enum<?> constant) {
			return types.constructType(constant.getDeclaringClass());
		}
		Class<?> type = (value != null) ? value.getClass() : Object.class;
		while (JdkTypes.isJdk(type) && !Modifier.isPublic(type.getModifiers())) {
			type = type.getSuperclass();
		}
		return types.constructType(type);
	}

	private static JavaType common(Collection<?> values, TypeFactory types, int depth) {
		JavaType common = null;
		int left = MOST_ELEMENTS;
		for (Iterator<?> i = values.iterator(); i.hasNext() && left > 0; left--) {
			Object value = i.next();
			JavaType type = (value != null) ? natural(value, types, depth + 1) : common;
			if (common != null && !common.equals(type)) {
				return TypeFactory.unknownType();
			}
			common = type;
		}
		return (common != null) ? common : TypeFactory.unknownType();
	}

	/**
	 * The codecs of declared types.
	 */
	interface Codecs {

		ValueCodec of(Type type);

		JavaType boxed(Type type);

		TypeFactory types();

	}

	/**
	 * Reads a value as what it says it is, and as what is asked for where it says
	 * nothing.
	 *
	 * @param itself reads what says what it is
	 * @param asked is asked for
	 */
	record AsItIs(ValueCodec itself, ValueCodec asked) implements ValueCodec {

		@Override
		public String schemaMark() {
			return this.asked.schemaMark();
		}

		@Override
		public @Nullable ValueCodec reading(String mark) {
			ValueCodec told = mark.equals(NO_MARK) ? null : this.itself.reading(mark);
			return (told != null) ? told : this.asked.reading(mark);
		}

		@Override
		public Encoded encode(@Nullable Object value) throws NotCacheableException {
			return this.asked.encode(value);
		}

		@Override
		public ValueCodec decoder() {
			return this.asked.decoder();
		}

		@Override
		public @Nullable Object decode(byte[] entry, int start, PayloadForm form) throws CorruptEntryException {
			return this.asked.decode(entry, start, form);
		}

		@Override
		public boolean isSame(@Nullable Object one, @Nullable Object other) {
			return this.asked.isSame(one, other);
		}

		@Override
		public String toString() {
			return this.asked.toString();
		}

	}

}
