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
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

import org.junit.jupiter.api.Test;

import dev.cachestarter.OutageLab.Fault;
import dev.cachestarter.OutageLab.Result;
import dev.cachestarter.testing.OnlyThorough;

/**
 * Prints the table of {@code docs/outages.md}, with the profile {@code thorough}. Each
 * fault is lived through as in the other tests, and proves the same.
 */
@OnlyThorough
class OutageTableRedisTests {

	@Test
	void table() throws Exception {
		List<String> rows = new ArrayList<>();
		for (Fault fault : Fault.values()) {
			try (OutageLab lab = new OutageLab()) {
				Result result = lab.live(fault);
				rows.add("| " + fault.kind + " | " + millis(result.first()) + " | " + millis(result.open()) + " | "
						+ millis(result.back()) + " |");
			}
		}
		System.out.println("| what happens to Redis | the first call | reads while it lasts (p99) | back after |");
		System.out.println("|---|---|---|---|");
		rows.forEach(System.out::println);
	}

	private static String millis(Duration duration) {
		double millis = duration.toNanos() / 1e6;
		return String.format(Locale.ROOT, (millis < 10) ? "%.1f ms" : "%.0f ms", millis);
	}

}
