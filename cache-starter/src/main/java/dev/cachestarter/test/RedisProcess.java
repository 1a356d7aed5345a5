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

package dev.cachestarter.test;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * A {@code redis-server} in a process of its own, which ends with this JVM, whichever way
 * that ends: a shell stands between the two and waits for its standard input to end. The
 * operating system closes that pipe when this JVM is gone, even if it was killed.
 */
final class RedisProcess {

	private static final String HOST = "127.0.0.1";

	private static final int ATTEMPTS = 20;

	// Having nothing to save the server may be killed, which works even on a stopped one.
	// Only the server holds on to the output: its end is the server's.
	private static final String SCRIPT = """
			trap '' INT HUP TERM
			"$@" </dev/null &
			exec >/dev/null 2>&1
			cat
			kill -9 $!
			wait
			""";

	/** Out of reach of what a terminal sends, where that is possible. */
	private static final String LAUNCH = "exec $(command -v setsid) sh -c \"$0\" redis-of-tests \"$@\"";

	private RedisProcess() {
	}

	static @Nullable String whyNotOnPath() {
		return (onPath() != null) ? null : "there is no redis-server on the PATH";
	}

	static RedisServer startFromPath(List<String> arguments) throws UnusablePlaceException {
		Path file = onPath();
		if (file == null) {
			throw new UnusablePlaceException("there is no redis-server on the PATH");
		}
		return start(file, file + " on the PATH", arguments);
	}

	private static @Nullable Path onPath() {
		String path = System.getenv("PATH");
		for (String directory : (path != null) ? path.split(File.pathSeparator) : new String[0]) {
			Path file = Path.of(directory, "redis-server");
			if (!directory.isEmpty() && Files.isExecutable(file) && Files.isRegularFile(file)) {
				return file;
			}
		}
		return null;
	}

	/**
	 * Start a server, and return when it takes connections.
	 * @param executable the server's file, which is not needed any more afterwards
	 * @param origin what it is, for people
	 * @throws IllegalStateException if it ends at once
	 */
	static RedisServer start(Path executable, String origin, List<String> arguments) {
		for (int attempt = 1;; attempt++) {
			int port = FreePort.find();
			StringBuilder said = new StringBuilder();
			try {
				Process shell = launch(executable, port, arguments);
				if (isReady(shell.inputReader(), said)) {
					return new RedisServer(HOST, port, origin, () -> end(shell));
				}
				end(shell);
			}
			catch (IOException ex) {
				said.append(ex.getMessage());
			}
			// Somebody else may have taken the port.
			if (attempt == ATTEMPTS || !said.toString().contains("Address already in use")) {
				throw new IllegalStateException("The redis-server of the tests (" + origin + ") does not start with "
						+ arguments + ": " + said);
			}
		}
	}

	private static Process launch(Path executable, int port, List<String> arguments) throws IOException {
		List<String> command = new ArrayList<>(List.of("sh", "-c", LAUNCH, SCRIPT, executable.toString(), "--bind",
				HOST, "--port", Integer.toString(port)));
		command.addAll(arguments);
		return new ProcessBuilder(command).redirectErrorStream(true).start();
	}

	/** Read what the server says, to the end of its life: a full pipe would stop it. */
	private static boolean isReady(BufferedReader output, StringBuilder said) throws IOException {
		for (String line = output.readLine(); line != null; line = output.readLine()) {
			said.append(line).append(System.lineSeparator());
			if (line.contains("Ready to accept connections")) {
				Thread reader = new Thread(() -> drain(output), "redis-of-tests-output");
				reader.setDaemon(true);
				reader.start();
				return true;
			}
		}
		return false;
	}

	private static void drain(BufferedReader output) {
		try {
			while (output.readLine() != null) {
				continue;
			}
		}
		catch (IOException ex) {
			// It has ended.
		}
	}

	/** End a server by its shell, and return when it is gone. */
	private static void end(Process shell) {
		try {
			shell.getOutputStream().close();
			shell.waitFor();
		}
		catch (IOException ex) {
			shell.descendants().forEach(ProcessHandle::destroyForcibly);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

}
