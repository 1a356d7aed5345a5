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

/**
 * States how long what a method returns is kept in its caches:
 *
 * <pre class="code">
 * &#64;Cacheable("quotes")
 * &#64;CacheTtl("#{#result.closed ? '1d' : '1m'}")
 * public Quote find(String symbol) { ... }
 * </pre>
 *
 * <p>
 * It takes precedence over the settings of the cache, and a {@link TtlPolicy} bean over
 * it. On a class it is for all methods of the class that have none of their own. It can
 * be put on annotations of your own.
 * <p>
 * It has an effect on {@code @Cacheable} and {@code @CachePut}, whatever the method
 * returns, when the value is written; loads in the background included.
 *
 * @since 0.1.0
 */
@Target({ ElementType.TYPE, ElementType.METHOD })
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@Documented
public @interface CacheTtl {

	/**
	 * The time to live: a duration with its unit, such as {@code 5m}, {@code 90s},
	 * {@code 1h30m} or {@code PT5M}; {@code 0} for no expiry. It may have placeholders,
	 * such as <code>${agents.ttl:5m}</code>, and what stands in <code>#{...}</code> is a
	 * SpEL expression, evaluated as {@code unless} of
	 * {@link org.springframework.cache.annotation.Cacheable @Cacheable} is, for each
	 * value that is stored. An expression that gives {@code null} leaves it to the
	 * settings of the cache.
	 * @return the time to live
	 */
	String value();

}
