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

import java.util.List;

import org.springframework.cache.annotation.Cacheable;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * The example of {@code docs/warm-up.md}.
 */
@Configuration(proxyBeanMethods = false)
class WarmUpExample {

	private static final int FIRST_PAGE = 1;

	@Bean
	CacheWarmer firstPages(Tenants tenants, Catalogue catalogue) {
		return (warmUp) -> warmUp.once(catalogue::all)
			.each(tenants.active(), (tenant) -> catalogue.list(tenant, FIRST_PAGE));
	}

	interface Tenants {

		List<String> active();

	}

	interface Catalogue {

		@Cacheable("catalogue:all")
		List<String> all();

		@Cacheable("catalogue:pages")
		List<String> list(String tenant, int page);

	}

}
