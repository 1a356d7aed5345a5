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

import java.io.IOException;

/**
 * A Redis that belongs to this application alone, and so may be broken on purpose.
 */
public interface OwnRedis {

	/**
	 * Return what it is like at present.
	 * @return its condition
	 */
	Condition condition();

	/**
	 * Break it, or repair it. What was done to it before is undone first.
	 * @param condition what it is to be like when this method returns
	 * @throws IOException if that does not work, in which case it may be in between
	 */
	void become(Condition condition) throws IOException;

	/**
	 * What a Redis can be like.
	 */
	enum Condition {

		/** It works. */
		RUNNING,

		/** Its process is gone, and so is all that it held. */
		STOPPED,

		/** Its process stands still: connections stay open, and nothing is answered. */
		FROZEN,

		/** It answers, but takes its time. */
		SLOW,

		/** Its memory is full: it answers reads, and refuses to write. */
		FULL

	}

}
