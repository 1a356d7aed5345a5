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

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;

import org.springframework.beans.factory.BeanCreationException;
import org.springframework.cache.Cache;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.CacheConfig;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.concurrent.ConcurrentMapCache;
import org.springframework.cache.concurrent.ConcurrentMapCacheManager;
import org.springframework.cache.interceptor.CacheResolver;
import org.springframework.cache.support.AbstractValueAdaptingCache;
import org.springframework.cache.support.NoOpCacheManager;
import org.springframework.cache.support.SimpleCacheManager;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.AliasFor;
import org.springframework.data.redis.cache.RedisCacheManager;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

/**
 * {@link CacheEvictPattern}, and {@link dev.cachestarter.engine.key.KeyPattern}s in the
 * place of keys, on a real Redis.
 */
@WithRedis
class CacheEvictPatternRedisTests {

	private final RedisServer redis;

	private final List<AutoCloseable> opened = new ArrayList<>();

	CacheEvictPatternRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@AfterEach
	void closeAll() throws Exception {
		for (AutoCloseable instance : this.opened) {
			instance.close();
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "org-1", "*", "a:b", "%", "[x]", "\\", "?", "", "{", "org-1*", "\u00e9" })
	void aTenantsEvictionTakesItsOwnPagesAndNoOthers(String tenant) {
		Agents agents = open(Agents.class).service();
		List<String> others = List.of("org-1", "org-12", "a", "b", "x", "[x]", "*", "a:b", "%25");
		agents.list(tenant, 1);
		agents.list(tenant, 2);
		others.forEach((other) -> agents.list(other, 1));
		int before = agents.calls();

		agents.create(tenant);

		agents.list(tenant, 1);
		agents.list(tenant, 2);
		assertThat(agents.calls()).isEqualTo(before + 2);
		others.forEach((other) -> agents.list(other, 1));
		assertThat(agents.calls()).isEqualTo(before + 2);
	}

	@Test
	void underIsTheSameForAPlainEviction() {
		Agents agents = open(Agents.class).service();
		agents.list("*", 1);
		agents.list("*", 2);
		agents.list("other", 1);

		agents.createPlain("*");

		agents.list("*", 1);
		agents.list("*", 2);
		agents.list("other", 1);
		assertThat(agents.calls()).isEqualTo(5);
	}

	@Test
	void theTemplateMaySpeakOfTheResult() {
		Agents agents = open(Agents.class).service();
		agents.list("org-1", 1);
		agents.list("org-2", 1);

		agents.move("org-1", "org-2");

		agents.list("org-1", 1);
		assertThat(agents.calls()).isEqualTo(2);
		agents.list("org-2", 1);
		assertThat(agents.calls()).isEqualTo(3);
	}

	@Test
	void severalPatternsOfOneMethodAreAllEvicted() {
		Agents agents = open(Agents.class).service();
		agents.list("org-1", 1);
		agents.list("org-2", 1);
		agents.list("org-3", 1);
		agents.stats("org-1", "a");

		agents.swap("org-1", "org-2");

		agents.list("org-1", 1);
		agents.list("org-2", 1);
		agents.stats("org-1", "a");
		assertThat(agents.calls()).isEqualTo(7);
		agents.list("org-3", 1);
		assertThat(agents.calls()).isEqualTo(7);
	}

	@Test
	void aStarInTheMiddleIsLookedForInRedis() {
		Agents agents = open(Agents.class).service();
		agents.list("org-1", 1);
		agents.list("org-1", 12);
		agents.list("org-2", 1);
		agents.list("other", 1);

		agents.dropPage(1);

		agents.list("org-1", 12);
		assertThat(agents.calls()).isEqualTo(4);
		agents.list("org-1", 1);
		agents.list("org-2", 1);
		assertThat(agents.calls()).isEqualTo(6);
		agents.list("other", 1);
		assertThat(agents.calls()).isEqualTo(6);
	}

	@Test
	void onAClassItHoldsForMethodsThatSayNothing() {
		OnClass service = open(OnClass.class).service();
		service.find("org-1", 1);
		service.find("org-1", 1);
		assertThat(service.calls()).isEqualTo(1);

		service.change("org-1");

		service.find("org-1", 1);
		assertThat(service.calls()).isEqualTo(2);
	}

	@Test
	void aMetaAnnotationAndCacheConfigSayTheRest() {
		Configured service = open(Configured.class).service();
		service.find("org-1", 1);
		service.change("org-1");
		service.find("org-1", 1);
		assertThat(service.calls()).isEqualTo(2);

		service.changeElsewhere("org-1");
		service.find("org-1", 1);

		assertThat(service.calls()).isEqualTo(2);
	}

	@Test
	void beforeInvocationEvictsWhateverTheMethodDoes() {
		Agents agents = open(Agents.class).service();
		agents.list("org-1", 1);
		assertThatIllegalStateException().isThrownBy(() -> agents.failing("org-1"));
		agents.list("org-1", 1);
		assertThat(agents.calls()).isEqualTo(1);

		assertThatIllegalStateException().isThrownBy(() -> agents.failingAfterEviction("org-1"));

		agents.list("org-1", 1);
		assertThat(agents.calls()).isEqualTo(2);
	}

	@Test
	void aConditionDecides() {
		Agents agents = open(Agents.class).service();
		agents.list("org-1", 1);

		agents.createIf("org-1", false);
		agents.list("org-1", 1);
		assertThat(agents.calls()).isEqualTo(1);
		agents.createIf("org-1", true);
		agents.list("org-1", 1);
		assertThat(agents.calls()).isEqualTo(2);
	}

	@Test
	void laterResultsComeWhenThePatternIsEvicted() {
		Agents agents = open(Agents.class).service();
		agents.list("org-1", 1);
		assertThat(agents.createFuture("org-1")).succeedsWithin(Duration.ofSeconds(10));
		agents.list("org-1", 1);
		assertThat(agents.calls()).isEqualTo(2);

		assertThat(agents.createMono("org-1").block(Duration.ofSeconds(10))).isEqualTo("org-1");

		agents.list("org-1", 1);
		assertThat(agents.calls()).isEqualTo(3);
	}

	@Test
	void everyInstanceSeesIt() {
		TestInstance<Agents> here = open(Agents.class);
		TestInstance<Agents> there = open(Agents.class);
		here.service().list("org-1", 1);

		there.service().create("org-1");

		here.service().list("org-1", 1);
		assertThat(here.service().calls()).isEqualTo(2);
	}

	// What is wrong is said

	@Test
	void withoutACacheTheStartFails() {
		assertThatExceptionOfType(BeanCreationException.class).isThrownBy(() -> open(WithoutCache.class))
			.withStackTraceContaining("names no cache: set cacheNames on it, or on @CacheConfig of its class");
	}

	@Test
	void withAMalformedTemplateTheStartFails() {
		assertThatExceptionOfType(BeanCreationException.class).isThrownBy(() -> open(Malformed.class))
			.withStackTraceContaining("The pattern template '#{#orgId' is malformed at position 0")
			.withStackTraceContaining("Malformed.change");
	}

	@Test
	void withAManagerAndAResolverTheStartFails() {
		assertThatExceptionOfType(BeanCreationException.class).isThrownBy(() -> open(Both.class))
			.withStackTraceContaining("names both a cacheManager and a cacheResolver: name one of them");
	}

	@Test
	void aValueThatNoKeyCanBeMadeOfFailsTheCallAndNamesTheCure() {
		Agents agents = open(Agents.class).service();

		assertThatIllegalArgumentException().isThrownBy(() -> agents.createUnkeyable(new Object()))
			.withMessageContaining("java.lang.Object");
	}

	// Caches that are not ours

	@Test
	void ofACacheInMemoryTheKeysThatMatchAreRemoved() {
		TestInstance<Elsewhere> instance = open(Elsewhere.class, Others.class);
		Cache cache = cacheOf(instance, "inMemory");
		cache.put("org-1:1", "v");
		cache.put("org-1:2", "v");
		cache.put("org-12:1", "v");
		cache.put(42, "v");

		instance.service().inMemory("org-1");

		assertThat(cache.get("org-1:1")).isNull();
		assertThat(cache.get("org-1:2")).isNull();
		assertThat(cache.get("org-12:1")).isNotNull();
		assertThat(cache.get(42)).isNotNull();
		instance.service().allInMemory();
		assertThat(cache.get(42)).isNull();
	}

	@Test
	void aCacheInMemoryWithAKeyThatHasNoTextFailsTheCall() {
		TestInstance<Elsewhere> instance = open(Elsewhere.class, Others.class);
		cacheOf(instance, "inMemory").put(new Object(), "v");

		assertThatExceptionOfType(UnsupportedOperationException.class)
			.isThrownBy(() -> instance.service().inMemory("org-1"))
			.withMessageContaining("The pattern 'org-1:*' cannot be evicted from the cache 'other'")
			.withMessageContaining("java.lang.Object");
	}

	@Test
	void ofSpringDatasOwnCacheTheKeysThatMatchAreRemoved() {
		TestInstance<Elsewhere> instance = open(Elsewhere.class, Others.class);
		Cache cache = cacheOf(instance, "plainRedis");
		cache.put("org-1:1", "v");
		cache.put("org-12:1", "v");

		instance.service().plainRedis("org-1");

		// Spring Data's own clearing is done at some later time.
		await().untilAsserted(() -> assertThat(this.redis.keys("other::*")).containsExactly("other::org-12:1"));
	}

	@Test
	void aCacheThatKeepsNothingIsLeftAlone() {
		TestInstance<Elsewhere> instance = open(Elsewhere.class, Others.class);

		assertThat(instance.service().noCache("org-1")).isEqualTo("org-1");
	}

	@Test
	void aCacheThatCannotEvictByPatternFailsTheCallAndNamesTheCure() {
		TestInstance<Elsewhere> instance = open(Elsewhere.class, Others.class);

		assertThatExceptionOfType(UnsupportedOperationException.class)
			.isThrownBy(() -> instance.service().unable("org-1"))
			.withMessageContaining("The pattern 'org-1:*' cannot be evicted from the cache 'other'")
			.withMessageContaining(Unable.class.getName())
			.withMessageContaining("allEntries = true");
		assertThatExceptionOfType(UnsupportedOperationException.class)
			.isThrownBy(() -> instance.service().unablePlain("org-1"));
	}

	@Test
	void allOfACacheThatCannotEvictByPatternCanBeEvicted() {
		TestInstance<Elsewhere> instance = open(Elsewhere.class, Others.class);
		cacheOf(instance, "unable").put("k", "v");

		instance.service().allUnable();

		assertThat(cacheOf(instance, "unable").get("k")).isNull();
	}

	@Test
	void aResolverMayNameTheCaches() {
		TestInstance<Elsewhere> instance = open(Elsewhere.class, Others.class);
		instance.cache("resolved").put("org-1:1", "v");
		instance.cache("resolved").put("org-2:1", "v");

		instance.service().resolved("org-1");

		assertThat(instance.cache("resolved").get("org-1:1")).isNull();
		assertThat(instance.cache("resolved").get("org-2:1")).isNotNull();
	}

	private <S> TestInstance<S> open(Class<S> service, Class<?>... configurations) {
		TestInstance<S> instance = TestInstance.of(service, this.redis.host(), this.redis.port(), TestInstance::patient,
				configurations);
		this.opened.add(instance);
		return instance.awaitUp();
	}

	private static Cache cacheOf(TestInstance<?> instance, String manager) {
		Cache cache = instance.context().getBean(manager, CacheManager.class).getCache("other");
		return Objects.requireNonNull(cache);
	}

	static class Agents {

		private int calls;

		public int calls() {
			return this.calls;
		}

		@Cacheable("agents:list")
		public String list(String orgId, int page) {
			this.calls++;
			return orgId + page;
		}

		@Cacheable("agents:stats")
		public String stats(String orgId, String agent) {
			this.calls++;
			return orgId + agent;
		}

		@CacheEvictPattern(cacheNames = "agents:list", pattern = "#{#orgId}:*")
		public void create(String orgId) {
		}

		@CacheEvict(cacheNames = "agents:list", key = "@cacheKeys.under(#orgId)")
		public void createPlain(String orgId) {
		}

		@CacheEvictPattern(cacheNames = "agents:list", pattern = "#{#result}:*")
		public String move(String from, String to) {
			return to;
		}

		@CacheEvictPattern(cacheNames = "agents:list", pattern = "#{#one}:*")
		@CacheEvictPattern(cacheNames = { "agents:list", "agents:stats" }, pattern = "#{#two}:*")
		@CacheEvictPattern(cacheNames = "agents:stats", pattern = "*")
		public void swap(String one, String two) {
		}

		@CacheEvictPattern(cacheNames = "agents:list", pattern = "org-*:#{#page}")
		public void dropPage(int page) {
		}

		@CacheEvictPattern(cacheNames = "agents:list", pattern = "#{#orgId}:*")
		public void failing(String orgId) {
			throw new IllegalStateException(orgId);
		}

		@CacheEvictPattern(cacheNames = "agents:list", pattern = "#{#orgId}:*", beforeInvocation = true)
		public void failingAfterEviction(String orgId) {
			throw new IllegalStateException(orgId);
		}

		@CacheEvictPattern(cacheNames = "agents:list", pattern = "#{#orgId}:*", condition = "#really")
		public void createIf(String orgId, boolean really) {
		}

		@CacheEvictPattern(cacheNames = "agents:list", pattern = "#{#result}:*")
		public CompletableFuture<String> createFuture(String orgId) {
			return CompletableFuture.supplyAsync(() -> orgId);
		}

		@CacheEvictPattern(cacheNames = "agents:list", pattern = "#{#result}:*")
		public Mono<String> createMono(String orgId) {
			return Mono.fromSupplier(() -> orgId);
		}

		@CacheEvictPattern(cacheNames = "agents:list", pattern = "#{#any}:*")
		public void createUnkeyable(Object any) {
		}

	}

	@CacheEvictPattern(cacheNames = "on-class", pattern = "#{#orgId}:*")
	static class OnClass {

		private int calls;

		public int calls() {
			return this.calls;
		}

		@Cacheable("on-class")
		public String find(String orgId, int page) {
			this.calls++;
			return orgId;
		}

		public void change(String orgId) {
		}

	}

	@Target(ElementType.METHOD)
	@Retention(RetentionPolicy.RUNTIME)
	@CacheEvictPattern(pattern = "#{#orgId}:*")
	@interface ChangesTenant {

		@AliasFor(annotation = CacheEvictPattern.class, attribute = "cacheNames")
		String[] caches() default {};

	}

	@CacheConfig(cacheNames = "configured")
	static class Configured {

		private int calls;

		public int calls() {
			return this.calls;
		}

		@Cacheable
		public String find(String orgId, int page) {
			this.calls++;
			return orgId;
		}

		@ChangesTenant
		public void change(String orgId) {
		}

		@ChangesTenant(caches = "elsewhere")
		public void changeElsewhere(String orgId) {
		}

	}

	static class WithoutCache {

		@CacheEvictPattern(pattern = "#{#orgId}:*")
		public void change(String orgId) {
		}

	}

	static class Malformed {

		@CacheEvictPattern(cacheNames = "any", pattern = "#{#orgId")
		public void change(String orgId) {
		}

	}

	static class Both {

		@CacheEvictPattern(cacheNames = "any", pattern = "*", cacheManager = "one", cacheResolver = "other")
		public void change(String orgId) {
		}

	}

	static class Elsewhere {

		@CacheEvictPattern(cacheNames = "other", pattern = "#{#orgId}:*", cacheManager = "inMemory")
		public void inMemory(String orgId) {
		}

		@CacheEvictPattern(cacheNames = "other", pattern = "*", cacheManager = "inMemory")
		public void allInMemory() {
		}

		@CacheEvictPattern(cacheNames = "other", pattern = "#{#orgId}:*", cacheManager = "plainRedis")
		public void plainRedis(String orgId) {
		}

		@CacheEvictPattern(cacheNames = "other", pattern = "#{#orgId}:*", cacheManager = "noCaches")
		public String noCache(String orgId) {
			return orgId;
		}

		@CacheEvictPattern(cacheNames = "other", pattern = "#{#orgId}:*", cacheManager = "unable")
		public void unable(String orgId) {
		}

		@CacheEvict(cacheNames = "other", key = "@cacheKeys.under(#orgId)", cacheManager = "unable")
		public void unablePlain(String orgId) {
		}

		@CacheEvictPattern(cacheNames = "other", pattern = "*", cacheManager = "unable")
		public void allUnable() {
		}

		@CacheEvictPattern(pattern = "#{#orgId}:*", cacheResolver = "resolver")
		public void resolved(String orgId) {
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Others {

		private final RedisServer redis = RedisServer.shared();

		@Bean(defaultCandidate = false)
		CacheManager inMemory() {
			return new ConcurrentMapCacheManager();
		}

		@Bean(defaultCandidate = false)
		CacheManager noCaches() {
			return new NoOpCacheManager();
		}

		@Bean
		LettuceConnectionFactory plainConnection() {
			return new LettuceConnectionFactory(this.redis.host(), this.redis.port());
		}

		@Bean(defaultCandidate = false)
		CacheManager plainRedis(LettuceConnectionFactory plainConnection) {
			return RedisCacheManager.create(plainConnection);
		}

		@Bean(defaultCandidate = false)
		CacheManager unable() {
			SimpleCacheManager manager = new SimpleCacheManager();
			manager.setCaches(List.of(new Unable()));
			return manager;
		}

		@Bean
		CacheResolver resolver(ResilientRedisCacheManager caches) {
			return (context) -> List.of(Objects.requireNonNull(caches.getCache("resolved")));
		}

	}

	/**
	 * A cache that nobody knows, and that would take a pattern for a key.
	 */
	static final class Unable extends AbstractValueAdaptingCache {

		private final ConcurrentMapCache values = new ConcurrentMapCache("other");

		Unable() {
			super(false);
		}

		@Override
		public String getName() {
			return "other";
		}

		@Override
		public Object getNativeCache() {
			return this;
		}

		@Override
		protected @Nullable Object lookup(Object key) {
			Cache.ValueWrapper found = this.values.get(key);
			return (found != null) ? found.get() : null;
		}

		@Override
		public <T> @Nullable T get(Object key, Callable<T> valueLoader) {
			return this.values.get(key, valueLoader);
		}

		@Override
		public void put(Object key, @Nullable Object value) {
			this.values.put(key, value);
		}

		@Override
		public void evict(Object key) {
			this.values.evict(key);
		}

		@Override
		public void clear() {
			this.values.clear();
		}

	}

}
