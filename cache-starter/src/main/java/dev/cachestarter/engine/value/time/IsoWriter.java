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

import java.util.Arrays;

import com.fasterxml.jackson.annotation.JsonFormat;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.BeanProperty;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.ValueSerializer;
import tools.jackson.databind.cfg.DateTimeFeature;
import tools.jackson.databind.jsontype.TypeSerializer;
import tools.jackson.databind.ser.std.StdSerializer;

/**
 * Writes a time as Jackson does with the settings of the cache's mapper, and has Jackson
 * do it with any other setting, for years that have more or less than four digits, and
 * for a property that asks for something else of Jackson's writer.
 *
 * @param <T> the type of the time
 */
final class IsoWriter<T> extends StdSerializer<T> {

	private static final @Nullable DateTimeFeature TRUNCATE = feature("TRUNCATE_TO_MSECS_ON_WRITE");

	private final ValueSerializer<T> jackson;

	private final Form<T> form;

	/**
	 * Create a writer.
	 * @param type the type of the time
	 * @param jackson writes what the form has no text for, and has no settings of its own
	 * @param form the form
	 */
	IsoWriter(Class<?> type, ValueSerializer<T> jackson, Form<T> form) {
		super(type);
		this.jackson = jackson;
		this.form = form;
	}

	/**
	 * Return a feature by its name: Jackson 3.0 does not have all of them.
	 */
	static @Nullable DateTimeFeature feature(String name) {
		return Arrays.stream(DateTimeFeature.values())
			.filter((feature) -> feature.name().equals(name))
			.findFirst()
			.orElse(null);
	}

	@Override
	public void serialize(T value, JsonGenerator generator, SerializationContext context) {
		if (!isWhole(context) || !this.form.write(value, generator)) {
			this.jackson.serialize(value, generator, context);
		}
	}

	/** Return whether a mapper writes times as text, with all that they have. */
	private static boolean isWhole(SerializationContext context) {
		return !context.isEnabled(DateTimeFeature.WRITE_DATES_AS_TIMESTAMPS)
				&& context.isEnabled(DateTimeFeature.WRITE_DATES_WITH_ZONE_ID)
				&& !context.isEnabled(DateTimeFeature.WRITE_DATES_WITH_CONTEXT_TIME_ZONE)
				&& (TRUNCATE == null || !context.isEnabled(TRUNCATE));
	}

	@Override
	public void serializeWithType(T value, JsonGenerator generator, SerializationContext context,
			TypeSerializer types) {
		this.jackson.serializeWithType(value, generator, context, types);
	}

	@Override
	@SuppressWarnings("unchecked")
	public ValueSerializer<?> createContextual(SerializationContext context, @Nullable BeanProperty property) {
		ValueSerializer<T> contextual = (ValueSerializer<T>) this.jackson.createContextual(context, property);
		if (contextual == this.jackson) {
			return this;
		}
		JsonFormat.Value format = findFormatOverrides(context, property, handledType());
		return JsonFormat.Value.empty().equals(format) ? new IsoWriter<>(handledType(), contextual, this.form)
				: contextual;
	}

	@Override
	public ValueSerializer<?> getDelegatee() {
		return this.jackson;
	}

	/**
	 * A form of text.
	 *
	 * @param <T> the type of the time
	 */
	@FunctionalInterface
	interface Form<T> {

		/**
		 * Write a value as text.
		 * @return whether it was written: there is no such text for some values
		 */
		boolean write(T value, JsonGenerator generator);

	}

}
