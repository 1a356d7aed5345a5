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

package dev.cachestarter.sample;

/**
 * What clients may write, and how SQL is to understand it.
 */
final class Text {

	/**
	 * Anything but control characters and halves of surrogate pairs, which a database may
	 * refuse to store.
	 */
	static final String PRINTABLE = "[^\\p{Cc}\\p{Cs}]*";

	static final String NOT_PRINTABLE = "must not contain control characters";

	private Text() {
	}

	/**
	 * Return the operand of {@code like :operand escape '!'} that finds a text anywhere.
	 * @param text the text, taken literally
	 * @return the operand
	 */
	static String anywhere(String text) {
		return "%" + text.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%";
	}

}
