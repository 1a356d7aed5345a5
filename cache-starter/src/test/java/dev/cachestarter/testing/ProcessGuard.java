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

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;

import org.springframework.util.FileSystemUtils;

/**
 * Ends a process and removes its directory when this JVM ends, whichever way it ends. A
 * shutdown hook does it as a rule. For a JVM that is killed there is a shell which waits
 * on a pipe from this JVM: the system closes the pipe, and the shell does the rest.
 */
final class ProcessGuard implements AutoCloseable {

	private static final String SCRIPT = """
			trap '' INT TERM HUP
			read -r line && exit
			kill -KILL "$1"
			[ -z "$2" ] || rm -rf "$2"
			""";

	private final Process guarded;

	private final @Nullable Path directory;

	private final Process shell;

	private final Thread hook;

	/**
	 * Guard a process until {@link #close()}.
	 * @param guarded the process
	 * @param directory what to remove after its end, if anything
	 */
	ProcessGuard(Process guarded, @Nullable Path directory) {
		this.guarded = guarded;
		this.directory = directory;
		try {
			this.shell = new ProcessBuilder("sh", "-c", SCRIPT, "guard", Long.toString(guarded.pid()),
					(directory != null) ? directory.toString() : "")
				.redirectOutput(ProcessBuilder.Redirect.DISCARD)
				.redirectError(ProcessBuilder.Redirect.DISCARD)
				.start();
		}
		catch (IOException ex) {
			guarded.destroyForcibly();
			throw new UncheckedIOException(ex);
		}
		this.hook = new Thread(this::end, "end-of-process-" + guarded.pid());
		Runtime.getRuntime().addShutdownHook(this.hook);
	}

	private void end() {
		this.guarded.destroyForcibly();
		try {
			this.guarded.waitFor(5, TimeUnit.SECONDS);
			if (this.directory != null) {
				FileSystemUtils.deleteRecursively(this.directory);
			}
		}
		catch (IOException ex) {
			System.err.println("Left behind: " + this.directory + " (" + ex + ")");
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	/**
	 * Stop guarding: the process has ended or is no longer ours to end.
	 */
	@Override
	public void close() {
		try {
			Runtime.getRuntime().removeShutdownHook(this.hook);
		}
		catch (IllegalStateException ex) {
			// The JVM is going down: the hook has done, or will do, its work.
			return;
		}
		try (var line = this.shell.outputWriter()) {
			line.write("done\n");
		}
		catch (IOException ex) {
			// The shell is gone already.
			this.shell.destroyForcibly();
		}
	}

	/**
	 * Send a signal to a process, if it exists. When this returns after {@code STOP}, the
	 * process stands still where the system lets one see that.
	 * @param process the process
	 * @param name the name of the signal, such as {@code STOP}
	 */
	static void signal(Process process, String name) {
		try {
			Process kill = new ProcessBuilder("sh", "-c", "kill -\"$1\" \"$2\"", "signal", name,
					Long.toString(process.pid()))
				.redirectErrorStream(true)
				.redirectOutput(ProcessBuilder.Redirect.DISCARD)
				.start();
			if (kill.waitFor() != 0 && !process.waitFor(1, TimeUnit.SECONDS)) {
				throw new IllegalStateException("Process " + process.pid() + " did not take signal " + name);
			}
			if (name.equals("STOP")) {
				awaitStopped(process);
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
	}

	private static void awaitStopped(Process process) throws IOException, InterruptedException {
		Path tasks = Path.of("/proc", Long.toString(process.pid()), "task");
		if (!Files.isDirectory(tasks)) {
			return;
		}
		while (process.isAlive()) {
			try (var threads = Files.list(tasks)) {
				if (threads.allMatch(ProcessGuard::isStopped)) {
					return;
				}
			}
			TimeUnit.MILLISECONDS.sleep(1);
		}
	}

	private static boolean isStopped(Path task) {
		try {
			String stat = Files.readString(task.resolve("stat"));
			// The state follows the name, which stands in parentheses and may hold any
			// character.
			return stat.charAt(stat.lastIndexOf(')') + 2) == 'T';
		}
		catch (IOException ex) {
			// The thread has ended meanwhile.
			return true;
		}
	}

}
