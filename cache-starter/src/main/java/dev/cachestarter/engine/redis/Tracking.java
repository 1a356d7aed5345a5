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

import java.util.List;
import java.util.concurrent.CompletableFuture;

import org.jspecify.annotations.Nullable;

/**
 * Reads over connections on which Redis says what changes of what was read.
 */
public interface Tracking {

	/**
	 * Return the number of the present session. It grows whenever one ends: when a
	 * connection is lost, a heartbeat is not answered well, a slot moves or the clock
	 * jumps. What was read in an earlier session is not told of.
	 */
	long session();

	/**
	 * Return whether what was read in a session may be served now without asking Redis:
	 * it is the present one, it is armed, and the last good answer to a heartbeat, of
	 * each master, was sent less than a second ago. Takes no lock and never blocks.
	 */
	boolean isGood(long session);

	/**
	 * Return when the last good answer to a heartbeat was sent for, of the master whose
	 * is the oldest, in {@link System#nanoTime()}, from which the time is taken that the
	 * machine was suspended for since; if there is no good session, of the last one that
	 * was good and that ended because Redis was lost. Centuries ago, if there is neither.
	 * Takes no lock and never blocks.
	 */
	long lastGood();

	/**
	 * Read keys over the connections that are tracked; whatever changes of them from now
	 * on is told.
	 * @param keys any keys, of any servers
	 * @return the values in the order of the keys, {@code null} for what is not there;
	 * fails if no session is good or was, if it ends meanwhile, and if a master no longer
	 * has a key. Completed on an event loop, before anything is told that changed later.
	 * If the keys are with several masters, one of them may tell of a change before
	 * another has answered
	 */
	CompletableFuture<List<byte @Nullable []>> read(List<byte[]> keys);

	/**
	 * Read the beginning of what stands under a key over the connection that is tracked;
	 * whatever changes of the key from now on is told.
	 * @return no more than so many bytes, none if nothing is there. Fails as
	 * {@link #read} does, and if what stands there is not a string
	 */
	CompletableFuture<byte[]> readStart(byte[] key, int length);

	/**
	 * Have changes told, from now on. Those of what was read before may be missed.
	 */
	void addListener(Listener listener);

	/**
	 * Is told what changes, on an event loop and in the order in which Redis says so,
	 * before a later heartbeat counts. Must not block. If it throws, the session ends.
	 */
	interface Listener {

		/**
		 * A key that was read has changed, or it has expired.
		 */
		void changed(byte[] key);

		/**
		 * Anything may have changed, as after {@code FLUSHALL}, and when a session has
		 * ended.
		 */
		void allChanged();

	}

}
