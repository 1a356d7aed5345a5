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

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.TestInstance;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Threads;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

/**
 * How long generations live.
 */
@WithRedis
class GenerationLifeRedisTests {

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	private static final Duration LEASE = Duration.ofMillis(500);

	private static final String CACHE = "~g:pages";

	private static final String GROUP = "~g:pages~:org-1";

	private final RedisServer redis;

	private final Logger logger = (Logger) LoggerFactory.getLogger("dev.cachestarter");

	private final ListAppender<ILoggingEvent> log = new ListAppender<>();

	private TestInstance<Pages> instance;

	GenerationLifeRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@BeforeEach
	void listen() {
		this.log.start();
		this.logger.addAppender(this.log);
	}

	@AfterEach
	void close() {
		this.redis.cli("CONFIG", "SET", "maxmemory", "0");
		this.instance.close();
		this.logger.detachAppender(this.log);
	}

	private Pages open(Duration ttl, Duration staleIfError) {
		this.instance = TestInstance.of(Pages.class, this.redis.host(), this.redis.port(), (builder) -> {
			TestInstance.patient(builder);
			builder.defaults(CacheSettings.defaults()
				.withTtl(ttl)
				.withTtlJitter(0)
				.withStaleIfError(staleIfError)
				.withLease(LEASE));
		}).awaitUp();
		return this.instance.service();
	}

	@Test
	void callsThatFailForMadeUpGroupsLeaveNothingForLong() {
		Pages pages = open(Duration.ofMinutes(10), Duration.ZERO);

		for (int i = 0; i < 50; i++) {
			String madeUp = "made-up-" + i;
			assertThatIllegalStateException().isThrownBy(() -> pages.fail(madeUp, 1));
		}

		for (String generation : this.redis.keys("~g:pages~:*")) {
			assertThat(this.redis.number("PTTL", generation)).isLessThan(10_000);
		}
		await().atMost(PATIENCE).until(() -> this.redis.keys("~g:pages~:*").isEmpty());
	}

	@Test
	void aGenerationLivesAsLongAsTheLoadForWhichItWasMade() throws Exception {
		Pages pages = open(Duration.ofMinutes(10), Duration.ZERO);
		CompletableFuture<Integer> loading = CompletableFuture.supplyAsync(() -> pages.slow("org-1", 1), Threads.OWN);
		pages.awaitReached();
		String made = text(GROUP);

		// Twice as long as it was made for.
		long until = serverMillis() + 2 * this.redis.number("PTTL", GROUP);
		await().atMost(PATIENCE).until(() -> serverMillis() > until);
		pages.release();
		loading.get(30, TimeUnit.SECONDS);

		assertThat(text(GROUP)).isEqualTo(made);
		await().atMost(PATIENCE).until(() -> this.redis.number("PTTL", GROUP) > Duration.ofMinutes(10).toMillis());
		assertThat(pages.slow("org-1", 1)).isZero();
		assertThat(pages.loads()).isOne();
	}

	@Test
	void aGenerationThatIsAboutToEndIsKeptForTheLoadThatFindsIt() throws Exception {
		open(Duration.ofMinutes(10), Duration.ZERO);
		this.instance.cache("pages");
		StoredKey key = this.instance.engine().layout().key("pages", "org-1:1");
		this.redis.cli("SET", CACHE, "0123456789abcdef", "PX", "2000");
		this.redis.cli("SET", GROUP, "fedcba9876543210", "PX", "2000");
		EntryStore store = this.instance.engine().store();
		Observed observed = store.observe(key).get(10, TimeUnit.SECONDS);

		Lease lease = store.acquire(observed, store.newNonce(), Duration.ofSeconds(20), Lease.Holder.CALL)
			.get(10, TimeUnit.SECONDS)
			.lease();

		assertThat(Objects.requireNonNull(lease).groupGeneration()).isEqualTo("fedcba9876543210");
		await().atMost(PATIENCE)
			.until(() -> this.redis.number("PTTL", GROUP) > 20_000 && this.redis.number("PTTL", CACHE) > 20_000);
	}

	@Test
	void aGenerationOutlivesTheEntryAndItsStaleTime() {
		Pages pages = open(Duration.ofSeconds(40), Duration.ofSeconds(60));

		pages.find("org-1", 1);

		await().atMost(PATIENCE).until(() -> this.redis.number("PTTL", GROUP) > 100_000);
		await().atMost(PATIENCE).until(() -> this.redis.number("PTTL", CACHE) > 100_000);
		assertThat(this.redis.number("PTTL", GROUP)).as("in proportion").isLessThanOrEqualTo(200_000);
	}

	@Test
	void aGenerationOfAnEntryThatDoesNotExpireDoesNotEither() {
		Pages pages = open(Duration.ZERO, Duration.ZERO);

		pages.find("org-1", 1);

		await().atMost(PATIENCE).until(() -> this.redis.number("PTTL", GROUP) == -1);
		await().atMost(PATIENCE).until(() -> this.redis.number("PTTL", CACHE) == -1);
	}

	@Test
	void aShortEntryShortensNoGeneration() {
		Pages pages = open(Duration.ofMinutes(10), Duration.ZERO);
		this.redis.cli("SET", GROUP, "fedcba9876543210");

		pages.find("org-1", 1);

		await().atMost(PATIENCE).until(() -> this.redis.number("PTTL", CACHE) > Duration.ofMinutes(30).toMillis());
		assertThat(this.redis.number("PTTL", GROUP)).isEqualTo(-1);
	}

	@Test
	void aRedisThatIsOutOfMemoryIsReportedOnce() {
		Pages pages = open(Duration.ofMinutes(10), Duration.ZERO);
		this.logger.setLevel(Level.INFO);
		this.redis.cli("CONFIG", "SET", "maxmemory", "1");

		for (int i = 0; i < 20; i++) {
			assertThat(pages.find("org-" + i, 1)).isZero();
		}

		List<String> warnings = List.copyOf(this.log.list)
			.stream()
			.filter((event) -> event.getLevel() == Level.WARN)
			.map(ILoggingEvent::getFormattedMessage)
			.filter((message) -> message.contains("OOM"))
			.toList();
		assertThat(warnings).hasSize(1).first().asString().contains("maxmemory");
	}

	private String text(String key) {
		return new String(Objects.requireNonNull(this.redis.bytes(key)), StandardCharsets.US_ASCII);
	}

	private long serverMillis() {
		List<?> time = (List<?>) Objects.requireNonNull(this.redis.cli("TIME"));
		return Long.parseLong((String) time.get(0)) * 1000 + Long.parseLong((String) time.get(1)) / 1000;
	}

	static class Pages {

		private final AtomicInteger loads = new AtomicInteger();

		private final CountDownLatch reached = new CountDownLatch(1);

		private final CountDownLatch released = new CountDownLatch(1);

		@Cacheable("pages")
		public int find(String tenant, int number) {
			return 0;
		}

		@Cacheable("pages")
		public int fail(String tenant, int number) {
			throw new IllegalStateException("no such tenant");
		}

		@Cacheable("pages")
		public int slow(String tenant, int number) {
			int loaded = this.loads.getAndIncrement();
			this.reached.countDown();
			try {
				this.released.await(60, TimeUnit.SECONDS);
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			return loaded;
		}

		public int loads() {
			return this.loads.get();
		}

		public void awaitReached() throws InterruptedException {
			assertThat(this.reached.await(30, TimeUnit.SECONDS)).isTrue();
		}

		public void release() {
			this.released.countDown();
		}

	}

}
