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
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.beans.factory.BeanFactoryUtils;
import org.springframework.beans.factory.HierarchicalBeanFactory;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.cache.CacheType;
import org.springframework.boot.autoconfigure.condition.ConditionMessage;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.SearchStrategy;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.boot.cache.autoconfigure.CacheManagerCustomizer;
import org.springframework.boot.cache.autoconfigure.CacheManagerCustomizers;
import org.springframework.boot.cache.autoconfigure.CacheProperties;
import org.springframework.boot.cache.autoconfigure.RedisCacheManagerBuilderCustomizer;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.cache.Cache;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.AnnotationCacheOperationSource;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.interceptor.CacheAspectSupport;
import org.springframework.cache.interceptor.CacheOperationSource;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.ConfigurationCondition;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Lazy;
import org.springframework.core.ResolvableType;
import org.springframework.core.env.Environment;
import org.springframework.core.io.ResourceLoader;
import org.springframework.core.task.TaskDecorator;
import org.springframework.core.type.AnnotatedTypeMetadata;
import org.springframework.data.redis.cache.RedisCacheConfiguration;
import org.springframework.util.ClassUtils;
import org.springframework.util.StringUtils;

import dev.cachestarter.CacheEventListener;
import dev.cachestarter.CacheReport;
import dev.cachestarter.TtlPolicy;
import dev.cachestarter.autoconfigure.report.AnnotatedMethods;
import dev.cachestarter.autoconfigure.report.StartReport;
import dev.cachestarter.autoconfigure.warmup.CacheWarmUp;
import dev.cachestarter.autoconfigure.warmup.CacheWarmUpLifecycle;
import dev.cachestarter.cache.Breaker;
import dev.cachestarter.cache.CachingPostProcessor;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.diagnosis.CacheWatch;
import dev.cachestarter.diagnosis.Doctor;
import dev.cachestarter.diagnosis.FindingSource;
import dev.cachestarter.diagnosis.SettingOrigins;
import dev.cachestarter.engine.connection.DaemonThreads;
import dev.cachestarter.engine.key.ArgumentKeyGenerator;
import dev.cachestarter.engine.key.CacheKeys;
import dev.cachestarter.engine.key.UnkeyableException;

/**
 * The parts of {@link CacheStarterAutoConfiguration}, in the order in which they are
 * decided: first whether there is a reason to back off, then the cache itself.
 */
abstract class CacheConfigurations {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	@Configuration(proxyBeanMethods = false)
	@ConditionalOnBooleanProperty(name = CacheStarterProperties.PREFIX + ".enabled", matchIfMissing = true)
	@Import({ Caching.class, OwnCacheManager.class, SharedCacheManager.class, OwnCacheResolver.class,
			OtherCacheType.class, OwnCaches.class, ResilientCache.class })
	static class Enabled {

		// There whatever the cache is: annotations of the starter mean the same on all.

		@Bean
		static CachingPostProcessor cacheStarterCachingPostProcessor() {
			return new CachingPostProcessor();
		}

		@Bean
		AnnotatedMethods cacheStarterMethods(ConfigurableListableBeanFactory beanFactory,
				ObjectProvider<CacheOperationSource> operations) {
			return new AnnotatedMethods(beanFactory,
					operations.stream().findFirst().orElseGet(() -> new AnnotationCacheOperationSource(false)));
		}

		@Bean
		@Lazy(false)
		StartReport cacheStarterReport(ConfigurableListableBeanFactory beanFactory, AnnotatedMethods methods,
				CacheStarterProperties properties, ObjectProvider<CacheKeys> cacheKeys) {
			boolean fail = properties.onNotCacheable() == CacheStarterProperties.OnNotCacheable.FAIL;
			Executor threads = (task) -> DaemonThreads.daemon(task, "cache-starter-report").start();
			return new StartReport(beanFactory, methods, (method, index, type) -> {
				UnkeyableException problem = cacheKeys.getObject()
					.renderer()
					.problem(ResolvableType.forMethodParameter(method, index, type));
				return (problem != null) ? problem.about(ArgumentKeyGenerator.describe(method, index)).getMessage()
						: null;
			}, fail ? Enabled::refuse : StartReport::warn, fail ? Runnable::run : threads,
					// What may stop the start holds it up, and is to be soon over.
					new StartReport.Helpers(threads, fail ? Runtime.getRuntime().availableProcessors() : 1));
		}

		private static void refuse(List<CacheReport.CachedMethod> problems) {
			String property = CacheStarterProperties.PREFIX + ".on-not-cacheable";
			throw new CacheConfigurationException(problems.stream()
				.map((method) -> "    " + method.method() + ": " + String.join("; ", method.problems()))
				.collect(Collectors.joining("\n", problems.size() + " methods cannot be cached as they should be:\n\n",
						"\n\nand '" + property + "' is 'fail'")),
					"Change them as each line says, or set '" + property + "' to 'warn'.", property, null);
		}

		@Bean
		@Lazy(false)
		CacheWarmUpLifecycle cacheStarterWarmUp(CacheStarterProperties properties, ListableBeanFactory beanFactory,
				ObjectProvider<ResilientRedisCacheManager> cacheManager) {
			CacheStarterProperties.WarmUp settings = properties.warmUp();
			check(settings.concurrency() >= 1, "concurrency", settings.concurrency(), "1 or more, such as 4");
			check(settings.timeout().toMillis() > 0, "timeout", settings.timeout(),
					"a duration of at least 1ms, such as 1m");
			check(!settings.waitForRedis().isNegative(), "wait-for-redis", settings.waitForRedis(),
					"0 or a duration, such as 10s");
			CacheWarmUp warmUp = new CacheWarmUp(() -> {
				// On another's cache the starter has no say, and on none it is no use.
				ResilientRedisCacheManager unique = cacheManager.getIfUnique();
				boolean ours = settings.enabled() && unique != null && !unique.isSwitchedOff();
				return ours ? CacheWarmUpLifecycle.warmers(beanFactory) : Map.of();
			}, () -> cacheManager.getObject().getCacheService().isEnabled(),
					new CacheWarmUp.Settings(settings.concurrency(), settings.waitForRedis(), Duration.ofSeconds(5)),
					new Random());
			return new CacheWarmUpLifecycle(warmUp, settings.beforeReady(), settings.timeout());
		}

		private static void check(boolean valid, String name, Object value, String cure) {
			if (!valid) {
				String property = CacheStarterProperties.PREFIX + ".warm-up." + name;
				throw new CacheConfigurationException("'" + property + "' cannot be " + value,
						"Set it to " + cure + ".", property, null);
			}
		}

	}

	/**
	 * Enables caching where nothing else has. Whoever has, by annotation or XML, with
	 * proxies or aspects, keeps the mode and the order that they chose.
	 */
	@Configuration(proxyBeanMethods = false)
	@ConditionalOnMissingBean(value = CacheAspectSupport.class, search = SearchStrategy.CURRENT)
	@EnableCaching
	static class Caching {

	}

	@Configuration(proxyBeanMethods = false)
	@ConditionalOnBean(value = CacheManager.class, search = SearchStrategy.CURRENT)
	static class OwnCacheManager {

		@Bean
		@Lazy(false)
		CacheBackOff cacheStarterBackOff(ListableBeanFactory beanFactory) {
			return CacheBackOff.because("the application has a cache manager of its own, "
					+ names(beanFactory.getBeanNamesForType(CacheManager.class, true, false)));
		}

	}

	/** A child context uses the cache of its parent, whoever provides it. */
	@Configuration(proxyBeanMethods = false)
	@ConditionalOnMissingBean(value = CacheBackOff.class, search = SearchStrategy.CURRENT)
	@ConditionalOnBean(CacheManager.class)
	static class SharedCacheManager {

		@Bean
		@Lazy(false)
		CacheBackOff cacheStarterBackOff(ListableBeanFactory beanFactory) {
			String reason = "the parent context has a cache manager, " + names(
					BeanFactoryUtils.beanNamesForTypeIncludingAncestors(beanFactory, CacheManager.class, true, false));
			boolean known = isInAncestor(beanFactory, ResilientRedisCacheManager.class)
					|| isInAncestor(beanFactory, CacheBackOff.class);
			return known ? CacheBackOff.silently(reason) : CacheBackOff.because(reason);
		}

		private static boolean isInAncestor(ListableBeanFactory beanFactory, Class<?> type) {
			return beanFactory instanceof HierarchicalBeanFactory child
					&& child.getParentBeanFactory() instanceof ListableBeanFactory parent
					&& BeanFactoryUtils.beanNamesForTypeIncludingAncestors(parent, type, true, false).length > 0;
		}

	}

	private static String names(String... names) {
		return Arrays.toString(names);
	}

	@Configuration(proxyBeanMethods = false)
	@ConditionalOnMissingBean(value = CacheBackOff.class, search = SearchStrategy.CURRENT)
	@ConditionalOnBean(name = "cacheResolver")
	static class OwnCacheResolver {

		@Bean
		@Lazy(false)
		CacheBackOff cacheStarterBackOff() {
			return CacheBackOff.because("the application has a bean named 'cacheResolver'");
		}

	}

	@Configuration(proxyBeanMethods = false)
	@ConditionalOnMissingBean(value = CacheBackOff.class, search = SearchStrategy.CURRENT)
	@Conditional(OnOtherCacheType.class)
	@EnableConfigurationProperties(CacheProperties.class)
	static class OtherCacheType {

		@Bean
		@Lazy(false)
		CacheBackOff cacheStarterBackOff(CacheProperties properties) {
			return CacheBackOff.because("'spring.cache.type' is " + properties.getType());
		}

	}

	/**
	 * Other caches that the application has stated. Spring Boot looks for them before it
	 * thinks of Redis.
	 */
	@Configuration(proxyBeanMethods = false)
	@ConditionalOnMissingBean(value = CacheBackOff.class, search = SearchStrategy.CURRENT)
	@Conditional(OnOwnCaches.class)
	static class OwnCaches {

		@Bean
		@Lazy(false)
		CacheBackOff cacheStarterBackOff(ConfigurableListableBeanFactory beanFactory, Environment environment) {
			return CacheBackOff.because(String.valueOf(OnOwnCaches.reason(beanFactory, environment))
					+ "; to have the starter's cache beside it, set 'spring.cache.type=redis'");
		}

	}

	/**
	 * The cache itself. Infrastructure that goes with the starter's own manager, and with
	 * no other, is declared here.
	 */
	@Configuration(proxyBeanMethods = false)
	@ConditionalOnMissingBean(value = CacheBackOff.class, search = SearchStrategy.CURRENT)
	@EnableConfigurationProperties(CacheProperties.class)
	static class ResilientCache {

		@Bean
		EffectiveCacheSettings cacheStarterSettings(Environment environment, CacheStarterProperties properties,
				CacheProperties springProperties, ObjectProvider<RedisCacheConfiguration> configuration,
				ObjectProvider<RedisCacheManagerBuilderCustomizer> customizers, ObjectProvider<TtlPolicy> ttlPolicy,
				ResourceLoader resourceLoader) {
			EffectiveCacheSettings effective = new CacheSettingsResolver(properties, springProperties,
					configuration.getIfAvailable(), customizers.orderedStream().toList(), ttlPolicy.getIfAvailable(),
					resourceLoader.getClassLoader())
				.resolve();
			SettingTraps.find(environment, properties, effective).forEach(logger::warn);
			return effective;
		}

		@Bean
		Doctor cacheStarterDoctor(@Qualifier("cacheManager") ResilientRedisCacheManager cacheManager,
				ObjectProvider<FindingSource> others) {
			return new Doctor(cacheManager, others.orderedStream().toList());
		}

		@Bean
		@Lazy(false)
		CacheWatch cacheStarterWatch(@Qualifier("cacheManager") ResilientRedisCacheManager cacheManager,
				Doctor doctor) {
			return new CacheWatch(cacheManager, doctor);
		}

		@Bean
		SettingOrigins cacheStarterSettingOrigins(EffectiveCacheSettings settings) {
			return settings.origins();
		}

		@Bean
		@ConditionalOnMissingBean
		CacheManagerCustomizers cacheManagerCustomizers(ObjectProvider<CacheManagerCustomizer<?>> customizers) {
			return new CacheManagerCustomizers(customizers.orderedStream().toList());
		}

		/** Before the manager, which waits for its connection when this is done. */
		@Bean
		@Lazy(false)
		CacheNamesCheck cacheStarterNamesCheck(AnnotatedMethods methods, CacheStarterProperties properties,
				EffectiveCacheSettings settings, @Qualifier("cacheManager") CacheManager cacheManager) {
			return new CacheNamesCheck(methods, properties.caches().keySet(), settings.declaredNames(),
					cacheManager::getCache);
		}

		@Bean
		ResilientRedisCacheManager cacheManager(ListableBeanFactory beanFactory, CacheStarterProperties properties,
				EffectiveCacheSettings settings, CacheKeys cacheKeys, CacheManagerCustomizers cacheManagerCustomizers,
				ObjectProvider<CacheJsonMapperBuilderCustomizer> jsonMapperBuilderCustomizers,
				CacheProperties springProperties, ObjectProvider<CacheEventListener> listeners,
				ObjectProvider<TaskDecorator> taskDecorators,
				@Qualifier("cacheRefreshExecutor") ObjectProvider<Executor> refreshExecutor) {
			JsonMapper.Builder jsonMapper = ResilientRedisCacheManager.jsonMapperBuilder();
			jsonMapperBuilderCustomizers.orderedStream().forEach((customizer) -> customizer.customize(jsonMapper));
			ResilientRedisCacheManager.Builder builder = new CacheConnectionFactory(beanFactory)
				.managerBuilder(properties.connection().factory());
			settings.applyTo(builder);
			applyOutages(properties, builder);
			builder.logKeys(properties.logKeys());
			listeners.orderedStream().forEach(builder::listener);
			if (isSwitchedOff(properties, springProperties)) {
				builder.switchedOff();
			}
			builder.refreshExecutor(refreshExecutor.getIfAvailable())
				.refreshDecorator(BackgroundContext.decorator(taskDecorators.orderedStream().toList()));
			return cacheManagerCustomizers
				.customize(build(builder.cacheKeys(cacheKeys).jsonMapper(jsonMapper.build())));
		}

		/**
		 * Conditions are decided when an application is processed ahead of time. What the
		 * settings say when it runs comes to the same, but for a cache of Spring Boot's.
		 */
		private static boolean isSwitchedOff(CacheStarterProperties properties, CacheProperties springProperties) {
			CacheType type = springProperties.getType();
			boolean other = type != null && type != CacheType.REDIS;
			if (properties.enabled() && !other) {
				return false;
			}
			CacheBackOff.because((other ? "'spring.cache.type' is " + type
					: "'" + CacheStarterProperties.PREFIX + ".enabled' is false")
					+ "; the application, which was processed ahead of time, runs without a cache");
			return true;
		}

		private static void applyOutages(CacheStarterProperties properties,
				ResilientRedisCacheManager.Builder builder) {
			CacheStarterProperties.CircuitBreaker breaker = properties.circuitBreaker();
			named(".circuit-breaker.",
					() -> builder.breaker(Breaker.defaults()
						.withFailureRate(breaker.failureRate())
						.withSlowCallRate(breaker.slowCallRate())
						.withSlowCall(breaker.slowCall())
						.withWindow(breaker.window())
						.withOpenFor(breaker.openFor(), breaker.openForMax())));
			named(".pending-evictions.", () -> builder.maxPendingEvictions(properties.pendingEvictions().maxEntries()));
			builder.distrustRestarts(
					properties.connection().afterRestart() == CacheStarterProperties.AfterRestart.DISTRUST);
		}

		/** The engine names the setting, and the cure; where it stands is known here. */
		private static void named(String group, Runnable setting) {
			try {
				setting.run();
			}
			catch (IllegalArgumentException ex) {
				String[] parts = String.valueOf(ex.getMessage()).split(": set it to ", 2);
				String name = parts[0].split("'", 3)[1];
				String property = CacheStarterProperties.PREFIX + group + name;
				throw new CacheConfigurationException(parts[0].replaceFirst(name, property),
						"Set it to " + parts[1] + ".", property, ex);
			}
		}

		private static ResilientRedisCacheManager build(ResilientRedisCacheManager.Builder builder) {
			try {
				return builder.build();
			}
			catch (IllegalArgumentException ex) {
				throw CacheConfigurationException.refused(ex);
			}
		}

	}

	static final class OnOwnCaches extends SpringBootCondition implements ConfigurationCondition {

		private static final List<String> PROPERTIES = List.of("spring.cache.jcache.provider",
				"spring.cache.jcache.config", "spring.cache.infinispan.config");

		@Override
		public ConfigurationPhase getConfigurationPhase() {
			return ConfigurationPhase.REGISTER_BEAN;
		}

		@Override
		public ConditionOutcome getMatchOutcome(ConditionContext context, AnnotatedTypeMetadata metadata) {
			ConditionMessage.Builder message = ConditionMessage.forCondition("Other caches");
			ConfigurableListableBeanFactory beanFactory = context.getBeanFactory();
			String reason = (beanFactory != null) ? reason(beanFactory, context.getEnvironment()) : null;
			return (reason != null) ? ConditionOutcome.match(message.because(reason))
					: ConditionOutcome.noMatch(message.because("there are none"));
		}

		static @Nullable String reason(ConfigurableListableBeanFactory beanFactory, Environment environment) {
			if (environment.containsProperty("spring.cache.type")) {
				return null;
			}
			String[] caches = beanFactory.getBeanNamesForType(Cache.class, true, false);
			if (caches.length > 0) {
				return "the application has Cache beans of its own, " + names(caches);
			}
			String[] managers = jcacheManagers(beanFactory);
			if (managers.length > 0) {
				return "the application has a JCache manager of its own, " + names(managers);
			}
			return PROPERTIES.stream()
				.filter((property) -> StringUtils.hasText(environment.getProperty(property)))
				.findFirst()
				.map((property) -> "'" + property + "' names another cache")
				.orElse(null);
		}

		private static String[] jcacheManagers(ConfigurableListableBeanFactory beanFactory) {
			try {
				Class<?> type = ClassUtils.forName("javax.cache.CacheManager", beanFactory.getBeanClassLoader());
				return beanFactory.getBeanNamesForType(type, true, false);
			}
			catch (ClassNotFoundException | LinkageError ex) {
				return new String[0];
			}
		}

	}

	static final class OnOtherCacheType extends SpringBootCondition {

		@Override
		public ConditionOutcome getMatchOutcome(ConditionContext context, AnnotatedTypeMetadata metadata) {
			ConditionMessage.Builder message = ConditionMessage.forCondition("Other cache type");
			try {
				CacheType type = Binder.get(context.getEnvironment())
					.bind("spring.cache.type", CacheType.class)
					.orElse(CacheType.REDIS);
				return new ConditionOutcome(type != CacheType.REDIS, message.because("the cache type is " + type));
			}
			catch (BindException ex) {
				// Binding the properties fails in a moment, and says more.
				return ConditionOutcome.noMatch(message.because("the cache type is unknown"));
			}
		}

	}

}
