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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

import org.jspecify.annotations.Nullable;

import org.springframework.aop.support.AopUtils;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.context.expression.AnnotatedElementKey;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.util.StringUtils;

import dev.cachestarter.CacheTag;

/**
 * Finds the {@link CacheTag}s of methods: on the method itself, or on one that it
 * overrides or implements.
 */
public final class TaggedMethods {

	private final @Nullable BeanFactory beans;

	private final ConcurrentMap<AnnotatedElementKey, Optional<MethodTags>> found = new ConcurrentHashMap<>();

	/**
	 * Create a finder.
	 * @param beans the beans that expressions name
	 */
	public TaggedMethods(@Nullable BeanFactory beans) {
		this.beans = beans;
	}

	/**
	 * Return what tags the values of a method.
	 * @param targetClass the class that it is called on
	 * @return {@code null} if nothing does
	 * @throws IllegalStateException if a tag is malformed: where, what is wrong, and the
	 * cure
	 */
	public @Nullable MethodTags of(Method method, Class<?> targetClass) {
		AnnotatedElementKey key = new AnnotatedElementKey(method, targetClass);
		Optional<MethodTags> known = this.found.get(key);
		if (known == null) {
			known = Optional.ofNullable(find(method, targetClass));
			this.found.put(key, known);
		}
		return known.orElse(null);
	}

	private @Nullable MethodTags find(Method method, Class<?> targetClass) {
		Method specific = AopUtils.getMostSpecificMethod(method, targetClass);
		Set<CacheTag> annotations = AnnotatedElementUtils.findMergedRepeatableAnnotations(specific, CacheTag.class,
				CacheTag.Container.class);
		if (annotations.size() > 1) {
			// As Spring's own: what is declared here overrides what an interface
			// declares.
			Set<CacheTag> local = AnnotatedElementUtils.getMergedRepeatableAnnotations(specific, CacheTag.class,
					CacheTag.Container.class);
			annotations = local.isEmpty() ? annotations : local;
		}
		if (annotations.isEmpty()) {
			return null;
		}
		List<TagTemplate> templates = new ArrayList<>();
		for (CacheTag annotation : annotations) {
			try {
				templates.add(TagTemplate
					.parse(StringUtils.hasText(annotation.tag()) ? annotation.tag() : annotation.value(), specific));
			}
			catch (IllegalArgumentException ex) {
				throw new IllegalStateException("@CacheTag on '" + specific + "': " + ex.getMessage(), ex);
			}
		}
		return new MethodTags(templates, this.beans);
	}

}
