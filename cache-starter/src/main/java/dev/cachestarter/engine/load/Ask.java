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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.Lease;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.redis.Deadline;

/**
 * Who asks for a key, and how: all that a {@link Decision} depends on. Made on the thread
 * that asks, since its transaction and the loads that it is in are bound to that.
 *
 * @param key the key
 * @param observed what the caller's own read found, {@code null} if it could not read
 * @param entries the entries of the cache, as the type that is asked for
 * @param deadline what the caller may wait for Redis
 * @param since a time after the beginning of the call, and before that of its load, in
 * {@link System#nanoTime()}
 * @param transactional whether it is in a read-write transaction: its load is not shared
 * @param leading the flights that the caller itself loads for, and must not wait for
 * @param executor where code of the application's runs on the way to the decision, such
 * as decoding: never an event loop
 * @param stale what may serve for the load, {@code null} if nothing does
 * @param reload loads the key in the background, {@code null} if that is not possible
 * @param declared whether the caller may fail with what another's loader threw; else it
 * loads for itself
 * @param origin what the caller's steps belong to, {@code null} if they are not traced
 * @param alone whether it is to load for itself whatever is there, and to store nothing
 * @param tagged whether what it loads may carry tags
 */
public record Ask(StoredKey key, @Nullable Observed observed, Entries entries, Deadline deadline, long since,
		boolean transactional, @Nullable Leading leading, Executor executor, @Nullable Stale stale,
		@Nullable Reload reload, Predicate<Throwable> declared, @Nullable Object origin, boolean alone,
		boolean tagged) {

	CacheSettings settings() {
		return this.entries.settings();
	}

	/**
	 * The same after another look.
	 * @param found what was found, {@code null} if nothing could be read
	 * @param mayServe what may serve for the load; nothing does in a transaction
	 */
	public Ask seeing(@Nullable Observed found, @Nullable Stale mayServe) {
		return new Ask(this.key, found, this.entries, this.deadline, this.since, this.transactional, this.leading,
				this.executor, this.transactional ? null : mayServe, this.reload, this.declared, this.origin,
				this.alone, this.tagged);
	}

	/** The same for another key of the same caller, of which nothing is known yet. */
	public Ask about(StoredKey other, Entries of) {
		return new Ask(other, null, of, this.deadline, this.since, this.transactional, this.leading, this.executor,
				null, this.reload, this.declared, this.origin, this.alone, this.tagged);
	}

	/** The same for one who does not use the cache: nothing was read, nothing serves. */
	public Ask forItself() {
		return new Ask(this.key, null, this.entries, this.deadline, this.since, this.transactional, this.leading,
				this.executor, null, null, this.declared, this.origin, true, this.tagged);
	}

	/** The same without what may serve. */
	Ask withoutStale() {
		return new Ask(this.key, this.observed, this.entries, this.deadline, this.since, this.transactional,
				this.leading, this.executor, null, this.reload, this.declared, this.origin, this.alone, this.tagged);
	}

	/** The same as the background asks: for nobody, in no transaction. */
	Ask inBackground(Observed found, Deadline other) {
		return new Ask(this.key, found, this.entries, other, System.nanoTime(), false, null, this.executor, null, null,
				(failure) -> true, this.entries.origin(), false, this.tagged);
	}

	/** The same for one whose value may carry tags. */
	public Ask withTags() {
		return new Ask(this.key, this.observed, this.entries, this.deadline, this.since, this.transactional,
				this.leading, this.executor, this.stale, this.reload, this.declared, this.origin, this.alone, true);
	}

	/**
	 * Return until when it waits for another's load, in {@link System#nanoTime()}.
	 */
	public long waitUntil() {
		return this.since + settings().loadWait().toNanos();
	}

	/** The same for one that may have a stale value instead. */
	long waitUntil(Observed found) {
		Duration timeout = settings().loadTimeout();
		return (timeout.isZero() || timeout.compareTo(settings().loadWait()) > 0 || !keeps(found.current()))
				? waitUntil() : this.since + timeout.toNanos();
	}

	/**
	 * Return whether what was found is a value that may serve past its time, and so is
	 * left where it is while it is loaded.
	 */
	boolean keeps(@Nullable EntryHeader header) {
		return header != null && !settings().staleIfError().isZero() && isUsable(header);
	}

	/** Return whether what was found is a value that the caller could use. */
	boolean isUsable(EntryHeader header) {
		return this.entries.isUsable(this.key, header);
	}

	/** Who holds the lease, if the caller leads. */
	Lease.Holder holder() {
		return this.transactional ? Lease.Holder.TRANSACTION : Lease.Holder.CALL;
	}

	/** What is loaded, if the caller leads. */
	Flight.Subject subject() {
		return new Flight.Subject(this.key, this.entries.mark(), settings(), this.entries::isShareable,
				this.transactional, this.transactional ? this.entries.epoch(this.key) : 0, this.origin,
				this.tagged ? this.entries::isAnyTagEvicted : null);
	}

	boolean isLeading(String nonce) {
		for (Leading at = this.leading; at != null; at = at.outer()) {
			if (at.flight().nonce().equals(nonce)) {
				return true;
			}
		}
		return false;
	}

	boolean isLeading(Flight flight) {
		for (Leading at = this.leading; at != null; at = at.outer()) {
			if (at.flight() == flight) {
				return true;
			}
		}
		return false;
	}

	/**
	 * Loads an entry again, in the background.
	 */
	@FunctionalInterface
	public interface Reload {

		/**
		 * Load, and fill in the given flight.
		 * @param ask what is loaded, as the background sees it
		 * @param flight holds the claim
		 * @return completed at its end, exceptionally if the load failed
		 */
		CompletableFuture<?> load(Ask ask, Flight flight);

	}

}
