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
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.transaction.support.TransactionTemplate;
import org.springframework.util.unit.DataSize;

import dev.cachestarter.cache.Internals;
import dev.cachestarter.metrics.CacheStarterMetrics;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Transactions;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Copies in memory that Redis confirms with each read.
 */
@WithRedis(local = true)
@ExtendWith(OutputCaptureExtension.class)
class NearCacheRedisTests {

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	private static final Pattern CALLS = Pattern.compile("cmdstat_([a-z]+):calls=(\\d+)");

	private final RedisServer redis;

	private final TestInstance<Pages> instance;

	private final TestInstance<Pages> other;

	NearCacheRedisTests(RedisServer redis) {
		this.redis = redis;
		redis.flushAll();
		Pages.VERSIONS.clear();
		Pages.LOADS.set(0);
		this.instance = instance((settings) -> settings);
		this.other = instance((settings) -> settings.withNear(NearSettings.defaults()));
	}

	@AfterEach
	void close() {
		this.redis.cli("CONFIG", "SET", "min-replicas-to-write", "0");
		this.instance.close();
		this.other.close();
	}

	// What it spares

	@Test
	void aCopyIsServedWithoutReadingThePayload() {
		Page first = copied("t1", "1");
		this.redis.cli("CONFIG", "RESETSTAT");

		Page found = this.instance.service().find("t1", "1");

		assertThat(asked()).isEqualTo(Map.of("mget", 1, "getrange", 1));
		assertThat(found).isSameAs(first);
		assertThat(sent()).as("bytes that the server has sent").isLessThan(Pages.SIZE / 2);
		assertThat(Pages.LOADS).hasValue(1);
		CacheSnapshot.Counters counters = this.instance.counters("pages");
		assertThat(counters.nearHits()).isEqualTo(1);
		assertThat(counters.hits()).as("the read that has made the copy, and this one").isEqualTo(2);
	}

	@ParameterizedTest
	@EnumSource
	void everyWayToReadUsesIt(Way way) {
		Page first = copied("t1", "1");
		long before = nearHits();

		Page found = way.read(this.instance);

		assertThat(found).isSameAs(first);
		assertThat(nearHits() - before).isEqualTo(1);
	}

	@Test
	void eachCallerGetsAValueOfItsOwnWhereThatIsSet() {
		try (TestInstance<Pages> copying = instance((settings) -> settings.withNear(settings.near().withCopy(true)))) {
			Page first = copied(copying, "t1", "1");
			this.redis.cli("CONFIG", "RESETSTAT");

			Page found = copying.service().find("t1", "1");

			assertThat(found).isEqualTo(first).isNotSameAs(first);
			assertThat(copying.service().find("t1", "1")).isNotSameAs(found);
			assertThat(sent()).isLessThan(Pages.SIZE / 2);
			assertThat(copying.counters("pages").nearHits()).isEqualTo(2);
		}
	}

	@Test
	void whatIsSmallIsReadWhole() {
		for (int i = 0; i < 3; i++) {
			this.instance.service().count("t1", "2");
			awaitStored("pages:t1:2");
		}

		assertThat(nearHits()).isZero();
		assertThat(size().entries()).isZero();
	}

	@Test
	void whatIsKeptIsBounded() {
		try (TestInstance<Pages> small = instance((settings) -> settings.withNear(settings.near().withMaxEntries(10)));
				TestInstance<Pages> narrow = instance((settings) -> settings
					.withNear(settings.near().withMaxSize(DataSize.ofBytes(4 * Pages.SIZE))))) {
			for (int i = 0; i < 100; i++) {
				copied(small, "t1", String.valueOf(i));
				copied(narrow, "t1", String.valueOf(i));
			}

			assertThat(Objects.requireNonNull(small.engine().near("pages")).entries()).isBetween(1L, 10L);
			assertThat(Objects.requireNonNull(narrow.engine().near("pages")).bytes()).isBetween(1L, 4L * Pages.SIZE);
		}
	}

	// That it is never stale

	@ParameterizedTest
	@EnumSource
	void whateverChangesWhatIsInRedisIsSeenByTheNextRead(Change change) {
		copied("t1", "1");
		Pages.VERSIONS.put("t1:1", 1);

		change.by(this.instance, this.other, this.redis);

		assertThat(this.instance.service().find("t1", "1").version()).isEqualTo(1);
		awaitStored("pages:t1:1");
		assertThat(copied("t1", "1").version()).isEqualTo(1);
	}

	@ParameterizedTest
	@EnumSource
	void whateverChangesWhatIsInRedisIsSeenByTheNextAsynchronousRead(Change change) {
		copied("t1", "1");
		Pages.VERSIONS.put("t1:1", 1);

		change.by(this.instance, this.other, this.redis);

		assertThat(this.instance.service().findLater("t1", "1").join().version()).isEqualTo(1);
	}

	@Test
	void anotherValueInThePlaceOfTheCopiedOneIsReadAndCopied() {
		copied("t1", "1");
		Pages.VERSIONS.put("t1:1", 1);
		this.other.service().put("t1", "1");
		long before = nearHits();

		assertThat(this.instance.service().find("t1", "1").version()).isEqualTo(1);
		assertThat(nearHits() - before).isZero();
		assertThat(this.instance.service().find("t1", "1").version()).isEqualTo(1);
		assertThat(nearHits() - before).isEqualTo(1);
		assertThat(Pages.LOADS).as("but for the put").hasValue(1);
	}

	@Test
	void whileAnEvictionIsPendingTheCopyIsNotServed() {
		copied("t1", "1");
		copied("t1", "2");
		Pages.VERSIONS.put("t1:1", 1);
		this.redis.cli("CONFIG", "SET", "min-replicas-to-write", "1");

		this.instance.service().changed("t1", "1");

		assertThat(this.instance.engine().evictions().pendingCount()).isPositive();
		assertThat(this.instance.service().find("t1", "1").version()).isEqualTo(1);
		this.redis.cli("CONFIG", "SET", "min-replicas-to-write", "0");
		await().atMost(PATIENCE).until(() -> this.instance.engine().evictions().pendingCount() == 0);
		assertThat(this.instance.service().find("t1", "1").version()).isEqualTo(1);
	}

	@Test
	void whileAnEvictionOfAGroupIsPendingItsCopiesAreNotServed() {
		copied("t1", "1");
		Pages.VERSIONS.put("t1:1", 1);
		this.redis.cli("CONFIG", "SET", "min-replicas-to-write", "1");

		this.instance.cache("pages").clear("t1:*");

		assertThat(this.instance.engine().evictions().pendingCount()).isPositive();
		assertThat(this.instance.service().find("t1", "1").version()).isEqualTo(1);
	}

	@Test
	void aTransactionBypassesWhatItHasEvicted() {
		copied("t1", "1");
		Pages.VERSIONS.put("t1:1", 1);
		TransactionTemplate transaction = new TransactionTemplate(new Transactions());

		transaction.executeWithoutResult((status) -> {
			this.instance.cache("pages").clear("t1:*");
			assertThat(this.instance.service().find("t1", "1").version()).as("in the transaction").isEqualTo(1);
			status.setRollbackOnly();
		});

		long before = nearHits();
		assertThat(this.instance.service().find("t1", "1").version()).as("nothing was evicted").isZero();
		assertThat(nearHits() - before).isEqualTo(1);
	}

	@Test
	void whoAsksForAnotherTypeGetsNoCopyOfThisOne() {
		copied("t1", "1");
		long before = nearHits();

		assertThat(this.instance.service().count("t1", "1")).isEqualTo(7);
		assertThat(this.instance.cache("pages").get("t1:1", String.class)).isNull();

		assertThat(nearHits() - before).isZero();
	}

	@Test
	void whoReadsItInAnotherWayHasACopyOfItsOwnKind() {
		copied("t1", "1");

		Object found = this.instance.cacheService().get("pages:t1:1", Map.class);

		assertThat(found).isNotInstanceOf(Page.class);
		assertThat(this.instance.service().find("t1", "1")).isInstanceOf(Page.class);
	}

	@Test
	void aCopyOfAKeyIsNoneForAnotherKeyOfTheSameText() {
		copied("t1", "1");
		long before = nearHits();

		assertThat(this.instance.service().findByWholeText("t1:1").id()).isEqualTo("whole");

		assertThat(nearHits() - before).isZero();
	}

	@Test
	void aCopyPastItsTimeIsNotServedThoughRedisKeepsItsEntry() {
		try (TestInstance<Pages> stale = instance((settings) -> settings.withTtl(Duration.ofMillis(500))
			.withTtlJitter(0)
			.withStaleIfError(Duration.ofHours(1)))) {
			copied(stale, "t1", "1");
			Pages.VERSIONS.put("t1:1", 1);

			await().atMost(PATIENCE).until(() -> stale.service().find("t1", "1").version() == 1);
		}
	}

	@Test
	void aClaimOfAnotherInstanceLeavesTheCopyValid() {
		copied("t1", "1");
		this.redis.cli("SETRANGE", "pages:t1:1", "23",
				"0123456789abcdef %013d".formatted(System.currentTimeMillis() + 60_000));
		long before = nearHits();

		assertThat(this.instance.service().find("t1", "1").version()).isZero();

		assertThat(nearHits() - before).isEqualTo(1);
		assertThat(Pages.LOADS).hasValue(1);
	}

	@Test
	void whatIsSwitchedOffOrBypassedServesNoCopy() {
		copied("t1", "1");
		Pages.VERSIONS.put("t1:1", 1);

		this.instance.cache("pages").setControl(CacheControl.asConfigured().withBypass(1), "test");
		assertThat(this.instance.service().find("t1", "1").version()).isEqualTo(1);
		this.instance.cache("pages").setControl(CacheControl.asConfigured().withEnabled(false), "test");
		assertThat(this.instance.service().find("t1", "1").version()).isEqualTo(1);

		assertThat(size().entries()).isZero();
		this.instance.cache("pages").setControl(CacheControl.asConfigured(), "test");
		assertThat(this.instance.service().find("t1", "1").version()).as("nothing was evicted").isZero();
	}

	/** Drawing again for the entry that is read whole would leave 27 of 300. */
	@Test
	void theShareOfHitsThatAreVerifiedIsThatOfTheSetting() {
		try (TestInstance<Pages> verifying = instance((settings) -> settings.withVerify(0.3))) {
			copied(verifying, "t1", "1");

			for (int i = 0; i < 300; i++) {
				verifying.service().find("t1", "1");
				await().atMost(PATIENCE)
					.pollInterval(Duration.ofMillis(1))
					.until(() -> String
						.valueOf(new String(Objects.requireNonNull(this.redis.bytes("pages:t1:1")),
								java.nio.charset.StandardCharsets.ISO_8859_1))
						.startsWith("----------------", 23));
			}

			assertThat(verifying.counters("pages").refreshes()).isBetween(50L, 130L);
		}
	}

	@Test
	void aHitThatIsVerifiedIsReadWhole() {
		try (TestInstance<Pages> verifying = instance((settings) -> settings.withVerify(1))) {
			verifying.service().find("t1", "1");
			awaitStored("pages:t1:1");
			verifying.service().find("t1", "1");
			await().atMost(PATIENCE).until(() -> verifying.counters("pages").verified() == 1);
			verifying.service().find("t1", "1");
			verifying.service().find("t1", "1");

			await().atMost(PATIENCE).until(() -> verifying.counters("pages").verified() >= 2);
			assertThat(verifying.counters("pages").foundStale()).isZero();
		}
	}

	@Test
	void whileRedisDoesNotAnswerNoCopyIsServed() {
		TestInstance<Pages> impatient = TestInstance.of(Pages.class, this.redis.host(), this.redis.port(),
				(builder) -> builder.defaults(near(CacheSettings.defaults())).caches(List.of("pages")));
		try (impatient) {
			impatient.awaitUp();
			copied(impatient, "t1", "1");
			Pages.VERSIONS.put("t1:1", 1);
			this.redis.pause();

			assertThat(impatient.service().find("t1", "1").version()).isEqualTo(1);
		}
		finally {
			this.redis.resume();
		}
	}

	@Test
	void whatWasEvictedHereIsNotKept() {
		copied("t1", "1");
		copied("t1", "2");
		assertThat(size().entries()).isEqualTo(2);

		this.instance.service().changed("t1", "1");
		assertThat(size().entries()).isEqualTo(1);
		this.instance.service().put("t1", "2");
		assertThat(size().entries()).isZero();

		copied("t1", "2");
		this.instance.cache("pages").clear();
		assertThat(size()).isEqualTo(new dev.cachestarter.engine.monitor.NearSize(0, 0));
	}

	// What is told of it

	@Test
	void metersTellOfHitsCopiesAndTheirSize() {
		SimpleMeterRegistry registry = new SimpleMeterRegistry();
		try (CacheStarterMetrics metrics = new CacheStarterMetrics(this.instance.manager(), "pages")) {
			metrics.bindTo(registry);
			copied("t1", "1");
			this.instance.service().find("t1", "1");

			assertThat(registry.get("cache.starter.near.hits").tag("mode", "validate").functionCounter().count())
				.isEqualTo(1);
			assertThat(registry.get("cache.starter.near.entries").tag("cache", "pages").gauge().value()).isEqualTo(1);
			assertThat(registry.get("cache.starter.near.size").tag("cache", "pages").gauge().value())
				.isEqualTo(this.redis.number("STRLEN", "pages:t1:1"));
		}
	}

	@Test
	void whoChangesAValueThatOthersShareIsFoundIfThatIsLookedFor(CapturedOutput output) {
		Logger logger = (Logger) LoggerFactory.getLogger("dev.cachestarter.near");
		logger.setLevel(Level.TRACE);
		try {
			this.instance.service().names("t1", "n");
			awaitStored("pages:t1:n");
			this.instance.service().names("t1", "n");
			assertThat(this.instance.service().names("t1", "n")).hasSize(200);
			assertThat(output).doesNotContain("that a caller has changed");

			this.instance.service().names("t1", "n").clear();

			assertThat(this.instance.service().names("t1", "n")).hasSize(200);
			assertThat(output).containsOnlyOnce(
					"Cache 'pages' had a value in memory that a caller has changed, " + "under key 'pages:t1:n'");
		}
		finally {
			logger.setLevel(null);
		}
		this.instance.service().names("t1", "n").clear();
		assertThat(this.instance.service().names("t1", "n")).as("nobody looks").isEmpty();
	}

	// Fixture

	private TestInstance<Pages> instance(UnaryOperator<CacheSettings> change) {
		TestInstance<Pages> made = TestInstance.of(Pages.class, this.redis.host(), this.redis.port(),
				(builder) -> Internals
					.link(builder.defaults(change.apply(near(CacheSettings.defaults().withTtl(Duration.ofHours(1)))))
						.caches(List.of("pages")), Interleavings.PATIENT));
		return made.awaitUp();
	}

	private static CacheSettings near(CacheSettings settings) {
		return settings.withNear(settings.near().withMode(NearSettings.Mode.VALIDATE));
	}

	/** Have a page in Redis, and a copy of it. */
	private Page copied(String tenant, String id) {
		return copied(this.instance, tenant, id);
	}

	private Page copied(TestInstance<Pages> instance, String tenant, String id) {
		instance.service().find(tenant, id);
		awaitStored("pages:" + tenant + ":" + id);
		return instance.service().find(tenant, id);
	}

	/** A lease is no longer than a header. */
	private void awaitStored(String key) {
		await().atMost(PATIENCE).until(() -> this.redis.number("STRLEN", key) > 148);
	}

	private long nearHits() {
		return this.instance.counters("pages").nearHits();
	}

	private dev.cachestarter.engine.monitor.NearSize size() {
		return Objects.requireNonNull(this.instance.engine().near("pages"));
	}

	private Map<String, Integer> asked() {
		Map<String, Integer> calls = new TreeMap<>();
		Matcher matcher = CALLS.matcher(String.valueOf(this.redis.cli("INFO", "commandstats")));
		while (matcher.find()) {
			if (matcher.group(1).matches("mget|set|evalsha|eval|unlink|get|getrange|scan")) {
				calls.put(matcher.group(1), Integer.valueOf(matcher.group(2)));
			}
		}
		return calls;
	}

	private long sent() {
		return Long.parseLong(this.redis.info("total_net_output_bytes"));
	}

	/**
	 * What may happen to an entry of which there is a copy.
	 */
	enum Change {

		OWN_EVICTION {
			@Override
			void by(TestInstance<Pages> own, TestInstance<Pages> other, RedisServer redis) {
				own.service().changed("t1", "1");
			}
		},

		OWN_PUT {
			@Override
			void by(TestInstance<Pages> own, TestInstance<Pages> other, RedisServer redis) {
				own.service().put("t1", "1");
			}
		},

		OWN_EVICTION_OF_ITS_GROUP {
			@Override
			void by(TestInstance<Pages> own, TestInstance<Pages> other, RedisServer redis) {
				own.cache("pages").clear("t1:*");
			}
		},

		OWN_EVICTION_BY_PATTERN {
			@Override
			void by(TestInstance<Pages> own, TestInstance<Pages> other, RedisServer redis) {
				own.cache("pages").clear("*:1");
			}
		},

		OWN_CLEAR {
			@Override
			void by(TestInstance<Pages> own, TestInstance<Pages> other, RedisServer redis) {
				own.cache("pages").clear();
			}
		},

		OWN_DELETION_BY_ITS_WHOLE_KEY {
			@Override
			void by(TestInstance<Pages> own, TestInstance<Pages> other, RedisServer redis) {
				own.cacheService().delete("pages:t1:1");
			}
		},

		EVICTION {
			@Override
			void by(TestInstance<Pages> own, TestInstance<Pages> other, RedisServer redis) {
				other.service().changed("t1", "1");
			}
		},

		PUT {
			@Override
			void by(TestInstance<Pages> own, TestInstance<Pages> other, RedisServer redis) {
				other.service().put("t1", "1");
			}
		},

		EVICTION_AND_LOAD {
			@Override
			void by(TestInstance<Pages> own, TestInstance<Pages> other, RedisServer redis) {
				other.service().changed("t1", "1");
				other.service().find("t1", "1");
			}
		},

		EVICTION_OF_ITS_GROUP {
			@Override
			void by(TestInstance<Pages> own, TestInstance<Pages> other, RedisServer redis) {
				other.cache("pages").clear("t1:*");
			}
		},

		EVICTION_OF_ITS_GROUP_THAT_HAS_A_NEW_GENERATION {
			@Override
			void by(TestInstance<Pages> own, TestInstance<Pages> other, RedisServer redis) {
				other.cache("pages").clear("t1:*");
				other.service().find("t1", "another");
			}
		},

		CLEAR {
			@Override
			void by(TestInstance<Pages> own, TestInstance<Pages> other, RedisServer redis) {
				other.cache("pages").clear();
			}
		},

		FLUSH {
			@Override
			void by(TestInstance<Pages> own, TestInstance<Pages> other, RedisServer redis) {
				redis.cli("FLUSHDB");
			}
		},

		DELETION_BY_HAND {
			@Override
			void by(TestInstance<Pages> own, TestInstance<Pages> other, RedisServer redis) {
				redis.cli("DEL", "pages:t1:1");
			}
		},

		EXPIRY {
			@Override
			void by(TestInstance<Pages> own, TestInstance<Pages> other, RedisServer redis) {
				redis.cli("PEXPIRE", "pages:t1:1", "1");
				await().atMost(PATIENCE).until(() -> redis.number("EXISTS", "pages:t1:1") == 0);
			}
		},

		END_OF_ITS_FRESHNESS {
			@Override
			void by(TestInstance<Pages> own, TestInstance<Pages> other, RedisServer redis) {
				redis.cli("SETRANGE", "pages:t1:1", "120", "%013d".formatted(System.currentTimeMillis() - 60_000));
			}
		},

		LEASE_OF_ANOTHER_WHICH_ENDS {
			@Override
			void by(TestInstance<Pages> own, TestInstance<Pages> other, RedisServer redis) {
				String header = new String(Objects.requireNonNull(redis.bytes("pages:t1:1")),
						java.nio.charset.StandardCharsets.ISO_8859_1)
					.substring(0, 148);
				redis.cli("SET", "pages:t1:1", header.replace("cs2 v", "cs2 l"), "PX", "300");
			}
		},

		ANOTHER_DATA_TYPE {
			@Override
			void by(TestInstance<Pages> own, TestInstance<Pages> other, RedisServer redis) {
				redis.cli("DEL", "pages:t1:1");
				redis.cli("HSET", "pages:t1:1", "a", "b");
			}
		},

		SOMETHING_FOREIGN {
			@Override
			void by(TestInstance<Pages> own, TestInstance<Pages> other, RedisServer redis) {
				redis.cli("SET", "pages:t1:1", "nothing of ours ".repeat(1000));
			}
		};

		abstract void by(TestInstance<Pages> own, TestInstance<Pages> other, RedisServer redis);

	}

	/**
	 * A way to read a page.
	 */
	enum Way {

		METHOD {
			@Override
			Page read(TestInstance<Pages> instance) {
				return instance.service().find("t1", "1");
			}
		},

		SYNC {
			@Override
			Page read(TestInstance<Pages> instance) {
				return instance.service().findInSync("t1", "1");
			}
		},

		FUTURE {
			@Override
			Page read(TestInstance<Pages> instance) {
				return instance.service().findLater("t1", "1").join();
			}
		},

		MONO {
			@Override
			Page read(TestInstance<Pages> instance) {
				return Objects.requireNonNull(instance.service().findReactively("t1", "1").block());
			}
		},

		SERVICE {
			@Override
			Page read(TestInstance<Pages> instance) {
				return instance.cacheService().get("pages:t1:1", Page.class).orElseThrow();
			}
		},

		LOADING_SERVICE {
			@Override
			Page read(TestInstance<Pages> instance) {
				return instance.cacheService()
					.getOrLoad("pages:t1:1", Page.class, Duration.ofHours(1), () -> Pages.load("t1", "1"));
			}
		};

		abstract Page read(TestInstance<Pages> instance);

	}

	record Page(String tenant, String id, int version, String text) {

	}

	/**
	 * The application.
	 */
	static class Pages {

		static final int SIZE = 20_000;

		static final Map<String, Integer> VERSIONS = new ConcurrentHashMap<>();

		static final AtomicInteger LOADS = new AtomicInteger();

		private static final String TEXT = "x".repeat(SIZE);

		static Page load(String tenant, String id) {
			LOADS.incrementAndGet();
			return page(tenant, id);
		}

		private static Page page(String tenant, String id) {
			return new Page(tenant, id, VERSIONS.getOrDefault(tenant + ":" + id, 0), TEXT);
		}

		@Cacheable("pages")
		public Page find(String tenant, String id) {
			return load(tenant, id);
		}

		@Cacheable(cacheNames = "pages", sync = true)
		public Page findInSync(String tenant, String id) {
			return load(tenant, id);
		}

		@Cacheable("pages")
		public CompletableFuture<Page> findLater(String tenant, String id) {
			return CompletableFuture.completedFuture(load(tenant, id));
		}

		@Cacheable("pages")
		public Mono<Page> findReactively(String tenant, String id) {
			return Mono.fromSupplier(() -> load(tenant, id));
		}

		@Cacheable("pages")
		public Page findByWholeText(String text) {
			return new Page(text, "whole", 0, TEXT);
		}

		@Cacheable("pages")
		public List<String> names(String tenant, String id) {
			return new ArrayList<>(Collections.nCopies(200, "a name"));
		}

		@Cacheable("pages")
		public long count(String tenant, String id) {
			return 7;
		}

		@CachePut("pages")
		public Page put(String tenant, String id) {
			return page(tenant, id);
		}

		@CachePut(cacheNames = "pages", unless = "#result == null")
		public @Nullable Page putNothing(String tenant, String id) {
			VERSIONS.merge(tenant + ":" + id, 1, Integer::sum);
			return null;
		}

		@CacheEvict("pages")
		public void changed(String tenant, String id) {
		}

	}

}
