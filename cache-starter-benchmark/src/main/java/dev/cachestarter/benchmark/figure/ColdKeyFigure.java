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
import java.util.function.Function;

import dev.cachestarter.benchmark.Figure;
import dev.cachestarter.benchmark.Lab;
import dev.cachestarter.benchmark.Report;
import dev.cachestarter.benchmark.Sample;
import dev.cachestarter.benchmark.Table;
import dev.cachestarter.benchmark.WorkerJvm;
import dev.cachestarter.benchmark.peer.Peer;
import dev.cachestarter.benchmark.worker.ColdCalls;

/**
 * How often a key is loaded that many want at once, in several instances, and how long
 * they wait for it.
 */
final class ColdKeyFigure implements Figure {

	static final int CALLERS = 32;

	static final int LOAD_MILLIS = 100;

	private static final int INSTANCES = 4;

	/** Time for all JVMs to be ready. */
	private static final int AHEAD_MILLIS = 60;

	@Override
	public String name() {
		return "cold-key";
	}

	@Override
	public String title() {
		return "A cold key that " + INSTANCES + " instances with " + CALLERS + " callers each want at once";
	}

	@Override
	public Report measure(Lab lab) throws IOException {
		// Their threads would be in the way, and their memory.
		lab.closeWorkers();
		List<Group> groups = new ArrayList<>();
		try {
			groups.add(Group.open(lab, Peer.STARTER, 1, INSTANCES));
			groups.add(Group.open(lab, Peer.STARTER, INSTANCES, 1));
			groups.add(Group.open(lab, Peer.SPRING, 1, INSTANCES));
			if (!lab.isBrief()) {
				groups.add(Group.open(lab, Peer.JETCACHE, 1, INSTANCES));
				groups.add(Group.open(lab, Peer.REDISSON, 1, INSTANCES));
			}
			List<Variant> variants = new ArrayList<>();
			for (Group group : groups) {
				variants.add(new Variant(group, false));
				variants.add(new Variant(group, true));
			}
			Map<Variant, List<Round>> rounds = run(lab, variants, lab.choose(15, 6));
			return report(rounds);
		}
		finally {
			groups.forEach(Group::close);
			lab.flush();
		}
	}

	/**
	 * Let variants have cold keys, in turn, in an order that rotates.
	 */
	static Map<Variant, List<Round>> run(Lab lab, List<Variant> variants, int rounds) {
		Map<Variant, List<Round>> measured = new LinkedHashMap<>();
		int page = 0;
		int warmUp = lab.choose(4, 2);
		for (int round = 0; round < warmUp + rounds; round++) {
			for (int turn = 0; turn < variants.size(); turn++) {
				Variant variant = variants.get((turn + round) % variants.size());
				Round calls = variant.run(++page);
				if (round >= warmUp) {
					measured.computeIfAbsent(variant, (key) -> new ArrayList<>()).add(calls);
				}
			}
		}
		return measured;
	}

	private static Report report(Map<Variant, List<Round>> rounds) {
		Table table = new Table(
				INSTANCES + " instances with " + CALLERS + " callers each, load of " + LOAD_MILLIS + " ms", "", "loads",
				"p50 (ms)", "p99 (ms)");
		Report report = new Report().table(table);
		rounds.forEach((variant, of) -> {
			table.row(variant.label(), loads(of), Sample.number(quantile(of, 0.5)), quantilePerRound(of, 0.99).text());
			report.data(variant.id(), Map.of("loads", of.stream().map(Round::loads).toList(), "p50Millis",
					quantile(of, 0.5), "p99Millis", quantilePerRound(of, 0.99)));
		});
		goals(report, rounds);
		return report.remark("Medians of " + rounds.values().iterator().next().size()
				+ " rounds; of the 99th percentile of each round, quartiles in parentheses. All loads of all instances.")
			.remark("'sync' is `@Cacheable(sync = true)`, for JetCache `@CachePenetrationProtect`.");
	}

	private static void goals(Report report, Map<Variant, List<Round>> rounds) {
		List<String> p99 = new ArrayList<>();
		List<String> processes = new ArrayList<>();
		List<String> loads = new ArrayList<>();
		String spring = "";
		for (Map.Entry<Variant, List<Round>> entry : rounds.entrySet()) {
			Variant variant = entry.getKey();
			if (variant.group().peer() == Peer.STARTER) {
				loads.add(loads(entry.getValue()));
				(variant.group().workers().size() > 1 ? processes : p99)
					.add(Sample.number(quantilePerRound(entry.getValue(), 0.99).median()));
			}
			else if (variant.group().peer() == Peer.SPRING && variant.inTurn()) {
				spring = loads(entry.getValue()) + " (sync)";
			}
		}
		report.goal(
				"cold key, " + INSTANCES + " instances with " + CALLERS + " callers, load of " + LOAD_MILLIS + " ms",
				String.join(" / ", loads) + " loads; p99 " + String.join(" / ", p99) + " ms plain / sync, "
						+ String.join(" / ", processes) + " ms with " + INSTANCES + " processes",
				"1 load; p99 125 ms at both, 150 ms with " + INSTANCES + " processes");
		report.comparison(
				"loads of a cold key that " + INSTANCES + " instances with " + CALLERS + " callers want at once",
				loads.get(0), spring);
	}

	static String loads(List<Round> rounds) {
		long median = Math.round(Sample.quantile(numbers(rounds, (round) -> (double) round.loads()), 0.5));
		long most = rounds.stream().mapToLong(Round::loads).max().orElse(0);
		return (median == most) ? Long.toString(median) : median + ", at most " + most;
	}

	static double quantile(List<Round> rounds, double share) {
		return Sample.quantile(rounds.stream().flatMap((round) -> round.millis().stream()).toList(), share);
	}

	static Sample quantilePerRound(List<Round> rounds, double share) {
		return Sample.of(numbers(rounds, (round) -> Sample.quantile(round.millis(), share)));
	}

	private static List<Double> numbers(List<Round> rounds, Function<Round, Double> what) {
		return rounds.stream().map(what).toList();
	}

	/**
	 * What came of one key.
	 *
	 * @param loads how often it was loaded, in all instances
	 * @param millis how long each caller waited
	 */
	record Round(long loads, List<Double> millis) {

	}

	/**
	 * Instances of a peer.
	 *
	 * @param peer the peer
	 * @param workers their JVMs
	 * @param instances how many there are in each JVM
	 */
	record Group(Peer peer, List<WorkerJvm> workers, int instances) implements AutoCloseable {

		static Group open(Lab lab, Peer peer, int processes, int instances) throws IOException {
			return new Group(peer, lab.startWorkers(peer, processes, instances), instances);
		}

		@Override
		public void close() {
			this.workers.forEach(WorkerJvm::close);
		}

	}

	/**
	 * How a key is asked for, and by whom.
	 *
	 * @param group the instances
	 * @param inTurn whether with what the peer has against many loads of a key
	 */
	record Variant(Group group, boolean inTurn) {

		String label() {
			int processes = this.group.workers().size();
			return this.group.peer().label() + (this.inTurn ? ", sync" : "")
					+ ((processes > 1) ? ", " + processes + " processes" : "");
		}

		String id() {
			return this.group.peer().id() + (this.inTurn ? "-sync" : "") + "-" + this.group.workers().size() + "x"
					+ this.group.instances();
		}

		Round run(int page) {
			long beginAt = System.currentTimeMillis() + AHEAD_MILLIS;
			this.group.workers()
				.forEach((worker) -> worker.send("cold", this.inTurn, page, CALLERS, LOAD_MILLIS, beginAt));
			long loads = 0;
			List<Double> millis = new ArrayList<>();
			for (WorkerJvm worker : this.group.workers()) {
				ColdCalls calls = worker.answer(ColdCalls.class);
				loads += calls.loads();
				calls.nanos().forEach((nanos) -> millis.add(nanos / 1e6));
			}
			return new Round(loads, millis);
		}

	}

}
