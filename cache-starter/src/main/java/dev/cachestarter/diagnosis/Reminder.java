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
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * Says every ten minutes that the cache is still degraded. Its beginning and its end are
 * said by those who notice them.
 */
final class Reminder {

	private static final long PERIOD = Duration.ofMinutes(10).toNanos();

	private @Nullable Long since;

	private long told;

	/**
	 * Look whether it is time.
	 * @param condition how the cache is
	 * @param now the time in nanoseconds
	 * @return what to say, {@code null} for nothing
	 */
	@Nullable String look(CacheCondition condition, long now) {
		List<String> reasons = condition.reasons();
		if (reasons.isEmpty()) {
			this.since = null;
			return null;
		}
		Long since = this.since;
		if (since == null) {
			this.since = now;
			this.told = now;
			return null;
		}
		if (now - this.told < PERIOD) {
			return null;
		}
		this.told = now;
		return "Cache service still degraded, for %s [%s]: %s%s".formatted(
				CacheCondition.text(Duration.ofNanos(now - since)), condition.redis(), String.join("; ", reasons),
				(condition.link().isUp() || condition.oldestPending() != null) ? "" : "; no evictions wait");
	}

}
