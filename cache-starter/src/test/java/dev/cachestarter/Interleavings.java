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
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.RuleBreaker.Rule;
import dev.cachestarter.cache.Internals;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.engine.redis.RedisLink;
import dev.cachestarter.testing.RedisServer;

import static org.awaitility.Awaitility.await;

/**
 * What tests of interleavings share: a table, instances that cache its rows, each behind
 * a {@link RuleBreaker} of its own, and calls that stop where the test wants them to.
 * <p>
 * Time plays no part unless a test gives it one: leases and waits are far longer than any
 * test.
 */
public abstract class Interleavings {

	static final CacheSettings TIMELESS = CacheSettings.defaults()
		.withTtlJitter(0)
		.withLease(Duration.ofMinutes(1))
		.withLoadWait(Duration.ofMinutes(1));

	/** A link that takes a busy machine for no outage. */
	public static final RedisLink.Settings PATIENT = new RedisLink.Settings(Duration.ofSeconds(10),
			Duration.ofSeconds(10), 100, Duration.ofSeconds(10), 100, 1000, Duration.ofSeconds(1),
			Duration.ofSeconds(10), Duration.ofMillis(100), Duration.ofSeconds(10), Duration.ofSeconds(1), 50_000);

	final RedisServer redis;

	private final List<AutoCloseable> opened = Collections.synchronizedList(new ArrayList<>());

	Interleavings(RedisServer redis) {
		this.redis = redis;
	}

	@BeforeEach
	void emptyTable() {
		Rows.VERSIONS.clear();
	}

	@AfterEach
	void close() throws Exception {
		Pause.releaseAll();
		for (AutoCloseable one : this.opened) {
			one.close();
		}
	}

	<C extends AutoCloseable> C closing(C closeable) {
		this.opened.add(closeable);
		return closeable;
	}

	/**
	 * Start an instance.
	 * @param broken the rules that it breaks
	 */
	Instance instance(Set<Rule> broken) {
		return instance(broken, TIMELESS);
	}

	Instance instance(Set<Rule> broken, CacheSettings settings) {
		RuleBreaker breaker = closing(RuleBreaker.inFrontOf(this.redis.host(), this.redis.port(), broken));
		return instance(breaker, breaker.host(), breaker.port(),
				(builder) -> Internals.link(builder.defaults(settings), PATIENT));
	}

	Instance instance(RuleBreaker breaker, String host, int port,
			UnaryOperator<ResilientRedisCacheManager.Builder> settings) {
		TestInstance<Rows> context = closing(
				TestInstance.of(Rows.class, host, port, (builder) -> settings.apply(builder).caches(List.of("rows"))));
		context.awaitUp();
		context.service().breaker(breaker);
		return new Instance(context, breaker);
	}

	/**
	 * Make a call on a thread of its own.
	 */
	<T extends @Nullable Object> Call<T> call(Callable<T> method) {
		return new Call<>(method);
	}

	/**
	 * When one of several has waited for its {@code load-wait}, let those who came a
	 * moment later have waited, too. It must be over before the first's second wait is.
	 */
	static void awaitLateWaiters() {
		await().pollDelay(Duration.ofMillis(500)).until(() -> true);
	}

	/**
	 * An instance of the application.
	 *
	 * @param context its context
	 * @param breaker what stands between it and Redis
	 */
	record Instance(TestInstance<Rows> context, RuleBreaker breaker) {

		Rows rows() {
			return this.context.service();
		}

		int find(String tenant, String id) {
			return rows().find(tenant, id).version();
		}

		CacheSnapshot.Counters counters() {
			return this.context.counters("rows");
		}

		/**
		 * Wait until Redis has answered so many fills.
		 */
		void awaitFills(int count) {
			await().atMost(Duration.ofMinutes(1)).until(() -> counters().puts() + counters().refusedFills() >= count);
		}

	}

	/**
	 * A call under way.
	 */
	static final class Call<T extends @Nullable Object> {

		private final CompletableFuture<T> result = new CompletableFuture<>();

		private final Thread thread;

		Call(Callable<T> method) {
			this.thread = new Thread(() -> {
				try {
					this.result.complete(method.call());
				}
				catch (Throwable ex) {
					this.result.completeExceptionally(ex);
				}
			}, "call");
			this.thread.setDaemon(true);
			this.thread.start();
		}

		T result() throws Exception {
			try {
				return this.result.get(20, TimeUnit.SECONDS);
			}
			catch (ExecutionException ex) {
				throw (ex.getCause() instanceof Exception cause) ? cause : ex;
			}
		}

		boolean isDone() {
			return this.result.isDone();
		}

		void interrupt() {
			this.thread.interrupt();
		}

		/**
		 * Wait until it waits for somebody else's load: without a limit of its own, as it
		 * has when it waits for Redis.
		 */
		Call<T> awaitWaiting() {
			// Whoever takes a lock or loads a class is so for a moment, too.
			await().atMost(Duration.ofMinutes(1))
				.during(Duration.ofMillis(50))
				.until(() -> this.thread.getState() == Thread.State.WAITING);
			return this;
		}

	}

	/**
	 * Where a method of the application stops until it is released.
	 */
	static final class Pause {

		private static final Set<Pause> ALL = ConcurrentHashMap.newKeySet();

		private final CountDownLatch reached = new CountDownLatch(1);

		private final CountDownLatch released = new CountDownLatch(1);

		Pause() {
			ALL.add(this);
		}

		Pause awaitReached() throws InterruptedException {
			if (!this.reached.await(20, TimeUnit.SECONDS)) {
				throw new AssertionError("The method was not called");
			}
			return this;
		}

		void release() {
			this.released.countDown();
		}

		void stop() {
			this.reached.countDown();
			try {
				this.released.await();
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
		}

		static void releaseAll() {
			ALL.forEach(Pause::release);
			ALL.clear();
		}

	}

	/**
	 * A row.
	 *
	 * @param text makes it large enough for a copy in memory
	 */
	record Row(String tenant, String id, int version, String text) {

		private static final String TEXT = "a text of more than a thousand characters ".repeat(30);

		Row(String tenant, String id, int version) {
			this(tenant, id, version, TEXT);
		}

	}

	/**
	 * The application: a table whose rows count their changes.
	 */
	static class Rows {

		static final Map<String, Integer> VERSIONS = new ConcurrentHashMap<>();

		private final AtomicInteger loads = new AtomicInteger();

		private final AtomicReference<@Nullable Pause> beforeReading = new AtomicReference<>();

		private final AtomicReference<@Nullable Pause> afterReading = new AtomicReference<>();

		private volatile @Nullable RuleBreaker breaker;

		private volatile Duration loadTime = Duration.ZERO;

		/** Change a row, and tell no cache. */
		static int change(String tenant, String id) {
			return VERSIONS.merge(tenant + ":" + id, 1, Integer::sum);
		}

		public void breaker(RuleBreaker breaker) {
			this.breaker = breaker;
		}

		public int loads() {
			return this.loads.get();
		}

		/** Have all loads take so long. */
		public void loadTakes(Duration time) {
			this.loadTime = time;
		}

		/** Have the next method stop before it reads or changes the table. */
		public Pause pauseBeforeReading() {
			Pause pause = new Pause();
			this.beforeReading.set(pause);
			return pause;
		}

		/** Have the next method stop when it has read or changed the table. */
		public Pause pauseAfterReading() {
			Pause pause = new Pause();
			this.afterReading.set(pause);
			return pause;
		}

		private static void stop(AtomicReference<@Nullable Pause> at) {
			Pause pause = at.getAndSet(null);
			if (pause != null) {
				pause.stop();
			}
		}

		private void dawdle() {
			try {
				TimeUnit.NANOSECONDS.sleep(this.loadTime.toNanos());
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
		}

		private Row load(String tenant, String id) {
			this.loads.incrementAndGet();
			RuleBreaker breaker = this.breaker;
			if (breaker != null) {
				breaker.note("LOAD");
			}
			stop(this.beforeReading);
			dawdle();
			Row row = new Row(tenant, id, VERSIONS.getOrDefault(tenant + ":" + id, 0));
			stop(this.afterReading);
			return row;
		}

		@Cacheable("rows")
		public Row find(String tenant, String id) {
			return load(tenant, id);
		}

		@Cacheable(cacheNames = "rows", sync = true)
		public Row findSync(String tenant, String id) {
			return load(tenant, id);
		}

		@CachePut(cacheNames = "rows", key = "#tenant + ':' + #id")
		public Row update(String tenant, String id) {
			stop(this.beforeReading);
			Row row = new Row(tenant, id, change(tenant, id));
			stop(this.afterReading);
			return row;
		}

		@CacheEvict("rows")
		public void evict(String tenant, String id) {
		}

		@CacheEvict(cacheNames = "rows", allEntries = true)
		public void evictAll() {
		}

		@CacheEvictPattern(cacheNames = "rows", pattern = "#{#tenant}:*")
		public void evictTenant(String tenant) {
		}

		@CacheEvictPattern(cacheNames = "rows", pattern = "*:#{#id}")
		public void evictOfAllTenants(String id) {
		}

	}

}
