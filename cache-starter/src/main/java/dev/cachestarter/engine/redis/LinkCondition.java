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

import org.jspecify.annotations.Nullable;

/**
 * How the link is at one moment, for people.
 *
 * @param kind what is the matter
 * @param isUp whether commands are sent
 * @param lasting for how long the link has been up, or not up
 * @param error what was last said to be wrong, without passwords; {@code null} if nothing
 * is, or nothing is known yet
 * @param refused what Redis refuses although it is used
 */
public record LinkCondition(Kind kind, boolean isUp, Duration lasting, @Nullable String error, Refused refused) {

	/**
	 * What is the matter.
	 */
	public enum Kind {

		/** Nothing. */
		WELL,

		/** Redis cannot be reached, or does not answer. */
		UNREACHABLE,

		/** Redis refuses the login, or a command. */
		REFUSED,

		/** Redis has no memory left, and refuses to store values. */
		MEMORY_FULL,

		/** Redis answers again, and is given time since it has failed so lately. */
		BREAKER_OPEN,

		/** The connection was closed on purpose, with the application's context. */
		STOPPED

	}

	/**
	 * What Redis refuses, by why. It ends when Redis does what it has refused.
	 *
	 * @param rights what it says of rights that the user lacks, and of commands that it
	 * does not know
	 * @param state what it says of the state that it is in: it cannot save to its disk,
	 * say, or has too few replicas
	 * @param memory what it says of its memory, which is full
	 */
	public record Refused(@Nullable String rights, @Nullable String state, @Nullable String memory) {

		public static final Refused NOTHING = new Refused(null, null, null);

		/**
		 * Return what it says, apart from its memory.
		 */
		@Nullable String commands() {
			return (this.rights == null) ? this.state
					: (this.state == null) ? this.rights : this.rights + "; " + this.state;
		}

	}

}
