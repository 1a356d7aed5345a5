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
package dev.cachestarter.engine.entry;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.cachestarter.TestInstance;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.tag.CarriedTags;
import dev.cachestarter.engine.value.Codecs;
import dev.cachestarter.engine.value.ValueCodec;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;

@WithRedis
class EntryStoreRedisTests {

	private static final Duration LEASE = Duration.ofSeconds(2);

	private static final Duration LONGEST = Duration.ofSeconds(6);

	private final RedisServer redis;

	private TestInstance<Object> instance;

	private EntryStore store;

	private KeyLayout layout;

	EntryStoreRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@BeforeEach
	void open() {
		this.instance = TestInstance.of(Object.class, this.redis).awaitUp();
		this.instance.cache("pages");
		this.instance.cache("books");
		this.store = this.instance.engine().store();
		this.layout = this.instance.engine().layout();
	}

	@AfterEach
	void close() {
		this.instance.close();
	}

	@ParameterizedTest
	@ValueSource(strings = { "-1", "31536000000" })
	void aLeaseThatNobodyCanHaveMadeIsRemoved(String life) throws Exception {
		StoredKey key = this.layout.key("pages", "org-1:1");
		acquire(key);
		this.redis.cli((life.equals("-1")) ? new String[] { "PERSIST", "pages:org-1:1" }
				: new String[] { "PEXPIRE", "pages:org-1:1", life });

		boolean removed = get(this.store.breakLease(observe(key), LONGEST));

		assertThat(removed).isTrue();
		assertThat(this.redis.bytes("pages:org-1:1")).isNull();
	}

	@Test
	void aLeaseThatLivesIsNotRemoved() throws Exception {
		StoredKey key = this.layout.key("pages", "org-1:1");
		acquire(key);

		assertThat(get(this.store.breakLease(observe(key), LONGEST))).isFalse();
		assertThat(this.redis.bytes("pages:org-1:1")).isNotNull();
	}

	@Test
	void aLeaseInThePlaceOfTheOneThatWasObservedIsNotRemoved() throws Exception {
		StoredKey key = this.layout.key("pages", "org-1:1");
		acquire(key);
		Observed observed = observe(key);
		get(this.store.seize(key, this.store.newNonce(), LEASE, Lease.Holder.CALL));
		this.redis.cli("PERSIST", "pages:org-1:1");

		assertThat(get(this.store.breakLease(observed, LONGEST))).isFalse();
		assertThat(this.redis.bytes("pages:org-1:1")).isNotNull();
	}

	@Test
	void aValueIsNotRemovedHoweverLongItLives() throws Exception {
		StoredKey key = this.layout.key("pages", "org-1:1");
		fill(key, "value", Duration.ZERO);

		assertThat(get(this.store.breakLease(observe(key), LONGEST))).isFalse();
		assertThat(Objects.requireNonNull(observe(key).current()).isLease()).isFalse();
	}

	@Test
	void aPauseDoesNotLengthenTheLifeOfTheValue() throws Exception {
		StoredKey key = this.layout.key("pages", "org-1:1");
		fill(key, "value", Duration.ofSeconds(20));
		Lease claim = get(this.store.claim(observe(key), this.store.newNonce(), LEASE, LONGEST)).lease();

		boolean paused = get(this.store.unclaim(Objects.requireNonNull(claim), Duration.ofHours(1)));

		assertThat(paused).isTrue();
		assertThat(Objects.requireNonNull(observe(key).current()).isPaused()).isTrue();
		assertThat(this.redis.number("PTTL", "pages:org-1:1")).isBetween(1L, 20_000L);
	}

	@Test
	void aClaimKeepsTheValueForAsLongAsItHoldsItself() throws Exception {
		StoredKey key = this.layout.key("pages", "org-1:1");
		fill(key, "value", Duration.ofSeconds(20));

		get(this.store.claim(observe(key), this.store.newNonce(), Duration.ofSeconds(60), Duration.ofSeconds(120)));

		assertThat(this.redis.number("PTTL", "pages:org-1:1")).isBetween(20_001L, 60_000L);
	}

	@Test
	void groupsOfOneNameInTwoCachesHaveGenerationsOfTheirOwnInABatchToo() throws Exception {
		StoredKey page = this.layout.key("pages", "org-1:1");
		StoredKey book = this.layout.key("books", "org-1:1");
		fill(page, "page", Duration.ofMinutes(1));
		fill(book, "book", Duration.ofMinutes(1));

		List<Observed> observed = get(this.store.observe(List.of(page, book)));

		assertThat(observed).hasSize(2).allMatch((each) -> each.current() != null);
		assertThat(observed.get(0).groupGeneration()).isNotEqualTo(observed.get(1).groupGeneration());
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void tagsThatAValueHasNoLongerAreNotAskedFor(boolean batch) throws Exception {
		StoredKey key = this.layout.key("pages", "org-1:1");
		EntryStore other = new EntryStore(this.instance.engine().link(), this.store::newNonce, this.layout);
		fill(this.store, key, "a", "b");
		assertThat(observe(key, batch).tags()).containsExactly("a", "b");
		assertThat(keysReadBy(key, batch)).isEqualTo(5);

		fill(other, key, "b");
		assertThat(observe(key, batch).current()).isNotNull();
		assertThat(keysReadBy(key, batch)).isEqualTo(4);

		get(other.seize(key, this.store.newNonce(), LEASE, Lease.Holder.CALL));
		assertThat(observe(key, batch).current()).isNotNull();
		assertThat(keysReadBy(key, batch)).as("a lease tells nothing of tags").isEqualTo(4);

		fill(other, key);
		assertThat(observe(key, batch).current()).isNotNull();
		assertThat(keysReadBy(key, batch)).isEqualTo(3);
	}

	/** At the least: others may read something in between. */
	private long keysReadBy(StoredKey key, boolean batch) throws Exception {
		long least = Long.MAX_VALUE;
		for (int i = 0; i < 5; i++) {
			long before = keysRead();
			observe(key, batch);
			least = Math.min(least, keysRead() - before);
		}
		return least;
	}

	private long keysRead() {
		Matcher matcher = Pattern.compile("keyspace_(?:hits|misses):(\\d+)")
			.matcher(String.valueOf(this.redis.cli("INFO", "stats")));
		return matcher.results().mapToLong((found) -> Long.parseLong(found.group(1))).sum();
	}

	private Observed observe(StoredKey key, boolean batch) throws Exception {
		return batch ? get(this.store.observe(List.of(key))).get(0) : observe(key);
	}

	private void fill(EntryStore by, StoredKey key, String... tags) throws Exception {
		ValueCodec codec = Codecs.of(String.class);
		CarriedTags carried = get(by.tags().admit(List.of(tags), get(by.tags().capture())));
		assertThat(get(by.replace(key, codec.encode("value"), codec.schemaMark(), Duration.ofMinutes(1), Duration.ZERO,
				LEASE, Objects.requireNonNull(carried))))
			.isTrue();
	}

	private void acquire(StoredKey key) throws Exception {
		assertThat(get(this.store.acquire(observe(key), this.store.newNonce(), LEASE, Lease.Holder.CALL)).lease())
			.isNotNull();
	}

	private void fill(StoredKey key, String value, Duration ttl) throws Exception {
		ValueCodec codec = Codecs.of(String.class);
		assertThat(get(this.store.replace(key, codec.encode(value), codec.schemaMark(), ttl, Duration.ZERO, LEASE)))
			.isTrue();
	}

	private Observed observe(StoredKey key) throws Exception {
		return get(this.store.observe(key));
	}

	private static <T> T get(CompletableFuture<T> future) throws Exception {
		return future.get(10, TimeUnit.SECONDS);
	}

}
