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

package dev.cachestarter.benchmark.worker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;

import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordedStackTrace;
import jdk.jfr.consumer.RecordingFile;

/**
 * What the Java code of some calls is made of, as samples of a flight recording show it:
 * each sample counts for the part that its innermost frame belongs to, of those that
 * belong to one. Waiting, and what the system does for sockets, is in no sample.
 */
final class Shares {

	private static final Duration PERIOD = Duration.ofMillis(10);

	/** What the name of a frame's class begins with, and what it is a part of. */
	private static final List<Part> PARTS = List.of(
			new Part("times in JSON", "dev.cachestarter.engine.value.time.", "tools.jackson.databind.ext.javatime.",
					"java.time.format.", "java.time.Instant", "java.time.LocalDate", "java.time.LocalTime"),
			new Part("the rest of JSON", "dev.cachestarter.engine.value.", "dev.cachestarter.engine.json.",
					"tools.jackson."),
			new Part("the driver and Netty", "io.lettuce.", "io.netty.", "dev.cachestarter.engine.connection.",
					"org.springframework.data.redis.connection."),
			new Part("the link: state, deadlines, breaker", "dev.cachestarter.engine.redis.",
					"io.github.resilience4j."),
			new Part("entries, leases, evictions", "dev.cachestarter.engine.entry."),
			new Part("who loads", "dev.cachestarter.engine.load."), new Part("keys", "dev.cachestarter.engine.key."),
			new Part("the cache and its calls", "dev.cachestarter.", "org.springframework.data.redis."),
			new Part("Spring's interceptor", "org.springframework."));

	private static final String BENCHMARK = "dev.cachestarter.benchmark.";

	private static final String REST = "the rest";

	private Shares() {
	}

	/**
	 * Call for a while, and look.
	 * @return how many samples each part has, in the order of the parts
	 */
	static Map<String, Integer> of(CallLoop loop, CallLoop.Kind kind, Payload payload, int threads, long millis)
			throws IOException, InterruptedException, ExecutionException {
		Path file = Files.createTempFile("benchmark", ".jfr");
		try (Recording recording = new Recording()) {
			recording.enable("jdk.ExecutionSample").withPeriod(PERIOD);
			recording.start();
			loop.run(kind, payload, threads, millis);
			recording.stop();
			recording.dump(file);
			return count(file);
		}
		finally {
			Files.delete(file);
		}
	}

	private static Map<String, Integer> count(Path file) throws IOException {
		Map<String, Integer> samples = new LinkedHashMap<>();
		PARTS.forEach((part) -> samples.put(part.name(), 0));
		samples.put(REST, 0);
		try (RecordingFile recording = new RecordingFile(file)) {
			while (recording.hasMoreEvents()) {
				RecordedEvent event = recording.readEvent();
				RecordedStackTrace stack = event.getStackTrace();
				if (stack != null) {
					samples.merge(partOf(stack), 1, Integer::sum);
				}
			}
		}
		return samples;
	}

	private static String partOf(RecordedStackTrace stack) {
		for (RecordedFrame frame : stack.getFrames()) {
			String type = frame.isJavaFrame() ? frame.getMethod().getType().getName() : BENCHMARK;
			if (!type.startsWith(BENCHMARK)) {
				for (Part part : PARTS) {
					if (part.starts().stream().anyMatch(type::startsWith)) {
						return part.name();
					}
				}
			}
		}
		return REST;
	}

	private record Part(String name, List<String> starts) {

		Part(String name, String... starts) {
			this(name, List.of(starts));
		}

	}

}
