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

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

import dev.cachestarter.autoconfigure.CacheJsonMapperBuilderCustomizer;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.engine.key.CacheKeys;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import tools.jackson.databind.SerializationFeature;

import org.springframework.boot.cache.autoconfigure.RedisCacheManagerBuilderCustomizer;
import org.springframework.cache.annotation.CacheConfig;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.Caching;
import org.springframework.cache.annotation.CachingConfigurer;
import org.springframework.cache.interceptor.CacheErrorHandler;
import org.springframework.cache.interceptor.KeyGenerator;
import org.springframework.cache.interceptor.LoggingCacheErrorHandler;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;
import org.springframework.core.annotation.AliasFor;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.core.convert.converter.Converter;
import org.springframework.core.task.TaskDecorator;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;

/**
 * The code of {@code docs/annotations.md} and {@code docs/cache-service.md}. It is
 * compiled and not run.
 */
@SuppressWarnings("unused")
final class AnnotationsAndServiceExample {

	private AnnotationsAndServiceExample() {
	}

	record Agent(long id, String orgId, String name) {

	}

	record Query(int page, int limit) {

	}

	record OrgId(int number) {

	}

	record Quote(BigDecimal price, boolean closed) {

	}

	interface Repository {

		Agent find(long id);

		List<Agent> list(String orgId, Query query);

		Agent save(Agent agent);

	}

	interface QuoteSource {

		Quote find(String symbol);

	}

	// @formatter:off
	@Retention(RetentionPolicy.RUNTIME)
	@Target(ElementType.METHOD)
	@Cacheable
	@CacheTtl("30s")
	@interface BrieflyCached {

		@AliasFor(annotation = Cacheable.class, attribute = "cacheNames")
		String[] value();

		@AliasFor(annotation = CacheTtl.class, attribute = "value")
		String ttl() default "30s";

	}

	static class Markets {

		private final QuoteSource quotes;

		private final Repository repository;

		Markets(QuoteSource quotes, Repository repository) {
			this.quotes = quotes;
			this.repository = repository;
		}

		@Cacheable("quotes")
		@CacheTtl("#{#result.closed ? '1d' : '1m'}")
		public Quote quote(String symbol) {
			return this.quotes.find(symbol);
		}

		@Cacheable("agents:search")
		@CacheTtl("${search.ttl:30s}")
		public List<Agent> search(String orgId, Query query) {
			return this.repository.list(orgId, query);
		}

		@BrieflyCached(value = "agents:online", ttl = "5s")
		public List<Agent> online(String orgId) {
			return this.repository.list(orgId, new Query(1, 100));
		}

	}
	// @formatter:on

	// @formatter:off
	@CacheConfig(cacheNames = "agents:details")
	static class Agents {

		private final Repository repository;

		Agents(Repository repository) {
			this.repository = repository;
		}

		@Cacheable
		public Agent find(long id) {
			return this.repository.find(id);
		}

		@Cacheable("agents:list")
		public List<Agent> list(String orgId, Query query) {
			return this.repository.list(orgId, query);
		}

		@CachePut(key = "#agent.id()")
		@CacheEvictPattern(cacheNames = "agents:list", pattern = "#{#agent.orgId()}:*")
		public Agent save(Agent agent) {
			return this.repository.save(agent);
		}

		@Caching(evict = { @CacheEvict(key = "#id"), @CacheEvict(cacheNames = "agents:stats", key = "#id") })
		@CacheEvictPattern(cacheNames = "agents:list", pattern = "#{#orgId}:*")
		public void delete(String orgId, long id) {
		}
		// @formatter:on

		@Cacheable(cacheNames = "agents:list", condition = "#query.page() == 1", unless = "#result.isEmpty()")
		public List<Agent> firstPage(String orgId, Query query) {
			return this.repository.list(orgId, query);
		}

		@Cacheable(cacheNames = "agents:list", key = "@cacheKeys.of(#orgId, #query)")
		public List<Agent> list(String orgId, Query query, Locale locale) {
			return this.repository.list(orgId, query);
		}

		@Cacheable
		public CompletableFuture<Agent> findAsync(long id) {
			return CompletableFuture.supplyAsync(() -> this.repository.find(id));
		}

		@Cacheable
		public Mono<Agent> findReactively(long id) {
			return Mono.fromCallable(() -> this.repository.find(id));
		}

	}

	// @formatter:off
	record AgentChanged(String orgId, long agentId) {

	}

	static class AgentChanges {

		@EventListener
		@CacheEvictPattern(cacheNames = "agents:list", pattern = "#{#change.orgId}:*")
		@CacheEvict(cacheNames = "agents:details", key = "#change.agentId")
		public void on(AgentChanged change) {
		}

	}

	static class Reports {

		private static final ParameterizedTypeReference<List<Agent>> AGENTS = new ParameterizedTypeReference<>() {
		};

		private final CacheService cache;

		private final CacheKeys keys;

		Reports(CacheService cache, CacheKeys keys) {
			this.cache = cache;
			this.keys = keys;
		}

		List<Agent> active(String orgId, Repository repository) {
			String key = "reports:active:" + this.keys.text(orgId);
			return this.cache.getOrLoad(key, AGENTS, Duration.ofMinutes(5),
					() -> repository.list(orgId, new Query(1, 100)));
		}

		void byHand(String orgId, List<Agent> agents) {
			String key = "reports:active:" + this.keys.text(orgId);
			Optional<List<Agent>> cached = this.cache.get(key, AGENTS); // empty if there is none
			this.cache.set(key, agents, TtlPreset.FREQUENT); // 5 minutes
			this.cache.delete(key);
			this.cache.invalidate("reports:active:*");
		}

		void catalogueIsImported(Runnable importer) {
			this.cache.setControl("tools:definitions", CacheControl.asConfigured().withEnabled(false));
			try {
				importer.run();
			}
			finally {
				this.cache.setControl("tools:definitions", CacheControl.asConfigured());
			}
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class CacheBeans {

		@Bean
		TtlPolicy closedQuotesForADay() {
			return (cacheName, key, value) -> (value instanceof Quote quote && quote.closed()) ? Duration.ofDays(1)
					: null;
		}

		@Bean
		CacheEventListener alarm(Pager pager) {
			return new CacheEventListener() {

				@Override
				public void onAway(String reason) {
					pager.notify("The cache runs without Redis: " + reason);
				}

				@Override
				public void onBack(Duration outage, int evictionsApplied) {
					pager.notify("Redis is back after " + outage);
				}

			};
		}

		@Bean
		CacheJsonMapperBuilderCustomizer sortedMaps() {
			return (builder) -> builder.enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);
		}

		@Bean
		Converter<OrgId, String> orgIdInKeys() {
			return (id) -> "org-" + id.number();
		}

		@Bean
		TaskDecorator tenantInTheBackground() {
			return (load) -> {
				String tenant = Tenant.current(); // on the thread of the read
				return () -> Tenant.run(tenant, load); // in the background
			};
		}

		@Bean
		Executor cacheRefreshExecutor() {
			ThreadPoolTaskExecutor executor = new ThreadPoolTaskExecutor();
			executor.setMaxPoolSize(8);
			executor.setQueueCapacity(100);
			return executor;
		}

		@Bean
		RedisCacheManagerBuilderCustomizer longQuotes() {
			return (builder) -> builder.withCacheConfiguration("quotes",
					builder.cacheDefaults().entryTtl(Duration.ofHours(2)));
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class OwnKeysAndErrors implements CachingConfigurer {

		@Override
		public KeyGenerator keyGenerator() {
			return (target, method, arguments) -> method.getName() + ":" + List.of(arguments);
		}

		@Override
		public CacheErrorHandler errorHandler() {
			return new LoggingCacheErrorHandler();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class SecondManager {

		@Bean(defaultCandidate = false)
		ResilientRedisCacheManager sessionCacheManager(LettuceConnectionFactory connectionFactory) {
			return ResilientRedisCacheManager.builder(connectionFactory)
				.keyPrefix("sessions:")
				.defaults(CacheSettings.defaults().withTtl(Duration.ofHours(1)))
				.build();
		}

	}
	// @formatter:on

	interface Pager {

		void notify(String message);

	}

	static final class Tenant {

		private static final ThreadLocal<@Nullable String> CURRENT = new ThreadLocal<>();

		private Tenant() {
		}

		static @Nullable String current() {
			return CURRENT.get();
		}

		static void run(@Nullable String tenant, Runnable task) {
			CURRENT.set(tenant);
			try {
				task.run();
			}
			finally {
				CURRENT.remove();
			}
		}

	}

}
