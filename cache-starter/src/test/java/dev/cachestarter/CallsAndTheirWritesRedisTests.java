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
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.cache.Cache;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.Caching;

import dev.cachestarter.RuleBreaker.Gate;
import dev.cachestarter.RuleBreaker.Step;
import dev.cachestarter.cache.Internals;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Threads;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * How what a call writes hangs together with the call: an asynchronous one completes when
 * its value is stored, one of several caches stores in those that nobody evicted from
 * meanwhile, and what its expressions do with caches is none of its own work.
 */
@WithRedis
class CallsAndTheirWritesRedisTests extends Interleavings {

	CallsAndTheirWritesRedisTests(RedisServer redis) {
		super(redis);
	}

	@BeforeEach
	void emptyRedis() {
		this.redis.flushAll();
	}

	// Completion

	@ParameterizedTest
	@EnumSource
	void whatIsLoadedLaterIsStoredWhenItIsThere(Later later) throws Exception {
		RuleBreaker breaker = closing(RuleBreaker.inFrontOf(this.redis.host(), this.redis.port(), Set.of()));
		TestInstance<Shop> shop = shop(breaker.host(), breaker.port());
		TestInstance<Shop> other = shop(this.redis.host(), this.redis.port());
		Gate store = breaker.hold(Step.FILL);

		CompletableFuture<?> result = later.of(shop);
		store.awaitReached();
		await().during(Duration.ofMillis(150)).atMost(Duration.ofMinutes(1)).until(() -> !result.isDone());
		store.open();

		assertThat(result).succeedsWithin(Duration.ofSeconds(20));
		int loads = other.service().loads() + shop.service().loads();
		assertThat(later.of(other)).succeedsWithin(Duration.ofSeconds(20)).isEqualTo(result.join());
		assertThat(other.service().loads() + shop.service().loads()).as("read by the other").isEqualTo(loads);
	}

	// Several caches

	@ParameterizedTest
	@EnumSource
	void ofSeveralCachesTheOneThatWasEvictedFromMeanwhileIsNotFilled(Several several) throws Exception {
		TestInstance<Shop> shop = shop(this.redis.host(), this.redis.port());
		TestInstance<Shop> other = shop(this.redis.host(), this.redis.port());
		for (String evicted : List.of("rows", "copies")) {
			this.redis.flushAll();
			Pause load = shop.service().pause();
			Call<String> call = call(() -> {
				several.of(shop);
				return "done";
			});
			load.awaitReached();

			other.cache(evicted).evict("1");
			load.release();

			call.result();
			String kept = evicted.equals("rows") ? "copies:1" : "rows:1";
			await().atMost(Duration.ofMinutes(1)).until(() -> isValue(kept) || !several.fillsAll);
			await().during(Duration.ofMillis(100))
				.atMost(Duration.ofMinutes(1))
				.until(() -> this.redis.keys(evicted + ":1").isEmpty());
		}
	}

	@ParameterizedTest
	@EnumSource(mode = Mode.EXCLUDE, names = "OPERATIONS_OF_A_MONO")
	void ofSeveralCachesAllAreFilled(Several several) throws Exception {
		TestInstance<Shop> shop = shop(this.redis.host(), this.redis.port());

		several.of(shop);

		await().atMost(Duration.ofMinutes(1)).until(() -> isValue("rows:1") && isValue("copies:1"));
	}

	private boolean isValue(String key) {
		return "v".equals(this.redis.cli("GETRANGE", key, "4", "4"));
	}

	// Expressions

	@ParameterizedTest
	@EnumSource
	void whatAnExpressionAsksOfTheSameKeyIsNoPartOfTheCall(Asking asking) {
		TestInstance<Shop> shop = shop(this.redis.host(), this.redis.port());

		asking.of(shop.service());

		await().atMost(Duration.ofMinutes(1)).until(() -> isValue("rows:1"));
		asking.of(shop.service());
		assertThat(shop.service().loads()).isEqualTo(asking.loads);
	}

	@ParameterizedTest
	@EnumSource
	void whatAnExpressionAsksOfAKeyThatIsLoadedIsNotWaitedFor(Asking asking) throws Exception {
		TestInstance<Shop> shop = shop(this.redis.host(), this.redis.port());
		Pause load = shop.service().pause();
		Call<String> busy = call(() -> shop.service().both("busy"));
		load.awaitReached();

		Call<Integer> call = call(() -> {
			asking.of(shop.service());
			return shop.service().loads();
		});

		assertThat(call.result()).isEqualTo(2);
		await().atMost(Duration.ofMinutes(1)).until(() -> isValue("rows:1"));
		load.release();
		assertThat(busy.result()).isEqualTo("row busy");
	}

	@Test
	void aVetoThatAsksACacheLeavesNoLease() {
		TestInstance<Shop> shop = shop(this.redis.host(), this.redis.port());

		shop.service().vetoedByACache("1");

		await().atMost(Duration.ofMinutes(1)).until(() -> this.redis.keys("rows:*").isEmpty());
	}

	private TestInstance<Shop> shop(String host, int port) {
		TestInstance<Shop> shop = TestInstance.of(Shop.class, host, port,
				(builder) -> Internals.link(builder.defaults(TIMELESS), PATIENT)
					.caches(List.of("rows", "copies", "numbers")));
		return closing(shop).awaitUp();
	}

	/**
	 * A call that ends later.
	 */
	enum Later {

		FUTURE {
			@Override
			CompletableFuture<?> of(TestInstance<Shop> shop) {
				return shop.service().later("1");
			}
		},

		FUTURE_SYNC {
			@Override
			CompletableFuture<?> of(TestInstance<Shop> shop) {
				return shop.service().laterSync("1");
			}
		},

		MONO {
			@Override
			CompletableFuture<?> of(TestInstance<Shop> shop) {
				return shop.service().mono("1").toFuture();
			}
		},

		FLUX {
			@Override
			CompletableFuture<?> of(TestInstance<Shop> shop) {
				return shop.service().flux("1").collectList().toFuture();
			}
		},

		RETRIEVE {
			@Override
			CompletableFuture<?> of(TestInstance<Shop> shop) {
				return shop.cache("rows")
					.retrieve("1", () -> CompletableFuture.supplyAsync(() -> shop.service().load("1"), Threads.OWN));
			}
		},

		PUT {
			@Override
			CompletableFuture<?> of(TestInstance<Shop> shop) {
				return (shop.cache("rows").get("1") != null) ? shop.service().later("1")
						: shop.service().replaceLater("1");
			}
		};

		abstract CompletableFuture<?> of(TestInstance<Shop> shop);

	}

	/**
	 * A call that fills several caches.
	 */
	enum Several {

		NAMES(true) {
			@Override
			void of(TestInstance<Shop> shop) {
				shop.service().both("1");
			}
		},

		OPERATIONS(true) {
			@Override
			void of(TestInstance<Shop> shop) {
				shop.service().bothByTwo("1");
			}
		},

		NAMES_LATER(true) {
			@Override
			void of(TestInstance<Shop> shop) {
				shop.service().bothLater("1").join();
			}
		},

		OPERATIONS_LATER(true) {
			@Override
			void of(TestInstance<Shop> shop) {
				shop.service().bothByTwoLater("1").join();
			}
		},

		NAMES_OF_A_MONO(true) {
			@Override
			void of(TestInstance<Shop> shop) {
				shop.service().bothOfAMono("1").toFuture().join();
			}
		},

		OPERATIONS_OF_A_MONO(false) {
			@Override
			void of(TestInstance<Shop> shop) {
				shop.service().bothByTwoOfAMono("1").toFuture().join();
			}
		},

		READ_AND_PUT(true) {
			@Override
			void of(TestInstance<Shop> shop) {
				shop.service().readAndPut("1");
			}
		};

		/**
		 * Of several operations of what ends later, Spring makes the last for certain.
		 */
		private final boolean fillsAll;

		Several(boolean fillsAll) {
			this.fillsAll = fillsAll;
		}

		abstract void of(TestInstance<Shop> shop);

	}

	/**
	 * A call whose expressions ask the cache that the call is about.
	 */
	enum Asking {

		UNLESS(1) {
			@Override
			void of(Shop shop) {
				shop.unlessAsks("1");
			}
		},

		UNLESS_LATER(1) {
			@Override
			void of(Shop shop) {
				shop.unlessAsksLater("1").join();
			}
		},

		UNLESS_PUTS(1) {
			@Override
			void of(Shop shop) {
				shop.unlessPutsAnother("1");
			}
		},

		CONDITION(1) {
			@Override
			void of(Shop shop) {
				shop.conditionAsks("1");
			}
		},

		KEY(1) {
			@Override
			void of(Shop shop) {
				shop.keyAsks("1");
			}
		},

		UNLESS_OF_A_PUT(2) {
			@Override
			void of(Shop shop) {
				shop.unlessOfAPutAsks("1");
			}
		};

		private final int loads;

		Asking(int loads) {
			this.loads = loads;
		}

		abstract void of(Shop shop);

	}

	/**
	 * The application.
	 */
	static class Shop {

		private final ObjectProvider<CacheManager> caches;

		private final AtomicInteger loads = new AtomicInteger();

		private volatile @Nullable Pause pause;

		Shop(ObjectProvider<CacheManager> caches) {
			this.caches = caches;
		}

		public int loads() {
			return this.loads.get();
		}

		/** Have the next load stop. */
		public Pause pause() {
			Pause pause = new Pause();
			this.pause = pause;
			return pause;
		}

		public String load(String id) {
			this.loads.incrementAndGet();
			Pause pause = this.pause;
			this.pause = null;
			if (pause != null) {
				pause.stop();
			}
			return "row " + id;
		}

		private CompletableFuture<String> loadLater(String id) {
			return CompletableFuture.supplyAsync(() -> load(id), Threads.OWN);
		}

		private Cache rows() {
			return java.util.Objects.requireNonNull(this.caches.getObject().getCache("rows"));
		}

		/** For expressions: look at two keys, and say no. */
		public boolean asks(String id) {
			rows().get("busy");
			rows().get(id);
			return false;
		}

		/** For expressions: look at two keys, and say yes. */
		public boolean asksAndAgrees(String id) {
			return !asks(id);
		}

		/** For expressions: look at two keys. */
		public String keyOf(String id) {
			asks(id);
			return id;
		}

		/** For expressions: put under another key, and say no. */
		public boolean puts(String id) {
			rows().get(id);
			rows().put("another", "row");
			return false;
		}

		@Cacheable("rows")
		public CompletableFuture<String> later(String id) {
			return loadLater(id);
		}

		@Cacheable(cacheNames = "rows", sync = true)
		public CompletableFuture<String> laterSync(String id) {
			return loadLater(id);
		}

		@CachePut("rows")
		public CompletableFuture<String> replaceLater(String id) {
			return loadLater(id);
		}

		@Cacheable("rows")
		public Mono<String> mono(String id) {
			return Mono.fromFuture(() -> loadLater(id));
		}

		@Cacheable("numbers")
		public Flux<Integer> flux(String id) {
			return Mono.fromFuture(() -> loadLater(id)).flatMapMany((row) -> Flux.range(0, row.length()));
		}

		@Cacheable({ "rows", "copies" })
		public String both(String id) {
			return load(id);
		}

		@Caching(cacheable = { @Cacheable("rows"), @Cacheable("copies") })
		public String bothByTwo(String id) {
			return load(id);
		}

		@Cacheable({ "rows", "copies" })
		public CompletableFuture<String> bothLater(String id) {
			return loadLater(id);
		}

		@Caching(cacheable = { @Cacheable("rows"), @Cacheable("copies") })
		public CompletableFuture<String> bothByTwoLater(String id) {
			return loadLater(id);
		}

		@Cacheable({ "rows", "copies" })
		public Mono<String> bothOfAMono(String id) {
			return Mono.fromFuture(() -> loadLater(id));
		}

		@Caching(cacheable = { @Cacheable("rows"), @Cacheable("copies") })
		public Mono<String> bothByTwoOfAMono(String id) {
			return Mono.fromFuture(() -> loadLater(id));
		}

		@Caching(cacheable = @Cacheable("rows"), put = @CachePut("copies"))
		public String readAndPut(String id) {
			return load(id);
		}

		@Cacheable(cacheNames = "rows", key = "#id", unless = "#root.target.asks(#id)")
		public String unlessAsks(String id) {
			return load(id);
		}

		@Cacheable(cacheNames = "rows", key = "#id", unless = "#root.target.asks(#id)")
		public CompletableFuture<String> unlessAsksLater(String id) {
			return loadLater(id);
		}

		@Cacheable(cacheNames = "rows", key = "#id", unless = "#root.target.puts(#id)")
		public String unlessPutsAnother(String id) {
			return load(id);
		}

		@Cacheable(cacheNames = "rows", key = "#id", unless = "!#root.target.asks(#id)")
		public String vetoedByACache(String id) {
			return load(id);
		}

		@Cacheable(cacheNames = "rows", key = "#id", condition = "#root.target.asksAndAgrees(#id)")
		public String conditionAsks(String id) {
			return load(id);
		}

		@Cacheable(cacheNames = "rows", key = "#root.target.keyOf(#id)")
		public String keyAsks(String id) {
			return load(id);
		}

		@CachePut(cacheNames = "rows", key = "#id", unless = "#root.target.asks(#id)")
		public String unlessOfAPutAsks(String id) {
			return load(id);
		}

	}

}
