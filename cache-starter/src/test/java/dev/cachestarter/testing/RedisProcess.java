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
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;

import org.springframework.util.FileSystemUtils;

/**
 * A {@code redis-server} process on a port and in a directory of its own, both kept over
 * restarts.
 */
final class RedisProcess extends RedisServer {

	private static final int PORT_ATTEMPTS = 20;

	private static final Duration START_TIMEOUT = Duration.ofSeconds(30);

	private static final Duration STOP_TIMEOUT = Duration.ofSeconds(10);

	private final RedisExecutable executable;

	private final List<String> arguments;

	private final Path directory;

	private final @Nullable Path configuration;

	private volatile int port;

	private volatile @Nullable Process process;

	private volatile @Nullable ProcessGuard guard;

	/**
	 * Create a server that reads, and may rewrite, a configuration file.
	 * @param arguments arguments of {@code redis-server}
	 * @param configuration the content of the file, if there is to be one
	 */
	RedisProcess(List<String> arguments, @Nullable String configuration) {
		super("127.0.0.1", password(arguments));
		this.executable = RedisExecutable.find()
			.orElseThrow(() -> new IllegalStateException(whyNotLocal().orElse("no redis-server")));
		this.arguments = List.copyOf(arguments);
		try {
			this.directory = Files.createTempDirectory("redis-server-");
			this.configuration = (configuration != null)
					? Files.writeString(this.directory.resolve("redis.conf"), configuration) : null;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Create a server with the settings that suit most tests.
	 * @param arguments arguments of {@code redis-server}, which win over those settings
	 * @return the server
	 */
	static RedisProcess withDefaults(String... arguments) {
		List<String> all = new ArrayList<>(List.of("--save", "", "--appendonly", "no"));
		// The default of a replica's first synchronization is to wait 5 s for others.
		all.addAll(List.of("--repl-diskless-sync-delay", "0"));
		if (RedisExecutable.find().map(RedisExecutable::majorVersion).orElse(0) >= 7) {
			all.addAll(List.of("--enable-debug-command", "yes"));
		}
		all.addAll(List.of(arguments));
		return new RedisProcess(all, null);
	}

	private static @Nullable String password(List<String> arguments) {
		int index = arguments.indexOf("--requirepass");
		return (index >= 0) ? arguments.get(index + 1) : null;
	}

	@Override
	public int port() {
		if (this.port == 0) {
			throw new IllegalStateException("The server has no port until it is started");
		}
		return this.port;
	}

	/**
	 * Return the directory in which the server keeps what it saves.
	 * @return the directory, which is removed on close
	 */
	Path directory() {
		return this.directory;
	}

	int majorVersion() {
		return this.executable.majorVersion();
	}

	@Override
	public RedisServer start() {
		startLoading();
		long deadline = System.nanoTime() + START_TIMEOUT.toNanos();
		while (!info("loading").equals("0")) {
			if (System.nanoTime() - deadline > 0) {
				throw new IllegalStateException("redis-server still loads its data after " + START_TIMEOUT);
			}
			waitABit();
		}
		return this;
	}

	@Override
	public RedisServer startLoading() {
		if (isAlive()) {
			throw new IllegalStateException("The server on port " + this.port + " is running already");
		}
		boolean started = launch((this.port == 0) ? Ports.free() : this.port);
		// The first start chooses the port; another process may take it at that moment.
		for (int attempt = 1; !started && this.port == 0 && attempt < PORT_ATTEMPTS && portWasTaken(); attempt++) {
			started = launch(Ports.free());
		}
		if (!started) {
			throw new IllegalStateException("redis-server did not start:\n" + log());
		}
		return this;
	}

	private boolean launch(int port) {
		List<String> command = new ArrayList<>(List.of(this.executable.file().toString()));
		if (this.configuration != null) {
			command.add(this.configuration.toString());
		}
		command.addAll(List.of("--bind", host(), "--port", Integer.toString(port), "--dir", this.directory.toString()));
		command.addAll(this.arguments);
		Process process;
		try {
			process = new ProcessBuilder(command).directory(this.directory.toFile())
				.redirectErrorStream(true)
				.redirectOutput(this.directory.resolve("redis.log").toFile())
				.start();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		ProcessGuard guard = new ProcessGuard(process, this.directory);
		long deadline = System.nanoTime() + START_TIMEOUT.toNanos();
		while (!answersAs(process, port)) {
			if (!process.isAlive() || System.nanoTime() - deadline > 0) {
				process.destroyForcibly();
				guard.close();
				return false;
			}
			waitABit();
		}
		this.port = port;
		this.process = process;
		this.guard = guard;
		return true;
	}

	// What answers may be another's server, while ours is about to find the port taken.
	private boolean answersAs(Process process, int port) {
		try (RespClient client = connect(port, Duration.ofSeconds(1))) {
			String info = (String) client.call("INFO", "server");
			return info != null && info.contains("process_id:" + process.pid() + "\r\n");
		}
		catch (UncheckedIOException | RespClient.ErrorReply ex) {
			return false;
		}
	}

	private static void waitABit() {
		try {
			TimeUnit.MILLISECONDS.sleep(5);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
	}

	private boolean portWasTaken() {
		return log().contains("Address already in use");
	}

	private String log() {
		try {
			return Files.readString(this.directory.resolve("redis.log"));
		}
		catch (IOException ex) {
			return "(no log: " + ex.getMessage() + ")";
		}
	}

	@Override
	public boolean isAlive() {
		Process process = this.process;
		return process != null && process.isAlive();
	}

	@Override
	public void stop() {
		end(false);
	}

	@Override
	public void kill() {
		end(true);
	}

	private void end(boolean forcibly) {
		Process process = this.process;
		ProcessGuard guard = this.guard;
		if (process == null || guard == null) {
			return;
		}
		try {
			if (forcibly) {
				process.destroyForcibly();
			}
			else {
				process.destroy();
				// A halted process takes the signal when it goes on.
				ProcessGuard.signal(process, "CONT");
			}
			if (!process.waitFor(STOP_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
				process.destroyForcibly().waitFor();
			}
		}
		catch (InterruptedException ex) {
			process.destroyForcibly();
			Thread.currentThread().interrupt();
		}
		guard.close();
		this.process = null;
		this.guard = null;
	}

	@Override
	public void pause() {
		ProcessGuard.signal(running(), "STOP");
	}

	@Override
	public void resume() {
		ProcessGuard.signal(running(), "CONT");
	}

	private Process running() {
		Process process = this.process;
		if (process == null || !process.isAlive()) {
			throw new IllegalStateException("The server is not running");
		}
		return process;
	}

	@Override
	public RedisServer restart() {
		stop();
		return start();
	}

	@Override
	public void close() {
		kill();
		try {
			FileSystemUtils.deleteRecursively(this.directory);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
