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

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.RuleBreaker.Gate;
import dev.cachestarter.RuleBreaker.Step;
import dev.cachestarter.engine.entry.Acquired;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.EntryStore;
import dev.cachestarter.engine.entry.Lease;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.value.Codecs;
import dev.cachestarter.engine.value.ValueCodec;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * What comes between the first lease of a group and the generation that it was sent
 * behind.
 */
@WithRedis
class FirstLeasesRedisTests extends Interleavings {

	private static final String KEY = "rows:t1:1";

	private static final String GROUP = "~g:rows~:t1";

	private static final Duration LIFE = Duration.ofMinutes(1);

	private Instance here;

	private Instance there;

	private EntryStore store;

	private EntryStore other;

	private StoredKey key;

	private StoredKey sibling;

	private Gate found;

	FirstLeasesRedisTests(RedisServer redis) {
		super(redis);
	}

	@BeforeEach
	void open() throws Exception {
		this.redis.flushAll();
		this.here = instance(Set.of());
		this.there = instance(Set.of());
		this.store = this.here.context().engine().store();
		this.other = this.there.context().engine().store();
		this.key = this.here.context().engine().layout().key("rows", "t1:1");
		this.sibling = this.here.context().engine().layout().key("rows", "t1:2");
		// The cache has its generation, and the group has none.
		acquire(this.other, this.here.context().engine().layout().key("rows", "t0:0"));
	}

	@Test
	void whatIsStoredUnderAFirstLeaseIsRead() throws Exception {
		Lease lease = Objects.requireNonNull(acquire(this.store, this.key).lease());

		assertThat(fill(this.store, lease)).isTrue();

		assertThat(Objects.requireNonNull(observe(this.other).current()).isLease()).isFalse();
	}

	@Test
	void underTheGenerationThatAnotherHasMadeTheKeyIsLeasedAgain() throws Exception {
		Gate generation = this.here.breaker().hold(Step.GENERATION);
		CompletableFuture<Acquired> leasing = acquiring();
		generation.awaitReached();
		acquire(this.other, this.sibling);
		generation.open();

		Lease lease = Objects.requireNonNull(get(leasing).lease());

		assertThat(lease.groupGeneration()).isEqualTo(generation());
		assertThat(Objects.requireNonNull(observe(this.other).current()).nonce()).isEqualTo(lease.nonce());
		assertThat(fill(this.store, lease)).isTrue();
		assertThat(Objects.requireNonNull(observe(this.other).current()).isLease()).isFalse();
	}

	@Test
	void theLeaseOfWhoHasMadeTheGenerationIsTold() throws Exception {
		Gate generation = this.here.breaker().hold(Step.GENERATION);
		CompletableFuture<Acquired> leasing = acquiring();
		generation.awaitReached();
		Lease others = Objects.requireNonNull(acquire(this.other, this.key).lease());
		generation.open();

		Acquired answer = get(leasing);

		assertThat(answer.lease()).isNull();
		assertThat(Objects.requireNonNull(answer.observed().current()).nonce()).isEqualTo(others.nonce());
		assertThat(fill(this.other, others)).isTrue();
	}

	@Test
	void theLeaseOfWhoHasMadeTheGenerationIsFollowed() throws Exception {
		Gate generation = this.here.breaker().hold(Step.GENERATION);
		Pause load = this.there.rows().pauseAfterReading();
		Call<Integer> second = call(() -> this.here.find("t1", "1"));
		generation.awaitReached();
		Call<Integer> first = call(() -> this.there.find("t1", "1"));
		load.awaitReached();
		generation.open();
		await().until(() -> Collections.frequency(this.here.breaker().journal(), "READ?") > 1);

		load.release();

		assertThat(second.result()).isEqualTo(first.result());
		assertThat(this.here.rows().loads()).isZero();
	}

	@Test
	void whoTakesOverTheLeaseUnderTheWrongGenerationKeepsIt() throws Exception {
		CompletableFuture<Acquired> leasing = leaseUnderAWrongGeneration();
		Lease taken = Objects.requireNonNull(acquire(this.other, this.key).lease());
		this.found.open();

		Acquired answer = get(leasing);

		assertThat(answer.lease()).isNull();
		assertThat(Objects.requireNonNull(answer.observed().current()).nonce()).isEqualTo(taken.nonce());
		assertThat(fill(this.other, taken)).isTrue();
	}

	@Test
	void aLeaseUnderTheWrongGenerationThatWasEvictedIsNotPlacedAgain() throws Exception {
		CompletableFuture<Acquired> leasing = leaseUnderAWrongGeneration();
		this.there.rows().evict("t1", "1");
		this.found.open();

		assertThat(get(leasing).lease()).isNull();
		assertThat(this.redis.bytes(KEY)).isNull();
	}

	@Test
	void aGenerationThatHasGoneAgainIsMadeAfresh() throws Exception {
		CompletableFuture<Acquired> leasing = leaseUnderAWrongGeneration();
		EntryHeader wrong = header();
		this.there.rows().evictTenant("t1");
		this.found.open();

		Lease lease = Objects.requireNonNull(get(leasing).lease());

		assertThat(wrong.isFor(this.key)).isTrue();
		assertThat(lease.groupGeneration()).isEqualTo(generation());
		assertThat(wrong.toString()).doesNotContain(generation());
		assertThat(fill(this.store, lease)).isTrue();
		assertThat(observe(this.other).current()).isNotNull();
	}

	@Test
	void whatIsLoadedAfterAnEvictionBetweenTheTwoIsNotStale() throws Exception {
		Gate lease = this.here.breaker().hold(Step.ACQUIRE);
		Call<Integer> call = call(() -> this.here.find("t1", "1"));
		lease.awaitReached();
		await().until(() -> this.redis.bytes(GROUP) != null);
		Rows.change("t1", "1");
		this.there.rows().evictTenant("t1");
		lease.open();

		assertThat(call.result()).isEqualTo(1);
		assertThat(this.there.find("t1", "1")).isEqualTo(1);
	}

	@Test
	void whatIsLoadedBeforeAnEvictionOfTheFirstGenerationIsNotRead() throws Exception {
		Pause load = this.here.rows().pauseAfterReading();
		Call<Integer> call = call(() -> this.here.find("t1", "1"));
		load.awaitReached();
		Rows.change("t1", "1");
		this.there.rows().evictTenant("t1");
		load.release();
		assertThat(call.result()).isZero();
		this.here.awaitFills(1);

		assertThat(this.there.find("t1", "1")).isEqualTo(1);
		assertThat(this.here.find("t1", "1")).isEqualTo(1);
	}

	@Test
	void whereTheGenerationIsRefusedItsLeaseIsGivenBack() throws Exception {
		try (RedisServer server = RedisServer.local("--user", "app", "on", ">secret", "%R~~g:*", "~rows:*", "+@all")
			.start(); TestInstance<Rows> instance = TestInstance.of(Rows.class, () -> login(server), (builder) -> {
				TestInstance.patient(builder);
				builder.caches(List.of("rows"));
			}).awaitUp()) {
			server.cli("SET", "~g:rows", "0123456789abcdef");
			EntryStore limited = instance.engine().store();

			assertThatExceptionOfType(ExecutionException.class)
				.isThrownBy(() -> acquire(limited, instance.engine().layout().key("rows", "t1:1")))
				.withMessageContaining("NOPERM");

			assertThat(server.bytes(KEY)).isNull();
		}
	}

	private static LettuceConnectionFactory login(RedisServer server) {
		RedisStandaloneConfiguration where = new RedisStandaloneConfiguration(server.host(), server.port());
		where.setUsername("app");
		where.setPassword("secret");
		return new LettuceConnectionFactory(where);
	}

	/**
	 * Have another instance make the generation first, and stop this one when it has
	 * placed its lease and is about to ask which generation is there.
	 */
	private CompletableFuture<Acquired> leaseUnderAWrongGeneration() throws Exception {
		Gate make = this.here.breaker().hold(Step.GENERATION);
		CompletableFuture<Acquired> leasing = acquiring();
		make.awaitReached();
		acquire(this.other, this.sibling);
		this.found = this.here.breaker().hold(Step.GENERATION);
		make.open();
		this.found.awaitReached();
		await().until(() -> this.redis.bytes(KEY) != null);
		return leasing;
	}

	private CompletableFuture<Acquired> acquiring() throws Exception {
		return this.store.acquire(observe(this.store), this.store.newNonce(), LIFE, Lease.Holder.CALL);
	}

	private static Acquired acquire(EntryStore instance, StoredKey key) throws Exception {
		return get(instance.acquire(get(instance.observe(key)), instance.newNonce(), LIFE, Lease.Holder.CALL));
	}

	private static boolean fill(EntryStore instance, Lease lease) throws Exception {
		ValueCodec codec = Codecs.of(String.class);
		return get(
				instance.fill(lease, codec.encode("value"), codec.schemaMark(), Duration.ofMinutes(1), Duration.ZERO));
	}

	private Observed observe(EntryStore instance) throws Exception {
		return get(instance.observe(this.key));
	}

	private String generation() {
		return new String(Objects.requireNonNull(this.redis.bytes(GROUP)), StandardCharsets.US_ASCII);
	}

	private EntryHeader header() {
		return Objects.requireNonNull(EntryHeader.parse(Objects.requireNonNull(this.redis.bytes(KEY))));
	}

	private static <T> T get(CompletableFuture<T> future) throws Exception {
		return future.get(30, TimeUnit.SECONDS);
	}

}
