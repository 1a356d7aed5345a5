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

package dev.cachestarter.engine.near;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.UUID;

import org.jspecify.annotations.Nullable;

/**
 * The arguments of a call, by which a copy is found before a key is made of them.
 * <p>
 * Arguments that are equal must have one key, whenever it is asked for. So these are
 * values that never change, of types of which that is known, and whose {@code equals} is
 * no code of the application's: two that are equal have the same text. All others have to
 * be made a key of. So have long texts, which callers choose: what is kept here counts by
 * the length of the key, and the key of a long text is short.
 */
public final class PlainArguments implements Comparable<PlainArguments> {

	private static final int LONGEST_TEXT = 256;

	private static final int MOST = 8;

	private final @Nullable Object[] values;

	private final int hash;

	private PlainArguments(@Nullable Object[] values, int hash) {
		this.values = values;
		this.hash = hash;
	}

	/**
	 * Return the arguments of a call.
	 * @param values the arguments, which are to be the same until {@link #toBeKept()} has
	 * been called
	 * @return {@code null} if they are not plain
	 */
	public static @Nullable PlainArguments of(@Nullable Object[] values) {
		if (values.length > MOST) {
			return null;
		}
		int hash = 1;
		for (Object value : values) {
			if (!isPlain(value)) {
				return null;
			}
			hash = 31 * hash + ((value != null) ? value.hashCode() : 0);
		}
		return new PlainArguments(values, hash);
	}

	private static boolean isPlain(@Nullable Object value) {
		if (value instanceof String text) {
			return text.length() <= LONGEST_TEXT;
		}
		return value == null || value instanceof Integer || value instanceof Long || value instanceof UUID
				|| value instanceof Enum || value instanceof Boolean || value instanceof Short || value instanceof Byte
				|| value instanceof Character || value instanceof LocalDate || value instanceof LocalDateTime
				|| value instanceof Instant;
	}

	/**
	 * Return the same in an object of its own.
	 */
	PlainArguments toBeKept() {
		return new PlainArguments(this.values.clone(), this.hash);
	}

	@Override
	public boolean equals(@Nullable Object other) {
		return other instanceof PlainArguments that && this.hash == that.hash
				&& Arrays.equals(this.values, that.values);
	}

	@Override
	public int hashCode() {
		return this.hash;
	}

	/**
	 * Order arguments, so that a map with many of one hash finds each of them soon:
	 * whoever chooses arguments can have thousands of those.
	 */
	@Override
	public int compareTo(PlainArguments other) {
		int order = Integer.compare(this.values.length, other.values.length);
		for (int i = 0; order == 0 && i < this.values.length; i++) {
			order = compare(this.values[i], other.values[i]);
		}
		return order;
	}

	@SuppressWarnings("unchecked")
	private static int compare(@Nullable Object one, @Nullable Object other) {
		if (one == null || other == null) {
			return Boolean.compare(one != null, other != null);
		}
		// All plain values can be compared with others of their class.
		return (one.getClass() == other.getClass()) ? ((Comparable<Object>) one).compareTo(other)
				: one.getClass().getName().compareTo(other.getClass().getName());
	}

	@Override
	public String toString() {
		return this.values.length + " plain arguments";
	}

}
