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

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.cache.CacheType;
import org.springframework.boot.cache.test.autoconfigure.AutoConfigureCache;
import org.springframework.cache.CacheManager;
import org.springframework.cache.support.NoOpCacheManager;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.test.context.ContextConfiguration;
import org.springframework.test.context.NestedTestConfiguration;
import org.springframework.test.context.NestedTestConfiguration.EnclosingConfiguration;
import org.springframework.test.context.TestPropertySource;
import org.springframework.test.context.junit.jupiter.SpringExtension;

import dev.cachestarter.CacheService;
import dev.cachestarter.cache.ResilientRedisCacheManager;

import static org.assertj.core.api.Assertions.assertThat;

@NestedTestConfiguration(EnclosingConfiguration.OVERRIDE)
class CacheSliceAutoConfigurationTests {

	@Nested
	@ExtendWith(SpringExtension.class)
	@ContextConfiguration(classes = SliceConfiguration.class)
	@AutoConfigureCache
	class ByDefault {

		@Test
		void aSliceRunsWithoutCacheAndWithoutRedis(@Autowired ApplicationContext context) {
			assertThat(context.getBean(CacheManager.class)).isInstanceOf(NoOpCacheManager.class);
			assertThat(context.getBean(CacheService.class)).isSameAs(CacheService.disabled());
			assertThat(context.getBeanNamesForType(RedisConnectionFactory.class)).isEmpty();
		}

	}

	@Nested
	@ExtendWith(SpringExtension.class)
	@ContextConfiguration(classes = SliceConfiguration.class)
	@AutoConfigureCache(cacheProvider = CacheType.REDIS)
	@TestPropertySource(properties = "spring.data.redis.port=1")
	class WithRedis {

		@Test
		void aSliceThatAsksForRedisHasTheCacheAndItsConnection(@Autowired ApplicationContext context) {
			assertThat(context.getBean(CacheManager.class)).isInstanceOf(ResilientRedisCacheManager.class);
			assertThat(context.getBeanNamesForType(RedisConnectionFactory.class)).hasSize(1);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class SliceConfiguration {

	}

}
