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

import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The code of {@code docs/migrating.md}. It is compiled and not run.
 */
@SuppressWarnings("unused")
final class MigratingExample {

	private MigratingExample() {
	}

	// @formatter:off
	@SpringBootTest(properties = "cache-starter.on-not-cacheable=fail")
	class CachedMethodsTest {

		@Test
		void everyMethodIsCached(@Autowired CacheReport report) {
			assertThat(report.problems()).isEmpty();
		}

	}

	static class Users {

		@Cacheable("users")
		public User find(String name) {
			return load(name);
		}

		@CacheEvict(cacheNames = "users", key = "#user.name()")
		public void update(User user) {
			save(user);
		}
		// @formatter:on

		private User load(String name) {
			return new User(name);
		}

		private void save(User user) {
		}

	}

	record User(String name) {

	}

	static class AfterDeployment {

		private final CacheService cacheService;

		AfterDeployment(CacheService cacheService) {
			this.cacheService = cacheService;
		}

		void clearTheCache() {
			this.cacheService.clear();
		}

	}

}
