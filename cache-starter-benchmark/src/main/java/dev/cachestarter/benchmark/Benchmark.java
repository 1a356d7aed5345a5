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

package dev.cachestarter.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

import dev.cachestarter.benchmark.figure.Figures;

/**
 * Measures what the cache costs, beside others, and prints it:
 *
 * <pre>
 * mvn -q -Pbenchmark spring-boot:run                            all figures
 * mvn -q -Pbenchmark spring-boot:run -Dbenchmark=short          all but the longest, in a short form
 * mvn -q -Pbenchmark spring-boot:run -Dbenchmark="hits misses"  some, by their names
 * mvn -q -Pbenchmark spring-boot:run -Dbenchmark="hits short"   one, in its short form
 * mvn -q -Pbenchmark spring-boot:run -Dbenchmark="all page"     all, and the documentation gets the new tables
 * </pre>
 *
 * Tables and numbers are written to {@code target/benchmark}, too.
 */
public final class Benchmark {

	private static final String ALL = "all";

	private static final String SHORT = "short";

	private static final String PAGE = "page";

	private static final int LIMIT_MINUTES = 60;

	private static final Path DIRECTORY = Path.of("target", "benchmark").toAbsolutePath();

	private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

	private final boolean brief;

	private final List<Figure> figures;

	private final List<String> failures = new ArrayList<>();

	private final Table goals = new Table("", "figure", "measured", "goal");

	private final Table comparisons = new Table("", "", "cache-starter", "Spring's Redis cache, tuned");

	private final List<Page> pages;

	private Benchmark(boolean brief, List<Page> pages, List<Figure> figures) {
		this.brief = brief;
		this.pages = pages;
		this.figures = figures;
	}

	public static void main(String[] arguments) throws Exception {
		Set<String> words = new TreeSet<>(Arrays.asList(String.join(" ", arguments).trim().split("\\s+")));
		words.removeAll(Set.of("", ALL));
		boolean brief = words.remove(SHORT);
		List<Page> pages = words.remove(PAGE)
				? List.of(new Page(ROOT.resolve("README.md")), new Page(ROOT.resolve("docs/performance.md")))
				: List.of();
		List<String> names = Figures.ALL.stream().map(Figure::name).toList();
		if (!names.containsAll(words)) {
			words.removeAll(Set.copyOf(names));
			System.err.println("There is no figure " + words + ". Figures: " + names + "; and '" + ALL + "', '" + SHORT
					+ "' for a short form, '" + PAGE + "' to update the documentation.");
			System.exit(2);
		}
		Benchmark benchmark = new Benchmark(brief, pages, Figures.ALL.stream()
			.filter((figure) -> words.isEmpty() ? (!brief || figure.isInShortForm()) : words.contains(figure.name()))
			.toList());
		benchmark.run();
		System.exit(benchmark.failures.isEmpty() ? 0 : 1);
	}

	/** End, whatever hangs. What was measured until then is in the files. */
	private static void limit() {
		Thread thread = new Thread(() -> {
			try {
				TimeUnit.MINUTES.sleep(LIMIT_MINUTES);
			}
			catch (InterruptedException ex) {
				return;
			}
			System.err.println("Not done after " + LIMIT_MINUTES + " minutes.");
			System.exit(1);
		}, "time-limit");
		thread.setDaemon(true);
		thread.start();
	}

	private void run() throws IOException, InterruptedException {
		limit();
		Files.createDirectories(DIRECTORY);
		long begun = System.nanoTime();
		try (RedisProcess redis = RedisProcess.start(DIRECTORY); Lab lab = new Lab(redis, DIRECTORY, this.brief)) {
			Map<String, Object> machine = machine(redis);
			StringBuilder markdown = new StringBuilder();
			String where = "Measured with " + words(machine) + ".\n";
			print(markdown, where);
			set("machine", where);
			Map<String, Object> data = new LinkedHashMap<>();
			data.put("machine", machine);
			for (Figure figure : this.figures) {
				measure(figure, lab, markdown, data);
				if (figure.equals(this.figures.get(this.figures.size() - 1))) {
					print(markdown, "## Goals\n\n" + this.goals + "\n" + this.comparisons);
				}
				Files.writeString(DIRECTORY.resolve("benchmark.md"), markdown);
				Files.writeString(DIRECTORY.resolve("benchmark.json"),
						JsonMapper.builder()
							.enable(SerializationFeature.INDENT_OUTPUT)
							.build()
							.writeValueAsString(data));
			}
		}
		if (!this.goals.isEmpty()) {
			set("goals", this.goals.toString());
			set("comparison", this.comparisons.toString());
		}
		for (Page page : this.pages) {
			page.write();
		}
		System.out.println("Took " + Duration.ofNanos(System.nanoTime() - begun).toSeconds() + " s. In "
				+ DIRECTORY.resolve("benchmark.md") + " and benchmark.json, too.");
		this.failures.forEach((failure) -> System.out.println("FAILED: " + failure));
	}

	private void measure(Figure figure, Lab lab, StringBuilder markdown, Map<String, Object> data) {
		long begun = System.nanoTime();
		System.out.println("... " + figure.name());
		try {
			Report report = figure.measure(lab);
			print(markdown, "## " + figure.title() + "\n\n`mvn -q -Pbenchmark spring-boot:run -Dbenchmark="
					+ figure.name() + "`\n\n" + report.markdown());
			data.put(figure.name(), report.data());
			report.goals().forEach(this.goals::row);
			report.comparisons().forEach(this.comparisons::row);
			set(figure.name(), report.markdown());
		}
		catch (Exception ex) {
			// The others are worth having all the same.
			ex.printStackTrace();
			this.failures.add(figure.name() + ": " + ex);
		}
		System.out.println("... took " + Duration.ofNanos(System.nanoTime() - begun).toSeconds() + " s");
	}

	private void set(String place, String text) {
		this.pages.forEach((page) -> page.set(place, text));
	}

	private static void print(StringBuilder markdown, String text) {
		System.out.println(text);
		markdown.append(text).append('\n');
	}

	private Map<String, Object> machine(RedisProcess redis) {
		Map<String, Object> machine = new LinkedHashMap<>();
		machine.put("processors", Runtime.getRuntime().availableProcessors());
		machine.put("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
		machine.put("java", Runtime.version().toString());
		machine.put("redis", redis.version());
		machine.put("form", this.brief ? SHORT : "full");
		return machine;
	}

	private static String words(Map<String, Object> machine) {
		return String.format(Locale.ROOT, "%s processors, %s, Java %s, Redis %s; %s form", machine.get("processors"),
				machine.get("system"), machine.get("java"), machine.get("redis"), machine.get("form"));
	}

}
