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

package dev.cachestarter.engine.load;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

import org.junit.jupiter.api.Test;

import org.springframework.cache.interceptor.SimpleKey;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.load.Callers.Caller;
import dev.cachestarter.engine.load.Callers.Instance;

import static dev.cachestarter.engine.load.Callers.PLAIN;
import static dev.cachestarter.engine.load.Callers.STALE;
import static dev.cachestarter.engine.load.Callers.TTL;
import static dev.cachestarter.engine.load.Callers.alone;
import static dev.cachestarter.engine.load.Callers.get;
import static dev.cachestarter.engine.load.Callers.led;
import static dev.cachestarter.engine.load.Callers.load;
import static dev.cachestarter.engine.load.Callers.value;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * What callers do who ask for two keys of one text: the argument {@code t1:1}, the
 * arguments {@code t1} and {@code 1}, and segments as they are, which both may read.
 */
class KeyMarksTests {

	/** Between two looks at another's lease, at most. */
	private static final Duration LOOK = Duration.ofMillis(100);

	private final Callers callers = new Callers("t1:1");

	private final StoredKey one = this.callers.keyOf("t1:1");

	private final StoredKey several = this.callers.keyOf(new SimpleKey("t1", "1"));

	private final StoredKey segments = this.callers.key;

	private final Instance here = this.callers.instance();

	private final Instance there = this.callers.instance();

	private Caller one() {
		return this.here.caller(PLAIN).of(this.one);
	}

	private Caller several() {
		return this.there.caller(PLAIN).of(this.several);
	}

	private EntryHeader header() {
		return Objects.requireNonNull(this.callers.header());
	}

	private boolean isReadBy(StoredKey key) {
		EntryHeader header = header();
		return !header.isLease() && header.isFor(key);
	}

	@Test
	void whoWaitsForALeaseThatSeveralKeysAcceptLeasesAsItsOwnKey() {
		Flight flight = this.there.caller(PLAIN).of(this.segments).leads();
		CompletableFuture<Decision> first = this.here.caller(PLAIN).of(this.several).decide();
		CompletableFuture<Decision> second = one().decide();
		assertThat(first).isNotDone();
		assertThat(second).isNotDone();

		flight.release();
		this.callers.timer.advance(LOOK);

		Decision.Load ofSeveral = (Decision.Load) get(first);
		Decision.Load ofOne = (Decision.Load) get(second);
		store(ofOne, "one");
		store(ofSeveral, "several");
		assertThat(isReadBy(this.several)).isEqualTo("several".equals(this.callers.stored()));
		assertThat(isReadBy(this.one)).isEqualTo("one".equals(this.callers.stored()));
	}

	private static void store(Decision.Load load, String value) {
		Flight flight = Objects.requireNonNull(load.flight());
		flight.loaded(value);
		flight.fill(TextEntries.encoded(value), TTL, List.of(), () -> false);
	}

	@Test
	void argumentsTakeThePlaceOfASingleOne() {
		load(one().leads(), "one");

		load(several().leads(), "several");

		assertThat(this.callers.stored()).isEqualTo("several");
		assertThat(isReadBy(this.several)).isTrue();
	}

	@Test
	void argumentsTakeTheLeaseOfASingleOne() {
		Flight ofOne = one().leads();

		Flight ofSeveral = several().leads();
		load(ofSeveral, "several");

		ofOne.loaded("one");
		assertThat(ofOne.fill(TextEntries.encoded("one"), TTL, List.of(), () -> false)).isCompletedWithValue(false);
		assertThat(this.callers.stored()).isEqualTo("several");
	}

	@Test
	void aSingleOneLeavesTheValueOfArgumentsAloneForAsLongAsItIsThere() {
		load(several(STALE).leads(), "several");

		alone(one(STALE).decide()).release();
		this.callers.redis.pass(TTL.dividedBy(2));
		alone(one(STALE).decide()).release();
		assertThat(one(STALE).tryLead()).isNotNull().matches((flight) -> !flight.canFill());
		// Past its time it may still serve.
		this.callers.redis.pass(TTL);
		alone(one(STALE).decide()).release();

		assertThat(this.callers.stored()).isEqualTo("several");
	}

	@Test
	void aSingleOneDoesNotWaitForTheLoadOfArguments() {
		Flight ofSeveral = several().leads();

		alone(one().decide()).release();

		load(ofSeveral, "several");
		assertThat(this.callers.stored()).isEqualTo("several");
	}

	@Test
	void theTraceOfAnotherKeySaysNothingOfTheLoadsOfThisOne() {
		Flight ofOne = one().leads();
		ofOne.loaded("one");
		ofOne.refuse();
		assertThat(header().isRefused()).isTrue();

		Flight ofSeveral = several().leads();
		CompletableFuture<Decision> waiting = this.here.caller(PLAIN).of(this.several).decide();

		assertThat(header().isUnstored()).isFalse();
		assertThat(waiting).isNotDone();
		load(ofSeveral, "several");
		this.callers.timer.advance(LOOK);
		assertThat(value(waiting)).isEqualTo("several");
	}

	@Test
	void theClaimOfAnotherKeyOnAValueThatBothReadIsNotJoined() {
		this.callers.storeStale("old");
		Flight ofOne = led(one(STALE).decide());

		CompletableFuture<Decision> waiting = this.here.caller(STALE).of(this.several).decide();
		load(ofOne, "one");
		this.callers.timer.advance(LOOK);

		store((Decision.Load) get(waiting), "several");
		assertThat(this.callers.stored()).isEqualTo("several");
		assertThat(isReadBy(this.several)).isTrue();
	}

	private Caller one(CacheSettings settings) {
		return this.here.caller(settings).of(this.one);
	}

	private Caller several(CacheSettings settings) {
		return this.there.caller(settings).of(this.several);
	}

}
