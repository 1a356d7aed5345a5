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

package dev.cachestarter.engine.json;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.DeserializationContext;

/**
 * How often hashes have collided while one text was read.
 * <p>
 * A hash table compares an element with all that have its hash, unless they can be
 * sorted. So elements made to have one hash take time with the square of their number: a
 * megabyte of them a minute. Ordinary classes may have one hash for all their values
 * (entities often do), and then a few thousand of them are no harm.
 */
final class HashCollisions {

	/** What takes a fraction of a second; a set of 4,000 elements of one hash. */
	private static final long MOST = 8_000_000;

	private long comparisons;

	static HashCollisions of(DeserializationContext context) {
		HashCollisions known = (HashCollisions) context.getAttribute(HashCollisions.class);
		if (known == null) {
			known = new HashCollisions();
			context.setAttribute(HashCollisions.class, known);
		}
		return known;
	}

	/**
	 * Take note of an element that is about to be put into a hash table.
	 * @throws IllegalArgumentException if too many have collided
	 */
	void count(Table table, @Nullable Object element) {
		this.comparisons += table.add((element != null) ? element.hashCode() : 0);
		if (this.comparisons > MOST) {
			throw new IllegalArgumentException("Too many elements have the same hash");
		}
	}

	/**
	 * The hashes in one hash table.
	 */
	static final class Table {

		private int[] hashes = new int[16];

		private int[] counts = new int[16];

		private int size;

		/**
		 * Add a hash.
		 * @return how often it was added before
		 */
		int add(int hash) {
			int slot = slot(this.hashes, this.counts, hash);
			int before = this.counts[slot];
			this.hashes[slot] = hash;
			this.counts[slot]++;
			if (before == 0 && ++this.size > this.hashes.length / 2) {
				grow();
			}
			return before;
		}

		private void grow() {
			int[] oldHashes = this.hashes;
			int[] oldCounts = this.counts;
			this.hashes = new int[oldHashes.length * 2];
			this.counts = new int[oldHashes.length * 2];
			for (int i = 0; i < oldHashes.length; i++) {
				if (oldCounts[i] > 0) {
					int slot = slot(this.hashes, this.counts, oldHashes[i]);
					this.hashes[slot] = oldHashes[i];
					this.counts[slot] = oldCounts[i];
				}
			}
		}

		/** Mixed well, or those of one bucket would collide here instead. */
		private static int slot(int[] hashes, int[] counts, int hash) {
			int mixed = hash * 0x9E3779B9;
			mixed = (mixed ^ (mixed >>> 16)) * 0x85EBCA6B;
			int slot = (mixed ^ (mixed >>> 13)) & (hashes.length - 1);
			while (counts[slot] > 0 && hashes[slot] != hash) {
				slot = (slot + 1) & (hashes.length - 1);
			}
			return slot;
		}

	}

}
