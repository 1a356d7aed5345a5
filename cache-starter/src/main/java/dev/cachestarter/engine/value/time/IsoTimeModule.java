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

package dev.cachestarter.engine.value.time;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.IdentityHashMap;
import java.util.Map;

import tools.jackson.databind.BeanDescription;
import tools.jackson.databind.DeserializationConfig;
import tools.jackson.databind.SerializationConfig;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.ValueSerializer;
import tools.jackson.databind.deser.ValueDeserializerModifier;
import tools.jackson.databind.ext.javatime.deser.DurationDeserializer;
import tools.jackson.databind.ext.javatime.deser.InstantDeserializer;
import tools.jackson.databind.ext.javatime.deser.LocalDateDeserializer;
import tools.jackson.databind.ext.javatime.deser.LocalDateTimeDeserializer;
import tools.jackson.databind.ext.javatime.deser.LocalTimeDeserializer;
import tools.jackson.databind.ext.javatime.deser.YearMonthDeserializer;
import tools.jackson.databind.ext.javatime.ser.InstantSerializer;
import tools.jackson.databind.ext.javatime.ser.LocalDateSerializer;
import tools.jackson.databind.ext.javatime.ser.LocalDateTimeSerializer;
import tools.jackson.databind.ext.javatime.ser.LocalTimeSerializer;
import tools.jackson.databind.ext.javatime.ser.OffsetDateTimeSerializer;
import tools.jackson.databind.ext.javatime.ser.ZonedDateTimeSerializer;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.ser.ValueSerializerModifier;

/**
 * Puts readers and writers of our own in front of Jackson's for the types of
 * {@code java.time}. They know the one form that the cache writes, and leave everything
 * else to the one that stands behind: what is read, what is written and what fails are
 * the same with this module and without it.
 * <p>
 * Only Jackson's very own instances get one in front, those that it takes where nothing
 * else is said. A serializer of the application's, or one of Jackson's that was made for
 * a {@code @JsonFormat}, stays alone. Register this module before any other: Jackson asks
 * the modifiers of the first module last, so this one sees what those of the other
 * modules have made.
 */
public final class IsoTimeModule extends SimpleModule {

	private static final long serialVersionUID = 1L;

	/** The name of this module. */
	public static final String NAME = "cache-starter-iso-time";

	/**
	 * Create the module.
	 */
	public IsoTimeModule() {
		super(NAME);
		setDeserializerModifier(new Readers());
		setSerializerModifier(new Writers());
	}

	/**
	 * Puts readers in front.
	 */
	private static final class Readers extends ValueDeserializerModifier {

		private static final long serialVersionUID = 1L;

		private static final Map<ValueDeserializer<?>, IsoReader> READERS = new IdentityHashMap<>();

		static {
			put(InstantDeserializer.INSTANT, IsoParsing::instant);
			put(InstantDeserializer.OFFSET_DATE_TIME, IsoParsing::offsetDateTime);
			put(InstantDeserializer.ZONED_DATE_TIME, IsoParsing::zonedDateTime);
			put(LocalDateDeserializer.INSTANCE, IsoParsing::localDate);
			put(LocalTimeDeserializer.INSTANCE, IsoParsing::localTime);
			put(LocalDateTimeDeserializer.INSTANCE, IsoParsing::localDateTime);
			put(DurationDeserializer.INSTANCE, IsoParsing::duration);
			put(YearMonthDeserializer.INSTANCE, IsoParsing::yearMonth);
		}

		private static void put(ValueDeserializer<?> jackson, IsoReader.Form form) {
			READERS.put(jackson, new IsoReader(jackson, form));
		}

		@Override
		public ValueDeserializer<?> modifyDeserializer(DeserializationConfig config, BeanDescription.Supplier bean,
				ValueDeserializer<?> deserializer) {
			IsoReader reader = READERS.get(deserializer);
			return (reader != null) ? reader : deserializer;
		}

	}

	/**
	 * Puts writers in front. {@code Duration} and {@code YearMonth} are written without a
	 * formatter by Jackson itself.
	 */
	private static final class Writers extends ValueSerializerModifier {

		private static final long serialVersionUID = 1L;

		private static final Map<ValueSerializer<?>, IsoWriter<?>> WRITERS = new IdentityHashMap<>();

		static {
			put(Instant.class, InstantSerializer.INSTANCE, IsoPrinting::instant);
			put(OffsetDateTime.class, OffsetDateTimeSerializer.INSTANCE, IsoPrinting::offsetDateTime);
			put(ZonedDateTime.class, ZonedDateTimeSerializer.INSTANCE, IsoPrinting::zonedDateTime);
			put(LocalDate.class, LocalDateSerializer.INSTANCE, IsoPrinting::localDate);
			put(LocalTime.class, LocalTimeSerializer.INSTANCE, IsoPrinting::localTime);
			put(LocalDateTime.class, LocalDateTimeSerializer.INSTANCE, IsoPrinting::localDateTime);
		}

		private static <T> void put(Class<T> type, ValueSerializer<T> jackson, IsoWriter.Form<T> form) {
			WRITERS.put(jackson, new IsoWriter<>(type, jackson, form));
		}

		@Override
		public ValueSerializer<?> modifySerializer(SerializationConfig config, BeanDescription.Supplier bean,
				ValueSerializer<?> serializer) {
			IsoWriter<?> writer = WRITERS.get(serializer);
			return (writer != null) ? writer : serializer;
		}

	}

}
