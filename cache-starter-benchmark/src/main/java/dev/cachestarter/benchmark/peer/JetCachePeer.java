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

import java.util.List;
import java.util.Map;

import com.alicp.jetcache.anno.CachePenetrationProtect;
import com.alicp.jetcache.anno.CacheType;
import com.alicp.jetcache.anno.Cached;
import com.alicp.jetcache.anno.config.EnableMethodCache;
import com.alicp.jetcache.anno.support.GlobalCacheConfig;
import com.alicp.jetcache.anno.support.JetCacheBaseBeans;
import com.alicp.jetcache.redis.lettuce.RedisLettuceCacheBuilder;
import com.alicp.jetcache.support.Fastjson2KeyConvertor;
import com.alicp.jetcache.support.Kryo5ValueDecoder;
import com.alicp.jetcache.support.Kryo5ValueEncoder;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;

import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/**
 * JetCache with its annotations, which work on Spring 7. Its starter is for Boot 3.
 */
final class JetCachePeer {

	private static final int TTL = 600;

	private JetCachePeer() {
	}

	static PeerInstance open(RedisPlace place) {
		AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
		context.registerBean(RedisClient.class,
				() -> RedisClient.create(RedisURI.builder()
					.withHost(place.host())
					.withPort(place.port())
					.withDatabase(place.database())
					.build()),
				(definition) -> definition.setDestroyMethodName("shutdown"));
		context.register(Application.class);
		context.refresh();
		return new PeerInstance(context.getBean(Agents.class), context::close);
	}

	@Configuration(proxyBeanMethods = false)
	@EnableMethodCache(basePackages = "dev.cachestarter.benchmark.peer", proxyTargetClass = true)
	@Import(JetCacheBaseBeans.class)
	static class Application {

		@Bean
		JetCachedAgents agents() {
			return new JetCachedAgents();
		}

		@Bean
		GlobalCacheConfig jetCache(RedisClient client) {
			GlobalCacheConfig config = new GlobalCacheConfig();
			config.setLocalCacheBuilders(Map.of());
			config.setRemoteCacheBuilders(Map.of("default",
					RedisLettuceCacheBuilder.createRedisLettuceCacheBuilder()
						.keyConvertor(Fastjson2KeyConvertor.INSTANCE)
						.valueEncoder(Kryo5ValueEncoder.INSTANCE)
						.valueDecoder(Kryo5ValueDecoder.INSTANCE)
						.redisClient(client)));
			return config;
		}

	}

	static class JetCachedAgents implements Agents {

		@Override
		@Cached(name = "agents:details:", key = "#orgId + ':' + #number", expire = TTL, cacheType = CacheType.REMOTE)
		public Agent find(String orgId, int number) {
			return AgentSource.agent();
		}

		@Override
		@Cached(name = "agents:list:", key = "#orgId + ':' + #page", expire = TTL, cacheType = CacheType.REMOTE)
		public List<Agent> list(String orgId, int page) {
			return AgentSource.twenty();
		}

		@Override
		@Cached(name = "agents:list-in-turn:", key = "#orgId + ':' + #page", expire = TTL, cacheType = CacheType.REMOTE)
		@CachePenetrationProtect
		public List<Agent> listInTurn(String orgId, int page) {
			return AgentSource.twenty();
		}

		@Override
		@Cached(name = "agents:export:", key = "#orgId + ':' + #number", expire = TTL, cacheType = CacheType.REMOTE)
		public List<Agent> export(String orgId, int number) {
			return AgentSource.eightHundred();
		}

	}

}
