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
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import org.jspecify.annotations.Nullable;

import org.springframework.cache.annotation.AnnotationCacheOperationSource;
import org.springframework.cache.annotation.CacheAnnotationParser;
import org.springframework.cache.annotation.CacheConfig;
import org.springframework.cache.annotation.SpringCacheAnnotationParser;
import org.springframework.cache.interceptor.CacheEvictOperation;
import org.springframework.cache.interceptor.CacheOperation;
import org.springframework.cache.interceptor.CachePutOperation;
import org.springframework.cache.interceptor.CacheableOperation;
import org.springframework.core.MethodIntrospector;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.util.ClassUtils;
import org.springframework.util.StringUtils;

import dev.cachestarter.CacheEvictPattern;
import dev.cachestarter.CacheEvictTag;
import dev.cachestarter.CacheTag;
import dev.cachestarter.CacheableAll;
import dev.cachestarter.cache.call.MethodTtls;
import dev.cachestarter.cache.call.TagTemplate;
import dev.cachestarter.cache.call.TaggedMethods;
import dev.cachestarter.cache.entries.CacheTypes;
import dev.cachestarter.engine.value.ValueTypes;

/**
 * Spring's source of cache operations, which also reads {@link CacheEvictPattern} and
 * {@link CacheEvictTag}, and learns on the way which methods keep values of which type in
 * which cache.
 * <p>
 * It learns when Spring decides which beans to intercept, and so before the first of
 * their methods can be called.
 */
@SuppressWarnings("serial")
final class PatternAwareOperationSource extends AnnotationCacheOperationSource {

	private final transient CacheTypes types;

	private final transient MethodTtls ttls;

	private final transient TaggedMethods tags;

	private final transient ManyKeys.Methods manyKeys;

	private final transient Set<Class<?>> learnt = ConcurrentHashMap.newKeySet();

	private final transient AnnotatedClasses annotated = new AnnotatedClasses();

	/**
	 * Create a source.
	 * @param types is told what it learns
	 * @param ttls refuses what is malformed
	 * @param tags refuses what is malformed
	 * @param manyKeys finds methods for many keys, and refuses what is malformed
	 */
	PatternAwareOperationSource(CacheTypes types, MethodTtls ttls, TaggedMethods tags, ManyKeys.Methods manyKeys) {
		super(parsers());
		this.tags = tags;
		this.types = types;
		this.ttls = ttls;
		this.manyKeys = manyKeys;
		// As Spring's own: protected methods of class-based proxies count.
		setPublicMethodsOnly(false);
	}

	private static Set<CacheAnnotationParser> parsers() {
		Set<CacheAnnotationParser> parsers = new LinkedHashSet<>();
		parsers.add(new SpringCacheAnnotationParser());
		parsers.add(new PatternParser());
		parsers.add(new TagParser());
		parsers.add(new ManyKeysParser());
		return parsers;
	}

	CacheTypes types() {
		return this.types;
	}

	@Override
	public boolean isCandidateClass(Class<?> targetClass) {
		return this.annotated.mayContain(targetClass);
	}

	@Override
	protected @Nullable Collection<CacheOperation> findCacheOperations(Class<?> type) {
		return this.annotated.mayContain(type) ? super.findCacheOperations(type) : null;
	}

	@Override
	protected @Nullable Collection<CacheOperation> findCacheOperations(Method method) {
		return this.annotated.mayContain(method.getDeclaringClass()) ? super.findCacheOperations(method) : null;
	}

	@Override
	public boolean hasCacheOperations(Method method, @Nullable Class<?> targetClass) {
		Class<?> type = ClassUtils.getUserClass((targetClass != null) ? targetClass : method.getDeclaringClass());
		if (this.learnt.add(type)) {
			learn(type);
		}
		return super.hasCacheOperations(method, targetClass);
	}

	/**
	 * All methods at once: Spring stops asking at the first that is to be intercepted.
	 */
	private void learn(Class<?> type) {
		Map<Method, Collection<CacheOperation>> methods = MethodIntrospector.selectMethods(type,
				(MethodIntrospector.MetadataLookup<Collection<CacheOperation>>) (method) -> getCacheOperations(method,
						type));
		methods.forEach((method, operations) -> {
			this.manyKeys.of(method, type);
			Type valueType = ValueTypes.valueType(method, type);
			boolean stores = false;
			for (CacheOperation operation : operations) {
				if (!operation.getCacheNames().contains(TagCache.NAME)) {
					this.types.use(operation.getCacheNames());
				}
				boolean keeps = operation instanceof CacheableOperation || operation instanceof CachePutOperation;
				stores |= keeps;
				if (keeps) {
					this.ttls.of(method, type);
				}
				if (keeps && valueType != null) {
					operation.getCacheNames().forEach((cacheName) -> this.types.learn(cacheName, valueType));
				}
			}
			if (this.tags.of(method, type) != null && !stores) {
				throw new IllegalStateException(
						"@CacheTag on '%s', which stores nothing: put it on a method with @Cacheable, @CachePut or @CacheableAll"
							.formatted(method));
			}
		});
	}

	/**
	 * Makes of a {@link CacheableAll} an operation that lets Spring intercept the method,
	 * and tells which cache it uses. Spring is to do nothing about it.
	 */
	private static final class ManyKeysParser implements CacheAnnotationParser {

		@Override
		public boolean equals(@Nullable Object other) {
			return other instanceof ManyKeysParser;
		}

		@Override
		public int hashCode() {
			return ManyKeysParser.class.hashCode();
		}

		@Override
		public @Nullable Collection<CacheOperation> parseCacheAnnotations(Class<?> type) {
			return null;
		}

		@Override
		public @Nullable Collection<CacheOperation> parseCacheAnnotations(Method method) {
			CacheableAll annotation = ManyKeys.annotation(method);
			return (annotation != null)
					? List.of(ManyKeys.operation(method, annotation, method.getDeclaringClass(), true)) : null;
		}

	}

	/**
	 * Makes an operation of each annotation of a kind that can be repeated.
	 *
	 * @param <A> the annotation
	 */
	private abstract static class RepeatableParser<A extends Annotation> implements CacheAnnotationParser {

		private final Class<A> type;

		private final Class<? extends Annotation> container;

		RepeatableParser(Class<A> type, Class<? extends Annotation> container) {
			this.type = type;
			this.container = container;
		}

		abstract CacheOperation operation(AnnotatedElement element, A annotation, @Nullable CacheConfig defaults);

		// Spring makes one proxy class for sources that are equal, and so for all
		// contexts.

		@Override
		public final boolean equals(@Nullable Object other) {
			return other != null && getClass() == other.getClass();
		}

		@Override
		public final int hashCode() {
			return getClass().hashCode();
		}

		@Override
		public final @Nullable Collection<CacheOperation> parseCacheAnnotations(Class<?> type) {
			return parse(type, type);
		}

		@Override
		public final @Nullable Collection<CacheOperation> parseCacheAnnotations(Method method) {
			return parse(method, method.getDeclaringClass());
		}

		private @Nullable Collection<CacheOperation> parse(AnnotatedElement element, Class<?> declaring) {
			Set<A> annotations = AnnotatedElementUtils.findMergedRepeatableAnnotations(element, this.type,
					this.container);
			if (annotations.size() > 1) {
				// As Spring's own: what is declared here overrides what an interface
				// declares.
				Set<A> local = AnnotatedElementUtils.getMergedRepeatableAnnotations(element, this.type, this.container);
				annotations = local.isEmpty() ? annotations : local;
			}
			if (annotations.isEmpty()) {
				return null;
			}
			CacheConfig defaults = AnnotatedElementUtils.findMergedAnnotation(declaring, CacheConfig.class);
			List<CacheOperation> operations = new ArrayList<>();
			annotations.forEach((annotation) -> operations.add(operation(element, annotation, defaults)));
			return operations;
		}

	}

	/**
	 * Makes of each {@link CacheEvictPattern} an eviction whose key evaluates to a
	 * {@link dev.cachestarter.engine.key.KeyPattern}. It must be an exact
	 * {@link CacheEvictOperation}: the interceptor finds operations by their class.
	 */
	private static final class PatternParser extends RepeatableParser<CacheEvictPattern> {

		PatternParser() {
			super(CacheEvictPattern.class, CacheEvictPattern.Container.class);
		}

		@Override
		CacheOperation operation(AnnotatedElement element, CacheEvictPattern annotation,
				@Nullable CacheConfig defaults) {
			CacheEvictOperation.Builder builder = new CacheEvictOperation.Builder();
			builder.setName(element.toString());
			String[] cacheNames = annotation.cacheNames();
			if (cacheNames.length == 0 && defaults != null) {
				cacheNames = defaults.cacheNames();
			}
			builder.setCacheNames(cacheNames);
			builder.setCondition(annotation.condition());
			builder.setBeforeInvocation(annotation.beforeInvocation());
			String manager = annotation.cacheManager();
			String resolver = annotation.cacheResolver();
			if (StringUtils.hasText(manager) && StringUtils.hasText(resolver)) {
				throw new IllegalStateException("@CacheEvictPattern on '" + element
						+ "' names both a cacheManager and a cacheResolver: name one of them");
			}
			if (!StringUtils.hasText(manager) && !StringUtils.hasText(resolver) && defaults != null) {
				manager = defaults.cacheManager();
				resolver = defaults.cacheResolver();
			}
			builder.setCacheManager(manager);
			builder.setCacheResolver(resolver);
			if (cacheNames.length == 0 && !StringUtils.hasText(resolver)) {
				throw new IllegalStateException("@CacheEvictPattern on '" + element
						+ "' names no cache: set cacheNames on it, or on @CacheConfig of its class");
			}
			try {
				builder.setKey(PatternTemplate.parse(annotation.pattern()).toKeyExpression());
			}
			catch (IllegalArgumentException ex) {
				throw new IllegalStateException("@CacheEvictPattern on '" + element + "': " + ex.getMessage(), ex);
			}
			return builder.build();
		}

	}

	/**
	 * Makes of each {@link CacheEvictTag} an eviction from the {@link TagCache}, whose
	 * key evaluates to {@link dev.cachestarter.engine.key.CacheKeys.Tags}.
	 */
	private static final class TagParser extends RepeatableParser<CacheEvictTag> {

		TagParser() {
			super(CacheEvictTag.class, CacheEvictTag.Container.class);
		}

		@Override
		CacheOperation operation(AnnotatedElement element, CacheEvictTag annotation, @Nullable CacheConfig defaults) {
			CacheEvictOperation.Builder builder = new CacheEvictOperation.Builder();
			builder.setName(element.toString());
			builder.setCacheNames(TagCache.NAME);
			builder.setCondition(annotation.condition());
			builder.setBeforeInvocation(annotation.beforeInvocation());
			String manager = annotation.cacheManager();
			builder.setCacheManager(
					(StringUtils.hasText(manager) || defaults == null) ? manager : defaults.cacheManager());
			String text = StringUtils.hasText(annotation.tag()) ? annotation.tag() : annotation.value();
			try {
				TagTemplate template = TagTemplate.parse(text, (element instanceof Method method) ? method : null);
				if (annotation.beforeInvocation() && template.mentionsResult()) {
					throw new IllegalArgumentException(
							"'%s' asks for #result, and the eviction is before the method. Remove 'beforeInvocation'"
								.formatted(text));
				}
				builder.setKey(template.keyExpression());
			}
			catch (IllegalArgumentException ex) {
				throw new IllegalStateException("@CacheEvictTag on '" + element + "': " + ex.getMessage(), ex);
			}
			return builder.build();
		}

	}

}
