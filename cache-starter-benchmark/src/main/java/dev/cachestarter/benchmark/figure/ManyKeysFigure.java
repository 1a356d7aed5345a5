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

package dev.cachestarter.benchmark.figure;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

import dev.cachestarter.benchmark.Figure;
import dev.cachestarter.benchmark.Lab;
import dev.cachestarter.benchmark.Report;
import dev.cachestarter.benchmark.Sample;
import dev.cachestarter.benchmark.Table;
import dev.cachestarter.benchmark.WorkerJvm;
import dev.cachestarter.benchmark.peer.Peer;
import dev.cachestarter.benchmark.worker.Calls;

/**
 * What a hundred keys cost at once, beside a hundred calls of the method for one. The two
 * are measured in turn, and what is compared was measured in the same round.
 */
final class ManyKeysFigure implements Figure {

	@Override
	public String name() {
		return "many-keys";
	}

	@Override
	public String title() {
		return "A hundred keys at once";
	}

	@Override
	public Report measure(Lab lab) throws IOException {
		WorkerJvm worker = lab.worker(Peer.STARTER);
		Map<String, String> kinds = new LinkedHashMap<>(Map.of("HIT", "all are found"));
		kinds.put("MISS", "all are loaded and filled");
		Map<String, List<Calls>> together = new LinkedHashMap<>();
		Map<String, List<Calls>> oneByOne = new LinkedHashMap<>();
		int rounds = lab.choose(5, 3);
		// The first shows how fast a JVM warms up, and is thrown away.
		for (int round = 0; round <= rounds; round++) {
			for (String kind : kinds.keySet()) {
				int millis = lab.choose((round == 0) ? 3000 : 1000, (round == 0) ? 2000 : 500);
				Calls all = worker.call(Calls.class, "many", true, kind, millis);
				Calls each = worker.call(Calls.class, "many", false, kind, millis);
				if (round > 0) {
					together.computeIfAbsent(kind, (key) -> new ArrayList<>()).add(all);
					oneByOne.computeIfAbsent(kind, (key) -> new ArrayList<>()).add(each);
				}
				if (kind.equals("MISS")) {
					lab.flush();
				}
			}
		}
		Table table = new Table("100 keys, 250 B each, 1 thread", "", "@CacheableAll: p50 (µs)", "p99 (µs)",
				"processor (µs)", "100 calls for one: p50 (µs)", "p99 (µs)", "processor (µs)", "as fast");
		Report report = new Report();
		kinds.forEach((kind, what) -> {
			List<Calls> all = together.getOrDefault(kind, List.of());
			List<Calls> each = oneByOne.getOrDefault(kind, List.of());
			Sample ratio = Sample.ratio(sample(all, Calls::perSecond), sample(each, Calls::perSecond));
			table.row(what, number(all, (call) -> call.median() / 1e3), number(all, (call) -> call.p99() / 1e3),
					number(all, Calls::processorMicros), number(each, (call) -> call.median() / 1e3),
					number(each, (call) -> call.p99() / 1e3), number(each, Calls::processorMicros), ratio.text());
			report.data(kind, Map.of("asFast", ratio, "together", all, "oneByOne", each));
		});
		report.goal("`@CacheableAll` of 100 keys",
				Sample.number(ratioOf(together, oneByOne, "HIT").median()) + " x as fast as 100 hits one by one; "
						+ Sample.number(ratioOf(together, oneByOne, "MISS").median()) + " x where all are loaded",
				"20 x");
		return report.table(table)
			.remark("Medians of " + rounds + " rounds, quartiles in parentheses; 'as fast' is calls a second of "
					+ "`@CacheableAll` divided by hundreds of single calls a second, of the same round.");
	}

	private static Sample ratioOf(Map<String, List<Calls>> together, Map<String, List<Calls>> oneByOne, String kind) {
		return Sample.ratio(sample(together.getOrDefault(kind, List.of()), Calls::perSecond),
				sample(oneByOne.getOrDefault(kind, List.of()), Calls::perSecond));
	}

	private static Sample sample(List<Calls> calls, ToDoubleFunction<Calls> what) {
		return Sample.of(calls.stream().map(what::applyAsDouble).toList());
	}

	private static String number(List<Calls> calls, ToDoubleFunction<Calls> what) {
		return Sample.number(sample(calls, what).median());
	}

}
