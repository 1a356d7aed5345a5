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

package dev.cachestarter.engine.connection;

import java.time.Duration;
import java.util.concurrent.CompletionStage;

/**
 * Makes connections, one of a kind at a time, on the thread that calls it.
 */
public interface RedisConnector {

	/**
	 * Connect. Blocks.
	 * @return a connection that has not been greeted
	 */
	RedisConnection connect();

	/**
	 * Connect to each master once more, to be told what changes of what is read there.
	 * Blocks. May be called on another thread than {@link #connect()}.
	 * @param listener is told what changes
	 * @return connections on which nothing is told yet
	 * @throws Exception if a master cannot be connected to
	 */
	default TrackedConnection track(TrackedConnection.Listener listener) throws Exception {
		throw new UnsupportedOperationException();
	}

	/**
	 * Return where Redis is, in words.
	 */
	String display();

	/**
	 * Return whether passwords are sent to another host without encryption.
	 */
	default boolean isPasswordInClear() {
		return false;
	}

	/**
	 * Be ready to connect, after {@link #close()}. It is when it is made.
	 */
	void open();

	/**
	 * End: connections that are open are closed, and so is all that is needed for them.
	 * @return completed when nothing is open any more
	 */
	CompletionStage<?> close();

	/**
	 * How long answers are waited for.
	 *
	 * @param command the longest that a command may take
	 * @param connect the longest that connecting may take
	 */
	record Patience(Duration command, Duration connect) {

	}

}
