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

import java.util.Map;
import java.util.function.Function;

/**
 * Where the settings of caches come from.
 *
 * @param ofName the origin of each setting of a cache by its name, such as
 * {@code null-ttl}; what is absent is built in
 */
public record SettingOrigins(Function<String, Map<String, String>> ofName) {

	/** The origin of what nobody has set. */
	public static final String BUILT_IN = "built-in";

	/**
	 * Return the origins of the settings of one cache.
	 * @param cacheName the name of the cache
	 * @return the origin of each setting, by its name
	 */
	public Map<String, String> of(String cacheName) {
		return this.ofName.apply(cacheName);
	}

}
