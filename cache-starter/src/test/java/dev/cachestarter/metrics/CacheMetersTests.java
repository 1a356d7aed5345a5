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

package dev.cachestarter.metrics;

import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import dev.cachestarter.CacheSnapshot.Counters;
import dev.cachestarter.engine.monitor.CacheMonitor;
import dev.cachestarter.engine.monitor.CacheMonitor.LoadKind;
import dev.cachestarter.engine.monitor.CacheMonitor.LoadOutcome;
import dev.cachestarter.engine.monitor.CacheMonitor.ReadOutcome;
import dev.cachestarter.engine.monitor.CacheMonitor.WaitOutcome;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

class CacheMetersTests {

	private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

	private Counters counters = Counters.of(Map.of());

	@Test
	void howRightACacheIsIsToldInNines() {
		new CacheMeters(this.registry, Tags.of("cache", "shop"), () -> this.counters, (meter) -> {
		});
		assertThat(nines()).isNaN();

		this.counters = Counters.of(Map.of("verified", 10_000L, "foundStale", 10L));

		assertThat(nines()).isEqualTo(3, within(1e-9));
		assertThat(verified("same")).isEqualTo(9990);
		assertThat(verified("stale")).isEqualTo(10);
	}

	@Test
	void withoutADifferenceItIsWhatSoManyComparisonsCanTell() {
		assertThat(CacheMeters.nines(Counters.of(Map.of("verified", 100L)))).isEqualTo(2, within(1e-9));
		assertThat(CacheMeters.nines(Counters.of(Map.of("verified", 1L, "foundStale", 1L)))).isZero();
	}

	@ParameterizedTest
	@CsvSource({ "loadsShared, loads.shared, -, -", "staleServed, stale.served, -, -",
			"refreshes, refreshes, outcome, success", "refreshFailures, refreshes, outcome, failure",
			"refusedFills, fills.refused, -, -", "notCacheable, values.refused, kind, not_cacheable",
			"tooLarge, values.refused, kind, too_large", "unreadable, entries.unusable, kind, unreadable",
			"otherVersion, entries.unusable, kind, other_version", "failures, failures, -, -" })
	void whatIsCountedIsInTheMeterOfItsNameAndInNoOther(String count, String meter, String tag, String value) {
		meters(() -> Counters.of(Map.of(count, 7L)));

		List<Meter> counted = this.registry.getMeters()
			.stream()
			.filter((each) -> each instanceof FunctionCounter counter && counter.count() != 0)
			.toList();

		assertThat(counted).singleElement().satisfies((each) -> {
			assertThat(each.getId().getName()).isEqualTo("cache.starter." + meter);
			assertThat(each.getId().getTag("cache")).isEqualTo("shop");
			assertThat(each.getId().getTag(tag)).isEqualTo(value.equals("-") ? null : value);
			assertThat(((FunctionCounter) each).count()).isEqualTo(7);
		});
	}

	@Test
	void timesAndSizesAreInTheirUnits() {
		CacheMeters meters = meters(() -> this.counters);

		meters.read(ReadOutcome.STALE, TimeUnit.MILLISECONDS.toNanos(3));
		meters.waited(WaitOutcome.FAILURE, TimeUnit.MILLISECONDS.toNanos(5));
		meters.loaded(LoadKind.BACKGROUND, LoadOutcome.FAILURE, TimeUnit.MILLISECONDS.toNanos(7));
		meters.stored(1000, 300);

		assertThat(timed("read", "outcome", "stale")).isEqualTo(3);
		assertThat(timed("wait", "outcome", "failure")).isEqualTo(5);
		assertThat(timed("load", "kind", "background", "outcome", "failure")).isEqualTo(7);
		assertThat(size("plain")).isEqualTo(1000);
		assertThat(size("stored")).isEqualTo(300);
	}

	@Test
	void whatSharesATagIsCountedTogetherAndOnce() {
		CacheMeters.Sum sum = new CacheMeters.Sum();
		sum.meters = meters(sum);

		CacheMonitor one = sum.with(() -> Counters.of(Map.of("failures", 2L, "unreadable", 1L)));
		CacheMonitor other = sum.with(() -> Counters.of(Map.of("failures", 3L)));
		one.stored(10, 10);
		other.stored(20, 20);

		assertThat(this.registry.get("cache.starter.failures").functionCounter().count()).isEqualTo(5);
		assertThat(size("plain")).isEqualTo(30);
	}

	private CacheMeters meters(Supplier<Counters> counters) {
		return new CacheMeters(this.registry, Tags.of("cache", "shop"), counters, (meter) -> {
		});
	}

	private double timed(String name, String... tags) {
		return this.registry.get("cache.starter." + name).tags(tags).timer().totalTime(TimeUnit.MILLISECONDS);
	}

	private double size(String kind) {
		return this.registry.get("cache.starter.value.size").tag("kind", kind).summary().totalAmount();
	}

	private double nines() {
		return this.registry.get("cache.starter.verified.nines").tag("cache", "shop").gauge().value();
	}

	private double verified(String outcome) {
		return this.registry.get("cache.starter.verified").tag("outcome", outcome).functionCounter().count();
	}

}
