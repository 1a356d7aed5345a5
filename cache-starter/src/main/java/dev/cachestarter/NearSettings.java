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

package dev.cachestarter;

import java.time.Duration;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

import org.springframework.util.unit.DataSize;

/**
 * What one instance keeps near of a cache: copies of values in its own memory. Immutable:
 * each {@code with...} method returns a changed copy, and checks it.
 *
 * @since 0.1.0
 * @see CacheSettings#withNear(NearSettings)
 */
public final class NearSettings {

	private static final NearSettings DEFAULTS = new NearSettings(Mode.NONE, 10_000, DataSize.ofMegabytes(64),
			Duration.ZERO, false, Duration.ZERO);

	private final Mode mode;

	private final int maxEntries;

	private final DataSize maxSize;

	private final Duration ttl;

	private final boolean copy;

	private final Duration serveWhileDisconnected;

	private NearSettings(Mode mode, int maxEntries, DataSize maxSize, Duration ttl, boolean copy,
			Duration serveWhileDisconnected) {
		this.mode = mode;
		this.maxEntries = maxEntries;
		this.maxSize = maxSize;
		this.ttl = ttl;
		this.copy = copy;
		this.serveWhileDisconnected = serveWhileDisconnected;
	}

	/**
	 * Return the built-in defaults.
	 * @return the settings of a cache of which nothing is kept near
	 */
	public static NearSettings defaults() {
		return DEFAULTS;
	}

	/**
	 * Return whether copies are kept, and how it is known that they are still valid.
	 * @return the mode
	 */
	public Mode mode() {
		return this.mode;
	}

	/**
	 * Return settings with another mode.
	 * @param mode whether copies are kept
	 * @return the changed copy
	 */
	public NearSettings withMode(Mode mode) {
		return new NearSettings(mode, this.maxEntries, this.maxSize, this.ttl, this.copy, this.serveWhileDisconnected);
	}

	/**
	 * Return how many copies are kept at most.
	 * @return a positive number
	 */
	public int maxEntries() {
		return this.maxEntries;
	}

	/**
	 * Return settings with another limit to the number of copies.
	 * @param maxEntries how many copies are kept at most
	 * @return the changed copy
	 * @throws IllegalArgumentException if it is not positive
	 */
	public NearSettings withMaxEntries(int maxEntries) {
		check(maxEntries > 0, "max-entries", String.valueOf(maxEntries), "a number of at least 1, such as 10000");
		return new NearSettings(this.mode, maxEntries, this.maxSize, this.ttl, this.copy, this.serveWhileDisconnected);
	}

	/**
	 * Return how large the entries whose copies are kept may be together, before
	 * compression.
	 * @return a positive size
	 */
	public DataSize maxSize() {
		return this.maxSize;
	}

	/**
	 * Return settings with another limit to the size of all copies together. It counts
	 * what their entries take as JSON, before compression; with {@link #copy()}, as they
	 * are stored. Decoded values take a multiple of that in the heap.
	 * @param maxSize how large the entries may be together
	 * @return the changed copy
	 * @throws IllegalArgumentException if it is not positive
	 */
	public NearSettings withMaxSize(DataSize maxSize) {
		check(maxSize.toBytes() > 0, "max-size", maxSize.toString(), "a size of at least 1B, such as 64MB");
		return new NearSettings(this.mode, this.maxEntries, maxSize, this.ttl, this.copy, this.serveWhileDisconnected);
	}

	/**
	 * Return how long a copy is kept at most.
	 * @return a duration, zero for as long as its entry is fresh
	 */
	public Duration ttl() {
		return this.ttl;
	}

	/**
	 * Return settings with another time for which a copy is kept. No copy is kept for
	 * longer than its entry is fresh.
	 * @param ttl the maximum time, zero for as long as the entry is fresh
	 * @return the changed copy
	 * @throws IllegalArgumentException if it is negative, or positive and below one
	 * millisecond
	 */
	public NearSettings withTtl(Duration ttl) {
		return new NearSettings(this.mode, this.maxEntries, this.maxSize, SettingValues.duration("near.ttl", ttl, true),
				this.copy, this.serveWhileDisconnected);
	}

	/**
	 * Return whether each caller gets a value of its own.
	 * @return whether values are decoded for each caller
	 */
	public boolean copy() {
		return this.copy;
	}

	/**
	 * Return settings that keep values decoded or encoded. If they are kept decoded, all
	 * callers get the same object, and none of them may change it. If they are kept
	 * encoded, a value is decoded for each caller.
	 * @param copy whether each caller gets a value of its own
	 * @return the changed copy
	 */
	public NearSettings withCopy(boolean copy) {
		return new NearSettings(this.mode, this.maxEntries, this.maxSize, this.ttl, copy, this.serveWhileDisconnected);
	}

	/**
	 * Return how long copies are served in mode {@link Mode#TRACK} while Redis cannot be
	 * reached.
	 * @return a duration, zero for not at all
	 */
	public Duration serveWhileDisconnected() {
		return this.serveWhileDisconnected;
	}

	/**
	 * Return settings with another time for which copies are served in mode
	 * {@link Mode#TRACK} while Redis cannot be reached, counted from when it last said
	 * that they were valid. Until then a reader may get what another instance has evicted
	 * or replaced meanwhile; what this instance has evicted it does not get.
	 * @param duration the maximum time, zero for not at all
	 * @return the changed copy
	 * @throws IllegalArgumentException if it is negative, or positive and below one
	 * millisecond
	 */
	public NearSettings withServeWhileDisconnected(Duration duration) {
		return new NearSettings(this.mode, this.maxEntries, this.maxSize, this.ttl, this.copy,
				SettingValues.duration("near.serve-while-disconnected", duration, true));
	}

	private static void check(boolean valid, String name, String value, String cure) {
		SettingValues.check(valid, "near." + name, value, cure);
	}

	@Override
	public boolean equals(@Nullable Object other) {
		return other instanceof NearSettings that && this.mode == that.mode && this.maxEntries == that.maxEntries
				&& this.maxSize.equals(that.maxSize) && this.ttl.equals(that.ttl) && this.copy == that.copy
				&& this.serveWhileDisconnected.equals(that.serveWhileDisconnected);
	}

	@Override
	public int hashCode() {
		return Objects.hash(this.mode, this.maxEntries, this.maxSize, this.ttl, this.copy, this.serveWhileDisconnected);
	}

	@Override
	public String toString() {
		return "mode=" + this.mode + ", max-entries=" + this.maxEntries + ", max-size=" + this.maxSize + ", ttl="
				+ SettingValues.text(this.ttl) + ", copy=" + this.copy + ", serve-while-disconnected="
				+ SettingValues.text(this.serveWhileDisconnected);
	}

	/**
	 * Whether copies of values are kept in the memory of an instance.
	 */
	public enum Mode {

		/** No copies: each read gets the value from Redis. */
		NONE,

		/**
		 * Each read asks Redis whether the copy is still the value, in one round trip,
		 * and spares the transfer and the decoding of a value that is. Never stale.
		 */
		VALIDATE,

		/**
		 * Redis says what has changed, and a read of a copy asks nothing. At most one
		 * second stale. While Redis cannot tell, and where it never can, as
		 * {@link #VALIDATE}.
		 */
		TRACK

	}

}
