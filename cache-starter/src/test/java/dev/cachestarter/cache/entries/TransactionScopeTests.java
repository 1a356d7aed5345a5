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

package dev.cachestarter.cache.entries;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionSynchronizationUtils;

import dev.cachestarter.Interleavings;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.cache.entries.TransactionScope.Afterwards;
import dev.cachestarter.cache.entries.TransactionScope.Loaded;
import dev.cachestarter.engine.entry.Target;
import dev.cachestarter.engine.key.CacheKeys;
import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.engine.key.LogKeys;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.value.ValueCodecs;
import dev.cachestarter.testing.Threads;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What a transaction does to caches, with Spring's synchronizations driven by hand.
 */
class TransactionScopeTests {

	/** Never started. */
	private final Engine engine = new Engine(new LettuceConnectionFactory("localhost", 1),
			new Engine.Settings(Interleavings.PATIENT, "", 100, false, LogKeys.FULL), new CacheKeys(null).renderer(),
			new ValueCodecs(ResilientRedisCacheManager.jsonMapperBuilder().build()), Engine.Hooks.NONE);

	private final List<String> log = new ArrayList<>();

	@BeforeEach
	void begin() {
		this.engine.layout().register("prices");
		this.engine.layout().register("pages");
		beginHere();
	}

	@AfterEach
	void end() {
		if (TransactionSynchronizationManager.isSynchronizationActive()) {
			complete(TransactionSynchronization.STATUS_ROLLED_BACK);
		}
		assertThat(TransactionSynchronizationManager.getResourceMap()).isEmpty();
		this.engine.close();
	}

	@Test
	void thereIsAScopeInReadWriteTransactionsOnly() {
		assertThat(TransactionScope.current(this.engine)).isSameAs(scope());

		TransactionSynchronizationManager.setCurrentTransactionReadOnly(true);
		assertThat(TransactionScope.current(this.engine)).isNull();
		TransactionSynchronizationManager.setCurrentTransactionReadOnly(false);
		TransactionSynchronizationManager.setActualTransactionActive(false);
		assertThat(TransactionScope.current(this.engine)).isNull();
	}

	@Test
	void whatIsEvictedIsBypassed() {
		scope().bypass(new Target.Key(price("a")));
		scope().bypass(new Target.Group("pages", "org-1"));
		scope().bypass(new Target.Glob("pages", KeyPattern.of("*:last")));

		assertThat(scope().bypasses(price("a"))).isTrue();
		assertThat(scope().bypasses(price("b"))).isFalse();
		assertThat(scope().bypasses(page("org-1:7"))).isTrue();
		assertThat(scope().bypasses(page("org-2:7"))).isFalse();
		assertThat(scope().bypasses(page("org-2:last"))).isTrue();
		scope().bypass(new Target.Whole("prices"));
		assertThat(scope().bypasses(price("b"))).isTrue();
	}

	@Test
	void ofSeveralActionsForAKeyTheLastOneCounts() {
		scope().afterwards(price("a"), logging("fill a"));
		scope().instead(new Target.Key(price("a")), logging("put a"));
		scope().instead(new Target.Key(price("b")), logging("put b"));
		scope().instead(new Target.Key(price("a")), logging("evict a"));
		scope().instead(new Target.Key(price("a")), logging("put a again"));

		assertThat(this.log).as("what was to be done is given up at once")
			.containsExactly("fill a: 1", "put a: 1", "evict a: 1");
		this.log.clear();
		complete(TransactionSynchronization.STATUS_COMMITTED);

		assertThat(this.log).containsExactly("put b: 0", "put a again: 0", "put b waits", "put a again waits");
	}

	@Test
	void whatIsDoneBesidesTakesThePlaceOfNothing() {
		scope().instead(new Target.Key(price("a")), logging("evict a"));
		scope().afterwards(price("a"), logging("put a if absent"));
		scope().afterwards(null, logging("something"));

		complete(TransactionSynchronization.STATUS_COMMITTED);

		assertThat(this.log).startsWith("evict a: 0", "put a if absent: 0", "something: 0");
	}

	@Test
	void evictionsOfMoreThanAKeyKeepTheirPlaceAndAreWaitedForByPutsBehindThem() {
		scope().instead(new Target.Key(page("org-1:1")), logging("put 1"));
		scope().instead(new Target.Key(page("org-1:2")), logging("put 2"));
		scope().instead(new Target.Group("pages", "org-1"), logging("evict org-1"));
		scope().instead(new Target.Key(page("org-1:1")), logging("put 1 again"));
		scope().instead(new Target.Key(page("org-2:1")), logging("put other"));
		this.log.clear();

		complete(TransactionSynchronization.STATUS_COMMITTED);

		assertThat(this.log).containsExactly("put 2: 0", "evict org-1: 0", "put 2 waits", "evict org-1 waits",
				"put 1 again: 0", "put other: 0", "put 1 again waits", "put other waits");
	}

	@Test
	void aFailureOfWhateverKindLosesNoOtherAction() {
		scope().instead(new Target.Key(price("a")), (status, deadline) -> {
			throw new NoClassDefFoundError("x");
		});
		scope().instead(new Target.Key(price("b")), (status, deadline) -> () -> {
			throw new StackOverflowError();
		});
		scope().instead(new Target.Key(price("c")), logging("evict c"));

		complete(TransactionSynchronization.STATUS_COMMITTED);

		assertThat(this.log).containsExactly("evict c: 0", "evict c waits");
	}

	@Test
	void aFailureOfWhatIsGivenUpConcernsNobody() {
		scope().instead(new Target.Key(price("a")), (status, deadline) -> {
			throw new NoClassDefFoundError("x");
		});

		scope().instead(new Target.Key(price("a")), logging("evict a"));
		complete(TransactionSynchronization.STATUS_COMMITTED);

		assertThat(this.log).startsWith("evict a: 0");
	}

	@Test
	void whatIsLoadedIsRememberedForItsTypeUntilTheEnd() {
		assertThat(scope().loaded(price("a"), "mark")).isNull();

		scope().remember(price("a"), "mark", 1, 0);
		scope().remember(price("a"), "another mark", "one", 0);
		scope().remember(price("b"), "mark", null, 0);

		assertThat(scope().loaded(price("a"), "mark")).isEqualTo(new Loaded(1, 0));
		assertThat(scope().loaded(price("a"), "another mark")).isEqualTo(new Loaded("one", 0));
		assertThat(scope().loaded(price("a"), "a third")).isNull();
		assertThat(scope().loaded(price("b"), "mark")).isEqualTo(new Loaded(null, 0));
		TransactionScope scope = scope();
		complete(TransactionSynchronization.STATUS_COMMITTED);
		assertThat(scope.loaded(price("a"), "mark")).isNull();
	}

	@Test
	void whatIsEvictedIsForgottenAndNotRememberedAgain() {
		scope().remember(price("a"), "mark", 1, 0);
		scope().remember(price("b"), "mark", 1, 0);
		scope().remember(page("org-1:1"), "mark", 1, 0);
		scope().remember(page("org-2:1"), "mark", 1, 0);

		scope().instead(new Target.Key(price("a")), logging("put a"));
		scope().bypass(new Target.Group("pages", "org-1"));
		scope().remember(price("a"), "mark", 2, 0);

		assertThat(scope().loaded(price("a"), "mark")).isNull();
		assertThat(scope().loaded(price("b"), "mark")).isNotNull();
		assertThat(scope().loaded(page("org-1:1"), "mark")).isNull();
		assertThat(scope().loaded(page("org-2:1"), "mark")).isNotNull();
	}

	@Test
	void aRollbackToASavepointForgetsWhatWasLoadedAndDoubtsWhatWasPut() {
		scope().remember(price("a"), "mark", 1, 0);
		scope().instead(new Target.Key(price("b")), logging("put b"));
		scope().instead(new Target.Key(price("c")), logging("put c"));

		scope().savepointRollback(new Object());
		scope().instead(new Target.Key(price("c")), logging("put c again"));
		scope().instead(new Target.Key(price("d")), logging("put d"));

		assertThat(scope().loaded(price("a"), "mark")).isNull();
		assertThat(scope().bypasses(price("b"))).isTrue();
		this.log.clear();
		complete(TransactionSynchronization.STATUS_COMMITTED);
		assertThat(this.log).startsWith("put b: 2", "put c again: 0", "put d: 0");
	}

	@Test
	void aRollbackIsToldToAll() {
		scope().instead(new Target.Key(price("a")), logging("evict a"));

		complete(TransactionSynchronization.STATUS_ROLLED_BACK);

		assertThat(this.log).startsWith("evict a: 1");
	}

	@Test
	void whatIsDoneAfterTheCommitIsOutsideOfTheTransaction() {
		TransactionScope scope = scope();

		TransactionSynchronizationUtils.triggerAfterCommit();

		assertThat(TransactionSynchronizationManager.isSynchronizationActive()).isTrue();
		assertThat(TransactionScope.current(this.engine)).isNull();
		assertThat(TransactionSynchronizationManager.getSynchronizations()).contains(scope);
	}

	@Test
	void theNextTransactionOfAThreadIsItsOwnEvenIfAnotherThreadIsToldOfTheEndOfTheFirst() {
		TransactionScope first = scope();
		first.instead(new Target.Key(price("a")), logging("of the first"));
		List<TransactionSynchronization> ofTheFirst = endAsJtaDoes();

		beginHere();
		TransactionScope second = scope();
		second.instead(new Target.Key(price("b")), logging("of the second"));

		assertThat(second).isNotSameAs(first);
		assertThat(second.bypasses(price("a"))).isFalse();
		inAnotherThread(() -> tellOfTheCommit(ofTheFirst));
		assertThat(this.log).containsExactly("of the first: 0", "of the first waits");
		assertThat(scope()).as("the end of the first does not touch the second").isSameAs(second);
		complete(TransactionSynchronization.STATUS_COMMITTED);
		assertThat(this.log).endsWith("of the second: 0", "of the second waits");
	}

	@Test
	void aTransactionWhoseEndWasToldToAnotherThreadIsOver() {
		TransactionScope first = scope();
		List<TransactionSynchronization> ofTheFirst = endAsJtaDoes();
		inAnotherThread(() -> tellOfTheCommit(ofTheFirst));

		beginHere();

		assertThat(scope()).isNotSameAs(first);
	}

	@Test
	void whoeverIsToldOfTheEndOfAnothersTransactionKeepsItsOwn() {
		scope();
		List<TransactionSynchronization> ofTheFirst = endAsJtaDoes();
		TransactionSynchronizationManager.unbindResource(this.engine);

		inAnotherThread(() -> {
			beginHere();
			TransactionScope own = scope();
			own.bypass(new Target.Key(price("a")));
			tellOfTheCommit(ofTheFirst);
			assertThat(scope()).isSameAs(own);
			complete(TransactionSynchronization.STATUS_ROLLED_BACK);
			assertThat(TransactionSynchronizationManager.getResourceMap()).isEmpty();
		});
	}

	private TransactionScope scope() {
		return Objects.requireNonNull(TransactionScope.current(this.engine));
	}

	private Afterwards logging(String what) {
		return (status, deadline) -> {
			this.log.add(what + ": " + status);
			return () -> this.log.add(what + " waits");
		};
	}

	private StoredKey price(String key) {
		return this.engine.layout().key("prices", key);
	}

	private StoredKey page(String key) {
		return this.engine.layout().key("pages", key);
	}

	private static void beginHere() {
		TransactionSynchronizationManager.initSynchronization();
		TransactionSynchronizationManager.setActualTransactionActive(true);
	}

	/** As Spring does where it ends the transaction itself. */
	private static void complete(int status) {
		if (status == TransactionSynchronization.STATUS_COMMITTED) {
			TransactionSynchronizationUtils.triggerAfterCommit();
		}
		List<TransactionSynchronization> all = TransactionSynchronizationManager.getSynchronizations();
		TransactionSynchronizationManager.clear();
		TransactionSynchronizationUtils.invokeAfterCompletion(all, status);
	}

	/** As Spring does where the transaction ends later. */
	private static List<TransactionSynchronization> endAsJtaDoes() {
		List<TransactionSynchronization> all = TransactionSynchronizationManager.getSynchronizations();
		TransactionSynchronizationManager.clear();
		return all;
	}

	private static void tellOfTheCommit(List<TransactionSynchronization> all) {
		TransactionSynchronizationUtils.invokeAfterCommit(all);
		TransactionSynchronizationUtils.invokeAfterCompletion(all, TransactionSynchronization.STATUS_COMMITTED);
	}

	private static void inAnotherThread(Runnable action) {
		CompletableFuture<@Nullable Void> done = CompletableFuture.runAsync(action, Threads.OWN);
		done.join();
	}

}
