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

import dev.cachestarter.testing.OnlyThorough;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

/**
 * The same with copies in memory.
 */
@OnlyThorough
@WithRedis(local = true)
class RefreshAheadWithNearCacheRedisTests extends RefreshAheadRedisTests {

	RefreshAheadWithNearCacheRedisTests(RedisServer redis) {
		super(redis);
	}

	@Override
	CacheSettings adapted(CacheSettings settings) {
		return settings.withNear(settings.near().withMode(NearSettings.Mode.VALIDATE));
	}

}
