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

package dev.cachestarter.diagnosis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.cache.entries.Engine;
import dev.cachestarter.engine.redis.LinkCondition;

/**
 * How the cache of one manager is at one moment. Taken from what this JVM knows already:
 * Redis is not asked.
 *
 * @param redis where Redis is, without passwords
 * @param link how the link to it is
 * @param pendingEvictions how many evictions Redis has not acknowledged
 * @param oldestPending for how long the oldest of those is pending that Redis has not
 * taken when it was asked last, {@code null} if there are none
 * @param refusedWith the error that Redis refuses evictions with, {@code null} if it does
 * not refuse them
 */
public record CacheCondition(String redis, LinkCondition link, int pendingEvictions, @Nullable Duration oldestPending,
		@Nullable String refusedWith) {

	/** The cure for a Redis whose memory is full. */
	static final String MORE_MEMORY = "raise 'maxmemory' of Redis, or set a 'maxmemory-policy' that makes room, such as allkeys-lru";

	/**
	 * Return the condition of a manager's cache.
	 */
	public static CacheCondition of(ResilientRedisCacheManager manager) {
		Engine engine = manager.engine();
		return new CacheCondition(manager.getRedisAddress(), engine.link().condition(),
				engine.evictions().pendingCount(), engine.evictions().oldestPending().orElse(null),
				engine.evictions().refusedWith());
	}

	/**
	 * Return whether the application runs without its cache, or without a part of it.
	 */
	public boolean isDegraded() {
		return !reasons().isEmpty();
	}

	/**
	 * Return why it is degraded.
	 * @return a phrase for each reason, empty if it is not
	 */
	public List<String> reasons() {
		List<String> reasons = new ArrayList<>();
		String error = this.link.error();
		String text = (error != null) ? ": " + error : "";
		switch (this.link.kind()) {
			case WELL, MEMORY_FULL -> {
			}
			case UNREACHABLE -> reasons.add("unreachable" + ((error != null) ? text : ": not connected yet"));
			case REFUSED -> reasons.add("refused" + text);
			case BREAKER_OPEN -> reasons.add("breaker open" + text);
			case STOPPED -> reasons.add("stopped: the connection is closed until the application context starts again");
		}
		if (this.link.refused().memory() != null) {
			reasons.add("memory full: fills are refused (" + this.link.refused().memory() + "); " + MORE_MEMORY);
		}
		if (this.oldestPending != null) {
			reasons.add("evictions pending: %d, the oldest for %s%s".formatted(this.pendingEvictions,
					text(this.oldestPending),
					(this.refusedWith != null) ? "; Redis refuses them (" + this.refusedWith + ")" : ""));
		}
		return reasons;
	}

	/**
	 * Return a duration as people read it.
	 */
	static String text(Duration duration) {
		long seconds = duration.toSeconds();
		if (seconds < 1) {
			return duration.toMillis() + " ms";
		}
		if (seconds < 60) {
			return seconds + " s";
		}
		return (seconds < 3600) ? "%d min %d s".formatted(seconds / 60, seconds % 60)
				: "%d h %d min".formatted(seconds / 3600, seconds % 3600 / 60);
	}

}
