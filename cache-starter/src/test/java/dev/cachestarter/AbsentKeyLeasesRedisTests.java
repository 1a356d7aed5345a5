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
import java.util.Collections;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import dev.cachestarter.RuleBreaker.Gate;
import dev.cachestarter.RuleBreaker.Step;
import dev.cachestarter.engine.connection.RedisErrors;
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
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

/**
 * What comes between the look at a key under which nothing is and its lease. Each test
 * was seen to fail where a key that is not free counts as another's without a further
 * look.
 */
@WithRedis(local = true)
class AbsentKeyLeasesRedisTests extends Interleavings {

	private static final String KEY = "rows:t1:1";

	private static final Duration LIFE = Duration.ofMinutes(1);

	private EntryStore store;

	private RuleBreaker wire;

	private EntryStore other;

	private StoredKey key;

	AbsentKeyLeasesRedisTests(RedisServer redis) {
		super(redis);
	}

	@BeforeEach
	void open() throws Exception {
		this.redis.flushAll();
		Instance here = instance(Set.of());
		this.store = here.context().engine().store();
		this.wire = here.breaker();
		this.other = instance(Set.of()).context().engine().store();
		this.key = here.context().engine().layout().key("rows", "t1:1");
		// The generations are there.
		get(this.store.acquire(observe(), this.store.newNonce(), LIFE, Lease.Holder.CALL));
		this.redis.cli("DEL", KEY);
	}

	@Test
	void nothingIsLeasedWithoutAScript() throws Exception {
		Observed observed = observe();
		this.redis.cli("CONFIG", "RESETSTAT");

		Lease lease = acquire(observed).lease();

		assertThat(Objects.requireNonNull(lease).nonce()).isEqualTo(header().nonce());
		assertThat(this.redis.number("PTTL", KEY)).isBetween(1L, LIFE.toMillis());
		assertThat(commandStatistics()).contains("cmdstat_set:").doesNotContain("cmdstat_evalsha:");
	}

	@Test
	void theLeaseOfWhoCameFirstIsTold() throws Exception {
		Observed observed = observe();
		Lease first = acquire(this.other).lease();

		Acquired second = acquire(observed);

		assertThat(second.lease()).isNull();
		assertThat(Objects.requireNonNull(second.observed().current()).nonce())
			.isEqualTo(Objects.requireNonNull(first).nonce());
	}

	@Test
	void theLeaseOfWhoCameFirstIsFollowedWithoutAnotherLook() throws Exception {
		Instance leader = instance(Set.of());
		Instance follower = instance(Set.of());
		Pause load = leader.rows().pauseAfterReading();
		Gate lease = follower.breaker().hold(Step.ACQUIRE);
		Call<Integer> second = call(() -> follower.find("t1", "1"));
		lease.awaitReached();
		Call<Integer> first = call(() -> leader.find("t1", "1"));
		load.awaitReached();

		lease.open();
		await().until(() -> Collections.frequency(follower.breaker().journal(), "READ?") > 1);
		load.release();

		assertThat(second.result()).isEqualTo(first.result());
		assertThat(follower.rows().loads()).isZero();
		// It looks on, and does not try to lease again.
		assertThat(follower.breaker().journal()).containsSubsequence("READ?", "READ!", "ACQUIRE?", "ACQUIRE!",
				"ACQUIRE?", "ACQUIRE!", "READ?");
		assertThat(Collections.frequency(follower.breaker().journal(), "ACQUIRE?")).isEqualTo(2);
	}

	@Test
	void whatHasGoneAgainIsNobodys() throws Exception {
		Observed observed = observe();
		Lease first = Objects.requireNonNull(acquire(this.other).lease());
		CompletableFuture<Acquired> second = acquireHeldBeforeTheScript(observed, () -> {
			get(this.other.release(first));
			return null;
		});

		Lease lease = get(second).lease();

		assertThat(Objects.requireNonNull(lease).nonce()).isEqualTo(header().nonce());
	}

	@Test
	void theValueThatCameIsTold() throws Exception {
		Observed observed = observe();
		Lease first = Objects.requireNonNull(acquire(this.other).lease());
		ValueCodec codec = Codecs.of(String.class);
		CompletableFuture<Acquired> second = acquireHeldBeforeTheScript(observed, () -> get(this.other.fill(first,
				codec.encode("value"), codec.schemaMark(), Duration.ofMinutes(1), Duration.ZERO)));

		Acquired answer = get(second);

		assertThat(answer.lease()).isNull();
		assertThat(Objects.requireNonNull(answer.observed().current()).isLease()).isFalse();
		assertThat(header().isLease()).isFalse();
	}

	@Test
	void whatReadsAsNothingIsReplaced() throws Exception {
		this.redis.cli("LPUSH", KEY, "not ours");
		Acquired list = acquire(observe());
		EntryHeader there = header();
		this.redis.cli("SET", KEY, "");
		Acquired text = acquire(observe());

		assertThat(list.foreign()).isTrue();
		assertThat(Objects.requireNonNull(list.lease()).nonce()).isEqualTo(there.nonce());
		assertThat(Objects.requireNonNull(text.lease()).nonce()).isEqualTo(header().nonce());
	}

	@Test
	void anotherDataTypeThatCameMeanwhileIsReplaced() throws Exception {
		Observed observed = observe();
		this.redis.cli("LPUSH", KEY, "not ours");

		Acquired answer = acquire(observed);

		assertThat(answer.foreign()).isTrue();
		assertThat(Objects.requireNonNull(answer.lease()).nonce()).isEqualTo(header().nonce());
	}

	@Test
	void aLeaseThatWasPlacedAndDeniedIsOurs() throws Exception {
		Observed observed = observe();
		String nonce = this.store.newNonce();
		get(this.store.acquire(observed, nonce, LIFE, Lease.Holder.CALL));

		// As if the first had been sent twice, and the second been answered.
		Acquired again = get(this.store.acquire(observed, nonce, LIFE, Lease.Holder.CALL));

		assertThat(Objects.requireNonNull(again.lease()).nonce()).isEqualTo(nonce);
		ValueCodec codec = Codecs.of(String.class);
		assertThat(get(this.store.fill(again.lease(), codec.encode("value"), codec.schemaMark(), Duration.ofMinutes(1),
				Duration.ZERO)))
			.isTrue();
	}

	@Test
	void anEvictionAfterTheLeaseVoidsIt() throws Exception {
		Lease lease = Objects.requireNonNull(acquire(observe()).lease());
		this.redis.cli("UNLINK", KEY);
		acquire(this.other);
		ValueCodec codec = Codecs.of(String.class);

		boolean stored = get(
				this.store.fill(lease, codec.encode("old"), codec.schemaMark(), Duration.ofMinutes(1), Duration.ZERO));

		assertThat(stored).isFalse();
		assertThat(header().isLease()).isTrue();
	}

	@Test
	void whatRedisRefusesIsNotAskedForAgain() throws Exception {
		Observed observed = observe();
		this.redis.cli("CONFIG", "SET", "maxmemory", "1");
		this.redis.cli("CONFIG", "RESETSTAT");

		Throwable failure = catchThrowable(() -> acquire(observed));
		this.redis.cli("CONFIG", "SET", "maxmemory", "0");

		assertThat(RedisErrors.isOutOfMemory(Objects.requireNonNull(failure.getCause()))).isTrue();
		assertThat(commandStatistics()).contains("cmdstat_set:").doesNotContain("cmdstat_evalsha:");
		assertThat(this.redis.bytes(KEY)).isNull();
	}

	/** Have something happen after SET was answered and before the script is run. */
	private CompletableFuture<Acquired> acquireHeldBeforeTheScript(Observed observed, Callable<?> meanwhile)
			throws Exception {
		Gate set = this.wire.hold(Step.ACQUIRE);
		CompletableFuture<Acquired> acquired = this.store.acquire(observed, this.store.newNonce(), LIFE,
				Lease.Holder.CALL);
		set.awaitReached();
		Gate script = this.wire.hold(Step.ACQUIRE);
		set.open();
		script.awaitReached();
		meanwhile.call();
		script.open();
		return acquired;
	}

	private Acquired acquire(Observed observed) throws Exception {
		return get(this.store.acquire(observed, this.store.newNonce(), LIFE, Lease.Holder.CALL));
	}

	private Acquired acquire(EntryStore instance) throws Exception {
		return get(instance.acquire(get(instance.observe(this.key)), instance.newNonce(), LIFE, Lease.Holder.CALL));
	}

	private String commandStatistics() {
		return String.valueOf(this.redis.cli("INFO", "commandstats"));
	}

	private Observed observe() throws Exception {
		return get(this.store.observe(this.key));
	}

	private EntryHeader header() {
		return Objects.requireNonNull(EntryHeader.parse(Objects.requireNonNull(this.redis.bytes(KEY))));
	}

	private static <T> T get(CompletableFuture<T> future) throws Exception {
		return future.get(30, TimeUnit.SECONDS);
	}

}
