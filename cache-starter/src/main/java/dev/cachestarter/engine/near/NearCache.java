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

import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

import dev.cachestarter.NearSettings;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.key.StoredKey;
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
public final class NearCache {

	/**
	 * Below this size an entry is read whole: two commands in the place of one cost more
	 * than what they spare.
	 */
	public static final int SMALLEST = 1024;

	private final Cache<StoredKey, NearCopy> copies;

	private final NearSettings settings;

	private final LongAdder bytes = new LongAdder();

	NearCache(NearSettings settings, Ticker ticker) {
		this.settings = settings;
		// A weight is an int.
		long most = Math.min(settings.maxSize().toBytes(), (long) settings.maxEntries() * Integer.MAX_VALUE);
		int least = (int) ((most + settings.maxEntries() - 1) / settings.maxEntries());
		this.copies = Caffeine.newBuilder()
			.maximumWeight(most)
			.weigher((StoredKey key, NearCopy copy) -> Math.max(least, copy.size() + sizeOf(key)))
			.expireAfter(new Life())
			.ticker(ticker)
			// What is due is done by who comes: it is little, and needs no thread.
			.executor(Runnable::run)
			.removalListener((key, copy, cause) -> {
				if (copy != null) {
					this.bytes.add(-copy.size());
				}
			})
			.build();
	}

	/**
	 * Make the near cache of a cache.
	 * @return the near cache, {@code null} if nothing is kept
	 */
	public static @Nullable NearCache of(NearSettings settings) {
		return (settings.mode() != NearSettings.Mode.NONE) ? new NearCache(settings, Ticker.systemTicker()) : null;
	}

	/**
	 * Return the copy of a key's value, {@code null} if there is none.
	 */
	public @Nullable NearCopy get(StoredKey key) {
		return this.copies.getIfPresent(key);
	}

	/**
	 * Keep a value that was decoded, if it is worth it.
	 * @param entry the entry that it was decoded from
	 * @param header the header of the entry
	 * @param decoder what has decoded it
	 * @param print tells the value from others, if anybody wants to know
	 * @param now the server's clock, in milliseconds
	 */
	public void keep(StoredKey key, byte[] entry, EntryHeader header, ValueCodec decoder, @Nullable Object value,
			Supplier<@Nullable Long> print, long now) {
		if (entry.length < SMALLEST) {
			return;
		}
		Duration life = life(header, now);
		NearCopy copy = this.settings.copy() ? NearCopy.ofEntry(header, decoder, entry, life)
				: NearCopy.ofValue(header, decoder, value, print.get(), plainSize(entry, header), life);
		if (copy.size() > this.settings.maxSize().toBytes()) {
			return;
		}
		this.bytes.add(copy.size());
		this.copies.put(key, copy);
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

	/** It is kept as bytes and as text. */
	private static int sizeOf(StoredKey key) {
		return 2 * key.redisKey().length;
	}

	private Duration life(EntryHeader header, long now) {
		long fresh = (header.freshUntil() == 0) ? Long.MAX_VALUE : Math.max(0, header.freshUntil() - now);
		long millis = this.settings.ttl().isZero() ? fresh : Math.min(fresh, this.settings.ttl().toMillis());
		return Duration.ofMillis(millis);
	}

	/**
	 * Keep no copy of a key's value.
	 */
	public void drop(StoredKey key) {
		this.copies.invalidate(key);
	}

	/**
	 * Keep a given copy no longer.
	 */
	public void drop(StoredKey key, NearCopy copy) {
		this.copies.asMap().remove(key, copy);
	}

	/**
	 * Keep nothing of what was kept.
	 */
	public void clear() {
		this.copies.invalidateAll();
	}

	/**
	 * Return about how many copies there are.
	 */
	public long count() {
		return this.copies.estimatedSize();
	}

	/**
	 * Return about how many bytes their entries have before compression, or, where the
	 * entries are kept, as they are.
	 */
	public long bytes() {
		return Math.max(0, this.bytes.sum());
	}

	/** Do what is due. */
	void cleanUp() {
		this.copies.cleanUp();
	}

	/** A copy is kept from when it was made, however often it is read. */
	private static final class Life implements Expiry<StoredKey, NearCopy> {

		@Override
		public long expireAfterCreate(StoredKey key, NearCopy copy, long now) {
			return copy.life();
		}

		@Override
		public long expireAfterUpdate(StoredKey key, NearCopy copy, long now, long left) {
			return copy.life();
		}

		@Override
		public long expireAfterRead(StoredKey key, NearCopy copy, long now, long left) {
			return left;
		}

	}

}
