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
package dev.cachestarter.cache.call;

import java.lang.reflect.Method;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

import org.jspecify.annotations.Nullable;

import org.springframework.aop.support.AopUtils;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.config.ConfigurableBeanFactory;
import org.springframework.context.expression.AnnotatedElementKey;
import org.springframework.core.annotation.AnnotatedElementUtils;

import dev.cachestarter.CacheTtl;

/**
 * Finds the {@link CacheTtl} of methods: on the method itself, on one that it overrides
 * or implements, on its class, or on that where it is declared.
 */
public final class MethodTtls {

	private final @Nullable BeanFactory beans;

	private final ConcurrentMap<AnnotatedElementKey, Optional<MethodTtl>> found = new ConcurrentHashMap<>();

	/**
	 * Create a finder.
	 * @param beans knows the values of placeholders, and the beans that expressions name
	 */
	public MethodTtls(@Nullable BeanFactory beans) {
		this.beans = beans;
	}

	/**
	 * Return the time to live that is stated for a method.
	 * @param targetClass the class that it is called on
	 * @return {@code null} if there is none
	 * @throws IllegalStateException if it is malformed: where, what is wrong, and the
	 * cure
	 */
	public @Nullable MethodTtl of(Method method, Class<?> targetClass) {
		AnnotatedElementKey key = new AnnotatedElementKey(method, targetClass);
		Optional<MethodTtl> known = this.found.get(key);
		if (known == null) {
			known = Optional.ofNullable(find(method, targetClass));
			this.found.put(key, known);
		}
		return known.orElse(null);
	}

	private @Nullable MethodTtl find(Method method, Class<?> targetClass) {
		Method specific = AopUtils.getMostSpecificMethod(method, targetClass);
		CacheTtl annotation = AnnotatedElementUtils.findMergedAnnotation(specific, CacheTtl.class);
		if (annotation == null) {
			annotation = AnnotatedElementUtils.findMergedAnnotation(targetClass, CacheTtl.class);
		}
		if (annotation == null) {
			// What implements a repository is no subtype of it.
			annotation = AnnotatedElementUtils.findMergedAnnotation(method.getDeclaringClass(), CacheTtl.class);
		}
		if (annotation == null) {
			return null;
		}
		try {
			return MethodTtl.parse(resolved(annotation.value()), specific, this.beans);
		}
		catch (IllegalArgumentException ex) {
			throw new IllegalStateException("@CacheTtl on '" + specific + "': " + ex.getMessage(), ex);
		}
	}

	private String resolved(String text) {
		String resolved = text;
		if (this.beans instanceof ConfigurableBeanFactory configurable) {
			try {
				resolved = String.valueOf(configurable.resolveEmbeddedValue(text));
			}
			catch (IllegalArgumentException ex) {
				throw unresolved(text, ex);
			}
		}
		if (resolved.contains("${")) {
			throw unresolved(text, null);
		}
		return resolved;
	}

	private static IllegalArgumentException unresolved(String text, @Nullable Throwable cause) {
		return new IllegalArgumentException(
				"'%s' has a placeholder without a value. Set the property, or write a default, such as ${agents.ttl:5m}"
					.formatted(text),
				cause);
	}

}
