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

package dev.cachestarter;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import org.springframework.core.annotation.AliasFor;

/**
 * Evicts every entry of a cache whose key matches a pattern, such as all of one tenant:
 *
 * <pre class="code">
 * &#64;CacheEvictPattern(cacheNames = "agents:list", pattern = "#{#orgId}:*")
 * public Agent create(String orgId, NewAgent agent) { ... }
 * </pre>
 *
 * <p>
 * The pattern is a template. Literal text is a glob ({@code *}, {@code ?}, {@code [abc]},
 * {@code \} escapes); what stands in <code>#{...}</code> is a SpEL expression, evaluated
 * as the {@code key} of
 * {@link org.springframework.cache.annotation.CacheEvict @CacheEvict} is, whose value is
 * escaped as a segment of a key: a tenant named {@code *} evicts only its own.
 * <p>
 * When the annotated method has returned, no later call of any instance gets an entry
 * that matched; in a transaction, when it has committed. If the method throws nothing is
 * evicted, unless {@link #beforeInvocation()} is set.
 *
 * @since 0.1.0
 */
@Target({ ElementType.TYPE, ElementType.METHOD })
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@Documented
@Repeatable(CacheEvictPattern.Container.class)
public @interface CacheEvictPattern {

	/**
	 * Alias for {@link #cacheNames}.
	 * @return the names of the caches
	 */
	@AliasFor("cacheNames")
	String[] value() default {};

	/**
	 * Names of the caches to evict from; those of {@code @CacheConfig} if empty.
	 * @return the names of the caches
	 */
	@AliasFor("value")
	String[] cacheNames() default {};

	/**
	 * The template of the pattern, against the key within the cache.
	 * @return the template
	 */
	String pattern();

	/**
	 * SpEL expression that makes the eviction conditional, as in
	 * {@link org.springframework.cache.annotation.CacheEvict#condition()}.
	 * @return the condition, empty for always
	 */
	String condition() default "";

	/**
	 * Whether to evict before the method runs, whatever its outcome. The template cannot
	 * refer to {@code #result} then.
	 * @return whether to evict before the method
	 */
	boolean beforeInvocation() default false;

	/**
	 * The bean name of the cache manager to use, exclusive with {@link #cacheResolver()}.
	 * @return the bean name, empty for the default
	 */
	String cacheManager() default "";

	/**
	 * The bean name of the cache resolver to use.
	 * @return the bean name, empty for the default
	 */
	String cacheResolver() default "";

	/**
	 * Holds several patterns of one method.
	 */
	@Target({ ElementType.TYPE, ElementType.METHOD })
	@Retention(RetentionPolicy.RUNTIME)
	@Inherited
	@Documented
	@interface Container {

		/**
		 * The patterns.
		 * @return the patterns
		 */
		CacheEvictPattern[] value();

	}

}
