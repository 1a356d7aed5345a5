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

import org.junit.jupiter.params.ParameterizedTest;

import dev.cachestarter.OutageLab.Fault;
import dev.cachestarter.testing.SomeOf;

/**
 * Faults on the way to Redis.
 */
class NetworkOutagesRedisTests {

	@ParameterizedTest
	@SomeOf(value = { "BLACKHOLE", "SLOW", "CUT" },
			and = { "REFUSED", "RESET", "DEAF", "SLOWER", "THROTTLED", "HALF_CLOSED" })
	void nothingIsThrownNothingIsSlowAndNoEvictionIsLost(Fault fault) throws Exception {
		try (OutageLab lab = new OutageLab()) {
			lab.live(fault);
		}
	}

}
