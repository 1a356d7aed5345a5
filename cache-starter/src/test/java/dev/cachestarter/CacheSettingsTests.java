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
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What settings of a cache can be.
 */
class CacheSettingsTests {

	private static final Duration HUNDRED_YEARS = Duration.ofDays(36_500);

	@Test
	void noDurationIsTooLongForNanoseconds() {
		List<BiFunction<CacheSettings, Duration, CacheSettings>> setters = List.of(CacheSettings::withTtl,
				CacheSettings::withNullTtl, CacheSettings::withLoadWait, CacheSettings::withLoadLeaseLimit,
				CacheSettings::withLoadTimeout, CacheSettings::withStaleIfError, CacheSettings::withStaleRetry,
				CacheSettings::withRefreshAhead, CacheSettings::withLease);
		List<Function<CacheSettings, Duration>> getters = List.of(CacheSettings::ttl, CacheSettings::nullTtl,
				CacheSettings::loadWait, CacheSettings::loadLeaseLimit, CacheSettings::loadTimeout,
				CacheSettings::staleIfError, CacheSettings::staleRetry, CacheSettings::refreshAhead,
				CacheSettings::lease);

		for (int i = 0; i < setters.size(); i++) {
			CacheSettings settings = setters.get(i).apply(CacheSettings.defaults(), Duration.ofSeconds(Long.MAX_VALUE));

			assertThat(getters.get(i).apply(settings)).isEqualTo(HUNDRED_YEARS);
		}
	}

}
