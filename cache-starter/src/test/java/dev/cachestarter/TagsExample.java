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
import java.util.List;

import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.engine.key.CacheKeys;

/**
 * The example of {@code docs/tags.md}.
 */
class TagsExample {

	private final Repository repository;

	private final CacheService cache;

	private final CacheKeys keys;

	TagsExample(Repository repository, CacheService cache, CacheKeys keys) {
		this.repository = repository;
		this.cache = cache;
		this.keys = keys;
	}

	// @formatter:off
	@Cacheable("catalogues")
	@CacheTag("tool:#{#result.tools.![name]}")
	public Catalogue catalogue(String orgId) {
		return this.repository.catalogue(orgId);
	}

	@Cacheable("tools:definitions")
	@CacheTag("tool:#{#name}")
	public Tool tool(String name) {
		return this.repository.tool(name);
	}

	@CacheEvictTag("tool:#{#tool.name}")
	public void update(Tool tool) {
		this.repository.update(tool);
	}

	Catalogue byHand(String orgId) {
		return this.cache.getOrLoad("catalogues:" + this.keys.text(orgId), Catalogue.class, Duration.ofMinutes(5),
				(catalogue) -> catalogue.tools().stream().map((tool) -> "tool:" + tool.name()).toList(),
				() -> this.repository.catalogue(orgId));
	}

	void store(String orgId, Catalogue catalogue) {
		this.cache.set("catalogues:" + this.keys.text(orgId), catalogue, Duration.ofMinutes(5), List.of("org:" + orgId));
	}

	void changed(String name) {
		this.cache.evictTag("tool:" + name);
	}
	// @formatter:on

	record Tool(String name, String description) {

	}

	record Catalogue(List<Tool> tools) {

	}

	interface Repository {

		Catalogue catalogue(String orgId);

		Tool tool(String name);

		void update(Tool tool);

	}

}
