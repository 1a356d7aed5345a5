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
import java.util.Locale;
import java.util.Map;

import dev.cachestarter.benchmark.Figure;
import dev.cachestarter.benchmark.Lab;
import dev.cachestarter.benchmark.Report;
import dev.cachestarter.benchmark.Table;
import dev.cachestarter.benchmark.WorkerJvm;
import dev.cachestarter.benchmark.peer.Peer;
import dev.cachestarter.benchmark.worker.Calls;
import dev.cachestarter.benchmark.worker.Payload;

/**
 * What a hit and a miss are made of, by the share of samples of a flight recording.
 */
final class SharesFigure implements Figure {

	private static final int THREADS = 16;

	@Override
	public String name() {
		return "shares";
	}

	@Override
	public String title() {
		return "What a hit and a miss are made of";
	}

	@Override
	public Report measure(Lab lab) throws IOException {
		Map<String, List<String>> rows = new LinkedHashMap<>();
		Report report = new Report();
		lab.workers(List.of(Peer.STARTER, Peer.SPRING));
		for (Peer peer : List.of(Peer.STARTER, Peer.SPRING)) {
			for (String kind : List.of("HIT", "MISS")) {
				WorkerJvm worker = lab.worker(peer);
				worker.call(Calls.class, "calls", kind, Payload.MEDIUM, THREADS, lab.choose(2000, 500));
				Map<String, Integer> samples = new LinkedHashMap<>();
				// A busy machine, or a slow one, needs longer.
				for (int attempt = 0; attempt < 4 && sum(samples) < lab.choose(1000, 100); attempt++) {
					Map<?, ?> more = worker.call(Map.class, "shares", kind, Payload.MEDIUM, THREADS,
							lab.choose(5000, 2000));
					more.forEach(
							(part, count) -> samples.merge(part.toString(), ((Number) count).intValue(), Integer::sum));
					lab.flush();
				}
				int all = Math.max(sum(samples), 1);
				samples.forEach((part, count) -> rows.computeIfAbsent(part, (key) -> new ArrayList<>())
					.add(String.format(Locale.ROOT, "%.0f %%", 100.0 * count / all)));
				rows.computeIfAbsent("samples", (key) -> new ArrayList<>()).add(Integer.toString(all));
				report.data(peer.id() + "-" + kind, samples);
			}
		}
		Table table = new Table("Share of the samples, 5 KB, " + THREADS + " threads", "", "hit", "miss",
				"hit of " + Peer.SPRING.label(), "miss of " + Peer.SPRING.label());
		rows.forEach((part, cells) -> {
			cells.add(0, part);
			table.row(cells.toArray(String[]::new));
		});
		return report.table(table)
			.remark("Samples of threads that run Java code, every 10 ms. A sample counts for the part that its innermost "
					+ "frame belongs to. Waiting, and what the system does for sockets, is in none.");
	}

	private static int sum(Map<String, Integer> samples) {
		return samples.values().stream().mapToInt(Integer::intValue).sum();
	}

}
