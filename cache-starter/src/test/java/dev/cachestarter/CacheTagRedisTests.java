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

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;

import org.springframework.beans.factory.BeanCreationException;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.transaction.support.TransactionTemplate;

import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Threads;
import dev.cachestarter.testing.Transactions;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

/**
 * Tags that methods state, and those of {@link CacheService}, on a real server.
 */
@WithRedis(local = true)
@ExtendWith(OutputCaptureExtension.class)
class CacheTagRedisTests {

	private static final Duration HOUR = Duration.ofHours(1);

	private static final CacheSettings SETTINGS = CacheSettings.defaults()
		.withTtl(HOUR)
		.withTtlJitter(0)
		.withLoadWait(Duration.ofMinutes(1));

	private final RedisServer redis;

	private final List<AutoCloseable> opened = new ArrayList<>();

	CacheTagRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@BeforeEach
	void empty() {
		this.redis.flushAll();
		Catalogues.reset();
	}

	@AfterEach
	void closeAll() throws Exception {
		Catalogues.reset();
		for (AutoCloseable instance : this.opened) {
			instance.close();
		}
	}

	// What is evicted

	@ParameterizedTest
	@EnumSource
	void aTagThatIsKnownOnlyFromTheResultEvictsForEveryKindOfCaller(Way way) {
		Catalogues here = open().service();
		Catalogues there = open().service();
		Catalogues.offer("org-1", "search", "mail");
		Catalogues.offer("org-2", "search");
		Catalogues.offer("org-3", "mail");
		List.of("org-1", "org-2", "org-3").forEach((org) -> way.call(here, org));
		List.of("org-1", "org-2", "org-3").forEach((org) -> way.call(here, org));
		assertThat(Catalogues.LOADS).hasValue(3);

		there.changeTool("search");

		List.of("org-1", "org-2", "org-3").forEach((org) -> way.call(here, org));
		assertThat(Catalogues.LOADS).hasValue(5);
	}

	@Test
	void itEvictsInEveryCache() {
		Catalogues service = open().service();
		Catalogues.offer("org-1", "search");
		service.list("org-1");
		service.tool("search");
		service.tool("mail");
		assertThat(Catalogues.LOADS).hasValue(3);
		awaitEntries(3);

		service.changeTool("search");

		service.list("org-1");
		service.tool("search");
		service.tool("mail");
		assertThat(Catalogues.LOADS).hasValue(5);
	}

	@Test
	void anEvictionTakesALoadThatRunsInAnyInstance() throws Exception {
		Catalogues here = open().service();
		Catalogues there = open().service();
		Catalogues.offer("org-1", "search");
		CountDownLatch go = Catalogues.holdLoads();
		CompletableFuture<List<String>> loading = CompletableFuture.supplyAsync(() -> here.list("org-1"), Threads.OWN);
		Catalogues.awaitHeld();
		Catalogues.offer("org-1", "search", "mail");

		there.changeTool("search");

		go.countDown();
		assertThat(loading.get(1, TimeUnit.MINUTES)).containsExactly("search");
		assertThat(here.list("org-1")).containsExactly("search", "mail");
		assertThat(there.list("org-1")).containsExactly("search", "mail");
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void whoComesAfterAnEvictionIsNotHandedALoadFromBeforeIt(boolean stored) throws Exception {
		Catalogues here = open().service();
		Catalogues.offer("org-1", "search");
		Catalogues.unstored = !stored;
		CountDownLatch go = Catalogues.holdLoads();
		CompletableFuture<List<String>> loading = CompletableFuture.supplyAsync(() -> here.list("org-1"), Threads.OWN);
		Catalogues.awaitHeld();
		Catalogues.offer("org-1", "search", "mail");
		here.changeTool("search");
		Catalogues.awaitNoHold();

		Interleavings.Call<List<String>> later = new Interleavings.Call<>(() -> here.list("org-1")).awaitWaiting();
		go.countDown();

		assertThat(loading.get(1, TimeUnit.MINUTES)).containsExactly("search");
		assertThat(later.result()).containsExactly("search", "mail");
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void whoComesAfterAnEvictionThatRedisHasNotTakenIsNotHandedALoadFromBeforeIt(boolean stored) throws Exception {
		TestInstance<Catalogues> instance = open();
		Catalogues here = instance.service();
		Catalogues.offer("org-1", "search");
		Catalogues.unstored = !stored;
		CountDownLatch go = Catalogues.holdLoads();
		CompletableFuture<List<String>> loading = CompletableFuture.supplyAsync(() -> here.list("org-1"), Threads.OWN);
		Catalogues.awaitHeld();
		Catalogues.offer("org-1", "search", "mail");
		// The lease can be read, and nothing can be written.
		this.redis.cli("CONFIG", "SET", "min-replicas-to-write", "1");
		try {
			here.changeTool("search");
			assertThat(instance.engine().evictions().pendingCount()).isEqualTo(1);

			Interleavings.Call<List<String>> later = new Interleavings.Call<>(() -> here.list("org-1")).awaitWaiting();
			go.countDown();

			assertThat(loading.get(1, TimeUnit.MINUTES)).containsExactly("search");
			assertThat(later.result()).containsExactly("search", "mail");
		}
		finally {
			this.redis.cli("CONFIG", "SET", "min-replicas-to-write", "0");
		}
	}

	@Test
	void whoCameBeforeIsHandedIt() throws Exception {
		Catalogues here = open().service();
		Catalogues.offer("org-1", "search");
		CountDownLatch go = Catalogues.holdLoads();
		CompletableFuture<List<String>> loading = CompletableFuture.supplyAsync(() -> here.list("org-1"), Threads.OWN);
		Catalogues.awaitHeld();
		Interleavings.Call<List<String>> joined = new Interleavings.Call<>(() -> here.list("org-1")).awaitWaiting();

		go.countDown();

		assertThat(loading.get(1, TimeUnit.MINUTES)).containsExactly("search");
		assertThat(joined.result()).containsExactly("search");
		assertThat(Catalogues.LOADS).hasValue(1);
	}

	@Test
	void severalTagsOfOneMethodAndACollectionAreEachEvicted() {
		Catalogues service = open().service();
		for (String tag : List.of("kind:a", "kind:b", "owner:x", "fixed")) {
			service.several("k", List.of("a", "b"), Optional.of("x"));
			awaitEntries(1);
			int before = Catalogues.LOADS.get();
			service.several("k", List.of("a", "b"), Optional.of("x"));
			assertThat(Catalogues.LOADS).hasValue(before);

			service.evict(tag);

			service.several("k", List.of("a", "b"), Optional.of("x"));
			assertThat(Catalogues.LOADS).as(tag).hasValue(before + 1);
		}
	}

	@Test
	void anEvictionOfSeveralTagsIsOneOfEach() {
		Catalogues service = open().service();
		List.of("a", "b", "c").forEach(service::tool);
		awaitEntries(3);

		service.changeTools(List.of("a", "b"));

		List.of("a", "b", "c").forEach(service::tool);
		assertThat(Catalogues.LOADS).hasValue(5);
	}

	@Test
	void anAnnotationOfTheApplicationsOwnMayCarryIt() {
		Catalogues service = open().service();
		service.composed("x");
		service.composed("x");
		assertThat(Catalogues.LOADS).hasValue(1);

		service.evict("composed");

		service.composed("x");
		assertThat(Catalogues.LOADS).hasValue(2);
	}

	@Test
	void theEvictedTagMaySpeakOfTheResult() {
		Catalogues service = open().service();
		service.tool("search");

		service.rename("find", "search");

		service.tool("search");
		assertThat(Catalogues.LOADS).hasValue(2);
	}

	@Test
	void aConditionDecidesAndAFailureEvictsNothing() {
		Catalogues service = open().service();
		service.tool("search");
		awaitEntries(1);

		service.changeIf("search", false);
		assertThatIllegalStateException().isThrownBy(() -> service.failing("search"));
		service.tool("search");
		assertThat(Catalogues.LOADS).hasValue(1);

		service.changeIf("search", true);
		service.tool("search");
		assertThat(Catalogues.LOADS).hasValue(2);
		assertThatIllegalStateException().isThrownBy(() -> service.failingAfterEviction("search"));
		service.tool("search");
		assertThat(Catalogues.LOADS).hasValue(3);
	}

	@Test
	void laterResultsComeWhenTheTagIsEvicted() {
		Catalogues service = open().service();
		service.tool("search");
		assertThat(service.changeLater("search")).succeedsWithin(Duration.ofMinutes(1));
		service.tool("search");
		assertThat(Catalogues.LOADS).hasValue(2);

		service.changeReactively("search").block(Duration.ofMinutes(1));

		service.tool("search");
		assertThat(Catalogues.LOADS).hasValue(3);
	}

	// What is put

	@Test
	void whatIsPutCarriesTheTagsOfItsMethod() {
		Catalogues service = open().service();
		service.save("search", "1");
		assertThat(service.tool("search")).isEqualTo("1");
		assertThat(service.saveByResult("mail")).isEqualTo("mail");
		assertThat(service.tool("mail")).isEqualTo("mail");
		assertThat(Catalogues.LOADS).hasValue(0);

		service.changeTools(List.of("search", "mail"));

		service.tool("search");
		service.tool("mail");
		assertThat(Catalogues.LOADS).hasValue(2);
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void whatIsPutIsNotStoredIfItsTagIsEvictedWhileTheMethodRuns(boolean byResult) throws Exception {
		Catalogues here = open().service();
		Catalogues there = open().service();
		CountDownLatch go = Catalogues.holdLoads();
		CompletableFuture<String> saving = CompletableFuture
			.supplyAsync(() -> byResult ? here.saveByResult("search") : here.save("search", "old"), Threads.OWN);
		Catalogues.awaitHeld();

		there.changeTool("search");

		go.countDown();
		saving.get(1, TimeUnit.MINUTES);
		there.tool("search");
		assertThat(Catalogues.LOADS).hasValue(1);
	}

	// Many keys

	@Test
	void ofManyKeysEachValueHasItsOwnTags() {
		Catalogues service = open().service();
		service.tools(List.of("a", "b"));
		awaitEntries(2);
		service.tools(List.of("a", "b"));
		assertThat(Catalogues.LOADS).hasValue(1);

		service.changeTool("a");

		service.tool("b");
		assertThat(Catalogues.LOADS).hasValue(1);
		service.tool("a");
		assertThat(Catalogues.LOADS).hasValue(2);
	}

	// What has no tags, or too many

	@Test
	void sixtyFourTagsAreStoredAndSixtyFiveAreNot(CapturedOutput output) {
		Catalogues service = open().service();
		List<String> most = IntStream.range(0, 64).mapToObj(String::valueOf).toList();
		List<String> more = IntStream.range(0, 65).mapToObj(String::valueOf).toList();

		service.many(most);
		awaitEntry("many:64");
		service.many(most);
		assertThat(Catalogues.LOADS).hasValue(1);
		service.many(more);
		service.many(more);

		assertThat(Catalogues.LOADS).hasValue(3);
		assertThat(output).containsOnlyOnce("it has 65 tags, and an entry may carry 64. Tag it by what it is part of");
	}

	@Test
	void anExpressionThatFailsLeavesTheValueUncachedAndSaysSoOnce(CapturedOutput output) {
		Catalogues service = open().service();

		assertThat(service.broken("a")).isEqualTo("a");
		assertThat(service.broken("a")).isEqualTo("a");

		assertThat(Catalogues.LOADS).hasValue(2);
		assertThat(output).containsOnlyOnce("its tags are not known, since they failed with");
	}

	@Test
	void aNullHasTheTagsThatDoNotNeedIt() {
		Catalogues service = open().service();
		assertThat(service.find("nothing")).isNull();
		assertThat(service.find("nothing")).isNull();
		assertThat(Catalogues.LOADS).hasValue(1);

		service.evict("name:nothing");

		assertThat(service.find("nothing")).isNull();
		assertThat(Catalogues.LOADS).hasValue(2);
	}

	@ParameterizedTest
	@ValueSource(
			strings = { "*", "a:b", "%", "[x]", "\\", "?", "{", "a*", "\u00e9", "a b", "%null", "{x}", "\n", "\u2028" })
	void aTagIsATextAndNotAPattern(String name) {
		Catalogues service = open().service();
		List<String> others = new ArrayList<>(List.of("x", "a", "b", "ab", "%25", "%2A", "a%3Ab", "[x]", "*", "a:b"));
		others.remove(name);
		service.tool(name);
		others.forEach(service::tool);
		awaitEntries(others.size() + 1);
		int before = Catalogues.LOADS.get();

		service.changeTool(name);

		others.forEach(service::tool);
		assertThat(Catalogues.LOADS).hasValue(before);
		service.tool(name);
		assertThat(Catalogues.LOADS).hasValue(before + 1);
	}

	@Test
	void aLongTagIsOneOfItsOwn() {
		Catalogues service = open().service();
		service.tool("x".repeat(5000));
		service.tool("x".repeat(5001));
		awaitEntries(2);

		service.changeTool("x".repeat(5000));

		service.tool("x".repeat(5001));
		assertThat(Catalogues.LOADS).hasValue(2);
		service.tool("x".repeat(5000));
		assertThat(Catalogues.LOADS).hasValue(3);
	}

	@Test
	void noUserPatternTakesWhatTagsAreKeptBy() {
		TestInstance<Catalogues> instance = open();
		instance.service().tool("search");
		awaitEntries(1);
		String before = generation("tool:search");
		assertThat(before).isNotNull();

		instance.cacheService().invalidate("*");
		instance.cacheService().invalidate("~t:*");
		instance.cacheService().clear();

		assertThat(generation("tool:search")).isEqualTo(before);
	}

	// For code

	@Test
	void whatTheServiceSetsAndLoadsCarriesTags() {
		TestInstance<Catalogues> here = open();
		CacheService service = here.cacheService();
		CacheService there = open().cacheService();
		service.set("notes:1", "set", HOUR, List.of("a", "b"));
		assertThat(service.get("notes:1", String.class)).contains("set");
		there.evictTag("b");
		assertThat(service.get("notes:1", String.class)).isEmpty();

		AtomicInteger loads = new AtomicInteger();
		for (int i = 0; i < 2; i++) {
			assertThat(service.getOrLoad("notes:2", String.class, HOUR, (value) -> List.of("of:" + value), () -> {
				loads.incrementAndGet();
				return "loaded";
			})).isEqualTo("loaded");
		}
		assertThat(loads).hasValue(1);
		there.evictTags(List.of("x", "of:loaded"));
		assertThat(service.get("notes:2", String.class)).isEmpty();
	}

	@Test
	void theServiceAndAnAnnotationMeanTheSameTag() {
		TestInstance<Catalogues> instance = open();
		instance.service().tool("a:b c");
		awaitEntries(1);
		instance.cacheService().set("notes:1", "set", HOUR, List.of("tool:x y"));

		instance.cacheService().evictTag("tool:a:b c");
		instance.service().changeTool("x y");

		instance.service().tool("a:b c");
		assertThat(Catalogues.LOADS).hasValue(2);
		assertThat(instance.cacheService().get("notes:1", String.class)).isEmpty();
	}

	@Test
	void whatIsNoTagIsRefused() {
		CacheService service = open().cacheService();
		List<String> more = IntStream.range(0, 65).mapToObj(String::valueOf).toList();

		assertThatIllegalArgumentException().isThrownBy(() -> service.evictTag(" ")).withMessageContaining("blank");
		assertThatIllegalArgumentException().isThrownBy(() -> service.set("a", "v", HOUR, List.of("")))
			.withMessageContaining("blank");
		assertThatIllegalArgumentException().isThrownBy(() -> service.set("a", "v", HOUR, more))
			.withMessageContaining("'tags' are 65");
	}

	@ParameterizedTest
	@ValueSource(classes = { Blank.class, NoVariable.class, ResultBefore.class, StoresNothing.class, NoTemplate.class })
	void whatIsMalformedFailsTheStart(Class<?> type) {
		assertThatExceptionOfType(BeanCreationException.class)
			.isThrownBy(() -> TestInstance.of(type, this.redis.host(), this.redis.port(), TestInstance::patient))
			.withStackTraceContaining(switch (type.getSimpleName()) {
				case "Blank" -> "its tag is blank. Write one, such as tool:#{#name}";
				case "NoVariable" -> "#nobody is no parameter of find";
				case "ResultBefore" -> "asks for #result, and the eviction is before the method";
				case "StoresNothing" -> "which stores nothing: put it on a method with @Cacheable";
				default -> "is no template";
			});
	}

	// Transactions

	@Test
	void inATransactionATagIsBypassedAtOnceAndEvictedAfterTheCommit() {
		TestInstance<Catalogues> instance = open();
		Catalogues service = instance.service();
		Catalogues there = open().service();
		service.tool("search");
		service.tool("mail");
		awaitEntries(2);

		new TransactionTemplate(new Transactions()).executeWithoutResult((status) -> {
			service.changeTool("search");
			service.tool("search");
			assertThat(Catalogues.LOADS).hasValue(3);
			service.tool("mail");
			assertThat(Catalogues.LOADS).hasValue(3);
			CompletableFuture.runAsync(() -> there.tool("search"), Threads.OWN).join();
			assertThat(Catalogues.LOADS).hasValue(3);
		});

		there.tool("search");
		assertThat(Catalogues.LOADS).hasValue(4);
	}

	@Test
	void aTransactionThatRollsBackEvictsNothing() {
		Catalogues service = open().service();
		service.tool("search");

		new TransactionTemplate(new Transactions()).executeWithoutResult((status) -> {
			service.changeTool("search");
			status.setRollbackOnly();
		});

		service.tool("search");
		assertThat(Catalogues.LOADS).hasValue(1);
	}

	@Test
	void whatATransactionLoadsIsNotStoredIfItsTagIsEvictedBeforeTheCommit() {
		Catalogues here = open().service();
		Catalogues there = open().service();

		new TransactionTemplate(new Transactions()).executeWithoutResult((status) -> {
			here.tool("search");
			CompletableFuture.runAsync(() -> there.changeTool("search"), Threads.OWN).join();
		});

		there.tool("search");
		assertThat(Catalogues.LOADS).hasValue(2);
	}

	// Costs

	@Test
	void aHitWithKnownTagsIsOneCommandAndWithUnknownOnesTwo() {
		TestInstance<Catalogues> here = open();
		Catalogues.offer("org-1", "a", "b", "c");
		here.service().list("org-1");
		TestInstance<Catalogues> there = open();
		awaitEntry("lists:org-1");

		int first = commands("mget", () -> there.service().list("org-1"));
		int second = commands("mget", () -> there.service().list("org-1"));
		int own = commands("mget", () -> here.service().list("org-1"));

		assertThat(Catalogues.LOADS).hasValue(1);
		assertThat(List.of(first, second, own)).containsExactly(2, 1, 1);
	}

	@Test
	void anEvictionIsTwoCommandsHoweverManyEntriesItTakes() {
		Catalogues service = open().service();
		for (int i = 0; i < 20; i++) {
			Catalogues.offer("org-" + i, "search");
			service.list("org-" + i);
		}
		service.changeTool("warm");

		// The one counts, the other replaces. Announcing it for the sweep is others.
		assertThat(commands("set", () -> service.changeTool("search"))).isEqualTo(1);
		assertThat(commands("setrange", () -> service.changeTool("search"))).isEqualTo(1);
		assertThat(commands("unlink", () -> service.changeTool("search"))).isZero();
	}

	@Test
	void aGenerationLivesAsLongAsWhatCarriesIt() {
		TestInstance<Catalogues> instance = open();
		instance.service().tool("search");
		instance.cacheService().set("notes:1", "for ever", Duration.ZERO, List.of("ever"));

		await().atMost(Duration.ofMinutes(1))
			.untilAsserted(
					() -> assertThat(this.redis.number("PTTL", "~t:tool:search")).isGreaterThan(HOUR.toMillis()));
		await().atMost(Duration.ofMinutes(1))
			.untilAsserted(() -> assertThat(this.redis.number("PTTL", "~t:ever")).isEqualTo(-1));
	}

	// Ageing

	@Test
	void aStaleEntryWhoseTagIsEvictedServesForNoLoad() {
		Catalogues service = open((settings) -> settings.withTtl(Duration.ofMillis(100)).withStaleIfError(HOUR))
			.service();
		Catalogues there = open().service();
		service.tool("search");
		awaitStale("tools:search");
		Catalogues.failing = true;
		assertThat(service.tool("search")).isEqualTo("search");

		there.changeTool("search");

		assertThatIllegalStateException().isThrownBy(() -> service.tool("search"));
	}

	@Test
	void aRefreshWhoseTagIsEvictedIsNotStored() throws Exception {
		Catalogues service = open(
				(settings) -> settings.withRefreshAhead(Duration.ofMinutes(29)).withTtl(Duration.ofSeconds(16)))
			.service();
		Catalogues there = open().service();
		service.tool("search");
		awaitEntry("tools:search");
		CountDownLatch go = Catalogues.holdLoads();
		await().atMost(Duration.ofMinutes(2)).until(() -> {
			service.tool("search");
			return Catalogues.isHeld();
		});

		there.changeTool("search");
		go.countDown();

		await().atMost(Duration.ofMinutes(1)).until(() -> Catalogues.LOADS.get() == 2);
		there.tool("search");
		assertThat(Catalogues.LOADS).hasValue(3);
	}

	// Outages and restarts

	@Test
	void whileAnEvictionIsPendingWhatCarriesTheTagIsNeitherReadNorStored() {
		TestInstance<Catalogues> instance = open();
		Catalogues service = instance.service();
		service.tool("search");
		service.tool("mail");
		awaitEntries(2);
		// Reads are answered, and nothing can be written.
		this.redis.cli("CONFIG", "SET", "min-replicas-to-write", "1");
		try {
			service.changeTool("search");
			assertThat(instance.engine().evictions().pendingCount()).isEqualTo(1);

			service.tool("mail");
			assertThat(Catalogues.LOADS).hasValue(2);
			service.tool("search");
			service.tool("search");
			assertThat(Catalogues.LOADS).hasValue(4);
		}
		finally {
			this.redis.cli("CONFIG", "SET", "min-replicas-to-write", "0");
		}
		await().atMost(Duration.ofMinutes(1)).until(() -> instance.engine().evictions().pendingCount() == 0);
		service.tool("search");
		service.tool("search");
		assertThat(Catalogues.LOADS).hasValue(5);
	}

	@Test
	void whatAnOldDumpBringsBackIsNotServed() {
		TestInstance<Catalogues> instance = open();
		Catalogues service = instance.service();
		service.tool("search");
		service.tool("mail");
		awaitEntries(2);
		this.redis.cli("SAVE");
		service.changeTool("search");

		this.redis.kill();
		this.redis.start();
		assertThat(this.redis.number("EXISTS", "tools:search")).isEqualTo(1);
		instance.awaitUp();

		service.tool("search");
		assertThat(Catalogues.LOADS).hasValue(3);
		service.tool("mail");
		assertThat(Catalogues.LOADS).hasValue(3);
	}

	@Test
	void aTagThatIsEvictedWhileRedisIsDownIsEvictedWhenItIsBack() {
		TestInstance<Catalogues> instance = open();
		Catalogues there = open().service();
		instance.service().tool("search");
		awaitEntry("tools:search");
		this.redis.cli("SAVE");
		this.redis.kill();

		instance.service().changeTool("search");

		this.redis.start();
		instance.awaitUp();
		await().atMost(Duration.ofMinutes(1)).until(() -> instance.engine().evictions().pendingCount() == 0);
		there.tool("search");
		assertThat(Catalogues.LOADS).hasValue(2);
	}

	@Test
	void beyondTheMostThatMayBePendingEverythingIsBypassedUntilRedisHasTakenThem() {
		TestInstance<Catalogues> instance = openWith((builder) -> builder.maxPendingEvictions(3));
		TestInstance<Catalogues> other = open();
		Catalogues service = instance.service();
		service.tool("search");
		service.tool("mail");
		service.plain("a");
		awaitEntries(3);
		this.redis.cli("CONFIG", "SET", "min-replicas-to-write", "1");
		try {
			for (int i = 0; i < 20; i++) {
				service.changeTool("other-" + i);
			}
			service.changeTools(List.of("search", "another"));
			assertThat(instance.engine().evictions().pendingCount()).isEqualTo(4);

			int before = Catalogues.LOADS.get();
			for (int round = 0; round < 2; round++) {
				service.tool("search");
				service.tool("mail");
				service.plain("a");
				service.tool("new");
			}
			assertThat(Catalogues.LOADS).hasValue(before + 8);
			assertThat(other.service().tool("search")).isEqualTo("search");
			assertThat(Catalogues.LOADS).as("another instance").hasValue(before + 8);
		}
		finally {
			this.redis.cli("CONFIG", "SET", "min-replicas-to-write", "0");
		}
		await().atMost(Duration.ofMinutes(1)).until(() -> instance.engine().evictions().pendingCount() == 0);

		int before = Catalogues.LOADS.get();
		List.of("search", "mail", "new").forEach(other.service()::tool);
		other.service().plain("a");
		assertThat(Catalogues.LOADS).as("all of it is evicted").hasValue(before + 4);
		awaitEntries(4);
		List.of("search", "mail", "new").forEach(service::tool);
		service.plain("a");
		assertThat(Catalogues.LOADS).as("and cached again").hasValue(before + 4);
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void aLoadThatRunsIsNeitherHandedOnNorStoredWhenItsTagIsBeyondTheMostThatMayBePending(boolean stored)
			throws Exception {
		TestInstance<Catalogues> instance = openWith((builder) -> builder.maxPendingEvictions(3));
		Catalogues here = instance.service();
		Catalogues.offer("org-1", "search");
		Catalogues.unstored = !stored;
		CountDownLatch go = Catalogues.holdLoads();
		CompletableFuture<List<String>> loading = CompletableFuture.supplyAsync(() -> here.list("org-1"), Threads.OWN);
		Catalogues.awaitHeld();
		Catalogues.offer("org-1", "search", "mail");
		this.redis.cli("CONFIG", "SET", "min-replicas-to-write", "1");
		try {
			List.of("a", "b", "c", "search").forEach(here::changeTool);
			assertThat(instance.engine().evictions().pendingCount()).isEqualTo(4);

			CompletableFuture<List<String>> later = CompletableFuture.supplyAsync(() -> here.list("org-1"),
					Threads.OWN);
			assertThat(later.get(1, TimeUnit.MINUTES)).containsExactly("search", "mail");
			go.countDown();
			assertThat(loading.get(1, TimeUnit.MINUTES)).containsExactly("search");
		}
		finally {
			this.redis.cli("CONFIG", "SET", "min-replicas-to-write", "0");
		}
		await().atMost(Duration.ofMinutes(1)).until(() -> instance.engine().evictions().pendingCount() == 0);
		Catalogues.unstored = false;
		assertThat(here.list("org-1")).containsExactly("search", "mail");
		assertThat(open().service().list("org-1")).containsExactly("search", "mail");
	}

	@Test
	void whoDistrustsRestartsTrustsNoEntryWithTagsFromBeforeOne() {
		TestInstance<Catalogues> instance = openWith((builder) -> builder.distrustRestarts(true));
		Catalogues service = instance.service();
		service.tool("search");
		service.tool("mail");
		awaitEntries(2);
		this.redis.cli("SAVE");
		service.changeTool("search");

		this.redis.kill();
		this.redis.start();
		assertThat(this.redis.number("EXISTS", "tools:search", "tools:mail")).isEqualTo(2);
		instance.awaitUp();

		service.tool("search");
		service.tool("mail");
		assertThat(Catalogues.LOADS).hasValue(4);
		awaitEntries(2);
		service.tool("search");
		service.tool("mail");
		assertThat(Catalogues.LOADS).as("what was stored since").hasValue(4);
		service.changeTool("mail");
		service.tool("search");
		service.tool("mail");
		assertThat(Catalogues.LOADS).hasValue(5);
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void aLoadWithTagsThatRunsWhileRedisRestartsFromADumpIsNotStored(boolean distrust) throws Exception {
		TestInstance<Catalogues> instance = openWith(
				(builder) -> builder.distrustRestarts(distrust).defaults(SETTINGS.withLease(Duration.ofMinutes(1))));
		CountDownLatch go = Catalogues.holdLoads();
		CompletableFuture<String> loading = CompletableFuture.supplyAsync(() -> instance.service().tool("search"),
				Threads.OWN);
		Catalogues.awaitHeld();
		this.redis.cli("SAVE");
		instance.service().changeTool("search");

		this.redis.kill();
		this.redis.start();
		instance.awaitUp();
		go.countDown();
		loading.get(1, TimeUnit.MINUTES);

		open().service().tool("search");
		assertThat(Catalogues.LOADS).hasValue(2);
	}

	// What others see

	@Test
	void theLogSaysIt(CapturedOutput output) {
		Catalogues service = open().service();
		service.tool("search");
		// Stored a moment after it is returned: before that there is nothing to count.
		awaitEntry("tools:search");
		ch.qos.logback.classic.Logger logger = (ch.qos.logback.classic.Logger) org.slf4j.LoggerFactory
			.getLogger("dev.cachestarter");
		logger.setLevel(ch.qos.logback.classic.Level.DEBUG);
		try {
			service.changeTool("search");
			service.changeTools(List.of("search", "mail"));
		}
		finally {
			logger.setLevel(null);
		}

		assertThat(output).contains("Cache INVALIDATE (tag: tool:search, count: 1)")
			.contains("Cache INVALIDATE (tags: 2, count: 1)");
	}

	@Test
	void withoutTagsAnEntryIsWrittenAsEver() {
		Catalogues service = open().service();
		service.plain("a");
		service.tool("a");

		awaitEntry("plain:a");
		assertThat(this.redis.bytes("plain:a")).asString().startsWith("cs2 v ").endsWith("\n\"a\"");
		awaitEntry("tools:a");
		assertThat(this.redis.bytes("tools:a")).asString()
			.startsWith("cs3 v ")
			.containsPattern("\n1  000029\n[0-9a-f]{16} 0006 tool:a\n\"a\"$");
	}

	// Helpers

	private TestInstance<Catalogues> open() {
		return open((settings) -> settings);
	}

	private TestInstance<Catalogues> open(java.util.function.UnaryOperator<CacheSettings> settings) {
		return openWith((builder) -> builder.defaults(settings.apply(SETTINGS)));
	}

	private TestInstance<Catalogues> openWith(Consumer<ResilientRedisCacheManager.Builder> more) {
		Consumer<ResilientRedisCacheManager.Builder> builder = (manager) -> {
			TestInstance.patient(manager);
			manager.defaults(SETTINGS);
			more.accept(manager);
		};
		TestInstance<Catalogues> instance = TestInstance.of(Catalogues.class, this.redis.host(), this.redis.port(),
				builder);
		this.opened.add(instance);
		return instance.awaitUp();
	}

	private void awaitEntry(String key) {
		await().atMost(Duration.ofMinutes(1))
			.until(() -> String.valueOf(this.redis.cli("GETRANGE", key, "4", "4")).equals("v"));
	}

	/** What was loaded is stored a moment later. */
	private void awaitEntries(int number) {
		await().atMost(Duration.ofMinutes(1)).until(() -> {
			List<?> keys = (List<?>) this.redis.cli("KEYS", "[a-z]*");
			return keys.stream()
				.filter((key) -> String.valueOf(this.redis.cli("GETRANGE", key.toString(), "0", "4")).endsWith(" v"))
				.count() == number;
		});
	}

	private void awaitStale(String key) {
		awaitEntry(key);
		await().atMost(Duration.ofMinutes(1)).until(() -> {
			long until = Long.parseLong(String.valueOf(this.redis.cli("GETRANGE", key, "120", "132")));
			return System.currentTimeMillis() > until + 100;
		});
	}

	private @Nullable String generation(String tag) {
		Object there = this.redis.cli("GET", "~t:" + tag);
		return (there != null) ? there.toString() : null;
	}

	private int commands(String name, Runnable action) {
		this.redis.cli("CONFIG", "RESETSTAT");
		action.run();
		java.util.regex.Matcher matcher = java.util.regex.Pattern.compile("cmdstat_" + name + ":calls=(\\d+)")
			.matcher(String.valueOf(this.redis.cli("INFO", "commandstats")));
		return matcher.find() ? Integer.parseInt(matcher.group(1)) : 0;
	}

	enum Way {

		PLAIN {
			@Override
			Object call(Catalogues service, String org) {
				return service.list(org);
			}
		},

		SYNC {
			@Override
			Object call(Catalogues service, String org) {
				return service.listInSync(org);
			}
		},

		FUTURE {
			@Override
			Object call(Catalogues service, String org) {
				return service.listLater(org).join();
			}
		},

		MONO {
			@Override
			Object call(Catalogues service, String org) {
				return service.listReactively(org).block();
			}
		};

		abstract Object call(Catalogues service, String org);

	}

	@Target(ElementType.METHOD)
	@Retention(RetentionPolicy.RUNTIME)
	@Cacheable("composed")
	@CacheTag("composed")
	@interface Composed {

	}

	static class Catalogues {

		static final AtomicInteger LOADS = new AtomicInteger();

		static final Map<String, List<String>> OFFERS = new ConcurrentHashMap<>();

		static volatile @Nullable CountDownLatch hold;

		static volatile CountDownLatch held = new CountDownLatch(1);

		static volatile boolean failing;

		static volatile boolean unstored;

		static void reset() {
			CountDownLatch waiting = hold;
			hold = null;
			if (waiting != null) {
				waiting.countDown();
			}
			LOADS.set(0);
			OFFERS.clear();
			held = new CountDownLatch(1);
			failing = false;
			unstored = false;
		}

		static void offer(String org, String... tools) {
			OFFERS.put(org, List.of(tools));
		}

		static CountDownLatch holdLoads() {
			CountDownLatch latch = new CountDownLatch(1);
			hold = latch;
			return latch;
		}

		static void awaitHeld() throws InterruptedException {
			assertThat(held.await(1, TimeUnit.MINUTES)).isTrue();
			hold = null;
		}

		static void awaitNoHold() {
			hold = null;
		}

		static boolean isHeld() {
			return held.getCount() == 0;
		}

		private static <T> T loaded(T value) {
			CountDownLatch latch = hold;
			if (latch != null) {
				held.countDown();
				try {
					latch.await(1, TimeUnit.MINUTES);
				}
				catch (InterruptedException ex) {
					Thread.currentThread().interrupt();
				}
			}
			if (failing) {
				throw new IllegalStateException("of the test");
			}
			LOADS.incrementAndGet();
			return value;
		}

		public boolean isUnstored() {
			return unstored;
		}

		@Cacheable(cacheNames = "lists", unless = "#root.target.isUnstored()")
		@CacheTag("tool:#{#result}")
		public List<String> list(String org) {
			return loaded(OFFERS.getOrDefault(org, List.of()));
		}

		@Cacheable(cacheNames = "lists", sync = true)
		@CacheTag("tool:#{#result}")
		public List<String> listInSync(String org) {
			return loaded(OFFERS.getOrDefault(org, List.of()));
		}

		@Cacheable("lists")
		@CacheTag("tool:#{#result}")
		public CompletableFuture<List<String>> listLater(String org) {
			return CompletableFuture.supplyAsync(() -> loaded(OFFERS.getOrDefault(org, List.of())), Threads.OWN);
		}

		@Cacheable("lists")
		@CacheTag("tool:#{#result}")
		public Mono<List<String>> listReactively(String org) {
			return Mono.fromSupplier(() -> loaded(OFFERS.getOrDefault(org, List.of())));
		}

		@Cacheable("tools")
		@CacheTag("tool:#{#name}")
		public String tool(String name) {
			return loaded(name);
		}

		@CacheableAll("tools")
		@CacheTag("tool:#{#result}")
		public Map<String, String> tools(Collection<String> names) {
			Map<String, String> tools = new LinkedHashMap<>();
			names.forEach((name) -> tools.put(name, name));
			return loaded(tools);
		}

		@Cacheable("found")
		@CacheTag("name:#{#name}")
		@CacheTag("owner:#{#result?.length()}")
		public @Nullable String find(String name) {
			return loaded(null);
		}

		@Cacheable(cacheNames = "several", key = "#key")
		@CacheTag("kind:#{#kinds}")
		@CacheTag("owner:#{#owner}")
		@CacheTag("fixed")
		public String several(String key, Collection<String> kinds, Optional<String> owner) {
			return loaded(key);
		}

		@Cacheable(cacheNames = "many", key = "#tags.size()")
		@CacheTag("#{#tags}")
		public String many(List<String> tags) {
			return loaded("many");
		}

		@Cacheable("broken")
		@CacheTag("#{#result.nothing}")
		public String broken(String name) {
			return loaded(name);
		}

		@Cacheable("plain")
		public String plain(String name) {
			return loaded(name);
		}

		@Composed
		public String composed(String name) {
			return loaded(name);
		}

		@CachePut(cacheNames = "tools", key = "#name")
		@CacheTag("tool:#{#name}")
		public String save(String name, String value) {
			hold();
			return value;
		}

		@CachePut(cacheNames = "tools", key = "#result")
		@CacheTag("tool:#{#result}")
		public String saveByResult(String name) {
			hold();
			return name;
		}

		private static void hold() {
			loaded("");
			LOADS.decrementAndGet();
		}

		@CacheEvictTag("tool:#{#name}")
		public void changeTool(String name) {
		}

		@CacheEvictTag("tool:#{#names}")
		public void changeTools(List<String> names) {
		}

		@CacheEvictTag("tool:#{#result}")
		public String rename(String from, String to) {
			return to;
		}

		@CacheEvictTag(tag = "tool:#{#name}", condition = "#really")
		public void changeIf(String name, boolean really) {
		}

		@CacheEvictTag("tool:#{#name}")
		public void failing(String name) {
			throw new IllegalStateException("of the test");
		}

		@CacheEvictTag(tag = "tool:#{#name}", beforeInvocation = true)
		public void failingAfterEviction(String name) {
			throw new IllegalStateException("of the test");
		}

		@CacheEvictTag("tool:#{#result}")
		public CompletableFuture<String> changeLater(String name) {
			return CompletableFuture.supplyAsync(() -> name, Threads.OWN);
		}

		@CacheEvictTag("tool:#{#result}")
		public Mono<String> changeReactively(String name) {
			return Mono.just(name);
		}

		@CacheEvictTag("#{#tag}")
		public void evict(String tag) {
		}

	}

	static class Blank {

		@Cacheable("a")
		@CacheTag
		public String find(String name) {
			return name;
		}

	}

	static class NoVariable {

		@Cacheable("a")
		@CacheTag("#{#nobody}")
		public String find(String name) {
			return name;
		}

	}

	static class ResultBefore {

		@CacheEvictTag(tag = "#{#result}", beforeInvocation = true)
		public String change(String name) {
			return name;
		}

	}

	static class StoresNothing {

		@CacheTag("a")
		@CacheEvictTag("b")
		public String change(String name) {
			return name;
		}

	}

	static class NoTemplate {

		@Cacheable("a")
		@CacheTag("#{#name")
		public String find(String name) {
			return name;
		}

	}

}
