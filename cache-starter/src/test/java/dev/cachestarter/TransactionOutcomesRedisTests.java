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

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import java.util.stream.Stream;

import javax.sql.DataSource;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import org.springframework.cache.Cache;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.TransactionSystemException;
import org.springframework.transaction.support.DefaultTransactionStatus;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

import dev.cachestarter.TransactionsRedisTests.Prices;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Threads;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * What is left of a transaction's work with caches when it ends in other ways than a
 * plain commit or rollback: half of it taken back, or nobody knows; and what it sees of
 * its own work until then.
 */
@WithRedis
class TransactionOutcomesRedisTests {

	private final TestInstance<Prices> instance;

	private final Prices prices;

	private final TransactionTemplate transaction;

	private final TransactionTemplate nested;

	TransactionOutcomesRedisTests(RedisServer redis) {
		this.instance = TestInstance.of(Prices.class, redis.host(), redis.port(), TestInstance::patient,
				TransactionsRedisTests.Database.class);
		this.prices = this.instance.service();
		this.transaction = new TransactionTemplate(this.instance.context().getBean(PlatformTransactionManager.class));
		this.nested = template(TransactionDefinition.PROPAGATION_NESTED);
	}

	@BeforeEach
	void connected() {
		this.instance.awaitUp();
		this.prices.insert("a", 1);
		this.prices.insert("b", 1);
	}

	@AfterEach
	void close() {
		this.instance.close();
	}

	// Savepoints

	static Stream<Arguments> changes() {
		return Stream.of(change("evict", (prices, id) -> prices.change(id, 2)),
				change("put", (prices, id) -> prices.replace(id, 2)), change("clear", (prices, id) -> {
					prices.set(id, 2);
					prices.changeAll();
				}), change("evict before the method", (prices, id) -> prices.changeAfterEviction(id, 2)));
	}

	private static Arguments change(String name, BiConsumer<Prices, String> change) {
		return Arguments.argumentSet(name, change);
	}

	@ParameterizedTest
	@MethodSource("changes")
	void whatWasDoneBeforeASavepointIsDoneThoughTheRestIsTakenBack(BiConsumer<Prices, String> change) {
		this.prices.price("a");
		this.prices.price("b");

		this.transaction.executeWithoutResult((outer) -> {
			change.accept(this.prices, "a");
			takenBack(() -> this.prices.change("b", 3));
			assertThat(elsewhere("b")).isEqualTo(1);
		});

		assertThat(elsewhere("a")).isEqualTo(2);
		assertThat(this.prices.price("a")).isEqualTo(2);
		assertThat(elsewhere("b")).isEqualTo(1);
	}

	@ParameterizedTest
	@MethodSource("changes")
	void whatWasDoneBeforeASavepointIsNotDoneIfAllIsTakenBackInTheEnd(BiConsumer<Prices, String> change) {
		this.prices.price("a");

		this.transaction.executeWithoutResult((outer) -> {
			change.accept(this.prices, "a");
			takenBack(() -> this.prices.change("b", 3));
			outer.setRollbackOnly();
		});

		assertThat(elsewhere("a")).isEqualTo(1);
		assertThat(this.prices.price("a")).isEqualTo(1);
	}

	@Test
	void whatWasEvictedBeforeASavepointStaysCachedIfAllIsTakenBackInTheEnd() {
		this.prices.price("a");
		int loads = this.prices.loads();

		this.transaction.executeWithoutResult((outer) -> {
			this.prices.change("a", 2);
			takenBack(() -> this.prices.change("b", 3));
			outer.setRollbackOnly();
		});

		assertThat(elsewhere("a")).isEqualTo(1);
		assertThat(this.prices.loads()).isEqualTo(loads);
	}

	@Test
	void aPutByHandThatMayHaveBeenTakenBackLeavesNeitherTheOldNorTheNew() {
		Cache cache = this.instance.cache("by-hand");
		cache.put("before a savepoint", "old");
		cache.put("unknown", "old");

		this.transaction.executeWithoutResult((outer) -> {
			cache.put("before a savepoint", "new");
			takenBack(() -> this.prices.change("b", 3));
		});
		commitWithoutAnAnswer(() -> cache.put("unknown", "new"));

		assertThat(cache.get("before a savepoint", String.class)).isNull();
		assertThat(cache.get("unknown", String.class)).isNull();
	}

	@ParameterizedTest
	@MethodSource("changes")
	void whatIsDoneAfterARollbackToASavepointIsDone(BiConsumer<Prices, String> change) {
		this.prices.price("a");
		this.prices.price("b");

		this.transaction.executeWithoutResult((outer) -> {
			takenBack(() -> this.prices.replace("b", 3));
			change.accept(this.prices, "a");
			assertThat(this.prices.price("a")).isEqualTo(2);
		});

		assertThat(elsewhere("a")).isEqualTo(2);
		assertThat(elsewhere("b")).isEqualTo(1);
	}

	@Test
	void aKeyThatWasChangedBeforeAndAfterASavepointIsWhatItWasBefore() {
		this.prices.price("a");
		this.prices.price("b");

		this.transaction.executeWithoutResult((outer) -> {
			this.prices.change("a", 2);
			this.prices.replace("b", 2);
			takenBack(() -> {
				this.prices.replace("a", 3);
				this.prices.change("b", 3);
			});
			assertThat(this.prices.price("a")).isEqualTo(2);
			assertThat(this.prices.price("b")).isEqualTo(2);
		});

		assertThat(elsewhere("a")).isEqualTo(2);
		assertThat(elsewhere("b")).isEqualTo(2);
	}

	@Test
	void whatWasLoadedSinceASavepointIsForgottenWithIt() {
		this.transaction.executeWithoutResult((outer) -> {
			takenBack(() -> {
				this.prices.set("a", 2);
				assertThat(this.prices.price("a")).isEqualTo(2);
			});
			assertThat(this.prices.price("a")).isEqualTo(1);
		});

		assertThat(elsewhere("a")).isEqualTo(1);
	}

	@Test
	void ofTwoSavepointsTheInnerOneTakesNothingElseWithIt() {
		this.prices.price("a");
		this.prices.price("b");

		this.transaction.executeWithoutResult((outer) -> this.nested.executeWithoutResult((status) -> {
			this.prices.change("a", 2);
			takenBack(() -> this.prices.change("b", 2));
		}));

		assertThat(elsewhere("a")).isEqualTo(2);
		assertThat(elsewhere("b")).isEqualTo(1);
	}

	private void takenBack(Runnable work) {
		this.nested.executeWithoutResult((status) -> {
			work.run();
			status.setRollbackOnly();
		});
	}

	// Outcomes that nobody knows

	@ParameterizedTest
	@MethodSource("changes")
	void whatMayHaveBeenCommittedIsEvicted(BiConsumer<Prices, String> change) {
		this.prices.price("a");

		commitWithoutAnAnswer(() -> change.accept(this.prices, "a"));

		assertThat(elsewhere("a")).isEqualTo(2);
		assertThat(this.prices.price("a")).isEqualTo(2);
	}

	@Test
	void whatMayHaveBeenTakenBackIsNotStored() {
		this.prices.price("b");

		commitWithoutAnAnswer(() -> {
			this.prices.price("a");
			this.prices.replace("b", 2);
		});

		int loads = this.prices.loads();
		assertThat(elsewhere("a")).isEqualTo(1);
		assertThat(elsewhere("b")).isEqualTo(2);
		assertThat(this.prices.loads()).isEqualTo(loads + 2);
	}

	/** The database commits, and its answer is lost. */
	private void commitWithoutAnAnswer(Runnable work) {
		TransactionTemplate doubtful = new TransactionTemplate(
				new Doubtful(this.instance.context().getBean(DataSource.class)));
		assertThatExceptionOfType(TransactionSystemException.class)
			.isThrownBy(() -> doubtful.executeWithoutResult((status) -> work.run()));
	}

	// Listeners

	@Test
	void whoeverHearsOfTheCommitReadsWhatWasCommittedOnOtherThreadsToo() {
		this.prices.price("a");
		this.prices.price("b");
		this.prices.page("org-1", 1);
		Map<String, @Nullable Object> seen = new LinkedHashMap<>();

		this.transaction.executeWithoutResult((status) -> {
			TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {

				@Override
				public void afterCommit() {
					seen.put("evicted", elsewhere("a"));
					seen.put("put", elsewhere("b"));
					seen.put("page", inAnotherThread(() -> TransactionOutcomesRedisTests.this.prices.page("org-1", 1)));
				}

			});
			this.prices.change("a", 2);
			this.prices.replace("b", 2);
			this.prices.changePages("org-1");
		});

		assertThat(seen).containsEntry("evicted", 2).containsEntry("put", 2).containsEntry("page", List.of(2, 2));
	}

	@Test
	void whoeverHearsThatTheOutcomeIsUnknownReadsNothingOld() {
		this.prices.price("a");
		AtomicReference<@Nullable Integer> seen = new AtomicReference<>();

		commitWithoutAnAnswer(() -> {
			TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {

				@Override
				public void afterCompletion(int status) {
					assertThat(status).isEqualTo(STATUS_UNKNOWN);
					seen.set(elsewhere("a"));
				}

			});
			this.prices.change("a", 2);
		});

		assertThat(seen.get()).isEqualTo(2);
	}

	// What it sees of its own work

	@ParameterizedTest
	@MethodSource("changes")
	void whatATransactionHasLoadedIsLoadedAgainAfterItsOwnChange(BiConsumer<Prices, String> change) {
		this.transaction.executeWithoutResult((status) -> {
			assertThat(this.prices.price("a")).isEqualTo(1);
			assertThat(this.prices.synced("a")).isEqualTo(1);

			change.accept(this.prices, "a");

			assertThat(this.prices.price("a")).isEqualTo(2);
			assertThat(this.prices.synced("a")).isEqualTo(2);
			assertThat(this.prices.later("a").join()).isEqualTo(2);
		});
	}

	@Test
	void aTransactionOfItsOwnSeesNothingOfWhatTheSuspendedOneHasLoaded() {
		TransactionTemplate own = template(TransactionDefinition.PROPAGATION_REQUIRES_NEW);

		this.transaction.executeWithoutResult((outer) -> {
			this.prices.set("a", 2);
			assertThat(this.prices.price("a")).isEqualTo(2);
			own.executeWithoutResult((status) -> assertThat(this.prices.price("a")).isEqualTo(1));
			outer.setRollbackOnly();
		});

		assertThat(elsewhere("a")).isEqualTo(1);
	}

	// Several keys at once

	static Stream<Arguments> changesOfPages() {
		return Stream.of(change("by key", (prices, org) -> prices.drop("a")),
				change("by pattern", (prices, org) -> prices.changePages(org)),
				change("all", (prices, org) -> prices.changeAll()),
				change("put", (prices, org) -> prices.replace("a", 2)));
	}

	@ParameterizedTest
	@MethodSource("changesOfPages")
	void aBatchInATransactionReadsNothingThatItHasChanged(BiConsumer<Prices, String> change) {
		List<String> keys = List.of("prices:a", "prices:b", "pages:org-1:1");
		CacheService service = this.instance.cacheService();
		assertThat(values(service, keys, 1)).containsOnly(1);
		await().until(() -> values(service, keys, 9).equals(List.of(1, 1, 1)));

		this.transaction.executeWithoutResult((status) -> {
			change.accept(this.prices, "org-1");
			Set<String> changed = new LinkedHashSet<>();
			List<Integer> seen = List.copyOf(service.getAll(keys, Integer.class, (missing) -> {
				changed.addAll(missing);
				Map<String, Integer> loaded = new LinkedHashMap<>();
				missing.forEach((key) -> loaded.put(key, 2));
				return loaded;
			}).values());

			assertThat(changed).isNotEmpty();
			for (int i = 0; i < keys.size(); i++) {
				assertThat(seen.get(i)).isEqualTo(changed.contains(keys.get(i)) ? 2 : 1);
			}
			assertThat(inAnotherThread(() -> values(service, keys, 9))).as("not committed").doesNotContain(2);
			status.setRollbackOnly();
		});

		assertThat(values(service, keys, 9)).as("taken back").doesNotContain(2);
	}

	@Test
	void whatABatchLoadsInATransactionIsNotStoredWhenItRollsBack() {
		List<String> keys = List.of("prices:a", "prices:b");
		CacheService service = this.instance.cacheService();

		this.transaction.executeWithoutResult((status) -> {
			assertThat(values(service, keys, 2)).containsOnly(2);
			assertThat(inAnotherThread(() -> values(service, List.of("prices:a"), 1))).containsOnly(1);
			status.setRollbackOnly();
		});

		assertThat(values(service, List.of("prices:b"), 3)).containsOnly(3);
		assertThat(values(service, List.of("prices:a"), 3)).isNotEqualTo(List.of(2));
	}

	private static List<Integer> values(CacheService service, List<String> keys, int loaded) {
		return List.copyOf(service.getAll(keys, Integer.class, (missing) -> {
			Map<String, Integer> values = new LinkedHashMap<>();
			missing.forEach((key) -> values.put(key, loaded));
			return values;
		}).values());
	}

	private TransactionTemplate template(int propagation) {
		TransactionTemplate template = new TransactionTemplate(
				Objects.requireNonNull(this.transaction.getTransactionManager()));
		template.setPropagationBehavior(propagation);
		return template;
	}

	private @Nullable Integer elsewhere(String id) {
		return inAnotherThread(() -> this.prices.price(id));
	}

	private static <T> @Nullable T inAnotherThread(Supplier<@Nullable T> action) {
		return CompletableFuture.<@Nullable T>supplyAsync(action, Threads.OWN).orTimeout(20, TimeUnit.SECONDS).join();
	}

	/**
	 * Commits, and does not learn of it.
	 */
	@SuppressWarnings("serial")
	private static final class Doubtful extends DataSourceTransactionManager {

		Doubtful(DataSource dataSource) {
			super(dataSource);
		}

		@Override
		protected void doCommit(DefaultTransactionStatus status) {
			super.doCommit(status);
			throw new TransactionSystemException("the connection broke before the answer");
		}

	}

}
