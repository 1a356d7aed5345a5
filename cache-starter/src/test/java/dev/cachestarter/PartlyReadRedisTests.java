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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Publisher;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.util.unit.DataSize;

import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Readers that take less than all of what a method returns.
 */
@WithRedis
class PartlyReadRedisTests {

	private static final Duration SOON = Duration.ofMinutes(1);

	private final RedisServer redis;

	private final List<AutoCloseable> opened = new ArrayList<>();

	PartlyReadRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@BeforeEach
	void reset() {
		this.redis.flushAll();
	}

	@AfterEach
	void close() throws Exception {
		for (AutoCloseable instance : this.opened) {
			instance.close();
		}
	}

	@Test
	void whatIsLeftUnreadIsStoredWithTheRest() {
		TestInstance<Feeds> instance = open((settings) -> settings);
		Feeds feeds = instance.service();

		assertThat(feeds.range("first").next().block(SOON)).isEqualTo("0");
		assertThat(feeds.range("taken").take(3).collectList().block(SOON)).containsExactly("0", "1", "2");
		assertThat(feeds.range("requested").take(3, false).blockFirst(SOON)).isEqualTo("0");
		assertThat(Flux.from(feeds.publisher("publisher")).blockFirst(SOON)).isEqualTo("0");

		for (String key : List.of("first", "taken", "requested", "publisher")) {
			await().untilAsserted(() -> assertThat(instance.cache("lists").get(key)).isNotNull());
			assertThat(feeds.range(key).collectList().block(SOON)).hasSize(40).startsWith("0", "1").endsWith("39");
		}
		assertThat(feeds.loads()).isEqualTo(4);
	}

	@Test
	void theSourceGoesOnForWhatIsStoredWhenItEnds() {
		Feeds feeds = open((settings) -> settings).service();
		List<String> read = new ArrayList<>();
		feeds.flux("a").take(1).subscribe(read::add);
		feeds.emit("a", "one");
		await().until(() -> read.equals(List.of("one")));

		feeds.emit("a", "two");
		feeds.complete("a");

		await().untilAsserted(() -> assertThat(open((settings) -> settings).cache("lists").get("a")).isNotNull());
		assertThat(feeds.flux("a").collectList().block(SOON)).containsExactly("one", "two");
		assertThat(feeds.loads()).isEqualTo(1);
	}

	@Test
	void whoComesMeanwhileSharesTheLoad() {
		TestInstance<Feeds> instance = open((settings) -> settings);
		Feeds feeds = instance.service();
		Disposable reader = feeds.flux("a").subscribe();
		feeds.emit("a", "one");
		reader.dispose();
		List<List<String>> shared = new ArrayList<>();
		feeds.flux("a").collectList().subscribe(shared::add);
		await().until(() -> instance.counters("lists").misses() == 2);

		feeds.emit("a", "two");
		feeds.complete("a");

		await().untilAsserted(() -> assertThat(shared).containsExactly(List.of("one", "two")));
		assertThat(feeds.loads()).isEqualTo(1);
	}

	@Test
	void aSourceThatFailsAfterItsReaderHasGoneLeavesNothing() {
		Feeds feeds = open((settings) -> settings).service();
		Disposable reader = feeds.flux("a").subscribe();
		feeds.emit("a", "one");
		reader.dispose();

		feeds.fail("a");

		assertNoEntry();
		assertThat(feeds.cancelled()).isZero();
	}

	@Test
	void anEvictionMeanwhileIsNotUndone() {
		TestInstance<Feeds> instance = open((settings) -> settings);
		Feeds feeds = instance.service();
		Disposable reader = feeds.flux("a").subscribe();
		feeds.emit("a", "old");
		reader.dispose();
		open((settings) -> settings).cache("lists").evict("a");

		feeds.complete("a");

		assertThat(feeds.range("a").collectList().block(SOON)).hasSize(40);
	}

	@Test
	void evictionsAndPutsAreMadeWhenTheSourceEnds() {
		TestInstance<Feeds> instance = open((settings) -> settings);
		Feeds feeds = instance.service();
		instance.cache("lists").put("evicted", List.of("old"));
		instance.cache("lists").put("put", List.of("old"));
		Disposable evicting = feeds.evicting("evicted").subscribe();
		feeds.emit("evicted", "one");
		Disposable putting = feeds.putting("put").subscribe();
		feeds.emit("put", "one");

		evicting.dispose();
		putting.dispose();
		feeds.complete("evicted");
		feeds.complete("put");

		await().untilAsserted(() -> assertThat(instance.cache("lists").get("evicted")).isNull());
		await().untilAsserted(
				() -> assertThat((Object) instance.cache("lists").get("put", List.class)).isEqualTo(List.of("one")));
	}

	@Test
	void whoGoesBeforeTheMethodHasRunStartsNothing() {
		TestInstance<Feeds> leader = open((settings) -> settings);
		TestInstance<Feeds> follower = open((settings) -> settings);
		leader.service().flux("a").onErrorComplete().subscribe();
		await().until(() -> leader.service().loads() == 1);
		Disposable reader = follower.service().flux("a").subscribe();
		await().until(() -> follower.counters("lists").misses() == 1);

		reader.dispose();
		leader.service().fail("a");

		assertNoEntry();
		assertThat(follower.service().range("a").collectList().block(SOON)).hasSize(40);
		assertThat(follower.service().loads()).isEqualTo(1);
	}

	// How long a source goes on

	@Test
	void aSourceWithoutAnEndIsStoppedWhenItHasGivenMoreThanCouldBeStored() {
		Feeds feeds = open((settings) -> settings.withMaxValueSize(DataSize.ofKilobytes(1))).service();

		assertThat(feeds.endless("a").take(3).collectList().block(SOON)).hasSize(3);

		await().until(() -> feeds.cancelled() == 1);
		assertNoEntry();
	}

	@Test
	void aSourceThatHasNoMoreToSayIsStoppedAtTheLimitOfItsLease() {
		Feeds feeds = open((settings) -> settings.withLoadLeaseLimit(Duration.ofMillis(300))).service();
		Disposable reader = feeds.flux("a").subscribe();
		feeds.emit("a", "one");

		reader.dispose();

		assertThat(feeds.cancelled()).isZero();
		await().until(() -> feeds.cancelled() == 1);
		assertNoEntry();
	}

	@Test
	void aSourceWhoseItemsCannotBeStoredIsStoppedAtOnce() {
		TestInstance<Feeds> instance = open((settings) -> settings);
		instance.engine().link().close();
		Feeds feeds = instance.service();
		Disposable reader = feeds.flux("a").subscribe();
		feeds.emit("a", "one");

		reader.dispose();

		assertThat(feeds.cancelled()).isEqualTo(1);
	}

	@Test
	void aSourceOfWhichNothingIsToBeStoredIsStoppedAtOnce() {
		Feeds feeds = open((settings) -> settings).service();
		Disposable reader = feeds.unconditional("a").subscribe();
		feeds.emit("a", "one");

		reader.dispose();

		assertThat(feeds.cancelled()).isEqualTo(1);
	}

	private TestInstance<Feeds> open(UnaryOperator<CacheSettings> settings) {
		TestInstance<Feeds> instance = TestInstance.of(Feeds.class, this.redis.host(), this.redis.port(), (builder) -> {
			TestInstance.patient(builder);
			builder.defaults(settings.apply(CacheSettings.defaults().withLoadWait(SOON)));
		});
		this.opened.add(instance);
		return instance.awaitUp();
	}

	private void assertNoEntry() {
		await().untilAsserted(() -> assertThat(this.redis.keys("lists:*")).isEmpty());
	}

	static class Feeds {

		private final AtomicInteger loads = new AtomicInteger();

		private final AtomicInteger cancelled = new AtomicInteger();

		private final Map<String, Sinks.Many<String>> sources = new ConcurrentHashMap<>();

		public int loads() {
			return this.loads.get();
		}

		public int cancelled() {
			return this.cancelled.get();
		}

		public void emit(String key, String item) {
			await().until(() -> source(key).currentSubscriberCount() > 0);
			source(key).tryEmitNext(item).orThrow();
		}

		public void complete(String key) {
			source(key).tryEmitComplete().orThrow();
		}

		public void fail(String key) {
			source(key).tryEmitError(new IOException("burnt")).orThrow();
		}

		private Sinks.Many<String> source(String key) {
			return this.sources.computeIfAbsent(key, (none) -> Sinks.many().unicast().onBackpressureBuffer());
		}

		private Flux<String> load(Publisher<String> source) {
			return Flux.defer(() -> {
				this.loads.incrementAndGet();
				return source;
			}).doOnCancel(this.cancelled::incrementAndGet);
		}

		@Cacheable("lists")
		public Flux<String> flux(String key) {
			return load(source(key).asFlux());
		}

		@Cacheable(cacheNames = "lists", condition = "false")
		public Flux<String> unconditional(String key) {
			return load(source(key).asFlux());
		}

		@Cacheable("lists")
		public Flux<String> range(String key) {
			return load(Flux.range(0, 40).map(String::valueOf));
		}

		@Cacheable("lists")
		public Publisher<String> publisher(String key) {
			return load(Flux.range(0, 40).map(String::valueOf));
		}

		@Cacheable("lists")
		public Flux<String> endless(String key) {
			return load(Flux.generate((sink) -> sink.next("again")));
		}

		@CacheEvict("lists")
		public Flux<String> evicting(String key) {
			return load(source(key).asFlux());
		}

		@CachePut("lists")
		public Flux<String> putting(String key) {
			return load(source(key).asFlux());
		}

	}

}
