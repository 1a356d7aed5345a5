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

package dev.cachestarter;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DayOfWeek;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.core.convert.support.GenericConversionService;

import dev.cachestarter.engine.key.CacheKeys;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

/**
 * Keeps {@code docs/keys-and-tenants.md} true, on a real Redis.
 */
@WithRedis
class KeysAndTenantsRedisTests {

	private static final Path PAGE = Path.of("..", "docs", "keys-and-tenants.md");

	private static final Path SOURCE = Path.of("src", "test", "java", "dev", "cachestarter",
			"KeysAndTenantsRedisTests.java");

	private static final Pattern SNIPPET = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

	private final RedisServer redis;

	private final TestInstance<Agents> instance;

	private final TestInstance<Agents> other;

	KeysAndTenantsRedisTests(RedisServer redis) {
		this.redis = redis;
		this.instance = TestInstance.of(Agents.class, redis);
		this.other = TestInstance.of(Agents.class, redis);
	}

	@BeforeEach
	void connected() {
		this.instance.awaitUp();
		this.other.awaitUp();
	}

	@AfterEach
	void close() {
		this.instance.close();
		this.other.close();
	}

	@Test
	void codeOfThePageIsCodeOfThisTest() throws IOException {
		List<String> snippets = SNIPPET.matcher(Files.readString(PAGE))
			.results()
			.map((found) -> found.group(1))
			.toList();

		assertThat(snippets).hasSize(2)
			.allSatisfy((snippet) -> assertThat(unindented(Files.readString(SOURCE))).contains(unindented(snippet)));
	}

	@ParameterizedTest
	@MethodSource
	void argumentsAreRenderedAsThePageSays(String example, @Nullable Object argument) throws IOException {
		GenericConversionService converters = new GenericConversionService();
		converters.addConverter(OrgId.class, String.class, (id) -> "org-" + id.number);

		String segment = new CacheKeys(converters).text("x", argument).substring(2);

		assertThat(Files.readString(PAGE)).contains("| `" + example + "` | `" + segment + "` |");
	}

	static Stream<Arguments> argumentsAreRenderedAsThePageSays() {
		return Stream.of(arguments("\"org-123\"", "org-123"), arguments("\"a:b *\"", "a:b *"),
				arguments("\"{x}\"", "{x}"), arguments("null", null), arguments("\"\"", ""), arguments("42L", 42L),
				arguments("DayOfWeek.MONDAY", DayOfWeek.MONDAY),
				arguments("Locale.CANADA_FRENCH", Locale.CANADA_FRENCH), arguments("LocalTime.NOON", LocalTime.NOON),
				arguments("new Query(1, 20, \"a:b\")", new Agents.Query(1, 20, "a:b")),
				arguments("List.of(\"b\", 1)", List.of("b", 1)), arguments("Set.of(\"b\", \"a\")", Set.of("b", "a")),
				arguments("Map.of(\"b\", 1, \"a\", 2)", Map.of("b", 1, "a", 2)),
				arguments("Optional.of(\"x\")", Optional.of("x")), arguments("Optional.empty()", Optional.empty()),
				arguments("new OrgId(7)", new OrgId(7)));
	}

	@Test
	void keyStandsInRedisAsThePageSays() throws IOException {
		this.instance.service().list("org-123", new Agents.Query(1, 20, null));

		String key = "agents:list:org-123:{\"limit\":20,\"page\":1}";
		assertThat(this.redis.keys("agents:list:*")).containsExactly(key);
		assertThat(Files.readString(PAGE)).contains("\n" + key + "\n");
	}

	@ParameterizedTest
	@ValueSource(strings = { "org-1", "*", "?", "[a-z]*", "\\", "^", "a:b", "%2A", "{x}", "{\"a\":1}", "\"", " ", "",
			"\n\u0000", "\u00e9\u6771", "\ud83d\ude00", "\ud83d", "~g:agents:list", "%null" })
	void tenantEvictsItsOwnAndNoOther(String tenant) {
		Agents.Query query = new Agents.Query(1, 20, tenant);
		List<String> others = new ArrayList<>(List.of("org-12", tenant + "x", tenant + ":", "a", "other"));
		others.remove(tenant);
		others.forEach((name) -> this.other.service().list(name, query));
		List<String> before = this.instance.service().list(tenant, query);

		this.other.service().create(tenant, "new");

		assertThat(this.instance.service().list(tenant, query)).isNotEqualTo(before);
		int loads = this.instance.service().loads();
		others.forEach((name) -> this.instance.service().list(name, query));
		assertThat(this.instance.service().loads()).isEqualTo(loads);
	}

	@Test
	void composedKeysAreEvictedUnderTheirTenant() {
		this.instance.service().search("a:1", "x", "r1");
		this.instance.service().search("a", "1:x", "r2");
		this.instance.service().search("a", "x", "r3");
		assertThat(this.other.service().search("a", "x", "r4")).isNotNull();
		assertThat(this.instance.service().loads() + this.other.service().loads()).isEqualTo(3);

		this.other.service().forgetSearches("a");

		this.instance.service().search("a:1", "x", "r5");
		assertThat(this.instance.service().loads()).isEqualTo(3);
		this.instance.service().search("a", "x", "r6");
		this.instance.service().search("a", "1:x", "r7");
		assertThat(this.instance.service().loads()).isEqualTo(5);
	}

	private static String unindented(String code) {
		return code.lines().map(String::strip).reduce("", (text, line) -> text + line + "\n");
	}

	static final class OrgId {

		private final int number;

		OrgId(int number) {
			this.number = number;
		}

	}

	public static class Agents {

		private final AtomicInteger loads = new AtomicInteger();

		@Cacheable("agents:list")
		public List<String> list(String orgId, Query query) {
			return load(orgId, query);
		}

		@CacheEvictPattern(cacheNames = "agents:list", pattern = "#{#orgId}:*")
		public void create(String orgId, String agent) {
			save(orgId, agent);
		}

		public record Query(int page, int limit, @Nullable String search) {
		}

		@Cacheable(cacheNames = "agents:search", key = "@cacheKeys.of(#orgId, #text)")
		public List<String> search(String orgId, String text, String requestId) {
			return load(orgId, new Query(1, 20, text));
		}

		@CacheEvict(cacheNames = "agents:search", key = "@cacheKeys.under(#orgId)")
		public void forgetSearches(String orgId) {
		}

		private List<String> load(String orgId, Query query) {
			return List.of("load " + this.loads.incrementAndGet(), "page " + query.page());
		}

		private void save(String orgId, String agent) {
			// What is loaded tells one load from another.
		}

		public int loads() {
			return this.loads.get();
		}

	}

}
