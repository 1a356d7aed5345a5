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

package dev.cachestarter.sample.live;

import javax.sql.DataSource;

import org.aopalliance.aop.Advice;

import org.springframework.aop.PointcutAdvisor;
import org.springframework.aop.support.DefaultPointcutAdvisor;
import org.springframework.aop.support.annotation.AnnotationMatchingPointcut;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Role;
import org.springframework.core.Ordered;

import dev.cachestarter.autoconfigure.CacheStarterAutoConfiguration;

/**
 * Puts the {@link Recorder} before and behind the cache, and at the database. An
 * auto-configuration as interceptors of one order apply in the order in which they are
 * defined: the one behind the cache must come after the cache's own.
 */
@AutoConfiguration(after = CacheStarterAutoConfiguration.class)
@Role(BeanDefinition.ROLE_INFRASTRUCTURE)
public final class LiveAutoConfiguration {

	@Bean
	@Role(BeanDefinition.ROLE_INFRASTRUCTURE)
	static Recorder liveRecorder() {
		return new Recorder();
	}

	@Bean
	@Role(BeanDefinition.ROLE_INFRASTRUCTURE)
	static PointcutAdvisor liveBeforeCache(Recorder recorder) {
		return advisor(recorder.beforeCache(), Ordered.HIGHEST_PRECEDENCE);
	}

	@Bean
	@Role(BeanDefinition.ROLE_INFRASTRUCTURE)
	static PointcutAdvisor liveBehindCache(Recorder recorder) {
		return advisor(recorder.behindCache(), Ordered.LOWEST_PRECEDENCE);
	}

	private static PointcutAdvisor advisor(Advice advice, int order) {
		DefaultPointcutAdvisor advisor = new DefaultPointcutAdvisor(
				AnnotationMatchingPointcut.forMethodAnnotation(Cacheable.class), advice);
		advisor.setOrder(order);
		return advisor;
	}

	@Bean
	@Role(BeanDefinition.ROLE_INFRASTRUCTURE)
	static BeanPostProcessor liveQueryCount(Recorder recorder) {
		return new BeanPostProcessor() {

			@Override
			public Object postProcessAfterInitialization(Object bean, String name) {
				return (bean instanceof DataSource source) ? new CountingDataSource(source, recorder::query) : bean;
			}

		};
	}

}
