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

package dev.cachestarter.sample;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

import dev.cachestarter.sample.Api.Answer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The packaged sample, processed ahead of time and run on the JVM.
 */
@EnabledIfSystemProperty(named = "sample.aot", matches = "true",
		disabledReason = "The sample is processed ahead of time by 'mvn -Pthorough verify'")
class AheadOfTimeSmokeTests {

	@TempDir
	private Path directory;

	@Test
	void servesThroughRedis() {
		try (SampleProcess sample = SampleProcess.start(this.directory, List.of("-Dspring.aot.enabled=true"),
				"--server.port=0", "--cache-starter.connection.command-timeout=10s")) {
			Api api = new Api(sample.webPort());
			await().atMost(Duration.ofMinutes(1))
				.until(() -> api.get("/api/cache/stats").body().at("/enabled").asBoolean());

			Answer loaded = api.get("org-123", "/api/agents?limit=20&page=1");
			await().atMost(Duration.ofMinutes(1))
				.until(() -> api.get("/api/cache/stats").number("/caches/agents:list/puts") == 1);
			Answer hit = api.get("org-123", "/api/agents?limit=20&page=1");

			assertThat(sample.log()).contains("Starting AOT-processed SampleApplication");
			assertThat(loaded.status()).isEqualTo(200);
			assertThat(hit.body()).isEqualTo(loaded.body());
			Answer stats = api.get("/api/cache/stats");
			assertThat(stats.number("/caches/agents:list/misses")).isOne();
			assertThat(stats.number("/caches/agents:list/hits")).isOne();
			assertThat(sample.logged(" ERROR ")).isZero();
		}
	}

}
