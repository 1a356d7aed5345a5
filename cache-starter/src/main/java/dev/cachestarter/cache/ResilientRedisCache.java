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

import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.cache.interceptor.CacheOperationInvoker.ThrowableWrapper;
import org.springframework.cache.support.NullValue;
import org.springframework.cache.support.SimpleValueWrapper;
import org.springframework.data.redis.cache.CacheStatistics;
import org.springframework.data.redis.cache.CacheStatisticsCollector;
import org.springframework.data.redis.cache.RedisCache;
import org.springframework.data.redis.cache.RedisCacheConfiguration;
import org.springframework.data.redis.cache.RedisCacheWriter;

import dev.cachestarter.CacheControl;
import dev.cachestarter.CacheService;
import dev.cachestarter.CacheSettings;
import dev.cachestarter.CacheSnapshot;
import dev.cachestarter.cache.call.Call;
import dev.cachestarter.cache.call.Ticket;
import dev.cachestarter.cache.entries.CacheCounters;
import dev.cachestarter.cache.entries.CacheParts;
import dev.cachestarter.cache.entries.Engine;
import dev.cachestarter.cache.entries.EntryEvictor;
import dev.cachestarter.cache.entries.EntryReader.Purpose;
import dev.cachestarter.cache.entries.EntryReader;
import dev.cachestarter.cache.entries.EntryReaders;
import dev.cachestarter.cache.entries.EntryWriter;
import dev.cachestarter.cache.entries.LoaderCalls;
import dev.cachestarter.cache.entries.Reading;
import dev.cachestarter.cache.entries.Stated;
import dev.cachestarter.cache.entries.TransactionScope;
import dev.cachestarter.engine.entry.Target;
import dev.cachestarter.engine.key.EachKey;
import dev.cachestarter.engine.key.EntryKey;
import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.engine.key.LogKeys;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.load.Ask.Reload;
import dev.cachestarter.engine.load.Ask;
import dev.cachestarter.engine.load.BackgroundLoads.Captured;
import dev.cachestarter.engine.load.Flight;
import dev.cachestarter.engine.load.Turns;
import dev.cachestarter.engine.monitor.Tracer;
import dev.cachestarter.engine.redis.Deadline;
import dev.cachestarter.engine.tag.TagGenerations;

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

	private final RedisCacheConfiguration shown;

	private final CacheParts parts;

	private final EntryReaders readers;

	private final EntryWriter writer;

	private final EntryEvictor evictor;

	private final LoaderCalls loaderCalls;

	ResilientRedisCache(String name, RedisCacheWriter writer, RedisCacheConfiguration configuration,
			CacheSettings settings, Engine engine) {
		super(name, writer, withNulls(configuration));
		this.engine = engine;
		this.shown = configuration;
		this.parts = new CacheParts(name, settings, new CacheCounters(), engine);
		this.readers = new EntryReaders(this.parts);
		this.writer = new EntryWriter(this.parts);
		this.evictor = new EntryEvictor(this.parts);
		this.loaderCalls = new LoaderCalls(this, this.parts, this.writer);
	}

	/**
	 * Nulls are allowed whatever is shown: an entry that another instance has stored may
	 * be one.
	 */
	private static RedisCacheConfiguration withNulls(RedisCacheConfiguration shown) {
		return RedisCacheConfiguration.defaultCacheConfig()
			.entryTtl(shown.getTtlFunction())
			.computePrefixWith(shown::getKeyPrefixFor);
	}

	/**
	 * Return the settings of this cache as far as Spring Data has them: the configured
	 * TTL, key prefix, whether nulls are cached, and the value serializer if the
	 * application has stated one. {@link #getSettings()} has all.
	 * @return the configuration
	 */
	@Override
	public RedisCacheConfiguration getCacheConfiguration() {
		return this.shown;
	}

	/**
	 * Return the settings of this cache that are in force: what is changed at run time
	 * included.
	 * @return the settings
	 */
	public CacheSettings getSettings() {
		return this.parts.settings();
	}

	/**
	 * Return how this instance uses the cache, if other than its settings say.
	 * @return what was set last
	 */
	public CacheControl getControl() {
		return this.parts.control();
	}

	/**
	 * Change how this instance uses the cache, until it ends; see
	 * {@link CacheService#setControl}.
	 * @param control what to do
	 * @param by who has it done, for the log
	 */
	public void setControl(CacheControl control, String by) {
		if (this.parts.control(control)) {
			logger.info("Cache CONTROL - " + this.parts.logName() + " (now: " + control + ", by: " + LogKeys.name(by)
					+ ")");
		}
	}

	/**
	 * Return what happened in this cache since the start of this application.
	 * @return the numbers at this moment
	 */
	public CacheSnapshot.Counters getCounters() {
		return counters().snapshot();
	}

	@Override
	public CacheStatistics getStatistics() {
		return counters().statistics(getName());
	}

	@Override
	public void clearStatistics() {
		counters().reset();
	}

	// For callers that are not Spring

	CacheCounters counters() {
		return this.parts.counters();
	}

	EntryReaders readers() {
		return this.readers;
	}

	EntryWriter writer() {
		return this.writer;
	}

	EntryEvictor evictor() {
		return this.evictor;
	}

	LoaderCalls loaderCalls() {
		return this.loaderCalls;
	}

	Engine batchEngine() {
		return this.engine;
	}

	private Turns turns() {
		return this.engine.turns();
	}

	// Reading

	@Override
	protected @Nullable Object lookup(Object key) {
		return lookup(key, this.readers.get());
	}

	@Override
	public <T> @Nullable T get(Object key, @Nullable Class<T> type) {
		if (type == null || this.readers.isTyped()) {
			return super.get(key, type);
		}
		Object value = fromStoreValue(lookup(key, this.readers.forClass(type)));
		if (value != null && !type.isInstance(value)) {
			if (!this.readers.isKnown()) {
				return null;
			}
			throw new IllegalStateException("Cached value is not of required type [" + type.getName() + "]: it is of "
					+ value.getClass().getName());
		}
		return type.cast(value);
	}

	private @Nullable Object lookup(Object key, EntryReader reader) {
		StoredKey stored = storedKey(key);
		Call call = Call.current();
		if (call == null) {
			Reading reading = reader.read(stored, this.engine.newDeadline(), Purpose.LOOK);
			return reading.isHit() ? toStoreValue(reading.value()) : null;
		}
		Deadline deadline = deadline(call);
		if (call.isReloading()) {
			if (call.confirm(this, stored) == null) {
				Call.settle(call, lookAt(stored, call), deadline);
			}
			return null;
		}
		Reading reading = reader.read(stored, deadline, Purpose.LOAD);
		if (reading.isHit() && !reading.isDue()) {
			return toStoreValue(reading.value());
		}
		Reload reload = call.reload(this, turns());
		// Where the call does more than load there is no reload, and a stale value must
		// not
		// cover up that its method failed.
		Ask ask = reading.asking(ask(stored, reader, call, reload),
				(reload != null) ? reading.stale(this.loaderCalls.capture(reading, reload)) : null);
		if (reading.isHit()) {
			turns().refresh(ask);
			return toStoreValue(reading.value());
		}
		call.missed(this, turns(), ask);
		return null;
	}

	@Override
	public CompletableFuture<ValueWrapper> retrieve(Object key) {
		StoredKey stored = storedKey(key);
		EntryReader reader = this.readers.get();
		Call call = Call.current();
		CompletableFuture<ValueWrapper> result = new CompletableFuture<>();
		if (call != null && call.isReloading()) {
			CompletableFuture<?> looked = (call.confirm(this, stored) != null) ? CompletableFuture.completedFuture(null)
					: lookAt(stored, call);
			looked.handleAsync((done, ex) -> null, this.engine.executor())
				.whenComplete((none, ex) -> Call.run(call, () -> result.complete(null)));
			return result;
		}
		Deadline deadline = deadline(call);
		Reload reload = (call != null) ? call.reload(this, turns()) : null;
		// On the thread that asks: its transaction and the loads it is in are bound to
		// it.
		Ask asking = ask(stored, reader, call, reload);
		Purpose purpose = (call != null) ? Purpose.LOAD : Purpose.LOOK;
		if (TransactionScope.current(this.engine) != null) {
			// On this thread, so that what follows is in its transaction.
			return CompletableFuture
				.completedFuture(arrived(reader.read(stored, deadline, purpose), asking, call, null));
		}
		Captured captured = this.loaderCalls.capture(reload);
		reader.read(stored, deadline, purpose, this.engine.executor())
			.thenApply((reading) -> arrived(reading, asking, call, captured))
			.exceptionally((ex) -> null)
			// Spring goes on from here: it must find the call, and no event loop.
			.thenAccept((found) -> Call.run(call, () -> result.complete(found)));
		return result;
	}

	private @Nullable ValueWrapper arrived(Reading reading, Ask asking, @Nullable Call call,
			@Nullable Captured captured) {
		// As in lookup(..): only a mere load may be served a stale value.
		Ask ask = reading.asking(asking, (asking.reload() != null) ? reading.stale(captured) : null);
		if (reading.isHit()) {
			if (reading.isDue()) {
				turns().refresh(ask);
			}
			return new SimpleValueWrapper(reading.value());
		}
		if (call != null) {
			call.missed(this, turns(), ask);
		}
		return null;
	}

	private Ask ask(StoredKey key, EntryReader reader, @Nullable Call call, @Nullable Reload reload) {
		return reader.ask(key, deadline(call),
				(call != null) ? call.userCode(this.engine.executor()) : this.engine.executor(), reload, call);
	}

	// Reading, or loading

	@Override
	@SuppressWarnings("unchecked")
	public <T> @Nullable T get(Object key, Callable<T> valueLoader) {
		return (T) this.loaderCalls.load(storedKey(key), this.readers.get(), Stated.NOTHING,
				() -> unwrapped(valueLoader.call()),
				(failure) -> new ValueRetrievalException(key, valueLoader,
						(Call.current() != null && !(failure instanceof ThrowableWrapper))
								? new ThrowableWrapper(failure) : failure));
	}

	@Override
	@SuppressWarnings("unchecked")
	public <T> CompletableFuture<T> retrieve(Object key, Supplier<CompletableFuture<T>> valueLoader) {
		return (CompletableFuture<T>) this.loaderCalls.loadAsync(storedKey(key), this.readers.get(), valueLoader::get);
	}

	// What an intercepted call knows before its method

	/**
	 * Look at a key that the call will fill without having asked for it.
	 * @return completed when the call knows what is there
	 */
	CompletableFuture<?> miss(Object key, Call call) {
		StoredKey stored = storedKey(key);
		return call.knows(this, stored) ? CompletableFuture.completedFuture(null) : lookAt(stored, call);
	}

	private CompletableFuture<?> lookAt(StoredKey key, Call call) {
		EntryReader reader = this.readers.get(call);
		Ask ask = ask(key, reader, call, null);
		return reader.look(ask).thenAccept((observed) -> call.missed(this, turns(), ask.seeing(observed, null)));
	}

	/**
	 * Lease a key that the call will put.
	 * @return completed when it is leased, or is known not to be
	 */
	CompletableFuture<?> seize(Object key, Call call) {
		StoredKey stored = storedKey(key);
		if (!this.parts.control().isEnabled()) {
			// What is put will evict.
			return CompletableFuture.completedFuture(null);
		}
		if (call.isAsynchronous() && TransactionScope.current(this.engine) != null) {
			// What is put on another thread cannot wait for the commit: it is evicted by
			// it.
			this.evictor.evict(new Target.Key(stored), call, deadline(call));
		}
		return call.seize(this, turns(), ask(stored, this.readers.get(call), call, null));
	}

	/**
	 * Capture the moment before the method of a call that will put a value with tags.
	 * @return completed when it is captured, or is known not to be
	 */
	CompletableFuture<?> captureMoment(Call call) {
		TagGenerations tags = this.engine.store().tags();
		return deadline(call).limit(call.tags().capture(tags)).handle((moment, ex) -> {
			if (ex != null) {
				call.tags().giveUp(tags);
			}
			return null;
		});
	}

	// Writing

	@Override
	public void put(Object key, @Nullable Object storedValue) {
		StoredKey stored = storedKey(key);
		Object value = unwrapped(storedValue);
		Call call = Call.current();
		if (call == null) {
			putNow(stored, value, this.readers.get(), null);
			return;
		}
		EntryReader reader = this.readers.get();
		Ticket ticket = call.claimTicket(this, stored);
		if (ticket == null) {
			putNow(stored, value, reader, call);
			return;
		}
		Flight flight = ticket.flight();
		if (ticket.isPut()) {
			Flight seized = (flight != null) ? flight : turns().alone(ticket.ask());
			this.evictor.repeatAfterReactiveCommit(new Target.Key(stored), call);
			this.writer.settle(call, stored, this.writer.putSeized(seized, value, reader.codec(), call),
					deadline(call));
		}
		else if (flight != null && !ticket.isStoredByOther()) {
			CompletableFuture<Boolean> filled = this.writer.fill(flight, value, reader.codec(), Stated.NOTHING, call);
			if (call.isAsynchronous()) {
				Call.settle(call, filled, deadline(call));
			}
		}
	}

	private void putNow(StoredKey key, @Nullable Object value, EntryReader reader, @Nullable Call call) {
		this.evictor.repeatAfterReactiveCommit(new Target.Key(key), call);
		this.writer.settle(call, key, this.writer.put(key, value, reader.codec(), Stated.NOTHING, call),
				deadline(call));
	}

	@Override
	public @Nullable ValueWrapper putIfAbsent(Object key, @Nullable Object storedValue) {
		Object value = unwrapped(storedValue);
		Reading reading = this.writer.putIfAbsent(storedKey(key), value, this.readers.get(), this.engine.newDeadline());
		return reading.isHit() ? new SimpleValueWrapper(reading.value()) : null;
	}

	/** Return what is meant: in the place of a {@code null}, Spring has an object. */
	private static @Nullable Object unwrapped(@Nullable Object value) {
		return (value instanceof NullValue) ? null : value;
	}

	// Evicting

	@Override
	public void evict(Object key) {
		Call call = Call.current();
		if (key instanceof EachKey each) {
			this.evictor.evictAll(targets(each), false, call, deadline(call));
			return;
		}
		this.evictor.evict(target(key), call, deadline(call));
	}

	@Override
	public boolean evictIfPresent(Object key) {
		Call call = Call.current();
		return (key instanceof EachKey each) ? this.evictor.evictAll(targets(each), true, call, deadline(call))
				: this.evictor.evictAtOnce(target(key), call, deadline(call));
	}

	@Override
	public void clear() {
		Call call = Call.current();
		this.evictor.evict(new Target.Whole(getName()), call, deadline(call));
	}

	/**
	 * Evict every entry whose key matches a glob pattern. No reader of any instance gets
	 * one of them when this method has returned (in a transaction: when it has
	 * committed), unless Redis did not answer in time: then the eviction is pending.
	 * @param keyPattern the pattern, against keys within this cache
	 */
	@Override
	public void clear(String keyPattern) {
		evict(KeyPattern.of(keyPattern));
	}

	@Override
	public boolean invalidate() {
		Call call = Call.current();
		return this.evictor.evictAtOnce(new Target.Whole(getName()), call, deadline(call));
	}

	private List<Target> targets(EachKey each) {
		return each.keys().stream().distinct().<Target>map((key) -> new Target.Key(storedKey(key))).toList();
	}

	private Target target(Object key) {
		return (key instanceof KeyPattern pattern) ? EntryEvictor.target(this.engine.layout(), getName(), pattern)
				: new Target.Key(storedKey(key));
	}

	// Keys, time

	/**
	 * Return the key that an object stands for.
	 * @throws dev.cachestarter.engine.key.UnkeyableException if it can be no key
	 */
	EntryKey entryKey(Object key) {
		return this.engine.keyText().ofKey(key);
	}

	/**
	 * Return the key of a text that was joined from segments by colons.
	 */
	EntryKey joinedKey(String text) {
		return this.engine.keyText().ofJoined(text);
	}

	StoredKey storedKey(Object key) {
		return this.engine.layout().key(getName(), entryKey(key));
	}

	@Override
	protected String createCacheKey(Object key) {
		return storedKey(key).displayName();
	}

	/**
	 * Have a call find out what it belongs to, if anybody listens: it may go on on
	 * another thread.
	 */
	void meet(Call call) {
		Tracer tracer = this.engine.link().tracer();
		if (tracer.isActive()) {
			call.origin(tracer);
		}
	}

	Deadline deadline(@Nullable Call call) {
		if (call == null) {
			return this.engine.newDeadline();
		}
		call.goesOnBy(this.engine.executor());
		return call.deadline(this.engine.link());
	}

	/**
	 * Stands where {@code RedisCache} wants a writer. Spring Data's writer swallows
	 * failures, and has its commands queued while Redis cannot be reached: nothing of
	 * ours goes that way, and what did would go past the leases.
	 * <p>
	 * It is the native cache of its cache, and Spring Boot's {@code caches} endpoint
	 * shows the name of its class: hence its place.
	 */
	static final class Writer implements RedisCacheWriter {

		static final Writer INSTANCE = new Writer();

		private Writer() {
		}

		@Override
		public byte @Nullable [] get(String name, byte[] key) {
			throw unsupported();
		}

		@Override
		public CompletableFuture<byte[]> retrieve(String name, byte[] key, @Nullable Duration ttl) {
			throw unsupported();
		}

		@Override
		public void put(String name, byte[] key, byte[] value, @Nullable Duration ttl) {
			throw unsupported();
		}

		@Override
		public CompletableFuture<Void> store(String name, byte[] key, byte[] value, @Nullable Duration ttl) {
			throw unsupported();
		}

		@Override
		public byte @Nullable [] putIfAbsent(String name, byte[] key, byte[] value, @Nullable Duration ttl) {
			throw unsupported();
		}

		@Override
		public void evict(String name, byte[] key) {
			throw unsupported();
		}

		@Override
		public void clear(String name, byte[] pattern) {
			throw unsupported();
		}

		@Override
		public void clearStatistics(String name) {
			throw unsupported();
		}

		@Override
		public RedisCacheWriter withStatisticsCollector(CacheStatisticsCollector cacheStatisticsCollector) {
			return this;
		}

		@Override
		public CacheStatistics getCacheStatistics(String cacheName) {
			throw unsupported();
		}

		private static UnsupportedOperationException unsupported() {
			return new UnsupportedOperationException(
					"This cache writes through leases, not through a RedisCacheWriter: use the Cache itself");
		}

	}

}
