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

import org.springframework.cache.annotation.Cacheable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/**
 * The cached reads of the tool catalogue, which is one for all tenants. The whole of it
 * is more than {@code compress-above}, so it lies compressed in Redis.
 */
@Repository
class ToolReads {

	private final JdbcClient jdbc;

	ToolReads(JdbcClient jdbc) {
		this.jdbc = jdbc;
	}

	@Cacheable("tools:definitions")
	public Page<ToolDefinition> definitions(ToolQuery query) {
		String filter = (query.filter() != null) ? Text.anywhere(query.filter()) : "%";
		long total = this.jdbc.sql("select count(*) from tool where lower(name) like ? escape '!'")
			.param(filter)
			.query(Long.class)
			.single();
		List<ToolDefinition> tools = this.jdbc.sql("""
				select name, version, downloads_per_month from tool where lower(name) like ? escape '!'
				order by downloads_per_month desc, name limit ? offset ?
				""")
			.params(filter, query.limit(), Page.offset(query.page(), query.limit()))
			.query((row, number) -> ToolDefinition.of(row.getString("name"), row.getString("version"),
					row.getLong("downloads_per_month")))
			.list();
		return new Page<>(tools, query.page(), query.limit(), total);
	}

}
