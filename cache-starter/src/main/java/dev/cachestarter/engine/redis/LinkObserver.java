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

package dev.cachestarter.engine.redis;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * Is told of changes of the link. Called on its background thread or on an event loop:
 * must not block.
 */
public interface LinkObserver {

	LinkObserver NONE = new LinkObserver() {
	};

	/**
	 * Called whenever the link is no longer up.
	 */
	default void away(String why) {
	}

	/**
	 * Called before {@link #returning()} if it is another server than before, or the same
	 * with another history.
	 */
	default void replaced() {
	}

	/**
	 * Called before anything but evictions is sent again.
	 * @return how many pending evictions Redis has taken then
	 */
	default CompletableFuture<Integer> returning() {
		return CompletableFuture.completedFuture(0);
	}

	/**
	 * Called when the link is up for the first time.
	 * @param applied how many pending evictions Redis has taken
	 */
	default void connected(CompletableFuture<Integer> applied) {
	}

	/**
	 * Called whenever the link is up again.
	 * @param away how long it was not
	 * @param applied how many pending evictions Redis has taken
	 */
	default void back(Duration away, CompletableFuture<Integer> applied) {
	}

}
