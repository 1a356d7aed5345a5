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

package dev.cachestarter.benchmark;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;

/**
 * A process that does not outlive this JVM, however that ends: a shutdown hook ends it,
 * and for a JVM that is killed a shell that waits on a pipe from it.
 */
final class ChildProcess implements AutoCloseable {

	private static final String GUARD = """
			trap '' INT TERM HUP
			read -r line && exit
			kill -KILL "$1"
			""";

	private final Process process;

	private final @Nullable Process guard;

	private final Thread hook;

	private final BufferedReader output;

	private final Writer input;

	private ChildProcess(Process process) {
		this.process = process;
		this.guard = guard(process);
		this.hook = new Thread(process::destroyForcibly, "end-of-process-" + process.pid());
		Runtime.getRuntime().addShutdownHook(this.hook);
		this.output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
		this.input = process.outputWriter(StandardCharsets.UTF_8);
	}

	/**
	 * Start a process.
	 * @param command the command
	 * @param log what it says on its standard error goes there
	 */
	static ChildProcess start(List<String> command, Path log) throws IOException {
		return new ChildProcess(new ProcessBuilder(command).redirectError(log.toFile()).start());
	}

	private static @Nullable Process guard(Process process) {
		try {
			return new ProcessBuilder("sh", "-c", GUARD, "guard", Long.toString(process.pid()))
				.redirectOutput(ProcessBuilder.Redirect.DISCARD)
				.redirectError(ProcessBuilder.Redirect.DISCARD)
				.start();
		}
		catch (IOException ex) {
			// No shell: the hook has to do.
			return null;
		}
	}

	boolean isAlive() {
		return this.process.isAlive();
	}

	/** Send a line. */
	void send(String line) {
		try {
			this.input.write(line + "\n");
			this.input.flush();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Wait for a line.
	 * @return the line, {@code null} if the process has ended without one
	 */
	@Nullable String receive() {
		try {
			return this.output.readLine();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** End the process, and return when it is gone. */
	@Override
	public void close() {
		this.process.destroy();
		try {
			if (!this.process.waitFor(2, TimeUnit.SECONDS)) {
				this.process.destroyForcibly().waitFor();
			}
		}
		catch (InterruptedException ex) {
			this.process.destroyForcibly();
			Thread.currentThread().interrupt();
		}
		try {
			Runtime.getRuntime().removeShutdownHook(this.hook);
		}
		catch (IllegalStateException ex) {
			return;
		}
		Process shell = this.guard;
		if (shell != null) {
			try (Writer line = shell.outputWriter()) {
				line.write("done\n");
			}
			catch (IOException ex) {
				shell.destroyForcibly();
			}
		}
	}

}
