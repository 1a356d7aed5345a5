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
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

import org.springframework.cache.interceptor.SimpleKey;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.Caching;

import dev.cachestarter.RuleBreaker.Rule;
import dev.cachestarter.cache.Internals;
import dev.cachestarter.cache.ResilientRedisCache;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Threads;

import static org.awaitility.Awaitility.await;

/**
 * Entries that are near their end or past it, and every way to read them. Time is not
 * waited for: it is written into the headers of entries.
 */
abstract class AgedEntries extends Interleavings {

	static final ThreadLocal<@Nullable String> TENANT = new ThreadLocal<>();

	AgedEntries(RedisServer redis) {
		super(redis);
	}

	@BeforeEach
	void reset() {
		this.redis.flushAll();
		Source.reset();
		TENANT.set("t1");
	}

	Shop shop(CacheSettings settings) {
		return shop(settings, Set.of());
	}

	Shop shop(CacheSettings settings, Set<Rule> broken) {
		return shop(settings, broken, (builder) -> builder);
	}

	Shop shop(CacheSettings settings, Set<Rule> broken, UnaryOperator<ResilientRedisCacheManager.Builder> more,
			Class<?>... configurations) {
		RuleBreaker breaker = closing(RuleBreaker.inFrontOf(this.redis.host(), this.redis.port(), broken));
		TestInstance<Service> instance = closing(TestInstance.of(Service.class, breaker.host(), breaker.port(),
				(builder) -> more.apply(Internals.link(builder.defaults(adapted(settings)), PATIENT)
					.caches(List.of("rows", "lists", "copies"))),
				configurations));
		return new Shop(instance.awaitUp(), breaker, this.redis);
	}

	/** The settings of an instance, as all tests of a class change them. */
	CacheSettings adapted(CacheSettings settings) {
		return settings;
	}

	/** Let the time of an entry be up. */
	void expire(String key) {
		this.redis.cli("SETRANGE", key, "120", "%013d".formatted(System.currentTimeMillis() - 60_000));
	}

	boolean isPaused(Way way) {
		EntryHeader header = EntryHeader.parse(java.util.Objects.requireNonNull(this.redis.bytes(way.key())));
		return header != null && header.isPaused() && header.isClaimed(System.currentTimeMillis(), Duration.ofDays(1));
	}

	/** The tenant of the thread; for expressions. */
	public static @Nullable String tenant() {
		return TENANT.get();
	}

	/**
	 * A way to ask for row 1 of tenant t1.
	 */
	enum Way {

		PLAIN("rows") {
			@Override
			int call(Shop shop) {
				return shop.service().find("t1", "1").version();
			}
		},

		SYNC("rows") {
			@Override
			int call(Shop shop) {
				return shop.service().findSync("t1", "1").version();
			}
		},

		FUTURE("rows") {
			@Override
			int call(Shop shop) {
				return joined(shop.service().findLater("t1", "1")).version();
			}
		},

		FUTURE_SYNC("rows") {
			@Override
			int call(Shop shop) {
				return joined(shop.service().findLaterSync("t1", "1")).version();
			}
		},

		MONO("rows") {
			@Override
			int call(Shop shop) {
				return java.util.Objects.requireNonNull(shop.service().findReactive("t1", "1").block()).version();
			}
		},

		FLUX("lists") {
			@Override
			int call(Shop shop) {
				return java.util.Objects.requireNonNull(shop.service().listReactive("t1", "1").blockLast()).version();
			}
		},

		CACHE("rows") {
			@Override
			int call(Shop shop) {
				try {
					return java.util.Objects.requireNonNull(
							shop.instance().cache("rows").get(new SimpleKey("t1", "1"), () -> Source.load("t1", "1")))
						.version();
				}
				catch (org.springframework.cache.Cache.ValueRetrievalException ex) {
					throw unchecked(ex.getCause());
				}
			}
		},

		RETRIEVE("rows") {
			@Override
			int call(Shop shop) {
				return joined(shop.instance()
					.cache("rows")
					.retrieve(new SimpleKey("t1", "1"), () -> Source.loadLater("t1", "1"))).version();
			}
		},

		SERVICE("rows") {
			@Override
			int call(Shop shop) {
				return java.util.Objects
					.requireNonNull(shop.instance()
						.cacheService()
						.getOrLoad("rows:t1:1", Row.class, Duration.ofHours(1), () -> Source.load("t1", "1")))
					.version();
			}
		};

		private final String cache;

		Way(String cache) {
			this.cache = cache;
		}

		abstract int call(Shop shop);

		String key() {
			return this.cache + ":t1:1";
		}

		static <T> T joined(CompletableFuture<T> future) {
			try {
				return future.get(20, TimeUnit.SECONDS);
			}
			catch (java.util.concurrent.ExecutionException ex) {
				throw unchecked(ex.getCause());
			}
			catch (Exception ex) {
				throw new IllegalStateException(ex);
			}
		}

		static RuntimeException unchecked(Throwable ex) {
			if (ex instanceof Error error) {
				throw error;
			}
			return (RuntimeException) ex;
		}

	}

	/**
	 * An instance of the application.
	 */
	record Shop(TestInstance<Service> instance, RuleBreaker breaker, RedisServer redis) {

		Service service() {
			return this.instance.service();
		}

		CacheSnapshot.Counters counters(Way way) {
			return this.instance.counters(way.cache);
		}

		/** Have an entry whose time is up. */
		void hold(Way way) {
			fill(way);
			this.redis.cli("SETRANGE", way.key(), "120", "%013d".formatted(System.currentTimeMillis() - 60_000));
		}

		/** Have an entry that is near its end. */
		void holdOld(Way way) {
			fill(way);
			age(way);
		}

		private void fill(Way way) {
			way.call(this);
			await().until(() -> counters(way).puts() == 1);
			if (this.instance.cache(way.cache).getSettings().near().mode() != NearSettings.Mode.NONE) {
				// Have a copy of it, too.
				way.call(this);
			}
		}

		/** Bring an entry near its end. */
		void age(Way way) {
			long now = System.currentTimeMillis();
			this.redis.cli("SETRANGE", way.key(), "106", "%013d".formatted(now - 3_000_000));
			this.redis.cli("SETRANGE", way.key(), "120", "%013d".formatted(now + 600_000));
		}

		void evict(Way way, String what) {
			ResilientRedisCache cache = this.instance.cache(way.cache);
			switch (what) {
				case "key" -> cache.evict("t1:1");
				case "group" -> cache.clear("t1:*");
				default -> cache.clear();
			}
		}

	}

	/**
	 * Where rows come from, for all instances.
	 */
	static final class Source {

		static final AtomicInteger LOADS = new AtomicInteger();

		/** Loads on threads that are not in the background. */
		static final AtomicInteger WAITED = new AtomicInteger();

		static volatile int version;

		static volatile @Nullable Throwable failure;

		/** Whether loads take a moment, so that others find them running. */
		static volatile boolean slowly;

		static volatile @Nullable Thread thread;

		/** What the last reactive load saw of its subscriber. */
		static volatile ContextView context = Context.empty();

		private static final AtomicReference<@Nullable Pause> BEFORE = new AtomicReference<>();

		private static final AtomicReference<@Nullable Pause> AFTER = new AtomicReference<>();

		static void reset() {
			LOADS.set(0);
			WAITED.set(0);
			version = 0;
			failure = null;
			slowly = false;
			BEFORE.set(null);
			AFTER.set(null);
		}

		/** Have all loads stop before they read. */
		static Pause pause() {
			Pause pause = new Pause();
			BEFORE.set(pause);
			return pause;
		}

		/** Let those pass that come from now on. */
		static void resume() {
			BEFORE.set(null);
		}

		static Pause pauseAfterReading() {
			Pause pause = new Pause();
			AFTER.set(pause);
			return pause;
		}

		static @Nullable Row load(String tenant, String id) {
			LOADS.incrementAndGet();
			thread = Thread.currentThread();
			if (!Thread.currentThread().getName().startsWith("cache-starter-refresh")) {
				WAITED.incrementAndGet();
			}
			if (slowly) {
				java.util.concurrent.locks.LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(500));
			}
			stop(BEFORE);
			int read = version;
			stop(AFTER);
			Throwable failing = failure;
			if (failing != null) {
				throw Way.unchecked(failing);
			}
			return (read < 0) ? null : new Row(tenant, id, read);
		}

		static CompletableFuture<Row> loadLater(String tenant, String id) {
			return CompletableFuture.supplyAsync(() -> load(tenant, id), Threads.OWN);
		}

		private static void stop(AtomicReference<@Nullable Pause> at) {
			Pause pause = at.get();
			if (pause != null) {
				pause.stop();
			}
		}

	}

	/**
	 * The application.
	 */
	static class Service {

		private final ObjectProvider<Service> self;

		Service(ObjectProvider<Service> self) {
			this.self = self;
		}

		@Cacheable("copies")
		public Row findThroughAnother(String tenant, String id) {
			return this.self.getObject().find(tenant, id);
		}

		@Cacheable("rows")
		public Row find(String tenant, String id) {
			return Source.load(tenant, id);
		}

		@Cacheable(cacheNames = "rows", key = "T(dev.cachestarter.AgedEntries).tenant() + ':' + #id")
		public Row findMine(String id) {
			return Source.load(String.valueOf(TENANT.get()), id);
		}

		@Cacheable(cacheNames = "rows", unless = "#result.version() == 99")
		public Row findUnlessSold(String tenant, String id) {
			return Source.load(tenant, id);
		}

		@Cacheable(cacheNames = { "rows", "copies" })
		public Row findInBoth(String tenant, String id) {
			return Source.load(tenant, id);
		}

		@Cacheable("rows")
		public CompletableFuture<Row> findLaterOrThrow(String tenant, String id) {
			return CompletableFuture.completedFuture(Source.load(tenant, id));
		}

		@Cacheable(cacheNames = "rows", sync = true)
		public Row findSync(String tenant, String id) {
			return Source.load(tenant, id);
		}

		@Cacheable("rows")
		public CompletableFuture<Row> findLater(String tenant, String id) {
			return Source.loadLater(tenant, id);
		}

		@Cacheable(cacheNames = "rows", sync = true)
		public CompletableFuture<Row> findLaterSync(String tenant, String id) {
			return Source.loadLater(tenant, id);
		}

		@Cacheable("rows")
		public Mono<Row> findReactive(String tenant, String id) {
			return Mono.deferContextual((context) -> {
				Source.context = context;
				return Mono.fromFuture(Source.loadLater(tenant, id));
			});
		}

		@Cacheable("lists")
		public Flux<Row> listReactive(String tenant, String id) {
			return Mono.fromFuture(() -> Source.loadLater(tenant, id)).flux();
		}

		@Caching(cacheable = @Cacheable("rows"), evict = @CacheEvict("lists"))
		public Row findAndEvict(String tenant, String id) {
			return Source.load(tenant, id);
		}

		@Caching(cacheable = @Cacheable("rows"), put = @CachePut("copies"))
		public Row findAndPut(String tenant, String id) {
			return Source.load(tenant, id);
		}

		@CacheEvict("rows")
		public void evict(String tenant, String id) {
		}

	}

}
