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

import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/**
 * The tenants of the platform.
 */
@Repository
class Tenants {

	private final JdbcClient jdbc;

	Tenants(JdbcClient jdbc) {
		this.jdbc = jdbc;
	}

	/**
	 * Make sure that a tenant exists.
	 * @param orgId the tenant
	 * @throws NotFoundException if it does not
	 */
	void require(String orgId) {
		if (this.jdbc.sql("select 1 from tenant where id = ?").param(orgId).query().listOfRows().isEmpty()) {
			throw new NotFoundException("There is no tenant '" + orgId + "'.");
		}
	}

	/**
	 * Return all tenants.
	 * @return the tenants, by their names
	 */
	List<Named> list() {
		return this.jdbc.sql("select id, name from tenant order by name, id")
			.query((row, number) -> new Named(row.getString("id"), row.getString("name")))
			.list();
	}

	/**
	 * A tenant and what people call it.
	 *
	 * @param id the tenant
	 * @param name what people call it
	 */
	record Named(String id, String name) {

	}

}
