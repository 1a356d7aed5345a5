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

package dev.cachestarter.engine.entry;

import java.util.List;

import dev.cachestarter.engine.key.StoredKey;

/**
 * A set of targets of evictions that can be asked, at a cost that does not grow with the
 * number of keys in it, whether one of them names a key. Thread-safe.
 */
public final class TargetSet {

	private final TargetMap<Target> targets = new TargetMap<>();

	/**
	 * Add a target. Adding it again has no effect.
	 */
	public void add(Target target) {
		this.targets.change(target, (known) -> target);
	}

	/**
	 * Return whether a key is named by one of the targets.
	 */
	public boolean covers(StoredKey key) {
		return this.targets.covers(key);
	}

	/**
	 * Return whether one of some tags is among the targets.
	 * @param tags the tags, escaped
	 */
	public boolean coversAny(List<String> tags) {
		return this.targets.coversAny(tags);
	}

}
