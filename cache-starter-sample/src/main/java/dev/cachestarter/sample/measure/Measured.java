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

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What was measured, beside what the paper says.
 *
 * @param table the table, line by line
 * @param notes how and where it was measured
 * @param without the phase without a cache
 * @param with the phase with the cache
 * @param hitRatios the hit ratio of each cache, of 1
 */
public record Measured(List<Line> table, List<String> notes, Phase without, Phase with, Map<String, Double> hitRatios) {

	static Measured of(Phase without, Phase with, Map<String, Ratio> caches, List<Requests.Kind> kinds,
			List<String> notes) {
		List<Line> table = new ArrayList<>();
		table.add(new Line("P50 of all reads", "50 ms", "5 ms", millis(without.p50()), millis(with.p50()),
				times(without.p50(), with.p50()), "10 times lower"));
		table.add(new Line("P95 of all reads", "150 ms", "10 ms", millis(without.p95()), millis(with.p95()),
				times(without.p95(), with.p95()), "15 times lower"));
		Double hitP50 = with.hitP50();
		Double hitP95 = with.hitP95();
		Double sameP50 = without.hitP50();
		Double sameP95 = without.hitP95();
		if (hitP50 != null && hitP95 != null && sameP50 != null && sameP95 != null) {
			table.add(new Line("P50 of hits", "50 ms", "5 ms", millis(sameP50), millis(hitP50), times(sameP50, hitP50),
					"10 times lower"));
			table.add(new Line("P95 of hits", "150 ms", "10 ms", millis(sameP95), millis(hitP95),
					times(sameP95, hitP95), "15 times lower"));
		}
		table.add(new Line("Database queries a second", "100", "20", number(without.queriesPerSecond()),
				number(with.queriesPerSecond()), fewer(without.queriesPerSecond(), with.queriesPerSecond()),
				"80 % fewer"));
		table.add(new Line("Time in the database, a second", "", "", millis(without.busyPerSecond()),
				millis(with.busyPerSecond()), fewer(without.busyPerSecond(), with.busyPerSecond()), ""));
		for (Requests.Kind kind : kinds) {
			Ratio ratio = kind.caches()
				.stream()
				.map((cache) -> caches.getOrDefault(cache, Ratio.NONE))
				.reduce(Ratio.NONE, Ratio::plus);
			table.add(new Line("Hit ratio, " + kind.name(), "", kind.target(), "", ratio.text(), "", ""));
		}
		Map<String, Double> hitRatios = new TreeMap<>();
		caches.forEach((name, ratio) -> {
			if (ratio.hits() + ratio.misses() > 0) {
				hitRatios.put(name, ratio.value());
			}
		});
		return new Measured(List.copyOf(table), List.copyOf(notes), without, with, hitRatios);
	}

	/**
	 * Return the table and the notes as Markdown.
	 * @return the text
	 */
	public String markdown() {
		StringBuilder text = new StringBuilder("""
				| | paper: before | paper: after | without cache | with Redis | | goal |
				|---|---|---|---|---|---|---|
				""");
		for (Line line : this.table) {
			text.append("| ").append(String.join(" | ", line.cells())).append(" |\n");
		}
		text.append('\n');
		this.notes.forEach((note) -> text.append("- ").append(note).append('\n'));
		return text.toString();
	}

	private static String millis(double millis) {
		return number(millis) + " ms";
	}

	private static String number(double value) {
		return String.format(Locale.ROOT, (value < 10) ? "%.1f" : "%.0f", value);
	}

	private static String times(double before, double after) {
		return number(before / after) + " times lower";
	}

	private static String fewer(double before, double after) {
		return number(100 * (1 - after / before)) + " % fewer";
	}

	/**
	 * A line of the table.
	 *
	 * @param what what was measured
	 * @param paperBefore what the paper says of the time without a cache
	 * @param paperAfter what it says of the time with it
	 * @param without what was measured without a cache
	 * @param with what was measured with it
	 * @param change what the cache makes of it
	 * @param goal what it is to make of it
	 */
	public record Line(String what, String paperBefore, String paperAfter, String without, String with, String change,
			String goal) {

		List<String> cells() {
			return List.of(this.what, this.paperBefore, this.paperAfter, this.without, this.with, this.change,
					this.goal);
		}

	}

	/**
	 * What was found and what was not.
	 *
	 * @param hits what was found
	 * @param misses what was not
	 */
	record Ratio(long hits, long misses) {

		static final Ratio NONE = new Ratio(0, 0);

		Ratio plus(Ratio other) {
			return new Ratio(this.hits + other.hits, this.misses + other.misses);
		}

		Ratio since(Ratio earlier) {
			return new Ratio(this.hits - earlier.hits, this.misses - earlier.misses);
		}

		double value() {
			return (double) this.hits / (this.hits + this.misses);
		}

		String text() {
			return (this.hits + this.misses > 0) ? number(100 * value()) + " %" : "not read";
		}

	}

}
