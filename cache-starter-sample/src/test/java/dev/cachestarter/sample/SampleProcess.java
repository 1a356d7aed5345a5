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
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import static org.awaitility.Awaitility.await;

/**
 * The packaged sample, running as a process of its own.
 */
final class SampleProcess implements AutoCloseable {

	private static final Pattern WEB = Pattern.compile("Tomcat started on port (\\d+)");

	private static final Pattern REDIS = Pattern.compile("redis-cli -p (\\d+)");

	private final Process process;

	private final List<String> output = new CopyOnWriteArrayList<>();

	private SampleProcess(Process process) {
		this.process = process;
		Thread reader = new Thread(() -> process.inputReader().lines().forEach(this.output::add), "sample-output");
		reader.setDaemon(true);
		reader.start();
	}

	/**
	 * Start the sample in an empty directory and without what the environment might say
	 * about Redis or Spring.
	 */
	static SampleProcess start(Path directory, String... args) {
		List<String> command = new ArrayList<>();
		command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
		command.add("-jar");
		command.add(Path.of(System.getProperty("sample.jar")).toAbsolutePath().toString());
		command.addAll(List.of(args));
		ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true);
		builder.environment().keySet().removeIf((name) -> name.matches("(SPRING|REDIS|POSTGRES|CACHE|SERVER)_.*"));
		try {
			return new SampleProcess(builder.start());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	int webPort() {
		return awaitPort(WEB);
	}

	int redisPort() {
		return awaitPort(REDIS);
	}

	private int awaitPort(Pattern pattern) {
		await().atMost(Duration.ofMinutes(3))
			.until(() -> !this.process.isAlive() || this.output.stream().anyMatch(pattern.asPredicate()));
		return this.output.stream()
			.map(pattern::matcher)
			.filter(Matcher::find)
			.map((matcher) -> Integer.parseInt(matcher.group(1)))
			.findFirst()
			.orElseThrow(() -> new AssertionError("The sample ended:\n" + String.join("\n", this.output)));
	}

	long logged(String text) {
		return this.output.stream().filter((line) -> line.contains(text)).count();
	}

	List<String> output() {
		return this.output;
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
			if (!this.process.waitFor(2, TimeUnit.MINUTES)) {
				throw new AssertionError("The sample did not end:\n" + String.join("\n", this.output));
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
