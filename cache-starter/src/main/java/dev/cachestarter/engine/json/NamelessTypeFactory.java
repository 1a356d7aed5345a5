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

package dev.cachestarter.engine.json;

import java.io.Serial;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.util.Snapshottable;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.type.TypeFactory;
import tools.jackson.databind.type.TypeModifier;
import tools.jackson.databind.util.ArrayBuilders;
import tools.jackson.databind.util.LookupCache;
import tools.jackson.databind.util.SimpleLookupCache;

/**
 * Makes Jackson's types from classes, and never from the name of a class.
 * <p>
 * Every way on which Jackson comes from text to a class ends here: type ids of
 * {@code @JsonTypeInfo(use = CLASS)} and {@code MINIMAL_CLASS}, whatever resolver or
 * validator an application has set, members and map keys of type {@link Class} and
 * {@link JavaType}. So it does not matter on which way such a type is reached.
 */
public final class NamelessTypeFactory extends TypeFactory {

	@Serial
	private static final long serialVersionUID = 1L;

	private static final int CACHED = 200;

	/**
	 * Create a factory.
	 */
	public NamelessTypeFactory() {
		this(new SimpleLookupCache<>(16, CACHED), null);
	}

	private NamelessTypeFactory(LookupCache<Object, JavaType> cache, TypeModifier @Nullable [] modifiers) {
		super(cache, modifiers, null);
	}

	@Override
	public Class<?> findClass(String className) throws ClassNotFoundException {
		throw new ClassNotFoundException("No class is looked up by a name that stands in an entry");
	}

	@Override
	public JavaType constructFromCanonical(String canonical) {
		throw new IllegalArgumentException("No type is made of a name that stands in an entry");
	}

	@Override
	public TypeFactory snapshot() {
		return new NamelessTypeFactory(Snapshottable.takeSnapshot(this._typeCache), this._modifiers);
	}

	@Override
	public TypeFactory withModifier(@Nullable TypeModifier modifier) {
		TypeModifier[] modifiers = (modifier == null) ? null : (this._modifiers == null)
				? new TypeModifier[] { modifier } : ArrayBuilders.insertInListNoDup(this._modifiers, modifier);
		return new NamelessTypeFactory(this._typeCache.emptyCopy(), modifiers);
	}

	@Override
	public TypeFactory withClassLoader(@Nullable ClassLoader classLoader) {
		return this;
	}

	@Override
	public TypeFactory withCache(LookupCache<Object, JavaType> cache) {
		return new NamelessTypeFactory(cache, this._modifiers);
	}

}
