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
 * Which part of a tenant's agents to list. As it is part of the cache's key, queries that
 * ask for the same are equal: the filter is lower case, without blanks around it, and
 * absent rather than empty.
 *
 * @param page the page, from 1
 * @param limit the size of a page
 * @param status only agents of this status
 * @param filter only agents whose name contains this, in any case
 */
record AgentQuery(int page, int limit, @Nullable AgentStatus status, @Nullable String filter) {

	/**
	 * What is listed unless something else is asked for.
	 */
	static final AgentQuery FIRST_PAGE = new AgentQuery(1, 20, null, null);

	AgentQuery {
		filter = (filter == null || filter.isBlank()) ? null : filter.strip().toLowerCase(Locale.ROOT);
	}

}
