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

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.LogKeys;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.redis.MemoryRedis;
import dev.cachestarter.engine.redis.MemoryRedis.Answers;
import dev.cachestarter.engine.redis.RedisLink;
import dev.cachestarter.engine.value.ValueCodec;
import dev.cachestarter.engine.value.ValueCodecs;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Whoever keeps copies of values is told of each write that replaces or deletes one, and
 * before anybody goes on who has waited for it.
 */
class ToldWritesTests {

	private static final Duration LIFE = Duration.ofSeconds(2);

	private static final ValueCodec CODEC = new ValueCodecs(ValueCodecs.mapperBuilder().build()).forType(String.class,
			CacheSettings.defaults());

	private final AtomicInteger nonces = new AtomicInteger();

	private final MemoryRedis redis = MemoryScripts.redis();

	private final RedisLink link = this.redis.link(Duration.ofSeconds(1));

	private final KeyLayout layout = new KeyLayout("", false, LogKeys.FULL);

	private final EntryStore store = new EntryStore(this.link, () -> "%016x".formatted(this.nonces.incrementAndGet()),
			this.layout);

	private final List<String> told = new CopyOnWriteArrayList<>();

	private final StoredKey key;

	ToldWritesTests() {
		this.layout.register("pages");
		this.key = this.layout.key("pages", "org-1:1");
		this.store.tell((redisKey) -> this.told.add(new String(redisKey, StandardCharsets.UTF_8)));
	}

	@ParameterizedTest
	@EnumSource
	void aWriteIsToldWhenItIsAnsweredAndBeforeWhoWaitsGoesOn(Write write) {
		Observed value = value();
		Lease held = held(write, value);
		this.told.clear();
		this.redis.answers(Answers.HELD);

		CompletableFuture<List<String>> toldBefore = write.by(this.store, value, held)
			.handle((answer, ex) -> List.copyOf(this.told));
		assertThat(this.told).isEmpty();
		while (!toldBefore.isDone()) {
			this.redis.answer(0);
		}

		assertThat(toldBefore.join()).contains("pages:org-1:1");
	}

	@ParameterizedTest
	@EnumSource
	void aWriteThatFailsIsToldSinceRedisMayHaveDoneIt(Write write) {
		Observed value = value();
		Lease held = held(write, value);
		this.told.clear();
		this.redis.fails(new IllegalStateException("lost"));

		CompletableFuture<List<String>> toldBefore = write.by(this.store, value, held)
			.handle((answer, ex) -> List.copyOf(this.told));

		assertThat(toldBefore.join()).contains("pages:org-1:1");
	}

	@Test
	void whatOnlyReadsIsNotTold() {
		Observed value = value();
		this.told.clear();

		this.store.observe(this.key).join();
		this.store.observeHeader(this.key).join();
		Lease claim = Objects.requireNonNull(claim(value).lease());
		this.store.renew(claim, LIFE).join();
		this.store.unclaim(claim, Duration.ZERO).join();

		assertThat(this.told).isEmpty();
	}

	private Observed value() {
		this.store.replace(this.key, encoded(), CODEC.schemaMark(), Duration.ofMinutes(1), Duration.ZERO, LIFE).join();
		return this.store.observe(this.key).join();
	}

	private Acquired claim(Observed value) {
		return this.store.claim(value, this.store.newNonce(), LIFE, LIFE.multipliedBy(2)).join();
	}

	private Lease held(Write write, Observed value) {
		return write.onValue ? Objects.requireNonNull(claim(value).lease())
				: this.store.seize(this.key, this.store.newNonce(), LIFE, Lease.Holder.CALL).join();
	}

	private static ValueCodec.Encoded encoded() {
		try {
			return CODEC.encode("value");
		}
		catch (ValueCodec.NotCacheableException ex) {
			throw new IllegalStateException(ex);
		}
	}

	enum Write {

		ACQUIRE(true, (store, value, held) -> store.acquire(value, store.newNonce(), LIFE, Lease.Holder.CALL)),

		SEIZE(true, (store, value, held) -> store.seize(value.key(), store.newNonce(), LIFE, Lease.Holder.CALL)),

		FILL(false, Write::fill),

		FILL_OF_A_CLAIM(true, Write::fill),

		RELEASE(false, (store, value, held) -> store.release(held)),

		RELEASE_OF_A_CLAIM(true, (store, value, held) -> store.release(held)),

		TRACE(false, (store, value, held) -> store.leaveTrace(held, EntryStore.Trace.UNSTORED)),

		DISCARD(true, (store, value, held) -> store.discard(value.key().redisKey(), value.header()));

		private final boolean onValue;

		private final Way way;

		Write(boolean onValue, Way way) {
			this.onValue = onValue;
			this.way = way;
		}

		private static CompletableFuture<?> fill(EntryStore store, Observed value, Lease held) {
			return store.fill(held, encoded(), CODEC.schemaMark(), Duration.ofMinutes(1), Duration.ZERO);
		}

		CompletableFuture<?> by(EntryStore store, Observed value, Lease held) {
			return this.way.write(store, value, held);
		}

		private interface Way {

			CompletableFuture<?> write(EntryStore store, Observed value, Lease held);

		}

	}

}
