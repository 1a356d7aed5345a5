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
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import dev.cachestarter.cache.call.Call;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.value.ValueCodec;
import dev.cachestarter.engine.value.ValueCodec.CorruptEntryException;
import dev.cachestarter.engine.value.ValueCodec.Encoded;

/**
 * Compares a hit with a fresh load ({@code verify}).
 * <p>
 * That the loaded value is stored in the place of the hit, under a claim, says that
 * nothing was evicted or put in between. But the load may also have seen a change whose
 * eviction is still on its way. So a difference counts only if the loaded value is still
 * there a second later.
 */
final class Comparison {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	/** After what time the eviction of what has changed is expected to have been made. */
	private static final Duration SETTLED = Duration.ofSeconds(1);

	private static final Runnable NOTHING = () -> {
	};

	private final Source reader;

	private final CacheParts parts;

	private final Observed found;

	private final String nonce;

	private final long epoch;

	/**
	 * Begin a comparison.
	 * @param reader reads as the type of the hit
	 * @param found the hit
	 * @param nonce that of the loaded value in Redis
	 */
	Comparison(Source reader, CacheParts parts, Observed found, String nonce) {
		this.reader = reader;
		this.parts = parts;
		this.found = found;
		this.nonce = nonce;
		this.epoch = reader.epoch(found.key());
	}

	/**
	 * Compare, on the calling thread.
	 * @return to be run once the loaded value is stored
	 */
	Runnable with(Encoded loaded) {
		EntryHeader header = this.found.current();
		byte[] entry = this.found.entry();
		if (header == null || entry == null) {
			return NOTHING;
		}
		try {
			return isSame(header, entry, loaded) ? this.parts.counters()::verified
					: () -> this.parts.engine().later(this::confirm, SETTLED);
		}
		// Types have code of the application's.
		catch (CorruptEntryException | RuntimeException | Error ex) {
			return NOTHING;
		}
	}

	private boolean isSame(EntryHeader header, byte[] entry, Encoded loaded) throws CorruptEntryException {
		if (header.form() == loaded.form() && header.isOf(loaded.mark()) && Arrays.equals(entry, EntryHeader.LENGTH,
				entry.length, loaded.entry(), EntryHeader.LENGTH, loaded.entry().length)) {
			return true;
		}
		// The same value may have been written in another way, such as the order of a
		// set.
		return Objects.requireNonNull(Call.<Boolean, CorruptEntryException>outside(() -> {
			Object one = this.reader.decoding(header).decode(entry, header.form());
			Object other = this.reader.codec().decode(loaded.entry(), loaded.form());
			return this.reader.codec().isSame(one, other);
		}));
	}

	private void confirm() {
		StoredKey key = this.found.key();
		if (this.reader.epoch(key) == this.epoch && !this.reader.isEvicted(key)) {
			this.reader.observe(key).thenAccept(this::confirm);
		}
	}

	private void confirm(Observed now) {
		EntryHeader header = now.current();
		if (header == null || header.isLease() || !header.nonce().equals(this.nonce)) {
			return;
		}
		this.parts.counters().verified();
		this.parts.counters().foundStale();
		String key = this.parts.engine().logName(now.key());
		this.parts.engine()
			.warnOnce("verify:" + this.parts.name(),
					("Cache '%s' had another value under key '%s' than its method returns now, and nothing has evicted it. "
							+ "Look for a change of the source without an eviction. Further ones are counted")
						.formatted(this.parts.name(), key));
		debug(key);
	}

	private void debug(String key) {
		logger.debug("Cache STALE - " + this.parts.logName() + " (cacheKey: " + key + ")");
	}

	/**
	 * Reads entries of the type of the hit.
	 */
	interface Source {

		long epoch(StoredKey key);

		boolean isEvicted(StoredKey key);

		CompletableFuture<Observed> observe(StoredKey key);

		ValueCodec codec();

		/** Return what decodes an entry that is readable. */
		ValueCodec decoding(EntryHeader header);

	}

}
