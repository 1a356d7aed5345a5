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

import java.util.Map;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;

import dev.cachestarter.CacheSnapshot;
import dev.cachestarter.engine.monitor.CacheMonitor.LoadKind;
import dev.cachestarter.engine.monitor.CacheMonitor.LoadOutcome;
import dev.cachestarter.engine.monitor.CacheMonitor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

/**
 * Percentiles of loads.
 */
class LoadTimesTests {

	private final LoadTimes times = new LoadTimes();

	private final CacheMonitor items = this.times.ofCache("items", () -> CacheSnapshot.Counters.of(Map.of()));

	@Test
	void percentilesAreRightToAQuarter() {
		for (int i = 1; i <= 1000; i++) {
			load(TimeUnit.MILLISECONDS.toNanos(i));
		}

		LoadTimes.Summary summary = this.times.of("items");
		assertThat(summary.count()).isEqualTo(1000);
		assertThat(summary.p50Millis()).isCloseTo(500, within(125.0));
		assertThat(summary.p95Millis()).isCloseTo(950, within(240.0));
		assertThat(summary.p99Millis()).isCloseTo(990, within(250.0));
	}

	@Test
	void aPercentileIsNeverLessThanWhatWasTaken() {
		load(TimeUnit.MICROSECONDS.toNanos(130));

		assertThat(this.times.of("items").p50Millis()).isBetween(0.13, 0.13 * 1.25);
	}

	@Test
	void theSlowFewShowInTheHighestPercentileAlone() {
		for (int i = 0; i < 100; i++) {
			load(TimeUnit.MILLISECONDS.toNanos((i < 96) ? 1 : 1000));
		}

		assertThat(this.times.of("items").p95Millis()).isBetween(1.0, 1.25);
		assertThat(this.times.of("items").p99Millis()).isBetween(1000.0, 1250.0);
	}

	@Test
	void theShortestAndTheLongestAreCountedToo() {
		load(0);
		load(Long.MAX_VALUE);

		assertThat(this.times.of("items").count()).isEqualTo(2);
		assertThat(this.times.of("items").p50Millis()).isEqualTo(0.1);
		assertThat(this.times.of("items").p99Millis()).isGreaterThan(60_000);
	}

	@Test
	void failuresAreCountedApartAndOtherCachesAreNotMeant() {
		this.items.loaded(LoadKind.BACKGROUND, LoadOutcome.FAILURE, 1000);

		assertThat(this.times.of("items").failures()).isEqualTo(1);
		assertThat(this.times.of("others")).isEqualTo(new LoadTimes.Summary(0, 0, 0, 0, 0));
	}

	private void load(long nanos) {
		this.items.loaded(LoadKind.CALL, LoadOutcome.SUCCESS, nanos);
	}

}
