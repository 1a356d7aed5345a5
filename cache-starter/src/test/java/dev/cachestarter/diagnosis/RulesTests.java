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

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import dev.cachestarter.diagnosis.Rules.Circumstances;
import dev.cachestarter.engine.redis.LinkCondition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

/**
 * What is found in what servers say of themselves.
 */
class RulesTests {

	private static final Map<String, String> WELL = Map.of("redis_version", "7.2.4", "maxmemory", "1000",
			"maxmemory_policy", "allkeys-lru", "used_memory", "900", "aof_enabled", "1", "rdb_last_bgsave_time_sec",
			"0");

	private static final Circumstances HERE = new Circumstances(Set.of(), false, Duration.ofMillis(250), false,
			Duration.ZERO, 0);

	@Test
	void aServerThatIsWellGivesNoFinding() {
		assertThat(found(WELL)).isEmpty();
	}

	@Test
	void aServerThatSaysNothingGivesNoFinding() {
		assertThat(found(Map.of())).isEmpty();
		assertThat(found(Map.of("maxmemory", "much", "redis_version", "unknown"))).isEmpty();
	}

	@ParameterizedTest
	@CsvSource({ "redis_version, 6.0.16, server-version, WARN", "redis_version, 5.0.14, server-version, WARN",
			"redis_version, 6.1.9, server-version, WARN", "maxmemory, 0, no-maxmemory, INFO",
			"maxmemory_policy, allkeys-random, maxmemory-random, WARN",
			"maxmemory_policy, volatile-random, maxmemory-random, WARN",
			"maxmemory_policy, noeviction, maxmemory-noeviction, WARN", "aof_enabled, 0, snapshots, INFO" })
	void whatHurtsIsFoundWithItsCure(String field, String value, String id, Finding.Severity severity) {
		List<Finding> found = found(with(field, value));

		assertThat(found).singleElement().satisfies((finding) -> {
			assertThat(finding.id()).isEqualTo(id);
			assertThat(finding.severity()).isEqualTo(severity);
			assertThat(finding.problem()).endsWith(".");
			assertThat(finding.cure()).endsWith(".");
		});
	}

	@ParameterizedTest
	@CsvSource({ "redis_version, 6.2.0", "redis_version, 8.0.1", "redis_version, 10.0.0", "save, ''",
			"maxmemory_policy, volatile-lru" })
	void whatDoesNotHurtIsNotFound(String field, String value) {
		Map<String, String> server = with(field, value);

		assertThat(found(server)).isEmpty();
	}

	@Test
	void aServerThatEvictsNothingIsANoteUntilItIsNearlyFull() {
		Map<String, String> server = new HashMap<>(with("maxmemory_policy", "noeviction"));
		server.put("used_memory", "800");
		assertThat(found(server)).singleElement().extracting(Finding::severity).isEqualTo(Finding.Severity.INFO);

		server.put("used_memory", "801");
		assertThat(found(server)).singleElement().extracting(Finding::severity).isEqualTo(Finding.Severity.WARN);
	}

	@Test
	void cachesThatNeverExpireHurtOnlyWhereTheRestIsEvicted() {
		Circumstances here = new Circumstances(Set.of("forever"), false, Duration.ofMillis(250), false, Duration.ZERO,
				0);

		assertThat(Rules.apply(facts(with("maxmemory_policy", "allkeys-lru")), here)).isEmpty();
		assertThat(Rules.apply(facts(with("maxmemory_policy", "volatile-ttl")), here)).extracting(Finding::id)
			.containsExactly("maxmemory-volatile");
	}

	@ParameterizedTest
	@CsvSource({ "50, false", "51, true" })
	void aRoundTripMayTakeAQuarterOfTheTimeThatCallersWait(int millis, boolean hurts) {
		ServerFacts facts = new ServerFacts(List.of(WELL), Duration.ofMillis(millis), 0, List.of(), List.of());
		Circumstances here = new Circumstances(Set.of(), false, Duration.ofMillis(200), false, Duration.ZERO, 0);

		assertThat(Rules.apply(facts, here)).extracting(Finding::id).isEqualTo(hurts ? List.of("latency") : List.of());
	}

	@ParameterizedTest
	@CsvSource({ "0, tracking-table, INFO", "9999, tracking-table, WARN", "10000, , ", "'', , " })
	void theServerMustRememberAllThatIsCopied(String max, @Nullable String id, Finding.@Nullable Severity severity) {
		Circumstances here = new Circumstances(Set.of(), false, Duration.ofMillis(250), false, Duration.ZERO, 10_000);
		Map<String, String> server = with("tracking-table-max-keys", max);

		assertThat(Rules.apply(facts(server), here)).extracting(Finding::id, Finding::severity)
			.isEqualTo((id != null) ? List.of(tuple(id, severity)) : List.of());
		assertThat(found(server)).as("without copies").isEmpty();
	}

	@ParameterizedTest
	@CsvSource({ "normal 0 0 0 slave 268435456 67108864 60, true", "slave 0 0 0 normal 0 0 60 pubsub 1 1 1, true",
			"normal 268435456 0 0 slave 0 0 0, false", "normal 0 1048576 60, false", "'', false" })
	void whatTheServerKeepsForOneClientMustHaveABound(String limit, boolean hurts) {
		Circumstances here = new Circumstances(Set.of(), false, Duration.ofMillis(250), false, Duration.ZERO, 10_000);
		Map<String, String> server = with("client-output-buffer-limit", limit);

		assertThat(Rules.apply(facts(server), here)).extracting(Finding::id)
			.isEqualTo(hurts ? List.of("output-buffer") : List.of());
		assertThat(found(server)).as("without copies").isEmpty();
	}

	@ParameterizedTest
	@CsvSource({ "60, false", "61, true", "-60, false", "-61, true" })
	void clocksMayDifferByAMinute(int seconds, boolean differ) {
		Circumstances here = new Circumstances(Set.of(), false, Duration.ofMillis(250), false,
				Duration.ofSeconds(seconds), 0);

		assertThat(Rules.apply(facts(WELL), here)).extracting(Finding::id)
			.isEqualTo(differ ? List.of("clock") : List.of());
	}

	@Test
	void whatWeDoIsFoundToo() {
		ServerFacts facts = new ServerFacts(List.of(with("maxmemory_policy", "volatile-lru")), Duration.ofMillis(80),
				12, List.of("sessions:1"), List.of());

		List<Finding> found = Rules.apply(facts,
				new Circumstances(Set.of("forever"), false, Duration.ofMillis(250), true, Duration.ofMinutes(-5), 0));

		assertThat(found).extracting(Finding::id)
			.containsExactlyInAnyOrder("maxmemory-volatile", "no-key-prefix", "password-in-clear", "latency", "clock",
					"cluster-slots");
		assertThat(found).extracting(Finding::problem)
			.anyMatch((problem) -> problem.contains("[forever]"))
			.anyMatch((problem) -> problem.contains("sessions:1"))
			.anyMatch((problem) -> problem.contains("80 ms"))
			.anyMatch((problem) -> problem.startsWith("12 of"));
	}

	@Test
	void whatRedisRefusesIsFoundByWhy() {
		assertThat(Rules.ofRefused(LinkCondition.Refused.NOTHING)).isEmpty();

		List<Finding> found = Rules.ofRefused(new LinkCondition.Refused("NOPERM no right to run 'mget'",
				"NOREPLICAS Not enough good replicas to write.", "OOM command not allowed"));

		assertThat(found).extracting(Finding::severity).containsOnly(Finding.Severity.WARN);
		assertThat(found).extracting(Finding::problem)
			.containsExactly("Redis refuses a command to this user: NOPERM no right to run 'mget'.",
					"Redis is in no state to do what it is asked for: NOREPLICAS Not enough good replicas to write.",
					"The memory of Redis is full, and it refuses to store values: OOM command not allowed.");
		assertThat(found).extracting(Finding::id).containsExactly("missing-rights", "unable", "memory-full");
		assertThat(found.get(2).cure()).startsWith("Raise 'maxmemory' of Redis, or").endsWith("allkeys-lru.");
	}

	@Test
	void aSnapshotThatIsJustSavedForTheFirstTimeCounts() {
		Map<String, String> first = new HashMap<>(with("aof_enabled", "0"));
		first.put("rdb_last_bgsave_time_sec", "-1");
		assertThat(found(first)).isEmpty();

		first.put("rdb_bgsave_in_progress", "1");
		assertThat(found(first)).extracting(Finding::id).containsExactly("snapshots");
	}

	@Test
	void afterDistrustSnapshotsDoNotHurt() {
		Circumstances here = new Circumstances(Set.of(), true, Duration.ofMillis(250), false, Duration.ZERO, 0);

		assertThat(Rules.apply(facts(with("aof_enabled", "0")), here)).isEmpty();
	}

	@Test
	void severalMastersWithOneProblemAreOneFinding() {
		Map<String, String> full = with("maxmemory_policy", "allkeys-random");

		assertThat(Rules.apply(new ServerFacts(List.of(full, full, full), null, 0, List.of(), List.of()), HERE))
			.hasSize(1);
	}

	@Test
	void theVersionOfValkeyIsItsOwn() {
		assertThat(facts(Map.of("redis_version", "7.2.4", "valkey_version", "8.0.1")).version())
			.isEqualTo("Valkey 8.0.1");
		assertThat(facts(Map.of("redis_version", "7.2.4")).version()).isEqualTo("Redis 7.2.4");
		assertThat(facts(Map.of()).version()).isNull();
	}

	private static Map<String, String> with(String field, @Nullable String value) {
		Map<String, String> server = new HashMap<>(WELL);
		server.put(field, (value != null) ? value : "");
		return server;
	}

	private static List<Finding> found(Map<String, String> server) {
		return Rules.apply(facts(server), HERE);
	}

	private static ServerFacts facts(Map<String, String> server) {
		return new ServerFacts(List.of(server), Duration.ofMillis(1), 0, List.of(), List.of());
	}

}
