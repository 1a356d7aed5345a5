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

import java.lang.reflect.Field;

import org.jspecify.annotations.Nullable;

import org.springframework.cache.interceptor.SimpleKey;

/**
 * The values in a {@link SimpleKey}, which shows them to nobody. Its text does not do: it
 * is the same for {@code ("a", "b, c")} and {@code ("a, b", "c")}.
 */
final class SimpleKeys {

	private static final @Nullable Field VALUES = find();

	private SimpleKeys() {
	}

	private static @Nullable Field find() {
		for (Field field : SimpleKey.class.getDeclaredFields()) {
			if (field.getType() == Object[].class && field.trySetAccessible()) {
				return field;
			}
		}
		return null;
	}

	/**
	 * Return the values that a key is made of.
	 * @return the values, not to be changed
	 * @throws UnkeyableException if they cannot be read
	 */
	static @Nullable Object[] valuesOf(SimpleKey key) {
		try {
			if (VALUES != null) {
				return (@Nullable Object[]) VALUES.get(key);
			}
		}
		catch (IllegalAccessException ex) {
			// Said below.
		}
		throw new UnkeyableException("",
				"is a SimpleKey whose values cannot be read. Use the generator of the bean cacheKeys");
	}

}
