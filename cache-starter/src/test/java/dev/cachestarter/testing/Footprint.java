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
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a JVM holds: memory, threads of the cache and its driver, and sockets.
 *
 * @param heap the live objects, in bytes
 * @param threads the threads of caches and of their drivers
 * @param sockets the open sockets; zero where the system does not show them
 */
public record Footprint(long heap, int threads, int sockets) {

	private static final Set<String> PREFIXES = Set.of("cache-starter", "lettuce-");

	/**
	 * Measure this JVM, after its garbage has been collected.
	 * @return what it holds now
	 */
	public static Footprint now() {
		for (int i = 0; i < 3; i++) {
			System.gc();
		}
		Runtime runtime = Runtime.getRuntime();
		return new Footprint(runtime.totalMemory() - runtime.freeMemory(), threadsOfCaches().size(), countSockets());
	}

	/**
	 * Return the threads of caches and of their drivers.
	 * @return the names
	 */
	public static Set<String> threadsOfCaches() {
		return Thread.getAllStackTraces()
			.keySet()
			.stream()
			.filter((thread) -> PREFIXES.stream().anyMatch(thread.getName()::startsWith))
			.map((thread) -> thread.getName() + " (" + thread.getId() + ")")
			.collect(Collectors.toSet());
	}

	private static int countSockets() {
		Path descriptors = Path.of("/proc/self/fd");
		if (!Files.isDirectory(descriptors)) {
			return 0;
		}
		try (Stream<Path> open = Files.list(descriptors)) {
			return (int) open.filter(Footprint::isSocket).count();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static boolean isSocket(Path descriptor) {
		try {
			return Files.readSymbolicLink(descriptor).toString().startsWith("socket:");
		}
		catch (IOException ex) {
			// Closed meanwhile.
			return false;
		}
	}

	@Override
	public String toString() {
		return String.format(java.util.Locale.ROOT, "%.1f MB, %d threads, %d sockets", this.heap / 1e6, this.threads,
				this.sockets);
	}

}
