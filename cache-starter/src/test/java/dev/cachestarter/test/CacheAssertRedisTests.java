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

package dev.cachestarter.test;

import java.time.Duration;
import java.util.List;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.cache.CacheManager;
import org.springframework.cache.concurrent.ConcurrentMapCacheManager;
import org.springframework.cache.support.NoOpCacheManager;
import org.springframework.transaction.support.TransactionSynchronizationManager;

import dev.cachestarter.CacheService;
import dev.cachestarter.CacheSnapshot;
import dev.cachestarter.testing.RespClient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * Tests that assertions on a cache hold where they should, and fail with a message that
 * helps where they should not.
 */
@SpringBootTest(classes = Shop.class, properties = { Shop.PATIENT, "cache-starter.caches.articles.ttl=5m" })
@WithTestRedis
class CacheAssertRedisTests {

	private final Shop.Articles articles;

	private final CacheManager manager;

	private final CacheService service;

	private TestCache cache;

	CacheAssertRedisTests(@Autowired Shop.Articles articles, @Autowired CacheManager manager,
			@Autowired CacheService service) {
		this.articles = articles;
		this.manager = manager;
		this.service = service;
	}

	@BeforeEach
	void cache() {
		this.cache = TestCache.of(this.manager, "articles");
	}

	@Test
	void theFirstCallIsAMissAndTheSecondAHit() {
		assertThat(this.cache).isMissedBy(() -> this.articles.list("a"));
		assertThat(this.cache).isHitBy(() -> this.articles.list("a"));

		fails(() -> assertThat(this.cache).isMissedBy(() -> this.articles.list("a")),
				"Expecting the call to be a miss in cache 'articles', but there were 1 hits, 0 misses");
		fails(() -> assertThat(this.cache).isHitBy(() -> this.articles.list("b")),
				"Expecting the call to be a hit in cache 'articles', but there were 0 hits, 1 misses");
	}

	@Test
	void aCallThatPassesTheCacheByIsNeither() {
		fails(() -> assertThat(this.cache).isMissedBy(() -> this.articles.listFromWithin("a")),
				"it did not read that cache: is the method called on the bean, from another class");
	}

	@Test
	void manyCallersCauseOneLoad() {
		assertThat(this.cache).isLoadedOnceBy(20, () -> this.articles.list("a"));

		fails(() -> assertThat(this.cache).isLoadedOnceBy(20, () -> this.articles.list("a")),
				"Expecting 20 callers to cause one load in cache 'articles', but there were 0: there were 20 hits");
		fails(() -> assertThat(TestCache.of(this.manager, "numbers")).isLoadedOnceBy(3, this.articles::number),
				"Expecting 3 callers to cause one load in cache 'numbers', but there were 3");
	}

	@Test
	void whatACallThrowsIsSeen() {
		assertThatExceptionOfType(UnsupportedOperationException.class)
			.isThrownBy(() -> assertThat(this.cache).isLoadedOnceBy(3, () -> {
				throw new UnsupportedOperationException("of the call's");
			}));
		assertThatExceptionOfType(AssertionError.class).isThrownBy(() -> assertThat(this.cache).isHitBy(() -> {
			throw new java.io.IOException("of the call's");
		})).withMessageContaining("of the call's").withCauseInstanceOf(java.io.IOException.class);
	}

	@Test
	void keysAreThoseThatAReadWouldFind() {
		assertThat(this.cache).isEmpty();
		this.articles.list("a");
		this.articles.page("b", 1);
		this.articles.page("b", 2);

		assertThat(this.cache).hasKeys("a", "b:2").hasOnlyKeys("a", "b:1", "b:2").doesNotHaveKeys("b", "c");
		fails(() -> assertThat(this.cache).isEmpty(), "to be empty, but it holds [a, b:1, b:2]");
		fails(() -> assertThat(this.cache).doesNotHaveKeys("a", "c"), "but it holds [a]");

		this.articles.changePages("b");

		assertThat(this.cache).hasOnlyKeys("a");
	}

	@Test
	void whatIsEvictedIsNotThereThoughItsBytesAre(TestRedis redis) {
		this.articles.page("b", 1);
		assertThat(this.cache).hasOnlyKeys("b:1");

		try (RespClient client = RespClient.connect(redis.host(), redis.port(), Duration.ofSeconds(30))) {
			client.call("SELECT", Integer.toString(redis.database()));
			for (Object generation : (List<?>) client.call("KEYS", "~g:*")) {
				client.call("DEL", (String) generation);
			}
			assertThat(client.call("EXISTS", "articles:b:1")).isEqualTo(1L);
		}

		assertThat(this.cache).isEmpty();
	}

	@Test
	void aKeyThatIsBeingLoadedIsNotThereYet() {
		this.service.getOrLoad("articles:a", String.class, Duration.ofMinutes(1), () -> {
			assertThat(this.cache).isEmpty();
			return "loaded";
		});

		assertThat(this.cache).hasOnlyKeys("a");
	}

	@Test
	void anEvictionIsSeenByItsKeys() {
		this.articles.list("a");
		this.articles.list("b");

		assertThat(this.cache).isKeptBy(() -> this.articles.change("b"), "a");
		this.articles.list("b");

		assertThat(this.cache).isEvictedBy(() -> this.articles.change("a"), "a").hasOnlyKeys("b");
		fails(() -> assertThat(this.cache).isEvictedBy(() -> this.articles.change("a"), "b"),
				"Expecting the call to evict [b] from cache 'articles', but these are still there: [b]");
		fails(() -> assertThat(this.cache).isKeptBy(() -> this.articles.change("b"), "b"),
				"Expecting the call to keep [b] in cache 'articles', but these are gone: [b]");
	}

	@Test
	void anEvictionThatWaitsForACommitIsExplained() {
		this.articles.list("a");

		TransactionSynchronizationManager.initSynchronization();
		TransactionSynchronizationManager.setActualTransactionActive(true);
		try {
			fails(() -> assertThat(this.cache).isEvictedBy(() -> this.articles.list("a"), "a"),
					"The test is in a transaction");
		}
		finally {
			TransactionSynchronizationManager.clear();
		}
	}

	@Test
	void timesToLiveAreThoseOfTheEntry() {
		this.articles.list("a");
		this.service.set("articles:for ever", "value");

		assertThat(this.cache).hasTtlBetween("a", Duration.ofMinutes(4), Duration.ofMinutes(5)).hasNoTtl("for ever");
		fails(() -> assertThat(this.cache).hasTtlBetween("a", Duration.ofMinutes(6), Duration.ofMinutes(7)),
				"Expecting the TTL of key 'a' in cache 'articles' to be between PT6M and PT7M, but it is PT4M");
		fails(() -> assertThat(this.cache).hasTtlBetween("for ever", Duration.ofMinutes(6), Duration.ofMinutes(7)),
				"does not expire");
		fails(() -> assertThat(this.cache).hasNoTtl("a"), "not to expire, but it does");
	}

	@Test
	void tagsAreThoseOfTheEntry() {
		this.articles.tagged("a");
		this.articles.list("b");

		assertThat(this.cache).hasTags("tagged-a", "shop:a")
			.hasTags("tagged-a", "a:b c", "book")
			.hasOnlyTags("tagged-a", "book", "a:b c", "shop:a")
			.hasOnlyTags("b");
		fails(() -> assertThat(this.cache).hasTags("tagged-a", "book", "shop:b"),
				"Expecting key 'tagged-a' in cache 'articles' to carry the tags [book, shop:b], but it lacks [shop:b]. It carries [");
		fails(() -> assertThat(this.cache).hasOnlyTags("tagged-a", "book"), "to carry only the tags [book], but");
		fails(() -> assertThat(this.cache).hasOnlyTags("tagged-a"), "to carry only the tags [], but");
		fails(() -> assertThat(this.cache).hasTags("b", "book"), "but it lacks [book]. It carries []");
		assertThatIllegalArgumentException().isThrownBy(() -> assertThat(this.cache).hasTags("b"))
			.withMessageContaining("hasOnlyTags(key)");
	}

	@Test
	void anEvictionOfATagIsSeenByTheKeysThatCarryIt() {
		this.articles.tagged("a");
		this.articles.tagged("b");

		assertThat(this.cache).isKeptBy(() -> this.articles.changeTagged("shop:b"), "tagged-a");
		assertThat(this.cache).isEvictedBy(() -> this.articles.changeTagged("book"), "tagged-a").isEmpty();
	}

	@Test
	void lookingIsNotCounted() {
		this.articles.list("a");
		assertThat(this.cache).hasKeys("a");
		CacheSnapshot.Counters before = this.cache.counters();

		assertThat(this.cache).hasOnlyKeys("a")
			.doesNotHaveKeys("b")
			.hasTtlBetween("a", Duration.ZERO, Duration.ofHours(1));

		assertThat(this.cache.counters()).isEqualTo(before);
	}

	@Test
	void anOutageIsSeenToBeginAndToEnd(TestRedis redis) {
		this.articles.list("a");
		// Else what is stored late has the outage noticed before it is looked at.
		assertThat(this.cache).hasKeys("a");

		redis.stop();

		assertThat(this.cache).isDisconnected();
		assertThat(this.cache).isMissedBy(() -> this.articles.list("a"));
		fails(() -> assertThat(this.cache).isHitBy(() -> this.articles.list("a")),
				"The cache is not well: [unreachable");
		fails(() -> assertThat(this.cache).isEmpty(), "but Redis does not tell: unreachable");

		redis.repair();

		assertThat(this.cache).isConnected();
		assertThat(this.cache).isHitBy(() -> this.articles.list("a"));
	}

	@Test
	void aCacheThatCannotBeIsRefused() {
		assertThatIllegalArgumentException().isThrownBy(() -> TestCache.of(this.manager, "artikel"))
			.withMessage("There is no cache 'artikel': the application has [articles, numbers]");
		assertThatIllegalArgumentException().isThrownBy(() -> TestCache.of(new NoOpCacheManager(), "articles"))
			.withMessageContaining("@AutoConfigureCache(cacheProvider = CacheType.REDIS)");
		assertThatIllegalArgumentException().isThrownBy(() -> TestCache.of(new ConcurrentMapCacheManager(), "articles"))
			.withMessageContaining("ConcurrentMapCacheManager");
	}

	private static void fails(ThrowingCallable assertion, String message) {
		assertThatExceptionOfType(AssertionError.class).isThrownBy(assertion).withMessageContaining(message);
	}

}
