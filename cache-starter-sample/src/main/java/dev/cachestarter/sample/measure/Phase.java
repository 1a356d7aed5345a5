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

import java.util.Set;

import org.jspecify.annotations.Nullable;

/**
 * What was measured in one phase. Times are in milliseconds.
 *
 * @param reads the reads that were answered
 * @param p50 what half of them took at most
 * @param p95 what 95 of 100 took at most
 * @param hitShare how many of them the cache answered without the database, of 1
 * @param hitP50 what half of the reads took at most that the cache answers in the phase
 * that has one
 * @param hitP95 what 95 of 100 of those took at most
 * @param changes the changes that were made
 * @param failed the requests that failed
 * @param queriesPerSecond what the database executed, as it counts itself
 * @param busyPerSecond for how long it executed something, summed over its processes
 */
public record Phase(int reads, double p50, double p95, double hitShare, @Nullable Double hitP50,
		@Nullable Double hitP95, long changes, long failed, double queriesPerSecond, double busyPerSecond) {

	/**
	 * Sum up a phase.
	 * @param answers what came back
	 * @param hits the numbers of the requests that the cache answers in the phase that
	 * has one
	 */
	static Phase of(Drive.Answers answers, Set<Integer> hits, Statements statements, Plan plan) {
		long[] reads = answers.reads();
		long[] same = answers.reads(hits);
		if (reads.length == 0) {
			throw new IllegalStateException("No read was answered, " + answers.failed() + " requests failed");
		}
		double seconds = plan.measured().toMillis() / 1e3;
		return new Phase(reads.length, percentile(reads, 50), percentile(reads, 95),
				(double) answers.hits().size() / reads.length, (same.length > 0) ? percentile(same, 50) : null,
				(same.length > 0) ? percentile(same, 95) : null, answers.changes(), answers.failed(),
				statements.count() / seconds, statements.millis() / seconds);
	}

	/**
	 * Return a percentile of nanoseconds, in milliseconds.
	 */
	static double percentile(long[] sorted, int percent) {
		return sorted[Math.max(0, (int) Math.ceil(sorted.length * percent / 100.0) - 1)] / 1e6;
	}

}
