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

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.concurrent.ConcurrentMapCacheManager;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.cachestarter.CacheEvictPattern;
import dev.cachestarter.CacheService;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.engine.key.CacheKeys;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Contexts that have a parent.
 */
@WithRedis
@ExtendWith(OutputCaptureExtension.class)
class ChildContextsRedisTests {

	private final RedisServer redis;

	ChildContextsRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@ParameterizedTest
	@ValueSource(classes = { AutoConfigured.class, WithCaching.class, WithBoth.class })
	void aChildUsesTheCacheOfItsParent(Class<?> child, CapturedOutput output) {
		try (ConfigurableApplicationContext context = start(AutoConfigured.class, child)) {
			Agents agents = context.getBean(Agents.class);
			Agent first = agents.find("org", 1);

			assertThat(agents.find("org", 1)).isEqualTo(first);
			assertThat(agents.count()).isEqualTo(agents.count());
			assertThat(this.redis.keys("agents:*")).contains("agents:org:1");
			agents.changed("org");
			assertThat(agents.find("org", 1)).isNotEqualTo(first);
			assertThat(context.getBeanNamesForType(ResilientRedisCacheManager.class)).isEmpty();
			assertThat(context.getBean(CacheManager.class))
				.isSameAs(context.getParent().getBean(ResilientRedisCacheManager.class));
			assertThat(context.getBean(CacheService.class)).isSameAs(context.getParent().getBean(CacheService.class));
			assertThat(context.getBean("cacheKeys")).isInstanceOf(CacheKeys.class);
		}
		assertThat(output).doesNotContain("backs off");
	}

	@Test
	void aChildOfAPlainParentHasACacheOfItsOwn() {
		try (ConfigurableApplicationContext context = start(Plain.class, AutoConfigured.class)) {
			Agents agents = context.getBean(Agents.class);

			assertThat(agents.find("org", 1)).isEqualTo(agents.find("org", 1));
			assertThat(context.getBeanNamesForType(ResilientRedisCacheManager.class)).hasSize(1);
		}
	}

	@Test
	void siblingsUseTheCacheOfTheirParent() {
		try (ConfigurableApplicationContext first = start(AutoConfigured.class, WithCaching.class);
				ConfigurableApplicationContext second = new SpringApplicationBuilder(WithBoth.class)
					.parent((ConfigurableApplicationContext) first.getParent())
					.web(WebApplicationType.NONE)
					.properties(properties())
					.run()) {
			assertThat(first.getBean(Agents.class).find("org", 1))
				.isEqualTo(second.getBean(Agents.class).find("org", 1));
		}
	}

	@Test
	void aCacheManagerOfTheParentIsAReasonToBackOff(CapturedOutput output) {
		try (ConfigurableApplicationContext context = start(OwnManager.class, AutoConfigured.class)) {
			Agents agents = context.getBean(Agents.class);

			assertThat(agents.find("org", 1)).isEqualTo(agents.find("org", 1));
			assertThat(context.getBean(CacheManager.class)).isInstanceOf(ConcurrentMapCacheManager.class);
		}
		assertThat(output)
			.containsOnlyOnce("cache-starter backs off: the parent context has a cache manager, [ownManager]");
	}

	private ConfigurableApplicationContext start(Class<?> parent, Class<?> child) {
		return new SpringApplicationBuilder(parent).web(WebApplicationType.NONE)
			.properties(properties())
			.child(child)
			.web(WebApplicationType.NONE)
			.properties(properties())
			.run();
	}

	private String[] properties() {
		List<String> properties = new ArrayList<>(List.of(this.redis.springProperties()));
		// A busy machine is no outage.
		properties.addAll(List.of("cache-starter.connection.connect-timeout=20s",
				"cache-starter.connection.command-timeout=10s", "cache-starter.circuit-breaker.slow-call=10s"));
		return properties.toArray(String[]::new);
	}

	record Agent(String organization, int id, int version) {

	}

	static class Agents {

		private static final AtomicInteger calls = new AtomicInteger();

		@Cacheable("agents")
		public Agent find(String organization, int id) {
			return new Agent(organization, id, calls.incrementAndGet());
		}

		@Cacheable("count")
		public long count() {
			return calls.incrementAndGet();
		}

		@CacheEvictPattern(cacheNames = "agents", pattern = "#{#organization}:*")
		public void changed(String organization) {
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Beans {

		@Bean
		Agents agents() {
			return new Agents();
		}

	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration({ CacheAutoConfiguration.class, CacheStarterAutoConfiguration.class,
			DataRedisAutoConfiguration.class })
	static class AutoConfigured extends Beans {

	}

	@Configuration(proxyBeanMethods = false)
	@EnableCaching
	static class WithCaching extends Beans {

	}

	@Configuration(proxyBeanMethods = false)
	@EnableCaching
	static class WithBoth extends AutoConfigured {

	}

	@Configuration(proxyBeanMethods = false)
	static class Plain {

	}

	@Configuration(proxyBeanMethods = false)
	static class OwnManager {

		@Bean
		CacheManager ownManager() {
			return new ConcurrentMapCacheManager();
		}

	}

}
