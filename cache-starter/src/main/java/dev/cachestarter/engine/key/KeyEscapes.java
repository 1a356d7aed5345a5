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

package dev.cachestarter.engine.key;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

import org.jspecify.annotations.Nullable;

/**
 * How text stands in a key. There is one way, wherever the text comes from: percent
 * signs, glob characters, blanks, control and invisible characters, what begins like JSON
 * and what ends like it are percent-escaped. What follows a {@code %} is then two
 * upper-case hexadecimal digits, and {@code %null}, {@code %empty}, {@code %noargs} and
 * the hashes below are no text's.
 * <p>
 * A colon is escaped in a segment. In a text that is a whole key it is not: there it
 * parts segments, each of which is escaped for itself. So a text that was joined from
 * values without colons is the key that these values have as arguments:
 *
 * <pre>
 * argument "a b:c"           a%20b:c
 * arguments "a b", "c"       a%20b:c
 * arguments "a b:c", "d"     a%20b%3Ac:d
 * </pre>
 *
 * (That the first two share an entry's place does not mean that they share the entry, see
 * {@link EntryKey}.)
 *
 * <h2>Long keys</h2>
 *
 * <p>
 * A segment of more than {@value #MAX_SEGMENT} bytes stands as the hash of its text. Of a
 * text with more than {@value #MAX_SEGMENTS} segments that would take more than
 * {@value #MAX_TEXT} characters the first segment stands as it is, and all the rest as
 * one hash. So no argument, however long, makes a command to Redis or what is remembered
 * of an eviction large.
 */
final class KeyEscapes {

	static final String NULL = "%null";

	static final String EMPTY = "%empty";

	static final String NO_ARGUMENTS = "%noargs";

	static final int MAX_SEGMENT = 1024;

	static final int MAX_TEXT = 4096;

	static final int MAX_SEGMENTS = 16;

	static final int MAX_KEY = 65_536;

	private static final int MAX_LOGGED = 256;

	private static final int MAX_MESSAGE = 4000;

	private static final char[] HEX = "0123456789ABCDEF".toCharArray();

	private KeyEscapes() {
	}

	/**
	 * Return a text as one segment.
	 * @param text the text
	 * @return the text itself if nothing in it needs to be escaped
	 */
	static String segment(String text) {
		if (text.length() <= MAX_SEGMENT) {
			String escaped = escape(text);
			if (isShort(escaped)) {
				return escaped;
			}
		}
		return hash("%text-", text);
	}

	/**
	 * Return canonical JSON as one segment.
	 */
	static String jsonSegment(String json) {
		return isShort(json) ? json : hash("%json-", json);
	}

	private static boolean isShort(String segment) {
		return segment.length() <= MAX_SEGMENT / 3
				|| (segment.length() <= MAX_SEGMENT && KeyBytes.of(segment).length <= MAX_SEGMENT);
	}

	/**
	 * Return a text that is a whole key: its colons part segments.
	 */
	static String key(String text) {
		int colon = text.indexOf(':');
		if (colon < 0) {
			return segment(text);
		}
		String key = segments(text);
		return (key != null) ? key
				: segment(text.substring(0, colon)) + ":" + hash("%rest-", text.substring(colon + 1));
	}

	/**
	 * Return a tag as it stands in its key: legible, and never longer than a segment.
	 */
	static String tag(String text) {
		String key = (text.length() <= MAX_SEGMENT) ? segments(text) : null;
		return (key != null && isShort(key)) ? key : hash("%text-", text);
	}

	/** Return the segments of a text, {@code null} if they get too many and too long. */
	private static @Nullable String segments(String text) {
		StringBuilder key = new StringBuilder(Math.min(text.length(), MAX_TEXT) + 16);
		int start = 0;
		for (int count = 1;; count++) {
			int colon = text.indexOf(':', start);
			key.append(segment((colon < 0) ? text.substring(start) : text.substring(start, colon)));
			// Few have no limit: arguments have none, and a text must meet them.
			if (count > MAX_SEGMENTS && key.length() > MAX_TEXT) {
				return null;
			}
			if (colon < 0) {
				return key.toString();
			}
			key.append(':');
			start = colon + 1;
		}
	}

	/**
	 * Return a key that is given as it stands in Redis, shortened if it is far too long.
	 */
	static String bounded(String key) {
		if (key.length() <= MAX_KEY) {
			return key;
		}
		int end = KeySegments.endOfFirst(key);
		return (end < 0 || end > MAX_SEGMENT) ? hash("%rest-", key)
				: key.substring(0, end) + ":" + hash("%rest-", key.substring(end + 1));
	}

	static String escape(String text) {
		if (text.isEmpty()) {
			return EMPTY;
		}
		int length = text.length();
		for (int i = 0; i < length; i++) {
			if (needsEscape(text, i)) {
				return escape(text, i);
			}
		}
		return text;
	}

	private static String escape(String text, int firstEscaped) {
		StringBuilder out = new StringBuilder(text.length() + 16).append(text, 0, firstEscaped);
		for (int i = firstEscaped; i < text.length(); i++) {
			append(text, i, needsEscape(text, i), out);
		}
		return out.toString();
	}

	/**
	 * Return a key or a pattern for the log: all of it can be read, and what is long is
	 * cut.
	 */
	static String printable(String text) {
		int length = Math.min(text.length(), MAX_LOGGED);
		StringBuilder out = new StringBuilder(length);
		for (int i = 0; i < length; i++) {
			append(text, i, isUnreadable(text, i), out);
		}
		return (length < text.length()) ? out.append("... (").append(text.length()).append(" characters)").toString()
				: out.toString();
	}

	/**
	 * Return a message for the log as one line: what begins another, or turns the
	 * direction, is escaped, and what is very long is cut.
	 */
	static String oneLine(String text) {
		int length = Math.min(text.length(), MAX_MESSAGE);
		StringBuilder out = new StringBuilder(length);
		for (int i = 0; i < length; i++) {
			append(text, i, isUnreadable(text, i), out);
		}
		return (length < text.length()) ? out.append("...").toString() : out.toString();
	}

	private static void append(String text, int index, boolean escaped, StringBuilder out) {
		if (!escaped) {
			out.append(text.charAt(index));
			return;
		}
		for (byte octet : KeyBytes.of(text.substring(index, index + 1))) {
			out.append('%').append(HEX[octet >> 4 & 0xF]).append(HEX[octet & 0xF]);
		}
	}

	/** Append a character as JSON spells one that cannot be read. */
	static void appendUnicode(char unreadable, StringBuilder out) {
		out.append("\\u");
		for (int shift = 12; shift >= 0; shift -= 4) {
			out.append(HEX[unreadable >> shift & 0xF]);
		}
	}

	private static boolean needsEscape(String text, int index) {
		return switch (text.charAt(index)) {
			case ' ', '%', ':', '*', '?', '[', ']', '\\', '^' -> true;
			case '{', '"' -> index == 0;
			// Else "*:" and a text would match the end of somebody's JSON.
			case '}' -> index == text.length() - 1 && text.charAt(0) != '{';
			default -> isUnreadable(text, index);
		};
	}

	static boolean isUnreadable(String text, int index) {
		char current = text.charAt(index);
		if (current < 0x7F) {
			return current < ' ';
		}
		if (Character.isSurrogate(current)) {
			return KeyBytes.isLoneSurrogate(text, index);
		}
		return current <= 0xA0 || current == 0xAD || current == 0x1680 || current >= 0x2000 && current <= 0x200F
				|| current >= 0x2028 && current <= 0x202F || current >= 0x205F && current <= 0x206F || current == 0x3000
				|| current == 0xFEFF;
	}

	private static String hash(String name, String text) {
		Hash hash = new Hash();
		hash.add(text);
		return name + hash;
	}

	/**
	 * The hash of a text, without a copy of it.
	 */
	private static final class Hash {

		private final MessageDigest digest = sha256();

		private final byte[] buffer = new byte[4096];

		private int filled;

		void add(String text) {
			for (int i = 0; i < text.length(); i++) {
				if (this.filled == this.buffer.length) {
					flush();
				}
				char current = text.charAt(i);
				this.buffer[this.filled++] = (byte) (current >> 8);
				this.buffer[this.filled++] = (byte) current;
			}
		}

		private void flush() {
			this.digest.update(this.buffer, 0, this.filled);
			this.filled = 0;
		}

		@Override
		public String toString() {
			flush();
			return HexFormat.of().formatHex(this.digest.digest());
		}

		private static MessageDigest sha256() {
			try {
				return MessageDigest.getInstance("SHA-256");
			}
			catch (NoSuchAlgorithmException ex) {
				throw new IllegalStateException(ex);
			}
		}

	}

}
