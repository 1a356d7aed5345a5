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

import java.io.IOException;
import java.util.Arrays;
import java.util.Objects;

import org.springframework.util.unit.DataSize;

import dev.cachestarter.CacheSettings;

/**
 * What a payload may weigh, and the way it takes between an encoder and Redis:
 * compression and the checks of its size, the same for every kind of codec.
 * <p>
 * {@code max-value-size} counts the payload as stored, so after compression and without
 * the header. Unpacked, no payload may be larger than {@value #MAX_INFLATION} times that
 * (nor than 512 MB, Redis' own limit to a string): that is what stops a decompression
 * bomb, and because the writer keeps to it as well, it stops nothing else.
 *
 * @param compressAbove the size above which a payload is compressed
 * @param maxStored the largest payload as stored
 * @param maxPlain the largest payload before compression
 */
record PayloadLimits(int compressAbove, int maxStored, int maxPlain) {

	/** The largest payload of all, before compression: 512 MB. */
	static final int LARGEST = 512 * 1024 * 1024;

	static final int MAX_INFLATION = 16;

	static PayloadLimits of(CacheSettings settings) {
		long compressAbove = settings.compressAbove().toBytes();
		long maxStored = settings.maxValueSize().toBytes();
		boolean compress = compressAbove > 0 && compressAbove < LARGEST;
		return new PayloadLimits(compress ? (int) compressAbove : LARGEST, (int) maxStored,
				(int) Math.min(LARGEST, maxStored * MAX_INFLATION));
	}

	/**
	 * Encode a cached null.
	 * @return an entry without payload
	 */
	static ValueCodec.Encoded sealNull() {
		return new ValueCodec.Encoded(new byte[ValueCodec.HEADROOM], PayloadForm.NULL, 0, ValueCodec.NO_MARK);
	}

	/**
	 * Return the largest payload that is worth encoding: what is larger could not be
	 * stored even after compression.
	 * @return a number of bytes
	 */
	int mostToEncode() {
		return (this.compressAbove < this.maxPlain) ? this.maxPlain : Math.min(this.maxStored, this.maxPlain);
	}

	/**
	 * Return how many values and names there may be in a payload. As many as it may have
	 * bytes as stored: what fits without compression always does.
	 * @return a number
	 */
	int mostElements() {
		return this.maxStored;
	}

	/**
	 * Compress the payload of an entry where that is due, and check its size.
	 * @param entry an entry with room for its header
	 * @param type what its value is, for the message
	 * @return the entry as it is stored
	 * @throws ValueCodec.NotCacheableException if it is larger than may be stored
	 */
	ValueCodec.Encoded seal(byte[] entry, String type) throws ValueCodec.NotCacheableException {
		int plainSize = entry.length - ValueCodec.HEADROOM;
		if (plainSize > this.maxPlain) {
			throw tooLarge(type);
		}
		byte[] compressed = (plainSize > this.compressAbove) ? PayloadCompression.compress(entry) : null;
		byte[] stored = Objects.requireNonNullElse(compressed, entry);
		if (stored.length - ValueCodec.HEADROOM > this.maxStored) {
			throw tooLarge(type);
		}
		return new ValueCodec.Encoded(stored, (compressed != null) ? PayloadForm.COMPRESSED : PayloadForm.PLAIN,
				plainSize, ValueCodec.NO_MARK);
	}

	/**
	 * Find the payload of an entry, unpacked.
	 * @param entry an entry that is not a cached null
	 * @param form what its header says of the payload
	 * @return where the payload is
	 * @throws IOException if it cannot be unpacked or is too large to be read
	 */
	Plain open(byte[] entry, PayloadForm form) throws IOException {
		return open(entry, ValueCodec.HEADROOM, form);
	}

	/**
	 * The same of an entry whose payload begins later.
	 * @param start where it begins
	 */
	Plain open(byte[] entry, int start, PayloadForm form) throws IOException {
		if (form == PayloadForm.COMPRESSED) {
			int before = start - ValueCodec.HEADROOM;
			byte[] frame = (before == 0) ? entry : Arrays.copyOfRange(entry, before, entry.length);
			byte[] payload = PayloadCompression.decompress(frame, this.maxPlain);
			return new Plain(payload, 0, payload.length);
		}
		int length = entry.length - start;
		if (length > this.maxPlain) {
			throw new IOException("The payload is larger than may be read");
		}
		return new Plain(entry, start, length);
	}

	ValueCodec.NotCacheableException tooLarge(String type) {
		return new ValueCodec.NotCacheableException(ValueCodec.NotCacheableException.Reason.TOO_LARGE,
				("A value of type %s is not cached: it is larger than 'max-value-size' (%s as stored). Raise that, "
						+ "lower 'compress-above', or cache less in one value.")
					.formatted(type, text(this.maxStored)));
	}

	ValueCodec.NotCacheableException tooMany(String type) {
		return new ValueCodec.NotCacheableException(ValueCodec.NotCacheableException.Reason.TOO_LARGE,
				("A value of type %s is not cached: it has more than %d parts, as many as 'max-value-size' has bytes. "
						+ "Raise that, or cache less in one value.")
					.formatted(type, mostElements()));
	}

	private static String text(long bytes) {
		DataSize size = DataSize.ofBytes(bytes);
		if (bytes % (1024 * 1024) == 0) {
			return size.toMegabytes() + "MB";
		}
		return (bytes % 1024 == 0) ? size.toKilobytes() + "KB" : size.toString();
	}

	/**
	 * A payload before compression: a range of bytes.
	 *
	 * @param bytes holds the payload
	 * @param offset where it begins
	 * @param length how long it is
	 */
	record Plain(byte[] bytes, int offset, int length) {

	}

}
