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

package dev.cachestarter.autoconfigure.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.tck.TestObservationRegistry;
import io.micrometer.observation.tck.TestObservationRegistryAssert;
import org.junit.jupiter.api.Test;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.MetricsAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.export.simple.SimpleMetricsExportAutoConfiguration;
import org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.autoconfigure.CacheStarterAutoConfiguration;
import dev.cachestarter.autoconfigure.RedisVariablesAutoConfiguration;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.engine.monitor.Tracer;
import dev.cachestarter.metrics.CacheStepConvention;
import dev.cachestarter.metrics.DefaultCacheStepConvention;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * When an application has observations of its caches, and when they cost it nothing.
 */
@WithRedis
class CacheStarterObservationAutoConfigurationRedisTests {

	private final ApplicationContextRunner application;

	CacheStarterObservationAutoConfigurationRedisTests(RedisServer redis) {
		this.application = new ApplicationContextRunner()
			.withConfiguration(AutoConfigurations.of(CacheAutoConfiguration.class, CacheStarterAutoConfiguration.class,
					RedisVariablesAutoConfiguration.class, DataRedisAutoConfiguration.class,
					CacheStarterObservationAutoConfiguration.class, CacheStarterMetricsAutoConfiguration.class))
			.withPropertyValues(redis.springProperties())
			.withPropertyValues("cache-starter.connection.command-timeout=10s")
			.withBean(Agents.class);
	}

	@Test
	void aRegistryThatIsListenedToGetsTheStepsOfCalls() {
		TestObservationRegistry registry = TestObservationRegistry.create();
		this.application.withBean(ObservationRegistry.class, () -> registry).run((context) -> {
			context.getBean(Agents.class).find("1");

			TestObservationRegistryAssert.assertThat(registry)
				.hasObservationWithNameEqualTo("cache.starter.step")
				.that()
				.hasLowCardinalityKeyValue("cache", "agents")
				.hasLowCardinalityKeyValue("step", "read")
				.hasLowCardinalityKeyValue("outcome", "miss")
				.hasBeenStarted()
				.hasBeenStopped();
		});
	}

	@Test
	void aConventionOfTheApplicationsNamesThem() {
		TestObservationRegistry registry = TestObservationRegistry.create();
		this.application.withBean(ObservationRegistry.class, () -> registry)
			.withBean(CacheStepConvention.class, () -> new DefaultCacheStepConvention() {

				@Override
				public String getName() {
					return "my.cache";
				}

			})
			.run((context) -> {
				context.getBean(Agents.class).find("1");

				TestObservationRegistryAssert.assertThat(registry).hasObservationWithNameEqualTo("my.cache");
				TestObservationRegistryAssert.assertThat(registry).doesNotHaveAnyRemainingCurrentObservation();
			});
	}

	@Test
	void whereObservationsWouldOnlyBecomeMetersThereAreNone() {
		withSpringBoots().run((context) -> {
			assertThat(context).hasSingleBean(ObservationRegistry.class).hasSingleBean(MeterRegistry.class);
			assertThat(context.getBean(ObservationRegistry.class).isNoop()).isFalse();
			assertThat(tracer(context)).isSameAs(Tracer.NONE);
		});
	}

	@Test
	void withAHandlerThatTracesThereAreSome() {
		withSpringBoots().withBean("tracing", ObservationHandler.class, Tracing::new)
			.run((context) -> assertThat(tracer(context)).isNotSameAs(Tracer.NONE));
	}

	@Test
	void withoutARegistryOrListenersThereAreNone() {
		this.application.run((context) -> assertThat(tracer(context)).isSameAs(Tracer.NONE));
		this.application.withBean(ObservationRegistry.class, ObservationRegistry::create)
			.run((context) -> assertThat(tracer(context)).isSameAs(Tracer.NONE));
	}

	@Test
	void theMetersOfTheStarterNeedNoObservations() {
		this.application.withClassLoader(new FilteredClassLoader("io.micrometer.core"))
			.withBean(ObservationRegistry.class, TestObservationRegistry::create)
			.run((context) -> {
				assertThat(context).hasNotFailed().doesNotHaveBean(CacheStarterMetricsAutoConfiguration.class);
				assertThat(tracer(context)).isNotSameAs(Tracer.NONE);
			});
	}

	private ApplicationContextRunner withSpringBoots() {
		return this.application
			.withConfiguration(AutoConfigurations.of(ObservationAutoConfiguration.class, MetricsAutoConfiguration.class,
					CompositeMeterRegistryAutoConfiguration.class, SimpleMetricsExportAutoConfiguration.class));
	}

	private static Tracer tracer(AssertableApplicationContext context) {
		return context.getBean(ResilientRedisCacheManager.class).engine().link().tracer();
	}

	public static class Agents {

		@Cacheable("agents")
		public String find(String id) {
			return id;
		}

	}

	static class Tracing implements ObservationHandler<Observation.Context> {

		@Override
		public boolean supportsContext(Observation.Context context) {
			return true;
		}

	}

}
