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

package dev.cachestarter.engine.entry;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.CacheService;
import dev.cachestarter.CacheSnapshot;
import dev.cachestarter.CacheTag;
import dev.cachestarter.TestInstance;
import dev.cachestarter.cache.Internals;
import dev.cachestarter.engine.entry.Sweeper.Pace;
import dev.cachestarter.engine.entry.Target.Group;
import dev.cachestarter.testing.FaultProxy;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The sweep: all that is due in one walk, by one instance at a time, whoever evicted it
 * and whoever dies.
 */
@WithRedis
class SweeperRedisTests {

	private static final Duration LONG = Duration.ofMinutes(1);

	private static final Pace EAGER = EagerSweeper.PACE;

	/** A tenth of a second after every few keys. */
	private static final Pace SLOW = new Pace(Duration.ofMillis(20), Duration.ofMillis(100), Duration.ofMillis(200),
			Duration.ofSeconds(3), 5, 1_000_000, Duration.ofMillis(100));

	private final Logger logger = (Logger) LoggerFactory.getLogger("dev.cachestarter");

	private final ListAppender<ILoggingEvent> log = new ListAppender<>();

	private final RedisServer redis;

	private final List<AutoCloseable> opened = new ArrayList<>();

	SweeperRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@BeforeEach
	void listen() {
		this.logger.setLevel(Level.DEBUG);
		this.log.start();
		this.logger.addAppender(this.log);
	}

	@AfterEach
	void close() throws Exception {
		this.redis.cli("CONFIG", "SET", "maxmemory", "0");
		for (AutoCloseable one : this.opened) {
			one.close();
		}
		this.logger.detachAppender(this.log);
		this.logger.setLevel(null);
	}

	@Test
	void manyTenantsEvictedAtOnceAreSweptInFewWalksAndCountedEach() {
		TestInstance<Pages> instance = instance();
		List<String> tenants = IntStream.range(0, 200).mapToObj((number) -> "org-" + number).toList();
		for (String tenant : tenants) {
			fill(instance, tenant, 3);
		}
		fill(instance, "bystander", 3);
		await().atMost(LONG).until(() -> this.redis.keys("pages:*").size() == 603);
		long scans = scans();
		// Else the walks that fit into the time that the evictions take are counted, and
		// on a busy machine that is any number.
		this.redis.cli("SET", "~sweep", "another's", "PX", "600000");

		tenants.forEach(instance.service()::changed);
		await().atMost(LONG).until(() -> this.redis.number("HLEN", "~due") == 200);
		assertThat(scans()).isEqualTo(scans);
		this.redis.cli("DEL", "~sweep");

		await().atMost(LONG).until(() -> this.redis.keys("pages:*").size() == 3);
		await().atMost(LONG).until(() -> invalidations().size() == 200);
		assertThat(invalidations()).containsExactlyInAnyOrderElementsOf(tenants.stream()
			.map((tenant) -> "Cache INVALIDATE (pattern: pages:" + tenant + ":*, count: 3)")
			.toList());
		// One page: 603 entries and two generations.
		assertThat(scans() - scans).isBetween(1L, 2L);
		assertThat(this.redis.keys("pages:*")).allMatch((key) -> key.startsWith("pages:bystander:"));
		await().atMost(LONG).until(() -> this.redis.keys("~[sd]*").isEmpty());
	}

	@Test
	void aWholeCacheIsSweptAndCounted() {
		TestInstance<Pages> instance = instance();
		fill(instance, "org-1", 4);
		fill(instance, "org-2", 3);
		await().atMost(LONG).until(() -> this.redis.keys("pages:*").size() == 7);

		instance.service().changed("org-2");
		instance.service().reload();

		await().atMost(LONG).until(() -> invalidations().size() == 2);
		assertThat(this.redis.keys("pages:*")).isEmpty();
		assertThat(invalidations().stream().mapToInt(SweeperRedisTests::countIn).sum()).isEqualTo(7);
	}

	@Test
	void newValuesAndLiveLeasesStayHoweverOftenIsSwept() {
		TestInstance<Pages> instance = instance();
		TestInstance<Pages> other = instance();
		Sweeper sweeper = sweeper(other, EAGER);

		for (int round = 0; round < 300; round++) {
			instance.service().changed("org-1");
			sweeper.sweepLater(new Group("pages", "org-1"));
			instance.service().find("org-1", 1);
			instance.service().find("org-1", 2);
		}

		// Each was evicted and found once in a round: had a sweep taken a lease, a fill
		// had been refused, and had it taken a value, it were not there.
		await().atMost(LONG).until(() -> {
			CacheSnapshot.Counters counters = instance.counters("pages");
			return counters.puts() + counters.refusedFills() == 600;
		});
		assertThat(instance.counters("pages").refusedFills()).isZero();
		await().atMost(LONG).until(() -> this.redis.keys("~[sd]*").isEmpty());
		assertThat(this.redis.keys("pages:*")).containsExactly("pages:org-1:1", "pages:org-1:2");
	}

	@Test
	void nobodySweepsWhileAnotherDoesAndWhatIsDueIsSweptAfterIt() {
		TestInstance<Pages> instance = instance();
		fill(instance, "org-1", 3);
		await().atMost(LONG).until(() -> this.redis.keys("pages:*").size() == 3);
		this.redis.cli("SET", "~sweep", "another's", "PX", "60000");

		instance.service().changed("org-1");
		await().atMost(LONG).until(() -> this.redis.number("HLEN", "~due") == 1);
		sweeper(instance, EAGER);
		await().during(Duration.ofSeconds(1)).atMost(LONG).until(() -> this.redis.keys("pages:*").size() == 3);

		this.redis.cli("DEL", "~sweep");
		await().atMost(LONG).until(() -> this.redis.keys("pages:*").isEmpty());
	}

	@Test
	void whatOneEvictedThatHasDiedWhileItSweptIsSweptByAnother() {
		TestInstance<Pages> dying = instance();
		fill(dying, "org-1", 3);
		await().atMost(LONG).until(() -> this.redis.keys("pages:*").size() == 3);
		this.redis.cli("SET", "~sweep", "of one that dies", "PX", "2000");
		dying.service().changed("org-1");
		await().atMost(LONG).until(() -> this.redis.number("HLEN", "~due") == 1);
		dying.close();

		TestInstance<Pages> other = instance();
		sweeper(other, EAGER);

		await().atMost(LONG).until(() -> this.redis.keys("pages:*").isEmpty());
		await().atMost(LONG).until(() -> invalidations().size() == 1);
		assertThat(invalidations()).containsExactly("Cache INVALIDATE (pattern: pages:org-1:*, count: 3)");
	}

	@Test
	void theLeaseIsRenewedWhileItWalks() {
		TestInstance<Pages> instance = instance();
		fill(instance, "org-1", 300);
		await().atMost(LONG).until(() -> this.redis.keys("pages:*").size() == 300);
		Sweeper sweeper = sweeper(instance, SLOW);
		Set<Object> holders = new HashSet<>();
		AtomicInteger gaps = new AtomicInteger();
		this.redis.cli("DEL", "~g:pages~:org-1");
		long start = System.nanoTime();

		sweeper.sweepLater(new Group("pages", "org-1"));
		await().atMost(LONG).pollInterval(Duration.ofMillis(20)).until(() -> {
			Object holder = this.redis.cli("GET", "~sweep");
			boolean done = invalidations().size() == 1;
			if (holder != null) {
				holders.add(holder);
			}
			else if (!done && !holders.isEmpty()) {
				gaps.incrementAndGet();
			}
			return done;
		});

		assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(SLOW.lease());
		assertThat(holders).hasSize(1);
		assertThat(gaps).hasValue(0);
		assertThat(invalidations()).containsExactly("Cache INVALIDATE (pattern: pages:org-1:*, count: 300)");
	}

	@Test
	void itsEndStopsAWalkGivesTheLeaseBackAndLeavesWhatIsDueToOthers() {
		TestInstance<Pages> instance = instance();
		fill(instance, "org-1", 300);
		await().atMost(LONG).until(() -> this.redis.keys("pages:*").size() == 300);
		Sweeper sweeper = sweeper(instance, SLOW);
		this.redis.cli("DEL", "~g:pages~:org-1");
		sweeper.sweepLater(new Group("pages", "org-1"));
		await().atMost(LONG).until(() -> this.redis.keys("pages:*").size() < 290);

		sweeper.close();

		assertThat(this.redis.number("EXISTS", "~sweep")).isZero();
		assertThat(this.redis.number("HLEN", "~due")).isEqualTo(1);
		assertThat(this.redis.keys("pages:*")).isNotEmpty();
		sweeper(instance, EAGER);
		await().atMost(LONG).until(() -> this.redis.keys("pages:*").isEmpty());
	}

	@Test
	void itSweepsWhenRedisIsOutOfMemory() {
		TestInstance<Pages> instance = instance();
		fill(instance, "org-1", 3);
		await().atMost(LONG).until(() -> this.redis.keys("pages:*").size() == 3);
		this.redis.cli("CONFIG", "SET", "maxmemory", "1");

		instance.service().changed("org-1");

		await().atMost(LONG).until(() -> this.redis.keys("pages:*").isEmpty());
		await().atMost(LONG).until(() -> invalidations().size() == 1);
	}

	@Test
	void entriesOfAnEvictedTagAreSweptFromAllCachesAndOthersStay() {
		TestInstance<Pages> instance = instance();
		CacheService service = instance.manager().getCacheService();
		instance.service().tagged("org-1", List.of("a", "b"));
		instance.service().tagged("org-2", List.of("b"));
		instance.service().alsoTagged(List.of("c", "a"));
		instance.service().find("org-1", 1);
		service.set("notes:a", "note", Duration.ofHours(1), List.of("a"));
		service.set("notes:b", "note", Duration.ofHours(1), List.of("b"));
		await().atMost(LONG).until(() -> keysOfValues().size() == 6);
		sweeper(instance, EAGER);

		service.evictTag("a");

		await().atMost(LONG)
			.untilAsserted(() -> assertThat(keysOfValues()).containsExactly("notes:b", "pages:org-1:1",
					"tagged:org-2:[\"b\"]"));
		await().atMost(LONG).until(() -> this.redis.keys("~[sd]*").isEmpty());
		assertThat(invalidations()).contains("Cache INVALIDATE (entries of evicted tags, count: 3)");
		assertThat(service.get("notes:b", String.class)).contains("note");
	}

	@Test
	void entriesOfATagWhoseGenerationIsLostAreSweptWithTheNext() {
		TestInstance<Pages> instance = instance();
		instance.service().tagged("org-1", List.of("a", "b"));
		instance.service().tagged("org-2", List.of("c"));
		await().atMost(LONG).until(() -> keysOfValues().size() == 2);
		sweeper(instance, EAGER);
		this.redis.cli("DEL", "~t:b");

		instance.manager().getCacheService().evictTag("of nothing");

		await().atMost(LONG).until(() -> keysOfValues().size() == 1);
		assertThat(keysOfValues()).containsExactly("tagged:org-2:[\"c\"]");
	}

	@Test
	void entriesWithManyLongTagsAreSweptLikeOthers() {
		TestInstance<Pages> instance = instance();
		CacheService service = instance.manager().getCacheService();
		for (int entry = 0; entry < 5; entry++) {
			String name = entry + "x".repeat(900);
			service.set("notes:" + entry, "note", Duration.ofHours(1),
					IntStream.range(0, 64).mapToObj((tag) -> (tag == 63) ? "last" : tag + name).toList());
			service.set("short:" + entry, "note", Duration.ofHours(1), List.of("last"));
		}
		service.set("notes:kept", "note", Duration.ofHours(1),
				IntStream.range(0, 64).mapToObj((tag) -> tag + "x".repeat(900)).toList());
		await().atMost(LONG).until(() -> keysOfValues().size() == 11);
		sweeper(instance, EAGER);

		service.evictTag("last");

		await().atMost(LONG).until(() -> keysOfValues().equals(List.of("notes:kept")));
		assertThat(service.get("notes:kept", String.class)).contains("note");
	}

	@Test
	void whatAnotherApplicationHasTaggedStays() {
		TestInstance<Pages> instance = instance();
		TestInstance<Pages> stranger = TestInstance.of(Pages.class, this.redis.host(), this.redis.port(), (builder) -> {
			TestInstance.patient(builder);
			builder.keyPrefix("other:");
		});
		this.opened.add(stranger);
		stranger.awaitUp();
		stranger.service().tagged("org-1", List.of("a"));
		stranger.manager().getCacheService().set("notes:1", "note", Duration.ofHours(1), List.of("a"));
		instance.service().tagged("org-1", List.of("a"));
		await().atMost(LONG).until(() -> keysOfValues().size() == 3);
		sweeper(instance, EAGER);

		instance.manager().getCacheService().evictTag("a");

		await().atMost(LONG).until(() -> invalidations().stream().anyMatch((line) -> line.contains("evicted tags")));
		assertThat(keysOfValues()).containsExactly("other:notes:1", "other:tagged:org-1:[\"a\"]");
	}

	@Test
	void newValuesOfAnEvictedTagStayHoweverOftenIsSwept() {
		TestInstance<Pages> instance = instance();
		CacheService service = instance.manager().getCacheService();
		sweeper(instance, new Pace(Duration.ofMillis(1), Duration.ofMillis(1), Duration.ofMillis(1),
				Duration.ofSeconds(30), 1000, 0, Duration.ZERO));

		for (int round = 0; round < 200; round++) {
			service.evictTag("a");
			service.set("notes:1", "round " + round, Duration.ofHours(1), List.of("a", "b"));

			assertThat(service.get("notes:1", String.class)).contains("round " + round);
		}

		await().atMost(LONG).until(() -> this.redis.keys("~[sd]*").isEmpty());
		assertThat(service.get("notes:1", String.class)).contains("round 199");
	}

	@Test
	void aGroupThatIsEvictedDoesNotWaitForTagsNorLookForThem() {
		TestInstance<Pages> instance = instance();
		instance.service().tagged("org-1", List.of("a"));
		fill(instance, "org-1", 3);
		await().atMost(LONG).until(() -> keysOfValues().size() == 4);

		// Nobody takes a look now and then within a minute.
		instance.manager().getCacheService().evictTag("a");
		instance.service().changed("org-1");

		await().atMost(LONG).until(() -> invalidations().size() == 2);
		assertThat(keysOfValues()).containsExactly("tagged:org-1:[\"a\"]");
		assertThat(this.redis.cli("HKEYS", "~due")).asInstanceOf(InstanceOfAssertFactories.LIST).containsExactly("%t");
	}

	@Test
	void whatOnlyOthersKnowIsLeftToThem() {
		TestInstance<Pages> instance = instance();
		String now = " %013d".formatted(System.currentTimeMillis());
		this.redis.cli("HSET", "~due", "unknown%3Acache org-1", "0123456789abcdef" + now, "no target at all", "x",
				"a\nb", "0123456789abcdef" + now);
		this.redis.cli("SET", "unknown:cache:org-1:a", "cs2 whatever");
		fill(instance, "org-1", 1);
		await().atMost(LONG).until(() -> this.redis.keys("pages:*").size() == 1);

		instance.service().changed("org-1");

		await().atMost(LONG).until(() -> this.redis.keys("pages:*").isEmpty());
		await().atMost(LONG).until(() -> this.redis.number("HLEN", "~due") == 1);
		assertThat(this.redis.number("HEXISTS", "~due", "unknown%3Acache org-1")).isOne();
		assertThat(this.redis.keys("unknown:cache:*")).hasSize(1);
	}

	@Test
	void whatNobodyKnowsAnyMoreIsForgottenAfterADay() {
		TestInstance<Pages> instance = instance();
		long before = System.currentTimeMillis() - Duration.ofHours(25).toMillis();
		this.redis.cli("HSET", "~due", "unknown%3Acache org-1", "0123456789abcdef %013d".formatted(before));

		sweeper(instance, EAGER);

		await().atMost(LONG).until(() -> this.redis.number("EXISTS", "~due") == 0);
	}

	@Test
	void somethingElseInTheirPlaceIsReplaced() {
		TestInstance<Pages> instance = instance();
		this.redis.cli("SADD", "~due", "of another version");
		fill(instance, "org-1", 3);
		await().atMost(LONG).until(() -> this.redis.keys("pages:*").size() == 3);

		instance.service().changed("org-1");

		await().atMost(LONG).until(() -> this.redis.keys("pages:*").isEmpty());
	}

	@Test
	void thereAreFewLinesHoweverManyTargetsAreDueAndOneWalkServesAll() throws Exception {
		TestInstance<Pages> instance = instance();
		instance.cache("pages");
		fill(instance, "org-9999", 3);
		await().atMost(LONG).until(() -> this.redis.keys("pages:*").size() == 3);
		this.redis.cli("SET", "~sweep", "another's", "PX", "60000");
		DueTargets due = due(instance);
		List<Target> targets = IntStream.range(0, 10_000)
			.<Target>mapToObj((number) -> new Group("pages", "org-" + number))
			.toList();

		for (int round = 0; round < 2; round++) {
			for (List<Target> some : DueTargets.portions(targets)) {
				due.announce(some).get(10, TimeUnit.SECONDS);
			}
		}

		assertThat(this.redis.number("HLEN", "~due")).isEqualTo(DueTargets.MOST + 1);
		this.redis.cli("DEL", "~g:pages~:org-9999");
		long scans = scans();
		this.redis.cli("DEL", "~sweep");
		sweeper(instance, EAGER);
		await().atMost(LONG).until(() -> this.redis.number("EXISTS", "~due") == 0);
		assertThat(this.redis.keys("pages:*")).isEmpty();
		assertThat(scans() - scans).isBetween(1L, 2L);
	}

	@Test
	void whatIsAnnouncedAgainDuringAWalkStaysDue() throws Exception {
		TestInstance<Pages> instance = instance();
		instance.cache("pages");
		DueTargets due = due(instance);
		List<Target> both = List.of(new Group("pages", "org-1"), new Group("pages", "org-2"));
		this.redis.cli("SET", "~sweep", "another's", "PX", "60000");
		due.announce(both).get(10, TimeUnit.SECONDS);
		DueTargets.Announced found = due.look().get(10, TimeUnit.SECONDS);

		due.announce(both.subList(0, 1)).get(10, TimeUnit.SECONDS);
		due.forget(found.lines()).get(10, TimeUnit.SECONDS);

		assertThat(found.targets()).containsExactlyInAnyOrderElementsOf(both);
		assertThat(due.look().get(10, TimeUnit.SECONDS).targets()).containsExactly(both.get(0));
	}

	@Test
	void anOutageThatFallsIntoASweepPutsItOffNoLongerThanItLasts() {
		try (FaultProxy proxy = FaultProxy.inFrontOf(this.redis)) {
			TestInstance<Pages> instance = TestInstance.of(Pages.class, proxy.host(), proxy.port(),
					TestInstance::patient);
			this.opened.add(instance);
			instance.awaitUp();
			fill(instance, "org-1", 100);
			await().atMost(LONG).until(() -> this.redis.keys("pages:*").size() == 100);
			// Who waits for this lease to run out waits for longer than this test does.
			Sweeper sweeper = sweeper(instance, new Pace(Duration.ofMillis(20), Duration.ofMillis(100),
					Duration.ofMillis(200), Duration.ofHours(1), 5, 1_000_000, Duration.ofMillis(100)));
			this.redis.cli("DEL", "~g:pages~:org-1");
			sweeper.sweepLater(new Group("pages", "org-1"));
			await().atMost(LONG).until(() -> this.redis.keys("pages:*").size() < 95);

			proxy.refuse();
			proxy.closeAll();
			await().atMost(LONG).until(() -> !instance.engine().link().isUp());
			assertThat(this.redis.keys("pages:*")).isNotEmpty();
			proxy.pass();

			await().atMost(LONG).until(() -> this.redis.keys("pages:*").isEmpty());
			await().atMost(LONG).until(() -> this.redis.number("EXISTS", "~sweep", "~due") == 0);
		}
	}

	private static DueTargets due(TestInstance<Pages> instance) {
		return new DueTargets(instance.engine().link(), instance.engine().layout(), instance.engine().nonces());
	}

	private TestInstance<Pages> instance() {
		TestInstance<Pages> instance = TestInstance.of(Pages.class, this.redis);
		this.opened.add(instance);
		return instance.awaitUp();
	}

	private Sweeper sweeper(TestInstance<Pages> instance, Pace pace) {
		instance.cache("pages");
		Internals engine = instance.engine();
		Sweeper sweeper = new Sweeper(engine.link(), engine.store(), engine.layout(), pace);
		this.opened.add(0, sweeper::close);
		return sweeper;
	}

	private static void fill(TestInstance<Pages> instance, String tenant, int pages) {
		for (int number = 1; number <= pages; number++) {
			instance.service().find(tenant, number);
		}
	}

	/** Keys whose values are of the cache, sorted. */
	private List<String> keysOfValues() {
		return this.redis.keys("*")
			.stream()
			.filter((key) -> !key.startsWith("~") && !key.startsWith("other:~"))
			.filter((key) -> String.valueOf(this.redis.cli("GETRANGE", key, "0", "4")).matches("cs[23] v"))
			.sorted()
			.toList();
	}

	private List<String> invalidations() {
		return List.copyOf(this.log.list)
			.stream()
			.map(ILoggingEvent::getFormattedMessage)
			.filter((message) -> message.startsWith("Cache INVALIDATE"))
			.toList();
	}

	private static int countIn(String message) {
		return Integer.parseInt(message.replaceAll(".*count: |\\)", ""));
	}

	private long scans() {
		Matcher matcher = Pattern.compile("cmdstat_scan:calls=(\\d+)")
			.matcher(String.valueOf(this.redis.cli("INFO", "commandstats")));
		return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
	}

	record Page(String tenant, int number) {

	}

	static class Pages {

		@Cacheable("pages")
		public Page find(String tenant, int number) {
			return new Page(tenant, number);
		}

		@Cacheable("tagged")
		@CacheTag("#{#tags}")
		public String tagged(String tenant, List<String> tags) {
			return tenant;
		}

		@Cacheable(cacheNames = "alsoTagged", key = "'one'")
		@CacheTag("#{#tags}")
		public String alsoTagged(List<String> tags) {
			return "one";
		}

		@CacheEvict(cacheNames = "pages", key = "@cacheKeys.under(#tenant)")
		public void changed(String tenant) {
		}

		@CacheEvict(cacheNames = "pages", allEntries = true)
		public void reload() {
		}

	}

}
