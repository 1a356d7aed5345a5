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

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import tools.jackson.databind.json.JsonMapper;

import dev.cachestarter.benchmark.peer.Peer;
import dev.cachestarter.benchmark.worker.Worker;

/**
 * A {@link Worker}, as whoever measures sees it.
 */
public final class WorkerJvm implements AutoCloseable {

	private static final JsonMapper mapper = JsonMapper.builder().build();

	/** All the same heap, as an application has it. */
	private static final List<String> OPTIONS = List.of("-Xms384m", "-Xmx384m");

	private final ChildProcess process;

	private final Path log;

	private WorkerJvm(ChildProcess process, Path log) {
		this.process = process;
		this.log = log;
	}

	/**
	 * Launch a JVM, which has to be waited for.
	 */
	static WorkerJvm launch(Peer peer, int port, int database, int instances, Path log) throws IOException {
		List<String> command = new ArrayList<>(List.of(Lab.javaCommand()));
		command.addAll(OPTIONS);
		command.addAll(List.of("-cp", System.getProperty("java.class.path"), Worker.class.getName(), peer.id(),
				RedisProcess.HOST, Integer.toString(port), Integer.toString(database), Integer.toString(instances)));
		return new WorkerJvm(ChildProcess.start(command, log), log);
	}

	/** Wait until it takes commands. */
	void awaitReady() {
		if (!Worker.READY.equals(this.process.receive())) {
			close();
			throw new IllegalStateException("A JVM did not start, see " + this.log);
		}
	}

	/** Send a command, whose answer is to be asked for. */
	public void send(Object... command) {
		StringBuilder line = new StringBuilder();
		for (Object word : command) {
			line.append(line.isEmpty() ? "" : " ").append(word);
		}
		this.process.send(line.toString());
	}

	/** Wait for the answer to a command. */
	public <T> T answer(Class<T> type) {
		String answer = this.process.receive();
		if (answer == null) {
			throw new IllegalStateException("The JVM has ended, see " + this.log);
		}
		return mapper.readValue(answer, type);
	}

	/** Send a command and wait for its answer. */
	public <T> T call(Class<T> type, Object... command) {
		send(command);
		return answer(type);
	}

	@Override
	public void close() {
		this.process.close();
	}

}
