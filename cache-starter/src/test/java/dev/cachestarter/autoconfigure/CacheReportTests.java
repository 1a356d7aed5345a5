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

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.beans.factory.FactoryBean;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cache.annotation.CacheConfig;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.CachingConfigurer;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.concurrent.ConcurrentMapCacheManager;
import org.springframework.cache.interceptor.KeyGenerator;
import org.springframework.mock.env.MockEnvironment;

import dev.cachestarter.CacheEvictPattern;
import dev.cachestarter.CacheReport;
import dev.cachestarter.CacheReport.CachedMethod;
import dev.cachestarter.autoconfigure.report.AnnotatedMethods;
import dev.cachestarter.autoconfigure.report.StartReport;

import static org.assertj.core.api.Assertions.assertThat;

@ExtendWith(OutputCaptureExtension.class)
class CacheReportTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(CacheAutoConfiguration.class, CacheStarterAutoConfiguration.class,
				RedisVariablesAutoConfiguration.class, DataRedisAutoConfiguration.class))
		.withPropertyValues("spring.data.redis.port=1", "spring.data.redis.password=secret");

	@Test
	void everyCachedMethodIsReported(CapturedOutput output) {
		this.contextRunner.withBean(Agents.class)
			.withBean("again", Agents.class)
			.withBean(RepositoryFactory.class)
			.run((context) -> {
				CacheReport report = context.getBean(CacheReport.class);
				assertThat(report.methods()).extracting(CachedMethod::method)
					.containsExactly("Agents.count()", "Agents.evictAll()", "Agents.evictPattern(String)",
							"Agents.find(String, int)", "Agents.later(String)", "Agents.save(Agent)",
							"Repository.findByName(String)");
				assertThat(report.problems()).isEmpty();
				CachedMethod find = method(report, "Agents.find(String, int)");
				assertThat(find.caches()).containsExactly("agents");
				assertThat(find.keys()).containsExactly("arguments");
				assertThat(find.type()).isEqualTo("CacheReportTests.Agent");
				assertThat(method(report, "Agents.save(Agent)").keys()).containsExactly("#agent.name");
				assertThat(method(report, "Agents.later(String)").type()).isEqualTo("List<CacheReportTests.Agent>");
				assertThat(method(report, "Agents.evictAll()").type()).isNull();
			});

		assertThat(output).containsOnlyOnce("Cache report: 7 cached methods, 3 caches, Redis at localhost:1")
			.contains(
					"; active: key prefix none, coalesce cluster, stale-if-error none, refresh-ahead none, verify none, near none")
			.doesNotContain("secret")
			.doesNotContain("not cached as");
	}

	@Test
	void beansAreNotMadeForTheReport() {
		this.contextRunner.withBean(Lazy.class, () -> {
			throw new IllegalStateException("made");
		}, (definition) -> definition.setLazyInit(true))
			.run((context) -> assertThat(context.getBean(CacheReport.class).methods()).hasSize(1));
	}

	@Test
	void whatCannotBeCachedIsSaidOnceForEachMethodWithItsCure(CapturedOutput output) {
		this.contextRunner.withBean(Uncacheable.class).run((context) -> {
			assertThat(context).hasNotFailed();
			assertThat(context.getBean(CacheReport.class).problems()).hasSize(2);
		});

		assertThat(output).containsOnlyOnce("Cache report: 3 cached methods")
			.containsOnlyOnce("not cached as they should be: 2")
			.containsOnlyOnce("Uncacheable.thread(String) is not cached as it should be: ")
			.containsOnlyOnce("Uncacheable.threads(String) is not cached as it should be: ");
	}

	@Test
	void aReportThatHoldsTheStartUpIsMadeByAsManyThreadsAsItMay() {
		this.contextRunner.withBean(Twenty.class).run((context) -> {
			CyclicBarrier both = new CyclicBarrier(2);
			Set<Thread> used = ConcurrentHashMap.newKeySet();
			StartReport report = new StartReport(context.getSourceApplicationContext().getBeanFactory(),
					context.getBean(AnnotatedMethods.class), (method, index, type) -> {
						if (used.add(Thread.currentThread())) {
							await(both);
						}
						return method.getName() + " has no key";
					}, (problems) -> {
					}, Runnable::run, new StartReport.Helpers((task) -> new Thread(task).start(), 8));

			List<CachedMethod> methods = report.methods();

			assertThat(used).hasSize(2).contains(Thread.currentThread());
			assertThat(methods).hasSize(20).extracting(CachedMethod::method).isSorted();
			assertThat(report.problems()).hasSize(20);
		});
	}

	private static void await(CyclicBarrier barrier) {
		try {
			barrier.await(1, TimeUnit.MINUTES);
		}
		catch (InterruptedException | BrokenBarrierException | TimeoutException ex) {
			throw new IllegalStateException(ex);
		}
	}

	@Test
	void argumentsThatCannotBeKeysAreSaidHoweverTheKeyIsStated(CapturedOutput output) {
		this.contextRunner.withBean(Unkeyable.class).run((context) -> {
			assertThat(context).hasNotFailed();
			assertThat(context.getBean(CacheReport.class).problems()).extracting(CachedMethod::method)
				.containsExactly("Unkeyable.evict(Filter)", "Unkeyable.find(String, Filter)", "Unkeyable.index(Filter)",
						"Unkeyable.named(Filter)");
		});

		assertThat(output).containsOnlyOnce("Unkeyable.find(String, Filter) is not cached as it should be: Argument 1")
			.contains("register a Converter");
	}

	@Test
	void argumentsMayBeAnythingForAKeyGeneratorOfTheApplication() {
		this.contextRunner.withBean(UnkeyableWithoutKey.class)
			.withBean(CachingConfigurer.class, () -> new CachingConfigurer() {

				@Override
				public KeyGenerator keyGenerator() {
					return (target, method, arguments) -> "key";
				}

			})
			.run((context) -> assertThat(context.getBean(CacheReport.class).problems()).isEmpty());
	}

	@Test
	void whatCannotBeCachedMayStopTheStart() {
		this.contextRunner.withBean(Uncacheable.class)
			.withPropertyValues("cache-starter.on-not-cacheable=fail")
			.run((context) -> {
				assertThat(context).hasFailed();
				FailureAnalysis analysis = new CacheConfigurationFailureAnalyzer(new MockEnvironment())
					.analyze(context.getStartupFailure());
				assertThat(analysis.getDescription()).startsWith("2 methods cannot be cached as they should be:")
					.contains("Uncacheable.thread(String): ")
					.contains("Uncacheable.threads(String): ");
				assertThat(analysis.getAction()).contains("'cache-starter.on-not-cacheable' to 'warn'");
			});
	}

	@Test
	void nothingStopsTheStartIfAllCanBeCached() {
		this.contextRunner.withBean(Agents.class)
			.withPropertyValues("cache-starter.on-not-cacheable=fail")
			.run((context) -> assertThat(context).hasNotFailed());
	}

	@ParameterizedTest
	@ValueSource(strings = { "spring.cache.type=none", "spring.cache.type=simple" })
	void thereIsNothingToReportOfOtherCaches(String property, CapturedOutput output) {
		this.contextRunner.withBean(Uncacheable.class)
			.withPropertyValues(property, "cache-starter.on-not-cacheable=fail")
			.run((context) -> assertThat(context.getBean(CacheReport.class).methods()).isEmpty());

		assertThat(output).doesNotContain("Cache report");
	}

	@Test
	void methodsThatNameAnotherManagerAreNotReported() {
		this.contextRunner.withBean(Elsewhere.class)
			.withBean("local", ConcurrentMapCacheManager.class, ConcurrentMapCacheManager::new,
					(definition) -> definition.setAutowireCandidate(false))
			.run((context) -> assertThat(context.getBeanProvider(CacheReport.class).getObject().methods()).isEmpty());
	}

	private static CachedMethod method(CacheReport report, String name) {
		return report.methods().stream().filter((method) -> method.method().equals(name)).findFirst().orElseThrow();
	}

	record Agent(String name, int version) {

	}

	@CacheConfig(cacheNames = "agents")
	static class Agents {

		@Cacheable
		public Agent find(String organization, int id) {
			return new Agent(organization, id);
		}

		@Cacheable("lists")
		public CompletableFuture<List<Agent>> later(String organization) {
			return CompletableFuture.completedFuture(List.of());
		}

		@Cacheable
		public long count() {
			return 1;
		}

		@CachePut(key = "#agent.name")
		protected Agent save(Agent agent) {
			return agent;
		}

		@CacheEvict(allEntries = true)
		public void evictAll() {
		}

		@CacheEvictPattern(pattern = "#{#organization}:*")
		public void evictPattern(String organization) {
		}

		public void other() {
		}

	}

	interface Repository {

		@Cacheable("repository")
		Optional<Agent> findByName(String name);

	}

	static class RepositoryFactory implements FactoryBean<Repository> {

		@Override
		public Repository getObject() {
			return (name) -> Optional.empty();
		}

		@Override
		public Class<?> getObjectType() {
			return Repository.class;
		}

	}

	static class Lazy {

		@Cacheable("lazy")
		public String call(String key) {
			return key;
		}

	}

	static class Uncacheable {

		@Cacheable("things")
		public Thread thread(String key) {
			return new Thread(key);
		}

		@Cacheable("things")
		public List<Thread> threads(String key) {
			return List.of();
		}

		@Cacheable("things")
		public String text(String key) {
			return key;
		}

	}

	static class Filter {

	}

	static class UnkeyableWithoutKey {

		@Cacheable("filters")
		public String find(String organization, Filter filter) {
			return organization;
		}

	}

	static class Unkeyable extends UnkeyableWithoutKey {

		@Cacheable(cacheNames = "filters", key = "#filter")
		public String named(Filter filter) {
			return "";
		}

		@Cacheable(cacheNames = "filters", key = "#p0")
		public String index(Filter filter) {
			return "";
		}

		@CacheEvict("filters")
		public void evict(Filter filter) {
		}

		@CacheEvict(cacheNames = "filters", allEntries = true)
		public void evictAll(Filter filter) {
		}

		@Cacheable(cacheNames = "filters", key = "#filter.hashCode()")
		public String composed(Filter filter) {
			return "";
		}

	}

	static class Elsewhere {

		@Cacheable(cacheNames = "things", cacheManager = "local")
		public Thread thread(String key) {
			return new Thread(key);
		}

	}

	static class Twenty {

		@Cacheable("agents")
		public String find10(String name) {
			return name;
		}

		@Cacheable("agents")
		public String find11(String name) {
			return name;
		}

		@Cacheable("agents")
		public String find12(String name) {
			return name;
		}

		@Cacheable("agents")
		public String find13(String name) {
			return name;
		}

		@Cacheable("agents")
		public String find14(String name) {
			return name;
		}

		@Cacheable("agents")
		public String find15(String name) {
			return name;
		}

		@Cacheable("agents")
		public String find16(String name) {
			return name;
		}

		@Cacheable("agents")
		public String find17(String name) {
			return name;
		}

		@Cacheable("agents")
		public String find18(String name) {
			return name;
		}

		@Cacheable("agents")
		public String find19(String name) {
			return name;
		}

		@Cacheable("agents")
		public String find20(String name) {
			return name;
		}

		@Cacheable("agents")
		public String find21(String name) {
			return name;
		}

		@Cacheable("agents")
		public String find22(String name) {
			return name;
		}

		@Cacheable("agents")
		public String find23(String name) {
			return name;
		}

		@Cacheable("agents")
		public String find24(String name) {
			return name;
		}

		@Cacheable("agents")
		public String find25(String name) {
			return name;
		}

		@Cacheable("agents")
		public String find26(String name) {
			return name;
		}

		@Cacheable("agents")
		public String find27(String name) {
			return name;
		}

		@Cacheable("agents")
		public String find28(String name) {
			return name;
		}

		@Cacheable("agents")
		public String find29(String name) {
			return name;
		}

	}

}
