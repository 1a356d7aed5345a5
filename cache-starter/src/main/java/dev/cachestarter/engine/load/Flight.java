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
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.engine.connection.Futures;
import dev.cachestarter.engine.entry.EntryStore.Trace;
import dev.cachestarter.engine.entry.EntryStore;
import dev.cachestarter.engine.entry.Lease;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.tag.CarriedTags;
import dev.cachestarter.engine.tag.TagGenerations;
import dev.cachestarter.engine.tag.TagMoment;
import dev.cachestarter.engine.value.ValueCodec;

/**
 * One load: from the lease until the value is stored, or is known not to be. Without a
 * lease nothing is stored.
 * <p>
 * The loaded value is handed to those who joined when it is about to be stored, or when
 * the flight ends without that; not before, since what the codec refuses (an entity of a
 * persistence context, say) is shared with nobody.
 * <p>
 * A flight that outlives {@code load-lease-limit} is forgotten: nobody joins it any more,
 * and those who did go on. It may belong to a future that never completes.
 *
 * <h2>Tags</h2>
 *
 * <p>
 * What is loaded may carry tags, and they are known only now. A caller may have joined
 * after one of them was evicted: its own read could find the lease, which has no tags. So
 * the value is handed over only when it is admitted (see {@link TagGenerations}); who
 * joined a flight whose value is refused looks again. From when the tags are judged on
 * nobody joins any more, since an eviction that comes then is not judged: who finds the
 * lease waits for what Redis has in its place. A value that is not to be stored has its
 * tags unknown, and is handed over only if no tag at all was evicted since the load
 * began. What Redis has not taken of these evictions it cannot tell: so it is looked
 * whether one made here is pending, after nobody can join and before Redis is asked.
 *
 * <h2>How it ends</h2>
 *
 * <p>
 * It ends once; what comes later does nothing.
 * <table>
 * <caption>The ends of a flight</caption>
 * <tr>
 * <th>End</th>
 * <th>When</th>
 * <th>In Redis</th>
 * <th>Those who joined</th>
 * </tr>
 * <tr>
 * <td>{@link #fill}</td>
 * <td>the value is to be stored</td>
 * <td>the value in the place of the lease, or of the claimed value</td>
 * <td>get the value; after a put, or if a tag was evicted, they look again</td>
 * </tr>
 * <tr>
 * <td>{@link #release}, loaded</td>
 * <td>the value is not to be stored</td>
 * <td>a trace in the place of the lease (none of a transaction); a claimed value
 * goes</td>
 * <td>get the value, if the codec does not refuse it; else they load</td>
 * </tr>
 * <tr>
 * <td>{@link #release}, not loaded</td>
 * <td>nothing was loaded</td>
 * <td>the lease or the claim goes; a claimed value stays</td>
 * <td>look again</td>
 * </tr>
 * <tr>
 * <td>{@link #refuse}</td>
 * <td>the codec refuses the value</td>
 * <td>as by {@code release}, with a trace that says so</td>
 * <td>load</td>
 * </tr>
 * <tr>
 * <td>{@link #fail}</td>
 * <td>the loader threw</td>
 * <td>the lease goes; a claimed value stays, and is not claimed for
 * {@code stale-retry}</td>
 * <td>get the failure; after an interruption they look again</td>
 * </tr>
 * <tr>
 * <td>{@link #cancel}</td>
 * <td>its caller has gone on</td>
 * <td>as by {@code release}</td>
 * <td>if there are any, it goes on for them</td>
 * </tr>
 * <tr>
 * <td>{@link #forget}</td>
 * <td>it got no lease, or outlived {@code load-lease-limit}</td>
 * <td>the lease is renewed no more</td>
 * <td>look again; the load may still end in one of the other ways</td>
 * </tr>
 * </table>
 */
public final class Flight {

	private static final String NO_NONCE = "";

	private static final Runnable NOTHING = () -> {
	};

	private final EntryStore store;

	private final BiConsumer<Flight, @Nullable Throwable> landed;

	private final StoredKey key;

	private final String nonce;

	private final String mark;

	private final CacheSettings settings;

	private final Predicate<@Nullable Object> shareable;

	private final boolean transactional;

	private final long epoch;

	private final @Nullable Object origin;

	/** Whether an eviction of a tag is pending here; of a value that may carry tags. */
	private final @Nullable BooleanSupplier evictedByTag;

	/** Completed with a turn for those who joined. */
	private final CompletableFuture<Turn> result = new CompletableFuture<>();

	private final AtomicInteger joined = new AtomicInteger();

	private final AtomicBoolean ended = new AtomicBoolean();

	private final long forgottenAt;

	private volatile @Nullable Lease lease;

	/** When the next renewal is due; of the timer, once there is a lease. */
	private volatile long renewedAt;

	private final AtomicBoolean renewing = new AtomicBoolean();

	private volatile boolean hasLoaded;

	private volatile @Nullable Object value;

	/** What a load leaves behind that stores nothing. */
	private volatile Trace trace = Trace.UNSTORED;

	/** Whether the tags of its value are judged: nobody joins it any more. */
	private volatile boolean isJudged;

	/** Whether it loads ahead of the end of what is there. */
	private volatile boolean isAhead;

	/** Compares the loaded value with the one in whose place it is stored. */
	private volatile @Nullable Function<ValueCodec.Encoded, Runnable> comparison;

	/**
	 * Create a flight.
	 * @param store where its lease is
	 * @param landed is told when its lease is gone, or when it is not known whether it
	 * is, with what went wrong
	 * @param nonce of its lease
	 */
	Flight(EntryStore store, BiConsumer<Flight, @Nullable Throwable> landed, String nonce, Subject subject) {
		this.store = store;
		this.landed = landed;
		this.nonce = nonce;
		this.key = subject.key();
		this.mark = subject.mark();
		this.settings = subject.settings();
		this.shareable = subject.shareable();
		this.transactional = subject.transactional();
		this.epoch = subject.epoch();
		this.origin = subject.origin();
		this.evictedByTag = subject.evictedByTag();
		this.forgottenAt = System.nanoTime() + this.settings.loadLeaseLimit().toNanos();
	}

	/**
	 * Create a flight that nobody finds by a nonce, since it will place no lease: its
	 * value is stored nowhere, or where a value that was found still is.
	 */
	static Flight alone(EntryStore store, BiConsumer<Flight, @Nullable Throwable> landed, Subject subject) {
		return new Flight(store, landed, NO_NONCE, subject);
	}

	/**
	 * Return the key that is loaded.
	 */
	public StoredKey key() {
		return this.key;
	}

	String nonce() {
		return this.nonce;
	}

	/**
	 * Return whether there is a lease to fill under.
	 */
	public boolean canFill() {
		return this.lease != null && !this.ended.get();
	}

	/**
	 * Return what had been evicted here when the flight was made; known only of one that
	 * loads for a transaction.
	 */
	public long epoch() {
		return this.epoch;
	}

	/**
	 * Return whether it loads for a read-write transaction.
	 */
	public boolean isTransactional() {
		return this.transactional;
	}

	/**
	 * Return whether what is there is not the value that was found stale: a lease was
	 * taken in its place.
	 */
	boolean replaces() {
		Lease lease = this.lease;
		return lease != null && !lease.isOnValue();
	}

	/** Return how long its lease lives unless it is renewed. */
	Duration leaseLife() {
		return this.settings.lease();
	}

	boolean isOf(StoredKey other) {
		return other.accepts(this.key);
	}

	/** Return whether those who join it get a value of their type. */
	boolean isAs(String otherMark) {
		return this.mark.equals(otherMark);
	}

	boolean hasEnded() {
		return this.ended.get();
	}

	/**
	 * Return whether anything comes of the load if its caller goes on without it: it can
	 * be stored, or others wait for it.
	 */
	public boolean isOfUse() {
		return (canFill() && !this.transactional) || isWanted();
	}

	/**
	 * Return whether the tags of its value are judged, so that nobody may join it.
	 */
	boolean isJudged() {
		return this.isJudged;
	}

	void whenOver(Runnable action) {
		this.result.whenComplete((turn, ex) -> action.run());
	}

	/** Return whether those who join it need not wait. */
	boolean isOver() {
		return this.result.isDone();
	}

	/**
	 * Return whether the load has failed already: that is no news for one who comes after
	 * it.
	 */
	boolean hasFailed() {
		return this.result.isDone() && this.result.join() instanceof Turn.Failed;
	}

	boolean isForgotten(long now) {
		return now - this.forgottenAt > 0;
	}

	void leased(Lease granted) {
		this.renewedAt = System.nanoTime();
		this.lease = granted;
	}

	void loadsAhead() {
		this.isAhead = true;
	}

	/**
	 * Have the loaded value compared with the one in whose place it will be stored.
	 * @param comparison is given the loaded value before that, and returns what is to be
	 * run after it
	 */
	void compares(Function<ValueCodec.Encoded, Runnable> comparison) {
		this.comparison = comparison;
	}

	CompletableFuture<Turn> join(long nanos) {
		this.joined.incrementAndGet();
		return this.result.copy().completeOnTimeout(new Turn.TimedOut(), nanos, TimeUnit.NANOSECONDS);
	}

	/**
	 * Have a lease or a claim live on, if it is time; called again and again by the
	 * timer.
	 */
	void tick(long now) {
		Lease held = this.lease;
		if (held == null || held.isBorrowed() || this.ended.get()
				|| now - this.renewedAt < this.settings.lease().toNanos() / 3
				|| !this.renewing.compareAndSet(false, true)) {
			return;
		}
		this.renewedAt = now;
		// One that failed is tried again; one whose lease is gone stays as it is.
		this.store.renew(held, this.settings.lease()).whenComplete((renewed, ex) -> {
			if (ex != null || renewed) {
				this.renewing.set(false);
			}
		});
	}

	/**
	 * Renew the lease, after a time in which it may have been lost.
	 * @return whether it was still there
	 */
	CompletableFuture<Boolean> stillHolds() {
		Lease held = this.lease;
		return (held != null) ? this.store.renew(held, this.settings.lease()) : CompletableFuture.completedFuture(true);
	}

	/**
	 * Keep the loaded value, for those who joined.
	 */
	public void loaded(@Nullable Object loaded) {
		this.value = loaded;
		this.hasLoaded = true;
	}

	/**
	 * Store the value, if the lease is still there and none of its tags was evicted since
	 * the load began, and end the flight. Those who joined get the value at once, or, if
	 * it has tags, when that is known.
	 * @param tags the tags, escaped; at most 64, empty for none
	 * @param evicted whether one of them was evicted here, and Redis has not taken it
	 * @return whether it was stored; fails if Redis does not take it
	 */
	public CompletableFuture<Boolean> fill(ValueCodec.Encoded encoded, Duration ttl, List<String> tags,
			BooleanSupplier evicted) {
		Lease held = this.lease;
		if (held == null || !this.ended.compareAndSet(false, true)) {
			return CompletableFuture.completedFuture(false);
		}
		if (tags.isEmpty()) {
			return store(held, encoded, ttl, CarriedTags.NONE);
		}
		// Before it is asked: see above.
		this.isJudged = true;
		if (evicted.getAsBoolean()) {
			return dropped(held, null);
		}
		return this.store.tracer()
			.within(this.origin, () -> this.store.tags().admit(tags, held.moment()))
			.handle((admitted, ex) -> (admitted != null) ? store(held, encoded, ttl, admitted) : dropped(held, ex))
			.thenCompose(Function.identity());
	}

	/** Its tags were evicted, or nobody knows: nobody is to wait for it. */
	private CompletableFuture<Boolean> dropped(Lease held, @Nullable Throwable failure) {
		CompletableFuture<Boolean> gone = held.isBorrowed() ? CompletableFuture.completedFuture(false)
				: this.store.tracer().within(this.origin, () -> this.store.release(held));
		return gone.handle((done, ex) -> {
			this.landed.accept(this, ex);
			// A lease that Redis has not removed is nothing to wait for.
			over((ex == null) ? new Turn.LookAgain() : new Turn.Refused());
			if (failure != null) {
				throw new CompletionException(Futures.unwrap(failure));
			}
			return false;
		});
	}

	private CompletableFuture<Boolean> store(Lease held, ValueCodec.Encoded encoded, Duration ttl, CarriedTags tags) {
		if (this.hasLoaded) {
			// What is not of the type that they ask for is nothing for them.
			over(encoded.isFor(this.mark) ? new Turn.Shared(this.value) : new Turn.Refused());
		}
		Function<ValueCodec.Encoded, Runnable> comparison = this.comparison;
		Runnable compared = (comparison != null) ? comparison.apply(encoded) : NOTHING;
		return this.store.tracer()
			.within(this.origin,
					() -> this.store.fill(held, encoded, encoded.mark(), ttl, this.settings.staleIfError(), tags))
			.whenComplete((filled, ex) -> {
				if (ex == null && filled) {
					compared.run();
				}
				this.landed.accept(this, ex);
				// Whoever waits for a put, which hands nothing over, finds it in Redis
				// now.
				over(new Turn.LookAgain());
			});
	}

	/**
	 * End a flight that stores nothing: give the lease back, so that nobody waits for it.
	 * A value that was claimed, and in the place of which another was loaded that is not
	 * to be stored, goes with it. Those who joined get what was loaded, if anything was.
	 */
	public void release() {
		// In this order: whoever is told and looks again must not find the lease.
		giveBack(this.isAhead ? this.settings.staleRetry() : Duration.ZERO);
		Lease held = this.lease;
		BooleanSupplier evicted = this.evictedByTag;
		if (held == null || evicted == null) {
			over(outcome());
			return;
		}
		this.isJudged = true;
		Turn turn = outcome();
		TagMoment moment = held.moment();
		if (!(turn instanceof Turn.Shared)) {
			over(turn);
			return;
		}
		if (moment == null || evicted.getAsBoolean()) {
			over(new Turn.Refused());
			return;
		}
		this.store.tags()
			.isUnchangedSince(moment)
			.whenComplete((unchanged, ex) -> over((ex == null && unchanged) ? turn : new Turn.Refused()));
	}

	/**
	 * End a flight whose value the codec refuses: it is nobody else's, and whoever wants
	 * one loads.
	 */
	public void refuse() {
		this.trace = Trace.REFUSED;
		giveBack(Duration.ZERO);
		over(new Turn.Refused());
	}

	/**
	 * End a flight whose caller has gone on without it, unless others wait for its value.
	 * @return whether it has ended
	 */
	public boolean cancel() {
		if (this.joined.get() > 0) {
			return false;
		}
		release();
		return true;
	}

	/**
	 * Hand a failure to those who joined, and give the lease back. A value that was
	 * claimed stays, and nobody tries again for a while. That the caller was interrupted
	 * concerns it alone, and tells nothing of the source: those who joined take over.
	 */
	public void fail(Throwable failure) {
		if (isInterruption(failure)) {
			release();
			return;
		}
		giveBack(this.settings.staleRetry());
		over(new Turn.Failed(failure));
	}

	/** Let those who joined go on; the load may end when it likes. */
	void forget() {
		over(new Turn.LookAgain());
	}

	private Turn outcome() {
		if (!this.hasLoaded || !isWanted()) {
			return new Turn.LookAgain();
		}
		return this.shareable.test(this.value) ? new Turn.Shared(this.value) : new Turn.Refused();
	}

	private boolean isWanted() {
		return this.joined.get() > 0 && !this.result.isDone();
	}

	/** Whoever goes on here, on this thread, goes on for itself. */
	private void over(Turn turn) {
		this.store.tracer().within(null, () -> this.result.complete(turn));
	}

	private static boolean isInterruption(Throwable failure) {
		Throwable cause = failure;
		for (int depth = 0; cause != null && depth < 20; depth++) {
			if (cause instanceof InterruptedException) {
				return true;
			}
			cause = cause.getCause();
		}
		return Thread.currentThread().isInterrupted();
	}

	private void giveBack(Duration pause) {
		if (!this.ended.compareAndSet(false, true)) {
			return;
		}
		Lease held = this.lease;
		if (held == null || held.isBorrowed()) {
			this.landed.accept(this, null);
			return;
		}
		this.store.tracer()
			.within(this.origin, () -> giveBack(held, pause))
			.whenComplete((done, ex) -> this.landed.accept(this, ex));
	}

	private CompletableFuture<Boolean> giveBack(Lease held, Duration pause) {
		if (held.isOnValue()) {
			return this.hasLoaded ? this.store.release(held) : this.store.unclaim(held, pause);
		}
		return (this.hasLoaded && !this.transactional) ? this.store.leaveTrace(held, this.trace)
				: this.store.release(held);
	}

	/**
	 * What is loaded, and for whom.
	 *
	 * @param key the key
	 * @param mark of the type that it is loaded as
	 * @param settings of its cache
	 * @param shareable whether a value may be handed to others
	 * @param transactional whether it is loaded for a read-write transaction
	 * @param epoch what has been evicted here so far, for a transaction
	 * @param origin what the steps of the load belong to
	 * @param evictedByTag whether a tag was evicted here, and Redis has not taken it;
	 * {@code null} if the value carries no tags
	 */
	record Subject(StoredKey key, String mark, CacheSettings settings, Predicate<@Nullable Object> shareable,
			boolean transactional, long epoch, @Nullable Object origin, @Nullable BooleanSupplier evictedByTag) {

	}

	/**
	 * What came of taking one's turn: the raw material of a {@link Decision}. A flight
	 * ends with {@link Shared}, {@link Failed}, {@link Refused} or {@link LookAgain}; the
	 * others are what {@link Turns} makes of what it finds. (Nested here because the two
	 * know each other.)
	 */
	sealed interface Turn {

		/**
		 * The caller leads: it loads, and must then end the flight.
		 *
		 * @param flight the flight
		 */
		record Lead(Flight flight) implements Turn {

		}

		/**
		 * The value has come meanwhile, or is stale and serves at once.
		 *
		 * @param observed what was found
		 */
		record Found(Observed observed) implements Turn {

		}

		/**
		 * The flight that was joined has loaded it.
		 *
		 * @param value the value
		 */
		record Shared(@Nullable Object value) implements Turn {

		}

		/**
		 * The flight that was joined has failed.
		 *
		 * @param failure what its loader threw
		 */
		record Failed(Throwable failure) implements Turn {

		}

		/**
		 * Another's load, or one's own in the background, has taken too long to be waited
		 * for, or there is nothing to wait by. A stale value may serve.
		 */
		record TimedOut() implements Turn {

		}

		/** The flight that was joined has loaded what nobody else may have. */
		record Refused() implements Turn {

		}

		/**
		 * There is nothing to wait for any more, and no value was handed over: the flight
		 * was released, or was one of a put, which is found in Redis, or its lease is
		 * gone. The key is to be looked at again.
		 */
		record LookAgain() implements Turn {

		}

	}

}
