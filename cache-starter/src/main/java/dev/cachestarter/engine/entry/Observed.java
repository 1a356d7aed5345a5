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

import java.util.Arrays;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.key.StoredKey;

/**
 * What stood in Redis at one moment: the generations of a key, and its entry.
 * <p>
 * The header is looked at once, when this is made, and kept apart from the payload.
 */
public final class Observed {

	private static final byte[] NOTHING = new byte[0];

	private final StoredKey key;

	private final byte @Nullable [] cacheGeneration;

	private final byte @Nullable [] groupGeneration;

	private final byte @Nullable [] entry;

	private final @Nullable EntryHeader header;

	private final boolean current;

	/**
	 * Take note of what was read.
	 * @param key the key
	 * @param cacheGeneration the generation of the cache, {@code null} if it has none
	 * @param groupGeneration the generation of the group, dashes if the key has no group,
	 * {@code null} if the group has none
	 * @param entry the entry, or as much of it as was read; {@code null} if there is none
	 */
	public Observed(StoredKey key, byte @Nullable [] cacheGeneration, byte @Nullable [] groupGeneration,
			byte @Nullable [] entry) {
		this(key, cacheGeneration, groupGeneration, entry, (entry != null) ? EntryHeader.parse(entry) : null);
	}

	private Observed(StoredKey key, byte @Nullable [] cacheGeneration, byte @Nullable [] groupGeneration,
			byte @Nullable [] entry, @Nullable EntryHeader header) {
		this.key = key;
		this.cacheGeneration = cacheGeneration;
		this.groupGeneration = groupGeneration;
		this.entry = entry;
		this.header = header;
		this.current = header != null && cacheGeneration != null && groupGeneration != null
				&& header.isUnder(cacheGeneration, groupGeneration);
	}

	Observed withGenerations(byte @Nullable [] cache, byte @Nullable [] group) {
		return new Observed(this.key, cache, group, this.entry, this.header);
	}

	/**
	 * Return the same key under the same generations with another entry.
	 * @param other the entry, or as much of it as was read; empty if there is none
	 */
	public Observed withEntry(byte[] other) {
		return new Observed(this.key, this.cacheGeneration, this.groupGeneration, (other.length > 0) ? other : null);
	}

	public StoredKey key() {
		return this.key;
	}

	byte @Nullable [] cacheGeneration() {
		return this.cacheGeneration;
	}

	byte @Nullable [] groupGeneration() {
		return this.groupGeneration;
	}

	boolean hasCacheGeneration() {
		return isGeneration(this.cacheGeneration);
	}

	boolean hasGroupGeneration() {
		return isGeneration(this.groupGeneration);
	}

	boolean isUnderSameGenerationsAs(Observed other) {
		return Arrays.equals(this.cacheGeneration, other.cacheGeneration)
				&& Arrays.equals(this.groupGeneration, other.groupGeneration);
	}

	private static boolean isGeneration(byte @Nullable [] bytes) {
		return bytes != null && bytes.length == EntryHeader.GENERATION_LENGTH;
	}

	/**
	 * Return the entry, for its payload to be decoded: the header and all that follows.
	 * @return the bytes, or {@code null} if there is no entry
	 */
	public byte @Nullable [] entry() {
		return this.entry;
	}

	/**
	 * Return whether nothing was read under the key.
	 */
	boolean isAbsent() {
		return this.entry == null;
	}

	/**
	 * Return what a script compares: the header, or all there is if that is less.
	 * @return the bytes, not to be changed
	 */
	public byte[] header() {
		if (this.header != null) {
			return this.header.bytes();
		}
		byte[] bytes = this.entry;
		if (bytes == null) {
			return NOTHING;
		}
		return Arrays.copyOf(bytes, Math.min(bytes.length, EntryHeader.LENGTH));
	}

	/**
	 * Return the header of an entry that is under the current generations.
	 * @return the header, or {@code null} if there is no entry that counts
	 */
	public @Nullable EntryHeader current() {
		return this.current ? this.header : null;
	}

	/**
	 * Return whether there are bytes that no version of this cache can have written.
	 */
	public boolean isForeign() {
		return this.entry != null && this.header == null && !EntryHeader.isOfAnotherFormat(this.entry);
	}

	/**
	 * Return whether there is an entry that another version of this cache has written, in
	 * a format that this one does not know. It is a miss here, and of use to others.
	 */
	public boolean isOfAnotherFormat() {
		return this.entry != null && EntryHeader.isOfAnotherFormat(this.entry);
	}

}
