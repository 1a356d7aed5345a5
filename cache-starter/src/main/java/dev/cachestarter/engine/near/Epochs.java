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

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Counts what is told of keys, so that whoever reads one can find out afterwards whether
 * anything was told of it meanwhile. Keys share counters: what is told of one may look as
 * if it were told of another, never the other way round.
 */
final class Epochs {

	private static final int STRIPES = 1 << 12;

	private final AtomicLongArray stripes = new AtomicLongArray(STRIPES);

	private final AtomicLong all = new AtomicLong();

	/**
	 * Return a number that changes whenever something is told of a key, or of all. Both
	 * counters only grow, so their sum is the same only if neither has changed.
	 */
	long of(byte[] key) {
		return this.all.get() + this.stripes.get(stripeOf(key));
	}

	/**
	 * Take note that a key has changed.
	 */
	void changed(byte[] key) {
		this.stripes.incrementAndGet(stripeOf(key));
	}

	/**
	 * Take note that any key may have changed.
	 */
	void allChanged() {
		this.all.incrementAndGet();
	}

	private static int stripeOf(byte[] key) {
		int hash = Arrays.hashCode(key) * 0x9E3779B9;
		return hash >>> (32 - Integer.numberOfTrailingZeros(STRIPES));
	}

}
