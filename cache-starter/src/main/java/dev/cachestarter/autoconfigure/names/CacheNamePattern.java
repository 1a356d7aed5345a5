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

package dev.cachestarter.autoconfigure.names;

import java.util.Comparator;

/**
 * A pattern for names of caches. {@code *} stands for any text, the empty one included;
 * every other character stands for itself:
 *
 * <pre>
 * servers:*     servers:list, servers:tools
 * *:list        agents:list, servers:list
 * *             every cache
 * </pre>
 *
 * Of several patterns that fit one name, the greatest is the most specific: the one with
 * the most characters beside its {@code *}; of two with equally many, the one that begins
 * with more of them.
 *
 * @param text the pattern as it was written
 */
public record CacheNamePattern(String text) implements Comparable<CacheNamePattern> {

	private static final Comparator<CacheNamePattern> BY_PRECISION = Comparator.comparingInt(CacheNamePattern::literals)
		.thenComparingInt((pattern) -> pattern.text().indexOf('*'))
		.thenComparing(CacheNamePattern::text, Comparator.reverseOrder());

	/** What is a wildcard elsewhere. */
	private static final String WILDCARDS = "?[]\\";

	/**
	 * Create a pattern.
	 * @throws IllegalArgumentException if it is malformed: what is wrong, and in a
	 * sentence of its own, without the full stop, the cure
	 */
	public CacheNamePattern {
		if (!isPattern(text)) {
			throw new IllegalArgumentException("it has no '*'. Add one, or use it as a name");
		}
		if (text.contains("**")) {
			throw new IllegalArgumentException("it has two '*' in a row. Write one: it stands for any text");
		}
		if (!text.strip().equals(text)) {
			throw new IllegalArgumentException("it begins or ends with a blank. Remove the blank");
		}
		for (int i = 0; i < text.length(); i++) {
			if (WILDCARDS.indexOf(text.charAt(i)) >= 0) {
				throw new IllegalArgumentException(
						"it has a '%s', but '*' is the only wildcard here. Write '*' in its place"
							.formatted(text.charAt(i)));
			}
		}
	}

	/**
	 * Return whether a text is a pattern, and no name.
	 * @param text a key below {@code cache-starter.caches}
	 * @return whether it has a wildcard
	 */
	public static boolean isPattern(String text) {
		return text.indexOf('*') >= 0;
	}

	/**
	 * Return whether a name fits this pattern.
	 * @param name the name of a cache
	 * @return whether it does
	 */
	public boolean fits(String name) {
		int at = 0;
		int in = 0;
		int star = -1;
		int retry = 0;
		while (in < name.length()) {
			if (at < this.text.length() && this.text.charAt(at) == '*') {
				star = at++;
				retry = in;
			}
			else if (at < this.text.length() && this.text.charAt(at) == name.charAt(in)) {
				at++;
				in++;
			}
			else if (star >= 0) {
				// The last star takes one character more.
				at = star + 1;
				in = ++retry;
			}
			else {
				return false;
			}
		}
		return at == this.text.length() || (at == this.text.length() - 1 && this.text.charAt(at) == '*');
	}

	private int literals() {
		return this.text.replace("*", "").length();
	}

	@Override
	public int compareTo(CacheNamePattern other) {
		return BY_PRECISION.compare(this, other);
	}

	@Override
	public String toString() {
		return this.text;
	}

}
