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
import java.util.Locale;

/**
 * Checks the values of settings, and names the setting and the cure if one is wrong.
 */
final class SettingValues {

	private static final Duration SHORTEST = Duration.ofMillis(1);

	/** The longest duration: nanoseconds overflow after three centuries. */
	static final Duration LONGEST = Duration.ofDays(36_500);

	private SettingValues() {
	}

	static Duration duration(String name, Duration value, boolean zeroAllowed) {
		boolean valid = value.isZero() ? zeroAllowed : value.compareTo(SHORTEST) >= 0;
		check(valid, name, text(value), zeroAllowed ? "0, or a duration of at least 1ms such as 10m"
				: "a duration of at least 1ms such as 10m");
		return shorter(value, LONGEST);
	}

	static Duration shorter(Duration one, Duration other) {
		return (one.compareTo(other) < 0) ? one : other;
	}

	static void check(boolean valid, String name, String value, String cure) {
		if (!valid) {
			throw new IllegalArgumentException("'%s' cannot be %s: set it to %s".formatted(name, value, cure));
		}
	}

	static String text(Duration duration) {
		return duration.isZero() ? "0s" : duration.toString().substring(2).toLowerCase(Locale.ROOT);
	}

}
