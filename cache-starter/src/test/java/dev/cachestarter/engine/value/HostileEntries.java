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

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.function.Supplier;

import dev.cachestarter.engine.entry.EntryHeader;

/**
 * Changes entries as somebody would who means harm, or a broken disk. What it does
 * depends on the seed alone.
 */
public final class HostileEntries {

	private static final byte[][] TOKENS = List
		.of("null", "true", "-0", "1e999999999", "-1e-999999999", "1E400", "NaN", "\"\"", "\"\\ud800\"", "[]", "{}",
				",", ":", "\"", "\\", "[{}]", "{\"@type\":\"x\"}", "{\"@class\":\"java.lang.Runtime\"}", "\u0000",
				"\r\n", "9007199254740993", "0x1", "/*", "\"\\u0000\"", "\"\u202e\"")
		.stream()
		.map((token) -> token.getBytes(StandardCharsets.UTF_8))
		.toArray(byte[][]::new);

	private static final String[] TIMES = { "0000000000000", "9999999999999", "0000000000001", "-000000000001",
			"1700000000000", "            1", "99999999999999", "1e10000000000" };

	private static final int[] FIELDS = { 0, 4, 6, 23, 40, 54, 71, 88, 97, 106, 120, 134, 139 };

	private final Random random;

	private final int largest;

	/**
	 * Create one.
	 * @param random where all choices come from
	 * @param largest about the length of the largest payload that it makes
	 */
	public HostileEntries(Random random, int largest) {
		this.random = random;
		this.largest = largest;
	}

	/**
	 * Change an entry, in one way or several.
	 * @param entry an entry
	 * @param other another, of which parts may be taken
	 * @return other bytes
	 */
	public byte[] changed(byte[] entry, byte[] other) {
		byte[] bytes = entry.clone();
		for (int i = this.random.nextInt(3); i >= 0; i--) {
			bytes = change(bytes, other);
		}
		return bytes;
	}

	private byte[] change(byte[] entry, byte[] other) {
		// What is large is rare, since it is slow.
		if (this.random.nextInt(400) == 0) {
			return with(entry, large());
		}
		return switch (this.random.nextInt(14)) {
			case 0 -> flipped(entry);
			case 1 -> Arrays.copyOf(entry, this.random.nextInt(entry.length + 1));
			case 2 -> spliced(entry, payloadPlace(entry), 0, noise(1 + this.random.nextInt(40)));
			case 3 -> spliced(entry, payloadPlace(entry), this.random.nextInt(20), token());
			case 4, 5 -> header(entry);
			case 6 -> with(entry, payload(other));
			case 7 -> joined(head(other), payload(entry));
			case 8 -> doubled(entry);
			case 9 -> number(entry);
			case 10 -> spliced(entry, payloadPlace(entry), 0, nested());
			case 11 -> flag(entry);
			case 12 -> with(entry, packed(entry));
			default -> spliced(entry, this.random.nextInt(entry.length + 1), this.random.nextInt(8), noise(4));
		};
	}

	private byte[] flipped(byte[] entry) {
		byte[] flipped = entry.clone();
		for (int i = this.random.nextInt(4); i >= 0 && flipped.length > 0; i--) {
			flipped[this.random.nextInt(flipped.length)] ^= (byte) (1 << this.random.nextInt(8));
		}
		return flipped;
	}

	private byte[] header(byte[] entry) {
		int offset = FIELDS[this.random.nextInt(FIELDS.length)];
		String text = switch (offset) {
			case 40, 106, 120 -> TIMES[this.random.nextInt(TIMES.length)];
			case 4 -> String.valueOf("vlx".charAt(this.random.nextInt(3)));
			case 88 -> List.of("--------", "~long---", "~uuid---", "~instant", "~bigdeci").get(this.random.nextInt(5));
			case 139 -> List.of("*-------", "1-------", "n-------", "*unnamed", "1abcdef0").get(this.random.nextInt(5));
			case 0 -> "cs" + this.random.nextInt(10);
			default -> "-".repeat(16);
		};
		return spliced(entry, Math.min(offset, entry.length), text.length(), text.getBytes(StandardCharsets.US_ASCII));
	}

	private byte[] flag(byte[] entry) {
		byte[] changed = entry.clone();
		int flag = 134 + this.random.nextInt(4);
		if (flag < changed.length) {
			changed[flag] = (byte) "-nztur".charAt(this.random.nextInt(6));
		}
		return changed;
	}

	/** The payload as a frame, damaged or not; said or not said in the header. */
	private byte[] packed(byte[] entry) {
		byte[] room = joined(new byte[EntryHeader.LENGTH], payload(entry));
		byte[] frame = PayloadCompression.compress(joined(room, new byte[200]));
		byte[] payload = Arrays.copyOfRange(Objects.requireNonNull(frame), EntryHeader.LENGTH, frame.length);
		for (int i = this.random.nextInt(4); i > 0; i--) {
			payload[this.random.nextInt(Math.min(24, payload.length))] = (byte) this.random.nextInt(256);
		}
		return payload;
	}

	private byte[] doubled(byte[] entry) {
		byte[] payload = payload(entry);
		int from = this.random.nextInt(payload.length + 1);
		byte[] part = Arrays.copyOfRange(payload, from, from + this.random.nextInt(payload.length - from + 1));
		return spliced(entry, payloadPlace(entry), 0, part);
	}

	private byte[] number(byte[] entry) {
		byte[] digits = new byte[1 + this.random.nextInt(12_000)];
		Arrays.fill(digits, (byte) ('1' + this.random.nextInt(9)));
		for (int i = Math.min(EntryHeader.LENGTH, entry.length); i < entry.length; i++) {
			if (entry[i] >= '0' && entry[i] <= '9' && this.random.nextInt(6) == 0) {
				return spliced(entry, i, 1, digits);
			}
		}
		return entry;
	}

	private byte[] nested() {
		String open = this.random.nextBoolean() ? "[" : "{\"a\":";
		return open.repeat(1 + this.random.nextInt(3000)).getBytes(StandardCharsets.US_ASCII);
	}

	/** Long, many, or much behind a frame. */
	private byte[] large() {
		List<Supplier<String>> makers = List.of(() -> "[" + "{},".repeat(this.largest / 3) + "{}]",
				() -> "[".repeat(this.largest), () -> "\"" + "\\ud83d".repeat(this.largest / 6) + "\"",
				() -> "9".repeat(this.largest), () -> "[" + "1e308,".repeat(this.largest / 6) + "1]",
				() -> "{" + "\"a\":1,".repeat(this.largest / 6) + "\"a\":1}", () -> " ".repeat(this.largest),
				() -> "{\"" + "n".repeat(this.largest) + "\":1}");
		byte[] json = makers.get(this.random.nextInt(makers.size())).get().getBytes(StandardCharsets.US_ASCII);
		byte[] frame = this.random.nextBoolean()
				? PayloadCompression.compress(joined(new byte[EntryHeader.LENGTH], json)) : null;
		return (frame != null) ? Arrays.copyOfRange(frame, EntryHeader.LENGTH, frame.length) : json;
	}

	private byte[] token() {
		return TOKENS[this.random.nextInt(TOKENS.length)];
	}

	private byte[] noise(int length) {
		byte[] noise = new byte[length];
		this.random.nextBytes(noise);
		return noise;
	}

	private int payloadPlace(byte[] entry) {
		int start = Math.min(EntryHeader.LENGTH, entry.length);
		return start + this.random.nextInt(entry.length - start + 1);
	}

	private static byte[] payload(byte[] entry) {
		return Arrays.copyOfRange(entry, Math.min(EntryHeader.LENGTH, entry.length), entry.length);
	}

	private static byte[] head(byte[] entry) {
		return Arrays.copyOf(entry, Math.min(EntryHeader.LENGTH, entry.length));
	}

	private static byte[] with(byte[] entry, byte[] payload) {
		return joined(head(entry), payload);
	}

	private static byte[] spliced(byte[] bytes, int from, int removed, byte[] added) {
		int end = Math.min(bytes.length, from + removed);
		return joined(joined(Arrays.copyOf(bytes, from), added), Arrays.copyOfRange(bytes, end, bytes.length));
	}

	private static byte[] joined(byte[] first, byte[] second) {
		byte[] joined = Arrays.copyOf(first, first.length + second.length);
		System.arraycopy(second, 0, joined, first.length, second.length);
		return joined;
	}

}
