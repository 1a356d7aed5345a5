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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionSynchronizationUtils;

import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Threads;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * How calls of one instance meet while one of them loads or puts.
 */
@WithRedis
class InterceptedCallsRedisTests {

	private final RedisServer redis;

	private final TestInstance<Desk> instance;

	InterceptedCallsRedisTests(RedisServer redis) {
		this.redis = redis;
		this.instance = TestInstance.of(Desk.class, redis);
	}

	@BeforeEach
	void connected() {
		Desk.gate = new CountDownLatch(0);
		this.instance.awaitUp();
	}

	@AfterEach
	void close() {
		this.instance.close();
	}

	private Desk desk() {
		return this.instance.service();
	}

	@Test
	void aReaderThatMeetsAPutGetsWhatIsPutAsSoonAsItIs() throws Exception {
		Desk.gate = new CountDownLatch(1);
		CompletableFuture<Note> put = CompletableFuture.supplyAsync(() -> desk().replace("1", "new"), Threads.OWN);
		await().until(() -> !this.redis.keys("notes:1").isEmpty());

		CompletableFuture<Note> read = CompletableFuture.supplyAsync(() -> desk().find("1"), Threads.OWN);
		awaitMiss();
		Desk.gate.countDown();

		assertThat(put.get(5, TimeUnit.SECONDS).text()).isEqualTo("new");
		assertThat(read.get(2, TimeUnit.SECONDS).text()).isEqualTo("new");
		assertThat(desk().loads()).isZero();
	}

	@Test
	void aReaderThatMeetsAPutThatFailsLoads() throws Exception {
		Desk.gate = new CountDownLatch(1);
		CompletableFuture<Note> put = CompletableFuture.supplyAsync(() -> desk().replace("2", null), Threads.OWN);
		await().until(() -> !this.redis.keys("notes:2").isEmpty());

		CompletableFuture<Note> read = CompletableFuture.supplyAsync(() -> desk().find("2"), Threads.OWN);
		awaitMiss();
		Desk.gate.countDown();

		assertThat(read.get(2, TimeUnit.SECONDS).text()).isEqualTo("loaded");
		assertThat(put).failsWithin(Duration.ofSeconds(2))
			.withThrowableThat()
			.withRootCauseInstanceOf(IllegalArgumentException.class);
	}

	/** Wait until a caller has looked and missed. */
	@Test
	void anInterruptedWaiterLoadsByItselfAndKeepsItsFlag() throws Exception {
		CompletableFuture<Note> leader = lockedLoad("3");
		CompletableFuture<Boolean> flag = new CompletableFuture<>();
		Thread waiter = new Thread(() -> {
			desk().find("3");
			flag.complete(Thread.currentThread().isInterrupted());
		});
		waiter.start();
		await().until(() -> this.instance.cache("notes").getStatistics().getMisses() == 2);

		waiter.interrupt();

		assertThat(flag.get(2, TimeUnit.SECONDS)).isTrue();
		Desk.gate.countDown();
		assertThat(leader.get(5, TimeUnit.SECONDS).text()).isEqualTo("slow");
	}

	@Test
	void aTransactionsLoadIsSharedThroughNoneOfItsCaches() throws Exception {
		Desk.gate = new CountDownLatch(1);
		CompletableFuture<Note> load = CompletableFuture.supplyAsync(() -> inTransaction(() -> desk().both("4")),
				Threads.OWN);

		await().until(() -> this.redis.keys("*s:4").size() == 2);

		assertThat(this.redis.cli("GETRANGE", "notes:4", "134", "137")).isEqualTo("--t-");
		assertThat(this.redis.cli("GETRANGE", "copies:4", "134", "137")).isEqualTo("--t-");
		Desk.gate.countDown();
		assertThat(load.get(5, TimeUnit.SECONDS).text()).isEqualTo("slow");
	}

	@Test
	void aPutWhoseKeyCannotBeToldBeforeTheMethodIsMadeAfterIt() {
		Draft saved = desk().save(new Draft());

		assertThat(saved.number).isEqualTo(17);
		assertThat(this.redis.keys("drafts:*")).containsExactly("drafts:17");
	}

	@Test
	void anAsynchronousLoadFillsAllItsCaches() throws Exception {
		desk().bothLater("5").get(5, TimeUnit.SECONDS);

		assertThat(this.redis.keys("*s:5")).containsExactlyInAnyOrder("notes:5", "copies:5");
	}

	@Test
	void anAsynchronousLoadFillsNoneOfItsCachesThatWasEvictedMeanwhile() throws Exception {
		Desk.gate = new CountDownLatch(1);
		CompletableFuture<Note> load = desk().bothLater("6");
		await().until(() -> desk().loads() == 1);

		this.instance.cache("copies").evict("6");
		Desk.gate.countDown();

		load.get(5, TimeUnit.SECONDS);
		assertThat(this.redis.keys("*s:6")).containsExactly("notes:6");
	}

	@Test
	void anAsynchronousMethodsExceptionArrivesUnchangedWithoutRedisToo() {
		this.instance.cacheService().clear();
		assertThat(desk().laterOrNot("7")).failsWithin(Duration.ofSeconds(5))
			.withThrowableThat()
			.havingCause()
			.isInstanceOf(IllegalArgumentException.class);
		this.instance.engine().link().close();

		assertThat(desk().laterOrNot("7")).failsWithin(Duration.ofSeconds(5))
			.withThrowableThat()
			.havingCause()
			.isInstanceOf(IllegalArgumentException.class);
	}

	@Test
	void anAsynchronousCallEndsAfterTheManagerIsClosed() {
		this.instance.manager().destroy();

		assertThat(desk().bothLater("8")).succeedsWithin(Duration.ofSeconds(5));
	}

	@Test
	void whatARollbackToASavepointMayHaveTakenBackIsNotStored() {
		inTransaction(() -> {
			desk().replace("9", "nested");
			Object savepoint = new Object();
			TransactionSynchronizationManager.getSynchronizations()
				.forEach((synchronization) -> synchronization.savepointRollback(savepoint));
			return desk().replace("10", "outer");
		});

		assertThat(this.redis.keys("notes:*")).contains("notes:10").doesNotContain("notes:9");
	}

	private CompletableFuture<Note> lockedLoad(String id) {
		Desk.gate = new CountDownLatch(1);
		CompletableFuture<Note> leader = CompletableFuture.supplyAsync(() -> desk().slow(id), Threads.OWN);
		await().until(() -> !this.redis.keys("notes:" + id).isEmpty());
		return leader;
	}

	private static <T> T inTransaction(Supplier<T> work) {
		TransactionSynchronizationManager.initSynchronization();
		TransactionSynchronizationManager.setActualTransactionActive(true);
		try {
			T result = work.get();
			TransactionSynchronizationUtils.triggerAfterCommit();
			TransactionSynchronizationUtils.triggerAfterCompletion(TransactionSynchronization.STATUS_COMMITTED);
			return result;
		}
		finally {
			TransactionSynchronizationManager.clear();
		}
	}

	private void awaitMiss() {
		await().atMost(Duration.ofMinutes(1)).until(() -> this.instance.cache("notes").getStatistics().getMisses() > 0);
	}

	record Note(String id, String text) {

	}

	static class Draft {

		public @Nullable Integer number;

	}

	static class Desk {

		static volatile CountDownLatch gate = new CountDownLatch(0);

		private final AtomicInteger loads = new AtomicInteger();

		public int loads() {
			return this.loads.get();
		}

		@Cacheable("notes")
		public Note find(String id) {
			this.loads.incrementAndGet();
			return new Note(id, "loaded");
		}

		@CachePut(cacheNames = "notes", key = "#id")
		public Note replace(String id, @Nullable String text) {
			pass();
			if (text == null) {
				throw new IllegalArgumentException("no text");
			}
			return new Note(id, text);
		}

		@Cacheable("notes")
		public Note slow(String id) {
			pass();
			return new Note(id, "slow");
		}

		@Cacheable({ "notes", "copies" })
		public Note both(String id) {
			pass();
			return new Note(id, "slow");
		}

		@Cacheable({ "notes", "copies" })
		public CompletableFuture<Note> bothLater(String id) {
			this.loads.incrementAndGet();
			return CompletableFuture.supplyAsync(() -> {
				pass();
				return new Note(id, "later");
			}, Threads.OWN);
		}

		@Cacheable("notes")
		public CompletableFuture<Note> laterOrNot(String id) {
			throw new IllegalArgumentException(id);
		}

		@CachePut(cacheNames = "drafts", key = "#draft.number.toString()")
		public Draft save(Draft draft) {
			draft.number = 17;
			return draft;
		}

		static void pass() {
			try {
				gate.await(10, TimeUnit.SECONDS);
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
		}

	}

}
