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
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import dev.cachestarter.benchmark.Figure;
import dev.cachestarter.benchmark.Lab;
import dev.cachestarter.benchmark.Lab.JavaProcess;
import dev.cachestarter.benchmark.Report;
import dev.cachestarter.benchmark.Sample;
import dev.cachestarter.benchmark.Table;
import dev.cachestarter.benchmark.start.StartApplication;

/**
 * How long an application takes to start, from {@code java} to ready, and to its first
 * cached call.
 */
final class StartFigure implements Figure {

	/** Libraries that only the benchmark has. */
	private static final List<String> OTHERS = List.of("jetcache", "fastjson2", "kryo", "redisson", "rxjava", "jmh",
			"jopt-simple", "commons-math3", "cache-api", "embedded-redis", "reflectasm", "objenesis", "minlog", "jodd",
			"guava");

	private static final Set<String> OF_THE_STARTER = Set.of("resilience4j", "lz4-java", "caffeine");

	@Override
	public String name() {
		return "start";
	}

	@Override
	public String title() {
		return "The start of an application with twenty cached methods";
	}

	@Override
	public Report measure(Lab lab) throws IOException {
		lab.closeWorkers();
		Map<Variant, List<Start>> starts = new EnumMap<>(Variant.class);
		int rounds = lab.choose(7, 2);
		List<Variant> variants = new ArrayList<>(List.of(Variant.values()));
		if (lab.isBrief()) {
			variants.remove(Variant.NONE);
		}
		// The first fills the system's caches of files, and is thrown away.
		for (int round = 0; round <= rounds; round++) {
			for (Variant variant : variants) {
				Start start = start(lab, variant);
				if (round > 0) {
					starts.computeIfAbsent(variant, (key) -> new ArrayList<>()).add(start);
				}
			}
			Collections.rotate(variants, -1);
		}
		Table table = new Table("The start of an application with twenty cached methods", "", "ready after (ms)",
				"more than Boot's Redis cache (ms)", "first cached call after that (ms)", "both together, more (ms)");
		Report report = new Report().table(table);
		List<Start> boot = starts.getOrDefault(Variant.BOOT, List.of());
		starts.forEach((variant, of) -> {
			Sample ready = Sample.of(of.stream().map(Start::readyMillis).toList());
			List<Double> more = new ArrayList<>();
			List<Double> moreTogether = new ArrayList<>();
			for (int round = 0; round < of.size(); round++) {
				double difference = of.get(round).readyMillis() - boot.get(round).readyMillis();
				more.add(difference);
				moreTogether.add(difference + of.get(round).callMillis() - boot.get(round).callMillis());
			}
			Sample call = Sample.of(of.stream().map(Start::callMillis).toList());
			boolean compared = variant != Variant.BOOT;
			table.row(variant.label, ready.text(), compared ? Sample.of(more).text() : "", call.text(),
					compared ? Sample.of(moreTogether).text() : "");
			if (variant == Variant.STARTER) {
				report.goal("start of an application",
						Sample.number(Sample.of(more).median()) + " ms more than Boot's own Redis cache, "
								+ Sample.number(Sample.of(moreTogether).median()) + " ms with the first call",
						"at most 150 ms more");
			}
			report.data(variant.name(),
					Map.of("readyMillis", ready, "moreMillis", Sample.of(more), "callMillis", call));
		});
		return report.remark("Medians of " + rounds + " starts, quartiles in parentheses; differences are of the same "
				+ "round. The starter connects while it starts, Boot's cache at its first call.");
	}

	private static Start start(Lab lab, Variant variant) throws IOException {
		long begun = System.nanoTime();
		try (JavaProcess java = lab.java((file) -> variant.has(Path.of(file)),
				List.of(StartApplication.class.getName(), "--spring.main.banner-mode=off",
						"--spring.data.redis.host=" + lab.redisHost(), "--spring.data.redis.port=" + lab.redisPort(),
						"--spring.cache.type=" + ((variant == Variant.NONE) ? "none" : "redis")))) {
			java.await(StartApplication.STARTED);
			long started = System.nanoTime();
			java.await(StartApplication.CALLED);
			return new Start((started - begun) / 1e6, (System.nanoTime() - started) / 1e6);
		}
	}

	private record Start(double readyMillis, double callMillis) {

	}

	private enum Variant {

		STARTER("cache-starter"), BOOT("Boot's own Redis cache"), NONE("no cache");

		private final String label;

		Variant(String label) {
			this.label = label;
		}

		boolean has(Path file) {
			String name = file.getFileName().toString();
			if (OTHERS.stream().anyMatch(name::startsWith)) {
				return false;
			}
			boolean starters = file.endsWith(Path.of("cache-starter", "target", "classes"))
					|| name.matches("cache-starter-\\d.*[.]jar") || OF_THE_STARTER.stream().anyMatch(name::startsWith);
			return this == STARTER || !starters;
		}

	}

}
