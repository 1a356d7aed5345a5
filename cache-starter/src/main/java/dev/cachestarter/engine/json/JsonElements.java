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

package dev.cachestarter.engine.json;

/**
 * Counts what a JSON text is made of, without reading it: a text of a few megabytes may
 * hold millions of empty objects, each of which takes fifty times its own size.
 */
public final class JsonElements {

	private JsonElements() {
	}

	/**
	 * Return whether a JSON text has more elements than a number: values and names, as
	 * told by the brackets, commas and colons outside of its strings. Of what is no JSON
	 * the answer says nothing.
	 * @param json holds the text in UTF-8
	 * @param offset where it begins
	 * @param length how long it is
	 * @param most the number
	 */
	public static boolean areMoreThan(int most, byte[] json, int offset, int length) {
		if (length <= most) {
			return false;
		}
		int count = 0;
		for (int i = offset; i < offset + length; i++) {
			switch (json[i]) {
				case '"' -> {
					i++;
					while (i < offset + length && json[i] != '"') {
						i += (json[i] == '\\') ? 2 : 1;
					}
				}
				case '[', '{', ',', ':' -> {
					if (++count > most) {
						return true;
					}
				}
				default -> {
				}
			}
		}
		return false;
	}

}
