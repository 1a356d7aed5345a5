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

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Annotated methods on a real Redis.
 */
@WithRedis
class AnnotatedMethodsRedisTests {

	private final RedisServer redis;

	private TestInstance<Books> first;

	private TestInstance<Books> second;

	AnnotatedMethodsRedisTests(RedisServer redis) {
		this.redis = redis;
		this.first = TestInstance.of(Books.class, redis);
		this.second = TestInstance.of(Books.class, redis);
	}

	@BeforeEach
	void connected() {
		this.first.awaitUp();
		this.second.awaitUp();
	}

	@AfterEach
	void close() {
		this.first.close();
		this.second.close();
	}

	@Test
	void aSecondCallIsAHitOnEveryInstance() {
		Book loaded = this.first.service().find("42");

		Book again = this.first.service().find("42");
		Book elsewhere = this.second.service().find("42");

		assertThat(again).isEqualTo(loaded);
		assertThat(elsewhere).isEqualTo(loaded);
		assertThat(this.first.service().loads() + this.second.service().loads()).isEqualTo(1);
		assertThat(this.redis.keys("*")).contains("books:42");
		assertThat(this.redis.number("PTTL", "books:42")).isBetween(1L, 600_000L);
	}

	@Test
	void anEvictionIsSeenByTheNextReadOfEveryInstance() {
		for (int i = 0; i < 200; i++) {
			TestInstance<Books> writer = (i % 2 == 0) ? this.first : this.second;
			TestInstance<Books> reader = (i % 2 == 0) ? this.second : this.first;
			reader.service().find("1");
			Books.shelf = "shelf " + i;

			writer.service().moved("1");

			assertThat(reader.service().find("1").shelf()).isEqualTo("shelf " + i);
		}
	}

	@Test
	void aPutIsSeenByTheNextReadOfEveryInstance() {
		this.first.service().find("1");

		this.first.service().replace("1", "top");

		assertThat(this.second.service().find("1").shelf()).isEqualTo("top");
		assertThat(this.second.service().loads()).isZero();
	}

	@Test
	void nullsAreCachedForTheirOwnTime() {
		assertThat(this.first.service().find("none")).isNull();
		assertThat(this.second.service().find("none")).isNull();

		assertThat(this.second.service().loads()).isZero();
		assertThat(this.redis.number("PTTL", "books:none")).isBetween(1L, 30_000L);
	}

	@Test
	void aColdKeyIsLoadedOnceByAllCallersOfAllInstances() throws Exception {
		ExecutorService callers = Executors.newFixedThreadPool(32);
		CountDownLatch go = new CountDownLatch(1);
		List<Future<Book>> calls = IntStream.range(0, 32).mapToObj((i) -> callers.submit((Callable<Book>) () -> {
			go.await();
			return ((i % 2 == 0) ? this.first : this.second).service().slow("7");
		})).toList();

		go.countDown();

		for (Future<Book> call : calls) {
			assertThat(call.get(10, TimeUnit.SECONDS).id()).isEqualTo("7");
		}
		callers.shutdown();
		assertThat(this.first.service().loads() + this.second.service().loads()).isEqualTo(1);
	}

	@Test
	void anExceptionOfTheMethodArrivesUnchangedAndNothingIsStored() {
		assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> this.first.service().find("boom"))
			.withMessage("no such shelf");
		assertThatExceptionOfType(java.io.IOException.class).isThrownBy(() -> this.first.service().checked("boom"))
			.withMessage("burnt");

		await().atMost(Duration.ofMinutes(1)).untilAsserted(() -> assertThat(this.redis.keys("books:*")).isEmpty());
	}

	@Test
	void aSynchronizedMethodIsLoadedThroughTheSameWay() {
		Book loaded = this.first.service().synced("9");

		assertThat(this.second.service().synced("9")).isEqualTo(loaded);
		assertThat(this.second.service().loads()).isZero();
		assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> this.first.service().synced("boom"))
			.withMessage("no such shelf");
	}

	@Test
	void whatUnlessVetoesLeavesNoLease() {
		this.first.service().unlessLong("1");

		await().atMost(Duration.ofSeconds(1)).untilAsserted(() -> assertThat(this.redis.keys("books:*")).isEmpty());
	}

	@Test
	void futuresAreCached() throws Exception {
		Book loaded = this.first.service().later("5").get(5, TimeUnit.SECONDS);

		assertThat(this.second.service().later("5").get(5, TimeUnit.SECONDS)).isEqualTo(loaded);
		assertThat(this.second.service().loads()).isZero();
	}

	@Test
	void monosAndFluxesAreCachedAtSubscription() {
		Mono<Book> mono = this.first.service().mono("6");
		assertThat(this.first.service().loads()).isZero();

		Book loaded = mono.block(Duration.ofSeconds(5));
		Book again = this.second.service().mono("6").block(Duration.ofSeconds(5));

		assertThat(again).isEqualTo(loaded);
		assertThat(this.second.service().loads()).isZero();
		assertThat(this.first.service().flux("a").collectList().block(Duration.ofSeconds(5))).hasSize(3);
		assertThat(this.second.service().flux("a").collectList().block(Duration.ofSeconds(5))).hasSize(3);
		assertThat(this.second.service().loads()).isZero();
	}

	@Test
	void interfacesWithoutAClassAreCachedWithTheTypesThatTheyDeclare() {
		try (TestInstance<Books> instance = TestInstance.of(Books.class, this.redis.host(), this.redis.port(),
				TestInstance::patient, Shelves.class)) {
			Catalogue catalogue = instance.awaitUp().context().getBean(Catalogue.class);

			assertThat(catalogue.byTitle("Dune")).contains(new Book("Dune", "1"));
			assertThat(catalogue.all()).containsExactly(new Book("all", "2"));

			assertThat(catalogue.byTitle("Dune")).contains(new Book("Dune", "1"));
			assertThat(catalogue.all()).containsExactly(new Book("all", "2"));
		}
	}

	@Test
	void allEntriesAreEvictedAtOnceAndSweptLater() {
		for (int i = 0; i < 20; i++) {
			this.first.service().find("k" + i);
		}

		this.second.service().clear();

		this.first.service().find("k3");
		assertThat(this.first.service().loads()).isEqualTo(21);
		await().atMost(Duration.ofMinutes(1))
			.untilAsserted(() -> assertThat(this.redis.keys("books:*")).containsExactly("books:k3"));
	}

	record Book(String id, String shelf) {

	}

	interface Collected<T> {

		@Cacheable("catalogue:all")
		List<T> all();

	}

	/** As a repository or an HTTP client: there is nothing but the interface. */
	interface Catalogue extends Collected<Book> {

		@Cacheable("catalogue:title")
		Optional<Book> byTitle(String title);

	}

	@Configuration(proxyBeanMethods = false)
	static class Shelves {

		@Bean
		static Catalogue catalogue() {
			AtomicInteger calls = new AtomicInteger();
			return (Catalogue) Proxy.newProxyInstance(Catalogue.class.getClassLoader(),
					new Class<?>[] { Catalogue.class }, (self, method, arguments) -> switch (method.getName()) {
						case "byTitle" ->
							Optional.of(new Book(String.valueOf(arguments[0]), "" + calls.incrementAndGet()));
						case "all" -> List.of(new Book("all", "" + calls.incrementAndGet()));
						case "hashCode" -> 1;
						default -> "catalogue";
					});
		}

	}

	static class Books {

		static volatile String shelf = "shelf";

		private final AtomicInteger loads = new AtomicInteger();

		public int loads() {
			return this.loads.get();
		}

		@Cacheable("books")
		public @Nullable Book find(String id) {
			this.loads.incrementAndGet();
			if (id.equals("boom")) {
				throw new IllegalStateException("no such shelf");
			}
			return id.equals("none") ? null : new Book(id, shelf);
		}

		@Cacheable("books")
		public Book slow(String id) throws InterruptedException {
			this.loads.incrementAndGet();
			new CountDownLatch(1).await(100, TimeUnit.MILLISECONDS);
			return new Book(id, shelf);
		}

		@Cacheable("books")
		public Book checked(String id) throws java.io.IOException {
			throw new java.io.IOException("burnt");
		}

		@Cacheable(cacheNames = "books", sync = true)
		public Book synced(String id) {
			return find(id);
		}

		@Cacheable(cacheNames = "books", unless = "#result.shelf.length() > 1")
		public Book unlessLong(String id) {
			return new Book(id, shelf);
		}

		@Cacheable("books")
		public CompletableFuture<Book> later(String id) {
			this.loads.incrementAndGet();
			return CompletableFuture.supplyAsync(() -> new Book(id, shelf));
		}

		@Cacheable("books")
		public Mono<Book> mono(String id) {
			return Mono.fromSupplier(() -> {
				this.loads.incrementAndGet();
				return new Book(id, shelf);
			});
		}

		@Cacheable("lists")
		public Flux<Book> flux(String id) {
			return Flux.defer(() -> {
				this.loads.incrementAndGet();
				return Flux.range(0, 3).map((i) -> new Book(id + i, shelf));
			});
		}

		@CacheEvict("books")
		public void moved(String id) {
		}

		@CachePut(cacheNames = "books", key = "#id")
		public Book replace(String id, String shelf) {
			return new Book(id, shelf);
		}

		@CacheEvict(cacheNames = "books", allEntries = true)
		public void clear() {
		}

	}

}
