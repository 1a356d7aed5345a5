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

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.monitor.CacheMonitor.LoadKind;
import dev.cachestarter.engine.monitor.CacheMonitor.LoadOutcome;
import dev.cachestarter.engine.monitor.CacheMonitor.WaitOutcome;
import dev.cachestarter.engine.monitor.Step;
import dev.cachestarter.engine.redis.Deadline;
import dev.cachestarter.engine.value.ValueCodec;

/**
 * The entries of one cache as values of one type: what taking turns needs to know of
 * them, and may do with them. The reader of entries implements it.
 */
public interface Entries {

	/**
	 * Return the settings of the cache.
	 */
	CacheSettings settings();

	/**
	 * Return the mark of the type. Only callers of one mark share a load.
	 */
	String mark();

	/**
	 * Return whether an entry counts, as far as the server goes that it was written on.
	 */
	boolean isTrusted(EntryHeader header);

	/**
	 * Return whether a header is of a value of this type.
	 */
	boolean isReadable(EntryHeader header);

	/**
	 * Return whether a null is a value of this type. It is none for a method that returns
	 * a primitive, though other methods of its type may have stored one.
	 */
	default boolean takesNull() {
		return true;
	}

	/**
	 * Return whether a header is of a value that a key could use, fresh or not.
	 */
	default boolean isUsable(StoredKey key, EntryHeader header) {
		return header.isFor(key) && !header.isLease() && isTrusted(header) && isReadable(header);
	}

	/**
	 * Return whether a key was evicted here, and Redis has not acknowledged it yet.
	 */
	boolean isEvicted(StoredKey key);

	/**
	 * Return whether any tag was evicted here, and Redis has not acknowledged it yet.
	 */
	default boolean isAnyTagEvicted() {
		return false;
	}

	/**
	 * Return a number that changes when something is evicted here that may concern a key.
	 */
	long epoch(StoredKey key);

	/**
	 * Look at a key.
	 * @return what stands there; fails if Redis does not answer
	 */
	CompletableFuture<Observed> observe(StoredKey key);

	/**
	 * Use a value that another has stored, or that serves while nobody may load it.
	 * @param observed what was found, of a {@link #isReadable readable} header
	 * @return the value, {@code null} if it cannot be decoded, or was evicted here while
	 * the caller waited for it
	 */
	Decision.@Nullable Value useStored(Observed observed);

	/**
	 * Look for a stale value once more, to serve it for a load. It is looked at again
	 * since it may have been evicted while the load ran.
	 * @param stale what was found when the call began
	 * @param deadline what the caller may wait for Redis
	 * @param executor where it is decoded
	 * @return the value, {@code null} if none may serve
	 */
	CompletableFuture<Decision.@Nullable Value> serve(Stale stale, Deadline deadline, Executor executor);

	/**
	 * Return whether a value may be handed to others: the codec does not refuse it. This
	 * encodes the value to find out.
	 */
	boolean isShareable(@Nullable Object value);

	/**
	 * Return what the steps of what this thread does belong to, {@code null} if they are
	 * not traced.
	 */
	default @Nullable Object origin() {
		return null;
	}

	/**
	 * Begin to wait until it is known what a caller does that has missed.
	 * @param origin what the caller's steps belong to
	 */
	default Step<WaitOutcome> waiting(@Nullable Object origin) {
		return Step.none();
	}

	/**
	 * Begin to load.
	 * @param origin what the caller's steps belong to
	 */
	default Step<LoadOutcome> loading(@Nullable Object origin, LoadKind kind) {
		return Step.none();
	}

	/**
	 * Compare what was found with what was loaded, on the calling thread. What is made of
	 * the comparison waits for the loaded value to be stored: only then it is sure that
	 * nothing was evicted or put in between.
	 * @param found what was found, of a {@link #isReadable readable} header
	 * @param loaded the loaded value
	 * @param nonce that of the loaded value in Redis
	 * @return to be run once that has been stored in the place of what was found; must
	 * not block
	 */
	Runnable compare(Observed found, ValueCodec.Encoded loaded, String nonce);

	/**
	 * Take note that something of another data type was removed.
	 */
	void removedForeign();

	/**
	 * Take note that a caller got the value of another's load.
	 */
	void shared();

	/**
	 * Take note of the end of a load in the background.
	 * @param failure what it failed with, {@code null} if it ended well
	 */
	void reloaded(StoredKey key, @Nullable Throwable failure);

}
