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
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import dev.cachestarter.engine.key.CacheKeys;
import dev.cachestarter.CacheService;
import dev.cachestarter.sample.Api.Answer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests that {@code docs/examples.md} shows code that runs, and what it says of it, as
 * far as {@link AgentControllerTests}, {@link CascadeTests}, {@link TenantIsolationTests}
 * and {@link RedisAwayTests} do not.
 */
@SampleTest
class ExamplesTests {

	private static final Path SOURCES = Path.of("src");

	private static final Path DOCUMENT = Path.of("../docs/examples.md");

	private static final Pattern SNIPPET = Pattern.compile("<!-- (\\S+) -->\\n```\\w+\\n(.*?)```", Pattern.DOTALL);

	private final CacheService cache;

	private final PlatformCacheKeys keys;

	private final StringRedisTemplate redis;

	private final JdbcClient jdbc;

	private final Api api;

	private final FeaturedTools featuredTools;

	ExamplesTests(CacheService cache, CacheKeys cacheKeys, PlatformCacheKeys keys, ToolReads tools,
			StringRedisTemplate redis, JdbcClient jdbc, @LocalServerPort int port) {
		this.cache = cache;
		this.keys = keys;
		this.redis = redis;
		this.jdbc = jdbc;
		this.api = new Api(port);
		this.featuredTools = new FeaturedTools(cache, cacheKeys, tools);
	}

	static Stream<Arguments> snippets() throws IOException {
		return SNIPPET.matcher(Files.readString(DOCUMENT))
			.results()
			.map((match) -> Arguments.of(match.group(1), match.group(2)));
	}

	@ParameterizedTest
	@MethodSource("snippets")
	void codeOfTheDocumentIsCodeOfTheSample(String file, String snippet) throws IOException {
		assertThat(unindented(source(file))).contains(unindented(snippet));
	}

	@Test
	void allCodeOfTheDocumentIsCompared() throws IOException {
		long fences = Files.readString(DOCUMENT).lines().filter((line) -> line.matches("```(java|yaml)")).count();

		assertThat(snippets()).hasSize((int) fences).hasSizeGreaterThan(9);
	}

	@Test
	void serverThatIsDownIsLookedAtAgainSooner() {
		List<Long> ids = this.jdbc.sql("""
				select max(case when answered then server_id end), max(case when not answered then server_id end)
				from server_heartbeat where sent_at = (select max(sent_at) from server_heartbeat where server_id = 1)
				""").query((row, number) -> List.of(row.getLong(1), row.getLong(2))).single();
		for (long id : ids) {
			String orgId = this.jdbc.sql("select org_id from server where id = ?")
				.param(id)
				.query(String.class)
				.single();
			this.api.get(orgId, "/api/servers/" + id + "/health");
		}

		assertThat(ttl(this.keys.serverHealth(ids.get(0)))).isGreaterThan(Duration.ofSeconds(5));
		assertThat(ttl(this.keys.serverHealth(ids.get(1)))).isLessThanOrEqualTo(Duration.ofSeconds(5));
	}

	@Test
	void wholeCatalogueLiesCompressed() {
		Answer first = this.api.get("/api/tools/definitions");
		Answer second = this.api.get("/api/tools/definitions");

		Long stored = this.redis.opsForValue().size(this.keys.toolDefinitions(null));
		assertThat(first.body().toString().length()).isGreaterThan(100 * 1024);
		assertThat(stored).isPositive().isLessThan(50 * 1024);
		assertThat(second.body()).isEqualTo(first.body());
	}

	@Test
	void codeWithoutAnnotationsLoadsOnce() {
		List<ToolDefinition> first = this.featuredTools.find("org-156", "redis");
		this.jdbc.sql("update tool set version = '9.9.9' where name = ?").param(first.get(0).name()).update();
		this.cache.invalidate(this.keys.toolDefinitionsPattern());

		assertThat(this.featuredTools.find("org-156", "redis")).isEqualTo(first);
		assertThat(ttl("tools:featured:org-156:redis")).isBetween(Duration.ofMinutes(4), Duration.ofMinutes(5));

		this.featuredTools.forget("org-156");
		assertThat(this.featuredTools.find("org-156", "redis").get(0).version()).isEqualTo("9.9.9");
	}

	@Test
	void statsSayHowTheCacheIsDoing() {
		this.api.get("org-157", "/api/servers");
		this.api.get("org-157", "/api/servers");

		Answer stats = this.api.get("/api/cache/stats");

		assertThat(stats.body().at("/enabled").asBoolean()).isTrue();
		assertThat(stats.number("/keyCount")).isPositive();
		assertThat(stats.text("/memoryUsed")).isNotEmpty();
		assertThat(stats.number("/caches/servers:list/hits")).isPositive();
	}

	private Duration ttl(String key) {
		return Duration.ofSeconds(Objects.requireNonNull(this.redis.getExpire(key)));
	}

	private static String source(String file) throws IOException {
		try (Stream<Path> files = Files.find(SOURCES, 20, (path, attributes) -> path.endsWith(file))) {
			return Files.readString(files.findFirst().orElseThrow());
		}
	}

	private static String unindented(String code) {
		return code.lines().map(String::strip).collect(Collectors.joining("\n"));
	}

}
