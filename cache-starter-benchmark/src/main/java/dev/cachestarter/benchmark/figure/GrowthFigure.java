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

import io.lettuce.core.api.StatefulRedisConnection;

import dev.cachestarter.benchmark.Figure;
import dev.cachestarter.benchmark.Lab;
import dev.cachestarter.benchmark.Report;
import dev.cachestarter.benchmark.Sample;
import dev.cachestarter.benchmark.Table;
import dev.cachestarter.benchmark.WorkerJvm;
import dev.cachestarter.benchmark.figure.ColdKeyFigure.Group;
import dev.cachestarter.benchmark.figure.ColdKeyFigure.Round;
import dev.cachestarter.benchmark.figure.ColdKeyFigure.Variant;
import dev.cachestarter.benchmark.peer.Peer;
import dev.cachestarter.benchmark.worker.Calls;
import dev.cachestarter.benchmark.worker.Payload;

/**
 * How the cost of the starter grows with what there is more of. How it grows with the
 * size of values is in the figure of hits.
 */
final class GrowthFigure implements Figure {

	private static final int MILLIS = 500;

	private static final int ROUNDS = 5;

	@Override
	public String name() {
		return "growth";
	}

	@Override
	public String title() {
		return "How cost grows";
	}

	@Override
	public boolean isInShortForm() {
		return false;
	}

	@Override
	public Report measure(Lab lab) throws IOException {
		lab.closeWorkers();
		lab.flush();
		Report report = new Report();
		keysAndTenants(lab, report);
		instances(lab, report);
		lab.flush();
		return report;
	}

	private static void keysAndTenants(Lab lab, Report report) throws IOException {
		Map<String, List<Calls>> calls = new LinkedHashMap<>();
		try (WorkerJvm worker = lab.worker(Peer.STARTER);
				StatefulRedisConnection<String, String> redis = lab.connect(Peer.STARTER)) {
			for (String kind : List.of("HIT", "MISS", "MISS_OF_NEW_TENANT")) {
				worker.call(Calls.class, "calls", kind, Payload.MEDIUM, 1, 2 * MILLIS);
			}
			int filled = 0;
			for (int keys : List.of(1000, 100_000, 1_000_000)) {
				EvictionFigure.fill(worker, redis, Peer.STARTER, filled, keys);
				filled = keys;
				for (int round = 0; round <= ROUNDS; round++) {
					add(calls, round, worker, "HIT",
							String.format(Locale.ROOT, "hit among %,d keys of %,d tenants", keys, keys / 100));
				}
			}
			for (int round = 0; round <= ROUNDS; round++) {
				add(calls, round, worker, "MISS", "miss of a tenant that has entries");
				add(calls, round, worker, "MISS_OF_NEW_TENANT", "miss of a new tenant");
			}
		}
		finally {
			lab.closeWorkers();
		}
		Table table = new Table("Keys and tenants, 5 KB, 1 thread", "", "p50 (µs)", "p99 (µs)", "processor (µs)");
		calls.forEach((what, rounds) -> {
			Sample median = Sample.of(rounds.stream().map((round) -> round.median() / 1e3).toList());
			table.row(what, median.text(), Sample.of(rounds.stream().map((round) -> round.p99() / 1e3).toList()).text(),
					Sample.of(rounds.stream().map(Calls::processorMicros).toList()).text());
			report.data(what, rounds);
		});
		report.table(table);
	}

	private static void add(Map<String, List<Calls>> calls, int round, WorkerJvm worker, String kind, String what) {
		Calls measured = worker.call(Calls.class, "calls", kind, Payload.MEDIUM, 1, MILLIS);
		if (round > 0) {
			calls.computeIfAbsent(what, (key) -> new ArrayList<>()).add(measured);
		}
	}

	private static void instances(Lab lab, Report report) throws IOException {
		List<Group> groups = new ArrayList<>();
		try {
			List<Variant> variants = new ArrayList<>();
			for (int instances : List.of(1, 2, 4, 8)) {
				Group group = Group.open(lab, Peer.STARTER, 1, instances);
				groups.add(group);
				variants.add(new Variant(group, false));
			}
			Map<Variant, List<Round>> rounds = ColdKeyFigure.run(lab, variants, 10);
			Table table = new Table("A cold key, " + ColdKeyFigure.CALLERS + " callers in each instance, load of "
					+ ColdKeyFigure.LOAD_MILLIS + " ms", "instances", "loads", "p50 (ms)", "p99 (ms)");
			rounds.forEach((variant, of) -> {
				table.row(Integer.toString(variant.group().instances()), ColdKeyFigure.loads(of),
						Sample.number(ColdKeyFigure.quantile(of, 0.5)),
						ColdKeyFigure.quantilePerRound(of, 0.99).text());
				report.data("instances-" + variant.group().instances(), of.stream().map(Round::loads).toList());
			});
			report.table(table);
		}
		finally {
			groups.forEach(Group::close);
		}
	}

}
