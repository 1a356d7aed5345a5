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

package dev.cachestarter.benchmark.peer;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.cachestarter.CacheEvictPattern;
import dev.cachestarter.CacheEvictTag;
import dev.cachestarter.CacheTag;
import dev.cachestarter.CacheableAll;

/**
 * The starter as it comes.
 */
final class StarterPeer {

	private StarterPeer() {
	}

	static PeerInstance open(RedisPlace place) {
		return open(place, "none");
	}

	static PeerInstance openNear(RedisPlace place) {
		return open(place, "validate");
	}

	static PeerInstance openTrack(RedisPlace place) {
		return open(place, "track");
	}

	private static PeerInstance open(RedisPlace place, String nearMode) {
		ConfigurableApplicationContext context = new SpringApplicationBuilder(Application.class)
			.web(WebApplicationType.NONE)
			.properties(SpringPeer.properties(place))
			.properties(Map.of("cache-starter.defaults.ttl", "10m", "cache-starter.defaults.near.mode", nearMode))
			.run();
		return new PeerInstance(context.getBean(Agents.class), context::close);
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

		@Bean
		StarterAgents agents() {
			return new StarterAgents();
		}

	}

	static class StarterAgents extends CachedAgents {

		@Override
		@CacheableAll(AGENT)
		public Map<Integer, Agent> findAll(String orgId, Collection<Integer> numbers) {
			Agent agent = AgentSource.agent();
			return numbers.stream().collect(Collectors.toMap(Function.identity(), (number) -> agent));
		}

		@Override
		@Cacheable(TAGGED)
		@CacheTag("org:#{#orgId}")
		@CacheTag("page:#{#page}")
		@CacheTag("agents")
		public List<Agent> tagged(String orgId, int page) {
			return AgentSource.twenty();
		}

		@Override
		@CacheEvictTag("#{#tag}")
		public void evictTag(String tag) {
		}

		@Override
		@CacheEvictPattern(cacheNames = LIST, pattern = "#{#orgId}:*")
		public void evictTenant(String orgId) {
		}

	}

}
