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

package dev.cachestarter.cache;

import java.lang.reflect.Type;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.function.Supplier;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.cache.interceptor.CacheOperationInvoker;
import org.springframework.cache.support.NullValue;
import org.springframework.cache.support.SimpleValueWrapper;
import org.springframework.core.ResolvableType;
import org.springframework.data.redis.cache.CacheStatistics;
import org.springframework.data.redis.cache.RedisCache;
import org.springframework.data.redis.cache.RedisCacheConfiguration;
import org.springframework.data.redis.cache.RedisCacheWriter;
import org.springframework.transaction.support.TransactionSynchronization;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.TtlPolicy;
import dev.cachestarter.cache.CallContext.Ticket;
import dev.cachestarter.engine.entry.Acquired;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.Lease;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.entry.Target;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.load.BackgroundLoads.Captured;
import dev.cachestarter.engine.load.Loads.Flight;
import dev.cachestarter.engine.load.Loads.Leading;
import dev.cachestarter.engine.load.Loads.Turn;
import dev.cachestarter.engine.load.Loads;
import dev.cachestarter.engine.redis.Deadline.RedisWaitException;
import dev.cachestarter.engine.redis.Deadline;
import dev.cachestarter.engine.redis.RedisLink;
import dev.cachestarter.engine.value.ValueCodec.CorruptEntryException;
import dev.cachestarter.engine.value.ValueCodec.Encoded;
import dev.cachestarter.engine.value.ValueCodec.NotCacheableException;
import dev.cachestarter.engine.value.ValueCodec;

/**
 * A {@link RedisCache} on the store of {@link ResilientRedisCacheManager}.
 * <p>
 * No method throws because of Redis: a read that Redis does not answer in time is a miss,
 * a write that it does not take is dropped, and an eviction that it does not take is
 * bypassed by this application until Redis has taken it. All waits of one call together
 * are bounded by the command timeout. An eviction or a put that has returned is seen by
 * the next read of every instance.
 * <p>
 * A key may be a {@link KeyPattern} in {@link #evict(Object)} and
 * {@link #evictIfPresent(Object)}. In a read-write transaction evictions and puts are
 * made after the commit, and the transaction itself bypasses what it has evicted.
 *
 * @since 0.1.0
 */
public final class ResilientRedisCache extends RedisCache {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	private final Engine engine;

	private final CacheSettings settings;

	private final CacheCounters counters = new CacheCounters();

	private volatile @Nullable CodecOfType codec;

	ResilientRedisCache(String name, RedisCacheWriter writer, RedisCacheConfiguration configuration,
			CacheSettings settings, Engine engine) {
		super(name, writer, configuration);
		this.engine = engine;
		this.settings = settings;
	}

	/**
	 * Return the settings of this cache.
	 * @return the settings
	 */
	public CacheSettings getSettings() {
		return this.settings;
	}

	CacheCounters counters() {
		return this.counters;
	}

	@Override
	public CacheStatistics getStatistics() {
		return this.counters.statistics(getName());
	}

	@Override
	public void clearStatistics() {
		this.counters.reset();
	}

	// Reading

	@Override
	protected @Nullable Object lookup(Object key) {
		return lookup(key, codec());
	}

	@Override
	public <T> @Nullable T get(Object key, @Nullable Class<T> type) {
		if (type == null || this.settings.type() != null || this.settings.valueSerializer() != null
				|| this.engine.types().typeOf(getName()) != null) {
			return super.get(key, type);
		}
		// Nothing else tells what the values of this cache are.
		Object value = fromStoreValue(lookup(key, this.engine.codecs().forType(type, this.settings)));
		return type.cast(value);
	}

	private @Nullable Object lookup(Object key, ValueCodec codec) {
		StoredKey stored = storedKey(key);
		CallContext context = CallContext.current();
		Deadline deadline = deadline(context);
		if (context != null && context.isReloading()) {
			if (context.confirm(this, stored) == null) {
				settle(lookAt(stored, context), null, deadline);
			}
			return null;
		}
		Reading reading = read(stored, codec, deadline, context != null);
		if (reading.hit()) {
			if (reading.due() != null && context != null && context.again() != null) {
				refresh(reading.due(), codec, this.engine.background().capture(), context.again().of(this));
			}
			return toStoreValue(reading.value());
		}
		if (context != null) {
			context.missed(this, stored, reading.observed(), request(codec, deadline), stale(reading, codec, null));
		}
		return null;
	}

	/**
	 * Read a value for a caller that is not Spring.
	 * @return the value, {@code null} if there is none or it is a cached null
	 */
	@Nullable Object read(StoredKey key, ValueCodec codec) {
		return read(key, codec, newDeadline(), false).value();
	}

	/**
	 * Read a value.
	 * @param loads whether the caller loads what it does not find, so that it may have an
	 * entry that stands in for a load which has just failed, and refresh one that is near
	 * its end
	 */
	private Reading read(StoredKey key, ValueCodec codec, Deadline deadline, boolean loads) {
		if (isBypassed(key)) {
			return missed(key, null);
		}
		long epoch = epoch(key);
		try {
			return interpret(key, deadline.await(this.engine.store().observe(key)), codec, loads).after(epoch);
		}
		catch (RedisWaitException ex) {
			this.counters.failed();
			return missed(key, null);
		}
	}

	Reading interpret(StoredKey key, Observed observed, ValueCodec codec, boolean loads) {
		EntryHeader header = observed.current();
		if (header == null || header.isLease() || !this.engine.isTrusted(header)) {
			if (observed.isForeign()) {
				unreadable(key, observed, "it was not written by this cache");
			}
			return missed(key, observed);
		}
		if (!isReadable(header, codec)) {
			this.counters.otherVersion();
			if (header.schemaMark().equals(EntryHeader.NO_MARK)) {
				this.engine.warnOnce("untyped:" + getName(), ("Cache '%s' has the entry of key '%s' put by code, and "
						+ "asked for without its type, so that such reads find nothing: state the cache's 'type', or ask by "
						+ "get(key, Class)")
					.formatted(getName(), key.logName()));
			}
			return missed(key, observed);
		}
		long now = this.engine.store().serverMillis();
		boolean fresh = header.isFresh(now);
		if (!fresh && (!loads || !isPaused(header, now) || !mayStandIn()
				|| TransactionScope.current(this.engine) != null)) {
			return missed(key, observed);
		}
		try {
			Object value = codec.decode(Objects.requireNonNull(observed.entry()), header.form());
			if (this.engine.evictions().covers(key)) {
				// Evicted here while we waited for the answer.
				return missed(key, null);
			}
			this.counters.hit();
			if (!fresh) {
				this.counters.staleServed();
			}
			if (logger.isDebugEnabled()) {
				logger.debug("Cache HIT - " + getName() + " (cacheKey: " + key.logName() + ")");
			}
			return new Reading(true, value, observed, loads && fresh && isDue(header, now), 0);
		}
		catch (CorruptEntryException ex) {
			if (header.schemaMark().equals(codec.schemaMark()) && !header.schemaMark().equals(EntryHeader.NO_MARK)) {
				unreadable(key, observed, String.valueOf(ex.getMessage()));
			}
			return missed(key, observed);
		}
	}

	/**
	 * Return whether an entry is of the type that is asked for. What was written without
	 * a declared type is for those who state one: others would get maps for objects.
	 */
	private boolean isReadable(EntryHeader header, ValueCodec codec) {
		String mark = header.schemaMark();
		if (mark.equals(codec.schemaMark()) || header.isNull()) {
			return true;
		}
		String plain = plainCodec().schemaMark();
		return !codec.schemaMark().equals(plain) && (mark.equals(EntryHeader.NO_MARK) || mark.equals(plain));
	}

	Reading missed(StoredKey key, @Nullable Observed observed) {
		this.counters.miss();
		if (logger.isDebugEnabled()) {
			logger.debug("Cache MISS - " + getName() + " (cacheKey: " + key.logName() + ")");
		}
		return new Reading(false, null, observed, false, 0);
	}

	/**
	 * What had been evicted here before a read, for those who may stay with what it
	 * finds.
	 */
	private long epoch(StoredKey key) {
		return mayStandIn() ? this.engine.evictions().epoch(key) : 0;
	}

	private boolean mayStandIn() {
		return !this.settings.staleIfError().isZero();
	}

	private boolean isDue(EntryHeader header, long now) {
		long ahead = this.settings.refreshAhead().toMillis();
		return ahead > 0 && header.isDue(now, ahead) && !header.isClaimed(now, this.settings.longestClaim());
	}

	/** Return whether a load of the entry has failed, and none is to be tried yet. */
	boolean isPaused(EntryHeader header, long now) {
		return header.isPaused() && header.isClaimed(now, this.settings.longestClaim());
	}

	private void unreadable(StoredKey key, Observed observed, String why) {
		this.counters.unreadable();
		this.engine.warnOnce("unreadable:" + getName(),
				"Cache '%s' holds an entry that cannot be read, under key '%s': %s. Such entries are misses and removed"
					.formatted(getName(), key.logName(), why));
		this.engine.store().discard(key.redisKey(), observed.header());
	}

	boolean isBypassed(StoredKey key) {
		if (this.engine.evictions().covers(key)) {
			return true;
		}
		TransactionScope transaction = TransactionScope.current(this.engine);
		return transaction != null && transaction.bypasses(key);
	}

	@Override
	public CompletableFuture<ValueWrapper> retrieve(Object key) {
		StoredKey stored = storedKey(key);
		ValueCodec codec = codec();
		CallContext context = CallContext.current();
		Deadline deadline = deadline(context);
		// On the thread that asks: its transaction and the loads it is in are bound to
		// it.
		Loads.Request request = request(codec, deadline);
		CompletableFuture<ValueWrapper> result = new CompletableFuture<>();
		if (context != null && context.isReloading()) {
			(context.confirm(this, stored) != null ? CompletableFuture.completedFuture(null) : lookAt(stored, context))
				.whenCompleteAsync((done, ex) -> CallContext.run(context, () -> result.complete(null)),
						this.engine.executor());
			return result;
		}
		if (request.transactional()) {
			// On this thread, so that what follows is in its transaction.
			Reading reading = read(stored, codec, deadline, context != null);
			if (context != null && !reading.hit()) {
				context.missed(this, stored, reading.observed(), request);
			}
			return CompletableFuture.completedFuture(reading.hit() ? wrapper(reading.value()) : null);
		}
		CallContext.Again again = (context != null) ? context.again() : null;
		Captured captured = capture(again != null);
		readAsync(stored, codec, deadline, context != null).whenCompleteAsync((reading, ex) -> {
			// Spring goes on from here: it must find the context, and no event loop.
			if (context != null && !reading.hit()) {
				context.missed(this, stored, reading.observed(), request, stale(reading, codec, captured));
			}
			else if (reading.due() != null && captured != null && again != null) {
				refresh(reading.due(), codec, captured, again.of(this));
			}
			CallContext.run(context, () -> result.complete(reading.hit() ? wrapper(reading.value()) : null));
		}, this.engine.executor());
		return result;
	}

	private static SimpleValueWrapper wrapper(@Nullable Object value) {
		return new SimpleValueWrapper(value);
	}

	/** What is loaded in the background needs the context of the thread that asks. */
	private @Nullable Captured capture(boolean repeatable) {
		boolean wanted = repeatable && !this.engine.background().isHere()
				&& !(this.settings.refreshAhead().isZero() && this.settings.loadTimeout().isZero());
		return wanted ? this.engine.background().capture() : null;
	}

	private CompletableFuture<Reading> readAsync(StoredKey key, ValueCodec codec, Deadline deadline, boolean loads) {
		if (isBypassed(key)) {
			return CompletableFuture.completedFuture(missed(key, null));
		}
		long epoch = epoch(key);
		return deadline.limit(this.engine.store().observe(key)).handleAsync((observed, ex) -> {
			if (ex != null) {
				this.counters.failed();
				return missed(key, null);
			}
			return interpret(key, observed, codec, loads).after(epoch);
		}, this.engine.executor());
	}

	// Reading what is stale, and reloading

	/** Return what a reading that is no hit has found that may stand in for the load. */
	@Nullable Stale stale(Reading reading, ValueCodec codec, @Nullable Captured captured) {
		Observed observed = reading.observed();
		EntryHeader header = (observed != null && mayStandIn()) ? observed.current() : null;
		if (observed == null || header == null || !isUsable(header, codec)
				|| header.isFresh(this.engine.store().serverMillis())) {
			return null;
		}
		Captured context = (captured != null || this.settings.loadTimeout().isZero()
				|| this.engine.background().isHere()) ? captured : this.engine.background().capture();
		return new Stale(observed, reading.epoch(), codec, context);
	}

	/** Return whether a header is of a value that this cache could read. */
	private boolean isUsable(EntryHeader header, ValueCodec codec) {
		return !header.isLease() && this.engine.isTrusted(header) && isReadable(header, codec);
	}

	/**
	 * Look whether an entry that was stale is still there, to stand in for its load. It
	 * is looked at again since it may have been evicted while the load ran; while Redis
	 * does not answer, only what was evicted here is known.
	 * @return what stands in, {@code null} if nothing does; never fails
	 */
	CompletableFuture<@Nullable StandIn> standIn(Stale stale, Deadline deadline) {
		StoredKey key = stale.observed().key();
		if (isBypassed(key)) {
			return CompletableFuture.completedFuture(null);
		}
		return deadline.limit(this.engine.store().observe(key)).handleAsync((now, ex) -> {
			boolean unknown = ex != null && this.engine.evictions().epoch(key) == stale.epoch();
			Observed observed = unknown ? stale.observed() : now;
			EntryHeader header = (observed != null) ? observed.current() : null;
			if (observed == null || header == null || !isUsable(header, stale.codec())
					|| this.engine.evictions().covers(key)) {
				return null;
			}
			try {
				Object value = stale.codec().decode(Objects.requireNonNull(observed.entry()), header.form());
				if (!header.isFresh(this.engine.store().serverMillis())) {
					this.counters.staleServed();
				}
				return new StandIn(value);
			}
			catch (CorruptEntryException unreadable) {
				unreadable(key, observed, String.valueOf(unreadable.getMessage()));
				return null;
			}
		}, this.engine.executor());
	}

	/**
	 * Load an entry anew that is near its end, in the background, unless somebody does.
	 */
	private void refresh(Observed due, ValueCodec codec, Captured captured, Reload reload) {
		StoredKey key = due.key();
		this.engine.background().runOnce(key, this.settings.loadLeaseLimit(), captured, () -> {
			Loads.Request request = backgroundRequest(codec);
			// Waits on a thread of its own, and no longer than its deadline.
			Flight flight = this.engine.loads().claim(due, request).join();
			if (flight != null) {
				reload(due, request, flight, reload);
			}
		});
	}

	/**
	 * Have a load go on in the background, and wait for it no longer than
	 * {@code load-timeout}.
	 * @return completed with what came of it; {@code null} if it has to be waited for
	 */
	private @Nullable CompletableFuture<Turn> loadInBackground(Stale stale, Flight flight, Reload reload) {
		Captured captured = stale.captured();
		if (captured == null) {
			return null;
		}
		Duration timeout = this.settings.loadTimeout();
		if (this.engine.background().isHanging(getName(), timeout)) {
			// As long as its other loads hang, it is given what they are given in the
			// end.
			flight.end();
			return CompletableFuture.completedFuture(new Turn.GaveUp());
		}
		boolean runs = this.engine.background().run(flight.key(), timeout, captured, () -> {
			if (isHeld(flight)) {
				reload(stale.observed(), backgroundRequest(stale.codec()), flight, reload);
			}
			else {
				// It has waited here for too long: its caller has gone on.
				flight.end();
			}
		}, flight::end);
		return runs ? flight.join(timeout.toNanos()) : null;
	}

	/** On a thread that may wait. */
	private boolean isHeld(Flight flight) {
		try {
			return newDeadline().await(flight.isHeld(this.settings.lease()));
		}
		catch (RedisWaitException ex) {
			return false;
		}
	}

	/**
	 * Hand a load over to the background, if it is to go there and there is room.
	 * @return what came of it; the same turn if it is still the caller's
	 */
	CompletableFuture<Turn> handOver(StoredKey key, Turn.Lead turn, Stale stale, Loads.Request request, Reload reload) {
		CompletableFuture<Turn> handedOver = handsOver(stale, request) ? loadInBackground(stale, turn.flight(), reload)
				: null;
		if (handedOver == null) {
			return CompletableFuture.completedFuture(turn);
		}
		return handedOver.thenCompose((came) -> (came instanceof Turn.Abandoned)
				? this.engine.loads().turnAnew(key, request) : CompletableFuture.completedFuture(came));
	}

	/**
	 * Return whether a load goes to the background when it may take too long. What is
	 * loaded for a transaction stays in it; and one that is in the background already
	 * (nothing was captured for it), or was told to hurry, goes nowhere.
	 */
	boolean handsOver(Stale stale, Loads.Request request) {
		return stale.captured() != null && !this.settings.loadTimeout().isZero() && !request.transactional()
				&& !Thread.currentThread().isInterrupted();
	}

	private void reload(Observed observed, Loads.Request request, Flight flight, Reload reload) {
		StoredKey key = observed.key();
		CompletableFuture<?> loading;
		try {
			loading = reload.load(key, observed, request, flight);
		}
		catch (Throwable ex) {
			loading = CompletableFuture.failedFuture(ex);
		}
		loading.whenComplete((value, ex) -> {
			if (ex == null) {
				this.counters.refreshed();
				return;
			}
			flight.failed(original(RedisLink.unwrap(ex)));
			this.counters.refreshFailed();
			this.engine.warnOnce("refresh:" + getName(),
					"Cache '%s' could not load the value of key '%s' in the background: %s. Further failures are counted"
						.formatted(getName(), key.logName(), original(RedisLink.unwrap(ex))));
		});
	}

	Loads.Request backgroundRequest(ValueCodec codec) {
		return new Loads.Request(this.settings, newDeadline(), System.nanoTime(), false, null,
				(header) -> isUsable(header, codec), this.counters::unreadable);
	}

	// Reading, or loading

	@Override
	@SuppressWarnings("unchecked")
	public <T> @Nullable T get(Object key, Callable<T> valueLoader) {
		StoredKey stored = storedKey(key);
		return (T) load(stored, codec(), null, () -> {
			try {
				return valueLoader.call();
			}
			catch (Throwable ex) {
				throw new LoadFailure(ex);
			}
		}, (failure) -> new ValueRetrievalException(key, valueLoader,
				(CallContext.current() != null && !(failure instanceof CacheOperationInvoker.ThrowableWrapper))
						? new CacheOperationInvoker.ThrowableWrapper(failure) : failure));
	}

	/**
	 * Read a value, or load it in turn.
	 * @param key the key
	 * @param codec of the type of the value
	 * @param ttl the time to live of a loaded value, {@code null} for the cache's own
	 * @param loader loads it; fails with {@link LoadFailure}
	 * @param failure turns what a loader threw, ours or another's, into what the caller
	 * gets
	 */
	<X extends Exception> @Nullable Object load(StoredKey key, ValueCodec codec, @Nullable Duration ttl,
			Supplier<@Nullable Object> loader, Function<Throwable, X> failure) throws X {
		CallContext context = CallContext.current();
		if (context != null && context.isReloading()) {
			Flight given = context.confirm(this, key);
			context.checkConfirmed();
			return lead(Objects.requireNonNull(given), codec, ttl, loader, failure);
		}
		Deadline deadline = newDeadline();
		Reload reload = (context != null) ? (context.again() != null) ? context.again().of(this) : null
				: (again, observed, request, flight) -> {
					lead(flight, codec, ttl, loader, LoadFailure::new);
					return CompletableFuture.completedFuture(null);
				};
		Reading reading = read(key, codec, deadline, true);
		if (reading.hit()) {
			if (reading.due() != null && reload != null) {
				refresh(reading.due(), codec, this.engine.background().capture(), reload);
			}
			return reading.value();
		}
		Stale stale = (reload != null) ? stale(reading, codec, null) : null;
		Loads.Request request = request(codec, deadline);
		Turn turn = await(this.engine.loads().turn(key, reading.observed(), request), key);
		if (turn instanceof Turn.Lead lead && stale != null && reload != null) {
			turn = await(handOver(key, lead, stale, request, reload), key);
		}
		if (turn instanceof Turn.GaveUp) {
			StandIn standIn = awaitStandIn(stale, null, deadline);
			if (standIn != null) {
				return standIn.value();
			}
			turn = await(this.engine.loads().turnAnew(key, request), key);
		}
		if (turn instanceof Turn.Shared shared) {
			this.counters.loadShared();
			return shared.value();
		}
		if (turn instanceof Turn.Failed failed) {
			StandIn standIn = awaitStandIn(stale, failed.failure(), deadline);
			if (standIn != null) {
				return standIn.value();
			}
			throw failure.apply(failed.failure());
		}
		StandIn taken = (turn instanceof Turn.Found found) ? take(found, codec) : null;
		if (taken != null) {
			return taken.value();
		}
		Flight flight = (turn instanceof Turn.Lead lead) ? lead.flight() : this.engine.loads().alone(key);
		try {
			return lead(flight, codec, ttl, loader, LoadFailure::new);
		}
		catch (LoadFailure ex) {
			StandIn standIn = awaitStandIn(flight.replaces() ? null : stale, original(ex), deadline);
			if (standIn != null) {
				return standIn.value();
			}
			throw failure.apply(ex.getCause());
		}
	}

	private @Nullable StandIn awaitStandIn(@Nullable Stale stale, @Nullable Throwable failure, Deadline deadline) {
		return (stale == null || failure instanceof Error) ? null
				: settle(standIn(stale, deadline), null, newDeadline());
	}

	/** Load in a flight of one's own. */
	private <X extends Exception> @Nullable Object lead(Flight flight, ValueCodec codec, @Nullable Duration ttl,
			Supplier<@Nullable Object> loader, Function<Throwable, X> failure) throws X {
		Runnable leave = Loads.enter(Leading.of(flight, Loads.leading()));
		Object value;
		try {
			value = loader.get();
		}
		catch (LoadFailure ex) {
			flight.failed(original(ex.getCause()));
			throw failure.apply(ex.getCause());
		}
		finally {
			leave.run();
		}
		flight.loaded(value);
		fill(flight, value, codec, ttl);
		return value;
	}

	/**
	 * Take what another has stored.
	 * @return the value, {@code null} if it cannot be read, or was evicted here while the
	 * caller waited for it
	 */
	@Nullable StandIn take(Turn.Found found, ValueCodec codec) {
		Observed observed = found.observed();
		StoredKey key = observed.key();
		try {
			Object value = codec.decode(Objects.requireNonNull(observed.entry()), found.header().form());
			if (this.engine.evictions().covers(key)) {
				return null;
			}
			if (found.header().isFresh(this.engine.store().serverMillis())) {
				this.counters.loadShared();
			}
			else {
				this.counters.staleServed();
			}
			return new StandIn(value);
		}
		catch (CorruptEntryException ex) {
			unreadable(key, observed, String.valueOf(ex.getMessage()));
			return null;
		}
	}

	private static Throwable original(Throwable ex) {
		if (ex instanceof LoadFailure failure) {
			return original(failure.getCause());
		}
		return (ex instanceof CacheOperationInvoker.ThrowableWrapper wrapper) ? wrapper.getOriginal() : ex;
	}

	@Override
	@SuppressWarnings("unchecked")
	public <T> CompletableFuture<T> retrieve(Object key, Supplier<CompletableFuture<T>> valueLoader) {
		StoredKey stored = storedKey(key);
		ValueCodec codec = codec();
		CallContext context = CallContext.current();
		Deadline deadline = newDeadline();
		Loads.Request request = request(codec, deadline);
		CompletableFuture<@Nullable Void> cancelled = new CompletableFuture<>();
		if (context != null && context.isReloading()) {
			Flight given = context.confirm(this, stored);
			context.checkConfirmed();
			return (CompletableFuture<T>) leadAsync(Objects.requireNonNull(given), codec, context, request, valueLoader,
					cancelled);
		}
		if (request.transactional()) {
			Reading reading = read(stored, codec, deadline, true);
			return (CompletableFuture<T>) (reading.hit() ? CompletableFuture.completedFuture(reading.value())
					: leadAsync(this.engine.loads().alone(stored), codec, context, request, valueLoader, cancelled));
		}
		Reload reload = (context != null) ? (context.again() != null) ? context.again().of(this) : null : (again,
				observed, anew, flight) -> leadAsync(flight, codec, null, anew, valueLoader, new CompletableFuture<>());
		Captured captured = capture(reload != null);
		CompletableFuture<T> result = readAsync(stored, codec, deadline, true).thenComposeAsync((reading) -> {
			if (reading.hit()) {
				if (reading.due() != null && captured != null && reload != null) {
					refresh(reading.due(), codec, captured, reload);
				}
				return CompletableFuture.completedFuture((T) reading.value());
			}
			Stale stale = (reload != null) ? stale(reading, codec, captured) : null;
			return this.engine.loads()
				.turn(stored, reading.observed(), request)
				.thenComposeAsync((turn) -> (turn instanceof Turn.Lead lead && stale != null && reload != null)
						? handOver(stored, lead, stale, request, reload) : CompletableFuture.completedFuture(turn),
						this.engine.executor())
				.thenCompose((turn) -> afterWaiting(stored, turn, stale, request, deadline))
				.thenComposeAsync((turn) -> (CompletableFuture<T>) loadAsync(stored, turn, stale, codec, context,
						request, valueLoader, cancelled), this.engine.executor());
		}, this.engine.executor());
		result.whenComplete((value, ex) -> {
			if (result.isCancelled()) {
				cancelled.complete(null);
			}
		});
		return result;
	}

	/** Have what stands in for a load that takes too long, or another turn. */
	private CompletableFuture<Turn> afterWaiting(StoredKey key, Turn turn, @Nullable Stale stale, Loads.Request request,
			Deadline deadline) {
		if (!(turn instanceof Turn.GaveUp)) {
			return CompletableFuture.completedFuture(turn);
		}
		CompletableFuture<@Nullable StandIn> standIn = (stale != null) ? standIn(stale, deadline)
				: CompletableFuture.completedFuture(null);
		return standIn.thenCompose(
				(found) -> (found != null) ? CompletableFuture.<Turn>completedFuture(new Turn.Shared(found.value()))
						: this.engine.loads().turnAnew(key, request));
	}

	private CompletableFuture<?> loadAsync(StoredKey key, Turn turn, @Nullable Stale stale, ValueCodec codec,
			@Nullable CallContext context, Loads.Request request, Supplier<? extends CompletableFuture<?>> loader,
			CompletableFuture<@Nullable Void> cancelled) {
		if (turn instanceof Turn.Shared shared) {
			this.counters.loadShared();
			return CompletableFuture.completedFuture(shared.value());
		}
		if (turn instanceof Turn.Failed failed) {
			return orStandIn(CompletableFuture.failedFuture(failed.failure()), stale, request.deadline());
		}
		StandIn taken = (turn instanceof Turn.Found found) ? take(found, codec) : null;
		if (taken != null) {
			return CompletableFuture.completedFuture(taken.value());
		}
		Flight flight = (turn instanceof Turn.Lead lead) ? lead.flight() : this.engine.loads().alone(key);
		return orStandIn(leadAsync(flight, codec, context, request, loader, cancelled),
				flight.replaces() ? null : stale, request.deadline());
	}

	/** Return a result, or, if it is a failure, what stands in for it. */
	private CompletableFuture<?> orStandIn(CompletableFuture<?> result, @Nullable Stale stale, Deadline deadline) {
		if (stale == null) {
			return result;
		}
		return result.<CompletableFuture<@Nullable Object>>handle((value, ex) -> {
			if (ex == null) {
				return CompletableFuture.completedFuture(value);
			}
			CompletableFuture<@Nullable StandIn> standIn = (original(RedisLink.unwrap(ex)) instanceof Error)
					? CompletableFuture.completedFuture(null) : standIn(stale, deadline);
			return standIn.thenCompose((found) -> (found != null) ? CompletableFuture.completedFuture(found.value())
					: CompletableFuture.failedFuture(ex));
		}).thenCompose((next) -> next);
	}

	/** Load in a flight of one's own. */
	private CompletableFuture<@Nullable Object> leadAsync(Flight flight, ValueCodec codec,
			@Nullable CallContext context, Loads.Request request, Supplier<? extends CompletableFuture<?>> loader,
			CompletableFuture<@Nullable Void> cancelled) {
		CompletableFuture<?> loading;
		Runnable leave = Loads.enter(Leading.of(flight, request.leading()));
		try {
			loading = Objects.requireNonNull(CallContext.call(context, loader::get), "The loader returned no future");
		}
		catch (Throwable ex) {
			loading = CompletableFuture.failedFuture(ex);
		}
		finally {
			leave.run();
		}
		CompletableFuture<@Nullable Object> result = new CompletableFuture<>();
		CompletableFuture<?> running = loading;
		// Nobody wants it any more: neither the load nor those behind it need go on.
		cancelled.thenRun(() -> {
			flight.end();
			running.cancel(true);
		});
		loading.whenComplete((value, ex) -> {
			if (ex != null) {
				flight.failed(original(RedisLink.unwrap(ex)));
				result.completeExceptionally(ex);
				return;
			}
			flight.loaded(value);
			// As Spring Data's own: returned when it is stored, or is known not to be.
			request.deadline()
				.limit(fill(flight, value, codec, null).copy())
				.whenCompleteAsync((filled, ignored) -> result.complete(value), this.engine.executor());
		});
		return result;
	}

	// Loading in an intercepted call

	/**
	 * Look at a key that the call will fill without having asked for it.
	 * @return completed when the call knows what is there
	 */
	CompletableFuture<?> miss(Object key, CallContext context) {
		StoredKey stored = storedKey(key);
		return context.knows(this, stored) ? CompletableFuture.completedFuture(null) : lookAt(stored, context);
	}

	private CompletableFuture<?> lookAt(StoredKey stored, CallContext context) {
		Deadline deadline = context.deadline(this.engine);
		Loads.Request request = request(codec(), deadline);
		if (isBypassed(stored)) {
			context.missed(this, stored, null, request);
			return CompletableFuture.completedFuture(null);
		}
		return deadline.limit(this.engine.store().observe(stored)).handle((observed, ex) -> {
			context.missed(this, stored, observed, request);
			return observed;
		});
	}

	/**
	 * Lease a key that the call will put.
	 * @return completed when it is leased, or is known not to be
	 */
	CompletableFuture<?> seize(Object key, CallContext context) {
		StoredKey stored = storedKey(key);
		if (context.isAsynchronous() && TransactionScope.current(this.engine) != null) {
			// What is put on another thread cannot wait for the commit: it is evicted by
			// it.
			evict(new Target.Key(stored), false);
		}
		return context.seize(this, stored, request(codec(), context.deadline(this.engine)));
	}

	/**
	 * Return the value that a turn has brought, {@code null} if it has brought none that
	 * may be used.
	 */
	@Nullable StandIn valueOf(@Nullable Turn turn) {
		if (turn instanceof Turn.Shared shared) {
			this.counters.loadShared();
			return new StandIn(shared.value());
		}
		return (turn instanceof Turn.Found found) ? take(found, codec()) : null;
	}

	void countShared() {
		this.counters.loadShared();
	}

	Engine engine() {
		return this.engine;
	}

	Loads.Request request(ValueCodec codec, Deadline deadline) {
		return new Loads.Request(this.settings, deadline, System.nanoTime(),
				TransactionScope.current(this.engine) != null, Loads.leading(), (header) -> isUsable(header, codec),
				this.counters::unreadable);
	}

	/** Wait for a turn, which comes when it comes: all that it waits for is bounded. */
	private Turn await(CompletableFuture<Turn> turn, StoredKey key) {
		try {
			return turn.get();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			// Nobody will lead it any more, if it is ours.
			turn.thenAccept((late) -> {
				if (late instanceof Turn.Lead lead) {
					lead.flight().end();
				}
			});
			return new Turn.Lead(this.engine.loads().alone(key));
		}
		catch (ExecutionException ex) {
			return new Turn.Lead(this.engine.loads().alone(key));
		}
	}

	// Writing

	@Override
	public void put(Object key, @Nullable Object value) {
		StoredKey stored = storedKey(key);
		CallContext context = CallContext.current();
		if (context == null) {
			putNow(stored, value, (value != null) ? codecForValue(value) : codec(), null, null);
			return;
		}
		Ticket ticket = context.take(this, stored);
		ValueCodec codec = codec();
		if (ticket == null) {
			putNow(stored, value, codec, null, context);
			return;
		}
		Flight flight = ticket.flight();
		if (ticket.isPut()) {
			putSeized(stored, (flight != null) ? flight : this.engine.loads().alone(stored), value, codec, context);
			return;
		}
		if (ticket.isServed() || flight == null) {
			return;
		}
		CompletableFuture<Boolean> filled = fill(flight, value, codec, null);
		if (context.isAsynchronous()) {
			context.returnsAfter(deadline(context).limit(filled.copy()));
		}
	}

	/**
	 * Store the result of a {@code @CachePut}; what cannot be stored must not leave the
	 * old.
	 */
	private void putSeized(StoredKey key, Flight flight, @Nullable Object value, ValueCodec codec,
			CallContext context) {
		TransactionScope transaction = TransactionScope.current(this.engine);
		if (transaction != null) {
			Prepared prepared = prepare(key, value, codec, null);
			transaction.instead(new Target.Key(key), (status, deadline) -> {
				if (status == TransactionSynchronization.STATUS_ROLLED_BACK) {
					flight.end();
					return () -> {
					};
				}
				boolean committed = status == TransactionSynchronization.STATUS_COMMITTED;
				CompletableFuture<?> done = orEvict(key, store(flight, committed ? prepared : null, codec));
				return () -> settle(done, null, deadline);
			});
			return;
		}
		Prepared prepared = flight.isTransactional() ? null : prepare(key, value, codec, null);
		settle(orEvict(key, store(flight, prepared, codec)), context, deadline(context));
	}

	private CompletableFuture<?> orEvict(StoredKey key, CompletableFuture<Boolean> stored) {
		Target.Key target = new Target.Key(key);
		return stored.handle((filled, ex) -> {
			if (ex != null || !filled) {
				return this.engine.evictions().evict(target);
			}
			// A server that forgets the put has the old value again.
			this.engine.evictions().remember(target);
			return CompletableFuture.<Object>completedFuture(null);
		}).thenCompose((next) -> next);
	}

	/**
	 * Store a value whatever is there; seen by every reader when this returns, or, in a
	 * transaction, when it has committed.
	 */
	void putNow(StoredKey key, @Nullable Object value, ValueCodec codec, @Nullable Duration ttl,
			@Nullable CallContext context) {
		Prepared prepared = prepare(key, value, codec, ttl);
		TransactionScope transaction = TransactionScope.current(this.engine);
		if (transaction != null) {
			transaction.instead(new Target.Key(key), (status, deadline) -> {
				if (status == TransactionSynchronization.STATUS_ROLLED_BACK) {
					return () -> {
					};
				}
				boolean committed = status == TransactionSynchronization.STATUS_COMMITTED;
				CompletableFuture<?> done = replace(key, committed ? prepared : null, codec);
				return () -> settle(done, null, deadline);
			});
			return;
		}
		settle(replace(key, prepared, codec), context, deadline(context));
	}

	private CompletableFuture<?> replace(StoredKey key, @Nullable Prepared prepared, ValueCodec codec) {
		if (prepared == null || this.engine.evictions().covers(key)) {
			// Not to be stored: the old value must not stay either.
			return this.engine.evictions().evict(new Target.Key(key));
		}
		CompletableFuture<Boolean> replaced = this.engine.store()
			.replace(key, prepared.encoded(), codec.schemaMark(), prepared.ttl(), this.settings.staleIfError(),
					this.settings.lease());
		replaced.whenComplete((stored, ex) -> counted(stored, ex));
		return orEvict(key, replaced);
	}

	@Override
	public @Nullable ValueWrapper putIfAbsent(Object key, @Nullable Object value) {
		StoredKey stored = storedKey(key);
		TransactionScope transaction = TransactionScope.current(this.engine);
		if (transaction == null) {
			return putIfAbsent(stored, value, newDeadline());
		}
		Reading reading = read(stored, codec(), newDeadline(), false);
		if (reading.hit()) {
			return wrapper(reading.value());
		}
		transaction.afterwards(stored, (status, deadline) -> () -> {
			if (status == TransactionSynchronization.STATUS_COMMITTED) {
				putIfAbsent(stored, value, deadline);
			}
		});
		return null;
	}

	private @Nullable ValueWrapper putIfAbsent(StoredKey key, @Nullable Object value, Deadline deadline) {
		ValueCodec codec = (value != null) ? codecForValue(value) : codec();
		for (int attempt = 0; attempt < 3; attempt++) {
			Reading reading = read(key, codec, deadline, false);
			if (reading.hit()) {
				return wrapper(reading.value());
			}
			Observed observed = reading.observed();
			Prepared prepared = (observed != null) ? prepare(key, value, codec, null) : null;
			if (observed == null || prepared == null) {
				return null;
			}
			try {
				Acquired acquired = deadline.await(this.engine.store()
					.acquire(observed, this.engine.store().newNonce(), this.settings.lease(), false));
				Lease lease = acquired.lease();
				if (lease != null && deadline.await(this.engine.store()
					.fill(lease, prepared.encoded(), codec.schemaMark(), prepared.ttl(),
							this.settings.staleIfError()))) {
					this.counters.put();
					return null;
				}
			}
			catch (RedisWaitException ex) {
				this.counters.failed();
				return null;
			}
		}
		return null;
	}

	/**
	 * Store a loaded value under its lease, and end the flight.
	 */
	CompletableFuture<Boolean> fill(Flight flight, @Nullable Object value, ValueCodec codec, @Nullable Duration ttl) {
		if (!flight.canFill()) {
			flight.end();
			return CompletableFuture.completedFuture(false);
		}
		Prepared prepared = prepare(flight.key(), value, codec, ttl);
		TransactionScope transaction = TransactionScope.current(this.engine);
		if (transaction == null) {
			// Loaded for a transaction of another thread, nobody here knows when it ends.
			return store(flight, flight.isTransactional() ? null : prepared, codec);
		}
		transaction.afterwards(flight.key(), (status, deadline) -> {
			boolean committed = status == TransactionSynchronization.STATUS_COMMITTED;
			store(flight, committed ? prepared : null, codec);
			return () -> {
			};
		});
		return CompletableFuture.completedFuture(false);
	}

	private CompletableFuture<Boolean> store(Flight flight, @Nullable Prepared prepared, ValueCodec codec) {
		if (prepared == null || this.engine.evictions().covers(flight.key())) {
			flight.end();
			return CompletableFuture.completedFuture(false);
		}
		CompletableFuture<Boolean> filled = flight.fill(prepared.encoded(), codec.schemaMark(), prepared.ttl(),
				this.settings.staleIfError());
		filled.whenComplete((stored, ex) -> counted(stored, ex));
		return filled;
	}

	private void counted(@Nullable Boolean stored, @Nullable Throwable ex) {
		if (ex != null) {
			this.counters.failed();
		}
		else if (Boolean.TRUE.equals(stored)) {
			this.counters.put();
		}
		else {
			this.counters.refusedFill();
		}
	}

	/** Encode a value on the caller's thread; null if it is not to be stored. */
	private @Nullable Prepared prepare(StoredKey key, @Nullable Object value, ValueCodec codec,
			@Nullable Duration ttl) {
		Duration life = (ttl != null && value != null) ? ttl : ttlOf(key, value);
		if (life == null) {
			return null;
		}
		String disagreement = (ttl == null && this.settings.type() == null && this.settings.valueSerializer() == null)
				? this.engine.types().disagreement(getName()) : null;
		if (disagreement != null) {
			this.counters.notCacheable();
			this.engine.warnOnce("types:" + getName(),
					"Cache '%s' is used for values of several types: %s. Nothing is cached in it; give each type a cache of its own, or state the common type: cache-starter.caches.[%s].type"
						.formatted(getName(), disagreement, getName()));
			return null;
		}
		try {
			return new Prepared(codec.encode(value), life);
		}
		catch (NotCacheableException ex) {
			boolean size = ex.reason() == NotCacheableException.Reason.TOO_LARGE;
			if (size) {
				this.counters.tooLarge();
			}
			else {
				this.counters.notCacheable();
			}
			this.engine.warnOnce(ex.reason() + ":" + getName() + (size ? "" : ":" + ex.getMessage()),
					"Cache '%s' does not cache the value of key '%s': %s".formatted(getName(), key.logName(),
							ex.getMessage()));
			return null;
		}
		// A codec is partly the application's, and whoever holds a lease must end it.
		catch (RuntimeException | Error ex) {
			this.counters.notCacheable();
			this.engine.warnOnce("encode:" + getName(),
					"Cache '%s' does not cache the value of key '%s': %s".formatted(getName(), key.logName(), ex));
			return null;
		}
	}

	private @Nullable Duration ttlOf(StoredKey key, @Nullable Object value) {
		TtlPolicy policy = this.engine.ttlPolicy();
		if (policy != null) {
			try {
				Duration decided = policy.ttl(getName(), key.key(), value);
				if (decided != null && !decided.isNegative()) {
					return decided;
				}
			}
			catch (Throwable ex) {
				this.engine.warnOnce("policy:" + getName(), "TtlPolicy failed for cache '" + getName() + "': " + ex);
			}
		}
		if (value == null) {
			return this.settings.nullTtl().isZero() ? null : jittered(this.settings.nullTtl());
		}
		return jittered(this.settings.ttl());
	}

	private Duration jittered(Duration ttl) {
		double share = this.settings.ttlJitter();
		if (ttl.isZero() || share == 0) {
			return ttl;
		}
		long millis = (long) (ttl.toMillis() * (1 - share * ThreadLocalRandom.current().nextDouble()));
		return Duration.ofMillis(Math.max(1, millis));
	}

	// Evicting

	@Override
	public void evict(Object key) {
		evict(key, false);
	}

	@Override
	public boolean evictIfPresent(Object key) {
		return evict(key, true);
	}

	@Override
	public void clear() {
		evict(new Target.Whole(getName()), false);
	}

	/**
	 * Evict every entry whose key matches a glob pattern. No reader of any instance gets
	 * one of them when this method has returned (in a transaction: when it has
	 * committed).
	 * @param keyPattern the pattern, against keys within this cache
	 */
	@Override
	public void clear(String keyPattern) {
		evict(KeyPattern.of(keyPattern), false);
	}

	@Override
	public boolean invalidate() {
		return evict(new Target.Whole(getName()), true);
	}

	private boolean evict(Object key, boolean immediate) {
		return evict((key instanceof KeyPattern pattern) ? target(this.engine.layout(), getName(), pattern)
				: new Target.Key(storedKey(key)), immediate);
	}

	/**
	 * Return the narrowest target that is all a pattern matches.
	 * @param cacheName the cache, {@code null} if the pattern is against whole keys
	 */
	static Target target(KeyLayout layout, @Nullable String cacheName, KeyPattern pattern) {
		String only = pattern.onlyKey();
		if (only != null) {
			return new Target.Key((cacheName != null) ? layout.key(cacheName, only) : layout.locate(only));
		}
		if (cacheName == null) {
			return new Target.Glob(null, pattern);
		}
		if (pattern.matchesAll()) {
			return new Target.Whole(cacheName);
		}
		String group = pattern.group();
		return (group != null) ? new Target.Group(cacheName, group) : new Target.Glob(cacheName, pattern);
	}

	/**
	 * Evict.
	 * @param immediate whether it is done at once in a transaction too, and again after
	 * it
	 * @return whether there was something
	 */
	boolean evict(Target target, boolean immediate) {
		CallContext context = CallContext.current();
		TransactionScope transaction = TransactionScope.current(this.engine);
		if (transaction != null) {
			transaction.instead(target, (status, deadline) -> {
				if (status == TransactionSynchronization.STATUS_ROLLED_BACK) {
					return () -> {
					};
				}
				CompletableFuture<Long> done = evictNow(target);
				return (target instanceof Target.Glob) ? () -> awaitWalk(done, null)
						: () -> settle(done, null, deadline);
			});
			if (!immediate) {
				return false;
			}
		}
		CompletableFuture<Long> removed = evictNow(target);
		if (target instanceof Target.Glob) {
			return awaitWalk(removed, context);
		}
		Long count = settle(removed, context, deadline(context));
		return count != null && count > 0;
	}

	private CompletableFuture<Long> evictNow(Target target) {
		CompletableFuture<Long> removed = this.engine.evictions().evict(target);
		removed.whenComplete((count, ex) -> {
			if (ex != null) {
				this.counters.failed();
			}
			else {
				this.counters.removed();
			}
		});
		return removed;
	}

	/**
	 * Wait for a walk through all keys: as long as it takes while Redis answers, since
	 * every single step of it is bounded and the first that fails ends it.
	 */
	private static boolean awaitWalk(CompletableFuture<Long> walk, @Nullable CallContext context) {
		if (context != null && context.isAsynchronous()) {
			context.returnsAfter(walk);
			return false;
		}
		try {
			return walk.get() > 0;
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return false;
		}
		catch (ExecutionException ex) {
			return false;
		}
	}

	/**
	 * Wait for a write, or have the call not return before it; failures are seen to
	 * already.
	 */
	private static <T> @Nullable T settle(CompletableFuture<T> write, @Nullable CallContext context,
			Deadline deadline) {
		if (context != null && context.isAsynchronous()) {
			context.returnsAfter(deadline.limit(write.copy()));
			return null;
		}
		try {
			return deadline.await(write);
		}
		catch (RedisWaitException ex) {
			return null;
		}
	}

	// Keys, types

	StoredKey storedKey(Object key) {
		return this.engine.layout().key(getName(), this.engine.keyText().ofKey(key));
	}

	@Override
	protected String createCacheKey(Object key) {
		return storedKey(key).displayName();
	}

	ValueCodec codec() {
		if (this.settings.valueSerializer() != null) {
			return this.engine.codecs().forSerializer(this.settings.valueSerializer(), this.settings);
		}
		Type type = this.settings.type();
		if (type == null) {
			type = this.engine.types().typeOf(getName());
		}
		if (type == null) {
			type = Object.class;
		}
		CodecOfType current = this.codec;
		if (current == null || !current.type().equals(type)) {
			current = new CodecOfType(type, this.engine.codecs().forType(type, this.settings));
			this.codec = current;
		}
		return current.codec();
	}

	/**
	 * Return the codec for a type that a caller states.
	 */
	ValueCodec codecFor(Type type) {
		return (this.settings.valueSerializer() != null) ? codec() : this.engine.codecs().forType(type, this.settings);
	}

	/**
	 * Return the codec for a value whose type nobody states: the cache's, if the value is
	 * of it, else one whose entries any reader who states a type can try.
	 */
	ValueCodec codecForValue(Object value) {
		Type type = (this.settings.type() != null) ? this.settings.type() : this.engine.types().typeOf(getName());
		if (this.settings.valueSerializer() != null
				|| ((type != null) ? ResolvableType.forType(type).toClass().isInstance(value) : isPlain(value))) {
			return codec();
		}
		return this.engine.codecs().untyped(this.settings);
	}

	/**
	 * Return whether a value comes back from JSON as itself although nothing tells its
	 * type.
	 */
	private static boolean isPlain(@Nullable Object value) {
		if (value instanceof List<?> list) {
			return list.stream().allMatch(ResilientRedisCache::isPlain);
		}
		if (value instanceof Map<?, ?> map) {
			return map.entrySet()
				.stream()
				.allMatch((entry) -> entry.getKey() instanceof String && isPlain(entry.getValue()));
		}
		return value == null || value instanceof String || value instanceof Boolean || value instanceof Integer
				|| value instanceof Double;
	}

	/** The codec of values of which nothing tells the type. */
	private ValueCodec plainCodec() {
		return this.engine.codecs().forType(Object.class, this.settings);
	}

	private Deadline deadline(@Nullable CallContext context) {
		return (context != null) ? context.deadline(this.engine) : this.engine.newDeadline();
	}

	private Deadline newDeadline() {
		return this.engine.newDeadline();
	}

	private record CodecOfType(Type type, ValueCodec codec) {

	}

	/**
	 * What came of a read.
	 *
	 * @param hit whether there was a value
	 * @param value the value
	 * @param observed what was found, {@code null} if nothing could be read
	 * @param refresh whether the value is to be loaded anew in the background
	 * @param epoch what had been evicted here before the read
	 */
	record Reading(boolean hit, @Nullable Object value, @Nullable Observed observed, boolean refresh, long epoch) {

		Reading after(long epoch) {
			return (epoch == 0 || this.hit) ? this : new Reading(false, null, this.observed, false, epoch);
		}

		@Nullable Observed due() {
			return this.refresh ? this.observed : null;
		}

	}

	/**
	 * One of several keys that are asked for at once.
	 *
	 * @param cache the cache that it is of
	 * @param key the key
	 * @param codec of the type that is asked for
	 */
	record Asked(ResilientRedisCache cache, StoredKey key, ValueCodec codec) {

	}

	/**
	 * A value past its time to live, that may stand in for its load.
	 *
	 * @param observed the entry as it was found
	 * @param epoch what had been evicted here by then
	 * @param codec of the type that is asked for
	 * @param captured what a load in the background is to see of the calling thread,
	 * {@code null} if it is not to go there
	 */
	record Stale(Observed observed, long epoch, ValueCodec codec, @Nullable Captured captured) {

	}

	/**
	 * What there is in the place of a load of one's own.
	 *
	 * @param value the value
	 */
	record StandIn(@Nullable Object value) {

	}

	/**
	 * Loads an entry anew, in the background.
	 */
	@FunctionalInterface
	interface Reload {

		/**
		 * Load, and fill in the given flight.
		 * @return completed at its end
		 */
		CompletableFuture<?> load(StoredKey key, Observed observed, Loads.Request request, Flight flight);

	}

	private record Prepared(Encoded encoded, Duration ttl) {

	}

	/**
	 * Carries what a loader threw through code that cannot declare it.
	 */
	static final class LoadFailure extends RuntimeException {

		private final Throwable failure;

		LoadFailure(Throwable failure) {
			super(null, failure, false, false);
			this.failure = failure;
		}

		@Override
		public Throwable getCause() {
			return this.failure;
		}

	}

}
