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

/**
 * Where the settings of caches come from.
 *
 * @param defaults the origin of each setting of a cache that has none of its own, by its
 * name, such as {@code null-ttl}; what is absent is built in
 * @param caches the same for the caches known by name
 */
public record SettingOrigins(Map<String, String> defaults, Map<String, Map<String, String>> caches) {

	/** The origin of what nobody has set. */
	public static final String BUILT_IN = "built-in";

	/**
	 * Return the origins of the settings of one cache.
	 * @param cacheName the name of the cache
	 * @return the origin of each setting, by its name
	 */
	public Map<String, String> of(String cacheName) {
		return this.caches.getOrDefault(cacheName, this.defaults);
	}

}
