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
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.logging.LogLevel;
import org.springframework.boot.logging.LoggingSystem;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.Cache;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.data.redis.serializer.RedisSerializationContext.SerializationPair;
import org.springframework.data.redis.serializer.RedisSerializer;

import dev.cachestarter.cache.ResilientRedisCache;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

/**
 * The cache for code without annotations, on a real Redis.
 */
@WithRedis(local = true)
@ExtendWith(OutputCaptureExtension.class)
class CacheServiceRedisTests {

	private static final ParameterizedTypeReference<List<Agent>> AGENTS = new ParameterizedTypeReference<>() {
	};

	private final RedisServer redis;

	private final List<AutoCloseable> opened = new ArrayList<>();

	CacheServiceRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@AfterEach
	void closeAll() throws Exception {
		for (AutoCloseable instance : this.opened) {
			instance.close();
		}
	}

	// Reading and writing

	@Test
	void whatIsSetIsReadByItsType() {
		CacheService service = service();
		Agent agent = new Agent("42", 7);
		service.set("any:text", "v");
		service.set("any:number", 7);
		service.set("any:agent", agent);
		service.set("any:agents", List.of(agent, agent));
		service.set("any:map", Map.of("a", 1));

		assertThat(service.get("any:text", String.class)).contains("v");
		assertThat(service.get("any:number", Integer.class)).contains(7);
		assertThat(service.get("any:number", int.class)).contains(7);
		assertThat(service.get("any:agent", Agent.class)).contains(agent);
		assertThat(service.get("any:agents", AGENTS)).contains(List.of(agent, agent));
		assertThat(service.get("any:map", new ParameterizedTypeReference<Map<String, Integer>>() {
		})).contains(Map.of("a", 1));
		assertThat(service.get("any:absent", String.class)).isEmpty();
	}

	@Test
	void whatIsSetWithoutATimeNeverExpiresWhateverMayStandInForLoads() {
		TestInstance<Object> instance = TestInstance.of(Object.class, this.redis.host(), this.redis.port(),
				(builder) -> builder.defaults(CacheSettings.defaults().withStaleIfError(Duration.ofHours(1))));
		this.opened.add(instance.awaitUp());

		instance.cacheService().set("any:text", "v");
		instance.cacheService().set("any:brief", "v", Duration.ofHours(1));

		assertThat(this.redis.number("PTTL", "any:text")).isEqualTo(-1);
		assertThat(this.redis.number("PTTL", "any:brief")).isBetween(7_000_000L, 7_200_000L);
	}

	@Test
	void whatWasWrittenAsAnotherTypeIsNotThereAndStaysThere() {
		CacheService service = service();
		service.set("any:agent", new Agent("42", 7));
		service.set("any:text", "v");

		assertThat(service.get("any:agent", Integer.class)).isEmpty();
		assertThat(service.get("any:text", Agent.class)).isEmpty();
		assertThat(service.get("any:agent", AGENTS)).isEmpty();

		assertThat(service.get("any:agent", Agent.class)).isPresent();
		assertThat(service.get("any:text", String.class)).contains("v");
	}

	@Test
	void whatASerializerReadsAsAnotherTypeIsNotThere() {
		TestInstance<Object> instance = TestInstance.of(Object.class, this.redis.host(), this.redis.port(),
				(builder) -> builder.cache("texts", CacheSettings.defaults()
					.withValueSerializer(SerializationPair.fromSerializer(RedisSerializer.string()))));
		this.opened.add(instance.awaitUp());

		instance.cacheService().set("texts:1", "v");

		assertThat(instance.cacheService().get("texts:1", Integer.class)).isEmpty();
		assertThat(instance.cacheService().get("texts:1", String.class)).contains("v");
	}

	@Test
	void whatIsSetIsThereForEveryInstanceAtOnce() {
		CacheService here = service();
		CacheService there = service();

		for (int i = 0; i < 100; i++) {
			here.set("any:k", i);
			assertThat(there.get("any:k", Integer.class)).contains(i);
		}
	}

	@Test
	void aTimeToLiveIsKeptExactly() {
		CacheService service = service();
		service.set("any:ever", "v");
		service.set("any:zero", "v", Duration.ZERO);
		service.set("any:hour", "v", Duration.ofHours(1));
		service.set("any:realtime", "v", TtlPreset.REALTIME);
		service.set("any:short", "v", Duration.ofMillis(100));

		assertThat(this.redis.number("PTTL", "any:ever")).isEqualTo(-1);
		assertThat(this.redis.number("PTTL", "any:zero")).isEqualTo(-1);
		assertThat(this.redis.number("PTTL", "any:hour")).isBetween(3_540_001L, 3_600_000L);
		assertThat(this.redis.number("PTTL", "any:realtime")).isBetween(1L, 30_000L);
		await().until(() -> service.get("any:short", String.class).isEmpty());
		assertThatIllegalArgumentException().isThrownBy(() -> service.set("any:k", "v", Duration.ofMillis(-1)))
			.withMessageContaining("'ttl' must not be negative");
		assertThatIllegalArgumentException().isThrownBy(() -> service.set("", "v"))
			.withMessageContaining("'key' must not be empty");
	}

	@Test
	void aNullRemovesWhatIsThere() {
		CacheService service = service();
		service.set("any:k", "v");

		service.set("any:k", null);

		assertThat(service.get("any:k", String.class)).isEmpty();
		assertThat(this.redis.keys("any:*")).isEmpty();
	}

	// Loading

	@Test
	void whatIsMissingIsLoadedAndKept() throws Exception {
		CacheService service = service();
		AtomicInteger loads = new AtomicInteger();
		CacheService.Loader<Agent, RuntimeException> loader = () -> new Agent("42", loads.incrementAndGet());

		Agent loaded = service.getOrLoad("any:k", Agent.class, Duration.ofMinutes(1), loader);

		assertThat(loaded).isEqualTo(new Agent("42", 1));
		assertThat(service.getOrLoad("any:k", Agent.class, Duration.ofMinutes(1), loader)).isEqualTo(loaded);
		assertThat(service.get("any:k", Agent.class)).contains(new Agent("42", 1));
		assertThat(this.redis.number("PTTL", "any:k")).isBetween(1L, 60_000L);
		List<Agent> agents = List.of(new Agent("1", 1));
		assertThat(service.getOrLoad("any:list", AGENTS, Duration.ZERO, () -> agents)).isEqualTo(agents);
		assertThat(service.getOrLoad("any:list", AGENTS, Duration.ZERO, () -> List.of())).isEqualTo(agents);
		assertThat(this.redis.number("PTTL", "any:list")).isEqualTo(-1);
	}

	@Test
	void whatALoaderThrowsArrivesUnchangedAndIsNotKept() {
		CacheService service = service();
		IOException burnt = new IOException("burnt");
		AtomicInteger loads = new AtomicInteger();

		for (int i = 0; i < 20; i++) {
			assertThatExceptionOfType(IOException.class)
				.isThrownBy(() -> service.getOrLoad("any:k", String.class, Duration.ZERO, () -> {
					loads.incrementAndGet();
					throw burnt;
				}))
				.isSameAs(burnt);
		}
		assertThatExceptionOfType(StackOverflowError.class)
			.isThrownBy(() -> service.getOrLoad("any:k", String.class, Duration.ZERO, () -> {
				throw new StackOverflowError("deep");
			}));

		assertThat(loads).hasValue(20);
		await().untilAsserted(() -> assertThat(this.redis.keys("any:*")).isEmpty());
	}

	@Test
	void aLoadedNullIsKeptForTheTimeOfNulls() {
		CacheService service = service();
		AtomicInteger loads = new AtomicInteger();

		for (int i = 0; i < 2; i++) {
			assertThat(service.<String, RuntimeException>getOrLoad("any:k", String.class, Duration.ofHours(1), () -> {
				loads.incrementAndGet();
				return null;
			})).isNull();
		}

		assertThat(loads).hasValue(1);
		assertThat(this.redis.number("PTTL", "any:k")).isBetween(1L, 30_000L);
		assertThat(service.get("any:k", String.class)).isEmpty();
	}

	@Test
	void aColdKeyIsLoadedOnceByAllInstances() throws Exception {
		List<CacheService> services = List.of(service(), service());
		AtomicInteger loads = new AtomicInteger();
		CountDownLatch go = new CountDownLatch(1);
		ExecutorService callers = Executors.newFixedThreadPool(16);
		List<Future<@Nullable Integer>> calls = new ArrayList<>();
		for (int i = 0; i < 16; i++) {
			CacheService service = services.get(i % 2);
			calls.add(callers.submit((Callable<@Nullable Integer>) () -> {
				go.await();
				return service.getOrLoad("any:k", Integer.class, Duration.ZERO, () -> {
					TimeUnit.MILLISECONDS.sleep(100);
					return loads.incrementAndGet();
				});
			}));
		}

		go.countDown();

		for (Future<@Nullable Integer> call : calls) {
			assertThat(call.get(20, TimeUnit.SECONDS)).isEqualTo(1);
		}
		callers.shutdown();
	}

	// Removing

	@Test
	void deleteRemovesOneEntryForEveryInstance() {
		CacheService here = service();
		CacheService there = service();
		here.set("any:k", "v");
		here.set("any:k2", "v");

		there.delete("any:k");
		there.delete("any:absent");

		assertThat(here.get("any:k", String.class)).isEmpty();
		assertThat(here.get("any:k2", String.class)).isPresent();
	}

	@Test
	void invalidateTakesWhatThePatternNames() {
		CacheService here = service();
		CacheService there = service();
		List<String> keys = List.of("agents:list:org-123:1", "agents:list:org-123:2", "agents:list:org-1234:1",
				"agents:details:org-123:1");
		keys.forEach((key) -> here.set(key, "v"));

		there.invalidate("agents:list:org-123:*");
		assertThat(keys).filteredOn((key) -> here.get(key, String.class).isPresent())
			.containsExactly("agents:list:org-1234:1", "agents:details:org-123:1");
		keys.forEach((key) -> here.set(key, "v"));
		there.invalidate("agents:list:org-123*");
		assertThat(keys).filteredOn((key) -> here.get(key, String.class).isPresent())
			.containsExactly("agents:details:org-123:1");
		keys.forEach((key) -> here.set(key, "v"));
		there.invalidate("agents:*:org-123:?");
		assertThat(keys).filteredOn((key) -> here.get(key, String.class).isPresent())
			.containsExactly("agents:list:org-1234:1");
		there.invalidate("*");
		assertThat(keys).noneMatch((key) -> here.get(key, String.class).isPresent());
		assertThatIllegalArgumentException().isThrownBy(() -> there.invalidate(""))
			.withMessageContaining("'*' stands for every key");
	}

	@Test
	void clearTakesEverythingUnderTheKeyPrefixAndNothingElse() {
		CacheService shop = open((builder) -> builder.keyPrefix("shop:")).cacheService();
		CacheService other = open((builder) -> builder.keyPrefix("shopping:")).cacheService();
		shop.set("agents:list:1", "v");
		shop.set("motd", "v");
		other.set("motd", "v");
		this.redis.cli("SET", "motd", "stranger");

		shop.clear();

		assertThat(shop.get("agents:list:1", String.class)).isEmpty();
		assertThat(shop.get("motd", String.class)).isEmpty();
		assertThat(other.get("motd", String.class)).isPresent();
		assertThat(this.redis.keys("motd")).containsExactly("motd");
	}

	@Test
	void withoutAKeyPrefixClearTakesTheCachesKnownByNameAndWhatWasSetUnderOtherNames() {
		TestInstance<Agents> writer = open();
		writer.service().list("org-1", 1);
		writer.cacheService().set("motd", "v");
		writer.cacheService().set("news:today", "v");
		this.redis.cli("SET", "stranger:1", "x");
		TestInstance<Agents> fresh = open();

		fresh.cacheService().clear();

		writer.service().list("org-1", 1);
		assertThat(writer.service().loads()).isEqualTo(2);
		assertThat(writer.cacheService().get("motd", String.class)).isEmpty();
		assertThat(writer.cacheService().get("news:today", String.class)).isEmpty();
		await().atMost(Duration.ofMinutes(1))
			.untilAsserted(() -> assertThat(this.redis.keys("*")).doesNotContain("motd", "news:today"));
		assertThat(this.redis.keys("stranger:*")).containsExactly("stranger:1");
	}

	@Test
	void clearLeavesTheCachesThatOnlyAnotherApplicationKnows() {
		TestInstance<Agents> writer = open();
		TestInstance<Agents> stranger = open();
		Cache orders = Objects.requireNonNull(stranger.manager().getCache("orders"));
		orders.put("1", "kept");
		orders.put("org-1:1", "kept");
		writer.cacheService().set("motd", "v");

		writer.cacheService().clear();

		await().atMost(Duration.ofMinutes(1))
			.untilAsserted(() -> assertThat(this.redis.keys("*")).doesNotContain("motd"));
		assertThat(orders.get("1", String.class)).isEqualTo("kept");
		assertThat(orders.get("org-1:1", String.class)).isEqualTo("kept");
	}

	// Together with annotated methods

	@Test
	void entriesOfAnnotatedMethodsAreReadWrittenAndRemovedByTheirWholeKeys() {
		TestInstance<Agents> instance = open();
		CacheService service = instance.cacheService();
		Agent loaded = instance.service().find("42");

		assertThat(service.get("agents:details:42", Agent.class)).contains(loaded);
		service.set("agents:details:42", new Agent("42", 99));
		assertThat(instance.service().find("42")).isEqualTo(new Agent("42", 99));
		service.delete("agents:details:42");
		assertThat(instance.service().find("42")).isEqualTo(new Agent("42", 2));
		instance.service().drop();
		assertThat(service.get("agents:details:42", Agent.class)).isEmpty();
	}

	@Test
	void anInstanceThatHasNotUsedACacheYetKnowsItsKeys() {
		TestInstance<Agents> used = open();
		TestInstance<Agents> fresh = open();
		used.service().find("42");

		// A call does not wait for its fill.
		await().atMost(Duration.ofMinutes(1))
			.untilAsserted(() -> assertThat(fresh.cacheService().get("agents:details:42", Agent.class)).isPresent());
		fresh.cacheService().set("agents:details:43", new Agent("43", 5));
		assertThat(used.service().find("43")).isEqualTo(new Agent("43", 5));
		used.service().drop();
		assertThat(fresh.cacheService().get("agents:details:43", Agent.class)).isEmpty();
		used.service().list("org-1", 1);
		fresh.cacheService().invalidate("agents:list:org-1:*");
		used.service().list("org-1", 1);
		assertThat(used.service().loads()).isEqualTo(3);
	}

	@Test
	void keysAreWithoutTheKeyPrefix() {
		TestInstance<Agents> instance = open((builder) -> builder.keyPrefix("shop:"));
		instance.service().find("42");

		assertThat(instance.cacheService().get("agents:details:42", Agent.class)).isPresent();
		assertThat(this.redis.keys("shop:agents:details:*")).containsExactly("shop:agents:details:42");
		instance.cacheService().invalidate("agents:details:*");
		assertThat(instance.cacheService().get("agents:details:42", Agent.class)).isEmpty();
	}

	// State

	@Test
	void statisticsTellWhatHappened() {
		TestInstance<Agents> instance = open();
		CacheService service = instance.cacheService();
		instance.service().find("42");
		await().until(() -> counters(service, "agents:details").puts() == 1);
		instance.service().find("42");
		service.get("motd", String.class);
		service.delete("agents:details:42");

		CacheSnapshot stats = service.getStats();

		assertThat(stats.enabled()).isTrue();
		assertThat(stats.keyCount()).isEqualTo(this.redis.number("DBSIZE"));
		assertThat(stats.memoryUsed()).matches("[0-9.]+[BKMG]");
		CacheSnapshot.Counters details = counters(service, "agents:details");
		assertThat(details.hits()).isEqualTo(1);
		assertThat(details.misses()).isEqualTo(1);
		assertThat(details.puts()).isEqualTo(1);
		assertThat(details.removals()).isEqualTo(1);
		assertThat(details.failures()).isZero();
		assertThat(details.hitRatio()).isEqualTo(0.5);
		assertThat(counters(service, CacheSnapshot.NO_CACHE).misses()).isEqualTo(1);
	}

	private static CacheSnapshot.Counters counters(CacheService service, String cache) {
		return Objects.requireNonNull(service.getStats().caches().get(cache));
	}

	@Test
	void withoutRedisNothingThrowsAndWhatWasRemovedStaysRemoved() {
		TestInstance<Agents> instance = open();
		CacheService service = instance.cacheService();
		service.set("any:k", "v");
		service.set("any:deleted", "v");
		this.redis.stop();
		await().until(() -> !service.isEnabled());

		assertThat(service.get("any:k", String.class)).isEmpty();
		service.set("any:k", "w");
		service.delete("any:deleted");
		service.invalidate("any:x:*");
		assertThat(service.getOrLoad("any:k", String.class, Duration.ZERO, () -> "loaded")).isEqualTo("loaded");
		CacheSnapshot stats = service.getStats();

		assertThat(stats.enabled()).isFalse();
		assertThat(stats.keyCount()).isNull();
		assertThat(stats.memoryUsed()).isNull();
		this.redis.start();
		await().atMost(Duration.ofMinutes(1)).until(service::isEnabled);
		await().until(() -> {
			service.set("any:k", "again");
			return service.get("any:k", String.class).isPresent();
		});
	}

	@Test
	void aServiceWithoutACacheOnlyLoads() {
		CacheService service = CacheService.disabled();
		service.set("any:k", "v");

		assertThat(service.get("any:k", String.class)).isEmpty();
		assertThat(service.getOrLoad("any:k", String.class, Duration.ZERO, () -> "loaded")).isEqualTo("loaded");
		assertThat(service.isEnabled()).isFalse();
		assertThat(service.getStats().enabled()).isFalse();
	}

	// Log

	@Test
	void theLogTellsOfHitsMissesAndInvalidations(CapturedOutput output) {
		LoggingSystem logging = LoggingSystem.get(getClass().getClassLoader());
		logging.setLogLevel("dev.cachestarter", LogLevel.DEBUG);
		try {
			TestInstance<Agents> instance = open();
			instance.service().list("org-1", 1);
			await().until(() -> counters(instance.cacheService(), "agents:list").puts() == 1);
			instance.service().list("org-1", 1);
			instance.service().list("org-1", 2);
			await().until(() -> counters(instance.cacheService(), "agents:list").puts() == 2);
			instance.cacheService().invalidate("agents:list:org-1:*");

			assertThat(output).contains("Cache MISS - agents:list (cacheKey: agents:list:org-1:1)")
				.contains("Cache HIT - agents:list (cacheKey: agents:list:org-1:1)")
				.doesNotContain("secret of");
			await().atMost(Duration.ofMinutes(1))
				.untilAsserted(
						() -> assertThat(output).contains("Cache INVALIDATE (pattern: agents:list:org-1:*, count: 2)"));
			instance.cacheService().set("agents:list:x*", List.of());
			instance.cacheService().invalidate("agents:list:x*");
			assertThat(output).contains("Cache INVALIDATE (pattern: agents:list:x*, count: 1)");
		}
		finally {
			logging.setLogLevel("dev.cachestarter", null);
		}
	}

	@Test
	void anObjectOfACacheWithoutATypeThatIsAskedForWithoutOneIsToldOnce(CapturedOutput output) {
		TestInstance<Agents> instance = open();
		ResilientRedisCache cache = instance.cache("programmatic");
		cache.put("1", new Agent("1", 7));

		assertThat(cache.get("1")).isNull();
		assertThat(cache.get("1")).isNull();
		assertThat(cache.get("1", Agent.class)).isEqualTo(new Agent("1", 7));

		assertThat(output).containsOnlyOnce("Cache 'programmatic' has the entry of key 'programmatic:1' put by code");
	}

	@Test
	void aKeyWritesNoLinesOfItsOwnIntoTheLog(CapturedOutput output) {
		LoggingSystem logging = LoggingSystem.get(getClass().getClassLoader());
		logging.setLogLevel("dev.cachestarter", LogLevel.DEBUG);
		try {
			CacheService cache = open().cacheService();
			String key = "search:a\r\nINFO all is well";

			cache.set(key, new Object());
			cache.set(key, "text");
			cache.get(key, String.class);
			cache.get(key + "\n", String.class);
			cache.delete(key);

			await().untilAsserted(() -> assertThat(output).contains("Cache INVALIDATE (pattern: search:a%0D%0AINFO"));
			assertThat(output).contains("Cache HIT - ", "Cache MISS - ",
					"does not cache the value of key 'search:a%0D");
			assertThat(output.toString().lines()).noneMatch((line) -> line.startsWith("INFO all is well"));
		}
		finally {
			logging.setLogLevel("dev.cachestarter", null);
		}
	}

	private CacheService service() {
		return open().cacheService();
	}

	private TestInstance<Agents> open() {
		return open((builder) -> {
		});
	}

	private TestInstance<Agents> open(Consumer<ResilientRedisCacheManager.Builder> settings) {
		TestInstance<Agents> instance = TestInstance.of(Agents.class, this.redis.host(), this.redis.port(),
				(builder) -> {
					TestInstance.patient(builder);
					settings.accept(builder);
				});
		this.opened.add(instance);
		return instance.awaitUp();
	}

	record Agent(String id, int version) {

	}

	static class Agents {

		private final AtomicInteger loads = new AtomicInteger();

		public int loads() {
			return this.loads.get();
		}

		@Cacheable("agents:details")
		public Agent find(String id) {
			return new Agent(id, this.loads.incrementAndGet());
		}

		@CacheEvict(cacheNames = "agents:details", allEntries = true)
		public void drop() {
		}

		@Cacheable("agents:list")
		public List<String> list(String orgId, int page) {
			this.loads.incrementAndGet();
			return List.of("secret of " + orgId);
		}

	}

}
