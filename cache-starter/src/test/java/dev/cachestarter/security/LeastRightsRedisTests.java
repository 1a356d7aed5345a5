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

package dev.cachestarter.security;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import dev.cachestarter.testing.RedisCluster;
import dev.cachestarter.testing.RedisSentinel;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Thorough;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Runs every feature as the user that the page on security tells to create, and takes
 * each of its rights away.
 */
@ExtendWith(OutputCaptureExtension.class)
class LeastRightsRedisTests {

	private static final String USER = "shop-cache";

	private static final String PASSWORD = "a-long-random-password";

	/** What nothing can be cached without. */
	private static final Set<String> NEEDED_FOR_ALL = Set.of("+mget", "+evalsha", "+eval", "+getrange", "+set",
			"+setrange", "+time");

	/** What is needed where two instances do the same at one moment, and for sweeps. */
	private static final Set<String> SELDOM_NEEDED = Set.of("+get");

	/** One of each kind, for the short form. */
	private static final Set<String> ONE_OF_EACH_KIND = Set.of("+ping", "+mget", "+get", "+setrange", "+pexpire",
			"+persist", "+unlink", "+scan", "+hset", "+hdel", "+info", "+dbsize");

	@Test
	void everyFeatureRunsWithExactlyTheseRights(CapturedOutput output) throws IOException {
		try (RedisServer redis = RedisServer.local("--user", USER).start()) {
			redis.cli(rights("standalone"));
			redis.cli("CONFIG", "RESETSTAT");

			try (AllFeatures features = AllFeatures.start(with(redis.springProperties(), "shop:"))) {
				assertEverythingWorks(features, output);
				features.sweepAtOnce();
				await().atMost(AllFeatures.LONG).until(() -> redis.keys("shop:~[sd]*").isEmpty());
			}

			assertThat(redis.keys("*")).allMatch((key) -> key.startsWith("shop:"));
			assertThat(refusals(redis)).isEmpty();
			assertThat(commandsUsed(redis)).containsAll(commands("standalone"));
		}
	}

	/** But for tags, which an instance looks at once a minute. */
	private static boolean isSwept(RedisServer redis, String prefix) {
		return redis.keys(prefix + "~s*").isEmpty()
				&& (redis.keys(prefix + "~due").isEmpty() || List.of("%t").equals(redis.cli("HKEYS", prefix + "~due")));
	}

	@Test
	void withoutAPrefixEachCacheHasAPattern(CapturedOutput output) throws IOException {
		try (RedisServer redis = RedisServer.local("--user", USER).start()) {
			redis.cli(withPatterns(rights("no prefix"), "items", "together", "nothing", "forever", "slow", "monos",
					"futures", "aged", "ahead", "plain", "motd", "rows", "tagged", "brief", "group-one"));

			try (AllFeatures features = AllFeatures.start(with(redis.springProperties(), ""))) {
				assertEverythingWorks(features, output);
				await().atMost(AllFeatures.LONG).until(() -> isSwept(redis, ""));
			}

			assertThat(refusals(redis)).isEmpty();
		}
	}

	@Test
	void everyFeatureRunsOnACluster(CapturedOutput output) throws IOException {
		try (RedisCluster cluster = RedisCluster.start("--user", USER)) {
			for (RedisServer node : cluster.nodes()) {
				node.cli(rights("cluster"));
			}

			try (AllFeatures features = AllFeatures.start(with(cluster.springProperties(), "shop:"))) {
				assertEverythingWorks(features, output);
				int slot = cluster.slotOf("{}shop:~g:items");
				cluster.beginMigration(slot, cluster.strangerTo(slot));
				assertThat(features.use()).doesNotContainValue(false);
				await().atMost(AllFeatures.LONG)
					.until(() -> cluster.nodes().stream().allMatch((node) -> isSwept(node, "{}shop:")));
			}

			assertThat(cluster.nodes()).allSatisfy((node) -> assertThat(refusals(node)).isEmpty());
			assertThat(cluster.nodes().stream().flatMap((node) -> commandsUsed(node).stream()))
				.containsAll(commands("cluster"));
		}
	}

	@Test
	void everyFeatureRunsWithSentinels(CapturedOutput output) throws IOException {
		try (RedisSentinel all = RedisSentinel.start(1, "--user", USER)) {
			for (RedisServer server : servers(all)) {
				server.cli(rights("standalone"));
			}
			all.sentinels()
				.forEach((sentinel) -> sentinel.cli("ACL", "SETUSER", "watcher", "on", ">" + PASSWORD,
						"+sentinel|get-master-addr-by-name", "+ping"));

			try (AllFeatures features = AllFeatures
				.start(with(all.springProperties(), "shop:", "spring.data.redis.sentinel.username=watcher",
						"spring.data.redis.sentinel.password=" + PASSWORD))) {
				assertEverythingWorks(features, output);
			}

			assertThat(servers(all)).allSatisfy((server) -> assertThat(refusals(server)).isEmpty());
			assertThat(all.sentinels()).allSatisfy((sentinel) -> assertThat(refusals(sentinel)).isEmpty());
		}
	}

	@Test
	void evictionsAreReplayedAfterARestart() throws IOException {
		List<String> arguments = new ArrayList<>(List.of("--user", USER));
		arguments.addAll(List.of(rights("standalone")).subList(3, rights("standalone").length));
		try (RedisServer redis = RedisServer.local(arguments.toArray(String[]::new)).start();
				AllFeatures features = AllFeatures.start(with(redis.springProperties(), "shop:"))) {
			features.awaitUp();
			AllFeatures.Shop shop = features.bean(AllFeatures.Shop.class);
			shop.find("org", "1");
			redis.stop();
			await().atMost(AllFeatures.LONG).until(() -> !features.isUp());
			shop.change("org", "1");
			shop.tenantChanged("org");
			shop.idChanged("1");
			assertThat(features.pendingEvictions()).isPositive();

			redis.start();

			await().atMost(AllFeatures.LONG).until(() -> features.isUp() && features.pendingEvictions() == 0);
			assertThat(shop.find("org", "1")).isEqualTo(shop.row("org", "1"));
			assertThat(features.use()).doesNotContainValue(false);
			assertThat(refusals(redis)).isEmpty();
		}
	}

	@Test
	void eachRightThatIsTakenAwayIsNamedAndTheRestWorks(CapturedOutput output) throws IOException {
		try (RedisServer redis = RedisServer.local("--user", USER).start()) {
			redis.cli(rights("standalone"));
			try (AllFeatures features = AllFeatures.start(with(redis.springProperties(), "shop:"))) {
				features.awaitUp();
				for (String command : commands("standalone")) {
					String right = "+" + command;
					if (!Thorough.choose(ONE_OF_EACH_KIND.contains(right), true)) {
						continue;
					}
					redis.cli("ACL", "SETUSER", USER, "-" + command);
					redis.cli("SCRIPT", "FLUSH");

					Map<String, Boolean> cached = features.use();

					if (SELDOM_NEEDED.contains(right)) {
						assertThat(features.caches()).as(right).isTrue();
						redis.cli("ACL", "SETUSER", USER, right);
						continue;
					}
					await(right).atMost(AllFeatures.LONG)
						.untilAsserted(
								() -> assertThat(output).contains("the Redis user lacks the right '" + right + "'"));
					// Without PING everything works until the next heartbeat.
					if (!command.equals("ping")) {
						boolean needed = NEEDED_FOR_ALL.contains(right);
						// What was evicted and could not be is bypassed. And a value that
						// could not be stored may have been shared.
						await(right).atMost(AllFeatures.LONG)
							.until(() -> command.equals("unlink") ? features.pendingEvictions() > 0
									: features.caches() != needed);
						// A server that no longer says who it is counts as another, once.
						await(right).atMost(AllFeatures.LONG)
							.until(() -> isTold(cached, command) || isTold(features.use(), command));
					}
					redis.cli("ACL", "SETUSER", USER, right);
					await(right).atMost(AllFeatures.LONG)
						.until(() -> features.isUp() && features.caches() && features.pendingEvictions() == 0);
				}
				assertThat(features.use()).doesNotContainValue(false);
			}
		}
	}

	private static boolean isTold(Map<String, Boolean> works, String missing) {
		return Boolean.valueOf(!missing.equals("dbsize")).equals(works.get("keyCount"))
				&& Boolean.valueOf(!missing.equals("info")).equals(works.get("memoryUsed"));
	}

	@Test
	void aKeyPatternThatIsMissingIsNamedAndOtherCachesAreCached(CapturedOutput output) throws IOException {
		try (RedisServer redis = RedisServer.local("--user", USER).start()) {
			redis.cli(withPatterns(rights("no prefix"), "together", "plain"));
			try (AllFeatures features = AllFeatures.start(with(redis.springProperties(), ""))) {
				Map<String, Boolean> cached = features.awaitUp().use();

				assertThat(cached).containsEntry("hit", false).containsEntry("sync", true).containsEntry("set", false);
				assertThat(output).contains("lacks the right '~items:*' or '~~*'")
					.contains("what belongs to such keys is not cached");
			}
		}
	}

	@Test
	void aMissingPatternOfThePrefixIsNamed(CapturedOutput output) throws IOException {
		try (RedisServer redis = RedisServer.local("--user", USER).start()) {
			redis.cli(rights("standalone"));
			redis.cli("ACL", "SETUSER", USER, "resetkeys", "~other:*");
			try (AllFeatures features = AllFeatures.start(with(redis.springProperties(), "shop:"))) {
				assertThat(features.awaitUp().use()).containsEntry("hit", false);
				assertThat(output).contains("lacks the right '~shop:*'");

				redis.cli("ACL", "SETUSER", USER, "~shop:*");

				await().atMost(AllFeatures.LONG).until(features::caches);
			}
		}
	}

	@Test
	void aDatabaseOfItsOwnNeedsTheRightToSelectIt(CapturedOutput output) throws IOException {
		try (RedisServer redis = RedisServer.local("--user", USER).start()) {
			redis.cli(rights("standalone"));
			try (AllFeatures features = AllFeatures
				.start(with(redis.springProperties(), "shop:", "spring.data.redis.database=1"))) {
				assertThat(features.use()).containsEntry("hit", false);
				await().atMost(AllFeatures.LONG)
					.untilAsserted(() -> assertThat(output).contains("lacks the right '+select'"));

				redis.cli("ACL", "SETUSER", USER, "+select");

				assertThat(features.awaitUp().use()).doesNotContainValue(false);
			}
		}
	}

	@Test
	void aClusterThatMayNotBeAskedForItsNodesIsNotUsed(CapturedOutput output) throws IOException {
		try (RedisCluster cluster = RedisCluster.start("--user", USER)) {
			for (RedisServer node : cluster.nodes()) {
				node.cli(rights("cluster"));
				node.cli("ACL", "SETUSER", USER, "-cluster|nodes", "-cluster|info");
			}
			try (AllFeatures features = AllFeatures.start(with(cluster.springProperties(), "shop:"))) {
				assertThat(features.use()).containsEntry("hit", false);
				await().atMost(AllFeatures.LONG)
					.untilAsserted(() -> assertThat(output).contains("lacks the right '+cluster|nodes'"));

				cluster.nodes().forEach((node) -> node.cli("ACL", "SETUSER", USER, "+cluster|nodes"));

				assertThat(features.awaitUp().use()).doesNotContainValue(false);
				assertThat(output).contains("lacks the right '+cluster|info'");
			}
		}
	}

	private static void assertEverythingWorks(AllFeatures features, CapturedOutput output) {
		assertThat(features.awaitUp().use()).doesNotContainValue(false);
		await().atMost(AllFeatures.LONG)
			.untilAsserted(() -> assertThat(output).contains("'warmItems' has ended: 2 of 2"));
		assertThat(output.getAll().lines()).noneMatch((line) -> line.contains(" WARN ") || line.contains(" ERROR "));
	}

	private static List<RedisServer> servers(RedisSentinel all) {
		return List.of(all.master(), all.replica());
	}

	private static List<?> refusals(RedisServer redis) {
		return (List<?>) Objects.requireNonNull(redis.cli("ACL", "LOG"));
	}

	/** Those that scripts call included. */
	private static Set<String> commandsUsed(RedisServer redis) {
		return ((String) Objects.requireNonNull(redis.cli("INFO", "commandstats"))).lines()
			.filter((line) -> line.startsWith("cmdstat_"))
			.map((line) -> line.substring("cmdstat_".length(), line.indexOf(':')))
			.collect(Collectors.toSet());
	}

	private static String[] with(String[] where, String prefix, String... more) {
		return Stream
			.of(where,
					new String[] { "spring.data.redis.username=" + USER, "spring.data.redis.password=" + PASSWORD,
							"cache-starter.key-prefix=" + prefix },
					more)
			.flatMap(Arrays::stream)
			.toArray(String[]::new);
	}

	/** Read the command that makes the user from the page. */
	private static String[] rights(String title) throws IOException {
		Matcher found = Pattern.compile("<!-- rights: " + title + " -->\\n```text\\n(.*)\\n```").matcher(page());
		assertThat(found.find()).isTrue();
		return found.group(1).split(" ");
	}

	private static String page() throws IOException {
		return Files.readString(Path.of("..", "docs", "security.md"));
	}

	private static List<String> commands(String title) throws IOException {
		return Arrays.stream(rights(title))
			.filter((right) -> right.startsWith("+"))
			.map((right) -> right.substring(1))
			.toList();
	}

	/** With the names of our caches in the place of those on the page. */
	private static String[] withPatterns(String[] rights, String... names) {
		return Stream
			.concat(Arrays.stream(rights).filter((right) -> !right.startsWith("~") || right.equals("~~*")),
					Arrays.stream(names).map((name) -> "~" + name + ":*"))
			.toArray(String[]::new);
	}

}
