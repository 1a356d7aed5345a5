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

package dev.cachestarter.autoconfigure;

import org.jspecify.annotations.Nullable;

import org.springframework.util.StringUtils;

/**
 * Says what is wrong with the application's configuration of the cache, and how to put it
 * right. {@link CacheConfigurationFailureAnalyzer} prints it.
 */
final class CacheConfigurationException extends RuntimeException {

	private final String problem;

	private final String cure;

	private final @Nullable String property;

	CacheConfigurationException(String problem, String cure) {
		this(problem, cure, null, null);
	}

	CacheConfigurationException(String problem, String cure, @Nullable String property, @Nullable Throwable cause) {
		super(problem + ". " + cure, cause);
		this.problem = problem;
		this.cure = cure;
		this.property = property;
	}

	/**
	 * Create an exception for a value that {@link dev.cachestarter.CacheSettings} has
	 * refused.
	 * @param property the full name of the property that holds the value
	 * @param refusal says <code>'setting' cannot be value: cure</code>
	 * @return the exception
	 */
	static CacheConfigurationException wrongValue(String property, IllegalArgumentException refusal) {
		String message = String.valueOf(refusal.getMessage());
		String said = message.substring(message.indexOf('\'', 1) + 1);
		int colon = said.indexOf(": ");
		return of("'" + property + "'" + said, (colon < 0) ? -1 : colon + property.length() + 2, property, refusal);
	}

	/**
	 * Create an exception for what the engine has refused to build.
	 * @param refusal says what is wrong and, in its last sentence, what puts it right
	 * @return the exception
	 */
	static CacheConfigurationException refused(IllegalArgumentException refusal) {
		String message = String.valueOf(refusal.getMessage());
		return of(message, message.lastIndexOf(". "), null, refusal);
	}

	private static CacheConfigurationException of(String message, int end, @Nullable String property,
			IllegalArgumentException refusal) {
		String problem = (end < 0) ? message : message.substring(0, end);
		String cure = (end < 0) ? "Change the configuration" : StringUtils.capitalize(message.substring(end + 2));
		return new CacheConfigurationException(problem, cure + ".", property, refusal);
	}

	/**
	 * Return what is wrong.
	 * @return a sentence without its full stop
	 */
	String problem() {
		return this.problem;
	}

	/**
	 * Return what puts it right.
	 * @return one or more sentences
	 */
	String cure() {
		return this.cure;
	}

	/**
	 * Return the property at fault, so that its origin can be told.
	 * @return the full name of the property, {@code null} if it is no single one
	 */
	@Nullable String property() {
		return this.property;
	}

}
