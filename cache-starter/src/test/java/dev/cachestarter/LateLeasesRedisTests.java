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
import java.util.Map;
import java.util.Objects;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.RuleBreaker.Gate;
import dev.cachestarter.RuleBreaker.Step;
import dev.cachestarter.cache.Internals;
import dev.cachestarter.cache.call.Call;
import dev.cachestarter.engine.connection.Script;
import dev.cachestarter.engine.entry.EntryScripts;
import dev.cachestarter.engine.redis.RedisLink;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.SomeOf;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Leases whose answers come when nobody waits for them any more, or once not at all; and
 * waits that begin when others are half over.
 */
@WithRedis(local = true)
class LateLeasesRedisTests extends Interleavings {

	private static final Duration TIMEOUT = Duration.ofSeconds(2);

	/** A call that gives up is no reason for the link to leave. */
	private static final RedisLink.Settings HASTY = new RedisLink.Settings(TIMEOUT, PATIENT.connectTimeout(),
			PATIENT.failureRate(), PATIENT.slowCall(), PATIENT.slowCallRate(), PATIENT.window(), PATIENT.openFor(),
			PATIENT.openForMax(), PATIENT.retry(), PATIENT.loginRetry(), Duration.ofMinutes(1), PATIENT.queue());

	LateLeasesRedisTests(RedisServer redis) {
		super(redis);
	}

	@BeforeEach
	void emptyRedis() {
		this.redis.flushAll();
		// So that the first answer to each is the answer.
		for (Script script : List.of(EntryScripts.ACQUIRE, EntryScripts.CLAIM, EntryScripts.RENEW)) {
			this.redis.cli("SCRIPT", "LOAD", script.text());
		}
	}

	@ParameterizedTest
	@SomeOf({ "PLAIN", "SYNC", "BATCH" })
	void underALeaseThatComesAfterItsCallerWasInterruptedNothingIsStored(Way way) throws Exception {
		RuleBreaker breaker = closing(RuleBreaker.inFrontOf(this.redis.host(), this.redis.port(), Set.of()));
		TestInstance<Shop> shop = shop(breaker, PATIENT);
		TestInstance<Shop> other = shop(null, PATIENT);
		Gate lease = breaker.hold(Step.ACQUIRE);
		Pause load = shop.service().pause();
		Call<Integer> call = call(() -> way.find(shop));
		lease.awaitReached();
		call.interrupt();
		load.awaitReached();

		other.cache("rows").evict("t1:1");
		other.service().version(1);
		lease.open();
		await().atMost(Duration.ofMinutes(1)).until(() -> breaker.journal().contains("ACQUIRE!"));
		load.release();

		assertThat(call.result()).isEqualTo(0);
		await().atMost(Duration.ofMinutes(1))
			.until(() -> breaker.journal().contains("RELEASE!") || breaker.journal().contains("FILL!"));
		assertThat(way.find(other)).isEqualTo(1);
		assertThat(breaker.journal()).doesNotContain("FILL?");
	}

	@ParameterizedTest
	@EnumSource
	void aLeaseThatComesAfterItsCallerHasGivenUpIsGivenBack(Late late) throws Exception {
		RuleBreaker breaker = closing(RuleBreaker.inFrontOf(this.redis.host(), this.redis.port(), Set.of()));
		TestInstance<Shop> shop = shop(breaker, HASTY);
		late.prepare(shop, this.redis);
		Gate first = breaker.hold(late.before);
		long begun = System.nanoTime();
		Call<Integer> call = call(() -> late.find(shop));
		first.awaitReached();
		await().until(() -> System.nanoTime() - begun > TIMEOUT.toNanos() * 7 / 10);
		Gate second = breaker.hold(late.step);
		first.open();
		second.awaitReached();

		assertThat(call.result()).isEqualTo(1);
		second.open();

		await().atMost(Duration.ofMinutes(1)).until(() -> breaker.journal().contains(late.step + "!"));
		await().atMost(Duration.ofMinutes(1)).until(() -> late.isFree(this.redis));
	}

	@Test
	void aLeaseWhoseRenewalFailsOnceIsRenewedAllTheSame() throws Exception {
		Instance leader = instance(Set.of(), TIMELESS.withLease(Duration.ofMillis(900)));
		Pause load = leader.rows().pauseAfterReading();
		Call<Integer> slow = call(() -> leader.find("t1", "1"));
		load.awaitReached();

		this.redis.cli("CONFIG", "SET", "min-replicas-to-write", "1");
		try {
			await().atMost(Duration.ofMinutes(1))
				.until(() -> String.valueOf(this.redis.cli("INFO", "errorstats")).contains("errorstat_NOREPLICAS"));
		}
		finally {
			this.redis.cli("CONFIG", "SET", "min-replicas-to-write", "0");
		}
		long renewals = renewals(leader);

		await().atMost(Duration.ofMinutes(1)).until(() -> renewals(leader) > renewals);
		load.release();
		assertThat(slow.result()).isEqualTo(0);
	}

	private static long renewals(Instance instance) {
		return instance.breaker().journal().stream().filter("RENEW?"::equals).count();
	}

	@Test
	void aLeaseUnderWhichRedisRefusesToStoreIsGivenBack() throws Exception {
		Instance leader = instance(Set.of());
		Instance other = instance(Set.of());
		Pause load = leader.rows().pauseAfterReading();
		Call<Integer> slow = call(() -> leader.find("t1", "1"));
		load.awaitReached();
		Call<Integer> waiting = call(() -> other.find("t1", "1")).awaitWaiting();

		this.redis.cli("CONFIG", "SET", "maxmemory", "1");
		try {
			load.release();

			assertThat(slow.result()).isEqualTo(0);
			assertThat(waiting.result()).isEqualTo(0);
			await().atMost(Duration.ofMinutes(1)).until(() -> this.redis.keys("rows:*").isEmpty());
		}
		finally {
			this.redis.cli("CONFIG", "SET", "maxmemory", "0");
		}
	}

	@Test
	void whoComesLaterWaitsAsLongAsWhoCameFirst() throws Exception {
		Duration wait = Duration.ofSeconds(2);
		Instance leader = instance(Set.of());
		Instance other = instance(Set.of(), TIMELESS.withLoadWait(wait));
		Pause load = leader.rows().pauseAfterReading();
		Call<Integer> slow = call(() -> leader.find("t1", "1"));
		load.awaitReached();
		long begun = System.nanoTime();
		Call<Integer> first = call(() -> other.find("t1", "1")).awaitWaiting();
		await().until(() -> System.nanoTime() - begun > wait.toNanos() * 6 / 10);
		Call<Integer> second = call(() -> other.find("t1", "1")).awaitWaiting();

		assertThat(first.result()).as("it has given up").isEqualTo(0);
		assertThat(other.rows().loads()).isEqualTo(1);
		await().during(wait.dividedBy(10)).atMost(wait).until(() -> !second.isDone());
		load.release();

		assertThat(second.result()).isEqualTo(slow.result());
		assertThat(other.rows().loads()).as("the second has waited").isEqualTo(1);
	}

	private TestInstance<Shop> shop(@Nullable RuleBreaker breaker, RedisLink.Settings link) {
		TestInstance<Shop> shop = TestInstance.of(Shop.class, (breaker != null) ? breaker.host() : this.redis.host(),
				(breaker != null) ? breaker.port() : this.redis.port(),
				(builder) -> Internals.link(builder.defaults(TIMELESS.withStaleIfError(Duration.ofHours(1))), link)
					.caches(List.of("rows")));
		return closing(shop).awaitUp();
	}

	/**
	 * A way to ask for row 1 of tenant t1.
	 */
	enum Way {

		PLAIN {
			@Override
			int find(TestInstance<Shop> shop) {
				return shop.service().find("t1", "1");
			}
		},

		SYNC {
			@Override
			int find(TestInstance<Shop> shop) {
				return shop.service().findSync("t1", "1");
			}
		},

		CACHE {
			@Override
			int find(TestInstance<Shop> shop) {
				return Objects.requireNonNull(shop.cache("rows").<Integer>get("t1:1", () -> shop.service().load()));
			}
		},

		SERVICE {
			@Override
			int find(TestInstance<Shop> shop) {
				return shop.cacheService()
					.getOrLoad("rows:t1:1", Integer.class, Duration.ofHours(1), shop.service()::load);
			}
		},

		BATCH {
			@Override
			int find(TestInstance<Shop> shop) {
				return Objects.requireNonNull(shop.cacheService()
					.getAll(List.of("rows:t1:1"), Integer.class, (keys) -> Map.of("rows:t1:1", shop.service().load()))
					.get("rows:t1:1"));
			}
		};

		abstract int find(TestInstance<Shop> shop);

	}

	/**
	 * A lease, and what is asked for before it in the same call.
	 */
	enum Late {

		LEASE(Step.READ, Step.ACQUIRE) {
			@Override
			int find(TestInstance<Shop> shop) {
				return Way.PLAIN.find(shop);
			}
		},

		LEASE_OF_A_BATCH(Step.READ, Step.ACQUIRE) {
			@Override
			int find(TestInstance<Shop> shop) {
				return Way.BATCH.find(shop);
			}
		},

		LEASE_OF_A_PUT(Step.GENERATION, Step.SEIZE) {
			@Override
			int find(TestInstance<Shop> shop) {
				return shop.service().replace("t1", "1");
			}
		},

		CLAIM(Step.READ, Step.CLAIM) {
			@Override
			void prepare(TestInstance<Shop> shop, RedisServer redis) {
				Way.PLAIN.find(shop);
				await().until(() -> shop.counters("rows").puts() == 1);
				redis.cli("SETRANGE", "rows:t1:1", "120", "%013d".formatted(System.currentTimeMillis() - 60_000));
				shop.service().version(1);
			}

			@Override
			int find(TestInstance<Shop> shop) {
				return Way.PLAIN.find(shop);
			}

			@Override
			boolean isFree(RedisServer redis) {
				return "-".repeat(16).equals(redis.cli("GETRANGE", "rows:t1:1", "23", "38"));
			}
		};

		private final Step before;

		private final Step step;

		Late(Step before, Step step) {
			this.before = before;
			this.step = step;
		}

		abstract int find(TestInstance<Shop> shop);

		void prepare(TestInstance<Shop> shop, RedisServer redis) {
			shop.service().version(1);
		}

		boolean isFree(RedisServer redis) {
			return redis.keys("rows:*").isEmpty();
		}

	}

	/**
	 * The application.
	 */
	static class Shop {

		private volatile int version;

		private volatile @Nullable Pause pause;

		public void version(int version) {
			this.version = version;
		}

		/** Have the next load stop when it has read. */
		public Pause pause() {
			Pause pause = new Pause();
			this.pause = pause;
			return pause;
		}

		public int load() {
			// Who was interrupted before may well go on to wait for something.
			boolean interrupted = Thread.interrupted();
			int read = this.version;
			Pause pause = this.pause;
			this.pause = null;
			if (pause != null) {
				pause.stop();
			}
			if (interrupted) {
				Thread.currentThread().interrupt();
			}
			return read;
		}

		@Cacheable("rows")
		public Integer find(String tenant, String id) {
			return load();
		}

		@Cacheable(cacheNames = "rows", sync = true)
		public Integer findSync(String tenant, String id) {
			return load();
		}

		@CachePut("rows")
		public Integer replace(String tenant, String id) {
			return load();
		}

	}

}
