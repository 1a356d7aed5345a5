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

import java.util.Random;

/**
 * A source of random text that is meant to break keys: short, of few characters, nearly
 * all of which mean something to Redis, to JSON, to a percent-escape or to UTF-16. What
 * it gives depends on the seed alone, which stands in its {@link #toString()} for the
 * message of a failure; {@code -Dcachestarter.test.seed} repeats a run.
 */
public final class HostileText {

	private static final String[] PIECES = { "*", "?", "[", "]", "\\", "^", "-", ":", "%", "{", "}", "\"", "'", ",",
			" ", "~", "a", "b", "1", "A", "%2", "%null", "\n", "\u0000", "\u007f", "\u00e9", "\u200b", "\u202e",
			"\ud83d", "\ude00", "\ud83d\ude00", "{}", "{\"a\":1}", "[1]", "\"a\"", "null", "@set" };

	private final long seed = Long.getLong("cachestarter.test.seed", new Random().nextLong());

	private final Random random = new Random(this.seed);

	public Random random() {
		return this.random;
	}

	/**
	 * Return a text of some pieces.
	 * @param maxPieces the most pieces that it has; it may have none
	 * @return the text
	 */
	public String next(int maxPieces) {
		StringBuilder text = new StringBuilder();
		for (int i = this.random.nextInt(maxPieces + 1); i > 0; i--) {
			text.append(oneOf(PIECES));
		}
		return text.toString();
	}

	@SafeVarargs
	@SuppressWarnings("varargs")
	public final <T> T oneOf(T... choices) {
		return choices[this.random.nextInt(choices.length)];
	}

	@Override
	public String toString() {
		return "-Dcachestarter.test.seed=" + this.seed;
	}

}
