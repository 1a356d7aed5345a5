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

package dev.cachestarter.engine.load;

import java.util.List;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What a load is made for, told to the loads that it causes.
 */
class LeadingTests {

	@Test
	void aLoadThatHasEndedIsNotRememberedByThoseThatItHasCaused() {
		List<Flight> flights = NoEntries.flights(4);
		Leading leading = null;
		for (Flight flight : flights.subList(0, 3)) {
			leading = Leading.of(flight, leading);
		}

		flights.get(0).release();
		flights.get(1).release();
		Leading next = Leading.of(flights.get(3), leading);

		assertThat(next.outer()).isEqualTo(new Leading(flights.get(2), null));
	}

	@Test
	void aLoadOfVeryManyKeysKnowsThemAll() {
		List<Flight> flights = NoEntries.flights(100_001);

		Leading leading = Leading.of(flights.subList(0, 100_000), null);
		flights.get(50_000).release();
		Leading next = Leading.of(flights.get(100_000), leading);

		int known = 0;
		for (Leading at = next; at != null; at = at.outer()) {
			known++;
		}
		assertThat(known).isEqualTo(100_000);
	}

}
