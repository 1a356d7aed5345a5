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
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import org.springframework.core.annotation.AliasFor;

/**
 * Caches what a method returns for many keys one by one, as the entries of the method for
 * a single key:
 *
 * <pre class="code">
 * &#64;Cacheable("agents:details")
 * public Agent find(long id) { ... }
 *
 * &#64;CacheableAll("agents:details")
 * public Map&lt;Long, Agent&gt; findAll(Collection&lt;Long&gt; ids) { ... }
 *
 * &#64;CacheableAll(cacheNames = "agents:details", key = "#{#element.id}")
 * public List&lt;Agent&gt; list(Collection&lt;Long&gt; ids) { ... }
 *
 * &#64;CacheableAll("agents:details")
 * public Mono&lt;Map&lt;Long, Agent&gt;&gt; findAllLater(Collection&lt;Long&gt; ids) { ... }
 * </pre>
 *
 * <p>
 * All keys are read at once, and the method is called once with those that are missing,
 * or not at all. Keys that others are loading already are waited for, and if some of them
 * are left the method is called again for these. A key for which the method returns
 * nothing is cached as a {@code null} of the single method would be. The result holds the
 * values that there are, in the order of the keys and once for each.
 * <p>
 * The method has one collection among its arguments, of which each element is a key, with
 * the other arguments in their places as for the single method. It returns a {@code Map}
 * by these keys, or a {@code List} of values with the {@link #key()} of each; or a
 * {@code Mono}, a {@code CompletableFuture} or a {@code CompletionStage} of one of them,
 * or a {@code Flux} of values with the {@link #key()} of each, which is given out when
 * all of it is there. Kotlin's {@code suspend} functions and {@code Flow} count as these.
 * A publisher reads the keys when it is subscribed to, and for each subscription; what is
 * asynchronous completes when what it has loaded is stored or known not to be. Whoever
 * cancels it gives its leases back. The method has no other cache annotation but
 * {@link CacheTtl @CacheTtl} and {@link CacheTag @CacheTag}. A method that does not fit
 * stops the start, with a message that says what to change.
 *
 * @since 0.1.0
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@Documented
public @interface CacheableAll {

	/**
	 * The cache.
	 * @return its name
	 */
	@AliasFor("cacheNames")
	String[] value() default {};

	/**
	 * The cache, by default that of
	 * {@link org.springframework.cache.annotation.CacheConfig @CacheConfig}. One and no
	 * more.
	 * @return its name
	 */
	@AliasFor("value")
	String[] cacheNames() default {};

	/**
	 * The key of an element of the list or {@code Flux} that the method returns, such as
	 * <code>#{#element.id}</code>: a SpEL expression in <code>#{...}</code>. For methods
	 * that return a {@code Map} it stays empty.
	 * @return the expression
	 */
	String key() default "";

	/**
	 * A SpEL expression of the arguments: the cache is used if it is true. By default it
	 * always is.
	 * @return the expression
	 */
	String condition() default "";

	/**
	 * A SpEL expression that is evaluated for each value that was loaded, which is
	 * {@code #result}, with the arguments of the call: the value is not stored if it is
	 * true. By default all are.
	 * @return the expression
	 */
	String unless() default "";

	/**
	 * The bean that makes the keys, by default that of all methods.
	 * @return its name
	 */
	String keyGenerator() default "";

	/**
	 * The cache manager.
	 * @return the name of the bean
	 */
	String cacheManager() default "";

}
