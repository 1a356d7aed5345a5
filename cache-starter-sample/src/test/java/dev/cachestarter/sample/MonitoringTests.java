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

package dev.cachestarter.sample;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.FileSystemResource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests what the sample shows to its operators, and that the dashboard and the alert
 * rules in {@code docs} name no meter, tag or value that is not in its scrape.
 */
@SampleTest
class MonitoringTests {

	private static final Path DOCS = Path.of("..", "docs");

	private static final Pattern SERIES = Pattern.compile("(?m)^([a-z_]+)(?:\\{(.*)})? \\S+$");

	private static final Pattern LABEL = Pattern.compile("([a-z_]+)\\s*(=~|!=|!~|=)\\s*\"([^\"]*)\"");

	private static final Pattern METRIC = Pattern.compile("\\b(cache_[a-z_]+)(?:\\{([^}]*)})?(?=[\\s)\\[>=]|$)");

	private static final Pattern BY = Pattern.compile("\\bby \\(([^)]*)\\)");

	/** What Prometheus adds to each series by itself. */
	private static final Set<String> ADDED = Set.of("instance", "job");

	private final HttpClient client = HttpClient.newHttpClient();

	private final Api api;

	private final int port;

	MonitoringTests(@LocalServerPort int port) {
		this.port = port;
		this.api = new Api(port);
	}

	@BeforeEach
	void use() {
		for (int call = 0; call < 2; call++) {
			assertThat(this.api.get("org-150", "/api/agents").status()).isEqualTo(200);
		}
	}

	@Test
	void theDashboardNamesOnlyWhatIsScraped() throws IOException {
		JsonNode dashboard = JsonMapper.shared().readTree(Files.readString(DOCS.resolve("grafana-dashboard.json")));
		List<String> expressions = new ArrayList<>();
		for (JsonNode panel : dashboard.get("panels")) {
			panel.get("targets").forEach((target) -> expressions.add(target.get("expr").asString()));
		}
		dashboard.get("templating").get("list").forEach((variable) -> {
			Matcher query = Pattern.compile("label_values\\((\\w+), (\\w+)\\)")
				.matcher(variable.path("definition").asString(""));
			if (query.matches()) {
				expressions.add("sum by (" + query.group(2) + ") (" + query.group(1) + ")");
			}
		});

		assertThat(expressions).hasSizeGreaterThan(20).allSatisfy(this::isScraped);
	}

	@Test
	void theAlertRulesNameOnlyWhatIsScraped() throws IOException {
		List<String> expressions = new ArrayList<>();
		for (PropertySource<?> source : new YamlPropertySourceLoader().load("alerts",
				new FileSystemResource(DOCS.resolve("prometheus-alerts.yml")))) {
			for (String name : ((EnumerablePropertySource<?>) source).getPropertyNames()) {
				if (name.endsWith(".expr")) {
					expressions.add(String.valueOf(source.getProperty(name)));
				}
			}
		}

		assertThat(expressions).hasSize(10).allSatisfy(this::isScraped);
	}

	@Test
	void everyMeterOfTheStarterIsOnTheDashboard() throws IOException {
		String dashboard = Files.readString(DOCS.resolve("grafana-dashboard.json"));

		Set<String> shown = new HashSet<>();
		scrape().keySet()
			.stream()
			.filter((name) -> name.startsWith("cache_starter_"))
			.map((name) -> name.replaceAll("_(count|sum|max|total|bytes|seconds)\\b", ""))
			.map((name) -> name.replaceAll("_(bytes|seconds)$", ""))
			.filter((name) -> !dashboard.contains(name))
			.forEach(shown::add);

		assertThat(shown).as("meters that no panel shows").isSubsetOf("cache_starter_failures", "cache_starter_sweeps");
	}

	@Test
	void operatorsSeeHealthMetersAndCaches() {
		assertThat(text("/actuator/health")).contains("cacheStarter");
		assertThat(text("/actuator/metrics/cache.starter.read")).contains("agents:list");
		assertThat(text("/actuator/caches")).contains("agents:list");
	}

	@Test
	void theEndpointShowsACacheAndKeysOfATenant() {
		assertThat(text("/actuator/cachestarter")).contains("\"agents:list\"", "\"degraded\":false");
		assertThat(text("/actuator/cachestarter/agents:list")).contains("cache-starter.caches.[agents:list].ttl");
		assertThat(text("/actuator/cachestarter/agents:list?group=org-150")).contains("org-150:");
	}

	@Test
	void anUnknownCacheIsNotFoundAndThoseThereAreAreNamed() {
		HttpResponse<String> answer = send("GET", "/actuator/cachestarter/agents");

		assertThat(answer.statusCode()).isEqualTo(404);
		assertThat(answer.body()).contains("agents:list");
	}

	@Test
	void theEndpointEvictsNothingUnlessItMay() {
		HttpResponse<String> answer = send("DELETE", "/actuator/cachestarter/agents:list?pattern=*");

		assertThat(answer.statusCode()).isEqualTo(405);
		assertThat(text("/actuator/cachestarter/agents:list?group=org-150")).contains("org-150:");
	}

	@Test
	void theEndpointChangesNoCacheUnlessItMay() {
		HttpResponse<String> answer = send("POST", "/actuator/cachestarter/agents:list");

		assertThat(answer.statusCode()).isEqualTo(405);
		assertThat(text("/actuator/cachestarter/agents:list")).contains("\"enabled\":{\"value\":true");
	}

	@Test
	void aHitIsCounted() {
		String hits = "cache_gets_total{cache=\"agents:list\",cache_manager=\"cacheManager\",name=\"agents:list\",result=\"hit\"}";
		await().untilAsserted(() -> {
			double before = value(hits);
			assertThat(this.api.get("org-150", "/api/agents").status()).isEqualTo(200);
			assertThat(value(hits)).isGreaterThan(before);
		});
	}

	private double value(String series) {
		return body().lines()
			.filter((line) -> line.startsWith(series))
			.map((line) -> Double.valueOf(line.substring(line.lastIndexOf(' ') + 1)))
			.findFirst()
			.orElse(0.0);
	}

	/** Each metric is there, with each label, and each value that is named as it is. */
	private void isScraped(String expression) {
		Map<String, Map<String, Set<String>>> scrape = scrape();
		List<MatchResult> metrics = METRIC.matcher(BY.matcher(expression).replaceAll("")).results().toList();
		assertThat(metrics).as(expression).isNotEmpty();
		Set<String> labels = new HashSet<>(ADDED);
		for (MatchResult metric : metrics) {
			Map<String, Set<String>> known = scrape.get(metric.group(1));
			assertThat(known).as("%s in %s", metric.group(1), expression).isNotNull();
			labels.addAll(Objects.requireNonNull(known).keySet());
			LABEL.matcher(Objects.requireNonNullElse(metric.group(2), "")).results().forEach((label) -> {
				assertThat(known).as(expression).containsKey(label.group(1));
				for (String value : label.group(3).split("\\|")) {
					if (!value.startsWith("$")) {
						assertThat(known.get(label.group(1))).as(expression).contains(value);
					}
				}
			});
		}
		BY.matcher(expression)
			.results()
			.forEach((by) -> assertThat(labels).as(expression).contains(by.group(1).split(", ")));
	}

	/** The labels of each metric, and their values. */
	private Map<String, Map<String, Set<String>>> scrape() {
		Map<String, Map<String, Set<String>>> metrics = new HashMap<>();
		SERIES.matcher(body()).results().forEach((series) -> {
			Map<String, Set<String>> labels = metrics.computeIfAbsent(series.group(1), (name) -> new HashMap<>());
			LABEL.matcher(Objects.requireNonNullElse(series.group(2), ""))
				.results()
				.forEach((label) -> labels.computeIfAbsent(label.group(1), (name) -> new HashSet<>())
					.add(label.group(3)));
		});
		return metrics;
	}

	private String body() {
		return text("/actuator/prometheus");
	}

	private String text(String path) {
		return send("GET", path).body();
	}

	private HttpResponse<String> send(String method, String path) {
		try {
			HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + this.port + path))
				.method(method, BodyPublishers.noBody())
				.build();
			return this.client.send(request, BodyHandlers.ofString());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
