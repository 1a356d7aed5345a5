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

package dev.cachestarter.test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

import org.assertj.core.api.AbstractAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;

import org.springframework.transaction.support.TransactionSynchronizationManager;

import dev.cachestarter.CacheSnapshot.Counters;
import dev.cachestarter.cache.ResilientRedisCache;
import dev.cachestarter.diagnosis.CacheCondition;
import dev.cachestarter.diagnosis.KeyBrowser;
import dev.cachestarter.diagnosis.LoadTimes;
import dev.cachestarter.engine.key.CacheKeys.Tags;

/**
 * Assertions on a {@link TestCache}.
 * <p>
 * Those that take a call run it, and look at what the cache counted meanwhile; so no
 * other thread may use the cache at that time. A call that throws fails the assertion.
 * Keys are those within the cache, without its name, as {@code redis-cli} shows them. A
 * value may be stored shortly after the call that loaded it has returned, so what is to
 * be there is waited for, up to 10 seconds.
 *
 * @since 0.1.0
 */
public final class CacheAssert extends AbstractAssert<CacheAssert, ResilientRedisCache> {

	private static final Duration PATIENCE = Duration.ofSeconds(10);

	private final CacheView view;

	CacheAssert(CacheView view) {
		super(view.cache(), CacheAssert.class);
		this.view = view;
	}

	/**
	 * Verify that a call finds its value: each of its reads of this cache does, and there
	 * is at least one.
	 * @param call the call
	 * @return this
	 */
	public CacheAssert isHitBy(ThrowingCallable call) {
		Reads reads = Reads.during(this.view, call);
		if (reads.hits() == 0 || reads.misses() > 0) {
			throw failure("Expecting the call to be a hit in %s, but %s", this.view, reads.describe());
		}
		return this;
	}

	/**
	 * Verify that a call does not find its value: none of its reads of this cache does,
	 * and there is at least one.
	 * @param call the call
	 * @return this
	 */
	public CacheAssert isMissedBy(ThrowingCallable call) {
		Reads reads = Reads.during(this.view, call);
		if (reads.misses() == 0 || reads.hits() > 0) {
			throw failure("Expecting the call to be a miss in %s, but %s", this.view, reads.describe());
		}
		return this;
	}

	/**
	 * Verify that many callers at once cause one load, and that the others get its value.
	 * @param callers how many threads make the call at the same moment, at least 2
	 * @param call the call, always for the same key
	 * @return this
	 */
	public CacheAssert isLoadedOnceBy(int callers, ThrowingCallable call) {
		if (callers < 2) {
			throw new IllegalArgumentException("'callers' must be 2 or more, such as 50, and not " + callers);
		}
		LoadTimes loads = new LoadTimes();
		this.view.manager().engine().monitors().attach(loads);
		try {
			Reads reads = Reads.during(this.view, () -> together(callers, call));
			long count = loads.of(this.view.name()).count();
			if (count != 1) {
				throw failure("Expecting %s callers to cause one load in %s, but there were %s: %s", callers, this.view,
						count, reads.describe());
			}
		}
		finally {
			this.view.manager().engine().monitors().detach(loads);
		}
		return this;
	}

	private static void together(int callers, ThrowingCallable call) throws Throwable {
		CountDownLatch ready = new CountDownLatch(callers);
		AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
		ExecutorService threads = Executors.newFixedThreadPool(callers);
		try {
			List<Future<?>> calls = new ArrayList<>();
			for (int i = 0; i < callers; i++) {
				calls.add(threads.submit(() -> {
					ready.countDown();
					try {
						ready.await();
						call.call();
					}
					catch (Throwable ex) {
						failure.compareAndSet(null, ex);
					}
				}));
			}
			for (Future<?> each : calls) {
				each.get();
			}
		}
		catch (ExecutionException ex) {
			throw ex.getCause();
		}
		finally {
			threads.shutdownNow();
		}
		Throwable thrown = failure.get();
		if (thrown != null) {
			throw thrown;
		}
	}

	/**
	 * Verify that a call evicts keys: they are there before it, and no read finds them
	 * when it has returned.
	 * @param call the call; in a transaction evictions are made after the commit, so it
	 * must include that
	 * @param keys the keys, at least one
	 * @return this
	 */
	public CacheAssert isEvictedBy(ThrowingCallable call, String... keys) {
		hasKeys(keys);
		Reads.run(call);
		Set<String> left = new TreeSet<>(Arrays.asList(keys));
		ask(() -> this.view.missing(Arrays.asList(keys))).forEach(left::remove);
		if (!left.isEmpty()) {
			throw failure("Expecting the call to evict %s from %s, but these are still there: %s%s",
					Arrays.toString(keys), this.view, left, Reads.hint());
		}
		return this;
	}

	/**
	 * Verify that a call leaves keys as they are: they are there before it, and when it
	 * has returned.
	 * @param call the call
	 * @param keys the keys, at least one
	 * @return this
	 */
	public CacheAssert isKeptBy(ThrowingCallable call, String... keys) {
		hasKeys(keys);
		Reads.run(call);
		List<String> missing = ask(() -> this.view.missing(Arrays.asList(keys)));
		if (!missing.isEmpty()) {
			throw failure("Expecting the call to keep %s in %s, but these are gone: %s", Arrays.toString(keys),
					this.view, missing);
		}
		return this;
	}

	/**
	 * Verify that the cache holds keys, and perhaps others.
	 * @param keys the keys, at least one
	 * @return this
	 */
	public CacheAssert hasKeys(String... keys) {
		checkSome(keys);
		if (!Connections.await(PATIENCE, () -> ask(() -> this.view.missing(Arrays.asList(keys))).isEmpty())) {
			throw failure("Expecting %s to hold %s, but these are missing: %s. It holds %s", this.view,
					Arrays.toString(keys), ask(() -> this.view.missing(Arrays.asList(keys))), ask(this.view::keys));
		}
		return this;
	}

	/**
	 * Verify that the cache holds keys, and no others.
	 * @param keys the keys, at least one
	 * @return this
	 */
	public CacheAssert hasOnlyKeys(String... keys) {
		checkSome(keys);
		Set<String> expected = new TreeSet<>(Arrays.asList(keys));
		if (!Connections.await(PATIENCE, () -> ask(this.view::keys).equals(expected))) {
			throw failure("Expecting %s to hold only %s, but it holds %s", this.view, expected, ask(this.view::keys));
		}
		return this;
	}

	/**
	 * Verify that no read finds any of the keys.
	 * @param keys the keys, at least one
	 * @return this
	 */
	public CacheAssert doesNotHaveKeys(String... keys) {
		checkSome(keys);
		List<KeyBrowser.Entry> there = ask(() -> this.view.entries(Arrays.asList(keys)));
		if (!there.isEmpty()) {
			throw failure("Expecting %s to hold none of %s, but it holds %s", this.view, Arrays.toString(keys),
					there.stream().map(KeyBrowser.Entry::key).toList());
		}
		return this;
	}

	/**
	 * Verify that the cache holds no keys that a read would find.
	 * @return this
	 */
	public CacheAssert isEmpty() {
		Set<String> keys = ask(this.view::keys);
		if (!keys.isEmpty()) {
			throw failure("Expecting %s to be empty, but it holds %s", this.view, keys);
		}
		return this;
	}

	/**
	 * Verify how much is left of the time to live of a key. With jitter a TTL of 5
	 * minutes is 4 min 30 s at first, or more.
	 * @param key the key
	 * @param min the least that may be left, inclusive
	 * @param max the most that may be left, inclusive
	 * @return this
	 */
	public CacheAssert hasTtlBetween(String key, Duration min, Duration max) {
		hasKeys(key);
		KeyBrowser.Entry entry = ask(() -> this.view.entry(key));
		Duration left = (entry != null) ? entry.left() : Duration.ZERO;
		if (left == null || left.compareTo(min) < 0 || left.compareTo(max) > 0) {
			throw failure("Expecting the TTL of key '%s' in %s to be between %s and %s, but it %s", key, this.view, min,
					max, (left != null) ? "is " + left : "does not expire");
		}
		return this;
	}

	/**
	 * Verify that a key is there and does not expire.
	 * @param key the key
	 * @return this
	 */
	public CacheAssert hasNoTtl(String key) {
		hasKeys(key);
		KeyBrowser.Entry entry = ask(() -> this.view.entry(key));
		if (entry == null || entry.left() != null) {
			throw failure("Expecting key '%s' in %s not to expire, but it does: %s", key, this.view,
					(entry != null) ? entry.left() : "it has gone");
		}
		return this;
	}

	/**
	 * Verify that the entry of a key carries tags, and perhaps others: evicting any of
	 * them evicts it.
	 * @param key the key
	 * @param tags the tags as the application names them, such as {@code tool:search}; at
	 * least one
	 * @return this
	 */
	public CacheAssert hasTags(String key, String... tags) {
		if (tags.length == 0) {
			throw new IllegalArgumentException("Name at least one tag, or use hasOnlyTags(key) for an entry without");
		}
		Set<String> missing = new TreeSet<>(Tags.of(Arrays.asList(tags)).names());
		Set<String> carried = tagsOf(key);
		missing.removeAll(carried);
		if (!missing.isEmpty()) {
			throw failure("Expecting key '%s' in %s to carry the tags %s, but it lacks %s. It carries %s", key,
					this.view, Arrays.toString(tags), missing, carried);
		}
		return this;
	}

	/**
	 * Verify that the entry of a key carries tags, and no others.
	 * @param key the key
	 * @param tags the tags as the application names them; none for an entry without tags
	 * @return this
	 */
	public CacheAssert hasOnlyTags(String key, String... tags) {
		Set<String> expected = new TreeSet<>(Tags.of(Arrays.asList(tags)).names());
		Set<String> carried = tagsOf(key);
		if (!carried.equals(expected)) {
			throw failure("Expecting key '%s' in %s to carry only the tags %s, but it carries %s", key, this.view,
					expected, carried);
		}
		return this;
	}

	private Set<String> tagsOf(String key) {
		hasKeys(key);
		KeyBrowser.Entry entry = ask(() -> this.view.entry(key));
		return (entry != null) ? new TreeSet<>(entry.tags()) : Set.of();
	}

	/**
	 * Verify that the application uses Redis, or does so within 30 seconds: after an
	 * outage, when all evictions of the meantime are applied.
	 * @return this
	 */
	public CacheAssert isConnected() {
		Connections.awaitConnected(this.view.manager());
		return this;
	}

	/**
	 * Verify that the application has noticed that it cannot use Redis, or does so within
	 * 30 seconds: reads then miss at once, and nothing waits for Redis.
	 * @return this
	 */
	public CacheAssert isDisconnected() {
		Connections.awaitDisconnected(this.view.manager());
		return this;
	}

	private static void checkSome(String... keys) {
		if (keys.length == 0) {
			throw new IllegalArgumentException("Name at least one key");
		}
	}

	private <T> T ask(Supplier<T> question) {
		try {
			return question.get();
		}
		catch (IllegalStateException ex) {
			AssertionError error = failure("Expecting to see what %s holds, but Redis does not tell: %s", this.view,
					ex.getMessage());
			error.initCause(ex);
			throw error;
		}
	}

	/**
	 * What a cache counted during a call.
	 *
	 * @param cache the cache
	 * @param before its counters before
	 * @param after its counters after
	 */
	private record Reads(CacheView cache, Counters before, Counters after) {

		static Reads during(CacheView cache, ThrowingCallable call) {
			Counters before = cache.cache().getCounters();
			run(call);
			return new Reads(cache, before, cache.cache().getCounters());
		}

		static void run(ThrowingCallable call) {
			try {
				call.call();
			}
			catch (RuntimeException | Error ex) {
				throw ex;
			}
			catch (Throwable ex) {
				throw new AssertionError("The call failed: " + ex, ex);
			}
		}

		static String hint() {
			return TransactionSynchronizationManager.isActualTransactionActive()
					? ". The test is in a transaction, in which nothing is evicted or stored before it commits: let the "
							+ "test run without one"
					: "";
		}

		long hits() {
			return this.after.hits() - this.before.hits();
		}

		long misses() {
			return this.after.misses() - this.before.misses();
		}

		String describe() {
			long shared = this.after.loadsShared() - this.before.loadsShared();
			String counted = "there were %d hits, %d misses and %d shared loads".formatted(hits(), misses(), shared);
			if (hits() + misses() == 0) {
				return "it did not read that cache: is the method called on the bean, from another class, and is its "
						+ "'condition' true?";
			}
			CacheCondition condition = CacheCondition.of(this.cache.manager());
			if (condition.isDegraded()) {
				return counted + ". The cache is not well: " + condition.reasons();
			}
			long failures = this.after.failures() - this.before.failures();
			long refused = this.after.notCacheable() - this.before.notCacheable();
			return counted + hint() + ((failures > 0)
					? ". Redis did not answer in time: on a busy machine set 'cache-starter.connection.command-timeout' to 5s"
					: "") + ((refused > 0) ? ". A value could not be cached; the log says why" : "");
		}

	}

}
