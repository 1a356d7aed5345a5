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

package dev.cachestarter.benchmark;

/**
 * One thing that is measured.
 */
public interface Figure {

	/** What it is called in commands and files. */
	String name();

	/** What stands above its tables. */
	String title();

	/**
	 * Measure.
	 * @param lab what there is to measure with
	 * @return what was found
	 * @throws Exception if it cannot be measured. Other figures are measured all the same
	 */
	Report measure(Lab lab) throws Exception;

	/** Whether the short form of all figures has this one, too. */
	default boolean isInShortForm() {
		return true;
	}

}
