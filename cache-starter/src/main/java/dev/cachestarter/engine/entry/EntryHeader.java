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

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.key.EntryKey;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.tag.CarriedTags;
import dev.cachestarter.engine.value.PayloadForm;
import dev.cachestarter.engine.value.ValueCodec;

/**
 * The fixed-length legible line that every entry in Redis begins with. All that the
 * protocols compare stands in it at fixed offsets, so that a script can look at it with
 * {@code GETRANGE} and change a part of it with {@code SETRANGE}:
 *
 * <pre>
 * offset length field
 *      0      3 format, "cs2"; "cs3" for a value that carries tags
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
 *    134      4 flags: 'n' null, 'z' compressed (LZ4 frame), 't' lease of a transaction,
 *               'u' lease of a key whose last load had no value to be stored,
 *               'r' one whose value the codec refuses; without
 *               a nonce, the trace that such a load leaves for a while
 *    139      8 key mark: what the key is of, where the same text may be several keys,
 *               see {@link EntryKey}
 *    147      1 line feed
 * </pre>
 *
 * One space separates the fields. The payload follows the line feed; where the entry
 * carries tags, behind these, see {@link CarriedTags}. Versions of the cache that know of
 * no tags take such an entry for one of another format: a miss that they leave alone.
 * <p>
 * A header is parsed on every hit, though most hits look at two or three fields of it. So
 * it keeps the line as it is and makes a string of a field only when asked for it.
 */
public final class EntryHeader {

	public static final int LENGTH = ValueCodec.HEADROOM;

	/** As much of the line as tells an entry from what others write. */
	static final int TAG_LENGTH = 4;

	/** As much of the line as tells a lease or a claim from every other. */
	public static final int IDENTITY_LENGTH = 39;

	static final int CLAIM_OFFSET = 23;

	static final int WRITTEN_OFFSET = 106;

	static final int FRESH_OFFSET = 120;

	static final String FORMAT = "cs2";

	private static final char TAGGED = '3';

	private static final int FORMAT_NUMBER = 2;

	public static final char VALUE = 'v';

	static final char LEASE = 'l';

	public static final String NO_NONCE = "----------------";

	static final String NO_GENERATION = NO_NONCE;

	static final byte[] NO_GENERATION_BYTES = NO_GENERATION.getBytes(StandardCharsets.US_ASCII);

	public static final String NO_MARK = ValueCodec.NO_MARK;

	public static final String NO_FLAGS = "----";

	private static final int KIND_OFFSET = 4;

	private static final int NONCE_OFFSET = 6;

	private static final int CLAIMED_UNTIL_OFFSET = 40;

	static final int GENERATION_LENGTH = 16;

	private static final int CACHE_GENERATION_OFFSET = 54;

	private static final int GROUP_GENERATION_OFFSET = 71;

	private static final int SCHEMA_OFFSET = 88;

	private static final int RUN_OFFSET = 97;

	private static final int FLAGS_OFFSET = 134;

	private static final int KEY_OFFSET = 139;

	private static final int NONCE_LENGTH = 16;

	private static final int MARK_LENGTH = 8;

	private static final int TIME_LENGTH = 13;

	private static final int FLAGS_LENGTH = 4;

	private static final int[] BLANKS = { 3, 5, 22, 39, 53, 70, 87, 96, 105, 119, 133, 138 };

	private final byte[] line;

	public EntryHeader(char kind, String nonce, String claim, long claimedUntil, String cacheGeneration,
			String groupGeneration, String schemaMark, String runMark, long writtenAt, long freshUntil, String flags,
			String keyMark) {
		this.line = new byte[LENGTH];
		Arrays.fill(this.line, (byte) ' ');
		put(0, FORMAT, FORMAT.length());
		this.line[KIND_OFFSET] = (byte) kind;
		put(NONCE_OFFSET, nonce, NONCE_LENGTH);
		put(CLAIM_OFFSET, claim, NONCE_LENGTH);
		put(CLAIMED_UNTIL_OFFSET, claimedUntil);
		put(CACHE_GENERATION_OFFSET, cacheGeneration, NONCE_LENGTH);
		put(GROUP_GENERATION_OFFSET, groupGeneration, NONCE_LENGTH);
		put(SCHEMA_OFFSET, schemaMark, MARK_LENGTH);
		put(RUN_OFFSET, runMark, MARK_LENGTH);
		put(WRITTEN_OFFSET, writtenAt);
		put(FRESH_OFFSET, freshUntil);
		put(FLAGS_OFFSET, flags, FLAGS_LENGTH);
		put(KEY_OFFSET, keyMark, MARK_LENGTH);
		this.line[LENGTH - 1] = '\n';
	}

	private EntryHeader(byte[] line) {
		this.line = line;
	}

	/**
	 * Read a header.
	 * @param entry the bytes of an entry
	 * @return the header, or {@code null} if these bytes are not an entry of this format
	 */
	public static @Nullable EntryHeader parse(byte[] entry) {
		return isWellFormed(entry) ? new EntryHeader(Arrays.copyOf(entry, LENGTH)) : null;
	}

	/**
	 * Return whether bytes begin as an entry of this cache does, with the number of
	 * another format.
	 */
	static boolean isOfAnotherFormat(byte[] entry) {
		return isTag(entry) && entry[FORMAT_NUMBER] != FORMAT.charAt(FORMAT_NUMBER) && entry[FORMAT_NUMBER] != TAGGED;
	}

	/**
	 * Return whether bytes begin as an entry of this cache does, in whatever format.
	 * @param entry an entry, or its first {@link #TAG_LENGTH} bytes
	 */
	static boolean isTag(byte[] entry) {
		return entry.length >= TAG_LENGTH && entry[0] == 'c' && entry[1] == 's' && entry[2] >= '0' && entry[2] <= '9'
				&& entry[3] == ' ';
	}

	/**
	 * Write this header into the first {@link #LENGTH} bytes of an entry.
	 * @param entry the entry, at least {@link #LENGTH} bytes long
	 */
	public void writeTo(byte[] entry) {
		System.arraycopy(this.line, 0, entry, 0, LENGTH);
	}

	/**
	 * Return the header of the same value with tags.
	 */
	EntryHeader tagged() {
		byte[] tagged = this.line.clone();
		tagged[FORMAT_NUMBER] = TAGGED;
		return new EntryHeader(tagged);
	}

	/**
	 * Return whether it is the header of a value that carries tags.
	 */
	public boolean isTagged() {
		return this.line[FORMAT_NUMBER] == TAGGED;
	}

	/**
	 * Return whether an entry with this header is under given generations.
	 * @param cacheGeneration the generation of the cache
	 * @param groupGeneration the generation of the group, dashes where the key has none
	 */
	boolean isUnder(byte[] cacheGeneration, byte[] groupGeneration) {
		return holds(CACHE_GENERATION_OFFSET, cacheGeneration) && holds(GROUP_GENERATION_OFFSET, groupGeneration);
	}

	private boolean holds(int offset, byte[] generation) {
		return Arrays.equals(this.line, offset, offset + GENERATION_LENGTH, generation, 0, generation.length);
	}

	/** The line itself, which nobody may change. */
	byte[] bytes() {
		return this.line;
	}

	byte[] toBytes() {
		return this.line.clone();
	}

	char kind() {
		return (char) this.line[KIND_OFFSET];
	}

	public String nonce() {
		return text(NONCE_OFFSET, NONCE_LENGTH);
	}

	public String claim() {
		return text(CLAIM_OFFSET, NONCE_LENGTH);
	}

	long claimedUntil() {
		return number(this.line, CLAIMED_UNTIL_OFFSET);
	}

	String cacheGeneration() {
		return text(CACHE_GENERATION_OFFSET, NONCE_LENGTH);
	}

	String groupGeneration() {
		return text(GROUP_GENERATION_OFFSET, NONCE_LENGTH);
	}

	public String schemaMark() {
		return text(SCHEMA_OFFSET, MARK_LENGTH);
	}

	/** Return whether the schema mark is a given one. */
	public boolean isOf(String mark) {
		for (int i = 0; i < MARK_LENGTH; i++) {
			if (this.line[SCHEMA_OFFSET + i] != mark.charAt(i)) {
				return false;
			}
		}
		return true;
	}

	public String runMark() {
		return text(RUN_OFFSET, MARK_LENGTH);
	}

	public long writtenAt() {
		return number(this.line, WRITTEN_OFFSET);
	}

	public long freshUntil() {
		return number(this.line, FRESH_OFFSET);
	}

	String flags() {
		return text(FLAGS_OFFSET, FLAGS_LENGTH);
	}

	String keyMark() {
		return text(KEY_OFFSET, MARK_LENGTH);
	}

	/**
	 * Return whether the entry is one that a key may read: what stands under the same
	 * text may be another key's.
	 */
	public boolean isFor(StoredKey key) {
		return isMarked(key.mark()) || EntryKey.accepts(key.mark(), keyMark());
	}

	/**
	 * Return whether the entry is another key's, in whose place this one may be put.
	 */
	public boolean givesWayTo(StoredKey key) {
		return EntryKey.goesBefore(key.mark(), keyMark());
	}

	/**
	 * Return whether the entry is another key's, and this one is not to be put in its
	 * place.
	 */
	public boolean goesBefore(StoredKey key) {
		return EntryKey.goesBefore(keyMark(), key.mark());
	}

	/**
	 * Return whether the entry is of no named cache, as far as its writer knew.
	 */
	boolean isUnnamed() {
		return isMarked(EntryKey.UNNAMED);
	}

	private boolean isMarked(String mark) {
		for (int i = 0; i < MARK_LENGTH; i++) {
			if (this.line[KEY_OFFSET + i] != mark.charAt(i)) {
				return false;
			}
		}
		return true;
	}

	/**
	 * Return whether the value is within its time to live.
	 * @param now the server's clock in milliseconds
	 */
	public boolean isFresh(long now) {
		long until = freshUntil();
		return until == 0 || now < until;
	}

	/**
	 * Return whether the value is so near to its end that it is to be loaded again.
	 * @param now the server's clock in milliseconds
	 * @param ahead how long before its end that is, but not before the half of its life
	 */
	public boolean isDue(long now, long ahead) {
		long until = freshUntil();
		return until != 0 && until - now < Math.min(ahead, (until - writtenAt()) / 2);
	}

	/**
	 * Return for how long the value was fresh when it was written, in milliseconds, 0 if
	 * it has no end.
	 */
	public long life() {
		long until = freshUntil();
		return (until == 0) ? 0 : Math.max(0, until - writtenAt());
	}

	/**
	 * Return whether somebody loads this value again, or nobody is to do so yet. A claim
	 * that has more time left than any is given is from before the server's clock was set
	 * back, and does not count.
	 * @param now the server's clock in milliseconds
	 * @param longest the most that a claim can have left
	 */
	public boolean isClaimed(long now, Duration longest) {
		long left = claimedUntil() - now;
		return left > 0 && left <= longest.toMillis();
	}

	/**
	 * Return whether the claim is nobody's: a load has failed, and the next must wait.
	 */
	public boolean isPaused() {
		return this.line[CLAIM_OFFSET] == '-';
	}

	/**
	 * Return whether an entry with another header has the same value as one with this:
	 * they differ in the claim at most.
	 */
	public boolean isOfSameValue(EntryHeader other) {
		return Arrays.equals(this.line, 0, CLAIM_OFFSET, other.line, 0, CLAIM_OFFSET) && Arrays.equals(this.line,
				CACHE_GENERATION_OFFSET, LENGTH, other.line, CACHE_GENERATION_OFFSET, LENGTH);
	}

	public boolean isLease() {
		return this.line[KIND_OFFSET] == LEASE;
	}

	/**
	 * Return what the payload is.
	 */
	public PayloadForm form() {
		if (this.line[FLAGS_OFFSET] == 'n') {
			return PayloadForm.NULL;
		}
		return (this.line[FLAGS_OFFSET + 1] == 'z') ? PayloadForm.COMPRESSED : PayloadForm.PLAIN;
	}

	/**
	 * Return the flags of a value.
	 * @param form what its payload is
	 * @return four characters
	 */
	public static String flagsOf(PayloadForm form) {
		return switch (form) {
			case PLAIN -> NO_FLAGS;
			case COMPRESSED -> "-z--";
			case NULL -> "n---";
		};
	}

	public boolean isNull() {
		return form() == PayloadForm.NULL;
	}

	/**
	 * Return whether this is the lease of a key whose last load ended without a value to
	 * be stored.
	 */
	public boolean isUnstored() {
		return this.line[FLAGS_OFFSET + 3] != '-';
	}

	/**
	 * Return whether this is the lease of a key whose last load brought what the codec
	 * refuses.
	 */
	public boolean isRefused() {
		return this.line[FLAGS_OFFSET + 3] == 'r';
	}

	/**
	 * Return whether this is a lease that nobody has: the trace of such a load.
	 */
	public boolean isNobodys() {
		return isLease() && this.line[NONCE_OFFSET] == '-';
	}

	public boolean isTransactional() {
		return this.line[FLAGS_OFFSET + 2] == 't';
	}

	@Override
	public boolean equals(@Nullable Object other) {
		return other instanceof EntryHeader that && Arrays.equals(this.line, that.line);
	}

	@Override
	public int hashCode() {
		return Arrays.hashCode(this.line);
	}

	/**
	 * Return the line as it stands in Redis.
	 * @return the header without its line feed
	 */
	@Override
	public String toString() {
		return text(0, LENGTH - 1);
	}

	private static boolean isWellFormed(byte[] entry) {
		if (entry.length < LENGTH || entry[LENGTH - 1] != '\n' || entry[0] != 'c' || entry[1] != 's') {
			return false;
		}
		boolean tagged = entry[FORMAT_NUMBER] == TAGGED && entry[KIND_OFFSET] == VALUE;
		if (!tagged && entry[FORMAT_NUMBER] != FORMAT.charAt(FORMAT_NUMBER)) {
			return false;
		}
		for (int blank : BLANKS) {
			if (entry[blank] != ' ') {
				return false;
			}
		}
		return (entry[KIND_OFFSET] == VALUE || entry[KIND_OFFSET] == LEASE) && number(entry, CLAIMED_UNTIL_OFFSET) >= 0
				&& number(entry, WRITTEN_OFFSET) >= 0 && number(entry, FRESH_OFFSET) >= 0;
	}

	private void put(int offset, long number) {
		long rest = number;
		for (int i = offset + TIME_LENGTH - 1; i >= offset; i--) {
			this.line[i] = (byte) ('0' + rest % 10);
			rest /= 10;
		}
		if (rest != 0 || number < 0) {
			throw new IllegalArgumentException(
					"A header field of " + TIME_LENGTH + " digits cannot hold '" + number + "'");
		}
	}

	private void put(int offset, String value, int length) {
		if (value.length() != length) {
			throw new IllegalArgumentException(
					"A header field of " + length + " characters cannot hold '" + value + "'");
		}
		for (int i = 0; i < length; i++) {
			this.line[offset + i] = (byte) value.charAt(i);
		}
	}

	private String text(int offset, int length) {
		return new String(this.line, offset, length, StandardCharsets.ISO_8859_1);
	}

	private static long number(byte[] entry, int offset) {
		long number = 0;
		for (int i = offset; i < offset + TIME_LENGTH; i++) {
			int digit = entry[i] - '0';
			if (digit < 0 || digit > 9) {
				return -1;
			}
			number = number * 10 + digit;
		}
		return number;
	}

}
