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
 * Evicts every entry that carries a tag, in every cache and of every tenant:
 *
 * <pre class="code">
 * &#64;CacheEvictTag("tool:#{#name}")
 * public void updateTool(String name, ToolUpdate update) { ... }
 * </pre>
 *
 * <p>
 * When the annotated method has returned, no later call of any instance gets an entry
 * that carries the tag and whose load began before; in a transaction, when it has
 * committed. If the method throws nothing is evicted, unless {@link #beforeInvocation()}
 * is set. It costs two round trips, however many entries carry the tag.
 *
 * @since 0.1.0
 * @see CacheTag
 */
@Target({ ElementType.TYPE, ElementType.METHOD })
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@Documented
@Repeatable(CacheEvictTag.Container.class)
public @interface CacheEvictTag {

	/**
	 * Alias for {@link #tag}.
	 * @return the template of the tag
	 */
	@AliasFor("tag")
	String value() default "";

	/**
	 * The template of the tag, as that of {@link CacheTag}. Of a collection each
	 * element's tag is evicted; {@code null} evicts nothing.
	 * @return the template
	 */
	@AliasFor("value")
	String tag() default "";

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
	 * The bean name of the cache manager to use.
	 * @return the bean name, empty for the default
	 */
	String cacheManager() default "";

	/**
	 * Holds several tags of one method.
	 */
	@Target({ ElementType.TYPE, ElementType.METHOD })
	@Retention(RetentionPolicy.RUNTIME)
	@Inherited
	@Documented
	@interface Container {

		/**
		 * The tags.
		 * @return the tags
		 */
		CacheEvictTag[] value();

	}

}
