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
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.BeanDescription;
import tools.jackson.databind.DeserializationConfig;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.KeyDeserializer;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.deser.ValueDeserializerModifier;
import tools.jackson.databind.deser.jdk.CollectionDeserializer;
import tools.jackson.databind.deser.jdk.MapDeserializer;
import tools.jackson.databind.deser.jdk.NumberDeserializers.BigDecimalDeserializer;
import tools.jackson.databind.deser.std.StdScalarDeserializer;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.type.CollectionType;
import tools.jackson.databind.type.LogicalType;
import tools.jackson.databind.type.MapType;

/**
 * Bounds what Jackson itself does not: the scale of numbers, numbers in the place of
 * names, and elements whose hashes collide.
 */
public final class BoundedJsonModule extends SimpleModule {

	public static final String NAME = "cache-starter-bounds";

	@Serial
	private static final long serialVersionUID = 1L;

	/** How many characters a number may have. */
	public static final int MAX_NUMBER_LENGTH = 1000;

	/** What Jackson itself allows of one that becomes an integer. */
	private static final int LARGEST_SCALE = 100_000;

	/** Ordered by themselves, so that a hash table sorts those that collide. */
	private static final Set<Class<?>> SORTED = Set.of(String.class, Boolean.class, Character.class, Byte.class,
			Short.class, Integer.class, Long.class, Float.class, Double.class, BigDecimal.class, BigInteger.class,
			UUID.class);

	/**
	 * Create the module.
	 */
	public BoundedJsonModule() {
		super(NAME);
		addDeserializer(BigDecimal.class, new ScaledDecimals());
		addKeyDeserializer(BigDecimal.class, new NumberNames(BoundedJsonModule::decimal));
		addKeyDeserializer(BigInteger.class, new NumberNames(BoundedJsonModule::integer));
		setDeserializerModifier(new Hashed());
	}

	/**
	 * Read a number.
	 * @param text its text
	 * @return the number
	 * @throws IllegalArgumentException if it is none, or too long or too large
	 */
	public static BigDecimal decimal(String text) {
		return bounded(new BigDecimal(shortEnough(text)));
	}

	/**
	 * Read a number.
	 * @param text its text
	 * @return the number
	 * @throws IllegalArgumentException if it is none, or too long
	 */
	public static BigInteger integer(String text) {
		return new BigInteger(shortEnough(text));
	}

	/** To read digits takes time with the square of their number. */
	private static String shortEnough(String text) {
		if (text.length() > MAX_NUMBER_LENGTH) {
			throw new IllegalArgumentException("A number is too long");
		}
		return text;
	}

	/**
	 * Return a number that arithmetic can be done with: {@code 1e999999999} is eleven
	 * characters, and a gigabyte as soon as one is added.
	 */
	private static BigDecimal bounded(BigDecimal number) {
		if (Math.abs((long) number.scale()) > LARGEST_SCALE) {
			throw new IllegalArgumentException("The scale of a number is too large");
		}
		return number;
	}

	private static boolean isSorted(Class<?> type) {
		return type.isEnum() || SORTED.contains(type) || type.getName().startsWith("java.time.");
	}

	private static final class ScaledDecimals extends StdScalarDeserializer<BigDecimal> {

		ScaledDecimals() {
			super(BigDecimal.class);
		}

		@Override
		public BigDecimal deserialize(JsonParser parser, DeserializationContext context) {
			BigDecimal number = BigDecimalDeserializer.instance.deserialize(parser, context);
			try {
				return (number != null) ? bounded(number) : number;
			}
			catch (IllegalArgumentException ex) {
				return (BigDecimal) context.handleWeirdNumberValue(BigDecimal.class, 0, ex.getMessage());
			}
		}

		@Override
		public Object getEmptyValue(DeserializationContext context) {
			return BigDecimalDeserializer.instance.getEmptyValue(context);
		}

		@Override
		public LogicalType logicalType() {
			return LogicalType.Float;
		}

	}

	private static final class NumberNames extends KeyDeserializer {

		private final Function<String, Object> parse;

		NumberNames(Function<String, Object> parse) {
			this.parse = parse;
		}

		@Override
		public @Nullable Object deserializeKey(String name, DeserializationContext context) {
			try {
				return this.parse.apply(name);
			}
			catch (IllegalArgumentException ex) {
				return context.handleWeirdKey(Number.class, "", "not a number of bounded length");
			}
		}

	}

	/**
	 * Counts the hashes of what goes into hash tables, where the elements themselves do
	 * not bring them in order.
	 */
	private static final class Hashed extends ValueDeserializerModifier {

		@Serial
		private static final long serialVersionUID = 1L;

		@Override
		public ValueDeserializer<?> modifyCollectionDeserializer(DeserializationConfig config, CollectionType type,
				BeanDescription.Supplier bean, ValueDeserializer<?> deserializer) {
			return (deserializer.getClass() == CollectionDeserializer.class
					&& Set.class.isAssignableFrom(type.getRawClass()) && !isSorted(type.getContentType().getRawClass()))
							? new HashedSets((CollectionDeserializer) deserializer) : deserializer;
		}

		@Override
		public ValueDeserializer<?> modifyMapDeserializer(DeserializationConfig config, MapType type,
				BeanDescription.Supplier bean, ValueDeserializer<?> deserializer) {
			return (deserializer.getClass() == MapDeserializer.class && !isSorted(type.getKeyType().getRawClass())
					&& !type.getKeyType().isJavaLangObject()) ? HashedMaps.of((MapDeserializer) deserializer)
							: deserializer;
		}

	}

}
