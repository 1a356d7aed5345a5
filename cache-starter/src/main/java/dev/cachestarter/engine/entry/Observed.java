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
import java.util.List;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.tag.CarriedTags;
import dev.cachestarter.engine.tag.ReadGenerations;
import dev.cachestarter.engine.tag.TagSet;

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

	/** The tags of the entry, {@code null} if it has some that were not read. */
	private final @Nullable CarriedTags tags;

	private final ReadGenerations tagGenerations;

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
		this(key, cacheGeneration, groupGeneration, entry, TagSet.NONE, ReadGenerations.NONE);
	}

	/**
	 * Take note of what was read.
	 * @param guess the tags that the entry may well have
	 * @param tagGenerations the generations of tags that were read with it
	 */
	Observed(StoredKey key, byte @Nullable [] cacheGeneration, byte @Nullable [] groupGeneration,
			byte @Nullable [] entry, TagSet guess, ReadGenerations tagGenerations) {
		EntryHeader parsed = (entry != null) ? EntryHeader.parse(entry) : null;
		this.key = key;
		this.cacheGeneration = cacheGeneration;
		this.groupGeneration = groupGeneration;
		this.entry = entry;
		this.tagGenerations = tagGenerations;
		this.tags = (entry != null && parsed != null && parsed.isTagged())
				? CarriedTags.parse(entry, EntryHeader.LENGTH, guess) : CarriedTags.NONE;
		// What has a header of tags, and then none, was not written by this cache.
		this.header = (this.tags != null || (entry != null && entry.length == EntryHeader.LENGTH)) ? parsed : null;
		this.current = isUnderGenerations() && this.tags != null && tagGenerations.areCurrent(this.tags);
	}

	private Observed(Observed same, byte @Nullable [] cacheGeneration, byte @Nullable [] groupGeneration,
			ReadGenerations tagGenerations) {
		this.key = same.key;
		this.cacheGeneration = cacheGeneration;
		this.groupGeneration = groupGeneration;
		this.entry = same.entry;
		this.tagGenerations = tagGenerations;
		this.tags = same.tags;
		this.header = same.header;
		this.current = isUnderGenerations() && this.tags != null && tagGenerations.areCurrent(this.tags);
	}

	Observed withGenerations(byte @Nullable [] cache, byte @Nullable [] group) {
		return new Observed(this, cache, group, this.tagGenerations);
	}

	/**
	 * Return the same with the generations of its tags.
	 */
	Observed withTagGenerations(ReadGenerations read) {
		return new Observed(this, this.cacheGeneration, this.groupGeneration, read);
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

	/**
	 * Return what stands under the key of the cache's generation.
	 * @return the bytes, not to be changed; {@code null} if there are none
	 */
	public byte @Nullable [] cacheGeneration() {
		return this.cacheGeneration;
	}

	/**
	 * Return what stands under the key of the group's generation.
	 * @return the bytes, not to be changed; dashes if the key has no group, {@code null}
	 * if the group has no generation
	 */
	public byte @Nullable [] groupGeneration() {
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
	 * Return whether the entry is of the current generations of its cache and its group,
	 * whatever its tags.
	 */
	boolean isUnderGenerations() {
		return this.header != null && this.cacheGeneration != null && this.groupGeneration != null
				&& this.header.isUnder(this.cacheGeneration, this.groupGeneration);
	}

	/**
	 * Return whether the entry is a value of the current generations of its cache and its
	 * group, whatever its tags.
	 */
	boolean isValue() {
		return this.header != null && !this.header.isLease() && isUnderGenerations();
	}

	/**
	 * Return whether the entry may count, and its tags tell: they, or their generations,
	 * are still to be read.
	 */
	boolean isToBeReadOn() {
		return isUnderGenerations() && (this.tags == null || !this.tagGenerations.tellsOf(this.tags));
	}

	/**
	 * Return the tags of the entry, as far as they were read.
	 */
	public List<String> tags() {
		return (this.tags != null) ? this.tags.names() : List.of();
	}

	CarriedTags carriedTags() {
		return (this.tags != null) ? this.tags : CarriedTags.NONE;
	}

	/**
	 * Return what was read: the header and all that follows.
	 * @return the bytes, not to be changed
	 */
	public byte @Nullable [] bytes() {
		return this.entry;
	}

	/** Return where the payload begins in what was read. */
	public int payloadStart() {
		return EntryHeader.LENGTH + carriedTags().length();
	}

	/**
	 * Return the entry as one without tags has it: the header and the payload.
	 * @return the bytes, or {@code null} if there is no entry
	 */
	public byte @Nullable [] entry() {
		byte[] bytes = this.entry;
		return (bytes != null && this.tags != null && !this.tags.isEmpty())
				? this.tags.takeOutOf(bytes, EntryHeader.LENGTH) : bytes;
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
