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

import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Admits a key when it comes for the second time. Most keys of a scan come once: a copy
 * of each would push out those that are read often, and Redis would have to remember for
 * each that this instance is to be told of it.
 * <p>
 * A Bloom filter in two halves. Keys are noted in the younger half; when as many are in
 * it as are expected, the older one is forgotten and a new one begins. So a key is
 * remembered for between one and two times as many others, in a few bits, and now and
 * then one is admitted that comes for the first time.
 */
final class Doorkeeper {

	/**
	 * Few in a hundred thousand keys are taken for others. Each of them stays in Redis'
	 * table until it changes or expires: where a million keys are read once, one in
	 * twenty would be too many.
	 */
	private static final int BITS_FOR_EACH = 32;

	private static final int SMALLEST = 1024;

	private static final int LARGEST = 1 << 20;

	private final int expected;

	private final AtomicReference<Halves> halves;

	/**
	 * Create a doorkeeper.
	 * @param expected about how many keys come often
	 */
	Doorkeeper(int expected) {
		this.expected = Math.max(SMALLEST, Math.min(LARGEST, expected));
		this.halves = new AtomicReference<>(new Halves(new Half(this.expected), new Half(this.expected)));
	}

	/**
	 * Return whether a key has come before, and take note of it.
	 * @param hash tells the key from most others
	 */
	boolean admit(int hash) {
		// Two independent ones: the bits that a key has are apart.
		int one = hash * 0x9E3779B9;
		int other = Integer.rotateLeft(hash * 0x85EBCA6B, 13) | 1;
		Halves now = Objects.requireNonNull(this.halves.get());
		if (now.younger().has(one, other) || now.older().has(one, other)) {
			return true;
		}
		if (now.younger().add(one, other) >= this.expected) {
			this.halves.compareAndSet(now, new Halves(new Half(this.expected), now.younger()));
		}
		return false;
	}

	private record Halves(Half younger, Half older) {

	}

	private static final class Half {

		private static final int PROBES = 6;

		private final AtomicLongArray words;

		private final int shift;

		private final AtomicInteger count = new AtomicInteger();

		Half(int expected) {
			int bits = Integer.highestOneBit(Math.max(64, expected * BITS_FOR_EACH - 1)) << 1;
			this.words = new AtomicLongArray(bits >>> 6);
			this.shift = 32 - Integer.numberOfTrailingZeros(bits);
		}

		boolean has(int one, int other) {
			for (int i = 0; i < PROBES; i++) {
				int bit = (one + i * other) >>> this.shift;
				if ((this.words.get(bit >>> 6) & (1L << bit)) == 0) {
					return false;
				}
			}
			return true;
		}

		int add(int one, int other) {
			for (int i = 0; i < PROBES; i++) {
				int bit = (one + i * other) >>> this.shift;
				this.words.accumulateAndGet(bit >>> 6, 1L << bit, (word, mask) -> word | mask);
			}
			return this.count.incrementAndGet();
		}

	}

}
