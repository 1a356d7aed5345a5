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

package dev.cachestarter.engine.key;

import java.io.File;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.net.URL;
import java.nio.charset.Charset;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.temporal.TemporalAccessor;
import java.time.temporal.TemporalAmount;
import java.util.Currency;
import java.util.Date;
import java.util.Locale;
import java.util.Set;
import java.util.TimeZone;
import java.util.UUID;

import org.jspecify.annotations.Nullable;

import org.springframework.util.ClassUtils;

/**
 * The texts of simple values: those that a text tells from all others of their type.
 */
final class SimpleTexts {

	private static final String TIMESTAMP = "java.sql.Timestamp";

	private static final Set<Class<?>> INTEGERS = Set.of(Byte.class, Short.class, Integer.class, Long.class,
			BigInteger.class);

	private static final Set<Class<?>> TYPES = Set.of(Float.class, Double.class, BigDecimal.class, Character.class,
			Boolean.class, UUID.class, URI.class, Currency.class);

	private static final Set<String> DATES = Set.of("java.util.Date", TIMESTAMP, "java.sql.Date", "java.sql.Time");

	private SimpleTexts() {
	}

	/**
	 * Return the text of a simple value.
	 * @return the text, {@code null} if it is not a simple value, or one that no text
	 * tells from all others
	 */
	static @Nullable String of(Object value) {
		if (value instanceof String text) {
			return text;
		}
		if (value instanceof Enum<?> constant) {
			return constant.name();
		}
		Class<?> type = value.getClass();
		if (INTEGERS.contains(type) || TYPES.contains(type)) {
			return value.toString();
		}
		if (value instanceof TemporalAccessor || value instanceof TemporalAmount || value instanceof ZoneId) {
			return isOfJavaTime(type) ? value.toString() : null;
		}
		return ofOther(value);
	}

	private static @Nullable String ofOther(Object value) {
		if (value instanceof Locale locale) {
			String tag = locale.toLanguageTag();
			// Some locales have no tag of their own, and no text that tells them apart.
			return Locale.forLanguageTag(tag).equals(locale) ? tag : null;
		}
		if (value instanceof Date date) {
			return DATES.contains(value.getClass().getName()) ? instantOf(date).toString() : null;
		}
		if (value instanceof Class<?> type) {
			return type.getName();
		}
		if (value instanceof URL url) {
			// Its equals asks the network.
			return url.toExternalForm();
		}
		if (value instanceof Path path) {
			return (path.getFileSystem() == FileSystems.getDefault()) ? path.toString() : path.toUri().toString();
		}
		if (value instanceof TimeZone zone) {
			// One that was made by hand may have any rules under any name.
			return TimeZone.getTimeZone(zone.getID()).equals(zone) ? zone.getID() : null;
		}
		return (value instanceof Charset || value.getClass() == File.class) ? value.toString() : null;
	}

	/** A date equals a timestamp of the same millisecond. */
	private static Instant instantOf(Date date) {
		return date.getClass().getName().equals(TIMESTAMP) ? date.toInstant() : Instant.ofEpochMilli(date.getTime());
	}

	/** Return whether a value's text stands bare in JSON. */
	static boolean isBareInJson(Object value) {
		return INTEGERS.contains(value.getClass()) || value instanceof Boolean || value instanceof BigDecimal
				|| value instanceof Double number && Double.isFinite(number)
				|| value instanceof Float number && Float.isFinite(number);
	}

	/**
	 * Return whether the values of a type are simple.
	 */
	static boolean isSimple(Class<?> type) {
		Class<?> boxed = ClassUtils.resolvePrimitiveIfNecessary(type);
		if (boxed == String.class || boxed.isEnum() || INTEGERS.contains(boxed) || TYPES.contains(boxed)
				|| DATES.contains(boxed.getName()) || boxed == Class.class || boxed == URL.class
				|| boxed == File.class) {
			return true;
		}
		return Locale.class.isAssignableFrom(boxed) || Path.class.isAssignableFrom(boxed)
				|| TimeZone.class.isAssignableFrom(boxed) || Charset.class.isAssignableFrom(boxed)
				|| (isOfJavaTime(boxed) && (TemporalAccessor.class.isAssignableFrom(boxed)
						|| TemporalAmount.class.isAssignableFrom(boxed) || ZoneId.class.isAssignableFrom(boxed)));
	}

	private static boolean isOfJavaTime(Class<?> type) {
		String packageName = type.getPackageName();
		return packageName.equals("java.time") || packageName.equals("java.time.chrono");
	}

}
