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

import java.nio.charset.StandardCharsets;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.xml.XmlBeanDefinitionReader;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cache.Cache;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.CachingConfigurer;
import org.springframework.cache.concurrent.ConcurrentMapCache;
import org.springframework.cache.interceptor.CacheErrorHandler;
import org.springframework.cache.interceptor.CacheInterceptor;
import org.springframework.cache.interceptor.KeyGenerator;
import org.springframework.cache.interceptor.SimpleCacheErrorHandler;
import org.springframework.cache.interceptor.SimpleKeyGenerator;
import org.springframework.cache.support.SimpleCacheManager;
import org.springframework.core.io.ByteArrayResource;

import dev.cachestarter.CacheService;
import dev.cachestarter.cache.PatternEvictingCacheErrorHandler;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.engine.key.CacheKeys;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Beans of the application keep their names and their places.
 */
@ExtendWith(OutputCaptureExtension.class)
class OwnBeansTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(CacheAutoConfiguration.class, CacheStarterAutoConfiguration.class,
				RedisVariablesAutoConfiguration.class, DataRedisAutoConfiguration.class))
		.withPropertyValues("spring.data.redis.port=1")
		.withBean(Cached.class);

	@ParameterizedTest
	@ValueSource(
			strings = { "a=b", "spring.cache.type=none", "spring.cache.type=redis", "cache-starter.enabled=false" })
	void namesOfTheStartersBeansAreItsOwn(String property) {
		this.contextRunner.withPropertyValues(property, "REDIS_HOST=localhost").run((context) -> {
			String[] names = { "cacheService", "cacheKeys", "cacheWarmUp", "cacheNamesCheck",
					"redisVariablesConnectionDetails" };
			ApplicationContextRunner runner = this.contextRunner.withPropertyValues(property, "REDIS_HOST=localhost");
			for (String name : names) {
				runner = runner.withBean(name, Own.class);
			}
			runner.run((with) -> {
				assertThat(with).hasNotFailed().hasSingleBean(CacheService.class).hasSingleBean(CacheKeys.class);
				assertThat(with.getBeanNamesForType(Own.class)).containsExactlyInAnyOrder(names);
				assertThat(with.getBean("cacheKeys")).isInstanceOf(Own.class);
			});
		});
	}

	@Test
	void cacheKeysIsAnAliasWhereItIsFree() {
		this.contextRunner
			.run((context) -> assertThat(context.getBean("cacheKeys")).isSameAs(context.getBean(CacheKeys.class)));
	}

	@Test
	void cachesOfTheApplicationAreUsed(CapturedOutput output) {
		ConcurrentMapCache own = new ConcurrentMapCache("cached");

		this.contextRunner.withBean("own", Cache.class, () -> own).run((context) -> {
			assertThat(context.getBean(CacheManager.class)).isInstanceOf(SimpleCacheManager.class);
			context.getBean(Cached.class).call("a");
			assertThat(own.getNativeCache()).isNotEmpty();
		});

		assertThat(output)
			.containsOnlyOnce("cache-starter backs off: the application has Cache beans of its own, [own]")
			.contains("'spring.cache.type=redis'");
	}

	@Test
	void cachesOfTheApplicationAreNoReasonIfRedisIsStated(CapturedOutput output) {
		this.contextRunner.withBean("own", Cache.class, () -> new ConcurrentMapCache("cached"))
			.withPropertyValues("spring.cache.type=redis")
			.run((context) -> assertThat(context).hasSingleBean(ResilientRedisCacheManager.class));

		assertThat(output).doesNotContain("backs off");
	}

	@Test
	void aJCacheProviderThatIsStatedIsAReason(CapturedOutput output) {
		this.contextRunner.withPropertyValues("spring.cache.jcache.provider=com.acme.Provider")
			.run((context) -> assertThat(context).doesNotHaveBean(ResilientRedisCacheManager.class));

		assertThat(output)
			.containsOnlyOnce("cache-starter backs off: 'spring.cache.jcache.provider' names another cache");
	}

	@Test
	void whatAConfigurerStatesIsUsedWhateverItsClass() {
		StatedConfigurer configurer = new StatedConfigurer(new SimpleCacheErrorHandler(), new SimpleKeyGenerator());

		this.contextRunner.withBean(CachingConfigurer.class, () -> configurer).run((context) -> {
			CacheInterceptor interceptor = context.getBean(CacheInterceptor.class);
			assertThat(interceptor.getErrorHandler()).isSameAs(configurer.errorHandler());
			assertThat(interceptor.getKeyGenerator()).isSameAs(configurer.keyGenerator());
		});
	}

	@Test
	void whatAConfigurerDoesNotStateIsTheStarters() {
		StatedConfigurer configurer = new StatedConfigurer(null, null);

		this.contextRunner.withBean(CachingConfigurer.class, () -> configurer).run((context) -> {
			CacheInterceptor interceptor = context.getBean(CacheInterceptor.class);
			assertThat(interceptor.getErrorHandler()).isInstanceOf(PatternEvictingCacheErrorHandler.class);
			assertThat(interceptor.getKeyGenerator()).isNotInstanceOf(SimpleKeyGenerator.class);
		});
	}

	@Test
	void whatIsStatedInXmlIsUsedWhateverItsClass() {
		String xml = """
				<beans xmlns="http://www.springframework.org/schema/beans"
						xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
						xmlns:cache="http://www.springframework.org/schema/cache"
						xsi:schemaLocation="http://www.springframework.org/schema/beans
								https://www.springframework.org/schema/beans/spring-beans.xsd
								http://www.springframework.org/schema/cache
								https://www.springframework.org/schema/cache/spring-cache.xsd">
					<cache:annotation-driven error-handler="handler" key-generator="generator"/>
					<bean id="handler" class="org.springframework.cache.interceptor.SimpleCacheErrorHandler"/>
					<bean id="generator" class="org.springframework.cache.interceptor.SimpleKeyGenerator"/>
				</beans>
				""";

		this.contextRunner
			.withInitializer((context) -> new XmlBeanDefinitionReader((BeanDefinitionRegistry) context.getBeanFactory())
				.loadBeanDefinitions(new ByteArrayResource(xml.getBytes(StandardCharsets.UTF_8))))
			.run((context) -> {
				CacheInterceptor interceptor = context.getBean(CacheInterceptor.class);
				assertThat(interceptor.getErrorHandler()).isSameAs(context.getBean("handler"));
				assertThat(interceptor.getKeyGenerator()).isSameAs(context.getBean("generator"));
			});
	}

	@Test
	void contextsShareTheClassesOfProxies() {
		this.contextRunner
			.run((first) -> this.contextRunner.run((second) -> assertThat(first.getBean(Cached.class).getClass())
				.isSameAs(second.getBean(Cached.class).getClass())));
	}

	static class Cached {

		@Cacheable("cached")
		public Map<String, String> call(String key) {
			return Map.of(key, key);
		}

	}

	static class Own {

	}

	private record StatedConfigurer(CacheErrorHandler errorHandler,
			KeyGenerator keyGenerator) implements CachingConfigurer {

	}

}
