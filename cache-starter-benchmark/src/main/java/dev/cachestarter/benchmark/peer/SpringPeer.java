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

import java.lang.reflect.Type;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import io.lettuce.core.ClientOptions.DisconnectedBehavior;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.cache.autoconfigure.RedisCacheManagerBuilderCustomizer;
import org.springframework.boot.data.redis.autoconfigure.LettuceClientOptionsBuilderCustomizer;
import org.springframework.cache.annotation.CachingConfigurer;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.interceptor.CacheErrorHandler;
import org.springframework.cache.interceptor.LoggingCacheErrorHandler;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.data.redis.cache.BatchStrategies;
import org.springframework.data.redis.cache.RedisCacheConfiguration;
import org.springframework.data.redis.cache.RedisCacheWriter;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.core.Cursor;
import org.springframework.data.redis.core.ScanOptions;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.data.redis.serializer.JacksonJsonRedisSerializer;
import org.springframework.data.redis.serializer.RedisSerializationContext.SerializationPair;

/**
 * Spring Boot's Redis cache, as it comes and as it can be made.
 */
final class SpringPeer {

	private SpringPeer() {
	}

	static Map<String, Object> properties(RedisPlace place) {
		return Map.of("spring.main.banner-mode", "off", "logging.level.root", "WARN", "spring.data.redis.host",
				place.host(), "spring.data.redis.port", place.port(), "spring.data.redis.database", place.database());
	}

	static PeerInstance untouched(RedisPlace place) {
		return open(place, Untouched.class, Map.of());
	}

	static PeerInstance tuned(RedisPlace place) {
		return open(place, Tuned.class,
				Map.of("spring.data.redis.timeout", "250ms", "spring.data.redis.connect-timeout", "250ms"));
	}

	private static PeerInstance open(RedisPlace place, Class<?> application, Map<String, Object> settings) {
		ConfigurableApplicationContext context = new SpringApplicationBuilder(application).web(WebApplicationType.NONE)
			.properties(properties(place))
			.properties(settings)
			.properties(Map.of("cache-starter.enabled", false, "spring.cache.type", "redis"))
			.run();
		return new PeerInstance(context.getBean(Agents.class), context::close);
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	@EnableCaching
	static class Untouched {

		@Bean
		CachedAgents agents() {
			return new CachedAgents();
		}

	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	@EnableCaching
	static class Tuned implements CachingConfigurer {

		private static final Duration TTL = Duration.ofMinutes(10);

		@Override
		public CacheErrorHandler errorHandler() {
			return new LoggingCacheErrorHandler();
		}

		@Bean
		LettuceClientOptionsBuilderCustomizer failFast() {
			return (options) -> options.disconnectedBehavior(DisconnectedBehavior.REJECT_COMMANDS);
		}

		@Bean
		RedisCacheManagerBuilderCustomizer typedCaches(RedisConnectionFactory factory) {
			JsonMapper mapper = JsonMapper.builder().build();
			Type list = new ParameterizedTypeReference<List<Agent>>() {
			}.getType();
			return (builder) -> builder
				.cacheWriter(RedisCacheWriter.create(factory,
						(writer) -> writer.immediateWrites().batchStrategy(BatchStrategies.scan(1000))))
				.withCacheConfiguration(CachedAgents.AGENT, of(mapper, Agent.class))
				.withCacheConfiguration(CachedAgents.LIST, of(mapper, list))
				.withCacheConfiguration(CachedAgents.EXPORT, of(mapper, list));
		}

		private static RedisCacheConfiguration of(JsonMapper mapper, Type type) {
			return RedisCacheConfiguration.defaultCacheConfig()
				.entryTtl(TTL)
				.serializeValuesWith(SerializationPair
					.fromSerializer(new JacksonJsonRedisSerializer<>(mapper, mapper.constructType(type))));
		}

		@Bean
		TunedAgents agents(StringRedisTemplate redis) {
			return new TunedAgents(redis);
		}

	}

	/**
	 * Evicts a tenant as one does it by hand: SCAN and UNLINK.
	 */
	static class TunedAgents extends CachedAgents {

		private static final int BATCH = 1000;

		private final StringRedisTemplate redis;

		TunedAgents(StringRedisTemplate redis) {
			this.redis = redis;
		}

		@Override
		public void evictTenant(String orgId) {
			ScanOptions options = ScanOptions.scanOptions()
				.match(LIST + "::SimpleKey [[]" + orgId + ",*")
				.count(BATCH)
				.build();
			List<String> found = new ArrayList<>();
			try (Cursor<String> cursor = this.redis.scan(options)) {
				cursor.forEachRemaining(found::add);
			}
			this.redis.unlink(found);
		}

	}

}
