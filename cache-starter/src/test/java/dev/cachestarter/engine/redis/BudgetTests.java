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

package dev.cachestarter.engine.redis;

import java.time.Duration;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What waiting costs.
 */
class BudgetTests {

	private long now = Long.MAX_VALUE - 50;

	private final Budget budget = new Budget(Duration.ofNanos(100), () -> this.now);

	@Test
	void onlyWaitingCosts() {
		this.now += 1000;

		assertThat(this.budget.left()).isEqualTo(100);

		long begun = this.budget.begin();
		this.now += 30;

		assertThat(this.budget.left()).isEqualTo(70);
		assertThat(this.budget.end(begun)).isEqualTo(30);

		this.now += 1000;

		assertThat(this.budget.left()).isEqualTo(70);
	}

	@Test
	void severalWaitsAtATimeCostTheTimeInWhichAnyOfThemGoesOn() {
		long first = this.budget.begin();
		this.now += 10;
		long second = this.budget.begin();
		long third = this.budget.begin();
		this.now += 10;

		assertThat(this.budget.left()).isEqualTo(80);
		assertThat(this.budget.end(first)).isEqualTo(20);
		assertThat(this.budget.end(third)).isEqualTo(10);

		this.now += 20;

		assertThat(this.budget.end(second)).isEqualTo(30);
		assertThat(this.budget.left()).isEqualTo(60);
	}

	@Test
	void nothingIsLeftWhenAllIsSpent() {
		long begun = this.budget.begin();
		this.now += 101;

		assertThat(this.budget.left()).isZero();

		this.budget.end(begun);

		assertThat(this.budget.left()).isZero();
	}

	@Test
	void aBudgetLongerThanNanosecondsCanSayIsAHundredYears() {
		assertThat(new Budget(Duration.ofDays(200_000)).left()).isEqualTo(Duration.ofDays(36_500).toNanos());
	}

}
