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

package dev.cachestarter.metrics;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Collectors;

import com.sun.management.ThreadMXBean;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.config.MeterFilterReply;
import io.micrometer.core.instrument.search.RequiredSearch;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.cache.Cache;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.util.unit.DataSize;

import dev.cachestarter.CacheService;
import dev.cachestarter.CacheSettings;
import dev.cachestarter.CacheSnapshot;
import dev.cachestarter.TestInstance;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.testing.FaultProxy;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Threads;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

/**
 * Meters of what happens: each thing once, and nothing that did not.
 */
@WithRedis(local = true)
class CacheStarterMetricsRedisTests {

	private static final Duration LONG = Duration.ofMinutes(1);

	private final RedisServer redis;

	private final MeterRegistry registry = new SimpleMeterRegistry();

	private @Nullable TestInstance<Shop> instance;

	private @Nullable CacheStarterMetrics metrics;

	CacheStarterMetricsRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@AfterEach
	void close() {
		if (this.metrics != null) {
			this.metrics.close();
		}
		if (this.instance != null) {
			this.instance.close();
		}
	}

	@Test
	void aScriptOfCallsIsCountedAsItHappened() {
		Shop shop = shop(CacheSettings.defaults());

		shop.find("1");
		awaitStored("shop:1");
		shop.find("1");
		shop.find("1");
		shop.evict("1");
		shop.find("1");
		shop.put("2");
		shop.find("2");

		assertThat(reads("shop")).isEqualTo(Map.of("hit", 3L, "miss", 2L));
		assertThat(timer("wait", "cache", "shop", "outcome", "load").count()).isEqualTo(2);
		assertThat(timer("load", "cache", "shop", "kind", "call", "outcome", "success").count()).isEqualTo(2);
		assertThat(counters("shop").hits()).isEqualTo(3);
		assertThat(counters("shop").misses()).isEqualTo(2);
		assertThat(counters("shop").removals()).isEqualTo(1);
		assertThat(counter("evictions", "kind", "key", "outcome", "taken")).isEqualTo(1);
		await().untilAsserted(() -> assertThat(counters("shop").puts()).isEqualTo(3));
	}

	@Test
	void everyKindOfMethodIsMeasuredAlike() throws Exception {
		Shop shop = shop(CacheSettings.defaults());

		for (int call = 0; call < 2; call++) {
			shop.future("1").get();
			shop.mono("1").block();
			shop.flux("1").collectList().block();
			shop.sync("1");
			Objects.requireNonNull(service()).getOrLoad("loader:1", String.class, Duration.ofMinutes(1), () -> "x");
			List.of("futures:1", "monos:1", "fluxes:1", "syncs:1").forEach(this::awaitStored);
		}

		for (String cache : List.of("futures", "monos", "fluxes", "syncs")) {
			assertThat(reads(cache)).as(cache).isEqualTo(Map.of("hit", 1L, "miss", 1L));
			assertThat(timer("wait", "cache", cache, "outcome", "load").count()).as(cache).isEqualTo(1);
			assertThat(timer("load", "cache", cache, "kind", "call", "outcome", "success").count()).as(cache)
				.isEqualTo(1);
		}
	}

	@Test
	void aSharedLoadIsOneLoadAndNoHit() throws Exception {
		Shop shop = shop(CacheSettings.defaults().withLoadWait(LONG));
		CountDownLatch release = shop.hold();
		CompletableFuture<String> first = CompletableFuture.supplyAsync(() -> shop.find("1"), Threads.OWN);
		await().until(() -> shop.loads() == 1);
		CompletableFuture<String> second = CompletableFuture.supplyAsync(() -> shop.find("1"), Threads.OWN);
		await().until(() -> counters("shop").misses() == 2);

		release.countDown();

		assertThat(second.get()).isEqualTo(first.get());
		assertThat(reads("shop")).isEqualTo(Map.of("miss", 2L));
		assertThat(timer("wait", "cache", "shop", "outcome", "load").count()).isEqualTo(1);
		assertThat(timer("wait", "cache", "shop", "outcome", "value").count()).isEqualTo(1);
		assertThat(timer("load", "cache", "shop", "kind", "call", "outcome", "success").count()).isEqualTo(1);
		assertThat(counter("loads.shared", "cache", "shop")).isEqualTo(1);
	}

	@Test
	void aFailedLoadIsMeasuredAsOne() {
		Shop shop = shop(CacheSettings.defaults());

		assertThatThrownBy(() -> shop.find("bad")).isInstanceOf(IllegalStateException.class);
		assertThatThrownBy(() -> shop.future("bad").get()).hasRootCauseInstanceOf(IllegalStateException.class);
		assertThatThrownBy(() -> shop.mono("bad").block()).isInstanceOf(IllegalStateException.class);
		assertThatThrownBy(() -> shop.sync("bad")).isInstanceOf(IllegalStateException.class);

		for (String cache : List.of("shop", "futures", "monos", "syncs")) {
			assertThat(timer("load", "cache", cache, "kind", "call", "outcome", "failure").count()).as(cache)
				.isEqualTo(1);
		}
	}

	@Test
	void aLoadInTheBackgroundIsTold() {
		Shop shop = shop(CacheSettings.defaults()
			.withTtl(Duration.ofSeconds(4))
			.withTtlJitter(0)
			.withRefreshAhead(Duration.ofSeconds(2)));
		shop.find("1");

		await().atMost(LONG).until(() -> {
			shop.find("1");
			return counter("refreshes", "cache", "shop", "outcome", "success") > 0;
		});

		assertThat(timer("load", "cache", "shop", "kind", "background", "outcome", "success").count()).isPositive();
		assertThat(reads("shop").get("hit")).isPositive();
	}

	@Test
	void aStaleValueThatServesAtOnceIsNoOrdinaryHit() {
		Shop shop = shop(CacheSettings.defaults()
			.withTtl(Duration.ofMillis(50))
			.withTtlJitter(0)
			.withStaleIfError(Duration.ofHours(1))
			.withStaleRetry(Duration.ofMinutes(10)));
		shop.find("1");
		awaitStored("shop:1");
		await().pollDelay(Duration.ofMillis(100)).until(() -> true);
		shop.fail();

		shop.find("1");
		await().atMost(LONG).untilAsserted(() -> {
			shop.find("1");
			assertThat(reads("shop")).containsKey("stale");
		});

		assertThat(counter("stale.served", "cache", "shop")).isGreaterThanOrEqualTo(2);
	}

	@Test
	void metersCostAHitNextToNoMemory() {
		Shop shop = shop(CacheSettings.defaults());
		CacheStarterMetrics metrics = Objects.requireNonNull(this.metrics);
		shop.find("1");
		awaitStored("shop:1");
		allocated(shop);

		long measured = allocated(shop);
		metrics.close();
		long plain = allocated(shop);

		System.out.printf("A hit allocates %d bytes, and %d with meters%n", plain, measured);
		assertThat(counters("shop").misses()).isEqualTo(1);
		assertThat(measured - plain).isLessThan(400);
	}

	/** What a hit allocates on the thread of its caller, in bytes. */
	private static long allocated(Shop shop) {
		ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
		long before = threads.getCurrentThreadAllocatedBytes();
		for (int i = 0; i < 2000; i++) {
			shop.find("1");
		}
		return (threads.getCurrentThreadAllocatedBytes() - before) / 2000;
	}

	@Test
	void sweepsAreCountedAndWhatTheyRemove() {
		Shop shop = shop(CacheSettings.defaults());
		for (int i = 0; i < 5; i++) {
			shop.find("row-" + i);
			awaitStored("shop:row-" + i);
		}

		shop.evictAll();

		await().atMost(LONG).until(() -> counter("sweeps.removed") == 5);
		await().atMost(LONG).until(() -> counter("sweeps") > 0);
		assertThat(counter("sweeps")).isLessThan(5);
		assertThat(counter("evictions", "kind", "cache", "outcome", "taken")).isEqualTo(1);
	}

	@Test
	void putIfAbsentIsNoRead() {
		shop(CacheSettings.defaults());
		Cache cache = instance().cache("shop");

		cache.putIfAbsent("1", "x");
		cache.putIfAbsent("1", "y");

		assertThat(reads("shop")).isEmpty();
		assertThat(counters("shop").hits() + counters("shop").misses()).isZero();
		assertThat(counters("shop").puts()).isEqualTo(1);
	}

	@Test
	void sizesAreMeasuredBeforeAndAfterCompression() {
		Shop shop = shop(CacheSettings.defaults().withCompressAbove(DataSize.ofBytes(100)));

		shop.find("x".repeat(200));
		await().untilAsserted(() -> assertThat(size("plain").count()).isEqualTo(1));

		assertThat(size("plain").totalAmount()).isGreaterThan(200);
		assertThat(size("stored").totalAmount()).isLessThan(150);
		assertThat(size("plain").getId().getBaseUnit()).isEqualTo("bytes");
	}

	@Test
	void operationsOfRedisAreToldByKindAndOutcome() {
		Shop shop = shop(CacheSettings.defaults());

		shop.find("1");
		awaitStored("shop:1");
		shop.evict("1");
		this.redis.cli("CONFIG", "SET", "maxmemory", "1");
		shop.find("1");
		this.redis.cli("CONFIG", "SET", "maxmemory", "0");

		for (String kind : List.of("read", "lease", "fill", "evict")) {
			assertThat(redis(kind, "success")).as(kind).isPositive();
		}
		assertThat(redis("lease", "refused") + redis("generation", "refused")).isPositive();
		assertThat(redis("read", "refused")).isZero();
		assertThat(timer("redis", "kind", "read", "outcome", "success").totalTime(TimeUnit.NANOSECONDS)).isPositive();
	}

	@Test
	void anOutageShows() {
		try (FaultProxy proxy = FaultProxy.inFrontOf(this.redis)) {
			start(proxy.host(), proxy.port(), (builder) -> builder.commandTimeout(Duration.ofMillis(250)));
			Shop shop = instance().service();
			shop.find("1");
			awaitStored("shop:1");
			assertThat(link()).isEqualTo(1);

			proxy.blackhole();
			shop.find("1");
			await().atMost(LONG).until(() -> link() == 0);
			shop.evict("1");
			shop.find("1");

			assertThat(reads("shop").get("unanswered")).isPositive();
			assertThat(reads("shop").get("bypassed")).isEqualTo(1);
			assertThat(counter("failures", "cache", "shop")).isPositive();
			assertThat(counter("evictions", "kind", "key", "outcome", "deferred")).isEqualTo(1);
			assertThat(gauge("evictions.pending")).isEqualTo(1);
			assertThat(gauge("link", "kind", "unreachable")).isEqualTo(1);
			await().atMost(LONG).until(() -> get("evictions.pending.age").timeGauge().value(TimeUnit.SECONDS) > 0);
			await().atMost(LONG)
				.until(() -> redis("read", "timeout") + redis("read", "lost") + redis("renew", "lost") > 0);
			proxy.pass();
			await().atMost(LONG).until(() -> link() == 1 && gauge("evictions.pending") == 0);
			assertThat(counter("evictions.replayed")).isEqualTo(1);
		}
	}

	@Test
	void aCacheThatIsMadeLaterHasItsMetersAtOnce() {
		shop(CacheSettings.defaults());

		Cache cache = instance().cache("made later");
		cache.get("1");

		assertThat(reads("made later")).isEqualTo(Map.of("miss", 1L));
	}

	@Test
	void keysOfNoCacheShareATagOnceThereAreAny() {
		shop(CacheSettings.defaults());
		assertThat(caches()).doesNotContain(CacheSnapshot.NO_CACHE);

		Objects.requireNonNull(service()).get("nothing", String.class);

		assertThat(reads(CacheSnapshot.NO_CACHE)).isEqualTo(Map.of("miss", 1L));
	}

	@Test
	void thousandsOfCachesDoNotMakeThousandsOfTags() {
		shop(CacheSettings.defaults());

		for (int number = 0; number < 520; number++) {
			instance().cache("cache" + number).get("1");
		}

		assertThat(caches()).hasSize(501)
			.contains(CacheStarterMetrics.OTHER_CACHES, "cache1")
			.doesNotContain("cache519");
		assertThat(reads(CacheStarterMetrics.OTHER_CACHES)).isEqualTo(Map.of("miss", 20L + alreadyThere()));
	}

	/** How many of the first 500 had no read. */
	private long alreadyThere() {
		Set<String> read = this.registry.find("cache.starter.read")
			.timers()
			.stream()
			.filter((timer) -> timer.count() > 0)
			.map((timer) -> String.valueOf(timer.getId().getTag("cache")))
			.collect(Collectors.toSet());
		return caches().stream().filter((name) -> !read.contains(name)).count();
	}

	@Test
	void noTagIsAKeyATenantOrAnExpression() {
		Shop shop = shop(CacheSettings.defaults());
		shop.find("tenant-7");
		shop.evict("tenant-7");

		assertThat(this.registry.getMeters()).isNotEmpty()
			.allSatisfy((meter) -> assertThat(meter.getId().getTags()).allSatisfy((tag) -> {
				assertThat(tag.getKey()).isIn("cache", "cache.manager", "kind", "mode", "outcome");
				assertThat(tag.getValue()).doesNotContain("tenant-7");
			}));
	}

	@Test
	void everyMeterHasADescriptionAndTheNameOfTheStarter() {
		shop(CacheSettings.defaults()).find("1");

		assertThat(this.registry.getMeters()).isNotEmpty().allSatisfy((meter) -> {
			assertThat(meter.getId().getName()).startsWith("cache.starter.");
			assertThat(meter.getId().getDescription()).isNotBlank();
		});
	}

	@Test
	void twoManagersWithTheSameNamesAreToldApart() {
		shop(CacheSettings.defaults());
		instance().cache("shop");
		try (TestInstance<Shop> other = start(this.redis.host(), this.redis.port());
				CacheStarterMetrics others = new CacheStarterMetrics(other.manager(), "cacheManager")) {
			others.bindTo(this.registry);
			other.service().find("1");

			assertThat(reads("shop")).isEmpty();
			assertThat(this.registry.get("cache.starter.read")
				.tags("cache.manager", "cacheManager-2", "cache", "shop", "outcome", "miss")
				.timer()
				.count()).isEqualTo(1);
		}
		assertThat(this.registry.find("cache.starter.read").tag("cache.manager", "cacheManager-2").meters()).isEmpty();
		assertThat(this.registry.find("cache.starter.read").tag("cache.manager", "cacheManager").meters()).isNotEmpty();
	}

	@Test
	void metersGoWithTheirManager() {
		Shop shop = shop(CacheSettings.defaults());
		shop.find("1");

		Objects.requireNonNull(this.metrics).close();
		instance().cache("made later").get("1");
		shop.find("2");

		assertThat(this.registry.getMeters()).isEmpty();
	}

	@Test
	void bindingTwiceIsBindingOnce() {
		shop(CacheSettings.defaults());

		Objects.requireNonNull(this.metrics).bindTo(this.registry);
		instance().service().find("1");

		assertThat(reads("shop")).isEqualTo(Map.of("miss", 1L));
	}

	@Test
	void twoRegistriesAreTold() {
		MeterRegistry second = new SimpleMeterRegistry();
		Shop shop = shop(CacheSettings.defaults());
		Objects.requireNonNull(this.metrics).bindTo(second);

		shop.find("1");

		assertThat(second.get("cache.starter.read").tags("cache", "shop", "outcome", "miss").timer().count())
			.isEqualTo(1);
		assertThat(reads("shop")).isEqualTo(Map.of("miss", 1L));
		assertThat(redis("read", "success")).isPositive();
	}

	@Test
	void aRegistryThatThrowsHarmsNoCall() {
		this.registry.config().meterFilter(new MeterFilter() {

			@Override
			public MeterFilterReply accept(Meter.Id id) {
				if ("shop".equals(id.getTag("cache"))) {
					throw new IllegalStateException("a filter of the application's");
				}
				return MeterFilterReply.NEUTRAL;
			}

		});
		Shop shop = shop(CacheSettings.defaults());

		assertThat(shop.find("1")).isEqualTo("1");
		awaitStored("shop:1");
		assertThat(shop.find("1")).isEqualTo("1");
		assertThat(shop.loads()).isEqualTo(1);
	}

	private Shop shop(CacheSettings settings) {
		start(this.redis.host(), this.redis.port(), (builder) -> builder.defaults(settings));
		return instance().service();
	}

	private void start(String host, int port, Consumer<ResilientRedisCacheManager.Builder> settings) {
		TestInstance<Shop> started = TestInstance.of(Shop.class, host, port, (builder) -> {
			TestInstance.patient(builder);
			settings.accept(builder);
		});
		this.instance = started;
		CacheStarterMetrics bound = new CacheStarterMetrics(started.manager(), "cacheManager");
		bound.bindTo(this.registry);
		this.metrics = bound;
		started.awaitUp();
	}

	private static TestInstance<Shop> start(String host, int port) {
		return TestInstance.of(Shop.class, host, port, TestInstance::patient).awaitUp();
	}

	private TestInstance<Shop> instance() {
		return Objects.requireNonNull(this.instance);
	}

	private CacheService service() {
		return instance().manager().getCacheService();
	}

	private CacheSnapshot.Counters counters(String cache) {
		return instance().counters(cache);
	}

	private void awaitStored(String key) {
		await().atMost(LONG).until(() -> {
			byte[] entry = this.redis.bytes(key);
			return entry != null && entry[4] == 'v';
		});
	}

	/** What was read, by outcome, without what was not. */
	private Map<String, Long> reads(String cache) {
		return this.registry.find("cache.starter.read")
			.tags("cache", cache, "cache.manager", "cacheManager")
			.timers()
			.stream()
			.filter((timer) -> timer.count() > 0)
			.collect(Collectors.toMap((timer) -> String.valueOf(timer.getId().getTag("outcome")), Timer::count));
	}

	private Set<String> caches() {
		return this.registry.find("cache.starter.read")
			.timers()
			.stream()
			.map((timer) -> String.valueOf(timer.getId().getTag("cache")))
			.collect(Collectors.toSet());
	}

	private RequiredSearch get(String name, String... tags) {
		return this.registry.get("cache.starter." + name).tags(tags);
	}

	private Timer timer(String name, String... tags) {
		return get(name, tags).timer();
	}

	private long redis(String kind, String outcome) {
		return timer("redis", "kind", kind, "outcome", outcome).count();
	}

	private DistributionSummary size(String kind) {
		return get("value.size", "cache", "shop", "kind", kind).summary();
	}

	private double counter(String name, String... tags) {
		FunctionCounter counter = get(name, tags).functionCounter();
		return counter.count();
	}

	private double gauge(String name, String... tags) {
		return get(name, tags).gauge().value();
	}

	private double link() {
		return gauge("link", "kind", "well");
	}

	static class Shop {

		private final AtomicInteger loads = new AtomicInteger();

		private volatile boolean failing;

		private volatile CountDownLatch held = new CountDownLatch(0);

		public int loads() {
			return this.loads.get();
		}

		public void fail() {
			this.failing = true;
		}

		public CountDownLatch hold() {
			this.held = new CountDownLatch(1);
			return this.held;
		}

		private String load(String key) {
			this.loads.incrementAndGet();
			try {
				this.held.await();
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			if (this.failing || key.equals("bad")) {
				throw new IllegalStateException("no such row");
			}
			return key;
		}

		@Cacheable("shop")
		public String find(String key) {
			return load(key);
		}

		@CachePut("shop")
		public String put(String key) {
			return key;
		}

		@CacheEvict("shop")
		public void evict(String key) {
		}

		@CacheEvict(cacheNames = "shop", allEntries = true)
		public void evictAll() {
		}

		@Cacheable("futures")
		public CompletableFuture<String> future(String key) {
			return CompletableFuture.supplyAsync(() -> load(key));
		}

		@Cacheable("monos")
		public Mono<String> mono(String key) {
			return Mono.fromCallable(() -> load(key));
		}

		@Cacheable("fluxes")
		public Flux<String> flux(String key) {
			return Flux.just(key, key);
		}

		@Cacheable(cacheNames = "syncs", sync = true)
		public String sync(String key) {
			return load(key);
		}

	}

}
