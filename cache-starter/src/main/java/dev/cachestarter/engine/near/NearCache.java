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

import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

import dev.cachestarter.NearSettings;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.near.GenerationCell.Standing;
import dev.cachestarter.engine.near.NearCopy.Alias;
import dev.cachestarter.engine.near.NearTracking.Ticket;
import dev.cachestarter.engine.value.PayloadCompression;
import dev.cachestarter.engine.value.PayloadForm;
import dev.cachestarter.engine.value.ValueCodec;

/**
 * The copies of one cache's values that this instance keeps. It only remembers: whoever
 * takes a copy out of it has to make sure that it is still the value.
 *
 * <h2>Why a copy that Redis confirms is never stale</h2>
 *
 * <p>
 * The value under a key is determined by the nonce in its header: each fill and each put
 * has one that was never used before, and nothing else changes a payload. Claims change
 * other bytes of the header. So a reader that holds a copy asks Redis for the generations
 * and the header alone, in the call that needs the value. If the header is that of the
 * copy in everything but the claim, and its generations are the current ones, then the
 * entry that Redis would have answered with is the one that the copy was decoded from.
 * Anything else is read whole.
 * <ol>
 * <li>Redis is asked in the call. A copy says nothing of what was evicted elsewhere.
 * <li>The header is compared as a whole, with that of the copy that was found before
 * Redis was asked. A copy that another caller has put there meanwhile was decoded from
 * another entry.
 * <li>The generations are asked for as well: an entry whose generation was evicted keeps
 * its header.
 * <li>What is evicted here and pending is not read, whatever Redis answers.
 * <li>A copy is used only by what would decode its entry in the same way.
 * </ol>
 * So nothing depends on copies being dropped. They are, when their key is evicted or
 * written here, since the next read would be in vain.
 *
 * <h2>Copies that count without Redis being asked</h2>
 *
 * <p>
 * In mode {@code track} a copy may be {@link #isVouchedFor vouched for}, as
 * {@link NearTracking} says. One that is not counts as above. Copies that can be vouched
 * for are made of keys that are read for the second time: Redis remembers each key that
 * was read over a tracked connection.
 *
 * <h2>Aliases</h2>
 *
 * <p>
 * A call whose copy is vouched for need not make a key of its arguments, if it knows the
 * key that they had before. So the key is remembered by the arguments
 * ({@link #remember}), as long as the copy is there. That is all that an alias says: the
 * copy is looked for by the key, and counts as above, so that nothing depends on aliases
 * being dropped. They are, lest they take memory:
 * <ol>
 * <li>A copy has one alias, which it takes before the map of aliases has it. Who drops
 * the copy looks for its alias after that, and removes it.
 * <li>Who has put the alias into the map looks whether the copy is still there, and
 * removes the alias if it is not. Whichever of the two comes later sees the other.
 * <li>Each alias is an object of its own, and only that one is removed: that of a later
 * copy, by the same arguments, stays.
 * <li>Who is late may put the alias of a copy that is gone in the place of that of the
 * next one, and removes it again. Whoever does not find an alias then puts that of the
 * copy there once more.
 * </ol>
 *
 * <h2>Bounds</h2>
 *
 * <p>
 * There are two: a number of copies, and the size of their entries before compression. A
 * copy weighs what its entry and its key take (keys may have 64 KB, and callers choose
 * them), but at least {@code max-size / max-entries}, and all together weigh
 * {@code max-size} at most. That holds to both bounds; where sizes are mixed it holds to
 * less than both, to half of each in the worst case.
 * <p>
 * No copy is kept for longer than its value is fresh.
 */
public final class NearCache implements NearTracking.Copies {

	/**
	 * Below this size an entry is read whole: two commands in the place of one cost more
	 * than what they spare.
	 */
	public static final int SMALLEST = 1024;

	private final NearSettings settings;

	private final Ticker ticker;

	/** All copies. To clear them is to begin with nothing: see {@link #clear()}. */
	private volatile Contents contents;

	/** {@code null} where all copies are to be confirmed. */
	private final @Nullable NearTracking tracking;

	private final String cacheName;

	/** {@code null} as long as nobody has read in a good session. */
	private volatile @Nullable Doorkeeper doorkeeper;

	private final ReentrantLock lock = new ReentrantLock();

	/** How often all copies were given up. */
	private final AtomicLong round = new AtomicLong();

	NearCache(NearSettings settings, Ticker ticker) {
		this("", settings, ticker, null);
	}

	NearCache(String cacheName, NearSettings settings, Ticker ticker, @Nullable NearTracking tracking) {
		this.cacheName = cacheName;
		this.settings = settings;
		this.ticker = ticker;
		this.tracking = tracking;
		this.contents = nothing();
	}

	private Contents nothing() {
		LongAdder bytes = new LongAdder();
		ConcurrentMap<PlainArguments, Alias> aliases = new ConcurrentHashMap<>();
		// A weight is an int.
		long most = Math.min(this.settings.maxSize().toBytes(), (long) this.settings.maxEntries() * Integer.MAX_VALUE);
		int least = (int) ((most + this.settings.maxEntries() - 1) / this.settings.maxEntries());
		Cache<StoredKey, NearCopy> copies = Caffeine.newBuilder()
			.maximumWeight(most)
			.weigher((StoredKey key, NearCopy copy) -> Math.max(least, copy.size() + sizeOf(key)))
			.expireAfter(new Life())
			.ticker(this.ticker)
			// What is due is done by who comes: it is little, and needs no thread.
			.executor(Runnable::run)
			.removalListener((key, copy, cause) -> {
				if (copy != null) {
					bytes.add(-copy.size());
					Alias alias = copy.alias();
					if (alias != null) {
						aliases.remove(alias.arguments(), alias);
					}
				}
			})
			.build();
		return new Contents(copies, aliases, bytes);
	}

	/**
	 * Make the near cache of a cache.
	 * @param cacheName the cache
	 * @param tracking what Redis says of the keys that were read
	 * @return the near cache, {@code null} if nothing is kept
	 */
	public static @Nullable NearCache of(String cacheName, NearSettings settings, NearTracking tracking) {
		return switch (settings.mode()) {
			case NONE -> null;
			case VALIDATE -> new NearCache(settings, Ticker.systemTicker());
			case TRACK -> {
				tracking.listen();
				yield new NearCache(cacheName, settings, Ticker.systemTicker(), tracking);
			}
		};
	}

	/**
	 * Return the session in which copies may count without Redis being asked; to be asked
	 * for before a copy is taken.
	 * @return the session, {@link NearTracking#NONE} if there is none
	 */
	public long goodSession() {
		return (this.tracking != null) ? this.tracking.goodSession() : NearTracking.NONE;
	}

	/**
	 * Return the copy of a key's value, {@code null} if there is none.
	 */
	public @Nullable NearCopy get(StoredKey key) {
		return this.contents.copies().getIfPresent(key);
	}

	/**
	 * Return the key that some arguments had when they were last remembered.
	 * @return {@code null} if it is not known: the copy is gone
	 */
	public @Nullable StoredKey keyOf(PlainArguments arguments) {
		Alias alias = this.contents.aliases().get(arguments);
		return (alias != null) ? alias.key() : null;
	}

	/**
	 * Remember the key of some arguments as long as there is its copy. A copy is found by
	 * the arguments that come first.
	 * @param copy the copy that was found under the key
	 */
	public void remember(PlainArguments arguments, StoredKey key, NearCopy copy) {
		Contents in = this.contents;
		Alias alias = copy.aliasOf(arguments, key);
		if (alias != null) {
			in.aliases().put(alias.arguments(), alias);
			if (in.copies().asMap().get(key) != copy) {
				in.aliases().remove(alias.arguments(), alias);
			}
		}
	}

	/** Return how many keys are known by arguments. */
	int aliases() {
		return this.contents.aliases().size();
	}

	/**
	 * Return how a copy counts.
	 * @param session what {@link #goodSession()} said before the copy was taken
	 */
	public Worth worthOf(NearCopy copy, long session) {
		Vouching vouching = copy.vouching();
		if (session == NearTracking.NONE || this.tracking == null) {
			return Worth.TO_BE_CONFIRMED;
		}
		if (vouching == null || vouching.session() != session
				|| vouching.round() != this.tracking.round() + this.round.get()) {
			return Worth.TO_BE_READ;
		}
		Standing standing = this.tracking.standing(vouching);
		return switch (standing) {
			case CURRENT -> Worth.VOUCHED_FOR;
			case UNKNOWN -> Worth.TO_BE_CONFIRMED;
			case DEAD -> Worth.TO_BE_READ;
		};
	}

	/**
	 * Return whether a copy was vouched for when the session was lost, and that is no
	 * longer ago than it may be served.
	 * @param now as {@link System#nanoTime()}
	 */
	public boolean wasVouchedFor(NearCopy copy, long now) {
		Vouching vouching = copy.vouching();
		return this.tracking != null && vouching != null && this.tracking.wasVouchedFor(vouching, this.round.get(), now,
				this.settings.serveWhileDisconnected().toNanos());
	}

	/**
	 * Take note of what concerns a key before it is read over a tracked connection.
	 * @param session what {@link #goodSession()} said
	 * @param known whether it has been read before
	 * @return what makes a copy of the answer; {@code null} if it is not to be read in
	 * that way
	 */
	public @Nullable Ticket begin(StoredKey key, long session, boolean known) {
		if (session == NearTracking.NONE || this.tracking == null) {
			return null;
		}
		boolean admitted = doorkeeper(this.tracking).admit(key.hashCode());
		return (admitted || known) ? this.tracking.begin(key, session, this.round.get()) : null;
	}

	/**
	 * Have changes told, from before anything is noted for the first copy: a near cache
	 * that was made in vain, as several threads may that ask for a new cache at once, is
	 * never told of anything and can go.
	 */
	private Doorkeeper doorkeeper(NearTracking tracking) {
		Doorkeeper there = this.doorkeeper;
		if (there != null) {
			return there;
		}
		this.lock.lock();
		try {
			there = this.doorkeeper;
			if (there == null) {
				there = new Doorkeeper(this.settings.maxEntries());
				tracking.register(this.cacheName, this);
				this.doorkeeper = there;
			}
			return there;
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Keep a value that was decoded, if it is worth it.
	 * @param observed the entry that it was decoded from
	 * @param header the header of the entry
	 * @param decoder what has decoded it
	 * @param print tells the value from others, if anybody wants to know
	 * @param now the server's clock, in milliseconds
	 * @param ticket what was noted before the entry was read over a tracked connection,
	 * {@code null} if it was read over another one
	 */
	public void keep(Observed observed, EntryHeader header, ValueCodec decoder, @Nullable Object value,
			Supplier<@Nullable Long> print, long now, @Nullable Ticket ticket) {
		byte[] entry = Objects.requireNonNull(observed.entry());
		StoredKey key = observed.key();
		if (ticket == null && goodSession() != NearTracking.NONE) {
			NearCopy there = get(key);
			if (there != null && !there.isOf(header)) {
				drop(key, there);
			}
			return;
		}
		if (ticket == null && entry.length < SMALLEST) {
			return;
		}
		// It counts from here on, however often what is kept is put back.
		long deadline = this.ticker.read() + life(header, now);
		NearCopy copy = this.settings.copy() ? NearCopy.ofEntry(header, decoder, entry, deadline)
				: NearCopy.ofValue(header, decoder, value, print.get(), plainSize(entry, header), deadline);
		if (copy.size() > this.settings.maxSize().toBytes()) {
			return;
		}
		// Before it is looked at whether anything was told: what is told after that must
		// find the copy here, and looks where copies are kept by then.
		Contents to = this.contents;
		if (ticket == null || this.tracking == null) {
			to.bytes().add(copy.size());
			to.copies().put(key, copy);
			return;
		}
		NearTracking keeper = this.tracking;
		to.copies().asMap().compute(key, (same, there) -> {
			Vouching vouching = keeper.vouch(ticket, this.round.get(), observed.cacheGeneration(),
					observed.groupGeneration());
			if (vouching == null) {
				return there;
			}
			to.bytes().add(copy.size());
			return copy.vouchedForBy(vouching);
		});
	}

	/**
	 * What a decoded value takes goes with its JSON, however well that is compressed:
	 * whoever can write to Redis must not fill the memory with entries that are small
	 * there.
	 */
	private static int plainSize(byte[] entry, EntryHeader header) {
		return (header.form() == PayloadForm.COMPRESSED)
				? (int) (EntryHeader.LENGTH + PayloadCompression.plainSize(entry)) : entry.length;
	}

	/**
	 * It is kept as bytes and as text, in mode {@code track} twice and in the arguments
	 * of a call.
	 */
	private int sizeOf(StoredKey key) {
		return ((this.tracking != null) ? 5 : 2) * key.redisKey().length;
	}

	private long life(EntryHeader header, long now) {
		long fresh = (header.freshUntil() == 0) ? Long.MAX_VALUE : Math.max(0, header.freshUntil() - now);
		long millis = this.settings.ttl().isZero() ? fresh : Math.min(fresh, this.settings.ttl().toMillis());
		// So that deadlines can be subtracted.
		return Math.min(TimeUnit.MILLISECONDS.toNanos(millis), Long.MAX_VALUE >> 1);
	}

	/**
	 * Keep no copy of a key's value.
	 */
	@Override
	public void drop(StoredKey key) {
		this.contents.copies().invalidate(key);
	}

	/**
	 * Keep a given copy no longer.
	 */
	public void drop(StoredKey key, NearCopy copy) {
		this.contents.copies().asMap().remove(key, copy);
	}

	/**
	 * Keep nothing of what was kept. That takes no longer for many copies than for few,
	 * and waits for nobody who makes one: event loops do it. What is being put into what
	 * was there before is gone with it.
	 */
	@Override
	public void clear() {
		this.contents = nothing();
	}

	/**
	 * Keep nothing of what was kept, nor of what is being read.
	 */
	@Override
	public void forget() {
		this.round.incrementAndGet();
		clear();
	}

	/**
	 * Take note that no copy is vouched for any longer.
	 */
	@Override
	public void endSession() {
		if (this.settings.serveWhileDisconnected().isZero()) {
			clear();
		}
	}

	/**
	 * Return about how many copies there are.
	 */
	public long count() {
		return this.contents.copies().estimatedSize();
	}

	/**
	 * Return about how many bytes their entries have before compression, or, where the
	 * entries are kept, as they are.
	 */
	public long bytes() {
		return Math.max(0, this.contents.bytes().sum());
	}

	/** Do what is due. */
	void cleanUp() {
		this.contents.copies().cleanUp();
	}

	/**
	 * How a copy counts.
	 */
	public enum Worth {

		/** It is the value. */
		VOUCHED_FOR,

		/** It is the value if Redis says so. */
		TO_BE_CONFIRMED,

		/** It is to be replaced by one that is vouched for. */
		TO_BE_READ

	}

	/**
	 * What is kept.
	 *
	 * @param copies the copies
	 * @param aliases by what else they are found
	 * @param bytes how many bytes their entries have
	 */
	private record Contents(Cache<StoredKey, NearCopy> copies, ConcurrentMap<PlainArguments, Alias> aliases,
			LongAdder bytes) {

	}

	/** A copy is kept from when it was made, however often it is read. */
	private static final class Life implements Expiry<StoredKey, NearCopy> {

		@Override
		public long expireAfterCreate(StoredKey key, NearCopy copy, long now) {
			return copy.left(now);
		}

		@Override
		public long expireAfterUpdate(StoredKey key, NearCopy copy, long now, long left) {
			return copy.left(now);
		}

		@Override
		public long expireAfterRead(StoredKey key, NearCopy copy, long now, long left) {
			return left;
		}

	}

}
