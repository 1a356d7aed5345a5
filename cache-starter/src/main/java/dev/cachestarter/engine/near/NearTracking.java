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

package dev.cachestarter.engine.near;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.entry.Target;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.near.GenerationCell.Standing;
import dev.cachestarter.engine.redis.Tracking;

/**
 * What Redis says of the keys that copies were made of, for all near caches of one
 * manager that are in mode {@code track}.
 *
 * <h2>Why a copy that Redis is not asked about is no more than a second old</h2>
 *
 * <p>
 * Redis tells of each change of a key that was read over a tracked connection, and in
 * order: messages come before the answers to what it is asked later, heartbeats among
 * them. While the last heartbeat that was answered well was <em>sent</em> less than a
 * second ago, all that had happened a second ago has been told and taken note of. So a
 * copy that is still there is what a read a second ago would have found.
 * <ol>
 * <li><b>The session first.</b> A reader asks whether the session is good, and only then
 * looks for the copy. The other way round it could hold a copy that a late message has
 * dropped since, and take a heartbeat that came after the message for its proof.
 * <li><b>Tracked reads.</b> Only what was read over a tracked connection becomes such a
 * copy. Of what was read elsewhere Redis tells nothing.
 * <li><b>Epochs.</b> Before a read is sent, what concerns it is noted: the epochs of its
 * key and of its generations, the round, and the session. A copy of its answer is made
 * only if none of them has changed, which is looked at inside the near cache's lock for
 * this one key. A message changes the epoch first, and then drops the copy under that
 * lock. Whichever of the two comes first, no copy stays of what was read before the
 * message.
 * <li><b>Generations</b> are cells ({@link GenerationCell}): a message about one makes it
 * unknown, and the next hit has it read again.
 * <li><b>Rounds.</b> When any key may have changed, a new round begins. No copy of an
 * earlier one counts, whether it is gone from memory yet or not.
 * <li><b>Own writes</b> are taken note of like a message when Redis has acknowledged
 * them: before the call returns, and before an eviction ceases to be pending. The message
 * comes too, but may come later. A write is whatever replaces or deletes a value: a fill
 * and a put, but the lease in the place of a value that is about to be put as well, which
 * may be all that there ever is.
 * </ol>
 * A hit takes no lock, and writes nothing that two keys share.
 */
public final class NearTracking implements Tracking.Listener {

	/** No session: nothing may be served without asking Redis. */
	public static final long NONE = -1;

	private final Supplier<? extends Tracking> source;

	private final KeyLayout layout;

	/** {@code null} as long as nobody has a use for it. */
	private volatile @Nullable Tracking tracking;

	private final Epochs epochs = new Epochs();

	private final GenerationCells cells = new GenerationCells();

	/** By the names of the caches. */
	private final Map<String, List<Copies>> caches = new ConcurrentHashMap<>();

	private final AtomicBoolean listening = new AtomicBoolean();

	private final AtomicLong round = new AtomicLong();

	/** The last session that was seen. */
	private final AtomicLong lastSession = new AtomicLong(NONE);

	/** The last session in which something was read. */
	private final AtomicLong lastUsed = new AtomicLong(NONE);

	/** The last session that has ended in which something was read. */
	private volatile Ended ended = new Ended(NONE, NONE, 0);

	/** A session in which a read was not answered in time. */
	private final AtomicLong stalled = new AtomicLong(NONE);

	private final Touches touches = new Touches();

	/**
	 * Create what keeps track.
	 * @param source makes what reads over tracked connections, once, if there is a use
	 * for it
	 * @param layout tells the keys of entries from others
	 */
	public NearTracking(Supplier<? extends Tracking> source, KeyLayout layout) {
		this.source = source;
		this.layout = layout;
	}

	/**
	 * Have a near cache told from now on, for as long as the manager lasts.
	 */
	void register(String cacheName, Copies near) {
		this.caches.computeIfAbsent(cacheName, (name) -> new CopyOnWriteArrayList<>()).add(near);
	}

	/**
	 * Have Redis tell what changes, from now on, if it does not yet.
	 */
	void listen() {
		if (this.listening.compareAndSet(false, true)) {
			Tracking made = this.source.get();
			made.addListener(this);
			this.tracking = made;
		}
	}

	/**
	 * Return what reads over tracked connections.
	 */
	public Tracking tracking() {
		return Objects.requireNonNull(this.tracking);
	}

	// Hits

	/**
	 * Return the session in which copies may be served without asking Redis: to be asked
	 * for before the copy is looked for.
	 * @return the session, {@link #NONE} if there is none
	 */
	long goodSession() {
		Tracking now = this.tracking;
		if (now == null) {
			return NONE;
		}
		long session = now.session();
		return now.isGood(session) ? session : NONE;
	}

	long round() {
		return this.round.get();
	}

	/**
	 * Return how the generations of a copy stand, and have read again what is not known
	 * of them.
	 */
	Standing standing(Vouching vouching) {
		Standing standing = vouching.standing();
		if (standing == Standing.UNKNOWN) {
			ask(vouching.cache(), vouching.session());
			GenerationCell group = vouching.group();
			if (group != null) {
				ask(group, vouching.session());
			}
		}
		return standing;
	}

	/**
	 * Take note of a hit about which Redis was not asked.
	 */
	public void hit(StoredKey key, NearCopy copy) {
		this.touches.hit(key, copy);
	}

	/**
	 * Return some of the keys that were hit since this was last called, to tell Redis
	 * that they are not idle. Called by one thread at a time.
	 * @return a hundred keys at most
	 */
	public List<byte[]> hits() {
		return this.touches.take();
	}

	/** One read for all who need it. */
	private void ask(GenerationCell cell, long session) {
		if (cell.isKnownIn(session) || !cell.ask()) {
			return;
		}
		long epoch = cell.epoch();
		long since = this.round.get();
		CompletableFuture<List<byte @Nullable []>> read;
		try {
			read = tracking().read(List.of(cell.key()));
		}
		catch (Throwable ex) {
			cell.answered();
			throw ex;
		}
		read.whenComplete((values, ex) -> {
			if (ex == null && this.round.get() == since && tracking().session() == session) {
				cell.take(epoch, session, values.get(0));
			}
			cell.answered();
		});
	}

	/** Return how many generations copies refer to. */
	int generations() {
		return this.cells.count();
	}

	/**
	 * Return whether a copy was vouched for until its session was lost, that is no longer
	 * ago than it may be, and no copies were made in another one since.
	 * @param own how often all of the copy's cache may have changed
	 * @param now as {@link System#nanoTime()}
	 * @param most how long ago that may be, in nanoseconds
	 */
	boolean wasVouchedFor(Vouching vouching, long own, long now, long most) {
		Ended last = this.ended;
		boolean present = vouching.session() == tracking().session() && vouching.round() == this.round.get() + own
				&& now - tracking().lastGood() < most;
		boolean before = vouching.session() == last.session() && vouching.round() == last.round() + own
				&& now - last.lastGood() < most;
		return (present || before) && vouching.standing() == Standing.CURRENT;
	}

	// Copies

	/**
	 * Take note of what concerns a key, before it is read over a tracked connection.
	 * @param own how often all of its cache may have changed
	 * @return what makes a copy of the answer, {@code null} if none is to be made
	 */
	@Nullable Ticket begin(StoredKey key, long session, long own) {
		// A message tells the bytes of a key alone, from which its copy must be found.
		if (session == NONE || this.stalled.get() == session || !key.equals(this.layout.parse(key.redisKey()))) {
			return null;
		}
		if (this.lastSession.get() < session) {
			this.lastSession.accumulateAndGet(session, Math::max);
		}
		if (this.lastUsed.get() < session) {
			this.lastUsed.accumulateAndGet(session, Math::max);
		}
		long since = this.round.get() + own;
		GenerationCell cache = this.cells.of(key.cacheGenerationKey());
		byte[] groupKey = key.groupGenerationKey();
		GenerationCell group = (groupKey != null) ? this.cells.of(groupKey) : null;
		return new Ticket(key, session, since, this.epochs.of(key.redisKey()), cache, cache.epoch(), group,
				(group != null) ? group.epoch() : 0);
	}

	/**
	 * Return what vouches for a copy of what was read. To be called inside the near
	 * cache's lock for the key.
	 * @param own how often all of its cache may have changed
	 * @param cacheValue the generation of the cache that was read
	 * @param groupValue the generation of the group that was read
	 * @return {@code null} if something has changed since
	 */
	@Nullable Vouching vouch(Ticket ticket, long own, byte @Nullable [] cacheValue, byte @Nullable [] groupValue) {
		byte[] cache = ticket.cache().take(ticket.cacheEpoch(), ticket.session(), cacheValue);
		GenerationCell groupCell = ticket.group();
		byte[] group = (groupCell != null) ? groupCell.take(ticket.groupEpoch(), ticket.session(), groupValue) : null;
		boolean same = this.epochs.of(ticket.key().redisKey()) == ticket.keyEpoch()
				&& this.round.get() + own == ticket.round() && tracking().session() == ticket.session();
		return (same && cache != null && (groupCell == null || group != null))
				? new Vouching(ticket.session(), ticket.round(), ticket.cache(), cache, groupCell, group) : null;
	}

	/**
	 * Take note that a tracked read is not answered in time: until it is, no other one is
	 * made in this session.
	 */
	public void late(Ticket ticket, CompletableFuture<?> read) {
		this.stalled.set(ticket.session());
		read.whenComplete((found, ex) -> this.stalled.compareAndSet(ticket.session(), NONE));
	}

	// What Redis says

	@Override
	public void changed(byte[] key) {
		drop(key);
	}

	@Override
	public void allChanged() {
		long present = tracking().session();
		long last = this.lastSession.get();
		boolean over = last < present && this.lastSession.compareAndSet(last, present);
		long since = this.round.getAndIncrement();
		if (over && this.lastUsed.get() == last) {
			// There are no copies of one that was lost before it was used, and those of
			// the one before may still be served.
			this.ended = new Ended(last, since, tracking().lastGood());
		}
		this.cells.forEach(over ? GenerationCell::ended : GenerationCell::changed);
		each(over ? Copies::endSession : Copies::clear);
	}

	/** The epoch first: see above. */
	private void drop(byte[] key) {
		this.epochs.changed(key);
		GenerationCell cell = this.cells.find(key);
		if (cell != null) {
			cell.changed();
			return;
		}
		StoredKey entry = this.layout.parse(key);
		if (entry == null) {
			return;
		}
		of(entry.cacheName(), (near) -> near.drop(entry));
		if (!entry.cacheName().isEmpty() && this.caches.containsKey("")) {
			// It may have been read before the cache was known by name.
			StoredKey unnamed = this.layout.key("", entry.cacheName() + ":" + entry.key());
			of("", (near) -> near.drop(unnamed));
		}
	}

	private void of(String cacheName, Consumer<Copies> action) {
		this.caches.getOrDefault(cacheName, List.of()).forEach(action);
	}

	private void each(Consumer<Copies> action) {
		this.caches.values().forEach((all) -> all.forEach(action));
	}

	// What was written here

	/**
	 * Take note that a key was written here, and Redis has acknowledged it, or may have
	 * done it.
	 */
	public void written(byte[] redisKey) {
		if (!this.caches.isEmpty()) {
			drop(redisKey);
		}
	}

	/**
	 * Take note that something was evicted here, and Redis has acknowledged it.
	 */
	public void evicted(Target target) {
		if (this.caches.isEmpty() || target instanceof Target.Tag) {
			// There are no copies of what has tags.
			return;
		}
		if (target instanceof Target.Key key) {
			drop(key.key().redisKey());
		}
		else if (target instanceof Target.Group group) {
			dropGeneration(this.layout.groupGenerationKey(group.cacheName(), group.group()), group.cacheName());
		}
		else if (target instanceof Target.Whole whole) {
			dropGeneration(this.layout.cacheGenerationKey(whole.cacheName()), whole.cacheName());
		}
		else if (target instanceof Target.Glob glob) {
			this.layout.cachesTouchedBy(glob.cacheName(), glob.pattern()).forEach((name) -> of(name, Copies::forget));
			of("", Copies::forget);
		}
		else {
			each(Copies::forget);
		}
	}

	private void dropGeneration(byte[] generationKey, String cacheName) {
		drop(generationKey);
		if (this.layout.isUnnamedToOthers(cacheName)) {
			drop(this.layout.unnamedGenerationKey(cacheName));
		}
	}

	/**
	 * The copies of one cache.
	 */
	interface Copies {

		/** Keep no copy of a key's value. */
		void drop(StoredKey key);

		/** Keep nothing of what was kept. */
		void clear();

		/** Keep nothing of what was kept, nor of what is being read. */
		void forget();

		/** Take note that no copy is vouched for any longer. */
		void endSession();

	}

	/**
	 * What was noted before a read.
	 *
	 * @param key what is read
	 * @param session the session in which it is
	 * @param round how often all keys may have changed before
	 * @param keyEpoch the epoch of the key
	 * @param cache the generation of the cache
	 * @param cacheEpoch its epoch
	 * @param group the generation of the group, {@code null} if the key has none
	 * @param groupEpoch its epoch
	 */
	public record Ticket(StoredKey key, long session, long round, long keyEpoch, GenerationCell cache, long cacheEpoch,
			@Nullable GenerationCell group, long groupEpoch) {

	}

	/**
	 * A session that has ended.
	 *
	 * @param session its number
	 * @param round the round in which it was
	 * @param lastGood when its last good answer to a heartbeat was sent for
	 */
	private record Ended(long session, long round, long lastGood) {

	}

}
