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
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.monitor.RedisOperation;
import dev.cachestarter.engine.monitor.Tracer;
import dev.cachestarter.engine.redis.MemoryRedis;
import dev.cachestarter.engine.redis.MemoryRedis.Answers;
import dev.cachestarter.engine.redis.RedisLink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * In which order the first lease of a group is asked for, and what it waits for. What
 * others do meanwhile, {@code FirstLeasesRedisTests} play.
 */
class LeasingTests {

	private static final Duration LIFE = Duration.ofSeconds(2);

	private final AtomicInteger nonces = new AtomicInteger();

	private final MemoryRedis redis = MemoryScripts.redis();

	private final RedisLink link = this.redis.link(Duration.ofSeconds(1));

	private final KeyLayout layout = new KeyLayout("", false);

	private final EntryStore store = new EntryStore(this.link, () -> "%016x".formatted(this.nonces.incrementAndGet()),
			this.layout);

	private final StoredKey key;

	LeasingTests() {
		this.layout.register("pages");
		this.key = this.layout.key("pages", "org-1:1");
	}

	@Test
	void onOneServerTheLeaseIsSentBehindItsGenerations() {
		Observed observed = this.store.observe(this.key).join();
		this.redis.answers(Answers.UNDONE);
		this.redis.sent();

		CompletableFuture<Acquired> leasing = acquire(observed);

		assertThat(this.redis.sent()).containsExactly("SET", "SET", "SET");
		this.redis.answer();
		assertThat(header().isUnder(generation(this.key.cacheGenerationKey()), group())).isTrue();
		assertThat(Objects.requireNonNull(leasing.join().lease()).nonce()).isEqualTo(header().nonce());
	}

	@Test
	void aLeaseCountsWhenItsGenerationsAreAcknowledged() {
		Observed observed = this.store.observe(this.key).join();
		this.redis.answers(Answers.HELD);
		CompletableFuture<Acquired> leasing = acquire(observed);

		this.redis.answer(2);
		this.redis.answer(1);
		assertThat(leasing).isNotDone();
		this.redis.answer(0);

		assertThat(leasing).isDone();
	}

	@Test
	void aLeaseCountsWhenItIsAcknowledgedItself() {
		Observed observed = this.store.observe(this.key).join();
		this.redis.answers(Answers.HELD);
		CompletableFuture<Acquired> leasing = acquire(observed);

		this.redis.answer(0);
		this.redis.answer(0);
		assertThat(leasing).isNotDone();
		this.redis.answer(0);

		assertThat(leasing).isDone();
	}

	@Test
	void onAClusterTheGenerationsAreAwaitedFirst() {
		this.redis.isCluster();
		Observed observed = this.store.observe(this.key).join();
		this.redis.answers(Answers.HELD);
		this.redis.sent();

		CompletableFuture<Acquired> leasing = acquire(observed);

		assertThat(this.redis.sent()).containsExactly("SET", "SET");
		this.redis.answer(0);
		assertThat(this.redis.sent()).isEmpty();
		this.redis.answer(0);
		assertThat(this.redis.sent()).containsExactly("SET");
		this.redis.answer();
		assertThat(leasing.join().lease()).isNotNull();
	}

	@Test
	void whoMissesAGenerationThatIsBeingMadeHereWaitsForItsAnswer() {
		StoredKey second = this.layout.key("pages", "org-1:2");
		Observed observed = this.store.observe(this.key).join();
		Observed observedToo = this.store.observe(second).join();
		this.redis.answers(Answers.UNDONE);
		this.redis.sent();
		CompletableFuture<Acquired> first = acquire(observed);
		CompletableFuture<Acquired> other = acquire(observedToo);
		assertThat(this.redis.sent()).containsExactly("SET", "SET", "SET");

		this.redis.answer();

		assertThat(this.redis.sent()).containsExactly("SET");
		assertThat(Objects.requireNonNull(other.join().lease()).groupGeneration())
			.isEqualTo(Objects.requireNonNull(first.join().lease()).groupGeneration());
	}

	@Test
	void whoMissesAGenerationThatCouldNotBeMadeMakesItTheNextTime() {
		Observed observed = this.store.observe(this.key).join();
		this.redis.fails(new IllegalStateException("lost"));
		assertThat(acquire(observed)).isCompletedExceptionally();
		this.redis.fails(null);

		assertThat(acquire(observed).join().lease()).isNotNull();
	}

	@Test
	void whereMakingAGenerationOverflowsTheStackNobodyElseWaitsForIt() {
		AtomicBoolean overflows = new AtomicBoolean(true);
		EntryStore deep = new EntryStore(this.link, () -> {
			if (overflows.getAndSet(false)) {
				throw new StackOverflowError();
			}
			return this.store.newNonce();
		}, this.layout);
		Observed observed = this.store.observe(this.key).join();
		String nonce = this.store.newNonce();
		assertThatExceptionOfType(StackOverflowError.class)
			.isThrownBy(() -> deep.acquire(observed, nonce, LIFE, Lease.Holder.CALL));

		CompletableFuture<Acquired> second = deep.acquire(observed, nonce, LIFE, Lease.Holder.CALL);

		assertThat(second).isDone();
		assertThat(second.join().lease()).isNotNull();
	}

	@Test
	void whoWaitsForTheGenerationOfAnotherCallTracesItsLeaseAsItsOwn() {
		Origins origins = new Origins();
		this.link.trace(origins);
		Observed observed = this.store.observe(this.key).join();
		Observed observedToo = this.store.observe(this.layout.key("pages", "org-1:2")).join();
		this.redis.answers(Answers.UNDONE);
		origins.within("first", () -> acquire(observed));
		origins.within("second", () -> acquire(observedToo));

		this.redis.answer();

		assertThat(origins.commands).containsExactly("first: SET", "first: SET", "first: SET", "second: SET");
	}

	@Test
	void whoReplacesAValueAsksForGenerationsWithoutAScript() {
		acquire(this.store.observe(this.key).join()).join();
		this.redis.sent();

		Lease lease = this.store.seize(this.key, this.store.newNonce(), LIFE, Lease.Holder.CALL).join();

		assertThat(this.redis.sent()).containsExactly("MGET", "SET");
		assertThat(header().nonce()).isEqualTo(lease.nonce());
	}

	@Test
	void whoReplacesTheFirstValueOfAGroupSendsItsLeaseBehindTheGenerations() {
		this.redis.sent();

		Lease lease = this.store.seize(this.key, this.store.newNonce(), LIFE, Lease.Holder.CALL).join();

		assertThat(this.redis.sent()).containsExactly("MGET", "SET", "SET", "SET");
		assertThat(header().isUnder(generation(this.key.cacheGenerationKey()), group())).isTrue();
		assertThat(header().nonce()).isEqualTo(lease.nonce());
	}

	private CompletableFuture<Acquired> acquire(Observed observed) {
		return this.store.acquire(observed, this.store.newNonce(), LIFE, Lease.Holder.CALL);
	}

	private EntryHeader header() {
		return Objects.requireNonNull(EntryHeader.parse(Objects.requireNonNull(this.redis.get(this.key.redisKey()))));
	}

	private byte[] group() {
		return generation(Objects.requireNonNull(this.key.groupGenerationKey()));
	}

	private byte[] generation(byte[] generationKey) {
		return Objects.requireNonNull(this.redis.get(generationKey));
	}

	/** Notes whose each command is. */
	private static final class Origins implements Tracer {

		private final List<String> commands = new ArrayList<>();

		private @Nullable Object origin;

		@Override
		public boolean isActive() {
			return true;
		}

		@Override
		public @Nullable Object current() {
			return this.origin;
		}

		@Override
		public <T> T within(@Nullable Object origin, Supplier<T> action) {
			Object before = this.origin;
			this.origin = origin;
			try {
				return action.get();
			}
			finally {
				this.origin = before;
			}
		}

		@Override
		public <T> T resume(@Nullable Object origin, Supplier<T> action) {
			return within(origin, action);
		}

		@Override
		public Span redis(RedisOperation operation, String command) {
			if (this.origin != null) {
				this.commands.add(this.origin + ": " + command);
			}
			return Span.NONE;
		}

	}

}
