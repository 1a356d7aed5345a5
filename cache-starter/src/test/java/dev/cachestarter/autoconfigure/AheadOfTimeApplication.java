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

import java.util.concurrent.atomic.AtomicInteger;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.cachestarter.CacheService;
import dev.cachestarter.engine.key.CacheKeys;

/**
 * An application that is processed ahead of time.
 */
@Configuration(proxyBeanMethods = false)
@ImportAutoConfiguration({ CacheAutoConfiguration.class, CacheStarterAutoConfiguration.class,
		DataRedisAutoConfiguration.class })
class AheadOfTimeApplication {

	public static void main(String... arguments) {
		try (ConfigurableApplicationContext context = new SpringApplicationBuilder(AheadOfTimeApplication.class)
			.web(WebApplicationType.NONE)
			.properties("cache-starter.connection.connect-timeout=20s", "cache-starter.connection.command-timeout=10s",
					"cache-starter.circuit-breaker.slow-call=10s")
			.run(arguments)) {
			Counted counted = context.getBean(Counted.class);
			System.out.println("calls: " + counted.count("a") + " " + counted.count("a") + ", enabled: "
					+ context.getBean(CacheService.class).isEnabled() + ", keys: "
					+ context.getBean("cacheKeys", CacheKeys.class).of("a", "b"));
		}
	}

	@Bean
	Counted counted() {
		return new Counted();
	}

	static class Counted {

		private final AtomicInteger calls = new AtomicInteger();

		@Cacheable("counted")
		public int count(String key) {
			return this.calls.incrementAndGet();
		}

	}

}
