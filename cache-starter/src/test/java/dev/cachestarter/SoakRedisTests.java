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

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.testing.Footprint;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Thorough;
import dev.cachestarter.testing.Threads;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Mixed use over very many tenants, for as long as the system property
 * {@code soak.duration} says: nothing grows, neither here nor in Redis.
 */
@WithRedis(local = true)
class SoakRedisTests {

	private static final int TENANTS = 100_000;

	private static final Duration TTL = Duration.ofSeconds(2);

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private final RedisServer redis;

	private final TestInstance<Catalogue> instance;

	SoakRedisTests(RedisServer redis) {
		this.redis = redis;
		this.instance = TestInstance
			.of(Catalogue.class, redis.host(), redis.port(),
					(builder) -> builder.defaults(CacheSettings.defaults().withTtl(TTL))
						.caches(List.of("items", "lists", "failures")))
			.awaitUp();
	}

	@AfterEach
	void close() {
		this.instance.close();
	}

	@Test
	void mixedUseOverManyTenantsLeavesNothingThatGrows() throws Exception {
		Duration duration = Duration.parse(System.getProperty("soak.duration", "PT6S"));
		AtomicLong calls = new AtomicLong();
		AtomicLong failures = new AtomicLong();
		// Code is compiled, pools are filled.
		use(duration.dividedBy(3), calls, failures);
		Footprint before = Footprint.now();
		long keysBefore = this.redis.number("DBSIZE");

		use(duration.multipliedBy(2).dividedBy(3), calls, failures);

		Footprint after = Footprint.now();
		long keysAfter = this.redis.number("DBSIZE");
		System.out.printf("%d calls over %d tenants in %s: before %s, %d keys; after %s, %d keys%n", calls.get(),
				TENANTS, duration, before, keysBefore, after, keysAfter);
		assertThat(failures).hasValue(0);
		assertThat(after.heap()).isLessThan(before.heap() + 20_000_000);
		assertThat(after.threads()).isLessThanOrEqualTo(before.threads() + 20);
		assertThat(after.sockets()).isLessThanOrEqualTo(before.sockets());
		if (duration.compareTo(Duration.ofMinutes(1)) > 0) {
			assertThat(keysAfter).isLessThan(2 * keysBefore);
		}
		// Entries end, and so do their generations, also those of loads that failed.
		await().atMost(PATIENCE).untilAsserted(() -> assertThat(this.redis.number("DBSIZE")).isLessThan(100));
	}

	private void use(Duration duration, AtomicLong calls, AtomicLong failures) throws Exception {
		AtomicBoolean enough = new AtomicBoolean();
		List<CompletableFuture<Void>> users = new ArrayList<>();
		for (int i = 0; i < 4; i++) {
			Random random = new Random(i);
			users.add(CompletableFuture.runAsync(() -> {
				while (!enough.get()) {
					call(random, failures);
					calls.incrementAndGet();
				}
			}, Threads.OWN));
		}
		await().atMost(duration.plus(PATIENCE)).pollDelay(duration).until(() -> true);
		enough.set(true);
		for (CompletableFuture<Void> user : users) {
			user.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
		}
	}

	private void call(Random random, AtomicLong failures) {
		Catalogue catalogue = this.instance.service();
		String tenant = "tenant-" + random.nextInt(TENANTS);
		String id = String.valueOf(random.nextInt(3));
		try {
			switch (random.nextInt(20)) {
				case 0 -> catalogue.update(tenant, id);
				case 1 -> catalogue.changed(tenant, id);
				case 2 -> catalogue.tenantChanged(tenant);
				case 3 -> catalogue.later(tenant, id).get(20, TimeUnit.SECONDS);
				case 4 -> catalogue.mono(tenant, id).block(PATIENCE);
				case 5 -> catalogue.list(tenant, id);
				case 6 -> fail(() -> catalogue.failing(tenant, id));
				case 7 -> fail(() -> catalogue.failingMono(tenant, id).block(PATIENCE));
				case 8 -> this.instance.cacheService()
					.getOrLoad("codes:" + tenant, String.class, TTL, () -> "code of " + tenant);
				default -> catalogue.find(tenant, id);
			}
		}
		catch (Exception ex) {
			ex.printStackTrace();
			failures.incrementAndGet();
		}
	}

	private static void fail(Runnable call) {
		try {
			call.run();
		}
		catch (Catalogue.Unknown ex) {
			return;
		}
		throw new IllegalStateException("It did not fail");
	}

	static class Catalogue {

		private final AtomicInteger loads = new AtomicInteger();

		private String load(String tenant, String id) {
			return tenant + ", item " + id + ", load " + this.loads.incrementAndGet();
		}

		@Cacheable("items")
		public String find(String tenant, String id) {
			return load(tenant, id);
		}

		@Cacheable("items")
		public CompletableFuture<String> later(String tenant, String id) {
			return CompletableFuture.supplyAsync(() -> load(tenant, id));
		}

		@Cacheable("items")
		public Mono<String> mono(String tenant, String id) {
			return Mono.fromSupplier(() -> load(tenant, id));
		}

		@Cacheable(cacheNames = "lists", sync = true)
		public List<String> list(String tenant, String id) {
			return List.of(load(tenant, id));
		}

		@Cacheable("failures")
		public List<String> failing(String tenant, String id) {
			throw new Unknown(tenant);
		}

		@Cacheable("failures")
		public Mono<String> failingMono(String tenant, String id) {
			return Mono.error(() -> new Unknown(tenant));
		}

		@CachePut(cacheNames = "items", key = "#tenant + ':' + #id")
		public String update(String tenant, String id) {
			return load(tenant, id);
		}

		@CacheEvict("items")
		public void changed(String tenant, String id) {
		}

		@CacheEvictPattern(cacheNames = "items", pattern = "#{#tenant}:*")
		public void tenantChanged(String tenant) {
		}

		static class Unknown extends RuntimeException {

			private static final long serialVersionUID = 1L;

			Unknown(String tenant) {
				super(tenant);
			}

		}

	}

}
