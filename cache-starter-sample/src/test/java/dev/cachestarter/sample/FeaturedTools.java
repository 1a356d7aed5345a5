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

import java.util.List;
import java.util.Objects;

import dev.cachestarter.engine.key.CacheKeys;
import dev.cachestarter.CacheService;
import dev.cachestarter.TtlPreset;

import org.springframework.core.ParameterizedTypeReference;

/**
 * An example of code that caches without annotations: tools on a topic, asked for by
 * tenant.
 */
class FeaturedTools {

	private static final ParameterizedTypeReference<List<ToolDefinition>> TOOLS = new ParameterizedTypeReference<>() {
	};

	private final CacheService cache;

	private final CacheKeys keys;

	private final ToolReads tools;

	FeaturedTools(CacheService cache, CacheKeys keys, ToolReads tools) {
		this.cache = cache;
		this.keys = keys;
		this.tools = tools;
	}

	List<ToolDefinition> find(String orgId, String topic) {
		String key = "tools:featured:" + this.keys.text(orgId, topic);
		List<ToolDefinition> found = this.cache.getOrLoad(key, TOOLS, TtlPreset.FREQUENT.ttl(), () -> load(topic));
		return Objects.requireNonNull(found);
	}

	void forget(String orgId) {
		this.cache.invalidate("tools:featured:" + this.keys.under(orgId).glob());
	}

	private List<ToolDefinition> load(String topic) {
		return this.tools.definitions(new ToolQuery(1, 3, topic)).items();
	}

}
