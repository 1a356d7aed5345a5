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

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.transaction.support.TransactionTemplate;

import dev.cachestarter.NearCacheRedisTests.Change;
import dev.cachestarter.NearCacheRedisTests.Page;
import dev.cachestarter.NearCacheRedisTests.Pages;
import dev.cachestarter.NearCacheRedisTests.Way;
import dev.cachestarter.cache.Internals;
import dev.cachestarter.testing.FaultProxy.Connection;
import dev.cachestarter.testing.FaultProxy.Direction;
import dev.cachestarter.testing.FaultProxy;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Transactions;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Copies in memory that count until Redis says that they have changed.
 */
@WithRedis(local = true)
class NearTrackRedisTests {

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	/** What the instance itself does is seen by its next read. */
	private static final Set<Change> OWN = Set.of(Change.OWN_EVICTION, Change.OWN_PUT, Change.OWN_EVICTION_OF_ITS_GROUP,
			Change.OWN_EVICTION_BY_PATTERN, Change.OWN_CLEAR, Change.OWN_DELETION_BY_ITS_WHOLE_KEY);

	private static final Pattern CALLS = Pattern.compile("cmdstat_([a-z]+):calls=(\\d+)");

	private static final Pattern TRACKED = Pattern.compile("addr=\\S+:(\\d+) laddr.* flags=\\w*t");

	private final RedisServer redis;

	private final TestInstance<Pages> instance;

	private final TestInstance<Pages> other;

	NearTrackRedisTests(RedisServer redis) {
		this.redis = redis;
		redis.flushAll();
		Pages.VERSIONS.clear();
		Pages.LOADS.set(0);
		this.instance = instance((settings) -> settings);
		this.other = instance((settings) -> settings);
	}

	@AfterEach
	void close() {
		this.redis.cli("CONFIG", "SET", "min-replicas-to-write", "0");
		this.instance.close();
		this.other.close();
	}

	// What it spares

	@Test
	void aHitAsksRedisNothing() {
		Page first = tracked("t1", "1");
		long before = unasked();
		this.redis.cli("CONFIG", "RESETSTAT");

		for (int i = 0; i < 1000; i++) {
			assertThat(this.instance.service().find("t1", "1")).isSameAs(first);
		}

		// But for a canary, or a machine that stood still for a second.
		assertThat(unasked() - before).isBetween(900L, 1000L);
		assertThat(asked().values().stream().mapToInt(Integer::intValue).sum()).isLessThan(210);
		assertThat(Pages.LOADS).hasValue(1);
	}

	@ParameterizedTest
	@EnumSource
	void everyWayToReadUsesIt(Way way) {
		Page first = tracked("t1", "1");

		await().atMost(PATIENCE).until(() -> {
			long before = unasked();
			assertThat(way.read(this.instance)).isSameAs(first);
			return unasked() > before;
		});
		for (int i = 0; i < 3; i++) {
			assertThat(way.read(this.instance)).isEqualTo(first);
		}
	}

	@Test
	void smallValuesAreWorthACopy() {
		await().atMost(PATIENCE).until(() -> {
			this.instance.service().count("t1", "2");
			return unasked() > 0;
		});
	}

	@Test
	void eachCallerGetsAValueOfItsOwnWhereThatIsSet() {
		try (TestInstance<Pages> copying = instance((settings) -> settings.withNear(settings.near().withCopy(true)))) {
			Page first = tracked(copying, "t1", "1");
			long before = unasked(copying);

			Page found = copying.service().find("t1", "1");

			assertThat(found).isEqualTo(first).isNotSameAs(first);
			assertThat(copying.service().findLater("t1", "1").join()).isEqualTo(first).isNotSameAs(found);
			assertThat(unasked(copying)).isGreaterThan(before);
		}
	}

	@Test
	void redisIsToldOfHitsThatItIsNotAskedAbout() {
		tracked("t1", "1");
		this.redis.cli("CONFIG", "RESETSTAT");

		await().atMost(PATIENCE).until(() -> {
			this.instance.service().find("t1", "1");
			return String.valueOf(this.redis.cli("INFO", "commandstats")).contains("cmdstat_touch:calls=");
		});
	}

	@Test
	void whatIsReadOnceIsNeitherKeptNorRememberedByRedis() {
		tracked("t1", "0");
		for (int i = 1; i <= 300; i++) {
			this.other.service().find("t1", String.valueOf(i));
		}
		for (int i = 1; i <= 300; i++) {
			String key = "pages:t1:" + i;
			await().atMost(PATIENCE).until(() -> this.redis.number("STRLEN", key) > 148);
		}

		for (int i = 1; i <= 300; i++) {
			this.instance.service().find("t1", String.valueOf(i));
		}

		assertThat(Objects.requireNonNull(this.instance.engine().near("pages")).entries()).isLessThan(60);
		assertThat(Long.parseLong(this.redis.info("tracking_total_keys"))).isLessThan(60);
	}

	// How old it may be

	@ParameterizedTest
	@EnumSource
	void whateverChangesWhatIsInRedisIsSeen(Change change) {
		tracked("t1", "1");
		Pages.VERSIONS.put("t1:1", 1);

		change.by(this.instance, this.other, this.redis);

		if (OWN.contains(change)) {
			assertThat(this.instance.service().find("t1", "1").version()).isEqualTo(1);
		}
		await().atMost(PATIENCE).until(() -> this.instance.service().find("t1", "1").version() == 1);
		assertThat(tracked("t1", "1").version()).isEqualTo(1);
	}

	@Test
	void aGenerationThatLivesLongerCostsNoCopy() {
		for (int i = 0; i < 50; i++) {
			tracked("t1", String.valueOf(i));
		}
		long messages = this.instance.engine().track().condition().pushes();
		this.redis.cli("CONFIG", "RESETSTAT");

		this.redis.cli("PEXPIRE", "~g:pages", "7200000");
		this.redis.cli("PEXPIRE", "~g:pages~:t1", "7200000");

		await().atMost(PATIENCE).until(() -> this.instance.engine().track().condition().pushes() >= messages + 2);
		long hits = nearHits();
		for (int i = 0; i < 50; i++) {
			this.instance.service().find("t1", String.valueOf(i));
		}
		assertThat(nearHits() - hits).as("no value is read again").isEqualTo(50);
		await().atMost(PATIENCE).until(() -> {
			long before = unasked();
			this.instance.service().find("t1", "7");
			return unasked() > before;
		});
		assertThat(Pages.LOADS).hasValue(50);
	}

	@Test
	void whileAnEvictionIsPendingTheCopyIsNotServed() {
		tracked("t1", "1");
		tracked("t1", "2");
		Pages.VERSIONS.put("t1:1", 1);
		this.redis.cli("CONFIG", "SET", "min-replicas-to-write", "1");

		this.instance.service().changed("t1", "1");

		assertThat(this.instance.engine().evictions().pendingCount()).isPositive();
		assertThat(this.instance.service().find("t1", "1").version()).isEqualTo(1);
		this.redis.cli("CONFIG", "SET", "min-replicas-to-write", "0");
		await().atMost(PATIENCE).until(() -> this.instance.engine().evictions().pendingCount() == 0);
		assertThat(this.instance.service().find("t1", "1").version()).isEqualTo(1);
	}

	/** Nothing has dropped the copies: they are many, and Redis has not answered. */
	@Test
	void whileAnEvictionOfAGroupIsPendingItsCopiesAreNotServed() {
		tracked("t1", "1");
		tracked("t1", "1");
		Pages.VERSIONS.put("t1:1", 1);
		this.redis.cli("CONFIG", "SET", "min-replicas-to-write", "1");

		this.instance.cache("pages").clear("t1:*");

		assertThat(this.instance.engine().evictions().pendingCount()).isPositive();
		assertThat(this.instance.service().find("t1", "1").version()).isEqualTo(1);
	}

	/** The lease is all that was written, and it is told of by nobody but ourselves. */
	@Test
	void aPutThatStoresNothingIsSeenAtOnceThoughTheMessageIsLate() {
		try (FaultProxy proxy = FaultProxy.inFrontOf(this.redis); TestInstance<Pages> behind = behind(proxy)) {
			await().atMost(PATIENCE).until(() -> {
				int version = tracked(behind, "t1", "1").version();
				Connection tracked = tracked(proxy);
				tracked.holdBack(Direction.REPLIES);

				behind.service().putNothing("t1", "1");
				int found = behind.service().find("t1", "1").version();

				// Else Redis was asked because of a machine that stood still.
				boolean counts = isGood(behind);
				tracked.release();
				assertThat(found).isEqualTo(version + 1);
				return counts;
			});
		}
	}

	/** It may be one of ours that is given back at this moment over that connection. */
	@Test
	void aLeaseIsLookedAtOnceMoreOverTheConnectionThatItIsGivenBackOn() throws Exception {
		try (FaultProxy proxy = FaultProxy.inFrontOf(this.redis); TestInstance<Pages> behind = behind(proxy)) {
			tracked(behind, "t1", "1");
			String header = new String(Objects.requireNonNull(this.redis.bytes("pages:t1:1")),
					StandardCharsets.ISO_8859_1)
				.substring(0, 148);
			this.redis.cli("SET", "pages:t1:1", header.replace("cs2 v", "cs2 l"), "PX", "60000");
			Connection tracked = tracked(proxy);
			List<Connection> others = proxy.connections().stream().filter((each) -> each != tracked).toList();
			others.forEach((each) -> each.holdBack(Direction.REQUESTS));

			CompletableFuture<Optional<Page>> look = CompletableFuture
				.supplyAsync(() -> behind.cacheService().get("pages:t1:1", Page.class));
			// Redis has answered with the lease, and is asked once more.
			await().atMost(PATIENCE).until(() -> look.isDone() || proxy.heldBytes() > 0);
			this.other.service().put("t1", "1");
			others.forEach(Connection::release);

			assertThat(look.get(1, TimeUnit.MINUTES)).isPresent();
		}
	}

	@Test
	void aTransactionBypassesWhatItHasEvicted() {
		tracked("t1", "1");
		Pages.VERSIONS.put("t1:1", 1);
		TransactionTemplate transaction = new TransactionTemplate(new Transactions());

		transaction.executeWithoutResult((status) -> {
			this.instance.cache("pages").clear("t1:*");
			assertThat(this.instance.service().find("t1", "1").version()).as("in the transaction").isEqualTo(1);
			status.setRollbackOnly();
		});

		assertThat(this.instance.service().find("t1", "1").version()).as("nothing was evicted").isZero();
	}

	@Test
	void whenTheSessionIsLostRedisIsAskedUntilThereIsAnother() {
		tracked("t1", "1");
		Pages.VERSIONS.put("t1:1", 1);
		long session = this.instance.engine().nearTracking().tracking().session();

		killTrackedConnections();
		await().atMost(PATIENCE).until(() -> this.instance.engine().nearTracking().tracking().session() > session);
		this.redis.cli("DEL", "pages:t1:1");

		assertThat(this.instance.service().find("t1", "1").version()).isEqualTo(1);
		assertThat(tracked("t1", "1").version()).isEqualTo(1);
	}

	/** Copies may be kept for an outage, which this is none. */
	@ParameterizedTest
	@CsvSource({ "false, false", "false, true", "true, false", "true, true" })
	void noCopyFromBeforeASessionIsServedAfterIt(boolean serving, boolean goodAgain) {
		try (TestInstance<Pages> each = instance((settings) -> settings
			.withNear(settings.near().withServeWhileDisconnected(serving ? Duration.ofHours(1) : Duration.ZERO)))) {
			for (int i = 0; i < 10; i++) {
				tracked(each, "t1", String.valueOf(i));
			}
			long session = each.engine().nearTracking().tracking().session();

			killTrackedConnections();
			await().atMost(PATIENCE).until(() -> each.engine().nearTracking().tracking().session() > session);
			// Nobody is told of this.
			for (int i = 0; i < 10; i++) {
				Pages.VERSIONS.put("t1:" + i, 1);
				this.redis.cli("DEL", "pages:t1:" + i);
			}
			if (goodAgain) {
				await().atMost(PATIENCE).until(() -> isGood(each));
			}

			for (int i = 0; i < 10; i++) {
				assertThat(each.service().find("t1", String.valueOf(i)).version()).isEqualTo(1);
			}
			assertThat(tracked(each, "t1", "1").version()).isEqualTo(1);
		}
	}

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void noCopyFromBeforeAManagerWasStoppedIsServedFromThenOn(boolean serving) {
		try (TestInstance<Pages> each = instance((settings) -> settings
			.withNear(settings.near().withServeWhileDisconnected(serving ? Duration.ofHours(1) : Duration.ZERO)))) {
			tracked(each, "t1", "1");
			tracked(each, "t1", "2");

			each.manager().stop();
			for (String id : List.of("1", "2")) {
				Pages.VERSIONS.put("t1:" + id, 1);
				this.redis.cli("DEL", "pages:t1:" + id);
			}
			assertThat(each.service().find("t1", "1").version()).as("stopped").isEqualTo(1);
			each.manager().start();
			await().atMost(PATIENCE).until(() -> isGood(each));

			assertThat(each.service().find("t1", "2").version()).as("started").isEqualTo(1);
			assertThat(tracked(each, "t1", "1").version()).isEqualTo(1);
		}
	}

	// What lives longer

	/** Zero is for ever. */
	@ParameterizedTest
	@ValueSource(ints = { 30, 0 })
	void generationsThatAnotherInstanceHasLiveLongerCostNoCopy(int days) {
		for (int i = 0; i < 50; i++) {
			tracked("t1", String.valueOf(i));
		}
		long messages = pushes();
		try (TestInstance<Pages> lasting = instance(
				(settings) -> settings.withTtl(Duration.ofDays(days)).withTtlJitter(0))) {
			lasting.service().find("t1", "lasting");
			for (String generation : List.of("~g:pages", "~g:pages~:t1")) {
				await().atMost(PATIENCE).until(() -> {
					long left = this.redis.number("PTTL", generation);
					return (days == 0) ? left == -1 : left > Duration.ofDays(days).toMillis();
				});
			}
		}

		await().atMost(PATIENCE).until(() -> pushes() >= messages + 2);
		long hits = nearHits();
		for (int i = 0; i < 50; i++) {
			assertThat(this.instance.service().find("t1", String.valueOf(i)).version()).isZero();
		}
		assertThat(nearHits() - hits).as("no value is read again").isEqualTo(50);
		await().atMost(PATIENCE).until(() -> {
			long before = unasked();
			this.instance.service().find("t1", "7");
			return unasked() > before;
		});
		assertThat(Pages.LOADS).hasValue(51);
	}

	/** Each instance looks after them, and most find that they live long enough. */
	@Test
	void ofGenerationsThatLiveLongEnoughNothingIsTold() {
		tracked("t1", "1");
		long messages = pushes();
		this.redis.cli("CONFIG", "RESETSTAT");
		try (TestInstance<Pages> third = instance((settings) -> settings)) {
			third.service().find("t1", "third");
			await().atMost(PATIENCE).until(() -> calls("pttl") >= 2);
		}

		this.redis.cli("DEL", "pages:t1:1");

		await().atMost(PATIENCE).until(() -> pushes() > messages);
		assertThat(pushes()).as("of the key alone").isEqualTo(messages + 1);
	}

	/** As one with {@code refresh-ahead} does, and a load that takes its time. */
	@Test
	void aClaimOfAnotherInstanceCostsNoMoreThanAnotherRead() {
		Page first = tracked("t1", "1");
		long messages = pushes();

		this.redis.cli("SETRANGE", "pages:t1:1", "23",
				"0123456789abcdef %013d".formatted(System.currentTimeMillis() + 60_000));

		await().atMost(PATIENCE).until(() -> pushes() > messages);
		Page again = tracked("t1", "1");
		assertThat(again).isEqualTo(first).isNotSameAs(first);
		assertThat(Pages.LOADS).hasValue(1);
	}

	@Test
	void anEntryThatIsMadeToLiveLongerIsNotServedPastTheTimeOfItsValue() {
		try (TestInstance<Pages> brief = instance(
				(settings) -> settings.withTtl(Duration.ofSeconds(2)).withTtlJitter(0))) {
			brief.service().find("t1", "1");
			await().atMost(PATIENCE).until(() -> this.redis.number("STRLEN", "pages:t1:1") > 148);
			long fresh = Long.parseLong(
					new String(Objects.requireNonNull(this.redis.bytes("pages:t1:1")), StandardCharsets.ISO_8859_1)
						.substring(120, 133));
			this.redis.cli("PERSIST", "pages:t1:1");
			Pages.VERSIONS.put("t1:1", 1);

			await().atMost(PATIENCE).until(() -> {
				boolean over = System.currentTimeMillis() > fresh;
				int version = brief.service().find("t1", "1").version();
				assertThat(over && version == 0).isFalse();
				return over;
			});
		}
	}

	@Test
	void aCopyPastItsTimeIsNotServedThoughRedisKeepsItsEntry() {
		try (TestInstance<Pages> stale = instance((settings) -> settings.withTtl(Duration.ofSeconds(2))
			.withTtlJitter(0)
			.withStaleIfError(Duration.ofHours(1)))) {
			stale.service().find("t1", "1");
			Pages.VERSIONS.put("t1:1", 1);

			await().atMost(PATIENCE).until(() -> stale.service().find("t1", "1").version() == 1);
		}
	}

	// While Redis is gone

	@Test
	void whileRedisIsGoneCopiesAreServedOnlyWhereThatIsSetAndNotWhatWasEvictedHere() {
		TestInstance<Pages> strict = impatient(Duration.ZERO);
		TestInstance<Pages> serving = impatient(Duration.ofHours(1));
		try (strict; serving) {
			for (TestInstance<Pages> each : List.of(strict, serving)) {
				each.awaitUp();
				tracked(each, "t1", "1");
				tracked(each, "t1", "2");
			}
			Pages.VERSIONS.put("t1:1", 1);
			Pages.VERSIONS.put("t1:2", 1);
			this.redis.pause();
			try {
				for (TestInstance<Pages> each : List.of(strict, serving)) {
					await().atMost(PATIENCE).until(() -> {
						each.service().changed("t1", "2");
						return !each.engine().link().isUp() && !isGood(each);
					});
				}

				assertThat(strict.service().find("t1", "1").version()).isEqualTo(1);
				assertThat(serving.service().find("t1", "1").version()).isZero();
				assertThat(serving.service().find("t1", "2").version()).as("evicted here").isEqualTo(1);
			}
			finally {
				this.redis.resume();
			}
		}
	}

	// Fixture

	private static boolean isGood(TestInstance<Pages> instance) {
		dev.cachestarter.engine.redis.Tracking tracking = instance.engine().nearTracking().tracking();
		return tracking.isGood(tracking.session());
	}

	private TestInstance<Pages> behind(FaultProxy proxy) {
		return TestInstance
			.of(Pages.class, proxy.host(), proxy.port(),
					(builder) -> Internals.link(builder
						.defaults(track(CacheSettings.defaults().withTtl(Duration.ofHours(1)), (near) -> near))
						.caches(List.of("pages")), Interleavings.PATIENT))
			.awaitUp();
	}

	private Connection tracked(FaultProxy proxy) {
		Set<Integer> ports = new HashSet<>();
		Matcher clients = TRACKED.matcher(String.valueOf(this.redis.cli("CLIENT", "LIST")));
		while (clients.find()) {
			ports.add(Integer.valueOf(clients.group(1)));
		}
		return proxy.connections()
			.stream()
			.filter((connection) -> ports.contains(connection.portAtServer()))
			.findFirst()
			.orElseThrow();
	}

	private TestInstance<Pages> impatient(Duration serveWhileDisconnected) {
		return TestInstance.of(Pages.class, this.redis.host(), this.redis.port(),
				(builder) -> builder
					.defaults(track(CacheSettings.defaults(),
							(near) -> near.withServeWhileDisconnected(serveWhileDisconnected)))
					.caches(List.of("pages")));
	}

	private TestInstance<Pages> instance(UnaryOperator<CacheSettings> change) {
		TestInstance<Pages> made = TestInstance.of(Pages.class, this.redis.host(), this.redis.port(),
				(builder) -> Internals.link(builder
					.defaults(
							change.apply(track(CacheSettings.defaults().withTtl(Duration.ofHours(1)), (near) -> near)))
					.caches(List.of("pages")), Interleavings.PATIENT));
		return made.awaitUp();
	}

	private static CacheSettings track(CacheSettings settings, UnaryOperator<NearSettings> change) {
		return settings.withNear(change.apply(settings.near().withMode(NearSettings.Mode.TRACK)));
	}

	/** Have a page in Redis, and a copy of it that is served without asking. */
	private Page tracked(String tenant, String id) {
		return tracked(this.instance, tenant, id);
	}

	private Page tracked(TestInstance<Pages> of, String tenant, String id) {
		Page[] found = new Page[1];
		await().atMost(PATIENCE).pollInterval(Duration.ofMillis(5)).until(() -> {
			long before = unasked(of);
			found[0] = of.service().find(tenant, id);
			return unasked(of) > before;
		});
		return found[0];
	}

	private void killTrackedConnections() {
		for (String client : String.valueOf(this.redis.cli("CLIENT", "LIST")).split("\n")) {
			Matcher id = Pattern.compile("\\bid=(\\d+) .*flags=\\w*t").matcher(client);
			if (id.find()) {
				this.redis.cli("CLIENT", "KILL", "ID", id.group(1));
			}
		}
	}

	private long pushes() {
		return this.instance.engine().track().condition().pushes();
	}

	private long calls(String command) {
		Matcher matcher = Pattern.compile("cmdstat_" + command + ":calls=(\\d+)")
			.matcher(String.valueOf(this.redis.cli("INFO", "commandstats")));
		return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
	}

	private long nearHits() {
		return this.instance.counters("pages").nearHits();
	}

	private long unasked() {
		return unasked(this.instance);
	}

	private static long unasked(TestInstance<Pages> of) {
		return of.counters("pages").nearHitsUnasked();
	}

	private Map<String, Integer> asked() {
		Map<String, Integer> calls = new TreeMap<>();
		Matcher matcher = CALLS.matcher(String.valueOf(this.redis.cli("INFO", "commandstats")));
		while (matcher.find()) {
			if (matcher.group(1).matches("mget|get|getrange")) {
				calls.put(matcher.group(1), Integer.valueOf(matcher.group(2)));
			}
		}
		return calls;
	}

}
