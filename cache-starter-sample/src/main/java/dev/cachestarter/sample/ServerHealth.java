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

package dev.cachestarter.sample;

import java.time.Instant;

import org.jspecify.annotations.Nullable;

/**
 * How a server is doing, judged by its heartbeats.
 *
 * @param serverId the server
 * @param status what its last heartbeat says
 * @param availability the share of its heartbeats that were answered, from 0 to 1
 * @param meanLatencyMillis how long the answered ones took on average
 * @param lastHeartbeatAt when the last one was sent, absent if there was none
 */
record ServerHealth(long serverId, Status status, double availability, long meanLatencyMillis,
		@Nullable Instant lastHeartbeatAt) {

	/**
	 * Whether a server answers.
	 */
	enum Status {

		/**
		 * It answered its last heartbeat.
		 */
		UP,

		/**
		 * It did not, or has never been heard of.
		 */
		DOWN

	}

}
