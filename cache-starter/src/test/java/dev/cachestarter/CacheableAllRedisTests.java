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
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.cache.annotation.CacheConfig;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.transaction.support.TransactionTemplate;

import dev.cachestarter.testing.FaultProxy;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Transactions;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

/**
 * Methods for many keys, on a real server.
 */
@WithRedis(local = true)
class CacheableAllRedisTests {

	private static final CacheSettings SETTINGS = CacheSettings.defaults()
		.withTtl(Duration.ofHours(1))
		.withLoadWait(Duration.ofMinutes(1));

	private final RedisServer redis;

	private final List<TestInstance<?>> instances = new ArrayList<>();

	private final TestInstance<Agents> instance;

	private final Agents agents;

	CacheableAllRedisTests(RedisServer redis) {
		this.redis = redis;
		redis.flushAll();
		Agents.LOADED.clear();
		Agents.source.set(1);
		Agents.begun = () -> {
		};
		this.instance = instance(redis.port());
		this.agents = this.instance.service();
	}

	private TestInstance<Agents> instance(int port) {
		TestInstance<Agents> made = TestInstance.of(Agents.class, "127.0.0.1", port, (builder) -> {
			TestInstance.patient(builder);
			builder.defaults(SETTINGS).cache("brief", SETTINGS.withNullTtl(Duration.ZERO));
		});
		this.instances.add(made);
		return made.awaitUp();
	}

	@AfterEach
	void close() {
		this.instances.forEach(TestInstance::close);
	}

	@Test
	void theMethodLoadsWhatIsMissingAndEntriesAreThoseOfTheSingleMethod() {
		Agent two = this.agents.find(2L);
		stored(1);

		Map<Long, Agent> found = this.agents.findAll(List.of(3L, 2L, 1L));
		stored(3);

		assertThat(found).containsExactly(Map.entry(3L, agent(3)), Map.entry(2L, Objects.requireNonNull(two)),
				Map.entry(1L, agent(1)));
		assertThat(Agents.LOADED).containsExactly(List.of(2L), List.of(3L, 1L));
		assertThat(this.redis.keys("agents:*")).containsExactlyInAnyOrder("agents:1", "agents:2", "agents:3");
		assertThat(this.agents.find(1L)).isEqualTo(agent(1));
		assertThat(this.agents.list(Set.of(1L, 2L, 3L))).containsExactlyInAnyOrder(agent(1), agent(2), agent(3));
		assertThat(this.agents.findAll(List.of(1L, 2L, 3L))).hasSize(3);
		assertThat(Agents.LOADED).as("all of it is there").hasSize(2);
	}

	@Test
	void allKeysAreReadInOneRoundTrip() {
		this.agents.findAll(List.of(1L, 2L, 3L, 4L, 5L));
		stored(5);
		long before = reads();

		this.agents.findAll(List.of(1L, 2L, 3L, 4L, 5L));

		assertThat(reads() - before).isEqualTo(1);
	}

	@Test
	void aListHasTheOrderOfTheKeysAndEachOnceHitOrMiss() {
		List<Long> ids = List.of(5L, 3L, 404L, 5L, 1L);

		List<Agent> missed = this.agents.listReversed(ids);
		stored(4);
		List<Agent> hit = this.agents.listReversed(ids);

		assertThat(missed).containsExactly(agent(5), agent(3), agent(1)).isEqualTo(hit);
		assertThat(Agents.LOADED).containsExactly(List.of(5L, 3L, 404L, 1L));
	}

	@Test
	void whoTakesASetIsGivenOne() {
		assertThat(this.agents.list(Set.of(7L))).containsExactly(agent(7));
	}

	@Test
	void whatIsNotFoundIsCachedAsANullIs() {
		assertThat(this.agents.findAll(List.of(1L, 404L, 405L))).containsOnlyKeys(1L);
		stored(3);

		assertThat(this.agents.find(404L)).isNull();
		assertThat(this.agents.list(Set.of(405L))).isEmpty();
		assertThat(Agents.LOADED).hasSize(1);
	}

	@Test
	void whereNullsAreNotCachedItIsLookedForAgain() {
		this.agents.brief(List.of(1L, 404L));
		await().until(
				() -> this.redis.keys("brief:*").equals(List.of("brief:1")) || this.redis.keys("brief:*").size() == 1);
		this.agents.brief(List.of(1L, 404L));

		assertThat(Agents.LOADED).containsExactly(List.of(1L, 404L), List.of(404L));
	}

	@Test
	void otherArgumentsArePartsOfTheKey() {
		this.agents.findAllOf("acme", List.of(1L, 2L), true);
		await().until(() -> this.redis.keys("tenants:*").size() == 2);

		assertThat(this.redis.keys("tenants:*")).containsExactlyInAnyOrder("tenants:acme:1:true",
				"tenants:acme:2:true");
		assertThat(this.agents.findOf("acme", 2L, true)).isEqualTo(agent(2));
		assertThat(Agents.LOADED).hasSize(1);
		this.agents.findAllOf("other", List.of(1L), true);
		assertThat(Agents.LOADED).hasSize(2);
	}

	@Test
	void withoutKeysTheMethodIsNotCalledAndWithoutACollectionItIs() {
		assertThat(this.agents.findAll(List.of())).isEmpty();
		assertThat(Agents.LOADED).isEmpty();
		assertThatThrownBy(() -> this.agents.findAll(null)).isInstanceOf(NullPointerException.class)
			.hasMessage("of the method");
	}

	@Test
	void keysAreComparedAsEntriesAre() {
		Map<?, Agent> found = this.agents.ofIntegers(List.of(1L, 2L));
		assertThat(found.equals(Map.of(1L, agent(1), 2L, agent(2)))).as(found.toString()).isTrue();
		stored(2);
		assertThat(this.agents.find(2L)).isEqualTo(agent(2));
		assertThat(this.agents.mixed(List.of(1L, "1", 1, "2"))).as("the first of each").containsOnlyKeys(1L, "2");
	}

	@Test
	void whatHasOtherKeysThanThoseGivenIsNoAnswer() {
		assertThatIllegalStateException().isThrownBy(() -> this.agents.byName(List.of(1L, 2L)))
			.withMessageContaining("Of the 2 values that '")
			.withMessageContaining("none has a key that it was given");
		assertThatIllegalStateException().isThrownBy(() -> this.agents.nothing(List.of(1L)))
			.withMessageContaining("has returned null");
		assertThat(this.agents.find(1L)).as("nothing was stored, and nobody has the lease").isEqualTo(agent(1));
	}

	@Test
	void whatTheMethodThrowsReachesTheCallerUnchangedAndLeavesNothing() throws Exception {
		assertThatExceptionOfType(IOException.class).isThrownBy(() -> this.agents.failing(List.of(1L, 2L)))
			.withMessage("boom")
			.withNoCause();

		CompletableFuture<@Nullable Agent> next = CompletableFuture.supplyAsync(() -> this.agents.find(1L));
		assertThat(next.get(40, TimeUnit.SECONDS)).isEqualTo(agent(1));
	}

	@Test
	void theConditionIsOfTheCallAndUnlessOfEachValue() {
		this.agents.conditional(List.of(1L, 2L), false);
		this.agents.conditional(List.of(1L, 2L), false);
		assertThat(Agents.LOADED).containsExactly(List.of(1L, 2L), List.of(1L, 2L));
		assertThat(this.redis.keys("agents:*")).isEmpty();

		assertThat(this.agents.unless(List.of(1L, 2L, 3L, 404L))).hasSize(3);
		stored(3);
		assertThat(pttl("agents:2")).as("a trace at most").isLessThan(2500);
		assertThat(this.agents.unless(List.of(1L, 2L, 3L, 404L))).hasSize(3);
		assertThat(Agents.LOADED).last().isEqualTo(List.of(2L));
	}

	@Test
	void aTtlIsThatOfEachValue() {
		this.agents.withTtl(List.of(1L, 2L));

		assertThat(ttl("agents:1")).isBetween(Duration.ofMinutes(8), Duration.ofMinutes(10));
		assertThat(ttl("agents:2")).isBetween(Duration.ofMinutes(17), Duration.ofMinutes(20));
	}

	@Test
	void inAnOutageTheMethodIsCalledOnceWithAllKeys() throws Exception {
		this.agents.findAll(List.of(1L, 2L));
		stored(2);
		try (FaultProxy proxy = FaultProxy.inFrontOf(this.redis)) {
			TestInstance<Agents> behind = instance(proxy.port());
			proxy.reset();
			await().atMost(Duration.ofSeconds(60)).until(() -> !behind.engine().link().isUp());
			Agents.LOADED.clear();

			assertThat(behind.service().findAll(List.of(1L, 2L, 3L))).containsOnlyKeys(1L, 2L, 3L);

			assertThat(Agents.LOADED).containsExactly(List.of(1L, 2L, 3L));
		}
	}

	@Test
	void aTransactionBypassesWhatItHasEvictedAndStoresWhenItHasCommitted() {
		this.agents.findAll(List.of(1L, 2L));
		stored(2);
		TransactionTemplate transactions = new TransactionTemplate(new Transactions());

		transactions.executeWithoutResult((status) -> {
			Agents.source.set(2);
			this.agents.changed(1L);
			assertThat(this.agents.findAll(List.of(1L, 2L, 3L))).containsValues(new Agent(1, 2), agent(2),
					new Agent(3, 2));
			assertThat(this.redis.cli("GET", "agents:3")).asString().doesNotContain("version");
			status.setRollbackOnly();
		});
		Agents.source.set(1);

		assertThat(this.agents.findAll(List.of(1L, 2L, 3L))).containsValues(agent(1), agent(2), agent(3));
	}

	@Test
	void whatIsEvictedElsewhereWhileItIsLoadedIsNotStored() throws Exception {
		CountDownLatch begun = new CountDownLatch(1);
		CompletableFuture<Void> goOn = new CompletableFuture<>();
		Agents.begun = () -> {
			begun.countDown();
			goOn.join();
		};
		CompletableFuture<Map<Long, Agent>> loading = CompletableFuture
			.supplyAsync(() -> this.agents.findAll(List.of(1L, 2L)));
		begun.await();
		Agents.begun = () -> {
		};
		TestInstance<Agents> other = instance(this.redis.port());
		Agents.source.set(2);
		other.service().changed(1L);
		goOn.complete(null);

		assertThat(loading.get(40, TimeUnit.SECONDS)).containsEntry(1L, agent(1));
		stored(1);
		assertThat(other.service().findAll(List.of(1L, 2L))).containsExactly(Map.entry(1L, new Agent(1, 2)),
				Map.entry(2L, agent(2)));
	}

	@Test
	void instancesWaitForWhatTheOtherLoads() throws Exception {
		TestInstance<Agents> other = instance(this.redis.port());
		CountDownLatch begun = new CountDownLatch(1);
		CompletableFuture<Void> goOn = new CompletableFuture<>();
		Agents.begun = () -> {
			begun.countDown();
			goOn.join();
		};
		CompletableFuture<Map<Long, Agent>> first = CompletableFuture
			.supplyAsync(() -> this.agents.findAll(List.of(1L, 2L)));
		begun.await();
		Agents.begun = () -> {
		};

		CompletableFuture<Map<Long, Agent>> second = CompletableFuture
			.supplyAsync(() -> other.service().findAll(List.of(2L, 3L)));
		await().until(() -> Agents.LOADED.size() == 2);
		goOn.complete(null);

		assertThat(first.get(40, TimeUnit.SECONDS)).containsOnlyKeys(1L, 2L);
		assertThat(second.get(40, TimeUnit.SECONDS)).containsOnlyKeys(2L, 3L);
		assertThat(Agents.LOADED).containsExactly(List.of(1L, 2L), List.of(3L));
	}

	@Test
	void aCacheThatIsSwitchedOffAtRunTimeHasTheMethodCalledWithAllKeys() {
		this.agents.findAll(List.of(1L));
		stored(1);
		this.instance.cacheService().setControl("agents", CacheControl.asConfigured().withEnabled(false));

		this.agents.findAll(List.of(1L, 2L));

		assertThat(Agents.LOADED).last().isEqualTo(List.of(1L, 2L));
		assertThat(this.redis.keys("agents:*")).containsExactly("agents:1");
	}

	@Test
	void theCacheIsKnownToHaveTheValuesAndNotTheirMap() {
		this.agents.findAll(List.of(1L));
		stored(1);

		assertThat(this.instance.cache("agents").get(1L, Agent.class)).isEqualTo(agent(1));
		assertThat(this.instance.cacheService().get("agents:1", Agent.class)).contains(agent(1));
		assertThat(this.instance.cache("agents").get(1L)).isNotNull();
	}

	static Stream<Arguments> malformed() {
		return Stream.of(
				Arguments.of(ReturnsOne.class,
						"it returns java.lang.String. Let it return a Map of the values by their keys or a List of the "
								+ "values, a Mono or a future of one of them, or a Flux of the values"),
				Arguments.of(ReturnsMonoOfOne.class, "it returns java.lang.String."),
				Arguments.of(ReturnsNothing.class, "it returns java.lang.Void."),
				Arguments.of(ReturnsArray.class, "it returns java.lang.String[]."),
				Arguments.of(FluxWithoutKey.class, "nothing tells the keys of its elements."),
				Arguments.of(FutureOfMapWithKey.class, "it has a 'key', and returns a map that tells the keys itself."),
				Arguments.of(NoCollection.class, "0 of its arguments are collections. Give it one, of the keys"),
				Arguments.of(TwoCollections.class, "2 of its arguments are collections."),
				Arguments.of(OddCollection.class,
						"it takes its keys as java.util.LinkedList. Let it take a Collection"),
				Arguments.of(MapWithKey.class, "it has a 'key', and returns a map that tells the keys itself."),
				Arguments.of(ListWithoutKey.class,
						"nothing tells the keys of its elements. Add a 'key', such as #{#element.id}"),
				Arguments.of(KeyIsText.class, "its 'key' '#element.id' is the same for all elements."),
				Arguments.of(KeyHasText.class, "its 'key' 'a#{#element}' has text beside the expression."),
				Arguments.of(KeyIsMalformed.class, "its 'key' is no template ("),
				Arguments.of(WithCacheable.class, "it has @Cacheable, too. Put that on a method of its own"),
				Arguments.of(WithPut.class, "it has @CachePut, too."),
				Arguments.of(TwoCaches.class, "names the caches [a, b]: name one, on it or on @CacheConfig"),
				Arguments.of(NoCache.class, "names the caches []: name one, on it or on @CacheConfig"));
	}

	@ParameterizedTest
	@MethodSource("malformed")
	void whatIsNoMethodForItStopsTheStart(Class<?> service, String message) {
		assertThatThrownBy(() -> TestInstance.of(service, this.redis).close())
			.hasStackTraceContaining("@CacheableAll on '")
			.hasStackTraceContaining(message);
	}

	private static Agent agent(long id) {
		return new Agent(id, 1);
	}

	/** Wait until so many values are there, and no lease. */
	private void stored(int count) {
		await().until(() -> this.redis.keys("agents:*").stream().filter((key) -> pttl(key) > 2500).count() == count);
	}

	private Duration ttl(String key) {
		await().until(() -> pttl(key) > 2500);
		return Duration.ofMillis(pttl(key));
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

	record Agent(long id, int version) {

	}

	@CacheConfig(cacheNames = "agents")
	static class Agents {

		static final List<List<Long>> LOADED = new CopyOnWriteArrayList<>();

		static final AtomicReference<Integer> source = new AtomicReference<>(1);

		static volatile Runnable begun = () -> {
		};

		@Cacheable
		public @Nullable Agent find(long id) {
			return load(List.of(id)).get(id);
		}

		@CacheableAll
		public Map<Long, Agent> findAll(@Nullable Collection<Long> ids) {
			return load(new ArrayList<>(Objects.requireNonNull(ids, "of the method")));
		}

		@CacheableAll(key = "#{#element.id}")
		public List<Agent> list(Set<Long> ids) {
			return new ArrayList<>(load(new ArrayList<>(ids)).values());
		}

		@CacheableAll(key = "#{#element.id()}")
		public Collection<Agent> listed(Collection<Long> ids) {
			return load(new ArrayList<>(ids)).values();
		}

		@CacheableAll(key = "#{#element.id}")
		public List<Agent> listReversed(List<Long> ids) {
			List<Agent> found = new LinkedList<>();
			load(ids).values().forEach((agent) -> found.add(0, agent));
			found.add(new Agent(99, 1));
			return found;
		}

		@CacheableAll("brief")
		public Map<Long, Agent> brief(Collection<Long> ids) {
			return load(new ArrayList<>(ids));
		}

		@Cacheable("tenants")
		public @Nullable Agent findOf(String tenant, long id, boolean active) {
			return load(List.of(id)).get(id);
		}

		@CacheableAll("tenants")
		public Map<Long, Agent> findAllOf(String tenant, Collection<Long> ids, boolean active) {
			return load(new ArrayList<>(ids));
		}

		@CacheableAll
		public Map<?, Agent> ofIntegers(Collection<Long> ids) {
			Map<Object, Agent> found = new LinkedHashMap<>();
			load(new ArrayList<>(ids)).forEach((id, agent) -> found.put(id.intValue(), agent));
			return found;
		}

		@CacheableAll
		public Map<Object, Agent> mixed(Collection<Object> ids) {
			Map<Object, Agent> found = new LinkedHashMap<>();
			ids.forEach((id) -> found.put(id, new Agent(Long.parseLong(String.valueOf(id)), 1)));
			return found;
		}

		@CacheableAll(key = "#{'name-' + #element.id}")
		public List<Agent> byName(Collection<Long> ids) {
			return new ArrayList<>(load(new ArrayList<>(ids)).values());
		}

		@CacheableAll
		@SuppressWarnings("NullAway")
		public Map<Long, Agent> nothing(Collection<Long> ids) {
			return null;
		}

		@CacheableAll
		public Map<Long, Agent> failing(Collection<Long> ids) throws IOException {
			throw new IOException("boom");
		}

		@CacheableAll(condition = "#cached")
		public Map<Long, Agent> conditional(Collection<Long> ids, boolean cached) {
			return load(new ArrayList<>(ids));
		}

		@CacheableAll(unless = "#result?.id == 2")
		public Map<Long, Agent> unless(Collection<Long> ids) {
			return load(new ArrayList<>(ids));
		}

		@CacheableAll
		@CacheTtl("#{#result.id * 10}m")
		public Map<Long, Agent> withTtl(Collection<Long> ids) {
			return load(new ArrayList<>(ids));
		}

		@CacheEvict
		public void changed(long id) {
		}

		private static Map<Long, Agent> load(List<Long> ids) {
			LOADED.add(ids);
			int version = source.get();
			begun.run();
			Map<Long, Agent> found = new LinkedHashMap<>();
			ids.stream().filter((id) -> id < 404).forEach((id) -> found.put(id, new Agent(id, version)));
			return found;
		}

	}

	static class ReturnsMonoOfOne {

		@CacheableAll("a")
		public Mono<String> find(Collection<String> ids) {
			return Mono.empty();
		}

	}

	static class ReturnsNothing {

		@CacheableAll("a")
		public Mono<Void> find(Collection<String> ids) {
			return Mono.empty();
		}

	}

	static class ReturnsArray {

		@CacheableAll("a")
		public String[] find(Collection<String> ids) {
			return new String[0];
		}

	}

	static class FluxWithoutKey {

		@CacheableAll("a")
		public Flux<String> find(Collection<String> ids) {
			return Flux.empty();
		}

	}

	static class FutureOfMapWithKey {

		@CacheableAll(cacheNames = "a", key = "#{#element}")
		public CompletableFuture<Map<String, String>> find(Collection<String> ids) {
			return CompletableFuture.completedFuture(Map.of());
		}

	}

	static class ReturnsOne {

		@CacheableAll("a")
		public String find(Collection<String> ids) {
			return "";
		}

	}

	static class NoCollection {

		@CacheableAll("a")
		public Map<String, String> find(String... ids) {
			return Map.of();
		}

	}

	static class TwoCollections {

		@CacheableAll("a")
		public Map<String, String> find(Collection<String> ids, Set<String> others) {
			return Map.of();
		}

	}

	static class OddCollection {

		@CacheableAll("a")
		public Map<String, String> find(LinkedList<String> ids) {
			return Map.of();
		}

	}

	static class MapWithKey {

		@CacheableAll(cacheNames = "a", key = "#{#element}")
		public Map<String, String> find(LinkedHashSet<String> ids) {
			return Map.of();
		}

	}

	static class ListWithoutKey {

		@CacheableAll("a")
		public List<String> find(Collection<String> ids) {
			return Arrays.asList();
		}

	}

	static class KeyIsText {

		@CacheableAll(cacheNames = "a", key = "#element.id")
		public List<String> find(Collection<String> ids) {
			return List.of();
		}

	}

	static class KeyHasText {

		@CacheableAll(cacheNames = "a", key = "a#{#element}")
		public List<String> find(Collection<String> ids) {
			return List.of();
		}

	}

	static class KeyIsMalformed {

		@CacheableAll(cacheNames = "a", key = "#{#element")
		public List<String> find(Collection<String> ids) {
			return List.of();
		}

	}

	static class WithCacheable {

		@Cacheable("a")
		@CacheableAll("a")
		public Map<String, String> find(Collection<String> ids) {
			return Map.of();
		}

	}

	static class WithPut {

		@CachePut("a")
		@CacheableAll("a")
		public Map<String, String> find(Collection<String> ids) {
			return Map.of();
		}

	}

	static class TwoCaches {

		@CacheableAll({ "a", "b" })
		public Map<String, String> find(Collection<String> ids) {
			return Map.of();
		}

	}

	static class NoCache {

		@CacheableAll
		public Map<String, String> find(Collection<String> ids) {
			return Map.of();
		}

	}

}
