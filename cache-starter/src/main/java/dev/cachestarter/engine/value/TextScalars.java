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

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Map;
import java.util.function.Function;

import com.fasterxml.jackson.annotation.JsonFormat;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.AnnotationIntrospector;
import tools.jackson.databind.BeanProperty;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.annotation.JsonSerialize;
import tools.jackson.databind.cfg.MapperConfig;
import tools.jackson.databind.deser.std.StdDeserializer;
import tools.jackson.databind.introspect.Annotated;
import tools.jackson.databind.introspect.AnnotatedMethod;
import tools.jackson.databind.ser.std.ToStringSerializer;

import org.springframework.util.ClassUtils;

import dev.cachestarter.engine.json.BoundedJsonModule;

/**
 * Reads a number or a truth value that a property writes as text:
 * {@code @JsonFormat(shape = STRING)} or a {@link ToStringSerializer}. Everywhere else
 * text in the place of a number is an error.
 */
final class TextScalars extends StdDeserializer<Object> {

	private static final Map<Class<?>, Function<String, Object>> PARSERS = Map.of(Long.class, Long::valueOf,
			Integer.class, Integer::valueOf, Short.class, Short::valueOf, Byte.class, Byte::valueOf, Double.class,
			Double::valueOf, Float.class, Float::valueOf, BigDecimal.class, BoundedJsonModule::decimal,
			BigInteger.class, BoundedJsonModule::integer, Boolean.class, TextScalars::truth);

	private final Class<?> target;

	TextScalars() {
		this(Object.class);
	}

	private TextScalars(Class<?> target) {
		super(target);
		this.target = target;
	}

	/**
	 * Return whether a property writes its number or truth value as text.
	 */
	static boolean isText(AnnotationIntrospector annotations, MapperConfig<?> config, Annotated annotated) {
		Class<?> type = (annotated instanceof AnnotatedMethod method && method.getParameterCount() == 1)
				? method.getRawParameterType(0) : annotated.getRawType();
		if (!PARSERS.containsKey(ClassUtils.resolvePrimitiveIfNecessary(type))) {
			return false;
		}
		JsonFormat.Value format = annotations.findFormat(config, annotated);
		JsonSerialize serialize = annotated.getAnnotation(JsonSerialize.class);
		return (format != null && format.getShape() == JsonFormat.Shape.STRING)
				|| (serialize != null && serialize.using() == ToStringSerializer.class);
	}

	@Override
	public ValueDeserializer<?> createContextual(DeserializationContext context, @Nullable BeanProperty property) {
		JavaType type = (property != null) ? property.getType() : context.getContextualType();
		return new TextScalars(ClassUtils.resolvePrimitiveIfNecessary(type.getRawClass()));
	}

	@Override
	public Object deserialize(JsonParser parser, DeserializationContext context) {
		Function<String, Object> reader = PARSERS.get(this.target);
		if (reader == null || !parser.hasToken(JsonToken.VALUE_STRING)) {
			return context.handleUnexpectedToken(context.constructType(this.target), parser);
		}
		try {
			return reader.apply(parser.getString());
		}
		catch (IllegalArgumentException ex) {
			return context.handleWeirdStringValue(this.target, "", "not what is written for it");
		}
	}

	private static Object truth(String text) {
		if (!text.equals("true") && !text.equals("false")) {
			throw new IllegalArgumentException();
		}
		return Boolean.valueOf(text);
	}

}
