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

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import org.springframework.expression.ExpressionInvocationTargetException;
import org.springframework.transaction.support.TransactionSynchronization;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.TtlPolicy;
import dev.cachestarter.cache.call.Call;
import dev.cachestarter.cache.call.MethodTtl;
import dev.cachestarter.cache.entries.EntryReader.Purpose;
import dev.cachestarter.engine.entry.Lease;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.entry.Target;
import dev.cachestarter.engine.key.CacheKeys.Tags;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.load.Flight;
import dev.cachestarter.engine.redis.Deadline.RedisWaitException;
import dev.cachestarter.engine.redis.Deadline;
import dev.cachestarter.engine.tag.CarriedTags;
import dev.cachestarter.engine.tag.TagGenerations;
import dev.cachestarter.engine.tag.TagMoment;
import dev.cachestarter.engine.value.ValueCodec.Encoded;
import dev.cachestarter.engine.value.ValueCodec.NotCacheableException;
import dev.cachestarter.engine.value.ValueCodec;

/**
 * Stores the values of one cache, and nothing else does: what was loaded, under its
 * lease; what is put, whatever is there. What must not be stored, or is not taken by
 * Redis, never leaves an older value in its place.
 * <p>
 * In a read-write transaction all of it is done when the transaction has committed, and
 * the futures returned here are done already. Else they complete when Redis has
 * acknowledged the write, or it is known not to.
 */
public final class EntryWriter {

	private static final CompletableFuture<Boolean> NOT_STORED = CompletableFuture.completedFuture(false);

	private static final Runnable NOTHING = () -> {
	};

	private static final int MAX_ATTEMPTS = 3;

	private static final Pattern INDEX = Pattern.compile("\\[\\d+]");

	/** Redis counts in milliseconds. */
	private static final Duration SHORTEST = Duration.ofMillis(1);

	private final CacheParts parts;

	private final Engine engine;

	public EntryWriter(CacheParts parts) {
		this.parts = parts;
		this.engine = parts.engine();
	}

	// What was loaded

	/**
	 * Store a loaded value under its lease, and end the flight.
	 * @param stated what the caller says of how it is kept
	 * @param call the intercepted call that loaded it, {@code null} if none has
	 * @return whether it was stored; fails if Redis did not take it. In a transaction it
	 * is {@code false} at once, since it is stored after the commit if at all
	 */
	public CompletableFuture<Boolean> fill(Flight flight, @Nullable Object value, ValueCodec codec, Stated stated,
			@Nullable Call call) {
		if (!flight.canFill()) {
			flight.release();
			return NOT_STORED;
		}
		Prepared prepared = prepare(flight.key(), value, codec, stated, call);
		TransactionScope transaction = TransactionScope.current(this.engine);
		if (transaction != null) {
			transaction.afterwards(flight.key(), (status, deadline) -> {
				store(flight, (status == TransactionSynchronization.STATUS_COMMITTED) ? prepared : Prepared.NOT_STORED);
				return NOTHING;
			});
			if (prepared.encoded() != null) {
				transaction.remember(flight.key(), codec.schemaMark(), value, flight.epoch());
			}
			return NOT_STORED;
		}
		// Loaded for a transaction of another thread, nobody here knows when it ends.
		return store(flight, flight.isTransactional() ? Prepared.NOT_STORED : prepared);
	}

	private CompletableFuture<Boolean> store(Flight flight, Prepared prepared) {
		Encoded encoded = prepared.encoded();
		if (prepared.refused()) {
			flight.refuse();
			return NOT_STORED;
		}
		if (encoded == null || this.parts.isOff() || this.engine.evictions().covers(flight.key())) {
			flight.release();
			return NOT_STORED;
		}
		this.parts.dropNear(flight.key());
		return counted(flight.fill(encoded, prepared.ttl(), prepared.tags(),
				() -> this.engine.evictions().coversAny(prepared.tags())), encoded);
	}

	/**
	 * Return whether what is to be stored was evicted here, and Redis has not taken it.
	 */
	private boolean isEvicted(StoredKey key, Prepared prepared) {
		return this.engine.evictions().covers(key) || this.engine.evictions().coversAny(prepared.tags());
	}

	// What is put

	/**
	 * Store the value of a {@code @CachePut}, whose key was leased before its method ran.
	 */
	public CompletableFuture<?> putSeized(Flight flight, @Nullable Object value, ValueCodec codec, Call call) {
		boolean elsewhere = flight.isTransactional() && TransactionScope.current(this.engine) == null;
		return atCommit(flight.key(),
				elsewhere ? Prepared.NOT_STORED : prepare(flight.key(), value, codec, Stated.NOTHING, call),
				(prepared) -> orEvict(flight.key(), () -> store(flight, prepared)), flight::release);
	}

	/**
	 * Store a value whatever is there. Of its tags none counts that is evicted since the
	 * method began, or, without one, since this was called.
	 * @param stated what the caller says of how it is kept
	 * @param call the intercepted call whose method returned it, {@code null} if none has
	 */
	public CompletableFuture<?> put(StoredKey key, @Nullable Object value, ValueCodec codec, Stated stated,
			@Nullable Call call) {
		TagGenerations tags = this.engine.store().tags();
		CompletableFuture<@Nullable TagMoment> moment = (call != null) ? call.tags().moment(tags)
				: (stated.tags() != null) ? tags.capture() : CompletableFuture.completedFuture(null);
		return atCommit(key, prepare(key, value, codec, stated, call), (prepared) -> replace(key, prepared, moment),
				NOTHING);
	}

	/** Do it now, or, in a transaction, when that has committed. */
	private CompletableFuture<?> atCommit(StoredKey key, Prepared prepared,
			Function<Prepared, CompletableFuture<?>> write, Runnable rolledBack) {
		TransactionScope transaction = TransactionScope.current(this.engine);
		if (transaction == null) {
			return write.apply(prepared);
		}
		transaction.instead(new Target.Key(key), (status, deadline) -> {
			if (status == TransactionSynchronization.STATUS_ROLLED_BACK) {
				rolledBack.run();
				return NOTHING;
			}
			CompletableFuture<?> done = write
				.apply((status == TransactionSynchronization.STATUS_COMMITTED) ? prepared : Prepared.NOT_STORED);
			return () -> await(key, done, deadline);
		});
		return CompletableFuture.completedFuture(null);
	}

	/**
	 * Wait for a put, or have an asynchronous call not return before it. If nobody waits
	 * any longer although Redis may still have the old value, that is pending.
	 */
	public <T> void settle(@Nullable Call call, StoredKey key, CompletableFuture<T> put, Deadline deadline) {
		if (call != null && call.isAsynchronous()) {
			call.returnsAfter(deadline.limit(put).whenComplete((done, ex) -> evictUnlessDone(key, put)));
		}
		else {
			await(key, put, deadline);
		}
	}

	private <T> void await(StoredKey key, CompletableFuture<T> put, Deadline deadline) {
		try {
			deadline.await(put);
		}
		catch (RedisWaitException ex) {
			evictUnlessDone(key, put);
		}
	}

	/** A put that has failed has seen to it already. */
	private void evictUnlessDone(StoredKey key, CompletableFuture<?> put) {
		if (!put.isDone()) {
			this.engine.evictions().evict(new Target.Key(key));
		}
	}

	private CompletableFuture<?> replace(StoredKey key, Prepared prepared,
			CompletableFuture<@Nullable TagMoment> moment) {
		Encoded encoded = prepared.encoded();
		if (encoded == null || this.parts.isOff() || isEvicted(key, prepared)) {
			// Not to be stored: the old value must not stay either.
			return this.engine.evictions().evict(new Target.Key(key));
		}
		this.parts.dropNear(key);
		return orEvict(key, () -> counted(this.engine.traced(() -> prepared.tags().isEmpty()
				? replace(key, encoded, prepared.ttl(), CarriedTags.NONE)
				: moment.thenCompose((since) -> this.engine.store().tags().admit(prepared.tags(), since))
					.thenCompose((tags) -> (tags != null) ? replace(key, encoded, prepared.ttl(), tags) : NOT_STORED)),
				encoded));
	}

	private CompletableFuture<Boolean> replace(StoredKey key, Encoded encoded, Duration ttl, CarriedTags tags) {
		return this.engine.store()
			.replace(key, encoded, encoded.mark(), ttl, this.parts.settings().staleIfError(),
					this.parts.settings().lease(), tags);
	}

	private CompletableFuture<?> orEvict(StoredKey key, Supplier<CompletableFuture<Boolean>> write) {
		Target.Key target = new Target.Key(key);
		long server = this.engine.evictions().server();
		return write.get()
			.handle((filled, ex) -> ex == null && filled)
			// A server that forgets the put has the old value again.
			.thenCompose((filled) -> filled ? this.engine.evictions().replaced(target, server)
					: this.engine.evictions().evict(target));
	}

	/**
	 * Store a value if there is none that is fresh, on the calling thread; in a
	 * transaction, when that has committed.
	 * @param reader reads what is there, as the type of the value
	 * @return what is there, as {@code null} if it is of another type; a miss if the
	 * value was stored or Redis did not answer
	 */
	public Reading putIfAbsent(StoredKey key, @Nullable Object value, EntryReader reader, Deadline deadline) {
		if (this.parts.isOff()) {
			return new Reading(Reading.Kind.BYPASSED, null, null, 0);
		}
		Reading reading = present(key, reader, deadline);
		TransactionScope transaction = TransactionScope.current(this.engine);
		if (reading.isHit()) {
			return reading;
		}
		if (transaction != null) {
			transaction.afterwards(key, (status, left) -> () -> {
				if (status == TransactionSynchronization.STATUS_COMMITTED) {
					putIfAbsent(key, value, reader, left);
				}
			});
			return reading;
		}
		Observed observed = reading.observed();
		Prepared prepared = prepare(key, value, reader.codec(), Stated.NOTHING, null);
		Encoded encoded = prepared.encoded();
		for (int attempt = 0; attempt < MAX_ATTEMPTS && observed != null && encoded != null; attempt++) {
			if (this.parts.isOff() || storeIfStill(observed, encoded, prepared.ttl(), deadline)) {
				return reading;
			}
			// Each attempt writes its own header into it.
			encoded = prepare(key, value, reader.codec(), Stated.NOTHING, null).encoded();
			reading = present(key, reader, deadline);
			if (reading.isHit()) {
				return reading;
			}
			observed = reading.observed();
		}
		return reading;
	}

	/**
	 * Read what is there. A value of a type that is not read here is there all the same.
	 */
	private static Reading present(StoredKey key, EntryReader reader, Deadline deadline) {
		Reading reading = reader.read(key, deadline, Purpose.COMPARE);
		return (reading.isHit() || !reader.isOfAnotherType(reading.observed())) ? reading
				: new Reading(Reading.Kind.HIT, null, reading.observed(), reading.epoch());
	}

	/** Return whether there is nothing more to try. */
	private boolean storeIfStill(Observed observed, Encoded encoded, Duration ttl, Deadline deadline) {
		try {
			Lease lease = deadline.await(this.engine.store()
				.acquire(observed, this.engine.store().newNonce(), this.parts.settings().lease(), Lease.Holder.CALL))
				.lease();
			return lease != null && deadline.await(counted(
					this.engine.store().fill(lease, encoded, encoded.mark(), ttl, this.parts.settings().staleIfError()),
					encoded));
		}
		catch (RedisWaitException ex) {
			this.parts.counters().failed();
			return true;
		}
	}

	private CompletableFuture<Boolean> counted(CompletableFuture<Boolean> write, Encoded encoded) {
		int stores = encoded.entry().length - ValueCodec.HEADROOM;
		int plain = encoded.plainSize();
		write.whenComplete((stored, ex) -> {
			if (ex != null) {
				this.parts.counters().failed();
			}
			else if (stored) {
				this.parts.counters().put();
				this.parts.counters().stored(plain, stores);
			}
			else {
				this.parts.counters().refusedFill();
			}
		});
		return write;
	}

	// What is stored, and for how long

	/** Encode a value on the calling thread. */
	private Prepared prepare(StoredKey key, @Nullable Object value, ValueCodec codec, Stated stated,
			@Nullable Call call) {
		if (this.parts.isOff()) {
			return Prepared.NOT_STORED;
		}
		Duration ttl = stated.ttl();
		Duration wanted = (ttl != null && value != null) ? ttl : ttlOf(key, value, call);
		if (wanted == null) {
			return Prepared.NOT_STORED;
		}
		Duration life = limited(wanted);
		List<String> tags = tagsOf(key, value, stated, call);
		if (tags == null) {
			return Prepared.NOT_STORED;
		}
		try {
			return new Prepared(Call.outside(() -> codec.encode(value)), life, false, tags);
		}
		catch (NotCacheableException ex) {
			return notCacheable(key, ex);
		}
		// A codec is partly the application's, and whoever holds a lease must end it.
		catch (RuntimeException | Error ex) {
			this.parts.counters().notCacheable();
			warnOnce("encode:" + this.parts.name(), key, ex.toString());
			return Prepared.REFUSED;
		}
	}

	private Prepared notCacheable(StoredKey key, NotCacheableException ex) {
		boolean size = ex.reason() == NotCacheableException.Reason.TOO_LARGE;
		if (size) {
			this.parts.counters().tooLarge();
		}
		else {
			this.parts.counters().notCacheable();
		}
		String message = String.valueOf(ex.getMessage());
		warnOnce(ex.reason() + ":" + this.parts.name() + (size ? "" : subject(message)), key, message);
		return size ? Prepared.NOT_STORED : Prepared.REFUSED;
	}

	/** Neither which container it was nor which element of it makes another warning. */
	private static String subject(String message) {
		return INDEX.matcher(message.substring(Math.max(0, message.indexOf(':')))).replaceAll("[]");
	}

	private void warnOnce(String subject, StoredKey key, String why) {
		this.engine.warnOnce(subject, "Cache '%s' does not cache the value of key '%s': %s".formatted(this.parts.name(),
				this.engine.logName(key), why));
	}

	/**
	 * Return the tags of a value, {@code null} if it is not to be stored: what cannot be
	 * tagged could not be evicted.
	 */
	private @Nullable List<String> tagsOf(StoredKey key, @Nullable Object value, Stated stated, @Nullable Call call) {
		Function<@Nullable Object, Collection<String>> given = stated.tags();
		if (given == null && (call == null || !call.tags().areStated())) {
			return List.of();
		}
		String about = "tags:" + this.parts.name() + ((call != null) ? ":" + call.intercepted().method() : "");
		try {
			List<String> names = Call
				.outside(() -> (given != null || call == null) ? Tags.of(Objects.requireNonNull(given).apply(value))
						: call.tags().of(value))
				.names();
			if (names.size() <= Tags.MOST) {
				return names;
			}
			warnOnce(about, key, "it has %d tags, and an entry may carry %d. Tag it by what it is part of"
				.formatted(names.size(), Tags.MOST));
		}
		catch (Throwable ex) {
			// SpEL says of what its methods throw only that they do.
			boolean wrapped = ex instanceof ExpressionInvocationTargetException && ex.getCause() != null;
			warnOnce(about, key,
					"its tags are not known, since they failed with %s".formatted(wrapped ? ex.getCause() : ex));
		}
		this.parts.counters().notCacheable();
		return null;
	}

	/** Return the time to live of a value, {@code null} if it is not to be stored. */
	private @Nullable Duration ttlOf(StoredKey key, @Nullable Object value, @Nullable Call call) {
		CacheSettings settings = this.parts.settings();
		Duration decided = decided(this.engine.ttlPolicy(), key, value);
		if (decided != null) {
			return decided;
		}
		Duration stated = (call != null && value != null) ? stated(call, value) : null;
		if (stated != null) {
			return jittered(stated);
		}
		decided = decided(settings.ttlPolicy(), key, value);
		if (decided != null) {
			return decided;
		}
		Duration ttl = (value != null) ? settings.ttl() : nullTtl(settings, call);
		return (value == null && ttl.isZero()) ? null : jittered(ttl);
	}

	/** Return what the method says, {@code null} if it says nothing. */
	private @Nullable Duration stated(Call call, Object value) {
		try {
			return Call.outside(() -> call.ttlOf(value));
		}
		catch (Throwable ex) {
			// SpEL says of what its methods throw only that they do.
			boolean wrapped = ex instanceof ExpressionInvocationTargetException && ex.getCause() != null;
			this.engine.warnOnce("ttl:" + this.parts.name() + ":" + call.intercepted().method(),
					"The @CacheTtl of '%s' failed for cache '%s', whose own TTL applies: %s"
						.formatted(call.intercepted().method(), this.parts.name(), wrapped ? ex.getCause() : ex));
			return null;
		}
	}

	/** Nulls live no longer than values. */
	private static Duration nullTtl(CacheSettings settings, @Nullable Call call) {
		MethodTtl stated = (call != null) ? call.ttl() : null;
		Duration fixed = (stated != null) ? stated.fixed() : null;
		Duration ttl = settings.nullTtl();
		return (fixed == null || fixed.isZero() || fixed.compareTo(ttl) > 0) ? ttl : fixed;
	}

	/** Return what a policy of the application says, {@code null} if it says nothing. */
	private @Nullable Duration decided(@Nullable TtlPolicy policy, StoredKey key, @Nullable Object value) {
		if (policy == null) {
			return null;
		}
		try {
			Duration decided = Call.outside(() -> policy.ttl(this.parts.name(), key.key(), value));
			if (decided == null || decided.isNegative()) {
				return null;
			}
			return (decided.isZero() || decided.compareTo(SHORTEST) > 0) ? decided : SHORTEST;
		}
		catch (Throwable ex) {
			this.engine.warnOnce("policy:" + this.parts.name(),
					"TtlPolicy failed for cache '" + this.parts.name() + "': " + ex);
			return null;
		}
	}

	/** What is said at run time is the limit of what single values have for their own. */
	private Duration limited(Duration ttl) {
		Duration limit = this.parts.control().ttl();
		if (limit == null || limit.isZero()) {
			return ttl;
		}
		return (ttl.isZero() || ttl.compareTo(limit) > 0) ? jittered(limit) : ttl;
	}

	private Duration jittered(Duration ttl) {
		double share = this.parts.settings().ttlJitter();
		if (ttl.isZero() || share == 0) {
			return ttl;
		}
		long millis = (long) (ttl.toMillis() * (1 - share * ThreadLocalRandom.current().nextDouble()));
		return Duration.ofMillis(Math.max(1, millis));
	}

	/**
	 * A value that is ready to be stored, or is not to be.
	 *
	 * @param encoded the value, {@code null} if it is not to be stored
	 * @param ttl its time to live
	 * @param refused whether the codec refuses it
	 * @param tags its tags, escaped
	 */
	private record Prepared(@Nullable Encoded encoded, Duration ttl, boolean refused, List<String> tags) {

		private static final Prepared NOT_STORED = new Prepared(null, Duration.ZERO, false, List.of());

		private static final Prepared REFUSED = new Prepared(null, Duration.ZERO, true, List.of());

	}

}
