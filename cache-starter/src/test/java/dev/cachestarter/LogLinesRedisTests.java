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

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Text of others in the log: it never begins a line of its own.
 */
@WithRedis
@ExtendWith(OutputCaptureExtension.class)
class LogLinesRedisTests {

	private static final String FORGED = "x\r\n2026-01-01 ERROR forged\n";

	@Test
	void theTextOfAnExceptionIsPartOfALine(RedisServer redis, CapturedOutput output) {
		try (TestInstance<Pages> instance = TestInstance.of(Pages.class, redis.host(), redis.port(), (builder) -> {
			TestInstance.patient(builder);
			builder.ttlPolicy((cache, key, value) -> {
				throw new IllegalStateException(FORGED);
			});
		})) {
			instance.awaitUp();
			instance.service().page("1");

			await().atMost(Duration.ofMinutes(1)).until(() -> output.toString().contains("TtlPolicy failed"));
			assertThat(output.toString().lines()).noneMatch((line) -> line.startsWith("2026-01-01 ERROR forged"));
			assertThat(output).contains("x%0D%0A2026-01-01 ERROR forged%0A");
		}
	}

	static class Pages {

		@Cacheable("pages")
		public String page(String id) {
			return id;
		}

	}

}
