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

import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import org.aopalliance.intercept.MethodInterceptor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SignalType;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

import org.springframework.aop.interceptor.ExposeInvocationInterceptor;
import org.springframework.aop.support.DefaultPointcutAdvisor;
import org.springframework.aop.support.NameMatchMethodPointcut;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Role;
import org.springframework.core.Ordered;

import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Methods whose results come later, on a real Redis.
 */
@WithRedis
class ReactiveCachingRedisTests {

	private static final Duration SOON = Duration.ofMinutes(1);

	private final RedisServer redis;

	private final TestInstance<Feeds> instance;

	private final TestInstance<Feeds> other;

	private final Feeds feeds;

	ReactiveCachingRedisTests(RedisServer redis) {
		this.redis = redis;
		this.instance = open(redis);
		this.other = open(redis);
		this.feeds = this.instance.service();
	}

	private static TestInstance<Feeds> open(RedisServer redis) {
		return TestInstance.of(Feeds.class, redis.host(), redis.port(), TestInstance::patient, Advice.class);
	}

	@BeforeEach
	void connected() {
		this.instance.awaitUp();
		this.other.awaitUp();
	}

	@AfterEach
	void close() {
		this.instance.close();
		this.other.close();
	}

	// Hits and misses

	@Test
	void aMissLoadsAndAHitDoesNot() {
		StepVerifier.create(this.feeds.mono("a")).expectNext("mono a").expectComplete().verify(SOON);
		StepVerifier.create(this.feeds.mono("a")).expectNext("mono a").expectComplete().verify(SOON);
		StepVerifier.create(this.feeds.flux("a", 3)).expectNext("a0", "a1", "a2").expectComplete().verify(SOON);
		StepVerifier.create(this.feeds.flux("a", 3)).expectNext("a0", "a1", "a2").expectComplete().verify(SOON);
		assertThat(this.feeds.future("b")).succeedsWithin(SOON).isEqualTo("future b");
		assertThat(this.feeds.future("b")).succeedsWithin(SOON).isEqualTo("future b");
		assertThat(this.feeds.stage("c").toCompletableFuture()).succeedsWithin(SOON).isEqualTo("stage c");
		assertThat(this.feeds.stage("c").toCompletableFuture()).succeedsWithin(SOON).isEqualTo("stage c");

		assertThat(this.feeds.loads()).isEqualTo(4);
		StepVerifier.create(this.other.service().mono("a")).expectNext("mono a").expectComplete().verify(SOON);
		StepVerifier.create(this.other.service().flux("a", 3)).expectNextCount(3).expectComplete().verify(SOON);
		assertThat(this.other.service().loads()).isZero();
	}

	@Test
	void aLoadThatIsCachedEndsByItselfAndIsNotCancelled() {
		StepVerifier.create(this.feeds.mono("a")).expectNext("mono a").expectComplete().verify(SOON);
		StepVerifier.create(this.feeds.syncedMono("b")).expectNext("mono b").expectComplete().verify(SOON);

		await().atMost(SOON).until(() -> this.feeds.signals().size() == 2);
		assertThat(this.feeds.signals()).containsOnly(SignalType.ON_COMPLETE);
	}

	@Test
	void whatIsSynchronizedLoadsOnce() {
		StepVerifier.create(this.feeds.syncedMono("a")).expectNext("mono a").expectComplete().verify(SOON);
		StepVerifier.create(this.feeds.syncedMono("a")).expectNext("mono a").expectComplete().verify(SOON);
		StepVerifier.create(this.feeds.syncedFlux("a")).expectNext("a0", "a1").expectComplete().verify(SOON);
		StepVerifier.create(this.feeds.syncedFlux("a")).expectNext("a0", "a1").expectComplete().verify(SOON);
		assertThat(this.feeds.syncedFuture("b")).succeedsWithin(SOON).isEqualTo("future b");
		assertThat(this.feeds.syncedFuture("b")).succeedsWithin(SOON).isEqualTo("future b");

		assertThat(this.feeds.loads()).isEqualTo(3);
	}

	@Test
	void nothingIsCachedAsNothing() {
		StepVerifier.create(this.feeds.mono("empty")).expectComplete().verify(SOON);
		StepVerifier.create(this.feeds.mono("empty")).expectComplete().verify(SOON);
		StepVerifier.create(this.feeds.flux("empty", 0)).expectComplete().verify(SOON);
		StepVerifier.create(this.feeds.flux("empty", 0)).expectComplete().verify(SOON);
		assertThat(this.feeds.future("null")).succeedsWithin(SOON).isNull();
		assertThat(this.feeds.future("null")).succeedsWithin(SOON).isNull();

		assertThat(this.feeds.loads()).isEqualTo(3);
	}

	@Test
	void anErrorArrivesUnchangedAndLeavesNoLease() {
		StepVerifier.create(this.feeds.mono("bad")).expectErrorMatches(this::isBurnt).verify(SOON);
		StepVerifier.create(this.feeds.syncedMono("bad")).expectErrorMatches(this::isBurnt).verify(SOON);
		StepVerifier.create(this.feeds.flux("bad", 2))
			.expectNext("bad0")
			.expectErrorMatches(this::isBurnt)
			.verify(SOON);
		assertThat(this.feeds.future("bad")).failsWithin(SOON)
			.withThrowableThat()
			.havingCause()
			.isInstanceOf(IOException.class)
			.withMessage("burnt");

		assertThat(this.feeds.loads()).isEqualTo(4);
		assertNoEntry("*bad");
	}

	@Test
	void anErrorThatReactorTakesForFatalArrivesTooAndLeavesNoLease() {
		assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> this.feeds.mono("fatal").block(SOON))
			.withCauseInstanceOf(NoClassDefFoundError.class);
		assertThatExceptionOfType(IllegalStateException.class)
			.isThrownBy(() -> this.feeds.syncedMono("fatal").block(SOON))
			.withCauseInstanceOf(NoClassDefFoundError.class);
		assertThatExceptionOfType(IllegalStateException.class)
			.isThrownBy(() -> this.feeds.flux("fatal", 1).blockLast(SOON))
			.withCauseInstanceOf(NoClassDefFoundError.class);

		assertNoEntry("*fatal");
	}

	private boolean isBurnt(Throwable ex) {
		return ex instanceof IOException && "burnt".equals(ex.getMessage());
	}

	@Test
	void aColdKeyIsLoadedOnceForAllSubscribersOfAllInstances() {
		Flux<String> all = Flux.range(0, 32)
			.flatMap((i) -> ((i % 2 == 0) ? this.instance : this.other).service()
				.slow("k")
				.subscribeOn(Schedulers.boundedElastic()), 32);

		StepVerifier.create(all).expectNextCount(32).expectComplete().verify(SOON);

		assertThat(this.feeds.loads() + this.other.service().loads()).isEqualTo(1);
	}

	// Subscriptions

	@Test
	void whatNobodySubscribesToReadsNothing() {
		long gets = this.instance.cache("texts").getStatistics().getGets();

		this.feeds.mono("a");
		this.feeds.flux("a", 3);
		this.feeds.evictMono("a");

		assertThat(this.instance.cache("texts").getStatistics().getGets()).isEqualTo(gets);
		assertThat(this.redis.keys("texts:*")).isEmpty();
		assertThat(this.feeds.calls()).isZero();
	}

	@Test
	void everySubscriptionReadsAnew() {
		Mono<String> mono = this.feeds.mono("a");
		Flux<String> flux = this.feeds.flux("a", 1);

		StepVerifier.create(mono).expectNext("mono a").expectComplete().verify(SOON);
		StepVerifier.create(flux).expectNext("a0").expectComplete().verify(SOON);
		this.instance.cache("texts").put("a", "changed");
		this.instance.cache("lists").put("a", List.of("changed"));

		StepVerifier.create(mono).expectNext("changed").expectComplete().verify(SOON);
		StepVerifier.create(flux).expectNext("changed").expectComplete().verify(SOON);
	}

	@Test
	void aRetryReadsAndLoadsAnew() {
		this.feeds.failNext(2);

		StepVerifier.create(this.feeds.mono("a").retry(2)).expectNext("mono a").expectComplete().verify(SOON);

		assertThat(this.feeds.loads()).isEqualTo(3);
		StepVerifier.create(this.feeds.mono("a")).expectNext("mono a").expectComplete().verify(SOON);
		assertThat(this.feeds.loads()).isEqualTo(3);
	}

	@Test
	void aRepetitionReadsAnew() {
		Flux<String> repeated = this.feeds.mono("a")
			.repeat(1)
			.doOnNext((value) -> this.instance.cache("texts").put("a", value + "!"));

		StepVerifier.create(repeated).expectNext("mono a", "mono a!").expectComplete().verify(SOON);
		assertThat(this.feeds.loads()).isEqualTo(1);
	}

	@Test
	void everyRunOfTheMethodPassesTheInterceptorsWithin() {
		Mono<String> uncached = this.feeds.mono("a").doOnNext((value) -> this.instance.cache("texts").evict("a"));
		Advice.calls.set(0);

		StepVerifier.create(uncached.repeat(2)).expectNextCount(3).expectComplete().verify(SOON);

		assertThat(this.feeds.calls()).isEqualTo(3);
		assertThat(Advice.calls).hasValue(3);
	}

	@Test
	void adviceFindsItsInvocationWhereverTheMethodRuns() {
		Advice.invocationMissing.set(false);

		this.feeds.mono("a").block(SOON);
		this.feeds.future("b").orTimeout(10, TimeUnit.SECONDS).join();

		assertThat(Advice.invocationMissing).isFalse();
	}

	// Cancellation

	@Test
	void aCancelledLoadGivesItsLeaseBack() throws Exception {
		CountDownLatch loading = new CountDownLatch(1);
		Disposable subscription = this.feeds.never("k", loading).subscribe();
		assertThat(loading.await(10, TimeUnit.SECONDS)).isTrue();

		subscription.dispose();

		assertNoEntry("texts:k");
		assertThat(this.feeds.mono("k").block(SOON)).isEqualTo("mono k");
		assertThat(this.feeds.cancelled()).isTrue();
	}

	@Test
	void aCancelledSynchronizedLoadGivesItsLeaseBack() throws Exception {
		CountDownLatch loading = new CountDownLatch(1);
		Disposable subscription = this.feeds.syncedNever("k", loading).subscribe();
		assertThat(loading.await(10, TimeUnit.SECONDS)).isTrue();

		subscription.dispose();

		assertNoEntry("texts:k");
		assertThat(this.feeds.cancelled()).isTrue();
	}

	@Test
	void whoWaitsForACancelledLoadLoadsItself() throws Exception {
		CountDownLatch loading = new CountDownLatch(1);
		Disposable subscription = this.feeds.never("k", loading).subscribe();
		assertThat(loading.await(10, TimeUnit.SECONDS)).isTrue();
		long start = System.nanoTime();
		CompletableFuture<String> here = this.feeds.mono("k").toFuture();
		CompletableFuture<String> there = this.other.service().mono("k").toFuture();
		await().until(() -> this.instance.cache("texts").getStatistics().getMisses() >= 2);

		subscription.dispose();

		assertThat(here).succeedsWithin(SOON).isEqualTo("mono k");
		assertThat(there).succeedsWithin(SOON).isEqualTo("mono k");
		assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(CacheSettings.defaults().loadWait());
	}

	@Test
	void aCallThatIsCancelledAtAnyMomentLeavesNoLease() {
		for (int i = 0; i < 200; i++) {
			Disposable subscription = this.feeds.never("k" + i, new CountDownLatch(1))
				.subscribeOn(Schedulers.boundedElastic())
				.subscribe();
			long until = System.nanoTime() + i * 20_000L;
			while (System.nanoTime() < until) {
				Thread.onSpinWait();
			}
			subscription.dispose();
		}

		assertNoEntry("texts:k*");
	}

	// Evictions and puts

	@Test
	void anEvictionIsAcknowledgedBeforeTheResultIsThere() {
		for (int i = 0; i < 50; i++) {
			this.instance.cache("texts").put("k", "old");
			assertThat(this.feeds.evictMono("k").block(SOON)).isEqualTo("k");
			assertThat(this.other.cache("texts").get("k")).isNull();
			this.instance.cache("texts").put("k", "old");
			assertThat(this.feeds.evictFlux("k").collectList().block(SOON)).containsExactly("k", "k");
			assertThat(this.other.cache("texts").get("k")).isNull();
			this.instance.cache("texts").put("k", "old");
			assertThat(this.feeds.evictFuture("k").orTimeout(10, TimeUnit.SECONDS).join()).isEqualTo("k");
			assertThat(this.other.cache("texts").get("k")).isNull();
		}
	}

	@Test
	void anEvictionOnAnEmptyResultIsDoneAndOnAnErrorIsNot() {
		this.instance.cache("texts").put("empty", "old");
		this.instance.cache("texts").put("bad", "old");

		StepVerifier.create(this.feeds.evictMono("empty")).expectComplete().verify(SOON);
		StepVerifier.create(this.feeds.evictMono("bad")).expectErrorMatches(this::isBurnt).verify(SOON);

		assertThat(this.other.cache("texts").get("empty")).isNull();
		assertThat(this.other.cache("texts").get("bad")).isNotNull();
	}

	@Test
	void anEvictionBeforeTheMethodIsAcknowledgedBeforeTheMethodRuns() {
		this.instance.cache("texts").put("k", "old");
		this.instance.cache("texts").put("bad", "old");

		assertThat(this.feeds.evictBefore("k", () -> this.other.cache("texts").get("k") == null).block(SOON))
			.isEqualTo(true);
		StepVerifier.create(this.feeds.evictBefore("bad", () -> {
			throw new IllegalStateException("no");
		})).expectErrorMessage("no").verify(SOON);
		assertThat(this.other.cache("texts").get("bad")).isNull();
	}

	@Test
	void aPutIsAcknowledgedBeforeTheResultIsThere() {
		for (int i = 0; i < 50; i++) {
			this.feeds.putMono("k", "m" + i).block(SOON);
			assertThat(textOf("k")).isEqualTo("m" + i);
			this.feeds.putFuture("k", "f" + i).orTimeout(10, TimeUnit.SECONDS).join();
			assertThat(textOf("k")).isEqualTo("f" + i);
			this.feeds.putFlux("k", "x" + i).collectList().block(SOON);
			assertThat(listOf("k")).containsExactly("x" + i, "x" + i);
		}
	}

	@Test
	void aPutThatFailsLeavesNothingButAMiss() {
		this.instance.cache("texts").put("bad", "old");

		StepVerifier.create(this.feeds.putMono("bad", "bad")).expectErrorMatches(this::isBurnt).verify(SOON);

		assertNoEntry("texts:bad");
	}

	private @Nullable String textOf(String key) {
		return this.other.cache("texts").get(key, String.class);
	}

	@SuppressWarnings("unchecked")
	private @Nullable List<String> listOf(String key) {
		return (List<String>) this.other.cache("lists").get(key, List.class);
	}

	// Demand

	@Test
	void aFluxThatIsAskedForLittleByLittleIsStored() {
		StepVerifier.create(this.feeds.flux("slow", 40), 0)
			.thenRequest(1)
			.expectNext("slow0")
			.thenRequest(1)
			.expectNext("slow1")
			.thenAwait(Duration.ofMillis(50))
			.thenRequest(Long.MAX_VALUE)
			.expectNextCount(38)
			.expectComplete()
			.verify(SOON);

		assertThat(this.feeds.flux("slow", 40).limitRate(1).collectList().block(SOON)).hasSize(40);
		assertThat(this.feeds.flux("limited", 40).limitRate(1).collectList().block(SOON)).hasSize(40);
		assertThat(this.other.service().flux("limited", 40).collectList().block(SOON)).hasSize(40)
			.contains("limited39");
		assertThat(this.feeds.loads()).isEqualTo(2);
		assertThat(this.other.service().loads()).isZero();
	}

	@Test
	void aLongFluxKeepsItsOrder() {
		List<String> loaded = Objects.requireNonNull(this.feeds.flux("long", 2_000).collectList().block(SOON));

		List<String> again = this.feeds.flux("long", 2_000).collectList().block(SOON);

		assertThat(loaded).hasSize(2_000).startsWith("long0", "long1").endsWith("long1999");
		assertThat(again).isEqualTo(loaded);
		assertThat(this.feeds.loads()).isEqualTo(1);
	}

	// Threads

	@ParameterizedTest
	@ValueSource(strings = { "miss", "hit" })
	void whatFollowsRunsOnNoThreadOfTheConnection(String state) {
		if (state.equals("hit")) {
			this.feeds.mono("k").block(SOON);
			this.feeds.syncedMono("k").block(SOON);
			this.feeds.flux("k", 2).collectList().block(SOON);
			this.feeds.future("f").orTimeout(10, TimeUnit.SECONDS).join();
		}

		assertFree(this.feeds.mono("k").map((value) -> Thread.currentThread().getName()).block(SOON));
		assertFree(this.feeds.syncedMono("k").map((value) -> Thread.currentThread().getName()).block(SOON));
		assertFree(this.feeds.flux("k", 2).map((value) -> Thread.currentThread().getName()).blockLast(SOON));
		assertFree(this.feeds.future("f").thenApply((value) -> Thread.currentThread().getName()).join());
		assertFree(this.feeds.evictMono("e").map((value) -> Thread.currentThread().getName()).block(SOON));
		assertFree(this.feeds.putMono("p", "v").map((value) -> Thread.currentThread().getName()).block(SOON));
		assertFree(this.feeds.evictFuture("e").thenApply((value) -> Thread.currentThread().getName()).join());
		assertThat(this.feeds.threads()).allSatisfy(ReactiveCachingRedisTests::assertFree);
	}

	private static void assertFree(@Nullable String thread) {
		assertThat(thread).isNotNull()
			.doesNotContainIgnoringCase("lettuce")
			.doesNotContain("EventLoop", "nioEventLoop", "epoll", "cache-starter-link", "cache-starter-timer",
					"cache-starter-sweeper");
	}

	@Test
	void aBlockingCallWithinAPipelineDeadlocksNowhere() {
		Mono<String> nested = this.feeds.mono("outer").map((value) -> {
			String inner = this.feeds.mono("inner").block(SOON);
			this.instance.cache("texts").put("put", value);
			this.instance.cache("texts").evict("gone");
			return value + ", " + inner + ", " + this.instance.cache("texts").get("put", String.class) + ", "
					+ this.feeds.blocking("blocking");
		});

		for (int i = 0; i < 3; i++) {
			assertThat(nested.block(SOON)).isEqualTo("mono outer, mono inner, mono outer, blocking");
			assertThat(this.feeds.blockingWithin("within" + i).block(SOON)).isEqualTo("blocking within" + i);
		}
	}

	@Test
	void theContextOfTheSubscriberReachesTheMethod() {
		assertThat(this.feeds.fromContext("m").contextWrite((context) -> context.put("who", "me")).block(SOON))
			.isEqualTo("me");
		assertThat(this.feeds.syncedFromContext("s").contextWrite((context) -> context.put("who", "me")).block(SOON))
			.isEqualTo("me");
		assertThat(this.feeds.manyFromContext("f")
			.contextWrite((context) -> context.put("who", "me"))
			.collectList()
			.block(SOON)).containsExactly("me");
		assertThat(this.feeds.evictFromContext("e")
			.contextWrite((context) -> context.put("who", "me"))
			.collectList()
			.block(SOON)).containsExactly("me");
	}

	private void assertNoEntry(String glob) {
		await().atMost(Duration.ofMillis(1500)).untilAsserted(() -> assertThat(this.redis.keys(glob)).isEmpty());
	}

	static class Feeds {

		private final Collection<SignalType> signals = new ConcurrentLinkedQueue<>();

		private final AtomicInteger loads = new AtomicInteger();

		private final AtomicInteger calls = new AtomicInteger();

		private final AtomicBoolean cancelled = new AtomicBoolean();

		private final AtomicInteger failuresToCome = new AtomicInteger();

		private final List<String> threads = new CopyOnWriteArrayList<>();

		public int loads() {
			return this.loads.get();
		}

		public int calls() {
			return this.calls.get();
		}

		public boolean cancelled() {
			return this.cancelled.get();
		}

		public List<String> threads() {
			return this.threads;
		}

		/** How the loads have ended. */
		public Collection<SignalType> signals() {
			return this.signals;
		}

		public void failNext(int times) {
			this.failuresToCome.set(times);
		}

		private Mono<String> load(String what, String key) {
			this.calls.incrementAndGet();
			this.threads.add(Thread.currentThread().getName());
			return Mono.defer(() -> {
				this.loads.incrementAndGet();
				if (key.equals("fatal")) {
					throw new NoClassDefFoundError(key);
				}
				if (key.equals("bad") || this.failuresToCome.getAndUpdate((left) -> Math.max(0, left - 1)) > 0) {
					return Mono.error(new IOException("burnt"));
				}
				return key.equals("empty") ? Mono.empty() : Mono.just(what + " " + key);
			}).doFinally(this.signals::add);
		}

		private CompletableFuture<@Nullable String> loadLater(String key) {
			this.loads.incrementAndGet();
			this.threads.add(Thread.currentThread().getName());
			return CompletableFuture.supplyAsync(() -> {
				if (key.equals("bad")) {
					throw new CompletionException(new IOException("burnt"));
				}
				return key.equals("null") ? null : "future " + key;
			});
		}

		@Cacheable("texts")
		public Mono<String> mono(String key) {
			return load("mono", key);
		}

		@Cacheable(cacheNames = "texts", sync = true)
		public Mono<String> syncedMono(String key) {
			return load("mono", key);
		}

		@Cacheable("texts")
		public Mono<String> slow(String key) {
			return load("slow", key).delayElement(Duration.ofMillis(100));
		}

		@Cacheable(cacheNames = "lists", key = "#key")
		public Flux<String> flux(String key, int size) {
			return Flux.defer(() -> {
				this.loads.incrementAndGet();
				if (key.equals("fatal")) {
					throw new NoClassDefFoundError(key);
				}
				Flux<String> items = Flux.range(0, size).map((i) -> key + i);
				return key.equals("bad") ? items.take(1).concatWith(Mono.error(new IOException("burnt"))) : items;
			});
		}

		@Cacheable(cacheNames = "lists", key = "'synced' + #key", sync = true)
		public Flux<String> syncedFlux(String key) {
			return Flux.defer(() -> {
				this.loads.incrementAndGet();
				return Flux.just(key + 0, key + 1);
			});
		}

		@Cacheable("texts")
		public CompletableFuture<@Nullable String> future(String key) {
			return loadLater(key);
		}

		@Cacheable(cacheNames = "texts", key = "'synced' + #key", sync = true)
		public CompletableFuture<@Nullable String> syncedFuture(String key) {
			return loadLater(key);
		}

		@Cacheable("texts")
		public CompletionStage<String> stage(String key) {
			this.loads.incrementAndGet();
			return CompletableFuture.completedFuture("stage " + key);
		}

		@Cacheable(cacheNames = "texts", key = "#key")
		public Mono<String> never(String key, CountDownLatch loading) {
			return Mono.<String>never()
				.doOnSubscribe((subscription) -> loading.countDown())
				.doOnCancel(() -> this.cancelled.set(true));
		}

		@Cacheable(cacheNames = "texts", key = "#key", sync = true)
		public Mono<String> syncedNever(String key, CountDownLatch loading) {
			return never(key, loading);
		}

		@CacheEvict("texts")
		public Mono<String> evictMono(String key) {
			return load("", key).map((value) -> key);
		}

		@CacheEvict("texts")
		public Flux<String> evictFlux(String key) {
			return Flux.just(key, key);
		}

		@CacheEvict("texts")
		public CompletableFuture<String> evictFuture(String key) {
			return CompletableFuture.supplyAsync(() -> key);
		}

		@CacheEvict(cacheNames = "texts", key = "#key", beforeInvocation = true)
		public Mono<Boolean> evictBefore(String key, Callable<Boolean> look) {
			return Mono.fromCallable(look).subscribeOn(Schedulers.boundedElastic());
		}

		@CachePut(cacheNames = "texts", key = "#key")
		public Mono<String> putMono(String key, String value) {
			return value.equals("bad") ? Mono.error(new IOException("burnt")) : Mono.just(value);
		}

		@CachePut(cacheNames = "texts", key = "#key")
		public CompletableFuture<String> putFuture(String key, String value) {
			return CompletableFuture.supplyAsync(() -> value);
		}

		@CachePut(cacheNames = "lists", key = "#key")
		public Flux<String> putFlux(String key, String value) {
			return Flux.just(value, value);
		}

		@Cacheable("texts")
		public String blocking(String key) {
			return key;
		}

		@Cacheable("texts")
		public Mono<String> blockingWithin(String key) {
			return Mono.fromSupplier(() -> "blocking " + key);
		}

		@Cacheable("texts")
		public Mono<String> fromContext(String key) {
			return Mono.deferContextual((context) -> Mono.just(context.get("who")));
		}

		@Cacheable(cacheNames = "texts", sync = true)
		public Mono<String> syncedFromContext(String key) {
			return Mono.deferContextual((context) -> Mono.just(context.get("who")));
		}

		@Cacheable("lists")
		public Flux<String> manyFromContext(String key) {
			return Flux.deferContextual((context) -> Flux.just(context.<String>get("who")));
		}

		@CacheEvict("lists")
		public Flux<String> evictFromContext(String key) {
			return Flux.deferContextual((context) -> Flux.just(context.<String>get("who")));
		}

	}

	/**
	 * An interceptor within the cache's, that looks for its invocation as AspectJ's do.
	 */
	@Configuration(proxyBeanMethods = false)
	static class Advice {

		static final AtomicInteger calls = new AtomicInteger();

		static final AtomicBoolean invocationMissing = new AtomicBoolean();

		@Bean
		@Role(BeanDefinition.ROLE_INFRASTRUCTURE)
		static DefaultPointcutAdvisor exposing() {
			DefaultPointcutAdvisor advisor = on("mono", "future");
			advisor.setAdvice(ExposeInvocationInterceptor.INSTANCE);
			advisor.setOrder(Ordered.HIGHEST_PRECEDENCE);
			return advisor;
		}

		@Bean
		@Role(BeanDefinition.ROLE_INFRASTRUCTURE)
		static DefaultPointcutAdvisor counting() {
			DefaultPointcutAdvisor advisor = on("mono", "future");
			advisor.setAdvice((MethodInterceptor) (invocation) -> {
				calls.incrementAndGet();
				try {
					ExposeInvocationInterceptor.currentInvocation();
				}
				catch (IllegalStateException ex) {
					invocationMissing.set(true);
				}
				return invocation.proceed();
			});
			advisor.setOrder(Ordered.LOWEST_PRECEDENCE);
			return advisor;
		}

		private static DefaultPointcutAdvisor on(String... methods) {
			NameMatchMethodPointcut pointcut = new NameMatchMethodPointcut();
			pointcut.setMappedNames(methods);
			DefaultPointcutAdvisor advisor = new DefaultPointcutAdvisor();
			advisor.setPointcut(pointcut);
			return advisor;
		}

	}

}
