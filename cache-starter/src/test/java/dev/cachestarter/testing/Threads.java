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

import java.util.Set;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Threads of tests, and those that tests look for.
 */
public final class Threads {

	/**
	 * Runs what a test lets wait, as for {@code CompletableFuture.supplyAsync}: each task
	 * on a thread of its own. The common pool will not do: on a machine of two processors
	 * it has a single thread, which one waiting task takes from all others (before JDK 25
	 * {@code CompletableFuture} did not use it there).
	 */
	public static final Executor OWN = (task) -> {
		Thread thread = new Thread(task, "test-background");
		thread.setDaemon(true);
		thread.start();
	};

	private Threads() {
	}

	/**
	 * Return the threads whose names begin so. There may be some of other tests, whose
	 * application lives on in the same JVM: a test asks for what was there before it.
	 * @param prefixes how their names begin
	 * @return those that are alive
	 */
	public static Set<Thread> alive(String... prefixes) {
		return Thread.getAllStackTraces()
			.keySet()
			.stream()
			.filter((thread) -> Stream.of(prefixes).anyMatch(thread.getName()::startsWith))
			.collect(Collectors.toSet());
	}

}
