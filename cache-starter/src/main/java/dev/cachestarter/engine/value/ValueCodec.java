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

package dev.cachestarter.engine.value;

import org.jspecify.annotations.Nullable;

/**
 * Turns the values of one type into what is stored of them, and back. Instances are
 * immutable and thread-safe; they know nothing of Redis.
 */
public interface ValueCodec {

	/** How many bytes an encoded entry leaves free at its beginning, for a header. */
	int HEADROOM = 148;

	/** The mark of a value whose type is not known. */
	String NO_MARK = "--------";

	/**
	 * Return the mark of the shape of this codec's type: eight characters that change
	 * when an entry written by another version of the class could not be read as it was
	 * meant.
	 * @return eight ASCII characters
	 */
	String schemaMark();

	/**
	 * Return what reads an entry of a given mark for who asks for the type of this codec.
	 * @param mark the mark in the header of an entry
	 * @return the codec to decode it with, {@code null} if the entry is of another type
	 */
	default @Nullable ValueCodec reading(String mark) {
		return mark.equals(schemaMark()) ? this : null;
	}

	/**
	 * Return what decodes for this codec: two codecs whose decoders are the same make the
	 * same value of an entry.
	 * @return the codec itself, or the one that it leaves it to
	 */
	default ValueCodec decoder() {
		return this;
	}

	/**
	 * Encode a value.
	 * @param value the value, {@code null} for a cached null
	 * @return the encoded entry, whose first {@link #HEADROOM} bytes are left for the
	 * header
	 * @throws NotCacheableException if a hit of this value would not equal the miss, or
	 * if it is larger than may be stored
	 */
	Encoded encode(@Nullable Object value) throws NotCacheableException;

	/**
	 * Decode an entry.
	 * @param entry the whole entry, header included
	 * @param form what its header says of the payload
	 * @return the value, {@code null} for a cached null
	 * @throws CorruptEntryException if the payload cannot be read, whatever is wrong with
	 * it
	 */
	default @Nullable Object decode(byte[] entry, PayloadForm form) throws CorruptEntryException {
		return decode(entry, HEADROOM, form);
	}

	/**
	 * Decode an entry in which more than a header stands before the payload.
	 * @param entry the whole entry
	 * @param start where the payload begins, not before {@link #HEADROOM}
	 * @param form what its header says of the payload
	 * @return the value, {@code null} for a cached null
	 * @throws CorruptEntryException if the payload cannot be read, whatever is wrong with
	 * it
	 */
	@Nullable Object decode(byte[] entry, int start, PayloadForm form) throws CorruptEntryException;

	/**
	 * Return whether two decoded values are the same to a caller, whatever their
	 * {@code equals} says.
	 */
	boolean isSame(@Nullable Object one, @Nullable Object other);

	/**
	 * An encoded value.
	 *
	 * @param entry the entry with room for its header
	 * @param form what the payload is
	 * @param plainSize the size of the payload before compression, in bytes
	 * @param mark the mark of what it was encoded as
	 */
	record Encoded(byte[] entry, PayloadForm form, int plainSize, String mark) {

		/** The same with another mark. */
		Encoded as(String other) {
			return new Encoded(this.entry, this.form, this.plainSize, other);
		}

		/**
		 * Return whether those who ask for a mark may have the value. A null is of every
		 * type.
		 */
		public boolean isFor(String asked) {
			return this.form == PayloadForm.NULL || asked.equals(NO_MARK) || asked.equals(this.mark);
		}

	}

	/**
	 * Says that a value must not be cached, and why, in words for the application's log.
	 */
	final class NotCacheableException extends Exception {

		private final Reason reason;

		NotCacheableException(Reason reason, String message) {
			super(message, null, false, false);
			this.reason = reason;
		}

		public Reason reason() {
			return this.reason;
		}

		public enum Reason {

			TOO_LARGE, SHAPE, UNSERIALIZABLE

		}

	}

	/**
	 * Says that a stored payload cannot be read; a miss.
	 */
	final class CorruptEntryException extends Exception {

		CorruptEntryException(String message, @Nullable Throwable cause) {
			super(message, cause, false, false);
		}

	}

}
