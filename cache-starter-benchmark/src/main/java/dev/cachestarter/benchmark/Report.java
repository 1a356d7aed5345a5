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

package dev.cachestarter.benchmark;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a figure has found.
 */
public final class Report {

	private final List<Table> tables = new ArrayList<>();

	private final List<String> remarks = new ArrayList<>();

	private final Map<String, Object> data = new LinkedHashMap<>();

	private final List<String[]> goals = new ArrayList<>();

	private final List<String[]> comparisons = new ArrayList<>();

	/** Add a table for people. */
	public Report table(Table table) {
		this.tables.add(table);
		return this;
	}

	/** Add something that whoever reads the tables must know. */
	public Report remark(String remark) {
		this.remarks.add(remark);
		return this;
	}

	/** Add what programs can read. */
	public Report data(String name, Object value) {
		this.data.put(name, value);
		return this;
	}

	/**
	 * Add a line to the table of goals.
	 * @param what what was to be reached
	 * @param measured what was
	 * @param goal the goal
	 */
	public Report goal(String what, String measured, String goal) {
		this.goals.add(new String[] { what, measured, goal });
		return this;
	}

	/**
	 * Add a line to the table of the few figures that matter to most.
	 * @param what what was measured
	 * @param starter of the starter
	 * @param spring of Spring's own cache, as far as it can be tuned
	 */
	public Report comparison(String what, String starter, String spring) {
		this.comparisons.add(new String[] { what, starter, spring });
		return this;
	}

	List<String[]> goals() {
		return this.goals;
	}

	List<String[]> comparisons() {
		return this.comparisons;
	}

	Map<String, Object> data() {
		return this.data;
	}

	String markdown() {
		StringBuilder text = new StringBuilder();
		this.tables.forEach((table) -> text.append(table).append('\n'));
		this.remarks.forEach((remark) -> text.append("- ").append(remark).append('\n'));
		return text.toString();
	}

}
