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

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.near.GenerationCell.Standing;

/**
 * What a copy counts under without Redis being asked: it was read in a session in which
 * Redis tells of changes, and under generations of which it tells as well.
 *
 * @param session the session in which it was read
 * @param round how often all keys may have changed before
 * @param cache the generation of the cache
 * @param cacheValue its value when the copy was made
 * @param group the generation of the group, {@code null} if the key has none
 * @param groupValue its value when the copy was made
 */
record Vouching(long session, long round, GenerationCell cache, byte[] cacheValue, @Nullable GenerationCell group,
		byte @Nullable [] groupValue) {

	/**
	 * Return how the generations stand that were known in this session.
	 */
	Standing standing() {
		Standing ofCache = this.cache.standing(this.cacheValue, this.session);
		if (this.group == null || this.groupValue == null || ofCache == Standing.DEAD) {
			return ofCache;
		}
		Standing ofGroup = this.group.standing(this.groupValue, this.session);
		return (ofCache == Standing.CURRENT || ofGroup == Standing.DEAD) ? ofGroup : ofCache;
	}

}
