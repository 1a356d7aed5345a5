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

package dev.cachestarter.cache.entries;

import java.lang.reflect.Type;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.function.Supplier;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.cache.call.Call;
import dev.cachestarter.cache.entries.Reading.Kind;
import dev.cachestarter.engine.connection.RedisErrors;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.Lease;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.load.Ask.Reload;
import dev.cachestarter.engine.load.Ask;
import dev.cachestarter.engine.load.Decision;
import dev.cachestarter.engine.load.Entries;
import dev.cachestarter.engine.load.Leading;
import dev.cachestarter.engine.load.Stale;
import dev.cachestarter.engine.monitor.CacheMonitor.LoadKind;
import dev.cachestarter.engine.monitor.CacheMonitor.LoadOutcome;
import dev.cachestarter.engine.monitor.CacheMonitor.ReadOutcome;
import dev.cachestarter.engine.monitor.CacheMonitor.WaitOutcome;
import dev.cachestarter.engine.monitor.Step;
import dev.cachestarter.engine.monitor.Tracer;
import dev.cachestarter.engine.near.PlainArguments;
import dev.cachestarter.engine.redis.Deadline.RedisWaitException;
import dev.cachestarter.engine.redis.Deadline;
import dev.cachestarter.engine.value.ValueCodec.CorruptEntryException;
import dev.cachestarter.engine.value.ValueCodec.NotCacheableException;
import dev.cachestarter.engine.value.ValueCodec;

/**
 * Reads the entries of one cache as values of one type, and says what they are: a value,
 * one that is due to be loaded again, one past its time that may serve for its load, or
 * nothing. The only class that looks at entries for their values; what has been evicted
 * here, or by the caller's own transaction, is never taken, whatever Redis answers.
 */
public final class EntryReader implements Entries, Comparison.Source, NearReader.Owner {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	private final CacheParts parts;

	private final Engine engine;

	private final ValueCodec codec;

	private final String mark;

	/** Whether the mark tells a type. */
	private final boolean isMarked;

	private final boolean takesNull;

	private final NearReader near;

	EntryReader(CacheParts parts, ValueCodec codec) {
		this(parts, codec, true);
	}

	private EntryReader(CacheParts parts, ValueCodec codec, boolean takesNull) {
		this.parts = parts;
		this.engine = parts.engine();
		this.codec = codec;
		this.mark = codec.schemaMark();
		this.isMarked = !this.mark.equals(EntryHeader.NO_MARK);
		this.takesNull = takesNull;
		this.near = new NearReader(this, parts);
	}

	/**
	 * Return a reader of the same entries for who can be given no null: where there is
	 * one, it finds an entry of another type.
	 */
	EntryReader withoutNulls() {
		return new EntryReader(this.parts, this.codec, false);
	}

	@Override
	public ValueCodec codec() {
		return this.codec;
	}

	@Override
	public String mark() {
		return this.mark;
	}

	@Override
	public CacheSettings settings() {
		return this.parts.settings();
	}

	CacheParts parts() {
		return this.parts;
	}

	Engine engine() {
		return this.engine;
	}

	// Reading

	/**
	 * Read a key on the calling thread.
	 */
	public Reading read(StoredKey key, Deadline deadline, Purpose purpose) {
		long since = begin(purpose);
		Tracer.Span span = span(purpose);
		Reading known = known(key, purpose, isToBypass(purpose));
		if (known != null) {
			return told(known, known.isHit() ? ReadOutcome.HIT : ReadOutcome.BYPASSED, since, span);
		}
		long epoch = staleEpoch(key);
		NearReader.Use near = use(key, purpose);
		try {
			Reading reading = (near == null) ? null : near.isHit() ? near.hit(epoch) : near.isToBeConfirmed()
					? check(key, near, deadline.await(observeHeader(key, span)), epoch, purpose) : null;
			return told(
					(reading != null) ? reading
							: interpret(key, deadline.await(observe(key, span, near)), epoch, purpose, near),
					since, span);
		}
		catch (RedisWaitException ex) {
			return told(unanswered(key, purpose), ReadOutcome.UNANSWERED, since, span);
		}
	}

	/**
	 * Read a key.
	 * @param executor where the value is decoded
	 * @return what came of it; never fails
	 */
	public CompletableFuture<Reading> read(StoredKey key, Deadline deadline, Purpose purpose, Executor executor) {
		long since = begin(purpose);
		Tracer.Span span = span(purpose);
		Reading known = known(key, purpose, isToBypass(purpose));
		if (known != null) {
			return CompletableFuture
				.completedFuture(told(known, known.isHit() ? ReadOutcome.HIT : ReadOutcome.BYPASSED, since, span));
		}
		long epoch = staleEpoch(key);
		NearReader.Use near = use(key, purpose);
		Supplier<CompletableFuture<Reading>> whole = () -> deadline.limit(observe(key, span, near))
			.handleAsync(
					(observed, ex) -> (ex != null) ? told(unanswered(key, purpose), ReadOutcome.UNANSWERED, since, span)
							: told(interpret(key, observed, epoch, purpose, near), since, span),
					executor);
		if (near == null || (!near.isHit() && !near.isToBeConfirmed())) {
			return whole.get()
				.exceptionally((ex) -> told(unanswered(key, purpose), ReadOutcome.UNANSWERED, since, span));
		}
		Function<@Nullable Reading, CompletableFuture<Reading>> orWhole = (read) -> (read != null)
				? CompletableFuture.completedFuture(told(read, since, span)) : whole.get();
		CompletableFuture<Reading> reading;
		if (near.isHit()) {
			reading = near.isAtHand() ? orWhole.apply(near.hit(epoch))
					: CompletableFuture.supplyAsync(() -> near.hit(epoch), executor).thenCompose(orWhole);
		}
		else {
			reading = deadline.limit(observeHeader(key, span))
				.handleAsync((header, ex) -> (ex != null)
						? CompletableFuture
							.completedFuture(told(unanswered(key, purpose), ReadOutcome.UNANSWERED, since, span))
						: orWhole.apply(check(key, near, header, epoch, purpose)), executor)
				.thenCompose((read) -> read);
		}
		return reading.exceptionally((ex) -> told(unanswered(key, purpose), ReadOutcome.UNANSWERED, since, span));
	}

	/**
	 * Look at a key that will be filled without having been read.
	 * @return what stands there, {@code null} if it is bypassed or Redis does not answer;
	 * never fails
	 */
	public CompletableFuture<@Nullable Observed> look(Ask ask) {
		if (isBypassed(ask.key())) {
			return CompletableFuture.completedFuture(null);
		}
		return ask.deadline().limit(observe(ask.key())).exceptionally((ex) -> null);
	}

	@Override
	public CompletableFuture<Observed> observe(StoredKey key) {
		return this.engine.store().observe(key);
	}

	private CompletableFuture<Observed> observe(StoredKey key, Tracer.Span span, NearReader.@Nullable Use near) {
		return within(span, () -> (near != null) ? near.read(() -> observe(key)) : observe(key));
	}

	/** The generations and the header; {@code null} if Redis does not tell. */
	private CompletableFuture<@Nullable Observed> observeHeader(StoredKey key, Tracer.Span span) {
		return within(span, () -> this.engine.store().observeHeader(key)).exceptionally((ex) -> {
			// Of something of another data type it tells no beginning.
			if (RedisErrors.isRefusal(ex)) {
				return null;
			}
			throw (ex instanceof CompletionException same) ? same : new CompletionException(ex);
		});
	}

	/** Decide whether a read does not use the cache. */
	boolean isToBypass(Purpose purpose) {
		return purpose != Purpose.COMPARE && this.parts.isBypassed();
	}

	private NearReader.@Nullable Use use(StoredKey key, Purpose purpose) {
		return (purpose != Purpose.COMPARE) ? this.near.use(key, purpose == Purpose.LOAD) : null;
	}

	/**
	 * Compare what stands in Redis with the copy that was found before Redis was asked.
	 * @param found the generations and the header, {@code null} if Redis does not tell
	 * @return the hit, or a miss that the header alone tells; {@code null} if the entry
	 * is to be read whole
	 */
	private @Nullable Reading check(StoredKey key, NearReader.Use near, @Nullable Observed found, long epoch,
			Purpose purpose) {
		EntryHeader header = (found != null) ? found.current() : null;
		if (near.isOf(header) && header != null) {
			// It may have been evicted here while we waited for the answer.
			return isEvicted(key) ? missed(key, null, 0, purpose) : near.confirmed(header, epoch);
		}
		boolean isValue = header != null && !header.isLease();
		return (found == null || isValue) ? null : interpret(key, found, epoch, purpose, null);
	}

	/**
	 * Return the hit of a copy about which Redis need not be asked, and that takes no
	 * code of the application's, for who reads many keys.
	 * @return {@code null} if there is none
	 */
	@Nullable Reading nearHit(StoredKey key, long epoch) {
		NearReader.Use near = this.near.glance(key);
		return (near != null && near.isHit() && near.isAtHand()) ? near.hit(epoch) : null;
	}

	/**
	 * Return the hit of a copy that may be served to a call before anything else is done.
	 * @param arguments what the key is made of
	 * @param rendering makes the key, if it is not known by the arguments
	 * @return {@code null} if there is none; then nothing was done, and nothing counted
	 */
	public @Nullable Reading atOnce(PlainArguments arguments, Supplier<StoredKey> rendering) {
		long since = begin(Purpose.LOAD);
		Reading hit = this.near.atOnce(arguments, rendering);
		return (hit != null) ? told(hit, ReadOutcome.HIT, since, Tracer.Span.NONE) : null;
	}

	/** What is known of a key without asking Redis. */
	@Nullable Reading known(StoredKey key, Purpose purpose, boolean bypasses) {
		if (bypasses) {
			tellMiss(key, purpose);
			return new Reading(Kind.BYPASSED, null, null, 0);
		}
		TransactionScope transaction = TransactionScope.current(this.engine);
		if (isEvicted(key) || (transaction != null && transaction.bypasses(key))) {
			return missed(key, null, 0, purpose);
		}
		TransactionScope.Loaded loaded = (transaction != null) ? transaction.loaded(key, this.mark) : null;
		if (loaded == null || loaded.epoch() != epoch(key) || (loaded.value() == null && !this.takesNull)) {
			return null;
		}
		if (purpose != Purpose.COMPARE) {
			this.parts.counters().hit();
		}
		return new Reading(Kind.HIT, loaded.value(), null, 0);
	}

	/**
	 * Return whether a key was evicted here, or by the transaction of this thread, or the
	 * cache is off.
	 */
	boolean isBypassed(StoredKey key) {
		if (isEvicted(key) || this.parts.isOff()) {
			return true;
		}
		TransactionScope transaction = TransactionScope.current(this.engine);
		return transaction != null && transaction.bypasses(key);
	}

	Reading unanswered(StoredKey key, Purpose purpose) {
		this.parts.counters().failed();
		if (settings().near().serveWhileDisconnected().isZero()) {
			this.parts.dropNear(key);
		}
		if (!key.cacheName().isEmpty()) {
			// Under other keys anything may stand.
			this.engine.store().unanswered(key, this.parts.settings().maxValueSize().toBytes());
		}
		return missed(key, null, 0, purpose);
	}

	Reading interpret(StoredKey key, Observed observed, long epoch, Purpose purpose, NearReader.@Nullable Use near) {
		EntryHeader header = observed.current();
		if (header == null || header.isLease() || !isTrusted(header)) {
			return missed(key, (observed.isForeign() && replaces(key, purpose))
					? removed(key, observed, "it was not written by this cache") : observed, epoch, purpose);
		}
		if (!header.isFor(key)) {
			otherKey(key);
			return missed(key, observed, epoch, purpose);
		}
		if (!isReadable(header)) {
			otherVersion(key, header);
			return missed(key, observed, epoch, purpose);
		}
		long now = this.engine.store().serverMillis();
		boolean fresh = header.isFresh(now);
		if (!fresh && (purpose != Purpose.LOAD || !isPaused(header, now) || !keepsStale()
				|| TransactionScope.current(this.engine) != null)) {
			return missed(key, observed, epoch, purpose);
		}
		Decision.Value value = decode(observed, header);
		if (value == null) {
			return missed(key, observed, epoch, purpose);
		}
		if (isEvicted(key) || isEvictedByTag(observed)) {
			// Evicted here while we waited for the answer, or by a tag, which it has
			// told.
			return missed(key, null, 0, purpose);
		}
		if (purpose == Purpose.COMPARE) {
			return new Reading(Kind.HIT, value.value(), observed, epoch);
		}
		if (!fresh) {
			this.parts.counters().staleServed();
			return hit(key, Kind.SERVED, value.value(), observed, epoch);
		}
		this.near.keep(observed, header, value.value(), now, near);
		Kind drawn = (near != null) ? near.drawnFor(header) : null;
		Kind kind = (drawn == null) ? kindOf(header, now, purpose == Purpose.LOAD)
				: isClaimed(header, now) ? Kind.HIT : drawn;
		return hit(key, kind, value.value(), observed, epoch);
	}

	@Override
	public Reading hit(StoredKey key, Kind kind, @Nullable Object value, @Nullable Observed observed, long epoch) {
		this.parts.counters().hit();
		if (logger.isDebugEnabled()) {
			logger.debug("Cache HIT - " + this.parts.logName() + " (cacheKey: " + this.engine.logName(key) + ")");
		}
		return new Reading(kind, value, observed, epoch);
	}

	@Override
	public Kind kindOf(EntryHeader header, long now, boolean loads) {
		if (!loads) {
			return Kind.HIT;
		}
		return isDue(header, now) ? Kind.DUE : isDoubted(header, now) ? Kind.DOUBTED : Kind.HIT;
	}

	/**
	 * Return whether what others wrote is removed. Under the name of a cache everything
	 * is the cache's. Any other key may be a stranger's, so that a mere look at it leaves
	 * it alone.
	 */
	private static boolean replaces(StoredKey key, Purpose purpose) {
		return purpose == Purpose.LOAD || !key.cacheName().isEmpty();
	}

	private void tellMiss(StoredKey key, Purpose purpose) {
		if (purpose != Purpose.COMPARE) {
			this.parts.counters().miss();
		}
		if (purpose != Purpose.COMPARE && logger.isDebugEnabled()) {
			logger.debug("Cache MISS - " + this.parts.logName() + " (cacheKey: " + this.engine.logName(key) + ")");
		}
	}

	private Reading missed(StoredKey key, @Nullable Observed observed, long epoch, Purpose purpose) {
		tellMiss(key, purpose);
		return new Reading(mayServe(observed) ? Kind.STALE : Kind.MISS, null, observed, epoch);
	}

	/** Return whether what was found is past its time, and may serve for its load. */
	boolean mayServe(@Nullable Observed observed) {
		if (observed == null || !keepsStale() || isEvictedByTag(observed)) {
			return false;
		}
		EntryHeader header = observed.current();
		return header != null && isUsable(observed.key(), header)
				&& !header.isFresh(this.engine.store().serverMillis());
	}

	// What a header says

	@Override
	public boolean isTrusted(EntryHeader header) {
		return this.engine.isTrusted(header);
	}

	/**
	 * Return whether an entry is of the type that is asked for. What was written without
	 * a declared type is for those who state one: others would get maps for objects.
	 */
	@Override
	public boolean isReadable(EntryHeader header) {
		return header.isNull() ? this.takesNull
				: isOfThisMark(header) || this.codec.reading(header.schemaMark()) != null;
	}

	@Override
	public boolean takesNull() {
		return this.takesNull;
	}

	/**
	 * Return whether what was found is the key's and fresh, but not of this type.
	 */
	boolean isOfAnotherType(@Nullable Observed observed) {
		EntryHeader header = (observed != null) ? observed.current() : null;
		return observed != null && header != null && !header.isLease() && header.isFor(observed.key())
				&& isTrusted(header) && !isOfThisMark(header) && header.isFresh(this.engine.store().serverMillis());
	}

	private boolean isOfThisMark(EntryHeader header) {
		return this.isMarked && header.isOf(this.mark);
	}

	@Override
	public boolean isMereHit(EntryHeader header, long now) {
		return settings().verify() == 0 && !mayBeDue(header, now);
	}

	private boolean isDue(EntryHeader header, long now) {
		return mayBeDue(header, now)
				&& (!settings().refreshAheadAuto()
						|| this.parts.automaticRefresh().isDue(header.freshUntil() - now, header.life()))
				&& !isClaimed(header, now);
	}

	/** Return whether a value is due, but for what chance and others have to say. */
	private boolean mayBeDue(EntryHeader header, long now) {
		CacheSettings settings = settings();
		if (settings.refreshAheadAuto()) {
			return AutomaticRefresh.mayBeDue(header.freshUntil() - now, header.life());
		}
		long ahead = settings.refreshAhead().toMillis();
		return ahead > 0 && header.isDue(now, ahead);
	}

	private boolean isClaimed(EntryHeader header, long now) {
		return header.isClaimed(now, Lease.longestClaim(settings()));
	}

	/**
	 * Return whether the entry is one of those that are to be compared with a fresh load,
	 * and there is time for it.
	 */
	private boolean isDoubted(EntryHeader header, long now) {
		double share = settings().verify();
		return share > 0 && ThreadLocalRandom.current().nextDouble() < share && !isClaimed(header, now)
				&& this.engine.link().isUp() && !this.engine.background().isHere()
				&& !this.engine.background().isBusy(this.parts.name());
	}

	/** Return whether a load of the entry has failed, and none is to be tried yet. */
	private boolean isPaused(EntryHeader header, long now) {
		return header.isPaused() && isClaimed(header, now);
	}

	private boolean keepsStale() {
		return !settings().staleIfError().isZero();
	}

	/**
	 * What had been evicted here before a read, for those who may stay with its answer.
	 */
	long staleEpoch(StoredKey key) {
		return keepsStale() ? epoch(key) : 0;
	}

	@Override
	public boolean isEvicted(StoredKey key) {
		return this.engine.evictions().covers(key);
	}

	/**
	 * Return whether an entry carries a tag that was evicted here, and Redis has not
	 * acknowledged it yet, or that the transaction of this thread has evicted.
	 */
	private boolean isEvictedByTag(Observed observed) {
		List<String> tags = observed.tags();
		if (tags.isEmpty()) {
			return false;
		}
		TransactionScope transaction = TransactionScope.current(this.engine);
		return this.engine.evictions().coversAny(tags) || (transaction != null && transaction.bypassesAny(tags));
	}

	@Override
	public boolean isAnyTagEvicted() {
		return this.engine.evictions().coversAnyTag();
	}

	@Override
	public long epoch(StoredKey key) {
		return this.engine.evictions().epoch(key);
	}

	// Values

	/**
	 * Decode an entry; types have code of the application's.
	 * @return the value, {@code null} if it cannot be decoded
	 */
	private Decision.@Nullable Value decode(Observed observed, EntryHeader header) {
		try {
			return Call.outside(() -> new Decision.Value(decoding(header)
				.decode(Objects.requireNonNull(observed.bytes()), observed.payloadStart(), header.form())));
		}
		catch (CorruptEntryException ex) {
			if (isOfThisMark(header)) {
				removed(observed.key(), observed, String.valueOf(ex.getMessage()));
			}
			else {
				otherVersion(observed.key(), header);
			}
			return null;
		}
		catch (RuntimeException | Error ex) {
			unreadable(observed.key(), ex.toString());
			return null;
		}
	}

	@Override
	public ValueCodec decoding(EntryHeader header) {
		ValueCodec other = isOfThisMark(header) ? null : this.codec.reading(header.schemaMark());
		return (other != null) ? other : this.codec;
	}

	/** Remove what cannot be read. */
	private Observed removed(StoredKey key, Observed observed, String why) {
		unreadable(key, why);
		this.engine.store().discard(key.redisKey(), observed.header());
		// Sent before anything that follows from this look.
		return observed.withEntry(new byte[0]);
	}

	private void unreadable(StoredKey key, String why) {
		this.parts.counters().unreadable();
		this.engine.warnOnce("unreadable:" + this.parts.name(),
				"Cache '%s' holds an entry that cannot be read, under key '%s': %s. Such entries are misses and removed"
					.formatted(this.parts.name(), this.engine.logName(key), why));
	}

	/** Say once that two keys of one text are in use. */
	private void otherKey(StoredKey key) {
		this.engine.warnOnce("same-text:" + this.parts.name(),
				("Cache '%s' has the entry of another key under '%s': one argument, such as 'a:b', has the text of "
						+ "several, such as 'a' and 'b', and only one of them is cached. Give the methods caches of their own")
					.formatted(this.parts.name(), this.engine.logName(key)));
	}

	/**
	 * Count an entry that is none for this reader, and say once why if it is no accident.
	 */
	private void otherVersion(StoredKey key, EntryHeader header) {
		this.parts.counters().otherVersion();
		if (header.isNull()) {
			this.engine.warnOnce("null:" + this.parts.name(),
					("Cache '%s' has a null under key '%s', which a method that returns a primitive cannot return: "
							+ "it is called instead. Let methods that share a key return the same type")
						.formatted(this.parts.name(), this.engine.logName(key)));
			return;
		}
		String written = header.schemaMark();
		if (written.equals(EntryHeader.NO_MARK)) {
			this.engine.warnOnce("untyped:" + this.parts.name(),
					("Cache '%s' has the entry of key '%s' put by code without its type, so that who does not name it "
							+ "finds nothing: state the cache's 'type', or ask by get(key, Class)")
						.formatted(this.parts.name(), this.engine.logName(key)));
			return;
		}
		for (Type type : this.engine.types().typesOf(this.parts.name())) {
			if (written.equals(this.engine.codecs().forType(type, settings()).schemaMark())) {
				this.engine.warnOnce("shared-key:" + this.parts.name(),
						("Cache '%s' has a value of type %s under key '%s', and is asked for %s there: methods of several "
								+ "types use one key, and only one of them is cached. Give them keys or caches of their own")
							.formatted(this.parts.name(), type.getTypeName(), this.engine.logName(key), this.codec));
			}
		}
	}

	@Override
	public Decision.@Nullable Value useStored(Observed observed) {
		EntryHeader header = observed.current();
		Decision.Value value = (header != null) ? decode(observed, header) : null;
		if (header == null || value == null || isEvicted(observed.key()) || isEvictedByTag(observed)) {
			return null;
		}
		if (header.isFresh(this.engine.store().serverMillis())) {
			this.parts.counters().loadShared();
		}
		else {
			this.parts.counters().staleServed();
		}
		return value;
	}

	@Override
	public CompletableFuture<Decision.@Nullable Value> serve(Stale stale, Deadline deadline, Executor executor) {
		StoredKey key = stale.observed().key();
		if (isBypassed(key)) {
			return CompletableFuture.completedFuture(null);
		}
		return deadline.limit(observe(key)).handleAsync((now, ex) -> {
			// While Redis does not answer, only what was evicted here is known.
			Observed observed = (ex == null) ? now : (epoch(key) == stale.epoch()) ? stale.observed() : null;
			EntryHeader header = (observed != null) ? observed.current() : null;
			if (observed == null || header == null || !isUsable(observed.key(), header) || isEvicted(key)
					|| isEvictedByTag(observed)) {
				return null;
			}
			Decision.Value value = decode(observed, header);
			if (value != null && !header.isFresh(this.engine.store().serverMillis())) {
				this.parts.counters().staleServed();
			}
			return value;
		}, executor);
	}

	@Override
	public boolean isShareable(@Nullable Object value) {
		if (value == null) {
			return true;
		}
		try {
			return Call.outside(() -> this.codec.encode(value)).isFor(this.mark);
		}
		// What it refuses is its caller's alone, such as an entity with parts that are
		// loaded when they are needed.
		catch (NotCacheableException ex) {
			return ex.reason() == NotCacheableException.Reason.TOO_LARGE;
		}
		catch (RuntimeException | Error ex) {
			return false;
		}
	}

	// Verifying

	@Override
	public Runnable compare(Observed found, ValueCodec.Encoded loaded, String nonce) {
		return new Comparison(this, this.parts, found, nonce).with(loaded);
	}

	// Counting

	@Override
	public void removedForeign() {
		this.parts.counters().unreadable();
	}

	@Override
	public void shared() {
		this.parts.counters().loadShared();
	}

	@Override
	public void reloaded(StoredKey key, @Nullable Throwable failure) {
		if (failure == null) {
			this.parts.counters().refreshed();
			return;
		}
		this.parts.counters().refreshFailed();
		this.engine.warnOnce("refresh:" + this.parts.name(),
				"Cache '%s' could not load the value of key '%s' in the background: %s. Further failures are counted"
					.formatted(this.parts.name(), this.engine.logName(key), failure));
	}

	// Telling

	long begin(Purpose purpose) {
		return (purpose != Purpose.COMPARE) ? this.parts.counters().begin() : 0;
	}

	Tracer.Span span(Purpose purpose) {
		Tracer tracer = this.engine.link().tracer();
		return (tracer.isActive() && purpose != Purpose.COMPARE) ? tracer.read(this.parts.name(), origin())
				: Tracer.Span.NONE;
	}

	<T extends @Nullable Object> T within(Tracer.Span span, Supplier<T> action) {
		return (span == Tracer.Span.NONE) ? action.get() : this.engine.link().tracer().within(span.origin(), action);
	}

	Reading told(Reading reading, long since, Tracer.Span span) {
		return told(reading, switch (reading.kind()) {
			case HIT, DUE, DOUBTED -> ReadOutcome.HIT;
			case SERVED -> ReadOutcome.STALE;
			case STALE, MISS, BYPASSED -> ReadOutcome.MISS;
		}, since, span);
	}

	Reading told(Reading reading, ReadOutcome outcome, long since, Tracer.Span span) {
		this.parts.counters().read(outcome, since);
		span.end(outcome, null);
		return reading;
	}

	@Override
	public @Nullable Object origin() {
		return originOf(Call.current());
	}

	@Override
	public Step<WaitOutcome> waiting(@Nullable Object origin) {
		Tracer tracer = this.engine.link().tracer();
		CacheCounters counters = this.parts.counters();
		Tracer.Span span = tracer.isActive() ? tracer.wait(this.parts.name(), origin) : Tracer.Span.NONE;
		return new Step<>(tracer, span, (outcome, nanos) -> counters.tell((monitor) -> monitor.waited(outcome, nanos)));
	}

	@Override
	public Step<LoadOutcome> loading(@Nullable Object origin, LoadKind kind) {
		Tracer tracer = this.engine.link().tracer();
		CacheCounters counters = this.parts.counters();
		Tracer.Span span = tracer.isActive() ? tracer.load(this.parts.name(), kind, origin) : Tracer.Span.NONE;
		return new Step<>(tracer, span, (outcome, nanos) -> {
			if (outcome == LoadOutcome.SUCCESS) {
				this.parts.automaticRefresh().loaded(nanos);
			}
			counters.tell((monitor) -> monitor.loaded(kind, outcome, nanos));
		});
	}

	// Asking for a turn

	/**
	 * Ask for a key, before it is read. To be called on the thread that asks.
	 * @param executor where code of the application's runs
	 * @param reload loads the key in the background, {@code null} if that is not possible
	 * @param call the intercepted call that asks, {@code null} if it is none
	 */
	public Ask ask(StoredKey key, Deadline deadline, Executor executor, @Nullable Reload reload, @Nullable Call call) {
		boolean transactional = TransactionScope.current(this.engine) != null
				|| (call != null && call.isInTransaction());
		return new Ask(key, null, this, deadline, System.nanoTime(), transactional, Leading.current(), executor, null,
				reload, (call != null) ? call.declared() : (thrown) -> true, originOf(call), false,
				call != null && call.tags().areStated());
	}

	private @Nullable Object originOf(@Nullable Call call) {
		Tracer tracer = this.engine.link().tracer();
		return !tracer.isActive() ? null : (call != null) ? call.origin(tracer) : tracer.current();
	}

	/**
	 * What a read is for.
	 */
	public enum Purpose {

		/** To see whether there is a value. */
		LOOK,

		/** To see what a put would replace: no read that counts. */
		COMPARE,

		/**
		 * To load what is not there. So a value past its time serves whose load has just
		 * failed, and one near its end is due.
		 */
		LOAD

	}

}
