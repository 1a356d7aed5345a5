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

package dev.cachestarter.sample;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.time.Duration;

import dev.cachestarter.CacheService;

import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.test.context.TestConstructor;

import static org.awaitility.Awaitility.await;

/**
 * A test of the whole sample over HTTP, on the database and the redis-server it brings.
 * All of them share one application, so a test reads seeded rows as it likes and changes
 * only what it made. The cache is patient and connected before the first test, so that
 * what is to be cached is, however busy the machine.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
		properties = { "cache-starter.connection.command-timeout=10s", "cache-starter.connection.connect-timeout=10s",
				"cache-starter.defaults.lease=1m" })
@TestConstructor(autowireMode = TestConstructor.AutowireMode.ALL)
@Import(SampleTest.CacheIsConnected.class)
@interface SampleTest {

	/**
	 * Holds the start until the cache is connected.
	 */
	@TestConfiguration(proxyBeanMethods = false)
	class CacheIsConnected {

		@Bean
		ApplicationRunner awaitCache(CacheService cache) {
			return (arguments) -> await().atMost(Duration.ofMinutes(1)).until(cache::isEnabled);
		}

	}

}
