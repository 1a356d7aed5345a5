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
package dev.cachestarter.engine.tag;

/**
 * A moment on the clock of evictions of tags: what the counter said before a load began.
 *
 * @param epoch the life of the counter; another after it was lost
 * @param number how many evictions there were in that life
 * @param run the run of the server that said so, or of all servers of a cluster
 */
public record TagMoment(String epoch, long number, String run) {

	/**
	 * Return whether nothing was evicted between this moment and what the counter says
	 * now, as far as a number tells.
	 */
	boolean covers(String otherEpoch, long otherNumber) {
		return this.epoch.equals(otherEpoch) && otherNumber <= this.number;
	}

}
