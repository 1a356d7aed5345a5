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

import java.lang.reflect.Method;
import java.util.Arrays;

import org.jspecify.annotations.Nullable;

import org.springframework.cache.interceptor.KeyGenerator;
import org.springframework.cache.interceptor.SimpleKey;
import org.springframework.cache.interceptor.SimpleKeyGenerator;
import org.springframework.core.DefaultParameterNameDiscoverer;
import org.springframework.core.KotlinDetector;
import org.springframework.core.ParameterNameDiscoverer;

/**
 * The {@link KeyGenerator} of methods without a {@code key} expression. Its keys are
 * those of Spring's {@link SimpleKeyGenerator}: a single argument is the key itself,
 * several are a {@link SimpleKey}. So other caches, and whoever names a key by its
 * argument, find the same entry. What the key is in Redis, {@link KeyText} decides;
 * {@code toString()} of a key of several arguments tells.
 */
public final class ArgumentKeyGenerator implements KeyGenerator {

	private static final ParameterNameDiscoverer PARAMETER_NAMES = new DefaultParameterNameDiscoverer();

	private final KeyText texts;

	ArgumentKeyGenerator(KeyText texts) {
		this.texts = texts;
	}

	/**
	 * Return the key of a call.
	 * @param target the object that the method is called on
	 * @param method the method
	 * @param params its arguments
	 * @return the key. Of arguments that have no key it is one that our caches refuse
	 */
	@Override
	public Object generate(Object target, Method method, @Nullable Object... params) {
		@Nullable Object[] arguments = KotlinDetector.isSuspendingFunction(method) ? Arrays.copyOf(params, params.length - 1)
				: params;
		if (arguments.length == 0) {
			return SimpleKey.EMPTY;
		}
		Object only = (arguments.length == 1) ? arguments[0] : null;
		return (only != null && !only.getClass().isArray()) ? only
				: new GeneratedKey(this.texts::ofArguments, arguments);
	}

	/**
	 * Name an argument of a method, for a message.
	 * @param index which one; what a variable number of arguments brings counts as the
	 * last parameter
	 */
	public static String describe(Method method, int index) {
		@Nullable String[] names = PARAMETER_NAMES.getParameterNames(method);
		int parameter = Math.min(index, method.getParameterCount() - 1);
		String name = (names != null && parameter >= 0) ? " ('" + names[parameter] + "')" : "";
		return "Argument " + index + name + " of " + describe(method);
	}

	/**
	 * Name a method, for a message.
	 */
	public static String describe(Method method) {
		return method.getDeclaringClass().getName() + "." + method.getName() + "(..)";
	}

}
