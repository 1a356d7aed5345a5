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
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Predicate;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import dev.cachestarter.FaultInjector.Fault;
import dev.cachestarter.HistoryChecker.Plan;
import dev.cachestarter.HistoryChecker.Report;
import dev.cachestarter.RuleBreaker.Rule;
import dev.cachestarter.testing.OnlyThorough;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.SomeOf;
import dev.cachestarter.testing.Thorough;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Runs the {@link HistoryChecker}: for as long as the system property
 * {@code history.duration} says with all rules of the protocols and with every kind of
 * fault (and for a quarter of that with none, when more is found to share); and until the
 * first stale read with one of the rules broken, since a checker that finds nothing must
 * be known to find something. The system property {@code history.seed} repeats the
 * operations of a run.
 */
@WithRedis(local = true)
class HistoryCheckerRedisTests {

	/** For how long a broken rule may hide: it takes seconds, but a machine is busy. */
	private static final Duration LIMIT = Duration.ofSeconds(90);

	private static final int MORE = 10;

	private final RedisServer redis;

	HistoryCheckerRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@OnlyThorough
	@Test
	void noReadIsStale() throws IOException {
		Duration duration = duration().dividedBy(4);

		Report report = run(new Plan(seed(), duration, 3, 1, 4, Set.of(), false, Set.of(), false),
				(sum) -> sum.refusedFills() > 0);

		assertThat(report.staleReads()).isZero();
		assertThat(report.staleAtRest()).isZero();
		assertThat(report.refusedFills()).isPositive();
		assertThat(report.hits()).isGreaterThan(report.reads() / 5);
	}

	@OnlyThorough
	@Test
	void noReadIsStaleThoughEntriesAgeAndLoadsFail() throws IOException {
		Duration duration = duration().dividedBy(4);

		Report report = run(new Plan(seed(), duration, 3, 1, 4, Set.of(), false, Set.of(), true),
				(sum) -> sum.refusedFills() > 0 && sum.standIns() > 0 && sum.refreshes() > 0);

		assertThat(report.staleReads()).isZero();
		assertThat(report.staleAtRest()).isZero();
		assertThat(report.exceptions()).isZero();
		assertThat(report.refusedFills()).isPositive();
		assertThat(report.standIns()).isPositive();
		assertThat(report.refreshes()).isPositive();
		assertThat(report.hits()).isGreaterThan(report.reads() / 5);
	}

	@OnlyThorough
	@Test
	void noReadIsStaleWhereEntriesAreEvictedByTags() throws IOException {
		Duration duration = duration().dividedBy(4);

		Report report = run(new Plan(seed(), duration, 3, 1, 4, Set.of(), false, Set.of(), false).withTags(),
				(sum) -> sum.refusedFills() > 0);

		assertThat(report.staleReads()).isZero();
		assertThat(report.staleAtRest()).isZero();
		assertThat(report.exceptions()).isZero();
		assertThat(report.refusedFills()).isPositive();
		assertThat(report.hits()).isGreaterThan(report.reads() / 10);
	}

	@Test
	void noReadIsStaleWhereEntriesAreEvictedByTagsWhateverFails() throws IOException {
		Duration duration = duration().dividedBy(2);

		Report report = run(
				new Plan(seed(), duration, 2, 1, 4, Set.of(), false, EnumSet.allOf(Fault.class), true).withTags(),
				(sum) -> sum.refusedFills() > 0 && sum.replayed() > 0);

		assertThat(report.staleReads()).isZero();
		assertThat(report.staleAtRest()).isZero();
		assertThat(report.exceptions()).isZero();
		assertThat(report.refusedFills()).isPositive();
		assertThat(report.replayed()).isPositive();
	}

	@ParameterizedTest
	@SomeOf(value = "COMPARE_TAGS", and = "COMPARE_NUMBERS_OF_TAGS")
	void withoutARuleOfTagsAReadIsStale(Rule rule) throws IOException {
		Report report = run(new Plan(seed(), LIMIT, 2, 0, 4, EnumSet.of(rule), true, Set.of(), false).withTags());

		assertThat(report.staleReads()).isPositive();
	}

	@OnlyThorough
	@Test
	void withoutComparingAFillAReadIsStaleThoughEntriesAge() throws IOException {
		Report report = run(new Plan(seed(), LIMIT, 2, 0, 4, EnumSet.of(Rule.COMPARE_ON_FILL), true, Set.of(), true));

		assertThat(report.staleReads()).isPositive();
	}

	@OnlyThorough
	@Test
	void noReadIsStaleAndNothingThrownWhateverFails() throws IOException {
		Duration duration = duration();

		Report report = run(new Plan(seed(), duration, 2, 1, 4, Set.of(), false, EnumSet.allOf(Fault.class), false),
				(sum) -> sum.refusedFills() > 0 && sum.replayed() > 0);

		assertThat(report.staleReads()).isZero();
		assertThat(report.staleAtRest()).isZero();
		assertThat(report.exceptions()).isZero();
		assertThat(report.refusedFills()).isPositive();
		assertThat(report.replayed()).isPositive();
		assertThat(report.hits()).isGreaterThan(report.reads() / 10);
		assertThat(report.excused()).isLessThan(report.reads() / 100);
		// The command timeout, and then some for a machine that is busy.
		assertThat(report.longestEviction()).isLessThan(250 + 2000);
	}

	@OnlyThorough
	@Test
	void noReadIsStaleThoughValuesAreCopiedInMemory() throws IOException {
		Report report = run(new Plan(seed(), duration().dividedBy(4), 3, 1, 4, Set.of(), false, Set.of(), false)
			.withNear(NearSettings.Mode.VALIDATE), (sum) -> sum.refusedFills() > 0 && sum.nearHits() > 100);

		assertThat(report.staleReads()).isZero();
		assertThat(report.staleAtRest()).isZero();
		assertThat(report.nearHits()).isPositive();
	}

	@OnlyThorough
	@Test
	void noReadIsStaleThoughValuesAreCopiedInMemoryWhateverFailsAndAges() throws IOException {
		Report report = run(
				new Plan(seed(), duration().dividedBy(2), 2, 1, 4, Set.of(), false, EnumSet.allOf(Fault.class), true)
					.withNear(NearSettings.Mode.VALIDATE),
				(sum) -> sum.nearHits() > 0 && sum.replayed() > 0 && sum.standIns() > 0 && sum.refreshes() > 0);

		assertThat(report.staleReads()).isZero();
		assertThat(report.staleAtRest()).isZero();
		assertThat(report.exceptions()).isZero();
		assertThat(report.nearHits()).isPositive();
		assertThat(report.replayed()).isPositive();
		assertThat(report.standIns()).isPositive();
		assertThat(report.refreshes()).isPositive();
	}

	/**
	 * With {@code thorough} a million such hits, and more.
	 */
	@Test
	void noReadIsOlderThanASecondWhereRedisTellsWhatChangesWhateverFails() throws IOException {
		Report report = run(
				new Plan(seed(), duration().dividedBy(2), 2, 1, 4, Set.of(), false, EnumSet.allOf(Fault.class), false)
					.withNear(NearSettings.Mode.TRACK),
				(sum) -> sum.nearHits() > Thorough.choose(1000, 1_000_000) && sum.replayed() > 0);

		assertThat(report.staleReads()).isZero();
		assertThat(report.staleAtRest()).isZero();
		assertThat(report.exceptions()).isZero();
		assertThat(report.nearHits()).isGreaterThan(Thorough.choose(1000, 1_000_000));
	}

	@Test
	void whereChangesAreNotToldAReadIsOlderThanASecond() throws IOException {
		Report report = run(new Plan(seed(), LIMIT, 2, 0, 4, EnumSet.of(Rule.TELL_OF_CHANGES), true, Set.of(), false)
			.withNear(NearSettings.Mode.TRACK));

		assertThat(report.staleReads()).isPositive();
	}

	@ParameterizedTest
	@SomeOf(value = "COMPARE_ON_FILL", and = { "LEASE_BEFORE_LOAD", "JOIN_BY_NONCE", "COMPARE_GENERATIONS",
			"CAPTURE_GENERATIONS", "FRESH_GENERATIONS", "AWAIT_EVICTION" })
	void withoutARuleAReadIsStale(Rule rule) throws IOException {
		Report report = run(new Plan(seed(), LIMIT, 2, 0, 4, EnumSet.of(rule), true, Set.of(), false));

		assertThat(report.staleReads()).isPositive();
	}

	@OnlyThorough
	@ParameterizedTest
	@CsvSource({ "PENDING_UNTIL_ACKNOWLEDGED, NO_REPLICAS", "REPLAY_AFTER_RESTART, RESTARTED_FROM_OLD_DUMP" })
	void withoutARuleAReadIsStaleUnderFaults(Rule rule, Fault fault) throws IOException {
		Report report = run(new Plan(seed(), LIMIT, 2, 0, 4, EnumSet.of(rule), true, EnumSet.of(fault), false));

		assertThat(report.staleReads()).isPositive();
	}

	private static Duration duration() {
		return Duration.parse(System.getProperty("history.duration", "PT8S"));
	}

	private static long seed() {
		return Long.getLong("history.seed", System.nanoTime());
	}

	/**
	 * Go on until what the history is about has happened in it, on a busy machine too.
	 */
	private Report run(Plan plan, Predicate<Report> telling) throws IOException {
		Report report = run(plan);
		for (int i = 0; i < MORE && !telling.test(report); i++) {
			report = report.plus(run(plan));
		}
		return report;
	}

	private Report run(Plan plan) throws IOException {
		long start = System.nanoTime();
		Report report = HistoryChecker.run(this.redis, plan);
		System.out.printf("History%s, seed %d, %.1f s: %s%n",
				plan.broken().isEmpty() ? "" : " without " + plan.broken(), plan.seed(),
				(System.nanoTime() - start) / 1e9, report);
		return report;
	}

}
