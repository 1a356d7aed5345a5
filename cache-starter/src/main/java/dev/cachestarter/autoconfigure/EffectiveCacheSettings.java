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

package dev.cachestarter.autoconfigure;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import org.springframework.core.convert.ConversionService;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.TtlPolicy;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.diagnosis.SettingOrigins;

/**
 * What holds when all that an application says about its caches has been put in order.
 *
 * @param keyPrefix what every key begins with
 * @param defaults the settings of a cache that nothing else is said of
 * @param caches the settings of the caches known by name
 * @param patterns the settings of a cache that fits only this pattern, by pattern
 * @param ofName the settings of each cache by its name, those made at run time included
 * @param declaredNames the names that the application declares elsewhere than in
 * {@code cache-starter.caches}
 * @param runtimeCaches whether other caches are made when they are used
 * @param ttlPolicy decides on TTLs by value, {@code null} if nothing does
 * @param keyConverters the converters of keys of the default configuration, {@code null}
 * if the application has none
 * @param commandTimeout the longest that a call waits for Redis, {@code null} for what is
 * built in
 * @param connectTimeout the longest that an attempt to connect takes, {@code null} for
 * what is built in
 * @param origins where the settings of caches come from
 */
record EffectiveCacheSettings(String keyPrefix, CacheSettings defaults, Map<String, CacheSettings> caches,
		Map<String, CacheSettings> patterns, Function<String, CacheSettings> ofName, Set<String> declaredNames,
		boolean runtimeCaches, @Nullable TtlPolicy ttlPolicy, @Nullable ConversionService keyConverters,
		@Nullable Duration commandTimeout, @Nullable Duration connectTimeout, SettingOrigins origins) {

	void applyTo(ResilientRedisCacheManager.Builder builder) {
		builder.keyPrefix(this.keyPrefix)
			.defaults(this.defaults)
			.otherCaches(this.ofName)
			.runtimeCaches(this.runtimeCaches)
			.ttlPolicy(this.ttlPolicy);
		this.caches.forEach(builder::cache);
		if (this.commandTimeout != null) {
			builder.commandTimeout(this.commandTimeout);
		}
		if (this.connectTimeout != null) {
			builder.connectTimeout(this.connectTimeout);
		}
	}

}
