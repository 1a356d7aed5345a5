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

import com.fasterxml.jackson.annotation.JsonFormat;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.BeanProperty;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.cfg.DateTimeFeature;
import tools.jackson.databind.deser.std.DelegatingDeserializer;

/**
 * Reads a time in the form that the cache writes, from the characters of the parser, and
 * has Jackson read everything else: other forms, other tokens, everything if the mapper
 * is to change what it has read. So Jackson also says what is wrong with a text. Of a
 * property that asks for something else of Jackson's reader, that reader takes over.
 */
final class IsoReader extends DelegatingDeserializer {

	private static final @Nullable DateTimeFeature TRUNCATE = IsoWriter.feature("TRUNCATE_TO_MSECS_ON_READ");

	private final ValueDeserializer<?> jackson;

	private final Form form;

	/**
	 * Create a reader.
	 * @param jackson reads what is not in the form, and has no settings of its own
	 * @param form the form
	 */
	IsoReader(ValueDeserializer<?> jackson, Form form) {
		super(jackson);
		this.jackson = jackson;
		this.form = form;
	}

	@Override
	public @Nullable Object deserialize(JsonParser parser, DeserializationContext context) {
		if (parser.hasToken(JsonToken.VALUE_STRING) && isKept(context)) {
			char[] text = parser.getStringCharacters();
			int from = parser.getStringOffset();
			Object value = this.form.parse(text, from, from + parser.getStringLength());
			if (value != null) {
				return value;
			}
		}
		return this.jackson.deserialize(parser, context);
	}

	/** Return whether a mapper leaves a time as it was read. */
	private static boolean isKept(DeserializationContext context) {
		return !context.isEnabled(DateTimeFeature.ADJUST_DATES_TO_CONTEXT_TIME_ZONE)
				&& (TRUNCATE == null || !context.isEnabled(TRUNCATE));
	}

	@Override
	public ValueDeserializer<?> createContextual(DeserializationContext context, @Nullable BeanProperty property) {
		ValueDeserializer<?> contextual = this.jackson.createContextual(context, property);
		if (contextual == this.jackson) {
			return this;
		}
		JsonFormat.Value format = findFormatOverrides(context, property, handledType());
		return JsonFormat.Value.empty().equals(format) ? new IsoReader(contextual, this.form) : contextual;
	}

	@Override
	protected ValueDeserializer<?> newDelegatingInstance(ValueDeserializer<?> delegate) {
		return delegate;
	}

	/**
	 * A form of text.
	 */
	@FunctionalInterface
	interface Form {

		/**
		 * Return what a text says.
		 * @param text holds the text
		 * @param from where the text begins
		 * @param to where it has ended
		 * @return the value, or {@code null} if this is not the form or no such time
		 */
		@Nullable Object parse(char[] text, int from, int to);

	}

}
