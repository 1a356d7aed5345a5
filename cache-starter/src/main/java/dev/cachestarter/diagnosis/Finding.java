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

package dev.cachestarter.diagnosis;

/**
 * Something in the server or in the settings that hurts the cache, or will.
 *
 * @param id its name, the same for as long as the problem is the same
 * @param severity how much it matters
 * @param problem what is wrong, in a sentence
 * @param cure what puts it right, in a sentence
 */
public record Finding(String id, Severity severity, String problem, String cure) {

	static Finding warning(String id, String problem, String cure) {
		return new Finding(id, Severity.WARN, problem, cure);
	}

	static Finding note(String id, String problem, String cure) {
		return new Finding(id, Severity.INFO, problem, cure);
	}

	/**
	 * How much a finding matters.
	 */
	public enum Severity {

		/** Worth knowing: shown by the endpoint, not logged. */
		INFO,

		/** Hurts, or will: logged at start, and shown. */
		WARN

	}

}
