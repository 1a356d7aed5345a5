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

package dev.cachestarter.sample;

import java.util.Locale;

import org.jspecify.annotations.Nullable;

/**
 * Which part of the tool catalogue to list, in one form for all that ask the same, as
 * {@link AgentQuery} does.
 *
 * @param page the page, from 1
 * @param limit the size of a page
 * @param filter only tools whose name contains this, in any case
 */
record ToolQuery(int page, int limit, @Nullable String filter) {

	/**
	 * The whole catalogue, which is listed unless something else is asked for.
	 */
	static final ToolQuery ALL = new ToolQuery(1, 1000, null);

	ToolQuery {
		filter = (filter == null || filter.isBlank()) ? null : filter.strip().toLowerCase(Locale.ROOT);
	}

}
