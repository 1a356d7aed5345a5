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

import java.lang.management.ManagementFactory;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

import com.sun.management.OperatingSystemMXBean;

import org.springframework.context.annotation.Profile;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

import dev.cachestarter.CacheService;

/**
 * Measures the table. This application is the one with the cache. For the phase before it
 * another is started that has none, on the same database.
 */
@Component
@Profile("postgres")
public class Measurement {

	private final Requests requests;

	private final Twin.Starter twin;

	private final JdbcClient jdbc;

	private final CacheService cache;

	private final Environment environment;

	Measurement(Requests requests, Twin.Starter twin, JdbcClient jdbc, CacheService cache, Environment environment) {
		this.requests = requests;
		this.twin = twin;
		this.jdbc = jdbc;
		this.cache = cache;
		this.environment = environment;
	}

	/**
	 * Measure. The cache is empty at the beginning of its phase.
	 * @param plan how
	 * @return what came of it
	 */
	public Measured run(Plan plan) {
		awaitCache();
		double loadBefore = load();
		URI own = URI
			.create("http://127.0.0.1:" + this.environment.getRequiredProperty("local.server.port", Integer.class));
		Counted without;
		try (Twin uncached = this.twin.start()) {
			// Both before anything counts, as they share most of their code.
			Drive.warmUp(own, this.requests, plan);
			Drive.warmUp(uncached.address(), this.requests, plan);
			Drive drive = new Drive(uncached.address(), this.requests, plan);
			drive.skip(plan.settle());
			without = count(drive, plan);
		}
		this.cache.clear();
		Drive drive = new Drive(own, this.requests, plan);
		drive.run(plan.settle());
		Map<String, Measured.Ratio> before = ratios();
		Counted with = count(drive, plan);
		Map<String, Measured.Ratio> during = new HashMap<>();
		ratios()
			.forEach((name, ratio) -> during.put(name, ratio.since(before.getOrDefault(name, Measured.Ratio.NONE))));
		Set<Integer> hits = with.answers().hits();
		Phase phaseWithout = without.phase(hits, plan);
		Phase phaseWith = with.phase(hits, plan);
		return Measured.of(phaseWithout, phaseWith, during, this.requests.kinds(),
				notes(plan, phaseWithout, phaseWith, loadBefore));
	}

	private Counted count(Drive drive, Plan plan) {
		Statements before = Statements.read(this.jdbc);
		Drive.Answers answers = drive.run(plan.measured());
		return new Counted(answers, Statements.read(this.jdbc).since(before));
	}

	private void awaitCache() {
		long end = System.nanoTime() + Duration.ofMinutes(1).toNanos();
		while (!this.cache.isEnabled()) {
			if (System.nanoTime() > end) {
				throw new IllegalStateException("The cache does not reach its Redis, so there is nothing to measure");
			}
			LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
		}
	}

	private Map<String, Measured.Ratio> ratios() {
		Map<String, Measured.Ratio> ratios = new HashMap<>();
		this.cache.getStats()
			.caches()
			.forEach((name, counters) -> ratios.put(name, new Measured.Ratio(counters.hits(), counters.misses())));
		return ratios;
	}

	private List<String> notes(Plan plan, Phase without, Phase with, double loadBefore) {
		List<String> notes = new ArrayList<>();
		notes.add(String.format(Locale.ROOT,
				"%d requests a second at random times, seed %d, each phase %d s; with Redis from %d s after an empty cache; "
						+ "without cache %d reads and %d changes, with Redis %d and %d",
				plan.rate(), plan.seed(), plan.measured().toSeconds(), plan.settle().toSeconds(), without.reads(),
				without.changes(), with.reads(), with.changes()));
		notes.add(String.format(Locale.ROOT,
				"%.0f %% of the reads with Redis were hits; requests that failed in both: %d", 100 * with.hitShare(),
				without.failed() + with.failed()));
		notes.add(this.requests.rows());
		notes.add("PostgreSQL " + this.jdbc.sql("show server_version").query(String.class).single()
				+ ", queries by its " + "pg_stat_statements; Java " + System.getProperty("java.version") + ", "
				+ System.getProperty("os.name") + " " + System.getProperty("os.arch") + ", "
				+ Runtime.getRuntime().availableProcessors() + " processors and " + memory()
				+ " GB for all: clients, application, Redis and PostgreSQL");
		notes.add(String.format(Locale.ROOT, "load average before %.1f, after %.1f", loadBefore, load()));
		return notes;
	}

	private static long memory() {
		OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
		return Math.round(system.getTotalMemorySize() / 1e9);
	}

	private static double load() {
		return ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
	}

	/**
	 * What was counted in a phase.
	 */
	private record Counted(Drive.Answers answers, Statements statements) {

		Phase phase(Set<Integer> hits, Plan plan) {
			return Phase.of(this.answers, hits, this.statements, plan);
		}

	}

}
