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

package dev.cachestarter.benchmark.peer;

import java.time.Duration;
import java.util.Map;

import org.redisson.Redisson;
import org.redisson.api.RedissonClient;
import org.redisson.config.Config;
import org.redisson.spring.cache.CacheConfig;
import org.redisson.spring.cache.RedissonSpringCacheManager;

import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Redisson's manager for Spring's caches. Its own starter is for Boot's connection, which
 * it does not need.
 */
final class RedissonPeer {

	private RedissonPeer() {
	}

	static PeerInstance open(RedisPlace place) {
		AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
		context.registerBean(RedissonClient.class, () -> {
			Config config = new Config();
			config.useSingleServer()
				.setAddress("redis://" + place.host() + ":" + place.port())
				.setDatabase(place.database());
			return Redisson.create(config);
		}, (definition) -> definition.setDestroyMethodName("shutdown"));
		context.register(Application.class);
		context.refresh();
		return new PeerInstance(context.getBean(Agents.class), context::close);
	}

	@Configuration(proxyBeanMethods = false)
	@EnableCaching(proxyTargetClass = true)
	static class Application {

		@Bean
		CachedAgents agents() {
			return new CachedAgents();
		}

		@Bean
		CacheManager cacheManager(RedissonClient redisson) {
			CacheConfig config = new CacheConfig(Duration.ofMinutes(10).toMillis(), 0);
			return new RedissonSpringCacheManager(redisson,
					Map.of(CachedAgents.AGENT, config, CachedAgents.LIST, config, CachedAgents.EXPORT, config));
		}

	}

}
