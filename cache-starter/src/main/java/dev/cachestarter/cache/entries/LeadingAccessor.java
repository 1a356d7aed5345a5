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

package dev.cachestarter.cache.entries;

import io.micrometer.context.ContextRegistry;
import io.micrometer.context.ThreadLocalAccessor;
import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.load.Leading;

/**
 * Has context propagation, where it is on the class path, carry what a thread loads for
 * to the threads that its loader hands work to, and between a thread and the context of a
 * reactive pipeline.
 */
final class LeadingAccessor implements ThreadLocalAccessor<Leading> {

	private LeadingAccessor() {
	}

	/**
	 * Register it, for all managers. To be called only where the library is.
	 */
	static void register() {
		ContextRegistry.getInstance().registerThreadLocalAccessor(new LeadingAccessor());
	}

	@Override
	public Object key() {
		return Leading.KEY;
	}

	@Override
	public @Nullable Leading getValue() {
		return Leading.current();
	}

	@Override
	public void setValue(Leading leading) {
		Leading.bind(leading);
	}

	@Override
	public void setValue() {
		Leading.bind(null);
	}

}
