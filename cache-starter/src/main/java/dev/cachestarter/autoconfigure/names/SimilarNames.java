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

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/**
 * Finds the name that was meant among those that there are.
 */
public final class SimilarNames {

	private SimilarNames() {
	}

	/**
	 * Return the name that is most likely meant.
	 * @param name the name that was written
	 * @param candidates the names that there are
	 * @return the candidate that is equal but for case and punctuation, else the nearest
	 * that is no more than a few letters away
	 */
	public static Optional<String> closest(String name, Collection<String> candidates) {
		String written = normalize(name);
		int tolerance = Math.max(1, written.length() / 4);
		return candidates.stream()
			.filter((candidate) -> distance(written, normalize(candidate)) <= tolerance)
			.min(Comparator.comparingInt((candidate) -> distance(written, normalize(candidate))));
	}

	private static String normalize(String name) {
		return name.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N}]", "");
	}

	/**
	 * Levenshtein's distance, row by row, in which two letters in each other's place are
	 * one mistake.
	 */
	private static int distance(String a, String b) {
		int[] beforePrevious = new int[b.length() + 1];
		int[] previous = new int[b.length() + 1];
		for (int j = 0; j <= b.length(); j++) {
			previous[j] = j;
		}
		for (int i = 1; i <= a.length(); i++) {
			int[] current = new int[b.length() + 1];
			current[0] = i;
			for (int j = 1; j <= b.length(); j++) {
				int substitution = previous[j - 1] + ((a.charAt(i - 1) != b.charAt(j - 1)) ? 1 : 0);
				current[j] = Math.min(substitution, Math.min(previous[j], current[j - 1]) + 1);
				if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
					current[j] = Math.min(current[j], beforePrevious[j - 2] + 1);
				}
			}
			beforePrevious = previous;
			previous = current;
		}
		return previous[b.length()];
	}

}
