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

package dev.cachestarter.engine.connection;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * Who the server is, or the masters of a cluster together, and when it was last well.
 * <p>
 * The process alone does not say it: a master that becomes a replica, takes over another
 * server's data and is promoted again is the same process with another history. So the
 * mark is made of the {@code run_id} and of the {@code master_replid}, which changes with
 * each promotion.
 *
 * @param mark eight characters that change with the process or its history,
 * {@link #NO_MARK} if the server does not say who it is
 * @param answered when its last good answer was <em>sent for</em>, on the clock of the
 * link: at that moment it had all that it had acknowledged
 */
public record Identity(String mark, long answered) {

	/** The mark of a server that does not say who it is. */
	public static final String NO_MARK = "--------";

	/**
	 * Return the identity of some servers.
	 * @param servers what each of them says of itself, {@code null} for one that does not
	 * @param answered when they were asked
	 */
	static Identity of(List<@Nullable String> servers, long answered) {
		List<String> all = new ArrayList<>();
		for (String server : servers) {
			if (server == null) {
				return new Identity(NO_MARK, answered);
			}
			all.add(server);
		}
		Collections.sort(all);
		return new Identity("%08x".formatted(all.hashCode()), answered);
	}

	/**
	 * Return whether the server says who it is.
	 */
	public boolean isKnown() {
		return !this.mark.equals(NO_MARK);
	}

	/**
	 * Return whether this is known to be the same server, with the same history.
	 */
	public boolean isSame(Identity other) {
		return isKnown() && this.mark.equals(other.mark);
	}

}
