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
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;

import dev.cachestarter.benchmark.Figure;
import dev.cachestarter.benchmark.Lab;
import dev.cachestarter.benchmark.Report;
import dev.cachestarter.benchmark.Sample;
import dev.cachestarter.benchmark.Table;
import dev.cachestarter.benchmark.WorkerJvm;
import dev.cachestarter.benchmark.peer.Peer;
import dev.cachestarter.benchmark.worker.Calls;

/**
 * What tags cost: a hit on an entry that carries three beside one on an entry that
 * carries none, and the eviction of a tag that very many entries carry. The hits are
 * measured in turn, the order changes from round to round, and what is compared was
 * measured in the same round. The entries of an eviction are stored again before the
 * next, so that each eviction is of a tag that all of them carry.
 */
final class TagsFigure implements Figure {

	private static final List<Integer> THREADS = List.of(1, 16);

	private static final int PORTION = 5_000;

	/** The one that each tagged entry carries. */
	private static final String TAG = "agents";

	private static final String SEED = "agents:tagged:seed:0";

	/**
	 * Copies of an entry with its header and its tags, but for the value: twenty agents a
	 * million times would not fit into memory, and an eviction reads no value.
	 */
	private static final String FILL = """
			local length = tonumber(redis.call('GETRANGE', KEYS[1], 151, 156))
			local value = redis.call('GETRANGE', KEYS[1], 0, 157 + length) .. '[]'
			for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do
				redis.call('SET', 'agents:tagged:seed:' .. i, value, 'PX', 3600000)
			end
			""";

	@Override
	public String name() {
		return "tags";
	}

	@Override
	public String title() {
		return "Tags";
	}

	@Override
	public Report measure(Lab lab) throws IOException, InterruptedException {
		Report report = new Report();
		hits(lab, report);
		lab.flush();
		eviction(lab, report);
		lab.flush();
		return report;
	}

	private static void hits(Lab lab, Report report) throws IOException {
		WorkerJvm worker = lab.worker(Peer.STARTER);
		Map<Integer, List<Calls>> tagged = new LinkedHashMap<>();
		Map<Integer, List<Calls>> plain = new LinkedHashMap<>();
		int rounds = lab.choose(9, 5);
		// The first shows how fast a JVM warms up, and is thrown away.
		for (int round = 0; round <= rounds; round++) {
			for (int threads : THREADS) {
				int millis = lab.choose((round == 0) ? 4000 : 1000, (round == 0) ? 2000 : 500);
				for (boolean withTags : (round % 2 == 0) ? List.of(true, false) : List.of(false, true)) {
					Calls calls = worker.call(Calls.class, "tagged", withTags, threads, millis);
					if (round > 0) {
						(withTags ? tagged : plain).computeIfAbsent(threads, (key) -> new ArrayList<>()).add(calls);
					}
				}
			}
		}
		Table table = new Table("Hit, 5 KB", "threads", "without tags: calls a second", "p50 (µs)", "processor (µs)",
				"with 3 tags: calls a second", "p50 (µs)", "processor (µs)", "as fast");
		List<Sample> ratios = new ArrayList<>();
		for (int threads : THREADS) {
			List<Calls> with = tagged.getOrDefault(threads, List.of());
			List<Calls> without = plain.getOrDefault(threads, List.of());
			Sample ratio = Sample.ratio(sample(with, Calls::perSecond), sample(without, Calls::perSecond));
			table.row(Integer.toString(threads), number(without, Calls::perSecond),
					number(without, (calls) -> calls.median() / 1e3), number(without, Calls::processorMicros),
					number(with, Calls::perSecond), number(with, (calls) -> calls.median() / 1e3),
					number(with, Calls::processorMicros), ratio.text());
			report.data("hit-" + threads, Map.of("asFast", ratio, "tagged", with, "plain", without));
			ratios.add(ratio);
		}
		report.table(table)
			.remark("Medians of " + rounds + " rounds, quartiles in parentheses; 'as fast' is calls a second with tags "
					+ "divided by those without, of the same round.");
		long loads = tagged.values().stream().flatMap(List::stream).mapToLong(Calls::loads).sum()
				+ plain.values().stream().flatMap(List::stream).mapToLong(Calls::loads).sum();
		if (loads > 0) {
			report.remark("**" + loads + " calls were no hits.**");
		}
		report.goal("hit with 3 tags, 5 KB, 1 / 16 threads",
				ratios.stream().map((ratio) -> Sample.number(ratio.median())).collect(Collectors.joining(" / "))
						+ " x one without",
				"0.9 x");
	}

	private static void eviction(Lab lab, Report report) throws IOException, InterruptedException {
		WorkerJvm worker = lab.worker(Peer.STARTER);
		int entries = lab.choose(1_000_000, 100_000);
		int rounds = lab.choose(7, 5);
		int warmUp = lab.choose(3000, 1500);
		List<Double> millis = new ArrayList<>();
		try (StatefulRedisConnection<String, String> redis = lab.connect(Peer.STARTER)) {
			worker.call(Long.class, "evict-tag-for", "warm-up", warmUp);
			for (int round = 0; round <= rounds; round++) {
				fill(worker, redis, entries);
				expectLoads(worker, entries - 1, 0);
				long nanos = worker.call(Long.class, "evict-tag", TAG);
				expectLoads(worker, entries - 1, 1);
				if (round > 0) {
					millis.add(nanos / 1e6);
				}
			}
		}
		Sample sample = Sample.of(millis);
		String count = String.format(Locale.ROOT, "%,d", entries);
		report.table(new Table("Evicting a tag", "entries that carry it", "time (ms)").row(count, sample.text()))
			.remark("Medians of " + rounds + " evictions, quartiles in parentheses, after " + warmUp / 1000.0
					+ " s of evictions that are not counted. Before each, all entries are stored again; before and after it, one of them is read.")
			.data("eviction-" + entries, sample)
			.goal("a tag evicted that " + count + " entries carry", Sample.number(sample.median()) + " ms", "1.5 ms");
	}

	private static void fill(WorkerJvm worker, StatefulRedisConnection<String, String> redis, int entries)
			throws InterruptedException {
		worker.call(Long.class, "load-tagged", "seed", 0);
		long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
		// It is stored a moment after it is loaded.
		while (!"cs3 v".equals(redis.sync().getrange(SEED, 0, 4))) {
			if (System.nanoTime() - deadline > 0) {
				throw new IllegalStateException("No entry '" + SEED + "'; there is " + redis.sync().keys("*"));
			}
			TimeUnit.MILLISECONDS.sleep(10);
		}
		for (int begin = 1; begin < entries; begin += PORTION) {
			redis.sync()
				.eval(FILL, ScriptOutputType.STATUS, new String[] { SEED }, Integer.toString(begin),
						Integer.toString(Math.min(begin + PORTION, entries) - 1));
		}
	}

	/** One of the entries is a hit before the eviction, and a miss after it. */
	private static void expectLoads(WorkerJvm worker, int page, long expected) {
		long loads = worker.call(Long.class, "load-tagged", "seed", page);
		if (loads != expected) {
			throw new IllegalStateException(loads + " loads instead of " + expected + " for 'seed', " + page);
		}
	}

	private static Sample sample(List<Calls> calls, ToDoubleFunction<Calls> what) {
		return Sample.of(calls.stream().map(what::applyAsDouble).toList());
	}

	private static String number(List<Calls> calls, ToDoubleFunction<Calls> what) {
		return Sample.number(sample(calls, what).median());
	}

}
