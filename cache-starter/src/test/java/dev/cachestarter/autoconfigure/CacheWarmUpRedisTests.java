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

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.availability.ApplicationAvailability;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;
import org.springframework.core.annotation.Order;

import dev.cachestarter.autoconfigure.warmup.CacheWarmUpLifecycle;
import dev.cachestarter.CacheService;
import dev.cachestarter.CacheWarmer;
import dev.cachestarter.cache.Internals;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Threads;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Warm-up of whole applications on a real Redis.
 */
@WithRedis
@ExtendWith(OutputCaptureExtension.class)
class CacheWarmUpRedisTests {

	private static final Duration LONG = Duration.ofMinutes(1);

	private final RedisServer redis;

	private final List<ConfigurableApplicationContext> applications = new ArrayList<>();

	CacheWarmUpRedisTests(RedisServer redis) {
		this.redis = redis;
		Pages.reset();
	}

	@AfterEach
	void close() {
		Pages.gate.countDown();
		this.applications.forEach(ConfigurableApplicationContext::close);
	}

	@Test
	void whatIsWarmedIsThereForTheFirstCaller() {
		Pages.gate.countDown();

		Pages pages = start().getBean(Pages.class);

		// A key stands there as a lease before its page is loaded.
		await().atMost(LONG)
			.until(() -> Pages.loads() == Pages.COUNT && this.redis.keys("pages:*").size() == Pages.COUNT);
		assertThat(pages.page(7)).isEqualTo("page 7");
		assertThat(Pages.loads()).isEqualTo(Pages.COUNT);
		assertThat(Pages.THREADS).allMatch((name) -> name.startsWith("cache-starter-warm-up-"));
	}

	@Test
	void readinessDoesNotWait() {
		ConfigurableApplicationContext application = start();

		assertThat(readiness(application)).isEqualTo(ReadinessState.ACCEPTING_TRAFFIC);
		assertThat(Pages.gate.getCount()).isPositive();
		await().atMost(LONG).until(() -> Pages.loads() > 0);
	}

	@Test
	void readinessWaitsIfItIsTold() {
		Pages.gate.countDown();

		ConfigurableApplicationContext application = start("cache-starter.warm-up.before-ready=true");

		assertThat(application.getBean(Readiness.class).loadsWhenReady).isEqualTo(Pages.COUNT);
		assertThat(readiness(application)).isEqualTo(ReadinessState.ACCEPTING_TRAFFIC);
	}

	@Test
	void readinessWaitsNoLongerThanItsTimeout(CapturedOutput output) {
		ConfigurableApplicationContext application = start("cache-starter.warm-up.before-ready=true",
				"cache-starter.warm-up.timeout=300ms");

		assertThat(readiness(application)).isEqualTo(ReadinessState.ACCEPTING_TRAFFIC);
		assertThat(output).contains("more than 'cache-starter.warm-up.timeout', 300 ms");
		Pages.gate.countDown();
		await().atMost(LONG).until(() -> Pages.loads() == Pages.COUNT);
	}

	@ParameterizedTest
	@ValueSource(ints = { 2, 3 })
	void instancesThatStartTogetherShareTheWork(int instances) {
		List<ConfigurableApplicationContext> all = IntStream.range(0, instances).mapToObj((i) -> start()).toList();
		// Each has asked for as many pages as it loads at a time.
		await().atMost(LONG).until(() -> all.stream().allMatch((one) -> misses(one) >= 4));

		Pages.gate.countDown();

		await().atMost(LONG)
			.until(() -> all.stream().noneMatch((one) -> one.getBean(CacheWarmUpLifecycle.class).isRunning()));
		assertThat(Pages.LOADS).hasSize(Pages.COUNT).allSatisfy((page, loads) -> assertThat(loads).hasValue(1));
		assertThat(all).extracting((one) -> one.getBean(Pages.class).ownLoads()).doesNotContain(0);
	}

	private static long misses(ConfigurableApplicationContext application) {
		ResilientRedisCacheManager manager = application.getBean(ResilientRedisCacheManager.class);
		return Internals.counters(java.util.Objects.requireNonNull(manager.getCache("pages"))).misses();
	}

	@Test
	void closingTheApplicationEndsIt(CapturedOutput output) {
		Set<Thread> others = Threads.alive("cache-starter-warm-up");
		ConfigurableApplicationContext application = start();
		await().atMost(LONG).until(() -> Pages.loads() == 4);

		application.close();
		Pages.gate.countDown();

		await().atMost(LONG).until(() -> others.containsAll(Threads.alive("cache-starter-warm-up")));
		assertThat(Pages.loads()).isEqualTo(4);
		assertThat(output).doesNotContain("WARN");
	}

	@Test
	void warmersRunInTheirOrder(CapturedOutput output) {
		Pages.gate.countDown();

		start("test.more-warmers=true");

		await().atMost(LONG).untilAsserted(() -> assertThat(output).contains("'pages' has ended"));
		assertThat(output.getAll().indexOf("'urgent' has ended")).isPositive()
			.isLessThan(output.getAll().indexOf("'pages' starts"));
	}

	@Test
	void codeThatLoadsByTheServiceIsWarmedToo() {
		start("test.more-warmers=true");

		await().atMost(LONG).until(() -> this.redis.keys("urgent:1").size() == 1);
	}

	@ParameterizedTest
	@ValueSource(strings = { "cache-starter.warm-up.enabled=false", "spring.cache.type=none",
			"cache-starter.enabled=false" })
	void nothingRunsWhereItIsSwitchedOff(String off) throws InterruptedException {
		ConfigurableApplicationContext application = start(off);

		application.getBeanProvider(CacheWarmUpLifecycle.class)
			.ifAvailable((lifecycle) -> await().atMost(LONG).until(() -> !lifecycle.isRunning()));
		assertThat(Pages.asked).isZero();
	}

	@ParameterizedTest
	@CsvSource({ "concurrency, 0, 'Set it to 1 or more, such as 4.'",
			"timeout, 0s, 'Set it to a duration of at least 1ms, such as 1m.'",
			"wait-for-redis, -1s, 'Set it to 0 or a duration, such as 10s.'" })
	void aWrongSettingStopsTheStartWithPropertyAndCure(String name, String value, String cure) {
		String property = "cache-starter.warm-up." + name;

		new ApplicationContextRunner().withUserConfiguration(Application.class)
			.withPropertyValues(property + "=" + value)
			.run((context) -> assertThat(context).hasFailed()
				.getFailure()
				.rootCause()
				.hasMessageStartingWith("'" + property + "' cannot be ")
				.hasMessageEndingWith(cure));
	}

	private ConfigurableApplicationContext start(String... properties) {
		ConfigurableApplicationContext application = new SpringApplicationBuilder(Application.class)
			.web(WebApplicationType.NONE)
			.properties(this.redis.springProperties())
			.properties("cache-starter.connection.command-timeout=10s", "cache-starter.connection.connect-timeout=10s",
					"cache-starter.warm-up.wait-for-redis=20s", "cache-starter.defaults.lease=1m",
					"cache-starter.defaults.load-wait=1m")
			.properties(properties)
			.run();
		this.applications.add(application);
		return application;
	}

	private static ReadinessState readiness(ConfigurableApplicationContext application) {
		return application.getBean(ApplicationAvailability.class).getReadinessState();
	}

	/**
	 * The application: pages that take their time to load.
	 */
	static class Pages {

		static final int COUNT = 24;

		static final Map<Integer, AtomicInteger> LOADS = new ConcurrentHashMap<>();

		static final List<String> THREADS = new java.util.concurrent.CopyOnWriteArrayList<>();

		static volatile CountDownLatch gate = new CountDownLatch(1);

		static volatile int asked;

		private final AtomicInteger ownLoads = new AtomicInteger();

		static void reset() {
			LOADS.clear();
			THREADS.clear();
			gate = new CountDownLatch(1);
			asked = 0;
		}

		static int loads() {
			return LOADS.values().stream().mapToInt(AtomicInteger::get).sum();
		}

		public int ownLoads() {
			return this.ownLoads.get();
		}

		@Cacheable("pages")
		public String page(int number) {
			LOADS.computeIfAbsent(number, (n) -> new AtomicInteger()).incrementAndGet();
			this.ownLoads.incrementAndGet();
			THREADS.add(Thread.currentThread().getName());
			try {
				gate.await(20, TimeUnit.SECONDS);
				TimeUnit.MILLISECONDS.sleep(10);
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			return "page " + number;
		}

	}

	static class Readiness {

		volatile int loadsWhenReady = -1;

		@EventListener
		void changed(AvailabilityChangeEvent<ReadinessState> event) {
			if (event.getState() == ReadinessState.ACCEPTING_TRAFFIC) {
				this.loadsWhenReady = Pages.loads();
			}
		}

	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration({ CacheAutoConfiguration.class, CacheStarterAutoConfiguration.class,
			RedisVariablesAutoConfiguration.class, DataRedisAutoConfiguration.class,
			org.springframework.boot.autoconfigure.availability.ApplicationAvailabilityAutoConfiguration.class })
	static class Application {

		@Bean
		Pages thePages() {
			return new Pages();
		}

		@Bean
		Readiness readiness() {
			return new Readiness();
		}

		@Bean
		@Order(2)
		CacheWarmer pages(Pages thePages) {
			return (warmUp) -> {
				Pages.asked++;
				warmUp.each(IntStream.range(0, Pages.COUNT).boxed().toList(), thePages::page);
			};
		}

		@Bean
		@Order(1)
		@org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty("test.more-warmers")
		CacheWarmer urgent(CacheService cache) {
			return (warmUp) -> warmUp
				.once(() -> cache.getOrLoad("urgent:1", String.class, Duration.ofMinutes(1), () -> "loaded"));
		}

	}

}
