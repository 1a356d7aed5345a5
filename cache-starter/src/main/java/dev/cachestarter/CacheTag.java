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
 * Tags what a method stores in its caches, so that {@link CacheEvictTag} evicts it
 * whatever its cache and its key:
 *
 * <pre class="code">
 * &#64;Cacheable("catalogues")
 * &#64;CacheTag("tool:#{#result.tools.![name]}")
 * public Catalogue catalogue(String orgId) { ... }
 * </pre>
 *
 * <p>
 * Once the eviction of a tag has returned, no later call of any instance gets an entry
 * that carries the tag and whose load began before it. That holds for tags that are known
 * only from the result, too. An entry carries at most 64 tags; a value with more is
 * returned and not cached, which is logged once.
 * <p>
 * It has an effect on methods with {@code @Cacheable}, {@code @CachePut} or
 * {@link CacheableAll}; on another the start fails. It can be repeated, and put on
 * annotations of your own.
 *
 * @since 0.1.0
 */
@Target({ ElementType.METHOD, ElementType.ANNOTATION_TYPE })
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@Documented
@Repeatable(CacheTag.Container.class)
public @interface CacheTag {

	/**
	 * Alias for {@link #tag}.
	 * @return the template of the tag
	 */
	@AliasFor("tag")
	String value() default "";

	/**
	 * The template of the tag: text as it stands, and between it SpEL expressions in
	 * <code>#{...}</code>, evaluated as {@code unless} of
	 * {@link org.springframework.cache.annotation.Cacheable @Cacheable} is. Of a
	 * collection, an array or an {@code Optional} each element makes a tag; {@code null}
	 * makes none. If an expression fails, or a tag is blank, the value is returned and
	 * not cached, which is logged once.
	 * @return the template
	 */
	@AliasFor("value")
	String tag() default "";

	/**
	 * Holds several tags of one method.
	 */
	@Target({ ElementType.METHOD, ElementType.ANNOTATION_TYPE })
	@Retention(RetentionPolicy.RUNTIME)
	@Inherited
	@Documented
	@interface Container {

		/**
		 * The tags.
		 * @return the tags
		 */
		CacheTag[] value();

	}

}
