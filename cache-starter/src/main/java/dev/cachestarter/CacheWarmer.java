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
import java.util.concurrent.Callable;

import org.jspecify.annotations.Nullable;

/**
 * Fills caches before anyone waits for them. Every bean of this type is run once by each
 * instance, in the background, after the application has started:
 *
 * <pre class="code">
 * &#064;Bean
 * CacheWarmer firstPages(Tenants tenants, Agents agents) {
 *     return (warmUp) -&gt; warmUp.each(tenants.ids(), (id) -&gt; agents.list(id, AgentQuery.FIRST_PAGE));
 * }
 * </pre>
 *
 * A step calls a method with {@code @Cacheable}, or the {@link CacheService}. What is
 * cached already is a hit, and what another instance is loading is waited for, so
 * instances that start together share the work. Each runs the steps in a random order of
 * its own, so that they rarely meet.
 * <p>
 * The name of the bean is the warmer's name in the log. Several warmers run one after
 * another, in the order of {@code @Order}.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface CacheWarmer {

	/**
	 * Define the steps. This runs in the background too, so it may query a database. The
	 * steps run when it has returned.
	 * @param warmUp takes the steps
	 * @throws Exception if the steps cannot be determined; it is logged, and the steps
	 * defined before it are run
	 */
	void warm(WarmUp warmUp) throws Exception;

	/**
	 * Takes the steps of a warmer.
	 */
	interface WarmUp {

		/**
		 * Add a step for each item.
		 * @param <T> the type of the items
		 * @param items the items, all of which are kept until the steps have run
		 * @param step what to do for an item
		 * @return this
		 */
		<T> WarmUp each(Iterable<? extends T> items, Step<T> step);

		/**
		 * Add one step.
		 * @param step what to do; answers as {@link Step#warm(Object)} does
		 * @return this
		 */
		default WarmUp once(Callable<?> step) {
			return each(List.of(step), Callable::call);
		}

	}

	/**
	 * What to do for an item.
	 *
	 * @param <T> the type of the item
	 */
	@FunctionalInterface
	interface Step<T> {

		/**
		 * Warm what belongs to an item. Runs on a thread of the warm-up, outside any
		 * transaction and request.
		 * @param item the item
		 * @return what the cached method returned. It is ignored, unless it is a future
		 * or a publisher: then the step lasts until that has completed
		 * @throws Exception if the step fails. It is counted, and the first failure of a
		 * warmer is logged
		 */
		@Nullable Object warm(T item) throws Exception;

	}

}
