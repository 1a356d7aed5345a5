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

import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import dev.cachestarter.RuleBreaker.Rule;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Generations: evicting a tenant or a whole cache at once, and what that must not touch.
 */
@WithRedis
class GenerationRedisTests extends Interleavings {

	GenerationRedisTests(RedisServer redis) {
		super(redis);
	}

	static List<Set<Rule>> comparing() {
		return List.of(Set.of(), EnumSet.of(Rule.COMPARE_GENERATIONS));
	}

	@ParameterizedTest
	@MethodSource("comparing")
	void aLeaseOfAnOldGenerationIsTakenOver(Set<Rule> broken) throws Exception {
		Instance leader = instance(broken);
		Instance other = instance(broken);
		Pause load = leader.rows().pauseAfterReading();
		Call<Integer> early = call(() -> leader.find("t1", "1"));
		load.awaitReached();

		Rows.change("t1", "1");
		other.rows().evictTenant("t1");
		Call<Integer> late = call(() -> other.find("t1", "1"));

		if (broken.isEmpty()) {
			assertThat(late.result()).as("while the old lease still stands").isEqualTo(1);
			other.awaitFills(1);
			load.release();
			leader.awaitFills(1);
			assertThat(leader.counters().refusedFills()).isEqualTo(1);
			assertThat(leader.find("t1", "1")).isEqualTo(1);
		}
		else {
			late.awaitWaiting();
			load.release();
			assertThat(late.result()).isEqualTo(0);
		}
		assertThat(early.result()).isEqualTo(0);
	}

	@ParameterizedTest
	@MethodSource("comparing")
	void aLostGenerationIsAMiss(Set<Rule> broken) {
		Instance instance = instance(broken);
		instance.find("t1", "1");
		instance.awaitFills(1);
		assertThat(this.redis.number("DEL", "~g:rows~:t1")).isEqualTo(1);

		Rows.change("t1", "1");

		assertThat(instance.find("t1", "1")).isEqualTo(broken.isEmpty() ? 1 : 0);
	}

	static List<Set<Rule>> freshness() {
		return List.of(Set.of(), EnumSet.of(Rule.FRESH_GENERATIONS));
	}

	@ParameterizedTest
	@MethodSource("freshness")
	void aGenerationNeverComesBack(Set<Rule> broken) {
		Instance first = instance(broken);
		Instance second = instance(broken);
		first.find("t1", "1");
		first.awaitFills(1);

		Rows.change("t1", "1");
		second.rows().evictTenant("t1");
		// Makes the tenant's next generation.
		second.find("t1", "2");

		assertThat(first.find("t1", "1")).isEqualTo(broken.isEmpty() ? 1 : 0);
	}

	@Test
	void anEvictedTenantTakesNobodyWithIt() {
		Instance first = instance(Set.of());
		Instance second = instance(Set.of());
		for (String tenant : List.of("org-1", "org-12", "org-1*", "org-1:x", "*")) {
			first.find(tenant, "1");
		}
		first.awaitFills(5);

		second.rows().evictTenant("org-1");
		second.rows().evictTenant("*");

		for (String tenant : List.of("org-1", "org-12", "org-1*", "org-1:x", "*")) {
			second.find(tenant, "1");
		}
		assertThat(second.rows().loads()).as("org-1 and * alone").isEqualTo(2);
	}

	@Test
	void theSweepTakesAwayWhatIsDeadAndNothingElse() throws Exception {
		Instance first = instance(Set.of());
		Instance second = instance(Set.of());
		for (int i = 0; i < 30; i++) {
			first.find("t1", "k" + i);
		}
		first.find("t2", "k0");
		first.awaitFills(31);
		Pause load = first.rows().pauseAfterReading();

		second.rows().evictTenant("t1");
		Call<Integer> loading = call(() -> first.find("t1", "k1"));
		load.awaitReached();
		second.find("t1", "k2");

		await().atMost(Duration.ofMinutes(1))
			.untilAsserted(() -> assertThat(this.redis.keys("rows:*")).containsExactly("rows:t1:k1", "rows:t1:k2",
					"rows:t2:k0"));
		load.release();
		loading.result();
		first.awaitFills(32);
		assertThat(first.counters().refusedFills()).isZero();
	}

	@Test
	void aGenerationThatCouldNotBeKeptIsKeptByTheNextFill() {
		Instance instance = instance(Set.of());
		this.redis.cli("ACL", "SETUSER", "default", "-pexpire");
		try {
			instance.find("t1", "1");
			instance.awaitFills(1);
		}
		finally {
			this.redis.cli("ACL", "SETUSER", "default", "+@all");
		}
		long life = Duration.ofMinutes(10).toMillis();
		assertThat(this.redis.number("PTTL", "~g:rows~:t1")).isLessThanOrEqualTo(life);

		instance.find("t1", "2");

		await().atMost(Duration.ofMinutes(1)).until(() -> this.redis.number("PTTL", "~g:rows~:t1") > life);
	}

}
