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

import java.time.Duration;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import dev.cachestarter.engine.redis.LinkCondition;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What operators are told of each condition.
 */
class CacheConditionTests {

	@ParameterizedTest
	@CsvSource(delimiter = '|', nullValues = "-",
			value = { "WELL | - | -", "UNREACHABLE | - | unreachable: not connected yet",
					"UNREACHABLE | connection lost | unreachable: connection lost",
					"REFUSED | NOPERM no right | refused: NOPERM no right",
					"BREAKER_OPEN | connection lost | breaker open: connection lost", "BREAKER_OPEN | - | breaker open",
					"STOPPED | - | stopped: the connection is closed until the application context starts again" })
	void eachConditionOfTheLinkHasItsReason(LinkCondition.Kind kind, @Nullable String error, @Nullable String reason) {
		CacheCondition condition = condition(kind, error, LinkCondition.Refused.NOTHING, null, null);

		assertThat(condition.reasons()).isEqualTo((reason != null) ? List.of(reason) : List.of());
		assertThat(condition.isDegraded()).isEqualTo(reason != null);
	}

	@Test
	void severalReasonsAreAllTold() {
		CacheCondition condition = condition(LinkCondition.Kind.REFUSED, "NOPERM no right to run 'unlink'",
				new LinkCondition.Refused("NOPERM no right to run 'unlink'", null, "OOM command not allowed"),
				Duration.ofSeconds(12), "NOPERM");

		assertThat(condition.reasons()).containsExactly("refused: NOPERM no right to run 'unlink'",
				"memory full: fills are refused (OOM command not allowed); raise 'maxmemory' of Redis, or set a "
						+ "'maxmemory-policy' that makes room, such as allkeys-lru",
				"evictions pending: 3, the oldest for 12 s; Redis refuses them (NOPERM)");
	}

	@ParameterizedTest
	@CsvSource({ "PT0.0125S, 12 ms", "PT0.9999S, 999 ms", "PT1S, 1 s", "PT59.9S, 59 s", "PT1M, 1 min 0 s",
			"PT59M59S, 59 min 59 s", "PT1H, 1 h 0 min", "PT25H1M, 25 h 1 min" })
	void timesAreWrittenAsPeopleReadThem(Duration duration, String text) {
		assertThat(CacheCondition.text(duration)).isEqualTo(text);
	}

	private static CacheCondition condition(LinkCondition.Kind kind, @Nullable String error,
			LinkCondition.Refused refused, @Nullable Duration oldest, @Nullable String refusedWith) {
		return new CacheCondition("localhost:1",
				new LinkCondition(kind, kind != LinkCondition.Kind.UNREACHABLE, Duration.ofMinutes(1), error, refused),
				3, oldest, refusedWith);
	}

}
