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

/**
 * Where the first segment of a key ends. A key is segments joined by {@code :}; a segment
 * is text, which holds no colon, or one JSON object, array or string, which ends where
 * JSON says it does, colons and all:
 *
 * <pre>
 * org-123:{"limit":20,"page":1}   the first segment is org-123
 * {"org":"a:b"}:x                 the first segment is {"org":"a:b"}
 * {"org":oops}:x                  is not JSON, so the first segment is {"org"
 * </pre>
 *
 * JSON nested deeper than {@value #MAX_DEPTH} levels counts as text. The reader and the
 * evictor of a key may be different processes: whatever is decided here is part of the
 * format.
 */
final class KeySegments {

	static final int MAX_DEPTH = 64;

	private static final int INVALID = -1;

	private static final int INCOMPLETE = -2;

	private KeySegments() {
	}

	/**
	 * Return the length of the first segment of a key that has two or more.
	 * @param key the key within its cache
	 * @return the index of the colon that ends the first segment, {@code -1} if the key
	 * is a single segment
	 */
	static int endOfFirst(String key) {
		if (startsAsJson(key)) {
			int end = endOfJson(key);
			if (end == key.length()) {
				return -1;
			}
			if (key.startsWith(":", end)) {
				return end;
			}
		}
		return key.indexOf(':');
	}

	/**
	 * Return whether a piece of text is the first segment of every key that begins with
	 * it and a colon. It is not if it has a colon of its own, nor if it is the beginning
	 * of JSON that such a key could complete.
	 * @param text the candidate
	 * @return whether all these keys, and no others, have it as their first segment
	 */
	static boolean isFirstOfAllItBegins(String text) {
		if (startsAsJson(text)) {
			int end = endOfJson(text + ":");
			if (end == text.length()) {
				return true;
			}
			if (end == INCOMPLETE) {
				return false;
			}
		}
		return text.indexOf(':') < 0;
	}

	private static boolean startsAsJson(String text) {
		return text.startsWith("{") || text.startsWith("[") || text.startsWith("\"");
	}

	/**
	 * Return where the JSON value ends that a text begins with.
	 * @return the index after it, {@link #INVALID} if no text that begins so is JSON,
	 * {@link #INCOMPLETE} if a longer text might be
	 */
	private static int endOfJson(String text) {
		JsonScanner scanner = new JsonScanner(text);
		if (scanner.value(0)) {
			return scanner.position;
		}
		return (scanner.position < text.length()) ? INVALID : INCOMPLETE;
	}

	/**
	 * Recognises JSON from left to right, looking at each character once. When a method
	 * answers {@code false}, the position is that of the character that cannot stand
	 * there, or the end of the text if there were too few.
	 */
	private static final class JsonScanner {

		private final String text;

		private int position;

		JsonScanner(String text) {
			this.text = text;
		}

		boolean value(int depth) {
			return switch (peek()) {
				case '{' -> depth < MAX_DEPTH && object(depth);
				case '[' -> depth < MAX_DEPTH && array(depth);
				case '"' -> string();
				case 't' -> word("true");
				case 'f' -> word("false");
				case 'n' -> word("null");
				default -> number();
			};
		}

		private boolean object(int depth) {
			this.position++;
			blanks();
			if (take('}')) {
				return true;
			}
			do {
				blanks();
				if (peek() != '"' || !string()) {
					return false;
				}
				blanks();
				if (!take(':')) {
					return false;
				}
				blanks();
				if (!value(depth + 1)) {
					return false;
				}
				blanks();
			}
			while (take(','));
			return take('}');
		}

		private boolean array(int depth) {
			this.position++;
			blanks();
			if (take(']')) {
				return true;
			}
			do {
				blanks();
				if (!value(depth + 1)) {
					return false;
				}
				blanks();
			}
			while (take(','));
			return take(']');
		}

		private boolean string() {
			this.position++;
			while (true) {
				int next = peek();
				if (next < ' ') {
					return false;
				}
				this.position++;
				if (next == '"') {
					return true;
				}
				if (next == '\\' && !escape()) {
					return false;
				}
			}
		}

		private boolean escape() {
			if (take('u')) {
				for (int i = 0; i < 4; i++) {
					if (Character.digit(peek(), 16) < 0 || peek() > 'f') {
						return false;
					}
					this.position++;
				}
				return true;
			}
			if ("\"\\/bfnrt".indexOf(peek()) < 0) {
				return false;
			}
			this.position++;
			return true;
		}

		private boolean number() {
			take('-');
			if (!take('0') && !digits()) {
				return false;
			}
			if (take('.') && !digits()) {
				return false;
			}
			if (take('e') || take('E')) {
				if (!take('+')) {
					take('-');
				}
				return digits();
			}
			return true;
		}

		private boolean digits() {
			int start = this.position;
			while (peek() >= '0' && peek() <= '9') {
				this.position++;
			}
			return this.position > start;
		}

		private boolean word(String word) {
			for (int i = 0; i < word.length(); i++) {
				if (!take(word.charAt(i))) {
					return false;
				}
			}
			return true;
		}

		private void blanks() {
			int next = peek();
			while (next == ' ' || next == '\t' || next == '\n' || next == '\r') {
				this.position++;
				next = peek();
			}
		}

		private boolean take(char expected) {
			if (peek() == expected) {
				this.position++;
				return true;
			}
			return false;
		}

		private int peek() {
			return (this.position < this.text.length()) ? this.text.charAt(this.position) : -1;
		}

	}

}
