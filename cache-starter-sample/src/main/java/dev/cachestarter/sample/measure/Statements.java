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

package dev.cachestarter.sample.measure;

import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * The statements that PostgreSQL has executed in this database, as it counts them itself
 * in its view {@code pg_stat_statements}.
 *
 * @param count how many it has executed
 * @param millis how long it took to execute them
 */
record Statements(long count, double millis) {

	/**
	 * Ask PostgreSQL. What asks is not counted, nor are begins and ends of transactions.
	 * @throws IllegalStateException if it does not count
	 */
	static Statements read(JdbcClient jdbc) {
		try {
			return jdbc.sql("""
					select coalesce(sum(calls), 0), coalesce(sum(total_exec_time), 0) from pg_stat_statements
					where dbid = (select oid from pg_database where datname = current_database()) and toplevel
						and query not like '%pg_stat_statements%' and query !~* '^ *(begin|commit|rollback|set|show) *'
					""").query((row, number) -> new Statements(row.getLong(1), row.getDouble(2))).single();
		}
		catch (DataAccessException ex) {
			throw new IllegalStateException("The database does not count its statements. Start PostgreSQL with "
					+ "shared_preload_libraries=pg_stat_statements and execute 'create extension pg_stat_statements' in "
					+ "this database", ex);
		}
	}

	Statements since(Statements earlier) {
		return new Statements(this.count - earlier.count, this.millis - earlier.millis);
	}

}
