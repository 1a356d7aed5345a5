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
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.cache.Internals;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.SomeOf;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Methods whose futures nobody completes, and callers who do not wait for theirs.
 */
@WithRedis(local = true)
class EndlessFuturesRedisTests extends Interleavings {

	private static final Duration LIMIT = Duration.ofSeconds(2);

	/** Nobody waits so long, so whoever waits for an endless load is seen. */
	private static final CacheSettings LIMITED = TIMELESS.withLease(Duration.ofMillis(500)).withLoadLeaseLimit(LIMIT);

	private static final CacheSettings UNLIMITED = TIMELESS.withLoadLeaseLimit(Duration.ofHours(1));

	EndlessFuturesRedisTests(RedisServer redis) {
		super(redis);
	}

	@BeforeEach
	void emptyRedis() {
		this.redis.flushAll();
	}

	@ParameterizedTest
	@SomeOf({ "CANCELLED", "TIMED_OUT" })
	void aLoadThatNeverEndsIsNotWaitedForAfterTheLimit(End end) {
		List<TestInstance<Feeds>> all = instances();
		for (Way way : Way.values()) {
			callInVain(way, all.get(way.ordinal()), end);
		}
		sleep(LIMIT.plusMillis(500));

		for (Way way : Way.values()) {
			callAgain(way, all.get(way.ordinal()));
		}
	}

	@ParameterizedTest
	@SomeOf({ "CANCELLED", "TIMED_OUT" })
	void withoutRedisALoadThatNeverEndsIsNotWaitedForAfterTheLimitEither(End end) {
		List<TestInstance<Feeds>> all = instances();
		this.redis.stop();
		for (Way way : Way.values()) {
			TestInstance<Feeds> feeds = all.get(way.ordinal());
			await().atMost(Duration.ofMinutes(1)).until(() -> !feeds.engine().link().isUp());
			callInVain(way, feeds, end);
		}
		sleep(LIMIT.plusMillis(500));

		for (Way way : Way.values()) {
			callAgain(way, all.get(way.ordinal()));
		}
	}

	private List<TestInstance<Feeds>> instances() {
		return Arrays.stream(Way.values()).map((way) -> feeds(LIMITED)).toList();
	}

	private static void callInVain(Way way, TestInstance<Feeds> feeds, End end) {
		CompletableFuture<String> endless = way.call(feeds, way.name());
		await().until(() -> feeds.service().futures() == 1);
		end.of(endless);
	}

	private static void callAgain(Way way, TestInstance<Feeds> feeds) {
		CompletableFuture<String> next = way.call(feeds, way.name());
		await().atMost(Duration.ofMinutes(1)).until(() -> feeds.service().futures() == 2);
		feeds.service().completeLast("loaded");
		assertThat(next).succeedsWithin(Duration.ofSeconds(20)).isEqualTo("loaded");
	}

	@ParameterizedTest
	@EnumSource
	void whoJoinedALoadThatNeverEndsGoesOnAtTheLimit(Way way) {
		TestInstance<Feeds> feeds = feeds(LIMITED);
		CompletableFuture<String> first = way.call(feeds, "k");
		await().until(() -> feeds.service().futures() == 1);

		CompletableFuture<String> joined = way.call(feeds, "k");

		await().atMost(Duration.ofMinutes(1)).until(() -> feeds.service().futures() == 2);
		feeds.service().completeLast("loaded");
		assertThat(joined).succeedsWithin(Duration.ofSeconds(20)).isEqualTo("loaded");
		assertThat(first).isNotDone();
	}

	@ParameterizedTest
	@EnumSource
	void aCancelledCallGivesItsLeaseBackIfNobodySharesItsLoad(Way way) {
		TestInstance<Feeds> feeds = feeds(UNLIMITED);
		TestInstance<Feeds> other = feeds(UNLIMITED);
		CompletableFuture<String> call = way.call(feeds, "k");
		await().until(() -> feeds.service().futures() == 1);
		CompletableFuture<String> waiting = way.call(other, "k");
		await().until(() -> other.counters("feeds").misses() == 1);

		call.cancel(true);

		await().atMost(Duration.ofMinutes(1)).until(() -> other.service().futures() == 1);
		other.service().completeLast("of the other");
		assertThat(waiting).succeedsWithin(Duration.ofSeconds(20)).isEqualTo("of the other");
		await().until(() -> other.counters("feeds").puts() == 1);
		assertThat(way.call(feeds, "k")).succeedsWithin(Duration.ofSeconds(20)).isEqualTo("of the other");
	}

	@ParameterizedTest
	@EnumSource
	void withoutRedisTheLoadOfACancelledCallIsNotWaitedFor(Way way) {
		TestInstance<Feeds> feeds = feeds(UNLIMITED);
		this.redis.stop();
		await().atMost(Duration.ofMinutes(1)).until(() -> !feeds.engine().link().isUp());
		CompletableFuture<String> call = way.call(feeds, "k");
		await().until(() -> feeds.service().futures() == 1);

		call.cancel(true);
		CompletableFuture<String> next = way.call(feeds, "k");

		await().atMost(Duration.ofMinutes(1)).until(() -> feeds.service().futures() == 2);
		feeds.service().completeLast("loaded");
		assertThat(next).succeedsWithin(Duration.ofSeconds(20)).isEqualTo("loaded");
	}

	@ParameterizedTest
	@EnumSource
	void theLoadOfACancelledCallGoesOnForThoseWhoShareIt(Way way) {
		TestInstance<Feeds> feeds = feeds(UNLIMITED);
		CompletableFuture<String> call = way.call(feeds, "k");
		await().until(() -> feeds.service().futures() == 1);
		CompletableFuture<String> joined = way.call(feeds, "k");
		await().until(() -> feeds.counters("feeds").misses() == 2);
		// It has looked; it joins a moment later.
		await().during(Duration.ofMillis(300)).until(() -> !joined.isDone());

		call.cancel(true);
		feeds.service().completeLast("loaded");

		assertThat(joined).succeedsWithin(Duration.ofSeconds(20)).isEqualTo("loaded");
		assertThat(feeds.service().futures()).isEqualTo(1);
		await().until(() -> feeds.counters("feeds").puts() == 1);
	}

	@Test
	void anEndlessLoadUnderItsLimitIsShared() {
		TestInstance<Feeds> feeds = feeds(UNLIMITED);
		CompletableFuture<String> first = Way.METHOD.call(feeds, "k");
		await().until(() -> feeds.service().futures() == 1);
		CompletableFuture<String> joined = Way.METHOD.call(feeds, "k");
		await().until(() -> feeds.counters("feeds").misses() == 2);

		await().during(Duration.ofMillis(500)).until(() -> !joined.isDone());
		feeds.service().completeLast("loaded");

		assertThat(joined).succeedsWithin(Duration.ofSeconds(20)).isEqualTo("loaded");
		assertThat(first).succeedsWithin(Duration.ofSeconds(20)).isEqualTo("loaded");
		assertThat(feeds.service().futures()).isEqualTo(1);
	}

	private static void sleep(Duration time) {
		long begun = System.nanoTime();
		await().until(() -> System.nanoTime() - begun > time.toNanos());
	}

	private TestInstance<Feeds> feeds(CacheSettings settings) {
		return closing(TestInstance.of(Feeds.class, this.redis.host(), this.redis.port(),
				(builder) -> Internals.link(builder.defaults(settings).caches(List.of("feeds")), PATIENT)))
			.awaitUp();
	}

	/**
	 * What a caller does with a future that does not end.
	 */
	enum End {

		DROPPED {
			@Override
			void of(CompletableFuture<String> future) {
			}
		},

		CANCELLED {
			@Override
			void of(CompletableFuture<String> future) {
				future.cancel(true);
			}
		},

		TIMED_OUT {
			@Override
			void of(CompletableFuture<String> future) {
				future.orTimeout(100, TimeUnit.MILLISECONDS);
			}
		};

		abstract void of(CompletableFuture<String> future);

	}

	/**
	 * A way to ask for a feed.
	 */
	enum Way {

		METHOD {
			@Override
			CompletableFuture<String> call(TestInstance<Feeds> feeds, String id) {
				return feeds.service().feed(id);
			}
		},

		SYNC {
			@Override
			CompletableFuture<String> call(TestInstance<Feeds> feeds, String id) {
				return feeds.service().feedSync(id);
			}
		},

		CACHE {
			@Override
			CompletableFuture<String> call(TestInstance<Feeds> feeds, String id) {
				return feeds.cache("feeds").retrieve(id, () -> feeds.service().endless());
			}
		};

		abstract CompletableFuture<String> call(TestInstance<Feeds> feeds, String id);

	}

	/**
	 * Feeds whose futures the test completes, or nobody.
	 */
	static class Feeds {

		private final Queue<CompletableFuture<String>> futures = new ConcurrentLinkedQueue<>();

		public int futures() {
			return this.futures.size();
		}

		public void completeLast(String value) {
			List<CompletableFuture<String>> all = new ArrayList<>(this.futures);
			all.get(all.size() - 1).complete(value);
		}

		public CompletableFuture<String> endless() {
			CompletableFuture<String> future = new CompletableFuture<>();
			this.futures.add(future);
			return future;
		}

		@Cacheable(cacheNames = "feeds", key = "#id")
		public CompletableFuture<String> feed(String id) {
			return endless();
		}

		@Cacheable(cacheNames = "feeds", key = "#id", sync = true)
		public CompletableFuture<String> feedSync(String id) {
			return endless();
		}

	}

}
