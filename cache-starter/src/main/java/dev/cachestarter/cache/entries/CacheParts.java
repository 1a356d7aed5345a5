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

import dev.cachestarter.CacheSettings;
import dev.cachestarter.engine.key.LogKeys;

/**
 * What the reader, the writer and the adapter of one cache have in common.
 *
 * @param name the cache's name
 * @param settings its settings
 * @param counters what happens in it
 * @param engine what it shares with the other caches of its manager
 */
public record CacheParts(String name, CacheSettings settings, CacheCounters counters, Engine engine) {

	/** Return the name as it appears in the log. */
	String logName() {
		return LogKeys.name(this.name);
	}

}
