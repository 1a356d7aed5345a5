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

import org.jspecify.annotations.Nullable;

/**
 * A key as it stands in Redis, and what it is the key of.
 *
 * <h2>Why a text is not enough</h2>
 *
 * <p>
 * To Spring the text {@code "acme:7"} and the arguments {@code ("acme", "7")} are two
 * keys; in Redis both stand as {@code acme:7}. They must:
 * {@code key = "#org + ':' + #id"} is to evict what a method of the two arguments has
 * cached, and nobody can see in a text how it came about. But whoever chooses the one
 * argument of another method of the same cache, {@code find("acme:7")}, must not get what
 * is the tenant {@code acme}'s. So the key has a mark, which is written into the header
 * of the entry, and an entry is read only by a key whose mark <em>accepts</em> that of
 * the entry:
 *
 * <table>
 * <caption>Marks</caption>
 * <tr>
 * <th>Mark</th>
 * <th>The key of</th>
 * <th>Reads entries of</th>
 * </tr>
 * <tr>
 * <td>{@code 1}</td>
 * <td>one value: the only argument, {@code key = "#arg"}, {@code cache.get(arg)}, and all
 * text of which it is not known how it was composed</td>
 * <td>{@code 1}, {@code *}</td>
 * </tr>
 * <tr>
 * <td>{@code n}</td>
 * <td>several values: several arguments, a {@code SimpleKey} of them,
 * {@code @cacheKeys.of(a, b)}</td>
 * <td>{@code n}, {@code *}</td>
 * </tr>
 * <tr>
 * <td>{@code *}</td>
 * <td>segments as they are: a text that an expression has joined by colons from values
 * without colons, and the full keys of {@code CacheService}</td>
 * <td>all</td>
 * </tr>
 * </table>
 *
 * <p>
 * The letter is followed by seven hexadecimal digits if the text leaves open what it is
 * of in some other way: two records of different classes with the same components have
 * one text, and so have a list and an array. Then the digits are a hash of the classes.
 * They are dashes for most keys, and count only together with {@code 1} and {@code n}.
 *
 * <h2>What follows</h2>
 *
 * <ul>
 * <li>What evicts looks at texts alone. Evicting the one key evicts the other as well,
 * which costs a miss and can be undone by nobody.</li>
 * <li>A put replaces the other key's entry. A load does so if its key goes before the
 * other ({@link #goesBefore}). Else its caller gets its value, and nothing is stored: as
 * long as there is an entry of a key that goes before this one, or a young one of its own
 * kind, so that two keys with one place do not replace each other in a loop.</li>
 * <li>A lease carries the mark too. Nobody waits for the load of a key that its own does
 * not accept, and no load is shared between two such keys.</li>
 * </ul>
 */
public final class EntryKey {

	/** The mark of segments as they are. */
	public static final String SEGMENTS = "*-------";

	/**
	 * The mark of keys that belong to no named cache. It tells whoever sweeps them from
	 * entries of a cache that it does not know.
	 */
	public static final String UNNAMED = "*unnamed";

	private static final String ONE = "1-------";

	private static final String SEVERAL = "n-------";

	private static final char ANY = '*';

	private final String text;

	private final String mark;

	private EntryKey(String text, String mark) {
		this.text = text;
		this.mark = mark;
	}

	/** The key of one value. */
	static EntryKey ofOne(String text, int classes) {
		return new EntryKey(text, mark(ONE, classes));
	}

	/** The key of several values. */
	static EntryKey ofSeveral(String text, int classes) {
		return new EntryKey(text, mark(SEVERAL, classes));
	}

	/** The key of segments as they are. */
	static EntryKey ofSegments(String text) {
		return new EntryKey(text, SEGMENTS);
	}

	private static String mark(String plain, int classes) {
		return (classes == 0) ? plain : "%c%07x".formatted(plain.charAt(0), classes & 0xFFFFFFF);
	}

	/**
	 * Return the key as it stands in Redis, within its cache.
	 */
	public String text() {
		return this.text;
	}

	/**
	 * Return what it is the key of, in eight characters.
	 */
	public String mark() {
		return this.mark;
	}

	/**
	 * Return whether an entry may be read by a key.
	 * @param mark the mark of the key
	 * @param written the mark in the entry's header
	 */
	public static boolean accepts(String mark, String written) {
		return written.charAt(0) == ANY || mark.charAt(0) == ANY || written.equals(mark);
	}

	/**
	 * Return whether a key may take the place of another of the same text, which must
	 * leave it to the first as long as that has a value there. Who may choose a single
	 * argument can spell the text of any arguments; nobody else's entry is to be lost by
	 * it.
	 * @param mark the mark of the key
	 * @param other the mark of the other, whose entries it does not read
	 */
	public static boolean goesBefore(String mark, String other) {
		return mark.charAt(0) == SEVERAL.charAt(0) && other.charAt(0) == ONE.charAt(0);
	}

	@Override
	public boolean equals(@Nullable Object other) {
		return other instanceof EntryKey that && this.text.equals(that.text) && this.mark.equals(that.mark);
	}

	@Override
	public int hashCode() {
		return this.text.hashCode();
	}

	@Override
	public String toString() {
		return this.text;
	}

}
