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
package dev.cachestarter.engine.tag;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * The tags that an entry carries, each with the generation that it had when the entry was
 * stored. They stand between the header of the entry and its payload:
 *
 * <pre>
 * 2  000061                            how many tags, bytes of the lines below
 * 8d0c5a3be1f24790 0011 tool:search    generation, bytes of the tag, the tag
 * 41b7c06ed2a98f35 0004 mail
 * </pre>
 *
 * An entry without tags has nothing of this.
 */
public final class CarriedTags {

	/** How many bytes a generation has. */
	public static final int GENERATION_LENGTH = 16;

	public static final CarriedTags NONE = new CarriedTags(List.of(), new byte[0], 0, 0);

	/** The most bytes that a tag has. */
	private static final int LONGEST = 1024;

	private static final int MOST = 64;

	/** How many bytes tell how many bytes the tags take: {@code "64 000000\n"}. */
	public static final int HEAD_LENGTH = 10;

	/** Generation, blank, four digits, blank. */
	private static final int LINE_HEAD_LENGTH = GENERATION_LENGTH + 6;

	/** The most bytes that all of them take in an entry. */
	public static final int MOST_BYTES = HEAD_LENGTH + MOST * (LINE_HEAD_LENGTH + LONGEST + 1);

	private final List<String> names;

	/** Where they are written. */
	private final byte[] bytes;

	private final int start;

	private final int length;

	/** Where the generation of each is. */
	private final int[] generations;

	private CarriedTags(List<String> names, byte[] bytes, int start, int length, int... generations) {
		this.names = names;
		this.bytes = bytes;
		this.start = start;
		this.length = length;
		this.generations = generations;
	}

	/**
	 * Put tags and their generations together.
	 * @param names the tags, escaped; at most 64
	 * @param generations their generations, in the same order
	 */
	static CarriedTags of(List<String> names, List<byte[]> generations) {
		List<byte[]> texts = names.stream().map((name) -> name.getBytes(StandardCharsets.UTF_8)).toList();
		int length = texts.stream().mapToInt((text) -> LINE_HEAD_LENGTH + text.length + 1).sum();
		byte[] block = new byte[HEAD_LENGTH + length];
		Arrays.fill(block, 0, HEAD_LENGTH, (byte) ' ');
		putNumber(block, 0, names.size(), (names.size() < 10) ? 1 : 2);
		putNumber(block, 3, length, 6);
		block[HEAD_LENGTH - 1] = '\n';
		int[] places = new int[names.size()];
		int at = HEAD_LENGTH;
		for (int i = 0; i < places.length; i++) {
			byte[] text = texts.get(i);
			places[i] = at;
			System.arraycopy(generations.get(i), 0, block, at, GENERATION_LENGTH);
			block[at + GENERATION_LENGTH] = ' ';
			putNumber(block, at + GENERATION_LENGTH + 1, text.length, 4);
			block[at + LINE_HEAD_LENGTH - 1] = ' ';
			System.arraycopy(text, 0, block, at + LINE_HEAD_LENGTH, text.length);
			at += LINE_HEAD_LENGTH + text.length + 1;
			block[at - 1] = '\n';
		}
		return new CarriedTags(List.copyOf(names), block, 0, block.length, places);
	}

	/** A format would use the digits of the JVM's language. */
	private static void putNumber(byte[] bytes, int offset, int number, int digits) {
		int rest = number;
		for (int i = offset + digits - 1; i >= offset; i--) {
			bytes[i] = (byte) ('0' + rest % 10);
			rest /= 10;
		}
	}

	/**
	 * Read the tags of an entry.
	 * @param entry the entry, which stays as it is
	 * @param start where its header ends
	 * @return the tags, {@code null} if what stands there is not written like this
	 */
	public static @Nullable CarriedTags parse(byte[] entry, int start) {
		return parse(entry, start, TagSet.NONE);
	}

	/**
	 * Read the tags of an entry that may well be those that it had before.
	 * @param entry the entry, which stays as it is
	 * @param start where its header ends
	 * @param guess tags; if the entry carries these in this order, their names are taken
	 * @return the tags, {@code null} if what stands there is not written like this
	 */
	public static @Nullable CarriedTags parse(byte[] entry, int start, TagSet guess) {
		if (entry.length < start + HEAD_LENGTH || entry[start + 2] != ' ' || entry[start + HEAD_LENGTH - 1] != '\n') {
			return null;
		}
		int count = (entry[start + 1] == ' ') ? number(entry, start, 1) : number(entry, start, 2);
		int length = number(entry, start + 3, 6);
		int end = start + HEAD_LENGTH + length;
		if (count < 1 || count > MOST || length < 0 || end > entry.length) {
			return null;
		}
		int[] generations = new int[count];
		boolean guessed = count == guess.size();
		int at = start + HEAD_LENGTH;
		for (int i = 0; i < count; i++) {
			int size = (at + LINE_HEAD_LENGTH < end) ? sizeAt(entry, at) : -1;
			int next = at + LINE_HEAD_LENGTH + size + 1;
			if (size < 1 || size > LONGEST || next > end || entry[next - 1] != '\n') {
				return null;
			}
			generations[i] = at;
			guessed = guessed && guess.isAt(i, entry, at + LINE_HEAD_LENGTH, size);
			at = next;
		}
		return (at == end) ? new CarriedTags(guessed ? guess.names() : namesIn(entry, generations), entry, start,
				end - start, generations) : null;
	}

	private static List<String> namesIn(byte[] entry, int... generations) {
		String[] names = new String[generations.length];
		for (int i = 0; i < names.length; i++) {
			int at = generations[i];
			names[i] = new String(entry, at + LINE_HEAD_LENGTH, sizeAt(entry, at), StandardCharsets.UTF_8);
		}
		return List.of(names);
	}

	private static int sizeAt(byte[] entry, int generation) {
		return number(entry, generation + GENERATION_LENGTH + 1, 4);
	}

	private static int number(byte[] bytes, int offset, int digits) {
		int number = 0;
		for (int i = offset; i < offset + digits; i++) {
			int digit = bytes[i] - '0';
			if (digit < 0 || digit > 9) {
				return -1;
			}
			number = number * 10 + digit;
		}
		return number;
	}

	/** Return how many bytes they take in an entry. */
	public int length() {
		return this.length;
	}

	/**
	 * Return how many bytes the tags of an entry take.
	 * @param entry the entry, or its beginning
	 * @param start where its header ends
	 * @return the bytes, -1 if what stands there is not written like this
	 */
	public static int lengthIn(byte[] entry, int start) {
		int length = (entry.length >= start + HEAD_LENGTH) ? number(entry, start + 3, 6) : -1;
		return (length >= 0 && HEAD_LENGTH + length <= MOST_BYTES) ? HEAD_LENGTH + length : -1;
	}

	/** Return the tags, escaped. */
	public List<String> names() {
		return this.names;
	}

	public boolean isEmpty() {
		return this.names.isEmpty();
	}

	/** Return the generation of a tag, by its place among the names. */
	public String generation(int index) {
		return new String(this.bytes, this.generations[index], GENERATION_LENGTH, StandardCharsets.ISO_8859_1);
	}

	/**
	 * Return whether a tag is of the generation that was read for it.
	 * @param index its place among the names
	 * @param read what stands under the key of its generation
	 */
	boolean isOf(int index, byte @Nullable [] read) {
		int at = this.generations[index];
		return read != null && read.length == TagGenerations.LENGTH
				&& Arrays.equals(read, 0, GENERATION_LENGTH, this.bytes, at, at + GENERATION_LENGTH);
	}

	/**
	 * Put them into an entry that has none.
	 * @param entry the entry
	 * @param start where its header ends
	 */
	public byte[] insertInto(byte[] entry, int start) {
		byte[] tagged = Arrays.copyOf(entry, entry.length + this.length);
		System.arraycopy(this.bytes, this.start, tagged, start, this.length);
		System.arraycopy(entry, start, tagged, start + this.length, entry.length - start);
		return tagged;
	}

	/**
	 * Take them out of the entry that carries them.
	 * @param entry the entry
	 * @param start where its header ends
	 */
	public byte[] takeOutOf(byte[] entry, int start) {
		byte[] plain = new byte[entry.length - this.length];
		System.arraycopy(entry, 0, plain, 0, start);
		System.arraycopy(entry, start + this.length, plain, start, plain.length - start);
		return plain;
	}

}
