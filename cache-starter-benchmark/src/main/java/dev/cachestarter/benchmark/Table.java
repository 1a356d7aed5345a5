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
import java.util.List;

/**
 * A table in Markdown.
 */
public final class Table {

	private final String title;

	private final List<String> lines = new ArrayList<>();

	private final int columns;

	/**
	 * Begin a table.
	 * @param title what stands above it
	 * @param columns the heads of its columns
	 */
	public Table(String title, String... columns) {
		this.title = title;
		this.columns = columns.length;
		this.lines.add("| " + String.join(" | ", columns) + " |");
		this.lines.add("|" + "---|".repeat(columns.length));
	}

	/** Add a line. */
	public Table row(String... cells) {
		if (cells.length != this.columns) {
			throw new IllegalArgumentException(cells.length + " cells for " + this.columns + " columns");
		}
		this.lines.add("| " + String.join(" | ", cells) + " |");
		return this;
	}

	boolean isEmpty() {
		return this.lines.size() == 2;
	}

	@Override
	public String toString() {
		return (this.title.isEmpty() ? "" : "**" + this.title + "**\n\n") + String.join("\n", this.lines) + "\n";
	}

}
