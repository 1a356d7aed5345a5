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

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.Futures;
import dev.cachestarter.engine.key.LogKeys;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.redis.RedisLink;

/**
 * Removes what is so large that reading it counts as an outage.
 * <p>
 * Whoever can write to the same Redis can put many megabytes under a key of ours. A read
 * of it is not answered in time, so it is never seen, never found to be no entry, and
 * would stay there for ever. So a key whose read was not answered is a suspect: before it
 * is read again, the length of what stands there, and under the keys of its generations,
 * is looked at, and what is longer than anything that is stored there is removed. That
 * costs a suspect one more round trip, once.
 * <p>
 * An outage makes suspects of keys that are innocent. There are only so many of them;
 * those of a minute ago make room for others.
 */
final class LargeEntries {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	private static final int MOST = 1024;

	private static final long OLD = TimeUnit.MINUTES.toNanos(1);

	private final RedisLink link;

	private final LongSupplier clock;

	private final Map<StoredKey, Suspect> suspects = new ConcurrentHashMap<>();

	LargeEntries(RedisLink link, LongSupplier clock) {
		this.link = link;
		this.clock = clock;
	}

	/**
	 * Take note that a read was not answered.
	 * @param longest the most bytes that an entry of this key can have
	 */
	void suspect(StoredKey key, long longest) {
		long now = this.clock.getAsLong();
		if (this.suspects.size() >= MOST) {
			this.suspects.values().removeIf((suspect) -> now - suspect.since() > OLD);
		}
		if (this.suspects.size() < MOST) {
			this.suspects.put(key, new Suspect(longest, now));
		}
	}

	/** The same for one key. */
	@Nullable CompletableFuture<?> look(StoredKey key) {
		return this.suspects.isEmpty() ? null : look(List.of(key));
	}

	/**
	 * Look at those of some keys that are suspects, before they are read.
	 * @return complete when they may be read, whatever came of it; {@code null} if none
	 * of them is a suspect
	 */
	@Nullable CompletableFuture<?> look(List<StoredKey> keys) {
		if (this.suspects.isEmpty()) {
			return null;
		}
		List<CompletableFuture<Boolean>> looks = new ArrayList<>();
		for (StoredKey key : keys) {
			Suspect suspect = this.suspects.remove(key);
			if (suspect != null) {
				looks.add(look(key, key.redisKey(), suspect.longest()));
				looks.add(look(key, key.cacheGenerationKey(), EntryHeader.GENERATION_LENGTH));
				byte[] group = key.groupGenerationKey();
				if (group != null) {
					looks.add(look(key, group, EntryHeader.GENERATION_LENGTH));
				}
			}
		}
		return looks.isEmpty() ? null : Futures.all(looks);
	}

	private CompletableFuture<Boolean> look(StoredKey key, byte[] redisKey, long longest) {
		return this.link.isLonger(redisKey, longest)
			.thenCompose((longer) -> longer ? remove(key, redisKey) : CompletableFuture.completedFuture(false))
			.exceptionally((ex) -> false);
	}

	private CompletableFuture<Boolean> remove(StoredKey key, byte[] redisKey) {
		return this.link.unlink(redisKey).thenApply((removed) -> {
			logger.warn("Cache '" + LogKeys.cacheOf(key)
					+ "' had something under one of its keys that is larger than any entry, so that reads of it "
					+ "were not answered; it is removed");
			return true;
		});
	}

	/**
	 * A key whose read was not answered.
	 *
	 * @param longest the most bytes that its entry can have
	 * @param since when that was
	 */
	private record Suspect(long longest, long since) {

	}

}
