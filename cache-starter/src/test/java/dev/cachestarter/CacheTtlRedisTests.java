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
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
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
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cache.annotation.CacheConfig;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.transaction.support.TransactionTemplate;

import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.cache.call.Call;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Transactions;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Times to live that methods state, on a real server.
 */
@WithRedis(local = true)
@ExtendWith(OutputCaptureExtension.class)
class CacheTtlRedisTests {

	private static final CacheSettings HOUR = CacheSettings.defaults()
		.withTtl(Duration.ofHours(1))
		.withTtlJitter(0)
		.withLoadWait(Duration.ofMinutes(1));

	private static final Duration FIVE_MINUTES = Duration.ofMinutes(5);

	private static final AtomicInteger LOADS = new AtomicInteger();

	private static volatile boolean failing;

	private final RedisServer redis;

	private @Nullable TestInstance<Quotes> instance;

	/** Whether an expression has found a call. */
	private static final AtomicReference<@Nullable Boolean> seen = new AtomicReference<>();

	CacheTtlRedisTests(RedisServer redis) {
		this.redis = redis;
		redis.flushAll();
		LOADS.set(0);
		failing = false;
	}

	@AfterEach
	void close() {
		if (this.instance != null) {
			this.instance.close();
		}
	}

	@ParameterizedTest
	@EnumSource
	void itHoldsForEveryKindOfCaller(Way way) {
		Quotes quotes = quotes(HOUR);

		way.call(quotes, "open");

		assertThat(ttl("quotes:open")).isBetween(FIVE_MINUTES.minusMinutes(1), FIVE_MINUTES);
	}

	@ParameterizedTest
	@ValueSource(strings = { "closed", "open" })
	void itMayDependOnTheResult(String symbol) {
		quotes(HOUR).byResult(symbol);

		Duration expected = symbol.equals("closed") ? Duration.ofDays(1) : Duration.ofMinutes(1);
		assertThat(ttl("quotes:" + symbol)).isBetween(expected.minusSeconds(40), expected);
	}

	@Test
	void itHoldsInEachCacheOfTheMethodAndNotForOtherMethodsOfIt() {
		Quotes quotes = quotes(HOUR);

		quotes.inTwoCaches("open");
		quotes.withoutOne("other");

		assertThat(ttl("quotes:open")).isLessThanOrEqualTo(FIVE_MINUTES);
		assertThat(ttl("others:open")).isLessThanOrEqualTo(FIVE_MINUTES);
		assertThat(ttl("quotes:other")).isGreaterThan(Duration.ofMinutes(50));
	}

	/** What an expression does with caches is no part of the call. */
	@Test
	void itIsEvaluatedOutsideTheCall() {
		quotes(HOUR).seeing("open");

		assertThat(ttl("quotes:open")).isLessThanOrEqualTo(FIVE_MINUTES);
		assertThat(seen).hasValue(false);
	}

	@Test
	void zeroIsForNoExpiry() {
		quotes(HOUR).endless("open");

		await().untilAsserted(() -> assertThat(pttl("quotes:open")).isEqualTo(-1));
	}

	@Test
	void jitterIsTakenOffAsFromTheTtlOfACache() {
		Quotes quotes = quotes(HOUR.withTtlJitter(0.5));

		List<Duration> ttls = IntStream.range(0, 20).mapToObj((i) -> {
			quotes.plain("open-" + i);
			return ttl("quotes:open-" + i);
		}).toList();

		assertThat(ttls).allSatisfy((ttl) -> assertThat(ttl).isBetween(Duration.ofMinutes(2), FIVE_MINUTES));
		assertThat(ttls.stream().map(Duration::toSeconds).collect(Collectors.toSet())).hasSizeGreaterThan(5);
	}

	@Test
	void aNullLivesForTheNullTtlAndNoLongerThanAFixedOne() {
		Quotes quotes = quotes(HOUR.withNullTtl(Duration.ofMinutes(2)));

		quotes.plain("none");
		quotes.brief("none-too");
		quotes.byResult("none-as-well");
		quotes.endless("none-for-ever");

		assertThat(ttl("quotes:none")).isBetween(Duration.ofSeconds(80), Duration.ofMinutes(2));
		assertThat(ttl("quotes:none-too")).isLessThanOrEqualTo(Duration.ofSeconds(20));
		assertThat(ttl("quotes:none-as-well")).as("an expression is not asked for nulls")
			.isBetween(Duration.ofSeconds(80), Duration.ofMinutes(2));
		assertThat(ttl("quotes:none-for-ever")).isBetween(Duration.ofSeconds(80), Duration.ofMinutes(2));
	}

	@Test
	void nullsThatAreNotCachedStayThatWay() {
		Quotes quotes = quotes(HOUR.withNullTtl(Duration.ZERO));

		quotes.plain("none");
		quotes.plain("none");
		quotes.plain("open");

		assertThat(ttl("quotes:open")).isLessThanOrEqualTo(FIVE_MINUTES);
		assertThat(LOADS).hasValue(3);
	}

	@Test
	void aTtlPolicyGoesBeforeItAndAPolicyOfTheCacheAfterIt() {
		Quotes quotes = quotes(HOUR.withTtlPolicy((cacheName, key, value) -> Duration.ofMinutes(20)),
				(builder) -> builder
					.ttlPolicy((cacheName, key, value) -> key.equals("policy") ? Duration.ofMinutes(10) : null));

		quotes.plain("policy");
		quotes.plain("method");
		quotes.withoutOne("cache");

		assertThat(ttl("quotes:policy")).isBetween(Duration.ofMinutes(9), Duration.ofMinutes(10));
		assertThat(ttl("quotes:method")).isLessThanOrEqualTo(FIVE_MINUTES);
		assertThat(ttl("quotes:cache")).isBetween(Duration.ofMinutes(19), Duration.ofMinutes(20));
	}

	@Test
	void aStaleEntryIsKeptForStaleIfErrorBeyondIt() {
		Quotes quotes = quotes(HOUR.withStaleIfError(Duration.ofMinutes(30)));

		quotes.plain("open");

		assertThat(ttl("quotes:open")).isBetween(Duration.ofMinutes(34), Duration.ofMinutes(35));
	}

	@Test
	void aStaleEntryServesOnceItIsOver() {
		Quotes quotes = quotes(HOUR.withStaleIfError(Duration.ofMinutes(30)));
		Quote loaded = quotes.instant("open");
		failing = true;

		await().untilAsserted(() -> {
			assertThat(quotes.instant("open")).isEqualTo(loaded);
			assertThat(quotes().counters("quotes").staleServed()).isPositive();
		});
	}

	@Test
	void refreshAheadCountsFromItAndItHoldsForWhatIsLoadedInTheBackground() {
		Quotes quotes = quotes(HOUR.withRefreshAhead(Duration.ofMinutes(30)));
		quotes.second("open");

		// Due in the last half of its second; after an hour by the settings of the cache.
		await().pollInterval(Duration.ofMillis(20)).until(() -> {
			quotes.second("open");
			return quotes().counters("quotes").refreshes() > 0;
		});

		await().untilAsserted(() -> assertThat(ttl("quotes:open")).isBetween(Duration.ofSeconds(2), FIVE_MINUTES));
	}

	@Test
	void itHoldsForWhatATransactionStores() {
		Quotes quotes = quotes(HOUR);

		new TransactionTemplate(new Transactions()).executeWithoutResult((status) -> {
			quotes.plain("loaded");
			quotes.put("put");
		});

		assertThat(ttl("quotes:loaded")).isLessThanOrEqualTo(FIVE_MINUTES);
		assertThat(ttl("quotes:put")).isLessThanOrEqualTo(FIVE_MINUTES);
	}

	@ParameterizedTest
	@EnumSource
	void anExpressionThatFailsIsLoggedOnceAndTheTtlOfTheCacheHolds(Failing failing, CapturedOutput output) {
		Quotes quotes = quotes(HOUR);

		Quote first = failing.call(quotes, "one");
		failing.call(quotes, "two");

		assertThat(first).isEqualTo(new Quote("one", 1, false));
		assertThat(ttl("quotes:one")).isGreaterThan(Duration.ofMinutes(50));
		assertThat(ttl("quotes:two")).isGreaterThan(Duration.ofMinutes(50));
		assertThat(output.getAll().lines().filter((line) -> line.contains("The @CacheTtl of '"))).singleElement()
			.asString()
			.contains("WARN", "failed for cache 'quotes', whose own TTL applies: ", failing.why)
			.doesNotContain("price=1");
	}

	@Test
	void anExpressionThatGivesNullLeavesItToTheCache(CapturedOutput output) {
		quotes(HOUR).nothing("open");

		assertThat(ttl("quotes:open")).isGreaterThan(Duration.ofMinutes(50));
		assertThat(output).doesNotContain("@CacheTtl");
	}

	@Test
	void aHugeOneCountsAsAHundredYears() {
		quotes(HOUR).huge("open");

		assertThat(ttl("quotes:open")).isBetween(Duration.ofDays(36_499), Duration.ofDays(36_500));
	}

	private TestInstance<Quotes> quotes() {
		return Objects.requireNonNull(this.instance);
	}

	private Quotes quotes(CacheSettings settings) {
		return quotes(settings, (builder) -> {
		});
	}

	private Quotes quotes(CacheSettings settings, Consumer<ResilientRedisCacheManager.Builder> more) {
		TestInstance<Quotes> created = TestInstance.of(Quotes.class, this.redis.host(), this.redis.port(),
				(builder) -> {
					TestInstance.patient(builder);
					builder.cache("quotes", settings).cache("others", settings);
					more.accept(builder);
				});
		this.instance = created;
		return created.awaitUp().service();
	}

	/** Return the TTL of a value. That of a lease is shorter than any here. */
	private Duration ttl(String key) {
		await().until(() -> pttl(key) > 2500);
		return Duration.ofMillis(pttl(key));
	}

	private long pttl(String key) {
		return Long.parseLong(String.valueOf(this.redis.cli("PTTL", key)));
	}

	record Quote(String symbol, int price, boolean closed) {

		public String explode() {
			throw new StackOverflowError("boom");
		}

	}

	enum Way {

		PLAIN(Quotes::plain),

		SYNC(Quotes::sync),

		OPTIONAL(Quotes::optional),

		FUTURE((quotes, symbol) -> quotes.future(symbol).join()),

		SYNC_FUTURE((quotes, symbol) -> quotes.syncFuture(symbol).join()),

		MONO((quotes, symbol) -> quotes.mono(symbol).block()),

		SYNC_MONO((quotes, symbol) -> quotes.syncMono(symbol).block()),

		FLUX((quotes, symbol) -> quotes.flux(symbol).collectList().block()),

		PUT(Quotes::put),

		PUT_BY_RESULT((quotes, symbol) -> quotes.putByResult(symbol)),

		PUT_FUTURE((quotes, symbol) -> quotes.putFuture(symbol).join()),

		PUT_MONO((quotes, symbol) -> quotes.putMono(symbol).block());

		private final BiFunction<Quotes, String, @Nullable Object> call;

		Way(BiFunction<Quotes, String, @Nullable Object> call) {
			this.call = call;
		}

		void call(Quotes quotes, String symbol) {
			this.call.apply(quotes, symbol);
		}

	}

	enum Failing {

		THROWS(Quotes::throwing, "boom"),

		NUMBER(Quotes::number, "a java.lang.Integer, is no duration"),

		NEGATIVE(Quotes::negative, "a java.lang.String, is negative"),

		OTHER(Quotes::other, "is no duration. Let it give a text such as '5m', or a Duration"),

		TEXT(Quotes::text, "a java.lang.String, is no duration"),

		NO_TEXT(Quotes::noText, "Type conversion problem"),

		NO_PROPERTY(Quotes::noProperty, "'nonsense'");

		private final BiFunction<Quotes, String, @Nullable Quote> call;

		private final String why;

		Failing(BiFunction<Quotes, String, @Nullable Quote> call, String why) {
			this.call = call;
			this.why = why;
		}

		@Nullable Quote call(Quotes quotes, String symbol) {
			return this.call.apply(quotes, symbol);
		}

	}

	@CacheConfig(cacheNames = "quotes")
	static class Quotes {

		@Cacheable
		@CacheTtl("5m")
		public @Nullable Quote plain(String symbol) {
			return load(symbol);
		}

		@Cacheable
		@CacheTtl("#{#root.target.minutes()}m")
		public @Nullable Quote seeing(String symbol) {
			return load(symbol);
		}

		public int minutes() {
			seen.set(Call.current() != null);
			return 5;
		}

		@Cacheable(sync = true)
		@CacheTtl("5m")
		public @Nullable Quote sync(String symbol) {
			return load(symbol);
		}

		@Cacheable
		@CacheTtl("#{#result.price * 5}m")
		public Optional<Quote> optional(String symbol) {
			return Optional.ofNullable(load(symbol));
		}

		@Cacheable
		@CacheTtl("#{#result.price * 5}m")
		public CompletableFuture<@Nullable Quote> future(String symbol) {
			return CompletableFuture.supplyAsync(() -> load(symbol));
		}

		@Cacheable(sync = true)
		@CacheTtl("#{#result.price * 5}m")
		public CompletableFuture<@Nullable Quote> syncFuture(String symbol) {
			return CompletableFuture.supplyAsync(() -> load(symbol));
		}

		@Cacheable
		@CacheTtl("#{#result.price * 5}m")
		public Mono<Quote> mono(String symbol) {
			return Mono.fromCallable(() -> load(symbol));
		}

		@Cacheable(sync = true)
		@CacheTtl("#{#result.price * 5}m")
		public Mono<Quote> syncMono(String symbol) {
			return Mono.fromCallable(() -> load(symbol));
		}

		@Cacheable
		@CacheTtl("#{#result.size() * 5}m")
		public Flux<Quote> flux(String symbol) {
			return Flux.just(Objects.requireNonNull(load(symbol)));
		}

		@CachePut
		@CacheTtl("5m")
		public @Nullable Quote put(String symbol) {
			return load(symbol);
		}

		@CachePut(key = "#result.symbol")
		@CacheTtl("#{#result.price * 5}m")
		public @Nullable Quote putByResult(String symbol) {
			return load(symbol);
		}

		@CachePut
		@CacheTtl("5m")
		public CompletableFuture<@Nullable Quote> putFuture(String symbol) {
			return CompletableFuture.supplyAsync(() -> load(symbol));
		}

		@CachePut
		@CacheTtl("#{#result.price * 5}m")
		public Mono<Quote> putMono(String symbol) {
			return Mono.fromCallable(() -> load(symbol));
		}

		@Cacheable
		@CacheTtl("#{#result.closed ? '1d' : '1m'}")
		public @Nullable Quote byResult(String symbol) {
			return load(symbol);
		}

		@Cacheable({ "quotes", "others" })
		@CacheTtl("5m")
		public @Nullable Quote inTwoCaches(String symbol) {
			return load(symbol);
		}

		@Cacheable
		public @Nullable Quote withoutOne(String symbol) {
			return load(symbol);
		}

		@Cacheable
		@CacheTtl("0")
		public @Nullable Quote endless(String symbol) {
			return load(symbol);
		}

		@Cacheable
		@CacheTtl("20s")
		public @Nullable Quote brief(String symbol) {
			return load(symbol);
		}

		@Cacheable
		@CacheTtl("1ms")
		public @Nullable Quote instant(String symbol) {
			return load(symbol);
		}

		@Cacheable
		@CacheTtl("#{#result.price == 1 ? '1s' : '5m'}")
		public @Nullable Quote second(String symbol) {
			return load(symbol);
		}

		@Cacheable
		@CacheTtl("#{#result.explode()}")
		public @Nullable Quote throwing(String symbol) {
			return load(symbol);
		}

		@Cacheable
		@CacheTtl("#{#result.price * 600}")
		public @Nullable Quote number(String symbol) {
			return load(symbol);
		}

		@Cacheable
		@CacheTtl("#{-1 - #result.price}s")
		public @Nullable Quote negative(String symbol) {
			return load(symbol);
		}

		@Cacheable
		@CacheTtl("#{#result}")
		public @Nullable Quote other(String symbol) {
			return load(symbol);
		}

		@Cacheable
		@CacheTtl("#{#result.symbol}m")
		public @Nullable Quote text(String symbol) {
			return load(symbol);
		}

		@Cacheable
		@CacheTtl("#{#result}m")
		public @Nullable Quote noText(String symbol) {
			return load(symbol);
		}

		@Cacheable
		@CacheTtl("#{#result.nonsense}")
		public @Nullable Quote noProperty(String symbol) {
			return load(symbol);
		}

		@Cacheable
		@CacheTtl("#{null}")
		public @Nullable Quote nothing(String symbol) {
			return load(symbol);
		}

		@Cacheable
		@CacheTtl("#{#result.price}99999999d")
		public @Nullable Quote huge(String symbol) {
			return load(symbol);
		}

		private @Nullable Quote load(String symbol) {
			if (failing) {
				throw new IllegalStateException("no source");
			}
			LOADS.incrementAndGet();
			return symbol.startsWith("none") ? null : new Quote(symbol, LOADS.get(), symbol.equals("closed"));
		}

	}

}
