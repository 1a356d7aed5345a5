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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.LazyInitializationBeanFactoryPostProcessor;
import org.springframework.aop.framework.ProxyFactory;
import org.springframework.aop.target.SingletonTargetSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration;
import org.springframework.boot.cache.autoconfigure.CacheManagerCustomizer;
import org.springframework.boot.cache.autoconfigure.RedisCacheManagerBuilderCustomizer;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.AnnotationCacheOperationSource;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.CachingConfigurer;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.concurrent.ConcurrentMapCacheManager;
import org.springframework.cache.interceptor.BeanFactoryCacheOperationSourceAdvisor;
import org.springframework.cache.interceptor.CacheInterceptor;
import org.springframework.cache.interceptor.CacheResolver;
import org.springframework.cache.interceptor.SimpleCacheResolver;
import org.springframework.cache.support.NoOpCacheManager;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;
import org.springframework.core.annotation.Order;
import org.springframework.core.convert.converter.Converter;
import org.springframework.data.redis.cache.RedisCacheConfiguration;
import org.springframework.data.redis.cache.RedisCacheManager;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.CacheService;
import dev.cachestarter.cache.Internals;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.engine.key.CacheKeys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.LIST;
import static org.mockito.Mockito.mock;

@ExtendWith(OutputCaptureExtension.class)
class CacheStarterAutoConfigurationTests {

	// Nothing listens there: all of this has to work when Redis is away.
	private static final String NO_REDIS = "spring.data.redis.port=1";

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(CacheAutoConfiguration.class, CacheStarterAutoConfiguration.class,
				RedisVariablesAutoConfiguration.class, DataRedisAutoConfiguration.class))
		.withPropertyValues(NO_REDIS)
		.withUserConfiguration(CachedConfiguration.class);

	@Test
	void cacheManagerIsOursWithoutRedis() {
		this.contextRunner.run((context) -> {
			assertThat(context).hasSingleBean(CacheManager.class);
			assertThat(context.getBean("cacheManager", RedisCacheManager.class))
				.isInstanceOf(ResilientRedisCacheManager.class);
			assertThat(context.getBean(CacheService.class))
				.isSameAs(context.getBean(ResilientRedisCacheManager.class).getCacheService());
		});
	}

	@Test
	void cacheManagerIsOursForTypeRedis(CapturedOutput output) {
		this.contextRunner.withPropertyValues("spring.cache.type=redis")
			.run((context) -> assertThat(context).hasSingleBean(ResilientRedisCacheManager.class));

		assertThat(output).doesNotContain("backs off");
	}

	@Test
	void cacheManagerDoesNotAddAConnectionFactoryToTheContext() {
		this.contextRunner.run((context) -> assertThat(context.getBeanNamesForType(RedisConnectionFactory.class))
			.containsExactly("redisConnectionFactory"));
	}

	@Test
	void cachingIsEnabledWithoutAnnotation() {
		this.contextRunner.withPropertyValues("spring.cache.type=simple").run((context) -> {
			Cached cached = context.getBean(Cached.class);

			assertThat(cached.call("a")).isEqualTo(cached.call("a"));
		});
	}

	@Test
	void cachingOfTheApplicationKeepsItsOrder() {
		this.contextRunner.withUserConfiguration(OrderedCachingConfiguration.class)
			.withPropertyValues("spring.cache.type=simple")
			.run((context) -> {
				assertThat(context).hasSingleBean(BeanFactoryCacheOperationSourceAdvisor.class);
				assertThat(context.getBean(BeanFactoryCacheOperationSourceAdvisor.class).getOrder()).isEqualTo(42);
				Cached cached = context.getBean(Cached.class);
				assertThat(cached.call("a")).isEqualTo(cached.call("a"));
			});
	}

	@Test
	void cachingBacksOffForOtherMeansOfCaching() {
		this.contextRunner.withUserConfiguration(OwnInterceptorConfiguration.class)
			.withPropertyValues("spring.cache.type=simple")
			.run((context) -> {
				assertThat(context).hasSingleBean(CacheInterceptor.class);
				assertThat(context).doesNotHaveBean(BeanFactoryCacheOperationSourceAdvisor.class);
			});
	}

	@ParameterizedTest
	@CsvSource({ "simple, SIMPLE", "SIMPLE, SIMPLE" })
	void cacheManagerBacksOffForAnotherCacheType(String type, String shown, CapturedOutput output) {
		this.contextRunner.withPropertyValues("spring.cache.type=" + type).run((context) -> {
			assertThat(context.getBean(CacheManager.class)).isInstanceOf(ConcurrentMapCacheManager.class);
			assertCacheServiceIsDisabled(context);
		});

		assertThat(output.getAll().lines().filter((line) -> line.contains("cache-starter backs off"))).singleElement()
			.asString()
			.endsWith("cache-starter backs off: 'spring.cache.type' is " + shown);
	}

	@Test
	void annotationsRunWithoutCacheForTypeNone(CapturedOutput output) {
		this.contextRunner.withPropertyValues("spring.cache.type=none").run((context) -> {
			assertThat(context.getBean(CacheManager.class)).isInstanceOf(NoOpCacheManager.class);
			assertCacheServiceIsDisabled(context);
			Cached cached = context.getBean(Cached.class);
			assertThat(cached.call("a")).isNotEqualTo(cached.call("a"));
		});

		assertThat(output).containsOnlyOnce("cache-starter backs off: 'spring.cache.type' is NONE");
	}

	@Test
	void anUnknownCacheTypeStopsTheStart() {
		this.contextRunner.withPropertyValues("spring.cache.type=rediss")
			.run((context) -> assertThat(context).hasFailed()
				.getFailure()
				.hasStackTraceContaining("spring.cache")
				.hasStackTraceContaining("rediss"));
	}

	@Test
	void cacheManagerBacksOffForACacheManagerOfTheApplication(CapturedOutput output) {
		this.contextRunner.withUserConfiguration(CacheManagerConfiguration.class).run((context) -> {
			assertThat(context).getBeanNames(CacheManager.class).containsExactly("ownCacheManager");
			assertCacheServiceIsDisabled(context);
			Cached cached = context.getBean(Cached.class);
			assertThat(cached.call("a")).isEqualTo(cached.call("a"));
		});

		assertThat(output).containsOnlyOnce(
				"cache-starter backs off: the application has a cache manager of its own, [ownCacheManager]");
	}

	@Test
	void cacheManagerBacksOffForACacheResolver(CapturedOutput output) {
		this.contextRunner.withUserConfiguration(CacheResolverConfiguration.class).run((context) -> {
			assertThat(context).doesNotHaveBean(CacheManager.class);
			assertCacheServiceIsDisabled(context);
			Cached cached = context.getBean(Cached.class);
			assertThat(cached.call("a")).isEqualTo(cached.call("a"));
		});

		assertThat(output)
			.containsOnlyOnce("cache-starter backs off: the application has a bean named 'cacheResolver'");
	}

	@Test
	void cacheManagerOfTheApplicationGoesBeforeACacheTypeAsTheReason(CapturedOutput output) {
		this.contextRunner.withUserConfiguration(CacheManagerConfiguration.class)
			.withPropertyValues("spring.cache.type=none")
			.withInitializer(
					(context) -> context.addBeanFactoryPostProcessor(new LazyInitializationBeanFactoryPostProcessor()))
			.run((context) -> assertThat(context).hasSingleBean(CacheManager.class));

		assertThat(output).containsOnlyOnce("cache-starter backs off");
		assertThat(output).contains("the application has a cache manager of its own");
	}

	@Test
	void disabledStarterLeavesAnApplicationWithoutCachingAsItIs(CapturedOutput output) {
		this.contextRunner.withPropertyValues("cache-starter.enabled=false").run((context) -> {
			assertThat(context).doesNotHaveBean(CacheManager.class);
			assertCacheServiceIsDisabled(context);
			Cached cached = context.getBean(Cached.class);
			assertThat(cached.call("a")).isNotEqualTo(cached.call("a"));
		});

		assertThat(output).doesNotContain("backs off");
	}

	@Test
	void disabledStarterHandsCachingOverToSpringBoot() {
		this.contextRunner.withUserConfiguration(OrderedCachingConfiguration.class)
			.withPropertyValues("cache-starter.enabled=false")
			.run((context) -> {
				assertThat(context.getBean(CacheManager.class)).isExactlyInstanceOf(RedisCacheManager.class);
				assertCacheServiceIsDisabled(context);
			});
	}

	@Test
	void cacheServiceBacksOffForOneOfTheApplication() {
		this.contextRunner.withUserConfiguration(CacheServiceConfiguration.class)
			.withPropertyValues("spring.cache.type=none")
			.run((context) -> assertThat(context).getBeanNames(CacheService.class).containsExactly("ownCacheService"));
	}

	@Test
	void cacheServiceWorksOnAResilientManagerOfTheApplication() {
		this.contextRunner.withUserConfiguration(ResilientCacheManagerConfiguration.class)
			.run((context) -> assertThat(context.getBean(CacheService.class))
				.isSameAs(context.getBean("ownCacheManager", ResilientRedisCacheManager.class).getCacheService()));
	}

	@ParameterizedTest
	@ValueSource(strings = { "spring.cache.type=none", "spring.cache.type=redis", "cache-starter.enabled=false" })
	void cacheKeysAreThereInEveryCase(String property) {
		this.contextRunner.withPropertyValues(property)
			.run((context) -> assertThat(context.getBean("cacheKeys", CacheKeys.class).of("org-1", 2))
				.hasToString("org-1:2"));
	}

	@Test
	void cacheKeysBackOffForThoseOfTheApplication() {
		CacheKeys own = new CacheKeys(null);

		this.contextRunner.withPropertyValues("spring.cache.type=none")
			.withBean("cacheKeys", CacheKeys.class, () -> own)
			.run((context) -> assertThat(context.getBean(CacheKeys.class)).isSameAs(own));
	}

	@Test
	void cacheKeysKnowTheConvertersOfTheApplication() {
		this.contextRunner.withPropertyValues("spring.cache.type=none")
			.withUserConfiguration(KeyConverterConfiguration.class)
			.run((context) -> assertThat(context.getBean(CacheKeys.class).of(new Tenant("a"), 1))
				.hasToString("tenant-a:1"));
	}

	@Test
	void cacheKeysKnowTheConvertersOfACacheConfiguration() {
		RedisCacheConfiguration configuration = RedisCacheConfiguration.defaultCacheConfig();
		configuration.configureKeyConverters(
				(registry) -> registry.addConverter(Tenant.class, String.class, (tenant) -> "tenant-" + tenant.name()));

		this.contextRunner.withBean(RedisCacheConfiguration.class, () -> configuration)
			.run((context) -> assertThat(context.getBean(CacheKeys.class).of(new Tenant("a"), 1))
				.hasToString("tenant-a:1"));
	}

	@Test
	void cacheKeysKnowTheConvertersThatACustomizerAdds() {
		this.contextRunner
			.withBean(RedisCacheManagerBuilderCustomizer.class,
					() -> (builder) -> builder.cacheDefaults()
						.configureKeyConverters((registry) -> registry.addConverter(Tenant.class, String.class,
								(tenant) -> "tenant-" + tenant.name())))
			.run((context) -> assertThat(context.getBean(CacheKeys.class).of(new Tenant("a"), 1))
				.hasToString("tenant-a:1"));
	}

	@Test
	void aSecondManagerMayStandBesideOurs() {
		this.contextRunner.withUserConfiguration(SecondCacheManagerConfiguration.class).run((context) -> {
			assertThat(context).getBeanNames(CacheManager.class)
				.containsExactlyInAnyOrder("cacheManager", "secondCacheManager");
			assertThat(context.getBean(CacheService.class))
				.isSameAs(context.getBean("cacheManager", ResilientRedisCacheManager.class).getCacheService());
		});
	}

	@Test
	void settingsReachTheManager() {
		this.contextRunner
			.withInitializer((context) -> TestPropertyValues.of(Map.of("cache-starter.caches.[agents:list].ttl", "5m"))
				.applyTo(context))
			.withPropertyValues("cache-starter.defaults.null-ttl=9s", "cache-starter.connection.command-timeout=123ms",
					"spring.cache.cache-names=tools")
			.withBean(RedisCacheConfiguration.class,
					() -> RedisCacheConfiguration.defaultCacheConfig().entryTtl(Duration.ofMinutes(2)))
			.withBean(RedisCacheManagerBuilderCustomizer.class,
					() -> (builder) -> builder.withCacheConfiguration("servers",
							RedisCacheConfiguration.defaultCacheConfig().entryTtl(Duration.ofMinutes(3))))
			.run((context) -> {
				ResilientRedisCacheManager manager = context.getBean(ResilientRedisCacheManager.class);
				assertThat(manager.getCacheNames()).as("declared, and on annotations")
					.containsExactlyInAnyOrder("agents:list", "tools", "servers", "cached");
				assertThat(manager.getSettings("agents:list").ttl()).isEqualTo(Duration.ofMinutes(5));
				assertThat(manager.getSettings("servers").ttl()).isEqualTo(Duration.ofMinutes(3));
				assertThat(manager.getSettings("tools").ttl()).isEqualTo(Duration.ofMinutes(2));
				assertThat(manager.getSettings("any").nullTtl()).isEqualTo(Duration.ofSeconds(9));
			});
	}

	@Test
	void cacheManagerCustomizersAreApplied() {
		this.contextRunner.withUserConfiguration(CustomizersConfiguration.class).run((context) -> {
			assertThat(context.getBean("calls")).asInstanceOf(LIST)
				.containsExactly("json 1", "json 2", context.getBean("cacheManager"));
		});
	}

	@Test
	void namesThatSwallowEachOtherStopTheStart() {
		this.contextRunner.withPropertyValues("spring.cache.cache-names=agents,agents:list")
			.run((context) -> assertRefused(context, "The caches 'agents' and 'agents:list' cannot be told apart",
					"Rename one of them"));
	}

	@Test
	void namesOnAnnotationsThatSwallowEachOtherStopTheStart() {
		this.contextRunner.withPropertyValues("spring.cache.cache-names=cached:list")
			.run((context) -> assertRefused(context, "The caches 'cached' and 'cached:list' cannot be told apart",
					"Rename one of them"));
	}

	@Test
	void aNameThatNoCacheInUseHasIsReportedEvenIfBeansAreLazy(CapturedOutput output) {
		this.contextRunner.withPropertyValues("cache-starter.caches.cachd.ttl=5m")
			.withInitializer(
					(context) -> context.addBeanFactoryPostProcessor(new LazyInitializationBeanFactoryPostProcessor()))
			.run((context) -> assertThat(context).hasNotFailed());

		assertThat(output).containsOnlyOnce("did you mean 'cache-starter.caches.cached'?");
	}

	@Test
	void primaryConnectionFactoryIsUsed() {
		this.contextRunner.withUserConfiguration(PrimaryConnectionFactoryConfiguration.class)
			.run((context) -> assertThat(context).hasSingleBean(ResilientRedisCacheManager.class));
	}

	@Test
	void namedConnectionFactoryIsUsed() {
		this.contextRunner.withUserConfiguration(ConnectionFactoriesConfiguration.class)
			.withPropertyValues("cache-starter.connection.factory=second")
			.run((context) -> assertThat(context).hasSingleBean(ResilientRedisCacheManager.class));
	}

	@Test
	void ambiguousConnectionFactoryStopsTheStart() {
		this.contextRunner.withUserConfiguration(ConnectionFactoriesConfiguration.class)
			.run((context) -> assertRefused(context,
					"There are several RedisConnectionFactory beans, and none is primary: [first, second]",
					"Mark one with @Primary; if the cache is to use another, name that in 'cache-starter.connection.factory'"));
	}

	@Test
	void unknownConnectionFactoryStopsTheStart() {
		this.contextRunner.withUserConfiguration(ConnectionFactoriesConfiguration.class)
			.withPropertyValues("cache-starter.connection.factory=secnd")
			.run((context) -> assertRefused(context, "no RedisConnectionFactory bean has that name",
					"Did you mean 'second'?"));
	}

	@Test
	void connectionFactoryThatIsNotOfLettuceStopsTheStart() {
		this.contextRunner.withUserConfiguration(OtherConnectionFactoryConfiguration.class)
			.run((context) -> assertRefused(context, "it needs one of Lettuce", "Use Lettuce"));
	}

	@Test
	void missingConnectionFactoryStopsTheStart() {
		this.contextRunner.withPropertyValues("spring.data.redis.client-type=jedis")
			.run((context) -> assertRefused(context, "needs a LettuceConnectionFactory bean, and there is none",
					"'spring.data.redis.client-type' not 'jedis'"));
	}

	@Test
	void masterReplicaStopsTheStart() {
		this.contextRunner.withPropertyValues("spring.data.redis.masterreplica.nodes=a:1,b:2")
			.run((context) -> assertRefused(context, "static master/replica, whose nodes cannot be read",
					"Use Sentinel or a cluster"));
	}

	@Test
	void aConnectionFactoryThatIsWrappedIsFound() {
		this.contextRunner.withUserConfiguration(WrappedConnectionFactoryConfiguration.class)
			.run((context) -> assertThat(context).hasNotFailed().hasSingleBean(ResilientRedisCacheManager.class));
	}

	@Test
	void soManyEvictionsArePendingAsIsConfiguredAndNoMore() {
		this.contextRunner.withPropertyValues("cache-starter.pending-evictions.max-entries=5").run((context) -> {
			ResilientRedisCacheManager manager = context.getBean(ResilientRedisCacheManager.class);

			for (int i = 0; i < 50; i++) {
				manager.getCacheService().delete("any:" + i);
			}

			assertThat(Internals.of(manager).evictions().pendingCount()).isBetween(5, 10);
		});
	}

	@Test
	void aNamedConnectionFactoryIsTheWayOutOfMasterReplica() {
		this.contextRunner.withUserConfiguration(ConnectionFactoriesConfiguration.class)
			.withPropertyValues("spring.data.redis.masterreplica.nodes=a:1,b:2",
					"cache-starter.connection.factory=first")
			.run((context) -> assertThat(context).hasSingleBean(ResilientRedisCacheManager.class));
	}

	private static void assertCacheServiceIsDisabled(AssertableApplicationContext context) {
		assertThat(context.getBean(CacheService.class)).isSameAs(CacheService.disabled());
	}

	private static void assertRefused(AssertableApplicationContext context, String problem, String cure) {
		assertThat(context).hasFailed()
			.getFailure()
			.hasStackTraceContaining(CacheConfigurationException.class.getName())
			.hasStackTraceContaining(problem)
			.hasStackTraceContaining(cure);
	}

	static class Cached {

		private final AtomicInteger calls = new AtomicInteger();

		@Cacheable("cached")
		public int call(String key) {
			return this.calls.incrementAndGet();
		}

	}

	// No record: one is rendered without any converter.
	static final class Tenant {

		private final String name;

		Tenant(String name) {
			this.name = name;
		}

		String name() {
			return this.name;
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class KeyConverterConfiguration {

		@Bean
		Converter<Tenant, String> tenantConverter() {
			return new Converter<>() {

				@Override
				public String convert(Tenant tenant) {
					return "tenant-" + tenant.name();
				}

			};
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class CachedConfiguration {

		@Bean
		Cached cached() {
			return new Cached();
		}

	}

	@Configuration(proxyBeanMethods = false)
	@EnableCaching(order = 42)
	static class OrderedCachingConfiguration {

	}

	@Configuration(proxyBeanMethods = false)
	static class OwnInterceptorConfiguration {

		@Bean
		CacheInterceptor ownInterceptor() {
			CacheInterceptor interceptor = new CacheInterceptor();
			interceptor.setCacheOperationSources(new AnnotationCacheOperationSource());
			return interceptor;
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class CacheManagerConfiguration {

		@Bean
		CacheManager ownCacheManager() {
			return new ConcurrentMapCacheManager();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class CacheResolverConfiguration implements CachingConfigurer {

		@Bean
		@Override
		public CacheResolver cacheResolver() {
			return new SimpleCacheResolver(new ConcurrentMapCacheManager());
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class CacheServiceConfiguration {

		@Bean
		CacheService ownCacheService() {
			return mock(CacheService.class);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class ResilientCacheManagerConfiguration {

		@Bean
		ResilientRedisCacheManager ownCacheManager(LettuceConnectionFactory connectionFactory) {
			return ResilientRedisCacheManager.builder(connectionFactory).build();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class SecondCacheManagerConfiguration {

		@Bean(defaultCandidate = false)
		ResilientRedisCacheManager secondCacheManager(LettuceConnectionFactory connectionFactory) {
			return ResilientRedisCacheManager.builder(connectionFactory).keyPrefix("second:").build();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class CustomizersConfiguration {

		@Bean
		List<Object> calls() {
			return new ArrayList<>();
		}

		@Bean
		CacheManagerCustomizer<RedisCacheManager> redisCustomizer(List<Object> calls) {
			return calls::add;
		}

		@Bean
		CacheManagerCustomizer<ConcurrentMapCacheManager> otherCustomizer(List<Object> calls) {
			return calls::add;
		}

		@Bean
		@Order(2)
		CacheJsonMapperBuilderCustomizer secondJsonCustomizer(List<Object> calls) {
			return (builder) -> calls.add("json 2");
		}

		@Bean
		@Order(1)
		CacheJsonMapperBuilderCustomizer firstJsonCustomizer(List<Object> calls) {
			return (builder) -> calls.add("json 1");
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class ConnectionFactoriesConfiguration {

		@Bean
		LettuceConnectionFactory first() {
			return new LettuceConnectionFactory("localhost", 1);
		}

		@Bean
		LettuceConnectionFactory second() {
			return new LettuceConnectionFactory("localhost", 1);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class PrimaryConnectionFactoryConfiguration {

		@Bean
		@Primary
		LettuceConnectionFactory first() {
			return new LettuceConnectionFactory("localhost", 1);
		}

		@Bean
		RedisConnectionFactory second() {
			return mock(RedisConnectionFactory.class);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class OtherConnectionFactoryConfiguration {

		@Bean
		RedisConnectionFactory other() {
			return mock(RedisConnectionFactory.class);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class WrappedConnectionFactoryConfiguration {

		@Bean
		RedisConnectionFactory wrapped() {
			LettuceConnectionFactory target = new LettuceConnectionFactory("localhost", 1);
			target.afterPropertiesSet();
			return ProxyFactory.getProxy(RedisConnectionFactory.class, new SingletonTargetSource(target));
		}

	}

}
