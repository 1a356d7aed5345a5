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

package dev.cachestarter;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import org.jspecify.annotations.Nullable;

/**
 * The fixed-length legible line that every entry in Redis begins with. All that the
 * protocols compare stands in it at fixed offsets, so that a script can look at it with
 * {@code GETRANGE} and change a part of it with {@code SETRANGE}:
 *
 * <pre>
 * offset length field
 *      0      3 format, "cs1"
 *      4      1 kind: 'v' value, 'l' lease
 *      6     16 nonce: hex, of the lease under which the entry was made
 *     23     16 claim: nonce of who reloads this value now, else dashes
 *     40     13 claimed until: server milliseconds, else zeros
 *     54     16 generation of the cache
 *     71     16 generation of the group, dashes where the key has none
 *     88      8 schema mark: hash of the shape of the value's type
 *     97      8 run mark: hash of the server's run_id that the writer saw
 *    106     13 written at: server milliseconds
 *    120     13 fresh until: server milliseconds, zeros for "does not expire"
 *    134      4 flags: 'n' null, 'z' compressed (LZ4 frame), 't' lease of a transaction
 *    138      1 line feed
 * </pre>
 *
 * Fields are parted by one space. The payload follows the line feed.
 */
record EntryHeader(char kind, String nonce, String claim, long claimedUntil, String cacheGeneration,
		String groupGeneration, String schemaMark, String runMark, long writtenAt, long freshUntil, String flags) {

	static final int LENGTH = 139;

	/** As much of the line as tells a lease or a claim from every other. */
	static final int IDENTITY_LENGTH = 39;

	static final int CLAIM_OFFSET = 23;

	static final int WRITTEN_OFFSET = 106;

	static final int FRESH_OFFSET = 120;

	static final String FORMAT = "cs1";

	static final char VALUE = 'v';

	static final char LEASE = 'l';

	static final String NO_NONCE = "----------------";

	static final String NO_GENERATION = NO_NONCE;

	static final String NO_MARK = "--------";

	static final String NO_FLAGS = "----";

	private static final int[] BLANKS = { 3, 5, 22, 39, 53, 70, 87, 96, 105, 119, 133 };

	/**
	 * Read a header.
	 * @param entry the bytes of an entry
	 * @return the header, or {@code null} if these bytes are not an entry of this format
	 */
	static @Nullable EntryHeader parse(byte[] entry) {
		if (entry.length < LENGTH || entry[LENGTH - 1] != '\n' || entry[0] != 'c' || entry[1] != 's'
				|| entry[2] != '1') {
			return null;
		}
		for (int blank : BLANKS) {
			if (entry[blank] != ' ') {
				return null;
			}
		}
		char kind = (char) entry[4];
		if (kind != VALUE && kind != LEASE) {
			return null;
		}
		long claimedUntil = number(entry, 40);
		long writtenAt = number(entry, WRITTEN_OFFSET);
		long freshUntil = number(entry, FRESH_OFFSET);
		if (claimedUntil < 0 || writtenAt < 0 || freshUntil < 0) {
			return null;
		}
		return new EntryHeader(kind, text(entry, 6, 16), text(entry, CLAIM_OFFSET, 16), claimedUntil,
				text(entry, 54, 16), text(entry, 71, 16), text(entry, 88, 8), text(entry, 97, 8), writtenAt, freshUntil,
				text(entry, 134, 4));
	}

	/**
	 * Write this header into the first {@link #LENGTH} bytes of an entry.
	 * @param entry the entry, at least {@link #LENGTH} bytes long
	 */
	void writeTo(byte[] entry) {
		Arrays.fill(entry, 0, LENGTH, (byte) ' ');
		put(entry, 0, FORMAT, 3);
		entry[4] = (byte) this.kind;
		put(entry, 6, this.nonce, 16);
		put(entry, CLAIM_OFFSET, this.claim, 16);
		put(entry, 40, digits(this.claimedUntil), 13);
		put(entry, 54, this.cacheGeneration, 16);
		put(entry, 71, this.groupGeneration, 16);
		put(entry, 88, this.schemaMark, 8);
		put(entry, 97, this.runMark, 8);
		put(entry, WRITTEN_OFFSET, digits(this.writtenAt), 13);
		put(entry, FRESH_OFFSET, digits(this.freshUntil), 13);
		put(entry, 134, this.flags, 4);
		entry[LENGTH - 1] = '\n';
	}

	byte[] toBytes() {
		byte[] bytes = new byte[LENGTH];
		writeTo(bytes);
		return bytes;
	}

	boolean isLease() {
		return this.kind == LEASE;
	}

	boolean isNull() {
		return this.flags.charAt(0) == 'n';
	}

	boolean isCompressed() {
		return this.flags.charAt(1) == 'z';
	}

	boolean isTransactional() {
		return this.flags.charAt(2) == 't';
	}

	private static String digits(long number) {
		String digits = Long.toString(number);
		return "0".repeat(Math.max(0, 13 - digits.length())) + digits;
	}

	private static void put(byte[] entry, int offset, String value, int length) {
		if (value.length() != length) {
			throw new IllegalArgumentException(
					"A header field of " + length + " characters cannot hold '" + value + "'");
		}
		byte[] bytes = value.getBytes(StandardCharsets.US_ASCII);
		System.arraycopy(bytes, 0, entry, offset, length);
	}

	private static String text(byte[] entry, int offset, int length) {
		return new String(entry, offset, length, StandardCharsets.ISO_8859_1);
	}

	private static long number(byte[] entry, int offset) {
		long number = 0;
		for (int i = offset; i < offset + 13; i++) {
			int digit = entry[i] - '0';
			if (digit < 0 || digit > 9) {
				return -1;
			}
			number = number * 10 + digit;
		}
		return number;
	}

}
