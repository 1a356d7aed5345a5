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

import java.util.AbstractCollection;
import java.util.Collection;
import java.util.Iterator;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.deser.NullValueProvider;
import tools.jackson.databind.deser.jdk.CollectionDeserializer;
import tools.jackson.databind.jsontype.TypeDeserializer;

/**
 * Reads sets, and counts how often the hashes of their elements collide.
 */
final class HashedSets extends CollectionDeserializer {

	HashedSets(CollectionDeserializer plain) {
		super(plain);
	}

	@Override
	protected CollectionDeserializer withResolved(ValueDeserializer<?> delegate, ValueDeserializer<?> value,
			TypeDeserializer type, NullValueProvider nulls, Boolean unwrapSingle) {
		return new HashedSets(super.withResolved(delegate, value, type, nulls, unwrapSingle));
	}

	@Override
	protected Collection<Object> _deserializeFromArray(JsonParser parser, DeserializationContext context,
			Collection<Object> result) {
		super._deserializeFromArray(parser, context, new Counting(result, HashCollisions.of(context)));
		return result;
	}

	/**
	 * Adds to a set what its elements' hashes allow.
	 */
	private static final class Counting extends AbstractCollection<Object> {

		private final Collection<Object> set;

		private final HashCollisions collisions;

		private final HashCollisions.Table table = new HashCollisions.Table();

		Counting(Collection<Object> set, HashCollisions collisions) {
			this.set = set;
			this.collisions = collisions;
		}

		@Override
		public boolean add(@Nullable Object element) {
			this.collisions.count(this.table, element);
			return this.set.add(element);
		}

		@Override
		public Iterator<Object> iterator() {
			return this.set.iterator();
		}

		@Override
		public int size() {
			return this.set.size();
		}

	}

}
