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

import java.time.Duration;

import dev.cachestarter.CacheWarmer;
import dev.cachestarter.TtlPolicy;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * What the application decides about its cache in code; the rest is in
 * {@code application.yml}.
 */
@Configuration(proxyBeanMethods = false)
class CacheConfiguration {

	/**
	 * A server that is down is looked at again sooner.
	 * @return the policy
	 */
	@Bean
	TtlPolicy downServersAreLookedAtAgainSooner() {
		return (cacheName, key, value) -> {
			boolean down = value instanceof ServerHealth health && health.status() == ServerHealth.Status.DOWN;
			return down ? Duration.ofSeconds(5) : null;
		};
	}

	/**
	 * The tool catalogue, which every host of agents asks for when it starts.
	 * @param tools reads it
	 * @return what warms its cache
	 */
	@Bean
	CacheWarmer toolCatalogue(ToolReads tools) {
		return (warmUp) -> warmUp.once(() -> tools.definitions(ToolQuery.ALL));
	}

}
