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

package dev.cachestarter.security;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.cache.Cache;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.cachestarter.CacheControl;
import dev.cachestarter.CacheEvictPattern;
import dev.cachestarter.CacheEvictTag;
import dev.cachestarter.CacheService;
import dev.cachestarter.CacheSnapshot;
import dev.cachestarter.CacheTag;
import dev.cachestarter.CacheTtl;
import dev.cachestarter.CacheWarmer;
import dev.cachestarter.CacheableAll;
import dev.cachestarter.autoconfigure.CacheStarterAutoConfiguration;
import dev.cachestarter.autoconfigure.RedisVariablesAutoConfiguration;
import dev.cachestarter.cache.Internals;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.engine.entry.EagerSweeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * An application that uses everything that the cache can do, and a walk through all of
 * it. Whatever Redis allows or refuses, nothing but the application's own failures may be
 * thrown, and what was evicted may not be read again.
 */
public final class AllFeatures implements AutoCloseable {

	static final Duration LONG = Duration.ofSeconds(60);

	private static final AtomicInteger RUNS = new AtomicInteger();

	private final ConfigurableApplicationContext application;

	private @Nullable EagerSweeper sweeper;

	private AllFeatures(ConfigurableApplicationContext application) {
		this.application = application;
	}

	/**
	 * Start the application.
	 * @param properties its settings, such as where Redis is
	 */
	public static AllFeatures start(String... properties) {
		return start(Application.class, properties);
	}

	static AllFeatures start(Class<?> application, String... properties) {
		return new AllFeatures(new SpringApplicationBuilder(application).web(WebApplicationType.NONE)
			.properties("spring.main.banner-mode=off", "cache-starter.connection.command-timeout=5s",
					"cache-starter.connection.connect-timeout=5s", "cache-starter.circuit-breaker.slow-call=5s",
					"cache-starter.circuit-breaker.open-for=50ms", "cache-starter.circuit-breaker.open-for-max=100ms",
					"cache-starter.defaults.ttl-jitter=0", "cache-starter.caches.aged.ttl=100ms",
					"cache-starter.caches.aged.stale-if-error=1h", "cache-starter.caches.aged.stale-retry=10ms",
					"cache-starter.caches.ahead.ttl=20s", "cache-starter.caches.ahead.refresh-ahead=10s",
					"cache-starter.caches.forever.ttl=0s", "cache-starter.caches.[group-*].ttl=5m",
					"cache-starter.caches.[group-*].refresh-ahead=auto", "cache-starter.caches.slow.lease=100ms",
					"cache-starter.caches.slow.refresh-ahead=5m")
			.properties(properties)
			.run());
	}

	ConfigurableApplicationContext application() {
		return this.application;
	}

	<T> T bean(Class<T> type) {
		return this.application.getBean(type);
	}

	boolean isUp() {
		return bean(CacheService.class).isEnabled();
	}

	int pendingEvictions() {
		return Internals.of(bean(ResilientRedisCacheManager.class)).evictions().pendingCount();
	}

	/**
	 * Have swept at once what is looked for once a minute.
	 */
	void sweepAtOnce() {
		this.sweeper = EagerSweeper.of(Internals.of(bean(ResilientRedisCacheManager.class)));
	}

	AllFeatures awaitUp() {
		// What was evicted meanwhile is bypassed until Redis has taken it.
		await().atMost(LONG).until(() -> isUp() && pendingEvictions() == 0);
		return this;
	}

	/**
	 * Return whether a value is cached: another read of it loads nothing.
	 */
	boolean caches() {
		Shop shop = bean(Shop.class);
		shop.find("probe", "1");
		int loads = shop.loads();
		shop.find("probe", "1");
		return shop.loads() == loads;
	}

	/**
	 * Use everything once. What is thrown is an error, and so is a value from before an
	 * eviction.
	 * @return which uses were served by the cache, in so far as that can be told
	 */
	Map<String, Boolean> use() {
		String org = "tenant-x7q-" + RUNS.incrementAndGet();
		Map<String, Boolean> cached = new LinkedHashMap<>();
		annotations(org, cached);
		laterAnswers(org, cached);
		manyKeys(org, cached);
		changedAtRunTime(org, cached);
		agedEntries(org, cached);
		cacheApi(org, cached);
		service(org, cached);
		return cached;
	}

	private void annotations(String org, Map<String, Boolean> cached) {
		Shop shop = bean(Shop.class);
		cached.put("hit", shop.hits(() -> shop.find(org, "1")));
		shop.change(org, "1");
		shop.changed(org, "1");
		assertThat(shop.find(org, "1")).isEqualTo(shop.row(org, "1"));
		shop.change(org, "1");
		assertThat(shop.save(org, "1")).isEqualTo(shop.row(org, "1"));
		cached.put("put", shop.hits(() -> shop.find(org, "1")));
		assertThat(shop.find(org, "1")).isEqualTo(shop.row(org, "1"));
		shop.change(org, "1");
		shop.tenantChanged(org);
		assertThat(shop.find(org, "1")).isEqualTo(shop.row(org, "1"));
		shop.change(org, "1");
		shop.idChanged("1");
		assertThat(shop.find(org, "1")).isEqualTo(shop.row(org, "1"));
		shop.change(org, "1");
		shop.allChanged();
		assertThat(shop.find(org, "1")).isEqualTo(shop.row(org, "1"));
		cached.put("tag", shop.hits(() -> shop.tagged(org)));
		shop.change(org, "tagged");
		shop.tagChanged(org);
		assertThat(shop.tagged(org)).isEqualTo(shop.row(org, "tagged"));
		cached.put("sync", shop.hits(() -> shop.together(org)));
		cached.put("null", shop.hits(() -> shop.nothing(org)));
		cached.put("forever", shop.hits(() -> shop.forever(org)));
		shop.slow(org);
		shop.unless(org);
		shop.unless(org);
	}

	private void laterAnswers(String org, Map<String, Boolean> cached) {
		Shop shop = bean(Shop.class);
		cached.put("mono", shop.hits(() -> Objects.requireNonNull(shop.mono(org).block(LONG))));
		cached.put("future", shop.hits(() -> {
			try {
				return shop.future(org).get(LONG.toSeconds(), TimeUnit.SECONDS);
			}
			catch (Exception ex) {
				throw new AssertionError(ex);
			}
		}));
	}

	private void manyKeys(String org, Map<String, Boolean> cached) {
		Shop shop = bean(Shop.class);
		List<String> ids = List.of("m1", "m2", "m3");
		cached.put("many", shop.hits(() -> shop.findAll(org, ids)));
		shop.change(org, "m2");
		shop.someChanged(org, List.of("m2", "m3"));
		assertThat(shop.findAll(org, ids)).containsEntry("m2", shop.row(org, "m2")).containsOnlyKeys(ids);
		cached.put("manyLater", shop.hits(() -> Objects.requireNonNull(shop.findAllLater(org, ids).block(LONG))));
		shop.change(org, "m1");
		shop.changed(org, "m1");
		assertThat(shop.findAllLater(org, ids).block(LONG)).containsEntry("m1", shop.row(org, "m1"));
		cached.put("ttl", shop.hits(() -> shop.brief(org)));
		cached.put("group", shop.hits(() -> shop.grouped(org)));
	}

	private void changedAtRunTime(String org, Map<String, Boolean> cached) {
		Shop shop = bean(Shop.class);
		CacheService service = bean(CacheService.class);
		shop.brief(org);
		service.setControl("brief", CacheControl.asConfigured().withEnabled(false));
		int loads = shop.loads();
		shop.brief(org);
		assertThat(shop.loads()).as("switched off").isEqualTo(loads + 1);
		service.setControl("brief", CacheControl.asConfigured().withTtl(Duration.ofMinutes(1)));
		cached.put("control", shop.hits(() -> shop.brief(org)));
		service.setControl("brief", CacheControl.asConfigured());
	}

	/** Stale entries, whose loads fail or not, and entries that are refreshed. */
	private void agedEntries(String org, Map<String, Boolean> cached) {
		Shop shop = bean(Shop.class);
		shop.aged(org);
		await().pollDelay(Duration.ofMillis(150)).until(() -> true);
		shop.failing = true;
		try {
			shop.aged(org);
			cached.put("stale", true);
		}
		catch (OwnFailure ex) {
			cached.put("stale", false);
		}
		finally {
			shop.failing = false;
		}
		await().pollDelay(Duration.ofMillis(150)).until(() -> true);
		shop.change(org, "aged");
		shop.agedChanged(org);
		assertThat(shop.aged(org)).isEqualTo(shop.row(org, "aged"));
		shop.ahead(org);
		shop.ahead(org);
	}

	private void cacheApi(String org, Map<String, Boolean> cached) {
		Cache cache = Objects.requireNonNull(bean(ResilientRedisCacheManager.class).getCache("plain"));
		cache.putIfAbsent(org, "first");
		Cache.ValueWrapper there = cache.putIfAbsent(org, "second");
		cached.put("putIfAbsent", there != null && "first".equals(there.get()));
		cache.put(org, "third");
		assertThat(cache.get(org, () -> "loaded")).isIn("third", "loaded");
		cache.evictIfPresent(org);
		assertThat(cache.get(org)).isNull();
		cache.put(org, "fourth");
		cache.invalidate();
		assertThat(cache.get(org)).isNull();
		cache.put(org, "fifth");
		cache.clear();
		assertThat(cache.get(org)).isNull();
	}

	private void service(String org, Map<String, Boolean> cached) {
		CacheService service = bean(CacheService.class);
		service.set("motd:" + org, "hello");
		cached.put("set", service.get("motd:" + org, String.class).isPresent());
		service.set("motd:" + org, "hello again", Duration.ofMinutes(1));
		assertThat(service.get("motd:" + org, String.class).orElse("hello again")).isEqualTo("hello again");
		assertThat(service.getOrLoad("rows:" + org + ":x", String.class, Duration.ofMinutes(1), () -> "x"))
			.isEqualTo("x");
		List<String> keys = List.of("rows:" + org + ":x", "rows:" + org + ":y", "rows:" + org + ":z");
		assertThat(service.getAll(keys, String.class, AllFeatures::load)).hasSize(3);
		List<String> asked = new ArrayList<>();
		service.getAll(keys, String.class, (missing) -> {
			asked.addAll(missing);
			return load(missing);
		});
		cached.put("getAll", asked.isEmpty());
		service.delete("motd:" + org);
		assertThat(service.get("motd:" + org, String.class)).isEmpty();
		service.invalidate("rows:" + org + ":*");
		assertThat(service.get("rows:" + org + ":x", String.class)).isEmpty();
		service.set("motd:" + org, "hello");
		service.invalidate("*" + org);
		assertThat(service.get("motd:" + org, String.class)).isEmpty();
		service.set("motd:" + org, "hello");
		CacheSnapshot stats = service.getStats();
		cached.put("keyCount", stats.keyCount() != null);
		cached.put("memoryUsed", stats.memoryUsed() != null);
		service.clear();
		assertThat(service.get("motd:" + org, String.class)).isEmpty();
	}

	private static Map<String, String> load(Collection<String> keys) {
		return keys.stream().collect(Collectors.toMap((key) -> key, (key) -> "value of " + key));
	}

	@Override
	public void close() {
		EagerSweeper started = this.sweeper;
		if (started != null) {
			started.close();
		}
		this.application.close();
	}

	/** What the application's own source throws. */
	static final class OwnFailure extends RuntimeException {

	}

	/**
	 * The application.
	 */
	static class Shop {

		private final Map<String, Integer> versions = new ConcurrentHashMap<>();

		private final AtomicInteger loads = new AtomicInteger();

		volatile boolean failing;

		private String load(String org, String id) {
			this.loads.incrementAndGet();
			return row(org, id);
		}

		public String row(String org, String id) {
			return id + " of " + org + ", version " + this.versions.getOrDefault(org + " " + id, 1);
		}

		public void change(String org, String id) {
			this.versions.merge(org + " " + id, 2, (now, same) -> now + 1);
		}

		public int loads() {
			return this.loads.get();
		}

		/** What is loaded while the cache is first used may have to be loaded again. */
		public boolean hits(Supplier<?> call) {
			for (int i = 0; i < 3; i++) {
				Object first = call.get();
				int before = loads();
				assertThat(call.get()).isEqualTo(first);
				if (loads() == before) {
					return true;
				}
			}
			return false;
		}

		@Cacheable("items")
		public String find(String org, String id) {
			return load(org, id);
		}

		@CachePut("items")
		public String save(String org, String id) {
			return row(org, id);
		}

		@CacheEvict("items")
		public void changed(String org, String id) {
		}

		@CacheEvictPattern(cacheNames = "items", pattern = "#{#org}:*")
		public void tenantChanged(String org) {
		}

		@CacheEvictPattern(cacheNames = "items", pattern = "*:#{#id}")
		public void idChanged(String id) {
		}

		@CacheEvict(cacheNames = "items", allEntries = true)
		public void allChanged() {
		}

		@Cacheable("tagged")
		@CacheTag("org:#{#org}")
		@CacheTag("version:#{#result.length()}")
		public String tagged(String org) {
			return load(org, "tagged");
		}

		@CacheEvictTag("org:#{#org}")
		public void tagChanged(String org) {
		}

		@Cacheable(cacheNames = "together", sync = true)
		public String together(String org) {
			return load(org, "together");
		}

		@Cacheable("nothing")
		public @Nullable String nothing(String org) {
			load(org, "nothing");
			return null;
		}

		@Cacheable("forever")
		public String forever(String org) {
			return load(org, "forever");
		}

		/** Its lease has to be renewed, and the claim of its refresh, too. */
		@Cacheable("slow")
		public String slow(String org) {
			await().pollDelay(Duration.ofMillis(300)).until(() -> true);
			return load(org, "slow");
		}

		@Cacheable(cacheNames = "items", key = "'unless:' + #org", unless = "true")
		public String unless(String org) {
			return row(org, "unless");
		}

		@Cacheable("monos")
		public Mono<String> mono(String org) {
			return Mono.fromSupplier(() -> load(org, "mono"));
		}

		@Cacheable("futures")
		public CompletableFuture<String> future(String org) {
			return CompletableFuture.supplyAsync(() -> load(org, "future"));
		}

		@CacheableAll("items")
		public Map<String, String> findAll(String org, Collection<String> ids) {
			return ids.stream().collect(Collectors.toMap((id) -> id, (id) -> load(org, id)));
		}

		@CacheableAll("items")
		public Mono<Map<String, String>> findAllLater(String org, Collection<String> ids) {
			return Mono.fromSupplier(() -> findAll(org, ids));
		}

		@CacheEvict(cacheNames = "items", key = "@cacheKeys.each(#ids.![@cacheKeys.of(#root.args[0], #this)])")
		public void someChanged(String org, List<String> ids) {
		}

		@Cacheable("brief")
		@CacheTtl("#{#result.isEmpty() ? '1s' : '2m'}")
		public String brief(String org) {
			return load(org, "brief");
		}

		@Cacheable("group-one")
		public String grouped(String org) {
			return load(org, "grouped");
		}

		@Cacheable("aged")
		public String aged(String org) {
			if (this.failing) {
				throw new OwnFailure();
			}
			return load(org, "aged");
		}

		@CacheEvict("aged")
		public void agedChanged(String org) {
		}

		@Cacheable("ahead")
		public String ahead(String org) {
			return load(org, "ahead");
		}

	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration({ CacheAutoConfiguration.class, CacheStarterAutoConfiguration.class,
			RedisVariablesAutoConfiguration.class, DataRedisAutoConfiguration.class, SslAutoConfiguration.class })
	static class Application {

		@Bean
		Shop shop() {
			return new Shop();
		}

		@Bean
		CacheWarmer warmItems(Shop shop) {
			return (warmUp) -> warmUp.each(List.of("1", "2"), (id) -> shop.find("warm", id));
		}

	}

}
