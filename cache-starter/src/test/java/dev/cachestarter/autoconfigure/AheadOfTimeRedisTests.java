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

package dev.cachestarter.autoconfigure;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.SpringApplicationAotProcessor;
import org.springframework.context.aot.AbstractAotProcessor;

import dev.cachestarter.testing.OnlyThorough;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * An application that is processed ahead of time, and runs in a JVM of its own.
 */
@OnlyThorough
@WithRedis
class AheadOfTimeRedisTests {

	private final RedisServer redis;

	@TempDir
	private Path directory;

	AheadOfTimeRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@Test
	void theCacheCanStillBeSwitchedOffWhenTheApplicationRuns() throws Exception {
		Path classes = process();

		assertThat(run(classes)).contains("calls: 1 1, enabled: true, keys: a:b");
		assertThat(run(classes, "--spring.cache.type=none")).contains("calls: 1 2, enabled: false, keys: a:b")
			.containsOnlyOnce("cache-starter backs off: 'spring.cache.type' is NONE");
		assertThat(run(classes, "--cache-starter.enabled=false")).contains("calls: 1 2, enabled: false, keys: a:b")
			.containsOnlyOnce("cache-starter backs off: 'cache-starter.enabled' is false");
	}

	private Path process() throws IOException {
		Path sources = this.directory.resolve("sources");
		Path classes = Files.createDirectories(this.directory.resolve("classes"));
		AbstractAotProcessor.Settings settings = AbstractAotProcessor.Settings.builder()
			.sourceOutput(sources)
			.resourceOutput(this.directory.resolve("resources"))
			.classOutput(classes)
			.groupId("dev.cachestarter")
			.artifactId("ahead")
			.build();
		new SpringApplicationAotProcessor(AheadOfTimeApplication.class, settings, this.redis.springProperties())
			.process();
		JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
		StringWriter said = new StringWriter();
		try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null);
				Stream<Path> generated = Files.walk(sources)) {
			List<Path> java = generated.filter((path) -> path.toString().endsWith(".java")).toList();
			boolean compiled = compiler
				.getTask(said, files, null,
						List.of("-proc:none", "-nowarn", "-d", classes.toString(), "-cp",
								classes + ":" + System.getProperty("java.class.path")),
						null, files.getJavaFileObjectsFromPaths(java))
				.call();
			assertThat(compiled).as(said.toString()).isTrue();
		}
		return classes;
	}

	private String run(Path classes, String... arguments) throws Exception {
		this.redis.flushAll();
		List<String> command = new ArrayList<>(
				List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1",
						"-Dspring.aot.enabled=true", AheadOfTimeApplication.class.getName()));
		for (String property : this.redis.springProperties()) {
			command.add("--" + property);
		}
		command.addAll(List.of(arguments));
		Path output = this.directory.resolve("output");
		ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
		builder.environment().put("CLASSPATH", classes + ":" + System.getProperty("java.class.path"));
		Process process = builder.start();
		try {
			assertThat(process.waitFor(3, TimeUnit.MINUTES)).isTrue();
		}
		finally {
			process.destroyForcibly();
		}
		return Files.readString(output, StandardCharsets.UTF_8);
	}

}
