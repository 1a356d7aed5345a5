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
import java.util.Map;

import org.jspecify.annotations.Nullable;

/**
 * How the link is on which Redis tells what changes, at one moment, for people.
 *
 * @param state what it does
 * @param session the number of the session
 * @param sinceHeartbeat how long ago the last good heartbeat was sent, of the master
 * whose is the oldest; {@code null} if no session is good
 * @param pushes how many changes Redis has told of, altogether
 * @param ended how many sessions have ended, by why
 * @param error what was last said to be wrong, {@code null} if nothing is
 */
public record TrackingCondition(State state, long session, @Nullable Duration sinceHeartbeat, long pushes,
		Map<End, Long> ended, @Nullable String error) {

	/**
	 * What it does.
	 */
	public enum State {

		/** Nothing: it was not started, or stopped. */
		STOPPED,

		/** It connects, or waits until it does so again. */
		CONNECTING,

		/** It is connected, and not known yet to be told everything. */
		PROVING,

		/** It is told everything. */
		GOOD,

		/** Heartbeats are not answered in time. */
		SILENT,

		/** Redis refuses it, or is too old, or there is a proxy in between. */
		REFUSED

	}

	/**
	 * Why a session has ended.
	 */
	public enum End {

		/** A connection was lost. */
		CONNECTION,

		/** A heartbeat was answered badly, or not at all. */
		HEARTBEAT,

		/** What Redis told was not understood, or a listener failed. */
		PUSH,

		/** Redis did not tell of a change that it should have told of. */
		CANARY,

		/** The cluster has changed. */
		TOPOLOGY,

		/** A server was replaced. */
		REPLACED,

		/** The clocks have parted: the machine was suspended, say. */
		CLOCK,

		/** It was stopped. */
		STOPPED,

		/** Something failed that never should. */
		FAILURE

	}

}
