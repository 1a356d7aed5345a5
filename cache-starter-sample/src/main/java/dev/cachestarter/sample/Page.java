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

import java.util.List;

/**
 * One page of a list.
 *
 * @param <T> what is listed
 * @param items what is on this page
 * @param page which page this is, from 1
 * @param limit the size of a page
 * @param total how many items all pages have together
 */
record Page<T>(List<T> items, int page, int limit, long total) {

	/**
	 * Return how many items stand before a page.
	 * @param page the page, from 1
	 * @param limit the size of a page
	 * @return the offset of its first item
	 */
	static long offset(int page, int limit) {
		return (page - 1L) * limit;
	}

}
