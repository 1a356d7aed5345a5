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
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.transaction.support.TransactionTemplate;

import dev.cachestarter.engine.key.CacheKeys;
import dev.cachestarter.testing.FaultProxy;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Transactions;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

/**
 * Evictions of many keys at once, on a real server.
 */
@WithRedis(local = true)
class ManyKeysEvictedRedisTests {

	private final RedisServer redis;

	private final TestInstance<Items> instance;

	private final Items items;

	ManyKeysEvictedRedisTests(RedisServer redis) {
		this.redis = redis;
		redis.flushAll();
		Items.LOADS.clear();
		this.instance = TestInstance.of(Items.class, redis).awaitUp();
		this.items = this.instance.service();
	}

	@AfterEach
	void close() {
		this.instance.close();
	}

	@Test
	void oneCommandEvictsThemAllAndNothingElse() {
		cached("a", "b", "c", "*");
		long before = unlinks();

		this.items.changed(List.of("a", "c", "a", "absent"));

		assertThat(unlinks() - before).isEqualTo(1);
		assertThat(this.redis.keys("items:*")).containsExactlyInAnyOrder("items:b", "items:%2A");
		assertThat(this.instance.counters("items").removals()).isEqualTo(3);
		assertThat(this.instance.engine().evictions().pendingCount()).isZero();
	}

	@Test
	void variableArgumentsDoAndNoneEvictsNothing() {
		cached("a", "b");
		long before = unlinks();

		this.items.changedArray();
		assertThat(unlinks() - before).isZero();
		this.items.changedArray("a", "b");

		assertThat(this.redis.keys("items:*")).isEmpty();
	}

	@Test
	void whatIsNoCollectionFailsBeforeTheMethod() {
		assertThatIllegalArgumentException().isThrownBy(() -> this.items.changed(null))
			.withStackTraceContaining("each() needs a collection or an array, and was given null");
	}

	@Test
	void keysOfSeveralArgumentsAreMadeOfElements() {
		this.items.ofTenant("acme", "1");
		this.items.ofTenant("acme", "2");
		await().until(() -> this.redis.keys("items:acme:*").size() == 2);

		this.items.changedOfTenant("acme", List.of("1", "2"));

		assertThat(this.redis.keys("items:*")).isEmpty();
	}

	@Test
	void anAsynchronousMethodCompletesWhenTheyAreEvicted() {
		cached("a", "b", "c", "d");

		this.items.changedLater(List.of("a", "b")).join();
		assertThat(this.redis.keys("items:*")).containsExactlyInAnyOrder("items:c", "items:d");
		this.items.changedReactively(List.of("c", "d")).block();

		assertThat(this.redis.keys("items:*")).isEmpty();
	}

	@Test
	void beforeTheInvocationTheyAreEvictedAlthoughTheMethodFails() {
		cached("a", "b");

		assertThatIllegalStateException().isThrownBy(() -> this.items.failing(List.of("a", "b")));

		assertThat(this.redis.keys("items:*")).isEmpty();
	}

	@Test
	void aTransactionEvictsThemWhenItHasCommittedAndBypassesThemBefore() {
		cached("a", "b");
		TransactionTemplate transactions = new TransactionTemplate(new Transactions());

		transactions.executeWithoutResult((status) -> {
			this.items.changed(List.of("a", "b"));
			assertThat(this.redis.keys("items:*")).hasSize(2);
			assertThat(this.items.find("a")).as("bypassed").isEqualTo(2);
		});
		assertThat(this.redis.keys("items:b")).isEmpty();
		assertThat(this.items.find("a")).isGreaterThan(1);

		this.items.find("b");
		await().until(() -> this.redis.keys("items:b").size() == 1);
		transactions.executeWithoutResult((status) -> {
			this.items.changed(List.of("b"));
			status.setRollbackOnly();
		});
		assertThat(this.redis.keys("items:b")).hasSize(1);
	}

	@Test
	void whatRedisHasNotTakenIsPendingKeyByKeyAndAppliedWhenItIsBack() throws Exception {
		cached("a", "b", "c");
		try (FaultProxy proxy = FaultProxy.inFrontOf(this.redis);
				TestInstance<Items> behind = TestInstance.of(Items.class, "127.0.0.1", proxy.port(),
						TestInstance::patient)) {
			behind.awaitUp();
			proxy.reset();
			await().atMost(Duration.ofSeconds(60)).until(() -> !behind.engine().link().isUp());

			behind.service().changed(List.of("a", "b"));

			assertThat(behind.engine().evictions().pendingCount()).isEqualTo(2);
			assertThat(behind.service().find("a")).as("bypassed here").isNotEqualTo(1);
			proxy.pass();
			await().atMost(Duration.ofSeconds(60)).until(() -> behind.engine().evictions().pendingCount() == 0);
			assertThat(this.redis.keys("items:*")).containsExactly("items:c");
		}
	}

	@Test
	void aServiceDeletesKeysOfSeveralCaches() {
		CacheService service = this.instance.cacheService();
		service.set("plain:1", "value");
		cached("a", "b");
		long before = unlinks();

		service.delete(Arrays.asList("items:a", "plain:1", "items:b", "items:absent"));

		assertThat(unlinks() - before).as("one for each cache").isEqualTo(2);
		assertThat(this.redis.keys("items:*")).isEmpty();
		assertThat(this.redis.keys("plain:*")).isEmpty();
		service.delete(List.of());
	}

	@Test
	void keysOfEachAreThoseOfSingleArguments() {
		CacheKeys keys = new CacheKeys(null);

		assertThat(keys.each(List.of("a", 7L))).hasToString("EachKey[keys=[a, 7]]");
		assertThat(keys.each(new int[] { 1, 2 })).hasToString("EachKey[keys=[1, 2]]");
		assertThatIllegalArgumentException().isThrownBy(() -> keys.each(Map.of("a", "b")))
			.withMessageContaining("For a single value leave it out");
		assertThatIllegalArgumentException().isThrownBy(() -> keys.each(List.of(new Thread())));
	}

	private void cached(String... ids) {
		for (String id : ids) {
			assertThat(this.items.find(id)).isEqualTo(1);
		}
		await().until(() -> this.instance.counters("items").puts() == ids.length);
	}

	private long unlinks() {
		Matcher calls = Pattern.compile("cmdstat_unlink:calls=(\\d+)")
			.matcher(String.valueOf(this.redis.cli("INFO", "commandstats")));
		return calls.find() ? Long.parseLong(calls.group(1)) : 0;
	}

	static class Items {

		private static final Map<String, Integer> LOADS = new ConcurrentHashMap<>();

		@Cacheable("items")
		public Integer find(String id) {
			return Objects.requireNonNull(LOADS.merge(id, 1, Integer::sum));
		}

		@Cacheable("items")
		public String ofTenant(String tenant, String id) {
			return tenant + id;
		}

		@CacheEvict(cacheNames = "items", key = "@cacheKeys.each(#ids)")
		public void changed(@Nullable List<String> ids) {
		}

		@CacheEvict(cacheNames = "items", key = "@cacheKeys.each(#root.args)")
		public void changedArray(String... ids) {
		}

		@CacheEvict(cacheNames = "items", key = "@cacheKeys.each(#ids.![@cacheKeys.of(#root.args[0], #this)])")
		public void changedOfTenant(String tenant, List<String> ids) {
		}

		@CacheEvict(cacheNames = "items", key = "@cacheKeys.each(#ids)")
		public CompletableFuture<Boolean> changedLater(List<String> ids) {
			return CompletableFuture.supplyAsync(() -> true);
		}

		@CacheEvict(cacheNames = "items", key = "@cacheKeys.each(#ids)")
		public Mono<Boolean> changedReactively(List<String> ids) {
			return Mono.just(true);
		}

		@CacheEvict(cacheNames = "items", key = "@cacheKeys.each(#ids)", beforeInvocation = true)
		public void failing(List<String> ids) {
			throw new IllegalStateException("not changed");
		}

	}

}
