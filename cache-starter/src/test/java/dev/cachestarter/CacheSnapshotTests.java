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

import java.util.Map;

import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

import dev.cachestarter.CacheSnapshot.Counters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * Tests for {@link CacheSnapshot}.
 */
class CacheSnapshotTests {

	@Test
	void countersAreWrittenToJsonByName() {
		CacheSnapshot snapshot = new CacheSnapshot(true, 1L, "2K",
				Map.of("agents", Counters.of(Map.of("hits", 3L, "misses", 1L))));

		String json = JsonMapper.builder().build().writeValueAsString(snapshot);

		assertThat(json).isEqualTo("{\"enabled\":true,\"keyCount\":1,\"memoryUsed\":\"2K\",\"caches\":{\"agents\":{"
				+ "\"hits\":3,\"misses\":1,\"puts\":0,\"removals\":0,\"refusedFills\":0,\"loadsShared\":0,"
				+ "\"unreadable\":0,\"otherVersion\":0,\"tooLarge\":0,\"notCacheable\":0,\"failures\":0,"
				+ "\"staleServed\":0,\"refreshes\":0,\"refreshFailures\":0,"
				+ "\"verified\":0,\"foundStale\":0,\"nearHits\":0,\"nearHitsUnasked\":0,\"hitRatio\":0.75}}}");
	}

	@Test
	void countersTellTheirNumbers() throws ReflectiveOperationException {
		for (String name : Counters.of(Map.of()).asMap().keySet()) {
			Counters counters = Counters.of(Map.of(name, 5L));

			assertThat(Counters.class.getMethod(name).invoke(counters)).as(name).isEqualTo(5L);
			assertThat(counters).isEqualTo(Counters.of(Map.of(name, 5L))).isNotEqualTo(Counters.of(Map.of()));
		}
	}

	@Test
	void thereIsNoCounterOfAnUnknownName() {
		assertThatIllegalArgumentException().isThrownBy(() -> Counters.of(Map.of("hit", 1L)))
			.withMessageContaining("'hit'");
	}

}
