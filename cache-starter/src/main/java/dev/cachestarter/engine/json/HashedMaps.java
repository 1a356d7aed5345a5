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
import java.util.AbstractMap;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.KeyDeserializer;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.deser.NullValueProvider;
import tools.jackson.databind.deser.ValueInstantiator;
import tools.jackson.databind.deser.jdk.MapDeserializer;
import tools.jackson.databind.jsontype.TypeDeserializer;

/**
 * Reads maps, and counts how often the hashes of their keys collide.
 */
final class HashedMaps extends MapDeserializer {

	private HashedMaps(MapDeserializer plain) {
		super(plain);
	}

	/** One that fills what counts, which its instantiator wraps around the map. */
	private HashedMaps(HashedMaps plain, ValueInstantiator instantiator) {
		super(plain._containerType, instantiator, plain._keyDeserializer, plain._valueDeserializer,
				plain._valueTypeDeserializer);
		setIgnorableProperties(plain._ignorableProperties);
		setIncludableProperties(plain._includableProperties);
	}

	private HashedMaps(HashedMaps source, KeyDeserializer key, ValueDeserializer<Object> value, TypeDeserializer type,
			NullValueProvider nulls, Set<String> ignored, Set<String> included) {
		super(source, key, value, type, nulls, ignored, included);
	}

	static MapDeserializer of(MapDeserializer plain) {
		HashedMaps copy = new HashedMaps(plain);
		return new HashedMaps(copy, new CountingMaps(copy._valueInstantiator));
	}

	@Override
	@SuppressWarnings("unchecked")
	protected MapDeserializer withResolved(KeyDeserializer key, TypeDeserializer type, ValueDeserializer<?> value,
			NullValueProvider nulls, Set<String> ignored, Set<String> included) {
		return new HashedMaps(this, key, (ValueDeserializer<Object>) value, type, nulls, ignored, included);
	}

	@Override
	public Map<Object, Object> deserialize(JsonParser parser, DeserializationContext context) {
		Map<Object, Object> map = super.deserialize(parser, context);
		return (map instanceof Counting counting) ? counting.map : map;
	}

	/**
	 * Wraps the maps that another makes.
	 */
	private static final class CountingMaps extends ValueInstantiator.Delegating {

		@Serial
		private static final long serialVersionUID = 1L;

		CountingMaps(ValueInstantiator plain) {
			super(plain);
		}

		@Override
		@SuppressWarnings("unchecked")
		public Object createUsingDefault(DeserializationContext context) {
			return new Counting((Map<Object, Object>) super.createUsingDefault(context), HashCollisions.of(context));
		}

	}

	/**
	 * Puts into a map what its keys' hashes allow.
	 */
	private static final class Counting extends AbstractMap<Object, Object> {

		private final Map<Object, Object> map;

		private final HashCollisions collisions;

		private final HashCollisions.Table table = new HashCollisions.Table();

		Counting(Map<Object, Object> map, HashCollisions collisions) {
			this.map = map;
			this.collisions = collisions;
		}

		@Override
		public @Nullable Object put(Object key, @Nullable Object value) {
			this.collisions.count(this.table, key);
			return this.map.put(key, value);
		}

		@Override
		public @Nullable Object get(@Nullable Object key) {
			return this.map.get(key);
		}

		@Override
		public Set<Entry<Object, Object>> entrySet() {
			return this.map.entrySet();
		}

	}

}
