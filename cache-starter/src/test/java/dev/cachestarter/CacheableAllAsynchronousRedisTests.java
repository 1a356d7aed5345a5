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

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.LongStream;

import io.netty.util.concurrent.FastThreadLocalThread;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.cache.annotation.CacheConfig;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.reactive.AbstractReactiveTransactionManager;
import org.springframework.transaction.reactive.GenericReactiveTransaction;
import org.springframework.transaction.reactive.TransactionSynchronizationManager;
import org.springframework.transaction.reactive.TransactionalOperator;
import org.springframework.transaction.support.TransactionTemplate;

import dev.cachestarter.testing.FaultProxy;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Thorough;
import dev.cachestarter.testing.Transactions;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

/**
 * Asynchronous methods for many keys, on a real server.
 */
@WithRedis(local = true)
class CacheableAllAsynchronousRedisTests {

	private static final CacheSettings SETTINGS = CacheSettings.defaults()
		.withTtl(Duration.ofHours(1))
		.withLoadWait(Duration.ofMinutes(2));

	private final RedisServer redis;

	private final List<AutoCloseable> opened = new ArrayList<>();

	private final TestInstance<Agents> instance;

	CacheableAllAsynchronousRedisTests(RedisServer redis) {
		this.redis = redis;
		redis.flushAll();
		Source.reset();
		this.instance = instance(redis.port(), SETTINGS);
	}

	private TestInstance<Agents> instance(int port, CacheSettings settings) {
		TestInstance<Agents> made = TestInstance.of(Agents.class, "127.0.0.1", port, (builder) -> {
			TestInstance.patient(builder);
			builder.defaults(settings);
		});
		this.opened.add(made);
		return made.awaitUp();
	}

	@AfterEach
	void close() throws Exception {
		Source.gate.complete(null);
		for (AutoCloseable each : this.opened) {
			each.close();
		}
	}

	/** The two whose ways differ most, for what is the same behind them. */
	static List<Kind> someKinds() {
		return Thorough.choose(List.of(Kind.FLUX, Kind.FUTURE_MAP), List.of(Kind.values()));
	}

	@ParameterizedTest
	@EnumSource
	void whatIsMissingIsLoadedOnceAndTheRestIsRead(Kind kind) {
		this.instance.service().find(2L);
		await().until(() -> values() == 1);

		List<Agent> found = get(kind.call(this.instance, 3L, 2L, 404L, 3L, 1L));
		List<Agent> again = get(kind.call(this.instance, 3L, 2L, 404L, 3L, 1L));

		assertThat(found).containsExactly(agent(3), agent(2), agent(1)).isEqualTo(again);
		assertThat(Source.loaded).containsExactly(List.of(2L), List.of(3L, 404L, 1L));
		assertThat(this.instance.service().find(404L)).as("cached as a null is").isNull();
		assertThat(Source.loaded).hasSize(2);
	}

	@ParameterizedTest
	@EnumSource
	void whatItReturnsIsThereWhenItIsStored(Kind kind) throws Exception {
		try (FaultProxy proxy = FaultProxy.inFrontOf(this.redis)) {
			TestInstance<Agents> behind = instance(proxy.port(), SETTINGS);
			Source.close();
			CompletableFuture<List<Agent>> call = kind.call(behind, 1L, 2L);
			await().until(() -> Source.loaded.size() == 1);
			proxy.holdBack();
			Source.open();
			await().until(() -> proxy.heldBytes() > 0);

			await().during(Duration.ofMillis(300)).until(() -> !call.isDone());
			proxy.releaseHeld();

			assertThat(get(call)).hasSize(2);
			assertThat(values()).isEqualTo(2);
		}
	}

	@ParameterizedTest
	@MethodSource("someKinds")
	void allKeysAreReadInOneRoundTrip(Kind kind) {
		Long[] ids = LongStream.range(0, 100).boxed().toArray(Long[]::new);
		get(kind.call(this.instance, ids));
		long before = reads();

		assertThat(get(kind.call(this.instance, ids))).hasSize(100);

		assertThat(reads() - before).isEqualTo(1);
		assertThat(Source.loaded).hasSize(1);
	}

	@ParameterizedTest
	@EnumSource(mode = EnumSource.Mode.INCLUDE, names = { "MONO_MAP", "MONO_LIST", "FLUX" })
	void aPublisherReadsWhenItIsSubscribedToAndEachTime(Kind kind) {
		long before = reads();
		Flux<Agent> cold = Flux.from(kind.publisher(this.instance, 1L, 2L));
		assertThat(reads() - before).isZero();
		assertThat(Source.loaded).isEmpty();

		assertThat(cold.collectList().block(Duration.ofSeconds(40))).containsExactly(agent(1), agent(2));
		Source.version.set(2);
		this.instance.service().changed(1L);

		assertThat(cold.collectList().block(Duration.ofSeconds(40))).containsExactly(new Agent(1, 2), agent(2));
		assertThat(Source.loaded).containsExactly(List.of(1L, 2L), List.of(1L));
	}

	@ParameterizedTest
	@MethodSource("someKinds")
	void whatNobodyElseLoadsIsLoadedBeforeOthersAreWaitedFor(Kind kind) {
		TestInstance<Agents> other = instance(this.redis.port(), SETTINGS);
		Source.close();
		CompletableFuture<List<Agent>> first = kind.call(this.instance, 1L, 2L);
		await().until(() -> Source.loaded.size() == 1);

		CompletableFuture<List<Agent>> second = kind.call(other, 2L, 3L);
		CompletableFuture<List<Agent>> third = kind.call(this.instance, 1L, 4L);
		await().until(() -> Source.loaded.size() == 3);
		Source.open();

		assertThat(get(first)).containsExactly(agent(1), agent(2));
		assertThat(get(second)).containsExactly(agent(2), agent(3));
		assertThat(get(third)).containsExactly(agent(1), agent(4));
		assertThat(Source.loaded).containsExactlyInAnyOrder(List.of(1L, 2L), List.of(3L), List.of(4L));
	}

	/** Whoever waited with leases in hand would wait for the two minutes of load-wait. */
	@ParameterizedTest
	@MethodSource("someKinds")
	void callsThatWantEachOthersKeysNeverWaitForEachOther(Kind kind) {
		TestInstance<Agents> other = instance(this.redis.port(), SETTINGS);
		for (long round = 0; round < 30; round++) {
			List<Long> ids = new ArrayList<>(LongStream.range(0, 12).mapToObj((id) -> id * 400 / 13).toList());
			Source.version.set((int) round + 1);
			this.instance.service().allChanged();

			CompletableFuture<List<Agent>> first = kind.call(this.instance, ids.toArray(Long[]::new));
			Collections.reverse(ids);
			CompletableFuture<List<Agent>> second = kind.call(other, ids.toArray(Long[]::new));

			assertThat(get(first)).hasSize(12);
			assertThat(get(second)).hasSize(12);
		}
	}

	@ParameterizedTest
	@EnumSource
	void whatTheMethodFailsWithReachesTheCallerAndLeavesNoLease(Kind kind) {
		Source.failure = new IOException("boom");

		assertThatThrownBy(() -> kind.call(this.instance, 1L, 2L).get(40, TimeUnit.SECONDS))
			.isInstanceOf(ExecutionException.class)
			.cause()
			.isSameAs(Source.failure);

		await().until(() -> this.redis.keys("agents:*").isEmpty());
		Source.failure = null;
		assertThat(this.instance.service().find(1L)).isEqualTo(agent(1));
	}

	@ParameterizedTest
	@EnumSource
	void whatTheMethodThrowsAtOnceIsAFailureToo(Kind kind) {
		Source.thrown = new IllegalStateException("boom");

		assertThatThrownBy(() -> kind.call(this.instance, 1L, 2L).get(40, TimeUnit.SECONDS)).rootCause()
			.isSameAs(Source.thrown);

		await().until(() -> this.redis.keys("agents:*").isEmpty());
	}

	@ParameterizedTest
	@EnumSource
	void whoCancelsGivesTheLeasesBack(Kind kind) {
		TestInstance<Agents> other = instance(this.redis.port(), SETTINGS);
		Source.close();
		CompletableFuture<List<Agent>> call = kind.call(this.instance, 1L, 2L);
		await().until(() -> Source.loaded.size() == 1);

		call.cancel(true);

		await().until(() -> this.redis.keys("agents:*").isEmpty());
		if (kind.isReactive()) {
			await().until(() -> Source.cancelled.get() == 1);
		}
		Source.open();
		assertThat(get(kind.call(other, 1L, 2L))).containsExactly(agent(1), agent(2));
	}

	@ParameterizedTest
	@EnumSource
	void whatOthersWaitForIsLoadedAlthoughItsCallerHasCancelled(Kind kind) {
		Source.close();
		CompletableFuture<List<Agent>> call = kind.call(this.instance, 1L, 2L);
		await().until(() -> Source.loaded.size() == 1);
		CompletableFuture<@Nullable Agent> waiting = new CompletableFuture<>();
		Thread thread = new Thread(() -> waiting.complete(this.instance.service().find(1L)));
		thread.start();
		// For Redis it would wait with a limit.
		await().until(() -> misses() == 3 && thread.getState() == Thread.State.WAITING);

		call.cancel(true);
		Source.open();

		assertThat(waiting.orTimeout(40, TimeUnit.SECONDS).join()).isEqualTo(agent(1));
		assertThat(Source.loaded).containsExactly(List.of(1L, 2L));
		await().until(() -> this.redis.keys("agents:1").size() == 1);
	}

	@ParameterizedTest
	@MethodSource("someKinds")
	void aLeaseThatComesAfterTheCallerHasCancelledIsGivenBack(Kind kind) throws Exception {
		try (FaultProxy proxy = FaultProxy.inFrontOf(this.redis)) {
			TestInstance<Agents> behind = instance(proxy.port(), SETTINGS);
			get(kind.call(behind, 9L));
			Source.loaded.clear();
			proxy.delay(Duration.ofMillis(300));

			CompletableFuture<List<Agent>> call = kind.call(behind, 1L, 2L);
			// On the way: the server has made them, and their caller does not know it
			// yet.
			await().pollInterval(Duration.ofMillis(1)).until(() -> !this.redis.keys("agents:1").isEmpty());
			call.cancel(true);

			await().until(() -> this.redis.keys("agents:*").equals(Set.of("agents:9"))
					|| this.redis.keys("agents:*").size() == 1);
			assertThat(Source.loaded).isEmpty();
		}
	}

	@ParameterizedTest
	@EnumSource
	void whatIsEvictedWhileItIsLoadedIsNotStored(Kind kind) {
		TestInstance<Agents> other = instance(this.redis.port(), SETTINGS);
		Source.close();
		CompletableFuture<List<Agent>> call = kind.call(this.instance, 1L, 2L);
		await().until(() -> Source.loaded.size() == 1);

		Source.version.set(2);
		other.service().changed(1L);
		Source.open();

		assertThat(get(call)).containsExactly(agent(1), agent(2));
		assertThat(get(kind.call(other, 1L, 2L))).containsExactly(new Agent(1, 2), agent(2));
	}

	@ParameterizedTest
	@MethodSource("someKinds")
	void staleValuesServeIfTheyDoForAll(Kind kind) {
		TestInstance<Agents> stale = instance(this.redis.port(),
				SETTINGS.withStaleIfError(Duration.ofHours(1)).withStaleRetry(Duration.ofMillis(1)));
		get(kind.call(stale, 1L, 2L));
		for (String key : List.of("agents:1", "agents:2")) {
			this.redis.cli("SETRANGE", key, "120", "%013d".formatted(System.currentTimeMillis() - 60_000));
		}
		Source.failure = new IOException("boom");

		assertThat(get(kind.call(stale, 1L, 2L))).containsExactly(agent(1), agent(2));
		assertThat(Source.loaded).last().isEqualTo(List.of(1L, 2L));
		int loads = Source.loaded.size();
		assertThatThrownBy(() -> kind.call(stale, 1L, 2L, 3L).get(40, TimeUnit.SECONDS)).cause()
			.isSameAs(Source.failure);
		assertThat(Source.loaded).as("fails at once").hasSize(loads + 1);
	}

	@ParameterizedTest
	@MethodSource("someKinds")
	void whileRedisCannotBeReachedTheMethodIsCalledOnceWithAllKeys(Kind kind) throws Exception {
		try (FaultProxy proxy = FaultProxy.inFrontOf(this.redis)) {
			TestInstance<Agents> behind = instance(proxy.port(), SETTINGS);
			proxy.reset();
			await().atMost(Duration.ofSeconds(60)).until(() -> !behind.engine().link().isUp());

			assertThat(get(kind.call(behind, 1L, 2L, 3L))).hasSize(3);

			assertThat(Source.loaded).containsExactly(List.of(1L, 2L, 3L));
		}
	}

	@ParameterizedTest
	@MethodSource("someKinds")
	void whileRedisDoesNotAnswerNobodyWaitsLongerThanOneCommandMay(Kind kind) throws Exception {
		try (FaultProxy proxy = FaultProxy.inFrontOf(this.redis)) {
			TestInstance<Agents> behind = TestInstance.of(Agents.class, "127.0.0.1", proxy.port(), (builder) -> {
				TestInstance.patient(builder);
				builder.defaults(SETTINGS).commandTimeout(Duration.ofMillis(500));
			});
			this.opened.add(behind);
			behind.awaitUp();
			proxy.blackhole();

			assertThat(get(kind.call(behind, 1L, 2L, 3L))).hasSize(3);

			assertThat(Source.loaded).containsExactly(List.of(1L, 2L, 3L));
		}
	}

	@ParameterizedTest
	@EnumSource
	void noCodeOfTheApplicationsRunsOnAnEventLoop(Kind kind) {
		get(kind.call(this.instance, 1L, 2L));
		this.instance.service().changed(1L);
		get(kind.call(this.instance, 1L, 2L));

		assertThat(Source.threads).isNotEmpty().noneMatch(FastThreadLocalThread.class::isInstance);
		assertThat(Agent.madeOn).isNotEmpty().noneMatch(FastThreadLocalThread.class::isInstance);
	}

	@ParameterizedTest
	@MethodSource("someKinds")
	void aTransactionOfTheThreadBypassesWhatItHasEvictedAndStoresNothingElsewhere(Kind kind) {
		get(kind.call(this.instance, 1L, 2L));
		TransactionTemplate transactions = new TransactionTemplate(new Transactions());

		transactions.executeWithoutResult((status) -> {
			Source.version.set(2);
			this.instance.service().changed(1L);
			assertThat(get(kind.call(this.instance, 1L, 2L, 3L))).containsExactly(new Agent(1, 2), agent(2),
					new Agent(3, 2));
			assertThat(Source.threads).as("the method is in the transaction").last().isSameAs(Thread.currentThread());
			assertThat(values()).as("nothing uncommitted").isEqualTo(2);
			status.setRollbackOnly();
		});
		Source.version.set(1);

		assertThat(get(kind.call(this.instance, 1L, 2L, 3L))).containsExactly(agent(1), agent(2), agent(3));
	}

	@ParameterizedTest
	@EnumSource(mode = EnumSource.Mode.INCLUDE, names = { "MONO_MAP", "MONO_LIST", "FLUX" })
	void whatAReactiveTransactionLoadsIsSharedWithNobodyAndNotStored(Kind kind) {
		TransactionalOperator transactional = TransactionalOperator.create(new ReactiveTransactions());
		Source.close();
		Source.version.set(2);
		CompletableFuture<List<Agent>> inside = Flux.from(kind.publisher(this.instance, 1L, 2L))
			.as(transactional::transactional)
			.collectList()
			.toFuture();
		await().until(() -> Source.loaded.size() == 1);
		Source.version.set(1);
		CompletableFuture<List<Agent>> outside = kind.call(this.instance, 2L, 1L);
		await().until(() -> Source.loaded.size() == 2);
		Source.open();

		assertThat(get(inside)).containsExactly(new Agent(1, 2), new Agent(2, 2));
		assertThat(get(outside)).containsExactly(agent(2), agent(1));
		assertThat(get(kind.call(this.instance, 1L, 2L))).containsExactly(agent(1), agent(2));
	}

	@ParameterizedTest
	@EnumSource(mode = EnumSource.Mode.INCLUDE, names = { "MONO_MAP", "MONO_LIST", "FLUX" })
	void aReactiveTransactionWaitsForNobody(Kind kind) {
		TransactionalOperator transactional = TransactionalOperator.create(new ReactiveTransactions());
		Source.close();
		CompletableFuture<List<Agent>> outside = kind.call(this.instance, 1L, 2L);
		await().until(() -> Source.loaded.size() == 1);

		CompletableFuture<List<Agent>> inside = Flux.from(kind.publisher(this.instance, 2L, 3L))
			.as(transactional::transactional)
			.collectList()
			.toFuture();
		await().until(() -> Source.loaded.size() == 2);
		Source.open();

		assertThat(get(inside)).containsExactly(agent(2), agent(3));
		assertThat(get(outside)).hasSize(2);
		assertThat(Source.loaded).containsExactly(List.of(1L, 2L), List.of(2L, 3L));
	}

	@ParameterizedTest
	@EnumSource(mode = EnumSource.Mode.INCLUDE, names = { "MONO_MAP", "MONO_LIST", "FLUX" })
	void theMethodSeesTheContextOfItsSubscriber(Kind kind) {
		Flux.from(kind.publisher(this.instance, 1L))
			.contextWrite((context) -> context.put("tenant", "acme"))
			.blockLast(Duration.ofSeconds(40));

		assertThat(Source.tenants).containsExactly("acme");
	}

	@ParameterizedTest
	@MethodSource("someKinds")
	void aMethodThatAsksForItsOwnKeysDoesNotWaitForItself(Kind kind) {
		AtomicReference<@Nullable CompletableFuture<List<Agent>>> inner = new AtomicReference<>();
		Source.within = () -> {
			Source.within = null;
			CompletableFuture<List<Agent>> own = kind.call(this.instance, 1L, 2L);
			inner.set(own);
			return own;
		};

		assertThat(get(kind.call(this.instance, 1L, 2L))).hasSize(2);

		assertThat(get(Objects.requireNonNull(inner.get()))).hasSize(2);
		assertThat(Source.loaded).hasSize(2);
	}

	@ParameterizedTest
	@MethodSource("someKinds")
	void noMethodWaitsForAnyThatIsRunForIt(Kind kind) {
		Source.within = () -> {
			Source.within = () -> {
				Source.within = null;
				return kind.call(this.instance, 2L);
			};
			return kind.call(this.instance, 3L);
		};

		assertThat(get(kind.call(this.instance, 1L, 2L))).hasSize(2);

		assertThat(Source.loaded).containsExactly(List.of(1L, 2L), List.of(3L), List.of(2L));
	}

	@Test
	void whereTheConditionIsFalseTheMethodIsCalledAsItIs() {
		Source.close();
		AtomicInteger items = new AtomicInteger();
		CompletableFuture<@Nullable Agent> last = this.instance.service()
			.fluxIf(List.of(1L, 1L, 2L), false)
			.doOnNext((agent) -> items.incrementAndGet())
			.last()
			.toFuture();

		// Nothing is collected, nothing is taken out, and nothing stored.
		await().until(() -> items.get() == 2);
		Source.open();
		assertThat(last.orTimeout(40, TimeUnit.SECONDS).join()).isEqualTo(agent(2));
		assertThat(this.redis.keys("agents:*")).isEmpty();
		assertThat(this.instance.service().fluxIf(List.of(1L, 1L, 2L), true).collectList().block()).hasSize(2);
		assertThat(values()).isEqualTo(2);
	}

	@Test
	void unlessAndTtlAreOfEachValue() {
		this.instance.service().monoTtl(List.of(1L, 2L, 3L)).block(Duration.ofSeconds(40));

		assertThat(pttl("agents:1")).isBetween(8 * 60_000L, 10 * 60_000L);
		assertThat(pttl("agents:2")).isBetween(17 * 60_000L, 20 * 60_000L);
		assertThat(values()).isEqualTo(2);
	}

	@Test
	void whatReturnsNothingAtAllSaysSo() {
		assertThatThrownBy(() -> this.instance.service().empty(List.of(1L)).block(Duration.ofSeconds(40)))
			.isInstanceOf(IllegalStateException.class)
			.hasMessageContaining("has returned null");
		assertThatThrownBy(() -> this.instance.service().noFuture(List.of(1L)).get(40, TimeUnit.SECONDS))
			.hasStackTraceContaining("Returned CompletableFuture must not be null");
		await().until(() -> this.redis.keys("agents:*").isEmpty());
	}

	@Test
	void aBlockingMethodRunsOnTheThreadOfItsCaller() {
		this.instance.service().blocking(List.of(1L, 2L));

		assertThat(Source.threads).containsExactly(Thread.currentThread());
	}

	/** The method finds the interrupt as well, and may be the one that heeds it. */
	@Test
	void aBlockingCallerThatIsInterruptedLoadsForItselfOnItsOwnThread() throws Exception {
		Source.close();
		CompletableFuture<List<Agent>> other = Kind.FUTURE_MAP.call(this.instance, 1L, 2L);
		await().until(() -> Source.loaded.size() == 1);
		CompletableFuture<Map<Long, Agent>> result = new CompletableFuture<>();
		AtomicReference<@Nullable Boolean> interrupted = new AtomicReference<>();
		Thread thread = new Thread(() -> {
			result.complete(this.instance.service().blocking(List.of(2L, 1L)));
			interrupted.set(Thread.currentThread().isInterrupted());
		});
		thread.start();
		await().until(() -> misses() == 4);

		thread.interrupt();

		assertThat(result.get(40, TimeUnit.SECONDS)).hasSize(2);
		thread.join(40_000);
		assertThat(interrupted.get()).isTrue();
		assertThat(Source.threads).contains(thread);
		Source.open();
		assertThat(get(other)).hasSize(2);
	}

	private static <T> T get(CompletableFuture<T> call) {
		return call.orTimeout(40, TimeUnit.SECONDS).join();
	}

	private static Agent agent(long id) {
		return new Agent(id, 1);
	}

	private long misses() {
		return this.instance.counters("agents").misses();
	}

	/** How many values there are, leases apart. */
	private long values() {
		return this.redis.keys("agents:*").stream().filter((key) -> pttl(key) > 2500).count();
	}

	private long pttl(String key) {
		return Long.parseLong(String.valueOf(this.redis.cli("PTTL", key)));
	}

	private long reads() {
		return String.valueOf(this.redis.cli("INFO", "commandstats"))
			.lines()
			.filter((line) -> line.matches("cmdstat_(mget|get):.*"))
			.mapToLong((line) -> Long.parseLong(line.replaceAll(".*:calls=(\\d+),.*", "$1")))
			.sum();
	}

	/** A way to ask for many keys. */
	enum Kind {

		MONO_MAP {
			@Override
			CompletableFuture<List<Agent>> call(TestInstance<Agents> instance, Long... ids) {
				return linked(instance.service().monoMap(List.of(ids)).toFuture(),
						(map) -> new ArrayList<>(map.values()));
			}

			@Override
			Publisher<Agent> publisher(TestInstance<Agents> instance, Long... ids) {
				return instance.service().monoMap(List.of(ids)).flatMapMany((map) -> Flux.fromIterable(map.values()));
			}
		},

		MONO_LIST {
			@Override
			CompletableFuture<List<Agent>> call(TestInstance<Agents> instance, Long... ids) {
				return instance.service().monoList(List.of(ids)).toFuture();
			}

			@Override
			Publisher<Agent> publisher(TestInstance<Agents> instance, Long... ids) {
				return instance.service().monoList(List.of(ids)).flatMapMany(Flux::fromIterable);
			}
		},

		FLUX {
			@Override
			CompletableFuture<List<Agent>> call(TestInstance<Agents> instance, Long... ids) {
				return instance.service().flux(List.of(ids)).collectList().toFuture();
			}

			@Override
			Publisher<Agent> publisher(TestInstance<Agents> instance, Long... ids) {
				return instance.service().flux(List.of(ids));
			}
		},

		FUTURE_MAP {
			@Override
			CompletableFuture<List<Agent>> call(TestInstance<Agents> instance, Long... ids) {
				return linked(instance.service().futureMap(List.of(ids)), (map) -> new ArrayList<>(map.values()));
			}
		},

		STAGE_LIST {
			@Override
			CompletableFuture<List<Agent>> call(TestInstance<Agents> instance, Long... ids) {
				return instance.service().stageList(List.of(ids)).toCompletableFuture();
			}
		};

		abstract CompletableFuture<List<Agent>> call(TestInstance<Agents> instance, Long... ids);

		Publisher<Agent> publisher(TestInstance<Agents> instance, Long... ids) {
			throw new UnsupportedOperationException();
		}

		boolean isReactive() {
			return ordinal() < FUTURE_MAP.ordinal();
		}

		/** Whoever cancels the one cancels the other. */
		private static <T, R> CompletableFuture<R> linked(CompletableFuture<T> source,
				java.util.function.Function<T, R> mapping) {
			CompletableFuture<R> result = new CompletableFuture<>();
			source.whenComplete((value, ex) -> {
				if (ex != null) {
					result.completeExceptionally(ex);
				}
				else {
					result.complete(mapping.apply(value));
				}
			});
			result.whenComplete((value, ex) -> {
				if (result.isCancelled()) {
					source.cancel(true);
				}
			});
			return result;
		}

	}

	record Agent(long id, int version) {

		static final List<Thread> madeOn = new CopyOnWriteArrayList<>();

		Agent {
			madeOn.add(Thread.currentThread());
		}

	}

	/** What the methods read. */
	static final class Source {

		static final List<List<Long>> loaded = new CopyOnWriteArrayList<>();

		static final List<Thread> threads = new CopyOnWriteArrayList<>();

		static final List<Object> tenants = new CopyOnWriteArrayList<>();

		static final AtomicReference<Integer> version = new AtomicReference<>(1);

		static final AtomicInteger cancelled = new AtomicInteger();

		static volatile CompletableFuture<@Nullable Void> gate = CompletableFuture.completedFuture(null);

		static volatile @Nullable Throwable failure;

		static volatile @Nullable RuntimeException thrown;

		static volatile java.util.function.@Nullable Supplier<CompletableFuture<List<Agent>>> within;

		static void reset() {
			loaded.clear();
			threads.clear();
			tenants.clear();
			Agent.madeOn.clear();
			version.set(1);
			cancelled.set(0);
			gate = CompletableFuture.completedFuture(null);
			failure = null;
			thrown = null;
			within = null;
		}

		static void close() {
			gate = new CompletableFuture<>();
		}

		static void open() {
			gate.complete(null);
		}

		static Map<Long, Agent> begin(Collection<Long> ids) {
			RuntimeException now = thrown;
			if (now != null) {
				throw now;
			}
			loaded.add(List.copyOf(ids));
			threads.add(Thread.currentThread());
			int read = version.get();
			Map<Long, Agent> found = new LinkedHashMap<>();
			ids.stream().filter((id) -> id < 404).sorted().forEach((id) -> found.put(id, new Agent(id, read)));
			return found;
		}

		static CompletableFuture<Map<Long, Agent>> future(Collection<Long> ids) {
			Map<Long, Agent> found = begin(ids);
			java.util.function.Supplier<CompletableFuture<List<Agent>>> inner = within;
			CompletableFuture<?> before = (inner != null) ? inner.get() : gate;
			CompletableFuture<Map<Long, Agent>> result = new CompletableFuture<>();
			before.whenCompleteAsync((done, ex) -> {
				Throwable failing = failure;
				if (failing != null) {
					result.completeExceptionally(failing);
				}
				else {
					result.complete(found);
				}
			});
			return result;
		}

		static Mono<Map<Long, Agent>> mono(Collection<Long> ids) {
			RuntimeException now = thrown;
			if (now != null) {
				throw now;
			}
			return Mono.deferContextual((context) -> {
				context.<Object>getOrEmpty("tenant").ifPresent(tenants::add);
				return Mono.fromFuture(future(ids));
			}).doOnCancel(cancelled::incrementAndGet);
		}

	}

	@CacheConfig(cacheNames = "agents")
	static class Agents {

		@Cacheable
		public @Nullable Agent find(long id) {
			return Source.begin(List.of(id)).get(id);
		}

		@CacheEvict
		public void changed(long id) {
		}

		@CacheEvict(allEntries = true)
		public void allChanged() {
		}

		@CacheableAll
		public Map<Long, Agent> blocking(Collection<Long> ids) {
			return Source.begin(ids);
		}

		@CacheableAll
		public Mono<Map<Long, Agent>> monoMap(Collection<Long> ids) {
			return Source.mono(ids);
		}

		@CacheableAll(key = "#{#element.id}")
		public Mono<List<Agent>> monoList(List<Long> ids) {
			return Source.mono(ids).map((map) -> List.copyOf(map.values()));
		}

		@CacheableAll(key = "#{#element.id}")
		public Flux<Agent> flux(List<Long> ids) {
			return Source.mono(ids).flatMapMany((map) -> Flux.fromIterable(map.values()));
		}

		@CacheableAll
		public CompletableFuture<Map<Long, Agent>> futureMap(Collection<Long> ids) {
			return Source.future(ids);
		}

		@CacheableAll(key = "#{#element.id}")
		public CompletionStage<List<Agent>> stageList(Collection<Long> ids) {
			return Source.future(ids).thenApply((map) -> List.copyOf(map.values()));
		}

		@CacheableAll(key = "#{#element.id}", condition = "#cached")
		public Flux<Agent> fluxIf(List<Long> ids, boolean cached) {
			return Flux.fromIterable(ids)
				.map((id) -> new Agent(id, 1))
				.concatMap((agent) -> (agent.id() == 2) ? Mono.fromFuture(Source.gate.copy()).thenReturn(agent)
						: Mono.just(agent));
		}

		@CacheTtl("#{#result.id * 10}m")
		@CacheableAll(unless = "#result?.id == 3")
		public Mono<Map<Long, Agent>> monoTtl(Collection<Long> ids) {
			return Source.mono(ids);
		}

		@CacheableAll
		public Mono<Map<Long, Agent>> empty(Collection<Long> ids) {
			return Mono.empty();
		}

		@CacheableAll
		@SuppressWarnings("NullAway")
		public CompletableFuture<Map<Long, Agent>> noFuture(Collection<Long> ids) {
			return null;
		}

	}

	@SuppressWarnings("serial")
	private static final class ReactiveTransactions extends AbstractReactiveTransactionManager {

		@Override
		protected Object doGetTransaction(TransactionSynchronizationManager synchronizationManager) {
			return new Object();
		}

		@Override
		protected Mono<Void> doBegin(TransactionSynchronizationManager synchronizationManager, Object transaction,
				TransactionDefinition definition) {
			return Mono.empty();
		}

		@Override
		protected Mono<Void> doCommit(TransactionSynchronizationManager synchronizationManager,
				GenericReactiveTransaction status) {
			return Mono.empty();
		}

		@Override
		protected Mono<Void> doRollback(TransactionSynchronizationManager synchronizationManager,
				GenericReactiveTransaction status) {
			return Mono.empty();
		}

	}

}
