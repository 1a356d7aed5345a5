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

package dev.cachestarter.cache;

import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

import org.jspecify.annotations.Nullable;

import org.springframework.aop.support.AopUtils;
import org.springframework.cache.annotation.CacheConfig;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.Caching;
import org.springframework.cache.interceptor.CacheableOperation;
import org.springframework.context.expression.AnnotatedElementKey;
import org.springframework.core.ResolvableType;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.expression.Expression;
import org.springframework.expression.ParseException;
import org.springframework.expression.common.CompositeStringExpression;
import org.springframework.expression.common.LiteralExpression;
import org.springframework.expression.common.TemplateParserContext;
import org.springframework.expression.spel.standard.SpelExpressionParser;
import org.springframework.expression.spel.support.StandardEvaluationContext;
import org.springframework.util.StringUtils;

import dev.cachestarter.CacheEvictPattern;
import dev.cachestarter.CacheableAll;
import dev.cachestarter.engine.value.ValueTypes;

/**
 * What a method with {@link CacheableAll} is: where its keys are, and what it returns.
 */
final class ManyKeys {

	private static final SpelExpressionParser PARSER = new SpelExpressionParser();

	private static final List<Class<? extends Annotation>> OTHERS = List.of(Cacheable.class, CachePut.class,
			CacheEvict.class, Caching.class, CacheEvictPattern.class, CacheEvictPattern.Container.class);

	private final Method method;

	private final CacheableOperation operation;

	private final int index;

	/** Tells the key of an element, {@code null} where a map does. */
	private final @Nullable Expression key;

	private ManyKeys(Method method, CacheableOperation operation, int index, @Nullable Expression key) {
		this.method = method;
		this.operation = operation;
		this.index = index;
		this.key = key;
	}

	/**
	 * Read what an annotation says of a method.
	 * @throws IllegalArgumentException if the method is none for it: what is wrong, and
	 * the cure
	 */
	private static ManyKeys parse(Method method, Class<?> targetClass, CacheableAll annotation,
			CacheableOperation operation) {
		for (Class<? extends Annotation> other : OTHERS) {
			if (AnnotatedElementUtils.hasAnnotation(method, other)) {
				throw new IllegalArgumentException(
						"it has @%s, too. Put that on a method of its own".formatted(other.getSimpleName()));
			}
		}
		ResolvableType result = ValueTypes.resultOfMany(method, targetClass);
		Class<?> holder = result.resolve(Object.class);
		boolean isMap = holder.isAssignableFrom(LinkedHashMap.class) && Map.class.isAssignableFrom(holder);
		boolean isList = holder.isAssignableFrom(ArrayList.class) && Collection.class.isAssignableFrom(holder);
		if (!isMap && !isList) {
			throw new IllegalArgumentException(("it returns %s. Let it return a Map of the values by their keys or a "
					+ "List of the values, a Mono or a future of one of them, or a Flux of the values")
				.formatted(result));
		}
		List<Integer> collections = new ArrayList<>();
		for (int i = 0; i < method.getParameterCount(); i++) {
			if (Collection.class.isAssignableFrom(method.getParameterTypes()[i])) {
				collections.add(i);
			}
		}
		if (collections.size() != 1) {
			throw new IllegalArgumentException(
					"%d of its arguments are collections. Give it one, of the keys".formatted(collections.size()));
		}
		Class<?> given = method.getParameterTypes()[collections.get(0)];
		if (!given.isAssignableFrom(ArrayList.class) && !given.isAssignableFrom(LinkedHashSet.class)) {
			throw new IllegalArgumentException(
					"it takes its keys as %s. Let it take a Collection, a List or a Set".formatted(given.getName()));
		}
		if (isMap && StringUtils.hasText(annotation.key())) {
			throw new IllegalArgumentException(
					"it has a 'key', and returns a map that tells the keys itself. Remove the 'key'");
		}
		if (isList && !StringUtils.hasText(annotation.key())) {
			throw new IllegalArgumentException(
					"it returns a list, and nothing tells the keys of its elements. Add a 'key', such as #{#element.id}");
		}
		return new ManyKeys(method, operation, collections.get(0), isMap ? null : key(annotation.key().strip()));
	}

	private static Expression key(String text) {
		Expression expression;
		try {
			expression = PARSER.parseExpression(text, new TemplateParserContext());
		}
		// Of what is malformed in odd ways its assertions speak.
		catch (ParseException | IllegalStateException | IllegalArgumentException ex) {
			throw new IllegalArgumentException(
					"its 'key' is no template (%s). Write it as #{#element.id}".formatted(ex.getMessage()), ex);
		}
		if (expression instanceof LiteralExpression) {
			throw new IllegalArgumentException(
					"its 'key' '%s' is the same for all elements. Write it as #{#element.id}".formatted(text));
		}
		if (expression instanceof CompositeStringExpression) {
			throw new IllegalArgumentException(
					"its 'key' '%s' has text beside the expression. Write it as #{#element.id}".formatted(text));
		}
		return expression;
	}

	/** The operation that says which cache it is, and when it is used. */
	CacheableOperation operation() {
		return this.operation;
	}

	Method method() {
		return this.method;
	}

	@Nullable Collection<?> keys(@Nullable Object[] args) {
		return (Collection<?>) args[this.index];
	}

	/** Return arguments with one key in the place of all. */
	@Nullable Object[] with(@Nullable Object[] args, @Nullable Object key) {
		@Nullable Object[] one = args.clone();
		one[this.index] = key;
		return one;
	}

	/** Return arguments with some of the keys, in a collection of the method's type. */
	@Nullable Object[] withAll(@Nullable Object[] args, Collection<?> keys) {
		boolean list = this.method.getParameterTypes()[this.index].isAssignableFrom(ArrayList.class);
		return with(args, list ? new ArrayList<>(keys) : new LinkedHashSet<>(keys));
	}

	boolean returnsMap() {
		return this.key == null;
	}

	/** Return the key of an element that the method has returned. */
	@Nullable Object keyOf(@Nullable Object element) {
		StandardEvaluationContext context = new StandardEvaluationContext(element);
		context.setVariable("element", element);
		return java.util.Objects.requireNonNull(this.key).getValue(context);
	}

	/**
	 * Return the annotation of a method, of one that it overrides or implements.
	 */
	static @Nullable CacheableAll annotation(AnnotatedElement method) {
		return AnnotatedElementUtils.findMergedAnnotation(method, CacheableAll.class);
	}

	/**
	 * Return the operation that an annotation stands for.
	 * @param inert whether Spring, which knows nothing of many keys, is to do nothing
	 * about it
	 */
	static CacheableOperation operation(AnnotatedElement element, CacheableAll annotation, Class<?> declaring,
			boolean inert) {
		CacheConfig defaults = AnnotatedElementUtils.findMergedAnnotation(declaring, CacheConfig.class);
		String[] names = (annotation.cacheNames().length == 0 && defaults != null) ? defaults.cacheNames()
				: annotation.cacheNames();
		if (names.length != 1) {
			throw new IllegalStateException(
					"@CacheableAll on '%s' names the caches %s: name one, on it or on @CacheConfig".formatted(element,
							Arrays.toString(names)));
		}
		CacheableOperation.Builder builder = new CacheableOperation.Builder();
		builder.setName(element.toString());
		builder.setCacheNames(names);
		builder.setCondition(inert ? "false" : annotation.condition());
		builder.setUnless(annotation.unless());
		String generator = annotation.keyGenerator();
		builder.setKeyGenerator((generator.isEmpty() && defaults != null) ? defaults.keyGenerator() : generator);
		String manager = annotation.cacheManager();
		builder.setCacheManager((manager.isEmpty() && defaults != null) ? defaults.cacheManager() : manager);
		return builder.build();
	}

	/**
	 * Finds such methods.
	 */
	static final class Methods {

		private final ConcurrentMap<AnnotatedElementKey, Optional<ManyKeys>> found = new ConcurrentHashMap<>();

		private volatile boolean any;

		/** Return whether there is a method to be looked for. */
		boolean isEmpty() {
			return !this.any;
		}

		/**
		 * Return what a method is.
		 * @return {@code null} if it has no {@link CacheableAll}
		 * @throws IllegalStateException if it cannot have one
		 */
		@Nullable ManyKeys of(Method method, Class<?> targetClass) {
			AnnotatedElementKey key = new AnnotatedElementKey(method, targetClass);
			Optional<ManyKeys> known = this.found.get(key);
			if (known == null) {
				known = Optional.ofNullable(find(method, targetClass));
				this.found.put(key, known);
				if (known.isPresent()) {
					this.any = true;
				}
			}
			return known.orElse(null);
		}

		private static @Nullable ManyKeys find(Method method, Class<?> targetClass) {
			Method specific = AopUtils.getMostSpecificMethod(method, targetClass);
			CacheableAll annotation = annotation(specific);
			if (annotation == null) {
				return null;
			}
			try {
				return parse(specific, targetClass, annotation,
						operation(specific, annotation, specific.getDeclaringClass(), false));
			}
			catch (IllegalArgumentException ex) {
				throw new IllegalStateException("@CacheableAll on '" + specific + "': " + ex.getMessage(), ex);
			}
		}

	}

}
