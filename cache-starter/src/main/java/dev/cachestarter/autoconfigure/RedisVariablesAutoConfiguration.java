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

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionMessage;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails;
import org.springframework.boot.data.redis.autoconfigure.DataRedisProperties;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotatedTypeMetadata;

/**
 * {@link EnableAutoConfiguration Auto-configuration} of the connection to Redis from
 * {@code REDIS_URL}, or {@code REDIS_HOST}, {@code REDIS_PORT} and
 * {@code REDIS_PASSWORD}. Backs off where {@code spring.data.redis.*} or a service
 * connection says where Redis is.
 * <p>
 * It is a bean of connection details, not a source of properties: so it is decided when
 * all property sources and service connections are known, and what it tells cannot be
 * mixed up with what they tell, such as the password of one server with the host of
 * another. It does not depend on {@code cache-starter.enabled}, which is about the cache:
 * handing that over to Spring Boot must not move the application to another Redis.
 *
 * @since 0.1.0
 */
@AutoConfiguration(before = DataRedisAutoConfiguration.class)
@EnableConfigurationProperties(DataRedisProperties.class)
public final class RedisVariablesAutoConfiguration {

	@Bean
	@Conditional(OnRedisVariables.class)
	@ConditionalOnMissingBean(DataRedisConnectionDetails.class)
	RedisVariablesConnectionDetails cacheStarterConnectionDetails(Environment environment,
			DataRedisProperties properties, ObjectProvider<SslBundles> sslBundles) {
		return new RedisVariablesConnectionDetails(RedisVariables.read(environment), properties, sslBundles);
	}

	static final class OnRedisVariables extends SpringBootCondition {

		@Override
		public ConditionOutcome getMatchOutcome(ConditionContext context, AnnotatedTypeMetadata metadata) {
			ConditionMessage.Builder message = ConditionMessage.forCondition("Redis variables");
			if (!RedisVariables.present(context.getEnvironment())) {
				return ConditionOutcome.noMatch(message.because("none of them is set"));
			}
			if (RedisVariables.overridden(context.getEnvironment())) {
				return ConditionOutcome.noMatch(message.because("'spring.data.redis' says where Redis is"));
			}
			return ConditionOutcome.match(message.because("one of them is set"));
		}

	}

}
