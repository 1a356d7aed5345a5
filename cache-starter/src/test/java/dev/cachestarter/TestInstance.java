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
import java.util.function.Consumer;
import java.util.function.Supplier;

import org.springframework.cache.annotation.EnableCaching;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.cache.Breaker;
import dev.cachestarter.cache.CachingPostProcessor;
import dev.cachestarter.cache.Internals;
import dev.cachestarter.cache.ResilientRedisCache;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.engine.key.CacheKeys;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.testing.RedisServer;

import static org.awaitility.Awaitility.await;

/**
 * One instance of an application: a context of its own with a service, a manager and a
 * connection.
 *
 * @param <S> the service
 */
public final class TestInstance<S> implements AutoCloseable {

	private final AnnotationConfigApplicationContext context;

	private final Class<S> type;

	private TestInstance(AnnotationConfigApplicationContext context, Class<S> type) {
		this.context = context;
		this.type = type;
	}

	public static <S> TestInstance<S> of(Class<S> service, RedisServer redis) {
		return of(service, redis.host(), redis.port(), TestInstance::patient);
	}

	/** A busy machine is no outage: for tests that are about something else. */
	public static void patient(ResilientRedisCacheManager.Builder builder) {
		Duration patience = Duration.ofSeconds(10);
		builder.commandTimeout(patience)
			.connectTimeout(patience)
			.breaker(Breaker.defaults()
				.withFailureRate(100)
				.withSlowCall(patience)
				.withSlowCallRate(100)
				.withWindow(1000)
				.withOpenFor(Duration.ofMillis(50), Duration.ofMillis(50)));
	}

	public static <S> TestInstance<S> of(Class<S> service, String host, int port,
			Consumer<ResilientRedisCacheManager.Builder> settings, Class<?>... configurations) {
		return of(service, () -> new LettuceConnectionFactory(host, port), settings, configurations);
	}

	public static <S> TestInstance<S> of(Class<S> service, Supplier<LettuceConnectionFactory> where,
			Consumer<ResilientRedisCacheManager.Builder> settings, Class<?>... configurations) {
		AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
		context.registerBean("cacheKeys", CacheKeys.class, () -> new CacheKeys(null));
		context.registerBean("cacheManager", ResilientRedisCacheManager.class, () -> {
			ResilientRedisCacheManager.Builder builder = ResilientRedisCacheManager.builder(where.get());
			settings.accept(builder);
			return builder.build();
		});
		context.register(Caching.class);
		if (configurations.length > 0) {
			context.register(configurations);
		}
		context.registerBean(service);
		context.refresh();
		return new TestInstance<>(context, service);
	}

	public S service() {
		return this.context.getBean(this.type);
	}

	public ResilientRedisCacheManager manager() {
		return this.context.getBean(ResilientRedisCacheManager.class);
	}

	public Internals engine() {
		return Internals.of(manager());
	}

	public CacheSnapshot.Counters counters(String cache) {
		return Internals.counters(cache(cache));
	}

	public StoredKey storedKey(String cache, Object key) {
		return Internals.storedKey(cache(cache), key);
	}

	CacheService cacheService() {
		return manager().getCacheService();
	}

	public ResilientRedisCache cache(String name) {
		return (ResilientRedisCache) java.util.Objects.requireNonNull(manager().getCache(name));
	}

	public AnnotationConfigApplicationContext context() {
		return this.context;
	}

	public TestInstance<S> awaitUp() {
		// A link that has left often stays down for ten seconds.
		await().atMost(Duration.ofMinutes(1)).until(() -> engine().link().isUp());
		return this;
	}

	@Override
	public void close() {
		this.context.close();
	}

	@Configuration(proxyBeanMethods = false)
	@EnableCaching(proxyTargetClass = true)
	static class Caching {

		@Bean
		static CachingPostProcessor cachingPostProcessor() {
			return new CachingPostProcessor();
		}

	}

}
