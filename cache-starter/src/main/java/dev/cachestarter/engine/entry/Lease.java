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

package dev.cachestarter.engine.entry;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.tag.TagMoment;

/**
 * The right to fill a key.
 *
 * @param key the key
 * @param nonce what tells this lease from all others
 * @param runMark the run of the server that placed it, by which its value is judged:
 * another's may have this lease from a dump, and not what has voided it
 * @param hold what it holds the key by
 * @param identity as much of the header in Redis as says that it is this lease
 * @param cacheGeneration the generation of the cache, as it was before the lease
 * @param groupGeneration the generation of the group, as it was before the lease
 * @param moment when the load began, for evictions of tags; {@code null} if that was not
 * captured, and then nothing with tags is stored
 */
public record Lease(StoredKey key, String nonce, String runMark, Hold hold, byte[] identity, String cacheGeneration,
		String groupGeneration, @Nullable TagMoment moment) {

	Lease(StoredKey key, String nonce, String runMark, Hold hold, byte[] identity, String cacheGeneration,
			String groupGeneration) {
		this(key, nonce, runMark, hold, identity, cacheGeneration, groupGeneration, null);
	}

	/**
	 * Return the same for a load that began at a moment.
	 */
	public Lease since(@Nullable TagMoment began) {
		return new Lease(this.key, this.nonce, this.runMark, this.hold, this.identity, this.cacheGeneration,
				this.groupGeneration, began);
	}

	/**
	 * Return the most that a claim on an entry can have left: twice what any is made for,
	 * so that two instances may differ a little in their settings and in what they take
	 * for the server's clock.
	 */
	public static Duration longestClaim(CacheSettings settings) {
		Duration longest = (settings.lease().compareTo(settings.staleRetry()) > 0) ? settings.lease()
				: settings.staleRetry();
		return Duration.ofSeconds(2 * Math.min(longest.toSeconds() + 1, Integer.MAX_VALUE));
	}

	/**
	 * Return whether it is on a value, which stays there until the fill.
	 */
	public boolean isOnValue() {
		return this.hold != Hold.LEASE;
	}

	/**
	 * Return whether nothing in Redis says that anybody has it, so that there is nothing
	 * to renew or to give back.
	 */
	public boolean isBorrowed() {
		return this.hold == Hold.VALUE;
	}

	/**
	 * Who holds a lease.
	 */
	public enum Holder {

		/** A call, or a load in the background: others wait for it. */
		CALL('-'),

		/** A read-write transaction: others take its lease over and wait for nothing. */
		TRANSACTION('t');

		private final char flag;

		Holder(char flag) {
			this.flag = flag;
		}

		char flag() {
			return this.flag;
		}

	}

	/**
	 * What the right to fill hangs on.
	 */
	public enum Hold {

		/** A lease in the place of a value. */
		LEASE,

		/** A claim in the header of a value. */
		CLAIM,

		/** That the very value that was found is still there. */
		VALUE

	}

}
