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

package dev.cachestarter.engine.load;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.NearSettings;
import dev.cachestarter.engine.connection.DaemonThreads;
import dev.cachestarter.engine.entry.EntryStore;
import dev.cachestarter.engine.entry.Nonces;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.redis.Budget;
import dev.cachestarter.engine.redis.Deadline;
import dev.cachestarter.engine.redis.RedisLink;
import dev.cachestarter.engine.redis.TrackingLink;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A real server wakes who waits for another instance's load. Nobody would look for it
 * within the hour.
 */
@WithRedis(local = true)
class WakeupsRedisTests {

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	/** Leases are not renewed here, and nobody gives up. */
	private static final CacheSettings SETTINGS = CacheSettings.defaults()
		.withNear(NearSettings.defaults().withMode(NearSettings.Mode.TRACK))
		.withLease(PATIENCE)
		.withLoadWait(PATIENCE);

	private final RedisServer redis;

	private final List<Instance> instances = new ArrayList<>();

	private final StoredKey key;

	WakeupsRedisTests(RedisServer redis) {
		this.redis = redis;
		redis.flushAll();
		KeyLayout layout = new KeyLayout("", false);
		layout.register("lists");
		this.key = layout.key("lists", "key");
		for (int i = 0; i < 3; i++) {
			this.instances.add(new Instance());
		}
		this.instances.forEach((each) -> await().atMost(PATIENCE).until(each::isGood));
	}

	@AfterEach
	void close() {
		this.instances.forEach(Instance::close);
	}

	@Test
	void oneLoadsAndAllWhoWaitInThreeInstancesAreWokenByItsValue() throws Exception {
		Flight flight = led(this.instances.get(0));
		this.redis.cli("CONFIG", "RESETSTAT");
		List<CompletableFuture<Decision>> waiting = new ArrayList<>();
		for (int i = 0; i < 16; i++) {
			this.instances.forEach((each) -> waiting.add(each.decide()));
		}
		await().atMost(PATIENCE).until(() -> asked("getrange") == 2);
		assertThat(waiting).noneMatch(CompletableFuture::isDone);

		load(flight);

		for (CompletableFuture<Decision> each : waiting) {
			assertThat(each.get(1, TimeUnit.MINUTES)).isInstanceOfSatisfying(Decision.Value.class,
					(value) -> assertThat(value.value()).isEqualTo("loaded"));
		}
		assertThat(asked("getrange")).as("one for all who wait in an instance, and one of the script that fills")
			.isEqualTo(3);
	}

	@Test
	void whoWaitsLeadsWhenTheLeaseIsGivenBack() throws Exception {
		Flight flight = led(this.instances.get(0));
		CompletableFuture<Decision> waiting = waiting(this.instances.get(1));

		flight.fail(new IllegalStateException("of the source"));

		assertThat(waiting.get(1, TimeUnit.MINUTES)).isInstanceOf(Decision.Load.class);
	}

	@Test
	void whoWaitsLeadsWhenTheLeaseIsDeleted() throws Exception {
		led(this.instances.get(0));
		CompletableFuture<Decision> waiting = waiting(this.instances.get(1));

		this.redis.cli("DEL", "lists:key");

		assertThat(waiting.get(1, TimeUnit.MINUTES)).isInstanceOf(Decision.Load.class);
	}

	@Test
	void whoWaitsLeadsWhenRedisIsFlushed() throws Exception {
		led(this.instances.get(0));
		CompletableFuture<Decision> waiting = waiting(this.instances.get(1));

		this.redis.flushAll();

		assertThat(waiting.get(1, TimeUnit.MINUTES)).isInstanceOf(Decision.Load.class);
	}

	/**
	 * Each time that a lease lives longer Redis tells of it, and has to be asked anew.
	 */
	@Test
	void aLeaseThatIsRenewedIsWaitedForAndToldOfAgain() throws Exception {
		Flight flight = led(this.instances.get(0));
		CompletableFuture<Decision> waiting = waiting(this.instances.get(1));

		for (int i = 1; i <= 5; i++) {
			long reads = i;
			await().atMost(PATIENCE).until(() -> asked("getrange") == reads);
			this.redis.cli("PEXPIRE", "lists:key", String.valueOf(PATIENCE.toMillis()));
		}
		await().atMost(PATIENCE).until(() -> asked("getrange") == 6);
		assertThat(waiting).isNotDone();
		load(flight);

		assertThat(waiting.get(1, TimeUnit.MINUTES)).isInstanceOf(Decision.Value.class);
	}

	@Test
	void afterTheWaitRedisRemembersNothingForIt() throws Exception {
		Flight flight = led(this.instances.get(0));
		CompletableFuture<Decision> waiting = waiting(this.instances.get(1));
		await().atMost(PATIENCE).until(() -> this.redis.info("tracking_total_keys").equals("1"));

		load(flight);

		assertThat(waiting.get(1, TimeUnit.MINUTES)).isInstanceOf(Decision.Value.class);
		await().atMost(PATIENCE).until(() -> this.redis.info("tracking_total_keys").equals("0"));
	}

	// Fixture

	private static Flight led(Instance instance) throws Exception {
		Decision decided = instance.decide().get(1, TimeUnit.MINUTES);
		assertThat(decided).isInstanceOf(Decision.Load.class);
		Flight flight = ((Decision.Load) decided).flight();
		assertThat(flight).isNotNull();
		return flight;
	}

	private static void load(Flight flight) throws Exception {
		flight.loaded("loaded");
		assertThat(
				flight.fill(TextEntries.encoded("loaded"), PATIENCE, List.of(), () -> false).get(1, TimeUnit.MINUTES))
			.isTrue();
	}

	/** Somebody waits, and Redis is going to tell him. */
	private CompletableFuture<Decision> waiting(Instance instance) {
		this.redis.cli("CONFIG", "RESETSTAT");
		CompletableFuture<Decision> waiting = instance.decide();
		await().atMost(PATIENCE).until(() -> asked("getrange") == 1);
		assertThat(waiting).isNotDone();
		return waiting;
	}

	private long asked(String command) {
		String stats = String.valueOf(this.redis.cli("INFO", "commandstats"));
		int at = stats.indexOf("cmdstat_" + command + ":calls=");
		return (at < 0) ? 0 : Long.parseLong(stats.substring(stats.indexOf('=', at) + 1, stats.indexOf(',', at)));
	}

	private final class Instance implements AutoCloseable {

		private static final AtomicInteger CANARIES = new AtomicInteger();

		private final ScheduledThreadPoolExecutor heartbeats = new ScheduledThreadPoolExecutor(1,
				(task) -> DaemonThreads.daemon(task, "test-heartbeats"));

		private final ScheduledThreadPoolExecutor timer = new Slow();

		private final RedisLink link = new RedisLink(
				new LettuceConnectionFactory(
						new RedisStandaloneConfiguration(WakeupsRedisTests.this.redis.host(),
								WakeupsRedisTests.this.redis.port()),
						LettuceClientConfiguration.defaultConfiguration()),
				RedisLink.Settings.of(Duration.ofSeconds(10), Duration.ofSeconds(10)));

		private final EntryStore store = new EntryStore(this.link, new Nonces(), new KeyLayout("", false));

		private final TrackingLink tracking = this.link
			.tracking(() -> new KeyLayout("", false).canaryKey("test" + CANARIES.incrementAndGet()), this.heartbeats);

		private final Turns turns = new Turns(this.store, this.timer,
				new Reloads(new BackgroundLoads(null, null, Runnable::run, this.timer), this::deadline));

		Instance() {
			this.turns.wakeBy(this.tracking);
			this.link.start();
			this.tracking.start();
		}

		private Deadline deadline() {
			return new Deadline(this.link, new Budget(this.link.commandTimeout()));
		}

		boolean isGood() {
			return this.link.isUp() && this.tracking.isGood(this.tracking.session());
		}

		CompletableFuture<Decision> decide() {
			StoredKey key = WakeupsRedisTests.this.key;
			TextEntries entries = new TextEntries(this.store, SETTINGS, Callers.MARK);
			return this.turns
				.decide(new Ask(key, null, entries, deadline(), System.nanoTime(), false, null, Runnable::run, null,
						null, (failure) -> true, null, false, false)
					.seeing(this.store.observe(key).join(), null));
		}

		@Override
		public void close() {
			this.turns.close();
			this.tracking.close();
			this.link.close();
			this.timer.shutdownNow();
			this.heartbeats.shutdownNow();
		}

	}

	/** What is due later is due in an hour. */
	private static final class Slow extends ScheduledThreadPoolExecutor {

		Slow() {
			super(1, (task) -> DaemonThreads.daemon(task, "test-timer"));
		}

		@Override
		public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
			return super.schedule(task, (delay > 0) ? TimeUnit.HOURS.toNanos(1) : 0, TimeUnit.NANOSECONDS);
		}

	}

}
