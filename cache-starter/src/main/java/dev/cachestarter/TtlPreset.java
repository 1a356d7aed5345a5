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

package dev.cachestarter;

import java.time.Duration;

/**
 * A time to live for a kind of data, to name the kind instead of the number.
 *
 * @since 0.1.0
 */
public enum TtlPreset {

	/**
	 * Configuration and definitions that rarely change: one hour.
	 */
	STATIC(Duration.ofHours(1)),

	/**
	 * Lists and pages that change often: five minutes.
	 */
	FREQUENT(Duration.ofMinutes(5)),

	/**
	 * What must be recent, such as a health check: thirty seconds.
	 */
	REALTIME(Duration.ofSeconds(30)),

	/**
	 * Everything else: ten minutes.
	 */
	STANDARD(Duration.ofMinutes(10));

	private final Duration ttl;

	TtlPreset(Duration ttl) {
		this.ttl = ttl;
	}

	/**
	 * Return the time to live that this preset stands for.
	 * @return the time to live, always positive
	 */
	public Duration ttl() {
		return this.ttl;
	}

}
