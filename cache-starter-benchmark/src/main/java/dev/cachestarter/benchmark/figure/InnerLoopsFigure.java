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

import java.util.Collection;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

import dev.cachestarter.benchmark.Figure;
import dev.cachestarter.benchmark.Lab;
import dev.cachestarter.benchmark.Report;
import dev.cachestarter.benchmark.Sample;
import dev.cachestarter.benchmark.Table;
import dev.cachestarter.benchmark.inner.HeaderBenchmark;
import dev.cachestarter.benchmark.inner.KeyBenchmark;
import dev.cachestarter.benchmark.inner.ValueBenchmark;

/**
 * The inner loops alone, by JMH.
 */
final class InnerLoopsFigure implements Figure {

	private static final String ALLOCATED = "gc.alloc.rate.norm";

	@Override
	public String name() {
		return "inner-loops";
	}

	@Override
	public String title() {
		return "Inner loops";
	}

	@Override
	public boolean isInShortForm() {
		return false;
	}

	@Override
	public Report measure(Lab lab) throws RunnerException {
		// Other runs on this machine are for whoever runs it to avoid.
		System.setProperty("jmh.ignoreLock", "true");
		TimeValue time = TimeValue.milliseconds(lab.choose(500, 250));
		OptionsBuilder options = new OptionsBuilder();
		options.include(KeyBenchmark.class.getName())
			.include(HeaderBenchmark.class.getName())
			.include(lab.isBrief() ? ValueBenchmark.class.getName() + ".*Reads" : ValueBenchmark.class.getName())
			.mode(Mode.AverageTime)
			.timeUnit(TimeUnit.NANOSECONDS)
			.forks(1)
			.warmupIterations(lab.choose(3, 4))
			.warmupTime(time)
			.measurementIterations(lab.choose(5, 3))
			.measurementTime(time)
			.addProfiler(GCProfiler.class)
			.verbosity(VerboseMode.SILENT);
		Collection<RunResult> results = new Runner(options.build()).run();
		Table table = new Table("Inner loops", "", "time (µs)", "error (µs)", "allocated (bytes)");
		Report report = new Report().table(table);
		for (RunResult result : results) {
			String[] name = result.getParams().getBenchmark().split("[.]");
			String label = name[name.length - 2].replace("Benchmark", "") + ", " + name[name.length - 1];
			Result<?> primary = result.getPrimaryResult();
			Result<?> allocated = result.getSecondaryResults().get(ALLOCATED);
			table.row(label, Sample.number(primary.getScore() / 1e3), Sample.number(primary.getScoreError() / 1e3),
					(allocated != null) ? Sample.number(allocated.getScore()) : "");
			report.data(label, Map.of("nanos", primary.getScore(), "error", primary.getScoreError(), "bytes",
					(allocated != null) ? allocated.getScore() : -1));
		}
		if (results.isEmpty()) {
			throw new IllegalStateException("JMH has found no benchmarks");
		}
		return report.remark("JMH, average time with its 99.9 % error. Values are lists of 20 agents.");
	}

}
