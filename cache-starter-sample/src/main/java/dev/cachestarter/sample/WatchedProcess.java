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

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * A server that runs beside the application and ends with it, whichever way that ends.
 * <p>
 * When the context closes, {@link #end()} sees to it. When the JVM is killed nobody in it
 * can, so a shell stands between the two and waits for its standard input to end: the
 * operating system closes that pipe when the JVM is gone. Where there is a
 * {@code setsid}, shell and server are also out of reach of what the terminal sends, so
 * that on Ctrl-C the application closes first and its servers after it.
 */
final class WatchedProcess {

	private static final Log log = LogFactory.getLog(WatchedProcess.class);

	private static final int ATTEMPTS = 5;

	private static final String LAUNCH = "exec $(command -v setsid) sh -c \"$0\" watchdog \"$@\"";

	private static final String PID = "watchdog of process ";

	/** Others can see the arguments of a process, and not its environment. */
	private static final String INPUT = "WATCHDOG_INPUT";

	private static final String SIGNAL = "WATCHDOG_SIGNAL";

	private static final String RUBBISH = "WATCHDOG_RUBBISH";

	// Only the server holds on to the output: its end is the server's.
	private static final String WATCHDOG = """
			trap '' INT HUP TERM
			echo "$%s" | "$@" &
			echo "%s$!"
			exec >/dev/null 2>&1
			cat
			kill -$%s $!
			wait
			if [ -n "$%s" ]; then rm -rf "$%s"; fi
			""".formatted(INPUT, PID, SIGNAL, RUBBISH, RUBBISH);

	private final Process watchdog;

	private final long pid;

	private WatchedProcess(Process watchdog, long pid) {
		this.watchdog = watchdog;
		this.pid = pid;
	}

	/**
	 * Start a server, and return when it is ready.
	 * @param command the program and its arguments
	 * @param input a line for its standard input, such as a secret
	 * @param ready what it says when it is ready
	 * @param endSignal the signal that ends it
	 * @param rubbish the directory to remove when it has ended, if any
	 * @return the server
	 * @throws IOException if it ends instead, with what it has said
	 */
	static WatchedProcess start(List<String> command, String input, String ready, String endSignal,
			@Nullable Path rubbish) throws IOException {
		List<String> watched = new ArrayList<>(List.of("sh", "-c", LAUNCH, WATCHDOG));
		watched.addAll(command);
		ProcessBuilder builder = new ProcessBuilder(watched).redirectErrorStream(true);
		builder.environment().put(INPUT, input);
		builder.environment().put(SIGNAL, endSignal);
		builder.environment().put(RUBBISH, (rubbish != null) ? rubbish.toString() : "");
		Process watchdog = builder.start();
		StringBuilder said = new StringBuilder();
		long pid = awaitReady(watchdog.inputReader(), ready, Path.of(command.get(0)).getFileName().toString(), said);
		WatchedProcess server = new WatchedProcess(watchdog, pid);
		if (pid == 0) {
			server.end();
			throw new IOException(String.join(" ", command) + " ended at once: " + said);
		}
		return server;
	}

	/**
	 * Start a server on a free port; on another one if somebody else was faster.
	 * @param <S> the server
	 * @param host the address to listen at
	 * @param start starts the server on a port
	 * @return the server
	 * @throws IOException if it cannot be started
	 */
	static <S> S onFreePort(String host, StartOnPort<S> start) throws IOException {
		for (int attempt = 1;; attempt++) {
			try {
				return start.start(freePort(host));
			}
			catch (IOException ex) {
				if (attempt == ATTEMPTS) {
					throw ex;
				}
			}
		}
	}

	private static int freePort(String host) throws IOException {
		try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName(host))) {
			return socket.getLocalPort();
		}
	}

	/**
	 * Read the server's output, to the end of its life: an unread pipe would stop it.
	 * @return the server's process, 0 if it has ended
	 */
	private static long awaitReady(BufferedReader output, String readyLine, String name, StringBuilder said)
			throws IOException {
		long pid = 0;
		boolean ready = false;
		for (String line = output.readLine(); line != null; line = output.readLine()) {
			said.append(line).append(System.lineSeparator());
			if (line.startsWith(PID)) {
				pid = Long.parseLong(line.substring(PID.length()));
			}
			ready |= line.contains(readyLine);
			if (ready && pid != 0) {
				Thread reader = new Thread(() -> output.lines().forEach(log::debug), name);
				reader.setDaemon(true);
				reader.start();
				return pid;
			}
		}
		return 0;
	}

	/**
	 * Send the server a signal.
	 * @param name the signal
	 * @throws IOException if it cannot be sent
	 */
	void signal(String name) throws IOException {
		Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(this.pid)).redirectErrorStream(true)
			.start();
		try {
			if (!kill.waitFor(5, TimeUnit.SECONDS) || kill.exitValue() != 0) {
				throw new IOException("The signal " + name + " could not be sent to process " + this.pid);
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IOException("Interrupted", ex);
		}
	}

	/**
	 * End the server, and return when it is gone.
	 */
	void end() {
		try {
			this.watchdog.getOutputStream().close();
			this.watchdog.waitFor();
		}
		catch (IOException ex) {
			this.watchdog.descendants().forEach(ProcessHandle::destroyForcibly);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	/**
	 * Starts a server on a port.
	 *
	 * @param <S> the server
	 */
	@FunctionalInterface
	interface StartOnPort<S> {

		S start(int port) throws IOException;

	}

}
