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
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.cache.call.Call;
import dev.cachestarter.cache.entries.Reading.Kind;
import dev.cachestarter.engine.connection.Futures;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.near.NearCache;
import dev.cachestarter.engine.near.NearCache.Worth;
import dev.cachestarter.engine.near.NearCopy;
import dev.cachestarter.engine.near.NearTracking.Ticket;
import dev.cachestarter.engine.near.NearTracking;
import dev.cachestarter.engine.near.PlainArguments;
import dev.cachestarter.engine.value.ValueCodec.CorruptEntryException;
import dev.cachestarter.engine.value.ValueCodec;

/**
 * Reads the copies of one cache's values for who reads its entries: says whether there is
 * one, whether Redis has to be asked about it, and how, and keeps what was read.
 */
final class NearReader {

	/**
	 * The longest that a read over a tracked connection is waited for, before it is made
	 * over the other one.
	 */
	private static final Duration LONGEST_TRACKED = Duration.ofMillis(100);

	private final Owner owner;

	private final CacheParts parts;

	private final @Nullable NearCache copies;

	NearReader(Owner owner, CacheParts parts) {
		this.owner = owner;
		this.parts = parts;
		this.copies = parts.near();
	}

	/**
	 * Look for the copy of a value that is fresh, and that the reader would decode in the
	 * same way.
	 * @param loads whether what is not there is loaded
	 * @return what is to be done with it, {@code null} if there is nothing to do
	 */
	@Nullable Use use(StoredKey key, boolean loads) {
		NearCache near = this.copies;
		return (near != null) ? use(near, near.goodSession(), key, loads ? Look.TO_LOAD : Look.TO_SEE) : null;
	}

	/**
	 * Look for a copy about which Redis need not be asked, for a read that would not make
	 * another one.
	 */
	@Nullable Use glance(StoredKey key) {
		NearCache near = this.copies;
		return (near != null) ? use(near, near.goodSession(), key, Look.AT_COPIES) : null;
	}

	/**
	 * Return the hit of a copy that may be served at once: all calls use the cache,
	 * nobody traces this one, it is in no transaction, and neither Redis need be asked,
	 * nor code of the application's, nor chance.
	 * @param arguments what the key is made of
	 * @param rendering makes the key, if it is not known by the arguments
	 * @return {@code null} if there is none; then nothing was done, and nothing counted
	 */
	@Nullable Reading atOnce(PlainArguments arguments, Supplier<StoredKey> rendering) {
		NearCache near = this.copies;
		long session = (near != null) ? near.goodSession() : NearTracking.NONE;
		if (near == null || session == NearTracking.NONE || !this.parts.isUsedByAll()
				|| this.parts.engine().link().tracer().isActive()
				|| TransactionScope.current(this.parts.engine()) != null) {
			return null;
		}
		StoredKey known = near.keyOf(arguments);
		StoredKey key = (known != null) ? known : rendering.get();
		if (this.owner.isEvicted(key)) {
			return null;
		}
		Use use = use(near, session, key, Look.AT_HITS);
		if (use == null || !use.isHit() || !use.isAtHand()) {
			return null;
		}
		Reading hit = use.hit(0);
		if (hit != null && known == null) {
			near.remember(arguments, key, Objects.requireNonNull(use.copy));
		}
		return hit;
	}

	/**
	 * Look for a copy.
	 * @param session what the near cache said before: it holds for copies that are found
	 * after it
	 */
	private @Nullable Use use(NearCache copies, long session, StoredKey key, Look look) {
		NearCopy found = copies.get(key);
		long now = this.parts.engine().store().serverMillis();
		NearCopy copy = (found != null && this.owner.isReadable(found.header()) && found.header().isFresh(now)
				&& this.owner.decoding(found.header()).decoder() == found.decoder()) ? found : null;
		Kind kind = (copy != null) ? kindOf(copy.header(), now, look) : null;
		Worth worth = (copy != null) ? worthOf(copies, copy, session) : Worth.TO_BE_READ;
		Ticket ticket = (look.makes && worth == Worth.TO_BE_READ && this.parts.engine().link().isUp())
				? copies.begin(key, session, found != null) : null;
		return (copy != null || ticket != null) ? new Use(copies, key, copy, kind, worth, ticket) : null;
	}

	private @Nullable Kind kindOf(EntryHeader header, long now, Look look) {
		if (look == Look.AT_HITS) {
			return this.owner.isMereHit(header, now) ? Kind.HIT : null;
		}
		return this.owner.kindOf(header, now, look == Look.TO_LOAD);
	}

	private Worth worthOf(NearCache copies, NearCopy copy, long session) {
		if (session == NearTracking.NONE && !this.parts.settings().near().serveWhileDisconnected().isZero()
				&& !this.parts.engine().link().isUp() && copies.wasVouchedFor(copy, System.nanoTime())) {
			return Worth.VOUCHED_FOR;
		}
		return copies.worthOf(copy, session);
	}

	/**
	 * Keep what was read and decoded.
	 * @param use what was to be done with the copy before
	 */
	void keep(Observed observed, EntryHeader header, @Nullable Object value, long now, @Nullable Use use) {
		// Of a value with tags neither the header nor Redis tells whether it still
		// counts.
		if (this.copies != null && !header.isTagged()) {
			ValueCodec decoder = this.owner.decoding(header).decoder();
			this.copies.keep(observed, header, decoder, value, () -> SharedValues.print(decoder, value), now,
					(use != null) ? use.ticket : null);
		}
	}

	private void changed(StoredKey key, NearCopy copy) {
		Objects.requireNonNull(this.copies).drop(key, copy);
		this.parts.engine()
			.warnOnce("changed:" + this.parts.name(),
					("Cache '%s' had a value in memory that a caller has changed, under key '%s', of type %s: callers "
							+ "share such values. Do not change what a cached method returns, or set 'near.copy' of "
							+ "the cache")
						.formatted(this.parts.name(), this.parts.engine().logName(key), copy.decoder()));
	}

	/**
	 * What copies are looked at for.
	 */
	private enum Look {

		/** For a read that loads what is not there, and makes a copy. */
		TO_LOAD(true),

		/** For a read that makes a copy. */
		TO_SEE(true),

		/** For a hit without a read. */
		AT_COPIES(false),

		/** For a hit without a read that is a hit whatever chance says. */
		AT_HITS(false);

		private final boolean makes;

		Look(boolean makes) {
			this.makes = makes;
		}

	}

	/**
	 * Says what headers mean, and what comes of a hit.
	 */
	interface Owner {

		boolean isReadable(EntryHeader header);

		boolean isTrusted(EntryHeader header);

		ValueCodec decoding(EntryHeader header);

		/**
		 * Decide what else a fresh value is good for; that may be left to chance.
		 * @param loads whether what is not there is loaded
		 */
		Kind kindOf(EntryHeader header, long now, boolean loads);

		/**
		 * Return whether a fresh value is a hit and good for nothing else, whatever
		 * chance would say.
		 */
		boolean isMereHit(EntryHeader header, long now);

		/** Return whether a key was evicted here, and Redis has not taken that yet. */
		boolean isEvicted(StoredKey key);

		Reading hit(StoredKey key, Kind kind, @Nullable Object value, @Nullable Observed observed, long epoch);

	}

	/**
	 * What one read does with the copy that it has found. Whether a value is to be loaded
	 * again may be left to chance, which is asked once for each read: only a copy that is
	 * merely a hit spares reading the entry.
	 */
	final class Use {

		private final NearCache copies;

		private final StoredKey key;

		private final @Nullable NearCopy copy;

		private final @Nullable Kind kind;

		private final Worth worth;

		private @Nullable Ticket ticket;

		private Use(NearCache copies, StoredKey key, @Nullable NearCopy copy, @Nullable Kind kind, Worth worth,
				@Nullable Ticket ticket) {
			this.copies = copies;
			this.key = key;
			this.copy = copy;
			this.kind = kind;
			this.worth = worth;
			this.ticket = ticket;
		}

		/**
		 * Return whether the copy is a hit without Redis being asked.
		 */
		boolean isHit() {
			return this.kind == Kind.HIT && this.worth == Worth.VOUCHED_FOR;
		}

		/**
		 * Return whether that hit takes no code of the application's.
		 */
		boolean isAtHand() {
			return this.copy != null && this.copy.isAtHand();
		}

		/**
		 * Return the hit.
		 * @return {@code null} if the entry is to be read whole
		 */
		@Nullable Reading hit(long epoch) {
			NearCopy found = Objects.requireNonNull(this.copy);
			return counts(found.header()) ? hit(found, true, epoch) : null;
		}

		/**
		 * Return whether Redis is to be asked for the generations and the header alone.
		 */
		boolean isToBeConfirmed() {
			return this.kind == Kind.HIT && this.ticket == null && this.worth != Worth.VOUCHED_FOR;
		}

		/**
		 * Return whether what stands in Redis is what the copy was made of, which was
		 * found before Redis was asked, as {@link NearCache} says. If it is not, the copy
		 * is dropped.
		 * @param header the header that counts, {@code null} if there is none
		 */
		boolean isOf(@Nullable EntryHeader header) {
			NearCopy of = Objects.requireNonNull(this.copy);
			boolean same = header != null && !header.isLease() && of.isOf(header);
			if (!same) {
				this.copies.drop(this.key, of);
			}
			return same;
		}

		/**
		 * Return the hit of a copy that Redis has confirmed.
		 * @param header the header that stands in Redis
		 * @return {@code null} if the entry is to be read whole
		 */
		@Nullable Reading confirmed(EntryHeader header, long epoch) {
			return (counts(header) && header.isFresh(NearReader.this.parts.engine().store().serverMillis()))
					? hit(Objects.requireNonNull(this.copy), false, epoch) : null;
		}

		private boolean counts(EntryHeader header) {
			return NearReader.this.owner.isTrusted(header) && header.isFor(this.key);
		}

		private @Nullable Reading hit(NearCopy of, boolean unasked, long epoch) {
			Object value;
			try {
				value = of.isShared() ? of.value() : Call.outside(of::value);
			}
			catch (CorruptEntryException | RuntimeException | Error ex) {
				return null;
			}
			if (SharedValues.isChanged(of, value)) {
				changed(this.key, of);
				return null;
			}
			NearReader.this.parts.counters().nearHit(unasked);
			if (unasked) {
				NearReader.this.parts.engine().nearTracking().hit(this.key, of);
			}
			return NearReader.this.owner.hit(this.key, Kind.HIT, value, null, epoch);
		}

		/**
		 * Return what was drawn for the copy, if an entry with a header is the one that
		 * it was made of.
		 */
		@Nullable Kind drawnFor(EntryHeader header) {
			return (this.copy != null && this.copy.isOf(header)) ? this.kind : null;
		}

		/**
		 * Read the entry whole: so that a copy of it will be vouched for, if that is to
		 * be.
		 * @param otherwise reads it over the other connection
		 */
		CompletableFuture<Observed> read(Supplier<CompletableFuture<Observed>> otherwise) {
			Ticket noted = this.ticket;
			NearTracking tracking = NearReader.this.parts.engine().nearTracking();
			CompletableFuture<Observed> read = (noted != null)
					? NearReader.this.parts.engine().store().observeTracked(this.key, tracking.tracking()) : null;
			if (noted == null || read == null) {
				this.ticket = null;
				return otherwise.get();
			}
			Function<Observed, CompletableFuture<Observed>> settled = NearReader.this.parts.engine()
				.link()
				.tracer()
				.carried((found) -> settled(found, otherwise));
			if (read.isDone() && !read.isCompletedExceptionally()) {
				return read.thenCompose(settled);
			}
			Duration half = NearReader.this.parts.engine().link().commandTimeout().dividedBy(2);
			long patience = (half.compareTo(LONGEST_TRACKED) < 0 ? half : LONGEST_TRACKED).toNanos();
			return read.copy().orTimeout(patience, TimeUnit.NANOSECONDS).handle((found, ex) -> {
				if (ex == null) {
					return settled.apply(found);
				}
				if (Futures.unwrap(ex) instanceof TimeoutException) {
					tracking.late(noted, read);
				}
				this.ticket = null;
				return otherwise.get();
			}).thenCompose(Function.identity());
		}

		/**
		 * Whoever gives a lease or a claim back goes on when that is sent, over the other
		 * connection. A tracked read may overtake it, and find the lease of a load that
		 * is over; a read over the other connection comes behind it.
		 */
		private CompletableFuture<Observed> settled(Observed found, Supplier<CompletableFuture<Observed>> otherwise) {
			EntryHeader header = found.current();
			boolean isLoading = header != null && (header.isLease()
					|| (!header.isPaused() && !header.isFresh(NearReader.this.parts.engine().store().serverMillis())));
			if (!isLoading) {
				return CompletableFuture.completedFuture(found);
			}
			this.ticket = null;
			return otherwise.get();
		}

	}

}
