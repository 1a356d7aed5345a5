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

package dev.cachestarter.sample.live;

import java.util.SplittableRandom;

import org.jspecify.annotations.Nullable;

/**
 * What an application is asked for all day: reads and changes, some more often than
 * others.
 */
public interface Workload {

	/**
	 * Draw a read.
	 * @param random draws
	 * @return the read, which has not begun
	 */
	Read nextRead(SplittableRandom random);

	/**
	 * Change something, as its users do.
	 * @param random draws what
	 */
	void change(SplittableRandom random);

	/**
	 * Return a read that many make at once.
	 * @return the read
	 */
	Read popularRead();

	/**
	 * Evict what the popular read would find.
	 */
	void evictPopular();

	/**
	 * One read, to be made by the cache or past it.
	 *
	 * @param cached makes it as the application does
	 * @param direct makes the same queries without the cache
	 */
	record Read(Action cached, Action direct) {

	}

	/**
	 * Something to do.
	 */
	@FunctionalInterface
	interface Action {

		/**
		 * Do it.
		 * @return what came of it
		 */
		@Nullable Object run();

	}

}
