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
package dev.cachestarter.engine.tag;

import java.util.List;
import java.util.concurrent.CompletableFuture;

import org.junit.jupiter.api.Test;

import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The same with evictions in two steps, as on a cluster.
 */
@WithRedis(local = true)
class TagGenerationsInStepsRedisTests extends TagGenerationsRedisTests {

	TagGenerationsInStepsRedisTests(RedisServer redis) {
		super(redis);
	}

	@Override
	CompletableFuture<Long> evict(TagGenerations tags, List<String> names) {
		return tags.evictInSteps(names);
	}

	@Test
	void theCounterIsIncreasedBeforeTheGenerationIsReplaced() {
		admit(capture());
		evict();
		this.redis.cli("CONFIG", "SET", "slowlog-log-slower-than", "0");
		this.redis.cli("SLOWLOG", "RESET");
		try {
			evict();
		}
		finally {
			this.redis.cli("CONFIG", "SET", "slowlog-log-slower-than", "-1");
		}

		// The other way round, and the generation lost in between, a fill would find
		// none, and a counter that tells of no eviction. The log has the last one first.
		String log = String.valueOf(this.redis.cli("SLOWLOG", "GET", "20"));
		assertThat(log).containsSubsequence(TAG + ",", COUNTER + ",");
	}

}
