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

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.util.FileSystemUtils;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests the command that measures, as a process of its own.
 */
class MeasureApplicationTests {

	private static final Duration PATIENCE = Duration.ofMinutes(10);

	@TempDir
	private Path directory;

	private Path temporary;

	private Process process;

	@BeforeEach
	void prepare() throws IOException {
		String obstacle = EmbeddedPostgres.obstacle();
		Assumptions.assumeTrue(obstacle == null, obstacle);
		// Whoever the server runs as must get at its data.
		this.temporary = Files.createTempDirectory("measured");
		this.temporary.toFile().setReadable(true, false);
		this.temporary.toFile().setExecutable(true, false);
	}

	@AfterEach
	void end() throws Exception {
		if (this.process != null) {
			this.process.destroyForcibly().waitFor();
			await().atMost(PATIENCE).until(() -> left().isEmpty());
			FileSystemUtils.deleteRecursively(this.temporary);
		}
	}

	@Test
	void printsTheTableWritesItAsJsonAndLeavesNothingBehind() throws Exception {
		this.process = start("--measure.time=2s", "--measure.warm-up=1s", "--measure.settle=1s", "--measure.rate=20");

		assertThat(this.process.waitFor(PATIENCE.toMinutes(), TimeUnit.MINUTES)).isTrue();
		assertThat(this.process.exitValue()).as(said()).isZero();
		assertThat(said()).contains("| P50 of all reads | 50 ms | 5 ms |", "| P95 of all reads | 150 ms | 10 ms |",
				"| Database queries a second | 100 | 20 |", "| Hit ratio, rare reads: single servers |",
				"load average");
		JsonNode json = JsonMapper.shared().readTree(this.directory.resolve("measured.json").toFile());
		assertThat(json.at("/table").size()).isEqualTo(9);
		assertThat(json.at("/without/p50").asDouble()).isPositive();
		assertThat(left()).isEmpty();
	}

	@EnabledIfSystemProperty(named = "thorough", matches = "true", disabledReason = "Only with -Pthorough")
	@Test
	void whatItHasStartedEndsWithItHoweverItEnds() throws Exception {
		this.process = start("--measure.time=1h");
		await().atMost(PATIENCE).until(() -> !this.process.isAlive() || said().contains("Measuring takes"));
		assertThat(this.process.isAlive()).as(said()).isTrue();
		List<ProcessHandle> started = this.process.descendants().toList();
		assertThat(left()).hasSize(1);
		assertThat(started).hasSizeGreaterThan(3);

		this.process.destroyForcibly();

		await().atMost(PATIENCE).until(() -> started.stream().noneMatch(ProcessHandle::isAlive));
		await().atMost(PATIENCE).until(() -> left().isEmpty());
	}

	private Process start(String... options) throws IOException {
		List<String> command = new ArrayList<>(
				List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1",
						"-Djava.io.tmpdir=" + this.temporary, "-cp", System.getProperty("java.class.path"),
						"dev.cachestarter.sample.MeasureApplication", "--sample.fill=false"));
		command.addAll(List.of(options));
		ProcessBuilder builder = new ProcessBuilder(command).directory(this.directory.toFile())
			.redirectErrorStream(true)
			.redirectOutput(log());
		builder.environment()
			.keySet()
			.removeIf((name) -> name.matches("(SPRING|REDIS|POSTGRES|CACHE|SERVER|LOGGING|MEASURE|SAMPLE)_.*"));
		return builder.start();
	}

	private File log() {
		return this.directory.resolve("measure.log").toFile();
	}

	private String said() throws IOException {
		return Files.readString(log().toPath());
	}

	private List<Path> left() throws IOException {
		try (Stream<Path> left = Files.list(this.temporary)) {
			return left.filter((path) -> path.getFileName().toString().startsWith("sample-postgres")).toList();
		}
	}

}
