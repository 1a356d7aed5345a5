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

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.DoubleSupplier;

/**
 * Finds out how long before its end an entry of one cache is to be loaded again
 * ({@code refresh-ahead: auto}), after XFetch (Vattani, Chierichetti, Lowenstein: Optimal
 * Probabilistic Cache Stampede Prevention).
 *
 * <h2>The rule</h2>
 *
 * <p>
 * A read finds an entry due if it has less left than
 *
 * <pre>
 *     life / 20  +  load * (2 + e)         but at most life / 6
 * </pre>
 *
 * where {@code load} is how long loads of the cache take, and {@code e} is drawn for each
 * read from the exponential distribution with mean 1. Each part has a reason:
 * <ul>
 * <li>{@code load * e} is XFetch. Instances and keys need not agree on anything: the
 * nearer the end, the more reads find the entry due, and the slower the load, the sooner
 * that begins.
 * <li>{@code load * 2} leaves time for the load itself, with a reserve. XFetch alone
 * counts on many reads in the time of a load; where there are few, most entries end
 * before a read has had luck.
 * <li>{@code life / 20} lets every reader meet the entry when it is due for certain, if
 * he reads it twenty times in its life, however quick loads are.
 * <li>{@code life / 6} bounds what all of this costs: an entry is used for five sixths of
 * its life, so there are at most 1.2 loads in the place of one, and 1.27 where
 * {@code ttl-jitter} takes a tenth off.
 * </ul>
 * So who reads twenty times in a life waits for no load that takes less than a tenth of
 * it: he reads once in the twentieth before the last {@code load * 2}, or in the one that
 * begins at the last sixth, which leaves 7 sixtieths.
 *
 * <h2>How long loads take</h2>
 *
 * <p>
 * Is measured here, in this instance, for the cache as a whole: an entry has no place for
 * it, and an instance that has loaded nothing would else have nothing to go by. A load
 * that takes longer than what was known counts at once, one that takes less by an eighth,
 * so that a cache with slow and quick keys goes by the slow ones. Until one was measured,
 * a fortieth of the life is assumed.
 */
final class AutomaticRefresh {

	private static final long UNKNOWN = -1;

	private final DoubleSupplier random;

	private final AtomicLong loadNanos = new AtomicLong(UNKNOWN);

	/**
	 * Create one for a cache.
	 * @param random draws from 0 (inclusive) to 1 (exclusive)
	 */
	AutomaticRefresh(DoubleSupplier random) {
		this.random = random;
	}

	/** Note how long a load took. */
	void loaded(long nanos) {
		this.loadNanos.accumulateAndGet(nanos,
				(known, now) -> (known == UNKNOWN || now >= known) ? now : known - (known - now) / 8);
	}

	/**
	 * Return whether a read may find an entry due, whatever is drawn for it.
	 * @param left how many milliseconds the entry is fresh for yet
	 * @param life how many there were when it was written, 0 if it has no end
	 */
	static boolean mayBeDue(long left, long life) {
		return life > 0 && left < life / 6;
	}

	/**
	 * Return whether a read is to have an entry loaded again.
	 * @param left how many milliseconds the entry is fresh for yet
	 * @param life how many there were when it was written
	 */
	boolean isDue(long left, long life) {
		if (!mayBeDue(left, life)) {
			return false;
		}
		long known = this.loadNanos.get();
		double load = (known == UNKNOWN) ? life / 40.0 : (double) known / TimeUnit.MILLISECONDS.toNanos(1);
		// Never the logarithm of zero.
		double e = -Math.log(1 - this.random.getAsDouble());
		return left < life / 20.0 + load * (2 + e);
	}

}
