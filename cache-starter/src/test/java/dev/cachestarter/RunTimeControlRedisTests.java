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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cache.annotation.CacheConfig;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.transaction.support.TransactionTemplate;

import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Transactions;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

/**
 * What is changed at run time, in two instances on a real server: {@code here} is told,
 * and {@code there} goes on as configured.
 */
@WithRedis(local = true)
@ExtendWith(OutputCaptureExtension.class)
class RunTimeControlRedisTests {

	private static final CacheSettings SETTINGS = CacheSettings.defaults()
		.withTtl(Duration.ofHours(1))
		.withTtlJitter(0)
		.withNullTtl(Duration.ofMinutes(2))
		.withLoadWait(Duration.ofMinutes(1));

	private static final CacheControl OFF = CacheControl.asConfigured().withEnabled(false);

	private static final CacheControl ON = CacheControl.asConfigured();

	/** What the source has. */
	private static final AtomicInteger SOURCE = new AtomicInteger();

	private static final AtomicInteger LOADS = new AtomicInteger();

	private final RedisServer redis;

	private final List<TestInstance<Items>> instances = new ArrayList<>();

	private final TestInstance<Items> here;

	private final TestInstance<Items> there;

	private final CompletableFuture<Void> goOn = new CompletableFuture<>();

	RunTimeControlRedisTests(RedisServer redis) {
		this.redis = redis;
		redis.flushAll();
		SOURCE.set(1);
		LOADS.set(0);
		Items.begun = null;
		this.here = instance((builder) -> {
		});
		this.there = instance((builder) -> {
		});
	}

	private TestInstance<Items> instance(Consumer<ResilientRedisCacheManager.Builder> more) {
		TestInstance<Items> made = TestInstance.of(Items.class, this.redis.host(), this.redis.port(), (builder) -> {
			TestInstance.patient(builder);
			builder.cache("items", SETTINGS).cache("others", SETTINGS);
			more.accept(builder);
		}).awaitUp();
		this.instances.add(made);
		return made;
	}

	@AfterEach
	void close() {
		this.goOn.complete(null);
		this.instances.forEach(TestInstance::close);
	}

	@ParameterizedTest
	@EnumSource
	void whileACacheIsOffEveryCallOfEveryKindRunsItsMethodAndLeavesRedisAlone(Way way) {
		way.call(this.there, "a");
		String stored = entry(way.key("a"));
		control(OFF);
		long commands = commands();

		for (int i = 2; i < 5; i++) {
			SOURCE.set(i);
			assertThat(way.call(this.here, "a")).isEqualTo(i);
		}

		assertThat(LOADS).hasValue(4);
		assertThat(commands()).as("commands for keys").isEqualTo(commands);
		assertThat(entry(way.key("a"))).isEqualTo(stored);
		assertThat(way.call(this.there, "a")).as("goes on as configured").isEqualTo(1);
		control(ON);
		assertThat(way.call(this.here, "a")).isEqualTo(1);
	}

	@ParameterizedTest
	@EnumSource
	void aCacheThatIsOffTakesEvictionsSoThatNothingIsStaleWhenItIsOnAgain(Change change) {
		this.here.service().find("a");
		await().until(() -> isStored("a"));
		control(OFF);
		SOURCE.set(2);

		change.make(this.here, "a");

		assertThat(this.there.service().find("a")).isEqualTo(2);
		SOURCE.set(3);
		change.make(this.here, "a");
		control(ON);
		assertThat(this.here.service().find("a")).isEqualTo(3);
	}

	@Test
	void aLoadThatBeganElsewhereBeforeAPutHereIsNotStored() throws Exception {
		control(OFF);
		CountDownLatch begun = new CountDownLatch(1);
		Items.begun = (id) -> {
			begun.countDown();
			this.goOn.join();
		};
		CompletableFuture<Integer> loading = CompletableFuture.supplyAsync(() -> this.there.service().find("a"));
		begun.await();
		Items.begun = null;
		SOURCE.set(2);

		this.here.service().put("a");
		this.goOn.complete(null);

		assertThat(loading.join()).isEqualTo(1);
		control(ON);
		assertThat(this.here.service().find("a")).isEqualTo(2);
		assertThat(this.there.service().find("a")).isEqualTo(2);
	}

	/** Nothing that was read tells of the eviction in between. */
	@ParameterizedTest
	@EnumSource
	void callersDoNotShareALoadThatBeganBeforeAnEvictionElsewhere(Way way) throws Exception {
		control(OFF);
		CountDownLatch begun = new CountDownLatch(1);
		Items.begun = (id) -> {
			begun.countDown();
			this.goOn.join();
		};
		CompletableFuture<Integer> first = CompletableFuture.supplyAsync(() -> way.call(this.here, "a"));
		begun.await();
		Items.begun = null;
		SOURCE.set(2);
		this.there.service().changed("a");

		CompletableFuture<Integer> second = CompletableFuture.supplyAsync(() -> way.call(this.here, "a"));

		assertThat(second).as("although the first load is still under way")
			.succeedsWithin(Duration.ofSeconds(40))
			.isEqualTo(2);
		this.goOn.complete(null);
		assertThat(first.join()).isEqualTo(1);
	}

	@Test
	void aLoadThatIsUnderWayIsHandedOverButNotStored() throws Exception {
		CountDownLatch begun = new CountDownLatch(1);
		Items.begun = (id) -> {
			begun.countDown();
			this.goOn.join();
		};
		CompletableFuture<Integer> leader = CompletableFuture.supplyAsync(() -> this.here.service().find("a"));
		begun.await();
		Items.begun = null;

		control(OFF);
		this.goOn.complete(null);

		assertThat(leader.join()).isEqualTo(1);
		await().untilAsserted(() -> assertThat(isStored("a")).isFalse());
		assertThat(this.there.service().find("a")).as("nobody waits for the lease").isEqualTo(1);
		assertThat(this.here.counters("items").puts()).isZero();
		assertThat(LOADS).hasValue(2);
	}

	@Test
	void whatATransactionPutsWhileTheCacheIsOffEvictsAtTheCommit() {
		this.here.service().find("a");
		await().until(() -> isStored("a"));
		TransactionTemplate transactions = new TransactionTemplate(new Transactions());

		transactions.executeWithoutResult((status) -> {
			SOURCE.set(2);
			this.here.service().put("a");
			this.here.cache("items").put("b", 2);
			control(OFF);
		});

		assertThat(isStored("a")).isFalse();
		assertThat(isStored("b")).isFalse();
		transactions.executeWithoutResult((status) -> {
			SOURCE.set(3);
			this.here.service().put("a");
			assertThat(this.here.service().find("a")).isEqualTo(3);
			control(ON);
		});
		assertThat(this.there.service().find("a")).isEqualTo(3);
	}

	@Test
	void putIfAbsentStoresNothingAndAnswersAsIfItHad() {
		control(OFF);

		assertThat(this.here.cache("items").putIfAbsent("a", 1)).isNull();
		assertThat(isStored("a")).isFalse();
		this.there.cache("items").put("a", 2);
		assertThat(this.here.cache("items").putIfAbsent("a", 1)).isNull();

		assertThat(this.there.service().find("a")).isEqualTo(2);
	}

	@ParameterizedTest
	@EnumSource
	void callsThatBypassRunTheirMethodAndStoreNothing(Way way) {
		way.call(this.there, "a");
		String stored = entry(way.key("a"));
		control(ON.withBypass(1));
		SOURCE.set(2);

		assertThat(way.call(this.here, "a")).isEqualTo(2);
		assertThat(way.call(this.here, "b")).isEqualTo(2);

		assertThat(entry(way.key("a"))).isEqualTo(stored);
		assertThat(isStored(way.key("b"))).isFalse();
	}

	@Test
	void whatIsPutIsStoredWhoeverBypasses() {
		control(ON.withBypass(1));

		this.here.service().put("a");
		this.here.cache("items").put("b", 7);
		SOURCE.set(2);

		assertThat(this.there.service().find("a")).isEqualTo(1);
		assertThat(this.there.service().find("b")).isEqualTo(7);
	}

	@Test
	void aShareOfTheCallsBypassesAndABatchIsOneCall() {
		List<String> keys = IntStream.range(0, 40).mapToObj((i) -> "items:" + i).toList();
		load(this.here, keys);
		await().until(() -> this.redis.keys("items:*").size() == 40);
		control(ON.withBypass(0.5));

		List<Integer> loaded = IntStream.range(0, 60).mapToObj((i) -> load(this.here, keys)).toList();

		assertThat(loaded).containsOnly(0, 40);
		LOADS.set(0);
		IntStream.range(0, 1000).forEach((i) -> this.here.service().find("0"));
		assertThat(LOADS.get()).isBetween(350, 650);
	}

	@Test
	void aTtlHoldsForWhatIsStoredFromNowOnAndLimitsWhatMethodsAndCallsState() {
		Items items = this.here.service();
		items.find("before");
		assertThat(ttl("before")).isGreaterThan(Duration.ofMinutes(50));
		control(ON.withTtl(Duration.ofMinutes(5)));

		items.find("a");
		items.put("b");
		items.forADay("c");
		items.forAMinute("d");
		this.here.cacheService().set("items:e", 1, Duration.ofHours(2));
		this.here.cacheService().set("items:f", 1);
		this.here.cacheService().set("items:g", 1, Duration.ofMinutes(1));

		assertThat(List.of("a", "b", "c", "e", "f"))
			.allSatisfy((key) -> assertThat(ttl(key)).isBetween(Duration.ofMinutes(4), Duration.ofMinutes(5)));
		assertThat(List.of("d", "g")).allSatisfy((key) -> assertThat(ttl(key)).isLessThan(Duration.ofMinutes(1)));
		assertThat(ttl("before")).as("keeps its own").isGreaterThan(Duration.ofMinutes(50));
		assertThat(this.here.cache("items").getSettings().ttl()).hasMinutes(5);
		assertThat(this.here.manager().getSettings("items").ttl()).as("configured").hasHours(1);
		control(ON);
		items.find("h");
		assertThat(ttl("h")).isGreaterThan(Duration.ofMinutes(50));
	}

	@Test
	void aTtlLimitsAPolicyAndNullsAndMayBeEndless() {
		TestInstance<Items> third = instance((builder) -> builder
			.ttlPolicy((cache, key, value) -> key.equals("policy") ? Duration.ofHours(3) : null));
		third.cacheService().setControl("items", ON.withTtl(Duration.ofMinutes(1)));

		third.service().find("policy");
		third.service().find("null");
		assertThat(ttl("policy")).isLessThanOrEqualTo(Duration.ofMinutes(1));
		assertThat(ttl("null")).isLessThanOrEqualTo(Duration.ofMinutes(1));
		third.cacheService().setControl("items", ON.withTtl(Duration.ZERO));
		third.service().find("endless");
		third.service().find("null-2");

		await().untilAsserted(() -> assertThat(pttl("endless")).isEqualTo(-1));
		assertThat(ttl("null-2")).isBetween(Duration.ofSeconds(90), Duration.ofMinutes(2));
	}

	@Test
	void otherCachesAndInstancesAreNotConcerned() {
		control(OFF);

		this.here.service().other("a");
		this.there.service().find("a");

		await().until(() -> isStored("a") && this.redis.keys("others:a").size() == 1);
		assertThat(this.there.cacheService().getControl("items")).isEqualTo(ON);
		assertThat(this.here.cacheService().getControl("items")).isEqualTo(OFF);
		assertThat(this.here.cacheService().getControl("others")).isEqualTo(ON);
	}

	@Test
	void changesAreLoggedOnceAndWhatChangesNothingIsNot(CapturedOutput output) {
		control(OFF.withTtl(Duration.ofSeconds(90)).withBypass(0.25));
		control(OFF.withTtl(Duration.ofSeconds(90)).withBypass(0.25));
		control(ON);

		assertThat(output.getAll()
			.lines()
			.filter((line) -> line.contains("Cache CONTROL"))
			.map((line) -> line.substring(line.indexOf("Cache CONTROL")))).containsExactly(
					"Cache CONTROL - items (now: switched off, ttl 1m30s, bypassed for 0.25 of the calls, by: the application)",
					"Cache CONTROL - items (now: as configured, by: the application)");
	}

	@Test
	void whatCannotBeMeantIsRefusedWithTheCure() {
		CacheService service = this.here.cacheService();

		assertThatIllegalArgumentException().isThrownBy(() -> service.setControl("item", OFF))
			.withMessage("No cache has the name 'item': name one of [items, others]");
		assertThatIllegalArgumentException().isThrownBy(() -> service.getControl(""));
		assertThatIllegalArgumentException().isThrownBy(() -> ON.withBypass(1.01))
			.withMessage("'bypass' cannot be 1.01: set it to a share of the calls from 0 to 1, such as 0.1");
		assertThatIllegalArgumentException().isThrownBy(() -> ON.withBypass(Double.NaN));
		assertThatIllegalArgumentException().isThrownBy(() -> ON.withTtl(Duration.ofSeconds(-1)))
			.withMessageContaining("'ttl' cannot be -1s: set it to 0, or a duration of at least 1ms");
		assertThat(this.here.manager().getCacheNames()).doesNotContain("item");
	}

	private void control(CacheControl control) {
		this.here.cacheService().setControl("items", control);
	}

	/** Return how many were loaded. */
	private static int load(TestInstance<Items> instance, List<String> keys) {
		AtomicInteger loaded = new AtomicInteger();
		instance.cacheService().getAll(keys, Integer.class, (missing) -> {
			loaded.set(missing.size());
			return missing.stream().collect(Collectors.toMap((key) -> key, (key) -> 1));
		});
		return loaded.get();
	}

	private String entry(String key) {
		await().until(() -> isStored(key));
		return Objects.requireNonNull(this.redis.cli("GET", "items:" + key)).toString();
	}

	private boolean isStored(String key) {
		long ttl = pttl(key);
		return ttl == -1 || ttl > 2500;
	}

	/** Return the TTL of a value. That of a lease is shorter than any here. */
	private Duration ttl(String key) {
		await().until(() -> pttl(key) > 2500);
		return Duration.ofMillis(pttl(key));
	}

	private long pttl(String key) {
		return Long.parseLong(String.valueOf(this.redis.cli("PTTL", "items:" + key)));
	}

	/** How many commands the server has had that caches of ours send for keys. */
	private long commands() {
		return String.valueOf(this.redis.cli("INFO", "commandstats"))
			.lines()
			.filter((line) -> line.matches("cmdstat_(mget|get|set|evalsha|eval|unlink):.*"))
			.mapToLong((line) -> Long.parseLong(line.replaceAll(".*:calls=(\\d+),.*", "$1")))
			.sum();
	}

	enum Way {

		PLAIN((instance, id) -> instance.service().find(id)),

		SYNC((instance, id) -> instance.service().sync(id)),

		FUTURE((instance, id) -> instance.service().future(id).join()),

		SYNC_FUTURE((instance, id) -> instance.service().syncFuture(id).join()),

		MONO((instance, id) -> Objects.requireNonNull(instance.service().mono(id).block())),

		FLUX((instance, id) -> Objects.requireNonNull(instance.service().flux(id).blockFirst())),

		LOADER((instance, id) -> Objects.requireNonNull(
				instance.cache("items").get(id, () -> Objects.requireNonNull(instance.service().load(id))))),

		SERVICE((instance,
				id) -> Objects.requireNonNull(instance.cacheService()
					.getOrLoad("items:" + id, Integer.class, Duration.ofHours(1), () -> instance.service().load(id)))),

		BATCH((instance,
				id) -> Objects.requireNonNull(instance.cacheService()
					.getAll(List.of("items:" + id), Integer.class,
							(keys) -> Map.of("items:" + id, Objects.requireNonNull(instance.service().load(id))))
					.get("items:" + id)));

		private final BiFunction<TestInstance<Items>, String, Integer> call;

		Way(BiFunction<TestInstance<Items>, String, Integer> call) {
			this.call = call;
		}

		int call(TestInstance<Items> instance, String id) {
			return this.call.apply(instance, id);
		}

		/** A list has another type. */
		String key(String id) {
			return (this == FLUX) ? "flux-" + id : id;
		}

	}

	enum Change {

		EVICT((instance, id) -> {
			instance.service().changed(id);
			return null;
		}),

		PUT((instance, id) -> instance.service().put(id)),

		PUT_FUTURE((instance, id) -> instance.service().putFuture(id).join()),

		PUT_MONO((instance, id) -> instance.service().putMono(id).block()),

		BY_HAND((instance, id) -> {
			instance.cache("items").put(id, SOURCE.get());
			return null;
		}),

		SERVICE((instance, id) -> {
			instance.cacheService().set("items:" + id, SOURCE.get());
			return null;
		});

		private final BiFunction<TestInstance<Items>, String, @Nullable Object> change;

		Change(BiFunction<TestInstance<Items>, String, @Nullable Object> change) {
			this.change = change;
		}

		void make(TestInstance<Items> instance, String id) {
			this.change.apply(instance, id);
		}

	}

	@CacheConfig(cacheNames = "items")
	static class Items {

		static volatile @Nullable Consumer<String> begun;

		@Cacheable
		public @Nullable Integer find(String id) {
			return load(id);
		}

		@Cacheable(sync = true)
		public @Nullable Integer sync(String id) {
			return load(id);
		}

		@Cacheable
		public CompletableFuture<@Nullable Integer> future(String id) {
			return CompletableFuture.supplyAsync(() -> load(id));
		}

		@Cacheable(sync = true)
		public CompletableFuture<@Nullable Integer> syncFuture(String id) {
			return CompletableFuture.supplyAsync(() -> load(id));
		}

		@Cacheable
		public Mono<Integer> mono(String id) {
			return Mono.fromCallable(() -> load(id));
		}

		@Cacheable(key = "'flux-' + #id")
		public Flux<Integer> flux(String id) {
			return Flux.defer(() -> Flux.just(Objects.requireNonNull(load(id))));
		}

		@Cacheable
		@CacheTtl("1d")
		public @Nullable Integer forADay(String id) {
			return load(id);
		}

		@Cacheable
		@CacheTtl("55s")
		public @Nullable Integer forAMinute(String id) {
			return load(id);
		}

		@Cacheable("others")
		public @Nullable Integer other(String id) {
			return load(id);
		}

		@CacheEvict
		public void changed(String id) {
		}

		@CachePut
		public @Nullable Integer put(String id) {
			return SOURCE.get();
		}

		@CachePut
		public CompletableFuture<Integer> putFuture(String id) {
			return CompletableFuture.supplyAsync(SOURCE::get);
		}

		@CachePut
		public Mono<Integer> putMono(String id) {
			return Mono.fromCallable(SOURCE::get);
		}

		@Nullable Integer load(String id) {
			LOADS.incrementAndGet();
			int read = SOURCE.get();
			Consumer<String> listener = begun;
			if (listener != null) {
				listener.accept(id);
			}
			return id.startsWith("null") ? null : read;
		}

	}

}
