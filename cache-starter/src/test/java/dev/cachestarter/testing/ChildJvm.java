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

package dev.cachestarter.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;

/**
 * A JVM of its own with the class path of the tests, spoken to in lines. Instances of an
 * application in one JVM stop together; where pauses matter, each needs its own.
 * <p>
 * The main class reads commands from its standard input and answers by {@link #say}. What
 * else it prints, its log above all, goes to the parent's standard error. It ends with
 * this JVM.
 */
public final class ChildJvm implements AutoCloseable {

	/** What tells a line of the protocol from what libraries print. */
	private static final String MARK = "\u0001";

	private final Process process;

	private final ProcessGuard guard;

	private final Writer input;

	private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

	private final Thread reader;

	private ChildJvm(Process process) {
		this.process = process;
		this.guard = new ProcessGuard(process, null);
		this.input = process.outputWriter(StandardCharsets.UTF_8);
		this.reader = new Thread(this::read, "output-of-child-" + process.pid());
		this.reader.setDaemon(true);
		this.reader.start();
	}

	/**
	 * Start a JVM.
	 * @param mainClass the class whose {@code main} it runs
	 * @param arguments the arguments of {@code main}
	 * @return the running JVM
	 */
	public static ChildJvm start(Class<?> mainClass, String... arguments) {
		return start(System.getProperty("java.class.path"), mainClass, arguments);
	}

	/**
	 * Start a JVM with another class path.
	 * @param classPath its class path
	 * @param mainClass the class whose {@code main} it runs
	 * @param arguments the arguments of {@code main}
	 * @return the running JVM
	 */
	public static ChildJvm start(String classPath, Class<?> mainClass, String... arguments) {
		List<String> command = new ArrayList<>();
		command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
		// A short life: no time for the best code, nor for many threads of collection.
		command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xmx256m"));
		command.addAll(List.of("-Djava.net.preferIPv4Stack=true", "-Dstdout.encoding=UTF-8"));
		command.add(mainClass.getName());
		command.addAll(List.of(arguments));
		ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
		// In the environment, where its length has no limit that matters.
		builder.environment().put("CLASSPATH", classPath);
		try {
			return new ChildJvm(builder.start());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Say a line to the parent. To be called in the child.
	 * @param line the line
	 */
	public static void say(String line) {
		System.out.println(MARK + line);
		System.out.flush();
	}

	private void read() {
		try (BufferedReader output = this.process.inputReader(StandardCharsets.UTF_8)) {
			for (String line = output.readLine(); line != null; line = output.readLine()) {
				int mark = line.indexOf(MARK);
				if (mark >= 0) {
					this.lines.add(line.substring(mark + 1));
				}
				else {
					System.err.println("[" + this.process.pid() + "] " + line);
				}
			}
		}
		catch (IOException ex) {
			// It has been killed.
		}
	}

	/**
	 * Send a line to the child.
	 * @param line the line
	 */
	public void send(String line) {
		try {
			this.input.write(line + "\n");
			this.input.flush();
		}
		catch (IOException ex) {
			throw new UncheckedIOException("The child has ended", ex);
		}
	}

	/**
	 * Wait for a line that begins so, skipping others.
	 * @param prefix how it begins
	 * @param timeout how long to wait
	 * @return the rest of the line
	 * @throws IllegalStateException if none comes in time, or the child ends before
	 */
	public String await(String prefix, Duration timeout) {
		long deadline = System.nanoTime() + timeout.toNanos();
		List<String> skipped = new ArrayList<>();
		try {
			while (true) {
				String line = next(deadline);
				if (line == null) {
					throw new IllegalStateException(
							"The child " + (this.reader.isAlive() ? "did not say" : "ended before it said") + " '"
									+ prefix + "' but " + skipped);
				}
				if (line.startsWith(prefix)) {
					return line.substring(prefix.length());
				}
				skipped.add(line);
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
	}

	private @Nullable String next(long deadline) throws InterruptedException {
		while (true) {
			boolean over = !this.reader.isAlive() || System.nanoTime() - deadline >= 0;
			String line = this.lines.poll(over ? 0 : 20, TimeUnit.MILLISECONDS);
			if (line != null || over) {
				return line;
			}
		}
	}

	/**
	 * Send a line and wait for the line that answers it.
	 * @param line the line
	 * @param answerPrefix how the answer begins
	 * @param timeout how long to wait
	 * @return the rest of the answer
	 */
	public String ask(String line, String answerPrefix, Duration timeout) {
		send(line);
		return await(answerPrefix, timeout);
	}

	/**
	 * Return the id of the process.
	 * @return the id
	 */
	public long pid() {
		return this.process.pid();
	}

	/**
	 * Tell whether the child is running, or halted.
	 * @return {@code false} once it has ended
	 */
	public boolean isAlive() {
		return this.process.isAlive();
	}

	/**
	 * Halt the child, as a long pause of its garbage collector would.
	 */
	public void pause() {
		ProcessGuard.signal(this.process, "STOP");
	}

	/**
	 * Let the halted child go on.
	 */
	public void resume() {
		ProcessGuard.signal(this.process, "CONT");
	}

	/**
	 * End the child at once, its shutdown hooks not run, and wait until it has ended.
	 */
	public void kill() {
		try {
			this.process.destroyForcibly().waitFor();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		this.guard.close();
	}

	@Override
	public void close() {
		kill();
	}

}
