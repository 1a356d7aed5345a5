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

import java.time.Duration;

import org.jspecify.annotations.Nullable;

import org.springframework.cache.annotation.Cacheable;

/**
 * The example of {@code docs/stampede.md}.
 */
class StampedeExample {

	private final CacheService cache;

	private final Database database;

	StampedeExample(CacheService cache, Database database) {
		this.cache = cache;
		this.database = database;
	}

	@Cacheable("reports")
	public Report find(String id) {
		return this.database.compute(id);
	}

	public @Nullable Report findByHand(String id) {
		return this.cache.getOrLoad("reports:" + id, Report.class, Duration.ofMinutes(10),
				() -> this.database.compute(id));
	}

	interface Database {

		Report compute(String id);

	}

	record Report(String id, String text) {

	}

}
