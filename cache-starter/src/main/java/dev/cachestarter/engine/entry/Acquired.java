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

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.tag.TagMoment;

/**
 * What came of an attempt to lease a key.
 *
 * @param lease the lease, or {@code null} if something else stood there
 * @param observed what stands there now, the lease apart; its entry is a header alone,
 * unless it has tags
 * @param foreign whether something of another data type was removed
 */
public record Acquired(@Nullable Lease lease, Observed observed, boolean foreign) {

	/**
	 * Return the same for a load that began at a moment.
	 */
	public Acquired since(@Nullable TagMoment moment) {
		return (this.lease != null) ? new Acquired(this.lease.since(moment), this.observed, this.foreign) : this;
	}

}
