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

package dev.cachestarter.engine.redis;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import org.junit.jupiter.api.Test;

import dev.cachestarter.engine.connection.Pulse;
import dev.cachestarter.engine.connection.RedisConnection;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What is sent at once, and what waits its turn.
 */
class OutboxTests {

	private final ScriptedRedis redis = new ScriptedRedis();

	private final RedisConnection connection = this.redis.connect();

	private final List<String> sent = new ArrayList<>();

	private final List<CompletableFuture<String>> answers = new ArrayList<>();

	private long now;

	private boolean heard = true;

	private final Outbox outbox = outbox(new Outbox.Limits(2, 100, 5, 300, 1000));

	private Outbox outbox(Outbox.Limits limits) {
		return new Outbox(this.connection, limits, () -> this.now, (box, parcel, value, ex) -> this.heard);
	}

	private CompletableFuture<String> send(Parcel.Kind kind, String name, long bytes) {
		return this.outbox.send(new Parcel<>(kind, 0, (same) -> {
			this.sent.add(name);
			CompletableFuture<String> answer = new CompletableFuture<>();
			this.answers.add(answer);
			return answer;
		}, bytes, new Pulse(), null));
	}

	private CompletableFuture<String> send(String name) {
		return send(Parcel.Kind.OTHER, name, 1);
	}

	private void answer(int number) {
		this.answers.get(number).complete(this.sent.get(number));
	}

	@Test
	void soManyAreSentAtOnceAndTheOthersInOrder() {
		CompletableFuture<String> first = send("a");
		send("b");
		CompletableFuture<String> third = send("c");
		send("d");
		assertThat(this.sent).containsExactly("a", "b");

		answer(0);

		assertThat(first).isCompletedWithValue("a");
		assertThat(this.sent).containsExactly("a", "b", "c");
		assertThat(third).isNotDone();

		answer(1);
		answer(2);

		assertThat(third).isCompletedWithValue("c");
		assertThat(this.sent).containsExactly("a", "b", "c", "d");
	}

	@Test
	void evictionsGoFirst() {
		send("a");
		send("b");
		send("c");
		send(Parcel.Kind.EVICTION, "eviction", 1);

		answer(0);

		assertThat(this.sent).containsExactly("a", "b", "eviction");
	}

	@Test
	void bytesAreBoundedAndOneIsAlwaysSentHoweverLarge() {
		send(Parcel.Kind.OTHER, "large", 1000);
		assertThat(this.sent).containsExactly("large");

		send(Parcel.Kind.OTHER, "60", 60);
		send(Parcel.Kind.OTHER, "50", 50);
		assertThat(this.sent).containsExactly("large");

		answer(0);
		assertThat(this.sent).containsExactly("large", "60");

		answer(1);
		assertThat(this.sent).containsExactly("large", "60", "50");
	}

	@Test
	void tooMuchThatWaitsIsRefusedAtOnce() {
		send("a");
		send("b");
		for (int i = 0; i < 5; i++) {
			assertThat(send("c")).isNotDone();
		}

		assertThat(send("d")).isCompletedExceptionally();
	}

	@Test
	void tooManyBytesThatWaitAreRefusedAtOnce() {
		send("a");
		send("b");
		assertThat(send(Parcel.Kind.OTHER, "c", 200)).isNotDone();

		assertThat(send(Parcel.Kind.OTHER, "d", 200)).isCompletedExceptionally();
		assertThat(send(Parcel.Kind.OTHER, "e", 50)).isNotDone();
	}

	@Test
	void whatNobodyWaitsForAnyMoreIsNotSent() {
		send("a");
		send("b");
		CompletableFuture<String> expired = send("c");
		this.now += 1001;
		CompletableFuture<String> cancelled = send("d");
		CompletableFuture<String> fresh = send("e");
		cancelled.cancel(false);

		answer(0);

		assertThat(expired).isCompletedExceptionally();
		assertThat(this.sent).containsExactly("a", "b", "e");
		assertThat(fresh).isNotDone();
	}

	@Test
	void whatWaitsFailsWhenItIsCleared() {
		CompletableFuture<String> sent = send("a");
		send("b");
		CompletableFuture<String> waiting = send("c");
		CompletableFuture<String> eviction = send(Parcel.Kind.EVICTION, "d", 1);

		this.outbox.clear();

		assertThat(waiting).isCompletedExceptionally();
		assertThat(eviction).isCompletedExceptionally();
		assertThat(sent).isNotDone();
		answer(0);
		assertThat(this.sent).containsExactly("a", "b");
	}

	@Test
	void theOldestIsWhatWasSentFirstOfWhatIsUnderWay() {
		assertThat(this.outbox.oldest()).isNull();
		send("a");
		this.now += 10;
		send("b");
		this.now += 10;
		assertThat(age()).isEqualTo(20);

		answer(0);
		assertThat(age()).isEqualTo(10);

		answer(1);
		assertThat(this.outbox.oldest()).isNull();
	}

	@Test
	void timeInWhichASenderIsHeldUpWithTheWholeJvmIsNoAge() {
		long pause = 1000;
		// A processor is taken away just when the time was read.
		Outbox held = new Outbox(this.connection, new Outbox.Limits(2, 100, 5, 300, 1000), () -> {
			long read = this.now;
			this.now += pause;
			this.redis.lag += pause;
			return read;
		}, (box, parcel, value, ex) -> true);

		held.send(new Parcel<>(Parcel.Kind.OTHER, 0, (same) -> new CompletableFuture<>(), 1, new Pulse(), null));

		Parcel<?> oldest = held.oldest();
		assertThat(oldest).isNotNull();
		assertThat(oldest.age(this.now, this.redis.lag)).isZero();
	}

	@Test
	void nothingOvertakesWhatHasWaitedAndIsBeingHandedOver() {
		send("a");
		send("b");
		List<CompletableFuture<String>> behind = new ArrayList<>();
		// Its thread is put aside before the driver has it. There is room again, and
		// nothing that waits.
		this.outbox.send(new Parcel<>(Parcel.Kind.OTHER, 0, (same) -> {
			answer(1);
			behind.add(send("lease"));
			this.sent.add("generation");
			return new CompletableFuture<>();
		}, 1, new Pulse(), null));

		answer(0);

		assertThat(this.sent).containsExactly("a", "b", "generation", "lease");
		assertThat(behind.get(0)).isNotDone();
	}

	private long age() {
		Parcel<?> oldest = this.outbox.oldest();
		return (oldest != null) ? oldest.age(this.now, 0) : -1;
	}

	@Test
	void anAnswerThatIsNotBelievedIsNotGivenOut() {
		CompletableFuture<String> abandoned = send("a");
		this.heard = false;

		answer(0);

		assertThat(abandoned).isCompletedExceptionally();
	}

	@Test
	void aListenerThatThrowsHoldsNobodyUp() {
		Outbox fragile = new Outbox(this.connection, new Outbox.Limits(1, 100, 5, 300, 1000), () -> this.now,
				(box, parcel, value, ex) -> {
					throw new NoClassDefFoundError();
				});
		CompletableFuture<String> answer = new CompletableFuture<>();
		CompletableFuture<String> first = fragile
			.send(new Parcel<>(Parcel.Kind.OTHER, 0, (same) -> answer, 1, new Pulse(), null));
		CompletableFuture<String> second = fragile
			.send(new Parcel<>(Parcel.Kind.OTHER, 0, (same) -> answer, 1, new Pulse(), null));

		answer.complete("answer");

		assertThat(first).isDone();
		assertThat(second).isDone();
	}

	@Test
	void manyThatFailAtOnceAreNoStackTooDeep() {
		Outbox deep = outbox(new Outbox.Limits(1, 100, 100_000, 1_000_000, 1000));
		CompletableFuture<String> answer = new CompletableFuture<>();
		deep.send(new Parcel<>(Parcel.Kind.OTHER, 0, (same) -> answer, 1, new Pulse(), null));
		List<CompletableFuture<String>> failing = new ArrayList<>();
		for (int i = 0; i < 50_000; i++) {
			failing.add(deep.send(new Parcel<String>(Parcel.Kind.OTHER, 0, (same) -> {
				throw new NoClassDefFoundError();
			}, 1, new Pulse(), null)));
		}

		answer.complete("answer");

		assertThat(failing).allMatch(CompletableFuture::isCompletedExceptionally);
	}

}
