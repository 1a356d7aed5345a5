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
import java.util.AbstractList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.cache.Internals;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Threads;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

/**
 * With whom a load is shared, and with whom it is not: only with callers who can make use
 * of its value.
 */
@WithRedis(local = true)
class SharedLoadsRedisTests extends Interleavings {

	SharedLoadsRedisTests(RedisServer redis) {
		super(redis);
	}

	@BeforeEach
	void emptyRedis() {
		this.redis.flushAll();
		Shop.reset();
	}

	@ParameterizedTest
	@EnumSource
	void aCallerOfAnotherTypeLoadsForItself(Way way) throws Exception {
		assertLoadsForItself(way, shop(TIMELESS));
	}

	@ParameterizedTest
	@EnumSource
	void withoutRedisACallerOfAnotherTypeLoadsForItselfToo(Way way) throws Exception {
		assertLoadsForItself(way, withoutRedis(shop(TIMELESS)));
	}

	private void assertLoadsForItself(Way way, TestInstance<Shop> shop) throws Exception {
		Pause slow = Shop.pause();
		Call<Object> name = call(() -> way.name(shop));
		slow.awaitReached();

		Object size = call(() -> way.size(shop)).result();
		slow.release();

		assertThat(size).isEqualTo(new Size(1));
		assertThat(name.result()).isEqualTo(new Name("tea"));
		assertThat(Shop.LOADS).hasValue(2);
	}

	@ParameterizedTest
	@EnumSource
	void aCallerOfTheSameTypeSharesTheLoad(Way way) throws Exception {
		TestInstance<Shop> shop = shop(TIMELESS);
		Pause slow = Shop.pause();
		Call<Object> first = call(() -> way.name(shop));
		slow.awaitReached();
		Call<Object> second = call(() -> way.name(shop)).awaitWaiting();

		slow.release();

		assertThat(second.result()).isEqualTo(first.result());
		assertThat(Shop.LOADS).hasValue(1);
	}

	@ParameterizedTest
	@EnumSource
	void nobodyFailsWithAnExceptionThatItsMethodDoesNotDeclare(Declared way) throws Exception {
		TestInstance<Shop> shop = shop(TIMELESS);
		failsForOneAndNotForTheOther(way, shop);
	}

	@ParameterizedTest
	@EnumSource
	void withoutRedisNobodyFailsWithAnExceptionThatItsMethodDoesNotDeclare(Declared way) throws Exception {
		TestInstance<Shop> shop = withoutRedis(shop(TIMELESS));
		failsForOneAndNotForTheOther(way, shop);
	}

	private void failsForOneAndNotForTheOther(Declared way, TestInstance<Shop> shop) throws Exception {
		Shop.failure = new IOException("no disk");
		Pause slow = Shop.pause();
		Call<Object> declaring = call(() -> way.declaring(shop));
		slow.awaitReached();
		Call<Object> other = call(() -> way.declaringNothing(shop)).awaitWaiting();

		slow.release();

		assertThatThrownBy(declaring::result).isInstanceOf(IOException.class).hasMessage("no disk");
		assertThat(other.result()).isEqualTo(new Name("tea"));
	}

	@ParameterizedTest
	@EnumSource
	void whatTheCodecRefusesIsItsCallersAlone(Refused way) throws Exception {
		TestInstance<Shop> shop = shop(TIMELESS);
		everyoneHasItsOwn(way, shop);
	}

	@ParameterizedTest
	@EnumSource
	void withoutRedisWhatTheCodecRefusesIsItsCallersAloneToo(Refused way) throws Exception {
		TestInstance<Shop> shop = withoutRedis(shop(TIMELESS));
		everyoneHasItsOwn(way, shop);
	}

	private void everyoneHasItsOwn(Refused way, TestInstance<Shop> shop) throws Exception {
		Pause slow = Shop.pause();
		Call<Account> first = call(() -> way.account(shop));
		slow.awaitReached();
		Call<Account> second = call(() -> way.account(shop)).awaitWaiting();

		slow.release();

		assertThat(second.result()).isNotSameAs(first.result());
		assertThat(second.result().getNumber()).isEqualTo(first.result().getNumber());
		assertThat(Shop.LOADS).hasValue(2);
	}

	@Test
	void aLeaseThatWasCopiedToAnotherKeyHandsOverNothing() throws Exception {
		TestInstance<Shop> shop = shop(TIMELESS.withLoadWait(Duration.ofSeconds(1)));
		Pause slow = Shop.pause();
		Call<Name> load = call(() -> shop.service().name("t1:tea"));
		slow.awaitReached();
		this.redis.cli("COPY", "items:t1:tea", "items:t1:rum");

		Call<Name> other = call(() -> shop.service().name("t1:rum"));
		await().atMost(Duration.ofMinutes(1)).until(() -> shop.counters("items").misses() == 2);
		slow.release();

		assertThat(load.result()).isEqualTo(new Name("t1:tea"));
		assertThat(other.result()).isEqualTo(new Name("t1:rum"));
	}

	@ParameterizedTest
	@EnumSource
	void whoWaitsForAnotherInstanceGoesOnWhenItsOwnIsClosed(Way way) throws Exception {
		TestInstance<Shop> closed = shop(TIMELESS);
		TestInstance<Shop> other = shop(TIMELESS);
		Pause slow = Shop.pause();
		Call<Object> load = call(() -> way.name(other));
		slow.awaitReached();
		Call<Object> waiting = call(() -> way.name(closed)).awaitWaiting();

		closed.close();

		assertThat(waiting.result()).as("long before load-wait").isEqualTo(new Name("tea"));
		assertThat(load.isDone()).isFalse();
		slow.release();
		assertThat(load.result()).isEqualTo(new Name("tea"));
	}

	private TestInstance<Shop> shop(CacheSettings settings) {
		return closing(TestInstance.of(Shop.class, this.redis.host(), this.redis.port(),
				(builder) -> Internals.link(builder.defaults(settings).caches(List.of("items")), PATIENT)))
			.awaitUp();
	}

	private TestInstance<Shop> withoutRedis(TestInstance<Shop> shop) {
		this.redis.stop();
		await().atMost(Duration.ofMinutes(1)).until(() -> !shop.engine().link().isUp());
		return shop;
	}

	record Name(String name) {

	}

	record Size(int size) {

	}

	/**
	 * An entity with a part that is loaded when it is needed, by the session of its
	 * caller.
	 */
	static class Account {

		private int number = 17;

		private List<String> owners = new AbstractList<>() {
			@Override
			public String get(int index) {
				throw new IllegalStateException("no session");
			}

			@Override
			public int size() {
				throw new IllegalStateException("no session");
			}
		};

		public int getNumber() {
			return this.number;
		}

		public void setNumber(int number) {
			this.number = number;
		}

		public List<String> getOwners() {
			return this.owners;
		}

		public void setOwners(List<String> owners) {
			this.owners = owners;
		}

	}

	/**
	 * A way to ask for one key as two types.
	 */
	enum Way {

		SERVICE {
			@Override
			Object name(TestInstance<Shop> shop) {
				return Objects.requireNonNull(shop.cacheService()
					.getOrLoad("items:tea", Name.class, Duration.ofHours(1), () -> Shop.loaded(new Name("tea"))));
			}

			@Override
			Object size(TestInstance<Shop> shop) {
				return Objects.requireNonNull(shop.cacheService()
					.getOrLoad("items:tea", Size.class, Duration.ofHours(1), () -> Shop.loaded(new Size(1))));
			}
		},

		BATCH {
			@Override
			Object name(TestInstance<Shop> shop) {
				return Objects.requireNonNull(shop.cacheService()
					.getAll(List.of("items:tea"), Name.class,
							(keys) -> Map.of("items:tea", Shop.loaded(new Name("tea"))))
					.get("items:tea"));
			}

			@Override
			Object size(TestInstance<Shop> shop) {
				return Objects.requireNonNull(shop.cacheService()
					.getAll(List.of("items:tea"), Size.class, (keys) -> Map.of("items:tea", Shop.loaded(new Size(1))))
					.get("items:tea"));
			}
		},

		METHOD {
			@Override
			Object name(TestInstance<Shop> shop) {
				return shop.service().name("tea");
			}

			@Override
			Object size(TestInstance<Shop> shop) {
				return shop.service().size("tea");
			}
		},

		SYNC {
			@Override
			Object name(TestInstance<Shop> shop) {
				return shop.service().nameSync("tea");
			}

			@Override
			Object size(TestInstance<Shop> shop) {
				return shop.service().sizeSync("tea");
			}
		},

		FUTURE {
			@Override
			Object name(TestInstance<Shop> shop) throws Exception {
				return shop.service().nameLater("tea").get();
			}

			@Override
			Object size(TestInstance<Shop> shop) throws Exception {
				return shop.service().sizeLater("tea").get();
			}
		},

		MONO {
			@Override
			Object name(TestInstance<Shop> shop) throws Exception {
				return shop.service().nameReactive("tea").toFuture().get();
			}

			@Override
			Object size(TestInstance<Shop> shop) throws Exception {
				return shop.service().sizeReactive("tea").toFuture().get();
			}
		};

		abstract Object name(TestInstance<Shop> shop) throws Exception;

		abstract Object size(TestInstance<Shop> shop) throws Exception;

	}

	/**
	 * A way to ask for one key with methods of which one declares an exception.
	 */
	enum Declared {

		METHOD {
			@Override
			Object declaring(TestInstance<Shop> shop) throws Exception {
				return shop.service().nameOrFailure("tea");
			}

			@Override
			Object declaringNothing(TestInstance<Shop> shop) {
				return shop.service().name("tea");
			}
		},

		SYNC {
			@Override
			Object declaring(TestInstance<Shop> shop) throws Exception {
				return shop.service().nameOrFailureSync("tea");
			}

			@Override
			Object declaringNothing(TestInstance<Shop> shop) {
				return shop.service().nameSync("tea");
			}
		};

		abstract Object declaring(TestInstance<Shop> shop) throws Exception;

		abstract Object declaringNothing(TestInstance<Shop> shop);

	}

	/**
	 * A way to ask for what no codec takes.
	 */
	enum Refused {

		SERVICE {
			@Override
			Account account(TestInstance<Shop> shop) {
				return Objects.requireNonNull(shop.cacheService()
					.getOrLoad("items:tea", Account.class, Duration.ofHours(1), () -> Shop.loaded(new Account())));
			}
		},

		METHOD {
			@Override
			Account account(TestInstance<Shop> shop) {
				return shop.service().account("tea");
			}
		},

		SYNC {
			@Override
			Account account(TestInstance<Shop> shop) {
				return shop.service().accountSync("tea");
			}
		},

		FUTURE {
			@Override
			Account account(TestInstance<Shop> shop) throws Exception {
				return shop.service().accountLater("tea").get();
			}
		},

		FUTURE_SYNC {
			@Override
			Account account(TestInstance<Shop> shop) throws Exception {
				return shop.service().accountLaterSync("tea").get();
			}
		};

		abstract Account account(TestInstance<Shop> shop) throws Exception;

	}

	/**
	 * A service whose next load stops, and may then fail.
	 */
	static class Shop {

		static final AtomicInteger LOADS = new AtomicInteger();

		private static final AtomicReference<@Nullable Pause> PAUSE = new AtomicReference<>();

		static volatile @Nullable IOException failure;

		static void reset() {
			LOADS.set(0);
			PAUSE.set(null);
			failure = null;
		}

		static Pause pause() {
			Pause pause = new Pause();
			PAUSE.set(pause);
			return pause;
		}

		static <T> T loaded(T value) {
			LOADS.incrementAndGet();
			Pause pause = PAUSE.getAndSet(null);
			if (pause != null) {
				pause.stop();
			}
			return value;
		}

		private static Name loadedOrFailure(Name value) throws IOException {
			loaded(value);
			IOException thrown = failure;
			if (thrown != null) {
				throw thrown;
			}
			return value;
		}

		@Cacheable(cacheNames = "items", key = "#id")
		public Name name(String id) {
			return loaded(new Name(id));
		}

		@Cacheable(cacheNames = "items", key = "#id")
		public Name nameOrFailure(String id) throws IOException {
			return loadedOrFailure(new Name(id));
		}

		@Cacheable(cacheNames = "items", key = "#id")
		public Size size(String id) {
			return loaded(new Size(1));
		}

		@Cacheable(cacheNames = "items", key = "#id", sync = true)
		public Name nameSync(String id) {
			return loaded(new Name(id));
		}

		@Cacheable(cacheNames = "items", key = "#id", sync = true)
		public Name nameOrFailureSync(String id) throws IOException {
			return loadedOrFailure(new Name(id));
		}

		@Cacheable(cacheNames = "items", key = "#id", sync = true)
		public Size sizeSync(String id) {
			return loaded(new Size(1));
		}

		@Cacheable(cacheNames = "items", key = "#id")
		public CompletableFuture<Name> nameLater(String id) {
			return CompletableFuture.supplyAsync(() -> loaded(new Name(id)), Threads.OWN);
		}

		@Cacheable(cacheNames = "items", key = "#id")
		public CompletableFuture<Size> sizeLater(String id) {
			return CompletableFuture.supplyAsync(() -> loaded(new Size(1)), Threads.OWN);
		}

		@Cacheable(cacheNames = "items", key = "#id")
		public Mono<Name> nameReactive(String id) {
			return Mono.fromCallable(() -> loaded(new Name(id))).subscribeOn(Schedulers.boundedElastic());
		}

		@Cacheable(cacheNames = "items", key = "#id")
		public Mono<Size> sizeReactive(String id) {
			return Mono.fromCallable(() -> loaded(new Size(1))).subscribeOn(Schedulers.boundedElastic());
		}

		@Cacheable(cacheNames = "items", key = "#id")
		public Account account(String id) {
			return loaded(new Account());
		}

		@Cacheable(cacheNames = "items", key = "#id", sync = true)
		public Account accountSync(String id) {
			return loaded(new Account());
		}

		@Cacheable(cacheNames = "items", key = "#id")
		public CompletableFuture<Account> accountLater(String id) {
			return CompletableFuture.supplyAsync(() -> loaded(new Account()), Threads.OWN);
		}

		@Cacheable(cacheNames = "items", key = "#id", sync = true)
		public CompletableFuture<Account> accountLaterSync(String id) {
			return CompletableFuture.supplyAsync(() -> loaded(new Account()), Threads.OWN);
		}

	}

}
