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

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * A glob over the keys of a cache, within that cache: what stands after the cache's name
 * and the colon. Given to a cache as the key of an eviction, it evicts all that it
 * matches.
 * <p>
 * It means what it means to Redis, which matches bytes of UTF-8, not characters:
 * {@code ?} is one byte, and a class such as {@code [a-c]} one of some bytes. What a
 * pattern is made of is literal unless it is a glob, so a value that comes from outside
 * must be escaped: {@link CacheKeys#under} does.
 *
 * @since 0.1.0
 */
public final class KeyPattern {

	// One step of the compiled glob is a byte (0 to 255), one of these, or, from CLASSES
	// downwards, the place of a class in this.classes.
	private static final int ANY = -1;

	private static final int ONE = -2;

	private static final int CLASSES = -3;

	private final String glob;

	private final int[] steps;

	private final List<BitSet> classes;

	private KeyPattern(String glob) {
		this.glob = glob;
		this.classes = new ArrayList<>(0);
		this.steps = compile(KeyBytes.of(glob), this.classes);
	}

	/**
	 * Return the pattern of a glob.
	 * @param glob {@code *} any characters, {@code ?} one, {@code [a-c]} one of these,
	 * {@code [^a]} any but these, {@code \} escapes the next
	 * @return the pattern
	 */
	public static KeyPattern of(String glob) {
		return new KeyPattern(glob);
	}

	/**
	 * Return the pattern of all keys that begin with a segment, or several, and have at
	 * least one more.
	 * @param group the leading segments as they stand in the keys
	 * @return the pattern
	 */
	public static KeyPattern ofGroup(String group) {
		return new KeyPattern(escapeGlob(group) + ":*");
	}

	/**
	 * Return the glob that matches a text alone.
	 * @param text any text
	 * @return the text, with what a glob gives a meaning to escaped
	 */
	static String escapeGlob(String text) {
		StringBuilder escaped = null;
		for (int i = 0; i < text.length(); i++) {
			char current = text.charAt(i);
			boolean special = current == '*' || current == '?' || current == '[' || current == '\\';
			if (special && escaped == null) {
				escaped = new StringBuilder(text.length() + 8).append(text, 0, i);
			}
			if (escaped != null) {
				if (special) {
					escaped.append('\\');
				}
				escaped.append(current);
			}
		}
		return (escaped != null) ? escaped.toString() : text;
	}

	/**
	 * Return the glob, as Redis' {@code SCAN MATCH} understands it.
	 * @return the glob
	 */
	public String glob() {
		return this.glob;
	}

	/**
	 * Return whether this pattern matches every key.
	 * @return whether it is a bare {@code *}
	 */
	public boolean matchesAll() {
		return this.steps.length == 1 && this.steps[0] == ANY;
	}

	/**
	 * Return the group that this pattern is: all keys with that first segment. A key
	 * matches if, and only if, its {@link StoredKey#group()} is this one.
	 * @return the unescaped first segment, or {@code null} if it is not of the form
	 * {@code segment:*}
	 */
	public @Nullable String group() {
		Literal literal = literalStart();
		int colon = literal.text().length() - 1;
		boolean restIsAny = this.steps.length > 0 && this.steps[this.steps.length - 1] == ANY
				&& isStars(this.glob, literal.end());
		if (!restIsAny || colon < 0 || literal.text().charAt(colon) != ':') {
			return null;
		}
		String group = literal.text().substring(0, colon);
		return KeySegments.isFirstOfAllItBegins(group) ? group : null;
	}

	/**
	 * Return the one key that this pattern matches.
	 * @return the key, or {@code null} if the glob is more than a text
	 */
	public @Nullable String onlyKey() {
		Literal literal = literalStart();
		return (literal.end() == this.glob.length()) ? literal.text() : null;
	}

	/**
	 * Return what every matching key begins with.
	 * @return the text, unescaped, that stands before the first wildcard
	 */
	String literalPrefix() {
		return literalStart().text();
	}

	/**
	 * Return the pattern of what follows a literal beginning of this one.
	 * @param beginning what {@link #literalPrefix()} begins with
	 * @return the pattern that matches a text if this one matches the beginning with that
	 * text after it
	 */
	KeyPattern after(String beginning) {
		int index = 0;
		for (int i = 0; i < beginning.length(); i++) {
			index += isEscape(this.glob, index) ? 2 : 1;
		}
		return new KeyPattern(this.glob.substring(index));
	}

	/**
	 * Return whether a key matches.
	 * @param key the key within the cache
	 * @return whether Redis would say that it matches
	 */
	public boolean matches(String key) {
		byte[] bytes = KeyBytes.of(key);
		int step = 0;
		int index = 0;
		// Only the last star met needs to be tried with more: what an earlier one could
		// win by taking more, this one can take as well. So no pattern is exponential.
		int lastAny = -1;
		int resumeAt = 0;
		while (index < bytes.length) {
			if (step < this.steps.length && this.steps[step] == ANY) {
				lastAny = step++;
				resumeAt = index;
			}
			else if (step < this.steps.length && accepts(this.steps[step], bytes[index])) {
				step++;
				index++;
			}
			else if (lastAny >= 0) {
				step = lastAny + 1;
				index = ++resumeAt;
			}
			else {
				return false;
			}
		}
		while (step < this.steps.length && this.steps[step] == ANY) {
			step++;
		}
		return step == this.steps.length;
	}

	/**
	 * Return whether some text that begins in a certain way may match.
	 * @param beginning the beginning
	 * @return {@code false} if nothing that begins so matches
	 */
	boolean mayMatchUnder(String beginning) {
		byte[] bytes = KeyBytes.of(beginning);
		for (int i = 0; i < bytes.length; i++) {
			if (i < this.steps.length && this.steps[i] == ANY) {
				// It takes the rest, whatever it is.
				return true;
			}
			if (i == this.steps.length || !accepts(this.steps[i], bytes[i])) {
				return false;
			}
		}
		return true;
	}

	private boolean accepts(int step, byte next) {
		if (step >= 0) {
			return step == (next & 0xFF);
		}
		return step == ONE || (step <= CLASSES && this.classes.get(CLASSES - step).get(next & 0xFF));
	}

	private Literal literalStart() {
		StringBuilder text = new StringBuilder(this.glob.length());
		int index = 0;
		while (index < this.glob.length()) {
			char current = this.glob.charAt(index);
			if (isEscape(this.glob, index)) {
				text.append(this.glob.charAt(index + 1));
				index += 2;
			}
			else if (current == '*' || current == '?' || current == '[') {
				break;
			}
			else {
				text.append(current);
				index++;
			}
		}
		return new Literal(text.toString(), index);
	}

	private static boolean isEscape(String glob, int index) {
		// A backslash at the very end stands for itself.
		return glob.charAt(index) == '\\' && index + 1 < glob.length();
	}

	private static boolean isStars(String glob, int start) {
		for (int i = start; i < glob.length(); i++) {
			if (glob.charAt(i) != '*') {
				return false;
			}
		}
		return true;
	}

	/**
	 * Compile a glob as Redis reads it, oddities included: a class that is not closed
	 * goes on to the end, in {@code [a-]} the bracket is the end of a range, a range may
	 * be written backwards, and bytes above 127 sort before the others in one.
	 */
	private static int[] compile(byte[] glob, List<BitSet> classes) {
		int[] steps = new int[glob.length];
		int count = 0;
		int index = 0;
		while (index < glob.length) {
			switch (glob[index]) {
				case '*' -> {
					if (count == 0 || steps[count - 1] != ANY) {
						steps[count++] = ANY;
					}
					index++;
				}
				case '?' -> {
					steps[count++] = ONE;
					index++;
				}
				case '[' -> {
					BitSet members = new BitSet(256);
					index = compileClass(glob, index + 1, members);
					steps[count++] = CLASSES - classes.size();
					classes.add(members);
				}
				default -> {
					if (glob[index] == '\\' && index + 1 < glob.length) {
						index++;
					}
					steps[count++] = glob[index++] & 0xFF;
				}
			}
		}
		return Arrays.copyOf(steps, count);
	}

	private static int compileClass(byte[] glob, int start, BitSet members) {
		int index = start;
		boolean negated = index < glob.length && glob[index] == '^';
		if (negated) {
			index++;
		}
		while (index < glob.length && glob[index] != ']') {
			if (glob[index] == '\\' && index + 1 < glob.length) {
				index++;
				members.set(glob[index] & 0xFF);
			}
			else if (index + 2 < glob.length && glob[index + 1] == '-') {
				int from = Math.min(glob[index], glob[index + 2]);
				int to = Math.max(glob[index], glob[index + 2]);
				for (int member = from; member <= to; member++) {
					members.set(member & 0xFF);
				}
				index += 2;
			}
			else {
				members.set(glob[index] & 0xFF);
			}
			index++;
		}
		if (negated) {
			members.flip(0, 256);
		}
		return Math.min(index + 1, glob.length);
	}

	@Override
	public boolean equals(@Nullable Object other) {
		return other instanceof KeyPattern that && this.glob.equals(that.glob);
	}

	@Override
	public int hashCode() {
		return this.glob.hashCode();
	}

	@Override
	public String toString() {
		return this.glob;
	}

	/**
	 * The literal text that a glob begins with.
	 *
	 * @param text the text, unescaped
	 * @param end where the rest of the glob begins
	 */
	private record Literal(String text, int end) {

	}

}
