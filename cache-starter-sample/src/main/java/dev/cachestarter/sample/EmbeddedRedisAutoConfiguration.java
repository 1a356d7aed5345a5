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

import java.util.List;
import java.util.Map;

import dev.cachestarter.autoconfigure.RedisVariablesAutoConfiguration;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionMessage;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.core.type.AnnotatedTypeMetadata;

/**
 * Brings an {@link EmbeddedRedis} where nothing says where Redis is, so that the sample
 * starts with nothing else installed. An auto-configuration, and not simply a
 * configuration of the sample, as it must come after those of service connections and of
 * {@code REDIS_URL} and its like, and before Boot takes {@code localhost:6379} for
 * granted.
 */
@AutoConfiguration(after = RedisVariablesAutoConfiguration.class, before = DataRedisAutoConfiguration.class)
@ConditionalOnProperty(name = "spring.cache.type", havingValue = "redis", matchIfMissing = true)
final class EmbeddedRedisAutoConfiguration {

	@Bean
	@Conditional(OnNoAddress.class)
	@ConditionalOnMissingBean(DataRedisConnectionDetails.class)
	EmbeddedRedis embeddedRedis() {
		return EmbeddedRedis.start();
	}

	/**
	 * Matches where no property says where Redis is.
	 */
	static final class OnNoAddress extends SpringBootCondition {

		private static final List<String> ADDRESSES = List.of("url", "host", "port", "sentinel", "cluster",
				"masterreplica");

		@Override
		public ConditionOutcome getMatchOutcome(ConditionContext context, AnnotatedTypeMetadata metadata) {
			ConditionMessage.Builder message = ConditionMessage.forCondition("No Redis address");
			Map<String, Object> properties = Binder.get(context.getEnvironment())
				.bind("spring.data.redis", Bindable.mapOf(String.class, Object.class))
				.orElse(Map.of());
			return ADDRESSES.stream()
				.filter(properties::containsKey)
				.findFirst()
				.map((address) -> ConditionOutcome.noMatch(message.foundExactly("spring.data.redis." + address)))
				.orElseGet(() -> ConditionOutcome.match(message.because("no property says where Redis is")));
		}

	}

}
