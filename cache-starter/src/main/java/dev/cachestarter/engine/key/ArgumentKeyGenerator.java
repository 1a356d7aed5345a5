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
import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.cache.interceptor.KeyGenerator;
import org.springframework.core.DefaultParameterNameDiscoverer;
import org.springframework.core.KotlinDetector;
import org.springframework.core.MethodClassKey;
import org.springframework.core.ParameterNameDiscoverer;
import org.springframework.core.ResolvableType;
import org.springframework.util.ConcurrentReferenceHashMap;

/**
 * The {@link KeyGenerator} of methods without a {@code key} expression: joins the
 * arguments with {@code :}, each rendered as a segment by {@link KeyText}. A key that
 * would forget a field crosses tenants, so an argument that cannot be rendered whole
 * fails the call.
 */
public final class ArgumentKeyGenerator implements KeyGenerator {

	private static final ParameterNameDiscoverer PARAMETER_NAMES = new DefaultParameterNameDiscoverer();

	private final KeyText keyText;

	private final Map<MethodClassKey, ResolvableType[]> parameterTypes = new ConcurrentReferenceHashMap<>();

	ArgumentKeyGenerator(KeyText keyText) {
		this.keyText = keyText;
	}

	/**
	 * Return the key of a call.
	 * @param target the object that the method is called on
	 * @param method the method
	 * @param params its arguments
	 * @return the key; argument lists that differ have different ones
	 * @throws IllegalArgumentException if an argument is of a type that no key can be
	 * made of, naming the parameter and the cure
	 */
	@Override
	public String generate(Object target, Method method, @Nullable Object... params) {
		int count = KotlinDetector.isSuspendingFunction(method) ? params.length - 1 : params.length;
		if (count == 0) {
			return KeyText.NO_ARGUMENTS;
		}
		if (count == 1) {
			return segment(target, method, params, 0);
		}
		StringBuilder key = new StringBuilder(64);
		for (int i = 0; i < count; i++) {
			if (i > 0) {
				key.append(':');
			}
			key.append(segment(target, method, params, i));
		}
		return key.toString();
	}

	private String segment(Object target, Method method, @Nullable Object[] params, int index) {
		String simple = this.keyText.simpleSegment(params[index]);
		if (simple != null) {
			return simple;
		}
		try {
			return this.keyText.segment(params[index], parameterTypes(target, method)[index]);
		}
		catch (KeyText.UnkeyableException ex) {
			throw new IllegalArgumentException(ex.messageFor(describe(method, index)), ex);
		}
	}

	private ResolvableType[] parameterTypes(Object target, Method method) {
		Class<?> targetClass = target.getClass();
		return this.parameterTypes.computeIfAbsent(new MethodClassKey(method, targetClass),
				(key) -> resolve(method, targetClass));
	}

	private static ResolvableType[] resolve(Method method, Class<?> targetClass) {
		ResolvableType[] types = new ResolvableType[method.getParameterCount()];
		Arrays.setAll(types, (index) -> ResolvableType.forMethodParameter(method, index, targetClass));
		return types;
	}

	private static String describe(Method method, int index) {
		@Nullable String[] names = PARAMETER_NAMES.getParameterNames(method);
		String name = (names != null) ? " ('" + names[index] + "')" : "";
		return "Argument " + index + name + " of " + method.getDeclaringClass().getName() + "." + method.getName()
				+ "(..)";
	}

}
