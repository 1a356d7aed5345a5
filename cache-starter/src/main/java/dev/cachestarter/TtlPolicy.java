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

import org.jspecify.annotations.Nullable;

/**
 * Decides how long one value is kept, from the value itself. A bean of this type takes
 * precedence over every configured TTL.
 * <p>
 * It is called once for each value that is stored, after the value was loaded and before
 * it is written, on the thread that stores it; never for a read. An exception is logged
 * once, and the cache's settings apply.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface TtlPolicy {

	/**
	 * Return how long to keep a value.
	 * @param cacheName the name of the cache
	 * @param key the key within the cache, as it stands in Redis after the cache's name
	 * @param value the value that is about to be stored, {@code null} for a cached null
	 * @return the time to live: {@link Duration#ZERO} for no expiry, less than a
	 * millisecond counts as one; {@code null} or a negative duration to leave it to the
	 * cache's settings. Jitter is not applied
	 */
	@Nullable Duration ttl(String cacheName, String key, @Nullable Object value);

}
