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

import java.util.List;
import java.util.Set;

import org.jspecify.annotations.Nullable;

/**
 * The methods of an application that use its caches, and the reasons why some of them
 * cannot be cached. The starter always provides a bean of this type. It has what the log
 * shows at start, for tests and code:
 *
 * <pre>
 * assertThat(cacheReport.problems()).isEmpty();
 * </pre>
 *
 * What depends on the value, such as a field of type {@code Object}, is not in it.
 *
 * @since 0.1.0
 */
public interface CacheReport {

	/**
	 * Return the methods with cache annotations of all beans of the context, whether the
	 * beans exist yet or not.
	 * @return the methods, in the order of their names; none if the cache is not the
	 * starter's
	 */
	List<CachedMethod> methods();

	/**
	 * Return the methods that cannot be cached or keyed.
	 * @return those with problems
	 */
	default List<CachedMethod> problems() {
		return methods().stream().filter((method) -> !method.problems().isEmpty()).toList();
	}

	/**
	 * A method with cache annotations.
	 *
	 * @param method its name, such as {@code Agents.find(String, int)}
	 * @param caches the names of the caches that it uses
	 * @param keys how its keys are made: the expressions, {@code arguments} where they
	 * are made of its arguments
	 * @param type the type of the values that are cached, {@code null} if it caches none
	 * @param ttl the TTL that its {@link CacheTtl} states, {@code null} if it has none
	 * @param problems why it cannot be cached or keyed, each with its cure; empty if it
	 * can, as far as the types tell
	 */
	record CachedMethod(String method, Set<String> caches, Set<String> keys, @Nullable String type,
			@Nullable String ttl, List<String> problems) {

	}

}
