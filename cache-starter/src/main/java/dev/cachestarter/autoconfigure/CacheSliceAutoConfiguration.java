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

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;

/**
 * {@link EnableAutoConfiguration Auto-configuration} of a connection to Redis for test
 * slices that ask for the real cache with
 * {@code @AutoConfigureCache(cacheProvider = CacheType.REDIS)}. Slices otherwise run
 * without a cache, and then need no Redis. Applications do not get it.
 *
 * @since 0.1.0
 */
@AutoConfiguration(before = CacheStarterAutoConfiguration.class)
@ConditionalOnProperty(name = "spring.cache.type", havingValue = "redis")
@ImportAutoConfiguration({ SslAutoConfiguration.class, RedisVariablesAutoConfiguration.class,
		DataRedisAutoConfiguration.class })
public final class CacheSliceAutoConfiguration {

}
