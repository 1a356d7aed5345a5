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

import org.springframework.util.ClassUtils;

/**
 * Signals a value that no key can be made of without guessing. The message says what is
 * wrong with it and what to do about it.
 */
public final class UnkeyableException extends IllegalArgumentException {

	private static final long serialVersionUID = 1L;

	private final String path;

	private final String problem;

	/** Which of several values it is, {@code -1} if there is but one. */
	private final int index;

	UnkeyableException(String path, String problem) {
		this("A value for a cache key", path, problem, -1);
	}

	private UnkeyableException(String subject, String path, String problem, int index) {
		super(subject + (path.isEmpty() ? " " : ", at " + path + ", ") + problem);
		this.path = path;
		this.problem = problem;
		this.index = index;
	}

	/** What is wrong with a value of which too little is known. */
	static String unknown(Class<?> type) {
		return ("is a %s, and which of its fields tell two of them apart cannot be known. "
				+ "Give the annotation a key expression, make it a record, or register a Converter<%s, String>")
			.formatted(type.getName(), ClassUtils.getShortName(type));
	}

	/** What is wrong with a collection that has fields of its own. */
	static String moreThanContent(Class<?> type) {
		return ("is a %s, which may hold more than its elements. "
				+ "Pass a plain collection such as List.copyOf(..), or give the annotation a key expression")
			.formatted(type.getName());
	}

	/**
	 * Return the same about a value that is known to be one of several.
	 */
	UnkeyableException at(int which) {
		UnkeyableException again = new UnkeyableException("Value " + which + " of a cache key", this.path, this.problem,
				which);
		again.initCause(this);
		return again;
	}

	/**
	 * Return the same with a message for who knows where the value came from.
	 * @param subject names the value, such as "Argument 0 ('filter') of Agents.find(..)"
	 */
	public UnkeyableException about(String subject) {
		UnkeyableException again = new UnkeyableException(subject, this.path, this.problem, this.index);
		again.initCause(this);
		return again;
	}

	/**
	 * Return which of several values it is.
	 * @return the index, {@code -1} if there is but one
	 */
	public int index() {
		return this.index;
	}

	String problem() {
		return this.problem;
	}

}
