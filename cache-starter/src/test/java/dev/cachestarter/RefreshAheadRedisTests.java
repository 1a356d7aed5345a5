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

import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import org.aopalliance.intercept.MethodInterceptor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

import org.springframework.cache.interceptor.SimpleKey;
import org.springframework.aop.support.DefaultPointcutAdvisor;
import org.springframework.aop.support.annotation.AnnotationMatchingPointcut;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Role;
import org.springframework.core.Ordered;
import org.springframework.core.task.TaskDecorator;

import dev.cachestarter.RuleBreaker.Rule;
import dev.cachestarter.cache.ResilientRedisCache;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.SomeOf;
import dev.cachestarter.testing.Threads;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

/**
 * Entries near their end that a read has loaded anew in the background. Where time plays
 * a part it is written into the headers of entries.
 */
@WithRedis(local = true)
class RefreshAheadRedisTests extends AgedEntries {

	private static final CacheSettings AHEAD = TIMELESS.withTtl(Duration.ofHours(1))
		.withRefreshAhead(Duration.ofMinutes(20))
		.withStaleRetry(Duration.ofMinutes(10));

	RefreshAheadRedisTests(RedisServer redis) {
		super(redis);
	}

	@ParameterizedTest
	@SomeOf({ "PLAIN", "FUTURE", "SERVICE" })
	void aReadNearTheEndReturnsAtOnceAndLoadsInTheBackground(Way way) throws Exception {
		Shop shop = shop(AHEAD);
		shop.holdOld(way);
		Pause load = Source.pause();
		Source.version = 1;

		int found = way.call(shop);
		load.awaitReached();
		int foundMeanwhile = way.call(shop);
		load.release();

		assertThat(found).isEqualTo(0);
		assertThat(foundMeanwhile).isEqualTo(0);
		await().untilAsserted(() -> assertThat(shop.counters(way).refreshes()).isEqualTo(1));
		assertThat(way.call(shop)).isEqualTo(1);
		assertThat(Source.LOADS).hasValue(2);
		assertThat(shop.counters(way).misses()).as("the first alone").isEqualTo(1);
	}

	@ParameterizedTest
	@SomeOf({ "PLAIN", "FUTURE", "SERVICE" })
	void aFreshEntryIsLeftAlone(Way way) {
		Shop shop = shop(AHEAD);
		way.call(shop);
		await().until(() -> shop.counters(way).puts() == 1);

		way.call(shop);

		assertThat(shop.counters(way).hits()).isEqualTo(1);
		assertThat(Source.LOADS).hasValue(1);
		assertThat(EntryHeader.parse(java.util.Objects.requireNonNull(this.redis.bytes(way.key()))).claim())
			.isEqualTo(EntryHeader.NO_NONCE);
	}

	static List<Set<Rule>> claiming() {
		return List.of(Set.of(), EnumSet.of(Rule.COMPARE_ON_CLAIM));
	}

	@ParameterizedTest
	@MethodSource("claiming")
	void ofAllInstancesOneLoads(Set<Rule> broken) throws Exception {
		Shop one = shop(AHEAD, broken);
		Shop two = shop(AHEAD, broken);
		one.holdOld(Way.PLAIN);
		RuleBreaker.Gate first = one.breaker().hold(RuleBreaker.Step.CLAIM);
		RuleBreaker.Gate second = two.breaker().hold(RuleBreaker.Step.CLAIM);
		Way.PLAIN.call(one);
		Way.PLAIN.call(two);
		first.awaitReached();
		second.awaitReached();
		Pause load = Source.pause();

		first.open();
		second.open();
		load.awaitReached();
		await().until(() -> claims(one) + claims(two) == 2);
		if (!broken.isEmpty()) {
			await().until(() -> Source.LOADS.get() == 3);
		}
		load.release();

		await().until(() -> one.counters(Way.PLAIN).refreshes()
				+ two.counters(Way.PLAIN).refreshes() == (broken.isEmpty() ? 1 : 2));
		assertThat(Source.LOADS).hasValue(broken.isEmpty() ? 2 : 3);
	}

	private static long claims(Shop shop) {
		return shop.breaker().journal().stream().filter("CLAIM!"::equals).count();
	}

	static List<Set<Rule>> filling() {
		return List.of(Set.of(), EnumSet.of(Rule.COMPARE_ON_FILL));
	}

	@ParameterizedTest
	@MethodSource("filling")
	void whatWasLoadedBeforeAnEvictionIsNotStoredAfterIt(Set<Rule> broken) throws Exception {
		Shop shop = shop(AHEAD, broken);
		Shop other = shop(AHEAD);
		shop.holdOld(Way.PLAIN);
		Pause load = Source.pauseAfterReading();
		Way.PLAIN.call(shop);
		load.awaitReached();

		Source.version = 1;
		other.service().evict("t1", "1");
		load.release();

		await().until(() -> shop.counters(Way.PLAIN).refusedFills() + shop.counters(Way.PLAIN).puts() == 2);
		assertThat(Way.PLAIN.call(other)).isEqualTo(broken.isEmpty() ? 1 : 0);
	}

	@Test
	void aLoadInTheBackgroundThatFailsIsCountedAndNotTriedAgainForAWhile() {
		Shop shop = shop(AHEAD);
		shop.holdOld(Way.PLAIN);
		Source.failure = new IllegalStateException("the database is away");

		assertThat(Way.PLAIN.call(shop)).isEqualTo(0);
		await().until(() -> shop.counters(Way.PLAIN).refreshFailures() == 1);
		await().until(() -> {
			EntryHeader header = EntryHeader.parse(java.util.Objects.requireNonNull(this.redis.bytes(Way.PLAIN.key())));
			return header != null && header.isPaused()
					&& header.isClaimed(System.currentTimeMillis(), Duration.ofDays(1));
		});

		assertThat(Way.PLAIN.call(shop)).isEqualTo(0);
		assertThat(Source.LOADS).hasValue(2);
	}

	@Test
	void aClaimOfTheFutureHoldsNobodyUp() {
		Shop shop = shop(AHEAD);
		shop.holdOld(Way.PLAIN);
		this.redis.cli("SETRANGE", Way.PLAIN.key(), "23",
				"00000000deadbeef %013d".formatted(System.currentTimeMillis() + TimeUnit.HOURS.toMillis(1)));

		assertThat(Way.PLAIN.call(shop)).isEqualTo(0);

		await().untilAsserted(() -> assertThat(shop.counters(Way.PLAIN).refreshes()).isEqualTo(1));
	}

	@Test
	void unlessHoldsInTheBackgroundToo() {
		Shop shop = shop(AHEAD);
		shop.service().findUnlessSold("t1", "1");
		await().until(() -> shop.counters(Way.PLAIN).puts() == 1);
		shop.age(Way.PLAIN);
		Source.version = 99;

		Row found = shop.service().findUnlessSold("t1", "1");

		assertThat(found.version()).isEqualTo(0);
		await().until(() -> shop.counters(Way.PLAIN).refreshes() == 1);
		await().untilAsserted(() -> assertThat(this.redis.keys("rows:t1:1")).as("the source says so").isEmpty());
	}

	@Test
	void allCachesOfAMethodAreFilled() {
		Shop shop = shop(AHEAD);
		shop.service().findInBoth("t1", "1");
		await().until(() -> shop.counters(Way.PLAIN).puts() == 1 && this.redis.keys("copies:t1:1").size() == 1);
		shop.age(Way.PLAIN);
		Source.version = 1;

		shop.service().findInBoth("t1", "1");

		await().untilAsserted(() -> {
			assertThat(Way.PLAIN.call(shop)).isEqualTo(1);
			assertThat(shop.instance().cacheService().get("copies:t1:1", Row.class)).hasValue(new Row("t1", "1", 1));
		});
		assertThat(Source.LOADS).hasValue(2);
	}

	@Test
	void interceptorsOfTheMethodWorkAsInTheFirstCall() {
		Shop shop = shop(AHEAD, Set.of(), (builder) -> builder, Aspects.class);
		shop.holdOld(Way.PLAIN);
		assertThat(Aspects.CALLS).hasValue(1);

		Way.PLAIN.call(shop);

		await().until(() -> shop.counters(Way.PLAIN).refreshes() == 1);
		assertThat(Aspects.CALLS).hasValue(2);
	}

	@Test
	void theContextOfTheCallerIsCarriedOver() {
		Shop shop = shop(AHEAD, Set.of(), (builder) -> builder.refreshDecorator(new TenantDecorator()));
		shop.service().findMine("1");
		await().until(() -> shop.counters(Way.PLAIN).puts() == 1);
		shop.age(Way.PLAIN);
		Source.version = 1;

		shop.service().findMine("1");

		await().until(() -> shop.counters(Way.PLAIN).refreshes() == 1);
		assertThat(shop.service().findMine("1")).isEqualTo(new Row("t1", "1", 1));
	}

	@Test
	void ofTheSubscribersContextItsTransactionAndRequestAreNotCarriedOver() throws Exception {
		Shop shop = shop(AHEAD);
		shop.holdOld(Way.MONO);
		Class<?> transaction = Class.forName("org.springframework.transaction.reactive.TransactionContextHolder");
		String request = "org.springframework.web.filter.reactive.ServerWebExchangeContextFilter.EXCHANGE_CONTEXT";

		shop.service()
			.findReactive("t1", "1")
			.contextWrite(Context.of("tenant", "t1", transaction, "the subscriber's", request, "the subscriber's"))
			.block();

		await().until(() -> shop.counters(Way.MONO).refreshes() == 1);
		ContextView seen = Source.context;
		assertThat(seen.hasKey("tenant")).isTrue();
		assertThat(seen.hasKey(transaction)).isFalse();
		assertThat(seen.hasKey(request)).isFalse();
	}

	@Test
	void whatIsNotCarriedOverLoadsNoOthersEntry() {
		Shop shop = shop(AHEAD);
		shop.service().findMine("1");
		await().until(() -> shop.counters(Way.PLAIN).puts() == 1);
		shop.age(Way.PLAIN);
		Source.version = 1;

		shop.service().findMine("1");

		await().until(() -> shop.counters(Way.PLAIN).refreshFailures() == 1);
		assertThat(Source.LOADS).as("the method was not called").hasValue(1);
		assertThat(this.redis.keys("*")).filteredOn((key) -> key.startsWith("rows:")).containsExactly("rows:t1:1");
	}

	@Test
	void whatCannotBeRepeatedIsNotTriedAgainForAWhile() {
		Shop shop = shop(AHEAD);
		shop.service().findMine("1");
		await().until(() -> shop.counters(Way.PLAIN).puts() == 1);
		shop.age(Way.PLAIN);

		shop.service().findMine("1");
		await().until(() -> shop.counters(Way.PLAIN).refreshFailures() == 1);

		await().until(() -> {
			EntryHeader header = EntryHeader.parse(java.util.Objects.requireNonNull(this.redis.bytes(Way.PLAIN.key())));
			return header != null && header.isPaused()
					&& header.isClaimed(System.currentTimeMillis(), Duration.ofDays(1));
		});
		assertThat(shop.service().findMine("1").version()).isEqualTo(0);
		assertThat(shop.counters(Way.PLAIN).refreshFailures()).isEqualTo(1);
	}

	@Test
	void aDecoratorThatUsesACacheIsNoPartOfTheCall() {
		AtomicReference<@Nullable ResilientRedisCache> other = new AtomicReference<>();
		Shop shop = shop(AHEAD, Set.of(), (builder) -> builder.refreshDecorator((task) -> {
			java.util.Objects.requireNonNull(other.get()).get("of-the-decorator");
			return task;
		}));
		other.set(shop.instance().cache("copies"));
		shop.holdOld(Way.PLAIN);
		Source.version = 1;

		assertThat(Way.PLAIN.call(shop)).isEqualTo(0);

		await().until(() -> shop.counters(Way.PLAIN).refreshes() == 1);
		assertThat(Way.PLAIN.call(shop)).isEqualTo(1);
		assertThat(this.redis.keys("copies:*")).isEmpty();
	}

	@Test
	void whatAThreadPassesOnToNewThreadsIsNotForOthers() {
		InheritableThreadLocal<String> inherited = new InheritableThreadLocal<>();
		AtomicReference<@Nullable String> seen = new AtomicReference<>("nothing");
		Shop shop = shop(AHEAD, Set.of(), (builder) -> builder.refreshDecorator((task) -> () -> {
			seen.set(inherited.get());
			task.run();
		}));
		shop.holdOld(Way.PLAIN);
		inherited.set("the caller's");

		Way.PLAIN.call(shop);

		await().until(() -> shop.counters(Way.PLAIN).refreshes() == 1);
		assertThat(seen.get()).isNull();
	}

	@Test
	void aLoadThatOutlivesItsEntryIsWaitedForAndStored() throws Exception {
		Shop shop = shop(AHEAD.withLease(Duration.ofSeconds(20)));
		shop.holdOld(Way.PLAIN);
		this.redis.cli("PEXPIRE", "rows:t1:1", "3000");
		Pause load = Source.pause();
		Source.version = 1;
		Way.PLAIN.call(shop);
		load.awaitReached();
		this.redis.cli("SETRANGE", "rows:t1:1", "120", "%013d".formatted(System.currentTimeMillis() - 1000));

		Call<Integer> waiting = call(() -> Way.PLAIN.call(shop)).awaitWaiting();
		load.release();

		assertThat(waiting.result()).isEqualTo(1);
		assertThat(Source.LOADS).hasValue(2);
		await().untilAsserted(() -> assertThat(shop.counters(Way.PLAIN).puts()).isEqualTo(2));
	}

	@Test
	void aTaskThatIsThrownAwayDoesNotStopTheNext() {
		AtomicInteger tasks = new AtomicInteger();
		Shop shop = shop(AHEAD.withLoadLeaseLimit(Duration.ofMillis(50)), Set.of(),
				(builder) -> builder.refreshExecutor((task) -> tasks.incrementAndGet()));
		shop.holdOld(Way.PLAIN);

		await().atMost(Duration.ofMinutes(1)).until(() -> {
			Way.PLAIN.call(shop);
			return tasks.get() > 1;
		});
	}

	@Test
	void nothingIsLoadedOnTheThreadOfTheCaller() {
		Shop shop = shop(AHEAD, Set.of(), (builder) -> builder.refreshExecutor(Runnable::run));
		shop.holdOld(Way.PLAIN);

		assertThat(Way.PLAIN.call(shop)).isEqualTo(0);
		assertThat(Way.PLAIN.call(shop)).isEqualTo(0);

		assertThat(Source.LOADS).hasValue(1);
		assertThat(shop.instance().engine().background().rejected()).isEqualTo(2);
	}

	@ParameterizedTest
	@SomeOf({ "PLAIN", "FUTURE", "SERVICE" })
	void anExecutorThatThrowsAnErrorFailsNoRead(Way way) {
		Shop shop = shop(AHEAD, Set.of(), (builder) -> builder.refreshExecutor((task) -> {
			throw new NoClassDefFoundError("x");
		}));
		shop.holdOld(way);

		assertThat(way.call(shop)).isEqualTo(0);
		assertThat(way.call(shop)).isEqualTo(0);

		assertThat(shop.instance().engine().background().rejected()).isEqualTo(2);
	}

	@ParameterizedTest
	@SomeOf({ "PLAIN", "FUTURE", "SERVICE" })
	void aDecoratorThatThrowsAnErrorFailsNoRead(Way way) {
		Shop shop = shop(AHEAD, Set.of(), (builder) -> builder.refreshDecorator((task) -> {
			throw new NoClassDefFoundError("x");
		}));
		shop.holdOld(way);

		assertThat(way.call(shop)).isEqualTo(0);
	}

	@Test
	void theApplicationsExecutorIsUsed() {
		AtomicInteger tasks = new AtomicInteger();
		Executor executor = (task) -> {
			tasks.incrementAndGet();
			Thread thread = new Thread(task, "the application's");
			thread.setDaemon(true);
			thread.start();
		};
		Shop shop = shop(AHEAD, Set.of(), (builder) -> builder.refreshExecutor(executor));
		shop.holdOld(Way.PLAIN);

		Way.PLAIN.call(shop);

		await().until(() -> shop.counters(Way.PLAIN).refreshes() == 1);
		assertThat(tasks).hasValue(1);
	}

	@ParameterizedTest
	@SomeOf({ "PLAIN", "FUTURE", "SERVICE" })
	void howOftenAnEntryIsReadNearItsEndOneTaskIsQueued(Way way) {
		java.util.Queue<Runnable> tasks = new java.util.concurrent.ConcurrentLinkedQueue<>();
		Shop shop = shop(AHEAD, Set.of(), (builder) -> builder.refreshExecutor(tasks::add));
		shop.holdOld(way);

		for (int i = 0; i < 10; i++) {
			assertThat(way.call(shop)).isEqualTo(0);
		}

		assertThat(tasks).hasSize(1);
		Source.version = 1;
		new Thread(tasks.remove()).start();
		await().until(() -> shop.counters(way).refreshes() == 1);
		assertThat(way.call(shop)).isEqualTo(1);
		assertThat(tasks).isEmpty();
	}

	@Test
	void whoFindsItClaimedAsksRedisForNothing() throws Exception {
		Shop shop = shop(AHEAD);
		Shop other = shop(AHEAD);
		shop.holdOld(Way.PLAIN);
		Way.PLAIN.call(other);
		await().until(() -> other.counters(Way.PLAIN).refreshes() == 1);
		shop.age(Way.PLAIN);
		Pause load = Source.pause();
		Way.PLAIN.call(shop);
		load.awaitReached();
		long before = scripts();

		for (int i = 0; i < 10; i++) {
			Way.PLAIN.call(other);
		}

		assertThat(isClaimed("rows:t1:1")).isTrue();
		assertThat(scripts()).isEqualTo(before);
		load.release();
	}

	private long scripts() {
		return String.valueOf(this.redis.cli("INFO", "commandstats"))
			.lines()
			.filter((line) -> line.startsWith("cmdstat_eval"))
			.mapToLong((line) -> Long.parseLong(line.replaceAll(".*:calls=(\\d+),.*", "$1")))
			.sum();
	}

	@Test
	void aMethodThatDoesMoreThanLoadIsNotCalledForIt() {
		Shop shop = shop(AHEAD);
		shop.holdOld(Way.PLAIN);

		assertThat(shop.service().findAndEvict("t1", "1").version()).isEqualTo(0);

		assertThat(EntryHeader.parse(java.util.Objects.requireNonNull(this.redis.bytes("rows:t1:1"))).claim())
			.isEqualTo(EntryHeader.NO_NONCE);
		assertThat(Source.LOADS).hasValue(1);
	}

	@Test
	void aMereLookLoadsNothing() {
		Shop shop = shop(AHEAD);
		shop.holdOld(Way.PLAIN);

		assertThat(shop.instance().cache("rows").get(new SimpleKey("t1", "1"))).isNotNull();
		assertThat(shop.instance().cacheService().get("rows:t1:1", Row.class)).isPresent();

		assertThat(EntryHeader.parse(java.util.Objects.requireNonNull(this.redis.bytes("rows:t1:1"))).claim())
			.isEqualTo(EntryHeader.NO_NONCE);
	}

	@Test
	void withASteadyReaderNobodyEverWaits() {
		Shop shop = shop(AHEAD.withTtl(Duration.ofSeconds(2)).withRefreshAhead(Duration.ofSeconds(1)));
		Way.PLAIN.call(shop);
		await().until(() -> shop.counters(Way.PLAIN).puts() == 1);

		await().atMost(Duration.ofMinutes(1)).until(() -> {
			Way.PLAIN.call(shop);
			return shop.counters(Way.PLAIN).refreshes() >= 2;
		});

		assertThat(shop.counters(Way.PLAIN).misses()).as("the first alone").isEqualTo(1);
		assertThat(Source.WAITED).as("loads on the thread of a caller").hasValue(1);
	}

	@ParameterizedTest
	@SomeOf({ "PLAIN", "FUTURE", "SERVICE" })
	void automaticallyAReadNearTheEndLoadsInTheBackgroundAndOneBeforeDoesNot(Way way) {
		Shop shop = shop(AHEAD.withRefreshAhead(Duration.ZERO).withRefreshAheadAuto(true));
		shop.holdOld(way);
		Source.version = 1;
		// Not in the last sixth, whatever loads take; nor, with loads as quick as this
		// one was, before the last twentieth.
		for (int minutes : new int[] { 11, 4 }) {
			end(way.key(), Duration.ofMinutes(minutes));
			for (int i = 0; i < 20; i++) {
				assertThat(way.call(shop)).isEqualTo(0);
			}
			assertThat(isClaimed(way.key())).as(minutes + " minutes").isFalse();
		}

		end(way.key(), Duration.ofMinutes(2));

		assertThat(way.call(shop)).isEqualTo(0);
		await().untilAsserted(() -> assertThat(shop.counters(way).refreshes()).isEqualTo(1));
		assertThat(way.call(shop)).isEqualTo(1);
		assertThat(Source.LOADS).hasValue(2);
	}

	@Test
	void automaticallyWhatHasNoEndIsNeverDue() {
		Shop shop = shop(AHEAD.withRefreshAhead(Duration.ZERO).withTtl(Duration.ZERO).withRefreshAheadAuto(true));
		Way.PLAIN.call(shop);
		await().until(() -> shop.counters(Way.PLAIN).puts() == 1);

		for (int i = 0; i < 20; i++) {
			Way.PLAIN.call(shop);
		}

		assertThat(isClaimed("rows:t1:1")).isFalse();
		assertThat(Source.LOADS).hasValue(1);
	}

	@Test
	void automaticallyTheTimeOfLoadsThatFailDoesNotCount() {
		Duration life = Duration.ofMinutes(10);
		Shop shop = shop(AHEAD.withTtl(life).withRefreshAheadAuto(true));
		CacheService service = shop.instance().cacheService();
		service.getOrLoad("rows:quick", Integer.class, life, () -> 1);
		await().until(() -> shop.counters(Way.PLAIN).puts() == 1);
		assertThatIllegalStateException()
			.isThrownBy(() -> service.getOrLoad("rows:failing", Integer.class, life, () -> {
				Thread.sleep(3000);
				throw new IllegalStateException("no source");
			}));

		end("rows:quick", life, Duration.ofSeconds(34));
		service.getOrLoad("rows:quick", Integer.class, life, () -> 2);

		// Half a minute is the last twentieth, and three seconds twice make it longer.
		assertThat(isClaimed("rows:quick")).isFalse();
		end("rows:quick", life, Duration.ofSeconds(20));
		service.getOrLoad("rows:quick", Integer.class, life, () -> 2);
		await().until(() -> shop.counters(Way.PLAIN).refreshes() == 1);
	}

	private boolean isClaimed(String key) {
		return !EntryHeader.parse(java.util.Objects.requireNonNull(this.redis.bytes(key)))
			.claim()
			.equals(EntryHeader.NO_NONCE);
	}

	/** Write into an entry of an hour that it has some time left. */
	private void end(String key, Duration left) {
		end(key, Duration.ofHours(1), left);
	}

	private void end(String key, Duration life, Duration left) {
		long until = System.currentTimeMillis() + left.toMillis();
		this.redis.cli("SETRANGE", key, "106", "%013d".formatted(until - life.toMillis()));
		this.redis.cli("SETRANGE", key, "120", "%013d".formatted(until));
	}

	@Test
	void automaticallyASteadyReaderNeverWaits() {
		// Due in its last sixth: a process may stand still for 3 s.
		Duration life = Duration.ofSeconds(20);
		Shop shop = shop(AHEAD.withTtl(life).withRefreshAheadAuto(true));
		CacheService service = shop.instance().cacheService();
		AtomicInteger loads = new AtomicInteger();
		AtomicInteger waited = new AtomicInteger();
		CacheService.Loader<Integer, InterruptedException> slow = () -> {
			waited.addAndGet(Thread.currentThread().getName().startsWith("cache-starter-refresh-") ? 0 : 1);
			Thread.sleep(300);
			return loads.incrementAndGet();
		};

		await().atMost(Duration.ofMinutes(2))
			.pollInterval(Duration.ofMillis(50))
			.until(() -> java.util.Objects
				.requireNonNull(service.getOrLoad("rows:steady", Integer.class, life, slow)) == 2);

		assertThat(waited).as("the first alone").hasValue(1);
	}

	@Test
	void anEndInTheMiddleOfALoadInTheBackgroundIsQuick() throws Exception {
		Shop shop = shop(AHEAD);
		shop.holdOld(Way.PLAIN);
		Pause load = Source.pause();
		Way.PLAIN.call(shop);
		load.awaitReached();

		CompletableFuture<Void> closed = CompletableFuture.runAsync(shop.instance()::close, Threads.OWN);

		assertThat(closed).succeedsWithin(Duration.ofSeconds(10));
	}

	private static final class TenantDecorator implements TaskDecorator {

		@Override
		public Runnable decorate(Runnable task) {
			String tenant = TENANT.get();
			return () -> {
				TENANT.set(tenant);
				try {
					task.run();
				}
				finally {
					TENANT.remove();
				}
			};
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Aspects {

		static final AtomicInteger CALLS = new AtomicInteger();

		@Bean
		@Role(BeanDefinition.ROLE_INFRASTRUCTURE)
		static DefaultPointcutAdvisor innerAdvisor() {
			CALLS.set(0);
			MethodInterceptor counting = (invocation) -> {
				CALLS.incrementAndGet();
				return invocation.proceed();
			};
			DefaultPointcutAdvisor advisor = new DefaultPointcutAdvisor(
					AnnotationMatchingPointcut.forMethodAnnotation(Cacheable.class), counting);
			advisor.setOrder(Ordered.LOWEST_PRECEDENCE);
			return advisor;
		}

	}

}
