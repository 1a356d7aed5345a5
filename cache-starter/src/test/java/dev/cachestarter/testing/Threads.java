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

import java.util.concurrent.Executor;

/**
 * Runs what a test lets wait: each task on a thread of its own. The common pool will not
 * do: on a machine of two processors it has a single thread, which one waiting task takes
 * from all others (before JDK 25 {@code CompletableFuture} did not use it there).
 */
public final class Threads {

	/** For {@code CompletableFuture.supplyAsync} and the like. */
	public static final Executor OWN = (task) -> {
		Thread thread = new Thread(task, "test-background");
		thread.setDaemon(true);
		thread.start();
	};

	private Threads() {
	}

}
