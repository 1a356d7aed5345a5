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

package dev.cachestarter.diagnosis;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;

import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.TestInstance;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.diagnosis.KeyBrowser.Page;
import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.testing.RedisCluster;
import dev.cachestarter.testing.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * Pages of keys, on a real server and a real cluster.
 */
class KeyBrowserRedisTests {

	@Test
	void pagesGoOnToTheEndAndEachIsBounded() {
		try (RedisServer redis = RedisServer.local().start();
				TestInstance<Nothing> instance = TestInstance.of(Nothing.class, redis).awaitUp()) {
			fill(instance.manager());
			for (int i = 0; i < 3000; i++) {
				redis.cli("SET", "stranger:" + i, "x");
			}

			List<Page> pages = pages(instance.manager(), 50);

			assertThat(keys(pages)).hasSize(500).contains("org-1:0", "org-1:499");
			assertThat(pages).hasSizeGreaterThan(3)
				.allSatisfy((page) -> assertThat(page.keys().size()).isLessThan(500))
				.allSatisfy((page) -> assertThat(page.problem()).isNull());
		}
	}

	@Test
	void onePageAsksRedisFewTimesHoweverManyKeysThereAre() {
		try (RedisServer redis = RedisServer.local().start();
				TestInstance<Nothing> instance = TestInstance.of(Nothing.class, redis).awaitUp()) {
			instance.cache("items");
			redis.cli("EVAL", "for i = 1, 30000 do redis.call('SET', 'stranger:' .. i, 'x') end", "0");

			Page page = new KeyBrowser(instance.manager()).page("items", KeyPattern.of("*"), null, 100);

			assertThat(page.keys()).isEmpty();
			assertThat(page.problem()).isNull();
			assertThat(page.cursor()).isNotNull();
			assertThat(pages(instance.manager(), 100)).hasSizeGreaterThan(1).last().extracting(Page::cursor).isNull();
		}
	}

	@Test
	void whereKeysCannotBeWalkedThatIsSaid() {
		try (RedisServer redis = RedisServer.local().start();
				TestInstance<Nothing> instance = TestInstance.of(Nothing.class, redis).awaitUp()) {
			fill(instance.manager());
			Page first = new KeyBrowser(instance.manager()).page("items", KeyPattern.of("*"), null, 10);
			redis.cli("ACL", "SETUSER", "default", "-scan");

			Page page = new KeyBrowser(instance.manager()).page("items", KeyPattern.of("*"), null, 10);

			assertThat(page.keys()).isEmpty();
			assertThat(page.cursor()).isNull();
			assertThat(page.problem()).contains("NOPERM", "scan");
			Page next = new KeyBrowser(instance.manager()).page("items", KeyPattern.of("*"), first.cursor(), 10);
			assertThat(next.cursor()).as("to be tried again").isEqualTo(first.cursor()).isNotNull();
			assertThat(instance.engine().link().isUp()).isTrue();
		}
	}

	@Test
	void aCursorThatIsNoneIsRefused() {
		try (RedisServer redis = RedisServer.local().start();
				TestInstance<Nothing> instance = TestInstance.of(Nothing.class, redis).awaitUp()) {
			instance.cache("items");

			assertThatIllegalArgumentException()
				.isThrownBy(() -> new KeyBrowser(instance.manager()).page("items", KeyPattern.of("*"), "1 EVAL", 10));
		}
	}

	@Test
	void aClusterIsWalkedMasterByMaster() {
		RedisClusterConfiguration where = new RedisClusterConfiguration();
		try (RedisCluster cluster = RedisCluster.start()) {
			cluster.nodes().forEach((node) -> where.clusterNode(node.host(), node.port()));
			try (TestInstance<Nothing> instance = TestInstance.of(Nothing.class,
					() -> new LettuceConnectionFactory(where), TestInstance::patient)) {
				instance.awaitUp();
				fill(instance.manager());

				List<Page> pages = pages(instance.manager(), 50);

				assertThat(keys(pages)).hasSize(500);
				assertThat(pages.stream().flatMap((page) -> page.keys().stream()).count()).as("none twice")
					.isEqualTo(500);
				Set<String> masters = new HashSet<>();
				pages.forEach((page) -> masters.add(String.valueOf(page.cursor()).replaceFirst(".*@", "")));
				assertThat(masters).hasSizeGreaterThan(2);
			}
		}
	}

	private static void fill(ResilientRedisCacheManager manager) {
		IntStream.range(0, 500).forEach((i) -> manager.getCacheService().set("items:org-1:" + i, "value"));
		manager.getCache("items");
	}

	private static List<Page> pages(ResilientRedisCacheManager manager, int limit) {
		KeyBrowser browser = new KeyBrowser(manager);
		List<Page> pages = new ArrayList<>();
		String cursor = null;
		do {
			Page page = browser.page("items", KeyPattern.ofGroup("org-1"), cursor, limit);
			pages.add(page);
			cursor = page.cursor();
		}
		while (cursor != null && pages.size() < 1000);
		return pages;
	}

	private static Set<String> keys(List<Page> pages) {
		Set<String> keys = new HashSet<>();
		pages.forEach((page) -> keys.addAll(page.keys()));
		return keys;
	}

	static class Nothing {

	}

}
