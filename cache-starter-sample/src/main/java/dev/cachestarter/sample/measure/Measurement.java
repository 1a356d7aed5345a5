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
		Phase without;
		try (Twin uncached = this.twin.start()) {
			without = phase(plan, uncached.address(), () -> {
			});
		}
		this.cache.clear();
		Map<String, Measured.Ratio> before = new HashMap<>();
		URI own = URI
			.create("http://127.0.0.1:" + this.environment.getRequiredProperty("local.server.port", Integer.class));
		Phase with = phase(plan, own, () -> before.putAll(ratios()));
		Map<String, Measured.Ratio> during = new HashMap<>();
		ratios()
			.forEach((name, ratio) -> during.put(name, ratio.since(before.getOrDefault(name, Measured.Ratio.NONE))));
		return Measured.of(without, with, during, this.requests.kinds(), notes(plan, without, with, loadBefore));
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

	private Phase phase(Plan plan, URI address, Runnable warm) {
		try (Drive drive = new Drive(address, this.requests, plan)) {
			drive.run(plan.warmUp());
			warm.run();
			Statements before = Statements.read(this.jdbc);
			Drive.Answers answers = drive.run(plan.measured());
			return Phase.of(answers, Statements.read(this.jdbc).since(before), plan);
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
				"%d requests a second at random times, seed %d, each phase %d s after a warm-up of %d s; "
						+ "without cache %d reads and %d changes, with Redis %d and %d",
				plan.rate(), plan.seed(), plan.measured().toSeconds(), plan.warmUp().toSeconds(), without.reads(),
				without.changes(), with.reads(), with.changes()));
		notes.add(String.format(Locale.ROOT,
				"%.0f %% of the reads with Redis were hits; requests that failed: %d; left out: %d",
				100 * with.hitShare(), without.failed() + with.failed(), without.leftOut() + with.leftOut()));
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

}
