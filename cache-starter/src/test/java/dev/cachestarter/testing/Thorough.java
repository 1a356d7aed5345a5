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

package dev.cachestarter.testing;

/**
 * How much of a scenario is run: little in every build, all of it with the Maven profile
 * {@code thorough}.
 */
public final class Thorough {

	/** The system property that tells. */
	public static final String PROPERTY = "thorough";

	private Thorough() {
	}

	/**
	 * Choose between the two.
	 * @param brief what every build does
	 * @param thorough what the profile does
	 * @return one of them
	 */
	public static <T> T choose(T brief, T thorough) {
		return Boolean.getBoolean(PROPERTY) ? thorough : brief;
	}

}
