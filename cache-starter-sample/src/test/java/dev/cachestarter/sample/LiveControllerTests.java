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
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Scanner;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import dev.cachestarter.CacheService;
import dev.cachestarter.sample.live.OwnRedis;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.test.web.server.LocalServerPort;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Tests what the page is made of and what its buttons do, over HTTP.
 */
@LiveTest
class LiveControllerTests {

	private static final JsonMapper json = JsonMapper.shared();

	private final HttpClient client = HttpClient.newHttpClient();

	private final String address;

	private final OwnRedis redis;

	private final CacheService cache;

	LiveControllerTests(@LocalServerPort int port, OwnRedis redis, CacheService cache) {
		this.address = "http://localhost:" + port;
		this.redis = redis;
		this.cache = cache;
	}

	@AfterEach
	void repair() throws IOException {
		press("/api/live/load?rate=0");
		this.redis.become(OwnRedis.Condition.RUNNING);
		await().atMost(Duration.ofMinutes(1)).until(this.cache::isEnabled);
	}

	@Test
	void thePageIsMadeOfFilesFromHereAlone() {
		HttpResponse<String> page = get("/");

		assertThat(page.statusCode()).isEqualTo(200);
		assertThat(page.headers().firstValue("Content-Type").orElse("")).startsWith("text/html");
		assertThat(page.headers().firstValue("Content-Security-Policy").orElse(""))
			.contains("default-src 'none'", "script-src 'self'")
			.doesNotContain("unsafe");
		assertThat(page.body()).doesNotContain("<style", " style=", "javascript:", "http:", "https:")
			.doesNotContainPattern("\\son[a-z]+=");
		List<String> files = new ArrayList<>();
		Matcher matcher = Pattern.compile("(?:src|href)=\"(/[^\"]+)\"").matcher(page.body());
		while (matcher.find()) {
			files.add(matcher.group(1));
		}
		assertThat(files).contains("/page.js", "/page.css").hasSizeGreaterThanOrEqualTo(4);
		for (String file : files) {
			assertThat(get(file).statusCode()).as(file).isEqualTo(200);
		}
		assertThat(Pattern.compile("<script(?! src=)").matcher(page.body()).find()).isFalse();
	}

	@Test
	void thePageIsServedWhateverIsAccepted() {
		assertThat(send("GET", "/", "Accept", "text/plain").body()).contains("cache-starter at work");
	}

	@Test
	void otherMachinesFindNobodyHere() throws IOException {
		for (NetworkInterface network : Collections.list(NetworkInterface.getNetworkInterfaces())) {
			for (InetAddress own : Collections.list(network.getInetAddresses())) {
				if (!own.isLoopbackAddress() && !own.isLinkLocalAddress()) {
					assertThatExceptionOfType(ConnectException.class).as(own.toString())
						.isThrownBy(() -> new Socket(own, URI.create(this.address).getPort()).close());
				}
			}
		}
	}

	@Test
	void anAnswerTellsWhereItCameFrom() {
		long id = new Api(URI.create(this.address).getPort()).get("org-130", "/api/agents").number("/items/0/id");
		String path = "/api/agents/" + id + "/stats?orgId=org-130";

		String first = timing(path);
		String second = timing(path);
		String untold = get(path).headers().firstValue("Server-Timing").orElse("none");

		assertThat(first)
			.matches("agents-details;desc=\"database\";dur=[\\d.]+, agents-stats;desc=\"database\";dur=.*");
		assertThat(second).matches("agents-details;desc=\"redis\";dur=[\\d.]+, agents-stats;desc=\"redis\";dur=.*");
		assertThat(untold).isEqualTo("none");
	}

	@Test
	void aCacheIsSwitchedOffAndOnAgain() {
		HttpResponse<String> off = press("/api/live/cache/servers:list?enabled=false");
		boolean used = this.cache.getControl("servers:list").isEnabled();
		HttpResponse<String> on = press("/api/live/cache/servers:list?enabled=true");

		assertThat(off.body()).isEqualTo("{\"off\":[\"servers:list\"]}");
		assertThat(used).isFalse();
		assertThat(on.body()).isEqualTo("{\"off\":[]}");
		assertThat(this.cache.getControl("servers:list").isEnabled()).isTrue();
		assertThat(press("/api/live/cache/nothing?enabled=false").statusCode()).isEqualTo(404);
		assertThat(send("POST", "/api/live/cache/servers:list?enabled=false").statusCode()).isEqualTo(403);
	}

	@Test
	void secondsAreStreamedWithWhatHappenedInThem() throws Exception {
		List<JsonNode> ticks = new ArrayList<>();

		HttpResponse<InputStream> stream = stream();
		try (Scanner lines = new Scanner(stream.body())) {
			press("/api/live/load?rate=50");
			while (ticks.size() < 200 && lines.hasNextLine()) {
				String line = lines.nextLine();
				if (line.startsWith("data:{")) {
					JsonNode tick = json.readTree(line.substring(5));
					ticks.add(tick);
					if (tick.at("/queries").asLong() > 0 && tick.has("hitRatio") && tick.has("p95")
							&& tick.has("directP95") && tick.at("/queriesWithout").asDouble() > 0) {
						break;
					}
				}
			}
		}

		assertThat(stream.headers().firstValue("Content-Type").orElse("")).startsWith("text/event-stream");
		JsonNode last = ticks.get(ticks.size() - 1);
		assertThat(last.at("/up").asBoolean()).isTrue();
		assertThat(last.at("/redis").asString()).isEqualTo("RUNNING");
		assertThat(last.at("/rate").asInt()).isEqualTo(50);
		assertThat(last.at("/queries").asLong()).isPositive();
		assertThat(last.at("/errors").asLong()).isZero();
	}

	@Test
	void oneMoreSubscriberThanThereMayBeIsRefused() throws Exception {
		List<HttpResponse<InputStream>> streams = new ArrayList<>();
		try {
			HttpResponse<InputStream> next = stream();
			while (next.statusCode() == 200 && streams.size() < 100) {
				streams.add(next);
				next = stream();
			}

			assertThat(next.statusCode()).isEqualTo(503);
			assertThat(json.readTree(next.body()).at("/detail").asString())
				.isEqualTo("The page is open 16 times already. Close one.");
			assertThat(streams).hasSizeLessThanOrEqualTo(16);
		}
		finally {
			for (HttpResponse<InputStream> stream : streams) {
				stream.body().close();
			}
		}

		// whoever is gone makes place
		await().atMost(Duration.ofMinutes(1)).untilAsserted(() -> {
			HttpResponse<InputStream> again = stream();
			again.body().close();
			assertThat(again.statusCode()).isEqualTo(200);
		});
	}

	@Test
	void ofManyCallersOneLoads() {
		HttpResponse<String> answer = press("/api/live/stampede");

		assertThat(answer.statusCode()).isEqualTo(200);
		JsonNode result = json.readTree(answer.body());
		assertThat(result.at("/callers").asInt()).isEqualTo(200);
		assertThat(result.at("/answered").asInt()).isEqualTo(200);
		assertThat(result.at("/loads").asInt()).isOne();
		assertThat(result.at("/different").asInt()).isZero();
	}

	@Test
	void redisIsStoppedAndBroughtBackWithoutAFailedCall() {
		Api api = new Api(URI.create(this.address).getPort());
		long id = api.get("org-131", "/api/agents").number("/items/0/id");
		String path = "/api/agents/" + id;

		assertThat(press("/api/live/redis/stopped").body()).contains("STOPPED");
		await().atMost(Duration.ofMinutes(1)).until(() -> !this.cache.isEnabled());

		assertThat(timing(path + "?orgId=org-131")).contains("desc=\"database\"");
		assertThat(api.put("org-131", path, "{\"name\":\"renamed\",\"model\":\"small-8b\"}").status()).isEqualTo(200);
		assertThat(api.get("org-131", path).text("/name")).isEqualTo("renamed");
		assertThat(get("/api/entries?orgId=org-131&agent=" + id).body()).contains("\"known\":false");

		assertThat(press("/api/live/redis/running").body()).contains("RUNNING");
		await().atMost(Duration.ofMinutes(1)).until(this.cache::isEnabled);
		assertThat(api.get("org-131", path).text("/name")).isEqualTo("renamed");
	}

	@Test
	void aChangeTakesTheAgentsEntriesAndItsTenantsLists() {
		Api api = new Api(URI.create(this.address).getPort());
		long id = api.get("org-132", "/api/agents?limit=1").number("/items/0/id");
		String path = "/api/agents/" + id;
		api.get("org-132", path + "/stats");
		api.get("org-132", "/api/servers");
		String entries = "/api/entries?orgId=org-132&agent=" + id;
		await().untilAsserted(() -> assertThat(get(entries).body()).contains("agents:details:" + id,
				"agents:stats:" + id, "agents:list:org-132:", "servers:list:org-132"));

		api.put("org-132", path, "{\"name\":\"renamed\",\"model\":\"small-8b\"}");

		assertThat(get(entries).body()).contains("servers:list:org-132")
			.doesNotContain("agents:details:" + id + "\"", "agents:stats:" + id + "\"", "agents:list:org-132:");
	}

	@ParameterizedTest
	@ValueSource(strings = { "/api/live/redis/stopped", "/api/live/load?rate=1", "/api/live/stampede",
			"/api/live/measurement" })
	void aButtonIsRefusedToWhatIsNotThePage(String button) {
		HttpResponse<String> answer = send("POST", button);

		assertThat(answer.statusCode()).isEqualTo(403);
		assertThat(answer.headers().firstValue("Content-Type").orElse("")).isEqualTo("application/problem+json");
		assertThat(answer.body()).contains("it lacks the header 'X-Sample-Page'");
		assertThat(this.redis.condition()).isEqualTo(OwnRedis.Condition.RUNNING);
	}

	@Test
	void withoutPostgresTheTableIsNotMeasuredAndTheAnswerSaysHowToStartIt() {
		HttpResponse<String> answer = press("/api/live/measurement");

		assertThat(answer.statusCode()).isEqualTo(409);
		assertThat(answer.body()).contains("mvn spring-boot:run -Ppostgres");
	}

	@Test
	void aBriefTraceTellsTheCacheFromTheDatabase() {
		long id = new Api(URI.create(this.address).getPort()).get("org-133", "/api/agents").number("/items/0/id");
		String path = "/api/agents/" + id + "?orgId=org-133";

		String first = send("GET", path, "X-Answer-Trace", "brief").headers().firstValue("Server-Timing").orElse("");
		String second = send("GET", path, "X-Answer-Trace", "brief").headers().firstValue("Server-Timing").orElse("");

		assertThat(first).startsWith("agents-details;desc=\"database\"");
		assertThat(second).startsWith("agents-details;desc=\"cache\"");
	}

	@Test
	void whatThereIsNotIsRefused() {
		assertThat(press("/api/live/redis/melted").body())
			.contains("'condition' must be one of [RUNNING, STOPPED, FROZEN, SLOW, FULL].");
		assertThat(press("/api/live/load?rate=501").body()).contains("'rate' must be less than or equal to 500.");
		assertThat(send("GET", "/api/live/stampede", "X-Sample-Page", "1").statusCode()).isEqualTo(405);
	}

	private String timing(String path) {
		return send("GET", path, "X-Answer-Trace", "1").headers().firstValue("Server-Timing").orElse("");
	}

	private HttpResponse<String> get(String path) {
		return send("GET", path);
	}

	private HttpResponse<String> press(String button) {
		return send("POST", button, "X-Sample-Page", "1");
	}

	private HttpResponse<InputStream> stream() throws IOException, InterruptedException {
		HttpRequest request = HttpRequest.newBuilder(URI.create(this.address + "/api/live"))
			.header("Accept", "text/event-stream")
			.build();
		return this.client.send(request, BodyHandlers.ofInputStream());
	}

	private HttpResponse<String> send(String method, String path, String... headers) {
		HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(this.address + path))
			.method(method, BodyPublishers.noBody());
		if (headers.length > 0) {
			request.headers(headers);
		}
		try {
			return this.client.send(request.build(), BodyHandlers.ofString());
		}
		catch (IOException | InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
