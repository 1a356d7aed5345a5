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

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.lettuce.core.RedisURI;
import org.awaitility.Awaitility;

/**
 * The packaged sample, running as a process of its own.
 */
final class SampleProcess implements AutoCloseable {

	private static final Pattern WEB = Pattern.compile("Tomcat started on port (\\d+)\\D");

	private static final Pattern REDIS = Pattern.compile("redis-cli -p (\\d+) -a (\\S+)");

	private final Process process;

	private final Path log;

	private SampleProcess(Process process, Path log) {
		this.process = process;
		this.log = log;
	}

	/**
	 * Start the sample in a directory, which best is empty, and without what the
	 * environment says of Redis and Spring.
	 */
	static SampleProcess start(Path directory, String... args) {
		return start(directory, List.of(), args);
	}

	/**
	 * The same, with options for the JVM.
	 */
	static SampleProcess start(Path directory, List<String> options, String... args) {
		List<String> command = new ArrayList<>();
		command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
		// It lives for seconds.
		command.add("-XX:TieredStopAtLevel=1");
		command.addAll(options);
		command.add("-jar");
		String jar = Objects.requireNonNull(System.getProperty("sample.jar"), "Run this test with 'mvn verify'");
		command.add(Path.of(jar).toAbsolutePath().toString());
		command.addAll(List.of(args));
		Path log = directory.resolve("sample.log");
		ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile())
			.redirectErrorStream(true)
			.redirectOutput(log.toFile());
		builder.environment()
			.keySet()
			.removeIf((name) -> name.matches("(SPRING|REDIS|POSTGRES|CACHE|SERVER|LOGGING|MANAGEMENT)_.*"));
		try {
			return new SampleProcess(builder.start(), log);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Return the port that the application serves on, once it does.
	 */
	int webPort() {
		return Integer.parseInt(await(WEB).group(1));
	}

	/**
	 * Return where the application's own Redis is, once there is one.
	 */
	RedisURI redis() {
		Matcher said = await(REDIS);
		return RedisURI.builder()
			.withHost("127.0.0.1")
			.withPort(Integer.parseInt(said.group(1)))
			.withPassword(said.group(2))
			.build();
	}

	private Matcher await(Pattern pattern) {
		Awaitility.await()
			.atMost(Duration.ofMinutes(3))
			.until(() -> !this.process.isAlive() || pattern.matcher(log()).find());
		Matcher matcher = pattern.matcher(log());
		if (!matcher.find()) {
			throw new AssertionError("The sample ended:\n" + log());
		}
		return matcher;
	}

	/**
	 * Return what the application has logged so far.
	 */
	String log() {
		try {
			return new String(Files.readAllBytes(this.log), StandardCharsets.UTF_8);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Return how many lines of the log contain a text.
	 */
	long logged(String text) {
		return log().lines().filter((line) -> line.contains(text)).count();
	}

	/**
	 * Ask the process to end, as Ctrl-C, {@code kill} and orchestrators do.
	 */
	int terminate() {
		this.process.destroy();
		return awaitExit();
	}

	/**
	 * End the process without giving it a chance to do anything.
	 */
	int kill() {
		this.process.destroyForcibly();
		return awaitExit();
	}

	int awaitExit() {
		try {
			if (!this.process.waitFor(3, TimeUnit.MINUTES)) {
				throw new AssertionError("The sample did not end:\n" + log());
			}
			return this.process.exitValue();
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

	@Override
	public void close() {
		if (this.process.isAlive()) {
			kill();
		}
	}

}
