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

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.stream.Collectors;

import io.lettuce.core.api.StatefulRedisConnection;

import dev.cachestarter.benchmark.peer.Peer;

/**
 * What figures measure with: a Redis, and JVMs for the peers, which live as long as this.
 */
public final class Lab implements AutoCloseable {

	private final RedisProcess redis;

	private final Path directory;

	private final boolean brief;

	private final Map<Peer, WorkerJvm> workers = new EnumMap<>(Peer.class);

	private int started;

	Lab(RedisProcess redis, Path directory, boolean brief) {
		this.redis = redis;
		this.directory = directory;
		this.brief = brief;
	}

	/** Whether a reviewer waits for it: few rounds, short ones. */
	public boolean isBrief() {
		return this.brief;
	}

	/** Choose by how much time there is. */
	public int choose(int full, int brief) {
		return this.brief ? brief : full;
	}

	public String redisHost() {
		return RedisProcess.HOST;
	}

	public int redisPort() {
		return this.redis.port();
	}

	/** Open a connection to the database of a peer, which the caller closes. */
	public StatefulRedisConnection<String, String> connect(Peer peer) {
		return this.redis.connect(database(peer));
	}

	/** Empty Redis. */
	public void flush() {
		this.redis.flush();
	}

	private static int database(Peer peer) {
		return peer.ordinal();
	}

	/** Return the JVM of a peer, which is started when it is asked for first. */
	public WorkerJvm worker(Peer peer) throws IOException {
		return workers(List.of(peer)).get(0);
	}

	/** Return the JVMs of peers. Those that are not there yet start at the same time. */
	public List<WorkerJvm> workers(List<Peer> peers) throws IOException {
		List<WorkerJvm> launched = new ArrayList<>();
		for (Peer peer : peers) {
			if (!this.workers.containsKey(peer)) {
				WorkerJvm worker = launch(peer, 1);
				this.workers.put(peer, worker);
				launched.add(worker);
			}
		}
		try {
			launched.forEach(WorkerJvm::awaitReady);
		}
		catch (RuntimeException ex) {
			closeWorkers();
			throw ex;
		}
		return peers.stream().map((peer) -> Objects.requireNonNull(this.workers.get(peer))).toList();
	}

	/** Start more JVMs with some instances of a peer each, which the caller closes. */
	public List<WorkerJvm> startWorkers(Peer peer, int processes, int instances) throws IOException {
		List<WorkerJvm> launched = new ArrayList<>();
		try {
			for (int process = 0; process < processes; process++) {
				launched.add(launch(peer, instances));
			}
			launched.forEach(WorkerJvm::awaitReady);
			return launched;
		}
		catch (IOException | RuntimeException ex) {
			launched.forEach(WorkerJvm::close);
			throw ex;
		}
	}

	private WorkerJvm launch(Peer peer, int instances) throws IOException {
		Path log = this.directory.resolve(peer.id() + "-" + ++this.started + ".log");
		return WorkerJvm.launch(peer, this.redis.port(), database(peer), instances, log);
	}

	/** Close the JVMs that were asked for, so that they do not disturb what comes. */
	public void closeWorkers() {
		this.workers.values().forEach(WorkerJvm::close);
		this.workers.clear();
	}

	/**
	 * Start a JVM.
	 * @param onClassPath which files and directories are on its class path, of those that
	 * are on this one's
	 * @param arguments the arguments of {@code java} behind the class path
	 */
	public JavaProcess java(Predicate<String> onClassPath, List<String> arguments) throws IOException {
		String classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
			.filter(onClassPath)
			.collect(Collectors.joining(File.pathSeparator));
		List<String> command = new ArrayList<>(List.of(javaCommand(), "-cp", classPath));
		command.addAll(arguments);
		return new JavaProcess(ChildProcess.start(command, this.directory.resolve("java.log")));
	}

	static String javaCommand() {
		return Path.of(System.getProperty("java.home"), "bin", "java").toString();
	}

	@Override
	public void close() {
		closeWorkers();
	}

	/**
	 * A JVM that says something.
	 */
	public static final class JavaProcess implements AutoCloseable {

		private final ChildProcess process;

		private JavaProcess(ChildProcess process) {
			this.process = process;
		}

		/** Wait for a line that begins so. */
		public void await(String start) {
			StringBuilder said = new StringBuilder();
			String line = this.process.receive();
			while (line != null && !line.startsWith(start)) {
				said.append(line).append('\n');
				line = this.process.receive();
			}
			if (line == null) {
				throw new IllegalStateException("The JVM has ended without '" + start + "':\n" + said);
			}
		}

		@Override
		public void close() {
			this.process.close();
		}

	}

}
