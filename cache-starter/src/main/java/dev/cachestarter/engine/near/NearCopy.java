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
import java.util.concurrent.atomic.AtomicReference;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.value.ValueCodec;
import dev.cachestarter.engine.value.ValueCodec.CorruptEntryException;

/**
 * A value as one codec has decoded it, and the header of the entry that it was decoded
 * from. Of the entry itself nothing is kept, unless each caller gets a value of its own:
 * then the entry is kept in the place of the value.
 */
public final class NearCopy {

	private final EntryHeader header;

	private final ValueCodec decoder;

	private final @Nullable Object value;

	private final byte @Nullable [] entry;

	private final @Nullable Long print;

	private final int size;

	private final long deadline;

	private final @Nullable Vouching vouching;

	/** In which round of {@link Touches} it was last noted as a hit. */
	private volatile int noted;

	/** By which arguments it is found as well. */
	private final AtomicReference<@Nullable Alias> alias = new AtomicReference<>();

	private NearCopy(EntryHeader header, ValueCodec decoder, @Nullable Object value, byte @Nullable [] entry,
			@Nullable Long print, int size, long deadline, @Nullable Vouching vouching) {
		this.header = header;
		this.decoder = decoder;
		this.value = value;
		this.entry = entry;
		this.print = print;
		this.size = size;
		this.deadline = deadline;
		this.vouching = vouching;
	}

	/**
	 * Keep a value, which all callers share.
	 * @param header the header of its entry
	 * @param decoder what has decoded it
	 * @param print what tells it from others, {@code null} if nobody wants to know
	 * @param size how large its entry is before compression
	 * @param deadline until when it may be kept, by the near cache's clock
	 */
	static NearCopy ofValue(EntryHeader header, ValueCodec decoder, @Nullable Object value, @Nullable Long print,
			int size, long deadline) {
		return new NearCopy(header, decoder, value, null, print, size, deadline, null);
	}

	/**
	 * Keep an entry, which is decoded for each caller.
	 * @param header its header
	 * @param decoder what decodes it
	 * @param deadline until when it may be kept, by the near cache's clock
	 */
	static NearCopy ofEntry(EntryHeader header, ValueCodec decoder, byte[] entry, long deadline) {
		return new NearCopy(header, decoder, null, entry, null, entry.length, deadline, null);
	}

	/**
	 * Return the same with what vouches for it.
	 */
	NearCopy vouchedForBy(Vouching vouching) {
		return new NearCopy(this.header, this.decoder, this.value, this.entry, this.print, this.size, this.deadline,
				vouching);
	}

	/**
	 * Return what vouches for it without Redis being asked, {@code null} if it counts
	 * only if Redis confirms it.
	 */
	@Nullable Vouching vouching() {
		return this.vouching;
	}

	public EntryHeader header() {
		return this.header;
	}

	/** Return what has decoded it, or decodes it. */
	public ValueCodec decoder() {
		return this.decoder;
	}

	/**
	 * Return whether an entry with a given header is the one that this is a copy of.
	 */
	public boolean isOf(EntryHeader other) {
		return this.header.isOfSameValue(other);
	}

	/**
	 * Return what told the value from others when it was kept, {@code null} if nobody
	 * wanted to know.
	 */
	public @Nullable Long print() {
		return this.print;
	}

	/**
	 * Return whether all callers get one object.
	 */
	public boolean isShared() {
		return this.entry == null;
	}

	/**
	 * Return whether it can be served without code of the application's: it is neither
	 * decoded nor compared with what it was.
	 */
	public boolean isAtHand() {
		return isShared() && this.print == null;
	}

	/**
	 * Return the value.
	 * @throws CorruptEntryException if it is decoded for each caller, and cannot be
	 */
	public @Nullable Object value() throws CorruptEntryException {
		return (this.entry != null) ? this.decoder.decode(this.entry, this.header.form()) : this.value;
	}

	/**
	 * Return by which arguments it is found as well, {@code null} if by none.
	 */
	@Nullable Alias alias() {
		return this.alias.get();
	}

	/**
	 * Have it found by arguments as well, unless it is by others already.
	 * @param key the key that they have
	 * @return its alias, {@code null} if that is of other arguments
	 */
	@Nullable Alias aliasOf(PlainArguments arguments, StoredKey key) {
		Alias there = this.alias.get();
		if (there == null) {
			Alias made = new Alias(arguments.toBeKept(), key);
			there = this.alias.compareAndSet(null, made) ? made : Objects.requireNonNull(this.alias.get());
		}
		return there.arguments().equals(arguments) ? there : null;
	}

	int noted() {
		return this.noted;
	}

	void note(int round) {
		this.noted = round;
	}

	/** How much it counts, in bytes. */
	int size() {
		return this.size;
	}

	/** How long it may be kept yet, in nanoseconds. */
	long left(long now) {
		return Math.max(0, this.deadline - now);
	}

	/**
	 * By what else a copy is found than by its key. Each is another one: that of a copy
	 * is not that of the next, whose key and arguments are the same.
	 */
	static final class Alias {

		private final PlainArguments arguments;

		private final StoredKey key;

		private Alias(PlainArguments arguments, StoredKey key) {
			this.arguments = arguments;
			this.key = key;
		}

		/** Return the arguments of a call. */
		PlainArguments arguments() {
			return this.arguments;
		}

		/** Return the key that they have. */
		StoredKey key() {
			return this.key;
		}

	}

}
