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

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

import dev.cachestarter.CacheEvictTag;

/**
 * The tools of the catalogue. What is said of one stands in the lists of many servers, of
 * many tenants, and nobody knows in which. So each list carries a tag for each of its
 * tools, and a change of a tool evicts its tag.
 */
@Service
class ToolService {

	private final JdbcClient jdbc;

	ToolService(JdbcClient jdbc) {
		this.jdbc = jdbc;
	}

	@Transactional
	@CacheEvictTag("tool:#{#name}")
	@CacheEvict(cacheNames = "tools:definitions", allEntries = true)
	public ToolDefinition release(String name, String version) {
		int changed = this.jdbc.sql("update tool set version = ? where name = ?").params(version, name).update();
		if (changed == 0) {
			throw new NotFoundException("There is no tool '" + name + "'.");
		}
		return this.jdbc.sql("select downloads_per_month from tool where name = ?")
			.param(name)
			.query((row, number) -> ToolDefinition.of(name, version, row.getLong("downloads_per_month")))
			.single();
	}

}
