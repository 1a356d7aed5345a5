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
package dev.cachestarter.engine.entry;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;

import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.RedisNode;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.CacheService;
import dev.cachestarter.TestInstance;
import dev.cachestarter.engine.entry.Sweeper.Pace;
import dev.cachestarter.testing.RedisCluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The sweep for evicted tags where an entry, its tags, and what is due are on different
 * servers.
 */
class TagSweepInClusterRedisTests {

	private static final Duration LONG = Duration.ofMinutes(1);

	@Test
	void entriesOfAnEvictedTagAreSweptFromAllServers() {
		try (RedisCluster redis = RedisCluster.start()) {
			RedisClusterConfiguration where = new RedisClusterConfiguration();
			redis.nodes().forEach((node) -> where.addClusterNode(new RedisNode(node.host(), node.port())));
			try (TestInstance<Nothing> instance = TestInstance
				.of(Nothing.class, () -> new LettuceConnectionFactory(where), TestInstance::patient)
				.awaitUp()) {
				CacheService service = instance.manager().getCacheService();
				Set<Integer> ports = new TreeSet<>();
				for (int i = 0; i < 24; i++) {
					service.set("notes:" + i, "note", Duration.ofHours(1), List.of("kind:" + i % 4, "all:" + i % 2));
					ports.add(redis.ownerOf("{}notes:" + i).port());
				}
				assertThat(ports).hasSizeGreaterThan(1);
				Sweeper sweeper = new Sweeper(instance.engine().link(), instance.engine().store(),
						instance.engine().layout(), new Pace(Duration.ofMillis(1), Duration.ofMillis(50),
								Duration.ofMillis(100), Duration.ofSeconds(30), 1000, 0, Duration.ZERO));
				try {
					service.evictTags(List.of("kind:0", "kind:3"));

					await().atMost(LONG).until(() -> remaining(redis) == 12);
					IntStream.range(0, 24).forEach((i) -> {
						boolean kept = i % 4 == 1 || i % 4 == 2;
						assertThat(service.get("notes:" + i, String.class).isPresent()).as("notes:%d", i)
							.isEqualTo(kept);
					});
				}
				finally {
					sweeper.close();
				}
			}
		}
	}

	private static long remaining(RedisCluster redis) {
		return IntStream.range(0, 24)
			.mapToObj((i) -> "{}notes:" + i)
			.filter((key) -> redis.ownerOf(key).number("EXISTS", key) == 1)
			.count();
	}

	static class Nothing {

	}

}
