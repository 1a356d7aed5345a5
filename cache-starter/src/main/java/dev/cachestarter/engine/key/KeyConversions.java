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

import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

import org.jspecify.annotations.Nullable;

import org.springframework.core.convert.ConversionService;
import org.springframework.core.convert.support.DefaultConversionService;

/**
 * The application's converters to text, apart from what Spring's default converters would
 * make of anything.
 */
final class KeyConversions {

	private final @Nullable ConversionService converters;

	private final boolean haveDefaults;

	KeyConversions(@Nullable ConversionService converters) {
		this.converters = converters;
		this.haveDefaults = converters != null && converters.canConvert(Guessed.class, String.class);
	}

	/**
	 * Return the text that the application's converter makes of a value.
	 * @return the text, {@code null} if there is no converter for it
	 * @throws UnkeyableException if the converter answers {@code null}
	 */
	@Nullable String convert(Object value) {
		ConversionService service = this.converters;
		if (service == null || isContainer(value)) {
			return null;
		}
		Class<?> type = value.getClass();
		if (!service.canConvert(type, String.class)) {
			return null;
		}
		if (this.haveDefaults) {
			ConversionService defaults = DefaultConversionService.getSharedInstance();
			if (defaults.canConvert(type, String.class)
					&& (type.getName().startsWith("java.") || isDefault(service, defaults, value))) {
				return null;
			}
		}
		String converted = service.convert(value, String.class);
		if (converted == null) {
			throw new UnkeyableException("",
					"is a %s, whose Converter to String answers null. Let it answer a text for every value"
						.formatted(type.getName()));
		}
		return converted;
	}

	/**
	 * Return whether a conversion is but Spring's fallback: {@code toString()} of a type
	 * that can be made from a text, which need not tell two values apart.
	 */
	private static boolean isDefault(ConversionService service, ConversionService defaults, Object value) {
		String converted = service.convert(value, String.class);
		return converted == null || converted.equals(defaults.convert(value, String.class));
	}

	private static boolean isContainer(Object value) {
		return value instanceof Collection || value instanceof Map || value.getClass().isArray()
				|| isOptional(value.getClass());
	}

	static boolean isOptional(Class<?> type) {
		return type == Optional.class || type == OptionalInt.class || type == OptionalLong.class
				|| type == OptionalDouble.class;
	}

	/**
	 * Return whether a converter may render the values of a type.
	 */
	boolean mayConvert(Class<?> type) {
		ConversionService service = this.converters;
		return service != null && service.canConvert(type, String.class)
				&& !(this.haveDefaults && type.getName().startsWith("java."));
	}

	/**
	 * Has no converter, but is what Spring's defaults convert for want of a better one.
	 */
	private static final class Guessed {

		@SuppressWarnings("unused")
		public static Guessed valueOf(String text) {
			return new Guessed();
		}

	}

}
