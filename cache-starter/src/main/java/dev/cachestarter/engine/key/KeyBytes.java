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

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import org.jspecify.annotations.Nullable;

/**
 * Keys as bytes: UTF-8, and for a surrogate that has lost its other half, which UTF-8
 * cannot spell, the three bytes that its code would have (WTF-8). So no two strings give
 * the same bytes, where {@link String#getBytes} would make a question mark of both.
 */
public final class KeyBytes {

	private KeyBytes() {
	}

	/**
	 * Return the bytes of a text.
	 * @param text any string
	 * @return its bytes, different for different strings
	 */
	public static byte[] of(String text) {
		return isWellFormed(text) ? text.getBytes(StandardCharsets.UTF_8) : encodeWithLoneSurrogates(text);
	}

	/**
	 * Return the text of bytes that {@link #of} made.
	 * @param bytes the bytes
	 * @param offset where the text begins in them; it goes on to their end
	 * @return the text, or {@code null} if {@link #of} makes no such bytes
	 */
	static @Nullable String textOf(byte[] bytes, int offset) {
		ByteBuffer in = ByteBuffer.wrap(bytes, offset, bytes.length - offset);
		try {
			return StandardCharsets.UTF_8.newDecoder().decode(in).toString();
		}
		catch (CharacterCodingException ex) {
			return decodeWithLoneSurrogates(bytes, offset);
		}
	}

	private static boolean isWellFormed(String text) {
		int length = text.length();
		for (int i = 0; i < length; i++) {
			if (Character.isSurrogate(text.charAt(i)) && isLoneSurrogate(text, i)) {
				return false;
			}
		}
		return true;
	}

	/**
	 * Return whether a surrogate has lost its other half.
	 * @param text a text
	 * @param index where a surrogate stands in it
	 * @return whether there is no other half beside it
	 */
	static boolean isLoneSurrogate(String text, int index) {
		if (Character.isHighSurrogate(text.charAt(index))) {
			return index + 1 == text.length() || !Character.isLowSurrogate(text.charAt(index + 1));
		}
		return index == 0 || !Character.isHighSurrogate(text.charAt(index - 1));
	}

	private static byte[] encodeWithLoneSurrogates(String text) {
		ByteBuffer out = ByteBuffer.allocate(3 * text.length());
		int i = 0;
		while (i < text.length()) {
			int code = text.codePointAt(i);
			if (Character.charCount(code) == 1 && Character.isSurrogate((char) code)) {
				out.put((byte) (0xE0 | code >> 12))
					.put((byte) (0x80 | code >> 6 & 0x3F))
					.put((byte) (0x80 | code & 0x3F));
			}
			else {
				out.put(Character.toString(code).getBytes(StandardCharsets.UTF_8));
			}
			i += Character.charCount(code);
		}
		byte[] bytes = new byte[out.position()];
		out.flip().get(bytes);
		return bytes;
	}

	private static @Nullable String decodeWithLoneSurrogates(byte[] bytes, int offset) {
		CharBuffer out = CharBuffer.allocate(bytes.length);
		int i = offset;
		while (i < bytes.length) {
			if (isSurrogateAt(bytes, i)) {
				out.put((char) (0xD000 | (bytes[i + 1] & 0x3F) << 6 | bytes[i + 2] & 0x3F));
				i += 3;
				continue;
			}
			int start = i;
			do {
				i++;
			}
			while (i < bytes.length && !isSurrogateAt(bytes, i));
			ByteBuffer run = ByteBuffer.wrap(bytes, start, i - start);
			if (StandardCharsets.UTF_8.newDecoder().decode(run, out, true).isError()) {
				return null;
			}
		}
		String text = out.flip().toString();
		// Two halves that meet are one character, which has other bytes.
		return Arrays.equals(of(text), Arrays.copyOfRange(bytes, offset, bytes.length)) ? text : null;
	}

	private static boolean isSurrogateAt(byte[] bytes, int index) {
		return bytes[index] == (byte) 0xED && index + 2 < bytes.length && (bytes[index + 1] & 0xE0) == 0xA0
				&& (bytes[index + 2] & 0xC0) == 0x80;
	}

}
