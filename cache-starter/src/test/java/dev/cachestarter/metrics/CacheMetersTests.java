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

import java.util.Map;

import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;

import dev.cachestarter.CacheSnapshot.Counters;

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

	private double nines() {
		return this.registry.get("cache.starter.verified.nines").tag("cache", "shop").gauge().value();
	}

	private double verified(String outcome) {
		return this.registry.get("cache.starter.verified").tag("outcome", outcome).functionCounter().count();
	}

}
