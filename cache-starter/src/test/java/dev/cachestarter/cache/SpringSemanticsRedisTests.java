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

package dev.cachestarter.cache;

import java.io.IOException;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.springframework.aop.MethodBeforeAdvice;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.BeanUtils;
import org.springframework.aop.support.DefaultPointcutAdvisor;
import org.springframework.aop.support.NameMatchMethodPointcut;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.cache.Cache;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.CacheConfig;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.Caching;
import org.springframework.cache.annotation.CachingConfigurer;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.concurrent.ConcurrentMapCacheManager;
import org.springframework.cache.interceptor.BeanFactoryCacheOperationSourceAdvisor;
import org.springframework.cache.interceptor.CacheErrorHandler;
import org.springframework.cache.interceptor.CacheInterceptor;
import org.springframework.cache.interceptor.CacheOperationInvocationContext;
import org.springframework.cache.interceptor.CacheResolver;
import org.springframework.cache.interceptor.KeyGenerator;
import org.springframework.cache.interceptor.LoggingCacheErrorHandler;
import org.springframework.cache.interceptor.SimpleCacheResolver;
import org.springframework.cache.interceptor.SimpleKey;
import org.springframework.cache.support.NullValue;
import org.springframework.cache.transaction.TransactionAwareCacheManagerProxy;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;
import org.springframework.context.annotation.Role;
import org.springframework.core.annotation.AliasFor;
import org.springframework.data.redis.cache.RedisCache;
import org.springframework.data.redis.cache.RedisCacheManager;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.TestInstance;
import dev.cachestarter.engine.key.ArgumentKeyGenerator;
import dev.cachestarter.engine.key.CacheKeys;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Threads;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

/**
 * What Spring's caching annotations mean, on our interceptor and a real Redis.
 */
@WithRedis
class SpringSemanticsRedisTests {

	private final RedisServer redis;

	private final List<AutoCloseable> opened = new ArrayList<>();

	SpringSemanticsRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@AfterEach
	void closeAll() throws Exception {
		for (AutoCloseable instance : this.opened) {
			instance.close();
		}
	}

	// Conditions and keys

	@Test
	void aConditionThatDoesNotHoldNeitherReadsNorStores() {
		Shop shop = shop();
		shop.ifLong("ab");

		shop.ifLong("ab");
		shop.ifLong("abc");
		shop.ifLong("abc");

		assertThat(shop.calls()).isEqualTo(3);
		assertThat(this.redis.keys("texts:*")).containsExactly("texts:abc");
	}

	@Test
	void unlessVetoesAValueAndMayAskForNull() {
		Shop shop = shop();
		shop.unlessNull("none");
		shop.unlessNull("none");
		shop.unlessNull("some");
		shop.unlessNull("some");

		assertThat(shop.calls()).isEqualTo(3);
		assertNoLeases("texts:none");
		assertThat(this.redis.keys("texts:*")).containsExactly("texts:some");
	}

	@Test
	void unlessOnAnOptionalSeesWhatIsInIt() {
		Shop shop = shop();
		assertThat(shop.optionalUnlessShort("ab")).contains("ab");
		assertThat(shop.optionalUnlessShort("abc")).contains("abc");
		assertThat(shop.optionalUnlessShort("abc")).contains("abc");
		assertThat(shop.optionalUnlessShort("none")).isEmpty();
		assertThat(shop.optionalUnlessShort("none")).isEmpty();

		assertThat(shop.calls()).isEqualTo(4);
		assertNoLeases("texts:none");
		assertThat(this.redis.keys("texts:*")).containsExactly("texts:abc");
	}

	@Test
	void anOptionalIsStoredAsWhatIsInItAndComesBackAsAnOptional() {
		Shop shop = shop();
		shop.optional("abc");
		shop.optional("none");

		assertThat(shop.optional("abc")).contains("abc");
		assertThat(shop.optional("none")).isEmpty();
		assertThat(shop.plain("abc")).isEqualTo("abc");
		assertThat(shop.calls()).isEqualTo(2);
	}

	@Test
	void keysAreExpressionsOverArgumentsAndRoot() {
		Shop shop = shop();
		shop.keyOfRootArguments("a", "b");
		shop.keyOfP0("c", "d");
		shop.keyOfA1("e", "f");
		shop.keyOfName("g", "h");
		shop.keyOfMethod("i");

		assertThat(this.redis.keys("texts:*")).containsExactlyInAnyOrder("texts:b", "texts:c", "texts:f", "texts:g",
				"texts:keyOfMethod-Shop-texts");
	}

	@Test
	void theKeyOfAPutMayDependOnTheResult() {
		Shop shop = shop();

		shop.putUnderResult("abc");

		assertThat(shop.plain("new-abc")).isEqualTo("new-abc");
		assertThat(shop.calls()).isZero();
	}

	@Test
	void theKeyOfAPutMayDependOnWhatTheMethodDoesToItsArgument() {
		Drafts drafts = open(Drafts.class).service();

		Draft saved = drafts.save(new Draft());

		assertThat(this.redis.keys("drafts:*")).containsExactly("drafts:17");
		assertThat(Objects.requireNonNull(saved.id).value()).isEqualTo(17);
		assertThat(drafts.rename(saved)).isEqualTo("17");
	}

	@Test
	void aNullKeyFailsAsSpringDoes() {
		Shop shop = shop();

		assertThatIllegalArgumentException().isThrownBy(() -> shop.keyOfName(null, "x"))
			.withMessageContaining("Null key returned for cache operation");
	}

	@Test
	void aKeyGeneratorNamedOnTheMethodIsUsed() {
		TestInstance<Shop> instance = open(Shop.class, Beans.class);

		instance.service().generated("a", "b");

		assertThat(this.redis.keys("texts:*")).containsExactly("texts:generated/2");
	}

	@Test
	void aCacheManagerOrResolverNamedOnTheMethodIsUsed() {
		TestInstance<Shop> instance = open(Shop.class, Beans.class);
		Shop shop = instance.service();

		shop.elsewhere("a");
		shop.elsewhere("a");
		shop.resolved("b");
		shop.resolved("b");

		assertThat(shop.calls()).isEqualTo(2);
		assertThat(this.redis.keys("texts:*")).isEmpty();
		assertThat(this.redis.keys("resolved-*")).containsExactly("resolved-resolved:b");
	}

	// Several operations

	@Test
	void aHitInTheSecondCacheIsAHit() {
		TestInstance<Shop> instance = open(Shop.class);
		instance.cache("second").put("k", "there");

		assertThat(instance.service().inTwo("k")).isEqualTo("there");
		assertThat(instance.service().calls()).isZero();
		assertNoLeases("first:*");
	}

	@Test
	void aMissInBothCachesFillsBoth() {
		TestInstance<Shop> instance = open(Shop.class);

		instance.service().inTwo("k");

		await().untilAsserted(() -> {
			assertThat(valueOf(instance.cache("first"), "k")).isEqualTo("loaded k");
			assertThat(valueOf(instance.cache("second"), "k")).isEqualTo("loaded k");
		});
	}

	@Test
	void severalCacheablesOfOneMethodEachHaveAKeyAndACondition() {
		TestInstance<Shop> instance = open(Shop.class);
		Shop shop = instance.service();
		shop.manyCacheables("a", "b");

		assertThat(valueOf(instance.cache("first"), "a")).isEqualTo("loaded a");
		assertThat(valueOf(instance.cache("second"), "b")).isEqualTo("loaded a");
		shop.manyCacheables("a", "other");
		shop.manyCacheables("other", "b");
		assertThat(shop.calls()).isEqualTo(1);
	}

	@Test
	void severalPutsAndEvictsOfOneMethodAreAllDone() {
		TestInstance<Shop> instance = open(Shop.class);
		instance.cache("first").put("a", "old");
		instance.cache("first").put("b", "old");
		instance.cache("second").put("a", "old");
		instance.cache("texts").put("x", "old");
		instance.cache("texts").put("y", "old");

		instance.service().everything("a", "b");

		assertThat(valueOf(instance.cache("first"), "a")).isEqualTo("loaded a");
		assertThat(valueOf(instance.cache("second"), "a")).isEqualTo("loaded a");
		assertThat(instance.cache("first").get("b")).isNull();
		assertThat(instance.cache("texts").get("x")).isNull();
		assertThat(instance.cache("texts").get("y")).isNull();
	}

	@Test
	void aPutOnACacheableMethodRunsTheMethodEachTime() {
		TestInstance<Shop> instance = open(Shop.class);
		Shop shop = instance.service();
		instance.cache("first").put("k", "cached");

		assertThat(shop.cacheableAndPut("k", true)).isEqualTo("loaded k");
		assertThat(shop.cacheableAndPut("k", true)).isEqualTo("loaded k");

		assertThat(shop.calls()).isEqualTo(2);
		assertThat(valueOf(instance.cache("second"), "k")).isEqualTo("loaded k");
		assertThat(valueOf(instance.cache("first"), "k")).isEqualTo("cached");
	}

	@Test
	void aPutWhoseConditionDoesNotHoldLeavesTheHitAlone() {
		TestInstance<Shop> instance = open(Shop.class);
		instance.cache("first").put("k", "cached");

		assertThat(instance.service().cacheableAndPut("k", false)).isEqualTo("cached");
		assertThat(instance.service().calls()).isZero();
	}

	@Test
	void aPutMayBeVetoedByItsResultAndThenLeavesNothingOld() {
		TestInstance<Shop> instance = open(Shop.class);
		instance.cache("texts").put("ab", "old");

		instance.service().putUnlessShort("ab");

		assertThat(instance.cache("texts").get("ab")).isNull();
		assertNoLeases("texts:*");
	}

	@Test
	void aCacheableThatEvictsItsOwnKeyAfterwardsIsNotCached() {
		Shop shop = shop();
		shop.cacheableAndEvicted("k");

		shop.cacheableAndEvicted("k");

		assertThat(shop.calls()).isEqualTo(2);
	}

	@Test
	void cacheConfigSaysWhatOperationsLeaveOut() {
		TestInstance<Configured> instance = open(Configured.class, Beans.class);

		instance.service().find("a", "b");
		instance.service().drop("a", "b");

		assertThat(this.redis.keys("texts:*")).isEmpty();
		instance.service().find("a", "b");
		assertThat(this.redis.keys("texts:*")).containsExactly("texts:generated/2");
	}

	// Evictions

	@Test
	void anEvictionIsNotDoneWhenTheMethodThrows() {
		TestInstance<Shop> instance = open(Shop.class);
		instance.cache("texts").put("boom", "old");

		assertThatIllegalStateException().isThrownBy(() -> instance.service().evict("boom"));

		assertThat(valueOf(instance.cache("texts"), "boom")).isEqualTo("old");
	}

	@Test
	void anEvictionBeforeTheMethodIsDoneEvenIfItThrows() {
		TestInstance<Shop> instance = open(Shop.class);
		instance.cache("texts").put("boom", "old");
		instance.cache("texts").put("other", "old");

		assertThatIllegalStateException().isThrownBy(() -> instance.service().evictBefore("boom"));

		assertThat(instance.cache("texts").get("boom")).isNull();
		assertThat(instance.cache("texts").get("other")).isNotNull();
		assertThatIllegalStateException().isThrownBy(() -> instance.service().evictAllBefore("boom"));
		assertThat(instance.cache("texts").get("other")).isNull();
	}

	@Test
	void anEvictionBeforeTheMethodIsSeenByTheMethod() {
		TestInstance<Shop> instance = open(Shop.class);
		instance.cache("texts").put("k", "old");

		assertThat(instance.service().evictBeforeAndLook("k")).isEqualTo("absent");
		assertThat(instance.service().evictAfterAndLook("k")).isEqualTo("absent");
		instance.cache("texts").put("k", "old");
		assertThat(instance.service().evictAfterAndLook("k")).isEqualTo("old");
		assertThat(instance.cache("texts").get("k")).isNull();
	}

	@Test
	void aConditionOfAnEvictionMayAskForTheResult() {
		TestInstance<Shop> instance = open(Shop.class);
		instance.cache("texts").put("ab", "old");
		instance.cache("texts").put("abc", "old");

		instance.service().evictIfLong("ab");
		instance.service().evictIfLong("abc");

		assertThat(instance.cache("texts").get("ab")).isNotNull();
		assertThat(instance.cache("texts").get("abc")).isNull();
	}

	// sync = true

	@Test
	void aSynchronizedMethodLoadsOnceAndKeepsNullsAndOptionals() {
		Shop shop = shop();
		assertThat(shop.synced("a")).isEqualTo("loaded a");
		assertThat(shop.synced("a")).isEqualTo("loaded a");
		assertThat(shop.synced("none")).isNull();
		assertThat(shop.synced("none")).isNull();
		assertThat(shop.syncedOptional("none")).isEmpty();
		assertThat(shop.syncedOptional("b")).contains("b");
		assertThat(shop.syncedOptional("b")).contains("b");

		assertThat(shop.calls()).isEqualTo(3);
	}

	@Test
	void whatAMethodThrowsItThrowsAgainTheNextTime() {
		Shop shop = shop();
		for (int i = 0; i < 100; i++) {
			assertThatExceptionOfType(IOException.class).isThrownBy(() -> shop.failing("again"));
		}
		assertThat(shop.forgetCalls()).isEqualTo(100);

		assertThatExceptionOfType(IOException.class).isThrownBy(() -> shop.syncedChecked("x")).withMessage("burnt");
		assertThatExceptionOfType(IOException.class).isThrownBy(() -> shop.syncedChecked("x")).withMessage("burnt");
		assertThat(shop.calls()).isEqualTo(2);
	}

	@Test
	void aSynchronizedMethodWhoseConditionDoesNotHoldIsJustCalled() {
		Shop shop = shop();
		shop.syncedIfLong("ab");
		shop.syncedIfLong("ab");

		assertThat(shop.calls()).isEqualTo(2);
		assertThat(this.redis.keys("texts:*")).isEmpty();
	}

	@Test
	void illegalCombinationsWithSyncFailAsSpringDoes() {
		Shop shop = shop();

		assertThatIllegalStateException().isThrownBy(() -> shop.syncAndEvict("k"))
			.withMessageContaining("cannot be combined with other cache operations");
		assertThatIllegalStateException().isThrownBy(() -> shop.syncTwice("k"))
			.withMessageContaining("Only one sync=true operation");
		assertThatIllegalStateException().isThrownBy(() -> shop.syncInTwo("k"))
			.withMessageContaining("restricted to a single cache");
		assertThatIllegalStateException().isThrownBy(() -> shop.syncUnless("k"))
			.withMessageContaining("does not support the unless attribute");
		assertThat(shop.calls()).isZero();
	}

	// Signatures

	@Test
	void aVoidMethodCachesANullAndRunsOnce() {
		Shop shop = shop();
		shop.nothing("k");

		shop.nothing("k");

		assertThat(shop.calls()).isEqualTo(1);
	}

	@Test
	void springsStandInForNullIsANull() {
		ResilientRedisCache cache = open(Shop.class).cache("nulls");
		NullValue another = BeanUtils.instantiateClass(NullValue.class);
		cache.put("put", "old");

		cache.put("put", another);
		cache.putIfAbsent("absent", NullValue.INSTANCE);
		Object loaded = cache.get("loaded", () -> NullValue.INSTANCE);

		assertThat(loaded).isNull();
		assertThat(List.of("put", "absent", "loaded")).allSatisfy((key) -> {
			Cache.ValueWrapper found = cache.get(key);
			assertThat(found).isNotNull();
			assertThat(found.get()).isNull();
		});
	}

	@Test
	void primitivesAreCached() {
		Shop shop = shop();

		assertThat(shop.number(3)).isEqualTo(6);
		assertThat(shop.number(3)).isEqualTo(6);
		assertThat(shop.calls()).isEqualTo(1);
	}

	@Test
	void variableArgumentsAreArguments() {
		Shop shop = shop();
		shop.variable("a", "b", "c");

		shop.variable("a", "b", "c");
		shop.variable("a", "b");

		assertThat(shop.calls()).isEqualTo(2);
	}

	@Test
	void checkedExceptionsAndErrorsArriveUnchangedAndLeaveNoLease() {
		Shop shop = shop();

		assertThatExceptionOfType(IOException.class).isThrownBy(() -> shop.failing("checked")).withMessage("burnt");
		assertThatExceptionOfType(StackOverflowError.class).isThrownBy(() -> shop.failing("error")).withMessage("deep");
		assertThat(shop.calls()).isEqualTo(2);
		assertNoLeases("texts:*");
	}

	@Test
	void annotationsOfASuperclassAndItsGenericMethodsCount() {
		TestInstance<Cities> instance = open(Cities.class);
		Cities cities = instance.service();

		assertThat(cities.byId(7L)).isEqualTo(new City("7"));
		assertThat(cities.byId(7L)).isEqualTo(new City("7"));
		cities.store(7L, new City("seven"));
		assertThat(cities.byId(7L)).isEqualTo(new City("seven"));
		cities.remove(7L);
		assertThat(cities.byId(7L)).isEqualTo(new City("7"));

		assertThat(cities.calls()).isEqualTo(2);
	}

	@Test
	void metaAnnotationsAndTheirAliasesCount() {
		Shop shop = shop();
		shop.composed("k");
		shop.composed("k");
		shop.composedEvict("k");
		shop.composed("k");

		assertThat(shop.calls()).isEqualTo(2);
		assertThat(this.redis.keys("texts:*")).containsExactly("texts:k");
	}

	@Test
	void protectedMethodsOfAClassProxyAreIntercepted() {
		Shop shop = shop();
		shop.guarded("k");

		shop.guarded("k");

		assertThat(shop.calls()).isEqualTo(1);
	}

	@Test
	void annotationsOfAnInterfaceCountWithBothKindsOfProxy() {
		for (Class<?> caching : List.of(JdkProxies.class, ClassProxies.class)) {
			try (AnnotationConfigApplicationContext context = context(caching, Greeter.class)) {
				Greeting greeting = context.getBean(Greeting.class);
				assertThat(AopUtils.isJdkDynamicProxy(greeting)).isEqualTo(caching == JdkProxies.class);

				greeting.greet("you");
				greeting.greet("you");
				assertThat(greeting.calls()).isEqualTo(1);
				greeting.forget("you");
				greeting.greet("you");
				greeting.standard("you");
				greeting.standard("you");

				assertThat(greeting.calls()).isEqualTo(3);
				greeting.forgetAll();
			}
		}
	}

	// Calls within calls

	@Test
	void aCachedMethodMayCallAnother() {
		Shop shop = shop();

		assertThat(shop.outer("k")).isEqualTo("outer inner k");
		assertThat(shop.outer("k")).isEqualTo("outer inner k");
		assertThat(shop.inner("k")).isEqualTo("inner k");
		assertThat(shop.calls()).isEqualTo(2);
	}

	@Test
	void aCachedMethodMayCallItselfForAnotherKey() {
		Shop shop = shop();

		assertThat(shop.factorial(5)).isEqualTo(120);
		assertThat(shop.factorial(4)).isEqualTo(24);
		assertThat(shop.calls()).isEqualTo(6);
	}

	@Test
	void aCachedMethodThatCallsItselfForTheSameKeyDoesNotWaitForItself() {
		Shop shop = shop();
		long start = System.nanoTime();

		assertThat(shop.again("k", new AtomicInteger(2))).isEqualTo("again k");

		assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(CacheSettings.defaults().loadWait());
		assertThat(shop.calls()).isEqualTo(3);
	}

	@Test
	void aPuttingMethodMayReadWhatItIsAboutToReplace() {
		Shop shop = shop();
		long start = System.nanoTime();

		assertThat(shop.append("k", "!")).isEqualTo("loaded k!");

		assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(CacheSettings.defaults().loadWait());
		assertThat(shop.plain("k")).isEqualTo("loaded k!");
		assertThat(shop.calls()).isEqualTo(1);
	}

	@Test
	void aReaderWhoComesDuringAPutGetsWhatIsPut() throws Exception {
		Shop shop = shop();
		CountDownLatch inside = new CountDownLatch(1);
		CountDownLatch go = new CountDownLatch(1);
		CompletableFuture<String> putting = CompletableFuture.supplyAsync(() -> shop.slowPut("k", inside, go),
				Threads.OWN);
		assertThat(inside.await(10, TimeUnit.SECONDS)).isTrue();

		CompletableFuture<@Nullable String> reading = CompletableFuture.supplyAsync(() -> shop.plain("k"), Threads.OWN);
		long start = System.nanoTime();
		go.countDown();

		assertThat(reading.get(10, TimeUnit.SECONDS)).isEqualTo("put k");
		assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(CacheSettings.defaults().loadWait());
		assertThat(putting.get(10, TimeUnit.SECONDS)).isEqualTo("put k");
		assertThat(shop.calls()).isZero();
	}

	@Test
	void anEvictionWithinACachedMethodKeepsItsResultFromBeingStored() {
		Shop shop = shop();
		shop.loadsAndEvicts("k");

		shop.loadsAndEvicts("k");

		assertThat(shop.calls()).isEqualTo(2);
	}

	@Test
	void whatAMethodDoesWithCachesIsNoPartOfItsCall() {
		TestInstance<Shop> instance = open(Shop.class);
		Shop shop = instance.service();

		assertThat(shop.usesCaches("k")).isEqualTo("k");
		assertThat(shop.usesCaches("k")).isEqualTo("k");

		assertThat(shop.calls()).isEqualTo(1);
		assertThat(valueOf(instance.cache("texts"), "k")).isEqualTo("k");
		assertThat(valueOf(instance.cache("texts"), "side")).isEqualTo("put");
		assertThat(instance.cache("texts").get("probed")).isNull();
	}

	@Test
	void whatIsPutByHandDuringALoadIsNewerThanTheLoad() {
		TestInstance<Shop> instance = open(Shop.class);

		assertThat(instance.service().putsByHand("k")).isEqualTo("loaded");

		assertThat(instance.service().putsByHand("k")).isEqualTo("by hand");
	}

	@Test
	void whatAKeyGeneratorOrAConditionDoesWithCachesIsNoPartOfTheCall() {
		TestInstance<Shop> instance = open(Shop.class, Beans.class);
		Shop shop = instance.service();

		assertThat(shop.keyFromCaches("k")).isEqualTo("loaded k");
		assertThat(shop.keyFromCaches("k")).isEqualTo("loaded k");
		assertThat(shop.conditionFromCaches("c")).isEqualTo("loaded c");

		assertThat(shop.calls()).isEqualTo(2);
		assertThat(instance.cache("texts").get("probed")).isNull();
		assertThat(valueOf(instance.cache("texts"), "k")).isEqualTo("loaded k");
		assertThat(valueOf(instance.cache("texts"), "c")).isEqualTo("loaded c");
		assertNoLeases("texts:probed");
	}

	// Configuration

	@Test
	void theConfigurersKeyGeneratorResolverAndErrorHandlerAreKept() {
		try (AnnotationConfigApplicationContext context = context(ClassProxies.class, Configurer.class, Shop.class)) {
			CacheInterceptor interceptor = context.getBean(CacheInterceptor.class);

			context.getBean(Shop.class).plain("k");

			assertThat(interceptor).isInstanceOf(ContextualCacheInterceptor.class);
			assertThat(interceptor.getErrorHandler()).isInstanceOf(LoggingCacheErrorHandler.class);
			assertThat(this.redis.keys("of-configurer-*")).containsExactly("of-configurer-texts:plain/1");
		}
	}

	@Test
	void withoutAConfigurerTheKeyGeneratorIsOurs() {
		try (AnnotationConfigApplicationContext context = context(ClassProxies.class, Shop.class)) {
			CacheInterceptor interceptor = context.getBean(CacheInterceptor.class);

			assertThat(interceptor.getKeyGenerator()).isInstanceOf(ArgumentKeyGenerator.class);
		}
	}

	@Test
	void theOrderOfEnableCachingDecidesWhatIsCachedOver() {
		try (AnnotationConfigApplicationContext context = context(OrderedProxies.class, Shop.class)) {
			Shop shop = context.getBean(Shop.class);

			shop.plain("k");
			shop.plain("k");

			assertThat(context.getBean(BeanFactoryCacheOperationSourceAdvisor.class).getOrder()).isEqualTo(42);
			assertThat(context.getBean("before", CountingAdvice.class).calls.get()).isEqualTo(2);
			assertThat(context.getBean("after", CountingAdvice.class).calls.get()).isEqualTo(1);
		}
	}

	@Test
	void aDecoratedManagerWorksAsOneThatIsNot() {
		try (AnnotationConfigApplicationContext context = context(ClassProxies.class, Decorated.class, Shop.class)) {
			Shop shop = context.getBean(Shop.class);
			shop.plain("k");
			shop.plain("k");
			shop.evict("k");
			shop.plain("k");
			shop.putUnderResult("p");

			assertThat(shop.plain("new-p")).isEqualTo("new-p");
			assertThat(shop.calls()).isEqualTo(3);
		}
	}

	// The caches themselves

	@Test
	void cachesAndTheirManagerAreSpringDatas() {
		TestInstance<Shop> instance = open(Shop.class);
		CacheManager manager = instance.context().getBean(CacheManager.class);

		assertThat(manager).isInstanceOf(RedisCacheManager.class);
		assertThat(manager.getCache("made-when-used")).isInstanceOf(RedisCache.class);
		assertThat(manager.getCacheNames()).contains("made-when-used");
		assertThat(AopProxyUtils.ultimateTargetClass(manager)).isSameAs(ResilientRedisCacheManager.class);
	}

	@Test
	void getReadsByTypeAndRefusesTheWrongOne() {
		ResilientRedisCache cache = open(Shop.class).cache("texts");
		cache.put("k", "v");
		cache.put("null", null);

		assertThat(cache.get("k", String.class)).isEqualTo("v");
		assertThat(cache.get("absent", String.class)).isNull();
		assertThat(cache.get("absent")).isNull();
		assertThat(cache.get("null", String.class)).isNull();
		assertThat(cache.get("null")).isNotNull().extracting(Cache.ValueWrapper::get).isNull();
		assertThatIllegalStateException().isThrownBy(() -> cache.get("k", Integer.class));
	}

	@Test
	void aCacheThatNoMethodUsesKeepsWhatCanBeToldWithoutAType() {
		ResilientRedisCache cache = open(Shop.class).cache("by-hand");
		City city = new City("Rome");
		cache.put("text", "v");
		cache.put("list", List.of("v", 1));
		cache.put("record", city);

		assertThat(valueOf(cache, "text")).isEqualTo("v");
		assertThat(cache.get("text", String.class)).isEqualTo("v");
		assertThat(cache.get("text", City.class)).isNull();
		assertThat(cache.get("text", String.class)).isEqualTo("v");
		assertThat(valueOf(cache, "list")).isEqualTo(List.of("v", 1));
		assertThat(cache.get("record", City.class)).isEqualTo(city);
		assertThat(cache.get("record")).isNull();
		assertThat(cache.<City>get("loaded", () -> city)).isEqualTo(city);
		assertThat(cache.<City>get("loaded", () -> city)).isEqualTo(city);
	}

	@Test
	void getLoadsWhatIsMissingAndWrapsWhatTheLoaderThrows() {
		ResilientRedisCache cache = open(Shop.class).cache("texts");

		assertThat(cache.get("k", () -> "loaded")).isEqualTo("loaded");
		assertThat(cache.get("k", () -> "again")).isEqualTo("loaded");
		assertThat(cache.get("null", () -> (String) null)).isNull();
		assertThat(cache.get("null", () -> "not asked")).isNull();
		assertThatExceptionOfType(Cache.ValueRetrievalException.class).isThrownBy(() -> cache.get("bad", () -> {
			throw new IOException("burnt");
		})).withCauseInstanceOf(IOException.class).satisfies((ex) -> assertThat(ex.getKey()).isEqualTo("bad"));
		assertNoLeases("texts:bad");
	}

	@Test
	void putIfAbsentAnswersWhatIsThere() {
		ResilientRedisCache cache = open(Shop.class).cache("texts");

		assertThat(cache.putIfAbsent("k", "first")).isNull();
		assertThat(cache.putIfAbsent("k", "second")).isNotNull().extracting(Cache.ValueWrapper::get).isEqualTo("first");
		assertThat(valueOf(cache, "k")).isEqualTo("first");
		assertThat(cache.putIfAbsent("null", null)).isNull();
		assertThat(cache.putIfAbsent("null", "x")).isNotNull().extracting(Cache.ValueWrapper::get).isNull();
	}

	@Test
	void putIfAbsentLeavesWhatIsOfAnotherType() {
		ResilientRedisCache cache = open(Shop.class).cache("anything");
		String stored = "{\"of\":\"another\"}";
		cache.put("k", new Price(1));
		cache.put("long", 1L);

		assertThat(cache.putIfAbsent("k", "second")).as("it is there").isNotNull();
		assertThat(cache.putIfAbsent("long", 2)).isNotNull();
		assertThat(cache.get("k", Price.class)).isEqualTo(new Price(1));
		assertThat(cache.get("long", Long.class)).isEqualTo(1L);
		assertThat(cache.putIfAbsent("other", stored)).isNull();
		assertThat(cache.putIfAbsent("other", new Price(2))).isNotNull();
		assertThat(cache.get("other", String.class)).isEqualTo(stored);
	}

	@Test
	void putIfAbsentOfAnotherKeyOfTheSameTextTakesItsPlace() {
		ResilientRedisCache cache = open(Shop.class).cache("texts");
		cache.put("acme:7", "one");

		assertThat(cache.putIfAbsent(new SimpleKey("acme", "7"), "several")).isNull();
		assertThat(cache.get(new SimpleKey("acme", "7"), String.class)).isEqualTo("several");
		assertThat(cache.get("acme:7")).isNull();
	}

	@Test
	void evictIfPresentAndInvalidateTellWhetherThereWasSomething() {
		ResilientRedisCache cache = open(Shop.class).cache("texts");
		cache.put("k", "v");
		cache.put("l", "v");

		assertThat(cache.evictIfPresent("k")).isTrue();
		assertThat(cache.evictIfPresent("k")).isFalse();
		assertThat(cache.invalidate()).isTrue();
		assertThat(cache.invalidate()).isFalse();
		assertThat(cache.get("l")).isNull();
	}

	@Test
	void retrieveReadsLaterAndLoadsWhatIsMissing() throws Exception {
		ResilientRedisCache cache = open(Shop.class).cache("texts");
		cache.put("k", "v");
		cache.put("null", null);

		assertThat(later(cache.retrieve("k"))).isInstanceOf(Cache.ValueWrapper.class)
			.extracting((wrapper) -> wrapper.get())
			.isEqualTo("v");
		assertThat(later(cache.retrieve("absent"))).isNull();
		assertThat(later(cache.retrieve("null"))).extracting((wrapper) -> wrapper.get()).isNull();
		assertThat(later(cache.retrieve("new", () -> CompletableFuture.completedFuture("loaded")))).isEqualTo("loaded");
		assertThat(later(cache.retrieve("new", () -> CompletableFuture.completedFuture("again")))).isEqualTo("loaded");
		assertThat(valueOf(cache, "new")).isEqualTo("loaded");
		CompletableFuture<String> failing = cache.retrieve("bad",
				() -> CompletableFuture.failedFuture(new IOException("burnt")));
		assertThat(failing).failsWithin(Duration.ofSeconds(10))
			.withThrowableThat()
			.withRootCauseInstanceOf(IOException.class);
	}

	@Test
	void clearTakesAllOrWhatAPatternNames() {
		ResilientRedisCache cache = open(Shop.class).cache("texts");
		for (String key : List.of("a:1", "a:2", "b:1", "ab")) {
			cache.put(key, "v");
		}

		cache.clear("a:*");
		assertThat(cache.get("a:1")).isNull();
		assertThat(cache.get("a:2")).isNull();
		assertThat(cache.get("ab")).isNotNull();
		cache.clear("*b");
		assertThat(cache.get("ab")).isNull();
		assertThat(cache.get("b:1")).isNotNull();
		cache.clear();
		assertThat(cache.get("b:1")).isNull();
	}

	@Test
	void statisticsCountAndAreCleared() {
		ResilientRedisCache cache = open(Shop.class).cache("texts");
		cache.put("k", "v");
		cache.get("k");
		cache.get("absent");
		cache.evict("k");

		assertThat(cache.getStatistics().getCacheName()).isEqualTo("texts");
		assertThat(cache.getStatistics().getGets()).isEqualTo(2);
		assertThat(cache.getStatistics().getHits()).isEqualTo(1);
		assertThat(cache.getStatistics().getMisses()).isEqualTo(1);
		assertThat(cache.getStatistics().getPuts()).isEqualTo(1);
		assertThat(cache.getStatistics().getDeletes()).isEqualTo(1);
		cache.clearStatistics();
		assertThat(cache.getStatistics().getGets()).isZero();
		assertThat(cache.getStatistics().getPuts()).isZero();
	}

	@Test
	void resettingTheManagersCachesEmptiesThemAll() {
		TestInstance<Shop> instance = open(Shop.class);
		instance.cache("first").put("k", "v");
		instance.cache("second").put("k", "v");

		instance.manager().resetCaches();

		assertThat(instance.cache("first").get("k")).isNull();
		assertThat(instance.cache("second").get("k")).isNull();
		assertThat(instance.manager().getCacheNames()).contains("first", "second");
	}

	@Test
	void withoutRuntimeCachesAnUnknownNameIsNoCache() {
		TestInstance<Shop> instance = keep(TestInstance
			.of(Shop.class, this.redis.host(), this.redis.port(),
					(builder) -> TestInstance.patient(builder.caches(List.of("texts")).runtimeCaches(false)))
			.awaitUp());

		assertThat(instance.manager().getCacheNames()).containsExactly("texts");
		assertThat(instance.manager().getCache("other")).isNull();
		assertThatIllegalArgumentException().isThrownBy(() -> instance.service().inTwo("k"))
			.withMessageContaining("Cannot find cache named 'first'");
	}

	private Shop shop() {
		return open(Shop.class).service();
	}

	private <S> TestInstance<S> open(Class<S> service, Class<?>... configurations) {
		return keep(
				TestInstance.of(service, this.redis.host(), this.redis.port(), TestInstance::patient, configurations)
					.awaitUp());
	}

	private <S> TestInstance<S> keep(TestInstance<S> instance) {
		this.opened.add(instance);
		return instance;
	}

	private AnnotationConfigApplicationContext context(Class<?>... components) {
		AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
		context.registerBean("cacheKeys", CacheKeys.class, () -> new CacheKeys(null));
		context.registerBean("redisCaches", ResilientRedisCacheManager.class, () -> {
			ResilientRedisCacheManager.Builder builder = ResilientRedisCacheManager
				.builder(new LettuceConnectionFactory(this.redis.host(), this.redis.port()));
			TestInstance.patient(builder);
			return builder.build();
		});
		context.register(components);
		context.refresh();
		await().until(() -> context.getBean(ResilientRedisCacheManager.class).engine().link().isUp());
		return context;
	}

	/** No lease is left, at once or as soon as it has been given back. */
	private void assertNoLeases(String glob) {
		await().atMost(Duration.ofSeconds(1)).untilAsserted(() -> assertThat(this.redis.keys(glob)).isEmpty());
	}

	record Price(long cents) {
	}

	private static @Nullable Object valueOf(Cache cache, String key) {
		Cache.ValueWrapper wrapper = cache.get(key);
		return (wrapper != null) ? wrapper.get() : null;
	}

	private static <T> @Nullable T later(CompletableFuture<T> future) throws Exception {
		return future.get(10, TimeUnit.SECONDS);
	}

	static class Shop {

		private final AtomicInteger calls = new AtomicInteger();

		private final ObjectProvider<Shop> self;

		private final CacheManager caches;

		Shop(ObjectProvider<Shop> self, CacheManager caches) {
			this.self = self;
			this.caches = caches;
		}

		public int calls() {
			return this.calls.get();
		}

		public int forgetCalls() {
			return this.calls.getAndSet(0);
		}

		private String load(String key) {
			this.calls.incrementAndGet();
			if (key.equals("boom")) {
				throw new IllegalStateException("boom");
			}
			return "loaded " + key;
		}

		private Cache texts() {
			return Objects.requireNonNull(this.caches.getCache("texts"));
		}

		@Cacheable("texts")
		public @Nullable String plain(String key) {
			return load(key);
		}

		@Cacheable(cacheNames = "texts", condition = "#key.length() > 2")
		public String ifLong(String key) {
			return load(key);
		}

		@Cacheable(cacheNames = "texts", unless = "#result == null")
		public @Nullable String unlessNull(String key) {
			String loaded = load(key);
			return key.equals("none") ? null : loaded;
		}

		@Cacheable("texts")
		public Optional<String> optional(String key) {
			load(key);
			return key.equals("none") ? Optional.empty() : Optional.of(key);
		}

		@Cacheable(cacheNames = "texts", unless = "#result == null || #result.length() < 3")
		public Optional<String> optionalUnlessShort(String key) {
			load(key);
			return key.equals("none") ? Optional.empty() : Optional.of(key);
		}

		@Cacheable(cacheNames = "texts", key = "#root.args[1]")
		public String keyOfRootArguments(String one, String two) {
			return load(one);
		}

		@Cacheable(cacheNames = "texts", key = "#p0")
		public String keyOfP0(String one, String two) {
			return load(one);
		}

		@Cacheable(cacheNames = "texts", key = "#a1")
		public String keyOfA1(String one, String two) {
			return load(one);
		}

		@Cacheable(cacheNames = "texts", key = "#one")
		public String keyOfName(@Nullable String one, String two) {
			return load(two);
		}

		@Cacheable(cacheNames = "texts",
				key = "#root.methodName + '-' + #root.targetClass.simpleName + '-' + #root.caches[0].name")
		public String keyOfMethod(String one) {
			return load(one);
		}

		@CachePut(cacheNames = "texts", key = "#result")
		public String putUnderResult(String one) {
			return "new-" + one;
		}

		@CachePut(cacheNames = "texts", unless = "#result.length() < 12")
		public String putUnlessShort(String one) {
			return load(one);
		}

		@Cacheable(cacheNames = "texts", keyGenerator = "methodAndCount")
		public String generated(String one, String two) {
			return load(one);
		}

		@Cacheable(cacheNames = "texts", cacheManager = "inMemory")
		public String elsewhere(String one) {
			return load(one);
		}

		@Cacheable(cacheResolver = "byMethod")
		public String resolved(String one) {
			return load(one);
		}

		@Cacheable({ "first", "second" })
		public String inTwo(String key) {
			return load(key);
		}

		@Caching(cacheable = { @Cacheable(cacheNames = "first", key = "#one"),
				@Cacheable(cacheNames = "second", key = "#two"),
				@Cacheable(cacheNames = "first", key = "'never'", condition = "false") })
		public String manyCacheables(String one, String two) {
			return load(one);
		}

		@Caching(
				put = { @CachePut(cacheNames = "first", key = "#one"), @CachePut(cacheNames = "second", key = "#one") },
				evict = { @CacheEvict(cacheNames = "first", key = "#two"),
						@CacheEvict(cacheNames = "texts", allEntries = true) })
		public String everything(String one, String two) {
			return load(one);
		}

		@Cacheable(cacheNames = "first", key = "#key")
		@CachePut(cacheNames = "second", key = "#key", condition = "#put")
		public String cacheableAndPut(String key, boolean put) {
			return load(key);
		}

		@Cacheable("texts")
		@CacheEvict("texts")
		public String cacheableAndEvicted(String key) {
			return load(key);
		}

		@CacheEvict("texts")
		public void evict(String key) {
			load(key);
		}

		@CacheEvict(cacheNames = "texts", beforeInvocation = true)
		public void evictBefore(String key) {
			load(key);
		}

		@CacheEvict(cacheNames = "texts", allEntries = true, beforeInvocation = true)
		public void evictAllBefore(String key) {
			load(key);
		}

		@CacheEvict(cacheNames = "texts", beforeInvocation = true)
		public String evictBeforeAndLook(String key) {
			return (texts().get(key) != null) ? "old" : "absent";
		}

		@CacheEvict("texts")
		public String evictAfterAndLook(String key) {
			return (texts().get(key) != null) ? "old" : "absent";
		}

		@CacheEvict(cacheNames = "texts", condition = "#result.length() > 2")
		public String evictIfLong(String key) {
			return key;
		}

		@Cacheable(cacheNames = "texts", sync = true)
		public @Nullable String synced(String key) {
			String loaded = load(key);
			return key.equals("none") ? null : loaded;
		}

		@Cacheable(cacheNames = "texts", sync = true)
		public Optional<String> syncedOptional(String key) {
			load(key);
			return key.equals("none") ? Optional.empty() : Optional.of(key);
		}

		@Cacheable(cacheNames = "texts", sync = true)
		public String syncedChecked(String key) throws IOException {
			load(key);
			throw new IOException("burnt");
		}

		@Cacheable(cacheNames = "texts", sync = true, condition = "#key.length() > 2")
		public String syncedIfLong(String key) {
			return load(key);
		}

		@Cacheable(cacheNames = "texts", sync = true)
		@CacheEvict(cacheNames = "texts", key = "'x'")
		public String syncAndEvict(String key) {
			return load(key);
		}

		@Caching(cacheable = { @Cacheable(cacheNames = "first", sync = true),
				@Cacheable(cacheNames = "second", sync = true) })
		public String syncTwice(String key) {
			return load(key);
		}

		@Cacheable(cacheNames = { "first", "second" }, sync = true)
		public String syncInTwo(String key) {
			return load(key);
		}

		@Cacheable(cacheNames = "texts", sync = true, unless = "#result == 'x'")
		public String syncUnless(String key) {
			return load(key);
		}

		@Cacheable("nothing")
		public void nothing(String key) {
			load(key);
		}

		@Cacheable("numbers")
		public int number(int of) {
			this.calls.incrementAndGet();
			return of * 2;
		}

		@Cacheable("texts")
		public String variable(String first, String... more) {
			return load(first + Arrays.toString(more));
		}

		@Cacheable("texts")
		public String failing(String how) throws IOException {
			this.calls.incrementAndGet();
			if (how.equals("error")) {
				throw new StackOverflowError("deep");
			}
			throw new IOException("burnt");
		}

		@Composed("texts")
		public String composed(String key) {
			return load(key);
		}

		@ComposedEvict
		public void composedEvict(String key) {
		}

		@Cacheable("texts")
		protected String guarded(String key) {
			return load(key);
		}

		@Cacheable("first")
		public String outer(String key) {
			this.calls.incrementAndGet();
			return "outer " + this.self.getObject().inner(key);
		}

		@Cacheable("second")
		public String inner(String key) {
			this.calls.incrementAndGet();
			return "inner " + key;
		}

		@Cacheable("numbers")
		public int factorial(int of) {
			this.calls.incrementAndGet();
			return (of == 0) ? 1 : of * this.self.getObject().factorial(of - 1);
		}

		@Cacheable(cacheNames = "texts", key = "#key")
		public String again(String key, AtomicInteger times) {
			this.calls.incrementAndGet();
			return (times.getAndDecrement() > 0) ? this.self.getObject().again(key, times) : "again " + key;
		}

		@CachePut(cacheNames = "texts", key = "#key")
		public String append(String key, String suffix) {
			return this.self.getObject().plain(key) + suffix;
		}

		@CachePut(cacheNames = "texts", key = "#key")
		public String slowPut(String key, CountDownLatch inside, CountDownLatch go) {
			inside.countDown();
			try {
				assertThat(go.await(10, TimeUnit.SECONDS)).isTrue();
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			return "put " + key;
		}

		@Cacheable("texts")
		public String loadsAndEvicts(String key) {
			load(key);
			texts().evict(key);
			return key;
		}

		@Cacheable("texts")
		public String usesCaches(String key) {
			load(key);
			texts().get("probed");
			texts().get(key);
			texts().put("side", "put");
			return key;
		}

		@Cacheable("texts")
		public String putsByHand(String key) {
			texts().put(key, "by hand");
			return "loaded";
		}

		@Cacheable(cacheNames = "texts", keyGenerator = "probing")
		public String keyFromCaches(String key) {
			return load(key);
		}

		@Cacheable(cacheNames = "texts", condition = "#root.caches[0].get('probed') == null")
		public String conditionFromCaches(String key) {
			return load(key);
		}

	}

	@Target(ElementType.METHOD)
	@Retention(RetentionPolicy.RUNTIME)
	@Cacheable(key = "#p0")
	@interface Composed {

		@AliasFor(annotation = Cacheable.class, attribute = "cacheNames")
		String[] value();

	}

	@Target(ElementType.METHOD)
	@Retention(RetentionPolicy.RUNTIME)
	@CacheEvict(cacheNames = "texts", key = "#p0")
	@interface ComposedEvict {

	}

	@CacheConfig(cacheNames = "texts", keyGenerator = "methodAndCount")
	static class Configured {

		@Cacheable
		public String find(String one, String two) {
			return one;
		}

		@CacheEvict(key = "'generated/2'")
		public void drop(String one, String two) {
		}

	}

	record DraftId(long value) {

	}

	static final class Draft {

		@Nullable DraftId id;

		public @Nullable DraftId getId() {
			return this.id;
		}

		public void setId(@Nullable DraftId id) {
			this.id = id;
		}

	}

	static class Drafts {

		@CachePut(cacheNames = "drafts", key = "#draft.id.value")
		@Cacheable(cacheNames = "other-drafts", condition = "false")
		public Draft save(Draft draft) {
			draft.id = new DraftId(17);
			return draft;
		}

		@CachePut(cacheNames = "names", key = "#draft.id.value")
		public String rename(Draft draft) {
			return String.valueOf(Objects.requireNonNull(draft.id).value());
		}

	}

	abstract static class Repository<T, ID> {

		private final AtomicInteger calls = new AtomicInteger();

		int calls() {
			return this.calls.get();
		}

		abstract T load(ID id);

		@Cacheable("entities")
		public T byId(ID id) {
			this.calls.incrementAndGet();
			return load(id);
		}

		@CachePut(cacheNames = "entities", key = "#id")
		public T store(ID id, T entity) {
			return entity;
		}

		@CacheEvict("entities")
		public void remove(ID id) {
		}

	}

	record City(String name) {

	}

	static class Cities extends Repository<City, Long> {

		@Override
		City load(Long id) {
			return new City(String.valueOf(id));
		}

	}

	interface Greeting {

		@Cacheable("greetings")
		String greet(String whom);

		@CacheEvict("greetings")
		void forget(String whom);

		@CacheEvict(cacheNames = "greetings", allEntries = true)
		void forgetAll();

		@Cacheable("standard-greetings")
		default String standard(String whom) {
			count();
			return "Hello " + whom;
		}

		void count();

		int calls();

	}

	static class Greeter implements Greeting {

		private final AtomicInteger calls = new AtomicInteger();

		@Override
		public String greet(String whom) {
			count();
			return "Hi " + whom;
		}

		@Override
		public void forget(String whom) {
		}

		@Override
		@CacheEvict(cacheNames = { "greetings", "standard-greetings" }, allEntries = true)
		public void forgetAll() {
		}

		@Override
		public void count() {
			this.calls.incrementAndGet();
		}

		@Override
		public int calls() {
			return this.calls.get();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Beans {

		@Bean
		KeyGenerator methodAndCount() {
			return (target, method, params) -> "generated/" + params.length;
		}

		@Bean
		KeyGenerator probing(ObjectProvider<ResilientRedisCacheManager> caches) {
			return (target, method, params) -> {
				Cache texts = Objects.requireNonNull(caches.getObject().getCache("texts"));
				assertThat(texts.get("probed")).isNull();
				texts.put("put by generator", "x");
				return String.valueOf(params[0]);
			};
		}

		@Bean(defaultCandidate = false)
		CacheManager inMemory() {
			return new ConcurrentMapCacheManager();
		}

		@Bean
		CacheResolver byMethod(ObjectProvider<ResilientRedisCacheManager> caches) {
			return new CacheResolver() {

				@Override
				public Collection<? extends Cache> resolveCaches(CacheOperationInvocationContext<?> context) {
					return List.of(Objects
						.requireNonNull(caches.getObject().getCache("resolved-" + context.getMethod().getName())));
				}

			};
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Configurer implements CachingConfigurer {

		private final ObjectProvider<ResilientRedisCacheManager> caches;

		Configurer(ObjectProvider<ResilientRedisCacheManager> caches) {
			this.caches = caches;
		}

		@Override
		public KeyGenerator keyGenerator() {
			return (target, method, params) -> method.getName() + "/" + params.length;
		}

		@Override
		public CacheErrorHandler errorHandler() {
			return new LoggingCacheErrorHandler();
		}

		@Override
		public CacheResolver cacheResolver() {
			return new SimpleCacheResolver(this.caches.getObject()) {

				@Override
				protected Collection<String> getCacheNames(CacheOperationInvocationContext<?> context) {
					return context.getOperation()
						.getCacheNames()
						.stream()
						.map((name) -> "of-configurer-" + name)
						.toList();
				}

			};
		}

	}

	@Configuration(proxyBeanMethods = false)
	@EnableCaching
	static class JdkProxies {

		@Bean
		static CachingPostProcessor cachingPostProcessor() {
			return new CachingPostProcessor();
		}

	}

	@Configuration(proxyBeanMethods = false)
	@EnableCaching(proxyTargetClass = true)
	static class ClassProxies {

		@Bean
		static CachingPostProcessor cachingPostProcessor() {
			return new CachingPostProcessor();
		}

	}

	@Configuration(proxyBeanMethods = false)
	@EnableCaching(proxyTargetClass = true, order = 42)
	static class OrderedProxies {

		@Bean
		static CachingPostProcessor cachingPostProcessor() {
			return new CachingPostProcessor();
		}

		@Bean
		@Role(BeanDefinition.ROLE_INFRASTRUCTURE)
		static CountingAdvice before() {
			return new CountingAdvice(41);
		}

		@Bean
		@Role(BeanDefinition.ROLE_INFRASTRUCTURE)
		static CountingAdvice after() {
			return new CountingAdvice(43);
		}

	}

	@SuppressWarnings("serial")
	static final class CountingAdvice extends DefaultPointcutAdvisor {

		final transient AtomicInteger calls = new AtomicInteger();

		CountingAdvice(int order) {
			NameMatchMethodPointcut pointcut = new NameMatchMethodPointcut();
			pointcut.addMethodName("plain");
			setPointcut(pointcut);
			setAdvice((MethodBeforeAdvice) (method, args, target) -> this.calls.incrementAndGet());
			setOrder(order);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Decorated {

		@Bean
		@Primary
		CacheManager decorated(ResilientRedisCacheManager redisCaches) {
			return new TransactionAwareCacheManagerProxy(redisCaches);
		}

	}

}
