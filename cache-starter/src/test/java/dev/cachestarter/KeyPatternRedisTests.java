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

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

import org.junit.jupiter.api.Test;

import dev.cachestarter.engine.key.HostileText;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.RespClient;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;

@WithRedis
class KeyPatternRedisTests {

	private static final String[] PIECES = { "*", "*", "?", "[", "]", "[a-b]", "[^a]", "\\", "^", "-", ":", "a", "b",
			"\u00e9" };

	@Test
	void matchesWhatRedisFinds(RedisServer redis) {
		HostileText random = new HostileText();
		KeyLayout layout = new KeyLayout("", false);
		layout.register("c");
		Set<String> keys = new HashSet<>(Set.of(""));
		while (keys.size() < 150) {
			keys.add(text(random, "a", "b", "-", "]", "^", "\\", "[", "*", ":", "\u00e9"));
		}

		try (RespClient client = redis.connect()) {
			keys.forEach((key) -> client.call("SET", "c:" + key, "x"));
			for (int i = 0; i < 2_000; i++) {
				KeyPattern pattern = KeyPattern.of(text(random, PIECES));
				String scanned = new String(layout.scanPattern("c", pattern), StandardCharsets.UTF_8);
				List<?> reply = (List<?>) Objects
					.requireNonNull(client.call("SCAN", "0", "MATCH", scanned, "COUNT", "100000"));
				List<?> found = (List<?>) Objects.requireNonNull(reply.get(1));

				assertThat(keys.stream().filter(pattern::matches).map((key) -> "c:" + key))
					.as("%s: %s", random, pattern)
					.containsExactlyInAnyOrderElementsOf(found.stream().map(String.class::cast).toList());
			}
		}
	}

	private static String text(HostileText random, String... pieces) {
		StringBuilder text = new StringBuilder();
		for (int i = random.random().nextInt(7); i > 0; i--) {
			text.append(random.oneOf(pieces));
		}
		return text.toString();
	}

}
